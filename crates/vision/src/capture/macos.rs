//! What macOS tells of the screen beside its pixels: whether we may look, and where the pointer is.

use jarvis_core::{Error, Result};
use std::ffi::c_void;

#[repr(C)]
struct Point {
    x: f64,
    y: f64,
}

#[link(name = "CoreGraphics", kind = "framework")]
unsafe extern "C" {
    fn CGPreflightScreenCaptureAccess() -> bool;
    fn CGRequestScreenCaptureAccess() -> bool;
    fn CGEventCreate(source: *const c_void) -> *mut c_void;
    fn CGEventGetLocation(event: *mut c_void) -> Point;
}

#[link(name = "CoreFoundation", kind = "framework")]
unsafe extern "C" {
    fn CFRelease(object: *mut c_void);
}

/// Whether the user allows us the screen; asks once, in the system's own words. Without it the system would show us the
/// wallpaper alone, as if no window were open.
///
/// # Errors
/// It is not allowed.
pub(super) fn permitted() -> Result<()> {
    // SAFETY: neither takes anything; both are there since macOS 10.15.
    if unsafe { CGPreflightScreenCaptureAccess() || CGRequestScreenCaptureAccess() } {
        return Ok(());
    }
    Err(Error::new(
        "vision.no_permission",
        "macOS does not let Jarvis see the screen.",
        "Switch Jarvis on in System Settings, Privacy & Security, Screen & System Audio Recording, then start it again.",
    ))
}

/// Where the pointer is, in points of the desktop.
pub(super) fn pointer() -> Option<(i32, i32)> {
    // SAFETY: no source is one that the call knows; an event that was created is released once.
    let point = unsafe {
        let event = CGEventCreate(std::ptr::null());
        if event.is_null() {
            return None;
        }
        let point = CGEventGetLocation(event);
        CFRelease(event);
        point
    };
    Some((point.x as i32, point.y as i32))
}
