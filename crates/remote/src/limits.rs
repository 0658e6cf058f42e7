//! What a server may cost: time, memory, requests; and when it is worth to try once more.
//!
//! Pure values over given times; never waits.

use crate::RemoteError;
use std::time::{Duration, Instant};

/// What a server may cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Until a connection stands, its name looked up and its certificate checked.
    pub connect: Duration,
    /// From the request to the first words or sound of an answer, with all that comes before.
    pub first_words: Duration,
    /// The same where the request has a picture, which a model takes longer to look at; never less than the above.
    pub first_words_on_picture: Duration,
    /// Between two pieces of an answer.
    pub between: Duration,
    /// The whole answer.
    pub whole: Duration,
    /// How long the end of a stream may stay out after its last event, for its connection to be used again.
    pub closing: Duration,
    /// Bytes of a line of an answer that comes in pieces.
    pub line: usize,
    /// Bytes of an answer in text.
    pub text: usize,
    /// Bytes of an answer in sound.
    pub sound: usize,
    /// Requests at the same time.
    pub at_once: usize,
    /// Requests a minute.
    pub per_minute: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            first_words: Duration::from_secs(3),
            first_words_on_picture: Duration::from_secs(25),
            between: Duration::from_secs(5),
            whole: Duration::from_secs(60),
            closing: Duration::from_millis(50),
            line: 64 << 10,
            text: 1 << 20,
            sound: 16 << 20,
            at_once: 2,
            per_minute: 60,
        }
    }
}

/// Requests a minute, as a bucket that fills evenly (token bucket) and holds what a lively moment needs.
#[derive(Debug)]
pub(crate) struct Allowance {
    per_minute: f64,
    left: f64,
    counted: Instant,
}

impl Allowance {
    pub(crate) fn new(per_minute: u32, now: Instant) -> Self {
        let per_minute = f64::from(per_minute.max(1));
        Self { per_minute, left: per_minute, counted: now }
    }

    /// Takes one request out; false when none is left.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.counted).as_secs_f64();
        self.counted = self.counted.max(now);
        self.left = (self.left + passed * self.per_minute / 60.0).min(self.per_minute);
        let may = self.left >= 1.0;
        if may {
            self.left -= 1.0;
        }
        may
    }
}

/// How often a request is repeated at most.
const REPEATS: u32 = 2;
/// The first pause before a repetition; each next one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(150);

/// How long to wait before the same request is sent again, if it is safe and may help. Only what failed before anything of
/// an answer came, and for a reason that passes quickly. What is asked changes nothing at the server, so twice is no harm
/// but its cost. `chance` is 0..1: full jitter, so that those that failed together don't come back together.
pub(crate) fn pause_before_repeating(error: &RemoteError, repeats: u32, chance: f64) -> Option<Duration> {
    if repeats >= REPEATS {
        return None;
    }
    let pause = (FIRST_PAUSE * (1 << repeats)).mul_f64(0.5 + 0.5 * chance.clamp(0.0, 1.0));
    match error {
        RemoteError::Busy { after, .. } => Some(after.map_or(pause, |after| after.max(pause))),
        RemoteError::Failed { status: 502..=504, .. } | RemoteError::BrokeOff { before_answer: true, .. } => {
            Some(pause)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_minute_has_more_requests_than_twice_the_allowance(
            per_minute in 1_u32..200,
            pauses in proptest::collection::vec(0_u64..3_000, 0..500),
        ) {
            let start = Instant::now();
            let mut allowance = Allowance::new(per_minute, start);
            let mut now = start;
            let mut taken = Vec::new();
            for pause in pauses {
                now += Duration::from_millis(pause);
                if allowance.take(now) {
                    taken.push(now);
                }
            }
            for (i, first) in taken.iter().enumerate() {
                let minute = taken[i..].iter().take_while(|t| **t - *first < Duration::from_secs(60)).count();
                prop_assert!(minute <= 2 * per_minute as usize);
            }
        }
    }

    #[test]
    fn an_empty_bucket_fills_again_and_a_clock_that_stands_still_gives_nothing() {
        let start = Instant::now();
        let mut allowance = Allowance::new(2, start);
        assert!(allowance.take(start) && allowance.take(start) && !allowance.take(start));
        assert!(!allowance.take(start + Duration::from_secs(29)));
        assert!(allowance.take(start + Duration::from_secs(31)));
    }

    #[test]
    fn only_what_passes_quickly_is_tried_again() {
        let host = || "h".to_owned();
        let again = |error: RemoteError| pause_before_repeating(&error, 0, 1.0);
        assert!(again(RemoteError::BrokeOff { host: host(), before_answer: true }).is_some());
        assert!(again(RemoteError::Failed { host: host(), status: 503, said: String::new() }).is_some());
        let after = Some(Duration::from_secs(7));
        assert_eq!(again(RemoteError::Busy { host: host(), status: 429, after }), after);
        assert!(again(RemoteError::BrokeOff { host: host(), before_answer: false }).is_none());
        assert!(again(RemoteError::Failed { host: host(), status: 500, said: String::new() }).is_none());
        assert!(again(RemoteError::Unauthorized { host: host(), status: 401, sent: true }).is_none());
        assert!(again(RemoteError::Unreachable { host: host(), detail: String::new() }).is_none());
        let busy = RemoteError::Busy { host: host(), status: 429, after: None };
        assert!(pause_before_repeating(&busy, REPEATS, 0.0).is_none());
    }
}
