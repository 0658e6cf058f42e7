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
#[cfg(target_os = "linux")]
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Bytes that the system fetches ahead of what is being read.
pub(crate) const AHEAD: usize = 16 << 20;

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
        // Whoever opens a model reads all of it.
        expect(&file, 0, AHEAD);
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

    /// Has the system fetch `length` bytes from `offset` while other work is done.
    pub(crate) fn expect(&self, offset: u64, length: usize) {
        expect(&self.file, offset, length);
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

/// Has the system fetch `length` bytes of `file` from `offset`, where it can be told to.
#[cfg(target_os = "linux")]
fn expect(file: &File, offset: u64, length: usize) {
    /// Of more at once, Linux fetches only what it would fetch ahead by itself.
    const STEP: libc::off_t = 128 << 10;
    for start in (offset..offset.saturating_add(length as u64)).step_by(STEP as usize) {
        let Ok(start) = libc::off_t::try_from(start) else { return };
        // A hint: what it fails to do is done by the read.
        // SAFETY: the descriptor is open, and no memory is handed over.
        unsafe { libc::posix_fadvise(file.as_raw_fd(), start, STEP, libc::POSIX_FADV_WILLNEED) };
    }
}

/// There is no such call.
#[cfg(not(target_os = "linux"))]
fn expect(_: &File, _: u64, _: usize) {}
