//! The decoder on a GPU: candle's operations, weights in `f32`. On the CPU it is what tests hold [`super::processor`]
//! against.

use super::super::super::SttError;
use super::super::config::Config;
use super::super::context::Context;
use super::super::ops::{self, Dense, LayerNorm};
use super::super::weights::{Part, Weights};
use super::{Matrices, layer_name, misused, token_embedding};
use candle_core::{DType, Device, Tensor};
use jarvis_core::Cancel;

/// See [`super::Decoder`].
#[derive(Debug)]
pub(in super::super) struct Decoder {
    device: Device,
    /// `[vocabulary, width]`: the tokens' embeddings, and the output head.
    tokens: Tensor,
    /// `[max tokens, width]`.
    positions: Tensor,
    layers: Vec<Layer>,
    norm: LayerNorm,
    /// What is added to the score of each row of sound; none where that is nothing.
    sound_weights: Option<Tensor>,
    /// Tokens so far.
    length: usize,
    /// What the output head takes, `[tokens, width]`; none before the first step.
    states: Option<Tensor>,
}

#[derive(Debug)]
struct Layer {
    attention_norm: LayerNorm,
    query_key_value: Dense,
    out: Dense,
    /// `[max tokens, 2 width]`, a key and a value in a row, filled up to [`Decoder::length`].
    past: Tensor,
    sound_norm: LayerNorm,
    sound_query: Dense,
    sound_key_value: Dense,
    sound_out: Dense,
    /// `[rows, 2 width]`, a key and a value in a row; none before the first [`Decoder::listen`].
    sound: Option<Tensor>,
    norm: LayerNorm,
    up: Dense,
    down: Dense,
    heads: usize,
}

impl Decoder {
    pub(super) fn load(weights: &Weights, config: &Config, device: &Device) -> Result<Self, SttError> {
        let width = config.d_model;
        let (tokens, _) = weights.joined(&token_embedding(), (config.vocab_size, width))?;
        let positions = [config.max_target_positions, width];
        Ok(Self {
            device: device.clone(),
            tokens: Tensor::from_vec(tokens, (config.vocab_size, width), device)?,
            positions: weights.tensor("model.decoder.embed_positions.weight", &positions, device)?,
            layers: (0..config.decoder_layers)
                .map(|i| Layer::load(weights, &layer_name(i), config, device))
                .collect::<Result<_, _>>()?,
            norm: LayerNorm::load(weights, "model.decoder.layer_norm", width, device)?,
            sound_weights: None,
            length: 0,
            states: None,
        })
    }

    pub(super) fn listen(&mut self, encoded: &Tensor, context: &Context, cancel: &Cancel) -> Result<(), SttError> {
        self.length = 0;
        self.sound_weights = match context.is_partial() {
            true => Some(Tensor::new(context.weights(), &self.device)?),
            false => None,
        };
        for layer in &mut self.layers {
            if cancel.is_cancelled() {
                return Err(SttError::Cancelled);
            }
            layer.sound = Some(layer.sound_key_value.forward(encoded)?);
        }
        Ok(())
    }

    pub(super) fn rewind(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    pub(super) fn step(&mut self, tokens: &[u32]) -> Result<(), SttError> {
        let positions = self.positions.narrow(0, self.length, tokens.len())?;
        let mut x = (self.tokens.index_select(&Tensor::new(tokens, &self.device)?, 0)? + positions)?;
        for layer in &self.layers {
            x = layer.forward(&x, self.sound_weights.as_ref(), self.length)?;
        }
        self.length += tokens.len();
        self.states = Some(self.norm.forward(&x)?);
        Ok(())
    }

    pub(super) fn logits(&self, which: &[u32], out: &mut Vec<f32>) -> Result<(), SttError> {
        let states = self.states.as_ref().ok_or_else(|| misused("was asked for logits before it had tokens"))?;
        let states = states.index_select(&Tensor::new(which, &self.device)?, 0)?;
        out.clear();
        out.extend(states.matmul(&self.tokens.t()?)?.flatten_all()?.to_vec1::<f32>()?);
        Ok(())
    }
}

impl Layer {
    fn load(weights: &Weights, name: &str, config: &Config, device: &Device) -> Result<Self, SttError> {
        let width = config.d_model;
        let norm = |part: &str| LayerNorm::load(weights, &format!("{name}.{part}"), width, device);
        let parts = Matrices::of(name, config);
        let dense = |parts: &[Part], inputs: usize, outputs: usize| {
            let (weight, bias) = weights.joined(parts, (outputs, inputs))?;
            Dense::new(weight, bias, device)
        };
        Ok(Self {
            attention_norm: norm("self_attn_layer_norm")?,
            query_key_value: dense(&parts.query_key_value, width, width)?,
            out: dense(&parts.out, width, width)?,
            past: Tensor::zeros((config.max_target_positions, 2 * width), DType::F32, device)?,
            sound_norm: norm("encoder_attn_layer_norm")?,
            sound_query: dense(&parts.sound_query, width, width)?,
            sound_key_value: dense(&parts.sound_key_value, width, width)?,
            sound_out: dense(&parts.sound_out, width, width)?,
            sound: None,
            norm: norm("final_layer_norm")?,
            up: dense(&parts.up, width, 4 * width)?,
            down: dense(&parts.down, 4 * width, width)?,
            heads: config.decoder_attention_heads,
        })
    }

    /// `x`, `[tokens, width]`, comes after `length` tokens.
    fn forward(&self, x: &Tensor, sound_weights: Option<&Tensor>, length: usize) -> Result<Tensor, SttError> {
        let (count, width) = x.dims2()?;
        let all = self.query_key_value.forward(&self.attention_norm.forward(x)?)?;
        self.past.slice_set(&all.narrow(1, width, 2 * width)?.contiguous()?, 0, length)?;
        let past = self.past.narrow(0, 0, length + count)?;
        let heard = attend(&all.narrow(1, 0, width)?, &past, self.heads, None, Some(length))?;
        let x = (x + self.out.forward(&heard)?)?;

        let sound = self.sound.as_ref().ok_or_else(|| misused("was asked for words before it heard anything"))?;
        let query = self.sound_query.forward(&self.sound_norm.forward(&x)?)?;
        let x = (&x + self.sound_out.forward(&attend(&query, sound, self.heads, sound_weights, None)?)?)?;

        let hidden = self.up.forward_gelu(&self.norm.forward(&x)?)?;
        Ok((&x + self.down.forward(&hidden)?)?)
    }
}

/// What each row of `query` (`[rows, width]`, scaled) hears in `memory`, whose rows are a key and a value side by side
/// (`[positions, 2 width]`), with `heads` heads. `weights` are added to the scores of the positions. With `before`, row `i`
/// hears only the first `before + i + 1` positions.
fn attend(
    query: &Tensor,
    memory: &Tensor,
    heads: usize,
    weights: Option<&Tensor>,
    before: Option<usize>,
) -> candle_core::Result<Tensor> {
    let (rows, width) = query.dims2()?;
    let positions = memory.dim(0)?;
    let split = |x: Tensor| -> candle_core::Result<Tensor> {
        x.contiguous()?.reshape((x.dim(0)?, heads, width / heads))?.transpose(0, 1)?.contiguous()
    };
    let query = split(query.clone())?;
    let keys = split(memory.narrow(1, 0, width)?)?;
    let values = split(memory.narrow(1, width, width)?)?;
    let mut scores = query.matmul(&keys.transpose(1, 2)?)?;
    if let Some(before) = before.filter(|_| rows > 1) {
        let row = |i: usize| (0..positions).map(move |j| if j > before + i { f32::NEG_INFINITY } else { 0.0 });
        let mask: Vec<f32> = (0..rows).flat_map(row).collect();
        scores = scores.broadcast_add(&Tensor::from_vec(mask, (1, rows, positions), query.device())?)?;
    }
    let heard = ops::softmax(scores, weights)?.matmul(&values)?;
    heard.transpose(0, 1)?.reshape((rows, width))
}
