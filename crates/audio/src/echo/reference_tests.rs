use super::*;
use crate::allocation::allocations_in;
use proptest::prelude::*;
use std::sync::mpsc;

/// A speaker whose blocks are handed over by the test.
struct Handed(mpsc::Receiver<Played>);

impl Source for Handed {
    fn next(&mut self) -> Option<Played> {
        self.0.try_recv().ok()
    }
}

/// Plays a stream in which each sample tells its number, and pulls frames at the times given.
struct Bench {
    blocks: mpsc::Sender<Played>,
    references: References,
    start: Instant,
    rate: u32,
    played: u64,
    /// There is a sound from then on, in milliseconds.
    begins: f64,
}

/// Values that tell their number and are no silence.
fn value(number: i64) -> f32 {
    (number.rem_euclid(20_000) + 10) as f32 / 32_768.0
}

impl Bench {
    fn new(rate: u32) -> Self {
        let (blocks, receiver) = mpsc::channel();
        let mut references = References::default();
        references.follow(Box::new(Handed(receiver)));
        Self { blocks, references, start: Instant::now(), rate, played: 0, begins: 0.0 }
    }

    fn at(&self, ms: f64) -> Instant {
        self.start + Duration::from_secs_f64(ms / 1000.0)
    }

    /// The device asks for all that it needs up to `ms`, and holds 40 ms.
    fn play_until(&mut self, ms: f64, lost: impl Fn(u64) -> bool) {
        while (self.played as f64) < ms / 1000.0 * f64::from(self.rate) {
            let begins = (self.begins / 1000.0 * f64::from(self.rate)) as u64;
            let samples = std::array::from_fn(|n| match self.played + n as u64 {
                number if number < begins => 0.0,
                number => value(number as i64),
            });
            let heard_at = self.at(self.played as f64 * 1000.0 / f64::from(self.rate) + 40.0);
            let block = Played { first: self.played, rate: self.rate, heard_at, samples };
            if !lost(self.played / PLAYED_SAMPLES as u64) {
                self.blocks.send(block).unwrap();
            }
            self.played += PLAYED_SAMPLES as u64;
        }
    }

    fn pull(&mut self, ms: f64) -> Reference {
        let now = self.at(ms);
        self.references.next(now, 0).clone()
    }
}

#[test]
fn without_a_speaker_there_is_silence() {
    let mut references = References::default();
    let reference = references.next(Instant::now(), 0);
    assert_eq!(reference.samples, [0.0; FRAME_SAMPLES]);
    assert_eq!(reference.silent_for, u32::MAX);
}

#[test]
fn silence_is_counted_from_the_last_sound() {
    let mut bench = Bench::new(16_000);
    bench.play_until(100.0, |_| false);
    assert!((1..=4).any(|frame| bench.pull(32.0 * f64::from(frame)).silent_for == 0));
    let mut after = (5..=12).map(|frame| bench.pull(32.0 * f64::from(frame)).silent_for);
    assert!(after.any(|silent_for| silent_for == 3));
}

#[test]
fn another_stream_begins_anew_and_another_rate_is_brought_to_ours() {
    let mut bench = Bench::new(48_000);
    for frame in 1..=20 {
        bench.play_until(f64::from(frame) * 32.0 + 30.0, |_| false);
        let reference = bench.pull(f64::from(frame) * 32.0);
        assert!(reference.samples.iter().all(|sample| sample.is_finite()));
    }
    // The speaker was opened again: numbers begin at 0.
    (bench.played, bench.rate, bench.start) = (0, 16_000, bench.at(640.0));
    for frame in 1..=10 {
        bench.play_until(f64::from(frame) * 32.0 + 30.0, |_| false);
        let samples = bench.pull(f64::from(frame) * 32.0).samples;
        if frame > 3 {
            let steps = samples.windows(2).filter(|pair| (pair[1] - pair[0] - 1.0 / 32_768.0).abs() < 1e-7).count();
            assert_eq!(steps, FRAME_SAMPLES - 1, "frame {frame}");
        }
    }
}

#[test]
fn a_clock_that_runs_away_is_followed_in_steps() {
    // The microphone gives 1 % more frames than it should: the count would be 300 ms off after half a minute.
    let mut bench = Bench::new(16_000);
    for frame in 1..=1000u32 {
        let ms = f64::from(frame) * 32.0 / 1.01;
        bench.play_until(ms + 30.0, |_| false);
        let now = bench.at(ms);
        bench.references.next(now, 0);
        let stream = bench.references.stream.as_ref().unwrap();
        let lag = stream.due(now) - stream.next;
        assert!(lag.abs() <= REALIGN + 512, "frame {frame}: {lag} samples off");
    }
}

/// Pulls each frame as late as `late` says, in milliseconds, while a sound plays from 700 ms on, and gives how many samples
/// later than it was played each sample was given.
fn delays(late: impl Fn(u32) -> f64) -> Vec<i64> {
    let mut bench = Bench::new(16_000);
    bench.begins = 700.0;
    let mut delays = Vec::new();
    for frame in 1..=200u32 {
        let ms = f64::from(frame) * 32.0;
        bench.play_until(ms + late(frame) + 20.0, |_| false);
        let samples = bench.pull(ms + late(frame)).samples;
        for (n, sample) in samples.iter().enumerate().filter(|(_, sample)| **sample != 0.0) {
            let number = (sample * 32_768.0).round() as i64 - 10;
            delays.push((i64::from(frame - 1) * FRAME_SAMPLES as i64 + n as i64 - number).rem_euclid(20_000));
        }
    }
    delays
}

#[test]
fn a_listener_that_is_held_up_changes_no_delay() {
    // The device holds 40 ms, of which the lead is given earlier.
    let expected = 24 * 16;
    let busy = |frame| if (60..110).contains(&frame) { 100.0 } else { 0.0 };
    let backlog = |frame| if frame <= 20 { 640.0 - 32.0 * f64::from(frame) } else { 0.0 };
    for delays in [delays(|_| 0.0), delays(busy), delays(backlog)] {
        assert!(delays.len() > 60_000);
        assert!(delays.iter().all(|delay| (delay - expected).abs() <= 16 && *delay == delays[0]), "{}", delays[0]);
    }
}

#[test]
fn a_microphone_that_paused_is_noticed() {
    let delays = delays(|frame| if frame < 60 { 0.0 } else { 500.0 });
    assert_eq!(delays.last().map(|delay| (delay - delays[0]).rem_euclid(20_000) / 16), Some(20_000 / 16 - 500));
}

#[test]
fn a_frame_costs_no_memory() {
    let mut bench = Bench::new(48_000);
    bench.play_until(130.0, |_| false);
    bench.pull(32.0);
    for frame in 2..=4 {
        let now = bench.at(f64::from(frame) * 32.0);
        // The channel of this test frees its blocks while they are read; a ring does not.
        let blocks = bench.references.source.take();
        assert_eq!(allocations_in(|| _ = std::hint::black_box(bench.references.next(now, 0))), 0);
        bench.references.source = blocks;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However late frames and blocks come and whichever blocks are lost, a sample that is given stands where it
    /// belongs: the delay is one and the same.
    #[test]
    fn the_delay_stays_the_same(
        late in prop::collection::vec(0u32..25, 40..120),
        ahead in prop::collection::vec(0u32..40, 120),
        lost in prop::collection::hash_set(10u64..900, 0..30),
    ) {
        let mut bench = Bench::new(16_000);
        let mut delay = None;
        for (frame, (late, ahead)) in late.iter().zip(&ahead).enumerate() {
            let ms = (frame + 1) as f64 * 32.0;
            bench.play_until(ms + f64::from(*ahead), |block| lost.contains(&block));
            let samples = bench.pull(ms + f64::from(*late)).samples;
            for (n, sample) in samples.iter().enumerate().filter(|(_, sample)| **sample != 0.0) {
                let number = (sample * 32_768.0).round() as i64 - 10;
                let place = (frame * FRAME_SAMPLES + n) as i64;
                let this = (place - number).rem_euclid(20_000);
                prop_assert_eq!(*delay.get_or_insert(this), this, "frame {}, sample {}", frame, n);
            }
        }
        prop_assert!(delay.is_some());
    }

    #[test]
    fn whatever_comes_it_gives_numbers_and_keeps_little(
        blocks in prop::collection::vec((any::<u64>(), 1u32..400_000, 0u64..5_000, any::<f32>()), 0..40),
        gaps in prop::collection::vec(0u64..100, 1..10),
    ) {
        let (sender, receiver) = mpsc::channel();
        let mut references = References::default();
        references.follow(Box::new(Handed(receiver)));
        let start = Instant::now();
        for (first, rate, ms, sample) in blocks {
            let heard_at = start + Duration::from_millis(ms);
            let first = first % 1_000_000;
            sender.send(Played { first, rate, heard_at, samples: [sample; PLAYED_SAMPLES] }).unwrap();
        }
        for (n, gap) in gaps.iter().enumerate() {
            references.next(start + Duration::from_millis(32 * n as u64), *gap);
            prop_assert!(references.stream.as_ref().is_none_or(|stream| stream.ready.len() <= 2 * KEPT));
        }
    }
}
