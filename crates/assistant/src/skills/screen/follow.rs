//! What people say after a look, without naming the screen.
//!
//! Owns two kinds of it. Words that go on from the answer before ("go on", "go back", "copy it") mean it only while that
//! answer is the last one. Questions about what was seen ("what is the total", "find photo.jpg") mean it for as long as the
//! look is remembered and where no other skill knows them: they name what stood there ([`Page`]), or have a form that only
//! makes sense of a text. What is general knowledge stays that: "what is the capital of France".

use super::nouns::{as_written, is_label, is_short, is_thing};
use super::page::Page;
use super::told::{Told, slots};
use super::{ASK, COPY, FIND, READ};
use crate::router::pattern::{Captures, Patterns};
use jarvis_core::IntentMatch;

/// What goes on from the answer before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum On {
    /// The next piece, if there is one.
    More,
    /// The next piece, or that there is none.
    Next,
    /// The piece before.
    Back,
    /// From the beginning.
    Again,
    /// What was told to the clipboard.
    Copy,
}

#[rustfmt::skip]
const ON: &[(On, &str)] = &[
    (On::Next, "(go on|read on|go on reading|continue|continue reading|keep reading|keep going|read more|read the rest|carry on|resume|resume reading)"),
    (On::More, "(more|next|and then|go ahead|yes|yes go on|yes please|sure|what else)"),
    (On::More, "read (it all|all of it|all|everything|it|on to the end)"),
    (On::Back, "(go back|back|go back a bit|go back a little|go back one|one back|back up|previous|the previous part|the part before)"),
    (On::Back, "(read|repeat) the (previous|last) (part|piece|paragraph|bit) [again]"),
    (On::Again, "(start over|start again|start from the beginning|from the beginning|from the start|from the top|read it all again|read everything again|go back to the (beginning|start|top))"),
    (On::Again, "(read|start) [it|that|this] [again] from the (beginning|start|top)"),
    (On::Copy, "copy (that|it|this|them|the value|that one|that line|the answer|what you said|what you read) [to the clipboard|to my clipboard]"),
    (On::Copy, "put (that|it|this) (on|in|into|onto) (the|my) clipboard"),
];

/// A form of what is said of something that was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Any such thing: "find a recipe".
    FindAny,
    Find,
    /// Said of places and persons, too.
    Where,
    Copy,
    /// "Copy cat".
    CopyAny,
    Read,
    What,
    /// What it says of something.
    Says,
    Changed,
}

#[rustfmt::skip]
const FORMS: &[(Form, &str)] = &[
    (Form::FindAny, "(find|locate|look for|search for|show) [me] (a|an|some|any) {query}"),
    (Form::Find, "(find|locate|look for|search for|highlight|point to|point at) [me] [the|my|that|this] {query}"),
    (Form::Where, "(where is|where are|show me|do you see|can you see|is there|go to) [the|my|that|this|a|an|any] {query}"),
    (Form::Copy, "copy (the|my|that|this) {query} [to the clipboard|to my clipboard]"),
    (Form::CopyAny, "copy {query} [to the clipboard|to my clipboard]"),
    (Form::Read, "read [me|out] [out] [the|my|that|this] {query} [out|aloud|out loud|to me]"),
    (Form::What, "(what is|what are|what was|how much is|how much are|when is|who is|which is|tell me|give me|say) [the|my|this|that|its] {query}"),
    (Form::Says, "(does it|does that|does this) (say|mention|tell|contain|include|list) [anything about|something about] {query}"),
    (Form::Says, "(is there|was there) (anything|something) (about|on) {query}"),
    (Form::Says, "what (does it|does that|does this|did it) (tell|mention|recommend|claim) (about|of|on|regarding) {query}"),
    (Form::Changed, "(did|has|have) (anything|something|it|that|this) (change|changed)"),
    (Form::Changed, "(what changed|what has changed|is anything different|what is different) [now|since then]"),
];

/// What questions begin with.
const QUESTIONS: [&str; 24] = [
    "what", "which", "who", "whose", "when", "where", "why", "how", "is", "are", "was", "were", "does", "do", "did",
    "can", "could", "will", "should", "has", "have", "tell", "explain", "may",
];

/// Recognizes it.
pub(super) struct Follow {
    on: Patterns<On>,
    forms: Patterns<Form>,
}

impl Follow {
    pub(super) fn new() -> Self {
        Self { on: Patterns::new(ON), forms: Patterns::new(FORMS) }
    }

    /// What `text` is, said right after `told`.
    pub(super) fn goes_on(&self, text: &str, told: &Told) -> Option<IntentMatch> {
        self.on.find(text, |on, _| {
            let reading = told.reading.as_ref();
            let (intent, what) = match (on, reading) {
                (On::Copy, _) => (COPY, "that"),
                (On::More, Some(reading)) if !reading.done => (READ, "more"),
                (On::Next, Some(_)) => (READ, "more"),
                (On::Back, Some(_)) => (READ, "back"),
                (On::Again, Some(_)) => (READ, "again"),
                _ => return None,
            };
            let mut slots = slots(what);
            // It goes on where it was looked before.
            let place = reading.and_then(|reading| reading.slots.get("where")).or_else(|| told.about.get("where"));
            if let Some(place) = place {
                slots.insert("where".into(), place.clone());
            }
            Some(IntentMatch { intent, slots, confidence: 0.95 })
        })
    }

    /// What `text`, which no skill knows, asks of `page`, if it is about that.
    pub(super) fn about(&self, text: &str, page: &Page) -> Option<IntentMatch> {
        if !page.is_known() {
            return None;
        }
        let matched = |intent, slots: &[(&str, &str)]| {
            let slots = slots.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            Some(IntentMatch { intent, slots, confidence: 0.6 })
        };
        let of_form = |form, captures: &Captures| {
            let query = as_written(captures.get("query").unwrap_or_default());
            let is_there = is_short(&query) && page.has(&query);
            match form {
                Form::Find if is_there || is_thing(&query) => matched(FIND, &[("query", &query)]),
                Form::FindAny if is_there => matched(FIND, &[("query", &query)]),
                Form::Where if is_there || is_label(&query) => matched(FIND, &[("query", &query)]),
                Form::Copy if is_there || is_thing(&query) => matched(COPY, &[("what", "found"), ("query", &query)]),
                Form::CopyAny if is_there => matched(COPY, &[("what", "found"), ("query", &query)]),
                Form::Read if is_there || is_label(&query) => matched(READ, &[("what", "found"), ("query", &query)]),
                Form::What if is_there || is_label(&query) => matched(ASK, &[("question", text)]),
                Form::Says => matched(ASK, &[("question", text)]),
                Form::Changed => matched(READ, &[("what", "changes")]),
                Form::Find | Form::FindAny | Form::Where | Form::Read | Form::What => None,
                Form::Copy | Form::CopyAny => None,
            }
        };
        let is_question = || QUESTIONS.contains(&text.split(' ').next().unwrap_or_default()) && page.has(text);
        self.forms.find(text, of_form).or_else(|| matched(ASK, &[("question", text)]).filter(|_| is_question()))
    }
}
