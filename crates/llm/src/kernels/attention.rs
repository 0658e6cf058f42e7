//! Attention of one query head over the keys and values kept so far.

use super::{Kernel, dispatch};
use half::f16;

/// What one head looks at: keys and values by position, as the bits of 16-bit floats.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head<'a> {
    /// `positions` x `width`.
    pub(crate) keys: &'a [u16],
    /// `positions` x `width`.
    pub(crate) values: &'a [u16],
}

/// Softmax of `query . key` over the positions, times the values, into `out`.
///
/// `query` is already divided by the root of its width. `scratch` has one entry a position, and sets how many there are.
pub(crate) fn attend(kernel: Kernel, query: &[f32], head: Head<'_>, scratch: &mut [f32], out: &mut [f32]) {
    assert_eq!(query.len(), out.len());
    match kernel {
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2 if query.len().is_multiple_of(8) => {
            // SAFETY: `Kernel::Avx2` is only made where these instructions were detected.
            unsafe { super::avx2::scores(query, head.keys, scratch) };
            softmax(kernel, scratch);
            // SAFETY: as above.
            unsafe { super::avx2::weighted_sum(scratch, head.values, out) };
        }
        _ => {
            scores(query, head.keys, scratch);
            softmax(kernel, scratch);
            weighted_sum(scratch, head.values, out);
        }
    }
}

fn scores(query: &[f32], keys: &[u16], scores: &mut [f32]) {
    for (score, key) in scores.iter_mut().zip(keys.chunks_exact(query.len())) {
        *score = query.iter().zip(key).map(|(q, k)| q * f16::from_bits(*k).to_f32()).sum();
    }
}

fn weighted_sum(weights: &[f32], values: &[u16], out: &mut [f32]) {
    out.fill(0.0);
    for (weight, value) in weights.iter().zip(values.chunks_exact(out.len())) {
        for (out, value) in out.iter_mut().zip(value) {
            *out += weight * f16::from_bits(*value).to_f32();
        }
    }
}

dispatch! {
    /// Turns scores into weights that sum to one.
    pub(crate) fn softmax(scores: &mut [f32]) = softmax_body
}

#[inline(always)]
fn softmax_body(scores: &mut [f32]) {
    let largest = scores.iter().fold(f32::NEG_INFINITY, |a, b| a.max(*b));
    let mut sums = [0f32; 8];
    let (chunks, rest) = scores.as_chunks_mut::<8>();
    for chunk in chunks {
        for (score, sum) in chunk.iter_mut().zip(&mut sums) {
            *score = super::elementwise::exp(*score - largest);
            *sum += *score;
        }
    }
    for (score, sum) in rest.iter_mut().zip(&mut sums) {
        *score = super::elementwise::exp(*score - largest);
        *sum += *score;
    }
    let inverse = 1.0 / sums.iter().sum::<f32>();
    scores.iter_mut().for_each(|score| *score *= inverse);
}
