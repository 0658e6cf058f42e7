//! The composition root: builds everything from the settings and owns the threads.
//!
//! ```text
//! listen     microphone -> wake word, voice activity -> utterance
//! recognize  utterance -> words
//! think      words -> skill or language model -> text, clauses
//! speak      clauses -> sound -> speaker
//! coordinator owns the turn; all of the above tell it what happened and do what it wants done
//! ```
//! Owns: the start and its order, the threads and their restarts, the stream of events, the control socket, signals,
//! notifications, and the checks of `jarvis doctor`. Never decides what an utterance means or what comes next in a turn
//! (`jarvis-assistant`), and never touches a model's insides or a device's (`jarvis-speech`, `jarvis-llm`,
//! `jarvis-audio`).

mod adjust;
pub mod change;
pub mod clipboard;
mod command;
pub mod control;
mod coordinator;
pub mod echo;
pub mod graphics;
pub mod health;
mod heavy;
pub mod io;
mod keep;
mod language;
mod listen;
pub mod load;
pub mod logging;
mod message;
mod notify;
mod observers;
mod own;
mod picture;
mod place;
mod pressure;
mod program;
mod recognize;
pub mod recorded;
mod rehearse;
pub mod remote;
mod see;
pub mod signals;
mod speak;
mod start;
mod think;
pub mod trial;
mod wake_gate;
mod wake_training;

pub use adjust::adjust;
pub use command::{Command, DeviceStatus, ModelState, ModelStatus, Status, check_question};
pub use jarvis_remote::{Health, Link};
pub use language::{language_wanted, recommended_language};
pub use observers::{Observers, Subscription};
pub use picture::PictureOffer;
pub use place::free_memory;
pub use see::{Sighting, eyes, eyes_on};
pub use start::{Engine, EngineHandle, EngineOptions, resident_bytes};
pub use wake_training::{TrainedWake, WakeTraining, feature_folder, installed_voices};
