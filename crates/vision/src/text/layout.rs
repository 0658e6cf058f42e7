//! The order in which lines are read, which of them are one, and which are headings.
//!
//! Owns reading order: what lies on top first, columns one after the other, lines from top to bottom, and the cells of a
//! table, of a form or of a list of settings row by row. Cells stay lines of their own, each where it stands: who reads
//! aloud says them one after the other, who copies puts tabs between those of a row
//! ([`TextLine::is_left_of`](jarvis_core::TextLine::is_left_of)), and a label's value is the next line. Only the rows of
//! terminals and of code, whose letters have one width, are joined, with as many spaces as their gaps have room for
//! ([`arrange`]). Pure: never looks at pixels, adds no word and loses none.

mod gutter;
mod rows;

use jarvis_core::{Region, TextLine, TextRole};
use rows::{Pitch, in_rows};

/// Columns are this far apart at least, in heights of a line.
const GUTTER: u32 = 2;

/// A block is cut across at all gaps that are so wide beside its widest: four fifths.
const LIKE_THE_WIDEST: (u32, u32) = (4, 5);

/// How often a page is cut in two.
const DEEPEST: u32 = 24;

/// A heading's letters are this much higher than those of most of the text, in hundredths.
const HEADING: u32 = 135;

/// A heading is no lower than this, px.
const HEADING_LEAST: u32 = 16;

/// Puts `lines` into reading order. `fronts` are windows and dialogs, the topmost first: what is in one is read before what
/// it lies on. A line belongs to the first that holds its middle.
pub fn order(lines: &mut Vec<TextLine>, fronts: &[Region]) {
    put_in_order(lines, fronts, false);
}

/// As [`order`], and makes one line of each row of a terminal or of code.
pub fn arrange(lines: &mut Vec<TextLine>, fronts: &[Region]) {
    put_in_order(lines, fronts, true);
}

fn put_in_order(lines: &mut Vec<TextLine>, fronts: &[Region], joins: bool) {
    let middle = |region: &Region| {
        (region.x.saturating_add_unsigned(region.width / 2), region.y.saturating_add_unsigned(region.height / 2))
    };
    let front = |line: &TextLine| {
        let (x, y) = middle(&line.region);
        fronts.iter().position(|front| front.contains(x, y)).unwrap_or(fronts.len())
    };
    let mut groups: Vec<Vec<TextLine>> = vec![vec![]; fronts.len() + 1];
    for line in lines.drain(..) {
        let group = front(&line);
        groups[group].push(line);
    }
    for mut group in groups {
        // So that the order in which they were found matters nowhere.
        group.sort_by_key(|line| (line.region.y, line.region.x, line.region.width, line.region.height));
        Page { joins, out: lines }.blocks(group, &[], 0);
    }
}

/// Makes headings of lines in letters that are much larger than those of most of the text.
pub fn headings(lines: &mut [TextLine]) {
    let mut heights: Vec<(u32, usize)> =
        lines.iter().map(|line| (line.region.height, line.text.chars().count())).collect();
    heights.sort_unstable();
    let total: usize = heights.iter().map(|(_, count)| count).sum();
    let mut passed = 0;
    let Some((usual, _)) = heights.iter().find(|(_, count)| {
        passed += count;
        passed * 2 >= total
    }) else {
        return;
    };
    let least = (usual.saturating_mul(HEADING) / 100).max(HEADING_LEAST);
    for line in lines.iter_mut().filter(|line| line.role == TextRole::Text && line.region.height >= least) {
        line.role = TextRole::Heading;
    }
}

/// Where blocks are written to.
struct Page<'o> {
    /// Whether rows in letters of one width become one line.
    joins: bool,
    out: &'o mut Vec<TextLine>,
}

impl Page<'_> {
    /// Appends `lines` block by block: the page is cut across or along its widest gap, and each part again (the recursive XY
    /// cut of Nagy and Seth, 1984). Between `cells`, places from left to right, nothing is cut along: more lines than these
    /// told that the rows go on there.
    fn blocks(&mut self, lines: Vec<TextLine>, cells: &[i32], depth: u32) {
        if lines.len() < 2 || depth >= DEEPEST {
            self.rows(lines, None);
            return;
        }
        let mut heights: Vec<u32> = lines.iter().map(|line| line.region.height).collect();
        heights.sort_unstable();
        let height = heights[heights.len() / 2].max(1);
        let all: Vec<&TextLine> = lines.iter().collect();
        let pitch = Pitch::of(&all);

        let mut along = gaps(&lines, |region| (region.x, region.right()));
        along.retain(|gap| gap.width >= height.saturating_mul(GUTTER));
        along.sort_by_key(|gap| (std::cmp::Reverse(gap.width), gap.end));
        let across = gaps(&lines, |region| (region.y, region.bottom()));
        let widest = across.iter().map(|gap| gap.width).max();

        let (mut rows_go_on, mut beside_one) = (cells.to_vec(), None);
        for gap in &along {
            // Columns are read one after the other, but rows whose parts are far apart are rows: a column is worth a cut
            // when it has lines under one another, and when no gap across is wider than the gutter.
            if widest.is_some_and(|rows| rows / 2 > gap.width) {
                break;
            }
            let (left, right): (Vec<_>, Vec<_>) = all.iter().partition(|line| line.region.x < gap.end);
            if in_rows(left.clone()).len() < 2 || in_rows(right.clone()).len() < 2 {
                beside_one = beside_one.or(Some(gap.end));
                continue;
            }
            if cells.iter().any(|cell| gap.holds(*cell)) {
                continue;
            }
            if gutter::parts_columns(&left, &right, pitch) {
                self.along(lines, gap.end, &rows_go_on, depth);
                return;
            }
            rows_go_on.push(gap.middle());
        }
        if let Some(pitch) = pitch {
            self.rows(lines, Some(pitch));
        } else if let Some(widest) = widest {
            let cuts: Vec<i32> = across
                .iter()
                .filter(|gap| {
                    u64::from(gap.width) * u64::from(LIKE_THE_WIDEST.1)
                        >= u64::from(widest) * u64::from(LIKE_THE_WIDEST.0)
                })
                .map(|gap| gap.end)
                .collect();
            let mut rest = lines;
            for cut in cuts {
                let (upper, lower) = rest.into_iter().partition(|line| line.region.y < cut);
                self.blocks(upper, &rows_go_on, depth + 1);
                rest = lower;
            }
            self.blocks(rest, &rows_go_on, depth + 1);
        } else if let Some(at) = beside_one {
            // One row beside several, such as a switch beside a name and what it means.
            self.along(lines, at, &rows_go_on, depth);
        } else {
            self.rows(lines, None);
        }
    }

    fn along(&mut self, lines: Vec<TextLine>, at: i32, cells: &[i32], depth: u32) {
        let (left, right) = lines.into_iter().partition(|line| line.region.x < at);
        self.blocks(left, cells, depth + 1);
        self.blocks(right, cells, depth + 1);
    }

    fn rows(&mut self, lines: Vec<TextLine>, pitch: Option<Pitch>) {
        for row in in_rows(lines) {
            match pitch.filter(|_| self.joins) {
                Some(pitch) => self.out.extend(rows::join(row, pitch)),
                None => self.out.extend(row),
            }
        }
    }
}

/// A stretch that no line reaches into.
#[derive(Debug, Clone, Copy)]
struct Gap {
    width: u32,
    end: i32,
}

impl Gap {
    fn middle(&self) -> i32 {
        self.end.saturating_sub_unsigned(self.width.div_ceil(2))
    }

    fn holds(&self, at: i32) -> bool {
        at < self.end && at >= self.end.saturating_sub_unsigned(self.width)
    }
}

/// The stretches that no line reaches into, from the first.
fn gaps(lines: &[TextLine], extent: impl Fn(&Region) -> (i32, i32)) -> Vec<Gap> {
    let mut extents: Vec<(i32, i32)> = lines.iter().map(|line| extent(&line.region)).collect();
    extents.sort_unstable();
    let Some((_, mut end)) = extents.first().copied() else { return vec![] };
    let mut gaps = vec![];
    for (from, to) in extents {
        if from > end {
            gaps.push(Gap { width: from.abs_diff(end), end: from });
        }
        end = end.max(to);
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(text: &str, x: i32, y: i32, width: u32, height: u32) -> TextLine {
        TextLine { text: text.to_owned(), region: Region::new(x, y, width, height), ..TextLine::default() }
    }

    fn ordered(mut lines: Vec<TextLine>, fronts: &[Region]) -> Vec<String> {
        order(&mut lines, fronts);
        lines.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn columns_are_read_one_after_the_other() {
        let lines = vec![
            line("Then they bought brushes", 400, 101, 200, 12),
            line("in a room that they shared", 20, 120, 220, 12),
            line("Two painters", 20, 20, 580, 24),
            line("They lived in the town", 20, 100, 200, 12),
            line("and a roll of canvas.", 400, 121, 180, 12),
            line("by the river.", 20, 140, 90, 12),
        ];
        assert_eq!(
            ordered(lines, &[]),
            [
                "Two painters",
                "They lived in the town",
                "in a room that they shared",
                "by the river.",
                "Then they bought brushes",
                "and a roll of canvas."
            ]
        );
    }

    #[test]
    fn rows_are_read_from_left_to_right() {
        let lines = vec![line("right", 300, 9, 60, 14), line("left", 20, 12, 60, 10), line("under", 20, 40, 60, 10)];
        assert_eq!(ordered(lines, &[]), ["left", "right", "under"]);
    }

    #[test]
    fn a_dialog_is_read_before_what_it_covers() {
        let lines = vec![
            line("behind", 0, 0, 300, 12),
            line("asks", 120, 60, 80, 12),
            line("beside", 0, 60, 60, 12),
            line("Yes", 130, 90, 20, 12),
        ];
        assert_eq!(ordered(lines, &[Region::new(100, 50, 150, 80)]), ["asks", "Yes", "behind", "beside"]);
    }

    #[test]
    fn large_letters_are_a_heading() {
        let mut lines =
            vec![line("Settings", 0, 0, 200, 22), line("some words of text", 0, 40, 200, 11), line("x", 0, 60, 9, 11)];
        headings(&mut lines);
        assert_eq!(
            lines.iter().map(|line| line.role).collect::<Vec<_>>(),
            [TextRole::Heading, TextRole::Text, TextRole::Text]
        );
        headings(&mut []);
    }

    /// How wide a text is in letters as uneven as those of most fonts, px.
    fn width(text: &str) -> u32 {
        text.chars().map(|c| if "il.,:1 ".contains(c) { 4 } else { 9 }).sum()
    }

    /// Lines of a page: cells at these columns, rows `pitch` px apart; an empty text is no cell.
    fn page(columns: &[i32], pitch: i32, rows: &[&[&str]]) -> Vec<TextLine> {
        let cells =
            rows.iter().zip(0..).flat_map(|(row, y)| row.iter().zip(columns).map(move |(text, x)| (*text, *x, y)));
        cells
            .filter(|(text, ..)| !text.is_empty())
            .map(|(text, x, y)| line(text, x, 20 + pitch * y, width(text), 14))
            .collect()
    }

    fn joined(mut lines: Vec<TextLine>) -> Vec<String> {
        arrange(&mut lines, &[]);
        lines.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn tables_and_forms_are_read_by_rows() {
        let rows: &[&[&str]] = &[
            &["Item", "Qty", "Unit price", "Amount"],
            &["Hammer drill HD-20", "2", "129.00", "258.00"],
            &["Screw set M6", "10", "4.50", "45.00"],
            &["Shipping", "1", "9.90", "9.90"],
            &["", "", "Subtotal", "312.90"],
            &["", "", "Total due", "EUR 372.35"],
        ];
        let flat: Vec<&str> = rows.concat().into_iter().filter(|text| !text.is_empty()).collect();
        assert_eq!(ordered(page(&[60, 450, 550, 720], 34, rows), &[]), flat);
        let form: &[&[&str]] =
            &[&["Invoice No.", "INV-2026-00417"], &["Due date", "28.11.2026"], &["Customer no.", "C-88213"]];
        assert_eq!(ordered(page(&[60, 260], 30, form), &[]), form.concat());
        // What a setting means may be a sentence.
        let settings: &[&[&str]] = &[
            &["Dark mode", "Uses dark colours after the sun has set"],
            &["Sounds", "Plays a tone when a message comes in"],
            &["Backups", "Keeps a copy of all files on the other disk"],
        ];
        assert_eq!(ordered(page(&[40, 300], 28, settings), &[]), settings.concat());
    }

    #[test]
    fn a_switch_beside_a_name_and_what_it_means_comes_behind_both() {
        let mut lines = vec![];
        for (at, name) in (0..).zip(["Bluetooth", "Location", "Camera"]) {
            lines.push(line(name, 40, 20 + 70 * at, width(name), 14));
            lines.push(line("Lets other devices find this one", 40, 42 + 70 * at, 260, 14));
            lines.push(line("On", 700, 31 + 70 * at, 18, 11));
        }
        let about = "Lets other devices find this one";
        assert_eq!(ordered(lines, &[]), ["Bluetooth", about, "On", "Location", about, "On", "Camera", about, "On"]);
    }

    #[test]
    fn columns_of_prose_stay_columns_on_one_base_line() {
        let news: &[&[&str]] = &[
            &["The river rose quickly during the night", "In other news the council approved a new"],
            &["and the bridge at Alton was closed.", "library budget of 2.4 million dollars."],
            &["Farmers moved cattle to higher ground", "Construction begins in March. The mayor"],
            &["while volunteers filled bags with sand.", "said the old building would become a"],
            &["By morning the water had reached the", "museum of local history next year."],
        ];
        let by_columns: Vec<&str> = news.iter().map(|row| row[0]).chain(news.iter().map(|row| row[1])).collect();
        assert_eq!(ordered(page(&[40, 500], 26, news), &[]), by_columns);
    }

    #[test]
    fn panes_stay_panes() {
        // A chat: people on the left, what is written on the right, on lines of their own.
        let people = ["Ada", "Grace", "Linus", "Barbara", "Edsger", "Margaret"];
        let said =
            ["Hello", "Are you there?", "Yes", "Lunch at noon?", "Fine", "See you", "Bye", "Wait", "What is it?"];
        let mut lines: Vec<TextLine> =
            people.iter().zip(0..).map(|(who, at)| line(who, 20, 60 + 47 * at, 60, 12)).collect();
        lines.extend(said.iter().zip(0..).map(|(what, at)| line(what, 320, 52 + 31 * at, 90, 14)));
        assert_eq!(ordered(lines, &[]), [&people[..], &said[..]].concat());
        // A few entries on the base lines of a long list.
        let mut lines: Vec<TextLine> =
            people.iter().zip(0..).map(|(who, at)| line(who, 20, 50 + 24 * at, 60, 12)).collect();
        let names: Vec<String> = (0..20).map(|at| format!("file-{at}.txt")).collect();
        lines.extend(names.iter().zip(0..).map(|(name, at)| line(name, 320, 50 + 24 * at, 90, 12)));
        assert_eq!(ordered(lines, &[]), people.iter().map(|who| who.to_string()).chain(names).collect::<Vec<_>>());
    }

    /// Rows in letters that are 8 px wide; two spaces and more are gaps.
    fn terminal(x: i32, rows: &[&str]) -> Vec<TextLine> {
        let mut lines = vec![];
        for (row, y) in rows.iter().zip(0..) {
            let mut at = 0;
            for part in row.split("   ") {
                let text = part.trim();
                let from = at + part.len() - part.trim_start().len();
                if !text.is_empty() {
                    let width = 8 * text.len() as u32 - 2;
                    lines.push(line(text, x + 8 * from as i32 + 1, 20 + 18 * y, width, 13));
                }
                at += part.len() + 3;
            }
        }
        lines
    }

    #[test]
    fn rows_of_a_terminal_stay_whole() {
        let listing = [
            "Filesystem        Size    Used   Avail   Mounted on",
            "/dev/nvme0n1p2    468G    211G    234G   /",
            "tmpfs              16G    2.1M     16G   /dev/shm",
            "/dev/sdb1         1.9T    1.2T    610G   /mnt/backup",
        ];
        assert_eq!(joined(terminal(10, &listing)), listing);
        let code = [
            "let width = 20;           // of the page",
            "let height = width * 3;   // and how high it is",
            "draw(width, height);",
            "let a = area();           // all of it",
        ];
        assert_eq!(joined(terminal(10, &code)), code);
        // Nothing is joined where only the order is asked for.
        assert_eq!(ordered(terminal(10, &listing), &[])[..3], ["Filesystem", "Size", "Used"]);
    }

    #[test]
    fn files_beside_each_other_are_read_one_after_the_other() {
        let left =
            ["1 fn main() {", "2 let all = read();", "3 print(all);", "4 }", "", "6 fn read() -> All {", "7 todo()"];
        let right =
            ["1 use std::fs;", "2 use std::io::Read;", "", "4 pub struct All;", "5 impl All {", "6 fn new() {}"];
        let mut lines = terminal(10, &left);
        lines.extend(terminal(400, &right));
        let all: Vec<&str> = left.into_iter().chain(right).filter(|text| !text.is_empty()).collect();
        assert_eq!(joined(lines), all);
    }

    fn anywhere() -> impl Strategy<Value = Region> {
        prop_oneof![
            (-50..500i32, -50..500i32, 0..200u32, 0..40u32).prop_map(|(x, y, w, h)| Region::new(x, y, w, h)),
            any::<(i32, i32, u32, u32)>().prop_map(|(x, y, w, h)| Region::new(x / 2, y / 2, w / 4, h / 4)),
        ]
    }

    proptest! {
        #[test]
        fn every_line_is_there_once(
            regions in prop::collection::vec(anywhere(), 0..60),
            fronts in prop::collection::vec(anywhere(), 0..4),
        ) {
            let mut lines: Vec<TextLine> = regions.iter().enumerate()
                .map(|(at, region)| TextLine { text: at.to_string(), region: *region, ..TextLine::default() })
                .collect();
            order(&mut lines, &fronts);
            headings(&mut lines);
            let mut found: Vec<usize> = lines.iter().map(|line| line.text.parse().unwrap()).collect();
            found.sort_unstable();
            prop_assert_eq!(found, (0..regions.len()).collect::<Vec<_>>());
        }

        #[test]
        fn every_word_is_there_once_when_rows_are_joined_and_the_order_of_before_does_not_matter(
            mut regions in prop::collection::vec((anywhere(), 0..30usize), 0..40),
            on_a_grid in any::<bool>(),
        ) {
            let mut lines: Vec<TextLine> = vec![];
            for (at, (region, letters)) in regions.iter_mut().enumerate() {
                let text = format!("{at}{}", "x".repeat(*letters));
                if on_a_grid {
                    let (x, y) = (region.x.rem_euclid(60) * 8, region.y.rem_euclid(30) * 18);
                    *region = Region::new(x, y, 8 * text.len() as u32 - 2, 13);
                }
                lines.push(TextLine { text, region: *region, ..TextLine::default() });
            }
            let mut backwards: Vec<TextLine> = lines.iter().rev().cloned().collect();
            let mut words: Vec<String> = lines.iter().map(|line| line.text.clone()).collect();
            arrange(&mut lines, &[]);
            let mut found: Vec<String> =
                lines.iter().flat_map(|line| line.text.split_whitespace()).map(str::to_owned).collect();
            words.sort_unstable();
            found.sort_unstable();
            prop_assert_eq!(found, words);
            regions.sort_unstable_by_key(|(region, _)| (region.x, region.y, region.width, region.height));
            regions.dedup_by_key(|(region, _)| *region);
            if regions.len() == backwards.len() {
                arrange(&mut backwards, &[]);
                prop_assert_eq!(lines, backwards);
            }
        }
    }
}
