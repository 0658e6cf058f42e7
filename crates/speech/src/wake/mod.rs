//! Wake words: has the assistant been called?
//!
//! Owns the models that answer it and the rules that turn scores into detections. Never decides what happens then.

mod openwakeword;
mod trigger;

pub use openwakeword::OpenWakeWord;
