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

/// Days that are counted from Easter Sunday.
const AROUND_EASTER: [(&str, i32); 9] = [
    ("easter", 0),
    ("easter sunday", 0),
    ("easter monday", 1),
    ("good friday", -2),
    ("palm sunday", -7),
    ("ash wednesday", -46),
    ("ascension day", 39),
    ("pentecost", 49),
    ("whit monday", 50),
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
    /// So many days after Easter Sunday, this year or next; or of the year that is named.
    AfterEaster {
        /// Days; less than none before it.
        days: i32,
        /// If it was said.
        year: Option<i16>,
    },
    /// The fourth Thursday of November, as in the United States.
    Thanksgiving,
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
            ["the", "day", "after", "tomorrow"] | ["day", "after", "tomorrow"] => return Some(Self::Offset(2)),
            ["the", "day", "before", "yesterday"] | ["day", "before", "yesterday"] => return Some(Self::Offset(-2)),
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
        let (feast, year) = match name.rsplit_once(' ').map(|(feast, year)| (feast, year.parse().ok())) {
            Some((feast, Some(year))) if (1583..=4099).contains(&year) => (feast, Some(year)),
            _ => (name, None),
        };
        if let Some((_, days)) = AROUND_EASTER.iter().find(|(known, _)| *known == feast) {
            return Some(Self::AfterEaster { days: *days, year });
        }
        if matches!(name, "thanksgiving" | "thanksgiving day") {
            return Some(Self::Thanksgiving);
        }
        Self::parse_date(&words)
    }

    /// Whether `text` is a day with a name of its own, as Christmas is.
    pub fn is_named(text: &str) -> bool {
        let is_feast = |text| AROUND_EASTER.iter().any(|(known, _)| *known == text) || text == "thanksgiving";
        NAMED.iter().any(|(known, ..)| *known == text) || is_feast(text)
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
            Self::AfterEaster { days, year: Some(year) } => after_easter(year, days),
            Self::AfterEaster { days, year: None } => {
                [0, 1].iter().filter_map(|n| after_easter(today.year() + n, days)).find(|date| *date >= today)
            }
            Self::Thanksgiving => {
                [0, 1].iter().filter_map(|n| thanksgiving(today.year() + n)).find(|date| *date >= today)
            }
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
            Self::AfterEaster { year: Some(_), .. } => self.date(today),
            Self::AfterEaster { days, year: None } => {
                [0, 1].iter().filter_map(|n| after_easter(today.year() - n, days)).find(|date| *date <= today)
            }
            Self::Thanksgiving => {
                [0, 1].iter().filter_map(|n| thanksgiving(today.year() - n)).find(|date| *date <= today)
            }
            Self::Date { month, day, year: None } => (today.year().saturating_sub(8)..=today.year())
                .rev()
                .filter_map(|year| Date::new(year, month, day).ok())
                .find(|date| *date <= today),
        }
    }
}

/// A day so many days after Easter Sunday, which is computed as Meeus, Jones and Butcher do for the Gregorian calendar.
fn after_easter(year: i16, days: i32) -> Option<Date> {
    let y = i32::from(year);
    let (a, b, c) = (y % 19, y / 100, y % 100);
    let h = (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
    let l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let n = h + l - 7 * m + 114;
    Date::new(year, (n / 31) as i8, (n % 31 + 1) as i8).ok()?.checked_add(days.days()).ok()
}

fn thanksgiving(year: i16) -> Option<Date> {
    Date::new(year, 11, 1).ok()?.nth_weekday_of_month(4, Weekday::Thursday).ok()
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
    fn feasts_that_move_are_where_the_calendar_has_them() {
        for (year, month, day) in
            [(1961, 4, 2), (2000, 4, 23), (2008, 3, 23), (2024, 3, 31), (2027, 3, 28), (2038, 4, 25)]
        {
            assert_eq!(after_easter(year, 0), Some(Date::constant(year, month, day)));
        }
        let today = Date::constant(2026, 11, 21);
        assert_eq!(Day::parse("good friday 2027").unwrap().date(today), Some(Date::constant(2027, 3, 26)));
        assert_eq!(Day::parse("easter").unwrap().last_before(today), Some(Date::constant(2026, 4, 5)));
        assert_eq!(Day::parse("thanksgiving").unwrap().date(today), Some(Date::constant(2026, 11, 26)));
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
