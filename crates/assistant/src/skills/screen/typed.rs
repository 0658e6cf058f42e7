//! What a cell is worth beside others of its column: a number, a time of day, a day, or how long something takes.
//!
//! Owns how each is read from a text that is nothing else. What a text says besides is for who asks; nothing is converted, and
//! amounts of different units are never compared by who uses it.

use super::shape::{self, Kind};
use super::ties;
use crate::skills::date::day::MONTHS;

/// What a worth is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    /// A number or an amount.
    Number,
    /// A time of day, in minutes.
    Time,
    /// A day, counted from one that all are counted from; without a year, within the year.
    Day,
    /// How long something takes, in minutes.
    Length,
}

/// What a cell is worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Worth {
    /// What it is of.
    pub of: Type,
    /// How much, in the unit of that.
    pub value: f64,
}

/// Units of time, and how many minutes they are.
#[rustfmt::skip]
const LENGTHS: &[(&[&str], f64)] = &[
    (&["min", "mins", "minute", "minutes"], 1.0),
    (&["h", "hr", "hrs", "hour", "hours"], 60.0),
    (&["day", "days"], 1440.0),
    (&["week", "weeks"], 10_080.0),
    (&["month", "months"], 43_200.0),
    (&["year", "years"], 525_600.0),
];
/// A number has no more letters beside it.
const LETTERS: usize = 4;

/// What `text` is worth.
pub(super) fn worth(text: &str) -> Option<Worth> {
    let text = text.trim();
    let made = |of, value| Some(Worth { of, value });
    if let Some((from, _)) = range(text) {
        return made(Type::Time, from);
    }
    if let Some(minutes) = minutes(text) {
        return made(Type::Time, minutes);
    }
    if let Some(day) = day(text) {
        return made(Type::Day, day);
    }
    if let Some(length) = length(text) {
        return made(Type::Length, length);
    }
    // "RE 4112" is a name, and "EUR 41" an amount.
    let is_name = text.starts_with(char::is_alphabetic) && shape::find(Kind::Amount, text).is_empty();
    if is_name || !shape::find(Kind::Date, text).is_empty() {
        return None;
    }
    number(text).and_then(|value| made(Type::Number, value))
}

/// The times of "09:00-09:30" or "9:00 – 9:30", in minutes of the day.
pub(super) fn range(text: &str) -> Option<(f64, f64)> {
    let (from, to) = text.split_once(['-', '–'])?;
    Some((minutes(from.trim())?, minutes(to.trim())?))
}

/// The minutes of a time of day.
fn minutes(text: &str) -> Option<f64> {
    if !shape::is_time(&text.replace(' ', "")) {
        return None;
    }
    let (hours, rest) = text.split_once(':')?;
    let half = match (text.to_lowercase(), text.starts_with("12")) {
        (lower, false) if lower.ends_with("pm") => 12.0,
        (lower, true) if lower.ends_with("am") => -12.0,
        _ => 0.0,
    };
    Some((hours.parse::<f64>().ok()? + half) * 60.0 + rest.get(..2)?.parse::<f64>().ok()?)
}

/// The day that `text` is, if it is nothing else: "2024-05-20", "14.11.2026", "Fri 8 Jan 2027", "3 Mar".
fn day(text: &str) -> Option<f64> {
    let of = |year: u32, month: u32, day: u32| {
        let is_day = (1..=12).contains(&month) && (1..=31).contains(&day);
        is_day.then(|| f64::from(year) * 372.0 + f64::from(month) * 31.0 + f64::from(day))
    };
    let numeric = |sign: char| {
        let parts: Vec<&str> = text.split(sign).collect();
        let [a, b, c] = parts[..] else { return None };
        let (first, month, last) = (a.parse().ok()?, b.parse().ok()?, c.parse().ok()?);
        match (a.len(), c.len()) {
            (4, 1..=2) => of(first, month, last),
            (1..=2, 4) if sign == '.' => of(last, month, first),
            (1..=2, 2) if sign == '.' => of(2000 + last, month, first),
            _ => None,
        }
    };
    if let Some(day) = ['-', '.', '/'].into_iter().find_map(numeric) {
        return Some(day);
    }
    let (mut year, mut month, mut number) = (0, None, None);
    let mut tokens = text.split([' ', ',']).filter(|token| !token.is_empty());
    tokens
        .all(|token| {
            let lower = token.trim_end_matches('.').to_lowercase();
            let digits = lower.trim_end_matches(|c: char| c.is_alphabetic());
            if ties::weekday(&lower).is_some() {
                return true;
            }
            if let Some(at) = MONTHS.iter().position(|name| ties::is_of(&lower, name)) {
                return month.replace(at as u32 + 1).is_none();
            }
            match (digits.len(), digits.parse::<u32>()) {
                (4, Ok(found)) if (1900..2100).contains(&found) => std::mem::replace(&mut year, found) == 0,
                (1..=2, Ok(found)) => number.replace(found).is_none(),
                _ => false,
            }
        })
        .then_some(())?;
    of(year, month?, number.unwrap_or(1))
}

/// How long "2 h 30 min" and "45 minutes" are.
fn length(text: &str) -> Option<f64> {
    let lower = text.to_lowercase();
    let mut all = 0.0;
    let mut number: Option<f64> = None;
    for token in lower.split_whitespace() {
        let digits = token.len() - token.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
        let (count, unit) = token.split_at(digits);
        if !count.is_empty() {
            number = Some(count.parse().ok()?);
        }
        if unit.is_empty() {
            continue;
        }
        let unit = LENGTHS.iter().find(|(names, _)| names.contains(&unit.trim_end_matches('.')))?;
        all += number.take()? * unit.1;
    }
    (all > 0.0 && number.is_none()).then_some(all)
}

/// The number in `text` where little stands beside it.
pub(super) fn number(text: &str) -> Option<f64> {
    let digits: String = text.chars().filter(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '-')).collect();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    if !digits.contains(|c: char| c.is_ascii_digit()) || letters > LETTERS {
        return None;
    }
    // The last sign has decimals behind it unless three digits follow, as behind thousands.
    let point = digits
        .rfind(['.', ','])
        .filter(|at| digits.len() - at != 4 || digits.matches(['.', ',']).count() == 1 && digits.starts_with('0'));
    let whole: String = digits[..point.unwrap_or(digits.len())].chars().filter(|c| !matches!(c, '.' | ',')).collect();
    let part = point.map_or("0", |at| &digits[at + 1..]);
    format!("{whole}.{part}").parse().ok()
}

/// `value` written as `like` is, which is a number: with its decimals, its thousands, and what stands before and behind it.
pub(super) fn written(value: f64, like: &str) -> String {
    let is_digit = |c: char| c.is_ascii_digit();
    let like = like.trim();
    let from = like.find(is_digit).unwrap_or(0);
    let to = like.rfind(is_digit).map_or(like.len(), |at| at + 1);
    let digits = &like[from..to];
    let point = digits.rfind(['.', ',']).filter(|at| digits.len() - at != 4);
    let decimals = point.map_or(0, |at| digits.len() - at - 1);
    let sign = if point.is_some_and(|at| digits[at..].starts_with(',')) { (',', '.') } else { ('.', ',') };
    let plain = format!("{:.decimals$}", value.abs());
    let (whole, part) = plain.split_once('.').unwrap_or((&plain, ""));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            grouped.push(sign.1);
        }
        grouped.push(digit);
    }
    let minus = if value < 0.0 { "-" } else { "" };
    let part = if part.is_empty() { String::new() } else { format!("{}{part}", sign.0) };
    format!("{}{minus}{grouped}{part}{}", like[..from].trim_end_matches('-'), &like[to..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cells_are_worth_what_they_say() {
        let of = |text: &str| worth(text).map(|worth| (worth.of, worth.value));
        for (text, expected) in [
            ("1,204", Some((Type::Number, 1204.0))),
            ("1.234,50 €", Some((Type::Number, 1234.5))),
            ("18.4 GB", Some((Type::Number, 18.4))),
            ("09:30", Some((Type::Time, 570.0))),
            ("2:15 pm", Some((Type::Time, 855.0))),
            ("18:00-20:30", Some((Type::Time, 1080.0))),
            ("2 h 30 min", Some((Type::Length, 150.0))),
            ("45 minutes", Some((Type::Length, 45.0))),
            ("EUR 41", Some((Type::Number, 41.0))),
            ("RE 4112", None),
            ("on time", None),
            ("", None),
            ("-", None),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
        let later = |one: &str, other: &str| {
            let (one, other) = (worth(one).unwrap(), worth(other).unwrap());
            assert_eq!((one.of, other.of), (Type::Day, Type::Day));
            assert!(one.value < other.value);
        };
        later("2019-09-15", "2023-02-01");
        later("28.11.2026", "01.12.2026");
        later("Fri 8 Jan 2027", "12 January 2027");
        later("3 Mar", "30 Sep");
        assert_eq!(written(189_650.0, "71,200"), "189,650");
        assert_eq!(written(234.4, "34.90"), "234.40");
        assert_eq!(written(1234.5, "12,50 €"), "1.234,50 €");
        assert_eq!(written(-3.0, "7"), "-3");
    }

    proptest! {
        #[test]
        fn any_text_is_worth_something_or_nothing(text in "\\PC{0,24}", number in -1_000_000..1_000_000i32) {
            worth(&text);
            written(f64::from(number), &text);
            prop_assert_eq!(worth(&number.to_string()), Some(Worth { of: Type::Number, value: f64::from(number) }));
        }
    }
}
