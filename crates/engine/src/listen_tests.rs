use std::sync::mpsc::channel;

use super::*;
use crate::recorded::Room;
use jarvis_core::{LanguageModel, SpeechToText, TextToSpeech, WakeWord};
use jarvis_settings::Paths;

const ONE: TurnId = TurnId(1);
const TWO: TurnId = TurnId(2);

/// Takes what is loud for speech.
struct Loudness;

impl Vad for Loudness {
    fn process(&mut self, frame: &AudioFrame) -> Result<f32> {
        Ok(if frame.rms() > 0.05 { 0.95 } else { 0.02 })
    }
    fn reset(&mut self) {}
}

/// Nothing but voice activity.
struct Ears;

fn missing<T>() -> Result<T> {
    Err(Error::new("test.missing", "It is not there.", ""))
}

impl Parts for Ears {
    fn activity(&self, _: &Settings) -> Result<Box<dyn Vad>> {
        Ok(Box::new(Loudness))
    }
    fn wake_word(&self, _: &Settings) -> Result<Box<dyn WakeWord>> {
        missing()
    }
    fn recognizer(&self, _: &Settings) -> Result<Box<dyn SpeechToText>> {
        missing()
    }
    fn language_model(&self, _: &Settings, _: &crate::load::Loading) -> Result<Box<dyn LanguageModel>> {
        missing()
    }
    fn voice(&self, _: &Settings) -> Result<Box<dyn TextToSpeech>> {
        missing()
    }
}

/// A listener that is given jobs and frames by hand, on one thread.
struct Listener {
    listen: Listen,
    told: Receiver<Message>,
    settings: Settings,
    next: u64,
    _folder: tempfile::TempDir,
}

impl Listener {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::load_with(&Paths::under(folder.path()), []).unwrap();
        settings.recognition.partial_words = false;
        let (outbox, told) = channel();
        let echo = Echo::new(channel().1);
        let room = Arc::new(Room::new());
        let mut listen = Listen::new(Arc::new(Ears), room, echo, Arc::new(settings.clone()), Outbox(outbox));
        listen.load_activity();
        Self { listen, told, settings, next: 0, _folder: folder }
    }

    fn hear(&mut self, frames: usize, level: f32) {
        for _ in 0..frames {
            let mut frame = AudioFrame::silence(self.next);
            frame.samples = [level; FRAME_SAMPLES];
            self.next += 1;
            self.listen.hear(&frame);
        }
    }

    fn speech(&mut self) {
        self.hear(10, 0.3);
    }

    /// Long enough for a pause, and not for an end.
    fn silence(&mut self) {
        self.hear(5, 0.0);
    }

    fn record(&mut self, turn: TurnId, origin: Origin) {
        self.listen.take(Job::Record { turn, until: Until::Silence, origin });
    }

    /// What the turn was told of the recording since the last call.
    fn told(&mut self) -> Vec<String> {
        let word = |message| match message {
            Message::Turn(Input::SpeechStarted(turn)) => Some(format!("speech {turn}")),
            Message::Turn(Input::Paused { turn, .. }) => Some(format!("pause {turn}")),
            Message::Turn(Input::Lasted(turn, utterance)) => {
                Some(format!("lasted {turn}, {} frames", utterance.samples.len() / FRAME_SAMPLES))
            }
            Message::Turn(Input::WentOn(turn)) => Some(format!("goes on {turn}")),
            Message::Turn(Input::SpokeOver(turn)) => Some(format!("over {turn}")),
            Message::Turn(Input::Heard(turn, _)) => Some(format!("heard {turn}")),
            Message::Turn(Input::HeardNothing(turn)) => Some(format!("nothing {turn}")),
            _ => None,
        };
        let mut words: Vec<String> = self.told.try_iter().filter_map(word).collect();
        words.dedup();
        words
    }
}

#[test]
fn a_pause_that_was_told_for_the_turn_before_is_told_again() {
    let mut listener = Listener::new();
    listener.record(ONE, Origin::Key);
    listener.speech();
    listener.silence();
    listener.speech();
    listener.silence();
    assert_eq!(listener.told(), ["speech 1", "pause 1", "goes on 1", "pause 1"]);
    // The turn made way when the user went on, and knew nothing of the second pause.
    listener.listen.take(Job::Continue { from: ONE, to: TWO });
    assert_eq!(listener.told(), ["pause 2"]);
    listener.speech();
    listener.listen.take(Job::Continue { from: TWO, to: TurnId(3) });
    assert_eq!(listener.told(), ["goes on 2"], "there is no pause to tell of");
}

#[test]
fn what_was_said_before_a_pause_is_handed_over_again_with_what_followed() {
    let mut listener = Listener::new();
    listener.record(ONE, Origin::Key);
    listener.speech();
    listener.listen.take(Job::HearAgain(ONE));
    assert_eq!(listener.told(), ["speech 1"], "there is no pause");
    listener.silence();
    listener.silence();
    listener.listen.take(Job::HearAgain(TWO));
    assert_eq!(listener.told(), ["pause 1"], "it is not that turn's");
    // Of the silence as much as is kept behind an utterance.
    listener.listen.take(Job::HearAgain(ONE));
    assert_eq!(listener.told(), ["lasted 1, 16 frames"]);
    listener.speech();
    listener.listen.take(Job::HearAgain(ONE));
    assert_eq!(listener.told(), ["goes on 1"]);
}

#[test]
fn a_recording_that_ended_before_it_could_go_on_for_another_turn_is_told() {
    let mut listener = Listener::new();
    listener.record(ONE, Origin::Key);
    listener.speech();
    listener.silence();
    listener.listen.take(Job::Finish(ONE));
    assert_eq!(listener.told(), ["speech 1", "pause 1", "heard 1"]);
    listener.listen.take(Job::Continue { from: ONE, to: TWO });
    assert_eq!(listener.told(), ["nothing 2"]);
}

#[test]
fn who_fell_silent_before_the_interruption_was_recorded_is_not_waited_for() {
    let mut listener = Listener::new();
    listener.listen.take(Job::Speaking(Some(ONE)));
    listener.speech();
    listener.silence();
    assert_eq!(listener.told(), ["over 1"]);
    listener.record(TWO, Origin::SpokeOver);
    assert_eq!(listener.told(), ["speech 2", "pause 2"]);
}

#[test]
fn another_microphone_ends_the_recording_with_the_old_one() {
    let mut listener = Listener::new();
    listener.record(ONE, Origin::Key);
    listener.speech();
    assert_eq!(listener.told(), ["speech 1"]);
    listener.settings.audio.input_device = "another".into();
    listener.listen.take(Job::Settings(Arc::new(listener.settings.clone())));
    assert_eq!(listener.told(), ["nothing 1"]);
}

#[test]
fn the_meter_shows_silence_as_nothing_and_full_scale_as_all() {
    assert_eq!(meter(0.0), 0.0);
    assert_eq!(meter(1.0), 1.0);
    assert!((meter(0.0316) - 0.5).abs() < 0.01, "{}", meter(0.0316));
}

#[test]
fn frames_that_never_came_are_counted() {
    let mut listener = Listener::new();
    listener.hear(3, 0.0);
    assert_eq!(listener.listen.missing, 0);
    listener.next += 40;
    listener.hear(3, 0.0);
    assert_eq!(listener.listen.missing, 40);
    // Another microphone begins to count anew.
    listener.listen.forget();
    listener.next = 500;
    listener.hear(3, 0.0);
    assert_eq!(listener.listen.missing, 40);
}
