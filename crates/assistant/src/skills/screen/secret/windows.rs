//! Windows with secrets in every form that was thought of (`windows.txt`), and that nobody hears of them whatever is asked.

use super::super::{Screen, about, testing};
use crate::router::normalize::{Names, Request};
use crate::testing::FakeClock;
use jarvis_core::{ScreenText, Seen, Skill, SkillContext};

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

/// A window.
struct Window {
    name: &'static str,
    screen: ScreenText,
    secrets: Vec<&'static str>,
    /// Those that are heard so far.
    missed: Vec<&'static str>,
    heard: Vec<&'static str>,
}

fn windows() -> Vec<Window> {
    let mut all: Vec<Window> = Vec::new();
    let mut row = 0;
    for text in include_str!("windows.txt").lines() {
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
        Seen::Ask { prompt, in_full, grounds, otherwise, after, .. } => {
            format!("{prompt}\n{in_full}\n{grounds}\n{otherwise}\n{after}")
        }
        Seen::Look(_) => String::new(),
    }
}

#[test]
fn nobody_hears_of_a_secret_whatever_is_asked() {
    let mut heard = Vec::new();
    let (mut all, mut kept) = (0, 0);
    for window in windows() {
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
