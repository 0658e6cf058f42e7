//! Showing a picture: the one that the user had sent, to the model that it was offered to be shown to.
//!
//! Owns that nothing is sent which is not allowed any more by now, and that the list of looks says what was. Never acts upon
//! what comes back: it is told like any answer.

use jarvis_assistant::turn::{Input, Stage};
use jarvis_core::{Cancel, Clock, Error, Result, SystemClock, TurnId};
use jarvis_remote::Picture;

use super::{Think, tell};
use crate::message::contained;
use crate::picture::{Offered, switched_off};

/// Errors after which nothing had left this machine: a picture is tried once ([`Chat::with_picture`]), so there was no try
/// before that may have got farther.
///
/// [`Chat::with_picture`]: jarvis_remote::Chat::with_picture
const UNSENT: [&str; 4] = ["remote.unreachable", "remote.resting", "remote.too_often", "remote.setup"];

impl Think {
    /// Answers from a picture that the user had sent.
    pub(super) fn show(&mut self, turn: TurnId, offered: Offered, cancel: &Cancel) {
        if cancel.is_cancelled() {
            return;
        }
        match contained("Thinking", || self.answer_from(turn, &offered, cancel)) {
            Ok(()) => self.outbox.turn(Input::Answered(turn)),
            Err(error) => self.outbox.turn(Input::Failed(turn, Stage::Think, error)),
        }
        self.tell_due();
    }

    fn answer_from(&mut self, turn: TurnId, offered: &Offered, cancel: &Cancel) -> Result<()> {
        let Offered { host, question, picture, .. } = offered;
        match self.parts.shows_to(&self.settings)? {
            Some(now) if now == *host => {}
            Some(_) => {
                return Err(Error::new(
                    "picture.elsewhere",
                    format!("The picture was to be shown to {host}, and the settings name another server now."),
                    "Ask again, and I take a new one.",
                ));
            }
            None => return Err(switched_off()),
        }
        let mut model = self.parts.seeing_model(&self.settings, Picture::new(picture.kind, &picture.bytes))?;
        let ledger = self.sight.ledger();
        let entry = ledger.sent(&picture.capture, SystemClock.local().timestamp().as_millisecond());
        let (outbox, mind) = (&self.outbox, &mut self.mind);
        let answer = mind.answer_from_picture(question, &mut *model, cancel, &mut |piece| tell(outbox, turn, piece));
        if answer.as_ref().is_err_and(|error| UNSENT.contains(&error.code.as_str())) {
            ledger.not_sent(entry);
        }
        answer.map(drop).map_err(|error| match remedy(&error.code) {
            Some(hint) => Error { hint: hint.into(), ..error },
            None => error,
        })
    }
}

/// What to do about an error of the server where a picture was to be shown, if that is something else than for words.
fn remedy(code: &str) -> Option<&'static str> {
    match code {
        "remote.reworded" => Some("The picture is not sent again by itself: ask once more, and click again."),
        "remote.busy" | "remote.failed" | "remote.resting" | "remote.slow" | "remote.broke_off" => Some(
            "The picture is not sent again by itself: ask once more, and click again. `jarvis remote` tries the server.",
        ),
        "remote.refused" => Some(
            "Is it a model that sees pictures? `jarvis remote` lists those that it has; set one as remote.picture_model.",
        ),
        _ => None,
    }
}
