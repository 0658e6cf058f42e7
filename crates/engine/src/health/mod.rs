//! What `jarvis doctor` and the window look into: is everything there that Jarvis needs, and if not, what mends it.
//!
//! Owns the list of checks. Each runs on a thread of its own and is given up after two seconds, since what is broken may
//! hang. What makes a sound ([`echo()`]) is not among them. Never changes anything.

mod echo;
mod eyes;
mod language;
mod remote;
mod sound;
mod system;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use jarvis_core::{AccessibilityTree, Error, ScreenCapture};
use jarvis_models::{Bytes, Catalog, Store};
use jarvis_onnx::Runtime;
use jarvis_remote::{Keyring, SystemKeyring};
use jarvis_settings::{Eyes, Paths, Settings};
use jarvis_speech::stt;
use jarvis_speech::tts::Espeak;
use jarvis_vision::{capture, tree};
use serde::{Deserialize, Serialize};

use crate::control::{self, Request};
use crate::place::{Placement, free_memory};

pub use echo::{EchoCheck, echo};

/// How long a check may take.
const LIMIT: Duration = Duration::from_secs(2);

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum CheckStatus {
    /// All is well.
    Ok,
    /// Jarvis works, and something about it could be better.
    Warn,
    /// Something that Jarvis needs does not work.
    Fail,
}

/// A line of `jarvis doctor`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Check {
    /// What was looked into.
    pub check: String,
    /// How it stands.
    pub status: CheckStatus,
    /// What was found, a sentence.
    pub detail: String,
    /// What to do about it; empty when there is nothing to do.
    pub remedy: String,
}

/// A check's result before it has its name.
struct Found {
    status: CheckStatus,
    detail: String,
    remedy: String,
}

impl Found {
    fn ok(detail: impl Into<String>) -> Self {
        Self { status: CheckStatus::Ok, detail: detail.into(), remedy: String::new() }
    }

    fn warn(detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { status: CheckStatus::Warn, detail: detail.into(), remedy: remedy.into() }
    }

    fn fail(detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { status: CheckStatus::Fail, detail: detail.into(), remedy: remedy.into() }
    }
}

impl From<Error> for Found {
    fn from(error: Error) -> Self {
        Self::fail(error.message, error.hint)
    }
}

type Work = Box<dyn FnOnce() -> Found + Send>;

/// What the checks look into that belongs to the desktop around Jarvis, by what opens it.
#[derive(Clone)]
struct Machine {
    session: fn() -> capture::Session,
    screen: fn() -> jarvis_core::Result<Box<dyn ScreenCapture>>,
    /// As it is: a check switches nothing on.
    tree: fn() -> jarvis_core::Result<Box<dyn AccessibilityTree>>,
    microphone: fn(&str) -> Found,
    speaker: fn(&str) -> Found,
    notifications: fn() -> Found,
}

impl Machine {
    /// The one that this runs on.
    fn this() -> Self {
        Self {
            session: capture::Session::current,
            screen: capture::open,
            tree: || tree::open(&tree::Options::default()),
            microphone: sound::microphone,
            speaker: sound::speaker,
            notifications: system::notifications,
        }
    }
}

/// Runs every check, all at the same time, and gives each result to `on_check` in the order of the list. Takes two
/// seconds at most.
pub fn run(paths: &Paths, on_check: impl FnMut(Check)) {
    run_on(&Machine::this(), paths, on_check);
}

fn run_on(machine: &Machine, paths: &Paths, mut on_check: impl FnMut(Check)) {
    // What is wrong with the settings is told once; all else is looked into with those that are good.
    let (settings, problems) = Settings::load_good(paths);
    let (input, output) = (settings.audio.input_device.clone(), settings.audio.output_device.clone());
    let keys = settings.hotkey.keys.clone();
    let Machine { microphone, speaker, notifications, .. } = machine.clone();
    let keyring: Arc<dyn Keyring> = Arc::new(SystemKeyring);
    let (asked, sight) = (settings.remote.clone(), settings.eyes.clone());
    let of_sight = |work: fn(&Machine, &Eyes) -> Found| -> Work {
        let (machine, sight) = (machine.clone(), sight.clone());
        Box::new(move || work(&machine, &sight))
    };
    let reading = (paths.clone(), sight.clone());
    let of = |work: fn(&Paths) -> Found| -> Work {
        let paths = paths.clone();
        Box::new(move || work(&paths))
    };
    let of_settings = |work: fn(&Paths, &Settings) -> Found| -> Work {
        let (paths, settings) = (paths.clone(), settings.clone());
        Box::new(move || work(&paths, &settings))
    };
    let warnings = settings.warnings().to_vec();
    let checks: Vec<(&str, Work)> = vec![
        ("settings", Box::new(move || check_settings(&problems, &warnings))),
        ("models", of(check_models)),
        ("recognition", of_settings(check_recognition)),
        ("language", of_settings(language::language)),
        ("onnxruntime", of(check_runtime)),
        ("espeak-ng", Box::new(check_espeak)),
        ("remote", Box::new(move || remote::check(&asked, &keyring))),
        ("microphone", of_microphone(paths, input, microphone)),
        ("speaker", Box::new(move || speaker(&output))),
        ("screen", of_sight(eyes::screen)),
        ("accessibility", of_sight(eyes::accessibility)),
        ("ocr", Box::new(move || eyes::reading(&reading.0, &reading.1))),
        ("hotkey", Box::new(move || system::hotkey(&keys))),
        ("display", Box::new(system::display)),
        ("notifications", Box::new(notifications)),
        ("disk", of(|paths| system::disk(paths.data_dir()))),
        ("memory", of_settings(check_memory)),
        ("running", of(check_running)),
    ];
    let deadline = Instant::now() + LIMIT;
    let started: Vec<(&str, Option<Receiver<Found>>)> =
        checks.into_iter().map(|(name, work)| (name, start(name, work))).collect();
    for (name, answer) in started {
        let found = match answer.map(|answer| answer.recv_timeout(deadline.saturating_duration_since(Instant::now()))) {
            Some(Ok(found)) => found,
            Some(Err(RecvTimeoutError::Timeout)) => {
                Found::fail("This gives no answer within two seconds.", "Restart what it belongs to, or this machine.")
            }
            Some(Err(RecvTimeoutError::Disconnected)) => {
                Found::fail("This check broke off because of a fault in Jarvis.", "Please report it.")
            }
            None => Found::fail("The system has no thread left.", "Close other programs."),
        };
        let Found { status, detail, remedy } = found;
        on_check(Check { check: name.to_owned(), status, detail, remedy });
    }
}

fn start(name: &str, work: Work) -> Option<Receiver<Found>> {
    let (sender, receiver) = channel();
    let spawned = std::thread::Builder::new().name(format!("check-{name}")).spawn(move || {
        let _ = sender.send(work());
    });
    spawned.is_ok().then_some(receiver)
}

/// A muted microphone stays closed, also for a check.
fn of_microphone(paths: &Paths, wanted: String, listen: fn(&str) -> Found) -> Work {
    let paths = paths.clone();
    Box::new(move || {
        if is_muted(&paths) {
            return Found::ok("Jarvis is muted, so the microphone is closed and was not tried.");
        }
        listen(&wanted)
    })
}

/// Whether a Jarvis runs and is not to listen.
fn is_muted(paths: &Paths) -> bool {
    let running = control::send(&paths.control_socket(), &Request::Status).ok().and_then(|response| response.status);
    running.is_some_and(|status| status.muted)
}

fn check_settings(problems: &[Error], warnings: &[String]) -> Found {
    if !problems.is_empty() {
        let all: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
        let mut remedies: Vec<&str> = problems.iter().map(|problem| problem.hint.as_str()).collect();
        remedies.dedup();
        return Found::fail(all.join(" "), remedies.join(" "));
    }
    match warnings {
        [] => Found::ok("The settings are valid."),
        warnings => Found::warn(warnings.join(" "), "Mend it with `jarvis config set` or `jarvis config reset`."),
    }
}

fn check_models(paths: &Paths) -> Found {
    let listed = match Store::new(paths.models_dir()).list(&Catalog::builtin()) {
        Ok(listed) => listed,
        Err(error) => return error.into(),
    };
    let (mut count, mut wrong) = (0, Vec::new());
    for model in listed.iter().filter(|model| model.default) {
        count += 1;
        if !model.installed {
            wrong.push(format!("{} is {}", model.id, format!("{:?}", model.state).to_lowercase()));
        }
    }
    if wrong.is_empty() {
        Found::ok(format!("All {count} default models are installed in {}.", paths.models_dir().display()))
    } else {
        Found::fail(format!("Of the default models, {}.", wrong.join(", ")), "Run `jarvis models pull`.")
    }
}

/// Whether the recognition model in force is there and knows the languages that it is told.
fn check_recognition(paths: &Paths, settings: &Settings) -> Found {
    let settings = &settings.recognition;
    let folder = match Store::new(paths.models_dir()).folder(&settings.model) {
        Ok(folder) => folder,
        Err(error) => return error.into(),
    };
    match stt::check_languages(&folder, &stt::languages(&settings.languages)).map_err(Error::from) {
        Ok(()) => Found::ok(format!("{} recognizes what is said.", settings.model)),
        Err(error) if error.code == "stt.language" => Found::warn(
            format!("{} Recognition goes by what it knows.", error.message),
            format!("{} Or have it find out: `jarvis config reset recognition.languages`.", error.hint),
        ),
        Err(error) => error.into(),
    }
}

/// Whether all that is wanted fits into memory side by side, and what of it goes onto a graphics processor.
fn check_memory(paths: &Paths, settings: &Settings) -> Found {
    let placement = Placement::now(settings, &Store::new(paths.models_dir()), None, &[]);
    if let Some(error) = placement.told().into_iter().next() {
        return Found::warn(error.message, error.hint);
    }
    let mut text = match free_memory() {
        Some(free) => {
            format!("{} of memory are free; the models need {}.", Bytes(free), Bytes(placement.needed()))
        }
        None => "This system does not tell how much memory is free.".to_owned(),
    };
    if cfg!(any(feature = "cuda", feature = "metal")) {
        text.push_str(&match placement.on_graphics(settings)[..] {
            [] => " None of them goes onto a graphics processor.".to_owned(),
            ref models => format!(" On the graphics processor: {}.", models.join(", ")),
        });
    }
    Found::ok(text)
}

fn check_runtime(paths: &Paths) -> Found {
    let file = crate::load::runtime_file(&Store::new(paths.models_dir()));
    match file.and_then(|file| Ok(Runtime::load(&file)?)) {
        Ok(_) => Found::ok("ONNX Runtime loads."),
        Err(error) => error.into(),
    }
}

fn check_espeak() -> Found {
    match Espeak::new("en-us") {
        Ok(_) => Found::ok("espeak-ng pronounces English."),
        Err(error) => error.into(),
    }
}

fn check_running(paths: &Paths) -> Found {
    match control::send(&paths.control_socket(), &Request::Status) {
        Ok(response) => match response.status {
            Some(status) => match status.last_error {
                Some(error) => Found::warn(
                    format!("Jarvis runs (process {}). It last said: {}", status.pid, error.message),
                    error.hint,
                ),
                None => Found::ok(format!("Jarvis runs (process {}).", status.pid)),
            },
            None => Found::ok("Jarvis runs."),
        },
        Err(error) if error.code == "control.not_running" => {
            Found::ok("Jarvis is not running; the control socket is free.")
        }
        Err(error) => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Machine {
        /// One that has nothing.
        pub(super) fn bare() -> Self {
            Self {
                session: || capture::Session::X11,
                screen: || Err(absent()),
                tree: || Err(absent()),
                microphone: |_| absent().into(),
                speaker: |_| absent().into(),
                notifications: || Found::warn("There is none.", "Plug one in."),
            }
        }
    }

    fn absent() -> Error {
        Error::new("test.absent", "There is none.", "Plug one in.")
    }

    #[test]
    fn a_machine_without_models_is_told_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let mut checks = Vec::new();
        run_on(&Machine::bare(), &Paths::under(folder.path()), |check| checks.push(check));
        assert_eq!(checks.len(), 18);
        let models = checks.iter().find(|check| check.check == "models").unwrap();
        assert_eq!(models.status, CheckStatus::Fail);
        assert!(models.remedy.contains("jarvis models pull"), "{models:?}");
        for check in &checks {
            assert!(check.detail.ends_with('.'), "not a sentence: {check:?}");
            assert_eq!(check.status == CheckStatus::Ok, check.remedy.is_empty(), "{check:?}");
        }
    }

    #[test]
    fn what_is_wrong_with_the_settings_is_told_once() {
        for text in ["{ oops", r#"{"audio": 5}"#, r#"{"mind": {"max_tokens": "many"}, "audio": {"volume": 7}}"#] {
            let folder = tempfile::tempdir().unwrap();
            let paths = Paths::under(folder.path());
            std::fs::create_dir_all(paths.config_dir()).unwrap();
            std::fs::write(paths.config_file(), text).unwrap();
            let file = paths.config_file().display().to_string();
            let mut telling = Vec::new();
            run_on(&Machine::bare(), &paths, |check| {
                if check.detail.contains(&file) || check.remedy.contains(&file) {
                    assert_eq!(check.status, CheckStatus::Fail);
                    telling.push(check.check);
                }
            });
            assert_eq!(telling, ["settings"], "{text}");
        }
    }
}
