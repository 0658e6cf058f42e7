//! The second look at a wake word: what recognition makes of the sound that woke Jarvis.
//!
//! The wake word's model hears a second and a half and is cheap; "hey Travis" comes near enough now and then. Recognition
//! knows words, and hears "hey Jarvis" badly now and then. So a wake is taken back only when all speaks against it: the
//! text has not the phrase, sounds unlike it, and recognition holds the phrase for much less likely than the text. In doubt it was a call.
//! Never hears sound and never decides what follows.

use super::alike::{likeness, sounds};
use crate::tts::{Espeak, Phonemizer};
use jarvis_core::{Result, Weighed};

/// How much the text has to sound like the phrase, 0..=1, to be it.
const ALIKE: f32 = 0.83;
/// How likely the phrase has to be against what was recognized (natural logarithm). Chosen on 72 calls in rooms and noise
/// that leave little of some of them, and 45 other phrases that woke openWakeWord's head at its most sensitive: of the
/// calls 2 are lost, which nobody could make out, and 21 of the others are taken back.
const LIKELY: f32 = -8.0;

/// Holds what was recognized against a wake word's phrase.
pub struct WakeCheck {
    words: String,
    sounds: Vec<char>,
    phonemizer: Box<dyn Phonemizer>,
}

impl WakeCheck {
    /// For a phrase as it is spelt, "hey Jarvis".
    ///
    /// # Errors
    /// espeak-ng is not there, which tells what words sound like.
    pub fn new(phrase: &str) -> Result<Self> {
        let mut phonemizer: Box<dyn Phonemizer> = Box::new(Espeak::new("en-us")?);
        let words = phrase.split_whitespace().collect::<Vec<_>>().join(" ");
        let sounds = sounds(&words, phonemizer.as_mut())?;
        Ok(Self { words, sounds, phonemizer })
    }

    /// The words to weigh when the sound is recognized ([`jarvis_core::SpeechToText::transcribe_and_weigh`]).
    pub fn words(&self) -> &str {
        &self.words
    }

    /// Whether the sound that woke Jarvis can have been the phrase. What nothing was recognized in can.
    pub fn is_call(&mut self, heard: &Weighed) -> bool {
        let text = &heard.transcript.text;
        if text.is_empty() || heard.odds.is_none_or(|odds| odds >= LIKELY) {
            return true;
        }
        self.likeness(text) >= ALIKE
    }

    /// How much a part of `text` sounds like the phrase, 0..=1; 1 where that can't be told.
    pub fn likeness(&mut self, text: &str) -> f32 {
        sounds(text, self.phonemizer.as_mut()).map_or(1.0, |heard| likeness(&self.sounds, &heard))
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
