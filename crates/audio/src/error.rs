//! What can go wrong with sound, told apart; each turns into a sentence with a remedy at the seam.

use crate::device::Direction;
use std::path::PathBuf;

/// What went wrong with a device or a file.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AudioError {
    /// There is not a single device in that direction.
    #[error("There is no {direction}.")]
    NoDevice {
        /// Which side.
        direction: Direction,
    },
    /// No device answers to the name that was asked for.
    #[error("There is no {direction} called “{name}”. {}", there_are(.available))]
    UnknownDevice {
        /// Which side.
        direction: Direction,
        /// What was asked for.
        name: String,
        /// What exists.
        available: Vec<String>,
    },
    /// The device exists but could not be used.
    #[error("The {} cannot be opened: {reason}.", called(*.direction, .name))]
    Unavailable {
        /// Which side.
        direction: Direction,
        /// The device; empty for the system's default.
        name: String,
        /// In the sound system's words, without a final full stop.
        reason: String,
    },
    /// The operating system refuses access.
    #[error("This program is not allowed to use the {direction}.")]
    Refused {
        /// Which side.
        direction: Direction,
    },
    /// There is no sound server where there should be one.
    #[error("The sound server is not running, so there is no {direction}.")]
    NoServer {
        /// Which side.
        direction: Direction,
    },
    /// The sound system did not answer in time.
    #[error("The sound system did not answer within {seconds} seconds.")]
    NoAnswer {
        /// How long it was waited for.
        seconds: u64,
    },
    /// The device stopped delivering or taking sound.
    #[error("The {direction} stopped working: {reason}.")]
    Stopped {
        /// Which side.
        direction: Direction,
        /// In the sound system's words, without a final full stop.
        reason: String,
    },
    /// A file that cannot be opened, read or written.
    #[error("“{}” cannot be {action}: {reason}.", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// `read` or `written`.
        action: &'static str,
        /// In the operating system's words, without a final full stop.
        reason: String,
    },
    /// A file without a byte in it.
    #[error("“{}” is empty.", .path.display())]
    EmptyFile {
        /// The file.
        path: PathBuf,
    },
    /// A file that is not a WAV file.
    #[error("“{}” is not a WAV file.", .path.display())]
    NotWav {
        /// The file.
        path: PathBuf,
    },
    /// A WAV file that ends before its header says.
    #[error("“{}” ends in the middle of its sound.", .path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
    },
    /// A WAV file of a kind that is not read.
    #[error("“{}” holds {what}, which is not read.", .path.display())]
    UnsupportedWav {
        /// The file.
        path: PathBuf,
        /// What it holds.
        what: String,
    },
    /// A WAV file that is longer than the caller's limit.
    #[error("“{}” lasts {seconds} seconds; at most {limit} are taken at once.", .path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// How long it is.
        seconds: u64,
        /// How long it may be.
        limit: u64,
    },
    /// An effect on the voice was asked to do what it can't.
    #[error("The {effect} takes a {name} {allowed}, not {value}.")]
    Effect {
        /// Which effect.
        effect: &'static str,
        /// Which of its parameters.
        name: &'static str,
        /// What it was given.
        value: String,
        /// What it takes: `from 1 to 30`.
        allowed: String,
    },
}

fn called(direction: Direction, name: &str) -> String {
    if name.is_empty() { format!("{direction}") } else { format!("{direction} “{name}”") }
}

fn there_are(available: &[String]) -> String {
    match available {
        [] => "There is none at all.".into(),
        [one] => format!("The only one is “{one}”."),
        several => format!("There are: “{}”.", several.join("”, “")),
    }
}

impl AudioError {
    /// Stable, dotted and lower case, for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoDevice { direction: Direction::Input } => "audio.no_microphone",
            Self::NoDevice { direction: Direction::Output } => "audio.no_speaker",
            Self::UnknownDevice { .. } => "audio.unknown_device",
            Self::Unavailable { .. } => "audio.device_unavailable",
            Self::Refused { .. } => "audio.not_allowed",
            Self::NoServer { .. } => "audio.no_server",
            Self::NoAnswer { .. } => "audio.no_answer",
            Self::Stopped { .. } => "audio.device_lost",
            Self::File { .. } => "audio.file",
            Self::EmptyFile { .. } => "audio.empty_file",
            Self::NotWav { .. } => "audio.not_wav",
            Self::Truncated { .. } => "audio.truncated",
            Self::UnsupportedWav { .. } => "audio.unsupported",
            Self::TooLong { .. } => "audio.too_long",
            Self::Effect { .. } => "audio.effect_parameter",
        }
    }

    /// What to do about it, in a sentence.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::NoDevice { direction: Direction::Input } => {
                "Plug in a microphone, or switch one on in the system's sound settings; it is used as soon as it is there."
            }
            Self::NoDevice { direction: Direction::Output } => {
                "Plug in a speaker or headphones, or switch one on in the system's sound settings; it is used as soon as it is there."
            }
            Self::UnknownDevice { .. } => {
                "Choose one of these in the settings, or leave the name empty for the system's default."
            }
            Self::Unavailable { .. } => {
                "Close other programs that hold the device, or choose another one in the settings."
            }
            Self::Refused { .. } => {
                if cfg!(target_os = "macos") {
                    "Allow it under System Settings, Privacy & Security, Microphone, and start Jarvis again."
                } else {
                    "Give your user access to sound (on most systems: membership of the group “audio”), and log in again."
                }
            }
            Self::NoServer { .. } => {
                "Start it (`systemctl --user start pipewire-pulse` or `pulseaudio --start`); it is used as soon as it runs."
            }
            Self::NoAnswer { .. } => {
                "Restart the sound server (`systemctl --user restart pipewire-pulse` or `pulseaudio -k`) if it stays like this."
            }
            Self::Stopped { .. } => "Check the cable or the connection; it is used again as soon as it is back.",
            Self::File { .. } => "Check the name, and that you may access it.",
            Self::EmptyFile { .. } | Self::Truncated { .. } => "Record or copy it again.",
            Self::NotWav { .. } | Self::UnsupportedWav { .. } => {
                "Convert it first, for example with `ffmpeg -i FILE -ac 1 -ar 16000 out.wav`."
            }
            Self::TooLong { .. } => "Cut it into shorter pieces.",
            Self::Effect { .. } => "Give it a value in that range.",
        }
    }
}

impl From<AudioError> for jarvis_core::Error {
    fn from(error: AudioError) -> Self {
        Self::new(error.code(), error.to_string(), error.remedy())
    }
}

/// A reason from the sound system, fit for the middle of a sentence.
pub(crate) fn reason(error: &impl std::fmt::Display) -> String {
    error.to_string().trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_device_lists_what_exists() {
        let error = AudioError::UnknownDevice {
            direction: Direction::Input,
            name: "Blue".into(),
            available: vec!["Webcam".into(), "Headset".into()],
        };
        assert_eq!(error.to_string(), "There is no microphone called “Blue”. There are: “Webcam”, “Headset”.");
        let seam = jarvis_core::Error::from(error);
        assert_eq!(seam.code, "audio.unknown_device");
        assert!(!seam.hint.is_empty());
    }

    #[test]
    fn a_missing_device_is_named_by_what_people_call_it() {
        let error = AudioError::NoDevice { direction: Direction::Output };
        assert_eq!(error.to_string(), "There is no speaker.");
        assert_eq!(error.code(), "audio.no_speaker");
    }
}
