//! The shape of a model of the Llama family, read from a file's metadata and checked.

use crate::error::{LlmError, Result};
use crate::gguf::Gguf;
use crate::kernels::BLOCK;

/// Layers that a model may have; the largest known have 126.
const MAX_LAYERS: u64 = 1024;
/// Width of a layer's input or of its feed-forward part.
const MAX_WIDTH: u64 = 1 << 18;

/// The numbers that decide what a forward pass does.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Config {
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
    /// Angle per position of each rotated pair.
    pub(crate) frequencies: Vec<f32>,
}

impl Config {
    /// Reads the configuration of `gguf`.
    ///
    /// # Errors
    /// Another architecture, a missing key, or numbers that can't be.
    pub(crate) fn read(gguf: &Gguf) -> Result<Self> {
        let metadata = &gguf.header.metadata;
        let architecture = metadata
            .text("general.architecture")?
            .ok_or_else(|| LlmError::malformed("it says nothing about general.architecture"))?;
        if architecture != "llama" {
            return Err(LlmError::unsupported(format!(
                "its architecture is {architecture:?}, and only \"llama\" is supported"
            )));
        }
        if metadata.whole("llama.expert_count", 0..=u64::MAX)?.unwrap_or(0) > 1 {
            return Err(LlmError::unsupported("it is a mixture of experts"));
        }
        let width = metadata.required("llama.embedding_length", 1..=MAX_WIDTH)?;
        let heads = metadata.required("llama.attention.head_count", 1..=4096)?;
        let kv_heads = metadata.whole("llama.attention.head_count_kv", 1..=4096)?.unwrap_or(heads);
        let head_width = match metadata.whole("llama.attention.key_length", 1..=1024)? {
            Some(head_width) => head_width,
            None if width % heads == 0 => width / heads,
            None => return Err(LlmError::malformed(format!("its width {width} is no multiple of its {heads} heads"))),
        };
        if metadata.whole("llama.attention.value_length", 1..=1024)?.is_some_and(|value| value != head_width) {
            return Err(LlmError::unsupported("its keys and values differ in width"));
        }
        if heads % kv_heads != 0 {
            return Err(LlmError::malformed(format!("its {heads} heads can't share {kv_heads} key and value heads")));
        }
        let rotated = metadata.whole("llama.rope.dimension_count", 2..=1024)?.unwrap_or(head_width);
        if rotated > head_width || rotated % 2 != 0 {
            return Err(LlmError::malformed(format!("{rotated} of a head's {head_width} numbers can't be rotated")));
        }
        let feed_forward = metadata.required("llama.feed_forward_length", 1..=MAX_WIDTH)?;
        for (name, number) in [("embedding", width), ("feed-forward", feed_forward), ("attention", heads * head_width)]
        {
            if number % BLOCK != 0 {
                return Err(LlmError::unsupported(format!("its {name} width {number} is no multiple of {BLOCK}")));
            }
        }
        let epsilon = metadata
            .float("llama.attention.layer_norm_rms_epsilon")?
            .ok_or_else(|| LlmError::malformed("it says nothing about llama.attention.layer_norm_rms_epsilon"))?;
        if !(0.0..=0.1).contains(&epsilon) {
            return Err(LlmError::malformed(format!("its normalization epsilon is {epsilon}")));
        }
        let embedding = gguf.tensor("token_embd.weight")?;
        if embedding.cols != width {
            return Err(LlmError::malformed(format!("its token_embd.weight is {} wide, not {width}", embedding.cols)));
        }
        Ok(Self {
            layers: metadata.required("llama.block_count", 1..=MAX_LAYERS)?,
            width,
            feed_forward,
            heads,
            kv_heads,
            head_width,
            rotated,
            context: metadata.required("llama.context_length", 1..=1 << 24)?,
            vocabulary: embedding.rows,
            epsilon,
            frequencies: frequencies(gguf, rotated)?,
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
}

/// The angle per position of each rotated pair: `base^(-2i / rotated)`, divided by what the file says to stretch it by.
fn frequencies(gguf: &Gguf, rotated: usize) -> Result<Vec<f32>> {
    let metadata = &gguf.header.metadata;
    let base = metadata.float("llama.rope.freq_base")?.unwrap_or(10_000.0);
    if base < 1.0 {
        return Err(LlmError::malformed(format!("its rope.freq_base is {base}")));
    }
    let stretch = match metadata.text("llama.rope.scaling.type")? {
        None | Some("none") => 1.0,
        Some("linear") => metadata.float("llama.rope.scaling.factor")?.unwrap_or(1.0),
        Some(other) => return Err(LlmError::unsupported(format!("it stretches positions by {other:?}"))),
    };
    if !(1.0..=1e4).contains(&stretch) {
        return Err(LlmError::malformed(format!("its rope.scaling.factor is {stretch}")));
    }
    let mut frequencies: Vec<f32> = (0..rotated / 2)
        .map(|i| (1.0 / f64::from(base).powf(2.0 * i as f64 / rotated as f64)) as f32 / stretch)
        .collect();
    // Llama 3.1 and later carry a divisor for each pair.
    if gguf.header.tensors.contains_key("rope_freqs.weight") {
        let divisors = super::weights::vector(gguf, "rope_freqs.weight", rotated / 2)?;
        for (frequency, divisor) in frequencies.iter_mut().zip(divisors) {
            if !(1e-3..=1e6).contains(&divisor) {
                return Err(LlmError::malformed(format!("its rope_freqs.weight has a divisor of {divisor}")));
            }
            *frequency /= divisor;
        }
    }
    Ok(frequencies)
}
