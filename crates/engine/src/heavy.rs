//! Who may use the processor's cores for a moment of heavy work.
//!
//! Recognition, the language model and synthesis each use all cores; on two of them, side by side each would take twice
//! as long and the first sound would come later. So a stage holds this while it computes. The language model lets go at
//! each token, so that a clause that waits to be spoken comes first: it makes words faster than anyone speaks them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The right to compute. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heavy(Arc<Mutex<()>>);

impl Heavy {
    /// Waits for the right and keeps it until the guard is dropped.
    pub(crate) fn take(&self) -> MutexGuard<'_, ()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets whoever waits go first, between two steps of work that is in no hurry.
    pub(crate) fn give_way(&self) {
        drop(self.take());
    }
}
