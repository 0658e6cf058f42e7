//! The connection to an X server that nobody waits for in vain: each wait ends after [`PATIENCE`], so that a server that
//! hangs, or one that is not there, is an error and not a silence.

use super::Failure;
use jarvis_core::Error;
use std::io::{self, IoSlice};
use std::os::fd::AsRawFd;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use x11rb::reexports::x11rb_protocol::parse_display::{ConnectAddress, ParsedDisplay, parse_display};
use x11rb::reexports::x11rb_protocol::xauth::{Family, get_auth};
use x11rb::rust_connection::{DefaultStream, PollMode, RustConnection, Stream};
use x11rb::utils::RawFdContainer;

/// How long the server may take to say the next word. One that draws answers within microseconds; a machine that is busy
/// otherwise gets time.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long another machine may take to answer at all.
const REACHING: Duration = Duration::from_millis(900);

/// A server's socket with a limit on each wait.
pub(super) struct Patient(DefaultStream);

impl Stream for Patient {
    fn poll(&self, mode: PollMode) -> io::Result<()> {
        let mut events = 0;
        if mode.readable() {
            events |= libc::POLLIN;
        }
        if mode.writable() {
            events |= libc::POLLOUT;
        }
        let mut socket = libc::pollfd { fd: self.0.as_raw_fd(), events, revents: 0 };
        loop {
            // SAFETY: one `pollfd` that lives through the call, and its count.
            match unsafe { libc::poll(&raw mut socket, 1, PATIENCE.as_millis() as libc::c_int) } {
                0 => return Err(io::ErrorKind::TimedOut.into()),
                ready if ready > 0 => return Ok(()),
                _ => {
                    let error = io::Error::last_os_error();
                    if error.kind() != io::ErrorKind::Interrupted {
                        return Err(error);
                    }
                }
            }
        }
    }

    fn read(&self, into: &mut [u8], descriptors: &mut Vec<RawFdContainer>) -> io::Result<usize> {
        self.0.read(into, descriptors)
    }

    fn write(&self, from: &[u8], descriptors: &mut Vec<RawFdContainer>) -> io::Result<usize> {
        self.0.write(from, descriptors)
    }

    fn write_vectored(&self, from: &[IoSlice<'_>], descriptors: &mut Vec<RawFdContainer>) -> io::Result<usize> {
        self.0.write_vectored(from, descriptors)
    }
}

/// A connection, and what is known of it.
pub(super) struct Connected {
    /// The server.
    pub(super) server: RustConnection<Patient>,
    /// Which of its screens was asked for.
    pub(super) screen: usize,
    /// Whether the server runs on this machine, so that it can share memory with us.
    pub(super) local: bool,
}

/// Connects to the display `name`, by default the one that `DISPLAY` names.
pub(super) fn connect(name: Option<&str>) -> Result<Connected, Failure> {
    let display = parse_display(name).map_err(|_| no_display(name))?;
    // Names are resolved and sockets connected elsewhere: the system sets those no limit that we could live with.
    let (opened, stream) = mpsc::sync_channel(1);
    let address = display.clone();
    thread::Builder::new()
        .name("jarvis-display".into())
        .spawn(move || {
            // Whoever asked may have gone.
            let _ = opened.send(open(&address));
        })
        .map_err(|_| silent(&display))?;
    let patience = if display.host.is_empty() { PATIENCE } else { REACHING };
    let (stream, family, peer, local) = match stream.recv_timeout(patience) {
        Ok(Some(opened)) => opened,
        Ok(None) | Err(_) => return Err(silent(&display)),
    };
    let (method, secret) = get_auth(family, &peer, display.display).ok().flatten().unwrap_or_default();
    let screen = usize::from(display.screen);
    match RustConnection::connect_to_stream_with_auth_info(Patient(stream), screen, method, secret) {
        Ok(server) => Ok(Connected { server, screen, local }),
        Err(x11rb::errors::ConnectError::SetupFailed(_) | x11rb::errors::ConnectError::SetupAuthenticate(_)) => {
            let hint = "Start Jarvis as the user who is logged in there, or give it that user's XAUTHORITY.";
            Err(Error::new("vision.no_permission", format!("The screen {} refuses us.", told(&display)), hint).into())
        }
        Err(x11rb::errors::ConnectError::InvalidScreen) => Err(no_display(name)),
        Err(_) => Err(silent(&display)),
    }
}

type Opened = (DefaultStream, Family, Vec<u8>, bool);

/// The first of the display's addresses that takes a connection.
fn open(display: &ParsedDisplay) -> Option<Opened> {
    display.connect_instruction().find_map(|address| {
        let (stream, (family, peer)) = DefaultStream::connect(&address).ok()?;
        Some((stream, family, peer, matches!(address, ConnectAddress::Socket(_))))
    })
}

fn told(display: &ParsedDisplay) -> String {
    format!("“{}:{}”", display.host, display.display)
}

fn no_display(name: Option<&str>) -> Failure {
    let message =
        match name.map(str::to_owned).or_else(|| std::env::var("DISPLAY").ok()).filter(|name| !name.is_empty()) {
            Some(name) => format!("“{name}” names no screen."),
            None => "There is no screen to look at: DISPLAY is not set.".to_owned(),
        };
    Error::new("vision.no_display", message, "Start Jarvis in the desktop session, or set DISPLAY to its screen.")
        .into()
}

fn silent(display: &ParsedDisplay) -> Failure {
    let message = format!("The screen {} does not answer.", told(display));
    let hint = "Start Jarvis in the desktop session, or set DISPLAY to a screen that runs.";
    Error::new("vision.no_display", message, hint).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str) -> Error {
        match connect(Some(name)) {
            Err(Failure::Refused(error)) => error,
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("{name} is a screen"),
        }
    }

    #[test]
    fn a_screen_that_is_not_there_is_named() {
        for name in [":64999", "screen", ":0.9x", "unix:64998"] {
            let error = refused(name);
            assert_eq!(error.code, "vision.no_display", "{name}");
            assert!(
                !error.hint.is_empty() && error.message.contains(name.trim_start_matches("unix")),
                "{}",
                error.message
            );
        }
    }

    #[test]
    fn a_server_that_says_nothing_is_left() {
        let mute = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let stream = std::net::TcpStream::connect(mute.local_addr().expect("it has one")).expect("it listens");
        let (stream, _) = DefaultStream::from_tcp_stream(stream).expect("a stream");
        let connection = RustConnection::connect_to_stream(Patient(stream), 0);
        assert!(
            matches!(connection, Err(x11rb::errors::ConnectError::IoError(error)) if error.kind() == io::ErrorKind::TimedOut)
        );
    }
}
