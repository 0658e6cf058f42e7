//! How a server has done so far: counts and times. Holds no word that was asked or answered.

use jarvis_core::Error;
use serde::{Deserialize, Serialize};

/// Whether a server is asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Link {
    /// It was not asked yet.
    #[default]
    Untried,
    /// It answered when it was asked last, if only with the list of its models.
    Ready,
    /// It failed and is left alone for now.
    Resting,
}

/// How a server has done since Jarvis started.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Health {
    /// Host and port.
    pub host: String,
    /// Whether it is asked.
    pub link: Link,
    /// For how many seconds it is still left alone.
    pub resting_seconds: f64,
    /// Requests that were sent to it.
    pub asked: u64,
    /// Requests that it answered.
    pub answered: u64,
    /// Requests that it failed.
    pub failed: u64,
    /// Bytes that were sent to it, without headers.
    pub sent_bytes: u64,
    /// Bytes that came from it, without headers.
    pub received_bytes: u64,
    /// Milliseconds from the request to the first words or sound, the last time.
    pub first_words_ms: Option<f64>,
    /// What went wrong last and has not gone well since: where it answers when it is looked for, and fails at all else, this
    /// says so.
    pub last_error: Option<Error>,
}
