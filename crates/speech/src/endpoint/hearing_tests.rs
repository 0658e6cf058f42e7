//! The whole ear on a real recording: wake word, voice activity, endpointer and recognition, wired as the engine wires
//! them.

use super::{EndpointEvent, EndpointOptions, Endpointer};
use crate::stt::{Options, Whisper};
use crate::testing;
use crate::vad::Silero;
use crate::wake::OpenWakeWord;
use jarvis_core::{AudioFrame, Cancel, SpeechToText, Utterance, Vad, WakeWord};
use std::time::Instant;

const SECOND: usize = 16_000;
/// Where in the recording the wake word is over and the request begins.
const REQUEST: usize = 12_800;

struct Ear {
    wake: OpenWakeWord,
    vad: Silero,
    endpointer: Endpointer,
}

impl Ear {
    fn new() -> Self {
        let runtime = testing::runtime();
        Self {
            wake: OpenWakeWord::load(&runtime, &testing::model("wake-hey-jarvis")).unwrap(),
            vad: Silero::load(&runtime, &testing::model("silero-vad")).unwrap(),
            endpointer: Endpointer::new(EndpointOptions::default()),
        }
    }

    /// What comes of the sound; a wake word begins a request.
    fn hear(&mut self, sound: &[f32]) -> Vec<EndpointEvent> {
        let epoch = Instant::now();
        let mut events = Vec::new();
        for frame in testing::frames(sound) {
            let woken = self.wake.process(&frame).unwrap().is_some();
            let probability = self.vad.process(&frame).unwrap();
            let heard = epoch + AudioFrame::DURATION * (frame.index as u32 + 1);
            let event = self.endpointer.process(&frame, probability, heard);
            events.extend(
                event.filter(|event| {
                    !matches!(event, EndpointEvent::Pause | EndpointEvent::Stir | EndpointEvent::GoesOn)
                }),
            );
            if woken && !self.endpointer.is_active() {
                self.endpointer.begin_after_wake();
            }
        }
        events
    }
}

fn recognize(utterance: &Utterance) -> String {
    let mut whisper = Whisper::load(&testing::model("whisper-tiny.en"), &Options::default()).unwrap();
    whisper.transcribe(&utterance.samples, &Cancel::new()).unwrap().text.to_lowercase()
}

/// Sound with a quiet room before and after it.
fn in_a_room(sound: &[f32]) -> Vec<f32> {
    let mut room = testing::noise(0.002, 2 * SECOND);
    room.extend(sound);
    room.extend(testing::noise(0.002, 7 * SECOND));
    room
}

#[test]
fn a_request_said_in_one_breath_with_the_wake_word_is_whole() {
    let events = Ear::new().hear(&in_a_room(&testing::recording("hey-jarvis-what-time-is-it")));
    let [EndpointEvent::SpeechStart, EndpointEvent::SpeechEnd(utterance)] = &events[..] else { panic!("{events:?}") };
    let text = recognize(utterance);
    assert!(text.contains("what time is it") && !text.contains("jarvis"), "{text}");
}

#[test]
fn the_wake_word_alone_is_no_request() {
    let recording = testing::recording("hey-jarvis-what-time-is-it");
    let events = Ear::new().hear(&in_a_room(&recording[..REQUEST]));
    assert!(matches!(events[..], [EndpointEvent::NoSpeech]), "{events:?}");
}

#[test]
fn a_held_key_hears_what_the_user_says_and_nothing_else() {
    let mut ear = Ear::new();
    let recording = testing::recording("hey-jarvis-what-time-is-it");
    let request = &recording[REQUEST..];
    ear.hear(&testing::noise(0.002, SECOND));
    ear.endpointer.begin_hold();
    let events = ear.hear(&in_a_room(request));
    assert!(matches!(events[..], [EndpointEvent::SpeechStart]), "{events:?}");
    let Some(EndpointEvent::SpeechEnd(utterance)) = ear.endpointer.release() else { panic!("no utterance") };
    assert!((1.0..2.2).contains(&utterance.seconds()), "{} s: the silence around is cut", utterance.seconds());
    let text = recognize(&utterance);
    assert!(text.contains("what time is it"), "{text}");
}

#[test]
fn noise_and_a_click_are_no_request() {
    let mut ear = Ear::new();
    let mut sound = testing::noise(0.05, 7 * SECOND);
    for sample in &mut sound[SECOND..SECOND + SECOND / 5] {
        *sample *= 15.0;
    }
    ear.endpointer.begin_toggle();
    let events = ear.hear(&sound);
    assert!(matches!(events[..], [EndpointEvent::NoSpeech]), "{events:?}");
}
