//! What the sound server itself says: its devices with their properties, its defaults, and word of each change.
//!
//! Speaks PulseAudio's native protocol, which PipeWire answers too, over a connection of its own: `cpal` tells neither
//! properties nor changes. Each wait for an answer has an end, so that a server that hangs costs [`ANSWER`] and never a
//! thread; only the wait for a change has none, and costs nothing. Opens no stream and changes nothing on the server.
//!
//! The protocol: <https://www.freedesktop.org/wiki/Software/PulseAudio/Documentation/Developer/>; its messages are read
//! and written by the crate that `cpal` uses for its streams.

use super::survey::{Device, Survey};
use crate::error::AudioError;
use pulseaudio::protocol::{
    self, Command, CommandReply, ProtocolError, PulseError, SourceFlags, SubscriptionMask, TagStructReader,
};
use std::ffi::{CStr, CString};
use std::io::{self, BufReader, Cursor, Read};
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// How long an answer may take before the server counts as hung.
const ANSWER: Duration = Duration::from_millis(1500);
/// Longest message that is believed; a desktop with a hundred devices stays far below.
const LONGEST: u32 = 1 << 22;

/// Why the server says nothing.
#[derive(Debug)]
pub(crate) enum Silence {
    /// There is none.
    Absent,
    /// It does not answer.
    Hung,
    /// It does not let us in.
    Refused,
    /// It is gone, or says what cannot be understood.
    Broken(String),
}

impl Silence {
    /// The same, for a user who wanted a device.
    pub fn explained(self, direction: crate::Direction) -> AudioError {
        match self {
            Self::Absent => AudioError::Stopped { direction, reason: "the sound server is gone".into() },
            Self::Hung => AudioError::NoAnswer { seconds: ANSWER.as_secs_f32().ceil() as u64 },
            Self::Refused => AudioError::Refused { direction },
            Self::Broken(reason) => AudioError::Stopped { direction, reason },
        }
    }
}

impl From<io::Error> for Silence {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Self::Hung,
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Self::Absent,
            io::ErrorKind::PermissionDenied => Self::Refused,
            io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => {
                Self::Broken("the sound server is gone".into())
            }
            _ => Self::Broken(crate::error::reason(&error)),
        }
    }
}

impl From<ProtocolError> for Silence {
    fn from(error: ProtocolError) -> Self {
        match error {
            ProtocolError::Io(error) => error.into(),
            ProtocolError::ServerError(PulseError::AccessDenied | PulseError::AuthKey) => Self::Refused,
            other => Self::Broken(crate::error::reason(&other)),
        }
    }
}

/// A connection to the sound server.
pub(crate) struct Server {
    socket: BufReader<UnixStream>,
    version: u16,
    sequence: u32,
    /// Something changed while an answer was awaited.
    changed: bool,
}

/// Number and content of an answer.
type Answer = (u32, Cursor<Vec<u8>>);

impl Server {
    /// Connects to the server that the environment names.
    pub fn connect() -> Result<Self, Silence> {
        let path = pulseaudio::socket_path_from_env().ok_or(Silence::Absent)?;
        let cookie = pulseaudio::cookie_path_from_env().and_then(|path| std::fs::read(path).ok()).unwrap_or_default();
        Self::greet(reach(&path)?, cookie)
    }

    fn greet(socket: UnixStream, cookie: Vec<u8>) -> Result<Self, Silence> {
        socket.set_read_timeout(Some(ANSWER))?;
        socket.set_write_timeout(Some(ANSWER))?;
        let version = protocol::MAX_VERSION;
        let mut server = Self { socket: BufReader::new(socket), version, sequence: 0, changed: false };
        let auth = protocol::AuthParams { version, supports_shm: false, supports_memfd: false, cookie };
        let welcome: protocol::AuthReply = server.ask(&Command::Auth(auth))?;
        server.version = version.min(welcome.version);
        let mut names = protocol::Props::new();
        names.set(protocol::Prop::ApplicationName, c"Jarvis");
        let _: protocol::SetClientNameReply = server.ask(&Command::SetClientName(names))?;
        Ok(server)
    }

    /// Another handle of the connection, to break it off from elsewhere.
    pub fn socket(&self) -> io::Result<UnixStream> {
        self.socket.get_ref().try_clone()
    }

    /// Asks to be told of changes from now on.
    pub fn subscribe(&mut self) -> Result<(), Silence> {
        let of = SubscriptionMask::SERVER | SubscriptionMask::SOURCE | SubscriptionMask::SINK;
        self.tell(&Command::Subscribe(of))?;
        self.answer(|_| Ok(()))
    }

    /// All that there is now.
    pub fn survey(&mut self) -> Result<Survey, Silence> {
        self.changed = false;
        let server: protocol::ServerInfo = self.ask(&Command::GetServerInfo)?;
        let sources: protocol::SourceInfoList = self.ask(&Command::GetSourceInfoList)?;
        let sinks: protocol::SinkInfoList = self.ask(&Command::GetSinkInfoList)?;
        let name = |name: Option<CString>| name.map(|name| text(&name)).unwrap_or_default();
        Ok(Survey {
            default_source: name(server.default_source_name),
            default_sink: name(server.default_sink_name),
            sources: sources
                .into_iter()
                .filter(|source| source.monitor_of_sink_index.is_none())
                .map(microphone)
                .collect(),
            sinks: sinks
                .into_iter()
                .map(|sink| Device::new(text(&sink.name), sink.description.as_deref().map(text)))
                .collect(),
        })
    }

    /// Waits, for ever if need be, until something may have changed since the last survey.
    pub fn wait_for_change(&mut self) -> Result<(), Silence> {
        if std::mem::take(&mut self.changed) {
            return Ok(());
        }
        self.socket.get_ref().set_read_timeout(None)?;
        while !std::mem::take(&mut self.changed) {
            // Answers to what was given up do not interest any more.
            self.message()?;
        }
        self.socket.get_ref().set_read_timeout(Some(ANSWER))?;
        Ok(())
    }

    fn ask<R: CommandReply>(&mut self, command: &Command) -> Result<R, Silence> {
        self.tell(command)?;
        self.answer(|reader| reader.read())
    }

    fn tell(&mut self, command: &Command) -> Result<(), Silence> {
        self.sequence += 1;
        Ok(protocol::write_command_message(self.socket.get_mut(), self.sequence, command, self.version)?)
    }

    fn answer<R>(
        &mut self,
        read: impl FnOnce(&mut TagStructReader<'_>) -> Result<R, ProtocolError>,
    ) -> Result<R, Silence> {
        loop {
            let Some((sequence, mut rest)) = self.message()? else { continue };
            if sequence == self.sequence {
                return Ok(read(&mut TagStructReader::new(&mut rest, self.version))?);
            }
        }
    }

    /// The next message: the number and content of an answer, or nothing for what is none.
    fn message(&mut self) -> Result<Option<Answer>, Silence> {
        let head = protocol::read_descriptor(&mut self.socket)?;
        if head.length > LONGEST {
            return Err(Silence::Broken("the sound server says what cannot be understood".into()));
        }
        let mut body = vec![0; head.length as usize];
        self.socket.read_exact(&mut body)?;
        if head.channel != u32::MAX {
            return Ok(None);
        }
        let mut body = Cursor::new(body);
        match Command::read_tag_prefixed(&mut body, self.version) {
            Ok((sequence, Command::Reply)) => Ok(Some((sequence, body))),
            Ok((sequence, Command::Error(error))) if sequence == self.sequence => {
                Err(ProtocolError::ServerError(error).into())
            }
            Ok((_, Command::SubscribeEvent(_))) => {
                self.changed = true;
                Ok(None)
            }
            // News that nobody asked for, or of a newer protocol.
            Ok(_) | Err(ProtocolError::Unimplemented(..) | ProtocolError::Invalid(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Connects, within [`ANSWER`]: a server that hangs takes a few connections that wait for it, and then none.
fn reach(path: &Path) -> io::Result<UnixStream> {
    // SAFETY: all zeros is an address, of length zero.
    let mut address: libc::sockaddr_un = unsafe { std::mem::zeroed() };
    let name = path.as_os_str().as_bytes();
    if name.len() >= address.sun_path.len() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path to its socket is too long"));
    }
    address.sun_family = libc::AF_UNIX as libc::sa_family_t;
    for (to, from) in address.sun_path.iter_mut().zip(name) {
        *to = *from as libc::c_char;
    }
    // SAFETY: makes a socket, which the stream owns at once.
    let socket = unsafe {
        let socket = libc::socket(libc::AF_UNIX, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0);
        if socket < 0 {
            return Err(io::Error::last_os_error());
        }
        UnixStream::from_raw_fd(socket)
    };
    // Counts for the connection itself, too (unix(7)).
    socket.set_write_timeout(Some(ANSWER))?;
    // SAFETY: the address is one of this family, and as long as is said.
    let connected = unsafe {
        let length = size_of::<libc::sockaddr_un>() as libc::socklen_t;
        libc::connect(socket.as_raw_fd(), (&raw const address).cast(), length)
    };
    if connected < 0 { Err(io::Error::last_os_error()) } else { Ok(socket) }
}

fn microphone(source: protocol::SourceInfo) -> Device {
    let property = |key: &CStr| source.props.get_bytes(key).map(value).unwrap_or_default();
    let name = text(&source.name);
    let is_bluetooth = property(c"device.bus") == "bluetooth"
        || matches!(property(c"device.api").as_str(), "bluez" | "bluez5")
        || name.starts_with("bluez_");
    // Bluetooth LE Audio carries both ways at full quality.
    let is_full = property(c"api.bluez5.profile").starts_with("bap") || property(c"bluetooth.protocol").contains("bap");
    let port = source.ports.get(source.active_port);
    Device {
        is_telephone: is_bluetooth && !is_full,
        is_muted: source.muted,
        is_processed: property(c"device.class") == "filter" || !property(c"node.link-group").is_empty(),
        is_unplugged: port.is_some_and(|port| port.available == protocol::port_info::PortAvailable::No),
        is_internal: property(c"device.form_factor") == "internal" || property(c"device.bus") == "pci",
        is_hardware: source.flags.contains(SourceFlags::HARDWARE),
        ..Device::new(name, source.description.as_deref().map(text))
    }
}

fn text(text: &CStr) -> String {
    text.to_string_lossy().into_owned()
}

/// A property's value; by convention text that ends with a zero.
fn value(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::net::UnixListener;
    use std::thread;

    /// The other end of a connection that was greeted; it answers the `replies` given to it, one a question.
    fn server(replies: impl FnOnce(&mut BufReader<UnixStream>) + Send + 'static) -> Result<Server, Silence> {
        let (ours, theirs) = UnixStream::pair().unwrap();
        thread::spawn(move || {
            let mut theirs = BufReader::new(theirs);
            replies(&mut theirs);
        });
        Server::greet(ours, Vec::new())
    }

    fn welcome(socket: &mut BufReader<UnixStream>) {
        let (sequence, _) = protocol::read_command_message(socket, protocol::MAX_VERSION).unwrap();
        let reply = protocol::AuthReply { version: protocol::MAX_VERSION, use_shm: false, use_memfd: false };
        protocol::write_reply_message(socket.get_mut(), sequence, &reply, protocol::MAX_VERSION).unwrap();
        let (sequence, _) = protocol::read_command_message(socket, protocol::MAX_VERSION).unwrap();
        let reply = protocol::SetClientNameReply { client_id: 1 };
        protocol::write_reply_message(socket.get_mut(), sequence, &reply, protocol::MAX_VERSION).unwrap();
    }

    #[test]
    fn a_server_that_hangs_up_is_gone_and_one_that_talks_nonsense_is_not_believed() {
        let gone = server(|_| {});
        assert!(matches!(gone, Err(Silence::Broken(reason)) if reason.contains("gone")));
        let mad = server(|socket| socket.get_mut().write_all(&[0xff; 64]).unwrap());
        assert!(matches!(mad, Err(Silence::Broken(_))));
    }

    #[test]
    fn a_server_that_takes_no_connection_any_more_hangs_and_one_that_is_not_there_is_absent() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("native");
        assert_eq!(reach(&path).unwrap_err().kind(), io::ErrorKind::NotFound);
        let server = UnixListener::bind(&path).unwrap();
        // SAFETY: a call on a socket that is open: as few connections as can be may wait.
        assert_eq!(unsafe { libc::listen(server.as_raw_fd(), 0) }, 0);
        let waiting: Vec<_> = std::iter::from_fn(|| reach(&path).ok()).take(16).collect();
        assert!(waiting.len() < 16);
        assert!(matches!(reach(&path).unwrap_err().into(), Silence::Hung));
        let long = folder.path().join("x".repeat(200));
        assert!(matches!(reach(&long).unwrap_err().into(), Silence::Broken(reason) if reason.contains("too long")));
    }

    #[test]
    fn a_change_that_comes_before_an_answer_is_not_lost() {
        let mut server = server(|socket| {
            welcome(socket);
            let (sequence, _) = protocol::read_command_message(socket, protocol::MAX_VERSION).unwrap();
            let event = protocol::SubscriptionEvent {
                event_facility: protocol::SubscriptionEventFacility::Source,
                event_type: protocol::SubscriptionEventType::New,
                index: Some(3),
            };
            let event = Command::SubscribeEvent(event);
            protocol::write_command_message(socket.get_mut(), u32::MAX, &event, protocol::MAX_VERSION).unwrap();
            protocol::write_ack_message(socket.get_mut(), sequence).unwrap();
        })
        .unwrap();
        server.subscribe().unwrap();
        server.wait_for_change().unwrap();
        // The other end is gone by now.
        assert!(matches!(server.wait_for_change(), Err(Silence::Broken(_))));
    }
}
