//! A few threads that share the rows of a picture, and sleep while there is none.
//!
//! A pool of tasks allocates for each of them; this one hands out numbers. Never holds more than one piece of work,
//! returns only when all of it is done, and has no thread before the first.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;

/// What is done to each chunk, by its number.
type Work<'a> = dyn Fn(usize) + Sync + 'a;

/// Work that helpers may take part in while it is posted.
#[derive(Clone, Copy)]
struct Job {
    work: *const Work<'static>,
    chunks: usize,
}

// SAFETY: what it points to is `Sync`, and lives while the job is posted (see `Crew::run`).
unsafe impl Send for Job {}

#[derive(Default)]
struct State {
    job: Option<Job>,
    /// Counts the jobs, so that no helper takes part in one twice.
    number: u64,
    /// Helpers at work on it.
    busy: usize,
    over: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    posted: Condvar,
    done: Condvar,
    /// The next chunk that nobody took.
    next: AtomicUsize,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn help(&self) {
        let mut seen = 0;
        let mut state = self.state();
        while !state.over {
            let Some(job) = state.job.filter(|_| state.number != seen) else {
                state = self.posted.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            seen = state.number;
            state.busy += 1;
            drop(state);
            let leave = Leave(self);
            // SAFETY: the job was posted when this helper became busy, and `Crew::run` waits for busy helpers before what
            // the pointer leads to ends.
            self.take(job.chunks, unsafe { &*job.work });
            drop(leave);
            state = self.state();
        }
    }

    fn take(&self, chunks: usize, work: &Work<'_>) {
        loop {
            let chunk = self.next.fetch_add(1, Ordering::Relaxed);
            if chunk >= chunks {
                return;
            }
            work(chunk);
        }
    }
}

/// Says that a helper is free again, even when its work panicked.
struct Leave<'a>(&'a Shared);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.state().busy -= 1;
        self.0.done.notify_one();
    }
}

/// Takes a job back: nobody begins with it any more, and whoever did is waited for.
struct Posted<'a>(&'a Shared);

impl Drop for Posted<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.job = None;
        while state.busy > 0 {
            state = self.0.done.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// The caller's thread and its helpers.
pub(super) struct Crew {
    shared: Arc<Shared>,
    /// One piece of work at a time.
    turn: Mutex<()>,
    threads: usize,
    /// As long as nobody needed them there are none.
    helpers: OnceLock<Vec<JoinHandle<()>>>,
}

impl std::fmt::Debug for Crew {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Crew").field("threads", &self.threads).finish_non_exhaustive()
    }
}

impl Crew {
    /// `threads` in all, the caller's included; fewer where the system gives no more.
    pub(super) fn new(threads: usize) -> Self {
        Self { shared: Arc::default(), turn: Mutex::default(), threads, helpers: OnceLock::new() }
    }

    fn helpers(&self) -> &[JoinHandle<()>] {
        self.helpers.get_or_init(|| {
            let helper = |number| {
                let shared = Arc::clone(&self.shared);
                let helper = std::thread::Builder::new().name(format!("frames-{number}")).stack_size(256 << 10);
                helper.spawn(move || shared.help()).ok()
            };
            (1..self.threads).map_while(helper).collect()
        })
    }

    /// Calls `work` with the number of each chunk of `length` elements of `data` (the last may be shorter) and the chunk,
    /// on any of the threads.
    ///
    /// # Panics
    /// `length` is 0, or `work` panicked on this thread.
    pub(super) fn chunks<T: Send>(&self, data: &mut [T], length: usize, work: impl Fn(usize, &mut [T]) + Sync) {
        let count = data.len().div_ceil(length);
        let parts = Parts { start: data.as_mut_ptr(), elements: data.len(), length, data: PhantomData };
        self.run(count, &|chunk| {
            // SAFETY: every chunk's number is given once (`next` counts them up), so no two parts overlap.
            work(chunk, unsafe { parts.part(chunk) });
        });
    }

    fn run(&self, chunks: usize, work: &Work<'_>) {
        if chunks <= 1 || self.helpers().is_empty() {
            (0..chunks).for_each(work);
            return;
        }
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: lengthens the lifetime for keeping only: `Posted` takes the pointer back and waits for whoever uses it
        // before this function returns or unwinds.
        let kept: *const Work<'static> = unsafe { std::mem::transmute::<*const Work<'_>, *const Work<'static>>(work) };
        let mut state = self.shared.state();
        state.job = Some(Job { work: kept, chunks });
        state.number = state.number.wrapping_add(1);
        // Before the lock is given back, so that whoever sees the job counts from its first chunk.
        self.shared.next.store(0, Ordering::Relaxed);
        drop(state);
        let posted = Posted(&self.shared);
        self.shared.posted.notify_all();
        self.shared.take(chunks, work);
        drop(posted);
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.shared.state().over = true;
        self.shared.posted.notify_all();
        for helper in self.helpers.take().into_iter().flatten() {
            // A helper whose work panicked printed why.
            let _ = helper.join();
        }
    }
}

/// A slice whose chunks are written by different threads.
struct Parts<'a, T> {
    start: *mut T,
    elements: usize,
    length: usize,
    data: PhantomData<&'a mut [T]>,
}

// SAFETY: gives out parts of a slice that is borrowed mutably; that no part is given out twice is the caller's duty.
unsafe impl<T: Send> Sync for Parts<'_, T> {}

impl<T> Parts<'_, T> {
    /// # Safety
    /// No chunk is asked for twice.
    #[allow(clippy::mut_from_ref)]
    unsafe fn part(&self, chunk: usize) -> &mut [T] {
        let from = (chunk * self.length).min(self.elements);
        let length = self.length.min(self.elements - from);
        // SAFETY: within the slice, and not aliased by the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(from), length) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chunk_is_given_once_on_any_number_of_threads() {
        for threads in 1..=4 {
            let crew = Crew::new(threads);
            for elements in [0usize, 1, 9, 10, 11, 1000] {
                let mut data = vec![0usize; elements];
                for _ in 0..50 {
                    crew.chunks(&mut data, 10, |chunk, part| part.iter_mut().for_each(|value| *value += chunk + 1));
                }
                assert!(data.iter().enumerate().all(|(i, &value)| value == 50 * (i / 10 + 1)));
            }
        }
    }

    #[test]
    fn helpers_come_with_the_first_work_that_is_worth_it() {
        let crew = Crew::new(3);
        crew.chunks(&mut [0u8; 10], 10, |_, _| ());
        assert!(crew.helpers.get().is_none());
        crew.chunks(&mut [0u8; 20], 10, |_, _| ());
        assert_eq!(crew.helpers.get().map(Vec::len), Some(2));
    }

    #[test]
    fn a_panic_leaves_the_crew_at_work() {
        let crew = Crew::new(3);
        let mut data = [0u8; 64];
        for bad in [0, 17, 63] {
            // On whichever thread it happens; only the caller's own is told.
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                crew.chunks(&mut data, 1, |chunk, _| assert_ne!(chunk, bad, "meant to fail"));
            }));
        }
        data.fill(0);
        crew.chunks(&mut data, 1, |_, part| part[0] += 1);
        assert_eq!(data, [1; 64]);
    }
}
