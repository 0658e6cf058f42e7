//! Whether somebody asks for a secret, or what it is like.
//!
//! Owns how such questions are told from those about secrets in general. Never looks at a screen.

use super::super::nouns::DETERMINERS;
use super::text::{LOCKED, OPENING};
use super::{OFTEN_OTHERWISE, is_name, is_one, is_setting};

/// A secret that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::skills::screen) struct Asked {
    /// What it is called: "wifi key".
    pub name: String,
    /// Whether it is one of who asks, even where nothing was seen: "my pin", "spell the password", but not "who invented the
    /// password" and "the pin code of Mumbai".
    pub is_own: bool,
}

/// Names of secrets that are other things as well, without a word before them.
const MEANT_OTHERWISE: [&str; 8] = ["pin", "tan", "key", "seed", "security", "token", "secret", "combination"];
/// What is asked of a secret beside it itself: "say the password backwards", "is the password hunter2".
#[rustfmt::skip]
const OF_PROPERTIES: &[&str] = &[
    "backwards", "backward", "slowly", "again", "aloud", "loud", "out", "start", "starts", "begin", "begins", "end", "ends", "contain",
    "contains", "include", "includes", "long", "short", "first", "last", "letter", "digit", "digits", "character", "number", "numbers",
    "please", "now", "once", "more", "it", "i", "you", "can", "could", "would", "will", "repeat", "reveal", "there", "from", "on", "at",
    "here", "screen", "page", "window",
];
/// Who says one of these about a secret's name does not ask for a certain one.
#[rustfmt::skip]
const GENERAL: &[&str] = &[
    "change", "reset", "forget", "forgot", "forgotten", "create", "make", "recover", "generate", "choose", "pick", "invent", "strong",
    "good", "best", "safest", "common", "commonest", "most", "popular", "manager", "managers", "policy", "copy",
];
/// What stands where a secret is typed, or is called after one.
const PLACES: [&str; 8] = ["field", "box", "button", "link", "page", "prompt", "dialog", "error"];

/// The secret that `text`, words in lower case, asks for or asks a property of.
pub(in crate::skills::screen) fn asked(text: &str) -> Option<Asked> {
    let words: Vec<&str> = text.split(' ').collect();
    if words.iter().any(|word| GENERAL.contains(word)) {
        return None;
    }
    let is_open = |at: &usize| LOCKED.contains(&words[*at]) || matches!(words[*at], "door" | "gate" | "lock");
    if words.iter().any(|word| OPENING.contains(word) || *word == "into")
        && let Some(at) = (1..words.len()).find(|at| is_open(at) && DETERMINERS.contains(&words[at - 1]))
    {
        return Some(Asked { name: words[at].to_owned(), is_own: false });
    }
    let is_last = |at: usize| at + 1 == words.len();
    let is_it = |at: &usize| {
        let word = words[*at];
        let is_weak = (OFTEN_OTHERWISE.contains(&word) || word == "key" || word == "combination") && is_last(*at);
        is_name(&words, *at) || is_weak || is_setting(word) && !OFTEN_OTHERWISE.contains(&word)
    };
    let at = (0..words.len()).find(is_it)?;
    if words.get(at + 1).is_some_and(|next| PLACES.contains(next)) {
        return None;
    }
    // What it is called begins behind an article, at most two words before.
    let is_word_before = |before: &usize| !is_of_question(words[*before]);
    let first = (at.saturating_sub(3)..at).rev().take_while(is_word_before).last().unwrap_or(at);
    let article = first.checked_sub(1).map_or("", |before| words[before]);
    if matches!(article, "a" | "an" | "any" | "some" | "no" | "to") || words[first..at].contains(&"unexpected") {
        return None;
    }
    let is_own = article == "my" || DETERMINERS.contains(&article) && is_strong(&words[first..=at]);
    let names_else = || {
        let is_else = |word: &&str| {
            // "Is the password hunter2".
            let is_guess = word.contains(|c: char| c.is_ascii_digit());
            !(is_guess || OF_PROPERTIES.contains(word) || is_of_question(word))
        };
        words[..first].iter().chain(&words[at + 1..]).any(is_else)
    };
    Some(Asked { name: words[first..=at].join(" "), is_own: is_own && !names_else() })
}

/// Whether what is called `name` is a secret and nothing else: "password" and "wifi key", but not "pin".
fn is_strong(name: &[&str]) -> bool {
    let last = name.len() - 1;
    let is_other = MEANT_OTHERWISE.iter().any(|other| is_one(name[last], other));
    is_setting(name[last]) && !is_other || is_name(name, last) && (!is_other || last > 0 && name[last] != "security")
}

/// Words before what a secret is called.
fn is_of_question(word: &str) -> bool {
    const OTHERS: [&str; 39] = [
        "a",
        "an",
        "any",
        "some",
        "no",
        "is",
        "are",
        "was",
        "were",
        "has",
        "have",
        "does",
        "do",
        "did",
        "what",
        "find",
        "locate",
        "where",
        "which",
        "say",
        "spell",
        "read",
        "tell",
        "me",
        "of",
        "in",
        "for",
        "with",
        "about",
        "to",
        "how",
        "many",
        "letters",
        "and",
        "show",
        "give",
        "characters",
        "if",
        "whats",
    ];
    DETERMINERS.contains(&word) || OTHERS.contains(&word)
}
#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_secret_is_asked_for_also_by_what_it_is_like() {
        for (text, name, is_own) in [
            ("say the password backwards", "password", true),
            ("spell the password", "password", true),
            ("what does the password start with", "password", true),
            ("how many characters has the pin", "pin", false),
            ("how many characters has my pin", "pin", true),
            ("how long is my password", "password", true),
            ("is the password hunter2", "password", true),
            ("what is the wifi key", "wifi key", true),
            ("what is the wi fi key", "wi fi key", true),
            ("what is the google verification code", "google verification code", true),
            ("what is my social security number", "social security", true),
            ("what is pgpassword", "pgpassword", false),
            ("what is the db pass", "db pass", true),
            ("what is the safe combination", "safe combination", true),
            ("how do i open the safe", "safe", false),
            ("what are the last digits of my card number", "card number", true),
            ("does the token end with x", "", false),
            ("what is the key", "key", false),
            ("what is that password", "password", true),
            ("what is the pin code of mumbai", "pin", false),
            ("when did the social security act start", "social security", false),
            ("how do i get rid of the tan", "tan", false),
            ("who invented the password", "password", false),
            ("who invented the safety pin", "safety pin", false),
            ("what are the credentials of a doctor", "credentials", false),
            ("what does the enter key do", "", false),
            ("what are my passwords", "passwords", true),
            ("what are the recovery codes", "recovery codes", true),
        ] {
            let found = asked(text);
            match name {
                "" => assert_eq!(found, None, "{text}"),
                _ => assert_eq!(found, Some(Asked { name: name.into(), is_own }), "{text}"),
            }
        }
    }

    #[test]
    fn what_is_asked_about_secrets_in_general_is_no_question_for_one() {
        for text in [
            "what is a password",
            "how do i make a strong password",
            "how do i reset my password",
            "what is the best password manager",
            "where is the password field",
            "what does unexpected token mean",
            "what is the secret of success",
            "what is the key point",
            "how do i pick a pin",
            "open the door to success with me",
            "what is the total",
            "",
        ] {
            let found = asked(text);
            assert!(found.as_ref().is_none_or(|found| found.name == "door"), "{text}: {found:?}");
        }
    }

    proptest! {
        #[test]
        fn any_words_can_be_judged(text in "\\PC{0,60}|((the|my|a|password|pin|is|wifi|key|opens|with|12|safe|:|=|x9z) ){0,9}") {
            asked(&text);
        }
    }
}
