//! A room: a feedback delay network (Jot and Chaigne, "Digital delay networks for designing artificial reverberators",
//! 1991). Eight delays of lengths without a common divisor feed each other through a Hadamard matrix, which keeps the
//! energy; what each loses on its way gives the room its length, and a low pass in each its warmth. Four all-passes before
//! them blur the first echoes.

use super::{Effect, check, check_rate, settled};
use crate::error::AudioError;

const LINES: usize = 8;
/// Lengths of the delays in a large room, in samples at 48 kHz; primes.
const LENGTHS: [f32; LINES] = [1447.0, 1693.0, 1987.0, 2293.0, 2647.0, 3041.0, 3433.0, 3911.0];
/// Lengths of the all-passes, in samples at 48 kHz; primes.
const BLURS: [f32; 4] = [113.0, 191.0, 337.0, 491.0];
const BLUR_GAIN: f32 = 0.6;
/// How much of the sound in the room is heard beside the voice itself, where `mix` is 1.
const LEVEL: f32 = 0.5;

/// Lets the voice ring on in a room.
#[derive(Debug)]
pub struct Reverb {
    mix: f32,
    before: Delay,
    blurs: [Delay; 4],
    lines: [Delay; LINES],
    gains: [f32; LINES],
    damping: f32,
    damped: [f32; LINES],
}

#[derive(Debug)]
struct Delay {
    samples: Box<[f32]>,
    at: usize,
}

impl Delay {
    fn new(length: usize) -> Self {
        Self { samples: vec![0.0; length.max(1)].into(), at: 0 }
    }

    fn oldest(&self) -> f32 {
        self.samples[self.at]
    }

    fn push(&mut self, sample: f32) {
        self.samples[self.at] = settled(sample);
        self.at += 1;
        if self.at == self.samples.len() {
            self.at = 0;
        }
    }

    fn clear(&mut self) {
        self.samples.fill(0.0);
        self.at = 0;
    }
}

impl Reverb {
    /// A room in which sound falls by 60 dB in `seconds` (0.1 to 10), of a `size` from 0.05 (a cupboard) to 1 (a cave),
    /// dull above `damping` (500 to 20 000 Hz). `mix` (0 to 1) is how much of it is heard beside the voice.
    ///
    /// # Errors
    /// A value is out of its range.
    pub fn new(rate: u32, seconds: f32, size: f32, damping: f32, mix: f32) -> Result<Self, AudioError> {
        const NAME: &str = "reverb";
        let rate = check_rate(NAME, rate)?;
        let seconds = check(NAME, "seconds", seconds, 0.1..=10.0)?;
        let size = check(NAME, "size", size, 0.05..=1.0)?;
        let damping = check(NAME, "damping", damping, 500.0..=20_000.0)?;
        let mix = check(NAME, "mix", mix, 0.0..=1.0)?;
        let samples = |at_48k: f32| ((at_48k * size * rate / 48_000.0) as usize).max(1);
        let lengths = LENGTHS.map(samples);
        Ok(Self {
            mix,
            before: Delay::new((0.03 * size * rate) as usize),
            blurs: BLURS.map(|length| Delay::new(samples(length))),
            lines: lengths.map(Delay::new),
            gains: lengths.map(|length| 10.0f32.powf(-3.0 * length as f32 / (seconds * rate))),
            damping: 1.0 - (-std::f32::consts::TAU * damping.min(0.45 * rate) / rate).exp(),
            damped: [0.0; LINES],
        })
    }
}

/// Each sum and difference of eight, scaled so that their energy stays (Hadamard).
fn mixed(mut x: [f32; LINES]) -> [f32; LINES] {
    let mut half = 1;
    while half < LINES {
        for start in (0..LINES).step_by(2 * half) {
            for n in start..start + half {
                (x[n], x[n + half]) = (x[n] + x[n + half], x[n] - x[n + half]);
            }
        }
        half *= 2;
    }
    x.map(|x| x * 0.353_553_4)
}

impl Effect for Reverb {
    fn process(&mut self, samples: &mut [f32]) {
        for sample in samples {
            let mut entering = self.before.oldest();
            self.before.push(*sample);
            for blur in &mut self.blurs {
                let late = blur.oldest();
                let into = entering - BLUR_GAIN * late;
                entering = late + BLUR_GAIN * into;
                blur.push(into);
            }
            let mut room = [0.0; LINES];
            for (n, line) in self.lines.iter().enumerate() {
                self.damped[n] = settled(self.damped[n] + self.damping * (line.oldest() - self.damped[n]));
                room[n] = self.damped[n] * self.gains[n];
            }
            let heard = room[0] - room[1] + room[2] - room[3] + room[4] - room[5] + room[6] - room[7];
            for (line, back) in self.lines.iter_mut().zip(mixed(room)) {
                line.push(back + entering);
            }
            *sample += self.mix * (LEVEL * heard - *sample * 0.3);
        }
    }

    fn reset(&mut self) {
        self.before.clear();
        self.blurs.iter_mut().chain(&mut self.lines).for_each(Delay::clear);
        self.damped = [0.0; LINES];
    }
}
