//! Questions in writing to an engine that has a voice: nobody is cut off for them, and each ends with an answer or an error.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::stage::{Script, Stage, event_name, speech};
use jarvis_assistant::Answer;
use jarvis_core::{AssistantEvent, AssistantState, Error, EventRecord, Route};
use jarvis_engine::control::{self, Request, Server};
use jarvis_engine::{Command, EngineOptions};
use jarvis_settings::Paths;

fn served(change: impl FnOnce(&mut EngineOptions)) -> (Stage, Server) {
    let mut stage = Stage::with(Script::default(), |_, options| change(options));
    stage.ready();
    let claim = control::claim(&stage.paths).unwrap();
    let server = control::serve(claim, stage.engine.clone(), || Ok(())).unwrap();
    (stage, server)
}

fn silent(paths: &Paths, question: &str) -> Result<Answer, Error> {
    control::ask(&paths.control_socket(), question, false, &mut |_| {})
}

fn is_question(record: &EventRecord, question: &str) -> bool {
    matches!(&record.event, AssistantEvent::Transcript { text } if text == question)
}

#[test]
fn an_answer_in_writing_is_whole_and_not_heard() {
    let (mut stage, _server) = served(|_| {});
    let mut pieces = String::new();
    let socket = stage.paths.control_socket();
    let answer = control::ask(&socket, "tell me about the sea", false, &mut |text| pieces.push_str(text)).unwrap();
    assert_eq!(answer.reply.trim(), "One two three four. One two three four.");
    assert_eq!((answer.intent.as_str(), answer.route), ("chat", Route::Model));
    assert_eq!(pieces, answer.reply);
    assert!(answer.timings_ms.first_token.is_some_and(|first| first <= answer.timings_ms.total));
    let end = stage.wait_for_event("turn_end");
    assert!(stage.seen.iter().any(|record| is_question(record, "tell me about the sea")));
    assert_eq!(stage.script.spoken.load(Ordering::Relaxed), 0, "{:?}", stage.names());
    assert_eq!(stage.said(end.turn.unwrap()), answer.reply);

    // Unless that was asked for.
    let answer = control::ask(&socket, "what is two plus two", true, &mut |_| {}).unwrap();
    assert!(answer.reply.contains('4'), "{}", answer.reply);
    stage.wait_for_event("first_audio");
}

#[test]
fn who_speaks_is_not_cut_off_by_who_writes() {
    let (mut stage, _server) = served(|_| {});
    stage.will_hear("what time is it");
    stage.engine.send(Command::Start);
    let listening = stage.wait_for("listening", |record| {
        matches!(record.event, AssistantEvent::State { state: AssistantState::Listening, .. })
    });
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| silent(&stage.paths, "what is two plus two"));
        std::thread::sleep(Duration::from_millis(100));
        stage.room.say(&speech(0.8));
        assert!(asking.join().unwrap().unwrap().reply.contains('4'));
    });
    stage.wait_for("the written question", |record| is_question(record, "what is two plus two"));
    let of_speaker = |record: &&EventRecord| record.turn == listening.turn;
    let names: Vec<_> = stage.seen.iter().filter(of_speaker).map(event_name).collect();
    assert!(names.iter().any(|name| name == "playback_end"), "{names:?}");
    assert!(!names.iter().any(|name| name == "cancelled" || name == "barge_in"), "{names:?}");
}

#[test]
fn a_written_stop_does_not_wait_for_the_answer_that_it_is_to_end() {
    let (mut stage, _server) = served(|_| {});
    // An answer that does not end by itself.
    stage.script.voice_waits.store(true, Ordering::Relaxed);
    stage.engine.send(Command::Ask { text: "tell me about the sea".into() });
    let answer = stage.wait_for_event("first_token");
    let stopped = silent(&stage.paths, "stop").unwrap();
    assert_eq!((stopped.intent.as_str(), stopped.reply.as_str()), ("assistant.stop", ""));
    stage.wait_for("the end of the answer", |record| {
        record.turn == answer.turn && record.event == AssistantEvent::Cancelled
    });
    stage.script.voice_waits.store(false, Ordering::Relaxed);
}

#[test]
fn an_instance_that_ends_or_is_interrupted_owes_no_answer() {
    for (interruption, code) in [(Command::Cancel, "ask.interrupted"), (Command::Quit, "ask.interrupted")] {
        let (mut stage, server) = served(|options| options.no_voice = true);
        stage.script.mind_waits.store(true, Ordering::Relaxed);
        let paths = stage.paths.clone();
        let asking = std::thread::spawn(move || silent(&paths, "tell me about the sea"));
        stage.wait_for_event("intent");
        let is_end = matches!(interruption, Command::Quit);
        stage.engine.send(interruption);
        let error = asking.join().unwrap().unwrap_err();
        assert_eq!(error.code, code, "{error:?}");
        stage.script.mind_waits.store(false, Ordering::Relaxed);
        if is_end {
            let error = silent(&stage.paths, "what is two plus two").unwrap_err();
            assert_eq!(error.code, "control.ending", "{error:?}");
            stage.engine.wait();
            drop(server);
            assert_eq!(silent(&stage.paths, "what is two plus two").unwrap_err().code, "control.not_running");
        }
    }
}

#[test]
fn one_that_asked_and_left_keeps_nobody_waiting() {
    let (stage, _server) = served(|options| options.no_voice = true);
    let socket = stage.paths.control_socket();
    let request = Request::Ask { text: "tell me about the sea".into(), aloud: false };
    for _ in 0..3 {
        assert!(control::send(&socket, &request).unwrap().turn.is_some());
    }
    assert!(silent(&stage.paths, "what is two plus two").unwrap().reply.contains('4'));
}

#[test]
fn whoever_ends_it_hears_when_it_is_gone() {
    let (stage, server) = served(|options| options.no_voice = true);
    let paths = stage.paths.clone();
    let quitting = std::thread::spawn(move || control::quit(&paths.control_socket()));
    stage.engine.wait();
    // As a process does that ends.
    drop(server);
    assert!(quitting.join().unwrap().unwrap().ok);
    control::claim(&stage.paths).unwrap();
}
