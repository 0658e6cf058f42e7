//! The asking side of the control socket.

use std::io::{BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use jarvis_core::{Error, EventRecord, Result};

use super::protocol::{MAX_ANSWER, read_line};
use super::{Request, Response};

/// How long the running instance may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long it may take to end: its threads have two seconds.
const ENDING: Duration = Duration::from_secs(10);

/// A connection to the running instance.
///
/// # Errors
/// Nothing runs, or it is another user's.
pub fn connect(socket: &Path) -> Result<UnixStream> {
    // SAFETY: geteuid takes nothing, cannot fail and touches no memory of ours.
    if is_strangers(socket, unsafe { libc::geteuid() }) {
        return Err(denied());
    }
    let stream = UnixStream::connect(socket).map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => Error::new(
            "control.not_running",
            "Jarvis is not running.",
            "Start the app, or `jarvis run` to have it without a window.",
        ),
        ErrorKind::PermissionDenied => denied(),
        _ => Error::new(
            "control.unreachable",
            format!("The running Jarvis cannot be reached: {error}."),
            "Start it again.",
        ),
    })?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(not_set_up)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(not_set_up)?;
    Ok(stream)
}

/// Whether someone other than `user` made the socket or its folder, to answer in Jarvis's name: where the folder is in
/// `/tmp`, anyone can be first. What is not there is nobody's.
fn is_strangers(socket: &Path, user: u32) -> bool {
    let owner = |path: &Path| std::fs::symlink_metadata(path).map(|found| found.uid()).ok();
    socket.parent().into_iter().chain([socket]).filter_map(owner).any(|owner| owner != user)
}

/// Sends `request` to the running instance and waits for its answer.
///
/// # Errors
/// Nothing runs, it does not answer, or it refuses.
pub fn send(socket: &Path, request: &Request) -> Result<Response> {
    exchange(&mut BufReader::new(connect(socket)?), request)
}

/// As [`send`], with more patience.
pub(super) fn send_and_wait(socket: &Path, request: &Request, patience: Duration) -> Result<Response> {
    let stream = connect(socket)?;
    stream.set_read_timeout(Some(patience)).map_err(not_set_up)?;
    exchange(&mut BufReader::new(stream), request)
}

/// Ends the running instance, and waits until the next one can start.
///
/// # Errors
/// As [`send`], or it did not end in time.
pub fn quit(socket: &Path) -> Result<Response> {
    let mut reader = BufReader::new(connect(socket)?);
    let response = exchange(&mut reader, &Request::Quit)?;
    reader.get_ref().set_read_timeout(Some(ENDING)).map_err(not_set_up)?;
    // It closes the connection when it is gone. One that breaks is as good.
    match reader.read(&mut [0]) {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Err(Error::new(
            "control.not_ended",
            "Jarvis was told to end and has not done so yet.",
            "If it stays so, end that process.",
        )),
        _ => Ok(response),
    }
}

/// The events of the running instance, as [`crate::EngineHandle::subscribe`] gives them, until it ends.
///
/// # Errors
/// As [`send`].
pub fn subscribe(socket: &Path) -> Result<Events> {
    let mut reader = BufReader::new(connect(socket)?);
    exchange(&mut reader, &Request::Subscribe)?;
    reader.get_ref().set_read_timeout(None).map_err(not_set_up)?;
    Ok(Events { reader, deadline: None })
}

/// What [`subscribe`] gives: the events as they happen.
#[derive(Debug)]
pub struct Events {
    reader: BufReader<UnixStream>,
    deadline: Option<Instant>,
}

impl Events {
    /// Waits for no event beyond `deadline`; from then on there are only errors.
    #[must_use]
    pub fn until(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// The next line, `None` at the end of the stream.
    fn line(&mut self) -> Result<Option<String>> {
        let Some(deadline) = self.deadline else { return read_line(&mut self.reader, MAX_ANSWER) };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(silent());
        }
        self.reader.get_ref().set_read_timeout(Some(left)).map_err(not_set_up)?;
        read_line(&mut self.reader, MAX_ANSWER)
            .map_err(|error| if Instant::now() < deadline { error } else { silent() })
    }
}

impl Iterator for Events {
    type Item = Result<EventRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.line().transpose()?;
        Some(line.and_then(|line| serde_json::from_str(&line).map_err(|error| garbled(&error))))
    }
}

fn exchange(reader: &mut BufReader<UnixStream>, request: &Request) -> Result<Response> {
    let mut line = serde_json::to_string(request).expect("requests are plain data");
    line.push('\n');
    reader.get_mut().write_all(line.as_bytes()).map_err(|_| silent())?;
    let answer = read_line(reader, MAX_ANSWER).map_err(|_| silent())?.ok_or_else(silent)?;
    let response: Response = serde_json::from_str(&answer).map_err(|error| garbled(&error))?;
    match response.error {
        Some(error) => Err(error),
        None => Ok(response),
    }
}

fn not_set_up(error: std::io::Error) -> Error {
    Error::new("control.unreachable", format!("The connection cannot be set up: {error}."), "")
}

fn denied() -> Error {
    Error::new(
        "control.denied",
        "The running Jarvis belongs to another user.",
        "Start your own with `jarvis run`; if its folder is not yours, set JARVIS_RUNTIME_DIR to one of your own.",
    )
}

fn silent() -> Error {
    Error::new(
        "control.no_answer",
        "The running Jarvis does not answer.",
        "If it stays so, end that process and start it again.",
    )
}

fn garbled(error: &serde_json::Error) -> Error {
    Error::new(
        "control.other_version",
        format!("The running Jarvis answers in words that this version does not know: {error}."),
        "Quit it and start it again, so that both are of the same version.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn a_socket_or_folder_of_another_user_is_not_spoken_to() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("control.sock");
        let me = folder.path().metadata().unwrap().uid();
        assert!(!is_strangers(&socket, me), "what is not there is nobody's");
        assert!(is_strangers(&socket, me + 1), "the folder is another's");
        let _listener = UnixListener::bind(&socket).unwrap();
        assert!(!is_strangers(&socket, me));
    }

    #[test]
    fn events_that_do_not_come_are_not_waited_for_beyond_the_deadline() {
        let (near, _far) = UnixStream::pair().unwrap();
        let events = Events { reader: BufReader::new(near), deadline: None };
        let first = events.until(Instant::now() + Duration::from_millis(50)).next();
        assert_eq!(first.unwrap().unwrap_err().code, "control.no_answer");
    }
}
