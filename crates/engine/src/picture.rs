//! A picture of the screen that may be shown to a model of another program, from the offer to the click.
//!
//! Owns the one picture that is offered, in memory alone: until the user has it sent or refuses it, until something makes it
//! out of date, and for a minute at most. Takes no picture, sends none, and gives one to be sent to nobody who does not name
//! the very one that the user was shown. Who else is told of it, and when, is the coordinator's.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jarvis_core::{Cancel, Error, Result, TurnId};
use jarvis_remote::Picture;
use jarvis_vision::eyes::MaskedPicture;
use serde::{Deserialize, Serialize};
use std::sync::mpsc::SyncSender;

use crate::message::{Message, Outbox};

/// How long a picture is offered.
const OFFERED: Duration = Duration::from_secs(60);

/// A picture of the screen that waits for the user's decision, as whoever shows it to the user needs it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PictureOffer {
    /// Its number, by which it is sent.
    pub offer: u64,
    /// Host and port of the server whose model would see it.
    pub host: String,
    /// What it is to answer, which is sent with it.
    pub question: String,
    /// px.
    pub width: u32,
    /// px.
    pub height: u32,
    /// Bytes of it as a file.
    pub bytes: u64,
    /// Title of the window that it shows; none where it shows a monitor or a region.
    pub window: Option<String>,
    /// The window's application.
    pub application: Option<String>,
    /// What the user has to know of it, a sentence each: what was made black, or could not be.
    pub notes: Vec<String>,
    /// Seconds until it is gone.
    pub seconds_left: f64,
    /// All of it, as a `data:` address: what is sent is this and no other.
    pub picture: String,
}

impl std::fmt::Debug for PictureOffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PictureOffer").field("offer", &self.offer).field("host", &self.host).finish_non_exhaustive()
    }
}

/// A picture that was offered. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Offered {
    number: u64,
    until: Instant,
    pub(crate) host: String,
    pub(crate) question: String,
    pub(crate) picture: Arc<MaskedPicture>,
}

/// The user's wish to have a picture sent.
#[derive(Debug)]
pub(crate) struct Click {
    pub(crate) offer: u64,
    /// The answer is spoken, too.
    pub(crate) aloud: bool,
    /// Told which turn answers, or why none does.
    pub(crate) turn: SyncSender<Result<TurnId>>,
    /// Raised when nobody waits for that any more: then it is not sent.
    pub(crate) given_up: Cancel,
}

/// Where the picture lies that is offered. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Desk(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    outbox: Outbox,
}

#[derive(Default)]
struct State {
    last: u64,
    offered: Option<Offered>,
}

impl Desk {
    /// An empty one, whose changes are told through `outbox`.
    pub(crate) fn new(outbox: Outbox) -> Self {
        Self(Arc::new(Inner { state: Mutex::default(), outbox }))
    }

    /// Offers `picture`, unless `cancel` was raised: whoever raises it and clears the desk then finds it empty for good.
    pub(crate) fn lay(&self, host: String, question: String, picture: MaskedPicture, cancel: &Cancel) -> Result<()> {
        let mut state = self.state();
        if cancel.is_cancelled() {
            return Err(Error::cancelled());
        }
        state.last += 1;
        let number = state.last;
        let picture = Arc::new(picture);
        state.offered = Some(Offered { number, until: Instant::now() + OFFERED, host, question, picture });
        // Told under the lock, so that it comes in the order of what happened.
        self.tell(Some(number));
        Ok(())
    }

    /// What is shown on the desktop of the picture `number`; none where that is not offered any more.
    pub(crate) fn notice(&self, number: u64) -> Option<String> {
        let state = self.state();
        let Offered { host, .. } = state.offered.as_ref().filter(|offered| offered.number == number)?;
        Some(format!(
            "I can show a picture of the screen to {host}. Look at it in Jarvis's window, or with `jarvis picture`. It is sent \
             only if you say so there, and gone in a minute."
        ))
    }

    /// Nothing is offered any more.
    pub(crate) fn clear(&self) {
        let mut state = self.state();
        if state.offered.take().is_some() {
            self.tell(None);
        }
    }

    /// The picture `number` is not offered any more; another one stays.
    pub(crate) fn refuse(&self, number: u64) {
        let mut state = self.state();
        if state.offered.take_if(|offered| offered.number == number).is_some() {
            self.tell(None);
        }
    }

    /// Takes the picture away to be sent, if `number` is the one that is offered at `now`.
    pub(crate) fn take(&self, number: u64, now: Instant) -> Result<Offered> {
        let mut state = self.state();
        self.expire(&mut state, now);
        match state.offered.take_if(|offered| offered.number == number) {
            Some(offered) => {
                self.tell(None);
                Ok(offered)
            }
            None => Err(Error::new(
                "picture.gone",
                "That picture is not offered any more, and was not sent.",
                "Ask again, and I take a new one.",
            )),
        }
    }

    /// What is offered at `now`.
    pub(crate) fn offer(&self, now: Instant) -> Option<PictureOffer> {
        // Encoding takes its time, and nobody waits for it: not who ends the offer meanwhile either.
        let Offered { number, until, host, question, picture } = {
            let mut state = self.state();
            self.expire(&mut state, now);
            state.offered.clone()?
        };
        Some(PictureOffer {
            offer: number,
            host,
            question,
            width: picture.width,
            height: picture.height,
            bytes: picture.bytes.len() as u64,
            window: picture.window.clone(),
            application: picture.application.clone(),
            notes: picture.notes.clone(),
            seconds_left: until.saturating_duration_since(now).as_secs_f64(),
            picture: Picture::new(picture.kind, &picture.bytes).address().to_owned(),
        })
    }

    /// Drops what is out of date at `now`; says when to ask again.
    pub(crate) fn rest(&self, now: Instant) -> Option<Instant> {
        let mut state = self.state();
        self.expire(&mut state, now);
        state.offered.as_ref().map(|offered| offered.until)
    }

    fn expire(&self, state: &mut State, now: Instant) {
        if state.offered.take_if(|offered| offered.until <= now).is_some() {
            self.tell(None);
        }
    }

    fn tell(&self, offer: Option<u64>) {
        self.0.outbox.send(Message::Offer(offer));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nobody may be shown a picture.
pub(crate) fn switched_off() -> Error {
    Error::new(
        "picture.off",
        "Showing pictures to a model of another program is switched off.",
        "Switch it on with `jarvis config set remote.pictures true`, or in the settings.",
    )
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use jarvis_core::{Capture, Region, ScreenTarget, TextSource};
    use std::sync::mpsc::{Receiver, channel};

    pub(crate) fn picture() -> MaskedPicture {
        let capture = Capture {
            at_ms: 0,
            target: ScreenTarget::ActiveWindow,
            region: Region::default(),
            application: None,
            reason: String::new(),
            source: TextSource::Recognizer,
            pixels_read: 0,
            masked: 0,
            background: false,
            shown: None,
        };
        let (bytes, notes) = (vec![1, 2, 3], Vec::new());
        MaskedPicture { bytes, kind: "image/png", width: 1, height: 1, window: None, application: None, notes, capture }
    }

    fn desk() -> (Desk, Receiver<Message>) {
        let (sender, told) = channel();
        (Desk::new(Outbox(sender)), told)
    }

    fn lay(desk: &Desk) {
        desk.lay("h".into(), "what is this".into(), picture(), &Cancel::new()).unwrap();
    }

    fn told(messages: &Receiver<Message>) -> Vec<Option<u64>> {
        let offer = |message| match message {
            Message::Offer(offer) => Some(offer),
            _ => None,
        };
        messages.try_iter().filter_map(offer).collect()
    }

    #[test]
    fn the_picture_that_was_shown_is_given_out_once_and_no_other() {
        let (desk, messages) = desk();
        let now = Instant::now();
        assert!(desk.offer(now).is_none() && desk.take(0, now).is_err());
        lay(&desk);
        lay(&desk);
        let offer = desk.offer(now).unwrap();
        assert_eq!((offer.offer, offer.bytes, offer.picture.as_str()), (2, 3, "data:image/png;base64,AQID"));
        assert_eq!(desk.take(1, now).unwrap_err().code, "picture.gone", "it was another picture");
        assert_eq!(desk.take(2, now).unwrap().picture.bytes, [1, 2, 3]);
        assert!(desk.take(2, now).is_err() && desk.offer(now).is_none());
        assert_eq!(told(&messages), [Some(1), Some(2), None]);
    }

    #[test]
    fn whoever_refuses_names_the_picture_that_was_shown() {
        let (desk, messages) = desk();
        lay(&desk);
        lay(&desk);
        desk.refuse(1);
        assert!(desk.notice(1).is_none() && desk.notice(2).unwrap().contains(" to h."));
        desk.refuse(2);
        assert!(desk.notice(2).is_none() && desk.offer(Instant::now()).is_none());
        assert_eq!(told(&messages), [Some(1), Some(2), None]);
    }

    #[test]
    fn it_is_gone_after_a_minute() {
        let (desk, messages) = desk();
        lay(&desk);
        let until = desk.rest(Instant::now()).unwrap();
        assert!(desk.offer(until - Duration::from_millis(1)).is_some());
        assert!(desk.take(1, until).is_err() && desk.rest(until).is_none());
        assert_eq!(told(&messages), [Some(1), None]);
    }

    #[test]
    fn whoever_gave_up_is_offered_nothing() {
        let (desk, messages) = desk();
        let cancel = Cancel::new();
        cancel.cancel();
        desk.clear();
        assert!(desk.lay("h".into(), String::new(), picture(), &cancel).unwrap_err().is_cancelled());
        assert!(desk.offer(Instant::now()).is_none() && told(&messages).is_empty());
    }

    #[test]
    fn no_log_has_it() {
        let (desk, _messages) = desk();
        lay(&desk);
        let offer = desk.offer(Instant::now()).unwrap();
        let said = format!("{offer:?} {:?}", desk.take(1, Instant::now()));
        assert!(!said.contains("AQID") && !said.contains("1, 2, 3"), "{said}");
    }
}
