//! Speech recognition: sound in, words out.
//!
//! Owns the log-mel spectrogram ([`mel`]), Whisper ([`whisper`]) and the word error rate by which it is judged
//! ([`score`]). Never touches a device, never listens by itself, and never decides what the words mean.

mod error;
pub mod mel;
pub mod score;
pub mod whisper;

pub use error::SttError;
pub use whisper::{Compute, Options, Whisper, check_languages, languages};
