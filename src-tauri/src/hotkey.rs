//! The global hotkey: taken from the desktop, given back when it changes, and what is wrong with it in words.
//!
//! Passes key-down and key-up on as they are; what they mean (hold or toggle) is the engine's. A key that is held is one
//! press, however the system repeats it.

#[cfg(not(target_os = "linux"))]
mod plugin;
#[cfg(target_os = "linux")]
mod x11;

#[cfg(not(target_os = "linux"))]
use plugin as keyboard;
#[cfg(target_os = "linux")]
use x11 as keyboard;

use crate::{app, display};
use jarvis_core::Error;
use jarvis_engine::Command;
use keyboard::Keys;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tauri::{AppHandle, Wry};

/// What is offered in place of a hotkey that is taken, likeliest first.
const OFFERS: [&str; 5] = ["Ctrl+Alt+Space", "Ctrl+Shift+J", "Ctrl+Alt+J", "Super+J", "F9"];

/// The hotkey as it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Keys joined by `+`.
    pub keys: String,
    /// Why it does not work, if it does not.
    pub problem: Option<Error>,
    /// Keys that would work in its place.
    pub offer: Option<String>,
}

/// Why keys could not be had.
#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    /// The desktop has no such keys.
    Unknown,
    /// Another application has them.
    Taken,
    /// Anything else.
    Failed(String),
}

/// The one hotkey of this program.
#[derive(Default)]
pub struct Hotkey(Mutex<Held>);

#[derive(Default)]
struct Held {
    standing: Standing,
    keys: Option<Keys>,
}

impl Hotkey {
    /// How it stands.
    pub fn standing(&self) -> Standing {
        self.held().standing.clone()
    }

    /// Gives the old keys back and takes `keys`. When they cannot be had, Jarvis goes on without a hotkey, and the
    /// standing says why and what could be taken instead.
    pub fn take(&self, app: &AppHandle<Wry>, keys: &str) -> Standing {
        let mut held = self.held();
        if held.standing.problem.is_none() && held.standing.keys == keys {
            return held.standing.clone();
        }
        let problem = display::hotkey_problem().or_else(|| held.change(app, keys).err());
        let is_there_another = problem.as_ref().is_some_and(|problem| problem.code != "shell.wayland_hotkey");
        let offer = if is_there_another { held.offer(keys) } else { None };
        held.standing = Standing { keys: keys.to_owned(), problem, offer };
        if let Some(problem) = &held.standing.problem {
            tracing::warn!(keys, code = problem.code, offer = held.standing.offer, "{}", problem.message);
        }
        held.standing.clone()
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn change(&mut self, app: &AppHandle<Wry>, keys: &str) -> Result<(), Error> {
        if let Some(taken) = &self.keys {
            taken.give_back();
        } else {
            let told = app.clone();
            let tell = move |pressed| app::send(&told, if pressed { Command::Press } else { Command::Release });
            self.keys = Some(Keys::open(app, tell).map_err(|refusal| explain(keys, &refusal))?);
        }
        self.keys.as_ref().map_or(Ok(()), |ours| ours.take(keys)).map_err(|refusal| explain(keys, &refusal))
    }

    /// The first of our offers that nobody has.
    fn offer(&self, but: &str) -> Option<String> {
        let keys = self.keys.as_ref()?;
        OFFERS.into_iter().find(|offer| *offer != but && keys.is_free(offer)).map(str::to_owned)
    }
}

fn explain(keys: &str, refusal: &Refusal) -> Error {
    match refusal {
        Refusal::Unknown => Error::new(
            "shell.unknown_hotkey",
            format!("{keys} is not a combination of keys that this desktop knows."),
            "Choose another in the settings, like Ctrl+Shift+Space.",
        ),
        Refusal::Taken => Error::new(
            "shell.hotkey_taken",
            format!("Another application already has {keys}; the desktop does not tell which."),
            "Choose other keys here, or free them in that application and start Jarvis again.",
        ),
        Refusal::Failed(reason) => Error::new(
            "shell.hotkey_refused",
            format!("The desktop does not give out {keys} as a hotkey ({reason})."),
            "Choose other keys, or bind the command `jarvis toggle` in your desktop's keyboard settings.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_offer_and_what_the_window_names_is_known() {
        // The names that ui/src/lib/hotkey.ts gives to keys.
        let named = ["Ctrl+Alt+Up", "Ctrl+Left", "Ctrl+-", "Ctrl+=", "Alt+,", "Alt+/", "Super+;", "Ctrl+'", "Ctrl+\\"];
        let more =
            ["Ctrl+[", "Ctrl+`", "Ctrl+Alt+Shift+Super+A", "Ctrl+0", "F12", "Pause", "Ctrl+Numpad5", "MediaPlay"];
        for keys in OFFERS.into_iter().chain(named).chain(more) {
            assert!(keyboard::is_known(keys), "{keys}");
        }
    }

    #[test]
    fn every_key_that_the_settings_take_is_known_here() {
        for key in jarvis_settings::named_keys() {
            assert!(keyboard::is_known(&format!("Ctrl+{key}")), "{key}");
        }
    }
}
