//! The forward pass of the Llama family on this machine's processor: our kernels, our threads, our cache.
//!
//! Owns the weights, the keys and values of the tokens read so far, and the memory in between. Never sees text, never
//! samples. The cache is reserved once for the whole context and can be cut back to any length, so that a prompt that
//! begins like the last one costs only what is new.

mod cache;
mod config;
#[cfg(test)]
mod tests;
mod weights;

pub(crate) use config::Config;
pub(crate) use weights::Weights;

use crate::error::Result;
use crate::gguf::Gguf;
use crate::kernels::{self, Activations, Head, Kernel, LANES, Packed};
use crate::team::{Parts, Team};
use cache::Cache;
use jarvis_core::Cancel;

/// Tokens that are read at once at most: enough to use each weight many times while it is at hand.
pub(crate) const CHUNK: usize = 64;
/// Tokens of one piece of attention work.
const ATTENTION_TOKENS: usize = 4;

/// A loaded model and what it has read.
pub(crate) struct Llama {
    config: Config,
    weights: Weights,
    cache: Cache,
    kernel: Kernel,
    team: Team,
    scratch: Scratch,
}

/// Memory between the steps of a forward pass, reserved once.
struct Scratch {
    /// The residual stream: tokens x width.
    stream: Vec<f32>,
    /// The last token read, after the last layer.
    last: Vec<f32>,
    /// One normalized token.
    normed: Vec<f32>,
    query: Vec<f32>,
    key: Vec<f32>,
    value: Vec<f32>,
    /// What attention found: tokens x query width.
    attended: Vec<f32>,
    gate: Vec<f32>,
    up: Vec<f32>,
    /// What a block adds to the stream.
    delta: Vec<f32>,
    activations: Activations,
    /// A score per position for each thread.
    scores: Vec<f32>,
    /// Cosines and sines of the tokens at hand: tokens x rotated / 2.
    cos: Vec<f32>,
    sin: Vec<f32>,
    logits: Vec<f32>,
}

impl Scratch {
    fn new(config: &Config, positions: usize, threads: usize) -> Self {
        let tokens = CHUNK.min(positions);
        let floats = |width: usize| vec![0.0; tokens * width];
        Self {
            stream: floats(config.width),
            last: vec![0.0; config.width],
            normed: vec![0.0; config.width],
            query: floats(config.query_width()),
            key: floats(config.kv_width()),
            value: floats(config.kv_width()),
            attended: floats(config.query_width()),
            gate: floats(config.feed_forward),
            up: floats(config.feed_forward),
            delta: floats(config.width),
            activations: Activations::with_capacity(
                tokens * config.width.max(config.feed_forward).max(config.query_width()),
            ),
            scores: vec![0.0; positions * threads],
            cos: floats(config.rotated / 2),
            sin: floats(config.rotated / 2),
            logits: vec![0.0; config.vocabulary],
        }
    }
}

impl Llama {
    /// Loads the model in `gguf`, with room for `positions` tokens.
    ///
    /// # Errors
    /// The file lacks something or can't be read; see [`Config::read`] and [`Weights::load`].
    pub(crate) fn load(gguf: &Gguf, config: Config, positions: usize, threads: usize, kernel: Kernel) -> Result<Self> {
        let mut team = Team::new(threads).map_err(crate::error::LlmError::engine)?;
        let weights = Weights::load(gguf, &config, &mut team)?;
        let positions = positions.min(config.context);
        Cache::check(&config, positions)?;
        let cache = Cache::new(&config, positions);
        let scratch = Scratch::new(&config, positions, team.threads());
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
    /// `false` when `cancel` was raised: then nothing of `tokens` was read.
    pub(crate) fn read(&mut self, tokens: &[u32], cancel: &Cancel) -> bool {
        let (first, count) = (self.cache.len(), tokens.len());
        assert!((1..=CHUNK).contains(&count) && first + count <= self.cache.capacity());
        let width = self.config.width;
        for (token, stream) in tokens.iter().zip(self.scratch.stream.chunks_exact_mut(width)) {
            self.weights.embedding.row(*token as usize, stream);
        }
        self.angles(first, count);
        for layer in 0..self.config.layers {
            if cancel.is_cancelled() {
                return false;
            }
            self.attention(layer, first, count);
            self.feed_forward(layer, count);
        }
        self.cache.filled(first + count);
        self.scratch.last.copy_from_slice(&self.scratch.stream[(count - 1) * width..count * width]);
        true
    }

    /// Scores of what comes after the last token read, one per token of the vocabulary.
    pub(crate) fn logits(&mut self) -> &mut [f32] {
        let Scratch { last, normed, activations, logits, .. } = &mut self.scratch;
        kernels::rms_norm(self.kernel, last, &self.weights.norm, self.config.epsilon, normed);
        activations.quantize(self.kernel, normed, self.config.width);
        products(&mut self.team, self.kernel, activations, [(self.weights.output(), &mut logits[..])]);
        logits
    }

    /// Cosines and sines for `count` positions from `first`.
    fn angles(&mut self, first: usize, count: usize) {
        let half = self.config.rotated / 2;
        for token in 0..count {
            for (i, frequency) in self.config.frequencies.iter().enumerate() {
                let (sin, cos) = ((first + token) as f32 * frequency).sin_cos();
                self.scratch.sin[token * half + i] = sin;
                self.scratch.cos[token * half + i] = cos;
            }
        }
    }

    /// `stream += attention(norm(stream))`.
    fn attention(&mut self, layer: usize, first: usize, count: usize) {
        let Self { config, weights, cache, kernel, team, scratch } = self;
        let kernel = *kernel;
        let weights = &weights.layers[layer];
        let Scratch { stream, normed, query, key, value, attended, delta, activations, scores, cos, sin, .. } = scratch;
        normalize(kernel, config, &stream[..count * config.width], &weights.attention_norm, normed, activations);
        let (query_width, kv_width) = (config.query_width(), config.kv_width());
        let (query, key, value) =
            (&mut query[..count * query_width], &mut key[..count * kv_width], &mut value[..count * kv_width]);
        products(
            team,
            kernel,
            activations,
            [(&weights.query, &mut *query), (&weights.key, &mut *key), (&weights.value, &mut *value)],
        );

        let half = config.rotated / 2;
        let root = 1.0 / (config.head_width as f32).sqrt();
        for token in 0..count {
            let (cos, sin) = (&cos[token * half..][..half], &sin[token * half..][..half]);
            for head in query[token * query_width..][..query_width].chunks_exact_mut(config.head_width) {
                kernels::rotate(&mut head[..config.rotated], cos, sin);
                head.iter_mut().for_each(|q| *q *= root);
            }
            for head in key[token * kv_width..][..kv_width].chunks_exact_mut(config.head_width) {
                kernels::rotate(&mut head[..config.rotated], cos, sin);
            }
            for head in 0..config.kv_heads {
                let part = token * kv_width + head * config.head_width;
                let (keys, values) = cache.slot(layer, head, first + token);
                kernels::store_half(kernel, &key[part..part + config.head_width], keys);
                kernels::store_half(kernel, &value[part..part + config.head_width], values);
            }
        }

        let shared_by = config.heads / config.kv_heads;
        let positions = scores.len() / team.threads();
        let scores = Parts::new(scores);
        let found = Parts::new(attended);
        let (query, cache) = (&*query, &*cache);
        let head_width = config.head_width;
        let pieces = count.div_ceil(ATTENTION_TOKENS);
        team.run(config.heads * pieces, &|thread, chunk| {
            let (head, piece) = (chunk / pieces, chunk % pieces);
            for token in piece * ATTENTION_TOKENS..count.min((piece + 1) * ATTENTION_TOKENS) {
                let seen = first + token + 1;
                let at = token * query_width + head * head_width;
                let (keys, values) = cache.head(layer, head / shared_by, seen);
                // SAFETY: each thread has its own scores, each chunk its own heads and tokens.
                let (scores, out) = unsafe { (scores.part(thread * positions, seen), found.part(at, head_width)) };
                kernels::attend(kernel, &query[at..at + head_width], Head { keys, values }, scores, out);
            }
        });

        activations.quantize(kernel, &attended[..count * query_width], query_width);
        let delta = &mut delta[..count * config.width];
        products(team, kernel, activations, [(&weights.attention_out, &mut *delta)]);
        kernels::add(kernel, &mut stream[..count * config.width], delta);
    }

    /// `stream += down(silu(gate(norm(stream))) * up(norm(stream)))`.
    fn feed_forward(&mut self, layer: usize, count: usize) {
        let Self { config, weights, kernel, team, scratch, .. } = self;
        let kernel = *kernel;
        let weights = &weights.layers[layer];
        let Scratch { stream, normed, gate, up, delta, activations, .. } = scratch;
        normalize(kernel, config, &stream[..count * config.width], &weights.feed_norm, normed, activations);
        let (gate, up) = (&mut gate[..count * config.feed_forward], &mut up[..count * config.feed_forward]);
        products(team, kernel, activations, [(&weights.gate, &mut *gate), (&weights.up, &mut *up)]);
        kernels::gate(kernel, gate, up);
        activations.quantize(kernel, gate, config.feed_forward);
        let delta = &mut delta[..count * config.width];
        products(team, kernel, activations, [(&weights.down, &mut *delta)]);
        kernels::add(kernel, &mut stream[..count * config.width], delta);
    }
}

/// Normalizes each token of `stream` and quantizes it.
fn normalize(
    kernel: Kernel,
    config: &Config,
    stream: &[f32],
    weight: &[f32],
    normed: &mut [f32],
    activations: &mut Activations,
) {
    activations.reshape(stream.len() / config.width, config.width);
    for (token, row) in stream.chunks_exact(config.width).zip(activations.rows_mut()) {
        kernels::rms_norm(kernel, token, weight, config.epsilon, normed);
        row.quantize(kernel, normed);
    }
}

/// Products of several matrices with the same activations, as one piece of work: `out` is tokens x rows.
fn products<const N: usize>(
    team: &mut Team,
    kernel: Kernel,
    activations: &Activations,
    matrices: [(&Packed, &mut [f32]); N],
) {
    let parts = matrices.map(|(weights, out)| {
        assert_eq!(out.len(), weights.rows * activations.tokens());
        (weights, Parts::new(out))
    });
    let groups: usize = parts.iter().map(|(weights, _)| weights.groups()).sum();
    // Enough pieces that a thread which was held up leaves most of its share to the others.
    let piece = groups.div_ceil((team.threads() * 8).min(Team::MAX_CHUNKS)).max(1);
    team.run(groups.div_ceil(piece), &|_, chunk| {
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
                        let out = unsafe { out.part(token * weights.rows + row, values.len().min(LANES)) };
                        out.copy_from_slice(values);
                    },
                );
                start = own.end;
            }
            passed += weights.groups();
        }
    });
}
