//! How much of a line was read: what the network has no characters for it passes over in silence.
//!
//! Owns that share. The network was trained on many scripts and is asked for one: of a line in another, or one that stands
//! upside down, it reads a letter here and there, and each of these as sure as any. The ink between tells what is missing.

use super::network::HEIGHT;

/// Ink this far from the step that a character was read at belongs to it, columns of the network's picture: half an M.
const REACH: usize = 16;

/// Ink that is lower is a dash, a dot or a rule, of which no more than one is read; rows of the network's picture.
const LOW: usize = 7;

/// What share of the columns of letters' ink in `picture`, a plane of [`HEIGHT`] rows, lies near one of the `steps` at which
/// characters were read, each `each` columns wide; 0..=1.
pub(super) fn share_read(picture: &[f32], each: usize, steps: &[usize]) -> f32 {
    let columns = picture.len() / HEIGHT;
    let (mut ink, mut near, mut next) = (0u32, 0u32, 0);
    for column in 0..columns {
        let is_ink = |row: &usize| picture[row * columns + column] < 0.3;
        let top = (0..HEIGHT).find(is_ink);
        let bottom = (0..HEIGHT).rfind(is_ink);
        if top.zip(bottom).is_none_or(|(top, bottom)| bottom + 1 - top < LOW) {
            continue;
        }
        ink += 1;
        let middle = |step: usize| step * each + each / 2;
        while steps
            .get(next + 1)
            .is_some_and(|step| middle(*step).abs_diff(column) <= middle(steps[next]).abs_diff(column))
        {
            next += 1;
        }
        near += u32::from(steps.get(next).is_some_and(|step| middle(*step).abs_diff(column) <= REACH));
    }
    if ink == 0 { 1.0 } else { near as f32 / ink as f32 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A picture with letters 16 rows high in these columns.
    fn picture(columns: usize, letters: &[std::ops::Range<usize>]) -> Vec<f32> {
        let is_ink =
            |row: usize, column| (8..24).contains(&row) && letters.iter().any(|letter| letter.contains(&column));
        (0..HEIGHT * columns).map(|at| if is_ink(at / columns, at % columns) { -1.0 } else { 1.0 }).collect()
    }

    #[test]
    fn ink_that_no_character_stands_for_was_not_read() {
        let letters = [8..20, 24..36, 60..72, 100..112];
        let page = picture(128, &letters);
        assert_eq!(share_read(&page, 8, &[1, 3, 8, 13]), 1.0);
        assert_eq!(share_read(&page, 8, &[1, 3]), 0.5);
        assert_eq!(share_read(&page, 8, &[]), 0.0);
        assert_eq!(share_read(&[1.0; HEIGHT * 32], 8, &[]), 1.0);
        // A rule is no letter.
        let mut ruled = page;
        for row in [14, 15] {
            ruled[row * 128 + 112..row * 128 + 128].fill(-1.0);
        }
        assert_eq!(share_read(&ruled, 8, &[1, 3, 8, 13]), 1.0);
    }

    proptest! {
        #[test]
        fn it_is_a_share_and_more_characters_never_make_it_less(
            ink in prop::collection::vec(prop_oneof![Just(1.0f32), Just(-1.0)], HEIGHT * 24..HEIGHT * 25),
            mut steps in prop::collection::vec(0..6usize, 0..6),
        ) {
            let page = &ink[..HEIGHT * 24];
            steps.sort_unstable();
            let all = share_read(page, 4, &steps);
            prop_assert!((0.0..=1.0).contains(&all));
            prop_assert!(share_read(page, 4, steps.split_last().map_or(&[][..], |(_, less)| less)) <= all);
        }
    }
}
