//! Memory for weights, from the system in the largest pages that it gives.
//!
//! Each token reads every weight once. In pages of 4 KiB the processor looks up tens of thousands of addresses for that,
//! and in a virtual machine twice; in pages of 2 MiB it does not. Linux gives those to whoever asks, where a whole one
//! fits, so matrices lie side by side in large regions. What was never written takes no memory. Never moves or frees what
//! was handed out before its owner is gone.

use memmap2::MmapMut;
use std::fmt;
use std::io;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::Arc;

/// Bytes of a large page.
const PAGE: usize = 2 << 20;
/// Bytes that are asked for at a time, at least.
const REGION: usize = 32 * PAGE;
/// Where runs begin: no two share a cache line.
const ALIGN: usize = 64;

/// What a [`Run`] may consist of.
///
/// # Safety
/// All bytes zero is a valid value, dropping does nothing, and it is aligned to 64 bytes at most.
pub(crate) unsafe trait Zeroed: Copy {}

// SAFETY: a number.
unsafe impl Zeroed for u16 {}
// SAFETY: an array of bytes, aligned to 32.
unsafe impl Zeroed for super::Line {}

/// Hands out memory for what lives as long as a model.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    /// Where the next run comes from, and the offsets of the first byte that is free and of the end.
    region: Option<(Arc<MmapMut>, NonNull<u8>)>,
    free: usize,
    end: usize,
}

impl Pages {
    /// `length` zeros.
    ///
    /// # Errors
    /// The system has no room for them.
    pub(crate) fn take<T: Zeroed>(&mut self, length: usize) -> io::Result<Run<T>> {
        let too_much = || io::Error::from(io::ErrorKind::OutOfMemory);
        let bytes = length.checked_mul(size_of::<T>()).and_then(|bytes| bytes.checked_next_multiple_of(ALIGN));
        let bytes = bytes.ok_or_else(too_much)?;
        let (region, start) = match &self.region {
            Some(region) if bytes <= self.end - self.free => region,
            _ => {
                // One page more than is used, since the first may not begin where a large one can.
                let reserved = bytes.max(REGION).checked_next_multiple_of(PAGE).and_then(|size| size.checked_add(PAGE));
                let mut memory = MmapMut::map_anon(reserved.ok_or_else(too_much)?)?;
                #[cfg(target_os = "linux")]
                if let Err(error) = memory.advise(memmap2::Advice::HugePage) {
                    tracing::debug!(%error, "no large pages for weights");
                }
                let start = NonNull::from(&mut memory[..]).cast::<u8>();
                self.free = start.as_ptr().align_offset(PAGE).min(PAGE);
                self.end = memory.len();
                self.region.insert((Arc::new(memory), start))
            }
        };
        // SAFETY: `free + bytes <= end`, the length of the region.
        let start = unsafe { start.add(self.free) }.cast::<T>();
        debug_assert!(start.is_aligned());
        self.free += bytes;
        Ok(Run { start, length, _region: Arc::clone(region) })
    }
}

/// Numbers in memory that is its own.
pub(crate) struct Run<T> {
    start: NonNull<T>,
    length: usize,
    _region: Arc<MmapMut>,
}

// SAFETY: owns its part of the region alone, as a `Vec<T>` does.
unsafe impl<T: Send> Send for Run<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Run<T> {}

impl<T> Deref for Run<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: `length` valid values (zeros at first, see `Zeroed`) in memory that lives as long as the region, which
        // nothing else refers to.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }
}

impl<T> DerefMut for Run<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.length) }
    }
}

impl<T> fmt::Debug for Run<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("length", &self.length).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Line;
    use super::*;

    #[test]
    fn runs_are_zeros_of_their_own() {
        let mut pages = Pages::default();
        let mut numbers: Vec<Run<u16>> = (0..50).map(|i| pages.take(i * 7919).unwrap()).collect();
        let mut lines: Vec<Run<Line>> = [3, REGION / 32 + 1, 0, 5].map(|count| pages.take(count).unwrap()).into();
        drop(pages);
        for (i, run) in numbers.iter_mut().enumerate() {
            assert!(run.len() == i * 7919 && run.iter().all(|number| *number == 0));
            run.fill(i as u16);
        }
        for run in &mut lines {
            assert!(run.iter().all(|line| line.0 == [0; 32]));
            run.fill(Line([0xff; 32]));
        }
        drop(lines.remove(1));
        assert!(numbers.iter().enumerate().all(|(i, run)| run.iter().all(|number| *number == i as u16)));
        assert!(lines.iter().flat_map(|run| run.iter()).all(|line| line.0 == [0xff; 32]));
    }

    #[test]
    fn more_than_there_is_is_refused() {
        let mut pages = Pages::default();
        assert!(pages.take::<Line>(usize::MAX / 16).is_err());
        assert!(pages.take::<u16>(usize::MAX / 2 - 1).is_err());
        assert_eq!(pages.take::<u16>(5).unwrap().len(), 5);
    }
}
