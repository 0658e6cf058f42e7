//! What is a secret: what it is called, where it stands in a text, and whether somebody asks for it.
//!
//! Owns the names of secrets and how they are told from what stands around them. Where it is not sure it takes a word for one:
//! to leave out too much costs little. Never decides what is said instead.

use super::nouns::DETERMINERS;
use super::shape::{self, Kind};
use super::words::words;
use crate::router::normalize::is_file_name;

/// What a label of something secret has in it, or more than one of.
const SECRETS: [&str; 14] = [
    "password",
    "passwort",
    "passphrase",
    "passcode",
    "passwd",
    "pwd",
    "pin",
    "cvv",
    "cvc",
    "puk",
    "otp",
    "ssn",
    "tan",
    "credential",
];
/// The same, of words that mean other things in sentences: "unexpected token", "the secret of success".
const OFTEN_OTHERWISE: [&str; 4] = ["secret", "secrets", "token", "seed"];
/// The same, of two words, by the last of them.
#[rustfmt::skip]
const PAIRS: [(&str, &[&str]); 8] = [
    ("code", &[
        "recovery", "backup", "verification", "security", "access", "login", "time", "door", "gate", "entry", "safe", "alarm",
        "authentication", "authenticator", "unlock", "garage", "vault", "locker", "sms", "2fa", "pin",
    ]),
    ("key", &["api", "private", "recovery", "guest", "network", "fi", "wifi", "wlan", "encryption", "ssh", "security", "secret"]),
    ("token", &["access", "api", "auth", "refresh", "security", "login"]),
    ("number", &["card", "pin"]),
    ("security", &["social"]),
    ("phrase", &["seed", "recovery", "pass", "secret", "mnemonic", "backup"]),
    ("combination", &["safe", "lock", "vault", "locker"]),
    ("pass", &["db", "database", "user", "admin", "root", "smtp", "mysql", "ftp"]),
];
/// How names of settings end that hold one: `DB_PASS`, `PGPASSWORD`, `AWS_SECRET`, `api-key`.
const ENDS: [&str; 10] =
    ["password", "passwd", "passphrase", "_pass", "_pwd", "secret", "_token", "_key", "-key", "apikey"];
/// What a code opens: "the safe opens with 12-34-56".
const LOCKED: [&str; 5] = ["safe", "vault", "locker", "padlock", "alarm"];
const OPENING: [&str; 8] = ["open", "opens", "opened", "unlock", "unlocks", "unlocked", "disarm", "disarms"];
/// Words that come between a secret's name and the secret.
const LINKS: [&str; 10] = ["is", "are", "was", "be", "will", "now", "=", ":", "->", "with"];
/// The same, where a sign follows: "pass: ...".
const SHORT: [&str; 4] = ["pass", "pw", "pwd", "pswd"];
/// What stands in lines with a name and its password, which nothing calls so: "login: bob / Red-Dog-99".
const LOGINS: [&str; 9] = ["login", "logon", "user", "username", "admin", "root", "router", "pass", "credentials"];
/// Letters, digits and signs that are as many or more may be a password.
const PASSWORD: usize = 7;
/// What is said of a secret, and is none.
#[rustfmt::skip]
const STATES: &[&str] = &[
    "wrong", "incorrect", "invalid", "correct", "right", "valid", "expired", "weak", "strong", "required", "empty", "missing",
    "needed", "optional", "secure", "safe", "hidden", "secret", "stored", "saved", "changed", "set", "sent", "ok", "okay", "good",
    "bad", "too", "not", "never", "case", "about", "the", "a", "an", "your", "my", "on", "in", "at", "for", "from", "and", "or",
    "only", "being", "used", "unknown", "encrypted", "blocked", "locked", "accepted", "rejected", "unchanged", "here", "there",
    "below", "above", "yours", "it", "this", "that", "no", "yes", "none", "please", "try", "must", "be",
];
/// How the names of secrets end that are many words.
const PHRASES: [&str; 3] = ["phrase", "passphrase", "seed"];
/// Of other secrets as many words are hidden.
const WORDS: usize = 4;
/// What stands between a name and the secret, where other words stand between as well: "the password for guests is ...".
const LAST_LINKS: [&str; 6] = ["is", "are", "was", "be", "=", ":"];
/// What is called after a secret, right behind its name.
#[rustfmt::skip]
const CALLED_SO: &[&str] = &[
    "manager", "managers", "policy", "field", "box", "button", "link", "page", "prompt", "dialog", "error", "reset", "pad", "strength",
];
/// Labels are no longer than that; what is, is a sentence.
const LABEL: usize = 8;
/// So many words before a sign are its label, in a sentence.
const NEAR: usize = 4;
/// So many letters and digits are a code.
const CODE: usize = 3;

/// Whether `label` names something that is said to nobody.
pub(super) fn is_secret(label: &str) -> bool {
    let words = words(label);
    words.len() <= LABEL
        && ((0..words.len()).any(|at| is_name(&words, at) || OFTEN_OTHERWISE.contains(&words[at].as_str()))
            || label.split_whitespace().last().is_some_and(is_setting))
}

/// As [`is_secret`], of what stands before a sign, which may be the end of a sentence.
pub(super) fn ends_in_secret(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    is_secret(text) || is_secret(&words[words.len().saturating_sub(NEAR)..].join(" "))
}

/// Whether the word `at`, with the one before it, is what a secret is called.
fn is_name<T: AsRef<str>>(words: &[T], at: usize) -> bool {
    let word = words[at].as_ref();
    let before = at.checked_sub(1).map_or("", |before| words[before].as_ref());
    SECRETS.iter().any(|name| is_one(word, name))
        || PAIRS.iter().any(|(last, firsts)| is_one(word, last) && firsts.contains(&before))
}

/// Whether `word` is `name`, of one or of many.
fn is_one(word: &str, name: &str) -> bool {
    word.strip_prefix(name).is_some_and(|rest| matches!(rest, "" | "s"))
}

/// Whether `word` is the name of a setting that holds a secret.
fn is_setting(word: &str) -> bool {
    let name = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let one = name.strip_suffix('s').unwrap_or(&name);
    ENDS.iter().any(|end| name.ends_with(end) || one.ends_with(end))
}

/// Whether what follows a secret's label may be the secret: groups of digits and letters, and no words.
pub(super) fn is_value(text: &str) -> bool {
    let mut words = text.split_whitespace().map(|word| word.trim_end_matches(['.', ',', ';'])).peekable();
    words.peek().is_some()
        && words.all(|word| {
            word.chars().any(|c| c.is_ascii_digit()) || word.chars().all(|c| !c.is_alphabetic() || c.is_uppercase())
        })
}

/// Which of `tokens`, the words of a text as they are written, are secrets: sentence by sentence, what is linked to a secret's
/// name, and what looks like a code beside one.
pub(super) fn hidden(tokens: &[&str]) -> Vec<bool> {
    let mut hidden = vec![false; tokens.len()];
    let mut from = 0;
    for at in 0..tokens.len() {
        if tokens[at].ends_with(['.', '!', '?']) || at + 1 == tokens.len() {
            hide(&tokens[from..=at], &mut hidden[from..=at]);
            from = at + 1;
        }
    }
    for at in (0..tokens.len()).filter(|at| ends_phrase(tokens, *at)) {
        hide_phrase(tokens, at, &mut hidden);
    }
    hidden
}

/// Marks the phrase whose name ends with the token `name`. Its words may have numbers with points, which end no sentence: it
/// goes to the next label or to the end of the line. Words of [`STATES`] are in phrases as well: "correct horse".
fn hide_phrase(tokens: &[&str], name: usize, hidden: &mut [bool]) {
    let links = tokens[name + 1..].iter().take_while(|token| LINKS.contains(&token.trim_end_matches(':'))).count();
    let linked = (links > 0 && name + 1 + links < tokens.len()).then_some(name + 1 + links);
    let Some(from) = linked.or_else(|| behind_sign(tokens, name)) else { return };
    let is_label = |at: &usize| is_sign(tokens[*at]) && tokens[*at].contains(char::is_alphabetic);
    let to = (from..tokens.len()).find(is_label).unwrap_or(tokens.len());
    let states = tokens[from..to].iter().filter(|token| is_state(token)).count();
    if states * 2 <= to - from {
        hidden[from..to].fill(true);
    }
}

/// Whether `text` names a secret that is many words.
pub(super) fn is_phrase(text: &str) -> bool {
    let tokens: Vec<&str> = text.split_whitespace().collect();
    (0..tokens.len()).any(|at| ends_phrase(&tokens, at))
}

/// Whether the line `tokens` ends in what a secret is called, so that the next line may begin with it, and whether a word
/// links them: "the password is".
pub(super) fn leads_on(tokens: &[&str]) -> Option<bool> {
    let links = tokens.iter().rev().take_while(|token| LINKS.contains(token)).count();
    let named = &tokens[..tokens.len() - links];
    let name = words(&named[named.len().saturating_sub(2)..].join(" "));
    let is_named = !name.is_empty() && is_name(&name, name.len() - 1) && !named.last()?.ends_with(['.', '!', '?', ',']);
    is_named.then_some(links > 0)
}

/// Whether the token `at` ends the name of a secret that is many words.
fn ends_phrase(tokens: &[&str], at: usize) -> bool {
    let name = words(&tokens[at.saturating_sub(1)..=at].join(" "));
    let is_phrase = |word: &String| PHRASES.iter().any(|phrase| is_one(word, phrase));
    name.last().is_some_and(is_phrase)
        && (is_name(&name, name.len() - 1) || name.last().is_some_and(|word| OFTEN_OTHERWISE.contains(&word.as_str())))
}

/// Where what stands behind the name that ends with the token `name` begins, if there is a sign between.
fn behind_sign(tokens: &[&str], name: usize) -> Option<usize> {
    let is_own = |token: &&&str| matches!(**token, ":" | "=" | "->" | "-" | "–");
    let signs = tokens[name + 1..].iter().take_while(is_own).count();
    let from = name + 1 + signs;
    (from < tokens.len() && (signs > 0 || is_sign(tokens[name]))).then_some(from)
}

fn is_sign(token: &str) -> bool {
    token.ends_with([':', '=']) || token == "->"
}

/// Whether `token` says of a secret how it is, or what is to be done with it.
pub(super) fn is_state(token: &str) -> bool {
    STATES.contains(&bare(token).as_str())
}

fn bare(token: &str) -> String {
    token.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

/// Marks the secrets of one sentence.
fn hide(tokens: &[&str], hidden: &mut [bool]) {
    let parts: Vec<(String, usize)> = tokens
        .iter()
        .enumerate()
        .flat_map(|(at, token)| words(token).into_iter().map(move |word| (word, at)))
        .collect();
    let all: Vec<&str> = parts.iter().map(|(word, _)| word.as_str()).collect();
    let has = |list: &[&str]| all.iter().any(|word| list.contains(word));
    let names: Vec<usize> = (0..all.len()).filter(|at| is_name(&all, *at)).map(|at| parts[at].1).collect();
    let weak = (0..all.len()).filter(|at| OFTEN_OTHERWISE.contains(&all[*at])).map(|at| parts[at].1);
    let is_short = |token: &str| is_sign(token) && SHORT.contains(&bare(token).as_str());
    let settings = (0..tokens.len()).filter(|at| is_setting(tokens[*at]) || is_short(tokens[*at]));
    let all_names: Vec<usize> = names.iter().copied().chain(weak).chain(settings).collect();
    for name in &all_names {
        hide_linked(tokens, *name, hidden);
        hide_words(tokens, *name, &all_names, hidden);
    }
    if let Some(name) = names.first() {
        hide_last(tokens, *name, hidden);
    }
    for (token, hidden) in tokens.iter().zip(hidden.iter_mut()) {
        *hidden |= is_password(token, has(&LOGINS));
    }
    if names.is_empty() && !(has(&LOCKED) && has(&OPENING)) {
        return;
    }
    let sentence = tokens.join(" ");
    let known: Vec<std::ops::Range<usize>> =
        [Kind::Date, Kind::Amount, Kind::Phone].iter().flat_map(|kind| shape::find(*kind, &sentence)).collect();
    let mut start = 0;
    for (at, token) in tokens.iter().enumerate() {
        let is_known = known.iter().any(|range| range.start < start + token.len() && start < range.end);
        start += token.len() + 1;
        hidden[at] |= !is_known && !names.contains(&at) && is_code(token);
    }
    // "12 34 56".
    let is_group = |token: &&str| is_digits(token);
    for run in tokens.chunk_by(|one, other| is_group(one) && is_group(other)).filter(|run| run.len() > 1) {
        let from = (run.as_ptr() as usize - tokens.as_ptr() as usize) / size_of::<&str>();
        if run.iter().map(|token| token.len()).sum::<usize>() > CODE {
            hidden[from..from + run.len()].fill(true);
        }
    }
}

/// Marks what the name that ends with the token `name` is linked to.
fn hide_linked(tokens: &[&str], name: usize, hidden: &mut [bool]) {
    let mut at = name + 1;
    let mut is_linked = is_sign(tokens[name]);
    while at < tokens.len() && (LINKS.contains(&tokens[at]) || is_linked && is_sign(tokens[at])) {
        is_linked = true;
        at += 1;
    }
    if !is_linked || at >= tokens.len() {
        return;
    }
    // A word alone is it, unless it says how the secret is.
    if at + 1 == tokens.len() && !is_state(tokens[at]) {
        hidden[at] = true;
    }
    while at < tokens.len() && is_value(tokens[at]) && !tokens[at].chars().all(|c| c.is_alphabetic()) {
        hidden[at] = true;
        at += 1;
    }
}

/// Marks the few words behind the sign of the name that ends with the token `name`, up to the next label.
fn hide_words(tokens: &[&str], name: usize, names: &[usize], hidden: &mut [bool]) {
    let Some(from) = behind_sign(tokens, name) else { return };
    let is_next = |at: &usize| names.contains(at) || is_sign(tokens[*at]);
    let to = (from..tokens.len()).find(is_next).unwrap_or(tokens.len()).min(from + WORDS);
    if !tokens[from..to].iter().any(|token| is_state(token)) {
        hidden[from..to].fill(true);
    }
}

/// Marks what stands at the end of a sentence that has the name of a secret, which ends with the token `name`, and other
/// words behind it: "the password for guests is sunflower".
fn hide_last(tokens: &[&str], name: usize, hidden: &mut [bool]) {
    if tokens.get(name + 1).is_some_and(|next| CALLED_SO.contains(&bare(next).as_str())) {
        return;
    }
    let is_link = |token: &&str| LAST_LINKS.contains(token) || token.ends_with(':');
    let Some(link) = tokens[name + 1..].iter().rposition(is_link).map(|at| name + 1 + at) else { return };
    // "It must be long" says how it is.
    let is_told = tokens[link] != "be" || tokens[link - 1] == "will";
    if is_told && link + 2 == tokens.len() && !is_state(tokens[link + 1]) {
        hidden[link + 1] = true;
    }
}

fn is_digits(token: &str) -> bool {
    let bare = token.trim_end_matches(['.', ',', '!', '?']);
    !bare.is_empty() && bare.chars().all(|c| c.is_ascii_digit())
}

/// Whether `token` looks like a code or a password: with a digit, and no time, address of a machine, percent or file.
fn is_code(token: &str) -> bool {
    let bare = token.trim_matches(|c: char| !c.is_alphanumeric());
    let is_address = bare.split('.').count() == 4 && bare.split('.').all(|part| part.parse::<u8>().is_ok());
    let is_file = is_file_name(bare.split(':').next().unwrap_or_default());
    let is_time = bare.contains(':') && bare.chars().all(|c| c.is_ascii_digit() || c == ':');
    bare.contains(|c: char| c.is_ascii_digit())
        && bare.chars().filter(|c| c.is_alphanumeric()).count() >= CODE
        && !(is_address || is_file || is_time || token.ends_with('%') || bare.contains('/'))
}

/// Whether `token` looks like a password whatever stands around it: letters and digits with a sign between that no name,
/// number or address has; beside a login any sign.
fn is_password(token: &str, is_beside_login: bool) -> bool {
    let bare = token.trim_matches(|c: char| !c.is_alphanumeric());
    let signs =
        |c: char| matches!(c, '!' | '#' | '$' | '&' | '*' | '^' | '~') || is_beside_login && matches!(c, '-' | '_');
    let is_numbered = bare.split_once('#').is_some_and(|(_, number)| number.chars().all(|c| c.is_ascii_digit()));
    bare.chars().count() >= PASSWORD
        && bare.contains(char::is_alphabetic)
        && bare.contains(|c: char| c.is_ascii_digit())
        && bare.contains(signs)
        && !bare.contains(['/', '@', '.', '\\', '(', '[', '<'])
        && !is_numbered
}

/// A secret that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
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
pub(super) fn asked(text: &str) -> Option<Asked> {
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
    fn what_stands_beside_a_login_or_behind_a_phrase_is_hidden() {
        let left = |text: &str| {
            let tokens: Vec<&str> = text.split_whitespace().collect();
            let kept = hidden(&tokens).into_iter().zip(&tokens).filter(|(hidden, _)| !hidden);
            kept.map(|(_, token)| *token).collect::<Vec<_>>().join(" ")
        };
        for (text, said) in [
            ("login: kim pass: Blue!Horse7", "login: kim pass:"),
            ("pass: sunflower", "pass:"),
            ("user=ann pw=Green#Cat5", "user=ann"),
            ("Login: bob / Red-Dog-99", "Login: bob /"),
            ("Router admin / qwerty-9981", "Router admin /"),
            ("Your recovery phrase is: apple river stone lamp cloud fox", "Your recovery phrase is:"),
            ("The passphrase is correct horse battery staple", "The passphrase is"),
            // And what is none.
            ("The recovery phrase is required", "The recovery phrase is required"),
            ("Invoice INV-2026-00417 of 12.11.2026", "Invoice INV-2026-00417 of 12.11.2026"),
            ("see issue#1234 and PR-2031", "see issue#1234 and PR-2031"),
            ("Login at portal.example:8443/start", "Login at portal.example:8443/start"),
            ("Boarding pass for gate B12", "Boarding pass for gate B12"),
        ] {
            assert_eq!(left(text), said, "{text}");
        }
    }

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
            is_secret(&text);
            let tokens: Vec<&str> = text.split_whitespace().collect();
            prop_assert_eq!(hidden(&tokens).len(), tokens.len());
        }

        /// No word of a phrase is said.
        #[test]
        fn a_secret_of_many_words_is_hidden(
            name in "(Recovery|Seed|Secret) phrase|Passphrase|(API )?passphrases|Seed", sign in ":| :| =", count in 1..24usize,
            phrase in "([a-z]{3,8}|[0-9]{1,2}[.] [a-z]{3,8})( [a-z]{3,8}| [0-9]{1,2}[.] [a-z]{3,8}){0,24}",
        ) {
            let phrase: Vec<&str> = phrase.split(' ').take(count).collect();
            prop_assume!(!phrase.iter().any(|word| STATES.contains(word)));
            let text = format!("{name}{sign} {}", phrase.join(" "));
            let tokens: Vec<&str> = text.split_whitespace().collect();
            let hidden = hidden(&tokens);
            prop_assert!(hidden[tokens.len() - phrase.len()..].iter().all(|hidden| *hidden), "{}: {:?}", text, hidden);
        }

        /// A few words behind a name and a sign are hidden, and one behind other words and "is".
        #[test]
        fn words_behind_a_name_are_hidden(
            name in "Wi-Fi password|PIN|Door code|Guest key", between in "( for [a-z]{3,8}){0,2}", link in " is| will be|:",
            secret in "[a-z]{3,9}( [a-z]{3,9}){0,2}( [0-9]{1,3})?", end in "[.]?",
        ) {
            let is_known = |word: &str| STATES.contains(&word) || LINKS.contains(&word) || is_secret(word);
            prop_assume!(!secret.split(' ').chain(between.split(' ')).any(is_known));
            let is_plain = between.is_empty() && link == ":";
            let secret = if is_plain { &secret[..] } else { secret.split(' ').next().unwrap() };
            let text = format!("Hello. The {name}{between}{link} {secret}{end}");
            let tokens: Vec<&str> = text.split_whitespace().collect();
            let hidden = hidden(&tokens);
            let count = secret.split(' ').count();
            prop_assert!(hidden[tokens.len() - count..].iter().all(|hidden| *hidden), "{}: {:?}", text, hidden);
        }

        /// What has a digit, behind a secret's name and a sign, is never said.
        #[test]
        fn a_value_behind_its_name_is_hidden(
            before in "(the |your |new ){0,2}",
            name in "(password|PIN|door code|Wi-Fi key|CVV|Guest Wi-Fi key|API key|access token)s?",
            link in ":| is| are| will be| =", value in "[a-z]{0,4}[0-9]{3,6}[#!]?",
        ) {
            let text = format!("Hello. {before}{name}{link} {value}");
            let tokens: Vec<&str> = text.split_whitespace().collect();
            prop_assert!(*hidden(&tokens).last().unwrap(), "{}", text);
        }
    }
}
