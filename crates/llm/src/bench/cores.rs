//! How far apart the processor's cores are, which decides what sharing a step of a forward pass between them costs.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Words that are sent there and back.
const SENT: u32 = 2_000;

/// The time that a word takes from one thread to another, where the system puts them: some 20 to 60 ns between cores that
/// share a cache, and 100 to 200 between others. The median of five times [`SENT`] words there and back.
pub fn distance() -> Duration {
    let mut times = [(); 5].map(|()| once());
    times.sort();
    times[2]
}

fn once() -> Duration {
    let word = AtomicU32::new(0);
    let wait_for = |expected: u32| {
        let mut looks = 0u32;
        while word.load(Ordering::Acquire) != expected {
            looks += 1;
            // The other may wait for this very core.
            if looks < 1_000 { std::hint::spin_loop() } else { std::thread::yield_now() }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for sent in 0..SENT {
                wait_for(2 * sent + 1);
                word.store(2 * sent + 2, Ordering::Release);
            }
        });
        word.store(1, Ordering::Release);
        wait_for(2);
        let began = Instant::now();
        for sent in 1..SENT {
            word.store(2 * sent + 1, Ordering::Release);
            wait_for(2 * sent + 2);
        }
        began.elapsed() / (2 * (SENT - 1))
    })
}
