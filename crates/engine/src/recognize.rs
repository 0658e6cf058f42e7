//! The recognition thread: sound in, words out. Owns the recognizer, and the judge of whether words can be all of a
//! request; one piece of sound at a time.
//!
//! What it is given may be all that was said, or what was said before a pause, or, when it has nothing better to do, what
//! was said so far. Never decides what to do with the words, and never works on for a turn that was given up or for a pause
//! that was none.

use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jarvis_assistant::turn::{Input, Stage};
use jarvis_assistant::{Names, Router, skills};
use jarvis_core::{Cancel, Error, Result, SpeechToText, Transcript, TurnId, Utterance, Weighed};
use jarvis_settings::Settings;
use jarvis_speech::wake::WakeCheck;

use crate::heavy::Heavy;
use crate::load::{Parts, load_and_tell};
use crate::message::{Loaded, Outbox, PANICKED, Part, contained};

/// Work for the thread.
pub(crate) enum Job {
    /// Turn this into words.
    Transcribe {
        turn: TurnId,
        take: u32,
        utterance: Utterance,
        /// It was said over an answer: a word that stops it is likely.
        over_answer: bool,
        cancel: Cancel,
    },
    /// Turn this into words to show. Raised for anything better to do.
    Glimpse { turn: TurnId, samples: Vec<f32>, cancel: Cancel },
    /// Is this sound the wake word?
    Check { turn: TurnId, samples: Vec<f32>, cancel: Cancel },
    /// Take these settings, and load again what is not there.
    Settings(Arc<Settings>),
}

type Engine = Result<Box<dyn SpeechToText>, Error>;

/// The thread's state.
pub(crate) struct Recognize {
    parts: Arc<dyn Parts>,
    settings: Arc<Settings>,
    outbox: Outbox,
    heavy: Heavy,
    /// The own recognizer, if it could be loaded. It stays when the servers beside it change.
    own: Option<Considerate>,
    /// Knows what skills understand; never asked to act.
    judge: Router,
    /// Tells the wake word from what sounds like it, where that can be told.
    check: Option<WakeCheck>,
    /// Where the recognizer that is wanted could not be loaded, and the one from before hears: what was installed then.
    missed: Option<u64>,
    /// The settings that the own one was loaded with.
    works: Option<jarvis_settings::Recognition>,
}

impl Recognize {
    /// Nothing is loaded before [`Self::run`].
    pub(crate) fn new(parts: Arc<dyn Parts>, settings: Arc<Settings>, outbox: Outbox, heavy: Heavy) -> Self {
        let mut judge = Router::new(skills::all());
        judge.set_names(Names::of_wake_model(&settings.wake.model));
        Self { parts, settings, outbox, heavy, own: None, judge, check: None, missed: None, works: None }
    }

    /// Loads, then works until the channel is closed.
    pub(crate) fn run(mut self, jobs: Receiver<Job>) {
        let mut recognizer = self.load();
        self.check = self.load_check();
        for job in jobs {
            match job {
                Job::Transcribe { turn, take, utterance, over_answer, cancel } => {
                    let expected = if over_answer { skills::stop::PHRASES } else { &[] };
                    let samples = &utterance.samples;
                    let heard = self.recognize(&mut recognizer, &cancel, |recognizer| match expected {
                        [] => recognizer.transcribe(samples, &cancel),
                        expected => recognizer.transcribe_expecting(samples, expected, &cancel),
                    });
                    match heard {
                        Ok(Transcript { text, .. }) => {
                            let ending = self.judge.ending(&text);
                            self.outbox.turn(Input::Transcribed { turn, take, text, ending });
                        }
                        Err(error) => self.outbox.turn(Input::Failed(turn, Stage::Recognize, error)),
                    }
                }
                Job::Glimpse { turn, samples, cancel } => {
                    // What fails here fails again, and is told, when the words are needed.
                    let words = self
                        .recognize(&mut recognizer, &cancel, |recognizer| {
                            recognizer.transcribe_partial(&samples, &cancel)
                        })
                        .unwrap_or_default();
                    self.outbox.turn(Input::Partial(turn, words.text));
                }
                Job::Check { turn, samples, cancel } => {
                    // In doubt, or where it can't be told, it was a call.
                    let is_call = self.is_call(&mut recognizer, &samples, &cancel).unwrap_or(true);
                    self.outbox.turn(if is_call { Input::WasCalled(turn) } else { Input::NotCalled(turn) });
                }
                Job::Settings(settings) => {
                    let (old, new) = (&self.settings.recognition, &settings.recognition);
                    let mended = self.missed.is_some_and(|installed| installed != self.parts.installed_version());
                    let other = (&old.model, &old.languages) != (&new.model, &new.languages) || mended;
                    let elsewhere = self.settings.remote != settings.remote;
                    self.judge.set_names(Names::of_wake_model(&settings.wake.model));
                    self.settings = settings;
                    self.check = self.load_check();
                    match self.own.clone().filter(|_| !other) {
                        Some(own) if elsewhere => recognizer = self.join(Ok(own)),
                        // Without one of our own, where a server is the only one: another one may be meant.
                        None if other || elsewhere || recognizer.is_err() => self.replace(&mut recognizer),
                        _ => {}
                    }
                }
            }
        }
    }

    /// The words that `work` hears; a recognizer that panics over them is loaded anew.
    fn recognize(
        &mut self,
        engine: &mut Engine,
        cancel: &Cancel,
        work: impl FnOnce(&mut dyn SpeechToText) -> Result<Transcript>,
    ) -> Result<Transcript, Error> {
        let result = self.ask(engine, cancel, work);
        if let Ok(words) = &result {
            tracing::debug!(timings = ?words.timings_ms, seconds = words.seconds, "recognized");
        }
        result
    }

    /// Whether these samples can be the wake word.
    fn is_call(&mut self, engine: &mut Engine, samples: &[f32], cancel: &Cancel) -> Result<bool, Error> {
        let Some(mut check) = self.check.take() else { return Ok(true) };
        let heard =
            self.ask(engine, cancel, |recognizer| recognizer.transcribe_and_weigh(samples, check.words(), cancel));
        let is_call = heard.map(|heard| {
            let is_call = check.is_call(&heard);
            tracing::debug!(is_call, odds = heard.odds, "a second look at the wake word");
            is_call
        });
        self.check = Some(check);
        is_call
    }

    /// Has the recognizer work; one that panics is loaded anew.
    fn ask<T>(
        &mut self,
        engine: &mut Engine,
        cancel: &Cancel,
        work: impl FnOnce(&mut dyn SpeechToText) -> Result<T>,
    ) -> Result<T, Error> {
        if cancel.is_cancelled() {
            return Err(Error::cancelled());
        }
        let recognizer = engine.as_mut().map_err(|error| error.clone())?;
        let result = contained("Recognition", || work(recognizer.as_mut()));
        self.outbox.tell_all(self.parts.take_told());
        if result.as_ref().is_err_and(|error| error.code == PANICKED) {
            self.replace(engine);
        }
        result
    }

    /// What looks at a wake word a second time; none where the user wants none, or where it can't be had.
    fn load_check(&self) -> Option<WakeCheck> {
        let wanted = self.settings.wake.enabled && self.settings.wake.second_look;
        let check = wanted.then(|| self.parts.wake_check(&self.settings))?;
        check.map_err(|error| tracing::warn!(%error, "no second look at the wake word")).ok()?
    }

    fn load(&mut self) -> Engine {
        let mut own = None;
        let loaded = load_and_tell(&self.outbox, Part::Recognition, &self.settings.recognition.model, || {
            let recognizer = self.parts.recognizer(&self.settings);
            let recognizer = recognizer.map(|recognizer| Considerate::new(recognizer, self.heavy.clone()));
            own = recognizer.as_ref().ok().cloned();
            let mut recognizer = self.join(recognizer)?;
            recognizer.warm_up()?;
            Ok(recognizer)
        });
        self.own = own.filter(|_| loaded.is_ok());
        self.works = self.own.is_some().then(|| self.settings.recognition.clone());
        self.outbox.tell_all(self.parts.take_told());
        loaded
    }

    /// Loads the recognizer of the settings in the place of `engine`, which is let go of first.
    fn reload(&mut self, engine: &mut Engine) {
        self.own = None;
        *engine = Err(being_loaded());
        *engine = self.load();
    }

    /// Puts the recognizer of the settings in the place of `engine`, which is let go of first: there may be memory for one. Where that can't
    /// be loaded, the own one that worked is loaded again and goes on hearing.
    fn replace(&mut self, engine: &mut Engine) {
        let works = self.own.take().and(self.works.take());
        self.missed = None;
        self.reload(engine);
        let Some((error, works)) = engine.as_ref().err().cloned().zip(works) else { return };
        let wanted = Arc::clone(&self.settings);
        Arc::make_mut(&mut self.settings).recognition = works;
        let again = self.load();
        let before = std::mem::replace(&mut self.settings, wanted);
        let (wanted, works) = (&self.settings.recognition.model, &before.recognition.model);
        if again.is_err() {
            return self.outbox.part(Part::Recognition, wanted, Loaded::Failed(error));
        }
        self.missed = Some(self.parts.installed_version());
        let message = format!("{wanted} can't be used, so {works} goes on hearing. {}", error.message);
        self.outbox.tell_all(vec![Error { message, ..error }]);
        *engine = again;
    }

    /// `own` with the server beside it that the settings name.
    fn join(&self, own: Result<Considerate>) -> Engine {
        self.parts.with_remote_ears(&self.settings, own.map(|own| Box::new(own) as Box<dyn SpeechToText>))
    }
}

/// Why there is none for the moment.
fn being_loaded() -> Error {
    Error::new("stt.loading", "The recognizer is being loaded.", "Say it again in a moment.")
}

/// A recognizer that computes only while it holds the right to. One that waits for the network must not keep others from it.
/// Clones are the same recognizer.
#[derive(Clone)]
struct Considerate {
    recognizer: Arc<Mutex<Box<dyn SpeechToText>>>,
    heavy: Heavy,
}

impl Considerate {
    fn new(recognizer: Box<dyn SpeechToText>, heavy: Heavy) -> Self {
        Self { recognizer: Arc::new(Mutex::new(recognizer)), heavy }
    }

    /// One that panicked is not asked again.
    fn recognizer(&self) -> MutexGuard<'_, Box<dyn SpeechToText>> {
        self.recognizer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SpeechToText for Considerate {
    fn transcribe(&mut self, samples: &[f32], cancel: &Cancel) -> Result<Transcript> {
        let _right = self.heavy.take();
        self.recognizer().transcribe(samples, cancel)
    }

    fn transcribe_expecting(&mut self, samples: &[f32], expected: &[&str], cancel: &Cancel) -> Result<Transcript> {
        let _right = self.heavy.take();
        self.recognizer().transcribe_expecting(samples, expected, cancel)
    }

    fn transcribe_partial(&mut self, samples: &[f32], cancel: &Cancel) -> Result<Transcript> {
        let _right = self.heavy.take();
        self.recognizer().transcribe_partial(samples, cancel)
    }

    fn transcribe_and_weigh(&mut self, samples: &[f32], words: &str, cancel: &Cancel) -> Result<Weighed> {
        let _right = self.heavy.take();
        self.recognizer().transcribe_and_weigh(samples, words, cancel)
    }

    /// Without the right: at the start everything loads side by side.
    fn warm_up(&mut self) -> Result<()> {
        self.recognizer().warm_up()
    }
}
