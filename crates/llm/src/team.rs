//! A few threads that share one piece of work at a time and sleep when there is none.
//!
//! A forward pass is some two hundred short steps, so handing one over has to cost about a microsecond: helpers look
//! for the next step for a moment before they go to sleep, and ask memory meanwhile for what it will read ([`ahead`]). Work
//! is cut into chunks, and each thread has a run of them that it takes one after the other, which costs next to nothing and
//! reads memory in its order; whoever has none left takes the last ones of others. So a helper that the system did not
//! schedule is waited for no longer than for the chunk that it has begun. Every model owns its team, so that two models never wait for each other.
//!
//! [`ahead`]: crate::ahead

use crate::ahead::{Ahead, Fetch};
use std::cell::UnsafeCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread::{JoinHandle, Thread};

/// How often a helper looks for work before it goes to sleep: some tens of microseconds.
const LOOKS: u32 = 4_000;

/// Cache lines that the caller asks for ahead although nobody is left to wait for.
const AT_LEAST: usize = 8;

/// What a chunk of work gets: the number of the thread that runs it and the number of the chunk.
type Task<'a> = dyn Fn(usize, usize) + Sync + 'a;

/// The epoch of a task and how many chunks it has, in one word.
#[derive(Clone, Copy)]
struct Ticket(u64);

impl Ticket {
    fn new(epoch: u32, chunks: u16) -> Self {
        Self((u64::from(epoch) << 32) | u64::from(chunks))
    }

    fn epoch(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// The chunks that are `thread`'s own, of so many.
    fn run_of(self, thread: usize, threads: usize) -> Run {
        let chunks = usize::from(self.0 as u16);
        Run {
            epoch: self.epoch(),
            next: (chunks * thread / threads) as u16,
            end: (chunks * (thread + 1) / threads) as u16,
        }
    }
}

/// The chunks of a thread's own that nobody has claimed. In one word, so that a chunk is claimed in one step and only of the
/// task that is current.
#[derive(Clone, Copy)]
struct Run {
    epoch: u32,
    next: u16,
    end: u16,
}

impl Run {
    fn word(self) -> u64 {
        (u64::from(self.epoch) << 32) | (u64::from(self.end) << 16) | u64::from(self.next)
    }

    fn of(word: u64) -> Self {
        Self { epoch: (word >> 32) as u32, next: word as u16, end: (word >> 16) as u16 }
    }
}

/// On cache lines of its own. From one core to another a line takes as long as hundreds of instructions, so what one
/// writes while another reads something else does not share any.
#[repr(align(128))]
struct Apart<T>(T);

/// What a thread needs to begin with, together: it is fetched once.
struct Posted {
    ticket: AtomicU64,
    task: UnsafeCell<Option<*const Task<'static>>>,
}

struct Shared {
    posted: Apart<Posted>,
    /// By thread, a [`Run`] of the last task of which a chunk of its own was claimed.
    runs: Box<[Apart<AtomicU64>]>,
    /// Chunks that were done, and whether one of them panicked.
    done: Apart<(AtomicU32, AtomicBool)>,
    quit: AtomicBool,
    /// Helpers that sleep or are about to.
    asleep: AtomicU32,
    /// What each thread reads in the step after this one.
    ahead: Box<[Apart<Ahead>]>,
}

// SAFETY: `task` is written only by the one caller of `Team::run` while no chunk is claimed, and read only by whoever
// claimed a chunk of the ticket that was published after the write. The closure behind it is `Sync`, and `run` does not
// return before every chunk is done.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

/// Counts the chunks that a thread claimed as done, all at once, even when the last one panics, so that nobody waits for
/// ever.
struct Finish<'a> {
    shared: &'a Shared,
    chunks: u32,
}

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        if self.chunks == 0 {
            return;
        }
        let (done, panicked) = &self.shared.done.0;
        if std::thread::panicking() {
            panicked.store(true, Ordering::Relaxed);
        }
        done.fetch_add(self.chunks, Ordering::Release);
    }
}

impl Shared {
    /// Claims and runs chunks of the current task until none is left; `false` when there was none at all. `seen` is the epoch
    /// of the last task that this thread has looked at.
    fn work(&self, thread: usize, seen: &mut u32) -> bool {
        let Posted { ticket, task } = &self.posted.0;
        let ticket = Ticket(ticket.load(Ordering::Acquire));
        if ticket.epoch() == *seen {
            return false;
        }
        *seen = ticket.epoch();
        let mut finish = Finish { shared: self, chunks: 0 };
        while let Some(chunk) = self.claim(thread, ticket) {
            finish.chunks += 1;
            // SAFETY: a chunk of the ticket's task is claimed and not yet done, so `run` waits and the closure lives; the
            // pointer was written before the ticket was published (Release) and is not written again until all are done.
            let task = unsafe { (*task.get()).map(|task| &*task) };
            if let Some(task) = task {
                task(thread, chunk);
            }
        }
        finish.chunks > 0
    }

    /// A chunk of the task of `ticket` for `thread` to run: the next of its own, or the last of another's.
    fn claim(&self, thread: usize, ticket: Ticket) -> Option<usize> {
        let own = self.claim_of(thread, ticket, |run| Run { next: run.next + 1, ..run }).map(|run| run.next);
        // Each begins with its neighbour, so that not all look at the same first.
        let threads = self.runs.len();
        let mut others = (1..threads).map(|step| (thread + step) % threads);
        own.or_else(|| others.find_map(|other| self.claim_last(other, ticket))).map(usize::from)
    }

    /// Claims the last chunk of `thread`'s own.
    fn claim_last(&self, thread: usize, ticket: Ticket) -> Option<u16> {
        self.claim_of(thread, ticket, |run| Run { end: run.end - 1, ..run }).map(|run| run.end - 1)
    }

    /// Claims a chunk of `thread`'s own, which `take` takes off; returns what the run was before. None when no chunk is left,
    /// or the task of `ticket` is long done.
    fn claim_of(&self, thread: usize, ticket: Ticket, take: impl Fn(Run) -> Run) -> Option<Run> {
        let word = &self.runs[thread].0;
        let mut seen = word.load(Ordering::Acquire);
        loop {
            let run = Run::of(seen);
            // One that is behind has claimed nothing yet of this task, of which every chunk is claimed before the next begins.
            let run = match ticket.epoch().wrapping_sub(run.epoch) as i32 {
                0 => run,
                1.. => ticket.run_of(thread, self.runs.len()),
                _ => return None,
            };
            if run.next >= run.end {
                return None;
            }
            match word.compare_exchange_weak(seen, take(run).word(), Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Some(run),
                Err(changed) => seen = changed,
            }
        }
    }

    /// Whether there is a task that a thread that has `seen` this epoch has not looked at.
    fn has_work(&self, seen: u32) -> bool {
        Ticket(self.posted.0.ticket.load(Ordering::SeqCst)).epoch() != seen
    }

    fn help(&self, thread: usize) {
        let mut seen = 0;
        while !self.quit.load(Ordering::Relaxed) {
            let mut looks = 0;
            let mut fetch = Fetch::default();
            while looks < LOOKS {
                if self.work(thread, &mut seen) {
                    looks = 0;
                    fetch = self.ahead[thread].0.fetch();
                } else {
                    looks += 1;
                    fetch.more();
                    std::hint::spin_loop();
                }
            }
            self.asleep.fetch_add(1, Ordering::SeqCst);
            // Looks once more after saying that it sleeps: a task published before that would not wake it.
            while !self.has_work(seen) && !self.quit.load(Ordering::SeqCst) {
                std::thread::park();
            }
            self.asleep.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// The caller's thread and its helpers.
pub(crate) struct Team {
    shared: Arc<Shared>,
    helpers: Vec<(Thread, Option<JoinHandle<()>>)>,
    epoch: u32,
}

impl Team {
    /// The most chunks that one task may have.
    pub(crate) const MAX_CHUNKS: usize = u16::MAX as usize - 1;

    /// A team of `threads`, the caller included; at least one.
    ///
    /// # Errors
    /// The system gives no more threads.
    pub(crate) fn new(threads: usize) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            posted: Apart(Posted { ticket: AtomicU64::new(0), task: UnsafeCell::new(None) }),
            done: Apart((AtomicU32::new(0), AtomicBool::new(false))),
            quit: AtomicBool::new(false),
            asleep: AtomicU32::new(0),
            runs: (0..threads.max(1)).map(|_| Apart(AtomicU64::new(0))).collect(),
            ahead: (0..threads.max(1)).map(|_| Apart(Ahead::default())).collect(),
        });
        let mut team = Self { shared, helpers: Vec::new(), epoch: 0 };
        for index in 1..threads {
            let shared = Arc::clone(&team.shared);
            let handle = std::thread::Builder::new()
                .name(format!("llm-{index}"))
                .stack_size(512 << 10)
                .spawn(move || shared.help(index))?;
            team.helpers.push((handle.thread().clone(), Some(handle)));
        }
        Ok(team)
    }

    /// Threads, the caller included.
    pub(crate) fn threads(&self) -> usize {
        self.helpers.len() + 1
    }

    /// What `thread` reads first in the step after the next one to [`run`](Self::run), for it to ask for while it waits.
    pub(crate) fn foresee<'a>(&self, thread: usize, pairs: impl IntoIterator<Item = [&'a [u8]; 2]>) {
        self.shared.ahead[thread].0.set(pairs);
    }

    /// Calls `task(thread, chunk)` once for each chunk of `0..chunks` (at most [`Self::MAX_CHUNKS`]), on any of the
    /// threads, and returns when all are done. Each thread begins with its own, in their order: an equal part of them.
    ///
    /// # Panics
    /// A chunk panicked.
    pub(crate) fn run(&mut self, chunks: usize, task: &Task<'_>) {
        if chunks <= 1 || self.helpers.is_empty() {
            (0..chunks).for_each(|chunk| task(0, chunk));
            return;
        }
        assert!(chunks <= Self::MAX_CHUNKS, "{chunks} chunks");
        self.epoch = self.epoch.wrapping_add(1);
        let shared = &*self.shared;
        let (posted, (done, panicked)) = (&shared.posted.0, &shared.done.0);
        // SAFETY: lengthens the lifetime for storage only: this function does not return before all chunks are done
        // (`Wait` waits even when the caller's own chunk panics), and nothing reads the pointer after that.
        let task: *const Task<'static> = unsafe { std::mem::transmute::<*const Task<'_>, *const Task<'static>>(task) };
        // SAFETY: every chunk of the previous task is done, so nobody reads this now (see `Shared`).
        unsafe { *posted.task.get() = Some(task) };
        done.store(0, Ordering::Relaxed);
        panicked.store(false, Ordering::Relaxed);
        let ticket = Ticket::new(self.epoch, chunks as u16);
        posted.ticket.store(ticket.0, Ordering::SeqCst);
        if shared.asleep.load(Ordering::SeqCst) > 0 {
            self.helpers.iter().for_each(|(thread, _)| thread.unpark());
        }
        let wait = Wait { shared, ticket, chunks: chunks as u32 };
        shared.work(0, &mut self.epoch.wrapping_sub(1));
        drop(wait);
        if panicked.load(Ordering::Relaxed) {
            panic!("a helper of the language model panicked");
        }
    }
}

/// Waits until every chunk is done; those that nobody claimed are given up when the caller panics.
struct Wait<'a> {
    shared: &'a Shared,
    ticket: Ticket,
    chunks: u32,
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let mut expected = self.chunks;
        if std::thread::panicking() {
            for thread in 0..self.shared.runs.len() {
                while self.shared.claim_last(thread, self.ticket).is_some() {
                    expected -= 1;
                }
            }
        }
        let mut looks = 0u32;
        let mut fetch = self.shared.ahead[0].0.fetch();
        // The caller is often the last, and then does not wait; a few lines cost it less than they save.
        (0..AT_LEAST).for_each(|_| fetch.more());
        while self.shared.done.0.0.load(Ordering::Acquire) < expected {
            looks += 1;
            fetch.more();
            if looks < LOOKS { std::hint::spin_loop() } else { std::thread::yield_now() }
        }
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.shared.quit.store(true, Ordering::SeqCst);
        for (thread, handle) in &mut self.helpers {
            thread.unpark();
            if let Some(handle) = handle.take() {
                // A helper's panic was already told to the caller.
                let _ = handle.join();
            }
        }
    }
}

/// A slice that several chunks of one task write, each its own part.
pub(crate) struct Parts<'a, T> {
    start: *mut T,
    length: usize,
    _slice: std::marker::PhantomData<&'a mut [T]>,
}

// SAFETY: hands out parts of an exclusively borrowed slice; that they don't overlap is the duty of `Parts::part`'s caller.
unsafe impl<T: Send> Sync for Parts<'_, T> {}

impl<'a, T> Parts<'a, T> {
    pub(crate) fn new(slice: &'a mut [T]) -> Self {
        Self { start: slice.as_mut_ptr(), length: slice.len(), _slice: std::marker::PhantomData }
    }

    /// `length` elements from `first`.
    ///
    /// # Safety
    /// No two parts that are alive at the same time overlap.
    ///
    /// # Panics
    /// The part is not within the slice.
    #[allow(clippy::mut_from_ref)]
    pub(crate) unsafe fn part(&self, first: usize, length: usize) -> &mut [T] {
        assert!(
            first.checked_add(length).is_some_and(|end| end <= self.length),
            "part {first}+{length} of {}",
            self.length
        );
        // SAFETY: within the slice (checked), and not aliased by the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(first), length) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn every_chunk_runs_once_on_any_number_of_threads() {
        for threads in 1..=4 {
            let mut team = Team::new(threads).unwrap();
            assert_eq!(team.threads(), threads);
            for chunks in [0, 1, 2, 7, 300] {
                let counts: Vec<AtomicUsize> = (0..chunks).map(|_| AtomicUsize::new(0)).collect();
                for _ in 0..200 {
                    team.run(chunks, &|thread, chunk| {
                        assert!(thread < threads);
                        counts[chunk].fetch_add(1, Ordering::Relaxed);
                    });
                }
                assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == 200));
            }
        }
    }

    #[test]
    fn own_chunks_are_claimed_in_their_order_and_others_from_the_end() {
        let runs = |threads: usize| (0..threads).map(|_| Apart(AtomicU64::new(0))).collect();
        let shared = Shared {
            posted: Apart(Posted { ticket: AtomicU64::new(0), task: UnsafeCell::new(None) }),
            runs: runs(3),
            done: Apart((AtomicU32::new(0), AtomicBool::new(false))),
            quit: AtomicBool::new(false),
            asleep: AtomicU32::new(0),
            ahead: Box::new([]),
        };
        let claims =
            |thread, ticket, count: usize| (0..count).map(|_| shared.claim(thread, ticket)).collect::<Vec<_>>();
        let first = Ticket::new(1, 8);
        // 0 and 1 are the first thread's, 2, 3 and 4 the second's, 5, 6 and 7 the last one's.
        assert_eq!(claims(1, first, 2), [Some(2), Some(3)]);
        assert_eq!(claims(0, first, 4), [Some(0), Some(1), Some(4), Some(7)]);
        assert_eq!(claims(2, first, 4), [Some(5), Some(6), None, None]);
        // Fewer than threads, one of which is late and still at the task before.
        let second = Ticket::new(2, 2);
        assert_eq!(claims(0, second, 3), [Some(0), Some(1), None]);
        assert_eq!(claims(2, first, 1), [None]);
        let third = Ticket::new(3, 3);
        assert_eq!(claims(1, second, 1), [None]);
        assert_eq!(claims(0, third, 4), [Some(0), Some(1), Some(2), None]);
    }

    #[test]
    fn helpers_wake_after_a_sleep() {
        let mut team = Team::new(2).unwrap();
        for _ in 0..20 {
            std::thread::sleep(std::time::Duration::from_millis(2));
            let sum = AtomicUsize::new(0);
            team.run(64, &|_, chunk| {
                sum.fetch_add(chunk, Ordering::Relaxed);
            });
            assert_eq!(sum.into_inner(), 64 * 63 / 2);
        }
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_team_goes_on() {
        let mut team = Team::new(3).unwrap();
        for bad in [0, 5, 31] {
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                team.run(32, &|_, chunk| assert_ne!(chunk, bad));
            }));
            assert!(outcome.is_err());
            // A helper that panicked is gone; the others and the caller do its share.
            let count = AtomicUsize::new(0);
            team.run(8, &|_, _| {
                count.fetch_add(1, Ordering::Relaxed);
            });
            assert_eq!(count.into_inner(), 8);
        }
    }

    #[test]
    fn chunks_write_their_own_parts() {
        let mut team = Team::new(2).unwrap();
        let mut numbers = vec![0usize; 1000];
        let parts = Parts::new(&mut numbers);
        team.run(10, &|_, chunk| {
            // SAFETY: each chunk has its own hundred.
            unsafe { parts.part(chunk * 100, 100) }.fill(chunk);
        });
        assert!(numbers.iter().enumerate().all(|(i, &n)| n == i / 100));
    }
}
