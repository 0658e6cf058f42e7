//! The model's weights: a mapped `model.safetensors`, its tensors by Hugging Face's names.
//!
//! Every tensor is checked for name, shape and type before it is used. What the decoder reads row by row is rounded to 8
//! bits, a scale for each row; what goes through large matrix products is copied out as `f32`. Never writes.

use super::super::SttError;
use super::kernels::{self, ByteRows};
use candle_core::{Device, Tensor};
use half::f16;
use half::slice::HalfFloatSliceExt;
use memmap2::Mmap;
use rayon::prelude::*;
use safetensors::{Dtype, SafeTensors};
use std::collections::HashMap;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Where a tensor lies in the file.
#[derive(Debug)]
struct Entry {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Range<usize>,
}

/// A mapped file of weights.
#[derive(Debug)]
pub(super) struct Weights {
    map: Mmap,
    entries: HashMap<String, Entry>,
    path: PathBuf,
}

impl Weights {
    /// Maps the file and reads its table of contents.
    pub(super) fn open(path: &Path) -> Result<Self, SttError> {
        let file = File::open(path).map_err(|error| SttError::unreadable(path, error))?;
        if file.metadata().is_ok_and(|metadata| metadata.len() == 0) {
            return Err(SttError::damaged(path, "it is empty"));
        }
        // SAFETY: models are replaced by renaming a new file into place and never written to once they are there, so the
        // bytes behind the map don't change.
        let map = unsafe { Mmap::map(&file) }.map_err(|error| SttError::unreadable(path, error))?;
        let (header, metadata) = SafeTensors::read_metadata(&map).map_err(|error| SttError::damaged(path, error))?;
        let data = header + size_of::<u64>();
        let mut entries = HashMap::new();
        for (name, info) in metadata.tensors() {
            let (start, end) = info.data_offsets;
            if start > end || end > map.len() - data {
                return Err(SttError::damaged(path, format!("tensor `{name}` reaches beyond the end of the file")));
            }
            let entry = Entry { dtype: info.dtype, shape: info.shape.clone(), bytes: data + start..data + end };
            entries.insert(name, entry);
        }
        Ok(Self { map, entries, path: path.to_owned() })
    }

    /// Takes what was copied out of the file out of this process's memory.
    pub(super) fn release(&self) {
        #[cfg(unix)]
        // SAFETY: the map is read-only and of a file, so that pages come back as they were.
        if let Err(error) = unsafe { self.map.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) } {
            tracing::debug!(%error, "the weights that were copied stay mapped");
        }
    }

    /// The tensor `name`, if it has `shape` and a type that can be read.
    fn entry(&self, name: &str, shape: &[usize]) -> Result<&Entry, SttError> {
        let Some(entry) = self.entries.get(name) else {
            return Err(SttError::damaged(&self.path, format!("there is no tensor `{name}`")));
        };
        if entry.shape != shape {
            let reason = format!("tensor `{name}` has the shape {:?}, expected {shape:?}", entry.shape);
            return Err(SttError::damaged(&self.path, reason));
        }
        let size = match entry.dtype {
            Dtype::F16 => 2,
            Dtype::F32 => 4,
            other => {
                let reason = format!("tensor `{name}` has the type {other:?}, expected F16 or F32");
                return Err(SttError::damaged(&self.path, reason));
            }
        };
        if entry.bytes.len() != shape.iter().product::<usize>() * size {
            return Err(SttError::damaged(&self.path, format!("tensor `{name}` has the wrong number of bytes")));
        }
        Ok(entry)
    }

    /// A copy of the tensor in `f32`.
    pub(super) fn values(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, SttError> {
        let entry = self.entry(name, shape)?;
        let bytes = &self.map[entry.bytes.clone()];
        let mut values = Vec::new();
        read(entry.dtype, bytes, &mut values);
        Ok(values)
    }

    /// The tensor in `f32` on `device`.
    pub(super) fn tensor(&self, name: &str, shape: &[usize], device: &Device) -> Result<Tensor, SttError> {
        Ok(Tensor::from_vec(self.values(name, shape)?, shape, device)?)
    }

    /// The matrices of `parts`, each of this shape, one below the other, and their biases, in `f32`.
    pub(super) fn joined(&self, parts: &[Part], shape: (usize, usize)) -> Result<(Vec<f32>, Vec<f32>), SttError> {
        let mut all = Vec::with_capacity(parts.len() * shape.0 * shape.1);
        for part in parts {
            let values = self.values(&format!("{}.weight", part.name), &[shape.0, shape.1])?;
            all.extend(values.into_iter().map(|value| value * part.gain));
        }
        Ok((all, self.joined_bias(parts, shape.0)?))
    }

    /// The biases of `parts`, `outputs` of each; zeros for those that have none.
    pub(super) fn joined_bias(&self, parts: &[Part], outputs: usize) -> Result<Vec<f32>, SttError> {
        let mut all = Vec::with_capacity(parts.len() * outputs);
        for part in parts {
            if part.bias {
                let values = self.values(&format!("{}.bias", part.name), &[outputs])?;
                all.extend(values.into_iter().map(|value| value * part.gain));
            } else {
                all.resize(all.len() + outputs, 0.0);
            }
        }
        Ok(all)
    }

    /// Appends the matrix, its rows multiplied by `gain` and rounded to 8 bits.
    pub(super) fn append_bytes(
        &self,
        name: &str,
        (rows, columns): (usize, usize),
        gain: f32,
        out: &mut ByteMatrix,
    ) -> Result<(), SttError> {
        let entry = self.entry(name, &[rows, columns])?;
        let bytes = &self.map[entry.bytes.clone()];
        let from = out.scales.len();
        out.values.resize((from + rows) * columns, 0);
        out.scales.resize(from + rows, 0.0);
        let stored = bytes.par_chunks_exact(columns * (bytes.len() / (rows * columns)));
        let rounded = out.values[from * columns..].par_chunks_exact_mut(columns).zip(&mut out.scales[from..]);
        // A row at a time, so that no copy of the whole in full precision is ever made.
        rounded.zip(stored).for_each_init(Vec::new, |row: &mut Vec<f32>, ((out, scale), stored)| {
            read(entry.dtype, stored, row);
            *scale = gain * kernels::to_bytes(row, out);
        });
        Ok(())
    }
}

/// A matrix of the file, and what is to be made of it.
#[derive(Debug)]
pub(super) struct Part {
    /// Its name, without `.weight`.
    pub(super) name: String,
    /// What it is multiplied by, and its bias with it.
    pub(super) gain: f32,
    /// Whether it has a bias.
    pub(super) bias: bool,
}

/// Numbers as they are stored, in the place of what is in `out`.
fn read(dtype: Dtype, bytes: &[u8], out: &mut Vec<f32>) {
    out.clear();
    if dtype == Dtype::F32 {
        out.extend(bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)));
        return;
    }
    // By the processor's own conversion, a piece at a time.
    let mut piece = [f16::ZERO; 256];
    out.resize(bytes.len() / size_of::<f16>(), 0.0);
    for (out, stored) in out.chunks_mut(piece.len()).zip(bytes.as_chunks().0.chunks(piece.len())) {
        let piece = &mut piece[..out.len()];
        for (half, bytes) in piece.iter_mut().zip(stored) {
            *half = f16::from_le_bytes(*bytes);
        }
        piece.convert_to_f32_slice(out);
    }
}

/// A matrix of 8-bit numbers, row after row, each row with the scale that makes it the weights' again.
#[derive(Debug, Default)]
pub(super) struct ByteMatrix {
    values: Vec<i8>,
    scales: Vec<f32>,
}

impl ByteMatrix {
    /// All of it.
    pub(super) fn all(&self) -> ByteRows<'_> {
        ByteRows { values: &self.values, scales: &self.scales }
    }

    /// One row as it was, but for the rounding.
    pub(super) fn row(&self, index: usize) -> impl Iterator<Item = f32> + '_ {
        let (columns, scale) = (self.columns(), self.scales[index]);
        self.values[index * columns..][..columns].iter().map(move |value| f32::from(*value) * scale)
    }

    /// Numbers in a row.
    pub(super) fn columns(&self) -> usize {
        self.values.len() / self.scales.len()
    }
}
