//! What runs in the speaker's callback: one turn's samples from a ring, with volume, and a fade when it is silenced.
//!
//! Never locks, allocates or waits while it plays. All it shares with other threads is atomic.

use rodio::Source;
use rtrb::{Consumer, Producer, RingBuffer};
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// Length of the fade when sound is cut off, in seconds.
const FADE_SECONDS: f32 = 0.008;
/// Time constant of a change of volume, in seconds.
const GLIDE_SECONDS: f32 = 0.01;

/// What the handle changes and the callback follows at once.
#[derive(Debug)]
pub(crate) struct Controls {
    /// Counts up with each silencing; what was started under an older number fades out.
    generation: AtomicU64,
    /// Bits of the `f32` volume.
    volume: AtomicU32,
}

impl Controls {
    pub fn new(volume: f32) -> Self {
        let controls = Self { generation: AtomicU64::new(0), volume: AtomicU32::new(0) };
        controls.set_volume(volume);
        controls
    }

    /// Silences everything that plays; returns the number under which the next sound may start.
    pub fn silence(&self) -> u64 {
        self.generation.fetch_add(1, Ordering::AcqRel) + 1
    }

    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    pub fn set_volume(&self, volume: f32) {
        let volume = if volume.is_finite() { volume.clamp(0.0, 1.0) } else { 0.0 };
        self.volume.store(volume.to_bits(), Ordering::Relaxed);
    }

    pub fn volume(&self) -> f32 {
        f32::from_bits(self.volume.load(Ordering::Relaxed))
    }
}

/// The gain of one sound: follows the volume without steps and fades to zero once the sound is silenced.
#[derive(Debug)]
pub(crate) struct Gain {
    controls: Arc<Controls>,
    generation: u64,
    volume: f32,
    glide: f32,
    fade: f32,
    fade_step: f32,
}

impl Gain {
    pub fn new(controls: Arc<Controls>, generation: u64, rate: u32) -> Self {
        let rate = rate.max(1) as f32;
        let volume = controls.volume();
        let glide = 1.0 - (-1.0 / (GLIDE_SECONDS * rate)).exp();
        Self { controls, generation, volume, glide, fade: 1.0, fade_step: 1.0 / (FADE_SECONDS * rate) }
    }

    /// The gain of the next sample, 0..=1; `None` once the sound has faded out.
    pub fn next(&mut self) -> Option<f32> {
        if self.generation != self.controls.generation() {
            self.fade -= self.fade_step;
            if self.fade <= 0.0 {
                return None;
            }
        }
        self.volume += self.glide * (self.controls.volume() - self.volume);
        Some(self.volume * self.fade)
    }
}

/// How far a line has come; read by the supervisor.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Samples taken from the ring.
    played: AtomicU64,
    /// No more samples come.
    closed: AtomicBool,
    /// Everything was taken, or the line was silenced.
    ended: AtomicBool,
}

impl Progress {
    pub fn played(&self) -> u64 {
        self.played.load(Ordering::Acquire)
    }

    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }
}

/// One turn as a mono source at the device's rate. Plays silence while the next clause is being made.
pub(crate) struct Line {
    ring: Consumer<f32>,
    rate: NonZero<u32>,
    gain: Gain,
    progress: Arc<Progress>,
}

impl Line {
    /// A line that holds `capacity` samples ahead.
    pub fn new(
        rate: NonZero<u32>,
        capacity: usize,
        controls: Arc<Controls>,
        generation: u64,
    ) -> (Self, Producer<f32>, Arc<Progress>) {
        let (producer, ring) = RingBuffer::new(capacity.max(1));
        let progress = Arc::new(Progress::default());
        let gain = Gain::new(controls, generation, rate.get());
        (Self { ring, rate, gain, progress: Arc::clone(&progress) }, producer, progress)
    }

    fn end(&self) -> Option<f32> {
        self.progress.ended.store(true, Ordering::Release);
        None
    }
}

impl Iterator for Line {
    type Item = f32;

    fn next(&mut self) -> Option<f32> {
        let Some(gain) = self.gain.next() else { return self.end() };
        // Closed is read before the ring: samples pushed before closing are seen then.
        let closed = self.progress.closed.load(Ordering::Acquire);
        match self.ring.pop() {
            Ok(sample) => {
                self.progress.played.fetch_add(1, Ordering::Release);
                Some(sample * gain)
            }
            Err(_) if closed => self.end(),
            Err(_) => Some(0.0),
        }
    }
}

impl Source for Line {
    fn current_span_len(&self) -> Option<usize> {
        None
    }

    fn channels(&self) -> NonZero<u16> {
        NonZero::<u16>::MIN
    }

    fn sample_rate(&self) -> NonZero<u32> {
        self.rate
    }

    fn total_duration(&self) -> Option<Duration> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RATE: NonZero<u32> = NonZero::new(16_000).unwrap();

    #[test]
    fn a_line_waits_for_more_until_it_is_closed() {
        let controls = Arc::new(Controls::new(1.0));
        let (mut line, mut ring, progress) = Line::new(RATE, 16, controls, 0);
        ring.push_entire_slice(&[0.5, 0.25]).unwrap();
        assert_eq!([line.next(), line.next(), line.next()], [Some(0.5), Some(0.25), Some(0.0)]);
        assert_eq!(progress.played(), 2);
        ring.push(0.125).unwrap();
        progress.close();
        assert_eq!(line.next(), Some(0.125));
        assert!(!progress.has_ended());
        assert_eq!(line.next(), None);
        assert!(progress.has_ended());
    }

    proptest! {
        #[test]
        fn silencing_ends_within_the_fade_and_without_a_jump(
            rate in 8_000u32..192_000,
            volume in 0.0f32..=1.0,
            before in 0usize..500,
        ) {
            let controls = Arc::new(Controls::new(volume));
            let generation = controls.generation();
            let rate = NonZero::new(rate).unwrap();
            let (mut line, mut ring, progress) = Line::new(rate, 4_000, Arc::clone(&controls), generation);
            ring.push_entire_slice(&[1.0; 4_000]).unwrap();
            let mut last = volume;
            for _ in 0..before {
                let sample = line.next().unwrap();
                prop_assert!((sample - volume).abs() < 1e-3);
                last = sample;
            }
            controls.silence();
            let mut tail = 0;
            for sample in line.by_ref() {
                prop_assert!(sample >= 0.0 && sample <= last + 1e-3);
                prop_assert!(last - sample < 0.03, "a step of {}", last - sample);
                last = sample;
                tail += 1;
            }
            prop_assert!(tail as f32 <= 0.010 * rate.get() as f32);
            prop_assert!(last < 0.03);
            prop_assert!(progress.has_ended());
        }

        #[test]
        fn the_gain_stays_within_bounds_whatever_the_volume(volumes in prop::collection::vec(any::<f32>(), 1..20)) {
            let controls = Arc::new(Controls::new(0.5));
            let mut gain = Gain::new(Arc::clone(&controls), 0, 48_000);
            for volume in volumes {
                controls.set_volume(volume);
                for _ in 0..200 {
                    let gain = gain.next().unwrap();
                    prop_assert!((0.0..=1.0).contains(&gain));
                }
            }
        }
    }
}
