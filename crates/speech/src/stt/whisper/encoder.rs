//! Whisper's encoder: a spectrogram to one vector for every 20 ms.
//!
//! Computes the positions that a [`Context`] names, 1500 (30 s) at most. Looks at `cancel` between its products, of which none takes longer than some milliseconds for a short utterance.

use super::super::SttError;
use super::config::Config;
use super::context::Context;
use super::ops::{self, Dense, LayerNorm};
use super::weights::Weights;
use candle_core::{Device, Tensor};
use jarvis_core::Cancel;

/// The encoder's weights.
#[derive(Debug)]
pub(super) struct Encoder {
    device: Device,
    mel_bins: usize,
    first: Dense,
    /// The second convolution's part that sees the frame before a pair of frames, and the part that sees the pair.
    second_before: Tensor,
    second_pair: Dense,
    /// `[1500, width]`.
    positions: Tensor,
    layers: Vec<Layer>,
    norm: LayerNorm,
}

#[derive(Debug)]
struct Layer {
    attention_norm: LayerNorm,
    /// Queries (scaled), keys and values side by side: `width` to `3 width`.
    query_key_value: Dense,
    out: Dense,
    norm: LayerNorm,
    up: Dense,
    down: Dense,
    heads: usize,
}

impl Encoder {
    pub(super) fn load(weights: &Weights, config: &Config, device: &Device) -> Result<Self, SttError> {
        let (width, bins) = (config.d_model, config.num_mel_bins);
        let name = "model.encoder";
        // A kernel `[out, in, 3]` becomes `[out, 3 in]`, to be applied to three frames side by side.
        let kernel = |part: &str, inputs: usize| -> Result<Vec<f32>, SttError> {
            let values = weights.values(&format!("{name}.{part}.weight"), &[width, inputs, 3])?;
            let mut turned = Vec::with_capacity(values.len());
            for kernel in values.chunks_exact(inputs * 3) {
                for tap in 0..3 {
                    turned.extend(kernel.iter().skip(tap).step_by(3));
                }
            }
            Ok(turned)
        };
        let first = kernel("conv1", bins)?;
        let first = Dense::new(first, weights.values(&format!("{name}.conv1.bias"), &[width])?, device)?;
        let second = kernel("conv2", width)?;
        let before = second.chunks_exact(3 * width).flat_map(|row| &row[..width]).copied().collect();
        let pair = second.chunks_exact(3 * width).flat_map(|row| &row[width..]).copied().collect();
        let layers = (0..config.encoder_layers)
            .map(|i| Layer::load(weights, &format!("{name}.layers.{i}"), config, device))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            device: device.clone(),
            mel_bins: bins,
            first,
            second_before: Tensor::from_vec::<_, f32>(before, (width, width), device)?.t()?,
            second_pair: Dense::new(pair, weights.values(&format!("{name}.conv2.bias"), &[width])?, device)?,
            positions: weights.tensor(
                &format!("{name}.embed_positions.weight"),
                &[config.max_source_positions, width],
                device,
            )?,
            layers,
            norm: LayerNorm::load(weights, &format!("{name}.layer_norm"), width, device)?,
        })
    }

    /// `mel` is a spectrogram, frame after frame, two frames for each position that `context` has one by one, of which the
    /// last have to be silent if there are more; gives `[rows, width]`, a row for each that `context` has.
    pub(super) fn forward(&self, mel: &[f32], context: &Context, cancel: &Cancel) -> Result<Tensor, SttError> {
        let bins = self.mel_bins;
        let positions = context.each();
        let frames = 2 * positions;
        debug_assert_eq!(mel.len(), frames * bins);
        // The frame before, the frame, and the frame after, side by side; nothing beyond the edges.
        let mut sides = vec![0.0; frames * 3 * bins];
        for (frame, row) in sides.chunks_exact_mut(3 * bins).enumerate() {
            let from = frame.saturating_sub(1);
            let to = (frame + 2).min(frames);
            let skip = usize::from(frame == 0) * bins;
            row[skip..][..(to - from) * bins].copy_from_slice(&mel[from * bins..to * bins]);
        }
        let x = Tensor::from_vec(sides, (frames, 3 * bins), &self.device)?;
        let x = self.first.forward_gelu(&x)?;
        go_on(cancel)?;
        // The second convolution steps by two frames, so that its three are the pair and the second of the pair before.
        let width = x.dim(1)?;
        let pairs = x.reshape((positions, 2 * width))?;
        let nothing = Tensor::zeros((1, width), candle_core::DType::F32, &self.device)?;
        let before = Tensor::cat(&[&nothing, &pairs.narrow(0, 0, positions - 1)?.narrow(1, width, width)?], 0)?;
        let x = self.second_pair.forward_onto_gelu(&pairs, &before.matmul(&self.second_before)?)?;
        let places = Tensor::new(context.places(), &self.device)?;
        let mut x = ops::add(with_silence(x, context.places().len())?, &self.positions.index_select(&places, 0)?)?;
        let weights = match context.is_partial() {
            true => Some(Tensor::new(context.weights(), &self.device)?),
            false => None,
        };
        for layer in &self.layers {
            x = layer.forward(x, weights.as_ref(), cancel)?;
        }
        Ok(self.norm.forward(&x)?)
    }
}

/// `x` with as many rows as wanted: what is added is its last row but one, that of silence. (The last sees nothing beyond
/// the edge instead.)
fn with_silence(x: Tensor, rows: usize) -> candle_core::Result<Tensor> {
    let (there, width) = x.dims2()?;
    if rows <= there {
        return Ok(x);
    }
    let silence = x.narrow(0, there - 2, 1)?.broadcast_as((rows - there, width))?;
    Tensor::cat(&[&x, &silence.contiguous()?], 0)
}

/// Whether to go on.
fn go_on(cancel: &Cancel) -> Result<(), SttError> {
    if cancel.is_cancelled() { Err(SttError::Cancelled) } else { Ok(()) }
}

impl Layer {
    fn load(weights: &Weights, name: &str, config: &Config, device: &Device) -> Result<Self, SttError> {
        let (width, heads) = (config.d_model, config.encoder_attention_heads);
        let square = [width, width];
        let attention = format!("{name}.self_attn");
        // The scale of the scores, folded into the queries.
        let scale = ((width / heads) as f32).powf(-0.5);
        let scaled = |values: Vec<f32>| values.into_iter().map(move |value| value * scale);
        let mut weight: Vec<f32> = scaled(weights.values(&format!("{attention}.q_proj.weight"), &square)?).collect();
        weight.extend(weights.values(&format!("{attention}.k_proj.weight"), &square)?);
        weight.extend(weights.values(&format!("{attention}.v_proj.weight"), &square)?);
        let mut bias: Vec<f32> = scaled(weights.values(&format!("{attention}.q_proj.bias"), &[width])?).collect();
        bias.resize(2 * width, 0.0);
        bias.extend(weights.values(&format!("{attention}.v_proj.bias"), &[width])?);
        Ok(Self {
            attention_norm: LayerNorm::load(weights, &format!("{name}.self_attn_layer_norm"), width, device)?,
            query_key_value: Dense::new(weight, bias, device)?,
            out: Dense::load(weights, &format!("{attention}.out_proj"), width, width, device)?,
            norm: LayerNorm::load(weights, &format!("{name}.final_layer_norm"), width, device)?,
            up: Dense::load(weights, &format!("{name}.fc1"), width, 4 * width, device)?,
            down: Dense::load(weights, &format!("{name}.fc2"), 4 * width, width, device)?,
            heads,
        })
    }

    fn forward(&self, x: Tensor, weights: Option<&Tensor>, cancel: &Cancel) -> Result<Tensor, SttError> {
        let width = x.dim(1)?;
        let depth = width / self.heads;
        let all = self.query_key_value.forward(&self.attention_norm.forward(&x)?)?;
        // A head at a time: its scores, positions squared, stay in the cache between the two products.
        let mut heads = Vec::with_capacity(self.heads);
        for head in 0..self.heads {
            go_on(cancel)?;
            let part = |which: usize| all.narrow(1, which * width + head * depth, depth);
            let scores = ops::softmax(part(0)?.matmul(&part(1)?.t()?)?, weights)?;
            heads.push(scores.matmul(&part(2)?)?);
        }
        let x = ops::add(x, &self.out.forward(&Tensor::cat(&heads, 1)?)?)?;
        go_on(cancel)?;
        let hidden = self.up.forward_gelu(&self.norm.forward(&x)?)?;
        go_on(cancel)?;
        Ok(ops::add(x, &self.down.forward(&hidden)?)?)
    }
}
