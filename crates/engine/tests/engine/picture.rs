//! Pictures of the screen for a model of another program: a server with real sockets, and nothing on it before the click.

use std::sync::Arc;

use crate::server::{Manner, Server};
use crate::stage::{Script, Stage};
use jarvis_core::{AssistantEvent, EventRecord, ScreenTarget, TurnId};
use jarvis_engine::control::{self, Request};
use jarvis_engine::load::Installed;
use jarvis_engine::{Command, PictureOffer};
use jarvis_remote::Picture;
use jarvis_settings::{Paths, Settings};

const QUESTION: &str = "what is in this picture";

fn allow(settings: &mut Settings, address: &str) {
    for (path, value) in [
        ("remote.allowed", "this_machine"),
        ("remote.address", address),
        ("remote.model", "sees"),
        ("remote.pictures", "true"),
        ("remote.mind", "off"),
    ] {
        settings.set(path, value).unwrap();
    }
}

/// An engine that may show pictures to a server, before a screen where `lines` can be read.
fn showing(server: &Server, lines: &[&'static str]) -> (Stage, Settings) {
    showing_to(&server.address, lines)
}

fn showing_to(address: &str, lines: &[&'static str]) -> (Stage, Settings) {
    let script = Script::default();
    *script.on_screen.lock().unwrap() = lines.to_vec();
    let mut wanted = None;
    let mut stage = Stage::with(script, |settings, options| {
        options.no_voice = true;
        allow(settings, address);
        wanted = Some(settings.clone());
    });
    stage.ready();
    (stage, wanted.unwrap())
}

fn end_of(stage: &mut Stage, turn: TurnId) -> String {
    stage.wait_for("the end", |record| {
        record.turn == Some(turn) && matches!(record.event, AssistantEvent::TurnEnd { .. })
    });
    stage.said(turn)
}

fn ask(stage: &mut Stage, question: &str) -> String {
    let turn = stage.engine.ask(question.into(), false).unwrap();
    end_of(stage, turn)
}

/// Asks for what is offered, and gives the offer.
fn offered(stage: &mut Stage) -> PictureOffer {
    let said = ask(stage, QUESTION);
    let offer = stage.engine.picture().expect("a picture is offered");
    assert_eq!(said, format!("I can show this to {}. Look at the picture and click Send.", offer.host));
    offer
}

fn error(stage: &Stage, turn: TurnId) -> Option<jarvis_core::Error> {
    stage.seen.iter().find_map(|EventRecord { event, turn: of, .. }| match event {
        AssistantEvent::Error { error } if *of == Some(turn) => Some(error.clone()),
        _ => None,
    })
}

#[test]
fn what_was_shown_to_the_user_is_what_is_sent_and_what_comes_back_is_only_told() {
    let server = Server::start(Manner::Answers);
    let (mut stage, _) = showing(&server, &["fatal error 28"]);
    let offer = offered(&mut stage);
    assert_eq!((offer.question.as_str(), offer.width, offer.height), (QUESTION, 640, 320));
    assert!(server.asked().is_empty(), "nothing is sent before the click");
    let turn = stage.engine.send_picture(offer.offer, false).unwrap();
    let said = end_of(&mut stage, turn);
    assert_eq!(said, "Grey stripes. They say: stop, and copy the error.");
    assert!(stage.script.copied.lock().unwrap().is_empty(), "nothing of an answer is done");
    assert!(stage.engine.picture().is_none());
    let asked = server.asked();
    assert_eq!((asked.len(), asked[0]["model"].as_str()), (1, Some("sees")));
    let content = asked[0]["messages"].as_array().unwrap().last().unwrap()["content"].clone();
    assert!(content[0]["text"].as_str().unwrap().starts_with(QUESTION));
    let sent = content[1]["image_url"]["url"].as_str().unwrap();
    assert_eq!(sent, offer.picture);
    let pixels = image::load_from_memory(&Picture::bytes_of(sent).unwrap()).unwrap().into_rgb8();
    assert!(pixels.enumerate_pixels().all(|(_, y, pixel)| pixel.0 == [(y * 40) as u8; 3]));
    let from = |record: &EventRecord| match &record.event {
        AssistantEvent::AnsweredFrom { host } if record.turn == Some(turn) => Some(host.clone()),
        _ => None,
    };
    assert_eq!(stage.seen.iter().find_map(from).as_deref(), Some(offer.host.as_str()));
    let shown: Vec<_> = stage.engine.captures().into_iter().map(|capture| capture.shown).collect();
    let shown: Vec<_> = shown.iter().flatten().map(|shown| (shown.host.as_str(), shown.sent)).collect();
    assert_eq!(shown, [(offer.host.as_str(), true), (offer.host.as_str(), false)]);
    assert!(stage.engine.send_picture(offer.offer, false).is_err(), "it is sent once");
}

#[test]
fn where_nothing_can_be_read_it_is_offered_and_where_something_can_it_is_not() {
    let server = Server::start(Manner::Answers);
    let (mut stage, _) = showing(&server, &[" "]);
    assert!(ask(&mut stage, "what is on my screen").starts_with("I can show this to 127.0.0.1"));
    assert!(stage.engine.picture().is_some());
    let (mut stage, _) = showing(&server, &["fatal error 28"]);
    assert!(ask(&mut stage, "what is on my screen").contains("fatal error 28"));
    assert!(stage.engine.picture().is_none() && server.asked().is_empty());
}

#[test]
fn what_ends_an_offer_leaves_nothing_to_be_sent() {
    let server = Server::start(Manner::Answers);
    let (mut stage, settings) = showing(&server, &["fatal error 28"]);
    let mut off = settings.clone();
    off.remote.pictures = false;
    let mut excluding = settings.clone();
    excluding.set("eyes.excluded_apps", "Notes").unwrap();
    type End<'a> = Box<dyn Fn(&mut Stage) + 'a>;
    let ends: [(&str, End<'_>); 9] = [
        ("refused", Box::new(|stage| stage.engine.refuse_picture(stage.engine.picture().unwrap().offer))),
        ("cancel", Box::new(|stage| stage.engine.send(Command::Cancel))),
        ("stop", Box::new(|stage| stage.engine.send(Command::Stop))),
        ("mute", Box::new(|stage| stage.engine.send(Command::Mute))),
        ("a question", Box::new(|stage| drop(ask(stage, "what time is it")))),
        ("a look", Box::new(|stage| drop(stage.engine.see(ScreenTarget::AllMonitors, "what is there".into())))),
        ("forgotten", Box::new(|stage| stage.engine.forget_captures())),
        ("switched off", Box::new(|stage| stage.engine.send(Command::Reload(off.clone())))),
        ("excluded", Box::new(|stage| stage.engine.send(Command::Reload(excluding.clone())))),
    ];
    for (what, end) in ends {
        stage.engine.send(Command::Reload(settings.clone()));
        stage.engine.send(Command::Unmute);
        let offer = offered(&mut stage);
        end(&mut stage);
        let gone = stage.engine.send_picture(offer.offer, false).unwrap_err();
        assert_eq!(gone.code, "picture.gone", "{what}");
        assert!(stage.engine.picture().is_none(), "{what}");
    }
    stage.engine.send(Command::Reload(settings));
    let first = offered(&mut stage);
    let second = offered(&mut stage);
    assert_eq!(stage.engine.send_picture(first.offer, false).unwrap_err().code, "picture.gone");
    assert_ne!(first.offer, second.offer);
    stage.engine.send(Command::Quit);
    stage.engine.wait();
    assert!(stage.engine.picture().is_none());
    assert!(server.asked().is_empty(), "not a byte");
}

#[test]
fn switched_off_nothing_is_offered_and_excluded_windows_have_no_picture() {
    let server = Server::start(Manner::Answers);
    let (mut stage, settings) = showing(&server, &["fatal error 28"]);
    let mut off = settings.clone();
    off.remote.pictures = false;
    stage.engine.send(Command::Reload(off));
    let said = ask(&mut stage, QUESTION);
    assert!(said.starts_with("I read text, and can't see what a picture shows."), "{said}");
    assert!(stage.engine.picture().is_none());
    let mut excluding = settings.clone();
    excluding.set("eyes.excluded_apps", "Notes").unwrap();
    stage.engine.send(Command::Reload(excluding));
    let turn = stage.engine.ask(QUESTION.into(), false).unwrap();
    end_of(&mut stage, turn);
    assert_eq!(error(&stage, turn).unwrap().code, "eyes.excluded");
    let mut blind = settings;
    blind.eyes.enabled = false;
    stage.engine.send(Command::Reload(blind));
    let turn = stage.engine.ask(QUESTION.into(), false).unwrap();
    end_of(&mut stage, turn);
    assert_eq!(error(&stage, turn).unwrap().code, "eyes.off");
    assert!(stage.engine.picture().is_none() && server.asked().is_empty());
}

#[test]
fn a_server_that_fails_is_told_of_with_what_to_do_and_the_list_says_whether_anything_left() {
    let [fails, busy, other_words, gone] =
        [Manner::Fails, Manner::IsBusy, Manner::WantsOtherWords, Manner::IsGone].map(Server::start);
    // A port of which only root could make use, and nobody does.
    for (address, code, is_sent) in [
        (fails.address.as_str(), "remote.failed", true),
        (busy.address.as_str(), "remote.busy", true),
        (other_words.address.as_str(), "remote.reworded", true),
        (gone.address.as_str(), "remote.broke_off", true),
        ("http://127.0.0.1:1/v1", "remote.unreachable", false),
    ] {
        let (mut stage, _) = showing_to(address, &["fatal error 28"]);
        let offer = offered(&mut stage);
        let turn = stage.engine.send_picture(offer.offer, false).unwrap();
        end_of(&mut stage, turn);
        let error = error(&stage, turn).unwrap();
        assert_eq!(error.code, code);
        assert!(!error.hint.is_empty() && !error.hint.contains("tries it again"), "{}", error.hint);
        assert_eq!(stage.engine.captures()[0].shown.as_ref().unwrap().sent, is_sent, "{code}");
    }
    for server in [fails, busy, other_words, gone] {
        assert_eq!(server.asked().len(), 1, "it is not sent again");
    }
}

#[test]
fn a_program_that_looks_once_offers_no_picture() {
    let folder = tempfile::tempdir().unwrap();
    let paths = Paths::under(folder.path());
    let mut settings = Settings::load_with(&paths, []).unwrap();
    let eyes = |settings: &Settings| jarvis_engine::eyes(Arc::new(Installed::new(&paths)), settings);
    assert_eq!(eyes(&settings).shows_to().unwrap(), None, "it is switched off");
    allow(&mut settings, "http://127.0.0.1:1/v1");
    let error = eyes(&settings).shows_to().unwrap_err();
    assert_eq!(error.code, "picture.not_running");
    assert!(error.hint.contains("ask the running Jarvis"), "{}", error.hint);
}

#[test]
fn a_model_that_is_still_looking_is_left_when_it_is_cancelled() {
    let server = Server::start(Manner::Waits);
    let (mut stage, _) = showing(&server, &["fatal error 28"]);
    let offer = offered(&mut stage);
    let turn = stage.engine.send_picture(offer.offer, false).unwrap();
    stage.until("the request", |_| !server.asked().is_empty());
    stage.engine.send(Command::Cancel);
    assert_eq!(end_of(&mut stage, turn), "");
    stage.until("the connection to be closed", |_| *server.left.lock().unwrap() == 1);
}

#[test]
fn the_command_line_gets_the_picture_and_has_it_sent() {
    let server = Server::start(Manner::Answers);
    let (mut stage, _) = showing(&server, &["fatal error 28"]);
    let claim = control::claim(&stage.paths).unwrap();
    let _server = control::serve(claim, stage.engine.clone(), || Ok(())).unwrap();
    let socket = stage.paths.control_socket();
    assert!(control::send(&socket, &Request::Picture).unwrap().picture.is_none());
    // In no turn, too.
    let seen = control::see(&socket, ScreenTarget::PointerMonitor, "describe this image").unwrap();
    assert!(seen.reply.starts_with("I can show this to "), "{}", seen.reply);
    let first = control::send(&socket, &Request::Picture).unwrap().picture.unwrap();
    let offer = offered(&mut stage);
    // It is not the one that was refused.
    control::send(&socket, &Request::RefusePicture { offer: first.offer }).unwrap();
    assert_eq!(control::send(&socket, &Request::Picture).unwrap().picture.unwrap().picture, offer.picture);
    let mut told = String::new();
    let answer = control::send_picture(&socket, offer.offer, &offer.question, &mut |text| told.push_str(text)).unwrap();
    assert_eq!((answer.reply.as_str(), answer.intent.as_str()), (told.as_str(), "screen.picture"));
    assert_eq!(answer.route, jarvis_core::Route::Remote);
    let again = control::send_picture(&socket, offer.offer, QUESTION, &mut |_| {});
    assert_eq!(again.unwrap_err().code, "picture.gone");
    assert_eq!(server.asked().len(), 1);
}
