//! When a turn has to be looked at again: how long each stage may go without a sign of life, and what is due by then.
//!
//! Owns the limits, the next deadline ([`Turn::deadline`]) and what happens when time has passed. Never decides what a
//! stage's result means.

use std::time::{Duration, Instant};

use jarvis_core::{AssistantEvent, Error};

use super::early::Withheld;
use super::{Action, Phase, Turn, Voice};

/// From the wake word or a key press to the first word.
pub const FIRST_WORD: Duration = Duration::from_secs(8);
/// From speech over an answer, which is held for it, to a word in it.
pub const HELD: Duration = Duration::from_millis(1500);
/// Beyond the longest utterance, for the listener to hand it over.
pub const LISTEN: Duration = Duration::from_secs(3);
/// Recognition of one utterance.
pub const TRANSCRIBE: Duration = Duration::from_secs(30);
/// Between two signs of life of the mind.
pub const THINK: Duration = Duration::from_secs(30);
/// Beyond the length of the sound that is to be played.
pub const SPEAK: Duration = Duration::from_secs(15);

impl Turn {
    /// When [`Input::Tick`] is wanted; `None` when Idle and not attentive.
    pub fn deadline(&self) -> Option<Instant> {
        let Some(present) = &self.present else { return self.attentive_until };
        let withheld = present.withheld.as_ref().map(Withheld::until);
        let times = [Some(present.deadline), self.pause_over_at(), self.look_at(), withheld, present.revocable_until];
        times.into_iter().flatten().min()
    }

    /// Time has passed: does what is due at `now`.
    pub(super) fn tick(&mut self, now: Instant, actions: &mut Vec<Action>) {
        let is_over = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if is_over(self.attentive_until) {
            self.be_inattentive(actions);
        }
        if is_over(self.pause_over_at()) {
            return self.conclude(false, now, actions);
        }
        if is_over(self.look_at()) {
            return self.look_again(actions);
        }
        if let Some(present) = &self.present {
            if is_over(present.withheld.as_ref().map(Withheld::until)) {
                return self.release(now, actions);
            }
            if is_over(present.revocable_until) {
                return self.commit(actions);
            }
        }
        let Some(present) = self.present.as_ref().filter(|present| present.deadline <= now) else { return };
        if self.held.is_some() {
            return self.resume(now, actions);
        }
        let id = present.id;
        let (what, hint) = match &present.phase {
            // Called, and then said nothing: that is no failure.
            Phase::Listening { speech: false, finishing: false, held: false, .. } => return self.give_up(now, actions),
            Phase::Listening { .. } => ("Listening", "Check the microphone with `jarvis doctor`."),
            Phase::Transcribing { .. } => {
                ("Recognizing what you said", "Is the machine very busy? `jarvis bench stt` tells.")
            }
            Phase::Thinking => ("Thinking", "Is the machine very busy? `jarvis bench llm` tells."),
            Phase::Speaking { .. } => ("Speaking", "Check the speaker with `jarvis doctor`."),
        };
        let unheard = matches!(present.phase, Phase::Speaking { .. }) || !present.aloud;
        let error = Error::new("turn.timeout", format!("{what} took too long, so I gave up."), hint);
        actions.push(Action::Emit(Some(id), AssistantEvent::Error { error: error.clone() }));
        self.abandon(false, now, actions);
        if unheard || self.voice != Voice::Words {
            self.tell_state(actions);
            self.next_alarm(now, actions);
        } else {
            // In a turn of its own: nothing is said for one that was given up.
            let turn = self.begin(Phase::Thinking, SPEAK, None, now);
            self.say_last(turn, error.message, now, actions);
        }
    }
}
