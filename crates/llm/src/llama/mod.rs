//! The forward pass of the Llama family and its relatives on this machine's processor: our kernels, our threads, our cache.
//!
//! Owns the weights, the keys and values of the tokens read so far, and the memory in between. Never sees text, never
//! samples. The cache is reserved once for the whole context and can be cut back to any length, so that a prompt that
//! begins like the last one costs only what is new. What differs between families is in [`Config`], not in code of theirs.

mod attention;
mod cache;
mod config;
mod family;
mod feed;
mod pack;
#[cfg(test)]
mod reference;
mod rope;
mod scratch;
#[cfg(test)]
mod tests;
mod weights;

pub(crate) use config::Config;
pub(crate) use pack::floats_of;
pub(crate) use weights::Weights;

use crate::error::{LlmError, Result};
use crate::gguf::Gguf;
use crate::kernels::{self, Activations, Kernel, LANES, Packed};
use crate::team::{Parts, Team};
use cache::Cache;
use jarvis_core::Cancel;
use scratch::Scratch;

/// Tokens that are read at once at most: enough to use each weight many times while it is at hand.
pub(crate) const CHUNK: usize = 64;
/// Tokens of one piece of the work between the products.
const PIECE: usize = 4;

/// Bytes of weights that are worth a piece of work.
const RUN: usize = 32 << 10;
/// Bytes of weights that stay at hand while several tokens use them.
const STAY: usize = 128 << 10;

/// A loaded model and what it has read.
pub(crate) struct Llama {
    config: Config,
    weights: Weights,
    cache: Cache,
    kernel: Kernel,
    team: Team,
    scratch: Scratch,
}

impl Llama {
    /// Loads the model in `gguf`, with room for `positions` tokens.
    ///
    /// # Errors
    /// The file lacks something or can't be read; see [`Config::read`] and [`Weights::load`].
    pub(crate) fn load(gguf: &Gguf, config: Config, positions: usize, threads: usize, kernel: Kernel) -> Result<Self> {
        let mut team = Team::new(threads).map_err(LlmError::engine)?;
        let weights = Weights::load(gguf, &config, &mut team)?;
        let positions = positions.min(config.context);
        Cache::check(&config, positions)?;
        Scratch::check(&config, positions, team.threads())?;
        let cache = Cache::new(&config, positions);
        let scratch = Scratch::new(&config, positions, team.threads(), weights.has_floats());
        Ok(Self { config, weights, cache, kernel, team, scratch })
    }

    /// Tokens that fit.
    pub(crate) fn capacity(&self) -> usize {
        self.cache.capacity()
    }

    /// Tokens read so far.
    pub(crate) fn len(&self) -> usize {
        self.cache.len()
    }

    /// Forgets all but the first `length` tokens.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.cache.truncate(length);
    }

    /// Bytes of the weights in memory.
    pub(crate) fn weight_bytes(&self) -> usize {
        self.weights.bytes()
    }

    /// Reads `tokens` (1 ..= [`CHUNK`], all within the vocabulary, and no more than fit) after what was read before.
    /// `false` when `cancel` was raised: then nothing of `tokens` was read. A raised `cancel` is noticed within a matrix.
    pub(crate) fn read(&mut self, tokens: &[u32], cancel: &Cancel) -> bool {
        let (first, count) = (self.cache.len(), tokens.len());
        assert!((1..=CHUNK).contains(&count) && first + count <= self.cache.capacity());
        let width = self.config.width;
        let scale = self.config.embedding_scale();
        for (token, stream) in tokens.iter().zip(self.scratch.stream.chunks_exact_mut(width)) {
            self.weights.embedding.row(*token as usize, stream);
            if scale != 1.0 {
                kernels::scale(self.kernel, stream, scale);
            }
        }
        self.scratch.angles.turn(&self.config.rope, first, count);
        for layer in 0..self.config.layers {
            self.attention(layer, first, count, cancel);
            self.feed_forward(layer, count, cancel);
            if cancel.is_cancelled() {
                return false;
            }
        }
        self.cache.filled(first + count);
        self.scratch.last.copy_from_slice(&self.scratch.stream[(count - 1) * width..count * width]);
        true
    }

    /// Scores of what comes after the last token read, one per token of the vocabulary.
    pub(crate) fn logits(&mut self) -> &mut [f32] {
        let Scratch { last, normed, activations, logits, .. } = &mut self.scratch;
        let normed = &mut normed[..self.config.width];
        kernels::rms_norm(self.kernel, last, &self.weights.norm, self.config.epsilon, normed);
        // SAFETY: no other thread writes.
        unsafe { activations.reshape(1, normed.len()).write(self.kernel, 0, normed) };
        let never = Cancel::new();
        products(&mut self.team, self.kernel, activations, [(self.weights.output(), &mut logits[..])], &never);
        if let Some(cap) = self.config.logit_cap {
            kernels::soft_cap(self.kernel, logits, cap);
        }
        logits
    }
}

/// Calls `work(thread, token)` once for each of `count` tokens: here if they are few, else on all threads.
fn each_token(team: &mut Team, count: usize, work: &(dyn Fn(usize, usize) + Sync)) {
    if count < 2 * PIECE {
        return (0..count).for_each(|token| work(0, token));
    }
    team.run(count.div_ceil(PIECE), &|thread, piece| {
        (piece * PIECE..count.min((piece + 1) * PIECE)).for_each(|token| work(thread, token));
    });
}

/// Normalizes each token of `stream` and quantizes it. `normed` has room for a token for each thread.
fn normalize(
    team: &mut Team,
    (kernel, config): (Kernel, &Config),
    stream: &[f32],
    weight: &[f32],
    normed: &mut [f32],
    activations: &mut Activations,
) {
    let width = config.width;
    let rows = activations.reshape(stream.len() / width, width);
    let normed = Parts::new(normed);
    each_token(team, stream.len() / width, &|thread, token| {
        // SAFETY: each thread has its own scratch, each token is written once.
        unsafe {
            let normed = normed.part(thread * width, width);
            kernels::rms_norm(kernel, &stream[token * width..][..width], weight, config.epsilon, normed);
            rows.write(kernel, token, normed);
        }
    });
}

/// Adds `delta` to `stream`, after what the family does with it: a bias, a normalization of its own.
fn add_to_stream(
    team: &mut Team,
    (kernel, config): (Kernel, &Config),
    (stream, delta): (&mut [f32], &mut [f32]),
    bias: Option<&[f32]>,
    norm: Option<&[f32]>,
    normed: &mut [f32],
) {
    let (width, count) = (config.width, stream.len() / config.width);
    let (stream, delta, normed) = (Parts::new(stream), Parts::new(delta), Parts::new(normed));
    each_token(team, count, &|thread, token| {
        // SAFETY: each thread has its own scratch, each token its own parts.
        let (stream, delta, normed) = unsafe {
            (stream.part(token * width, width), delta.part(token * width, width), normed.part(thread * width, width))
        };
        if let Some(bias) = bias {
            kernels::add(kernel, delta, bias);
        }
        match norm {
            Some(norm) => {
                kernels::rms_norm(kernel, delta, norm, config.epsilon, normed);
                kernels::add(kernel, stream, normed);
            }
            None => kernels::add(kernel, stream, delta),
        }
    });
}

/// Products of several matrices with the same activations, as one piece of work: `out` is tokens x rows. Not all of it is
/// done when `cancel` is raised.
fn products<const N: usize>(
    team: &mut Team,
    kernel: Kernel,
    activations: &Activations,
    matrices: [(&Packed, &mut [f32]); N],
    cancel: &Cancel,
) {
    let parts = matrices.map(|(weights, out)| {
        assert_eq!(out.len(), weights.rows * activations.tokens());
        (weights, Parts::new(out))
    });
    let groups: usize = parts.iter().map(|(weights, _)| weights.groups()).sum();
    // Enough pieces that a thread which was held up leaves most of its share to the others; each long enough that memory
    // is read in long runs, and of whole pairs of groups.
    let bytes: usize = parts.iter().map(|(weights, _)| weights.bytes()).sum();
    let mut wanted = (team.threads() * 8).min(bytes / RUN).max(team.threads());
    if activations.tokens() > 1 {
        // Each is read again for every few tokens, from the second level of caches.
        wanted = wanted.max(bytes / STAY);
    }
    let wanted = wanted.min(Team::MAX_CHUNKS);
    let piece = groups.div_ceil(wanted).next_multiple_of(2);
    team.run(groups.div_ceil(piece), &|_, chunk| {
        if cancel.is_cancelled() {
            return;
        }
        let (mut start, end) = (chunk * piece, groups.min((chunk + 1) * piece));
        let mut passed = 0;
        for (weights, out) in &parts {
            let own = start.max(passed)..end.min(passed + weights.groups());
            if own.start < own.end {
                kernels::matmul(
                    kernel,
                    weights,
                    activations,
                    own.start - passed..own.end - passed,
                    |token, row, values| {
                        // SAFETY: each chunk has its own rows.
                        let out = unsafe { out.part(token * weights.rows + row, values.len()) };
                        // A copy of known length is one instruction, another a call.
                        match (out.as_chunks_mut::<LANES>().0, values.as_chunks::<LANES>().0) {
                            ([out], [values]) => *out = *values,
                            _ => out.copy_from_slice(values),
                        }
                    },
                );
                start = own.end;
            }
            passed += weights.groups();
        }
    });
}
