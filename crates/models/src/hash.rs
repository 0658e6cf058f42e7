//! SHA-256 over files and streams, in constant memory and willing to stop.

use crate::error::{ModelError, Result};
use jarvis_core::Cancel;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

/// Bytes between two looks at the cancel flag: a few milliseconds of hashing.
pub(crate) const CHUNK: usize = 1 << 20;

/// A running SHA-256.
pub(crate) struct Hasher(Sha256);

impl Hasher {
    pub(crate) fn new() -> Self {
        Self(Sha256::new())
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// 64 lower-case hexadecimal digits.
    pub(crate) fn finish(self) -> String {
        self.0.finalize().iter().map(|b| format!("{b:02x}")).collect()
    }
}

/// SHA-256 of the file at `path`.
pub(crate) fn file(path: &Path, cancel: &Cancel) -> Result<String> {
    let mut hasher = Hasher::new();
    add_file(&mut hasher, path, cancel)?;
    Ok(hasher.finish())
}

/// Adds all of the file at `path` to `hasher`.
pub(crate) fn add_file(hasher: &mut Hasher, path: &Path, cancel: &Cancel) -> Result<()> {
    let mut file = File::open(path).map_err(|e| ModelError::io("read", path, e))?;
    let mut buffer = vec![0; CHUNK];
    loop {
        if cancel.is_cancelled() {
            return Err(ModelError::Cancelled);
        }
        match file.read(&mut buffer).map_err(|e| ModelError::io("read", path, e))? {
            0 => return Ok(()),
            n => hasher.update(&buffer[..n]),
        }
    }
}

/// How [`copy`] ended without an error of the disk.
pub(crate) enum Copied {
    /// All of the source; so many bytes.
    Whole(u64),
    /// The source had more than `limit` bytes.
    TooLong,
    /// The source failed.
    Source(std::io::Error),
}

/// Copies `from` to `to` (at `path`), adding it to `hasher`; never writes more than `limit` bytes.
pub(crate) fn copy(
    from: &mut dyn Read,
    to: &mut File,
    path: &Path,
    limit: u64,
    hasher: &mut Hasher,
    cancel: &Cancel,
) -> Result<Copied> {
    let mut buffer = vec![0; CHUNK];
    let mut copied = 0u64;
    loop {
        if cancel.is_cancelled() {
            return Err(ModelError::Cancelled);
        }
        let n = match from.read(&mut buffer) {
            Ok(0) => return Ok(Copied::Whole(copied)),
            Ok(n) => n,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(e) => return Ok(Copied::Source(e)),
        };
        copied += n as u64;
        if copied > limit {
            return Ok(Copied::TooLong);
        }
        hasher.update(&buffer[..n]);
        to.write_all(&buffer[..n]).map_err(|e| ModelError::io("write", path, e))?;
    }
}
