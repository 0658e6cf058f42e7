//! Where tests find what is installed: the models, and the library that runs them. Test modules of other crates include
//! this file.
//!
//! Never silently skips: a test without its model fails and says what to do.

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
pub fn runtime() -> jarvis_onnx::Runtime {
    let file = if cfg!(target_os = "macos") { "libonnxruntime.dylib" } else { "libonnxruntime.so" };
    jarvis_onnx::Runtime::load(&model("onnxruntime").join(file)).unwrap()
}
