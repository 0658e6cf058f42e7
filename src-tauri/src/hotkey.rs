//! The global hotkey: taken from the desktop, given back when it changes, and what is wrong with it in words.
//!
//! Passes key-down and key-up on as they are; what they mean (hold or toggle) is the engine's. The X server repeats a held
//! key, but the grab reports only the first press and the real release.

use crate::{app, display};
use jarvis_core::Error;
use jarvis_engine::Command;
use std::sync::{Mutex, PoisonError};
use tauri::{AppHandle, Wry};
use tauri_plugin_global_shortcut::{GlobalShortcutExt, Shortcut, ShortcutState};

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

/// The one hotkey of this program.
#[derive(Default)]
pub struct Hotkey(Mutex<Standing>);

impl Hotkey {
    /// How it stands.
    pub fn standing(&self) -> Standing {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Gives the old keys back and takes `keys`. When they cannot be had, Jarvis goes on without a hotkey, and the
    /// standing says why and what could be taken instead.
    pub fn take(&self, app: &AppHandle<Wry>, keys: &str) -> Standing {
        let mut standing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if standing.problem.is_none() && !standing.keys.is_empty() {
            if standing.keys == keys {
                return standing.clone();
            }
            if let Err(error) = app.global_shortcut().unregister(standing.keys.as_str()) {
                tracing::warn!(%error, keys = standing.keys, "the old hotkey could not be given back");
            }
        }
        let problem = display::hotkey_problem().or_else(|| register(app, keys).err());
        let offer = problem.as_ref().filter(|p| p.code != "shell.wayland_hotkey").and_then(|_| free(app, keys));
        *standing = Standing { keys: keys.to_owned(), problem, offer };
        if let Some(problem) = &standing.problem {
            tracing::warn!(keys, code = problem.code, offer = standing.offer, "{}", problem.message);
        }
        standing.clone()
    }
}

fn register(app: &AppHandle<Wry>, keys: &str) -> Result<(), Error> {
    let shortcut: Shortcut = keys.parse().map_err(|_| unknown(keys))?;
    let taken = app.global_shortcut().on_shortcut(shortcut, |app, _, event| {
        app::send(
            app,
            match event.state {
                ShortcutState::Pressed => Command::Press,
                ShortcutState::Released => Command::Release,
            },
        );
    });
    taken.map_err(|error| refused(keys, &error.to_string()))
}

/// The first of our offers that nobody has.
fn free(app: &AppHandle<Wry>, but: &str) -> Option<String> {
    let shortcuts = app.global_shortcut();
    let is_free = |keys: &&str| shortcuts.register(*keys).is_ok() && shortcuts.unregister(*keys).is_ok();
    OFFERS.into_iter().filter(|keys| *keys != but).find(is_free).map(str::to_owned)
}

fn unknown(keys: &str) -> Error {
    Error::new(
        "shell.unknown_hotkey",
        format!("{keys} is not a combination of keys that this desktop knows."),
        "Choose another in the settings, like Ctrl+Shift+Space.",
    )
}

fn refused(keys: &str, reason: &str) -> Error {
    if reason.to_lowercase().contains("already registered") {
        return Error::new(
            "shell.hotkey_taken",
            format!("Another application already has {keys}; the desktop does not tell which."),
            "Choose other keys here, or free them in that application and start Jarvis again.",
        );
    }
    Error::new(
        "shell.hotkey_refused",
        format!("The desktop does not give out {keys} as a hotkey ({reason})."),
        "Choose other keys, or bind the command `jarvis toggle` in your desktop's keyboard settings.",
    )
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
            assert!(keys.parse::<Shortcut>().is_ok(), "{keys}");
        }
    }

    #[test]
    fn every_key_that_the_settings_take_is_known_here() {
        for key in jarvis_settings::named_keys() {
            assert!(format!("Ctrl+{key}").parse::<Shortcut>().is_ok(), "{key}");
        }
    }

    #[test]
    fn a_taken_hotkey_is_told_apart_from_a_refused_one() {
        assert_eq!(refused("Ctrl+Shift+Space", "HotKey already registered: HotKey").code, "shell.hotkey_taken");
        assert_eq!(refused("Ctrl+Shift+Space", "no display").code, "shell.hotkey_refused");
    }
}
