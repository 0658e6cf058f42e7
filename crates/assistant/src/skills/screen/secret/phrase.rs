//! Phrases of many words that stand in columns, "1. marble   5. lantern", in whatever order they are read.
//!
//! Owns which lines near the name of a phrase are words of it. What stands in one line, or one under the other, is found by
//! [`super::text`] and [`super::mask`].

use super::super::say::is_legible;
use super::is_phrase;
use jarvis_core::{TextLine, TextRole};

/// Lines of a phrase are no further apart, in heights of a line.
const APART: i64 = 4;
/// A cell has no more words.
const WORDS: usize = 3;
/// With fewer cells they are something else ...
const CELLS: usize = 3;
/// ... and with more: a phrase has 24 words (BIP 39) or 33 (SLIP 39), each with its number.
const MOST: usize = 99;
/// What names a phrase has no more words.
const NAME: usize = 6;

/// The lines that are words of the phrase that the line `at` names.
pub(super) fn cells(lines: &[TextLine], at: usize) -> Vec<usize> {
    let name = &lines[at];
    let is_name =
        name.text.split_whitespace().count() <= NAME && is_phrase(&name.text) && !name.text.ends_with(['.', '?', '!']);
    if !is_name || name.region.is_empty() {
        return Vec::new();
    }
    // What is said of them stands between: "Write these words down."
    let is_told = |line: &TextLine| line.text.ends_with('.') && line.text.split_whitespace().count() > WORDS;
    let is_below = |index: &usize| *index != at && lines[*index].region.y >= name.region.y;
    // Of each line that may be near, whether it is a cell; a line that was reached is taken out.
    let mut left: Vec<(usize, bool)> = (0..lines.len())
        .filter(is_below)
        .map(|index| (index, is_cell(&lines[index])))
        .filter(|(index, is_cell)| *is_cell || is_told(&lines[*index]))
        .collect();
    let mut reached = vec![at];
    let mut found = Vec::new();
    while let Some(from) = reached.pop() {
        let (near, far) = left.into_iter().partition(|(index, _)| is_close(&lines[from], &lines[*index]));
        left = far;
        let near: Vec<(usize, bool)> = near;
        reached.extend(near.iter().map(|(index, _)| *index));
        found.extend(near.iter().filter(|(_, is_cell)| *is_cell).map(|(index, _)| *index));
        if found.len() > MOST {
            return Vec::new();
        }
    }
    found.sort_unstable();
    let is_numbered = |index: &usize| lines[*index].text.starts_with(|c: char| c.is_ascii_digit());
    let is_one = found.len() >= CELLS && (found.iter().any(is_numbered) || found.len() >= 2 * CELLS);
    if is_one { found } else { Vec::new() }
}

/// A word or a few, with a number or without one: without, in lower case.
fn is_cell(line: &TextLine) -> bool {
    let tokens: Vec<&str> = line.text.split_whitespace().collect();
    let is_number = |token: &str| token.trim_end_matches(['.', ')', ':']).parse::<u8>().is_ok() && token.len() <= 3;
    let is_word = |token: &&str| token.chars().all(char::is_alphabetic);
    let is_text = matches!(line.role, TextRole::Text | TextRole::Field | TextRole::Alert) && is_legible(line);
    let numbers = tokens.iter().filter(|token| is_number(token)).count();
    let words: Vec<&str> = tokens.iter().filter(|token| !is_number(token)).copied().collect();
    is_text
        && !tokens.is_empty()
        && words.iter().all(is_word)
        // "1. marble 2. orbit" is a row that was read as one.
        && (numbers > 0 && words.len() <= numbers || numbers == 0 && words.len() <= WORDS && words.iter().all(|word| !word.contains(char::is_uppercase)))
}

fn is_close(one: &TextLine, other: &TextLine) -> bool {
    let (upper, lower) = if one.region.y <= other.region.y { (one, other) } else { (other, one) };
    let gap = i64::from(lower.region.y) - i64::from(upper.region.bottom());
    gap <= APART * i64::from(one.region.height.max(other.region.height))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::line;
    use super::*;

    #[test]
    fn words_in_columns_are_found_in_any_order() {
        let mut lines = vec![line("Recovery phrase", 0, 0)];
        for (at, word) in
            ["1. marble", "2. orbit", "3. velvet", "4. pigeon", "5. Lantern", "6. thicket"].iter().enumerate()
        {
            lines.push(line(word, 200 * (at as i32 / 3), 30 + 26 * (at as i32 % 3)));
        }
        lines.push(line("Never share it with anybody.", 0, 130));
        assert_eq!(cells(&lines, 0), [1, 2, 3, 4, 5, 6]);
        lines.reverse();
        assert_eq!(cells(&lines, 7), [1, 2, 3, 4, 5, 6]);
        let other =
            [line("Recovery phrase", 0, 0), line("Settings", 0, 30), line("Show", 0, 60), line("2 devices", 0, 90)];
        assert!(cells(&other, 0).is_empty());
    }
}
