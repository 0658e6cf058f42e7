//! A generated text on its way to the voice.
//!
//! Owns where it is cut into clauses, and that it ends after enough sentences. Never speaks.

use super::{Piece, SENTENCE_WORDS};
use crate::clauses::{Clause, ClauseSplitter, ends_sentence};
use jarvis_core::AssistantEvent;

/// A generated text on its way to the voice: cut into clauses, ended after enough sentences.
#[derive(Debug)]
pub(super) struct Speech {
    splitter: ClauseSplitter,
    pub(super) said: String,
    sentences: usize,
    /// Enough of them.
    most: usize,
    /// Words of the sentence that is being said.
    words: usize,
    stays_here: bool,
}

impl Speech {
    /// Of nothing yet, and of `most` sentences at most.
    pub(super) fn new(stays_here: bool, most: usize) -> Self {
        Self { splitter: ClauseSplitter::new(), said: String::new(), sentences: 0, most, words: 0, stays_here }
    }

    /// Takes generated text; true when enough was said.
    pub(super) fn push(&mut self, text: &str, on_piece: &mut dyn FnMut(Piece)) -> bool {
        for clause in self.splitter.push(text) {
            if self.sentences >= self.most {
                break;
            }
            self.say(&clause, on_piece);
        }
        self.sentences >= self.most
    }

    /// Says what is left, unless the text was cut off inside a sentence and a real one was said before.
    pub(super) fn finish(&mut self, was_cut_off: bool, on_piece: &mut dyn FnMut(Piece)) {
        let Some(rest) = self.splitter.finish() else { return };
        let is_fragment = was_cut_off && !ends_sentence(&rest) && self.sentences > 0 && ends_sentence(&self.said);
        if self.sentences < self.most && !is_fragment {
            self.say(&rest, on_piece);
        }
    }

    fn say(&mut self, clause: &str, on_piece: &mut dyn FnMut(Piece)) {
        let shown = if self.said.is_empty() { clause.trim_start() } else { clause };
        self.said.push_str(shown);
        self.words += clause.split_whitespace().count();
        if ends_sentence(clause) {
            self.sentences += usize::from(self.words >= SENTENCE_WORDS);
            self.words = 0;
        }
        on_piece(Piece::Event(AssistantEvent::ReplyText { text: shown.to_owned() }));
        on_piece(Piece::Clause(Clause { text: clause.trim().to_owned(), stays_here: self.stays_here }));
    }
}
