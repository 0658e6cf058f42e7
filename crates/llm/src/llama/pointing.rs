//! Where a question looks on a page that was read before it: how much the attention of its tokens goes to each line.
//!
//! Heads that fetch what is asked for from far back ("retrieval heads", Wu et al., arXiv 2404.15574) point at the answer before a
//! word of it is made. Owns the sums by head and line while a question is read; what they
//! mean is [`crate::pointer`]'s. Never reads tokens itself.

use super::cache::Cache;
use super::config::Config;
use crate::kernels::{self, Ends, Kernel};
use std::ops::Range;

/// What is noted of one question.
pub(crate) struct Pointing {
    /// For each layer, the heads that count, in their order.
    heads: Vec<Vec<usize>>,
    /// Positions of the lines.
    lines: Vec<Range<usize>>,
    /// Positions of the question, and those behind it.
    parts: [Range<usize>; 2],
    /// By layer and head that count, by part, by line.
    sums: Vec<f32>,
    scratch: Scratch,
}

#[derive(Default)]
struct Scratch {
    scores: Vec<f32>,
    found: Vec<f32>,
    ends: Vec<Ends>,
}

impl Pointing {
    pub(crate) fn new(heads: Vec<Vec<usize>>, lines: Vec<Range<usize>>, parts: [Range<usize>; 2]) -> Self {
        let count: usize = heads.iter().map(Vec::len).sum();
        let sums = vec![0.0; count * parts.len() * lines.len()];
        Self { heads, lines, parts, sums, scratch: Scratch::default() }
    }

    /// By layer and head that count, by part (the question's tokens, those behind it), by line: the part of the attention that
    /// goes there, on average.
    pub(crate) fn shares(mut self) -> Vec<f32> {
        let lines = self.lines.len();
        for (at, sums) in self.sums.chunks_exact_mut(lines).enumerate() {
            let tokens = self.parts[at % self.parts.len()].len().max(1) as f32;
            sums.iter_mut().for_each(|sum| *sum /= tokens);
        }
        self.sums
    }

    /// Notes where the tokens `first ..` of one layer look, whose finished queries are `query` (tokens x query width).
    pub(super) fn note(
        &mut self,
        (kernel, config): (Kernel, &Config),
        layer: usize,
        first: usize,
        query: &[f32],
        cache: &Cache,
    ) {
        let before: usize = self.heads[..layer].iter().map(Vec::len).sum();
        let (shared, width, lines) = (config.shared_by(), config.head_width, self.lines.len());
        let Scratch { scores, found, ends } = &mut self.scratch;
        for (token, query) in query.chunks_exact(config.query_width()).enumerate() {
            let position = first + token;
            let Some(part) = self.parts.iter().position(|part| part.contains(&position)) else { continue };
            for (index, head) in self.heads[layer].iter().enumerate() {
                let seen = position + 1;
                scores.resize(seen, 0.0);
                found.resize(width, 0.0);
                ends.resize(1, Ends::NONE);
                let positions = cache.head(layer, head / shared, 0..seen);
                kernels::attend(
                    kernel,
                    &query[head * width..][..width],
                    positions,
                    config.score_cap,
                    scores,
                    found,
                    ends,
                );
                let sums = &mut self.sums[((before + index) * self.parts.len() + part) * lines..][..lines];
                for (sum, line) in sums.iter_mut().zip(&self.lines) {
                    *sum += scores[line.start.min(seen)..line.end.min(seen)].iter().sum::<f32>() / ends[0].sum;
                }
            }
        }
    }
}
