//! Wake words: has the assistant been called?
//!
//! Owns the models that answer it and the rules that turn scores into detections. Never decides what happens then.

mod alike;
mod check;
mod embedding;
mod features;
mod head;
mod mistakes;
mod openwakeword;
pub mod train;
mod trigger;

pub use check::WakeCheck;
pub use features::FILES as FEATURE_FILES;
pub use head::{FILE as HEAD_FILE, phrase};
pub use openwakeword::OpenWakeWord;
