//! Sound as the rest of the program sees it: 16 kHz, one channel, `f32` in -1..=1.
//!
//! Never touches a device; `jarvis-audio` turns devices into these values and back.

use std::time::{Duration, Instant};

/// Samples per second of everything between capture and recognition.
pub const SAMPLE_RATE: u32 = 16_000;

/// Samples in one [`AudioFrame`]: 32 ms, the step of the Silero voice activity model.
pub const FRAME_SAMPLES: usize = 512;

/// One step of microphone sound: 512 samples (32 ms) at 16 kHz, mono.
#[derive(Debug, Clone, PartialEq)]
pub struct AudioFrame {
    /// Running number of this frame since capture began. A gap means that frames were lost.
    pub index: u64,
    /// The samples, -1..=1.
    pub samples: [f32; FRAME_SAMPLES],
}

impl AudioFrame {
    /// How long a frame lasts.
    pub const DURATION: Duration = Duration::from_millis(FRAME_SAMPLES as u64 * 1000 / SAMPLE_RATE as u64);

    /// A frame of digital silence.
    pub fn silence(index: u64) -> Self {
        Self { index, samples: [0.0; FRAME_SAMPLES] }
    }

    /// Root mean square of the samples, 0..=1.
    pub fn rms(&self) -> f32 {
        rms(&self.samples)
    }
}

/// Root mean square of samples; 0 where there are none.
pub fn rms(samples: &[f32]) -> f32 {
    (samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len().max(1) as f32).sqrt()
}

/// A level, such as [`rms`] gives it, in decibels of full scale. -120 is silence, and what is no number.
pub fn decibels(level: f32) -> f32 {
    20.0 * if level.is_finite() { level.max(1e-6).log10() } else { -6.0 }
}

/// One thing that the user said, from before its first word (pre-roll) to the end of turn.
#[derive(Debug, Clone)]
pub struct Utterance {
    /// 16 kHz mono samples.
    pub samples: Vec<f32>,
    /// When the last frame with speech in it was heard: the zero of every latency that a user feels.
    pub speech_ended: Instant,
}

impl Utterance {
    /// Length in seconds.
    pub fn seconds(&self) -> f32 {
        self.samples.len() as f32 / SAMPLE_RATE as f32
    }
}

/// Synthesized speech: mono samples at the voice's own rate.
#[derive(Debug, Clone, PartialEq)]
pub struct SpeechAudio {
    /// The samples, -1..=1.
    pub samples: Vec<f32>,
    /// Samples per second, 8 000 to 48 000.
    pub sample_rate: u32,
}

impl SpeechAudio {
    /// Length in seconds.
    pub fn seconds(&self) -> f32 {
        self.samples.len() as f32 / self.sample_rate as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_one_step_of_the_voice_activity_model() {
        assert_eq!(AudioFrame::DURATION, Duration::from_millis(32));
        assert_eq!(AudioFrame::silence(3).rms(), 0.0);
        let loud = AudioFrame { index: 0, samples: [-0.5; FRAME_SAMPLES] };
        assert!((loud.rms() - 0.5).abs() < 1e-6);
    }

    #[test]
    fn levels_are_told_in_decibels_of_full_scale() {
        assert!((decibels(rms(&[1.0, -1.0, 1.0])) - 0.0).abs() < 1e-4);
        assert!((decibels(rms(&[0.1; 7])) + 20.0).abs() < 1e-4);
        for nothing in [rms(&[]), 0.0, f32::NAN, f32::INFINITY] {
            assert_eq!(decibels(nothing), -120.0);
        }
    }
}
