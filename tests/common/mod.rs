//! What the end-to-end tests share: a desktop of their own, a microphone to speak into, a speaker to listen to, and the
//! real program between them.
//!
//! Everything is a child of the test and goes when it goes, however it ends: `scripts/virtual-desktop` lives as long as
//! its standard input, which is ours. Nothing is skipped: what a test needs and does not find fails it, with the
//! remedy.

// Each test file uses its part of this.
#![allow(dead_code, unused_imports)]

pub mod clock;
mod daemon;
mod desktop;
mod microphone;
mod speaker;
mod voice;
mod window;

pub use daemon::Daemon;
pub use desktop::Desktop;
pub use microphone::Microphone;
pub use speaker::{Speaker, is_sound, level};
pub use voice::{Voice, transcribe};
pub use window::Window;

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// After so long, whoever called was not heard: longer than a wake takes on a machine that is slow and busy, since a call
/// that is said again too soon becomes part of the first.
pub const UNHEARD: Duration = Duration::from_secs(10);

/// Sound and models are tested one test at a time: what is measured must not be another test's load.
pub fn one_at_a_time() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The checkout, from whichever package a test belongs to.
pub fn root() -> PathBuf {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().find(|folder| folder.join("scripts/virtual-desktop").is_file()).expect("the checkout").into()
}

/// A program of ours, built beside this test.
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("this test is a file");
    let folder = test.ancestors().find(|folder| folder.ends_with("deps")).and_then(std::path::Path::parent);
    let program = folder.expect("cargo builds tests into deps/").join(name);
    assert!(program.is_file(), "{} is not built. Run `make build`.", program.display());
    program
}

/// Where the models are installed; fails when they are not.
pub fn data_dir() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("JARVIS_DATA_DIR")
        .or_else(|| set("XDG_DATA_HOME").map(|home| home.join("jarvis")))
        .or_else(|| set("HOME").map(|home| home.join(".local/share/jarvis")))
        .expect("HOME is set");
    let wake = folder.join("models/wake-hey-jarvis/head.onnx");
    assert!(wake.is_file(), "{} is not there: the models are not installed. Run `make models`.", wake.display());
    folder
}

/// Looks every 20 ms until `ready` has something; fails with `what` after `limit`.
#[track_caller]
pub fn wait_for<T>(what: &str, limit: Duration, mut ready: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + limit;
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(Instant::now() < end, "waited {limit:?} for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
