//! Effects on the voice, while it is spoken: one file an effect, [`Preset`]s made of them, changed live by the [`rack`].
//!
//! All of it is mono, at the device's rate, and runs in the speaker's callback: an [`Effect`] takes a block and gives back
//! as many samples, allocates and locks nothing, and is late by a known number of samples. Chains are built elsewhere and
//! handed over. No preset needs the sound that is to come, so that the first syllable waits for nothing but this:
//!
//! | effect | late by |
//! |---|---|
//! | [`PitchShift`] | 9 ms |
//! | [`Distortion`] | 0.5 ms |
//! | [`Limiter`] | 2 ms |
//! | [`BassShelf`], [`BandPass`], [`Modulation`], [`Compressor`], [`Reverb`] | nothing |
//!
//! Whatever comes in, numbers come out, and silence after silence: filters are of the second order at most and damped,
//! feedback is below one, and what has died away becomes exactly zero. Never decides when an effect is used.

mod band_pass;
mod bass_shelf;
mod biquad;
mod chain;
mod compressor;
mod distortion;
mod limiter;
mod modulation;
mod offline;
mod pitch_shift;
mod pitch_track;
mod preset;
mod rack;
mod reverb;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use band_pass::BandPass;
pub use bass_shelf::BassShelf;
pub use chain::Chain;
pub use compressor::Compressor;
pub use distortion::Distortion;
pub use limiter::Limiter;
pub use modulation::Modulation;
pub use offline::Offline;
pub use pitch_shift::{Pitch, PitchShift};
pub use preset::Preset;
pub(crate) use rack::Rack;
pub use reverb::Reverb;

use crate::error::AudioError;
use std::ops::RangeInclusive;

/// Lowest rate that an effect runs at, in samples per second.
pub const MIN_RATE: u32 = 8_000;
/// Highest rate that an effect runs at, in samples per second.
pub const MAX_RATE: u32 = 384_000;

/// Something done to sound as it passes.
pub trait Effect: Send {
    /// Changes the next samples in place; any number of them.
    fn process(&mut self, samples: &mut [f32]);
    /// Forgets the sound so far.
    fn reset(&mut self);
    /// By how many samples it is late.
    fn latency(&self) -> usize {
        0
    }
}

/// What an effect is built with is checked by name.
fn check(
    effect: &'static str,
    name: &'static str,
    value: f32,
    allowed: RangeInclusive<f32>,
) -> Result<f32, AudioError> {
    // NaN is in no range.
    if allowed.contains(&value) {
        return Ok(value);
    }
    let allowed = format!("from {} to {}", allowed.start(), allowed.end());
    Err(AudioError::Effect { effect, name, value: value.to_string(), allowed })
}

fn check_rate(effect: &'static str, rate: u32) -> Result<f32, AudioError> {
    check(effect, "rate", rate as f32, MIN_RATE as f32..=MAX_RATE as f32)
}

/// Zero in place of what nobody hears and processors are slow with.
fn settled(sample: f32) -> f32 {
    if sample.abs() < 1e-10 { 0.0 } else { sample }
}

fn from_decibels(decibels: f32) -> f32 {
    10.0f32.powf(decibels / 20.0)
}
