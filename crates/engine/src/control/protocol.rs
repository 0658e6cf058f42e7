//! The messages of the control socket and how a line of bounded length is read.

use std::io::{BufRead, Read};

use jarvis_core::{Error, Result, ScreenTarget, TurnId};
use serde::{Deserialize, Serialize};

use crate::{Command, PictureOffer, Sighting, Status};

/// The longest line that a server takes, in bytes.
pub(super) const MAX_LINE: u64 = 64 * 1024;
/// The longest that a client takes: the text of a whole desktop, several times over.
pub(super) const MAX_ANSWER: u64 = 16 << 20;
/// The code of the refusal of what is no request of this version. Other versions go by it.
pub(super) const BAD_REQUEST: &str = "control.bad_request";

/// What a client wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "lowercase")]
pub enum Request {
    /// As the hotkey going down.
    Press,
    /// As the hotkey going up.
    Release,
    /// Begin to listen, or end listening and answer.
    Toggle,
    /// Begin to listen.
    Start,
    /// End listening and answer; otherwise be silent.
    Stop,
    /// Give the turn up and be silent.
    Cancel,
    /// Microphone off.
    Mute,
    /// Microphone on.
    Unmute,
    /// A typed question.
    Ask {
        /// The question.
        text: String,
        /// The answer is spoken, too.
        #[serde(default)]
        aloud: bool,
    },
    /// Look at the screen and answer from it, in no turn.
    See {
        /// At what.
        target: ScreenTarget,
        /// The question.
        question: String,
    },
    /// Which picture of the screen waits to be sent or not?
    Picture,
    /// The user looked at that picture and has it sent.
    SendPicture {
        /// Its number.
        offer: u64,
        /// The answer is spoken, too.
        #[serde(default)]
        aloud: bool,
    },
    /// That picture is not to be sent.
    RefusePicture {
        /// Its number.
        offer: u64,
    },
    /// What woke Jarvis last was no call.
    NotCalled,
    /// Settings were changed or models installed: take them up.
    Reload,
    /// End the running instance.
    Quit,
    /// What is it doing?
    Status,
    /// Send events from now on.
    Subscribe,
    /// A second instance asks whether there is a first one.
    Hello,
}

impl Request {
    /// The engine's command, where the request is one and nothing but `ok` is to be answered.
    pub(super) fn command(self) -> Option<Command> {
        Some(match self {
            Request::Press => Command::Press,
            Request::Release => Command::Release,
            Request::Toggle => Command::Toggle,
            Request::Start => Command::Start,
            Request::Stop => Command::Stop,
            Request::Cancel => Command::Cancel,
            Request::Mute => Command::Mute,
            Request::Unmute => Command::Unmute,
            Request::Quit => Command::Quit,
            Request::Ask { .. }
            | Request::See { .. }
            | Request::Picture
            | Request::SendPicture { .. }
            | Request::RefusePicture { .. }
            | Request::NotCalled
            | Request::Reload
            | Request::Status
            | Request::Subscribe
            | Request::Hello => return None,
        })
    }
}

/// What the running instance answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// The request was taken.
    #[serde(default)]
    pub ok: bool,
    /// What it is doing, for [`Request::Status`] and [`Request::Hello`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// The turn that answers, for [`Request::Ask`] and [`Request::SendPicture`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<TurnId>,
    /// What was seen, for [`Request::See`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Sighting>,
    /// The picture that is offered, for [`Request::Picture`]; none where none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<PictureOffer>,
    /// Why the request was not taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

impl Response {
    pub(super) fn ok() -> Self {
        Self { ok: true, ..Self::default() }
    }

    pub(super) fn status(status: Status) -> Self {
        Self { ok: true, status: Some(status), ..Self::default() }
    }

    pub(super) fn turn(turn: TurnId) -> Self {
        Self { ok: true, turn: Some(turn), ..Self::default() }
    }

    pub(super) fn seen(seen: Sighting) -> Self {
        Self { ok: true, seen: Some(seen), ..Self::default() }
    }

    pub(super) fn picture(picture: Option<PictureOffer>) -> Self {
        Self { ok: true, picture, ..Self::default() }
    }

    pub(super) fn error(error: Error) -> Self {
        Self { error: Some(error), ..Self::default() }
    }
}

/// The next line of `most` bytes at most without its end; `None` at the end of the stream.
pub(super) fn read_line(reader: &mut impl BufRead, most: u64) -> Result<Option<String>> {
    let mut line = Vec::new();
    let read = reader.by_ref().take(most).read_until(b'\n', &mut line);
    match read {
        Ok(0) => Ok(None),
        Ok(_) if line.last() != Some(&b'\n') && line.len() as u64 >= most => {
            Err(Error::new("control.too_long", format!("A message is longer than {most} bytes."), "Send less."))
        }
        Ok(_) => match String::from_utf8(line) {
            Ok(line) => Ok(Some(line.trim().to_owned())),
            Err(_) => Err(Error::new("control.not_text", "A message is not UTF-8 text.", "Send a line of JSON.")),
        },
        Err(error) => Err(Error::new("control.read", format!("The control socket cannot be read: {error}."), "")),
    }
}

/// A request from its line.
pub(super) fn parse(line: &str) -> Result<Request> {
    serde_json::from_str(line).map_err(|error| {
        Error::new(
            BAD_REQUEST,
            format!("This is not a request that Jarvis {} knows: {error}.", env!("CARGO_PKG_VERSION")),
            r#"Send for example {"command":"toggle"}."#,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_named_as_on_the_command_line() {
        assert_eq!(parse(r#"{"command":"toggle"}"#).unwrap(), Request::Toggle);
        let (written, spoken) = (r#"{"command":"ask","text":"hi"}"#, r#"{"command":"ask","text":"hi","aloud":true}"#);
        assert_eq!(parse(written).unwrap(), Request::Ask { text: "hi".into(), aloud: false });
        assert_eq!(parse(spoken).unwrap(), Request::Ask { text: "hi".into(), aloud: true });
        assert_eq!(parse(r#"{"command":"reload"}"#).unwrap(), Request::Reload);
        let request = Request::See { target: ScreenTarget::PointerMonitor, question: "what is there".into() };
        let see = r#"{"command":"see","target":"pointer_monitor","question":"what is there"}"#;
        assert_eq!(parse(see).unwrap(), request);
        assert_eq!(parse(r#"{"command":"picture"}"#).unwrap(), Request::Picture);
        let send = r#"{"command":"sendpicture","offer":3}"#;
        assert_eq!(parse(send).unwrap(), Request::SendPicture { offer: 3, aloud: false });
        assert_eq!(parse(r#"{"command":"sendpicture"}"#).unwrap_err().code, "control.bad_request");
        assert_eq!(parse("toggle").unwrap_err().code, "control.bad_request");
        assert_eq!(parse(r#"{"command":"ask"}"#).unwrap_err().code, "control.bad_request");
    }

    #[test]
    fn a_line_has_a_limit() {
        let endless = vec![b'x'; 3 * MAX_LINE as usize];
        assert_eq!(read_line(&mut endless.as_slice(), MAX_LINE).unwrap_err().code, "control.too_long");
        assert_eq!(read_line(&mut &b"\xff\xfe\n"[..], 64).unwrap_err().code, "control.not_text");
        assert_eq!(read_line(&mut &b" a \r\nb"[..], 64).unwrap(), Some("a".into()));
        assert_eq!(read_line(&mut &b""[..], 64).unwrap(), None);
    }
}
