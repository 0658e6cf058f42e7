//! Change detection and scaling of a full screen, beside what one writes first: a picture of one's own from each frame,
//! compared with the kept one before it pixel by pixel, and made smaller by the `image` crate.

use super::super::llm::resident;
use super::super::{Better, Rows, median, ms};
use image::RgbaImage;
use image::imageops::{self, FilterType};
use jarvis_core::Pixels;
use jarvis_vision::frame::{Frames, Grid, Picture};
use std::hint::black_box;
use std::time::Instant;

const WIDTH: u32 = 1920;
const HEIGHT: u32 = 1080;
/// The most that a frame may take, ms.
const MOST_MS: f64 = 5.0;
/// How many frames the memory is watched for, and what it may grow by meanwhile.
const MANY: u32 = 10_000;
const MOST_MB: f64 = 1.0;
/// Frames a run; their median counts.
const FRAMES: u32 = 20;

/// A screen full of lines of text, or of what has as many edges.
fn screen() -> Vec<u8> {
    let mut seed = 7u32;
    let mut pixels = vec![250; (WIDTH * HEIGHT * 4) as usize];
    for line in 0..HEIGHT / 24 {
        for glyph in 4..WIDTH / 10 - 4 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if seed >> 29 == 0 {
                continue;
            }
            for (row, bits) in (0..14).zip([seed, seed >> 5, seed >> 9].iter().cycle()) {
                for column in (0..8).filter(|column| bits >> column & 1 == 1) {
                    let at = ((line * 24 + 5 + row) * WIDTH + glyph * 10 + column) as usize * 4;
                    pixels[at..at + 3].fill(30);
                }
            }
        }
    }
    pixels
}

/// Another place of the screen changes with each frame.
fn change(pixels: &mut [u8], number: u32) {
    let (left, top) = (number * 37 % (WIDTH - 300), number * 53 % (HEIGHT - 40));
    for y in top..top + 40 {
        let from = ((y * WIDTH + left) * 4) as usize;
        pixels[from..from + 4 * 300].iter_mut().for_each(|byte| *byte ^= 0x5A);
    }
}

/// What one writes first. Gives how many pixels changed, and the smaller picture.
fn naive(before: &mut Option<RgbaImage>, pixels: &[u8]) -> (usize, RgbaImage) {
    let mut frame = RgbaImage::new(WIDTH, HEIGHT);
    for (pixel, from) in frame.pixels_mut().zip(pixels.chunks_exact(4)) {
        pixel.0 = [from[2], from[1], from[0], 255];
    }
    let changed = before.as_ref().map_or((WIDTH * HEIGHT) as usize, |before| {
        let differs = |(a, b): &(&image::Rgba<u8>, &image::Rgba<u8>)| {
            let difference: f32 = (0..3).map(|i| (f32::from(a.0[i]) - f32::from(b.0[i])).abs()).sum();
            difference > 0.0
        };
        frame.pixels().zip(before.pixels()).filter(differs).count()
    });
    let small = imageops::resize(&frame, WIDTH / 2, HEIGHT / 2, FilterType::Triangle);
    *before = Some(frame);
    (changed, small)
}

/// Prints the rows.
pub(super) fn run(runs: usize, rows: &mut Rows<'_>) {
    let mut pixels = screen();
    let (mut frames, mut grid, mut picture) = (Frames::new(), Grid::new(), Picture::default());
    let mut luma = Vec::new();
    let mut before = None;
    let (mut both, mut changes, mut lumas, mut hashes, mut theirs) = (vec![], vec![], vec![], vec![], vec![]);
    for number in 0..(runs as u32 * FRAMES).max(2) {
        change(&mut pixels, number);
        let view = view(&pixels);
        let start = Instant::now();
        black_box(frames.changes(view, &mut grid));
        changes.push(ms(start));
        frames.scale(view, WIDTH / 2, HEIGHT / 2, &mut picture);
        black_box(picture.view());
        both.push(ms(start));
        let start = Instant::now();
        frames.luma(view, &mut luma);
        black_box(&luma);
        lumas.push(ms(start));
        let start = Instant::now();
        black_box(frames.perceptual_hash(view));
        hashes.push(ms(start));
        if number % FRAMES < 3 {
            let start = Instant::now();
            black_box(naive(&mut before, &pixels));
            theirs.push(ms(start));
        }
    }
    let less = |values: &mut [f64]| (median(values), "ms", Better::Less);
    let naive = median(&mut theirs);
    rows.add(("vision", "1920x1080: changes and half the size"), less(&mut both), (Some(MOST_MS), Some(naive)));
    rows.add(("vision", "1920x1080: changes"), less(&mut changes), (None, None));
    rows.add(("vision", "1920x1080: brightness"), less(&mut lumas), (None, None));
    rows.add(("vision", "1920x1080: perceptual hash"), less(&mut hashes), (None, None));
    let Some(before) = resident() else { return };
    for number in 0..MANY {
        change(&mut pixels, number);
        black_box(frames.changes(view(&pixels), &mut grid));
        frames.scale(view(&pixels), WIDTH / 2, HEIGHT / 2, &mut picture);
    }
    if let Some(after) = resident() {
        let grown = after.saturating_sub(before) as f64 / 1e6;
        let value = (grown, "MB", Better::Less);
        rows.add(("vision", format!("memory that {MANY} frames add")), value, (Some(MOST_MB), None));
    }
}

fn view(pixels: &[u8]) -> Pixels<'_> {
    Pixels { data: pixels, stride: WIDTH as usize * 4, width: WIDTH, height: HEIGHT }
}
