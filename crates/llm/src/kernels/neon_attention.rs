//! Attention with NEON: each key and value is read and widened once for up to four queries.
//!
//! Four queries, times four keys or sixteen columns of a value, are what 32 registers hold the sums of.

use super::aarch64::halves;
use super::{Ends, elementwise};
use half::f16;
use std::arch::aarch64::*;

/// Queries that pass over keys and values together.
const QUERIES: usize = 4;

/// Scores of `keys` (rows of `width` 16-bit floats, a multiple of 8) against `queries` (rows of `width`), a row of
/// positions each.
#[target_feature(enable = "neon")]
pub(super) fn scores(width: usize, queries: &[f32], keys: &[u16], scores: &mut [f32]) {
    let positions = keys.len() / width;
    assert!(width.is_multiple_of(8) && scores.len() * width == queries.len() * positions);
    let mut queries = queries.chunks(QUERIES * width);
    for scores in scores.chunks_mut(QUERIES * positions) {
        let Some(queries) = queries.next() else { return };
        match queries.len() / width {
            4 => score_rows::<4>(width, queries, keys, scores),
            3 => score_rows::<3>(width, queries, keys, scores),
            2 => score_rows::<2>(width, queries, keys, scores),
            _ => score_rows::<1>(width, queries, keys, scores),
        }
    }
}

/// [`scores`] of `R` queries, four keys at a time.
#[inline]
#[target_feature(enable = "neon")]
fn score_rows<const R: usize>(width: usize, queries: &[f32], keys: &[u16], scores: &mut [f32]) {
    let positions = keys.len() / width;
    assert!(queries.len() == R * width && scores.len() == R * positions && keys.len() == positions * width);
    let mut position = 0;
    while position < positions {
        let count = (positions - position).min(4);
        let mut sums = [[vdupq_n_f32(0.0); 4]; R];
        for d in (0..width).step_by(8) {
            // The last few positions read one of them again rather than past the end.
            // SAFETY: the last position is below `positions`, and `d + 8 <= width`.
            let four: [[float32x4_t; 2]; 4] = std::array::from_fn(|i| unsafe {
                halves(keys.as_ptr().add((position + i.min(count - 1)) * width + d))
            });
            for (r, sums) in sums.iter_mut().enumerate() {
                // SAFETY: `r * width + d + 8 <= R * width`.
                let query = unsafe {
                    let at = queries.as_ptr().add(r * width + d);
                    [vld1q_f32(at), vld1q_f32(at.add(4))]
                };
                for (sum, key) in sums.iter_mut().zip(four) {
                    *sum = vfmaq_f32(vfmaq_f32(*sum, query[0], key[0]), query[1], key[1]);
                }
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            let four = vpaddq_f32(vpaddq_f32(sums[0], sums[1]), vpaddq_f32(sums[2], sums[3]));
            let mut values = [0f32; 4];
            // SAFETY: an array of four floats has room for four floats.
            unsafe { vst1q_f32(values.as_mut_ptr(), four) };
            scores[r * positions + position..][..count].copy_from_slice(&values[..count]);
        }
        position += count;
    }
}

/// Adds up `values` (rows of `width` 16-bit floats, a multiple of 8), each times its weight, for each row of weights.
#[target_feature(enable = "neon")]
pub(super) fn weighted_sums(width: usize, weights: &[f32], values: &[u16], out: &mut [f32]) {
    let positions = values.len() / width;
    assert!(width.is_multiple_of(8) && out.len() * positions == weights.len() * width);
    let mut weights = weights.chunks(QUERIES * positions);
    for out in out.chunks_mut(QUERIES * width) {
        let Some(weights) = weights.next() else { return };
        match out.len() / width {
            4 => sum_rows::<4>(width, weights, values, out),
            3 => sum_rows::<3>(width, weights, values, out),
            2 => sum_rows::<2>(width, weights, values, out),
            _ => sum_rows::<1>(width, weights, values, out),
        }
    }
}

#[inline]
#[target_feature(enable = "neon")]
fn sum_rows<const R: usize>(width: usize, weights: &[f32], values: &[u16], out: &mut [f32]) {
    let mut d = 0;
    while d + 16 <= width {
        sum_columns::<R, 2>(width, weights, values, d, out);
        d += 16;
    }
    if d < width {
        sum_columns::<R, 1>(width, weights, values, d, out);
    }
}

/// `8 * N` columns from `d`, for `R` rows of weights.
#[inline]
#[target_feature(enable = "neon")]
fn sum_columns<const R: usize, const N: usize>(
    width: usize,
    weights: &[f32],
    values: &[u16],
    d: usize,
    out: &mut [f32],
) {
    let positions = values.len() / width;
    assert!(d + 8 * N <= width && out.len() == R * width);
    assert!(weights.len() == R * positions && values.len() == positions * width);
    let mut sums = [[[vdupq_n_f32(0.0); 2]; N]; R];
    for position in 0..positions {
        // SAFETY: `position * width + d + 8 * N <= values.len()` was checked.
        let row: [[float32x4_t; 2]; N] =
            std::array::from_fn(|i| unsafe { halves(values.as_ptr().add(position * width + d + 8 * i)) });
        for (r, sums) in sums.iter_mut().enumerate() {
            // SAFETY: `r * positions + position < weights.len()` was checked.
            let weight = unsafe { *weights.get_unchecked(r * positions + position) };
            for (sum, value) in sums.as_flattened_mut().iter_mut().zip(row.as_flattened()) {
                *sum = vfmaq_n_f32(*sum, *value, weight);
            }
        }
    }
    for (r, sums) in sums.iter().enumerate() {
        for (i, sum) in sums.as_flattened().iter().enumerate() {
            // SAFETY: `r * width + d + 8 * N <= out.len()` was checked.
            unsafe { vst1q_f32(out.as_mut_ptr().add(r * width + d + 4 * i), *sum) };
        }
    }
}

/// Turns scores into `exp(score - largest)`.
#[target_feature(enable = "neon")]
pub(super) fn weigh(scores: &mut [f32]) -> Ends {
    let (fours, rest) = scores.as_chunks_mut::<4>();
    let mut most = vdupq_n_f32(f32::NEG_INFINITY);
    for four in &*fours {
        // SAFETY: four floats.
        most = vmaxnmq_f32(most, unsafe { vld1q_f32(four.as_ptr()) });
    }
    let largest = rest.iter().fold(vmaxnmvq_f32(most), |a, b| a.max(*b));
    let mut sums = vdupq_n_f32(0.0);
    for four in fours {
        // SAFETY: as above.
        unsafe {
            let weight = exp(vsubq_f32(vld1q_f32(four.as_ptr()), vdupq_n_f32(largest)));
            vst1q_f32(four.as_mut_ptr(), weight);
            sums = vaddq_f32(sums, weight);
        }
    }
    let mut sum = vaddvq_f32(sums);
    for score in rest {
        *score = elementwise::exp(*score - largest);
        sum += *score;
    }
    Ends { largest, sum }
}

/// [`elementwise::exp`] of four numbers.
#[inline]
#[target_feature(enable = "neon")]
fn exp(x: float32x4_t) -> float32x4_t {
    let x = vminnmq_f32(vmaxnmq_f32(x, vdupq_n_f32(-87.0)), vdupq_n_f32(88.0));
    let magic = vdupq_n_f32(elementwise::MAGIC);
    let pushed = vfmaq_n_f32(magic, x, std::f32::consts::LOG2_E);
    let power = vsubq_f32(pushed, magic);
    let rest = vfmsq_n_f32(x, power, elementwise::LN_2[0]);
    let rest = vfmsq_n_f32(rest, power, elementwise::LN_2[1]);
    let [first, others @ ..] = elementwise::SERIES;
    let mut series = vdupq_n_f32(first);
    for coefficient in others {
        series = vfmaq_f32(vdupq_n_f32(coefficient), series, rest);
    }
    let power = vsubq_s32(vreinterpretq_s32_f32(pushed), vreinterpretq_s32_f32(magic));
    let power = vshlq_n_s32::<23>(vaddq_s32(power, vdupq_n_s32(127)));
    vmulq_f32(series, vreinterpretq_f32_s32(power))
}

/// Stores floats as the bits of 16-bit floats.
#[target_feature(enable = "neon")]
pub(super) fn store_half(values: &[f32], out: &mut [u16]) {
    assert_eq!(values.len(), out.len());
    let ((fours, rest), (out, out_rest)) = (values.as_chunks::<4>(), out.as_chunks_mut::<4>());
    for (four, out) in fours.iter().zip(out) {
        // SAFETY: four floats are read, and four numbers written.
        unsafe { vst1_u16(out.as_mut_ptr(), vreinterpret_u16_f16(vcvt_f16_f32(vld1q_f32(four.as_ptr())))) };
    }
    for (value, out) in rest.iter().zip(out_rest) {
        *out = f16::from_f32(*value).to_bits();
    }
}
