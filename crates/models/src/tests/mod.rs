//! The store as a whole: real pip on wheels made here, a real HTTP server on this machine, real folders.

mod fixtures;
mod hub;
mod local;
mod own;
mod registry;
mod store;

pub(crate) use fixtures::*;
