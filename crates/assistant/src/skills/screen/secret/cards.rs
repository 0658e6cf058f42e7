//! Numbers of cards.
//!
//! Owns how they are told: by their last digit, which checks the others (Luhn, ISO/IEC 7812-1), in four groups of four digits or in
//! one piece where the line tells of a card; and the groups of a card that is named. Never looks at other lines.

use super::bare;

/// What a line says that has one.
const NAMES: [&str; 10] =
    ["card", "visa", "mastercard", "amex", "maestro", "girocard", "kreditkarte", "karte", "debit", "credit"];
/// Digits of one in one piece (ISO/IEC 7812-1).
const DIGITS: std::ops::RangeInclusive<usize> = 12..=19;
/// Groups of one, and digits of a group.
const GROUP: usize = 4;

/// Marks in `hidden` which of `tokens` are the number of a card.
pub(super) fn mark(tokens: &[&str], hidden: &mut [bool]) {
    let is_group = |group: &&str| digits(group).is_some_and(|digits| digits.len() == GROUP);
    for at in 0..(tokens.len() + 1).saturating_sub(GROUP) {
        let groups = &tokens[at..at + GROUP];
        if groups.iter().all(is_group) && checks(&groups.iter().filter_map(|group| digits(group)).collect::<String>()) {
            hidden[at..at + GROUP].fill(true);
        }
    }
    let is_long = |token: &&str| digits(token).is_some_and(|digits| DIGITS.contains(&digits.len()));
    if tokens.iter().any(is_long) && tokens.iter().any(|token| is_name(token)) {
        tokens.iter().zip(hidden).for_each(|(token, hidden)| *hidden |= is_long(token));
    }
}

/// Whether `text` names a card.
pub(super) fn is_named(text: &str) -> bool {
    text.split_whitespace().any(is_name)
}

fn is_name(token: &str) -> bool {
    NAMES.contains(&bare(token).as_str())
}

/// Whether `text` may be the number of a card by its digits alone.
pub(super) fn is_one(text: &str) -> bool {
    digits(text).is_some_and(|digits| DIGITS.contains(&digits.len()))
}

/// The digits of `token`, if it has nothing else but dashes between.
fn digits(token: &str) -> Option<String> {
    let bare = token.trim_matches(|c: char| !c.is_alphanumeric());
    let is_it = !bare.is_empty() && bare.chars().all(|c| c.is_ascii_digit() || c == '-');
    is_it.then(|| bare.chars().filter(char::is_ascii_digit).collect())
}

/// Whether the last of `digits` checks the others.
fn checks(digits: &str) -> bool {
    let sum = digits.chars().rev().filter_map(|c| c.to_digit(10)).enumerate().map(|(at, digit)| match at % 2 {
        0 => digit,
        _ => digit * 2 / 10 + digit * 2 % 10,
    });
    sum.sum::<u32>() % 10 == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn marked(text: &str) -> usize {
        let tokens: Vec<&str> = text.split_whitespace().collect();
        let mut hidden = vec![false; tokens.len()];
        mark(&tokens, &mut hidden);
        hidden.into_iter().filter(|hidden| *hidden).count()
    }

    #[test]
    fn numbers_of_cards_are_told_from_other_numbers() {
        for (text, count) in [
            ("Visa 4111 1111 1111 1111", 4),
            ("4111 1111 1111 1112", 0),
            ("Second card: 378282246310005, code", 1),
            ("Gift card 6011-2093-7741-0083", 1),
            ("Order 378282246310005", 0),
            ("Card of 2026, 12 pages", 0),
            ("", 0),
        ] {
            assert_eq!(marked(text), count, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_words_are_looked_at(text in "\\PC{0,60}|((4111|card|-|1111 1111|378282246310005) ?){0,9}") {
            marked(&text);
        }
    }
}
