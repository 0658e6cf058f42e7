//! Timers across the end of the program: what is kept, what is told, and what a clock that was changed does to them.

use super::tests::Bench;
use super::*;
use jarvis_core::Clock as _;
use proptest::prelude::*;

impl Bench {
    /// The program ends here and a new one takes over what was kept; the clock is the same.
    fn restart(&mut self) {
        let kept = self.skill.kept();
        self.restore(&kept).unwrap();
    }

    fn restore(&mut self, kept: &[Slots]) -> Result<()> {
        self.skill = Timers::new();
        let context = SkillContext { clock: &self.clock, last_reply: None, dry_run: false };
        self.skill.restore(kept, &context)
    }
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

#[test]
fn a_timer_goes_on_in_the_next_run() {
    let mut bench = Bench::new();
    bench.say("set a pasta timer for three hours");
    let kept = bench.skill.kept();
    assert_eq!(kept.len(), 1);
    // Off for an hour, in which nothing but the wall clock goes on.
    bench.clock.sleep(minutes(60));
    bench.restore(&kept).unwrap();
    assert_eq!(bench.say("check my timers"), "Your pasta timer has 2 hours left.");
    assert_eq!(bench.due(), None);
    bench.clock.advance(minutes(120));
    assert_eq!(bench.due().as_deref(), Some("Your pasta timer is done."));
    assert_eq!(bench.skill.kept(), Vec::<Slots>::new(), "what rang is not kept, so that it rings in one run alone");
}

#[test]
fn what_ended_meanwhile_is_told_once() {
    let mut bench = Bench::new();
    bench.say("set a pasta timer for ten minutes");
    bench.say("set a timer for half an hour");
    bench.say("set a bread timer for two hours");
    let kept = bench.skill.kept();
    bench.clock.sleep(minutes(70));
    bench.restore(&kept).unwrap();
    assert_eq!(bench.skill.next_due(), Some(bench.clock.now()), "at once");
    let told = "While I was off, your pasta timer ended 1 hour ago, and your 30 minute timer ended 40 minutes ago.";
    assert_eq!(bench.due().as_deref(), Some(told));
    assert_eq!(bench.due(), None);
    assert_eq!(bench.say("check my timers"), "Your bread timer has 50 minutes left.");

    bench.clock.sleep(minutes(51));
    bench.restart();
    assert_eq!(bench.due().as_deref(), Some("While I was off, your bread timer ended 1 minute ago."));
    bench.restart();
    assert_eq!((bench.due(), bench.skill.next_due()), (None, None));
}

#[test]
fn what_ended_long_ago_is_let_be() {
    let mut bench = Bench::new();
    bench.say("set a pasta timer for ten minutes");
    let kept = bench.skill.kept();
    bench.clock.sleep(minutes(10 + 24 * 60) + Duration::from_secs(1));
    bench.restore(&kept).unwrap();
    assert_eq!((bench.due(), bench.skill.next_due()), (None, None));
}

#[test]
fn a_clock_that_is_set_back_makes_no_timer_longer() {
    let mut bench = Bench::new();
    bench.say("set a timer for ten minutes");
    bench.clock.advance(minutes(4));
    bench.clock.set_back(minutes(180));
    // Looked at while it runs: what is kept follows the clock.
    assert_eq!(bench.due(), None);
    bench.restart();
    assert_eq!(bench.say("check my timers"), "Your 10 minute timer has 6 minutes left.");
    // Set back while the program is off: at most what was asked for.
    let kept = bench.skill.kept();
    bench.clock.set_back(minutes(180));
    bench.restore(&kept).unwrap();
    assert_eq!(bench.say("check my timers"), "Your 10 minute timer has 10 minutes left.");
}

#[test]
fn what_is_no_record_of_a_timer_is_refused_whole() {
    let mut bench = Bench::new();
    bench.say("set a pasta timer for ten minutes");
    let good = bench.skill.kept();
    for (field, value) in [
        ("ends_at", "soon"),
        ("ends_at", ""),
        ("seconds", "-3"),
        ("seconds", "NaN"),
        ("seconds", "1e300"),
        ("seconds", "0"),
        ("label", ""),
    ] {
        let mut kept = [good.clone(), good.clone()].concat();
        kept[1].insert(field.into(), value.into());
        assert_eq!(bench.restore(&kept).unwrap_err().code, "timer.damaged", "{field}: {value:?}");
        assert_eq!(bench.skill.next_due(), None, "{field}: {value:?}");
    }
    assert!(bench.restore(&vec![good[0].clone(); MOST_TIMERS + 1]).is_err());
    assert!(bench.restore(&[Slots::new()]).is_err());
}

proptest! {
    #[test]
    fn nothing_is_lost_or_doubled_however_often_the_program_ends(
        lengths in proptest::collection::vec(1_u64..7200, 1..8),
        // Seconds that it runs, and seconds that it is off.
        runs in proptest::collection::vec((0_u64..1800, 0_u64..1800), 0..8),
    ) {
        let mut bench = Bench::new();
        let ends: Vec<u64> = lengths.clone();
        for seconds in &lengths {
            bench.say(&format!("set a timer for {seconds} seconds"));
        }
        // What is heard of each length, in whichever way.
        let mut now = 0;
        let mut heard = 0;
        for (on, off) in runs {
            bench.clock.advance(Duration::from_secs(on));
            now += on;
            while bench.due().is_some() {
                heard += 1;
                bench.clock.advance(Duration::ZERO);
            }
            bench.skill.silence();
            prop_assert_eq!(heard, ends.iter().filter(|end| **end <= now).count());
            let kept = bench.skill.kept();
            prop_assert_eq!(kept.len(), ends.len() - heard);
            bench.clock.sleep(Duration::from_secs(off));
            now += off;
            bench.restore(&kept).unwrap();
            let told = bench.due().map_or(0, |told| told.matches(" ended ").count());
            heard += told;
            prop_assert_eq!(heard, ends.iter().filter(|end| **end <= now).count());
            prop_assert_eq!(bench.skill.kept().len(), ends.len() - heard);
        }
    }

    #[test]
    fn records_of_any_kind_are_taken_or_refused(fields in proptest::collection::vec(
        proptest::collection::btree_map("label|seconds|ends_at", ".{0,24}|[0-9]{1,4}|2026-11-2[0-9]T0[0-9]:00:00Z", 0..4),
        0..4,
    )) {
        let mut bench = Bench::new();
        let taken = bench.restore(&fields).is_ok();
        prop_assert!(taken || bench.skill.next_due().is_none());
        while bench.due().is_some() {}
    }
}
