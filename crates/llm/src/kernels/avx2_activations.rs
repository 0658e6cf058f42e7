//! Rounding of activations to eight bits with AVX2.

use super::BLOCK;
use std::arch::x86_64::*;

/// See [`super::activations::quantize`]; this rounds halves to even.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn quantize(
    values: &[f32],
    quants: &mut [i8],
    scales: &mut [f32],
    sums: &mut [f32],
    first_sums: &mut [f32],
) {
    let blocks = values.as_chunks::<BLOCK>().0.iter().zip(quants.as_chunks_mut::<BLOCK>().0);
    let sums = sums.iter_mut().zip(first_sums);
    let positive = _mm256_castsi256_ps(_mm256_set1_epi32(i32::MAX));
    for ((values, quants), (scale, (sum, first_sum))) in blocks.zip(scales.iter_mut().zip(sums)) {
        // SAFETY: 32 floats are four times eight.
        let eights: [__m256; 4] = std::array::from_fn(|i| unsafe { _mm256_loadu_ps(values.as_ptr().add(8 * i)) });
        let sizes = eights.map(|eight| _mm256_and_ps(eight, positive));
        let largest = _mm256_max_ps(_mm256_max_ps(sizes[0], sizes[1]), _mm256_max_ps(sizes[2], sizes[3]));
        let four = _mm_max_ps(_mm256_castps256_ps128(largest), _mm256_extractf128_ps::<1>(largest));
        let two = _mm_max_ps(four, _mm_movehl_ps(four, four));
        let largest = _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
        *scale = largest / 127.0;
        let inverse = _mm256_set1_ps(super::activations::inverse(largest));
        let rounded = eights.map(|eight| _mm256_cvtps_epi32(_mm256_mul_ps(eight, inverse)));
        // Packing works within halves of a vector; the permutation puts fours of bytes back in order.
        let first = _mm256_packs_epi32(rounded[0], rounded[1]);
        let last = _mm256_packs_epi32(rounded[2], rounded[3]);
        let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
        let bytes = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(first, last), order);
        // SAFETY: a block has room for its 32 bytes.
        unsafe { _mm256_storeu_si256(quants.as_mut_ptr().cast(), bytes) };
        let pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), bytes);
        let fours = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
        let twos = _mm256_add_epi32(fours, _mm256_shuffle_epi32::<0b01_00_11_10>(fours));
        let totals = _mm256_add_epi32(twos, _mm256_shuffle_epi32::<0b10_11_00_01>(twos));
        let first = _mm_cvtsi128_si32(_mm256_castsi256_si128(totals));
        let last = _mm_cvtsi128_si32(_mm256_extracti128_si256::<1>(totals));
        *first_sum = *scale * first as f32;
        *sum = *scale * (first + last) as f32;
    }
}
