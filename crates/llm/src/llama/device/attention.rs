//! What the tokens at hand find in those before them.

use super::super::family::Pairing;
use super::{Angles, DeviceLlama, soft_cap};
use candle_core::{Device, Result, Tensor};
use candle_nn::ops::{rms_norm, softmax_last_dim};
use candle_nn::rotary_emb::{rope, rope_i};
use std::ops::Range;

/// What is added to the score of a position that is not seen. Finite, since quick mathematics (Metal's) know no infinity, and
/// so low that no share is left.
const UNSEEN: f32 = -1e30;

/// Which positions the tokens at hand see in layers of one kind.
pub(super) struct Seen {
    /// Those that any of them sees.
    positions: Range<usize>,
    /// What is added to the scores, `[1, tokens, positions]`: [`UNSEEN`] where a token sees not. None for a single token,
    /// which sees all of `positions`.
    mask: Option<Tensor>,
}

impl Seen {
    /// For `count` tokens from position `first`, each of which sees itself and, with a window, so many positions in all.
    pub(super) fn new(window: Option<usize>, first: usize, count: usize, device: &Device) -> Result<Self> {
        let of = |position: usize| position + 1 - window.unwrap_or(position + 1).min(position + 1)..position + 1;
        let positions = of(first).start..first + count;
        let mask = match count {
            1 => None,
            _ => {
                let row = |token: usize| {
                    let seen = of(first + token);
                    positions.clone().map(move |at| if seen.contains(&at) { 0.0 } else { UNSEEN })
                };
                let mask: Vec<f32> = (0..count).flat_map(row).collect();
                Some(Tensor::from_vec(mask, (1, count, positions.len()), device)?)
            }
        };
        Ok(Self { positions, mask })
    }
}

impl DeviceLlama {
    /// Attention of the normalized tokens `x`, `[tokens, width]`, in one layer; their keys and values go into the cache.
    pub(super) fn attention(&self, layer: usize, x: &Tensor, seen: &Seen, angles: &Angles) -> Result<Tensor> {
        let Self { config, cache, .. } = self;
        let weights = &self.weights.layers[layer];
        let (count, head_width) = (x.dim(0)?, config.head_width);
        let norms = weights.head_norms.as_ref();
        let by_head = |x: Tensor, heads: usize| x.reshape((count, heads, head_width))?.transpose(0, 1)?.contiguous();
        let finished = |x: Tensor, heads: usize, norm: Option<&Tensor>| {
            let x = match norm {
                Some(norm) => rms_norm(&x.reshape((count * heads, head_width))?, norm, config.epsilon)?,
                None => x,
            };
            self.turned(&by_head(x, heads)?, angles)
        };
        let query = finished(weights.query.forward(x)?, config.heads, norms.map(|norms| &norms[0]))?;
        let key = finished(weights.key.forward(x)?, config.kv_heads, norms.map(|norms| &norms[1]))?;
        cache.put(layer, &key, &by_head(weights.value.forward(x)?, config.kv_heads)?)?;
        let [keys, values] = cache.view(layer, &seen.positions)?;

        // The queries that share a head's keys are rows of one product with them.
        let (positions, rows) = (seen.positions.len(), config.shared_by() * count);
        let query = (query * f64::from(config.query_scale))?.reshape((config.kv_heads, rows, head_width))?;
        let mut scores = query.matmul(&keys.transpose(1, 2)?)?;
        if let Some(cap) = config.score_cap {
            scores = soft_cap(&scores, cap)?;
        }
        if let Some(mask) = &seen.mask {
            scores = scores.reshape((config.heads, count, positions))?.broadcast_add(mask)?;
        }
        let shares = softmax_last_dim(&scores)?.reshape((config.kv_heads, rows, positions))?;
        let found = shares.matmul(&values)?.reshape((config.heads, count, head_width))?;
        weights.attention_out.forward(&found.transpose(0, 1)?.contiguous()?.reshape((count, config.query_width()))?)
    }

    /// `x`, `[heads, tokens, head width]`, with what the model rotates of each head turned by its position.
    fn turned(&self, x: &Tensor, angles: &Angles) -> Result<Tensor> {
        let (rotated, head_width) = (self.config.rotated, self.config.head_width);
        let turn = |x: &Tensor| {
            let x = x.unsqueeze(0)?;
            match self.config.pairing() {
                Pairing::Neighbours => rope_i(&x, &angles.cos, &angles.sin),
                Pairing::Halves => rope(&x, &angles.cos, &angles.sin),
            }?
            .squeeze(0)
        };
        if rotated == head_width {
            return turn(x);
        }
        let kept = x.narrow(2, rotated, head_width - rotated)?;
        // Pieces of one token are joined along the heads, which leaves them in another order.
        Tensor::cat(&[&turn(&x.narrow(2, 0, rotated)?.contiguous()?)?, &kept], 2)?.contiguous()
    }
}
