//! Lists in a text: steps, points, ingredients.
//!
//! Owns which lines are the items of a list, by the signs, the numbers or the amounts that they begin with, and what a list is called: the
//! line above it. Never counts what no list has.

use super::nouns::Part;
use super::say::goes_on;
use super::shape::{self, Kind};
use super::words::{likeness, words};
use jarvis_core::{TextLine, TextRole};
use std::ops::Range;

/// The most words of what a list is called.
const NAME: usize = 4;
/// An item that nothing marks has no more words.
const ITEM: usize = 7;
/// The first item is no further from its name, in heights of a line.
const APART: i32 = 3;
/// What fits less is another word.
const FITS: f32 = 0.8;
/// What begins an item that has no number.
const BULLETS: [char; 6] = ['-', '•', '*', '–', '·', '‣'];

/// A list among the lines of a text.
pub(super) struct List<'a> {
    /// The line that it is called by.
    pub name: Option<&'a TextLine>,
    /// The lines of each item, by their places in the text.
    pub items: Vec<Range<usize>>,
    /// Whether they are counted.
    pub is_numbered: bool,
}

/// What begins an entry of a list of things to do.
const BOXES: [&str; 8] = ["[ ]", "[]", "[x]", "[X]", "☐", "☑", "☒", "✓"];

/// Whether `text` is an entry with a box that is ticked, or with one that is not.
pub(super) fn is_ticked(text: &str) -> Option<bool> {
    let sign = BOXES.iter().find(|sign| text.trim_start().starts_with(**sign))?;
    Some(!matches!(*sign, "[ ]" | "[]" | "☐"))
}

/// What begins an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Bullet(char),
    Number(u32),
    /// A box, ticked or not.
    Box,
    /// How much of it: "150 g sugar". Nothing stands before that.
    Amount,
}

/// What `text` begins with as an item does, and what comes behind: "2. Mix", "Step 3: Mix", "- 3 eggs".
fn mark(text: &str) -> Option<(Mark, &str)> {
    let text = text.trim_start();
    // A box to be ticked, or one that is.
    if let Some(rest) = BOXES.iter().find_map(|sign| text.strip_prefix(sign)) {
        return rest.starts_with(' ').then(|| (Mark::Box, rest.trim()));
    }
    let first = text.chars().next()?;
    if BULLETS.contains(&first) {
        let rest = &text[first.len_utf8()..];
        return rest.starts_with(' ').then(|| (Mark::Bullet(first), rest.trim()));
    }
    let numbered = match text.split_once(' ') {
        Some((unit, rest)) if matches!(unit.to_lowercase().as_str(), "step" | "point") => rest,
        _ => text,
    };
    if is_amount(text) {
        return Some((Mark::Amount, text));
    }
    let digits = numbered.len() - numbered.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number = numbered[..digits].parse().ok().filter(|number| (1..100).contains(number))?;
    let rest = numbered[digits..].strip_prefix(['.', ')', ':'])?;
    (rest.starts_with(' ') && !rest.trim().is_empty()).then(|| (Mark::Number(number), rest.trim()))
}

/// Whether `text` says how much there is of something, and nothing else.
fn is_amount(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let is_number = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_digit())
            && word.chars().count() <= 4
            && word.chars().all(|c| c.is_ascii_digit() || matches!(c, '/' | '.' | ',' | '½' | '¼' | '¾'))
            && !word.ends_with(['.', ','])
    };
    words.next().is_some_and(is_number)
        && words.next().is_some_and(|word| word.trim_end_matches(',').chars().all(char::is_alphabetic))
        && words.count() <= 4
        && !text.ends_with(['.', ':', '?', '!'])
        && shape::find(Kind::Date, text).is_empty()
}

/// `text` without what it begins with as an item.
pub(super) fn without_mark(text: &str) -> &str {
    mark(text).map_or(text, |(_, rest)| rest)
}

/// The lists among `lines`, from top to bottom: of two items at least.
pub(super) fn lists<'a>(lines: &[&'a TextLine]) -> Vec<List<'a>> {
    let mut all: Vec<List<'a>> = Vec::new();
    let mut last: Option<Mark> = None;
    for (at, line) in lines.iter().enumerate() {
        let now = mark(&line.text).map(|(mark, _)| mark);
        let is_next = match (last, now) {
            (Some(Mark::Bullet(one)), Some(Mark::Bullet(other))) => one == other,
            (Some(Mark::Number(one)), Some(Mark::Number(other))) => other == one + 1,
            (Some(Mark::Amount), Some(Mark::Amount)) | (Some(Mark::Box), Some(Mark::Box)) => true,
            _ => false,
        };
        match now {
            Some(mark) if is_next => {
                if let Some(list) = all.last_mut() {
                    list.items.push(at..at + 1);
                }
                last = Some(mark);
            }
            Some(mark) => {
                let is_name = |line: &&&TextLine| {
                    self::mark(&line.text).is_none() && line.text.split_whitespace().count() <= NAME
                };
                let name = at.checked_sub(1).map(|before| &lines[before]).filter(is_name).copied();
                let items = std::iter::once(at..at + 1).collect();
                all.push(List { name, items, is_numbered: matches!(mark, Mark::Number(_)) });
                last = Some(mark);
            }
            // An item goes on in the next line.
            None => {
                let is_rest = last.is_some()
                    && at > 0
                    && goes_on(lines[at - 1], line)
                    && line.text.trim_start().starts_with(char::is_lowercase);
                // "Juice of half a lemon" among amounts.
                let is_bare = last == Some(Mark::Amount) && at > 0 && is_in_line(lines[at - 1], line);
                match all.last_mut().filter(|_| is_rest || is_bare) {
                    Some(list) if is_bare && list.items.len() > 1 => list.items.push(at..at + 1),
                    Some(list) if is_rest => list.items.last_mut().into_iter().for_each(|item| item.end = at + 1),
                    _ => last = None,
                }
            }
        }
    }
    all.retain(|list| list.items.len() > 1);
    all
}

/// Whether `line` stands right under an item that nothing marks, as another one.
fn is_in_line(item: &TextLine, line: &TextLine) -> bool {
    let gap = line.region.y.saturating_sub(item.region.bottom());
    line.role != TextRole::Heading
        && line.region.x.saturating_sub(item.region.x).saturating_abs() <= item.region.height as i32 / 2
        && (0..=item.region.height as i32 / 2).contains(&gap)
        && (2..=ITEM).contains(&line.text.split_whitespace().count())
        && !line.text.ends_with(['.', ':', '?', '!'])
}

impl List<'_> {
    /// Whether it is called so.
    pub fn is_called(&self, name: &str) -> bool {
        let (wanted, read) = (words(name), self.name.map_or_else(Vec::new, |line| words(&line.text)));
        !wanted.is_empty()
            && wanted.iter().all(|word| read.iter().any(|read| likeness(word, read) >= FITS))
            && read.len() <= wanted.len() + 1
    }
}

/// What lists are called by those who ask, and by those who write.
const CALLED: [(&str, &[&str]); 2] = [
    ("ingredients", &["you need", "you will need", "what you need", "shopping list", "ingredients"]),
    ("to do list", &["to do", "todo", "tasks", "to do list"]),
];
/// So many amounts one under the other are ingredients.
const INGREDIENTS: usize = 3;

/// The list that is asked for as `name`.
pub(super) fn called<'a>(name: &str, lines: &[&'a TextLine]) -> Option<List<'a>> {
    let mut all = lists(lines);
    let names = CALLED.iter().filter(|(said, _)| *said == name).flat_map(|(_, written)| written.iter().copied());
    let by_name = std::iter::once(name).chain(names).find_map(|name| all.iter().position(|list| list.is_called(name)));
    // What needs no name to be known.
    let is_ingredients = |list: &List<'_>| {
        list.items.len() >= INGREDIENTS
            && list.items.iter().all(|place| is_amount(&lines[place.start].text) || place.start > 0)
            && is_amount(&lines[list.items[0].start].text)
    };
    let by_kind = || (name == "ingredients").then(|| all.iter().position(is_ingredients)).flatten();
    let at = by_name.or_else(by_kind)?;
    Some(all.swap_remove(at))
}

/// The lines under the one that is called `name`, one under the other as the items of a list are, though nothing marks them.
pub(super) fn under(name: &str, lines: &[&TextLine]) -> Option<Range<usize>> {
    let wanted = words(name);
    let is_name = |line: &&&TextLine| {
        let read = words(&line.text);
        !wanted.is_empty()
            && read.len() == wanted.len()
            && read.iter().zip(&wanted).all(|(read, word)| likeness(word, read) >= FITS)
    };
    let at = lines.iter().position(|line| is_name(&line))?;
    let first = lines.get(at + 1)?;
    let gap = |line: &TextLine, next: &TextLine| next.region.y.saturating_sub(line.region.bottom());
    let height = first.region.height.max(1) as i32;
    let usual = lines.get(at + 2).map_or(0, |second| gap(first, second)).max(height / 2);
    let is_item = |at: &usize| {
        let (before, line) = (lines[at - 1], lines[*at]);
        let apart = if std::ptr::eq(line, *first) { APART * height } else { usual };
        line.role != TextRole::Heading
            && line.text.split_whitespace().count() <= ITEM
            && !line.text.ends_with(['.', ':', '?', '!'])
            && (line.region.x - first.region.x).abs() <= 2 * height
            && (0..=apart).contains(&gap(before, line))
    };
    let to = (at + 1..lines.len()).take_while(is_item).count() + at + 1;
    (to > at + 2).then_some(at + 1..to)
}

/// The list whose items are called `unit`: the one that is called so, or else the longest numbered one, for points any.
pub(super) fn of_unit<'a>(unit: &str, lines: &[&'a TextLine]) -> Option<List<'a>> {
    let mut all = lists(lines);
    let called = all.iter().position(|list| list.is_called(unit));
    let longest = |is_numbered: bool| {
        let these = (0..all.len()).filter(|at| all[*at].is_numbered == is_numbered);
        these.max_by_key(|at| all[*at].items.len())
    };
    // Points need no numbers, and steps have them.
    let points = || longest(false).filter(|_| unit == "point");
    let at = called.or_else(|| longest(true)).or_else(points)?;
    Some(all.swap_remove(at))
}

/// The lines of the item that `part` is.
pub(super) fn item(part: Part, lines: &[&TextLine]) -> Option<Range<usize>> {
    let list = of_unit(part.unit, lines)?;
    let at = (part.at as usize).checked_sub(1).unwrap_or(list.items.len() - 1);
    list.items.get(at).cloned()
}

#[cfg(test)]
mod tests {
    use super::super::testing::line;
    use super::*;
    use proptest::prelude::*;

    fn page(texts: &[&str]) -> Vec<TextLine> {
        texts.iter().enumerate().map(|(at, text)| line(text, 10, 26 * at as i32)).collect()
    }

    #[test]
    fn items_are_told_by_their_marks_and_lists_by_the_line_above() {
        let lines =
            page(&["Ingredients", "- 3 eggs", "- salt", "Steps", "1. Beat the eggs", "and the salt.", "2. Bake."]);
        let lines: Vec<&TextLine> = lines.iter().collect();
        let found = lists(&lines);
        assert_eq!(found.len(), 2);
        assert!(found[0].is_called("ingredients") && found[1].is_called("steps") && !found[1].is_called("ingredients"));
        assert_eq!((found[0].items.clone(), found[1].items.clone()), (vec![1..2, 2..3], vec![4..6, 6..7]));
        assert_eq!(item(Part { unit: "step", at: 1 }, &lines), Some(4..6));
        assert_eq!(item(Part { unit: "step", at: 0 }, &lines), Some(6..7));
        assert_eq!(item(Part { unit: "step", at: 3 }, &lines), None);
        assert_eq!(without_mark("- 3 eggs"), "3 eggs");
        for text in ["-5 degrees", "2.5 km", "12 March", "3.", ""] {
            assert_eq!(without_mark(text), text);
        }
    }

    #[test]
    fn amounts_one_under_the_other_are_a_list() {
        let lines =
            page(&["Ingredients", "3 eggs", "150 g sugar", "1/2 lemon", "Beat the eggs.", "5 May 2026", "6 May 2026"]);
        let lines: Vec<&TextLine> = lines.iter().collect();
        let found = lists(&lines);
        assert_eq!(found.len(), 1);
        assert!(found[0].is_called("ingredients"));
        assert_eq!(found[0].items, [1..2, 2..3, 3..4]);
    }

    proptest! {
        #[test]
        fn any_text_has_its_items_in_their_order(texts in proptest::collection::vec("\\PC{0,20}|[0-9]{1,2}[.)] [a-z]{0,5}|- [a-z]{0,5}", 0..14), at in 0..9u32) {
            let lines: Vec<TextLine> = texts.iter().enumerate().map(|(at, text)| line(text, 10, 26 * at as i32)).collect();
            let lines: Vec<&TextLine> = lines.iter().collect();
            let mut end = 0;
            for item in lists(&lines).iter().flat_map(|list| list.items.iter()) {
                prop_assert!(item.start >= end && item.end > item.start && item.end <= lines.len());
                end = item.end;
            }
            item(Part { unit: "step", at }, &lines);
        }
    }
}
