//! Choosing tokens: greedy, or drawn at a temperature, with a watch for loops.
//!
//! Works on logits alone, so that it can be tested without a model. Never looks at sound.

use super::kernels;

/// Takes the next token from logits.
#[derive(Debug)]
pub(super) struct Sampler {
    /// 0 takes the likeliest.
    temperature: f32,
    /// State of a xorshift generator: the same sound gives the same text.
    random: u64,
}

impl Sampler {
    pub(super) fn new(temperature: f32) -> Self {
        Self { temperature, random: 0x9E37_79B9_7F4A_7C15 }
    }

    /// A token and its natural-log probability at temperature 1. Tokens that may not come have a logit of minus infinity.
    pub(super) fn choose(&mut self, logits: &mut [f32]) -> (u32, f32) {
        let normal = kernels::log_sum_exp(logits);
        if self.temperature == 0.0 {
            let token = kernels::argmax(logits);
            return (token, logits[token as usize] - normal);
        }
        let scale = 1.0 / self.temperature;
        let tempered = {
            for logit in logits.iter_mut() {
                *logit *= scale;
            }
            kernels::log_sum_exp(logits)
        };
        let mut left = self.uniform();
        let mut chosen = kernels::argmax(logits);
        for (token, logit) in logits.iter().enumerate() {
            left -= (logit - tempered).exp();
            if left < 0.0 {
                chosen = token as u32;
                break;
            }
        }
        (chosen, logits[chosen as usize] * self.temperature - normal)
    }

    /// 0..1.
    fn uniform(&mut self) -> f32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 40) as f32 / (1u64 << 24) as f32
    }
}

/// A place where a text might have gone on otherwise.
#[derive(Debug, Clone, Copy)]
pub(super) struct Doubt {
    /// Tokens before it.
    pub(super) at: usize,
    /// The second likeliest token,
    pub(super) token: u32,
    /// by how much (natural logarithm) the likeliest is likelier,
    pub(super) gap: f32,
    /// and the log probability of the tokens before it and this one.
    pub(super) sum: f32,
}

/// The likeliest token but for `chosen`, and by how much (natural logarithm) `chosen` is likelier.
pub(super) fn second(logits: &mut [f32], chosen: u32) -> (u32, f32) {
    let top = std::mem::replace(&mut logits[chosen as usize], f32::NEG_INFINITY);
    let token = kernels::argmax(logits);
    let gap = top - logits[token as usize];
    logits[chosen as usize] = top;
    (token, gap)
}

/// How ready [`loops`] is to see a loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Suspicion {
    /// Any phrase said twice over: a wrong suspicion costs a second look with the full context.
    High,
    /// Only what nobody says: the second look decides.
    Low,
}

/// Whether the end of `tokens` says the same over and over: how many tokens at the end only repeat what went before.
pub(super) fn loops(tokens: &[u32], suspicion: Suspicion) -> Option<usize> {
    (1..=tokens.len() / 2).find_map(|period| {
        let round = &tokens[tokens.len() - period..];
        let rounds = tokens.rchunks_exact(period).take_while(|chunk| *chunk == round).count();
        let suspicious = match (suspicion, period) {
            (Suspicion::High, 1) => 6,
            (Suspicion::High, 2) => 4,
            (Suspicion::High, 3) => 3,
            (Suspicion::High, _) => 2,
            (Suspicion::Low, 1) => 12,
            (Suspicion::Low, 2) => 6,
            (Suspicion::Low, _) => 4,
        };
        (rounds >= suspicious).then_some(period * (rounds - 1))
    })
}

/// Whether `text` ends with a phrase of two words or more that is said twice over. Told from the words, since the first
/// token of a text differs from the same word later on.
pub(super) fn says_twice(text: &str) -> bool {
    let words: Vec<String> = text
        .split_whitespace()
        .map(|word| word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect())
        .collect();
    (2..=words.len() / 2).any(|count| {
        let (rest, last) = words.split_at(words.len() - count);
        rest.ends_with(last)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn greedy_takes_the_likeliest_and_tells_its_probability() {
        let mut logits = vec![1.0, 3.0, f32::NEG_INFINITY, 2.0];
        let (token, log_probability) = Sampler::new(0.0).choose(&mut logits);
        assert_eq!(token, 1);
        let sum: f32 = [1.0f32, 3.0, 2.0].iter().map(|x| x.exp()).sum();
        assert!((log_probability - (3.0 - sum.ln())).abs() < 1e-5);
    }

    #[test]
    fn the_second_likeliest_is_found_and_nothing_changed() {
        let mut logits = vec![1.0, 3.0, f32::NEG_INFINITY, 2.5];
        assert_eq!(second(&mut logits, 1), (3, 0.5));
        assert_eq!(logits, [1.0, 3.0, f32::NEG_INFINITY, 2.5]);
        assert_eq!(second(&mut [1.0, f32::NEG_INFINITY], 0).1, f32::INFINITY);
    }

    #[test]
    fn a_temperature_draws_by_probability_and_never_the_impossible() {
        let mut sampler = Sampler::new(1.0);
        let mut counts = [0; 4];
        for _ in 0..4000 {
            let (token, log_probability) = sampler.choose(&mut [0.0, 1.0f32.exp().ln(), f32::NEG_INFINITY, 0.0]);
            counts[token as usize] += 1;
            assert!(log_probability < 0.0);
        }
        assert_eq!(counts[2], 0);
        assert!(counts[1] > counts[0] * 2 && counts[1] > counts[3] * 2, "{counts:?}");
        assert!(counts[0] > 500 && counts[3] > 500, "{counts:?}");
    }

    #[test]
    fn a_loop_is_seen_and_measured() {
        assert_eq!(loops(&[9, 1, 2, 3, 4, 1, 2, 3, 4], Suspicion::High), Some(4));
        assert_eq!(loops(&[9, 1, 2, 3, 4, 1, 2, 3, 4], Suspicion::Low), None);
        assert_eq!(loops(&[9, 1, 2, 1, 2], Suspicion::High), None);
        assert_eq!(loops(&[5; 6], Suspicion::High), Some(5));
        assert_eq!(loops(&[5; 5], Suspicion::High), None);
        assert_eq!(loops(&[1, 2, 3, 4, 5, 6], Suspicion::High), None);
        assert_eq!(loops(&[], Suspicion::High), None);
    }

    #[test]
    fn a_phrase_said_twice_is_seen_whatever_its_case() {
        assert!(says_twice("Never mind. Never mind."));
        assert!(says_twice("Ana is on the phone, is on the phone."));
        for text in
            ["", "No.", "5 5", "No, no, no.", "Never mind.", "It was the best of times. It was the worst of times."]
        {
            assert!(!says_twice(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_a_loop_leaves_is_one_round(start in prop::collection::vec(0u32..50, 0..5), round in prop::collection::vec(50u32..60, 1..6), times in 2usize..14) {
            let mut tokens = start.clone();
            for _ in 0..times {
                tokens.extend(&round);
            }
            for suspicion in [Suspicion::High, Suspicion::Low] {
                if let Some(extra) = loops(&tokens, suspicion) {
                    prop_assert!(extra < tokens.len());
                    let kept = &tokens[..tokens.len() - extra];
                    prop_assert!(tokens.starts_with(kept));
                }
            }
            if times >= 12 {
                prop_assert!(loops(&tokens, Suspicion::Low).is_some());
            }
        }
    }
}
