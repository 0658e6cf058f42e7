//! Rows: lines beside each other, and those of terminals and of code, which are one line whatever the gaps in them.
//!
//! Owns what a row is, and the joining of rows in letters of one width. Never adds a word and loses none.

use jarvis_core::{Region, TextLine, TextRole};
use std::borrow::Borrow;

/// Letters of one width, and nothing else, are so wide beside the height of a line's ink, in hundredths.
const PITCH: std::ops::Range<f32> = 0.35..1.2;

/// Lines of fewer characters tell nothing of their width.
const TELLING: usize = 6;

/// The least characters that have to agree, in lines of how many lengths: figures have one width in most fonts, and what is
/// there twice agrees with itself.
const AGREEING: usize = 40;
const AGREEING_LENGTHS: usize = 3;

/// What is blank at both ends of a line, in widths of a letter.
const BEARING: f32 = 0.2;

/// How far from a whole number of letters a line may be, in letters.
const OFF: f32 = 0.28;

/// How many more letters wide a line may be than it has characters: two spaces are read as one.
const SPACES: f32 = 3.0;

/// How far apart letters of one width begin, px.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pitch(f32);

impl Pitch {
    /// The pitch of most of `lines`, if they have one.
    pub(super) fn of(lines: &[&TextLine]) -> Option<Self> {
        let telling =
            || lines.iter().map(|line| (line, line.text.chars().count())).filter(|(_, count)| *count >= TELLING);
        let mut each: Vec<(f32, usize)> =
            telling().map(|(line, count)| (line.region.width as f32 / (count as f32 - BEARING), count)).collect();
        each.sort_by(|a, b| a.0.total_cmp(&b.0));
        let all: usize = each.iter().map(|(_, count)| count).sum();
        let mut passed = 0;
        let (first, _) = *each.iter().find(|(_, count)| {
            passed += count;
            passed * 2 >= all
        })?;
        // The longest lines tell it best.
        let mut pitch = first;
        for _ in 0..2 {
            let (mut width, mut letters) = (0.0, 0.0);
            for (line, count) in telling() {
                if let Some(fits) = letters_in(line, count, pitch) {
                    width += line.region.width as f32;
                    letters += fits - BEARING;
                }
            }
            if letters > 0.0 {
                pitch = width / letters;
            }
        }
        let mut lengths: Vec<usize> = telling()
            .filter(|(line, count)| letters_in(line, *count, pitch).is_some())
            .map(|(_, count)| count)
            .collect();
        let characters: usize = lengths.iter().sum();
        lengths.sort_unstable();
        lengths.dedup();
        let is_one = lengths.len() >= AGREEING_LENGTHS && characters >= AGREEING && characters * 5 >= all * 4;
        is_one.then_some(Self(pitch))
    }

    /// How many spaces stand between two lines of a row.
    fn spaces(self, left: &Region, right: &Region) -> usize {
        let gap = right.x.saturating_sub(left.right()).max(0) as f32 / self.0;
        ((gap - BEARING).round() as usize).clamp(1, 200)
    }
}

/// How many letters wide a line of `count` characters is, if that is a number that it may have.
fn letters_in(line: &TextLine, count: usize, pitch: f32) -> Option<f32> {
    let letters = line.region.width as f32 / pitch + BEARING;
    let whole = letters.round();
    let more = whole - count as f32;
    let fits = (letters - whole).abs() <= OFF && (0.0..=SPACES).contains(&more);
    (fits && PITCH.contains(&(pitch / line.region.height.max(1) as f32))).then_some(whole)
}

/// Puts `lines` into rows from top to bottom, each from left to right.
pub(super) fn in_rows<L: Borrow<TextLine>>(mut lines: Vec<L>) -> Vec<Vec<L>> {
    let region = |line: &L| line.borrow().region;
    lines.sort_by_key(|line| (middle(&region(line)), region(line).x, region(line).y));
    let mut rows: Vec<(Region, Vec<L>)> = vec![];
    for line in lines {
        let here = region(&line);
        let fits = |(tallest, row): &&mut (Region, Vec<L>)| {
            overlap(tallest, &here) && !row.iter().any(|other| is_over(&region(other), &here))
        };
        match rows.last_mut().filter(fits) {
            Some((tallest, row)) => {
                if here.height > tallest.height {
                    *tallest = here;
                }
                row.push(line);
            }
            None => rows.push((here, vec![line])),
        }
    }
    let mut rows: Vec<Vec<L>> = rows.into_iter().map(|(_, row)| row).collect();
    rows.iter_mut().for_each(|row| row.sort_by_key(|line| (region(line).x, region(line).y)));
    rows
}

/// One line of a row in letters of one width: as many spaces stand for its gaps as there is room for.
pub(super) fn join(row: Vec<TextLine>, pitch: Pitch) -> Option<TextLine> {
    let mut row = row.into_iter();
    let mut all = row.next()?;
    for line in row {
        let spaces = pitch.spaces(&all.region, &line.region);
        let (before, after) = (all.text.chars().count() as f32, line.text.chars().count() as f32);
        all.confidence = (all.confidence * before + line.confidence * after) / (before + after).max(1.0);
        all.text.extend(std::iter::repeat_n(' ', spaces));
        all.text.push_str(&line.text);
        all.region = all.region.union(&line.region);
        if line.role == TextRole::Error {
            all.role = TextRole::Error;
        }
    }
    Some(all)
}

/// Whether two lines stand on one base line, or around one middle as those of different sizes may.
pub(super) fn aligned(one: &TextLine, other: &TextLine) -> bool {
    let near = (one.region.height.min(other.region.height) / 6).max(2);
    base(one).abs_diff(base(other)) <= near || middle(&one.region).abs_diff(middle(&other.region)) <= near.div_ceil(2)
}

/// Where the letters of a line stand; some reach below.
fn base(line: &TextLine) -> i32 {
    let reaches_below = line.text.contains(|c| "gjpqyçQ,;()[]{}|/\\@_$".contains(c));
    let below = if reaches_below { line.region.height / 100 * 23 + line.region.height % 100 * 23 / 100 } else { 0 };
    line.region.bottom().saturating_sub_unsigned(below)
}

pub(super) fn middle(region: &Region) -> i32 {
    region.y.saturating_add_unsigned(region.height / 2)
}

/// Whether the lower of two is beside the other with half of its height at least.
pub(super) fn overlap(one: &Region, other: &Region) -> bool {
    let shared = one.bottom().min(other.bottom()).saturating_sub(one.y.max(other.y));
    i64::from(shared) * 2 >= i64::from(one.height.min(other.height)).max(1)
}

/// Whether two share most of the columns of the narrower, one over the other.
fn is_over(one: &Region, other: &Region) -> bool {
    let shared = one.right().min(other.right()).saturating_sub(one.x.max(other.x));
    i64::from(shared) * 2 > i64::from(one.width.min(other.width))
}
