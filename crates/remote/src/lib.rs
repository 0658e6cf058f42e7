//! Models on other programs: a client of the OpenAI-compatible interface that OpenAI, Ollama, llama.cpp, vLLM and others
//! serve, behind the seams of `core`, so that a turn does not know who answers.
//!
//! Owns the way there and its limits: which addresses are allowed ([`Address`]), keys ([`Key`]), the time, memory and
//! number of requests that a server may cost ([`Limits`]), the breaker that keeps a dead one from costing them again, and
//! what its answers may look like. What speaks through it: [`Chat`], [`Voice`] and [`Transcription`]; and [`Minds`],
//! [`Voices`] and [`Ears`], which have another model answer when the first one fails before its first words or sound.
//!
//! Never used unless somebody made a [`Server`], which only the user's settings do. Follows no redirect, so words go to no
//! host that was not named; trusts nothing that comes back; keeps nothing on disk; and writes neither keys nor words to
//! the log or into an error.

mod address;
mod breaker;
mod chat;
mod error;
mod events;
mod health;
mod in_order;
mod key;
mod limits;
mod server;
mod sound;
mod transcription;
mod voice;

pub use address::{Address, Reach};
pub use chat::{Chat, Picture};
pub use error::RemoteError;
pub use health::{Health, Link};
pub use in_order::{Ears, Minds, Voices};
pub use key::{Found, Key, Keyring, SystemKeyring, key_for};
pub use limits::Limits;
pub use server::{Server, Worker};
pub use transcription::Transcription;
pub use voice::Voice;

#[cfg(test)]
mod testing;
