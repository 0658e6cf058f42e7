//! Whether Jarvis can look at the screen. Reads no pixel and no text of any application.

use jarvis_models::{Catalog, Kind, Store};
use jarvis_settings::{Accessibility, Eyes, Paths};
use jarvis_vision::{capture, tree};

use super::Found;

/// What `jarvis config` says when nothing is to be looked at.
const OFF: &str = "Jarvis does not look at the screen (eyes.enabled is false), so this was not tried.";

/// The window system, and whether it lets programs look.
pub(super) fn screen(settings: &Eyes) -> Found {
    if !settings.enabled {
        return Found::ok(OFF);
    }
    let mut screen = match capture::open() {
        Ok(screen) => screen,
        Err(error) => return Found::warn(error.message, error.hint),
    };
    match screen.windows() {
        Ok(_) if capture::Session::current() == capture::Session::Wayland => Found::warn(
            "Wayland tells no program which windows it shows, so none can be left out of a picture.",
            "Where that matters, switch looking off before you open what nobody may see: `jarvis config set eyes.enabled false`.",
        ),
        Ok(_) => Found::ok("The screen can be looked at."),
        Err(error) => Found::warn(error.message, error.hint),
    }
}

/// The service by which applications tell their text.
pub(super) fn accessibility(settings: &Eyes) -> Found {
    if !settings.enabled {
        return Found::ok(OFF);
    }
    if settings.accessibility == Accessibility::Off {
        return Found::ok("Text is read in the picture alone (eyes.accessibility is off).");
    }
    // As it is: a check changes nothing.
    match tree::open(&tree::Options::default()) {
        Ok(_) if settings.accessibility == Accessibility::SwitchOn => {
            Found::ok("Applications tell their text; Jarvis has all of them do so while it runs.")
        }
        Ok(_) => Found::ok(
            "Applications tell their text. Browsers do only while a screen reader runs, or with eyes.accessibility set to switch_on.",
        ),
        Err(error) => Found::warn(error.message, error.hint),
    }
}

/// The model that reads pictures.
pub(super) fn reading(paths: &Paths, settings: &Eyes) -> Found {
    if !settings.enabled {
        return Found::ok(OFF);
    }
    let models = match Store::new(paths.models_dir()).list(&Catalog::builtin()) {
        Ok(models) => models,
        Err(error) => return error.into(),
    };
    match models.iter().find(|model| model.kind == Kind::Ocr && model.installed) {
        Some(model) => Found::ok(format!("{} reads text in pictures.", model.id)),
        None => Found::warn(
            "The model that reads text in pictures is not installed, so only what applications tell can be read.",
            "Run `jarvis models pull`.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::CheckStatus;

    #[test]
    fn nothing_is_tried_where_nothing_is_to_be_looked_at() {
        let settings = Eyes { enabled: false, ..Eyes::default() };
        let folder = tempfile::tempdir().unwrap();
        let found = [screen(&settings), accessibility(&settings), reading(&Paths::under(folder.path()), &settings)];
        assert!(found.iter().all(|found| found.status == CheckStatus::Ok && found.detail == OFF));
    }

    #[test]
    fn a_model_that_is_missing_is_told_with_the_command_that_brings_it() {
        let folder = tempfile::tempdir().unwrap();
        let found = reading(&Paths::under(folder.path()), &Eyes::default());
        assert_eq!(found.status, CheckStatus::Warn);
        assert!(found.remedy.contains("jarvis models pull"), "{}", found.remedy);
    }
}
