//! Reading ahead: what stands in the window that has the keyboard is read before anyone asks.
//!
//! Owns when and how much. Owns no thread: whoever switches it on calls [`Background::step`] and waits as long as that
//! says. Never reads while the machine has better things to do, and never takes more than a small share of it.

use super::{Screen, Seen};
use crate::frame::distance;
use jarvis_core::{Cancel, Region};
use std::time::Duration;

/// Waits while things change.
const SHORTEST: Duration = Duration::from_secs(1);
/// Waits while nothing does, or while it must not read.
const LONGEST: Duration = Duration::from_secs(10);
/// The most of one core that it takes.
const SHARE: f64 = 0.03;
/// Tiles that are read at a time: a few lines.
const TILES: usize = 12;
/// Pictures that differ less are the same from afar: someone types, or a cursor blinks. What is asked about them is read
/// in no time.
const ALIKE: u32 = 2;

/// Reads ahead, step by step.
#[derive(Debug)]
pub struct Background {
    wait: Duration,
    last: Option<(Region, u64)>,
    threads: f64,
}

impl Default for Background {
    fn default() -> Self {
        Self::new()
    }
}

impl Background {
    /// One that has read nothing.
    pub fn new() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self { wait: SHORTEST, last: None, threads: threads as f64 }
    }

    /// Reads a little of what changed, unless `paused` says that the machine is under load or on battery; that is asked
    /// before the screen is. Nothing is read where nothing may be remembered, and what was remembered for long enough is
    /// forgotten. Gives how long to wait for the next step.
    ///
    /// Whoever asks a question meanwhile raises `cancel`: what was not read stays unread.
    pub fn step(&mut self, screen: &mut Screen, paused: &dyn Fn() -> bool, cancel: &Cancel) -> Duration {
        // Whoever reads all the time is never asked to rest.
        screen.forget_old();
        if paused() || !screen.memory.remembers() {
            return LONGEST;
        }
        let begin = screen.parts.clock.now();
        let seen = screen.read_ahead(TILES, cancel);
        let took = screen.parts.clock.now().saturating_duration_since(begin);
        let busy = match seen {
            Ok(Some(seen)) => self.is_news(&seen),
            Ok(None) => false,
            Err(error) => {
                tracing::debug!(code = error.code, "nothing was read ahead");
                false
            }
        };
        self.wait = if busy { SHORTEST } else { (self.wait * 2).min(LONGEST) };
        // As if all cores had worked all the time.
        self.wait.max(took.mul_f64(self.threads / SHARE))
    }

    fn is_news(&mut self, seen: &Seen) -> bool {
        let last = self.last.replace((seen.region, seen.looks));
        let alike = last.is_some_and(|(region, looks)| {
            (region.width, region.height) == (seen.region.width, seen.region.height)
                && distance(looks, seen.looks) <= ALIKE
        });
        seen.unread > 0 || (seen.changed > 0 && !alike)
    }
}
