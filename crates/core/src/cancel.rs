//! Cooperative cancellation, shared by whoever asks and whoever works.
//!
//! Never interrupts anything by itself: long work looks at it often enough to stop within 20 ms.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that goes up once. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A fresh flag, not raised.
    pub fn new() -> Self {
        Self::default()
    }

    /// Raises the flag. Cannot be undone.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether the flag is up.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_the_flag() {
        let asked = Cancel::new();
        let worker = asked.clone();
        assert!(!worker.is_cancelled());
        asked.cancel();
        assert!(worker.is_cancelled());
    }
}
