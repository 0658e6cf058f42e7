//! Settings that are changed by asking for it: kept in the file as the window keeps them, and in force at once.
//!
//! Never asks whether a change is wanted; that is the skill's.

use jarvis_core::{HostAction, Result};
use jarvis_settings::{Kind, Paths, Settings};

/// Does what `action` asks for, in the file and in `settings`, and returns which setting has which value now; `None` when
/// that is nothing about settings.
///
/// # Errors
/// There is no such setting or value, or the file cannot be read or written; then nothing has changed.
pub fn adjust(action: &HostAction, settings: &mut Settings, paths: &Paths) -> Result<Option<(&'static str, String)>> {
    let (path, value) = match action {
        HostAction::Set { setting, value } => (*setting, value.clone().into_owned()),
        HostAction::Scale { setting, percent } => (*setting, scaled(settings, setting, *percent)?),
        HostAction::Stop
        | HostAction::NotCalled
        | HostAction::Forget { .. }
        | HostAction::Notify { .. }
        | HostAction::Copy { .. }
        | HostAction::Highlight { .. } => return Ok(None),
    };
    crate::change::save(paths, path, &value)?;
    // What was asked for just now counts in this run even where a variable of the environment is stronger than the file.
    settings.set(path, &value)?;
    Ok(Some((path, value)))
}

fn scaled(settings: &Settings, setting: &str, percent: i16) -> Result<String> {
    let number = settings.get(setting)?.value.as_f64().unwrap_or_default();
    let wanted = number * (1.0 + f64::from(percent) / 100.0);
    let range = Settings::schema().into_iter().find(|spec| spec.path == setting).map(|spec| spec.kind);
    let within = match range {
        // Nothing grows from zero by a share of itself.
        Some(Kind::Number { max, .. }) if number == 0.0 && percent > 0 => max / 10.0,
        Some(Kind::Number { min, max, .. }) => wanted.clamp(min, max),
        _ => wanted,
    };
    // As one would write it.
    Ok(format!("{}", (within * 100.0).round() / 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(paths: &Paths) -> Settings {
        Settings::load_with(paths, []).unwrap()
    }

    #[test]
    fn what_is_asked_for_is_in_force_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::under(folder.path());
        let action = HostAction::Set { setting: "voice.effect", value: "robot".into() };
        let mut now = settings(&paths);
        assert_eq!(adjust(&action, &mut now, &paths).unwrap(), Some(("voice.effect", "robot".into())));
        assert_eq!(now.voice.effect, jarvis_settings::VoiceEffect::Robot);
        assert_eq!(settings(&paths).voice.effect, jarvis_settings::VoiceEffect::Robot);
    }

    #[test]
    fn numbers_grow_and_shrink_within_their_range() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::under(folder.path());
        let mut now = settings(&paths);
        let faster = HostAction::Scale { setting: "voice.rate", percent: 20 };
        for expected in [1.2, 1.44, 1.73, 2.0, 2.0] {
            assert!(adjust(&faster, &mut now, &paths).unwrap().is_some());
            assert!((now.voice.rate - expected).abs() < 1e-6, "{} in place of {expected}", now.voice.rate);
        }
        assert_eq!(settings(&paths).voice.rate, 2.0);
    }

    #[test]
    fn what_is_no_setting_is_refused_and_other_wishes_are_somebody_elses() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::under(folder.path());
        let wrong = HostAction::Set { setting: "voice.effect", value: "squirrel".into() };
        assert!(adjust(&wrong, &mut settings(&paths), &paths).is_err());
        assert!(adjust(&HostAction::Stop, &mut settings(&paths), &paths).unwrap().is_none());
        assert!(!paths.config_file().exists());
    }
}
