//! What is a secret, and the one place that decides what of a text or a screen is said to nobody.
//!
//! Owns the names of secrets. [`text`] tells where in a text one stands, [`mask`] what of a screen is one for where it stands, [`wraps`] what of a
//! sentence that is broken over lines,
//! [`asked`] whether somebody asks for one, [`copied`] which one is meant. All that is spoken, shown or handed to a model is of a screen that is
//! [`masked`]; what is no line of one, such as a title or a model's answer, is [`kept`]. Only who asks for a copy gets what
//! stands there. Where it is not sure it takes a word for one: to leave out too much costs little. Never decides what is said
//! instead.

mod asked;
mod blocks;
mod cards;
mod codes;
mod copied;
mod lists;
mod locks;
mod logins;
mod look;
mod machines;
mod mask;
mod phrase;
mod said;
mod stems;
mod text;
mod vault;
#[cfg(test)]
mod windows;
mod wraps;

use super::cells::Cells;
use super::words::words;
use crate::router::normalize::is_file_name;
pub(super) use asked::asked;
pub(super) use copied::{Copied, copied, line_of, name_of_one};
use jarvis_core::ScreenText;
pub(super) use mask::masked;
use std::borrow::Cow;

/// Stands in the place of a secret in text that is shown as it was read.
pub const HIDDEN: &str = "•••";

impl super::Screen {
    /// `screen` as it was read, with [`HIDDEN`] in the place of each secret that no answer would tell: for whoever shows all of it,
    /// as `jarvis see` does. A word that is a secret in one place of a line is hidden in all of that line.
    pub fn without_secrets(screen: &ScreenText) -> ScreenText {
        let mut shown = without(screen, &Cells::of(screen), HIDDEN);
        if let Some(title) = &mut shown.window {
            *title = kept(title).replace(MASK, HIDDEN);
        }
        shown
    }
}

/// `screen`, whose cells are `cells`, as it was read, with `sign` in the place of each word of a secret in its lines.
pub(super) fn without(screen: &ScreenText, cells: &Cells<'_>, sign: &str) -> ScreenText {
    let mut shown = screen.clone();
    for (line, places) in cells.screen.lines.iter().zip(mask::places(&cells.screen)) {
        let written = cells.written(&[line]);
        let at = written.first().and_then(|first| screen.lines.iter().position(|other| std::ptr::eq(other, *first)));
        let mut words: Vec<&str> = places.into_iter().flat_map(|place| line.text[place].split_whitespace()).collect();
        // The longest first: what another begins with would leave its end.
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        // Where it is not known which line it is of, it is hidden in all.
        let texts = shown.lines.iter_mut().enumerate().filter(|(other, _)| at.is_none_or(|at| at == *other));
        for (_, shown) in texts {
            for word in &words {
                shown.text = shown.text.replace(word, sign);
            }
        }
    }
    shown
}

/// Stands in the place of a secret: a character that no text has, and a digit, as codes have.
pub(super) const MASK: &str = "\u{FDD0}0";

/// `text` with [`MASK`] in the place of each secret that its own words tell.
pub(super) fn kept(text: &str) -> Cow<'_, str> {
    let hidden = text::hidden(text);
    if hidden.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut kept = text.to_owned();
    for range in hidden.into_iter().rev() {
        kept.replace_range(range, MASK);
    }
    Cow::Owned(kept)
}

/// Whether `text` has a secret, or one was taken out of it.
pub(super) fn has_secret(text: &str) -> bool {
    text.contains(MASK) || !text::hidden(text).is_empty()
}

/// What a label of something secret has in it, or more than one of.
const SECRETS: [&str; 21] = [
    "password",
    "passwort",
    "kennwort",
    "contraseña",
    "contrasena",
    "passphrase",
    "passcode",
    "passwd",
    "pwd",
    "pw",
    "pin",
    "cvv",
    "cvc",
    "puk",
    "otp",
    "ssn",
    "tan",
    "credential",
    "mnemonic",
    "zugangscode",
    "türcode",
];
/// How such words end that are written in one: "WLAN-Passwort" is two, "Netzwerkschlüssel" is one.
#[rustfmt::skip]
const COMPOUNDS: [&str; 7] = [
    "passwort", "kennwort", "netzwerkschlüssel", "sicherheitscode", "bestätigungscode", "türcode", "zugangscode",
];
/// The same, of words that mean other things in sentences: "unexpected token", "the secret of success".
const OFTEN_OTHERWISE: [&str; 4] = ["secret", "secrets", "token", "seed"];
/// The same, of two words, by the last of them.
#[rustfmt::skip]
const PAIRS: [(&str, &[&str]); 17] = [
    ("code", &[
        "recovery", "backup", "verification", "security", "access", "login", "time", "door", "gate", "entry", "safe", "alarm",
        "authentication", "authenticator", "unlock", "garage", "vault", "locker", "sms", "2fa", "pin", "box", "lock", "lockbox", "keybox",
        "pickup", "collection", "participant", "meeting", "entrance", "setup", "pairing", "unlocking", "sim", "padlock", "keypad",
    ]),
    ("key", &["api", "private", "recovery", "guest", "network", "fi", "wifi", "wlan", "encryption", "ssh", "security", "secret", "setup",
        "access", "wpa", "wpa2", "wep"]),
    ("schlüssel", &["wlan", "netzwerk", "wpa", "wpa2", "fi"]),
    ("token", &["access", "api", "auth", "refresh", "security", "login"]),
    ("number", &["card", "pin"]),
    ("security", &["social"]),
    ("phrase", &["seed", "recovery", "pass", "secret", "mnemonic", "backup"]),
    ("words", &["seed", "recovery", "secret", "backup"]),
    ("answer", &["security", "secret"]),
    // What is asked of who forgot a password.
    ("name", &["maiden"]),
    ("word", &["memorable", "secret", "code", "safe"]),
    ("pet", &["first", "childhood"]),
    ("up", &["grew"]),
    ("passe", &["de"]),
    ("backup", &["2fa", "mfa"]),
    ("combination", &["safe", "lock", "vault", "locker"]),
    ("pass", &["db", "database", "user", "admin", "root", "smtp", "mysql", "ftp"]),
];
/// How names of settings end that hold one: `DB_PASS`, `PGPASSWORD`, `AWS_SECRET`, `api-key`.
const ENDS: [&str; 10] =
    ["password", "passwd", "passphrase", "_pass", "_pwd", "secret", "_token", "_key", "-key", "apikey"];
/// How names of settings begin that end so and hold none: `MAX_TOKENS`, `public_key`.
#[rustfmt::skip]
const OPEN: [&str; 15] = [
    "max_", "min_", "num_", "n_", "total_", "prompt_", "public_", "primary_", "foreign_", "sort_", "partition_", "cache_", "hot_", "short",
    "next_",
];
/// What is called after a secret and is none, right behind its name: "password age".
#[rustfmt::skip]
const ABOUT: &[&str] = &[
    "age", "policy", "policies", "length", "strength", "manager", "managers", "field", "fields", "reset", "url", "min", "max", "minimum",
    "maximum", "limit", "rules", "requirements", "generator", "expiry", "expires", "expiration", "attempts", "history", "settings",
    "options", "protection", "count", "path", "prefix", "size", "type", "id", "name", "renewal", "rotation", "status", "checker", "fails",
];
/// What goes on with what a secret's name is of: "password for guests".
const OF: [&str; 16] =
    ["for", "of", "in", "at", "on", "from", "by", "and", "or", "für", "vom", "von", "der", "des", "zum", "is"];
/// So many words may stand behind a secret's name in a label, whatever they are.
const TAIL: usize = 2;
/// Words that come between a secret's name and the secret.
#[rustfmt::skip]
const LINKS: [&str; 16] = [
    "is", "are", "was", "be", "will", "now", "=", ":", "->", "with", "ist", "sind", "lautet", "lauten", "heißt", "jetzt",
];
/// What is said of a secret, and is none.
#[rustfmt::skip]
const STATES: &[&str] = &[
    "null", "nil", "true", "false", "string", "str", "undefined", "await", "async", "new", "active", "revoked", "inactive", "shared",
    "wrong", "incorrect", "invalid", "correct", "right", "valid", "expired", "weak", "strong", "required", "empty", "missing",
    "needed", "optional", "secure", "safe", "hidden", "secret", "stored", "saved", "changed", "set", "sent", "ok", "okay", "good",
    "bad", "too", "not", "never", "case", "about", "the", "a", "an", "your", "my", "on", "in", "at", "for", "from", "and", "or",
    "only", "being", "used", "unknown", "encrypted", "blocked", "locked", "accepted", "rejected", "unchanged", "here", "there",
    "below", "above", "yours", "it", "this", "that", "no", "yes", "none", "please", "try", "must", "be", "expires", "again",
    "falsch", "richtig", "ungültig", "gültig", "abgelaufen", "erforderlich", "nötig", "notwendig", "leer", "sicher", "unsicher", "schwach",
    "stark", "korrekt", "geheim", "geändert", "gesetzt", "gespeichert", "vergessen", "gesperrt", "verschlüsselt", "unbekannt", "bekannt",
    "pflicht", "lang", "kurz", "nicht", "kein", "keine", "noch", "schon", "zu", "hier", "dort", "unten", "oben", "ihr", "dein", "das", "die",
    "der", "dem", "den", "ein", "eine", "einem", "einer", "ihre", "deine", "neu", "alt", "gleich", "verschieden", "angezeigt", "wichtig",
];
/// Of them, and beside them, what says nothing by itself: it may be in a phrase as well.
#[rustfmt::skip]
const LITTLE: [&str; 25] = [
    "the", "a", "an", "your", "my", "on", "in", "at", "for", "from", "and", "or", "it", "this", "that", "to", "of", "with", "by",
    "as", "about", "only", "here", "there", "is",
];
/// How the names of secrets end that are many words.
const PHRASES: [&str; 5] = ["phrase", "passphrase", "seed", "mnemonic", "words"];
/// Labels are no longer than that; what is, is a sentence.
const LABEL: usize = 8;
/// So many words before a sign are its label, in a sentence.
const NEAR: usize = 4;

/// Whether `label` names something that is said to nobody. What it says in brackets and asides is no part of the name.
pub(super) fn is_secret(label: &str) -> bool {
    let named = label.split(['(', '[']).next().filter(|named| has_words(named)).unwrap_or(label);
    named.split([',', ';']).any(names_secret)
}

fn names_secret(named: &str) -> bool {
    let words: Vec<String> = named.split_whitespace().filter(|word| !is_place(word)).flat_map(words).collect();
    words.len() <= LABEL
        && ((0..words.len()).any(|at| ends_label(&words, at))
            || named.split_whitespace().last().is_some_and(is_setting))
}

/// Whether the word `at` of a label is what a secret is called, and the words behind it say only whose it is.
fn ends_label(words: &[String], at: usize) -> bool {
    let tail = &words[at + 1..];
    let next = tail.first().map_or("", String::as_str);
    // "The Password to Larkspur Lane".
    let is_of = || OF.contains(&next) || next == "to" && tail.len() > 1 && LITTLE.contains(&tail[1].as_str());
    if is_name(words, at) {
        return !ABOUT.contains(&next) && (tail.len() <= TAIL && next != "to" || is_of());
    }
    OFTEN_OTHERWISE.contains(&words[at].as_str()) && (tail.is_empty() || next == "for" || next == "value")
}

/// Whether `word` is the place or the name of a file.
fn is_place(word: &str) -> bool {
    if !word.contains(['/', '.']) {
        return false;
    }
    let word = word.trim_matches(|c: char| matches!(c, '"' | '\'' | ',' | ';' | ':' | '(' | ')'));
    let is_path = word.starts_with(['/', '~', '.']) || word.matches('/').count() > 1 || word.contains("://");
    let is_question = word.contains(['?', '&', '=']);
    is_path && word.contains('/') && !is_question || is_file_name(&word.to_lowercase())
}

/// Whether there is more in `text` than signs.
fn has_words(text: &str) -> bool {
    text.contains(char::is_alphanumeric)
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
        || COMPOUNDS.iter().any(|end| word.strip_suffix(end).is_some_and(|first| !first.is_empty()))
        || PAIRS.iter().any(|(last, firsts)| is_one(word, last) && firsts.contains(&before))
}

/// Whether `word` is `name`, of one or of many, or one that is counted: "PUK2".
fn is_one(word: &str, name: &str) -> bool {
    let rest = word.strip_prefix(name);
    rest.is_some_and(|rest| {
        matches!(rest, "" | "s") || rest.len() == 1 && rest.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Whether `word` is the name of a setting that holds a secret. An "O" among capitals is often read as a zero: "API_T0KEN".
fn is_setting(word: &str) -> bool {
    if !stems::may_name_one(word) && !word.contains('0') {
        return false;
    }
    let name = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase().replace('0', "o");
    let one = name.strip_suffix('s').unwrap_or(&name);
    ENDS.iter().any(|end| name.ends_with(end) || one.ends_with(end))
        && !OPEN.iter().any(|open| name.starts_with(open))
        && !name.contains('(')
        && !is_place(&name)
}

/// Whether what follows a secret's label may be the secret: groups of digits and letters, and no words.
pub(super) fn is_value(text: &str) -> bool {
    let mut words = text.split_whitespace().map(|word| word.trim_end_matches(['.', ',', ';'])).peekable();
    has_words(text)
        && words.peek().is_some()
        && words.all(|word| {
            word.chars().any(|c| c.is_ascii_digit()) || word.chars().all(|c| !c.is_alphabetic() || c.is_uppercase())
        })
}

/// Whether `text` names a secret that is many words.
pub(super) fn is_phrase(text: &str) -> bool {
    let tokens: Vec<&str> = text.split_whitespace().collect();
    (0..tokens.len()).any(|at| ends_phrase(&tokens, at))
}

/// Whether the line `tokens` ends in what a secret is called, so that the next line may begin with it, and whether a word
/// links them: "the password is". A sign alone links no sentence: behind "Enter password:" a terminal says something else.
pub(super) fn leads_on(tokens: &[&str]) -> Option<bool> {
    let links = tokens.iter().rev().take_while(|token| LINKS.contains(token)).count();
    let named = &tokens[..tokens.len() - links];
    let name = words(&named[named.len().saturating_sub(2)..].join(" "));
    let is_named = !name.is_empty() && is_name(&name, name.len() - 1) && !named.last()?.ends_with(['.', '!', '?', ',']);
    is_named.then_some(links > 0)
}

/// Whether the token `at` ends the name of a secret that is many words.
fn ends_phrase(tokens: &[&str], at: usize) -> bool {
    if !PHRASES.iter().any(|phrase| stems::has(tokens[at], phrase)) {
        return false;
    }
    let name = words(&tokens[at.saturating_sub(1)..=at].join(" "));
    let is_phrase = |word: &String| PHRASES.iter().any(|phrase| is_one(word, phrase));
    name.last().is_some_and(is_phrase)
        && (is_name(&name, name.len() - 1) || name.last().is_some_and(|word| OFTEN_OTHERWISE.contains(&word.as_str())))
}

/// Whether `token` ends in a sign that a value follows, or is a tag.
fn is_sign(token: &str) -> bool {
    let is_tag = || token.starts_with('<') && token.ends_with('>') && !token.starts_with("</") && !token.contains('@');
    token.ends_with([':', '=']) || token == "->" || is_tag()
}

/// Whether `token` says of a secret how it is, or what is to be done with it.
pub(super) fn is_state(token: &str) -> bool {
    STATES.contains(&bare(token).as_str())
}

/// Whether `tokens`, which stand behind a secret's name, say how it is and are not what it is: more than half of them do,
/// those apart that are in any sentence. "Correct horse" is one, and "must be long" is none.
fn is_statement(tokens: &[&str]) -> bool {
    let is_little =
        |token: &str| LITTLE.contains(&token) || token.len() < 3 && token.bytes().all(|byte| byte.is_ascii_digit());
    // "3 active, 1 revoked", but not "12 7 39".
    let has_words = tokens.iter().any(|token| token.contains(char::is_alphabetic));
    let telling = tokens.iter().filter(|token| !has_words || !is_little(&bare(token)));
    let (states, all) = telling.fold((0, 0), |(states, all), token| (states + usize::from(is_state(token)), all + 1));
    states * 2 > all || all == 0
}

fn bare(token: &str) -> String {
    token.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}
