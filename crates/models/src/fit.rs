//! What a language model would cost and give on this machine, before it is loaded.
//!
//! A dense model reads each of its weights once a token, so memory bounds its speed: tokens a second are at most the
//! bandwidth of memory through the bytes of the file, and of that bound kernels reach a share. Estimates, rounded for
//! people; `jarvis bench llm` measures. Models that use a part of their weights for each token (mixtures of experts) are
//! faster than this says.

use crate::catalog::Kind;
use crate::store::Listed;
use serde::Serialize;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// The share of the bound that generation reaches, all kinds of weights alike.
const SHARE: f64 = 0.7;
/// Memory for keys and values of what was read, for scores and for the program's own tables.
const WORKING: u64 = 64 << 20;
/// Bigger models keep more for each token that was read: a part of their file, as a divisor.
const KEPT: u64 = 12;
/// What the first three words of an answer cost, in tokens that are made: they are four, and to read the question's own
/// words, together, took as long again with the models of the catalog.
const FIRST_WORDS: f64 = 8.0;
/// Whoever waits longer for an answer to begin, in seconds, thinks that nothing was heard. Half of it would do for what is
/// promised; an estimate that was made while the machine worked is as much too high.
const SOON: f64 = 0.5;
/// More than processors' caches hold, in all.
const MEASURED: usize = 96 << 20;
/// Read in some ten microseconds: much less than a processor gives to one program at a time.
const PIECE: usize = 256 << 10;
/// Passes are made for so long, and one at least.
const PASSES: Duration = Duration::from_millis(10);

/// What a language model would cost and give.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Fit {
    /// Memory that it needs, in bytes: its weights as they lie in the file, and what it works with.
    pub memory_bytes: u64,
    /// Tokens that it makes a second, about.
    pub tokens_per_second: f64,
    /// How long after a short question the first three words of its answer are there, in seconds, about.
    pub first_words_seconds: f64,
}

impl Fit {
    /// Of a model whose file has `bytes`, where memory gives `bandwidth` bytes a second.
    pub fn of(bytes: u64, bandwidth: f64) -> Self {
        let tokens = SHARE * bandwidth / (bytes.max(1) as f64);
        Self {
            memory_bytes: Self::memory(bytes),
            tokens_per_second: rounded(tokens),
            first_words_seconds: rounded(FIRST_WORDS / tokens),
        }
    }

    /// Whether its answers begin soon enough for a conversation, in `free` bytes of memory.
    pub fn is_for_conversation(&self, free: u64) -> bool {
        self.first_words_seconds <= SOON && self.memory_bytes <= free
    }

    /// Memory that a model whose file has `bytes` needs, in bytes.
    pub fn memory(bytes: u64) -> u64 {
        bytes.saturating_add(WORKING).saturating_add(bytes / KEPT)
    }
}

/// The language model among `models`, installed or not, that answers best of those whose answers begin soon in this
/// machine's memory: the biggest. `free`: bytes that it may have.
pub fn recommended(models: &[Listed], bandwidth: f64, free: u64) -> Option<&Listed> {
    let is_right =
        |model: &&Listed| model.kind == Kind::Language && Fit::of(model.bytes, bandwidth).is_for_conversation(free);
    models.iter().filter(is_right).max_by_key(|model| model.bytes)
}

/// To two digits: more would pretend to be measured.
fn rounded(value: f64) -> f64 {
    if !value.is_finite() || value <= 0.0 {
        return 0.0;
    }
    let unit = 10_f64.powf(value.log10().floor() - 1.0);
    (value / unit).round() * unit
}

/// Bytes that all processors together read from memory in a second, while nothing else does: of a few passes over more than
/// their caches hold, the quicker pieces count, since a machine that is busy interrupts the others. Takes about 50 ms and
/// 96 MB.
pub fn memory_bandwidth() -> f64 {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(16);
    let words = MEASURED / 8 / threads;
    let barrier = std::sync::Barrier::new(threads);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|number| {
                let barrier = &barrier;
                scope.spawn(move || {
                    // Written, so that each page is one of its own.
                    let memory = vec![number as u64 + 1; words];
                    barrier.wait();
                    let (begun, mut times) = (Instant::now(), Vec::new());
                    while times.is_empty() || begun.elapsed() < PASSES {
                        for piece in memory.chunks_exact(PIECE / 8) {
                            let start = Instant::now();
                            black_box(sum(black_box(piece)));
                            times.push(start.elapsed().as_secs_f64());
                        }
                    }
                    times.sort_by(f64::total_cmp);
                    PIECE as f64 / times[times.len() / 4]
                })
            })
            .collect();
        workers.into_iter().filter_map(|worker| worker.join().ok()).filter(|rate| rate.is_finite()).sum()
    })
}

/// In independent sums, so that adding never waits.
fn sum(memory: &[u64]) -> u64 {
    let mut sums = [0_u64; 16];
    for chunk in memory.chunks_exact(16) {
        for (sum, word) in sums.iter_mut().zip(chunk) {
            *sum = sum.wrapping_add(*word);
        }
    }
    sums.into_iter().fold(0, u64::wrapping_add)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn memory_gives_something() {
        let bandwidth = memory_bandwidth();
        assert!(bandwidth.is_finite() && bandwidth > 1e8, "{bandwidth}");
    }

    #[test]
    fn figures_have_two_digits() {
        assert_eq!([rounded(183.4), rounded(9.96), rounded(0.034), rounded(0.0)], [180.0, 10.0, 0.034, 0.0]);
    }

    proptest! {
        #[test]
        fn a_bigger_model_needs_more_and_gives_less(
            bytes in 0_u64..1 << 40, more in 1_u64..1 << 40, bandwidth in 1e8_f64..1e12,
        ) {
            let (small, big) = (Fit::of(bytes, bandwidth), Fit::of(bytes + more, bandwidth));
            prop_assert!(big.memory_bytes > small.memory_bytes && small.memory_bytes > bytes);
            prop_assert!(big.tokens_per_second <= small.tokens_per_second);
            prop_assert!(big.first_words_seconds >= small.first_words_seconds);
            prop_assert!(small.is_for_conversation(u64::MAX) || !big.is_for_conversation(u64::MAX));
            prop_assert!(!big.is_for_conversation(small.memory_bytes));
            prop_assert!(Fit::of(bytes, bandwidth * 2.0).tokens_per_second >= small.tokens_per_second);
        }
    }
}
