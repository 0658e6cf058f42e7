//! Sound that nobody speaks in: what a room, a desk and a radio do all day. Made from numbers, the same each time.
//!
//! Never has a voice in it, and never a file.

use jarvis_core::SAMPLE_RATE;
use std::f32::consts::TAU;

/// Lengths of the pieces in seconds, in turn: from a cough to a long question.
const LENGTHS: [f32; 8] = [0.6, 1.0, 1.7, 2.5, 4.0, 6.0, 9.0, 14.0];

/// A kind of sound: its name, and how it is made at a loudness.
type Kind = (&'static str, fn(&mut Random, usize, f32) -> Vec<f32>);

const KINDS: [Kind; 9] = [
    ("silence", |_, count, _| vec![0.0; count]),
    ("white noise", |random, count, level| (0..count).map(|_| random.signed() * level).collect()),
    ("pink noise", |random, count, level| coloured(random, count, level, 0.9)),
    ("brown noise", |random, count, level| coloured(random, count, level, 0.995)),
    ("breath", breath),
    ("keyboard", keyboard),
    ("hum", hum),
    ("melody", melody),
    ("chords and drums", chords),
];

/// Root mean square or peak, about: from hardly audible to loud.
const LEVELS: [f32; 4] = [0.003, 0.02, 0.08, 0.3];

/// Pieces of all kinds at all levels, `seconds` together at least, each with its name.
pub(super) fn pieces(seconds: f32) -> Vec<(&'static str, Vec<f32>)> {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let mut out: Vec<(&str, Vec<f32>)> = Vec::new();
    let wanted = (seconds * SAMPLE_RATE as f32) as usize;
    let mut made = 0;
    while made < wanted {
        let turn = out.len();
        let (name, make) = KINDS[turn % KINDS.len()];
        let level = LEVELS[turn / KINDS.len() % LEVELS.len()];
        let length = LENGTHS[(turn / KINDS.len() + turn) % LENGTHS.len()];
        let piece = make(&mut random, (length * SAMPLE_RATE as f32) as usize, level);
        made += piece.len();
        out.push((name, piece));
    }
    out
}

/// `samples` with pink noise behind them that is `below` decibels softer on the whole.
pub(super) fn in_noise(samples: &[f32], below: f32) -> Vec<f32> {
    let noise = coloured(&mut Random(0x9e37_79b9_7f4a_7c15), samples.len(), 1.0, 0.9);
    let power = |values: &[f32]| values.iter().map(|value| value * value).sum::<f32>();
    let gain = (power(samples) / power(&noise).max(f32::MIN_POSITIVE)).sqrt() * 10f32.powf(-below / 20.0);
    samples.iter().zip(&noise).map(|(sample, noise)| sample + gain * noise).collect()
}

/// xorshift64*.
struct Random(u64);

impl Random {
    /// 0..1.
    fn unit(&mut self) -> f32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 40) as f32 / (1u64 << 24) as f32
    }

    /// -1..1.
    fn signed(&mut self) -> f32 {
        2.0 * self.unit() - 1.0
    }
}

/// Noise through one pole at `pole`, brought to `level`.
fn coloured(random: &mut Random, count: usize, level: f32, pole: f32) -> Vec<f32> {
    let gain = level * (1.0 - pole * pole).sqrt() * 1.7;
    let mut state = 0.0;
    let mut sample = || {
        state = pole * state + random.signed() * gain;
        state
    };
    (0..count).map(|_| sample()).collect()
}

/// Breathing in and out every 3 s: noise with the colour of an open mouth.
fn breath(random: &mut Random, count: usize, level: f32) -> Vec<f32> {
    let (mut low, mut band) = (0.0, 0.0);
    let shape = |i: usize| (TAU * i as f32 / (3.0 * SAMPLE_RATE as f32)).sin().abs().powi(3);
    // A resonance at 1.5 kHz.
    let frequency = 2.0 * (std::f32::consts::PI * 1500.0 / SAMPLE_RATE as f32).sin();
    let mut sample = |i: usize| {
        let high = random.signed() - low - 0.8 * band;
        band += frequency * high;
        low += frequency * band;
        band * level * shape(i)
    };
    (0..count).map(&mut sample).collect()
}

/// Keys at an uneven pace: a click and a thud each.
fn keyboard(random: &mut Random, count: usize, level: f32) -> Vec<f32> {
    let mut out: Vec<f32> = (0..count).map(|_| random.signed() * 0.0005).collect();
    let mut at = 0;
    while at < count {
        let (pitch, strength) = (150.0 + 250.0 * random.unit(), 0.4 + 0.6 * random.unit());
        for (i, sample) in out[at..].iter_mut().take(1600).enumerate() {
            let t = i as f32 / SAMPLE_RATE as f32;
            let click = random.signed() * (-t * 900.0).exp();
            let thud = (TAU * pitch * t).sin() * (-t * 70.0).exp();
            *sample += level * strength * (click + 0.5 * thud);
        }
        at += (SAMPLE_RATE as f32 * (0.06 + 0.25 * random.unit())) as usize;
    }
    out
}

/// The mains and what it drives.
fn hum(random: &mut Random, count: usize, level: f32) -> Vec<f32> {
    let tone = |t: f32| (1..=9).map(|n| (TAU * 50.0 * n as f32 * t).sin() / n as f32).sum::<f32>();
    (0..count).map(|i| level * 0.5 * tone(i as f32 / SAMPLE_RATE as f32) + random.signed() * level * 0.05).collect()
}

/// Adds a tone with overtones that swells, trembles and dies away.
fn tone(out: &mut [f32], pitch: f32, level: f32, decay: f32, tremble: f32) {
    for (i, sample) in out.iter_mut().enumerate() {
        let t = i as f32 / SAMPLE_RATE as f32;
        let phase = TAU * pitch * t + tremble * (TAU * 5.5 * t).sin();
        let overtones: f32 = (1..=6).map(|n| (phase * n as f32).sin() / (n * n) as f32).sum();
        *sample += level * overtones * (1.0 - (-t * 80.0).exp()) * (-t * decay).exp();
    }
}

/// Hertz of a step of the scale of A minor.
fn step(step: u32) -> f32 {
    const SCALE: [i32; 7] = [0, 2, 3, 5, 7, 8, 10];
    220.0 * 2f32.powf((SCALE[step as usize % 7] + 12 * (step as i32 / 7)) as f32 / 12.0)
}

/// One instrument that plays a tune.
fn melody(random: &mut Random, count: usize, level: f32) -> Vec<f32> {
    let mut out = vec![0.0; count];
    let mut at = 0;
    while at < count {
        let length = (SAMPLE_RATE as f32 * [0.2, 0.4, 0.8][(random.unit() * 3.0) as usize % 3]) as usize;
        let end = (at + 2 * length).min(count);
        tone(&mut out[at..end], step((random.unit() * 14.0) as u32), level, 2.0, 0.3);
        at += length;
    }
    out
}

/// Chords with a drum on each beat.
fn chords(random: &mut Random, count: usize, level: f32) -> Vec<f32> {
    let mut out = vec![0.0; count];
    let beat = SAMPLE_RATE as usize / 2;
    for (number, at) in (0..count).step_by(beat).enumerate() {
        if number % 4 == 0 {
            let root = (random.unit() * 7.0) as u32;
            let end = (at + 4 * beat).min(count);
            for third in [0, 2, 4] {
                tone(&mut out[at..end], step(root + third), level * 0.5, 0.7, 0.0);
            }
        }
        for (i, sample) in out[at..].iter_mut().take(3200).enumerate() {
            let t = i as f32 / SAMPLE_RATE as f32;
            let drum = if number % 2 == 0 { (TAU * 60.0 * t).sin() } else { random.signed() * 0.6 };
            *sample += level * drum * (-t * 25.0).exp();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_as_loud_as_it_should_be() {
        let voice: Vec<f32> = (0..16_000).map(|i| 0.3 * (i as f32 * 0.1).sin()).collect();
        let noisy = in_noise(&voice, 10.0);
        let power = |values: &mut dyn Iterator<Item = f32>| values.map(|value| value * value).sum::<f32>();
        let noise = power(&mut noisy.iter().zip(&voice).map(|(noisy, voice)| noisy - voice));
        assert!((power(&mut voice.iter().copied()) / noise - 10.0).abs() < 0.01);
        assert!(in_noise(&[], 10.0).is_empty() && in_noise(&[0.0; 9], 10.0) == [0.0; 9]);
    }

    #[test]
    fn pieces_are_sound_of_all_kinds_and_the_same_each_time() {
        let made = pieces(200.0);
        let samples: usize = made.iter().map(|(_, piece)| piece.len()).sum();
        assert!((200.0..220.0).contains(&(samples as f32 / SAMPLE_RATE as f32)));
        for (name, _) in KINDS {
            assert!(made.iter().any(|(other, _)| *other == name), "{name}");
        }
        for (name, piece) in &made {
            let power = piece.iter().map(|s| s * s).sum::<f32>() / piece.len() as f32;
            assert!(piece.iter().all(|s| s.is_finite() && s.abs() <= 2.0), "{name}");
            assert!(*name == "silence" || power > 1e-8, "{name}");
        }
        assert_eq!(made, pieces(200.0));
    }
}
