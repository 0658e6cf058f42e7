//! Whoever speaks over an answer silences it, and "stop" always works.
//!
//! Linux only: the screen, microphone and speaker of the tests are Xvfb and PulseAudio.
#![cfg(target_os = "linux")]

mod common;

use common::{Daemon, Desktop, Microphone, Speaker, Voice, one_at_a_time};
use serde_json::Value;
use std::thread;
use std::time::{Duration, Instant};

/// How loud the microphone hears the speaker where it stands beside it.
const ECHO_DB: f32 = -20.0;
/// How often somebody who is not heard, or misheard, says it.
const CALLS: usize = 4;

/// Asks for something long and waits until it is being spoken. Who isn't heard says it again.
fn begin_a_long_answer(desktop: &Desktop, daemon: &mut Daemon, microphone: &Microphone, speaker: &Speaker) {
    let question = Voice::Piper.speak(desktop, "Hey Jarvis, tell me a long story about a dragon.");
    let answered = (0..CALLS).any(|_| {
        daemon.pass_over();
        let before = speaker.position();
        microphone.say_and_wait(&question);
        if !daemon.sees("first_audio", Duration::from_secs(20)) {
            return false;
        }
        speaker.wait_for_sound(before, Duration::from_secs(20));
        // A question that was misheard may have a short answer, which nobody can interrupt.
        let is_long = daemon.all("intent").last().is_some_and(|event| event["intent"] == "chat");
        if !is_long {
            silence(desktop, speaker);
        }
        is_long
    });
    if !answered {
        daemon.fail("no answer began");
    }
    thread::sleep(Duration::from_millis(700));
}

/// Says `words` over what is being spoken, and watches the speaker until nothing has come from it for 300 ms. Prints how
/// soon it became quieter for good, and silent: the recorder itself is some milliseconds late, and the microphone takes
/// what it is given in pieces of 20 ms; both are in the figures. Gives the turn of the answer; none where nobody was noticed
/// until it was over.
fn interrupt(daemon: &mut Daemon, microphone: &Microphone, speaker: &Speaker, words: &[f32]) -> Option<Value> {
    const WINDOW: usize = 80;
    let levels = |samples: &[f32]| samples.chunks(WINDOW).map(common::level).collect::<Vec<_>>();
    let loud = |samples: &[f32]| levels(samples).into_iter().fold(0.0f32, f32::max);
    let begin = words.iter().position(|sample| sample.abs() > 0.01).expect("words have a sound");
    let before = speaker.position();
    let usual = loud(&speaker.since(before.saturating_sub(16_000)));
    microphone.say(words);
    let ends = |event: &Value| event["event"] == "barge_in" || event["event"] == "playback_end";
    let (_, event) = daemon.wait_until("that somebody speaks", Duration::from_secs(120), ends);
    if event["event"] == "playback_end" {
        println!("nobody was noticed");
        return None;
    }
    speaker.wait_for_silence(Duration::from_millis(300), Duration::from_secs(30));
    let after = levels(&speaker.since(before + begin));
    let last = |limit: f32| after.iter().rposition(|level| *level > limit).map_or(0, |last| last + 1);
    let [quieter, silent] = [usual / 4.0, 0.005].map(|limit| last(limit) * WINDOW / 16);
    println!("quieter {quieter} ms and silent {silent} ms after the user's first sound");
    Some(event["turn"].clone())
}

/// What the words are understood as that were said over the answer of that turn; nothing where none were heard.
fn understood(daemon: &mut Daemon, answer: &Value) -> Value {
    let is_end = |event: &Value| event["event"] == "intent" || event["event"] == "turn_end";
    let of_words = |event: &Value| is_end(event) && event["turn"] != *answer;
    let (_, event) = daemon.wait_until("what was understood", Duration::from_secs(60), of_words);
    if event["intent"].is_null() {
        println!("nothing was understood");
    }
    event["intent"].clone()
}

/// Ends whatever is being done, and waits until nothing is heard of it.
fn silence(desktop: &Desktop, speaker: &Speaker) {
    assert!(desktop.jarvis(&["cancel"]).status().expect("jarvis starts").success());
    speaker.wait_for_silence(Duration::from_secs(1), Duration::from_secs(30));
}

/// Begins a long answer and interrupts it with `words`, which mean `wanted`. Who is not noticed, or misheard, begins again.
fn interrupt_with(
    desktop: &Desktop,
    daemon: &mut Daemon,
    (microphone, speaker): (&Microphone, &Speaker),
    words: &[f32],
    wanted: &str,
) {
    for _ in 0..CALLS {
        begin_a_long_answer(desktop, daemon, microphone, speaker);
        let Some(answer) = interrupt(daemon, microphone, speaker, words) else { continue };
        let meant = understood(daemon, &answer);
        if meant == wanted {
            return;
        }
        println!("misheard as {meant}: {}", daemon.all("transcript").pop().unwrap_or_default()["text"]);
        silence(desktop, speaker);
    }
    daemon.fail(&format!("what was said over the answer was not understood as {wanted}"));
}

#[test]
fn speaking_during_an_answer_silences_it() {
    let _turn = one_at_a_time();
    let desktop = Desktop::start();
    let microphone = Microphone::of(&desktop);
    let speaker = Speaker::of(&desktop);
    let mut daemon = Daemon::start(&desktop, &[]);
    let interruption = Voice::Piper.speak(&desktop, "What time is it?");
    // What was said over the answer is the next turn.
    interrupt_with(&desktop, &mut daemon, (&microphone, &speaker), &interruption, "time.now");
    daemon.wait_for("playback_end", Duration::from_secs(60));
}

#[test]
fn an_answer_that_the_microphone_hears_is_interrupted_by_the_user_and_not_by_itself() {
    let _turn = one_at_a_time();
    let desktop = Desktop::start();
    let speaker = Speaker::of(&desktop);
    let microphone = Microphone::beside(&desktop, &speaker, ECHO_DB);
    let mut daemon = Daemon::start(&desktop, &[]);
    let stop = Voice::Piper.speak(&desktop, "Stop talking.");
    // A busy machine plays with gaps and makes holes in the echo, as no room has, and an answer may take that for somebody.
    // That it hears itself as such shows in every answer.
    let mut spoken = 0;
    for round in 0..6 {
        begin_a_long_answer(&desktop, &mut daemon, &microphone, &speaker);
        let holes = microphone.holes();
        match daemon.sees_one_of(&["barge_in", "playback_end"], Duration::from_secs(2)) {
            None => {}
            Some("barge_in") => {
                println!("round {round}: it interrupted itself, with {} holes in the echo", microphone.holes() - holes);
                silence(&desktop, &speaker);
                continue;
            }
            Some(_) => {
                println!("round {round}: the answer was a short one");
                continue;
            }
        }
        let Some(answer) = interrupt(&mut daemon, &microphone, &speaker, &stop) else { continue };
        // The echo is taken out of it; on a busy machine a word is missing now and then.
        if understood(&mut daemon, &answer) != "assistant.stop" {
            silence(&desktop, &speaker);
            continue;
        }
        speaker.wait_for_silence(Duration::from_secs(1), Duration::from_secs(30));
        spoken += 1;
        if spoken == 2 {
            break;
        }
    }
    if spoken < 2 {
        daemon.fail(&format!("of six answers {spoken} were heard until the user ended them"));
    }
}

#[test]
fn the_self_test_measures_the_echo_and_chooses_who_may_interrupt() {
    let _turn = one_at_a_time();
    let desktop = Desktop::start();
    let speaker = Speaker::of(&desktop);
    let microphone = Microphone::beside(&desktop, &speaker, ECHO_DB);
    let set = desktop.jarvis(&["config", "set", "voice.barge_in", "wake_word"]).status().expect("jarvis starts");
    assert!(set.success());
    // A busy machine plays with gaps, and makes holes in the echo, as no room has: it is given a few chances to be one.
    let mut echo = Value::Null;
    for _ in 0..5 {
        let holes = microphone.holes();
        echo = self_test(&desktop);
        println!("{} ({} holes in the echo)", echo["detail"], microphone.holes() - holes);
        if echo["status"] == "ok" {
            break;
        }
    }
    let detail = echo["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("dB weaker than it is played"), "{echo}");
    assert!(detail.contains("Full duplex"), "{echo}");
    assert_eq!(echo["status"], "ok", "{echo}");
    let chosen = desktop.jarvis(&["--json", "config", "get", "voice.barge_in"]).output().expect("jarvis starts");
    assert!(String::from_utf8_lossy(&chosen.stdout).contains("\"speech\""), "{chosen:?}");
}

#[test]
fn without_a_microphone_the_self_test_says_so_and_chooses_nothing() {
    let _turn = one_at_a_time();
    let desktop = Desktop::start();
    desktop.unplug_microphone();
    desktop.unplug_speaker();
    let echo = self_test(&desktop);
    assert_eq!(echo["status"], "warn", "{echo}");
    assert!(echo["detail"].as_str().is_some_and(|detail| detail.contains("not measured")), "{echo}");
    let chosen = desktop.jarvis(&["--json", "config", "get", "voice.barge_in"]).output().expect("jarvis starts");
    assert!(String::from_utf8_lossy(&chosen.stdout).contains("default"), "{chosen:?}");
}

/// The line of `jarvis doctor --echo` about the echo.
fn self_test(desktop: &Desktop) -> Value {
    let output = desktop.jarvis(&["--json", "doctor", "--echo"]).output().expect("jarvis starts");
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let checks = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    checks.into_iter().find(|check| check["check"] == "echo").unwrap_or_else(|| panic!("no echo in {lines}"))
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
        let silent = speaker.wait_for_silence(Duration::from_millis(300), Duration::from_secs(30));
        println!("silence {} ms after `{command}`", silent.saturating_duration_since(stopped).as_millis());
        daemon.wait_for("cancelled", Duration::from_secs(30));
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
    interrupt_with(&desktop, &mut daemon, (&microphone, &speaker), &stop, "assistant.stop");
    speaker.wait_for_silence(Duration::from_secs(1), Duration::from_secs(30));
}
