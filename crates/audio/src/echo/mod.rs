//! The assistant's own voice in its own ear.
//!
//! Owns taking it out again ([`EchoCanceller`]), pairing what was played with what is heard ([`References`]), a computed room to measure that in ([`EchoRoom`]), and how it is told
//! in figures ([`decibels`]). Never decides what is speech or what interrupts whom.

mod canceller;
mod reference;
mod room;
#[cfg(test)]
mod tests;

pub use canceller::{Clean, EchoCanceller, EchoPath};
pub use reference::{Reference, References, Source};
pub use room::{EchoRoom, RoomOptions, speech_like};

/// Mean power of `samples` in decibels of full scale; silence is -120.
pub fn decibels(samples: &[f32]) -> f32 {
    let power = samples.iter().map(|sample| f64::from(sample * sample)).sum::<f64>() / samples.len().max(1) as f64;
    10.0 * power.max(1e-12).log10() as f32
}
