//! The forward pass of the Llama family and its relatives on this machine's processor: our kernels, our threads, our cache; and,
//! in [`device`], the same on a graphics processor. [`Pass`] is the one of them that was chosen.
//!
//! Owns the weights, the keys and values of the tokens read so far, and the memory in between. Never sees text, never
//! samples. The cache is reserved once for the whole context and can be cut back to any length, so that a prompt that
//! begins like the last one costs only what is new. What differs between families is in [`Config`], not in code of theirs.

mod attention;
mod cache;
mod config;
mod device;
mod family;
mod feed;
mod output;
mod pack;
mod pass;
mod pointing;
mod read;
#[cfg(test)]
mod reference;
mod rope;
mod scratch;
#[cfg(test)]
mod tests;
mod weights;

pub(crate) use config::Config;
pub(crate) use device::{graphics, memory as graphics_memory};
pub(crate) use output::{Choice, FAR};
pub(crate) use pack::floats_of;
pub(crate) use pass::{Aside, Pass};
pub(crate) use pointing::Pointing;
pub(crate) use weights::Weights;

use crate::ahead::WORTH;
use crate::error::{LlmError, Result};
use crate::gguf::Gguf;
use crate::kernels::{self, Activations, Kernel, Line, Packed, Rounding};
use crate::team::{Parts, Team};
use cache::Cache;
use jarvis_core::Cancel;
use scratch::Scratch;
use std::ops::Range;

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
    /// The layer behind which the last token read is kept.
    watched: Option<usize>,
    /// Where the tokens of a question look, while one is read.
    pointing: Option<Pointing>,
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
        Ok(Self { config, weights, cache, kernel, team, scratch, watched: None, pointing: None })
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
        self.scratch.leading.begin();
        self.cache.truncate(length);
    }

    /// Another place to read into, for at most `positions` tokens. See [`Self::swap`].
    fn aside(&self, positions: usize) -> Cache {
        Cache::new(&self.config, positions.min(self.capacity()))
    }

    /// Goes on with what was read into `aside`, and keeps there what was read here.
    fn swap(&mut self, aside: &mut Cache) {
        std::mem::swap(&mut self.cache, aside);
    }

    /// Bytes of the weights in memory.
    pub(crate) fn weight_bytes(&self) -> usize {
        self.weights.bytes()
    }

    /// Reads `tokens` (1 ..= [`CHUNK`], all within the vocabulary, and no more than fit) after what was read before.
    /// `false` when `cancel` was raised: then nothing of `tokens` was read. A raised `cancel` is noticed within a matrix.
    ///
    /// What others look back at, keys and values, is made of activations in sixteen bits, and the rest of eight: which
    /// way those round is chance, and costs little here and half the arithmetic. How tokens are cut into calls changes
    /// nothing. For scores to be chosen by, the last one wants [`Self::read_closely`].
    pub(crate) fn read(&mut self, tokens: &[u32], cancel: &Cancel) -> bool {
        self.read_with(tokens, Rounding::Eight, cancel)
    }

    /// The same for one token, with all activations in sixteen bits: its time goes into fetching weights, not into
    /// arithmetic.
    pub(crate) fn read_closely(&mut self, token: u32, cancel: &Cancel) -> bool {
        self.read_with(&[token], Rounding::Sixteen, cancel)
    }

    fn read_with(&mut self, tokens: &[u32], rounding: Rounding, cancel: &Cancel) -> bool {
        let (first, count) = (self.cache.len(), tokens.len());
        assert!((1..=CHUNK).contains(&count) && first + count <= self.cache.capacity());
        let width = self.config.width;
        let scale = self.config.embedding_scale();
        for (token, stream) in tokens.iter().zip(self.scratch.stream.chunks_exact_mut(width)) {
            self.weights.embed(*token as usize, stream);
            if scale != 1.0 {
                kernels::scale(self.kernel, stream, scale);
            }
        }
        self.scratch.angles.turn(&self.config.rope, first, count);
        for layer in 0..self.config.layers {
            self.attention(layer, first, count, rounding, cancel);
            self.feed_forward(layer, count, rounding, cancel);
            if self.watched == Some(layer) {
                self.scratch.watched.copy_from_slice(&self.scratch.stream[(count - 1) * width..count * width]);
            }
            if cancel.is_cancelled() {
                return false;
            }
        }
        self.cache.filled(first + count);
        self.scratch.last.copy_from_slice(&self.scratch.stream[(count - 1) * width..count * width]);
        true
    }

    /// Keeps the stream behind `layer` (counted from 0) of the last token of every read from now on.
    fn watch(&mut self, layer: usize) {
        self.watched = Some(layer);
        self.scratch.watched = vec![0.0; self.config.width];
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
    (activations, rounding): (&mut Activations, Rounding),
) {
    let width = config.width;
    let rows = activations.reshape(stream.len() / width, width, rounding);
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
/// done when `cancel` is raised. `next` says where each thread begins to read in the step after: what a single token's products
/// have fetched ahead is that, behind the last of its own.
fn products<const N: usize>(
    team: &mut Team,
    kernel: Kernel,
    activations: &Activations,
    matrices: [(&Packed, &mut [f32]); N],
    next: impl Fn(usize) -> *const Line + Sync,
    cancel: &Cancel,
) {
    let parts = matrices.map(|(weights, out)| {
        assert_eq!(out.len(), weights.rows * activations.tokens());
        (weights, Parts::new(out))
    });
    let groups: usize = parts.iter().map(|(weights, _)| weights.groups()).sum();
    let bytes: usize = parts.iter().map(|(weights, _)| weights.bytes()).sum();
    let cut = match activations.tokens() {
        1 => Cut::for_one(groups, bytes, team.threads()),
        _ => Cut::for_several(groups, bytes, team.threads()),
    };
    team.run(cut.pieces(), &|thread, chunk| {
        if cancel.is_cancelled() {
            return;
        }
        let Range { mut start, end } = cut.piece(chunk);
        let mut passed = 0;
        for (weights, out) in &parts {
            let own = start.max(passed)..end.min(passed + weights.groups());
            if own.start < own.end {
                kernels::matmul(
                    kernel,
                    weights,
                    activations,
                    own.start - passed..own.end - passed,
                    if cut.is_last(chunk) && own.end == end { next(thread) } else { std::ptr::null() },
                    |token, row, values| {
                        // SAFETY: each chunk has its own rows.
                        let out = unsafe { out.part(token * weights.rows + row, values.len()) };
                        // A copy of known length is one instruction, another a call.
                        match values.len() {
                            16 => out[..16].copy_from_slice(&values[..16]),
                            8 => out[..8].copy_from_slice(&values[..8]),
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

/// Tells each thread where its first piece of the products with `matrices` begins, if they are to be with one token: several
/// wait for arithmetic.
fn foresee(team: &Team, tokens: usize, matrices: &[&Packed]) {
    if tokens > 1 {
        return (0..team.threads()).for_each(|thread| team.foresee(thread, []));
    }
    for thread in 0..team.threads() {
        let first = beginning(matrices, (thread, team.threads()));
        team.foresee(thread, first.map(|(weights, group)| weights.beginning(group, WORTH)));
    }
}

/// The matrix and the group of rows that one of so many threads begins the products with `matrices` with, for one token; none
/// where others do it all.
fn beginning<'a>(matrices: &[&'a Packed], (thread, threads): (usize, usize)) -> Option<(&'a Packed, usize)> {
    let groups = matrices.iter().map(|weights| weights.groups()).sum();
    let bytes = matrices.iter().map(|weights| weights.bytes()).sum();
    let mut first = Cut::for_one(groups, bytes, threads).first(thread).start;
    let matrix = matrices.iter().find(|weights| match first.checked_sub(weights.groups()) {
        Some(left) => {
            first = left;
            false
        }
        None => true,
    });
    matrix.map(|weights| (*weights, first))
}

/// Where that begins in memory; null where it is nothing.
fn address(matrices: &[&Packed], threads: (usize, usize)) -> *const Line {
    beginning(matrices, threads).map_or(std::ptr::null(), |(weights, group)| weights.group(group).0.as_ptr())
}

/// How the groups of rows of one step are cut into pieces of work: as many for each thread, one behind the other.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Cut {
    groups: usize,
    threads: usize,
    /// Groups and pieces of a thread.
    share: usize,
    each: usize,
    /// Groups of its first piece, and of the others.
    long: usize,
    short: usize,
}

impl Cut {
    /// For a single token, which waits for memory alone: most of a thread's work in one long run, the rest in pieces small
    /// enough that a thread which was held up leaves them to the others.
    fn for_one(groups: usize, bytes: usize, threads: usize) -> Self {
        let share = groups.div_ceil(threads).next_multiple_of(2);
        let long = (share * 3 / 4).next_multiple_of(2);
        let short = (bytes / threads / 4 / RUN).clamp(1, 2);
        Self {
            groups,
            threads,
            share,
            each: 1 + short,
            long,
            short: (share - long).div_ceil(short).next_multiple_of(2),
        }
    }

    /// For several, which read each piece again every few of them, from the second level of caches.
    fn for_several(groups: usize, bytes: usize, threads: usize) -> Self {
        // Enough pieces that a thread which was held up leaves most of its share to the others; each of whole pairs of
        // groups.
        let wanted = (threads * 8).min(bytes / RUN).max(threads).max(bytes / STAY).min(Team::MAX_CHUNKS - threads);
        let share = groups.div_ceil(threads).next_multiple_of(2);
        let short = share.div_ceil(wanted.div_ceil(threads)).next_multiple_of(2);
        Self { groups, threads, share, each: share.div_ceil(short), long: short, short }
    }

    fn pieces(&self) -> usize {
        self.threads * self.each
    }

    /// The groups of a piece; none where there are fewer than threads have room for.
    fn piece(&self, index: usize) -> Range<usize> {
        let (thread, index) = (index / self.each, index % self.each);
        let end = self.groups.min((thread + 1) * self.share);
        let first = thread * self.share + if index == 0 { 0 } else { self.long + (index - 1) * self.short };
        let length = if index == 0 { self.long } else { self.short };
        first.min(end)..end.min(first + length)
    }

    /// Whether a piece is the last of a thread's, but for empty ones.
    fn is_last(&self, index: usize) -> bool {
        self.piece(index).end == self.groups.min((index / self.each + 1) * self.share)
    }

    /// The first piece of a thread.
    fn first(&self, thread: usize) -> Range<usize> {
        self.piece(thread * self.each)
    }
}
