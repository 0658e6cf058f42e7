//! Cooperative cancellation, shared by whoever asks and whoever works.
//!
//! Never interrupts anything by itself: long work looks at it often enough to stop within 20 ms.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A flag that goes up once. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<Flag>);

#[derive(Debug, Default)]
struct Flag {
    up: AtomicBool,
    parent: Option<Cancel>,
    watchers: Mutex<Watchers>,
}

type Call = Arc<dyn Fn() + Send + Sync>;

/// Who wants to be called when the flag goes up, each under a number.
#[derive(Default)]
struct Watchers {
    next: u64,
    calls: Vec<(u64, Call)>,
}

impl std::fmt::Debug for Watchers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watchers").field("calls", &self.calls.len()).finish()
    }
}

/// The wish of [`Cancel::watch`]; ends when dropped.
#[derive(Debug)]
#[must_use = "the watch ends when this is dropped"]
pub struct Watch(Vec<(Cancel, u64)>);

impl Cancel {
    /// A fresh flag, not raised.
    pub fn new() -> Self {
        Self::default()
    }

    /// A flag for part of the work: it is up when its own or this one is, and raising it leaves this one down.
    pub fn child(&self) -> Self {
        Self(Arc::new(Flag { parent: Some(self.clone()), ..Flag::default() }))
    }

    /// Raises the flag. Cannot be undone.
    pub fn cancel(&self) {
        self.0.up.store(true, Ordering::Release);
        // Called without the lock: a call may end its own watch.
        let calls: Vec<Call> = self.watchers().calls.iter().map(|(_, call)| Arc::clone(call)).collect();
        for call in calls {
            call();
        }
    }

    /// Whether the flag is up.
    pub fn is_cancelled(&self) -> bool {
        self.0.up.load(Ordering::Acquire) || self.0.parent.as_ref().is_some_and(Self::is_cancelled)
    }

    /// Calls `call` once this flag or one above it goes up, or at once if it is up: for work inside of a library that
    /// never looks at the flag. It may be called more than once and on any thread, and must neither block nor panic.
    pub fn watch(&self, call: impl Fn() + Send + Sync + 'static) -> Watch {
        let call: Call = Arc::new(call);
        let mut watched = Vec::new();
        let mut flag = Some(self);
        while let Some(here) = flag {
            let mut watchers = here.watchers();
            let number = watchers.next;
            watchers.next += 1;
            watchers.calls.push((number, Arc::clone(&call)));
            drop(watchers);
            watched.push((here.clone(), number));
            flag = here.0.parent.as_ref();
        }
        // Whoever raised the flag before the call stood in the list has not called it.
        if self.is_cancelled() {
            call();
        }
        Watch(watched)
    }

    fn watchers(&self) -> MutexGuard<'_, Watchers> {
        self.0.watchers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        for (flag, number) in &self.0 {
            flag.watchers().calls.retain(|(other, _)| other != number);
        }
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

    #[test]
    fn who_watches_is_called_however_the_flag_went_up_and_not_after_the_watch_ended() {
        let count = Arc::new(AtomicBool::new(false));
        let note = |count: &Arc<AtomicBool>| {
            let count = Arc::clone(count);
            move || count.store(true, Ordering::SeqCst)
        };
        let turn = Cancel::new();
        let part = turn.child();
        let watch = part.watch(note(&count));
        drop(watch);
        turn.cancel();
        assert!(!count.load(Ordering::SeqCst), "the watch had ended");

        let _late = part.watch(note(&count));
        assert!(count.swap(false, Ordering::SeqCst), "the flag was up already");

        let turn = Cancel::new();
        let part = turn.child();
        let _watch = part.watch(note(&count));
        turn.child().cancel();
        assert!(!count.load(Ordering::SeqCst), "a sibling is no business of it");
        turn.cancel();
        assert!(count.load(Ordering::SeqCst));
    }
}
