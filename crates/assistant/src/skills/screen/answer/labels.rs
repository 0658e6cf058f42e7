//! The value of a label, told with what it is called.
//!
//! Owns what is said of it: alone, with all that may be meant just as well, with the whole row of a table, or in the sentence that
//! it stands in.

use super::super::find::{Found, find_of};
use super::super::question::{Question, Wants};
use super::super::say::{aloud, is_kept, is_legible};
use super::super::shape::{self, Kind};
use super::super::table::tables;
use super::super::value::{Value, is_free};
use super::super::words::{find as fit, words};
use super::super::{copying, error, located, measure, read};
use super::Quote;
use super::sentences::counts;
use jarvis_core::{Region, ScreenText, TextLine, TextRole};
/// Fewer words are a label and its value.
const SENTENCE_WORDS: usize = 5;
/// The most values that are told where any of them may be meant.
const MOST_RIVALS: usize = 4;
/// Cells of a row that are said.
const MOST_CELLS: usize = 6;

/// How letters and bills begin.
const LETTERS: [&str; 8] = ["dear", "invoice", "bill", "receipt", "statement", "reminder", "hello", "hi"];
/// That stands among so many first lines.
const HEAD: usize = 12;
/// Who sends it has a name of no more words.
const NAME: usize = 6;

/// What stands before who sent it has no more words.
const SENDER: usize = 3;

/// The last words of letters.
const CLOSINGS: [&str; 7] = ["regards", "sincerely", "yours", "faithfully", "cheers", "wishes", "love"];

/// What is done with pages that have one day: bills, letters, tickets.
#[rustfmt::skip]
const OF_ITSELF: &[&str] = &[
    "buy", "bought", "purchase", "purchased", "order", "ordered", "print", "printed", "issue", "issued", "sent", "send", "written",
    "write", "wrote", "made", "paid", "pay", "date", "day", "happen", "happened", "visit", "visited", "shop",
];

/// The code of an error, which stands in its message: "0x41" of "out of paper (error 0x41)".
pub(super) fn error_code<'a>(question: &Question, screen: &'a ScreenText) -> Option<Quote<'a>> {
    let name = question.name.as_deref().filter(|name| matches!(*name, "error code" | "error number"))?;
    if find_of(screen, name, None).is_some_and(|found| !found.is_near && found.value.is_some()) {
        return None;
    }
    let line =
        error::find(screen).into_iter().find(|line| !is_kept(line) && copying::code_of_error(&line.text).is_some())?;
    let code = copying::code_of_error(&line.text)?;
    Some(Quote { said: format!("The {name} is {}.", aloud(&code)), lines: vec![line], query: None, is_sure: true })
}

/// Who signed a letter: what stands under its last words.
pub(super) fn signed<'a>(labels: &[String], screen: &'a ScreenText) -> Option<Quote<'a>> {
    labels.first().filter(|label| *label == "sender")?;
    let body = read::body(screen);
    let is_end = |line: &&TextLine| {
        let words = words(&line.text);
        words.len() <= 3 && words.iter().any(|word| CLOSINGS.contains(&word.as_str()))
    };
    let at = body.iter().rposition(is_end)?;
    let name = *body.get(at + 1).filter(|line| line.text.split_whitespace().count() <= 4 && !is_kept(line))?;
    Some(Quote { said: format!("It is signed: {}.", aloud(&name.text)), lines: vec![name], query: None, is_sure: true })
}

/// Who a letter or a bill is from that nobody signed and no label tells: what stands at its head.
pub(super) fn letterhead<'a>(labels: &[String], screen: &'a ScreenText) -> Option<Quote<'a>> {
    labels.first().filter(|label| *label == "sender")?;
    let body = read::body(screen);
    let begins = |line: &&TextLine| {
        let first = words(&line.text).into_iter().next().unwrap_or_default();
        LETTERS.contains(&first.as_str())
    };
    body.iter().skip(1).take(HEAD).find(|line| begins(line))?;
    let name = *body.first()?;
    let is_name = (1..=NAME).contains(&name.text.split_whitespace().count())
        && !name.text.contains(|c: char| c.is_ascii_digit() || matches!(c, ':' | '@' | '?'))
        && !name.text.ends_with('.')
        && !begins(&name)
        && !is_kept(name);
    is_name.then(|| Quote {
        said: format!("At its head stands: {}.", aloud(&name.text)),
        lines: vec![name],
        query: None,
        is_sure: true,
    })
}

/// The sentence with the only amount of the page, where something is asked to cost.
pub(super) fn only_amount<'a>(question: &Question, screen: &'a ScreenText) -> Option<Quote<'a>> {
    let is_price = matches!(question.wants, Wants::Value { kind: Some(Kind::Amount), .. })
        && question.says(&["is", "cost", "costs", "pay", "price", "was"]);
    let body = read::body(screen);
    let mut amounts = body.iter().filter(|line| !shape::find(Kind::Amount, &line.text).is_empty());
    let (line, None) = (*amounts.next()?, amounts.next()) else { return None };
    let sentence = read::sentences(&line.text).into_iter().find(|text| shape::find(Kind::Amount, text).len() == 1)?;
    let is_it = is_price && !is_kept(line) && sentence.split_whitespace().count() >= SENTENCE_WORDS;
    is_it.then(|| Quote {
        said: format!("It says: {}", aloud(&sentence)),
        lines: vec![line],
        query: None,
        is_sure: true,
    })
}

/// The number behind a label that has all the words of a question that names none: "Items in cart: 8".
pub(super) fn of_topic<'a>(labels: &[String], question: &Question, screen: &'a ScreenText) -> Option<Quote<'a>> {
    let is_count = matches!(question.wants, Wants::Value { is_number: true, kind: None, .. });
    if !labels.is_empty() || !is_count || question.topic.is_empty() {
        return None;
    }
    let name = question.topic.join(" ");
    let found = find_of(screen, &name, None).filter(|found| !found.is_near)?;
    // A label that says more has to have what is asked for.
    let is_all = words(&found.label).len() == question.topic.len();
    let value = found.value.filter(|value| is_all || measure::may_answer(question, &value.text))?;
    // What costs something does not count it.
    let is_count = counts(&value.text) && shape::find(Kind::Amount, &value.text).is_empty();
    let quote = is_count.then(|| of_label(&name, None, question, screen))??;
    Some(Quote { is_sure: quote.is_sure && is_all, ..quote })
}

/// The value that a share is asked of, "20 % of the subtotal", since none is computed here.
pub(super) fn of_share<'a>(labels: &[String], question: &Question, screen: &'a ScreenText) -> Option<Quote<'a>> {
    let (share, whole) = labels.first()?.split_once(" of ")?;
    let is_share =
        (share.ends_with('%') || share.ends_with("percent")) && share.starts_with(|c: char| c.is_ascii_digit());
    let whole = whole.trim_start_matches("the ");
    is_share.then(|| of_label(whole, Some(Kind::Amount), question, screen))?
}

/// The day of the page, where that is asked for: "when was it", "when did I buy it".
pub(super) fn of_itself<'a>(question: &Question, screen: &'a ScreenText) -> Option<Quote<'a>> {
    let is_day = matches!(question.wants, Wants::Value { kind: Some(Kind::Date), .. });
    let is_of_page = question.topic.iter().all(|word| OF_ITSELF.contains(&word.as_str()));
    (is_day && is_of_page).then(|| of_label("date", Some(Kind::Date), question, screen))?
}

/// The value of `label`.
pub(super) fn of_label<'a>(
    label: &str,
    kind: Option<Kind>,
    question: &Question,
    screen: &'a ScreenText,
) -> Option<Quote<'a>> {
    let found = find_of(screen, label, kind)?;
    let value = found.value.as_ref().filter(|_| !found.is_near)?;
    // "When" is answered with a day, and "how much" with a number.
    let has_digit = value.text.contains(|c: char| c.is_ascii_digit());
    let is_free = kind == Some(Kind::Amount) && is_free(&value.text);
    let is_day = || has_digit || is_free || !shape::find(Kind::Date, &value.text).is_empty();
    if matches!(question.wants, Wants::Value { is_number: true, .. }) && !is_day() {
        return None;
    }
    let lines = if std::ptr::eq(value.line, found.line) { vec![found.line] } else { vec![found.line, value.line] };
    // What stands first under the head of a column is one of many.
    if is_of_column(&found, value, screen) {
        return None;
    }
    // Who sent or wrote it has a name: "pay by bank transfer" is none.
    if is_of_sender(question) && !may_be_sender(&found.label, &value.text) {
        return None;
    }
    if found.is_secret(label) {
        return Some(Quote {
            said: located(&found, label, screen),
            lines,
            query: Some(label.to_owned()),
            is_sure: true,
        });
    }
    if kind == Some(Kind::Amount)
        && let Some(row) = row(&found, screen)
    {
        return Some(row);
    }
    if !found.rivals.is_empty() {
        return Some(several(&found, value));
    }
    // "How much" asks for no day and no time, which other sentences of it have.
    let is_when = !shape::find(Kind::Date, &value.text).is_empty() && shape::find(Kind::Amount, &value.text).is_empty();
    if kind == Some(Kind::Amount) && is_when {
        return None;
    }
    if let Some(sentence) = prose(&found, value, kind) {
        return Some(Quote {
            said: format!("It says: {}", aloud(&sentence)),
            lines,
            query: Some(label.to_owned()),
            is_sure: true,
        });
    }
    let said = aloud(&value.text);
    let said = said.trim_end_matches('.');
    let is_named = |name: &str| {
        let (asked, there) = (words(name), words(&found.label));
        found.label.is_empty() || asked.len() == there.len() && fit(&asked, &there).is_some_and(|(fits, _)| fits > 0.85)
    };
    let said = match question.name.as_deref().filter(|name| is_named(name)) {
        Some(name) => format!("The {name} is {said}."),
        None if found.label.is_empty() => format!("It says: {said}."),
        None => format!("{}: {said}.", aloud(&found.label)),
    };
    Some(Quote { said, lines, query: Some(label.to_owned()), is_sure: true })
}

/// Whether `found` is the head of a column of several rows, and `value` a cell of it.
fn is_of_column(found: &Found<'_>, value: &Value<'_>, screen: &ScreenText) -> bool {
    tables(screen).iter().any(|table| {
        let is_head = table.heads().iter().any(|head| std::ptr::eq(*head, found.line));
        is_head && table.items().count() > 1 && table.items().flatten().any(|cell| std::ptr::eq(*cell, value.line))
    })
}

/// Whether it is asked who sent or wrote something.
fn is_of_sender(question: &Question) -> bool {
    matches!(&question.wants, Wants::Value { labels, .. } if labels.first().is_some_and(|label| label == "sender"))
}

/// Whether `value` behind `label` may be who sent or wrote something: a name, or an address.
fn may_be_sender(label: &str, value: &str) -> bool {
    words(label).len() <= SENDER && (value.contains('@') || value.starts_with(|c: char| c.is_uppercase() || c == '"'))
}

/// The sentence that a value stands in, or the row that begins with it, if no sign says that the words before it are a label.
fn prose(found: &Found<'_>, value: &Value<'_>, kind: Option<Kind>) -> Option<String> {
    let text = &found.line.text;
    if !std::ptr::eq(value.line, found.line) {
        return None;
    }
    if kind == Some(Kind::Date)
        && found.label.is_empty()
        && text.starts_with(&value.text)
        && value.text.len() < text.len()
    {
        let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
        return Some(format!("{text}{end}"));
    }
    let is_it = |sentence: &String| {
        let at = sentence.find(value.text.as_str());
        at.is_some_and(|at| at > 0 && !sentence[..at].trim_end().ends_with([':', '=', '#']))
            && sentence.ends_with(['.', '!'])
            && sentence.split_whitespace().count() >= SENTENCE_WORDS
    };
    read::sentences(text).into_iter().find(is_it)
}

/// All that may be meant, each with its label: which of them is asked for is not for Jarvis to say.
fn several<'a>(found: &Found<'a>, value: &Value<'a>) -> Quote<'a> {
    let first = (&found.label, value);
    let all = std::iter::once(first).chain(found.rivals.iter().map(|(label, value)| (label, value)));
    let mut lines = Vec::new();
    let mut told = Vec::new();
    for (label, value) in all.filter(|(_, value)| !is_kept(value.line)).take(MOST_RIVALS) {
        let said = aloud(&value.text);
        let said = said.trim_end_matches('.');
        told.push(if label.is_empty() { said.to_owned() } else { format!("{}: {said}", aloud(label)) });
        lines.push(value.line);
    }
    let more = (found.rivals.len() + 1).saturating_sub(told.len());
    let more = if more > 0 { format!(" There are {more} more.") } else { String::new() };
    Quote { said: format!("{}.{more}", told.join(", ")), lines, query: None, is_sure: true }
}

/// The whole row of something that has more than one amount, with what stands over its cells: which of them is asked for is
/// not for Jarvis to say.
fn row<'a>(found: &Found<'a>, screen: &'a ScreenText) -> Option<Quote<'a>> {
    let amounts = |text: &str| shape::find(Kind::Amount, text).len();
    let line = found.line;
    if amounts(&line.text) > 1 && !line.text.contains(':') {
        let said = format!("It says: {}.", aloud(&line.text).trim_end_matches('.'));
        return Some(Quote { said, lines: vec![line], query: None, is_sure: true });
    }
    let near = line.region.height.max(1) as i32;
    let is_beside = |other: &&TextLine| {
        let both = line.region.bottom().min(other.region.bottom()) - line.region.y.max(other.region.y);
        both * 2 >= other.region.height.min(line.region.height) as i32 && other.region.x >= line.region.right() - near
    };
    let mut cells: Vec<&TextLine> = screen
        .lines
        .iter()
        .filter(|other| !std::ptr::eq(*other, line) && is_legible(other))
        .filter(is_beside)
        .collect();
    cells.sort_by_key(|cell| cell.region.x);
    let all: usize = cells.iter().map(|cell| amounts(&cell.text)).sum();
    if all < 2 || cells.len() > MOST_CELLS || cells.iter().any(|cell| is_kept(cell)) {
        return None;
    }
    let told = cells.iter().map(|cell| match head(cell, line, screen) {
        Some(head) => format!("{} {}", aloud(&head.text), aloud(&cell.text)),
        None => aloud(&cell.text),
    });
    let told: Vec<String> = told.collect();
    let said = format!("{}: {}.", aloud(&line.text).trim_end_matches([':', '.', ' ']), told.join(", "));
    cells.insert(0, line);
    Some(Quote { said, lines: cells, query: None, is_sure: true })
}

/// What stands at the head of the column of `cell`, whose row `label` begins: in the row of the head over `label`.
fn head<'a>(cell: &TextLine, label: &TextLine, screen: &'a ScreenText) -> Option<&'a TextLine> {
    let overlaps = |one: &Region, other: &Region| one.x < other.right() && other.x < one.right();
    let is_head = |line: &&TextLine| {
        let is_word = !line.text.contains(|c: char| c.is_ascii_digit()) && line.text.split_whitespace().count() <= 3;
        is_word && line.region.bottom() <= cell.region.y && line.role != TextRole::Title
    };
    // A head over the labels, too, or the words over the cell may be of another table.
    let head = screen
        .lines
        .iter()
        .filter(is_head)
        .filter(|line| overlaps(&line.region, &cell.region))
        .max_by_key(|line| line.region.y)?;
    let has_row = screen.lines.iter().any(|line| {
        overlaps(&line.region, &label.region) && (line.region.y - head.region.y).abs() <= head.region.height as i32 / 2
    });
    has_row.then_some(head)
}
