//! What several tests of this crate share: the installed default model.

use crate::gguf::Gguf;
use std::path::PathBuf;

/// The file of the default language model.
///
/// # Panics
/// It is not installed: tests never pass by not running.
pub(crate) fn default_model() -> PathBuf {
    let data = std::env::var_os("JARVIS_DATA_DIR").map(PathBuf::from).unwrap_or_else(|| {
        let home = PathBuf::from(std::env::var_os("HOME").expect("HOME is set"));
        if cfg!(target_os = "macos") {
            return home.join("Library/Application Support/Jarvis");
        }
        std::env::var_os("XDG_DATA_HOME").map_or(home.join(".local/share"), PathBuf::from).join("jarvis")
    });
    let file = data.join("models/smollm2-135m-instruct/model.gguf");
    assert!(file.is_file(), "{} is not there: run `make models`", file.display());
    file
}

/// The default language model, opened.
pub(crate) fn default_gguf() -> Gguf {
    Gguf::open(&default_model()).expect("the default model is sound")
}
