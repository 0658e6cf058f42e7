//! The seams of sight: what is captured, and what is read in it.
//!
//! Owns the shapes that capture, recognition, the accessibility tree and the skills share. Nothing here looks at a screen.
//!
//! Coordinates are physical pixels of the whole desktop, whose origin is the top left corner of its first monitor; other
//! monitors may lie at negative ones.

use crate::{Cancel, Error, Result};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A rectangle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Region {
    /// Left edge, px.
    pub x: i32,
    /// Top edge, px.
    pub y: i32,
    /// px; 0 is empty.
    pub width: u32,
    /// px; 0 is empty.
    pub height: u32,
}

impl Region {
    /// A rectangle from its left, top, width and height.
    pub const fn new(x: i32, y: i32, width: u32, height: u32) -> Self {
        Self { x, y, width, height }
    }

    /// The first column behind it.
    pub const fn right(&self) -> i32 {
        self.x.saturating_add_unsigned(self.width)
    }

    /// The first row under it.
    pub const fn bottom(&self) -> i32 {
        self.y.saturating_add_unsigned(self.height)
    }

    /// Whether it has no pixel.
    pub const fn is_empty(&self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// Its pixels.
    pub const fn area(&self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// What both have; empty where they don't meet.
    pub fn intersection(&self, other: &Self) -> Self {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let (right, bottom) = (self.right().min(other.right()), self.bottom().min(other.bottom()));
        if right <= x || bottom <= y {
            return Self::new(x, y, 0, 0);
        }
        Self::new(x, y, right.abs_diff(x), bottom.abs_diff(y))
    }

    /// The smallest that holds both; an empty one adds nothing.
    pub fn union(&self, other: &Self) -> Self {
        if self.is_empty() {
            return *other;
        }
        if other.is_empty() {
            return *self;
        }
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        let (right, bottom) = (self.right().max(other.right()), self.bottom().max(other.bottom()));
        Self::new(x, y, right.abs_diff(x), bottom.abs_diff(y))
    }

    /// Whether they share a pixel.
    pub fn meets(&self, other: &Self) -> bool {
        !self.intersection(other).is_empty()
    }

    /// Whether the pixel at `x`, `y` is in it.
    pub const fn contains(&self, x: i32, y: i32) -> bool {
        x >= self.x && y >= self.y && x < self.right() && y < self.bottom()
    }
}

/// What to look at.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ScreenTarget {
    /// The window that has the keyboard; the monitor under the pointer where no window has it.
    #[default]
    ActiveWindow,
    /// The window under the pointer.
    PointerWindow,
    /// The monitor under the pointer.
    PointerMonitor,
    /// Every monitor, as one picture.
    AllMonitors,
    /// A rectangle of the desktop.
    Region(Region),
}

/// A window as the desktop lists it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScreenWindow {
    /// The window system's number of it.
    pub id: u64,
    /// Its title.
    pub title: String,
    /// The application's name (X11: the class of `WM_CLASS`; macOS: the owner's name).
    pub application: String,
    /// The process that shows it; 0 where the window system doesn't tell.
    pub process: u32,
    /// Where it is, its frame not included.
    pub region: Region,
    /// Where it is with its frame, whose bar shows its title; as `region` where it has none.
    pub frame: Region,
    /// The part through which nothing behind it can be seen; empty where that is not known, as of a window with shadows,
    /// rounded corners or a see-through ground.
    pub opaque: Region,
    /// Whether it has the keyboard.
    pub focused: bool,
}

/// A picture that a [`ScreenCapture`] holds, borrowed until its next one: nobody copies it on the way to a recognizer. Rows of
/// blue, green, red and an unused byte.
#[derive(Debug)]
pub struct Screenshot<'a> {
    /// `stride * region.height` bytes at least.
    pub pixels: &'a mut [u8],
    /// Bytes from one row to the next; at least 4 times the width.
    pub stride: usize,
    /// Which part of the desktop it shows. Its width and height are those of the picture.
    pub region: Region,
    /// Physical pixels a logical one, 1 on an ordinary monitor.
    pub scale: f32,
    /// The window that it shows, where one was asked for; else the one that has the keyboard, if it is in the picture.
    pub window: Option<ScreenWindow>,
    /// The windows as [`ScreenCapture::windows`] lists them, asked right after the picture was taken.
    pub windows: Vec<ScreenWindow>,
}

impl Screenshot<'_> {
    /// Its pixels, to be read.
    pub fn view(&self) -> Pixels<'_> {
        Pixels { data: self.pixels, stride: self.stride, width: self.region.width, height: self.region.height }
    }
}

/// Pixels to be read: rows of blue, green, red and an unused byte.
#[derive(Debug, Clone, Copy)]
pub struct Pixels<'a> {
    /// `stride * (height - 1) + 4 * width` bytes at least.
    pub data: &'a [u8],
    /// Bytes from one row to the next.
    pub stride: usize,
    /// px.
    pub width: u32,
    /// px.
    pub height: u32,
}

impl<'a> Pixels<'a> {
    /// One row, 4 bytes a pixel.
    ///
    /// # Panics
    /// `y` is not under the height.
    pub fn row(&self, y: u32) -> &'a [u8] {
        let from = y as usize * self.stride;
        &self.data[from..from + 4 * self.width as usize]
    }
}

/// Takes pictures of the screen. Nothing is captured unless one of these is called.
pub trait ScreenCapture: Send {
    /// A picture of `target`. The one of before is overwritten.
    ///
    /// # Errors
    /// There is no display, no permission, or the target is gone or off the screen.
    fn capture(&mut self, target: &ScreenTarget) -> Result<Screenshot<'_>>;

    /// The windows that are shown, the topmost first.
    ///
    /// # Errors
    /// There is no display or no permission. Where the desktop lists no windows (Wayland), none come.
    fn windows(&mut self) -> Result<Vec<ScreenWindow>>;

    /// Overwrites the last picture and gives its memory back, where there is any.
    fn release(&mut self) {}
}

/// What kind of thing shows a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextRole {
    /// Nothing is known; all that a recognizer reads.
    #[default]
    Text,
    /// Title of a window or dialog.
    Title,
    /// A headline.
    Heading,
    /// Words of a dialog or alert.
    Alert,
    /// A button, link, tab or entry of a menu: something to press.
    Control,
    /// What a field holds that can be typed into.
    Field,
    /// Text whose colour says that something is wrong.
    Error,
}

/// A line of text on the screen.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TextLine {
    /// Its words, with single spaces between. In a row of a block of text, of a terminal or of code as many as its gaps have
    /// room for; a block that its application tells has its indentation and its tabs, too.
    pub text: String,
    /// Where it is.
    pub region: Region,
    /// How sure its reader is, 0..=1; 1 for the accessibility tree. A line that can hardly be read has what was made out of
    /// it, and little of this ([`Self::is_legible`]).
    pub confidence: f32,
    /// What shows it.
    pub role: TextRole,
}

impl TextLine {
    /// Lines that their reader is less sure of can't be read: wrong words are worse than none.
    const LEGIBLE: f32 = 0.65;

    /// Whether it was read for sure, so that its words may be told.
    pub fn is_legible(&self) -> bool {
        self.confidence >= Self::LEGIBLE
    }

    /// Whether `next`, the line after this one in reading order, stands beside it: the next cell of its row, or the value of
    /// the label that it is. By this a reader tells rows from cells, and who copies knows where a tab belongs.
    pub fn is_left_of(&self, next: &Self) -> bool {
        let (one, other) = (&self.region, &next.region);
        let shared = i64::from(one.bottom().min(other.bottom())) - i64::from(one.y.max(other.y));
        let lower = i64::from(one.height.min(other.height));
        // Boxes of letters that lean may meet.
        lower > 0 && shared * 2 >= lower && i64::from(other.x) + lower / 2 >= i64::from(one.right())
    }
}

/// Where the text of a screen is from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum TextSource {
    /// The accessibility tree of the window: exact.
    Accessibility,
    /// Recognized in the picture, at least in part.
    #[default]
    Recognizer,
    /// Recognized earlier; nothing changed since.
    Cache,
}

/// How long the parts of a look took, ms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct LookTimings {
    /// Taking the picture, or asking the accessibility tree.
    pub capture: f64,
    /// Masking, and finding what changed.
    pub diff: f64,
    /// Finding lines.
    pub detect: f64,
    /// Reading them.
    pub recognize: f64,
    /// All of it.
    pub total: f64,
}

/// The text of a screen, in reading order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ScreenText {
    /// The lines; columns one after the other, the cells of tables and forms row by row ([`TextLine::is_left_of`]), a dialog
    /// before what it covers.
    pub lines: Vec<TextLine>,
    /// Where they are from.
    pub source: TextSource,
    /// What was looked at.
    pub region: Region,
    /// Title of the window, if one was looked at.
    pub window: Option<String>,
    /// Its application.
    pub application: Option<String>,
    /// What the user has to know of it, a sentence each: that the picture is blank, that applications were left out, that
    /// some of the text could not be read.
    pub notes: Vec<String>,
    /// It is a picture from a file, and no screen.
    #[serde(default)]
    pub is_picture: bool,
    /// How long it took.
    pub timings_ms: LookTimings,
}

impl ScreenText {
    /// One of `notes`: the text was known. Nothing is missing from an answer for that.
    pub const UNCHANGED: &str = "Nothing changed since the last look.";

    /// How one of `notes` ends, behind a number of lines.
    pub const ILLEGIBLE: &str =
        "lines can't be read: they are in a script that I don't know, or the page is turned or upside down.";

    /// One of `notes`: what is excluded may be in the text, since nobody tells where it stands (Wayland).
    pub const NO_WINDOWS: &str =
        "This desktop doesn't tell which windows it shows, so those that are never looked at could not be left out.";
}

/// Reads the text in pictures.
pub trait TextRecognizer: Send {
    /// Appends to `lines` what stands in `areas` of `pixels`, regions relative to the picture. A line that reaches out of
    /// the areas is read whole.
    ///
    /// # Errors
    /// The model failed, or `cancel` was raised.
    fn recognize(
        &mut self,
        pixels: Pixels<'_>,
        areas: &[Region],
        cancel: &Cancel,
        lines: &mut Vec<TextLine>,
    ) -> Result<LookTimings>;

    /// Forgets texts that are kept for lines that may be seen again: those last seen at least `unseen` ago, all of them for
    /// zero.
    fn forget(&mut self, unseen: Duration) {
        let _ = unseen;
    }

    /// Overwrites what is left of the last picture and gives its memory back, with all texts that are kept.
    fn release(&mut self) {}
}

/// The text that applications tell screen readers.
pub trait AccessibilityTree: Send {
    /// What the window that has the keyboard shows, in reading order and without what its password fields hold; `None` where
    /// no application says that its window has it.
    ///
    /// # Errors
    /// The desktop's accessibility service is not there or not permitted, or `cancel` was raised.
    fn focused_window(&mut self, cancel: &Cancel) -> Result<Option<WindowText>>;

    /// Where fields are shown whose content is hidden (passwords), in any window, as far as applications tell.
    ///
    /// # Errors
    /// As [`Self::focused_window`].
    fn hidden_fields(&mut self, cancel: &Cancel) -> Result<Vec<Region>>;
}

/// What one window tells screen readers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WindowText {
    /// Its title.
    pub title: String,
    /// Its application.
    pub application: String,
    /// The process that shows it; 0 where it is not known.
    pub process: u32,
    /// Where it is.
    pub region: Region,
    /// Whether it is a dialog or an alert.
    pub dialog: bool,
    /// Its text.
    pub lines: Vec<TextLine>,
    /// Whether all of the visible text is in `lines`: some applications tell only their buttons.
    pub whole: bool,
}

/// A request to look at the screen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Look {
    /// At what.
    pub target: ScreenTarget,
    /// Why, for the list of what was captured: "to answer: what does that error say".
    pub reason: String,
}

/// A look that was taken, as the list of what was captured keeps it: never its text, and never a title.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Capture {
    /// When, ms since 1970 began in UTC.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub at_ms: i64,
    /// What was to be looked at.
    pub target: ScreenTarget,
    /// Which part of the desktop that was.
    pub region: Region,
    /// Whose window; `None` for monitors and regions, and for a window that is excluded.
    pub application: Option<String>,
    /// Why, as [`Look::reason`] says it.
    pub reason: String,
    /// What its text was taken from.
    pub source: TextSource,
    /// How many pixels a recognizer was given; 0 where the text came from the tree or from before.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub pixels_read: u64,
    /// How many places were made black first: excluded windows and password fields.
    pub masked: u32,
    /// Whether it was to read ahead, unasked. Successive ones of one window are one entry.
    pub background: bool,
    /// To whom its picture is shown; none where it was only read.
    #[serde(default)]
    pub shown: Option<Shown>,
}

/// To whom a picture of the screen is shown that was taken for that, and whether it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Shown {
    /// Host and port of the server whose model sees it.
    pub host: String,
    /// Whether it was sent there; else it was only kept for the user to look at.
    pub sent: bool,
}

/// All of sight behind one call: captures, masks, and reads what changed.
pub trait Eyes: Send {
    /// Looks.
    ///
    /// # Errors
    /// There is no display, no permission, nothing to look at, or a model is missing or failed; or `cancel` was raised.
    fn look(&mut self, look: &Look, cancel: &Cancel) -> Result<ScreenText>;

    /// The host of the model of another program that a picture could be shown to; none where the user did not switch that on.
    ///
    /// # Errors
    /// It is switched on, and what it needs is not set.
    fn shows_to(&self) -> Result<Option<String>> {
        Ok(None)
    }

    /// Takes a picture, masked as one that is read, and keeps it in memory for the user to look at, with the `question` that
    /// it is to answer. Sends nothing: only the user has it sent.
    ///
    /// # Errors
    /// As [`Self::look`]; that is switched off; or nothing of the picture may be seen.
    fn offer(&mut self, look: &Look, question: &str, cancel: &Cancel) -> Result<()> {
        let (_, _, _) = (look, question, cancel);
        Err(Error::new("picture.off", "I can't show a picture to anyone from here.", "Ask the running Jarvis."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn region() -> impl Strategy<Value = Region> {
        (-50..50i32, -50..50i32, 0..40u32, 0..40u32).prop_map(|(x, y, width, height)| Region { x, y, width, height })
    }

    proptest! {
        #[test]
        fn a_pixel_is_in_the_intersection_if_it_is_in_both(a in region(), b in region(), x in -60..100i32, y in -60..100i32) {
            let both = a.intersection(&b);
            prop_assert_eq!(both.contains(x, y), a.contains(x, y) && b.contains(x, y));
            prop_assert_eq!(a.meets(&b), !both.is_empty());
        }

        #[test]
        fn a_union_holds_the_pixels_of_both(a in region(), b in region(), x in -60..100i32, y in -60..100i32) {
            let all = a.union(&b);
            prop_assert!(!(a.contains(x, y) || b.contains(x, y)) || all.contains(x, y));
            prop_assert_eq!(all, b.union(&a));
        }
    }

    #[test]
    fn a_cell_is_beside_the_one_before_it() {
        let line = |x, y, width, height| TextLine { region: Region::new(x, y, width, height), ..TextLine::default() };
        let label = line(10, 100, 80, 14);
        assert!(label.is_left_of(&line(400, 97, 60, 20)) && label.is_left_of(&line(88, 104, 60, 14)));
        assert!(!label.is_left_of(&line(10, 120, 80, 14)) && !label.is_left_of(&line(400, 110, 60, 14)));
        assert!(!line(400, 100, 60, 14).is_left_of(&label) && !label.is_left_of(&TextLine::default()));
        let far = line(i32::MAX, i32::MIN, u32::MAX, u32::MAX);
        assert!(!far.is_left_of(&line(i32::MIN, i32::MAX, u32::MAX, 1)));
    }

    #[test]
    fn edges_at_the_end_of_the_world_do_not_overflow() {
        let far = Region::new(i32::MAX - 1, i32::MIN, u32::MAX, u32::MAX);
        assert_eq!(far.right(), i32::MAX);
        assert_eq!(far.intersection(&far).x, far.x);
        let _ = far.union(&Region::new(i32::MIN, i32::MAX, u32::MAX, u32::MAX));
    }
}
