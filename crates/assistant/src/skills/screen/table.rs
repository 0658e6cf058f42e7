//! Tables: what stands in a row, in a column, and in the cell where both meet.
//!
//! Owns where a table is: rows of cells under a row of heads. Lines that stand beside each other are a table only under heads,
//! since labels and their values stand in two columns as well. Never compares or sums what is in it.

use super::excerpt::COMMON;
use super::nouns::Part;
use super::say::{aloud, is_legible};
use super::secret::is_secret;
use super::words::{likeness, words};
use jarvis_core::{Region, ScreenText, TextLine, TextRole};

/// A head has no more words.
const HEAD_WORDS: usize = 3;
/// What fits less is another word.
const FITS: f32 = 0.8;
/// Rows of a table are no further apart, in heights of a line.
const APART: i32 = 3;
/// Signs of a line that is drawn, bytes.
const RULE: usize = 3;
/// What rows under the items begin with.
const SUMS: [&str; 13] = [
    "net", "total", "subtotal", "sum", "vat", "tax", "discount", "shipping", "delivery", "balance", "tip", "change",
    "average",
];
/// What heads call how many there are.
pub(super) const QUANTITY: [&str; 6] = ["quantity", "qty", "count", "pieces", "units", "number"];

/// A table: its heads, and the cells of each row.
pub(super) struct Table<'a> {
    heads: Vec<&'a TextLine>,
    rows: Vec<Vec<&'a TextLine>>,
}

/// A cell, with what it is called.
pub(super) struct Cell<'a> {
    /// What begins its row.
    pub row: &'a TextLine,
    /// What stands over it.
    pub head: &'a TextLine,
    /// The cell.
    pub cell: &'a TextLine,
}

/// The tables of the screen, from top to bottom.
pub(super) fn tables(screen: &ScreenText) -> Vec<Table<'_>> {
    let rows = rows(screen);
    let mut found: Vec<Table<'_>> = Vec::new();
    let mut at = 0;
    while at < rows.len() {
        let heads = &rows[at];
        let mut to = at + 1;
        // What stands further below than rows do is a sum, or no row.
        let usual = rows.get(to).map_or(0, |first| gap(heads, first));
        let is_close = |to: usize| {
            let height = heads[0].region.height.max(1) as i32;
            gap(&rows[to - 1], &rows[to]) <= usual.saturating_mul(2).max(height) || sums_up(&rows[to])
        };
        while to < rows.len() && is_next(&rows[to - 1], &rows[to], heads) && is_close(to) {
            to += 1;
        }
        let body = &rows[at + 1..to];
        // Two columns may be labels and their values, unless the rows go on alike.
        // A row of links over a line of text is no table.
        let is_full = body.first().is_some_and(|first| first.len() + 1 >= heads.len());
        // A column of secrets needs no figures.
        let has_secrets = || heads[1..].iter().any(|head| is_secret(&head.text));
        let is_many = heads.len() > 2 && is_full || body.len() > 1;
        let is_one = are_heads(heads) && is_many && (has_figures(body) || has_secrets());
        if is_one {
            found.push(Table { heads: heads.clone(), rows: body.to_vec() });
            at = to;
        } else {
            at += 1;
        }
    }
    found
}

/// The lines that stand beside each other, from left to right, and these rows from top to bottom.
pub(super) fn rows(screen: &ScreenText) -> Vec<Vec<&TextLine>> {
    let is_text = |line: &&TextLine| {
        is_legible(line)
            && !matches!(line.role, TextRole::Title | TextRole::Control)
            && !line.region.is_empty()
            && !is_rule(&line.text)
    };
    let mut lines: Vec<&TextLine> = screen.lines.iter().filter(is_text).collect();
    lines.sort_by_key(|line| (line.region.y, line.region.x));
    let mut rows: Vec<Vec<&TextLine>> = Vec::new();
    for line in lines {
        match rows.last_mut().filter(|row| is_beside(&row[0].region, &line.region)) {
            Some(row) => row.push(line),
            None => rows.push(vec![line]),
        }
    }
    for row in &mut rows {
        row.sort_by_key(|line| line.region.x);
    }
    rows
}

/// Whether `text` is a line that is drawn under heads: "-----+----".
fn is_rule(text: &str) -> bool {
    text.len() >= RULE && text.chars().all(|c| matches!(c, '-' | '=' | '+' | '|' | '_' | '─' | '━' | '┼' | ' '))
}

fn is_beside(one: &Region, other: &Region) -> bool {
    let shared = i64::from(one.bottom().min(other.bottom())) - i64::from(one.y.max(other.y));
    shared * 2 >= i64::from(one.height.min(other.height))
}

/// Whether `next` is a row of the table under `heads`: of two cells at least, close below, each of them under a head.
fn is_next(before: &[&TextLine], next: &[&TextLine], heads: &[&TextLine]) -> bool {
    let height = before[0].region.height.max(1) as i32;
    next.len() >= 2
        && next.len() <= heads.len()
        && gap(before, next) <= APART * height
        && next.iter().all(|cell| !cell.text.trim_end().ends_with(':'))
}

/// How far `next` stands below the row before it, px.
fn gap(before: &[&TextLine], next: &[&TextLine]) -> i32 {
    next[0].region.y.saturating_sub(before[0].region.bottom())
}

fn are_heads(row: &[&TextLine]) -> bool {
    let is_head = |line: &&TextLine| {
        let count = line.text.split_whitespace().count();
        let is_text = !line.text.contains([':', '@', '$']);
        (1..=HEAD_WORDS).contains(&count) && !has_digit(&line.text) && is_text
    };
    // What is in a field is a value, unless all of a text is typed into one.
    let is_field = |line: &&TextLine| line.role == TextRole::Field;
    let may_be = !row.iter().any(is_field) || row.len() > 2 && row.iter().all(is_field);
    row.len() >= 2 && row.iter().all(is_head) && may_be
}

/// Whether there are numbers under the heads: what has none may be a menu.
fn has_figures(rows: &[Vec<&TextLine>]) -> bool {
    rows.iter().filter(|row| row.iter().any(|cell| has_digit(&cell.text))).count() * 2 >= rows.len()
}

/// Whether `row` is the sum of those over it and no item.
pub(super) fn sums_up(row: &[&TextLine]) -> bool {
    row.first().is_some_and(|first| words(&first.text).iter().any(|word| SUMS.contains(&word.as_str())))
}

fn has_digit(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit())
}

impl<'a> Table<'a> {
    /// Which column `cell` stands in: under the head that it overlaps, or else under the nearest.
    fn column(&self, cell: &TextLine) -> usize {
        let middle = |region: &Region| i64::from(region.x) * 2 + i64::from(region.width);
        let overlap = |head: &&TextLine| {
            i64::from(head.region.right().min(cell.region.right())) - i64::from(head.region.x.max(cell.region.x))
        };
        let nearness = |head: &&TextLine| {
            let overlap = overlap(head);
            if overlap > 0 { (1, overlap) } else { (0, -(middle(&head.region) - middle(&cell.region)).abs()) }
        };
        (0..self.heads.len()).max_by_key(|at| nearness(&self.heads[*at])).unwrap_or(0)
    }

    /// The cells under the heads for which `is_it` holds, each with the index of its column.
    pub(super) fn cells_under(&self, is_it: impl Fn(&TextLine) -> bool) -> impl Iterator<Item = (usize, &'a TextLine)> {
        let cells = self.rows.iter().flatten().map(|cell| (self.column(cell), *cell));
        cells.filter(move |(column, _)| is_it(self.heads[*column]))
    }

    /// Its cells, each with the head that it stands under.
    pub(super) fn named_cells(&self) -> impl Iterator<Item = (&'a TextLine, &'a TextLine)> + '_ {
        self.rows.iter().flatten().map(|cell| (self.heads[self.column(cell)], *cell))
    }

    /// The cell of `row` under the head `column`.
    pub(super) fn cell(&self, row: &[&'a TextLine], column: usize) -> Option<&'a TextLine> {
        row.iter().copied().find(|cell| self.column(cell) == column)
    }

    /// What stands over its columns.
    pub(super) fn heads(&self) -> &[&'a TextLine] {
        &self.heads
    }

    /// Its rows, without those that sum the others up, and what stands in a few cells under such.
    pub(super) fn items(&self) -> impl Iterator<Item = &Vec<&'a TextLine>> {
        let first = self.rows.iter().position(|row| sums_up(row)).unwrap_or(self.rows.len());
        let is_item =
            move |at: usize, row: &[&TextLine]| !sums_up(row) && (at < first || row.len() == self.heads.len());
        self.rows.iter().enumerate().filter(move |(at, row)| is_item(*at, row)).map(|(_, row)| row)
    }

    /// Whether it sums itself up.
    pub(super) fn has_sums(&self) -> bool {
        self.rows.iter().any(|row| sums_up(row))
    }

    /// `row` as it is said: what begins it, and its cells with what stands over them.
    pub(super) fn told(&self, row: &[&TextLine]) -> String {
        let cells = row.iter().enumerate().map(|(at, cell)| {
            // What begins a row is known without its head.
            let head = self.heads[self.column(cell)];
            if at == 0 { aloud(&cell.text) } else { format!("{} {}", aloud(&head.text), aloud(&cell.text)) }
        });
        format!("{}.", cells.collect::<Vec<_>>().join(", ").trim_end_matches('.'))
    }
}

/// The cell that `topic` names by its row and its column, all its words used: "heating" and "march". `counts`: how many there
/// are is asked for, and the column needs not be named.
pub(super) fn cell<'a>(screen: &'a ScreenText, topic: &[String], counts: bool) -> Option<Cell<'a>> {
    let names = |word: &String, line: &TextLine| words(&line.text).iter().any(|read| likeness(word, read) >= FITS);
    let said: Vec<&String> = topic.iter().filter(|word| !COMMON.contains(&word.as_str())).collect();
    for table in tables(screen) {
        let all_of = |head: &TextLine| {
            let head = words(&head.text);
            !head.is_empty() && head.iter().all(|word| said.iter().any(|said| likeness(said, word) >= FITS))
        };
        let is_quantity = |head: &TextLine| words(&head.text).iter().any(|word| QUANTITY.contains(&word.as_str()));
        // What begins the rows is no column to be asked for.
        let columns = (1..table.heads.len()).filter(|at| {
            let head = table.heads[*at];
            all_of(head) || counts && is_quantity(head)
        });
        for column in columns {
            let head = table.heads[column];
            let mut rest = said.iter().filter(|word| !names(word, head)).peekable();
            if rest.peek().is_none() {
                continue;
            }
            let rest: Vec<&&String> = rest.collect();
            let is_row =
                |row: &&Vec<&'a TextLine>| table.column(row[0]) == 0 && rest.iter().all(|word| names(word, row[0]));
            let mut rows = table.rows.iter().filter(is_row);
            if let (Some(row), None) = (rows.next(), rows.next())
                && let Some(cell) = table.cell(row, column)
            {
                return Some(Cell { row: row[0], head, cell });
            }
        }
    }
    None
}

/// What is said of a row or a column by its place, and its lines. `None` where there is no table; nothing to say where it
/// has not so many.
pub(super) fn part(part: Part, screen: &ScreenText) -> Option<(String, Vec<&TextLine>)> {
    let table = tables(screen).into_iter().next()?;
    let nth = |count: usize| if part.at == 0 { count.checked_sub(1) } else { Some(part.at as usize - 1) };
    let told = |line: &TextLine| aloud(&line.text);
    match part.unit {
        "row" => {
            let Some(row) = nth(table.rows.len()).and_then(|at| table.rows.get(at)) else {
                return Some((counted(table.rows.len(), "row", screen), Vec::new()));
            };
            Some((table.told(row), row.clone()))
        }
        "column" => {
            let Some(column) = nth(table.heads.len()).filter(|at| *at < table.heads.len()) else {
                return Some((counted(table.heads.len(), "column", screen), Vec::new()));
            };
            let cells: Vec<&TextLine> = table.rows.iter().filter_map(|row| table.cell(row, column)).collect();
            let said: Vec<String> = cells.iter().map(|cell| told(cell)).collect();
            let said = format!("{}: {}.", told(table.heads[column]), said.join(", ").trim_end_matches('.'));
            Some((said, std::iter::once(table.heads[column]).chain(cells).collect()))
        }
        _ => None,
    }
}

fn counted(count: usize, what: &str, screen: &ScreenText) -> String {
    format!("I see only {} {}.", super::say::counted(count, what), super::where_looked(screen))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{line, screen};
    use super::*;
    use proptest::prelude::*;

    fn prices() -> ScreenText {
        let mut lines = vec![line("Total: 5", 10, 10)];
        for (row, cells) in
            [["Item", "Quantity", "Price"], ["Shirt", "2", "19.99"], ["Shoes", "1", "59.00"]].iter().enumerate()
        {
            let y = 60 + 26 * row as i32;
            lines.extend(cells.iter().enumerate().map(|(at, text)| line(text, 10 + 150 * at as i32, y)));
        }
        screen(lines)
    }

    fn said(unit: &'static str, at: u32) -> String {
        part(Part { unit, at }, &prices()).unwrap().0
    }

    #[test]
    fn rows_and_columns_are_told_with_their_heads() {
        assert_eq!(said("row", 2), "Shoes, Quantity 1, Price 59.00.");
        assert_eq!(said("row", 0), said("row", 2));
        assert_eq!(said("column", 2), "Quantity: 2, 1.");
        assert_eq!(said("column", 0), "Price: 19.99, 59.00.");
        assert_eq!(said("row", 9), "I see only 2 rows on your screen.");
        assert!(part(Part { unit: "row", at: 1 }, &screen(vec![line("Name: Ada", 10, 10)])).is_none());
    }

    #[test]
    fn a_cell_is_where_its_row_and_its_column_meet() {
        let page = prices();
        let of = |topic: &str, counts| cell(&page, &words(topic), counts).map(|cell| cell.cell.text.as_str());
        assert_eq!(of("quantity shirt", false), Some("2"));
        assert_eq!(of("shoes price", false), Some("59.00"));
        assert_eq!(of("shirts", true), Some("2"));
        assert_eq!(of("shirt", false), None);
        assert_eq!(of("hat price", false), None);
    }

    proptest! {
        #[test]
        fn any_screen_has_its_tables(
            texts in proptest::collection::vec(("\\PC{0,12}|[a-z]{1,5}|[0-9]{1,3}", -500..2000i32, 0..300i32), 0..30),
            at in 0..5u32, topic in "[a-z]{1,5} [a-z]{1,5}",
        ) {
            let screen = screen(texts.iter().map(|(text, x, y)| line(text, *x, *y)).collect());
            for unit in ["row", "column", "line"] {
                part(Part { unit, at }, &screen);
            }
            cell(&screen, &words(&topic), true);
            for table in tables(&screen) {
                prop_assert!(table.rows.iter().flatten().all(|cell| table.column(cell) < table.heads.len()));
            }
        }
    }
}
