//! Whether the lines of a page run upwards or downwards, as of a sheet that was scanned on its side.
//!
//! Owns that judgement, made from boxes alone. Never turns a page: what stands on its side is told not to be read.

use super::detect::{Bounds, Detector};

/// A line is at least that long, in heights.
const LONG: u32 = 4;

/// With fewer boxes there is nothing to tell.
const BOXES: usize = 4;

/// Lines that a page on its side has at least when it is turned, and how many times longer they are altogether than what
/// seemed to be lines before.
const LINES: usize = 3;
const LONGER: u64 = 2;

/// Of the columns of a line so many have ink, in hundredths: the days of a calendar, under one another, are no line.
const DENSE: usize = 60;

/// How much ink differs from its ground at least, of 255.
const INK: u8 = 48;

/// The lines of `luma`, a picture `width` px wide in which `found` seem to be the lines, if they run from bottom to top or
/// from top to bottom. What is written as usual has hardly more than lines, and is not looked at twice.
pub(super) fn lines(detector: &mut Detector, luma: &[u8], width: usize, found: &[Bounds]) -> Option<Vec<Bounds>> {
    let is_long = |line: &&Bounds| line.width() >= LONG * line.height();
    let length = |lines: &[&Bounds]| lines.iter().map(|line| u64::from(line.width())).sum::<u64>();
    let long: Vec<&Bounds> = found.iter().filter(is_long).collect();
    if found.len() < BOXES || long.len() * 3 > found.len() {
        return None;
    }
    let height = luma.len() / width.max(1);
    let mut on_its_side = Vec::with_capacity(luma.len());
    for x in 0..width {
        on_its_side.extend(luma.iter().skip(x).step_by(width).take(height));
    }
    let mut lines = vec![];
    detector.find(&on_its_side, height, 0..width, &mut lines);
    let dense: Vec<&Bounds> =
        lines.iter().filter(is_long).filter(|line| is_dense(&on_its_side, height, line)).collect();
    // What it shows may not outlive it.
    on_its_side.fill(0);
    std::hint::black_box(&on_its_side);
    let is_turned = dense.len() >= LINES && length(&dense) >= LONGER * length(&long).max(1);
    let upright = |line: &&Bounds| Bounds { left: line.top, top: line.left, right: line.bottom, bottom: line.right };
    is_turned.then(|| dense.iter().map(upright).collect())
}

/// Whether letters follow each other closely in `line`.
fn is_dense(luma: &[u8], width: usize, line: &Bounds) -> bool {
    let at = |x: u32, y: u32| luma[y as usize * width + x as usize];
    // What is before it is no part of it.
    let ground = at(line.left.saturating_sub(2), line.top.midpoint(line.bottom));
    let has_ink = |x: &u32| (line.top..line.bottom).any(|y| at(*x, y).abs_diff(ground) > INK);
    (line.left..line.right).filter(has_ink).count() * 100 >= line.width() as usize * DENSE
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Letters 6 by 10 px, so many lines of so many.
    fn page(lines: usize, letters: usize) -> (Vec<u8>, usize) {
        let (width, height) = (letters * 9 + 20, lines * 26 + 20);
        let is_ink = |x: usize, y: usize| {
            let (x, y) = (x.wrapping_sub(10), y.wrapping_sub(10));
            x % 9 < 6 && y % 26 < 10 && x / 9 < letters && y / 26 < lines
        };
        ((0..width * height).map(|at| if is_ink(at % width, at / width) { 0 } else { 255 }).collect(), width)
    }

    fn turned(luma: &[u8], width: usize) -> bool {
        let (mut detector, mut found) = (Detector::default(), vec![]);
        detector.find(luma, width, 0..luma.len() / width, &mut found);
        let lines = lines(&mut detector, luma, width, &found);
        let is_inside = |line: &Bounds| line.right as usize <= width && line.bottom as usize * width <= luma.len();
        assert!(lines.iter().flatten().all(is_inside), "{lines:?}");
        lines.is_some()
    }

    #[test]
    fn a_page_on_its_side_is_turned_and_others_are_not() {
        let (luma, width) = page(8, 40);
        assert!(!turned(&luma, width));
        let height = luma.len() / width;
        let on_its_side: Vec<u8> = (0..width).flat_map(|x| luma.iter().skip(x).step_by(width).copied()).collect();
        assert!(turned(&on_its_side, height));
        // Figures in a grid have no lines either way.
        let is_ink = |x: usize, y: usize| x % 40 < 12 && y % 26 < 12;
        let grid: Vec<u8> = (0..280 * 160).map(|at| if is_ink(at % 280, at / 280) { 0 } else { 255 }).collect();
        assert!(!turned(&grid, 280));
        assert!(!turned(&[255; 100], 10));
    }
}
