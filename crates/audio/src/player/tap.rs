//! What went to the device, for whoever has to know it: the echo canceller's reference.
//!
//! A copy of every block after effects, cues and volume, in order and with the time at which it is heard. It passes
//! through a ring without a lock; nobody who reads too late or not at all ever holds the callback up. Without a tap the
//! callback copies nothing.

use rtrb::{Consumer, Producer, RingBuffer};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Samples in one block of what is played: 1.3 ms at 48 kHz.
pub const PLAYED_SAMPLES: usize = 64;

/// How much is kept for a reader that is held up, in milliseconds. What does not fit is lost, and its number with it.
const KEPT_MS: u32 = 1000;

/// A block that was given to the device.
#[derive(Debug, Clone, PartialEq)]
pub struct Played {
    /// Number of its first sample, counted since the speaker was opened. A gap means that blocks were lost because
    /// nobody read them; a smaller number than before, that the speaker was opened anew.
    pub first: u64,
    /// Samples per second; may change when the speaker does.
    pub rate: u32,
    /// When its first sample leaves the device's buffer, as far as the device tells how long that is. Neither the way
    /// through hardware and air nor a Bluetooth link is in it.
    pub heard_at: Instant,
    /// Mono, exactly what every channel of the device gets.
    pub samples: [f32; PLAYED_SAMPLES],
}

/// The reader's end. Between turns, while the speaker is closed, there is nothing to read: silence.
#[derive(Debug)]
pub struct Tap {
    newest: Arc<Newest>,
    ring: Option<Consumer<Played>>,
}

/// The ring of the stream that was opened last, until the reader takes it: one at most, however long nobody reads. The
/// callback never touches it.
#[derive(Debug, Default)]
struct Newest(Mutex<Option<Consumer<Played>>>);

impl Newest {
    fn replace(&self, ring: Option<Consumer<Played>>) -> Option<Consumer<Played>> {
        std::mem::replace(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner), ring)
    }
}

/// By which a tap learns of each stream's ring.
#[derive(Debug)]
pub(super) struct Rings(Arc<Newest>);

impl Rings {
    /// Hands over the ring of a stream that was opened, in place of one that was never read. False when nobody reads any
    /// more.
    pub fn hand(&self, ring: Consumer<Played>) -> bool {
        let is_read = Arc::strong_count(&self.0) > 1;
        self.0.replace(is_read.then_some(ring));
        is_read
    }
}

impl Tap {
    /// A tap, and the way by which it learns of each stream's ring.
    pub(super) fn new() -> (Rings, Self) {
        let newest = Arc::new(Newest::default());
        (Rings(Arc::clone(&newest)), Self { newest, ring: None })
    }

    /// The next block, or `None` when all that was played so far has been read. Never waits; read it for as long as it
    /// gives something, at least once a second; of streams that came and went meanwhile, only the last is left.
    pub fn read(&mut self) -> Option<Played> {
        loop {
            if let Some(block) = self.ring.as_mut().and_then(|ring| ring.pop().ok()) {
                return Some(block);
            }
            self.ring = Some(self.newest.replace(None)?);
        }
    }
}

/// The callback's end.
pub(super) struct Feed {
    ring: Producer<Played>,
    rate: u32,
    block: Duration,
    latency: Duration,
    /// When the next block is given to the device if it goes on as before, and when the last one was asked for.
    due: Option<(Instant, Instant)>,
}

/// Blocks that are asked for this soon one after the other are asked for by one callback.
const ONE_CALLBACK: Duration = Duration::from_millis(5);

impl Feed {
    /// For a stream of `rate` samples a second whose device holds `latency` of them.
    pub fn new(rate: u32, latency: Duration) -> (Self, Consumer<Played>) {
        let blocks = (rate * KEPT_MS / 1000) as usize / PLAYED_SAMPLES;
        let (ring, reader) = RingBuffer::new(blocks.max(1));
        let block = Duration::from_secs_f64(PLAYED_SAMPLES as f64 / f64::from(rate.max(1)));
        (Self { ring, rate, block, latency, due: None }, reader)
    }

    /// Whether nobody reads any more.
    pub fn is_abandoned(&self) -> bool {
        self.ring.is_abandoned()
    }

    /// Copies a block that is given to the device now.
    pub fn push(&mut self, first: u64, samples: &[f32; PLAYED_SAMPLES], now: Instant) {
        // A callback asks for many blocks at once, which are heard one after the other. Each callback tells the time anew:
        // one that comes late makes nothing late that follows.
        let of_one = self.due.filter(|(_, asked)| now.duration_since(*asked) < ONE_CALLBACK);
        let due = of_one.map_or(now, |(due, _)| due);
        self.due = Some((due + self.block, now));
        let block = Played { first, rate: self.rate, heard_at: due + self.latency, samples: *samples };
        // Full: nobody has read for a second.
        let _ = self.ring.push(block);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATENCY: Duration = Duration::from_millis(40);

    #[test]
    fn blocks_of_one_callback_are_heard_one_after_the_other() {
        let (mut feed, reader) = Feed::new(48_000, LATENCY);
        let (rings, mut tap) = Tap::new();
        assert!(rings.hand(reader));
        let start = Instant::now();
        for callback in 0..3u64 {
            let now = start + Duration::from_millis(20) * callback as u32;
            for block in 0..15 {
                feed.push((callback * 15 + block) * PLAYED_SAMPLES as u64, &[0.5; PLAYED_SAMPLES], now);
            }
        }
        for number in 0..45u32 {
            let block = tap.read().unwrap();
            assert_eq!(block.first, u64::from(number) * PLAYED_SAMPLES as u64);
            let expected = start + LATENCY + Duration::from_secs_f64(f64::from(number) * 64.0 / 48_000.0);
            let error = block.heard_at.max(expected) - block.heard_at.min(expected);
            assert!(error < Duration::from_micros(10), "block {number} is {error:?} off");
        }
        assert_eq!(tap.read(), None);
    }

    #[test]
    fn a_late_callback_makes_nothing_late_that_follows() {
        let (mut feed, reader) = Feed::new(48_000, LATENCY);
        let (rings, mut tap) = Tap::new();
        assert!(rings.hand(reader));
        let start = Instant::now();
        for (callback, late) in [0, 12, 0].into_iter().enumerate() {
            let now = start + Duration::from_millis(20 * callback as u64 + late);
            for block in 0..15 {
                feed.push((callback as u64 * 15 + block) * PLAYED_SAMPLES as u64, &[0.5; PLAYED_SAMPLES], now);
            }
        }
        let heard: Vec<_> = std::iter::from_fn(|| tap.read()).map(|block| block.heard_at - start).collect();
        let begins = [heard[0], heard[15], heard[30]].map(|begin| (begin - LATENCY).as_millis());
        assert_eq!(begins, [0, 32, 40]);
    }

    #[test]
    fn a_late_callback_and_a_new_stream_start_time_anew() {
        let (mut feed, reader) = Feed::new(48_000, LATENCY);
        let (rings, mut tap) = Tap::new();
        assert!(rings.hand(reader));
        let start = Instant::now();
        let late = start + Duration::from_secs(1);
        feed.push(0, &[0.1; PLAYED_SAMPLES], start);
        feed.push(64, &[0.2; PLAYED_SAMPLES], late);
        let mut heard = vec![tap.read().unwrap()];
        // What is left of the first stream is read before the second.
        let (mut second, reader) = Feed::new(44_100, LATENCY);
        assert!(rings.hand(reader));
        second.push(0, &[0.3; PLAYED_SAMPLES], late);
        heard.extend(std::iter::from_fn(|| tap.read()));
        assert_eq!(heard.iter().map(|block| block.rate).collect::<Vec<_>>(), [48_000, 48_000, 44_100]);
        assert_eq!(heard[1].heard_at, late + LATENCY);
    }

    #[test]
    fn speakers_that_come_and_go_while_nobody_reads_leave_one_ring_behind() {
        let (rings, mut tap) = Tap::new();
        let mut feeds = Vec::new();
        for rate in [8_000, 16_000, 48_000] {
            let (mut feed, reader) = Feed::new(rate, LATENCY);
            feed.push(0, &[0.5; PLAYED_SAMPLES], Instant::now());
            assert!(rings.hand(reader));
            feeds.push(feed);
        }
        assert_eq!(feeds.iter().filter(|feed| !feed.is_abandoned()).count(), 1, "what is not kept is freed");
        assert_eq!(tap.read().map(|block| block.rate), Some(48_000));
        assert_eq!(tap.read(), None);
    }

    #[test]
    fn who_reads_too_late_sees_a_gap_and_holds_nobody_up() {
        let (mut feed, reader) = Feed::new(8_000, LATENCY);
        let (rings, mut tap) = Tap::new();
        assert!(rings.hand(reader));
        let now = Instant::now();
        for block in 0..1_000 {
            feed.push(block * PLAYED_SAMPLES as u64, &[0.0; PLAYED_SAMPLES], now);
        }
        assert_eq!(std::iter::from_fn(|| tap.read()).count(), 125, "a second's worth");
        feed.push(64_000, &[0.0; PLAYED_SAMPLES], now);
        assert_eq!(tap.read().unwrap().first, 64_000);
        drop(tap);
        assert!(feed.is_abandoned());
        assert!(!rings.hand(Feed::new(8_000, LATENCY).1));
    }
}
