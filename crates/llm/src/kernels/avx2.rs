//! Products in eight bits with AVX2: `vpmaddubsw` and `vpmaddwd`, sums in 16 bits as long as they fit.

use super::activations::{Row, check};
use super::packed::UPPER_CENTRE;
use super::x86::{self, broadcast, quantized};
use super::{BLOCK, Form, LANES, Line};
use std::arch::x86_64::*;

const fn centre(form: Form) -> f32 {
    match form {
        Form::Centred => 8.0,
        Form::Six => 32.0,
        Form::Upper => UPPER_CENTRE,
        _ => 0.0,
    }
}

/// Sums of the first and of the last 16 columns of a block, times the 32 values at `at`.
///
/// # Safety
/// 32 bytes at `at` can be read.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn dots<const FORM: u8>(weights: &[__m256i; 8], at: *const i8) -> [__m256i; 2] {
    let form = const { Form::ALL[FORM as usize] };
    let ones = _mm256_set1_epi16(1);
    if matches!(form, Form::Eight) {
        let mut sum = _mm256_setzero_si256();
        for (j, &weight) in weights.iter().enumerate() {
            // SAFETY: the caller's promise.
            let values = unsafe { broadcast(at.add(j * 4)) };
            // The multiplication wants one side without a sign: the values' signs move to the weights. Two products of at
            // most 127 * 128 fit into 16 bits.
            let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(values), _mm256_sign_epi8(weight, values));
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, ones));
        }
        return [sum, _mm256_setzero_si256()];
    }
    // How many sums of two products fit into 16 bits: 8 * 2 * 15 * 128 = 30 720, 4 * 2 * 31 * 128 = 31 744 and
    // 2 * 2 * 63 * 128 = 32 256.
    let run = match form {
        Form::Four | Form::Centred | Form::Upper => 8,
        Form::Five => 4,
        _ => 2,
    };
    let mut sums = [_mm256_setzero_si256(); 2];
    let mut sum = _mm256_setzero_si256();
    for (j, &weight) in weights.iter().enumerate() {
        // SAFETY: the caller's promise.
        let values = unsafe { broadcast(at.add(j * 4)) };
        sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(weight, values));
        if j % run == run - 1 {
            sums[j / 4] = _mm256_add_epi32(sums[j / 4], _mm256_madd_epi16(sum, ones));
            sum = _mm256_setzero_si256();
        }
    }
    sums
}

quantized!("avx2,fma,f16c", centre, dots);
