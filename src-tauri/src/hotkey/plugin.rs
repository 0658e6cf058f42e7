//! Hotkeys where Tauri's plugin asks the system for them. Takes one combination at a time.

use super::Refusal;
use std::sync::{Arc, Mutex, PoisonError};
use tauri::{AppHandle, Wry};
use tauri_plugin_global_shortcut::{GlobalShortcutExt, Shortcut, ShortcutState};

/// The way to the keyboard.
pub struct Keys {
    app: AppHandle<Wry>,
    /// Told of each press (true) and release.
    tell: Arc<dyn Fn(bool) + Send + Sync>,
    taken: Mutex<Option<Shortcut>>,
}

impl Keys {
    /// From then on `tell` hears of each press (true) and release of the keys that are taken.
    pub fn open(app: &AppHandle<Wry>, tell: impl Fn(bool) + Send + Sync + 'static) -> Result<Self, Refusal> {
        let plugin = tauri_plugin_global_shortcut::Builder::new().build();
        app.plugin(plugin).map_err(|error| Refusal::Failed(error.to_string()))?;
        Ok(Self { app: app.clone(), tell: Arc::new(tell), taken: Mutex::new(None) })
    }

    /// Takes `keys`; what was taken before has to be given back first.
    pub fn take(&self, keys: &str) -> Result<(), Refusal> {
        let shortcut: Shortcut = keys.parse().map_err(|_| Refusal::Unknown)?;
        let tell = Arc::clone(&self.tell);
        let taken = self.app.global_shortcut().on_shortcut(shortcut, move |_, _, event| {
            tell(event.state == ShortcutState::Pressed);
        });
        taken.map_err(|error| match error.to_string() {
            reason if reason.to_lowercase().contains("already registered") => Refusal::Taken,
            reason => Refusal::Failed(reason),
        })?;
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) = Some(shortcut);
        Ok(())
    }

    /// Gives back what was taken, if anything was.
    pub fn give_back(&self) {
        if let Some(shortcut) = self.taken.lock().unwrap_or_else(PoisonError::into_inner).take()
            && let Err(error) = self.app.global_shortcut().unregister(shortcut)
        {
            tracing::warn!(%error, "the old hotkey could not be given back");
        }
    }

    /// Whether nobody has `keys`.
    pub fn is_free(&self, keys: &str) -> bool {
        let shortcuts = self.app.global_shortcut();
        shortcuts.register(keys).is_ok() && shortcuts.unregister(keys).is_ok()
    }
}

/// Whether `keys` can be asked for at all.
#[cfg(test)]
pub fn is_known(keys: &str) -> bool {
    keys.parse::<Shortcut>().is_ok()
}
