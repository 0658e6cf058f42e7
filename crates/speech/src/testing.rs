//! What the tests of this crate share: recordings, and noise that is the same each time.

pub use crate::installed::{model, runtime};
use jarvis_core::{AudioFrame, FRAME_SAMPLES};
use std::path::PathBuf;

/// A recording of `tests/data`, 16 kHz mono.
pub fn recording(name: &str) -> Vec<f32> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(format!("{name}.wav"));
    let mut reader = hound::WavReader::open(path).unwrap();
    assert_eq!((reader.spec().sample_rate, reader.spec().channels), (16_000, 1));
    reader.samples::<i16>().map(|sample| f32::from(sample.unwrap()) / 32768.0).collect()
}

/// White noise within `-level..=level`.
pub fn noise(level: f32, samples: usize) -> Vec<f32> {
    let mut state = 0x2545_f491_u32;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state as f32 / u32::MAX as f32 * 2.0 - 1.0) * level
    })
    .take(samples)
    .collect()
}

/// The whole frames of `samples`.
pub fn frames(samples: &[f32]) -> impl Iterator<Item = AudioFrame> + '_ {
    samples.chunks_exact(FRAME_SAMPLES).enumerate().map(|(index, chunk)| {
        let mut frame = AudioFrame::silence(index as u64);
        frame.samples.copy_from_slice(chunk);
        frame
    })
}
