//! More body, or less: a low shelf.

use super::biquad::Biquad;
use super::{Effect, check, check_rate};
use crate::error::AudioError;

/// Raises or lowers everything below a frequency.
#[derive(Debug)]
pub struct BassShelf(Biquad);

impl BassShelf {
    /// `hertz` (20 to 1000) is where half of the gain in decibels is reached; `gain_db` is -24 to 24.
    ///
    /// # Errors
    /// A value is out of its range.
    pub fn new(rate: u32, hertz: f32, gain_db: f32) -> Result<Self, AudioError> {
        const NAME: &str = "bass shelf";
        let rate = check_rate(NAME, rate)?;
        let hertz = check(NAME, "hertz", hertz, 20.0..=1000.0)?;
        Ok(Self(Biquad::low_shelf(rate, hertz, check(NAME, "gain_db", gain_db, -24.0..=24.0)?)))
    }
}

impl Effect for BassShelf {
    fn process(&mut self, samples: &mut [f32]) {
        self.0.process(samples);
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}
