//! What is done to a voice's sound before it is played: the silence around it is cut to size and the level made even.
//!
//! Pure functions over samples.

/// Windows in which loudness is judged: 5 ms.
const WINDOW_MS: usize = 5;
/// Below this a window is silence: the voices' own noise is ten times less, the softest consonants more.
const SILENT_RMS: f32 = 0.003;
/// Silence left before the first sound; a soft consonant begins below the threshold.
const LEAD_MS: usize = 5;
/// Sound left after the last loud window, before the pause: words fade.
const FADE_MS: usize = 40;
/// Loudness of speech, the pauses left out: -20 dB of full scale.
const TARGET_RMS: f32 = 0.1;
/// The loudest sample that is made.
const CEILING: f32 = 0.95;
/// Beyond these the sound is not a voice that is merely soft or loud.
const GAIN: std::ops::RangeInclusive<f32> = 0.2..=5.0;

/// Cuts the silence at the beginning and makes the one at the end `pause_ms` long. Empty if there is no sound at all.
pub fn trim(samples: &mut Vec<f32>, sample_rate: u32, pause_ms: usize) {
    let milliseconds = |ms: usize| sample_rate as usize * ms / 1000;
    let window = milliseconds(WINDOW_MS).max(1);
    let is_loud = |chunk: &[f32]| rms(chunk) > SILENT_RMS;
    let Some(first) = samples.chunks(window).position(is_loud) else {
        samples.clear();
        return;
    };
    let last = samples.chunks(window).rposition(is_loud).unwrap_or(first);
    let begin = (first * window).saturating_sub(milliseconds(LEAD_MS));
    let end = ((last + 1) * window + milliseconds(FADE_MS)).min(samples.len());
    samples.truncate(end);
    samples.drain(..begin);
    // A cut within sound would click.
    let fade = window.min(samples.len());
    let begin_of_fade = samples.len() - fade;
    for (i, sample) in samples[begin_of_fade..].iter_mut().enumerate() {
        *sample *= 1.0 - (i + 1) as f32 / fade as f32;
    }
    samples.resize(samples.len() + milliseconds(pause_ms), 0.0);
}

/// Brings speech to one level without clipping.
pub fn level(samples: &mut [f32], sample_rate: u32) {
    let window = (sample_rate as usize * WINDOW_MS / 1000).max(1);
    let (mut energy, mut count) = (0.0_f64, 0_usize);
    for chunk in samples.chunks(window).filter(|chunk| rms(chunk) > SILENT_RMS) {
        energy += chunk.iter().map(|sample| f64::from(sample * sample)).sum::<f64>();
        count += chunk.len();
    }
    let peak = samples.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    if count == 0 || peak == 0.0 {
        return;
    }
    let loudness = (energy / count as f64).sqrt() as f32;
    let gain = (TARGET_RMS / loudness).clamp(*GAIN.start(), *GAIN.end()).min(CEILING / peak);
    for sample in samples {
        *sample *= gain;
    }
}

fn rms(samples: &[f32]) -> f32 {
    (samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len().max(1) as f32).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use proptest::prelude::*;

    const RATE: u32 = 22_050;

    fn tone(level: f32, milliseconds: usize) -> Vec<f32> {
        (0..RATE as usize * milliseconds / 1000).map(|i| (i as f32 * 0.1).sin() * level).collect()
    }

    #[test]
    fn silence_around_is_cut_to_size() {
        let mut samples = vec![0.0; 4410];
        samples.extend(tone(0.5, 300));
        samples.extend(vec![0.0; 22_050]);
        trim(&mut samples, RATE, 120);
        let first = samples.iter().position(|sample| sample.abs() > 0.01).unwrap();
        assert!(first < RATE as usize * 20 / 1000, "{first}");
        let length = samples.len() * 1000 / RATE as usize;
        assert!((300 + 120..300 + 120 + 60).contains(&length), "{length} ms");
        assert!(samples[samples.len() - 2400..].iter().all(|sample| *sample == 0.0));
    }

    #[test]
    fn silence_alone_is_nothing() {
        let mut samples = testing::noise(0.001, 5000);
        trim(&mut samples, RATE, 120);
        assert!(samples.is_empty());
    }

    #[test]
    fn soft_and_loud_voices_come_out_alike() {
        let mut soft = tone(0.04, 500);
        let mut loud = tone(0.6, 500);
        level(&mut soft, RATE);
        level(&mut loud, RATE);
        assert!((rms(&soft) - TARGET_RMS).abs() < 0.01 && (rms(&loud) - TARGET_RMS).abs() < 0.01);
    }

    proptest! {
        #[test]
        fn nothing_clips_and_nothing_panics(
            samples in prop::collection::vec(-2f32..2.0, 0..3000), rate in 8_000u32..48_000, pause in 0usize..500,
        ) {
            let mut samples = samples;
            trim(&mut samples, rate, pause);
            level(&mut samples, rate);
            prop_assert!(samples.iter().all(|sample| sample.abs() <= 1.0));
        }
    }
}
