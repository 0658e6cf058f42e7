//! Effects on the voice: what each preset costs, by how much it is late, and how far from the voice's own loudness it is.
//!
//! Cost and delay are measured on made-up speech at 48 kHz, in blocks of the size in which the speaker's callback works;
//! loudness on the installed voice.

use super::{Better, Rows, median, ms};
use jarvis_audio::PLAYED_SAMPLES;
use jarvis_audio::effects::{Offline, Preset};
use jarvis_core::Cancel;
use jarvis_engine::load::{Installed, Parts};
use jarvis_settings::Settings;
use std::f32::consts::TAU;
use std::time::Instant;

const RATE: u32 = 48_000;
/// How much is spoken for each figure.
const SECONDS: usize = 20;
/// The most that is asked for.
const MOST_MS: f64 = 20.0;
const MOST_PERCENT: f64 = 5.0;
const MOST_DECIBELS: f64 = 3.0;
/// The delays that are looked at, in milliseconds.
const DELAYS: usize = 80;
/// What the voice says, of all kinds of sounds.
const SENTENCE: &str =
    "The quick brown fox jumps over the lazy dog, while seven wizards brew a bitter potion in the cave.";

/// Measures every preset.
pub(super) fn effects(parts: &Installed, settings: &Settings, runs: usize, rows: &mut Rows<'_>) -> anyhow::Result<()> {
    let speech = made_up_speech();
    for preset in Preset::ALL {
        let mut shares = Vec::new();
        let mut out = Vec::new();
        for _ in 0..runs {
            let mut chain = preset.chain(RATE, 1.0)?;
            out.clone_from(&speech);
            let start = Instant::now();
            out.chunks_mut(PLAYED_SAMPLES).for_each(|block| chain.process(block));
            shares.push(ms(start) / 10.0 / SECONDS as f64);
        }
        let share = (median(&mut shares), "%", Better::Less);
        rows.add(("effects", format!("{}: share of a core", preset.name())), share, (Some(MOST_PERCENT), None));
        let delay = (delay(&speech, &out), "ms", Better::Less);
        rows.add(("effects", format!("{}: delay", preset.name())), delay, (Some(MOST_MS), None));
    }
    let said = parts.voice(settings)?.synthesize(SENTENCE, &Cancel::new())?;
    let plain = power(&said.samples);
    for preset in Preset::ALL {
        let mut effect = Offline::new(preset.chain(said.sample_rate, 1.0)?, said.sample_rate);
        let mut out = effect.process(said.samples.clone());
        out.extend(effect.finish());
        out.truncate(said.samples.len());
        let decibels = 10.0 * (power(&out) / plain).log10();
        let name = format!("{}: louder or quieter than the voice as it is", preset.name());
        rows.add(("effects", name), (decibels.abs(), "dB", Better::Less), (Some(MOST_DECIBELS), None));
    }
    Ok(())
}

/// Syllables of a gliding voice with hisses between them, the same each time.
fn made_up_speech() -> Vec<f32> {
    let (mut phase, mut seed) = (0.0f32, 1u32);
    (0..SECONDS * RATE as usize)
        .map(|n| {
            let t = n as f32 / RATE as f32;
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let hiss = (seed >> 8) as f32 / (1 << 23) as f32 - 1.0;
            // Neither periodic, so that no two places look alike.
            let syllable = (TAU * 3.1 * t + 1.7 * (TAU * 0.37 * t).sin()).sin();
            let hertz = 115.0 + 25.0 * (TAU * 0.53 * t).sin();
            phase = (phase + hertz / RATE as f32).fract();
            let since = phase / hertz;
            let ring = (-since * 400.0).exp() * (TAU * 700.0 * since).sin()
                + 0.5 * (-since * 500.0).exp() * (TAU * 1_900.0 * since).sin();
            0.4 * syllable.max(0.0) * ring + 0.05 * (-syllable - 0.6).max(0.0) * hiss
        })
        .collect()
}

fn power(samples: &[f32]) -> f64 {
    samples.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / samples.len().max(1) as f64
}

/// By how many milliseconds the loudness of `out` follows that of `speech`: where the two are most alike.
fn delay(speech: &[f32], out: &[f32]) -> f64 {
    let envelope = |samples: &[f32]| {
        let levels: Vec<f64> = samples.chunks(RATE as usize / 1000).map(|ms| power(ms).sqrt()).collect();
        let mean = levels.iter().sum::<f64>() / levels.len() as f64;
        levels.into_iter().map(|level| level - mean).collect::<Vec<_>>()
    };
    let (speech, out) = (envelope(speech), envelope(out));
    let alike: Vec<f64> =
        (0..DELAYS).map(|late| speech.iter().zip(&out[late..]).map(|(speech, out)| speech * out).sum()).collect();
    let best = (0..DELAYS).max_by(|a, b| alike[*a].total_cmp(&alike[*b])).unwrap_or_default();
    if best == 0 || best + 1 == DELAYS {
        return best as f64;
    }
    let (before, top, after) = (alike[best - 1], alike[best], alike[best + 1]);
    best as f64 + 0.5 * (before - after) / (before - 2.0 * top + after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_measured_to_the_millisecond() {
        let speech = made_up_speech();
        for late in [0usize, 3, 11, 27] {
            let mut out = vec![0.0; late * RATE as usize / 1000];
            out.extend(&speech);
            assert!((delay(&speech, &out) - late as f64).abs() < 0.6, "{late} ms");
        }
    }
}
