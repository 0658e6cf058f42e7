//! Text as it is read aloud, in English: markdown, numbers, dates, units and addresses become words.
//!
//! Owns what is said for what is written. Pure functions; never fails: what it doesn't know is left out or left as it is.
//! The result holds letters, apostrophes, hyphens within words, blanks and `, . ? ! : ;`, and nothing else.

mod calendar;
mod codes;
mod markdown;
mod numbers;
mod plain;
mod quantities;
mod reader;
mod roman;
mod units;
mod words;

use reader::Reader;

/// The words to say for `text`, plain or markdown.
pub fn speakable(text: &str) -> String {
    let characters = plain::characters(&markdown::strip(&plain::join_signs(text)));
    let mut spoken = String::with_capacity(characters.len() * 2);
    let mut reader = Reader::new(&characters);
    while let Some(next) = reader.peek() {
        let said = words::link(&mut reader)
            .or_else(|| calendar::expression(&mut reader))
            .or_else(|| codes::expression(&mut reader))
            .or_else(|| quantities::expression(&mut reader))
            .or_else(|| words::word(&mut reader));
        match said {
            Some(words) => push_words(&mut spoken, &words),
            None => {
                reader.advance(1);
                symbol(next, &reader, &mut spoken);
            }
        }
    }
    tidy(&spoken)
}

/// Adds words with a blank before them, unless they continue a word.
fn push_words(spoken: &mut String, words: &str) {
    if spoken.ends_with(char::is_alphanumeric) {
        spoken.push(' ');
    }
    spoken.push_str(words);
}

/// What one character that is no part of an expression or a word sounds like. `reader` stands after it.
fn symbol(character: char, reader: &Reader, spoken: &mut String) {
    let (before, after) = (reader.before(2), reader.peek());
    let spaced = before.is_none_or(char::is_whitespace) && after.is_none_or(char::is_whitespace);
    let word = match character {
        '&' => "and",
        '+' => "plus",
        '=' => "equals",
        '%' => "percent",
        '×' => "times",
        '÷' => "divided by",
        '±' => "plus or minus",
        '≈' => "about",
        '≠' => "is not",
        '≤' => "is at most",
        '≥' => "is at least",
        '√' => "the square root of",
        '∞' => "infinity",
        '→' | '⇒' if spoken.is_empty() => "",
        '→' | '⇒' => "to",
        '²' => "squared",
        '³' => "cubed",
        '°' => "degrees",
        '½' => "one half",
        '¼' => "one quarter",
        '¾' => "three quarters",
        '⅓' => "one third",
        '⅔' => "two thirds",
        '$' => "dollars",
        '€' => "euros",
        '£' => "pounds",
        '§' => "section",
        '¶' => "paragraph",
        '№' => "number",
        '©' | '®' | '™' => "",
        '@' if spaced => "at",
        '<' if spaced => "is less than",
        '>' if spaced => "is more than",
        '<' if after.is_some_and(|c| c.is_ascii_digit()) && !is_heart(reader) => "less than",
        '>' if after.is_some_and(|c| c.is_ascii_digit()) => "more than",
        '.' if before.is_none_or(char::is_whitespace) && after.is_some_and(char::is_alphabetic) => "dot",
        '/' if is_either(reader) => "or",
        '*' if spaced => "times",
        '-' if spaced && reader.is_between_digits() => "minus",
        '/' if spaced && reader.is_between_digits() => "divided by",
        '^' if after.is_some_and(|c| c.is_ascii_digit() || c.is_alphabetic() || c == '-') => "to the power of",
        '~' if after.is_some_and(|c| c.is_ascii_digit()) => "about",
        '\'' if before.is_some_and(char::is_alphanumeric) && after.is_some_and(char::is_alphabetic) => {
            spoken.push('\'');
            return;
        }
        '-' if before.is_some_and(|c| c.is_ascii_digit())
            && after.is_some_and(|c| c.is_ascii_digit())
            && !is_of_a_name(reader) =>
        {
            "minus"
        }
        '-' if before.is_some_and(char::is_alphabetic) && after.is_some_and(char::is_alphabetic) => {
            spoken.push('-');
            return;
        }
        // A break in the sentence; between words without blanks it joins them.
        '-' if spaced => return spoken.push(','),
        '—' | '–' | '(' | ')' | '[' | ']' | '{' | '}' => return spoken.push(','),
        ',' | ';' => return spoken.push(character),
        ':' if after.is_none_or(char::is_whitespace) => return spoken.push(':'),
        '.' | '?' | '!' => return spoken.push(character),
        '…' => return spoken.push('.'),
        '\n' => return spoken.push('\n'),
        // Quotation marks, emoji, and all else, sound like a gap.
        '"' | '\'' | '“' | '”' | '„' | '«' | '»' => "",
        _ => return spoken.push(' '),
    };
    if word.is_empty() {
        return;
    }
    spoken.push(' ');
    spoken.push_str(word);
    spoken.push(' ');
}

/// `i7-1165`: the number before the sign that was just read belongs to a name.
fn is_of_a_name(reader: &Reader) -> bool {
    let mut before = *reader;
    before.retreat(1);
    before.word_before().contains(char::is_alphabetic)
}

/// `<3`; `reader` stands after the first.
fn is_heart(reader: &Reader) -> bool {
    reader.peek() == Some('3') && reader.ahead(1).is_none_or(char::is_whitespace)
}

/// `he/she`; `reader` stands after the slash.
fn is_either(reader: &Reader) -> bool {
    let mut before = *reader;
    before.retreat(1);
    let (one, mut after) = (before.word_before(), *reader);
    let other: String = after.run(char::is_alphabetic).iter().collect::<String>().to_lowercase();
    [("he", "she"), ("she", "he"), ("his", "her"), ("him", "her"), ("her", "his"), ("yes", "no"), ("on", "off")]
        .contains(&(one.as_str(), other.as_str()))
}

/// Single blanks, and one mark where several meet: the strongest, right after the word. Marks before any word go. What
/// has no sound in a word is dropped.
fn tidy(spoken: &str) -> String {
    let mut text = String::with_capacity(spoken.len());
    let mut mark: Option<char> = None;
    let mut blank = false;
    let characters: Vec<char> = spoken.chars().collect();
    for (i, &character) in characters.iter().enumerate() {
        let letter = |at: Option<usize>| at.and_then(|at| characters.get(at)).is_some_and(|c| is_letter(*c));
        match character {
            ',' | '.' | '?' | '!' | ':' | ';' => mark = Some(mark.map_or(character, |old| stronger(old, character))),
            '\'' | '-' if letter(i.checked_sub(1)) && letter(Some(i + 1)) => text.push(character),
            letter if is_letter(letter) => {
                match mark.take() {
                    Some(mark) if !text.is_empty() => {
                        text.push(mark);
                        text.push(' ');
                    }
                    None if blank && !text.is_empty() => text.push(' '),
                    _ => {}
                }
                blank = false;
                text.push(letter);
            }
            _ => blank = true,
        }
    }
    if let Some(mark) = mark.filter(|_| !text.is_empty()) {
        text.push(mark);
    }
    text
}

/// Letters and the marks that belong to them, but no numerals that count as letters.
fn is_letter(character: char) -> bool {
    (character.is_alphabetic() && !character.is_numeric()) || matches!(character, '\u{300}'..='\u{36f}')
}

fn stronger(one: char, other: char) -> char {
    let strength = |mark| ",:;.!?".find(mark);
    if strength(other) > strength(one) { other } else { one }
}

#[cfg(test)]
mod tests;
