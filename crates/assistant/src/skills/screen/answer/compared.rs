//! Rows of a table beside each other: the one with the most, the newest, the first; what they come to together; how far two are
//! apart; and those that are marked, or have none.
//!
//! Owns which column a comparison is about: the one that a question names, in whatever word, or else the only one that can be
//! meant by it. What is summed or subtracted is said with the rows that it is of, since a window may show a part of a table.

use super::super::question::Question;
use super::super::say::{aloud, counted, is_kept};
use super::super::shape::{self, Kind};
use super::super::table::{self, Table};
use super::super::typed::{self, Type, Worth};
use super::super::words::words;
use super::Quote;
use super::tables::{OF_QUESTIONS, asked, cell, has, name, named_columns, names_head, row};
use crate::numbers;
use jarvis_core::{ScreenText, TextLine};

/// More rows that are alike are no answer.
const MOST_ROWS: usize = 3;
/// Words that ask for the largest and for the smallest, whatever is compared.
#[rustfmt::skip]
const LARGEST: &[&str] = &["most", "highest", "largest", "biggest", "heaviest", "greatest", "dearest", "priciest", "maximum", "more"];
#[rustfmt::skip]
const SMALLEST: &[&str] = &["least", "lowest", "smallest", "cheapest", "fewest", "shortest", "lightest", "minimum"];
/// Of days: what began last, ...
const NEW: &[&str] = &["newest", "latest", "youngest", "recent", "recently", "last"];
/// ... and what began first.
const OLD: &[&str] = &["oldest", "longest", "earliest", "first", "next"];
/// What is said of a thing, and the heads of the columns that tell it: the most telling first.
#[rustfmt::skip]
const TOLD_BY: &[(&[&str], &[&str])] = &[
    (&["earn", "earns", "earned", "paid"], &["salary", "income", "wage", "pay", "earnings"]),
    (&["expensive", "cheapest", "cheaper", "cost", "costs", "cheap", "dearest", "priciest", "price"], &["price", "amount", "total", "cost", "fare", "rate", "rent", "charge"]),
    (&["latest", "earliest", "late", "early"], &["time", "departs", "leaves", "starts", "start", "date", "day"]),
    (&["longest", "shortest", "long"], &["hours", "duration", "minutes", "length", "days"]),
    (&["heaviest", "lightest", "heavy"], &["weight"]),
    (&["oldest", "youngest", "old"], &["age", "years", "born"]),
];
/// Of these the best may be the least.
const BEST_IS_LESS: [&str; 10] =
    ["grade", "mark", "time", "rank", "pos", "place", "price", "cost", "errors", "position"];
/// What asks for all of them together.
pub(super) const TOGETHER: [&str; 5] = ["altogether", "together", "total", "overall", "sum"];
/// Heads of what is a number and counts nothing.
const NAMES: [&str; 14] =
    ["order", "number", "no", "nr", "id", "pid", "room", "office", "tel", "phone", "ext", "pos", "year", "code"];
/// How cells say that something is so, and that it is not.
const YES: [&str; 6] = ["yes", "paid", "x", "✓", "true", "done"];
const NO: [&str; 6] = ["no", "unpaid", "-", "✗", "false", "open"];
/// Words that deny.
const NOT: [&str; 8] = ["not", "hasnt", "havent", "didnt", "isnt", "arent", "never", "unpaid"];

/// The rows of `table` that a comparison is between, by its words, and the numeric columns that it may be about.
struct Compared<'t, 'a> {
    rows: Vec<&'t Vec<&'a TextLine>>,
    /// How many of its words stand in the rows.
    known: usize,
}

/// The answer of a table that compares its rows.
pub(super) fn of_table<'a>(question: &Question, table: &Table<'a>) -> Option<Quote<'a>> {
    difference(question, table)
        .or_else(|| sum(question, table))
        .or_else(|| moved(question, table))
        .or_else(|| marked(question, table))
        .or_else(|| extreme(question, table))
        .or_else(|| first_or_last(question, table))
}

/// The rows that have the words of `question` that stand in rows and are called by no head.
fn rows_of<'t, 'a>(question: &Question, table: &'t Table<'a>) -> Compared<'t, 'a> {
    let all: Vec<&Vec<&'a TextLine>> = table.items().collect();
    let is_known = |word: &String| {
        !OF_QUESTIONS.contains(&word.as_str())
            && !LARGEST.iter().chain(SMALLEST).chain(NEW).chain(OLD).any(|known| known == word)
            && named_columns(std::slice::from_ref(word), table).is_empty()
            && all.iter().any(|row| has(row, word))
    };
    let known: Vec<String> = asked(question).into_iter().filter(is_known).collect();
    let rows = all.into_iter().filter(|row| known.iter().all(|word| has(row, word))).collect();
    Compared { rows, known: known.len() }
}

/// Whether a row with more of what is `of` such a type is asked for, or one with less.
fn wants_more(question: &Question, of: Type) -> Option<bool> {
    let is_day = matches!(of, Type::Day | Type::Time);
    let is_large =
        question.says(LARGEST) || question.says(&["best"]) || question.says(&["longest", "oldest"]) && !is_day;
    let is_small = question.says(SMALLEST) || question.says(&["youngest", "newest"]) && !is_day;
    let (is_late, is_early) = (is_day && question.says(NEW), is_day && question.says(OLD));
    let is_late = is_late || !is_day && question.says(&["latest"]);
    let is_early = is_early || !is_day && question.says(&["earliest"]);
    let (more, less) = (is_large || is_late, is_small || is_early);
    (more != less).then_some(more)
}

/// Whether `head` stands over numbers that are names: of orders, rooms, telephones.
pub(super) fn is_name_of(head: &TextLine) -> bool {
    words(&head.text).iter().any(|word| NAMES.contains(&word.as_str()))
}

fn is_comparing(question: &Question) -> bool {
    question.says(LARGEST)
        || question.says(&["best"])
        || question.says(SMALLEST)
        || question.says(&["newest", "latest", "youngest", "oldest", "longest", "earliest"])
}

/// What the cells of `column` are worth, if most of them are worth something.
fn type_of(table: &Table<'_>, column: usize) -> Option<Type> {
    let rows: Vec<_> = table.items().collect();
    let worths: Vec<Type> =
        rows.iter().filter_map(|row| typed::worth(&table.cell(row, column)?.text)).map(|worth| worth.of).collect();
    let first = *worths.first()?;
    (worths.len() * 3 >= rows.len() && worths.iter().all(|of| *of == first)).then_some(first)
}

/// The columns that a comparison may be about.
fn columns(question: &Question, table: &Table<'_>) -> Vec<usize> {
    let is_name = |at: &usize| is_name_of(table.heads()[*at]);
    // "Which month was the dearest" is asked of the months, and compares something else.
    let is_asked = |at: &usize| {
        let days = matches!(type_of(table, *at), Some(Type::Day | Type::Time));
        days && !question.says(NEW) && !question.says(OLD)
            || !question.attribute.is_empty() && names_head(&question.attribute, table.heads()[*at])
    };
    let all: Vec<usize> =
        (0..table.heads().len()).filter(|at| type_of(table, *at).is_some() && !is_name(at) && !is_asked(at)).collect();
    // "Which row is the highest" names no column by its "row".
    let named: Vec<usize> = all.iter().copied().filter(|at| names_head(&question.topic, table.heads()[*at])).collect();
    if !named.is_empty() {
        return named;
    }
    let is_head = |name: &str, at: &usize| words(&table.heads()[*at].text).iter().any(|word| word == name);
    let mut told = TOLD_BY.iter().filter(|(said, _)| question.says(said)).flat_map(|(_, heads)| heads.iter());
    if let Some(column) = told.find_map(|name| all.iter().copied().find(|at| is_head(name, at))) {
        return vec![column];
    }
    let tied: Vec<usize> = named_columns(&question.topic, table).into_iter().filter(|at| all.contains(at)).collect();
    if !tied.is_empty() {
        return tied;
    }
    let of = |types: &[Type]| -> Vec<usize> {
        all.iter().copied().filter(|at| type_of(table, *at).is_some_and(|of| types.contains(&of))).collect()
    };
    if question.says(&["newest", "latest", "youngest", "oldest", "longest", "earliest", "recent"]) {
        let found = if question.says(&["longest"]) { of(&[Type::Length]) } else { Vec::new() };
        let found = if found.is_empty() { of(&[Type::Day]) } else { found };
        let found = if found.is_empty() { of(&[Type::Time]) } else { found };
        if !found.is_empty() {
            return found;
        }
    }
    of(&[Type::Number, Type::Length])
}

/// The row that has the most or the least of something. Where several columns may be meant, all of them have to say so.
fn extreme<'a>(question: &Question, table: &Table<'a>) -> Option<Quote<'a>> {
    if !is_comparing(question) {
        return None;
    }
    let Compared { rows, known } = rows_of(question, table);
    if let ([of], true) = (&rows[..], known > 0) {
        return extreme_of_row(question, table, of);
    }
    let columns = columns(question, table);
    // The best grade may be the lowest, and the best time is.
    let is_either =
        |at: &usize| words(&table.heads()[*at].text).iter().any(|word| BEST_IS_LESS.contains(&word.as_str()));
    if question.says(&["best"])
        && (columns.len() != 1 || columns.iter().any(is_either) || question.says(&["grade", "mark"]))
    {
        return None;
    }
    // A first column of numbers only counts the rows.
    let columns: Vec<usize> = columns.iter().copied().filter(|at| *at > 0 || columns.len() == 1).collect();
    let best = |column: &usize| -> Option<Vec<&Vec<&'a TextLine>>> {
        let more = wants_more(question, type_of(table, *column)?)?;
        best_of(table, &rows, *column, more)
    };
    let first = best(columns.first()?)?;
    for column in &columns[1..] {
        let other = best(column)?;
        if other.len() != first.len() || !other.iter().zip(&first).all(|(one, other)| std::ptr::eq(*one, *other)) {
            return None;
        }
    }
    if first.len() > MOST_ROWS {
        return None;
    }
    let told: Vec<Quote<'a>> = match &columns[..] {
        [column] => first.iter().filter_map(|of| cell(table, of, *column).or_else(|| row("", table, of))).collect(),
        _ => first.iter().filter_map(|of| row("", table, of)).collect(),
    };
    let said = told.iter().map(|quote| quote.said.as_str()).collect::<Vec<_>>().join(" ");
    (!told.is_empty()).then(|| Quote {
        said,
        lines: told.iter().flat_map(|quote| quote.lines.clone()).collect(),
        query: None,
        is_sure: true,
    })
}

/// Of `rows`, those with the most, or the least, in `column`.
fn best_of<'t, 'a>(
    table: &Table<'a>,
    rows: &[&'t Vec<&'a TextLine>],
    column: usize,
    more: bool,
) -> Option<Vec<&'t Vec<&'a TextLine>>> {
    let worth =
        |row: &&'t Vec<&'a TextLine>| typed::worth(&table.cell(row, column)?.text).map(|worth| (worth.value, *row));
    let worths: Vec<(f64, &Vec<&'a TextLine>)> = rows.iter().filter_map(worth).collect();
    let most = worths.iter().map(|(worth, _)| *worth).reduce(if more { f64::max } else { f64::min })?;
    (worths.len() > 1).then(|| worths.iter().filter(|(worth, _)| *worth == most).map(|(_, row)| *row).collect())
}

/// The column in which a row that is named has the most or the least: "which month had the highest groceries".
fn extreme_of_row<'a>(question: &Question, table: &Table<'a>, of: &[&'a TextLine]) -> Option<Quote<'a>> {
    let worth = |column: usize| Some((typed::worth(&table.cell(of, column)?.text)?, column));
    let worths: Vec<(Worth, usize)> = (1..table.heads().len()).filter_map(worth).collect();
    let of_type = worths.first()?.0.of;
    let is_alike = worths.len() + 1 == table.heads().len()
        && worths.len() > 1
        && worths.iter().all(|(worth, _)| worth.of == of_type);
    if !is_alike || !question.begins(&["which", "what", "when"]) {
        return None;
    }
    let more = wants_more(question, of_type)?;
    let (_, column) = worths.into_iter().reduce(|best, other| {
        let is_better = if more { other.0.value > best.0.value } else { other.0.value < best.0.value };
        if is_better { other } else { best }
    })?;
    cell(table, of, column)
}

/// The first or the last row by the days or the times of the table: "the last train to Kingsport", "what did I order last".
fn first_or_last<'a>(question: &Question, table: &Table<'a>) -> Option<Quote<'a>> {
    let is_last = question.says(&["last"]);
    let is_first = question.says(&["first", "next"]);
    if is_last == is_first || question.begins(&["who", "how"]) {
        return None;
    }
    let of = |wanted: Type| (0..table.heads().len()).find(|at| type_of(table, *at) == Some(wanted));
    let column = of(Type::Day).or_else(|| of(Type::Time))?;
    let Compared { rows, known } = rows_of(question, table);
    let is_strange = |word: &String| {
        let is_idle = OF_QUESTIONS.contains(&word.as_str());
        !is_idle
            && named_columns(std::slice::from_ref(word), table).is_empty()
            && !rows.iter().any(|row| has(row, word))
    };
    // "The last train" where the table is of trains; "the first floor" is something else.
    if asked(question).iter().filter(|word| is_strange(word)).count() > usize::from(known == 0) {
        return None;
    }
    let found = match &rows[..] {
        [only] => vec![*only],
        _ => best_of(table, &rows, column, is_last)?,
    };
    row("", table, found.first()?)
}

/// What the rows come to together in the column that is asked for.
fn sum<'a>(question: &Question, table: &Table<'a>) -> Option<Quote<'a>> {
    let is_asked = question.says(&TOGETHER) && question.begins(&["how", "what"]);
    // What the page sums up itself is told as it stands there.
    if !is_asked || table.has_sums() {
        return None;
    }
    let Compared { rows, .. } = rows_of(question, table);
    let is_name = |at: &usize| is_name_of(table.heads()[*at]);
    let is_sum = |at: &usize| type_of(table, *at) == Some(Type::Number) && !is_name(at);
    let said: Vec<String> = question.topic.iter().filter(|word| !TOGETHER.contains(&word.as_str())).cloned().collect();
    let tied: Vec<usize> = named_columns(&said, table).into_iter().filter(is_sum).collect();
    let is_money = |at: &usize| {
        table
            .items()
            .filter_map(|row| table.cell(row, *at))
            .any(|cell| !shape::find(Kind::Amount, &cell.text).is_empty())
    };
    let columns = if tied.is_empty() && question.says(&["much"]) {
        (1..table.heads().len()).filter(is_sum).filter(is_money).collect()
    } else {
        tied
    };
    let [column] = columns[..] else { return None };
    let cells: Vec<&'a TextLine> = rows.iter().filter_map(|row| table.cell(row, column)).collect();
    let numbers: Vec<f64> = cells.iter().filter_map(|cell| typed::number(&cell.text)).collect();
    let like = cells.iter().max_by_key(|cell| cell.text.len())?;
    if numbers.len() < 2 || cells.iter().any(|cell| is_kept(cell)) {
        return None;
    }
    let total = typed::written(numbers.iter().sum(), &like.text);
    let head = aloud(&table.heads()[column].text);
    let said = format!("{head} of the {} that I see: {total} together.", counted(numbers.len(), "row"));
    Some(Quote { said, lines: cells, query: None, is_sure: true })
}

/// How far two rows are apart in what is asked about: "how much more does Ines earn than Paul".
fn difference<'a>(question: &Question, table: &Table<'a>) -> Option<Quote<'a>> {
    let is_asked = question.begins(&["how", "what"]) && (question.says(&["than", "difference", "between"]));
    if !is_asked {
        return None;
    }
    let rows: Vec<&Vec<&'a TextLine>> = table.items().collect();
    let mut two: Vec<&Vec<&'a TextLine>> = Vec::new();
    let mut add = |found: &'_ [&Vec<&'a TextLine>]| {
        if let [row] = found
            && let Some(row) = rows.iter().find(|other| std::ptr::eq(**other, *row))
            && !two.iter().any(|known| std::ptr::eq(*known, *row))
        {
            two.push(row);
        }
    };
    for word in &question.said {
        if question.topic.contains(word) && named_columns(std::slice::from_ref(word), table).is_empty() {
            let found: Vec<&Vec<&'a TextLine>> = rows.iter().copied().filter(|row| has(row, word)).collect();
            add(&found);
        }
        let place = numbers::parse_ordinal(&[word.as_str()]).and_then(|(at, _)| (at as usize).checked_sub(1));
        if let Some(row) = place.and_then(|at| rows.get(at)) {
            add(&[*row]);
        }
    }
    let [one, other] = two[..] else { return None };
    let columns: Vec<usize> = named_columns(&question.topic, table)
        .into_iter()
        .chain(columns(question, table))
        .filter(|at| type_of(table, *at) == Some(Type::Number))
        .collect();
    let column = *columns.first()?;
    let (first, second) = (table.cell(one, column)?, table.cell(other, column)?);
    if [first, second].iter().any(|cell| is_kept(cell)) {
        return None;
    }
    let apart = (typed::number(&first.text)? - typed::number(&second.text)?).abs();
    let told = |row: &[&'a TextLine], cell: &TextLine| {
        format!("{} {}", name(table, row).map_or_else(String::new, |name| aloud(&name.text)), aloud(&cell.text))
    };
    let said = format!(
        "{}: {}, {}; the difference is {}.",
        aloud(&table.heads()[column].text),
        told(one, first),
        told(other, second),
        typed::written(apart, &first.text)
    );
    Some(Quote { said, lines: vec![first, second], query: None, is_sure: true })
}

/// The row at which what is asked about became more, or less: "when did the rent go up".
fn moved<'a>(question: &Question, table: &Table<'a>) -> Option<Quote<'a>> {
    let is_up = question.says(&["up", "rise", "rose", "increase", "increased", "grow", "grew"]);
    let is_down = question.says(&["down", "fall", "fell", "drop", "dropped", "decrease", "decreased"]);
    if is_up == is_down || !question.begins(&["when", "what", "which"]) {
        return None;
    }
    let mut named =
        named_columns(&question.topic, table).into_iter().filter(|at| type_of(table, *at) == Some(Type::Number));
    let (column, None) = (named.next()?, named.next()) else { return None };
    let rows: Vec<&Vec<&'a TextLine>> = table.items().collect();
    let worths: Option<Vec<f64>> =
        rows.iter().map(|row| typed::worth(&table.cell(row, column)?.text).map(|worth| worth.value)).collect();
    let worths = worths?;
    let is_moved = |at: &usize| if is_up { worths[*at] > worths[at - 1] } else { worths[*at] < worths[at - 1] };
    let mut found = (1..worths.len()).filter(is_moved);
    // Of several it is not known which is meant.
    let (at, None) = (found.next()?, found.next()) else { return None };
    cell(table, rows[at], column).or_else(|| row("", table, rows[at]))
}

/// The rows that are marked in the column that is asked about, or are not: "who hasn't paid", "who was never absent".
fn marked<'a>(question: &Question, table: &Table<'a>) -> Option<Quote<'a>> {
    if !question.begins(&["who", "which"]) || is_comparing(question) {
        return None;
    }
    let is_denied = question.says(&NOT);
    let said: Vec<String> = question.topic.iter().filter(|word| !NOT.contains(&word.as_str())).cloned().collect();
    let lower = |cell: &TextLine| cell.text.trim().to_lowercase();
    let is_mark = |text: &str| YES.contains(&text) || NO.contains(&text);
    let column = named_columns(&said, table).into_iter().find(|at| {
        let cells: Vec<String> = table.items().filter_map(|row| table.cell(row, *at)).map(lower).collect();
        let is_marks =
            cells.len() > 1 && cells.iter().all(|cell| is_mark(cell)) && cells.iter().any(|cell| cell != "-");
        let counts_none = question.says(&["never", "no"]) && cells.iter().any(|cell| cell == "0");
        is_marks || counts_none
    })?;
    let is_it = |cell: &str| {
        if is_denied || question.says(&["no"]) {
            cell == "no" || cell == "0" || NO[1..].contains(&cell) && cell != "-"
        } else {
            YES.contains(&cell)
        }
    };
    let found: Vec<&Vec<&'a TextLine>> =
        table.items().filter(|row| table.cell(row, column).is_some_and(|cell| is_it(&lower(cell)))).collect();
    let told: Vec<Quote<'a>> = found.iter().filter_map(|row| cell(table, row, column)).collect();
    (!told.is_empty() && told.len() <= MOST_ROWS * 2).then(|| Quote {
        said: told.iter().map(|quote| quote.said.as_str()).collect::<Vec<_>>().join(" "),
        lines: told.iter().flat_map(|quote| quote.lines.clone()).collect(),
        query: None,
        is_sure: true,
    })
}

/// As [`extreme`], of rows that have no heads: what is on a receipt, with what it costs.
pub(super) fn extreme_of_rows<'a>(question: &Question, screen: &'a ScreenText) -> Option<Quote<'a>> {
    let more = wants_more(question, Type::Number)
        .or_else(|| question.says(&["expensive", "cost", "costs"]).then_some(question.says(&["most"])))?;
    if !question.says(&["expensive", "cheapest", "dearest", "priciest", "cost", "costs"]) || !is_comparing(question) {
        return None;
    }
    let price = |line: &TextLine| {
        let found = shape::find(Kind::Amount, &line.text).pop()?;
        let is_all = line.text[found.clone()].len() + 4 >= line.text.trim().len();
        typed::number(&line.text[found]).filter(|_| is_all)
    };
    let items = table::rows(screen).into_iter().filter(|row| row.len() > 1 && !table::sums_up(row)).filter_map(|row| {
        let worth = price(row.last()?)?;
        row[0].text.contains(char::is_alphabetic).then_some((worth, row))
    });
    let items: Vec<(f64, Vec<&'a TextLine>)> = items.collect();
    let is_more = |one: &f64, other: &f64| if more { one.total_cmp(other) } else { other.total_cmp(one) };
    let (_, row) = items.iter().max_by(|one, other| is_more(&one.0, &other.0)).filter(|_| items.len() > 1)?;
    if row.iter().any(|cell| is_kept(cell)) {
        return None;
    }
    let cells: Vec<String> = row.iter().map(|cell| aloud(&cell.text)).collect();
    Some(Quote {
        said: format!("It says: {}.", cells.join(", ").trim_end_matches('.')),
        lines: row.clone(),
        query: None,
        is_sure: true,
    })
}
