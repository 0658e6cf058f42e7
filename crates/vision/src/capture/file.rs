//! Pictures from files, as if they were a screen: PNG, JPEG and WebP.
//!
//! Whatever a file claims, reading it takes bounded memory and time: its size is known from its head before a pixel is
//! decoded. See-through pixels lie on white, of an animation the first picture counts, and a photograph is turned upright.

use image::error::LimitErrorKind;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};
use jarvis_core::{Error, Pixels, Region, Result, ScreenCapture, ScreenTarget, ScreenWindow, Screenshot};
use std::fs::File;
use std::io::{BufRead, BufReader, Seek};
use std::path::Path;

/// Longest side, px.
const LONGEST_SIDE: u32 = 16_384;
/// Most pixels: more than a monitor of 8K.
const MOST_PIXELS: u64 = 40_000_000;
/// Largest file, bytes; what holds the most pixels of the deepest kind without any compression.
const LARGEST_FILE: u64 = 8 * MOST_PIXELS + (1 << 20);

/// A picture that stands for a screen: its only monitor and window, wherever the pointer is.
pub struct Picture {
    pixels: Vec<u8>,
    width: u32,
    height: u32,
}

impl Picture {
    /// Reads a file.
    ///
    /// # Errors
    /// It can't be opened, is none of the kinds that are read, is damaged, or has no pixels or too many.
    pub fn open(path: &Path) -> Result<Self> {
        let name = path.display();
        let opened = || {
            // What is no file (a pipe, a device) may have no end.
            let about = std::fs::metadata(path)?;
            if !about.is_file() {
                return Err(std::io::ErrorKind::InvalidInput.into());
            }
            Ok::<_, std::io::Error>((about.len(), BufReader::new(File::open(path)?)))
        };
        let (size, file) = opened().map_err(|error| {
            let reason = match error.kind() {
                std::io::ErrorKind::NotFound => "there is no such file".into(),
                std::io::ErrorKind::InvalidInput => "it is no file".into(),
                _ => error.to_string(),
            };
            let message = format!("The picture {name} can't be opened: {reason}.");
            Error::new("vision.picture_missing", message, "Name a PNG, JPEG or WebP file that you may read.")
        })?;
        if size > LARGEST_FILE {
            let message = format!(
                "The picture {name} has {} MB; the largest that is read has {} MB.",
                mb(size),
                mb(LARGEST_FILE)
            );
            return Err(Error::new("vision.picture_too_large", message, "Save it with compression, as PNG."));
        }
        Self::read(file).map_err(|error| Error { message: format!("The picture {name} {}", error.message), ..error })
    }

    /// Reads a picture from its bytes. The message of an error lacks its subject.
    fn read(mut bytes: impl BufRead + Seek) -> Result<Self> {
        if bytes.fill_buf().is_ok_and(<[u8]>::is_empty) {
            let hint = "Save or copy it again: nothing was written into it.";
            return Err(Error::new("vision.picture_empty", "is an empty file.", hint));
        }
        if let Some((width, height)) = png_size(bytes.fill_buf().unwrap_or_default()) {
            measured(width, height)?;
        }
        let mut reader = ImageReader::new(bytes).with_guessed_format().map_err(|error| damaged(&error))?;
        if !matches!(reader.format(), Some(ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP)) {
            let message = "is of a kind that isn't read.";
            return Err(Error::new("vision.picture_unknown", message, "Save it as PNG, JPEG or WebP."));
        }
        let mut limits = Limits::default();
        limits.max_image_width = Some(LONGEST_SIDE);
        limits.max_image_height = Some(LONGEST_SIDE);
        limits.max_alloc = Some(LARGEST_FILE);
        reader.limits(limits);
        let mut decoder = reader.into_decoder().map_err(|error| unreadable(&error))?;
        let (width, height) = decoder.dimensions();
        measured(width, height)?;
        let orientation = decoder.orientation().map_err(|error| unreadable(&error))?;
        let mut image = DynamicImage::from_decoder(decoder).map_err(|error| unreadable(&error))?;
        image.apply_orientation(orientation);
        Ok(Self { width: image.width(), height: image.height(), pixels: on_white(image) })
    }

    /// The picture turned clockwise by so many quarters.
    pub fn turned(&self, quarters: u8) -> Self {
        let (width, height) =
            if quarters.is_multiple_of(2) { (self.width, self.height) } else { (self.height, self.width) };
        let (across, down) = (self.width as usize, self.height as usize);
        let mut pixels = Vec::with_capacity(self.pixels.len());
        for y in 0..height as usize {
            for x in 0..width as usize {
                let (from_x, from_y) = match quarters % 4 {
                    1 => (y, down - 1 - x),
                    2 => (across - 1 - x, down - 1 - y),
                    3 => (across - 1 - y, x),
                    _ => (x, y),
                };
                let at = 4 * (from_y * across + from_x);
                pixels.extend_from_slice(&self.pixels[at..at + 4]);
            }
        }
        Self { pixels, width, height }
    }

    /// Its pixels.
    pub fn view(&self) -> Pixels<'_> {
        Pixels { data: &self.pixels, stride: 4 * self.width as usize, width: self.width, height: self.height }
    }
}

impl ScreenCapture for Picture {
    fn capture(&mut self, target: &ScreenTarget) -> Result<Screenshot<'_>> {
        let whole = Region::new(0, 0, self.width, self.height);
        let region = match target {
            ScreenTarget::Region(region) => region.intersection(&whole),
            _ => whole,
        };
        if let (true, ScreenTarget::Region(asked)) = (region.is_empty(), target) {
            let error = super::off_screen(*asked, whole);
            return Err(Error { message: error.message.replace("on the screen", "in the picture"), ..error });
        }
        let stride = 4 * self.width as usize;
        // Both are in the picture.
        let from = region.y as usize * stride + 4 * region.x as usize;
        Ok(Screenshot {
            pixels: &mut self.pixels[from..],
            stride,
            region,
            scale: 1.0,
            window: None,
            windows: Vec::new(),
        })
    }

    fn windows(&mut self) -> Result<Vec<ScreenWindow>> {
        Ok(Vec::new())
    }
}

/// What a PNG says of its size; `None` for what is none.
fn png_size(head: &[u8]) -> Option<(u32, u32)> {
    let head = head.strip_prefix(b"\x89PNG\r\n\x1a\n")?.get(4..)?.strip_prefix(b"IHDR")?;
    let number = |at: usize| Some(u32::from_be_bytes(head.get(at..at + 4)?.try_into().ok()?));
    Some((number(0)?, number(4)?))
}

/// Whether a picture of this size is read.
fn measured(width: u32, height: u32) -> Result<()> {
    if width == 0 || height == 0 {
        let message = format!("is {width} x {height} pixels: there is nothing in it.");
        return Err(Error::new("vision.picture_empty", message, "Name a picture of at least 1 x 1 pixel."));
    }
    if width > LONGEST_SIDE || height > LONGEST_SIDE || u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(too_large(&format!("is {width} x {height} pixels")));
    }
    Ok(())
}

fn too_large(what: &str) -> Error {
    let most = MOST_PIXELS / 1_000_000;
    let message = format!("{what}; up to {LONGEST_SIDE} pixels a side and {most} megapixels are read.");
    Error::new("vision.picture_too_large", message, "Make it smaller, or cut out the part that matters.")
}

fn unreadable(error: &ImageError) -> Error {
    match error {
        ImageError::Limits(limit) if matches!(limit.kind(), LimitErrorKind::Unsupported { .. }) => damaged(error),
        ImageError::Limits(_) => too_large("is too large"),
        _ => damaged(error),
    }
}

fn damaged(error: &dyn std::fmt::Display) -> Error {
    let message = format!("is damaged or cut off: {error}.");
    Error::new("vision.picture_damaged", message, "Save or copy it again.")
}

const fn mb(bytes: u64) -> u64 {
    bytes.div_ceil(1_000_000)
}

/// Blue, green, red and an unused byte of each pixel, on white.
fn on_white(image: DynamicImage) -> Vec<u8> {
    let mut pixels = Vec::with_capacity(4 * image.width() as usize * image.height() as usize);
    let mut push = |red: u8, green: u8, blue: u8, alpha: u8| {
        let (red, green, blue) = (over(red, alpha), over(green, alpha), over(blue, alpha));
        pixels.extend([blue, green, red, u8::MAX]);
    };
    match image {
        DynamicImage::ImageLuma8(image) => image.pixels().for_each(|pixel| push(pixel[0], pixel[0], pixel[0], u8::MAX)),
        DynamicImage::ImageRgb8(image) => image.pixels().for_each(|pixel| push(pixel[0], pixel[1], pixel[2], u8::MAX)),
        DynamicImage::ImageRgba8(image) => {
            image.pixels().for_each(|pixel| push(pixel[0], pixel[1], pixel[2], pixel[3]))
        }
        DynamicImage::ImageRgb16(image) => {
            image.pixels().for_each(|pixel| push(eight(pixel[0]), eight(pixel[1]), eight(pixel[2]), u8::MAX));
        }
        DynamicImage::ImageRgba16(image) => {
            image.pixels().for_each(|pixel| push(eight(pixel[0]), eight(pixel[1]), eight(pixel[2]), eight(pixel[3])));
        }
        // Grey with alpha, grey of 16 bits: rare, and small enough for a copy.
        other => other.into_rgba8().pixels().for_each(|pixel| push(pixel[0], pixel[1], pixel[2], pixel[3])),
    }
    pixels
}

/// A channel of a pixel with `alpha`, on white.
const fn over(channel: u8, alpha: u8) -> u8 {
    let (channel, alpha) = (channel as u32, alpha as u32);
    ((channel * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}

/// A channel of 16 bits in 8, rounded.
const fn eight(channel: u16) -> u8 {
    ((channel as u32 * 255 + 32_767) / 65_535) as u8
}

#[cfg(test)]
mod tests;
