//! The text cursor at the end or the beginning of a line: a mark of the editor, which would be read as an "l" or a "|".
//!
//! Owns how it is told from what is written: it stands closer to its letter than a bar does, and is alone in reaching beyond
//! all of the line's ink, above and below. A bar has ground of its own on either side (more than a tenth of its height in the
//! fonts that were tried), tables and code have others of its height, and a bracket has arms that reach as far as its stem. A
//! cursor within a line, behind a space or of another form (a block) stays. Never knows what is written.

use super::detect::Bounds;
use super::strip::Look;

/// A cursor is so many times higher than it is wide, at least.
const SLIM: u32 = 8;

/// A cursor's height through its distance from the letter beside it, at least.
const NEAR: u32 = 10;

/// Lines lower than this show too little to tell, px.
const LOWEST: u32 = 8;

/// `bounds` of a line without the cursor that it begins or ends with; as they are where there is none.
pub(super) fn without(luma: &[u8], width: usize, bounds: &Bounds, look: &Look) -> Bounds {
    let line = Line { luma, width, look };
    let Some(ink) = line.ink(*bounds).filter(|ink| ink.height() >= LOWEST) else { return *bounds };
    let is_stem = |x: &u32| (ink.top..ink.bottom).all(|y| line.differs(*x, y, 2));
    let behind = (ink.left..ink.right).rev().take_while(is_stem).count() as u32;
    let before = (ink.left..ink.right).take_while(is_stem).count() as u32;
    let cuts = [
        (behind, Bounds { right: ink.right - behind, ..ink }, ink.right - behind),
        (before, Bounds { left: ink.left + before, ..ink }, ink.left + before),
    ];
    for (stem, rest, edge) in cuts {
        if stem == 0 || stem > (ink.height() / SLIM).max(1) {
            continue;
        }
        let Some(rest) = line.ink(rest) else { continue };
        let apart = if edge > rest.right { edge - rest.right } else { rest.left.saturating_sub(edge) };
        if rest.top > ink.top && rest.bottom < ink.bottom && apart * NEAR <= ink.height() {
            return rest;
        }
    }
    *bounds
}

/// A picture with a line in it.
struct Line<'p> {
    luma: &'p [u8],
    width: usize,
    look: &'p Look,
}

impl Line<'_> {
    /// Whether a pixel differs from the ground by the `share`th part of what the line's ink does, at least.
    fn differs(&self, x: u32, y: u32, share: u16) -> bool {
        let value = self.luma[y as usize * self.width + x as usize];
        u16::from(value.abs_diff(self.look.ground)) * share >= u16::from(self.look.contrast)
    }

    /// Where in `bounds` there is ink; none where there isn't any.
    fn ink(&self, bounds: Bounds) -> Option<Bounds> {
        let in_row = |y: &u32| (bounds.left..bounds.right).any(|x| self.differs(x, *y, 4));
        let top = (bounds.top..bounds.bottom).find(in_row)?;
        let bottom = (top..bounds.bottom).rev().find(in_row)? + 1;
        let in_column = |x: &u32| (top..bottom).any(|y| self.differs(*x, y, 4));
        let left = (bounds.left..bounds.right).find(in_column)?;
        let right = (left..bounds.right).rev().find(in_column)? + 1;
        Some(Bounds { left, top, right, bottom })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WIDTH: usize = 200;
    const HEIGHT: usize = 40;
    const LOOK: Look = Look { ground: 255, contrast: 255, ink: [0; 3] };
    const WHOLE: Bounds = Bounds { left: 0, top: 0, right: WIDTH as u32, bottom: HEIGHT as u32 };

    /// A picture with black boxes (left, top, right, bottom), and its line without a cursor.
    fn cut(boxes: &[(u32, u32, u32, u32)]) -> Bounds {
        let mut luma = vec![255; WIDTH * HEIGHT];
        for &(left, top, right, bottom) in boxes {
            for y in top..bottom {
                luma[y as usize * WIDTH..][left as usize..right as usize].fill(0);
            }
        }
        without(&luma, WIDTH, &WHOLE, &LOOK)
    }

    /// Letters from column 40 to 96, rows 12 to 24.
    fn letters() -> Vec<(u32, u32, u32, u32)> {
        (0..6).map(|letter| (40 + 10 * letter, 12, 46 + 10 * letter, 24)).collect()
    }

    #[test]
    fn a_stroke_close_beside_the_letters_that_alone_is_higher_is_no_letter() {
        let alone = Bounds { left: 40, top: 12, right: 96, bottom: 24 };
        for stroke in [(96, 9, 97, 27), (97, 9, 98, 27), (97, 9, 99, 27), (38, 9, 39, 27)] {
            assert_eq!(cut(&[letters(), vec![stroke]].concat()), alone, "{stroke:?}");
        }
        for kept in [
            // A bar has ground around it; a block is wide; a letter stands on the line, and a comma hangs from it.
            vec![(100, 9, 101, 27)],
            vec![(97, 9, 105, 27)],
            vec![(97, 9, 98, 24)],
            vec![(97, 12, 98, 27)],
            // Bars of a table.
            vec![(38, 9, 39, 27), (97, 9, 98, 27)],
            // A bracket.
            vec![(97, 9, 99, 10), (99, 9, 100, 27), (97, 26, 99, 27)],
            // Nothing else.
            vec![],
        ] {
            assert_eq!(cut(&[letters(), kept.clone()].concat()), WHOLE, "{kept:?}");
        }
        assert_eq!(cut(&[(10, 9, 11, 27)]), WHOLE, "a stroke alone");
        assert_eq!(cut(&[]), WHOLE);
    }

    proptest! {
        #[test]
        fn what_is_left_is_a_part_of_the_line(
            luma in prop::collection::vec(prop_oneof![Just(0_u8), Just(255), any::<u8>()], 24 * 24),
            ground in any::<u8>(), contrast in 24_u8..,
        ) {
            let bounds = Bounds { left: 2, top: 1, right: 22, bottom: 20 };
            let rest = without(&luma, 24, &bounds, &Look { ground, contrast, ink: [0; 3] });
            prop_assert!(rest.left >= bounds.left && rest.right <= bounds.right && rest.left < rest.right);
            prop_assert!(rest.top >= bounds.top && rest.bottom <= bounds.bottom && rest.top < rest.bottom);
        }
    }
}
