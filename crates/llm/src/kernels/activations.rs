//! Activations as matrix products take them: in eight bits, and as they are where weights are floats.
//!
//! Each block of 32 values has a scale, so that `value = scale * q` with `q` in -127..=127, and `scale * sum(q)`, which
//! weights with a minimum or a centre need.

use super::{BLOCK, Kernel};
use crate::team::Parts;

/// Values of up to a fixed number of tokens; the memory is reserved once.
#[derive(Debug)]
pub(crate) struct Activations {
    cols: usize,
    tokens: usize,
    quants: Vec<i8>,
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
    pub(crate) quants: &'a [i8],
    /// By block.
    pub(crate) scales: &'a [f32],
    /// By block, the scale times the sum of the quants.
    pub(crate) sums: &'a [f32],
    /// By block, the same of its first half.
    pub(crate) first_sums: &'a [f32],
    /// By column, if they are kept.
    pub(crate) values: &'a [f32],
}

/// Tokens that several threads write, each its own.
pub(crate) struct RowsMut<'a> {
    cols: usize,
    quants: Parts<'a, i8>,
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
            quants: Vec::with_capacity(capacity),
            scales: Vec::with_capacity(capacity / BLOCK),
            sums: Vec::with_capacity(capacity / BLOCK),
            first_sums: Vec::with_capacity(capacity / BLOCK),
            values: Vec::with_capacity(if keeps_values { capacity } else { 0 }),
            keeps_values,
        }
    }

    /// Sets the shape, and gives the rows to be written.
    pub(crate) fn reshape(&mut self, tokens: usize, cols: usize) -> RowsMut<'_> {
        assert_eq!(cols % BLOCK, 0, "a row is whole blocks");
        self.cols = cols;
        self.tokens = tokens;
        self.quants.resize(tokens * cols, 0);
        self.scales.resize(tokens * cols / BLOCK, 0.0);
        self.sums.resize(tokens * cols / BLOCK, 0.0);
        self.first_sums.resize(tokens * cols / BLOCK, 0.0);
        if self.keeps_values {
            self.values.resize(tokens * cols, 0.0);
        }
        RowsMut {
            cols,
            quants: Parts::new(&mut self.quants),
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
            quants: &self.quants[index * self.cols..][..self.cols],
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
        let (quants, scales, sums, first_sums) = unsafe {
            (
                self.quants.part(index * cols, cols),
                self.scales.part(index * blocks, blocks),
                self.sums.part(index * blocks, blocks),
                self.first_sums.part(index * blocks, blocks),
            )
        };
        quantize(kernel, values, quants, scales, sums, first_sums);
        if let Some(kept) = &self.values {
            // SAFETY: as above.
            unsafe { kept.part(index * cols, cols) }.copy_from_slice(values);
        }
    }
}

/// Quantizes one row, block by block.
fn quantize(
    kernel: Kernel,
    values: &[f32],
    quants: &mut [i8],
    scales: &mut [f32],
    sums: &mut [f32],
    first_sums: &mut [f32],
) {
    match kernel {
        Kernel::Plain => quantize_plainly(values, quants, scales, sums, first_sums),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: these kernels are only made where their instructions were detected.
        Kernel::Avx2 | Kernel::Vnni => unsafe {
            super::avx2_activations::quantize(values, quants, scales, sums, first_sums);
        },
    }
}

/// What values of a block whose largest has this size are multiplied with.
///
/// What is smaller than that has no inverse in a float, and adds nothing to a product: it is taken for zero.
pub(super) fn inverse(largest: f32) -> f32 {
    if largest >= 127.0 * f32::MIN_POSITIVE { 127.0 / largest } else { 0.0 }
}

fn quantize_plainly(values: &[f32], quants: &mut [i8], scales: &mut [f32], sums: &mut [f32], first_sums: &mut [f32]) {
    let blocks = values.as_chunks::<BLOCK>().0.iter().zip(quants.as_chunks_mut::<BLOCK>().0);
    let sums = sums.iter_mut().zip(first_sums);
    for ((values, quants), (scale, (sum, first_sum))) in blocks.zip(scales.iter_mut().zip(sums)) {
        let mut largest = [0f32; 8];
        for eight in values.as_chunks::<8>().0 {
            for (largest, value) in largest.iter_mut().zip(eight) {
                *largest = largest.max(value.abs());
            }
        }
        let largest = largest.iter().fold(0f32, |a, b| a.max(*b));
        *scale = largest / 127.0;
        let inverse = inverse(largest);
        let mut totals = [0i32; 2];
        let halves = quants.as_chunks_mut::<16>().0.iter_mut().zip(values.as_chunks::<16>().0);
        for (total, (quants, values)) in totals.iter_mut().zip(halves) {
            for (quant, value) in quants.iter_mut().zip(values) {
                // Half away from zero by adding half and cutting off: no call into the C library on any target.
                let scaled = value * inverse;
                let rounded = (scaled + 0.5f32.copysign(scaled)) as i32;
                *quant = rounded as i8;
                *total += rounded;
            }
        }
        *first_sum = *scale * totals[0] as f32;
        *sum = *scale * (totals[0] + totals[1]) as f32;
    }
}
