//! Where windows that must not be seen are seen.
//!
//! Pure: takes the windows as they lie on each other, gives rectangles. In doubt it gives too much: only what surely hides
//! a window is taken away from it.

use jarvis_core::{Region, ScreenWindow};

/// Into how many pieces a window may be cut by those in front of it; beyond, what is left is masked whole.
const MOST_PIECES: usize = 64;

/// Appends where the windows that are `excluded` can be seen, their frames with the title included. `windows` are all that
/// are shown, the topmost first. What has neither title nor application of its own (a menu, a tooltip) is excluded with any
/// window of its process.
pub fn masks(windows: &[ScreenWindow], mut excluded: impl FnMut(&ScreenWindow) -> bool, into: &mut Vec<Region>) {
    let named: Vec<bool> = windows.iter().map(&mut excluded).collect();
    let belongs = |window: &ScreenWindow| {
        let bare = window.title.is_empty() && window.application.is_empty() && window.process != 0;
        bare && windows.iter().zip(&named).any(|(other, excluded)| *excluded && other.process == window.process)
    };
    for (depth, window) in windows.iter().enumerate() {
        if !named[depth] && !belongs(window) {
            continue;
        }
        let first = into.len();
        into.push(window.frame.union(&window.region));
        for (over, named) in windows[..depth].iter().zip(&named) {
            // One that is masked itself hides nothing of its own account.
            if !named && !over.opaque.is_empty() && into.len() - first < MOST_PIECES {
                cut(into, first, &over.opaque);
            }
        }
    }
}

/// Takes `hole` away from the rectangles from `first` on.
fn cut(pieces: &mut Vec<Region>, first: usize, hole: &Region) {
    let mut index = first;
    while index < pieces.len() {
        let whole = pieces[index];
        let gone = whole.intersection(hole);
        if gone.is_empty() {
            index += 1;
            continue;
        }
        // What is left of it comes at the end, and is passed by there.
        pieces.swap_remove(index);
        let above = Region::new(whole.x, whole.y, whole.width, gone.y.abs_diff(whole.y));
        let below = Region::new(whole.x, gone.bottom(), whole.width, whole.bottom().abs_diff(gone.bottom()));
        let left = Region::new(whole.x, gone.y, gone.x.abs_diff(whole.x), gone.height);
        let right = Region::new(gone.right(), gone.y, whole.right().abs_diff(gone.right()), gone.height);
        pieces.extend([above, below, left, right].into_iter().filter(|piece| !piece.is_empty()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn window(title: &str, region: Region) -> ScreenWindow {
        ScreenWindow { title: title.into(), region, frame: region, opaque: region, ..ScreenWindow::default() }
    }

    fn masked(windows: &[ScreenWindow]) -> Vec<Region> {
        let mut regions = Vec::new();
        masks(windows, |window| window.title == "secret", &mut regions);
        regions
    }

    #[test]
    fn a_window_that_is_covered_leaves_what_covers_it_alone() {
        let work = window("work", Region::new(0, 0, 100, 100));
        let secret = window("secret", Region::new(10, 10, 50, 50));
        assert_eq!(masked(&[work.clone(), secret.clone()]), []);
        assert_eq!(masked(&[secret.clone(), work.clone()]), [secret.region]);
        let glass = ScreenWindow { opaque: Region::default(), ..work };
        assert_eq!(masked(&[glass, secret.clone()]), [secret.region], "what can be seen through hides nothing");
    }

    #[test]
    fn a_title_in_the_frame_is_masked_too() {
        let mut secret = window("secret", Region::new(10, 30, 50, 50));
        secret.frame = Region::new(9, 5, 52, 76);
        assert_eq!(masked(&[secret.clone()]), [secret.frame]);
    }

    #[test]
    fn a_menu_goes_with_its_program() {
        let secret = ScreenWindow { process: 7, ..window("secret", Region::new(10, 10, 50, 50)) };
        let menu = ScreenWindow { process: 7, ..window("", Region::new(100, 10, 30, 50)) };
        let other = ScreenWindow { process: 8, ..menu.clone() };
        let unknown = ScreenWindow { process: 0, ..menu.clone() };
        assert_eq!(masked(&[menu.clone(), other, unknown, secret.clone()]), [menu.region, secret.region]);
    }

    fn any_window() -> impl Strategy<Value = ScreenWindow> {
        let region = || (-5..25i32, -5..25i32, 0..20u32, 0..20u32).prop_map(|(x, y, w, h)| Region::new(x, y, w, h));
        (region(), region(), 0..4u8, any::<bool>()).prop_map(|(region, opaque, frame, secret)| ScreenWindow {
            title: if secret { "secret".into() } else { "work".into() },
            region,
            frame: Region::new(region.x, region.y - i32::from(frame), region.width, region.height + u32::from(frame)),
            opaque: opaque.intersection(&region),
            ..ScreenWindow::default()
        })
    }

    proptest! {
        /// Each pixel against the windows over it.
        #[test]
        fn what_can_be_seen_of_an_excluded_window_is_masked_and_no_more(
            windows in proptest::collection::vec(any_window(), 0..6),
        ) {
            let regions = masked(&windows);
            for y in -10..45 {
                for x in -10..45 {
                    let seen = windows.iter().enumerate().any(|(depth, window)| {
                        let shown = window.region.contains(x, y) || window.frame.contains(x, y);
                        let hidden = || {
                            windows[..depth].iter().any(|over| over.title != "secret" && over.opaque.contains(x, y))
                        };
                        window.title == "secret" && shown && !hidden()
                    });
                    prop_assert_eq!(regions.iter().any(|region| region.contains(x, y)), seen, "at {},{}", x, y);
                }
            }
        }

        /// However many windows lie over it, no pixel that is seen is left out.
        #[test]
        fn many_windows_in_front_leave_nothing_unmasked(
            holes in proptest::collection::vec((0..100i32, 0..100i32, 1..6u32, 1..6u32), 0..120),
        ) {
            let mut windows: Vec<_> =
                holes.iter().map(|&(x, y, w, h)| window("work", Region::new(x, y, w, h))).collect();
            windows.push(window("secret", Region::new(0, 0, 100, 100)));
            let regions = masked(&windows);
            prop_assert!(regions.len() <= 4 * MOST_PIECES);
            let seen = |x, y| !windows[..holes.len()].iter().any(|over| over.region.contains(x, y));
            for (x, y) in (0..100).flat_map(|y| (0..100).map(move |x| (x, y))) {
                prop_assert!(!seen(x, y) || regions.iter().any(|region| region.contains(x, y)));
            }
        }
    }
}
