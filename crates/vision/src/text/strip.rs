//! What a line looks like, and its picture as the network wants it.
//!
//! Owns the ground that a line stands on, the colour of its ink, where a long one can be cut, and its scaling. Never knows
//! what is written.

use super::detect::Bounds;
use super::network::HEIGHT;
use jarvis_core::Pixels;

/// Rows of the network's picture that ink stands in; the rest is margin. Tall letters are as high as that, whatever the
/// line: the network reads them as well as when they are larger, and a line is the shorter the smaller they are.
const INK_ROWS: f32 = 24.0;

/// Ground on either side of a line, columns of the network's picture.
const MARGIN: usize = 8;

/// Lines that are longer are read in parts, columns of the network's picture.
const LONGEST: f32 = 1100.0;

/// Where a line that is cut may be cut: at a gap, in this last share of the part.
const CUT_WITHIN: f32 = 0.3;

/// Widths are rounded up to this, so that lines of nearly the same width are read together.
pub(super) const ROUND: usize = 32;

/// What a line looks like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Look {
    /// Brightness of the ground.
    pub(super) ground: u8,
    /// How much the ink differs from it.
    pub(super) contrast: u8,
    /// Mean blue, green and red of the ink.
    pub(super) ink: [u8; 3],
}

/// How the line in `bounds` looks; `None` where it stands on no even ground, or hardly differs from it: that is no text.
pub(super) fn look(luma: &[u8], pixels: Pixels<'_>, bounds: &Bounds) -> Option<Look> {
    let width = pixels.width as usize;
    let mut histogram = [0u32; 256];
    for y in bounds.top as usize..bounds.bottom as usize {
        for &value in &luma[y * width..][bounds.left as usize..bounds.right as usize] {
            histogram[usize::from(value)] += 1;
        }
    }
    let total: u32 = histogram.iter().sum();
    // The brightness that most of it has, give or take 4.
    let around = |at: usize| histogram[at.saturating_sub(4)..(at + 5).min(256)].iter().sum::<u32>();
    let ground = (0..256).max_by_key(|&at| (around(at), histogram[at]))?;
    if around(ground) * 10 < total * 3 {
        return None;
    }
    // What all but a few hundredths of it differ by at most.
    let mut left = total / 50;
    let contrast = (1..256usize).rev().find(|&by| {
        let here =
            ground.checked_sub(by).map_or(0, |at| histogram[at]) + histogram.get(ground + by).copied().unwrap_or(0);
        let is_it = here > left;
        left = left.saturating_sub(here);
        is_it
    })?;
    if contrast < 24 {
        return None;
    }
    let (mut sums, mut count) = ([0u32; 3], 0u32);
    for y in bounds.top..bounds.bottom {
        let row = &luma[y as usize * width..][bounds.left as usize..bounds.right as usize];
        let colours = &pixels.row(y)[4 * bounds.left as usize..];
        for (value, colour) in row.iter().zip(colours.chunks_exact(4)) {
            if usize::from(value.abs_diff(ground as u8)) * 10 >= contrast * 8 {
                sums.iter_mut().zip(colour).for_each(|(sum, part)| *sum += u32::from(*part));
                count += 1;
            }
        }
    }
    let ink = sums.map(|sum| (sum / count.max(1)) as u8);
    Some(Look { ground: ground as u8, contrast: contrast as u8, ink })
}

/// Whether `ink` (blue, green, red) is the red of errors.
pub(super) fn is_red([blue, green, red]: [u8; 3]) -> bool {
    let other = u16::from(blue.max(green));
    red >= 130 && u16::from(red) * 10 >= other * 16
}

/// Columns of the network's picture for a column of a line `height` px high.
fn scale(height: u32) -> f32 {
    INK_ROWS / height as f32
}

/// How many columns the network's picture of `bounds` has, rounded.
pub(super) fn columns(bounds: &Bounds) -> usize {
    let ink = (bounds.width() as f32 * scale(bounds.height())).ceil() as usize;
    (ink + 2 * MARGIN).next_multiple_of(ROUND)
}

/// Appends the parts of the line in `bounds` that are read one by one, each of a length that the network reads well.
pub(super) fn parts(luma: &[u8], width: usize, bounds: &Bounds, look: &Look, out: &mut Vec<Bounds>) {
    let most = (LONGEST / scale(bounds.height())).max(8.0) as u32;
    let mut rest = *bounds;
    while rest.width() > most {
        // As many parts as it takes, of about the same length.
        let count = rest.width().div_ceil(most);
        let end = rest.left + (rest.width() / count + rest.width() / count / 8).min(most);
        let from = end - ((end - rest.left) as f32 * CUT_WITHIN) as u32;
        let (mut best, mut gap) = ((0, end), 0);
        for x in from..end {
            let blank = (rest.top..rest.bottom).all(|y| {
                let value = luma[y as usize * width + x as usize];
                u16::from(value.abs_diff(look.ground)) * 4 < u16::from(look.contrast)
            });
            gap = if blank { gap + 1 } else { 0 };
            if gap > best.0 {
                best = (gap, x + 1 - gap / 2);
            }
        }
        let cut = best.1.clamp(rest.left + 1, rest.right - 1);
        out.push(Bounds { right: cut, ..rest });
        rest.left = cut;
    }
    out.push(rest);
}

/// Writes lines into the network's input.
#[derive(Debug, Default)]
pub(super) struct Scaler {
    across: Vec<Tap>,
    down: Vec<Tap>,
    rows: Vec<f32>,
}

/// Where a value is taken from: its first source and how much of each.
#[derive(Debug, Clone)]
struct Tap {
    first: usize,
    weights: Vec<f32>,
}

impl Scaler {
    /// Writes the line in `bounds` into `out`: a plane of [`HEIGHT`] rows of `columns`, white ground and black ink.
    pub(super) fn draw(
        &mut self,
        luma: &[u8],
        width: usize,
        bounds: &Bounds,
        look: &Look,
        columns: usize,
        out: &mut [f32],
    ) {
        let scale = scale(bounds.height());
        let (ink_columns, ink_rows) = (
            ((bounds.width() as f32 * scale).round() as usize).clamp(1, columns.saturating_sub(MARGIN).max(1)),
            INK_ROWS as usize,
        );
        taps(bounds.width() as usize, ink_columns, &mut self.across);
        taps(bounds.height() as usize, ink_rows, &mut self.down);
        self.rows.clear();
        self.rows.resize(bounds.height() as usize * ink_columns, 0.0);
        let strength = 1.0 / f32::from(look.contrast);
        for (y, row) in (bounds.top as usize..).zip(self.rows.chunks_exact_mut(ink_columns)) {
            let source = &luma[y * width..][bounds.left as usize..bounds.right as usize];
            for (value, tap) in row.iter_mut().zip(&self.across) {
                let part = source[tap.first..].iter().zip(&tap.weights);
                *value =
                    part.map(|(ink, weight)| f32::from(ink.abs_diff(look.ground)) * weight).sum::<f32>() * strength;
            }
        }
        out.fill(1.0);
        let (top, left) = ((HEIGHT - ink_rows) / 2, MARGIN.min(columns - ink_columns));
        for (y, tap) in self.down.iter().enumerate() {
            let out = &mut out[(top + y) * columns + left..][..ink_columns];
            for (row, weight) in (tap.first..).zip(&tap.weights) {
                let row = &self.rows[row * ink_columns..][..ink_columns];
                out.iter_mut().zip(row).for_each(|(out, ink)| *out -= 2.0 * weight * ink);
            }
            out.iter_mut().for_each(|out| *out = out.max(-1.0));
        }
    }
}

/// The weights that make `from` values `to`: linear between neighbours, and over all that a value stands for where there
/// are fewer.
fn taps(from: usize, to: usize, out: &mut Vec<Tap>) {
    out.resize_with(to, || Tap { first: 0, weights: vec![] });
    let step = from as f32 / to as f32;
    let reach = step.max(1.0);
    for (at, tap) in out.iter_mut().enumerate() {
        let centre = (at as f32 + 0.5) * step - 0.5;
        let first = ((centre - reach).ceil().max(0.0)) as usize;
        let last = ((centre + reach).floor() as usize).min(from - 1);
        tap.first = first.min(last);
        tap.weights.clear();
        tap.weights.extend((tap.first..=last).map(|source| (1.0 - (source as f32 - centre).abs() / reach).max(0.0)));
        let sum: f32 = tap.weights.iter().sum();
        if sum > 0.0 {
            tap.weights.iter_mut().for_each(|weight| *weight /= sum);
        } else {
            let share = 1.0 / tap.weights.len() as f32;
            tap.weights.fill(share);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LOOK: Look = Look { ground: 255, contrast: 255, ink: [0; 3] };

    proptest! {
        #[test]
        fn parts_make_up_the_line(width in 1..6000u32, height in 5..96u32, blanks in prop::collection::vec(0..6000u32, 0..60)) {
            let mut luma = vec![0; width as usize * height as usize];
            for x in blanks.into_iter().filter(|x| *x < width) {
                (0..height as usize).for_each(|y| luma[y * width as usize + x as usize] = 255);
            }
            let line = Bounds { left: 0, top: 0, right: width, bottom: height };
            let mut found = vec![];
            parts(&luma, width as usize, &line, &LOOK, &mut found);
            let mut end = 0;
            for part in &found {
                prop_assert_eq!((part.left, part.top, part.bottom), (end, 0, height));
                prop_assert!(part.right > part.left);
                prop_assert!(columns(part) <= (LONGEST as usize + 2 * MARGIN + 32).next_multiple_of(ROUND));
                end = part.right;
            }
            prop_assert_eq!(end, width);
        }

        #[test]
        fn weights_keep_what_is_even(from in 1..200usize, to in 1..200usize) {
            let mut all = vec![];
            taps(from, to, &mut all);
            prop_assert_eq!(all.len(), to);
            for tap in &all {
                prop_assert!(!tap.weights.is_empty() && tap.first + tap.weights.len() <= from);
                prop_assert!((tap.weights.iter().sum::<f32>() - 1.0).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn light_and_dark_are_drawn_alike() {
        let bounds = Bounds { left: 1, top: 1, right: 9, bottom: 11 };
        let draw = |ink: u8, ground: u8| {
            let mut luma = vec![ground; 12 * 12];
            (2..10).for_each(|y| luma[y * 12 + 4..y * 12 + 6].fill(ink));
            let mut out = vec![0.0; HEIGHT * 64];
            let look = Look { ground, contrast: ground.abs_diff(ink), ink: [ink; 3] };
            Scaler::default().draw(&luma, 12, &bounds, &look, 64, &mut out);
            out
        };
        let (light, dark) = (draw(0, 255), draw(235, 35));
        assert!(light.iter().zip(&dark).all(|(one, other)| (one - other).abs() < 1e-3));
        assert!(light.iter().all(|value| (-1.0..=1.0).contains(value)));
        assert!(light.contains(&1.0) && light.iter().any(|value| *value < -0.9));
    }

    #[test]
    fn red_is_told_from_other_colours() {
        for (red, green, blue) in [(217, 48, 37), (242, 139, 130), (176, 0, 32), (255, 80, 80)] {
            assert!(is_red([blue, green, red]), "{red} {green} {blue}");
        }
        for (red, green, blue) in [(255, 165, 0), (200, 200, 200), (60, 0, 0), (0, 0, 255), (128, 0, 128)] {
            assert!(!is_red([blue, green, red]), "{red} {green} {blue}");
        }
    }
}
