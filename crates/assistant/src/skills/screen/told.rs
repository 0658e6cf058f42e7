//! What of the screen was told last, for whatever goes on from it: "go on", "go back", "copy that".
//!
//! Owns how far a text was read, found again in it after it was scrolled. Keeps no text of the screen, only fingerprints of lines
//! and the question that was answered: what goes on is looked at anew.

use super::say::aloud;
use jarvis_core::{Slots, TextLine};
use std::hash::{BuildHasher, RandomState};

/// What was told last, in the request's words.
#[derive(Debug, Clone)]
pub(super) struct Told {
    /// What "copy that" copies.
    pub about: Slots,
    /// How far it was read, if it is something to be read.
    pub reading: Option<Reading>,
    /// Of the answer before, where the last one is not in the text: it is told by the language model, or put together.
    pub before: Option<u64>,
    /// The question that it answers, if it was one.
    pub question: Option<String>,
}

impl Told {
    /// Something that stands there.
    pub fn of(about: Slots) -> Self {
        Self { about, reading: None, before: None, question: None }
    }
}

/// What is told of `what`, which no query says more of.
pub(super) fn slots(what: &str) -> Slots {
    Slots::from([("what".to_owned(), what.to_owned())])
}

/// A line of a text, to be found again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    at: usize,
    text: u64,
}

/// How far a text was read.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    /// The request that it is read for, as [`super::READ`] takes it.
    pub slots: Slots,
    key: RandomState,
    /// The first line of each piece that was read, the last one last.
    pieces: Vec<Mark>,
    /// The last line that was read.
    last: Option<Mark>,
    /// All of it was read.
    pub done: bool,
    /// It was said that this was all.
    ended: bool,
    /// So many words were said before the lines of the last piece.
    before: usize,
    /// So many words of its lines were heard before it was silenced.
    heard: Option<usize>,
}

impl Reading {
    /// Of nothing yet.
    pub fn new(slots: Slots) -> Self {
        let (key, pieces) = (RandomState::new(), Vec::new());
        Self { slots, key, pieces, last: None, done: false, ended: false, before: 0, heard: None }
    }

    /// The first of `lines` that was not read yet, or not heard. Where the last one that was is gone, all of them are new.
    pub fn next(&self, lines: &[&TextLine]) -> usize {
        if let (Some(heard), Some(piece)) = (self.heard, self.pieces.last()) {
            let from = self.find(piece, lines).unwrap_or(0);
            // What was said behind the lines counts among the words that were heard: never beyond what was read.
            let read = self.last.as_ref().and_then(|last| self.find(last, lines)).map_or(lines.len(), |at| at + 1);
            return (from + heard_lines(from, lines, heard)).min(read.max(from));
        }
        self.last.as_ref().and_then(|last| self.find(last, lines)).map_or(0, |at| at + 1)
    }

    /// The first line of the piece before the last one.
    pub fn back(&mut self, lines: &[&TextLine]) -> usize {
        if !self.ended {
            self.pieces.pop();
        }
        self.pieces.pop().and_then(|piece| self.find(&piece, lines)).unwrap_or(0)
    }

    /// The lines from `from` up to `to` are read, behind `before` words that are not of them.
    pub fn read(&mut self, lines: &[&TextLine], from: usize, to: usize, before: usize) {
        self.pieces.push(self.mark(lines, from));
        self.last = to.checked_sub(1).map(|last| self.mark(lines, last));
        (self.done, self.ended, self.heard) = (to >= lines.len(), false, None);
        self.before = before;
    }

    /// It was said that there is no more.
    pub fn end(&mut self) {
        (self.done, self.ended, self.heard) = (true, true, None);
    }

    /// The last piece was silenced after so many words.
    pub fn silenced(&mut self, heard: usize) {
        if !self.ended {
            (self.done, self.heard) = (false, Some(heard.saturating_sub(self.before)));
        }
    }

    fn mark(&self, lines: &[&TextLine], at: usize) -> Mark {
        Mark { at, text: self.key.hash_one(&lines[at].text) }
    }

    /// Where the marked line is now: of equal ones the one that is nearest to where it was.
    fn find(&self, mark: &Mark, lines: &[&TextLine]) -> Option<usize> {
        let same = (0..lines.len()).filter(|at| self.key.hash_one(&lines[*at].text) == mark.text);
        same.min_by_key(|at| at.abs_diff(mark.at))
    }
}

/// How many of `lines`, from the one at `from`, were heard whole in so many words.
fn heard_lines(from: usize, lines: &[&TextLine], heard: usize) -> usize {
    let mut spoken = 0;
    let whole = (from..lines.len()).take_while(|at| {
        spoken += aloud(&lines[*at].text).split_whitespace().count();
        spoken <= heard
    });
    whole.count()
}

#[cfg(test)]
mod tests {
    use super::super::testing::line;
    use super::*;

    #[test]
    fn a_reading_goes_on_and_back_and_where_it_was_silenced() {
        let text: Vec<TextLine> = (0..9).map(|at| line(&format!("line number {at}"), 0, 22 * at)).collect();
        let all: Vec<&TextLine> = text.iter().collect();
        let mut reading = Reading::new(slots("all"));
        assert_eq!(reading.next(&all), 0);
        reading.read(&all, 0, 4, 0);
        assert_eq!((reading.next(&all), reading.done), (4, false));
        assert_eq!(reading.next(&all[2..]), 2, "it was scrolled");
        assert_eq!(reading.next(&all[5..]), 0, "all that is there is new");
        reading.read(&all, 4, 9, 0);
        assert_eq!((reading.next(&all), reading.done), (9, true));

        reading.silenced(7);
        assert_eq!((reading.next(&all), reading.done), (6, false), "two lines were heard whole");
        let mut again = reading.clone();
        assert_eq!(again.back(&all), 0);
        // What was said before the lines is none of them: three words of a title, and a line of three.
        reading.read(&all, 4, 9, 3);
        reading.silenced(6);
        assert_eq!(reading.next(&all), 5);
        reading.silenced(2);
        assert_eq!(reading.next(&all), 4);
        reading.read(&all, 4, 9, 0);
        reading.end();
        assert_eq!(reading.back(&all), 4, "at the end, back is to the last piece");
        assert_eq!(reading.back(&[]), 0);
    }
}
