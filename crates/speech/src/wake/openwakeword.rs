//! openWakeWord: a mel spectrogram, Google's speech embedding, and a small head for each wake word.
//!
//! Every 80 ms (1280 samples): the mel model turns them, after the 480 before, into 8 frames of 32 bands; the embedding
//! model turns the last 76 frames into 96 numbers; the head turns the last 16 embeddings into a score. Samples are scaled
//! to 16 bits, bands to x / 10 + 2, and the start is filled as the reference implementation fills it (frames of ones,
//! embeddings of silence, the first 5 scores zero), so that the scores are the reference's own.

use super::trigger::Trigger;
use crate::onnx::{self, OnnxError, Runtime, SessionOptions};
use jarvis_core::{AudioFrame, Result, WakeDetection, WakeWord};
use ort::session::Session;
use ort::value::Tensor;
use std::path::Path;

/// New samples in a step: 80 ms.
const STEP: usize = 1280;
/// Samples before them that the first of the step's windows need.
const CONTEXT: usize = 480;
const MEL_BANDS: usize = 32;
/// Mel frames that a step adds.
const MEL_FRAMES: usize = 8;
/// Of them, the ones that need no context; the only ones that the reference has after its first step.
const MEL_FRAMES_ALONE: usize = 5;
/// Mel frames under one embedding.
const WINDOW: usize = 76;
const EMBEDDING: usize = 96;
/// Embeddings under one score.
const HISTORY: usize = 16;
/// Scores at the start that the reference sets to zero.
const DEAF_STEPS: u64 = 5;
const WHAT: &str = "Wake word detection";

/// One wake word, with the state of one stream of sound.
pub struct OpenWakeWord {
    name: String,
    mel: Session,
    embedding: Session,
    head: Session,
    /// 480 samples of context, then the step's own, at 16-bit scale. 1 x 1760.
    samples: Tensor<f32>,
    /// The last 76 mel frames, oldest first. 1 x 76 x 32 x 1.
    window: Tensor<f32>,
    /// The last 16 embeddings, oldest first. 1 x 16 x 96.
    history: Tensor<f32>,
    /// What silence sounds like to the head.
    silence: [f32; EMBEDDING],
    /// Samples of the present step that are there.
    filled: usize,
    /// Steps since the last reset.
    steps: u64,
    trigger: Trigger,
}

impl OpenWakeWord {
    /// Opens `melspectrogram.onnx`, `embedding.onnx` and `head.onnx` in `folder`. The wake word is named after the folder:
    /// `wake-hey-jarvis` listens for `hey_jarvis`.
    ///
    /// # Errors
    /// A file is missing or is another model.
    pub fn load(runtime: &Runtime, folder: &Path) -> Result<Self> {
        let folder_name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let name = folder_name.strip_prefix("wake-").unwrap_or(&folder_name).replace('-', "_");
        let open = |file: &str| runtime.session(&folder.join(file), SessionOptions::STREAMING);
        let mut detector = Self {
            name,
            mel: open("melspectrogram.onnx")?,
            embedding: open("embedding.onnx")?,
            head: open("head.onnx")?,
            samples: onnx::input(&[1, CONTEXT + STEP], WHAT)?,
            window: onnx::input(&[1, WINDOW, MEL_BANDS, 1], WHAT)?,
            history: onnx::input(&[1, HISTORY, EMBEDDING], WHAT)?,
            silence: [0.0; EMBEDDING],
            filled: 0,
            steps: 0,
            trigger: Trigger::new(0.5),
        };
        detector.learn_silence().map_err(|error| match error {
            // The first run is the test of the files: a model of other shapes is a wrong file, not a failed computation.
            OnnxError::Run { source, .. } => {
                OnnxError::model(folder, source.message().lines().next().unwrap_or_default())
            }
            other => other,
        })?;
        detector.reset();
        Ok(detector)
    }

    /// What the wake word is called in [`WakeDetection::model`].
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs all three models once on silence and keeps its embedding, which fills the history at each start.
    fn learn_silence(&mut self) -> Result<(), OnnxError> {
        self.samples.extract_tensor_mut().1.fill(0.0);
        let mut frame = [0.0; MEL_BANDS];
        frame.copy_from_slice(&run(&mut self.mel, &self.samples, MEL_FRAMES * MEL_BANDS, |mel| {
            mel[..MEL_BANDS].to_vec()
        })?);
        for row in self.window.extract_tensor_mut().1.chunks_exact_mut(MEL_BANDS) {
            for (to, from) in row.iter_mut().zip(frame) {
                *to = scale(from);
            }
        }
        let silence = &mut self.silence;
        run(&mut self.embedding, &self.window, EMBEDDING, |embedding| silence.copy_from_slice(embedding))?;
        run(&mut self.head, &self.history, 1, |_| ())
    }

    /// One step of 80 ms over the samples that are in place; the score of the wake word, 0..=1.
    fn step(&mut self) -> Result<f32, OnnxError> {
        let window = self.window.extract_tensor_mut().1;
        let added = if self.steps == 0 { MEL_FRAMES_ALONE } else { MEL_FRAMES } * MEL_BANDS;
        window.copy_within(added.., 0);
        let newest = &mut window[WINDOW * MEL_BANDS - added..];
        run(&mut self.mel, &self.samples, MEL_FRAMES * MEL_BANDS, |mel| {
            for (to, from) in newest.iter_mut().zip(&mel[mel.len() - added..]) {
                *to = scale(*from);
            }
        })?;

        let history = self.history.extract_tensor_mut().1;
        history.copy_within(EMBEDDING.., 0);
        let newest = &mut history[(HISTORY - 1) * EMBEDDING..];
        run(&mut self.embedding, &self.window, EMBEDDING, |embedding| newest.copy_from_slice(embedding))?;

        let score = run(&mut self.head, &self.history, 1, |score| score[0])?;
        self.samples.extract_tensor_mut().1.copy_within(STEP.., 0);
        self.filled = 0;
        self.steps += 1;
        Ok(if self.steps <= DEAF_STEPS { 0.0 } else { score })
    }

    /// Takes a frame and gives the score of the step that it completed, if it did.
    fn score(&mut self, frame: &AudioFrame) -> Result<Option<(f32, u64)>, OnnxError> {
        let mut rest = &frame.samples[..];
        let mut scored = None;
        while !rest.is_empty() {
            let taken = rest.len().min(STEP - self.filled);
            let place = &mut self.samples.extract_tensor_mut().1[CONTEXT + self.filled..][..taken];
            for (to, from) in place.iter_mut().zip(rest) {
                *to = from * 32768.0;
            }
            rest = &rest[taken..];
            self.filled += taken;
            if self.filled == STEP {
                scored = Some((self.step()?, self.steps * STEP as u64));
            }
        }
        Ok(scored)
    }
}

/// Runs a model of one input and one output and hands the `size` numbers of the output to `read`.
fn run<T>(
    session: &mut Session,
    input: &Tensor<f32>,
    size: usize,
    read: impl FnOnce(&[f32]) -> T,
) -> Result<T, OnnxError> {
    let outputs = session.run(ort::inputs![input]).map_err(OnnxError::run(WHAT))?;
    let (_, values) = outputs[0].try_extract_tensor::<f32>().map_err(OnnxError::run(WHAT))?;
    if values.len() != size {
        let message = format!("an output has {} values in place of {size}", values.len());
        return Err(OnnxError::Run { what: WHAT, source: ort::Error::new(message) });
    }
    Ok(read(values))
}

/// The reference's way from this mel model's scale to the one that the embedding model was trained on.
fn scale(band: f32) -> f32 {
    band / 10.0 + 2.0
}

impl WakeWord for OpenWakeWord {
    fn process(&mut self, frame: &AudioFrame) -> Result<Option<WakeDetection>> {
        let Some((score, at_sample)) = self.score(frame)? else { return Ok(None) };
        if !self.trigger.step(score) {
            return Ok(None);
        }
        Ok(Some(WakeDetection { model: self.name.clone(), score, at_sample }))
    }

    fn reset(&mut self) {
        self.samples.extract_tensor_mut().1.fill(0.0);
        self.window.extract_tensor_mut().1.fill(1.0);
        for embedding in self.history.extract_tensor_mut().1.chunks_exact_mut(EMBEDDING) {
            embedding.copy_from_slice(&self.silence);
        }
        self.filled = 0;
        self.steps = 0;
        self.trigger.reset();
    }

    fn set_sensitivity(&mut self, sensitivity: f32) {
        self.trigger.set_sensitivity(sensitivity);
    }
}

#[cfg(test)]
#[path = "openwakeword_tests.rs"]
mod tests;
