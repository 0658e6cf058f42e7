//! The identity of one exchange with the user.

use serde::{Deserialize, Serialize};

/// Numbers turns from 1 upward. Every result carries the number of the turn that asked for it, and a stale one is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(transparent)]
pub struct TurnId(#[cfg_attr(feature = "ts", ts(type = "number"))] pub u64);

impl TurnId {
    /// The number after this one.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl std::fmt::Display for TurnId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
