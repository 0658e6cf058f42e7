//! Products in eight bits with what every 64-bit ARM processor has: `smlal`, sums in 16 bits as long as they fit.

use super::aarch64::{self, quantized};
use super::activations::{Row, check};
use super::{BLOCK, Form, LANES, Line};
use std::arch::aarch64::*;

/// Sums of the first and of the last 16 columns of half a block (of all in the last, unless they have scales of their own),
/// times the 32 values at `at`.
///
/// # Safety
/// 32 bytes at `at` can be read.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn dots<const FORM: u8>(weights: &[int8x16_t; 8], at: *const i8) -> [int32x4_t; 2] {
    let form = const { Form::ALL[FORM as usize] };
    // How many products fit into 16 bits: 8 * 31 * 128 = 31 744, 4 * 63 * 128 = 32 256, 2 * 127 * 128 = 32 512.
    let run = match form {
        Form::Eight => 2,
        Form::Six => 4,
        _ => 8,
    };
    let none = vdupq_n_s16(0);
    // By pairs of columns: of the first two rows, and of the last two.
    let mut sums = [[vdupq_n_s32(0); 2]; 2];
    let (mut first_rows, mut last_rows) = (none, none);
    for (j, &weight) in weights.iter().enumerate() {
        // SAFETY: the caller's promise; the read need not be aligned.
        let four = unsafe { at.add(j * 4).cast::<i32>().read_unaligned() };
        let values = vreinterpretq_s8_s32(vdupq_n_s32(four));
        first_rows = vmlal_s8(first_rows, vget_low_s8(weight), vget_low_s8(values));
        last_rows = vmlal_high_s8(last_rows, weight, values);
        if j % run == run - 1 {
            let [first, last] = &mut sums[j / 4];
            (*first, *last) = (vpadalq_s16(*first, first_rows), vpadalq_s16(*last, last_rows));
            (first_rows, last_rows) = (none, none);
        }
    }
    sums.map(|[first, last]| vpaddq_s32(first, last))
}

quantized!("neon", dots);
