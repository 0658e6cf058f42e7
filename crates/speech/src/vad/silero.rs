//! Silero VAD, version 5 and later, at 16 kHz.
//!
//! The model takes 512 new samples after the 64 that came before them, and a recurrent state of 2 x 1 x 128 that it
//! hands back for the next call. Inputs `input` (1 x 576), `state`, `sr`; outputs the probability (1 x 1) and the state.

use jarvis_core::{AudioFrame, FRAME_SAMPLES, Result, SAMPLE_RATE, Vad};
use jarvis_onnx::{OnnxError, Runtime, SessionOptions};
use ort::session::Session;
use ort::value::Tensor;
use std::path::Path;

const CONTEXT: usize = 64;
const STATE: [usize; 3] = [2, 1, 128];
const WHAT: &str = "Voice activity detection";

/// Silero VAD with the state of one stream of sound.
pub struct Silero {
    session: Session,
    /// 64 samples of context, then the frame.
    window: Tensor<f32>,
    state: Tensor<f32>,
    rate: Tensor<i64>,
}

impl Silero {
    /// Opens `model.onnx` in `folder`.
    ///
    /// # Errors
    /// The file is missing or is another model.
    pub fn load(runtime: &Runtime, folder: &Path) -> Result<Self> {
        let path = folder.join("model.onnx");
        let session = runtime.session(&path, SessionOptions::STREAMING)?;
        let names: Vec<&str> = session.inputs().iter().map(|input| input.name()).collect();
        if names != ["input", "state", "sr"] || session.outputs().len() != 2 {
            return Err(
                OnnxError::model(&path, format!("it has the inputs {names:?}, not those of Silero VAD 5")).into()
            );
        }
        let mut rate = jarvis_onnx::input::<i64>(&[1], WHAT)?;
        rate.extract_tensor_mut().1[0] = i64::from(SAMPLE_RATE);
        let mut silero = Self {
            session,
            window: jarvis_onnx::input(&[1, CONTEXT + FRAME_SAMPLES], WHAT)?,
            state: jarvis_onnx::input(&STATE, WHAT)?,
            rate,
        };
        // A model of the right names and the wrong shapes fails here and not in the first turn.
        silero.process(&AudioFrame::silence(0))?;
        silero.reset();
        Ok(silero)
    }
}

impl Vad for Silero {
    fn process(&mut self, frame: &AudioFrame) -> Result<f32> {
        let window = self.window.extract_tensor_mut().1;
        window.copy_within(FRAME_SAMPLES.., 0);
        window[CONTEXT..].copy_from_slice(&frame.samples);
        let outputs =
            self.session.run(ort::inputs![&self.window, &self.state, &self.rate]).map_err(OnnxError::run(WHAT))?;
        let (_, probability) = outputs[0].try_extract_tensor::<f32>().map_err(OnnxError::run(WHAT))?;
        let (_, state) = outputs[1].try_extract_tensor::<f32>().map_err(OnnxError::run(WHAT))?;
        let kept = self.state.extract_tensor_mut().1;
        if probability.len() != 1 || state.len() != kept.len() {
            return Err(OnnxError::Run { what: WHAT, source: ort::Error::new("the outputs have other sizes") }.into());
        }
        kept.copy_from_slice(state);
        Ok(probability[0])
    }

    fn reset(&mut self) {
        self.window.extract_tensor_mut().1.fill(0.0);
        self.state.extract_tensor_mut().1.fill(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn probabilities(vad: &mut Silero, samples: &[f32]) -> Vec<f32> {
        testing::frames(samples).map(|frame| vad.process(&frame).unwrap()).collect()
    }

    #[test]
    fn speech_is_told_from_silence_noise_and_a_click() {
        let mut vad = Silero::load(&testing::runtime(), &testing::model("silero-vad")).unwrap();
        let speech = probabilities(&mut vad, &testing::recording("hey-jarvis-what-time-is-it"));
        let voiced = speech.iter().filter(|p| **p > 0.5).count();
        assert!(voiced > speech.len() / 2, "{voiced} of {} frames", speech.len());
        vad.reset();
        let silence = probabilities(&mut vad, &vec![0.0; 32_000]);
        assert!(silence.iter().all(|p| *p < 0.2), "{silence:?}");
        vad.reset();
        let noise = probabilities(&mut vad, &testing::noise(0.1, 32_000));
        assert!(noise.iter().all(|p| *p < 0.5), "{noise:?}");
        vad.reset();
        let mut click = vec![0.0; 16_000];
        click[8_000..8_160].fill(0.9);
        let click = probabilities(&mut vad, &click);
        assert!(click.iter().all(|p| *p < 0.5), "{click:?}");
    }

    #[test]
    fn a_reset_forgets_what_was_heard() {
        let mut vad = Silero::load(&testing::runtime(), &testing::model("silero-vad")).unwrap();
        let speech = testing::recording("hey-jarvis-what-time-is-it");
        let first = probabilities(&mut vad, &speech);
        let unforgotten = probabilities(&mut vad, &speech);
        vad.reset();
        assert_eq!(probabilities(&mut vad, &speech), first);
        assert_ne!(unforgotten, first);
    }
}
