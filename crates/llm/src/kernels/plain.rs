//! Products of packed weights in plain Rust: the reference of the other kernels and the fallback everywhere.
//!
//! Each step works on 32 independent numbers, so that the compiler makes vector code of it on any target; only once a
//! block are the four columns of each row added up.

use super::activations::Row;
use super::packed::UPPER_CENTRE;
use super::{BLOCK, Form, LANES, Line};
use half::f16;

/// Sums of the first and of the last 16 columns of a block, by row.
#[inline(always)]
fn dots(form: Form, weights: &[[i16; 32]; 8], quants: &[i8]) -> [[i32; LANES]; 2] {
    let mut dots = [[0; LANES]; 2];
    for (half, dots) in dots.iter_mut().enumerate() {
        let vectors = weights[half * 4..][..4].iter().zip(quants[half * 16..][..16].as_chunks::<4>().0);
        if form == Form::Eight {
            let mut sums = [0i32; 32];
            for (weights, values) in vectors {
                for (k, sum) in sums.iter_mut().enumerate() {
                    *sum += i32::from(weights[k] * i16::from(values[k % 4]));
                }
            }
            for (dot, four) in dots.iter_mut().zip(sums.as_chunks::<4>().0) {
                *dot = four.iter().sum();
            }
        } else {
            // Four products of at most 63 * 128 each: 32 256 fits into 16 bits.
            let mut sums = [0i16; 32];
            for (weights, values) in vectors {
                for (k, sum) in sums.iter_mut().enumerate() {
                    *sum += weights[k] * i16::from(values[k % 4]);
                }
            }
            for (dot, four) in dots.iter_mut().zip(sums.as_chunks::<4>().0) {
                *dot = four.iter().map(|sum| i32::from(*sum)).sum();
            }
        }
    }
    dots
}

/// One group of rows with `T` tokens.
pub(super) fn quantized<const FORM: u8, const T: usize>(
    lines: &[Line],
    scales: &[u16],
    rows: [Row<'_>; T],
) -> [[f32; LANES]; T] {
    let form = const { Form::ALL[FORM as usize] };
    let mut out = [[0f32; LANES]; T];
    let blocks = lines.chunks_exact(form.lines()).zip(scales.chunks_exact(form.scales()));
    for (block, (lines, scales)) in blocks.enumerate() {
        let weights = form.unpack(lines);
        let scale = |index: usize| f16::from_bits(scales[index]).to_f32();
        for (out, row) in out.iter_mut().zip(&rows) {
            let [mut first, mut last] = dots(form, &weights, &row.upper[block * BLOCK..][..BLOCK]);
            if let Some(lower) = row.lower.get(block * BLOCK..(block + 1) * BLOCK) {
                let lower = dots(form, &weights, lower);
                first = std::array::from_fn(|lane| first[lane] * 256 + lower[0][lane]);
                last = std::array::from_fn(|lane| last[lane] * 256 + lower[1][lane]);
            }
            let (row_scale, sum, first_sum) = (row.scales[block], row.sums[block], row.first_sums[block]);
            for (lane, out) in out.iter_mut().enumerate() {
                let both = (first[lane] + last[lane]) as f32 * row_scale;
                *out += match form {
                    Form::Four | Form::Five => scale(lane) * both + scale(LANES + lane) * sum,
                    Form::Centred => scale(lane) * (both - 8.0 * sum),
                    Form::Upper => scale(lane) * (both - UPPER_CENTRE * sum),
                    Form::Six => {
                        scale(lane) * (first[lane] as f32 * row_scale - 32.0 * first_sum)
                            + scale(LANES + lane) * (last[lane] as f32 * row_scale - 32.0 * (sum - first_sum))
                    }
                    _ => scale(lane) * both,
                };
            }
        }
    }
    out
}

/// One group of rows of a float form with `T` tokens.
pub(super) fn floats<const FORM: u8, const T: usize>(lines: &[Line], rows: [Row<'_>; T]) -> [[f32; LANES]; T] {
    let form = const { Form::ALL[FORM as usize] };
    let mut out = [[0f32; LANES]; T];
    for (block, lines) in lines.chunks_exact(form.lines()).enumerate() {
        for column in 0..BLOCK {
            let weights: [f32; LANES] = std::array::from_fn(|lane| form.float(lines, column, lane));
            for (out, row) in out.iter_mut().zip(&rows) {
                let value = row.values[block * BLOCK + column];
                out.iter_mut().zip(weights).for_each(|(out, weight)| *out += weight * value);
            }
        }
    }
    out
}
