//! What was read at the last few places, as lines and a number a tile.
//!
//! Never keeps a pixel, and nothing longer than it may; text is overwritten before its memory is given back.

use crate::frame::Grid;
use jarvis_core::{Region, TextLine};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The most places.
const PLACES: usize = 8;

/// What a picture is of. A window that only moved is the same one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A window, by its number.
    Window(u64),
    /// A part of the desktop.
    Area(Region),
}

/// What was read at a place; regions relative to its picture.
#[derive(Debug)]
pub(super) struct Read {
    place: Place,
    looked: Instant,
    pub(super) grid: Grid,
    pub(super) lines: Vec<TextLine>,
}

impl Drop for Read {
    fn drop(&mut self) {
        self.lines.iter_mut().for_each(wipe);
    }
}

/// Overwrites a text.
pub(super) fn wipe(line: &mut TextLine) {
    let mut bytes = std::mem::take(&mut line.text).into_bytes();
    bytes.fill(0);
    // Else the compiler may see that nobody reads it.
    std::hint::black_box(&bytes);
}

/// The last few places, the last one first.
#[derive(Debug)]
pub(super) struct Memory {
    reads: VecDeque<Read>,
    remember: Duration,
}

impl Memory {
    pub(super) fn new(remember: Duration) -> Self {
        Self { reads: VecDeque::new(), remember }
    }

    pub(super) fn get(&mut self, place: &Place) -> Option<&mut Read> {
        self.reads.iter_mut().find(|read| read.place == *place)
    }

    /// What was read at `place`, looked at now; nothing if it is new or had another size.
    pub(super) fn of(&mut self, place: &Place, size: (u32, u32), now: Instant) -> &mut Read {
        let at = self.reads.iter().position(|read| read.place == *place);
        let read = at.and_then(|at| self.reads.remove(at)).filter(|read| read.grid.size() == size);
        let mut read =
            read.unwrap_or_else(|| Read { place: place.clone(), looked: now, grid: Grid::new(), lines: Vec::new() });
        read.looked = now;
        self.reads.truncate(PLACES - 1);
        self.reads.push_front(read);
        &mut self.reads[0]
    }

    /// How many places are remembered.
    pub(super) fn places(&self) -> usize {
        self.reads.len()
    }

    /// For how long after the last look.
    pub(super) fn remember(&self) -> Duration {
        self.remember
    }

    /// Whether anything is remembered for longer than it takes to answer.
    pub(super) fn remembers(&self) -> bool {
        !self.remember.is_zero()
    }

    pub(super) fn forget_window(&mut self, id: u64) {
        self.reads.retain(|read| read.place != Place::Window(id));
    }

    pub(super) fn forget(&mut self) {
        self.reads.clear();
    }

    /// Forgets what was last looked at too long ago. Gives after what time there is more to forget.
    pub(super) fn forget_old(&mut self, now: Instant) -> Option<Duration> {
        let remember = self.remember;
        let left = |read: &Read| remember.checked_sub(now.saturating_duration_since(read.looked));
        self.reads.retain(|read| left(read).is_some_and(|left| !left.is_zero()));
        self.reads.iter().filter_map(left).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_forgotten_in_time_and_when_there_are_too_many() {
        let mut memory = Memory::new(Duration::from_secs(60));
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        memory
            .of(&Place::Window(1), (0, 0), begin)
            .lines
            .push(TextLine { text: "secret".into(), ..TextLine::default() });
        memory.of(&Place::Window(2), (0, 0), at(30));
        assert_eq!(memory.forget_old(at(40)), Some(Duration::from_secs(20)));
        assert_eq!(memory.of(&Place::Window(1), (0, 0), at(40)).lines.len(), 1);
        assert_eq!(memory.forget_old(at(90)), Some(Duration::from_secs(10)));
        assert!(memory.get(&Place::Window(2)).is_none() && memory.get(&Place::Window(1)).is_some());
        assert_eq!(memory.forget_old(at(100)), None);
        for id in 0..20 {
            memory.of(&Place::Window(id), (0, 0), at(100));
        }
        assert!(memory.get(&Place::Window(11)).is_none() && memory.get(&Place::Window(12)).is_some());
        memory.forget();
        assert_eq!(memory.forget_old(at(100)), None);
        assert!(memory.get(&Place::Window(19)).is_none());
    }

    #[test]
    fn what_may_not_be_remembered_is_gone_at_once() {
        let mut memory = Memory::new(Duration::ZERO);
        let now = Instant::now();
        memory.of(&Place::Window(1), (0, 0), now);
        assert_eq!(memory.forget_old(now), None);
        assert!(memory.get(&Place::Window(1)).is_none());
    }
}
