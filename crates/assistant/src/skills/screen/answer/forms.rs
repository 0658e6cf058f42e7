//! What forms and settings say: what is in a field, which fields there are, and whether something is on.
//!
//! Owns which lines are the labels of a form: what stands left of a field or over it, and what ends as labels do.

use super::super::find::find_of;
use super::super::question::{Question, Wants};
use super::super::say::{aloud, is_kept, is_legible};
use super::super::words::{likeness, words};
use super::super::{error, read, secret};
use super::Quote;
use jarvis_core::{ScreenText, TextLine, TextRole};

/// A label has no more words.
const LABEL: usize = 5;
/// The most labels that are said.
const MOST: usize = 10;
/// What fits less is another word.
const FITS: f32 = 0.8;
/// What a setting is that is on or off.
const SWITCHED: [&str; 12] = [
    "on",
    "off",
    "yes",
    "no",
    "enabled",
    "disabled",
    "active",
    "inactive",
    "true",
    "false",
    "connected",
    "disconnected",
];

/// The answer of a form.
pub(super) fn of_form<'a>(question: &Question, screen: &'a ScreenText) -> Option<Quote<'a>> {
    let said: Vec<&str> = question.said.iter().map(String::as_str).collect();
    match &said[..] {
        ["what", "is" | "stands", "in" | "into", "the" | "my", name @ .., "field" | "box"] if !name.is_empty() => {
            field(&name.join(" "), screen)
        }
        ["what", "do", "i", "have" | "need", "to", "fill" | "enter" | "type", ..]
        | ["what", "does", "the" | "this" | "it", "form" | "dialog" | "window", "ask", "for"]
        | ["what", "does", "it", "ask", "for"]
        | ["which" | "what", "fields", "are", "there"] => fields(screen),
        // "What did I write under special wishes".
        [
            "what",
            "did",
            "i",
            "write" | "put" | "enter" | "type" | "fill",
            "under" | "for" | "as" | "in" | "into" | "at",
            name @ ..,
        ] if !name.is_empty() => field(&without_article(name).join(" "), screen),
        ["which" | "what", "fields", "are", "empty" | "missing" | "blank"]
        | ["which" | "what", "fields", "are", "still", "empty" | "missing" | "blank"]
        | ["which" | "what", "field", "is", "empty" | "missing" | "blank"]
        | ["what", "have", "i", "forgotten" | "missed", ..]
        | ["what", "did", "i", "forget" | "miss", ..]
        | ["what", "is", "still", "empty" | "missing"] => empty(screen),
        ["is" | "are", ..] if question.wants == Wants::Understanding => switch(question, screen),
        _ => None,
    }
}

fn without_article<'s>(name: &'s [&'s str]) -> &'s [&'s str] {
    match name {
        ["the" | "my" | "a", rest @ ..] if !rest.is_empty() => rest,
        _ => name,
    }
}

fn is_field(line: &TextLine) -> bool {
    line.role == TextRole::Field
}

/// What is in the field that is called `name`.
fn field<'a>(name: &str, screen: &'a ScreenText) -> Option<Quote<'a>> {
    if secret::is_secret(name) {
        return None;
    }
    let found = find_of(screen, name, None).filter(|found| !found.is_near)?;
    let value =
        found.value.as_ref().filter(|value| value.line.role == TextRole::Field && !value.text.trim().is_empty());
    let said = match value {
        Some(value) if is_kept(value.line) => return None,
        Some(value) => format!("It says: {}.", aloud(&value.text).trim_end_matches('.')),
        None if found.value.is_none() || screen.lines.iter().any(is_field) => {
            format!("I see nothing in the {name} field: it is empty.")
        }
        None => return None,
    };
    let lines = std::iter::once(found.line).chain(value.map(|value| value.line)).collect();
    Some(Quote { said, lines, query: Some(name.to_owned()), is_sure: true })
}

/// The labels of the form on `screen`, from top to bottom.
fn labels(screen: &ScreenText) -> Vec<&TextLine> {
    let fields: Vec<&TextLine> = screen.lines.iter().filter(|line| is_field(line)).collect();
    let is_short = |line: &&TextLine| {
        let text = line.text.trim_end();
        is_legible(line)
            && (1..=LABEL).contains(&text.split_whitespace().count())
            && !matches!(line.role, TextRole::Title | TextRole::Heading | TextRole::Field)
            && !error::is_button(line)
            && !text.ends_with(['.', '?', '!'])
    };
    let is_marked = |line: &TextLine| line.text.trim_end().ends_with([':', '*']);
    let is_of_field = |line: &TextLine| {
        let is_over = |field: &TextLine| {
            let gap = field.region.y.saturating_sub(line.region.bottom());
            let shift = field.region.x.saturating_sub(line.region.x).abs();
            (0..=line.region.height as i32).contains(&gap) && shift <= line.region.height as i32
        };
        fields.iter().any(|field| line.is_left_of(field) || is_over(field))
    };
    let sure: Vec<&TextLine> =
        screen.lines.iter().filter(is_short).filter(|line| is_marked(line) || is_of_field(line)).collect();
    // The labels of one form begin under one another, or end so; a dialog without a field that tells of itself has no others.
    let is_in_line = |line: &TextLine| {
        sure.iter().any(|label| label.region.x == line.region.x || label.region.right() == line.region.right())
    };
    let is_one = |line: &&TextLine| {
        is_marked(line)
            || is_of_field(line)
            || if sure.is_empty() { line.role == TextRole::Alert } else { is_in_line(line) }
    };
    screen.lines.iter().filter(is_short).filter(is_one).collect()
}

fn told<'a>(before: &str, labels: Vec<&'a TextLine>) -> Option<Quote<'a>> {
    let names = labels.iter().take(MOST).map(|line| aloud(line.text.trim_end_matches([':', '*', ' '])));
    let said = format!("{before}{}.", names.collect::<Vec<_>>().join(", "));
    (!labels.is_empty()).then_some(Quote { said, lines: labels, query: None, is_sure: true })
}

fn fields(screen: &ScreenText) -> Option<Quote<'_>> {
    told("It asks for: ", labels(screen))
}

/// The labels beside or over which nothing stands.
fn empty(screen: &ScreenText) -> Option<Quote<'_>> {
    let has_value = |label: &TextLine| {
        find_of(screen, &label.text, None)
            .and_then(|found| found.value)
            .is_some_and(|value| !value.text.trim().is_empty())
    };
    let labels = labels(screen);
    let empty: Vec<&TextLine> = labels.iter().copied().filter(|label| !has_value(label)).collect();
    match (labels.is_empty(), empty.is_empty()) {
        (true, _) => None,
        (false, true) => {
            Some(Quote { said: "I see something in each of them.".into(), lines: labels, query: None, is_sure: true })
        }
        _ => told("I see nothing in: ", empty),
    }
}

/// Whether a setting is on: what stands beside its name, if that says so.
fn switch<'a>(question: &Question, screen: &'a ScreenText) -> Option<Quote<'a>> {
    let is_switched = |text: &str| SWITCHED.contains(&text.trim().to_lowercase().as_str());
    let is_said = |word: &str| SWITCHED.contains(&word) || matches!(word, "switched" | "turned");
    let topic: Vec<&String> = question.topic.iter().filter(|word| !is_said(word)).collect();
    if topic.is_empty() {
        return None;
    }
    let names = |line: &&TextLine| {
        let read = words(&line.text);
        let joined = read.concat();
        topic.iter().all(|word| joined == **word || read.iter().any(|read| likeness(word, read) >= FITS))
            && read.len() <= topic.len() + 2
    };
    // "Newsletter: off".
    let is_own = |line: &&TextLine| line.text.split_once(':').is_some_and(|(_, value)| is_switched(value));
    if let Some(line) = screen.lines.iter().filter(|line| is_legible(line)).filter(names).find(is_own) {
        return Some(Quote { said: format!("{}.", aloud(&line.text)), lines: vec![line], query: None, is_sure: true });
    }
    let found = screen.lines.iter().filter(|line| is_legible(line)).filter(names).find_map(|line| {
        let value = find_of(screen, &line.text, None)?.value?;
        is_switched(&value.text).then_some((line, value))
    });
    // Under the name of a section of settings: "[cloud]", "enabled = false".
    if found.is_none() {
        let body = read::body(screen);
        let is_section = |line: &&TextLine| line.text.trim().starts_with('[') && line.text.trim().ends_with(']');
        let at = body.iter().position(|line| is_section(line) && names(line))?;
        let section = body[at + 1..].iter().take_while(|line| !is_section(line));
        let is_on = |line: &&&TextLine| {
            let pair = line.text.split_once(['=', ':']);
            pair.is_some_and(|(name, value)| is_switched(name) && is_switched(value))
        };
        let line = *section.into_iter().find(is_on)?;
        let said = format!("It says: {} {}.", aloud(&body[at].text), aloud(&line.text));
        return Some(Quote { said, lines: vec![body[at], line], query: None, is_sure: true });
    }
    let (line, value) = found?;
    let label = line.text.split(':').next().unwrap_or_default();
    let said = format!("{}: {}.", aloud(label), aloud(&value.text));
    Some(Quote { said, lines: vec![line, value.line], query: None, is_sure: true })
}
