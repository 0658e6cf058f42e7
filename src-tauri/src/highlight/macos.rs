//! The frame on macOS: windows without a border, above all others, through which clicks go.

use super::{COLOUR, sides};
use jarvis_core::Region;
use objc2::rc::Retained;
use objc2::{MainThreadMarker, MainThreadOnly};
use objc2_app_kit::{
    NSApplication, NSBackingStoreType, NSColor, NSScreen, NSStatusWindowLevel, NSWindow, NSWindowStyleMask,
};
use objc2_foundation::{NSPoint, NSRect, NSSize};
use std::sync::mpsc::channel;
use tauri::{AppHandle, Wry};

/// A frame that is shown until it is dropped.
pub struct Frame {
    app: AppHandle<Wry>,
    /// The numbers of its windows, which live on the main thread.
    windows: Vec<isize>,
}

impl Frame {
    /// Shows a frame around `region`.
    pub fn around(app: &AppHandle<Wry>, region: Region) -> Result<Self, Box<dyn std::error::Error>> {
        let (sender, receiver) = channel();
        app.run_on_main_thread(move || {
            let _ = sender.send(MainThreadMarker::new().map(|main| put_up(region, main)).unwrap_or_default());
        })?;
        Ok(Self { app: app.clone(), windows: receiver.recv()? })
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        let windows = std::mem::take(&mut self.windows);
        let closed = self.app.run_on_main_thread(move || {
            let Some(main) = MainThreadMarker::new() else { return };
            let app = NSApplication::sharedApplication(main);
            for window in windows.into_iter().filter_map(|number| app.windowWithWindowNumber(number)) {
                window.close();
            }
        });
        if let Err(error) = closed {
            tracing::warn!(%error, "a frame stays on the screen");
        }
    }
}

/// Puts up the sides and returns the numbers of their windows.
fn put_up(region: Region, main: MainThreadMarker) -> Vec<isize> {
    // The first screen has the origin, at its lower left corner, in points; ours is its upper left one, in pixels.
    let screens = NSScreen::screens(main);
    let Some(first) = screens.firstObject() else { return Vec::new() };
    let (scale, height) = (first.backingScaleFactor(), first.frame().size.height);
    let in_pixels = |frame: NSRect| {
        let (left, top) = (frame.origin.x, height - frame.origin.y - frame.size.height);
        let pixels = |points: f64| (points * scale).round();
        Region::new(
            pixels(left) as i32,
            pixels(top) as i32,
            pixels(frame.size.width) as u32,
            pixels(frame.size.height) as u32,
        )
    };
    let whole = screens.iter().map(|screen| in_pixels(screen.frame())).fold(Region::default(), |a, b| a.union(&b));
    let [red, green, blue] = COLOUR.map(|part| f64::from(part) / 255.0);
    let colour = NSColor::colorWithSRGBRed_green_blue_alpha(red, green, blue, 1.0);
    sides(region, whole)
        .map(|side| {
            let points = |pixels: u32| f64::from(pixels) / scale;
            let size = NSSize::new(points(side.width), points(side.height));
            let lower = height - f64::from(side.bottom()) / scale;
            let frame = NSRect::new(NSPoint::new(f64::from(side.x) / scale, lower), size);
            // SAFETY: an ordinary initializer, on the main thread.
            let window = unsafe {
                NSWindow::initWithContentRect_styleMask_backing_defer(
                    NSWindow::alloc(main),
                    frame,
                    NSWindowStyleMask::Borderless,
                    NSBackingStoreType::Buffered,
                    false,
                )
            };
            window.setBackgroundColor(Some(&colour));
            window.setIgnoresMouseEvents(true);
            window.setHasShadow(false);
            window.setLevel(NSStatusWindowLevel);
            window.orderFrontRegardless();
            let number = window.windowNumber();
            // Such a window releases itself when it is closed, so this reference is given away to it.
            let _ = Retained::into_raw(window);
            number
        })
        .collect()
}
