//! Higher or lower, or on one note, in the same mouth: the pitch moves and the formants stay, or move by themselves.
//!
//! Pitch-synchronous overlap and add (Moulines and Charpentier, 1990), streamed. A voice is a row of pulses, each of which
//! rings in the mouth: one period, cut out from just before its pulse to the next, is a *grain*. Grains that are set
//! closer together or further apart sound higher or lower, each with the sound of the mouth unchanged; played slower or
//! faster, they sound like a larger or smaller mouth. What has no pitch (hiss, breath, silence) passes through in pieces
//! of fixed length that join up again exactly.
//!
//! A grain is begun as soon as its pulse was seen and read while it is played, so that no period has to be waited for: the
//! delay is [`DELAY_SECONDS`] where there is no pitch, and about that where there is one. Libraries that stretch time
//! (Rubber Band, Signalsmith Stretch) work on windows of many times that length.

use super::pitch_track::PitchTrack;
use super::{Effect, check, check_rate};
use crate::error::AudioError;

/// How far what is heard lies behind, where there is no pitch.
const DELAY_SECONDS: f32 = 0.009;
/// Length of a piece without pitch.
const PIECE_SECONDS: f32 = 0.005;
/// The slope with which grains begin and end, as a share of the period.
const SLOPE: f32 = 0.25;
/// How far from where it is expected a pulse is looked for, as a share of the period.
const REACH: f32 = 0.25;
/// What is kept of the sound, in seconds: the longest period, four times over.
const KEPT_SECONDS: f32 = 0.08;
/// Grains at once: at the highest pitch and the largest mouth there are no more.
const GRAINS: usize = 12;

/// What becomes of the pitch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pitch {
    /// Times this: 0.5 (an octave down) to 2 (an octave up).
    Times(f32),
    /// Always this many hertz, 60 to 400: a machine.
    Flat(f32),
}

/// Moves the pitch of a voice and leaves its formants, or moves them by themselves.
#[derive(Debug)]
pub struct PitchShift {
    rate: f32,
    pitch: Pitch,
    formants: f32,
    delay: f64,
    track: PitchTrack,
    /// The sound so far, and as smooth as pulses are looked for in; rings whose length is a power of two.
    sound: Box<[f32]>,
    smooth: Box<[f32]>,
    /// Samples taken so far.
    now: u64,
    /// Where the last pulse was, and the period there.
    pulse: Option<(u64, f32)>,
    /// Pulses point up (1) or down (-1).
    polarity: f32,
    /// Highest and lowest of the smooth sound lately.
    peaks: (f32, f32),
    fall: f32,
    /// When the next grain begins.
    next: f64,
    grains: [Grain; GRAINS],
}

#[derive(Debug, Clone, Copy, Default)]
struct Grain {
    /// Where in the sound it is read.
    from: f64,
    /// Samples since it began, and in all; over when equal.
    age: f32,
    length: f32,
    /// Length of the slopes.
    slope: f32,
    gain: f32,
    speed: f32,
}

impl PitchShift {
    /// Sets `pitch`; `formants` (0.6, a giant, to 1, as they are) is how large the mouth sounds. Smaller mouths would have
    /// to be known ahead.
    ///
    /// # Errors
    /// A value is out of its range.
    pub fn new(rate: u32, pitch: Pitch, formants: f32) -> Result<Self, AudioError> {
        const NAME: &str = "pitch shift";
        let rate = check_rate(NAME, rate)?;
        match pitch {
            Pitch::Times(ratio) => check(NAME, "ratio", ratio, 0.5..=2.0)?,
            Pitch::Flat(hertz) => check(NAME, "hertz", hertz, 60.0..=400.0)?,
        };
        let formants = check(NAME, "formants", formants, 0.6..=1.0)?;
        let kept = ((KEPT_SECONDS * rate) as usize).next_power_of_two();
        let mut shift = Self {
            rate,
            pitch,
            formants,
            delay: f64::from((DELAY_SECONDS * rate).round()),
            track: PitchTrack::new(rate),
            sound: vec![0.0; kept].into(),
            smooth: vec![0.0; kept].into(),
            now: 0,
            pulse: None,
            polarity: 1.0,
            peaks: (0.0, 0.0),
            fall: (-1.0 / (0.05 * rate)).exp(),
            next: 0.0,
            grains: [Grain::default(); GRAINS],
        };
        shift.reset();
        Ok(shift)
    }

    /// Between samples a straight line would take the treble away: four points and a cubic (Catmull-Rom).
    fn sound_at(&self, position: f64) -> f32 {
        let whole = position.floor();
        let t = (position - whole) as f32;
        let mask = self.sound.len() - 1;
        let index = whole as i64 as usize;
        let at = |offset: usize| self.sound[index.wrapping_add(offset).wrapping_sub(1) & mask];
        if t == 0.0 {
            return at(1);
        }
        let [a, b, c, d] = [at(0), at(1), at(2), at(3)];
        b + 0.5 * t * (c - a + t * (2.0 * a - 5.0 * b + 4.0 * c - d + t * (3.0 * (b - c) + d - a)))
    }

    /// Follows the pulses of a voice.
    fn follow(&mut self, smooth: f32) {
        self.peaks = (
            super::settled(smooth.max(self.peaks.0 * self.fall)),
            super::settled(smooth.min(self.peaks.1 * self.fall)),
        );
        let Some(period) = self.track.period() else {
            self.pulse = None;
            return;
        };
        let (expected, reach) = match self.pulse {
            Some((at, _)) => ((at as i64 - self.now as i64) as f32 + period, REACH * period),
            None => {
                // A pulse that has begun to be one: the strongest of the period that just ended.
                self.polarity = if self.peaks.0 >= -self.peaks.1 { 1.0 } else { -1.0 };
                (-0.5 * period - 1.0, 0.5 * period)
            }
        };
        // Counted from now: the pulse is known once the whole of its reach was heard.
        if expected + reach > -1.0 {
            return;
        }
        let mask = self.smooth.len() - 1;
        let from = (expected - reach).max(-(mask as f32 - 4.0)) as i64;
        let to = ((expected + reach) as i64).min(-1);
        let mut best = (f32::MIN, from);
        for offset in from..=to {
            let value = self.polarity * self.smooth[(self.now as i64 + offset) as usize & mask];
            // Of two that are alike, the one where it is expected.
            let aside = (offset as f32 - expected) / reach.max(1.0);
            let worth = value * (1.0 - 0.3 * aside * aside * value.signum());
            if worth > best.0 {
                best = (worth, offset);
            }
        }
        self.pulse = Some(((self.now as i64 + best.1).max(0) as u64, period));
    }

    /// Begins the next grain.
    fn begin(&mut self) {
        let (grain, step) = match self.pulse {
            Some((at, period)) => {
                let step = match self.pitch {
                    Pitch::Times(ratio) => period / ratio,
                    Pitch::Flat(hertz) => self.rate / hertz,
                };
                let whole = period / self.formants;
                let slope = SLOPE * period.min(step);
                // Fewer pulses are quieter, more are louder.
                let gain = (step / period).sqrt().clamp(0.6, 1.5);
                // It is set between two samples.
                let late = self.now as f64 - self.next;
                let from = at as f64 + (late - f64::from(slope)) * f64::from(self.formants);
                (Grain { from, age: 0.0, length: whole + slope, slope, gain, speed: self.formants }, step)
            }
            None => {
                let step = (PIECE_SECONDS * self.rate).round();
                let slope = (0.5 * step).round();
                // A larger mouth hisses lower.
                let from = self.now as f64 - self.delay;
                (Grain { from, age: 0.0, length: step + slope, slope, gain: 1.0, speed: self.formants }, step)
            }
        };
        let place = self.grains.iter_mut().min_by(|a, b| (a.length - a.age).total_cmp(&(b.length - b.age)));
        if let Some(place) = place {
            *place = grain;
        }
        self.next += f64::from(step.max(8.0));
    }
}

impl Grain {
    /// How loud it is at its age: up, level, down; raised cosines that add up to one where a grain follows another.
    fn level(&self) -> f32 {
        let edge = self.age.min(self.length - self.age);
        let level = if edge >= self.slope { 1.0 } else { 0.5 - 0.5 * (std::f32::consts::PI * edge / self.slope).cos() };
        level * self.gain
    }
}

impl Effect for PitchShift {
    fn process(&mut self, samples: &mut [f32]) {
        let mask = self.sound.len() - 1;
        for sample in samples {
            let smooth = self.track.push(*sample);
            let place = self.now as usize & mask;
            self.sound[place] = *sample;
            self.smooth[place] = smooth;
            self.follow(smooth);
            while self.now as f64 >= self.next {
                self.begin();
            }
            let mut sum = 0.0;
            for n in 0..GRAINS {
                let grain = self.grains[n];
                if grain.age < grain.length {
                    sum += grain.level() * self.sound_at(grain.from);
                    self.grains[n].from += f64::from(grain.speed);
                    self.grains[n].age += 1.0;
                }
            }
            *sample = sum;
            self.now += 1;
        }
    }

    fn reset(&mut self) {
        self.track.reset();
        self.sound.fill(0.0);
        self.smooth.fill(0.0);
        self.grains = [Grain::default(); GRAINS];
        // What lies before the first sample is silence that can be read.
        self.now = self.sound.len() as u64;
        self.next = self.now as f64;
        (self.pulse, self.polarity, self.peaks) = (None, 1.0, (0.0, 0.0));
    }

    fn latency(&self) -> usize {
        self.delay as usize
    }
}
