//! The decoder on the CPU: 8-bit weights, and slices that are taken once, so that a step allocates nothing.

use super::super::super::SttError;
use super::super::config::Config;
use super::super::context::Context;
use super::super::kernels::{self, Memory};
use super::super::ops::{Dense, values_of};
use super::super::weights::{ByteMatrix, Part, Weights};
use super::{Matrices, layer_name, misused, token_embedding};
use candle_core::{Device, Tensor};
use jarvis_core::Cancel;

/// See [`super::Decoder`].
#[derive(Debug)]
pub(in super::super) struct Decoder {
    width: usize,
    heads: usize,
    /// `[vocabulary, width]`: the tokens' embeddings, and the output head.
    tokens: Rows,
    /// `[max tokens, width]`.
    positions: Vec<f32>,
    layers: Vec<Layer>,
    norm: Norm,
    /// What is added to the score of each row of sound.
    sound_weights: Vec<f32>,
    /// Tokens so far.
    length: usize,
    work: Work,
}

/// What a step computes with, row after row of the tokens that it takes.
#[derive(Debug, Default)]
struct Work {
    /// What goes from layer to layer; at last what the output head takes. `[tokens, width]`.
    x: Vec<f32>,
    /// Normalized, and what a part of a layer adds. `[tokens, width]`.
    part: Vec<f32>,
    /// Queries, keys and values, or the hidden layer: `[tokens, 3 width]` or `[tokens, 4 width]`.
    wide: Vec<f32>,
    /// What attention heard. `[tokens, width]`.
    heard: Vec<f32>,
    /// Of one query, for each position that it may hear.
    scores: Vec<f32>,
}

#[derive(Debug)]
struct Layer {
    attention_norm: Norm,
    query_key_value: Rows,
    out: Rows,
    /// `[max tokens, 2 width]`, a key and a value in a row, filled up to [`Decoder::length`].
    past: Vec<f32>,
    sound_norm: Norm,
    sound_query: Rows,
    /// Made for many rows at once.
    sound_key_value: Dense,
    sound_out: Rows,
    /// `[rows, 2 width]`, a key and a value in a row; none before the first [`Decoder::listen`].
    sound: Option<Tensor>,
    norm: Norm,
    up: Rows,
    down: Rows,
}

impl Decoder {
    pub(super) fn load(weights: &Weights, config: &Config) -> Result<Self, SttError> {
        let width = config.d_model;
        let positions = [config.max_target_positions, width];
        Ok(Self {
            width,
            heads: config.decoder_attention_heads,
            tokens: Rows::load(weights, &token_embedding(), width, config.vocab_size)?,
            positions: weights.values("model.decoder.embed_positions.weight", &positions)?,
            layers: (0..config.decoder_layers)
                .map(|i| Layer::load(weights, &layer_name(i), config))
                .collect::<Result<_, _>>()?,
            norm: Norm::load(weights, "model.decoder.layer_norm", width)?,
            sound_weights: Vec::new(),
            length: 0,
            work: Work::default(),
        })
    }

    pub(super) fn listen(&mut self, encoded: &Tensor, context: &Context, cancel: &Cancel) -> Result<(), SttError> {
        self.length = 0;
        self.sound_weights.clear();
        self.sound_weights.extend_from_slice(context.weights());
        for layer in &mut self.layers {
            if cancel.is_cancelled() {
                return Err(SttError::Cancelled);
            }
            layer.sound = Some(layer.sound_key_value.forward(encoded)?);
        }
        // A query hears no more positions than these, nor more tokens than there can be.
        let most = encoded.dim(0)?.max(self.positions.len() / self.width);
        self.work.scores.resize(most.max(self.work.scores.len()), 0.0);
        Ok(())
    }

    pub(super) fn rewind(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    pub(super) fn step(&mut self, tokens: &[u32]) -> Result<(), SttError> {
        let (width, length, work) = (self.width, self.length, &mut self.work);
        let Some(positions) = self.positions.get(length * width..(length + tokens.len()) * width) else {
            return Err(misused("was given more tokens than the model has positions for"));
        };
        work.x.clear();
        for (token, position) in tokens.iter().zip(positions.chunks_exact(width)) {
            work.x.extend(self.tokens.weight.row(*token as usize).zip(position).map(|(value, add)| value + add));
        }
        for layer in &mut self.layers {
            layer.forward(work, &self.sound_weights, self.heads, length)?;
        }
        self.length += tokens.len();
        self.norm.forward(&work.x, &mut work.part);
        std::mem::swap(&mut work.x, &mut work.part);
        Ok(())
    }

    pub(super) fn logits(&self, which: &[u32], out: &mut Vec<f32>) {
        let (width, size) = (self.width, self.tokens.bias.len());
        out.resize(which.len() * size, 0.0);
        for (row, out) in which.iter().zip(out.chunks_exact_mut(size)) {
            let state = &self.work.x[*row as usize * width..][..width];
            kernels::byte_product(state, self.tokens.weight.all(), None, out);
        }
    }
}

impl Layer {
    fn load(weights: &Weights, name: &str, config: &Config) -> Result<Self, SttError> {
        let width = config.d_model;
        let norm = |part: &str| Norm::load(weights, &format!("{name}.{part}"), width);
        let parts = Matrices::of(name, config);
        let square = |parts: &[Part]| Rows::load(weights, parts, width, width);
        let (key_value, bias) = weights.joined(&parts.sound_key_value, (width, width))?;
        Ok(Self {
            attention_norm: norm("self_attn_layer_norm")?,
            query_key_value: square(&parts.query_key_value)?,
            out: square(&parts.out)?,
            past: vec![0.0; config.max_target_positions * 2 * width],
            sound_norm: norm("encoder_attn_layer_norm")?,
            sound_query: square(&parts.sound_query)?,
            sound_key_value: Dense::new(key_value, bias, &Device::Cpu)?,
            sound_out: square(&parts.sound_out)?,
            sound: None,
            norm: norm("final_layer_norm")?,
            up: Rows::load(weights, &parts.up, width, 4 * width)?,
            down: Rows::load(weights, &parts.down, 4 * width, width)?,
        })
    }

    /// The tokens of `work.x` come after `length` tokens.
    fn forward(&mut self, work: &mut Work, sound_weights: &[f32], heads: usize, length: usize) -> Result<(), SttError> {
        let width = self.norm.gain.len();
        let both = 2 * width;
        let Work { x, part, wide, heard, scores } = work;
        heard.resize(x.len(), 0.0);

        self.attention_norm.forward(x, part);
        self.query_key_value.forward(part, wide);
        for (past, all) in self.past[length * both..].chunks_exact_mut(both).zip(wide.chunks_exact(3 * width)) {
            past.copy_from_slice(&all[width..]);
        }
        for (row, (heard, all)) in heard.chunks_exact_mut(width).zip(wide.chunks_exact(3 * width)).enumerate() {
            // A token hears itself and those before it.
            let scores = &mut scores[..length + row + 1];
            let memory = Memory { keys: &self.past, values: &self.past[width..], stride: both, weights: &[] };
            kernels::attend(&all[..width], memory, heads, scores, heard);
        }
        self.out.forward(heard, part);
        kernels::bias_rows(x, part);

        let sound = self.sound.as_ref().ok_or_else(|| misused("was asked for words before it heard anything"))?;
        self.sound_norm.forward(x, part);
        self.sound_query.forward(part, wide);
        values_of(sound, |sound| {
            let scores = &mut scores[..sound.len() / both];
            let memory = Memory { keys: sound, values: &sound[width..], stride: both, weights: sound_weights };
            for (heard, query) in heard.chunks_exact_mut(width).zip(wide.chunks_exact(width)) {
                kernels::attend(query, memory, heads, scores, heard);
            }
        })?;
        self.sound_out.forward(heard, part);
        kernels::bias_rows(x, part);

        self.norm.forward(x, part);
        self.up.forward_gelu(part, wide);
        self.down.forward(wide, part);
        kernels::bias_rows(x, part);
        Ok(())
    }
}

/// `x Wᵀ + b` with weights of 8 bits.
#[derive(Debug)]
struct Rows {
    weight: ByteMatrix,
    bias: Vec<f32>,
}

impl Rows {
    /// The matrices of `parts`, `inputs` to `outputs` each, one below the other.
    fn load(weights: &Weights, parts: &[Part], inputs: usize, outputs: usize) -> Result<Self, SttError> {
        let mut weight = ByteMatrix::default();
        for part in parts {
            weights.append_bytes(&format!("{}.weight", part.name), (outputs, inputs), part.gain, &mut weight)?;
        }
        Ok(Self { weight, bias: weights.joined_bias(parts, outputs)? })
    }

    /// Rows of `inputs` to rows of `outputs`.
    fn forward(&self, x: &[f32], out: &mut Vec<f32>) {
        out.resize(x.len() / self.weight.columns() * self.bias.len(), 0.0);
        kernels::byte_product(x, self.weight.all(), Some(&self.bias), out);
    }

    /// [`Self::forward`] through the activation.
    fn forward_gelu(&self, x: &[f32], out: &mut Vec<f32>) {
        out.resize(x.len() / self.weight.columns() * self.bias.len(), 0.0);
        kernels::byte_product(x, self.weight.all(), None, out);
        kernels::bias_gelu_rows(out, &self.bias);
    }
}

/// Layer normalization.
#[derive(Debug)]
struct Norm {
    gain: Vec<f32>,
    bias: Vec<f32>,
}

impl Norm {
    fn load(weights: &Weights, name: &str, width: usize) -> Result<Self, SttError> {
        let values = |part: &str| weights.values(&format!("{name}.{part}"), &[width]);
        Ok(Self { gain: values("weight")?, bias: values("bias")? })
    }

    fn forward(&self, x: &[f32], out: &mut Vec<f32>) {
        out.resize(x.len(), 0.0);
        kernels::layer_norm_rows(x, &self.gain, &self.bias, out);
    }
}
