//! Devices that come and go while Jarvis runs, and machines that have none.
//!
//! Linux only: the screen, microphone and speaker of the tests are Xvfb and PulseAudio.
#![cfg(target_os = "linux")]

mod common;

use common::{Daemon, Desktop, Microphone, Speaker, Voice, one_at_a_time, wait_for};
use serde_json::Value;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

/// How long a device's return may take to be noticed and used.
const RECOVERY: Duration = Duration::from_secs(2);

fn asks_for_the_time(desktop: &Desktop, daemon: &mut Daemon, microphone: &Microphone, speaker: &Speaker) {
    let question = Voice::Piper.speak(desktop, "Hey Jarvis, what time is it?");
    daemon.pass_over();
    let before = speaker.position();
    microphone.say_and_wait(&question);
    let (_, intent) = daemon.wait_for("intent", Duration::from_secs(15));
    assert_eq!(intent["intent"], "time.now");
    daemon.wait_for("playback_end", Duration::from_secs(20));
    speaker.wait_for_sound(before, Duration::from_secs(2));
}

fn is_device(event: &Value, direction: &str, available: bool) -> bool {
    event["event"] == "device" && event["direction"] == direction && event["available"] == available
}

#[test]
fn a_microphone_that_was_away_is_used_again() {
    let _turn = one_at_a_time();
    let desktop = Desktop::start();
    let microphone = Microphone::of(&desktop);
    let speaker = Speaker::of(&desktop);
    let mut daemon = Daemon::start(&desktop, &[]);
    asks_for_the_time(&desktop, &mut daemon, &microphone, &speaker);

    for away in [Duration::from_secs(3), Duration::from_millis(50)] {
        daemon.pass_over();
        desktop.unplug_microphone();
        if away > RECOVERY {
            let lost = |event: &Value| is_device(event, "input", false);
            let (_, event) = daemon.wait_until("the loss of the microphone", RECOVERY, lost);
            assert!(event["message"].as_str().is_some_and(|text| text.contains("microphone")), "{event}");
        }
        thread::sleep(away);
        desktop.plug_microphone();
        let back = Instant::now();
        if away > RECOVERY {
            let restored = |event: &Value| is_device(event, "input", true);
            let (at, _) = daemon.wait_until("the return of the microphone", 2 * RECOVERY, restored);
            println!("the microphone works again after {} ms", at.duration_since(back).as_millis());
            assert!(at.duration_since(back) < RECOVERY);
        } else {
            thread::sleep(RECOVERY);
        }
        asks_for_the_time(&desktop, &mut daemon, &microphone, &speaker);
    }
}

#[test]
fn a_sound_server_that_restarts_is_used_again() {
    let _turn = one_at_a_time();
    let mut desktop = Desktop::start();
    let microphone = Microphone::of(&desktop);
    let mut daemon = Daemon::start(&desktop, &[]);
    daemon.pass_over();
    desktop.restart_sound_server(Duration::from_secs(1));
    let back = Instant::now();
    let restored = |event: &Value| is_device(event, "input", true);
    let (at, _) = daemon.wait_until("the return of the microphone", 2 * RECOVERY, restored);
    println!("the microphone works again after {} ms", at.saturating_duration_since(back).as_millis());
    assert!(at.saturating_duration_since(back) < RECOVERY);
    let speaker = Speaker::of(&desktop);
    asks_for_the_time(&desktop, &mut daemon, &microphone, &speaker);
}

#[test]
fn a_speaker_lost_during_an_answer_ends_the_turn_and_is_used_again() {
    let _turn = one_at_a_time();
    let desktop = Desktop::start();
    let microphone = Microphone::of(&desktop);
    let speaker = Speaker::of(&desktop);
    let mut daemon = Daemon::start(&desktop, &[]);
    let question = Voice::Piper.speak(&desktop, "Hey Jarvis, tell me a long story about a dragon.");
    microphone.say_and_wait(&question);
    daemon.wait_for("first_audio", Duration::from_secs(20));
    desktop.unplug_speaker();
    daemon.wait_until("the loss of the speaker", 2 * RECOVERY, |event| is_device(event, "output", false));
    daemon.wait_for("turn_end", Duration::from_secs(30));
    drop(speaker);

    desktop.plug_speaker();
    let back = Instant::now();
    let restored = |event: &Value| is_device(event, "output", true);
    let (at, _) = daemon.wait_until("the return of the speaker", 2 * RECOVERY, restored);
    println!("the speaker works again after {} ms", at.saturating_duration_since(back).as_millis());
    let speaker = Speaker::of(&desktop);
    asks_for_the_time(&desktop, &mut daemon, &microphone, &speaker);
}

#[test]
fn without_a_microphone_it_says_so_and_still_answers_in_writing() {
    let _turn = one_at_a_time();
    let desktop = Desktop::start();
    let microphone = Microphone::of(&desktop);
    let speaker = Speaker::of(&desktop);
    desktop.unplug_microphone();
    let mut daemon = Daemon::start(&desktop, &[]);
    let status = desktop.jarvis(&["--json", "status"]).output().expect("jarvis starts");
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stdout));
    daemon.pass_over();
    let asked = desktop.jarvis(&["ask", "what is two plus two"]).output().expect("jarvis starts");
    assert!(String::from_utf8_lossy(&asked.stdout).contains('4'), "{}", String::from_utf8_lossy(&asked.stdout));
    desktop.plug_microphone();
    daemon.wait_until("the microphone", 2 * RECOVERY, |event| is_device(event, "input", true));
    asks_for_the_time(&desktop, &mut daemon, &microphone, &speaker);
}

#[test]
fn an_unknown_microphone_is_refused_with_a_list() {
    let _turn = one_at_a_time();
    let desktop = Desktop::start();
    let _microphone = Microphone::of(&desktop);
    let mut process = desktop
        .jarvis(&["--json", "run", "--input-device", "Nonexistent 3000"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("jarvis starts");
    let status = wait_for("the refusal", Duration::from_secs(10), || process.try_wait().expect("a child"));
    assert_eq!(status.code(), Some(1));
    let output = process.wait_with_output().expect("its output");
    let text = String::from_utf8_lossy(&output.stdout);
    let error: Value = serde_json::from_str(text.lines().last().unwrap_or_default()).expect("an error as JSON");
    assert_eq!(error["error"]["code"], "audio.unknown_device", "{text}");
    assert!(error["error"]["message"].as_str().is_some_and(|message| message.contains("Test_Microphone")), "{text}");
}
