//! What the kernels of 64-bit ARM share: unpacking weights into vectors, and products of whole groups of rows.
//!
//! A vector holds four columns of four rows, half a line. A token's four columns are multiplied with each row's and summed;
//! what is left is one 32-bit sum per row, so nothing is ever summed across rows. One half of a block is unpacked at a time
//! and used for every token, which is what 32 registers hold. How four products are summed is what the instruction sets
//! differ in: [`quantized`] is written once and takes it as a function.

use super::activations::Row;
use super::packed::UPPER_CENTRE;
use super::{BLOCK, Form, LANES, Line};
use std::arch::aarch64::*;

/// Eight 16-bit floats from `at`.
///
/// # Safety
/// Sixteen bytes at `at` can be read.
#[inline]
#[target_feature(enable = "neon")]
pub(super) unsafe fn halves(at: *const u16) -> [float32x4_t; 2] {
    // SAFETY: the caller's promise; the load need not be aligned.
    let eight = vreinterpretq_f16_u16(unsafe { vld1q_u16(at) });
    [vcvt_f32_f16(vget_low_f16(eight)), vcvt_high_f32_f16(eight)]
}

/// Both halves of each token's sums, in order.
#[inline]
#[target_feature(enable = "neon")]
pub(super) fn store<const T: usize>(sums: [[float32x4_t; 2]; T]) -> [[f32; LANES]; T] {
    let mut out = [[0f32; LANES]; T];
    for (out, [first, last]) in out.iter_mut().zip(sums) {
        // SAFETY: an array of eight floats has room for twice four.
        unsafe {
            vst1q_f32(out.as_mut_ptr(), first);
            vst1q_f32(out.as_mut_ptr().add(4), last);
        }
    }
    out
}

/// The numbers of rows `4 * half..4 * half + 4` of a block: eight vectors, in the order of the columns.
///
/// # Safety
/// The lines of a block at `at` can be read, and `half` is 0 or 1.
#[inline]
#[target_feature(enable = "neon")]
pub(super) unsafe fn unpack<const FORM: u8>(at: *const Line, half: usize) -> [int8x16_t; 8] {
    let form = const { Form::ALL[FORM as usize] };
    // SAFETY: the caller's promise; a line is 32 bytes.
    let load = |line: usize| unsafe { vld1q_u8(at.add(line).cast::<u8>().add(16 * half)) };
    let mut quants = [vdupq_n_u8(0); 8];
    if matches!(form, Form::Eight) {
        for (vector, quants) in quants.iter_mut().enumerate() {
            *quants = load(vector);
        }
        return quants.map(|quants| vreinterpretq_s8_u8(quants));
    }
    for j in 0..4 {
        let both = load(j);
        quants[j] = vandq_u8(both, vdupq_n_u8(15));
        quants[4 + j] = vshrq_n_u8::<4>(both);
    }
    // Bits above the fourth, brought to their place; a shift to the left by less than nothing is one to the right.
    let upper = |bits, shift: i8, mask| vandq_u8(vshlq_u8(bits, vdupq_n_s8(shift)), vdupq_n_u8(mask));
    match form {
        Form::Five => {
            let bits = load(4);
            for (vector, quants) in quants.iter_mut().enumerate() {
                *quants = vorrq_u8(*quants, upper(bits, 4 - vector as i8, 16));
            }
        }
        Form::Six => {
            for (part, quants) in quants.as_chunks_mut::<4>().0.iter_mut().enumerate() {
                let bits = load(4 + part);
                for (vector, quants) in quants.iter_mut().enumerate() {
                    *quants = vorrq_u8(*quants, upper(bits, 4 - 2 * vector as i8, 48));
                }
            }
        }
        _ => {}
    }
    quants.map(|quants| vreinterpretq_s8_u8(quants))
}

/// What a form has added to each weight.
pub(super) const fn centre(form: Form) -> f32 {
    match form {
        Form::Centred => 8.0,
        Form::Six => 32.0,
        Form::Upper => UPPER_CENTRE,
        _ => 0.0,
    }
}

/// Defines `quantized`: the products of one group of rows with `T` tokens.
///
/// `$dots::<FORM>` gives the sums of the first and of the last 16 columns of half a block (or all in either).
macro_rules! quantized {
    ($features:literal, $dots:ident) => {
        /// One group of rows with `T` tokens.
        #[target_feature(enable = $features)]
        pub(super) fn quantized<const FORM: u8, const T: usize>(
            lines: &[Line],
            scales: &[u16],
            rows: [Row<'_>; T],
        ) -> [[f32; LANES]; T] {
            let form = const { Form::ALL[FORM as usize] };
            let blocks = lines.len() / form.lines();
            assert_eq!(scales.len(), blocks * form.scales());
            let is_fine = check(blocks, &rows);
            let centre = aarch64::centre(form);
            let mut products = [[vdupq_n_f32(0.0); 2]; T];
            for block in 0..blocks {
                // SAFETY: the lengths of `lines` and `scales` are whole blocks.
                let (scale, second) = unsafe {
                    let at = scales.as_ptr().add(block * form.scales());
                    let second = if form.scales() == LANES { at } else { at.add(LANES) };
                    (aarch64::halves(at), aarch64::halves(second))
                };
                for half in 0..2 {
                    let (scale, second) = (scale[half], second[half]);
                    // SAFETY: as above.
                    let weights = unsafe { aarch64::unpack::<FORM>(lines.as_ptr().add(block * form.lines()), half) };
                    for t in 0..T {
                        let row = rows[t];
                        // SAFETY: as above; the lengths of the rows were checked.
                        let ([mut first, mut last], row_scale, sum, first_sum) = unsafe {
                            (
                                $dots::<FORM>(&weights, row.upper.as_ptr().add(block * BLOCK)),
                                *row.scales.get_unchecked(block),
                                *row.sums.get_unchecked(block),
                                *row.first_sums.get_unchecked(block),
                            )
                        };
                        if is_fine {
                            // Up to 32 * 255 * 127 * 256, which fits into 32 bits.
                            // SAFETY: as above.
                            let lower = unsafe { $dots::<FORM>(&weights, row.lower.as_ptr().add(block * BLOCK)) };
                            first = vaddq_s32(vshlq_n_s32::<8>(first), lower[0]);
                            last = vaddq_s32(vshlq_n_s32::<8>(last), lower[1]);
                        }
                        let scaled = |dots, sum: f32| {
                            let scaled = vmulq_n_f32(vcvtq_f32_s32(dots), row_scale);
                            if centre == 0.0 { scaled } else { vsubq_f32(scaled, vdupq_n_f32(centre * sum)) }
                        };
                        let product = &mut products[t][half];
                        match form {
                            Form::Six => {
                                *product = vfmaq_f32(*product, scaled(first, first_sum), scale);
                                *product = vfmaq_f32(*product, scaled(last, sum - first_sum), second);
                            }
                            Form::Four | Form::Five => {
                                *product = vfmaq_f32(*product, scaled(vaddq_s32(first, last), sum), scale);
                                *product = vfmaq_n_f32(*product, second, sum);
                            }
                            _ => *product = vfmaq_f32(*product, scaled(vaddq_s32(first, last), sum), scale),
                        }
                    }
                }
            }
            aarch64::store(products)
        }
    };
}
pub(super) use quantized;

/// One group of rows of a float form with `T` tokens.
#[target_feature(enable = "neon")]
pub(super) fn floats<const FORM: u8, const T: usize>(lines: &[Line], rows: [Row<'_>; T]) -> [[f32; LANES]; T] {
    let form = const { Form::ALL[FORM as usize] };
    let columns = lines.len() / form.lines() * BLOCK;
    assert!(rows.iter().all(|row| row.values.len() == columns));
    // Sums of even and of odd columns, so that one does not wait for the other.
    let mut sums = [[[vdupq_n_f32(0.0); 2]; 2]; T];
    for pair in 0..columns / 2 {
        for (i, column) in [2 * pair, 2 * pair + 1].into_iter().enumerate() {
            // SAFETY: two columns are one line of 16-bit and two of 32-bit floats; `column < columns`.
            let weights = unsafe {
                match form {
                    Form::Half => halves(lines.as_ptr().add(pair).cast::<u16>().add(i * LANES)),
                    Form::Brain => {
                        let bits = vld1q_u16(lines.as_ptr().add(pair).cast::<u16>().add(i * LANES));
                        let wide = [vshll_n_u16::<16>(vget_low_u16(bits)), vshll_high_n_u16::<16>(bits)];
                        wide.map(|bits| vreinterpretq_f32_u32(bits))
                    }
                    _ => {
                        let at = lines.as_ptr().add(column).cast::<f32>();
                        [vld1q_f32(at), vld1q_f32(at.add(4))]
                    }
                }
            };
            for (row, sums) in rows.iter().zip(&mut sums) {
                // SAFETY: the length of the row was checked.
                let value = unsafe { *row.values.get_unchecked(column) };
                for (sum, weights) in sums[i].iter_mut().zip(weights) {
                    *sum = vfmaq_n_f32(*sum, weights, value);
                }
            }
        }
    }
    store(sums.map(|[even, odd]| [vaddq_f32(even[0], odd[0]), vaddq_f32(even[1], odd[1])]))
}
