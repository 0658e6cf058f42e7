//! Whether a sound is what was played, wherever it comes out: an echo at another delay than the canceller subtracts.
//!
//! Owns the newest of what was played and of what is heard, both whitened (linear prediction, order [`ORDER`]), and their
//! normalized cross-correlation over every delay up to [`Likeness::REACH`]. Whitening takes out what all voices have in
//! common; what is left of two of them is alike by chance alone, some 0.2 over all delays, while a loudspeaker's sound in a
//! room is alike by the share of it that comes on the straight way, 0.5 and more.
//!
//! Never learns anything: what it says holds in the first moment, and after the sound server has dropped or doubled a
//! buffer, when adaptive filters know nothing or the wrong thing. Allocates only when it is made.

use std::sync::Arc;
use std::time::Duration;

use jarvis_core::{FRAME_SAMPLES, SAMPLE_RATE};
use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

/// Samples that are looked for: two frames.
const SOUGHT: usize = 2 * FRAME_SAMPLES;
/// Samples of one transform.
const SIZE: usize = 32_768;
/// Samples that were played in which they are looked for.
const PLAYED: usize = SIZE - SOUGHT;
/// By how many samples an echo may come before what it is an echo of, where a device tells too much of its buffer: 16 ms.
const EARLY: usize = 256;
/// Order of the prediction.
const ORDER: usize = 16;
/// Noise that every sound is taken to have, as a share of its power, so that silence predicts nothing: -50 dB.
const NOISE: f32 = 1e-5;
/// Power of a frame's whitened sample that is silence: -100 dB.
const SILENCE: f32 = 1e-10;

/// Compares what is heard with what was played.
pub struct Likeness {
    played: Whitened,
    heard: Whitened,
    /// Whitened, the newest last.
    before: Vec<f32>,
    sought: [f32; SOUGHT],
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    padded: Vec<f32>,
    played_spectrum: Vec<Complex<f32>>,
    sought_spectrum: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
}

impl Default for Likeness {
    fn default() -> Self {
        Self::new()
    }
}

impl Likeness {
    /// Latest echo that is known for one.
    pub const REACH: Duration = Duration::from_millis(((PLAYED - SOUGHT) as u64 * 1000) / SAMPLE_RATE as u64);

    /// One that has heard nothing.
    pub fn new() -> Self {
        let mut planner = RealFftPlanner::new();
        let (forward, inverse) = (planner.plan_fft_forward(SIZE), planner.plan_fft_inverse(SIZE));
        let scratch = forward.get_scratch_len().max(inverse.get_scratch_len());
        let spectrum = forward.make_output_vec();
        Self {
            played: Whitened::default(),
            heard: Whitened::default(),
            before: vec![0.0; PLAYED],
            sought: [0.0; SOUGHT],
            padded: forward.make_input_vec(),
            forward,
            inverse,
            played_spectrum: spectrum.clone(),
            sought_spectrum: spectrum,
            scratch: vec![Complex::default(); scratch],
        }
    }

    /// Takes the next frame of what was played and of what is heard; 16 kHz, -1..=1.
    pub fn push(&mut self, played: &[f32; FRAME_SAMPLES], heard: &[f32; FRAME_SAMPLES]) {
        self.before.copy_within(FRAME_SAMPLES.., 0);
        self.played.next(played, &mut self.before[PLAYED - FRAME_SAMPLES..]);
        self.sought.copy_within(FRAME_SAMPLES.., 0);
        self.heard.next(heard, &mut self.sought[SOUGHT - FRAME_SAMPLES..]);
    }

    /// How much of the two newest frames is a copy of what was played, at the delay at which it is most: 0 for nothing,
    /// 1 for all. Costs three transforms, so it is for moments that need it.
    pub fn now(&mut self) -> f32 {
        let power: f32 = self.sought.iter().map(|sample| sample * sample).sum();
        if power < SILENCE * SOUGHT as f32 || !power.is_finite() {
            return 0.0;
        }
        let Self { before, sought, forward, inverse, padded, played_spectrum, sought_spectrum, scratch, .. } = self;
        padded[..PLAYED].copy_from_slice(before);
        padded[PLAYED..].fill(0.0);
        let mut is_done = forward.process_with_scratch(padded, played_spectrum, scratch).is_ok();
        padded[..SOUGHT].copy_from_slice(sought);
        padded[SOUGHT..].fill(0.0);
        is_done &= forward.process_with_scratch(padded, sought_spectrum, scratch).is_ok();
        for (played, sought) in played_spectrum.iter_mut().zip(sought_spectrum.iter()) {
            *played *= sought.conj();
        }
        // Both ends of a real sound's spectrum are real; rounding may say otherwise.
        played_spectrum[0].im = 0.0;
        played_spectrum[SIZE / 2].im = 0.0;
        is_done &= inverse.process_with_scratch(played_spectrum, padded, scratch).is_ok();
        // Lengths that don't fit; they do.
        if !is_done {
            return 0.0;
        }
        // Power of what was played under the place at which the two are compared.
        let mut under: f64 = before[..SOUGHT].iter().map(|sample| f64::from(sample * sample)).sum();
        let mut most = 0.0f32;
        let places = before.iter().zip(before[SOUGHT..].iter().chain(std::iter::repeat(&0.0)));
        for (product, (first, next)) in padded.iter().zip(places).take(PLAYED - SOUGHT + EARLY + 1) {
            if under > f64::from(SILENCE) * SOUGHT as f64 {
                let product = product / SIZE as f32;
                most = most.max(product * product / under as f32);
            }
            under += f64::from(next * next) - f64::from(first * first);
        }
        (most / power).sqrt().min(1.0)
    }
}

/// A sound without what can be foretold of it.
struct Whitened {
    /// The frame before and the newest one.
    samples: [f32; 2 * FRAME_SAMPLES],
    window: [f32; 2 * FRAME_SAMPLES],
}

impl Default for Whitened {
    fn default() -> Self {
        let step = std::f32::consts::PI / (2 * FRAME_SAMPLES) as f32;
        let window = std::array::from_fn(|n| ((n as f32 + 0.5) * step).sin());
        Self { samples: [0.0; 2 * FRAME_SAMPLES], window }
    }
}

impl Whitened {
    fn next(&mut self, frame: &[f32; FRAME_SAMPLES], white: &mut [f32]) {
        self.samples.copy_within(FRAME_SAMPLES.., 0);
        for (into, sample) in self.samples[FRAME_SAMPLES..].iter_mut().zip(frame) {
            *into = if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 };
        }
        let mut windowed = self.samples;
        windowed.iter_mut().zip(&self.window).for_each(|(sample, window)| *sample *= window);
        let coefficients = predictor(&windowed);
        for (n, into) in white.iter_mut().enumerate() {
            let newest = FRAME_SAMPLES + n;
            let past = self.samples[newest - ORDER..newest].iter().rev();
            let foretold: f32 = coefficients.iter().zip(past).map(|(coefficient, sample)| coefficient * sample).sum();
            *into = self.samples[newest] - foretold;
        }
    }
}

/// Coefficients of the linear prediction of `samples` from the sample before, the one before that, ... (autocorrelation
/// method, Levinson and Durbin's recursion); none for silence.
fn predictor(samples: &[f32]) -> [f32; ORDER] {
    let mut correlation = [0.0f32; ORDER + 1];
    for (lag, into) in correlation.iter_mut().enumerate() {
        *into = samples[lag..].iter().zip(samples).map(|(a, b)| a * b).sum();
    }
    let mut coefficients = [0.0f32; ORDER];
    let mut left = correlation[0] * (1.0 + NOISE);
    if left < SILENCE {
        return coefficients;
    }
    for order in 0..ORDER {
        let known: f32 =
            coefficients[..order].iter().zip(correlation[1..=order].iter().rev()).map(|(a, r)| a * r).sum();
        let reflection = (correlation[order + 1] - known) / left;
        let before = coefficients;
        for (coefficient, before) in coefficients[..order].iter_mut().zip(before[..order].iter().rev()) {
            *coefficient -= reflection * before;
        }
        coefficients[order] = reflection;
        left *= 1.0 - reflection * reflection;
        if left <= 0.0 {
            break;
        }
    }
    coefficients
}

#[cfg(test)]
#[path = "likeness_tests.rs"]
mod tests;
