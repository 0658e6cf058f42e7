//! Other people's programs, measured beside ours in the same run.
//!
//! A baseline is a Python script that lies next to the bench that it serves and is built into this program. It runs in a
//! Python environment of its own, which `scripts/bootstrap bench` (and so `make bench`) makes in the cache folder; where
//! there is none, [`Baseline::start`] gives nothing, the rows stay without a baseline, and one line says how to get it.
//! Never downloads anything itself, and never says a number that did not come from the program in this run.
//!
//! A bench uses it like this:
//!
//! ```ignore
//! // stt.py, next to the bench. `serve` and `sound` come from baseline.py, which is put before it.
//! //     import faster_whisper
//! //     model = faster_whisper.WhisperModel(sys.argv[1], device="cpu", compute_type="int8", cpu_threads=2)
//! //     def answer(path):                   # one request: the fields of the JSON object are the arguments
//! //         began = time.perf_counter()
//! //         ...
//! //         return {"text": text, "ms": (time.perf_counter() - began) * 1000}
//! //     serve(answer, program="faster-whisper " + faster_whisper.__version__)
//! let Some(mut theirs) = Baseline::start(&paths, include_str!("stt.py"), &[model_folder.as_os_str()])? else { .. };
//! let sound = Sound::new(&samples)?;                       // 16 kHz mono f32, as a file that Python reads with `sound(path)`
//! let answer: Answer = theirs.ask(&serde_json::json!({ "path": sound.path() }))?;
//! println!("{}", theirs.program());                        // "faster-whisper 1.2.1"
//! ```

use jarvis_core::Error;
use jarvis_settings::Paths;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// What every script begins with: the protocol's other end.
const PRELUDE: &str = include_str!("baseline.py");

/// A running program to compare with. It ends with this value.
pub(super) struct Baseline {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    program: String,
}

/// The first line that a script says.
#[derive(serde::Deserialize)]
struct Ready {
    program: String,
}

/// What a script says of a request that failed.
#[derive(serde::Deserialize)]
struct Failed {
    error: String,
}

impl Baseline {
    /// Runs `script` with `arguments` (`sys.argv[1:]`) and waits until it serves. `None`, with a line that says how to get
    /// it, if the environment is not there.
    ///
    /// # Errors
    /// Python can't be started, or the script ended before it served; what it said is on standard error.
    pub(super) fn start(paths: &Paths, script: &str, arguments: &[&OsStr]) -> anyhow::Result<Option<Self>> {
        if !Self::is_installed(paths) {
            eprintln!("jarvis: no baseline, since other programs are not installed; `make bench` brings them.");
            return Ok(None);
        }
        Self::run(&python(paths), script, arguments).map(Some)
    }

    /// Whether there is an environment to run scripts in.
    pub(super) fn is_installed(paths: &Paths) -> bool {
        python(paths).exists()
    }

    fn run(python: &Path, script: &str, arguments: &[&OsStr]) -> anyhow::Result<Self> {
        let mut child = Command::new(python)
            // Nothing of the user's own Python; nothing fetched behind our back.
            .args(["-I", "-u", "-c", &format!("{PRELUDE}\n{script}")])
            .args(arguments)
            .env("HF_HUB_OFFLINE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(requests), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            unreachable!("both were asked for");
        };
        let mut baseline = Self { child, requests, answers: BufReader::new(answers), program: String::new() };
        baseline.program = baseline.answer::<Ready>()?.program;
        Ok(baseline)
    }

    /// Name and version of the program.
    pub(super) fn program(&self) -> &str {
        &self.program
    }

    /// Sends one request, an object whose fields are the arguments of the script's function, and waits for its answer.
    ///
    /// # Errors
    /// The script failed or ended, or its answer is of another form.
    pub(super) fn ask<T: DeserializeOwned>(&mut self, request: &impl Serialize) -> anyhow::Result<T> {
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        self.requests.write_all(&line).and_then(|()| self.requests.flush()).map_err(|error| failed(&error))?;
        self.answer()
    }

    fn answer<T: DeserializeOwned>(&mut self) -> anyhow::Result<T> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            return Err(failed(&"it ended"));
        }
        if let Ok(Failed { error }) = serde_json::from_str(&line) {
            return Err(failed(&error));
        }
        serde_json::from_str(&line).map_err(|error| failed(&error))
    }
}

impl Drop for Baseline {
    fn drop(&mut self) {
        // It holds nothing that would have to be put away.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn python(paths: &Paths) -> PathBuf {
    paths.cache_dir().join("baselines/bin/python")
}

fn failed(reason: &dyn std::fmt::Display) -> anyhow::Error {
    let hint = "Delete the folder `baselines` in Jarvis's cache folder and run `make bench` again.";
    Error::new("bench.baseline", format!("The program to compare with failed: {reason}."), hint).into()
}

/// 16 kHz mono sound in a file that the script reads with `sound(path)`. It is deleted with this value.
pub(super) struct Sound(tempfile::NamedTempFile);

impl Sound {
    /// Writes `samples` as little-endian 32-bit floats.
    ///
    /// # Errors
    /// There is no room for temporary files.
    pub(super) fn new(samples: &[f32]) -> anyhow::Result<Self> {
        let mut file = tempfile::Builder::new().prefix("jarvis-bench-").suffix(".f32").tempfile()?;
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        file.write_all(&bytes)?;
        file.flush()?;
        Ok(Self(file))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(script: &str) -> anyhow::Result<Baseline> {
        Baseline::run(Path::new("python3"), script, &[OsStr::new("7")])
    }

    #[test]
    fn requests_are_answered_one_by_one() {
        let script = "def answer(a, b):\n    print('not an answer')\n    return {'sum': a + b + int(sys.argv[1])}\n\
                      serve(answer, program='adder 1')";
        let mut adder = start(script).unwrap();
        assert_eq!(adder.program(), "adder 1");
        for (a, b) in [(1, 2), (3, 4)] {
            let answer: serde_json::Value = adder.ask(&serde_json::json!({ "a": a, "b": b })).unwrap();
            assert_eq!(answer["sum"], a + b + 7);
        }
        // A failure is told, and the next request is none the worse for it.
        let error = adder.ask::<serde_json::Value>(&serde_json::json!({ "a": 1, "b": "two" })).unwrap_err();
        assert!(error.to_string().contains("TypeError"), "{error}");
        assert!(adder.ask::<serde_json::Value>(&serde_json::json!({ "a": 1, "b": 2 })).is_ok());
    }

    #[test]
    fn a_script_that_does_not_serve_is_an_error() {
        assert!(start("sys.exit(1)").is_err());
        assert!(Baseline::run(Path::new("/nonexistent/python"), "", &[]).is_err());
    }

    #[test]
    fn without_the_environment_there_is_no_baseline() {
        let root = tempfile::tempdir().unwrap();
        assert!(Baseline::start(&Paths::under(root.path()), "", &[]).unwrap().is_none());
    }
}
