//! The frame on X11: windows that no window manager manages, through which clicks go.

use super::{COLOUR, sides};
use jarvis_core::Region;
use tauri::{AppHandle, Wry};
use x11rb::connection::Connection;
use x11rb::protocol::shape::{ConnectionExt as _, SK, SO};
use x11rb::protocol::xproto::{
    AtomEnum, ClipOrdering, ConnectionExt as _, CreateWindowAux, PropMode, Screen, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

/// What the windows of the frame are called, for whoever lists windows.
const NAME: &[u8] = b"Jarvis highlight";

/// A frame that is shown until it is dropped.
pub struct Frame {
    /// Its windows go with the connection that made them.
    _server: Option<RustConnection>,
}

impl Frame {
    /// Shows a frame around `region`; none on Wayland.
    pub fn around(_app: &AppHandle<Wry>, region: Region) -> Result<Self, Box<dyn std::error::Error>> {
        if std::env::var_os("WAYLAND_DISPLAY").is_some_and(|name| !name.is_empty()) {
            return Ok(Self { _server: None });
        }
        let (server, number) = x11rb::connect(None)?;
        let screen = server.setup().roots.get(number).ok_or("the server has no such screen")?;
        let [red, green, blue] = COLOUR.map(|part| u16::from(part) * 257);
        let colour = server.alloc_color(screen.default_colormap, red, green, blue)?.reply()?.pixel;
        let whole = Region::new(0, 0, screen.width_in_pixels.into(), screen.height_in_pixels.into());
        for side in sides(region, whole) {
            put_up(&server, screen, side, colour)?;
        }
        server.sync()?;
        Ok(Self { _server: Some(server) })
    }
}

/// Puts up one side. Whatever lies on a screen fits the protocol's 16 bits.
fn put_up(
    server: &RustConnection,
    screen: &Screen,
    side: Region,
    colour: u32,
) -> Result<(), Box<dyn std::error::Error>> {
    let window = server.generate_id()?;
    let looks = CreateWindowAux::new().override_redirect(1).background_pixel(colour).border_pixel(colour);
    server.create_window(
        x11rb::COPY_DEPTH_FROM_PARENT,
        window,
        screen.root,
        side.x.try_into()?,
        side.y.try_into()?,
        side.width.try_into()?,
        side.height.try_into()?,
        0,
        WindowClass::INPUT_OUTPUT,
        x11rb::COPY_FROM_PARENT,
        &looks,
    )?;
    server.change_property8(PropMode::REPLACE, window, AtomEnum::WM_NAME, AtomEnum::STRING, NAME)?;
    // No part of it takes the pointer.
    server.shape_rectangles(SO::SET, SK::INPUT, ClipOrdering::UNSORTED, window, 0, 0, &[])?.check()?;
    server.map_window(window)?.check()?;
    Ok(())
}
