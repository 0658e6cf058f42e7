//! The one error that crosses a seam: what happened and what to do about it, in words for a person.
//!
//! Library crates keep their own `thiserror` enums for what they can tell apart, and turn them into this at the seam.

use serde::{Deserialize, Serialize};

/// `Result` with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Something that went wrong, ready to be shown, spoken or printed as
/// `{"error":{"code","message","hint"}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[error("{message}")]
pub struct Error {
    /// Stable, dotted and lower case, for scripts: `audio.no_microphone`.
    pub code: String,
    /// One sentence that says what happened.
    pub message: String,
    /// One sentence that says what to do; empty when there is nothing to do.
    pub hint: String,
}

impl Error {
    /// An error from its code, what happened, and what to do.
    pub fn new(code: impl Into<String>, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), hint: hint.into() }
    }

    /// The work was cancelled; no message is owed to the user.
    pub fn cancelled() -> Self {
        Self::new("cancelled", "This was cancelled.", "")
    }

    /// Whether this is [`Error::cancelled`].
    pub fn is_cancelled(&self) -> bool {
        self.code == "cancelled"
    }
}
