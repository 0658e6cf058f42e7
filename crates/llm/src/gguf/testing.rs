//! Writes small model files for tests: sound ones, and ones with a single fault.

use super::TensorType;
use candle_core::quantized::QTensor;
use candle_core::{Device, Tensor};
use std::io::Write;
use std::path::Path;

/// Name, dimensions as in the file (the first is the row length), type number, bytes.
pub(crate) type RawTensor = (String, Vec<u64>, u32, Vec<u8>);

/// A GGUF file in the making. Entries and tensors can be replaced before it is written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Builder {
    /// Key and the bytes of its typed value.
    pub(crate) entries: Vec<(String, Vec<u8>)>,
    pub(crate) tensors: Vec<RawTensor>,
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat()
}

impl Builder {
    pub(crate) fn raw(mut self, key: &str, value: Vec<u8>) -> Self {
        self.entries.retain(|(other, _)| other != key);
        self.entries.push((key.into(), value));
        self
    }

    pub(crate) fn without(mut self, key: &str) -> Self {
        self.entries.retain(|(other, _)| other != key);
        self.tensors.retain(|(other, ..)| other != key);
        self
    }

    pub(crate) fn u32(self, key: &str, value: u32) -> Self {
        self.raw(key, [4u32.to_le_bytes(), value.to_le_bytes()].concat())
    }

    pub(crate) fn f32(self, key: &str, value: f32) -> Self {
        self.raw(key, [6u32.to_le_bytes(), value.to_le_bytes()].concat())
    }

    pub(crate) fn bool(self, key: &str, value: bool) -> Self {
        self.raw(key, [&7u32.to_le_bytes()[..], &[u8::from(value)]].concat())
    }

    pub(crate) fn text(self, key: &str, value: &str) -> Self {
        self.raw(key, [&8u32.to_le_bytes()[..], &text(value)].concat())
    }

    pub(crate) fn texts<S: AsRef<str>>(self, key: &str, values: &[S]) -> Self {
        let mut bytes = [&9u32.to_le_bytes()[..], &8u32.to_le_bytes(), &(values.len() as u64).to_le_bytes()].concat();
        values.iter().for_each(|value| bytes.extend(text(value.as_ref())));
        self.raw(key, bytes)
    }

    pub(crate) fn ints(self, key: &str, values: &[i32]) -> Self {
        let mut bytes = [&9u32.to_le_bytes()[..], &5u32.to_le_bytes(), &(values.len() as u64).to_le_bytes()].concat();
        values.iter().for_each(|value| bytes.extend(value.to_le_bytes()));
        self.raw(key, bytes)
    }

    pub(crate) fn floats(self, key: &str, values: &[f32]) -> Self {
        let mut bytes = [&9u32.to_le_bytes()[..], &6u32.to_le_bytes(), &(values.len() as u64).to_le_bytes()].concat();
        values.iter().for_each(|value| bytes.extend(value.to_le_bytes()));
        self.raw(key, bytes)
    }

    pub(crate) fn tensor(mut self, name: &str, dims: &[u64], kind: TensorType, bytes: Vec<u8>) -> Self {
        self.tensors.retain(|(other, ..)| other != name);
        self.tensors.push((name.into(), dims.to_vec(), kind.id(), bytes));
        self
    }

    /// `rows` x `cols` weights of about `1 / sqrt(cols)`, always the same for the same name.
    pub(crate) fn weights(self, name: &str, rows: usize, cols: usize, kind: TensorType) -> Self {
        let mut state =
            name.bytes().fold(0x9e37_79b9_7f4a_7c15u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
        let floats: Vec<f32> = (0..rows * cols)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                ((state >> 40) as f32 / (1u64 << 23) as f32 - 1.0) * (3.0 / cols as f32).sqrt()
            })
            .collect();
        let tensor = Tensor::from_vec(floats, (rows, cols), &Device::Cpu).unwrap();
        let quantized = QTensor::quantize(&tensor, kind.to_candle()).unwrap();
        let bytes = quantized.data().unwrap().into_owned();
        self.tensor(name, &[cols as u64, rows as u64], kind, bytes)
    }

    pub(crate) fn norm(self, name: &str, width: usize) -> Self {
        let bytes = (0..width).flat_map(|i| (1.0 + 0.1 * (i as f32).sin()).to_le_bytes()).collect();
        self.tensor(name, &[width as u64], TensorType::F32, bytes)
    }

    /// What the angles of each pair are divided by.
    pub(crate) fn divisors(self, name: &str, pairs: usize) -> Self {
        let bytes = (0..pairs).flat_map(|i| (1.0 + 0.5 * i as f32).to_le_bytes()).collect();
        self.tensor(name, &[pairs as u64], TensorType::F32, bytes)
    }

    /// Everything up to the weights.
    pub(crate) fn header(&self) -> Vec<u8> {
        let mut bytes = b"GGUF".to_vec();
        bytes.extend(3u32.to_le_bytes());
        bytes.extend((self.tensors.len() as u64).to_le_bytes());
        bytes.extend((self.entries.len() as u64).to_le_bytes());
        for (key, value) in &self.entries {
            bytes.extend(text(key));
            bytes.extend(value);
        }
        let mut offset = 0u64;
        for (name, dims, id, data) in &self.tensors {
            bytes.extend(text(name));
            bytes.extend((dims.len() as u32).to_le_bytes());
            dims.iter().for_each(|dim| bytes.extend(dim.to_le_bytes()));
            bytes.extend(id.to_le_bytes());
            bytes.extend(offset.to_le_bytes());
            offset = (offset + data.len() as u64).next_multiple_of(32);
        }
        bytes
    }

    /// The whole file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.header();
        for (_, _, _, data) in &self.tensors {
            bytes.resize(bytes.len().next_multiple_of(32), 0);
            bytes.extend(data);
        }
        bytes
    }

    pub(crate) fn write(&self, path: &Path) {
        std::fs::File::create(path).unwrap().write_all(&self.bytes()).unwrap();
    }
}

/// The byte-level alphabet, `he`, `hel`, and three control tokens: a vocabulary that can write everything.
pub(crate) fn tokenizer(builder: Builder) -> Builder {
    let unprintable: Vec<u8> = (0..=255u8).filter(|b| !matches!(b, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff)).collect();
    let letter = |byte: u8| match unprintable.iter().position(|b| *b == byte) {
        Some(at) => char::from_u32(0x100 + at as u32).unwrap(),
        None => char::from(byte),
    };
    let mut tokens: Vec<String> = (0..=255u8).map(|byte| letter(byte).to_string()).collect();
    tokens.extend(["he", "hel", "<|endoftext|>", "<|im_start|>", "<|im_end|>"].map(String::from));
    let mut kinds = vec![1; tokens.len()];
    kinds[258..].fill(3);
    builder
        .text("tokenizer.ggml.model", "gpt2")
        .text("tokenizer.ggml.pre", "smollm")
        .texts("tokenizer.ggml.tokens", &tokens)
        .ints("tokenizer.ggml.token_type", &kinds)
        .texts("tokenizer.ggml.merges", &["h e", "he l"])
        .u32("tokenizer.ggml.eos_token_id", 260)
}

/// Tokens of [`tokenizer`].
pub(crate) const VOCABULARY: usize = 261;

/// A sound model of two layers with random weights: 4 heads on 2, `head_width` wide.
pub(crate) fn small_model(kind: TensorType, head_width: usize) -> Builder {
    let width = 4 * head_width;
    let mut builder = tokenizer(Builder::default())
        .text("general.architecture", "llama")
        .u32("llama.block_count", 2)
        .u32("llama.context_length", 512)
        .u32("llama.embedding_length", width as u32)
        .u32("llama.feed_forward_length", 2 * width as u32)
        .u32("llama.attention.head_count", 4)
        .u32("llama.attention.head_count_kv", 2)
        .u32("llama.rope.dimension_count", head_width as u32)
        .f32("llama.rope.freq_base", 10_000.0)
        .f32("llama.attention.layer_norm_rms_epsilon", 1e-5)
        .weights("token_embd.weight", VOCABULARY, width, kind)
        .norm("output_norm.weight", width)
        .weights("output.weight", VOCABULARY, width, kind);
    for layer in 0..2 {
        for (name, rows, cols) in [
            ("attn_q", width, width),
            ("attn_k", width / 2, width),
            ("attn_v", width / 2, width),
            ("attn_output", width, width),
            ("ffn_gate", 2 * width, width),
            ("ffn_up", 2 * width, width),
            ("ffn_down", width, 2 * width),
        ] {
            builder = builder.weights(&format!("blk.{layer}.{name}.weight"), rows, cols, kind);
        }
        builder = builder
            .norm(&format!("blk.{layer}.attn_norm.weight"), width)
            .norm(&format!("blk.{layer}.ffn_norm.weight"), width);
    }
    builder
}

/// A sound model of a family with random weights: all that its files have and others' don't.
pub(crate) fn small_family(family: &str, kind: TensorType) -> Builder {
    let gemma = family.starts_with("gemma");
    // Heads that are no even share of the width, as Gemma and Qwen 3 have them.
    let (width, head, inner) = (64u32, if gemma || family == "qwen3" { 24 } else { 16 }, 128u32);
    let layers = if family == "gemma3" { 7 } else { 3 };
    let key = |name: &str| format!("{family}.{name}");
    let mut builder = tokenizer(Builder::default())
        .text("general.architecture", family)
        .u32(&key("block_count"), layers)
        .u32(&key("context_length"), 512)
        .u32(&key("embedding_length"), width)
        .u32(&key("feed_forward_length"), inner)
        .u32(&key("attention.head_count"), 4)
        .u32(&key("attention.head_count_kv"), 2)
        .u32(&key("attention.key_length"), head)
        .u32(&key("attention.value_length"), head)
        .u32(&key("rope.dimension_count"), head)
        .f32(&key("rope.freq_base"), 50_000.0)
        .f32(&key("attention.layer_norm_rms_epsilon"), 1e-5)
        .weights("token_embd.weight", VOCABULARY, width as usize, kind)
        .norm("output_norm.weight", width as usize);
    match family {
        "llama" => builder = builder.divisors("rope_freqs.weight", head as usize / 2),
        "gemma2" => {
            builder = builder
                .u32(&key("attention.sliding_window"), 8)
                .f32(&key("attn_logit_softcapping"), 2.0)
                .f32(&key("final_logit_softcapping"), 3.0);
        }
        "gemma3" => {
            builder = builder
                .u32(&key("attention.sliding_window"), 8)
                .text(&key("rope.scaling.type"), "linear")
                .f32(&key("rope.scaling.factor"), 4.0);
        }
        "qwen3" => {
            builder = builder
                .text(&key("rope.scaling.type"), "yarn")
                .f32(&key("rope.scaling.factor"), 2.0)
                .u32(&key("rope.scaling.original_context_length"), 64);
        }
        "phi3" => {
            builder = builder
                .u32(&key("rope.scaling.original_context_length"), 256)
                .f32(&key("rope.scaling.attn_factor"), 1.19)
                .divisors("rope_factors_short.weight", head as usize / 2)
                .divisors("rope_factors_long.weight", head as usize / 2)
                .weights("output.weight", VOCABULARY, width as usize, kind);
        }
        _ => {}
    }
    let (width, head, inner) = (width as usize, head as usize, inner as usize);
    for layer in 0..layers {
        let matrices: &[(&str, usize, usize)] = match family {
            "phi3" => &[("attn_qkv", 8 * head, width), ("ffn_up", 2 * inner, width)],
            _ => &[
                ("attn_q", 4 * head, width),
                ("attn_k", 2 * head, width),
                ("attn_v", 2 * head, width),
                ("ffn_gate", inner, width),
                ("ffn_up", inner, width),
            ],
        };
        for (name, rows, cols) in [("attn_output", width, 4 * head), ("ffn_down", width, inner)].iter().chain(matrices)
        {
            builder = builder.weights(&format!("blk.{layer}.{name}.weight"), *rows, *cols, kind);
        }
        let mut norms = vec![("attn_norm.weight", width), ("ffn_norm.weight", width)];
        match family {
            "qwen2" => norms.extend([("attn_q.bias", 4 * head), ("attn_k.bias", 2 * head), ("attn_v.bias", 2 * head)]),
            "qwen3" => norms.extend([("attn_q_norm.weight", head), ("attn_k_norm.weight", head)]),
            "gemma2" | "gemma3" => {
                norms.extend([("post_attention_norm.weight", width), ("post_ffw_norm.weight", width)]);
            }
            _ => {}
        }
        if family == "gemma3" {
            norms.extend([("attn_q_norm.weight", head), ("attn_k_norm.weight", head)]);
        }
        for (name, length) in norms {
            builder = builder.norm(&format!("blk.{layer}.{name}"), length);
        }
    }
    builder
}
