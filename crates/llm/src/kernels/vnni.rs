//! Products in eight bits with AVX-512 VNNI: `vpdpbusd` multiplies and sums four columns of each row in one step.
//!
//! A single token takes vectors of 256 bits, since memory is what it waits for. Several take two groups of rows at once in
//! 512 bits, so that each of their values is fetched half as often.

use super::activations::{Row, check};
use super::packed::UPPER_CENTRE;
use super::x86::{self, broadcast, quantized};
use super::{BLOCK, Form, LANES, Line};
use std::arch::x86_64::*;

/// Weights with a sign are taken as `q + 128`: the instruction wants one side without.
const fn centre(form: Form) -> f32 {
    match form {
        Form::Centred => 8.0,
        Form::Six => 32.0,
        Form::Eight => 128.0,
        Form::Upper => UPPER_CENTRE,
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
        // SAFETY: the caller's promise.
        sums[j / 4] = _mm256_dpbusd_epi32(sums[j / 4], unsigned, unsafe { broadcast(at.add(j * 4)) });
    }
    sums
}

quantized!("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512vnni", centre, dots);

/// Two groups of rows with `T` tokens, which have lower parts if `FINE`, into `out`: `lines` and `scales` are those of both, one after the other.
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) fn pair<const FORM: u8, const T: usize, const FINE: bool>(
    lines: &[Line],
    scales: &[u16],
    rows: &[Row<'_>; T],
    out: &mut [[f32; 2 * LANES]; T],
) {
    let form = const { Form::ALL[FORM as usize] };
    let blocks = lines.len() / form.lines() / 2;
    assert_eq!(scales.len(), 2 * blocks * form.scales());
    assert_eq!(check(blocks, rows), FINE);
    let centres = _mm512_set1_ps(centre(form));
    let (group_lines, group_scales) = (blocks * form.lines(), blocks * form.scales());
    let mut products = [_mm512_setzero_ps(); T];
    let mut minima = [_mm512_setzero_ps(); T];
    for block in 0..blocks {
        // SAFETY: the lengths of `lines` and `scales` are twice whole blocks.
        let (first_group, last_group, scale, second) = unsafe {
            let line = lines.as_ptr().add(block * form.lines());
            let scale = scales.as_ptr().add(block * form.scales());
            let both = |at: *const u16| {
                let (first, last) = (_mm_loadu_si128(at.cast()), _mm_loadu_si128(at.add(group_scales).cast()));
                _mm512_cvtph_ps(_mm256_set_m128i(last, first))
            };
            let second = if form.scales() == LANES { scale } else { scale.add(LANES) };
            (x86::unpack::<FORM>(line), x86::unpack::<FORM>(line.add(group_lines)), both(scale), both(second))
        };
        let mut weights = [_mm512_setzero_si512(); 8];
        for (weights, (first, last)) in weights.iter_mut().zip(first_group.into_iter().zip(last_group)) {
            *weights = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(first), last);
            if matches!(form, Form::Eight) {
                *weights = _mm512_xor_si512(*weights, _mm512_set1_epi8(-128));
            }
        }
        for t in 0..T {
            let row = rows[t];
            // SAFETY: as above.
            let (upper, lower, row_scale, sum, first_sum) = unsafe {
                (
                    row.upper.as_ptr().add(block * BLOCK).cast::<i32>(),
                    row.lower.as_ptr().wrapping_add(block * BLOCK).cast::<i32>(),
                    _mm512_set1_ps(*row.scales.get_unchecked(block)),
                    *row.sums.get_unchecked(block),
                    *row.first_sums.get_unchecked(block),
                )
            };
            let mut dots = [_mm512_setzero_si512(); 2];
            let add = |dots: &mut [__m512i; 2], values: *const i32| {
                for (j, &weight) in weights.iter().enumerate() {
                    let half = if matches!(form, Form::Six) { j / 4 } else { 0 };
                    // SAFETY: eight times four bytes of a block; the read need not be aligned.
                    unsafe {
                        let four = _mm512_set1_epi32(values.add(j).read_unaligned());
                        dots[half] = _mm512_dpbusd_epi32(dots[half], weight, four);
                    }
                }
            };
            add(&mut dots, upper);
            if FINE {
                dots = dots.map(|dots| _mm512_slli_epi32::<8>(dots));
                add(&mut dots, lower);
            }
            let scaled = |dots| _mm512_mul_ps(_mm512_cvtepi32_ps(dots), row_scale);
            // In the order of the narrow products, so that a token has the same scores alone and among others.
            match form {
                Form::Six => {
                    let first = _mm512_fnmadd_ps(centres, _mm512_set1_ps(first_sum), scaled(dots[0]));
                    let last = _mm512_fnmadd_ps(centres, _mm512_set1_ps(sum - first_sum), scaled(dots[1]));
                    products[t] = _mm512_fmadd_ps(first, scale, products[t]);
                    products[t] = _mm512_fmadd_ps(last, second, products[t]);
                }
                Form::Four | Form::Five => {
                    let scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(dots[0]), scale);
                    products[t] = _mm512_fmadd_ps(scaled, row_scale, products[t]);
                    minima[t] = _mm512_fmadd_ps(second, _mm512_set1_ps(sum), minima[t]);
                }
                _ => {
                    let centred = _mm512_fnmadd_ps(centres, _mm512_set1_ps(sum), scaled(dots[0]));
                    products[t] = _mm512_fmadd_ps(centred, scale, products[t]);
                }
            }
        }
    }
    for t in 0..T {
        // SAFETY: an array of sixteen floats has room for sixteen floats.
        unsafe { _mm512_storeu_ps(out[t].as_mut_ptr(), _mm512_add_ps(products[t], minima[t])) };
    }
}
