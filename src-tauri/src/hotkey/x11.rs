//! Hotkeys on X11: keys that are grabbed on the root window, and one thread that sleeps until the server tells of them.
//!
//! Keysyms, masks and grabs are those of the X Window System Protocol (X Version 11, Release 7) and of `XF86keysym.h`.
//! Grabs one combination at a time. Never looks at any other key, and never polls.

use super::Refusal;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tauri::{AppHandle, Wry};
use x11rb::connection::Connection;
use x11rb::errors::ReplyError;
use x11rb::protocol::xkb::{self, ConnectionExt as _};
use x11rb::protocol::xproto::{ConnectionExt as _, GrabMode, Keycode, Mapping, ModMask, Window};
use x11rb::protocol::{ErrorKind, Event};
use x11rb::rust_connection::RustConnection;

/// Caps Lock and Num Lock are modifiers to the server, and a hotkey works whether they are on or not.
fn locks() -> [ModMask; 4] {
    [ModMask::default(), ModMask::LOCK, ModMask::M2, ModMask::LOCK | ModMask::M2]
}

/// Keysyms of the keys that are called by a name. Letters, digits, punctuation marks and function keys have theirs by
/// rule.
#[rustfmt::skip]
const NAMED: [(&str, u32); 68] = [
    ("space", 0x20), ("enter", 0xff0d), ("tab", 0xff09), ("escape", 0xff1b), ("esc", 0xff1b), ("backspace", 0xff08),
    ("delete", 0xffff), ("insert", 0xff63), ("home", 0xff50), ("end", 0xff57), ("pageup", 0xff55), ("pagedown", 0xff56),
    ("up", 0xff52), ("down", 0xff54), ("left", 0xff51), ("right", 0xff53),
    ("arrowup", 0xff52), ("arrowdown", 0xff54), ("arrowleft", 0xff51), ("arrowright", 0xff53),
    ("pause", 0xff13), ("pausebreak", 0xff13), ("printscreen", 0xff61), ("scrolllock", 0xff14), ("capslock", 0xffe5),
    ("numlock", 0xff7f),
    ("minus", 0x2d), ("equal", 0x3d), ("comma", 0x2c), ("period", 0x2e), ("slash", 0x2f), ("semicolon", 0x3b),
    ("quote", 0x27), ("backslash", 0x5c), ("bracketleft", 0x5b), ("bracketright", 0x5d), ("backquote", 0x60),
    ("numpad0", 0xffb0), ("numpad1", 0xffb1), ("numpad2", 0xffb2), ("numpad3", 0xffb3), ("numpad4", 0xffb4),
    ("numpad5", 0xffb5), ("numpad6", 0xffb6), ("numpad7", 0xffb7), ("numpad8", 0xffb8), ("numpad9", 0xffb9),
    ("numpadadd", 0xffab), ("numpadplus", 0xffab), ("numpadsubtract", 0xffad), ("numpadmultiply", 0xffaa),
    ("numpaddivide", 0xffaf), ("numpaddecimal", 0xffae), ("numpadenter", 0xff8d), ("numpadequal", 0xffbd),
    ("mediaplay", 0x1008_ff14), ("mediapause", 0x1008_ff31), ("mediaplaypause", 0x1008_ff14), ("mediastop", 0x1008_ff15),
    ("mediatracknext", 0x1008_ff17), ("mediatrackprev", 0x1008_ff16), ("mediatrackprevious", 0x1008_ff16),
    ("audiovolumedown", 0x1008_ff11), ("audiovolumeup", 0x1008_ff13), ("audiovolumemute", 0x1008_ff12),
    ("volumedown", 0x1008_ff11), ("volumeup", 0x1008_ff13), ("volumemute", 0x1008_ff12),
];

/// The way to the keyboard. The connection stays open until the program ends.
pub struct Keys(Arc<Desk>);

struct Desk {
    server: RustConnection,
    root: Window,
    grabbed: Mutex<Option<Grab>>,
    /// Told of each press (true) and release.
    tell: Box<dyn Fn(bool) + Send + Sync>,
}

/// The keys that are ours.
struct Grab {
    wanted: Combination,
    /// `None` while the keyboard's layout has no such key, or another program has it.
    key: Option<Keycode>,
    is_down: bool,
}

/// A combination of keys, as the server understands it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Combination {
    modifiers: ModMask,
    keysym: u32,
}

impl Keys {
    /// Connects to the desktop; from then on `tell` hears of each press (true) and release of the keys that are taken.
    pub fn open(_: &AppHandle<Wry>, tell: impl Fn(bool) + Send + Sync + 'static) -> Result<Self, Refusal> {
        let (server, screen) = RustConnection::connect(None).map_err(failed)?;
        let root = server.setup().roots[screen].root;
        // So that a key which is held is one press and not thirty a second.
        let flag = xkb::PerClientFlag::DETECTABLE_AUTO_REPEAT;
        let none = xkb::BoolCtrl::default();
        server.xkb_use_extension(1, 0).map_err(failed)?.reply().map_err(failed)?;
        let keyboard = xkb::ID::USE_CORE_KBD.into();
        server.xkb_per_client_flags(keyboard, flag, flag, none, none, none).map_err(failed)?.reply().map_err(failed)?;
        let desk = Arc::new(Desk { server, root, grabbed: Mutex::new(None), tell: Box::new(tell) });
        let listening = Arc::clone(&desk);
        std::thread::Builder::new().name("hotkey".into()).spawn(move || listening.listen()).map_err(failed)?;
        Ok(Self(desk))
    }

    /// Takes `keys`; what was taken before has to be given back first.
    pub fn take(&self, keys: &str) -> Result<(), Refusal> {
        let wanted = combination(keys).ok_or(Refusal::Unknown)?;
        let key = self.0.grab(wanted)?;
        *self.0.grabbed() = Some(Grab { wanted, key: Some(key), is_down: false });
        Ok(())
    }

    /// Gives back what was taken, if anything was. Keys that are held down right now count as let go.
    pub fn give_back(&self) {
        if let Some(grab) = self.0.grabbed().take() {
            if let Some(key) = grab.key {
                self.0.ungrab(grab.wanted.modifiers, key);
            }
            if grab.is_down {
                (self.0.tell)(false);
            }
        }
    }

    /// Whether nobody has `keys`.
    pub fn is_free(&self, keys: &str) -> bool {
        let Some(wanted) = combination(keys) else { return false };
        self.0.grab(wanted).map(|key| self.0.ungrab(wanted.modifiers, key)).is_ok()
    }
}

impl Desk {
    fn grabbed(&self) -> MutexGuard<'_, Option<Grab>> {
        self.grabbed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes presses and releases on until the server goes, and the desktop with it.
    fn listen(&self) {
        loop {
            match self.server.wait_for_event() {
                Ok(Event::KeyPress(event)) => self.moved(event.detail, true),
                Ok(Event::KeyRelease(event)) => self.moved(event.detail, false),
                Ok(Event::MappingNotify(event)) if event.request == Mapping::KEYBOARD => self.follow_layout(),
                Ok(_) => {}
                Err(error) => return tracing::warn!(%error, "the desktop tells of no more keys"),
            }
        }
    }

    fn moved(&self, key: Keycode, is_down: bool) {
        // While ours is held the server tells of all others, too.
        if let Some(grab) = &mut *self.grabbed()
            && grab.key == Some(key)
            && std::mem::replace(&mut grab.is_down, is_down) != is_down
        {
            (self.tell)(is_down);
        }
    }

    /// The keyboard has another layout: the key may be another.
    fn follow_layout(&self) {
        let mut grabbed = self.grabbed();
        let Some(grab) = &mut *grabbed else { return };
        let found = self.key_of(grab.wanted.keysym);
        if grab.key.is_some() && found.as_ref().ok() == grab.key.as_ref() {
            return;
        }
        if let Some(key) = grab.key.take() {
            self.ungrab(grab.wanted.modifiers, key);
            // Its release may never be told.
            if std::mem::take(&mut grab.is_down) {
                (self.tell)(false);
            }
        }
        // A layout that comes back brings the hotkey back.
        match found.and_then(|_| self.grab(grab.wanted)) {
            Ok(key) => grab.key = Some(key),
            Err(refusal) => tracing::warn!(?refusal, "the hotkey is lost with the keyboard's new layout"),
        }
    }

    fn grab(&self, wanted: Combination) -> Result<Keycode, Refusal> {
        let key = self.key_of(wanted.keysym)?;
        for lock in locks() {
            let (modifiers, mode) = (wanted.modifiers | lock, GrabMode::ASYNC);
            let asked = self.server.grab_key(false, self.root, modifiers, key, mode, mode).map_err(failed)?;
            if let Err(error) = asked.check() {
                self.ungrab(wanted.modifiers, key);
                return Err(match error {
                    ReplyError::X11Error(error) if error.error_kind == ErrorKind::Access => Refusal::Taken,
                    error => failed(error),
                });
            }
        }
        Ok(key)
    }

    fn ungrab(&self, modifiers: ModMask, key: Keycode) {
        for lock in locks() {
            // What another client has stays his.
            if let Ok(asked) = self.server.ungrab_key(key, self.root, modifiers | lock) {
                asked.ignore_error();
            }
        }
        let _ = self.server.flush();
    }

    /// The key that makes `keysym` on this keyboard.
    fn key_of(&self, keysym: u32) -> Result<Keycode, Refusal> {
        let (first, last) = (self.server.setup().min_keycode, self.server.setup().max_keycode);
        let asked = self.server.get_keyboard_mapping(first, last - first + 1).map_err(failed)?;
        let mapping = asked.reply().map_err(failed)?;
        let mut keys = mapping.keysyms.chunks(usize::from(mapping.keysyms_per_keycode).max(1));
        let found = keys.position(|keysyms| keysyms.contains(&keysym)).and_then(|key| u8::try_from(key).ok());
        found.map(|key| first + key).ok_or_else(|| Refusal::Failed("this keyboard has no such key".into()))
    }
}

fn failed(error: impl std::fmt::Display) -> Refusal {
    Refusal::Failed(error.to_string())
}

/// Whether `keys` can be asked for at all.
#[cfg(test)]
pub fn is_known(keys: &str) -> bool {
    combination(keys).is_some()
}

fn combination(keys: &str) -> Option<Combination> {
    let mut names: Vec<String> = keys.split('+').map(|name| name.trim().to_ascii_lowercase()).collect();
    let keysym = keysym(&names.pop()?)?;
    let modifiers = names.iter().try_fold(ModMask::default(), |modifiers, name| Some(modifiers | modifier(name)?))?;
    Some(Combination { modifiers, keysym })
}

fn modifier(name: &str) -> Option<ModMask> {
    Some(match name {
        "ctrl" | "control" | "cmdorctrl" | "cmdorcontrol" | "commandorctrl" | "commandorcontrol" => ModMask::CONTROL,
        "alt" | "option" => ModMask::M1,
        "shift" => ModMask::SHIFT,
        "super" | "cmd" | "command" => ModMask::M4,
        _ => return None,
    })
}

fn keysym(name: &str) -> Option<u32> {
    // Those of ASCII are their characters; a key is looked up by its small letter.
    if let [character @ b'!'..=b'~'] = name.as_bytes() {
        return Some(u32::from(*character));
    }
    let function = name.strip_prefix('f').and_then(|number| number.parse().ok()).filter(|n| (1..=24).contains(n));
    function.map(|number: u32| 0xffbd + number).or_else(|| {
        let (_, keysym) = NAMED.iter().find(|(known, _)| *known == name)?;
        Some(*keysym)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_the_server_calls_them() {
        let masks = |keys: &str| combination(keys).map(|found| (u16::from(found.modifiers), found.keysym));
        let (control, shift, alt, logo) = (4, 1, 8, 64);
        assert_eq!(masks("Ctrl+Shift+Space"), Some((control | shift, 0x20)));
        assert_eq!(masks("super + J"), Some((logo, 0x6a)));
        assert_eq!(masks("Alt+F24"), Some((alt, 0xffd5)));
        assert_eq!(masks("CmdOrCtrl+-"), Some((control, 0x2d)));
        assert_eq!(masks("VolumeMute"), Some((0, 0x1008_ff12)));
        for unknown in ["", "Ctrl", "Ctrl+", "Hyper+A", "Ctrl+F25", "Ctrl+ä"] {
            assert_eq!(masks(unknown), None, "{unknown}");
        }
    }
}
