//! Settings that change while everything runs.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::stage::{Script, Stage, event_name, speech};
use jarvis_audio::effects::Preset;
use jarvis_core::{AssistantEvent, TurnId};
use jarvis_engine::{Command, ModelState};
use jarvis_settings::{BargeIn, Settings, VoiceEffect};

fn settings(stage: &Stage, change: impl FnOnce(&mut Settings)) -> Command {
    let mut settings = Settings::load_with(&stage.paths, []).unwrap();
    change(&mut settings);
    Command::Reload(settings)
}

#[test]
fn a_model_that_was_chosen_before_and_comes_later_does_not_win() {
    let script = Script::default();
    script.slow_mind.store(true, Ordering::Relaxed);
    let mut stage = Stage::with(script, |settings, _| settings.mind.model = "slow".into());
    stage.engine.send(settings(&stage, |settings| settings.mind.model = "quick".into()));
    stage.until("loading the quick one", |stage| {
        stage.engine.status().models.get("language").is_some_and(|m| m.id == "quick" && m.state == ModelState::Ready)
    });
    stage.script.slow_mind.store(false, Ordering::Relaxed);
    std::thread::sleep(Duration::from_millis(100));
    stage.engine.send(Command::Ask { text: "tell me something about the sea".into() });
    stage.wait_for_event("first_token");
    assert_eq!(*stage.script.asked.lock().unwrap(), ["quick"]);
    // Neither does its name.
    stage.wait_for_event("turn_end");
    let language = stage.engine.status().models["language"].clone();
    assert_eq!((language.id.as_str(), language.state), ("quick", ModelState::Ready));
}

#[test]
fn another_speaker_during_an_answer_does_not_hold_the_turn_up() {
    let mut stage = Stage::with(Script::default(), |settings, _| settings.mind.max_tokens = 8);
    stage.ready();
    stage.engine.send(Command::Ask { text: "tell me something about the sea".into() });
    stage.wait_for_event("first_audio");
    stage.engine.send(settings(&stage, |settings| {
        settings.mind.max_tokens = 8;
        settings.audio.output_device = "another".into();
    }));
    stage.wait_for_event("turn_end");
    stage.engine.send(Command::Ask { text: "what is two plus two".into() });
    stage.wait_for_event("first_audio");
}

#[test]
fn the_voice_is_loaded_again_only_for_what_changes_it() {
    let mut stage = Stage::new();
    stage.ready();
    let loads = stage.script.loads.load(Ordering::Relaxed);
    stage.engine.send(settings(&stage, |settings| settings.voice.barge_in = BargeIn::Off));
    stage.engine.send(Command::Ask { text: "what is two plus two".into() });
    stage.wait_for_event("turn_end");
    assert_eq!(stage.script.loads.load(Ordering::Relaxed), loads);
    // The speed changes in the voice that is there.
    stage.engine.send(settings(&stage, |settings| settings.voice.rate = 1.5));
    stage.engine.send(Command::Ask { text: "what is two plus two".into() });
    stage.wait_for_event("turn_end");
    assert_eq!(stage.script.loads.load(Ordering::Relaxed), loads);
    stage.engine.send(settings(&stage, |settings| settings.voice.speaker = 1));
    stage.until("loading the voice", |stage| stage.script.loads.load(Ordering::Relaxed) == loads + 1);
}

#[test]
fn a_voice_that_is_asked_for_answers_in_itself_and_stays() {
    let mut stage = Stage::new();
    stage.ready();
    let loads = stage.script.loads.load(Ordering::Relaxed);
    for (asked, effect, kept) in [
        ("use the robot voice", Preset::Robot, VoiceEffect::Robot),
        ("talk normally", Preset::Normal, VoiceEffect::Normal),
    ] {
        stage.engine.send(Command::Ask { text: asked.into() });
        stage.wait_for_event("setting_changed");
        stage.wait_for_event("turn_end");
        let played = stage.room.take_played();
        assert_eq!(played.iter().map(|played| played.effect).collect::<Vec<_>>(), [effect], "{asked}");
        assert!(!played[0].clauses.is_empty());
        assert_eq!(Settings::load_with(&stage.paths, []).unwrap().voice.effect, kept);
    }
    assert_eq!(stage.script.loads.load(Ordering::Relaxed), loads, "no model has to be loaded for that");
    stage.engine.send(Command::Ask { text: "speak faster".into() });
    stage.wait_for_event("setting_changed");
    stage.wait_for_event("turn_end");
    assert!((Settings::load_with(&stage.paths, []).unwrap().voice.rate - 1.15).abs() < 1e-6);
}

#[test]
fn a_voice_that_is_asked_for_undoes_no_other_change() {
    let mut stage = Stage::new();
    stage.ready();
    stage.script.mind_waits.store(true, Ordering::Relaxed);
    stage.engine.send(Command::Ask { text: "tell me something about the sea".into() });
    stage.until("a question", |stage| !stage.script.asked.lock().unwrap().is_empty());
    // Asked while the mind is busy, and answered before it learns of the change that came after.
    stage.engine.send(Command::Ask { text: "use the robot voice".into() });
    stage.engine.send(settings(&stage, |settings| settings.audio.volume = 0.25));
    let volume = |path: &str| path == "audio.volume";
    stage.wait_for("the volume", |r| matches!(&r.event, AssistantEvent::SettingChanged { path, .. } if volume(path)));
    stage.script.mind_waits.store(false, Ordering::Relaxed);
    stage.wait_for("the end", |record| record.turn == Some(TurnId(2)) && event_name(record) == "turn_end");
    let changed: Vec<_> = stage
        .seen
        .iter()
        .filter_map(|record| match &record.event {
            AssistantEvent::SettingChanged { path, value } => Some((path.as_str(), value.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(changed, [("audio.volume", "0.25"), ("voice.effect", "robot")]);
}

#[test]
fn when_memory_is_short_the_language_model_goes_and_comes_back_with_the_next_question() {
    let mut stage = Stage::with(Script::default(), |_, options| options.no_voice = true);
    stage.ready();
    assert_eq!(stage.script.loads.load(Ordering::Relaxed), 1);
    let mut short = stage.script.short_memory.lock().unwrap().take().expect("memory is watched");
    for loads in [2, 3] {
        short();
        short();
        // What needs no model brings none.
        for question in ["what is 2 plus 2", "tell me about whales"] {
            let turn = stage.engine.ask(question.into(), false).unwrap();
            stage.wait_for("the end", |record| {
                record.turn == Some(turn) && matches!(record.event, AssistantEvent::TurnEnd { .. })
            });
            assert!(!stage.said(turn).is_empty(), "{question}");
        }
        assert_eq!(stage.script.loads.load(Ordering::Relaxed), loads);
    }
}

#[test]
fn another_recognizer_or_voice_takes_the_room_of_the_one_before_and_one_that_is_broken_leaves_it() {
    let mut stage = Stage::new();
    stage.ready();
    let spoken = |stage: &mut Stage| {
        stage.will_hear("what time is it");
        stage.engine.send(Command::Start);
        stage.room.say(&speech(0.7));
        stage.wait_for_event("first_audio");
        stage.wait_for_event("turn_end");
    };
    let are = |stage: &Stage, names: [&str; 2]| {
        let models = stage.engine.status().models;
        let is = |part: &str, name: &str| {
            models.get(part).is_some_and(|model| model.id == name && model.state == ModelState::Ready)
        };
        is("recognition", names[0]) && is("voice", names[1])
    };
    let to = |stage: &mut Stage, name: &'static str| {
        stage.engine.send(settings(stage, |settings| {
            settings.recognition.model = name.into();
            settings.voice.model = name.into();
        }));
    };
    to(&mut stage, "other");
    stage.until("the others", |stage| are(stage, ["other", "other"]));
    spoken(&mut stage);
    stage.script.missing.lock().unwrap().push("broken");
    let loads = stage.script.loads.load(Ordering::Relaxed);
    to(&mut stage, "broken");
    stage.until("both to be tried and the others to be back", |stage| {
        stage.script.loads.load(Ordering::Relaxed) == loads + 4 && are(stage, ["other", "other"])
    });
    spoken(&mut stage);
    // It is tried again when what is installed changed, and not before.
    stage.script.missing.lock().unwrap().clear();
    to(&mut stage, "broken");
    spoken(&mut stage);
    assert!(are(&stage, ["other", "other"]));
    stage.script.installed.fetch_add(1, Ordering::Relaxed);
    to(&mut stage, "broken");
    stage.until("it to be mended", |stage| are(stage, ["broken", "broken"]));
    spoken(&mut stage);
    let most = [&stage.script.most_ears, &stage.script.most_voices].map(|most| most.load(Ordering::Relaxed));
    assert_eq!(most, [1, 1]);
}
