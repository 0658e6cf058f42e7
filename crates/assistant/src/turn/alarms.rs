//! Alarms: what comes due by itself and is told in a turn of its own.
//!
//! Owns which of them wait for a turn to end. Never decides when one is due nor how often it rings: the skill does.

use std::time::Instant;

use jarvis_core::AssistantEvent;

use super::{Action, Phase, Turn, Voice, patience};

/// Alarms that wait for a turn to end; more than these are shown and not spoken.
pub(super) const WAITING: usize = 8;

impl Turn {
    /// One came due: shown at once, spoken when no turn is present.
    pub(super) fn due(&mut self, spoken: String, shown: String, now: Instant, actions: &mut Vec<Action>) {
        actions.push(Action::Emit(None, AssistantEvent::Alarm { text: shown }));
        if self.alarms.len() < WAITING {
            self.alarms.push_back(spoken);
        }
        if self.present.is_none() {
            self.next_alarm(now, actions);
        }
    }

    /// Begins a turn for the next one that waits.
    pub(super) fn next_alarm(&mut self, now: Instant, actions: &mut Vec<Action>) {
        let Some(spoken) = self.alarms.pop_front() else { return };
        self.be_inattentive(actions);
        if self.voice == Voice::None {
            self.alarms.clear();
            return;
        }
        let turn = self.begin(Phase::Speaking { answered: true }, patience::SPEAK, None, now);
        actions.push(Action::Ring(turn));
        if self.voice == Voice::Words {
            self.say(turn, spoken.into(), actions);
        }
        actions.push(Action::LastWords(turn));
        self.tell_state(actions);
    }
}
