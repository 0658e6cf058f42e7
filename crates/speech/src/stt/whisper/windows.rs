//! Which stretches of a recording are worth recognizing: windows of 30 s at most, cut where it is quiet, and none of
//! silence.
//!
//! Looks at loudness only. Never copies sound.

use super::super::mel::MAX_SAMPLES;

/// Samples over which loudness is measured: 10 ms.
const STEP: usize = 160;
/// A cut is looked for in the last part of a window: its shortest length is this many samples, 18 s.
const SHORTEST: usize = 18 * 16_000;
/// Samples of quiet that make a good cut: 300 ms.
const PAUSE: usize = 4_800;
/// Root mean square, about -60 dB of full scale, that nothing below is speech: a quiet voice at a poor microphone
/// reaches -50 dB in its vowels.
const AUDIBLE: f32 = 0.001;
/// Steps that have to be audible for speech: the shortest word has a vowel of about 60 ms.
const SHORTEST_SPEECH: usize = 6;

/// How many of the first samples to recognize at once: all, if they are 30 s or less, else up to the best place to cut.
pub(super) fn first(samples: &[f32]) -> usize {
    if samples.len() <= MAX_SAMPLES { samples.len() } else { quietest(&samples[..MAX_SAMPLES]) }
}

/// The middle of the quietest [`PAUSE`] after the first [`SHORTEST`] samples of a full window.
fn quietest(window: &[f32]) -> usize {
    let energies: Vec<f32> = window[SHORTEST..].chunks_exact(STEP).map(energy).collect();
    let width = PAUSE / STEP;
    let mut sum: f32 = energies[..width].iter().sum();
    let (mut least, mut at) = (sum, 0);
    for end in width..energies.len() {
        sum = (sum + energies[end] - energies[end - width]).max(0.0);
        // Of equals the last: fewer windows.
        if sum <= least {
            (least, at) = (sum, end + 1 - width);
        }
    }
    SHORTEST + (at + width / 2) * STEP
}

/// Whether there is enough sound in `samples` for a word.
pub(super) fn audible(samples: &[f32]) -> bool {
    let floor = AUDIBLE * AUDIBLE * STEP as f32;
    samples.chunks(STEP).filter(|step| energy(step) > floor).nth(SHORTEST_SPEECH - 1).is_some()
}

fn energy(samples: &[f32]) -> f32 {
    samples.iter().map(|s| s * s).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tone(seconds: f32, level: f32) -> Vec<f32> {
        (0..(seconds * 16_000.0) as usize).map(|i| level * (i as f32 * 0.3).sin()).collect()
    }

    /// The lengths of all windows.
    fn windows(samples: &[f32]) -> Vec<usize> {
        let mut rest = samples;
        let mut lengths = Vec::new();
        while !rest.is_empty() {
            let length = first(rest);
            lengths.push(length);
            rest = &rest[length..];
        }
        lengths
    }

    #[test]
    fn a_cut_falls_into_the_pause() {
        let mut samples = tone(24.0, 0.3);
        samples.extend(tone(0.5, 0.0005));
        samples.extend(tone(20.0, 0.3));
        let all = windows(&samples);
        assert_eq!(all.len(), 2);
        let cut = all[0] as f32 / 16_000.0;
        assert!((24.1..24.4).contains(&cut), "{cut}");
    }

    #[test]
    fn thirty_seconds_are_one_window() {
        assert_eq!(windows(&tone(30.0, 0.1)), [480_000]);
        assert!(windows(&[]).is_empty());
    }

    #[test]
    fn silence_and_a_tick_are_not_audible() {
        assert!(!audible(&[]));
        assert!(!audible(&tone(3.0, 0.0005)));
        let mut tick = vec![0.0; 16_000];
        tick[8000..8400].fill(0.9);
        assert!(!audible(&tick));
        assert!(audible(&tone(0.1, 0.01)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn windows_cover_all(length in 0usize..2_000_000, seed in 1u32..1000) {
            let samples: Vec<f32> = (0..length).map(|i| ((i as u32).wrapping_mul(seed) % 101) as f32 / 101.0).collect();
            let all = windows(&samples);
            for (i, window) in all.iter().enumerate() {
                prop_assert!((1..=MAX_SAMPLES).contains(window));
                prop_assert!(*window > SHORTEST || i == all.len() - 1);
            }
            prop_assert_eq!(all.iter().sum::<usize>(), length);
        }
    }
}
