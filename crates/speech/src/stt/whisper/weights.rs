//! The model's weights: a mapped `model.safetensors`, its tensors by Hugging Face's names.
//!
//! Every tensor is checked for name, shape and type before it is used. What the decoder reads row by row stays in half
//! precision in the mapped file itself; what goes through large matrix products is copied out as `f32`. Never writes.

use super::super::SttError;
use candle_core::{Device, Tensor};
use half::f16;
use memmap2::Mmap;
use safetensors::{Dtype, SafeTensors};
use std::collections::HashMap;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    map: Arc<Mmap>,
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
        Ok(Self { map: Arc::new(map), entries, path: path.to_owned() })
    }

    /// Takes what was copied out of the file out of this process's memory too. What stays in use comes back when it is
    /// next read.
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
        Ok(match entry.dtype {
            Dtype::F16 => bytes.as_chunks().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect(),
            _ => bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
        })
    }

    /// The tensor in `f32` on `device`.
    pub(super) fn tensor(&self, name: &str, shape: &[usize], device: &Device) -> Result<Tensor, SttError> {
        Ok(Tensor::from_vec(self.values(name, shape)?, shape, device)?)
    }

    /// A matrix in half precision, where it lies in the file if that is possible.
    pub(super) fn half(&self, name: &str, rows: usize, columns: usize) -> Result<HalfMatrix, SttError> {
        let entry = self.entry(name, &[rows, columns])?;
        let bytes = &self.map[entry.bytes.clone()];
        let aligned = bytes.as_ptr().addr().is_multiple_of(align_of::<f16>());
        let data = if entry.dtype == Dtype::F16 && aligned && cfg!(target_endian = "little") {
            HalfData::Mapped { map: Arc::clone(&self.map), bytes: entry.bytes.clone() }
        } else {
            HalfData::Owned(self.values(name, &[rows, columns])?.into_iter().map(f16::from_f32).collect())
        };
        Ok(HalfMatrix { data, columns })
    }
}

/// A matrix of half-precision numbers, row after row.
#[derive(Debug)]
pub(super) struct HalfMatrix {
    data: HalfData,
    columns: usize,
}

#[derive(Debug)]
enum HalfData {
    /// In the mapped file; aligned and within it, as [`Weights::half`] made sure.
    Mapped { map: Arc<Mmap>, bytes: Range<usize> },
    /// A copy, where the file has another type.
    Owned(Vec<f16>),
}

impl HalfMatrix {
    /// All of it.
    pub(super) fn values(&self) -> &[f16] {
        match &self.data {
            HalfData::Mapped { map, bytes } => {
                let bytes = &map[bytes.clone()];
                // SAFETY: any two bytes are an f16; `Weights::half` checked the alignment; the slice borrows the map.
                unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast::<f16>(), bytes.len() / size_of::<f16>()) }
            }
            HalfData::Owned(values) => values,
        }
    }

    /// One row.
    pub(super) fn row(&self, index: usize) -> &[f16] {
        &self.values()[index * self.columns..][..self.columns]
    }

    /// Numbers in a row.
    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// Rows.
    pub(super) fn rows(&self) -> usize {
        self.values().len() / self.columns
    }
}
