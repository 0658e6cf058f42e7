//! Word of what the user's choice of a device means, now and whenever that changes.
//!
//! Where there is a sound server it says so itself ([`server`]): the watch sleeps until then. Plain ALSA and other systems
//! tell nothing to a program like this one, so there the question is asked anew every [`LOOK`]. What the answer is, is
//! [`survey`]'s; never opens a device.

#[cfg(target_os = "linux")]
mod server;
mod survey;

use crate::backend::Sound;
use crate::device::Direction;
use crate::error::AudioError;
use crate::opening::detached;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[cfg(target_os = "linux")]
pub(crate) use server::{Server, Silence};
pub(crate) use survey::Survey;

/// How often the question is asked where nobody tells, and how often a server that is away is looked for.
const LOOK: Duration = Duration::from_secs(1);
/// The same for a server that was there: it may be restarting.
const LOOK_FOR_SERVER: Duration = Duration::from_millis(250);
/// Changes come in bunches (a card brings sources, sinks and a new default): one answer is enough for all of them.
const BUNCH: Duration = Duration::from_millis(30);

/// What a user's choice means.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Target {
    /// Identifier of the device.
    pub id: String,
    /// What the user should know about this choice, a sentence or two.
    pub remark: Option<String>,
    /// The sound server says that it is muted.
    pub is_muted: bool,
    /// It is made from another source, by noise suppression for example.
    pub is_processed: bool,
}

/// Takes the answers: the first, and each that differs from the one before. Called on the watch's thread.
pub(crate) type Tell = Box<dyn FnMut(Result<Target, AudioError>) + Send>;

/// A watch on one choice. Ends when dropped.
#[derive(Debug)]
pub(crate) struct Watch(Arc<Line>);

/// What the watch's thread and its owner share.
#[derive(Debug, Default)]
struct Line {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    ended: bool,
    /// The connection that the thread waits on, to break it off.
    #[cfg(target_os = "linux")]
    socket: Option<std::os::unix::net::UnixStream>,
}

impl Watch {
    /// Watches what `wanted` means (empty: the system's choice); `None` when the system has no thread left.
    pub fn start(sound: Sound, direction: Direction, wanted: String, mut tell: Tell) -> Option<Self> {
        let line = Arc::new(Line::default());
        let end = Arc::clone(&line);
        let mut last = None;
        let mut tell = move |target: Result<Target, AudioError>| {
            if last.as_ref() != Some(&target) {
                last = Some(target.clone());
                tell(target);
            }
        };
        detached("jarvis-watch", move || run(&line, &sound, direction, &wanted, &mut tell)).then_some(Self(end))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.ended = true;
        #[cfg(target_os = "linux")]
        if let Some(socket) = state.socket.take() {
            let _ = socket.shutdown(std::net::Shutdown::Both);
        }
        self.0.changed.notify_all();
    }
}

impl Line {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_ended(&self) -> bool {
        self.lock().ended
    }

    /// Waits for `time`, or until the watch ends.
    fn rest(&self, time: Duration) {
        let state = self.lock();
        drop(self.changed.wait_timeout_while(state, time, |state| !state.ended));
    }
}

fn run(
    line: &Line,
    sound: &Sound,
    direction: Direction,
    wanted: &str,
    tell: &mut impl FnMut(Result<Target, AudioError>),
) {
    while !line.has_ended() {
        #[cfg(target_os = "linux")]
        match Server::connect() {
            Ok(server) => {
                sound.saw_server();
                let gone = follow(line, server, |survey| tell(survey.target(direction, wanted)));
                if line.has_ended() {
                    return;
                }
                tell(Err(gone.explained(direction)));
                line.rest(LOOK_FOR_SERVER);
                continue;
            }
            Err(Silence::Absent) if !sound.has_server() => {}
            Err(silence) => {
                tell(Err(silence.explained(direction)));
                line.rest(LOOK_FOR_SERVER);
                continue;
            }
        }
        tell(sound.find(direction, wanted).map(|found| found.target));
        line.rest(LOOK);
    }
}

/// Hands over what the server has, now and after each change, until the connection ends; says why it did.
#[cfg(target_os = "linux")]
fn follow(line: &Line, mut server: Server, mut tell: impl FnMut(&Survey)) -> Silence {
    let mut listen = || -> Result<(), Silence> {
        let socket = server.socket()?;
        {
            let mut state = line.lock();
            if state.ended {
                return Ok(());
            }
            state.socket = Some(socket);
        }
        server.subscribe()?;
        loop {
            tell(&server.survey()?);
            server.wait_for_change()?;
            std::thread::sleep(BUNCH);
        }
    };
    let ended = listen();
    line.lock().socket = None;
    ended.err().unwrap_or(Silence::Absent)
}
