//! Which stretches of a recording are worth recognizing: windows of 30 s at most, cut where it is quiet, and none of
//! silence.
//!
//! Looks at loudness only. Never copies sound.

use super::super::mel::MAX_SAMPLES;
use std::ops::Range;

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

/// Splits `samples` into windows, one after the other without a gap.
pub(super) fn windows(samples: &[f32]) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = &samples[start..];
        if rest.is_empty() {
            return None;
        }
        let length = if rest.len() <= MAX_SAMPLES { rest.len() } else { quietest(&rest[..MAX_SAMPLES]) };
        let window = start..start + length;
        start = window.end;
        Some(window)
    })
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

    #[test]
    fn a_cut_falls_into_the_pause() {
        let mut samples = tone(24.0, 0.3);
        samples.extend(tone(0.5, 0.0005));
        samples.extend(tone(20.0, 0.3));
        let all: Vec<_> = windows(&samples).collect();
        assert_eq!(all.len(), 2);
        let cut = all[0].end as f32 / 16_000.0;
        assert!((24.1..24.4).contains(&cut), "{cut}");
    }

    #[test]
    fn thirty_seconds_are_one_window() {
        assert_eq!(windows(&tone(30.0, 0.1)).collect::<Vec<_>>(), [0..480_000]);
        assert_eq!(windows(&[]).count(), 0);
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
        fn windows_cover_all_in_order(length in 0usize..2_000_000, seed in 1u32..1000) {
            let samples: Vec<f32> = (0..length).map(|i| ((i as u32).wrapping_mul(seed) % 101) as f32 / 101.0).collect();
            let mut end = 0;
            for window in windows(&samples) {
                prop_assert_eq!(window.start, end);
                prop_assert!(!window.is_empty() && window.len() <= MAX_SAMPLES);
                prop_assert!(window.len() > SHORTEST || window.end == length);
                end = window.end;
            }
            prop_assert_eq!(end, length);
        }
    }
}
