//! Lets the wake word's models rest while nobody speaks: they cost several times what voice activity does, and most of
//! the day is quiet.
//!
//! When a voice begins, the models are given the second and a half before it first, so they hear what they would have
//! heard. Never decides what a wake word is.

use std::collections::VecDeque;

use jarvis_core::{AudioFrame, Result, WakeDetection, WakeWord};

/// Probability of speech that wakes the models: the faintest sign of a voice.
const SIGN: f32 = 0.1;
/// Frames without a sign after which they rest: two seconds.
const PATIENCE: u32 = 62;
/// Frames that they are given from before: a second and a half, all that they look at.
const BEFORE: usize = 47;

/// A wake word that rests in silence.
pub(crate) struct WakeGate {
    wake: Box<dyn WakeWord>,
    /// What was heard since it rests, the newest [`BEFORE`] frames.
    missed: VecDeque<AudioFrame>,
    /// Older frames than those were dropped.
    gap: bool,
    /// Frames until it rests.
    awake: u32,
}

impl WakeGate {
    pub(crate) fn new(wake: Box<dyn WakeWord>) -> Self {
        Self { wake, missed: VecDeque::with_capacity(BEFORE), gap: false, awake: 0 }
    }

    /// Takes the next frame and the probability of speech in it; 1 where that is not known.
    pub(crate) fn process(&mut self, frame: &AudioFrame, probability: f32) -> Result<Option<WakeDetection>> {
        if probability >= SIGN {
            self.awake = PATIENCE;
        }
        if self.awake == 0 {
            if self.missed.len() == BEFORE {
                self.missed.pop_front();
                self.gap = true;
            }
            self.missed.push_back(frame.clone());
            return Ok(None);
        }
        self.awake -= 1;
        if std::mem::take(&mut self.gap) {
            self.wake.reset();
        }
        let mut detection = None;
        for missed in self.missed.drain(..) {
            detection = self.wake.process(&missed)?.or(detection);
        }
        Ok(self.wake.process(frame)?.or(detection))
    }

    /// The sound from before does not belong to what comes.
    pub(crate) fn reset(&mut self) {
        self.wake.reset();
        self.missed.clear();
        self.gap = false;
        self.awake = 0;
    }

    pub(crate) fn mistaken(&mut self, ago: usize) -> Result<bool> {
        self.wake.mistaken(ago)
    }

    pub(crate) fn set_sensitivity(&mut self, sensitivity: f32) {
        self.wake.set_sensitivity(sensitivity);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    /// Notes the frames that it gets; `None` is a reset.
    struct Noted(Arc<Mutex<Vec<Option<u64>>>>);

    impl WakeWord for Noted {
        fn process(&mut self, frame: &AudioFrame) -> Result<Option<WakeDetection>> {
            self.0.lock().unwrap().push(Some(frame.index));
            Ok(None)
        }
        fn reset(&mut self) {
            self.0.lock().unwrap().push(None);
        }
        fn set_sensitivity(&mut self, _sensitivity: f32) {}
    }

    /// What the models get when a voice is heard in these frames of `frames`.
    fn given(frames: u64, voiced: impl Fn(u64) -> bool) -> Vec<Option<u64>> {
        let notes = Arc::new(Mutex::new(Vec::new()));
        let mut gate = WakeGate::new(Box::new(Noted(Arc::clone(&notes))));
        for index in 0..frames {
            gate.process(&AudioFrame::silence(index), if voiced(index) { 0.9 } else { 0.01 }).unwrap();
        }
        std::mem::take(&mut *notes.lock().unwrap())
    }

    #[test]
    fn in_silence_the_models_rest() {
        assert!(given(10_000, |_| false).is_empty());
    }

    #[test]
    fn a_voice_is_heard_with_what_came_before_it() {
        let given = given(200, |index| index == 100);
        assert_eq!(given[0], None, "old sound is forgotten");
        let frames: Vec<u64> = given[1..].iter().map(|frame| frame.unwrap()).collect();
        assert_eq!(frames, (100 - BEFORE as u64..100 + u64::from(PATIENCE)).collect::<Vec<_>>());
    }

    #[test]
    fn a_short_rest_loses_nothing() {
        let given = given(150, |index| index == 0 || index == 90);
        let frames: Vec<u64> = given.iter().map(|frame| frame.expect("no reset")).collect();
        assert_eq!(frames, (0..150).collect::<Vec<_>>());
    }
}
