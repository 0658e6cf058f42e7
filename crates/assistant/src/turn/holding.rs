//! An answer that is held while somebody may be interrupting it.
//!
//! Speech or the wake word over an answer holds it at once ([`Action::Hold`]) and is listened to in a turn of its own. Words
//! end the answer for good, and so does a wake word that a second look says was one; a cough, a murmur, silence, what only
//! sounded like the wake word, or the answer's own words by way of the loudspeaker let it go on from where it was
//! ([`Action::Resume`]). What the stages make for the held answer meanwhile is taken when it goes on.

use std::time::{Duration, Instant};

use jarvis_core::{AssistantEvent, Skill, TurnId};

use super::early::Half;
use super::{Action, Input, Origin, Phase, Present, Turn, Until, patience};
use crate::clauses::Clause;
use crate::router::normalize::Request;

/// Length of what is taken for being spoken when an interruption is noticed: what was said before the hold ...
const BEFORE: Duration = Duration::from_secs(5);
/// ... and what the speaker's buffers still held.
const AFTER: Duration = Duration::from_secs(1);

/// The answer, as it was.
#[derive(Debug)]
pub(super) struct Held {
    answer: Present,
    since: Instant,
    /// Its results that came since, in order.
    missed: Vec<Input>,
}

impl Held {
    /// The question that it answers, which may be half of one, and since when somebody speaks over it.
    pub(super) fn half(&self) -> Option<(&Half, Instant)> {
        self.answer.half.as_ref().map(|half| (half, self.since))
    }
}

/// A clause that was given to be spoken.
#[derive(Debug)]
pub(super) struct Spoken {
    text: String,
    stays_here: bool,
    /// When the last of it is heard, once it is sound.
    until: Option<Instant>,
}

impl Spoken {
    pub(super) fn new(clause: &Clause) -> Self {
        Self { text: clause.text.clone(), stays_here: clause.stays_here, until: None }
    }
}

impl Present {
    /// The next clause that is no sound yet has become `seconds` of it.
    pub(super) fn synthesized(&mut self, seconds: f32, now: Instant) {
        self.mark("first_clause", now);
        let seconds = Duration::try_from_secs_f32(seconds).unwrap_or_default();
        self.playing_until = self.playing_until.max(now) + seconds;
        self.deadline = self.deadline.max(self.playing_until + patience::SPEAK);
        if let Some(clause) = self.spoken.iter_mut().find(|clause| clause.until.is_none()) {
            clause.until = Some(self.playing_until);
        }
    }

    /// It is silenced at `at`. What is read from the screen goes on from there; any other answer is over.
    pub(super) fn cut_short(&self, at: Instant) -> Option<Action> {
        let is_heard = |clause: &&Spoken| clause.until.is_some_and(|until| until <= at);
        let heard = self.spoken.iter().take_while(is_heard);
        let words = heard.clone().map(|clause| clause.text.split_whitespace().count()).sum();
        let is_cut = self.spoken.iter().any(|clause| clause.stays_here) && heard.count() < self.spoken.len();
        is_cut.then_some(Action::CutShort(self.id, words))
    }

    /// The words that a microphone may have heard around `at`.
    fn audible(&self, at: Instant) -> String {
        let mut begin = None;
        let mut words = String::new();
        for clause in &self.spoken {
            let Some(until) = clause.until else { break };
            if until + BEFORE > at && begin.is_none_or(|begin| begin < at + AFTER) {
                words.push_str(&clause.text);
                words.push(' ');
            }
            begin = Some(until);
        }
        words
    }
}

impl Turn {
    /// The answer is quieter from now on, for somebody who may be speaking over it, or as loud as before.
    pub(super) fn duck(&mut self, quieter: bool, actions: &mut Vec<Action>) {
        if let Some(present) = &mut self.present
            && std::mem::replace(&mut present.ducked, quieter) != quieter
        {
            actions.push(Action::Duck(quieter));
        }
    }

    /// Somebody speaks over the answer that is present, or calls into it; `told` stands before the turn that this begins.
    pub(super) fn hold(&mut self, origin: Origin, told: Option<Action>, now: Instant, actions: &mut Vec<Action>) {
        if self.ear.is_err() {
            return;
        }
        self.commit(actions);
        let Some(mut answer) = self.present.take() else { return };
        // It goes on as loud as it was.
        answer.ducked = false;
        // Sound first: whoever interrupts hears the difference.
        actions.push(Action::Hold(answer.id));
        actions.push(Action::Emit(Some(answer.id), AssistantEvent::BargeIn));
        self.held = Some(Held { answer, since: now, missed: Vec::new() });
        let patience = if origin == Origin::WakeWord { patience::FIRST_WORD } else { patience::HELD };
        let turn = self.begin(Phase::listening(false), patience, None, now);
        if let Some(present) = &mut self.present {
            present.origin = Some(origin);
        }
        actions.extend(told);
        actions.push(Action::Listen { turn, until: Until::Silence, origin });
        self.tell_state(actions);
    }

    /// Keeps a result of the held answer for later; gives back what is none.
    pub(super) fn keep(&mut self, input: Input) -> Option<Input> {
        match &mut self.held {
            Some(held) if input.turn() == Some(held.answer.id) => {
                if !matches!(input, Input::SpokeOver(_) | Input::MaySpeakOver(..)) {
                    held.missed.push(input);
                }
                None
            }
            _ => Some(input),
        }
    }

    /// Whether what was said over the held answer is nothing that anyone would want it to end for.
    pub(super) fn is_no_interruption(&self, text: &str) -> bool {
        self.held.as_ref().is_some_and(|held| {
            super::overheard::is_murmur(text)
                || (!self.is_stop(text) && super::overheard::is_own_words(text, &held.answer.audible(held.since)))
        })
    }

    /// Whether these words are a request to be silent, which is heeded though the answer may have them, too.
    pub fn is_stop(&self, text: &str) -> bool {
        self.stop.recognize(&Request::new(text, &self.options.names).words).is_some()
    }

    /// It was no interruption: the present turn ends without a word and the answer goes on.
    pub(super) fn resume(&mut self, now: Instant, actions: &mut Vec<Action>) {
        let Some(Held { mut answer, since, missed }) = self.held.take() else { return };
        if let Some(mut present) = self.present.take() {
            present.mark("end", now);
            actions.push(Action::GiveUp(present.id));
            actions.push(Action::Emit(Some(present.id), AssistantEvent::TurnEnd { timings_ms: present.marks }));
        }
        let pause = now.saturating_duration_since(since);
        answer.playing_until += pause;
        answer.deadline = (answer.deadline + pause).max(now + patience::SPEAK);
        for until in answer.spoken.iter_mut().filter_map(|clause| clause.until.as_mut()) {
            // What was heard before was heard before.
            *until += if *until > since { pause } else { Duration::ZERO };
        }
        actions.push(Action::Resume(answer.id));
        self.present = Some(answer);
        self.tell_state(actions);
        for input in missed {
            self.on(input, now, actions);
        }
    }

    /// The held answer will not be heard to its end.
    pub(super) fn let_go(&mut self, now: Instant, actions: &mut Vec<Action>) {
        self.drop_held(AssistantEvent::Cancelled, now, actions);
    }

    /// Nor was it ever asked for: its question was half of another.
    pub(super) fn revoke_held(&mut self, now: Instant, actions: &mut Vec<Action>) {
        let held = self.held.as_ref().map(|held| held.answer.id);
        self.drop_held(AssistantEvent::Revoked, now, actions);
        actions.extend(held.map(Action::Unthink));
    }

    fn drop_held(&mut self, told: AssistantEvent, now: Instant, actions: &mut Vec<Action>) {
        let Some(Held { mut answer, since, .. }) = self.held.take() else { return };
        actions.push(Action::GiveUp(answer.id));
        actions.extend(answer.cut_short(since));
        actions.push(Action::Emit(Some(answer.id), told));
        answer.mark("end", now);
        actions.push(Action::Emit(Some(answer.id), AssistantEvent::TurnEnd { timings_ms: answer.marks }));
    }

    /// Gives a clause to be spoken.
    pub(super) fn say(&mut self, turn: TurnId, clause: Clause, actions: &mut Vec<Action>) {
        if let Some(present) = self.current(turn) {
            present.spoken.push(Spoken::new(&clause));
        }
        actions.push(Action::Speak(turn, clause));
    }
}
