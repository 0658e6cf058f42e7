//! Weighted sums as they are defined: what the others are held to.

use super::ROWS_SHIFT;

/// The sums of a strip's rows from its byte `from` on, one row a weight.
pub(super) fn sum_rows<'a>(from: usize, row: impl Fn(usize) -> &'a [u8], weights: &[i16], sums: &mut [i16]) {
    // A few at a time, so that the whole ones live in registers.
    for (chunk, sums) in sums.chunks_mut(16).enumerate() {
        let mut whole = [1i32 << (ROWS_SHIFT - 1); 16];
        for (i, &weight) in weights.iter().enumerate() {
            for (whole, &value) in whole.iter_mut().zip(&row(i)[from + 16 * chunk..]) {
                *whole += i32::from(weight) * i32::from(value);
            }
        }
        for (sum, whole) in sums.iter_mut().zip(whole) {
            *sum = (whole >> ROWS_SHIFT) as i16;
        }
    }
}

/// Adds the pixels of `strip`, each times its weight.
pub(super) fn sum_columns(strip: &[i16], weights: &[i16], sums: &mut [i32; 4]) {
    for (pixel, &weight) in strip.chunks_exact(4).zip(weights) {
        for (sum, &value) in sums.iter_mut().zip(pixel) {
            *sum += i32::from(weight) * i32::from(value);
        }
    }
}
