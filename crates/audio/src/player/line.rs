//! One turn's samples on their way into the callback: a ring, and how far it has come.
//!
//! Never locks, allocates or waits. All it shares with other threads is atomic.

use rtrb::{Consumer, Producer, RingBuffer};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How far a line has come; read by the supervisor.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Samples taken from the ring.
    played: AtomicU64,
    /// No more samples come.
    closed: AtomicBool,
    /// Everything was heard, or the line was silenced.
    ended: AtomicBool,
}

impl Progress {
    pub fn played(&self) -> u64 {
        self.played.load(Ordering::Acquire)
    }

    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    pub fn end(&self) {
        self.ended.store(true, Ordering::Release);
    }

    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }
}

/// One turn as mono samples at the device's rate. Gives silence while the next clause is being made.
pub(crate) struct Line {
    ring: Consumer<f32>,
    generation: u64,
    progress: Arc<Progress>,
}

impl Line {
    /// A line that holds `capacity` samples ahead.
    pub fn new(capacity: usize, generation: u64) -> (Self, Producer<f32>, Arc<Progress>) {
        let (producer, ring) = RingBuffer::new(capacity.max(1));
        let progress = Arc::new(Progress::default());
        (Self { ring, generation, progress: Arc::clone(&progress) }, producer, progress)
    }

    /// The silencing that this line was begun under.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Fills `block` with what comes next, and with silence where there is nothing (yet). False once that was all and no
    /// more comes.
    pub fn read(&mut self, block: &mut [f32]) -> bool {
        // Closed is read before the ring: samples pushed before closing are seen then.
        let closed = self.progress.closed.load(Ordering::Acquire);
        let (filled, rest) = self.ring.pop_partial_slice(block);
        rest.fill(0.0);
        let taken = filled.len() as u64;
        if taken > 0 {
            let played = self.progress.played.load(Ordering::Relaxed) + taken;
            self.progress.played.store(played, Ordering::Release);
        }
        !(closed && self.ring.is_empty())
    }

    /// Tells that this line was heard to its end, or silenced.
    pub fn end(&self) {
        self.progress.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_waits_for_more_until_it_is_closed() {
        let (mut line, mut ring, progress) = Line::new(16, 0);
        ring.push_entire_slice(&[0.5, 0.25]).unwrap();
        let mut block = [1.0; 3];
        assert!(line.read(&mut block));
        assert_eq!(block, [0.5, 0.25, 0.0]);
        assert_eq!(progress.played(), 2);
        ring.push(0.125).unwrap();
        progress.close();
        assert!(!line.read(&mut block));
        assert_eq!(block, [0.125, 0.0, 0.0]);
        assert!(!progress.has_ended(), "that is told by whoever plays it");
    }
}
