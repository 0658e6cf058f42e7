//! What can go wrong in recognition, told apart, and how it is told to a person.

use std::path::{Path, PathBuf};

/// A failure of speech recognition.
#[derive(Debug, thiserror::Error)]
pub enum SttError {
    /// A file of the model can't be read.
    #[error("The recognition model's file {path} can't be read: {reason}.")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// A file of the model is not what it should be.
    #[error("The recognition model's file {path} is damaged or not a Whisper model: {reason}.")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong in it, by name.
        reason: String,
    },
    /// The wish for a language that the model does not know.
    #[error("The recognition model does not know the language \"{language}\".")]
    Language {
        /// What was asked for.
        language: String,
        /// The codes that it knows; none if it knows English only.
        known: Vec<String>,
    },
    /// The tensor library failed.
    #[error("Speech recognition failed: {0}.")]
    Engine(#[from] candle_core::Error),
    /// [`jarvis_core::Cancel`] was raised.
    #[error("Speech recognition was cancelled.")]
    Cancelled,
}

impl SttError {
    /// A file that can't be read.
    pub(crate) fn unreadable(path: &Path, reason: impl std::fmt::Display) -> Self {
        Self::Unreadable { path: path.to_owned(), reason: reason.to_string() }
    }

    /// A file with the wrong contents.
    pub(crate) fn damaged(path: &Path, reason: impl std::fmt::Display) -> Self {
        Self::Damaged { path: path.to_owned(), reason: reason.to_string() }
    }

    /// The name by which the model is installed: the folder that its files lie in.
    fn model(path: &Path) -> String {
        path.parent().and_then(Path::file_name).map_or_else(|| "ID".into(), |name| name.to_string_lossy().into_owned())
    }
}

impl From<SttError> for jarvis_core::Error {
    fn from(error: SttError) -> Self {
        let message = error.to_string();
        match error {
            SttError::Unreadable { path, .. } => {
                let model = SttError::model(&path);
                Self::new("stt.model_missing", message, format!("Install it with `jarvis models pull {model}`."))
            }
            SttError::Damaged { path, .. } => {
                let model = SttError::model(&path);
                Self::new(
                    "stt.model_damaged",
                    message,
                    format!("Install it again with `jarvis models remove {model}` and `jarvis models pull {model}`."),
                )
            }
            SttError::Language { known, .. } if known.is_empty() => Self::new(
                "stt.language",
                message,
                "It knows English (`en`) only; others come with `jarvis models pull whisper-base` and `jarvis config set \
                 recognition.model whisper-base`.",
            ),
            SttError::Language { mut known, .. } => {
                known.sort_unstable();
                Self::new("stt.language", message, format!("It knows: {}.", known.join(", ")))
            }
            SttError::Engine(_) => Self::new(
                "stt.engine",
                message,
                "Try again; if it happens again, please report it together with the output of `jarvis doctor`.",
            ),
            SttError::Cancelled => Self::cancelled(),
        }
    }
}
