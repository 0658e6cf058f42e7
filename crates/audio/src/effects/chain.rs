//! Effects one after the other, and how much of them is heard.

use super::{Effect, check};
use crate::error::AudioError;

/// Blocks are worked on in pieces of at most this many samples.
const PIECE: usize = 64;

/// Effects in their order, mixed with the sound as it came. Without effects it gives exactly what it gets.
#[derive(Default)]
pub struct Chain {
    effects: Vec<Box<dyn Effect>>,
    /// How much of the effects is heard; the rest is the sound as it came, as late as they are.
    amount: f32,
    dry: Box<[f32]>,
    at: usize,
}

impl Chain {
    /// `amount` is 0 (the sound as it came) to 1 (all effects).
    ///
    /// # Errors
    /// The amount is out of its range.
    pub fn new(effects: Vec<Box<dyn Effect>>, amount: f32) -> Result<Self, AudioError> {
        let amount = check("effect", "amount", amount, 0.0..=1.0)?;
        // Nothing is to be heard of them: not even their delay.
        let effects = if amount > 0.0 { effects } else { Vec::new() };
        let latency = effects.iter().map(|effect| effect.latency()).sum();
        Ok(Self { effects, amount, dry: vec![0.0; latency].into(), at: 0 })
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.effects.is_empty()
    }

    /// By how many samples it is late.
    pub fn latency(&self) -> usize {
        self.dry.len()
    }

    /// Changes the next samples in place.
    pub fn process(&mut self, samples: &mut [f32]) {
        if self.is_empty() {
            return;
        }
        for piece in samples.chunks_mut(PIECE) {
            let mut dry = [0.0; PIECE];
            self.delay(piece, &mut dry[..piece.len()]);
            for effect in &mut self.effects {
                effect.process(piece);
            }
            if self.amount < 1.0 {
                for (sample, dry) in piece.iter_mut().zip(dry) {
                    *sample = dry + self.amount * (*sample - dry);
                }
            }
        }
    }

    /// The sound as it came, as late as the effects are.
    fn delay(&mut self, samples: &[f32], late: &mut [f32]) {
        if self.dry.is_empty() {
            late.copy_from_slice(samples);
            return;
        }
        for (late, sample) in late.iter_mut().zip(samples) {
            *late = std::mem::replace(&mut self.dry[self.at], *sample);
            self.at = (self.at + 1) % self.dry.len();
        }
    }

    /// Forgets the sound so far.
    pub fn reset(&mut self) {
        self.effects.iter_mut().for_each(|effect| effect.reset());
        self.dry.fill(0.0);
    }
}

impl std::fmt::Debug for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chain").field("effects", &self.effects.len()).field("amount", &self.amount).finish()
    }
}
