//! Memory between the steps of a forward pass, reserved once (what is kept to find leaders, at the first token).

use super::CHUNK;
use super::attention::{MAX_PARTS, TILE_POSITIONS, TILE_TOKENS};
use super::config::Config;
use super::output::Leading;
use super::rope::Rope;
use crate::error::{LlmError, Result};
use crate::kernels::{Activations, Ends};

/// See the module's own words. Everything is for up to [`CHUNK`] tokens unless it says otherwise.
pub(super) struct Scratch {
    /// The residual stream: tokens x width.
    pub(super) stream: Vec<f32>,
    /// The last token read, after the last layer.
    pub(super) last: Vec<f32>,
    /// The same after the layer that is watched; empty where none is.
    pub(super) watched: Vec<f32>,
    /// A normalized token for each thread.
    pub(super) normed: Vec<f32>,
    pub(super) query: Vec<f32>,
    pub(super) key: Vec<f32>,
    pub(super) value: Vec<f32>,
    /// What attention found: tokens x query width.
    pub(super) attended: Vec<f32>,
    /// What attention found in each part of the positions: parts x query width, for a single token.
    pub(super) partial: Vec<f32>,
    /// Parts x heads for a single token, else for each thread twice a tile's queries.
    pub(super) ends: Vec<Ends>,
    /// For each thread the queries of a tile, what they found in some positions, and in all so far.
    pub(super) tiles: Vec<f32>,
    pub(super) gate: Vec<f32>,
    pub(super) up: Vec<f32>,
    /// What a block adds to the stream.
    pub(super) delta: Vec<f32>,
    pub(super) activations: Activations,
    /// For each thread, a score per position and query head of those that share a key head, or those of a tile.
    pub(super) scores: Vec<f32>,
    pub(super) angles: Angles,
    pub(super) logits: Vec<f32>,
    pub(super) leading: Leading,
}

/// Bytes that the scores of attention may have.
const MAX_SCORES: usize = 2 << 30;

impl Scratch {
    /// Whether the memory for `positions` is of a sane size.
    ///
    /// # Errors
    /// The scores of attention would take more than 2 GiB.
    pub(super) fn check(config: &Config, positions: usize, threads: usize) -> Result<()> {
        let bytes = [threads, config.shared_by(), positions, 4].iter().try_fold(1usize, |a, b| a.checked_mul(*b));
        match bytes {
            Some(bytes) if bytes <= MAX_SCORES => Ok(()),
            _ => Err(LlmError::unsupported(format!("attention to {positions} tokens would take more than 2 GiB"))),
        }
    }

    pub(super) fn new(config: &Config, positions: usize, threads: usize, keeps_values: bool) -> Self {
        let tokens = CHUNK.min(positions);
        let floats = |width: usize| vec![0.0; tokens * width];
        let queries = TILE_TOKENS * config.shared_by();
        let widest = config.width.max(config.feed_forward).max(config.query_width());
        Self {
            stream: floats(config.width),
            last: vec![0.0; config.width],
            watched: Vec::new(),
            normed: vec![0.0; threads * config.width],
            query: floats(config.query_width()),
            key: floats(config.kv_width()),
            value: floats(config.kv_width()),
            attended: floats(config.query_width()),
            partial: vec![0.0; MAX_PARTS * config.query_width()],
            ends: vec![Ends::NONE; (MAX_PARTS * config.heads).max(2 * threads * queries)],
            tiles: vec![0.0; 3 * threads * queries * config.head_width],
            gate: floats(config.feed_forward),
            up: floats(config.feed_forward),
            delta: floats(config.width),
            activations: Activations::with_capacity(tokens * widest, keeps_values),
            scores: vec![0.0; threads * config.shared_by() * positions.max(TILE_TOKENS * TILE_POSITIONS)],
            angles: Angles::new(config, tokens),
            logits: vec![0.0; config.vocabulary],
            leading: Leading::default(),
        }
    }
}

/// Cosines and sines of the tokens at hand: tokens x pairs, for layers that see everything and for local ones.
pub(super) struct Angles {
    everywhere: Turns,
    local: Option<Turns>,
}

struct Turns {
    cos: Vec<f32>,
    sin: Vec<f32>,
}

impl Turns {
    fn new(length: usize) -> Self {
        Self { cos: vec![0.0; length], sin: vec![0.0; length] }
    }

    fn turn(&mut self, frequencies: &[f32], magnitude: f32, first: usize, count: usize) {
        let pairs = frequencies.len();
        for token in 0..count {
            for (i, frequency) in frequencies.iter().enumerate() {
                let (sin, cos) = ((first + token) as f32 * frequency).sin_cos();
                self.sin[token * pairs + i] = sin * magnitude;
                self.cos[token * pairs + i] = cos * magnitude;
            }
        }
    }
}

impl Angles {
    fn new(config: &Config, tokens: usize) -> Self {
        let length = tokens * config.rotated / 2;
        Self { everywhere: Turns::new(length), local: config.rope.local.as_ref().map(|_| Turns::new(length)) }
    }

    /// Computes them for `count` positions from `first`.
    pub(super) fn turn(&mut self, rope: &Rope, first: usize, count: usize) {
        self.everywhere.turn(&rope.frequencies, rope.magnitude, first, count);
        if let (Some(turns), Some(frequencies)) = (&mut self.local, &rope.local) {
            turns.turn(frequencies, rope.magnitude, first, count);
        }
    }

    /// Those of the `token`-th token at hand, with `pairs` each.
    pub(super) fn of(&self, is_local: bool, token: usize, pairs: usize) -> (&[f32], &[f32]) {
        let turns = self.local.as_ref().filter(|_| is_local).unwrap_or(&self.everywhere);
        (&turns.cos[token * pairs..][..pairs], &turns.sin[token * pairs..][..pairs])
    }
}
