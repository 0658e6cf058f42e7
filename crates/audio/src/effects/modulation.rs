//! A tone that the voice is multiplied with: a growl at a few dozen hertz and little depth, a ring modulator at full depth.

use super::{Effect, check, check_rate};
use crate::error::AudioError;
use std::f64::consts::TAU;

/// Multiplies with a sine that swings between 1 and `1 - 2 depth`.
#[derive(Debug)]
pub struct Modulation {
    /// The sine's phase as a point on the unit circle, turned by `turn` each sample.
    point: (f64, f64),
    turn: (f64, f64),
    depth: f32,
}

impl Modulation {
    /// `hertz` (0.1 to 2000) and `depth` (0, nothing, to 1, which turns the voice over in each period).
    ///
    /// # Errors
    /// A value is out of its range.
    pub fn new(rate: u32, hertz: f32, depth: f32) -> Result<Self, AudioError> {
        const NAME: &str = "modulation";
        let rate = check_rate(NAME, rate)?;
        let hertz = check(NAME, "hertz", hertz, 0.1..=2000.0)?;
        let depth = check(NAME, "depth", depth, 0.0..=1.0)?;
        let (sin, cos) = (TAU * f64::from(hertz) / f64::from(rate)).sin_cos();
        Ok(Self { point: (1.0, 0.0), turn: (cos, sin), depth })
    }
}

impl Effect for Modulation {
    fn process(&mut self, samples: &mut [f32]) {
        let (cos, sin) = self.turn;
        let (mut x, mut y) = self.point;
        for sample in samples {
            *sample *= 1.0 - self.depth + self.depth * x as f32;
            (x, y) = (x * cos - y * sin, x * sin + y * cos);
        }
        // Rounding must not let it grow or shrink.
        let length = x.hypot(y).max(f64::MIN_POSITIVE);
        self.point = (x / length, y / length);
    }

    fn reset(&mut self) {
        self.point = (1.0, 0.0);
    }
}
