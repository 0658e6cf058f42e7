//! From sound to speech embeddings, as openWakeWord makes them.
//!
//! Every 80 ms (1280 samples) the mel model turns them, after the 480 before, into 8 frames of 32 bands, and the embedding
//! network turns the last 76 frames into 96 numbers. Samples are scaled to 16 bits, bands to x / 10 + 2, and the start is
//! filled as the reference implementation fills it (frames of ones), so that the embeddings are the reference's own.
//! Never decides what was said.

use super::embedding::{BANDS, EMBEDDING, Embedder, FRAMES};
use jarvis_onnx::{OnnxError, Runtime, SessionOptions};
use ort::session::Session;
use ort::value::Tensor;
use std::path::Path;

/// New samples in a step: 80 ms.
pub(super) const STEP: usize = 1280;
/// Samples before them that the first of the step's windows need.
const CONTEXT: usize = 480;
/// Of the frames, the ones that need no context; the only ones that the reference has after its first step.
const FRAMES_ALONE: usize = 5;
pub(super) const WHAT: &str = "Wake word detection";
/// The files of both feature models, in a wake word's folder.
pub const FILES: [&str; 2] = ["melspectrogram.onnx", "embedding.onnx"];

/// Both models, with the state of one stream of sound.
pub(super) struct Features {
    mel: Session,
    embedder: Embedder,
    /// 480 samples of context, then the step's own, at 16-bit scale. 1 x 1760.
    samples: Tensor<f32>,
    /// Samples of the present step that are there.
    filled: usize,
    /// Whether the first step since the last reset is over.
    begun: bool,
    /// What silence sounds like.
    silence: [f32; EMBEDDING],
}

impl Features {
    /// Opens both models in `folder`.
    ///
    /// # Errors
    /// A file is missing or is another model.
    pub(super) fn load(runtime: &Runtime, folder: &Path) -> Result<Self, OnnxError> {
        let [mel, embedding] = FILES.map(|file| folder.join(file));
        let mut features = Self {
            mel: runtime.session(&mel, SessionOptions::STREAMING)?,
            embedder: Embedder::load(&embedding)?,
            samples: jarvis_onnx::input(&[1, CONTEXT + STEP], WHAT)?,
            filled: 0,
            begun: false,
            silence: [0.0; EMBEDDING],
        };
        features.learn_silence().map_err(|error| match error {
            // The first run is the test of the file: a model of other shapes is a wrong file, not a failed computation.
            OnnxError::Run { source, .. } => {
                OnnxError::model(&mel, source.message().lines().next().unwrap_or_default())
            }
            other => other,
        })?;
        features.reset();
        Ok(features)
    }

    /// What silence sounds like, which stands for the time before the stream began.
    pub(super) fn silence(&self) -> &[f32; EMBEDDING] {
        &self.silence
    }

    /// The embedding of a window of silence, each frame of which is the first that the mel model makes of zeros.
    fn learn_silence(&mut self) -> Result<(), OnnxError> {
        let mut frame = [0.0; BANDS];
        run(&mut self.mel, &self.samples, FRAMES * BANDS, |mel| frame.copy_from_slice(&mel[..BANDS]))?;
        let frame = frame.map(scale);
        // Until the embedding rests on nothing else.
        for _ in 0..16 {
            let embedding = self.embedder.step(|_, to| to.copy_from_slice(&frame));
            self.silence.copy_from_slice(embedding);
        }
        Ok(())
    }

    /// Forgets the sound.
    pub(super) fn reset(&mut self) {
        self.samples.extract_tensor_mut().1.fill(0.0);
        self.filled = 0;
        self.begun = false;
        self.embedder.reset();
    }

    /// Takes samples (-1..=1) up to the end of the step. Returns how many it took, and the embedding of the step that they
    /// completed.
    ///
    /// # Errors
    /// The mel model failed.
    pub(super) fn push(&mut self, samples: &[f32]) -> Result<(usize, Option<&[f32]>), OnnxError> {
        let taken = samples.len().min(STEP - self.filled);
        let place = &mut self.samples.extract_tensor_mut().1[CONTEXT + self.filled..][..taken];
        for (to, from) in place.iter_mut().zip(samples) {
            *to = from * 32768.0;
        }
        self.filled += taken;
        if self.filled < STEP {
            return Ok((taken, None));
        }
        // Before the first frames that need no context, time is frames of ones.
        let alone = if std::mem::replace(&mut self.begun, true) { 0 } else { FRAMES - FRAMES_ALONE };
        let embedder = &mut self.embedder;
        let embedding = run(&mut self.mel, &self.samples, FRAMES * BANDS, |mel| {
            embedder.step(|frame, to| {
                if frame < alone {
                    to.fill(1.0);
                } else {
                    for (to, from) in to.iter_mut().zip(&mel[frame * BANDS..]) {
                        *to = scale(*from);
                    }
                }
            })
        })?;
        self.samples.extract_tensor_mut().1.copy_within(STEP.., 0);
        self.filled = 0;
        Ok((taken, Some(embedding)))
    }
}

/// Runs a model of one input and one output and hands the `size` numbers of the output to `read`.
///
/// # Errors
/// The model failed, or has another output.
pub(super) fn run<T>(
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
