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
pub(crate) const ALLOWED: &str = "keys joined by \"+\", like \"Ctrl+Shift+Space\": any of Ctrl, Alt, Shift and Super, then \
     one of A to Z, 0 to 9, F1 to F24, Space, Enter, Tab, Escape, Backspace, Delete, Insert, Home, End, PageUp, PageDown, \
     Up, Down, Left, Right, Pause, PrintScreen, a punctuation mark, or a key like Numpad0 or MediaPlay";

/// Whether `keys` is modifiers (none, or each once) and then one key, all with names that are known.
pub(crate) fn is_hotkey(keys: &str) -> bool {
    let mut names: Vec<&str> = keys.split('+').map(str::trim).collect();
    let key = names.pop().unwrap_or_default();
    let is_modifier = |name: &&str| MODIFIERS.iter().any(|known| known.eq_ignore_ascii_case(name));
    names.len() <= 4 && names.iter().all(is_modifier) && is_key(key)
}

fn is_key(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let is_single = upper.len() == 1 && upper.chars().all(|c| c.is_ascii_alphanumeric());
    let is_function = upper.strip_prefix('F').is_some_and(|number| {
        !number.starts_with('0') && number.parse().is_ok_and(|number: u8| (1..=24).contains(&number))
    });
    is_single || is_function || NAMED.iter().any(|known| known.eq_ignore_ascii_case(name))
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
        for keys in ["Ctrl+Shift+Space", "f9", "super + J", "Ctrl+-", "Alt+/", "Ctrl+Alt+Shift+Super+A", "MediaPlay"] {
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
