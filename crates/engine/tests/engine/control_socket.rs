//! The control socket: who reaches the engine and who does not.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant};

use crate::stage::{Script, Stage, event_name};
use jarvis_engine::control::{self, Request, Server};

fn served() -> (Stage, Server) {
    let mut stage = Stage::with(Script::default(), |_, options| options.no_voice = true);
    stage.ready();
    let listener = control::claim(&stage.paths).unwrap();
    let server = control::serve(listener, &stage.paths, stage.engine.clone()).unwrap();
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
    control::send(&socket, &Request::Ask { text: "what is two plus two".into() }).unwrap();
    assert!(events.any(|record| event_name(&record.unwrap()) == "turn_end"));
    control::send(&socket, &Request::Quit).unwrap();
    stage.engine.wait();
    assert!(events.by_ref().all(|record| record.is_ok()), "the stream ends cleanly");
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
        let began = Instant::now();
        control::send(&socket, &Request::Status).unwrap();
        assert!(began.elapsed() < Duration::from_secs(1));
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
    std::thread::sleep(Duration::from_millis(200));
    control::send(&socket, &Request::Status).unwrap();
}
