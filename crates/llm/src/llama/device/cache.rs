//! Keys and values of the tokens read so far on a device, in 32-bit floats, reserved once for the whole context.
//!
//! Sixteen bits would halve them, and would either have queries and scores in sixteen bits too, which the large keys of
//! some families overflow, or all of them widened again for each token.

use super::super::Config;
use candle_core::{DType, Device, Result, Tensor};
use std::ops::Range;

/// Of each layer the keys and the values, `[heads, capacity, head width]`: what one head looks at is one run of memory.
pub(crate) struct Cache {
    layers: Vec<[Tensor; 2]>,
    capacity: usize,
    length: usize,
}

impl Cache {
    /// Room for `capacity` positions.
    pub(super) fn new(config: &Config, capacity: usize, device: &Device) -> Result<Self> {
        let zeros = || Tensor::zeros((config.kv_heads, capacity, config.head_width), DType::F32, device);
        let layers = (0..config.layers).map(|_| Ok([zeros()?, zeros()?])).collect::<Result<_>>()?;
        Ok(Self { layers, capacity, length: 0 })
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

    /// Puts `keys` and `values` (`[heads, tokens, head width]`) behind what is there.
    pub(super) fn put(&self, layer: usize, keys: &Tensor, values: &Tensor) -> Result<()> {
        let [own_keys, own_values] = &self.layers[layer];
        own_keys.slice_set(keys, 1, self.length)?;
        own_values.slice_set(values, 1, self.length)
    }

    /// Keys and values of some positions, `[heads, positions, head width]`: a view, nothing is copied.
    pub(super) fn view(&self, layer: usize, positions: &Range<usize>) -> Result<[Tensor; 2]> {
        let [keys, values] = &self.layers[layer];
        let some = |all: &Tensor| all.narrow(1, positions.start, positions.len());
        Ok([some(keys)?, some(values)?])
    }
}
