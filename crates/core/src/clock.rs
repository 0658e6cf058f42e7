//! Time, behind a trait so that skills and the turn can be tested at any hour.
//!
//! Never sleeps and never schedules.

use std::time::Instant;

/// Where "now" comes from.
pub trait Clock: Send + Sync {
    /// Monotonic time, for durations.
    fn now(&self) -> Instant;
    /// Wall time in the user's own time zone, for what is said.
    fn local(&self) -> jiff::Zoned;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn local(&self) -> jiff::Zoned {
        jiff::Zoned::now()
    }
}
