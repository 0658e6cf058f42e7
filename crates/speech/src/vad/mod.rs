//! Voice activity: is there speech in this frame?
//!
//! Owns the models that answer it. Never decides where an utterance begins or ends; `endpoint` does.

mod silero;

pub use silero::Silero;
