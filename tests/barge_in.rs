//! Whoever speaks over an answer silences it, and "stop" always works.
//!
//! Linux only: the screen, microphone and speaker of the tests are Xvfb and PulseAudio.
#![cfg(target_os = "linux")]

mod common;

use common::{Daemon, Desktop, Microphone, Speaker, Voice, one_at_a_time};
use std::thread;
use std::time::{Duration, Instant};

/// A guard against an answer that goes on: far below what the answer has left to say, far above what silence takes, which
/// each test prints.
const SILENT_WITHIN: Duration = Duration::from_secs(2);

/// Asks for something long and waits until it is being spoken.
fn begin_a_long_answer(desktop: &Desktop, daemon: &mut Daemon, microphone: &Microphone, speaker: &Speaker) {
    let question = Voice::Piper.speak(desktop, "Hey Jarvis, tell me a long story about a dragon.");
    daemon.pass_over();
    let before = speaker.position();
    microphone.say_and_wait(&question);
    daemon.wait_for("first_audio", Duration::from_secs(20));
    speaker.wait_for_sound(before, Duration::from_secs(5));
    thread::sleep(Duration::from_millis(700));
}

#[test]
fn speaking_during_an_answer_silences_it() {
    let _turn = one_at_a_time();
    let desktop = Desktop::start();
    let microphone = Microphone::of(&desktop);
    let speaker = Speaker::of(&desktop);
    let mut daemon = Daemon::start(&desktop, &[]);
    let interruption = Voice::Piper.speak(&desktop, "What time is it?");
    begin_a_long_answer(&desktop, &mut daemon, &microphone, &speaker);

    microphone.say(&interruption);
    let said = Instant::now();
    let (barged, _) = daemon.wait_for("barge_in", Duration::from_secs(5));
    let silent = speaker.wait_for_silence(Duration::from_millis(300), Duration::from_secs(5));
    println!(
        "barge-in after {} ms of speech, silence {} ms later",
        barged.duration_since(said).as_millis(),
        silent.saturating_duration_since(barged).as_millis()
    );
    assert!(silent.saturating_duration_since(barged) < SILENT_WITHIN);
    // What was said over the answer is the next turn.
    let (_, intent) = daemon.wait_for("intent", Duration::from_secs(15));
    assert_eq!(intent["intent"], "time.now");
    daemon.wait_for("playback_end", Duration::from_secs(20));
}

#[test]
fn the_commands_silence_an_answer_at_once() {
    let _turn = one_at_a_time();
    let desktop = Desktop::start();
    let microphone = Microphone::of(&desktop);
    let speaker = Speaker::of(&desktop);
    let mut daemon = Daemon::start(&desktop, &[]);
    for command in ["stop", "cancel"] {
        begin_a_long_answer(&desktop, &mut daemon, &microphone, &speaker);
        let status = desktop.jarvis(&[command]).status().expect("jarvis starts");
        assert!(status.success());
        let stopped = Instant::now();
        let silent = speaker.wait_for_silence(Duration::from_millis(300), Duration::from_secs(5));
        println!("silence {} ms after `{command}`", silent.saturating_duration_since(stopped).as_millis());
        assert!(silent.saturating_duration_since(stopped) < SILENT_WITHIN, "{command}");
        daemon.wait_for("cancelled", Duration::from_secs(2));
    }
}

#[test]
fn a_spoken_stop_ends_the_answer_and_says_nothing_more() {
    let _turn = one_at_a_time();
    let desktop = Desktop::start();
    let microphone = Microphone::of(&desktop);
    let speaker = Speaker::of(&desktop);
    let mut daemon = Daemon::start(&desktop, &[]);
    let stop = Voice::Piper.speak(&desktop, "Stop talking.");
    begin_a_long_answer(&desktop, &mut daemon, &microphone, &speaker);
    microphone.say(&stop);
    daemon.wait_for("barge_in", Duration::from_secs(5));
    let (_, intent) = daemon.wait_for("intent", Duration::from_secs(15));
    assert_eq!(intent["intent"], "assistant.stop", "{intent}");
    speaker.wait_for_silence(Duration::from_secs(1), Duration::from_secs(5));
}
