//! The last frames before anything is recorded, so that the first word is whole.
//!
//! A fixed ring: never allocates after it was made.

use jarvis_core::{AudioFrame, FRAME_SAMPLES};

/// The newest `CAPACITY` frames.
pub struct PreRoll {
    frames: Box<[[f32; FRAME_SAMPLES]]>,
    /// Where the next frame goes.
    next: usize,
    len: usize,
}

impl PreRoll {
    /// Room for `capacity` frames, at least one.
    pub fn new(capacity: usize) -> Self {
        Self { frames: vec![[0.0; FRAME_SAMPLES]; capacity.max(1)].into_boxed_slice(), next: 0, len: 0 }
    }

    /// Adds a frame; the oldest goes when it is full.
    pub fn push(&mut self, frame: &AudioFrame) {
        self.frames[self.next] = frame.samples;
        self.next = (self.next + 1) % self.frames.len();
        self.len = (self.len + 1).min(self.frames.len());
    }

    /// Forgets all but the newest `frames`.
    pub fn keep(&mut self, frames: usize) {
        self.len = self.len.min(frames);
    }

    /// Appends the frames to `samples`, oldest first, and forgets them.
    pub fn drain_into(&mut self, samples: &mut Vec<f32>) {
        let capacity = self.frames.len();
        for i in 0..self.len {
            samples.extend_from_slice(&self.frames[(self.next + capacity - self.len + i) % capacity]);
        }
        self.len = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_a_queue_of_the_newest(capacity in 1usize..6, pushes in 0usize..20, keep in 0usize..8) {
            let mut ring = PreRoll::new(capacity);
            for i in 0..pushes {
                ring.push(&AudioFrame { index: i as u64, samples: [i as f32; FRAME_SAMPLES] });
            }
            ring.keep(keep);
            let kept = pushes.min(capacity).min(keep);
            let mut samples = Vec::new();
            ring.drain_into(&mut samples);
            let firsts: Vec<f32> = samples.chunks(FRAME_SAMPLES).map(|frame| frame[0]).collect();
            let expected: Vec<f32> = (pushes - kept..pushes).map(|i| i as f32).collect();
            prop_assert_eq!(firsts, expected);
        }
    }
}
