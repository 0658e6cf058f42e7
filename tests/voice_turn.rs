//! A whole voice turn on real sound: speech into the microphone, speech out of the speaker.

mod common;

use common::{Daemon, Desktop, Microphone, Speaker, Voice, one_at_a_time, transcribe};
use std::process::Command;
use std::time::Duration;

/// How long an answer may take to begin, end of speech to first sound, before the test gives up on it.
const ANSWER: Duration = Duration::from_secs(20);

/// Everything that takes part in a conversation.
struct Conversation {
    daemon: Daemon,
    speaker: Speaker,
    microphone: Microphone,
    desktop: Desktop,
}

impl Conversation {
    fn start() -> Self {
        let desktop = Desktop::start();
        let microphone = Microphone::of(&desktop);
        let speaker = Speaker::of(&desktop);
        let daemon = Daemon::start(&desktop, &[]);
        Self { daemon, speaker, microphone, desktop }
    }

    /// Says something after the wake word and returns what the answer sounds like, in words.
    fn ask(&mut self, voice: Voice, text: &str) -> String {
        let speech = voice.speak(&self.desktop, text);
        self.daemon.pass_over();
        let before = self.speaker.position();
        self.microphone.say_and_wait(&speech);
        self.daemon.wait_for("first_audio", ANSWER);
        self.daemon.wait_for("playback_end", Duration::from_secs(60));
        self.speaker.wait_for_silence(Duration::from_millis(400), Duration::from_secs(5));
        transcribe(&self.desktop, &self.speaker.since(before))
    }
}

/// Hour and minute now, on a clock of twelve hours.
fn clock() -> (u32, u32) {
    let output = Command::new("date").arg("+%I %M").output().expect("date runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let mut numbers = text.split_whitespace().map(|number| number.parse().expect("a number"));
    (numbers.next().expect("the hour"), numbers.next().expect("the minute"))
}

/// Whether `words` tell that time, however the recognizer writes it: `10:05`, `10.05`, `10 05`, `ten oh five`.
fn tells(words: &str, (hour, minute): (u32, u32)) -> bool {
    let digits: Vec<u32> = words
        .split(|c: char| !c.is_ascii_digit())
        .filter(|run| !run.is_empty())
        .filter_map(|run| run.parse().ok())
        .collect();
    let spoken = format!("{} {}", number(hour), minutes(minute));
    let plain: String = words.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let exact = minute == 0 && digits.first() == Some(&hour);
    exact || digits.windows(2).any(|pair| pair == [hour, minute]) || digits.contains(&(hour * 100 + minute))
        || plain.contains(spoken.trim())
}

fn number(n: u32) -> String {
    const SMALL: [&str; 20] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
        "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
    ];
    const TENS: [&str; 6] = ["", "", "twenty", "thirty", "forty", "fifty"];
    match (n / 10, n % 10) {
        _ if n < 20 => SMALL[n as usize].into(),
        (tens, 0) => TENS[tens as usize].into(),
        (tens, ones) => format!("{} {}", TENS[tens as usize], SMALL[ones as usize]),
    }
}

fn minutes(minute: u32) -> String {
    match minute {
        0 => String::new(),
        1..=9 => format!("oh {}", number(minute)),
        _ => number(minute),
    }
}

#[test]
fn the_time_is_told_however_it_is_written() {
    assert!(tells("it's 10:05 am.", (10, 5)));
    assert!(tells("it is 10 05", (10, 5)));
    assert!(tells("it's ten oh five", (10, 5)));
    assert!(tells("it's twelve forty-six pm", (12, 46)));
    assert!(tells("it's 3 o'clock", (3, 0)));
    assert!(!tells("it's 10:06 am.", (10, 5)));
    assert!(!tells("", (10, 5)));
}

#[test]
fn a_spoken_question_for_the_time_gets_the_right_time_spoken() {
    let _turn = one_at_a_time();
    let mut conversation = Conversation::start();
    for voice in [Voice::Piper, Voice::Espeak] {
        let before = clock();
        let answer = conversation.ask(voice, "Hey Jarvis, what time is it?");
        // The minute may turn while it is said.
        let after = clock();
        assert!(
            tells(&answer, before) || tells(&answer, after),
            "{voice:?} asked at {before:?} and heard “{answer}”; written it was “{}”",
            conversation.daemon.last_reply()
        );
        let intent = conversation.daemon.all("intent").pop().expect("it was understood");
        assert_eq!(intent["intent"], "time.now");
        let first = conversation.daemon.all("first_audio").pop().expect("it was spoken");
        let latency = first["since_speech_end_ms"].as_f64().expect("it was measured");
        println!("{voice:?}: skill, end of speech to first sound: {latency:.0} ms");
    }
}

#[test]
fn a_question_for_the_language_model_is_answered() {
    let _turn = one_at_a_time();
    let mut conversation = Conversation::start();
    let answer = conversation.ask(Voice::Piper, "Hey Jarvis, what is the capital of France?");
    let intent = conversation.daemon.all("intent").pop().expect("it was understood");
    assert_eq!(intent["intent"], "chat");
    assert!(answer.contains("paris"), "it answered “{answer}”; written “{}”", conversation.daemon.last_reply());
    let first = conversation.daemon.all("first_audio").pop().expect("it was spoken");
    println!("language model, end of speech to first sound: {} ms", first["since_speech_end_ms"]);
}

#[test]
fn twenty_turns_in_a_row_without_a_restart() {
    let _turn = one_at_a_time();
    let mut conversation = Conversation::start();
    let questions = ["what time is it?", "what is twelve times twelve?", "what day is it today?", "how are you?"];
    let mut latencies = Vec::new();
    for turn in 0..20 {
        let text = format!("Hey Jarvis, {}", questions[turn % questions.len()]);
        let answer = conversation.ask(Voice::Piper, &text);
        assert!(!answer.is_empty(), "turn {turn}, “{text}”: nothing was heard");
        if turn % questions.len() == 1 {
            assert!(answer.contains("144"), "turn {turn}: “{answer}”");
        }
        let first = conversation.daemon.all("first_audio").pop().expect("it was spoken");
        latencies.push(first["since_speech_end_ms"].as_f64().expect("it was measured"));
    }
    assert_eq!(conversation.daemon.all("error"), Vec::<serde_json::Value>::new());
    println!("end of speech to first sound, 20 turns: {latencies:.0?} ms");
}
