//! The spectrogram against a plain one in double precision, and the filters against published numbers.

use super::*;
use proptest::prelude::*;
use std::f64::consts::PI;

/// The definition, written out: every bin of every window by the discrete Fourier transform, every filter over all bins.
fn plain(samples: &[f32], frames: usize, mel_bins: usize) -> Vec<f32> {
    let sound = |index: isize| -> f64 {
        let last = MAX_SAMPLES as isize - 1;
        let index = if index < 0 { -index } else { index };
        let index = if index > last { 2 * last - index } else { index };
        samples.get(index as usize).map_or(0.0, |s| f64::from(*s))
    };
    let filters = filters(mel_bins);
    let mut out = Vec::new();
    for frame in 0..frames {
        let start = (frame * HOP) as isize - 200;
        let windowed: Vec<f64> = (0..WINDOW)
            .map(|i| sound(start + i as isize) * (0.5 - 0.5 * (2.0 * PI * i as f64 / WINDOW as f64).cos()))
            .collect();
        let power: Vec<f64> = (0..BINS)
            .map(|bin| {
                let (mut re, mut im) = (0.0, 0.0);
                for (i, value) in windowed.iter().enumerate() {
                    let phase = 2.0 * PI * ((bin * i) % WINDOW) as f64 / WINDOW as f64;
                    re += value * phase.cos();
                    im -= value * phase.sin();
                }
                re * re + im * im
            })
            .collect();
        for filter in &filters {
            let sum: f64 =
                filter.weights.iter().enumerate().map(|(i, w)| f64::from(*w) * power[filter.first + i]).sum();
            out.push(sum.max(1e-10).log10());
        }
    }
    let floor = out.iter().copied().fold(-10.0, f64::max) - 8.0;
    out.into_iter().map(|value: f64| ((value.max(floor) + 4.0) / 4.0) as f32).collect()
}

fn assert_close(got: &[f32], want: &[f32]) {
    assert_eq!(got.len(), want.len());
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        assert!((got - want).abs() < 2e-3, "value {i} is {got}, not {want}");
    }
}

#[test]
fn the_filters_are_those_that_whisper_was_trained_with() {
    // Rows of the published 80 x 201 matrix: row, first bin, weights.
    let published: [(usize, usize, &[f64]); 6] = [
        (0, 1, &[0.024862595]),
        (1, 1, &[0.0019908219, 0.022871772]),
        (10, 10, &[0.01990822, 0.0049543753]),
        (40, 42, &[0.0054111052, 0.014735566, 0.0065181898]),
        (60, 90, &[0.0014345343, 0.0034412192, 0.0054479036, 0.0065910928, 0.0046600117, 0.0027289304, 0.00079784915]),
        (
            79,
            186,
            &[
                0.00036674167,
                0.00083307002,
                0.0012993984,
                0.0017657267,
                0.0022320549,
                0.0026983833,
                0.0031647116,
                0.0031413131,
                0.0026925541,
                0.0022437952,
                0.0017950361,
                0.0013462771,
                0.00089751807,
                0.00044875903,
            ],
        ),
    ];
    let filters = filters(80);
    for (row, first, weights) in published {
        assert_eq!(filters[row].first, first, "row {row}");
        assert_eq!(filters[row].weights.len(), weights.len(), "row {row}");
        for (got, want) in filters[row].weights.iter().zip(weights) {
            assert!((f64::from(*got) - want).abs() < 1e-6, "row {row}: {got} is not {want}");
        }
    }
    let sum: f32 = filters.iter().flat_map(|f| &f.weights).sum();
    assert!((sum - 1.9990242).abs() < 1e-4, "{sum}");
}

#[test]
fn a_sweep_agrees_with_the_plain_spectrogram() {
    let samples: Vec<f32> = (0..9_000)
        .map(|i| {
            let t = f64::from(i) / 16_000.0;
            (0.4 * (2.0 * PI * (200.0 + 4000.0 * t) * t).sin() + 0.01 * (2.0 * PI * 60.0 * t).sin()) as f32
        })
        .collect();
    let mut out = Vec::new();
    LogMel::new(80).compute(&samples, 70, &mut out);
    assert_close(&out, &plain(&samples, 70, 80));
}

#[test]
fn both_edges_of_thirty_seconds_are_mirrors() {
    let samples: Vec<f32> = (0..MAX_SAMPLES).map(|i| ((i * 7919 % 1000) as f32 / 500.0 - 1.0) * 0.2).collect();
    let mut mel = LogMel::new(80);
    let mut out = Vec::new();
    mel.compute(&samples, 3000, &mut out);
    assert_eq!(out.len(), 3000 * 80);
    // The last two windows see the mirror; the plain one is too slow for all 3000, so compare the tail of a shifted one.
    let tail = |index: isize| {
        let index = if index >= MAX_SAMPLES as isize { 2 * MAX_SAMPLES as isize - 2 - index } else { index };
        samples[index as usize]
    };
    let start = 2999 * HOP as isize - 200;
    let unfolded: Vec<f32> = (0..WINDOW as isize + 400).map(|i| tail(start - 200 + i)).collect();
    let mut power = vec![0.0f64; BINS];
    for (bin, power) in power.iter_mut().enumerate() {
        let (mut re, mut im) = (0.0, 0.0);
        for i in 0..WINDOW {
            let value = f64::from(unfolded[200 + i]) * (0.5 - 0.5 * (2.0 * PI * i as f64 / WINDOW as f64).cos());
            let phase = 2.0 * PI * ((bin * i) % WINDOW) as f64 / WINDOW as f64;
            re += value * phase.cos();
            im -= value * phase.sin();
        }
        *power = re * re + im * im;
    }
    for (bin, filter) in filters(80).iter().enumerate() {
        let sum: f64 = filter.weights.iter().enumerate().map(|(i, w)| f64::from(*w) * power[filter.first + i]).sum();
        let want = (sum.max(1e-10).log10() as f32 + 4.0) / 4.0;
        let got = out[2999 * 80 + bin];
        assert!((got - want).abs() < 2e-3, "bin {bin}: {got} is not {want}");
    }
}

#[test]
fn silence_is_the_floor() {
    let mut out = Vec::new();
    for samples in [&[][..], &[0.0; 5000][..]] {
        LogMel::new(80).compute(samples, 100, &mut out);
        assert!(out.iter().all(|value| (*value + 1.5).abs() < 1e-6));
        assert_eq!(out.len(), 8000);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_sound_agrees_with_the_plain_spectrogram(samples in prop::collection::vec(-1.0f32..1.0, 1..2000), frames in 1usize..18) {
        let mut out = Vec::new();
        LogMel::new(80).compute(&samples, frames, &mut out);
        assert_close(&out, &plain(&samples, frames, 80));
    }
}
