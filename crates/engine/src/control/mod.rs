//! The control socket: how `jarvis toggle`, a desktop's own key bindings and a second start reach the running instance.
//!
//! A Unix domain socket of mode 0600 in a folder of mode 0700; JSON, a line a message. Never decides anything: a request
//! becomes a [`crate::Command`]. A client can send what it likes, stop reading or never finish a line: it is refused or
//! dropped and nobody else notices.
//!
//! A request is `{"command":"toggle"}`, one of press, release, toggle, start, stop, cancel, mute, unmute, reload, quit,
//! status, hello, subscribe, or `{"command":"ask","text":"..."}`. The answer is `{"ok":true}`, with `"status"` where it was
//! asked for and `"turn"` after `ask`, or `{"error":{"code","message","hint"}}`. After `subscribe` the connection carries
//! events, as in `--events`.

mod client;
mod protocol;
mod server;

pub use client::{Events, connect, send, subscribe};
pub use protocol::{Request, Response};
pub use server::{Claim, Server, claim, serve};
