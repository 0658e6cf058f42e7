//! The desktop and the machine around Jarvis.

use std::env::var_os;
use std::path::Path;

use jarvis_models::free_space;

use super::Found;

/// Free disk that models and their downloads want.
const DISK: u64 = 1_000_000_000;

fn is_set(variable: &str) -> bool {
    var_os(variable).is_some_and(|value| !value.is_empty())
}

pub(super) fn hotkey(keys: &str) -> Found {
    if cfg!(target_os = "macos") {
        return Found::ok(format!("{keys} is registered when the app starts."));
    }
    if is_set("WAYLAND_DISPLAY") {
        return Found::warn(
            "Wayland desktops give no global hotkeys to applications.",
            "Bind the command `jarvis toggle` to a key in the desktop's keyboard settings.",
        );
    }
    if is_set("DISPLAY") {
        Found::ok(format!("{keys} is registered when the app starts."))
    } else {
        Found::warn("There is no display, so no hotkey.", "Use the wake word, or `jarvis toggle`.")
    }
}

pub(super) fn display() -> Found {
    if cfg!(target_os = "macos") || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY") {
        Found::ok("There is a display for the window.")
    } else {
        Found::warn("There is no display.", "`jarvis run` works without one.")
    }
}

#[cfg(target_os = "macos")]
pub(super) fn notifications() -> Found {
    Found::ok("The system shows notifications.")
}

#[cfg(not(target_os = "macos"))]
pub(super) fn notifications() -> Found {
    match notify_rust::get_server_information() {
        Ok(server) => Found::ok(format!("{} shows notifications.", server.name)),
        Err(_) => Found::warn(
            "There is no D-Bus session with a notification service, so timers are only spoken.",
            "On a desktop, start a notification service; on a server, nothing is to be done.",
        ),
    }
}

pub(super) fn disk(folder: &Path) -> Found {
    // The folder may not be there yet; what counts is the disk that it will be on.
    let there = folder.ancestors().find(|ancestor| ancestor.is_dir()).unwrap_or(Path::new("/"));
    match free_space(there) {
        Ok(free) if free < DISK => Found::warn(
            format!("Only {} MB are free for models in {}.", free / 1_000_000, folder.display()),
            "Free some space, or set JARVIS_DATA_DIR to a folder on another disk.",
        ),
        Ok(free) => Found::ok(format!("{:.1} GB are free in {}.", free as f64 / 1e9, folder.display())),
        Err(_) => Found::warn(
            format!("It cannot be told how much is free in {}.", folder.display()),
            "Check that the folder can be read.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_yet_is_on_a_disk_all_the_same() {
        let found = disk(Path::new("/tmp/not/there/yet"));
        assert!(found.detail.contains("/tmp/not/there/yet"));
    }
}
