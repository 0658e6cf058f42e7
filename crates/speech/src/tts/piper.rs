//! Piper: a VITS voice in ONNX, fed with phonemes.
//!
//! Inputs `input` (1 x phonemes), `input_lengths` (1), `scales` (noise, length, noise of lengths), and `sid` for voices
//! of several speakers; the output is the sound. The voice takes its prosody from the punctuation, so that each clause
//! keeps its own.

use super::voice::Voice;
use super::{Espeak, Phonemizer, normalize, shape};
use crate::onnx::{Canceller, OnnxError, Runtime, SessionOptions};
use jarvis_core::{Cancel, Error, Result, SpeechAudio, TextToSpeech};
use ort::session::{Session, SessionOutputs};
use ort::value::Tensor;
use std::path::Path;

const WHAT: &str = "Speech synthesis";
/// A sentence longer than this is cut at a clause or a word: time and memory grow with it.
const LONGEST: usize = 240;
/// More threads than this cost more than they bring for sentences.
const THREADS: usize = 4;

/// A Piper voice.
pub struct Piper {
    session: Session,
    canceller: Canceller,
    voice: Voice,
    phonemizer: Box<dyn Phonemizer>,
    rate: f32,
    ids: Vec<i64>,
}

impl Piper {
    /// Opens `voice.onnx` and `voice.json` in `folder`; `phonemizer` has to speak the voice's language.
    ///
    /// # Errors
    /// A file is missing or is another model.
    pub fn load(runtime: &Runtime, folder: &Path, phonemizer: Box<dyn Phonemizer>) -> Result<Self> {
        let voice = Voice::read(folder)?;
        let path = folder.join("voice.onnx");
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get()).min(THREADS);
        let session = runtime.session(&path, SessionOptions { threads, keep_memory: false })?;
        let names: Vec<&str> = session.inputs().iter().map(|input| input.name()).collect();
        let expected: &[&str] = if voice.speakers > 1 {
            &["input", "input_lengths", "scales", "sid"]
        } else {
            &["input", "input_lengths", "scales"]
        };
        if names != expected {
            return Err(
                OnnxError::model(&path, format!("it has the inputs {names:?}, not those of a Piper voice")).into()
            );
        }
        Ok(Self { session, canceller: Canceller::new(), voice, phonemizer, rate: 1.0, ids: Vec::new() })
    }

    /// [`Self::load`] with espeak-ng's pronunciation of the language that the voice speaks.
    ///
    /// # Errors
    /// A file is missing or is another model, or espeak-ng doesn't know the language.
    pub fn with_espeak(runtime: &Runtime, folder: &Path) -> Result<Self> {
        let language = Voice::read(folder)?.language;
        Self::load(runtime, folder, Box::new(Espeak::new(&language)?))
    }

    /// How fast the voice speaks, 0.5..=2; 1 is as it was recorded.
    pub fn set_rate(&mut self, rate: f32) {
        self.rate = if rate.is_finite() { rate.clamp(0.5, 2.0) } else { 1.0 };
    }

    /// Speaks one sentence, already normalised; `None` when there is nothing to pronounce.
    fn sentence(&mut self, sentence: &str, cancel: &Cancel) -> Result<Option<Vec<f32>>> {
        let phonemes = self.phonemes(sentence)?;
        if self.voice.ids(&phonemes, &mut self.ids) == 0 {
            return Ok(None);
        }
        let mut samples = self.infer(cancel)?;
        shape::trim(&mut samples, self.voice.sample_rate, pause_ms(sentence));
        shape::level(&mut samples, self.voice.sample_rate);
        Ok(Some(samples))
    }

    /// Phonemes of a sentence with its punctuation, `həlˈoʊ, wˈɜːld.`
    fn phonemes(&mut self, sentence: &str) -> Result<String> {
        let mut phonemes = String::new();
        for clause in sentence.split_inclusive(PUNCTUATION) {
            let words = clause.trim_end_matches(PUNCTUATION);
            let spoken = self.phonemizer.phonemes(words.trim())?;
            if spoken.is_empty() {
                continue;
            }
            if !phonemes.is_empty() {
                phonemes.push(' ');
            }
            phonemes.push_str(&spoken);
            phonemes.push_str(&clause[words.len()..]);
        }
        Ok(phonemes)
    }

    fn infer(&mut self, cancel: &Cancel) -> Result<Vec<f32>> {
        let length = self.ids.len();
        let tensor = OnnxError::run(WHAT);
        let inputs = || -> ort::Result<_> {
            Ok((
                Tensor::from_array(([1, length], self.ids.clone()))?,
                Tensor::from_array(([1], vec![length as i64]))?,
                Tensor::from_array((
                    [3],
                    vec![self.voice.noise_scale, self.voice.length_scale / self.rate, self.voice.noise_w],
                ))?,
                Tensor::from_array(([1], vec![0_i64]))?,
            ))
        };
        let (ids, lengths, scales, speaker) = inputs().map_err(tensor)?;
        let sound = |outputs: &SessionOutputs<'_>| -> ort::Result<Vec<f32>> {
            let (_, samples) = outputs[0].try_extract_tensor::<f32>()?;
            Ok(samples.iter().map(|sample| if sample.is_finite() { *sample } else { 0.0 }).collect())
        };
        let session = &mut self.session;
        if self.voice.speakers > 1 {
            let inputs = ort::inputs![&ids, &lengths, &scales, &speaker];
            self.canceller.run(session, inputs, cancel, WHAT, sound)
        } else {
            self.canceller.run(session, ort::inputs![&ids, &lengths, &scales], cancel, WHAT, sound)
        }
    }
}

impl TextToSpeech for Piper {
    fn sample_rate(&self) -> u32 {
        self.voice.sample_rate
    }

    fn synthesize(&mut self, text: &str, cancel: &Cancel) -> Result<SpeechAudio> {
        let text = normalize::speakable(text);
        let mut samples = Vec::new();
        for sentence in sentences(&text) {
            if cancel.is_cancelled() {
                return Err(Error::cancelled());
            }
            if let Some(spoken) = self.sentence(sentence, cancel)? {
                samples.extend(spoken);
            }
        }
        Ok(SpeechAudio { samples, sample_rate: self.voice.sample_rate })
    }

    fn warm_up(&mut self) -> Result<()> {
        self.synthesize("Ready.", &Cancel::new()).map(drop)
    }
}

/// What the voices know of punctuation.
const PUNCTUATION: [char; 6] = [',', '.', '?', '!', ':', ';'];

/// The pause after a sentence or clause, by how it ends. The next one may be synthesized apart, so the pause is part of
/// the sound.
fn pause_ms(sentence: &str) -> usize {
    match sentence.chars().next_back() {
        Some('.' | '?' | '!') => 260,
        Some(',' | ';' | ':') => 130,
        _ => 40,
    }
}

/// Cuts normalised text into sentences, and sentences of more than [`LONGEST`] bytes at a clause or, failing that, a word.
fn sentences(text: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    for sentence in text.split_inclusive(['.', '?', '!']) {
        let mut rest = sentence.trim();
        while rest.len() > LONGEST {
            let limit = floor_char_boundary(rest, LONGEST);
            let head = &rest[..limit];
            let cut = head
                .rfind([',', ';', ':'])
                .map(|at| at + 1)
                .filter(|at| *at > LONGEST / 3)
                .or_else(|| head.rfind(' ').filter(|at| *at > 0))
                .unwrap_or(limit);
            sentences.push(rest[..cut].trim_end());
            rest = rest[cut..].trim_start();
        }
        if !rest.is_empty() {
            sentences.push(rest);
        }
    }
    sentences
}

/// The last place in `text` at or before `at` where it may be cut.
fn floor_char_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
#[path = "piper_tests.rs"]
mod tests;
