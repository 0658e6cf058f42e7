//! Answers that are ready before they may be heard, and how soon that is.
//!
//! Owns what is withheld of an answer while the user may go on ([`Withheld`]), how sure a question has to be whole to be
//! answered before the set silence is over ([`Turn::weighed`]), and what becomes of it when the user goes on all the same
//! ([`Half`]): what is said over the beginning of such an answer goes on with its question. Never shortens a pause where the
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
pub const WHOLE: f32 = 0.85;
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
/// Words that recognition begins a sentence with, a capital and all, where one only goes on.
#[rustfmt::skip]
const CONNECTING: &[&str] = &[
    "a", "after", "also", "an", "and", "as", "at", "because", "before", "between", "but", "by", "compared", "during", "except",
    "for", "from", "if", "in", "into", "like", "near", "not", "of", "on", "or", "since", "so", "than", "that", "the", "to",
    "under", "until", "when", "where", "while", "which", "who", "with", "without",
];

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

    /// It is the answer to this.
    pub(super) fn answers(&mut self, asked: &str) {
        asked.clone_into(&mut self.asked);
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

    /// May be heard sooner, since the question seems whole; the half that it may be after all. None if it was told before.
    fn hasten(&mut self) -> Option<Half> {
        let until = std::mem::replace(&mut self.until, self.if_whole);
        (self.if_whole < until).then(|| Half { text: self.asked.clone(), until })
    }
}

/// A question that was answered before the set silence was over, since it seemed whole.
#[derive(Debug)]
pub(super) struct Half {
    text: String,
    /// The end of the set silence: who goes on before that goes on with the question.
    until: Instant,
}

impl Half {
    /// Whether somebody who speaks at `now` goes on with it.
    pub(super) fn goes_on(&self, now: Instant) -> bool {
        now <= self.until
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
        small if CONNECTING.contains(&small.as_str()) => format!("{begun} {small}{}", &rest[first.len()..]),
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
        if let Some(half) = withheld.hasten() {
            let is_over = withheld.until() <= now;
            present.half = Some(half);
            present.mark("whole", now);
            if is_over {
                self.release(now, actions);
            }
        }
    }

    /// `text` with what this turn's user had said before its recording: what it was begun with, or the question that the
    /// held answer was given to, if that was half of it. Then that was never asked.
    pub(super) fn from_its_beginning(
        &mut self,
        text: String,
        ending: Ending,
        now: Instant,
        actions: &mut Vec<Action>,
    ) -> String {
        let half = self.held.as_ref().and_then(Held::half).map(|half| half.text.clone());
        if let Some(half) = half
            && self.is_other_half(&text, ending)
        {
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

    /// Whether `text`, said over an early answer, goes on with its question, and asks nothing by itself.
    fn is_other_half(&self, text: &str, ending: Ending) -> bool {
        let spoke = self.present.as_ref().is_some_and(|present| present.origin == Some(Origin::SpokeOver));
        let request = Request::new(text, &self.options.names);
        let is_called = request.text.trim() != text.trim();
        let first = request.words.split(' ').next().unwrap_or_default();
        let is_said = spoke && !text.is_empty();
        is_said && ending != Ending::Command && !is_called && !self.is_stop(text) && !BEGINNINGS.contains(&first)
    }

    /// What was withheld may be heard now.
    pub(super) fn release(&mut self, now: Instant, actions: &mut Vec<Action>) {
        let Some(present) = &mut self.present else { return };
        let turn = present.id;
        let Some(Withheld { clauses, answered, .. }) = present.withheld.take() else { return };
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

    proptest! {
        #[test]
        fn no_word_is_lost(begun in "[A-Za-zäß]{1,8}( [a-zé]{1,8}){0,4}[.?!…]?", rest in "\\PC{1,30}") {
            let whole = join(&begun, &rest).to_lowercase();
            let plain = begun.trim_end_matches(['.', '?', '!', '…']).to_lowercase();
            prop_assert!(whole.starts_with(&plain) && whole.ends_with(&rest.to_lowercase()), "{whole}");
        }
    }
}
