//! What is made black in a picture before anyone reads it.
//!
//! Owns the places and the blackening. Never decides what is excluded, and never looks.

use crate::capture;
use jarvis_core::{Error, Region, Result, ScreenWindow, Screenshot};

/// What is made black, in the coordinates of the desktop.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Masks {
    pub(super) windows: Vec<Region>,
    pub(super) fields: Vec<Region>,
}

impl Masks {
    /// `windows` come the topmost first; `shown` is the window that the picture is of (`of_window`), or that has the
    /// keyboard.
    pub(super) fn new(
        is_excluded: &dyn Fn(&ScreenWindow) -> bool,
        windows: &[ScreenWindow],
        hidden: &[Region],
        picture: &Region,
        shown: Option<&ScreenWindow>,
        of_window: bool,
    ) -> Self {
        if of_window && shown.is_some_and(is_excluded) {
            return Self { windows: vec![*picture], fields: Vec::new() };
        }
        let seen = |regions: Vec<Region>| -> Vec<Region> {
            regions.iter().map(|region| region.intersection(picture)).filter(|part| !part.is_empty()).collect()
        };
        let mut masks = Vec::new();
        capture::masks(windows, is_excluded, &mut masks);
        // One that came after the list was made.
        let new = shown.filter(|shown| is_excluded(shown) && !windows.iter().any(|window| window.id == shown.id));
        masks.extend(new.map(|window| window.frame.union(&window.region)));
        Self { windows: seen(masks), fields: seen(hidden.to_vec()) }
    }

    /// What is made black in `shot`: by the windows of `before` it was taken, and by those of right after.
    pub(super) fn of_shot(
        is_excluded: &dyn Fn(&ScreenWindow) -> bool,
        before: &[ScreenWindow],
        hidden: &[Region],
        shot: &Screenshot<'_>,
        of_window: bool,
    ) -> Self {
        let by = |windows: &[ScreenWindow]| {
            Self::new(is_excluded, windows, hidden, &shot.region, shot.window.as_ref(), of_window)
        };
        let mut masks = by(before);
        // Whatever opened or moved since: before anyone reads a pixel.
        masks.add(by(&shot.windows));
        masks
    }

    /// Whether nothing is left of `picture`.
    pub(super) fn cover(&self, picture: &Region) -> bool {
        self.windows.iter().any(|mask| mask.intersection(picture) == *picture)
    }

    /// Adds the windows and fields of `other` that are not here.
    pub(super) fn add(&mut self, other: Self) {
        for (here, others) in [(&mut self.windows, other.windows), (&mut self.fields, other.fields)] {
            for mask in others {
                if !here.contains(&mask) {
                    here.push(mask);
                }
            }
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Region> {
        self.windows.iter().chain(&self.fields)
    }

    /// Makes a picture black there.
    pub(super) fn blacken(&self, shot: &mut Screenshot<'_>) {
        let picture = shot.region;
        for mask in self.all() {
            let part = relative(&mask.intersection(&picture), &picture);
            if part.is_empty() {
                continue;
            }
            // Within the picture, so nothing is negative.
            let (from, to) = (4 * part.x as usize, 4 * part.right() as usize);
            for row in part.y as usize..part.bottom() as usize {
                shot.pixels[row * shot.stride + from..row * shot.stride + to].fill(0);
            }
        }
    }
}

/// Whether a picture is what it says.
pub(super) fn check(shot: &Screenshot<'_>) -> Result<()> {
    let (width, height) = (shot.region.width as usize, shot.region.height as usize);
    if shot.region.is_empty() {
        return Err(Error::new(
            "vision.nothing_there",
            "There is nothing to look at: the window or region is empty or off the screen.",
            "Bring the window to the front and ask again.",
        ));
    }
    let needed = shot.stride.checked_mul(height - 1).and_then(|bytes| bytes.checked_add(4 * width));
    if shot.stride < 4 * width || needed.is_none_or(|needed| needed > shot.pixels.len()) {
        return Err(Error::new(
            "vision.bad_picture",
            "The desktop gave a picture that is smaller than it said.",
            "Ask again; the window may have been changing its size.",
        ));
    }
    Ok(())
}

/// `region` of the desktop, as seen from a picture.
pub(super) fn relative(region: &Region, picture: &Region) -> Region {
    Region::new(region.x.saturating_sub(picture.x), region.y.saturating_sub(picture.y), region.width, region.height)
}
