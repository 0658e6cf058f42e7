//! When the microphone is open, what is forgotten, and what happens when those who listen are broken.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::stage::{Script, Stage, speech, wake_and_say};
use jarvis_core::AssistantEvent;
use jarvis_engine::Command;
use jarvis_engine::control::{claim, serve};
use jarvis_engine::health::{self, CheckStatus};
use jarvis_settings::BargeIn;

#[test]
fn without_a_wake_word_the_microphone_is_open_only_for_a_question() {
    let mut stage = Stage::with(Script::default(), |settings, _| settings.wake.enabled = false);
    stage.ready();
    assert_eq!(stage.room.open_microphones(), 0);
    stage.will_hear("what time is it");
    stage.engine.send(Command::Start);
    stage.room.say(&speech(0.8));
    stage.wait_for_event("speech_end");
    assert_eq!(stage.room.open_microphones(), 1);
    stage.wait_for_event("turn_end");
    stage.until("closing the microphone", |stage| stage.room.open_microphones() == 0);

    // And again, also after a mute.
    stage.engine.send(Command::Mute);
    stage.engine.send(Command::Unmute);
    stage.will_hear("what is two plus two");
    stage.engine.send(Command::Start);
    stage.room.say(&speech(0.8));
    stage.wait_for_event("first_audio");
    stage.wait_for_event("turn_end");
}

#[test]
fn a_lost_microphone_is_noticed_again_without_a_wake_word() {
    let mut stage = Stage::with(Script::default(), |settings, _| settings.wake.enabled = false);
    stage.ready();
    stage.room.unplug(true);
    stage.engine.send(Command::Start);
    stage.wait_for("the loss", |r| matches!(r.event, AssistantEvent::Device { available: false, .. }));
    stage.wait_for_event("turn_end");
    stage.room.unplug(false);
    stage.wait_for("the return", |r| matches!(r.event, AssistantEvent::Device { available: true, .. }));
    stage.until("closing the microphone", |stage| stage.room.open_microphones() == 0);
}

#[test]
fn a_mute_forgets_what_was_heard() {
    let mut stage = Stage::new();
    stage.ready();
    let before = stage.script.activity_resets.load(Ordering::Relaxed);
    stage.engine.send(Command::Mute);
    stage.until("forgetting", |stage| stage.script.activity_resets.load(Ordering::Relaxed) > before);
    assert_eq!(stage.room.open_microphones(), 0);
}

#[test]
fn voice_activity_that_always_panics_is_given_up() {
    let mut stage = Stage::new();
    stage.ready();
    let loads = stage.script.loads.load(Ordering::Relaxed);
    stage.script.activity_panics.store(true, Ordering::Relaxed);
    stage.wait_for(
        "that it is given up",
        |r| matches!(&r.event, AssistantEvent::Error { error } if error.code == "speech.activity_failed"),
    );
    // Once loaded anew, with the wake word, and not once a frame.
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(stage.script.loads.load(Ordering::Relaxed), loads + 2);
    // What was typed is answered all the same.
    stage.engine.send(Command::Ask { text: "what is two plus two".into() });
    stage.wait_for_event("first_audio");
}

#[test]
fn a_muted_microphone_is_not_opened_to_check_it() {
    let mut stage = Stage::new();
    stage.ready();
    let listener = claim(&stage.paths).unwrap();
    let _server = serve(listener, stage.engine.clone(), || Ok(())).unwrap();
    stage.engine.send(Command::Mute);
    stage.until("muting", |stage| stage.engine.status().muted);
    let mut found = None;
    health::run(&stage.paths, |check| {
        if check.check == "microphone" {
            found = Some(check);
        }
    });
    let found = found.unwrap();
    assert_eq!(found.status, CheckStatus::Ok, "{found:?}");
    assert!(found.detail.contains("muted"), "{found:?}");
}

#[test]
fn what_only_sounds_like_the_wake_word_begins_no_turn() {
    let mut stage = Stage::new();
    stage.ready();
    stage.script.other_word.store(true, Ordering::Relaxed);
    stage.room.say(&wake_and_say(1.5));
    let turn = stage.wait_for_event("wake").turn;
    let end = stage.wait_for_event("turn_end");
    assert_eq!(end.turn, turn);
    let names = stage.names().join("\n");
    assert!(!names.contains("transcript") && !names.contains("first_audio") && !names.contains("error"), "{names}");

    // The wake word itself is heeded.
    stage.script.other_word.store(false, Ordering::Relaxed);
    stage.will_hear("what time is it");
    stage.room.say(&wake_and_say(1.0));
    stage.wait_for_event("transcript");
}

#[test]
fn an_answer_goes_on_after_what_only_sounded_like_the_wake_word() {
    let mut stage = Stage::with(Script::default(), |settings, _| settings.voice.barge_in = BargeIn::WakeWord);
    stage.ready();
    stage.script.other_word.store(true, Ordering::Relaxed);
    stage.engine.send(Command::Ask { text: "tell me a long story".into() });
    let answer = stage.wait_for_event("first_audio").turn;
    stage.room.say(&wake_and_say(0.5));
    let wake = stage.wait_for_event("wake").turn;
    let end = stage.wait_for_event("turn_end").turn;
    assert!(wake != answer && end == wake, "{:?} {:?}", wake, end);
    assert_eq!(stage.wait_for_event("playback_end").turn, answer);
    assert!(!stage.names().join("\n").contains("cancelled"), "{:#?}", stage.names());

    // The wake word itself ends it.
    stage.script.other_word.store(false, Ordering::Relaxed);
    stage.will_hear("what time is it");
    stage.engine.send(Command::Ask { text: "tell me a long story".into() });
    let answer = stage.wait_for_event("first_audio").turn;
    stage.room.say(&wake_and_say(1.0));
    assert_eq!(stage.wait_for_event("cancelled").turn, answer);
    stage.wait_for_event("transcript");
}

#[test]
fn where_nothing_woke_it_there_is_nothing_to_unlearn() {
    let mut stage = Stage::new();
    stage.ready();
    stage.engine.send(Command::Ask { text: "that wasn't me".into() });
    let turn = stage.wait_for_event("turn_end").turn.unwrap();
    assert_eq!(stage.said(turn), "Nothing woke me lately, so there is nothing to unlearn.");
    stage.will_hear("that wasn't me");
    stage.room.say(&wake_and_say(1.0));
    let turn = stage.wait_for_event("turn_end").turn.unwrap();
    assert_eq!(stage.said(turn), "Sorry. I'll be more careful with that.");
}

#[test]
fn without_the_second_look_every_wake_counts() {
    let mut stage = Stage::with(Script::default(), |settings, _| settings.wake.second_look = false);
    stage.ready();
    stage.script.other_word.store(true, Ordering::Relaxed);
    stage.will_hear("what time is it");
    stage.room.say(&wake_and_say(1.0));
    stage.wait_for_event("transcript");
}

#[test]
fn who_says_that_nobody_called_means_the_wake_before_the_one_they_had_to_say_it_with() {
    let mut stage = Stage::new();
    stage.ready();
    assert!(!stage.engine.not_called().unwrap(), "nothing woke it yet");
    for words in ["what time is it", "that wasn't me"] {
        stage.will_hear(words);
        stage.room.say(&wake_and_say(1.0));
        stage.wait_for_event("turn_end");
    }
    stage.until("the mistake", |stage| !stage.script.mistakes.lock().unwrap().is_empty());
    assert!(stage.engine.not_called().unwrap());
    assert_eq!(*stage.script.mistakes.lock().unwrap(), [1, 0], "by voice the one before, from outside the last");
}

#[test]
fn who_did_not_call_to_say_so_means_the_last_wake() {
    let mut stage = Stage::new();
    stage.ready();
    for _ in 0..2 {
        stage.will_hear("what time is it");
        stage.room.say(&wake_and_say(1.0));
        stage.wait_for_event("turn_end");
    }
    stage.will_hear("that wasn't me");
    stage.engine.send(Command::Start);
    stage.room.say(&speech(1.0));
    stage.wait_for_event("turn_end");
    stage.engine.send(Command::Ask { text: "that wasn't me".into() });
    stage.wait_for_event("turn_end");
    stage.until("the mistakes", |stage| stage.script.mistakes.lock().unwrap().len() == 2);
    assert_eq!(*stage.script.mistakes.lock().unwrap(), [0, 0]);
}
