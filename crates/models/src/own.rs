//! Models that were made on this machine: installed as whole as those of the catalog, listed and removed beside them.
//!
//! The catalog knows nothing of them, so their manifest says what they are. Never made here; whoever makes one hands over
//! its files.

use crate::catalog::{Catalog, Kind};
use crate::disk;
use crate::error::{ModelError, Result};
use crate::hash::Hasher;
use crate::manifest::{About, InstalledFile, Manifest, modified_ns};
use crate::store::{Listed, STAGING, State, Store};
use jarvis_core::Cancel;
use std::fs;
use std::io::Write;

/// A model of the user's own.
#[derive(Debug, Clone)]
pub struct OwnModel {
    /// Name of its folder: letters, digits, `-`; none of the catalog's.
    pub id: String,
    /// What it is for.
    pub kind: Kind,
    /// One line for people.
    pub title: String,
    /// Name of its licence.
    pub licence: String,
    /// Its files, name and content.
    pub files: Vec<(String, Vec<u8>)>,
}

impl Store {
    /// Installs a model that was made here, in place of an earlier one of its name. Whatever interrupts it, the folder is
    /// the old one or the new one, whole.
    ///
    /// # Errors
    /// The name is taken by the catalog or is none, the disk is full, or `cancel` was raised.
    pub fn install_own(&self, catalog: &Catalog, model: &OwnModel, cancel: &Cancel) -> jarvis_core::Result<Listed> {
        self.check_own_name(catalog, &model.id)?;
        disk::create_folder(&self.root)?;
        let _lock = self.lock(cancel, &mut || {})?;
        let staging = self.staging(&model.id);
        disk::remove(&staging)?;
        let result = self.put(model, cancel);
        if result.is_err() {
            disk::remove(&staging)?;
        }
        result?;
        match self.look_own(&model.id)? {
            Some(listed) => Ok(listed),
            None => Err(ModelError::NotInstalled { id: model.id.clone() }.into()),
        }
    }

    /// Whether a model made here may be called `id`.
    ///
    /// # Errors
    /// The catalog has one of that name, or it is no name.
    pub fn check_own_name(&self, catalog: &Catalog, id: &str) -> jarvis_core::Result<()> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if id.is_empty() || id.len() > 64 || !id.chars().all(plain) || id.starts_with('-') {
            return Err(ModelError::BadName { id: id.to_owned() }.into());
        }
        if catalog.find(id).is_ok() {
            return Err(ModelError::NameTaken { id: id.to_owned() }.into());
        }
        Ok(())
    }

    /// Whether there is no model made here called `id`, so that nothing is lost by installing one.
    ///
    /// # Errors
    /// There is one.
    pub fn check_unused(&self, id: &str) -> jarvis_core::Result<()> {
        match self.look_own(id)? {
            Some(_) => Err(ModelError::Exists { id: id.to_owned() }.into()),
            None => Ok(()),
        }
    }

    /// Every model that was made here and how it stands.
    pub(crate) fn own(&self, catalog: &Catalog) -> Result<Vec<Listed>> {
        let Ok(entries) = fs::read_dir(&self.root) else { return Ok(Vec::new()) };
        let mut ids: Vec<String> = entries
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|id| catalog.find(id).is_err())
            .collect();
        ids.sort();
        let mut listed = Vec::new();
        for id in ids {
            listed.extend(self.look_own(&id)?);
        }
        Ok(listed)
    }

    /// How the model `id` that was made here stands; none if there is none.
    pub(crate) fn look_own(&self, id: &str) -> Result<Option<Listed>> {
        let path = self.path(id);
        let Some(manifest) = Manifest::read(&path).filter(|manifest| manifest.id == id) else { return Ok(None) };
        let Some(about) = manifest.about.clone() else { return Ok(None) };
        let state = match manifest.check(&path, &Cancel::new())? {
            None => State::Installed,
            Some(_) => State::Damaged,
        };
        Ok(Some(Listed {
            id: id.to_owned(),
            kind: about.kind,
            installed: state == State::Installed,
            state,
            bytes: manifest.bytes(),
            licence: about.licence,
            licence_url: String::new(),
            licence_note: None,
            path,
            title: about.title,
            default: false,
        }))
    }

    fn put(&self, model: &OwnModel, cancel: &Cancel) -> Result<()> {
        let staging = self.staging(&model.id);
        let needed = model.files.iter().map(|(_, bytes)| bytes.len() as u64).sum();
        let free = (self.host.free_space)(&self.root).map_err(|e| ModelError::io("measure", &self.root, e))?;
        disk::check_space(&self.root, needed, free)?;
        disk::create_folder(&self.root.join(STAGING))?;
        disk::create_folder(&staging)?;
        let mut files = Vec::new();
        for (name, content) in &model.files {
            if cancel.is_cancelled() {
                return Err(ModelError::Cancelled);
            }
            let path = staging.join(name);
            let failed = |e| ModelError::io("write", &path, e);
            let mut file = fs::File::create(&path).map_err(failed)?;
            file.write_all(content).map_err(failed)?;
            let meta = file.metadata().map_err(failed)?;
            let mut hasher = Hasher::new();
            hasher.update(content);
            let sha256 = hasher.finish();
            files.push(InstalledFile {
                name: name.clone(),
                bytes: meta.len(),
                sha256,
                modified_ns: modified_ns(&meta),
            });
        }
        let about = About { kind: model.kind, title: model.title.clone(), licence: model.licence.clone() };
        Manifest::new(&model.id, "own".into(), files).about(about).write(&staging)?;
        disk::flush(&staging)?;
        let aside = self.staging(&format!("replaced-{}", model.id));
        disk::replace(&self.path(&model.id), &staging, &aside)?;
        disk::remove(&aside)
    }
}
