//! One file a command. Each has `Args` (what the user can say) and `run` (do it and print).

pub mod ask;
pub mod bench;
pub mod config;
pub mod control;
pub mod doctor;
pub mod generate;
pub mod models;
pub mod picture;
pub mod remote;
pub mod run;
pub mod say;
pub mod see;
mod signal;
pub mod transcribe;
mod voice;
pub mod wake;
