//! Piper: a VITS voice in ONNX, fed with phonemes.
//!
//! Inputs `input` (1 x phonemes), `input_lengths` (1), `scales` (noise, length, noise of lengths), and `sid` for voices
//! of several speakers; the output is the sound. The voice takes its prosody from the punctuation, so that each clause
//! keeps its own. The model runs in two halves ([`super::graph`]): the second makes the sound in pieces, and the first of
//! them is there long before the last.

use super::graph::{self, Parts};
use super::shape::{Level, Trim};
use super::vocoder::{Frames, Vocoder};
use super::voice::Voice;
use super::{Espeak, Phonemizer, normalize};
use jarvis_core::{Cancel, Error, Result, SpeechAudio, Synthesis, TextToSpeech};
use jarvis_onnx::{OnnxError, Runtime, SessionOptions};
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
    /// From phonemes to frames; to sound where there is no vocoder.
    encoder: Session,
    vocoder: Option<Vocoder>,
    voice: Voice,
    phonemizer: Box<dyn Phonemizer>,
    rate: f32,
    speaker: u32,
    level: Level,
    ids: Vec<i64>,
}

/// What came of the encoder.
enum Encoded {
    Frames(Frames),
    Sound(Vec<f32>),
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
        let options = SessionOptions { threads, keep_memory: false };
        let parts = read_parts(&path)?;
        let encoder = runtime.session_of(&parts.encoder, &path, options)?;
        drop(parts.encoder);
        let names: Vec<&str> = encoder.inputs().iter().map(|input| input.name()).collect();
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
        let vocoder = match parts.vocoder {
            Some(part) => Some(Vocoder::new(runtime.session_of(&part.model, &path, options)?, &part, &path)),
            None => {
                tracing::info!(voice = %path.display(), "this voice can't be cut in two; its first sound comes later");
                None
            }
        };
        let level = Level::new(voice.sample_rate);
        Ok(Self { encoder, vocoder, voice, phonemizer, rate: 1.0, speaker: 0, level, ids: Vec::new() })
    }

    /// [`Self::load`] with espeak-ng's pronunciation of the language that the voice speaks.
    ///
    /// # Errors
    /// A file is missing or is another model, or espeak-ng doesn't know the language.
    pub fn with_espeak(runtime: &Runtime, folder: &Path) -> Result<Self> {
        let language = Voice::read(folder)?.language;
        Self::load(runtime, folder, Box::new(Espeak::new(&language)?))
    }

    /// How much the tone varies (0..=1, usually 0.667) and the length of the sounds (0..=1.5, usually 0.8).
    pub fn set_variation(&mut self, tone: f32, rhythm: f32) {
        self.voice.noise_scale = tone;
        self.voice.noise_w = rhythm;
    }

    /// How many speakers the voice has; at least one.
    pub fn speakers(&self) -> u32 {
        self.voice.speakers.max(1)
    }

    /// Which speaker of a voice of several, from 0; the last one for a number that is too high.
    pub fn set_speaker(&mut self, speaker: u32) {
        self.speaker = speaker.min(self.voice.speakers.saturating_sub(1));
    }

    /// Speaks one sentence, already normalised, piece by piece. Hands over nothing when there is nothing to pronounce.
    fn sentence(&mut self, sentence: &str, cancel: &Cancel, take: &mut dyn FnMut(SpeechAudio)) -> Result<()> {
        let phonemes = self.phonemes(sentence)?;
        if self.voice.ids(&phonemes, &mut self.ids) == 0 {
            return Ok(());
        }
        let encoded = self.encode(cancel)?;
        let sample_rate = self.voice.sample_rate;
        let mut trim = Trim::new(sample_rate);
        let level = &mut self.level;
        let mut hand_over = |mut samples: Vec<f32>| {
            if !samples.is_empty() {
                level.apply(&mut samples);
                take(SpeechAudio { samples, sample_rate });
            }
        };
        let mut push = |sound: &[f32]| {
            let mut samples = Vec::with_capacity(sound.len());
            trim.push(sound, &mut samples);
            hand_over(samples);
        };
        match (&encoded, &mut self.vocoder) {
            (Encoded::Frames(frames), Some(vocoder)) => {
                // A voice makes no infinity of its own accord; a damaged one might.
                vocoder.sound(frames, cancel, &mut |sound| push(&finite(sound)))?;
            }
            (Encoded::Sound(sound), _) => push(sound),
            (Encoded::Frames(_), None) => {}
        }
        let mut rest = Vec::new();
        trim.finish(pause_ms(sentence), &mut rest);
        hand_over(rest);
        Ok(())
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

    fn encode(&mut self, cancel: &Cancel) -> Result<Encoded> {
        let length = self.ids.len();
        let inputs = || -> ort::Result<_> {
            Ok((
                Tensor::from_array(([1, length], self.ids.clone()))?,
                Tensor::from_array(([1], vec![length as i64]))?,
                Tensor::from_array((
                    [3],
                    vec![self.voice.noise_scale, self.voice.length_scale / self.rate, self.voice.noise_w],
                ))?,
                Tensor::from_array(([1], vec![i64::from(self.speaker)]))?,
            ))
        };
        let (ids, lengths, scales, speaker) = inputs().map_err(OnnxError::run(WHAT))?;
        let is_cut = self.vocoder.is_some();
        let take = |outputs: &SessionOutputs<'_>| -> ort::Result<Encoded> {
            if is_cut {
                return Frames::take(outputs).map(Encoded::Frames);
            }
            let (_, samples) = outputs[0].try_extract_tensor::<f32>()?;
            Ok(Encoded::Sound(finite(samples)))
        };
        let session = &mut self.encoder;
        if self.voice.speakers > 1 {
            jarvis_onnx::run(session, ort::inputs![&ids, &lengths, &scales, &speaker], cancel, WHAT, take)
        } else {
            jarvis_onnx::run(session, ort::inputs![&ids, &lengths, &scales], cancel, WHAT, take)
        }
    }
}

/// Reads a voice's file and takes it apart; the file itself is let go of again.
fn read_parts(path: &Path) -> Result<Parts, OnnxError> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(OnnxError::ModelMissing(path.to_owned()));
        }
        Err(error) => return Err(OnnxError::model(path, error.to_string())),
    };
    // SAFETY: an installed model is not written to: a new one takes its place by renaming, which leaves this one as it is.
    let bytes = unsafe { memmap2::Mmap::map(&file) }.map_err(|error| OnnxError::model(path, error.to_string()))?;
    graph::take_apart(&bytes).map_err(|reason| OnnxError::model(path, reason))
}

fn finite(samples: &[f32]) -> Vec<f32> {
    samples.iter().map(|sample| if sample.is_finite() { *sample } else { 0.0 }).collect()
}

impl TextToSpeech for Piper {
    fn sample_rate(&self) -> u32 {
        self.voice.sample_rate
    }

    fn synthesize(&mut self, text: &str, cancel: &Cancel) -> Result<SpeechAudio> {
        let mut samples = Vec::new();
        self.stream(text, cancel, &mut |piece| samples.extend(piece.samples))?;
        Ok(SpeechAudio { samples, sample_rate: self.voice.sample_rate })
    }

    fn stream(&mut self, text: &str, cancel: &Cancel, take: &mut dyn FnMut(SpeechAudio)) -> Result<Synthesis> {
        let text = normalize::speakable(text);
        for sentence in sentences(&text) {
            if cancel.is_cancelled() {
                return Err(Error::cancelled());
            }
            self.sentence(sentence, cancel, take)?;
        }
        Ok(Synthesis::default())
    }

    fn set_rate(&mut self, rate: f32) {
        self.rate = if rate.is_finite() { rate.clamp(0.5, 2.0) } else { 1.0 };
    }

    /// Speaks a sentence to nobody; from it the voice's loudness is known too.
    fn warm_up(&mut self) -> Result<()> {
        self.synthesize("Everything is ready now.", &Cancel::new()).map(drop)
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
