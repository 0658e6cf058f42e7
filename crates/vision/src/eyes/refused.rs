//! Windows of which only the accessibility tree says that they must not be seen.
//!
//! Browsers write that a window is private into the title that screen readers are told, not into the one that the desktop
//! lists, and an application may have another name there. Owns which windows these are, by number and process. Never
//! keeps a title.

use jarvis_core::{ScreenWindow, WindowText};
use std::collections::VecDeque;

/// The most windows.
const MOST: usize = 256;

/// Windows that must not be seen, the last one first. One that is not listed just now may come back, so all stay.
#[derive(Debug, Default)]
pub(super) struct Refused {
    /// Number and process.
    windows: VecDeque<(u64, u32)>,
}

impl Refused {
    pub(super) fn has(&self, window: &ScreenWindow) -> bool {
        self.windows.contains(&(window.id, window.process))
    }

    /// The window `told` must not be seen: whichever of `windows` that is. In doubt it is more than one.
    pub(super) fn add(&mut self, told: &WindowText, windows: &[ScreenWindow]) {
        let focused = |window: &&ScreenWindow| window.focused;
        // Whoever has the keyboard, and, since that may have changed since the list was made, who is in the same place.
        let is_it = |window: &&ScreenWindow| {
            let there = [window.region, window.frame].contains(&told.region);
            is_of(told, window) && (window.focused || (told.process != 0 && there))
        };
        let of_process = |window: &&ScreenWindow| told.process != 0 && window.process == told.process;
        let mut found: Vec<&ScreenWindow> = windows.iter().filter(is_it).collect();
        if found.is_empty() {
            found = windows.iter().filter(of_process).collect();
        }
        // In a sandbox, a process has another number.
        if found.is_empty() {
            found = windows.iter().filter(focused).collect();
        }
        for window in found.into_iter().filter(|window| !self.has(window)).collect::<Vec<_>>() {
            self.windows.truncate(MOST - 1);
            self.windows.push_front((window.id, window.process));
        }
    }

    /// The window `told` may be seen: a page's title may have had the words of a private window for once. Believed only of
    /// one that the desktop calls the same.
    pub(super) fn remove(&mut self, told: &WindowText, focused: &ScreenWindow) {
        if is_of(told, focused) && !focused.title.is_empty() && told.title.starts_with(&focused.title) {
            self.windows.retain(|known| *known != (focused.id, focused.process));
        }
    }

    pub(super) fn clear(&mut self) {
        self.windows.clear();
    }
}

/// Whether `window` may be of the process that `told` is from.
pub(super) fn is_of(told: &WindowText, window: &ScreenWindow) -> bool {
    window.process == 0 || told.process == 0 || window.process == told.process
}

#[cfg(test)]
mod tests {
    use super::*;
    use jarvis_core::Region;

    fn window(id: u64, process: u32, focused: bool) -> ScreenWindow {
        let region = Region::new(10 * id as i32, 0, 10, 10);
        ScreenWindow { id, process, focused, region, frame: region, title: format!("Page {id}"), ..Default::default() }
    }

    fn refused(told: &WindowText, windows: &[ScreenWindow]) -> Vec<u64> {
        let mut refused = Refused::default();
        refused.add(told, windows);
        windows.iter().filter(|window| refused.has(window)).map(|window| window.id).collect()
    }

    #[test]
    fn a_window_is_found_by_the_keyboard_its_place_or_its_process() {
        let windows = [window(1, 7, false), window(2, 7, true), window(3, 8, false)];
        let told = |process, x| WindowText { process, region: Region::new(x, 0, 10, 10), ..WindowText::default() };
        assert_eq!(refused(&told(7, 500), &windows), [2]);
        assert_eq!(refused(&told(7, 10), &windows), [1, 2], "the keyboard went elsewhere meanwhile");
        assert_eq!(refused(&told(8, 500), &windows), [3]);
        assert_eq!(refused(&told(99, 500), &windows), [2], "in a sandbox");
        assert_eq!(refused(&told(0, 500), &windows), [2]);
        assert_eq!(refused(&told(7, 0), &[]), [0; 0]);
    }

    #[test]
    fn a_window_is_allowed_again_only_where_it_is_surely_the_same_one() {
        let (told, other) = (window(1, 7, true), window(1, 8, true));
        let says = |title: &str| WindowText { title: title.into(), process: 7, ..WindowText::default() };
        let mut refused = Refused::default();
        refused.add(&says("Page 1 (Incognito)"), std::slice::from_ref(&told));
        assert!(refused.has(&told) && !refused.has(&other), "the number is of another window now");
        refused.remove(&says("Page 2"), &told);
        refused.remove(&says("Page 1"), &other);
        refused.remove(&says(""), &ScreenWindow { title: String::new(), ..told.clone() });
        assert!(refused.has(&told));
        refused.remove(&says("Page 1 - Profile"), &told);
        assert!(!refused.has(&told));
        for id in 0..1_000 {
            refused.add(&says(""), &[window(id, 7, true)]);
        }
        assert_eq!(refused.windows.len(), MOST);
    }
}
