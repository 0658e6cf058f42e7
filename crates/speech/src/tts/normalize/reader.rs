//! A place in a text, from which rules look ahead and back.
//!
//! Knows characters, never words or numbers.

/// A text and a place in it.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    text: &'a [char],
    at: usize,
}

impl<'a> Reader<'a> {
    /// At the beginning of `text`.
    pub fn new(text: &'a [char]) -> Self {
        Self { text, at: 0 }
    }

    /// The next character.
    pub fn peek(&self) -> Option<char> {
        self.ahead(0)
    }

    /// The character `offset` after the next.
    pub fn ahead(&self, offset: usize) -> Option<char> {
        self.text.get(self.at + offset).copied()
    }

    /// The character `distance` before the next; 1 is the last that was read.
    pub fn before(&self, distance: usize) -> Option<char> {
        self.at.checked_sub(distance).map(|at| self.text[at])
    }

    /// Moves on.
    pub fn advance(&mut self, characters: usize) {
        self.at = (self.at + characters).min(self.text.len());
    }

    /// Moves back.
    pub fn retreat(&mut self, characters: usize) {
        self.at = self.at.saturating_sub(characters);
    }

    /// Reads the longest run of characters that `accept` takes.
    pub fn run(&mut self, accept: impl Fn(char) -> bool) -> &'a [char] {
        let rest = &self.text[self.at..];
        let length = rest.iter().position(|c| !accept(*c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// Reads a run of ASCII digits.
    pub fn digits(&mut self) -> String {
        self.run(|c| c.is_ascii_digit()).iter().collect()
    }

    /// Reads `text` if it is next, whatever its case.
    pub fn eat(&mut self, text: &str) -> bool {
        let matches =
            text.chars().enumerate().all(|(i, c)| self.ahead(i).is_some_and(|next| next.eq_ignore_ascii_case(&c)));
        if matches {
            self.advance(text.chars().count());
        }
        matches
    }

    /// Reads one character if it is one of `any`.
    pub fn eat_any(&mut self, any: &[char]) -> Option<char> {
        let next = self.peek().filter(|next| any.contains(next))?;
        self.advance(1);
        Some(next)
    }

    /// Reads blanks on this line.
    pub fn blanks(&mut self) {
        self.run(|c| c == ' ' || c == '\t');
    }

    /// Whether a word or number ends here: the next character belongs to neither.
    pub fn is_end(&self) -> bool {
        !self.peek().is_some_and(char::is_alphanumeric)
    }

    /// Whether a word or number may begin here: the last character belongs to neither.
    pub fn is_start(&self) -> bool {
        !self.before(1).is_some_and(char::is_alphanumeric)
    }

    /// The word before this place, in lower case; empty when there is none.
    pub fn word_before(&self) -> String {
        let before = &self.text[..self.at];
        let end = before.iter().rposition(|c| !c.is_whitespace()).map_or(0, |i| i + 1);
        let begin = before[..end].iter().rposition(|c| !c.is_alphanumeric()).map_or(0, |i| i + 1);
        before[begin..end].iter().collect::<String>().to_lowercase()
    }

    /// Whether the word before this place begins with a capital.
    pub fn word_before_is_capital(&self) -> bool {
        let before = &self.text[..self.at];
        let end = before.iter().rposition(|c| !c.is_whitespace()).map_or(0, |i| i + 1);
        let begin = before[..end].iter().rposition(|c| !c.is_alphanumeric()).map_or(0, |i| i + 1);
        before[begin..end].first().is_some_and(|c| c.is_uppercase())
    }

    /// Whether the character just read, with blanks around it, stands between two digits.
    pub fn is_between_digits(&self) -> bool {
        let digit = |c: Option<&char>| c.is_some_and(char::is_ascii_digit);
        let before = self.text[..self.at.saturating_sub(1)].iter().rev().find(|c| !c.is_whitespace());
        let after = self.text[self.at..].iter().find(|c| !c.is_whitespace());
        digit(before) && digit(after)
    }
}
