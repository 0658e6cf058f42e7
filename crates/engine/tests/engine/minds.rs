//! Language models that come, go and fail while everything runs, and servers beside them.

use std::fs;
use std::sync::atomic::Ordering;

use jarvis_core::{AssistantEvent, Cancel, Error, EventRecord, TurnId};
use jarvis_engine::{Command, ModelState};
use jarvis_models::{Catalog, Kind, OwnModel, Store};
use jarvis_settings::{Paths, Settings};

use crate::server::{Manner, Server};
use crate::stage::{Script, Stage, speech};

const QUESTION: &str = "tell me about whales";
/// What the server says to it.
const ELSEWHERE: &str = "Grey stripes.";
/// What the own model says.
const HERE: &str = "One two three four.";

/// The settings of the file with these changes.
fn changed(stage: &Stage, changes: &[(&str, &str)]) -> Command {
    let mut settings = Settings::load_with(&stage.paths, []).unwrap();
    for (path, value) in changes {
        settings.set(path, value).unwrap();
    }
    Command::Reload(settings)
}

/// What makes `server` answer first.
fn first(server: &Server) -> [(&'static str, &str); 3] {
    [("remote.allowed", "this_machine"), ("remote.model", "big"), ("remote.address", &server.address)]
}

fn ask(stage: &mut Stage) -> String {
    let turn = stage.engine.ask(QUESTION.into(), false).unwrap();
    end_of(stage, turn);
    stage.said(turn)
}

fn end_of(stage: &mut Stage, turn: TurnId) {
    let is_end = |record: &EventRecord| matches!(record.event, AssistantEvent::TurnEnd { .. });
    stage.wait_for("the end", |record| record.turn == Some(turn) && is_end(record));
}

/// The errors that were told.
fn errors(stage: &Stage) -> Vec<Error> {
    let error = |record: &EventRecord| match &record.event {
        AssistantEvent::Error { error } => Some(error.clone()),
        _ => None,
    };
    stage.seen.iter().filter_map(error).collect()
}

/// Name and state of the language model, as the status has it.
fn model(stage: &Stage) -> (String, ModelState) {
    stage.engine.status().models.get("language").map(|model| (model.id.clone(), model.state)).unwrap()
}

fn without_voice(script: Script) -> Stage {
    Stage::with(script, |_, options| options.no_voice = true)
}

#[test]
fn servers_come_change_and_go_and_no_model_is_loaded_again() {
    let (server, other) = (Server::start(Manner::Answers), Server::start(Manner::Answers));
    let mut stage = Stage::new();
    stage.ready();
    let loads = stage.script.loads.load(Ordering::Relaxed);
    assert!(ask(&mut stage).starts_with(HERE));
    let voice = [("remote.voice", "on"), ("remote.recognition", "on")];
    for (asked, changes) in [
        (Some(&server), first(&server).to_vec()),
        (Some(&server), [&first(&server)[..], &[("remote.per_minute", "30")]].concat()),
        (Some(&other), first(&other).to_vec()),
        (Some(&other), [&first(&other)[..], &voice[..]].concat()),
        (None, Vec::new()),
    ] {
        let before = [server.asked().len(), other.asked().len()];
        stage.engine.send(changed(&stage, &changes));
        let said = ask(&mut stage);
        assert!(said.starts_with(if asked.is_some() { ELSEWHERE } else { HERE }), "{changes:?}: {said}");
        let now = [server.asked().len(), other.asked().len()];
        let is_asked = [now[0] > before[0], now[1] > before[1]];
        assert_eq!(is_asked, [&server, &other].map(|one| asked.is_some_and(|asked| std::ptr::eq(asked, one))));
    }
    // What is said is heard and answered aloud by what was there from the start.
    stage.will_hear("what time is it");
    stage.engine.send(Command::Start);
    stage.room.say(&speech(0.7));
    stage.wait_for_event("first_audio");
    stage.wait_for_event("turn_end");
    assert_eq!(stage.script.loads.load(Ordering::Relaxed), loads);
}

#[test]
fn the_own_ears_and_voice_stand_in_for_servers_that_were_named_meanwhile() {
    let server = Server::start(Manner::Fails);
    let mut stage = Stage::new();
    stage.ready();
    let loads = stage.script.loads.load(Ordering::Relaxed);
    let there = [("remote.voice", "on"), ("remote.recognition", "on"), ("remote.mind", "off")];
    stage.engine.send(changed(&stage, &[&first(&server)[..], &there[..]].concat()));
    stage.will_hear("what time is it");
    stage.engine.send(Command::Start);
    stage.room.say(&speech(0.7));
    stage.wait_for_event("first_audio");
    stage.wait_for_event("turn_end");
    assert!(stage.script.spoken.load(Ordering::Relaxed) > 0 && stage.script.recognized.load(Ordering::Relaxed) > 0);
    assert!(!server.asked().is_empty(), "it was asked first");
    assert_eq!(stage.script.loads.load(Ordering::Relaxed), loads);
}

#[test]
fn while_another_server_is_connected_to_questions_wait_and_the_one_before_is_not_asked() {
    let (server, other) = (Server::start(Manner::Answers), Server::start(Manner::Answers));
    let mut stage = without_voice(Script::default());
    stage.ready();
    stage.engine.send(changed(&stage, &first(&server)));
    assert!(ask(&mut stage).starts_with(ELSEWHERE));
    let before = server.asked().len();
    stage.script.connect_waits.store(true, Ordering::Relaxed);
    stage.engine.send(changed(&stage, &first(&other)));
    let turn = stage.engine.ask(QUESTION.into(), false).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(100));
    assert_eq!((server.asked().len(), other.asked().len()), (before, 0));
    stage.script.connect_waits.store(false, Ordering::Relaxed);
    end_of(&mut stage, turn);
    assert!(stage.said(turn).starts_with(ELSEWHERE));
    assert_eq!((server.asked().len(), other.asked().len()), (before, 1));
    // None any more: nothing is waited for.
    stage.script.connect_waits.store(true, Ordering::Relaxed);
    stage.engine.send(changed(&stage, &[]));
    assert!(ask(&mut stage).starts_with(HERE));
}

#[test]
fn the_own_model_answers_while_a_keyring_keeps_a_server_waiting() {
    let server = Server::start(Manner::Answers);
    let mut stage = without_voice(Script::default());
    stage.ready();
    stage.script.connect_waits.store(true, Ordering::Relaxed);
    stage.engine.send(changed(&stage, &first(&server)));
    assert!(ask(&mut stage).starts_with(HERE));
    assert!(ask(&mut stage).starts_with(HERE), "and at once from then on");
    assert!(server.asked().is_empty());
    stage.script.connect_waits.store(false, Ordering::Relaxed);
    let is_connected = |stage: &mut Stage| ask(stage).starts_with(ELSEWHERE);
    assert!((0..1000).any(|_| is_connected(&mut stage)));
}

#[test]
fn what_is_installed_is_looked_at_only_when_it_or_the_wish_changed() {
    let mut stage = without_voice(Script::default());
    stage.ready();
    let wishes = stage.script.wishes.load(Ordering::Relaxed);
    for changes in [
        &[("audio.volume", "0.5"), ("mind.temperature", "1"), ("mind.max_tokens", "12")][..],
        &[("remote.per_minute", "10"), ("wake.enabled", "off")],
    ] {
        stage.engine.send(changed(&stage, changes));
        ask(&mut stage);
        assert_eq!(stage.script.wishes.load(Ordering::Relaxed), wishes, "{changes:?}");
    }
    stage.script.installed.fetch_add(1, Ordering::Relaxed);
    stage.engine.send(changed(&stage, &[]));
    ask(&mut stage);
    assert_eq!(stage.script.wishes.load(Ordering::Relaxed), wishes + 1);
}

#[test]
fn a_better_model_that_is_installed_answers_from_then_on() {
    let script = Script::default();
    *script.best.lock().unwrap() = "small";
    let mut stage = without_voice(script);
    stage.ready();
    assert_eq!(model(&stage), ("small".into(), ModelState::Ready));
    *stage.script.best.lock().unwrap() = "big";
    stage.script.installed.fetch_add(1, Ordering::Relaxed);
    stage.engine.send(changed(&stage, &[]));
    ask(&mut stage);
    assert_eq!(*stage.script.asked.lock().unwrap(), ["big"]);
    assert_eq!(model(&stage), ("big".into(), ModelState::Ready));
}

#[test]
fn a_model_that_can_not_be_loaded_leaves_the_one_that_worked_until_it_is_mended() {
    let script = Script::default();
    *script.best.lock().unwrap() = "small";
    script.missing.lock().unwrap().push("broken");
    let mut stage = without_voice(script);
    stage.ready();
    *stage.script.best.lock().unwrap() = "broken";
    stage.script.installed.fetch_add(1, Ordering::Relaxed);
    stage.engine.send(changed(&stage, &[]));
    ask(&mut stage);
    assert_eq!(*stage.script.asked.lock().unwrap(), ["small"]);
    assert_eq!(model(&stage), ("small".into(), ModelState::Ready));
    let told: Vec<String> = errors(&stage).into_iter().map(|error| error.message).collect();
    assert_eq!(told, ["broken can't be used, so small goes on answering. broken is damaged."]);
    // Other settings don't have it tried again.
    let loads = stage.script.loads.load(Ordering::Relaxed);
    stage.engine.send(changed(&stage, &[("audio.volume", "0.5")]));
    ask(&mut stage);
    assert_eq!(stage.script.loads.load(Ordering::Relaxed), loads);
    stage.script.missing.lock().unwrap().clear();
    stage.script.installed.fetch_add(1, Ordering::Relaxed);
    stage.engine.send(changed(&stage, &[]));
    ask(&mut stage);
    assert_eq!(stage.script.asked.lock().unwrap().last().unwrap(), "broken");
    assert_eq!(model(&stage), ("broken".into(), ModelState::Ready));
}

#[test]
fn where_only_a_server_answered_a_model_that_is_installed_is_loaded() {
    let server = Server::start(Manner::Answers);
    let script = Script::default();
    script.missing.lock().unwrap().push("language");
    let mut stage = Stage::with(script, |settings, options| {
        options.no_voice = true;
        for (path, value) in first(&server) {
            settings.set(path, value).unwrap();
        }
    });
    stage.ready();
    assert_eq!(model(&stage).1, ModelState::Ready, "the server answers");
    assert!(ask(&mut stage).starts_with(ELSEWHERE));
    stage.script.missing.lock().unwrap().clear();
    stage.script.installed.fetch_add(1, Ordering::Relaxed);
    let fallback = [&first(&server)[..], &[("remote.mind", "fallback")]].concat();
    stage.engine.send(changed(&stage, &fallback));
    assert!(ask(&mut stage).starts_with(HERE));
}

/// Installs a language model of the user's own with these bytes.
fn install(store: &Store, id: &str, bytes: Vec<u8>) {
    let files = vec![("model.gguf".into(), bytes)];
    let model = OwnModel { id: id.into(), kind: Kind::Language, title: id.into(), licence: "Apache-2.0".into(), files };
    store.install_own(&Catalog::builtin(), &model, &Cancel::new()).unwrap();
}

#[test]
fn real_models_that_are_installed_while_it_runs_are_loaded_and_one_that_is_broken_leaves_the_last() {
    const DEFAULT: &str = "smollm2-135m-instruct";
    let installed = Store::new(Paths::discover().unwrap().models_dir()).folder(DEFAULT);
    let installed = installed.expect("the models are not installed: run `make models`");
    let mut stage = Stage::with(Script::default(), |settings, options| {
        settings.set("mind.max_tokens", "8").unwrap();
        options.no_voice = true;
        options.parts = None;
    });
    stage.ready();
    assert_eq!(model(&stage), (DEFAULT.into(), ModelState::Failed), "none is installed");

    let store = Store::new(stage.paths.models_dir());
    let folder = stage.paths.models_dir().join(DEFAULT);
    fs::create_dir_all(&folder).unwrap();
    for file in fs::read_dir(&installed).unwrap().map(Result::unwrap) {
        fs::copy(file.path(), folder.join(file.file_name())).unwrap();
    }
    let take_up = |stage: &mut Stage| {
        stage.engine.send(changed(stage, &[("mind.max_tokens", "8")]));
        ask(stage)
    };
    assert!(!take_up(&mut stage).is_empty());
    assert_eq!(model(&stage), (DEFAULT.into(), ModelState::Ready));

    // The same with some more at its end, which makes it the bigger one.
    let mut bytes = fs::read(folder.join("model.gguf")).unwrap();
    bytes.extend([0; 4096]);
    install(&store, "bigger", bytes.clone());
    assert!(!take_up(&mut stage).is_empty());
    assert_eq!(model(&stage), ("bigger".into(), ModelState::Ready));

    bytes.extend([0; 4096]);
    bytes[..64].fill(0);
    install(&store, "broken", bytes);
    assert!(!take_up(&mut stage).is_empty());
    assert_eq!(model(&stage), ("bigger".into(), ModelState::Ready));
    let told = errors(&stage);
    let last = &told.last().expect("that is told").message;
    assert!(last.starts_with("broken can't be used, so bigger goes on answering."), "{told:?}");
}
