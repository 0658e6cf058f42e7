//! Attention with AVX-512: each key and value is read and widened once for up to six queries.
//!
//! Six queries, times four keys or four vectors of a value, are what 32 registers hold the sums of.

use std::arch::x86_64::*;

/// Queries that pass over keys and values together.
const QUERIES: usize = 6;
/// Positions that a few queries, which wait for memory more than for arithmetic, have fetched ahead.
const AHEAD: usize = 48;

/// Sixteen 16-bit floats from `at`.
///
/// # Safety
/// 32 bytes at `at` can be read.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
unsafe fn halves(at: *const u16) -> __m512 {
    // SAFETY: the caller's promise; the load need not be aligned.
    _mm512_cvtph_ps(unsafe { _mm256_loadu_si256(at.cast()) })
}

/// Has the row that is [`AHEAD`] positions behind `position` fetched.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn prefetch(rows: &[u16], width: usize, position: usize) {
    for at in (0..width).step_by(32) {
        // A hint, which is allowed for any address.
        _mm_prefetch::<_MM_HINT_T0>(rows.as_ptr().wrapping_add((position + AHEAD) * width + at).cast());
    }
}

/// Scores of `keys` (rows of `width` 16-bit floats, a multiple of 16) against `queries` (rows of `width`), a row of
/// positions each.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub(super) fn scores(width: usize, queries: &[f32], keys: &[u16], scores: &mut [f32]) {
    let positions = keys.len() / width;
    assert!(width.is_multiple_of(16) && scores.len() * width == queries.len() * positions);
    let mut queries = queries.chunks(QUERIES * width);
    for scores in scores.chunks_mut(QUERIES * positions) {
        let Some(queries) = queries.next() else { return };
        match queries.len() / width {
            6 => score_rows::<6>(width, queries, keys, scores),
            5 => score_rows::<5>(width, queries, keys, scores),
            4 => score_rows::<4>(width, queries, keys, scores),
            3 => score_rows::<3>(width, queries, keys, scores),
            2 => score_rows::<2>(width, queries, keys, scores),
            _ => score_rows::<1>(width, queries, keys, scores),
        }
    }
}

/// [`scores`] of `R` queries, four keys at a time.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn score_rows<const R: usize>(width: usize, queries: &[f32], keys: &[u16], scores: &mut [f32]) {
    let positions = keys.len() / width;
    assert!(queries.len() == R * width && scores.len() == R * positions && keys.len() == positions * width);
    let mut position = 0;
    while position < positions {
        let count = (positions - position).min(4);
        if R < 4 {
            (0..4).for_each(|i| prefetch(keys, width, position + i));
        }
        let mut sums = [[_mm512_setzero_ps(); 4]; R];
        for d in (0..width).step_by(16) {
            // The last few positions read one of them again rather than past the end.
            // SAFETY: the last position is below `positions`, and `d + 16 <= width`.
            let four: [__m512; 4] = std::array::from_fn(|i| unsafe {
                halves(keys.as_ptr().add((position + i.min(count - 1)) * width + d))
            });
            for (r, sums) in sums.iter_mut().enumerate() {
                // SAFETY: `r * width + d + 16 <= R * width`.
                let query = unsafe { _mm512_loadu_ps(queries.as_ptr().add(r * width + d)) };
                for (sum, key) in sums.iter_mut().zip(four) {
                    *sum = _mm512_fmadd_ps(query, key, *sum);
                }
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            let half = |sum: __m512| {
                let last = _mm256_castpd_ps(_mm512_extractf64x4_pd::<1>(_mm512_castps_pd(sum)));
                _mm256_add_ps(_mm512_castps512_ps256(sum), last)
            };
            let pairs = _mm256_hadd_ps(
                _mm256_hadd_ps(half(sums[0]), half(sums[1])),
                _mm256_hadd_ps(half(sums[2]), half(sums[3])),
            );
            let four = _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps::<1>(pairs));
            let out = &mut scores[r * positions + position..][..count];
            match out.len() {
                // SAFETY: there is room for four.
                4 => unsafe { _mm_storeu_ps(out.as_mut_ptr(), four) },
                _ => {
                    let mut values = [0f32; 4];
                    // SAFETY: an array of four floats has room for four floats.
                    unsafe { _mm_storeu_ps(values.as_mut_ptr(), four) };
                    out.copy_from_slice(&values[..count]);
                }
            }
        }
        position += count;
    }
}

/// Adds up `values` (rows of `width` 16-bit floats, a multiple of 16), each times its weight, for each row of weights.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub(super) fn weighted_sums(width: usize, weights: &[f32], values: &[u16], out: &mut [f32]) {
    let positions = values.len() / width;
    assert!(width.is_multiple_of(16) && out.len() * positions == weights.len() * width);
    let mut weights = weights.chunks(QUERIES * positions);
    for out in out.chunks_mut(QUERIES * width) {
        let Some(weights) = weights.next() else { return };
        match out.len() / width {
            6 => sum_rows::<6>(width, weights, values, out),
            5 => sum_rows::<5>(width, weights, values, out),
            4 => sum_rows::<4>(width, weights, values, out),
            3 => sum_rows::<3>(width, weights, values, out),
            2 => sum_rows::<2>(width, weights, values, out),
            _ => sum_rows::<1>(width, weights, values, out),
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn sum_rows<const R: usize>(width: usize, weights: &[f32], values: &[u16], out: &mut [f32]) {
    let mut d = 0;
    while d + 64 <= width {
        sum_columns::<R, 4>(width, weights, values, d, out);
        d += 64;
    }
    while d < width {
        sum_columns::<R, 1>(width, weights, values, d, out);
        d += 16;
    }
}

/// `16 * N` columns from `d`, for `R` rows of weights.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn sum_columns<const R: usize, const N: usize>(
    width: usize,
    weights: &[f32],
    values: &[u16],
    d: usize,
    out: &mut [f32],
) {
    let positions = values.len() / width;
    assert!(d + 16 * N <= width && out.len() == R * width);
    assert!(weights.len() == R * positions && values.len() == positions * width);
    let mut sums = [[_mm512_setzero_ps(); N]; R];
    for position in 0..positions {
        if R < 4 && d == 0 {
            prefetch(values, width, position);
        }
        // SAFETY: `position * width + d + 16 * N <= values.len()` was checked.
        let row: [__m512; N] =
            std::array::from_fn(|i| unsafe { halves(values.as_ptr().add(position * width + d + 16 * i)) });
        for (r, sums) in sums.iter_mut().enumerate() {
            // SAFETY: `r * positions + position < weights.len()` was checked.
            let weight = _mm512_set1_ps(unsafe { *weights.get_unchecked(r * positions + position) });
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum = _mm512_fmadd_ps(weight, value, *sum);
            }
        }
    }
    for (r, sums) in sums.iter().enumerate() {
        for (i, sum) in sums.iter().enumerate() {
            // SAFETY: `r * width + d + 16 * N <= out.len()` was checked.
            unsafe { _mm512_storeu_ps(out.as_mut_ptr().add(r * width + d + 16 * i), *sum) };
        }
    }
}
