//! The asking side of the control socket.

use std::io::{BufReader, ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use jarvis_core::{Error, EventRecord, Result};

use super::protocol::read_line;
use super::{Request, Response};

/// How long the running instance may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection to the running instance.
///
/// # Errors
/// Nothing runs, or it is another user's.
pub fn connect(socket: &Path) -> Result<UnixStream> {
    let stream = UnixStream::connect(socket).map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => Error::new(
            "control.not_running",
            "Jarvis is not running.",
            "Start the app, or `jarvis run` to have it without a window.",
        ),
        ErrorKind::PermissionDenied => Error::new(
            "control.denied",
            "The running Jarvis belongs to another user.",
            "Start your own with `jarvis run`.",
        ),
        _ => Error::new(
            "control.unreachable",
            format!("The running Jarvis cannot be reached: {error}."),
            "Start it again.",
        ),
    })?;
    let fails = |error| Error::new("control.unreachable", format!("The connection cannot be set up: {error}."), "");
    stream.set_read_timeout(Some(PATIENCE)).map_err(fails)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(fails)?;
    Ok(stream)
}

/// Sends `request` to the running instance and waits for its answer.
///
/// # Errors
/// Nothing runs, it does not answer, or it refuses.
pub fn send(socket: &Path, request: &Request) -> Result<Response> {
    exchange(&mut BufReader::new(connect(socket)?), request)
}

/// The events of the running instance from now on, until it ends.
///
/// # Errors
/// As [`send`].
pub fn subscribe(socket: &Path) -> Result<impl Iterator<Item = Result<EventRecord>>> {
    let mut reader = BufReader::new(connect(socket)?);
    exchange(&mut reader, &Request::Subscribe)?;
    let fails = |error| Error::new("control.unreachable", format!("The connection cannot be set up: {error}."), "");
    reader.get_ref().set_read_timeout(None).map_err(fails)?;
    Ok(std::iter::from_fn(move || {
        let line = read_line(&mut reader).transpose()?;
        Some(line.and_then(|line| serde_json::from_str(&line).map_err(|error| garbled(&error))))
    }))
}

fn exchange(reader: &mut BufReader<UnixStream>, request: &Request) -> Result<Response> {
    let silent = || {
        Error::new(
            "control.no_answer",
            "The running Jarvis does not answer.",
            "If it stays so, end that process and start it again.",
        )
    };
    let mut line = serde_json::to_string(request).expect("requests are plain data");
    line.push('\n');
    reader.get_mut().write_all(line.as_bytes()).map_err(|_| silent())?;
    let answer = read_line(reader).map_err(|_| silent())?.ok_or_else(silent)?;
    let response: Response = serde_json::from_str(&answer).map_err(|error| garbled(&error))?;
    match response.error {
        Some(error) => Err(error),
        None => Ok(response),
    }
}

fn garbled(error: &serde_json::Error) -> Error {
    Error::new(
        "control.other_version",
        format!("The running Jarvis answers in words that this version does not know: {error}."),
        "Quit it and start it again, so that both are of the same version.",
    )
}
