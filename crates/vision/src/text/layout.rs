//! The order in which lines are read, and which of them are headings.
//!
//! Owns reading order: what lies on top first, columns one after the other, lines from top to bottom. Pure: never looks at
//! pixels, adds no line and loses none.

use jarvis_core::{Region, TextLine, TextRole};

/// Columns are this far apart at least, in heights of a line.
const GUTTER: u32 = 2;

/// A heading's letters are this much higher than those of most of the text, in hundredths.
const HEADING: u32 = 135;

/// A heading is no lower than this, px.
const HEADING_LEAST: u32 = 16;

/// Puts `lines` into reading order. `fronts` are windows and dialogs, the topmost first: what is in one is read before what
/// it lies on. A line belongs to the first that holds its middle.
pub fn order(lines: &mut Vec<TextLine>, fronts: &[Region]) {
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
    for group in groups {
        blocks(group, 0, lines);
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

/// Appends `lines` block by block: the page is cut across or along its widest gap, and each part again (the recursive XY
/// cut of Nagy and Seth, 1984).
fn blocks(mut lines: Vec<TextLine>, depth: u32, out: &mut Vec<TextLine>) {
    if lines.len() < 2 || depth >= 24 {
        lines.sort_by_key(|line| (line.region.y, line.region.x));
        out.append(&mut lines);
        return;
    }
    let mut heights: Vec<u32> = lines.iter().map(|line| line.region.height).collect();
    heights.sort_unstable();
    let height = heights[heights.len() / 2].max(1);

    let across = widest_gap(&lines, |region| (region.y, region.bottom()));
    let along = widest_gap(&lines, |region| (region.x, region.right()));
    // Columns are read one after the other, but rows whose parts are far apart are rows: a column is worth a cut when it has
    // lines under one another, and when no gap across is wider than the gutter.
    let columns = along.filter(|(gap, at)| {
        let (left, right): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line.region.x < *at);
        let stacked = rows(&left) >= 2 && rows(&right) >= 2;
        let above = across.is_some_and(|(rows, _)| rows / 2 > *gap);
        *gap >= height.saturating_mul(GUTTER) && stacked && !above
    });
    if let Some((_, at)) = columns {
        let (left, right) = lines.into_iter().partition(|line| line.region.x < at);
        blocks(left, depth + 1, out);
        blocks(right, depth + 1, out);
    } else if let Some((_, at)) = across {
        let (upper, lower) = lines.into_iter().partition(|line| line.region.y < at);
        blocks(upper, depth + 1, out);
        blocks(lower, depth + 1, out);
    } else {
        in_rows(&mut lines);
        out.append(&mut lines);
    }
}

/// How many rows `lines` stand in.
fn rows(lines: &[&TextLine]) -> usize {
    let mut middles: Vec<(i32, i32)> = lines.iter().map(|line| (line.region.y, line.region.bottom())).collect();
    middles.sort_unstable();
    let (mut count, mut end) = (0, i32::MIN);
    for (top, bottom) in middles {
        if top >= end.saturating_sub(bottom.saturating_sub(top) / 4) {
            count += 1;
        }
        end = end.max(bottom);
    }
    count
}

/// Lines of one height beside each other, from left to right; rows from top to bottom.
fn in_rows(lines: &mut [TextLine]) {
    lines.sort_by_key(|line| (line.region.y, line.region.x));
    let mut from = 0;
    while from < lines.len() {
        let middle = |line: &TextLine| line.region.y.saturating_add_unsigned(line.region.height / 2);
        let bottom = lines[from].region.bottom();
        let count = lines[from..].iter().take_while(|line| middle(line) < bottom).count().max(1);
        lines[from..from + count].sort_by_key(|line| line.region.x);
        from += count;
    }
}

/// The widest stretch that no line reaches into: how wide it is and where it ends.
fn widest_gap(lines: &[TextLine], extent: impl Fn(&Region) -> (i32, i32)) -> Option<(u32, i32)> {
    let mut extents: Vec<(i32, i32)> = lines.iter().map(|line| extent(&line.region)).collect();
    extents.sort_unstable();
    let mut end = extents.first()?.1;
    let mut widest: Option<(u32, i32)> = None;
    for (from, to) in extents {
        let gap = from.saturating_sub(end);
        if gap > 0 && widest.is_none_or(|(most, _)| gap.unsigned_abs() > most) {
            widest = Some((gap.unsigned_abs(), from));
        }
        end = end.max(to);
    }
    widest
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
            line("right 1", 400, 101, 200, 12),
            line("left 2", 20, 120, 220, 12),
            line("title", 20, 20, 580, 24),
            line("left 1", 20, 100, 200, 12),
            line("right 2", 400, 121, 180, 12),
            line("left 3", 20, 140, 90, 12),
        ];
        assert_eq!(ordered(lines, &[]), ["title", "left 1", "left 2", "left 3", "right 1", "right 2"]);
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
    }
}
