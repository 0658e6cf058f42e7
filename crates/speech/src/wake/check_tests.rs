//! On real recognized sound: calls and what sounds like them, in synthetic voices, rooms and noise.

use super::*;
use crate::stt::{Options, Whisper};
use crate::testing;
use crate::tts::Piper;
use crate::wake::OpenWakeWord;
use crate::wake::train::{Exam, Plan, Voices, exam_sounds};
use jarvis_core::{Cancel, SpeechToText, WakeWord};
use proptest::prelude::*;

const NEAR_MISSES: [&str; 8] =
    ["hey Travis", "hey service", "hey Davis", "hey Charles", "hey Jared", "hey Marvin", "starve us", "hey purpose"];

struct Ear {
    whisper: Whisper,
    wake: OpenWakeWord,
    check: WakeCheck,
}

impl Ear {
    fn new() -> Self {
        let mut wake = OpenWakeWord::load(&testing::runtime(), &testing::model("wake-hey-jarvis")).unwrap();
        // As easily as it can be woken, so that there is something to look at.
        wake.set_sensitivity(1.0);
        let whisper = Whisper::load(&testing::model("whisper-tiny.en"), &Options::default()).unwrap();
        Self { whisper, wake, check: WakeCheck::new("hey jarvis").unwrap() }
    }

    /// What the second look says of each wake in `sound`, and what it is told.
    fn looks(&mut self, sound: &[f32]) -> Vec<(bool, String)> {
        self.wake.reset();
        let mut wakes = Vec::new();
        for frame in testing::frames(sound) {
            wakes.extend(self.wake.process(&frame).unwrap());
        }
        wakes.into_iter().map(|wake| self.look(sound, wake.at_sample as usize)).collect()
    }

    fn look(&mut self, sound: &[f32], at: usize) -> (bool, String) {
        let part = &sound[at.saturating_sub(24_000)..(at + 1_600).min(sound.len())];
        let heard = self.whisper.transcribe_and_weigh(part, self.check.words(), &Cancel::new()).unwrap();
        let told = format!(
            "{:?} odds {:.1} likeness {:.2}",
            heard.transcript.text,
            heard.odds.unwrap_or(f32::NAN),
            self.check.likeness(&heard.transcript.text)
        );
        (self.check.is_call(&heard), told)
    }
}

fn exam(seed: u64, amount: f32) -> Exam {
    let piper = Piper::with_espeak(&testing::runtime(), &testing::model("piper-en_US-joe-medium")).unwrap();
    let plan = Plan { phrase: "hey jarvis".into(), seed, amount };
    exam_sounds(&plan, &NEAR_MISSES, &mut Voices::new(vec![piper]).unwrap(), &Cancel::new()).unwrap()
}

#[test]
fn a_recorded_call_stands() {
    let mut ear = Ear::new();
    let mut sound = vec![0.0; 32_000];
    sound.extend(testing::recording("hey-jarvis-what-time-is-it"));
    let looks = ear.looks(&sound);
    assert!(!looks.is_empty() && looks.iter().all(|(is_call, _)| *is_call), "{looks:?}");
}

/// Recognition wrote `text`, and holds the phrase for `odds` as likely.
fn heard(text: &str, odds: f32) -> Weighed {
    let transcript = Transcript { text: text.into(), ..Transcript::default() };
    Weighed { transcript, odds: Some(odds) }
}

#[test]
fn only_what_was_half_understood_and_is_much_likelier_is_taken_back() {
    let mut check = WakeCheck::new("hey Jarvis").unwrap();
    // As recognition wrote calls in noise, and with what odds.
    for (text, odds) in [
        ("Hey, Jervis.", -4.0),
        ("Well, okay Jarvis", -30.0),
        ("Can you join this?", -12.4),
        ("Letters of A. Jarvis.", -9.6),
        ("Hey, Jotter.", -4.1),
        ("Hey, Travis.", -1.6),
        ("", -20.0),
    ] {
        assert!(check.is_call(&heard(text, odds)), "{text}");
    }
    let mut unsure = heard("A daughter of his", -17.6);
    unsure.transcript.average_log_probability = -0.91;
    assert!(check.is_call(&unsure));
    assert!(check.is_call(&Weighed { odds: None, ..heard("Hello, Travis.", 0.0) }), "nobody can tell");
    for (text, odds) in [
        ("Hey, just listen.", -11.3),
        ("Hay is stored in the barn.", -8.3),
        ("Hey, it's going to be the moment.", -8.3),
        ("A service.", -10.3),
        ("Hello, Jarvis.", -19.8),
        ("Hello, Jervis.", -17.6),
        ("My Jarvis.", -19.9),
        ("Jarvis", -12.3),
    ] {
        assert!(!check.is_call(&heard(text, odds)), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_is_likelier_is_never_less_of_a_call(text in "[a-zA-Z ,.]{0,24}", odds in -40.0_f32..5.0, more in 0.0_f32..20.0) {
        let mut check = WakeCheck::new("hey computer").unwrap();
        prop_assert!(!check.is_call(&heard(&text, odds)) || check.is_call(&heard(&text, odds + more)));
        let called = format!("{text} hey computer");
        prop_assert!(check.is_call(&heard(&called, odds)), "{}", called);
    }
}

/// Also in rooms and in noise in which recognition writes anything but the name: all but a few that nobody can make out.
#[test]
fn calls_stand_and_part_of_what_only_sounds_like_them_does_not() {
    let (mut ear, exam) = (Ear::new(), exam(5, 0.6));
    let calls: Vec<_> = exam.calls.iter().map(|(sound, end)| ear.look(sound, *end)).collect();
    let near: Vec<_> = exam.near.iter().flat_map(|sound| ear.looks(sound)).collect();
    let lost: Vec<_> = calls.iter().filter(|(is_call, _)| !is_call).map(|(_, told)| told).collect();
    let stands: Vec<_> = near.iter().filter(|(is_call, _)| *is_call).map(|(_, told)| told).collect();
    assert!(lost.len() * 12 <= calls.len(), "{} of {} calls: {lost:#?}", lost.len(), calls.len());
    println!("{} of {} calls lost; {} of {} others stand", lost.len(), calls.len(), stands.len(), near.len());
    assert!(near.len() >= 10 && stands.len() < near.len(), "{} of {}: {stands:#?}", stands.len(), near.len());
}
