//! A keyboard: presses keys as a person does, through the X server's own test device.

use crate::common::Desktop;
use std::time::Instant;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ConnectionExt as _, KEY_PRESS_EVENT, KEY_RELEASE_EVENT};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

/// Names of keys as the X server knows them (keysyms).
pub const CONTROL: u32 = 0xffe3;
pub const SHIFT: u32 = 0xffe1;
pub const SPACE: u32 = 0x20;

/// The keyboard of a desktop with a screen.
pub struct Keyboard {
    server: RustConnection,
    /// Keysyms, `per_key` for each key from `first` on.
    names: Vec<u32>,
    per_key: usize,
    first: u8,
}

impl Keyboard {
    /// Plugs it in.
    pub fn of(desktop: &Desktop) -> Self {
        let (server, _) = x11rb::connect(desktop.variable("DISPLAY")).expect("the screen is there");
        let (first, last) = (server.setup().min_keycode, server.setup().max_keycode);
        let mapping = server.get_keyboard_mapping(first, last - first + 1).expect("sent").reply().expect("a mapping");
        Self { server, names: mapping.keysyms, per_key: mapping.keysyms_per_keycode.into(), first }
    }

    /// Presses a key and holds it; returns when the server has it.
    pub fn press(&self, name: u32) -> Instant {
        self.work(KEY_PRESS_EVENT, name)
    }

    /// Lets it go.
    pub fn release(&self, name: u32) -> Instant {
        self.work(KEY_RELEASE_EVENT, name)
    }

    fn work(&self, event: u8, name: u32) -> Instant {
        let position = self.names.chunks(self.per_key).position(|names| names.contains(&name)).expect("the key exists");
        let key = self.first + u8::try_from(position).expect("keys are numbered up to 255");
        let now = Instant::now();
        self.server
            .xtest_fake_input(event, key, 0, x11rb::NONE, 0, 0, 0)
            .expect("sent")
            .check()
            .expect("the key moves");
        now
    }
}
