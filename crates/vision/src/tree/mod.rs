//! Text that applications tell screen readers: AT-SPI on Linux, AX on macOS.
//!
//! Owns the connection to the accessibility service. Never acts on a window, and never reads what a password field holds.

#[cfg(target_os = "linux")]
mod atspi;
#[cfg(target_os = "macos")]
mod macos;

use jarvis_core::{AccessibilityTree, Result};

/// How the accessibility service is used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether the desktop's accessibility is switched on as long as the tree is open, and put back after that (Linux:
    /// `org.a11y.Status.IsEnabled`). Browsers and Electron tell nothing while it is off, and are a little slower while it is on;
    /// GTK applications tell their text either way. Desktops keep the switch over logins: after a crash of ours it stays on.
    pub switch_on: bool,
    /// D-Bus address of another session than the one we live in (Linux).
    pub session_bus: Option<String>,
}

/// The tree of the desktop that we live in. It is connected to within a second or not at all.
///
/// # Errors
/// There is no accessibility service, or it is not permitted. Both can change; trying again at the next look is cheap.
pub fn open(options: &Options) -> Result<Box<dyn AccessibilityTree>> {
    system(options)
}

#[cfg(target_os = "linux")]
fn system(options: &Options) -> Result<Box<dyn AccessibilityTree>> {
    Ok(Box::new(atspi::AtSpi::open(options)?))
}

#[cfg(target_os = "macos")]
fn system(_: &Options) -> Result<Box<dyn AccessibilityTree>> {
    Ok(Box::new(macos::Ax::open()?))
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn system(_: &Options) -> Result<Box<dyn AccessibilityTree>> {
    Err(jarvis_core::Error::new(
        "vision.no_accessibility",
        "Jarvis can't ask applications for their text on this system.",
        "Their text is recognized in the picture instead.",
    ))
}
