//! Answers of a given form: only tokens that keep the text within it may be drawn.
//!
//! ```text
//! JSON Schema ─► schema ─┐
//! regular expression ────┴─► network ─► automaton ─┐
//! the model's tokens ────────► lexicon ────────────┴─► Guide: which tokens may come next
//! ```
//!
//! A form becomes a network of rules that call each other (JSON nests), which is run over bytes and made deterministic as
//! far as it is walked; the tokens lie in a tree, so that those with the same beginning are decided together; the answer
//! for a place is kept. A text is finished inside its limit: a token that would leave too little room is not taken, and
//! the shortest end is written in its place. What is made of a form is bounded in size and time, whatever it says. Never
//! looks at scores but to take tokens out; never decides what is said inside the form.

mod automaton;
mod json;
mod lexicon;
mod network;
mod numbers;
mod pattern;
mod schema;
#[cfg(test)]
mod tests;

pub(crate) use lexicon::Lexicon;

use crate::error::{LlmError, Result};
use automaton::{Automaton, PointId};
use jarvis_core::Constraint;
use std::sync::Arc;

/// Bytes that the shortest text of a form may have.
const MAX_SHORTEST: u32 = 1 << 16;

/// What may come next in one answer.
pub(crate) struct Guide {
    automaton: Automaton,
    lexicon: Arc<Lexicon>,
    at: PointId,
}

impl Guide {
    /// A guide through texts of the form `constraint`, of at most `limit` tokens.
    ///
    /// # Errors
    /// The form is malformed, says what is not understood here, is too complex, or no text of it can be written, in
    /// general or with so few tokens.
    pub(crate) fn new(constraint: &Constraint, lexicon: Arc<Lexicon>, limit: usize) -> Result<Self> {
        let network = match constraint {
            Constraint::JsonSchema(text) => schema::compile(text)?,
            Constraint::Regex(pattern) => pattern::compile(pattern)?,
        };
        match network.shortest() {
            None => return Err(refused("no text has this form")),
            Some(bytes) if bytes > MAX_SHORTEST => {
                return Err(refused(format!("its shortest text has more than {MAX_SHORTEST} bytes")));
            }
            Some(_) => {}
        }
        let (automaton, at) = Automaton::new(network);
        let guide = Self { automaton, lexicon, at };
        match guide.lexicon.write(&guide.automaton.shortest_text(at)) {
            None => Err(refused("this model has no tokens to write it with")),
            Some(tokens) if tokens.len() > limit => {
                Err(refused(format!("its shortest text takes {} tokens, and there is room for {limit}", tokens.len())))
            }
            Some(_) => Ok(guide),
        }
    }

    /// Takes every token out of `logits` that can't come next: its score becomes -∞. `false` when none is left; then the
    /// text has to be ended with [`Self::ending`].
    pub(crate) fn mask(&mut self, logits: &mut [f32]) -> bool {
        self.at = self.automaton.tidy(self.at);
        let mask = self.automaton.mask(self.at, &self.lexicon);
        let mut any = false;
        for (scores, bits) in logits.chunks_mut(64).zip(mask) {
            any |= *bits != 0;
            match *bits {
                0 => scores.fill(f32::NEG_INFINITY),
                u64::MAX => {}
                bits => {
                    let banned = scores.iter_mut().enumerate().filter(|(bit, _)| bits >> bit & 1 == 0);
                    banned.for_each(|(_, score)| *score = f32::NEG_INFINITY);
                }
            }
        }
        any
    }

    /// Goes on over the bytes of a token that [`Self::mask`] left. `false`, and nothing changes, when the text could then
    /// not be ended within `left` more tokens.
    pub(crate) fn take(&mut self, bytes: &[u8], left: usize) -> bool {
        let next = self.automaton.walk(self.at, bytes);
        let fits = match self.automaton.shortest(next) {
            None => false,
            // A token has a byte or more.
            Some(bytes) if bytes as usize <= left && self.lexicon.has_all_bytes() => true,
            Some(_) => {
                self.lexicon.write(&self.automaton.shortest_text(next)).is_some_and(|tokens| tokens.len() <= left)
            }
        };
        if fits {
            self.at = next;
        }
        fits
    }

    /// The tokens of the shortest end of the text.
    pub(crate) fn ending(&self) -> Vec<u32> {
        self.lexicon.write(&self.automaton.shortest_text(self.at)).unwrap_or_default()
    }

    /// Whether the text is whole and nothing can follow.
    pub(crate) fn is_complete(&self) -> bool {
        self.automaton.is_complete(self.at)
    }
}

fn refused(reason: impl Into<String>) -> LlmError {
    LlmError::BadConstraint(reason.into())
}
