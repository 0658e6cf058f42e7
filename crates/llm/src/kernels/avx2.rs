//! Products of packed weights with AVX2, FMA and F16C.
//!
//! A vector holds four columns of eight rows. A token's four columns are broadcast, multiplied and summed within each row
//! by `vpmaddubsw` and `vpmaddwd`; what is left is one 32-bit sum per row, so nothing is ever summed across a vector.

use super::activations::Row;
use super::{BLOCK, LANES, Line};
use std::arch::x86_64::*;

/// Four consecutive bytes from `at`, in every lane.
///
/// # Safety
/// Four bytes at `at` can be read.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn broadcast(at: *const i8) -> __m256i {
    // SAFETY: the caller's promise; the read need not be aligned.
    _mm256_set1_epi32(unsafe { at.cast::<i32>().read_unaligned() })
}

/// Eight 16-bit floats from `at`.
///
/// # Safety
/// Sixteen bytes at `at` can be read.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn halves(at: *const u16) -> __m256 {
    // SAFETY: the caller's promise; the load need not be aligned.
    _mm256_cvtph_ps(unsafe { _mm_loadu_si128(at.cast()) })
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn store<const T: usize>(sums: [__m256; T]) -> [[f32; LANES]; T] {
    let mut out = [[0f32; LANES]; T];
    for (out, sum) in out.iter_mut().zip(sums) {
        // SAFETY: an array of eight floats has room for eight floats.
        unsafe { _mm256_storeu_ps(out.as_mut_ptr(), sum) };
    }
    out
}

fn check<const T: usize>(blocks: usize, rows: &[Row<'_>; T]) {
    for row in rows {
        assert!(row.quants.len() == blocks * BLOCK && row.scales.len() == blocks && row.sums.len() == blocks);
    }
}

/// One group of four-bit rows with `T` tokens.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn four<const T: usize>(lines: &[Line], scales: &[u16], rows: [Row<'_>; T]) -> [[f32; LANES]; T] {
    let blocks = lines.len() / 4;
    assert_eq!(scales.len(), blocks * 2 * LANES);
    check(blocks, &rows);
    let low_half = _mm256_set1_epi8(15);
    let ones = _mm256_set1_epi16(1);
    let mut products = [_mm256_setzero_ps(); T];
    let mut minima = [_mm256_setzero_ps(); T];
    for block in 0..blocks {
        let mut weights = [_mm256_setzero_si256(); 8];
        for j in 0..4 {
            // SAFETY: `block * 4 + j` is within `lines`, and a line is 32 aligned bytes.
            let both = unsafe { _mm256_load_si256(lines.as_ptr().add(block * 4 + j).cast()) };
            weights[j] = _mm256_and_si256(both, low_half);
            weights[4 + j] = _mm256_and_si256(_mm256_srli_epi16::<4>(both), low_half);
        }
        // SAFETY: the length of `scales` was checked.
        let (scale, minimum) = unsafe {
            let at = scales.as_ptr().add(block * 2 * LANES);
            (halves(at), halves(at.add(LANES)))
        };
        for t in 0..T {
            let row = rows[t];
            // Eight sums of two products, each at most 15 * 127: 30 480 fits into 16 bits.
            let mut sum = _mm256_setzero_si256();
            for (j, &weight) in weights.iter().enumerate() {
                // SAFETY: the lengths of the row were checked.
                let values = unsafe { broadcast(row.quants.as_ptr().add(block * BLOCK + j * 4)) };
                sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(weight, values));
            }
            let dots = _mm256_cvtepi32_ps(_mm256_madd_epi16(sum, ones));
            // SAFETY: the lengths of the row were checked.
            let (row_scale, row_sum) = unsafe { (*row.scales.get_unchecked(block), *row.sums.get_unchecked(block)) };
            products[t] = _mm256_fmadd_ps(_mm256_mul_ps(dots, scale), _mm256_set1_ps(row_scale), products[t]);
            minima[t] = _mm256_fmadd_ps(minimum, _mm256_set1_ps(row_sum), minima[t]);
        }
    }
    store(std::array::from_fn::<_, T, _>(|t| _mm256_add_ps(products[t], minima[t])))
}

/// One group of eight-bit rows with `T` tokens.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn eight<const T: usize>(lines: &[Line], scales: &[u16], rows: [Row<'_>; T]) -> [[f32; LANES]; T] {
    let blocks = lines.len() / 8;
    assert_eq!(scales.len(), blocks * LANES);
    check(blocks, &rows);
    let ones = _mm256_set1_epi16(1);
    let mut products = [_mm256_setzero_ps(); T];
    for block in 0..blocks {
        // SAFETY: the length of `scales` was checked.
        let scale = unsafe { halves(scales.as_ptr().add(block * LANES)) };
        let mut sums = [_mm256_setzero_si256(); T];
        for j in 0..8 {
            // SAFETY: `block * 8 + j` is within `lines`, and a line is 32 aligned bytes.
            let weights = unsafe { _mm256_load_si256(lines.as_ptr().add(block * 8 + j).cast()) };
            for t in 0..T {
                // SAFETY: the lengths of the row were checked.
                let values = unsafe { broadcast(rows[t].quants.as_ptr().add(block * BLOCK + j * 4)) };
                // The multiplication wants one side without a sign: the values' signs move to the weights. Two products
                // of at most 127 * 127 fit into 16 bits.
                let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(values), _mm256_sign_epi8(weights, values));
                sums[t] = _mm256_add_epi32(sums[t], _mm256_madd_epi16(pairs, ones));
            }
        }
        for t in 0..T {
            // SAFETY: the lengths of the row were checked.
            let row_scale = unsafe { *rows[t].scales.get_unchecked(block) };
            let dots = _mm256_mul_ps(_mm256_cvtepi32_ps(sums[t]), scale);
            products[t] = _mm256_fmadd_ps(dots, _mm256_set1_ps(row_scale), products[t]);
        }
    }
    store(products)
}

/// Scores of `keys` (rows of `query.len()` 16-bit floats) against one query, into `scores`.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn scores(query: &[f32], keys: &[u16], scores: &mut [f32]) {
    let width = query.len();
    assert!(width.is_multiple_of(8) && keys.len() >= scores.len() * width);
    let mut position = 0;
    while position < scores.len() {
        let count = (scores.len() - position).min(4);
        let mut sums = [_mm256_setzero_ps(); 4];
        for d in (0..width).step_by(8) {
            // SAFETY: `d + 8 <= width`.
            let q = unsafe { _mm256_loadu_ps(query.as_ptr().add(d)) };
            for (i, sum) in sums.iter_mut().enumerate() {
                // The last few positions read one of them again rather than past the end.
                let at = (position + i.min(count - 1)) * width + d;
                // SAFETY: `at + 8 <= scores.len() * width <= keys.len()`.
                *sum = _mm256_fmadd_ps(q, unsafe { halves(keys.as_ptr().add(at)) }, *sum);
            }
        }
        let pairs = _mm256_hadd_ps(_mm256_hadd_ps(sums[0], sums[1]), _mm256_hadd_ps(sums[2], sums[3]));
        let four = _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps::<1>(pairs));
        let mut values = [0f32; 4];
        // SAFETY: an array of four floats has room for four floats.
        unsafe { _mm_storeu_ps(values.as_mut_ptr(), four) };
        scores[position..position + count].copy_from_slice(&values[..count]);
        position += count;
    }
}

/// Adds up `values` (rows of `out.len()` 16-bit floats), each times its weight.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn weighted_sum(weights: &[f32], values: &[u16], out: &mut [f32]) {
    let width = out.len();
    assert!(width.is_multiple_of(8) && values.len() >= weights.len() * width);
    let mut d = 0;
    while d + 64 <= width {
        columns::<8>(weights, values, d, out);
        d += 64;
    }
    while d + 32 <= width {
        columns::<4>(weights, values, d, out);
        d += 32;
    }
    while d < width {
        columns::<1>(weights, values, d, out);
        d += 8;
    }
}

/// The columns from `d` of [`weighted_sum`], `8 * N` of them.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn columns<const N: usize>(weights: &[f32], values: &[u16], d: usize, out: &mut [f32]) {
    let width = out.len();
    assert!(d + 8 * N <= width && values.len() >= weights.len() * width);
    let mut sums = [_mm256_setzero_ps(); N];
    for (position, &weight) in weights.iter().enumerate() {
        let weight = _mm256_set1_ps(weight);
        for (i, sum) in sums.iter_mut().enumerate() {
            // SAFETY: `position * width + d + 8 * N <= values.len()` was checked.
            let value = unsafe { halves(values.as_ptr().add(position * width + d + 8 * i)) };
            *sum = _mm256_fmadd_ps(weight, value, *sum);
        }
    }
    for (i, sum) in sums.iter().enumerate() {
        // SAFETY: `d + 8 * N <= out.len()` was checked.
        unsafe { _mm256_storeu_ps(out.as_mut_ptr().add(d + 8 * i), *sum) };
    }
}
