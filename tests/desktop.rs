//! The real app on a real screen: its hotkey, its window, its tray, and what it says where one of them is missing.
//!
//! Linux only: the screen, microphone and speaker of the tests are Xvfb and PulseAudio.
#![cfg(target_os = "linux")]

mod common;
#[path = "desktop/driver.rs"]
mod driver;
#[path = "desktop/eyes.rs"]
mod eyes;
#[path = "desktop/keyboard.rs"]
mod keyboard;
#[path = "desktop/picture_offer.rs"]
mod picture_offer;
#[path = "desktop/tray.rs"]
mod tray;

use common::clock::{now, tells};
use common::{Daemon, Desktop, Microphone, Speaker, Voice, one_at_a_time, program, transcribe, wait_for};
use driver::Driver;
use jarvis_core::{AssistantEvent, AssistantState, EventRecord};
use jarvis_engine::control;
use keyboard::{CONTROL, Keyboard, SHIFT, SPACE};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use tray::Tray;
use x11rb::protocol::xproto::{ClientMessageEvent, ConnectionExt, EventMask};

const HOTKEY: &str = "ctrl+shift+space";
/// How long the app may take to load everything on a slow machine.
const LOADING: Duration = Duration::from_secs(120);
/// Within this something happens or never does, however slow and busy the machine is.
const MOMENT: Duration = Duration::from_secs(60);
/// How often somebody who is misheard asks.
const CALLS: usize = 4;

fn app() -> PathBuf {
    program("jarvis-desktop")
}

/// The app, started as a person starts it.
struct App {
    process: Child,
    log: PathBuf,
}

impl App {
    fn start(desktop: &Desktop, name: &str, adapt: impl FnOnce(&mut Command)) -> Self {
        let log = desktop.folder().join(format!("logs/{name}.log"));
        let mut command = desktop.command(app());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log).expect("a log"));
        adapt(&mut command);
        Self { process: command.spawn().expect("the app starts"), log }
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    #[track_caller]
    fn wait_until_it_says(&self, words: &str) {
        let end = Instant::now() + MOMENT;
        while !self.said().contains(words) {
            assert!(Instant::now() < end, "waited for “{words}”; it said:\n{}", self.said());
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn xdotool(desktop: &Desktop, arguments: &[&str]) -> String {
    let output = desktop.command("xdotool").args(arguments).output().expect("xdotool starts");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn windows(desktop: &Desktop) -> usize {
    xdotool(desktop, &["search", "--onlyvisible", "--name", "^Jarvis$"]).lines().count()
}

/// Asks the window to close, as its button in the title bar does.
fn close_window(desktop: &Desktop) {
    let found = xdotool(desktop, &["search", "--onlyvisible", "--name", "^Jarvis$"]);
    let window: u32 = found.trim().parse().expect("one window");
    let (server, _) = x11rb::connect(desktop.variable("DISPLAY")).expect("the screen is there");
    let atom = |name: &str| server.intern_atom(false, name.as_bytes()).unwrap().reply().unwrap().atom;
    let (protocols, delete) = (atom("WM_PROTOCOLS"), atom("WM_DELETE_WINDOW"));
    let wish = ClientMessageEvent::new(32, window, protocols, [delete, 0, 0, 0, 0]);
    server.send_event(false, window, EventMask::NO_EVENT, wish).unwrap().check().expect("the window takes it");
}

fn status(desktop: &Desktop) -> Value {
    let output = desktop.jarvis(&["--json", "status"]).output().expect("jarvis starts");
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

fn socket(desktop: &Desktop) -> PathBuf {
    Path::new(desktop.variable("XDG_RUNTIME_DIR").expect("a runtime folder")).join("jarvis/control.sock")
}

/// The app's events from now on, each with the time at which it came.
fn events_of(desktop: &Desktop) -> mpsc::Receiver<(Instant, EventRecord)> {
    let (sender, events) = mpsc::channel();
    let (ready, begun) = mpsc::channel();
    let socket = socket(desktop);
    thread::spawn(move || {
        let subscribed = control::subscribe(&socket).expect("the app serves the control socket");
        let _ = ready.send(());
        for event in subscribed.map_while(Result::ok) {
            if sender.send((Instant::now(), event)).is_err() {
                return;
            }
        }
    });
    begun.recv().expect("the app takes observers");
    events
}

fn picture(name: &str) -> Vec<u8> {
    let path = common::root().join(format!("icons/tray/{name}.png"));
    pixels(&fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// What a PNG shows. The tray writes the same picture with another compression.
fn pixels(png: &[u8]) -> Vec<u8> {
    tauri::image::Image::from_bytes(png).map(|image| image.rgba().to_vec()).unwrap_or_default()
}

fn wait_for_picture(tray: &Tray, name: &str) {
    let wanted = picture(name);
    wait_for(&format!("the tray to show {name}"), MOMENT, || (pixels(&tray.picture()) == wanted).then_some(()));
}

#[test]
fn a_question_asked_with_the_hotkey_held_is_answered_aloud_and_in_the_window() {
    let _turn = one_at_a_time();
    let desktop = Desktop::with_screen();
    let tray = Tray::of(&desktop);
    let microphone = Microphone::of(&desktop);
    let speaker = Speaker::of(&desktop);
    // An answer that sounds the same at every hour.
    let question = Voice::Piper.speak(&desktop, "What is twelve times twelve?");
    let window = Driver::start(&desktop, &app());
    wait_for("the app to be ready", LOADING, || (window.text("header [role=status]") == "Ready").then_some(()));
    assert!(!window.text(".transcript").contains("tray"), "there is a tray");
    wait_for_picture(&tray, "idle");

    let events = events_of(&desktop);
    let mut answer = String::new();
    // As a user does: whoever is misheard asks again.
    for _ in 0..CALLS {
        let before = speaker.position();
        xdotool(&desktop, &["keydown", HOTKEY]);
        wait_for_listening(&events);
        wait_for_picture(&tray, "listening");
        microphone.say_and_wait(&question);
        thread::sleep(Duration::from_millis(300));
        assert_eq!(status(&desktop)["state"], "listening", "it listens as long as the keys are held");
        xdotool(&desktop, &["keyup", HOTKEY]);

        wait_for("the turn to be over", MOMENT, || {
            let (_, record) = events.recv_timeout(MOMENT).ok()?;
            matches!(record.event, AssistantEvent::TurnEnd { .. }).then_some(())
        });
        speaker.wait_for_silence(Duration::from_millis(400), MOMENT);
        answer = transcribe(&desktop, &speaker.since(before));
        wait_for_picture(&tray, "idle");
        if answer.contains("144") {
            break;
        }
    }
    assert!(answer.contains("144"), "it said “{answer}”");

    let shown = wait_for("the window to show how long it took", MOMENT, || {
        let text = window.text(".transcript");
        text.contains("first sound").then_some(text)
    });
    println!("the window shows:\n{shown}");
    assert!(shown.to_lowercase().contains("times"), "{shown}");
    assert!(shown.contains("Jarvis") && shown.contains("144"), "{shown}");

    let before = now();
    window.type_into("form input", "what time is it\u{e007}");
    wait_for("the answer to a typed question", MOMENT, || {
        let text = window.text(".transcript");
        tells(&text, before).then_some(())
    });
}

#[test]
fn everything_in_the_window_is_reached_by_the_keyboard_and_has_a_name() {
    const TAB: char = '\u{e004}';
    const CONTROLS: &str = "[...document.querySelectorAll('a[href], button, input, select, summary')]\
         .filter((e) => !e.disabled && e.checkVisibility())";
    const NAME: &str = "((e) => e.ariaLabel || e.labels?.[0]?.innerText || e.innerText || e.title || '')";
    let _turn = one_at_a_time();
    let desktop = Desktop::with_screen();
    let _tray = Tray::of(&desktop);
    let _microphone = Microphone::of(&desktop);
    let window = Driver::start(&desktop, &app());
    wait_for("the app to be ready", LOADING, || (window.text("header [role=status]") == "Ready").then_some(()));
    for (page, title) in [
        ("models", "Models"),
        ("screen", "What I looked at"),
        ("settings", "Settings"),
        ("doctor", "Doctor"),
        ("conversation", "Conversation"),
    ] {
        window.look(&format!("location.hash = '{page}'"));
        wait_for(title, MOMENT, || (window.text("h1") == title).then_some(()));
        // What a page shows it asks the program for, and is told in its own time.
        let count = || window.look(&format!("{CONTROLS}.length")).as_u64().expect("a number");
        wait_for(&format!("the controls of {page}"), MOMENT, || (count() >= 5).then_some(()));
        thread::sleep(Duration::from_secs(3));
        let missed = format!("{CONTROLS}.filter((e) => !e.reached).map((e) => e.outerHTML.slice(0, 120))");
        let mut pressed = 0;
        // Some may have come meanwhile.
        while pressed < 2 * count() + 10 {
            window.press(TAB);
            pressed += 1;
            if window.look("document.activeElement.reached = true") == true && window.look(&missed) == json!([]) {
                break;
            }
        }
        assert_eq!(window.look(&missed), json!([]), "{page}: the keyboard does not get there");
        let nameless = format!("{CONTROLS}.filter((e) => !{NAME}(e).trim()).map((e) => e.outerHTML.slice(0, 120))");
        assert_eq!(window.look(&nameless), json!([]), "{page}: a screen reader has nothing to say");
        println!("{page}: {} controls", count());
    }
}

#[test]
fn what_is_changed_by_asking_or_on_the_command_line_is_seen_in_the_window() {
    let _turn = one_at_a_time();
    let desktop = Desktop::with_screen();
    let _tray = Tray::of(&desktop);
    let _microphone = Microphone::of(&desktop);
    let window = Driver::start(&desktop, &app());
    wait_for("the app to be ready", LOADING, || (window.text("header [role=status]") == "Ready").then_some(()));
    window.look("location.hash = 'settings'");
    let shown = |path: &str| window.look(&format!("document.getElementById('setting-{path}')?.value"));
    wait_for("the settings", MOMENT, || (shown("voice.effect") == "normal").then_some(()));
    assert!(desktop.jarvis(&["ask", "use the robot voice"]).status().expect("jarvis starts").success());
    wait_for("the window to show the effect", MOMENT, || (shown("voice.effect") == "robot").then_some(()));
    assert!(desktop.jarvis(&["config", "set", "voice.effect", "cave"]).status().expect("jarvis starts").success());
    wait_for("the window to show what was set", MOMENT, || (shown("voice.effect") == "cave").then_some(()));
    // The other way round: the window's choice counts for everyone.
    window.look(
        "((e) => { e.value = 'evil'; e.dispatchEvent(new Event('change', { bubbles: true })); })\
         (document.getElementById('setting-voice.effect'))",
    );
    wait_for("the window's choice to be kept", MOMENT, || {
        let output = desktop.jarvis(&["--json", "config", "get", "voice.effect"]).output().expect("jarvis starts");
        String::from_utf8_lossy(&output.stdout).contains("evil").then_some(())
    });
}

/// When the app began to listen.
#[track_caller]
fn wait_for_listening(events: &mpsc::Receiver<(Instant, EventRecord)>) -> Instant {
    wait_for_state(events, AssistantState::Listening)
}

#[track_caller]
fn wait_for_state(events: &mpsc::Receiver<(Instant, EventRecord)>, wanted: AssistantState) -> Instant {
    let end = Instant::now() + MOMENT;
    while let Ok((at, record)) = events.recv_timeout(end.saturating_duration_since(Instant::now())) {
        if matches!(record.event, AssistantEvent::State { state, .. } if state == wanted) {
            return at;
        }
    }
    panic!("waited {MOMENT:?} for {wanted:?}");
}

#[test]
fn keys_that_are_held_count_once_and_are_answered_at_once() {
    let _turn = one_at_a_time();
    let desktop = Desktop::with_screen();
    let _tray = Tray::of(&desktop);
    let _microphone = Microphone::of(&desktop);
    assert!(desktop.jarvis(&["config", "set", "hotkey.mode", "toggle"]).status().expect("jarvis starts").success());
    let app = App::start(&desktop, "app", |_| {});
    wait_for("the app to be ready", LOADING, || (status(&desktop)["ready"] == true).then_some(()));
    let events = events_of(&desktop);
    let keyboard = Keyboard::of(&desktop);

    // A held key repeats after 660 ms on this server, and each repeat would end what the press began.
    keyboard.press(CONTROL);
    keyboard.press(SHIFT);
    keyboard.press(SPACE);
    wait_for_listening(&events);
    thread::sleep(Duration::from_millis(1500));
    keyboard.release(SPACE);
    let states = events.try_iter().filter(|(_, record)| matches!(record.event, AssistantEvent::State { .. })).count();
    assert_eq!(states, 0, "the repeated key counted: {}", app.said());
    assert!(desktop.jarvis(&["cancel"]).status().expect("jarvis starts").success());
    wait_for_state(&events, AssistantState::Idle);

    let mut took: Vec<Duration> = (0..20u64)
        .map(|round| {
            // Not in step with whoever looks at the keyboard now and then.
            thread::sleep(Duration::from_millis(200 + round * 7));
            let pressed = keyboard.press(SPACE);
            let listening = wait_for_listening(&events);
            keyboard.release(SPACE);
            assert!(desktop.jarvis(&["cancel"]).status().expect("jarvis starts").success());
            wait_for_state(&events, AssistantState::Idle);
            listening - pressed
        })
        .collect();
    took.sort();
    println!(
        "key down to listening: median {} ms, {} to {} ms",
        took[took.len() / 2].as_millis(),
        took[0].as_millis(),
        took[took.len() - 1].as_millis()
    );
    keyboard.release(SHIFT);
    keyboard.release(CONTROL);
}

#[test]
fn the_window_comes_when_asked_goes_when_closed_and_the_app_stays() {
    let _turn = one_at_a_time();
    let desktop = Desktop::with_screen();
    let tray = Tray::of(&desktop);
    let mut first = App::start(&desktop, "app", |_| {});
    tray.picture();
    wait_for("the control socket", MOMENT, || status(&desktop)["state"].is_string().then_some(()));
    assert_eq!(windows(&desktop), 0, "it starts without a window");

    for round in 0..2 {
        let second = desktop.command(app()).output().expect("a second start");
        assert!(second.status.success(), "{}", String::from_utf8_lossy(&second.stderr));
        wait_for("a second start to open the window", MOMENT, || (windows(&desktop) == 1).then_some(()));
        thread::sleep(Duration::from_secs(1));
        close_window(&desktop);
        wait_for("the window to close", MOMENT, || (windows(&desktop) == 0).then_some(()));
        assert!(status(&desktop)["state"].is_string(), "round {round}: closing the window ended the app");
    }

    assert!(desktop.jarvis(&["quit"]).status().expect("jarvis starts").success());
    let ended = wait_for("the app to end", MOMENT, || first.process.try_wait().expect("it is our child"));
    assert!(ended.success(), "{ended}: {}", first.said());
}

#[test]
fn without_tray_bus_models_and_with_the_hotkey_taken_it_runs_and_says_so() {
    let _turn = one_at_a_time();
    let desktop = Desktop::with_screen();
    let bare = |command: &mut Command, name: &str| {
        command
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
            .env("JARVIS_RUNTIME_DIR", desktop.folder().join(name))
            .env("JARVIS_DATA_DIR", desktop.folder().join("nothing"));
    };
    let first = App::start(&desktop, "first", |command| bare(command, "one"));
    first.wait_until_it_says("There is no session bus (D-Bus), so there can be no tray icon.");
    wait_for("the window that stands in for the tray", MOMENT, || (windows(&desktop) == 1).then_some(()));

    let second = App::start(&desktop, "second", |command| bare(command, "two"));
    second.wait_until_it_says("Another application already has Ctrl+Shift+Space");
    second.wait_until_it_says("Ctrl+Alt+Space");
    wait_for("the second window", MOMENT, || (windows(&desktop) == 2).then_some(()));
}

#[test]
fn beside_a_daemon_it_says_that_jarvis_runs_already() {
    let _turn = one_at_a_time();
    let desktop = Desktop::with_screen();
    let daemon = Daemon::start(&desktop, &["--no-voice", "--no-neural"]);
    let app = App::start(&desktop, "app", |_| {});
    app.wait_until_it_says(&format!("Jarvis is already running (process {}).", daemon.id()));
    wait_for("the window that says it", MOMENT, || (windows(&desktop) == 1).then_some(()));
}

#[test]
fn without_a_display_it_names_the_way_that_works() {
    let desktop = Desktop::start();
    let output = desktop.command(app()).output().expect("the app starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("There is no display") && said.contains("jarvis run"), "{said}");
}
