//! The small operations between the matrix products.

use super::dispatch;
use half::f16;

/// `e^x` to about 1 part in 10 million, without a call, so that loops over it become vector code.
///
/// `x` is split into a power of two and a rest of at most half of ln 2, for which a polynomial of degree 6 does.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    // Below, the result is no normal number; above, it is infinite.
    let x = x.clamp(-87.0, 88.0);
    let scaled = x * std::f32::consts::LOG2_E;
    // Rounds to the nearest whole number by pushing the fraction out of the mantissa.
    const MAGIC: f32 = 12_582_912.0;
    let power = (scaled + MAGIC) - MAGIC;
    let rest = (x - power * 0.693_359_4) + power * 2.121_944_4e-4;
    let series = 1.0
        + rest
            * (1.0
                + rest
                    * (0.5
                        + rest
                            * (0.166_666_67 + rest * (0.041_666_67 + rest * (0.008_333_334 + rest * 0.001_388_89)))));
    series * f32::from_bits(((power as i32 + 127) as u32) << 23)
}

dispatch! {
    /// Root mean square normalization: `out = x / rms(x) * weight`.
    pub(crate) fn rms_norm(x: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) = rms_norm_body
}

#[inline(always)]
fn rms_norm_body(x: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) {
    let (chunks, rest) = x.as_chunks::<8>();
    let mut sums = [0f32; 8];
    for chunk in chunks {
        for (sum, x) in sums.iter_mut().zip(chunk) {
            *sum += x * x;
        }
    }
    let total = sums.iter().sum::<f32>() + rest.iter().map(|x| x * x).sum::<f32>();
    let scale = 1.0 / (total / x.len() as f32 + epsilon).sqrt();
    for ((out, x), weight) in out.iter_mut().zip(x).zip(weight) {
        *out = x * scale * weight;
    }
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

/// Turns the pairs `(2i, 2i + 1)` of a head by the angles whose cosines and sines are given: rotary position embedding as
/// GGUF files of the Llama family are laid out for it.
pub(crate) fn rotate(head: &mut [f32], cos: &[f32], sin: &[f32]) {
    for (pair, (cos, sin)) in head.as_chunks_mut::<2>().0.iter_mut().zip(cos.iter().zip(sin)) {
        let [a, b] = *pair;
        *pair = [a * cos - b * sin, a * sin + b * cos];
    }
}

dispatch! {
    /// Stores floats as the bits of 16-bit floats.
    pub(crate) fn store_half(values: &[f32], out: &mut [u16]) = store_half_body
}

#[inline(always)]
fn store_half_body(values: &[f32], out: &mut [u16]) {
    for (out, value) in out.iter_mut().zip(values) {
        *out = f16::from_f32(*value).to_bits();
    }
}
