//! The first half of a layer: what the tokens at hand find in those before them.

use super::cache::Cache;
use super::config::Config;
use super::family::Pairing;
use super::scratch::{Angles, Scratch};
use super::weights::Layer;
use super::{Llama, PIECE, add_to_stream, each_token, normalize, products};
use crate::kernels::{self, Ends, Kernel, Rounding, combine};
use crate::team::{Parts, Team};
use jarvis_core::Cancel;

/// Parts that the positions are cut into at most, so that all threads work on a single token.
pub(super) const MAX_PARTS: usize = 8;
/// Positions that are worth a part.
const PART: usize = 64;

impl Llama {
    /// `stream += attention(norm(stream))` for the `count` tokens from position `first`.
    pub(super) fn attention(&mut self, layer: usize, first: usize, count: usize, rounding: Rounding, cancel: &Cancel) {
        let Self { config, weights, cache, kernel, team, scratch } = self;
        let (config, kernel, weights) = (&*config, *kernel, &weights.layers[layer]);
        let (width, query_width, kv_width) = (config.width, config.query_width(), config.kv_width());
        let Scratch { stream, normed, query, key, value, attended, partial, ends, delta, activations, scores, .. } =
            scratch;
        let stream = &mut stream[..count * width];
        let sixteen = (&mut *activations, Rounding::Sixteen);
        normalize(team, (kernel, config), stream, &weights.attention_norm, normed, sixteen);
        let query = &mut query[..count * query_width];
        let (key, value) = (&mut key[..count * kv_width], &mut value[..count * kv_width]);
        let matrices = [
            (&weights.query.weights, &mut *query),
            (&weights.key.weights, &mut *key),
            (&weights.value.weights, &mut *value),
        ];
        products(team, kernel, activations, matrices, cancel);
        let tokens = Tokens { config, kernel, weights, layer, first, count };
        tokens.remember(team, &scratch.angles, cache, query, key, value);
        let attended = &mut attended[..count * query_width];
        match count {
            1 => tokens.look_back_in_parts(team, cache, query, scores, (partial, ends), attended),
            _ => tokens.look_back(team, cache, query, (scores, ends), attended),
        }
        let rows = activations.reshape(count, query_width, rounding);
        each_token(team, count, &|_, token| {
            // SAFETY: each token is written once.
            unsafe { rows.write(kernel, token, &attended[token * query_width..][..query_width]) };
        });
        let delta = &mut delta[..count * width];
        products(team, kernel, activations, [(&weights.attention_out.weights, &mut *delta)], cancel);
        let bias = weights.attention_out.bias.as_deref();
        add_to_stream(team, (kernel, config), (stream, delta), bias, weights.attention_sum_norm.as_deref(), normed);
    }
}

/// The tokens at hand in one layer.
struct Tokens<'a> {
    config: &'a Config,
    kernel: Kernel,
    weights: &'a Layer,
    layer: usize,
    first: usize,
    count: usize,
}

impl Tokens<'_> {
    /// Finishes queries and keys, and puts keys and values into the cache.
    fn remember(
        &self,
        team: &mut Team,
        angles: &Angles,
        cache: &mut Cache,
        query: &mut [f32],
        key: &mut [f32],
        value: &mut [f32],
    ) {
        let Self { config, kernel, weights, layer, .. } = *self;
        let (query_width, kv_width, head_width) = (config.query_width(), config.kv_width(), config.head_width);
        let is_local = config.window_of(layer).is_some();
        let (query, key, value) = (Parts::new(query), Parts::new(key), Parts::new(value));
        let slots = cache.slots(layer);
        each_token(team, self.count, &|_, token| {
            // SAFETY: each token has its own parts.
            let (query, key, value) = unsafe {
                (
                    query.part(token * query_width, query_width),
                    key.part(token * kv_width, kv_width),
                    value.part(token * kv_width, kv_width),
                )
            };
            let biases = [&weights.query.bias, &weights.key.bias, &weights.value.bias];
            for (numbers, bias) in [&mut *query, &mut *key, &mut *value].into_iter().zip(biases) {
                if let Some(bias) = bias {
                    kernels::add(kernel, numbers, bias);
                }
            }
            let (cos, sin) = angles.of(is_local, token, config.rotated / 2);
            let finish = |head: &mut [f32], norm: Option<&[f32]>| {
                if let Some(norm) = norm {
                    kernels::rms_norm_in_place(kernel, head, norm, config.epsilon);
                }
                match config.pairing() {
                    Pairing::Neighbours => kernels::rotate(&mut head[..config.rotated], cos, sin),
                    Pairing::Halves => kernels::rotate_halves(&mut head[..config.rotated], cos, sin),
                }
            };
            let norms = weights.head_norms.as_ref();
            query.chunks_exact_mut(head_width).for_each(|head| finish(head, norms.map(|norms| &norms[0][..])));
            key.chunks_exact_mut(head_width).for_each(|head| finish(head, norms.map(|norms| &norms[1][..])));
            kernels::scale(kernel, query, config.query_scale);
            for (head, (key, value)) in key.chunks_exact(head_width).zip(value.chunks_exact(head_width)).enumerate() {
                // SAFETY: each token has its own position.
                let (keys, values) = unsafe { slots.at(head, self.first + token) };
                kernels::store_half(kernel, key, keys);
                kernels::store_half(kernel, value, values);
            }
        });
    }

    /// The positions that a token at `position` sees, itself included.
    fn seen(&self, position: usize) -> std::ops::Range<usize> {
        let end = position + 1;
        end - self.config.window_of(self.layer).unwrap_or(end).min(end)..end
    }

    /// Attention of several tokens, each thread some of them.
    fn look_back(
        &self,
        team: &mut Team,
        cache: &Cache,
        query: &[f32],
        (scores, ends): (&mut [f32], &mut [Ends]),
        attended: &mut [f32],
    ) {
        let Self { config, kernel, layer, first, count, .. } = *self;
        let (shared_by, width) = (config.shared_by(), config.head_width * config.shared_by());
        let room = scores.len() / team.threads();
        let (scores, ends, attended) = (Parts::new(scores), Parts::new(ends), Parts::new(attended));
        let pieces = count.div_ceil(PIECE);
        team.run(config.kv_heads * pieces, &|thread, chunk| {
            let (head, piece) = (chunk / pieces, chunk % pieces);
            // SAFETY: each thread has its own scores and ends.
            let (scores, ends) =
                unsafe { (scores.part(thread * room, room), ends.part(thread * shared_by, shared_by)) };
            for token in piece * PIECE..count.min((piece + 1) * PIECE) {
                let at = token * config.query_width() + head * width;
                // SAFETY: each chunk has its own heads and tokens.
                let out = unsafe { attended.part(at, width) };
                let positions = cache.head(layer, head, self.seen(first + token));
                kernels::attend(kernel, &query[at..at + width], positions, config.score_cap, scores, out, ends);
                for (out, ends) in out.chunks_exact_mut(config.head_width).zip(&*ends) {
                    kernels::scale(kernel, out, 1.0 / ends.sum);
                }
            }
        });
    }

    /// Attention of a single token, each thread some of the positions.
    fn look_back_in_parts(
        &self,
        team: &mut Team,
        cache: &Cache,
        query: &[f32],
        scores: &mut [f32],
        (partial, ends): (&mut [f32], &mut [Ends]),
        attended: &mut [f32],
    ) {
        let Self { config, kernel, layer, .. } = *self;
        let (shared_by, head_width) = (config.shared_by(), config.head_width);
        let seen = self.seen(self.first);
        // Two pieces of work for each thread, or as many as are worth it.
        let parts = (2 * team.threads()).div_ceil(config.kv_heads).min(seen.len() / PART).clamp(1, MAX_PARTS);
        let length = seen.len().div_ceil(parts);
        let parts = seen.len().div_ceil(length);
        let room = scores.len() / team.threads();
        {
            let (scores, partial, ends) = (Parts::new(scores), Parts::new(&mut *partial), Parts::new(&mut *ends));
            team.run(config.kv_heads * parts, &|thread, chunk| {
                let (head, part) = (chunk / parts, chunk % parts);
                let start = seen.start + part * length;
                let positions = cache.head(layer, head, start..seen.end.min(start + length));
                let width = head_width * shared_by;
                // SAFETY: each thread has its own scores, each chunk its own part of the positions and its own heads.
                let (scores, out, ends) = unsafe {
                    (
                        scores.part(thread * room, room),
                        partial.part(part * config.query_width() + head * width, width),
                        ends.part(part * config.heads + head * shared_by, shared_by),
                    )
                };
                let query = &query[head * width..][..width];
                kernels::attend(kernel, query, positions, config.score_cap, scores, out, ends);
            });
        }
        for (head, out) in attended.chunks_exact_mut(head_width).enumerate() {
            let of_part = |part: usize| {
                let sums = &partial[part * config.query_width() + head * head_width..][..head_width];
                (ends[part * config.heads + head], sums)
            };
            combine((0..parts).map(of_part), out);
        }
    }
}
