//! The small operations between the matrix products.

use super::{Kernel, dispatch};
use half::f16;

/// Rounds to the nearest whole number by pushing the fraction out of the mantissa, whose low bits then count.
pub(super) const MAGIC: f32 = 12_582_912.0;
/// ln 2 in two parts: the first has few enough bits that its product with a power is exact.
pub(super) const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
/// The series of `e^x` from `x^6` down.
pub(super) const SERIES: [f32; 7] = [0.001_388_89, 0.008_333_334, 0.041_666_67, 0.166_666_67, 0.5, 1.0, 1.0];

/// `e^x` to about 1 part in 10 million, without a call, so that loops over it become vector code.
///
/// `x` is split into a power of two and a rest of at most half of ln 2, for which a polynomial of degree 6 does.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    // Below, the result is no normal number; above, it is infinite.
    let x = x.clamp(-87.0, 88.0);
    let pushed = x * std::f32::consts::LOG2_E + MAGIC;
    let power = pushed - MAGIC;
    let rest = (x - power * LN_2[0]) - power * LN_2[1];
    let series = SERIES.into_iter().fold(0.0, |series, coefficient| series * rest + coefficient);
    series * f32::from_bits(pushed.to_bits().wrapping_sub(MAGIC.to_bits()).wrapping_add(127) << 23)
}

dispatch! {
    /// Root mean square normalization: `out = x / rms(x) * weight`.
    pub(crate) fn rms_norm(x: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) = rms_norm_body
}

#[inline(always)]
fn rms_norm_body(x: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) {
    let scale = inverse_root_mean_square(x, epsilon);
    for ((out, x), weight) in out.iter_mut().zip(x).zip(weight) {
        *out = x * scale * weight;
    }
}

#[inline(always)]
fn inverse_root_mean_square(x: &[f32], epsilon: f32) -> f32 {
    let (chunks, rest) = x.as_chunks::<8>();
    let mut sums = [0f32; 8];
    for chunk in chunks {
        for (sum, x) in sums.iter_mut().zip(chunk) {
            *sum += x * x;
        }
    }
    let total = sums.iter().sum::<f32>() + rest.iter().map(|x| x * x).sum::<f32>();
    1.0 / (total / x.len() as f32 + epsilon).sqrt()
}

dispatch! {
    /// The same in place.
    pub(crate) fn rms_norm_in_place(x: &mut [f32], weight: &[f32], epsilon: f32) = rms_norm_in_place_body
}

#[inline(always)]
fn rms_norm_in_place_body(x: &mut [f32], weight: &[f32], epsilon: f32) {
    let scale = inverse_root_mean_square(x, epsilon);
    x.iter_mut().zip(weight).for_each(|(x, weight)| *x = *x * scale * weight);
}

dispatch! {
    /// `x += y`.
    pub(crate) fn add(x: &mut [f32], y: &[f32]) = add_body
}

#[inline(always)]
fn add_body(x: &mut [f32], y: &[f32]) {
    x.iter_mut().zip(y).for_each(|(x, y)| *x += y);
}

dispatch! {
    /// The gate of a SwiGLU layer: `gate = gate * sigmoid(gate) * up`.
    pub(crate) fn gate(gate: &mut [f32], up: &[f32]) = gate_body
}

#[inline(always)]
fn gate_body(gate: &mut [f32], up: &[f32]) {
    for (gate, up) in gate.iter_mut().zip(up) {
        *gate = *gate / (1.0 + exp(-*gate)) * up;
    }
}

dispatch! {
    /// The gate of a GeGLU layer: `gate = gelu(gate) * up`, with the usual approximation by the hyperbolic tangent.
    pub(crate) fn gelu_gate(gate: &mut [f32], up: &[f32]) = gelu_gate_body
}

#[inline(always)]
fn gelu_gate_body(gate: &mut [f32], up: &[f32]) {
    // The square root of 2 / pi.
    const ROOT: f32 = 0.797_884_6;
    for (gate, up) in gate.iter_mut().zip(up) {
        let x = *gate;
        *gate = 0.5 * x * (1.0 + tanh(ROOT * x * (1.0 + 0.044_715 * x * x))) * up;
    }
}

#[inline(always)]
fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (exp(2.0 * x) + 1.0)
}

dispatch! {
    /// Bends `x` so that it stays within `cap`: `x = cap * tanh(x / cap)`.
    pub(crate) fn soft_cap(x: &mut [f32], cap: f32) = soft_cap_body
}

#[inline(always)]
fn soft_cap_body(x: &mut [f32], cap: f32) {
    x.iter_mut().for_each(|x| *x = cap * tanh(*x / cap));
}

dispatch! {
    /// `x *= factor`.
    pub(crate) fn scale(x: &mut [f32], factor: f32) = scale_body
}

#[inline(always)]
fn scale_body(x: &mut [f32], factor: f32) {
    x.iter_mut().for_each(|x| *x *= factor);
}

/// Turns the pairs `(i, i + half)` of what is given of a head: rotary position embedding as most other families have it.
pub(crate) fn rotate_halves(head: &mut [f32], cos: &[f32], sin: &[f32]) {
    let (first, second) = head.split_at_mut(head.len() / 2);
    for ((a, b), (cos, sin)) in first.iter_mut().zip(second).zip(cos.iter().zip(sin)) {
        (*a, *b) = (*a * cos - *b * sin, *a * sin + *b * cos);
    }
}

/// Turns the pairs `(2i, 2i + 1)` of a head by the angles whose cosines and sines are given: rotary position embedding as
/// GGUF files of the Llama family are laid out for it.
pub(crate) fn rotate(head: &mut [f32], cos: &[f32], sin: &[f32]) {
    for (pair, (cos, sin)) in head.as_chunks_mut::<2>().0.iter_mut().zip(cos.iter().zip(sin)) {
        let [a, b] = *pair;
        *pair = [a * cos - b * sin, a * sin + b * cos];
    }
}

/// Stores floats as the bits of 16-bit floats.
pub(crate) fn store_half(kernel: Kernel, values: &[f32], out: &mut [u16]) {
    #[cfg(target_arch = "aarch64")]
    if kernel != Kernel::Plain {
        // What the compiler makes of the plain form converts one number at a time there.
        // SAFETY: these kernels are only made where their instructions were detected.
        return unsafe { super::neon_attention::store_half(values, out) };
    }
    store_halves(kernel, values, out);
}

dispatch! {
    /// [`store_half`] in plain Rust.
    pub(crate) fn store_halves(values: &[f32], out: &mut [u16]) = store_half_body
}

#[inline(always)]
fn store_half_body(values: &[f32], out: &mut [u16]) {
    for (out, value) in out.iter_mut().zip(values) {
        *out = f16::from_f32(*value).to_bits();
    }
}
