//! What people say after a look, without naming the screen.
//!
//! Owns two kinds of it. Words that go on from the answer before ("go on", "go back", "copy it") mean it only while that
//! answer is the last one; "go on" also behind answers of other skills, while nothing was talked about. Questions about what was
//! seen ("what is the total", "find photo.jpg") mean it for as long as the look is remembered and where no other skill knows
//! them: they name what stood there ([`Page`]), or have a form that only makes sense of a text ([`super::aim`]). After the
//! language model talked, "it" is what that was about. What is general knowledge stays that: "what is the capital of France".
//! Where nothing was seen lately, what only makes sense of a text is asked back, after a talk only where nothing that is talked
//! about can be so ("is it overdue"). Never looks, and decides nothing that another skill knows.

use super::hand::Likely;
use super::nouns::{DETERMINERS, as_written, is_label, is_short, is_thing, part};
use super::page::{self, Page};
use super::picture::{self, Looks};
use super::told::{Told, slots};
use super::{ASK, COPY, FIND, OFFER, PICTURE, READ, aim, ellipsis, secret};
use super::{beyond, gist, hand, picking, request};
use crate::router::pattern::{Captures, Patterns};
use crate::skills::date::day::WEEKDAYS;
use jarvis_core::{IntentMatch, Sight, Slots};

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

/// What lists are called by who wants to hear them.
const LISTS: [&str; 6] = ["ingredients", "to do list", "todo list", "shopping list", "tasks", "steps"];

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

    /// What `text` is, said after the answer of another skill: "go on", where there is something to go on with.
    fn goes_on_later(&self, text: &str, told: Option<&Told>) -> Option<IntentMatch> {
        let is_next = self.on.find(text, |on, _| matches!(on, On::Next).then_some(()));
        is_next.and_then(|()| self.goes_on(text, told?))
    }

    /// What `text`, which no skill knows, asks of `page`, if it is about that; `told` was told last of it.
    pub(super) fn about(
        &self,
        text: &str,
        page: &Page,
        told: Option<&Told>,
        sight: Sight,
        of_user: &mut dyn FnMut() -> Option<f32>,
    ) -> Option<IntentMatch> {
        if let Some(asked) = secret::asked(text) {
            match sight {
                Sight::Nothing | Sight::Elsewhere if asked.is_own => return Some(offer(&[("about", "secret")])),
                // What is not surely one of the user's is judged as anything is.
                Sight::Nothing | Sight::Elsewhere => {}
                Sight::Before => return (asked.is_own || page.has(&asked.name)).then(|| ask(text)),
                Sight::Last => return Some(ask(text)),
            }
        }
        let looks = picture::of_looks(text);
        let shown = || matched(PICTURE, &[("question", text)]);
        let is_last = match sight {
            Sight::Nothing if looks == Some(Looks::Pointed) => return Some(shown()),
            // There may be such a thing in front of who asks, or in their garden.
            Sight::Nothing if looks.is_some() => return Some(offer(&[("question", text)])),
            Sight::Nothing => return self.unseen(text, of_user),
            Sight::Elsewhere if looks == Some(Looks::Pointed) => return Some(shown()),
            Sight::Elsewhere => {
                // What points at nothing that was said is of the talk as little as if there had been none.
                let mut is_new =
                    || !crate::conversation::refers_back(text) && hand::is_at_hand(text, of_user, hand::LIKELY);
                let is_of_text = aim::is_of_a_thing(text) || is_new();
                return is_of_text.then(|| offer(&[("question", text)]));
            }
            _ if !page.is_known() => return None,
            Sight::Before => false,
            Sight::Last => true,
        };
        if is_last && let Some(matched) = self.goes_on_later(text, told) {
            return Some(matched);
        }
        if is_last && let Some(matched) = told.and_then(|told| ellipsis::goes_on(text, told, page)) {
            return Some(matched);
        }
        let points_here = || text.split(' ').any(|word| word == "here");
        if is_last && (gist::asked_for(text).is_some() || gist::is_in_short(text) && points_here()) {
            return Some(request::summed_up());
        }
        let stands_there = || {
            let names = page::names(text);
            names.iter().filter(|name| page.has_word(name)).count() * 2 >= names.len().max(1)
        };
        let least = match is_last {
            true if stands_there() => hand::LIKELY_OF_NAMED,
            true => hand::LIKELY_OF_PAGE,
            false => hand::LIKELY,
        };
        let mut judge = |likely: Likely| match likely {
            Likely::AtHand => hand::is_at_hand(text, of_user, least),
            Likely::Worldly => hand::judged(text, of_user).is_some_and(|likely| likely < hand::WORLDLY),
        };
        if beyond::is_beyond(&text.split(' ').collect::<Vec<_>>(), page) {
            return None;
        }
        let of_form = |form, captures: &Captures| {
            let query = as_written(captures.get("query").unwrap_or_default());
            let is_there = is_short(&query) && page.has(&query);
            match form {
                Form::Find if is_there || is_thing(&query) => Some(matched(FIND, &[("query", &query)])),
                Form::FindAny if is_there => Some(matched(FIND, &[("query", &query)])),
                // "Where is Eva's office" is asked of what stands there of Eva, and "where is Eva on Tuesday" of that day.
                Form::Where if is_there && (query.contains("'s ") || has_day(&query)) => Some(ask(text)),
                Form::Where if is_there || is_label(&query) => Some(matched(FIND, &[("query", &query)])),
                Form::Copy if is_there || is_thing(&query) => Some(copy(&query)),
                Form::CopyAny if is_there => Some(copy(&query)),
                // Its kind may not be written beside it.
                Form::Copy | Form::CopyAny if picking::owner_in(&query).is_some_and(|owner| page.has(&owner)) => {
                    Some(copy(&query))
                }
                // "Read the price column" names what stands over it.
                Form::Read if is_column_of(&query, page) => Some(ask(text)),
                // Lists are called otherwise than they are named: "You need", "To do".
                Form::Read if is_last && LISTS.contains(&query.as_str()) => Some(ask(text)),
                Form::Read if is_there || is_label(&query) => {
                    Some(matched(READ, &[("what", "found"), ("query", &query)]))
                }
                Form::What => match part(&query) {
                    Some(part) => Some(matched(READ, &[("what", part.unit), ("at", &part.at.to_string())])),
                    None => (is_label(&query) && is_named(&query)).then(|| ask(text)),
                },
                Form::Says => Some(ask(text)),
                Form::Changed => Some(matched(READ, &[("what", "changes")])),
                Form::Find | Form::FindAny | Form::Where | Form::Read | Form::Copy | Form::CopyAny => None,
            }
        };
        let mut is_about = || {
            // What is to be done with something that goes by another name there is not found there, and never talked about.
            let done = self.asked_to(text).filter(|_| is_last && judge(Likely::AtHand));
            done.or_else(|| aim::is_about(text, page, is_last, &mut judge).then(|| ask(&aim::as_question(text))))
        };
        // What it looks like no text tells, unless the page has all that is named.
        if is_last && looks.is_some() && !page.has(text) {
            return Some(shown());
        }
        self.forms.find(text, of_form).or_else(&mut is_about)
    }

    /// What `text` says to do with something, whatever that is: to find it, to copy it.
    pub(super) fn asked_to(&self, text: &str) -> Option<IntentMatch> {
        self.forms.find(text, |form, captures| {
            let query = as_written(captures.get("query").unwrap_or_default());
            match form {
                Form::Find | Form::FindAny => Some(matched(FIND, &[("query", &query)])),
                Form::Copy | Form::CopyAny => Some(copy(&query)),
                // What is to be read is asked for as well as anything is: an answer may go by another name.
                Form::Read | Form::Where | Form::What | Form::Says | Form::Changed => None,
            }
        })
    }

    /// What `text`, which no skill knows and before which nothing was seen, is: what is to be copied is looked for, and what
    /// else only makes sense of a text is asked back.
    fn unseen(&self, text: &str, of_user: &mut dyn FnMut() -> Option<f32>) -> Option<IntentMatch> {
        let of_form = |form, captures: &Captures| {
            let query = as_written(captures.get("query").unwrap_or_default());
            let name = query.strip_suffix(" on it").unwrap_or(&query);
            match form {
                Form::Copy if is_short(name) && (is_label(name) || name.ends_with(" number")) => Some(copy(name)),
                _ => None,
            }
        };
        // Where no model tells, "the total" and "it" do.
        let is_named = || {
            let is_certain_label = |query: &str| {
                let name = query.strip_suffix(" on it").unwrap_or(query);
                is_label(name) && is_certain(text, query)
            };
            let of_form = |form, captures: &Captures| {
                let query = as_written(captures.get("query").unwrap_or_default());
                (matches!(form, Form::What) && is_certain_label(&query)).then_some(())
            };
            self.forms.find(text, of_form).is_some() || aim::needs_a_look(text)
        };
        let is_at_hand = |of_user: &mut dyn FnMut() -> Option<f32>| {
            hand::judged(text, of_user)
                .map_or_else(|| is_named() || hand::at_hand(text).is_some(), |likely| likely >= hand::LIKELY)
        };
        let found = self.forms.find(text, of_form);
        // "What is going on" is a greeting, and "what is that about" is asked of what was heard.
        let is_other = || text.starts_with("what is going on") || crate::conversation::refers_back(text);
        let wants_gist = gist::asked_for(text) == Some(gist::Of::Unsaid) && !is_other();
        found.or_else(|| (wants_gist || is_at_hand(of_user)).then(|| offer(&[("question", text)])))
    }
}

/// Words of who asks back that name nothing.
#[rustfmt::skip]
const RECALLING: [&str; 22] = [
    "see", "saw", "seen", "read", "say", "said", "ask", "asked", "talk", "talked", "tell", "told", "remember", "just", "screen", "page", "window", "before",
    "earlier", "ago", "again", "know",
];

/// Whether `text` asks for what was seen or said before, by nothing but that it was: "what was it about", "what did you see".
pub(super) fn asks_back(text: &str) -> bool {
    let words: Vec<&str> = text.split(' ').collect();
    let has = |any: &[&str]| words.iter().any(|word| any.contains(word));
    let is_question = aim::QUESTIONS.contains(&words[0]);
    let names = page::names(text);
    let points = has(&["it", "that", "they", "he", "she", "them"])
        || words.windows(2).any(|two| matches!(two, ["you" | "i" | "we", verb] if RECALLING.contains(verb)))
        || has(&["was", "were"]) && has(&["screen", "page", "window"]);
    let goes_on =
        matches!(words[..], ["go", "on"] | ["read", "on"] | ["continue"] | ["continue", "reading"] | ["go", "back"]);
    goes_on
        || gist::asked_for(text) == Some(gist::Of::Unsaid)
        || is_question && points && names.iter().all(|name| RECALLING.contains(&name.as_str()))
}

/// That there is nothing to ask back about.
pub(super) fn forgotten() -> IntentMatch {
    offer(&[("forgotten", "")])
}

/// Whether `query` has a day of the week.
fn has_day(query: &str) -> bool {
    query.split(' ').any(|word| WEEKDAYS.contains(&word))
}

/// Whether `query` names a column or a row by what stands on `page`: "price column", "row West".
fn is_column_of(query: &str, page: &Page) -> bool {
    ["column", "row"].iter().any(|unit| {
        let name = query.strip_prefix(unit).or_else(|| query.strip_suffix(unit)).map(str::trim);
        name.is_some_and(|name| page.has(name) && name.len() + unit.len() < query.len())
    })
}

/// Whether `query` begins with what it is called: "what is an email", "what is on the menu" and "tell me about the Gettysburg
/// Address" ask for no label.
fn is_named(query: &str) -> bool {
    !matches!(query.split(' ').next(), Some("a" | "an" | "on" | "in" | "at" | "of" | "for" | "about"))
}

/// Whether `text` ends in a certain `query`: "the total", but not "what is total".
fn is_certain(text: &str, query: &str) -> bool {
    let before = text.strip_suffix(query).unwrap_or_default().trim_end();
    before.rsplit_once(' ').is_some_and(|(_, word)| DETERMINERS.contains(&word))
}

fn matched(intent: &'static str, slots: &[(&str, &str)]) -> IntentMatch {
    let slots: Slots = slots.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    IntentMatch { intent, slots, confidence: 0.6 }
}

fn ask(question: &str) -> IntentMatch {
    matched(ASK, &[("question", question)])
}

fn copy(query: &str) -> IntentMatch {
    matched(COPY, &[("what", "found"), ("query", query)])
}

fn offer(slots: &[(&str, &str)]) -> IntentMatch {
    matched(OFFER, slots)
}
