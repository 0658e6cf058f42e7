//! Settings: one definition a setting, the layers that give it a value, and where files live.
//!
//! Owns: the list of settings ([`fields`]), their checks ([`spec`]), the layers default < file < environment < flag
//! ([`layers`]), the file `config.json` and its migration ([`document`]), and the folders ([`paths`]). Never reads a
//! setting to act on it, logs nothing (warnings are values), and never writes a file that it could not read.
//!
//! To add a setting, add its field in `fields.rs` and read it where it matters: default, check, environment name,
//! `jarvis config`, and the control in the settings window follow from that one definition.

mod define;
pub mod document;
pub mod error;
pub mod fields;
mod keys;
pub mod layers;
pub mod paths;
pub mod spec;

pub use document::Document;
pub use error::SettingsError;
pub use fields::{
    Accessibility, Audio, BargeIn, Endpoint, Eyes, Hotkey, HotkeyMode, Learning, Mind, Performance, Recognition,
    Remote, RemoteMind, RemoteReach, Settings, Voice, VoiceEffect, Wake,
};
pub use keys::named_keys;
pub use layers::{BadSetting, Change, Entry, Origin};
pub use paths::Paths;
pub use spec::{AUTO_MODEL, ChoiceOption, FieldSpec, Kind};
