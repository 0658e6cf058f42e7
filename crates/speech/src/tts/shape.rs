//! What is done to a voice's sound before it is played: the silence around it is cut to size and the level made even.
//!
//! Works on sound that comes in pieces, so that the first can be played before the last is there. Never looks at what is
//! said.

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
/// How much speech the estimate of a voice's loudness remembers, in milliseconds.
const MEMORY_MS: usize = 5000;
/// The loudest sample that is made, and where louder ones begin to be bent towards it.
const CEILING: f32 = 0.95;
const KNEE: f32 = 0.8;
/// Beyond these the sound is not a voice that is merely soft or loud.
const GAIN: std::ops::RangeInclusive<f32> = 0.2..=5.0;

fn samples_of(sample_rate: u32, milliseconds: usize) -> usize {
    sample_rate as usize * milliseconds / 1000
}

/// Cuts the silence around one sentence: none before it, a pause of the right length after it.
#[derive(Debug)]
pub struct Trim {
    sample_rate: u32,
    window: usize,
    /// What is not given out yet: the silence so far, which may be the end, and less than a window.
    held: Vec<f32>,
    /// How much of `held` was judged.
    judged: usize,
    started: bool,
}

impl Trim {
    /// For a sentence that begins.
    pub fn new(sample_rate: u32) -> Self {
        let window = samples_of(sample_rate, WINDOW_MS).max(1);
        Self { sample_rate, window, held: Vec::new(), judged: 0, started: false }
    }

    /// Takes the next samples and adds those to `out` that are surely part of the sentence.
    pub fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        self.held.extend_from_slice(samples);
        let mut given = 0;
        while self.held.len() - self.judged >= self.window {
            let end = self.judged + self.window;
            if rms(&self.held[self.judged..end]) > SILENT_RMS {
                if !std::mem::replace(&mut self.started, true) {
                    given = self.judged.saturating_sub(samples_of(self.sample_rate, LEAD_MS));
                }
                out.extend_from_slice(&self.held[given..end]);
                given = end;
            }
            self.judged = end;
        }
        self.held.drain(..given);
        self.judged -= given;
    }

    /// The sentence is over: adds how its last word fades, and a pause of `pause_ms`. A sentence that was silent adds
    /// nothing.
    pub fn finish(mut self, pause_ms: usize, out: &mut Vec<f32>) {
        if !self.started {
            return;
        }
        // What is less than a window may be loud; it is part of the fade.
        self.held.truncate(samples_of(self.sample_rate, FADE_MS));
        // A cut within sound would click.
        let fade = self.window.min(self.held.len());
        let begin = self.held.len() - fade;
        for (i, sample) in self.held[begin..].iter_mut().enumerate() {
            *sample *= 1.0 - (i + 1) as f32 / fade as f32;
        }
        out.append(&mut self.held);
        out.resize(out.len() + samples_of(self.sample_rate, pause_ms), 0.0);
    }
}

/// Brings a voice to one level without clipping. A voice is about as loud in all its sentences, so what it has said so
/// far tells how much louder it has to be.
#[derive(Debug)]
pub struct Level {
    window: usize,
    memory: f64,
    energy: f64,
    count: f64,
    /// The gain of the last sample.
    gain: Option<f32>,
}

impl Level {
    /// For a voice of which nothing was heard yet.
    pub fn new(sample_rate: u32) -> Self {
        let window = samples_of(sample_rate, WINDOW_MS).max(1);
        Self { window, memory: samples_of(sample_rate, MEMORY_MS) as f64, energy: 0.0, count: 0.0, gain: None }
    }

    /// Brings the next samples of the voice to the level.
    pub fn apply(&mut self, samples: &mut [f32]) {
        for chunk in samples.chunks(self.window).filter(|chunk| rms(chunk) > SILENT_RMS) {
            self.energy += chunk.iter().map(|sample| f64::from(sample * sample)).sum::<f64>();
            self.count += chunk.len() as f64;
        }
        if self.count == 0.0 {
            return;
        }
        if self.count > self.memory {
            self.energy *= self.memory / self.count;
            self.count = self.memory;
        }
        let loudness = (self.energy / self.count).sqrt() as f32;
        let wanted = (TARGET_RMS / loudness).clamp(*GAIN.start(), *GAIN.end());
        let from = self.gain.replace(wanted).unwrap_or(wanted);
        let step = (wanted - from) / samples.len().max(1) as f32;
        for (i, sample) in samples.iter_mut().enumerate() {
            *sample = bend(*sample * (from + step * i as f32));
        }
    }
}

/// Bends what is louder than the knee so that nothing is louder than the ceiling.
fn bend(sample: f32) -> f32 {
    let size = sample.abs();
    if size <= KNEE {
        return sample;
    }
    let room = CEILING - KNEE;
    (KNEE + room * ((size - KNEE) / room).tanh()).copysign(sample)
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

    /// What becomes of a sentence that arrives in pieces of `size`.
    fn trimmed(samples: &[f32], rate: u32, size: usize, pause_ms: usize) -> Vec<f32> {
        let (mut trim, mut out) = (Trim::new(rate), vec![]);
        samples.chunks(size.max(1)).for_each(|piece| trim.push(piece, &mut out));
        trim.finish(pause_ms, &mut out);
        out
    }

    #[test]
    fn silence_around_is_cut_to_size() {
        let mut samples = vec![0.0; 4410];
        samples.extend(tone(0.5, 300));
        samples.extend(vec![0.0; 22_050]);
        let samples = trimmed(&samples, RATE, 1000, 120);
        let first = samples.iter().position(|sample| sample.abs() > 0.01).unwrap();
        assert!(first < RATE as usize * 20 / 1000, "{first}");
        let length = samples.len() * 1000 / RATE as usize;
        assert!((300 + 120..300 + 120 + 60).contains(&length), "{length} ms");
        assert!(samples[samples.len() - 2400..].iter().all(|sample| *sample == 0.0));
    }

    #[test]
    fn a_pause_within_a_sentence_stays_as_long_as_it_is() {
        let mut samples = tone(0.5, 200);
        samples.extend(vec![0.0; RATE as usize / 2]);
        samples.extend(tone(0.5, 200));
        let out = trimmed(&samples, RATE, 700, 0);
        let length = out.len() * 1000 / RATE as usize;
        assert!((890..=940).contains(&length), "{length} ms");
    }

    #[test]
    fn silence_alone_is_nothing() {
        assert!(trimmed(&testing::noise(0.001, 5000), RATE, 512, 120).is_empty());
    }

    #[test]
    fn soft_and_loud_voices_come_out_alike() {
        for voice in [0.04, 0.6] {
            let mut samples = tone(voice, 500);
            Level::new(RATE).apply(&mut samples);
            assert!((rms(&samples) - TARGET_RMS).abs() < 0.01, "{voice}: {}", rms(&samples));
        }
    }

    #[test]
    fn the_level_changes_without_a_step() {
        let mut level = Level::new(RATE);
        let (mut one, mut two) = (vec![0.05; 4000], vec![0.2; 4000]);
        level.apply(&mut one);
        level.apply(&mut two);
        let gain = |sample: f32, before: f32| sample / before;
        assert!((gain(two[0], 0.2) - gain(one[3999], 0.05)).abs() < 0.01);
        assert!(gain(two[3999], 0.2) < gain(two[0], 0.2));
    }

    proptest! {
        #[test]
        fn nothing_clips_and_nothing_panics(
            samples in prop::collection::vec(-2f32..2.0, 0..3000), rate in 8_000u32..48_000, pause in 0usize..500,
        ) {
            let mut samples = trimmed(&samples, rate, 333, pause);
            Level::new(rate).apply(&mut samples);
            prop_assert!(samples.iter().all(|sample| sample.abs() <= CEILING));
        }

        #[test]
        fn how_it_arrives_makes_no_difference(
            parts in prop::collection::vec((0f32..0.02, 1usize..900), 0..8), size in 1usize..2000,
        ) {
            let mut samples = Vec::new();
            for (level, length) in parts {
                samples.extend(testing::noise(level, length));
            }
            prop_assert_eq!(trimmed(&samples, RATE, size, 50), trimmed(&samples, RATE, samples.len(), 50));
        }
    }
}
