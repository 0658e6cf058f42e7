//! Model files to measure with: an installed one in another precision, and one of a known shape with random weights.

use crate::error::{LlmError, Result};
use crate::gguf::{Content, Gguf, TensorType, Writer};
use candle_core::quantized::QTensor;
use candle_core::{Device, Tensor};
use std::path::Path;

/// The shape of a model of the Llama family.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Layers.
    pub layers: u32,
    /// Width of the residual stream.
    pub width: u32,
    /// Width inside the feed-forward part.
    pub feed_forward: u32,
    /// Query heads.
    pub heads: u32,
    /// Key and value heads.
    pub kv_heads: u32,
    /// Tokens of the vocabulary.
    pub vocabulary: u32,
}

impl Shape {
    /// That of TinyLlama: 1.1 billion weights.
    pub const ONE_BILLION: Self =
        Self { layers: 22, width: 2048, feed_forward: 5632, heads: 32, kv_heads: 4, vocabulary: 32_000 };
}

/// Writes the model in `from` to `to` with its matrices as `kind` (`Q4_0`, `Q8_0`, `F16` or `F32`; the embedding has at
/// least eight bits). Vectors stay as they are.
///
/// # Errors
/// A file can't be read or written, or `kind` is none of these.
pub fn convert(from: &Path, to: &Path, kind: &str) -> jarvis_core::Result<()> {
    let kinds = [TensorType::Q4_0, TensorType::Q8_0, TensorType::F16, TensorType::F32];
    let kind = kinds.into_iter().find(|known| format!("{known:?}") == kind).ok_or(LlmError::BadOption {
        name: "kind",
        value: kind.to_owned(),
        range: "Q4_0, Q8_0, F16 or F32",
    })?;
    Ok(convert_to(from, to, kind)?)
}

fn convert_to(from: &Path, to: &Path, kind: TensorType) -> Result<()> {
    let gguf = Gguf::open(from)?;
    let mut writer = Writer::copying(&gguf.header.metadata);
    let mut names: Vec<&String> = gguf.header.tensors.keys().collect();
    names.sort();
    for name in names {
        let tensor = &gguf.header.tensors[name];
        let mut bytes = vec![0; tensor.row_bytes() * tensor.rows];
        gguf.read_rows(tensor, 0, &mut bytes)?;
        let wanted = match (tensor.rows, name.as_str(), kind) {
            (1, ..) => tensor.kind,
            (_, "token_embd.weight" | "output.weight", TensorType::Q4_0) => TensorType::Q8_0,
            _ => kind,
        };
        if wanted != tensor.kind {
            let mut floats = vec![0.0; tensor.rows * tensor.cols];
            for (floats, bytes) in floats.chunks_exact_mut(tensor.cols).zip(bytes.chunks_exact(tensor.row_bytes())) {
                crate::llama::floats_of(tensor.kind, bytes, floats)?;
            }
            let quantized = Tensor::from_vec(floats, (tensor.rows, tensor.cols), &Device::Cpu)
                .and_then(|floats| QTensor::quantize(&floats, wanted.to_candle()))
                .map_err(LlmError::engine)?;
            bytes = quantized.data().map_err(LlmError::engine)?.into_owned();
        }
        let dimensions = match tensor.rows {
            1 => vec![tensor.cols as u64],
            rows => vec![tensor.cols as u64, rows as u64],
        };
        writer.tensor(name, &dimensions, wanted, Content::Bytes(bytes));
    }
    writer.write(to)
}

/// Writes a model of this shape with random weights in Q4_0 (the embedding, which is also the output, in Q8_0) and no
/// tokenizer. The same shape gives the same file.
///
/// # Errors
/// The file can't be written.
pub fn synthetic(to: &Path, shape: Shape) -> jarvis_core::Result<()> {
    let Shape { layers, width, feed_forward, heads, kv_heads, vocabulary } = shape;
    let mut writer = Writer::default();
    writer.text("general.architecture", "llama");
    writer.text("tokenizer.ggml.model", "none");
    for (key, value) in [
        ("block_count", layers),
        ("context_length", 2048),
        ("embedding_length", width),
        ("feed_forward_length", feed_forward),
        ("attention.head_count", heads),
        ("attention.head_count_kv", kv_heads),
        ("rope.dimension_count", width / heads),
        ("vocab_size", vocabulary),
    ] {
        writer.u32(&format!("llama.{key}"), value);
    }
    writer.f32("llama.attention.layer_norm_rms_epsilon", 1e-5);
    let ones = |width: u32| Content::Bytes((0..width).flat_map(|_| 1f32.to_le_bytes()).collect());
    let (width, inner, kv) = (u64::from(width), u64::from(feed_forward), u64::from(width / heads * kv_heads));
    writer.tensor("token_embd.weight", &[width, u64::from(vocabulary)], TensorType::Q8_0, Content::Random);
    writer.tensor("output_norm.weight", &[width], TensorType::F32, ones(shape.width));
    for layer in 0..layers {
        let name = |tensor: &str| format!("blk.{layer}.{tensor}.weight");
        for (tensor, rows, cols) in [
            ("attn_q", width, width),
            ("attn_k", kv, width),
            ("attn_v", kv, width),
            ("attn_output", width, width),
            ("ffn_gate", inner, width),
            ("ffn_up", inner, width),
            ("ffn_down", width, inner),
        ] {
            writer.tensor(&name(tensor), &[cols, rows], TensorType::Q4_0, Content::Random);
        }
        writer.tensor(&name("attn_norm"), &[width], TensorType::F32, ones(shape.width));
        writer.tensor(&name("ffn_norm"), &[width], TensorType::F32, ones(shape.width));
    }
    Ok(writer.write(to)?)
}
