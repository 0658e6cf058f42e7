//! Cooperative cancellation, shared by whoever asks and whoever works.
//!
//! Never interrupts anything by itself: long work looks at it often enough to stop within 20 ms.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that goes up once. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<Flag>);

#[derive(Debug, Default)]
struct Flag {
    up: AtomicBool,
    parent: Option<Cancel>,
}

impl Cancel {
    /// A fresh flag, not raised.
    pub fn new() -> Self {
        Self::default()
    }

    /// A flag for part of the work: it is up when its own or this one is, and raising it leaves this one down.
    pub fn child(&self) -> Self {
        Self(Arc::new(Flag { up: AtomicBool::new(false), parent: Some(self.clone()) }))
    }

    /// Raises the flag. Cannot be undone.
    pub fn cancel(&self) {
        self.0.up.store(true, Ordering::Release);
    }

    /// Whether the flag is up.
    pub fn is_cancelled(&self) -> bool {
        self.0.up.load(Ordering::Acquire) || self.0.parent.as_ref().is_some_and(Self::is_cancelled)
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

    #[test]
    fn a_child_follows_its_parent_and_not_the_other_way() {
        let turn = Cancel::new();
        let (first, second) = (turn.child(), turn.child());
        first.cancel();
        assert!(first.is_cancelled() && !second.is_cancelled() && !turn.is_cancelled());
        turn.cancel();
        assert!(second.is_cancelled());
    }
}
