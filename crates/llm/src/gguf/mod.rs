//! GGUF files: a checked header, and the bytes of tensors by row.
//!
//! Never trusts the file and never keeps it in memory: rows are read where they are wanted, by any thread.

mod header;
#[cfg(any(test, fuzzing))]
#[cfg_attr(not(test), allow(dead_code))]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod types;
mod value;
mod write;

pub(crate) use header::{Header, TensorInfo};
pub(crate) use types::TensorType;
pub(crate) use value::{Metadata, Strings};
pub(crate) use write::{Content, Writer};

use crate::error::{LlmError, Result};
use std::fs::File;
use std::io::BufReader;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// An open model file.
#[derive(Debug)]
pub(crate) struct Gguf {
    path: PathBuf,
    file: File,
    pub(crate) header: Header,
}

impl Gguf {
    /// Opens `path` and reads its header.
    ///
    /// # Errors
    /// The file can't be opened, or is not a GGUF file that this crate can run.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let io = |source| LlmError::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?;
        if !length.is_file() {
            return Err(LlmError::malformed(format!("{} is not a file", path.display())));
        }
        let header = Header::read(BufReader::with_capacity(1 << 18, &file), length.len())?;
        Ok(Self { path: path.to_owned(), file, header })
    }

    /// The tensor with this name.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn tensor(&self, name: &str) -> Result<&TensorInfo> {
        self.header.tensors.get(name).ok_or_else(|| LlmError::malformed(format!("it has no tensor {name}")))
    }

    /// Reads the rows from `first` that fill `buffer` (a whole number of them).
    ///
    /// # Errors
    /// The file can't be read, or was cut off since it was opened.
    pub(crate) fn read_rows(&self, tensor: &TensorInfo, first: usize, buffer: &mut [u8]) -> Result<()> {
        let offset = tensor.offset + first as u64 * tensor.row_bytes() as u64;
        self.file.read_exact_at(buffer, offset).map_err(|source| LlmError::Io { path: self.path.clone(), source })
    }
}
