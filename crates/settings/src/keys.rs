//! The names of keys that a hotkey can be made of, whatever their case.
//!
//! They are those that desktops know (the window's tests hold the list against the desktop's own). Whether a combination
//! is still free is the desktop's knowledge alone.

/// Held together with a key.
const MODIFIERS: [&str; 12] = [
    "Ctrl",
    "Control",
    "Alt",
    "Option",
    "Shift",
    "Super",
    "Cmd",
    "Command",
    "CmdOrCtrl",
    "CmdOrControl",
    "CommandOrCtrl",
    "CommandOrControl",
];

/// Keys with a name, beside letters, digits and F1 to F24.
#[rustfmt::skip]
const NAMED: [&str; 79] = [
    "Space", "Enter", "Tab", "Escape", "Esc", "Backspace", "Delete", "Insert", "Home", "End", "PageUp", "PageDown",
    "Up", "Down", "Left", "Right", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight",
    "Pause", "PauseBreak", "PrintScreen", "ScrollLock", "CapsLock", "NumLock",
    "-", "=", ",", ".", "/", ";", "'", "\\", "[", "]", "`",
    "Minus", "Equal", "Comma", "Period", "Slash", "Semicolon", "Quote", "Backslash", "BracketLeft", "BracketRight",
    "Backquote",
    "Numpad0", "Numpad1", "Numpad2", "Numpad3", "Numpad4", "Numpad5", "Numpad6", "Numpad7", "Numpad8", "Numpad9",
    "NumpadAdd", "NumpadPlus", "NumpadSubtract", "NumpadMultiply", "NumpadDivide", "NumpadDecimal", "NumpadEnter",
    "NumpadEqual",
    "MediaPlay", "MediaPause", "MediaPlayPause", "MediaStop", "MediaTrackNext", "MediaTrackPrev", "MediaTrackPrevious",
    "AudioVolumeDown", "AudioVolumeUp", "AudioVolumeMute", "VolumeDown", "VolumeUp", "VolumeMute",
];

/// What is allowed, to complete "It has to be ...".
pub(crate) const ALLOWED: &str = "keys joined by \"+\", like \"Ctrl+Shift+Space\": Ctrl, Alt, Shift or Super, each once, then \
     one of A to Z, 0 to 9, F1 to F24, Space, Enter, Tab, Escape, Backspace, Delete, Insert, Home, End, PageUp, PageDown, \
     Up, Down, Left, Right, Pause, PrintScreen, a punctuation mark, or a key like Numpad0 or MediaPlay; without any of the \
     first four only a key that nobody types with, such as F9, Pause or MediaPlay";

/// Whether `keys` is modifiers, each once, and then one key, all with names that are known. Without modifiers the key has
/// to be one that nobody types with: a hotkey is taken from every other program.
pub(crate) fn is_hotkey(keys: &str) -> bool {
    let mut names: Vec<&str> = keys.split('+').map(str::trim).collect();
    let key = names.pop().unwrap_or_default();
    let Some(mut held) = names.iter().map(|name| modifier(name)).collect::<Option<Vec<_>>>() else { return false };
    held.sort_unstable();
    held.dedup();
    held.len() == names.len() && is_key(key) && (!held.is_empty() || is_for_itself(key))
}

/// Which key is held down, by any of its names.
fn modifier(name: &str) -> Option<&'static str> {
    let known = MODIFIERS.iter().find(|known| known.eq_ignore_ascii_case(name))?;
    Some(match *known {
        "Ctrl" | "Control" => "Ctrl",
        "Alt" | "Option" => "Alt",
        "Shift" => "Shift",
        "Super" | "Cmd" | "Command" => "Super",
        // The one that shortcuts are made with on this machine.
        _ if cfg!(target_os = "macos") => "Super",
        _ => "Ctrl",
    })
}

fn is_key(name: &str) -> bool {
    let is_single = name.len() == 1 && name.chars().all(|c| c.is_ascii_alphanumeric());
    is_single || is_function(name) || NAMED.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// F1 to F24.
fn is_function(name: &str) -> bool {
    name.strip_prefix(['F', 'f']).is_some_and(|number| {
        !number.starts_with(['0', '+']) && number.parse().is_ok_and(|number: u8| (1..=24).contains(&number))
    })
}

/// Whether a key can be spared when no other is held with it.
fn is_for_itself(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let spare = ["pause", "pausebreak", "printscreen", "scrolllock", "capslock", "insert"];
    is_function(name)
        || spare.contains(&lower.as_str())
        || ["media", "volume", "audiovolume"].iter().any(|kind| lower.starts_with(kind))
}

/// Every key with a name of its own, for tests that hold the list against a desktop's.
pub fn named_keys() -> impl Iterator<Item = String> {
    let letters = ('A'..='Z').chain('0'..='9').map(String::from);
    NAMED.iter().map(|name| (*name).to_owned()).chain(letters).chain((1..=24).map(|number| format!("F{number}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_known_by_name() {
        for keys in [
            "Ctrl+Shift+Space",
            "f9",
            "super + J",
            "Ctrl+-",
            "Alt+/",
            "Ctrl+Alt+Shift+Super+A",
            "MediaPlay",
            "VolumeMute",
            "Pause",
            "Alt+Escape",
        ] {
            assert!(is_hotkey(keys), "{keys}");
        }
        for keys in [
            "",
            "Ctrl",
            "Ctrl+",
            "Ctrl++",
            "Ctrl+Shift",
            "Space+Ctrl",
            "A+B",
            "Ctrl+Foo",
            "F0",
            "F25",
            "F01",
            "Hyper+A",
            "ä",
            "Ctrl+Ctrl+J",
            "Ctrl+Control+J",
            "A",
            "7",
            "-",
            "Escape",
            "Enter",
            "Tab",
            "Space",
            "Left",
            "Numpad0",
        ] {
            assert!(!is_hotkey(keys), "{keys}");
        }
    }

    #[test]
    fn every_named_key_is_a_hotkey() {
        for key in named_keys() {
            assert!(is_hotkey(&format!("Ctrl+{key}")), "{key}");
        }
    }
}
