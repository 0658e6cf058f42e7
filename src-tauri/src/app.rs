//! Puts the parts together: engine, control socket, tray, hotkey, window; and passes the engine's events on to them.

use crate::highlight::Highlighter;
use crate::history::History;
use crate::hotkey::Hotkey;
use crate::installs::Installs;
use crate::looking::Sign;
use crate::tray::{Mark, Tray};
use crate::views::{HotkeyView, Overview, wake_phrase};
use crate::{commands, display, window};
use jarvis_core::{AssistantEvent, AssistantState, Error, Result};
use jarvis_engine::health::{self, Check, CheckStatus};
use jarvis_engine::{Command, Engine, EngineHandle, EngineOptions, ModelState, Status, Subscription};
use jarvis_engine::{control, signals};
use jarvis_models::{Catalog, Kind, Store};
use jarvis_settings::{HotkeyMode, Paths, Settings};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tauri::{AppHandle, Manager, RunEvent, Wry};

/// How long the engine may take to end before the program does without waiting for it.
const FAREWELL: Duration = Duration::from_secs(3);

/// What every part of the shell may reach.
pub struct Shell {
    /// Where files live.
    pub paths: Paths,
    /// The events of this run.
    pub history: History,
    /// The hotkey.
    pub hotkey: Hotkey,
    /// The installation that runs.
    pub installs: Installs,
    chosen: Mutex<Chosen>,
    engine: Option<EngineHandle>,
    tray: Option<Tray>,
    /// What was wrong at the start and stays so.
    troubles: Vec<Error>,
    watching_level: AtomicBool,
}

/// What the user chose, as far as it could be read.
#[derive(Clone)]
struct Chosen {
    settings: Settings,
    /// What could not be read, and what holds in its place.
    problems: Vec<Error>,
}

impl Chosen {
    fn load(paths: &Paths) -> Self {
        let (settings, problems) = Settings::load_good(paths);
        for problem in &problems {
            jarvis_engine::logging::line(format_args!("{} {}", problem.message, problem.hint));
        }
        Self { settings, problems }
    }
}

impl Shell {
    /// The engine.
    ///
    /// # Errors
    /// It does not run in this process; says why.
    pub fn engine(&self) -> Result<&EngineHandle> {
        let why = || {
            let fallback = || Error::new("shell.no_engine", "Jarvis could not start.", "Start it again.");
            self.troubles.last().cloned().unwrap_or_else(fallback)
        };
        self.engine.as_ref().ok_or_else(why)
    }

    /// The settings in force.
    pub fn settings(&self) -> Settings {
        self.chosen().settings
    }

    fn chosen(&self) -> Chosen {
        self.chosen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the settings again and lets everything take them up: the engine, and the hotkey. What cannot be read is shown
    /// in the window.
    pub fn reload(&self, app: &AppHandle<Wry>) {
        let settings = self.read_settings();
        self.hotkey.take(app, &settings.hotkey.keys);
        if let Some(engine) = &self.engine {
            engine.send(Command::Reload(settings));
        }
    }

    /// Reads the settings again, for the window.
    fn read_settings(&self) -> Settings {
        let chosen = Chosen::load(&self.paths);
        let settings = chosen.settings.clone();
        *self.chosen.lock().unwrap_or_else(PoisonError::into_inner) = chosen;
        settings
    }

    /// Begins or ends listening to the level. The engine counts its watchers; the window is one at most.
    pub fn watch_level(&self, on: bool) {
        if self.watching_level.swap(on, Ordering::AcqRel) != on
            && let Some(engine) = &self.engine
        {
            engine.send(Command::WatchLevel(on));
        }
    }

    /// The models' folder.
    pub fn store(&self) -> Store {
        Store::new(self.paths.models_dir())
    }

    /// How everything stands.
    pub fn overview(&self) -> Overview {
        let Chosen { settings, problems } = self.chosen();
        let status = self.status();
        let installed = self.store().list(&Catalog::builtin()).unwrap_or_default();
        let missing: Vec<_> = installed.into_iter().filter(|model| model.default && !model.installed).collect();
        // Without the model that reads the screen all else can be asked.
        let (reading, hearing): (Vec<_>, Vec<_>) = missing.into_iter().partition(|model| model.kind == Kind::Ocr);
        let missing_models: Vec<String> = hearing.into_iter().map(|model| model.id).collect();
        let mut troubles = self.troubles.clone();
        troubles.extend(problems);
        if settings.eyes.enabled && missing_models.is_empty() && !reading.is_empty() {
            troubles.push(Error::new(
                "shell.no_ocr",
                "The model that reads the screen is not installed, so Jarvis can read only what applications tell.",
                "",
            ));
        }
        let hotkey = self.hotkey.standing();
        troubles.extend(hotkey.problem.clone());
        troubles.extend(display::tray_problem());
        Overview {
            version: env!("CARGO_PKG_VERSION"),
            hotkey: HotkeyView::new(hotkey, settings.hotkey.mode == HotkeyMode::Hold),
            wake_phrase: settings.wake.enabled.then(|| wake_phrase(&settings.wake.model)),
            broken: self.is_broken(status.as_ref()),
            status,
            missing_models,
            troubles,
        }
    }

    /// What is there and what is not, with what this program alone can tell.
    pub fn examine(&self) -> Vec<Check> {
        let mut checks = Vec::new();
        health::run(&self.paths, |check| checks.push(check));
        checks.retain(|check| check.check != "hotkey");
        let hotkey = self.hotkey.standing();
        checks.push(check("hotkey", hotkey.problem, format!("{} makes Jarvis listen.", hotkey.keys)));
        checks.push(check("tray", display::tray_problem(), "The tray shows what Jarvis does.".into()));
        checks
    }

    /// Whether a question could not be asked or answered now.
    fn is_broken(&self, status: Option<&Status>) -> bool {
        let Some(status) = status else { return true };
        let failed = status.models.values().any(|model| model.state == ModelState::Failed);
        let deaf = status.ready && !status.voice_off && !status.muted && !status.microphone.available;
        failed || deaf
    }

    /// Shows the state in the tray.
    fn show(&self, state: AssistantState, muted: bool, looking: bool) {
        if let Some(tray) = &self.tray {
            let broken = state == AssistantState::Idle && self.is_broken(self.status().as_ref());
            tray.show(Mark::of(state, muted, broken, looking), muted);
        }
    }

    fn status(&self) -> Option<Status> {
        self.engine.as_ref().map(EngineHandle::status)
    }
}

fn check(name: &str, problem: Option<Error>, well: String) -> Check {
    let (status, detail, remedy) = match problem {
        None => (CheckStatus::Ok, well, String::new()),
        Some(problem) => (CheckStatus::Warn, problem.message, problem.hint),
    };
    Check { check: name.into(), status, detail, remedy }
}

/// Runs the program until it is quit.
///
/// # Errors
/// There is no display or no home folder, or the desktop refuses what a program needs to run at all.
pub fn run(with_window: bool) -> Result<()> {
    display::open()?;
    let paths = Paths::discover()?;
    let app = tauri::Builder::default()
        // First of all: a second start ends here, and the first one shows its window.
        .plugin(tauri_plugin_single_instance::init(|app, _, _| window::open(app)))
        .invoke_handler(commands::handler())
        .setup(move |app| {
            start(app.handle(), paths, with_window);
            Ok(())
        })
        .build(tauri::generate_context!())
        .map_err(|error| {
            Error::new("shell.start", format!("The desktop refuses Jarvis: {error}."), "Run `jarvis run` instead.")
        })?;
    app.run(|app, event| match event {
        // The last window was closed; the assistant stays.
        RunEvent::ExitRequested { api, code: None, .. } if app.state::<Shell>().engine.is_some() => api.prevent_exit(),
        RunEvent::Exit => {
            app.cleanup_before_exit();
            // A quit while models load leaves threads inside native libraries; their destructors, which an ordinary exit
            // runs, would pull the ground from under them.
            // SAFETY: ends the process; all that is ours was closed.
            unsafe { libc::_exit(0) }
        }
        _ => {}
    });
    Ok(())
}

/// Starts everything. What fails is told in the window and leaves the rest running.
fn start(app: &AppHandle<Wry>, paths: Paths, with_window: bool) {
    let mut troubles = Vec::new();
    let chosen = Chosen::load(&paths);
    let started = start_engine(app, &chosen.settings, &paths).map_err(|error| troubles.push(error)).ok();
    for trouble in &troubles {
        jarvis_engine::logging::line(format_args!("{} {}", trouble.message, trouble.hint));
    }
    let tray = Tray::new(app, paths.runtime_dir()).unwrap_or_else(|error| {
        tracing::warn!(%error, "there is no tray icon");
        None
    });
    let keys = chosen.settings.hotkey.keys.clone();
    let in_trouble = !troubles.is_empty() || !chosen.problems.is_empty();
    let seen = with_window || in_trouble || display::tray_problem().is_some();
    app.manage(Shell {
        paths,
        history: History::default(),
        hotkey: Hotkey::default(),
        installs: Installs::default(),
        chosen: Mutex::new(chosen),
        engine: started.as_ref().map(|started| started.engine.clone()),
        tray,
        troubles,
        watching_level: AtomicBool::new(false),
    });
    let shell = app.state::<Shell>();
    shell.show(AssistantState::Idle, false, false);
    if let Some(Started { engine, events, server }) = started {
        shell.hotkey.take(app, &keys);
        let (pumped, asked) = (app.clone(), app.clone());
        let pumping = std::thread::Builder::new().name("events".into()).spawn(move || {
            pass_on(&pumped, &engine, events);
            // Closes the control socket before the process goes, and waits for what is put back at the end: nothing that
            // lives in the app is dropped when that exits.
            drop(server);
            engine.wait();
            pumped.exit(0);
        });
        if let Err(error) = pumping {
            tracing::error!(%error, "no thread for the events");
        }
        if let Err(error) = signals::on_termination(move || quit(&asked)) {
            tracing::warn!("{error}");
        }
    }
    if let Some(problem) = display::tray_problem() {
        jarvis_engine::logging::line(format_args!("{} {}", problem.message, problem.hint));
    }
    if seen {
        window::open(app);
    }
}

/// The engine, running.
struct Started {
    engine: EngineHandle,
    events: Subscription,
    server: control::Server,
}

/// Starts the engine and serves it on the control socket, so that `jarvis toggle` and the others reach it.
fn start_engine(app: &AppHandle<Wry>, settings: &Settings, paths: &Paths) -> Result<Started> {
    // Before the engine, so that a second one never opens the microphone.
    let claim = control::claim(paths).map_err(seen_from_a_window)?;
    let options = EngineOptions { keeps_timers: true, ..EngineOptions::default() };
    let events = options.observers.subscribe();
    let engine = Engine::start(settings.clone(), paths.clone(), options)?;
    let asked = app.clone();
    let server = control::serve(claim, engine.clone(), move || match asked.try_state::<Shell>() {
        Some(shell) => {
            shell.reload(&asked);
            Ok(())
        }
        None => Err(Error::new("shell.starting", "Jarvis is still starting.", "Try again in a moment.")),
    })?;
    Ok(Started { engine, events, server })
}

/// The same, for who sees it in a window: that can't take the other one's place while it is open.
fn seen_from_a_window(error: Error) -> Error {
    if error.code != "control.already_running" {
        return error;
    }
    let hint = "It has the microphone. To use this window, close it, end the other one with `jarvis quit`, and start Jarvis \
                again; or leave that running, and talk to it with `jarvis toggle` and `jarvis ask`.";
    Error { hint: hint.into(), ..error }
}

/// Passes the engine's events on to tray and window until it ends.
fn pass_on(app: &AppHandle<Wry>, engine: &EngineHandle, events: Subscription) {
    let shell = app.state::<Shell>();
    let status = engine.status();
    shell.show(status.state, status.muted, false);
    let (mut shown, mut sign, highlighter) = ((status.state, status.muted), Sign::default(), Highlighter::default());
    loop {
        let next = match sign.ends() {
            Some(end) => events.recv_timeout(end.saturating_duration_since(Instant::now())),
            None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        if sign.expire(Instant::now()) {
            shell.show(shown.0, shown.1, false);
        }
        let record = match next {
            Ok(record) => record,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        match &record.event {
            AssistantEvent::State { state, muted } => {
                shown = (*state, *muted);
                shell.show(*state, *muted, sign.is_lit());
            }
            AssistantEvent::Looking { looking, .. } => {
                sign.looking(*looking, Instant::now());
                shell.show(shown.0, shown.1, sign.is_lit());
            }
            AssistantEvent::Highlight { region, seconds } => highlighter.show(app, *region, *seconds),
            // The user has to see it to decide.
            AssistantEvent::PictureOffer { offer: Some(_) } => window::open_aside(app),
            // What was missing may have come, or gone.
            AssistantEvent::Ready | AssistantEvent::Device { .. } | AssistantEvent::Error { .. } => {
                shell.show(shown.0, shown.1, sign.is_lit())
            }
            // The engine has taken it up already.
            AssistantEvent::SettingChanged { .. } => drop(shell.read_settings()),
            AssistantEvent::Level { .. } if !window::is_visible(app) => continue,
            _ => {}
        }
        shell.history.add(record);
    }
}

/// Tells the engine something, if there is one.
pub fn send(app: &AppHandle<Wry>, command: Command) {
    if let Some(engine) = &app.state::<Shell>().engine {
        engine.send(command);
    }
}

/// Mutes the microphone, or takes that back.
pub fn toggle_mute(app: &AppHandle<Wry>) {
    if let Some(engine) = &app.state::<Shell>().engine {
        engine.send(if engine.status().muted { Command::Unmute } else { Command::Mute });
    }
}

/// Ends the program: the engine first, and the program after it or when that takes too long.
pub fn quit(app: &AppHandle<Wry>) {
    let Some(engine) = app.state::<Shell>().engine.clone() else {
        return app.exit(0);
    };
    engine.send(Command::Quit);
    let app = app.clone();
    std::thread::spawn(move || {
        std::thread::sleep(FAREWELL);
        app.exit(0);
    });
}
