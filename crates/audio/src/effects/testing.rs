//! Sounds for tests, and looks at them.

use std::f32::consts::TAU;

/// A sine.
pub fn tone(rate: u32, hertz: f32, level: f32, seconds: f32) -> Vec<f32> {
    let phase = |n: usize| (f64::from(hertz) * n as f64 / f64::from(rate)).fract() as f32;
    (0..(rate as f32 * seconds) as usize).map(|n| level * (TAU * phase(n)).sin()).collect()
}

/// Something like a vowel: pulses of `hertz` that ring at 700 and 1200 Hz.
pub fn voice(rate: u32, hertz: f32, seconds: f32) -> Vec<f32> {
    let ring = |t: f32, formant: f32, width: f32| (-t * width).exp() * (TAU * formant * t).sin();
    let period = 1.0 / hertz;
    (0..(rate as f32 * seconds) as usize)
        .map(|n| {
            let t = n as f32 / rate as f32;
            let since = t % period;
            let pulse = |t: f32| ring(t, 700.0, 400.0) + 0.5 * ring(t, 1_200.0, 500.0);
            0.3 * (pulse(since) + pulse(since + period))
        })
        .collect()
}

/// The level of one frequency in `samples`, as the amplitude of a sine (a correlation under a Hann window).
pub fn level_at(samples: &[f32], rate: u32, hertz: f32) -> f32 {
    let (mut re, mut im, mut weight) = (0.0f64, 0.0f64, 0.0f64);
    for (n, sample) in samples.iter().enumerate() {
        let window = 0.5 - 0.5 * (std::f64::consts::TAU * n as f64 / samples.len() as f64).cos();
        let phase = std::f64::consts::TAU * f64::from(hertz) * n as f64 / f64::from(rate);
        re += window * f64::from(*sample) * phase.cos();
        im += window * f64::from(*sample) * phase.sin();
        weight += window;
    }
    (2.0 * re.hypot(im) / weight) as f32
}

pub fn decibels(ratio: f32) -> f32 {
    20.0 * ratio.max(1e-12).log10()
}

/// Root mean square.
pub fn rms(samples: &[f32]) -> f32 {
    (samples.iter().map(|s| s * s).sum::<f32>() / samples.len().max(1) as f32).sqrt()
}
