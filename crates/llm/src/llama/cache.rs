//! Keys and values of the tokens read so far, in 16-bit floats, reserved once for the whole context.

use super::Config;
use crate::error::{LlmError, Result};
use crate::kernels::Head;
use crate::team::Parts;
use std::ops::Range;

/// Bytes that a cache may have.
const MAX_BYTES: usize = 16 << 30;

/// By layer and head, then by position: what one head looks at is one run of memory.
pub(super) struct Cache {
    keys: Vec<u16>,
    values: Vec<u16>,
    heads: usize,
    width: usize,
    capacity: usize,
    length: usize,
}

impl Cache {
    /// Whether a cache for `capacity` positions is of a sane size.
    ///
    /// # Errors
    /// It would take more than 16 GiB.
    pub(super) fn check(config: &Config, capacity: usize) -> Result<()> {
        let bytes = [config.layers, config.kv_width(), capacity, 4].iter().try_fold(1usize, |a, b| a.checked_mul(*b));
        match bytes {
            Some(bytes) if bytes <= MAX_BYTES => Ok(()),
            _ => {
                Err(LlmError::unsupported(format!("keys and values of {capacity} tokens would take more than 16 GiB")))
            }
        }
    }

    /// Room for `capacity` positions. Memory is taken from the system as it is first written.
    pub(super) fn new(config: &Config, capacity: usize) -> Self {
        let numbers = config.layers * config.kv_heads * capacity * config.head_width;
        Self {
            keys: vec![0; numbers],
            values: vec![0; numbers],
            heads: config.kv_heads,
            width: config.head_width,
            capacity,
            length: 0,
        }
    }

    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// Forgets all but the first `length` positions.
    pub(super) fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    /// The positions below `length` are now filled in every layer.
    pub(super) fn filled(&mut self, length: usize) {
        debug_assert!(length <= self.capacity);
        self.length = length;
    }

    /// Where keys and values of one layer go, for several threads at once.
    pub(super) fn slots(&mut self, layer: usize) -> Slots<'_> {
        let stride = self.stride();
        let (first, length) = (layer * self.heads * stride, self.heads * stride);
        Slots {
            keys: Parts::new(&mut self.keys[first..first + length]),
            values: Parts::new(&mut self.values[first..first + length]),
            stride,
            width: self.width,
        }
    }

    /// Numbers from one head to the next.
    fn stride(&self) -> usize {
        self.capacity * self.width
    }

    /// Keys and values of some positions.
    pub(super) fn head(&self, layer: usize, head: usize, positions: Range<usize>) -> Head<'_> {
        let at = (layer * self.heads + head) * self.stride();
        let range = at + positions.start * self.width..at + positions.end * self.width;
        Head { width: self.width, keys: &self.keys[range.clone()], values: &self.values[range] }
    }
}

/// Keys and values of one layer, to be written.
pub(super) struct Slots<'a> {
    keys: Parts<'a, u16>,
    values: Parts<'a, u16>,
    stride: usize,
    width: usize,
}

impl Slots<'_> {
    /// Where the key and the value of one position go.
    ///
    /// # Safety
    /// No position is written by two threads at the same time.
    #[allow(clippy::mut_from_ref)]
    pub(super) unsafe fn at(&self, head: usize, position: usize) -> (&mut [u16], &mut [u16]) {
        let at = head * self.stride + position * self.width;
        // SAFETY: the caller's promise.
        unsafe { (self.keys.part(at, self.width), self.values.part(at, self.width)) }
    }
}
