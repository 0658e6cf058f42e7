//! Whisper's decoder, with a key/value cache: what the encoder heard to words, a token at a time.
//!
//! A step costs the new tokens only, however many went before: keys and values of those lie in memory that is taken once,
//! at its full length, and those of the sound are computed once for each encoded stretch of it. On the CPU a step is bound
//! by reading the weights, which therefore have 8 bits ([`processor`]); on a GPU it is made of candle's operations
//! ([`device`]). Never chooses a token.

mod device;
mod processor;

use super::super::SttError;
use super::config::Config;
use super::context::Context;
use super::weights::{Part, Weights};
use candle_core::{Device, Tensor};
use jarvis_core::Cancel;

/// The decoder's weights and the state of one decoding.
#[derive(Debug)]
pub(super) enum Decoder {
    /// On the CPU.
    Processor(Box<processor::Decoder>),
    /// Anywhere else.
    Device(device::Decoder),
}

impl Decoder {
    pub(super) fn load(weights: &Weights, config: &Config, device: &Device) -> Result<Self, SttError> {
        if device.is_cpu() {
            return Ok(Self::Processor(Box::new(processor::Decoder::load(weights, config)?)));
        }
        Ok(Self::Device(device::Decoder::load(weights, config, device)?))
    }

    /// Takes what the encoder made of a stretch of sound, `[rows, width]` with a row for each of `context`, and forgets all
    /// tokens.
    pub(super) fn listen(&mut self, encoded: &Tensor, context: &Context, cancel: &Cancel) -> Result<(), SttError> {
        match self {
            Self::Processor(decoder) => decoder.listen(encoded, context, cancel),
            Self::Device(decoder) => decoder.listen(encoded, context, cancel),
        }
    }

    /// Forgets the tokens after the first `length`.
    pub(super) fn rewind(&mut self, length: usize) {
        match self {
            Self::Processor(decoder) => decoder.rewind(length),
            Self::Device(decoder) => decoder.rewind(length),
        }
    }

    /// Takes the next tokens: at least one, and no more than the model has positions for.
    pub(super) fn step(&mut self, tokens: &[u32]) -> Result<(), SttError> {
        match self {
            Self::Processor(decoder) => decoder.step(tokens),
            Self::Device(decoder) => decoder.step(tokens),
        }
    }

    /// The logits of every token of the vocabulary after the tokens `which` of the last [`Self::step`], one after the
    /// other into `out`.
    pub(super) fn logits(&self, which: &[u32], out: &mut Vec<f32>) -> Result<(), SttError> {
        match self {
            Self::Processor(decoder) => {
                decoder.logits(which, out);
                Ok(())
            }
            Self::Device(decoder) => decoder.logits(which, out),
        }
    }
}

/// More tokens than the model has positions for, or words asked for before there was sound.
fn misused(what: &str) -> SttError {
    candle_core::Error::Msg(format!("the decoder {what}")).into()
}

/// The matrices of a layer in the file, those that take the same input side by side.
struct Matrices {
    /// Queries (scaled), keys and values.
    query_key_value: [Part; 3],
    out: [Part; 1],
    /// Scaled.
    sound_query: [Part; 1],
    sound_key_value: [Part; 2],
    sound_out: [Part; 1],
    up: [Part; 1],
    down: [Part; 1],
}

impl Matrices {
    /// Those of the layer that begins with `name`.
    fn of(name: &str, config: &Config) -> Self {
        let part = |part: &str| Part { name: format!("{name}.{part}"), gain: 1.0, bias: true };
        // The scale of the scores, folded into the queries.
        let gain = ((config.d_model / config.decoder_attention_heads) as f32).powf(-0.5);
        let query = |name: &str| Part { gain, ..part(name) };
        let key = |name: &str| Part { bias: false, ..part(name) };
        Self {
            query_key_value: [query("self_attn.q_proj"), key("self_attn.k_proj"), part("self_attn.v_proj")],
            out: [part("self_attn.out_proj")],
            sound_query: [query("encoder_attn.q_proj")],
            sound_key_value: [key("encoder_attn.k_proj"), part("encoder_attn.v_proj")],
            sound_out: [part("encoder_attn.out_proj")],
            up: [part("fc1")],
            down: [part("fc2")],
        }
    }
}

/// The name of a layer in the file.
fn layer_name(index: usize) -> String {
    format!("model.decoder.layers.{index}")
}

/// The tokens' embeddings, which are the output head too.
fn token_embedding() -> [Part; 1] {
    [Part { name: "model.decoder.embed_tokens".into(), gain: 1.0, bias: false }]
}

#[cfg(test)]
mod tests;
