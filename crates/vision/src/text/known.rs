//! Texts of lines that were read before, found again by their pixels: a line that only moved is not read twice.
//!
//! Never keeps a pixel, only a number made of all of a line's with a key that each process draws anew. Keeps so many lines
//! at most, none for longer than it is told, and overwrites a text before its memory is given back.

use super::read::Words;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, Instant};

/// The most lines; of more the half that was not seen for longest is forgotten. A screen of small letters has a few hundred.
const MOST: usize = 2048;

/// Texts by what they look like.
#[derive(Debug, Default)]
pub(super) struct Known {
    key: RandomState,
    lines: HashMap<u64, Line>,
}

#[derive(Debug)]
struct Line {
    words: Words,
    seen: Instant,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.words.wipe();
    }
}

impl Known {
    /// The number of a picture of `columns`, row by row.
    pub(super) fn number<'p>(&self, columns: usize, rows: impl Iterator<Item = &'p [u8]>) -> u64 {
        let mut hasher = self.key.build_hasher();
        hasher.write_usize(columns);
        rows.for_each(|row| hasher.write(row));
        hasher.finish()
    }

    /// What stands in the line of that number.
    pub(super) fn get(&mut self, number: u64, now: Instant) -> Option<&Words> {
        let line = self.lines.get_mut(&number)?;
        line.seen = now;
        Some(&line.words)
    }

    /// Keeps what stands in the line of that number.
    pub(super) fn add(&mut self, number: u64, words: &Words, now: Instant) {
        if self.lines.len() >= MOST {
            let mut seen: Vec<Instant> = self.lines.values().map(|line| line.seen).collect();
            let (_, middle, _) = seen.select_nth_unstable(MOST / 2);
            let middle = *middle;
            self.lines.retain(|_, line| line.seen > middle);
        }
        self.lines.insert(number, Line { words: words.clone(), seen: now });
    }

    /// Forgets what was last seen at least `unseen` ago; all of it for zero.
    pub(super) fn forget(&mut self, unseen: Duration, now: Instant) {
        self.lines.retain(|_, line| now.saturating_duration_since(line.seen) < unseen);
        if self.lines.is_empty() {
            self.lines = HashMap::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Words {
        Words { text: text.to_owned(), confidence: 1.0 }
    }

    #[test]
    fn lines_are_told_apart_by_any_pixel_and_by_their_shape() {
        let known = Known::default();
        let pixels = [7u8; 12];
        let number = known.number(4, pixels.chunks(4));
        assert_eq!(known.number(4, pixels.chunks(4)), number);
        assert_ne!(known.number(3, pixels.chunks(3)), number);
        for at in 0..12 {
            let mut other = pixels;
            other[at] = 8;
            assert_ne!(known.number(4, other.chunks(4)), number, "{at}");
        }
        assert_ne!(Known::default().number(4, pixels.chunks(4)), number, "the key is of this process");
    }

    #[test]
    fn what_was_not_seen_for_long_is_forgotten() {
        let mut known = Known::default();
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        known.add(1, &words("one"), at(0));
        known.add(2, &words("two"), at(0));
        assert_eq!(known.get(2, at(50)).map(|words| words.text.as_str()), Some("two"));
        known.forget(Duration::from_secs(60), at(60));
        assert!(known.get(1, at(60)).is_none() && known.get(2, at(60)).is_some());
        known.forget(Duration::ZERO, at(60));
        assert!(known.get(2, at(60)).is_none());
    }

    #[test]
    fn there_are_never_too_many() {
        let mut known = Known::default();
        let begin = Instant::now();
        for number in 0..3 * MOST as u64 {
            known.add(number, &words("x"), begin + Duration::from_millis(number));
            assert!(known.lines.len() <= MOST);
        }
        assert!(known.get(3 * MOST as u64 - 1, begin).is_some() && known.get(0, begin).is_none());
    }
}
