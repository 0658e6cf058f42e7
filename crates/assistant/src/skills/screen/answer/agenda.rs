//! What calendars, logs and itineraries say: entries that begin with a day or a time.
//!
//! Owns which rows are entries and of which day: the one that they begin with, or the one that stands over them. Tells the
//! entry of a thing, where it is asked when that is, and the entries of a day.

use super::super::question::{Question, Wants};
use super::super::say::{aloud, is_kept};
use super::super::shape::{self, Kind};
use super::super::table::rows;
use super::super::ties::{self, alike};
use super::super::words::words;
use super::super::{measure, typed};
use super::Quote;
use crate::numbers;
use jarvis_core::{ScreenText, TextLine};

/// Fewer entries are something else.
const ENTRIES: usize = 2;
/// Of so many it is sure that they are a calendar.
const CALENDAR: usize = 3;
/// The most that are told.
const MOST: usize = 6;
/// The most that may be meant by the words of a question.
const MEANT: usize = 3;
/// An entry that begins with no time has no more words.
const ENTRY: usize = 8;
/// A line over entries that is a day has no more words besides it.
const BESIDE_DAY: usize = 1;
/// Words that say no more than when, or that there is something then.
#[rustfmt::skip]
const OF_TIME: &[&str] = &[
    "day", "time", "date", "happens", "happen", "happening", "planned", "scheduled", "today", "there", "s", "am", "having", "meet", "meeting",
    "going", "go", "doing", "coming", "free", "busy", "see", "plans", "calendar", "whose", "who", "next",
];

/// What itineraries say before a time.
const JOURNEYS: [&str; 8] = ["dep", "arr", "departs", "arrives", "departure", "arrival", "leaves", "from"];

/// An entry.
struct Entry<'a> {
    /// What stands over it, or before the first entry of its day, as its day.
    day: Option<&'a TextLine>,
    row: Vec<&'a TextLine>,
}

/// The entry or the entries that a question asks for.
pub(super) fn of_agenda<'a>(question: &Question, screen: &'a ScreenText) -> Option<Quote<'a>> {
    let is_free = question.begins(&["am", "are", "is", "do"]) && question.says(&["free", "busy", "anything"]);
    let is_value = matches!(question.wants, Wants::Value { .. });
    if !is_value && !is_free {
        return None;
    }
    let is_date = matches!(&question.wants, Wants::Value { kind: Some(Kind::Date), .. });
    let is_when = is_date || question.begins(&["when"]) || question.says(&["day", "time"]);
    let entries = entries(screen);
    if entries.len() < ENTRIES {
        return None;
    }
    let over = over(&entries, screen);
    let stands = |word: &str| entries.iter().any(|entry| entry.has(word));
    let is_of_page = |word: &str| over.iter().any(|read| ties::names(word, read)) && !stands(word);
    let named: Vec<String> = question.topic.iter().map(|word| cardinal(word)).collect();
    let meant = |word: &&String| !is_of_page(word) && (!OF_TIME.contains(&word.as_str()) || stands(word) && is_when);
    let topic: Vec<&String> = named.iter().filter(meant).collect();
    let days: Vec<&String> = question.said.iter().filter(|word| is_day(word)).collect();
    let is_calendar = entries.len() >= CALENDAR;
    let has_all = |entry: &&Entry<'_>, topic: &[&String]| topic.iter().all(|word| entry.has(word));
    let found: Vec<&Entry<'a>> = match (&days[..], is_when) {
        // "What do I have on Thursday", "what happens on the 8th", "am I free on Sunday".
        ([day], false)
            if is_free || question.begins(&["what", "which"]) || is_calendar && question.begins(&["who", "where"]) =>
        {
            let rest: Vec<&String> =
                topic.iter().copied().filter(|word| *word != *day && cardinal(day) != **word).collect();
            let of_day = || entries.iter().filter(|entry| entry.is_of(day));
            let named: Vec<&Entry<'a>> = of_day().filter(|entry| has_all(entry, &rest)).collect();
            // Who is met and where one goes is said in other words there.
            let is_strange = rest.iter().all(|word| !stands(word)) && !question.begins(&["what", "which"]);
            if named.is_empty() && is_strange { of_day().collect() } else { named }
        }
        ([_], false) => Vec::new(),
        (_, true) if !topic.is_empty() => meant_by(&entries, &topic),
        (_, false)
            if is_calendar && !topic.is_empty() && question.begins(&["who", "whose", "where", "which", "how"]) =>
        {
            let all = meant_by(&entries, &topic);
            if question.begins(&["how"]) {
                all.into_iter().filter(|entry| entry.measures(question)).collect()
            } else {
                all
            }
        }
        _ => Vec::new(),
    };
    told(&found)
}

/// The entries that have all of `topic`: of many it is not known which is meant.
fn meant_by<'e, 'a>(entries: &'e [Entry<'a>], topic: &[&String]) -> Vec<&'e Entry<'a>> {
    let all: Vec<&Entry<'a>> = entries.iter().filter(|entry| topic.iter().all(|word| entry.has(word))).collect();
    if all.len() <= MEANT { all } else { Vec::new() }
}

/// What is said of entries: each with its day, where that was not said yet.
fn told<'a>(found: &[&Entry<'a>]) -> Option<Quote<'a>> {
    let told: Vec<&&Entry<'a>> = found.iter().filter(|entry| !entry.row.iter().any(|cell| is_kept(cell))).collect();
    let mut day: Option<&TextLine> = None;
    let mut said: Vec<String> = Vec::new();
    for entry in told.iter().take(MOST) {
        let begins_with = |line: &TextLine| entry.row.first().is_some_and(|first| std::ptr::eq(*first, line));
        let is_known = |over: &&TextLine| day.is_some_and(|day| std::ptr::eq(day, *over)) || begins_with(over);
        if let Some(over) = entry.day.filter(|over| !is_known(over)) {
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
        is_sure: true,
    })
}

/// The words of what stands over the entries, and of the window: what all of them are.
fn over(entries: &[Entry<'_>], screen: &ScreenText) -> Vec<String> {
    let top = entries.iter().flat_map(|entry| entry.day.into_iter().chain(entry.row.iter().copied()));
    let top = top.map(|line| line.region.y).min().unwrap_or(0);
    let texts = screen.lines.iter().filter(|line| line.region.y < top).map(|line| line.text.as_str());
    texts.chain(screen.window.as_deref()).flat_map(words).collect()
}

/// A day as it is asked for: its name, or "8th".
fn is_day(word: &str) -> bool {
    ties::weekday(word).is_some() && word.len() > 3 || ordinal(word).is_some()
}

/// The digits of "8th".
fn ordinal(word: &str) -> Option<&str> {
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|end| word.strip_suffix(end))?;
    digits.parse::<u8>().is_ok_and(|day| (1..=31).contains(&day)).then_some(digits)
}

/// "8th" and "third" as calendars write them.
fn cardinal(word: &str) -> String {
    let named = || numbers::parse_ordinal(&[word]).map(|(day, _)| day.to_string());
    ordinal(word).map(str::to_owned).or_else(named).unwrap_or_else(|| word.to_owned())
}

impl Entry<'_> {
    fn has(&self, word: &str) -> bool {
        let cells = self.day.iter().chain(&self.row);
        cells
            .flat_map(|cell| words(&cell.text))
            .any(|read| alike(word, &read) || ties::names(word, &read) && read.len() < 4)
    }

    /// Whether it is of the day that is called so.
    fn is_of(&self, day: &str) -> bool {
        let wanted = ties::weekday(day);
        let begins = |line: &TextLine| {
            let said = words(&line.text);
            let is_it = |word: &String| {
                wanted.is_some() && ties::weekday(word) == wanted || ordinal(day) == Some(word.trim_start_matches('0'))
            };
            said.iter().take(3).any(is_it)
        };
        let own = self.row.first().filter(|first| begins_with_day(&first.text));
        match own {
            Some(first) => begins(first),
            None => self.day.is_some_and(begins) || self.row.iter().any(|cell| cell.text.to_lowercase() == day),
        }
    }

    /// Whether it says how long, how old or how far, where that is asked.
    fn measures(&self, question: &Question) -> bool {
        let text = self.row.iter().map(|cell| cell.text.as_str()).collect::<Vec<_>>().join(" ");
        let is_range = || self.row.iter().any(|cell| typed::range(&cell.text).is_some());
        match question.said.get(1).map(String::as_str) {
            Some("long") => is_range() || measure::may_answer(question, &text),
            Some("old" | "far") => self.row.iter().any(|cell| measure::may_answer(question, &cell.text)),
            _ => false,
        }
    }
}

fn entries(screen: &ScreenText) -> Vec<Entry<'_>> {
    let mut day = None;
    let mut found = Vec::new();
    for row in rows(screen) {
        match &row[..] {
            [one] if is_day_alone(&one.text) => {
                day = Some(*one);
                // "Thursday (free)".
                if words(&one.text).iter().any(|word| matches!(word.as_str(), "free" | "off" | "holiday" | "closed")) {
                    found.push(Entry { day: None, row });
                }
            }
            // "Mon 23  09:00  Standup": the rows below are of that day until another begins.
            [first, _, ..] if begins_with_day(&first.text) => {
                day = Some(*first);
                found.push(Entry { day, row });
            }
            [first, _, ..] if begins(&first.text) => found.push(Entry { day, row }),
            [one] if begins(&one.text) && one.text.split_whitespace().count() > 2 && !one.text.ends_with('.') => {
                found.push(Entry { day, row });
            }
            // "Move in with Sam", under its day and further in.
            [one] if day.is_some_and(|day| is_under(day, one, found.last())) => found.push(Entry { day, row }),
            _ => {}
        }
    }
    found
}

/// Whether `line` stands under the line `day`, or under `last` that does, and further in.
fn is_under(day: &TextLine, line: &TextLine, last: Option<&Entry<'_>>) -> bool {
    let height = day.region.height.max(1) as i32;
    let over =
        last.filter(|last| last.day.is_some_and(|other| std::ptr::eq(other, day))).and_then(|last| last.row.first());
    let over = over.map_or(day, |first| *first);
    is_day_alone(&day.text)
        && line.region.x.saturating_sub(day.region.x) >= height / 2
        && (0..=height).contains(&line.region.y.saturating_sub(over.region.bottom()))
        && line.text.split_whitespace().count() <= ENTRY
}

/// Whether `text` is a day and little else: "Monday 23 November".
fn is_day_alone(text: &str) -> bool {
    let Some(date) = shape::find(Kind::Date, text).into_iter().next() else { return is_short_day(text) };
    let rest = format!("{} {}", &text[..date.start], &text[date.end..]);
    rest.split_whitespace().count() <= BESIDE_DAY && !text.contains(':')
}

/// "Mon 23", "Tue".
fn is_short_day(text: &str) -> bool {
    let mut tokens = text.split([' ', ',', '.']).filter(|token| !token.is_empty());
    let is_day =
        tokens.next().is_some_and(|first| first.starts_with(char::is_uppercase) && ties::weekday(first).is_some());
    let is_number = |token: &str| token.len() <= 2 && token.parse::<u32>().is_ok();
    is_day && tokens.all(is_number)
}

/// Whether `text` begins with a day: "Mon 23", "14 Feb", "2026-11-02".
fn begins_with_day(text: &str) -> bool {
    is_short_day(text) || shape::find(Kind::Date, text).first().is_some_and(|date| date.start == 0)
}

/// Whether `text` begins with a day or a time.
fn begins(text: &str) -> bool {
    // "Dep 07:48".
    let text = match text.split_once(' ') {
        Some((word, rest)) if JOURNEYS.contains(&word.trim_end_matches(['.', ':']).to_lowercase().as_str()) => {
            rest.trim()
        }
        _ => text,
    };
    let first = text.split_whitespace().next().unwrap_or_default().trim_end_matches([',', '.', '-']);
    shape::is_time(first)
        || typed::range(first).is_some()
        || text.to_lowercase().starts_with("all day")
        || begins_with_day(text)
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
        assert_eq!(
            said("where am i going on tuesday").as_deref(),
            Some("It says: Tuesday 24 November, 10:00, Dentist.")
        );
        assert_eq!(said("what is on friday"), None);
        assert_eq!(said("when is the party"), None);
    }

    #[test]
    fn a_day_stands_before_its_first_entry() {
        let page = screen(vec![
            line("Mon 23", 10, 10),
            line("09:00-09:30", 110, 10),
            line("Standup", 260, 10),
            line("14:00", 110, 40),
            line("Interview: Selma", 260, 40),
            line("Fri 27", 10, 70),
            line("08:30", 110, 70),
            line("Dentist", 260, 70),
        ]);
        let said = |asked: &str| of_agenda(&question::read(asked), &page).map(|quote| quote.said);
        assert_eq!(said("when is the interview").as_deref(), Some("It says: Mon 23, 14:00, Interview: Selma."));
        assert_eq!(said("when is the dentist").as_deref(), Some("It says: Fri 27, 08:30, Dentist."));
        assert_eq!(
            said("what do i have on monday").as_deref(),
            Some("It says: Mon 23, 09:00-09:30, Standup, 14:00, Interview: Selma.")
        );
        assert_eq!(said("how long is the standup").as_deref(), Some("It says: Mon 23, 09:00-09:30, Standup."));
        assert_eq!(said("how long is the dentist"), None);
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
