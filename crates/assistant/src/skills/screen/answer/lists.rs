//! What a list says: an item, the items, how many there are, or the item that says how many.

use super::super::grounds::stem;
use super::super::question::{Question, Wants};
use super::super::say::{beginning, flow};
use super::super::shape::Kind;
use super::super::words::words;
use super::super::{list, nouns, read};
use super::sentences::counts;
use super::{MOST_WORDS, Quote};
use jarvis_core::{ScreenText, TextLine};
/// Items of lists of more words are sentences.
const ITEM_WORDS: usize = 5;

/// Whether `label` is a name of several: "ingredients".
fn is_of_many(label: &str) -> bool {
    label.ends_with('s') && !label.ends_with("ss")
}

/// The item, the items or the number of items of a list, or the item that says how many.
pub(super) fn of_list<'a>(question: &Question, screen: &'a ScreenText) -> Option<Quote<'a>> {
    let Wants::Value { labels, is_number, kind } = &question.wants else { return None };
    let body = read::body(screen);
    let said = |places: &[std::ops::Range<usize>]| {
        let items = places.iter().map(|place| list::without_mark(&flow(&body[place.clone()])).to_owned());
        let lines: Vec<&TextLine> = places.iter().flat_map(|place| body[place.clone()].iter().copied()).collect();
        let items = items.map(|item| item.trim_end_matches('.').to_owned()).collect::<Vec<_>>().join(", ");
        Some(Quote { said: format!("It says: {}.", beginning(&items, MOST_WORDS)), lines, query: None })
    };
    if let Some(label) = labels.first() {
        let part = nouns::part(label).or_else(|| nouns::part(&nouns::as_written(label)));
        if let Some(part) = part.filter(|part| part.is_of_list()) {
            return said(&[list::item(part, &body)?]);
        }
        let called = list::lists(&body).into_iter().find(|list| list.is_called(label));
        if let Some(list) = called.filter(|_| kind.is_none()) {
            return said(&list.items);
        }
        if let Some(place) = list::under(label, &body).filter(|_| kind.is_none() && is_of_many(label)) {
            return said(&place.map(|at| at..at + 1).collect::<Vec<_>>());
        }
    }
    if !is_number || !matches!(kind, None | Some(Kind::Amount)) || question.topic.is_empty() {
        return None;
    }
    if let [units] = &question.topic[..]
        && let Some(unit) = units.strip_suffix('s')
        && labels.is_empty()
    {
        let is_called = |list: &list::List<'_>| list.is_called(units);
        let all = list::lists(&body).into_iter().find(is_called);
        let all = all.or_else(|| list::of_unit(unit, &body).filter(|_| matches!(unit, "step" | "point")));
        if let Some(list) = all {
            let lines = list.items.iter().flat_map(|place| body[place.clone()].iter().copied()).collect();
            return Some(Quote { said: format!("There are {} {units}.", list.items.len()), lines, query: None });
        }
    }
    // "- 3 eggs" comes before whatever else is said of eggs; where there are sums, those are asked for.
    let wanted: Vec<String> = question.topic.iter().map(|word| stem(word)).collect();
    let lists = list::lists(&body);
    let mut items = lists.iter().flat_map(|list| list.items.iter()).filter(|place| {
        let text = flow(&body[(*place).clone()]);
        let has: Vec<String> = words(list::without_mark(&text)).iter().map(|word| stem(word)).collect();
        wanted.iter().all(|word| has.contains(word)) && has.len() <= ITEM_WORDS && counts(list::without_mark(&text))
    });
    let item = items.next()?.clone();
    said(&[item])
}
