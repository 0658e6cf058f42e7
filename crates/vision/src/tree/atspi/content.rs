//! From what an application told to lines of text.
//!
//! Owns where lines break, what is said twice, what is written in red, and whether something was kept back. Never asks anything.

use super::role::Tells;
use crate::text::layout;
use jarvis_core::screen::{Region, TextLine, TextRole};

/// Longest line, characters; what is behind it is cut off.
const LONGEST_LINE: usize = 2_000;
/// Lines of one object; more than any screen has room for.
const ROWS: usize = 500;
/// How many lines back is looked for one that says the same.
const TWICE_WITHIN: usize = 64;
/// Part of a window, one in so many, from which on a picture matters.
const LARGE_PICTURE: u64 = 25;
/// The largest icon of a dialog, px; nobody writes text into those.
const LARGE_ICON: u64 = 128 * 128;
/// So many objects that each stand before the one told before are told backwards: two rows of a label and its value.
const BACKWARDS: usize = 4;
/// Rows and columns of the chart of what is told.
const CHART: usize = 16;

/// An object that was asked for all it has to tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// How it tells.
    pub tells: Tells,
    /// Where it is; empty where it doesn't tell.
    pub region: Region,
    /// Its text.
    pub text: String,
    /// Where the lines of its text are, as far as it was asked.
    pub lines: Vec<Region>,
    /// Whether it can be typed into.
    pub editable: bool,
    /// Whether it is written in red.
    pub red: bool,
}

/// The lines of a window.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Content {
    /// In reading order.
    pub lines: Vec<TextLine>,
    /// Whether all that can be seen was told.
    pub whole: bool,
}

/// What a window with these objects shows.
pub fn content(objects: &[Told], window: Region, dialog: bool) -> Content {
    let mut content = Content::default();
    let mut cut = false;
    // Where the lines of each object begin.
    let mut begins = Vec::new();
    for object in objects {
        begins.push(content.lines.len());
        let role = match object.tells {
            Tells::Hidden | Tells::Nothing | Tells::Children => continue,
            Tells::Name(role) | Tells::Text(role) => role,
            Tells::OwnText => TextRole::Text,
            Tells::Long if object.editable => TextRole::Field,
            Tells::Long => TextRole::Text,
        };
        let role = match role {
            TextRole::Text | TextRole::Alert | TextRole::Heading if object.red => TextRole::Error,
            TextRole::Text if dialog => TextRole::Alert,
            role => role,
        };
        // Objects within the text stand in it as one character each; they tell their own.
        let rows: Vec<&str> = object.text.split(['\n', '\r', '\u{2028}', '\u{2029}']).collect();
        cut |= rows.len() > ROWS;
        // A block may be code or a table, whose gaps say what belongs together; a text of one row is words.
        let is_block = rows.len() > 1 && !matches!(object.tells, Tells::Name(_));
        for (row, text) in rows.iter().enumerate().take(ROWS) {
            let text = if is_block { row_of_block(text) } else { one_line(text) };
            if text.is_empty() {
                continue;
            }
            let region = match object.lines.get(row) {
                Some(region) if !region.is_empty() => *region,
                _ => share(object.region, row, rows.len()),
            };
            let before = &content.lines[content.lines.len().saturating_sub(TWICE_WITHIN)..];
            let twice = before.iter().any(|line| {
                line.text.contains(&text) && !region.is_empty() && line.region.intersection(&region) == region
            });
            if !twice {
                content.lines.push(TextLine { text, region, confidence: 1.0, role });
            }
        }
    }
    // A document's tree has its order. That of grids has the one in which they were filled, or its reverse.
    if dialog {
        layout::order(&mut content.lines, &[]);
    } else {
        turn_round(&mut content.lines, &begins);
    }
    content.whole = !cut
        && content.lines.iter().any(|line| line.role != TextRole::Control)
        && !has_large_picture(objects, &content.lines, window)
        && !has_large_gap(objects, window);
    content
}

/// Turns round what is told backwards, from the bottom to the top and from the right to the left, as GTK tells a grid that was
/// filled the other way. `begins` are the first lines of objects, whose own lines stay in their order.
fn turn_round(lines: &mut Vec<TextLine>, begins: &[usize]) {
    let ends = begins.iter().skip(1).copied().chain([lines.len()]);
    let groups: Vec<(usize, usize)> = begins.iter().copied().zip(ends).filter(|(from, to)| from < to).collect();
    let region = |&(from, to): &(usize, usize)| {
        let (first, last) = (lines[from].region, lines[to - 1].region);
        let is_known = !first.is_empty() && !last.is_empty() && last.bottom() >= first.y;
        is_known.then(|| Region { height: last.bottom().abs_diff(first.y), ..first })
    };
    let stands_before = |one: &(usize, usize), other: &(usize, usize)| {
        let (Some(one), Some(other)) = (region(one), region(other)) else { return false };
        let shared = i64::from(one.bottom().min(other.bottom())) - i64::from(one.y.max(other.y));
        let in_a_row = shared * 2 > i64::from(one.height.min(other.height));
        if in_a_row { one.right() <= other.x } else { one.y < other.y && one.bottom() <= other.bottom() }
    };
    let runs = groups.chunk_by(|one, next| stands_before(next, one));
    let is_backwards = |run: &[(usize, usize)]| {
        run.len() >= BACKWARDS
            && matches!((region(&run[0]), region(&run[run.len() - 1])), (Some(first), Some(last)) if last.bottom() <= first.y)
    };
    let turned: Vec<usize> = runs
        .flat_map(|run| {
            let order: Vec<&(usize, usize)> =
                if is_backwards(run) { run.iter().rev().collect() } else { run.iter().collect() };
            order.into_iter().flat_map(|(from, to)| *from..*to).collect::<Vec<_>>()
        })
        .collect();
    if !turned.is_sorted() {
        *lines = turned.into_iter().map(|at| lines[at].clone()).collect();
    }
}

/// The words of `text` with single spaces between.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(LONGEST_LINE));
    for word in
        text.split(|c: char| c.is_whitespace() || c.is_control() || c == '\u{fffc}').filter(|word| !word.is_empty())
    {
        if line.len() + word.len() > LONGEST_LINE {
            break;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// `text` with its indentation, its tabs and the gaps in it; nothing for a row that shows nothing.
fn row_of_block(text: &str) -> String {
    let shown = |c: char| if c == '\t' || !(c.is_whitespace() || c.is_control() || c == '\u{fffc}') { c } else { ' ' };
    let mut row: String = text.chars().map(shown).collect();
    if let Some((end, _)) = row.char_indices().find(|(at, c)| at + c.len_utf8() > LONGEST_LINE) {
        row.truncate(end);
    }
    row.truncate(row.trim_end().len());
    row
}

/// Part `row` of `rows` equal ones, one under the other.
fn share(region: Region, row: usize, rows: usize) -> Region {
    let at = |row: usize| (u64::from(region.height) * row as u64 / rows.max(1) as u64) as u32;
    Region { y: region.y.saturating_add_unsigned(at(row)), height: at(row + 1) - at(row), ..region }
}

fn has_large_picture(objects: &[Told], lines: &[TextLine], window: Region) -> bool {
    let pictures = objects.iter().filter(|object| object.tells == Tells::Nothing).map(|object| object.region);
    let large =
        |picture: &Region| picture.area() > LARGE_ICON && picture.area().saturating_mul(LARGE_PICTURE) >= window.area();
    pictures.filter(large).any(|picture| {
        // What has a line in it is something of the application's own that holds others.
        !lines.iter().any(|line| !line.region.is_empty() && line.region.intersection(&picture) == line.region)
    })
}

/// Whether half of the window is a rectangle that nobody said a word about.
fn has_large_gap(objects: &[Told], window: Region) -> bool {
    if window.is_empty() {
        return false;
    }
    let mut told = [[false; CHART]; CHART];
    // Within the window, so never beyond the last one.
    let cell = |at: i32, from: i32, size: u32| (i64::from(at) - i64::from(from)) as usize * CHART / size as usize;
    for object in objects.iter().filter(|object| object.tells != Tells::Nothing) {
        let part = object.region.intersection(&window);
        if part.is_empty() {
            continue;
        }
        let (first, last) = (cell(part.x, window.x, window.width), cell(part.right() - 1, window.x, window.width));
        let (top, bottom) = (cell(part.y, window.y, window.height), cell(part.bottom() - 1, window.y, window.height));
        for row in &mut told[top..=bottom] {
            row[first..=last].fill(true);
        }
    }
    // The largest empty rectangle: for each row the heights of the empty columns that end in it.
    let mut heights = [0; CHART];
    told.iter().any(|row| {
        for (height, told) in heights.iter_mut().zip(row) {
            *height = if *told { 0 } else { *height + 1 };
        }
        (0..CHART).any(|from| {
            let mut lowest = CHART;
            (from..CHART).any(|to| {
                lowest = lowest.min(heights[to]);
                lowest * (to + 1 - from) * 2 >= CHART * CHART
            })
        })
    })
}

/// Whether a colour, as texts tell it, says that something is wrong: `49344,0,0` of GTK, `255,0,0` of browsers.
pub fn is_red(color: &str) -> bool {
    let digits = color.trim_start_matches("rgb").trim_matches(['(', ')', ' ']);
    let mut parts = digits.split(',').map(|part| part.trim().parse::<u32>());
    let (Some(Ok(red)), Some(Ok(green)), Some(Ok(blue))) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let most = if red.max(green).max(blue) > 255 { 65_535 } else { 255 };
    red.saturating_mul(5) >= most * 2 && red > green.max(blue).saturating_mul(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(tells: Tells, text: &str, region: Region) -> Told {
        Told { tells, region, text: text.into(), lines: Vec::new(), editable: false, red: false }
    }

    const WINDOW: Region = Region::new(100, 100, 320, 160);

    #[test]
    fn an_error_dialog_is_its_words_and_its_button() {
        let objects = [
            told(Tells::Nothing, "Error", Region::new(110, 110, 20, 20)),
            told(Tells::Text(TextRole::Text), "Disk full.\nDelete something.", Region::new(140, 110, 200, 80)),
            told(Tells::Name(TextRole::Control), "Try\tagain", Region::new(300, 220, 100, 30)),
        ];
        let content = content(&objects, WINDOW, true);
        let lines: Vec<_> = content.lines.iter().map(|line| (line.text.as_str(), line.role, line.region)).collect();
        assert_eq!(
            lines,
            [
                ("Disk full.", TextRole::Alert, Region::new(140, 110, 200, 40)),
                ("Delete something.", TextRole::Alert, Region::new(140, 150, 200, 40)),
                ("Try again", TextRole::Control, Region::new(300, 220, 100, 30)),
            ]
        );
        assert!(content.whole);
    }

    #[test]
    fn what_a_child_says_again_is_said_once() {
        let outer = Region::new(100, 100, 100, 20);
        let objects = [
            told(Tells::Name(TextRole::Control), "Save", outer),
            told(Tells::Text(TextRole::Text), "Save", Region::new(110, 102, 40, 16)),
            told(Tells::Text(TextRole::Text), "Save", Region::new(110, 140, 40, 16)),
        ];
        assert_eq!(content(&objects, WINDOW, false).lines.len(), 2);
    }

    #[test]
    fn a_password_is_no_text() {
        let field = told(Tells::Hidden, "hunter2", Region::new(110, 110, 200, 20));
        assert!(content(&[field], WINDOW, false).lines.is_empty());
    }

    #[test]
    fn a_form_is_read_from_top_to_bottom_however_it_was_filled() {
        let rows = [
            ("Password", 826, 536),
            ("alice", 905, 504),
            ("Name", 825, 496),
            ("Who are you?", 812, 466),
            ("OK", 1022, 579),
        ];
        let objects = rows.map(|(text, x, y)| told(Tells::Text(TextRole::Text), text, Region::new(x, y, 50, 20)));
        let texts = |dialog| {
            let lines = content(&objects, Region::new(805, 459, 310, 161), dialog).lines;
            lines.into_iter().map(|line| line.text).collect::<Vec<_>>()
        };
        assert_eq!(texts(true), ["Who are you?", "Name", "alice", "Password", "OK"]);
        assert_eq!(texts(false), texts(true), "it was told backwards");
    }

    #[test]
    fn the_tree_of_a_document_has_its_order() {
        let columns =
            [("1", 110, 110), ("2", 110, 140), ("3", 110, 170), ("4", 300, 110), ("5", 300, 140), ("6", 110, 90)];
        let mut objects =
            columns.map(|(text, x, y)| told(Tells::Text(TextRole::Text), text, Region::new(x, y, 50, 20)));
        objects[3].text = "4\nof two rows".into();
        let texts = content(&objects, WINDOW, false).lines.into_iter().map(|line| line.text).collect::<Vec<_>>();
        assert_eq!(texts, ["1", "2", "3", "4", "of two rows", "5", "6"]);
    }

    #[test]
    fn the_rows_of_one_object_stay_in_their_order_where_all_is_turned_round() {
        let grid = [
            ("below", 110, 200),
            ("first\nsecond", 180, 140),
            ("Note", 110, 150),
            ("Ruth", 180, 110),
            ("From", 110, 110),
        ];
        let objects = grid.map(|(text, x, y)| {
            let height = if text.contains('\n') { 40 } else { 20 };
            told(Tells::Text(TextRole::Text), text, Region::new(x, y, 50, height))
        });
        let texts = content(&objects, WINDOW, false).lines.into_iter().map(|line| line.text).collect::<Vec<_>>();
        assert_eq!(texts, ["From", "Ruth", "Note", "first", "second", "below"]);
    }

    proptest! {
        #[test]
        fn turning_round_loses_no_line(places in prop::collection::vec((0..300i32, 0..300i32, 0..60u32, 0..40u32), 0..12)) {
            let objects: Vec<Told> = places
                .iter()
                .enumerate()
                .map(|(at, (x, y, width, height))| {
                    told(Tells::Text(TextRole::Text), &format!("text {at}."), Region::new(*x, *y, *width, *height))
                })
                .collect();
            let mut texts: Vec<String> = content(&objects, WINDOW, false).lines.into_iter().map(|line| line.text).collect();
            texts.sort();
            let mut all: Vec<String> = objects.iter().map(|object| object.text.clone()).collect();
            all.sort();
            prop_assert_eq!(texts, all);
        }
    }

    #[test]
    fn a_window_of_which_much_is_not_told_is_not_whole() {
        let label = told(Tells::Text(TextRole::Text), "Zoom", Region::new(100, 100, 320, 100));
        assert!(content(std::slice::from_ref(&label), WINDOW, false).whole);
        let drawing = told(Tells::Nothing, "", Region::new(100, 200, 320, 60));
        assert!(!content(&[label, drawing], WINDOW, false).whole, "there is a drawing");
        let bar = told(Tells::Text(TextRole::Field), "https://", Region::new(100, 100, 320, 20));
        assert!(!content(std::slice::from_ref(&bar), WINDOW, false).whole, "most of the window is not told of");
        let document = told(Tells::OwnText, "", Region::new(100, 120, 320, 140));
        assert!(content(&[bar, document], WINDOW, false).whole);
        let button = told(Tells::Name(TextRole::Control), "OK", WINDOW);
        assert!(!content(&[button], WINDOW, false).whole, "buttons alone");
        assert!(!content(&[], Region::default(), false).whole);
    }

    #[test]
    fn lines_stand_where_they_were_told_to_stand() {
        let mut text = told(Tells::Long, "one\n\ntwo\u{fffc}three", Region::new(100, 100, 300, 150));
        text.lines = vec![Region::new(102, 101, 40, 17), Region::default(), Region::new(102, 135, 90, 17)];
        text.editable = true;
        let lines = content(std::slice::from_ref(&text), WINDOW, true).lines;
        assert_eq!(lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["one", "two three"]);
        assert_eq!(lines.iter().map(|line| line.region).collect::<Vec<_>>(), [text.lines[0], text.lines[2]]);
        assert!(lines.iter().all(|line| line.role == TextRole::Field));
    }

    #[test]
    fn a_block_keeps_its_indentation_and_its_gaps_and_a_row_alone_does_not() {
        let texts = |text: &str| {
            let object = told(Tells::Long, text, Region::new(100, 100, 300, 150));
            content(&[object], WINDOW, false).lines.into_iter().map(|line| line.text).collect::<Vec<_>>()
        };
        let table = "Name        Role      \nAlma        Designer\n\n    total:\u{a0}2\n\tall:\n\u{fffc}x\u{7}y";
        let expected = ["Name        Role", "Alma        Designer", "    total: 2", "\tall:", " x y"];
        assert_eq!(texts(table), expected);
        assert_eq!(texts("  Disk   full \t"), ["Disk full"]);
        let long = format!("{}\n{}", "ä".repeat(LONGEST_LINE), "b");
        assert!(texts(&long).iter().all(|text| text.len() <= LONGEST_LINE));
    }

    #[test]
    fn a_text_of_endless_lines_is_cut_and_not_whole() {
        let rows = |count: usize| vec!["row"; count].join("\n");
        let content = |count| content(&[told(Tells::Text(TextRole::Text), &rows(count), WINDOW)], WINDOW, false);
        assert!(content(9).whole);
        let cut = content(ROWS + 1);
        assert!(!cut.whole && cut.lines.len() <= ROWS);
    }

    #[test]
    fn red_is_red_in_both_scales() {
        for red in ["49344,0,0", "255,0,0", "rgb(200, 30, 30)", "57054,12593,12593"] {
            assert!(is_red(red), "{red}");
        }
        for other in ["0,0,0", "65535,65535,65535", "11822,13364,13878", "255,165,0", "", "red", "9,0,0", "1,2"] {
            assert!(!is_red(other), "{other}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_is_told_breaks_it(
            objects in prop::collection::vec((0..4_u8, ".{0,12}|[ \t\na-z]{0,12}", any::<(i32, i32, u32, u32)>()), 0..12),
            window in any::<(i32, i32, u32, u32)>(),
        ) {
            let region = |(x, y, width, height)| Region::new(x, y, width, height);
            let kinds = [Tells::Nothing, Tells::Long, Tells::Hidden, Tells::Text(TextRole::Text)];
            let objects: Vec<_> = objects
                .into_iter()
                .map(|(kind, text, place)| told(kinds[kind as usize], &text, region(place)))
                .collect();
            let content = content(&objects, region(window), true);
            let is_strange = |c: char| c.is_control() && c != '\t';
            prop_assert!(content.lines.iter().all(|line| !line.text.trim().is_empty() && !line.text.contains(is_strange)));
        }

        #[test]
        fn shares_lie_under_one_another_and_fill_the_whole(height in 0..5_000_u32, rows in 1..80_usize) {
            let region = Region::new(3, -7, 11, height);
            let shares: Vec<_> = (0..rows).map(|row| share(region, row, rows)).collect();
            prop_assert_eq!(shares[0].y, region.y);
            prop_assert_eq!(shares[rows - 1].bottom(), region.bottom());
            prop_assert!(shares.windows(2).all(|two| two[0].bottom() == two[1].y));
        }
    }
}
