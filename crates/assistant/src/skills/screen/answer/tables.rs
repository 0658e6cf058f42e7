//! What a table says: the cell or the row that a question names, the row with the most of something, and how many rows there are.
//!
//! Owns how a question names a row and a column. Amounts and times are compared and rows are counted; nothing is summed.

use super::super::grounds::stem;
use super::super::question::{Question, Wants};
use super::super::say::{aloud, counted, is_kept};
use super::super::shape::{self, Kind};
use super::super::table::{self, Table, tables};
use super::super::words::{likeness, words};
use super::Quote;
use crate::numbers;
use jarvis_core::{ScreenText, TextLine};
use std::collections::BTreeSet;

/// What fits less is another word.
const FITS: f32 = 0.8;
/// Rows that are told where all of them are asked for.
const MOST_ROWS: usize = 6;
/// Words that ask for the largest and for the smallest.
#[rustfmt::skip]
const LARGEST: [&str; 12] = [
    "most", "highest", "largest", "biggest", "longest", "latest", "heaviest", "oldest", "greatest", "dearest", "priciest", "maximum",
];
const SMALLEST: [&str; 11] = [
    "least", "lowest", "smallest", "cheapest", "fewest", "shortest", "earliest", "lightest", "youngest", "newest",
    "minimum",
];
/// What is said of a thing, and the heads of the columns that tell it: the most telling first.
#[rustfmt::skip]
const TOLD_BY: &[(&[&str], &[&str])] = &[
    (&["earn", "earns", "earned", "paid"], &["salary", "income", "wage", "pay", "earnings"]),
    (&["expensive", "cheapest", "cheaper", "cost", "costs", "cheap", "dearest", "priciest", "price"], &["price", "amount", "total", "cost", "fare", "rate"]),
    (&["latest", "earliest", "late", "early"], &["time", "departs", "leaves", "starts", "start", "date", "day"]),
    (&["longest", "shortest", "long"], &["hours", "duration", "minutes", "length", "days"]),
    (&["heaviest", "lightest", "heavy"], &["weight"]),
    (&["memory", "ram"], &["mem", "memory", "ram", "rss"]),
    (&["processor"], &["cpu"]),
    (&["oldest", "youngest", "old"], &["age", "years", "born"]),
];
/// Words that name no row, whatever the table is of.
#[rustfmt::skip]
const OF_QUESTIONS: &[&str] = &[
    "row", "rows", "table", "item", "items", "entry", "entries", "one", "ones", "s", "first", "second", "third", "last", "next", "place",
    "expensive", "earn", "earns", "time", "day", "people", "who", "whose", "name", "called", "use", "uses",
    "used",
];
/// How rows are called whatever they are of.
const ROWS: [&str; 6] = ["row", "rows", "items", "entries", "records", "lines"];

/// The answer of a table.
pub(super) fn of_table<'a>(question: &Question, screen: &'a ScreenText) -> Option<Quote<'a>> {
    if question.says(&["column"]) {
        return tables(screen).iter().find_map(|table| column(question, table));
    }
    if matches!(question.wants, Wants::OwnWords)
        || !question.begins(&["what", "which", "who", "whose", "how", "when", "where"])
    {
        return None;
    }
    let quote = tables(screen).iter().find_map(|table| {
        count(question, table, screen)
            .or_else(|| extreme(question, table))
            .or_else(|| at_place(question, table))
            .or_else(|| named(question, table))
    });
    quote.or_else(|| extreme_of_rows(question, screen))
}

/// The cell of a table that the question names by its row and its column, or by its row alone where it asks how many.
pub(super) fn quantity<'a>(question: &Question, screen: &'a ScreenText) -> Option<Quote<'a>> {
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

/// The column that is called so: "read the February column".
fn column<'a>(question: &Question, table: &Table<'a>) -> Option<Quote<'a>> {
    let mut named = (0..table.heads().len()).filter(|at| names_head(&question.topic, table.heads()[*at]));
    let (at, None) = (named.next()?, named.next()) else { return None };
    let cells: Vec<&TextLine> = table.items().filter_map(|row| table.cell(row, at)).collect();
    let head = table.heads()[at];
    if cells.iter().any(|cell| is_kept(cell)) {
        return None;
    }
    let told: Vec<String> = cells.iter().map(|cell| aloud(&cell.text)).collect();
    let said = format!("{}: {}.", aloud(&head.text), told.join(", ").trim_end_matches('.'));
    Some(Quote { said, lines: std::iter::once(head).chain(cells).collect(), query: None })
}

/// A row that is told whole, after `before`.
fn row<'a>(before: &str, table: &Table<'a>, row: &[&'a TextLine]) -> Option<Quote<'a>> {
    let is_kept = row.iter().any(|cell| is_kept(cell));
    (!is_kept).then(|| Quote { said: format!("{before}{}", table.told(row)), lines: row.to_vec(), query: None })
}

/// What stands in a cell, and whose and what it is.
fn cell<'a>(table: &Table<'a>, of: &[&'a TextLine], column: usize) -> Option<Quote<'a>> {
    let (head, cell) = (table.heads()[column], table.cell(of, column)?);
    let name = name(table, of).unwrap_or(cell);
    if [name, head, cell].iter().any(|line| is_kept(line)) || std::ptr::eq(name, cell) {
        return None;
    }
    let said = format!("{}: {} {}.", aloud(&name.text), aloud(&head.text), aloud(&cell.text).trim_end_matches('.'));
    Some(Quote { said, lines: vec![name, cell], query: None })
}

/// What `row` is called by: its cell in the first column of words that are no days and differ from row to row, or else its first
/// such cell. Who runs a process does not name it.
fn name<'a>(table: &Table<'a>, row: &[&'a TextLine]) -> Option<&'a TextLine> {
    let is_name =
        |cell: &TextLine| cell.text.contains(char::is_alphabetic) && shape::find(Kind::Date, &cell.text).is_empty();
    let names = |column: &usize| {
        let cells: Vec<&str> =
            table.items().filter_map(|row| table.cell(row, *column)).map(|cell| &*cell.text).collect();
        let all: BTreeSet<&str> = cells.iter().copied().collect();
        all.len() == cells.len() && table.cell(row, *column).is_some_and(is_name)
    };
    let column = (0..table.heads().len()).find(names);
    let first = || row.iter().copied().find(|cell| is_name(cell)).or(row.first().copied());
    column.and_then(|column| table.cell(row, column)).or_else(first)
}

fn is_like(word: &str, other: &str) -> bool {
    likeness(word, other) >= FITS || stem(word) == stem(other) && word.len() > 3
}

/// Whether the head of a column is named by `said`, all its words.
fn names_head(said: &[String], head: &TextLine) -> bool {
    let head = words(&head.text);
    !head.is_empty() && head.iter().all(|word| said.iter().any(|said| is_like(said, word)))
}

/// How many rows there are, where that is asked and nothing else is called so on the page.
fn count<'a>(question: &Question, table: &Table<'a>, screen: &ScreenText) -> Option<Quote<'a>> {
    if !matches!(&question.said[..], [how, many, ..] if how == "how" && many == "many") {
        return None;
    }
    let rows: Vec<&Vec<&'a TextLine>> = table.items().collect();
    let all = || rows.iter().flat_map(|row| row.iter().copied()).collect();
    let told = |count: usize, what: &str, lines| {
        Some(Quote { said: format!("The table has {}.", counted(count, what)), lines, query: None })
    };
    if question.says(&["columns"]) {
        return told(table.heads().len(), "column", table.heads().to_vec());
    }
    let matter: Vec<&String> =
        question.topic.iter().filter(|word| !ROWS.contains(&word.as_str()) && *word != "table").collect();
    let is_of_rows =
        |word: &String| table.heads().iter().take(2).any(|head| names_head(std::slice::from_ref(word), head));
    if matter.is_empty() && question.says(&ROWS) || matter.len() == 1 && is_of_rows(matter[0]) {
        return told(rows.len(), "row", all());
    }
    let stands = |word: &str| screen.lines.iter().any(|line| words(&line.text).iter().any(|read| is_like(word, read)));
    if matter.len() == 1 && question.topic.len() == 1 && !stands(matter[0]) {
        return told(rows.len(), "row", all());
    }
    // "How many points does United have" is about a cell.
    if table
        .heads()
        .iter()
        .any(|head| words(&head.text).iter().any(|head| matter.iter().any(|word| is_like(word, head))))
    {
        return None;
    }
    // "How many people work in sales": the rows that have it.
    let column = (1..table.heads().len()).find_map(|column| {
        let has = |row: &&&Vec<&TextLine>| {
            let cell = table.cell(row, column).filter(|cell| !cell.text.contains(|c: char| c.is_ascii_digit()));
            cell.is_some_and(|cell| words(&cell.text).iter().all(|read| matter.iter().any(|word| is_like(word, read))))
        };
        let found: Vec<&Vec<&TextLine>> = rows.iter().filter(has).copied().collect();
        (!found.is_empty()).then_some((column, found))
    });
    let (column, found) = column?;
    let strange = matter.iter().filter(|word| {
        !table.cell(found[0], column).is_some_and(|cell| words(&cell.text).iter().any(|read| is_like(word, read)))
    });
    if strange.count() > 2 || found.iter().flat_map(|row| row.iter()).any(|cell| is_kept(cell)) {
        return None;
    }
    let names: Vec<String> = found.iter().filter_map(|row| name(table, row)).map(|name| aloud(&name.text)).collect();
    let lines = found.iter().flat_map(|row| row.iter().copied()).collect();
    Some(Quote { said: format!("{}: {}.", counted(found.len(), "row"), names.join(", ")), lines, query: None })
}

/// What `text` is worth beside others of its column: an amount, a number, or a time of day.
fn worth(text: &str) -> Option<f64> {
    let text = text.trim();
    if shape::is_time(text) {
        let (hours, minutes) = text.split_once(':')?;
        let minutes: f64 = minutes.get(..2)?.parse().ok()?;
        let half = if text.to_lowercase().ends_with("pm") && !text.starts_with("12") { 12.0 } else { 0.0 };
        return Some((hours.parse::<f64>().ok()? + half) * 60.0 + minutes);
    }
    if !shape::find(Kind::Date, text).is_empty() {
        return None;
    }
    let digits: String = text.chars().filter(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '-')).collect();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    if !digits.contains(|c: char| c.is_ascii_digit()) || letters > 4 {
        return None;
    }
    // The last sign has decimals behind it unless three digits follow, as behind thousands.
    let point = digits
        .rfind(['.', ','])
        .filter(|at| digits.len() - at != 4 || digits.matches(['.', ',']).count() == 1 && digits.starts_with('0'));
    let whole: String = digits[..point.unwrap_or(digits.len())].chars().filter(|c| !matches!(c, '.' | ',')).collect();
    let part = point.map_or("0", |at| &digits[at + 1..]);
    format!("{whole}.{part}").parse().ok()
}

/// Whether the largest is asked for, or the smallest.
fn wants_largest(question: &Question) -> Option<bool> {
    let is_large = question.says(&LARGEST);
    let is_small = question.says(&SMALLEST);
    (is_large != is_small).then_some(is_large)
}

/// The heads that tell what a question asks for in other words: who earns the most, the cheapest.
fn told_by(question: &Question) -> impl Iterator<Item = &'static str> {
    TOLD_BY.iter().filter(|(said, _)| question.says(said)).flat_map(|(_, heads)| heads.iter().copied())
}

/// The columns that a question may be about, of those in which `is_one` holds for the cells of most rows.
fn columns(question: &Question, table: &Table<'_>, is_one: impl Fn(&str) -> bool) -> Vec<usize> {
    let rows: Vec<_> = table.items().collect();
    let fits = |column: &usize| {
        let cells = rows.iter().filter_map(|row| table.cell(row, *column)).filter(|cell| is_one(&cell.text)).count();
        cells > 0 && cells * 3 >= rows.len()
    };
    let all: Vec<usize> = (0..table.heads().len()).filter(fits).collect();
    // "Which row is the highest" names no column by its "row".
    let named: Vec<usize> = all.iter().copied().filter(|at| names_head(&question.topic, table.heads()[*at])).collect();
    if !named.is_empty() {
        return named;
    }
    let is_head = |name: &str, at: &usize| words(&table.heads()[*at].text).iter().any(|word| word == name);
    match told_by(question).find_map(|name| all.iter().copied().find(|at| is_head(name, at))) {
        Some(column) => vec![column],
        None => all,
    }
}

/// The row that has the most or the least of something. Where several columns may be meant, all of them have to say so.
fn extreme<'a>(question: &Question, table: &Table<'a>) -> Option<Quote<'a>> {
    let largest = wants_largest(question)?;
    // "Which month had the highest groceries" is about one row.
    let is_row = |word: &&String| {
        !OF_QUESTIONS.contains(&word.as_str())
            && table.items().any(|row| row.iter().any(|cell| words(&cell.text).iter().any(|read| is_like(word, read))))
    };
    if question.topic.iter().any(|word| is_row(&word)) {
        return None;
    }
    let columns = columns(question, table, |text| worth(text).is_some());
    // A first column of numbers only counts the rows.
    let columns: Vec<usize> = columns.iter().copied().filter(|at| *at > 0 || columns.len() == 1).collect();
    let best = |column: &usize| -> Option<Vec<&Vec<&'a TextLine>>> {
        let worths = table.items().filter_map(|row| Some((worth(&table.cell(row, *column)?.text)?, row)));
        let worths: Vec<(f64, &Vec<&'a TextLine>)> = worths.collect();
        let most = worths.iter().map(|(worth, _)| *worth).reduce(if largest { f64::max } else { f64::min })?;
        (worths.len() > 1).then(|| worths.iter().filter(|(worth, _)| *worth == most).map(|(_, row)| *row).collect())
    };
    let first = best(columns.first()?)?;
    for column in &columns[1..] {
        let other = best(column)?;
        if other.len() != first.len() || !other.iter().zip(&first).all(|(one, other)| std::ptr::eq(*one, *other)) {
            return None;
        }
    }
    if first.len() > MOST_ROWS / 2 {
        return None;
    }
    let told: Vec<Quote<'a>> = match &columns[..] {
        [column] => first.iter().filter_map(|row| cell(table, row, *column)).collect(),
        _ => first.iter().filter_map(|of| row("", table, of)).collect(),
    };
    let said = told.iter().map(|quote| quote.said.as_str()).collect::<Vec<_>>().join(" ");
    (!told.is_empty()).then(|| Quote {
        said,
        lines: told.iter().flat_map(|quote| quote.lines.clone()).collect(),
        query: None,
    })
}

/// As [`extreme`], of rows that have no heads: what is on a receipt, with what it costs.
fn extreme_of_rows<'a>(question: &Question, screen: &'a ScreenText) -> Option<Quote<'a>> {
    let largest = wants_largest(question)?;
    if !question.says(&["expensive", "cheapest", "dearest", "priciest", "cost", "costs"]) {
        return None;
    }
    let price = |line: &TextLine| {
        let found = shape::find(Kind::Amount, &line.text).pop()?;
        let is_all = line.text[found.clone()].len() + 4 >= line.text.trim().len();
        worth(&line.text[found]).filter(|_| is_all)
    };
    let items = table::rows(screen).into_iter().filter(|row| row.len() > 1 && !table::sums_up(row)).filter_map(|row| {
        let worth = price(row.last()?)?;
        row[0].text.contains(char::is_alphabetic).then_some((worth, row))
    });
    let items: Vec<(f64, Vec<&'a TextLine>)> = items.collect();
    let is_more = |one: &f64, other: &f64| if largest { one.total_cmp(other) } else { other.total_cmp(one) };
    let (_, row) = items.iter().max_by(|one, other| is_more(&one.0, &other.0)).filter(|_| items.len() > 1)?;
    if row.iter().any(|cell| is_kept(cell)) {
        return None;
    }
    let cells: Vec<String> = row.iter().map(|cell| aloud(&cell.text)).collect();
    Some(Quote {
        said: format!("It says: {}.", cells.join(", ").trim_end_matches('.')),
        lines: row.clone(),
        query: None,
    })
}

/// The row at a place: "who is first", "who is in second place", "when is the next train".
fn at_place<'a>(question: &Question, table: &Table<'a>) -> Option<Quote<'a>> {
    let said: Vec<&str> = question.said.iter().map(String::as_str).collect();
    let rows: Vec<&Vec<&'a TextLine>> = table.items().collect();
    let at = match &said[..] {
        ["who" | "which" | "what", "is" | "was" | "came" | "comes", rest @ ..] => {
            let rest: Vec<&str> = rest
                .iter()
                .copied()
                .filter(|word| !matches!(*word, "in" | "on" | "the" | "place" | "position"))
                .collect();
            numbers::parse_ordinal(&rest).filter(|(_, taken)| *taken == rest.len())?.0.checked_sub(1)? as usize
        }
        [.., "the", "first", "one"] => 0,
        // What goes by the clock.
        ["when", "is", "the", "next", _]
            if rows.first().is_some_and(|row| row.iter().any(|cell| shape::is_time(&cell.text))) =>
        {
            0
        }
        [.., "the", "last", "one"] => rows.len().checked_sub(1)?,
        _ => return None,
    };
    row("", table, rows.get(at)?)
}

/// The row that the words of a question name, in any of its cells, and its cell under the head that they name.
fn named<'a>(question: &Question, table: &Table<'a>) -> Option<Quote<'a>> {
    let heads: Vec<usize> =
        (0..table.heads().len()).filter(|at| names_head(&question.topic, table.heads()[*at])).collect();
    let is_of_head =
        |word: &String| heads.iter().any(|at| words(&table.heads()[*at].text).iter().any(|head| is_like(word, head)));
    // "Memory" is told under "%MEM".
    let is_told = |word: &String| {
        let mut told =
            TOLD_BY.iter().filter(|(said, _)| said.contains(&word.as_str())).flat_map(|(_, heads)| heads.iter());
        told.any(|head| table.heads().iter().any(|line| words(&line.text).iter().any(|read| read == head)))
    };
    let asked: Vec<String> = question
        .said
        .iter()
        .filter(|word| question.topic.contains(word) || is_number(word))
        .map(|word| cardinal(word))
        .collect();
    let rest: Vec<&String> = asked
        .iter()
        .filter(|word| !is_of_head(word) && !is_told(word) && !OF_QUESTIONS.contains(&word.as_str()))
        .collect();
    let has = |row: &[&TextLine], word: &String| {
        row.iter().any(|cell| words(&cell.text).iter().any(|read| is_like(word, read)))
    };
    let rows: Vec<&Vec<&'a TextLine>> = table.items().collect();
    let known: Vec<&String> = rest.iter().copied().filter(|word| rows.iter().any(|row| has(row, word))).collect();
    // One word may say what a row does: "who teaches boxing".
    if known.is_empty() || rest.len() > known.len() + 1 {
        return None;
    }
    let found: Vec<&Vec<&'a TextLine>> =
        rows.iter().copied().filter(|row| known.iter().all(|word| has(row, word))).collect();
    let at = |of: &Vec<&TextLine>| rows.iter().position(|row| std::ptr::eq(*row, of)).unwrap_or(0) + 1;
    match &found[..] {
        [of] if question.says(&["row"]) => row(&format!("Row {}: ", at(of)), table, of),
        [of] => {
            let column = heads.iter().copied().find(|column| {
                table.cell(of, *column).is_some_and(|cell| !known.iter().all(|word| has(&[cell], word)))
            });
            let column = column.or_else(|| of_kind(question, table, of));
            column.and_then(|column| cell(table, of, column)).or_else(|| row("", table, of))
        }
        // "Which classes does Lena teach": several rows have it, in one column.
        [first, ..] if found.len() <= MOST_ROWS && question.begins(&["who", "which", "what"]) => {
            let column = (1..table.heads().len()).find(|column| {
                found
                    .iter()
                    .all(|row| table.cell(row, *column).is_some_and(|cell| known.iter().all(|word| has(&[cell], word))))
            })?;
            if found.iter().flat_map(|row| row.iter()).any(|cell| is_kept(cell)) {
                return None;
            }
            let names: Vec<String> =
                found.iter().filter_map(|row| name(table, row)).map(|name| aloud(&name.text)).collect();
            let shared = table.cell(first, column)?;
            let said = format!("{} {}: {}.", aloud(&table.heads()[column].text), aloud(&shared.text), names.join(", "));
            Some(Quote { said, lines: found.iter().flat_map(|row| row.iter().copied()).collect(), query: None })
        }
        _ => None,
    }
}

/// The only column of `of` that has what a question asks for: a day or a time, an amount, or what is told of it in other words.
fn of_kind(question: &Question, table: &Table<'_>, of: &[&TextLine]) -> Option<usize> {
    let is_told = |name: &str| {
        (0..table.heads().len()).find(|at| words(&table.heads()[*at].text).iter().any(|word| word == name))
    };
    if let Some(column) = told_by(question).find_map(is_told) {
        return Some(column);
    }
    let Wants::Value { kind, .. } = &question.wants else { return None };
    let is_it = |cell: &TextLine| match kind {
        Some(Kind::Date) => !shape::find(Kind::Date, &cell.text).is_empty() || shape::is_time(&cell.text),
        Some(Kind::Amount) => !shape::find(Kind::Amount, &cell.text).is_empty(),
        _ => false,
    };
    let mut columns = (0..table.heads().len()).filter(|at| table.cell(of, *at).is_some_and(is_it));
    let column = columns.next()?;
    columns.next().is_none().then_some(column)
}

fn is_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
}

/// "19th" as it stands in tables.
fn cardinal(word: &str) -> String {
    let digits = word.trim_end_matches(|c: char| c.is_alphabetic());
    if is_number(word) && matches!(&word[digits.len()..], "st" | "nd" | "rd" | "th") {
        digits.into()
    } else {
        word.into()
    }
}
