//! Questions that were typed: begun at once, answered aloud or in writing.
//!
//! Whoever asks in writing is answered in writing: nothing of such a turn is spoken, not even that it failed. Never
//! decides whether a turn that goes on may be interrupted for a question: that is for whoever brings it.

use std::time::Instant;

use jarvis_core::AssistantEvent;

use super::{Action, Phase, Turn, patience};

impl Turn {
    pub(super) fn ask(&mut self, text: String, aloud: bool, now: Instant, actions: &mut Vec<Action>) {
        self.interrupt(now, actions);
        let turn = self.begin(Phase::Thinking, patience::THINK, Some(now), now);
        if let Some(present) = &mut self.present {
            present.aloud &= aloud;
        }
        actions.push(Action::Emit(Some(turn), AssistantEvent::Transcript { text: text.clone() }));
        actions.push(Action::Think(turn, text));
        self.tell_state(actions);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::turn::{Input, Stage, TurnOptions};
    use jarvis_core::{AssistantState, Error, TurnId};

    fn asked() -> (Turn, Instant, Vec<Action>) {
        let (mut turn, now, mut actions) = (Turn::new(TurnOptions::default()), Instant::now(), Vec::new());
        turn.on(Input::Write("why".into()), now, &mut actions);
        assert_eq!(turn.state(), AssistantState::Thinking);
        (turn, now, actions)
    }

    fn is_heard(actions: &[Action]) -> bool {
        actions.iter().any(|action| matches!(action, Action::Speak(..) | Action::Ahead(..) | Action::Ring(_)))
    }

    #[test]
    fn a_question_in_writing_is_answered_in_writing() {
        let (mut turn, now, mut actions) = asked();
        let id = TurnId(1);
        for input in [Input::Text(id, "So.".into()), Input::Clause(id, "So.".into()), Input::Answered(id)] {
            turn.on(input, now, &mut actions);
        }
        assert_eq!(turn.state(), AssistantState::Idle);
        assert!(!is_heard(&actions), "{actions:?}");
        let is_the_question =
            |action: &Action| matches!(action, Action::Emit(_, AssistantEvent::Transcript { text }) if text == "why");
        assert!(actions.iter().any(is_the_question), "{actions:?}");
        assert!(turn.deadline().is_none(), "nobody is expected to go on aloud");
    }

    #[test]
    fn that_it_failed_or_took_too_long_is_written_too() {
        let (mut turn, now, mut actions) = asked();
        turn.on(Input::Failed(TurnId(1), Stage::Think, Error::new("x", "No.", "")), now, &mut actions);
        assert_eq!(turn.state(), AssistantState::Idle);
        assert!(!is_heard(&actions), "{actions:?}");

        let (mut turn, _, mut actions) = asked();
        let late = turn.deadline().unwrap();
        turn.on(Input::Tick, late, &mut actions);
        assert_eq!(turn.state(), AssistantState::Idle);
        assert!(!is_heard(&actions), "{actions:?}");
    }
}
