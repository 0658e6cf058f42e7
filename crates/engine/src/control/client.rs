//! The asking side of the control socket.
//!
//! Whoever answers may be of another version. `status` is known to all, and so is where its answer has the version: that is
//! asked for where either side does not know the other's words, so that the user is told which of the two is the older.

use std::cmp::Ordering;
use std::io::{BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jarvis_core::{Error, EventRecord, Result};

use super::protocol::{BAD_REQUEST, MAX_ANSWER, read_line};
use super::{Request, Response};

/// How long the running instance may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The most characters of a version.
const LONGEST_VERSION: usize = 32;

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
    Ok(Events { reader, socket: socket.to_owned(), deadline: None })
}

/// What [`subscribe`] gives: the events as they happen.
#[derive(Debug)]
pub struct Events {
    reader: BufReader<UnixStream>,
    socket: PathBuf,
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
        Some(line.and_then(|line| {
            serde_json::from_str(&line).map_err(|_| {
                let asked = connect(&self.socket).ok();
                other_version(asked.and_then(|stream| version(&mut BufReader::new(stream))).as_deref())
            })
        }))
    }
}

fn exchange(reader: &mut BufReader<UnixStream>, request: &Request) -> Result<Response> {
    match serde_json::from_str(&answer(reader, request)?) {
        Ok(Response { error: Some(error), .. }) if error.code == BAD_REQUEST => {
            Err(other_version(version(reader).as_deref()))
        }
        Ok(Response { error: Some(error), .. }) => Err(error),
        Ok(response) => Ok(response),
        Err(_) => Err(other_version(version(reader).as_deref())),
    }
}

/// The line that answers `request`.
fn answer(reader: &mut BufReader<UnixStream>, request: &Request) -> Result<String> {
    let mut line = serde_json::to_string(request).expect("requests are plain data");
    line.push('\n');
    reader.get_mut().write_all(line.as_bytes()).map_err(|_| silent())?;
    read_line(reader, MAX_ANSWER).map_err(|_| silent())?.ok_or_else(silent)
}

/// The version of the running instance, whatever else it says of itself.
fn version(reader: &mut BufReader<UnixStream>) -> Option<String> {
    let told: serde_json::Value = serde_json::from_str(&answer(reader, &Request::Status).ok()?).ok()?;
    Some(told["status"]["version"].as_str()?.chars().filter(|c| c.is_ascii_graphic()).take(LONGEST_VERSION).collect())
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

/// The running instance, of the version `theirs`, and this program do not know each other's words.
fn other_version(theirs: Option<&str>) -> Error {
    const OURS: &str = env!("CARGO_PKG_VERSION");
    let restart = "Restart it: `jarvis quit`, then start the app again, or `jarvis run`.";
    let order = theirs.and_then(|theirs| Some(numbers(theirs)?.cmp(&numbers(OURS)?)));
    let (which, hint) = match (theirs, order) {
        (Some(theirs), Some(Ordering::Less)) => {
            (format!("version {theirs}, older than this command ({OURS})"), restart)
        }
        (Some(theirs), Some(Ordering::Greater)) => (
            format!("version {theirs}, newer than this command ({OURS})"),
            "Call the `jarvis` that was installed with it.",
        ),
        (Some(theirs), _) => (format!("version {theirs}, in another build than this command ({OURS})"), restart),
        (None, _) => (format!("another version than this command ({OURS})"), restart),
    };
    let message = format!("The running Jarvis is {which}, and the two don't know each other's words.");
    Error::new("control.other_version", message, hint)
}

/// The numbers of a version before any word, such as 0, 2 and 1 of `0.2.1-beta`.
fn numbers(version: &str) -> Option<Vec<u64>> {
    version.split(['-', '+']).next()?.split('.').map(|number| number.parse().ok()).collect()
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
        let events = Events { reader: BufReader::new(near), socket: PathBuf::new(), deadline: None };
        let first = events.until(Instant::now() + Duration::from_millis(50)).next();
        assert_eq!(first.unwrap().unwrap_err().code, "control.no_answer");
    }

    /// What is said of an instance that says these lines to who connects first, and those to the next.
    fn told_of(lines: &[&[&'static str]], ask: impl FnOnce(&Path) -> Error) -> Error {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("control.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let lines: Vec<String> = lines.iter().map(|lines| lines.join("\n") + "\n").collect();
        let serving = std::thread::spawn(move || {
            let serve = |lines: String| {
                let mut stream = listener.accept().unwrap().0;
                stream.write_all(lines.as_bytes()).unwrap();
                stream
            };
            lines.into_iter().map(serve).collect::<Vec<UnixStream>>()
        });
        let error = ask(&socket);
        // The connections stay open up to here.
        drop(serving.join().unwrap());
        error
    }

    #[test]
    fn an_instance_of_another_version_is_named_with_what_to_do() {
        let unknown = r#"{"error":{"code":"control.bad_request","message":"This is not a request: unknown variant `picture`, expected one of `press`.","hint":""}}"#;
        let ask = |socket: &Path| send(socket, &Request::Picture).unwrap_err();
        for (status, words, remedy) in [
            (r#"{"ok":true,"status":{"version":"0.0.9"}}"#, "version 0.0.9, older than this command", "`jarvis quit`"),
            (
                r#"{"status":{"version":"99.0.1-beta","state":"dancing"}}"#,
                "version 99.0.1-beta, newer than this",
                "Call the",
            ),
            (
                concat!(r#"{"status":{"version":""#, env!("CARGO_PKG_VERSION"), r#""}}"#),
                "another build",
                "`jarvis quit`",
            ),
            (r#"{"ok":true}"#, "another version than this", "`jarvis quit`"),
        ] {
            let error = told_of(&[&[unknown, status]], ask);
            assert_eq!(error.code, "control.other_version");
            assert!(error.message.contains(words) && !error.message.contains("variant"), "{error:?}");
            assert!(error.hint.contains(remedy), "{error:?}");
        }
        // What it answers is not known here.
        let status = r#"{"ok":true,"status":{"version":"99.0.0"}}"#;
        let error = told_of(&[&[status, status]], |socket| send(socket, &Request::Status).unwrap_err());
        assert!(error.message.contains("99.0.0, newer"), "{error:?}");
        // Nor what it tells.
        let error = told_of(&[&[r#"{"ok":true}"#, r#"{"event":"dances"}"#], &[status]], |socket| {
            subscribe(socket).unwrap().next().unwrap().unwrap_err()
        });
        assert!(error.message.contains("99.0.0, newer"), "{error:?}");
        // What any version refuses is its own to say.
        let refusal = r#"{"error":{"code":"control.ending","message":"Jarvis is ending.","hint":""}}"#;
        assert_eq!(told_of(&[&[refusal]], ask).code, "control.ending");
    }
}
