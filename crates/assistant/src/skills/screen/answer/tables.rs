//! What a table says: the cell that a question names.

use super::super::question::{Question, Wants};
use super::super::say::{aloud, is_kept};
use super::super::table;
use super::Quote;
use jarvis_core::ScreenText;

/// The cell of a table that the question names by its row and its column, or by its row alone where it asks how many.
pub(super) fn cell<'a>(question: &Question, screen: &'a ScreenText) -> Option<Quote<'a>> {
    let is_count = matches!(&question.wants, Wants::Value { labels, is_number: true, .. } if labels.is_empty());
    let named = || table::cell(screen, &question.topic, false);
    // "How many shirts did I order" has words that stand in no row.
    let counted = || {
        let of = |words: &[String]| table::cell(screen, words, true).filter(|_| is_count);
        of(&question.topic).or_else(|| question.topic.iter().find_map(|word| of(std::slice::from_ref(word))))
    };
    let table::Cell { row, head, cell } = named().or_else(counted)?;
    if [row, head, cell].iter().any(|line| is_kept(line)) {
        return None;
    }
    let said = format!("{}: {} {}.", aloud(&row.text), aloud(&head.text), aloud(&cell.text).trim_end_matches('.'));
    Some(Quote { said, lines: vec![row, cell], query: None })
}
