//! From scores to detections: threshold, patience and the time after a detection in which there is no second one.
//!
//! Counts steps, never time and never samples.

/// Steps of 80 ms without a second detection: 2 s, as long as a detection's own sound stays in the model's window.
const REFRACTORY_STEPS: u32 = 25;

/// Turns one score a step into single detections.
#[derive(Debug, Clone)]
pub struct Trigger {
    threshold: f32,
    patience: u32,
    above: u32,
    refractory: u32,
}

impl Trigger {
    /// For a sensitivity, 0..=1.
    pub fn new(sensitivity: f32) -> Self {
        let mut trigger = Self { threshold: 0.5, patience: 1, above: 0, refractory: 0 };
        trigger.set_sensitivity(sensitivity);
        trigger
    }

    /// 0.5 is the threshold 0.5 that the models are published with. Above, the threshold falls to 0.1; below, it rises to
    /// 0.95, and from 0.25 down a score has to stay up for two steps. Values outside 0..=1 count as the nearest; what is
    /// not a number counts as 0.5.
    pub fn set_sensitivity(&mut self, sensitivity: f32) {
        let sensitivity = if sensitivity.is_nan() { 0.5 } else { sensitivity.clamp(0.0, 1.0) };
        self.threshold =
            if sensitivity >= 0.5 { 0.5 - (sensitivity - 0.5) * 0.8 } else { 0.5 + (0.5 - sensitivity) * 0.9 };
        self.patience = if sensitivity <= 0.25 { 2 } else { 1 };
    }

    /// The score that wakes.
    pub fn threshold(&self) -> f32 {
        self.threshold
    }

    /// Takes the score of the next step. True once for each time that the word is said.
    pub fn step(&mut self, score: f32) -> bool {
        if self.refractory > 0 {
            self.refractory -= 1;
            self.above = 0;
            return false;
        }
        if score < self.threshold {
            self.above = 0;
            return false;
        }
        self.above += 1;
        if self.above < self.patience {
            return false;
        }
        self.above = 0;
        self.refractory = REFRACTORY_STEPS;
        true
    }

    /// Forgets the scores so far, not the sensitivity.
    pub fn reset(&mut self) {
        self.above = 0;
        self.refractory = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_word_that_stays_up_for_a_second_is_one_detection() {
        let mut trigger = Trigger::new(0.5);
        let hits = (0..12).filter(|_| trigger.step(0.9)).count();
        assert_eq!(hits, 1);
        for _ in 0..REFRACTORY_STEPS {
            trigger.step(0.0);
        }
        assert!(trigger.step(0.9), "the next time it is said it is heard again");
    }

    #[test]
    fn sensitivity_runs_from_strict_to_lenient() {
        assert!(Trigger::new(0.5).step(0.5));
        assert!(!Trigger::new(0.5).step(0.49));
        assert!(Trigger::new(1.0).step(0.11));
        let mut strict = Trigger::new(0.0);
        assert!(!strict.step(0.94));
        assert!(!strict.step(0.99), "one step is not enough");
        assert!(strict.step(0.99));
        assert!(Trigger::new(f32::NAN).step(0.5));
    }

    proptest! {
        #[test]
        fn more_sensitive_never_hears_later(scores in prop::collection::vec(0f32..1.0, 0..200), low in 0f32..1.0, more in 0f32..1.0) {
            let high = low + (1.0 - low) * more;
            let first = |sensitivity| {
                let mut trigger = Trigger::new(sensitivity);
                scores.iter().position(|score| trigger.step(*score)).unwrap_or(usize::MAX)
            };
            prop_assert!(first(high) <= first(low));
        }

        #[test]
        fn detections_are_apart(scores in prop::collection::vec(0f32..1.0, 0..200), sensitivity in -1f32..2.0) {
            let mut trigger = Trigger::new(sensitivity);
            let hits: Vec<usize> = scores.iter().enumerate().filter_map(|(i, s)| trigger.step(*s).then_some(i)).collect();
            prop_assert!(hits.windows(2).all(|pair| pair[1] - pair[0] > REFRACTORY_STEPS as usize));
        }
    }
}
