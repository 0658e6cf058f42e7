//! Whisper's decoder, with a key/value cache.
//!
//! Keys and values of the tokens so far lie in tensors that are made once, at their full length; those of the sound are
//! computed once for each encoded stretch of it. A step therefore costs the new tokens only, however many went before.

use super::super::SttError;
use super::config::Config;
use super::ops::{self, Dense, LayerNorm, Narrow};
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
    query: Narrow,
    key: Narrow,
    value: Narrow,
    out: Narrow,
    /// `[heads, max tokens, depth]`, filled up to [`Decoder::length`].
    past_keys: Tensor,
    past_values: Tensor,
    sound_norm: LayerNorm,
    sound_query: Narrow,
    /// Keys and values side by side: `width` to `2 width`.
    sound_key_value: Dense,
    sound_out: Narrow,
    /// `[heads, depth, positions]` and `[heads, positions, depth]`; none before the first [`Decoder::listen`].
    sound: Option<(Tensor, Tensor)>,
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
        Ok(Self {
            device: device.clone(),
            tokens: Narrow::load(weights, &format!("{name}.embed_tokens"), width, config.vocab_size, false, device)?,
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
            layer.listen(encoded)?;
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
        let mask = self.mask(count)?;
        for layer in &self.layers {
            x = layer.forward(x, self.length, mask.as_ref())?;
        }
        self.length += count;
        Ok(self.norm.forward(&x)?)
    }

    /// The output head: the logits of every token of the vocabulary for the rows `which` of what [`Self::step`] gave, a
    /// row after the other into `out`.
    pub(super) fn logits(&self, states: &Tensor, which: &[u32], out: &mut Vec<f32>) -> Result<(), SttError> {
        let states = if which.len() == states.dim(0)? {
            states.clone()
        } else {
            states.index_select(&Tensor::new(which, &self.device)?, 0)?
        };
        let logits = self.tokens.forward(&states)?.flatten_all()?.to_device(&Device::Cpu)?;
        let (storage, layout) = logits.storage_and_layout();
        out.clear();
        if let (candle_core::Storage::Cpu(storage), Some((start, end))) = (&*storage, layout.contiguous_offsets()) {
            out.extend_from_slice(&storage.as_slice::<f32>()?[start..end]);
        }
        Ok(())
    }

    /// What keeps `count` new tokens from looking at those after them: `[count, tokens so far]`; none for a single one.
    fn mask(&self, count: usize) -> Result<Option<Tensor>, SttError> {
        if count == 1 {
            return Ok(None);
        }
        let width = self.length + count;
        let row = |i: usize| (0..width).map(move |j| if j > self.length + i { f32::NEG_INFINITY } else { 0.0 });
        let mask = (0..count).flat_map(row).collect();
        Ok(Some(Tensor::from_vec::<_, f32>(mask, (1, count, width), &self.device)?))
    }
}

impl Layer {
    fn load(weights: &Weights, name: &str, config: &Config, device: &Device) -> Result<Self, SttError> {
        let (width, heads) = (config.d_model, config.decoder_attention_heads);
        let narrow = |part: &str, inputs: usize, outputs: usize, bias: bool| {
            Narrow::load(weights, &format!("{name}.{part}"), inputs, outputs, bias, device)
        };
        let norm = |part: &str| LayerNorm::load(weights, &format!("{name}.{part}"), width, device);
        let square = |part: &str| weights.values(&format!("{name}.encoder_attn.{part}_proj.weight"), &[width, width]);
        let mut key_value = square("k")?;
        key_value.extend(square("v")?);
        let mut bias = vec![0.0; width];
        bias.extend(weights.values(&format!("{name}.encoder_attn.v_proj.bias"), &[width])?);
        let past = || Tensor::zeros((heads, config.max_target_positions, width / heads), DType::F32, device);
        Ok(Self {
            attention_norm: norm("self_attn_layer_norm")?,
            query: narrow("self_attn.q_proj", width, width, true)?,
            key: narrow("self_attn.k_proj", width, width, false)?,
            value: narrow("self_attn.v_proj", width, width, true)?,
            out: narrow("self_attn.out_proj", width, width, true)?,
            past_keys: past()?,
            past_values: past()?,
            sound_norm: norm("encoder_attn_layer_norm")?,
            sound_query: narrow("encoder_attn.q_proj", width, width, true)?,
            sound_key_value: Dense::new(key_value, bias, device)?,
            sound_out: narrow("encoder_attn.out_proj", width, width, true)?,
            sound: None,
            norm: norm("final_layer_norm")?,
            up: narrow("fc1", width, 4 * width, true)?,
            down: narrow("fc2", 4 * width, width, true)?,
            heads,
        })
    }

    /// Computes the keys and values of the sound.
    fn listen(&mut self, encoded: &Tensor) -> Result<(), SttError> {
        let (positions, width) = encoded.dims2()?;
        let depth = width / self.heads;
        let both = self.sound_key_value.forward(encoded)?.reshape((positions, 2, self.heads, depth))?;
        let keys = both.narrow(1, 0, 1)?.squeeze(1)?.permute((1, 2, 0))?.contiguous()?;
        let values = both.narrow(1, 1, 1)?.squeeze(1)?.transpose(0, 1)?.contiguous()?;
        self.sound = Some((keys, values));
        Ok(())
    }

    /// `[tokens, width]` to `[heads, tokens, depth]`.
    fn split(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let (count, width) = x.dims2()?;
        x.reshape((count, self.heads, width / self.heads))?.transpose(0, 1)?.contiguous()
    }

    fn forward(&self, x: Tensor, length: usize, mask: Option<&Tensor>) -> Result<Tensor, SttError> {
        let (count, width) = x.dims2()?;
        let scale = ((width / self.heads) as f64).powf(-0.5);
        let joined = |heads: Tensor| heads.transpose(0, 1)?.reshape((count, width));

        let normal = self.attention_norm.forward(&x)?;
        self.past_keys.slice_set(&self.split(&self.key.forward(&normal)?)?, 1, length)?;
        self.past_values.slice_set(&self.split(&self.value.forward(&normal)?)?, 1, length)?;
        let keys = self.past_keys.narrow(1, 0, length + count)?;
        let values = self.past_values.narrow(1, 0, length + count)?;
        let query = (self.split(&self.query.forward(&normal)?)? * scale)?;
        let scores = query.matmul(&keys.transpose(1, 2)?)?;
        let scores = mask.map_or(Ok(scores.clone()), |mask| scores.broadcast_add(mask))?;
        let heard = joined(ops::softmax(scores)?.matmul(&values)?)?;
        let x = ops::add(x, &self.out.forward(&heard)?)?;

        let Some((keys, values)) = &self.sound else {
            return Err(
                candle_core::Error::Msg("the decoder was asked for words before it heard anything".into()).into()
            );
        };
        let query = (self.split(&self.sound_query.forward(&self.sound_norm.forward(&x)?)?)? * scale)?;
        let heard = joined(ops::softmax(query.matmul(keys)?)?.matmul(values)?)?;
        let x = ops::add(x, &self.sound_out.forward(&heard)?)?;

        let hidden = ops::gelu(self.up.forward(&self.norm.forward(&x)?)?)?;
        Ok(ops::add(x, &self.down.forward(&hidden)?)?)
    }
}
