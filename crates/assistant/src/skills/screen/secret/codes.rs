//! Codes that are sent, shown or saved to be typed in once: "The code is 338201", "Enter this code on your TV: R7K2".
//!
//! Owns what such a code looks like and which lines tell of one. A number that only is called a code (of an error, a place, a
//! product) is none. Never looks at places.

use super::{bare, stems};

/// What such a code is called.
const NAMES: [&str; 9] = ["code", "codes", "passcode", "passcodes", "otp", "mtan", "tan", "tans", "totp"];
/// What before that makes it something else.
#[rustfmt::skip]
const OTHERWISE: &[&str] = &[
    "error", "status", "exit", "return", "response", "http", "zip", "postal", "post", "country", "area", "dialing", "source", "product",
    "promo", "promotion", "discount", "coupon", "gift", "booking", "reference", "reservation", "confirmation", "tracking", "order", "item",
    "qr", "bar", "color", "colour", "dress", "language", "currency", "airport", "sort", "bank", "tax", "building", "machine", "morse",
    "stop", "reason", "result", "event", "customer", "article", "part", "course", "job", "station", "race",
];
/// What a line says that has codes under it.
const LEADING: [&str; 12] =
    ["enter", "use", "type", "save", "keep", "following", "below", "backup", "recovery", "once", "store", "print"];
/// What a code that gives something away stands beside: "use code WINTER10 for 10 percent off".
const GIVING: [&str; 6] = ["off", "discount", "percent", "checkout", "shipping", "offer"];
/// So many letters and digits a code has at least ...
const LEAST: usize = 4;
/// ... and at most, in one piece.
const MOST: usize = 12;

/// Whether `tokens`, the words of a line, tell of a code to type in.
pub(super) fn tell_of_one(tokens: &[&str]) -> bool {
    if !["code", "otp", "tan"].iter().any(|name| tokens.iter().any(|token| stems::has(token, name))) {
        return false;
    }
    let gives = tokens.iter().any(|token| GIVING.contains(&bare(token).as_str()) || token.ends_with('%'));
    !gives
        && (0..tokens.len()).any(|at| {
            let before = at.checked_sub(1).map_or(String::new(), |at| bare(tokens[at]));
            // "The code of conduct".
            let is_of = tokens.get(at + 1).is_some_and(|next| *next == "of");
            NAMES.contains(&bare(tokens[at]).as_str()) && !OTHERWISE.contains(&before.as_str()) && !is_of
        })
}

/// Whether codes stand under a line of such `tokens`.
pub(super) fn lead_to_some(tokens: &[&str]) -> bool {
    let leads = |token: &&str| LEADING.contains(&bare(token).as_str());
    tell_of_one(tokens) && (tokens.last().is_some_and(|last| last.ends_with(':')) || tokens.iter().any(leads))
}

/// Which of `tokens` are codes: in one piece, or digits in groups.
pub(super) fn in_tokens(tokens: &[&str]) -> Vec<bool> {
    let mut found: Vec<bool> = tokens.iter().map(|token| is_one(token)).collect();
    let is_group = |token: &&str| is_digits(token.trim_end_matches(['.', ',', '#']));
    // "+44 7700 900177".
    let is_phone = |token: &&str| token.strip_prefix('+').is_some_and(is_digits);
    let mut at = 0;
    for run in tokens.chunk_by(|one, other| (is_group(one) || is_phone(one)) && is_group(other)) {
        let digits: usize = run.iter().map(|token| token.len()).sum();
        if is_phone(&run[0]) {
            found[at..at + run.len()].fill(false);
        } else if run.len() > 1 && digits >= LEAST {
            found[at..at + run.len()].fill(true);
        }
        at += run.len();
    }
    found
}

/// Whether `tokens` are codes and nothing else.
pub(super) fn are_all(tokens: &[&str]) -> bool {
    !tokens.is_empty() && in_tokens(tokens).into_iter().all(|is_code| is_code)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether `token` looks like one in one piece: letters in capitals and digits, with dashes at most.
fn is_one(token: &str) -> bool {
    let token = token.trim_end_matches(['.', ',', '!', '?', '#']);
    let letters = token.chars().filter(|c| *c != '-').count();
    (LEAST..=MOST).contains(&letters)
        && token.chars().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase() || c == '-')
        && token.contains(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<&str> {
        let tokens: Vec<&str> = text.split(' ').collect();
        let found = in_tokens(&tokens);
        if !tell_of_one(&tokens) {
            return Vec::new();
        }
        tokens.into_iter().zip(found).filter_map(|(token, is_code)| is_code.then_some(token)).collect()
    }

    #[test]
    fn codes_to_type_in_are_told_from_what_is_called_a_code() {
        assert_eq!(codes("The code is 338201."), ["338201."]);
        assert_eq!(codes("G-338201 is your code."), ["G-338201"]);
        assert_eq!(codes("Enter this code on your TV: R7K2."), ["R7K2."]);
        assert_eq!(codes("The code is 482 9 1 3"), ["482", "9", "1", "3"]);
        assert_eq!(codes("Your mTAN for the transfer of 120,00 EUR is 559102"), ["559102"]);
        for text in
            ["Error code 1045", "rsync error (exit code 12000)", "Your booking code ABC123", "The code has 12 lines"]
        {
            assert!(codes(text).is_empty(), "{text}");
        }
        assert!(
            lead_to_some(&["enter", "this", "code:"]) && are_all(&["8812", "4470,"]) && !are_all(&["Page", "1200"])
        );
    }
}
