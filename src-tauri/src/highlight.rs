//! Frames a part of the screen for a moment, to show where something is.
//!
//! Owns the frame: four thin windows of the desktop's own making. They take no click and no focus, nothing in them moves, and
//! they are gone when their time is over. Never a web view, which would cost hundreds of megabytes. On Wayland no program may
//! say where its windows are, so nothing is shown there.

#[cfg_attr(target_os = "linux", path = "highlight/x11.rs")]
#[cfg_attr(target_os = "macos", path = "highlight/macos.rs")]
mod system;

use jarvis_core::Region;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use system::Frame;
use tauri::{AppHandle, Wry};

/// Between what is framed and the frame, px.
const GAP: u32 = 4;
/// Of the frame, px.
const WIDTH: u32 = 4;
/// The longest that a frame is shown.
const LONGEST: Duration = Duration::from_secs(10);
/// The accent, as red, green and blue.
const COLOUR: [u8; 3] = [0x2f, 0x9b, 0xd6];

/// The one frame that is shown at a time.
#[derive(Default)]
pub struct Highlighter {
    /// Dropped, it takes the frame away.
    shown: Mutex<Option<Sender<()>>>,
}

impl Highlighter {
    /// Frames `region` for so many seconds, in place of what is framed now. Returns at once; what does not work is logged.
    pub fn show(&self, app: &AppHandle<Wry>, region: Region, seconds: f32) {
        let time = Duration::try_from_secs_f32(seconds).unwrap_or_default().min(LONGEST);
        if region.is_empty() || time.is_zero() {
            return;
        }
        let (shown, taken_away) = channel::<()>();
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown);
        let app = app.clone();
        let spawned =
            std::thread::Builder::new().name("highlight".into()).spawn(move || match Frame::around(&app, region) {
                // Ends with its time, or when the next frame takes its place.
                Ok(frame) => drop((taken_away.recv_timeout(time), frame)),
                Err(error) => tracing::warn!(%error, "nothing can be framed on the screen"),
            });
        if let Err(error) = spawned {
            tracing::warn!(%error, "no thread for the frame");
        }
    }
}

/// The four sides of a frame around `region` that lie on `screen`. A side that would be off the screen lies at its edge.
fn sides(region: Region, screen: Region) -> impl Iterator<Item = Region> {
    let out = GAP + WIDTH;
    let around = Region::new(
        region.x.saturating_sub_unsigned(out),
        region.y.saturating_sub_unsigned(out),
        region.width.saturating_add(2 * out),
        region.height.saturating_add(2 * out),
    );
    let around = if region.meets(&screen) { around.intersection(&screen) } else { Region::default() };
    let (wide, high) = (WIDTH.min(around.width), WIDTH.min(around.height));
    let Region { x, y, width, height } = around;
    let between = height.saturating_sub(2 * high);
    let below = y.saturating_add_unsigned(high);
    [
        Region::new(x, y, width, high),
        Region::new(x, around.bottom().saturating_sub_unsigned(high), width, high),
        Region::new(x, below, wide, between),
        Region::new(around.right().saturating_sub_unsigned(wide), below, wide, between),
    ]
    .into_iter()
    .filter(|side| !side.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCREEN: Region = Region::new(0, 0, 1920, 1080);

    fn of(region: Region) -> Vec<Region> {
        sides(region, SCREEN).collect()
    }

    #[test]
    fn a_frame_lies_around_what_it_shows_and_covers_none_of_it() {
        let region = Region::new(100, 200, 50, 20);
        let frame = of(region);
        assert_eq!(
            frame,
            [
                Region::new(92, 192, 66, 4),
                Region::new(92, 224, 66, 4),
                Region::new(92, 196, 4, 28),
                Region::new(154, 196, 4, 28),
            ]
        );
        assert!(frame.iter().all(|side| !side.meets(&region)));
    }

    #[test]
    fn at_the_edge_of_the_screen_it_stays_on_it() {
        for region in [SCREEN, Region::new(-50, 1000, 100, 500), Region::new(i32::MIN, 0, u32::MAX, 5)] {
            let frame = of(region);
            assert!(!frame.is_empty(), "{region:?}");
            assert!(frame.iter().all(|side| side.intersection(&SCREEN) == *side), "{region:?}: {frame:?}");
        }
    }

    #[test]
    fn what_is_off_the_screen_is_not_framed() {
        assert_eq!(of(Region::new(5000, 5000, 10, 10)), []);
        assert_eq!(of(Region::new(10, 10, 0, 10)), []);
    }
}
