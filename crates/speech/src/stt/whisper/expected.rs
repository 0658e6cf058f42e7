//! Short speech where some phrases are likely: is it one of them?
//!
//! A word said over an answer comes with the answer's echo and without its beginning, and a small model then writes "Top."
//! for "Stop.". The decoder is therefore also asked how likely the expected phrases are, token by token, on the sound that
//! it has already heard; what it wrote freely stands unless a phrase comes near. Never decides what a phrase means.

use super::{Attempt, SttError, Whisper, kernels};
use jarvis_core::Cancel;

/// How much less likely (natural logarithm) than the freely recognized text an expected phrase may be: chosen on 6 phrases
/// and 41 other requests in 6 synthetic voices, clean, in noise, over other speech, and without their first 100 and 200 ms.
/// Of 216 phrases 82 were recognized freely and 131 with this; of 815 other requests 7 were taken for a phrase, most of
/// them under speech as loud as half their own.
const MARGIN: f32 = 3.0;
/// The same where the free text has a word more than the phrase.
const MARGIN_LONGER: f32 = 2.0;

/// The natural logarithm of the likelihood below which nothing is a phrase, however badly the rest was understood: of 48
/// phrases that the margins had made out one is less likely, and of 28 other requests that they let through 7.
const LEAST: f32 = -7.0;

/// The longest sound, in samples (3.5 s), that is held against expected phrases.
pub(super) const LONGEST: usize = 56_000;

impl Whisper {
    /// Gives `free` the text of the likeliest of `expected`, if that is near enough. The decoder has to have heard the
    /// window that `free` is from.
    pub(super) fn weigh(&mut self, free: &mut Attempt, expected: &[&str], cancel: &Cancel) -> Result<(), SttError> {
        let likelihood = free.average_log_probability * (free.tokens + 1) as f32;
        let free_words: Vec<String> = words(&free.text).collect();
        let mut likeliest = (f32::NEG_INFINITY, None);
        self.begin()?;
        self.tokens.clear();
        self.forbid();
        let first = self.logits.clone();
        for phrase in expected {
            let Some(margin) = margin(&free_words, &words(phrase).collect::<Vec<_>>()) else { continue };
            let least = likeliest.0.max(likelihood - margin).max(LEAST);
            let mut sum = f32::NEG_INFINITY;
            for spelling in spellings(phrase.trim().trim_end_matches(['.', '!', '?', ','])) {
                self.decoder.rewind(self.prompt);
                self.logits.copy_from_slice(&first);
                sum = log_add(sum, self.likelihood(&self.vocabulary.tokens(&spelling), least, cancel)?);
            }
            if sum > least {
                likeliest = (sum, Some(phrase));
            }
        }
        if let (expected, Some(phrase)) = likeliest {
            // Never the words: the log holds none of the user's.
            tracing::debug!(free = free.tokens, likelihood, expected, "an expected phrase is likelier");
            free.text = (*phrase).to_owned();
        }
        Ok(())
    }

    /// The natural logarithm of the probability that these tokens are all that was said, but for a full stop; minus
    /// infinity where it is sure to be below `least`. The logits are those of the first token.
    fn likelihood(&mut self, tokens: &[u32], least: f32, cancel: &Cancel) -> Result<f32, SttError> {
        let mut sum = 0.0;
        for token in tokens {
            sum += self.log_probability(*token);
            // Most phrases end here, at their first token, before the decoder is asked anything.
            if sum < least {
                return Ok(f32::NEG_INFINITY);
            }
            self.follow(*token, cancel)?;
        }
        let end = self.vocabulary.end;
        let stop = self.vocabulary.full_stop;
        let stopped = sum + self.log_probability(stop);
        sum += self.log_probability(end);
        if stopped < least {
            return Ok(sum);
        }
        self.follow(stop, cancel)?;
        Ok(log_add(sum, stopped + self.log_probability(end)))
    }

    /// The natural logarithm of the probability that `token` comes next.
    pub(super) fn log_probability(&self, token: u32) -> f32 {
        self.logits[token as usize] - kernels::log_sum_exp(&self.logits)
    }

    /// Makes the logits those of what comes after `token`.
    pub(super) fn follow(&mut self, token: u32, cancel: &Cancel) -> Result<(), SttError> {
        if cancel.is_cancelled() {
            return Err(SttError::Cancelled);
        }
        self.decoder.step(&[token])?;
        self.decoder.logits(&[0], &mut self.logits)
    }
}

/// How much less likely than `free` a phrase may be; none where the free text says more than the phrase: "stop the timer"
/// begins like "stop", and is something else.
fn margin(free: &[String], phrase: &[String]) -> Option<f32> {
    if phrase.is_empty() || free.len() > phrase.len() + 1 || (free.len() > phrase.len() && free.starts_with(phrase)) {
        return None;
    }
    Some(if free.len() > phrase.len() { MARGIN_LONGER } else { MARGIN })
}

/// Words without case and punctuation.
fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split_whitespace()
        .map(|word| word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>())
        .filter(|word| !word.is_empty())
}

/// The ways in which the model begins a text with these words.
fn spellings(words: &str) -> [String; 2] {
    let mut letters = words.chars();
    let first = letters.next();
    let rest = letters.as_str();
    let upper: String = first.iter().flat_map(|c| c.to_uppercase()).collect();
    let lower: String = first.iter().flat_map(|c| c.to_lowercase()).collect();
    [format!(" {upper}{rest}"), format!(" {lower}{rest}")]
}

/// The logarithm of the sum of two numbers of which these are the logarithms.
pub(super) fn log_add(a: f32, b: f32) -> f32 {
    let (high, low) = if a > b { (a, b) } else { (b, a) };
    if low == f32::NEG_INFINITY { high } else { high + (low - high).exp().ln_1p() }
}

#[cfg(test)]
#[path = "expected_tests.rs"]
mod tests;
