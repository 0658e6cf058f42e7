//! Writing down what the encoder heard, token by token.
//!
//! The likeliest token is taken each time. Where a second one was nearly as likely, the text is also written with that one,
//! and the text that is likelier on the whole stands: what a beam search finds, for the price of a few more steps, and none
//! where there is no doubt. Never looks at sound.

use super::search::{self, Doubt, Sampler, Suspicion};
use super::{Attempt, SttError, Whisper, milliseconds};
use jarvis_core::{Cancel, TranscriptTimings};
use std::time::Instant;

/// How much likelier (natural logarithm) a token may be than the second for that to be a doubt.
const DOUBT: f32 = 1.0;
/// The most doubts that are looked at: the greatest.
const DOUBTS: usize = 2;
/// Tokens by which a text may grow in place of another.
const LONGER: usize = 4;

/// How a text ended.
enum Ending {
    /// With this log probability.
    Whole(f32),
    /// In circles, or after more tokens than anybody says, with this log probability.
    Looped(f32),
    /// It is sure to be less likely than it would have to be.
    Hopeless,
}

impl Whisper {
    /// Writes down what was heard, `most` tokens at most.
    pub(super) fn decode(
        &mut self,
        temperature: f32,
        suspicion: Suspicion,
        most: usize,
        timings: &mut TranscriptTimings,
        cancel: &Cancel,
    ) -> Result<Attempt, SttError> {
        let began = Instant::now();
        let mut attempt = self.begin()?;
        self.tokens.clear();
        self.doubts.clear();
        let mut sampler = Sampler::new(temperature);
        let (sum, looped) = match self.write(&mut sampler, 0.0, None, (suspicion, most), cancel)? {
            Ending::Whole(sum) => (sum, false),
            Ending::Looped(sum) => (sum, true),
            Ending::Hopeless => (f32::NEG_INFINITY, true),
        };
        attempt.looped = looped;
        attempt.average_log_probability = average(sum, self.tokens.len());
        if temperature == 0.0 && !looped {
            self.reconsider(&mut attempt.average_log_probability, (suspicion, most), cancel)?;
        }
        attempt.text = self.vocabulary.text(&self.tokens).trim().to_owned();
        attempt.tokens = self.tokens.len();
        attempt.looped |= suspicion == Suspicion::High && search::says_twice(&attempt.text);
        timings.decode += milliseconds(began);
        Ok(attempt)
    }

    /// Goes on after `self.tokens`, which have the log probability `sum`; the logits are those of what comes next. Without
    /// `least`, doubts are noted; with it, the text is given up once it is less likely than that.
    fn write(
        &mut self,
        sampler: &mut Sampler,
        mut sum: f32,
        least: Option<f32>,
        (suspicion, most): (Suspicion, usize),
        cancel: &Cancel,
    ) -> Result<Ending, SttError> {
        loop {
            if cancel.is_cancelled() {
                return Err(SttError::Cancelled);
            }
            self.forbid();
            let (token, log_probability) = sampler.choose(&mut self.logits);
            if least.is_none() {
                let second = search::second(&mut self.logits, token);
                let gap = second.1;
                if gap < DOUBT {
                    let sum = sum + log_probability - gap;
                    self.doubts.push(Doubt { at: self.tokens.len(), token: second.0, gap, sum });
                }
            }
            sum += log_probability;
            if token == self.vocabulary.end {
                return Ok(Ending::Whole(sum));
            }
            if least.is_some_and(|least| sum < least) {
                return Ok(Ending::Hopeless);
            }
            self.tokens.push(token);
            if let Some(repeated) = search::loops(&self.tokens, suspicion) {
                self.tokens.truncate(self.tokens.len() - repeated);
                return Ok(Ending::Looped(sum));
            }
            if self.tokens.len() >= most {
                return Ok(Ending::Looped(sum));
            }
            self.decoder.step(&[token])?;
            self.decoder.logits(&[0], &mut self.logits)?;
        }
    }

    /// Writes the text again from its greatest doubts on, and takes what is likeliest on the whole, with its mean log
    /// probability in `best`.
    fn reconsider(&mut self, best: &mut f32, limits: (Suspicion, usize), cancel: &Cancel) -> Result<(), SttError> {
        if self.doubts.is_empty() {
            return Ok(());
        }
        let first = self.tokens.clone();
        let mut doubts = std::mem::take(&mut self.doubts);
        doubts.sort_by(|a, b| a.gap.total_cmp(&b.gap));
        doubts.truncate(DOUBTS);
        // The last first: what the decoder remembers of the tokens before it is still of the first text.
        doubts.sort_by_key(|doubt| std::cmp::Reverse(doubt.at));
        let mut likeliest = None;
        for doubt in &doubts {
            self.tokens.clear();
            self.tokens.extend_from_slice(&first[..doubt.at]);
            let mut sum = doubt.sum;
            if doubt.token != self.vocabulary.end {
                self.decoder.rewind(self.prompt + doubt.at);
                self.tokens.push(doubt.token);
                self.decoder.step(&[doubt.token])?;
                self.decoder.logits(&[0], &mut self.logits)?;
                let least = *best * (first.len() + 1 + LONGER) as f32;
                match self.write(&mut Sampler::new(0.0), sum, Some(least), limits, cancel)? {
                    Ending::Whole(whole) => sum = whole,
                    Ending::Looped(_) | Ending::Hopeless => continue,
                }
            }
            let average = average(sum, self.tokens.len());
            if average > *best {
                *best = average;
                likeliest = Some(self.tokens.clone());
            }
        }
        self.tokens = likeliest.unwrap_or(first);
        self.doubts = doubts;
        Ok(())
    }
}

/// The mean log probability of `tokens` tokens and the end.
fn average(sum: f32, tokens: usize) -> f32 {
    sum / (tokens + 1) as f32
}
