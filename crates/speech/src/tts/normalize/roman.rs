//! Roman numerals: those of kings and popes, of wars and chapters.
//!
//! Reads one only where the word before it makes it one; "IV" alone may be an infusion, "I" is mostly a person.

use super::numbers::{cardinal, ordinal};

/// Names that are counted as "the eighth".
const NAMES: [&str; 38] = [
    "albert",
    "alexander",
    "benedict",
    "carlos",
    "catherine",
    "charles",
    "clement",
    "constantine",
    "edward",
    "elizabeth",
    "ferdinand",
    "francis",
    "frederick",
    "george",
    "gregory",
    "gustav",
    "harald",
    "henry",
    "innocent",
    "ivan",
    "james",
    "john",
    "juan",
    "leo",
    "leopold",
    "louis",
    "mary",
    "napoleon",
    "nicholas",
    "otto",
    "paul",
    "peter",
    "philip",
    "pius",
    "ramses",
    "richard",
    "urban",
    "william",
];
/// Things that are counted as "two".
const THINGS: [&str; 20] = [
    "war", "chapter", "part", "volume", "act", "scene", "phase", "type", "level", "bowl", "section", "article", "book",
    "stage", "title", "episode", "season", "grade", "class", "appendix",
];

/// What the numeral `written` is called after the word `before` (in lower case; `capital`: it begins with one).
pub fn words(written: &str, before: &str, capital: bool) -> Option<String> {
    let value = value(written)?;
    let alone = written.len() == 1;
    if THINGS.contains(&before) {
        return Some(cardinal(value));
    }
    if !capital || alone {
        return None;
    }
    Some(if NAMES.contains(&before) { format!("the {}", ordinal(value)) } else { cardinal(value) })
}

/// A numeral of up to 39, written as it should be.
fn value(written: &str) -> Option<u64> {
    const TENS: [&str; 4] = ["", "X", "XX", "XXX"];
    const ONES: [&str; 10] = ["", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"];
    (1..40)
        .find(|value: &usize| written.strip_prefix(TENS[value / 10]).is_some_and(|rest| rest == ONES[value % 10]))
        .map(|value| value as u64)
}
