//! Whether a text can be the answer to a question at all: of its kind, and no question itself.
//!
//! Owns what each kind of question is answered with: "how old" with an age, "how far" with a distance, "when" with a day or a time.
//! A line that only shares a word with a question is none. Never decides which of several texts is meant.

use super::question::Question;
use super::shape::{self, Kind};
use super::ties;
use super::words::words;
use crate::numbers;
use crate::router::normalize::is_file_name;
use crate::skills::date::day::MONTHS;

/// What is measured, and the units that tell it.
#[rustfmt::skip]
const MEASURES: &[(&[&str], &[&str])] = &[
    (&["old"], &["year", "years", "month", "months", "age", "aged", "born", "yo", "built", "since", "founded", "turns"]),
    (&["big", "large"], &[
        "m2", "m²", "sqm", "sq", "ha", "acres", "hectares", "kb", "mb", "gb", "tb", "cm", "mm", "m", "km", "inch", "inches", "px", "people", "seats", "rooms",
        "persons", "square", "size", "kib", "mib", "gib", "l", "litres", "bytes", "employees", "members", "inhabitants", "mile", "miles",
    ]),
    (&["heavy"], &["kg", "g", "mg", "t", "lb", "lbs", "oz", "pounds", "kilos", "tons", "tonnes", "weight", "grams"]),
    (&["long"], &[
        "s", "sec", "seconds", "second", "min", "mins", "minute", "minutes", "h", "hr", "hrs", "hour", "hours", "day", "days", "night", "nights", "week",
        "weeks", "month", "months", "year", "years", "until", "till", "since", "cm", "mm", "m", "km", "mi", "miles", "metres", "meters", "pages",
        "words", "characters", "ms", "fortnight", "half", "duration", "length", "always", "forever", "between",
    ]),
    (&["far"], &["km", "m", "mi", "mile", "miles", "metres", "meters", "minutes", "min", "hours", "walk", "distance", "kilometres"]),
    (&["tall", "high", "deep", "wide"], &[
        "m", "cm", "mm", "km", "ft", "feet", "foot", "in", "inch", "inches", "metres", "meters", "floors", "storeys", "miles", "px", "height", "width", "depth",
    ]),
    (&["hot", "cold", "warm"], &["degrees", "degree", "c", "f", "celsius", "fahrenheit", "gas", "mark"]),
    (&["fast"], &["kmh", "mph", "mbit", "mbps", "gbit", "ms", "km", "mb", "gb", "s", "seconds", "minutes", "hours", "knots", "speed", "ghz", "mhz", "rpm"]),
    (&["often"], &["times", "time", "every", "once", "twice", "daily", "weekly", "monthly", "yearly", "hourly", "per", "day", "week", "always", "each", "thrice"]),
];
/// Words that say when.
#[rustfmt::skip]
const WHEN: &[&str] = &[
    "today", "tomorrow", "yesterday", "tonight", "morning", "noon", "midday", "afternoon", "evening", "night", "midnight", "week", "weekend", "weeks",
    "month", "months", "year", "years", "day", "days", "hour", "hours", "minutes", "minute", "spring", "summer", "autumn", "winter", "easter",
    "christmas", "now", "soon", "daily", "weekdays", "always", "never", "immediately", "am", "pm", "weekly", "once", "until", "before", "after",
];
/// What stands before a bare hour.
const BEFORE_HOURS: [&str; 8] = ["at", "until", "till", "by", "from", "after", "before", "between"];
/// Numbers that are amounts in words.
#[rustfmt::skip]
const NUMBERS: &[&str] = &[
    "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "fifteen", "twenty", "thirty", "forty", "fifty",
    "sixty", "seventy", "eighty", "ninety", "hundred", "thousand", "million", "billion",
];
/// The oldest that anything is of which a bare number tells it.
const OLDEST: u32 = 130;

/// Things that are asked for by what they are, and how those are known in a text.
pub(super) struct Things {
    /// What they are called.
    pub called: &'static [&'static str],
    /// Whether a text has one.
    pub are_in: fn(&str) -> bool,
}

const THINGS: [Things; 3] = [
    Things { called: &["file", "files"], are_in: |text| files(text).next().is_some() },
    Things { called: &["server", "host", "domain"], are_in: has_host },
    Things { called: &["step", "stage"], are_in: is_step },
];

/// What `question` asks for by what it is: "which file was skipped".
pub(super) fn things(question: &Question) -> Option<&'static Things> {
    let [which, rest @ ..] = &question.said[..] else { return None };
    let named = rest.first().filter(|_| matches!(which.as_str(), "which" | "what"))?;
    THINGS.iter().find(|things| things.called.contains(&named.as_str()))
}

/// The names of files in `text`, in lower case and without where they are.
pub(super) fn files(text: &str) -> impl Iterator<Item = String> + '_ {
    let bare = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let last = move |word: &str| bare(word.rsplit('/').next().unwrap_or(word));
    text.split_whitespace().map(last).filter(|word| is_file_name(word))
}

/// Whether `text` has the name of a machine or its address.
fn has_host(text: &str) -> bool {
    text.split_whitespace().any(|word| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        let parts: Vec<&str> = word.split('.').collect();
        parts.len() > 1
            && !is_file_name(&word.to_lowercase())
            && parts.iter().all(|part| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '-'))
            && (word.contains(char::is_alphabetic) || parts.len() == 4)
    })
}

/// Whether `text` begins as one of several steps does: "[2/5]", "3.", "Step 3".
fn is_step(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    let bare = first.trim_matches(['[', ']', '(', ')', '.', ':']);
    let is_number = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    first.eq_ignore_ascii_case("step") || bare.split('/').all(is_number) && bare.len() < first.len()
}

/// Whether `text` may answer `question`.
pub(super) fn may_answer(question: &Question, text: &str) -> bool {
    let text = text.trim().trim_start_matches("It says:").trim();
    if things(question).is_some_and(|things| !(things.are_in)(text)) {
        return false;
    }
    match &question.said[..] {
        [how, much, is, ..]
            if how == "how"
                && much == "much"
                && matches!(is.as_str(), "is" | "are" | "was" | "were" | "does" | "do" | "did" | "will") =>
        {
            says_how_much(text)
        }
        [how, what, ..] if how == "how" => match MEASURES.iter().find(|(names, _)| names.contains(&what.as_str())) {
            Some((names, units)) => is_measured(names[0], units, text),
            None => true,
        },
        [when, ..] if when == "when" => says_when(text),
        [what, time, ..] if matches!(what.as_str(), "what" | "which") && time == "time" => says_what_time(text),
        [what, day, ..] if matches!(what.as_str(), "what" | "which") && matches!(day.as_str(), "day" | "date") => {
            says_when(text)
        }
        _ => true,
    }
}

/// Whether `question` is for what only a number with a unit tells, which no page says in words.
pub(super) fn is_of_things(question: &Question) -> bool {
    let is_one = |what: &str| matches!(what, "old" | "heavy" | "tall" | "deep" | "wide" | "far" | "hot" | "cold");
    matches!(&question.said[..], [how, what, ..] if how == "how" && is_one(what))
}

/// Whether `question` is for how long, how far, how large something is.
pub(super) fn is_measure(question: &Question) -> bool {
    let is_one = |what: &str| MEASURES.iter().any(|(names, _)| names.contains(&what));
    matches!(&question.said[..], [how, what, ..] if how == "how" && is_one(what))
}

/// Whether `text` names somebody or something: in capitals, and not because a sentence begins with it.
pub(super) fn has_name(text: &str) -> bool {
    let mut is_first = true;
    text.split_whitespace().any(|word| {
        // A sign or a time begins no sentence and ends none.
        if !word.contains(char::is_alphabetic) {
            return false;
        }
        let begins = std::mem::replace(&mut is_first, word.ends_with(['.', '!', '?', ':', ']']));
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let lower = bare.to_lowercase();
        let is_day = ties::weekday(&lower).is_some() || MONTHS.iter().any(|month| ties::is_of(&lower, month));
        !begins
            && !is_day
            && bare.chars().count() > 1
            && bare.starts_with(char::is_uppercase)
            && bare != "I'm"
            && bare != "I'll"
    })
}

/// Whether `text` asks and does not tell.
pub(super) fn is_question(text: &str) -> bool {
    text.trim_end_matches(['"', '”', '\'', ' ']).ends_with('?')
}

fn is_measured(name: &str, units: &[&str], text: &str) -> bool {
    let read = words(text);
    let has_number = |word: &String| word.contains(|c: char| c.is_ascii_digit()) || numbers::parse_all(word).is_some();
    // "25min" and "180°".
    let is_unit = |word: &String| {
        let unit = word.trim_start_matches(|c: char| c.is_ascii_digit());
        units.contains(&unit) && !unit.is_empty()
    };
    let is_told =
        read.iter().any(is_unit) && (read.iter().any(has_number) || name == "often" || name == "long" || name == "old");
    match name {
        "hot" => is_told || text.contains('°'),
        // "Grandma (81)".
        "old" => {
            let mut bare = text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse::<u32>().ok());
            is_told
                || text.contains('(') && bare.any(|age| (1..=OLDEST).contains(&age)) && !text.contains(['-', '.', ':'])
        }
        "long" => {
            is_told
                || text.split_whitespace().any(|word| super::typed::range(word).is_some())
                || has_times(text)
                || text.split_whitespace().any(is_duration)
        }
        "often" => is_told || read.iter().any(|word| is_weekday(word)),
        "big" => is_told || text.contains(['×', '²']) || text.split_whitespace().any(is_size),
        "fast" => is_told || text.contains("/h") || text.contains("/s"),
        _ => is_told,
    }
}

/// Whether `word` is how long something takes, to the second: "00:24:18".
fn is_duration(word: &str) -> bool {
    let parts: Vec<&str> = word.trim_matches(['(', ')', ',', '.']).split(':').collect();
    parts.len() == 3 && parts.iter().all(|part| part.len() <= 2 && part.parse::<u32>().is_ok())
}

/// Whether `word` is a size as listings of files have it: "2.6M".
fn is_size(word: &str) -> bool {
    word.strip_suffix(['K', 'M', 'G', 'T', 'B'])
        .is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()) && number.parse::<f64>().is_ok())
}

/// Whether `text` has a number that is no time and no day, or says that there is nothing to pay.
pub(super) fn says_how_much(text: &str) -> bool {
    let mut rest = text.to_owned();
    for range in shape::find(Kind::Date, text).into_iter().rev() {
        rest.replace_range(range, " ");
    }
    let tokens: Vec<&str> =
        rest.split_whitespace().map(|token| token.trim_matches(['(', ')', '[', ']', ',', ';'])).collect();
    let is_hour = |at: usize| at > 0 && BEFORE_HOURS.contains(&tokens[at - 1].to_lowercase().as_str());
    let is_number = |at: usize| {
        let token = tokens[at].trim_end_matches(['.', ':']);
        let is_word = || NUMBERS.contains(&token.to_lowercase().as_str());
        (token.contains(|c: char| c.is_ascii_digit()) || is_word()) && !shape::is_time(token) && !is_hour(at)
    };
    !shape::find(Kind::Amount, text).is_empty()
        || (0..tokens.len()).any(is_number)
        || words(text)
            .iter()
            .any(|word| matches!(word.as_str(), "free" | "included" | "nothing" | "half" | "gratis" | "charge"))
}

/// Whether `text` has two times of day.
fn has_times(text: &str) -> bool {
    text.split(|c: char| c.is_whitespace() || matches!(c, '-' | '–' | ',')).filter(|word| shape::is_time(word)).count()
        > 1
}

/// Whether `text` says when something is.
fn says_when(text: &str) -> bool {
    let read = words(text);
    let is_month = |word: &String| MONTHS.iter().any(|month| ties::is_of(word, month));
    let is_hour = |two: &[String]| {
        let digits = two[1].trim_end_matches("am").trim_end_matches("pm").trim_end_matches("th").trim_end_matches("st");
        BEFORE_HOURS.contains(&two[0].as_str())
            && (digits.parse::<u32>().is_ok() || numbers::parse_all(&two[1]).is_some())
    };
    !shape::find(Kind::Date, text).is_empty()
        || text.split_whitespace().any(|word| shape::is_time(word.trim_matches(['(', ')', ',', '.', ';'])))
        || read.iter().any(|word| WHEN.contains(&word.as_str()) || is_weekday(word) || is_month(word))
        || read.iter().any(|word| is_ordinal(word) || is_year(word) || is_clock(word))
        || read.windows(2).any(is_hour)
        || read.windows(3).any(is_part_of_hour)
}

/// "Tuesday", "on Tuesdays".
fn is_weekday(word: &str) -> bool {
    ties::weekday(word).or_else(|| ties::weekday(word.strip_suffix('s')?)).is_some()
}

/// "Half past four", "a quarter to eight".
fn is_part_of_hour(three: &[String]) -> bool {
    let is_part = matches!((three[0].as_str(), three[1].as_str()), ("half" | "quarter", "past") | ("quarter", "to"));
    is_part && (three[2].parse::<u32>().is_ok() || numbers::parse_all(&three[2]).is_some())
}

/// "8am", "6pm".
fn is_clock(word: &str) -> bool {
    ["am", "pm"].iter().any(|half| word.strip_suffix(half).is_some_and(|hour| hour.parse::<u32>().is_ok()))
}

fn is_year(word: &str) -> bool {
    word.len() == 4 && word.parse::<u32>().is_ok_and(|year| (1900..2100).contains(&year))
}

/// Whether `text` tells a time of day.
fn says_what_time(text: &str) -> bool {
    let read = words(text);
    let is_hour = |two: &[String]| {
        BEFORE_HOURS.contains(&two[0].as_str())
            && (two[1].parse::<u32>().is_ok_and(|hour| hour <= 24) || numbers::parse_all(&two[1]).is_some())
    };
    text.split_whitespace().any(|word| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        shape::is_time(word) || super::typed::range(word).is_some()
    }) || has_times(text)
        || read.iter().any(|word| matches!(word.as_str(), "noon" | "midday" | "midnight" | "oclock") || is_clock(word))
        || read.windows(2).any(is_hour)
        || read.windows(3).any(is_part_of_hour)
}

/// "1st", "23rd".
fn is_ordinal(word: &str) -> bool {
    ["st", "nd", "rd", "th"].iter().any(|end| word.strip_suffix(end).is_some_and(|day| day.parse::<u32>().is_ok()))
}

#[cfg(test)]
mod tests {
    use super::super::question;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_question_is_answered_with_what_it_is_measured_in() {
        for (asked, text, expected) in [
            ("how old is grandma", "14 Feb, Grandma Ilse (81)", true),
            ("how old is rosa", "Rosa Lindgren, Nurse, 1.04, 5523, 2023-02-01", false),
            ("how big is the attic", "He wants 180 euros and brings the keys for the attic back.", false),
            ("how big is the attic", "The attic has 60 m².", true),
            ("how long does it simmer", "simmer for 25 minutes", true),
            ("how far is it", "It was built in 1994.", false),
            ("when are the bins", "bins go out on Wednesday", true),
            ("when are the bins", "Bins are collected on Tuesdays.", true),
            ("when will they be back", "We expect to be home by about half past four.", true),
            ("what time is dinner", "a quarter to eight", true),
            ("when will it be mended", "We give half to charity.", false),
            ("how long have we been recording", "Recording 00:24:18.", true),
            ("when does it start", "at 6 in the yard", true),
            ("when is the release", "Release 4.2 goes out", false),
            (
                "how much is the barbecue",
                "It says: [08:52] Peter: barbecue on Saturday at 6 in the yard, bring your own plates.",
                false,
            ),
            ("how much is the barbecue", "It costs 12 each.", true),
            ("what is the total", "anything", true),
        ] {
            assert_eq!(may_answer(&question::read(asked), text), expected, "{asked}: {text}");
        }
        assert!(is_question("who took my bike?") && !is_question("me."));
    }

    proptest! {
        #[test]
        fn any_text_may_be_an_answer_or_not(asked in "(how (old|far|long|often)|when|what) \\PC{0,20}", text in "\\PC{0,60}") {
            may_answer(&question::read(&asked), &text);
        }
    }
}
