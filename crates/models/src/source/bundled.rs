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

/// The file `name` of the model `id`, where it is part of this program.
pub fn bundled(id: &str, name: &str) -> Option<&'static [u8]> {
    let place = format!("{id}/{name}");
    FILES.iter().find(|(known, _)| *known == place).map(|(_, bytes)| *bytes)
}

/// Puts those of the job's files that are part of this program beside those that were fetched.
pub(crate) fn put(job: &Job<'_>) -> Result<()> {
    for file in job.model.files().filter(|file| file.bundled) {
        let found = bundled(&job.model.id, &file.name).unwrap_or_default();
        let mut hasher = Hasher::new();
        hasher.update(found);
        if hasher.finish() != file.sha256 {
            return Err(ModelError::Corrupt {
                from: "this program".into(),
                what: file.name.clone(),
                detail: "it is not what the catalog says".into(),
            });
        }
        let target = job.target(&file.name);
        fs::write(&target, found).map_err(|e| ModelError::io("write", &target, e))?;
    }
    Ok(())
}
