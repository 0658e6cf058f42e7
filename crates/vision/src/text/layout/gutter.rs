//! Whether a gap from top to bottom parts columns, which are read one after the other, or the cells of rows.
//!
//! Owns that judgement. Never moves a line.
//!
//! Cells stand beside each other on one base line, row for row, and at least those of one side are short: an amount, a name,
//! a word. Columns of prose may stand on one base line, too, as newspapers have it; but the lines of both are sentences, most
//! of which begin in the midst of one. Panes beside each other (a list and what is picked in it, a chat's people and what one
//! of them wrote) meet on a base line by chance alone.

use super::rows::{Pitch, aligned, in_rows, middle};
use jarvis_core::{Region, TextLine};

/// Of the rows of the side that has fewer, so many have a partner where they are cells: three of four.
const ALIGNED: (usize, usize) = (3, 4);

/// Of fewer rows than that, all have.
const FEW: usize = 4;

/// Rows of a list are no further apart than this, in hundredths of those that have a partner.
const GOES_ON: i64 = 130;

/// Lines of so many words are sentences,
const WORDS: usize = 5;

/// or of so many, where most begin with a small letter: they go on.
const WORDS_GOING_ON: usize = 3;

/// Two lines of an entry are nearer to each other than entries are, in hundredths.
const ENTRY: i32 = 135;

/// Whether `left` and `right`, which stand beside each other, are columns or panes. `pitch` is that of their letters, where
/// all have the same.
pub(super) fn parts_columns(left: &[&TextLine], right: &[&TextLine], pitch: Option<Pitch>) -> bool {
    // What stands over or under all of the other side tells nothing.
    let (beside_right, beside_left) = (beside(left, right), beside(right, left));
    if flows(&beside_right) && flows(&beside_left) {
        return true;
    }
    let (left_rows, right_rows) = (in_rows(beside_right), in_rows(beside_left));
    if left_rows.len() < 2 || right_rows.len() < 2 {
        return false;
    }
    let (few, many) =
        if left_rows.len() <= right_rows.len() { (&left_rows, &right_rows) } else { (&right_rows, &left_rows) };
    let partners = |of: &[Vec<&TextLine>], among: &[Vec<&TextLine>]| -> Vec<Region> {
        let has =
            |row: &&Vec<&TextLine>| row.iter().any(|line| among.iter().flatten().any(|other| aligned(line, other)));
        of.iter().filter(has).map(|row| bounds(row)).collect()
    };
    let paired = partners(few, many);
    let enough =
        if few.len() < FEW { paired.len() == few.len() } else { paired.len() * ALIGNED.1 >= few.len() * ALIGNED.0 };
    if !enough {
        // An entry may begin over what stands beside it.
        let all = if few.len() == left_rows.len() { right } else { left };
        return !are_beside_entries(few, &in_rows(all.to_vec()));
    }
    if pitch.is_some() {
        // Two files beside each other, or two terminals: each has rows of its own. A listing has at most cells without one.
        let alone = |of: &[Vec<&TextLine>], among| of.len() - partners(of, among).len();
        let is_own = |of: &[Vec<&TextLine>], among| alone(of, among) >= 2 && alone(of, among) * 7 >= of.len();
        let panes = is_numbered(&right_rows) && is_numbered(&left_rows)
            || is_own(&left_rows, &right_rows) && is_own(&right_rows, &left_rows);
        if panes {
            return true;
        }
    }
    // What stands on the right of some of the rows is a note.
    is_beginning(&paired, &in_rows(right.to_vec()))
}

/// Those of `lines` that have one of `others` beside them, or stand between two that have.
fn beside<'l>(lines: &[&'l TextLine], others: &[&TextLine]) -> Vec<&'l TextLine> {
    let other = bounds(others);
    lines.iter().copied().filter(|line| (other.y..other.bottom()).contains(&middle(&line.region))).collect()
}

/// Whether `rows`, a side of which only `paired` have a partner, go on for longer than these, as a list does that a few
/// entries of another pane stand beside. Sums under a table are fewer, or stand apart.
fn is_beginning(paired: &[Region], rows: &[Vec<&TextLine>]) -> bool {
    let step = |two: &[Region]| i64::from(middle(&two[1])) - i64::from(middle(&two[0]));
    let Some(usual) = paired.windows(2).map(step).min() else { return false };
    let bounds: Vec<Region> = rows.iter().map(|row| bounds(row)).collect();
    let ends = paired.last().map_or(i32::MAX, middle);
    let first = bounds.iter().position(|row| middle(row) > ends.saturating_add_unsigned(row.height / 2));
    let under = first.map_or(&[][..], |first| &bounds[first.saturating_sub(1)..]);
    under.windows(2).take_while(|two| step(two) * 100 <= usual * GOES_ON).count() > paired.len()
}

/// Whether they are the lines of a text.
fn flows(lines: &[&TextLine]) -> bool {
    let mut words: Vec<usize> = lines
        .iter()
        .map(|line| line.text.split_whitespace().filter(|word| word.chars().any(char::is_alphabetic)).count())
        .collect();
    words.sort_unstable();
    let usual = words.get(words.len() / 2).copied().unwrap_or(0);
    let going_on = lines.iter().filter(|line| line.text.starts_with(char::is_lowercase)).count();
    usual >= WORDS || usual >= WORDS_GOING_ON && going_on * 3 >= lines.len()
}

/// Whether most rows begin with numbers that go up by one, as those of files in editors do.
fn is_numbered(rows: &[Vec<&TextLine>]) -> bool {
    let number = |row: &Vec<&TextLine>| {
        let first = row.iter().min_by_key(|line| line.region.x)?;
        first.text.split(' ').next()?.parse::<u32>().ok()
    };
    let follow = rows
        .windows(2)
        .filter(|two| number(&two[0]).zip(number(&two[1])).is_some_and(|(one, next)| one.checked_add(1) == Some(next)));
    rows.len() >= 3 && follow.count() * 3 >= (rows.len() - 1) * 2
}

/// Whether each of `cells` stands beside an entry of its own of more than one row: a switch beside a name and what it means.
fn are_beside_entries(cells: &[Vec<&TextLine>], rows: &[Vec<&TextLine>]) -> bool {
    let is_short =
        |row: &Vec<&TextLine>| row.iter().map(|line| line.text.split_whitespace().count()).sum::<usize>() <= 3;
    let steps = rows.windows(2).map(|two| middle(&bounds(&two[1])).saturating_sub(middle(&bounds(&two[0]))));
    let Some(near) = steps.clone().min().filter(|_| cells.len() >= 3 && cells.iter().all(is_short)) else {
        return false;
    };
    let mut entries: Vec<Region> = rows.first().map(|row| bounds(row)).into_iter().collect();
    for (row, step) in rows[1..].iter().zip(steps) {
        match entries.last_mut() {
            Some(entry) if i64::from(step) * 100 <= i64::from(near) * i64::from(ENTRY) => {
                *entry = entry.union(&bounds(row))
            }
            _ => entries.push(bounds(row)),
        }
    }
    let beside =
        |entry: &Region| cells.iter().filter(|row| (entry.y..entry.bottom()).contains(&middle(&bounds(row)))).count();
    let any_of_two = entries.len() < rows.len();
    let all = bounds(&cells.concat());
    entries.retain(|entry| entry.y < all.bottom() && all.y < entry.bottom());
    let alone = entries.iter().filter(|entry| beside(entry) == 1).count();
    any_of_two && alone * ALIGNED.1 >= cells.len().max(entries.len()) * ALIGNED.0
}

fn bounds(row: &[&TextLine]) -> Region {
    row.iter().fold(Region::default(), |all, line| all.union(&line.region))
}
