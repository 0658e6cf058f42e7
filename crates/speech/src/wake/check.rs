//! The second look at a wake word: what recognition makes of the sound that woke Jarvis.
//!
//! The wake word's model hears a second and a half and is cheap; "hey Travis" comes near enough now and then. Recognition
//! knows words, but a small one makes anything of a call in a room or in noise: what it writes there has nothing to do with
//! the phrase, and says nothing. So a wake is taken back only when recognition did hear a part of the phrase, "Hey, it's" or
//! "Hello, Jarvis", and holds the phrase for much less likely than what it wrote. In doubt it was a call.
//! Never hears sound and never decides what follows.

use super::alike::{likeness, sounds};
use crate::tts::{Espeak, Phonemizer};
use jarvis_core::{Result, Transcript, Weighed};

/// How much a part of the text has to sound like the phrase, 0..=1, to be it.
const ALIKE: f32 = 0.88;
/// How likely the phrase has to be (natural logarithm) against a text that begins as it does, against one that nearly does
/// ("A service") and of which recognition is sure, and against one that has another of its words: there something else may
/// have been said before the call. Chosen with 181 calls in rooms and noise that leave little of some of them, and 157 wakes
/// by phrases that sound alike and by sentences that begin with "hey", in voices and words of which none is measured with;
/// what they do to the measured ones was looked at, too. Not one of those 181 calls is lost.
const BEGUN: f32 = -5.0;
const NEARLY: f32 = -8.0;
const HALF: f32 = -10.0;
/// Average log probability of a text that recognition is sure of.
const SURE: f32 = -0.7;
/// How much a short word has to sound like the phrase's first one to be nearly that.
const NEAR: f32 = 0.6;
/// How much a part of the text has to sound like a word of the phrase to be that, and how many sounds such a word has: short
/// ones are in many others.
const SAME: f32 = 0.78;
const LONG: usize = 4;

/// Holds what was recognized against a wake word's phrase.
pub struct WakeCheck {
    words: String,
    sounds: Vec<char>,
    /// Those of its first word, and of each of the others.
    first: Vec<char>,
    others: Vec<Vec<char>>,
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
        let whole = sounds(&words, phonemizer.as_mut())?;
        let each: Result<Vec<_>> = words.split(' ').map(|word| sounds(word, phonemizer.as_mut())).collect();
        let mut others = each?;
        let first = others.remove(0);
        others.retain(|word| word.len() >= LONG);
        Ok(Self { words, sounds: whole, first, others, phonemizer })
    }

    /// The words to weigh when the sound is recognized ([`jarvis_core::SpeechToText::transcribe_and_weigh`]).
    pub fn words(&self) -> &str {
        &self.words
    }

    /// Whether the sound that woke Jarvis can have been the phrase. What nothing was recognized in can.
    pub fn is_call(&mut self, heard: &Weighed) -> bool {
        let text = &heard.transcript.text;
        let Some(odds) = heard.odds.filter(|_| !text.is_empty()) else { return true };
        odds >= BEGUN
            || self.likeness(text) >= ALIKE
            || odds >= self.limit(&heard.transcript).unwrap_or(f32::NEG_INFINITY)
    }

    /// How likely the phrase has to be against what was recognized; none where that has nothing of it.
    fn limit(&mut self, transcript: &Transcript) -> Option<f32> {
        let text = &transcript.text;
        let begin = sounds(text.split_whitespace().next()?, self.phonemizer.as_mut()).ok()?;
        if begin == self.first {
            return Some(BEGUN);
        }
        let nearly = begin.len() <= self.first.len() && likeness(&self.first, &begin) >= NEAR;
        if nearly && transcript.average_log_probability >= SURE {
            return Some(NEARLY);
        }
        let heard = sounds(text, self.phonemizer.as_mut()).ok()?;
        self.others.iter().any(|word| likeness(word, &heard) >= SAME).then_some(HALF)
    }

    /// How much a part of `text` sounds like the phrase, 0..=1; 1 where that can't be told.
    pub fn likeness(&mut self, text: &str) -> f32 {
        sounds(text, self.phonemizer.as_mut()).map_or(1.0, |heard| likeness(&self.sounds, &heard))
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
