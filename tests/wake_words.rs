//! Wake words of the user's own, near misses and mistakes, with the real models and a running Jarvis.
//!
//! Linux only: the microphone and speaker of the tests are PulseAudio's.
#![cfg(target_os = "linux")]

mod common;

use common::{Daemon, Desktop, Microphone, UNHEARD, Voice, one_at_a_time};
use jarvis_audio::wav;
use serde_json::Value;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

const PHRASE: &str = "hey computer";
/// How long training may take before the test gives up on it: the machine may be very busy.
const TRAINING: Duration = Duration::from_secs(300);

/// Takes of `text` as recordings, all a little different: Jarvis's own voice never says a thing twice the same way.
fn takes(desktop: &Desktop, text: &str, count: usize) -> Vec<PathBuf> {
    (0..count)
        .map(|n| {
            let path = desktop.folder().join(format!("take {text} {n}.wav"));
            let said = desktop
                .jarvis(&["say", text, "--out", path.to_str().expect("an ordinary name")])
                .env("JARVIS_VOICE_RATE", format!("{}", 0.85 + 0.1 * n as f32))
                .env("JARVIS_VOICE_CACHE_MB", "0")
                .output()
                .expect("jarvis starts");
            assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
            path
        })
        .collect()
}

/// What `jarvis wake train` answers, a result or an error, and whether it succeeded.
fn train(desktop: &Desktop, name: &str, takes: &[PathBuf], more: &[&str]) -> (bool, Value) {
    let mut command = desktop.jarvis(&["--json", "wake", "train", name, "--thorough", "0.3"]);
    command.args(more);
    if !takes.is_empty() {
        command.arg("--takes").args(takes);
    }
    let output = command.output().expect("jarvis starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let answer = serde_json::from_str(text.trim()).unwrap_or_else(|_| panic!("no answer: {text}"));
    (output.status.success(), answer)
}

fn installed(desktop: &Desktop) -> Vec<String> {
    let models = PathBuf::from(desktop.variable("JARVIS_DATA_DIR").expect("it has one")).join("models");
    let mut names: Vec<String> = std::fs::read_dir(models)
        .expect("models are installed")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_word_of_ones_own_is_trained_and_wakes_the_running_jarvis() {
    let _turn = one_at_a_time();
    let desktop = Desktop::with_own_data();
    let takes = takes(&desktop, "Hey computer.", 4);
    let microphone = Microphone::of(&desktop);
    let mut daemon = Daemon::start(&desktop, &[]);

    let (trained, answer) = train(&desktop, "hey-computer", &takes, &["--use"]);
    assert!(trained, "{answer}");
    println!("trained in {:.0} s: {}", answer["seconds"].as_f64().expect("a time"), answer["figures"]);
    assert_eq!(answer["id"], "wake-hey-computer");
    let figure = |name: &str| answer["figures"][name].as_u64().expect("a count");
    assert!(figure("own_heard") * 2 > figure("own_calls"), "{answer}");

    // The running one took it up.
    let question = Voice::Piper.speak(&desktop, &format!("{PHRASE}, what time is it?"));
    daemon.pass_over();
    // Who isn't heard, or is misheard, says it again.
    let is_understood = (0..4).any(|_| {
        microphone.say_and_wait(&question);
        daemon.sees("wake", UNHEARD) && {
            let (_, turn) = daemon.wait_for("turn_end", Duration::from_secs(60));
            let last = daemon.all("intent").pop().unwrap_or_default();
            last["turn"] == turn["turn"] && last["intent"] == "time.now"
        }
    });
    if !is_understood {
        daemon.fail("nothing that was said after the word was understood");
    }
    assert_eq!(daemon.all("wake").pop().expect("it woke")["model"], "hey_computer");

    // It is a model like any other, and its name is taken now.
    let (again, refusal) = train(&desktop, "hey-computer", &takes, &[]);
    assert!(!again && refusal["error"]["code"] == "wake.name_taken", "{refusal}");
    let removed = desktop.jarvis(&["models", "remove", "wake-hey-computer"]).output().expect("jarvis starts");
    assert!(removed.status.success());
    assert!(!installed(&desktop).contains(&"wake-hey-computer".into()));
}

#[test]
fn bad_takes_and_a_change_of_mind_install_nothing() {
    let _turn = one_at_a_time();
    let desktop = Desktop::with_own_data();
    let before = installed(&desktop);
    let good = takes(&desktop, "Hey computer.", 3);
    let silent = desktop.folder().join("silent.wav");
    let mut writer = wav::Writer::create(&silent, 16_000).expect("the desktop's folder takes files");
    writer.write(&vec![0.0; 24_000]).and_then(|()| writer.finish()).expect("the recording is written");
    let other = takes(&desktop, "What a lovely morning.", 1);

    let refused = |name: &str, takes: &[PathBuf]| {
        let (trained, answer) = train(&desktop, name, takes, &[]);
        assert!(!trained, "{answer}");
        answer["error"]["code"].as_str().expect("an error has a code").to_owned()
    };
    assert_eq!(refused("hey-computer", &[]), "wake.no_takes");
    assert_eq!(refused("hey-computer", &good[..2]), "wake.few_takes");
    assert_eq!(refused("hey-computer", &[&good[..], &[silent]].concat()), "wake.silent_take");
    assert_eq!(refused("hey-computer", &[&good[..], &other[..]].concat()), "wake.other_words");
    assert_eq!(refused("hey-computer", &[&good[..], &good[..1]].concat()), "wake.same_take");
    let noise = desktop.folder().join("noise.wav");
    let mut writer = wav::Writer::create(&noise, 16_000).expect("the desktop's folder takes files");
    let hiss: Vec<f32> = (0..16_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 8) as f32 / 1e8 - 0.08).collect();
    writer.write(&hiss).and_then(|()| writer.finish()).expect("the recording is written");
    assert_eq!(refused("hey-computer", &[&good[..], &[noise]].concat()), "wake.no_speech");
    assert_eq!(refused("hey-you", &good), "wake.short_phrase");
    let (trained, answer) = train(&desktop, "mine", &good, &["--phrase", "Hey, Jarvis"]);
    assert!(!trained && answer["error"]["code"] == "wake.phrase_taken", "{answer}");
    let (trained, answer) = train(&desktop, "mine", &good, &["--phrase", "\u{43f}\u{440}\u{438}\u{432}\u{435}\u{442}"]);
    assert!(!trained && answer["error"]["code"] == "wake.foreign_phrase", "{answer}");
    assert_eq!(refused("hey-jarvis", &good), "models.name_taken");
    assert_eq!(refused("../hey", &good), "models.bad_name");

    // Ended in the middle.
    let mut command = desktop.jarvis(&["wake", "train", "hey-computer", "--takes"]);
    let mut training = command.args(&good).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("jarvis starts");
    let lines = std::io::BufReader::new(training.stderr.take().expect("piped"));
    for line in std::io::BufRead::lines(lines).map_while(Result::ok) {
        if line.contains("listening to all of it") {
            // SAFETY: sends a signal to a child of ours that still runs.
            unsafe { libc::kill(training.id() as i32, libc::SIGINT) };
        }
    }
    let ended = common::wait_for("the training to end", TRAINING, || training.try_wait().expect("it is our child"));
    assert!(!ended.success());
    assert_eq!(installed(&desktop), before, "nothing is half-installed");
}

#[test]
fn what_only_sounds_like_it_begins_no_turn_and_a_mistake_is_remembered() {
    let _turn = one_at_a_time();
    let desktop = Desktop::with_own_data();
    let microphone = Microphone::of(&desktop);
    // As easily as it can be woken.
    assert!(desktop.jarvis(&["config", "set", "wake.sensitivity", "1"]).status().expect("jarvis starts").success());
    let mut daemon = Daemon::start(&desktop, &[]);
    let mut woken = 0;
    for text in ["Hey Travis, what time is it?", "Hey service, what time is it?", "Hey Jared, what time is it?"] {
        daemon.pass_over();
        microphone.say_and_wait(&Voice::Piper.speak(&desktop, text));
        if daemon.sees("wake", Duration::from_secs(4)) {
            woken += 1;
            daemon.wait_for("turn_end", Duration::from_secs(60));
        }
    }
    println!("{woken} of 3 woke it");
    // Sound is heard in its order: what is said now is answered after all that was said before.
    let call = Voice::Piper.speak(&desktop, "Hey Jarvis, what time is it?");
    daemon.pass_over();
    // Who isn't heard says it again.
    let mut calls = 0;
    let answered = (0..4).any(|_| {
        calls += 1;
        microphone.say_and_wait(&call);
        daemon.sees("transcript", Duration::from_secs(20))
    });
    if !answered {
        daemon.fail("a call was not heard");
    }
    assert!(daemon.all("transcript").len() <= calls, "what only sounds like it was answered");
    daemon.wait_for("turn_end", Duration::from_secs(60));

    // What woke it last is remembered as a mistake, and forgotten again. That the same sound wakes nobody any more is
    // shown on the detector, which hears exactly the same.
    let told = desktop.jarvis(&["--json", "wake", "wrong"]).output().expect("jarvis starts");
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stdout));
    let forgot = desktop.jarvis(&["--json", "wake", "forget"]).output().expect("jarvis starts");
    assert_eq!(String::from_utf8_lossy(&forgot.stdout).trim(), r#"{"forgotten":true}"#);
    let forgot = desktop.jarvis(&["--json", "wake", "forget"]).output().expect("jarvis starts");
    assert_eq!(String::from_utf8_lossy(&forgot.stdout).trim(), r#"{"forgotten":false}"#);
}
