//! `jarvis models add-voice`: any Piper voice from the user's own files, beside those of the catalog.
//!
//! A voice is tried before it is installed: what does not speak is refused with the reason. The user's files stay as they
//! are.

use super::signal;
use crate::output::Output;
use jarvis_core::{Error, Result};
use jarvis_engine::load::Installed;
use jarvis_models::{Bytes, Catalog, Kind, OwnModel, Store};
use jarvis_settings::Paths;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// More than any Piper voice has; the largest are 115 MB.
const MOST_BYTES: u64 = 1 << 30;

/// What can be said to `jarvis models add-voice`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to call it: lower-case letters, digits and hyphens.
    id: String,
    /// The voice, `NAME.onnx`.
    file: PathBuf,
    /// Its description; `NAME.onnx.json` or `NAME.json` beside the voice if not given.
    #[arg(long, value_name = "FILE.json")]
    config: Option<PathBuf>,
    /// Take the place of a voice of yours with that name.
    #[arg(long)]
    replace: bool,
}

/// Runs the command.
pub fn add(args: &Args, paths: &Paths, store: &Store, catalog: &Catalog, output: &Output) -> anyhow::Result<()> {
    store.check_own_name(catalog, &args.id)?;
    if !args.replace {
        store.check_unused(&args.id)?;
    }
    let onnx = read(&args.file)?;
    let config = description(&args.file, args.config.clone())?;
    let json = read(&config)?;

    let folder = tempfile::Builder::new().prefix("jarvis-voice-").tempdir()?;
    std::fs::write(folder.path().join("voice.onnx"), &onnx)?;
    std::fs::write(folder.path().join("voice.json"), &json)?;
    let tried = Installed::new(paths).try_voice(folder.path()).map_err(|error| refused(&args.file, &config, error))?;

    let name = args.file.file_stem().map_or_else(|| args.id.clone(), |stem| stem.to_string_lossy().into_owned());
    let model = OwnModel {
        id: args.id.clone(),
        kind: Kind::Voice,
        title: format!("{name}, a voice of yours ({}, speakers: {})", tried.language, tried.speakers),
        licence: "as you got it".into(),
        files: vec![("voice.onnx".into(), onnx), ("voice.json".into(), json)],
    };
    let listed = store.install_own(catalog, &model, &signal::cancel())?;
    output.result(&listed, || {
        format!(
            "{}: installed ({}). Use it with `jarvis config set voice.model {}`.",
            listed.id,
            Bytes(listed.bytes),
            listed.id
        )
    });
    Ok(())
}

/// The file that describes the voice in `voice`.
fn description(voice: &Path, given: Option<PathBuf>) -> Result<PathBuf> {
    let mut beside = OsString::from(voice);
    beside.push(".json");
    let candidates = given.map_or_else(|| vec![beside.into(), voice.with_extension("json")], |given| vec![given]);
    candidates.iter().find(|path| path.is_file()).cloned().ok_or_else(|| {
        Error::new(
            "models.no_voice",
            format!("The description {} is missing.", candidates[0].display()),
            "A Piper voice is two files, NAME.onnx and NAME.onnx.json; name the second with `--config`.",
        )
    })
}

fn read(file: &Path) -> Result<Vec<u8>> {
    let failed = |reason: String| {
        Error::new("models.io", format!("{} can't be read: {reason}.", file.display()), "Check the path.")
    };
    let size = std::fs::metadata(file).map_err(|error| failed(error.to_string()))?.len();
    if size > MOST_BYTES {
        return Err(failed(format!("{} is more than a voice has", Bytes(size))));
    }
    std::fs::read(file).map_err(|error| failed(error.to_string()))
}

/// Why the files are no voice, by the names that the user knows. What is missing on this machine stays as it is.
fn refused(voice: &Path, config: &Path, error: Error) -> Error {
    if !["onnx.model_unusable", "onnx.inference_failed"].contains(&error.code.as_ref()) {
        return error;
    }
    let reason = error.message.rsplit_once("can't be used: ").map_or(error.message.as_str(), |(_, reason)| reason);
    let reason = reason.lines().next().unwrap_or_default();
    let culprit = if error.message.contains("voice.json") { config } else { voice };
    Error::new(
        "models.no_voice",
        format!("{} is no Piper voice: {reason}", culprit.display()),
        "A Piper voice is two files, NAME.onnx and NAME.onnx.json, that belong together.",
    )
}
