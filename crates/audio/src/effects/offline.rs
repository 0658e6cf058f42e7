//! A chain over sound that is all there: for files and for measurements. As long as the sound, and what rings on after it.

use jarvis_core::SpeechAudio;

use super::Chain;
use crate::resample::MonoResampler;

/// The longest that anything rings on, in seconds.
const LONGEST: u32 = 12;
/// Quieter than this it has rung out: -80 dB.
const QUIET: f32 = 1e-4;
/// It has to be quiet for so long, in milliseconds.
const QUIET_MS: u32 = 200;
/// What is worked on at once.
const PIECE: usize = 1024;

/// Puts sound through a chain piece by piece.
pub struct Offline {
    chain: Chain,
    rate: u32,
    /// Samples of the chain's delay that are still to be dropped.
    late: usize,
    /// For speech of another rate.
    resampler: Option<(u32, MonoResampler)>,
}

impl Offline {
    /// For sound of `rate` samples a second, which the chain was made for.
    pub fn new(chain: Chain, rate: u32) -> Self {
        let late = chain.latency();
        Self { chain, rate, late, resampler: None }
    }

    /// Changes the next piece of speech. One of another rate is brought to the chain's: who speaks may change on the way.
    pub fn speak(&mut self, speech: SpeechAudio) -> Vec<f32> {
        let SpeechAudio { samples, sample_rate } = speech;
        let mut out = self.rest(sample_rate);
        if sample_rate == self.rate {
            out.extend(samples);
        } else {
            let (_, resampler) =
                self.resampler.get_or_insert_with(|| (sample_rate, MonoResampler::new(sample_rate, self.rate)));
            resampler.process(&samples, &mut out);
        }
        self.process(out)
    }

    /// What is left of speech whose rate was not `next`.
    fn rest(&mut self, next: u32) -> Vec<f32> {
        let mut rest = Vec::new();
        if let Some((_, mut resampler)) = self.resampler.take_if(|(rate, _)| *rate != next) {
            resampler.flush(&mut rest);
        }
        rest
    }

    /// Changes the next samples; what comes back is as many, less what the chain holds back at first.
    pub fn process(&mut self, mut samples: Vec<f32>) -> Vec<f32> {
        self.chain.process(&mut samples);
        let dropped = self.late.min(samples.len());
        self.late -= dropped;
        samples.drain(..dropped);
        samples
    }

    /// What the chain held back, and what rings on.
    pub fn finish(mut self) -> Vec<f32> {
        let mut last = self.rest(self.rate);
        last.resize(last.len() + self.chain.latency(), 0.0);
        let mut tail = self.process(last);
        if self.chain.is_empty() {
            return tail;
        }
        let (enough, most) = (self.rate * QUIET_MS / 1000, self.rate * LONGEST);
        let mut quiet = 0;
        while quiet < enough as usize && tail.len() < most as usize {
            let piece = self.process(vec![0.0; PIECE]);
            quiet = match piece.iter().rposition(|sample| sample.abs() > QUIET) {
                Some(last) => piece.len() - last - 1,
                None => quiet + piece.len(),
            };
            tail.extend(piece);
        }
        tail
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effects::Preset;
    use crate::effects::testing::voice;

    #[test]
    fn sound_keeps_its_place_and_rings_on() {
        let said = voice(22_050, 120.0, 0.5);
        for preset in Preset::ALL {
            let mut offline = Offline::new(preset.chain(22_050, 1.0).unwrap(), 22_050);
            let mut out = Vec::new();
            for piece in said.chunks(777) {
                out.extend(offline.process(piece.to_vec()));
            }
            let tail = offline.finish();
            out.extend(&tail);
            assert!(out.len() >= said.len() && out.len() < 13 * 22_050);
            match preset {
                Preset::Normal => assert_eq!(out, said),
                _ => assert!(out[..441].iter().any(|sample| sample.abs() > 0.02), "{preset:?} begins late"),
            }
            assert_eq!(preset == Preset::Cave, tail.len() > 2 * 22_050, "{preset:?}: {} rings on", tail.len());
        }
    }

    #[test]
    fn pieces_of_other_rates_are_as_long_as_they_were() {
        let mut offline = Offline::new(Preset::Normal.chain(22_050, 1.0).unwrap(), 22_050);
        let mut out = Vec::new();
        for rate in [22_050, 44_100, 44_100, 16_000, 22_050, 48_000] {
            out.extend(offline.speak(SpeechAudio { samples: voice(rate, 120.0, 0.5), sample_rate: rate }));
        }
        out.extend(offline.finish());
        assert!(out.len().abs_diff(6 * 11_025) <= 4, "{} samples", out.len());
        let power = |piece: &[f32]| piece.iter().map(|sample| sample * sample).sum::<f32>() / piece.len() as f32;
        let first = power(&out[..11_025]);
        for (number, piece) in out.chunks(11_025).take(6).enumerate() {
            assert!((0.8..1.25).contains(&(power(piece) / first)), "piece {number}");
        }
    }
}
