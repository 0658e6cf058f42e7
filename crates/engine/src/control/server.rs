//! The answering side of the control socket: one thread accepts, one serves each client.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufReader, ErrorKind, Write};
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jarvis_core::{Error, Result};
use jarvis_settings::Paths;

use super::protocol::{MAX_LINE, parse, read_line};
use super::{Request, Response, client};
use crate::{Command, EngineHandle, Subscription};

/// Connections at a time; more are told to come back.
const MAX_CLIENTS: usize = 32;

/// How long a client may say nothing, or not read what it is sent.
const IDLE: Duration = Duration::from_secs(60);
const UNREAD: Duration = Duration::from_secs(5);

/// How long a new instance waits for one that is ending.
const ENDING: Duration = Duration::from_secs(5);

/// The place of the one running instance: the lock on `control.lock`, held for as long as this lives, and the socket's
/// file, which is made and removed by nobody who does not hold the lock.
#[derive(Debug)]
struct Place {
    socket: PathBuf,
    /// Closing it gives the lock back, which the system also does for a process that was killed.
    _lock: File,
    /// Told after that.
    leaving: Leaving,
}

/// Connections of those who wait for this instance to be gone: they are closed when it is.
#[derive(Debug, Clone, Default)]
struct Waiting(Arc<Mutex<Vec<UnixStream>>>);

impl Waiting {
    fn with<T>(&self, work: impl FnOnce(&mut Vec<UnixStream>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Lets those who wait go when it is dropped, whoever else still knows of them.
#[derive(Debug, Default)]
struct Leaving(Waiting);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.with(Vec::clear);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.socket);
    }
}

/// The socket, claimed for this process and not served yet. Dropping it lets another instance start.
#[derive(Debug)]
pub struct Claim {
    listener: UnixListener,
    place: Place,
}

/// The running server. Dropping it closes the socket, removes its file, and lets another instance start.
#[derive(Debug)]
pub struct Server {
    place: Place,
    closing: Arc<AtomicBool>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Release);
        // Whoever accepts is woken by a last connection.
        let _ = UnixStream::connect(&self.place.socket);
    }
}

/// The socket for this process, so that no second instance can start. A file that a crashed instance left is replaced.
///
/// # Errors
/// Another instance runs (and is told so), or the socket cannot be made.
pub fn claim(paths: &Paths) -> Result<Claim> {
    let folder = paths.ensure_runtime_dir()?;
    let socket = paths.control_socket();
    if socket.as_os_str().len() > 100 {
        return Err(Error::new(
            "control.path_too_long",
            format!("The path of the control socket is too long for the system: {}.", socket.display()),
            "Set JARVIS_RUNTIME_DIR to a short folder of your own.",
        ));
    }
    let fails = |error: std::io::Error| cannot(&socket, &error);
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(folder.join("control.lock"))
        .map_err(fails)?;
    let patience = Instant::now() + ENDING;
    loop {
        match lock.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) => match client::send(&socket, &Request::Hello) {
                Err(error) if is_of_no_instance(&error) && Instant::now() < patience => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                first => {
                    let status = first.ok().and_then(|response| response.status);
                    return Err(already_running(status.map(|status| status.pid)));
                }
            },
            Err(TryLockError::Error(error)) => return Err(fails(error)),
        }
    }
    // From here on nobody else touches the socket's file: what stands there was left by an instance that was killed.
    match std::fs::remove_file(&socket) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(fails(error)),
        _ => {}
    }
    // Bound under another name and moved, so that it never stands there with wider permissions.
    let unready = socket.with_extension("new");
    let _ = std::fs::remove_file(&unready);
    let listener = UnixListener::bind(&unready).map_err(fails)?;
    std::fs::set_permissions(&unready, std::fs::Permissions::from_mode(0o600))
        .and_then(|()| std::fs::rename(&unready, &socket))
        .map_err(fails)?;
    Ok(Claim { listener, place: Place { socket, _lock: lock, leaving: Leaving::default() } })
}

/// Whether an instance that answers so is about to be gone.
fn is_of_no_instance(error: &Error) -> bool {
    matches!(error.code.as_str(), "control.ending" | "control.not_running" | "control.no_answer")
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

/// Serves `engine` until the returned [`Server`] is dropped. `reload` does what [`Request::Reload`] asks: it reads the
/// settings anew and hands them to the engine; it is called on the thread that serves the client.
///
/// # Errors
/// No thread can be started.
pub fn serve(
    claim: Claim,
    engine: EngineHandle,
    reload: impl Fn() -> Result<()> + Send + Sync + 'static,
) -> Result<Server> {
    let Claim { listener, place } = claim;
    let closing = Arc::new(AtomicBool::new(false));
    let server = Server { place, closing: Arc::clone(&closing) };
    let served = Served { engine, reload: Arc::new(reload), waiting: server.place.leaving.0.clone() };
    std::thread::Builder::new()
        .name("control".into())
        .spawn(move || accept(&listener, &closing, &served))
        .map_err(|error| Error::new("internal.thread", format!("No thread can be started: {error}."), ""))?;
    Ok(server)
}

/// What clients reach.
#[derive(Clone)]
struct Served {
    engine: EngineHandle,
    reload: Arc<dyn Fn() -> Result<()> + Send + Sync>,
    waiting: Waiting,
}

fn accept(listener: &UnixListener, closing: &AtomicBool, served: &Served) {
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
        let (served, clients_of_thread) = (served.clone(), Arc::clone(&clients));
        let spawned = std::thread::Builder::new().name("client".into()).stack_size(256 * 1024).spawn(move || {
            serve_client(stream, &served);
            clients_of_thread.fetch_sub(1, Ordering::AcqRel);
        });
        if spawned.is_err() {
            clients.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

/// One client until it leaves; errors of its connection are its own affair.
fn serve_client(stream: UnixStream, Served { engine, reload, waiting }: &Served) {
    if stream.set_read_timeout(Some(IDLE)).is_err() || stream.set_write_timeout(Some(UNREAD)).is_err() {
        return;
    }
    let mut reader = BufReader::new(&stream);
    loop {
        let request = match read_line(&mut reader, MAX_LINE) {
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
            Ok(Request::Hello | Request::Ask { .. } | Request::See { .. } | Request::SendPicture { .. })
                if engine.is_ending() =>
            {
                Response::error(ending())
            }
            Ok(Request::Hello) => {
                tracing::info!("another instance tried to start and was sent away");
                Response::status(engine.status())
            }
            Ok(Request::Ask { text, aloud }) => engine.ask(text, aloud).map_or_else(Response::error, Response::turn),
            Ok(Request::See { target, question }) => {
                engine.see(target, question).map_or_else(Response::error, Response::seen)
            }
            Ok(Request::Picture) => Response::picture(engine.picture()),
            Ok(Request::SendPicture { offer, aloud }) => {
                engine.send_picture(offer, aloud).map_or_else(Response::error, Response::turn)
            }
            Ok(Request::RefusePicture { offer }) => {
                engine.refuse_picture(offer);
                Response::ok()
            }
            Ok(Request::NotCalled) => match engine.not_called() {
                Ok(true) => Response::ok(),
                Ok(false) => Response::error(Error::new(
                    "wake.no_wake",
                    "Nothing woke Jarvis lately that could be remembered.",
                    "Say it right after a wake by mistake.",
                )),
                Err(error) => Response::error(error),
            },
            Ok(Request::Quit) => {
                // The answer first: the process may be gone before this thread runs again.
                let _ = write(&stream, &Response::ok());
                if let Ok(stream) = stream.try_clone() {
                    waiting.with(|waiting| waiting.push(stream));
                }
                engine.send(Command::Quit);
                return;
            }
            Ok(Request::Reload) => reload().map_or_else(Response::error, |()| Response::ok()),
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

fn ending() -> Error {
    Error::new("control.ending", "Jarvis is ending.", "Start it again, and ask once more.")
}

/// Sends events until the client leaves or the engine ends. A second thread waits for the client to leave, so that its
/// place is free again at once, also while nothing happens that could be sent.
fn send_events(stream: &UnixStream, events: &Subscription) {
    let ender = events.ender();
    std::thread::scope(|scope| {
        let watch = std::thread::Builder::new().name("client-leaves".into()).stack_size(64 * 1024);
        let watching = watch.spawn_scoped(scope, || {
            wait_until_closed(stream);
            ender.end();
        });
        if watching.is_err() {
            return;
        }
        while let Ok(record) = events.recv() {
            if write(stream, &record).is_err() {
                break;
            }
        }
        // For the client, and for the thread that watches it.
        let _ = stream.shutdown(Shutdown::Both);
    });
}

/// Returns when the connection is closed in both directions. A client that only ends its own sending still listens.
fn wait_until_closed(stream: &UnixStream) {
    let mut watched = libc::pollfd { fd: stream.as_raw_fd(), events: libc::POLLHUP, revents: 0 };
    loop {
        // SAFETY: `watched` is one `pollfd` and outlives the call; its descriptor is open as long as `stream` lives.
        let ready = unsafe { libc::poll(&raw mut watched, 1, -1) };
        if ready >= 0 || std::io::Error::last_os_error().kind() != ErrorKind::Interrupted {
            return;
        }
    }
}

fn write(mut stream: &UnixStream, message: &impl serde::Serialize) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    stream.write_all(&line)
}
