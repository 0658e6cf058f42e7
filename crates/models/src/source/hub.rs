//! The model hub: single files over HTTPS, continued where an earlier attempt stopped.
//!
//! Never keeps a file that does not have the hash of the catalog.

use super::Job;
use crate::catalog::{Hub, SourceFile};
use crate::disk;
use crate::error::{ModelError, Result};
use crate::hash::{self, Copied, Hasher};
use crate::progress::{Origin, Progress, Stage};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

const HUB: &str = "The model hub";

/// A connection without a byte for this long is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often a file is gone on with before it is left to the next pull.
const ATTEMPTS: usize = 5;

/// Brings all files of the job's model from `hub`.
pub(crate) fn fetch(job: &mut Job<'_>, hub: &Hub) -> Result<()> {
    let agent = ureq::Agent::new_with_config(
        ureq::Agent::config_builder()
            .http_status_as_error(false)
            .user_agent(concat!("jarvis/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(PATIENCE))
            .timeout_recv_response(Some(PATIENCE))
            .timeout_per_read(Some(PATIENCE))
            .build(),
    );
    let model = job.model;
    let total = model.bytes();
    job.progress.stage(&model.id, Stage::Fetching(Origin::Hub));
    job.progress.advanced(&model.id, 0, total);
    let parts = parts(job.downloads, &model.id);
    disk::create_folder(&parts)?;
    let mut done = 0;
    for file in model.files() {
        let Some(path) = &file.hub else {
            return Err(ModelError::Refused {
                from: HUB.into(),
                what: format!("{} of {}", file.name, model.id),
                detail: "the catalog names no place".into(),
            });
        };
        let url = format!("{}/{}/resolve/{}/{path}", job.host.hub.trim_end_matches('/'), hub.repo, hub.revision);
        let part = parts.join(format!("{}.part", file.name));
        complete(job, &agent, &url, file, &part, done, total)?;
        let target = job.target(&file.name);
        fs::rename(&part, &target).map_err(|e| ModelError::io("write", &target, e))?;
        done += file.bytes;
    }
    disk::remove(&parts)
}

/// Where the unfinished files of a model are kept.
pub(crate) fn parts(downloads: &Path, id: &str) -> PathBuf {
    downloads.join(format!("hub-{id}"))
}

/// Completes `part`; goes on after a broken connection as long as each attempt brings something.
fn complete(
    job: &mut Job<'_>,
    agent: &ureq::Agent,
    url: &str,
    file: &SourceFile,
    part: &Path,
    done: u64,
    total: u64,
) -> Result<()> {
    let length = || fs::metadata(part).map_or(0, |m| m.len());
    for _ in 1..ATTEMPTS {
        let before = length();
        match download(job, agent, url, file, part, done, total) {
            Err(ModelError::Network { detail, .. }) if length() > before => {
                tracing::info!(url, detail, "the connection broke; going on from {} bytes", length());
            }
            result => return result,
        }
    }
    download(job, agent, url, file, part, done, total)
}

/// Fetches what is missing of `part` and verifies all of it.
fn download(
    job: &mut Job<'_>,
    agent: &ureq::Agent,
    url: &str,
    file: &SourceFile,
    part: &Path,
    done: u64,
    total: u64,
) -> Result<()> {
    let mut output =
        File::options().create(true).append(true).open(part).map_err(|e| ModelError::io("write", part, e))?;
    let mut have = output.metadata().map_err(|e| ModelError::io("read", part, e))?.len();
    if have > file.bytes {
        output.set_len(0).map_err(|e| ModelError::io("write", part, e))?;
        have = 0;
    }
    let mut hasher = Hasher::new();
    if have > 0 {
        hash::add_file(&mut hasher, part, job.cancel)?;
    }
    if have < file.bytes {
        let network = |e: ureq::Error| ModelError::Network { from: HUB.into(), detail: e.to_string() };
        let mut request = agent.get(url);
        if have > 0 {
            request = request.header("Range", format!("bytes={have}-"));
        }
        let response = request.call().map_err(network)?;
        let continues = match response.status().as_u16() {
            206 if have > 0 => begins_at(&response, have),
            200 => false,
            416 => {
                disk::remove(part)?;
                return Err(corrupt(file, format!("it has less than {} bytes", file.bytes)));
            }
            status => {
                let what = format!("{} of {}", file.name, job.model.id);
                return Err(ModelError::Refused { from: HUB.into(), what, detail: format!("it answers {status}") });
            }
        };
        if have > 0 && !continues {
            // It sends all of it again, so all of it is taken again.
            output.set_len(0).map_err(|e| ModelError::io("write", part, e))?;
            hasher = Hasher::new();
            have = 0;
        }
        if response.status().as_u16() == 206 && !continues {
            return Err(corrupt(file, "it continued at the wrong place".into()));
        }
        let mut body = Counting {
            inner: response.into_body().into_reader(),
            progress: job.progress,
            id: &job.model.id,
            done: done + have,
            total,
        };
        match hash::copy(&mut body, &mut output, part, file.bytes - have, &mut hasher, job.cancel)? {
            Copied::Whole(bytes) => have += bytes,
            Copied::TooLong => {
                disk::remove(part)?;
                return Err(corrupt(file, format!("it has more than {} bytes", file.bytes)));
            }
            Copied::Source(e) => return Err(ModelError::Network { from: HUB.into(), detail: e.to_string() }),
        }
        if have < file.bytes {
            let detail = format!("the connection ended after {have} of {} bytes", file.bytes);
            return Err(ModelError::Network { from: HUB.into(), detail });
        }
    }
    job.progress.advanced(&job.model.id, done + file.bytes, total);
    if hasher.finish() != file.sha256 {
        disk::remove(part)?;
        return Err(corrupt(file, "its SHA-256 is not the one of the catalog".into()));
    }
    Ok(())
}

fn corrupt(file: &SourceFile, detail: String) -> ModelError {
    ModelError::Corrupt { from: HUB.into(), what: file.name.clone(), detail }
}

fn begins_at(response: &ureq::http::Response<ureq::Body>, at: u64) -> bool {
    response
        .headers()
        .get("content-range")
        .and_then(|v| v.to_str().ok())
        .is_some_and(|v| v.starts_with(&format!("bytes {at}-")))
}

/// Tells the progress of what is read through it.
struct Counting<'a, R> {
    inner: R,
    progress: &'a mut dyn Progress,
    id: &'a str,
    done: u64,
    total: u64,
}

impl<R: Read> Read for Counting<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.done += n as u64;
        self.progress.advanced(self.id, self.done, self.total);
        Ok(n)
    }
}
