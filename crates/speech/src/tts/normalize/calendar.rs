//! Times of day and dates.
//!
//! Owns their many spellings. A slash date is read as Americans write it, month first, unless that can't be.

use super::numbers::{cardinal, ordinal, year};
use super::reader::Reader;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A time or date, if one is next.
pub fn expression(reader: &mut Reader) -> Option<String> {
    if !reader.is_start() || reader.before(1).is_some_and(|c| matches!(c, '.' | '-' | '/' | '$' | '£' | '€')) {
        return None;
    }
    attempt(reader, clock_times)
        .or_else(|| attempt(reader, hours))
        .or_else(|| attempt(reader, ordinals))
        .or_else(|| attempt(reader, iso_date))
        .or_else(|| attempt(reader, slash_date))
        .or_else(|| attempt(reader, point_date))
        .or_else(|| attempt(reader, short_date))
        .or_else(|| attempt(reader, hour))
        .or_else(|| attempt(reader, month_first))
        .or_else(|| attempt(reader, day_first))
}

/// Runs a rule on a copy of the reader and moves the reader only if it succeeds.
pub fn attempt<T>(reader: &mut Reader, rule: impl FnOnce(&mut Reader) -> Option<T>) -> Option<T> {
    let mut copy = *reader;
    let result = rule(&mut copy)?;
    *reader = copy;
    Some(result)
}

/// Digits that are a number in `range`.
fn number(
    reader: &mut Reader,
    lengths: std::ops::RangeInclusive<usize>,
    range: std::ops::RangeInclusive<u64>,
) -> Option<u64> {
    let digits = reader.digits();
    let number = lengths.contains(&digits.len()).then(|| digits.parse().ok())??;
    range.contains(&number).then_some(number)
}

/// `am`, `p.m.` and so on, after blanks. The period of an abbreviation that ends the sentence stays for it.
fn half_of_day(reader: &mut Reader) -> Option<&'static str> {
    attempt(reader, |reader| {
        reader.blanks();
        let half = match reader.eat_any(&['a', 'A', 'p', 'P'])? {
            'a' | 'A' => "AM",
            _ => "PM",
        };
        if reader.eat(".m") {
            let ends = reader.ahead(1).is_none() || reader.ahead(1) == Some('\n') || starts_sentence(reader);
            if !ends {
                reader.eat(".");
            }
            return Some(half);
        }
        (reader.eat("m") && reader.is_end()).then_some(half)
    })
}

/// Whether a blank and a capital follow the period that is next.
fn starts_sentence(reader: &Reader) -> bool {
    reader.ahead(1) == Some(' ') && reader.ahead(2).is_some_and(char::is_uppercase)
}

/// A time, or two with a dash between them.
fn clock_times(reader: &mut Reader) -> Option<String> {
    let first = clock_time(reader)?;
    let second = attempt(reader, |reader| {
        dash(reader)?;
        attempt(reader, clock_time).or_else(|| hour(reader))
    });
    Some(second.map(|second| format!("{first} to {second}")).unwrap_or(first))
}

/// A dash, with or without blanks around it.
fn dash(reader: &mut Reader) -> Option<char> {
    reader.blanks();
    let dash = reader.eat_any(&['-', '–', '—'])?;
    reader.blanks();
    Some(dash)
}

/// `3:05`, `15:30`, `3:05:10 pm`.
fn clock_time(reader: &mut Reader) -> Option<String> {
    let hour = number(reader, 1..=2, 0..=24)?;
    reader.eat(":").then_some(())?;
    let minute = number(reader, 2..=2, 0..=59)?;
    let second = attempt(reader, |reader| {
        reader.eat(":").then_some(())?;
        number(reader, 2..=2, 0..=59)
    });
    let half = half_of_day(reader);
    if !reader.is_end() || reader.peek() == Some(':') && reader.ahead(1).is_some_and(|c| c.is_ascii_digit()) {
        return None;
    }
    let mut words = match (hour, minute, half) {
        (_, 0, Some(_)) => cardinal(hour),
        (1..=12, 0, None) => format!("{} o'clock", cardinal(hour)),
        (0, 0, None) => "midnight".to_owned(),
        (_, 0, None) => format!("{} hundred hours", cardinal(hour)),
        (_, 1..=9, _) => format!("{} oh {}", cardinal(hour), cardinal(minute)),
        _ => format!("{} {}", cardinal(hour), cardinal(minute)),
    };
    if let Some(second) = second.filter(|second| *second > 0) {
        words += &format!(" and {} second{}", cardinal(second), if second == 1 { "" } else { "s" });
    }
    if let Some(half) = half {
        words += &format!(" {half}");
    }
    Some(words)
}

/// `7-8 pm`, `9am-5pm`.
fn hours(reader: &mut Reader) -> Option<String> {
    let first = attempt(reader, hour).or_else(|| number(reader, 1..=2, 1..=12).map(cardinal))?;
    dash(reader)?;
    let second = attempt(reader, hour).or_else(|| clock_time(reader))?;
    Some(format!("{first} to {second}"))
}

/// `1st-3rd`.
fn ordinals(reader: &mut Reader) -> Option<String> {
    let suffixed = |reader: &mut Reader| {
        let day = number(reader, 1..=2, 1..=99)?;
        let _ = ["st", "nd", "rd", "th"].into_iter().find(|suffix| reader.eat(suffix))?;
        reader.is_end().then_some(day)
    };
    let first = suffixed(reader)?;
    dash(reader)?;
    Some(format!("{} to {}", ordinal(first), ordinal(suffixed(reader)?)))
}

/// `3 pm`, `11am`.
fn hour(reader: &mut Reader) -> Option<String> {
    let hour = number(reader, 1..=2, 1..=12)?;
    let half = half_of_day(reader)?;
    Some(format!("{} {half}", cardinal(hour)))
}

/// `2024-03-05`, with or without a time after a `T`; `2024/03/05`.
fn iso_date(reader: &mut Reader) -> Option<String> {
    let year_number = number(reader, 4..=4, 1000..=9999)?;
    let between = reader.eat_any(&['-', '/'])?;
    let month = number(reader, 2..=2, 1..=12)?;
    reader.eat_any(&[between])?;
    let day = number(reader, 2..=2, 1..=31)?;
    let date = date(month, day, Some(year_number));
    if reader.peek() == Some('T') && reader.ahead(1).is_some_and(|c| c.is_ascii_digit()) {
        reader.advance(1);
        let time = attempt(reader, clock_time)?;
        let _ = reader.eat_any(&['Z', 'z']);
        return reader.is_end().then(|| format!("{date}, {time}"));
    }
    let time = attempt(reader, |reader| {
        reader.eat(" ").then_some(())?;
        clock_time(reader)
    });
    let date = time.map_or(date.clone(), |time| format!("{date}, {time}"));
    (reader.is_end() && reader.peek() != Some('-')).then_some(date)
}

/// `21.11.2026`, as it is written where the day comes first.
fn point_date(reader: &mut Reader) -> Option<String> {
    let day = number(reader, 1..=2, 1..=31)?;
    reader.eat(".").then_some(())?;
    let month = number(reader, 1..=2, 1..=12)?;
    reader.eat(".").then_some(())?;
    let year_number = number(reader, 4..=4, 1000..=2999)?;
    let goes_on = reader.peek() == Some('.') && reader.ahead(1).is_some_and(|c| c.is_ascii_digit());
    (reader.is_end() && !goes_on).then(|| date(month, day, Some(year_number)))
}

/// `on 11/21`: without a word before it that makes it a date it is a fraction.
fn short_date(reader: &mut Reader) -> Option<String> {
    const BEFORE: [&str; 8] = ["on", "by", "until", "till", "since", "before", "after", "due"];
    BEFORE.contains(&reader.word_before().as_str()).then_some(())?;
    let month = number(reader, 1..=2, 1..=12)?;
    reader.eat("/").then_some(())?;
    let day = number(reader, 1..=2, 1..=31)?;
    (reader.is_end() && reader.peek() != Some('/') && (month, day) != (9, 11)).then(|| date(month, day, None))
}

/// `3/5/2024`, `03-05-2024`; with the day first when the month would be impossible.
fn slash_date(reader: &mut Reader) -> Option<String> {
    let first = number(reader, 1..=2, 1..=31)?;
    let between = reader.eat_any(&['/', '-'])?;
    let second = number(reader, 1..=2, 1..=31)?;
    reader.eat_any(&[between])?;
    let digits = reader.digits();
    let year_number = match digits.len() {
        4 => digits.parse().ok().filter(|year| (1000..=2999).contains(year))?,
        2 if between == '/' => 2000 + digits.parse::<u64>().ok()?,
        _ => return None,
    };
    let (month, day) = if first <= 12 { (first, second) } else { (second, first) };
    (month <= 12 && reader.is_end() && reader.peek() != Some('/')).then(|| date(month, day, Some(year_number)))
}

/// `March 5`, `Mar. 5th, 2024`, `March 2024`.
fn month_first(reader: &mut Reader) -> Option<String> {
    let month = month(reader)?;
    let blank = reader.peek();
    reader.blanks();
    blank.filter(|c| *c == ' ')?;
    if let Some(year_number) = attempt(reader, year_alone) {
        return Some(format!("{} {}", MONTHS[month - 1], year(year_number)));
    }
    let first = day(reader)?;
    let last = attempt(reader, |reader| {
        dash(reader)?;
        day(reader)
    });
    let year_number = attempt(reader, |reader| {
        reader.eat(",");
        reader.blanks();
        year_alone(reader)
    });
    Some(match last {
        Some(last) => {
            let year = year_number.map(|number| format!(", {}", year(number))).unwrap_or_default();
            format!("{} {} to {}{year}", MONTHS[month - 1], ordinal(first), ordinal(last))
        }
        None => date(month as u64, first, year_number),
    })
}

/// `5 March 2024`, `5th of March`.
fn day_first(reader: &mut Reader) -> Option<String> {
    let day = day(reader)?;
    reader.blanks();
    reader.eat("of ");
    let month = month(reader)?;
    let year_number = attempt(reader, |reader| {
        reader.eat(",");
        reader.blanks();
        year_alone(reader)
    });
    let year = year_number.map(|number| format!(", {}", year(number))).unwrap_or_default();
    Some(format!("the {} of {}{year}", ordinal(day), MONTHS[month - 1]))
}

/// 1 to 31, with or without its `th`, and not the beginning of something else.
fn day(reader: &mut Reader) -> Option<u64> {
    let day = number(reader, 1..=2, 1..=31)?;
    for suffix in ["st", "nd", "rd", "th"] {
        if reader.eat(suffix) {
            break;
        }
    }
    let decimal = reader.peek() == Some('.') && reader.ahead(1).is_some_and(|c| c.is_ascii_digit());
    (reader.is_end() && !decimal && !matches!(reader.peek(), Some(':' | '/' | '%' | '°'))).then_some(day)
}

fn year_alone(reader: &mut Reader) -> Option<u64> {
    let year = number(reader, 4..=4, 1000..=2999)?;
    let goes_on =
        matches!(reader.peek(), Some('.' | ',' | ':' | '-')) && reader.ahead(1).is_some_and(|c| c.is_ascii_digit());
    (reader.is_end() && !goes_on).then_some(year)
}

/// Days of the week as they are cut short.
const DAYS: [(&str, &str); 11] = [
    ("Mon", "Monday"),
    ("Tues", "Tuesday"),
    ("Tue", "Tuesday"),
    ("Wed", "Wednesday"),
    ("Thurs", "Thursday"),
    ("Thur", "Thursday"),
    ("Thu", "Thursday"),
    ("Fri", "Friday"),
    ("Sat", "Saturday"),
    ("Sun", "Sunday"),
    ("Weds", "Wednesday"),
];

/// `Mon-Fri`, or the `Sat` of "Sat, Nov 21": elsewhere these may be other words.
pub fn weekday(reader: &mut Reader) -> Option<String> {
    let day = |reader: &mut Reader| {
        let word: String = reader.run(char::is_alphabetic).iter().collect();
        DAYS.iter().find(|(short, _)| *short == word).map(|(_, name)| *name)
    };
    let first = day(reader)?;
    let last = attempt(reader, |reader| {
        dash(reader)?;
        day(reader)
    });
    if let Some(last) = last {
        return Some(format!("{first} to {last}"));
    }
    let mut next = *reader;
    next.eat(".");
    next.eat(",").then_some(())?;
    next.blanks();
    let dated = month(&mut next).is_some() || next.peek().is_some_and(|c| c.is_ascii_digit());
    dated.then(|| {
        reader.eat(".");
        first.to_owned()
    })
}

/// The name of a month, 1..=12. Short names may have their period; "may" and "march" count with a capital only.
fn month(reader: &mut Reader) -> Option<usize> {
    reader.peek().filter(|c| c.is_uppercase())?;
    let word: String = reader.run(char::is_alphabetic).iter().collect();
    let index = MONTHS
        .iter()
        .position(|month| word == *month || (word.len() == 3 || word == "Sept") && month.starts_with(&word))?;
    if word != MONTHS[index] {
        reader.eat(".");
    }
    Some(index + 1)
}

/// `month` is 1..=12.
fn date(month: u64, day: u64, year_number: Option<u64>) -> String {
    let mut words = format!("{} {}", MONTHS[month as usize - 1], ordinal(day));
    if let Some(number) = year_number {
        words += &format!(", {}", year(number));
    }
    words
}
