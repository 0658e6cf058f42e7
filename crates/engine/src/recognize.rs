//! The recognition thread: utterances in, words out. Owns the recognizer; one utterance at a time.
//!
//! Never decides what to do with the words, and never works on for a turn that was given up.

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use jarvis_assistant::turn::{Input, Stage};
use jarvis_core::{Cancel, Error, Result, SpeechToText, TurnId, Utterance};
use jarvis_settings::Settings;

use crate::heavy::Heavy;
use crate::load::{Parts, load_and_tell};
use crate::message::{Outbox, PANICKED, Part, contained};

/// Work for the thread.
pub(crate) enum Job {
    /// Turn this into words.
    Transcribe { turn: TurnId, utterance: Utterance, cancel: Cancel },
    /// Take these settings, and load again what is not there.
    Settings(Arc<Settings>),
}

/// The thread's state.
pub(crate) struct Recognize {
    pub(crate) parts: Arc<dyn Parts>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) outbox: Outbox,
    pub(crate) heavy: Heavy,
}

impl Recognize {
    /// Loads, then works until the channel is closed.
    pub(crate) fn run(mut self, jobs: Receiver<Job>) {
        let mut recognizer = self.load();
        for job in jobs {
            match job {
                Job::Transcribe { turn, utterance, cancel } => {
                    if cancel.is_cancelled() {
                        continue;
                    }
                    let result = match &mut recognizer {
                        Ok(recognizer) => {
                            let _turn = self.heavy.take();
                            contained("Recognition", || recognizer.transcribe(&utterance.samples, &cancel))
                        }
                        Err(error) => Err(error.clone()),
                    };
                    let panicked = matches!(&result, Err(error) if error.code == PANICKED);
                    self.outbox.turn(match result {
                        Ok(transcript) => {
                            tracing::debug!(timings = ?transcript.timings_ms, seconds = transcript.seconds, "recognized");
                            Input::Transcribed(turn, transcript.text)
                        }
                        Err(error) => Input::Failed(turn, Stage::Recognize, error),
                    });
                    if panicked {
                        recognizer = self.load();
                    }
                }
                Job::Settings(settings) => {
                    let other = settings.recognition.model != self.settings.recognition.model;
                    self.settings = settings;
                    if other || recognizer.is_err() {
                        recognizer = self.load();
                    }
                }
            }
        }
    }

    fn load(&self) -> Result<Box<dyn SpeechToText>, Error> {
        load_and_tell(&self.outbox, Part::Recognition, &self.settings.recognition.model, || {
            let mut recognizer = self.parts.recognizer(&self.settings)?;
            recognizer.warm_up()?;
            Ok(recognizer)
        })
    }
}
