//! Sentences with a pause of 0.7 s inside, by two voices, through the real parts: nobody is cut off. And whole ones are
//! known for whole soon.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use jarvis_assistant::{Mind, Router, skills};
use jarvis_audio::wav;
use jarvis_core::{Cancel, SpeechToText, SystemClock, TextToSpeech, Vad};
use jarvis_engine::load::{Installed, Loading, Parts};
use jarvis_engine::trial::{self, Heard, Trial, with_pause};
use jarvis_settings::{Paths, Settings};

/// Inside of the sentences.
const PAUSE: f32 = 0.7;
/// Quicker than it is: the sooner the words are known, the sooner someone could be cut off.
const RECOGNITION: Duration = Duration::from_millis(80);

struct Ear {
    vad: Box<dyn Vad>,
    recognizer: Box<dyn SpeechToText>,
    mind: Mind,
    piper: Box<dyn TextToSpeech>,
    folder: tempfile::TempDir,
}

impl Ear {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::discover().unwrap();
        let settings = Settings::load_with(&Paths::under(folder.path()), []).unwrap();
        let parts = Installed::new(&paths).with_phrases(folder.path().join("phrases"));
        let installed = "the models are not installed: run `make models`";
        let mut mind = Mind::new(Router::new(skills::all()), Arc::new(SystemClock), (&settings.mind).into());
        mind.set_model(parts.language_model(&settings, &Loading::default()).expect(installed));
        Self {
            mind,
            vad: parts.activity(&settings).expect(installed),
            recognizer: parts.recognizer(&settings).expect(installed),
            piper: parts.voice(&settings).expect(installed),
            folder,
        }
    }

    /// What one of the two voices says.
    fn say(&mut self, by_espeak: bool, text: &str) -> Vec<f32> {
        let file = self.folder.path().join("said.wav");
        if by_espeak {
            espeak(&file, text);
        } else {
            wav::write(&file, &self.piper.synthesize(text, &Cancel::new()).unwrap()).unwrap();
        }
        wav::read(&file).unwrap()
    }

    fn hear(&mut self, said: &[f32]) -> Option<Heard> {
        let mut trial = Trial {
            vad: &mut *self.vad,
            recognizer: &mut *self.recognizer,
            mind: &mut self.mind,
            recognition: Some(RECOGNITION),
            silence_ms: 700,
        };
        trial.hear(said).unwrap()
    }

    /// Each sentence by one of the voices in turn, with its pause; those that were cut off.
    fn cut_off(&mut self, sentences: &[(&str, &str)]) -> Vec<String> {
        let mut cut = Vec::new();
        for (number, (before, after)) in sentences.iter().enumerate() {
            let by_espeak = number % 2 == 1;
            // The comma keeps the voice up.
            let first = self.say(by_espeak, &format!("{before},"));
            let second = self.say(by_espeak, after);
            let heard = self.hear(&with_pause(&first, PAUSE, &second));
            println!("{before} | {after}\n    {heard:?}");
            if heard.as_ref().is_none_or(Heard::is_cut) {
                cut.push(format!("{before} | {after}: {heard:?}"));
            }
        }
        cut
    }
}

fn espeak(file: &Path, text: &str) {
    let status = Command::new("espeak-ng")
        .args(["-v", "en-us", "-s", "150", "-w"])
        .arg(file)
        .arg(text)
        .status()
        .expect("espeak-ng starts: run scripts/bootstrap");
    assert!(status.success(), "espeak-ng: {status}");
}

#[test]
fn a_pause_inside_a_sentence_cuts_nobody_off() {
    let sentences = trial::unfinished();
    assert_eq!(sentences.len(), 50);
    let cut = Ear::new().cut_off(&sentences);
    assert_eq!(cut, Vec::<String>::new());
}

/// The ones that the judge of endings was tuned on: what it learned from them it still knows.
#[test]
fn nor_does_one_in_a_sentence_that_was_tuned_on() {
    let cut = Ear::new().cut_off(&trial::unfinished_tuned());
    assert_eq!(cut, Vec::<String>::new());
}

#[test]
fn a_whole_sentence_is_answered_once_and_whole() {
    let mut ear = Ear::new();
    let (mut decided, mut sounded) = (Vec::new(), Vec::new());
    for (number, sentence) in trial::finished().into_iter().enumerate() {
        let said = ear.say(number % 2 == 1, sentence);
        let heard = ear.hear(trial::trimmed(&said)).unwrap_or_else(|| panic!("{sentence}: not answered"));
        println!("{sentence}\n    {heard:?}");
        assert!(!heard.is_cut(), "{sentence}: {heard:?}");
        decided.push(heard.decided_ms);
        sounded.extend(heard.whole.map(|_| heard.sound_ms));
    }
    decided.sort_by(f64::total_cmp);
    println!("decided after a whole sentence, ms, in order: {decided:.0?}");
    sounded.sort_by(f64::total_cmp);
    println!("a question's first sound at the soonest, ms, in order: {sounded:.0?}");
}
