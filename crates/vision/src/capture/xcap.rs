//! Screens that neither an X server nor a portal shows: macOS, and Wayland desktops of the wlroots family, through `xcap`.
//!
//! Pictures of monitors are put together into one and cut to the target, so that what is masked by its place is masked in
//! every picture. What `xcap` gives is copied once, into the order of colours that everything here reads. Where a window
//! can't be told from others, nothing is looked at: it may be one that must not be seen.
//!
//! Each monitor's place is told in its own pixels. Where monitors have different scales, the places of two may overlap, and
//! the picture of all shows the one that comes last there.

use super::{MOST_PIXELS, off_screen, too_large};
use jarvis_core::{Error, Region, Result, ScreenCapture, ScreenTarget, ScreenWindow, Screenshot};
use xcap::image::RgbaImage;
use xcap::{Monitor, Window, XCapResult};

/// The screen as `xcap` shows it.
#[derive(Default)]
pub struct Xcap {
    pixels: Vec<u8>,
}

/// A monitor and where it is, physical px.
struct Placed {
    monitor: Monitor,
    region: Region,
    scale: f32,
}

impl Xcap {
    /// Asks for the permission to look, where the system has one.
    ///
    /// # Errors
    /// It is not given.
    pub fn open() -> Result<Self> {
        #[cfg(target_os = "macos")]
        super::macos::permitted()?;
        Ok(Self::default())
    }
}

impl ScreenCapture for Xcap {
    fn capture(&mut self, target: &ScreenTarget) -> Result<Screenshot<'_>> {
        #[cfg(target_os = "macos")]
        super::macos::permitted()?;
        let monitors = monitors()?;
        let screen = monitors.iter().fold(Region::default(), |all, placed| all.union(&placed.region));
        let windows = windows(&monitors)?;
        let pointer = pointer(&monitors);
        let wanted = match target {
            ScreenTarget::ActiveWindow => windows.iter().find(|window| window.focused),
            ScreenTarget::PointerWindow => {
                pointer.and_then(|(x, y)| windows.iter().find(|window| window.region.contains(x, y)))
            }
            _ => None,
        };
        let asked = match (target, wanted) {
            (_, Some(window)) => window.region,
            (ScreenTarget::Region(region), None) => *region,
            (ScreenTarget::AllMonitors, None) => screen,
            // Where nobody tells the pointer's place, any monitor may be meant.
            (_, None) => pointer
                .and_then(|(x, y)| monitors.iter().map(|placed| placed.region).find(|region| region.contains(x, y)))
                .unwrap_or(screen),
        };
        let region = asked.intersection(&screen);
        if region.is_empty() {
            return Err(off_screen(asked, screen));
        }
        if region.area() > MOST_PIXELS {
            return Err(too_large(region));
        }
        // Between monitors of different heights there is nothing.
        self.pixels.clear();
        self.pixels.resize(4 * region.area() as usize, 0);
        let mut scale = 1.0;
        for placed in monitors.iter().filter(|placed| placed.region.meets(&region)) {
            let image = placed.monitor.capture_image().map_err(failed)?;
            copy(&image, &placed.region, &region, &mut self.pixels);
            scale = f32::max(scale, placed.scale);
        }
        let focused = || windows.iter().find(|window| window.focused && window.region.meets(&region));
        let window = wanted.or_else(focused).cloned();
        let windows = self::windows(&monitors)?;
        Ok(Screenshot { pixels: &mut self.pixels, stride: 4 * region.width as usize, region, scale, window, windows })
    }

    fn windows(&mut self) -> Result<Vec<ScreenWindow>> {
        #[cfg(target_os = "macos")]
        super::macos::permitted()?;
        windows(&monitors()?)
    }

    fn release(&mut self) {
        self.pixels.fill(0);
        self.pixels = Vec::new();
    }
}

fn failed(error: xcap::XCapError) -> Error {
    let hint = if cfg!(target_os = "macos") {
        "Ask again; if that doesn't help, allow Jarvis the screen in System Settings, Privacy & Security, Screen Recording."
    } else {
        "Install xdg-desktop-portal and the part of it for your desktop (wlroots: xdg-desktop-portal-wlr), and ask again."
    };
    Error::new("vision.no_picture", format!("The desktop took no picture of the screen: {error}."), hint)
}

/// The monitors; at least one.
fn monitors() -> Result<Vec<Placed>> {
    let place = |monitor: Monitor| {
        let scale = monitor.scale_factor()?;
        let region = physical((monitor.x()?, monitor.y()?, monitor.width()?, monitor.height()?), scale);
        Ok(Placed { monitor, region, scale })
    };
    let monitors = Monitor::all().map_err(failed)?;
    let monitors = monitors.into_iter().map(place).collect::<XCapResult<Vec<_>>>().map_err(failed)?;
    if monitors.iter().all(|placed| placed.region.is_empty()) {
        let hint = "Switch a monitor on and ask again.";
        return Err(Error::new("vision.no_display", "The desktop shows no monitor.", hint));
    }
    Ok(monitors)
}

/// The windows, the topmost first. Wayland tells none: those that its X server knows are not all, and nowhere near where it says.
///
/// # Errors
/// There is a window of which nobody tells what it is.
fn windows(monitors: &[Placed]) -> Result<Vec<ScreenWindow>> {
    if cfg!(target_os = "linux") {
        return Ok(Vec::new());
    }
    let tell = |window: &Window| {
        let scale = window.current_monitor()?.scale_factor()?;
        let region = physical((window.x()?, window.y()?, window.width()?, window.height()?), scale);
        Ok(ScreenWindow {
            id: window.id()?.into(),
            title: window.title()?,
            application: window.app_name()?,
            process: window.pid()?,
            region,
            frame: region,
            // Shadows are not in the region, and nobody tells what is see-through.
            opaque: Region::default(),
            focused: window.is_focused().unwrap_or(false),
        })
    };
    let all = Window::all().map_err(unknown)?;
    // The system has windows of its own on every screen: a list without one is a list that was not given.
    if all.is_empty() {
        return Err(unknown("the system lists none"));
    }
    let shown: Vec<Window> = all.into_iter().filter(|window| !window.is_minimized().unwrap_or(false)).collect();
    let number = |window: &Window| window.id().ok();
    let is_open = |window: &Window| {
        let now = Window::all().map_err(unknown)?;
        Ok(now.is_empty() || now.iter().any(|other| number(other) == number(window)))
    };
    let mut told = told(&shown, tell, is_open)?;
    told.retain(|window| monitors.iter().any(|placed| placed.region.meets(&window.region)));
    Ok(told)
}

/// What `tell` says of each of `windows`. Only one that closed meanwhile is left out.
fn told<W>(
    windows: &[W],
    tell: impl Fn(&W) -> XCapResult<ScreenWindow>,
    is_open: impl Fn(&W) -> Result<bool>,
) -> Result<Vec<ScreenWindow>> {
    let mut all = Vec::with_capacity(windows.len());
    for window in windows {
        match tell(window) {
            Ok(window) => all.push(window),
            Err(error) if is_open(window)? => return Err(unknown(error)),
            Err(_) => (),
        }
    }
    Ok(all)
}

/// A window that may be one that must not be seen.
fn unknown(reason: impl std::fmt::Display) -> Error {
    Error::new(
        "vision.window_unknown",
        format!("The system does not tell which windows are shown, so nothing was looked at: {reason}."),
        "Ask again; if that doesn't help, log out and in.",
    )
}

/// Where the pointer is, physical px; `None` where the system doesn't tell.
fn pointer(monitors: &[Placed]) -> Option<(i32, i32)> {
    #[cfg(target_os = "macos")]
    return super::macos::pointer().map(|(x, y)| {
        let at = Monitor::from_point(x, y).and_then(|monitor| monitor.scale_factor());
        let scale = at.unwrap_or_else(|_| monitors.first().map_or(1.0, |placed| placed.scale));
        ((x as f32 * scale) as i32, (y as f32 * scale) as i32)
    });
    #[cfg(not(target_os = "macos"))]
    {
        let _ = monitors;
        None
    }
}

/// A rectangle in physical pixels, from one in logical ones.
fn physical((x, y, width, height): (i32, i32, u32, u32), scale: f32) -> Region {
    let length = |length: u32| (length as f32 * scale).round() as u32;
    Region::new((x as f32 * scale).round() as i32, (y as f32 * scale).round() as i32, length(width), length(height))
}

/// Copies what the picture of a monitor at `from` has in common with `region` into `pixels`, which show `region`.
fn copy(image: &RgbaImage, from: &Region, region: &Region, pixels: &mut [u8]) {
    // The picture may be smaller than the monitor said.
    let from = Region::new(from.x, from.y, from.width.min(image.width()), from.height.min(image.height()));
    let common = from.intersection(region);
    for y in common.y..common.bottom() {
        let source = (y.abs_diff(from.y) as usize * image.width() as usize + common.x.abs_diff(from.x) as usize) * 4;
        let target = (y.abs_diff(region.y) as usize * region.width as usize + common.x.abs_diff(region.x) as usize) * 4;
        let bytes = 4 * common.width as usize;
        let row = pixels[target..target + bytes].chunks_exact_mut(4);
        for (pixel, rgba) in row.zip(image.as_raw()[source..source + bytes].chunks_exact(4)) {
            pixel.copy_from_slice(&[rgba[2], rgba[1], rgba[0], u8::MAX]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn region() -> impl Strategy<Value = Region> {
        (-9..9i32, -9..9i32, 0..12u32, 0..12u32).prop_map(|(x, y, width, height)| Region::new(x, y, width, height))
    }

    proptest! {
        /// Each pixel against the monitor that it is on.
        #[test]
        fn a_picture_is_put_together_from_those_of_monitors(from in region(), region in region(), less in 0..3u32) {
            let image = RgbaImage::from_fn(from.width.saturating_sub(less), from.height, |x, y| {
                xcap::image::Rgba([x as u8 + 1, y as u8 + 1, 77, 255])
            });
            let mut pixels = vec![0; 4 * region.area() as usize];
            copy(&image, &from, &region, &mut pixels);
            for (index, pixel) in pixels.chunks_exact(4).enumerate() {
                let x = region.x + (index % region.width as usize) as i32 - from.x;
                let y = region.y + (index / region.width as usize) as i32 - from.y;
                let there = x >= 0 && y >= 0 && (x as u32) < image.width() && (y as u32) < image.height();
                let expected = if there { [77, y as u8 + 1, x as u8 + 1, 255] } else { [0; 4] };
                prop_assert_eq!(pixel, expected);
            }
        }
    }

    #[test]
    fn only_a_window_that_closed_is_left_out() {
        let tell = |window: &u64| match window {
            0 => Err(xcap::XCapError::NotSupported),
            &id => Ok(ScreenWindow { id, ..ScreenWindow::default() }),
        };
        let numbers = |told: Result<Vec<ScreenWindow>>| told.map(|told| told.iter().map(|w| w.id).collect::<Vec<_>>());
        assert_eq!(numbers(told(&[3, 0, 4], tell, |_| Ok(false))).unwrap(), [3, 4]);
        let error = numbers(told(&[3, 0, 4], tell, |_| Ok(true))).unwrap_err();
        assert!(error.code == "vision.window_unknown" && !error.hint.is_empty(), "{error:?}");
        assert!(told(&[0], tell, |_| Err(unknown("no list"))).is_err());
    }

    #[test]
    fn logical_pixels_become_physical_ones() {
        assert_eq!(physical((-100, 50, 1280, 800), 1.5), Region::new(-150, 75, 1920, 1200));
    }
}
