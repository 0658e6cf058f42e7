//! The canceller itself: what the speaker played is taken out of what the microphone heard.
//!
//! AEC3 of the WebRTC project, as the `sonora` project keeps it in Rust: it finds the delay of the echo (up to half a
//! second) by matched filters, subtracts it with a partitioned frequency-domain adaptive filter of 52 ms, and suppresses
//! what that leaves. Its blocks are 64 samples, of which a frame has exactly eight, so no sound is held back.
//!
//! Never looks at devices, never decides what is speech, and never runs in a device's callback: AEC3 makes small buffers
//! as it goes.

use std::time::Duration;

use jarvis_core::FRAME_SAMPLES;
use sonora_aec3::block::Block;
use sonora_aec3::block_processor::BlockProcessor;
use sonora_aec3::config::EchoCanceller3Config;

/// Samples in a block of AEC3: 4 ms.
const BLOCK: usize = 64;
/// AEC3 counts in the steps of 16-bit samples.
const SCALE: f32 = 32_768.0;
/// A sample as large as this was cut off by the microphone, in steps of 16 bits.
const CLIPPED: f32 = 32_700.0;

const _: () = assert!(FRAME_SAMPLES.is_multiple_of(BLOCK));

/// What the canceller knows about the way from the speaker to the microphone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EchoPath {
    /// From a sample given as reference to its return in the frame.
    pub delay: Duration,
    /// How much of the reference comes back, in decibels; negative when it comes back quieter.
    pub level_db: f32,
}

/// A frame without its echo, in two ways.
#[derive(Debug, Clone, PartialEq)]
pub struct Clean {
    /// The echo that could be foretold is subtracted, and nothing else was changed: what recognition hears best. A rest
    /// of the echo is in it.
    pub subtracted: [f32; FRAME_SAMPLES],
    /// That rest is suppressed, at the cost of what was said at the same time: what tells whether anybody speaks. Later
    /// than `subtracted` by 4 ms.
    pub suppressed: [f32; FRAME_SAMPLES],
}

impl Default for Clean {
    fn default() -> Self {
        Self { subtracted: [0.0; FRAME_SAMPLES], suppressed: [0.0; FRAME_SAMPLES] }
    }
}

/// Takes the echo out of a stream of frames. What it learned lasts until it is dropped.
pub struct EchoCanceller {
    processor: BlockProcessor,
    reference: Block,
    heard: Block,
    unechoed: Block,
}

impl Default for EchoCanceller {
    fn default() -> Self {
        Self::new()
    }
}

impl EchoCanceller {
    /// One that knows nothing of the room yet.
    pub fn new() -> Self {
        let mut config = EchoCanceller3Config::default();
        config.filter.export_linear_aec_output = true;
        Self {
            processor: BlockProcessor::new(&config, jarvis_core::SAMPLE_RATE as usize, 1, 1),
            reference: Block::new(1, 1),
            heard: Block::new(1, 1),
            unechoed: Block::new(1, 1),
        }
    }

    /// Takes from `heard` what is the echo of `reference` and of all references before it. All are 16 kHz and -1..=1; a
    /// reference has to come with a frame no later than the one in which its echo begins. Samples that are no numbers
    /// count as silence.
    pub fn process(&mut self, reference: &[f32; FRAME_SAMPLES], heard: &[f32; FRAME_SAMPLES], clean: &mut Clean) {
        let blocks = reference.chunks_exact(BLOCK).zip(heard.chunks_exact(BLOCK));
        let outputs = clean.subtracted.chunks_exact_mut(BLOCK).zip(clean.suppressed.chunks_exact_mut(BLOCK));
        for ((played, heard), (subtracted, suppressed)) in blocks.zip(outputs) {
            fill(&mut self.reference, played);
            fill(&mut self.heard, heard);
            let clipped = self.heard.view(0, 0).iter().any(|sample| sample.abs() >= CLIPPED);
            self.processor.buffer_render(&self.reference);
            self.processor.process_capture(false, clipped, Some(&mut self.unechoed), &mut self.heard);
            take(subtracted, &self.unechoed);
            take(suppressed, &self.heard);
        }
    }

    /// What was learned so far; before anything was played it is a guess.
    pub fn path(&self) -> EchoPath {
        let metrics = self.processor.get_metrics();
        let delay = Duration::from_millis(u64::try_from(metrics.delay_ms).unwrap_or(0));
        EchoPath { delay, level_db: -metrics.echo_return_loss as f32 }
    }
}

/// Copies samples into a block; what is no number would never leave the filters again.
fn fill(block: &mut Block, samples: &[f32]) {
    for (into, sample) in block.view_mut(0, 0).iter_mut().zip(samples) {
        *into = if sample.is_finite() { sample.clamp(-1.0, 1.0) * SCALE } else { 0.0 };
    }
}

fn take(samples: &mut [f32], block: &Block) {
    for (into, sample) in samples.iter_mut().zip(block.view(0, 0)) {
        *into = (sample / SCALE).clamp(-1.0, 1.0);
    }
}
