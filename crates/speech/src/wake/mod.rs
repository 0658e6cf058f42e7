//! Wake words: has the assistant been called?
//!
//! Owns the models that answer it and the rules that turn scores into detections. Never decides what happens then.

mod embedding;
mod features;
mod head;
mod mistakes;
mod openwakeword;
pub mod train;
mod trigger;

pub use features::FILES as FEATURE_FILES;
pub use head::FILE as HEAD_FILE;
pub use mistakes::remove as remove_mistakes;
pub use openwakeword::OpenWakeWord;
