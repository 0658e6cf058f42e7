//! Pictures in another size: every pixel of the new one is the mean of the area of the old one that it stands for.
//!
//! Rows are summed first, to 15 bits a channel, then columns, in whole numbers throughout, so that every way of computing
//! gives the same bits. Half the size, which is what is mostly wanted, has a way of its own. A strip of columns at a time
//! goes through both, so that the sums stay in the processor's nearest memory and none is allocated.
//!
//! Weights have 14 bits: a mean is within a step of the exact one where an area has at most 60 rows and columns, and the
//! noise of the last bits grows with larger ones.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod plain;

use super::Level;
use super::crew::Crew;
use jarvis_core::Pixels;

/// The weights of an area add up to this.
const ONE: u64 = 1 << 14;
/// Sums of rows are kept with 15 bits, which fit a signed lane.
const ROWS_SHIFT: u32 = 7;
/// From sums of columns to 8 bits.
const SHIFT: u32 = 2 * 14 - ROWS_SHIFT;
/// Rows of the new picture that one thread takes at a time.
const BAND: usize = 16;
/// Columns of the old picture whose rows are summed at a time.
const STRIP: usize = 256;

/// A picture of our own: rows of blue, green, red and 255, without gaps.
#[derive(Debug, Clone, Default)]
pub struct Picture {
    pixels: Vec<u8>,
    width: u32,
    height: u32,
}

impl Picture {
    /// Its pixels, to be read.
    pub fn view(&self) -> Pixels<'_> {
        Pixels { data: &self.pixels, stride: self.width as usize * 4, width: self.width, height: self.height }
    }
}

/// Rows or columns of the old picture that one of the new stands for.
#[derive(Debug, Clone, Copy)]
struct Area {
    first: usize,
    count: usize,
    /// Where its weights begin.
    weights: usize,
}

/// The areas of all rows and columns; computed again only when a size changes.
#[derive(Debug, Default)]
pub(super) struct Weights {
    sizes: [u32; 4],
    rows: Vec<Area>,
    columns: Vec<Area>,
    weights: Vec<i16>,
}

impl Weights {
    fn fit(&mut self, (from_width, from_height): (u32, u32), (width, height): (u32, u32)) {
        let sizes = [from_width, from_height, width, height];
        if self.sizes != sizes {
            self.sizes = sizes;
            self.weights.clear();
            areas(from_width, width, &mut self.columns, &mut self.weights);
            areas(from_height, height, &mut self.rows, &mut self.weights);
        }
    }

    fn of(&self, area: Area) -> &[i16] {
        &self.weights[area.weights..area.weights + area.count]
    }
}

/// Cuts `from` pixels into `to` areas of equal width. Counted in `to`ths of a pixel, so that all edges are whole numbers.
fn areas(from: u32, to: u32, areas: &mut Vec<Area>, weights: &mut Vec<i16>) {
    let (from, to) = (u64::from(from), u64::from(to));
    areas.clear();
    for number in 0..to {
        let (begin, end) = (number * from, (number + 1) * from);
        let (first, behind) = (begin / to, end.div_ceil(to));
        let area = Area { first: first as usize, count: (behind - first) as usize, weights: weights.len() };
        // Rounded sums whose differences are the weights: these add up to one however they were rounded.
        let rounded = |edge: u64| ((edge.clamp(begin, end) - begin) * ONE * 2 + from) / (2 * from);
        weights.extend((first..behind).map(|pixel| (rounded((pixel + 1) * to) - rounded(pixel * to)) as i16));
        areas.push(area);
    }
}

/// See [`super::Frames::scale`].
pub(super) fn scale(
    (level, crew): (Level, &Crew),
    weights: &mut Weights,
    pixels: Pixels<'_>,
    (width, height): (u32, u32),
    picture: &mut Picture,
) {
    let empty = pixels.width == 0 || pixels.height == 0;
    (picture.width, picture.height) = if empty { (0, 0) } else { (width, height) };
    let row_bytes = picture.width as usize * 4;
    picture.pixels.resize(row_bytes * picture.height as usize, 0);
    if picture.pixels.is_empty() {
        return;
    }
    weights.fit((pixels.width, pixels.height), (width, height));
    let weights = &*weights;
    crew.chunks(&mut picture.pixels, row_bytes * BAND, |band, rows| {
        for (y, out) in (band * BAND..).zip(rows.chunks_mut(row_bytes)) {
            #[cfg(target_arch = "x86_64")]
            if level == Level::Avx2 && (pixels.width, pixels.height) == (2 * width, 2 * height) {
                let y = 2 * y as u32;
                // SAFETY: the level is only chosen where the processor has AVX2.
                unsafe { avx2::half_row(pixels.row(y), pixels.row(y + 1), out) };
                continue;
            }
            row(level, weights, pixels, y, out);
        }
    });
}

/// One row of the new picture, `y`, a strip of columns after the other.
fn row(level: Level, weights: &Weights, pixels: Pixels<'_>, y: usize, out: &mut [u8]) {
    let width = pixels.width as usize;
    let rows = weights.rows[y];
    let mut strip = [0i16; STRIP * 4];
    let (mut column, mut sums) = (0, [0i32; 4]);
    for begin in (0..width).step_by(STRIP) {
        let end = (begin + STRIP).min(width);
        let part = |row: usize| &pixels.row((rows.first + row) as u32)[4 * begin..4 * end];
        sum_rows(level, part, weights.of(rows), &mut strip[..4 * (end - begin)]);
        // An area that reaches behind the strip goes on with the next one.
        while let Some(&area) = weights.columns.get(column).filter(|area| area.first < end) {
            let (first, behind) = (area.first.max(begin), (area.first + area.count).min(end));
            let its = &weights.of(area)[first - area.first..behind - area.first];
            sum_columns(level, &strip[4 * (first - begin)..4 * (behind - begin)], its, &mut sums);
            if area.first + area.count > end {
                break;
            }
            let pixel = &mut out[4 * column..4 * column + 4];
            for (out, sum) in pixel.iter_mut().zip(std::mem::take(&mut sums)) {
                *out = ((sum + (1 << (SHIFT - 1))) >> SHIFT) as u8;
            }
            pixel[3] = u8::MAX;
            column += 1;
        }
    }
}

fn sum_rows<'a>(level: Level, row: impl Fn(usize) -> &'a [u8], weights: &[i16], sums: &mut [i16]) {
    #[cfg(target_arch = "x86_64")]
    if level == Level::Avx2 {
        // SAFETY: the level is only chosen where the processor has AVX2.
        return unsafe { avx2::sum_rows(&row, weights, sums) };
    }
    let _ = level;
    plain::sum_rows(0, row, weights, sums);
}

fn sum_columns(level: Level, strip: &[i16], weights: &[i16], sums: &mut [i32; 4]) {
    #[cfg(target_arch = "x86_64")]
    if level == Level::Avx2 {
        // SAFETY: the level is only chosen where the processor has AVX2.
        return unsafe { avx2::sum_columns(strip, weights, sums) };
    }
    let _ = level;
    plain::sum_columns(strip, weights, sums);
}
