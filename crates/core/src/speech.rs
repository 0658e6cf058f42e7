//! The seams of hearing and speaking.
//!
//! Every engine is blocking and belongs to one thread at a time; nothing here allocates per frame.

use crate::{AudioFrame, Cancel, Result, SpeechAudio};
use serde::{Deserialize, Serialize};

/// A wake word that was heard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WakeDetection {
    /// Which wake word, e.g. `hey_jarvis`.
    pub model: String,
    /// How sure the model is, 0..=1.
    pub score: f32,
    /// The sample after the last one that the detection rests on, counted since [`WakeWord::reset`].
    pub at_sample: u64,
}

/// The phrase that a wake word listens for, by the name of its model: "hey jarvis" for `wake-hey-jarvis`, `hey_jarvis` and
/// `wake-hey-jarvis-free`.
pub fn wake_phrase(model: &str) -> String {
    let name = model.strip_prefix("wake-").unwrap_or(model);
    name.strip_suffix("-free").or_else(|| name.strip_suffix("_free")).unwrap_or(name).replace(['-', '_'], " ")
}

/// Listens for a wake word, one frame at a time.
pub trait WakeWord: Send {
    /// Takes the next 32 ms. `Some` once for each time that the word is said.
    fn process(&mut self, frame: &AudioFrame) -> Result<Option<WakeDetection>>;
    /// Forgets the sound so far.
    fn reset(&mut self);
    /// 0 (never wakes by accident) ..= 1 (never misses); 0.5 is the usual.
    fn set_sensitivity(&mut self, sensitivity: f32);
    /// A detection was none: what sounds like it is heeded less from now on. `ago` is 0 for the last detection, 1 for the
    /// one before it, ... Says whether that could be remembered; an engine that can't learn remembers none.
    ///
    /// # Errors
    /// It can't be kept.
    fn mistaken(&mut self, ago: usize) -> Result<bool> {
        let _ = ago;
        Ok(false)
    }
}

/// Tells speech from everything else, one frame at a time.
pub trait Vad: Send {
    /// The probability, 0..=1, that this frame has speech in it.
    fn process(&mut self, frame: &AudioFrame) -> Result<f32>;
    /// Forgets the sound so far.
    fn reset(&mut self);
}

/// How long the parts of a recognition took, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TranscriptTimings {
    /// Spectrogram.
    pub features: f64,
    /// Encoder.
    pub encode: f64,
    /// Decoder.
    pub decode: f64,
    /// All of it.
    pub total: f64,
}

/// What was said, in words. Silence and noise give an empty `text`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Transcript {
    /// The words, trimmed; empty when there was no speech.
    pub text: String,
    /// ISO 639-1, where the model tells (`en`).
    pub language: Option<String>,
    /// Mean natural-log probability of the tokens, <= 0.
    pub average_log_probability: f32,
    /// The model's own probability, 0..=1, that there was no speech.
    pub no_speech_probability: f32,
    /// How long the sound was.
    pub seconds: f32,
    /// Where the time went.
    pub timings_ms: TranscriptTimings,
}

/// What was recognized in a short sound, and how likely some words would have been there.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Weighed {
    /// What was recognized.
    pub transcript: Transcript,
    /// How likely it is that the text begins with the words that were asked about, against as much of what was recognized:
    /// natural logarithm, 0 for as likely. None where nothing was said, or from an engine that can't tell.
    pub odds: Option<f32>,
}

/// Turns sound into words.
pub trait SpeechToText: Send {
    /// Recognizes 16 kHz mono samples of any length in bounded memory.
    ///
    /// # Errors
    /// The engine failed, or `cancel` was raised ([`crate::Error::cancelled`]).
    fn transcribe(&mut self, samples: &[f32], cancel: &Cancel) -> Result<Transcript>;
    /// As [`Self::transcribe`], for a few words said where some phrases are likely: "stop" over an answer, "yes" after a
    /// question. When one of `expected` fits the sound about as well as what would be recognized freely, the text is that
    /// phrase as it is written in `expected`. What fits none of them is recognized as ever, so expecting a phrase never
    /// hides another one. An engine that can't weigh phrases just transcribes.
    ///
    /// # Errors
    /// As [`Self::transcribe`].
    fn transcribe_expecting(&mut self, samples: &[f32], expected: &[&str], cancel: &Cancel) -> Result<Transcript> {
        let _ = expected;
        self.transcribe(samples, cancel)
    }
    /// As [`Self::transcribe`], of what was said so far, to be shown while somebody speaks on. An engine that sends sound
    /// elsewhere hears nothing in it: much of that nobody wanted to be heard.
    ///
    /// # Errors
    /// As [`Self::transcribe`].
    fn transcribe_partial(&mut self, samples: &[f32], cancel: &Cancel) -> Result<Transcript> {
        self.transcribe(samples, cancel)
    }
    /// Recognizes a second or two, and tells how likely it is that it begins with `words`: for a wake word, which a small
    /// model often writes as something else that sounds like it.
    ///
    /// # Errors
    /// As [`Self::transcribe`].
    fn transcribe_and_weigh(&mut self, samples: &[f32], words: &str, cancel: &Cancel) -> Result<Weighed> {
        let _ = words;
        Ok(Weighed { transcript: self.transcribe(samples, cancel)?, odds: None })
    }
    /// Touches the weights, so that the first real call is as fast as the others.
    fn warm_up(&mut self) -> Result<()>;
}

/// How a clause was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Synthesis {
    /// It was made before and kept; nothing was computed.
    pub kept: bool,
}

/// Turns words into sound.
pub trait TextToSpeech: Send {
    /// Samples per second of what [`Self::synthesize`] returns.
    fn sample_rate(&self) -> u32;
    /// Speaks one clause or sentence. Text is plain or markdown; the engine normalises it for speech. Text with nothing
    /// to say (empty, punctuation alone) gives no samples.
    ///
    /// # Errors
    /// The engine failed, or `cancel` was raised ([`crate::Error::cancelled`]).
    fn synthesize(&mut self, text: &str, cancel: &Cancel) -> Result<SpeechAudio>;
    /// As [`Self::synthesize`], in pieces: each is handed to `take` as soon as it is made, so that the first is heard while
    /// the rest is computed. The pieces in order are the whole, and none is empty. An engine that can't do so hands over
    /// one.
    ///
    /// # Errors
    /// As [`Self::synthesize`]; what was handed over before stands.
    fn stream(&mut self, text: &str, cancel: &Cancel, take: &mut dyn FnMut(SpeechAudio)) -> Result<Synthesis> {
        let audio = self.synthesize(text, cancel)?;
        if !audio.samples.is_empty() {
            take(audio);
        }
        Ok(Synthesis::default())
    }
    /// As [`Self::stream`], for words that stay on this machine and of which nothing is kept, such as those of the screen. An
    /// engine that sends or keeps words, or has others speak, does this in its own way.
    ///
    /// # Errors
    /// As [`Self::stream`], or this engine sends all words to another program: then nothing was sent.
    fn stream_here(&mut self, text: &str, cancel: &Cancel, take: &mut dyn FnMut(SpeechAudio)) -> Result<Synthesis> {
        self.stream(text, cancel, take)
    }
    /// Sees to it that `text` will be there at once when it is asked for, if this engine keeps what it made, now and
    /// after the next start; says whether anything had to be computed. Others do nothing.
    ///
    /// # Errors
    /// As [`Self::synthesize`].
    fn prepare(&mut self, text: &str, cancel: &Cancel) -> Result<bool> {
        let _ = (text, cancel);
        Ok(false)
    }
    /// Whether [`Self::stream`] of `text` would have nothing to compute now, so that nobody needs to make room for it. An
    /// engine that keeps nothing always computes.
    fn keeps(&mut self, text: &str) -> bool {
        let _ = text;
        false
    }
    /// How fast it speaks from the next call on, 0.5..=2; 1 is as the voice was made. An engine that can't do so speaks as
    /// before.
    fn set_rate(&mut self, rate: f32) {
        let _ = rate;
    }
    /// Touches the weights, so that the first real call is as fast as the others.
    fn warm_up(&mut self) -> Result<()>;
}
