//! A matrix of eight-bit weights whose upper and lower four bits lie apart.
//!
//! Of the scores of a whole vocabulary only the highest matter. The upper halves alone, which are half of the memory, say
//! nearly what each will be, and how far off that is follows from what is left out: hundreds of small numbers that have
//! nothing to do with each other. Owns how the halves lie and what is known of the error. Never decides which rows matter.

use super::activations::Row;
use super::packed::{Form, LANES, Lane, Line, Packed};
use super::pages::{Pages, Run};
use super::{BLOCK, Kernel, dispatch};
use half::f16;
use std::io;

/// Mean square of what the upper half leaves out of a number where that is any of 0..=15, less 7.5.
const LEFT_OUT: f32 = 21.25;
/// Mean square of a block's numbers, which what rounding the activations is off by is multiplied with: more than weights that
/// lie as a bell have (48 squared), so that for those the other error, which is the larger one, is told closely.
const NUMBERS: f32 = 80.0 * 80.0;

/// `rows` x `cols` weights of [`Form::Eight`] in two halves.
#[derive(Debug)]
pub(crate) struct Halved {
    /// The upper halves, and the scales.
    pub(crate) upper: Packed,
    /// The lower halves, as the upper ones lie.
    pub(crate) lower: Run<Line>,
    /// By row, what its error is a multiple of: see [`spread_of`].
    pub(crate) spread: Vec<f32>,
}

impl Halved {
    /// A matrix of which nothing is written yet.
    ///
    /// # Errors
    /// There is no memory for it.
    pub(crate) fn new(rows: usize, cols: usize, pages: &mut Pages) -> io::Result<Self> {
        let upper = Packed::zeros(rows, cols, Form::Upper, pages)?;
        let lower = pages.take(upper.quants.len())?;
        Ok(Self { lower, spread: vec![0.0; upper.groups() * LANES], upper })
    }

    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.upper.bytes() + self.lower.len() * size_of::<Line>() + self.spread.len() * size_of::<f32>()
    }

    /// Lines that [`Self::group`] writes.
    pub(crate) fn joined_lines(&self) -> usize {
        self.upper.blocks() * Form::Eight.lines()
    }

    /// A group of rows as [`Form::Eight`] into `lines`; returns its scales.
    pub(crate) fn group(&self, kernel: Kernel, group: usize, lines: &mut [Line]) -> &[u16] {
        let (upper, scales) = self.upper.group(group);
        let lower = &self.lower[group * self.upper.group_lines()..][..upper.len()];
        join(kernel, upper, lower, lines);
        scales
    }

    /// Writes row `row` as floats.
    pub(crate) fn row(&self, row: usize, out: &mut [f32]) {
        assert!(row < self.upper.rows && out.len() == self.upper.cols);
        let lane = row % LANES;
        let (upper, scales) = self.upper.group(row / LANES);
        let lower = &self.lower[row / LANES * self.upper.group_lines()..][..upper.len()];
        for (column, out) in out.iter_mut().enumerate() {
            let scale = f16::from_bits(scales[column / BLOCK * LANES + lane]).to_f32();
            let half = |lines: &[Line]| i32::from(nibble(lines, column, lane));
            *out = scale * ((half(upper) - 8) * 16 + half(lower)) as f32;
        }
    }

    /// What the upper halves leave out of `columns` (32 of them) in each row of a group, as a row of one block for
    /// `lanes`.
    pub(crate) fn left_out(&self, group: usize, columns: &[u32; BLOCK], lines: &mut [Line], scales: &mut [u16]) {
        let (_, own) = self.upper.group(group);
        let lower = &self.lower[group * self.upper.group_lines()..][..self.upper.group_lines()];
        for lane in 0..LANES {
            let weights = columns.map(|column| {
                let column = column as usize;
                let scale = f16::from_bits(own[column / BLOCK * LANES + lane]).to_f32();
                scale * (f32::from(nibble(lower, column, lane)) - 7.5)
            });
            Lane { lane, form: Form::Eight, lines: &mut *lines, scales: &mut *scales }.eight_from_floats(0, &weights);
        }
    }
}

/// How far 16 times a product of upper halves is off, as the standard deviation for a row whose spread is one: `rest` is the sum of the squares of the activations whose lower halves are left out, and `row` all of them, in eight
/// bits.
pub(crate) fn deviation(rest: f32, row: &Row<'_>) -> f32 {
    // Rounding is off by any part of a step, up to half of one: by a twelfth of its square in the mean.
    let steps: f32 = row.scales.iter().map(|scale| scale * scale).sum();
    (LEFT_OUT * rest + NUMBERS * BLOCK as f32 / 12.0 * steps).sqrt()
}

/// What the error of each row of a group is a multiple of, from its lines of [`Form::Eight`] and its scales: the root of the
/// mean square of its scales, if what is left out of it and its numbers are as [`deviation`] takes them to be, and more
/// where they are larger. Activations are rounded most where they are largest, and that may be in any block, so the
/// largest counts of what that is multiplied with.
pub(crate) fn spread_of(eight: &[Line], scales: &[u16]) -> [f32; LANES] {
    let (mut left_out, mut numbers) = ([0f32; LANES], [0f32; LANES]);
    let blocks = eight.as_chunks::<8>().0.iter().zip(scales.as_chunks::<LANES>().0);
    for (lines, scales) in blocks {
        let (mut halves, mut squares) = ([0i32; 32], [0i32; 32]);
        for line in lines {
            for ((half, square), byte) in halves.iter_mut().zip(&mut squares).zip(line.0) {
                let (lower, number) = (2 * i32::from(byte & 15) - 15, i32::from(byte as i8));
                *half += lower * lower;
                *square += number * number;
            }
        }
        for (lane, scale) in scales.iter().enumerate() {
            let scale = f16::from_bits(*scale).to_f32().powi(2);
            let mean = |sums: &[i32; 32]| sums[lane * 4..][..4].iter().sum::<i32>() as f32 / BLOCK as f32;
            left_out[lane] += scale * mean(&halves) / 4.0;
            numbers[lane] = numbers[lane].max(scale * mean(&squares));
        }
    }
    let count = (scales.len() / LANES).max(1) as f32;
    std::array::from_fn(|lane| (left_out[lane] / count / LEFT_OUT).max(numbers[lane] / NUMBERS).sqrt())
}

/// The four bits of a column in the lines of a group.
fn nibble(lines: &[Line], column: usize, lane: usize) -> u8 {
    let (block, column) = (column / BLOCK, column % BLOCK);
    let byte = lines[block * 4 + column % 16 / 4].0[lane * 4 + column % 4];
    if column < 16 { byte & 15 } else { byte >> 4 }
}

/// Takes lines of [`Form::Eight`] apart.
pub(crate) fn split(eight: &[Line], upper: &mut [Line], lower: &mut [Line]) {
    let halves = upper.as_chunks_mut::<4>().0.iter_mut().zip(lower.as_chunks_mut::<4>().0);
    for (eight, (upper, lower)) in eight.as_chunks::<8>().0.iter().zip(halves) {
        for j in 0..4 {
            for i in 0..32 {
                // With the sign's bit the other way round, numbers begin at zero.
                let (first, last) = (eight[j].0[i] ^ 0x80, eight[j + 4].0[i] ^ 0x80);
                upper[j].0[i] = first >> 4 | last & 0xf0;
                lower[j].0[i] = first & 15 | last << 4;
            }
        }
    }
}

dispatch! {
    /// Puts lines together again as [`Form::Eight`] has them.
    fn join(upper: &[Line], lower: &[Line], eight: &mut [Line]) = join_plainly
}

#[inline(always)]
fn join_plainly(upper: &[Line], lower: &[Line], eight: &mut [Line]) {
    let halves = upper.as_chunks::<4>().0.iter().zip(lower.as_chunks::<4>().0);
    for (eight, (upper, lower)) in eight.as_chunks_mut::<8>().0.iter_mut().zip(halves) {
        for j in 0..4 {
            for i in 0..32 {
                let (upper, lower) = (upper[j].0[i], lower[j].0[i]);
                eight[j].0[i] = (upper << 4 | lower & 15) ^ 0x80;
                eight[j + 4].0[i] = (upper & 0xf0 | lower >> 4) ^ 0x80;
            }
        }
    }
}

/// The highest that one of the scores is at least, errors counted in: of `scores` less `margin` times their `spread`, but for
/// those whose index is `left_out`.
pub(crate) fn best_at_least(scores: &[f32], spread: &[f32], margin: f32, left_out: impl Fn(usize) -> bool) -> f32 {
    /// Scores of which the highest is looked up before each is.
    const RUN: usize = 8 * LANES;
    let mut best = f32::NEG_INFINITY;
    for (run, (scores, spread)) in scores.chunks(RUN).zip(spread.chunks(RUN)).enumerate() {
        let mut highest = [f32::NEG_INFINITY; LANES];
        for (scores, spread) in scores.chunks(LANES).zip(spread.chunks(LANES)) {
            for (highest, (score, spread)) in highest.iter_mut().zip(scores.iter().zip(spread)) {
                let at_least = score - margin * spread;
                *highest = if at_least > *highest { at_least } else { *highest };
            }
        }
        if highest.iter().all(|highest| *highest <= best) {
            continue;
        }
        for (index, (score, spread)) in scores.iter().zip(spread).enumerate() {
            let at_least = score - margin * spread;
            if at_least > best && !left_out(run * RUN + index) {
                best = at_least;
            }
        }
    }
    best
}

/// Calls `found` with each group of [`LANES`] of which one may be at least `floor`, errors counted in: one of `scores` and
/// `margin` times their `spread`.
pub(crate) fn within(scores: &[f32], spread: &[f32], (margin, floor): (f32, f32), mut found: impl FnMut(usize)) {
    for (group, (scores, spread)) in scores.chunks(LANES).zip(spread.chunks(LANES)).enumerate() {
        let mut is_within = false;
        for (score, spread) in scores.iter().zip(spread) {
            is_within |= score + margin * spread >= floor;
        }
        if is_within {
            found(group);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Numbers, kernels, random_matrix};
    use super::super::{Activations, Rounding, matmul};
    use super::*;
    use proptest::prelude::*;

    fn halved(matrix: &Packed) -> Halved {
        let mut halved = Halved::new(matrix.rows, matrix.cols, &mut Pages::default()).unwrap();
        split(&matrix.quants, &mut halved.upper.quants, &mut halved.lower);
        halved.upper.scales.copy_from_slice(&matrix.scales);
        halved
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

        #[test]
        fn halves_that_are_put_together_are_what_was_taken_apart(rows in 1usize..40, blocks in 1usize..12, seed in any::<u64>()) {
            let matrix = random_matrix(rows, blocks * BLOCK, Form::Eight, &mut Numbers(seed));
            let halved = halved(&matrix);
            for kernel in kernels() {
                for group in 0..matrix.groups() {
                    let mut lines = vec![Line([0xaa; 32]); halved.joined_lines()];
                    let scales = halved.group(kernel, group, &mut lines);
                    let (expected, expected_scales) = matrix.group(group);
                    prop_assert!(scales == expected_scales);
                    prop_assert!(lines.iter().zip(expected).all(|(a, b)| a.0 == b.0), "{kernel:?}");
                }
            }
            let (mut found, mut expected) = (vec![f32::NAN; matrix.cols], vec![0.0; matrix.cols]);
            for row in 0..rows {
                halved.row(row, &mut found);
                matrix.row(row, &mut expected);
                prop_assert_eq!(&found, &expected);
            }
        }

        #[test]
        fn what_is_left_out_of_columns_is_what_their_upper_halves_lack(blocks in 1usize..8, seed in any::<u64>()) {
            let mut numbers = Numbers(seed);
            let matrix = random_matrix(LANES, blocks * BLOCK, Form::Eight, &mut numbers);
            let halved = halved(&matrix);
            let columns = std::array::from_fn(|_| numbers.bits() % matrix.cols as u32);
            let mut left = Packed::zeros(LANES, BLOCK, Form::Eight, &mut Pages::default()).unwrap();
            halved.left_out(0, &columns, &mut left.quants, &mut left.scales);
            let (mut whole, mut upper, mut found) = (vec![0.0; matrix.cols], vec![0.0; matrix.cols], vec![0.0; BLOCK]);
            for row in 0..LANES {
                matrix.row(row, &mut whole);
                halved.upper.row(row, &mut upper);
                left.row(row, &mut found);
                let largest = found.iter().fold(0f32, |largest, w| largest.max(w.abs()));
                for (column, found) in columns.iter().zip(&found) {
                    let column = *column as usize;
                    let expected = whole[column] - 16.0 * upper[column];
                    prop_assert!((found - expected).abs() <= largest / 200.0, "{found} and {expected}");
                }
            }
        }
    }

    #[test]
    fn the_error_of_upper_halves_has_the_deviation_that_is_told() {
        let mut numbers = Numbers(7);
        errors_are_as_told(random_matrix(4000, 576, Form::Eight, &mut numbers), &mut numbers, 0.1..1.5);
        // Rows of few numbers, as a file of few bits has them: the same is left out of nearly all.
        let mut coarse = random_matrix(4000, 576, Form::Eight, &mut numbers);
        coarse.quants.iter_mut().flat_map(|line| &mut line.0).for_each(|byte| *byte = (*byte as i8 / 64 * 64) as u8);
        errors_are_as_told(coarse, &mut numbers, 0.1..1.5);
        // Blocks of very different scales.
        let mut uneven = random_matrix(4000, 576, Form::Eight, &mut numbers);
        for scales in uneven.scales.as_chunks_mut::<LANES>().0.iter_mut().step_by(5) {
            *scales = scales.map(|scale| f16::from_f32(f16::from_bits(scale).to_f32() * 8.0).to_bits());
        }
        errors_are_as_told(uneven, &mut numbers, 0.01..1.5);
    }

    /// Whether the mean square of the errors of `matrix` is a part of what is told within `part`, and none beyond six deviations.
    fn errors_are_as_told(matrix: Packed, numbers: &mut Numbers, part: std::ops::Range<f32>) {
        let (rows, cols) = (matrix.rows, matrix.cols);
        let halved = halved(&matrix);
        // A few values that stand out, as in real last states.
        let values: Vec<f32> =
            numbers.many(cols).iter().enumerate().map(|(i, v)| if i % 97 == 0 { v * 20.0 } else { *v }).collect();
        for kernel in kernels() {
            let product = |matrix: &Packed, rounding| {
                let mut activations = Activations::with_capacity(cols, false);
                // SAFETY: one thread writes.
                unsafe { activations.reshape(1, cols, rounding).write(kernel, 0, &values) };
                let mut out = vec![0.0; rows];
                matmul(kernel, matrix, &activations, 0..matrix.groups(), std::ptr::null(), |_, row, some| {
                    out[row..][..some.len()].copy_from_slice(some);
                });
                (out, deviation(values.iter().map(|value| value * value).sum(), &activations.token(0)))
            };
            let (exact, _) = product(&matrix, Rounding::Sixteen);
            let (upper, deviation) = product(&halved.upper, Rounding::Eight);
            let error = |row: usize| {
                let (lines, scales) = matrix.group(row / LANES);
                (16.0 * upper[row] - exact[row]) / (deviation * spread_of(lines, scales)[row % LANES])
            };
            let mean_square = (0..rows).map(|row| error(row).powi(2)).sum::<f32>() / rows as f32;
            assert!(part.contains(&mean_square), "{kernel:?}: {mean_square}");
            assert!((0..rows).all(|row| error(row).abs() < 6.0));
        }
    }
}
