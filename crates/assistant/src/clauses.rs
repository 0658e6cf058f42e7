//! Cuts streamed text into clauses for the voice: a short first one, so that sound starts early, then whole sentences.
//! The voice hands out its sound in pieces while it computes, so how long a clause is makes no difference to when its first
//! sound is heard; what counts is how soon a clause's last word is there. Only the first has to hurry: a model makes words
//! many times faster than they are spoken, and later clauses keep the melody of their sentence.
//!
//! Owns where text may be cut: never inside a number, an abbreviation, an address or code. Never changes the text: the
//! clauses joined are the text (but for blanks at its very end), and how the text arrived makes no difference.

use std::fmt;

/// A piece of an answer for the voice.
#[derive(Clone, PartialEq, Eq)]
pub struct Clause {
    /// Its words.
    pub text: String,
    /// It tells what stood on the screen: no voice of another program gets it, and nobody keeps its sound.
    pub stays_here: bool,
}

impl From<String> for Clause {
    /// A clause that any voice may speak.
    fn from(text: String) -> Self {
        Self { text, stays_here: false }
    }
}

impl From<&str> for Clause {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

/// Its words, as they are in most traces.
impl fmt::Debug for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}{}", self.text, if self.stays_here { " (stays here)" } else { "" })
    }
}

/// The first clause may end at a comma once it has this many words ...
const FIRST_WORDS: usize = 3;
/// ... and this many characters; less sounds chopped.
const FIRST_CHARACTERS: usize = 12;

/// A long first clause ends before one of [`LINKS`] once it has this many words ...
const LINKED_WORDS: usize = 6;
/// ... and before one of [`PREPOSITIONS`] once it has this many.
const LONG_WORDS: usize = 9;

/// A speaker who thinks draws a breath before these, for what follows is a clause of its own.
const LINKS: [&str; 22] = [
    "and",
    "but",
    "or",
    "because",
    "since",
    "while",
    "although",
    "though",
    "which",
    "who",
    "where",
    "when",
    "whereas",
    "if",
    "unless",
    "until",
    "so",
    "then",
    "however",
    "including",
    "especially",
    "whether",
];

/// Before these only if the sentence is long already.
const PREPOSITIONS: [&str; 18] = [
    "in", "on", "at", "by", "for", "from", "with", "into", "through", "between", "during", "about", "after", "before",
    "over", "under", "without", "around",
];

/// A clause is cut at a word's end when it reaches this many characters without a sentence's end: synthesis takes time and
/// memory in proportion.
const LONGEST: usize = 200;

/// Text without blanks, such as a long address, is cut here whatever it is.
const LONGEST_WORD: usize = 1000;

/// Backticks that open a block of code.
const BLOCK: usize = 3;
/// A block of code stays whole up to this many characters: it is not read aloud, which only its marks tell.
const LONGEST_BLOCK: usize = 20_000;

/// A period after these ends nothing.
const TITLES: [&str; 26] = [
    "mr", "mrs", "ms", "dr", "prof", "st", "mt", "gen", "col", "lt", "sgt", "capt", "rev", "hon", "gov", "sen", "vs",
    "e.g", "i.e", "cf", "approx", "fig", "eg", "ie", "messrs", "ave",
];

/// A period after these ends a sentence only if a capital follows.
const MAY_END: [&str; 24] = [
    "etc", "a.m", "p.m", "u.s", "u.k", "u.s.a", "e.u", "jr", "sr", "inc", "ltd", "co", "corp", "no", "ph.d", "b.c",
    "a.d", "jan", "feb", "aug", "sept", "oct", "nov", "dec",
];

/// What a place after punctuation means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// None: the text goes on.
    None,
    /// A pause, good enough for the first clause.
    Pause,
    /// A sentence ends.
    Sentence,
    /// A sentence ends if a capital letter is next.
    IfCapital,
}

/// Cuts streamed text into clauses.
#[derive(Debug, Clone, Default)]
pub struct ClauseSplitter {
    /// Text that is not given out yet.
    held: String,
    /// Characters of it.
    characters: usize,
    /// A clause was given out already.
    started: bool,
    /// Inside code: the number of backticks that opened it.
    fence: usize,
    /// Backticks seen in a row just now.
    ticks: usize,
    /// The last place inside `held` where a pause could be made, and the last blank.
    pause: Option<usize>,
    blank: Option<usize>,
    /// A place that becomes a cut if a capital is next.
    waiting: Option<usize>,
}

impl ClauseSplitter {
    /// A splitter at the beginning of a text.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a piece of text and gives the clauses that it completes. A clause keeps the blanks after it.
    pub fn push(&mut self, piece: &str) -> Vec<String> {
        let mut clauses = Vec::new();
        for c in piece.chars() {
            self.take(c, &mut clauses);
        }
        clauses
    }

    /// Gives what is left and begins anew.
    pub fn finish(&mut self) -> Option<String> {
        let rest = std::mem::take(self).held;
        (!rest.trim().is_empty()).then_some(rest)
    }

    fn take(&mut self, c: char, clauses: &mut Vec<String>) {
        if let Some(place) = self.waiting
            && !c.is_whitespace()
        {
            self.waiting = None;
            if c.is_uppercase() {
                self.cut(place, clauses);
            }
        }
        self.count_backticks(c);
        let in_code = self.fence > 0;
        if c == '\n' && !in_code {
            self.add(c);
            if self.has_words() {
                self.cut(self.held.len(), clauses);
            }
            return;
        }
        if c.is_whitespace() && !in_code && !self.held.ends_with(char::is_whitespace) {
            let cut = self.cut_here();
            if !self.started && cut == Cut::None {
                self.cut_before_link(clauses);
            }
            self.add(c);
            let here = self.held.len();
            self.blank = Some(here);
            match cut {
                Cut::Sentence => self.cut(here, clauses),
                Cut::Pause if !self.started && self.is_long_enough_to_start() => self.cut(here, clauses),
                Cut::Pause => self.pause = Some(here),
                Cut::IfCapital => self.waiting = Some(here),
                Cut::None => {}
            }
        } else {
            self.add(c);
            if c.is_whitespace() {
                self.blank = Some(self.held.len());
            } else if matches!(c, '。' | '！' | '？') && !in_code {
                self.cut(self.held.len(), clauses);
            }
        }
        self.keep_short(clauses);
    }

    fn add(&mut self, c: char) {
        self.held.push(c);
        self.characters += 1;
    }

    /// Ends a first clause that grew long before its last word, if that word begins something new. Whoever listens hears
    /// the beginning while the model goes on.
    fn cut_before_link(&mut self, clauses: &mut Vec<String>) {
        let Some(place) = self.blank else { return };
        let word = &self.held[place..];
        let words = self.held[..place].split_whitespace().count();
        let ends =
            words >= LINKED_WORDS && LINKS.contains(&word) || words >= LONG_WORDS && PREPOSITIONS.contains(&word);
        // Two numbers, or two words that belong together more than the sentence does, stand around some of these.
        let number = self.held[..place].trim_end().ends_with(|c: char| c.is_ascii_digit());
        if ends && !number {
            self.cut(place, clauses);
        }
    }

    /// Cuts what grew too long: at its last pause if that leaves enough, else between two words.
    fn keep_short(&mut self, clauses: &mut Vec<String>) {
        let longest = if self.fence >= BLOCK { LONGEST_BLOCK } else { LONGEST };
        if self.characters < longest {
            return;
        }
        let pause = self.pause.filter(|place| *place > self.held.len() / 3);
        let place = match pause.or(self.blank) {
            Some(place) => place,
            None if self.characters >= LONGEST_WORD => self.held.len(),
            None => return,
        };
        if self.held[..place].trim().is_empty() { self.blank = None } else { self.cut(place, clauses) }
    }

    fn cut(&mut self, place: usize, clauses: &mut Vec<String>) {
        let rest = self.held.split_off(place);
        clauses.push(std::mem::replace(&mut self.held, rest));
        self.characters = self.held.chars().count();
        self.started = true;
        self.pause = None;
        self.waiting = None;
        self.blank = None;
    }

    /// Backticks open code and as many close it; code inside a line ends with the line at the latest.
    fn count_backticks(&mut self, c: char) {
        if c == '`' {
            self.ticks += 1;
            return;
        }
        if c == '\n' && self.fence < BLOCK {
            self.fence = 0;
        }
        match (std::mem::take(&mut self.ticks), self.fence) {
            (0, _) => {}
            (ticks, 0) => self.fence = ticks,
            (ticks, open) if ticks >= open => self.fence = 0,
            _ => {}
        }
    }

    /// Whether there is anything to say yet: not "1." or "-" alone.
    fn has_words(&self) -> bool {
        self.held.chars().any(char::is_alphabetic) || self.held.chars().filter(char::is_ascii_digit).count() > 1
    }

    fn is_long_enough_to_start(&self) -> bool {
        self.held.split_whitespace().count() >= FIRST_WORDS && self.held.trim().chars().count() >= FIRST_CHARACTERS
    }

    /// What a blank after `held` would mean.
    fn cut_here(&self) -> Cut {
        if !self.has_words() {
            return Cut::None;
        }
        let text = self.held.trim_end_matches(['"', '\'', ')', ']', '}', '*', '_', '”', '’', '»']);
        match text.chars().next_back() {
            Some('!' | '?' | '…') => Cut::Sentence,
            Some('.') => after_period(text),
            Some(',' | ';' | ':' | '–' | '—') => Cut::Pause,
            Some('-') if text.ends_with(" -") => Cut::Pause,
            _ => Cut::None,
        }
    }
}

/// What a period at the end of `text` means.
fn after_period(text: &str) -> Cut {
    let start = text
        .rfind(|c: char| c.is_whitespace() || matches!(c, '(' | '"' | '“' | '—'))
        .map_or(0, |place| place + text[place..].chars().next().map_or(1, char::len_utf8));
    let word = text[start..].trim_end_matches('.').to_lowercase();
    let is_marker = word.chars().all(|c| c.is_ascii_digit())
        && text[..start].trim_end_matches([' ', '\t', '*', '#', '-']).chars().next_back().is_none_or(|c| c == '\n');
    let is_initial = word.chars().count() == 1 && word.chars().all(char::is_alphabetic) && word != "i";
    if is_marker || is_initial || TITLES.contains(&word.as_str()) {
        Cut::None
    } else if MAY_END.contains(&word.as_str()) {
        Cut::IfCapital
    } else {
        Cut::Sentence
    }
}

/// Whether a clause ends its sentence, rather than pausing in it.
pub fn ends_sentence(clause: &str) -> bool {
    let text = clause.trim_end();
    let ends_line = clause[text.len()..].contains('\n') && !text.ends_with([':', ',']);
    ends_line
        || text
            .trim_end_matches(['"', '\'', ')', ']', '}', '*', '_', '”', '’', '»', '`'])
            .ends_with(['.', '!', '?', '…', '。', '！', '？'])
}

#[cfg(test)]
mod tests;
