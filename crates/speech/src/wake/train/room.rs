//! What a room, a distance and a microphone do to a voice: echo, noise, tone, level.
//!
//! Works on 16 kHz mono, and changes nothing about when something is said.

use super::dice::Dice;

/// Reflections of a room; each is one copy of the sound.
const REFLECTIONS: usize = 48;
/// Samples of the latest of them, at most: 0.3 s.
const LATEST: usize = 4800;

/// Kinds of noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Noise {
    White,
    /// Falls by 3 dB an octave: wind, traffic.
    Pink,
    /// Falls by 6 dB an octave: rumble.
    Brown,
    /// Mains and fans, with harmonics.
    Hum,
    /// Tones that come and go, as in music.
    Music,
}

impl Noise {
    pub(super) const ALL: [Self; 5] = [Self::White, Self::Pink, Self::Brown, Self::Hum, Self::Music];

    /// `count` samples with a root mean square of about 1.
    pub(super) fn make(self, count: usize, dice: &mut Dice) -> Vec<f32> {
        let mut samples: Vec<f32> = match self {
            Self::White => (0..count).map(|_| dice.normal()).collect(),
            Self::Pink => {
                // Three leaky sums, after Paul Kellet.
                let mut state = [0.0_f32; 3];
                (0..count)
                    .map(|_| {
                        let white = dice.normal();
                        state[0] = 0.99765 * state[0] + white * 0.099_046;
                        state[1] = 0.963 * state[1] + white * 0.296_516_4;
                        state[2] = 0.57 * state[2] + white * 1.052_691_3;
                        state.iter().sum::<f32>() + white * 0.1848
                    })
                    .collect()
            }
            Self::Brown => {
                let mut state = 0.0;
                (0..count)
                    .map(|_| {
                        state = 0.98 * state + dice.normal();
                        state
                    })
                    .collect()
            }
            Self::Hum => tones(count, 5, dice, |tone, dice| {
                let base = *dice.of(&[50.0, 60.0, 100.0, 120.0, 180.0]);
                (base * (tone + 1) as f32, 1.0 / (tone + 1) as f32, 0.0)
            }),
            Self::Music => tones(count, 6, dice, |_, dice| {
                (110.0 * (dice.below(36) as f32 / 12.0).exp2(), dice.between(0.3, 1.0), dice.between(1.0, 4.0))
            }),
        };
        let level = rms(&samples).max(1e-9);
        for sample in &mut samples {
            *sample = *sample / level + dice.normal() * 0.05;
        }
        samples
    }
}

/// Sums of sines of the frequency, strength and pulse (both in Hz) that `of` gives.
fn tones(
    count: usize,
    tones: usize,
    dice: &mut Dice,
    mut of: impl FnMut(usize, &mut Dice) -> (f32, f32, f32),
) -> Vec<f32> {
    let mut samples = vec![0.0; count];
    for tone in 0..tones {
        let (frequency, strength, pulse) = of(tone, dice);
        let phase = dice.between(0.0, std::f32::consts::TAU);
        for (i, sample) in samples.iter_mut().enumerate() {
            let time = i as f32 / 16_000.0 * std::f32::consts::TAU;
            *sample += strength * (time * frequency + phase).sin() * (time * pulse + phase).cos();
        }
    }
    samples
}

pub(super) fn rms(samples: &[f32]) -> f32 {
    (samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len().max(1) as f32).sqrt()
}

/// Puts `sound`, whose voice has the root mean square `voice`, into a room, with noise, at some level.
/// `chatter` is speech of others, for the noise of a party.
pub(super) fn place(sound: &mut Vec<f32>, voice: f32, chatter: &[f32], dice: &mut Dice) {
    if dice.chance(0.5) {
        echo(sound, dice);
    }
    if dice.chance(0.3) {
        tilt(sound, dice.between(-0.5, 0.8));
    }
    if dice.chance(0.75) {
        let strength = voice * 10_f32.powf(-dice.between(3.0, 30.0) / 20.0);
        let kinds = Noise::ALL.len();
        let kind = dice.below(kinds + 1);
        if kind == kinds && chatter.len() > sound.len() {
            let from = dice.below(chatter.len() - sound.len());
            let part = &chatter[from..][..sound.len()];
            let scale = strength / rms(part).max(1e-6);
            for (sample, noise) in sound.iter_mut().zip(part) {
                *sample += noise * scale;
            }
        } else {
            let noise = Noise::ALL[kind.min(kinds - 1)].make(sound.len(), dice);
            for (sample, noise) in sound.iter_mut().zip(noise) {
                *sample += noise * strength;
            }
        }
    }
    let peak = sound.iter().fold(1e-6_f32, |peak, sample| peak.max(sample.abs()));
    let gain = 10_f32.powf(dice.between(-36.0, -2.0) / 20.0) / peak;
    // The quietest microphones hiss at -90 dB.
    for sample in sound {
        *sample = *sample * gain + dice.normal() * 3e-5;
    }
}

/// Adds copies of the sound that come later and weaker.
fn echo(sound: &mut [f32], dice: &mut Dice) {
    let latest = dice.between(0.08, 1.0) * LATEST as f32;
    let strength = dice.between(0.1, 0.6);
    let dry = sound.to_vec();
    for _ in 0..REFLECTIONS {
        let delay = 16 + (dice.unit() * latest) as usize;
        let decay = (-4.0 * delay as f32 / latest).exp();
        let gain = strength * decay * dice.between(-1.0, 1.0) / (REFLECTIONS as f32 / 12.0).sqrt();
        let heard = dry.len().saturating_sub(delay);
        for (sample, earlier) in sound.iter_mut().skip(delay).zip(&dry[..heard]) {
            *sample += gain * earlier;
        }
    }
}

/// Less of the low tones (above 0) or of the high ones.
fn tilt(sound: &mut [f32], amount: f32) {
    let mut before = 0.0;
    for sample in sound {
        let now = *sample;
        *sample = now - amount * before;
        before = now;
    }
}

/// Places between two samples that the filter is made for; the nearest is taken.
const PHASES: usize = 256;
/// Samples on either side that it looks at.
const HALF: usize = 16;

/// Another rate: `ratio` output samples for each input sample, by a windowed sinc that cuts what the lower of both rates
/// can't hold.
pub(super) fn resample(samples: &[f32], ratio: f64) -> Vec<f32> {
    let cut = ratio.min(1.0);
    let filters: Vec<[f32; 2 * HALF]> = (0..=PHASES)
        .map(|phase| {
            let mut filter = std::array::from_fn(|tap| {
                let distance = phase as f64 / PHASES as f64 + (HALF - 1) as f64 - tap as f64;
                let x = distance * cut * std::f64::consts::PI;
                let sinc = if x.abs() < 1e-9 { 1.0 } else { x.sin() / x };
                let window = 0.5 + 0.5 * (distance * std::f64::consts::PI / (HALF as f64 + 1.0)).cos();
                (sinc * window) as f32
            });
            let sum: f32 = filter.iter().sum();
            filter.iter_mut().for_each(|weight| *weight /= sum);
            filter
        })
        .collect();
    let mut padded = vec![0.0; HALF - 1];
    padded.extend_from_slice(samples);
    padded.resize(padded.len() + HALF + 1, 0.0);
    let count = (samples.len() as f64 * ratio) as usize;
    (0..count)
        .map(|i| {
            let at = i as f64 / ratio;
            let filter = &filters[(at.fract() * PHASES as f64).round() as usize];
            let from = (at as usize).min(padded.len() - 2 * HALF);
            filter.iter().zip(&padded[from..]).map(|(weight, sample)| weight * sample).sum()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tone(frequency: f32, rate: f32, count: usize) -> Vec<f32> {
        (0..count).map(|i| (i as f32 / rate * frequency * std::f32::consts::TAU).sin()).collect()
    }

    #[test]
    fn another_rate_keeps_the_tone_and_loses_what_it_cannot_hold() {
        let ratio = 16_000.0 / 22_050.0;
        let heard = resample(&tone(440.0, 22_050.0, 22_050), ratio);
        assert_eq!(heard.len(), 16_000);
        for (heard, wanted) in heard[100..15_900].iter().zip(&tone(440.0, 16_000.0, 16_000)[100..15_900]) {
            assert!((heard - wanted).abs() < 0.02, "{heard} {wanted}");
        }
        assert!(rms(&resample(&tone(10_500.0, 22_050.0, 22_050), ratio)) < 0.1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn a_room_gives_sound_that_can_be_heard(seed in any::<u64>(), level in 0.001_f32..1.0) {
            let mut dice = Dice::new(seed);
            let mut sound: Vec<f32> = tone(300.0, 16_000.0, 8_000).iter().map(|sample| sample * level).collect();
            let voice = rms(&sound);
            place(&mut sound, voice, &[], &mut dice);
            prop_assert_eq!(sound.len(), 8_000);
            prop_assert!(sound.iter().all(|sample| sample.is_finite() && sample.abs() < 1.1));
            prop_assert!(rms(&sound) > 0.001);
        }

        #[test]
        fn noise_has_the_strength_that_was_asked_for(seed in any::<u64>(), kind in 0_usize..5) {
            let noise = Noise::ALL[kind].make(16_000, &mut Dice::new(seed));
            prop_assert!((0.9..1.1).contains(&rms(&noise)), "{}", rms(&noise));
        }
    }
}
