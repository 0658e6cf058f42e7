//! The control socket: how `jarvis toggle`, a desktop's own key bindings and a second start reach the running instance.
//!
//! A Unix domain socket of mode 0600 in a folder of mode 0700; JSON, a line a message. Never decides anything: a request
//! becomes a [`crate::Command`]. A client can send what it likes, stop reading or never finish a line: it is refused or
//! dropped and nobody else notices.
//!
//! A request is `{"command":"toggle"}`, one of press, release, toggle, start, stop, cancel, mute, unmute, reload, quit,
//! status, hello, subscribe, or `{"command":"ask","text":"..."}`, whose answer is spoken, too, with `"aloud":true`. The
//! answer is `{"ok":true}`, with `"status"` where it was asked for, `"turn"` after `ask` and `"seen"` after
//! `{"command":"see","target":"active_window","question":"..."}`, or
//! `{"error":{"code","message","hint"}}`. `picture` answers with the picture that waits for the user's decision,
//! `{"command":"sendpicture","offer":N}` is that decision (with `"turn"`), `refusepicture` with its number the other one. After `subscribe` the connection carries events, as in `--events`. After `quit`
//! it is closed when the place of the running instance is free.
//!
//! Later versions may add requests, events and fields, and rename none. A request that is not known is refused with the code
//! `control.bad_request`; whoever sent it then learns from `status` which of the two is the older.
//!
//! A question cuts nobody off: it is answered when no turn goes on, or refused after half a minute. Only "stop" does not
//! wait.

mod client;
mod protocol;
mod question;
mod server;

pub use client::{Events, connect, quit, send, subscribe};
pub use protocol::{Request, Response};
pub use question::{ask, see, send_picture};
pub use server::{Claim, Server, claim, serve};
