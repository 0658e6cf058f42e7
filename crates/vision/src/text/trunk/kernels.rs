//! The arithmetic of the trunk: products of 8-bit matrices, and what lies between them.
//!
//! Owns two forms of each kernel: plain, which any machine runs and tests compare with, and the same for AVX-512 with VNNI,
//! where the compiler makes vectors of some plain bodies, and products and rounding are written by hand. Never knows what is computed.

/// Outputs of a product that are computed at a time; matrices have a multiple of it.
pub(super) const PANEL: usize = 48;

/// Added to what is rounded: the fraction is pushed out of a number of 32 bits, its last bits are the integer.
const ROUNDED: f32 = 12_582_912.0;

/// Which instructions are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// What every processor has.
    Plain,
    /// Products of four pairs of bytes at a time in each of sixteen sums.
    #[cfg(target_arch = "x86_64")]
    Vnni,
}

impl Level {
    /// The best that this machine has.
    pub(super) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vnni")
            && is_x86_feature_detected!("fma")
        {
            return Self::Vnni;
        }
        Self::Plain
    }
}

/// The weights of a product: `inputs` numbers become `outputs`.
#[derive(Debug)]
pub(super) struct Matrix {
    /// Numbers in a row, a multiple of 4.
    pub(super) inputs: usize,
    /// A multiple of [`PANEL`]; those that the network doesn't have are zero.
    pub(super) outputs: usize,
    /// For each panel, for each four inputs, for each of its outputs: four weights.
    weights: Vec<i8>,
    /// What a weight of 1 stands for, by output.
    scales: Vec<f32>,
    /// 128 times the sum of an output's weights: inputs are unsigned, 128 is nothing.
    shifts: Vec<i32>,
    bias: Vec<f32>,
}

impl Matrix {
    /// Of `weight(output, input)` for the `bias.len()` outputs, each rounded to 8 bits with a scale of its own.
    pub(super) fn new(inputs: usize, bias: &[f32], weight: impl Fn(usize, usize) -> f32) -> Self {
        debug_assert!(inputs.is_multiple_of(4));
        let outputs = bias.len().next_multiple_of(PANEL);
        let mut matrix = Self {
            inputs,
            outputs,
            weights: vec![0; inputs * outputs],
            scales: vec![0.0; outputs],
            shifts: vec![0; outputs],
            bias: vec![0.0; outputs],
        };
        for (output, bias) in bias.iter().enumerate() {
            let most = (0..inputs).map(|input| weight(output, input).abs()).fold(0.0, f32::max);
            let scale = if most > 0.0 { 127.0 / most } else { 0.0 };
            let (panel, column) = (output / PANEL, output % PANEL);
            let mut sum = 0;
            for input in 0..inputs {
                let rounded = (weight(output, input) * scale).round() as i8;
                sum += i32::from(rounded);
                matrix.weights[panel * inputs * PANEL + (input / 4 * PANEL + column) * 4 + input % 4] = rounded;
            }
            matrix.scales[output] = most / 127.0;
            matrix.shifts[output] = 128 * sum;
            matrix.bias[output] = *bias;
        }
        matrix
    }

    fn panel(&self, panel: usize) -> &[i8] {
        &self.weights[panel * self.inputs * PANEL..][..self.inputs * PANEL]
    }
}

/// What becomes of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// It is written.
    Keep,
    /// It is written where it is above 0, else 0.
    Rectify,
    /// It is added to what is there.
    Add,
}

/// Rounds rows of `width` numbers to 8 bits, 128 for 0, each row by its largest; what a step stands for goes to `scales`.
pub(super) fn quantize(level: Level, rows: &[f32], width: usize, out: &mut [u8], scales: &mut [f32]) {
    match level {
        Level::Plain => quantize_body(rows, width, out, scales),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the level says that the machine has the instructions.
        Level::Vnni => unsafe { vnni::quantize(rows, width, out, scales) },
    }
}

/// `rows` times `matrix`, row by row into `out`; `scales` are those of the rows.
pub(super) fn product(level: Level, rows: &[u8], scales: &[f32], matrix: &Matrix, then: Then, out: &mut [f32]) {
    assert!(rows.len() == scales.len() * matrix.inputs && out.len() == scales.len() * matrix.outputs);
    match level {
        Level::Plain => product_body(rows, scales, matrix, then, out),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the level says that the machine has the instructions; the lengths were looked at above.
        Level::Vnni => unsafe { vnni::product(rows, scales, matrix, then, out) },
    }
}

/// The Gaussian error linear unit of each of `values`, x/2 (1 + erf(x/√2)).
pub(super) fn gelu(level: Level, values: &mut [f32]) {
    match level {
        Level::Plain => gelu_body(values),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the level says that the machine has the instructions.
        Level::Vnni => unsafe { vnni::gelu(values) },
    }
}

/// Adds `from` times `weights`, channel by channel: one of the taps of a convolution with a kernel for each channel, at all
/// places of a row.
pub(super) fn tap(level: Level, from: &[f32], weights: &[f32], out: &mut [f32]) {
    match level {
        Level::Plain => tap_body(from, weights, out),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the level says that the machine has the instructions.
        Level::Vnni => unsafe { vnni::tap(from, weights, out) },
    }
}

fn quantize_body(rows: &[f32], width: usize, out: &mut [u8], scales: &mut [f32]) {
    for ((row, out), scale) in rows.chunks_exact(width).zip(out.chunks_exact_mut(width)).zip(scales) {
        let most = row.iter().fold(0.0f32, |most, value| most.max(value.abs()));
        *scale = most / 127.0;
        let steps = if most > 0.0 { 127.0 / most } else { 0.0 };
        for (out, value) in out.iter_mut().zip(row) {
            *out = (value * steps + (ROUNDED + 128.0)).to_bits() as u8;
        }
    }
}

fn product_body(rows: &[u8], scales: &[f32], matrix: &Matrix, then: Then, out: &mut [f32]) {
    for ((row, scale), out) in rows.chunks_exact(matrix.inputs).zip(scales).zip(out.chunks_exact_mut(matrix.outputs)) {
        for (output, out) in out.iter_mut().enumerate() {
            let weights = matrix.panel(output / PANEL).chunks_exact(4).skip(output % PANEL).step_by(PANEL);
            let pairs = row.chunks_exact(4).zip(weights).flat_map(|(row, weights)| row.iter().zip(weights));
            let sum: i32 = pairs.map(|(value, weight)| i32::from(*value) * i32::from(*weight)).sum();
            let value = (sum - matrix.shifts[output]) as f32 * (scale * matrix.scales[output]) + matrix.bias[output];
            *out = match then {
                Then::Keep => value,
                Then::Rectify => value.max(0.0),
                Then::Add => *out + value,
            };
        }
    }
}

/// erf as Abramowitz and Stegun give it (7.1.26), to 1.5e-7.
#[inline(always)]
fn gelu_body(values: &mut [f32]) {
    for value in values {
        let x = *value;
        let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
        let t = 1.0 / (1.0 + 0.327_591_1 * z);
        let series = t * (0.254_829_6 + t * (-0.284_496_74 + t * (1.421_413_7 + t * (-1.453_152 + t * 1.061_405_4))));
        // e^(-z²) as a power of two: its integer goes to the exponent, the rest through a series.
        let power = (-z * z * std::f32::consts::LOG2_E).max(-126.0);
        let rounded = power + ROUNDED;
        let rest = (power - (rounded - ROUNDED)) * std::f32::consts::LN_2;
        let fraction =
            1.0 + rest * (1.0 + rest * (0.5 + rest * (1.0 / 6.0 + rest * (1.0 / 24.0 + rest * (1.0 / 120.0)))));
        let exponent = f32::from_bits(rounded.to_bits().wrapping_add(127) << 23);
        let tail = 0.5 * x.abs() * series * exponent * fraction;
        *value = x.max(0.0) - tail;
    }
}

#[inline(always)]
fn tap_body(from: &[f32], weights: &[f32], out: &mut [f32]) {
    for (from, out) in from.chunks_exact(weights.len()).zip(out.chunks_exact_mut(weights.len())) {
        for ((out, value), weight) in out.iter_mut().zip(from).zip(weights) {
            *out += value * weight;
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod vnni {
    use super::{Matrix, PANEL, Then};
    use std::arch::x86_64::*;

    /// Rows of a product that are computed at a time: with three registers of outputs each, 24 of the 32 hold sums.
    const ROWS: usize = 8;

    /// By hand, since the compiler takes the wrong of the two loops to be the inner one.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,fma")]
    pub(super) fn quantize(rows: &[f32], width: usize, out: &mut [u8], scales: &mut [f32]) {
        for ((row, out), scale) in rows.chunks_exact(width).zip(out.chunks_exact_mut(width)).zip(scales) {
            // The numbers at `at`, and which of the sixteen there are.
            let load = |at: usize| {
                let there = ((1u32 << (width - at).min(16)) - 1) as __mmask16;
                // SAFETY: no more are read than there are.
                (there, unsafe { _mm512_maskz_loadu_ps(there, row.as_ptr().add(at)) })
            };
            let mut most = _mm512_setzero_ps();
            for at in (0..width).step_by(16) {
                most = _mm512_max_ps(_mm512_abs_ps(load(at).1), most);
            }
            let most = _mm512_reduce_max_ps(most);
            *scale = most / 127.0;
            let steps = _mm512_set1_ps(if most > 0.0 { 127.0 / most } else { 0.0 });
            for at in (0..width).step_by(16) {
                let (there, values) = load(at);
                let rounded = _mm512_cvtps_epi32(_mm512_mul_ps(values, steps));
                let rounded = _mm512_cvtepi32_epi8(_mm512_add_epi32(rounded, _mm512_set1_epi32(128)));
                // SAFETY: no more are written than there are.
                unsafe { _mm_mask_storeu_epi8(out.as_mut_ptr().add(at).cast(), there, rounded) };
            }
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,fma")]
    pub(super) fn gelu(values: &mut [f32]) {
        super::gelu_body(values);
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,fma")]
    pub(super) fn tap(from: &[f32], weights: &[f32], out: &mut [f32]) {
        super::tap_body(from, weights, out);
    }

    /// # Safety
    /// Of `rows`, `scales` and `out` there are as many rows, of the matrix's inputs and outputs.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma")]
    pub(super) unsafe fn product(rows: &[u8], scales: &[f32], matrix: &Matrix, then: Then, out: &mut [f32]) {
        for panel in 0..matrix.outputs / PANEL {
            let mut row = 0;
            while row < scales.len() {
                let rows = &rows[row * matrix.inputs..];
                let out = &mut out[row * matrix.outputs + panel * PANEL..];
                // SAFETY: so many rows are left, as the caller promises.
                unsafe {
                    if scales.len() - row >= ROWS {
                        tile::<ROWS>(rows, &scales[row..], matrix, panel, then, out);
                        row += ROWS;
                    } else {
                        tile::<1>(rows, &scales[row..], matrix, panel, then, out);
                        row += 1;
                    }
                }
            }
        }
    }

    /// A panel's outputs of the first `N` of `rows`; `out` begins with the first of them.
    ///
    /// # Safety
    /// There are as many.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma")]
    unsafe fn tile<const N: usize>(
        rows: &[u8],
        scales: &[f32],
        matrix: &Matrix,
        panel: usize,
        then: Then,
        out: &mut [f32],
    ) {
        let weights = matrix.panel(panel).as_ptr();
        let mut sums = [[_mm512_setzero_si512(); 3]; N];
        for four in 0..matrix.inputs / 4 {
            // SAFETY: a panel has 48 times as many bytes as a row has, a row as many as there are inputs.
            unsafe {
                let at = weights.add(four * 4 * PANEL);
                let columns = [0, 64, 128].map(|by| _mm512_loadu_si512(at.add(by).cast()));
                for (row, sums) in sums.iter_mut().enumerate() {
                    let value = rows.as_ptr().add(row * matrix.inputs + four * 4).cast::<i32>().read_unaligned();
                    let value = _mm512_set1_epi32(value);
                    for (sum, column) in sums.iter_mut().zip(columns) {
                        *sum = _mm512_dpbusd_epi32(*sum, value, column);
                    }
                }
            }
        }
        for third in 0..3 {
            let column = panel * PANEL + third * 16;
            // SAFETY: there are as many scales, shifts and biases as outputs, and 48 of a panel's in each row.
            unsafe {
                let scale = _mm512_loadu_ps(matrix.scales.as_ptr().add(column));
                let shift = _mm512_loadu_si512(matrix.shifts.as_ptr().add(column).cast());
                let bias = _mm512_loadu_ps(matrix.bias.as_ptr().add(column));
                for (row, sums) in sums.iter().enumerate() {
                    let scale = _mm512_mul_ps(scale, _mm512_set1_ps(scales[row]));
                    let sum = _mm512_cvtepi32_ps(_mm512_sub_epi32(sums[third], shift));
                    let value = _mm512_fmadd_ps(sum, scale, bias);
                    let out = out.as_mut_ptr().add(row * matrix.outputs + third * 16);
                    let value = match then {
                        Then::Keep => value,
                        Then::Rectify => _mm512_max_ps(value, _mm512_setzero_ps()),
                        Then::Add => _mm512_add_ps(value, _mm512_loadu_ps(out)),
                    };
                    _mm512_storeu_ps(out, value);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn gelu_is_what_its_definition_says() {
        // x Φ(x), from tables of the normal distribution.
        for (x, wanted) in
            [(0.0, 0.0), (1.0, 0.841_344_7), (-1.0, -0.158_655_3), (2.0, 1.954_499_7), (-3.0, -0.004_049_7)]
        {
            for level in [Level::Plain, Level::detect()] {
                let mut values = [x; 20];
                gelu(level, &mut values);
                assert!(values.iter().all(|value: &f32| (value - wanted).abs() < 2e-6), "{x}: {values:?}");
            }
        }
        let mut values = [f32::MAX, f32::MIN, 50.0, -50.0];
        gelu(Level::Plain, &mut values);
        assert_eq!((values[0], values[2]), (f32::MAX, 50.0));
        assert!(values[1].abs() < 1e-30 && values[3].abs() < 1e-30, "{values:?}");
    }

    proptest! {
        #[test]
        fn products_are_near_those_that_are_not_rounded_and_alike_on_all_machines(
            rows in 1..20usize, fours in 1..30usize, outputs in 1..100usize, seed: u32,
        ) {
            let mut state = seed | 1;
            let mut next = || {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                state as f32 / u32::MAX as f32 * 2.0 - 1.0
            };
            let inputs = 4 * fours;
            let values: Vec<f32> = (0..rows * inputs).map(|_| next() * 3.0).collect();
            let weights: Vec<f32> = (0..outputs * inputs).map(|_| next()).collect();
            let bias: Vec<f32> = (0..outputs).map(|_| next()).collect();
            let matrix = Matrix::new(inputs, &bias, |output, input| weights[output * inputs + input]);
            let run = |level, then| {
                let (mut quants, mut scales) = (vec![0; values.len()], vec![0.0; rows]);
                quantize(level, &values, inputs, &mut quants, &mut scales);
                let mut out = vec![1.0; rows * matrix.outputs];
                product(level, &quants, &scales, &matrix, then, &mut out);
                out
            };
            for then in [Then::Keep, Then::Rectify, Then::Add] {
                let (plain, quick) = (run(Level::Plain, then), run(Level::detect(), then));
                for (one, other) in plain.iter().zip(&quick) {
                    prop_assert!((one - other).abs() < 1e-3, "{one} {other}");
                }
                for row in 0..rows {
                    for output in 0..outputs {
                        let weights = &weights[output * inputs..][..inputs];
                        let pairs = values[row * inputs..][..inputs].iter().zip(weights);
                        let exact = pairs.map(|(value, weight)| value * weight).sum::<f32>() + bias[output];
                        let exact = match then {
                            Then::Keep => exact,
                            Then::Rectify => exact.max(0.0),
                            Then::Add => 1.0 + exact,
                        };
                        // Each of the factors is off by half a step at most, of 127 for the largest.
                        let most = inputs as f32 * (3.0 + 1.0 * 3.0) * 0.5 / 127.0 + 1e-3;
                        let found = plain[row * matrix.outputs + output];
                        prop_assert!((found - exact).abs() <= most, "{found} {exact}");
                    }
                }
            }
        }

        #[test]
        fn taps_add_up(channels in 1..70usize, places in 0..9usize) {
            let from: Vec<f32> = (0..channels * places).map(|at| at as f32).collect();
            let weights: Vec<f32> = (0..channels).map(|at| at as f32 - 3.0).collect();
            for level in [Level::Plain, Level::detect()] {
                let mut out = vec![2.0; from.len()];
                tap(level, &from, &weights, &mut out);
                for (at, out) in out.iter().enumerate() {
                    prop_assert_eq!(*out, 2.0 + at as f32 * weights[at % channels]);
                }
            }
        }
    }
}
