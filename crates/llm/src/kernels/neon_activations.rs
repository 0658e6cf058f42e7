//! Rounding of activations with NEON.

use super::BLOCK;
use super::activations::{EIGHT, RowMut, SIXTEEN, inverse};
use std::arch::aarch64::*;

/// See [`super::activations::quantize`]; this rounds halves to even.
#[target_feature(enable = "neon")]
pub(super) fn quantize(values: &[f32], row: RowMut<'_>) {
    let mut lower = row.lower.map(|lower| lower.as_chunks_mut::<BLOCK>().0.iter_mut());
    let most = if lower.is_some() { SIXTEEN } else { EIGHT };
    let blocks = values.as_chunks::<BLOCK>().0.iter().zip(row.upper.as_chunks_mut::<BLOCK>().0);
    let sums = row.sums.iter_mut().zip(row.first_sums);
    for ((values, upper), (scale, (sum, first_sum))) in blocks.zip(row.scales.iter_mut().zip(sums)) {
        // SAFETY: 32 floats are eight times four.
        let fours: [float32x4_t; 8] = std::array::from_fn(|i| unsafe { vld1q_f32(values.as_ptr().add(4 * i)) });
        // What is infinite or not a number (weights may be anything) has no whole number, and hides the largest: it is
        // taken for zero.
        let fours = fours.map(|four| {
            let is_finite = vcaltq_f32(four, vdupq_n_f32(f32::INFINITY));
            vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(four), is_finite))
        });
        let largest = fours.iter().fold(vdupq_n_f32(0.0), |largest, four| vmaxnmq_f32(largest, vabsq_f32(*four)));
        let largest = vmaxnmvq_f32(largest);
        *scale = largest / most;
        let inverse = inverse(largest, most);
        let rounded = fours.map(|four| vcvtnq_s32_f32(vmulq_n_f32(four, inverse)));
        match lower.as_mut().and_then(Iterator::next) {
            Some(lower) => {
                // Shifted with rounding, as if half of the lower part's range were added first.
                let uppers = rounded.map(|four| vrshrq_n_s32::<8>(four));
                store(uppers, upper);
                store(std::array::from_fn(|i| vsubq_s32(rounded[i], vshlq_n_s32::<8>(uppers[i]))), lower);
            }
            None => store(rounded, upper),
        }
        let total =
            |fours: &[int32x4_t]| vaddvq_s32(fours.iter().fold(vdupq_n_s32(0), |sum, four| vaddq_s32(sum, *four)));
        let (first, last) = rounded.split_at(4);
        let first = total(first);
        *first_sum = *scale * first as f32;
        *sum = *scale * (first + total(last)) as f32;
    }
}

/// Writes 32 numbers that fit into a byte each.
#[inline]
#[target_feature(enable = "neon")]
fn store(numbers: [int32x4_t; 8], out: &mut [i8; BLOCK]) {
    for (out, four) in out.as_chunks_mut::<16>().0.iter_mut().zip(numbers.as_chunks::<4>().0) {
        let first = vqmovn_high_s32(vqmovn_s32(four[0]), four[1]);
        let last = vqmovn_high_s32(vqmovn_s32(four[2]), four[3]);
        // SAFETY: there is room for sixteen bytes.
        unsafe { vst1q_s8(out.as_mut_ptr(), vqmovn_high_s16(vqmovn_s16(first), last)) };
    }
}
