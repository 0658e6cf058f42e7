//! The first half of a layer: what the tokens at hand find in those before them.

use super::cache::Cache;
use super::config::Config;
use super::family::Pairing;
use super::scratch::{Angles, Scratch};
use super::weights::Layer;
use super::{Llama, PIECE, add_to_stream, address, each_token, foresee, normalize, products};
use crate::ahead::WORTH;
use crate::kernels::{self, Ends, Kernel, Line, Rounding, combine, fold};
use crate::team::{Parts, Team};
use jarvis_core::Cancel;
use std::ops::Range;

/// Parts that the positions are cut into at most, so that all threads work on a single token.
pub(super) const MAX_PARTS: usize = 8;
/// Positions that are worth a part.
const PART: usize = 64;
/// Positions of a thread's part from which it has another, so that one that was held up leaves some of it to the others.
const LONG: usize = 512;

/// Tokens whose queries look at the same positions together.
pub(super) const TILE_TOKENS: usize = PIECE;
/// Positions that are looked at together: their keys and values stay in the first levels of caches for all of a tile.
pub(super) const TILE_POSITIONS: usize = 128;

impl Llama {
    /// `stream += attention(norm(stream))` for the `count` tokens from position `first`.
    pub(super) fn attention(&mut self, layer: usize, first: usize, count: usize, rounding: Rounding, cancel: &Cancel) {
        let Self { config, weights, cache, kernel, team, scratch, pointing, .. } = self;
        let (config, kernel, weights) = (&*config, *kernel, &weights.layers[layer]);
        let (width, query_width, kv_width) = (config.width, config.query_width(), config.kv_width());
        let Scratch {
            stream,
            normed,
            query,
            key,
            value,
            attended,
            partial,
            ends,
            tiles,
            delta,
            activations,
            scores,
            ..
        } = scratch;
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
        let tokens = Tokens { config, kernel, weights, layer, first, count };
        let threads = team.threads();
        tokens.foresee_positions(team, cache);
        let next = |thread| tokens.first_keys(cache, thread, threads);
        products(team, kernel, activations, matrices, next, cancel);
        tokens.remember(team, &scratch.angles, cache, query, key, value);
        if let Some(pointing) = pointing {
            pointing.note((kernel, config), layer, first, query, cache);
        }
        let attended = &mut attended[..count * query_width];
        foresee(team, count, &[&weights.attention_out.weights]);
        match count {
            1 => tokens.look_back_in_parts(team, cache, query, scores, (partial, ends), attended),
            _ => tokens.look_back(team, cache, query, (scores, tiles, ends), attended),
        }
        let rows = activations.reshape(count, query_width, rounding);
        each_token(team, count, &|_, token| {
            // SAFETY: each token is written once.
            unsafe { rows.write(kernel, token, &attended[token * query_width..][..query_width]) };
        });
        let delta = &mut delta[..count * width];
        foresee(team, count, &[&weights.gate, &weights.up]);
        let next = |thread| address(&[&weights.gate, &weights.up], (thread, threads));
        products(team, kernel, activations, [(&weights.attention_out.weights, &mut *delta)], next, cancel);
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

/// The pieces of work that a single token's attention is cut into: some of the positions, and some of the heads where there
/// are more threads than that.
struct Pieces {
    seen: Range<usize>,
    /// Parts of the positions, and how many each has.
    parts: usize,
    length: usize,
    kv_heads: usize,
    /// Key heads of a piece.
    heads: usize,
}

impl Pieces {
    fn count(&self) -> usize {
        self.parts * self.kv_heads.div_ceil(self.heads)
    }

    /// What one of so many threads begins with, as [`Self::piece`] has it; where they are more than pieces, several with the
    /// same.
    fn first(&self, thread: usize, threads: usize) -> (usize, Range<usize>, Range<usize>) {
        self.piece(self.count() * thread / threads)
    }

    /// The number of a piece's part, its key heads, and its positions.
    fn piece(&self, index: usize) -> (usize, Range<usize>, Range<usize>) {
        let (heads, part) = (index / self.parts * self.heads, index % self.parts);
        let start = self.seen.start + part * self.length;
        (part, heads..self.kv_heads.min(heads + self.heads), start..self.seen.end.min(start + self.length))
    }
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
    fn seen(&self, position: usize) -> Range<usize> {
        let end = position + 1;
        end - self.config.window_of(self.layer).unwrap_or(end).min(end)..end
    }

    /// Attention of several tokens, each thread some of them: the queries of a few tokens go together over the runs of
    /// [`TILE_POSITIONS`] that all of them see whole, and each over the rest by itself. Without a window,
    /// where runs begin does not depend on the tokens, so that how a prompt is cut does not change what is added to what; with
    /// one, the last digits may differ.
    fn look_back(
        &self,
        team: &mut Team,
        cache: &Cache,
        query: &[f32],
        (scores, tiles, ends): (&mut [f32], &mut [f32], &mut [Ends]),
        attended: &mut [f32],
    ) {
        let Self { config, kernel, layer, first, count, .. } = *self;
        let (shared_by, head_width, threads) = (config.shared_by(), config.head_width, team.threads());
        let width = head_width * shared_by;
        let queries = TILE_TOKENS * shared_by;
        let room = scores.len() / threads;
        let (scores, tiles, ends) = (Parts::new(scores), Parts::new(tiles), Parts::new(ends));
        let attended = Parts::new(attended);
        let pieces = count.div_ceil(TILE_TOKENS);
        team.run(config.kv_heads * pieces, &|thread, chunk| {
            let (head, piece) = (chunk / pieces, chunk % pieces);
            let tokens = piece * TILE_TOKENS..count.min((piece + 1) * TILE_TOKENS);
            // SAFETY: each thread has its own scores, tiles and ends.
            let (scores, tiles, ends) = unsafe {
                (
                    scores.part(thread * room, room),
                    tiles.part(thread * 3 * TILE_TOKENS * width, 3 * TILE_TOKENS * width),
                    ends.part(thread * 2 * queries, 2 * queries),
                )
            };
            let (tile, found) = tiles.split_at_mut(TILE_TOKENS * width);
            let (found, totals) = found.split_at_mut(TILE_TOKENS * width);
            let (ends, so_far) = ends.split_at_mut(queries);
            let at = |token: usize| token * config.query_width() + head * width;
            for (tile, token) in tile.chunks_exact_mut(width).zip(tokens.clone()) {
                tile.copy_from_slice(&query[at(token)..][..width]);
            }
            totals.fill(0.0);
            so_far.fill(Ends::NONE);
            // The queries `which` of the tile look at `positions`.
            let mut look = |which: Range<usize>, positions: Range<usize>| {
                let floats = which.start * head_width..which.end * head_width;
                for start in positions.clone().step_by(TILE_POSITIONS) {
                    let some = cache.head(layer, head, start..positions.end.min(start + TILE_POSITIONS));
                    let (found, ends) = (&mut found[floats.clone()], &mut ends[which.clone()]);
                    kernels::attend(kernel, &tile[floats.clone()], some, config.score_cap, scores, found, ends);
                    let totals = totals[floats.clone()].chunks_exact_mut(head_width);
                    let found = found.chunks_exact(head_width).zip(&*ends);
                    for ((so_far, totals), (found, ends)) in so_far[which.clone()].iter_mut().zip(totals).zip(found) {
                        fold(so_far, totals, *ends, found);
                    }
                }
            };
            let start = self.seen(first + tokens.end - 1).start.next_multiple_of(TILE_POSITIONS);
            let end = self.seen(first + tokens.start).end / TILE_POSITIONS * TILE_POSITIONS;
            let common = start..end.max(start);
            look(0..tokens.len() * shared_by, common.clone());
            for (index, token) in tokens.clone().enumerate() {
                let (own, seen) = (index * shared_by..(index + 1) * shared_by, self.seen(first + token));
                let before = seen.start..common.start.min(seen.end);
                let after = common.end.clamp(before.end, seen.end)..seen.end;
                look(own.clone(), before);
                look(own, after);
            }
            let totals = totals.chunks_exact(width).zip(so_far.chunks_exact(shared_by));
            for (token, (totals, so_far)) in tokens.zip(totals) {
                // SAFETY: each chunk has its own heads and tokens.
                let out = unsafe { attended.part(at(token), width) };
                let heads = totals.chunks_exact(head_width).zip(so_far);
                for (out, (totals, so_far)) in out.chunks_exact_mut(head_width).zip(heads) {
                    out.copy_from_slice(totals);
                    kernels::scale(kernel, out, 1.0 / so_far.sum);
                }
            }
        });
    }

    /// How a single token's attention is cut for so many threads.
    fn pieces(&self, threads: usize) -> Pieces {
        let seen = self.seen(self.first);
        let each = if seen.len() >= 2 * LONG * threads { 2 } else { 1 };
        let parts = (threads * each).min(seen.len() / PART).clamp(1, MAX_PARTS);
        let length = seen.len().div_ceil(parts);
        let parts = seen.len().div_ceil(length);
        let heads = self.config.kv_heads.div_ceil(threads.div_ceil(parts).min(self.config.kv_heads));
        Pieces { seen, parts, length, kv_heads: self.config.kv_heads, heads }
    }

    /// Where the keys lie that one of so many threads begins a single token's attention with; null for several tokens.
    fn first_keys(&self, cache: &Cache, thread: usize, threads: usize) -> *const Line {
        if self.count > 1 {
            return std::ptr::null();
        }
        let (_, heads, positions) = self.pieces(threads).first(thread, threads);
        cache.head(self.layer, heads.start, positions).keys.as_ptr().cast()
    }

    /// Tells each thread which keys and values its first piece of a single token's attention begins with.
    fn foresee_positions(&self, team: &Team, cache: &Cache) {
        if self.count > 1 {
            return foresee(team, self.count, &[]);
        }
        let pieces = self.pieces(team.threads());
        for thread in 0..team.threads() {
            let (_, heads, positions) = pieces.first(thread, team.threads());
            let most = positions.start
                ..positions.end.min(positions.start + WORTH / 2 / heads.len().max(1) / (2 * self.config.head_width));
            team.foresee(thread, heads.map(|head| cache.head(self.layer, head, most.clone()).bytes()));
        }
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
        let pieces = self.pieces(team.threads());
        let parts = pieces.parts;
        let room = scores.len() / team.threads();
        {
            let (scores, partial, ends) = (Parts::new(scores), Parts::new(&mut *partial), Parts::new(&mut *ends));
            team.run(pieces.count(), &|thread, piece| {
                let (part, heads, positions) = pieces.piece(piece);
                for head in heads {
                    let positions = cache.head(layer, head, positions.clone());
                    let width = head_width * shared_by;
                    // SAFETY: each thread has its own scores, each piece its own part of the positions or its own heads.
                    let (scores, out, ends) = unsafe {
                        (
                            scores.part(thread * room, room),
                            partial.part(part * config.query_width() + head * width, width),
                            ends.part(part * config.heads + head * shared_by, shared_by),
                        )
                    };
                    let query = &query[head * width..][..width];
                    kernels::attend(kernel, query, positions, config.score_cap, scores, out, ends);
                }
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
