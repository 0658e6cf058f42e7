//! A chain over sound that is all there: for files and for measurements. As long as the sound, and what rings on after it.

use super::Chain;

/// The longest that anything rings on, in seconds.
const LONGEST: u32 = 12;
/// Quieter than this it has rung out: -80 dB.
const QUIET: f32 = 1e-4;
/// It has to be quiet for so long, in milliseconds.
const QUIET_MS: u32 = 200;
/// What is worked on at once.
const PIECE: usize = 1024;

/// Puts sound through a chain piece by piece.
#[derive(Debug)]
pub struct Offline {
    chain: Chain,
    rate: u32,
    /// Samples of the chain's delay that are still to be dropped.
    late: usize,
}

impl Offline {
    /// For sound of `rate` samples a second, which the chain was made for.
    pub fn new(chain: Chain, rate: u32) -> Self {
        let late = chain.latency();
        Self { chain, rate, late }
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
        let held_back = self.chain.latency();
        let mut tail = self.process(vec![0.0; held_back]);
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
}
