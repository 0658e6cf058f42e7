//! Likely phrases: the arithmetic, and two voices that say other things.

use super::super::{Compute, Options};
use super::*;
use crate::testing::{model, runtime};
use crate::tts::{EspeakManner, Piper, espeak_sound};
use jarvis_core::{SAMPLE_RATE, SpeechAudio, SpeechToText, TextToSpeech};

fn allowed(free: &str, phrase: &str) -> Option<f32> {
    margin(&words(free).collect::<Vec<_>>(), &words(phrase).collect::<Vec<_>>())
}

#[test]
fn a_text_that_says_more_is_no_phrase() {
    assert_eq!(allowed("Top.", "Stop."), Some(MARGIN));
    assert_eq!(allowed("", "Stop."), Some(MARGIN));
    assert_eq!(allowed("The cop!", "Stop."), Some(MARGIN_LONGER));
    assert_eq!(allowed("Stop timers.", "Stop."), None);
    assert_eq!(allowed("Stop.", "Stop talking."), Some(MARGIN));
    assert_eq!(allowed("What time is it?", "Stop."), None);
    assert_eq!(allowed("What?", "..."), None);
}

#[test]
fn a_text_begins_in_upper_or_lower_case() {
    assert_eq!(spellings("be quiet"), [" Be quiet", " be quiet"]);
    assert_eq!(spellings(""), [" ", " "]);
}

#[test]
fn logarithms_add() {
    assert!((log_add(0.5f32.ln(), 0.25f32.ln()) - 0.75f32.ln()).abs() < 1e-6);
    assert_eq!(log_add(f32::NEG_INFINITY, -2.0), -2.0);
    assert_eq!(log_add(f32::NEG_INFINITY, f32::NEG_INFINITY), f32::NEG_INFINITY);
}

/// What is called out over an answer to end it.
const EXPECTED: [&str; 14] = [
    "Stop.",
    "Stop it.",
    "Stop talking.",
    "Stop, please.",
    "Stop now.",
    "Stop, stop.",
    "Be quiet.",
    "Quiet.",
    "Shut up.",
    "Enough.",
    "That's enough.",
    "Cancel.",
    "Never mind.",
    "Silence.",
];

/// What is said as shortly and means something else.
const ORDINARY: [&str; 40] = [
    "Yes.",
    "No.",
    "Okay.",
    "Thanks.",
    "Go on.",
    "What time is it?",
    "Say that again.",
    "Tell me more.",
    "And then?",
    "Play some music.",
    "Open the door.",
    "Turn it up.",
    "A little louder.",
    "Good morning.",
    "Who is that?",
    "Where is it?",
    "Ten minutes.",
    "Tomorrow.",
    "Read it again.",
    "Not now.",
    "Maybe later.",
    "I see.",
    "Really?",
    "Call my mother.",
    "The next song.",
    "In the kitchen.",
    "Set an alarm.",
    "Take a note.",
    "Lights on.",
    "How much is that?",
    "Top ten songs.",
    "Shut the door.",
    "Stop the timer.",
    "Cancel the alarm.",
    "Is it enough for two?",
    "I don't mind the rain.",
    "He is quite good.",
    "Pass me the pencil.",
    "At the bus stop.",
    "What is science?",
];

/// At the microphone's rate; a straight line between samples is good enough to be understood.
fn at_16_khz(audio: &SpeechAudio) -> Vec<f32> {
    let step = audio.sample_rate as f32 / SAMPLE_RATE as f32;
    let count = (audio.samples.len().saturating_sub(1) as f32 / step) as usize;
    let between = |at: f32| {
        let (first, part) = (at as usize, at.fract());
        audio.samples[first] * (1.0 - part) + audio.samples[first + 1] * part
    };
    (0..count).map(|i| between(i as f32 * step)).collect()
}

#[test]
fn two_voices_that_say_other_things_are_not_silenced() {
    let options = Options { compute: Compute::Processor, ..Options::default() };
    let mut whisper = Whisper::load(&model("whisper-tiny.en"), &options).unwrap();
    let mut piper = Piper::with_espeak(&runtime(), &model("piper-en_US-joe-medium")).unwrap();
    let manner = EspeakManner { voice: "en-us".into(), pitch: 50, speed: 160 };
    let mut taken = Vec::new();
    for text in ORDINARY {
        let sounds = [piper.synthesize(text, &Cancel::new()).unwrap(), espeak_sound(text, &manner).unwrap()];
        for sound in sounds.iter().map(at_16_khz) {
            let freely = whisper.transcribe(&sound, &Cancel::new()).unwrap().text;
            let heard = whisper.transcribe_expecting(&sound, &EXPECTED, &Cancel::new()).unwrap().text;
            if heard != freely {
                taken.push(format!("\"{text}\", heard as \"{freely}\", was taken for \"{heard}\""));
            }
        }
    }
    assert!(taken.is_empty(), "{taken:#?}");
}
