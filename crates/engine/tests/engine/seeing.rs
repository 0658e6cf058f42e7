//! Questions about the screen to a running engine: told before it is looked, answered, copied, and cancelled.

use std::sync::atomic::Ordering;

use crate::stage::{Script, Stage, speech};
use jarvis_core::{AssistantEvent, EventRecord, Region, ScreenTarget};
use jarvis_engine::{Command, EngineOptions, control};
use jarvis_settings::Settings;

const LINES: [&str; 2] = ["fatal error 28", "Total: 1234"];

fn seeing(change: impl FnOnce(&mut Settings, &mut EngineOptions)) -> Stage {
    let script = Script::default();
    *script.on_screen.lock().unwrap() = LINES.to_vec();
    let mut stage = Stage::with(script, |settings, options| {
        options.no_voice = true;
        change(settings, options);
    });
    stage.ready();
    stage
}

fn ask(stage: &mut Stage, question: &str) -> String {
    let turn = stage.engine.ask(question.into(), false).unwrap();
    stage.wait_for("the end", |record| {
        record.turn == Some(turn) && matches!(record.event, AssistantEvent::TurnEnd { .. })
    });
    stage.said(turn)
}

fn errors(stage: &Stage) -> Vec<String> {
    let code = |record: &EventRecord| match &record.event {
        AssistantEvent::Error { error } => Some(error.code.clone()),
        _ => None,
    };
    stage.seen.iter().filter_map(code).collect()
}

/// Whether each event of the sign lit it or put it out.
fn signs(stage: &Stage) -> Vec<bool> {
    let lit = |record: &EventRecord| match record.event {
        AssistantEvent::Looking { looking, .. } => Some(looking),
        _ => None,
    };
    stage.seen.iter().filter_map(lit).collect()
}

/// Ends the engine.
fn quit(stage: &Stage) {
    stage.engine.send(Command::Quit);
    stage.engine.wait();
}

#[test]
fn it_is_told_before_anything_is_captured() {
    let mut stage = seeing(|_, _| {});
    stage.script.screen_waits.store(true, Ordering::Relaxed);
    let turn = stage.engine.ask("what does that error say".into(), false).unwrap();
    let told = stage.wait_for_event("looking");
    assert!(matches!(told.event, AssistantEvent::Looking { looking: true, .. }));
    assert_eq!((told.turn, stage.script.captured.load(Ordering::Relaxed)), (Some(turn), 0));
    stage.script.screen_waits.store(false, Ordering::Relaxed);
    let done = stage.wait_for_event("looking");
    assert!(matches!(done.event, AssistantEvent::Looking { looking: false, .. }));
    stage.wait_for_event("turn_end");
    assert!(stage.said(turn).contains("fatal error 28"), "{}", stage.said(turn));
    assert_eq!(stage.engine.captures().len(), 1);
}

#[test]
fn what_is_copied_is_on_the_clipboard_and_what_is_found_is_framed() {
    let mut stage = seeing(|_, _| {});
    assert!(ask(&mut stage, "copy the error").starts_with("Copied the error: 3 words."));
    assert_eq!(*stage.script.copied.lock().unwrap(), ["fatal error 28"]);
    assert!(ask(&mut stage, "where does it say total").starts_with("Total: 1234."));
    assert!(!ask(&mut stage, "where does it say total").contains("Nothing changed"), "that is no answer");
    let framed = stage.seen.iter().find_map(|record| match record.event {
        AssistantEvent::Highlight { region, .. } => Some(region),
        _ => None,
    });
    assert_eq!(framed, Some(Region::new(20, 60, 300, 20)));
    assert_eq!(stage.script.readers.load(Ordering::Relaxed), 1, "it is loaded once, with the first look");

    stage.script.clipboard_fails.store(true, Ordering::Relaxed);
    assert_eq!(ask(&mut stage, "copy the error"), "", "nothing says that it was copied");
    assert_eq!(errors(&stage), ["clipboard.unreachable"]);
}

#[test]
fn who_does_not_want_it_or_has_no_screen_is_told_so() {
    let mut stage = seeing(|settings, _| settings.eyes.enabled = false);
    ask(&mut stage, "what is on my screen");
    assert_eq!(errors(&stage), ["eyes.off"]);
    assert_eq!(stage.script.captured.load(Ordering::Relaxed), 0);
    assert!(signs(&stage).is_empty(), "nothing is lit for nothing");

    let mut blind = Stage::with(Script::default(), |_, options| options.no_voice = true);
    blind.ready();
    ask(&mut blind, "what is on my screen");
    assert_eq!(errors(&blind), ["vision.no_display"]);
}

#[test]
fn a_look_that_is_given_up_ends_and_says_nothing() {
    let mut stage = seeing(|_, _| {});
    stage.script.screen_waits.store(true, Ordering::Relaxed);
    let turn = stage.engine.ask("copy the error".into(), false).unwrap();
    stage.wait_for_event("looking");
    stage.engine.send(Command::Cancel);
    stage.wait_for_event("turn_end");
    stage.script.screen_waits.store(false, Ordering::Relaxed);
    assert!(ask(&mut stage, "where does it say total").starts_with("Total: 1234."));
    assert_eq!(stage.said(turn), "");
    assert!(stage.script.copied.lock().unwrap().is_empty());
}

#[test]
fn the_command_line_sees_through_the_running_instance() {
    let stage = seeing(|_, _| {});
    let claim = control::claim(&stage.paths).unwrap();
    let _server = control::serve(claim, stage.engine.clone(), || Ok(())).unwrap();
    let socket = stage.paths.control_socket();
    let seen = control::see(&socket, ScreenTarget::PointerMonitor, "what is the total").unwrap();
    assert!(seen.reply.starts_with("The total is 1234."), "{}", seen.reply);
    assert_eq!(seen.screen.lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), LINES);
    let again = control::see(&socket, ScreenTarget::PointerMonitor, "what is on the screen").unwrap();
    assert_eq!(again.screen.source, jarvis_core::TextSource::Cache);
    let off = ScreenTarget::Region(Region::new(5000, 0, 10, 10));
    assert_eq!(control::see(&socket, off, "what is there").unwrap_err().code, "vision.off_screen");
}

#[test]
fn a_look_that_breaks_off_because_of_a_fault_puts_its_sign_out() {
    let mut stage = seeing(|_, _| {});
    stage.script.screen_panics.store(true, Ordering::Relaxed);
    ask(&mut stage, "copy the error");
    assert_eq!((signs(&stage), errors(&stage)), (vec![true, false], vec!["internal.panic".to_owned()]));
    stage.script.screen_panics.store(false, Ordering::Relaxed);
    assert!(ask(&mut stage, "copy the error").starts_with("Copied the error: 3 words."));
}

#[test]
fn the_sign_of_a_question_is_not_put_out_by_reading_ahead() {
    let mut stage = seeing(|settings, _| settings.eyes.background = true);
    for _ in 0..5 {
        ask(&mut stage, "copy the error");
    }
    quit(&stage);
    while let Ok(record) = stage.events.recv() {
        stage.seen.push(record);
    }
    let signs = signs(&stage);
    assert!(signs.len() >= 10 && signs.chunks(2).all(|pair| pair == [true, false]), "{signs:?}");
}

#[test]
fn nothing_is_captured_after_reading_ahead_was_switched_off() {
    let mut settings = None;
    let mut stage = seeing(|wanted, _| {
        wanted.eyes.background = true;
        settings = Some(wanted.clone());
    });
    // However busy the machine is; a question is one more reason to be told.
    ask(&mut stage, "copy the error");
    let mut off = settings.unwrap();
    off.eyes.enabled = false;
    stage.engine.send(Command::Reload(off));
    // Whoever asks after that is answered after it was taken up.
    ask(&mut stage, "what is on my screen");
    assert_eq!(errors(&stage), ["eyes.off"]);
    let captured = stage.script.captured.load(Ordering::Relaxed);
    quit(&stage);
    assert_eq!(stage.script.captured.load(Ordering::Relaxed), captured);
}

#[test]
fn everything_is_closed_at_the_end_whoever_still_has_the_engine() {
    for background in [false, true] {
        let mut stage = seeing(|settings, _| settings.eyes.background = background);
        ask(&mut stage, "copy the error");
        let open = || {
            let script = &stage.script;
            [script.screens_open.load(Ordering::Relaxed), script.trees_open.load(Ordering::Relaxed)]
        };
        assert_eq!(open(), [1, 1]);
        let handle = stage.engine.clone();
        quit(&stage);
        assert_eq!(open(), [0, 0]);
        drop(handle);
    }
}

#[test]
fn the_accessibility_service_is_opened_anew_only_when_its_connection_was_lost() {
    let mut stage = seeing(|_, _| {});
    let opened = |stage: &Stage| stage.script.trees_opened.load(Ordering::Relaxed);
    for (error, times) in [("vision.odd", 1), ("vision.accessibility_lost", 2)] {
        stage.script.tree_errors.lock().unwrap().push(error);
        ask(&mut stage, "copy the error");
        ask(&mut stage, "copy the error");
        assert_eq!(opened(&stage), times, "{error}");
    }
}

/// Somebody who has looked at a page, and says "copy refunds": what of the page that may be half of is copied in the end.
fn copying(goes_on: bool) -> Vec<String> {
    let script = Script::default();
    *script.on_screen.lock().unwrap() = vec!["Refunds: 14 days", "Returns: free"];
    // So long that the user goes on before it is over, however slow the machine is.
    let mut stage = Stage::with(script, |settings, _| {
        settings.endpoint.silence_ms = 3000;
        settings.mind.max_tokens = 8;
    });
    stage.ready();
    ask(&mut stage, "read this");
    stage.will_hear("copy refunds");
    stage.engine.send(Command::Start);
    stage.room.say(&speech(0.8));
    stage.wait_for_event("transcript");
    assert!(stage.script.copied.lock().unwrap().is_empty(), "more may follow");
    if goes_on {
        stage.will_hear("copy refunds I said to my wife");
        stage.room.say(&speech(1.5));
        stage.wait_for_event("revoked");
    }
    stage.wait_for_event("turn_end");
    if goes_on {
        stage.wait_for("the end of all of it", |record| matches!(record.event, AssistantEvent::TurnEnd { .. }));
    }
    stage.script.copied.lock().unwrap().clone()
}

#[test]
fn what_may_be_half_of_a_request_is_copied_when_it_is_all() {
    assert_eq!(copying(false), ["14 days"]);
}

#[test]
fn nothing_is_copied_for_half_a_request() {
    assert_eq!(copying(true), [""; 0]);
}
