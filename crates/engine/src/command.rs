//! What the running engine can be told, and what it tells about itself. Values only.

use std::collections::BTreeMap;

use jarvis_core::{AssistantState, Error, Result, TurnId};
use jarvis_settings::Settings;
use serde::{Deserialize, Serialize};

/// A word to the running engine.
#[expect(clippy::large_enum_variant, reason = "a message a second at most, and simpler to make than a box")]
#[derive(Debug, Clone)]
pub enum Command {
    /// The hotkey went down.
    Press,
    /// The hotkey went up.
    Release,
    /// Begin to listen, or end listening and answer.
    Toggle,
    /// Begin to listen.
    Start,
    /// End listening and answer; otherwise be silent.
    Stop,
    /// Give the turn up and be silent.
    Cancel,
    /// Microphone off.
    Mute,
    /// Microphone on.
    Unmute,
    /// A typed question.
    Ask {
        /// The question.
        text: String,
    },
    /// Take these settings, and try again what could not be loaded.
    Reload(Settings),
    /// Whether someone watches the microphone's level. Watchers are counted, so each `true` needs its `false`.
    WatchLevel(bool),
    /// End.
    Quit,
}

/// The most characters of a typed question: nobody says more, and no small model answers it.
const LONGEST_QUESTION: usize = 8000;

/// Whether `text` is a question that can be answered.
///
/// # Errors
/// It is empty, or longer than anyone speaks.
pub fn check_question(text: &str) -> Result<()> {
    if text.trim().is_empty() {
        return Err(Error::new(
            "ask.empty",
            "There is nothing to answer: the text is empty.",
            "Say what you want to know.",
        ));
    }
    if text.chars().count() > LONGEST_QUESTION {
        return Err(Error::new(
            "ask.too_long",
            format!("The text is longer than {LONGEST_QUESTION} characters."),
            "Ask something shorter.",
        ));
    }
    Ok(())
}

/// How far a model is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum ModelState {
    /// It is being loaded.
    Loading,
    /// It serves.
    Ready,
    /// It cannot: see the error.
    Failed,
    /// It is switched off.
    Off,
}

/// A model as the running engine has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ModelStatus {
    /// Its id in the catalog.
    pub id: String,
    /// How far it is.
    pub state: ModelState,
    /// Milliseconds that loading and warming up took.
    pub load_ms: Option<f64>,
    /// Why it failed.
    pub error: Option<Error>,
}

/// A microphone or speaker as the running engine has it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DeviceStatus {
    /// Whether it works.
    pub available: bool,
    /// Its name; empty for the system's choice.
    pub name: String,
    /// A sentence about it, for when it does not work.
    pub message: String,
}

/// What the engine is doing and what it has to do it with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Status {
    /// Version of the program.
    pub version: String,
    /// The process.
    pub pid: u32,
    /// What it is doing.
    pub state: AssistantState,
    /// The turn that is going on.
    pub turn: Option<TurnId>,
    /// Whether the microphone is off by the user's wish.
    pub muted: bool,
    /// Whether everything is loaded that will be.
    pub ready: bool,
    /// Whether it runs without microphone and speaker by choice (`--no-voice`).
    pub voice_off: bool,
    /// The microphone.
    pub microphone: DeviceStatus,
    /// The speaker.
    pub speaker: DeviceStatus,
    /// The models, by what they are for: `wake`, `activity`, `recognition`, `language`, `voice`.
    pub models: BTreeMap<String, ModelStatus>,
    /// The servers of other programs whose models are asked; none unless that was allowed.
    pub remote: Vec<jarvis_remote::Health>,
    /// The last thing that went wrong.
    pub last_error: Option<Error>,
    /// Seconds since the start.
    pub uptime_seconds: f64,
    /// Memory of this process in bytes, where the system tells.
    pub resident_bytes: Option<u64>,
}
