//! Sight: screen capture, change detection, the accessibility tree, text recognition.
//!
//! Owns the way from the screen to its text. Never looks unless it is called, never decides what to answer, writes
//! nothing that it saw to disk or log.

pub mod capture;
pub mod eyes;
pub mod frame;
pub mod text;
pub mod tree;

#[cfg(test)]
#[path = "../../audio/src/allocation.rs"]
mod allocation;

#[cfg(test)]
#[path = "../../onnx/src/testing.rs"]
mod installed;
