//! Days as people name them: "tomorrow", "next friday", "december 25th", "christmas", "in three weeks".

use crate::numbers;
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

/// From Monday on.
pub const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// From January on.
pub const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Days that are the same every year.
const NAMED: [(&str, i8, i8); 15] = [
    ("christmas", 12, 25),
    ("christmas day", 12, 25),
    ("christmas eve", 12, 24),
    ("boxing day", 12, 26),
    ("new year", 1, 1),
    ("new year's", 1, 1),
    ("new years", 1, 1),
    ("new year's day", 1, 1),
    ("new year's eve", 12, 31),
    ("new years eve", 12, 31),
    ("halloween", 10, 31),
    ("valentine's day", 2, 14),
    ("valentines day", 2, 14),
    ("saint patrick's day", 3, 17),
    ("independence day", 7, 4),
];

/// A day as it was named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Day {
    /// So many days from today.
    Offset(i32),
    /// The next day of that name, today left out.
    Weekday(Weekday),
    /// That day of the month, this year or next; or of the year that is named.
    Date {
        /// 1..=12
        month: i8,
        /// 1..=31
        day: i8,
        /// If it was said.
        year: Option<i16>,
    },
}

impl Day {
    /// The day that `text` names.
    pub fn parse(text: &str) -> Option<Self> {
        let text = if Self::is_named(text) { text } else { text.strip_suffix("'s").unwrap_or(text) };
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            ["today" | "todays" | "now"] => return Some(Self::Offset(0)),
            ["tomorrow" | "tomorrows"] => return Some(Self::Offset(1)),
            ["yesterday" | "yesterdays"] => return Some(Self::Offset(-1)),
            ["the", "day", "after", "tomorrow"] => return Some(Self::Offset(2)),
            ["the", "day", "before", "yesterday"] => return Some(Self::Offset(-2)),
            ["next", "week"] => return Some(Self::Offset(7)),
            ["in", rest @ ..] => return days(rest).map(Self::Offset),
            [rest @ .., "from", "now" | "today"] => return days(rest).map(Self::Offset),
            [rest @ .., "ago"] => return days(rest).map(|days| Self::Offset(-days)),
            ["next" | "this" | "on" | "coming", day] => return weekday(day).map(Self::Weekday),
            [day] if weekday(day).is_some() => return weekday(day).map(Self::Weekday),
            _ => {}
        }
        let name = text.strip_prefix("the ").unwrap_or(text);
        if let Some((_, month, day)) = NAMED.iter().find(|(known, ..)| *known == name) {
            return Some(Self::Date { month: *month, day: *day, year: None });
        }
        Self::parse_date(&words)
    }

    /// Whether `text` is a day with a name of its own, as Christmas is.
    pub fn is_named(text: &str) -> bool {
        NAMED.iter().any(|(known, ..)| *known == text)
    }

    /// "december 25th", "the 25th of december", "december twenty fifth 2027".
    fn parse_date(words: &[&str]) -> Option<Self> {
        let words = words.strip_prefix(&["the"]).unwrap_or(words);
        let month = |word: &str| MONTHS.iter().position(|known| *known == word).map(|at| at as i8 + 1);
        let number = |words: &[&str]| {
            let cardinal =
                || numbers::parse(words).filter(|(day, _)| day.fract() == 0.0).map(|(day, n)| (day as u32, n));
            numbers::parse_ordinal(words).or_else(cardinal).filter(|(day, _)| (1..=31).contains(day))
        };
        let (month, day, rest) = match month(words.first()?) {
            Some(found) => {
                let after = words[1..].strip_prefix(&["the"]).unwrap_or(&words[1..]);
                let (day, length) = number(after)?;
                (found, day, &after[length..])
            }
            None => {
                let (day, length) = number(words)?;
                let after = words[length..].strip_prefix(&["of"]).unwrap_or(&words[length..]);
                (month(after.first()?)?, day, &after[1..])
            }
        };
        let year = match rest {
            [] => None,
            [year] => Some(year.parse().ok().filter(|year| (1..=9999).contains(year))?),
            _ => return None,
        };
        Some(Self::Date { month, day: day as i8, year })
    }

    /// Its date: today or the next one.
    pub fn date(self, today: Date) -> Option<Date> {
        match self {
            Self::Offset(days) => today.checked_add(days.days()).ok(),
            Self::Weekday(day) => today.nth_weekday(1, day).ok(),
            Self::Date { month, day, year: Some(year) } => Date::new(year, month, day).ok(),
            // A leap day may be up to eight years away.
            Self::Date { month, day, year: None } => (today.year()..today.year().saturating_add(9))
                .filter_map(|year| Date::new(year, month, day).ok())
                .find(|date| *date >= today),
        }
    }

    /// Its date: today or the last one.
    pub fn last_before(self, today: Date) -> Option<Date> {
        match self {
            Self::Offset(_) | Self::Date { year: Some(_), .. } => self.date(today),
            Self::Weekday(day) => today.nth_weekday(-1, day).ok(),
            Self::Date { month, day, year: None } => (today.year().saturating_sub(8)..=today.year())
                .rev()
                .filter_map(|year| Date::new(year, month, day).ok())
                .find(|date| *date <= today),
        }
    }
}

/// A day of the week from its name.
pub fn weekday(name: &str) -> Option<Weekday> {
    let at = WEEKDAYS.iter().position(|known| *known == name)?;
    Weekday::from_monday_zero_offset(at as i8).ok()
}

/// "three days", "a week", as days.
fn days(words: &[&str]) -> Option<i32> {
    let (count, length) = match words {
        ["a" | "an", _] => (1.0, 1),
        _ => numbers::parse(words)?,
    };
    let unit = match words.get(length..)? {
        ["day" | "days"] => 1.0,
        ["week" | "weeks"] => 7.0,
        ["fortnight" | "fortnights"] => 14.0,
        _ => return None,
    };
    let days = count * unit;
    (days.fract() == 0.0 && (0.0..=36_500.0).contains(&days)).then_some(days as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_leap_day_is_found() {
        let today = Date::constant(2026, 11, 21);
        assert_eq!(Day::parse("february 29th").unwrap().date(today), Some(Date::constant(2028, 2, 29)));
        assert_eq!(Day::parse("february 30th").unwrap().date(today), None);
        assert_eq!(Day::parse("february 29th").unwrap().last_before(today), Some(Date::constant(2024, 2, 29)));
    }

    #[test]
    fn dates_as_people_say_them() {
        let date = |month, day, year| Some(Day::Date { month, day, year });
        assert_eq!(Day::parse("december 25th"), date(12, 25, None));
        assert_eq!(Day::parse("the twenty fifth of december"), date(12, 25, None));
        assert_eq!(Day::parse("december 25"), date(12, 25, None));
        assert_eq!(Day::parse("may the fourth"), date(5, 4, None));
        assert_eq!(Day::parse("july 4th 2030"), date(7, 4, Some(2030)));
        for text in ["", "december", "the 25th", "smarch 3rd", "december 32", "december 25th at noon", "in five apples"]
        {
            assert_eq!(Day::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_date_of_a_year_goes_round(day in 0_i32..366) {
            let today = Date::constant(2026, 1, 1);
            let date = today.checked_add(day.days()).unwrap();
            let said = format!("{} {}", MONTHS[date.month() as usize - 1], date.day());
            prop_assert_eq!(Day::parse(&said).unwrap().date(today), Some(date.with().year(if day == 365 { 2026 } else { date.year() }).build().unwrap()));
        }
    }
}
