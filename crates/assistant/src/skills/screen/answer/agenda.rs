//! What calendars, logs and itineraries say: entries that begin with a day or a time.
//!
//! Owns which rows are entries and of which day: the one that they begin with, or the one that stands over them. Tells the
//! entry of a thing, where it is asked when that is, and the entries of a day.

use super::super::grounds::stem;
use super::super::question::{Question, Wants};
use super::super::say::{aloud, is_kept};
use super::super::shape::{self, Kind};
use super::super::table::rows;
use super::super::words::words;
use super::Quote;
use crate::skills::date::day::WEEKDAYS;
use jarvis_core::{ScreenText, TextLine};

/// Fewer entries are something else.
const ENTRIES: usize = 2;
/// The most that are told.
const MOST: usize = 6;
/// A line over entries that is a day has no more words besides it.
const BESIDE_DAY: usize = 1;
/// Words that say no more than when.
#[rustfmt::skip]
const OF_TIME: &[&str] = &["day", "time", "date", "happens", "happen", "happening", "planned", "scheduled", "today", "there", "s"];

/// An entry.
struct Entry<'a> {
    /// What stands over it as its day.
    day: Option<&'a TextLine>,
    row: Vec<&'a TextLine>,
}

/// The entry or the entries that a question asks for.
pub(super) fn of_agenda<'a>(question: &Question, screen: &'a ScreenText) -> Option<Quote<'a>> {
    let Wants::Value { kind, .. } = &question.wants else { return None };
    let is_when = *kind == Some(Kind::Date) || question.begins(&["when"]) || question.says(&["day", "time"]);
    let entries = entries(screen);
    if entries.len() < ENTRIES {
        return None;
    }
    let topic: Vec<String> =
        question.topic.iter().filter(|word| !OF_TIME.contains(&word.as_str())).map(|word| stem(word)).collect();
    let days: Vec<&String> = question.said.iter().filter(|word| is_day(word)).collect();
    let found: Vec<&Entry<'a>> = match (&days[..], is_when) {
        // "What do I have on Thursday", "what happens on the 8th".
        ([day], _) if question.begins(&["what", "which"]) => {
            let rest: Vec<&String> = topic.iter().filter(|word| **word != stem(day)).collect();
            let is_there = |entry: &&Entry<'_>| rest.iter().all(|word| entry.has(word));
            entries.iter().filter(|entry| entry.is_of(day)).filter(is_there).collect()
        }
        ([], true) if !topic.is_empty() => {
            let all: Vec<&Entry<'_>> =
                entries.iter().filter(|entry| topic.iter().all(|word| entry.has(word))).collect();
            // Of several it is not known which is meant.
            if all.len() == 1 { all } else { Vec::new() }
        }
        _ => Vec::new(),
    };
    let told: Vec<&Entry<'a>> = found.into_iter().filter(|entry| !entry.row.iter().any(|cell| is_kept(cell))).collect();
    let mut day: Option<&TextLine> = None;
    let mut said: Vec<String> = Vec::new();
    for entry in told.iter().take(MOST) {
        if let Some(over) = entry.day.filter(|over| !day.is_some_and(|day| std::ptr::eq(day, *over))) {
            said.push(aloud(&over.text));
        }
        day = entry.day;
        said.extend(entry.row.iter().map(|cell| aloud(&cell.text)));
    }
    let more = told.len().saturating_sub(MOST);
    let more = if more > 0 { format!(" There are {more} more.") } else { String::new() };
    let lines: Vec<&TextLine> =
        told.iter().flat_map(|entry| entry.day.into_iter().chain(entry.row.iter().copied())).collect();
    (!said.is_empty()).then(|| Quote {
        said: format!("It says: {}.{more}", said.join(", ").trim_end_matches('.')),
        lines,
        query: None,
    })
}

/// A day as it is asked for: its name, or "8th".
fn is_day(word: &str) -> bool {
    WEEKDAYS.contains(&word) || ordinal(word).is_some()
}

/// The digits of "8th".
fn ordinal(word: &str) -> Option<&str> {
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|end| word.strip_suffix(end))?;
    digits.parse::<u8>().is_ok_and(|day| (1..=31).contains(&day)).then_some(digits)
}

impl Entry<'_> {
    fn has(&self, stemmed: &str) -> bool {
        self.row.iter().any(|cell| words(&cell.text).iter().any(|word| stem(word) == stemmed))
    }

    /// Whether it is of the day that is called so.
    fn is_of(&self, day: &str) -> bool {
        let begins = |line: &TextLine| {
            let said = words(&line.text);
            said.iter().take(3).any(|word| word == day || ordinal(day) == Some(word.as_str()))
        };
        self.row.first().is_some_and(|first| !shape::find(Kind::Date, &first.text).is_empty() && begins(first))
            || self.day.is_some_and(begins)
            || self.row.iter().any(|cell| cell.text.to_lowercase() == day)
    }
}

fn entries(screen: &ScreenText) -> Vec<Entry<'_>> {
    let mut day = None;
    let mut found = Vec::new();
    for row in rows(screen) {
        match &row[..] {
            [one] if is_day_alone(&one.text) => day = Some(*one),
            [first, _, ..] if begins(&first.text) => found.push(Entry { day, row }),
            [one] if begins(&one.text) && one.text.split_whitespace().count() > 2 && !one.text.ends_with('.') => {
                found.push(Entry { day, row });
            }
            _ => {}
        }
    }
    found
}

/// Whether `text` is a day and little else: "Monday 23 November".
fn is_day_alone(text: &str) -> bool {
    let Some(date) = shape::find(Kind::Date, text).into_iter().next() else { return false };
    let rest = format!("{} {}", &text[..date.start], &text[date.end..]);
    rest.split_whitespace().count() <= BESIDE_DAY && !text.contains(':')
}

/// Whether `text` begins with a day or a time.
fn begins(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default().trim_end_matches([',', '.', '-']);
    shape::is_time(first)
        || text.to_lowercase().starts_with("all day")
        || shape::find(Kind::Date, text).first().is_some_and(|date| date.start == 0)
}

#[cfg(test)]
mod tests {
    use super::super::super::question;
    use super::super::super::testing::{line, screen};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn entries_are_told_with_their_day() {
        let page = screen(vec![
            line("Monday 23 November", 10, 10),
            line("09:00", 10, 40),
            line("Standup", 120, 40),
            line("13:30", 10, 70),
            line("Call with Dr. Patel", 120, 70),
            line("Tuesday 24 November", 10, 110),
            line("10:00", 10, 140),
            line("Dentist", 120, 140),
        ]);
        let said = |asked: &str| of_agenda(&question::read(asked), &page).map(|quote| quote.said);
        assert_eq!(said("when is the dentist").as_deref(), Some("It says: Tuesday 24 November, 10:00, Dentist."));
        assert_eq!(
            said("what is on monday").as_deref(),
            Some("It says: Monday 23 November, 09:00, Standup, 13:30, Call with Dr. Patel.")
        );
        assert_eq!(said("what is on friday"), None);
        assert_eq!(said("when is the party"), None);
    }

    proptest! {
        #[test]
        fn any_screen_is_asked(
            texts in proptest::collection::vec(("\\PC{0,20}|[0-9]{1,2}:[0-9]{2}|[0-9]{1,2} May( x)?|Monday", 0..400i32, 0..300i32), 0..14),
            asked in "(when is|what is on|what happens on the) (\\PC{0,9}|monday|8th|x)",
        ) {
            let screen = screen(texts.iter().map(|(text, x, y)| line(text, *x, *y)).collect());
            of_agenda(&question::read(&asked), &screen);
        }
    }
}
