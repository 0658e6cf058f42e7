//! Whisper's decoder, with a key/value cache.
//!
//! Keys and values of the tokens so far lie in tensors that are made once, at their full length; those of the sound are
//! computed once for each encoded stretch of it. A step therefore costs the new tokens only, however many went before. It
//! is bound by reading the weights, which is why they have 8 bits.

use super::super::SttError;
use super::config::Config;
use super::ops::{self, Dense, LayerNorm, Narrow, Part};
use super::weights::Weights;
use candle_core::{DType, Device, Tensor};
use jarvis_core::Cancel;

/// The decoder's weights and the state of one decoding.
#[derive(Debug)]
pub(super) struct Decoder {
    device: Device,
    /// `[vocabulary, width]`: the tokens' embeddings, and the output head.
    tokens: Narrow,
    /// `[max tokens, width]`.
    positions: Tensor,
    layers: Vec<Layer>,
    norm: LayerNorm,
    /// Tokens so far.
    length: usize,
}

#[derive(Debug)]
struct Layer {
    attention_norm: LayerNorm,
    /// Queries (scaled), keys and values side by side: `width` to `3 width`.
    query_key_value: Narrow,
    out: Narrow,
    /// `[max tokens, 2 width]`, a key and a value in a row, filled up to [`Decoder::length`].
    past: Tensor,
    sound_norm: LayerNorm,
    /// Scaled.
    sound_query: Narrow,
    /// Keys and values side by side: `width` to `2 width`.
    sound_key_value: Dense,
    sound_out: Narrow,
    /// `[positions, 2 width]`; none before the first [`Decoder::listen`].
    sound: Option<Tensor>,
    norm: LayerNorm,
    up: Narrow,
    down: Narrow,
    heads: usize,
}

impl Decoder {
    pub(super) fn load(weights: &Weights, config: &Config, device: &Device) -> Result<Self, SttError> {
        let (width, name) = (config.d_model, "model.decoder");
        let layers = (0..config.decoder_layers)
            .map(|i| Layer::load(weights, &format!("{name}.layers.{i}"), config, device))
            .collect::<Result<_, _>>()?;
        let tokens = format!("{name}.embed_tokens");
        let tokens = [Part { name: &tokens, gain: 1.0, bias: false }];
        Ok(Self {
            device: device.clone(),
            tokens: Narrow::load(weights, &tokens, width, config.vocab_size, device)?,
            positions: weights.tensor(
                &format!("{name}.embed_positions.weight"),
                &[config.max_target_positions, width],
                device,
            )?,
            layers,
            norm: LayerNorm::load(weights, &format!("{name}.layer_norm"), width, device)?,
            length: 0,
        })
    }

    /// Takes what the encoder made of a stretch of sound, `[positions, width]`, and forgets all tokens.
    pub(super) fn listen(&mut self, encoded: &Tensor, cancel: &Cancel) -> Result<(), SttError> {
        self.length = 0;
        for layer in &mut self.layers {
            if cancel.is_cancelled() {
                return Err(SttError::Cancelled);
            }
            layer.sound = Some(layer.sound_key_value.forward(encoded)?);
        }
        Ok(())
    }

    /// Forgets the tokens after the first `length`.
    pub(super) fn rewind(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    /// Takes the next tokens (at least one, and no more than the model has positions for); gives what the output head
    /// takes, `[tokens, width]`.
    pub(super) fn step(&mut self, tokens: &[u32]) -> Result<Tensor, SttError> {
        let count = tokens.len();
        let positions = self.positions.narrow(0, self.length, count)?;
        let mut x = ops::add(self.tokens.rows(tokens)?, &positions)?;
        for layer in &self.layers {
            x = layer.forward(x, self.length)?;
        }
        self.length += count;
        Ok(self.norm.forward(&x)?)
    }

    /// The output head: the logits of every token of the vocabulary for the rows `which` of what [`Self::step`] gave, a
    /// row after the other into `out`.
    pub(super) fn logits(&self, states: &Tensor, which: &[u32], out: &mut Vec<f32>) -> Result<(), SttError> {
        if which.len() == states.dim(0)? {
            return Ok(self.tokens.forward_into(states, out)?);
        }
        Ok(self.tokens.forward_into(&states.index_select(&Tensor::new(which, &self.device)?, 0)?, out)?)
    }
}

impl Layer {
    fn load(weights: &Weights, name: &str, config: &Config, device: &Device) -> Result<Self, SttError> {
        let (width, heads) = (config.d_model, config.decoder_attention_heads);
        let narrow = |part: &str, inputs: usize, outputs: usize| {
            Narrow::load(weights, &[Part::new(&format!("{name}.{part}"))], inputs, outputs, device)
        };
        let norm = |part: &str| LayerNorm::load(weights, &format!("{name}.{part}"), width, device);
        // The scale of the scores, folded into the queries.
        let gain = ((width / heads) as f32).powf(-0.5);
        let [query, key, value] = ["q", "k", "v"].map(|part| format!("{name}.self_attn.{part}_proj"));
        let query = Part { gain, ..Part::new(&query) };
        let key = Part { bias: false, ..Part::new(&key) };
        let sound_query = format!("{name}.encoder_attn.q_proj");
        let sound_query = Part { gain, ..Part::new(&sound_query) };
        let square = |part: &str| weights.values(&format!("{name}.encoder_attn.{part}_proj.weight"), &[width, width]);
        let mut key_value = square("k")?;
        key_value.extend(square("v")?);
        let mut bias = vec![0.0; width];
        bias.extend(weights.values(&format!("{name}.encoder_attn.v_proj.bias"), &[width])?);
        Ok(Self {
            attention_norm: norm("self_attn_layer_norm")?,
            query_key_value: Narrow::load(weights, &[query, key, Part::new(&value)], width, width, device)?,
            out: narrow("self_attn.out_proj", width, width)?,
            past: Tensor::zeros((config.max_target_positions, 2 * width), DType::F32, device)?,
            sound_norm: norm("encoder_attn_layer_norm")?,
            sound_query: Narrow::load(weights, &[sound_query], width, width, device)?,
            sound_key_value: Dense::new(key_value, bias, device)?,
            sound_out: narrow("encoder_attn.out_proj", width, width)?,
            sound: None,
            norm: norm("final_layer_norm")?,
            up: narrow("fc1", width, 4 * width)?,
            down: narrow("fc2", 4 * width, width)?,
            heads,
        })
    }

    /// `x`, `[tokens, width]`, comes after `length` tokens.
    fn forward(&self, x: Tensor, length: usize) -> Result<Tensor, SttError> {
        let (count, width) = x.dims2()?;
        let all = self.query_key_value.forward(&self.attention_norm.forward(&x)?)?;
        self.past.slice_set(&all.narrow(1, width, 2 * width)?.contiguous()?, 0, length)?;
        let past = self.past.narrow(0, 0, length + count)?;
        let heard = ops::attend(&all.narrow(1, 0, width)?.contiguous()?, &past, self.heads, Some(length))?;
        let x = ops::add(x, &self.out.forward(&heard)?)?;

        let Some(sound) = &self.sound else {
            return Err(
                candle_core::Error::Msg("the decoder was asked for words before it heard anything".into()).into()
            );
        };
        let query = self.sound_query.forward(&self.sound_norm.forward(&x)?)?;
        let x = ops::add(x, &self.sound_out.forward(&ops::attend(&query, sound, self.heads, None)?)?)?;

        let hidden = ops::gelu(self.up.forward(&self.norm.forward(&x)?)?)?;
        Ok(ops::add(x, &self.down.forward(&hidden)?)?)
    }
}
