//! What a small loudspeaker or a telephone lets through: a band, 24 dB an octave on both sides.

use super::biquad::Biquad;
use super::{Effect, check, check_rate};
use crate::error::AudioError;

/// Q of the two halves of a Butterworth filter of the fourth order.
const BUTTERWORTH: [f32; 2] = [0.541_196_1, 1.306_563];

/// Takes everything below and above a band away.
#[derive(Debug)]
pub struct BandPass([Biquad; 4]);

impl BandPass {
    /// From `low` (20 to 2000 Hz) to `high` (500 to 20 000 Hz, no lower than `low`).
    ///
    /// # Errors
    /// A value is out of its range.
    pub fn new(rate: u32, low: f32, high: f32) -> Result<Self, AudioError> {
        const NAME: &str = "band pass";
        let rate = check_rate(NAME, rate)?;
        let low = check(NAME, "low", low, 20.0..=2000.0)?;
        let high = check(NAME, "high", high, low.max(500.0)..=20_000.0)?;
        let [wide, narrow] = BUTTERWORTH;
        Ok(Self([
            Biquad::high_pass(rate, low, wide),
            Biquad::high_pass(rate, low, narrow),
            Biquad::low_pass(rate, high, wide),
            Biquad::low_pass(rate, high, narrow),
        ]))
    }
}

impl Effect for BandPass {
    fn process(&mut self, samples: &mut [f32]) {
        self.0.iter_mut().for_each(|half| half.process(samples));
    }

    fn reset(&mut self) {
        self.0.iter_mut().for_each(Biquad::reset);
    }
}
