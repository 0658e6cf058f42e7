//! An answer about the screen on its way to the voice, sentence by sentence.
//!
//! Owns that a sentence is given out only when it is whole and may be said, and nothing after one that may not. Never decides
//! which may, and never says what is said instead.

use super::Piece;
use crate::clauses::{Clause, ends_sentence};
use jarvis_core::AssistantEvent;

/// What of an answer was said, and what is left of it.
pub(super) struct Sentences<'a> {
    /// Whether, after what was said, a sentence may be.
    may_be_said: &'a dyn Fn(&str, &str) -> bool,
    /// What was given out.
    pub(super) said: String,
    /// The one that is not whole yet.
    sentence: String,
    /// There was one that may not be said.
    pub(super) is_refused: bool,
}

impl<'a> Sentences<'a> {
    /// Of an answer of which `may_be_said` says, from what was said of it and the next sentence, whether that may be.
    pub(super) fn new(may_be_said: &'a dyn Fn(&str, &str) -> bool) -> Self {
        Self { may_be_said, said: String::new(), sentence: String::new(), is_refused: false }
    }

    /// Takes a piece of the answer as it was made: clauses become sentences, the text is that of the sentences, and all else
    /// is given out as it is. Says whether more is wanted.
    pub(super) fn take(&mut self, piece: Piece, on_piece: &mut dyn FnMut(Piece)) -> bool {
        match piece {
            Piece::Event(AssistantEvent::ReplyText { .. }) => {}
            Piece::Clause(_) if self.is_refused => {}
            Piece::Clause(clause) => {
                if !self.sentence.is_empty() {
                    self.sentence.push(' ');
                }
                self.sentence.push_str(&clause.text);
                if ends_sentence(&self.sentence) {
                    self.finish(on_piece);
                }
            }
            piece => on_piece(piece),
        }
        !self.is_refused
    }

    /// No more comes: what is left is given out if it ends like a sentence, or is all that there is.
    pub(super) fn end(&mut self, on_piece: &mut dyn FnMut(Piece)) {
        if self.said.is_empty() || ends_sentence(&self.sentence) {
            self.finish(on_piece);
        }
    }

    /// The sentence that is left is whole as it is.
    pub(super) fn finish(&mut self, on_piece: &mut dyn FnMut(Piece)) {
        let sentence = std::mem::take(&mut self.sentence);
        if self.is_refused || sentence.trim().is_empty() {
            return;
        }
        match (self.may_be_said)(&self.said, &sentence) {
            true => self.say(&sentence, on_piece),
            false => self.is_refused = true,
        }
    }

    /// Gives `text` out behind what was said.
    pub(super) fn say(&mut self, text: &str, on_piece: &mut dyn FnMut(Piece)) {
        let space = if self.said.is_empty() { "" } else { " " };
        self.said.push_str(space);
        self.said.push_str(text);
        on_piece(Piece::Event(AssistantEvent::ReplyText { text: format!("{space}{text}") }));
        on_piece(Piece::Clause(Clause { text: text.to_owned(), stays_here: true }));
    }
}
