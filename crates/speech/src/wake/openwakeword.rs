//! openWakeWord: speech embeddings, and a small head for each wake word.
//!
//! Every 80 ms the head turns the last 16 embeddings into a score. The start is filled as the reference implementation
//! fills it (embeddings of silence, the first 5 scores zero), so that the scores are the reference's own.

use super::embedding::EMBEDDING;
use super::features::{Features, STEP, WHAT};
use super::head::{Dense, FILE as HEAD_FILE, HISTORY, Head, INPUTS};
use super::mistakes::Mistakes;
use super::trigger::Trigger;
use jarvis_core::{AudioFrame, Result, WakeDetection, WakeWord};
use jarvis_onnx::{OnnxError, Runtime};
use ort::value::Tensor;
use std::path::Path;

/// Steps of which the best of each of two heads counts: one is sure a little before the phrase is over, the other after.
const TOGETHER: usize = 3;
/// What two heads' log odds together have to be for a score of 0.5. Chosen, like [`TOGETHER`] and [`LEAST`], with calls,
/// phrases that sound alike and hours of other speech, by speakers and in words that nothing is measured with. (For
/// [`LEAST`] the effect on what is measured was looked at, too.)
const BOTH: f32 = 2.0;
/// Log odds beyond which a head can't outvote the other ...
const SUREST: f32 = 8.0;
/// ... and below which the second one can't: it learned from few voices, and is sure that a stranger's call is none. Of 80
/// calls in four voices that are unlike all of those, 34 woke Jarvis when it had its whole say, 51 with this bound and 64 by
/// the first head alone. Of 720 phrases that sound alike 59, 103 and 149 did; the second look takes back many of them.
const LEAST: f32 = -3.0;
/// Detections that can be named as mistakes.
const DETECTIONS: usize = 4;
/// Scores at the start that the reference sets to zero.
const DEAF_STEPS: u64 = 5;

/// One wake word, with the state of one stream of sound.
pub struct OpenWakeWord {
    name: String,
    features: Features,
    head: Head,
    /// The last 16 embeddings, oldest first. 1 x 16 x 96.
    history: Tensor<f32>,
    /// Steps since the last reset.
    steps: u64,
    trigger: Trigger,
    /// Another head for the same phrase, which has a say, too.
    second: Option<Second>,
    mistakes: Mistakes,
    /// What the last detections rested on, 16 x 96 each, the newest first; empty before there were any.
    last: [Vec<f32>; DETECTIONS],
}

impl OpenWakeWord {
    /// Opens `melspectrogram.onnx`, `embedding.onnx` and the head (`head.onnx` or `head.safetensors`) in `folder`. The wake
    /// word is named after the folder: `wake-hey-jarvis` listens for `hey_jarvis`.
    ///
    /// # Errors
    /// A file is missing or is another model.
    pub fn load(runtime: &Runtime, folder: &Path) -> Result<Self> {
        let folder_name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let name = folder_name.strip_prefix("wake-").unwrap_or(&folder_name).replace('-', "_");
        let features = Features::load(runtime, folder)?;
        let mut head = Head::load(runtime, folder)?;
        let history = jarvis_onnx::input(&[1, HISTORY, EMBEDDING], WHAT)?;
        // The first run is the test of the file: a model of other shapes is a wrong file, not a failed computation.
        head.score(&history).map_err(|error| OnnxError::model(folder, error.to_string()))?;
        let mut detector = Self {
            name,
            features,
            head,
            history,
            steps: 0,
            trigger: Trigger::new(0.5),
            second: None,
            mistakes: Mistakes::default(),
            last: std::array::from_fn(|_| Vec::with_capacity(INPUTS)),
        };
        detector.reset();
        Ok(detector)
    }

    /// Heeds less what resembles the mistakes in `file`, and keeps new ones there.
    pub fn remember_mistakes(&mut self, file: &Path) {
        self.mistakes = Mistakes::open(file);
    }

    /// Has a head that was trained for the same phrase by other means have a say: what deceives both is rarer than what
    /// deceives one, and a call that one hardly hears the other may be sure of. `head` is a `head.safetensors`.
    ///
    /// # Errors
    /// It is no head.
    pub fn join(&mut self, head: &[u8]) -> Result<()> {
        let head = Dense::parse(head).map_err(|reason| OnnxError::model(Path::new(HEAD_FILE), reason))?;
        self.second = Some(Second { head, lately: [UNHEARD; TOGETHER] });
        Ok(())
    }

    /// What the wake word is called in [`WakeDetection::model`].
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Takes a frame and gives the score of the step that it completed, if it did, and where that ended.
    fn score(&mut self, frame: &AudioFrame) -> Result<Option<(f32, u64)>, OnnxError> {
        let mut rest = &frame.samples[..];
        let mut scored = None;
        while !rest.is_empty() {
            let (taken, embedding) = self.features.push(rest)?;
            rest = &rest[taken..];
            let Some(embedding) = embedding else { continue };
            let history = self.history.extract_tensor_mut().1;
            history.copy_within(EMBEDDING.., 0);
            history[(HISTORY - 1) * EMBEDDING..].copy_from_slice(embedding);
            let score = self.head.score(&self.history)?;
            self.steps += 1;
            let score = match &mut self.second {
                Some(second) => second.together(score, self.history.extract_tensor().1),
                None => score,
            };
            scored = Some((if self.steps <= DEAF_STEPS { 0.0 } else { score }, self.steps * STEP as u64));
        }
        Ok(scored)
    }
}

/// Log odds of both heads before they heard anything.
const UNHEARD: [f32; 2] = [-SUREST; 2];

/// A head that has a say beside the first one.
struct Second {
    head: Dense,
    /// Log odds of the first head and of this one at the last steps.
    lately: [[f32; 2]; TOGETHER],
}

impl Second {
    /// The score of both, 0..=1, from the first one's and what it rested on, 16 x 96. With nothing else known of two
    /// witnesses, their log odds add up; what the second one takes away is bounded.
    fn together(&mut self, first: f32, history: &[f32]) -> f32 {
        let odds = [(first / (1.0 - first)).ln(), self.head.sum(history)];
        self.lately.rotate_right(1);
        self.lately[0] = odds.map(|odds| odds.clamp(-SUREST, SUREST));
        let best = |head: usize, least: f32| self.lately.iter().map(|step| step[head]).fold(least, f32::max);
        1.0 / (1.0 + (BOTH - best(0, -SUREST) - best(1, LEAST)).exp())
    }
}

impl WakeWord for OpenWakeWord {
    fn process(&mut self, frame: &AudioFrame) -> Result<Option<WakeDetection>> {
        let Some((score, at_sample)) = self.score(frame)? else { return Ok(None) };
        if !self.trigger.step(score) {
            return Ok(None);
        }
        let history = self.history.extract_tensor().1;
        let score = self.mistakes.lowered(score, history);
        if score < self.trigger.threshold() {
            return Ok(None);
        }
        self.last.rotate_right(1);
        self.last[0].clear();
        self.last[0].extend_from_slice(history);
        Ok(Some(WakeDetection { model: self.name.clone(), score, at_sample }))
    }

    fn reset(&mut self) {
        self.features.reset();
        let silence = self.features.silence();
        for embedding in self.history.extract_tensor_mut().1.chunks_exact_mut(EMBEDDING) {
            embedding.copy_from_slice(silence);
        }
        self.steps = 0;
        if let Some(second) = &mut self.second {
            second.lately = [UNHEARD; TOGETHER];
        }
        self.trigger.reset();
    }

    fn set_sensitivity(&mut self, sensitivity: f32) {
        self.trigger.set_sensitivity(sensitivity);
    }

    fn mistaken(&mut self, ago: usize) -> Result<bool> {
        let Some(sound) = self.last.get_mut(ago).filter(|sound| !sound.is_empty()) else { return Ok(false) };
        self.mistakes.remember(sound)?;
        sound.clear();
        Ok(true)
    }
}

#[cfg(test)]
#[path = "openwakeword_tests.rs"]
mod tests;
