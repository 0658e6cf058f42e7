//! The model store: what can be installed ([`Catalog`]), and what is ([`Store`]).
//!
//! Owns the folder of models: fetching, verifying, converting, importing and removing. A model is a folder with a
//! manifest; it appears there in one step, verified, or not at all. Knows where other programs keep theirs
//! ([`found_models`]), what one would cost and give ([`Fit`]), and which of them fit side by side ([`pack`]). Never loads a
//! model to run it and never decides which one is used.
//!
//! ```no_run
//! # fn main() -> jarvis_core::Result<()> {
//! use jarvis_models::{Catalog, Store};
//! let store = Store::new("/home/me/.local/share/jarvis/models");
//! store.pull(&Catalog::builtin(), &[], &mut (), &jarvis_core::Cancel::new())?;
//! let weights = store.folder("whisper-tiny.en")?.join("model.safetensors");
//! # Ok(())
//! # }
//! ```

mod catalog;
mod convert;
mod disk;
mod error;
mod fit;
mod found;
mod hash;
mod host;
mod install;
mod manifest;
mod own;
mod placement;
mod progress;
mod source;
mod store;

#[cfg(test)]
mod tests;

pub use catalog::{Catalog, Conversion, Hub, Kind, Member, Model, SourceFile, Wheel, platform};
pub use disk::free_space;
pub use error::Bytes;
pub use fit::{Fit, memory_bandwidth, recommended};
pub use found::{Found, found_models, is_gguf};
pub use host::Host;
pub use own::OwnModel;
pub use placement::{Place, Room, Way, pack};
pub use progress::{Origin, Progress, Stage};
pub use source::bundled::bundled;
pub use store::{Listed, State, Store, Verified};
