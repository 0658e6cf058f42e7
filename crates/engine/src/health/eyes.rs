//! Whether Jarvis can look at the screen. Reads no pixel and no text of any application.

use jarvis_models::{Catalog, Kind, Store};
use jarvis_settings::{Accessibility, Eyes, Paths};
use jarvis_vision::capture::Session;

use super::{Found, Machine};

/// What `jarvis config` says when nothing is to be looked at.
const OFF: &str = "Jarvis does not look at the screen (eyes.enabled is false), so this was not tried.";

/// The window system, and whether it lets programs look.
pub(super) fn screen(machine: &Machine, settings: &Eyes) -> Found {
    if !settings.enabled {
        return Found::ok(OFF);
    }
    let session = (machine.session)();
    if session == Session::MacOs {
        // To open it asks the user for the permission, once and for all: that is for the first look.
        return Found::ok("macOS asks at the first look whether Jarvis may see the screen, unless it was told.");
    }
    let mut screen = match (machine.screen)() {
        Ok(screen) => screen,
        Err(error) => return Found::warn(error.message, error.hint),
    };
    match screen.windows() {
        Ok(_) if session == Session::Wayland => Found::warn(
            "Wayland tells no program which windows it shows, so none can be left out of a picture.",
            "Where that matters, switch looking off before you open what nobody may see: `jarvis config set eyes.enabled false`.",
        ),
        Ok(_) => Found::ok("The screen can be looked at."),
        Err(error) => Found::warn(error.message, error.hint),
    }
}

/// The service by which applications tell their text.
pub(super) fn accessibility(machine: &Machine, settings: &Eyes) -> Found {
    if !settings.enabled {
        return Found::ok(OFF);
    }
    if settings.accessibility == Accessibility::Off {
        return Found::ok("Text is read in the picture alone (eyes.accessibility is off).");
    }
    // As it is: a check changes nothing.
    match (machine.tree)() {
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
    use jarvis_core::Error;

    #[test]
    fn nothing_is_tried_where_nothing_is_to_be_looked_at() {
        let settings = Eyes { enabled: false, ..Eyes::default() };
        let machine = Machine {
            session: || panic!("it was tried"),
            screen: || panic!("it was tried"),
            tree: || panic!("it was tried"),
            ..Machine::bare()
        };
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::under(folder.path());
        let found = [screen(&machine, &settings), accessibility(&machine, &settings), reading(&paths, &settings)];
        assert!(found.iter().all(|found| found.status == CheckStatus::Ok && found.detail == OFF));
    }

    #[test]
    fn what_can_not_be_looked_at_is_said_with_what_mends_it() {
        let found = screen(&Machine::bare(), &Eyes::default());
        assert_eq!((found.status, found.remedy.as_str()), (CheckStatus::Warn, "Plug one in."));
        let found = accessibility(&Machine::bare(), &Eyes::default());
        assert_eq!((found.status, found.remedy.as_str()), (CheckStatus::Warn, "Plug one in."));
    }

    #[test]
    fn a_check_asks_for_no_permission() {
        let asks = || -> jarvis_core::Result<_> { panic!("a dialog came up") };
        let machine = Machine { session: || Session::MacOs, screen: asks, ..Machine::bare() };
        assert_eq!(screen(&machine, &Eyes::default()).status, CheckStatus::Ok);
    }

    #[test]
    fn desktops_that_list_no_windows_are_told_of() {
        struct NoWindows;
        impl jarvis_core::ScreenCapture for NoWindows {
            fn capture(&mut self, _: &jarvis_core::ScreenTarget) -> jarvis_core::Result<jarvis_core::Screenshot<'_>> {
                Err(Error::new("test", "A check reads no pixel.", ""))
            }
            fn windows(&mut self) -> jarvis_core::Result<Vec<jarvis_core::ScreenWindow>> {
                Ok(Vec::new())
            }
        }
        let on = |session| Machine { session, screen: || Ok(Box::new(NoWindows)), ..Machine::bare() };
        assert_eq!(screen(&on(|| Session::X11), &Eyes::default()).status, CheckStatus::Ok);
        assert_eq!(screen(&on(|| Session::Wayland), &Eyes::default()).status, CheckStatus::Warn);
    }

    #[test]
    fn a_model_that_is_missing_is_told_with_the_command_that_brings_it() {
        let folder = tempfile::tempdir().unwrap();
        let found = reading(&Paths::under(folder.path()), &Eyes::default());
        assert_eq!(found.status, CheckStatus::Warn);
        assert!(found.remedy.contains("jarvis models pull"), "{}", found.remedy);
    }
}
