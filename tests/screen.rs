//! Questions about a real screen: asked aloud, typed, and on the command line; and what is never told.
//!
//! Linux only: the screen, microphone and speaker of the tests are Xvfb and PulseAudio.
#![cfg(target_os = "linux")]

mod common;

use common::{Daemon, Desktop, Microphone, Speaker, UNHEARD, Voice, Window, one_at_a_time, root, transcribe};
use serde_json::Value;
use std::time::Duration;
use x11rb::CURRENT_TIME;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt as _, CreateWindowAux, WindowClass};

const ANSWER: Duration = Duration::from_secs(60);
/// Until an application tells its text and draws nothing any more.
const TOLD: Duration = Duration::from_secs(60);
const TITLE: &str = "Backup failed";
const MESSAGE: &str = "The disk is full. Please delete some old files.";

/// What a command said, and its exit code.
fn jarvis(desktop: &Desktop, arguments: &[&str]) -> (i32, String, String) {
    let output = desktop.jarvis(arguments).output().expect("jarvis starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().expect("it exits"), text(&output.stdout), text(&output.stderr))
}

/// What it said with `--json`, if it exited with `code`.
#[track_caller]
fn json(desktop: &Desktop, code: i32, arguments: &[&str]) -> Value {
    let (exit, out, err) = jarvis(desktop, &[&["--json"], arguments].concat());
    assert_eq!(exit, code, "jarvis {arguments:?}: {out}{err}");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"))
}

fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The text on the clipboard, as any program pastes it.
fn clipboard(desktop: &Desktop) -> String {
    let (server, screen) = x11rb::connect(desktop.variable("DISPLAY")).expect("the screen is there");
    let root = server.setup().roots[screen].root;
    let window = server.generate_id().expect("a number");
    let (kind, aux) = (WindowClass::INPUT_OUTPUT, CreateWindowAux::new());
    server.create_window(0, window, root, 0, 0, 1, 1, 0, kind, 0, &aux).expect("a window to paste into");
    let atom = |name: &str| server.intern_atom(false, name.as_bytes()).unwrap().reply().expect("an atom").atom;
    let (selection, text, place) = (atom("CLIPBOARD"), atom("UTF8_STRING"), atom("JARVIS_TEST"));
    server.convert_selection(window, selection, text, place, CURRENT_TIME).unwrap();
    server.flush().unwrap();
    common::wait_for("the clipboard", TOLD, || {
        let Event::SelectionNotify(notify) = server.poll_for_event().expect("the screen answers")? else { return None };
        assert_ne!(notify.property, 0, "nobody has anything on the clipboard");
        let value = server.get_property(true, window, place, AtomEnum::ANY, 0, 1 << 16).unwrap().reply().unwrap();
        Some(String::from_utf8(value.value).expect("UTF-8"))
    })
}

#[test]
fn a_spoken_question_about_an_error_is_answered_from_the_screen() {
    let _turn = one_at_a_time();
    let desktop = Desktop::with_screen();
    let _window = Window::error(&desktop, TITLE, MESSAGE, "OK");
    let microphone = Microphone::of(&desktop);
    let speaker = Speaker::of(&desktop);
    let mut daemon = Daemon::start(&desktop, &[]);
    let question = Voice::Piper.speak(&desktop, "Hey Jarvis, what does that error say?");
    let mut heard = String::new();
    // As a user does: whoever is not heard, or misheard, says it again.
    for _ in 0..4 {
        daemon.pass_over();
        let said = speaker.position();
        microphone.say_and_wait(&question);
        let is_one = |event: &Value| event["event"] == "first_audio" || event["event"] == "turn_end";
        if !daemon.sees("wake", UNHEARD)
            || daemon.wait_until("an answer, or none", ANSWER, is_one).1["event"] == "turn_end"
        {
            continue;
        }
        daemon.wait_for("playback_end", Duration::from_secs(60));
        speaker.wait_for_silence(Duration::from_millis(400), Duration::from_secs(30));
        heard = transcribe(&desktop, &speaker.since(said));
        if daemon.all("intent").last().is_some_and(|intent| intent["intent"] == "screen.read") {
            break;
        }
        println!("misheard as “{}”", daemon.all("transcript").pop().unwrap_or_default()["text"]);
    }
    let written = daemon.last_reply();
    assert_eq!(written, format!("It says: {TITLE}. {MESSAGE}"));
    let (heard_words, meant) = (words(&heard), words(MESSAGE));
    let understood = meant.iter().filter(|word| heard_words.contains(word)).count();
    assert!(2 * understood >= meant.len(), "heard “{heard}”; written it was “{written}”");

    // It was told before the screen was looked at, and when that was over.
    let looking: Vec<bool> = daemon.all("looking").iter().map(|event| event["looking"] == true).collect();
    assert!(looking.len() >= 2 && looking.chunks(2).all(|pair| pair == [true, false]), "{looking:?}");
}

#[test]
fn the_text_of_an_error_is_copied_and_found() {
    let _turn = one_at_a_time();
    let desktop = Desktop::with_screen();
    let window = Window::error(&desktop, TITLE, MESSAGE, "Try again");
    let mut daemon = Daemon::start(&desktop, &["--no-voice"]);
    // An application that starts tells of its text when it comes to it, and a picture of it may say less.
    let answer = common::wait_for("the application's own text", TOLD, || {
        let answer = json(&desktop, 0, &["ask", "copy the error"]);
        assert_eq!(answer["intent"], "screen.copy");
        (answer["reply"] == "Copied the error: 9 words.").then_some(answer)
    });
    println!("{}", answer["reply"]);
    assert_eq!(clipboard(&desktop), MESSAGE);

    let answer = json(&desktop, 0, &["ask", "find the try again button"]);
    assert_eq!(answer["intent"], "screen.find");
    let reply = answer["reply"].as_str().unwrap();
    assert!(reply.starts_with("“Try again” is "), "{reply}");
    let (_, frame) = daemon.wait_for("highlight", ANSWER);
    let (x, y, width, height) = window.region();
    let place = |name: &str| frame["region"][name].as_i64().expect("a number");
    let (left, top) = (place("x"), place("y"));
    assert!(left >= x.into() && top >= y.into(), "{frame}");
    assert!(left + place("width") <= i64::from(x) + i64::from(width), "{frame}");
    assert!(top + place("height") <= i64::from(y) + i64::from(height), "{frame}");

    // The instance looks for the command line, too, and says nothing of it aloud.
    let seen = json(&desktop, 0, &["see", "--question", "what does that error say"]);
    assert_eq!(seen["reply"], format!("It says: {TITLE}. {MESSAGE}"));
    let lines = seen["lines"].as_array().unwrap();
    assert!(lines.iter().any(|line| line["text"] == MESSAGE && line["box"].as_array().unwrap().len() == 4), "{seen}");
    for time in ["capture", "diff", "detect", "recognize", "total"] {
        assert!(seen["timings_ms"][time].is_number(), "{seen}");
    }
    // The picture, too, where the text that the application tells does not count.
    let seen = json(&desktop, 0, &["see", "--target", "monitor"]);
    let text: String = seen["lines"].as_array().unwrap().iter().filter_map(|line| line["text"].as_str()).collect();
    assert!(text.contains("old files"), "{seen}");
    // Read once, it is known for as long as the screen stands still, which it does in the end.
    common::wait_for("a screen that stands still", TOLD, || {
        let again = json(&desktop, 0, &["see", "--target", "monitor"]);
        (again["source"] == "cache").then_some(())
    });
}

#[test]
fn the_words_of_an_excluded_application_are_told_by_nothing() {
    const SECRET: &str = "swordfish marmalade";
    let _turn = one_at_a_time();
    let desktop = Desktop::with_screen();
    let _window = Window::error(&desktop, "Vault swordfish", &format!("Error: {SECRET}"), "OK");
    // They can be told: without the rule they are, by the same window.
    common::wait_for("the words to be told", TOLD, || {
        let see = |target| jarvis(&desktop, &["--json", "see", "--target", target]).1;
        let told = words(&(see("active") + &see("monitor")));
        words(SECRET).iter().all(|word| told.contains(word)).then_some(())
    });
    let excluded = jarvis(&desktop, &["config", "set", "eyes.excluded_apps", "Zenity"]);
    assert_eq!(excluded.0, 0, "{excluded:?}");
    let daemon_log = desktop.folder().join("logs/jarvis.log");
    let mut daemon = Daemon::start_logging(&desktop, &["--no-voice"], "debug,jarvis=trace");
    let mut told = String::new();
    for question in [
        "what is on my screen",
        "read the whole screen",
        "what does that error say",
        "copy everything",
        "copy the error",
    ] {
        let (_, out, err) = jarvis(&desktop, &["--json", "ask", question]);
        told.push_str(&(out + &err));
    }
    for target in ["active", "pointer", "monitor", "all"] {
        let (_, out, err) = jarvis(&desktop, &["-vv", "--json", "see", "--target", target]);
        told.push_str(&(out + &err));
    }
    daemon.pass_over();
    told.push_str(&format!("{:?}{:?}", daemon.all("reply_text"), daemon.all("looking")));
    drop(daemon);
    for target in ["active", "all"] {
        let (_, out, err) = jarvis(&desktop, &["-vv", "--json", "see", "--target", target]);
        told.push_str(&(out + &err));
    }
    told.push_str(&std::fs::read_to_string(daemon_log).unwrap_or_default());
    let told = told.to_lowercase();
    assert!(told.contains("left out") && told.contains("never looked at"), "it says so: {told}");
    for word in words(SECRET) {
        assert!(!told.contains(&word), "{word} was told: {told}");
    }
}

#[test]
fn a_picture_is_read_and_asked_about() {
    let desktop = Desktop::start();
    let picture = root().join("tests/pictures/invoice.png");
    let picture = picture.to_str().expect("an ordinary name");
    let seen = json(&desktop, 0, &["see", "--image", picture, "--question", "find the invoice number"]);
    assert_eq!(seen["source"], "recognizer");
    let text: Vec<&str> = seen["lines"].as_array().unwrap().iter().filter_map(|line| line["text"].as_str()).collect();
    let text = text.join("\n");
    for words in ["Invoice number", "20260815", "24 December 2026", "bank transfer", "1234.50"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let reply = seen["reply"].as_str().unwrap();
    assert!(reply.contains("20260815"), "{reply}");
    let part = json(&desktop, 0, &["see", "--image", picture, "--region", "0,270,640,60"]);
    let text = part["lines"].to_string();
    assert!(text.contains("Total") && !text.contains("Due date"), "{text}");
}

#[test]
fn a_picture_on_its_side_is_read_turned_and_that_is_said() {
    let desktop = Desktop::start();
    for (name, said) in [("turned", "turned"), ("upside_down", "upside down")] {
        let picture = root().join("crates/vision/fixtures").join(name).with_extension("png");
        let seen = json(&desktop, 0, &["see", "--image", picture.to_str().expect("an ordinary name")]);
        let text = seen["lines"].to_string();
        assert!(text.contains("thank you for your order"), "{name}: {text}");
        assert!(seen["notes"].to_string().contains(said), "{name}: {}", seen["notes"]);
    }
}

#[test]
fn bad_input_is_a_sentence_with_a_remedy() {
    let desktop = Desktop::start();
    let error = |code, arguments: &[&str]| {
        let said = json(&desktop, code, arguments);
        let error = &said["error"];
        for part in ["code", "message", "hint"] {
            assert!(error[part].as_str().is_some_and(|text| !text.is_empty()), "jarvis {arguments:?}: {said}");
        }
        error["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(error(1, &["see"]), "vision.no_display");
    assert_eq!(error(1, &["see", "--question", "what does that error say"]), "vision.no_display");
    let picture = root().join("tests/pictures/invoice.png");
    let bytes = std::fs::read(&picture).expect("the picture is there");
    let broken = desktop.folder().join("broken.png");
    std::fs::write(&broken, &bytes[..bytes.len() / 2]).expect("the desktop's folder takes files");
    let no_picture = desktop.folder().join("words.png");
    std::fs::write(&no_picture, "not a picture").expect("the desktop's folder takes files");
    for file in [&broken, &no_picture, &desktop.folder().join("missing.png")] {
        error(1, &["see", "--image", file.to_str().unwrap()]);
    }
    error(1, &["see", "--image", picture.to_str().unwrap(), "--region", "5000,5000,10,10"]);
    for arguments in [["--region", "1,2,3"], ["--region", "0,0,0,9"], ["--region", "a,b,c,d"], ["--target", "nowhere"]]
    {
        let (code, out, err) = jarvis(&desktop, &[&["--json", "see"], &arguments[..]].concat());
        assert!(code == 2 && out.is_empty() && !err.is_empty(), "{arguments:?}: {code} {out}{err}");
    }
}
