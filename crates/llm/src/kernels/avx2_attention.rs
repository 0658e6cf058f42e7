//! Attention with AVX2, FMA and F16C: each key and value is read and widened once for up to three queries.

use super::x86::halves;
use super::{Ends, elementwise};
use std::arch::x86_64::*;

/// Scores of `keys` (rows of `width` 16-bit floats) against `queries` (rows of `width`), a row of positions each.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn scores(width: usize, queries: &[f32], keys: &[u16], scores: &mut [f32]) {
    let positions = keys.len() / width;
    assert!(width.is_multiple_of(8) && scores.len() * width == queries.len() * positions);
    let mut queries = queries.chunks(3 * width);
    for scores in scores.chunks_mut(3 * positions) {
        let Some(queries) = queries.next() else { return };
        match queries.len() / width {
            3 => score_rows::<3>(width, queries, keys, scores),
            2 => score_rows::<2>(width, queries, keys, scores),
            _ => score_rows::<1>(width, queries, keys, scores),
        }
    }
}

/// [`scores`] of `R` queries: four keys at a time, so that twelve sums are under way.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn score_rows<const R: usize>(width: usize, queries: &[f32], keys: &[u16], scores: &mut [f32]) {
    let positions = keys.len() / width;
    assert!(queries.len() == R * width && scores.len() == R * positions && keys.len() == positions * width);
    let mut position = 0;
    while position < positions {
        let count = (positions - position).min(4);
        let mut sums = [[_mm256_setzero_ps(); 4]; R];
        for d in (0..width).step_by(8) {
            for i in 0..4 {
                // The last few positions read one of them again rather than past the end.
                let at = (position + i.min(count - 1)) * width + d;
                // SAFETY: `at + 8 <= positions * width`.
                let key = unsafe { halves(keys.as_ptr().add(at)) };
                for (r, sums) in sums.iter_mut().enumerate() {
                    // SAFETY: `r * width + d + 8 <= R * width`.
                    let query = unsafe { _mm256_loadu_ps(queries.as_ptr().add(r * width + d)) };
                    sums[i] = _mm256_fmadd_ps(query, key, sums[i]);
                }
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            let pairs = _mm256_hadd_ps(_mm256_hadd_ps(sums[0], sums[1]), _mm256_hadd_ps(sums[2], sums[3]));
            let four = _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps::<1>(pairs));
            let mut values = [0f32; 4];
            // SAFETY: an array of four floats has room for four floats.
            unsafe { _mm_storeu_ps(values.as_mut_ptr(), four) };
            scores[r * positions + position..][..count].copy_from_slice(&values[..count]);
        }
        position += count;
    }
}

/// Adds up `values` (rows of `width` 16-bit floats), each times its weight, for each row of weights.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn weighted_sums(width: usize, weights: &[f32], values: &[u16], out: &mut [f32]) {
    let positions = values.len() / width;
    assert!(width.is_multiple_of(8) && out.len() * positions == weights.len() * width);
    let mut weights = weights.chunks(3 * positions);
    for out in out.chunks_mut(3 * width) {
        let Some(weights) = weights.next() else { return };
        match out.len() / width {
            3 => sum_rows::<3>(width, weights, values, out),
            2 => sum_rows::<2>(width, weights, values, out),
            _ => sum_rows::<1>(width, weights, values, out),
        }
    }
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn sum_rows<const R: usize>(width: usize, weights: &[f32], values: &[u16], out: &mut [f32]) {
    let mut d = 0;
    while d + 32 <= width {
        sum_columns::<R, 4>(width, weights, values, d, out);
        d += 32;
    }
    while d < width {
        sum_columns::<R, 1>(width, weights, values, d, out);
        d += 8;
    }
}

/// `8 * N` columns from `d`, for `R` rows of weights.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
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
    let mut sums = [[_mm256_setzero_ps(); N]; R];
    for position in 0..positions {
        let mut row = [_mm256_setzero_ps(); N];
        for (i, value) in row.iter_mut().enumerate() {
            // SAFETY: `position * width + d + 8 * N <= values.len()` was checked.
            *value = unsafe { halves(values.as_ptr().add(position * width + d + 8 * i)) };
        }
        for (r, sums) in sums.iter_mut().enumerate() {
            // SAFETY: `r * positions + position < weights.len()` was checked.
            let weight = _mm256_set1_ps(unsafe { *weights.get_unchecked(r * positions + position) });
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum = _mm256_fmadd_ps(weight, value, *sum);
            }
        }
    }
    for (r, sums) in sums.iter().enumerate() {
        for (i, sum) in sums.iter().enumerate() {
            // SAFETY: `r * width + d + 8 * N <= out.len()` was checked.
            unsafe { _mm256_storeu_ps(out.as_mut_ptr().add(r * width + d + 8 * i), *sum) };
        }
    }
}

/// Turns scores into `exp(score - largest)`.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn weigh(scores: &mut [f32]) -> Ends {
    let (eights, rest) = scores.as_chunks_mut::<8>();
    let mut most = _mm256_set1_ps(f32::NEG_INFINITY);
    for eight in &*eights {
        // SAFETY: eight floats.
        most = _mm256_max_ps(most, unsafe { _mm256_loadu_ps(eight.as_ptr()) });
    }
    let largest = floats(most).iter().chain(&*rest).fold(f32::NEG_INFINITY, |a, b| a.max(*b));
    let mut sums = _mm256_setzero_ps();
    for eight in eights {
        // SAFETY: as above.
        unsafe {
            let score = _mm256_sub_ps(_mm256_loadu_ps(eight.as_ptr()), _mm256_set1_ps(largest));
            let weight = exp(score);
            _mm256_storeu_ps(eight.as_mut_ptr(), weight);
            sums = _mm256_add_ps(sums, weight);
        }
    }
    let mut sum: f32 = floats(sums).iter().sum();
    for score in rest {
        *score = elementwise::exp(*score - largest);
        sum += *score;
    }
    Ends { largest, sum }
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn floats(vector: __m256) -> [f32; 8] {
    let mut floats = [0f32; 8];
    // SAFETY: an array of eight floats has room for eight floats.
    unsafe { _mm256_storeu_ps(floats.as_mut_ptr(), vector) };
    floats
}

/// [`elementwise::exp`] of eight numbers.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn exp(x: __m256) -> __m256 {
    let x = _mm256_min_ps(_mm256_max_ps(x, _mm256_set1_ps(-87.0)), _mm256_set1_ps(88.0));
    let magic = _mm256_set1_ps(elementwise::MAGIC);
    let pushed = _mm256_fmadd_ps(x, _mm256_set1_ps(std::f32::consts::LOG2_E), magic);
    let power = _mm256_sub_ps(pushed, magic);
    let rest = _mm256_fnmadd_ps(power, _mm256_set1_ps(elementwise::LN_2[0]), x);
    let rest = _mm256_fnmadd_ps(power, _mm256_set1_ps(elementwise::LN_2[1]), rest);
    let [first, others @ ..] = elementwise::SERIES;
    let mut series = _mm256_set1_ps(first);
    for coefficient in others {
        series = _mm256_fmadd_ps(series, rest, _mm256_set1_ps(coefficient));
    }
    let power = _mm256_sub_epi32(_mm256_castps_si256(pushed), _mm256_castps_si256(magic));
    let power = _mm256_slli_epi32::<23>(_mm256_add_epi32(power, _mm256_set1_epi32(127)));
    _mm256_mul_ps(series, _mm256_castsi256_ps(power))
}
