//! An overdriven amplifier: a soft curve, run at eight times the rate so that the overtones it makes do not fold back
//! into the voice as notes that nobody sang.

use super::{Effect, check, check_rate, settled};
use crate::error::AudioError;
use std::f64::consts::PI;

/// How many times the rate the curve runs at.
const FACTOR: usize = 8;
/// Taps of the filter for each of the phases.
const TAPS: usize = 24;
/// All of its taps, at the higher rate.
const LENGTH: usize = FACTOR * TAPS;
/// Where the filter ends, as a share of the lower rate: high enough for every sibilant.
const EDGE: f64 = 0.42;
/// Shape of the Kaiser window: -70 dB beyond the edge.
const KAISER: f64 = 7.0;
/// By how much the curve's middle is moved: even overtones, which are what makes it warm.
const BIAS: f32 = 0.15;

/// Bends the voice along a hyperbolic tangent.
#[derive(Debug)]
pub struct Distortion {
    drive: f32,
    mix: f32,
    /// The curve's value for silence, which is taken off.
    rest: f32,
    level: f32,
    /// The filter by phases, for the way up.
    phases: Box<[[f32; TAPS]; FACTOR]>,
    /// The filter at the higher rate, for the way down.
    whole: Box<[f32; LENGTH]>,
    /// The last input, twice, so that each stretch of it is contiguous.
    low: [f32; 2 * TAPS],
    low_at: usize,
    /// The last samples at the higher rate, twice.
    high: Box<[f32; 2 * LENGTH]>,
    high_at: usize,
}

impl Distortion {
    /// `drive` (1, hardly any, to 30) is how far the voice is pushed into the curve, `mix` (0 to 1) how much of it is
    /// heard beside the voice as it was.
    ///
    /// # Errors
    /// A value is out of its range.
    pub fn new(rate: u32, drive: f32, mix: f32) -> Result<Self, AudioError> {
        const NAME: &str = "distortion";
        check_rate(NAME, rate)?;
        let drive = check(NAME, "drive", drive, 1.0..=30.0)?;
        let mix = check(NAME, "mix", mix, 0.0..=1.0)?;
        let whole = filter();
        let mut phases = Box::new([[0.0; TAPS]; FACTOR]);
        for (n, tap) in whole.iter().enumerate() {
            // What was put in between was silence: each phase has an eighth of the taps, and eight times the level.
            phases[n % FACTOR][TAPS - 1 - n / FACTOR] = tap * FACTOR as f32;
        }
        Ok(Self {
            drive,
            mix,
            rest: tanh(BIAS),
            // A loud voice stays as loud, whatever the drive.
            level: 1.0 / (0.5 * drive + BIAS).tanh().max(0.5) * 0.5f32.max(0.6 / drive.sqrt()),
            phases,
            whole,
            low: [0.0; 2 * TAPS],
            low_at: 0,
            high: Box::new([0.0; 2 * LENGTH]),
            high_at: 0,
        })
    }

    fn bend(&self, x: f32) -> f32 {
        let bent = (tanh(self.drive * x + BIAS) - self.rest) * self.level;
        x + self.mix * (bent - x)
    }
}

/// The low pass at the higher rate: a sinc under a Kaiser window, its sum 1.
fn filter() -> Box<[f32; LENGTH]> {
    let middle = (LENGTH - 1) as f64 / 2.0;
    let taps: Vec<f64> = (0..LENGTH)
        .map(|n| {
            let t = n as f64 - middle;
            let cutoff = 2.0 * EDGE / FACTOR as f64;
            let sinc = (PI * cutoff * t).sin() / (PI * t);
            let edge = t / (middle + 0.5);
            sinc * bessel(KAISER * (1.0 - edge * edge).sqrt()) / bessel(KAISER)
        })
        .collect();
    let sum: f64 = taps.iter().sum();
    let mut filter = Box::new([0.0; LENGTH]);
    for (tap, value) in filter.iter_mut().zip(taps) {
        *tap = (value / sum) as f32;
    }
    filter
}

/// The modified Bessel function of the first kind, order 0.
fn bessel(x: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    for k in 1..40 {
        let step = x / (2.0 * f64::from(k));
        term *= step * step;
        sum += term;
    }
    sum
}

/// A hyperbolic tangent of 32 bits that vectorises: Lambert's fraction, within 1e-3, straight lines beyond 4.97.
fn tanh(x: f32) -> f32 {
    let x = x.clamp(-4.97, 4.97);
    let s = x * x;
    let y =
        x * (135_135.0 + s * (17_325.0 + s * (378.0 + s))) / (135_135.0 + s * (62_370.0 + s * (3_150.0 + s * 28.0)));
    y.clamp(-1.0, 1.0)
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a, b) = (a.chunks_exact(8), b.chunks_exact(8));
    let mut sums = [0.0; 8];
    for (a, b) in a.zip(b) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum()
}

impl Effect for Distortion {
    fn process(&mut self, samples: &mut [f32]) {
        for sample in samples {
            self.low[self.low_at] = settled(*sample);
            self.low[self.low_at + TAPS] = settled(*sample);
            self.low_at = (self.low_at + 1) % TAPS;
            let mut raised = [0.0; FACTOR];
            for (raised, phase) in raised.iter_mut().zip(self.phases.iter()) {
                *raised = dot(phase, &self.low[self.low_at..self.low_at + TAPS]);
            }
            for bent in raised.map(|x| self.bend(x)) {
                self.high[self.high_at] = bent;
                self.high[self.high_at + LENGTH] = bent;
                self.high_at = (self.high_at + 1) % LENGTH;
            }
            *sample = dot(&self.whole[..], &self.high[self.high_at..self.high_at + LENGTH]);
        }
    }

    fn reset(&mut self) {
        self.low.fill(0.0);
        self.high.fill(0.0);
    }

    fn latency(&self) -> usize {
        // Half the filter, up and down; at the higher rate one sample less than its length in all.
        (LENGTH - 1).div_ceil(FACTOR)
    }
}
