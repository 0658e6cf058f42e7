//! Attention over a run of positions of the keys and values kept so far, for the query heads that share them.
//!
//! What comes out is not yet divided by the sum of its weights, so that a long run can be cut into parts that several
//! threads work on; [`Ends`] says what is needed to put them together (the online softmax of arXiv 1805.02867).

use super::{Kernel, dispatch, elementwise};
use half::f16;

/// Keys and values by position, `positions` x `width`, as the bits of 16-bit floats.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head<'a> {
    pub(crate) width: usize,
    pub(crate) keys: &'a [u16],
    pub(crate) values: &'a [u16],
}

/// The largest score of a query over a run of positions, and the sum of what the scores became relative to it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Ends {
    pub(crate) largest: f32,
    pub(crate) sum: f32,
}

/// Attention of several queries (`queries` x `width`, already scaled) to the same `head`: `exp(score - largest)` times the
/// values into `out` (of the same shape as the queries), and an [`Ends`] for each.
///
/// `cap` bends scores so that they stay within it (Gemma 2). `scratch` has room for `queries` x `positions`.
pub(crate) fn attend(
    kernel: Kernel,
    queries: &[f32],
    head: Head<'_>,
    cap: Option<f32>,
    scratch: &mut [f32],
    out: &mut [f32],
    ends: &mut [Ends],
) {
    let width = head.width;
    let (count, positions) = (ends.len(), head.keys.len() / width);
    assert!(queries.len() == count * width && out.len() == queries.len());
    assert!(positions > 0 && head.values.len() == head.keys.len());
    let scores = &mut scratch[..count * positions];
    match kernel {
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2 | Kernel::Vnni if width.is_multiple_of(8) => {
            // SAFETY: these kernels are only made where their instructions were detected.
            unsafe { super::avx2_attention::scores(width, queries, head.keys, scores) };
        }
        _ => plain_scores(width, queries, head.keys, scores),
    }
    for (scores, ends) in scores.chunks_exact_mut(positions).zip(ends) {
        if let Some(cap) = cap {
            elementwise::soft_cap(kernel, scores, cap);
        }
        weigh(kernel, scores, ends);
    }
    match kernel {
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2 | Kernel::Vnni if width.is_multiple_of(8) => {
            // SAFETY: as above.
            unsafe { super::avx2_attention::weighted_sums(width, scores, head.values, out) };
        }
        _ => plain_weighted_sums(width, scores, head.values, out),
    }
}

/// Puts the attention of one query to several runs of positions together: `parts` yields each run's [`Ends`] and sums.
pub(crate) fn combine<'a>(parts: impl Iterator<Item = (Ends, &'a [f32])> + Clone, out: &mut [f32]) {
    let largest = parts.clone().fold(f32::NEG_INFINITY, |largest, (ends, _)| largest.max(ends.largest));
    let total: f32 = parts.clone().map(|(ends, _)| (ends.largest - largest).exp() * ends.sum).sum();
    out.fill(0.0);
    for (ends, sums) in parts {
        let weight = (ends.largest - largest).exp() / total;
        out.iter_mut().zip(sums).for_each(|(out, sum)| *out += weight * sum);
    }
}

fn plain_scores(width: usize, queries: &[f32], keys: &[u16], scores: &mut [f32]) {
    let positions = keys.len() / width;
    for (query, scores) in queries.chunks_exact(width).zip(scores.chunks_exact_mut(positions)) {
        for (score, key) in scores.iter_mut().zip(keys.chunks_exact(width)) {
            *score = query.iter().zip(key).map(|(q, k)| q * f16::from_bits(*k).to_f32()).sum();
        }
    }
}

fn plain_weighted_sums(width: usize, weights: &[f32], values: &[u16], out: &mut [f32]) {
    let positions = values.len() / width;
    out.fill(0.0);
    for (out, weights) in out.chunks_exact_mut(width).zip(weights.chunks_exact(positions)) {
        for (weight, value) in weights.iter().zip(values.chunks_exact(width)) {
            for (out, value) in out.iter_mut().zip(value) {
                *out += weight * f16::from_bits(*value).to_f32();
            }
        }
    }
}

dispatch! {
    /// Turns scores into `exp(score - largest)`.
    pub(crate) fn weigh(scores: &mut [f32], ends: &mut Ends) = weigh_body
}

#[inline(always)]
fn weigh_body(scores: &mut [f32], ends: &mut Ends) {
    let (chunks, rest) = scores.as_chunks_mut::<8>();
    let mut largest = [f32::NEG_INFINITY; 8];
    for chunk in &*chunks {
        for (largest, score) in largest.iter_mut().zip(chunk) {
            *largest = largest.max(*score);
        }
    }
    let largest = largest.iter().chain(&*rest).fold(f32::NEG_INFINITY, |a, b| a.max(*b));
    let mut sums = [0f32; 8];
    for chunk in chunks {
        for (score, sum) in chunk.iter_mut().zip(&mut sums) {
            *score = elementwise::exp(*score - largest);
            *sum += *score;
        }
    }
    for (score, sum) in rest.iter_mut().zip(&mut sums) {
        *score = elementwise::exp(*score - largest);
        *sum += *score;
    }
    *ends = Ends { largest, sum: sums.iter().sum() };
}
