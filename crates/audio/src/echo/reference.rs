//! What the speaker played, frame by frame beside what the microphone heard.
//!
//! The two have clocks of their own. Within a stream samples are paired by counting, so that the delay of the echo stays
//! what the canceller has learned; time is looked at only to begin, and to notice when the counts have drifted apart:
//! [`REALIGN`] late or early, for a second, and the count starts anew. Both times are those of a machine that has nothing
//! else to do: a frame that is looked at late was not heard late, and a block that a late callback asked for is not heard
//! later than the one before it, so the earliest of late says when. Holes are silence, and what comes too late for its frame
//! is dropped, so one lost block costs that block and nothing after it.
//!
//! Never waits for anything, and allocates only when the speaker is opened with another rate.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use jarvis_core::{AudioFrame, FRAME_SAMPLES, SAMPLE_RATE};

use crate::player::{PLAYED_SAMPLES, Played, Tap};
use crate::resample::MonoResampler;

/// Where blocks come from.
pub trait Source: Send {
    /// The next block that was played; `None` when all of them were given. Never waits.
    fn next(&mut self) -> Option<Played>;
}

impl Source for Tap {
    fn next(&mut self) -> Option<Played> {
        self.read()
    }
}

/// By how much a sample is given before it is heard, as far as the device tells: room for a device that tells too much,
/// and no more than it holds.
const LEAD: Duration = Duration::from_millis(16);
/// A count that is off by more than this, in samples, is set right.
const REALIGN: i64 = 30 * SAMPLE_RATE as i64 / 1000;
/// Frames over which the count is watched: a second. One frame that is heard late says nothing.
const WATCHED: u32 = 32;
/// A hole between two blocks of one stream of more samples than this is no hole but another beginning.
const HOLE: u64 = SAMPLE_RATE as u64;
/// Most samples that are kept: two seconds.
const KEPT: usize = 2 * SAMPLE_RATE as usize;
/// Quieter than this is silence: -90 dB.
const SILENCE: f32 = 3e-5;

/// By how much a clock may be slower than this machine's, in its own time: 300 millionths.
const DRIFT: f64 = 3e-4;
/// Frames for which the microphone has to be late before it is believed to have paused: two seconds.
const PAUSED: u32 = 64;

/// What goes with one frame of the microphone.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// 16 kHz, -1..=1, as the device got it.
    pub samples: [f32; FRAME_SAMPLES],
    /// Frames since the last one with a sound in it; 0 while something plays.
    pub silent_for: u32,
}

/// Pairs what was played with what is heard.
pub struct References {
    source: Option<Box<dyn Source>>,
    stream: Option<Stream>,
    frames: Frames,
    reference: Reference,
}

/// When frames were heard, however late they are looked at.
#[derive(Default)]
struct Frames {
    /// When the next frame is heard, if none is lost.
    next: Option<Instant>,
    /// By how much frames of late were looked at too late, at least, and how many they are.
    late: Duration,
    watched: u32,
}

impl Frames {
    /// When the frame was heard that is looked at `now`, after `lost` others.
    fn heard(&mut self, now: Instant, lost: u64) -> Instant {
        let lost = AudioFrame::DURATION * u32::try_from(lost).unwrap_or(u32::MAX);
        let mut at = self.next.map_or(now, |next| next + lost).min(now);
        self.late = if self.watched == 0 { now - at } else { self.late.min(now - at) };
        self.watched += 1;
        if self.watched == PAUSED {
            // Nobody is kept from listening for so long.
            if self.late > Duration::from_millis(REALIGN as u64 * 1000 / u64::from(SAMPLE_RATE)) {
                at += self.late;
            }
            self.watched = 0;
        }
        self.next = Some(at + AudioFrame::DURATION.mul_f64(1.0 + DRIFT));
        at
    }
}

/// One opening of the speaker.
struct Stream {
    rate: u32,
    resampler: MonoResampler,
    /// Number of the first sample that came, and of the block's first sample that comes next, at the device's rate.
    first: u64,
    next_block: u64,
    /// Samples at 16 kHz that were not given yet.
    ready: VecDeque<f32>,
    /// Number of the first of `ready`, counted since the stream began; of the one that comes next when there is none.
    begin: i64,
    resampled: Vec<f32>,
    /// When the stream's sample number 0 is heard, by the earliest block.
    origin: Instant,
    /// A sound was given: from here on the delay has to stay.
    sounded: bool,
    /// Number of the next sample to be given.
    next: i64,
    /// Smallest lag of the count behind time lately, and over how many frames: what is left of lateness is never early.
    lag: i64,
    watched: u32,
}

impl Default for References {
    fn default() -> Self {
        let reference = Reference { samples: [0.0; FRAME_SAMPLES], silent_for: u32::MAX };
        Self { source: None, stream: None, frames: Frames::default(), reference }
    }
}

impl References {
    /// Reads from another speaker from now on.
    pub fn follow(&mut self, source: Box<dyn Source>) {
        self.source = Some(source);
        self.stream = None;
    }

    /// Another microphone hears from now on, or the same one after a pause.
    pub fn hear_anew(&mut self) {
        self.frames = Frames::default();
    }

    /// What belongs to the frame that is looked at `now`, after `lost` frames that were not heard.
    pub fn next(&mut self, now: Instant, lost: u64) -> &Reference {
        let now = self.frames.heard(now, lost);
        while let Some(block) = self.source.as_mut().and_then(|source| source.next()) {
            match &mut self.stream {
                Some(stream) if stream.goes_on_with(&block) => stream.take(&block),
                _ => self.stream = Some(Stream::begin(&block, now)),
            }
        }
        let samples = &mut self.reference.samples;
        match &mut self.stream {
            Some(stream) => stream.give(samples, now, lost),
            None => samples.fill(0.0),
        }
        let sounds = samples.iter().any(|sample| sample.abs() > SILENCE);
        if let Some(stream) = &mut self.stream {
            stream.sounded |= sounds;
        }
        self.reference.silent_for = if sounds { 0 } else { self.reference.silent_for.saturating_add(1) };
        &self.reference
    }
}

fn samples_in(time: Duration) -> i64 {
    (time.as_secs_f64() * f64::from(SAMPLE_RATE)) as i64
}

impl Stream {
    fn begin(block: &Played, now: Instant) -> Self {
        let mut stream = Self {
            rate: block.rate,
            resampler: MonoResampler::new(block.rate, SAMPLE_RATE),
            first: block.first,
            next_block: block.first,
            ready: VecDeque::with_capacity(KEPT),
            begin: 0,
            resampled: Vec::with_capacity(KEPT),
            origin: block.heard_at,
            sounded: false,
            next: 0,
            lag: i64::MAX,
            watched: 0,
        };
        stream.next = stream.due(now) - FRAME_SAMPLES as i64;
        stream.take(block);
        stream
    }

    /// Whether `block` comes after what was there, with a hole at most.
    fn goes_on_with(&self, block: &Played) -> bool {
        block.rate == self.rate
            && block.first >= self.next_block
            && block.first - self.next_block < HOLE * u64::from(self.rate) / u64::from(SAMPLE_RATE)
    }

    fn take(&mut self, block: &Played) {
        self.resampled.clear();
        let silence = [0.0; PLAYED_SAMPLES];
        let mut hole = block.first - self.next_block;
        while hole > 0 {
            let piece = hole.min(PLAYED_SAMPLES as u64);
            self.resampler.process(&silence[..piece as usize], &mut self.resampled);
            hole -= piece;
        }
        self.resampler.process(&block.samples, &mut self.resampled);
        let played = |samples: u64| Duration::from_secs_f64((samples - self.first) as f64 / f64::from(self.rate));
        let passed = played(block.first + PLAYED_SAMPLES as u64) - played(self.next_block);
        let origin = self.origin + passed.mul_f64(DRIFT);
        self.origin = block.heard_at.checked_sub(played(block.first)).map_or(origin, |earliest| origin.min(earliest));
        self.next_block = block.first + PLAYED_SAMPLES as u64;
        self.ready.extend(&self.resampled);
        let extra = self.ready.len().saturating_sub(KEPT);
        self.drop_first(extra);
    }

    fn drop_first(&mut self, count: usize) {
        self.ready.drain(..count);
        self.begin += count as i64;
    }

    /// Number of the sample up to which all is to be given at `now`.
    fn due(&self, now: Instant) -> i64 {
        let end = now + LEAD;
        match end.checked_duration_since(self.origin) {
            Some(since) => samples_in(since),
            None => -samples_in(self.origin - end),
        }
    }

    fn give(&mut self, samples: &mut [f32; FRAME_SAMPLES], now: Instant, lost: u64) {
        self.next += (lost * FRAME_SAMPLES as u64) as i64;
        let lag = self.due(now) - FRAME_SAMPLES as i64 - self.next;
        if self.sounded {
            self.watch(lag);
        } else {
            self.next += lag;
        }
        // What came too late for its frame.
        let past = (self.next - self.begin).clamp(0, self.ready.len() as i64);
        self.drop_first(past as usize);
        for sample in samples.iter_mut() {
            // Before the stream's first sample there was silence; where a sample is missing there is, too.
            let there = if self.begin == self.next { self.ready.pop_front() } else { None };
            self.begin += i64::from(there.is_some());
            *sample = there.unwrap_or(0.0);
            self.next += 1;
        }
    }

    /// Sets the count right when it has been off for long enough to know.
    fn watch(&mut self, lag: i64) {
        self.lag = self.lag.min(lag);
        self.watched += 1;
        if self.watched == WATCHED {
            if self.lag.abs() > REALIGN {
                tracing::debug!(samples = self.lag, "microphone and speaker are aligned anew");
                self.next += self.lag;
            }
            (self.lag, self.watched) = (i64::MAX, 0);
        }
    }
}

#[cfg(test)]
#[path = "reference_tests.rs"]
mod tests;
