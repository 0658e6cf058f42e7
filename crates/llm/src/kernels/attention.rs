//! Attention over a run of positions of the keys and values kept so far, for the query heads that share them.
//!
//! What comes out is not yet divided by the sum of its weights, so that a long run can be cut into parts that several
//! threads work on; [`Ends`] says what is needed to put them together (the online softmax of arXiv 1805.02867).

use super::{Kernel, elementwise};
use half::f16;

/// Keys and values by position, `positions` x `width`, as the bits of 16-bit floats.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head<'a> {
    pub(crate) width: usize,
    pub(crate) keys: &'a [u16],
    pub(crate) values: &'a [u16],
}

impl<'a> Head<'a> {
    /// Keys and values as bytes.
    pub(crate) fn bytes(self) -> [&'a [u8]; 2] {
        // SAFETY: plain numbers without padding, and every byte is valid as one.
        [self.keys, self.values].map(|numbers| unsafe { numbers.align_to().1 })
    }
}

/// The largest score of a query over a run of positions, and the sum of what the scores became relative to it.
#[derive(Debug, Clone, Copy, PartialEq)]
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
        Kernel::Vnni if width.is_multiple_of(16) => {
            // SAFETY: this kernel is only made where its instructions were detected.
            unsafe { super::avx512_attention::scores(width, queries, head.keys, scores) };
        }
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2 | Kernel::Vnni if width.is_multiple_of(8) => {
            // SAFETY: these kernels are only made where their instructions were detected.
            unsafe { super::avx2_attention::scores(width, queries, head.keys, scores) };
        }
        #[cfg(target_arch = "aarch64")]
        Kernel::Neon | Kernel::Dotprod if width.is_multiple_of(8) => {
            // SAFETY: these kernels are only made where their instructions were detected.
            unsafe { super::neon_attention::scores(width, queries, head.keys, scores) };
        }
        _ => plain_scores(width, queries, head.keys, scores),
    }
    for (scores, ends) in scores.chunks_exact_mut(positions).zip(ends) {
        if let Some(cap) = cap {
            elementwise::soft_cap(kernel, scores, cap);
        }
        *ends = weigh(kernel, scores);
    }
    match kernel {
        #[cfg(target_arch = "x86_64")]
        Kernel::Vnni if width.is_multiple_of(16) => {
            // SAFETY: as above.
            unsafe { super::avx512_attention::weighted_sums(width, scores, head.values, out) };
        }
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2 | Kernel::Vnni if width.is_multiple_of(8) => {
            // SAFETY: as above.
            unsafe { super::avx2_attention::weighted_sums(width, scores, head.values, out) };
        }
        #[cfg(target_arch = "aarch64")]
        Kernel::Neon | Kernel::Dotprod if width.is_multiple_of(8) => {
            // SAFETY: as above.
            unsafe { super::neon_attention::weighted_sums(width, scores, head.values, out) };
        }
        _ => plain_weighted_sums(width, scores, head.values, out),
    }
}

impl Ends {
    /// Of no position at all.
    pub(crate) const NONE: Self = Self { largest: f32::NEG_INFINITY, sum: 0.0 };
}

/// Adds the attention of one query to a run of positions to `totals`, that to those before it, which begins as zeros and
/// [`Ends::NONE`].
pub(crate) fn fold(so_far: &mut Ends, totals: &mut [f32], ends: Ends, sums: &[f32]) {
    let largest = so_far.largest.max(ends.largest);
    let (old, new) = ((so_far.largest - largest).exp(), (ends.largest - largest).exp());
    totals.iter_mut().zip(sums).for_each(|(total, sum)| *total = *total * old + sum * new);
    *so_far = Ends { largest, sum: so_far.sum * old + ends.sum * new };
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

/// Turns scores into `exp(score - largest)`.
fn weigh(kernel: Kernel, scores: &mut [f32]) -> Ends {
    match kernel {
        Kernel::Plain => weigh_plainly(scores),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: these kernels are only made where their instructions were detected.
        Kernel::Avx2 | Kernel::Vnni => unsafe { super::avx2_attention::weigh(scores) },
        #[cfg(target_arch = "aarch64")]
        // SAFETY: as above.
        Kernel::Neon | Kernel::Dotprod => unsafe { super::neon_attention::weigh(scores) },
    }
}

fn weigh_plainly(scores: &mut [f32]) -> Ends {
    let largest = scores.iter().fold(f32::NEG_INFINITY, |a, b| a.max(*b));
    let mut sums = [0f32; 8];
    for scores in scores.chunks_mut(8) {
        for (score, sum) in scores.iter_mut().zip(&mut sums) {
            *score = elementwise::exp(*score - largest);
            *sum += *score;
        }
    }
    Ends { largest, sum: sums.iter().sum() }
}
