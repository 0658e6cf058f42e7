//! Activations as matrix products take them: in eight or sixteen bits, and as they are where weights are floats.
//!
//! Each block of 32 values has a scale, so that `value = scale * q` with a whole number `q`, and `scale * sum(q)`, which
//! weights with a minimum or a centre need. Instructions multiply eight bits: of eight bits `q` is what is called upper here,
//! of sixteen it is `256 * upper + lower`, and the products of both are put together as whole numbers.

use super::{BLOCK, Kernel};
use crate::team::Parts;

/// How finely activations are rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rounding {
    /// To eight bits: half the arithmetic.
    Eight,
    /// To sixteen: next to nothing is lost.
    Sixteen,
}

/// Values of up to a fixed number of tokens; the memory is reserved once.
#[derive(Debug)]
pub(crate) struct Activations {
    cols: usize,
    tokens: usize,
    upper: Vec<i8>,
    /// Empty after rounding to eight bits.
    lower: Vec<i8>,
    scales: Vec<f32>,
    sums: Vec<f32>,
    first_sums: Vec<f32>,
    /// The values themselves, where they are kept.
    values: Vec<f32>,
    keeps_values: bool,
}

/// One token of [`Activations`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    /// By column.
    pub(crate) upper: &'a [i8],
    /// By column, what is to be added to 256 times that; empty of eight bits.
    pub(crate) lower: &'a [i8],
    /// By block.
    pub(crate) scales: &'a [f32],
    /// By block, the scale times the sum of the numbers.
    pub(crate) sums: &'a [f32],
    /// By block, the same of its first half.
    pub(crate) first_sums: &'a [f32],
    /// By column, if they are kept.
    pub(crate) values: &'a [f32],
}

/// Whether rows have lower parts. Checks the lengths that products with `blocks` blocks rely on.
#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
#[inline]
pub(super) fn check<const T: usize>(blocks: usize, rows: &[Row<'_>; T]) -> bool {
    let is_fine = !rows[0].lower.is_empty();
    for row in rows {
        assert_eq!(row.lower.len(), if is_fine { blocks * BLOCK } else { 0 });
        assert!(row.upper.len() == blocks * BLOCK && row.scales.len() == blocks);
        assert!(row.sums.len() == blocks && row.first_sums.len() == blocks);
    }
    is_fine
}

/// Tokens that several threads write, each its own.
pub(crate) struct RowsMut<'a> {
    cols: usize,
    upper: Parts<'a, i8>,
    lower: Option<Parts<'a, i8>>,
    scales: Parts<'a, f32>,
    sums: Parts<'a, f32>,
    first_sums: Parts<'a, f32>,
    values: Option<Parts<'a, f32>>,
}

impl Activations {
    /// Room for `capacity` values. `keeps_values` for products with weights that are floats.
    pub(crate) fn with_capacity(capacity: usize, keeps_values: bool) -> Self {
        Self {
            cols: 0,
            tokens: 0,
            upper: Vec::with_capacity(capacity),
            lower: Vec::with_capacity(capacity),
            scales: Vec::with_capacity(capacity / BLOCK),
            sums: Vec::with_capacity(capacity / BLOCK),
            first_sums: Vec::with_capacity(capacity / BLOCK),
            values: Vec::with_capacity(if keeps_values { capacity } else { 0 }),
            keeps_values,
        }
    }

    /// Sets the shape, and gives the rows to be written.
    pub(crate) fn reshape(&mut self, tokens: usize, cols: usize, rounding: Rounding) -> RowsMut<'_> {
        assert_eq!(cols % BLOCK, 0, "a row is whole blocks");
        self.cols = cols;
        self.tokens = tokens;
        self.upper.resize(tokens * cols, 0);
        self.lower.resize(if rounding == Rounding::Sixteen { tokens * cols } else { 0 }, 0);
        self.scales.resize(tokens * cols / BLOCK, 0.0);
        self.sums.resize(tokens * cols / BLOCK, 0.0);
        self.first_sums.resize(tokens * cols / BLOCK, 0.0);
        if self.keeps_values {
            self.values.resize(tokens * cols, 0.0);
        }
        RowsMut {
            cols,
            upper: Parts::new(&mut self.upper),
            lower: (rounding == Rounding::Sixteen).then(|| Parts::new(&mut self.lower)),
            scales: Parts::new(&mut self.scales),
            sums: Parts::new(&mut self.sums),
            first_sums: Parts::new(&mut self.first_sums),
            values: self.keeps_values.then_some(Parts::new(&mut self.values)),
        }
    }

    /// Values of a token.
    pub(crate) fn cols(&self) -> usize {
        self.cols
    }

    /// How many tokens there are.
    pub(crate) fn tokens(&self) -> usize {
        self.tokens
    }

    /// The values of a token.
    pub(crate) fn token(&self, index: usize) -> Row<'_> {
        let blocks = self.cols / BLOCK;
        let values = if self.keeps_values { &self.values[index * self.cols..][..self.cols] } else { &[] };
        Row {
            upper: &self.upper[index * self.cols..][..self.cols],
            lower: self.lower.get(index * self.cols..(index + 1) * self.cols).unwrap_or_default(),
            scales: &self.scales[index * blocks..][..blocks],
            sums: &self.sums[index * blocks..][..blocks],
            first_sums: &self.first_sums[index * blocks..][..blocks],
            values,
        }
    }
}

impl RowsMut<'_> {
    /// Writes token `index`.
    ///
    /// # Safety
    /// No token is written by two threads at the same time.
    pub(crate) unsafe fn write(&self, kernel: Kernel, index: usize, values: &[f32]) {
        assert_eq!(values.len(), self.cols);
        let (cols, blocks) = (self.cols, self.cols / BLOCK);
        // SAFETY: a token's parts are its own, by the caller's promise.
        let row = unsafe {
            RowMut {
                upper: self.upper.part(index * cols, cols),
                lower: self.lower.as_ref().map(|lower| lower.part(index * cols, cols)),
                scales: self.scales.part(index * blocks, blocks),
                sums: self.sums.part(index * blocks, blocks),
                first_sums: self.first_sums.part(index * blocks, blocks),
            }
        };
        quantize(kernel, values, row);
        if let Some(kept) = &self.values {
            // SAFETY: as above.
            unsafe { kept.part(index * cols, cols) }.copy_from_slice(values);
        }
    }
}

/// One row that is being written.
pub(super) struct RowMut<'a> {
    pub(super) upper: &'a mut [i8],
    pub(super) lower: Option<&'a mut [i8]>,
    pub(super) scales: &'a mut [f32],
    pub(super) sums: &'a mut [f32],
    pub(super) first_sums: &'a mut [f32],
}

/// The number of eight bits that the largest value of a block becomes.
pub(super) const EIGHT: f32 = 127.0;
/// That of sixteen: no upper part is beyond 127.
pub(super) const SIXTEEN: f32 = 127.0 * 256.0;

/// What values of a block whose largest has this size are multiplied with, so that it becomes `most`.
///
/// What is smaller than that has no inverse in a float, and adds nothing to a product: it is taken for zero.
pub(super) fn inverse(largest: f32, most: f32) -> f32 {
    if largest >= most * f32::MIN_POSITIVE { most / largest } else { 0.0 }
}

/// Quantizes one row, block by block.
fn quantize(kernel: Kernel, values: &[f32], row: RowMut<'_>) {
    match kernel {
        Kernel::Plain => quantize_plainly(values, row),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: these kernels are only made where their instructions were detected.
        Kernel::Avx2 | Kernel::Vnni => unsafe { super::avx2_activations::quantize(values, row) },
        #[cfg(target_arch = "aarch64")]
        // SAFETY: as above.
        Kernel::Neon | Kernel::Dotprod => unsafe { super::neon_activations::quantize(values, row) },
    }
}

fn quantize_plainly(values: &[f32], row: RowMut<'_>) {
    let mut lower = row.lower.map(|lower| lower.as_chunks_mut::<BLOCK>().0.iter_mut());
    let most = if lower.is_some() { SIXTEEN } else { EIGHT };
    let blocks = values.as_chunks::<BLOCK>().0.iter().zip(row.upper.as_chunks_mut::<BLOCK>().0);
    let sums = row.sums.iter_mut().zip(row.first_sums);
    for ((values, upper), (scale, (sum, first_sum))) in blocks.zip(row.scales.iter_mut().zip(sums)) {
        // What is infinite or not a number (weights may be anything) has no whole number, and hides the largest: it is
        // taken for zero.
        let values = values.map(|value| if value.is_finite() { value } else { 0.0 });
        let mut largest = [0f32; 8];
        for eight in values.as_chunks::<8>().0 {
            for (largest, value) in largest.iter_mut().zip(eight) {
                *largest = largest.max(value.abs());
            }
        }
        let largest = largest.iter().fold(0f32, |a, b| a.max(*b));
        *scale = largest / most;
        let inverse = inverse(largest, most);
        let mut numbers = [0i32; BLOCK];
        for (number, value) in numbers.iter_mut().zip(values) {
            // Half away from zero by adding half and cutting off: no call into the C library on any target.
            let scaled = value * inverse;
            *number = (scaled + 0.5f32.copysign(scaled)) as i32;
        }
        match lower.as_mut().and_then(Iterator::next) {
            // The low byte, with its sign, is what 256 times the rest lacks.
            Some(lower) => {
                *upper = numbers.map(|number| ((number + 128) >> 8) as i8);
                *lower = numbers.map(|number| number as i8);
            }
            None => *upper = numbers.map(|number| number as i8),
        }
        let (first, last) = numbers.split_at(BLOCK / 2);
        let first: i32 = first.iter().sum();
        *first_sum = *scale * first as f32;
        *sum = *scale * (first + last.iter().sum::<i32>()) as f32;
    }
}
