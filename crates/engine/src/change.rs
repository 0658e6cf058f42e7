//! Changing a setting with the checks that need more than the settings themselves: a model and a device have to exist.
//!
//! Only for a user's own change. What stands in the file already is taken as it is, since a model may have been removed
//! and a device unplugged after it was chosen; loading the one says so, and the other is waited for.

use jarvis_audio::{Direction, check_device};
use jarvis_core::{Error, Result};
use jarvis_models::{Catalog, Store};
use jarvis_settings::{Change, Kind, Paths, Settings};

/// Writes a value into the settings' file, where it stays.
///
/// # Errors
/// There is no such setting, model or device, the value is not allowed, or the file cannot be read or written; then
/// nothing has changed.
pub fn save(paths: &Paths, path: &str, text: &str) -> Result<Change> {
    match Settings::schema().into_iter().find(|spec| spec.path == path).map(|spec| spec.kind) {
        Some(Kind::Model { of }) => check_model(paths, path, text.trim(), of)?,
        Some(Kind::InputDevice) => check_device(Direction::Input, text)?,
        Some(Kind::OutputDevice) => check_device(Direction::Output, text)?,
        _ => {}
    }
    Settings::save(paths, path, text)
}

/// Whether the catalog has `id` as a model for `of`, or a user made or brought one of that name.
fn check_model(paths: &Paths, path: &str, id: &str, of: &str) -> Result<()> {
    let catalog = Catalog::builtin();
    let kind = |model: &jarvis_models::Model| model.kind.to_string();
    let known = catalog.models().iter().find(|model| model.id == id);
    if known.is_some_and(|model| kind(model) == of) {
        return Ok(());
    }
    if known.is_none() && Store::new(paths.models_dir()).folder(id).is_ok() {
        return Ok(());
    }
    let ids: Vec<&str> = catalog.models().iter().filter(|model| kind(model) == of).map(|m| m.id.as_str()).collect();
    Err(Error::new(
        "config.unknown_model",
        format!("There is no {of} model \"{id}\" for {path}. There are: {}.", ids.join(", ")),
        "`jarvis models list` tells more of each.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_does_not_exist_or_does_something_else_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::under(folder.path());
        for wrong in ["whisper-enormous", "smollm2-135m-instruct", "../whisper-tiny.en"] {
            let error = save(&paths, "recognition.model", wrong).unwrap_err();
            assert!(error.message.contains(wrong) && error.message.contains("whisper-tiny.en"), "{error:?}");
        }
        assert!(!paths.config_file().exists(), "nothing has changed");
        save(&paths, "recognition.model", " whisper-tiny.en ").unwrap();
        save(&paths, "audio.volume", "0.5").unwrap();
    }
}
