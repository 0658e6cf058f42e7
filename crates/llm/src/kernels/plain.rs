//! Products of packed weights in plain Rust: the reference of the other kernels and the fallback everywhere.

use super::activations::Row;
use super::{BLOCK, LANES, Line};
use half::f16;

/// One group of four-bit rows with `T` tokens.
pub(super) fn four<const T: usize>(lines: &[Line], scales: &[u16], rows: [Row<'_>; T]) -> [[f32; LANES]; T] {
    let mut out = [[0f32; LANES]; T];
    for (block, (lines, scales)) in lines.chunks_exact(4).zip(scales.chunks_exact(2 * LANES)).enumerate() {
        for (out, row) in out.iter_mut().zip(&rows) {
            let quants = &row.quants[block * BLOCK..][..BLOCK];
            let mut dots = [0i32; LANES];
            for (j, line) in lines.iter().enumerate() {
                for (dot, bytes) in dots.iter_mut().zip(line.0.as_chunks::<4>().0) {
                    for (i, byte) in bytes.iter().enumerate() {
                        *dot += i32::from(byte & 15) * i32::from(quants[j * 4 + i])
                            + i32::from(byte >> 4) * i32::from(quants[BLOCK / 2 + j * 4 + i]);
                    }
                }
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
            let mut dots = [0i32; LANES];
            for (line, quants) in lines.iter().zip(quants.as_chunks::<4>().0) {
                for (dot, bytes) in dots.iter_mut().zip(line.0.as_chunks::<4>().0) {
                    for (byte, quant) in bytes.iter().zip(quants) {
                        *dot += i32::from(*byte as i8) * i32::from(*quant);
                    }
                }
            }
            for (lane, out) in out.iter_mut().enumerate() {
                *out += f16::from_bits(scales[lane]).to_f32() * row.scales[block] * dots[lane] as f32;
            }
        }
    }
    out
}
