//! Answers that are ready before they may be heard, and how soon that is.
//!
//! Owns what is withheld of an answer while the user may go on ([`Withheld`]), how sure a question has to be whole to be
//! answered before the set silence is over ([`Turn::weighed`]), what waits for the end of it since it can't be taken back
//! ([`Turn::acts`]), and what becomes of it when the user goes on all the same
//! ([`Half`]): what is said over the beginning of its answer goes on with the question, or takes it back. Never shortens a pause where the
//! user could not be heard going on.

use std::time::{Duration, Instant};

use jarvis_core::TurnId;

use super::hearing::{UNFINISHED, put_off, revocable};
use super::holding::Held;
use super::{Action, Origin, Turn};
use crate::clauses::Clause;
use crate::router::ending::{Ending, may_be_put_there};
use crate::router::normalize::Request;

/// Words are all of a question if the language model takes that for at least this likely.
pub const WHOLE: f32 = 0.9;
/// And something lacks if it takes that for less likely: then it is waited as long as for any unfinished sentence.
pub const HALF: f32 = 0.01;
/// The set silence divided by this has to follow a whole question.
pub const WHOLE_SILENCE: u32 = 2;
/// An answer's first clause becomes sound before it may be heard if there is at least this much time for it. With less,
/// the first piece would have to wait for the whole.
const AHEAD: Duration = Duration::from_millis(200);
/// Beginnings of questions and requests that stand by themselves.
#[rustfmt::skip]
const BEGINNINGS: &[&str] = &[
    "who", "what", "which", "why", "how", "is", "are", "does", "do", "did", "can", "could", "tell", "give", "explain", "no",
    "wait", "actually", "sorry",
];
/// Words that go on with a sentence and begin none of their own ...
#[rustfmt::skip]
const GOING_ON: &[&str] = &[
    "after", "as", "at", "before", "between", "by", "compared", "during", "except", "for", "from", "in", "into", "like", "near",
    "of", "on", "than", "to", "under", "until", "while", "with", "without",
];
/// ... and others that recognition begins a sentence with, a capital and all, where one may only go on.
#[rustfmt::skip]
const CONNECTING: &[&str] = &[
    "a", "also", "an", "and", "because", "but", "if", "not", "or", "since", "so", "that", "the", "when", "where", "which", "who",
];
/// For so long after the set silence, speech over the answer that begins like a piece of a sentence still goes on with the
/// question.
const LATE: Duration = Duration::from_millis(700);

/// An answer that is ready before it may be heard.
#[derive(Debug)]
pub(super) struct Withheld {
    /// When it may be, in silence.
    until: Instant,
    /// When that is if the question is whole ...
    if_whole: Instant,
    /// ... and if something lacks.
    if_half: Instant,
    /// The question.
    asked: String,
    /// When there was a sound that may be the user going on.
    stirred: Option<Instant>,
    clauses: Vec<Clause>,
    /// There are no more clauses.
    pub(super) answered: bool,
}

impl Withheld {
    /// Until `silence` and `notice` have passed since `silent`, the end of the last word; `stirred` is when there was a sound
    /// after that.
    pub(super) fn new(silent: Instant, silence: Duration, notice: Duration, stirred: Option<Instant>) -> Self {
        Self {
            until: silent + silence + notice,
            if_whole: silent + silence / WHOLE_SILENCE,
            if_half: silent + UNFINISHED.max(silence + notice),
            asked: String::new(),
            stirred,
            clauses: Vec::new(),
            answered: false,
        }
    }

    /// It is the answer to this; gives what that is if it turns out to be half of a question.
    pub(super) fn answers(&mut self, asked: &str) -> Half {
        asked.clone_into(&mut self.asked);
        Half { text: asked.to_owned(), until: self.until }
    }

    /// There was a sound that may be the user going on.
    pub(super) fn stir(&mut self, now: Instant) {
        self.stirred = Some(now);
    }

    /// When it may be heard.
    pub(super) fn until(&self) -> Instant {
        put_off(self.until, self.stirred)
    }

    /// Keeps a clause; says whether its sound is wanted already.
    pub(super) fn keep(&mut self, clause: Clause, now: Instant) -> bool {
        self.clauses.push(clause);
        self.clauses.len() == 1 && now + AHEAD <= self.until()
    }

    /// May be heard later, since something lacks; until when the user may go on then.
    fn delay(&mut self) -> Instant {
        self.until = self.until.max(self.if_half);
        revocable(self.until)
    }

    /// May be heard sooner, since the question seems whole.
    fn hasten(&mut self) {
        self.until = self.until.min(self.if_whole);
    }
}

/// A question that was taken for whole.
#[derive(Debug)]
pub(super) struct Half {
    text: String,
    /// The end of the set silence.
    until: Instant,
}

impl Half {
    /// Whether words that begin with `first`, spoken over the answer from `since` on, go on with it.
    fn goes_on(&self, first: &str, since: Instant) -> bool {
        since <= self.until || since <= self.until + LATE && GOING_ON.contains(&first)
    }
}

/// `rest` behind `begun`, as one.
fn join(begun: &str, rest: &str) -> String {
    if rest.is_empty() {
        return begun.to_owned();
    }
    let begun = begun.trim_end_matches(['.', '?', '!', '…', ',', ' ']);
    let first = rest.split(' ').next().unwrap_or_default();
    match first.to_lowercase() {
        small if [GOING_ON, CONNECTING].iter().any(|words| words.contains(&small.as_str())) => {
            format!("{begun} {small}{}", &rest[first.len()..])
        }
        _ => format!("{begun} {rest}"),
    }
}

impl Turn {
    /// The language model took the words for whole with the probability `whole`.
    pub(super) fn weighed(&mut self, turn: TurnId, whole: f32, now: Instant, actions: &mut Vec<Action>) {
        let can_go_on = self.options.speech_interrupts && !self.muted && self.ear.is_ok();
        let Some(present) = self.current(turn) else { return };
        let Some(withheld) = &mut present.withheld else { return };
        if whole < HALF {
            present.revocable_until = Some(withheld.delay());
            return;
        }
        let is_whole = whole >= WHOLE && !may_be_put_there(&withheld.asked);
        if !(is_whole && can_go_on) {
            return;
        }
        withheld.hasten();
        let is_over = withheld.until() <= now;
        present.mark("whole", now);
        if is_over {
            self.release(now, actions);
        }
    }

    /// What answers the words can't be taken back: it begins when they can't be either, and goes on with nothing.
    pub(super) fn acts(&mut self, turn: TurnId, actions: &mut Vec<Action>) {
        let Some(present) = self.thinking(turn) else { return };
        present.half = None;
        let known = std::mem::replace(&mut present.acts, true);
        if !known && present.revocable_until.is_none() {
            actions.push(Action::Decided(turn));
        }
    }

    /// `text` with what this turn's user had said before its recording: what it was begun with, or the question that the
    /// held answer was given to, if that was half of it. Then that was never asked.
    pub(super) fn with_its_beginning(
        &mut self,
        text: String,
        ending: Ending,
        now: Instant,
        actions: &mut Vec<Action>,
    ) -> String {
        if let Some(half) = self.half_of(&text, ending) {
            self.revoke_held(now, actions);
            if let Some(present) = &mut self.present {
                present.begun = Some(half);
            }
        }
        match self.present.as_ref().and_then(|present| present.begun.as_deref()) {
            Some(begun) => join(begun, &text),
            None => text,
        }
    }

    /// The question that `text`, said over its answer, goes on with; none if it asks something by itself.
    fn half_of(&self, text: &str, ending: Ending) -> Option<String> {
        let spoke = self.present.as_ref().is_some_and(|present| present.origin == Some(Origin::SpokeOver));
        let request = Request::new(text, &self.options.names);
        let is_called = request.text.trim() != text.trim();
        let first = request.words.split(' ').next().unwrap_or_default();
        let is_half = spoke && !text.is_empty() && ending != Ending::Command && !is_called;
        // As it was said: a request is read without "and".
        let said =
            text.split(' ').next().unwrap_or_default().trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        let (half, since) = self.held.as_ref().and_then(Held::half)?;
        (is_half && !self.is_stop(text) && !BEGINNINGS.contains(&first) && half.goes_on(&said, since))
            .then(|| half.text.clone())
    }

    /// The last sentence of `text`, if it takes back what is said before it: "Tell me about Mars. Never mind."
    pub(super) fn taken_back<'a>(&self, text: &'a str) -> Option<&'a str> {
        let text = text.trim_end();
        let before = text.trim_end_matches(['.', '?', '!', '…']);
        let (_, last) = text.split_at(before.rfind(['.', '?', '!', '…'])?);
        let last = last.trim_start_matches(['.', '?', '!', '…', ' ']);
        self.is_stop(last).then_some(last)
    }

    /// What was withheld may be heard now.
    pub(super) fn release(&mut self, now: Instant, actions: &mut Vec<Action>) {
        let Some(present) = &mut self.present else { return };
        let turn = present.id;
        let Some(Withheld { clauses, answered, .. }) = present.withheld.take() else { return };
        if present.acts {
            return self.commit(actions);
        }
        for clause in clauses {
            self.clause(turn, clause, now, actions);
        }
        if answered {
            self.answered(turn, now, actions);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::turn::TurnOptions;
    use proptest::prelude::*;

    #[test]
    fn two_halves_are_one_sentence() {
        for (begun, rest, whole) in [
            (
                "What is the capital of Italy?",
                "In the middle ages?",
                "What is the capital of Italy in the middle ages?",
            ),
            ("Who was the king of?", "France in 1650.", "Who was the king of France in 1650."),
            ("Tell me about the Romans.", "I mean.", "Tell me about the Romans I mean."),
            ("Is it cold in", "Öland?", "Is it cold in Öland?"),
            ("What is the capital of Italy?", "", "What is the capital of Italy?"),
        ] {
            assert_eq!(join(begun, rest), whole);
        }
    }

    #[test]
    fn what_is_taken_back_is_not_asked() {
        let turn = Turn::new(TurnOptions::default());
        for (said, last) in [
            ("Tell me about the planet Mars. Never mind.", Some("Never mind.")),
            ("Why is the sky blue? Jarvis, stop!", Some("Jarvis, stop!")),
            ("How do I... cancel.", Some("cancel.")),
            ("Never mind.", None),
            ("What does never mind mean?", None),
            ("Stop. Why is the sky blue?", None),
            ("", None),
            ("...", None),
        ] {
            assert_eq!(turn.taken_back(said), last, "{said}");
        }
    }

    proptest! {
        #[test]
        fn any_text_may_be_taken_back(said in "([a-zß]{1,5}|stop|never mind|[.?! …]){0,9}") {
            let turn = Turn::new(TurnOptions::default());
            prop_assert!(turn.taken_back(&said).is_none_or(|last| said.contains(last)));
        }

        #[test]
        fn no_word_is_lost(begun in "[A-Za-zäß]{1,8}( [a-zé]{1,8}){0,4}[.?!…]?", rest in "\\PC{1,30}") {
            let whole = join(&begun, &rest).to_lowercase();
            let plain = begun.trim_end_matches(['.', '?', '!', '…']).to_lowercase();
            prop_assert!(whole.starts_with(&plain) && whole.ends_with(&rest.to_lowercase()), "{whole}");
        }
    }
}
