//! What can go wrong with a server, each in a sentence with its remedy.
//!
//! Never holds a key, nor anything that was asked or answered but a server's own short words about why it refused.

use std::time::Duration;

/// Which part of an exchange took too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    Connect,
    FirstWords,
    Between,
    Whole,
}

/// What can go wrong with a server.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// The address can't be used.
    #[error("The address of the model server can't be used: {reason}.")]
    BadAddress {
        /// Why.
        reason: String,
    },
    /// What is said to it could be read on the way.
    #[error(
        "{host} is not on this machine or its own network, and over http everyone on the way there can read along."
    )]
    InTheClear {
        /// Which server.
        host: String,
    },
    /// No connection.
    #[error("{host} can't be reached: {detail}.")]
    Unreachable {
        /// Which server.
        host: String,
        /// Why.
        detail: String,
    },
    /// It takes too long.
    #[error("{host} {what} within {limit:?}.")]
    Slow {
        /// Which server.
        host: String,
        /// What it did not do.
        what: &'static str,
        /// How long it had.
        limit: Duration,
    },
    /// It knows no such key, or none was sent.
    #[error("{host} does not accept the key ({status}).")]
    Unauthorized {
        /// Which server.
        host: String,
        /// HTTP status.
        status: u16,
        /// Whether a key was sent.
        sent: bool,
    },
    /// It wants a key, and there may be one that could not be read.
    #[error("{host} wants a key ({status}), and the system's keyring can't be asked for it: {detail}.")]
    KeyUnread {
        /// Which server.
        host: String,
        /// HTTP status.
        status: u16,
        /// Why.
        detail: String,
    },
    /// It won't do this.
    #[error("{host} refuses the request ({status}){}.", said_after(said))]
    Refused {
        /// Which server.
        host: String,
        /// HTTP status.
        status: u16,
        /// Its own words, made harmless; may be empty.
        said: String,
    },
    /// It wants to be asked in other words, which are known from now on. What was asked is not sent again by itself.
    #[error("{host} did not take the request as it was put, and is asked in its own way from now on.")]
    Reworded {
        /// Which server.
        host: String,
    },
    /// It has too much to do, or the user asked it too often.
    #[error("{host} has too much to do ({status}).")]
    Busy {
        /// Which server.
        host: String,
        /// HTTP status.
        status: u16,
        /// When to come back, if it says so.
        after: Option<Duration>,
    },
    /// Something is broken there.
    #[error("{host} has failed ({status}){}.", said_after(said))]
    Failed {
        /// Which server.
        host: String,
        /// HTTP status.
        status: u16,
        /// Its own words, made harmless; may be empty.
        said: String,
    },
    /// It wants the request to be sent somewhere else.
    #[error("{host} wants the request to go to another address, which Jarvis does not do.")]
    Redirected {
        /// Which server.
        host: String,
    },
    /// What it answers is no answer.
    #[error("{host} answers with something that is no answer: {detail}.")]
    Garbled {
        /// Which server.
        host: String,
        /// What is wrong with it.
        detail: String,
    },
    /// It answers without an end.
    #[error("{host} answers with more than {limit} bytes.")]
    TooMuch {
        /// Which server.
        host: String,
        /// How much is taken.
        limit: usize,
    },
    /// The connection ended before the answer did.
    #[error("{host} broke off in the middle.")]
    BrokeOff {
        /// Which server.
        host: String,
        /// Whether nothing of an answer had come.
        before_answer: bool,
    },
    /// It failed a moment ago and is left alone for now.
    #[error("{host} failed a moment ago and is left alone for {} s.", wait.as_secs().max(1))]
    Resting {
        /// Which server.
        host: String,
        /// For how long.
        wait: Duration,
    },
    /// The user's own limit of requests is used up.
    #[error("{host} was asked as often as the settings allow for now.")]
    TooOften {
        /// Which server.
        host: String,
    },
    /// Whether a sound is a wake word can't be told elsewhere.
    #[error("What may be the wake word is not sent to another program.")]
    NotWeighed,
    /// A prompt that can't be sent.
    #[error("A model on another program takes a dialogue and no raw text.")]
    RawPrompt,
    /// An answer's form, which a server may keep to or not.
    #[error("A model on another program can't be held to the form of an answer.")]
    Constraint,
    /// What no other program may see.
    #[error("What stands on the screen is given to no model and no voice of another program.")]
    StaysHere,
    /// No key where one was promised.
    #[error("There is no key in the environment variable {variable}.")]
    NoKey {
        /// The variable's name.
        variable: String,
    },
    /// What is there is no key.
    #[error("The key {from} is none: it has to be one word of ASCII characters.")]
    BadKey {
        /// Where it was found.
        from: String,
    },
    /// A key may not be sent to this address.
    #[error("The key is not sent to {host}: everyone on the way could read it.")]
    KeyInTheClear {
        /// Which server.
        host: String,
    },
    /// The system's keyring can't be used.
    #[error("The system's keyring can't be used: {detail}.")]
    Keyring {
        /// Why.
        detail: String,
    },
    /// Nobody's certificate can be checked.
    #[error("No secure connection can be made: {detail}.")]
    Certificates {
        /// Why.
        detail: String,
    },
    /// The program can't speak over the network at all.
    #[error("The network can't be used: {detail}.")]
    Setup {
        /// Why.
        detail: String,
    },
    /// Nobody wants the answer any more.
    #[error("This was cancelled.")]
    Cancelled,
}

/// What a server does that can't be reached in time.
const NO_CONNECTION: &str = "takes no connection";

fn said_after(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(": {}", said.trim_end_matches('.')) }
}

impl RemoteError {
    pub(crate) fn slow(host: &str, wait: Wait, limit: Duration) -> Self {
        let what = match wait {
            Wait::Connect => NO_CONNECTION,
            Wait::FirstWords => "gives no answer",
            Wait::Between => "does not go on with its answer",
            Wait::Whole => "does not end its answer",
        };
        Self::Slow { host: host.to_owned(), what, limit }
    }

    /// Whether the server is the cause, so that the next request would most likely fail as well. What is about this one
    /// request, or about the user's own limits, is not.
    pub(crate) fn is_the_server_s(&self) -> bool {
        !matches!(
            self,
            Self::Refused { status: 400 | 409 | 413 | 415 | 422, .. }
                | Self::Reworded { .. }
                | Self::TooOften { .. }
                | Self::Resting { .. }
                | Self::RawPrompt
                | Self::Constraint
                | Self::StaysHere
                | Self::NotWeighed
                | Self::Cancelled
        )
    }

    /// Whether the server would fail at anything else as well: it is not there, or takes nothing from us.
    pub(crate) fn is_about_everything(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::InTheClear { .. }
                | Self::Slow { what: NO_CONNECTION, .. }
                | Self::Unauthorized { status: 401, .. }
                | Self::KeyUnread { status: 401, .. }
                | Self::Certificates { .. }
                | Self::Setup { .. }
        )
    }

    /// Whether the server takes nothing from who has no other key.
    pub(crate) fn is_about_the_key(&self) -> bool {
        matches!(self, Self::Unauthorized { status: 401, .. } | Self::KeyUnread { status: 401, .. })
    }

    fn code(&self) -> &'static str {
        match self {
            Self::BadAddress { .. } => "remote.address",
            Self::InTheClear { .. } => "remote.in_the_clear",
            Self::Unreachable { .. } => "remote.unreachable",
            Self::Slow { .. } => "remote.slow",
            Self::Unauthorized { .. } => "remote.unauthorized",
            Self::KeyUnread { .. } => "remote.key_unread",
            Self::Refused { .. } => "remote.refused",
            Self::Reworded { .. } => "remote.reworded",
            Self::Busy { .. } => "remote.busy",
            Self::Failed { .. } => "remote.failed",
            Self::Redirected { .. } => "remote.redirected",
            Self::Garbled { .. } => "remote.garbled",
            Self::TooMuch { .. } => "remote.too_much",
            Self::BrokeOff { .. } => "remote.broke_off",
            Self::Resting { .. } => "remote.resting",
            Self::TooOften { .. } => "remote.too_often",
            Self::NotWeighed => "remote.not_weighed",
            Self::RawPrompt => "remote.raw_prompt",
            Self::Constraint => "remote.constraint",
            Self::StaysHere => "remote.stays_here",
            Self::NoKey { .. } => "remote.no_key",
            Self::BadKey { .. } => "remote.bad_key",
            Self::KeyInTheClear { .. } => "remote.key_in_the_clear",
            Self::Keyring { .. } => "remote.keyring",
            Self::Certificates { .. } => "remote.certificates",
            Self::Setup { .. } => "remote.setup",
            Self::Cancelled => "cancelled",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::BadAddress { .. } => "Set it like `jarvis config set remote.address http://127.0.0.1:11434/v1`.",
            Self::InTheClear { .. } => {
                "Give its address with https:// in front. Over http only this machine is asked (127.0.0.1), private addresses \
                 such as 192.168.1.5, and names such as nas.local."
            }
            Self::Unreachable { .. } | Self::BrokeOff { .. } => {
                "Check that it runs and that remote.address is right; `jarvis remote` tries it."
            }
            Self::Slow { .. } => {
                "Try it with `jarvis remote`; a model that is loaded first may need more: remote.first_words_seconds."
            }
            Self::Unauthorized { sent: true, .. } => "Give the right key with `jarvis remote set-key`.",
            Self::Unauthorized { sent: false, .. } => {
                "Give it a key with `jarvis remote set-key`, or name the environment variable in remote.key_variable."
            }
            Self::KeyUnread { .. } => {
                "Unlock the keyring and run `jarvis remote`, or name an environment variable with the key: `jarvis config set \
                 remote.key_variable NAME`."
            }
            Self::Refused { .. } => "`jarvis remote` lists the models that it has; set one as remote.model.",
            Self::Reworded { .. } => "Ask once more.",
            Self::Busy { .. } | Self::Resting { .. } | Self::Failed { .. } => "Jarvis tries it again by itself.",
            Self::Redirected { .. } => "Set remote.address to where it really is.",
            Self::Garbled { .. } | Self::TooMuch { .. } => {
                "Check that remote.address is the address of an OpenAI-compatible server."
            }
            Self::TooOften { .. } => "Wait a minute, or set remote.per_minute higher.",
            Self::NotWeighed => "Install a recognizer of this machine with `jarvis models pull`.",
            Self::RawPrompt | Self::Constraint | Self::StaysHere => "Use a model of this machine for it.",
            Self::NoKey { .. } => {
                "Set the variable where Jarvis is started, or store the key with `jarvis remote set-key`."
            }
            Self::BadKey { .. } => "Copy it once more, whole and without quotes.",
            Self::KeyInTheClear { .. } => "Give the server an https address.",
            Self::Keyring { .. } => {
                "Unlock it, or name an environment variable with the key: `jarvis config set remote.key_variable NAME`."
            }
            Self::Certificates { .. } => {
                "Install the certificates that this system trusts (most call the package ca-certificates)."
            }
            Self::Setup { .. } => "Restart Jarvis; if it stays so, please report it.",
            Self::Cancelled => "",
        }
    }
}

impl From<RemoteError> for jarvis_core::Error {
    fn from(error: RemoteError) -> Self {
        Self::new(error.code(), error.to_string(), error.hint())
    }
}
