//! The arithmetic around the matrix products, on plain slices, for the CPU.
//!
//! Each kernel is written once, in lanes that the compiler turns into vectors, and compiled twice: for any processor of
//! the platform, and for AVX2 where the running processor has it. Never allocates.

use half::f16;
use rayon::prelude::*;

/// Partial sums that are kept apart, so that a sum can be made with vectors.
const LANES: usize = 16;

/// Multiplications below which a second thread costs more than it saves.
const WORTH_A_THREAD: usize = 200_000;

/// Defines a kernel in a portable and, on x86-64, an AVX2 version, chosen at run time.
macro_rules! kernel {
    ($(#[$doc:meta])* fn $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)? $body:block) => {
        $(#[$doc])*
        pub(super) fn $name($($argument: $type),*) $(-> $result)? {
            #[inline(always)]
            fn portable($($argument: $type),*) $(-> $result)? $body
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma")]
                fn vector($($argument: $type),*) $(-> $result)? {
                    portable($($argument),*)
                }
                if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                    // SAFETY: the processor has what the function was compiled for.
                    return unsafe { vector($($argument),*) };
                }
            }
            portable($($argument),*)
        }
    };
}

/// e^x to 2 units in the last place for x in -87..=88; clamped outside. (Cephes' polynomial.)
#[inline(always)]
fn exp(x: f32) -> f32 {
    // Adding 1.5 x 2^23 leaves the nearest integer in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let power = rounded - ROUND;
    let r = x - power * 0.693_359_4 + power * 2.121_944_4e-4;
    let p = 1.987_569_1e-4;
    let p = p * r + 1.398_199_9e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    let p = p * r * r + r + 1.0;
    f32::from_bits((rounded.to_bits() << 23).wrapping_add(p.to_bits()))
}

/// The error function to 1.5e-7 (Abramowitz and Stegun, 7.1.26).
#[inline(always)]
fn erf(x: f32) -> f32 {
    let a = x.abs();
    let t = 1.0 / (1.0 + 0.327_591_1 * a);
    let p = 1.061_405_4;
    let p = p * t - 1.453_152;
    let p = p * t + 1.421_413_8;
    let p = p * t - 0.284_496_74;
    let p = p * t + 0.254_829_6;
    (1.0 - p * t * exp(-a * a)).copysign(x)
}

/// The Gaussian error linear unit.
#[inline(always)]
fn gelu_of(x: f32) -> f32 {
    0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

#[inline(always)]
fn sum(values: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += of(*value);
        }
    }
    lanes.iter().sum::<f32>() + rest.iter().map(|value| of(*value)).sum::<f32>()
}

#[inline(always)]
fn max(values: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane = if *value > *lane { *value } else { *lane };
        }
    }
    lanes.iter().chain(rest).copied().fold(f32::NEG_INFINITY, f32::max)
}

kernel! {
    /// Each row of `x` (as wide as `bias`) plus `bias`, through the Gaussian error linear unit, in place.
    fn bias_gelu_rows(x: &mut [f32], bias: &[f32]) {
        for row in x.chunks_exact_mut(bias.len()) {
            for (value, bias) in row.iter_mut().zip(bias) {
                *value = gelu_of(*value + bias);
            }
        }
    }
}

kernel! {
    /// The Gaussian error linear unit, in place.
    fn gelu(x: &mut [f32]) {
        for value in x {
            *value = gelu_of(*value);
        }
    }
}

kernel! {
    /// Each row of `x` (as wide as `bias`) plus `bias`, in place.
    fn bias_rows(x: &mut [f32], bias: &[f32]) {
        for row in x.chunks_exact_mut(bias.len()) {
            for (value, bias) in row.iter_mut().zip(bias) {
                *value += bias;
            }
        }
    }
}

kernel! {
    /// Each row of `x`, `width` wide, to probabilities, in place. A value far below the largest becomes 0 but for 1e-38.
    fn softmax_rows(x: &mut [f32], width: usize) {
        for row in x.chunks_exact_mut(width) {
            let top = max(row);
            for value in row.iter_mut() {
                *value = exp(*value - top);
            }
            let scale = 1.0 / sum(row, |value| value);
            for value in row.iter_mut() {
                *value *= scale;
            }
        }
    }
}

kernel! {
    /// Layer normalization of each row of `x` into `out`; rows are as wide as `gain` and `bias`.
    fn layer_norm_rows(x: &[f32], gain: &[f32], bias: &[f32], out: &mut [f32]) {
        let width = gain.len();
        for (row, out) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
            let mean = sum(row, |value| value) / width as f32;
            let variance = sum(row, |value| (value - mean) * (value - mean)) / width as f32;
            let scale = 1.0 / (variance + 1e-5).sqrt();
            for ((out, value), (gain, bias)) in out.iter_mut().zip(row).zip(gain.iter().zip(bias)) {
                *out = (value - mean) * scale * gain + bias;
            }
        }
    }
}

kernel! {
    /// The natural logarithm of the sum of e^x; minus infinities count as nothing.
    fn log_sum_exp(x: &[f32]) -> f32 {
        let top = max(x);
        if top == f32::NEG_INFINITY {
            return top;
        }
        // A value at the clamp of `exp`, 87 below the top, adds 1e-38 at most.
        top + sum(x, |value| exp(value - top)).ln()
    }
}

/// The index of the largest value; the first of several; 0 if there is none.
pub(super) fn argmax(x: &[f32]) -> u32 {
    let top = largest(x);
    x.iter().position(|value| *value == top).unwrap_or(0) as u32
}

kernel! {
    /// The largest value, minus infinity if there is none.
    fn largest(x: &[f32]) -> f32 {
        max(x)
    }
}

/// Runs `work` on all rows of `x`, shared out among threads when that is worth it.
pub(super) fn each_share(x: &mut [f32], width: usize, work: impl Fn(&mut [f32]) + Send + Sync) {
    let rows = x.len() / width;
    let threads = rayon::current_num_threads();
    if threads == 1 || x.len() < WORTH_A_THREAD / 4 || rows < 2 {
        return work(x);
    }
    x.par_chunks_mut(rows.div_ceil(threads) * width).for_each(work);
}

/// `out[row * width + i] = sum over k of x[row * depth + k] * weights[i * depth + k]` (+ `bias[i]`), with
/// `width = weights.len() / depth`. Reads the weights once for all rows: made for a few rows.
pub(super) fn half_product(x: &[f32], weights: &[f16], depth: usize, bias: Option<&[f32]>, out: &mut [f32]) {
    let width = weights.len() / depth;
    let rows = x.len() / depth;
    debug_assert_eq!(out.len(), rows * width);
    // With one row the columns of the result lie side by side and can be shared out among threads.
    if rows == 1 && weights.len() >= WORTH_A_THREAD {
        let threads = rayon::current_num_threads();
        let share = width.div_ceil(threads * 4).max(64);
        out.par_chunks_mut(share).enumerate().for_each(|(i, out)| {
            let from = i * share;
            let weights = &weights[from * depth..][..out.len() * depth];
            product_columns(x, weights, depth, out);
            if let Some(bias) = bias {
                bias_rows(out, &bias[from..][..out.len()]);
            }
        });
        return;
    }
    for (x, out) in x.chunks_exact(depth).zip(out.chunks_exact_mut(width)) {
        if rows > 1 && weights.len() >= WORTH_A_THREAD {
            half_product(x, weights, depth, bias, out);
            continue;
        }
        product_columns(x, weights, depth, out);
        if let Some(bias) = bias {
            bias_rows(out, bias);
        }
    }
}

/// One row times each of the rows of `weights`.
fn product_columns(x: &[f32], weights: &[f16], depth: usize, out: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c") {
        for (out, weights) in out.iter_mut().zip(weights.chunks_exact(depth)) {
            // SAFETY: the processor has what the function was compiled for.
            *out = unsafe { x86::dot(x, weights) };
        }
        return;
    }
    for (out, weights) in out.iter_mut().zip(weights.chunks_exact(depth)) {
        *out = dot(x, weights);
    }
}

/// The product of a row and a row of weights, any processor: the weights become `f32` a piece at a time, by the
/// processor's own conversion where it has one.
fn dot(x: &[f32], weights: &[f16]) -> f32 {
    use half::slice::HalfFloatSliceExt;
    const PIECE: usize = 128;
    let mut wide = [0.0f32; PIECE];
    let mut lanes = [0.0f32; LANES];
    for (x, weights) in x.chunks(PIECE).zip(weights.chunks(PIECE)) {
        let wide = &mut wide[..weights.len()];
        weights.convert_to_f32_slice(wide);
        for (x, wide) in x.chunks(LANES).zip(wide.chunks(LANES)) {
            for (lane, (x, wide)) in lanes.iter_mut().zip(x.iter().zip(wide)) {
                *lane += x * wide;
            }
        }
    }
    lanes.iter().sum()
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    //! The product of a row and a row of half-precision weights where the processor converts eight at a time.

    use half::f16;
    use std::arch::x86_64::*;

    /// As [`super::dot`].
    #[target_feature(enable = "avx2,fma,f16c")]
    pub(super) fn dot(x: &[f32], weights: &[f16]) -> f32 {
        let length = x.len().min(weights.len());
        let mut sums = [_mm256_setzero_ps(); 4];
        let mut i = 0;
        while i + 32 <= length {
            for (lane, sum) in sums.iter_mut().enumerate() {
                let at = i + lane * 8;
                // SAFETY: `at + 8 <= length`, which neither slice is shorter than; unaligned loads.
                let (x, weights) = unsafe {
                    (_mm256_loadu_ps(x.as_ptr().add(at)), _mm_loadu_si128(weights.as_ptr().add(at).cast::<__m128i>()))
                };
                *sum = _mm256_fmadd_ps(x, _mm256_cvtph_ps(weights), *sum);
            }
            i += 32;
        }
        let sum = _mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3]));
        let sum = _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps::<1>(sum));
        let sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
        let sum = _mm_add_ss(sum, _mm_movehdup_ps(sum));
        let rest: f32 = x[i..length].iter().zip(&weights[i..length]).map(|(x, w)| x * w.to_f32()).sum();
        _mm_cvtss_f32(sum) + rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(
        range: std::ops::Range<f32>,
        count: impl Into<prop::collection::SizeRange>,
    ) -> impl Strategy<Value = Vec<f32>> {
        prop::collection::vec(range, count)
    }

    /// The error function in double precision by its series, exact enough below 5.
    fn plain_erf(x: f64) -> f64 {
        if x.abs() > 4.0 {
            return x.signum();
        }
        let (mut term, mut sum) = (x, x);
        for n in 1..120 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        sum * 2.0 / std::f64::consts::PI.sqrt()
    }

    proptest! {
        #[test]
        fn gelu_is_the_exact_one(x in values(-12.0..12.0, 40), bias in values(-2.0..2.0, 20)) {
            let mut got = x.clone();
            bias_gelu_rows(&mut got, &bias);
            for (i, got) in got.iter().enumerate() {
                let y = f64::from(x[i]) + f64::from(bias[i % 20]);
                let want = 0.5 * y * (1.0 + plain_erf(y / 2.0f64.sqrt()));
                prop_assert!((f64::from(*got) - want).abs() < 3e-6, "{} is not {}", got, want);
            }
        }

        #[test]
        fn softmax_rows_are_probabilities(x in values(-90.0..90.0, 74)) {
            let mut got = x.clone();
            softmax_rows(&mut got, 37);
            for (got, x) in got.chunks(37).zip(x.chunks(37)) {
                let top = x.iter().copied().fold(f32::MIN, f32::max);
                let sum: f64 = x.iter().map(|x| f64::from(x - top).exp()).sum();
                for (got, x) in got.iter().zip(x) {
                    let want = f64::from(x - top).exp() / sum;
                    prop_assert!((f64::from(*got) - want).abs() < 1e-6);
                }
                let logarithm = f64::from(top) + sum.ln();
                prop_assert!((f64::from(log_sum_exp(x)) - logarithm).abs() < 1e-4);
            }
        }

        #[test]
        fn layer_norm_has_mean_0_and_variance_1(x in values(-5.0..5.0, 3 * 50)) {
            let mut out = vec![0.0; 150];
            layer_norm_rows(&x, &[2.0; 50], &[1.0; 50], &mut out);
            for (row, out) in x.chunks(50).zip(out.chunks(50)) {
                let mean = row.iter().map(|v| f64::from(*v)).sum::<f64>() / 50.0;
                let variance = row.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / 50.0;
                for (value, out) in row.iter().zip(out) {
                    let want = (f64::from(*value) - mean) / (variance + 1e-5).sqrt() * 2.0 + 1.0;
                    prop_assert!((f64::from(*out) - want).abs() < 1e-4);
                }
            }
        }

        #[test]
        fn half_product_is_the_matrix_product(rows in 1usize..4, depth in 1usize..80, width in 1usize..30, seed in any::<u32>()) {
            let mut state = seed;
            let mut next = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / (1 << 23) as f32 - 1.0
            };
            let x: Vec<f32> = (0..rows * depth).map(|_| next()).collect();
            let weights: Vec<f16> = (0..width * depth).map(|_| f16::from_f32(next())).collect();
            let bias: Vec<f32> = (0..width).map(|_| next()).collect();
            let mut out = vec![0.0; rows * width];
            half_product(&x, &weights, depth, Some(&bias), &mut out);
            for row in 0..rows {
                for column in 0..width {
                    let want: f32 = (0..depth).map(|k| x[row * depth + k] * weights[column * depth + k].to_f32()).sum();
                    let portable = dot(&x[row * depth..][..depth], &weights[column * depth..][..depth]);
                    prop_assert!((out[row * width + column] - want - bias[column]).abs() < 1e-4);
                    prop_assert!((portable - want).abs() < 1e-4);
                }
            }
        }
    }

    #[test]
    fn a_large_half_product_is_shared_among_threads() {
        let (depth, width) = (384, 1000);
        let x: Vec<f32> = (0..2 * depth).map(|i| (i % 17) as f32 - 8.0).collect();
        let weights: Vec<f16> = (0..width * depth).map(|i| f16::from_f32((i % 13) as f32 - 6.0)).collect();
        let mut out = vec![0.0; 2 * width];
        half_product(&x, &weights, depth, None, &mut out);
        for (row, column) in [(0, 0), (0, 999), (1, 0), (1, 500), (1, 999)] {
            let want: f32 = (0..depth).map(|k| x[row * depth + k] * weights[column * depth + k].to_f32()).sum();
            assert_eq!(out[row * width + column], want);
        }
    }
}
