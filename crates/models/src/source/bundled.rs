//! Files that are part of this program: small ones that were made for it. They lie below `models/`.
//!
//! Never the only thing that a model needs to come from elsewhere; the catalog says which file is one.

use super::Job;
use crate::error::{ModelError, Result};
use crate::hash::Hasher;
use std::fs;

/// Where each lies below `models/`, and what it is.
const FILES: [(&str, &[u8]); 1] = [(
    "wake-hey-jarvis-free/head.safetensors",
    include_bytes!("../../../../models/wake-hey-jarvis-free/head.safetensors"),
)];

/// Puts those of the job's files that are part of this program beside those that were fetched.
pub(crate) fn put(job: &Job<'_>) -> Result<()> {
    for file in job.model.files().filter(|file| file.bundled) {
        let place = format!("{}/{}", job.model.id, file.name);
        let found = FILES.iter().find(|(name, _)| *name == place).map_or(&[][..], |(_, bytes)| bytes);
        let mut hasher = Hasher::new();
        hasher.update(found);
        if hasher.finish() != file.sha256 {
            return Err(ModelError::Corrupt {
                from: "this program".into(),
                what: place,
                detail: "it is not what the catalog says".into(),
            });
        }
        let target = job.target(&file.name);
        fs::write(&target, found).map_err(|e| ModelError::io("write", &target, e))?;
    }
    Ok(())
}
