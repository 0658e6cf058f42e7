//! What the threads tell the coordinator, over its one channel. Plain values.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, SyncSender};
use std::time::Duration;

use jarvis_assistant::turn::Input;
use jarvis_audio::PlayerEvent;
use jarvis_core::{AssistantEvent, Cancel, Error, Result, ScreenTarget, TurnId};

use crate::picture::Click;
use crate::see::Sighting;
use crate::{Command, DeviceStatus};

/// Something that needs a model, by what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Part {
    /// Voice activity.
    Activity,
    /// The wake word.
    Wake,
    /// Speech recognition.
    Recognition,
    /// The language model.
    Language,
    /// The voice.
    Voice,
}

impl Part {
    pub(crate) const ALL: [Part; 5] = [Part::Activity, Part::Wake, Part::Recognition, Part::Language, Part::Voice];

    /// Its key in [`crate::Status::models`], which is its kind in the catalog.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Part::Activity => "activity",
            Part::Wake => "wake",
            Part::Recognition => "recognition",
            Part::Language => "language",
            Part::Voice => "voice",
        }
    }
}

/// How the loading of a part went.
#[derive(Debug, Clone)]
pub(crate) enum Loaded {
    /// It began.
    Loading,
    /// It serves; loading and warming up took this long.
    Ready(Duration),
    /// It does not, and why.
    Failed(Error),
    /// It is not wanted.
    Off,
}

/// A typed question that cuts nobody off.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) text: String,
    /// The answer is spoken, too.
    pub(crate) aloud: bool,
    /// Told which turn answers it, when that begins.
    pub(crate) turn: SyncSender<TurnId>,
    /// Raised when nobody waits for that any more.
    pub(crate) given_up: Cancel,
}

/// A question about what is on the screen, in no turn.
#[derive(Debug)]
pub(crate) struct AskedToSee {
    pub(crate) target: ScreenTarget,
    pub(crate) question: String,
    pub(crate) answer: SyncSender<Result<Sighting>>,
    /// Raised when nobody waits for that any more.
    pub(crate) given_up: Cancel,
}

/// A message to the coordinator.
#[derive(Debug)]
pub(crate) enum Message {
    /// From a user.
    Command(Box<Command>),
    /// A typed question from someone who waits for its turn.
    Ask(Asked),
    /// What woke Jarvis was no call. From someone who waits to hear whether there was anything to remember; asked for in a
    /// turn, or by a command.
    NotCalled { turn: Option<TurnId>, answer: SyncSender<Result<bool>> },
    /// This setting was changed by asking for it, and the file has it.
    Adjusted { path: &'static str, value: String },
    /// For the turn.
    Turn(Input),
    /// For the observers alone.
    Event(AssistantEvent),
    /// It is about to be looked at the screen; from someone who waits until the observers were told.
    Looking { event: AssistantEvent, told: SyncSender<()> },
    /// A question about the screen from someone who waits for the answer.
    See(AskedToSee),
    /// A picture is offered, by this number; or none is any more. The coordinator tells when its turn is settled.
    Offer(Option<u64>),
    /// The user has a picture sent that is offered.
    Show(Click),
    /// A model was loaded, or was not.
    Part { part: Part, id: String, loaded: Loaded },
    /// The microphone came or went.
    Microphone { device: DeviceStatus, error: Option<Error> },
    /// The speaker came or went.
    Speaker(DeviceStatus),
    /// From the player.
    Player(PlayerEvent),
    /// A skill wants this shown on the desktop.
    Notify { title: String, body: String },
}

/// The sending end of the coordinator's channel. Sending to a coordinator that has ended is no error: the thread that
/// sends is about to find its own channel closed.
#[derive(Debug, Clone)]
pub(crate) struct Outbox(pub(crate) Sender<Message>);

impl Outbox {
    pub(crate) fn send(&self, message: Message) {
        let _ = self.0.send(message);
    }

    pub(crate) fn turn(&self, input: Input) {
        self.send(Message::Turn(input));
    }

    /// Tells the observers of errors that keep nothing from being answered.
    pub(crate) fn tell_all(&self, errors: Vec<Error>) {
        errors.into_iter().for_each(|error| self.send(Message::Event(AssistantEvent::Error { error })));
    }

    pub(crate) fn part(&self, part: Part, id: &str, loaded: Loaded) {
        self.send(Message::Part { part, id: id.to_owned(), loaded });
    }
}

/// Runs a stage's work so that a panic in it is an error of that one job and the thread lives on. The engine that
/// panicked may be in any state: the caller loads it anew. What the panic says may quote what was spoken and is thrown
/// away; where it was is in the log (see [`crate::logging`]).
pub(crate) fn contained<T>(stage: &'static str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        tracing::error!(stage, "a stage panicked; it is restarted");
        Err(Error::new(
            PANICKED,
            format!("{stage} failed because of a fault in this program."),
            "It was restarted. If this happens again, please report it with what you said.",
        ))
    })
}

/// Code of the error that [`contained`] makes of a panic.
pub(crate) const PANICKED: &str = "internal.panic";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_of_one_job() {
        let error = contained("Recognition", || -> Result<()> { panic!("index out of bounds") }).unwrap_err();
        assert_eq!(error.code, PANICKED);
        assert_eq!(contained("Recognition", || Ok(7)).unwrap(), 7);
    }
}
