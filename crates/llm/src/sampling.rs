//! Choosing the next token from the model's scores.
//!
//! The order is the usual one: repetition penalty, temperature, top-k, top-p, min-p, then a draw. Temperature 0 takes the
//! likeliest token. Never looks at text, never draws what is ten temperatures below the best (thirty with high ones), and
//! never allocates after its first call.

use crate::error::{LlmError, Result};
use crate::llama::{Choice, FAR};
use jarvis_core::GenerateOptions;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// How many temperatures below the best a score may be: a 22 000th of its probability. With higher temperatures, where so
/// many are that far that all of them would be missed, three times as many.
const REACH: f32 = 10.0;
/// How many of the latest tokens the repetition penalty looks at.
const PENALTY_WINDOW: usize = 64;

/// Draws tokens as [`GenerateOptions`] says. Same seed and same scores, same tokens.
pub(crate) struct Sampler {
    temperature: f32,
    top_k: usize,
    top_p: f32,
    min_p: f32,
    penalty: f32,
    random: StdRng,
    candidates: Vec<(f32, u32)>,
}

/// Refuses options outside their ranges, by name.
pub(crate) fn check(options: &GenerateOptions) -> Result<()> {
    let bad = |name, value: String, range| Err(LlmError::BadOption { name, value, range });
    if !(1..=4096).contains(&options.max_tokens) {
        return bad("max_tokens", options.max_tokens.to_string(), "from 1 to 4096");
    }
    if !(0.0..=2.0).contains(&options.temperature) {
        return bad("temperature", options.temperature.to_string(), "from 0 to 2");
    }
    if !(0.0..=1.0).contains(&options.top_p) {
        return bad("top_p", options.top_p.to_string(), "from 0 to 1");
    }
    if !(0.0..=1.0).contains(&options.min_p) {
        return bad("min_p", options.min_p.to_string(), "from 0 to 1");
    }
    if !(1.0..=2.0).contains(&options.repetition_penalty) {
        return bad("repetition_penalty", options.repetition_penalty.to_string(), "from 1 to 2");
    }
    Ok(())
}

impl Sampler {
    /// A sampler for checked `options` (see [`check`]).
    pub(crate) fn new(options: &GenerateOptions) -> Self {
        Self {
            temperature: options.temperature,
            top_k: options.top_k,
            top_p: options.top_p,
            min_p: options.min_p,
            penalty: options.repetition_penalty,
            random: StdRng::seed_from_u64(options.seed),
            candidates: Vec::new(),
        }
    }

    /// What of the scores matters to [`Self::sample`] and [`Self::sample_of`]. `recent` are the tokens made so far.
    pub(crate) fn choice<'a>(&self, recent: &'a [u32]) -> Choice<'a> {
        let window = recent.len().saturating_sub(PENALTY_WINDOW);
        let penalized = if self.penalty > 1.0 { &recent[window..] } else { &[] };
        let near = REACH * self.temperature.max(0.0);
        let reach = if near <= FAR { near } else { 3.0 * near };
        Choice { reach, penalized, penalty: self.penalty }
    }

    /// Chooses a token. `recent` are the tokens made so far; `logits` are changed.
    ///
    /// # Errors
    /// Not one of the scores is a number: the weights are broken.
    pub(crate) fn sample(&mut self, logits: &mut [f32], recent: &[u32]) -> Result<u32> {
        let choice = self.choice(recent);
        each_once(choice.penalized, |token| {
            if let Some(score) = logits.get_mut(token as usize) {
                *score = choice.penalize(*score);
            }
        });
        let (best, highest) =
            likeliest(logits).ok_or_else(|| LlmError::malformed("its weights give scores that are not numbers"))?;
        let floor = highest - choice.reach;
        if self.temperature <= 0.0 {
            return Ok(best);
        }
        self.candidates.clear();
        self.candidates.extend(logits.iter().zip(0..).filter(|(score, _)| **score >= floor).map(|(s, id)| (*s, id)));
        Ok(self.draw(highest))
    }

    /// The same from the scores that matter for [`Self::choice`], each with its token, in any order. They are changed.
    ///
    /// # Errors
    /// As [`Self::sample`].
    pub(crate) fn sample_of(&mut self, leaders: &mut [(f32, u32)], recent: &[u32]) -> Result<u32> {
        let choice = self.choice(recent);
        each_once(choice.penalized, |token| {
            if let Some((score, _)) = leaders.iter_mut().find(|(_, leader)| *leader == token) {
                *score = choice.penalize(*score);
            }
        });
        let (best, highest) =
            likeliest_of(leaders).ok_or_else(|| LlmError::malformed("its weights give scores that are not numbers"))?;
        if self.temperature <= 0.0 {
            return Ok(best);
        }
        let floor = highest - choice.reach;
        self.candidates.clear();
        self.candidates.extend(leaders.iter().filter(|(score, _)| *score >= floor));
        Ok(self.draw(highest))
    }

    /// Draws one of the candidates, the best of which has the score `highest`.
    fn draw(&mut self, highest: f32) -> u32 {
        if self.top_k > 0 && self.top_k < self.candidates.len() {
            self.candidates.select_nth_unstable_by(self.top_k - 1, by_score);
            self.candidates.truncate(self.top_k);
        }
        self.candidates.sort_unstable_by(by_score);
        let mut total = 0.0;
        for (score, _) in &mut self.candidates {
            *score = ((*score - highest) / self.temperature).exp();
            total += *score;
        }
        // The smallest set of the likeliest tokens that reaches `top_p`; always at least one.
        let mut kept = 0.0;
        let mut count = 0;
        for (weight, _) in &self.candidates {
            // The likeliest has a weight of 1, so this is min-p (arXiv 2407.01082).
            if *weight < self.min_p && count > 0 {
                break;
            }
            kept += weight;
            count += 1;
            if kept >= self.top_p * total {
                break;
            }
        }
        let mut draw = self.random.random::<f32>() * kept;
        for (weight, id) in &self.candidates[..count] {
            draw -= weight;
            if draw < 0.0 {
                return *id;
            }
        }
        self.candidates[count - 1].1
    }
}

/// The higher score first, then the lower token.
fn by_score(a: &(f32, u32), b: &(f32, u32)) -> std::cmp::Ordering {
    b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
}

/// Calls `change` with each of `tokens` once, however often it is there (CTRL, arXiv 1909.05858, penalizes so).
fn each_once(tokens: &[u32], mut change: impl FnMut(u32)) {
    for (index, token) in tokens.iter().enumerate() {
        if !tokens[..index].contains(token) {
            change(*token);
        }
    }
}

/// The token with the highest score, the first of equals; `None` when no score is a number.
pub(crate) fn likeliest(logits: &[f32]) -> Option<(u32, f32)> {
    let mut best = None;
    for (id, &score) in logits.iter().enumerate() {
        if score.is_finite() && best.is_none_or(|(_, highest)| score > highest) {
            best = Some((id as u32, score));
        }
    }
    best
}

/// The same of scores each with its token, in any order.
pub(crate) fn likeliest_of(leaders: &[(f32, u32)]) -> Option<(u32, f32)> {
    let numbers = leaders.iter().filter(|(score, _)| score.is_finite());
    numbers.min_by(|a, b| by_score(a, b)).map(|(score, token)| (*token, *score))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn options() -> GenerateOptions {
        GenerateOptions { temperature: 1.0, top_k: 0, top_p: 1.0, repetition_penalty: 1.0, ..Default::default() }
    }

    fn draws(options: &GenerateOptions, logits: &[f32], count: usize) -> Vec<u32> {
        let mut sampler = Sampler::new(options);
        (0..count).map(|_| sampler.sample(&mut logits.to_vec(), &[]).unwrap()).collect()
    }

    #[test]
    fn zero_temperature_takes_the_likeliest_and_the_first_of_equals() {
        let greedy = GenerateOptions { temperature: 0.0, ..options() };
        assert_eq!(draws(&greedy, &[0.1, 2.0, 2.0, f32::NAN], 3), [1, 1, 1]);
    }

    #[test]
    fn draws_follow_the_probabilities() {
        let logits = [0.7f32.ln(), 0.2f32.ln(), 0.1f32.ln()];
        let drawn = draws(&options(), &logits, 20_000);
        for (id, expected) in [0.7, 0.2, 0.1].into_iter().enumerate() {
            let share = drawn.iter().filter(|d| **d == id as u32).count() as f64 / drawn.len() as f64;
            assert!((share - expected).abs() < 0.015, "{id}: {share}");
        }
    }

    #[test]
    fn top_k_and_top_p_keep_only_the_likeliest() {
        let logits = [0.1f32.ln(), 0.5f32.ln(), 0.3f32.ln(), 0.1f32.ln()];
        assert!(draws(&GenerateOptions { top_k: 2, ..options() }, &logits, 500).iter().all(|d| [1, 2].contains(d)));
        assert!(draws(&GenerateOptions { top_p: 0.79, ..options() }, &logits, 500).iter().all(|d| [1, 2].contains(d)));
        assert!(draws(&GenerateOptions { top_p: 0.0, ..options() }, &logits, 100).iter().all(|d| *d == 1));
    }

    #[test]
    fn min_p_keeps_what_is_likely_beside_the_likeliest() {
        let logits = [0.1f32.ln(), 0.5f32.ln(), 0.3f32.ln(), 0.1f32.ln()];
        assert!(draws(&GenerateOptions { min_p: 0.5, ..options() }, &logits, 500).iter().all(|d| [1, 2].contains(d)));
        assert!(draws(&GenerateOptions { min_p: 1.0, ..options() }, &logits, 100).iter().all(|d| *d == 1));
        let all = draws(&GenerateOptions { min_p: 0.1, ..options() }, &logits, 500);
        assert!((0..4).all(|token| all.contains(&token)));
    }

    #[test]
    fn the_seed_decides() {
        let logits: Vec<f32> = (0..100).map(|i| (i as f32).sin()).collect();
        let with = |seed| draws(&GenerateOptions { seed, ..options() }, &logits, 50);
        assert_eq!(with(7), with(7));
        assert_ne!(with(7), with(8));
    }

    #[test]
    fn repeated_tokens_lose_once_each() {
        let penal = GenerateOptions { repetition_penalty: 1.5, temperature: 0.0, ..options() };
        let mut sampler = Sampler::new(&penal);
        let mut logits = [3.0, 2.5, -1.0];
        assert_eq!(sampler.sample(&mut logits, &[0, 0, 2, 0]).unwrap(), 1);
        assert_eq!(logits, [2.0, 2.5, -1.5]);
    }

    #[test]
    fn scores_that_are_no_numbers_are_an_error() {
        let mut sampler = Sampler::new(&options());
        assert!(sampler.sample(&mut [f32::NAN, f32::INFINITY], &[]).is_err());
        assert!(sampler.sample(&mut [], &[]).is_err());
    }

    #[test]
    fn options_outside_their_ranges_are_refused_by_name() {
        for (bad, name) in [
            (GenerateOptions { max_tokens: 0, ..options() }, "max_tokens"),
            (GenerateOptions { max_tokens: 5000, ..options() }, "max_tokens"),
            (GenerateOptions { temperature: f32::NAN, ..options() }, "temperature"),
            (GenerateOptions { temperature: 2.1, ..options() }, "temperature"),
            (GenerateOptions { top_p: -0.1, ..options() }, "top_p"),
            (GenerateOptions { min_p: 1.1, ..options() }, "min_p"),
            (GenerateOptions { repetition_penalty: 0.5, ..options() }, "repetition_penalty"),
        ] {
            assert!(check(&bad).unwrap_err().to_string().starts_with(name));
        }
        check(&GenerateOptions::default()).unwrap();
    }

    proptest! {
        #[test]
        fn of_those_that_matter_the_same_is_chosen_as_of_all(
            logits in prop::collection::vec(-12f32..12.0, 1..200),
            recent in prop::collection::vec(0u32..200, 0..100),
            temperature in prop_oneof![Just(0f32), 0f32..=0.4], penalty in 1f32..=2.0, top_k in 0usize..50, seed in any::<u64>(),
        ) {
            let options = GenerateOptions { temperature, repetition_penalty: penalty, top_k, seed, ..Default::default() };
            let mut sampler = Sampler::new(&options);
            let choice = sampler.choice(&recent);
            let score = |(token, score): (usize, &f32)| match choice.penalized.contains(&(token as u32)) {
                true => choice.penalize(*score),
                false => *score,
            };
            let best = logits.iter().enumerate().map(score).fold(f32::MIN, f32::max);
            let mut leaders: Vec<(f32, u32)> = logits.iter().copied().zip(0..).filter(|(score, _)| *score >= best - choice.reach).collect();
            leaders.reverse();
            let of_all = Sampler::new(&options).sample(&mut logits.clone(), &recent).unwrap();
            prop_assert_eq!(sampler.sample_of(&mut leaders, &recent).unwrap(), of_all);
        }

        #[test]
        fn any_scores_and_options_give_a_token_of_the_vocabulary(
            logits in prop::collection::vec(prop_oneof![-50f32..50.0, Just(f32::NEG_INFINITY), Just(f32::NAN)], 1..200),
            recent in prop::collection::vec(0u32..300, 0..100),
            temperature in 0f32..=2.0, top_k in 0usize..50, top_p in 0f32..=1.0, min_p in 0f32..=1.0, penalty in 1f32..=2.0, seed in any::<u64>(),
        ) {
            let options = GenerateOptions { temperature, top_k, top_p, min_p, repetition_penalty: penalty, seed, ..Default::default() };
            let outcome = Sampler::new(&options).sample(&mut logits.clone(), &recent);
            match outcome {
                Ok(id) => prop_assert!(logits[id as usize].is_finite()),
                Err(_) => prop_assert!(logits.iter().all(|l| !l.is_finite())),
            }
        }
    }
}
