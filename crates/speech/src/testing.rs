//! What the tests of this crate share: the installed models, recordings, and noise that is the same each time.
//!
//! Never silently skips: a test without its model fails and says what to do.

use crate::onnx::Runtime;
use jarvis_core::{AudioFrame, FRAME_SAMPLES};
use std::path::PathBuf;

/// The folder of an installed model.
pub fn model(id: &str) -> PathBuf {
    let data = match std::env::var_os("JARVIS_DATA_DIR") {
        Some(folder) => PathBuf::from(folder),
        None if cfg!(target_os = "macos") => home().join("Library/Application Support/Jarvis"),
        None => {
            std::env::var_os("XDG_DATA_HOME").map_or_else(|| home().join(".local/share"), PathBuf::from).join("jarvis")
        }
    };
    let folder = data.join("models").join(id);
    assert!(folder.is_dir(), "the model {id} isn't installed under {}: run `make models`", data.display());
    folder
}

fn home() -> PathBuf {
    PathBuf::from(std::env::var_os("HOME").expect("HOME is set"))
}

/// ONNX Runtime, as installed.
pub fn runtime() -> Runtime {
    let file = if cfg!(target_os = "macos") { "libonnxruntime.dylib" } else { "libonnxruntime.so" };
    Runtime::load(&model("onnxruntime").join(file)).unwrap()
}

/// A recording of `tests/data`, 16 kHz mono.
pub fn recording(name: &str) -> Vec<f32> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(format!("{name}.wav"));
    let mut reader = hound::WavReader::open(path).unwrap();
    assert_eq!((reader.spec().sample_rate, reader.spec().channels), (16_000, 1));
    reader.samples::<i16>().map(|sample| f32::from(sample.unwrap()) / 32768.0).collect()
}

/// White noise within `-level..=level`.
pub fn noise(level: f32, samples: usize) -> Vec<f32> {
    let mut state = 0x2545_f491_u32;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state as f32 / u32::MAX as f32 * 2.0 - 1.0) * level
    })
    .take(samples)
    .collect()
}

/// The whole frames of `samples`.
pub fn frames(samples: &[f32]) -> impl Iterator<Item = AudioFrame> + '_ {
    samples.chunks_exact(FRAME_SAMPLES).enumerate().map(|(index, chunk)| {
        let mut frame = AudioFrame::silence(index as u64);
        frame.samples.copy_from_slice(chunk);
        frame
    })
}
