//! A graphics processor that fails: everything is answered all the same.

use std::sync::atomic::Ordering;

use jarvis_core::{AssistantEvent, EventRecord, TurnId};
use jarvis_engine::Command;

use crate::stage::{Script, Stage, event_name, speech};

/// A stage whose models compute on a graphics processor that fails at `what`.
fn failing(what: &'static str, no_voice: bool) -> Stage {
    let script = Script::default();
    script.graphics.store(true, Ordering::Relaxed);
    script.graphics_fail.lock().unwrap().push(what);
    Stage::with(script, |_, options| options.no_voice = no_voice)
}

/// Asks in writing, and gives what was answered.
fn ask(stage: &mut Stage) -> String {
    let turn = stage.engine.ask("tell me about whales".into(), false).unwrap();
    end_of(stage, turn);
    stage.said(turn)
}

fn end_of(stage: &mut Stage, turn: TurnId) {
    let is_end = |record: &EventRecord| matches!(record.event, AssistantEvent::TurnEnd { .. });
    stage.wait_for("the end", |record| record.turn == Some(turn) && is_end(record));
}

/// Codes of the errors that were told.
fn errors(stage: &Stage) -> Vec<String> {
    let code = |record: &EventRecord| match &record.event {
        AssistantEvent::Error { error } => Some(error.code.clone()),
        _ => None,
    };
    stage.seen.iter().filter_map(code).collect()
}

#[test]
fn a_question_that_it_failed_is_answered_by_the_processor_and_that_is_told_once() {
    for what in ["load", "warm-up", "answer"] {
        let mut stage = failing(what, true);
        stage.ready();
        for _ in 0..2 {
            assert!(ask(&mut stage).starts_with("One two"), "{what}");
        }
        // What was told before the question came is seen by now.
        assert_eq!(errors(&stage), ["models.gpu"], "{what}");
        assert_eq!(stage.script.loads.load(Ordering::Relaxed), 2, "{what}");
    }
}

#[test]
fn an_answer_that_was_begun_is_not_begun_again_and_the_next_question_is_answered() {
    let mut stage = failing("answer's end", true);
    stage.ready();
    ask(&mut stage);
    assert_eq!(stage.script.asked.lock().unwrap().len(), 1);
    let told = errors(&stage);
    assert!(told.contains(&"llm.device".into()) && told.contains(&"models.gpu".into()), "{told:?}");
    assert!(ask(&mut stage).starts_with("One two"));
}

#[test]
fn what_was_said_is_heard_by_the_processor() {
    for what in ["recognition", "recognition warm-up"] {
        let mut stage = failing(what, false);
        stage.ready();
        stage.will_hear("what time is it");
        for _ in 0..2 {
            stage.engine.send(Command::Start);
            stage.room.say(&speech(0.7));
            stage.wait_for_event("first_audio");
            stage.wait_for_event("turn_end");
        }
        assert_eq!(errors(&stage), ["models.gpu"], "{what}");
        assert!(stage.seen.iter().any(|record| event_name(record) == "intent"));
    }
}

#[test]
fn a_model_in_its_memory_stays_when_this_machines_is_short() {
    let mut stage = failing("nothing", true);
    stage.ready();
    let loads = stage.script.loads.load(Ordering::Relaxed);
    let mut short = stage.script.short_memory.lock().unwrap().take().expect("memory is watched");
    short();
    ask(&mut stage);
    assert_eq!(stage.script.loads.load(Ordering::Relaxed), loads);
}
