//! What the window is told, as plain values; the window's own types are made from these.

use crate::hotkey::Standing;
use jarvis_core::Error;
use jarvis_engine::Status;
use serde::Serialize;
use serde_json::Value;
use ts_rs::TS;

/// How the program stands.
#[derive(Debug, Serialize, TS)]
pub struct Overview {
    /// Version of the program.
    pub version: &'static str,
    /// The engine; none when it does not run here.
    pub status: Option<Status>,
    /// The hotkey.
    pub hotkey: HotkeyView,
    /// What to say to wake Jarvis; none when it does not listen for it.
    pub wake_phrase: Option<String>,
    /// Ids of models that a turn needs and that are not installed.
    pub missing_models: Vec<String>,
    /// Whether a question could not be asked or answered now.
    pub broken: bool,
    /// What does not work around it and needs the user.
    pub troubles: Vec<Error>,
}

/// The hotkey as the window shows it.
#[derive(Debug, Serialize, TS)]
pub struct HotkeyView {
    /// Keys joined by `+`.
    pub keys: String,
    /// Whether it is held while speaking; otherwise pressed to begin and again to end.
    pub hold: bool,
    /// Why it does not work.
    pub problem: Option<Error>,
    /// Keys that would work.
    pub suggestion: Option<String>,
}

impl HotkeyView {
    /// From how the hotkey stands and what the settings say of it.
    pub fn new(standing: Standing, hold: bool) -> Self {
        Self { keys: standing.keys, hold, problem: standing.problem, suggestion: standing.offer }
    }
}

/// A setting's value.
#[derive(Debug, Serialize, TS)]
pub struct SettingValue {
    /// Section and name.
    pub path: String,
    /// The value in force.
    pub value: Value,
    /// Whether it is taken up only after a restart.
    pub restart: bool,
    /// The variable of the environment that is stronger than the file, if one is set.
    pub overridden_by: Option<String>,
}

/// Names of the devices that can be chosen.
#[derive(Debug, Default, Serialize, TS)]
pub struct Devices {
    /// Microphones.
    pub input: Vec<String>,
    /// Speakers.
    pub output: Vec<String>,
}

/// What to say for a wake word model: `wake-hey-jarvis` listens for "hey Jarvis".
pub fn wake_phrase(model: &str) -> String {
    let phrase = jarvis_core::wake_phrase(model);
    let mut words: Vec<String> = phrase.split(' ').map(str::to_owned).collect();
    if let Some(name) = words.last_mut() {
        let mut letters = name.chars();
        *name = letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default();
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wake_word_is_told_as_it_is_said() {
        assert_eq!(wake_phrase("wake-hey-jarvis"), "hey Jarvis");
        assert_eq!(wake_phrase("wake-hey-jarvis-free"), "hey Jarvis");
        assert_eq!(wake_phrase("wake-alexa"), "Alexa");
        assert_eq!(wake_phrase(""), "");
    }
}
