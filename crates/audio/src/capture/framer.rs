//! From the ring to frames of 512 samples at 16 kHz, on the listener's thread.
//!
//! Buffers are made once; pulling a frame allocates nothing.

use super::feed::Pulse;
use super::silence::Silence;
use crate::resample::MonoResampler;
use jarvis_core::{FRAME_SAMPLES, SAMPLE_RATE};
use rtrb::Consumer;
use std::sync::Arc;

/// How many samples are taken from the ring at once.
const PIECE: usize = 4096;

/// What the resampler holds back at most, in samples at 16 kHz: a step of 10 ms and half its filter.
const HELD_BACK: usize = 208;

/// Cuts one device's sound into frames.
pub(crate) struct Framer {
    ring: Consumer<f32>,
    pulse: Arc<Pulse>,
    rate: u32,
    resampler: MonoResampler,
    piece: Vec<f32>,
    /// Samples at 16 kHz; those before `start` were given out.
    ready: Vec<f32>,
    start: usize,
    silence: Silence,
}

impl Framer {
    /// From a device at `rate`; `is_processed` is what [`Silence`] wants to know of it.
    pub fn new(ring: Consumer<f32>, rate: u32, pulse: Arc<Pulse>, is_processed: bool) -> Self {
        // A piece at the lowest rate doubles on its way to 16 kHz; the rest of a frame may stand before it.
        let mut ready = Vec::with_capacity(2 * PIECE + 2 * FRAME_SAMPLES);
        // A buffer is as long as a frame, where the driver lets us choose. Cut so much earlier than the buffers end, frames
        // come with the buffer that completes them, and not with the one after it.
        if rate != SAMPLE_RATE {
            ready.resize(HELD_BACK, 0.0);
        }
        let resampler = MonoResampler::new(rate, SAMPLE_RATE);
        let silence = Silence::new(rate, is_processed);
        Self { ring, pulse, rate, resampler, piece: vec![0.0; PIECE], ready, start: 0, silence }
    }

    /// The next frame, if there is enough sound, and the number of whole frames that were lost before it.
    pub fn pull(&mut self) -> Option<(u64, [f32; FRAME_SAMPLES])> {
        while self.ready.len() - self.start < FRAME_SAMPLES {
            let (piece, _) = self.ring.pop_partial_slice(&mut self.piece);
            if piece.is_empty() {
                return None;
            }
            self.silence.hear(piece);
            self.ready.drain(..self.start);
            self.start = 0;
            self.resampler.process(piece, &mut self.ready);
        }
        let mut frame = [0.0; FRAME_SAMPLES];
        frame.copy_from_slice(&self.ready[self.start..self.start + FRAME_SAMPLES]);
        self.start += FRAME_SAMPLES;
        Some((self.frames(self.pulse.take_dropped()), frame))
    }

    /// What to tell the user, once, when the microphone sends nothing but zeros.
    pub fn silent(&mut self) -> Option<String> {
        self.silence.message(self.pulse.is_muted())
    }

    /// `samples` of the device in whole frames, rounded up.
    fn frames(&self, samples: u64) -> u64 {
        (samples * u64::from(SAMPLE_RATE)).div_ceil(u64::from(self.rate) * FRAME_SAMPLES as u64)
    }
}
