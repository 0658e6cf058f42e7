//! Changing a setting with the checks that need more than the settings themselves: a model and a device have to exist, and
//! a server has to be where what is said to it can be kept from others.
//!
//! Only for a user's own change. What stands in the file already is taken as it is, since a model may have been removed
//! and a device unplugged after it was chosen; loading the one says so, and the other is waited for.

use jarvis_audio::{Direction, check_device};
use jarvis_core::{Error, Result};
use jarvis_models::{Catalog, Store, is_gguf};
use jarvis_remote::{Address, RemoteError};
use jarvis_settings::{AUTO_MODEL, Change, Kind, Paths, Settings};
use jarvis_speech::stt;
use std::path::Path;

/// Writes a value into the settings' file, where it stays.
///
/// # Errors
/// There is no such setting, model or device, the value is not allowed, an address is in the clear and public, or the file
/// cannot be read or written; then nothing has changed.
pub fn save(paths: &Paths, path: &str, text: &str) -> Result<Change> {
    match Settings::schema().into_iter().find(|spec| spec.path == path).map(|spec| spec.kind) {
        Some(Kind::Model { of }) => check_model(paths, path, text.trim(), of)?,
        Some(Kind::Languages) => check_languages(paths, text)?,
        Some(Kind::InputDevice) => check_device(Direction::Input, text)?,
        Some(Kind::OutputDevice) => check_device(Direction::Output, text)?,
        Some(Kind::Address) => check_address(path, text)?,
        _ => {}
    }
    Settings::save(paths, path, text)
}

/// Whether `id` is installed and a model for `of`, of the catalog or one that a user made or brought, or a language model's
/// file that lies elsewhere.
fn check_model(paths: &Paths, path: &str, id: &str, of: &str) -> Result<()> {
    if of == "language" && Path::new(id).is_absolute() {
        return match is_gguf(Path::new(id)) {
            true => Ok(()),
            false => Err(Error::new(
                "config.no_such_file",
                format!("{id} is no GGUF file that can be read."),
                "`jarvis models list` shows those that other programs have downloaded.",
            )),
        };
    }
    if of == "language" && id == AUTO_MODEL {
        return Ok(());
    }
    let (store, catalog) = (Store::new(paths.models_dir()), Catalog::builtin());
    let models = store.list(&catalog)?;
    let mut fitting = models.iter().filter(|model| model.kind.to_string() == of);
    if fitting.clone().any(|model| model.id == id) {
        // With one that isn't there Jarvis would fall silent, or deaf.
        return store.folder(id).map(drop);
    }
    let ids: Vec<&str> = fitting.by_ref().map(|model| model.id.as_str()).collect();
    Err(Error::new(
        "config.unknown_model",
        format!("There is no {of} model \"{id}\" for {path}. There are: {}.", ids.join(", ")),
        "`jarvis models list` tells more of each.",
    ))
}

/// Whether a server at this address may be asked at all, wherever the settings let Jarvis go. What is no address is for the
/// settings to refuse.
fn check_address(path: &str, text: &str) -> Result<()> {
    match Address::parse(text) {
        Err(error @ RemoteError::InTheClear { .. }) => {
            let Error { code, message, hint } = error.into();
            Err(Error::new(code, format!("{path} stays as it is: {message}"), hint))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Whether the chosen recognition model knows the languages in this list. One that isn't installed is not asked.
fn check_languages(paths: &Paths, list: &str) -> Result<()> {
    let Ok(settings) = Settings::load(paths) else { return Ok(()) };
    match Store::new(paths.models_dir()).folder(&settings.recognition.model) {
        Ok(folder) => Ok(stt::check_languages(&folder, &stt::languages(list))?),
        Err(_) => Ok(()),
    }
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
        save(&paths, "audio.volume", "0.5").unwrap();
    }

    #[test]
    fn an_address_in_the_clear_has_to_be_near() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::under(folder.path());
        for path in ["remote.address", "remote.voice_address", "remote.recognition_address"] {
            for wrong in ["http://8.8.8.8", " http://api.openai.com/v1 "] {
                let error = save(&paths, path, wrong).unwrap_err();
                assert!(error.message.starts_with(path) && error.hint.contains("https://"), "{error:?}");
            }
            assert!(!paths.config_file().exists(), "nothing has changed");
        }
        for right in ["http://127.0.0.1:11434/v1", "http://192.168.1.5", "http://nas.local", "https://8.8.8.8", ""] {
            save(&paths, "remote.address", right).unwrap();
            assert_eq!(Settings::load_with(&paths, []).unwrap().remote.address, right);
        }
        assert_eq!(save(&paths, "remote.address", "8.8.8.8").unwrap_err().code, "config.bad_value");
    }

    #[test]
    fn a_language_model_may_be_a_file_that_lies_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::under(folder.path());
        let (file, other) = (folder.path().join("a model.gguf"), folder.path().join("page.gguf"));
        std::fs::write(&file, b"GGUF and more").unwrap();
        std::fs::write(&other, b"<html>").unwrap();
        save(&paths, "mind.model", file.to_str().unwrap()).unwrap();
        assert_eq!(Settings::load_with(&paths, []).unwrap().mind.model, file.to_str().unwrap());
        for wrong in [other.as_path(), folder.path(), Path::new("/nowhere/x.gguf")] {
            let error = save(&paths, "mind.model", wrong.to_str().unwrap()).unwrap_err();
            assert_eq!(error.code, "config.no_such_file");
        }
        assert!(save(&paths, "voice.model", file.to_str().unwrap()).is_err(), "a voice is a folder");
    }

    #[test]
    fn a_model_that_is_not_installed_is_refused_with_the_command_that_installs_it() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::under(folder.path());
        for (path, id) in [("recognition.model", " whisper-tiny.en "), ("wake.model", "wake-alexa")] {
            let error = save(&paths, path, id).unwrap_err();
            assert!(error.hint.contains(&format!("jarvis models pull {}", id.trim())), "{error:?}");
        }
        assert!(!paths.config_file().exists(), "nothing has changed");
    }
}
