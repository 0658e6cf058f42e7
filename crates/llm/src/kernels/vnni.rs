//! Products in eight bits with AVX-512 VNNI: `vpdpbusd` multiplies and sums four columns of each row in one step.
//!
//! In vectors of 256 bits: on the processors that have it, wider ones do the same work in the same time or lower the clock.

use super::activations::Row;
use super::x86::{self, broadcast, quantized};
use super::{BLOCK, Form, LANES, Line};
use std::arch::x86_64::*;

/// Weights with a sign are taken as `q + 128`: the instruction wants one side without.
const fn centre(form: Form) -> f32 {
    match form {
        Form::Centred => 8.0,
        Form::Six => 32.0,
        Form::Eight => 128.0,
        _ => 0.0,
    }
}

/// Sums of the first and of the last 16 columns of a block (of all in the first, unless they have scales of their own),
/// times the 32 values at `at`.
///
/// # Safety
/// 32 bytes at `at` can be read.
#[inline]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn dots<const FORM: u8>(weights: &[__m256i; 8], at: *const i8) -> [__m256i; 2] {
    let form = const { Form::ALL[FORM as usize] };
    let mut sums = [_mm256_setzero_si256(); 2];
    for (j, &weight) in weights.iter().enumerate() {
        let unsigned = match form {
            Form::Eight => _mm256_xor_si256(weight, _mm256_set1_epi8(-128)),
            _ => weight,
        };
        let half = if matches!(form, Form::Six) { j / 4 } else { 0 };
        // SAFETY: the caller's promise.
        sums[half] = _mm256_dpbusd_epi32(sums[half], unsigned, unsafe { broadcast(at.add(j * 4)) });
    }
    sums
}

quantized!("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512vnni", centre, dots);
