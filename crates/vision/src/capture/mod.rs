//! Pictures of the screen: of a monitor, a window, a region, or all of the desktop.
//!
//! Owns the connection to the window system and the memory that pictures stand in. Never decides whether it may look, and
//! never reads text.
//!
//! [`open`] chooses: an X server's screen is written into shared memory by the server itself ([`X11`]); a Wayland desktop
//! takes the picture itself after asking the user ([`Portal`]); what neither shows is looked at through `xcap` ([`Xcap`]:
//! macOS, and, behind the feature `desktop`, Wayland desktops without a portal). A file stands for a screen as [`Picture`].

mod file;
#[cfg(target_os = "macos")]
mod macos;
mod mask;
#[cfg(target_os = "linux")]
mod portal;
#[cfg(target_os = "linux")]
mod x11;
#[cfg(any(target_os = "macos", feature = "desktop"))]
mod xcap;

pub use file::Picture;
pub use mask::masks;
#[cfg(target_os = "linux")]
pub use portal::Portal;
#[cfg(target_os = "linux")]
pub use x11::X11;
#[cfg(any(target_os = "macos", feature = "desktop"))]
pub use xcap::Xcap;

use jarvis_core::{Error, Pixels, Region, Result, ScreenCapture};

/// The largest picture of a screen: four monitors of 8K.
const MOST_PIXELS: u64 = 4 * 7680 * 4320;

/// What shows windows here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Session {
    /// An X server.
    X11,
    /// A Wayland compositor. It tells no window, so that none can be masked or looked at alone.
    Wayland,
    /// macOS.
    MacOs,
    /// Nothing.
    None,
}

impl Session {
    /// That of this process.
    pub fn current() -> Self {
        Self::told(|name| std::env::var(name).ok())
    }

    /// Whichever the environment names. On a Wayland desktop there is an X server too, which shows nothing of the desktop.
    fn told(variable: impl Fn(&str) -> Option<String>) -> Self {
        let is_set = |name| variable(name).is_some_and(|value| !value.is_empty());
        if cfg!(target_os = "macos") {
            Self::MacOs
        } else if is_set("WAYLAND_DISPLAY") {
            Self::Wayland
        } else if is_set("DISPLAY") {
            Self::X11
        } else {
            Self::None
        }
    }
}

/// The screen of this session. Connects, and captures nothing yet.
///
/// # Errors
/// There is no screen, it doesn't answer within a second, or this build can't look at it.
pub fn open() -> Result<Box<dyn ScreenCapture>> {
    match Session::current() {
        #[cfg(target_os = "linux")]
        Session::X11 => Ok(Box::new(X11::connect(None)?)),
        #[cfg(target_os = "linux")]
        Session::Wayland => {
            let portal = Portal::connect(None)?;
            if portal.is_there() { Ok(Box::new(portal)) } else { through_xcap() }
        }
        #[cfg(target_os = "macos")]
        Session::MacOs => through_xcap(),
        _ => Err(Error::new(
            "vision.no_display",
            "There is no screen to look at: neither DISPLAY nor WAYLAND_DISPLAY is set.",
            "Start Jarvis in the desktop session, or set DISPLAY to its screen.",
        )),
    }
}

/// The screen through `xcap`, whatever the session: that of a Wayland desktop of the wlroots family, which shows its screen to
/// any program that asks, and what other ways are measured beside.
///
/// # Errors
/// There is no permission to look, or this build has no `xcap`.
pub fn through_xcap() -> Result<Box<dyn ScreenCapture>> {
    #[cfg(any(target_os = "macos", feature = "desktop"))]
    return Ok(Box::new(Xcap::open()?));
    #[cfg(not(any(target_os = "macos", feature = "desktop")))]
    Err(Error::new(
        "vision.no_portal",
        "This Wayland desktop has no portal that takes pictures of the screen.",
        "Install xdg-desktop-portal and the part of it for your desktop, and log in again; or build Jarvis with `make build`.",
    ))
}

/// Whether all pixels have one colour: a screen that is locked, off or protected, or a window that has not drawn yet. A
/// picture with anything in it is known by its first rows.
pub fn is_blank(pixels: Pixels<'_>) -> bool {
    if pixels.width == 0 || pixels.height == 0 {
        return true;
    }
    let colour = |pixel: &[u8]| u32::from_le_bytes([pixel[0], pixel[1], pixel[2], 0]);
    let first = colour(&pixels.row(0)[..4]);
    (0..pixels.height).all(|y| {
        // No way out within a row, so that many pixels are compared at once.
        pixels.row(y).chunks_exact(4).fold(0, |differs, pixel| differs | (colour(pixel) ^ first)) == 0
    })
}

/// A target that is no part of the screen.
fn off_screen(asked: Region, screen: Region) -> Error {
    let Region { x, y, width, height } = asked;
    let (right, bottom) = (i64::from(screen.right()) - 1, i64::from(screen.bottom()) - 1);
    let message = if asked.is_empty() {
        format!("A region of {width} x {height} pixels shows nothing.")
    } else {
        format!("The {width} x {height} pixels at {x},{y} are not on the screen.")
    };
    let hint = format!("Name a region between {},{} and {right},{bottom}.", screen.x, screen.y);
    Error::new("vision.off_screen", message, hint)
}

/// A picture that nobody has memory for.
fn too_large(region: Region) -> Error {
    Error::new(
        "vision.too_large",
        format!("A picture of {} x {} pixels is larger than {MOST_PIXELS} pixels.", region.width, region.height),
        "Look at one monitor or one window instead.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_wayland_desktop_is_known_in_spite_of_its_x_server() {
        let told = |wayland: Option<&str>, x: Option<&str>| {
            Session::told(|name| match name {
                "WAYLAND_DISPLAY" => wayland.map(str::to_owned),
                "DISPLAY" => x.map(str::to_owned),
                _ => None,
            })
        };
        assert_eq!(told(Some("wayland-0"), Some(":0")), Session::Wayland);
        assert_eq!(told(Some(""), Some(":0")), Session::X11);
        assert_eq!(told(None, Some(":99")), Session::X11);
        assert_eq!(told(None, Some("")), Session::None);
        assert_eq!(told(None, None), Session::None);
    }

    #[test]
    fn what_is_off_the_screen_is_told_where_the_screen_is() {
        let error = off_screen(Region::new(5000, -7, 30, 20), Region::new(0, 0, 1920, 1080));
        assert_eq!(error.message, "The 30 x 20 pixels at 5000,-7 are not on the screen.");
        assert_eq!(error.hint, "Name a region between 0,0 and 1919,1079.");
        assert!(off_screen(Region::new(3, 3, 0, 9), Region::new(0, 0, 10, 10)).message.contains("0 x 9"));
    }

    proptest! {
        #[test]
        fn one_other_pixel_is_not_blank(
            (width, height) in (1..40u32, 1..40u32),
            pad in 0..3usize,
            colour in any::<[u8; 3]>(),
            (at, bit) in (any::<prop::sample::Index>(), 0..24u32),
            unused in proptest::collection::vec(any::<u8>(), 40 * 40),
        ) {
            let stride = 4 * (width as usize + pad);
            let mut data = vec![0x5A; stride * height as usize];
            for y in 0..height as usize {
                for x in 0..width as usize {
                    let from = y * stride + 4 * x;
                    data[from..from + 3].copy_from_slice(&colour);
                    data[from + 3] = unused[y * 40 + x];
                }
            }
            let blank = |data: &[u8]| is_blank(Pixels { data, stride, width, height });
            prop_assert!(blank(&data));
            let at = at.index((width * height) as usize);
            let from = at / width as usize * stride + 4 * (at % width as usize);
            data[from + bit as usize / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(blank(&data), width * height == 1);
        }
    }
}
