//! The arithmetic around the matrix products, on plain slices, for the CPU.
//!
//! Each kernel is written once, in lanes that the compiler turns into vectors, and compiled twice: for any processor of
//! the platform, and for AVX2 where the running processor has it. Never allocates.

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
    /// Each row of `x`, `width` wide, to probabilities, in place, after `more`, which may be empty, was added to it. A value
    /// far below the largest becomes 0 but for 1e-38.
    fn softmax_rows(x: &mut [f32], width: usize, more: &[f32]) {
        for row in x.chunks_exact_mut(width) {
            for (value, more) in row.iter_mut().zip(more) {
                *value += more;
            }
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

/// Rows of 8-bit weights, and what each row is to be multiplied by.
#[derive(Debug, Clone, Copy)]
pub(super) struct ByteRows<'a> {
    /// Row after row.
    pub(super) values: &'a [i8],
    /// One for each row.
    pub(super) scales: &'a [f32],
}

impl<'a> ByteRows<'a> {
    /// Numbers in a row.
    fn depth(&self) -> usize {
        self.values.len() / self.scales.len()
    }

    fn part(&self, from: usize, count: usize) -> Self {
        let depth = self.depth();
        Self { values: &self.values[from * depth..][..count * depth], scales: &self.scales[from..][..count] }
    }
}

kernel! {
    /// Rounds a row of weights to bytes; returns the scale, of which each weight is off by a half at most.
    fn to_bytes(weights: &[f32], out: &mut [i8]) -> f32 {
        // Adding 1.5 x 2^23 leaves the nearest integer in the low bits.
        const ROUND: f32 = 12_582_912.0;
        let mut lanes = [0.0f32; LANES];
        for weights in weights.chunks(LANES) {
            for (lane, weight) in lanes.iter_mut().zip(weights) {
                *lane = if weight.abs() > *lane { weight.abs() } else { *lane };
            }
        }
        let largest = lanes.into_iter().fold(0.0, f32::max);
        if largest == 0.0 {
            out.fill(0);
            return 0.0;
        }
        let inverse = 127.0 / largest;
        for (out, weight) in out.iter_mut().zip(weights) {
            *out = (weight * inverse + ROUND).to_bits() as i8;
        }
        largest / 127.0
    }
}

/// `out[row * width + i] = scale[i] * sum over k of x[row * depth + k] * weights[i * depth + k]` (+ `bias[i]`), with as
/// many columns as there are rows of weights. Made for a few rows: it is bound by reading the weights.
pub(super) fn byte_product(x: &[f32], weights: ByteRows<'_>, bias: Option<&[f32]>, out: &mut [f32]) {
    let (depth, width) = (weights.depth(), weights.scales.len());
    debug_assert_eq!(out.len() * depth, x.len() * width);
    for (x, out) in x.chunks_exact(depth).zip(out.chunks_exact_mut(width)) {
        if weights.values.len() < WORTH_A_THREAD {
            product_columns(x, weights, bias, out);
            continue;
        }
        // The columns of one row of the result lie side by side and can be shared out among threads.
        let share = width.div_ceil(rayon::current_num_threads() * 4).max(64);
        out.par_chunks_mut(share).enumerate().for_each(|(i, out)| {
            let (from, count) = (i * share, out.len());
            product_columns(x, weights.part(from, count), bias.map(|bias| &bias[from..][..count]), out);
        });
    }
}

/// One row times each of the rows of `weights`.
fn product_columns(x: &[f32], weights: ByteRows<'_>, bias: Option<&[f32]>, out: &mut [f32]) {
    let rows = weights.values.chunks_exact(weights.depth()).zip(weights.scales);
    #[cfg(target_arch = "x86_64")]
    let vectors = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    for (out, (row, scale)) in out.iter_mut().zip(rows) {
        #[cfg(target_arch = "x86_64")]
        if vectors {
            // SAFETY: the processor has what the function was compiled for.
            *out = scale * unsafe { x86::dot(x, row) };
            continue;
        }
        *out = scale * dot(x, row);
    }
    if let Some(bias) = bias {
        bias_rows(out, bias);
    }
}

/// The product of a row and a row of weights, any processor.
fn dot(x: &[f32], weights: &[i8]) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let ((x, x_rest), (weights, rest)) = (x.as_chunks::<LANES>(), weights.as_chunks::<LANES>());
    for (x, weights) in x.iter().zip(weights) {
        for (lane, (x, weight)) in lanes.iter_mut().zip(x.iter().zip(weights)) {
            *lane += x * f32::from(*weight);
        }
    }
    lanes.iter().sum::<f32>() + x_rest.iter().zip(rest).map(|(x, weight)| x * f32::from(*weight)).sum::<f32>()
}

/// What attention looks at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Memory<'a> {
    /// Keys and values are rows `stride` apart.
    pub(super) keys: &'a [f32],
    pub(super) values: &'a [f32],
    pub(super) stride: usize,
    /// What is added to the score of each row; nothing where it is empty.
    pub(super) weights: &'a [f32],
}

kernel! {
    /// What one position hears: for each of `heads` equal parts of `query` (scaled), the mean of the values, weighted by
    /// how alike query and key are. `scores` has room for one number a row, and says how many rows there are.
    fn attend(query: &[f32], memory: Memory<'_>, heads: usize, scores: &mut [f32], out: &mut [f32]) {
        let Memory { keys, values, stride, weights } = memory;
        let (rows, depth) = (scores.len(), query.len() / heads);
        for (head, (query, out)) in query.chunks_exact(depth).zip(out.chunks_exact_mut(depth)).enumerate() {
            let at = head * depth;
            for (row, score) in scores.iter_mut().enumerate() {
                *score = product(query, &keys[row * stride + at..][..depth]);
            }
            softmax_rows(scores, rows, weights);
            out.fill(0.0);
            for (row, score) in scores.iter().enumerate() {
                for (out, value) in out.iter_mut().zip(&values[row * stride + at..][..depth]) {
                    *out += score * value;
                }
            }
        }
    }
}

#[inline(always)]
fn product(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for (lane, (a, b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
            *lane += a * b;
        }
    }
    lanes.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    //! The product of a row and a row of 8-bit weights where the processor widens eight at a time.

    use std::arch::x86_64::*;

    /// As [`super::dot`].
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn dot(x: &[f32], weights: &[i8]) -> f32 {
        let length = x.len().min(weights.len());
        let mut sums = [_mm256_setzero_ps(); 4];
        let mut i = 0;
        while i + 32 <= length {
            for (lane, sum) in sums.iter_mut().enumerate() {
                let at = i + lane * 8;
                // SAFETY: `at + 8 <= length`, which neither slice is shorter than; unaligned loads.
                let (x, weights) = unsafe {
                    (_mm256_loadu_ps(x.as_ptr().add(at)), _mm_loadl_epi64(weights.as_ptr().add(at).cast::<__m128i>()))
                };
                *sum = _mm256_fmadd_ps(x, _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(weights)), *sum);
            }
            i += 32;
        }
        let sum = _mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3]));
        let sum = _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps::<1>(sum));
        let sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
        let sum = _mm_add_ss(sum, _mm_movehdup_ps(sum));
        let rest: f32 = x[i..length].iter().zip(&weights[i..length]).map(|(x, w)| x * f32::from(*w)).sum();
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
            softmax_rows(&mut got, 37, &[]);
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
        fn byte_product_is_the_matrix_product(rows in 1usize..4, depth in 1usize..80, width in 1usize..30, seed in any::<u32>()) {
            let mut state = seed;
            let mut next = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / (1 << 23) as f32 - 1.0
            };
            let x: Vec<f32> = (0..rows * depth).map(|_| next()).collect();
            let weights: Vec<f32> = (0..width * depth).map(|_| next()).collect();
            let bias: Vec<f32> = (0..width).map(|_| next()).collect();
            let (mut values, mut scales) = (vec![0; weights.len()], Vec::new());
            for (weights, values) in weights.chunks_exact(depth).zip(values.chunks_exact_mut(depth)) {
                scales.push(to_bytes(weights, values));
            }
            for (i, (weight, value)) in weights.iter().zip(&values).enumerate() {
                let scale = scales[i / depth];
                prop_assert!((weight - f32::from(*value) * scale).abs() <= 0.5001 * scale);
            }
            let mut out = vec![0.0; rows * width];
            byte_product(&x, ByteRows { values: &values, scales: &scales }, Some(&bias), &mut out);
            for row in 0..rows {
                for column in 0..width {
                    let (x, weights) = (&x[row * depth..][..depth], &values[column * depth..][..depth]);
                    let want: f32 = x.iter().zip(weights).map(|(x, w)| x * f32::from(*w)).sum();
                    prop_assert!((out[row * width + column] - want * scales[column] - bias[column]).abs() < 1e-4);
                    prop_assert!((dot(x, weights) - want).abs() < 1e-2);
                }
            }
        }

        #[test]
        fn attention_is_a_weighted_mean(rows in 1usize..40, weighted in any::<bool>(), heads in 1usize..4, depth in 1usize..40, apart in 0usize..5, seed in any::<u32>()) {
            let mut state = seed;
            let mut next = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / (1 << 22) as f32 - 2.0
            };
            let width = heads * depth;
            let stride = width + apart;
            let query: Vec<f32> = (0..width).map(|_| next()).collect();
            let keys: Vec<f32> = (0..rows * stride).map(|_| next()).collect();
            let values: Vec<f32> = (0..rows * stride).map(|_| next()).collect();
            let weights: Vec<f32> = (0..if weighted { rows } else { 0 }).map(|_| next()).collect();
            let (mut scores, mut out) = (vec![0.0; rows], vec![f32::NAN; width]);
            let memory = Memory { keys: &keys, values: &values, stride, weights: &weights };
            attend(&query, memory, heads, &mut scores, &mut out);
            for (i, out) in out.iter().enumerate() {
                let head = i / depth * depth;
                let alike = |row: usize| (0..depth).map(|k| f64::from(query[head + k] * keys[row * stride + head + k])).sum::<f64>() + weights.get(row).map_or(0.0, |weight| f64::from(*weight));
                let top = (0..rows).map(alike).fold(f64::MIN, f64::max);
                let weight = |row: usize| (alike(row) - top).exp();
                let sum: f64 = (0..rows).map(weight).sum();
                let want: f64 = (0..rows).map(|row| weight(row) / sum * f64::from(values[row * stride + i])).sum();
                prop_assert!((f64::from(*out) - want).abs() < 1e-4, "{} is not {}", out, want);
            }
        }
    }

    #[test]
    fn a_large_byte_product_is_shared_among_threads() {
        let (depth, width) = (384, 1000);
        let x: Vec<f32> = (0..2 * depth).map(|i| (i % 17) as f32 - 8.0).collect();
        let values: Vec<i8> = (0..width * depth).map(|i| (i % 13) as i8 - 6).collect();
        let scales: Vec<f32> = (0..width).map(|i| (i % 3) as f32).collect();
        let mut out = vec![0.0; 2 * width];
        byte_product(&x, ByteRows { values: &values, scales: &scales }, None, &mut out);
        for (row, column) in [(0, 0), (0, 999), (1, 0), (1, 500), (1, 999)] {
            let sum: f32 = (0..depth).map(|k| x[row * depth + k] * f32::from(values[column * depth + k])).sum();
            assert_eq!(out[row * width + column], sum * scales[column]);
        }
    }

    #[test]
    fn a_row_of_nothing_is_nothing() {
        let mut values = [7; 3];
        assert_eq!(to_bytes(&[0.0; 3], &mut values), 0.0);
        assert_eq!(values, [0; 3]);
    }
}
