//! Whisper (Radford et al. 2022), any size, English or multilingual, on candle.
//!
//! A recording goes through in windows of at most 30 s, cut where it is quiet:
//! spectrogram ([`super::mel`]) → encoder → decoder, a token at a time → text ([`writing`]).
//!
//! Whisper was trained on 30 s of sound, and a short utterance followed by 27 s of silence costs as much as 30 s of speech.
//! The encoder is therefore given the sound and, of the silence, a few positions that stand for all of it ([`context`]).
//! When the decoder says a phrase twice, or is unsure, the window is looked at again with all 1500 positions, and then at
//! rising temperatures.
//!
//! Owns the model's files, shapes and signs. Never opens a device, and never keeps sound.

mod config;
mod context;
mod decoder;
mod encoder;
mod expected;
mod kernels;
mod likely;
mod ops;
mod search;
mod vocabulary;
mod weights;
mod windows;
mod writing;

use super::SttError;
use super::mel::{LogMel, MAX_SAMPLES};
use candle_core::Device;
use config::Config;
use context::Context;
use decoder::Decoder;
use encoder::Encoder;
use jarvis_core::{Cancel, Result, SAMPLE_RATE, SpeechToText, Transcript, TranscriptTimings, Weighed};
use rayon::{ThreadPool, ThreadPoolBuilder};
use search::{Doubt, Suspicion};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use vocabulary::Vocabulary;

/// Samples of the utterance that a model is warmed up with: 4 s.
const WARM_UP: usize = 4 * SAMPLE_RATE as usize;
/// The mean log probability below which a text is not believed.
const UNSURE: f32 = -1.0;
/// The probability of no speech above which an unsure text is taken for silence.
const NO_SPEECH: f32 = 0.6;
/// The same once every other way of looking has been tried and none gave a text to believe.
const NO_SPEECH_AFTER_ALL: f32 = 0.4;
/// What the model, which learned from subtitles, writes where nobody speaks.
const PHANTOMS: [&str; 4] = ["you", "thank you", "thanks for watching", "bye"];
/// Such a text is believed only above this mean log probability ...
const SURE: f32 = -0.5;
/// ... and below this probability of no speech.
const DOUBTFUL: f32 = 0.1;
/// What is tried when the likeliest text is no good.
const TEMPERATURES: [f32; 3] = [0.2, 0.4, 0.8];

/// Where to compute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Compute {
    /// On the GPU, if the program was built for one and there is one; else on the processor.
    #[default]
    Auto,
    /// On the processor.
    Processor,
}

/// How to recognize.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// ISO 639-1 codes of the languages that may be spoken, see [`languages`]. Of several a multilingual model finds out
    /// which it is; of none, which of all that it knows.
    pub languages: Vec<String>,
    /// Where to compute.
    pub compute: Compute,
    /// Threads to compute with on the processor; 0 for one per core.
    pub threads: usize,
}

/// A loaded Whisper model.
pub struct Whisper {
    config: Config,
    vocabulary: Vocabulary,
    /// Codes and tokens of the languages that may be spoken; empty in a model that knows English only.
    languages: Vec<(String, u32)>,
    spectrogram: LogMel,
    encoder: Encoder,
    decoder: Decoder,
    /// The threads that were asked for; none for those that all of the process shares.
    threads: Option<Arc<ThreadPool>>,
    // Kept between calls, so that they are allocated once.
    mel: Vec<f32>,
    logits: Vec<f32>,
    tokens: Vec<u32>,
    /// Where the text that was written last might have gone on otherwise.
    doubts: Vec<Doubt>,
    /// How many tokens told the decoder what to do.
    prompt: usize,
}

/// What one run of the decoder made of a window.
#[derive(Debug, Clone, Default)]
struct Attempt {
    text: String,
    tokens: usize,
    average_log_probability: f32,
    no_speech_probability: f32,
    language: Option<String>,
    /// It went in circles, or on for longer than anybody speaks.
    looped: bool,
}

impl Attempt {
    fn is_good(&self) -> bool {
        !self.looped && self.average_log_probability >= UNSURE
    }

    fn is_silence(&self) -> bool {
        self.no_speech_probability > NO_SPEECH && self.average_log_probability < UNSURE
    }

    /// Whether there are no words in it, or only such as are written where nobody speaks.
    fn is_phantom(&self) -> bool {
        let words = self.text.trim().trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        let one_letter = words.len() < 2 && !words.chars().any(char::is_numeric);
        let in_doubt = self.average_log_probability < SURE || self.no_speech_probability > DOUBTFUL;
        !self.text.is_empty() && (one_letter || (in_doubt && PHANTOMS.contains(&words.as_str())))
    }
}

impl Whisper {
    /// Loads the model in `folder`: `model.safetensors`, `tokenizer.json` and `config.json` with Hugging Face's names.
    ///
    /// # Errors
    /// A file is missing, damaged, or not a Whisper model's; the language is not one of the model's.
    pub fn load(folder: &Path, options: &Options) -> Result<Self> {
        Ok(Self::open(folder, options)?)
    }

    fn open(folder: &Path, options: &Options) -> Result<Self, SttError> {
        let config = config::read(&folder.join("config.json"))?;
        let vocabulary = Vocabulary::read(&folder.join("tokenizer.json"), config.vocab_size)?;
        let languages = spoken(&options.languages, &vocabulary.languages)?;
        let device = match options.compute {
            Compute::Auto => accelerator(),
            Compute::Processor => Device::Cpu,
        };
        let weights = weights::Weights::open(&folder.join("model.safetensors"))?;
        let encoder = Encoder::load(&weights, &config, &device)?;
        let decoder = Decoder::load(&weights, &config, &device)?;
        weights.release();
        // Another thread may listen: what is queued is this one's (CUDA's default stream of each thread).
        device.synchronize()?;
        Ok(Self {
            encoder,
            decoder,
            threads: pool(options.threads),
            spectrogram: LogMel::new(config.num_mel_bins),
            languages,
            vocabulary,
            config,
            mel: Vec::new(),
            logits: Vec::new(),
            tokens: Vec::new(),
            doubts: Vec::new(),
            prompt: 0,
        })
    }

    /// Whether the model knows other languages than English.
    pub fn is_multilingual(&self) -> bool {
        !self.vocabulary.languages.is_empty()
    }

    /// Recognizes one window, in which one of the phrases `expected` may be likely.
    fn window(
        &mut self,
        samples: &[f32],
        expected: &[&str],
        timings: &mut TranscriptTimings,
        cancel: &Cancel,
    ) -> Result<Option<Attempt>, SttError> {
        if !windows::audible(samples) {
            return Ok(None);
        }
        let all = self.config.max_source_positions;
        let mut context = Context::of(samples.len(), all);
        // Nobody speaks more than about ten tokens a second.
        let most = (16 + samples.len() * 12 / SAMPLE_RATE as usize).min(self.config.max_target_positions / 2);

        let mut best;
        loop {
            self.listen(samples, &context, timings, cancel)?;
            let suspicion = if context.is_partial() { Suspicion::High } else { Suspicion::Low };
            best = self.decode(0.0, suspicion, most, timings, cancel)?;
            if best.is_good() || best.is_silence() || !context.is_partial() {
                break;
            }
            tracing::debug!(looped = best.looped, log_probability = best.average_log_probability, "another look");
            context = Context::whole(all);
        }
        for temperature in TEMPERATURES {
            if best.is_good() || best.is_silence() {
                break;
            }
            let attempt = self.decode(temperature, Suspicion::Low, most, timings, cancel)?;
            if (attempt.looped, -attempt.average_log_probability) < (best.looped, -best.average_log_probability) {
                best = attempt;
            }
        }
        let is_hopeless = !best.is_good() && best.no_speech_probability > NO_SPEECH_AFTER_ALL;
        if best.is_silence() || best.is_phantom() || is_hopeless {
            return Ok(None);
        }
        if !expected.is_empty() && samples.len() <= expected::LONGEST {
            let began = Instant::now();
            self.weigh(&mut best, expected, cancel)?;
            timings.decode += milliseconds(began);
        }
        Ok(Some(best))
    }

    /// Spectrogram and encoder.
    fn listen(
        &mut self,
        samples: &[f32],
        context: &Context,
        timings: &mut TranscriptTimings,
        cancel: &Cancel,
    ) -> Result<(), SttError> {
        let began = Instant::now();
        self.spectrogram.compute(samples, 2 * context.each(), &mut self.mel);
        timings.features += milliseconds(began);
        let began = Instant::now();
        let encoded = self.encoder.forward(&self.mel, context, cancel)?;
        self.decoder.listen(&encoded, context, cancel)?;
        timings.encode += milliseconds(began);
        Ok(())
    }

    /// Tells the decoder what to do; afterwards `self.logits` are those of the first token of text.
    fn begin(&mut self) -> Result<Attempt, SttError> {
        self.decoder.rewind(0);
        let signs = &self.vocabulary;
        let size = self.config.vocab_size;
        let mut attempt = Attempt::default();
        let no_speech = |logits: &[f32]| (logits[signs.no_speech as usize] - kernels::log_sum_exp(logits)).exp();

        if self.languages.len() <= 1 {
            // All signs at once. The first row of logits tells whether there was speech.
            let mut prompt = vec![signs.start];
            prompt.extend(self.languages.iter().flat_map(|(_, token)| [*token, signs.transcribe]));
            prompt.push(signs.no_timestamps);
            self.decoder.step(&prompt)?;
            self.prompt = prompt.len();
            self.decoder.logits(&[0, prompt.len() as u32 - 1], &mut self.logits)?;
            attempt.no_speech_probability = no_speech(&self.logits[..size]);
            self.logits.drain(..size);
            attempt.language = Some(self.languages.first().map_or("en", |(code, _)| code).to_owned());
            return Ok(attempt);
        }
        self.decoder.step(&[signs.start])?;
        self.decoder.logits(&[0], &mut self.logits)?;
        attempt.no_speech_probability = no_speech(&self.logits);
        let likeliest =
            |a: &&(String, u32), b: &&(String, u32)| self.logits[a.1 as usize].total_cmp(&self.logits[b.1 as usize]);
        if let Some((code, token)) = self.languages.iter().max_by(likeliest) {
            attempt.language = Some(code.clone());
            self.decoder.step(&[*token, signs.transcribe, signs.no_timestamps])?;
            self.prompt = 4;
            self.decoder.logits(&[2], &mut self.logits)?;
        }
        Ok(attempt)
    }

    /// Takes what is no speech out of the choice.
    fn forbid(&mut self) {
        for token in &self.vocabulary.suppressed {
            self.logits[*token as usize] = f32::NEG_INFINITY;
        }
        self.logits[self.vocabulary.end as usize + 1..].fill(f32::NEG_INFINITY);
        if self.tokens.is_empty() {
            self.logits[self.vocabulary.space as usize] = f32::NEG_INFINITY;
            self.logits[self.vocabulary.end as usize] = f32::NEG_INFINITY;
        }
    }

    /// Recognizes sound of any length that comes piece by piece, holding no more than half a minute and a piece of it.
    /// `read` appends the next 16 kHz mono samples to what it is given and returns false when there are no more.
    ///
    /// # Errors
    /// As [`SpeechToText::transcribe`], and those of `read`.
    pub fn transcribe_stream(
        &mut self,
        read: &mut dyn FnMut(&mut Vec<f32>) -> Result<bool>,
        cancel: &Cancel,
    ) -> Result<Transcript> {
        let mut recording = Recording::new();
        let mut pending = Vec::new();
        let mut more = true;
        loop {
            while more && pending.len() <= MAX_SAMPLES {
                more = read(&mut pending)?;
            }
            if pending.is_empty() {
                return Ok(recording.finish());
            }
            let length = windows::first(&pending);
            self.hear(&pending[..length], &[], &mut recording, cancel)?;
            pending.drain(..length);
        }
    }

    /// Recognizes one window and adds it to the recording's transcript.
    fn hear(
        &mut self,
        samples: &[f32],
        expected: &[&str],
        recording: &mut Recording,
        cancel: &Cancel,
    ) -> Result<(), SttError> {
        if cancel.is_cancelled() {
            return Err(SttError::Cancelled);
        }
        recording.transcript.seconds += samples.len() as f32 / SAMPLE_RATE as f32;
        let began = Instant::now();
        let timings = &mut recording.transcript.timings_ms;
        let heard = on(self.threads.clone(), || self.window(samples, expected, timings, cancel))?;
        recording.transcript.timings_ms.total += milliseconds(began);
        if let Some(heard) = heard {
            recording.add(heard);
        }
        Ok(())
    }
}

/// The transcript of a recording as it grows, window by window.
struct Recording {
    transcript: Transcript,
    log_probability: f32,
    tokens: usize,
}

impl Recording {
    fn new() -> Self {
        let transcript = Transcript { no_speech_probability: 1.0, ..Transcript::default() };
        Self { transcript, log_probability: 0.0, tokens: 0 }
    }

    fn add(&mut self, heard: Attempt) {
        let transcript = &mut self.transcript;
        if !transcript.text.is_empty() && !heard.text.is_empty() {
            transcript.text.push(' ');
        }
        transcript.text.push_str(&heard.text);
        transcript.no_speech_probability = transcript.no_speech_probability.min(heard.no_speech_probability);
        if transcript.language.is_none() {
            transcript.language = heard.language;
        }
        self.log_probability += heard.average_log_probability * heard.tokens as f32;
        self.tokens += heard.tokens;
    }

    fn finish(mut self) -> Transcript {
        self.transcript.average_log_probability = self.log_probability / self.tokens.max(1) as f32;
        self.transcript
    }
}

impl SpeechToText for Whisper {
    fn transcribe(&mut self, samples: &[f32], cancel: &Cancel) -> Result<Transcript> {
        self.transcribe_expecting(samples, &[], cancel)
    }

    fn transcribe_expecting(&mut self, samples: &[f32], expected: &[&str], cancel: &Cancel) -> Result<Transcript> {
        let mut recording = Recording::new();
        let mut rest = samples;
        while !rest.is_empty() {
            let (window, after) = rest.split_at(windows::first(rest));
            self.hear(window, expected, &mut recording, cancel)?;
            rest = after;
        }
        Ok(recording.finish())
    }

    fn transcribe_and_weigh(&mut self, samples: &[f32], words: &str, cancel: &Cancel) -> Result<Weighed> {
        let (window, _) = samples.split_at(windows::first(samples));
        let mut recording = Recording::new();
        self.hear(window, &[], &mut recording, cancel)?;
        let transcript = recording.finish();
        let odds = match transcript.text.is_empty() {
            true => None,
            false => Some(on(self.threads.clone(), || self.odds_of(words, &transcript.text, cancel))?),
        };
        Ok(Weighed { transcript, odds })
    }

    fn warm_up(&mut self) -> Result<()> {
        let cancel = Cancel::new();
        let mut timings = TranscriptTimings::default();
        on(self.threads.clone(), || {
            let context = Context::of(WARM_UP, self.config.max_source_positions);
            self.listen(&[], &context, &mut timings, &cancel)?;
            self.begin()
        })?;
        Ok(())
    }
}

/// The codes in a list such as `en, de`, as the setting has it.
pub fn languages(list: &str) -> Vec<String> {
    list.split(',').map(|code| code.trim().to_ascii_lowercase()).filter(|code| !code.is_empty()).collect()
}

/// Whether the model in `folder` knows the languages with these codes; of one for English alone, that English is among them.
///
/// # Errors
/// It doesn't, or its files can't be read.
pub fn check_languages(folder: &Path, codes: &[String]) -> Result<(), SttError> {
    let config = config::read(&folder.join("config.json"))?;
    let vocabulary = Vocabulary::read(&folder.join("tokenizer.json"), config.vocab_size)?;
    spoken(codes, &vocabulary.languages).map(drop)
}

/// Which of the languages that a model knows (none: English only) may be spoken, given the codes of those that are.
fn spoken(wanted: &[String], known: &[(String, u32)]) -> Result<Vec<(String, u32)>, SttError> {
    let unknown = |code: &String| SttError::Language {
        language: code.clone(),
        known: known.iter().map(|(code, _)| code.clone()).collect(),
    };
    if known.is_empty() {
        return match wanted.first() {
            Some(code) if !wanted.iter().any(|code| code == "en") => Err(unknown(code)),
            _ => Ok(Vec::new()),
        };
    }
    if wanted.is_empty() {
        return Ok(known.to_vec());
    }
    wanted
        .iter()
        .map(|code| known.iter().find(|(other, _)| other == code).cloned().ok_or_else(|| unknown(code)))
        .collect()
}

/// `count` threads of one's own; none when they are not wanted, or cannot be had.
fn pool(count: usize) -> Option<Arc<ThreadPool>> {
    if count == 0 {
        return None;
    }
    let built = ThreadPoolBuilder::new().num_threads(count).thread_name(|i| format!("whisper-{i}")).build();
    built.map(Arc::new).inspect_err(|error| tracing::warn!(%error, "recognizing on the shared threads")).ok()
}

/// Does `work` on these threads, or on those that all of the process shares.
fn on<T: Send>(threads: Option<Arc<ThreadPool>>, work: impl FnOnce() -> T + Send) -> T {
    match threads {
        Some(threads) => threads.install(work),
        None => work(),
    }
}

/// The first GPU that this program was built for, or else the processor.
fn accelerator() -> Device {
    let device = if cfg!(feature = "cuda") {
        Device::new_cuda(0)
    } else if cfg!(feature = "metal") {
        Device::new_metal(0)
    } else {
        return Device::Cpu;
    };
    device.unwrap_or_else(|error| {
        tracing::info!(%error, "recognizing on the processor");
        Device::Cpu
    })
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests;
