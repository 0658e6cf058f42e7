//! Lengths of time as people say them: "an hour and a half", "90 seconds", "two and a half minutes".

use crate::numbers;
use std::time::Duration;

/// Units and their seconds.
const UNITS: [(&str, f64); 5] =
    [("second", 1.0), ("minute", 60.0), ("hour", 3600.0), ("day", 86_400.0), ("week", 604_800.0)];

/// More than this is this: thirty thousand years, in seconds. Nothing that is counted in them overflows.
const MOST: f64 = 1e12;

/// The length of time that is all of `text`. Less than none, which somebody may say all the same, is none at all.
pub fn parse(text: &str) -> Option<Duration> {
    // Recognition writes "-5 minutes".
    let text = text.strip_prefix('-').map_or_else(|| text.to_owned(), |rest| format!("minus {rest}"));
    let words: Vec<&str> = text.split_whitespace().flat_map(number_and_unit).filter(|word| !word.is_empty()).collect();
    let mut rest = &words[..];
    let mut seconds = 0.0;
    let mut last_unit: Option<f64> = None;
    while !rest.is_empty() {
        if last_unit.is_some() && rest[0] == "and" {
            rest = &rest[1..];
        }
        let (count, taken) = match numbers::parse(rest) {
            Some(found) => found,
            None if matches!(rest.first(), Some(&("a" | "an"))) => (1.0, 1),
            // "an hour and a half timer", where the article went with the timer
            None if last_unit.is_none() && rest.first().is_some_and(|word| !word.ends_with('s')) => (1.0, 0),
            None => return None,
        };
        rest = &rest[taken..];
        match (rest.first().and_then(|word| unit(word)), last_unit) {
            (Some(unit), before) => {
                // Bigger units come first: "five minutes ten hours" is a slip of the ear.
                if before.is_some_and(|before| unit >= before) {
                    return None;
                }
                seconds += count * unit;
                last_unit = Some(unit);
                rest = &rest[1..];
            }
            // "an hour and a half"
            (None, Some(before)) if count < 1.0 && rest.is_empty() => seconds += count * before,
            // "one hour thirty"
            (None, Some(before)) if (60.0..=3600.0).contains(&before) && count < 60.0 && rest.is_empty() => {
                seconds += count * before / 60.0;
            }
            (None, _) => return None,
        }
    }
    last_unit.map(|_| Duration::from_secs_f64(seconds.clamp(0.0, MOST)))
}

/// "h30m", which is left of "1h30m", as "h", "30", "m".
fn number_and_unit(word: &str) -> [&str; 3] {
    let is_digit = |c: char| c.is_ascii_digit();
    let begin = word.find(is_digit).unwrap_or(word.len());
    let (unit, rest) = word.split_at(begin);
    let end = rest.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(rest.len());
    let (number, after) = rest.split_at(end);
    [unit, number, after]
}

fn unit(word: &str) -> Option<f64> {
    let name = match word {
        "sec" | "secs" | "s" => "second",
        "min" | "mins" | "m" => "minute",
        "hr" | "hrs" | "h" => "hour",
        _ => word.strip_suffix('s').unwrap_or(word),
    };
    UNITS.iter().find(|(known, _)| *known == name).map(|(_, seconds)| *seconds)
}

/// How a length of time is said, to the second: "1 hour, 20 minutes and 30 seconds".
pub fn in_words(length: Duration) -> String {
    let mut left = length.as_secs();
    let mut parts = Vec::new();
    for (name, seconds) in UNITS.iter().rev().filter(|(name, _)| *name != "week") {
        let count = left / *seconds as u64;
        left %= *seconds as u64;
        if count > 0 {
            parts.push(format!("{count} {name}{}", if count == 1 { "" } else { "s" }));
        }
    }
    match parts.split_last() {
        None => "0 seconds".into(),
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lengths_as_people_say_them() {
        for (text, seconds) in [
            ("five minutes", 300),
            ("5 minutes", 300),
            ("5 minute", 300),
            ("an hour", 3600),
            ("a minute", 60),
            ("an hour and a half", 5400),
            ("one and a half hours", 5400),
            ("1.5 hours", 5400),
            ("half an hour", 1800),
            ("a quarter of an hour", 900),
            ("three quarters of an hour", 2700),
            ("quarter hour", 900),
            ("90 seconds", 90),
            ("two and a half minutes", 150),
            ("two minutes and a half", 150),
            ("1 hour 30 minutes", 5400),
            ("one hour and thirty minutes", 5400),
            ("one hour thirty minutes and ten seconds", 5410),
            ("a couple of minutes", 120),
            ("twenty five min", 1500),
            ("1 h30m", 5400),
            ("1 h 30 m", 5400),
            ("1 h30", 5400),
            ("one hour thirty", 5400),
            ("two minutes thirty", 150),
            ("two days", 172_800),
            ("zero minutes", 0),
            ("0 seconds", 0),
            ("minus five minutes", 0),
            ("-5 minutes", 0),
            ("1000000 hours", 3_600_000_000),
            ("nine trillion hours", MOST as u64),
        ] {
            assert_eq!(parse(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            "five",
            "minutes",
            "a",
            "five apples",
            "minus five",
            "five minutes two hours",
            "zero",
            "-",
            "- minutes",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn lengths_as_they_are_said() {
        for (seconds, words) in [
            (1, "1 second"),
            (90, "1 minute and 30 seconds"),
            (3600, "1 hour"),
            (90_061, "1 day, 1 hour, 1 minute and 1 second"),
        ] {
            assert_eq!(in_words(Duration::from_secs(seconds)), words);
        }
    }

    proptest! {
        #[test]
        fn what_is_said_is_understood(seconds in 1_u64..86_400) {
            let said = in_words(Duration::from_secs(seconds));
            prop_assert_eq!(parse(&said.replace(',', "")), Some(Duration::from_secs(seconds)));
        }
    }
}
