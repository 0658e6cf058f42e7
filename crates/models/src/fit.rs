//! What a language model would cost and give on this machine, before it is loaded.
//!
//! A dense model reads each of its weights once a token, so memory bounds its speed: tokens a second are at most the
//! bandwidth of memory through the bytes of the file, and of that bound kernels reach a share. Estimates, rounded for
//! people; `jarvis bench llm` measures. Models that use a part of their weights for each token (mixtures of experts) are
//! faster than this says.

use crate::catalog::Kind;
use crate::store::Listed;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::path::Path;
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
/// What is measured is so many times as much as the caches hold that the threads share: where they keep what they can of it,
/// that is a third of all pieces, and the middle one still came from memory.
const BEYOND_CACHES: usize = 3;
/// Taken for the last cache's bytes where the system does not tell.
const USUAL_CACHE: usize = 32 << 20;
/// The least and the most bytes that a thread measures: it has to write them all first, which takes a core about 40 ms for 96 MB.
/// Few processors have a bigger share of caches; a guest with a few of a server's is told of all that the server's hold.
const PART: std::ops::RangeInclusive<usize> = 4 << 20..=256 << 20;
/// The share of the memory that is free which is written for it, as a divisor.
const OF_FREE: u64 = 8;
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
/// their caches hold, the middle piece counts, since a machine that is busy interrupts a few. Takes about 40 ms, 150 ms
/// where caches are very big, and three times the memory that they hold, of the bytes that are `free` an eighth at most. Where that
/// is less than the caches hold, what they give makes it too high.
pub fn memory_bandwidth(free: u64) -> f64 {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(16);
    let cached = cache_bytes(Path::new("/sys/devices/system/cpu"), threads).unwrap_or(USUAL_CACHE);
    let words = part(cached, threads, free) / 8;
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
                    PIECE as f64 / times[times.len() / 2]
                })
            })
            .collect();
        workers.into_iter().filter_map(|worker| worker.join().ok()).filter(|rate| rate.is_finite()).sum()
    })
}

/// Bytes that each of `threads` measures where they have so many bytes of caches together, and so many bytes of memory are free.
fn part(cached: usize, threads: usize, free: u64) -> usize {
    let threads = threads.max(1);
    let room = usize::try_from(free / OF_FREE).unwrap_or(usize::MAX) / threads;
    let most = room.clamp(*PART.start(), *PART.end());
    (BEYOND_CACHES.saturating_mul(cached) / threads).clamp(*PART.start(), most)
}

/// Bytes that the last caches hold which so many threads can have between them, as Linux tells it in `processors`. None where
/// it does not.
fn cache_bytes(processors: &Path, threads: usize) -> Option<usize> {
    // By who shares them: each is told of once for each of its processors.
    let mut caches: BTreeMap<String, (u32, usize)> = BTreeMap::new();
    for processor in fs::read_dir(processors).ok()?.flatten() {
        let Ok(levels) = fs::read_dir(processor.path().join("cache")) else { continue };
        for cache in levels.flatten() {
            let tell = |name: &str| fs::read_to_string(cache.path().join(name)).ok().map(|text| text.trim().to_owned());
            let read =
                || Some((tell("shared_cpu_list")?, tell("level")?.parse::<u32>().ok()?, kibibytes(&tell("size")?)?));
            if let Some((sharers, level, bytes)) = read() {
                let last = caches.entry(sharers).or_default();
                *last = (*last).max((level, bytes));
            }
        }
    }
    let level = caches.values().map(|(level, _)| *level).max()?;
    let mut last: Vec<usize> = caches.into_values().filter(|cache| cache.0 == level).map(|cache| cache.1).collect();
    last.sort_unstable_by(|a, b| b.cmp(a));
    Some(last.into_iter().take(threads).sum())
}

/// Bytes, of a size as Linux writes it: `32768K`.
fn kibibytes(text: &str) -> Option<usize> {
    text.strip_suffix('K')?.parse::<usize>().ok()?.checked_mul(1024)
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
        let bandwidth = memory_bandwidth(1 << 30);
        assert!(bandwidth.is_finite() && bandwidth > 1e8, "{bandwidth}");
    }

    /// Files as Linux has them: caches of `(level, size)` for each processor, shared by so many.
    fn processors(of: &[(usize, u32, &str)], count: usize) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("cpufreq")).unwrap();
        for cpu in 0..count {
            for (index, (sharers, level, size)) in of.iter().enumerate() {
                let folder = root.path().join(format!("cpu{cpu}/cache/index{index}"));
                fs::create_dir_all(&folder).unwrap();
                let first = cpu / sharers * sharers;
                let put = |name: &str, text: String| fs::write(folder.join(name), text + "\n").unwrap();
                put("level", level.to_string());
                put("size", (*size).into());
                put("shared_cpu_list", format!("{first}-{}", first + sharers - 1));
            }
        }
        root
    }

    #[test]
    fn the_last_caches_are_counted_once_each_and_no_more_than_there_are_threads() {
        let desktop = processors(&[(1, 1, "32K"), (1, 2, "1024K"), (4, 3, "32768K")], 4);
        assert_eq!(cache_bytes(desktop.path(), 4), Some(32 << 20));
        let server = processors(&[(1, 1, "32K"), (2, 2, "1024K"), (8, 3, "98304K")], 32);
        assert_eq!(cache_bytes(server.path(), 16), Some((4 * 96) << 20));
        assert_eq!(cache_bytes(server.path(), 2), Some((2 * 96) << 20));
        let board = processors(&[(1, 1, "32K"), (4, 2, "512K")], 4);
        assert_eq!(cache_bytes(board.path(), 4), Some(512 << 10));
        for unknown in [processors(&[], 4), processors(&[(4, 2, "much")], 4)] {
            assert_eq!(cache_bytes(unknown.path(), 4), None);
        }
        assert_eq!(cache_bytes(Path::new("/nowhere"), 4), None);
    }

    #[test]
    fn three_times_what_caches_hold_is_measured_where_that_is_neither_long_nor_much_of_what_is_free() {
        let much = 64 << 30;
        assert_eq!(part(32 << 20, 2, much), 48 << 20);
        assert_eq!(part((4 * 96) << 20, 16, much), 72 << 20);
        assert_eq!(part(512 << 10, 4, much), 4 << 20);
        // A guest with two processors of a server.
        assert_eq!(part(160 << 20, 2, much), 240 << 20);
        assert_eq!(part(1 << 30, 2, much), 256 << 20, "less than the caches hold: it would take too long");
        assert_eq!(part(160 << 20, 2, 1 << 30), 64 << 20, "there is no memory for more");
        assert_eq!(part(160 << 20, 2, 0), 4 << 20);
        assert_eq!(part(usize::MAX, 0, u64::MAX), 256 << 20);
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
