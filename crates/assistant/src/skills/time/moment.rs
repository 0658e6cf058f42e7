//! Times of the day as people say them: "midnight", "5 pm", "half past six", "10:30".

use crate::numbers;
use jiff::{ToSpan, Zoned};

/// A time of the day; without "am" or "pm" it may be in either half.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// 0..=23; 1..=12 if `half` is not known.
    hour: i8,
    /// 0..=59
    minute: i8,
    /// Whether it is known which half of the day is meant.
    is_sure: bool,
}

impl Moment {
    /// The time of the day that is all of `text`.
    pub fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split(' ').collect();
        let (time, half) = match words.as_slice() {
            ["midnight"] => return Some(Self { hour: 0, minute: 0, is_sure: true }),
            ["noon" | "midday"] => return Some(Self { hour: 12, minute: 0, is_sure: true }),
            [time @ .., "am"] | [time @ .., "in", "the", "morning"] | [time @ .., "a", "m"] => (time, Some(false)),
            [time @ .., "pm"]
            | [time @ .., "in", "the", "afternoon" | "evening"]
            | [time @ .., "at", "night"]
            | [time @ .., "p", "m"] => (time, Some(true)),
            [time @ .., "o'clock" | "oclock"] => (time, None),
            time => (time, None),
        };
        let bare = time.len() == words.len();
        let (hour, minute) = hour_and_minute(time)?;
        match half {
            Some(_) if !(1..=12).contains(&hour) => None,
            Some(is_pm) => Some(Self { hour: hour % 12 + if is_pm { 12 } else { 0 }, minute, is_sure: true }),
            // A number alone may be anything.
            None if bare && time.len() == 1 && !time[0].contains(':') => None,
            None => Some(Self { hour, minute, is_sure: !(1..=12).contains(&hour) }),
        }
    }

    /// When it is next.
    pub fn next(self, now: &Zoned) -> Option<Zoned> {
        let hours =
            if self.is_sure { [Some(self.hour), None] } else { [Some(self.hour % 12), Some(self.hour % 12 + 12)] };
        let days = [now.date(), now.date().checked_add(1.day()).ok()?];
        let times =
            days.iter().flat_map(|day| hours.iter().flatten().map(move |hour| day.at(*hour, self.minute, 0, 0)));
        times.filter_map(|time| time.to_zoned(now.time_zone().clone()).ok()).filter(|time| time > now).min()
    }

    /// How it is said, once it is known when it is.
    pub fn name(self, then: &Zoned) -> String {
        match (then.hour(), then.minute()) {
            (0, 0) => "midnight".into(),
            (12, 0) => "noon".into(),
            _ => super::in_words(then),
        }
    }
}

/// "10:30", "half past six", "quarter to five", "five thirty", "five".
fn hour_and_minute(words: &[&str]) -> Option<(i8, i8)> {
    let small = |words: &[&str], most: f64| {
        let (number, taken) = numbers::parse(words)?;
        (number.fract() == 0.0 && (0.0..=most).contains(&number)).then_some((number as i8, taken))
    };
    let whole =
        |words: &[&str], most: f64| small(words, most).filter(|(_, taken)| *taken == words.len()).map(|(n, _)| n);
    match words {
        [time] if time.contains(':') => {
            let (hour, minute) = time.split_once(':')?;
            let read = |digits: &str, most: i8| digits.parse::<i8>().ok().filter(|n| (0..=most).contains(n));
            Some((read(hour, 23)?, read(minute, 59)?))
        }
        ["half", "past", hour @ ..] => Some((whole(hour, 12.0)?, 30)),
        [before @ .., "past" | "after", hour] if !before.is_empty() => Some((whole(&[*hour], 12.0)?, minutes(before)?)),
        [before @ .., "to" | "of" | "till", hour] if !before.is_empty() => {
            let hour = whole(&[*hour], 12.0)?;
            Some((if hour == 1 { 12 } else { hour - 1 }, 60 - minutes(before)?)).filter(|(hour, _)| *hour > 0)
        }
        _ => {
            let (hour, taken) = small(words, 23.0)?;
            match &words[taken..] {
                [] => Some((hour, 0)),
                rest => Some((hour, whole(rest, 59.0).filter(|minute| *minute >= 10)?)),
            }
        }
    }
}

/// "quarter", "a quarter", "ten", "ten minutes": 1..=59.
fn minutes(words: &[&str]) -> Option<i8> {
    let words = words.strip_suffix(&["minutes"]).unwrap_or(words);
    match words {
        ["quarter"] | ["a", "quarter"] => Some(15),
        _ => {
            let (number, taken) = numbers::parse(words)?;
            let is_it = taken == words.len() && number.fract() == 0.0 && (1.0..60.0).contains(&number);
            is_it.then_some(number as i8)
        }
    }
}

/// Whether a question that no template knows asks how long it is until a time or a day, and not until something happens.
pub fn is_until(text: &str) -> bool {
    const DAYS: [&str; 25] = [
        "am",
        "pm",
        "o'clock",
        "noon",
        "midnight",
        "midday",
        "tomorrow",
        "tonight",
        "today",
        "weekend",
        "birthday",
        "easter",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "summer",
        "winter",
        "spring",
        "fall",
        "autumn",
        "payday",
    ];
    let begins = ["how long", "how many", "how much time", "how much longer"].iter().any(|how| text.starts_with(how));
    let after =
        ["until", "till", "til", "before", "since"].iter().find_map(|word| text.split_once(&format!(" {word} ")));
    // Until the fall of Rome, nobody counts the days.
    let is_day = |then: &str| {
        let mut words = then.split(' ').rev();
        words.next().is_some_and(|word| DAYS.contains(&word) || word.contains(':'))
    };
    begins && after.is_some_and(|(_, then)| is_day(then))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_as_people_say_them() {
        for (text, next) in [
            ("midnight", Some("2026-11-22T00:00")),
            ("noon", Some("2026-11-22T12:00")),
            ("5 pm", Some("2026-11-21T17:00")),
            ("five pm", Some("2026-11-21T17:00")),
            ("five thirty pm", Some("2026-11-21T17:30")),
            ("12 am", Some("2026-11-22T00:00")),
            ("half past six", Some("2026-11-21T18:30")),
            ("quarter to five", Some("2026-11-21T16:45")),
            ("ten past three", Some("2026-11-21T15:10")),
            ("ten to one", Some("2026-11-22T00:50")),
            ("17:45", Some("2026-11-21T17:45")),
            ("three o'clock", Some("2026-11-22T03:00")),
            ("7 in the morning", Some("2026-11-22T07:00")),
            ("five", None),
            ("13 pm", None),
            ("25:00", None),
            ("the sun dies", None),
            ("", None),
        ] {
            let now: Zoned = "2026-11-21T15:07:00+01:00[Europe/Berlin]".parse().unwrap();
            let then = Moment::parse(text).and_then(|moment| moment.next(&now));
            assert_eq!(then.map(|then| then.strftime("%Y-%m-%dT%H:%M").to_string()).as_deref(), next, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_words_make_it_panic(words in proptest::collection::vec(proptest::sample::select(vec![
            "half", "past", "to", "quarter", "a", "ten", "five", "pm", "am", "o'clock", "17:45", "::", "minutes", "-5",
            "1e9", "zero", "one",
        ]), 0..6), hour in 0_i8..24) {
            let now = jiff::civil::date(2026, 3, 29).at(hour, 30, 0, 0).in_tz("Europe/Berlin").unwrap();
            if let Some(moment) = Moment::parse(&words.join(" ")) {
                let next = moment.next(&now);
                prop_assert!(next.is_none_or(|next| next > now));
            }
        }
    }
}
