//! Activations in eight bits: what a matrix product takes.
//!
//! Each block of 32 values has a scale, so that `value = scale * q` with `q` in -127..=127, and `scale * sum(q)`, which
//! weights with a minimum need.

use super::{BLOCK, Kernel, dispatch};

/// Quantized values of up to a fixed number of tokens; the memory is reserved once.
#[derive(Debug)]
pub(crate) struct Activations {
    cols: usize,
    tokens: usize,
    quants: Vec<i8>,
    scales: Vec<f32>,
    sums: Vec<f32>,
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
}

/// [`Row`], to be written.
pub(crate) struct RowMut<'a> {
    quants: &'a mut [i8],
    scales: &'a mut [f32],
    sums: &'a mut [f32],
}

impl Activations {
    /// Room for `capacity` values.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self {
            cols: 0,
            tokens: 0,
            quants: Vec::with_capacity(capacity),
            scales: Vec::with_capacity(capacity / BLOCK),
            sums: Vec::with_capacity(capacity / BLOCK),
        }
    }

    /// Sets the shape, and gives the rows to be written with [`RowMut::quantize`].
    pub(crate) fn reshape(&mut self, tokens: usize, cols: usize) {
        assert_eq!(cols % BLOCK, 0, "a row is whole blocks");
        self.cols = cols;
        self.tokens = tokens;
        self.quants.resize(tokens * cols, 0);
        self.scales.resize(tokens * cols / BLOCK, 0.0);
        self.sums.resize(tokens * cols / BLOCK, 0.0);
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
        Row {
            quants: &self.quants[index * self.cols..][..self.cols],
            scales: &self.scales[index * blocks..][..blocks],
            sums: &self.sums[index * blocks..][..blocks],
        }
    }

    /// The rows, one a token.
    pub(crate) fn rows_mut(&mut self) -> impl Iterator<Item = RowMut<'_>> {
        let blocks = self.cols / BLOCK;
        self.quants
            .chunks_exact_mut(self.cols.max(1))
            .zip(self.scales.chunks_exact_mut(blocks.max(1)).zip(self.sums.chunks_exact_mut(blocks.max(1))))
            .map(|(quants, (scales, sums))| RowMut { quants, scales, sums })
    }

    /// Quantizes `values`, `tokens` rows of `cols`.
    pub(crate) fn quantize(&mut self, kernel: Kernel, values: &[f32], cols: usize) {
        self.reshape(values.len() / cols, cols);
        for (row, values) in self.rows_mut().zip(values.chunks_exact(cols)) {
            row.quantize(kernel, values);
        }
    }
}

impl RowMut<'_> {
    /// Quantizes one token.
    pub(crate) fn quantize(self, kernel: Kernel, values: &[f32]) {
        assert_eq!(values.len(), self.quants.len());
        quantize_row(kernel, values, self.quants, self.scales, self.sums);
    }
}

dispatch! {
    /// Quantizes one row, block by block.
    pub(crate) fn quantize_row(values: &[f32], quants: &mut [i8], scales: &mut [f32], sums: &mut [f32]) = quantize_body
}

#[inline(always)]
fn quantize_body(values: &[f32], quants: &mut [i8], scales: &mut [f32], sums: &mut [f32]) {
    let blocks = values.as_chunks::<BLOCK>().0.iter().zip(quants.as_chunks_mut::<BLOCK>().0);
    for ((values, quants), (scale, sum)) in blocks.zip(scales.iter_mut().zip(sums)) {
        let mut largest = [0f32; 8];
        for eight in values.as_chunks::<8>().0 {
            for (largest, value) in largest.iter_mut().zip(eight) {
                *largest = largest.max(value.abs());
            }
        }
        let largest = largest.iter().fold(0f32, |a, b| a.max(*b));
        *scale = largest / 127.0;
        let inverse = if largest > 0.0 { 127.0 / largest } else { 0.0 };
        let mut total = 0i32;
        for (quant, value) in quants.iter_mut().zip(values) {
            // Half away from zero by adding half and cutting off: no call into the C library on any target.
            let scaled = value * inverse;
            let rounded = (scaled + 0.5f32.copysign(scaled)) as i32;
            *quant = rounded as i8;
            total += rounded;
        }
        *sum = *scale * total as f32;
    }
}
