//! Calls into a sound system that may never return.
//!
//! A hung sound server blocks whoever asks it anything. Such calls are made on a thread of their own; when the answer
//! does not come in time the caller goes on, and the thread is left to end whenever the call does.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// How long an attempt to open a device may take before it counts as lost and another attempt is made.
pub(crate) const OPENING: Duration = Duration::from_secs(3);
/// Attempts that may hang at the same time; more would only pile up threads.
const MOST_ATTEMPTS: usize = 3;
/// Pauses between failed attempts: quick at first, and never so long that a returning device waits two seconds.
const BACKOFF: [Duration; 4] =
    [Duration::from_millis(100), Duration::from_millis(200), Duration::from_millis(400), Duration::from_millis(800)];
/// Pause while the device is not there at all: whoever watches for it says when it is.
const AWAY: Duration = Duration::from_secs(5);

/// What `work` returns, or `None` when it takes longer than `limit` (or its thread cannot be started, or it panics).
pub(crate) fn within<T: Send + 'static>(
    limit: Duration,
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (done, answer) = mpsc::sync_channel(1);
    detached(name, move || {
        // Nobody waits any more: what was opened too late is closed again by being dropped here.
        let _ = done.send(work());
    })
    .then(|| answer.recv_timeout(limit).ok())
    .flatten()
}

/// Drops `value` on a thread of its own, since closing a stream joins threads that may hang.
pub(crate) fn dispose<T: Send + 'static>(value: T) {
    detached("jarvis-audio-close", move || drop(value));
}

/// Starts a thread that nobody joins; false when the system has no more threads.
pub(crate) fn detached(name: &str, work: impl FnOnce() + Send + 'static) -> bool {
    thread::Builder::new().name(name.into()).spawn(work).is_ok()
}

/// When to try to open a device, and which attempt's answer counts.
#[derive(Debug)]
pub(crate) struct Attempts {
    number: u64,
    pending: usize,
    failures: usize,
    due: Instant,
}

/// What to do now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// Nothing yet.
    Wait,
    /// Start the attempt of this number; `overdue` when the one before it hangs.
    Start { number: u64, overdue: bool },
    /// All attempts hang.
    Hopeless,
}

impl Attempts {
    pub fn new(now: Instant) -> Self {
        Self { number: 0, pending: 0, failures: 0, due: now }
    }

    /// What to do at `now`, while nothing is open.
    pub fn next(&mut self, now: Instant) -> Attempt {
        if now < self.due {
            return Attempt::Wait;
        }
        self.due = now + OPENING;
        if self.pending >= MOST_ATTEMPTS {
            return Attempt::Hopeless;
        }
        let overdue = self.pending > 0;
        self.number += 1;
        self.pending += 1;
        Attempt::Start { number: self.number, overdue }
    }

    /// Takes the answer of an attempt; whether it is the one that counts.
    pub fn answered(&mut self, number: u64, opened: bool, now: Instant) -> bool {
        self.pending = self.pending.saturating_sub(1);
        if number != self.number {
            return false;
        }
        if opened {
            self.failures = 0;
        } else {
            self.due = now + BACKOFF[self.failures.min(BACKOFF.len() - 1)];
            self.failures += 1;
        }
        true
    }

    /// The device is not there, and its coming will be told.
    pub fn leave_to_watch(&mut self, now: Instant) {
        self.due = now + AWAY;
    }

    /// There is a reason to try at once: a stream was closed, or the device came back. An attempt under way is left
    /// to answer.
    pub fn hasten(&mut self, now: Instant) {
        self.failures = 0;
        if self.pending == 0 {
            self.due = now;
        }
    }

    /// How long to wait until [`Self::next`] has something to do.
    pub fn pause(&self, now: Instant) -> Duration {
        self.due.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_in_time_is_given_and_a_late_one_is_not_waited_for() {
        assert_eq!(within(Duration::from_secs(5), "test", || 7), Some(7));
        let (release, hold) = mpsc::channel::<()>();
        assert_eq!(within(Duration::from_millis(20), "test", move || hold.recv().ok()), None);
        drop(release);
    }

    #[test]
    fn a_device_that_is_not_there_is_left_to_the_watch_and_tried_at_once_when_it_comes() {
        let start = Instant::now();
        let mut attempts = Attempts::new(start);
        assert!(matches!(attempts.next(start), Attempt::Start { number: 1, .. }));
        assert!(attempts.answered(1, false, start));
        attempts.leave_to_watch(start);
        assert_eq!(attempts.next(start + Duration::from_secs(1)), Attempt::Wait);
        attempts.hasten(start + Duration::from_secs(1));
        assert!(matches!(attempts.next(start + Duration::from_secs(1)), Attempt::Start { number: 2, .. }));
    }

    #[test]
    fn failures_are_retried_within_a_second_and_hanging_attempts_do_not_pile_up() {
        let start = Instant::now();
        let mut attempts = Attempts::new(start);
        let mut now = start;
        for number in 1..=10 {
            assert_eq!(attempts.next(now), Attempt::Start { number, overdue: false });
            assert!(attempts.answered(number, false, now));
            assert!(attempts.pause(now) <= Duration::from_millis(800));
            now += attempts.pause(now);
        }
        for overdue in [false, true, true] {
            assert!(matches!(attempts.next(now), Attempt::Start { overdue: o, .. } if o == overdue));
            assert_eq!(attempts.next(now), Attempt::Wait);
            now += OPENING;
        }
        assert_eq!(attempts.next(now), Attempt::Hopeless);
        assert!(!attempts.answered(11, true, now), "an attempt that was given up does not count");
        assert!(attempts.answered(13, true, now));
    }
}
