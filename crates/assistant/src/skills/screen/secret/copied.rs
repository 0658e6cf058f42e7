//! Which of the secrets of a screen somebody wants to have on the clipboard.
//!
//! Owns how a secret is told from others by what stands around it: "the mail password" is the one in the row of the mail. Nothing of
//! this is said; it is copied for who asks for it.

use super::super::words::{likeness, words};
use super::mask::{places, table_heads};
use super::{SECRETS, is_name, is_one, is_secret};
use jarvis_core::{ScreenText, TextLine};
use std::ops::Range;

/// Words that say the same of a secret.
const SAME: [&[&str]; 3] = [
    &["password", "passwords", "pass", "pw", "pwd", "passwd", "passwort", "kennwort", "passphrase", "login", "logins"],
    &["key", "keys", "psk", "schlüssel", "token"],
    &["code", "codes", "otp", "tan", "pin", "passcode"],
];
/// Words of a request that name nothing.
const LITTLE: [&str; 10] = ["the", "my", "a", "of", "for", "to", "this", "that", "whole", "number"];
/// What fits less is another word.
const FITS: f32 = 0.8;
/// Lines over a secret of which one may be what it is called.
const OVER: usize = 3;

/// A secret, and the words around it.
struct Secret {
    line: usize,
    /// Where its row begins, px.
    row: i32,
    /// Whether it is digits and dashes, which may go on in the next cell.
    is_group: bool,
    text: String,
    /// Those of its own line, of its row and of the head over it.
    near: Vec<String>,
    /// Which line it is called by, where that stands over it, and its words.
    over: Option<(usize, Vec<String>)>,
}

/// The secret of `screen` that `wanted` names, or all of them where it names many: "the recovery codes". `None` where it is no name of
/// one, or nothing around them says which is meant.
pub(in crate::skills::screen) fn copied(screen: &ScreenText, wanted: &str) -> Option<String> {
    let wanted = named(wanted)?;
    let all = secrets(screen);
    let meant = &all[meant(&all, &wanted)?];
    // "The recovery codes", and not "the password for Windows".
    let is_many =
        (0..wanted.len()).any(|at| is_called(&wanted, at) && wanted[at].ends_with('s') && !wanted[at].ends_with("ss"));
    if !is_many {
        return Some(with_groups(&all, meant));
    }
    let over = |secret: &Secret| secret.over.as_ref().map(|(at, _)| *at);
    let is_of_list = |secret: &&Secret| match over(meant) {
        Some(label) => over(secret) == Some(label),
        None => secret.line == meant.line,
    };
    Some(all.iter().filter(is_of_list).map(|secret| secret.text.as_str()).collect::<Vec<_>>().join("\n"))
}

/// The secret `meant`, and the other groups of it where they are cells of their own: "22 -", "7 -", "39".
fn with_groups(all: &[Secret], meant: &Secret) -> String {
    let is_group = |secret: &&Secret| secret.is_group;
    let behind = all.iter().skip_while(|secret| !std::ptr::eq(*secret, meant));
    let mut line = meant.line;
    let next = behind.skip(1).take_while(is_group).take_while(|secret| {
        line += 1;
        meant.is_group && secret.line == line && secret.row == meant.row
    });
    std::iter::once(meant).chain(next).map(|secret| secret.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// The line of `screen`, masked or not, that has the secret that `wanted` names.
pub(in crate::skills::screen) fn line_of<'a>(screen: &'a ScreenText, wanted: &str) -> Option<&'a TextLine> {
    let all = secrets(screen);
    screen.lines.get(all[meant(&all, &named(wanted)?)?].line)
}

/// The words of `wanted` if they name a secret.
fn named(wanted: &str) -> Option<Vec<String>> {
    let wanted: Vec<String> =
        joined(words(wanted)).into_iter().filter(|word| !LITTLE.contains(&word.as_str())).collect();
    let is_of_one = (0..wanted.len()).any(|at| is_called(&wanted, at)) || is_secret(&wanted.join(" "));
    (!wanted.is_empty() && is_of_one).then_some(wanted)
}

/// Whether the word `at` of a request says what kind of secret it is, and not whose.
fn is_called(wanted: &[String], at: usize) -> bool {
    is_name(wanted, at) || SAME.iter().any(|same| same.contains(&wanted[at].as_str()))
}

/// Which of `all` is the one that `wanted` names: all the words that say whose it is stand near, and most of the others.
fn meant(all: &[Secret], wanted: &[String]) -> Option<usize> {
    let score = |secret: &Secret| {
        let has = |word: &String| {
            let over = secret.over.iter().flat_map(|(_, words)| words);
            secret.near.iter().chain(over).any(|read| is_same(word, read))
        };
        let of_whom = (0..wanted.len()).filter(|at| !is_called(wanted, *at)).all(|at| has(&wanted[at]));
        let count = wanted.iter().filter(|word| has(word)).count();
        (of_whom && count > 0).then_some(count)
    };
    let scores: Vec<Option<usize>> = all.iter().map(score).collect();
    let best = scores.iter().flatten().max()?;
    scores.iter().position(|score| score.as_ref() == Some(best))
}

/// The secrets of `screen`, from the first line to the last.
fn secrets(screen: &ScreenText) -> Vec<Secret> {
    let lines = &screen.lines;
    let places = places(screen);
    let heads = table_heads(screen);
    let shown = |at: usize| {
        let mut text = lines[at].text.clone();
        places[at].iter().rev().for_each(|place| text.replace_range(place.clone(), " "));
        joined(words(&text))
    };
    let mut all: Vec<Secret> = Vec::new();
    for (at, place) in places.iter().enumerate().flat_map(|(at, places)| places.iter().map(move |place| (at, place))) {
        let is_beside = |other: &usize| {
            *other != at && (lines[*other].is_left_of(&lines[at]) || lines[at].is_left_of(&lines[*other]))
        };
        let beside: Vec<usize> = (0..lines.len()).filter(is_beside).collect();
        let mut near = shown(at);
        near.extend(beside.iter().flat_map(|other| shown(*other)));
        near.extend(heads.iter().filter(|(cell, _)| *cell == at).flat_map(|(_, head)| joined(words(head))));
        let is_named = near.iter().any(|word| SECRETS.iter().any(|name| is_one(word, name)));
        let over = (!is_named).then(|| over(lines, &places, &all, at, &shown)).flatten();
        let is_group = lines[at].text.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | '–'));
        let row = lines[at].region.y;
        all.push(Secret { line: at, row, is_group, text: bare(&lines[at].text[place.clone()]).to_owned(), near, over });
    }
    all
}

/// What the secret in the line `at` is called by, if that stands over it: the same as the one before it in a list.
fn over(
    lines: &[TextLine],
    places: &[Vec<Range<usize>>],
    before: &[Secret],
    at: usize,
    shown: &impl Fn(usize) -> Vec<String>,
) -> Option<(usize, Vec<String>)> {
    let mut told = 0;
    for index in (0..at).rev() {
        if !places[index].is_empty() {
            return before.iter().rev().find(|secret| secret.line == index).and_then(|secret| secret.over.clone());
        }
        let is_beside = lines[index].is_left_of(&lines[at]) || lines[at].is_left_of(&lines[index]);
        if is_beside {
            continue;
        }
        let words = shown(index);
        if is_secret(&lines[index].text)
            || words.iter().any(|word| SAME.iter().any(|same| same.contains(&word.as_str())))
        {
            return Some((index, words));
        }
        told += 1;
        if told >= OVER {
            return None;
        }
    }
    None
}

/// `words` with those as one that are written as two: "wi-fi".
fn joined(words: Vec<String>) -> Vec<String> {
    let mut all: Vec<String> = Vec::with_capacity(words.len());
    for word in words {
        match all.last_mut() {
            Some(last) if last == "wi" && word == "fi" => "wifi".clone_into(last),
            Some(last) if last == "log" && word == "in" => "login".clone_into(last),
            _ => all.push(word),
        }
    }
    all
}

/// Whether `said` and `read` are the same word, or name the same kind of secret.
fn is_same(said: &str, read: &str) -> bool {
    let is_of = |same: &&&[&str]| same.contains(&said) && same.contains(&read);
    likeness(said, read) >= FITS || SAME.iter().any(|same| is_of(&same))
}

/// `text` without the quotes around it.
fn bare(text: &str) -> &str {
    let text = text.trim().trim_end_matches([',', ';']);
    let quoted = ['"', '\'', '`'].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote));
    quoted.or_else(|| text.strip_prefix('“')?.strip_suffix('”')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::screen;
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str, wanted: &str) -> Option<String> {
        let lines = text.lines().zip(0..).flat_map(|(text, row)| crate::bench::lines(text, row)).collect();
        copied(&screen(lines), wanted)
    }

    #[test]
    fn the_secret_that_is_meant_is_copied_and_all_of_a_list() {
        let notes = "Mail      user: tom@post.example   password: Wren-Teapot-88!\nRouter    user admin   pass  k0mb1nat0r77\nBank PIN  \
                     4471\nWi-Fi     network Beckernet   key  marmalade-tram-19\n\nRecovery codes\n4f9a1-c02be\n77d3e-19aa0\nKeep them.";
        for (wanted, text) in [
            ("mail password", Some("Wren-Teapot-88!")),
            ("the router password", Some("k0mb1nat0r77")),
            ("bank pin", Some("4471")),
            ("wi fi key", Some("marmalade-tram-19")),
            ("wifi password", Some("marmalade-tram-19")),
            ("recovery codes", Some("4f9a1-c02be\n77d3e-19aa0")),
            ("netflix password", None),
            ("user name", None),
            ("", None),
        ] {
            assert_eq!(of(notes, wanted).as_deref(), text, "{wanted}");
        }
        let table = "Service    User    Password\nNetflix    bob     sunflower\nBank       ann     Tiger22";
        assert_eq!(of(table, "bank password").as_deref(), Some("Tiger22"));
        assert_eq!(of("The password is \"sunflower\".", "password").as_deref(), Some("sunflower"));
    }

    proptest! {
        #[test]
        fn any_screen_can_be_asked(
            text in "\\PC{0,60}|((password|code|:|  |x9zz9|4471|bank|\n) ?){0,14}", wanted in "\\PC{0,20}|(the )?(bank )?(password|codes)",
        ) {
            of(&text, &wanted);
        }
    }
}
