//! The list of what was captured and why.
//!
//! Never holds text or a title, never stands on disk, and ends with the program.

use jarvis_core::{Capture, Shown, TextSource};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most entries: those before are dropped.
const ENTRIES: usize = 200;

/// The list; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Arc<Mutex<Entries>>);

#[derive(Debug, Default)]
struct Entries {
    entries: VecDeque<Capture>,
    /// How many were dropped.
    dropped: u64,
}

impl Ledger {
    /// What was captured, the last first.
    pub fn captures(&self) -> Vec<Capture> {
        self.entries().entries.iter().rev().cloned().collect()
    }

    /// Empties the list.
    pub fn forget(&self) {
        let mut list = self.entries();
        list.dropped += list.entries.len() as u64;
        list.entries.clear();
    }

    /// Adds that the picture of `capture` is sent to whom it was to be shown, at `at_ms`.
    /// Gives the entry's number.
    pub fn sent(&self, capture: &Capture, at_ms: i64) -> u64 {
        let shown = capture.shown.clone().map(|shown| Shown { sent: true, ..shown });
        self.add(Capture { at_ms, shown, ..capture.clone() })
    }

    /// Takes back what [`Self::sent`] says: nothing left this machine.
    pub fn not_sent(&self, number: u64) {
        self.change(number, |entry| {
            if let Some(shown) = &mut entry.shown {
                shown.sent = false;
            }
        });
    }

    /// Adds an entry, and gives its number. Reading ahead in the same window goes on with the entry before.
    pub(super) fn add(&self, capture: Capture) -> u64 {
        let mut list = self.entries();
        if let Some(last) = list.entries.back_mut().filter(|last| goes_on(last, &capture)) {
            *last = Capture { source: last.source, pixels_read: last.pixels_read, ..capture };
        } else {
            if list.entries.len() == ENTRIES {
                list.entries.pop_front();
                list.dropped += 1;
            }
            list.entries.push_back(capture);
        }
        list.dropped + list.entries.len() as u64 - 1
    }

    /// Says of an entry how many pixels more were given to the recognizer.
    pub(super) fn read(&self, number: u64, pixels: u64) {
        self.change(number, |entry| {
            entry.source = TextSource::Recognizer;
            entry.pixels_read = entry.pixels_read.saturating_add(pixels);
        });
    }

    /// Changes an entry, if it is there still.
    fn change(&self, number: u64, change: impl FnOnce(&mut Capture)) {
        let mut list = self.entries();
        let at = number.checked_sub(list.dropped).and_then(|at| usize::try_from(at).ok());
        if let Some(entry) = at.and_then(|at| list.entries.get_mut(at)) {
            change(entry);
        }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn goes_on(last: &Capture, next: &Capture) -> bool {
    last.background
        && next.background
        && last.application == next.application
        && (last.region.width, last.region.height) == (next.region.width, next.region.height)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jarvis_core::{Region, ScreenTarget};

    fn capture(reason: &str, background: bool) -> Capture {
        Capture {
            at_ms: 0,
            target: ScreenTarget::ActiveWindow,
            region: Region::new(0, 0, 10, 10),
            application: Some("editor".into()),
            reason: reason.into(),
            source: TextSource::Cache,
            pixels_read: 0,
            masked: 0,
            background,
            shown: None,
        }
    }

    #[test]
    fn the_last_entries_are_kept_and_can_be_read_elsewhere() {
        let ledger = Ledger::default();
        let elsewhere = ledger.clone();
        let first = ledger.add(capture("first", false));
        ledger.read(first, 100);
        assert_eq!(elsewhere.captures()[0].pixels_read, 100);
        for number in 0..ENTRIES {
            let number = ledger.add(capture(&number.to_string(), false));
            ledger.read(number, 7);
        }
        ledger.read(first, 1_000);
        let captures = elsewhere.captures();
        assert_eq!(captures.len(), ENTRIES);
        assert!(captures.iter().all(|capture| capture.pixels_read == 7));
        assert_eq!(captures[0].reason, (ENTRIES - 1).to_string());
        let last = ledger.add(capture("last", false));
        ledger.forget();
        ledger.read(last, 100);
        assert_eq!(elsewhere.captures(), []);
    }

    #[test]
    fn that_a_picture_was_sent_is_an_entry_of_its_own() {
        let ledger = Ledger::default();
        let shown = Some(Shown { host: "127.0.0.1:1".into(), sent: false });
        let offered = Capture { shown, ..capture("to show it", false) };
        ledger.add(offered.clone());
        let number = ledger.sent(&offered, 7);
        let captures = ledger.captures();
        assert_eq!(captures[1], offered);
        assert_eq!((captures[0].at_ms, captures[0].shown.as_ref().unwrap().sent), (7, true));
        ledger.not_sent(number);
        assert!(!ledger.captures()[0].shown.as_ref().unwrap().sent);
    }

    #[test]
    fn reading_ahead_in_one_window_is_one_entry() {
        let ledger = Ledger::default();
        for at_ms in 1..4 {
            let number = ledger.add(Capture { at_ms, ..capture("to read ahead", true) });
            ledger.read(number, 10);
        }
        ledger.add(capture("asked", false));
        let number = ledger.add(capture("to read ahead", true));
        let captures = ledger.captures();
        assert_eq!(captures.len(), 3);
        assert_eq!((captures[2].at_ms, captures[2].pixels_read), (3, 30));
        ledger.forget();
        ledger.read(number, 10);
        assert_eq!(ledger.captures(), []);
        let next = ledger.add(capture("asked", false));
        ledger.read(next, 5);
        assert_eq!(ledger.captures()[0].pixels_read, 5);
    }
}
