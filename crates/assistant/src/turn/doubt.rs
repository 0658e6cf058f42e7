//! Words that are in doubt, and the second look at them.
//!
//! A pause is recognized as soon as it is noticed, when the last word may not have sounded on to its end, and may be
//! missing for that. Words after which nothing would be done for long, since something seems to be lacking, are recognized
//! once more when the silence has lasted for [`AGAIN`], with all that sounded until then. Owns when that is done and which
//! of the two is believed. It is void as soon as the user goes on, is done once for a pause, and what fails in it changes
//! nothing: the first words are still there.

use std::time::{Duration, Instant};

use jarvis_core::{AssistantEvent, TurnId, Utterance};

use super::hearing::{Guess, Pause};
use super::{Action, Phase, Turn};
use crate::router::ending::Ending;
use crate::router::normalize::Request;

/// From this silence on a voice has nothing left to sound on with, and the recognizer hears that it ended.
pub(super) const AGAIN: Duration = Duration::from_millis(360);

/// How far the second look has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// The sound is to be asked for at this time.
    Due(Instant),
    /// It was asked for.
    Asked,
    /// It is being recognized, in this take.
    Taken(u32),
}

impl Pause {
    /// When the words of this pause are to be recognized once more; none where they are good as they are, or were
    /// recognized late enough.
    pub(super) fn look(&self) -> Option<Look> {
        let at = self.ended + AGAIN;
        let doubtful = self.guess.as_ref().is_some_and(|guess| match guess.ending {
            // The one acts at once. The other is thought about, which a second look would delay, and can be revoked.
            Ending::Command | Ending::Question => false,
            // What was no speech does not become any.
            Ending::Open | Ending::Unfinished => !guess.text.is_empty(),
        });
        (doubtful && self.noticed < at).then_some(Look::Due(at))
    }
}

impl Turn {
    /// When the sound for a second look is to be asked for.
    pub(super) fn look_at(&self) -> Option<Instant> {
        match self.present.as_ref()?.look {
            Some(Look::Due(at)) => Some(at),
            _ => None,
        }
    }

    /// The time for it has come.
    pub(super) fn look_again(&mut self, actions: &mut Vec<Action>) {
        if let Some(present) = &mut self.present {
            present.look = Some(Look::Asked);
            actions.push(Action::HearAgain(present.id));
        }
    }

    /// The listener tells what was said before the pause, with more of what followed it.
    pub(super) fn lasted(&mut self, turn: TurnId, utterance: Utterance, actions: &mut Vec<Action>) {
        let over_answer = self.held.is_some();
        let Some(present) = self.current(turn) else { return };
        if present.look == Some(Look::Asked) {
            present.takes += 1;
            present.look = Some(Look::Taken(present.takes));
            actions.push(present.transcribe(utterance, over_answer));
        }
    }

    /// No second look is wanted any more.
    pub(super) fn look_away(&mut self, actions: &mut Vec<Action>) {
        if let Some(present) = &mut self.present
            && let Some(Look::Taken(take)) = present.look.take()
        {
            actions.push(Action::Drop(present.id, take));
        }
    }

    /// The words of the second look.
    pub(super) fn seen_again(&mut self, text: String, ending: Ending, now: Instant, actions: &mut Vec<Action>) {
        let no_interruption = !text.is_empty() && self.is_no_interruption(&text);
        let Some(present) = &mut self.present else { return };
        present.look = None;
        let turn = present.id;
        let Phase::Listening { pause: Some(Pause { guess: Some(first), .. }), .. } = &mut present.phase else { return };
        let words = |said: &str| Request::new(said, &self.options.names).words;
        let Some(ending) = believed(&words(&first.text), &words(&text), ending) else { return };
        if no_interruption {
            return self.resume(now, actions);
        }
        let news = first.text != text;
        *first = Guess { text: text.clone(), ending, at: now };
        if self.pause_over_at().is_some_and(|over| over <= now) {
            self.conclude(false, now, actions);
        } else if news {
            actions.push(Action::Emit(Some(turn), AssistantEvent::Partial { text }));
        }
    }
}

/// How the words `second` end as far as they are believed, after `first`, which was recognized from less of the same
/// sound; none when they are not.
///
/// More sound adds words. Where it takes one away or puts another in its place, nothing is known: of 218 sentences that
/// were broken off and seemed so, seven were given a whole last word by the silence after it ("tell me the" became "tell
/// me that"), and none of 352 whole ones was mended that way. Only a command is more than an accident of such a change,
/// and since it acts, the set silence decides.
fn believed(first: &str, second: &str, ending: Ending) -> Option<Ending> {
    match ending {
        _ if second.is_empty() => None,
        _ if begins_with(second, first) => Some(ending),
        Ending::Command => Some(Ending::Open),
        Ending::Question | Ending::Open | Ending::Unfinished => None,
    }
}

/// Whether `words` begin with the whole words of `beginning`.
fn begins_with(words: &str, beginning: &str) -> bool {
    words.strip_prefix(beginning).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}
