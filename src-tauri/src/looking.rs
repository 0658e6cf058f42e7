//! How long the sign of looking is lit: as long as Jarvis looks at the screen, and long enough for a person to see it.
//!
//! A look may be over in a few milliseconds, so the sign stays a moment after it. Keeps no clock of its own: it is told the
//! time, and says when it wants to be asked again.

use std::time::{Duration, Instant};

/// How long the sign is lit at least.
const SEEN: Duration = Duration::from_millis(800);

/// Whether the sign is lit.
#[derive(Debug, Default)]
pub struct Sign {
    /// When it was lit.
    since: Option<Instant>,
    /// Whether what it was lit for is over.
    over: bool,
}

impl Sign {
    /// A look begins, or is over.
    pub fn looking(&mut self, looking: bool, now: Instant) {
        if looking {
            self.since = Some(now);
        }
        self.over = !looking;
        self.expire(now);
    }

    /// Puts it out if it is time; says whether that was so.
    pub fn expire(&mut self, now: Instant) -> bool {
        let ends = self.since.is_some() && self.ends().is_some_and(|end| end <= now);
        if ends {
            self.since = None;
        }
        ends
    }

    /// Whether it is lit.
    pub fn is_lit(&self) -> bool {
        self.since.is_some()
    }

    /// When [`Self::expire`] has to be called; `None` while it is dark or the look goes on.
    pub fn ends(&self) -> Option<Instant> {
        self.since.filter(|_| self.over).map(|since| since + SEEN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(5);

    #[test]
    fn a_short_look_is_seen_all_the_same() {
        let (mut sign, start) = (Sign::default(), Instant::now());
        sign.looking(true, start);
        assert!(sign.is_lit() && sign.ends().is_none(), "nobody has to ask while it goes on");
        sign.looking(false, start + SHORT);
        assert!(sign.is_lit());
        assert_eq!(sign.ends(), Some(start + SEEN));
        assert!(!sign.expire(start + SEEN - SHORT));
        assert!(sign.expire(start + SEEN) && !sign.is_lit() && sign.ends().is_none());
        assert!(!sign.expire(start + SEEN));
    }

    #[test]
    fn a_long_look_ends_at_once() {
        let (mut sign, start) = (Sign::default(), Instant::now());
        sign.looking(true, start);
        assert!(!sign.expire(start + 10 * SEEN) && sign.is_lit());
        sign.looking(false, start + 10 * SEEN);
        assert!(!sign.is_lit());
    }

    #[test]
    fn the_next_look_is_seen_as_long_as_the_first() {
        let (mut sign, start) = (Sign::default(), Instant::now());
        sign.looking(true, start);
        sign.looking(false, start + SHORT);
        sign.looking(true, start + 2 * SHORT);
        assert!(!sign.expire(start + SEEN) && sign.is_lit());
        sign.looking(false, start + 3 * SHORT);
        assert_eq!(sign.ends(), Some(start + 2 * SHORT + SEEN));
    }

    #[test]
    fn an_end_without_a_beginning_lights_nothing() {
        let mut sign = Sign::default();
        sign.looking(false, Instant::now());
        assert!(!sign.is_lit() && sign.ends().is_none());
    }
}
