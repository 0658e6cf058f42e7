//! Rounding of activations with AVX2.

use super::BLOCK;
use super::activations::{EIGHT, RowMut, SIXTEEN, inverse};
use std::arch::x86_64::*;

/// See [`super::activations::quantize`]; this rounds halves to even.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn quantize(values: &[f32], row: RowMut<'_>) {
    let mut lower = row.lower.map(|lower| lower.as_chunks_mut::<BLOCK>().0.iter_mut());
    let most = if lower.is_some() { SIXTEEN } else { EIGHT };
    let blocks = values.as_chunks::<BLOCK>().0.iter().zip(row.upper.as_chunks_mut::<BLOCK>().0);
    let sums = row.sums.iter_mut().zip(row.first_sums);
    let positive = _mm256_castsi256_ps(_mm256_set1_epi32(i32::MAX));
    let infinite = _mm256_set1_ps(f32::INFINITY);
    for ((values, upper), (scale, (sum, first_sum))) in blocks.zip(row.scales.iter_mut().zip(sums)) {
        // SAFETY: 32 floats are four times eight.
        let eights: [__m256; 4] = std::array::from_fn(|i| unsafe { _mm256_loadu_ps(values.as_ptr().add(8 * i)) });
        // What is infinite or not a number (weights may be anything) has no whole number, and hides the largest: it is
        // taken for zero.
        let eights = eights.map(|eight| {
            let is_finite = _mm256_cmp_ps::<_CMP_LT_OQ>(_mm256_and_ps(eight, positive), infinite);
            _mm256_and_ps(eight, is_finite)
        });
        let sizes = eights.map(|eight| _mm256_and_ps(eight, positive));
        let largest = _mm256_max_ps(_mm256_max_ps(sizes[0], sizes[1]), _mm256_max_ps(sizes[2], sizes[3]));
        let four = _mm_max_ps(_mm256_castps256_ps128(largest), _mm256_extractf128_ps::<1>(largest));
        let two = _mm_max_ps(four, _mm_movehl_ps(four, four));
        let largest = _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
        *scale = largest / most;
        let inverse = _mm256_set1_ps(inverse(largest, most));
        let rounded = eights.map(|eight| _mm256_cvtps_epi32(_mm256_mul_ps(eight, inverse)));
        match lower.as_mut().and_then(Iterator::next) {
            Some(lower) => {
                let uppers =
                    rounded.map(|eight| _mm256_srai_epi32::<8>(_mm256_add_epi32(eight, _mm256_set1_epi32(128))));
                let lowers = std::array::from_fn(|i| _mm256_sub_epi32(rounded[i], _mm256_slli_epi32::<8>(uppers[i])));
                // SAFETY: a block has room for its 32 bytes.
                unsafe {
                    _mm256_storeu_si256(upper.as_mut_ptr().cast(), bytes(uppers));
                    _mm256_storeu_si256(lower.as_mut_ptr().cast(), bytes(lowers));
                }
            }
            // SAFETY: as above.
            None => unsafe { _mm256_storeu_si256(upper.as_mut_ptr().cast(), bytes(rounded)) },
        }
        let first = total(_mm256_add_epi32(rounded[0], rounded[1]));
        let last = total(_mm256_add_epi32(rounded[2], rounded[3]));
        *first_sum = *scale * first as f32;
        *sum = *scale * (first + last) as f32;
    }
}

/// 32 numbers that fit into a byte each, in order.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn bytes(numbers: [__m256i; 4]) -> __m256i {
    // Packing works within halves of a vector; the permutation puts fours of bytes back in order.
    let first = _mm256_packs_epi32(numbers[0], numbers[1]);
    let last = _mm256_packs_epi32(numbers[2], numbers[3]);
    _mm256_permutevar8x32_epi32(_mm256_packs_epi16(first, last), _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7))
}

/// The sum of eight numbers.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn total(numbers: __m256i) -> i32 {
    let fours = _mm_add_epi32(_mm256_castsi256_si128(numbers), _mm256_extracti128_si256::<1>(numbers));
    let twos = _mm_add_epi32(fours, _mm_shuffle_epi32::<0b01_00_11_10>(fours));
    _mm_cvtsi128_si32(_mm_add_epi32(twos, _mm_shuffle_epi32::<0b10_11_00_01>(twos)))
}
