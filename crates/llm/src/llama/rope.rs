//! Rotary position embedding: the angle per position of each pair, from a file's metadata.
//!
//! Published forms: the base of RoFormer (arXiv 2104.09864), linear stretching, YaRN (arXiv 2309.00071, as Qwen 2.5 and 3 use it
//! beyond 32 768 tokens), a divisor for each pair as Llama 3.1 and later carry it, and Phi 3's short and long divisors (arXiv
//! 2402.13753). Others are refused by name.

use super::config::Keys;
use super::family::Family;
use crate::error::{LlmError, Result};
use crate::gguf::Gguf;

/// The angles of a model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rope {
    /// Angle per position of each rotated pair.
    pub(crate) frequencies: Vec<f32>,
    /// The same in layers that see only the latest positions, where it is another.
    pub(crate) local: Option<Vec<f32>>,
    /// What cosines and sines are multiplied with.
    pub(crate) magnitude: f32,
}

/// Reads the angles of `gguf` for prompts of up to `positions` tokens.
///
/// # Errors
/// Numbers that can't be, or a way to stretch positions that is not supported.
pub(super) fn read(gguf: &Gguf, keys: Keys<'_>, family: &Family, rotated: usize, positions: usize) -> Result<Rope> {
    let base = keys.float("rope.freq_base")?.unwrap_or(10_000.0);
    let local_base = keys.float("rope.freq_base_swa")?.or(family.local_base);
    for (key, base) in [("rope.freq_base", Some(base)), ("rope.freq_base_swa", local_base)] {
        if base.is_some_and(|base| base.is_nan() || base < 1.0) {
            return Err(LlmError::malformed(format!("its {key} is {}", base.unwrap_or_default())));
        }
    }
    let kind = keys.metadata.text(&keys.name("rope.scaling.type"))?.unwrap_or("none");
    let stretch = match kind {
        "none" | "longrope" => 1.0,
        "linear" | "yarn" => keys.float("rope.scaling.factor")?.unwrap_or(1.0),
        other => return Err(LlmError::unsupported(format!("it stretches positions by {other:?}"))),
    };
    if !(1.0..=1e4).contains(&stretch) {
        return Err(LlmError::malformed(format!("its rope.scaling.factor is {stretch}")));
    }
    let mut magnitude = keys.float("rope.scaling.attn_factor")?.unwrap_or(1.0);
    if !(0.1..=10.0).contains(&magnitude) {
        return Err(LlmError::malformed(format!("its rope.scaling.attn_factor is {magnitude}")));
    }
    let made_for = keys.whole("rope.scaling.original_context_length", 1..=1 << 24)?;
    let mut frequencies = if kind == "yarn" {
        let made_for = made_for.ok_or_else(|| {
            LlmError::malformed(format!("it has no {}", keys.name("rope.scaling.original_context_length")))
        })?;
        // Attention over more positions is flatter; this sharpens it again (equation 22).
        magnitude *= 1.0 + 0.1 * stretch.ln();
        yarn(base, stretch, rotated, made_for)
    } else {
        series(base, stretch, rotated)
    };
    let by_length = if made_for.is_some_and(|made_for| positions > made_for) {
        "rope_factors_long.weight"
    } else {
        "rope_factors_short.weight"
    };
    for name in ["rope_freqs.weight", by_length] {
        if gguf.header.tensors.contains_key(name) {
            let divisors = super::weights::vector(gguf, name, rotated / 2)?;
            for (frequency, divisor) in frequencies.iter_mut().zip(divisors) {
                if !(1e-3..=1e6).contains(&divisor) {
                    return Err(LlmError::malformed(format!("its {name} has a divisor of {divisor}")));
                }
                *frequency /= divisor;
            }
        }
    }
    // Only layers that see everything are stretched.
    let local = local_base.map(|base| series(base, 1.0, rotated));
    Ok(Rope { frequencies, local, magnitude })
}

/// `base^(-2i / rotated) / stretch` for each pair.
fn series(base: f32, stretch: f32, rotated: usize) -> Vec<f32> {
    let frequency = |i| (1.0 / f64::from(base).powf(2.0 * i as f64 / rotated as f64)) as f32 / stretch;
    (0..rotated / 2).map(frequency).collect()
}

/// Turns over the length that a model was made for, from which on a pair keeps its angle.
const KEPT_TURNS: f64 = 32.0;
/// Turns up to which a pair is stretched wholly.
const STRETCHED_TURNS: f64 = 1.0;

/// YaRN: pairs that turn often within the `made_for` tokens tell near things apart and keep their angle; those that never
/// turn whole are stretched; between them it goes from the one to the other, evenly over whole pairs.
fn yarn(base: f32, stretch: f32, rotated: usize, made_for: usize) -> Vec<f32> {
    // The pair, as a number with fractions, that turns so often.
    let pair = |turns: f64| {
        let angle = made_for as f64 / (turns * std::f64::consts::TAU);
        rotated as f64 * angle.ln() / (2.0 * f64::from(base).ln())
    };
    let first = pair(KEPT_TURNS).floor().max(0.0);
    let last = pair(STRETCHED_TURNS).ceil().min(rotated as f64 - 1.0);
    let (kept, stretched) = (series(base, 1.0, rotated), series(base, stretch, rotated));
    kept.iter()
        .zip(&stretched)
        .enumerate()
        .map(|(i, (kept, stretched))| {
            let share = ((i as f64 - first) / (last - first).max(0.001)).clamp(0.0, 1.0) as f32;
            kept * (1.0 - share) + stretched * share
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of Qwen 2.5's published configuration for 131 072 tokens.
    #[test]
    fn yarn_keeps_quick_pairs_and_stretches_slow_ones() {
        let (kept, turned) = (series(1e6, 1.0, 128), yarn(1e6, 4.0, 128, 32_768));
        let ratios: Vec<f32> = kept.iter().zip(&turned).map(|(kept, turned)| kept / turned).collect();
        // 32 turns lie between the pairs 23 and 24, one turn between 39 and 40.
        assert!(ratios[..=23].iter().all(|ratio| (ratio - 1.0).abs() < 1e-5), "{ratios:?}");
        assert!(ratios[40..].iter().all(|ratio| (ratio - 4.0).abs() < 1e-4), "{ratios:?}");
        assert!(ratios.windows(2).all(|two| two[0] <= two[1] + 1e-4), "{ratios:?}");
        assert!(ratios[24] > 1.0 && ratios[39] < 4.0);
    }
}
