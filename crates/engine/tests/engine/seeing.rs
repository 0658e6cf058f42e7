//! Questions about the screen to a running engine: told before it is looked, answered, copied, and cancelled.

use std::sync::atomic::Ordering;

use crate::stage::{Script, Stage};
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
    assert!(seen.reply.starts_with("Total: 1234."), "{}", seen.reply);
    assert_eq!(seen.screen.lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), LINES);
    let again = control::see(&socket, ScreenTarget::PointerMonitor, "what is on the screen").unwrap();
    assert_eq!(again.screen.source, jarvis_core::TextSource::Cache);
    let off = ScreenTarget::Region(Region::new(5000, 0, 10, 10));
    assert_eq!(control::see(&socket, off, "what is there").unwrap_err().code, "vision.off_screen");
}
