//! Where in a text a secret stands, by the words around it.
//!
//! Owns that decision: what is linked to a secret's name, what looks like a code beside one, what looks like a password
//! whatever stands around it. Never looks at other lines.

use super::super::shape::{self, Kind};
use super::super::words::words;
use super::look::{Look, is_shouted, look};
use super::{
    LINKS, LITTLE, MASK, OFTEN_OTHERWISE, bare, cards, codes, ends_in_secret, ends_phrase, has_words, is_name,
    is_place, is_secret, is_setting, is_sign, is_state, is_statement, is_value, locks, logins, machines, said, stems,
};
use crate::router::normalize::is_file_name;
use std::ops::Range;

/// What a code opens: "the safe opens with 12-34-56".
pub(super) const LOCKED: [&str; 5] = ["safe", "vault", "locker", "padlock", "alarm"];
/// What has a combination.
const DIALS: [&str; 9] =
    ["safe", "vault", "locker", "padlock", "lock", "suitcase", "strongbox", "briefcase", "cashbox"];
/// How that is said.
pub(super) const OPENING: [&str; 9] =
    ["open", "opens", "opened", "unlock", "unlocks", "unlocked", "disarm", "disarms", "disarmed"];
/// The same, where a sign follows: "pass: ...".
const SHORT: [&str; 4] = ["pass", "pw", "pwd", "pswd"];
/// What stands in lines with a name and its password, which nothing calls so: "login: bob / Red-Dog-99".
const LOGINS: [&str; 9] = ["login", "logon", "user", "username", "admin", "root", "router", "pass", "credentials"];
/// Letters, digits and signs that are as many or more may be a password.
const PASSWORD: usize = 7;
/// As many words are hidden behind names that mean other things as well.
const WORDS: usize = 4;
/// What stands between a name and the secret, where other words stand between as well: "the password for guests is ...".
const LAST_LINKS: [&str; 11] = ["is", "are", "was", "be", "=", ":", "ist", "sind", "lautet", "lauten", "heißt"];
/// What is called after a secret, right behind its name.
#[rustfmt::skip]
const CALLED_SO: &[&str] = &[
    "manager", "managers", "policy", "field", "box", "button", "link", "page", "prompt", "dialog", "error", "reset", "pad", "strength",
];
/// What is said of secrets and their names, right behind them.
#[rustfmt::skip]
const BEHIND: &[&str] = &[
    "protection", "protected", "hint", "hints", "security", "authentication", "generator", "sharing", "history", "length", "rules",
    "requirements", "settings", "options", "changes", "recovery", "expiry", "vault", "hash", "file", "input", "confirmation", "match",
    "matches", "mismatch", "attempts", "age", "expire", "default", "something", "login", "confirm", "min", "max", "copied",
    "generated", "updated", "created", "removed", "deleted", "verified", "failed", "accepted", "entered", "typed", "found", "code",
    "forgotten", "lost", "visible", "shown",
];
/// What a code opens, where it is said so: "the gate opens with 7788".
const DOORS: [&str; 5] = ["door", "gate", "garage", "lockbox", "keybox"];
/// What a code is for, where it is called one.
const BUILT: [&str; 8] = ["shed", "cabin", "keypad", "padlock", "house", "flat", "building", "entrance"];
/// What that is stands in so many words from "code" on.
const CODE_OF: usize = 9;
/// So many letters and digits are a code.
const CODE: usize = 3;
/// So many words before a sign may be of its label.
const NEAR_LABEL: usize = 4;

/// The words of `text`.
fn words_of(text: &str) -> Vec<Range<usize>> {
    let place = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
    text.split_whitespace().map(|word| place(word)..place(word) + word.len()).collect()
}

/// The words of `text`; a name and what stands behind its sign without room between, `DB_PASS=...`, are two.
fn tokens(text: &str) -> Vec<Range<usize>> {
    let mut all = Vec::new();
    for word in text.split_whitespace() {
        let from = word.as_ptr() as usize - text.as_ptr() as usize;
        let is_named = |(at, _): &(usize, &str)| {
            let (name, value) = word.split_at(at + 1);
            let is_name = || is_setting(name) || is_secret(name) || SHORT.contains(&bare(name).as_str());
            !value.is_empty() && !value.starts_with("//") && name.len() > 1 && is_name()
        };
        match word.match_indices([':', '=', '>']).find(is_named) {
            Some((at, _)) => all.extend([from..from + at + 1, from + at + 1..from + word.len()]),
            None => all.push(from..from + word.len()),
        }
    }
    all
}

/// Where in `text` secrets are, from the first to the last. The full stop or comma behind one is none of it.
pub(super) fn hidden(text: &str) -> Vec<Range<usize>> {
    hidden_where(text, stems::may_name_one(text))
}

/// As [`hidden`], where it is known whether `text` may name a secret.
pub(super) fn hidden_where(text: &str, may_name_one: bool) -> Vec<Range<usize>> {
    // "bob / frog!Nest" has neither a name nor a digit.
    if !may_name_one && !stems::has_digit(text) && !text.contains(['/', '|', '·']) {
        return Vec::new();
    }
    let places = if may_name_one { tokens(text) } else { words_of(text) };
    let tokens: Vec<&str> = places.iter().map(|place| &text[place.clone()]).collect();
    let mut hidden = hidden_tokens(&tokens, may_name_one);
    if may_name_one {
        hide_behind_sign(text, &places, &mut hidden);
    }
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut before = false;
    for ((place, token), hidden) in places.into_iter().zip(&tokens).zip(&hidden) {
        match found.last_mut().filter(|_| before && *hidden) {
            Some(last) => last.end = place.end,
            None if *hidden => found.push(place),
            None => {
                let part = machines::in_token(token);
                found.extend(part.map(|range| place.start + range.start..place.start + range.end));
            }
        }
        before = *hidden;
    }
    if may_name_one {
        found.extend(machines::in_fields(text).into_iter().filter(|range| &text[range.clone()] != MASK));
    }
    if may_name_one && !found.is_empty() {
        found.extend(made_up(text));
    }
    found.sort_by_key(|range| range.start);
    found.dedup_by(|next, before| {
        let overlaps = next.start <= before.end;
        before.end = if overlaps { before.end.max(next.end) } else { before.end };
        overlaps
    });
    for range in &mut found {
        range.end = range.start + text[range.clone()].trim_end_matches(['.', ',']).len();
    }
    found.retain(|range| !range.is_empty());
    found
}

/// Where in `text`, which is of a text that has a secret, words are that nobody writes: "LindenBlatt12".
pub(super) fn made_up(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let is_made_up = |word: &str| {
        let has = |is: fn(&u8) -> bool| word.bytes().any(|byte| is(&byte));
        word.len() > PASSWORD
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && has(u8::is_ascii_lowercase)
            && has(u8::is_ascii_digit)
            && word.bytes().skip(1).any(|byte| byte.is_ascii_uppercase())
    };
    words_of(text).into_iter().filter_map(move |place| {
        let word = text[place.clone()].trim_matches(|c: char| !c.is_alphanumeric());
        let from = place.start + text[place.clone()].find(word)?;
        is_made_up(word).then(|| from..from + word.len())
    })
}

/// Marks all that follows the first sign behind the name of a secret, where it is one word or codes alone, and the code that
/// is said to be one: "G-204718 is your verification code".
fn hide_behind_sign(text: &str, places: &[Range<usize>], hidden: &mut [bool]) {
    for mark in [":", "=", " is ", " will be "] {
        let Some((label, value)) = text.split_once(mark) else { continue };
        let mut values = value.split_whitespace();
        let one_word =
            !mark.starts_with(' ') && values.next().is_some_and(|word| !is_state(word)) && values.next().is_none();
        let from = label.len() + mark.len();
        let first = value.split_whitespace().next().unwrap_or_default();
        let is_told = !is_state(first) && !machines::is_expression(first);
        // A key of a network, of a safe, or of what has a lock.
        let is_key = mark == ":"
            && label.trim().eq_ignore_ascii_case("key")
            && one_word
            && value.trim().chars().count() >= machines::MIXED;
        let is_it = |place: &Range<usize>| {
            if is_key || is_told && ends_in_secret(label) && (one_word || is_value(value)) {
                place.start >= from
            } else {
                mark == " is " && is_value(label) && is_secret(value) && place.end <= label.len()
            }
        };
        places.iter().zip(&mut *hidden).for_each(|(place, hidden)| *hidden |= is_it(place));
    }
}

/// Which of `tokens`, the words of a text as they are written, are secrets: sentence by sentence, what is linked to a secret's
/// name, and what looks like a code beside one.
fn hidden_tokens(tokens: &[&str], may_name_one: bool) -> Vec<bool> {
    let mut hidden = vec![false; tokens.len()];
    let mut from = 0;
    for at in 0..tokens.len() {
        if tokens[at].ends_with(['.', '!', '?']) || at + 1 == tokens.len() {
            let (tokens, hidden) = (&tokens[from..=at], &mut hidden[from..=at]);
            if may_name_one {
                hide(tokens, hidden);
            } else {
                tokens.iter().zip(hidden.iter_mut()).for_each(|(token, hidden)| *hidden |= is_password(token, false));
                logins::mark(tokens, &[], hidden);
            }
            locks::mark(tokens, hidden);
            from = at + 1;
        }
    }
    cards::mark(tokens, &mut hidden);
    if may_name_one {
        hide_answer(tokens, &mut hidden);
        for at in (0..tokens.len()).filter(|at| ends_phrase(tokens, *at)) {
            hide_phrase(tokens, at, &mut hidden);
        }
        if codes::tell_of_one(tokens) {
            hidden.iter_mut().zip(codes::in_tokens(tokens)).for_each(|(hidden, is_code)| *hidden |= is_code);
        }
        hidden[machines::piped(tokens)].fill(true);
    }
    for (at, token) in tokens.iter().enumerate() {
        let is_shown = machines::is_expression(token) && !token.contains(MASK);
        hidden[at] = hidden[at] && !is_shown
            || token.contains(MASK) && !token.contains("://")
            || machines::is_behind_option(tokens, at);
    }
    hidden
}

/// Marks the phrase whose name ends with the token `name`. Its words may have numbers with points, which end no sentence: it
/// goes to the next label or to the end of the line. Words of [`STATES`] are in phrases as well: "correct horse".
fn hide_phrase(tokens: &[&str], name: usize, hidden: &mut [bool]) {
    let links = tokens[name + 1..].iter().take_while(|token| LINKS.contains(&token.trim_end_matches(':'))).count();
    let linked = (links > 0 && name + 1 + links < tokens.len()).then_some(name + 1 + links);
    // "Your recovery phrase, keep it safe: ..."
    let behind_aside = || {
        let aside = tokens[name].ends_with(',').then(|| tokens[name + 1..].iter().take(WORDS + 2))?;
        aside.into_iter().position(|token| token.ends_with(':')).map(|at| name + 2 + at).filter(|at| *at < tokens.len())
    };
    let Some(from) = linked.or_else(|| behind_sign(tokens, name)).or_else(behind_aside) else { return };
    let is_label = |at: &usize| is_sign(tokens[*at]) && tokens[*at].contains(char::is_alphabetic);
    let to = (from..tokens.len()).find(is_label).unwrap_or(tokens.len());
    if !is_statement(&tokens[from..to]) {
        hidden[from..to].fill(true);
    }
}

/// Where what stands behind the name that ends with the token `name` begins, if there is a sign between.
fn behind_sign(tokens: &[&str], name: usize) -> Option<usize> {
    let is_own = |token: &&&str| matches!(**token, ":" | "=" | "->" | "-" | "–");
    let signs = tokens[name + 1..].iter().take_while(is_own).count();
    // "The passwords are: ..."
    let links = tokens.get(name + 1).filter(|next| next.ends_with(':') && LINKS.contains(&next.trim_end_matches(':')));
    let signs = signs + usize::from(links.is_some());
    let from = name + 1 + signs;
    (from < tokens.len() && (signs > 0 || is_sign(tokens[name]))).then_some(from)
}

/// Marks the secrets of one sentence.
fn hide(tokens: &[&str], hidden: &mut [bool]) {
    let parts: Vec<(String, usize)> = tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| !is_place(token))
        .flat_map(|(at, token)| words(naming(token)).into_iter().map(move |word| (word, at)))
        .collect();
    let all: Vec<&str> = parts.iter().map(|(word, _)| word.as_str()).collect();
    let has = |list: &[&str]| all.iter().any(|word| list.contains(word));
    // "The combination of the safe".
    let is_dial = has(&DIALS);
    let is_name = |at: &usize| is_name(&all, *at) || is_dial && all[*at] == "combination";
    let names: Vec<usize> = (0..all.len()).filter(is_name).collect();
    // "Pin the chart".
    let is_verb =
        |at: usize| all[at] == "pin" && all.get(at + 1).is_some_and(|next| matches!(*next, "the" | "this" | "it"));
    let names: Vec<usize> = names.into_iter().filter(|at| !is_verb(*at)).map(|at| parts[at].1).collect();
    let weak = (0..all.len()).filter(|at| OFTEN_OTHERWISE.contains(&all[*at])).map(|at| parts[at].1);
    let is_short = |token: &str| is_sign(token) && SHORT.contains(&bare(token).as_str());
    let settings = (0..tokens.len()).filter(|at| is_setting(tokens[*at]) || is_short(tokens[*at]));
    let all_names: Vec<usize> = names.iter().copied().chain(weak).chain(settings).collect();
    for name in &all_names {
        hide_linked(tokens, *name, hidden);
        let most = if names.contains(name) { usize::MAX } else { WORDS };
        hide_words(tokens, *name, &all_names, most, hidden);
    }
    if let Some(name) = names.first() {
        hide_last(tokens, *name, hidden);
    }
    let is_login = has(&LOGINS) || signs_in(&all);
    for (at, token) in tokens.iter().enumerate() {
        // "Router: user admin pass k0mb1nat0r77".
        let is_short = |back: usize| at >= back && SHORT.contains(&bare(tokens[at - back]).as_str());
        let is_odd = look(token) >= Look::Mixed || is_login && is_shouted(token);
        let is_behind = is_odd && (is_short(1) || is_short(2) && LINKS.contains(&tokens[at - 1]));
        hidden[at] |= is_behind || is_password(token, is_login);
    }
    hide_told(tokens, &names, hidden);
    said::mark(tokens, &names, hidden);
    logins::mark(tokens, &names, hidden);
    if names.is_empty() && !(has(&LOCKED) && has(&OPENING)) && !is_of_code(&all) {
        return;
    }
    if !tokens.iter().any(|token| stems::has_digit(token)) {
        return;
    }
    let sentence = tokens.join(" ");
    // "The card ending 4410 - 7735" has no number to call.
    let is_phone = |range: &Range<usize>| {
        let before = sentence[..range.start].split_whitespace().last();
        !before.is_some_and(|before| NUMBERED.contains(&bare(before).as_str()))
    };
    let mut known: Vec<Range<usize>> =
        [Kind::Date, Kind::Amount].iter().flat_map(|kind| shape::find(*kind, &sentence)).collect();
    known.extend(shape::find(Kind::Phone, &sentence).into_iter().filter(is_phone));
    let mut start = 0;
    for (at, token) in tokens.iter().enumerate() {
        let is_known = known.iter().any(|range| range.start < start + token.len() && start < range.end);
        start += token.len() + 1;
        let is_other = is_of_other(tokens, at) || is_to_call(tokens, at);
        hidden[at] |= !is_known && !names.contains(&at) && is_code(token) && !is_other;
    }
    // "Has the combination 4 1 7".
    for name in names.iter().filter(|name| is_dial && bare(tokens[**name]) == "combination") {
        let groups = tokens[name + 1..].iter().take_while(|token| is_digits(token)).count();
        hidden[name + 1..=name + groups].fill(true);
    }
    // "12 34 56".
    let is_group = |token: &&str| is_digits(token);
    for run in tokens.chunk_by(|one, other| is_group(one) && is_group(other)).filter(|run| run.len() > 1) {
        let from = (run.as_ptr() as usize - tokens.as_ptr() as usize) / size_of::<&str>();
        if run.iter().map(|token| token.len()).sum::<usize>() > CODE && !is_to_call(tokens, from) {
            hidden[from..from + run.len()].fill(true);
        }
    }
}

/// The part of `token` that may name something: "input:" of "check(input:".
fn naming(token: &str) -> &str {
    match (token.rfind('('), token.rfind(')')) {
        (Some(open), close) if close.is_none_or(|close| close < open) => &token[open..],
        _ => token,
    }
}

/// What numbers are of that are no codes: "room 204".
#[rustfmt::skip]
const NUMBERED: &[&str] = &[
    "room", "rooms", "bay", "gate", "seat", "page", "line", "chapter", "flight", "bus", "platform", "floor", "house", "apartment", "version",
    "coach", "unit", "port", "pid", "branch", "case", "issue", "cost", "ending", "edition", "in", "since",
];
/// What behind a number says how many there are.
const UNITS: [&str; 12] = ["px", "mm", "cm", "km", "kg", "mb", "gb", "people", "percent", "edition", "euro", "min"];

/// Whether the token `at` is the number of something, how many there are, or stands behind a label that names no secret: "port:
/// 5432".
fn is_of_other(tokens: &[&str], at: usize) -> bool {
    let token = tokens[at];
    let is_count = |next: &&str| {
        let is_plural =
            next.len() > NEAR_LABEL && next.ends_with('s') && next.bytes().all(|byte| byte.is_ascii_lowercase());
        UNITS.contains(&bare(next).as_str()) || is_plural
    };
    let is_number = is_digits(token);
    let is_ordinal = ["st", "nd", "rd", "th"].iter().any(|end| token.strip_suffix(end).is_some_and(is_digits));
    let is_issue = token.trim_start_matches('(').starts_with('#') || token.contains('[');
    let is_from_to = at > 1 && tokens[at - 1] == "to" && is_digits(tokens[at - 2]);
    if is_ordinal || is_issue || is_from_to || is_number && tokens.get(at + 1).is_some_and(is_count) {
        return true;
    }
    let Some(before) = at.checked_sub(1) else { return false };
    let is_label = tokens[before].ends_with([':', '=']) && tokens[before].contains(char::is_alphabetic);
    let from = before.saturating_sub(NEAR_LABEL);
    let start = (from..before).rev().find(|at| tokens[*at].ends_with([',', ';', ':', '='])).map_or(from, |at| at + 1);
    NUMBERED.contains(&bare(tokens[before]).as_str()) || is_label && !ends_in_secret(&tokens[start..=before].join(" "))
}

/// What stands before a number to call, and digits of one.
const CALLING: [&str; 8] = ["call", "phone", "telephone", "tel", "ring", "fax", "telefon", "hotline"];
const CALLED: usize = 7;

/// Whether the token `at` is one of the groups of a number to call: "call 0800 330 1100".
fn is_to_call(tokens: &[&str], at: usize) -> bool {
    let from = (0..=at).rev().take_while(|at| is_digits(tokens[*at])).last();
    let Some(before) = from.and_then(|from| from.checked_sub(1)) else { return false };
    let groups = tokens[before + 1..].iter().take_while(|token| is_digits(token));
    CALLING.contains(&bare(tokens[before]).as_str()) && groups.map(|token| token.len()).sum::<usize>() >= CALLED
}

/// "Sign in", "log in".
fn signs_in(all: &[&str]) -> bool {
    all.windows(2).any(|two| matches!(two[0], "sign" | "log") && two[1] == "in")
}

/// Marks what is behind "Answer:", the answer to a question that only its owner knows.
fn hide_answer(tokens: &[&str], hidden: &mut [bool]) {
    if !tokens.iter().any(|token| stems::has(token, "answer")) {
        return;
    }
    let all: Vec<String> = tokens.iter().map(|token| bare(token)).collect();
    let is_asked = all.windows(2).any(|two| {
        matches!(
            (two[0].as_str(), two[1].as_str()),
            ("security" | "secret", "question" | "questions") | ("maiden", "name") | ("first" | "childhood", "pet")
        )
    });
    if !is_asked {
        return;
    }
    let end_of = |from: usize| {
        let end = tokens[from..].iter().position(|token| token.ends_with(['.', '!', '?']));
        end.map_or(tokens.len(), |at| from + at + 1)
    };
    for at in (0..tokens.len()).filter(|at| matches!(all[*at].as_str(), "answer" | "answers" | "answered")) {
        let end = end_of(at);
        // "Answer: ...", "the secret question is answered with ...", "the answer to the secret question is ...".
        let is_link = |token: &&str| {
            LAST_LINKS.contains(token) || matches!(*token, "with" | "by" | "were") || token.ends_with([':', '='])
        };
        let link = if is_sign(tokens[at]) { Some(at) } else { (at + 1..end).find(|at| is_link(&tokens[*at])) };
        if let Some(from) = link.map(|link| link + 1).filter(|from| *from < end)
            && !is_statement(&tokens[from..end])
        {
            hidden[from..end].fill(true);
        }
    }
}

/// Whether `all`, the words of a sentence that has no secret's name, tell a code for signing in or for a door.
fn is_of_code(all: &[&str]) -> bool {
    let has = |list: &[&str]| all.iter().any(|word| list.contains(word));
    let signs_in = signs_in(all) || has(&["login", "verify", "verification", "authenticate"]);
    let is_for_door = || {
        let at = all.iter().position(|word| *word == "code").unwrap_or(0);
        all[at..].iter().take(CODE_OF).any(|word| LOCKED.contains(word) || DOORS.contains(word) || BUILT.contains(word))
    };
    let is_sent = || all.windows(2).any(|two| two == ["is", "your"]) && is_digits(all[0]);
    let is_used = || matches!(all[0], "use" | "enter" | "type");
    (has(&["code"]) || signs_in && !all.is_empty() && is_used()) && (signs_in || is_for_door() || is_sent())
        || has(&DOORS) && has(&OPENING) && has(&["with", "using"])
}

/// Marks what is called a secret without a link: what stands in quotes or brackets behind one of `names`, what it was
/// changed to, what ends a login, and one word alone behind the name that begins a line.
fn hide_told(tokens: &[&str], names: &[usize], hidden: &mut [bool]) {
    for name in names.iter().copied() {
        let Some(next) = tokens.get(name + 1) else { continue };
        let rest = &tokens[name + 1..];
        let is_word = |token: &str| {
            !is_state(token) && !CALLED_SO.contains(&bare(token).as_str()) && !BEHIND.contains(&bare(token).as_str())
        };
        let closes = |sign: &str| {
            let is_end = |token: &&str| token.trim_end_matches(['.', ',', ';', ':', '!', '?']).ends_with(sign);
            rest.iter().position(is_end)
        };
        let quotes = [("\"", "\""), ("'", "'"), ("“", "”"), ("‘", "’"), ("(", ")"), ("`", "`")];
        if let Some((open, close)) = quotes.iter().find(|(open, _)| next.starts_with(open))
            && let Some(end) = closes(close).filter(|end| *open != "(" || *end == 0 && is_word(next))
            && !is_statement(&rest[..=end])
        {
            hidden[name + 1..=name + 1 + end].fill(true);
        }
        let changes = |token: &&str| matches!(bare(token).as_str(), "changed" | "reset" | "set" | "updated");
        if let Some(verb) = rest.iter().position(changes)
            && let [.., before, last] = &rest[verb..]
            && *before == "to"
            && is_word(last)
        {
            hidden[tokens.len() - 1] = true;
            if let ["from", old, "to", _] = &rest[verb + 1..] {
                hidden[name + 1 + tokens[name + 1..].iter().position(|token| token == old).unwrap_or(0)] = true;
            }
        }
        let is_login = name > 1 && LOGINS.contains(&bare(tokens[name - 2]).as_str());
        // "Login with bob and password moonlight".
        let is_given = tokens[..name].iter().any(|token| LOGINS.contains(&bare(token).as_str()))
            && (1..=2).any(|back| {
                let is_article = back == 1 || matches!(tokens[name.saturating_sub(1)], "the" | "your" | "his" | "her");
                let before = name.checked_sub(back).map_or("", |at| tokens[at]);
                is_article && matches!(before, "and" | "with" | "using")
            })
            && tokens[..name].len() > 3;
        if is_given
            && is_word(next)
            && !LINKS.contains(next)
            && !LITTLE.contains(&bare(next).as_str())
            && !is_sign(tokens[name])
        {
            hidden[name + 1] = true;
        }
        // "Pin message" is a command.
        let is_alone = name == 0 && tokens[0].starts_with("Pass") && next.starts_with(char::is_lowercase);
        if (is_login || is_alone) && rest.len() == 1 && is_word(next) && !next.ends_with(['.', '?', '!', '…']) {
            hidden[name + 1] = true;
        }
    }
}

/// Marks what the name that ends with the token `name` is linked to.
fn hide_linked(tokens: &[&str], name: usize, hidden: &mut [bool]) {
    let mut at = name + 1;
    let mut is_linked = is_sign(tokens[name]) || tokens[name].ends_with("'s") || tokens[name].ends_with("’s");
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
    let is_code = |token: &str| is_value(token) && !is_state(token) && !token.chars().all(char::is_alphabetic);
    // "API keys: 3 active".
    if tokens.get(at + 1).is_some_and(|next| is_state(next)) && tokens[at].len() < CODE {
        return;
    }
    while at < tokens.len() && is_code(tokens[at]) {
        hidden[at] = true;
        at += 1;
    }
}

/// Marks the words behind the sign of the name that ends with the token `name`, up to the next label: `most` of them.
fn hide_words(tokens: &[&str], name: usize, names: &[usize], most: usize, hidden: &mut [bool]) {
    let Some(from) = behind_sign(tokens, name) else { return };
    let is_next = |at: &usize| names.contains(at) || is_sign(tokens[*at]);
    let to = (from..tokens.len()).find(is_next).unwrap_or(tokens.len());
    let few = &tokens[from..to.min(from.saturating_add(most))];
    // What is called so in other ways as well has to look like one.
    let is_told = if most == WORDS { few.iter().any(|token| is_state(token)) } else { is_statement(few) };
    if !is_told && few.iter().any(|token| has_words(token)) {
        hidden[from..from + few.len()].fill(true);
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
    let is_quoted = tokens.get(link + 1).is_some_and(|next| next.starts_with(['"', '“', '\'', '‘', '`']));
    if is_told && is_quoted && !is_statement(&tokens[link + 1..]) {
        hidden[link + 1..].fill(true);
    }
    if is_told && link + 2 == tokens.len() && !is_state(tokens[link + 1]) && !LINKS.contains(&tokens[link + 1]) {
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
    // "ERR0R" and "P0RT" are words whose "O" was read as a zero.
    let letters = bare.chars().filter(|c| c.is_uppercase()).count();
    let is_misread = letters >= CODE && bare.chars().all(|c| c.is_uppercase() || c == '0');
    bare.contains(|c: char| c.is_ascii_digit())
        && !is_misread
        && bare.chars().filter(|c| c.is_alphanumeric()).count() >= CODE
        && !(is_address || is_file || is_time || token.ends_with('%') || bare.contains('/') && look(token) < Look::Odd)
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
        && !bare.contains(['@', '.'])
        && (!bare.contains(['/', '\\', '(', '[', '<']) || look(token) == Look::Odd)
        && !is_numbered
}

#[cfg(test)]
mod tests {
    use super::super::{STATES, kept};
    use super::*;
    use proptest::prelude::*;

    /// What is left of `text`.
    fn left(text: &str) -> String {
        kept(text).replace(MASK, "").split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_stands_beside_a_login_or_behind_a_phrase_is_hidden() {
        for (text, said) in [
            ("login: kim pass: Blue!Horse7", "login: kim pass:"),
            ("pass: sunflower", "pass:"),
            ("user=ann pw=Green#Cat5", "user=ann pw="),
            ("Login: bob / Red-Dog-99", "Login: bob /"),
            ("Router admin / qwerty-9981", "Router admin /"),
            ("Your recovery phrase is: apple river stone lamp cloud fox", "Your recovery phrase is:"),
            ("The passphrase is correct horse battery staple", "The passphrase is"),
            ("Wi-Fi password: over the rainbow 42", "Wi-Fi password:"),
            ("Password: the cat in the hat comes back", "Password:"),
            ("Password: correct horse", "Password:"),
            ("password:hunter2", "password:"),
            ("https://kim:secret1@box.example/a?b", "https://@box.example/a?b"),
            // And what is none.
            ("The recovery phrase is required", "The recovery phrase is required"),
            ("Password: required", "Password: required"),
            ("Password: please try again", "Password: please try again"),
            ("Password: not set", "Password: not set"),
            ("Invoice INV-2026-00417 of 12.11.2026", "Invoice INV-2026-00417 of 12.11.2026"),
            ("see issue#1234 and PR-2031", "see issue#1234 and PR-2031"),
            ("Login at portal.example:8443/start", "Login at portal.example:8443/start"),
            ("Boarding pass for gate B12", "Boarding pass for gate B12"),
        ] {
            assert_eq!(left(text), said, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_kept_and_once_is_enough(
            text in "\\PC{0,60}|((the|my|a|password|pin|is|wifi|key|opens|with|12|safe|:|=|x9z|a=b|pin:1|x://a@b)[ .,] ?){0,9}",
        ) {
            let mut end = 0;
            for range in hidden(&text) {
                prop_assert!(range.start >= end && range.start < range.end && text.get(range.clone()).is_some());
                end = range.end;
            }
            // What was taken out stays out.
            let once = kept(&text).into_owned();
            prop_assert_eq!(kept(&once).contains(MASK), once.contains(MASK));
        }

        /// No word of a phrase is said.
        #[test]
        fn a_secret_of_many_words_is_hidden(
            name in "(Recovery|Seed|Secret) phrase|Passphrase|(API )?passphrases|Seed|Wi-Fi password|Password", sign in ":| :| =",
            phrase in "([a-z]{3,8}|[0-9]{1,2} [a-z]{3,8})( [a-z]{3,8}| [0-9]{1,2} [a-z]{3,8}){0,24}",
        ) {
            let is_known = |word: &str| STATES.contains(&word) || LINKS.contains(&word) || is_secret(word);
            prop_assume!(!phrase.split(' ').any(is_known));
            prop_assert_eq!(left(&format!("{name}{sign} {phrase}")), format!("{name}{sign}"));
        }

        /// One word behind other words and "is" is hidden.
        #[test]
        fn a_word_behind_a_name_is_hidden(
            name in "Wi-Fi password|PIN|Door code|Guest key", between in "( for [a-z]{3,8}){0,2}", link in " is| will be|:",
            secret in "[a-z]{3,9}", end in "[.]?",
        ) {
            let is_known = |word: &str| STATES.contains(&word) || LINKS.contains(&word) || is_secret(word);
            prop_assume!(!is_known(&secret) && !between.split(' ').any(is_known));
            let said = left(&format!("Hello. The {name}{between}{link} {secret}{end}"));
            prop_assert_eq!(said.trim_end_matches('.').trim_end(), format!("Hello. The {name}{between}{link}"));
        }

        /// What has a digit, behind a secret's name and a sign, is never said.
        #[test]
        fn a_value_behind_its_name_is_hidden(
            before in "(the |your |new ){0,2}",
            name in "(password|PIN|door code|Wi-Fi key|CVV|Guest Wi-Fi key|API key|access token)s?",
            link in ":| is| are| will be| =", value in "[a-z]{0,4}[0-9]{3,6}[#!]?",
        ) {
            let text = format!("Hello. {before}{name}{link} {value}");
            prop_assert!(kept(&text).ends_with(MASK), "{}", text);
        }
    }
}
