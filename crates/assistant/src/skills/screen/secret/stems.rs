//! Which texts may tell of a secret at all, so that all others are passed by quickly.
//!
//! Owns the parts of words of which one is in every text that names a secret, or says what one is given with or opens. Never tells
//! that there is one.

/// Parts of words, in small letters, sorted. A zero may stand for an "o": "T0KEN".
#[rustfmt::skip]
const STEMS: [&str; 60] = [
    "--", "://", "admin", "alarm", "amex", "answer", "auth", "backup", "basic", "bearer", "card", "code", "combi", "contras",
    "credential", "cvc", "cvv", "door", "garage", "gate", "grew", "karte", "kennwort", "key", "lock", "locker", "log", "maestro",
    "maiden", "memorable", "mnemonic", "otp", "pass", "pet", "phrase", "pin", "psk", "puk", "pw", "recover", "root", "safe", "schl",
    "secret", "seed", "sign in", "social", "ssn", "sudo", "t0ken", "tan", "token", "user", "vault", "verif", "visa", "wi fi",
    "wi-fi", "wifi", "wlan",
];

/// Whether `text` may name a secret.
pub(super) fn may_name_one(text: &str) -> bool {
    const BY_FIRST: [(usize, usize); 256] = by_first();
    let bytes = text.as_bytes();
    (0..bytes.len()).any(|at| {
        let (from, to) = BY_FIRST[usize::from(bytes[at].to_ascii_lowercase())];
        STEMS[from..to].iter().any(|stem| begins(&bytes[at..], stem))
    })
}

/// Whether `part`, in small letters, is in `text`.
pub(super) fn has(text: &str, part: &str) -> bool {
    text.len() >= part.len() && (0..=text.len() - part.len()).any(|at| begins(&text.as_bytes()[at..], part))
}

fn begins(bytes: &[u8], part: &str) -> bool {
    bytes.get(..part.len()).is_some_and(|bytes| bytes.eq_ignore_ascii_case(part.as_bytes()))
}

/// Whether `text` has a digit.
pub(super) fn has_digit(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}

/// Which of the stems begin with each byte: from one to before another.
const fn by_first() -> [(usize, usize); 256] {
    let mut places = [(0, 0); 256];
    let mut at = 0;
    while at < STEMS.len() {
        let first = STEMS[at].as_bytes()[0] as usize;
        if places[first].1 == 0 {
            places[first].0 = at;
        }
        at += 1;
        places[first].1 = at;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::super::super::words::words;
    use super::super::{COMPOUNDS, ENDS, OFTEN_OTHERWISE, PAIRS, SECRETS, is_name};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_name_of_a_secret_has_a_stem() {
        let pairs = PAIRS.iter().flat_map(|(last, firsts)| firsts.iter().map(move |first| format!("{first} {last}")));
        let single = SECRETS.into_iter().chain(COMPOUNDS).chain(OFTEN_OTHERWISE).chain(ENDS).map(str::to_owned);
        for name in single.chain(pairs) {
            assert!(may_name_one(&name) && may_name_one(&name.to_uppercase()), "{name}");
        }
        assert!(STEMS.is_sorted());
        assert!(!may_name_one("The operator has suspended it until Thursday."));
    }

    proptest! {
        #[test]
        fn what_names_a_secret_is_never_passed_by(
            text in "\\PC{0,30}|((the|my|social|security|maiden|name|PUK2|first|pet|Wi-Fi|seed|words|of|WLANPasswort|2fa|backup) ?){0,6}",
        ) {
            let words = words(&text);
            if (0..words.len()).any(|at| is_name(&words, at)) {
                prop_assert!(may_name_one(&text), "{}", text);
            }
        }
    }
}
