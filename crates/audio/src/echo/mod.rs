//! The assistant's own voice in its own ear.
//!
//! Owns taking it out again ([`EchoCanceller`]), pairing what was played with what is heard ([`References`]), and a
//! computed room to measure that in ([`EchoRoom`]). Never decides what is speech or what interrupts whom.

mod canceller;
mod reference;
mod room;
#[cfg(test)]
mod tests;

pub use canceller::{Clean, EchoCanceller, EchoPath};
pub use reference::{Reference, References, Source};
pub use room::{EchoRoom, RoomOptions, speech_like};
