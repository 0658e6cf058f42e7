//! What tells one family of models from another, where the metadata of a file leaves it to its architecture's name.
//!
//! A row a family: everything that a forward pass does differently is a switch here or a number in [`super::Config`], and
//! no family has code of its own.

use crate::error::{LlmError, Result};

/// Which numbers of a head are turned together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pairing {
    /// `2i` and `2i + 1`.
    Neighbours,
    /// `i` and `i + half`.
    Halves,
}

/// What the gate of the feed-forward part is bent by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gating {
    Silu,
    Gelu,
}

/// Which layers see only the latest positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Locals {
    All,
    None,
    /// All but the last of each run of so many.
    ButLastOf(usize),
}

/// The switches of a family.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Family {
    pub(crate) pairing: Pairing,
    pub(crate) gating: Gating,
    /// Queries and keys are normalized before they are turned.
    pub(crate) norms_heads: bool,
    /// What attention and feed-forward add is normalized too.
    pub(crate) norms_sums: bool,
    /// Queries, keys and values are one matrix, gate and up are one.
    pub(crate) is_fused: bool,
    /// Embeddings are multiplied with the root of their width.
    pub(crate) scales_embedding: bool,
    pub(crate) score_cap: Option<f32>,
    pub(crate) logit_cap: Option<f32>,
    /// Positions that local layers see where the file doesn't say.
    pub(crate) window: Option<usize>,
    /// Base of the angles in local layers where it is not that of the others.
    pub(crate) local_base: Option<f32>,
    /// Layers of the family's largest model, which scales its queries in its own way.
    pub(crate) largest: Option<usize>,
    locals: Locals,
}

const LLAMA: Family = Family {
    pairing: Pairing::Neighbours,
    gating: Gating::Silu,
    norms_heads: false,
    norms_sums: false,
    is_fused: false,
    scales_embedding: false,
    score_cap: None,
    logit_cap: None,
    window: None,
    local_base: None,
    largest: None,
    locals: Locals::All,
};

const QWEN: Family = Family { pairing: Pairing::Halves, locals: Locals::None, ..LLAMA };

const GEMMA: Family = Family { gating: Gating::Gelu, scales_embedding: true, ..QWEN };

impl Family {
    /// The family of an architecture, by its name in GGUF files.
    ///
    /// # Errors
    /// It is not supported.
    pub(crate) fn of(architecture: &str) -> Result<Self> {
        Ok(match architecture {
            // Llama, Mistral, SmolLM: their files have queries and keys reordered so that neighbours turn together.
            "llama" => LLAMA,
            "qwen2" => QWEN,
            "qwen3" => Self { norms_heads: true, ..QWEN },
            "gemma" => GEMMA,
            "gemma2" => Self {
                norms_sums: true,
                score_cap: Some(50.0),
                logit_cap: Some(30.0),
                window: Some(4096),
                largest: Some(46),
                locals: Locals::ButLastOf(2),
                ..GEMMA
            },
            "gemma3" => Self {
                norms_heads: true,
                norms_sums: true,
                local_base: Some(10_000.0),
                largest: Some(62),
                locals: Locals::ButLastOf(6),
                ..GEMMA
            },
            "phi3" => Self { is_fused: true, locals: Locals::All, ..QWEN },
            other => {
                return Err(LlmError::unsupported(format!(
                    "its architecture is {other:?}; llama, qwen2, qwen3, gemma, gemma2, gemma3 and phi3 are supported"
                )));
            }
        })
    }

    /// Whether a layer sees only the latest positions, if the model has such layers.
    pub(crate) fn is_local(&self, layer: usize) -> bool {
        match self.locals {
            Locals::All => true,
            Locals::None => false,
            Locals::ButLastOf(run) => layer % run != run - 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_alternate_as_published() {
        let locals =
            |name: &str| -> Vec<bool> { (0..7).map(|layer| Family::of(name).unwrap().is_local(layer)).collect() };
        assert_eq!(locals("gemma2"), [true, false, true, false, true, false, true]);
        assert_eq!(locals("gemma3"), [true, true, true, true, true, false, true]);
        assert_eq!(locals("qwen2"), [false; 7]);
    }

    #[test]
    fn others_are_refused_by_name() {
        assert!(Family::of("mamba").unwrap_err().to_string().contains("mamba"));
    }
}
