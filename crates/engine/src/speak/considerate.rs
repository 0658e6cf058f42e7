//! A voice that computes only while it holds the right to.
//!
//! Owns when the right is taken and given back; makes no sound of its own. Between two pieces whoever waits to compute goes
//! first: there is sound ahead then.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jarvis_core::{Cancel, Result, SpeechAudio, Synthesis, TextToSpeech};

use crate::heavy::Heavy;

/// A voice that waits for the network must not keep others from computing. Clones are the same voice: it stays when the servers beside it change.
#[derive(Clone)]
pub(super) struct Considerate {
    voice: Arc<Mutex<Box<dyn TextToSpeech>>>,
    heavy: Heavy,
}

impl Considerate {
    pub(super) fn new(voice: Box<dyn TextToSpeech>, heavy: Heavy) -> Self {
        Self { voice: Arc::new(Mutex::new(voice)), heavy }
    }

    /// One that panicked is not asked again.
    fn voice(&self) -> MutexGuard<'_, Box<dyn TextToSpeech>> {
        self.voice.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TextToSpeech for Considerate {
    fn sample_rate(&self) -> u32 {
        self.voice().sample_rate()
    }

    fn synthesize(&mut self, text: &str, cancel: &Cancel) -> Result<SpeechAudio> {
        let mut voice = self.voice();
        let _right = (!voice.keeps(text)).then(|| self.heavy.take());
        voice.synthesize(text, cancel)
    }

    fn stream(&mut self, text: &str, cancel: &Cancel, take: &mut dyn FnMut(SpeechAudio)) -> Result<Synthesis> {
        // What is kept needs no computing, and waits for nobody who does.
        let mut voice = self.voice();
        let computes = !voice.keeps(text);
        let heavy = &self.heavy;
        let mut right = computes.then(|| heavy.take());
        voice.stream(text, cancel, &mut |audio| {
            right = None;
            take(audio);
            right = computes.then(|| heavy.take());
        })
    }

    fn stream_here(&mut self, text: &str, cancel: &Cancel, take: &mut dyn FnMut(SpeechAudio)) -> Result<Synthesis> {
        let heavy = &self.heavy;
        let mut right = Some(heavy.take());
        self.voice().stream_here(text, cancel, &mut |audio| {
            right = None;
            take(audio);
            right = Some(heavy.take());
        })
    }

    /// Whoever rehearses holds the right.
    fn prepare(&mut self, text: &str, cancel: &Cancel) -> Result<bool> {
        self.voice().prepare(text, cancel)
    }

    fn keeps(&mut self, text: &str) -> bool {
        self.voice().keeps(text)
    }

    fn set_rate(&mut self, rate: f32) {
        self.voice().set_rate(rate);
    }

    /// Without the right: at the start everything loads side by side.
    fn warm_up(&mut self) -> Result<()> {
        self.voice().warm_up()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// Makes two pieces, and says whether it computes.
    struct Tone(Arc<AtomicBool>);

    impl TextToSpeech for Tone {
        fn sample_rate(&self) -> u32 {
            16_000
        }
        fn synthesize(&mut self, _: &str, _: &Cancel) -> Result<SpeechAudio> {
            Ok(SpeechAudio { samples: vec![0.0], sample_rate: 16_000 })
        }
        fn stream(&mut self, text: &str, cancel: &Cancel, take: &mut dyn FnMut(SpeechAudio)) -> Result<Synthesis> {
            for _ in 0..2 {
                self.0.store(true, Ordering::SeqCst);
                let piece = self.synthesize(text, cancel)?;
                self.0.store(false, Ordering::SeqCst);
                take(piece);
            }
            Ok(Synthesis::default())
        }
        fn keeps(&mut self, text: &str) -> bool {
            text == "kept"
        }
        fn warm_up(&mut self) -> Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_right_is_free_between_pieces_and_what_is_kept_needs_none() {
        let heavy = Heavy::default();
        let computes = Arc::new(AtomicBool::new(false));
        let mut voice = Considerate::new(Box::new(Tone(Arc::clone(&computes))), heavy.clone());
        let mut pieces = 0;
        voice
            .stream("new", &Cancel::new(), &mut |_| {
                // Would wait for ever if the voice held it.
                drop(heavy.take());
                assert!(!computes.load(Ordering::SeqCst));
                pieces += 1;
            })
            .unwrap();
        assert_eq!(pieces, 2);
        let _right = heavy.take();
        voice.stream("kept", &Cancel::new(), &mut |_| pieces += 1).unwrap();
        assert_eq!(pieces, 4);
    }
}
