//! The small sounds: an alarm rings.
//!
//! Computed, not recorded: sine tones with soft edges and a little of the octave, so that they are heard on small
//! speakers and startle nobody. Never played by themselves; [`super::Player::play_cue`] mixes them in.

use super::controls::{Controls, Gain, Kind, Level};
use super::tap::PLAYED_SAMPLES;
use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

/// A small sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cue {
    /// One round of an alarm, two seconds; play it again for as long as it rings.
    Alarm,
}

/// One note: pitch, where it begins and how long it lasts (seconds), and how loud it is.
struct Note {
    hertz: f32,
    at: f32,
    lasts: f32,
    level: f32,
}

const fn note(hertz: f32, at: f32, lasts: f32, level: f32) -> Note {
    Note { hertz, at, lasts, level }
}

const ALARM: &[Note] = &[
    note(880.0, 0.0, 0.16, 0.3),
    note(1108.7, 0.2, 0.16, 0.3),
    note(1318.5, 0.4, 0.3, 0.3),
    note(880.0, 1.0, 0.16, 0.3),
    note(1108.7, 1.2, 0.16, 0.3),
    note(1318.5, 1.4, 0.3, 0.3),
];

/// Rise of a note, in seconds.
const ATTACK: f32 = 0.008;

impl Cue {
    fn notes(self) -> &'static [Note] {
        match self {
            Self::Alarm => ALARM,
        }
    }

    /// How long it lasts, in seconds.
    fn seconds(self) -> f32 {
        match self {
            Self::Alarm => 2.0,
        }
    }

    /// The cue at `t` seconds, -1..=1.
    fn at(self, t: f32) -> f32 {
        self.notes().iter().map(|note| note.at(t)).sum()
    }
}

impl Note {
    fn at(&self, t: f32) -> f32 {
        let t = t - self.at;
        if t < 0.0 || t >= self.lasts {
            return 0.0;
        }
        let rise = (t / ATTACK).min(1.0);
        let fall = 1.0 - t / self.lasts;
        let phase = std::f32::consts::TAU * self.hertz * t;
        self.level * rise * fall * fall * (phase.sin() + 0.25 * (2.0 * phase).sin())
    }
}

/// A cue as mono samples at the device's rate, silenced with everything else.
pub(crate) struct CueSource {
    cue: Cue,
    rate: NonZero<u32>,
    position: u32,
    length: u32,
    gain: Gain,
}

impl CueSource {
    pub fn new(cue: Cue, rate: NonZero<u32>, controls: Arc<Controls>, generation: u64) -> Self {
        let length = (cue.seconds() * rate.get() as f32) as u32;
        Self { cue, rate, position: 0, length, gain: Gain::new(controls, Kind::Cue, generation, rate.get()) }
    }

    /// How long it lasts.
    pub fn duration(&self) -> Duration {
        Duration::from_secs_f32(self.cue.seconds())
    }

    /// Mixes the next samples into `block`; false once it is over.
    pub fn add_to(&mut self, block: &mut [f32; PLAYED_SAMPLES]) -> bool {
        let mut samples = [0.0; PLAYED_SAMPLES];
        for (sample, position) in samples.iter_mut().zip(self.position..self.length) {
            *sample = self.cue.at(position as f32 / self.rate.get() as f32);
        }
        self.position += PLAYED_SAMPLES as u32;
        self.gain.apply(&mut samples);
        for (sum, sample) in block.iter_mut().zip(samples) {
            *sum += sample;
        }
        self.position < self.length && self.gain.level() != Level::Gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cues_are_soft_and_begin_and_end_in_silence() {
        let rate = NonZero::new(48_000).unwrap();
        let controls = Arc::new(Controls::new(1.0));
        let mut source = CueSource::new(Cue::Alarm, rate, controls, 0);
        let mut samples = Vec::new();
        loop {
            let mut block = [0.0; PLAYED_SAMPLES];
            let goes_on = source.add_to(&mut block);
            samples.extend(block);
            if !goes_on {
                break;
            }
        }
        let length = source.duration().as_secs_f32() * 48_000.0;
        assert_eq!(samples.len(), (length as usize).next_multiple_of(PLAYED_SAMPLES));
        let peak = samples.iter().fold(0.0f32, |peak, s| peak.max(s.abs()));
        assert!((0.05..0.5).contains(&peak), "peaks at {peak}");
        let step = samples.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0f32, f32::max);
        assert!(step < 0.1, "clicks: a step of {step}");
        assert!(samples[0].abs() < 1e-3 && samples[samples.len() - 1].abs() < 1e-3);
    }
}
