//! `installed.json`: what was verified in a model's folder, so that a look at it needs no hashing.
//!
//! A folder is a model exactly when it holds a manifest that fits its files. Never repairs anything but its own
//! timestamps.

use crate::catalog::Kind;
use crate::error::{ModelError, Result};
use crate::hash;
use jarvis_core::Cancel;
use serde::{Deserialize, Serialize};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Name of the manifest in a model's folder.
pub(crate) const FILE_NAME: &str = "installed.json";

const FORMAT: u32 = 1;

/// A time that no file has: its bytes are compared at the next look.
const UNTRUSTED: i128 = i128::MIN;

/// What was installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    format: u32,
    pub(crate) id: String,
    /// [`crate::Model::fingerprint`] at the time.
    pub(crate) source: String,
    pub(crate) files: Vec<InstalledFile>,
    /// What it is, for a model that was made here; the catalog says it of all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) about: Option<About>,
}

/// What the catalog would say of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    pub(crate) kind: Kind,
    pub(crate) title: String,
    pub(crate) licence: String,
}

/// A file as it was when its hash was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InstalledFile {
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    /// Modification time in nanoseconds since 1970.
    pub(crate) modified_ns: i128,
}

impl Manifest {
    pub(crate) fn new(id: &str, source: String, files: Vec<InstalledFile>) -> Self {
        Self { format: FORMAT, id: id.to_owned(), source, files, about: None }
    }

    /// The same for a model that was made here.
    pub(crate) fn about(mut self, about: About) -> Self {
        self.about = Some(about);
        self
    }

    /// The manifest in `folder`; none when it is missing, unreadable or from another version.
    pub(crate) fn read(folder: &Path) -> Option<Self> {
        let text = fs::read(folder.join(FILE_NAME)).ok()?;
        let manifest: Self = serde_json::from_slice(&text).ok()?;
        let plain = |f: &InstalledFile| !f.name.contains('/') && f.name != "..";
        (manifest.format == FORMAT && manifest.files.iter().all(plain)).then_some(manifest)
    }

    /// Writes it into `folder`, whole or not at all.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let path = folder.join(FILE_NAME);
        let json = serde_json::to_vec_pretty(self).expect("plain data");
        let failed = |e| ModelError::io("write", &path, e);
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        std::io::Write::write_all(&mut file, &json).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        file.persist(&path).map_err(|e| failed(e.error))?;
        Ok(())
    }

    /// Size of all files.
    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().map(|f| f.bytes).sum()
    }

    /// Compares the files of `folder` by size and time, and by hash where only the time differs (a copied folder). Says
    /// what is wrong, if anything.
    pub(crate) fn check(&self, folder: &Path, cancel: &Cancel) -> Result<Option<String>> {
        let mut touched = false;
        for file in &self.files {
            match file.look(folder) {
                Look::Same => {}
                Look::Wrong(what) => return Ok(Some(what)),
                Look::Touched => {
                    touched = true;
                    if hash::file(&folder.join(&file.name), cancel)? != file.sha256 {
                        return Ok(Some(format!("{} has changed", file.name)));
                    }
                }
            }
        }
        if touched {
            self.refresh(folder);
        }
        Ok(None)
    }

    /// Compares all files of `folder` by hash. Says what is wrong, and notes it, so that whoever looks next looks closely.
    pub(crate) fn verify(&self, folder: &Path, cancel: &Cancel) -> Result<Vec<String>> {
        let mut wrong = Vec::new();
        let mut seen = self.clone();
        for (file, seen) in self.files.iter().zip(&mut seen.files) {
            match file.look(folder) {
                Look::Wrong(what) => wrong.push(what),
                Look::Same | Look::Touched => {
                    if hash::file(&folder.join(&file.name), cancel)? == file.sha256 {
                        seen.touch(folder);
                    } else {
                        seen.modified_ns = UNTRUSTED;
                        wrong.push(format!("{} has changed", file.name));
                    }
                }
            }
        }
        self.replace_with(seen, folder);
        Ok(wrong)
    }

    /// Notes the present times of files whose hashes were just found right.
    fn refresh(&self, folder: &Path) {
        let mut seen = self.clone();
        seen.files.iter_mut().for_each(|file| file.touch(folder));
        self.replace_with(seen, folder);
    }

    /// Writes `seen` in place of this. Times only save work: a folder that cannot be written stays as good as it is.
    fn replace_with(&self, seen: Self, folder: &Path) {
        if seen != *self
            && let Err(error) = seen.write(folder)
        {
            tracing::debug!(%error, "the manifest keeps its old times");
        }
    }
}

enum Look {
    Same,
    Touched,
    Wrong(String),
}

impl InstalledFile {
    fn touch(&mut self, folder: &Path) {
        if let Ok(meta) = fs::metadata(folder.join(&self.name)) {
            self.modified_ns = modified_ns(&meta);
        }
    }

    fn look(&self, folder: &Path) -> Look {
        match fs::metadata(folder.join(&self.name)) {
            Ok(meta) if !meta.is_file() => Look::Wrong(format!("{} is not a file", self.name)),
            Ok(meta) if meta.len() != self.bytes => {
                Look::Wrong(format!("{} has {} bytes where {} belong", self.name, meta.len(), self.bytes))
            }
            Ok(meta) if modified_ns(&meta) == self.modified_ns => Look::Same,
            Ok(_) => Look::Touched,
            Err(_) => Look::Wrong(format!("{} is missing", self.name)),
        }
    }
}

pub(crate) fn modified_ns(meta: &fs::Metadata) -> i128 {
    i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec())
}
