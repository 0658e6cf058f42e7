//! Word of what the user's choice of a device means, now and whenever that changes.
//!
//! Where there is a sound server it says so itself ([`server`]): the watch sleeps until then. Plain ALSA and other systems
//! tell nothing to a program like this one, so there the question is asked anew every [`LOOK`], and less and less often
//! while the answer stays the same ([`SELDOM`]). What the answer is, is [`survey`]'s.

#[cfg(target_os = "linux")]
mod server;
mod survey;

use crate::backend::Sound;
use crate::device::Direction;
use crate::error::AudioError;
use crate::opening::detached;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[cfg(target_os = "linux")]
pub(crate) use server::{Server, Silence};
pub(crate) use survey::Survey;

/// How often the question is asked where nobody tells, at first.
const LOOK: Duration = Duration::from_secs(1);
/// How often a server that was there is looked for, at first: it may be restarting.
const LOOK_FOR_SERVER: Duration = Duration::from_millis(250);
/// How often either is looked for when nothing has changed for long.
const SELDOM: Duration = Duration::from_secs(5);
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
    pub fn start(sound: Sound, direction: Direction, wanted: String, tell: Tell) -> Option<Self> {
        let line = Arc::new(Line::default());
        let end = Arc::clone(&line);
        let mut answers = Answers { tell, last: None, since: Instant::now() };
        detached("jarvis-watch", move || run(&line, &sound, direction, &wanted, &mut answers)).then_some(Self(end))
    }
}

/// The way of the answers, of which only what is new is told.
struct Answers {
    tell: Tell,
    last: Option<Result<Target, AudioError>>,
    /// Since when it has been the last one.
    since: Instant,
}

impl Answers {
    fn tell(&mut self, found: Result<Target, AudioError>) {
        if self.last.as_ref() != Some(&found) {
            (self.last, self.since) = (Some(found.clone()), Instant::now());
            (self.tell)(found);
        }
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

fn run(line: &Line, sound: &Sound, direction: Direction, wanted: &str, answers: &mut Answers) {
    while !line.has_ended() {
        let (least, found) = look(line, sound, direction, wanted, answers);
        if line.has_ended() {
            return;
        }
        answers.tell(found);
        line.rest(pause(least, answers.since.elapsed()));
    }
}

/// Tells what a server says for as long as it is there. Then, or where there is none: what is meant now, and how soon to
/// look again at first.
fn look(
    line: &Line,
    sound: &Sound,
    direction: Direction,
    wanted: &str,
    answers: &mut Answers,
) -> (Duration, Result<Target, AudioError>) {
    #[cfg(target_os = "linux")]
    match Server::connect() {
        Ok(server) => {
            sound.saw_server();
            let gone = follow(line, server, |survey| answers.tell(survey.target(direction, wanted)));
            return (LOOK_FOR_SERVER, Err(gone.explained(direction)));
        }
        Err(Silence::Absent) if !sound.has_server() => {}
        Err(silence) => return (LOOK_FOR_SERVER, Err(silence.explained(direction))),
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (line, answers);
    (LOOK, sound.find(direction, wanted).map(|found| found.target))
}

/// How long to wait before looking again for what has been the same for so long: an eighth of that, so that what comes
/// back soon is seen soon, and what stays away costs little.
fn pause(least: Duration, same: Duration) -> Duration {
    (same / 8).clamp(least, SELDOM)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_new_is_told_and_begins_the_wait_anew() {
        let (sender, told) = std::sync::mpsc::channel();
        let tell: Tell = Box::new(move |found| sender.send(found.is_ok()).unwrap());
        let mut answers = Answers { tell, last: None, since: Instant::now() };
        let mut changes = 0;
        for is_there in [true, true, false, false, false, true] {
            let before = answers.since;
            let gone = AudioError::NoDevice { direction: Direction::Input };
            answers.tell(if is_there { Ok(Target::default()) } else { Err(gone) });
            changes += usize::from(answers.since != before);
        }
        assert_eq!((told.try_iter().collect::<Vec<_>>(), changes), (vec![true, false, true], 3));
    }

    #[test]
    fn what_stays_away_is_looked_for_less_and_less_often() {
        for least in [LOOK, LOOK_FOR_SERVER] {
            assert_eq!(pause(least, Duration::ZERO), least);
            let (mut away, mut looks) = (Duration::ZERO, 0);
            while away < Duration::from_secs(60) {
                away += pause(least, away);
                looks += 1;
            }
            assert!(looks < 40, "{looks} in the first minute");
            assert_eq!(pause(least, away), SELDOM);
        }
    }
}
