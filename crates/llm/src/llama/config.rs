//! The shape of a model, read from a file's metadata and checked.

use super::attention::MAX_PARTS;
use super::family::{Family, Gating, Pairing};
use super::rope::{self, Rope};
use super::{CHUNK, PIECE};
use crate::error::{LlmError, Result};
use crate::gguf::{Gguf, Metadata};
use crate::kernels::BLOCK;
use crate::team::Team;

/// Layers that a model may have; the largest known have 126.
const MAX_LAYERS: u64 = 1024;
/// Query heads, and key and value heads, that a layer may have; the largest known have 128.
const MAX_HEADS: u64 = 1024;
/// Width of a layer's input or of its feed-forward part.
const MAX_WIDTH: u64 = 1 << 18;

// The heads' shares of the work on several tokens and on a single one have to be a task's chunks.
const _: () = assert!(MAX_HEADS as usize * CHUNK.div_ceil(PIECE) <= Team::MAX_CHUNKS);
const _: () = assert!(MAX_HEADS as usize * MAX_PARTS <= Team::MAX_CHUNKS);

/// The numbers that decide what a forward pass does.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Config {
    pub(crate) family: Family,
    pub(crate) layers: usize,
    /// Width of the residual stream.
    pub(crate) width: usize,
    /// Width inside the feed-forward part.
    pub(crate) feed_forward: usize,
    /// Query heads.
    pub(crate) heads: usize,
    /// Key and value heads; each serves `heads / kv_heads` query heads.
    pub(crate) kv_heads: usize,
    /// Width of a head.
    pub(crate) head_width: usize,
    /// How much of a head's width is rotated by its position.
    pub(crate) rotated: usize,
    /// Tokens that the model was made for.
    pub(crate) context: usize,
    pub(crate) vocabulary: usize,
    pub(crate) epsilon: f32,
    /// What queries are multiplied with before they meet the keys.
    pub(crate) query_scale: f32,
    /// What the scores of attention are bent to stay within.
    pub(crate) score_cap: Option<f32>,
    /// What the scores of tokens are bent to stay within.
    pub(crate) logit_cap: Option<f32>,
    /// Positions that a token sees, itself included, in layers that see only the latest.
    pub(crate) window: Option<usize>,
    pub(crate) rope: Rope,
}

/// Metadata under the name of the file's architecture.
#[derive(Clone, Copy)]
pub(super) struct Keys<'a> {
    pub(super) metadata: &'a Metadata,
    pub(super) architecture: &'a str,
}

impl Keys<'_> {
    pub(super) fn name(self, key: &str) -> String {
        format!("{}.{key}", self.architecture)
    }

    fn required(self, key: &str, range: std::ops::RangeInclusive<u64>) -> Result<usize> {
        self.metadata.required(&self.name(key), range)
    }

    pub(super) fn whole(self, key: &str, range: std::ops::RangeInclusive<u64>) -> Result<Option<usize>> {
        self.metadata.whole(&self.name(key), range)
    }

    pub(super) fn float(self, key: &str) -> Result<Option<f32>> {
        self.metadata.float(&self.name(key))
    }
}

impl Config {
    /// Reads the configuration of `gguf`, for up to `positions` tokens.
    ///
    /// # Errors
    /// An architecture that is not supported, a missing key, or numbers that can't be.
    pub(crate) fn read(gguf: &Gguf, positions: usize) -> Result<Self> {
        let metadata = &gguf.header.metadata;
        let architecture = metadata
            .text("general.architecture")?
            .ok_or_else(|| LlmError::malformed("it says nothing about general.architecture"))?;
        let family = Family::of(architecture)?;
        let keys = Keys { metadata, architecture };
        if keys.whole("expert_count", 0..=u64::MAX)?.unwrap_or(0) > 1 {
            return Err(LlmError::unsupported("it is a mixture of experts"));
        }
        let layers = keys.required("block_count", 1..=MAX_LAYERS)?;
        let width = keys.required("embedding_length", 1..=MAX_WIDTH)?;
        let heads = keys.required("attention.head_count", 1..=MAX_HEADS)?;
        let kv_heads = keys.whole("attention.head_count_kv", 1..=MAX_HEADS)?.unwrap_or(heads);
        let head_width = match keys.whole("attention.key_length", 1..=1024)? {
            Some(head_width) => head_width,
            None if width % heads == 0 => width / heads,
            None => return Err(LlmError::malformed(format!("its width {width} is no multiple of its {heads} heads"))),
        };
        if keys.whole("attention.value_length", 1..=1024)?.is_some_and(|value| value != head_width) {
            return Err(LlmError::unsupported("its keys and values differ in width"));
        }
        if heads % kv_heads != 0 {
            return Err(LlmError::malformed(format!("its {heads} heads can't share {kv_heads} key and value heads")));
        }
        let rotated = keys.whole("rope.dimension_count", 2..=1024)?.unwrap_or(head_width);
        if rotated > head_width || rotated % 2 != 0 {
            return Err(LlmError::malformed(format!("{rotated} of a head's {head_width} numbers can't be rotated")));
        }
        let feed_forward = keys.required("feed_forward_length", 1..=MAX_WIDTH)?;
        for (name, number) in [("embedding", width), ("feed-forward", feed_forward), ("attention", heads * head_width)]
        {
            if number % BLOCK != 0 {
                return Err(LlmError::unsupported(format!("its {name} width {number} is no multiple of {BLOCK}")));
            }
        }
        let epsilon = keys.float("attention.layer_norm_rms_epsilon")?.ok_or_else(|| {
            LlmError::malformed(format!("it says nothing about {}", keys.name("attention.layer_norm_rms_epsilon")))
        })?;
        if !(0.0..=0.1).contains(&epsilon) {
            return Err(LlmError::malformed(format!("its normalization epsilon is {epsilon}")));
        }
        let embedding = gguf.tensor("token_embd.weight")?;
        if embedding.cols != width {
            return Err(LlmError::malformed(format!("its token_embd.weight is {} wide, not {width}", embedding.cols)));
        }
        let context = keys.required("context_length", 1..=1 << 24)?;
        // The largest Gemmas divide by the width of the model over its heads, which is not that of a head.
        let per_head = if family.largest == Some(layers) { width / heads } else { head_width };
        let (score_cap, logit_cap) = (
            cap(keys, "attn_logit_softcapping", family.score_cap)?,
            cap(keys, "final_logit_softcapping", family.logit_cap)?,
        );
        let window = keys.whole("attention.sliding_window", 0..=1 << 32)?.or(family.window).filter(|size| *size > 0);
        Ok(Self {
            family,
            layers,
            width,
            feed_forward,
            heads,
            kv_heads,
            head_width,
            rotated,
            context,
            vocabulary: embedding.rows,
            epsilon,
            query_scale: 1.0 / (per_head as f32).sqrt(),
            score_cap,
            logit_cap,
            window,
            rope: rope::read(gguf, keys, &family, rotated, positions.min(context))?,
        })
    }

    /// Width of the keys, and of the values, of one position.
    pub(crate) fn kv_width(&self) -> usize {
        self.kv_heads * self.head_width
    }

    /// Width of the queries of one position.
    pub(crate) fn query_width(&self) -> usize {
        self.heads * self.head_width
    }

    /// Query heads that share a key and value head.
    pub(crate) fn shared_by(&self) -> usize {
        self.heads / self.kv_heads
    }

    /// Whether a layer sees only the latest positions, and then how many.
    pub(crate) fn window_of(&self, layer: usize) -> Option<usize> {
        self.window.filter(|_| self.family.is_local(layer))
    }

    pub(crate) fn pairing(&self) -> Pairing {
        self.family.pairing
    }

    pub(crate) fn gating(&self) -> Gating {
        self.family.gating
    }

    /// What embeddings are multiplied with.
    pub(crate) fn embedding_scale(&self) -> f32 {
        if self.family.scales_embedding { (self.width as f32).sqrt() } else { 1.0 }
    }
}

/// A soft cap: none when the file says 0.
fn cap(keys: Keys<'_>, key: &str, default: Option<f32>) -> Result<Option<f32>> {
    let cap = keys.float(key)?.or(default).filter(|cap| *cap != 0.0);
    match cap {
        Some(cap) if !(1e-3..=1e6).contains(&cap) => {
            Err(LlmError::malformed(format!("its {} is {cap}", keys.name(key))))
        }
        cap => Ok(cap),
    }
}
