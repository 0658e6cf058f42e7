//! ONNX Runtime: the shared library, loaded once a process, and sessions set up for a machine that mostly waits.
//!
//! Owns how models are opened and run: explicit threads that sleep when there is nothing to do, memory that does not
//! grow with the longest input ever seen, no telemetry: the library is not even loaded unless its switch is set, since as
//! it is published it looks for its maker's server as soon as it is. Never knows what a model computes.

pub mod wire;

use jarvis_core::{Cancel, Error};
use ort::environment::Environment;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::session::{RunOptions, Session, SessionInputs, SessionOutputs};
use ort::value::{PrimitiveTensorElementType, Tensor};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// What can go wrong between this program and ONNX Runtime.
#[derive(Debug, thiserror::Error)]
pub enum OnnxError {
    /// The library isn't there.
    #[error("ONNX Runtime isn't installed at {}.", .0.display())]
    Missing(PathBuf),
    /// The library is there, but can't be used.
    #[error("ONNX Runtime at {} can't be loaded: {reason}.", .path.display())]
    Library {
        /// Which file.
        path: PathBuf,
        /// What the loader said.
        reason: String,
    },
    /// Nobody has called [`disable_telemetry`].
    #[error("ONNX Runtime would send usage data: {TELEMETRY_SWITCH}=1 isn't set.")]
    Telemetry,
    /// A model isn't there.
    #[error("The model file {} is missing.", .0.display())]
    ModelMissing(PathBuf),
    /// A model file isn't what it should be.
    #[error("The model file {} can't be used: {reason}.", .path.display())]
    Model {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The computation failed.
    #[error("{what} failed: {source}.")]
    Run {
        /// What was computed, capitalized.
        what: &'static str,
        /// The reason.
        source: ort::Error,
    },
}

impl OnnxError {
    /// For `map_err` around the running of a model.
    pub fn run(what: &'static str) -> impl FnOnce(ort::Error) -> Self {
        move |source| Self::Run { what, source }
    }

    /// For a model whose inputs or outputs are not what its format promises.
    pub fn model(path: &Path, reason: impl Into<String>) -> Self {
        Self::Model { path: path.to_owned(), reason: reason.into() }
    }
}

impl From<OnnxError> for Error {
    fn from(error: OnnxError) -> Self {
        let (code, hint) = match &error {
            OnnxError::Missing(_) => ("onnx.runtime_missing", "Run `jarvis models pull onnxruntime`."),
            OnnxError::Library { .. } => (
                "onnx.runtime_unusable",
                "Run `jarvis models remove onnxruntime`, then `jarvis models pull onnxruntime`.",
            ),
            OnnxError::Telemetry => ("onnx.runtime_telemetry", "Set it in the environment of this program."),
            OnnxError::ModelMissing(_) => ("onnx.model_missing", "Run `jarvis models pull`."),
            OnnxError::Model { .. } => {
                ("onnx.model_unusable", "Run `jarvis models verify`, then `jarvis models pull`.")
            }
            OnnxError::Run { .. } => {
                ("onnx.inference_failed", "Run `jarvis doctor`; if it finds nothing, report this.")
            }
        };
        Error::new(code, error.to_string(), hint)
    }
}

/// What the library reads when it is loaded (onnxruntime/core/platform/telemetry_1ds.cc). Its API can switch telemetry off
/// only later, when a thread has already begun to look for the server and a device's number has been written to the
/// user's cache.
const TELEMETRY_SWITCH: &str = "ORT_DISABLE_TELEMETRY";

/// Has ONNX Runtime send nothing, here and in the programs that this one starts. [`Runtime::load`] refuses to work before.
///
/// # Safety
/// As [`std::env::set_var`]: no other thread runs yet. The first line of `main` is the place for it.
pub unsafe fn disable_telemetry() {
    // SAFETY: promised by the caller.
    unsafe { std::env::set_var(TELEMETRY_SWITCH, "1") };
}

/// The library allows one environment a process and never a second one, so the first is kept for good. This is its
/// rule, not state of ours: nothing else is shared through it.
static ENVIRONMENT: Mutex<Option<Environment>> = Mutex::new(None);

/// ONNX Runtime, loaded. Clones are cheap and share it.
#[derive(Debug, Clone)]
pub struct Runtime {
    environment: Environment,
}

/// How a session runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionOptions {
    /// Threads that work on one operator, the caller's included; at least 1.
    pub threads: usize,
    /// Keep freed memory for the next run. Quick for models that run all the time on inputs of one size; for inputs of
    /// all sizes it would hold on to the largest.
    pub keep_memory: bool,
}

impl SessionOptions {
    /// For a small model that runs many times a second on inputs of one size: the caller's thread alone.
    pub const STREAMING: Self = Self { threads: 1, keep_memory: true };
}

impl Runtime {
    /// Loads the library. The first call of a process decides which file is used; later calls share it.
    ///
    /// # Errors
    /// The file is missing, is no ONNX Runtime, or is older than this program needs; or its telemetry isn't switched off.
    pub fn load(library: &Path) -> Result<Self, OnnxError> {
        let mut slot = ENVIRONMENT.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(environment) = &*slot {
            return Ok(Self { environment: environment.clone() });
        }
        if !library.is_file() {
            return Err(OnnxError::Missing(library.to_owned()));
        }
        if std::env::var_os(TELEMETRY_SWITCH).is_none_or(|value| value != "1") {
            return Err(OnnxError::Telemetry);
        }
        let unusable = |reason: String| OnnxError::Library { path: library.to_owned(), reason };
        // An absolute path, because `ort` looks for relative ones beside the executable.
        let path = library.canonicalize().map_err(|e| unusable(e.to_string()))?;
        let environment = ort::init_from(&path)
            .map_err(|e| unusable(e.to_string()))?
            .with_name("jarvis")
            .with_telemetry(false)
            .build()
            .map_err(|e| unusable(e.message().to_owned()))?;
        // What fails is an error of ours, told in our words.
        environment.set_log_level(ort::logging::LogLevel::Fatal);
        tracing::debug!(library = %path.display(), "ONNX Runtime loaded");
        *slot = Some(environment.clone());
        Ok(Self { environment })
    }

    /// Opens a model.
    ///
    /// # Errors
    /// The file is missing or is no model that this library can run.
    pub fn session(&self, model: &Path, options: SessionOptions) -> Result<Session, OnnxError> {
        if !model.is_file() {
            return Err(OnnxError::ModelMissing(model.to_owned()));
        }
        let opened = self.builder(options).and_then(|mut builder| builder.commit_from_file(model));
        opened.map_err(|e| OnnxError::model(model, first_line(e.message())))
    }

    /// Opens a model that is in memory; `file` is what it was made of, for what is said when it can't be used.
    ///
    /// # Errors
    /// It is no model that this library can run.
    pub fn session_of(&self, model: &[u8], file: &Path, options: SessionOptions) -> Result<Session, OnnxError> {
        let opened = self.builder(options).and_then(|mut builder| builder.commit_from_memory(model));
        opened.map_err(|e| OnnxError::model(file, first_line(e.message())))
    }

    fn builder(&self, options: SessionOptions) -> ort::Result<SessionBuilder> {
        // Spinning would make a pool burn a core between two frames of sound. Prepacked weights are worth their memory
        // here: all these models are small.
        Ok(Session::builder(&self.environment)?
            .with_optimization_level(GraphOptimizationLevel::All)?
            .with_intra_threads(options.threads.max(1))?
            .with_inter_threads(1)?
            .with_intra_op_spinning(false)?
            .with_inter_op_spinning(false)?
            .with_memory_pattern(options.keep_memory)?
            .with_execution_providers([ort::ep::CPU::default().with_arena_allocator(options.keep_memory).build()])?)
    }
}

/// Messages of the runtime go on for lines with internals; the first says what is wrong.
fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().trim_end_matches('.').to_owned()
}

/// An input that is allocated once and written for each run: zeros of `shape`.
///
/// # Errors
/// There is no memory for it.
pub fn input<T>(shape: &[usize], what: &'static str) -> Result<Tensor<T>, OnnxError>
where
    T: PrimitiveTensorElementType + Clone + Default + std::fmt::Debug + 'static,
{
    let zeros = vec![T::default(); shape.iter().product()];
    Tensor::from_array((shape.to_vec(), zeros)).map_err(OnnxError::run(what))
}

/// Runs a model whose run may take long, and ends it between two of its operators once `cancel` is raised. What it
/// computed goes to `take`.
///
/// # Errors
/// The computation failed, or `cancel` was raised ([`Error::cancelled`]).
pub fn run<'i, 'v: 'i, T, const N: usize>(
    session: &mut Session,
    inputs: impl Into<SessionInputs<'i, 'v, N>>,
    cancel: &Cancel,
    what: &'static str,
    take: impl FnOnce(&SessionOutputs<'_>) -> ort::Result<T>,
) -> Result<T, Error> {
    let failed = |source| Error::from(OnnxError::Run { what, source });
    let options = Arc::new(RunOptions::new().map_err(failed)?);
    let ending = Arc::clone(&options);
    // It fails only if the run is over.
    let _watch = cancel.watch(move || drop(ending.terminate()));
    let result = session.run_with_options(inputs, &*options).and_then(|outputs| take(&outputs));
    if cancel.is_cancelled() { Err(Error::cancelled()) } else { result.map_err(failed) }
}

#[cfg(test)]
extern crate self as jarvis_onnx;
#[cfg(test)]
mod testing;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_is_not_there_says_how_to_get_it() {
        // Held for the whole process once loaded, so this asks the error alone.
        let error: Error = OnnxError::Missing("/nowhere/libonnxruntime.so".into()).into();
        assert_eq!(error.code, "onnx.runtime_missing");
        assert!(error.hint.contains("jarvis models pull onnxruntime"));
    }

    #[test]
    fn a_missing_and_a_broken_model_are_told_apart() {
        let runtime = testing::runtime();
        let missing = runtime.session(Path::new("/nowhere/model.onnx"), SessionOptions::STREAMING).unwrap_err();
        assert!(matches!(missing, OnnxError::ModelMissing(_)), "{missing}");
        let broken = std::env::temp_dir().join(format!("jarvis-broken-{}.onnx", std::process::id()));
        std::fs::write(&broken, b"no model at all").unwrap();
        let error: Error = runtime.session(&broken, SessionOptions::STREAMING).unwrap_err().into();
        std::fs::remove_file(&broken).unwrap();
        assert_eq!(error.code, "onnx.model_unusable");
        assert!(error.message.ends_with('.') && !error.message.contains('\n'), "{}", error.message);
    }
}
