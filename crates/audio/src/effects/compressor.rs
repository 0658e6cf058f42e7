//! Quiet syllables louder, loud ones quieter: a feed-forward compressor with a soft knee, on the level of the last few
//! milliseconds (Giannoulis, Massberg and Reiss, "Digital Dynamic Range Compressor Design", 2012).

use super::{Effect, check, check_rate, from_decibels};
use crate::error::AudioError;

/// Width of the knee in decibels.
const KNEE: f32 = 8.0;
const ATTACK_SECONDS: f32 = 0.004;
const RELEASE_SECONDS: f32 = 0.12;
/// Levels below this are all the same.
const FLOOR: f32 = 1e-5;
/// The gain is computed anew after this many samples, and glides in between.
const STEP: usize = 16;

/// Evens out the level.
#[derive(Debug)]
pub struct Compressor {
    threshold: f32,
    slope: f32,
    makeup: f32,
    attack: f32,
    release: f32,
    level: f32,
    gain: f32,
    gain_step: f32,
    left: usize,
}

impl Compressor {
    /// Above `threshold_db` (-60 to 0) the level rises by a decibel for each `ratio` (1 to 20) that come in; all of it is
    /// then raised by `makeup_db` (0 to 24).
    ///
    /// # Errors
    /// A value is out of its range.
    pub fn new(rate: u32, threshold_db: f32, ratio: f32, makeup_db: f32) -> Result<Self, AudioError> {
        const NAME: &str = "compressor";
        let rate = check_rate(NAME, rate)?;
        let threshold = check(NAME, "threshold_db", threshold_db, -60.0..=0.0)?;
        let slope = 1.0 / check(NAME, "ratio", ratio, 1.0..=20.0)? - 1.0;
        let makeup = from_decibels(check(NAME, "makeup_db", makeup_db, 0.0..=24.0)?);
        let towards = |seconds: f32| 1.0 - (-1.0 / (seconds * rate)).exp();
        let (attack, release) = (towards(ATTACK_SECONDS), towards(RELEASE_SECONDS));
        Ok(Self { threshold, slope, makeup, attack, release, level: 0.0, gain: makeup, gain_step: 0.0, left: 0 })
    }

    /// What the gain should be at the present level.
    fn target(&self) -> f32 {
        let over = 20.0 * self.level.max(FLOOR).log10() - self.threshold;
        let change = if over <= -KNEE / 2.0 {
            0.0
        } else if over < KNEE / 2.0 {
            self.slope * (over + KNEE / 2.0).powi(2) / (2.0 * KNEE)
        } else {
            self.slope * over
        };
        self.makeup * from_decibels(change)
    }
}

impl Effect for Compressor {
    fn process(&mut self, samples: &mut [f32]) {
        for sample in samples {
            let loud = sample.abs();
            let towards = if loud > self.level { self.attack } else { self.release };
            self.level += towards * (loud - self.level);
            if self.left == 0 {
                self.left = STEP;
                self.gain_step = (self.target() - self.gain) / STEP as f32;
                self.level = super::settled(self.level);
            }
            self.left -= 1;
            self.gain += self.gain_step;
            *sample *= self.gain;
        }
    }

    fn reset(&mut self) {
        (self.level, self.gain, self.gain_step, self.left) = (0.0, self.makeup, 0.0, 0);
    }
}
