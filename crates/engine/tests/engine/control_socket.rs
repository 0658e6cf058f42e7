//! The control socket: who reaches the engine and who does not.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant};

use crate::stage::{Script, Stage, event_name};
use jarvis_engine::control::{self, Request, Server};
use jarvis_engine::{Command, ModelState};
use jarvis_settings::Settings;

fn served() -> (Stage, Server) {
    let mut stage = Stage::with(Script::default(), |_, options| options.no_voice = true);
    stage.ready();
    let claim = control::claim(&stage.paths).unwrap();
    let (paths, engine) = (stage.paths.clone(), stage.engine.clone());
    let reload = move || {
        engine.send(Command::Reload(Settings::load_with(&paths, [])?));
        Ok(())
    };
    let server = control::serve(claim, stage.engine.clone(), reload).unwrap();
    (stage, server)
}

#[test]
fn a_word_reaches_the_engine_and_status_comes_back() {
    let (stage, _server) = served();
    let socket = stage.paths.control_socket();
    let status = control::send(&socket, &Request::Status).unwrap().status.unwrap();
    assert!(status.ready && status.voice_off);
    assert_eq!(status.pid, std::process::id());
    let mode = std::fs::metadata(&socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let mut events = control::subscribe(&socket).unwrap();
    let turn =
        control::send(&socket, &Request::Ask { text: "what is two plus two".into(), aloud: false }).unwrap().turn;
    assert!(turn.is_some());
    let end = events.by_ref().map(Result::unwrap).find(|record| event_name(record) == "turn_end").unwrap();
    assert_eq!(end.turn, turn);
    control::send(&socket, &Request::Quit).unwrap();
    stage.engine.wait();
    assert!(events.by_ref().all(|record| record.is_ok()), "the stream ends cleanly");
}

#[test]
fn a_question_that_nobody_would_speak_is_refused() {
    let (stage, _server) = served();
    let socket = stage.paths.control_socket();
    let ask = |text: String| control::send(&socket, &Request::Ask { text, aloud: false });
    assert_eq!(ask(" \t".into()).unwrap_err().code, "ask.empty");
    assert_eq!(ask("jarvis ".repeat(2000)).unwrap_err().code, "ask.too_long");
    assert!(ask("jarvis ".repeat(1000)).unwrap().turn.is_some());
}

#[test]
fn what_was_changed_in_the_settings_is_taken_up() {
    let (stage, _server) = served();
    let socket = stage.paths.control_socket();
    let language = || stage.engine.status().models["language"].state;
    assert_eq!(language(), ModelState::Ready);
    Settings::save(&stage.paths, "mind.enabled", "false").unwrap();
    control::send(&socket, &Request::Reload).unwrap();
    within("the language model is switched off", || language() == ModelState::Off);

    std::fs::write(stage.paths.config_file(), "not JSON").unwrap();
    let error = control::send(&socket, &Request::Reload).unwrap_err();
    assert!(error.code.starts_with("config."), "{}", error.code);
    assert_eq!(language(), ModelState::Off, "the old settings stay in force");
}

/// Waits for `is_so`; the limit is only there so that a test that fails ends.
#[track_caller]
fn within(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn of_many_that_start_at_once_one_runs() {
    let folder = tempfile::tempdir().unwrap();
    let paths = jarvis_settings::Paths::under(folder.path());
    let start = std::sync::Barrier::new(8);
    let claims: Vec<_> = std::thread::scope(|scope| {
        let claim = || {
            start.wait();
            control::claim(&paths)
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(claim)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let refused: Vec<_> = claims.iter().filter_map(|claim| claim.as_ref().err()).collect();
    assert_eq!(refused.len(), 7, "{claims:?}");
    assert!(refused.iter().all(|error| error.code == "control.already_running"), "{refused:?}");
    assert!(paths.control_socket().exists());
    drop(claims);
    assert!(!paths.control_socket().exists());
    control::claim(&paths).unwrap();
}

#[test]
fn a_subscriber_that_leaves_makes_room_at_once() {
    let (stage, _server) = served();
    let socket = stage.paths.control_socket();
    let has_room = || control::send(&socket, &Request::Status).is_ok();
    let subscribers: Vec<_> = (0..32).map(|_| control::subscribe(&socket).unwrap()).collect();
    assert!(!has_room());
    // Nothing happens that could be sent to them.
    drop(subscribers);
    within("there is room", has_room);
}

#[test]
fn nothing_running_is_said_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let error = control::send(&folder.path().join("control.sock"), &Request::Toggle).unwrap_err();
    assert_eq!(error.code, "control.not_running");
    assert!(error.hint.contains("jarvis run"));
}

#[test]
fn a_second_instance_is_refused_and_a_crashed_ones_file_is_replaced() {
    let (stage, server) = served();
    let error = control::claim(&stage.paths).unwrap_err();
    assert_eq!(error.code, "control.already_running");
    assert!(error.message.contains(&std::process::id().to_string()));
    drop(server);
    assert!(!stage.paths.control_socket().exists());

    // What a killed process leaves: a file that nobody listens on.
    drop(UnixListener::bind(stage.paths.control_socket()).unwrap());
    assert!(stage.paths.control_socket().exists());
    control::claim(&stage.paths).unwrap();
}

#[test]
fn clients_that_misbehave_are_dropped_and_nobody_else_notices() {
    let (stage, _server) = served();
    let socket = stage.paths.control_socket();
    // Never finishes a line.
    let mut endless = UnixStream::connect(&socket).unwrap();
    let writer = std::thread::spawn(move || while endless.write_all(&[b'x'; 4096]).is_ok() {});
    // Says nothing at all.
    let _silent = UnixStream::connect(&socket).unwrap();
    // Subscribes and never reads.
    let mut deaf = UnixStream::connect(&socket).unwrap();
    deaf.write_all(b"{\"command\":\"subscribe\"}\n").unwrap();
    // Sends what is no request.
    let mut odd = UnixStream::connect(&socket).unwrap();
    odd.write_all(b"{\"command\":\"format_disk\"}\n[1,\n\xff\n").unwrap();
    let mut answers = BufReader::new(odd.try_clone().unwrap());
    let mut line = String::new();
    answers.read_line(&mut line).unwrap();
    assert!(line.contains("control.bad_request"), "{line}");
    let mut rest = Vec::new();
    answers.read_to_end(&mut rest).unwrap();
    assert!(String::from_utf8(rest).unwrap().contains("control.not_text"));

    for _ in 0..50 {
        control::send(&socket, &Request::Status).unwrap();
    }
    writer.join().unwrap();
}

#[test]
fn too_many_clients_are_told_to_come_back() {
    let (stage, _server) = served();
    let socket = stage.paths.control_socket();
    let mut held: Vec<UnixStream> = (0..40).map(|_| UnixStream::connect(&socket).unwrap()).collect();
    let mut line = String::new();
    BufReader::new(held.pop().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("control.busy"), "{line}");
    drop(held);
    within("there is room", || control::send(&socket, &Request::Status).is_ok());
}
