//! What a list says: an item, the items, how many there are, or the item that says how many.

use super::super::grounds::stem;
use super::super::question::{Question, Wants};
use super::super::say::{beginning, flow};
use super::super::shape::Kind;
use super::super::words::words;
use super::super::{list, nouns, read, typed};
use super::sentences::counts;
use super::{MOST_WORDS, Quote, compared};
use jarvis_core::{ScreenText, TextLine};
/// Items of lists of more words are sentences.
const ITEM_WORDS: usize = 5;

/// Whether `label` is a name of several: "ingredients".
fn is_of_many(label: &str) -> bool {
    label.ends_with('s') && !label.ends_with("ss")
}

/// Words that say of something that it is taken.
const OF_COOKING: [&str; 8] = ["go", "goes", "needed", "required", "put", "use", "used", "add"];

/// The entries of a list of things to do that are ticked, or are not: "what haven't I done yet".
fn to_do<'a>(question: &Question, body: &[&'a TextLine]) -> Option<Quote<'a>> {
    let is_left = question.says(&["havent", "hasnt", "not", "still", "left", "open", "undone"]);
    let is_done = question.says(&["done", "finished", "ticked"]);
    if !(is_done || is_left && question.says(&["do", "todo"])) || !question.begins(&["what", "which"]) {
        return None;
    }
    let lists = list::lists(body);
    let list =
        lists.iter().find(|list| list.items.iter().all(|place| list::is_ticked(&body[place.start].text).is_some()))?;
    let is_it = |place: &&std::ops::Range<usize>| list::is_ticked(&body[place.start].text) == Some(!is_left);
    let items: Vec<std::ops::Range<usize>> = list.items.iter().filter(is_it).cloned().collect();
    let told =
        items.iter().map(|place| list::without_mark(&flow(&body[place.clone()])).trim_end_matches('.').to_owned());
    let said = match (items.is_empty(), is_left) {
        (true, true) => "All of it is ticked.".to_owned(),
        (true, false) => "None of it is ticked.".to_owned(),
        (false, is_left) => {
            format!("{}: {}.", if is_left { "Not ticked" } else { "Ticked" }, told.collect::<Vec<_>>().join(", "))
        }
    };
    let lines = list.items.iter().flat_map(|place| body[place.clone()].iter().copied()).collect();
    Some(Quote { said, lines, query: None, is_sure: true })
}

/// What items that begin with how much of them there is come to, where that is told in one unit.
fn together<'a>(items: &[std::ops::Range<usize>], body: &[&'a TextLine]) -> Option<Quote<'a>> {
    let texts: Vec<String> =
        items.iter().map(|place| list::without_mark(&flow(&body[place.clone()])).to_owned()).collect();
    let parts: Option<Vec<(f64, &str)>> = texts
        .iter()
        .map(|text| {
            let (number, rest) = text.split_once(' ')?;
            Some((typed::number(number)?, rest.split(' ').next()?))
        })
        .collect();
    let parts = parts?;
    let unit = parts.first()?.1;
    if parts.iter().any(|(_, other)| *other != unit) {
        return None;
    }
    let total = typed::written(parts.iter().map(|(number, _)| number).sum(), texts[0].split(' ').next()?);
    let all = texts.iter().map(|text| text.trim_end_matches('.')).collect::<Vec<_>>().join(", ");
    let lines = items.iter().flat_map(|place| body[place.clone()].iter().copied()).collect();
    Some(Quote { said: format!("{all}: {total} {unit} together."), lines, query: None, is_sure: true })
}

/// The step after the one that is spoken of, or before it: "what do I do after blending".
pub(super) fn step_beside<'a>(question: &Question, screen: &'a ScreenText) -> Option<Quote<'a>> {
    let at = question.said.iter().position(|word| matches!(word.as_str(), "after" | "before"))?;
    let is_asked = question.begins(&["what", "which"])
        && question.says(&["do", "comes", "come", "happens", "follows", "next", "step", "is"]);
    let done: Vec<String> = question.said[at + 1..]
        .iter()
        .filter(|word| question.topic.contains(word))
        .map(|word| stem(&stem(word)))
        .collect();
    if !is_asked || done.is_empty() {
        return None;
    }
    let body = read::body(screen);
    let lists = list::lists(&body);
    let has = |place: &std::ops::Range<usize>| {
        let text = flow(&body[place.clone()]);
        let has: Vec<String> = words(list::without_mark(&text)).iter().map(|word| stem(&stem(word))).collect();
        done.iter().all(|word| has.contains(word))
    };
    let mut found = lists.iter().filter(|list| list.is_numbered).filter_map(|list| {
        let mut these = (0..list.items.len()).filter(|at| has(&list.items[*at]));
        let (at, None) = (these.next()?, these.next()) else { return None };
        Some((list, at))
    });
    let (list, step) = found.next()?;
    let next = if question.said[at] == "after" { Some(step + 1) } else { step.checked_sub(1) };
    let place = list.items.get(next?)?.clone();
    let said = flow(&body[place.clone()]);
    let said = format!("It says: {}", beginning(list::without_mark(&said), MOST_WORDS));
    Some(Quote { said, lines: body[place].to_vec(), query: None, is_sure: true })
}

/// The item, the items or the number of items of a list, or the item that says how many.
pub(super) fn of_list<'a>(question: &Question, screen: &'a ScreenText) -> Option<Quote<'a>> {
    let Wants::Value { labels, is_number, kind } = &question.wants else { return None };
    let body = read::body(screen);
    let said = |places: &[std::ops::Range<usize>]| {
        let items = places.iter().map(|place| list::without_mark(&flow(&body[place.clone()])).to_owned());
        let lines: Vec<&TextLine> = places.iter().flat_map(|place| body[place.clone()].iter().copied()).collect();
        let items = items.map(|item| item.trim_end_matches('.').to_owned()).collect::<Vec<_>>().join(", ");
        Some(Quote { said: format!("It says: {}.", beginning(&items, MOST_WORDS)), lines, query: None, is_sure: true })
    };
    if let Some(told) = to_do(question, &body) {
        return Some(told);
    }
    if let Some(label) = labels.first() {
        let part = nouns::part(label).or_else(|| nouns::part(&nouns::as_written(label)));
        if let Some(part) = part.filter(|part| part.is_of_list()) {
            return said(&[list::item(part, &body)?]);
        }
        let called = list::called(label, &body);
        if let Some(list) = called.filter(|_| kind.is_none()) {
            return said(&list.items);
        }
        if let Some(place) = list::under(label, &body).filter(|_| kind.is_none() && is_of_many(label)) {
            return said(&place.map(|at| at..at + 1).collect::<Vec<_>>());
        }
    }
    if question.said.iter().map(String::as_str).eq(["what", "do", "i", "need"]) {
        return said(&list::called("ingredients", &body)?.items);
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
            return Some(Quote {
                said: format!("There are {} {units}.", list.items.len()),
                lines,
                query: None,
                is_sure: true,
            });
        }
    }
    // "- 3 eggs" comes before whatever else is said of eggs; where there are sums, those are asked for.
    let named = question.topic.iter().filter(|word| !compared::TOGETHER.contains(&word.as_str()));
    let named = named.filter(|word| !OF_COOKING.contains(&word.as_str()));
    let wanted: Vec<String> = named.map(|word| stem(word)).collect();
    if wanted.is_empty() {
        return None;
    }
    let lists = list::lists(&body);
    let mut items = lists.iter().flat_map(|list| list.items.iter()).filter(|place| {
        let text = flow(&body[(*place).clone()]);
        let has: Vec<String> = words(list::without_mark(&text)).iter().map(|word| stem(word)).collect();
        wanted.iter().all(|word| has.contains(word)) && has.len() <= ITEM_WORDS && counts(list::without_mark(&text))
    });
    let item = items.next()?.clone();
    let others: Vec<std::ops::Range<usize>> = std::iter::once(item.clone()).chain(items.cloned()).collect();
    if question.says(&compared::TOGETHER) && others.len() > 1 {
        return together(&others, &body);
    }
    said(&[item])
}
