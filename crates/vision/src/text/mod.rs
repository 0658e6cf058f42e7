//! Text in pictures: lines are found, then read by PP-OCR through ONNX Runtime.
//!
//! Owns detection, recognition and reading order, and the texts of the last lines, by their pixels, until it is told to
//! forget them. Never captures.
//!
//! [`PpOcr::load`] opens the recognizer; it is a [`TextRecognizer`]. Lines come in reading order as far as the picture
//! tells; who knows which windows lie on top puts them in order again with [`layout::arrange`].

mod caret;
mod detect;
mod known;
pub mod layout;
mod legible;
mod network;
mod read;
mod strip;
mod trunk;
mod turned;

use crate::frame::Frames;
use detect::{Bounds, Detector};
use jarvis_core::{Cancel, LookTimings, Pixels, Region, Result, TextLine, TextRecognizer, TextRole};
use jarvis_onnx::{OnnxError, Runtime};
use read::{Part, Reader};
use std::path::Path;
use std::time::{Duration, Instant};
use strip::Look;

/// A line reaches out of an area by no more than this, px: pictures are searched this far over and under their areas.
const REACH: u32 = 96;

/// Lines that the network is less sure of are no text, unless they look like writing that it can't read.
const LEAST_CONFIDENCE: f32 = 0.5;

/// A line of writing is at least that long, in heights, and so high, px: pictures are full of what is neither.
const WRITING: u32 = 5;
const WRITING_HEIGHTS: std::ops::RangeInclusive<u32> = 8..=64;

/// What is no longer, and can't be read for sure, is no text, characters.
const SCRAP: usize = 2;

/// So many lines that can't be read make others doubtful, if they are half of all, that are not at least so sure.
const FEW: usize = 3;
const SURE: f32 = 0.9;

/// What stands for a line of which nothing was read.
const UNREAD: &str = "?";

/// Reads screens with PP-OCRv6 small. Buffers are kept from picture to picture, and texts of lines that may be seen again
/// until they are to be forgotten.
#[derive(Debug)]
pub struct PpOcr {
    frames: Frames,
    detector: Detector,
    reader: Reader,
    luma: Vec<u8>,
    found: Vec<Bounds>,
    lines: Vec<(Bounds, Look)>,
    parts: Vec<Part>,
    /// The lines of a picture that run upwards or downwards; no others are looked for in it.
    turned: Vec<Bounds>,
}

impl PpOcr {
    /// Opens `recognition.onnx` in `folder` (the model `pp-ocrv6-small`), to be run on `threads` threads, 1 at least. Two
    /// are about twice as quick as one; each takes some 30 MB.
    ///
    /// # Errors
    /// The model is missing or is no recognizer of PP-OCR.
    pub fn load(runtime: &Runtime, folder: &Path, threads: usize) -> std::result::Result<Self, OnnxError> {
        Ok(Self {
            frames: Frames::new(),
            detector: Detector::default(),
            reader: Reader::load(runtime, &folder.join("recognition.onnx"), threads)?,
            luma: vec![],
            found: vec![],
            lines: vec![],
            parts: vec![],
            turned: vec![],
        })
    }

    /// Finds the lines that reach into `areas`, and how they look.
    fn find(&mut self, pixels: Pixels<'_>, areas: &[Region]) {
        self.found.clear();
        self.lines.clear();
        self.parts.clear();
        self.turned.clear();
        let picture = Region::new(0, 0, pixels.width, pixels.height);
        let mut rows: Vec<(u32, u32)> = areas
            .iter()
            .map(|area| area.intersection(&picture))
            .filter(|area| !area.is_empty())
            .map(|area| (area.y as u32, area.bottom() as u32))
            .map(|(top, bottom)| (top.saturating_sub(REACH), (bottom + REACH).min(pixels.height)))
            .collect();
        if rows.is_empty() {
            return;
        }
        rows.sort_unstable();
        rows.dedup_by(|next, before| {
            let meets = next.0 <= before.1;
            before.1 = before.1.max(if meets { next.1 } else { 0 });
            meets
        });
        self.frames.luma(pixels, &mut self.luma);
        let width = pixels.width as usize;
        let whole = rows == [(0, pixels.height)];
        for (top, bottom) in rows {
            self.detector.find(&self.luma, width, top as usize..bottom as usize, &mut self.found);
        }
        if whole && let Some(turned) = turned::lines(&mut self.detector, &self.luma, width, &self.found) {
            self.turned = turned;
            self.found.clear();
        }
        for bounds in self.found.drain(..) {
            let line = region(&bounds);
            if !areas.iter().any(|area| area.meets(&line)) {
                continue;
            }
            if let Some(look) = strip::look(&self.luma, pixels, &bounds) {
                self.lines.push((caret::without(&self.luma, width, &bounds, &look), look));
            }
        }
        let mut cut = vec![];
        for (line, (bounds, look)) in self.lines.iter().enumerate() {
            cut.clear();
            strip::parts(&self.luma, width, bounds, look, &mut cut);
            self.parts.extend(cut.iter().map(|part| Part {
                line,
                bounds: *part,
                look: *look,
                columns: strip::columns(part),
            }));
        }
    }
}

impl TextRecognizer for PpOcr {
    fn recognize(
        &mut self,
        pixels: Pixels<'_>,
        areas: &[Region],
        cancel: &Cancel,
        lines: &mut Vec<TextLine>,
    ) -> Result<LookTimings> {
        let began = Instant::now();
        self.find(pixels, areas);
        let detect = began.elapsed();
        let words = self.reader.read(&self.luma, pixels.width as usize, &self.parts, cancel)?;

        let mut read: Vec<TextLine> = Vec::with_capacity(self.lines.len());
        let mut parts = self.parts.iter().zip(words).peekable();
        for (at, (bounds, look)) in self.lines.iter().enumerate() {
            let mut line = TextLine { region: region(bounds), ..TextLine::default() };
            let (mut sum, mut length) = (0.0, 0);
            while let Some((part, words)) = parts.next_if(|(part, _)| part.line == at) {
                for word in words.text.split_whitespace() {
                    if !line.text.is_empty() {
                        line.text.push(' ');
                    }
                    line.text.push_str(word);
                }
                sum += words.confidence * part.columns as f32;
                length += part.columns;
            }
            line.confidence = if length == 0 { 0.0 } else { (sum / length as f32).clamp(0.0, 1.0) };
            if strip::is_red(look.ink) {
                line.role = TextRole::Error;
            }
            let has_words = line.text.chars().any(char::is_alphanumeric);
            // The corner of a window passes for a letter or two.
            let is_scrap = !line.is_legible() && line.text.chars().count() <= SCRAP;
            if line.confidence >= LEAST_CONFIDENCE && has_words && !is_scrap {
                read.push(line);
            } else if line.confidence < LEAST_CONFIDENCE && is_writing(bounds) {
                if line.text.is_empty() {
                    UNREAD.clone_into(&mut line.text);
                }
                read.push(line);
            }
        }
        doubt(&mut read);
        let turned = self.turned.iter().map(region);
        read.extend(turned.map(|region| TextLine { text: UNREAD.to_owned(), region, ..TextLine::default() }));
        layout::headings(&mut read);
        layout::order(&mut read, &[]);
        lines.append(&mut read);
        let ms = |duration: std::time::Duration| duration.as_secs_f64() * 1000.0;
        let total = ms(began.elapsed());
        Ok(LookTimings { detect: ms(detect), recognize: total - ms(detect), total, ..LookTimings::default() })
    }

    fn forget(&mut self, unseen: Duration) {
        self.reader.forget(unseen);
    }

    fn release(&mut self) {
        self.luma.fill(0);
        self.luma = vec![];
        self.detector = Detector::default();
        self.reader.release();
    }
}

/// Where most lines can't be read, what looks like Latin words is hardly any: it has to be as sure as those of a page that can.
fn doubt(lines: &mut [TextLine]) {
    let illegible = lines.iter().filter(|line| !line.is_legible()).count();
    if illegible < FEW || illegible * 2 < lines.len() {
        return;
    }
    for line in lines.iter_mut().filter(|line| line.confidence < SURE) {
        line.confidence = line.confidence.min(LEAST_CONFIDENCE);
    }
}

/// Whether a line of which little was read has the shape of writing.
fn is_writing(bounds: &Bounds) -> bool {
    WRITING_HEIGHTS.contains(&bounds.height()) && bounds.width() >= WRITING * bounds.height()
}

fn region(bounds: &Bounds) -> Region {
    Region::new(bounds.left as i32, bounds.top as i32, bounds.width(), bounds.height())
}

#[cfg(test)]
mod tests;
