//! Which of the secrets of a screen somebody wants to have on the clipboard.
//!
//! Owns how a secret is told from others by what stands around it: "the mail password" is the one in the row of the mail. Where
//! several are meant equally well, none is copied, and what they are called is told apart. No secret is ever in what is told.

use super::super::say::is_below_close;
use super::super::words::{likeness, words};
use super::mask::{places, table_heads};
use super::{SECRETS, has_secret, is_name, is_one, is_secret, is_value, kept};
use jarvis_core::{ScreenText, TextLine};
use std::collections::BTreeSet;
use std::ops::Range;

/// Words that say the same of a secret.
const SAME: [&[&str]; 3] = [
    &["password", "passwords", "pass", "pw", "pwd", "passwd", "passwort", "kennwort", "passphrase", "login", "logins"],
    &["key", "keys", "psk", "schlüssel", "token"],
    &["code", "codes", "otp", "tan", "pin", "passcode", "combination"],
];
/// Words of a request that name nothing.
const LITTLE: [&str; 10] = ["the", "my", "a", "of", "for", "to", "this", "that", "whole", "number"];
/// What fits less is another word.
const FITS: f32 = 0.8;
/// Lines over a secret of which one may be what it is called.
const OVER: usize = 3;
/// What one is called is told with no more words.
const CALLED: usize = 6;

/// What one is called that says how to ask for it, in no more words.
const SHORT: usize = 3;
/// What secrets are asked for as where nothing tells them apart.
const KINDS: [&str; 7] = ["password", "pin", "code", "key", "secret answer", "recovery phrase", "card number"];

/// What is copied where a secret is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::skills::screen) enum Copied {
    /// The secret, or all of a list of them.
    Secret(String),
    /// Nothing: several are meant equally well. What each is called, no two alike; empty where nothing tells them apart.
    Several(Vec<String>),
}

/// A secret, and the words around it.
struct Secret {
    line: usize,
    /// The line that it ends in.
    last: usize,
    /// Where its row begins, px.
    row: i32,
    /// Whether it is digits and dashes, which may go on in the next cell.
    is_group: bool,
    text: String,
    /// Those of its own line, of its row and of the head over it.
    near: Vec<String>,
    /// Which line it is called by, where that stands over it, and its words.
    over: Option<(usize, Vec<String>)>,
    /// What begins its row, or stands before it in its line, with nothing secret.
    called: String,
}

/// The secret of `screen` that `wanted` names, or all of them where it names many: "the recovery codes". `None` where it is no name of
/// one, or none is called so.
pub(in crate::skills::screen) fn copied(screen: &ScreenText, wanted: &str) -> Option<Copied> {
    let wanted = named(wanted)?;
    let all = secrets(screen);
    let fitting = fitting(&all, &wanted);
    let meant = &all[*fitting.first()?];
    // "The recovery codes", and not "the password for Windows".
    let is_many =
        (0..wanted.len()).any(|at| is_called(&wanted, at) && wanted[at].ends_with('s') && !wanted[at].ends_with("ss"));
    if !is_many {
        return Some(one_of(screen, &all, &fitting));
    }
    let over = |secret: &Secret| secret.over.as_ref().map(|(at, _)| *at);
    let is_of_list = |secret: &&Secret| match over(meant) {
        Some(label) => over(secret) == Some(label),
        // Those beside the label, and under them those that nothing stands beside.
        None => {
            let is_between = |other: &&Secret| (meant.line + 1..=secret.line).contains(&other.line);
            let between = || all.iter().filter(is_between);
            secret.line == meant.line
                || secret.line > meant.line
                    && between().all(|other| other.near.is_empty())
                    && between().map(|other| other.line).collect::<BTreeSet<usize>>().len() == secret.line - meant.line
        }
    };
    Some(Copied::Secret(
        all.iter().filter(is_of_list).map(|secret| secret.text.as_str()).collect::<Vec<_>>().join("\n"),
    ))
}

/// What one asks for who wants a secret of `screen` copied, such as "Wi-Fi password": one that [`copied`] finds, or asks back about.
pub(in crate::skills::screen) fn name_of_one(screen: &ScreenText) -> Option<String> {
    let all = secrets(screen);
    let labelled = all.iter().flat_map(|secret| {
        let over = secret.over.as_ref().map(|(at, _)| screen.lines[*at].text.as_str());
        let labels = [secret.called.as_str()].into_iter().chain(over).map(label);
        labels.filter(|label| (1..=SHORT).contains(&label.split_whitespace().count())).flat_map(|label| {
            let name = label.strip_prefix("The ").or_else(|| label.strip_prefix("Your ")).unwrap_or(&label).to_owned();
            [format!("{name} password"), name].into_iter().rev()
        })
    });
    // What is called so in its sentence: "memorable word".
    let said = all.iter().flat_map(|secret| {
        let names = (0..secret.near.len()).filter(|at| is_name(&secret.near, *at));
        names.map(|at| {
            let is_whole = at == 0 || SECRETS.iter().any(|name| is_one(&secret.near[at], name));
            secret.near[if is_whole { at } else { at - 1 }..=at].join(" ")
        })
    });
    let finds = |name: &String| !has_secret(name) && copied(screen, name).is_some();
    labelled.chain(said).chain(KINDS.map(str::to_owned)).find(finds)
}

/// The one secret of those at `fitting`, which fit equally well, or what they are called where they are several. The same secret
/// shown twice, the groups of one and the codes of one list are one: of a list, whichever comes first serves.
fn one_of(screen: &ScreenText, all: &[Secret], fitting: &[usize]) -> Copied {
    let first = &all[fitting[0]];
    let groups = groups(all, first);
    let list = |secret: &Secret| secret.over.as_ref().map(|(at, _)| *at).filter(|_| label(&secret.called).is_empty());
    let is_same = |other: &Secret| {
        let is_of_whole = groups.iter().any(|group| std::ptr::eq(*group, other));
        other.text == first.text || is_of_whole || list(other).is_some() && list(other) == list(first)
    };
    let others: Vec<&Secret> = fitting[1..].iter().map(|at| &all[*at]).filter(|other| !is_same(other)).collect();
    if others.is_empty() {
        let texts: Vec<&str> = groups.iter().map(|group| group.text.as_str()).collect();
        return Copied::Secret(texts.join(" "));
    }
    let mut called: Vec<String> = Vec::new();
    for secret in std::iter::once(first).chain(others) {
        let over = secret.over.as_ref().map(|(at, _)| screen.lines[*at].text.as_str());
        let name = [secret.called.as_str()].into_iter().chain(over).map(label).find(|name| !name.is_empty());
        if let Some(name) = name.filter(|name| !called.contains(name)) {
            called.push(name);
        }
    }
    Copied::Several(if called.len() > 1 { called } else { Vec::new() })
}

/// What of `text`, without secrets, is a label that can be said: its first words, to the first sign.
fn label(text: &str) -> String {
    let text = kept(text);
    let name =
        text.trim_start_matches(|c: char| !c.is_alphanumeric()).split([':', '=', '|']).next().unwrap_or_default();
    let words = name.split_whitespace().filter(|word| !word.contains(super::MASK)).take(CALLED);
    let name = words.collect::<Vec<_>>().join(" ");
    let name = name.trim_matches(|c: char| !c.is_alphanumeric());
    // "Your locker is number" is a part of a sentence, and no label.
    let is_said = name.split(' ').any(|word| matches!(word, "is" | "are" | "was" | "were" | "will" | "and"));
    if name.contains(char::is_alphabetic) && !is_said { name.to_owned() } else { String::new() }
}

/// The secret `meant`, and the other groups of it where they are cells of their own: "22 -", "7 -", "39".
fn groups<'a>(all: &'a [Secret], meant: &'a Secret) -> Vec<&'a Secret> {
    let is_group = |secret: &&Secret| secret.is_group;
    let behind = all.iter().skip_while(|secret| !std::ptr::eq(*secret, meant));
    let mut line = meant.line;
    let next = behind.skip(1).take_while(is_group).take_while(|secret| {
        line += 1;
        meant.is_group && secret.line == line && secret.row == meant.row
    });
    std::iter::once(meant).chain(next).collect()
}

/// The line of `screen`, masked or not, that has the secret that `wanted` names.
pub(in crate::skills::screen) fn line_of<'a>(screen: &'a ScreenText, wanted: &str) -> Option<&'a TextLine> {
    let all = secrets(screen);
    screen.lines.get(all[*fitting(&all, &named(wanted)?).first()?].line)
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
    // "The answer to the secret question".
    let has = |any: &[&str]| wanted.iter().any(|word| any.contains(&word.as_str()));
    let is_answer = || {
        let word = wanted[at].as_str();
        word == "answer" && has(&["secret", "security"])
            || has(&["answer"]) && matches!(word, "secret" | "security" | "question" | "questions")
    };
    is_answer() || is_name(wanted, at) || SAME.iter().any(|same| same.contains(&wanted[at].as_str()))
}

/// Which of `all` are those that `wanted` names: all the words that say whose one is stand near, and as many of the others as of none.
fn fitting(all: &[Secret], wanted: &[String]) -> Vec<usize> {
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
    let best = scores.iter().flatten().max();
    (0..all.len()).filter(|at| best.is_some() && scores[*at].as_ref() == best).collect()
}

/// The secrets of `screen`, from the first line to the last.
fn secrets(screen: &ScreenText) -> Vec<Secret> {
    let lines = &screen.lines;
    let places = places(screen);
    let heads = table_heads(screen);
    let bared = |at: usize| {
        let mut text = lines[at].text.clone();
        places[at].iter().rev().for_each(|place| text.replace_range(place.clone(), " "));
        text
    };
    let shown = |at: usize| joined(words(&bared(at)));
    let mut all: Vec<Secret> = Vec::new();
    let each = places.iter().enumerate().flat_map(|(at, places)| (0..places.len()).map(move |nth| (at, nth)));
    for (at, nth) in each {
        let place = &places[at][nth];
        let is_beside = |other: &usize| {
            *other != at && (lines[*other].is_left_of(&lines[at]) || lines[at].is_left_of(&lines[*other]))
        };
        let beside: Vec<usize> = (0..lines.len()).filter(is_beside).collect();
        let mut near = shown(at);
        near.extend(beside.iter().flat_map(|other| shown(*other)));
        near.extend(heads.iter().filter(|(cell, _)| *cell == at).flat_map(|(_, head)| joined(words(head))));
        // The sentence may begin in the line over it: "the answer to the secret question is".
        let is_first = lines[at].text[..place.start].trim().is_empty();
        if let Some(before) = at.checked_sub(1).filter(|before| is_first && goes_on_in(&lines[*before], &lines[at])) {
            near.extend(shown(before));
        }
        let is_named = near.iter().any(|word| SECRETS.iter().any(|name| is_one(word, name)));
        let over = (!is_named).then(|| over(lines, &places, &all, at, &shown)).flatten();
        let is_group = lines[at].text.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | '–'));
        let row = lines[at].region.y;
        let left = (0..lines.len()).filter(|other| lines[*other].is_left_of(&lines[at]));
        let left = left.filter(|other| bared(*other).contains(char::is_alphabetic));
        let called = match left.min_by_key(|other| lines[*other].region.x) {
            Some(first) => bared(first),
            // Behind the one before it: "Mail: sunflower, Bank: Tiger22".
            None => lines[at].text[nth.checked_sub(1).map_or(0, |nth| places[at][nth].end)..place.start].to_owned(),
        };
        let text = bare(&lines[at].text[place.clone()]).to_owned();
        // The rest of one that is broken over lines: "blue" and "horse".
        if let Some(before) = all.last_mut().filter(|before| is_rest(lines, before, at, place)) {
            let parted = before.text.ends_with('-');
            // The full stop of the sentence is none of its words.
            let is_words = text.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '.'));
            let text = if is_words { text.trim_end_matches('.') } else { &text };
            before.text = format!("{}{}{text}", before.text, if parted { "" } else { " " });
            before.near.extend(near);
            before.last = at;
            continue;
        }
        all.push(Secret { line: at, last: at, row, is_group, text, near, over, called });
    }
    all
}

/// Whether a sentence that begins in `line` goes on in `next`.
fn goes_on_in(line: &TextLine, next: &TextLine) -> bool {
    line.text.split_whitespace().count() > SHORT
        && !line.text.trim_end().ends_with(['.', '!', '?', ':'])
        && is_below_close(line, next)
}

/// Whether `place` of the line `at` is the rest of the secret `before`, which ends the line over it as a sentence does: codes under a
/// label are each one of their own.
fn is_rest(lines: &[TextLine], before: &Secret, at: usize, place: &Range<usize>) -> bool {
    let line = &lines[before.last];
    let is_in_sentence = before.last != before.line || !line.text.trim_start().starts_with(&before.text);
    let ends_line = line.text.trim_end().ends_with(before.text.rsplit(' ').next().unwrap_or_default());
    at == before.last + 1
        && place.start == lines[at].text.len() - lines[at].text.trim_start().len()
        && is_in_sentence
        && ends_line
        && !is_value(&before.text)
        && is_below_close(line, &lines[at])
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
            || words.iter().any(|word| word == "answer" || SAME.iter().any(|same| same.contains(&word.as_str())))
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
        match copied(&screen(lines), wanted)? {
            Copied::Secret(text) => Some(text),
            Copied::Several(called) => Some(format!("? {}", called.join(", "))),
        }
    }

    #[test]
    fn several_that_fit_alike_are_asked_about_and_none_is_copied() {
        let table = "Service    User    Password\nNetflix    bob     sunflower\nBank       ann     Tiger22\nShop       kim     moonlight";
        let list = "# Passwords\n\nNetflix: sunflower\nBank: Tiger22";
        let notes =
            "Mail      user: tom@post.example   password: Wren-Teapot-88!\nRouter    user admin   pass  k0mb1nat0r77";
        let forms = "Password: Wren-Teapot-88\nPassword: Tiger22";
        let twice = "Password: Wren-Teapot-88\nThe password is \"Wren-Teapot-88\".";
        let codes = "Recovery codes\n4f9a1-c02be\n77d3e-19aa0\nKeep them.";
        for (text, wanted, is_copied) in [
            (table, "the password", "? Netflix, Bank, Shop"),
            (table, "bank password", "Tiger22"),
            (list, "password", "? Netflix, Bank"),
            (list, "netflix password", "sunflower"),
            (notes, "password", "? Mail, Router"),
            (forms, "password", "? "),
            (twice, "password", "Wren-Teapot-88"),
            // Whichever of them serves.
            (codes, "recovery code", "4f9a1-c02be"),
            ("Safe combination    22 -    7 -    39", "safe combination", "22 - 7 - 39"),
        ] {
            assert_eq!(of(text, wanted).as_deref(), Some(is_copied), "{wanted}: {text}");
        }
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

    #[test]
    fn a_secret_that_is_broken_over_lines_is_copied_whole() {
        for (text, wanted, is_copied) in [
            ("The Wi-Fi password is blue\nhorse and the printer hums.", "wifi password", "blue horse"),
            ("The answer to the secret question is\nMoonfish.", "answer to the secret question", "Moonfish"),
            (
                "Security question\nWhat was your first school?\nYour answer\nThornfield",
                "answer to the security question",
                "Thornfield",
            ),
            ("The password of the shop is Wren-\nTeapot.", "password", "Wren-Teapot"),
            (
                "For the vault the passphrase is correct\nhorse battery\nstaple.",
                "passphrase",
                "correct horse battery staple",
            ),
            ("Recovery codes: 4f9a1-c02be\n77d3e-19aa0", "recovery codes", "4f9a1-c02be\n77d3e-19aa0"),
        ] {
            assert_eq!(of(text, wanted).as_deref(), Some(is_copied), "{wanted}: {text}");
        }
    }

    proptest! {
        #[test]
        fn any_screen_can_be_asked(
            text in "\\PC{0,60}|((password|code|:|  |x9zz9|4471|bank|\n) ?){0,14}", wanted in "\\PC{0,20}|(the )?(bank )?(password|codes)",
        ) {
            of(&text, &wanted);
        }

        /// What is told of several has none of them in it.
        #[test]
        fn no_secret_is_in_what_several_are_called(
            rows in proptest::collection::vec(("[A-Z][a-z]{3,8}", "[a-z]{2,4}[0-9]{4,6}[!#]"), 2..6), form in 0..3usize,
        ) {
            let row = |(name, secret): &(String, String)| match form {
                0 => format!("{name}    bob    {secret}"),
                1 => format!("{name} password: {secret}"),
                _ => format!("{name}: {secret}"),
            };
            let head = ["Service    User    Password", "Notes", "# Passwords\n"][form];
            let text = format!("{head}\n{}", rows.iter().map(row).collect::<Vec<_>>().join("\n"));
            let told = of(&text, "password").unwrap_or_default();
            if let Some(called) = told.strip_prefix("? ") {
                prop_assert!(!rows.iter().any(|(_, secret)| called.contains(secret.as_str())), "{}", called);
            }
        }
    }
}
