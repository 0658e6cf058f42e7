//! Which of the encoder's positions are computed for a window: those of the sound one by one, and the silence after it in
//! a few stretches of which one position stands for all.
//!
//! Whisper was trained on 30 s, and hears worse when the silence up to there is simply left out. All of that silence looks
//! the same, though, but for its place. So a position of each stretch is computed, and wherever attention looks at it, it
//! counts for as many as it stands for: the logarithm of their number is added to its score. (After token merging with
//! proportional attention, Bolya et al. 2023.) Never looks at sound.

use super::super::mel::HOP;

/// Samples in a position: 20 ms.
const POSITION: usize = 2 * HOP;
/// Positions after the end of the sound that are computed one by one.
const MARGIN: usize = 50;
/// Stretches that the silence after that is divided into. On 118 short radio messages half as many make 64 mistakes in 386
/// words, these and twice as many 57, all 1500 positions 60, and without the silence there are 68.
const STRETCHES: usize = 128;

/// What the encoder is given of a window.
#[derive(Debug)]
pub(super) struct Context {
    /// Positions that are computed one by one, from the first.
    each: usize,
    /// The position of each row that is computed.
    places: Vec<u32>,
    /// For each row, the natural logarithm of how many positions it stands for.
    weights: Vec<f32>,
}

impl Context {
    /// For a number of samples, in a model with `all` positions.
    pub(super) fn of(samples: usize, all: usize) -> Self {
        Self::with(samples.div_ceil(POSITION) + MARGIN, all)
    }

    /// Every position of a model with `all` of them.
    pub(super) fn whole(all: usize) -> Self {
        Self::with(all, all)
    }

    fn with(each: usize, all: usize) -> Self {
        let each = each.min(all);
        let rest = all - each;
        let stretches = STRETCHES.min(rest);
        let mut places: Vec<u32> = (0..each as u32).collect();
        let mut weights = vec![0.0; each];
        for stretch in 0..stretches {
            let (from, to) = (each + stretch * rest / stretches, each + (stretch + 1) * rest / stretches);
            places.push(((from + to - 1) / 2) as u32);
            weights.push(((to - from) as f32).ln());
        }
        Self { each, places, weights }
    }

    /// Positions that are computed one by one, from the first; rows beyond stand for stretches of silence.
    pub(super) fn each(&self) -> usize {
        self.each
    }

    /// The position of each row.
    pub(super) fn places(&self) -> &[u32] {
        &self.places
    }

    /// What is added to each row's score wherever attention looks at it.
    pub(super) fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// Whether there is more to be had with [`Self::whole`].
    pub(super) fn is_partial(&self) -> bool {
        self.weights.iter().any(|weight| *weight > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_position_is_stood_for_once(samples in 0usize..600_000) {
            let context = Context::of(samples, 1500);
            let stood_for: f32 = context.weights().iter().map(|weight| weight.exp()).sum();
            prop_assert!((stood_for - 1500.0).abs() < 0.1, "{stood_for}");
            prop_assert_eq!(context.places().len(), context.weights().len());
            prop_assert!(context.places().windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(context.places().iter().all(|place| *place < 1500));
            // The sound is heard one by one, and never merged.
            prop_assert!(context.each() >= samples.div_ceil(POSITION).min(1500));
            prop_assert!(context.places()[..context.each()].iter().enumerate().all(|(i, place)| *place == i as u32));
            prop_assert!(context.places().len() <= context.each() + STRETCHES);
        }
    }

    #[test]
    fn the_whole_is_every_position() {
        let whole = Context::whole(1500);
        assert_eq!((whole.each(), whole.places().len(), whole.is_partial()), (1500, 1500, false));
        assert!(Context::of(16_000, 1500).is_partial());
        assert!(!Context::of(480_000, 1500).is_partial());
    }
}
