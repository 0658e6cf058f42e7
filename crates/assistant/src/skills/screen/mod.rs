//! What is on the screen: read, found, copied, asked about.
//!
//! Owns what is made of a request and the text of the screen. Says what it wants to look at ([`jarvis_core::Reply::look`])
//! and never looks itself; keeps no text of what it saw, but fingerprints of its words and of the lines that it read out, to
//! know what a question is about and where to go on. What stands on the screen is told and never obeyed.

mod aim;
mod answer;
#[cfg(test)]
mod asked;
mod beyond;
mod cells;
mod chat;
mod copying;
mod ellipsis;
mod error;
mod excerpt;
mod find;
mod follow;
mod frames;
mod gist;
mod grounds;
mod hand;
mod list;
mod measure;
mod nouns;
mod page;
mod picking;
mod picture;
mod place;
mod question;
mod read;
mod reading;
mod request;
mod say;
mod secret;
mod shape;
mod table;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod ties;
mod told;
mod trace;
mod typed;
mod value;
#[cfg(test)]
mod wordings;
mod words;
mod world;

use cells::Cells;
pub use excerpt::{is_to_explain, is_to_judge, sentences_for};
use find::Found;
use follow::Follow;
pub use grounds::{Grounds, Wording, says_it_is_absent};
use jarvis_core::{
    Error, HostAction, IntentMatch, Reply, Result, Risk, ScreenTarget, ScreenText, Seen, Sight, Skill, SkillContext,
    SkillSpec, Slots, TextLine,
};
use page::Page;
use picture::Pictures;
pub use picture::{is_unread, may_be_said};
use request::Requests;
pub use say::NOT_SAID;
use say::{counted, is_legible};
use std::hash::RandomState;
use std::time::{Duration, Instant};
use told::Told;

/// Reads what is on the screen, or an error on it.
pub const READ: &str = "screen.read";
/// Says where something stands, and what stands beside it.
pub const FIND: &str = "screen.find";
/// Puts text of the screen on the clipboard.
pub const COPY: &str = "screen.copy";
/// A question about the screen for the language model.
pub const ASK: &str = "screen.ask";
/// A question about what a picture shows, which only a model that sees can answer.
pub const PICTURE: &str = "screen.picture";
/// What only makes sense of a text, where none was seen: asked back, and a secret is refused.
pub const OFFER: &str = "screen.offer";

const SPECS: &[SkillSpec] = &[
    SkillSpec {
        intent: READ,
        description: "Read what is on the screen, or what an error on it says.",
        examples: &["what is on my screen", "what does that error say", "read this", "summarize this page"],
        risk: Risk::None,
    },
    SkillSpec {
        intent: FIND,
        description: "Find something on the screen and say where it is.",
        examples: &["find the invoice number", "where does it say total"],
        risk: Risk::None,
    },
    SkillSpec {
        intent: COPY,
        description: "Copy text from the screen to the clipboard.",
        examples: &["copy the text", "copy the error", "copy the invoice number"],
        risk: Risk::Low,
    },
    SkillSpec {
        intent: ASK,
        description: "Answer a question about the text on the screen.",
        examples: &["what does this page say about refunds", "is the deadline on this page before friday"],
        risk: Risk::None,
    },
    SkillSpec {
        intent: PICTURE,
        description: "Say what a picture on the screen shows, with a model of another program that sees.",
        examples: &["what is in this picture", "describe this photo", "what does the diagram show"],
        // An offer raises a window and a notification.
        risk: Risk::Low,
    },
    SkillSpec {
        intent: OFFER,
        description: "Ask whether something on the screen is meant, which was not looked at.",
        examples: &["when is it due", "what is the phone number on it"],
        risk: Risk::None,
    },
];

/// What is asked back where nothing was seen.
const WHERE: &str = "I can't know that by myself. If it is on your screen, say yes, and I look.";
/// What is said to who asks about what was forgotten.
const FORGOTTEN: &str =
    "I have nothing of that any more: it is forgotten, as you asked. Say what is on my screen, and I look again.";
/// What is said to who means something else.
const NOT_THERE: &str = "Then ask again, and I answer from what I know.";
#[rustfmt::skip]
const YES: &[&str] = &[
    "yes", "yeah", "yep", "yup", "sure", "yes i do", "i do", "of course", "right", "correct", "exactly", "do it", "look", "go ahead",
    "on the screen", "on my screen", "yes on the screen", "yes on my screen", "look at it", "look at the screen", "yes look",
];
const NO: &[&str] = &["no", "nope", "nah", "no i do not", "no not on the screen"];

/// What is said of an answer whose lines could hardly be read.
const UNSURE: &str = " I can't read that for sure.";
/// A note that was said is not said again for so long with answers that have what was asked for.
const SAID_LATELY: Duration = Duration::from_secs(300);

/// The screen. See the module's own words.
pub struct Screen {
    requests: Requests,
    pictures: Pictures,
    follow: Follow,
    /// The words of the last look.
    page: Page,
    /// What was told last.
    told: Option<Told>,
    /// The question that it was asked back to.
    offered: Option<String>,
    /// The last such question that was not meant so: asked again, it is for the language model.
    declined: Option<String>,
    /// Of fingerprints of answers.
    key: RandomState,
    /// Of the answer before the one that is made, and of whatever skill.
    last_reply: Option<u64>,
    /// Notes of looks that were said lately, and when.
    noted: Vec<(String, Instant)>,
    /// Whether what was seen or said was forgotten since the last look.
    has_forgotten: bool,
}

impl Screen {
    /// The skill, ready.
    pub fn new() -> Self {
        Self {
            requests: Requests::new(),
            pictures: Pictures::new(),
            follow: Follow::new(),
            page: Page::default(),
            told: None,
            offered: None,
            declined: None,
            key: RandomState::new(),
            last_reply: None,
            noted: Vec::new(),
            has_forgotten: false,
        }
    }

    fn find(&mut self, slots: &Slots, screen: &ScreenText, may_look_on: bool) -> Seen {
        let query = slots.get("query").map_or("", String::as_str);
        if let Some(line) = secret::line_of(screen, query) {
            self.told = Some(Told::of(slots.clone()));
            let spoken = legibly_of(kept_at(line, true, screen), &[line]);
            let actions = vec![HostAction::Highlight { region: line.region }];
            return Seen::Reply(Reply { spoken, actions, ..Reply::default() });
        }
        if slots.contains_key("unit")
            && let Some(mut reply) = self.read_rows(slots, query, screen)
        {
            if let Some(line) = read::rows_with(query, screen).first().and_then(|row| row.first()) {
                reply.spoken.push_str(&format!(" It is {}.", place::of_line(line, screen)));
            }
            return Seen::Reply(reply);
        }
        let Some(found) = find::find(screen, query) else {
            if may_look_on {
                return Seen::Look(ScreenTarget::PointerMonitor);
            }
            self.told = None;
            return Seen::Reply(Reply::say(noted(format!("I don't see “{query}” {}.", where_looked(screen)), screen)));
        };
        self.told = Some(Told::of(slots.clone()));
        let actions = vec![HostAction::Highlight { region: found.region() }];
        let mut spoken = located(&found, query, screen);
        if !found.is_legible() {
            spoken.push_str(UNSURE);
        }
        Seen::Reply(Reply { spoken, actions, ..Reply::default() })
    }
}

impl Screen {
    /// Adds to `said` what the user has to know of the look, such as that nothing could be left out, unless that was said
    /// lately.
    fn caution(&mut self, said: &mut String, screen: &ScreenText, now: Instant) {
        self.noted.retain(|(_, at)| now.saturating_duration_since(*at) < SAID_LATELY);
        for note in notes(screen) {
            let lately = self.noted.iter().any(|(noted, _)| noted == note);
            if lately {
                continue;
            }
            if !said.contains(note) {
                if !said.is_empty() {
                    said.push(' ');
                }
                said.push_str(note);
            }
            self.noted.push((note.to_owned(), now));
        }
    }
}

impl Screen {
    /// Answers [`OFFER`]: nothing is looked at that nobody spoke of.
    fn offer(&mut self, slots: &Slots) -> Reply {
        self.told = None;
        if slots.contains_key("about") {
            return Reply::say(say::NOT_SAID);
        }
        if slots.contains_key("forgotten") {
            return Reply::say(FORGOTTEN);
        }
        if let Some(question) = slots.get("question") {
            self.offered = Some(question.clone());
            return Reply::say(WHERE);
        }
        self.declined = slots.get("declined").cloned();
        Reply::say(NOT_THERE)
    }
}

impl Default for Screen {
    fn default() -> Self {
        Self::new()
    }
}

impl Skill for Screen {
    fn specs(&self) -> &'static [SkillSpec] {
        SPECS
    }

    fn recognize(&self, text: &str) -> Option<IntentMatch> {
        self.pictures.recognize(text).or_else(|| self.requests.recognize(text))
    }

    fn follow_up(&self, text: &str) -> Option<IntentMatch> {
        if let Some(question) = &self.offered {
            let said = |list: &[&str]| list.contains(&text);
            let declined = || Slots::from([("declined".to_owned(), question.clone())]);
            let refused = || IntentMatch { intent: OFFER, slots: declined(), confidence: 0.95 };
            return said(YES).then(|| about(question)).or_else(|| said(NO).then(refused));
        }
        self.follow.goes_on(text, self.told.as_ref()?)
    }

    fn about_seen(&self, text: &str, sight: Sight, of_user: &mut dyn FnMut() -> Option<f32>) -> Option<IntentMatch> {
        // Whoever asks again was asked back by mistake.
        if [&self.offered, &self.declined].into_iter().flatten().any(|question| question == text) {
            return None;
        }
        if self.has_forgotten && sight == Sight::Nothing && follow::asks_back(text) {
            return Some(follow::forgotten());
        }
        self.follow.about(text, &self.page, self.told.as_ref(), sight, of_user)
    }

    fn cut_short(&mut self, heard: usize) {
        self.silence(heard);
    }

    fn forget(&mut self, seen: bool, _said: bool) {
        if seen {
            // It knows the words of the last look by their fingerprints.
            *self = Self::new();
        }
        self.has_forgotten = true;
    }

    /// A question for the language model may go on; nothing else is asked for so wordily.
    fn expects_more(&self, matched: &IntentMatch) -> bool {
        matched.intent == ASK
    }

    fn run(&mut self, intent: &str, slots: &Slots, context: &SkillContext<'_>) -> Result<Reply> {
        if !SPECS.iter().any(|spec| spec.intent == intent) {
            return Err(Error::new("skill.unknown", format!("No skill serves {intent}."), ""));
        }
        self.offered = None;
        if intent == PICTURE {
            // What it shows is told by others; to go on with what was read before would be about something else.
            self.told = None;
        }
        if intent == OFFER {
            return Ok(self.offer(slots));
        }
        if intent == COPY
            && let Some(reply) = self.copy_unseen(slots, context.last_reply)
        {
            return Ok(reply);
        }
        let look = match slots.get("where").map(String::as_str) {
            Some("monitor") => ScreenTarget::PointerMonitor,
            Some("monitors") => ScreenTarget::AllMonitors,
            _ => ScreenTarget::ActiveWindow,
        };
        Ok(Reply { look: Some(look), ..Reply::default() })
    }

    fn seen(
        &mut self,
        intent: &str,
        slots: &Slots,
        screen: &ScreenText,
        may_look_on: bool,
        context: &SkillContext<'_>,
    ) -> Result<Seen> {
        // Who may not see the window may not look past it either.
        let may_look_on = may_look_on && !is_refused(screen);
        self.note_last_reply(context.last_reply);
        let is_as_before = self.page.take(screen);
        self.has_forgotten = false;
        let cells = Cells::of(screen);
        let masked = secret::masked(&cells.screen);
        let screen = &*masked;
        let mut seen = match intent {
            FIND => self.find(slots, screen, may_look_on),
            COPY => self.copy(slots, &cells, screen, may_look_on),
            ASK => self.ask(slots, screen, may_look_on),
            PICTURE => self.sees_none(screen),
            _ => self.read(slots, screen, may_look_on, is_as_before),
        };
        if let (ASK, Some(told)) = (intent, &mut self.told) {
            told.question = slots.get("question").cloned();
        }
        match &mut seen {
            Seen::Reply(Reply { spoken: said, .. }) | Seen::Ask { after: said, .. } => {
                self.caution(said, screen, context.clock.now());
            }
            Seen::Look(_) => {}
        }
        Ok(seen)
    }
}

/// What `words` mean where it is sure that they are about what is seen.
pub fn about(words: &str) -> IntentMatch {
    let known = Pictures::new().recognize(words).or_else(|| Requests::new().recognize(words));
    let known = known.or_else(|| Follow::new().asked_to(words));
    let mut matched = known.unwrap_or_else(|| request::question(words));
    // There is something that "it" can be.
    if matched.slots.get("what").is_some_and(|what| what == "it") {
        matched.slots.insert("what".into(), "all".into());
    }
    matched
}

/// What is said of a question that `screen` has no answer to.
fn absent(screen: &ScreenText) -> String {
    format!("{UNSEEN}an answer to that {}.", where_looked(screen))
}

/// What is said first where what was looked for is not there, ...
const UNSEEN: &str = "I don't see ";
/// ... and where nothing is sure to be the answer, before the lines that come nearest to it.
const NEAREST: &str = "I have no answer that I am sure of.";
/// ... and before what may be the answer and may not.
const MAYBE: &str = "It may be this:";

/// Whether `said` tells that there is no answer.
pub fn has_no_answer(said: &str) -> bool {
    said.starts_with(UNSEEN) || is_nearest(said)
}

/// Whether `said` only quotes what comes nearest to an answer.
pub fn is_nearest(said: &str) -> bool {
    said.starts_with(NEAREST)
}

/// What is said where `said`, of the page, comes nearest to an answer.
pub fn nearest_is(said: &str) -> String {
    let text = said.strip_prefix("It says: ").unwrap_or(said);
    format!("{NEAREST} The nearest is: {text}")
}

/// What is said where `said`, of the page, may be the answer and may not.
pub fn maybe_is(said: &str) -> String {
    let text = said.strip_prefix("It says: ").unwrap_or(said);
    format!("{MAYBE} {text}")
}

/// What is said of a secret: where its `line` is.
fn kept_at(line: &TextLine, is_copied: bool, screen: &ScreenText) -> String {
    let copied = if is_copied { "; say copy it, to have it on the clipboard" } else { "" };
    format!("It is {}. I don't say it aloud{copied}.", place::of_line(line, screen))
}

/// The most words of a line that are said with where it is: where a thing is may be said by the line itself.
const FOUND_WORDS: usize = 20;

/// What was found, and where.
fn located(found: &Found<'_>, query: &str, screen: &ScreenText) -> String {
    let place = place::of_line(found.line, screen);
    let mut said = match &found.value {
        _ if found.is_secret(query) => kept_at(found.line, found.value.is_some(), screen),
        Some(value) => {
            let value = say::aloud(&value.text);
            let label = if found.label.is_empty() { String::new() } else { format!("{}: ", say::aloud(&found.label)) };
            format!("{label}{}. It is {place}.", value.trim_end_matches('.'))
        }
        None => {
            let line = say::aloud(&say::beginning(&found.line.text, FOUND_WORDS));
            if found.is_near {
                format!("The nearest that I see is “{line}”, {place}.")
            } else {
                format!("“{line}” is {place}.")
            }
        }
    };
    match found.others {
        0 => {}
        1 => said.push_str(" It is there once more."),
        others => said.push_str(&format!(" It is there {others} more times.")),
    }
    said
}

/// Whether nothing of the window was to be seen, and a note says why. That nothing changed is noted of what is known.
fn is_refused(screen: &ScreenText) -> bool {
    screen.lines.is_empty() && notes(screen).next().is_some()
}

/// Where it was looked, in words.
fn where_looked(screen: &ScreenText) -> &'static str {
    match &screen.window {
        _ if screen.is_picture => "in that picture",
        Some(_) => "in that window",
        None => "on your screen",
    }
}

/// `spoken`, and what the user has to know of the look: for answers that something may be missing in. Of what was not to be
/// seen at all there is nothing else to say: that it has no error would be a guess.
fn noted(mut spoken: String, screen: &ScreenText) -> String {
    if is_refused(screen) {
        return notes(screen).collect::<Vec<_>>().join(" ");
    }
    for note in notes(screen) {
        spoken = format!("{} {note}", spoken.trim_end());
    }
    legibly(spoken, screen)
}

/// What the user has to know of the look: what was left out of it, and not that all was known.
fn notes(screen: &ScreenText) -> impl Iterator<Item = &str> {
    screen.notes.iter().map(String::as_str).filter(|note| *note != ScreenText::UNCHANGED)
}

/// `spoken`, which was made of `lines` alone, and whether they could be read.
fn legibly_of(spoken: String, lines: &[&TextLine]) -> String {
    if lines.iter().all(|line| is_legible(line)) {
        return spoken;
    }
    format!("{}{UNSURE}", spoken.trim_end())
}

/// `spoken`, and how much could not be read.
fn legibly(spoken: String, screen: &ScreenText) -> String {
    let illegible = screen.lines.iter().filter(|line| !is_legible(line)).count();
    // A note tells it of a page that is mostly so, and why.
    if illegible == 0 || screen.notes.iter().any(|note| note.ends_with(ScreenText::ILLEGIBLE)) {
        return spoken.trim_end().to_owned();
    }
    format!("{} {} can't be read for sure.", spoken.trim_end(), counted(illegible, "line"))
}
