//! Blocks of text that are tables: the cells of their rows, told apart at the gaps between them.
//!
//! Owns where a row of a terminal, an editor or a text in a window has cells, and where each of them stands, by the columns
//! of characters. Whatever looks for labels, values, rows and columns looks at [`Cells::screen`], in which each cell is a
//! line and every line has single spaces; who copies text takes the lines as they are written ([`Cells::written`]). Adds no
//! word and loses none.

use jarvis_core::{Region, ScreenText, TextLine};
use std::borrow::Cow;
use std::ops::Range;

/// So many spaces part cells wherever they stand; one less only where the rows around have cells that begin or end there.
const APART: usize = 3;
/// Rows of a block are no further apart, in heights of a line.
const ROWS_APART: i64 = 3;
/// Rows on each side of one that tell where its cells are.
const AROUND: usize = 2;
/// How wide a character is where no line tells, in hundredths of the height of a line.
const WIDTH: u64 = 50;
/// Characters from which the width of one is known.
const TELLING: usize = 4;
/// How many columns a tab at the beginning of a line stands for.
const TAB: usize = 4;

/// A screen whose tables in plain text have cells. See the module's own words.
pub(super) struct Cells<'a> {
    /// Its lines, each row's cells one after the other.
    pub screen: Cow<'a, ScreenText>,
    written: &'a ScreenText,
    /// Of which written line each is; empty where they are the written ones.
    of: Vec<usize>,
}

/// A part of a line without a gap in it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    /// Its columns, in characters.
    at: Range<usize>,
    text: String,
}

impl<'a> Cells<'a> {
    /// Those of `written`.
    pub fn of(written: &'a ScreenText) -> Self {
        let is_plain = |line: &TextLine| line.text == single_spaced(&line.text);
        if written.lines.iter().all(is_plain) {
            return Self { screen: Cow::Borrowed(written), written, of: Vec::new() };
        }
        let (mut lines, mut of) = (Vec::with_capacity(written.lines.len()), Vec::new());
        for block in blocks(&written.lines) {
            let rows = rows(&written.lines[block.clone()]);
            let (left, pitch) = measures(&written.lines[block.clone()]);
            for (row, at) in rows.into_iter().zip(block) {
                let line = &written.lines[at];
                if line.text == single_spaced(&line.text) && row.len() <= 1 {
                    lines.push(line.clone());
                    of.push(at);
                    continue;
                }
                of.extend(std::iter::repeat_n(at, row.len()));
                // What was read with its indentation begins where the block does, whatever its own region.
                let from = if line.text.starts_with([' ', '\t']) { left } else { line.region.x };
                lines.extend(row.into_iter().map(|piece| TextLine {
                    region: place(&piece.at, from, pitch, &line.region),
                    text: piece.text,
                    ..line.clone()
                }));
            }
        }
        Self { screen: Cow::Owned(ScreenText { lines, ..written.clone() }), written, of }
    }

    /// The lines as they are written.
    pub fn as_written(&self) -> &'a ScreenText {
        self.written
    }

    /// The same cells of `screen` and `written`, which have other texts in the same lines.
    pub fn with_texts<'b>(&self, screen: &'b ScreenText, written: &'b ScreenText) -> Cells<'b> {
        Cells { screen: Cow::Borrowed(screen), written, of: self.of.clone() }
    }

    /// `lines` of [`Self::screen`] as they are written, each once.
    pub fn written<'s>(&'s self, lines: &[&'s TextLine]) -> Vec<&'s TextLine> {
        if self.of.is_empty() {
            return lines.to_vec();
        }
        let place = |line: &&TextLine| self.screen.lines.iter().position(|other| std::ptr::eq(other, *line));
        let mut places: Vec<usize> = lines.iter().filter_map(place).map(|at| self.of[at]).collect();
        places.dedup();
        places.into_iter().map(|at| &self.written.lines[at]).collect()
    }
}

fn single_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Where in the window the characters `at` of a line are.
fn place(at: &Range<usize>, from: i32, pitch: f32, line: &Region) -> Region {
    let of = |columns: usize| (columns as f32 * pitch).round() as u32;
    Region { x: from.saturating_add_unsigned(of(at.start)), width: of(at.len()).max(1), ..*line }
}

/// Lines that stand one under the other and are of one role.
fn blocks(lines: &[TextLine]) -> Vec<Range<usize>> {
    let goes_on = |line: &TextLine, next: &TextLine| {
        let gap = i64::from(next.region.y) - i64::from(line.region.bottom());
        let height = i64::from(line.region.height.max(1));
        line.role == next.role && gap >= -height / 2 && gap <= ROWS_APART * height
    };
    let mut all: Vec<Range<usize>> = Vec::new();
    for at in 0..lines.len() {
        match all.last_mut() {
            Some(block) if goes_on(&lines[at - 1], &lines[at]) => block.end = at + 1,
            _ => all.push(at..at + 1),
        }
    }
    all
}

/// Where a block begins, and how wide its characters are, px.
fn measures(lines: &[TextLine]) -> (i32, f32) {
    let left = lines.iter().map(|line| line.region.x).min().unwrap_or(0);
    let width = |line: &TextLine| line.region.width as f32 / line.text.chars().count() as f32;
    let telling = lines.iter().filter(|line| line.text.chars().count() >= TELLING && !line.region.is_empty());
    let mut widths: Vec<f32> = telling.map(width).collect();
    widths.sort_by(f32::total_cmp);
    let height = lines.iter().map(|line| line.region.height).min().unwrap_or(0);
    let usual = (u64::from(height) * WIDTH) as f32 / 100.0;
    (left, widths.get(widths.len() / 2).copied().unwrap_or(usual).max(1.0))
}

/// The pieces of each of `lines`, which are a block.
fn rows(lines: &[TextLine]) -> Vec<Vec<Piece>> {
    let mut all: Vec<Vec<Piece>> = lines.iter().map(|line| pieces(&line.text)).collect();
    let has_tabs = |at: &usize| lines[*at].text.trim_start().contains('\t');
    let mut at = 0;
    while at < lines.len() {
        let end = (at..lines.len()).find(|at| !has_tabs(at)).unwrap_or(lines.len());
        if end == at {
            at += 1;
            continue;
        }
        let texts: Vec<&str> = lines[at..end].iter().map(|line| line.text.as_str()).collect();
        all.splice(at..end, of_tabs(&texts));
        at = end;
    }
    let known = all.clone();
    for (at, row) in all.iter_mut().enumerate().filter(|(at, _)| !has_tabs(at)) {
        let near = at.saturating_sub(AROUND)..(at + AROUND + 1).min(known.len());
        let around: Vec<&Piece> = near.filter(|other| *other != at).flat_map(|other| &known[other]).collect();
        let shares =
            |piece: &Piece| around.iter().any(|other| other.at.start == piece.at.start || other.at.end == piece.at.end);
        let mut joined: Vec<Piece> = Vec::new();
        for piece in std::mem::take(row) {
            match joined.last_mut() {
                Some(before) if !parts(before, &piece, shares(&piece)) => {
                    before.text = format!("{} {}", before.text, piece.text);
                    before.at.end = piece.at.end;
                }
                _ => joined.push(piece),
            }
        }
        *row = joined;
    }
    all
}

/// Whether the gap between `before` and `piece` parts cells. `is_aligned`: rows around have a cell there.
fn parts(before: &Piece, piece: &Piece, is_aligned: bool) -> bool {
    let gap = piece.at.start - before.at.end;
    // Some write two spaces behind a sentence.
    gap >= APART || is_aligned && !before.text.ends_with(['.', '!', '?'])
}

/// What `text` has between its gaps of two spaces and more.
fn pieces(text: &str) -> Vec<Piece> {
    let mut all: Vec<Piece> = Vec::new();
    let mut column = 0;
    let mut gap = 2;
    for c in text.chars() {
        if c.is_whitespace() {
            let wide = if c == '\t' { TAB } else { 1 };
            gap += wide;
            column += wide;
            continue;
        }
        match all.last_mut().filter(|_| gap < 2) {
            Some(piece) => {
                piece.text.extend(std::iter::repeat_n(' ', gap));
                piece.text.push(c);
                piece.at.end = column + 1;
            }
            None => all.push(Piece { at: column..column + 1, text: c.into() }),
        }
        gap = 0;
        column += 1;
    }
    all
}

/// The pieces of rows whose cells have tabs between: each column is as wide as its widest cell.
fn of_tabs(texts: &[&str]) -> Vec<Vec<Piece>> {
    let fields = |text: &str| -> Vec<String> { text.split('\t').map(single_spaced).collect() };
    let mut widths: Vec<usize> = Vec::new();
    for text in texts {
        for (at, field) in fields(text).iter().enumerate() {
            widths.resize(widths.len().max(at + 1), 0);
            widths[at] = widths[at].max(field.chars().count());
        }
    }
    let row = |text: &&str| {
        let mut column = 0;
        let mut row = Vec::new();
        for (at, field) in fields(text).into_iter().enumerate() {
            let count = field.chars().count();
            if count > 0 {
                row.push(Piece { at: column..column + count, text: field });
            }
            column += widths[at] + APART;
        }
        row
    };
    texts.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{line, screen};
    use super::*;
    use proptest::prelude::*;

    fn block(text: &str) -> ScreenText {
        screen(text.lines().enumerate().map(|(at, text)| line(text, 40, 22 * at as i32)).collect())
    }

    fn told(text: &str) -> Vec<Vec<String>> {
        let page = block(text);
        let cells = Cells::of(&page);
        let lines: Vec<&TextLine> = cells.screen.lines.iter().collect();
        lines
            .chunk_by(|line, next| line.region.y == next.region.y)
            .map(|row| row.iter().map(|cell| cell.text.clone()).collect())
            .collect()
    }

    #[test]
    fn cells_are_parted_where_the_rows_have_their_gaps() {
        let table = "Name        Role      Days\nAlma Ruiz   Designer    12\nBruno       Engineer     7";
        assert_eq!(
            told(table),
            [["Name", "Role", "Days"], ["Alma Ruiz", "Designer", "12"], ["Bruno", "Engineer", "7"]]
        );
        // Two spaces part cells where the row above has one there, and no sentences.
        assert_eq!(told("City    km\nLisbon  12"), [["City", "km"], ["Lisbon", "12"]]);
        assert_eq!(told("It ended.  They left.\nNobody  came"), [["It ended. They left."], ["Nobody came"]]);
        assert_eq!(
            told("a\tlonger\tc\nlonger than that\tb\t\n\tx\ty"),
            [vec!["a", "longer", "c"], vec!["longer than that", "b"], vec!["x", "y"]]
        );
        assert_eq!(told("fn main() {\n    loop {\n\t\tstop()\n"), [["fn main() {"], ["loop {"], ["stop()"]]);
    }

    #[test]
    fn cells_stand_under_one_another_and_are_written_as_they_were() {
        let page = block("Name        Days\n  Alma        12\nnone");
        let cells = Cells::of(&page);
        let x: Vec<i32> = cells.screen.lines.iter().map(|line| line.region.x).collect();
        assert_eq!(x, [40, 160, 60, 180, 40]);
        let all: Vec<&TextLine> = cells.screen.lines[1..].iter().collect();
        let texts: Vec<&str> = cells.written(&all).iter().map(|line| line.text.as_str()).collect();
        assert_eq!(texts, ["Name        Days", "  Alma        12", "none"]);
        let plain = block("one line\nand another");
        assert!(matches!(Cells::of(&plain).screen, Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn no_word_is_lost_or_added(
            texts in proptest::collection::vec("( {0,9}|\t{0,2})([a-z.]{1,5}( {1,9}|\t)){0,5}|\\PC{0,20}", 0..9),
            places in proptest::collection::vec((any::<i32>(), any::<i32>(), 0..80u32), 9),
        ) {
            let lines = texts.iter().zip(&places).map(|(text, (x, y, height))| super::super::testing::sized(text, *x, *y, *height, jarvis_core::TextRole::Text));
            let page = screen(lines.collect());
            let cells = Cells::of(&page);
            let words = |screen: &ScreenText| screen.lines.iter().flat_map(|line| line.text.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect::<Vec<_>>();
            prop_assert_eq!(words(&page), words(&cells.screen));
            let all: Vec<&TextLine> = cells.screen.lines.iter().collect();
            prop_assert!(cells.written(&all).len() <= page.lines.len());
        }
    }
}
