//! Layers: which one wins, what each refuses and how, and what survives the file.

use super::*;
use crate::HotkeyMode;
use proptest::prelude::*;
use std::path::Path;

fn document(text: &str) -> Document {
    Document::from_text(Path::new("/etc/config.json"), text).unwrap()
}

fn environment(variables: &[(&str, &str)]) -> Vec<(String, String)> {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn paths() -> (tempfile::TempDir, Paths) {
    let root = tempfile::tempdir().unwrap();
    let paths = Paths::under(root.path());
    (root, paths)
}

#[test]
fn each_layer_is_stronger_than_the_one_below() {
    let file =
        document(r#"{"version": 1, "performance": {"cache_size": 5, "batch_size": 6}, "hotkey": {"mode": "toggle"}}"#);
    let environment = environment(&[("JARVIS_BATCH_SIZE", "7"), ("JARVIS_LEARNING", "false")]);
    let mut settings = Settings::from_layers(&file, environment).unwrap();
    settings.set_by_flag("voice.enabled", "false", "--no-voice").unwrap();

    assert_eq!(settings.performance.thread_workers, 0);
    assert_eq!(settings.performance.cache_size, 5);
    assert_eq!(settings.performance.batch_size, 7);
    assert_eq!(settings.hotkey.mode, HotkeyMode::Toggle);
    assert!(!settings.learning.enabled);
    assert!(!settings.voice.enabled);

    let origin = |path: &str| settings.get(path).unwrap().origin.to_string();
    assert_eq!(origin("performance.thread_workers"), "the default");
    assert_eq!(origin("performance.cache_size"), "from /etc/config.json");
    assert_eq!(origin("performance.batch_size"), "from the environment variable JARVIS_BATCH_SIZE");
    assert_eq!(origin("voice.enabled"), "from --no-voice");
}

#[test]
fn every_variable_of_the_requirements_is_read() {
    for (name, value, path) in [
        ("JARVIS_CACHE_SIZE", "12", "performance.cache_size"),
        ("JARVIS_THREAD_WORKERS", "3", "performance.thread_workers"),
        ("JARVIS_MONITORING_INTERVAL", "2.5", "performance.monitoring_interval"),
        ("JARVIS_GPU_ENABLED", "false", "performance.gpu_enabled"),
        ("JARVIS_BATCH_SIZE", "20", "performance.batch_size"),
        ("JARVIS_PROFILE", "true", "performance.profile"),
        ("JARVIS_GC_INTERVAL", "60", "performance.gc_interval"),
        ("JARVIS_LEARNING", "false", "learning.enabled"),
        ("JARVIS_AUDIO_VOLUME", "0.5", "audio.volume"),
    ] {
        let settings = Settings::from_layers(&document(""), environment(&[(name, value)])).unwrap();
        let entry = settings.get(path).unwrap();
        assert_eq!(entry.value.to_string(), value, "{name}");
        assert_eq!(entry.origin, Origin::Environment(name.into()));
    }
}

#[test]
fn a_refusal_says_name_range_and_origin() {
    let refuse = |file: &str, variables: &[(&str, &str)]| {
        jarvis_core::Error::from(Settings::from_layers(&document(file), environment(variables)).unwrap_err())
    };
    let error = refuse("", &[("JARVIS_BATCH_SIZE", "abc")]);
    assert_eq!(error.code, "config.bad_value");
    assert_eq!(
        error.message,
        "performance.batch_size = \"abc\" (from the environment variable JARVIS_BATCH_SIZE) is not allowed: \
         it has to be a whole number from 1 to 1024 items."
    );
    assert_eq!(error.hint, "Change JARVIS_BATCH_SIZE, or remove it from the environment.");

    let error = refuse(r#"{"audio": {"volume": 3}}"#, &[]);
    assert_eq!(
        error.message,
        "audio.volume = 3 (from /etc/config.json) is not allowed: it has to be a number from 0 to 1."
    );
    assert!(error.hint.contains("jarvis config reset audio.volume"));

    assert_eq!(refuse(r#"{"audio": {"volume": "loud"}}"#, &[]).code, "config.bad_value");
    assert_eq!(refuse(r#"{"wake": {"enabled": null}}"#, &[]).code, "config.bad_value");
}

#[test]
fn names_that_are_no_settings_are_warned_about() {
    let variables = environment(&[("JARVIS_AUDIO_VOLUM", "1"), ("JARVIS_DATA_DIR", "/x"), ("JARVIS_TEST_THING", "1")]);
    let settings = Settings::from_layers(&document(r#"{"audio": {"volum": 1}}"#), variables).unwrap();
    assert_eq!(settings.warnings().len(), 2, "{:?}", settings.warnings());
    assert!(settings.warnings()[0].starts_with("audio.volum in"));
    assert!(settings.warnings()[1].contains("JARVIS_AUDIO_VOLUM "));
}

#[test]
fn a_file_of_a_newer_version_is_told_by_its_number_and_one_of_none_is_refused() {
    let settings = Settings::from_layers(&document(r#"{"version": 999, "audio": {"volume": 0.5}}"#), []).unwrap();
    assert_eq!(settings.audio.volume, 0.5);
    assert!(settings.warnings()[0].starts_with("version = 999 in "), "{:?}", settings.warnings());
    assert!(Settings::from_layers(&document(r#"{"version": 1}"#), []).unwrap().warnings().is_empty());
    let (settings, codes) = good(r#"{"version": "two", "audio": {"volume": 0.5}}"#, &[]);
    assert_eq!((settings.audio.volume, &codes[..]), (0.5, &["config.bad_value".to_owned()][..]));
}

#[test]
fn addresses_are_refused_by_name_unless_they_can_be_one() {
    let set = |text: &str| Settings::default().set("remote.address", text);
    for right in [
        "",
        "http://127.0.0.1:11434/v1",
        "http://[::1]:9/v1",
        "https://[fe80::1]",
        "https://api.openai.com/v1/",
        "http://nas:65535",
        "http://nas.local.",
        "https://my_server-2.example:443/a/b",
    ] {
        set(right).unwrap_or_else(|error| panic!("{right}: {error:?}"));
    }
    for wrong in [
        "127.0.0.1:11434",
        "ftp://nas",
        "http://",
        "http:///v1",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:0",
        "http://127.0.0.1:",
        "http://127.0.0.1:+80",
        "http://127.0.0.1:80:80",
        "http://127.0.0.999",
        "http://1.2.3",
        "http://[::1",
        "http://[::1]x",
        "http://[::g]:9",
        "http://::1",
        "http://a..b",
        "http://na s",
        "http://you:secret@nas",
        "http://nas/v1?key=secret",
    ] {
        let error = set(wrong).unwrap_err();
        assert!(error.message.starts_with("remote.address = "), "{error:?}");
        assert!(error.message.contains("from 1 to 65535") && !error.message.contains("secret"), "{error:?}");
    }
}

#[test]
fn a_misspelled_setting_gets_a_suggestion() {
    let settings = Settings::default();
    let hint = |path: &str| settings.get(path).unwrap_err().hint;
    assert!(hint("audio.volumme").starts_with("Did you mean audio.volume?"));
    assert!(hint("volume").starts_with("Did you mean audio.volume?"));
    assert!(!hint("completely.different.thing").starts_with("Did you mean"));
}

#[test]
fn what_is_saved_is_there_when_loaded_and_gone_when_reset() {
    let (_root, paths) = paths();
    let change = Settings::save(&paths, "endpoint.silence_ms", "450").unwrap();
    assert!(!change.restart);
    assert!(Settings::save(&paths, "performance.thread_workers", "4").unwrap().restart);
    let settings = Settings::load_with(&paths, []).unwrap();
    assert_eq!(settings.endpoint.silence_ms, 450);
    assert_eq!(Settings::reset(&paths, Some("endpoint.silence_ms")).unwrap()[0].1.value, 700);
    assert_eq!(Settings::load_with(&paths, []).unwrap().endpoint.silence_ms, 700);
    assert_eq!(Settings::reset(&paths, None).unwrap().len(), 1);
    assert_eq!(Settings::load_with(&paths, []).unwrap(), Settings::default());
}

#[test]
fn a_section_is_reset_as_a_whole_and_nothing_else_with_it() {
    let (_root, paths) = paths();
    for (path, value) in [("voice.rate", "1.5"), ("voice.cache_mb", "8"), ("audio.volume", "0.5")] {
        Settings::save(&paths, path, value).unwrap();
    }
    let mut reset: Vec<&str> =
        Settings::reset(&paths, Some("voice")).unwrap().into_iter().map(|(path, _)| path).collect();
    reset.sort_unstable();
    assert_eq!(reset, ["voice.cache_mb", "voice.rate"]);
    assert_eq!(Settings::load_with(&paths, []).unwrap().audio.volume, 0.5);
    assert!(Settings::reset(&paths, Some("voic")).is_err());
}

#[test]
fn one_bad_value_in_the_file_does_not_keep_others_from_being_mended() {
    let (_root, paths) = paths();
    std::fs::create_dir_all(paths.config_dir()).unwrap();
    std::fs::write(paths.config_file(), r#"{"audio": {"volume": 7}}"#).unwrap();
    assert!(Settings::load_with(&paths, []).is_err());
    Settings::save(&paths, "audio.volume", "0.7").unwrap();
    assert_eq!(Settings::load_with(&paths, []).unwrap().audio.volume, 0.7);
}

#[test]
fn a_bad_value_hides_no_other_and_is_mended_by_its_reset() {
    let (_root, paths) = paths();
    std::fs::create_dir_all(paths.config_dir()).unwrap();
    let write = |text: &str| std::fs::write(paths.config_file(), text).unwrap();
    let bad = |variables: &[(&str, &str)]| Settings::load_around_bad_with(&paths, environment(variables)).unwrap();

    write(r#"{"audio": {"volume": 7, "input_device": "Desk"}, "voice": 5, "else": 6}"#);
    let (settings, problems) = bad(&[("JARVIS_MIND_MAX_TOKENS", "many")]);
    assert_eq!(settings.audio.input_device, "Desk");
    let hidden = |path: &str| problems.iter().filter(|problem| problem.hides(path)).count();
    assert_eq!(["audio.volume", "audio.input_device", "voice.rate", "mind.max_tokens"].map(hidden), [1, 0, 1, 1]);
    assert_eq!(settings.warnings().len(), 1, "the section is told once: {:?}", settings.warnings());

    // One is mended after the other, and nothing else is touched.
    let reset = |path| Settings::reset(&paths, Some(path)).unwrap();
    let changes = reset("audio.volume");
    assert!(changes.len() == 1 && changes[0].1.was_bad && changes[0].1.value == 1.0, "{changes:?}");
    assert!(reset("audio.volume").is_empty());
    assert_eq!(bad(&[]).1.len(), 1);
    assert!(Settings::save(&paths, "voice.rate", "1.5").unwrap_err().hint.contains("jarvis config reset voice"));
    let changes = reset("voice.rate");
    assert!(changes.len() == 1 && changes[0].1.was_bad, "{changes:?}");
    assert_eq!(bad(&[]).1, []);
    assert!(!reset("audio.input_device")[0].1.was_bad);
    assert_eq!(std::fs::read_to_string(paths.config_file()).unwrap().matches("else").count(), 1);

    write(r#"{"voice": []}"#);
    assert!(reset("voice").iter().all(|(path, change)| path.starts_with("voice.") && change.was_bad));
    assert_eq!(bad(&[]).1, []);
    write(r#"{"audio": {"volume": 7}}"#);
    assert!(Settings::save(&paths, "audio.volume", "0.7").unwrap().was_bad);
    write("{ oops");
    assert!(Settings::load_around_bad_with(&paths, []).is_err() && Settings::reset(&paths, None).is_err());
}

/// What a program that has to start makes of this file: the settings, and the codes of what it tells.
fn good(text: &str, variables: &[(&str, &str)]) -> (Settings, Vec<String>) {
    let (_root, paths) = paths();
    std::fs::create_dir_all(paths.config_dir()).unwrap();
    std::fs::write(paths.config_file(), text).unwrap();
    let (settings, problems) = Settings::load_good_with(&paths, environment(variables));
    assert!(problems.iter().all(|problem| !problem.message.is_empty() && !problem.hint.is_empty()));
    (settings, problems.into_iter().map(|problem| problem.code).collect())
}

#[test]
fn every_good_value_counts_whatever_stands_beside_it() {
    let file = r#"{"audio": {"volume": 7, "input_device": "Desk"}, "endpoint": 5, "wake": {"enabled": false}}"#;
    let (settings, codes) = good(file, &[("JARVIS_VOICE_RATE", "fast"), ("JARVIS_MIND_MAX_TOKENS", "64")]);
    assert_eq!(codes, ["config.broken_file", "config.bad_value", "config.bad_value"]);
    assert_eq!((settings.audio.volume, settings.voice.rate, settings.endpoint.silence_ms), (1.0, 1.0, 700));
    assert_eq!((settings.audio.input_device.as_str(), settings.mind.max_tokens), ("Desk", 64));
    assert!(!settings.wake.enabled);
    assert_eq!(good(r#"{"audio": {"volume": 0.5}}"#, &[]).1, Vec::<String>::new());
}

#[test]
fn a_bad_variable_leaves_the_file_s_value_in_force() {
    let (settings, codes) = good(r#"{"audio": {"volume": 0.5}}"#, &[("JARVIS_AUDIO_VOLUME", "loud")]);
    assert_eq!((settings.audio.volume, codes.len()), (0.5, 1));
}

#[test]
fn no_microphone_is_on_because_a_file_could_not_be_read() {
    let off = "config.wake_word_off".to_owned();
    for text in ["{ oops", "[]", r#"{"wake": 5}"#, r#"{"wake": {"enabled": "off"}}"#] {
        let (settings, codes) = good(text, &[]);
        assert!(!settings.wake.enabled && codes.contains(&off), "{text}: {codes:?}");
        let (settings, codes) = good(text, &[("JARVIS_WAKE_ENABLED", "on")]);
        assert!(settings.wake.enabled && !codes.contains(&off), "{text}: {codes:?}");
    }
    let (settings, codes) = good(r#"{"wake": {"enabled": true}}"#, &[("JARVIS_WAKE_ENABLED", "never")]);
    assert!(!settings.wake.enabled && codes.contains(&off));
    assert!(good(r#"{"audio": {"volume": 7}}"#, &[]).0.wake.enabled);
}

#[test]
fn nothing_is_looked_at_because_a_file_could_not_be_read() {
    let off = "config.eyes_off".to_owned();
    for text in [
        "{ oops",
        r#"{"eyes": []}"#,
        r#"{"eyes": {"enabled": 0}}"#,
        r#"{"eyes": {"excluded_apps": ["Signal"]}}"#,
        r#"{"eyes": {"private_windows": "yes"}}"#,
    ] {
        let (settings, codes) = good(text, &[]);
        assert!(!settings.eyes.enabled && codes.last() == Some(&off), "{text}: {codes:?}");
        assert_eq!(codes.iter().filter(|code| **code == off).count(), 1, "{text}: {codes:?}");
    }
    let (settings, codes) = good(r#"{"eyes": {"enabled": false, "excluded_apps": 5}}"#, &[]);
    assert!(!settings.eyes.enabled && !codes.contains(&off), "it is off anyway: {codes:?}");
    let (settings, _) =
        good(r#"{"eyes": {"remember_minutes": 500}}"#, &[("JARVIS_EYES_EXCLUDED_APPS", "Signal, Mail")]);
    assert!(settings.eyes.enabled);
    assert_eq!(settings.eyes.excluded().collect::<Vec<_>>(), ["Signal", "Mail"]);
}

#[test]
fn many_writers_lose_nothing() {
    let (_root, paths) = paths();
    std::thread::scope(|scope| {
        for (path, value) in
            [("audio.volume", "0.5"), ("voice.rate", "1.5"), ("mind.max_tokens", "64"), ("wake.enabled", "off")]
        {
            let paths = &paths;
            scope.spawn(move || Settings::save(paths, path, value).unwrap());
        }
    });
    let settings = Settings::load_with(&paths, []).unwrap();
    assert_eq!((settings.audio.volume, settings.voice.rate), (0.5, 1.5));
    assert_eq!((settings.mind.max_tokens, settings.wake.enabled), (64, false));
}

#[test]
fn the_schema_is_what_the_window_renders() {
    let schema = Settings::schema();
    let picked: Vec<_> = ["hotkey.mode", "audio.input_device", "audio.volume", "mind.model", "performance.batch_size"]
        .iter()
        .map(|path| schema.iter().find(|spec| spec.path == *path).unwrap())
        .collect();
    insta::assert_json_snapshot!(picked);
}

/// Any text that could be typed as a value: mostly near what settings take.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?[0-9]{1,6}(\\.[0-9]{1,3})?",
        Just("true".to_owned()),
        Just("off".to_owned()),
        Just("toggle".to_owned()),
        "[A-Za-z+ ._-]{0,20}",
        ".{0,30}",
    ]
}

proptest! {
    #[test]
    fn what_was_set_is_got_and_what_was_refused_changed_nothing(
        changes in proptest::collection::vec((0..Settings::schema().len(), text()), 1..12),
    ) {
        let schema = Settings::schema();
        let mut settings = Settings::default();
        for (index, text) in changes {
            let spec = &schema[index];
            let before = settings.clone();
            match settings.set(spec.path, &text) {
                Ok(()) => {
                    let got = settings.get(spec.path).unwrap().value;
                    let meant = spec.parse(&text).unwrap();
                    match (got.as_f64(), meant.as_f64()) {
                        (Some(got), Some(meant)) => prop_assert!((got - meant).abs() <= meant.abs() * 1e-6),
                        _ => prop_assert_eq!(got, meant),
                    }
                }
                Err(error) => {
                    prop_assert!(error.message.contains(spec.path));
                    prop_assert!(error.message.contains(&spec.allowed()));
                    prop_assert_eq!(&settings, &before);
                }
            }
        }
    }

    #[test]
    fn the_file_goes_round(changes in proptest::collection::vec((0..Settings::schema().len(), text()), 1..12)) {
        let schema = Settings::schema();
        let mut settings = Settings::default();
        let mut file = document("");
        for (index, text) in changes {
            if let Some(value) = schema[index].parse(&text) {
                settings.set(schema[index].path, &text).unwrap();
                file.set(schema[index].path, value);
            }
        }
        let loaded = Settings::from_layers(&file, []).unwrap();
        for spec in &schema {
            prop_assert_eq!(loaded.get(spec.path).unwrap().value, settings.get(spec.path).unwrap().value);
        }
    }

    #[test]
    fn no_file_makes_it_panic(text in ".{0,200}") {
        if let Ok(document) = Document::from_text(Path::new("config.json"), &text) {
            let _ = Settings::from_layers(&document, []);
        }
    }
}
