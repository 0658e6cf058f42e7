//! What is said where neither the page nor the language model has an answer.

use super::super::find::find_of;
use super::super::grounds::stem;
use super::super::question::{Question, Wants};
use super::super::say::{aloud, beginning, flow, is_kept, is_secret};
use super::super::words::{likeness, words};
use super::super::{NEAREST, absent, error, measure, read, ties};
use super::MOST_WORDS;
use super::sentences::otherwise_named;
use jarvis_core::{ScreenText, TextLine};
/// The most words of the lines that are quoted where there is no answer.
const NEAREST_WORDS: usize = 40;

/// What a text has without calling it so, and what is compared: both take understanding.
#[rustfmt::skip]
const UNDERSTOOD: &[&str] = &[
    "function", "functions", "method", "methods", "class", "classes", "variable", "variables", "name", "names", "person", "people", "place", "places",
    "city", "cities", "country", "countries", "topic", "topics", "language", "languages", "currency", "problem", "error", "errors", "fix", "wrong",
    "before", "after", "than", "more", "less",
];

/// Whether the page has no word of a question for something that it would name: a small model would make that up.
pub(super) fn is_named_nowhere(question: &Question, screen: &ScreenText) -> bool {
    let is_named = match &question.wants {
        Wants::Value { .. } | Wants::Whether { .. } => true,
        Wants::Understanding => {
            matches!(question.said.first().map(String::as_str), Some("is" | "are" | "does" | "do" | "has" | "have"))
        }
        _ => false,
    };
    let is_understood = question.said.iter().any(|word| UNDERSTOOD.contains(&word.as_str()));
    if !is_named || is_understood || question.topic.is_empty() {
        return false;
    }
    let read: Vec<String> = screen.lines.iter().flat_map(|line| words(&line.text)).collect();
    let is_value = matches!(question.wants, Wants::Value { .. });
    let is_there = |word: &str| read.iter().any(|read| is_near(word, read) || is_value && ties::names(word, read));
    let is_otherwise =
        || is_value && otherwise_named(&question.topic).any(|name| words(name).iter().all(|word| is_there(word)));
    !question.topic.iter().any(|word| is_there(word)) && !is_otherwise()
}

/// Whose something is that texts tell of and hardly name.
#[rustfmt::skip]
const UNNAMED: &[&str] = &[
    "sender", "author", "writer", "recipient", "customer", "company", "shop", "seller", "page", "mail", "email", "letter", "it", "today", "tomorrow",
    "yesterday", "week", "person", "city", "country", "world", "film", "book", "doctor", "hotel", "landlord", "user", "owner", "one",
];

/// Whether somebody is asked about who is not on the page, or something is asked to be measured and nothing there is.
pub(super) fn is_nowhere(question: &Question, screen: &ScreenText) -> bool {
    if !matches!(question.wants, Wants::Value { .. }) {
        return false;
    }
    let texts = || screen.lines.iter().map(|line| line.text.as_str()).chain(screen.window.as_deref());
    let is_there =
        |word: &str| texts().any(|text| words(text).iter().any(|read| is_near(word, read) || ties::names(word, read)));
    let is_missing = |owner: &String| !UNNAMED.contains(&owner.as_str()) && !is_there(owner);
    question.owner.as_ref().is_some_and(is_missing)
        || measure::is_of_things(question) && !texts().any(|text| measure::may_answer(question, text))
}

/// Whether `read` may be of what is called `word`: the one begins as the other does, or is a slip of the ear away.
fn is_near(word: &str, read: &str) -> bool {
    const BEGINNING: usize = 4;
    let begins = |one: &str, other: &str| one.chars().count() >= BEGINNING && other.starts_with(&stem(one));
    likeness(word, read) > 0.5 || stem(word) == stem(read) || begins(word, read) || begins(read, word)
}

/// What is said where neither the page nor the language model has an answer: the lines that come nearest to it.
pub(super) fn nearest(question: &Question, screen: &ScreenText) -> String {
    let says = if screen.is_picture { "The picture says" } else { "The screen says" };
    let wanted: Vec<String> = question.topic.iter().map(|word| stem(word)).collect();
    let is_about_error = wanted.iter().any(|word| matches!(word.as_str(), "error" | "wrong" | "fix" | "messag"));
    let error = if is_about_error { error::find(screen) } else { Vec::new() };
    if !error.is_empty() {
        return format!("{NEAREST} {says}: {}", beginning(&flow(&error), MOST_WORDS));
    }
    let shared = |line: &TextLine| {
        let has: Vec<String> = words(&line.text).iter().map(|word| stem(word)).collect();
        wanted.iter().filter(|word| has.contains(word)).count()
    };
    let body = read::body(screen);
    let best = body.iter().map(|line| shared(line)).max().unwrap_or(0);
    if best == 0 {
        return match question.wants {
            Wants::Understanding | Wants::OwnWords if wanted.is_empty() => {
                format!("{NEAREST} {}", read::summary(screen))
            }
            _ => absent(screen),
        };
    }
    let mut room = NEAREST_WORDS;
    let fits = |line: &&&TextLine| {
        let count = line.text.split_whitespace().count();
        let is_first = room == NEAREST_WORDS;
        let fits = is_first || count <= room;
        room = if fits { room.saturating_sub(count) } else { room };
        fits
    };
    let near: Vec<&TextLine> = body.iter().filter(|line| shared(line) == best).filter(fits).copied().collect();
    let told = near.iter().map(|line| {
        let told = aloud(&line.text);
        // A label alone says little.
        let is_label = line.text.split_whitespace().count() <= 4 && !line.text.contains(|c: char| c.is_ascii_digit());
        let value = find_of(screen, &told, None).filter(|_| is_label).and_then(|found| found.value);
        let value = value.filter(|value| !is_kept(value.line));
        match value.filter(|value| !std::ptr::eq(value.line, *line) && !is_secret(&line.text)) {
            Some(value) => format!("{} {}", told, aloud(&value.text)),
            None => told,
        }
    });
    let told: Vec<String> = told.collect();
    let told: Vec<&str> = told.iter().map(|told| told.trim_end_matches('.')).collect();
    let said = beginning(&told.join(". "), NEAREST_WORDS);
    format!("{NEAREST} {says}: {}.", said.trim_end_matches(['.', '…']))
}
