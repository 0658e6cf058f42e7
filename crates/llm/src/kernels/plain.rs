//! Products of packed weights in plain Rust: the reference of the other kernels and the fallback everywhere.
//!
//! Each step works on 32 independent numbers, so that the compiler makes vector code of it on any target; only once a
//! block are the four columns of each row added up.

use super::activations::Row;
use super::{BLOCK, LANES, Line};
use half::f16;

/// Four columns of a token, once for each row.
#[inline(always)]
fn repeat(quants: &[i8; 4]) -> [i16; 32] {
    std::array::from_fn(|k| i16::from(quants[k % 4]))
}

/// One group of four-bit rows with `T` tokens.
pub(super) fn four<const T: usize>(lines: &[Line], scales: &[u16], rows: [Row<'_>; T]) -> [[f32; LANES]; T] {
    let mut out = [[0f32; LANES]; T];
    for (block, (lines, scales)) in lines.chunks_exact(4).zip(scales.chunks_exact(2 * LANES)).enumerate() {
        for (out, row) in out.iter_mut().zip(&rows) {
            let quants = &row.quants[block * BLOCK..][..BLOCK];
            let (low, high) = quants.split_at(BLOCK / 2);
            let (low, high) = (low.as_chunks::<4>().0, high.as_chunks::<4>().0);
            // Eight products of at most 15 * 127 each: 15 240 fits into 16 bits.
            let mut sums = [0i16; 32];
            for (line, (low, high)) in lines.iter().zip(low.iter().zip(high)) {
                let (low, high) = (repeat(low), repeat(high));
                for (k, sum) in sums.iter_mut().enumerate() {
                    *sum += i16::from(line.0[k] & 15) * low[k] + i16::from(line.0[k] >> 4) * high[k];
                }
            }
            let mut dots = [0i32; LANES];
            for (dot, four) in dots.iter_mut().zip(sums.as_chunks::<4>().0) {
                *dot = four.iter().map(|sum| i32::from(*sum)).sum();
            }
            for (lane, out) in out.iter_mut().enumerate() {
                let scale = f16::from_bits(scales[lane]).to_f32() * row.scales[block];
                let minimum = f16::from_bits(scales[LANES + lane]).to_f32();
                *out += scale * dots[lane] as f32 + minimum * row.sums[block];
            }
        }
    }
    out
}

/// One group of eight-bit rows with `T` tokens.
pub(super) fn eight<const T: usize>(lines: &[Line], scales: &[u16], rows: [Row<'_>; T]) -> [[f32; LANES]; T] {
    let mut out = [[0f32; LANES]; T];
    for (block, (lines, scales)) in lines.chunks_exact(8).zip(scales.chunks_exact(LANES)).enumerate() {
        for (out, row) in out.iter_mut().zip(&rows) {
            let quants = &row.quants[block * BLOCK..][..BLOCK];
            let mut sums = [0i32; 32];
            for (line, quants) in lines.iter().zip(quants.as_chunks::<4>().0) {
                let values = repeat(quants);
                for (k, sum) in sums.iter_mut().enumerate() {
                    // At most 128 * 127: a product fits into 16 bits.
                    *sum += i32::from(i16::from(line.0[k] as i8) * values[k]);
                }
            }
            let mut dots = [0i32; LANES];
            for (dot, four) in dots.iter_mut().zip(sums.as_chunks::<4>().0) {
                *dot = four.iter().sum();
            }
            for (lane, out) in out.iter_mut().enumerate() {
                *out += f16::from_bits(scales[lane]).to_f32() * row.scales[block] * dots[lane] as f32;
            }
        }
    }
    out
}
