//! From text to sound.
//!
//! Owns what is read aloud of a text ([`normalize`]), how words become phonemes ([`Phonemizer`]) and phonemes become
//! samples ([`Piper`]), and what is kept of it ([`CachedTts`]). Never plays anything.

mod cache;
mod espeak;
mod graph;
pub mod normalize;
mod piper;
mod shape;
mod vocoder;
mod voice;

pub use cache::{CacheOptions, CachedTts};
pub use espeak::{Espeak, EspeakManner, espeak_sound};
pub use piper::Piper;
pub use voice::Voice;

use jarvis_core::Result;

/// Tells how words are pronounced.
pub trait Phonemizer: Send {
    /// The pronunciation of `clause`, words without punctuation, in the International Phonetic Alphabet: one blank
    /// between words, stress marks before stressed syllables, no other marks. Empty when there is nothing to pronounce.
    ///
    /// # Errors
    /// The engine failed.
    fn phonemes(&mut self, clause: &str) -> Result<String>;
}
