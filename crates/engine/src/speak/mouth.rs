//! The speaker, with silence as a matter of a flag and a call.
//!
//! Owns what becomes of an answer whose sound is still being made: it is held, or quieter, from its first sample on. Never
//! makes sound and never waits for whoever does.

use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jarvis_audio::echo::Source;
use jarvis_core::{Cancel, TurnId};

use crate::io::Speaker;
use crate::rehearse::Rest;

/// How loud speech is while somebody may be speaking over it: -20 dB.
const DUCKED: f32 = 0.1;

/// The speaker, and what was said of an answer: that may be before its first sound is there.
#[derive(Default)]
struct Lips {
    speaker: Option<Arc<dyn Speaker>>,
    /// The answer is held.
    held: bool,
    /// The turn whose answer is quieter for now.
    ducked: Option<TurnId>,
    /// The turn that was begun last.
    begun: Option<TurnId>,
}

impl Lips {
    /// A new answer or another speaker knows nothing of it.
    fn tell_again(&self) {
        let Some(speaker) = &self.speaker else { return };
        if self.ducked.is_some() && self.ducked == self.begun {
            speaker.duck(DUCKED);
        }
        if self.held {
            speaker.pause();
        }
    }
}

/// The speaker as the speaking thread and the coordinator share it.
pub(crate) struct Mouth {
    lips: Mutex<Lips>,
    /// To whoever hears while it speaks.
    taps: Sender<Box<dyn Source>>,
    /// Whether there is time to practise.
    pub(crate) rest: Rest,
}

impl Mouth {
    /// Without a speaker yet; the tap of each one that it gets goes to `taps`.
    pub(crate) fn new(taps: Sender<Box<dyn Source>>) -> Self {
        Self { lips: Mutex::default(), taps, rest: Rest::default() }
    }

    fn lips(&self) -> MutexGuard<'_, Lips> {
        self.lips.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does `work` unless the sound is not wanted any more; [`Self::silence`] waits for it, so nothing slips in between.
    pub(super) fn with(&self, cancel: &Cancel, work: impl FnOnce(&dyn Speaker)) -> bool {
        let lips = self.lips();
        match &lips.speaker {
            Some(speaker) if !cancel.is_cancelled() => {
                work(&**speaker);
                true
            }
            _ => false,
        }
    }

    /// The next sound belongs to `turn`, unless it is not wanted any more; it is held, or quieter, if the answer is.
    pub(super) fn begin(&self, turn: TurnId, cancel: &Cancel) -> bool {
        let mut lips = self.lips();
        if cancel.is_cancelled() {
            return false;
        }
        let Some(speaker) = lips.speaker.clone() else { return false };
        speaker.begin(turn);
        lips.begun = Some(turn);
        lips.tell_again();
        true
    }

    pub(super) fn replace(&self, new: Option<Arc<dyn Speaker>>) {
        if let Some(tap) = new.as_ref().and_then(|speaker| speaker.tap()) {
            // Without a listening thread nobody wants to know.
            let _ = self.taps.send(tap);
        }
        let mut lips = self.lips();
        lips.speaker = new;
        lips.tell_again();
    }

    pub(super) fn is_open(&self) -> bool {
        self.lips().speaker.is_some()
    }

    /// Sound will follow soon.
    pub(crate) fn prepare(&self) {
        self.with(&Cancel::new(), |speaker| speaker.prepare());
    }

    /// Speech is held where it is.
    pub(crate) fn hold(&self) {
        let mut lips = self.lips();
        lips.held = true;
        lips.tell_again();
    }

    /// It goes on from there, as loud as before.
    pub(crate) fn resume(&self) {
        let mut lips = self.lips();
        (lips.held, lips.ducked) = (false, None);
        if let Some(speaker) = &lips.speaker {
            speaker.duck(1.0);
            speaker.resume();
        }
    }

    /// The answer of this turn is quieter while somebody may be speaking over it; with none, what plays is as loud as
    /// before.
    pub(crate) fn duck(&self, turn: Option<TurnId>) {
        let mut lips = self.lips();
        lips.ducked = turn;
        if turn.is_some() {
            lips.tell_again();
        } else if let Some(speaker) = &lips.speaker {
            speaker.duck(1.0);
        }
    }

    /// No more sound, at once. The turn's flag must be up before.
    pub(crate) fn silence(&self) {
        let mut lips = self.lips();
        (lips.held, lips.ducked) = (false, None);
        if let Some(speaker) = &lips.speaker {
            speaker.stop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jarvis_audio::effects::Preset;
    use jarvis_core::SpeechAudio;
    use std::sync::mpsc::channel;

    /// How loud a speaker is, and whether it is held; as the player does, a turn that begins is neither.
    #[derive(Default)]
    struct Notes(Mutex<(f32, bool)>);

    impl Notes {
        fn told(&self) -> (f32, bool) {
            *self.0.lock().unwrap()
        }
    }

    impl Speaker for Notes {
        fn prepare(&self) {}
        fn begin(&self, _: TurnId) {
            *self.0.lock().unwrap() = (1.0, false);
        }
        fn ring(&self, _: TurnId) {}
        fn append(&self, _: TurnId, _: SpeechAudio) {}
        fn finish(&self, _: TurnId) {}
        fn stop(&self) {
            *self.0.lock().unwrap() = (1.0, false);
        }
        fn set_volume(&self, _: f32) {}
        fn set_effect(&self, _: Preset, _: f32) {}
        fn duck(&self, gain: f32) {
            self.0.lock().unwrap().0 = gain;
        }
        fn pause(&self) {
            self.0.lock().unwrap().1 = true;
        }
        fn resume(&self) {
            self.0.lock().unwrap().1 = false;
        }
        fn tap(&self) -> Option<Box<dyn Source>> {
            None
        }
    }

    fn mouth() -> (Mouth, Arc<Notes>) {
        let (mouth, speaker) = (Mouth::new(channel().0), Arc::new(Notes::default()));
        mouth.replace(Some(Arc::clone(&speaker) as Arc<dyn Speaker>));
        (mouth, speaker)
    }

    #[test]
    fn an_answer_that_is_spoken_over_before_its_first_sound_begins_quieter_or_held() {
        let (mouth, speaker) = mouth();
        mouth.begin(TurnId(1), &Cancel::new());
        mouth.duck(Some(TurnId(2)));
        assert_eq!(speaker.told(), (1.0, false), "it is not the answer that plays");
        mouth.begin(TurnId(2), &Cancel::new());
        assert_eq!(speaker.told(), (DUCKED, false));
        mouth.hold();
        mouth.begin(TurnId(2), &Cancel::new());
        assert_eq!(speaker.told(), (DUCKED, true));
        mouth.resume();
        assert_eq!(speaker.told(), (1.0, false));
    }

    #[test]
    fn the_next_answer_is_as_loud_as_ever() {
        let (mouth, speaker) = mouth();
        mouth.begin(TurnId(1), &Cancel::new());
        mouth.duck(Some(TurnId(1)));
        assert_eq!(speaker.told(), (DUCKED, false));
        mouth.begin(TurnId(2), &Cancel::new());
        assert_eq!(speaker.told(), (1.0, false));
        mouth.duck(Some(TurnId(2)));
        mouth.duck(None);
        assert_eq!(speaker.told(), (1.0, false));
        mouth.silence();
        mouth.begin(TurnId(2), &Cancel::new());
        assert_eq!(speaker.told(), (1.0, false));
    }
}
