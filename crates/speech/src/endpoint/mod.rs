//! Where an utterance begins and ends.
//!
//! Owns the rules: how much sound before the first word is kept, how long a pause ends a turn, what is too short to be
//! speech and what is too long. Never runs a model and never looks at a clock: frames and their voice activity come in,
//! with the time at which they were heard, and time passes by the frame.

mod endpointer;
mod level;
mod preroll;

pub use endpointer::{EndpointEvent, EndpointOptions, Endpointer};

#[cfg(test)]
mod hearing_tests;
