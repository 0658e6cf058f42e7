//! What a table says: the cell or the row that a question names, and how many rows there are.
//!
//! Owns how a question names a row and a column: a row by the words of any of its cells, a column by its head, by another word for
//! it ([`super::super::ties`]) or by what is asked for. What names neither, and stands nowhere, is not in the table, and no row
//! answers for it. What rows are compared and summed by is [`super::compared`]'s.

use super::super::question::{Question, Wants};
use super::super::say::{aloud, counted, is_kept};
use super::super::shape::{self, Kind};
use super::super::table::{self, Table, tables};
use super::super::ties::{self, alike};
use super::super::typed::{self, Type};
use super::super::words::words;
use super::{Quote, compared};
use crate::numbers;
use jarvis_core::{ScreenText, TextLine};
use std::collections::BTreeSet;

/// Rows that are told where all of them are asked for.
const MOST_ROWS: usize = 6;
/// Words that name no row, whatever the table is of.
#[rustfmt::skip]
pub(super) const OF_QUESTIONS: &[&str] = &[
    "row", "rows", "table", "item", "items", "entry", "entries", "one", "ones", "s", "first", "second", "third", "last", "next", "place",
    "expensive", "earn", "earns", "time", "day", "people", "who", "whose", "name", "called", "use", "uses", "used", "do", "does", "did",
    "get", "gets", "got", "go", "goes", "going", "work", "works", "live", "lives", "sit", "sits", "take", "takes", "have", "has", "list",
    "she", "he", "they", "thing", "yet", "already", "still", "now", "most", "least", "there", "here", "often", "never", "ever", "altogether", "together", "total", "overall", "sum",
];
/// What the heads of columns are called that tell where something or somebody is.
const PLACES: [&str; 12] = [
    "destination",
    "place",
    "location",
    "room",
    "office",
    "city",
    "venue",
    "address",
    "where",
    "station",
    "status",
    "desk",
];
/// What stands before a thing that is named.
const BEFORE_THINGS: [&str; 14] =
    ["the", "a", "an", "my", "our", "in", "of", "for", "on", "at", "from", "with", "his", "her"];
/// How rows are called whatever they are of.
const ROWS: [&str; 6] = ["row", "rows", "items", "entries", "records", "lines"];

/// The answer of a table.
pub(super) fn of_table<'a>(question: &Question, screen: &'a ScreenText) -> Option<Quote<'a>> {
    if question.says(&["column"]) {
        return tables(screen).iter().find_map(|table| column(question, table));
    }
    if matches!(question.wants, Wants::OwnWords) {
        return None;
    }
    if question.begins(&["is", "are", "has", "have", "was", "were"]) {
        return tables(screen).iter().find_map(|table| whether(question, table, screen));
    }
    if !question.begins(&["what", "which", "who", "whose", "how", "when", "where"]) {
        return None;
    }
    let quote = tables(screen).iter().find_map(|table| {
        all_of(question, table)
            .or_else(|| count(question, table, screen))
            .or_else(|| compared::of_table(question, table))
            .or_else(|| at_place(question, table))
            .or_else(|| named(question, table, screen))
    });
    quote.or_else(|| compared::extreme_of_rows(question, screen))
}

/// The cell of a table that the question names by its row and its column, or by its row alone where it asks how many.
pub(super) fn quantity<'a>(question: &Question, screen: &'a ScreenText) -> Option<Quote<'a>> {
    let is_count = matches!(&question.wants, Wants::Value { labels, is_number: true, .. } if labels.is_empty());
    let named = || table::cell(screen, &question.topic, false);
    // "How many shirts did I order" has words that stand in no row.
    let counted = || {
        let of = |words: &[String]| table::cell(screen, words, true).filter(|_| is_count);
        // What is counted comes before what is done with it: "how many people cleaned the windows" is asked of people.
        let helping = question
            .said
            .iter()
            .position(|word| matches!(word.as_str(), "do" | "does" | "did" | "are" | "have" | "were"));
        let is_counted = |word: &&String| match helping {
            Some(at) => question.said[..at].contains(word),
            None => question.topic.first() == Some(*word),
        };
        let mut counted = question.topic.iter().filter(is_counted);
        of(&question.topic).or_else(|| counted.find_map(|word| of(std::slice::from_ref(word))))
    };
    let named = named();
    let is_sure = named.is_some();
    let table::Cell { row, head, cell } = named.or_else(counted)?;
    if [row, head, cell].iter().any(|line| is_kept(line)) {
        return None;
    }
    let said = format!("{}: {} {}.", aloud(&row.text), aloud(&head.text), aloud(&cell.text).trim_end_matches('.'));
    Some(Quote { said, lines: vec![row, cell], query: None, is_sure })
}

/// What the rows are, where all of them are asked for: "which medicines are there".
fn all_of<'a>(question: &Question, table: &Table<'a>) -> Option<Quote<'a>> {
    let [.., are, there] = &question.said[..] else { return None };
    let is_asked =
        question.begins(&["what", "which"]) && are == "are" && there == "there" && !question.attribute.is_empty();
    if !is_asked || named_columns(&question.attribute, table) != [0] {
        return None;
    }
    let cells: Vec<&TextLine> = table.items().filter_map(|row| table.cell(row, 0)).collect();
    if cells.iter().any(|cell| is_kept(cell)) {
        return None;
    }
    let told: Vec<String> = cells.iter().map(|cell| aloud(&cell.text)).collect();
    let said = format!("{}: {}.", aloud(&table.heads()[0].text), told.join(", ").trim_end_matches('.'));
    Some(Quote { said, lines: cells, query: None, is_sure: true })
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
    Some(Quote { said, lines: std::iter::once(head).chain(cells).collect(), query: None, is_sure: true })
}

/// A row that is told whole, after `before`.
pub(super) fn row<'a>(before: &str, table: &Table<'a>, row: &[&'a TextLine]) -> Option<Quote<'a>> {
    let is_kept = row.iter().any(|cell| is_kept(cell));
    (!is_kept).then(|| Quote {
        said: format!("{before}{}", table.told(row)),
        lines: row.to_vec(),
        query: None,
        is_sure: true,
    })
}

/// What stands in a cell, and whose and what it is.
pub(super) fn cell<'a>(table: &Table<'a>, of: &[&'a TextLine], column: usize) -> Option<Quote<'a>> {
    let (head, cell) = (table.heads()[column], table.cell(of, column)?);
    let name = name(table, of).unwrap_or(cell);
    if [name, head, cell].iter().any(|line| is_kept(line)) || std::ptr::eq(name, cell) {
        return None;
    }
    let said = format!("{}: {} {}.", aloud(&name.text), aloud(&head.text), aloud(&cell.text).trim_end_matches('.'));
    Some(Quote { said, lines: vec![name, cell], query: None, is_sure: true })
}

/// What `row` is called by: its cell in the first column of words that are no days and differ from row to row, or else its first
/// such cell. Who runs a process does not name it.
pub(super) fn name<'a>(table: &Table<'a>, row: &[&'a TextLine]) -> Option<&'a TextLine> {
    let is_name =
        |cell: &TextLine| cell.text.contains(char::is_alphabetic) && shape::find(Kind::Date, &cell.text).is_empty();
    let names = |column: &usize| {
        let cells: Vec<&str> =
            table.items().filter_map(|row| table.cell(row, *column)).map(|cell| &*cell.text).collect();
        let all: BTreeSet<&str> = cells.iter().copied().collect();
        all.len() == cells.len() && table.cell(row, *column).is_some_and(is_name)
    };
    // "Flat 1B" is called so, and who lives there by a name.
    let is_plain = |column: &usize| {
        let mut cells = table.items().filter_map(|row| table.cell(row, *column));
        cells.all(|cell| !cell.text.contains(|c: char| c.is_ascii_digit()))
    };
    let columns = 0..table.heads().len();
    let column = columns.clone().find(|at| is_plain(at) && names(at)).or_else(|| columns.clone().find(names));
    let first = || row.iter().copied().find(|cell| is_name(cell)).or(row.first().copied());
    column.and_then(|column| table.cell(row, column)).or_else(first)
}

/// Whether the head of a column is named by `said`, all its words.
pub(super) fn names_head(said: &[String], head: &TextLine) -> bool {
    let head = words(&head.text);
    !head.is_empty() && head.iter().all(|word| said.iter().any(|said| alike(said, word)))
}

/// Whether the words of a head are named.
type Naming<'n> = &'n dyn Fn(&[String]) -> bool;

/// The columns whose heads `said` names, all of their words before a part of them, and those words before others for them.
pub(super) fn named_columns(said: &[String], table: &Table<'_>) -> Vec<usize> {
    let columns = |names: Naming<'_>| -> Vec<usize> {
        (0..table.heads().len()).filter(|at| names(&words(&table.heads()[*at].text))).collect()
    };
    let is_said = |is: fn(&str, &str) -> bool, word: &String| said.iter().any(|said| is(said, word));
    let ways: [Naming<'_>; 4] = [
        &|head| !head.is_empty() && head.iter().all(|word| is_said(alike, word)),
        &|head| head.iter().any(|word| word.len() > 2 && is_said(alike, word)),
        &|head| !head.is_empty() && head.iter().all(|word| is_said(ties::names, word)),
        &|head| head.iter().any(|word| is_said(ties::names, word)),
    ];
    ways.into_iter().map(columns).find(|found| !found.is_empty()).unwrap_or_default()
}

/// Whether `word` stands in a cell of `row`.
pub(super) fn has(row: &[&TextLine], word: &str) -> bool {
    row.iter().any(|cell| words(&cell.text).iter().any(|read| alike(word, read)))
}

/// The words of a question that may name a row or a column, with its numbers as tables write them.
pub(super) fn asked(question: &Question) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for (at, word) in question.said.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| &question.said[before]);
        match all.last_mut() {
            // "Flat 1 b" is written "1B".
            Some(number) if before.is_some_and(|before| is_number(before)) && is_letter(word) => number.push_str(word),
            _ if question.topic.contains(word) || is_number(word) => all.push(cardinal(word)),
            _ => {}
        }
    }
    all
}

/// How many rows there are, where that is asked and nothing else is called so on the page.
fn count<'a>(question: &Question, table: &Table<'a>, screen: &ScreenText) -> Option<Quote<'a>> {
    if !matches!(&question.said[..], [how, many, ..] if how == "how" && many == "many") {
        return None;
    }
    let rows: Vec<&Vec<&'a TextLine>> = table.items().collect();
    let all = || rows.iter().flat_map(|row| row.iter().copied()).collect();
    let told = |count: usize, what: &str, lines| {
        Some(Quote { said: format!("The table has {}.", counted(count, what)), lines, query: None, is_sure: true })
    };
    if question.says(&["columns"]) {
        return told(table.heads().len(), "column", table.heads().to_vec());
    }
    let over = over(table, screen);
    let counts_rows = |word: &str| {
        let mut heads = table.heads().iter().take(2).flat_map(|head| words(&head.text));
        heads.any(|head| ties::names(word, &head))
    };
    let is_idle = |word: &str| ROWS.contains(&word) || OF_QUESTIONS.contains(&word) && !counts_rows(word);
    let matter: Vec<&String> = question.topic.iter().filter(|word| !is_idle(word)).collect();
    if matter.is_empty() && question.says(&ROWS) {
        return told(rows.len(), "row", all());
    }
    let is_there = |word: &str| rows.iter().any(|row| has(row, word));
    // "How many people work there", "how many children are in the class": what begins the rows is called so.
    let counted_as = question.topic.first().filter(|word| counts_rows(word) && !is_there(word));
    let rest: Vec<&String> = matter.iter().copied().filter(|word| Some(*word) != counted_as).collect();
    let is_known = |word: &&String| over.iter().any(|read| alike(word, read)) && !is_there(word);
    if rows.len() > 1 && counted_as.is_some() && rest.iter().all(is_known) {
        return told(rows.len(), "row", all());
    }
    let stands = |word: &str| screen.lines.iter().any(|line| words(&line.text).iter().any(|read| alike(word, read)));
    if matter.len() == 1
        && question.topic.len() == 1
        && !stands(matter[0])
        && counted_as.is_none()
        && !names_any(matter[0], table)
    {
        return told(rows.len(), "row", all());
    }
    // "How many points does United have" is about a cell.
    let is_measure = |word: &String| {
        let columns = named_columns(std::slice::from_ref(word), table);
        columns.iter().any(|at| {
            let cells = rows.iter().filter_map(|row| table.cell(row, *at));
            cells.filter(|cell| typed::worth(&cell.text).is_some_and(|worth| worth.of == Type::Number)).count() * 2
                > rows.len()
        })
    };
    if matter.iter().any(|word| Some(*word) != counted_as && is_measure(word))
        || counted_as.is_some_and(|word| is_measure(word) && rest.iter().any(|word| is_there(word)))
    {
        return None;
    }
    // "How many people work in sales": the rows that have it.
    let column = (1..table.heads().len()).find_map(|column| {
        let has = |row: &&&Vec<&TextLine>| {
            let cell = table.cell(row, column).filter(|cell| !cell.text.contains(|c: char| c.is_ascii_digit()));
            cell.is_some_and(|cell| {
                let read = words(&cell.text);
                // "How many trains go to London" where all of them are trains, and the name goes on.
                let rest: Vec<&&String> =
                    matter.iter().filter(|word| !over.iter().any(|read| alike(word, read))).collect();
                let is_begun = !rest.is_empty() && rest.iter().all(|word| read.iter().any(|read| alike(word, read)));
                read.iter().all(|read| matter.iter().any(|word| alike(word, read)))
                    || is_begun && rest.len() < matter.len()
            })
        };
        let found: Vec<&Vec<&TextLine>> = rows.iter().filter(has).copied().collect();
        (!found.is_empty()).then_some((column, found))
    });
    let (column, found) = column?;
    let strange = matter.iter().filter(|word| {
        !table.cell(found[0], column).is_some_and(|cell| words(&cell.text).iter().any(|read| alike(word, read)))
    });
    if strange.count() > 2 || found.iter().flat_map(|row| row.iter()).any(|cell| is_kept(cell)) {
        return None;
    }
    let names: Vec<String> = found.iter().filter_map(|row| name(table, row)).map(|name| aloud(&name.text)).collect();
    let lines = found.iter().flat_map(|row| row.iter().copied()).collect();
    Some(Quote {
        said: format!("{}: {}.", counted(found.len(), "row"), names.join(", ")),
        lines,
        query: None,
        is_sure: true,
    })
}

/// Whether any head is called `word`, or so in another word.
fn names_any(word: &str, table: &Table<'_>) -> bool {
    table.heads().iter().any(|head| words(&head.text).iter().any(|read| ties::names(word, read)))
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
            if rest == ["last"] {
                return row("", table, rows.last()?);
            }
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

/// What a question names of a table.
struct Named<'t, 'a> {
    /// The rows that have all the words that stand in rows.
    rows: Vec<&'t Vec<&'a TextLine>>,
    /// These words.
    known: Vec<String>,
    /// What is a thing, and stands nowhere in the table or over it.
    lacking: Vec<String>,
    /// What else stands nowhere: "teaches".
    strange: usize,
}

/// What `question` names of `table`, if it names a row.
fn names<'t, 'a>(question: &Question, table: &'t Table<'a>, screen: &ScreenText) -> Option<Named<'t, 'a>> {
    let is_of_head = |word: &str| {
        let mut heads = table.heads().iter().flat_map(|head| words(&head.text));
        heads.any(|head| ties::names(word, &head))
    };
    let rows: Vec<&Vec<&'a TextLine>> = table.items().collect();
    let is_there = |word: &str| rows.iter().any(|row| has(row, word));
    let is_idle = |word: &str| OF_QUESTIONS.contains(&word);
    let rest: Vec<String> = asked(question).into_iter().filter(|word| !is_idle(word)).collect();
    let mut known: Vec<String> =
        rest.iter().filter(|word| is_there(word) && !names_exactly(word, table)).cloned().collect();
    if known.is_empty() {
        known = rest.iter().filter(|word| is_there(word)).cloned().collect();
    }
    if known.is_empty() {
        return None;
    }
    // What is asked of a row does not name it.
    if known.iter().any(|word| !question.attribute.contains(word)) {
        known.retain(|word| !question.attribute.contains(word));
    }
    let over = over(table, screen);
    let strange = rest.iter().filter(|word| {
        !is_there(word) && !is_of_head(word) && !over.iter().any(|read| alike(word, read) || ties::names(word, read))
    });
    let is_thing = |word: &&String| {
        let at = question.said.iter().position(|said| said == *word);
        let before = at.and_then(|at| at.checked_sub(1)).map(|before| question.said[before].as_str());
        before.is_some_and(|before| BEFORE_THINGS.contains(&before)) || question.attribute.contains(word)
    };
    let (lacking, strange): (Vec<String>, Vec<String>) = strange.cloned().partition(|word| is_thing(&word));
    let found = rows.iter().copied().filter(|row| known.iter().all(|word| has(row, word))).collect();
    Some(Named { rows: found, known, lacking, strange: strange.len() })
}

/// Whether a head is called `word` and nothing else.
fn names_exactly(word: &str, table: &Table<'_>) -> bool {
    table.heads().iter().any(|head| matches!(&words(&head.text)[..], [only] if alike(word, only)))
}

/// The words of what stands over a table: titles, headlines, and the first lines of the page.
fn over(table: &Table<'_>, screen: &ScreenText) -> Vec<String> {
    let top = table.heads().first().map_or(0, |head| head.region.y);
    let texts = screen.lines.iter().filter(|line| line.region.y < top).map(|line| line.text.as_str());
    texts.chain(screen.window.as_deref()).flat_map(words).collect()
}

/// Whether a table has the row that a question names, and nothing of what is asked of it: "the bus to Velden" where only trains
/// go there.
pub(super) fn lacks(question: &Question, screen: &ScreenText) -> bool {
    tables(screen).iter().any(|table| {
        let named = names(question, table, screen).filter(|named| !named.rows.is_empty());
        let stands = |word: &String| {
            screen.lines.iter().any(|line| words(&line.text).iter().any(|read| ties::names(word, read)))
        };
        named.is_some_and(|named| {
            named.lacking.iter().any(|word| !stands(word)) && column_asked(question, table).is_none()
        })
    })
}

/// The column that a question asks for by what it calls it.
fn column_asked(question: &Question, table: &Table<'_>) -> Option<usize> {
    named_columns(&question.attribute, table).into_iter().next().filter(|_| !question.attribute.is_empty())
}

/// The row that the words of a question name, in any of its cells, and its cell under the head that they name.
fn named<'a>(question: &Question, table: &Table<'a>, screen: &ScreenText) -> Option<Quote<'a>> {
    let Named { rows: found, known, lacking, strange } = names(question, table, screen)?;
    // One word may say what a row does: "who teaches boxing".
    if strange > 1
        || !lacking.is_empty() && column_asked(question, table).is_none() && !is_column_named(question, table)
    {
        return None;
    }
    let rows: Vec<&Vec<&'a TextLine>> = table.items().collect();
    let at = |of: &Vec<&TextLine>| rows.iter().position(|row| std::ptr::eq(*row, of)).unwrap_or(0) + 1;
    match &found[..] {
        [of] if question.says(&["row"]) => row(&format!("Row {}: ", at(of)), table, of),
        [of] => {
            let column = column_of(question, table, of, &known);
            let cell = column.and_then(|column| cell(table, of, column));
            // Which of its cells is asked for nothing tells.
            cell.or_else(|| row("", table, of).map(|quote| Quote { is_sure: false, ..quote }))
        }
        // "Which classes does Lena teach": several rows have it, in one column.
        [first, ..]
            if found.len() <= MOST_ROWS && question.begins(&["who", "which", "what", "whose", "when", "how"]) =>
        {
            // Of each of a few what is asked for.
            let asked = column_of(question, table, first, &known).filter(|_| found.len() <= MOST_ROWS / 2);
            let each: Option<Vec<Quote<'a>>> =
                asked.and_then(|column| found.iter().map(|row| cell(table, row, column)).collect());
            if let Some(each) = each {
                return Some(Quote {
                    said: each.iter().map(|quote| quote.said.as_str()).collect::<Vec<_>>().join(" "),
                    lines: each.iter().flat_map(|quote| quote.lines.clone()).collect(),
                    query: None,
                    is_sure: true,
                });
            }
            if question.begins(&["when", "how"]) {
                return None;
            }
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
            Some(Quote {
                said,
                lines: found.iter().flat_map(|row| row.iter().copied()).collect(),
                query: None,
                is_sure: true,
            })
        }
        _ => None,
    }
}

/// Words that compare, which takes more than one row.
const COMPARING: [&str; 8] = ["than", "before", "after", "same", "more", "less", "enough", "both"];

/// The row that a question for a yes or no is about, which says so or not: "has the Lisbon plane landed".
fn whether<'a>(question: &Question, table: &Table<'a>, screen: &ScreenText) -> Option<Quote<'a>> {
    if question.says(&COMPARING) || question.says(&["there"]) {
        return None;
    }
    let named = names(question, table, screen)?;
    let rows: Vec<&Vec<&'a TextLine>> = table.items().collect();
    // What is said of another row is not known of this one: it is what is asked.
    let begins_with = |row: &&Vec<&'a TextLine>| {
        name(table, row).or(row.first().copied()).is_some_and(|name| named.known.iter().any(|word| has(&[name], word)))
    };
    let found = match &named.rows[..] {
        [] => rows.into_iter().filter(begins_with).collect(),
        _ => named.rows,
    };
    let [of] = found[..] else { return None };
    (named.strange + named.lacking.len() <= 1 && !is_only_name(question, &named.known)).then(|| row("", table, of))?
}

/// Whether a question says nothing of a row but its name.
fn is_only_name(question: &Question, known: &[String]) -> bool {
    asked(question).iter().all(|word| known.contains(word)) && known.len() < 2
}

/// Whether a question names a column by its own word: "what did Ada get in maths".
fn is_column_named(question: &Question, table: &Table<'_>) -> bool {
    let tied = |two: &&[String]| matches!(two[0].as_str(), "in" | "of" | "for" | "at" | "on" | "under");
    let named: Vec<String> = question.said.windows(2).filter(tied).map(|two| two[1].clone()).collect();
    table.heads().iter().any(|head| names_head(&named, head))
}

/// The column of `of` that a question asks for: the one that it calls so, of several the one that is of the kind that is asked for and
/// that it names last; or else the only one of that kind. Not the one that `known` stands in.
fn column_of(question: &Question, table: &Table<'_>, of: &[&TextLine], known: &[String]) -> Option<usize> {
    let is_free =
        |column: &usize| table.cell(of, *column).is_some_and(|cell| !known.iter().all(|word| has(&[cell], word)));
    if let Some(column) =
        named_columns(&question.attribute, table).into_iter().find(|at| is_free(at) && !question.attribute.is_empty())
    {
        return Some(column);
    }
    let said: Vec<String> =
        question.said.iter().filter(|word| !known.contains(word) && !is_asking(word)).cloned().collect();
    let mut tied: Vec<usize> = named_columns(&said, table).into_iter().filter(is_free).collect();
    // "How many did I order" asks for no number of an order.
    if question.says(&["many"]) {
        tied.retain(|at| !compared::is_name_of(table.heads()[*at]));
        if tied.is_empty() {
            let is_quantity = |at: &usize| {
                words(&table.heads()[*at].text).iter().any(|word| table::QUANTITY.contains(&word.as_str()))
            };
            return (0..table.heads().len()).find(is_quantity);
        }
    }
    // What is told where the row has the word that names it: "delayed until 11:05".
    let is_told_there = |cell: &&TextLine| {
        known.iter().any(|word| has(&[cell], word))
            && matches!(&question.wants, Wants::Value { kind: Some(Kind::Date), .. })
            && cell.text.split_whitespace().count() > 1
            && cell.text.split_whitespace().any(shape::is_time)
    };
    if of.iter().any(is_told_there) {
        return None;
    }
    // What one of them costs is another column than what all of them do.
    let of_price: &[&str] = if question.says(&["one", "each", "single", "per"]) {
        &["price", "each", "unit", "rate"]
    } else if question.says(&compared::TOGETHER) {
        &["amount", "total", "sum"]
    } else {
        &[]
    };
    let is_of_price = |at: &usize| words(&table.heads()[*at].text).iter().any(|word| of_price.contains(&word.as_str()));
    if tied.len() > 1 && tied.iter().any(is_of_price) {
        tied.retain(is_of_price);
    }
    let is_it = |column: &usize| table.cell(of, *column).is_some_and(|cell| is_wanted(question, cell));
    if tied.len() > 1 && tied.iter().any(is_it) {
        tied.retain(is_it);
    }
    let last = |column: &usize| {
        let head = words(&table.heads()[*column].text);
        said.iter().rposition(|word| head.iter().any(|read| ties::names(word, read)))
    };
    tied.into_iter().max_by_key(last).or_else(|| of_kind(question, table, of, &is_free))
}

/// Words of questions that are none of a column: "to" may stand over one.
fn is_asking(word: &str) -> bool {
    super::super::excerpt::COMMON.contains(&word) && !matches!(word, "email" | "document")
}

/// Whether `cell` has what the question asks for: a day or a time, or an amount.
fn is_wanted(question: &Question, cell: &TextLine) -> bool {
    let of = typed::worth(&cell.text).map(|worth| worth.of);
    let Wants::Value { kind, .. } = &question.wants else { return false };
    let is_money = question.says(&["pay", "pays", "earn", "earns", "cost", "costs", "paid"]);
    match kind.or(is_money.then_some(Kind::Amount)) {
        Some(Kind::Date) => {
            matches!(of, Some(Type::Day | Type::Time)) || !shape::find(Kind::Date, &cell.text).is_empty()
        }
        Some(Kind::Amount) => !shape::find(Kind::Amount, &cell.text).is_empty() || of == Some(Type::Number),
        _ => false,
    }
}

/// The only column of `of` that has what a question asks for: a day or a time, an amount, or where something is.
fn of_kind(
    question: &Question,
    table: &Table<'_>,
    of: &[&TextLine],
    is_free: &dyn Fn(&usize) -> bool,
) -> Option<usize> {
    let heads = || (0..table.heads().len()).filter(is_free);
    if question.begins(&["where"]) {
        let is_place = |at: &usize| words(&table.heads()[*at].text).iter().any(|word| PLACES.contains(&word.as_str()));
        return heads().find(is_place);
    }
    let Wants::Value { kind, .. } = &question.wants else { return None };
    let is_it = |cell: &TextLine| match kind {
        Some(Kind::Amount) => !shape::find(Kind::Amount, &cell.text).is_empty(),
        _ => is_wanted(question, cell),
    };
    let mut columns = heads().filter(|at| table.cell(of, *at).is_some_and(is_it));
    let column = columns.next()?;
    columns.next().is_none().then_some(column)
}

fn is_letter(word: &str) -> bool {
    word.len() == 1 && word.chars().all(char::is_alphabetic)
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
