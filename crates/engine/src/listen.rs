//! The listening thread: the microphone's frames in, wake words and utterances out. Owns the microphone, the wake word,
//! voice activity and the endpointer.
//!
//! Works only when a frame comes; with the microphone off it sleeps. Without a wake word the microphone is open only while
//! it is needed and [`KEEP_OPEN`] longer. Never decides what an utterance is for: the turn says when to record.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError};
use std::time::{Duration, Instant};

use jarvis_assistant::turn::{Input, Origin, Until};
use jarvis_audio::Captured;
use jarvis_core::{AssistantEvent, AudioFrame, Error, FRAME_SAMPLES, Result, TurnId, Utterance, Vad};
use jarvis_settings::{BargeIn, Settings};
use jarvis_speech::endpoint::{EndpointEvent, EndpointOptions, Endpointer};

use crate::DeviceStatus;
use crate::echo::Echo;
use crate::io::{AudioIo, Microphone};
use crate::load::{ACTIVITY_MODEL, Parts, load_and_tell};
use crate::message::{Loaded, Message, Outbox, PANICKED, Part, contained};
use crate::wake_gate::WakeGate;

/// Work for the thread.
pub(crate) enum Job {
    /// Record the user for this turn.
    Record { turn: TurnId, until: Until, origin: Origin },
    /// End the recording for this turn and hand it over.
    Finish(TurnId),
    /// Hand over what was said for this turn before the pause that there is.
    HearAgain(TurnId),
    /// Throw the recording for this turn away.
    Discard(TurnId),
    /// The recording for one turn is another's from now on.
    Continue { from: TurnId, to: TurnId },
    /// Look for speech although nothing is spoken or asked, or no more.
    Attend(bool),
    /// The answer of this turn is being spoken; none when nothing is.
    Speaking(Option<TurnId>),
    /// Open or close the microphone.
    Microphone(bool),
    /// Whether someone watches the level.
    Level(bool),
    /// What woke Jarvis was no call. `to_say_so`: it is said by voice, and that was begun by the wake word. The answer is
    /// whether there was anything to remember.
    NotCalled { to_say_so: bool, answer: SyncSender<Result<bool>> },
    /// Take these settings, and load again what is not there.
    Settings(Arc<Settings>),
}

/// Sound that is kept from before a wake word was noticed: all of the word.
const WAKE_WORD: usize = 16_000 * 3 / 2;

/// Sound that is waited for after a wake word was noticed, for a second look at it: it may not be quite over.
const AFTER_WAKE: usize = 16_000 / 10;

/// Wakes that can be named as mistakes, and how long ago one may be that is named by voice, in words that may have been
/// called in themselves.
const WAKES: usize = 4;
const LATELY: Duration = Duration::from_secs(120);

/// An utterance shorter than this right after the wake word, in seconds, is recognized together with it: by itself it may
/// be no more than the word's end, which becomes anything.
const SHORT: f32 = 1.0;

/// New sound, in samples, after which the words so far are worth another look: 0.8 s ...
const GLIMPSE: usize = 16_000 * 4 / 5;
/// ... and one such part of all that was said, since a look takes time in proportion to it.
const GLIMPSE_PART: usize = 5;

/// The longest pause that the endpointer waits for by itself; the turn, which knows the words, ends earlier ones.
const LONGEST_PAUSE_MS: u32 = 3000;

/// How long a silent device may keep a job waiting.
const PATIENCE: Duration = Duration::from_millis(100);

/// Frames for one report of the level: 128 ms, so at most 8 reports a second.
const LEVEL_FRAMES: u32 = 4;

/// How long a microphone that nothing needs stays open: the next question may follow, and its first word is kept whole by
/// what was heard before the key.
const KEEP_OPEN: Duration = Duration::from_secs(5);

/// Panics of wake word and voice activity, one soon after the other, that are a fault and not an accident.
const PANICS: u32 = 2;

/// Frames without a panic after which the next one is an accident again: half a minute.
const STEADY: u32 = 1000;

/// The thread's state.
pub(crate) struct Listen {
    parts: Arc<dyn Parts>,
    io: Arc<dyn AudioIo>,
    echo: Echo,
    settings: Arc<Settings>,
    outbox: Outbox,

    /// Wanted: not muted.
    on: bool,
    microphone: Option<Box<dyn Microphone>>,
    /// A frame came since it was opened or restored.
    works: bool,
    /// It is gone. Kept "open" then, so that its return is noticed.
    lost: bool,
    /// When to close it, while nothing needs it.
    close_at: Option<Instant>,
    activity: Result<Box<dyn Vad>, Error>,
    wake: Option<WakeGate>,
    /// Of the files that it was loaded from.
    wake_version: u64,
    /// When it was heard, the newest first, and whether that began a turn.
    wakes: VecDeque<(Instant, bool)>,
    /// Panics in a row, and frames since the last.
    panics: u32,
    steady: u32,
    endpointer: Endpointer,
    /// The user may be speaking over the answer.
    sign: bool,
    recording: Option<TurnId>,
    /// Samples of the recording at which the words so far are wanted next.
    glimpse_at: usize,
    speaking: Option<TurnId>,
    /// Speech is looked for after an answer.
    attends: bool,
    /// The newest sound, for the wake word in it.
    lately: VecDeque<f32>,
    /// The wake word and all since, while that is short.
    since_wake: Option<Vec<f32>>,
    /// How much of that is wanted for a second look, until it was handed over.
    look_at: Option<usize>,
    watch_level: bool,
    loudest: f32,
    level_frames: u32,
    /// The number that the next frame should have, how many never came, and how many of them are worth the next word.
    next_frame: u64,
    missing: u64,
    told_missing: u64,
}

impl Listen {
    /// Nothing is opened or loaded before [`Self::run`].
    pub(crate) fn new(
        parts: Arc<dyn Parts>,
        io: Arc<dyn AudioIo>,
        echo: Echo,
        settings: Arc<Settings>,
        outbox: Outbox,
    ) -> Self {
        let endpointer = Endpointer::new(endpoint_options(&settings));
        Self {
            parts,
            io,
            echo,
            settings,
            outbox,
            on: true,
            microphone: None,
            works: false,
            lost: false,
            close_at: None,
            activity: Err(Error::new("speech.loading", "I am still starting.", "Try again in a moment.")),
            wake: None,
            wake_version: 0,
            wakes: VecDeque::with_capacity(WAKES),
            panics: 0,
            steady: 0,
            endpointer,
            sign: false,
            recording: None,
            glimpse_at: GLIMPSE,
            speaking: None,
            attends: false,
            lately: VecDeque::with_capacity(WAKE_WORD + FRAME_SAMPLES),
            since_wake: None,
            look_at: None,
            watch_level: false,
            loudest: 0.0,
            level_frames: 0,
            next_frame: 0,
            missing: 0,
            told_missing: 1,
        }
    }

    /// Opens and loads, then works until the channel is closed.
    pub(crate) fn run(mut self, jobs: Receiver<Job>) {
        // While the models load: the device takes its time, too.
        if self.settings.wake.enabled {
            self.open();
        }
        self.load_activity();
        self.load_wake_word();
        loop {
            self.attend(Instant::now());
            let captured = match &mut self.microphone {
                Some(microphone) => Some(microphone.next(PATIENCE)),
                // Nothing to hear: sleep until told something.
                None => match jobs.recv() {
                    Ok(job) => {
                        self.take(job);
                        None
                    }
                    Err(_) => return,
                },
            };
            // Before the frame, so that a key or a wake word counts from the frame that it belongs to.
            loop {
                match jobs.try_recv() {
                    Ok(job) => self.take(job),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return,
                }
            }
            match captured {
                Some(Captured::Frame(frame)) => self.hear(&frame),
                Some(Captured::Lost { message }) => self.lost(message),
                Some(Captured::Restored { device }) => self.restored(device),
                Some(Captured::Changed { device, message }) => self.changed(device, message),
                Some(Captured::Silent { message }) => {
                    let error = Error::new("audio.silent_microphone", message, "");
                    self.outbox.send(Message::Event(AssistantEvent::Error { error }));
                }
                Some(Captured::Idle) | None => {}
            }
        }
    }

    fn take(&mut self, job: Job) {
        match job {
            Job::Record { turn, until, origin } => self.record(turn, until, origin),
            Job::Finish(turn) => {
                if self.recording == Some(turn)
                    && let Some(event) = self.endpointer.release()
                {
                    self.ended(event);
                }
            }
            Job::HearAgain(turn) => {
                if self.recording == Some(turn)
                    && self.endpointer.is_in_pause()
                    && let Some(utterance) = self.endpointer.so_far()
                {
                    self.outbox.turn(Input::Lasted(turn, self.with_wake_word(utterance)));
                }
            }
            Job::Discard(turn) => {
                if self.recording == Some(turn) {
                    self.recording = None;
                    self.endpointer.cancel();
                    self.watch();
                }
            }
            Job::Continue { from, to } => {
                if self.recording == Some(from) {
                    self.recording = Some(to);
                    self.tell_pause(to);
                } else {
                    // It ended meanwhile, and the turn that it was for heard nothing of that.
                    self.outbox.turn(Input::HeardNothing(to));
                }
            }
            Job::Attend(attends) => {
                self.attends = attends;
                self.attend(Instant::now());
                self.watch();
            }
            Job::Speaking(turn) => {
                if self.speaking != turn {
                    self.speaking = turn;
                    self.attend(Instant::now());
                    self.echo.begin();
                    self.sign = false;
                    self.watch();
                }
            }
            Job::Microphone(on) => {
                self.on = on;
                if !on {
                    self.close();
                    self.recording = None;
                } else if !self.is_needed() {
                    // It is opened, and found missing, when someone speaks.
                    self.tell_ear();
                }
            }
            Job::Level(on) => {
                self.watch_level = on;
                (self.loudest, self.level_frames) = (0.0, 0);
            }
            Job::NotCalled { to_say_so, answer } => self.not_called(to_say_so, answer),
            Job::Settings(settings) => self.settings(settings),
        }
    }

    /// Has the wake that was no call remembered: the last one, or the one before it where somebody had to call
    /// `to_say_so`, whose own voice that was.
    fn not_called(&mut self, to_say_so: bool, answer: SyncSender<Result<bool>>) {
        let mut heeded = self.wakes.iter().enumerate().filter(|(_, (_, began))| *began);
        let last = heeded.next().map(|(ago, _)| ago);
        let before = heeded.next().filter(|(_, (at, _))| at.elapsed() < LATELY).map(|(ago, _)| ago);
        let ago = if to_say_so { before.or(last) } else { last };
        let remembered = match (&mut self.wake, ago) {
            (Some(wake), Some(ago)) => wake.mistaken(ago),
            _ => Ok(false),
        };
        self.wake_version = self.parts.wake_version(&self.settings);
        // Whoever asked may have stopped waiting.
        let _ = answer.try_send(remembered);
    }

    fn settings(&mut self, settings: Arc<Settings>) {
        let before = std::mem::replace(&mut self.settings, settings);
        let now = &self.settings;
        self.endpointer.set_options(endpoint_options(now));
        let another_microphone = now.audio.input_device != before.audio.input_device;
        let another_word = (&now.wake.model, now.wake.enabled) != (&before.wake.model, before.wake.enabled);
        if let Some(wake) = &mut self.wake {
            wake.set_sensitivity(now.wake.sensitivity);
        }
        if self.activity.is_err() {
            self.load_activity();
        }
        if another_word || self.wake.is_none() || self.wake_version != self.parts.wake_version(&self.settings) {
            self.load_wake_word();
        }
        if another_microphone {
            if let Some(turn) = self.recording.take() {
                self.outbox.turn(Input::HeardNothing(turn));
            }
            self.close();
            if !self.is_needed() {
                self.tell_ear();
            }
        }
    }

    /// Whether the microphone has to be open now.
    fn is_needed(&self) -> bool {
        self.on
            && (self.wake.is_some()
                || self.recording.is_some()
                || self.lost
                || self.attends
                || (self.speaking.is_some() && self.settings.voice.barge_in == BargeIn::Speech))
    }

    /// Opens the microphone when it is needed, and closes it a while after it was.
    fn attend(&mut self, now: Instant) {
        if self.is_needed() {
            self.close_at = None;
            if self.microphone.is_none() {
                self.open();
            }
        } else if self.microphone.is_some() && now >= *self.close_at.get_or_insert(now + KEEP_OPEN) {
            tracing::debug!("nothing needs the microphone; it is closed");
            self.close();
        }
    }

    fn record(&mut self, turn: TurnId, until: Until, origin: Origin) {
        self.recording = Some(turn);
        self.attends = false;
        self.glimpse_at = GLIMPSE;
        self.attend(Instant::now());
        self.since_wake = (origin == Origin::WakeWord).then(|| {
            let mut sound = Vec::with_capacity(2 * WAKE_WORD);
            sound.extend(&self.lately);
            sound
        });
        self.look_at = self.since_wake.as_ref().map(|sound| sound.len() + AFTER_WAKE);
        match (origin, until) {
            // What the guard let through is being recorded since its first word.
            (Origin::SpokeOver, _) if self.endpointer.is_active() => {
                if self.endpointer.is_speaking() || self.endpointer.recorded() > 0 {
                    self.outbox.turn(Input::SpeechStarted(turn));
                }
                self.tell_pause(turn);
            }
            (Origin::WakeWord, _) => self.endpointer.begin_after_wake(),
            (_, Until::Told) => self.endpointer.begin_hold(),
            (_, Until::Silence) => self.endpointer.begin_toggle(),
        }
    }

    /// While an answer is spoken, and for a while after it, speech is looked for.
    fn watch(&mut self) {
        let over_answer = self.speaking.is_some() && self.settings.voice.barge_in == BargeIn::Speech;
        let wanted = over_answer || (self.attends && self.speaking.is_none());
        if self.recording.is_none() {
            if wanted {
                self.endpointer.begin_watch();
            } else {
                self.endpointer.cancel();
            }
        }
    }

    fn hear(&mut self, frame: &AudioFrame) {
        if !self.works {
            self.works = true;
            self.tell_ear();
        }
        self.count_missing(frame.index);
        let rms = frame.rms();
        self.report_level(rms);
        let heard = contained("Listening", || self.hear_words(frame, rms));
        if let Err(error) = heard {
            let panicked = error.code == PANICKED;
            if let Some(turn) = self.recording.take() {
                self.outbox.turn(Input::Failed(turn, jarvis_assistant::turn::Stage::Listen, error));
            } else {
                self.outbox.send(Message::Event(AssistantEvent::Error { error }));
            }
            self.endpointer.cancel();
            self.panics = if panicked { self.panics + 1 } else { PANICS };
            self.steady = 0;
            if self.panics < PANICS {
                self.load_activity();
                self.load_wake_word();
            } else {
                // It would fail again at the next frame, thirty times a second.
                self.panics = 0;
                let error = Error::new(
                    "speech.activity_failed",
                    "Voice activity detection failed.",
                    "Run `jarvis models verify`, then start Jarvis again.",
                );
                self.outbox.send(Message::Event(AssistantEvent::Error { error: error.clone() }));
                self.activity = Err(error);
                self.wake = None;
                self.tell_ear();
            }
        } else {
            self.steady = self.steady.saturating_add(1);
            if self.steady >= STEADY {
                self.panics = 0;
            }
        }
    }

    /// Notes frames that were lost before the one of this number, since this thread was kept from working for too long: what
    /// was said in them is not heard. Told when there are twice as many as the last time.
    fn count_missing(&mut self, index: u64) {
        let next = std::mem::replace(&mut self.next_frame, index + 1);
        // Numbers begin anew with each microphone.
        if index <= next || next == 0 {
            return;
        }
        self.missing += index - next;
        if self.missing >= self.told_missing {
            self.told_missing = 2 * self.missing;
            let lost_ms = (index - next) * AudioFrame::DURATION.as_millis() as u64;
            tracing::warn!(lost_ms, frames = self.missing, "the machine is too busy: sound of the microphone was lost");
        }
    }

    fn hear_words(&mut self, frame: &AudioFrame, rms: f32) -> Result<()> {
        let now = Instant::now();
        let heard = self.echo.process(frame, now);
        self.keep(&heard.sound);
        let mut probability = match &mut self.activity {
            Ok(activity) => Some(activity.process(&heard.voice)?),
            Err(_) => None,
        };
        if let Some(wake) = &mut self.wake
            && let Some(detection) = wake.process(&heard.sound, probability.unwrap_or(1.0))?
        {
            let begins = self.recording.is_none();
            self.wakes.truncate(WAKES - 1);
            self.wakes.push_front((now, begins));
            if begins {
                self.outbox.turn(Input::Wake { model: detection.model, score: detection.score });
            }
        }
        let Some(probability) = &mut probability else { return Ok(()) };
        if let Some(turn) = self.speaking
            && self.recording.is_none()
        {
            let verdict = self.echo.judge(*probability);
            if !verdict.louder {
                *probability = 0.0;
            }
            if self.settings.voice.barge_in == BargeIn::Speech {
                if verdict.sign != std::mem::replace(&mut self.sign, verdict.sign) {
                    self.outbox.turn(Input::MaySpeakOver(turn, verdict.sign));
                }
                if verdict.sustained {
                    let (left, playing, path) = (heard.voice.rms(), heard.playing, self.echo.path());
                    tracing::debug!(raw = rms, left, playing, probability = *probability, ?path, "spoken over");
                    self.outbox.turn(Input::SpokeOver(turn));
                }
            }
        }
        if let Some(event) = self.endpointer.process(&heard.sound, *probability, now) {
            match (event, self.recording) {
                (EndpointEvent::SpeechStart, Some(turn)) => self.outbox.turn(Input::SpeechStarted(turn)),
                (EndpointEvent::SpeechStart, None) if self.attends => self.outbox.turn(Input::SpokeUp),
                (EndpointEvent::Pause, Some(turn)) => self.paused(turn),
                (EndpointEvent::GoesOn, Some(turn)) => self.outbox.turn(Input::WentOn(turn)),
                (EndpointEvent::Stir, Some(turn)) => self.outbox.turn(Input::Stirred(turn)),
                (
                    EndpointEvent::SpeechStart | EndpointEvent::Pause | EndpointEvent::Stir | EndpointEvent::GoesOn,
                    _,
                ) => {}
                (ending, _) => self.ended(ending),
            }
        }
        self.show_words();
        Ok(())
    }

    /// A pause that was told for nobody, or for a turn that is over, is told for this one.
    fn tell_pause(&mut self, turn: TurnId) {
        if self.endpointer.is_in_pause() {
            self.paused(turn);
        }
    }

    /// The user fell silent.
    fn paused(&mut self, turn: TurnId) {
        if let Some(utterance) = self.endpointer.so_far() {
            let utterance = self.with_wake_word(utterance);
            self.outbox.turn(Input::Paused { turn, utterance, silence: self.endpointer.silence() });
            if self.endpointer.stirs() {
                self.outbox.turn(Input::Stirred(turn));
            }
        }
    }

    /// Now and then while the user speaks, what was said so far is worth a look.
    fn show_words(&mut self) {
        let length = self.endpointer.recorded();
        if let Some(turn) = self.recording
            && length >= self.glimpse_at
            && self.settings.recognition.partial_words
            && self.endpointer.is_speaking()
            && let Some(so_far) = self.endpointer.so_far()
        {
            self.glimpse_at = length + GLIMPSE.max(length / GLIMPSE_PART);
            self.outbox.turn(Input::Spoken(turn, so_far.samples));
        }
    }

    /// What was said right after the wake word and is so short that it may be no more than the word's end is recognized
    /// together with it.
    fn with_wake_word(&self, mut utterance: Utterance) -> Utterance {
        if let Some(sound) = &self.since_wake
            && utterance.seconds() < SHORT
        {
            utterance.samples.clone_from(sound);
        }
        utterance
    }

    /// What was begun with the endpointer has ended.
    fn ended(&mut self, event: EndpointEvent) {
        let Some(turn) = self.recording.take() else {
            // Something was said over the answer, and too little of it.
            return self.watch();
        };
        self.outbox.turn(match event {
            EndpointEvent::SpeechEnd(utterance) | EndpointEvent::TooLong(utterance) => {
                Input::Heard(turn, self.with_wake_word(utterance))
            }
            _ => Input::HeardNothing(turn),
        });
        self.since_wake = None;
    }

    fn keep(&mut self, frame: &AudioFrame) {
        if self.wake.is_some() {
            let extra = (self.lately.len() + FRAME_SAMPLES).saturating_sub(WAKE_WORD);
            self.lately.drain(..extra);
            self.lately.extend(frame.samples);
        }
        match &mut self.since_wake {
            Some(sound) if sound.len() + FRAME_SAMPLES <= sound.capacity() => sound.extend(frame.samples),
            long => *long = None,
        }
        if let (Some(turn), Some(sound), Some(wanted)) = (self.recording, &self.since_wake, self.look_at)
            && sound.len() >= wanted
        {
            self.look_at = None;
            self.outbox.turn(Input::Called(turn, sound.clone()));
        }
    }

    fn report_level(&mut self, rms: f32) {
        if !self.watch_level {
            return;
        }
        self.loudest = self.loudest.max(rms);
        self.level_frames += 1;
        if self.level_frames == LEVEL_FRAMES {
            self.outbox.send(Message::Event(AssistantEvent::Level { level: meter(self.loudest) }));
            (self.loudest, self.level_frames) = (0.0, 0);
        }
    }

    fn close(&mut self) {
        self.microphone = None;
        self.works = false;
        self.lost = false;
        self.close_at = None;
        self.forget();
    }

    /// Nothing that was heard so far belongs to what comes: the microphone was closed, or another one is opened.
    fn forget(&mut self) {
        self.next_frame = 0;
        self.lately.clear();
        self.since_wake = None;
        self.echo.forget();
        self.endpointer.reset();
        if let Ok(activity) = &mut self.activity {
            activity.reset();
        }
        if let Some(wake) = &mut self.wake {
            wake.reset();
        }
        (self.loudest, self.level_frames) = (0.0, 0);
    }

    fn open(&mut self) {
        self.close();
        let device = self.settings.audio.input_device.clone();
        match contained("Opening the microphone", || self.io.microphone(&device)) {
            Ok(microphone) => self.microphone = Some(microphone),
            Err(error) => {
                let device = DeviceStatus { available: false, name: device, message: error.message.clone() };
                self.outbox.send(Message::Microphone { device, error: Some(error) });
            }
        }
    }

    /// The microphone works; whether Jarvis can hear is also a matter of the model.
    fn tell_ear(&self) {
        let name = self.settings.audio.input_device.clone();
        let error = self.activity.as_ref().err().cloned();
        let message = error.as_ref().map_or(String::new(), |error| error.message.clone());
        self.outbox.send(Message::Microphone { device: DeviceStatus { available: true, name, message }, error });
    }

    fn lost(&mut self, message: String) {
        self.works = false;
        self.lost = true;
        self.recording = None;
        self.forget();
        let name = self.settings.audio.input_device.clone();
        let error = Error::new(
            "audio.no_microphone",
            message.clone(),
            // What to do is in the message: it differs with what happened.
            "",
        );
        let device = DeviceStatus { available: false, name, message };
        self.outbox.send(Message::Microphone { device, error: Some(error) });
    }

    fn restored(&mut self, device: String) {
        self.works = true;
        self.lost = false;
        let error = self.activity.as_ref().err().cloned();
        let message = format!("The microphone is back: {device}.");
        let device = DeviceStatus { available: true, name: device, message };
        self.outbox.send(Message::Microphone { device, error });
    }

    /// Another microphone than the user may think: what was heard so far was another one's.
    fn changed(&mut self, name: String, message: String) {
        tracing::info!(device = name, message);
        if self.recording.is_none() && self.speaking.is_none() {
            self.forget();
        }
        let (direction, available) = ("input".to_owned(), true);
        let news = AssistantEvent::Device { direction, available, name: name.clone(), message: message.clone() };
        self.outbox.send(Message::Event(news));
        let error = self.activity.as_ref().err().cloned();
        self.outbox.send(Message::Microphone { device: DeviceStatus { available: true, name, message }, error });
    }

    fn load_activity(&mut self) {
        let parts = &self.parts;
        let load = || parts.activity(&self.settings);
        self.activity = load_and_tell(&self.outbox, Part::Activity, ACTIVITY_MODEL, load);
        // A microphone that is closed for now is there as far as anyone knows.
        if self.works || self.microphone.is_none() {
            self.tell_ear();
        }
    }

    fn load_wake_word(&mut self) {
        self.wake = None;
        self.wakes.clear();
        self.wake_version = self.parts.wake_version(&self.settings);
        let id = &self.settings.wake.model;
        if self.settings.wake.enabled {
            let parts = &self.parts;
            let load = || parts.wake_word(&self.settings);
            self.wake = load_and_tell(&self.outbox, Part::Wake, id, load).ok().map(WakeGate::new);
        } else {
            self.outbox.part(Part::Wake, id, Loaded::Off);
        }
    }
}

fn endpoint_options(settings: &Settings) -> EndpointOptions {
    EndpointOptions {
        silence_ms: settings.endpoint.silence_ms,
        longest_pause_ms: LONGEST_PAUSE_MS,
        max_seconds: settings.endpoint.max_seconds,
        ..EndpointOptions::default()
    }
}

/// Root mean square as a meter shows it: 0 at -60 dB of full scale, 1 at full scale.
fn meter(rms: f32) -> f32 {
    (1.0 + 20.0 * rms.max(1e-6).log10() / 60.0).clamp(0.0, 1.0)
}

#[cfg(test)]
#[path = "listen_tests.rs"]
mod tests;
