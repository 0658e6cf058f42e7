//! What can go wrong with settings, each with its remedy.

use crate::layers::Origin;
use std::path::PathBuf;

/// What can go wrong with settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// No setting has this path.
    #[error("There is no setting called \"{path}\".")]
    Unknown {
        /// What was asked for.
        path: String,
        /// The setting that is spelled most like it.
        nearest: Option<&'static str>,
    },
    /// A value is not allowed.
    #[error("{path} = {value} ({origin}) is not allowed: it has to be {allowed}.")]
    BadValue {
        /// Which setting.
        path: String,
        /// The value, as it was given.
        value: String,
        /// What would be allowed.
        allowed: String,
        /// Where the value came from.
        origin: Origin,
    },
    /// The file is not JSON.
    #[error("The settings file {} is broken at line {line}, column {column}: {reason}.", file.display())]
    Broken {
        /// The file.
        file: PathBuf,
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
        /// What the parser says.
        reason: String,
    },
    /// The file is JSON, but has another shape.
    #[error("In the settings file {}, {} has to be an object with settings in it.", file.display(), place(section))]
    Shape {
        /// The file.
        file: PathBuf,
        /// Which section of it; none for the whole.
        section: Option<String>,
    },
    /// The file's version is none.
    #[error("In the settings file {}, version = {found} is not allowed: it has to be {}.", file.display(), crate::document::VERSION)]
    Version {
        /// The file.
        file: PathBuf,
        /// What stands there.
        found: String,
    },
    /// The file cannot be read.
    #[error("The settings file {} cannot be read: {reason}.", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// The file cannot be written.
    #[error("The settings file {} cannot be written: {reason}.", file.display())]
    Unwritable {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// A folder cannot be used.
    #[error("The folder {} cannot be used: {reason}.", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        reason: String,
    },
    /// Whether the wake word is wanted could not be read.
    #[error("The wake word is off, because it could not be read whether it is wanted.")]
    WakeWordUnknown,
    /// What may be looked at could not be read.
    #[error("Jarvis does not look at the screen, because it could not be read what it may look at.")]
    EyesUnknown,
    /// There is no home folder, and nothing else says where files live.
    #[error("It is not known where this user's files live: there is no home folder.")]
    NoHome,
}

impl SettingsError {
    /// The setting or section that it is about, if it is about one alone.
    pub(crate) fn place(&self) -> Option<&str> {
        match self {
            Self::Unknown { path, .. } | Self::BadValue { path, .. } => Some(path),
            Self::Version { .. } => Some("version"),
            Self::Shape { section, .. } => section.as_deref(),
            _ => None,
        }
    }

    /// Stable name for scripts.
    fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "config.unknown_setting",
            Self::BadValue { .. } | Self::Version { .. } => "config.bad_value",
            Self::Broken { .. } | Self::Shape { .. } => "config.broken_file",
            Self::Unreadable { .. } => "config.unreadable",
            Self::Unwritable { .. } => "config.unwritable",
            Self::Folder { .. } => "config.folder",
            Self::WakeWordUnknown => "config.wake_word_off",
            Self::EyesUnknown => "config.eyes_off",
            Self::NoHome => "config.no_home",
        }
    }

    /// What to do about it.
    fn hint(&self) -> String {
        match self {
            Self::Unknown { nearest: Some(nearest), .. } => {
                format!("Did you mean {nearest}? `jarvis config schema` lists every setting.")
            }
            Self::Unknown { nearest: None, .. } => "`jarvis config schema` lists every setting.".into(),
            Self::BadValue { path, origin, .. } => match origin {
                Origin::File(file) => {
                    format!("Change it in {}, or run `jarvis config reset {path}`.", file.display())
                }
                Origin::Environment(name) => format!("Change {name}, or remove it from the environment."),
                Origin::Flag(_) | Origin::Default => "Give another value.".into(),
            },
            Self::Version { file, .. } => format!("Change it in {}, or take that line out.", file.display()),
            Self::Shape { section: Some(section), .. } => {
                format!("Run `jarvis config reset {section}`, or mend that place in a text editor.")
            }
            Self::Broken { file, .. } | Self::Shape { file, .. } => format!(
                "Mend that place in a text editor, or move {} away to start from the defaults; Jarvis leaves it as it is.",
                file.display()
            ),
            Self::Unreadable { file, .. } => format!("Make {} a text file that you may read.", file.display()),
            Self::Unwritable { file, .. } => {
                format!("Check that you may write to the folder of {} and that the disk is not full.", file.display())
            }
            Self::Folder { folder, .. } => {
                format!("Check who owns {} and that you may write to it, or remove it.", folder.display())
            }
            Self::WakeWordUnknown => "Mend the settings; the hotkey works meanwhile.".into(),
            Self::EyesUnknown => "Mend the settings; everything else works meanwhile.".into(),
            Self::NoHome => "Set HOME, or JARVIS_DATA_DIR and JARVIS_CONFIG_DIR.".into(),
        }
    }
}

fn place(section: &Option<String>) -> String {
    section.as_ref().map_or_else(|| "the whole".into(), |section| format!("{section:?}"))
}

impl From<SettingsError> for jarvis_core::Error {
    fn from(error: SettingsError) -> Self {
        Self::new(error.code(), error.to_string(), error.hint())
    }
}
