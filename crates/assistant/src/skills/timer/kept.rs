//! Timers across the end of the program: the records that are kept of them, and what became of them meanwhile.
//!
//! A record holds the wall time at which its timer rings, since nothing else goes on while the program is off. Never
//! touches a file: whoever hosts the skill does.

use super::{LONGEST, MOST_TIMERS, SHORTEST, Timer, capitalized, duration};
use jarvis_core::{Error, HostAction, Reply, Result, Slots};
use jiff::Timestamp;
use std::time::{Duration, Instant};

/// What ended longer ago than this is not told any more.
const TOLD_WITHIN: Duration = Duration::from_secs(24 * 3600);

/// A longer name is none that was said.
pub(super) const LONGEST_LABEL: usize = 200;

/// How far the wall clock may go astray before timers follow it.
const ASTRAY: Duration = Duration::from_secs(1);

/// A timer that ended while nobody could ring.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Missed {
    /// "pasta timer".
    name: String,
    /// How long ago.
    ago: Duration,
}

impl Timer {
    /// What is kept of it; none once it rang.
    pub(super) fn record(&self) -> Option<Slots> {
        let label = self.label.iter().map(|label| ("label".to_owned(), label.clone()));
        let record = label.chain([
            ("seconds".to_owned(), self.length.as_secs_f64().to_string()),
            ("ends_at".to_owned(), self.ends_at.to_string()),
        ]);
        (self.rang == 0).then(|| record.collect())
    }

    /// Follows a wall clock that was set back, so that what is kept rings after the time that was asked for; and one that
    /// went on while the machine slept. One that was set forward can't be told from that.
    pub(super) fn follow(&mut self, now: Instant, wall: Timestamp) {
        if self.rang > 0 {
            return;
        }
        let left = self.ends.saturating_duration_since(now);
        let left_by_wall = Duration::try_from(self.ends_at.duration_since(wall)).unwrap_or_default();
        if left_by_wall > left + ASTRAY {
            self.ends_at = wall + left;
        } else if left_by_wall + ASTRAY < left || left_by_wall.is_zero() {
            self.ends = self.ends.min(now + left_by_wall);
            self.next_ring = self.ends;
        }
    }
}

/// The timers of these records that still run, and those that ended within a day.
///
/// # Errors
/// A record is none of a timer.
pub(super) fn restored(records: &[Slots], now: Instant, wall: Timestamp) -> Result<(Vec<Timer>, Vec<Missed>)> {
    let timers = records.iter().map(|record| timer(record, now, wall)).collect::<Option<Vec<_>>>();
    let Some(timers) = timers.filter(|timers| timers.len() <= MOST_TIMERS) else {
        return Err(Error::new("timer.damaged", "The timers of the last run are damaged.", "Set them again."));
    };
    let (mut running, ended): (Vec<_>, Vec<_>) = timers.into_iter().partition(|timer| timer.ends_at > wall);
    running.sort_by_key(|timer| timer.ends);
    let ago = |timer: &Timer| Duration::try_from(wall.duration_since(timer.ends_at)).unwrap_or_default();
    let missed = ended.iter().map(|timer| Missed { name: timer.name(), ago: ago(timer) });
    Ok((running, missed.filter(|missed| missed.ago <= TOLD_WITHIN).collect()))
}

fn timer(record: &Slots, now: Instant, wall: Timestamp) -> Option<Timer> {
    let label = record.get("label").cloned();
    if label.as_ref().is_some_and(|label| label.trim().is_empty() || label.len() > LONGEST_LABEL) {
        return None;
    }
    let seconds = record.get("seconds")?.parse().ok()?;
    let length = Duration::try_from_secs_f64(seconds).ok().filter(|length| (SHORTEST..=LONGEST).contains(length))?;
    let ends_at: Timestamp = record.get("ends_at")?.parse().ok()?;
    // Never more than was asked for: the clock may have been set back while the program was off.
    let left = Duration::try_from(ends_at.duration_since(wall)).unwrap_or_default().min(length);
    let ends_at = ends_at.min(wall + left);
    Some(Timer { label, length, ends: now + left, ends_at, rang: 0, next_ring: now + left })
}

/// What is said of timers that ended while the program was off.
pub(super) fn told(missed: &[Missed]) -> Reply {
    let each: Vec<String> =
        missed.iter().map(|missed| format!("your {} ended {} ago", missed.name, roughly(missed.ago))).collect();
    let what = match each.split_last() {
        None => return Reply::default(),
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{}, and {last}", before.join(", ")),
    };
    let actions = missed.iter().map(|missed| HostAction::Notify {
        title: capitalized(&missed.name),
        body: format!("It ended {} ago, while I was off.", roughly(missed.ago)),
    });
    Reply { spoken: format!("While I was off, {what}."), actions: actions.collect(), ..Reply::default() }
}

/// Seconds up to a minute, then minutes: nobody wants it more exactly.
fn roughly(ago: Duration) -> String {
    let seconds = ago.as_secs().max(1);
    duration::in_words(Duration::from_secs(if seconds < 60 { seconds } else { seconds / 60 * 60 }))
}
