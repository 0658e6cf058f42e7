//! The circuit breaker: a server that failed is left alone for a while, so that it costs its time once and not each turn.
//!
//! A pure state machine over given times (M. Nygard, "Release It!", 2007: closed, open, half open). One failure opens it:
//! each would cost the user seconds. When its time is over, one request is let through as a probe, and no other until that
//! one is over; each probe that fails doubles the time. Never sends anything itself.

use std::time::{Duration, Instant};

/// How long a server is left alone after its first failure.
const FIRST_REST: Duration = Duration::from_secs(5);
/// The longest that it is left alone, whatever it says itself.
const LONGEST_REST: Duration = Duration::from_secs(300);
/// A probe of which nothing was heard for this long is taken for lost.
const PROBE: Duration = Duration::from_secs(120);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    Open { until: Instant },
    HalfOpen { lost: Instant },
}

/// Whether a request may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It may.
    Go,
    /// It may, and everything depends on it.
    Probe,
    /// Not for so long.
    Rest(Duration),
}

/// See the module's own words.
#[derive(Debug)]
pub(crate) struct Breaker {
    state: State,
    /// Failures since the last success.
    failures: u32,
}

impl Breaker {
    pub(crate) fn new() -> Self {
        Self { state: State::Closed, failures: 0 }
    }

    /// Whether a request may go now. After [`Admission::Probe`] its end has to be told.
    pub(crate) fn admit(&mut self, now: Instant) -> Admission {
        match self.state {
            State::Closed => Admission::Go,
            State::Open { until } if now < until => Admission::Rest(until - now),
            State::HalfOpen { lost } if now < lost => Admission::Rest(FIRST_REST),
            State::Open { .. } | State::HalfOpen { .. } => {
                self.state = State::HalfOpen { lost: now + PROBE };
                Admission::Probe
            }
        }
    }

    /// It answered.
    pub(crate) fn succeeded(&mut self) {
        (self.state, self.failures) = (State::Closed, 0);
    }

    /// It failed; `after` is what it says itself about when to come back, `chance` (0..1) spreads returns over time.
    pub(crate) fn failed(&mut self, now: Instant, after: Option<Duration>, chance: f64) {
        let doubled = FIRST_REST.saturating_mul(1 << self.failures.min(10)).min(LONGEST_REST);
        let rest = doubled.mul_f64(0.8 + 0.4 * chance.clamp(0.0, 1.0));
        self.failures = self.failures.saturating_add(1);
        let until = now + after.map_or(rest, |after| after.max(rest)).min(LONGEST_REST);
        // Of two requests at the same time, the later failure does not shorten the rest.
        self.state = match self.state {
            State::Open { until: before } => State::Open { until: before.max(until) },
            _ => State::Open { until },
        };
    }

    /// A request ended without telling anything about the server.
    pub(crate) fn gave_up(&mut self, now: Instant) {
        if let State::HalfOpen { .. } = self.state {
            self.state = State::Open { until: now };
        }
    }

    /// How long it is still left alone; none when it isn't.
    pub(crate) fn rest(&self, now: Instant) -> Option<Duration> {
        match self.state {
            State::Closed => None,
            State::Open { until } => Some(until.saturating_duration_since(now)),
            State::HalfOpen { .. } => Some(Duration::ZERO),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_failure_opens_it_and_one_probe_closes_it() {
        let (mut breaker, now) = (Breaker::new(), Instant::now());
        assert_eq!(breaker.admit(now), Admission::Go);
        breaker.failed(now, None, 0.5);
        assert_eq!(breaker.admit(now), Admission::Rest(FIRST_REST));
        let later = now + FIRST_REST;
        assert_eq!(breaker.admit(later), Admission::Probe);
        assert!(matches!(breaker.admit(later), Admission::Rest(_)), "one probe at a time");
        breaker.succeeded();
        assert_eq!((breaker.admit(later), breaker.rest(later)), (Admission::Go, None));
    }

    #[test]
    fn each_failed_probe_doubles_the_rest_up_to_a_limit() {
        let (mut breaker, mut now) = (Breaker::new(), Instant::now());
        let mut rests = Vec::new();
        for _ in 0..12 {
            breaker.failed(now, None, 0.5);
            let Admission::Rest(rest) = breaker.admit(now) else { panic!() };
            rests.push(rest.as_secs());
            now += rest;
            assert_eq!(breaker.admit(now), Admission::Probe);
        }
        assert_eq!(rests[..4], [5, 10, 20, 40]);
        assert_eq!(*rests.last().unwrap(), LONGEST_REST.as_secs());
    }

    #[test]
    fn what_the_server_says_counts_within_reason() {
        let (mut breaker, now) = (Breaker::new(), Instant::now());
        breaker.failed(now, Some(Duration::from_secs(30)), 0.0);
        assert_eq!(breaker.admit(now), Admission::Rest(Duration::from_secs(30)));
        breaker.failed(now, Some(Duration::from_secs(1 << 40)), 0.0);
        assert_eq!(breaker.admit(now), Admission::Rest(LONGEST_REST));
    }

    #[derive(Debug, Clone)]
    enum Op {
        Ask,
        Succeed,
        Fail(f64, Option<u64>),
        GiveUp,
        Wait(u64),
    }

    fn op() -> impl Strategy<Value = Op> {
        prop_oneof![
            Just(Op::Ask),
            Just(Op::Succeed),
            (0.0..1.0, proptest::option::of(0_u64..10_000)).prop_map(|(chance, after)| Op::Fail(chance, after)),
            Just(Op::GiveUp),
            (0_u64..400).prop_map(Op::Wait),
        ]
    }

    proptest! {
        #[test]
        fn it_never_rests_for_ever_and_lets_one_probe_through(ops in proptest::collection::vec(op(), 0..80)) {
            let (mut breaker, mut now) = (Breaker::new(), Instant::now());
            let mut probe: Option<Instant> = None;
            for op in ops {
                match op {
                    Op::Ask => match breaker.admit(now) {
                        Admission::Probe => {
                            prop_assert!(probe.is_none_or(|begun| now - begun >= PROBE));
                            probe = Some(now);
                        }
                        Admission::Go => prop_assert!(breaker.rest(now).is_none()),
                        Admission::Rest(rest) => prop_assert!(rest <= LONGEST_REST),
                    },
                    Op::Succeed => {
                        breaker.succeeded();
                        probe = None;
                    }
                    Op::Fail(chance, after) => {
                        breaker.failed(now, after.map(Duration::from_secs), chance);
                        probe = None;
                    }
                    Op::GiveUp => {
                        breaker.gave_up(now);
                        probe = None;
                    }
                    Op::Wait(seconds) => now += Duration::from_secs(seconds),
                }
            }
            // Whatever happened, in the end somebody is let through.
            now += LONGEST_REST;
            prop_assert!(!matches!(breaker.admit(now), Admission::Rest(_)));
        }
    }
}
