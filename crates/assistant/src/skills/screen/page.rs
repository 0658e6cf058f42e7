//! Which words stood on the screen at the last look.
//!
//! Owns fingerprints of them, so that a question about one of them is known to be about the screen, and a screen that is as
//! it was is known again; and which words of a question name what it is about. Keeps no text: the fingerprints are of a key
//! that is made anew with each start, and nothing can be read from them. Never decides what a question is about.

use super::excerpt::COMMON;
use super::grounds::stem;
use super::nouns::DETERMINERS;
use super::words::words;
use super::{table, ties};
use crate::skills::date::day::{MONTHS, WEEKDAYS};
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
    "something", "our", "your", "their", "his", "her", "them", "they", "we", "us", "he", "she", "him", "if", "whether", "into", "up",
    "out", "from", "as", "been", "being", "would", "must", "may", "might", "am", "again", "please", "now", "just", "s", "t", "had",
    "else", "after", "before", "then", "cannot", "dont", "first", "second", "third", "last", "next", "exactly", "still", "yet",
    "all", "own", "off", "plus", "minus", "together", "one", "ever", "other", "same",
];

/// What a page says the meaning of has no more words.
const DEFINED: usize = 4;

/// What follows "how" and asks for no measure.
const NO_MEASURES: [&str; 12] =
    ["is", "are", "was", "were", "do", "does", "did", "can", "could", "will", "would", "should"];

/// What is said apart and written together: "log in" on a button is often "Login".
const PARTICLES: [&str; 5] = ["in", "out", "up", "on", "off"];

/// The words of the last look. See the module's own words.
#[derive(Debug, Default)]
pub(super) struct Page {
    key: RandomState,
    words: BTreeSet<u64>,
    /// Of those that stand before a colon or an equals sign.
    labels: BTreeSet<u64>,
    /// Of those, in the form that they have there.
    written_labels: BTreeSet<u64>,
    /// Of words that are places there: "in Bristol".
    places: BTreeSet<u64>,
    /// The words of each thing of which it says what it is: "a mooring is a place for a boat".
    defined: Vec<BTreeSet<u64>>,
    /// The words of each line and of the next one.
    lines: Vec<BTreeSet<u64>>,
    /// Of all of it.
    whole: Option<u64>,
    /// Whether it has a table: rows that can be counted and compared.
    has_table: bool,
}

impl Page {
    /// Takes what is seen now, and says whether it is the text that was there before.
    pub fn take(&mut self, screen: &ScreenText) -> bool {
        let title = screen.window.as_deref().unwrap_or_default();
        let texts = || screen.lines.iter().map(|line| line.text.as_str()).chain([title]);
        let of = |text: &str| self.hashes(text);
        let lines: Vec<BTreeSet<u64>> = texts().map(of).collect();
        self.labels = texts().filter_map(|text| text.split_once([':', '='])).flat_map(|(label, _)| of(label)).collect();
        self.places = texts().flat_map(places).map(|place| self.key.hash_one(stem(&place.to_lowercase()))).collect();
        let defined = texts()
            .filter_map(defined)
            .map(|thing| names(thing).iter().map(|name| self.key.hash_one(stem(name))).collect::<BTreeSet<u64>>());
        self.defined = defined.filter(|thing| !thing.is_empty()).collect();
        let labels = texts().filter_map(|text| text.split_once([':', '='])).flat_map(|(label, _)| words(label));
        self.written_labels = labels.map(|word| self.key.hash_one(word)).collect();
        self.words = lines.iter().flatten().copied().collect();
        self.lines = (0..lines.len()).map(|at| lines[at..].iter().take(2).flatten().copied().collect()).collect();
        self.has_table = !table::tables(screen).is_empty();
        let whole = Some(self.key.hash_one(texts().collect::<Vec<_>>()));
        std::mem::replace(&mut self.whole, whole) == whole
    }

    /// Of the words of `text`, and of each two together: "Wi-Fi" is "wifi".
    fn hashes(&self, text: &str) -> BTreeSet<u64> {
        let all = words(text);
        let pairs = all.windows(2).map(|two| two.concat());
        let both: Vec<u64> = pairs.map(|pair| self.key.hash_one(stem(&pair))).collect();
        all.iter().map(|word| self.key.hash_one(stem(word))).chain(both).collect()
    }

    /// Whether there was a look.
    pub fn is_known(&self) -> bool {
        self.whole.is_some()
    }

    /// Whether what `said` is about stood there: each of its words that names something, one at least.
    pub fn has(&self, said: &str) -> bool {
        let names = names(said);
        !names.is_empty() && names.iter().all(|name| self.has_word(name))
    }

    /// `said` with the words together that stood there only so: "how do I log in" is "how do I login" where that is a label.
    pub fn joined(&self, said: &str) -> String {
        let mut all: Vec<String> = Vec::new();
        for word in said.split(' ') {
            let is_together = |before: &String| {
                let is_new = !names(before).is_empty() && !self.has_word(before);
                PARTICLES.contains(&word) && is_new && self.has_word(&format!("{before}{word}"))
            };
            match all.last_mut() {
                Some(before) if is_together(before) => before.push_str(word),
                _ => all.push(word.to_owned()),
            }
        }
        all.join(" ")
    }

    /// Whether there was a table.
    pub fn has_table(&self) -> bool {
        self.has_table
    }

    /// Whether this word stood there, or another for the same.
    pub fn has_word(&self, word: &str) -> bool {
        let has = |word: &str| self.words.contains(&self.key.hash_one(stem(word)));
        let day = ["st", "nd", "rd", "th"].iter().find_map(|end| word.strip_suffix(end));
        let is_day = |day: &str| !day.is_empty() && day.chars().all(|c| c.is_ascii_digit()) && has(day);
        has(word)
            || day.is_some_and(is_day)
            || ties::shortened(word).is_some_and(has)
            || self.has_table && ties::others(word).any(has)
    }

    /// As [`Self::has_label`], in this form alone: "hours", and not "hour".
    pub fn has_written_label(&self, word: &str) -> bool {
        self.written_labels.contains(&self.key.hash_one(word))
    }

    /// Whether this word stood there as the name of a place.
    pub fn is_place(&self, word: &str) -> bool {
        self.places.contains(&self.key.hash_one(stem(word)))
    }

    /// Whether it said what the thing is that has these words.
    pub fn defines(&self, words: &[String]) -> bool {
        let keys: BTreeSet<u64> = words.iter().map(|word| self.key.hash_one(stem(word))).collect();
        !keys.is_empty() && self.defined.contains(&keys)
    }

    /// Whether this word stood there before a colon.
    pub fn has_label(&self, word: &str) -> bool {
        self.labels.contains(&self.key.hash_one(stem(word)))
    }

    /// Whether all of these words stood in one line, or in it and the next one.
    pub fn has_together(&self, words: &[String]) -> bool {
        let keys: Vec<u64> = words.iter().map(|word| self.key.hash_one(stem(word))).collect();
        self.lines.iter().any(|line| keys.iter().all(|key| line.contains(key)))
    }
}

/// The words of `text` that are places there: "Bristol" of "in Bristol", and of "14 Dock Road, Bristol BS1 6XN".
fn places(text: &str) -> Vec<&str> {
    let tokens: Vec<&str> = text.split_whitespace().collect();
    let bare = |token: &'_ str| token.trim_matches(|c: char| !c.is_alphanumeric()).len();
    let is_name = |at: usize| {
        let word = tokens[at].trim_matches(|c: char| !c.is_alphanumeric());
        let lower = word.to_lowercase();
        let is_day = MONTHS.contains(&lower.as_str()) || WEEKDAYS.contains(&lower.as_str());
        word.starts_with(char::is_uppercase) && word.chars().skip(1).any(char::is_lowercase) && !is_day
    };
    let is_place = |at: &usize| {
        let Some(before) = at.checked_sub(1).map(|before| tokens[before]) else { return false };
        let next = tokens.get(at + 1).filter(|_| bare(tokens[*at]) == tokens[*at].len());
        let is_alone = next.is_none_or(|next| !next.starts_with(char::is_uppercase));
        let is_coded = next.is_some_and(|next| next.contains(|c: char| c.is_ascii_digit()));
        let is_in = matches!(before.to_lowercase().as_str(), "in" | "near");
        is_name(*at) && (is_in && (is_alone || is_coded) || before.ends_with(',') && is_coded)
    };
    let found = (0..tokens.len()).filter(is_place);
    found.map(|at| tokens[at].trim_matches(|c: char| !c.is_alphanumeric())).collect()
}

/// What `text` says the meaning of: "a mooring" of "A mooring is a place for a boat", "Mooring" of "Mooring: a place for a boat".
fn defined(text: &str) -> Option<&str> {
    const MEANING: [&str; 8] =
        [" is a ", " is an ", " is the ", " are the ", " means ", " stands for ", " refers to ", " describes "];
    let at = MEANING.iter().filter_map(|mark| text.find(mark)).min();
    let labelled = || {
        let (label, value) = text.split_once(": ")?;
        let is_told = ["a ", "an ", "any "].iter().any(|article| value.to_lowercase().starts_with(article));
        is_told.then_some(label)
    };
    let thing = at.map(|at| &text[..at]).or_else(labelled)?;
    let is_certain = |word: &str| DETERMINERS.contains(&word) && word != "the";
    let is_thing = (1..=DEFINED).contains(&thing.split_whitespace().count())
        && !thing.to_lowercase().split_whitespace().any(is_certain);
    is_thing.then_some(thing)
}

/// The words of `said` that name what it is about, without those that are in every question.
pub(super) fn names(said: &str) -> Vec<String> {
    let all = words(said);
    let is_measure = |at: usize| at > 0 && all[at - 1] == "how" && !NO_MEASURES.contains(&all[at].as_str());
    let is_name = |at: &usize| {
        let word = all[*at].as_str();
        !COMMON.contains(&word) && !ASKING.contains(&word) && !is_measure(*at)
    };
    (0..all.len()).filter(is_name).map(|at| all[at].clone()).collect()
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

    #[test]
    fn what_is_said_apart_is_found_where_it_is_written_together() {
        let mut page = Page::default();
        page.take(&screen(vec![line("Login: tom@baker.example", 0, 0), line("Set up the printer", 0, 30)]));
        assert_eq!(page.joined("how do i log in"), "how do i login");
        assert_eq!(page.joined("who is on"), "who is on");
        assert!(page.has(&page.joined("how do i set up the printer")) && page.has(&page.joined("log in")));
    }
}
