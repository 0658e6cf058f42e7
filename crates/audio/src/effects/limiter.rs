//! Never louder than this: a limiter that sees peaks coming.
//!
//! The voice is delayed by [`LOOK_AHEAD_SECONDS`]. The gain that each sample needs is held for as long (a sliding minimum)
//! and then averaged over as long, so that it has come down, without a corner, exactly when the peak comes out.

use super::{Effect, check, check_rate, from_decibels};
use crate::error::AudioError;

/// How far ahead it sees.
const LOOK_AHEAD_SECONDS: f32 = 0.002;
const RELEASE_SECONDS: f32 = 0.08;

/// Raises by a gain and keeps every sample within a ceiling.
#[derive(Debug)]
pub struct Limiter {
    gain: f32,
    ceiling: f32,
    release: f32,
    /// Delayed input, and the held gains that are averaged; both `look_ahead + 1` long.
    delay: Box<[f32]>,
    held: Box<[f32]>,
    at: usize,
    sum: f64,
    /// Candidates for the minimum, rising: their gains and when they came. A ring.
    least: Box<[(f32, u64)]>,
    first: usize,
    count: usize,
    now: u64,
    last: f32,
}

impl Limiter {
    /// Raises by `gain_db` (-24 to 24), then lets nothing exceed `ceiling_db` (-24 to 0 dB of full scale).
    ///
    /// # Errors
    /// A value is out of its range.
    pub fn new(rate: u32, gain_db: f32, ceiling_db: f32) -> Result<Self, AudioError> {
        const NAME: &str = "limiter";
        let rate = check_rate(NAME, rate)?;
        let gain = from_decibels(check(NAME, "gain_db", gain_db, -24.0..=24.0)?);
        let ceiling = from_decibels(check(NAME, "ceiling_db", ceiling_db, -24.0..=0.0)?);
        let length = (LOOK_AHEAD_SECONDS * rate) as usize + 1;
        let mut limiter = Self {
            gain,
            ceiling,
            release: 1.0 - (-1.0 / (RELEASE_SECONDS * rate)).exp(),
            delay: vec![0.0; length].into(),
            held: vec![1.0; length].into(),
            at: 0,
            sum: 0.0,
            least: vec![(1.0, 0); length + 1].into(),
            first: 0,
            count: 0,
            now: 0,
            last: 1.0,
        };
        limiter.reset();
        Ok(limiter)
    }

    /// The smallest gain of the last `length` ones, of which `gain` is the newest.
    fn minimum(&mut self, gain: f32) -> f32 {
        let (size, length) = (self.least.len(), self.delay.len() as u64);
        while self.count > 0 && self.least[(self.first + self.count - 1) % size].0 >= gain {
            self.count -= 1;
        }
        self.least[(self.first + self.count) % size] = (gain, self.now);
        self.count += 1;
        if self.least[self.first].1 + length <= self.now {
            self.first = (self.first + 1) % size;
            self.count -= 1;
        }
        self.least[self.first].0
    }
}

impl Effect for Limiter {
    fn process(&mut self, samples: &mut [f32]) {
        let length = self.delay.len();
        for sample in samples {
            let raised = *sample * self.gain;
            let needed = if raised.abs() > self.ceiling { self.ceiling / raised.abs() } else { 1.0 };
            let least = self.minimum(needed);
            // Back up slowly, but never above what is needed.
            self.last = least.min(self.last + self.release * (1.0 - self.last));
            self.sum += f64::from(self.last) - f64::from(self.held[self.at]);
            self.held[self.at] = self.last;
            self.delay[self.at] = raised;
            self.at = (self.at + 1) % length;
            let gain = (self.sum / length as f64) as f32;
            // Rounding alone could exceed it.
            *sample = (self.delay[self.at] * gain).clamp(-self.ceiling, self.ceiling);
            self.now += 1;
        }
    }

    fn reset(&mut self) {
        self.delay.fill(0.0);
        self.held.fill(1.0);
        (self.at, self.sum, self.last) = (0, self.held.len() as f64, 1.0);
        (self.first, self.count, self.now) = (0, 0, 0);
    }

    fn latency(&self) -> usize {
        self.delay.len() - 1
    }
}
