//! Whisper's log-mel spectrogram: what the encoder hears.
//!
//! As in the paper (Radford et al. 2022) and its code: windows of 400 samples (25 ms, periodic Hann) every 160 (10 ms),
//! centred, the edges mirrored; power of the 201 bins through 80 (or 128) triangular filters on Slaney's mel scale
//! between 0 and 8 kHz; log10, clamped to eight decades below the loudest; then (x + 4) / 4. Never resamples.

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};
use std::sync::Arc;

/// Samples in one window of the Fourier transform.
pub const WINDOW: usize = 400;
/// Samples between the beginnings of two windows.
pub const HOP: usize = 160;
/// Samples that the model takes at once: 30 s.
pub const MAX_SAMPLES: usize = 30 * jarvis_core::SAMPLE_RATE as usize;

/// Bins of the spectrum, from 0 to 8 kHz.
const BINS: usize = WINDOW / 2 + 1;
/// The logarithm of silence; power is clamped to 1e-10.
const SILENCE: f32 = -10.0;

/// One triangular filter: its first bin, and its weights from there on.
#[derive(Debug, Clone)]
struct Filter {
    first: usize,
    weights: Vec<f32>,
}

/// Makes log-mel spectrograms. Holds its plan, filters and buffers, so that a spectrogram allocates nothing but its
/// result.
pub struct LogMel {
    fft: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    filters: Vec<Filter>,
    frame: Vec<f32>,
    spectrum: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
    power: Vec<f32>,
}

impl LogMel {
    /// For `bins` mel bins: 80, or 128 in the largest models.
    pub fn new(bins: usize) -> Self {
        let fft = RealFftPlanner::new().plan_fft_forward(WINDOW);
        let window = (0..WINDOW)
            .map(|i| {
                let phase = 2.0 * std::f64::consts::PI * i as f64 / WINDOW as f64;
                (0.5 - 0.5 * phase.cos()) as f32
            })
            .collect();
        Self {
            window,
            filters: filters(bins),
            frame: fft.make_input_vec(),
            spectrum: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            power: vec![0.0; BINS],
            fft,
        }
    }

    /// Mel bins in a frame.
    pub fn bins(&self) -> usize {
        self.filters.len()
    }

    /// The first `frames` frames (of 10 ms) of `samples` (16 kHz, at most 30 s) followed by silence up to 30 s, written
    /// to `out` frame by frame: `out[frame * bins + bin]`, about -1..=1.5. What is beyond 30 s is not looked at.
    pub fn compute(&mut self, samples: &[f32], frames: usize, out: &mut Vec<f32>) {
        let samples = &samples[..samples.len().min(MAX_SAMPLES)];
        let bins = self.bins();
        let frames = frames.min(MAX_SAMPLES / HOP);
        out.clear();
        out.resize(frames * bins, SILENCE);
        // Frames from here on see nothing but the silence after the sound.
        let sounding = if samples.is_empty() { 0 } else { (samples.len() + WINDOW / 2).div_ceil(HOP).min(frames) };
        let mut loudest = SILENCE;
        for frame in 0..sounding {
            self.spectrum_at(samples, frame);
            for (filter, value) in self.filters.iter().zip(&mut out[frame * bins..][..bins]) {
                let power: f32 =
                    filter.weights.iter().zip(&self.power[filter.first..]).map(|(weight, power)| weight * power).sum();
                *value = power.max(1e-10).log10();
                loudest = loudest.max(*value);
            }
        }
        let floor = loudest - 8.0;
        for value in out.iter_mut() {
            *value = (value.max(floor) + 4.0) / 4.0;
        }
    }

    /// Fills `self.power` with the power spectrum of the window that is centred on sample `frame * HOP`.
    fn spectrum_at(&mut self, samples: &[f32], frame: usize) {
        let start = (frame * HOP) as isize - (WINDOW / 2) as isize;
        if start >= 0 && start as usize + WINDOW <= samples.len() {
            let sound = &samples[start as usize..][..WINDOW];
            for ((out, sample), weight) in self.frame.iter_mut().zip(sound).zip(&self.window) {
                *out = sample * weight;
            }
        } else {
            for (i, (out, weight)) in self.frame.iter_mut().zip(&self.window).enumerate() {
                *out = samples.get(mirrored(start + i as isize)).copied().unwrap_or(0.0) * weight;
            }
        }
        self.fft
            .process_with_scratch(&mut self.frame, &mut self.spectrum, &mut self.scratch)
            .expect("the buffers were made by the plan");
        for (power, value) in self.power.iter_mut().zip(&self.spectrum) {
            *power = value.norm_sqr();
        }
    }
}

/// Where the sample at `index` of the 30 s is found, when both edges are mirrors.
fn mirrored(index: isize) -> usize {
    let index = index.unsigned_abs();
    if index >= MAX_SAMPLES { 2 * MAX_SAMPLES - 2 - index } else { index }
}

/// Slaney's mel scale: linear up to 1 kHz, logarithmic above.
fn mel_to_hertz(mel: f64) -> f64 {
    const LINEAR: f64 = 200.0 / 3.0;
    const KNEE: f64 = 1000.0 / LINEAR;
    if mel < KNEE { mel * LINEAR } else { 1000.0 * ((mel - KNEE) * 6.4_f64.ln() / 27.0).exp() }
}

/// The inverse of [`mel_to_hertz`] at 8 kHz, the top of the scale.
fn top_mel() -> f64 {
    15.0 + 8.0_f64.ln() * 27.0 / 6.4_f64.ln()
}

/// Triangular filters, equally spaced in mel between 0 and 8 kHz, each of unit area in Hz (Slaney's norm).
fn filters(count: usize) -> Vec<Filter> {
    let edges: Vec<f64> = (0..count + 2).map(|i| mel_to_hertz(top_mel() * i as f64 / (count + 1) as f64)).collect();
    let hertz = |bin: usize| bin as f64 * f64::from(jarvis_core::SAMPLE_RATE) / WINDOW as f64;
    edges
        .windows(3)
        .map(|edge| {
            let (low, peak, high) = (edge[0], edge[1], edge[2]);
            let weight = |bin: usize| {
                let rising = (hertz(bin) - low) / (peak - low);
                let falling = (high - hertz(bin)) / (high - peak);
                (rising.min(falling).max(0.0) * 2.0 / (high - low)) as f32
            };
            let first = (0..BINS).find(|bin| weight(*bin) > 0.0).unwrap_or(0);
            let weights = (first..BINS).map(weight).take_while(|weight| *weight > 0.0).collect();
            Filter { first, weights }
        })
        .collect()
}

#[cfg(test)]
#[path = "mel_tests.rs"]
mod tests;
