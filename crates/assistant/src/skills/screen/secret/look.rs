//! How much a word by itself looks like a password: by its letters, digits and signs, and how oddly they are mixed.
//!
//! Owns that and nothing else: what stands around a word decides what is made of it. Amounts, days, addresses, files, versions and
//! hashes are plain, however long.

use super::super::shape::{self, Kind};
use crate::router::normalize::is_file_name;

/// How a word looks, the plainest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Look {
    /// A word, a number, a name.
    Plain,
    /// Letters and digits in one piece: passwords, and names of products.
    Mixed,
    /// Mixed as little but passwords is: "Gr4peSoda", "9Qx-vv2", "frog!Nest".
    Odd,
}

/// Fewer letters and digits are no password in one word.
const LEAST: usize = 6;
/// Digits and the letters of a hash; fewer may be a word.
const HASH: usize = 7;
/// Letters behind a number that are its unit: "50mbit".
const UNIT: usize = 4;
/// Signs that code and paths have, and passwords now and then.
const OF_CODE: [char; 10] = ['/', '\\', '(', ')', '<', '>', '[', ']', '=', '|'];

/// How `word` looks, without the quotes, brackets and points around it.
pub(super) fn look(word: &str) -> Look {
    let written = word;
    let word = word.trim_start_matches(|c: char| !c.is_alphanumeric());
    let word = word.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '!');
    let count = word.chars().filter(|c| c.is_alphanumeric()).count();
    let has = |is: fn(char) -> bool| word.chars().any(is);
    let inner = word.trim_end_matches('!');
    let has_sign = inner.contains(['!', '#', '$', '&', '*', '^', '~', '?', '%', '+']);
    let (lower, digit) = (has(char::is_lowercase), has(|c| c.is_ascii_digit()));
    if count < LEAST || !lower || !(digit || has_sign) || is_known(word) {
        return Look::Plain;
    }
    if word.contains(OF_CODE) {
        return if is_odd_with_signs(word, written) { Look::Odd } else { Look::Plain };
    }
    let is_odd = word.split(|c: char| !c.is_alphanumeric()).any(is_odd);
    match is_odd || has_sign && has(char::is_alphabetic) {
        true => Look::Odd,
        false => Look::Mixed,
    }
}

/// Whether `word`, `written` so, is letters and digits in capitals, as a password beside a user's name may be ("VELVETMOTH31") and
/// much else is anywhere else.
pub(super) fn is_shouted(written: &str) -> bool {
    let word = written.trim_matches(|c: char| !c.is_alphanumeric());
    let has = |is: fn(char) -> bool| word.chars().any(is);
    // "INV-2026-00417".
    let is_number = word.split_once('-').is_some_and(|(name, rest)| {
        name.chars().all(char::is_alphabetic) && rest.chars().all(|c| c.is_ascii_digit() || c == '-')
    });
    word.chars().filter(|c| c.is_alphanumeric()).count() >= LEAST
        && has(|c| c.is_ascii_digit())
        && has(char::is_uppercase)
        && !has(char::is_lowercase)
        && !is_number
        && !word.contains(OF_CODE)
        && !is_known(word)
}

/// Whether `word`, which has signs of code and is `written` so, is a password all the same: its brackets are no pair, it is no path,
/// and all its pieces are mixed: "Tr0ub(dor3", but not "load(aB3," or "src/b2C".
fn is_odd_with_signs(word: &str, written: &str) -> bool {
    let is_path = word.matches(['/', '\\']).count() > 1 || written.starts_with(['/', '\\', '~', '.']);
    let is_paired = [('(', ')'), ('[', ']'), ('<', '>')].iter().any(|(open, close)| {
        written.matches(*open).count() == written.matches(*close).count() && word.contains([*open, *close])
    });
    let is_mixed = |piece: &str| {
        let has = |is: fn(char) -> bool| piece.chars().any(is);
        has(char::is_alphabetic) && has(|c| c.is_ascii_digit()) || rises(piece)
    };
    // "x=4Tm9Rb" may be a setting.
    let is_setting = word.split_once('=').is_some_and(|(name, _)| !is_mixed(name));
    let pieces = || word.split(|c: char| !c.is_alphanumeric()).filter(|piece| piece.len() > 1);
    let is_among = |piece: &str| {
        let chars: Vec<char> = piece.chars().collect();
        rises(piece)
            || chars
                .windows(3)
                .any(|three| three[0].is_alphabetic() && three[1].is_ascii_digit() && three[2].is_alphabetic())
    };
    !(is_path || is_paired || is_setting || written.ends_with([',', ';', '{', '(', ')']))
        && pieces().all(is_mixed)
        && pieces().any(is_among)
}

/// Whether a capital follows a small letter in `piece`.
fn rises(piece: &str) -> bool {
    let chars: Vec<char> = piece.chars().collect();
    chars.windows(2).any(|two| two[0].is_lowercase() && two[1].is_uppercase())
}

/// Whether the letters and digits of `piece` change more often than words and numbers do.
fn is_odd(piece: &str) -> bool {
    let class = |c: char| if c.is_ascii_digit() { 0 } else { 1 + u8::from(c.is_uppercase()) };
    let chars: Vec<char> = piece.chars().collect();
    let has_digit = chars.iter().any(char::is_ascii_digit);
    let digits_apart = chars.windows(2).filter(|two| class(two[0]) == 0 && class(two[1]) != 0).count();
    let rises = rises(piece);
    // "9Qx", and a digit among letters: "b0nat".
    let is_first = chars.first().is_some_and(char::is_ascii_digit);
    let has_both = chars.iter().any(|c| c.is_uppercase()) && chars.iter().any(|c| c.is_lowercase());
    has_digit
        && (rises || digits_apart > 1 || digits_apart == 1 && if is_first { has_both } else { chars.len() >= LEAST })
}

/// Whether `word` is of a shape that everybody knows.
fn is_known(word: &str) -> bool {
    let is_hash = word.len() >= HASH && word.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    let is_version = word.trim_start_matches('v').chars().all(|c| c.is_ascii_digit() || c == '.');
    let unit = word.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ','));
    let is_quantity = unit.len() < word.len() && unit.len() <= UNIT && unit.chars().all(char::is_alphabetic);
    let is_path = word.contains("::") || word.contains("://");
    is_hash
        || is_version
        || is_quantity
        || is_path
        || is_file_name(&word.to_lowercase())
        || [Kind::Date, Kind::Amount, Kind::Email, Kind::Url].iter().any(|kind| !shape::find(*kind, word).is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn passwords_are_told_from_other_words_with_digits() {
        for word in
            ["Gr4peSoda", "9Qx-vv2-LLp", "k0mb1nat0r77", "frog!Nest", "Kq7!mmPz", "(Tr0mbone.Lake.51)", "Quill?Fern6"]
        {
            assert_eq!(look(word), Look::Odd, "{word}");
        }
        for word in ["aB3/kQ9x", "Tr0ub(dor3", "k9<Vm2pQ", "q7[Zt4pW", "x4=Tm9Rb", "n5\\Kw8dL"] {
            assert_eq!(look(word), Look::Odd, "{word}");
        }
        for word in ["Nutmeg55", "lighthouse42", "Velvet-Moth-31", "tram-otter-2291", "77tangerine", "kx81mmq"] {
            assert!(look(word) >= Look::Mixed, "{word}");
        }
        for word in [
            "sunflower",
            "2026-11-14",
            "14:30",
            "20.11.1",
            "v2.11.0",
            "secrets2.txt",
            "a8f5f16",
            "3f2a8b0c-91d4-4e7a",
            "50mbit",
            "12.5kg",
            "ada1@mill.example",
            "https://mill.example/a1",
            "INV-2026-00417",
            "/srv/shop2",
            "9780140167771",
            "3rd",
            "Q3",
            "what?!",
            "",
            "mp3/mp4",
            "src/b2C.rs",
            "users/tom/b2C",
            "load(aB3,",
            "f(x1B)",
            "table[k2V];",
            "Vec<u8>",
            "a2<b3",
            "name=aB3kQ9",
            "v=dQw4w9WgXcQ",
            "x86/x64",
        ] {
            assert_eq!(look(word), Look::Plain, "{word}");
        }
    }

    #[test]
    fn passwords_in_capitals_are_told_from_numbers_of_things() {
        for word in ["VELVETMOTH31", "KX81-MMQQ-7", "GRAPE88SODA"] {
            assert!(is_shouted(word), "{word}");
        }
        for word in ["SUNFLOWER", "INV-2026-00417", "AX-5400", "Velvet31", "20260417", "IP4", "USB/C2A4", ""] {
            assert!(!is_shouted(word), "{word}");
        }
    }

    proptest! {
        #[test]
        fn any_word_has_a_look(word in "\\PC{0,30}") {
            look(&word);
            is_shouted(&word);
        }
    }
}
