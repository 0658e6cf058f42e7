//! Products in eight bits with `sdot` (ARMv8.2's dot product: Cortex-A55 and A76 on, Apple A12 and M1 on): it multiplies and
//! sums four columns of each of four rows in one step.

use super::aarch64::{self, quantized};
use super::activations::{Row, check};
use super::{BLOCK, Form, LANES, Line};
use std::arch::aarch64::*;
use std::arch::asm;

/// `sums`, to each of which the products of four weights and of the four values `4 * LANE..` are added.
///
/// The compiler's own name for it (`vdotq_laneq_s32`) is not stable yet.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn dot<const LANE: usize>(mut sums: int32x4_t, weights: int8x16_t, values: int8x16_t) -> int32x4_t {
    // SAFETY: computes in registers; this function is only for processors that have the instruction.
    unsafe {
        asm!(
            "sdot {sums:v}.4s, {weights:v}.16b, {values:v}.4b[{lane}]",
            sums = inout(vreg) sums,
            weights = in(vreg) weights,
            values = in(vreg) values,
            lane = const LANE,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}

/// Sums of the first and of the last 16 columns of half a block, times the 32 values at `at`.
///
/// # Safety
/// 32 bytes at `at` can be read.
#[inline]
#[target_feature(enable = "neon,dotprod")]
unsafe fn dots<const FORM: u8>(weights: &[int8x16_t; 8], at: *const i8) -> [int32x4_t; 2] {
    let (weights, _) = weights.as_chunks::<4>();
    std::array::from_fn(|half| {
        // SAFETY: the caller's promise.
        let values = unsafe { vld1q_s8(at.add(16 * half)) };
        let sums = dot::<0>(vdupq_n_s32(0), weights[half][0], values);
        let sums = dot::<1>(sums, weights[half][1], values);
        let sums = dot::<2>(sums, weights[half][2], values);
        dot::<3>(sums, weights[half][3], values)
    })
}

quantized!("neon,dotprod", dots);
