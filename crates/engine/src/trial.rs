//! The listening half of a conversation on recordings, without threads, devices or the time that it takes: what comes out
//! of voice activity, endpointer, recognizer, judge and turn when they hear a sound, frame by frame on a clock of its own.
//!
//! For `jarvis bench turn` and for tests of when a user is taken to be done. The parts are the real ones; only what the
//! threads do between them is done in order here. Never plays anything and never has a question answered: the mind only
//! says whether it is whole, and an answer is taken to be ready [`THINKING`] after a question was given to the mind, and heard [`SPEAKING`] after it may be spoken, or at once
//! where its sound was made ahead. All are sooner than they really are, so that a user who is cut off here may not be in
//! truth, and never the other way round.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jarvis_assistant::turn::{Action, Input, Turn, TurnOptions};
use jarvis_assistant::{Mind, Router, skills};
use jarvis_core::{AudioFrame, Cancel, FRAME_SAMPLES, Result, SAMPLE_RATE, SpeechToText, TurnId, Utterance, Vad};
use jarvis_speech::endpoint::{EndpointEvent, EndpointOptions, Endpointer};

/// From a question to the first clause of its answer.
const THINKING: Duration = Duration::from_millis(100);
/// From a question to how likely it is whole.
const WEIGHING: Duration = Duration::from_millis(5);
/// From a clause to its first sound.
const SPEAKING: Duration = Duration::from_millis(50);
/// A quiet room, before and after what is said, and in its pauses.
const ROOM: f32 = 0.0006;
/// How much of it is heard before, and at most after.
const BEFORE: usize = SAMPLE_RATE as usize / 2;
const AFTER: usize = SAMPLE_RATE as usize * 5;
/// Louder than this is part of what was said.
const AUDIBLE: f32 = 0.01;

/// Sentences with a pause inside, the parts before and after it: none of the figures was tuned on them.
pub fn unfinished() -> Vec<(&'static str, &'static str)> {
    pairs(include_str!("../data/unfinished.txt"))
}

/// As [`unfinished`], to tune on.
pub fn unfinished_tuned() -> Vec<(&'static str, &'static str)> {
    pairs(include_str!("../data/unfinished-tuned.txt"))
}

/// Whole sentences, commands and questions.
pub fn finished() -> Vec<&'static str> {
    lines(include_str!("../data/finished.txt")).collect()
}

fn lines(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}

fn pairs(list: &'static str) -> Vec<(&'static str, &'static str)> {
    lines(list).filter_map(|line| line.split_once('|')).collect()
}

/// What is said, at 16 kHz, with nothing before its first sound and after its last.
pub fn trimmed(samples: &[f32]) -> &[f32] {
    let audible = |sample: &f32| sample.abs() > AUDIBLE;
    let from = samples.iter().position(audible).unwrap_or(0);
    let to = samples.iter().rposition(audible).map_or(0, |last| last + 1);
    &samples[from..to.max(from)]
}

/// Both parts with a pause of `seconds` between them.
pub fn with_pause(before: &[f32], seconds: f32, after: &[f32]) -> Vec<f32> {
    let mut samples = trimmed(before).to_vec();
    samples.resize(samples.len() + (seconds * SAMPLE_RATE as f32) as usize, 0.0);
    samples.extend_from_slice(trimmed(after));
    samples
}

/// How a recording was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// What was answered.
    pub text: String,
    /// When it was decided that this is all, in milliseconds after the recording's end; negative within it.
    pub decided_ms: f64,
    /// When the answer could have been heard first, likewise.
    pub sound_ms: f64,
    /// How often a pause was recognized.
    pub takes: u32,
    /// How often words were thought about and the user went on.
    pub revoked: u32,
    /// How likely the language model took what was answered for a whole question, 0..=1; none if it wasn't asked.
    pub whole: Option<f32>,
}

impl Heard {
    /// The user was still speaking, or about to go on.
    pub fn is_cut(&self) -> bool {
        self.sound_ms < 0.0
    }
}

/// The parts that listen.
pub struct Trial<'a> {
    /// Voice activity.
    pub vad: &'a mut dyn Vad,
    /// Recognition.
    pub recognizer: &'a mut dyn SpeechToText,
    /// Whether a question is whole.
    pub mind: &'a mut Mind,
    /// How long recognition is taken to need; none for as long as it does.
    pub recognition: Option<Duration>,
    /// The set silence, in milliseconds.
    pub silence_ms: u32,
}

impl Trial<'_> {
    /// Hears `said` in a quiet room after a key press, up to the first sound of the answer. None if none came.
    ///
    /// # Errors
    /// A part's own.
    pub fn hear(&mut self, said: &[f32]) -> Result<Option<Heard>> {
        self.vad.reset();
        let mut room = Noise(1);
        let sound: Vec<f32> = std::iter::repeat_n(0.0, BEFORE)
            .chain(said.iter().copied())
            .chain(std::iter::repeat_n(0.0, AFTER))
            .map(|sample| sample + room.next())
            .collect();
        let mut stage = Stage::new(self.silence_ms);
        stage.tell(Input::Start);
        for (index, samples) in sound.chunks_exact(FRAME_SAMPLES).enumerate() {
            let mut frame = AudioFrame::silence(index as u64);
            frame.samples.copy_from_slice(samples);
            stage.pass(AudioFrame::DURATION);
            if let Some(sounded) = stage.sounded {
                let end = stage.epoch + duration(BEFORE + said.len());
                let after = |at: Instant| match at.checked_duration_since(end) {
                    Some(after) => after.as_secs_f64() * 1000.0,
                    None => end.duration_since(at).as_secs_f64() * -1000.0,
                };
                return Ok(Some(Heard {
                    text: std::mem::take(&mut stage.text),
                    decided_ms: stage.decided.map_or(f64::NAN, after),
                    sound_ms: after(sounded),
                    takes: stage.takes,
                    revoked: stage.revoked,
                    whole: stage.whole,
                }));
            }
            let probability = self.vad.process(&frame)?;
            stage.frame(&frame, probability);
            if let Some((turn, take, utterance)) = stage.to_recognize.take() {
                let began = Instant::now();
                let words = self.recognizer.transcribe(&utterance.samples, &Cancel::new())?;
                let took = self.recognition.unwrap_or_else(|| began.elapsed());
                let ending = stage.judge.ending(&words.text);
                stage.later(took, Input::Transcribed { turn, take, text: words.text, ending });
            }
            if let Some((turn, text)) = stage.to_weigh.take()
                && let Some(whole) = self.mind.end_of_turn(&text, &Cancel::new())?
            {
                stage.whole = Some(whole);
                stage.later(WEIGHING, Input::Weighed(turn, whole));
            }
        }
        Ok(None)
    }
}

/// The turn, the endpointer, and what is under way between them.
struct Stage {
    epoch: Instant,
    now: Instant,
    turn: Turn,
    endpointer: Endpointer,
    judge: Router,
    recording: Option<TurnId>,
    /// What will happen, by when; the second part of the key keeps the order of what happens at once.
    coming: BTreeMap<(Instant, u32), Input>,
    number: u32,
    to_recognize: Option<(TurnId, u32, Utterance)>,
    to_weigh: Option<(TurnId, String)>,
    whole: Option<f32>,
    takes: u32,
    revoked: u32,
    text: String,
    /// Whose answer has its sound already.
    ahead: Option<TurnId>,
    decided: Option<Instant>,
    sounded: Option<Instant>,
}

impl Stage {
    fn new(silence_ms: u32) -> Self {
        let epoch = Instant::now();
        let options = EndpointOptions { silence_ms, longest_pause_ms: 3000, ..EndpointOptions::default() };
        Self {
            epoch,
            now: epoch,
            turn: Turn::new(TurnOptions::default()),
            endpointer: Endpointer::new(options),
            judge: Router::new(skills::all()),
            recording: None,
            coming: BTreeMap::new(),
            number: 0,
            to_recognize: None,
            to_weigh: None,
            whole: None,
            takes: 0,
            revoked: 0,
            text: String::new(),
            ahead: None,
            decided: None,
            sounded: None,
        }
    }

    fn later(&mut self, after: Duration, input: Input) {
        self.number += 1;
        self.coming.insert((self.now + after, self.number), input);
    }

    /// Lets time pass, with all that happens in it.
    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        loop {
            let tick = self.turn.deadline().filter(|at| *at <= until);
            let next = self.coming.first_key_value().map(|((at, _), _)| *at).filter(|at| *at <= until);
            match (tick, next) {
                (Some(tick), next) if next.is_none_or(|next| tick <= next) => {
                    self.now = self.now.max(tick);
                    self.tell(Input::Tick);
                }
                (_, Some(next)) => {
                    self.now = self.now.max(next);
                    if let Some((_, input)) = self.coming.pop_first() {
                        self.tell(input);
                    }
                }
                _ => break,
            }
        }
        self.now = until;
    }

    fn frame(&mut self, frame: &AudioFrame, probability: f32) {
        let event = self.endpointer.process(frame, probability, self.now);
        let Some(turn) = self.recording else { return };
        match event {
            Some(EndpointEvent::SpeechStart) => self.tell(Input::SpeechStarted(turn)),
            Some(EndpointEvent::Pause) => {
                if let Some(utterance) = self.endpointer.so_far() {
                    self.tell(Input::Paused { turn, utterance, silence: self.endpointer.silence() });
                    if self.endpointer.stirs() {
                        self.tell(Input::Stirred(turn));
                    }
                }
            }
            Some(EndpointEvent::Stir) => self.tell(Input::Stirred(turn)),
            Some(EndpointEvent::GoesOn) => self.tell(Input::WentOn(turn)),
            Some(EndpointEvent::SpeechEnd(utterance) | EndpointEvent::TooLong(utterance)) => {
                self.recording = None;
                self.tell(Input::Heard(turn, utterance));
            }
            Some(EndpointEvent::NoSpeech) => {
                self.recording = None;
                self.tell(Input::HeardNothing(turn));
            }
            None => {}
        }
    }

    fn tell(&mut self, input: Input) {
        if let Input::Started(_) = &input {
            self.sounded.get_or_insert(self.now);
        }
        let mut actions = Vec::new();
        self.turn.on(input, self.now, &mut actions);
        for action in actions {
            match action {
                Action::Listen { turn, .. } => {
                    self.recording = Some(turn);
                    self.endpointer.begin_toggle();
                }
                Action::Close(turn) if self.recording == Some(turn) => {
                    self.recording = None;
                    self.endpointer.cancel();
                }
                Action::Continue { to, .. } => {
                    self.revoked += 1;
                    self.recording = Some(to);
                    // Nothing of what was under way is wanted.
                    self.coming.clear();
                    (self.to_weigh, self.whole) = (None, None);
                }
                Action::Transcribe { turn, take, utterance, .. } => {
                    self.takes += 1;
                    self.to_recognize = Some((turn, take, utterance));
                }
                Action::HearAgain(turn) => {
                    if let Some(utterance) = self.endpointer.so_far() {
                        self.tell(Input::Lasted(turn, utterance));
                    }
                }
                Action::Drop(..) => {
                    self.to_recognize = None;
                    self.coming.retain(|_, input| !matches!(input, Input::Transcribed { .. }));
                }
                Action::Weigh(turn, text) => self.to_weigh = Some((turn, text)),
                Action::Think(turn, text) => {
                    self.decided = Some(self.now);
                    self.text = text;
                    self.later(THINKING, Input::Clause(turn, "Yes.".into()));
                    self.later(THINKING, Input::Answered(turn));
                }
                Action::Ahead(turn, _) => self.ahead = Some(turn),
                Action::Speak(turn, _) => {
                    let made = self.ahead == Some(turn);
                    self.later(if made { Duration::ZERO } else { SPEAKING }, Input::Started(turn));
                }
                _ => {}
            }
        }
    }
}

fn duration(samples: usize) -> Duration {
    Duration::from_secs_f64(samples as f64 / f64::from(SAMPLE_RATE))
}

/// White noise that is the same each time.
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 as f32 / u32::MAX as f32 - 0.5) * 2.0 * ROOM
    }
}
