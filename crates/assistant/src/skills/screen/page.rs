//! Which words stood on the screen at the last look.
//!
//! Owns fingerprints of them, so that a question about one of them is known to be about the screen, and a screen that is as
//! it was is known again. Keeps no text: the fingerprints are of a key that is made anew with each start, and nothing can be
//! read from them.

use super::excerpt::COMMON;
use super::words::words;
use jarvis_core::ScreenText;
use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};

/// Words that say what is asked of a thing, and not which thing.
#[rustfmt::skip]
const ASKING: &[&str] = &[
    "than", "so", "not", "no", "yes", "have", "has", "had", "get", "got", "give", "gives", "come", "comes", "go", "goes", "need",
    "needs", "want", "take", "takes", "start", "starts", "begin", "begins", "end", "ends", "happen", "happens", "cost", "costs",
    "pay", "send", "sends", "sent", "write", "writes", "written", "wrote", "make", "made", "called", "mention", "mentioned",
    "contain", "contains", "include", "included", "allowed", "available", "required", "located", "listed", "anything",
    "something", "our", "your", "their", "his", "her", "them", "they", "we", "us", "he", "she", "if", "whether", "into", "up",
    "out", "from", "as", "been", "being", "would", "must", "may", "might", "am", "again", "please", "now", "just", "s", "t",
];

/// What follows "how" asks for a measure.
const MEASURES: [&str; 13] =
    ["big", "long", "old", "large", "tall", "high", "far", "wide", "heavy", "often", "fast", "good", "expensive"];

/// The words of the last look. See the module's own words.
#[derive(Debug, Default)]
pub(super) struct Page {
    key: RandomState,
    words: BTreeSet<u64>,
    /// Of all of it.
    whole: Option<u64>,
}

impl Page {
    /// Takes what is seen now, and says whether it is the text that was there before.
    pub fn take(&mut self, screen: &ScreenText) -> bool {
        let title = screen.window.as_deref().unwrap_or_default();
        let texts = || screen.lines.iter().map(|line| line.text.as_str()).chain([title]);
        self.words = texts().flat_map(words).map(|word| self.key.hash_one(stem(&word))).collect();
        let whole = Some(self.key.hash_one(texts().collect::<Vec<_>>()));
        std::mem::replace(&mut self.whole, whole) == whole
    }

    /// Whether there was a look.
    pub fn is_known(&self) -> bool {
        self.whole.is_some()
    }

    /// Whether what `said` is about stood there: each of its words that names something, one at least.
    pub fn has(&self, said: &str) -> bool {
        let all = words(said);
        let is_measure = |at: usize| at > 0 && all[at - 1] == "how" && MEASURES.contains(&all[at].as_str());
        let is_name = |at: &usize| {
            let word = all[*at].as_str();
            !COMMON.contains(&word) && !ASKING.contains(&word) && !is_measure(*at)
        };
        let mut names = (0..all.len()).filter(is_name).peekable();
        names.peek().is_some() && names.all(|at| self.words.contains(&self.key.hash_one(stem(&all[at]))))
    }
}

/// A word without the sign of more than one.
fn stem(word: &str) -> &str {
    match word.strip_suffix('s') {
        Some(one) if one.len() > 2 && !one.ends_with('s') => one,
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{line, screen};
    use super::*;

    #[test]
    fn a_question_is_about_the_page_if_all_that_it_names_is_there() {
        let mut page = Page::default();
        assert!(!page.is_known() && !page.has("total"));
        let seen = screen(vec![line("report.pdf 12 MB", 0, 0), line("Refunds of the meeting in France", 0, 30)]);
        assert!(!page.take(&seen) && page.take(&seen) && page.is_known());
        for said in ["how big is report.pdf", "when does the meeting start", "what is the refund", "refunds"] {
            assert!(page.has(said), "{said}");
        }
        for said in ["what is the capital of france", "how are you", "what is it", "", "tell me a joke"] {
            assert!(!page.has(said), "{said}");
        }
        assert!(!page.take(&screen(vec![])) && !page.has("refunds"));
    }
}
