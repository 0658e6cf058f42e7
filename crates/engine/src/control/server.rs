//! The answering side of the control socket: one thread accepts, one serves each client.

use std::io::{BufReader, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use jarvis_core::{Error, Result};
use jarvis_settings::Paths;

use super::protocol::{parse, read_line};
use super::{Request, Response, client};
use crate::{EngineHandle, Subscription};

/// Connections at a time; more are told to come back.
const MAX_CLIENTS: usize = 32;

/// How long a client may say nothing, or not read what it is sent.
const IDLE: Duration = Duration::from_secs(60);
const UNREAD: Duration = Duration::from_secs(5);

/// The running server. Dropping it closes the socket and removes its file.
#[derive(Debug)]
pub struct Server {
    socket: PathBuf,
    closing: Arc<AtomicBool>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Release);
        // Whoever accepts is woken by a last connection.
        let _ = UnixStream::connect(&self.socket);
        let _ = std::fs::remove_file(&self.socket);
    }
}

/// The socket for this process, so that no second instance can start. A file that a crashed instance left is replaced.
///
/// # Errors
/// Another instance runs (and is told so), or the socket cannot be made.
pub fn claim(paths: &Paths) -> Result<UnixListener> {
    paths.ensure_runtime_dir()?;
    let socket = paths.control_socket();
    if socket.as_os_str().len() > 100 {
        return Err(Error::new(
            "control.path_too_long",
            format!("The path of the control socket is too long for the system: {}.", socket.display()),
            "Set JARVIS_RUNTIME_DIR to a short folder of your own.",
        ));
    }
    match client::send(&socket, &Request::Hello) {
        Ok(response) => Err(already_running(response.status.map(|status| status.pid))),
        // Someone holds the socket open and is merely slow.
        Err(error) if error.code != "control.not_running" => Err(already_running(None)),
        Err(_) => {
            match std::fs::remove_file(&socket) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(cannot(&socket, &error)),
                _ => {}
            }
            // Bound under another name and moved, so that it never stands there with wider permissions.
            let unready = socket.with_extension(format!("{}", std::process::id()));
            let _ = std::fs::remove_file(&unready);
            let listener = UnixListener::bind(&unready).map_err(|error| cannot(&socket, &error))?;
            std::fs::set_permissions(&unready, std::fs::Permissions::from_mode(0o600))
                .and_then(|()| std::fs::rename(&unready, &socket))
                .map_err(|error| cannot(&socket, &error))?;
            Ok(listener)
        }
    }
}

fn already_running(pid: Option<u32>) -> Error {
    let which = pid.map_or(String::new(), |pid| format!(" (process {pid})"));
    Error::new(
        "control.already_running",
        format!("Jarvis is already running{which}."),
        "Talk to it with `jarvis toggle`, or end it with `jarvis quit` first.",
    )
}

fn cannot(socket: &Path, error: &std::io::Error) -> Error {
    Error::new(
        "control.socket",
        format!("The control socket {} cannot be made: {error}.", socket.display()),
        "Set JARVIS_RUNTIME_DIR to a folder of your own.",
    )
}

/// Serves `engine` on `listener` until the returned [`Server`] is dropped.
///
/// # Errors
/// No thread can be started.
pub fn serve(listener: UnixListener, paths: &Paths, engine: EngineHandle) -> Result<Server> {
    let closing = Arc::new(AtomicBool::new(false));
    let server = Server { socket: paths.control_socket(), closing: Arc::clone(&closing) };
    std::thread::Builder::new()
        .name("control".into())
        .spawn(move || accept(&listener, &closing, &engine))
        .map_err(|error| Error::new("internal.thread", format!("No thread can be started: {error}."), ""))?;
    Ok(server)
}

fn accept(listener: &UnixListener, closing: &AtomicBool, engine: &EngineHandle) {
    let clients = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming() {
        if closing.load(Ordering::Acquire) {
            return;
        }
        let Ok(stream) = stream else {
            // Out of descriptors, most likely; some will be given back.
            std::thread::sleep(Duration::from_millis(100));
            continue;
        };
        if clients.fetch_add(1, Ordering::AcqRel) >= MAX_CLIENTS {
            clients.fetch_sub(1, Ordering::AcqRel);
            let error = Error::new("control.busy", "Too many programs talk to Jarvis.", "Try again in a moment.");
            let _ = stream.set_write_timeout(Some(Duration::from_millis(100)));
            let _ = write(&stream, &Response::error(error));
            continue;
        }
        let (engine, clients_of_thread) = (engine.clone(), Arc::clone(&clients));
        let spawned = std::thread::Builder::new().name("client".into()).stack_size(256 * 1024).spawn(move || {
            serve_client(stream, &engine);
            clients_of_thread.fetch_sub(1, Ordering::AcqRel);
        });
        if spawned.is_err() {
            clients.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

/// One client until it leaves; errors of its connection are its own affair.
fn serve_client(stream: UnixStream, engine: &EngineHandle) {
    if stream.set_read_timeout(Some(IDLE)).is_err() || stream.set_write_timeout(Some(UNREAD)).is_err() {
        return;
    }
    let mut reader = BufReader::new(&stream);
    loop {
        let request = match read_line(&mut reader) {
            Ok(None) => return,
            Ok(Some(line)) if line.is_empty() => continue,
            Ok(Some(line)) => parse(&line),
            Err(error) => {
                let _ = write(&stream, &Response::error(error));
                return;
            }
        };
        let response = match request {
            Ok(Request::Subscribe) => {
                let events = engine.subscribe();
                if write(&stream, &Response::ok()).is_ok() {
                    send_events(&stream, &events);
                }
                return;
            }
            Ok(Request::Status) => Response::status(engine.status()),
            Ok(Request::Hello) => {
                tracing::info!("another instance tried to start and was sent away");
                Response::status(engine.status())
            }
            Ok(request) => {
                if let Some(command) = request.command() {
                    engine.send(command);
                }
                Response::ok()
            }
            Err(error) => Response::error(error),
        };
        if write(&stream, &response).is_err() {
            return;
        }
    }
}

fn send_events(stream: &UnixStream, events: &Subscription) {
    loop {
        match events.recv_timeout(IDLE) {
            Ok(record) => {
                if write(stream, &record).is_err() {
                    return;
                }
            }
            Err(RecvTimeoutError::Timeout) if has_left(stream) => return,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Whether the other end is closed, without waiting.
fn has_left(stream: &UnixStream) -> bool {
    let mut byte = [0u8];
    if stream.set_nonblocking(true).is_err() {
        return true;
    }
    let read = std::io::Read::read(&mut &*stream, &mut byte);
    let _ = stream.set_nonblocking(false);
    !matches!(read, Err(error) if error.kind() == ErrorKind::WouldBlock)
}

fn write(mut stream: &UnixStream, message: &impl serde::Serialize) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    stream.write_all(&line)
}
