//! Pictures of the screen for somebody to look at, where its text is not enough.
//!
//! Owns how one is taken: with what is excluded made black as in one that is read, smaller, compressed, and listed. Reads
//! nothing in it, keeps nothing of it, and gives it to nobody but its caller.

use super::masks::{Masks, check, relative};
use super::{BLANK, EXCLUDED, FIELDS_EXCLUDED, FIELDS_UNTOLD, PARTS_EXCLUDED, Screen, Told, is_window};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::imageops::{FilterType, resize};
use image::{ExtendedColorType, ImageEncoder, ImageError, Rgb, RgbImage};
use jarvis_core::{
    Cancel, Capture, Error, Look, Pixels, Region, Result, ScreenTarget, ScreenText, ScreenWindow, Shown, TextSource,
};

/// The longer side of a picture at most, px: what models that see look at; they make larger ones smaller themselves.
const LONGEST_SIDE: u32 = 1568;
/// A picture without loss that takes more bytes is one with many colours, which loses nothing that is seen as JPEG.
const LARGEST_PNG: usize = 1 << 20;
/// Quality of a JPEG, 1..=100.
const QUALITY: u8 = 85;

/// A picture in which everything is black that may not be seen.
#[derive(Clone, PartialEq, Eq)]
pub struct MaskedPicture {
    /// It, as a PNG or JPEG.
    pub bytes: Vec<u8>,
    /// Which of them: `image/png` or `image/jpeg`.
    pub kind: &'static str,
    /// px.
    pub width: u32,
    /// px.
    pub height: u32,
    /// Title of the window, if one was asked for.
    pub window: Option<String>,
    /// Its application.
    pub application: Option<String>,
    /// What the user has to know of it, a sentence each.
    pub notes: Vec<String>,
    /// As the list of what was captured has it.
    pub capture: Capture,
}

impl std::fmt::Debug for MaskedPicture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // No pixel and no title: this may end up in a log.
        f.debug_struct("MaskedPicture")
            .field("width", &self.width)
            .field("height", &self.height)
            .finish_non_exhaustive()
    }
}

impl Screen {
    /// Takes a picture for the user to look at, to be shown to `host`.
    ///
    /// # Errors
    /// As [`jarvis_core::Eyes::look`], and where all of it is excluded or has one colour.
    pub fn picture(&mut self, look: &Look, host: &str, cancel: &Cancel) -> Result<MaskedPicture> {
        if cancel.is_cancelled() {
            return Err(Error::cancelled());
        }
        self.silent = false;
        let windows = self.parts.capture.windows()?;
        // Whatever is looked at: only the tree may know that the window which has the keyboard is private.
        let told = self.ask_tree(&windows, cancel)?;
        let of_window = is_window(&look.target);
        let is_blind = self.is_blind(&windows);
        if matches!(told, Told::Excluded) && (look.target == ScreenTarget::ActiveWindow || is_blind) {
            return Err(excluded());
        }
        let hidden = self.hidden_fields(cancel)?;
        let mut untold = self.untold;
        let Self { parts, rules, refused, pictured, ledger, .. } = self;
        let is_excluded = |window: &ScreenWindow| rules.exclude(window) || refused.has(window);
        *pictured = true;
        let mut shot = parts.capture.capture(&look.target)?;
        check(&shot)?;
        let mut masks = Masks::of_shot(&is_excluded, &windows, &hidden, &shot, of_window);
        let capture = Capture {
            at_ms: parts.clock.local().timestamp().as_millisecond(),
            target: look.target.clone(),
            region: shot.region,
            application: shot
                .window
                .as_ref()
                .filter(|window| of_window && !is_excluded(window))
                .map(|window| window.application.clone()),
            reason: look.reason.clone(),
            source: TextSource::Recognizer,
            pixels_read: 0,
            masked: masks.all().count() as u32,
            background: false,
            shown: Some(Shown { host: host.to_owned(), sent: false }),
        };
        // On the list before anything can fail.
        ledger.add(capture.clone());
        masks.blacken(&mut shot);
        let (region, window) = (shot.region, shot.window.clone());
        let mut picture = colours(shot.view());
        // What was found to be excluded only now may have stood there before anyone listed it, and a field may have moved.
        let windows = self.parts.capture.windows()?;
        let hidden = self.hidden_fields(cancel)?;
        untold |= self.untold;
        let shown = window.as_ref().map(|window| windows.iter().find(|now| now.id == window.id).unwrap_or(window));
        masks.add(Masks::new(&|window| self.excludes(window), &windows, &hidden, &region, shown, of_window));
        for mask in masks.all() {
            blacken(&mut picture, relative(&mask.intersection(&region), &region));
        }
        self.forget_old();
        if masks.cover(&region) {
            return Err(excluded());
        }
        let first = picture.get_pixel(0, 0);
        if picture.pixels().all(|pixel| pixel == first) {
            return Err(Error::new("vision.blank", BLANK, "Bring what you mean to the front, and ask again."));
        }
        let picture = smaller(picture);
        let (kind, bytes) = compressed(&picture).map_err(|error| {
            Error::new("vision.uncompressed", format!("The picture can't be compressed: {error}."), "Ask once more.")
        })?;
        let notes = [
            (!masks.windows.is_empty(), PARTS_EXCLUDED),
            (!masks.fields.is_empty(), FIELDS_EXCLUDED),
            (untold, FIELDS_UNTOLD),
            (is_blind, ScreenText::NO_WINDOWS),
        ];
        let window = window.filter(|window| of_window && !self.excludes(window));
        Ok(MaskedPicture {
            bytes,
            kind,
            width: picture.width(),
            height: picture.height(),
            application: capture.application.clone(),
            window: window.map(|window| window.title),
            notes: notes.into_iter().filter(|(is_so, _)| *is_so).map(|(_, note)| note.to_owned()).collect(),
            capture,
        })
    }
}

fn excluded() -> Error {
    Error::new("eyes.excluded", EXCLUDED, "`jarvis config get eyes.excluded_apps` lists those applications.")
}

/// Its pixels in the order of files.
fn colours(view: Pixels<'_>) -> RgbImage {
    RgbImage::from_fn(view.width, view.height, |x, y| {
        let at = 4 * x as usize;
        let [blue, green, red] = [0, 1, 2].map(|channel| view.row(y)[at + channel]);
        Rgb([red, green, blue])
    })
}

fn blacken(picture: &mut RgbImage, mask: Region) {
    let whole = Region::new(0, 0, picture.width(), picture.height());
    let mask = mask.intersection(&whole);
    if mask.is_empty() {
        return;
    }
    // Within the picture, so nothing is negative.
    for y in mask.y as u32..mask.bottom() as u32 {
        for x in mask.x as u32..mask.right() as u32 {
            picture.put_pixel(x, y, Rgb([0; 3]));
        }
    }
}

/// The picture, no longer than [`LONGEST_SIDE`]. Made smaller after it was masked, so that nothing bleeds out of a mask.
fn smaller(picture: RgbImage) -> RgbImage {
    let (width, height) = picture.dimensions();
    let longest = width.max(height);
    if longest <= LONGEST_SIDE {
        return picture;
    }
    let scaled = |side: u32| {
        let side = (u64::from(side) * u64::from(LONGEST_SIDE) + u64::from(longest) / 2) / u64::from(longest);
        (side as u32).clamp(1, LONGEST_SIDE)
    };
    resize(&picture, scaled(width), scaled(height), FilterType::Triangle)
}

fn compressed(picture: &RgbImage) -> std::result::Result<(&'static str, Vec<u8>), ImageError> {
    let (width, height) = picture.dimensions();
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes).write_image(picture, width, height, ExtendedColorType::Rgb8)?;
    if bytes.len() <= LARGEST_PNG {
        return Ok(("image/png", bytes));
    }
    bytes.clear();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY).write_image(picture, width, height, ExtendedColorType::Rgb8)?;
    Ok(("image/jpeg", bytes))
}

#[cfg(test)]
mod tests {
    use super::super::Rules;
    use super::super::fakes::{CELL, Desktop, FakeWindow, Meanwhile, SECRET, VAULT};
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    const HOST: &str = "127.0.0.1:1";

    fn look(target: ScreenTarget) -> Look {
        Look { target, reason: "to answer: what is this".into() }
    }

    fn desktop() -> (Desktop, Screen) {
        let desktop = Desktop::new(40 * CELL, 20 * CELL);
        let mut editor = FakeWindow::new(1, "Editor", Region::new(0, 0, 20 * CELL, 10 * CELL), b"abc");
        editor.window.focused = true;
        desktop.world().windows = vec![editor];
        let screen = Screen::new(desktop.parts(), Rules::new([VAULT], true), Duration::ZERO);
        (desktop, screen)
    }

    fn decoded(picture: &MaskedPicture) -> RgbImage {
        image::load_from_memory(&picture.bytes).unwrap().into_rgb8()
    }

    fn shows(picture: &RgbImage, letter: u8) -> bool {
        picture.pixels().any(|pixel| pixel.0 == [letter; 3])
    }

    fn vault(id: u64) -> FakeWindow {
        FakeWindow::new(id, VAULT, Region::new(4 * CELL as i32, 0, 4 * CELL, 4 * CELL), b"x")
    }

    #[test]
    fn a_picture_is_what_is_there_without_what_is_excluded_and_is_listed() {
        let (desktop, mut screen) = desktop();
        desktop.world().windows.insert(0, vault(2));
        desktop.world().fields = vec![Region::new(0, 0, CELL, CELL)];
        let picture = screen.picture(&look(ScreenTarget::ActiveWindow), HOST, &Cancel::new()).unwrap();
        assert_eq!((picture.kind, picture.width, picture.height), ("image/png", 20 * CELL, 10 * CELL));
        assert_eq!((picture.window.as_deref(), picture.application.as_deref()), (Some("Editor 1"), Some("Editor")));
        assert_eq!(picture.notes, [PARTS_EXCLUDED, FIELDS_EXCLUDED]);
        let pixels = decoded(&picture);
        assert!(shows(&pixels, b'a') && shows(&pixels, b'c') && !shows(&pixels, SECRET));
        assert_eq!(desktop.world().pixels_read, 0, "nobody read it");
        let captures = screen.ledger().captures();
        assert_eq!(captures, [picture.capture]);
        assert_eq!(captures[0].shown, Some(Shown { host: HOST.into(), sent: false }));
        assert_eq!(desktop.world().releases, 2, "the desktop's own picture is gone");
    }

    #[test]
    fn of_an_excluded_window_there_is_no_picture() {
        let (desktop, mut screen) = desktop();
        desktop.world().windows[0].window.application = VAULT.into();
        let error = screen.picture(&look(ScreenTarget::ActiveWindow), HOST, &Cancel::new()).unwrap_err();
        assert_eq!(error.code, "eyes.excluded");
        assert_eq!(desktop.world().pictures, 0);
    }

    #[test]
    fn what_has_one_colour_is_no_picture() {
        let (desktop, mut screen) = desktop();
        desktop.world().windows.clear();
        let error = screen.picture(&look(ScreenTarget::AllMonitors), HOST, &Cancel::new()).unwrap_err();
        assert_eq!(error.code, "vision.blank");
    }

    #[test]
    fn where_nobody_lists_windows_the_user_is_told() {
        let (desktop, mut screen) = desktop();
        desktop.world().unlisted = true;
        let picture = screen.picture(&look(ScreenTarget::AllMonitors), HOST, &Cancel::new()).unwrap();
        assert_eq!(picture.notes, [ScreenText::NO_WINDOWS]);
    }

    #[test]
    fn where_nobody_tells_of_password_fields_the_user_is_told() {
        let notes = |screen: &mut Screen| {
            screen.picture(&look(ScreenTarget::ActiveWindow), HOST, &Cancel::new()).unwrap().notes
        };
        let (desktop, mut screen) = desktop();
        assert!(notes(&mut screen).is_empty());
        desktop.world().failing.tree = true;
        assert_eq!(notes(&mut screen), [FIELDS_UNTOLD]);
        desktop.world().failing.tree = false;
        assert!(notes(&mut screen).is_empty());
        let mut without = desktop.parts();
        without.tree = None;
        let mut screen = Screen::new(without, Rules::new([VAULT], true), Duration::ZERO);
        assert_eq!(notes(&mut screen), [FIELDS_UNTOLD]);
    }

    #[test]
    fn a_large_picture_is_made_smaller_and_one_of_many_colours_is_a_jpeg() {
        let wide = smaller(RgbImage::from_pixel(7680, 4320, Rgb([9; 3])));
        assert_eq!(wide.dimensions(), (1568, 882));
        assert_eq!(smaller(RgbImage::new(20_000, 3)).dimensions(), (1568, 1));
        let mut state = 1u32;
        let noise = RgbImage::from_fn(900, 900, |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Rgb([(state >> 24) as u8, (state >> 16) as u8, (state >> 8) as u8])
        });
        let (kind, bytes) = compressed(&noise).unwrap();
        assert_eq!(kind, "image/jpeg");
        assert_eq!(image::load_from_memory(&bytes).unwrap().into_rgb8().dimensions(), (900, 900));
    }

    proptest! {
        #[test]
        fn a_password_field_that_moves_is_black_where_it_was_and_where_it_is(
            from in (0..20i32, 0..10i32), to in (0..20i32, 0..10i32), width in 1..6u32, all in any::<bool>(),
        ) {
            let (desktop, mut screen) = desktop();
            let field = |(x, y): (i32, i32)| Region::new(x * CELL as i32, y * CELL as i32, width * CELL, CELL);
            desktop.world().fields = vec![field(from)];
            desktop.world().meanwhile = Some(Meanwhile::FieldMoves(field(to)));
            let target = if all { ScreenTarget::AllMonitors } else { ScreenTarget::ActiveWindow };
            if let Ok(picture) = screen.picture(&look(target), HOST, &Cancel::new()) {
                let pixels = decoded(&picture);
                prop_assert!(!shows(&pixels, SECRET));
                prop_assert_eq!(&picture.notes, &[FIELDS_EXCLUDED]);
                let (x, y) = (from.0 as u32 * CELL + CELL / 2, from.1 as u32 * CELL + CELL / 2);
                prop_assert_eq!(pixels.get_pixel(x, y).0, [0; 3]);
            }
        }

        #[test]
        fn nothing_excluded_is_ever_in_a_picture(
            x in -3..38i32, y in -3..18i32, width in 1..24u32, height in 1..14u32,
            blinks in any::<bool>(), jumps in any::<bool>(), all in any::<bool>(),
        ) {
            let (desktop, mut screen) = desktop();
            let cell = CELL as i32;
            let secret = FakeWindow::new(2, VAULT, Region::new(x * cell, y * cell, width * CELL, height * CELL), b"x");
            let meanwhile = match (blinks, jumps) {
                (true, _) => Meanwhile::Blinks(secret),
                (false, false) => Meanwhile::Opens(secret),
                (false, true) => {
                    desktop.world().windows.insert(0, secret);
                    Meanwhile::Jumps { window: 0, x: 0, y: 0 }
                }
            };
            desktop.world().meanwhile = Some(meanwhile);
            let target = if all { ScreenTarget::AllMonitors } else { ScreenTarget::ActiveWindow };
            if let Ok(picture) = screen.picture(&look(target), HOST, &Cancel::new()) {
                prop_assert!(!shows(&decoded(&picture), SECRET));
            }
        }
    }
}
