//! Hearing and speaking: wake word, voice activity, end of turn, recognition, synthesis. One engine a file.
//!
//! Owns the models' inputs and outputs. Never touches a device, a window or the network, and never decides what an
//! utterance means.

pub mod endpoint;
mod private;
pub mod stt;
pub mod tts;
pub mod vad;
pub mod wake;

#[cfg(test)]
#[path = "../../audio/src/allocation.rs"]
mod allocation;
#[cfg(test)]
#[path = "../../onnx/src/testing.rs"]
mod installed;
#[cfg(test)]
mod testing;
