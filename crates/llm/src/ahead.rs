//! What a thread asks memory for while it waits: the weights that its next step begins with.
//!
//! While a token is made, every step ends with threads that wait for the last of them, and begins with memory that nobody
//! has asked for yet. Whoever waits asks for it, so that the step after begins in the caches. Only ever asks: an address
//! that is out of date, or that was let go of, costs a little time and can do no harm.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes of a cache line.
const CACHE_LINE: usize = 64;

/// Bytes worth asking for ahead: what is fetched while a thread waits, and no more than a second level of caches holds
/// beside what is in use.
pub(crate) const WORTH: usize = 64 << 10;

/// Pairs of stretches that a thread is told at a time, at most.
const PAIRS: usize = 4;

/// Memory that one thread reads next: pairs of stretches that are read side by side, one pair after the other.
#[derive(Debug, Default)]
pub(crate) struct Ahead([[Stretch; 2]; PAIRS]);

#[derive(Debug, Default)]
struct Stretch {
    start: AtomicUsize,
    end: AtomicUsize,
}

impl Ahead {
    /// Takes the place of what was to be read before; what is behind the first few pairs is left out. Another thread that
    /// looks meanwhile may see half of it.
    pub(crate) fn set<'a>(&self, pairs: impl IntoIterator<Item = [&'a [u8]; 2]>) {
        let mut pairs = pairs.into_iter();
        for ahead in &self.0 {
            let pair = pairs.next().unwrap_or_default();
            for (ahead, bytes) in ahead.iter().zip(pair) {
                let bytes = bytes.as_ptr_range();
                ahead.start.store(bytes.start as usize, Ordering::Relaxed);
                ahead.end.store(bytes.end as usize, Ordering::Relaxed);
            }
        }
    }

    /// To be asked for from the beginning.
    pub(crate) fn fetch(&self) -> Fetch {
        let of = |stretch: &Stretch| (stretch.start.load(Ordering::Relaxed), stretch.end.load(Ordering::Relaxed));
        Fetch { pairs: self.0.each_ref().map(|pair| pair.each_ref().map(of)), done: 0 }
    }
}

/// How far a thread has asked.
#[derive(Debug, Default)]
pub(crate) struct Fetch {
    pairs: [[(usize, usize); 2]; PAIRS],
    done: usize,
}

impl Fetch {
    /// Asks for one more cache line of each stretch of a pair, if there is one.
    #[inline]
    pub(crate) fn more(&mut self) {
        while let Some(pair) = self.pairs.get_mut(self.done) {
            let mut is_done = true;
            for (at, end) in pair {
                if *at < *end {
                    ask_for(*at as *const u8);
                    *at += CACHE_LINE;
                    is_done = false;
                }
            }
            if !is_done {
                return;
            }
            self.done += 1;
        }
    }
}

/// Asks for the cache line that `at` is in.
#[inline(always)]
fn ask_for(at: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: asking never reads, faults or changes anything, whatever the address.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(at.cast());
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: as above.
    unsafe {
        std::arch::asm!("prfm pldl1keep, [{}]", in(reg) at, options(nostack, readonly, preserves_flags));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = at;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_asked_for_once_and_then_no_more() {
        let (long, short) = (vec![0u8; 10 * CACHE_LINE], vec![0u8; CACHE_LINE + 1]);
        let ahead = Ahead::default();
        ahead.set([[&long[..], &short], [&[], &short], [&[], &[]], [&short, &long], [&long, &long]]);
        let mut fetch = ahead.fetch();
        let is_left = |fetch: &Fetch| fetch.pairs.iter().flatten().any(|(at, end)| at < end);
        let mut asked = 0;
        while is_left(&fetch) {
            fetch.more();
            asked += 1;
        }
        assert_eq!(asked, 10 + 2 + 10, "side by side, one pair after the other, and no more pairs than are kept");
        let ends = fetch.pairs;
        fetch.more();
        assert_eq!(fetch.pairs, ends);

        ahead.set([]);
        let mut fetch = ahead.fetch();
        fetch.more();
        assert!(!is_left(&fetch), "nothing is ahead");
    }
}
