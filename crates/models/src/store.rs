//! What is installed: looking, verifying, removing. [`install`](crate::install) puts things there.
//!
//! The folder of models holds a folder a model, and for itself `.lock`, `.staging` (unfinished, worthless after a crash)
//! and `.downloads` (kept between attempts).

use crate::catalog::{Catalog, Kind, Model};
use crate::disk::{self, Lock};
use crate::error::{ModelError, Result};
use crate::host::Host;
use crate::manifest::Manifest;
use crate::source::hub;
use jarvis_core::Cancel;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// The folder of models.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) root: PathBuf,
    pub(crate) host: Host,
}

/// How a model stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "InstallState"))]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Not there.
    Missing,
    /// There and as the catalog wants it.
    Installed,
    /// There and whole, but this version of Jarvis wants other files.
    Outdated,
    /// There, but its files are not those that were installed.
    Damaged,
}

/// A model of the catalog and how it stands: a line of `jarvis models list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Listed {
    /// Name.
    pub id: String,
    /// What it is for.
    pub kind: Kind,
    /// Whether it can be used.
    pub installed: bool,
    /// More precisely.
    pub state: State,
    /// Size on disk; before it is installed, what it will be, within a thousandth.
    pub bytes: u64,
    /// Name of its licence.
    pub licence: String,
    /// Where the licence is to be read.
    pub licence_url: String,
    /// What people have to know about the licence.
    pub licence_note: Option<String>,
    /// Its folder, whether it is there or not.
    pub path: PathBuf,
    /// One line for people.
    pub title: String,
    /// Part of the default set.
    pub default: bool,
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Name of the model.
    pub id: String,
    /// How it stands.
    pub state: State,
    /// What is wrong, a clause each (`model.onnx has changed`).
    pub problems: Vec<String>,
}

impl Store {
    /// The store in `models_dir`, which need not exist yet.
    pub fn new(models_dir: impl Into<PathBuf>) -> Self {
        Self::with_host(models_dir, Host::from_environment())
    }

    /// The store in `models_dir` on a given machine.
    pub fn with_host(models_dir: impl Into<PathBuf>, host: Host) -> Self {
        Self { root: models_dir.into(), host }
    }

    /// The folder of models.
    pub fn models_dir(&self) -> &Path {
        &self.root
    }

    /// Changes when a model is installed, replaced or removed, and sometimes without. Only looks at the folder's own time.
    pub fn version(&self) -> u64 {
        let changed = std::fs::metadata(&self.root).and_then(|folder| folder.modified()).ok();
        let since = changed.and_then(|changed| changed.duration_since(std::time::UNIX_EPOCH).ok());
        since.map_or(0, |since| since.as_nanos() as u64)
    }

    /// Every model of `catalog` and how it stands, and after them those that were made here. Looks at names, sizes and times; a file whose time has changed is read.
    ///
    /// # Errors
    /// A file whose time has changed cannot be read.
    pub fn list(&self, catalog: &Catalog) -> jarvis_core::Result<Vec<Listed>> {
        let mut listed = catalog.models().iter().map(|model| self.look(model)).collect::<Result<Vec<_>, _>>()?;
        listed.extend(self.own(catalog)?);
        Ok(listed)
    }

    /// One model and how it stands.
    ///
    /// # Errors
    /// As [`Self::list`].
    pub fn look(&self, model: &Model) -> jarvis_core::Result<Listed> {
        let path = self.path(&model.id);
        let manifest = Manifest::read(&path);
        let state = self.state(model)?;
        Ok(Listed {
            id: model.id.clone(),
            kind: model.kind,
            installed: state == State::Installed,
            state,
            bytes: manifest.map_or_else(|| model.bytes(), |m| m.bytes()),
            licence: model.licence.clone(),
            licence_url: model.licence_url.clone(),
            licence_note: model.licence_note.clone(),
            path,
            title: model.title.clone(),
            default: model.default,
        })
    }

    /// The model `id`, of the catalog or made here, and how it stands.
    ///
    /// # Errors
    /// There is no such model, or as [`Self::list`].
    pub fn find(&self, catalog: &Catalog, id: &str) -> jarvis_core::Result<Listed> {
        match self.look_own(id)? {
            Some(own) => Ok(own),
            None => self.look(catalog.find(id)?),
        }
    }

    /// The folder of the installed model `id`, for whoever loads it.
    ///
    /// # Errors
    /// It is not installed, or its files are not those that were installed; the hint says how to mend that.
    pub fn folder(&self, id: &str) -> jarvis_core::Result<PathBuf> {
        let path = self.path(id);
        let Some(manifest) = Manifest::read(&path).filter(|m| m.id == id) else {
            return Err(ModelError::NotInstalled { id: id.to_owned() }.into());
        };
        match manifest.check(&path, &Cancel::new())? {
            None => Ok(path),
            Some(what) => Err(ModelError::Damaged { id: id.to_owned(), what }.into()),
        }
    }

    /// The folder of the installed model `id` that a person chose for what a `kind` does.
    ///
    /// # Errors
    /// It is no name, there is no such model, it does something else, or as [`Self::folder`].
    pub fn folder_of(&self, catalog: &Catalog, id: &str, kind: Kind) -> jarvis_core::Result<PathBuf> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if id.is_empty() || id.starts_with('.') || !id.chars().all(plain) {
            let known = self.ids_of(catalog, kind)?;
            return Err(ModelError::Unknown { id: id.to_owned(), known }.into());
        }
        match self.find(catalog, id) {
            Ok(found) if found.kind == kind => self.folder(id),
            Ok(found) => {
                let noun = |kind| match kind {
                    Kind::Voice => "a voice".to_owned(),
                    Kind::Activity => "an activity model".to_owned(),
                    kind => format!("a {kind} model"),
                };
                let wanted = noun(kind);
                let of = self.ids_of(catalog, kind)?;
                Err(ModelError::OtherKind { id: id.to_owned(), wanted, kind: noun(found.kind), of }.into())
            }
            Err(_) => {
                let known = self.ids_of(catalog, kind)?;
                Err(ModelError::Unknown { id: id.to_owned(), known }.into())
            }
        }
    }

    /// What the catalog and the user have for what a `kind` does.
    fn ids_of(&self, catalog: &Catalog, kind: Kind) -> jarvis_core::Result<Vec<String>> {
        Ok(self.list(catalog)?.into_iter().filter(|model| model.kind == kind).map(|model| model.id).collect())
    }

    /// Reads every byte of the models `ids` (all that are there, if none is named) and compares it with what was installed.
    ///
    /// # Errors
    /// An unknown model, a file that cannot be read, or `cancel`.
    pub fn verify(&self, catalog: &Catalog, ids: &[String], cancel: &Cancel) -> jarvis_core::Result<Vec<Verified>> {
        let mut results = Vec::new();
        let own: Vec<String> = self.own(catalog)?.into_iter().map(|model| model.id).collect();
        let (own_ids, ids): (Vec<String>, Vec<String>) = ids.iter().cloned().partition(|id| own.contains(id));
        let all = own_ids.is_empty() && ids.is_empty();
        let of_catalog = if all || !ids.is_empty() { choose(catalog, &ids)? } else { Vec::new() };
        for model in of_catalog {
            let path = self.path(&model.id);
            let (state, problems) = match Manifest::read(&path).filter(|m| m.id == model.id) {
                None if !path.exists() => {
                    if ids.is_empty() {
                        continue;
                    }
                    (State::Missing, vec!["it is not installed".to_owned()])
                }
                None => (State::Damaged, vec!["its manifest is missing".to_owned()]),
                Some(manifest) => {
                    let problems = manifest.verify(&path, cancel)?;
                    match problems.is_empty() {
                        false => (State::Damaged, problems),
                        true if manifest.source == model.fingerprint() => (State::Installed, problems),
                        true => (State::Outdated, vec!["this version of Jarvis wants other files".to_owned()]),
                    }
                }
            };
            results.push(Verified { id: model.id.clone(), state, problems });
        }
        for id in if all { own } else { own_ids } {
            let path = self.path(&id);
            let problems = match Manifest::read(&path) {
                Some(manifest) => manifest.verify(&path, cancel)?,
                None => vec!["its manifest is missing".to_owned()],
            };
            let state = if problems.is_empty() { State::Installed } else { State::Damaged };
            results.push(Verified { id, state, problems });
        }
        Ok(results)
    }

    /// Removes the model `id` in one step. Says whether it was there.
    ///
    /// # Errors
    /// An unknown model, or a folder that cannot be changed.
    pub fn remove(&self, catalog: &Catalog, id: &str, cancel: &Cancel) -> jarvis_core::Result<bool> {
        if self.look_own(id)?.is_none() {
            catalog.find(id)?;
        }
        let path = self.path(id);
        if !path.exists() {
            return Ok(false);
        }
        let _lock = self.lock(cancel, &mut || {})?;
        let aside = self.staging(&format!("removed-{id}"));
        disk::create_folder(&self.root.join(STAGING))?;
        disk::remove(&aside)?;
        std::fs::rename(&path, &aside).map_err(|e| ModelError::io("remove", &path, e))?;
        disk::remove(&hub::parts(&self.downloads(), id))?;
        disk::remove(&aside)?;
        Ok(true)
    }

    pub(crate) fn state(&self, model: &Model) -> Result<State> {
        let path = self.path(&model.id);
        Ok(match Manifest::read(&path).filter(|m| m.id == model.id) {
            None if path.exists() => State::Damaged,
            None => State::Missing,
            Some(manifest) if manifest.source != model.fingerprint() => State::Outdated,
            Some(manifest) => match manifest.check(&path, &Cancel::new())? {
                None => State::Installed,
                Some(_) => State::Damaged,
            },
        })
    }

    pub(crate) fn path(&self, id: &str) -> PathBuf {
        self.root.join(id)
    }

    pub(crate) fn staging(&self, name: &str) -> PathBuf {
        self.root.join(STAGING).join(name)
    }

    pub(crate) fn downloads(&self) -> PathBuf {
        self.root.join(".downloads")
    }

    pub(crate) fn lock(&self, cancel: &Cancel, waiting: &mut dyn FnMut()) -> Result<Lock> {
        Lock::acquire(self.root.join(".lock"), cancel, waiting)
    }
}

pub(crate) const STAGING: &str = ".staging";

/// The models called `ids`, each once; all of them if none is named.
fn choose<'a>(catalog: &'a Catalog, ids: &[String]) -> Result<Vec<&'a Model>> {
    if ids.is_empty() {
        return Ok(catalog.models().iter().collect());
    }
    ids.iter().map(|id| catalog.find(id)).collect()
}
