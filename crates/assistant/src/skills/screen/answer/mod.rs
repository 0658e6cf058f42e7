//! Answers to questions about the screen, quoted from it.
//!
//! Owns what is tried for a question and in which order: the value of the label that is asked for ([`labels`]), a table
//! ([`tables`]), a calendar ([`agenda`]), a list ([`lists`]), the sentences that are about it ([`sentences`]), and only where none
//! of that is there the language model, whose answer is held against the page. What shares a word with a question and can't be its
//! answer ([`super::measure`]) is not said. What is said of a page is written on it; only where a sum or a difference is asked for
//! ([`compared`]) it is worked out, and said of which rows.

mod agenda;
mod compared;
mod counts;
mod evidence;
mod forms;
mod labels;
mod lists;
mod nearest;
mod passages;
mod sentences;
mod tables;

use super::question::{self, Question, Wants};
use super::say::{NOT_SAID, aloud, flow, is_kept, is_legible, is_secret};
use super::shape::{self, Kind};
use super::told::Told;
use super::words::words;
use super::{Screen, chat, error, excerpt, find, gist, located, measure, noted, nouns, read, secret};
use jarvis_core::{HostAction, Region, Reply, ScreenText, Seen, Slots, TextLine, TextRole};
use labels::of_label;
use nearest::{is_named_nowhere, is_nowhere, nearest};
pub(super) use passages::passages;
use sentences::{otherwise_named, sentences, without_may};

/// The most words of an answer that is quoted.
const MOST_WORDS: usize = 60;
/// Buttons that are said.
const MOST_BUTTONS: usize = 8;

/// Words of questions for the place of an error.
#[rustfmt::skip]
const PLACE_WORDS: &[&str] = &[
    "line", "file", "row", "number", "name", "error", "exception", "trace", "traceback", "code", "fail", "fails", "failed", "failing",
    "crash", "crashed", "happen", "happened", "happens", "occur", "occurred", "thrown", "throw", "throws", "source", "bug", "wrong",
    "went", "caused", "cause", "causes", "path",
];

/// A quoted answer.
struct Quote<'a> {
    said: String,
    /// The lines that it is from.
    lines: Vec<&'a TextLine>,
    /// What "copy it" copies: what is found for this.
    query: Option<String>,
    /// It is more than a text or a row that shares some of the question's words.
    is_sure: bool,
}

impl Quote<'_> {
    fn region(&self) -> Region {
        self.lines.iter().map(|line| line.region).reduce(|all, other| all.union(&other)).unwrap_or_default()
    }
}

impl Screen {
    /// Answers [`super::ASK`].
    pub(super) fn ask(&mut self, slots: &Slots, screen: &ScreenText, may_look_on: bool) -> Seen {
        self.told = None;
        let asked = slots.get("question").map_or("", String::as_str);
        if !screen.lines.iter().any(is_legible) {
            return Seen::Reply(Reply::say(noted("I see no text there.".into(), screen)));
        }
        let question = question::read(asked);
        // Who else knows it is no question for what it is.
        let is_for_it = !question.begins(&["who", "does", "do", "did", "has", "have"]);
        if let Some(secret) = secret::asked(asked).filter(|_| is_for_it) {
            return self.keep(&secret.name, screen, may_look_on);
        }
        if gist::asked_for(asked).is_some() {
            return Seen::Reply(self.sum_up("gist", screen));
        }
        if question::is_for_buttons(&question.topic)
            && let Some(buttons) = buttons(screen)
        {
            self.told = Some(Told::of(super::told::slots("answer")));
            return Seen::Reply(Reply::say(buttons));
        }
        let mut by_words = None;
        if let Some(quote) = chat(asked, screen).or_else(|| quoted(&question, screen)) {
            let about = match &quote.query {
                Some(query) => Slots::from([("query".to_owned(), query.clone())]),
                None => super::told::slots("answer"),
            };
            let actions = vec![HostAction::Highlight { region: quote.region() }];
            let spoken = super::legibly_of(quote.said.clone(), &quote.lines);
            let reply = Reply { spoken, actions, ..Reply::default() };
            if quote.is_sure {
                self.told = Some(Told { before: self.last_reply, ..Told::of(about) });
                return Seen::Reply(reply);
            }
            by_words = Some(reply);
        }
        // A number and a part of a text have no gist.
        let is_exact =
            matches!(question.wants, Wants::Value { kind: Some(_), .. } | Wants::Value { is_number: true, .. })
                || question.says(&["paragraph", "section", "row", "column"]);
        if gist::is_in_short(asked) && !is_exact {
            return Seen::Reply(self.sum_up("gist", screen));
        }
        // What is not there a model would make up.
        let thing = match &question.wants {
            Wants::Whether { thing } => thing.as_ref(),
            _ => question.name.as_ref().filter(|label| nouns::is_label(label)),
        };
        if let Some(label) = thing.filter(|_| by_words.is_none())
            && find::find(screen, label).is_none()
        {
            let slots = Slots::from([("query".to_owned(), label.clone())]);
            return self.find(&slots, screen, may_look_on);
        }
        self.told = Some(Told { before: self.last_reply, ..Told::of(super::told::slots("answer")) });
        let is_named_nowhere =
            is_named_nowhere(&question, screen) || is_nowhere(&question, screen) || tables::lacks(&question, screen);
        let (in_full, passages, place) = passages(asked, screen);
        Seen::Ask {
            prompt: if is_named_nowhere { String::new() } else { excerpt::prompt(asked, screen) },
            in_full,
            passages,
            quoted: by_words,
            question: place,
            grounds: excerpt::grounds(screen),
            in_own_words: question.wants == Wants::OwnWords,
            otherwise: match is_named_nowhere {
                true => noted(super::absent(screen), screen),
                false => nearest(&question, screen),
            },
            absent: super::absent(screen),
            after: String::new(),
        }
    }
}

/// What there is to press.
fn buttons(screen: &ScreenText) -> Option<String> {
    let is_button = |line: &&TextLine| line.role == TextRole::Control && is_legible(line);
    let all: Vec<String> = screen.lines.iter().filter(is_button).map(|line| aloud(&line.text)).collect();
    let told = all.iter().take(MOST_BUTTONS).cloned().collect::<Vec<_>>().join(", ");
    let rest = all.len().saturating_sub(MOST_BUTTONS);
    let more = if rest > 0 { format!(", and {rest} more") } else { String::new() };
    (!all.is_empty()).then(|| format!("I see {told}{more}."))
}

/// Who wrote what is asked about, or when.
fn chat<'a>(asked: &str, screen: &'a ScreenText) -> Option<Quote<'a>> {
    let (said, lines) = chat::answer(asked, screen)?;
    Some(Quote { said, lines, query: None, is_sure: true })
}

/// Where in the code the error is.
fn error_place(screen: &ScreenText) -> Option<Quote<'_>> {
    let (said, lines) = error::place(screen)?;
    Some(Quote { said, lines, query: None, is_sure: true })
}

/// Whether a question is for a place in code and for nothing else: "which line", "what file is it in".
fn is_for_place(topic: &[String]) -> bool {
    let is_any = |words: &[&str], word: &String| words.contains(&word.as_str());
    topic.iter().any(|word| is_any(&["line", "file", "row"], word))
        && topic.iter().all(|word| is_any(PLACE_WORDS, word))
}

impl Screen {
    /// What is told of the secret that is called `name`: where it stands, and never what it is or is like.
    fn keep(&mut self, name: &str, screen: &ScreenText, may_look_on: bool) -> Seen {
        let Some(found) = find::find(screen, name) else {
            return self.find(&Slots::from([("query".to_owned(), name.to_owned())]), screen, may_look_on);
        };
        let actions = vec![HostAction::Highlight { region: found.region() }];
        let is_there = found.is_secret(name) && (found.value.is_some() || is_kept(found.line));
        if is_there {
            let about = || Told::of(Slots::from([("query".to_owned(), name.to_owned())]));
            self.told = found.value.is_some().then(about);
            return Seen::Reply(Reply { spoken: located(&found, name, screen), actions, ..Reply::default() });
        }
        let is_label = found.line.text.split_whitespace().count() <= 4 && !found.is_near;
        let spoken = match is_label && is_secret(&found.line.text) {
            true => format!("I see where the {name} goes. What is typed there is never read."),
            false => NOT_SAID.to_owned(),
        };
        Seen::Reply(Reply { spoken, actions, ..Reply::default() })
    }
}

/// The answer as it stands there, if it does.
fn quoted<'a>(question: &Question, screen: &'a ScreenText) -> Option<Quote<'a>> {
    if is_for_place(&question.topic)
        && let Some(quote) = error_place(screen)
    {
        return Some(quote);
    }
    if let Some(quote) = whole_row(question, screen)
        .or_else(|| labels::error_code(question, screen))
        .or_else(|| lists::step_beside(question, screen))
        .or_else(|| forms::of_form(question, screen))
        .or_else(|| headline(question, screen))
        .or_else(|| tables::quantity(question, screen))
        .or_else(|| lists::of_list(question, screen))
    {
        return Some(quote);
    }
    // What somebody says in a conversation is told with who said it.
    let is_chat = !chat::messages(screen).is_empty();
    if is_chat && let Some(quote) = evidence::of_evidence(question, screen) {
        return Some(quote);
    }
    // What comes after something stands in another sentence than that.
    if question.says(&["after", "before"]) && question.says(&["comes", "come", "follows"]) {
        return None;
    }
    // What is still to come is called otherwise than what was.
    let expected = || {
        let names = otherwise_named(&question.topic).filter(|_| question.says(&["will"]));
        let mut found = names.filter_map(|name| of_label(name, Some(Kind::Date), question, screen));
        found.find(|quote| quote.lines.iter().any(|line| line.text.contains(':')))
    };
    let may_answer = |text: &str| !measure::is_question(text) && measure::may_answer(question, text);
    let may_be = |quote: &Quote<'_>| measure::may_answer(question, &quote.said);
    let any = |_: &str| true;
    let is_who = question.begins(&["who", "whose"]);
    match &question.wants {
        Wants::Value { labels, kind, is_number } => tables::of_table(question, screen)
            .filter(|quote| !measure::is_of_things(question) || may_be(quote))
            .or_else(|| counts::of_count(question, screen).filter(|_| !is_chat))
            .or_else(expected)
            .or_else(|| agenda::of_agenda(question, screen).filter(may_be))
            .or_else(|| labels::signed(labels, screen))
            .or_else(|| labels.iter().find_map(|label| of_label(label, *kind, question, screen).filter(may_be)))
            .or_else(|| labels::letterhead(labels, screen))
            .or_else(|| labels::of_topic(labels, question, screen))
            .or_else(|| labels::of_itself(question, screen).filter(may_be))
            .or_else(|| labels::of_share(labels, question, screen))
            .or_else(|| evidence::of_evidence(question, screen))
            .or_else(|| {
                let may_answer = |text: &str| may_answer(text) && (!is_who || measure::has_name(text));
                let told = sentences(&question.topic, *is_number, *kind, &may_answer, screen).filter(|_| !is_chat);
                // "How much" is answered with an amount where the page has one.
                let only = || labels::only_amount(question, screen);
                let has_amount = |quote: &Quote<'_>| !shape::find(Kind::Amount, &quote.said).is_empty();
                if told.as_ref().is_some_and(has_amount) { told } else { only().or(told) }
            })
            .or_else(|| counts::of_time(question, screen).filter(may_be))
            .or_else(|| {
                let named = otherwise_named(&question.topic).find_map(|name| {
                    let words = words(name);
                    // What no sign marks as a label is told whole, with its times.
                    let is_sign = |quote: &Quote<'_>| quote.lines.iter().all(|line| line.text.contains(": "));
                    let day = kind.filter(|kind| *kind == Kind::Date);
                    let label = day.and_then(|day| of_label(name, Some(day), question, screen)).filter(is_sign);
                    // What is before the departure is no departure.
                    let is_other = |text: &str| text.to_lowercase().contains(&format!("before {name}"));
                    let may_be = |text: &str| may_answer(text) && !is_other(text);
                    label.or_else(|| sentences(&words, *is_number, *kind, &may_be, screen))
                });
                named.filter(|_| *is_number)
            }),
        Wants::Whether { .. } if question.says(&["anything", "free", "busy"]) && question.begins(&["do", "am"]) => {
            agenda::of_agenda(question, screen)
        }
        Wants::Whether { .. } => sentences(&without_may(&question.topic), false, None, &any, screen).or_else(|| {
            otherwise_named(&question.topic).find_map(|name| sentences(&words(name), false, None, &any, screen))
        }),
        Wants::Sentences if question.begins(&["is", "are"]) => {
            agenda::of_agenda(question, screen).or_else(|| sentences(&question.topic, false, None, &any, screen))
        }
        Wants::Sentences => sentences(&question.topic, false, None, &any, screen),
        Wants::ErrorPlace => error_place(screen).or_else(|| {
            let lines = error::find(screen);
            let is_there = lines.iter().any(|line| line.text.contains(|c: char| c.is_ascii_digit()));
            is_there.then(|| Quote { said: format!("It says: {}", flow(&lines)), lines, query: None, is_sure: true })
        }),
        Wants::Understanding => {
            let is_told = question.begins(&["why", "is", "are", "was", "were", "did", "does", "has", "have", "can"]);
            tables::of_table(question, screen)
                .or_else(|| agenda::of_agenda(question, screen))
                .or_else(|| evidence::of_evidence(question, screen).filter(|_| is_told))
        }
        Wants::OwnWords => None,
    }
}

/// The row that is asked for by what stands in it: "read the November row".
fn whole_row<'a>(question: &Question, screen: &'a ScreenText) -> Option<Quote<'a>> {
    let [first, rest @ .., last] = &question.said[..] else { return None };
    let is_asked = matches!(first.as_str(), "read" | "tell" | "show" | "say" | "give")
        && matches!(last.as_str(), "row" | "line" | "entry");
    let name: Vec<&str> =
        rest.iter().map(String::as_str).filter(|word| !matches!(*word, "me" | "out" | "the" | "my" | "this")).collect();
    let rows = read::rows_with(&name.join(" "), screen);
    let said = rows.iter().map(|row| flow(row)).collect::<Vec<_>>().join(" ");
    let lines: Vec<&TextLine> = rows.into_iter().flatten().collect();
    let is_kept = lines.iter().any(|line| is_kept(line));
    (is_asked && !lines.is_empty() && !is_kept).then_some(Quote { said, lines, query: None, is_sure: true })
}

/// The headline, or what a message is about where no label says so.
fn headline<'a>(question: &Question, screen: &'a ScreenText) -> Option<Quote<'a>> {
    // "What is this form for": what stands at its head.
    if let [what, is, this, .., last] = &question.said[..]
        && (what.as_str(), is.as_str(), this.as_str(), last.as_str()) == ("what", "is", "this", "for")
        && question.topic.len() <= 1
    {
        let body = read::body(screen);
        let line = *body.iter().find(|line| line.text.split_whitespace().count() > 3 && !is_kept(line))?;
        let said = format!("It says: {}.", aloud(&line.text).trim_end_matches('.'));
        return Some(Quote { said, lines: vec![line], query: None, is_sure: true });
    }
    let is_asked =
        matches!(&question.topic[..], [word] if matches!(word.as_str(), "headline" | "title" | "heading" | "subject"));
    let is_labelled = || find::find(screen, &question.topic[0]).is_some_and(|found| found.value.is_some());
    if !is_asked || is_labelled() {
        return None;
    }
    let line = screen.lines.iter().find(|line| line.role == TextRole::Heading && is_legible(line) && !is_kept(line))?;
    Some(Quote {
        said: format!("It says: {}.", aloud(&line.text).trim_end_matches('.')),
        lines: vec![line],
        query: None,
        is_sure: true,
    })
}
