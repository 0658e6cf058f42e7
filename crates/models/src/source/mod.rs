//! Where files come from: the package registry, the model hub, the user's own disk, this program. One file a source.
//!
//! A source puts verified files into a staging folder, or says in a sentence why it cannot. Never gives a file its final
//! place.

pub mod bundled;
pub(crate) mod hub;
pub(crate) mod local;
pub(crate) mod pip;
pub(crate) mod wheel;

use crate::Host;
use crate::catalog::{Catalog, Model};
use crate::progress::Progress;
use jarvis_core::Cancel;
use std::path::{Path, PathBuf};

/// What a source works with.
pub(crate) struct Job<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) model: &'a Model,
    pub(crate) host: &'a Host,
    /// Where the files go.
    pub(crate) staging: &'a Path,
    /// What is kept between attempts, so that the next one goes on where this one stopped.
    pub(crate) downloads: &'a Path,
    pub(crate) progress: &'a mut dyn Progress,
    pub(crate) cancel: &'a Cancel,
}

impl Job<'_> {
    pub(crate) fn target(&self, name: &str) -> PathBuf {
        self.staging.join(name)
    }
}
