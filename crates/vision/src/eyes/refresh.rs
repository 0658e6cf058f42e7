//! Reads again what changed, and leaves the other lines as they were.
//!
//! Owns which areas that are. Never looks, and changes nothing when reading fails: what was unread stays so.

use super::memory::{Read, wipe};
use jarvis_core::{Cancel, LookTimings, Pixels, Region, Result, TextLine, TextRecognizer};

/// How far around changed tiles is read, logical px: a word beside a line belongs to it.
const BESIDE: f32 = 28.0;
const ABOVE: f32 = 6.0;
/// With more areas than this, or more than this share of the picture, all of it is read.
const AREAS: usize = 128;
const SHARE: f64 = 0.6;

/// What it took.
#[derive(Debug, Default)]
pub(super) struct Refreshed {
    /// Pixels that the recognizer was given.
    pub(super) pixels: u64,
    pub(super) timings: LookTimings,
}

/// Reads the unread tiles of `pixels`, all or about `most` of them, with all lines that they touch.
pub(super) fn refresh(
    read: &mut Read,
    pixels: Pixels<'_>,
    scale: f32,
    most: Option<usize>,
    recognizer: &mut dyn TextRecognizer,
    cancel: &Cancel,
) -> Result<Refreshed> {
    let picture = Region::new(0, 0, pixels.width, pixels.height);
    let (mut stale, mut areas) = (Vec::new(), Vec::new());
    read.grid.unread_regions(most.unwrap_or(usize::MAX), &mut stale, &mut areas);
    if stale.is_empty() {
        return Ok(Refreshed::default());
    }
    let scale = if scale.is_finite() { scale.clamp(1.0, 8.0) } else { 1.0 };
    for area in &mut areas {
        *area = around(area, (BESIDE * scale) as u32, (ABOVE * scale) as u32).intersection(&picture);
    }
    let mut again = vec![false; read.lines.len()];
    loop {
        merge(&mut areas);
        let mut grown = false;
        for (line, again) in read.lines.iter().zip(&mut again).filter(|(_, again)| !**again) {
            if areas.iter().chain(&stale).any(|area| area.meets(&line.region)) {
                *again = true;
                grown = true;
                areas.push(line.region.intersection(&picture));
            }
        }
        if !grown {
            break;
        }
    }
    areas.retain(|area| !area.is_empty());
    let wanted: u64 = areas.iter().map(Region::area).sum();
    if most.is_none() && (areas.len() > AREAS || wanted as f64 > SHARE * picture.area() as f64) {
        areas = vec![picture];
        stale = vec![picture];
        again.fill(true);
    }
    let mut fresh = Vec::new();
    let mut timings = LookTimings::default();
    if !areas.is_empty() {
        timings = recognizer.recognize(pixels, &areas, cancel, &mut fresh)?;
    }
    fresh.retain(|line: &TextLine| !line.text.trim().is_empty() && line.region.meets(&picture));
    let mut again = again.iter();
    read.lines.retain_mut(|line| {
        let stays = !again.next().is_some_and(|&again| again) && !fresh.iter().any(|fresh| covers(fresh, line));
        if !stays {
            wipe(line);
        }
        stays
    });
    // A line between two areas is read with each of them.
    for line in fresh {
        if !read.lines.iter().any(|other| other.region == line.region) {
            read.lines.push(line);
        }
    }
    stale.iter().for_each(|region| read.grid.set_read(region));
    Ok(Refreshed { pixels: areas.iter().map(Region::area).sum(), timings })
}

/// Whether a line that was read now is in the place of one of before.
fn covers(fresh: &TextLine, before: &TextLine) -> bool {
    2 * fresh.region.intersection(&before.region).area() >= before.region.area()
}

fn around(region: &Region, across: u32, down: u32) -> Region {
    Region::new(
        region.x.saturating_sub_unsigned(across),
        region.y.saturating_sub_unsigned(down),
        region.width.saturating_add(2 * across),
        region.height.saturating_add(2 * down),
    )
}

/// Makes one of regions that meet, where that adds little that nobody needs, until there are none.
fn merge(regions: &mut Vec<Region>) {
    let worth = |a: &Region, b: &Region| {
        let both = a.area() + b.area() - a.intersection(b).area();
        a.meets(b) && 4 * a.union(b).area() <= 5 * both
    };
    let mut at = 0;
    while at < regions.len() {
        let Some(other) = (at + 1..regions.len()).find(|&other| worth(&regions[at], &regions[other])) else {
            at += 1;
            continue;
        };
        let other = regions.swap_remove(other);
        regions[at] = regions[at].union(&other);
        // It may meet those that were passed.
        at = 0;
    }
}
