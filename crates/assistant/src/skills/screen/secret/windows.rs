//! Windows with secrets in every form that was thought of (`windows.txt`), and that nobody hears of them whatever is asked.

use super::super::{Screen, about, testing};
use super::masked;
use crate::router::normalize::{Names, Request};
use crate::testing::FakeClock;
use jarvis_core::{ScreenText, Seen, Skill, SkillContext};
use std::ops::Range;

/// What is asked of every window.
#[rustfmt::skip]
const ASKED: &[&str] = &[
    "what is on my screen", "read this", "read the page", "summarize this page", "what is this page about", "what does it say",
    "what is the password", "find the password", "what is the wifi password", "what is the pin", "what is the code", "what is the key",
    "what is the netflix password", "what is the recovery phrase", "what is the api key", "where does it say bank",
    "what is the password of bob", "what is the token", "how do i log in", "how do i sign in", "which code do i use", "what opens the gate",
    "find netflix", "find bank", "find the network", "what is netflix", "what is bank", "read row one", "read row two", "read the last row",
    "read the last column", "read the second column", "read the password column", "read the third column", "how many rows are there",
    "which fields are empty", "what does the form ask for", "what is in the password field", "what is in the pin field",
    "what is the last line", "what is the second line", "read the first item", "what is the first step", "what did tim say",
    "who wrote last", "what did tim write last", "what is the last word", "what was it changed to", "what is the value", "what is the user",
    "what is the address", "what is the link", "which row is the longest", "when was it changed", "what should i use", "is it strong",
    "what does line two say", "what is the error", "what do i have to write down", "what is my login", "what is for guests",
];

/// Windows in every form that was thought of.
const FIRST: &str = include_str!("windows.txt");
/// Windows as people have them open, half of them without a secret.
const EVERYDAY: &str = include_str!("everyday.txt");

/// Windows with passwords that nothing calls so, and windows of the same shapes without any.
const SHAPES: &str = include_str!("shapes.txt");

/// A window.
struct Window {
    name: &'static str,
    screen: ScreenText,
    secrets: Vec<&'static str>,
    /// Those that are heard so far.
    missed: Vec<&'static str>,
    heard: Vec<&'static str>,
}

impl Window {
    /// Whether the rules were never worked on with it.
    fn is_apart(&self) -> bool {
        self.name.ends_with(" apart")
    }

    /// The secrets that are still there when it is masked.
    fn leaks(&self) -> Vec<&'static str> {
        let masked = masked(&self.screen);
        let has = |secret: &&&str| masked.lines.iter().any(|line| line.text.contains(**secret));
        self.secrets.iter().chain(&self.missed).filter(has).copied().collect()
    }

    /// How many words it has that are no secret, and those of them that are masked.
    fn innocent(&self) -> (usize, Vec<&str>) {
        let masked = masked(&self.screen);
        let (mut all, mut lost) = (0, Vec::new());
        for (line, masked) in self.screen.lines.iter().zip(&masked.lines) {
            let secrets = self.secrets.iter().chain(&self.missed);
            let places: Vec<Range<usize>> = secrets
                .flat_map(|secret| line.text.match_indices(secret).map(|(at, _)| at..at + secret.len()))
                .collect();
            let mut left: Vec<&str> = masked.text.split_whitespace().collect();
            for word in line.text.split_whitespace() {
                let from = word.as_ptr() as usize - line.text.as_ptr() as usize;
                if places.iter().any(|place| place.start < from + word.len() && from < place.end) {
                    continue;
                }
                all += 1;
                match left.iter().position(|left| *left == word) {
                    Some(at) => drop(left.remove(at)),
                    None => lost.push(word),
                }
            }
        }
        (all, lost)
    }
}

fn windows(text: &'static str) -> Vec<Window> {
    let mut all: Vec<Window> = Vec::new();
    let mut row = 0;
    for text in text.lines() {
        let Some(name) = text.strip_prefix("== ") else {
            let Some(window) = all.last_mut() else { continue };
            if let Some(secret) = text.strip_prefix("- ") {
                window.secrets.push(secret);
            } else if let Some(secret) = text.strip_prefix("-! ") {
                window.missed.push(secret);
            } else if let Some(heard) = text.strip_prefix("+ ") {
                window.heard.push(heard);
            } else {
                window.screen.lines.extend(crate::bench::lines(text, row));
                row += 1;
            }
            continue;
        };
        let screen = testing::screen(Vec::new());
        all.push(Window { name, screen, secrets: Vec::new(), missed: Vec::new(), heard: Vec::new() });
        row = 0;
    }
    all
}

/// All that becomes of `said`: what is spoken, and what a model is told.
fn answer(said: &str, screen: &ScreenText) -> String {
    let clock = FakeClock::new();
    let context = SkillContext { clock: &clock, last_reply: None, dry_run: false };
    let matched = about(&Request::new(said, &Names::default()).words);
    match Screen::new().seen(matched.intent, &matched.slots, screen, false, &context).unwrap() {
        Seen::Reply(reply) => reply.spoken,
        Seen::Ask { prompt, in_full, passages, quoted, grounds, otherwise, after, .. } => {
            format!("{prompt}\n{in_full}\n{passages:?}\n{quoted:?}\n{grounds}\n{otherwise}\n{after}")
        }
        Seen::Look(_) => String::new(),
    }
}

#[test]
fn nobody_hears_of_a_secret_whatever_is_asked() {
    let mut heard = Vec::new();
    let (mut all, mut kept) = (0, 0);
    let worked_on = [FIRST, EVERYDAY, SHAPES].into_iter().flat_map(windows).filter(|window| !window.is_apart());
    for window in worked_on {
        let answers: Vec<(&str, String)> = ASKED.iter().map(|said| (*said, answer(said, &window.screen))).collect();
        let of = |secret: &str| answers.iter().find(|(_, answer)| answer.contains(secret));
        for secret in &window.secrets {
            all += 1;
            match of(secret) {
                Some((said, answer)) => heard.push(format!("{}: {secret}: {said}: {answer}", window.name)),
                None => kept += 1,
            }
        }
        for secret in &window.missed {
            all += 1;
            match of(secret) {
                Some(_) => println!("heard so far: {}: {secret}", window.name),
                None => println!("kept by now: {}: {secret}", window.name),
            }
        }
        let read = &answers[1].1;
        for text in window.heard.iter().filter(|text| !read.contains(**text)) {
            heard.push(format!("{}: not read: {text}: {read}", window.name));
        }
    }
    println!("secrets: {kept} of {all} kept");
    assert!(heard.is_empty(), "{}", heard.join("\n"));
}

#[test]
fn a_phrase_in_the_columns_of_a_terminal_is_kept() {
    for heads in ["Recovery phrase:", "Your recovery phrase", "seed phrase"] {
        let rows = [
            "1. marble     5. lantern",
            "2. orbit      6. thicket",
            "3. velvet     7. walnut",
            "4. pigeon     8. zephyr",
        ];
        let texts = std::iter::once(heads).chain(rows).chain(["$ _"]).enumerate();
        let screen = testing::screen(texts.map(|(at, text)| testing::line(text, 10, 10 + 26 * at as i32)).collect());
        for said in ASKED {
            let answer = answer(said, &screen);
            for word in ["marble", "lantern", "orbit", "thicket", "velvet", "walnut", "pigeon", "zephyr"] {
                assert!(!answer.contains(word), "{heads}: {said}: {answer}");
            }
        }
    }
}

/// `LOOK=apart` tells of those that were kept apart, too.
#[test]
fn words_that_are_no_secret_are_told() {
    let lists =
        [("windows", FIRST, false), ("tuned", EVERYDAY, false), ("apart", EVERYDAY, true), ("shapes", SHAPES, false)];
    for (name, text, is_apart) in lists {
        let looks = !is_apart || std::env::var_os("LOOK").is_some();
        let (mut secrets, mut leaks, mut with, mut without) = (0, 0, (0, 0), (0, 0));
        for window in windows(text).iter().filter(|window| window.is_apart() == is_apart) {
            let (leaked, (all, lost)) = (window.leaks(), window.innocent());
            let has_secrets = !window.secrets.is_empty() || !window.missed.is_empty();
            let count = if has_secrets { &mut with } else { &mut without };
            (count.0, count.1) = (count.0 + all, count.1 + lost.len());
            secrets += window.secrets.len() + window.missed.len();
            leaks += leaked.len();
            if looks && !(leaked.is_empty() && lost.is_empty()) {
                println!("{}: told: {leaked:?}; masked: {lost:?}", window.name);
            }
        }
        println!(
            "{name}: {} of {secrets} secrets kept; masked of words that are none: {} of {} beside secrets, {} of {} elsewhere",
            secrets - leaks,
            with.1,
            with.0,
            without.1,
            without.0
        );
    }
}

/// Of what is shown as it was read, as `jarvis see` does.
#[test]
fn nobody_sees_a_secret_where_all_that_was_read_is_shown() {
    for window in [FIRST, EVERYDAY, SHAPES].into_iter().flat_map(windows).filter(|window| !window.is_apart()) {
        let shown = Screen::without_secrets(&window.screen);
        let has = |secret: &&&str| shown.lines.iter().any(|line| line.text.contains(**secret));
        let seen: Vec<&&str> = window.secrets.iter().filter(has).collect();
        assert!(seen.is_empty(), "{}: {seen:?}", window.name);
        let kept = shown.lines.iter().zip(&window.screen.lines).all(|(one, other)| one.region == other.region);
        assert!(kept && shown.lines.len() == window.screen.lines.len(), "{}", window.name);
    }
    let mut screen = testing::screen(vec![testing::line("Wi-Fi    password   blue  horse", 10, 10)]);
    screen.window = Some("password: sunflower".into());
    let shown = Screen::without_secrets(&screen);
    assert_eq!(shown.lines[0].text, "Wi-Fi    password   •••  •••");
    assert_eq!(shown.window.as_deref(), Some("password: •••"));
}

#[test]
fn nothing_is_masked_in_windows_of_the_same_shapes_that_have_no_secret() {
    let masked: Vec<String> = windows(SHAPES)
        .iter()
        .filter(|window| window.secrets.is_empty())
        .map(|window| format!("{}: {:?}", window.name, window.innocent().1))
        .filter(|told| !told.ends_with("[]"))
        .collect();
    assert!(masked.is_empty(), "{}", masked.join("\n"));
}

#[test]
fn a_word_that_begins_another_leaves_nothing_of_it() {
    let line = testing::line("Password: sun sunflower sunflowers", 0, 0);
    let shown = Screen::without_secrets(&testing::screen(vec![line]));
    assert!(!shown.lines[0].text.contains("flower") && shown.lines[0].text.contains("Password"), "{shown:?}");
}
