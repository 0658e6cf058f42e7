//! Timers by a clock of their own: set, told, rung, silenced, and cancelled.

use super::*;
use crate::testing::FakeClock;
use jarvis_core::Clock as _;
use proptest::prelude::*;

/// The skill with a clock of its own.
pub(super) struct Bench {
    pub(super) skill: Timers,
    pub(super) clock: FakeClock,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self { skill: Timers::new(), clock: FakeClock::new() }
    }

    pub(super) fn say(&mut self, text: &str) -> String {
        let found = self.skill.recognize(text).unwrap_or_else(|| panic!("not recognized: {text}"));
        let context = SkillContext { clock: &self.clock, last_reply: None, dry_run: false };
        self.skill.run(found.intent, &found.slots, &context).map_or_else(|error| error.message, |reply| reply.spoken)
    }

    pub(super) fn due(&mut self) -> Option<String> {
        let context = SkillContext { clock: &self.clock, last_reply: None, dry_run: false };
        self.skill.due(&context).map(|reply| reply.spoken)
    }
}

fn recognized(text: &str) -> Option<(&'static str, Slots)> {
    Timers::new().recognize(text).map(|found| (found.intent, found.slots))
}

#[test]
fn a_timer_runs_rings_and_gives_up_in_the_end() {
    let mut bench = Bench::new();
    assert_eq!(bench.say("set a timer for two minutes"), "Timer set for 2 minutes.");
    bench.clock.advance(Duration::from_secs(30));
    assert_eq!(bench.say("how much time is left"), "Your 2 minute timer has 1 minute and 30 seconds left.");
    assert_eq!(bench.due(), None);
    bench.clock.advance(Duration::from_secs(90));
    let mut rings = 0;
    for _ in 0..300 {
        if let Some(text) = bench.due() {
            assert_eq!(text, "Your 2 minute timer is done.");
            rings += 1;
        }
        bench.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(rings, RINGS);
    assert_eq!(bench.skill.next_due(), None);
    assert_eq!(bench.say("how much time is left"), "There are no timers.");
}

#[test]
fn a_length_that_no_timer_can_have_is_refused_with_those_that_one_can() {
    let mut bench = Bench::new();
    for text in [
        "set a timer for 1000000 hours",
        "set a timer for nine trillion hours",
        "set a timer for zero seconds",
        "set a timer for 0 seconds",
        "set a timer for half a second",
        "set a timer for minus five minutes",
        "set a timer for -5 minutes",
        "set a zero minute timer",
    ] {
        assert_eq!(bench.say(text), "I can set timers from one second to seven days.", "{text}");
        assert_eq!(bench.skill.next_due(), None);
    }
}

#[test]
fn it_is_asked_for_at_the_right_moment() {
    let mut bench = Bench::new();
    assert_eq!(bench.skill.next_due(), None);
    bench.say("set a timer for ten seconds");
    assert_eq!(bench.skill.next_due(), Some(bench.clock.now() + Duration::from_secs(10)));
    bench.clock.advance(Duration::from_secs(10));
    assert!(bench.due().is_some());
    assert_eq!(bench.due(), None, "one ring at a time");
    assert_eq!(bench.skill.next_due(), Some(bench.clock.now() + RING_EVERY));
}

#[test]
fn several_timers_have_names() {
    let mut bench = Bench::new();
    assert_eq!(bench.say("start a pasta timer for ten minutes"), "Pasta timer set for 10 minutes.");
    bench.say("set an egg timer for 4 minutes");
    assert_eq!(
        bench.say("check my timers"),
        "There are 2 timers: the egg timer has 4 minutes left, the pasta timer has 10 minutes left."
    );
    assert_eq!(bench.say("how long is left on the pasta timer"), "Your pasta timer has 10 minutes left.");
    assert_eq!(bench.say("cancel the timer"), "Which one: the egg timer or the pasta timer?");
    assert_eq!(bench.say("cancel the tea timer"), "There is no tea timer.");
    assert_eq!(bench.say("cancel the four minute timer"), "I cancelled the egg timer.");
    assert_eq!(bench.say("set a pasta timer"), "For how long? Say, for example, set a timer for ten minutes.");
    assert_eq!(bench.say("cancel all timers"), "I cancelled the pasta timer.");
    assert_eq!(bench.say("cancel all timers"), "There are no timers.");
}

#[test]
fn what_rings_is_what_stop_means() {
    let mut bench = Bench::new();
    bench.say("set a timer for one minute");
    bench.say("set a timer for one hour");
    bench.clock.advance(Duration::from_secs(61));
    assert!(bench.due().is_some());
    assert_eq!(bench.say("turn off the alarm"), "");
    assert_eq!(bench.due(), None);
    assert!(!bench.skill.silence(), "nothing rings any more");
    assert!(bench.say("check my timers").starts_with("Your 1 hour timer has 58 minutes and 59 seconds left"));
}

#[test]
fn a_machine_that_slept_rings_when_it_wakes() {
    let mut bench = Bench::new();
    bench.say("set a timer for one hour");
    bench.clock.sleep(Duration::from_secs(7200));
    assert!(bench.due().is_some());
}

#[test]
fn a_machine_that_slept_knows_what_is_left() {
    let mut bench = Bench::new();
    bench.say("set a timer for three hours");
    bench.clock.sleep(Duration::from_secs(3600));
    assert_eq!(bench.say("check my timer"), "Your 3 hour timer has 2 hours left.");
    assert!(bench.say("add five minutes to the timer").contains("2 hours and 5 minutes left"));
    bench.clock.sleep(Duration::from_secs(7200));
    assert!(bench.due().is_none());
    bench.clock.sleep(Duration::from_secs(300));
    assert!(bench.due().is_some());
}

#[test]
fn limits_are_said() {
    let mut bench = Bench::new();
    assert!(bench.say("set a timer").starts_with("For how long?"));
    assert_eq!(bench.say("set a timer for two weeks"), "I can set timers from one second to seven days.");
    for _ in 0..MOST_TIMERS {
        bench.say("set a timer for one hour");
    }
    assert_eq!(bench.say("set a timer for one hour"), format!("There are {MOST_TIMERS} timers already."));
}

#[test]
fn a_dry_run_changes_nothing() {
    let mut bench = Bench::new();
    let found = bench.skill.recognize("set a timer for one hour").unwrap();
    assert_eq!(found.slots["duration"], "3600");
    let context = SkillContext { clock: &bench.clock, last_reply: None, dry_run: true };
    assert_eq!(bench.skill.run(SET, &found.slots, &context).unwrap().spoken, "Timer set for 1 hour.");
    assert_eq!(bench.skill.next_due(), None);
}

#[test]
fn what_is_no_timer_is_left_alone() {
    for text in [
        "what is a timer",
        "how long is the nile",
        "how long does it take to boil an egg",
        "time flies",
        "tell me about the timer in this chip",
        "what is the time complexity of quicksort",
        "stop the car",
        "count the stars",
    ] {
        assert_eq!(recognized(text), None, "{text}");
    }
}

#[derive(Debug, Clone)]
enum Op {
    Say(&'static str),
    Advance(u64),
    Due,
    Silence,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        proptest::sample::select(vec![
            "set a timer for five seconds",
            "set a pasta timer for one minute",
            "set a timer for an hour and a half",
            "cancel the timer",
            "cancel all timers",
            "stop the pasta timer",
            "check my timers",
        ])
        .prop_map(Op::Say),
        (0_u64..200).prop_map(Op::Advance),
        Just(Op::Due),
        Just(Op::Silence),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_alarms_end_and_nothing_is_asked_for_in_vain(ops in proptest::collection::vec(op(), 0..40)) {
        let mut bench = Bench::new();
        for op in ops {
            match op {
                Op::Say(text) => { bench.say(text); }
                Op::Advance(seconds) => bench.clock.advance(Duration::from_secs(seconds)),
                Op::Due => { bench.due(); }
                Op::Silence => {
                    bench.skill.silence();
                    prop_assert!(!bench.skill.silence());
                }
            }
            prop_assert!(bench.skill.timers.len() <= MOST_TIMERS);
            prop_assert_eq!(bench.skill.next_due().is_some(), !bench.skill.timers.is_empty());
        }
        // Following `next_due` alone, everything rings itself out.
        for _ in 0..20_000 {
            let Some(next) = bench.skill.next_due() else { break };
            let wait = next.saturating_duration_since(bench.clock.now());
            bench.clock.advance(wait);
            while bench.due().is_some() {}
        }
        prop_assert_eq!(bench.skill.next_due(), None);
    }
}
