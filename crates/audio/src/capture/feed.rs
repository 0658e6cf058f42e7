//! The device's callback: from the driver's buffer into the ring.
//!
//! Runs on the sound system's real-time thread: no lock, no allocation, no log line, no system call but the one that
//! wakes the listener. A full ring drops what does not fit and counts it; it never waits.

use crate::convert::downmix;
use cpal::{FromSample, Sample};
use rtrb::{Consumer, Producer, RingBuffer};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, Thread};

/// How much sound the ring holds, in seconds, for a listener that is busy elsewhere.
const RING_SECONDS: u32 = 2;

/// The thread that waits for sound.
#[derive(Debug, Default)]
pub(crate) struct Listener(OnceLock<Thread>);

impl Listener {
    /// Makes the calling thread the one that is woken, if there is none yet.
    pub fn attach(&self) {
        self.0.get_or_init(thread::current);
    }

    /// Whether the calling thread is the one that is woken.
    pub fn is_attached_here(&self) -> bool {
        self.0.get().is_some_and(|listener| listener.id() == thread::current().id())
    }

    /// Wakes it: an atomic swap, and a system call that does not block.
    pub fn wake(&self) {
        if let Some(thread) = self.0.get() {
            thread.unpark();
        }
    }
}

/// What the callback lets others see.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    /// Callbacks so far; one that stands still is a device that hangs.
    callbacks: AtomicU64,
    /// Samples that did not fit into the ring.
    dropped: AtomicU64,
    /// The sound system reported that the stream is broken.
    broken: AtomicBool,
    /// The sound system says that the microphone is muted there.
    muted: AtomicBool,
}

impl Pulse {
    pub fn callbacks(&self) -> u64 {
        self.callbacks.load(Ordering::Relaxed)
    }

    /// Samples dropped since this was last asked.
    pub fn take_dropped(&self) -> u64 {
        self.dropped.swap(0, Ordering::Relaxed)
    }

    /// Whether the sound system says that the microphone is muted there.
    pub fn is_muted(&self) -> bool {
        self.muted.load(Ordering::Relaxed)
    }

    /// Takes down what the sound system says of that.
    pub fn set_muted(&self, muted: bool) {
        self.muted.store(muted, Ordering::Relaxed);
    }

    /// Marks the stream as broken; true for the first to say so.
    pub fn break_once(&self) -> bool {
        !self.broken.swap(true, Ordering::Relaxed)
    }
}

/// Where the callback puts sound.
pub(crate) struct Feed {
    ring: Producer<f32>,
    channels: usize,
    pulse: Arc<Pulse>,
    listener: Arc<Listener>,
}

impl Feed {
    /// A feed for `channels` interleaved channels at `rate`, the ring's other end and its pulse.
    pub fn new(rate: u32, channels: u16, listener: Arc<Listener>) -> (Self, Consumer<f32>, Arc<Pulse>) {
        let (ring, consumer) = RingBuffer::new((rate * RING_SECONDS) as usize);
        let pulse = Arc::new(Pulse::default());
        let feed = Self { ring, channels: usize::from(channels.max(1)), pulse: Arc::clone(&pulse), listener };
        (feed, consumer, pulse)
    }

    /// Takes one buffer of interleaved samples.
    pub fn feed<S>(&mut self, interleaved: &[S])
    where
        S: Sample,
        f32: FromSample<S>,
    {
        let frames = interleaved.len() / self.channels;
        let room = self.ring.slots().min(frames);
        if let Ok(chunk) = self.ring.write_chunk_uninit(room) {
            chunk.fill_from_iter(downmix(&interleaved[..room * self.channels], self.channels));
        }
        if room < frames {
            self.pulse.dropped.fetch_add((frames - room) as u64, Ordering::Relaxed);
        }
        self.pulse.callbacks.fetch_add(1, Ordering::Relaxed);
        self.listener.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allocation::allocations_in;
    use crate::capture::framer::Framer;
    use proptest::prelude::*;

    #[test]
    fn neither_the_callback_nor_pulling_a_frame_allocates() {
        let listener = Arc::new(Listener::default());
        listener.attach();
        let (mut feed, ring, pulse) = Feed::new(48_000, 2, listener);
        let mut framer = Framer::new(ring, 48_000, pulse, false);
        let (floats, integers) = (vec![0.1f32; 3_072], vec![100i16; 3_072]);
        // Ten seconds, the last of them into a full ring.
        let in_callback = allocations_in(|| {
            for _ in 0..156 {
                feed.feed(&floats);
                feed.feed(&integers);
            }
        });
        assert_eq!(in_callback, 0);
        assert!(framer.pull().is_some());
        let pulling = allocations_in(|| while framer.pull().is_some() {});
        assert_eq!(pulling, 0);
    }

    /// Not even a lock that somebody else holds for ever keeps the callback waiting: it has none.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_callback_makes_no_system_call_but_to_wake_the_listener() {
        use crate::waiting::calls_in;
        use std::sync::atomic::AtomicBool;
        use std::time::Duration;

        let listener = Arc::new(Listener::default());
        let (mut feed, ring, pulse) = Feed::new(48_000, 2, Arc::clone(&listener));
        let (is_over, samples) = (AtomicBool::new(false), vec![0.1f32; 3_072]);
        thread::scope(|scope| {
            // The owner does all that it ever does, as fast as it can.
            scope.spawn(|| {
                listener.attach();
                let mut framer = Framer::new(ring, 48_000, Arc::clone(&pulse), false);
                while !is_over.load(Ordering::Relaxed) {
                    while framer.pull().is_some() {}
                    std::hint::black_box((framer.silent(), pulse.callbacks(), pulse.is_muted(), pulse.take_dropped()));
                    pulse.set_muted(false);
                    thread::park_timeout(Duration::from_micros(50));
                }
            });
            let calls = calls_in(|| (0..20_000).for_each(|_| feed.feed(&samples)));
            is_over.store(true, Ordering::Relaxed);
            assert_eq!(calls, 0);
        });
    }

    /// With buffers as long as frames, each frame is there as soon as the last of its sound is.
    #[test]
    fn a_frame_comes_with_the_buffer_that_completes_it() {
        for (rate, buffer) in [(48_000, 1_536), (16_000, 512), (44_100, 1_411)] {
            let (mut feed, ring, pulse) = Feed::new(rate, 1, Arc::default());
            let mut framer = Framer::new(ring, rate, pulse, false);
            let frames: Vec<usize> = (0..20)
                .map(|_| {
                    feed.feed(&vec![0.1f32; buffer]);
                    std::iter::from_fn(|| framer.pull()).count()
                })
                .collect();
            assert_eq!(frames, [1; 20], "{rate}");
        }
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out_or_is_counted(
            rate in 8u32..400,
            channels in 1u16..=8,
            buffers in prop::collection::vec((1usize..500, 0usize..500), 1..20),
        ) {
            let (mut feed, mut ring, pulse) = Feed::new(rate, channels, Arc::default());
            let (mut sent, mut received, mut dropped) = (0u64, 0u64, 0u64);
            for (frames, read) in &buffers {
                feed.feed(&vec![0.25f32; frames * usize::from(channels)]);
                sent += *frames as u64;
                dropped += pulse.take_dropped();
                for _ in 0..*read {
                    let Ok(sample) = ring.pop() else { break };
                    prop_assert!((sample - 0.25).abs() < 1e-6);
                    received += 1;
                }
            }
            prop_assert_eq!(pulse.callbacks(), buffers.len() as u64);
            prop_assert_eq!(sent, received + dropped + ring.slots() as u64);
        }
    }
}
