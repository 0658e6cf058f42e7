//! Owns the speaker's stream and feeds it: opens it when it is needed, closes it when it is not, repairs it, and tells
//! when a turn starts and ends.
//!
//! Nothing here may lose the end of a turn: when the speaker is lost, what is left of the turn goes to the next stream,
//! and after [`GIVE_UP`] without one it is given up, so that the conversation goes on in writing.

use super::PlayerEvent;
use super::cue::{Cue, CueSource};
use super::line::Controls;
use super::turn::{Pumped, Turn};
use crate::device::Direction;
use crate::error::AudioError;
use crate::opening::{Attempt, Attempts, OPENING, detached, dispose};
use jarvis_core::{SpeechAudio, TurnId};
use rodio::mixer::Mixer;
use std::any::Any;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How often the ring is refilled while a turn plays.
const TICK: Duration = Duration::from_millis(10);
/// How often an open stream that plays nothing is looked after.
const IDLE_TICK: Duration = Duration::from_millis(500);
/// How long the stream stays open after its last use.
const KEEP_OPEN: Duration = Duration::from_secs(10);
/// How long a turn waits for a speaker before its sound is given up.
const GIVE_UP: Duration = Duration::from_secs(2);
/// How often the user's choice is resolved anew while a stream is open; one question at a time.
const WATCH: Duration = Duration::from_secs(1);
/// Added to the device's own buffer before a turn counts as heard.
const LAST_SOUND: Duration = Duration::from_millis(10);

/// A speaker that runs.
pub(crate) struct OpenOutput {
    /// Identifier of the device.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Samples per second that it takes.
    pub rate: NonZero<u32>,
    /// How long a sample waits in the device's buffer.
    pub latency: Duration,
    /// Where sounds are added.
    pub mixer: Mixer,
    /// Runs until dropped.
    pub stream: Box<dyn Any + Send>,
}

/// Where speakers come from. All of it may block.
pub(crate) trait OutputBackend: Send + Sync + 'static {
    /// Opens and starts what `wanted` means now (empty: the default); `broken` is told once, why, when the stream
    /// fails.
    fn open(&self, wanted: &str, broken: mpsc::Sender<String>) -> Result<OpenOutput, AudioError>;

    /// The identifier of what `wanted` means now.
    fn current(&self, wanted: &str) -> Result<String, AudioError>;
}

/// What the supervisor is told.
pub(crate) enum Note {
    Prepare,
    Begin { turn: TurnId, generation: u64 },
    Append { turn: TurnId, audio: SpeechAudio },
    Finish { turn: TurnId },
    Stop { generation: u64 },
    Play { cue: Cue, generation: u64 },
    Opened(u64, Result<OpenOutput, AudioError>),
    Target(Result<String, AudioError>),
    Quit,
}

pub(crate) struct Supervisor {
    backend: Arc<dyn OutputBackend>,
    wanted: String,
    controls: Arc<Controls>,
    events: mpsc::Sender<PlayerEvent>,
    notes: mpsc::Receiver<Note>,
    sender: mpsc::Sender<Note>,
    stream: Option<Running>,
    attempts: Attempts,
    broken: Option<mpsc::Receiver<String>>,
    /// `Lost` was said and `Restored` was not.
    lost: bool,
    turn: Option<Turn>,
    /// Cues that wait for the stream, each with the generation that it belongs to.
    cues: Vec<(Cue, u64)>,
    /// The stream is kept open until then.
    needed_until: Instant,
    /// Since when a turn has been waiting for a speaker.
    waiting_since: Option<Instant>,
}

struct Running {
    id: String,
    rate: NonZero<u32>,
    latency: Duration,
    mixer: Mixer,
    broken: mpsc::Receiver<String>,
    watched: Instant,
    /// The last question was not answered yet.
    watching: bool,
    stream: Box<dyn Any + Send>,
}

impl Supervisor {
    /// Starts the supervisor's thread; it ends when told [`Note::Quit`].
    pub fn start(
        backend: Arc<dyn OutputBackend>,
        wanted: String,
        controls: Arc<Controls>,
        events: mpsc::Sender<PlayerEvent>,
    ) -> Result<mpsc::Sender<Note>, AudioError> {
        let (sender, notes) = mpsc::channel();
        let handle = sender.clone();
        let now = Instant::now();
        let supervisor = Self {
            backend,
            wanted,
            controls,
            events,
            notes,
            sender,
            stream: None,
            attempts: Attempts::new(now),
            broken: None,
            lost: false,
            turn: None,
            cues: Vec::new(),
            needed_until: now,
            waiting_since: None,
        };
        if !detached("jarvis-player", move || supervisor.run()) {
            return Err(AudioError::Unavailable {
                direction: Direction::Output,
                name: String::new(),
                reason: "the system has no thread left".into(),
            });
        }
        Ok(handle)
    }

    fn run(mut self) {
        loop {
            match self.notes.recv_timeout(self.pause()) {
                Ok(Note::Quit) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(note) => self.take(note),
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.look_after_stream();
            self.start_cues();
            self.pump();
        }
        if let Some(running) = self.stream.take() {
            dispose(running.stream);
        }
    }

    fn pause(&self) -> Duration {
        let now = Instant::now();
        match &self.stream {
            Some(_) if self.turn.as_ref().is_some_and(Turn::is_playing) => TICK,
            Some(_) => IDLE_TICK,
            None if self.turn.is_some() => TICK,
            None if self.is_needed(now) => self.attempts.pause(now),
            // Nothing to do until somebody asks for something.
            None => Duration::from_secs(3600),
        }
    }

    fn is_needed(&self, now: Instant) -> bool {
        // A lost speaker is looked for until it is back, so that the user learns of it.
        self.turn.is_some() || !self.cues.is_empty() || self.lost || now < self.needed_until
    }

    fn take(&mut self, note: Note) {
        let now = Instant::now();
        match note {
            Note::Prepare => self.need(now),
            Note::Begin { turn, generation } => {
                self.need(now);
                self.waiting_since = None;
                self.turn = Some(Turn::new(turn, generation));
            }
            Note::Append { turn, audio } => match self.turn.as_mut().filter(|current| current.id() == turn) {
                Some(current) => current.append(audio),
                None => tracing::debug!(%turn, "dropped a clause of a turn that is over"),
            },
            Note::Finish { turn } => {
                if let Some(current) = self.turn.as_mut().filter(|current| current.id() == turn) {
                    current.finish();
                }
            }
            Note::Stop { generation } => {
                self.turn.take_if(|turn| turn.generation() < generation);
                self.cues.retain(|(_, of)| *of >= generation);
                self.need(now);
            }
            Note::Play { cue, generation } => {
                self.need(now);
                self.cues.push((cue, generation));
            }
            Note::Opened(number, result) => self.opened(number, result),
            Note::Target(target) => self.target(target),
            Note::Quit => {}
        }
    }

    fn need(&mut self, now: Instant) {
        if !self.is_needed(now) {
            self.attempts.hasten(now);
        }
        self.needed_until = now + KEEP_OPEN;
    }

    /// Opens the stream if it is needed, closes it if not, and notices when it is broken.
    fn look_after_stream(&mut self) {
        let now = Instant::now();
        let needed = self.is_needed(now);
        let Some(running) = &mut self.stream else {
            if needed {
                self.try_to_open(now);
            }
            return;
        };
        let stalled = self.turn.as_ref().is_some_and(Turn::has_stalled);
        match running.broken.try_recv() {
            Ok(reason) => return self.lose(reason),
            Err(_) if stalled => return self.lose("it takes no sound any more".into()),
            Err(_) => {}
        }
        if !needed {
            self.close();
        } else if !running.watching && now.duration_since(running.watched) >= WATCH {
            running.watched = now;
            let (backend, wanted, sender) = (Arc::clone(&self.backend), self.wanted.clone(), self.sender.clone());
            running.watching = detached("jarvis-watch-out", move || {
                let _ = sender.send(Note::Target(backend.current(&wanted)));
            });
        }
    }

    fn try_to_open(&mut self, now: Instant) {
        let number = match self.attempts.next(now) {
            Attempt::Wait => return,
            Attempt::Hopeless => return self.report_lost(&AudioError::NoAnswer { seconds: OPENING.as_secs() }),
            Attempt::Start { number, overdue } => {
                if overdue {
                    self.report_lost(&AudioError::NoAnswer { seconds: OPENING.as_secs() });
                }
                number
            }
        };
        let (tell_broken, broken) = mpsc::channel();
        self.broken = Some(broken);
        let (backend, wanted, sender) = (Arc::clone(&self.backend), self.wanted.clone(), self.sender.clone());
        let started = detached("jarvis-open-out", move || {
            let result = backend.open(&wanted, tell_broken);
            // When nobody listens any more the stream is closed again right here.
            let _ = sender.send(Note::Opened(number, result));
        });
        if !started {
            self.attempts.answered(number, false, now);
        }
    }

    fn opened(&mut self, number: u64, result: Result<OpenOutput, AudioError>) {
        let counts = self.attempts.answered(number, result.is_ok(), Instant::now());
        match result {
            Ok(output) if counts && self.stream.is_none() => self.run_stream(output),
            Ok(output) => dispose(output.stream),
            Err(error) if counts => {
                tracing::debug!(%error, "the speaker could not be opened");
                self.report_lost(&error);
            }
            Err(_) => {}
        }
    }

    fn run_stream(&mut self, output: OpenOutput) {
        let Some(broken) = self.broken.take() else { return dispose(output.stream) };
        tracing::info!(device = %output.name, rate = output.rate, "the speaker is open");
        if std::mem::take(&mut self.lost) {
            self.tell(PlayerEvent::Restored { device: output.name });
            self.needed_until = Instant::now() + KEEP_OPEN;
        }
        self.waiting_since = None;
        self.stream = Some(Running {
            id: output.id,
            rate: output.rate,
            latency: output.latency,
            mixer: output.mixer,
            broken,
            watched: Instant::now(),
            watching: false,
            stream: output.stream,
        });
    }

    fn target(&mut self, target: Result<String, AudioError>) {
        if let Some(running) = &mut self.stream {
            running.watching = false;
        }
        match (&self.stream, target) {
            (Some(running), Ok(id)) if running.id != id => {
                tracing::info!(device = %id, "another speaker is meant by now");
                self.close();
            }
            (Some(_), Err(error @ (AudioError::NoDevice { .. } | AudioError::UnknownDevice { .. }))) => {
                self.close();
                self.report_lost(&error);
            }
            (None, Ok(_)) => self.attempts.hasten(Instant::now()),
            _ => {}
        }
    }

    fn lose(&mut self, reason: String) {
        self.close();
        // A stream that was only kept warm is quietly opened anew when it is needed.
        if self.turn.is_some() {
            self.report_lost(&AudioError::Stopped { direction: Direction::Output, reason });
        } else {
            self.needed_until = Instant::now();
        }
    }

    fn close(&mut self) {
        if let Some(running) = self.stream.take() {
            dispose(running.stream);
        }
        if let Some(turn) = &mut self.turn {
            turn.lose_stream();
        }
        self.attempts.hasten(Instant::now());
    }

    fn start_cues(&mut self) {
        let Some(running) = &self.stream else { return };
        for (cue, generation) in self.cues.drain(..) {
            let source = CueSource::new(cue, running.rate, Arc::clone(&self.controls), generation);
            self.needed_until = self.needed_until.max(Instant::now() + source.duration() + KEEP_OPEN);
            running.mixer.add(source);
        }
    }

    /// Moves the turn forward.
    fn pump(&mut self) {
        let now = Instant::now();
        let Some(turn) = &mut self.turn else { return };
        let pumped = match &self.stream {
            Some(running) => {
                self.waiting_since = None;
                turn.pump(running.rate, running.latency + LAST_SOUND, &running.mixer, &self.controls)
            }
            None if turn.is_empty() => turn.pump_without_speaker(),
            None => {
                let since = *self.waiting_since.get_or_insert(now);
                if now.duration_since(since) < GIVE_UP {
                    return;
                }
                turn.pump_without_speaker()
            }
        };
        let id = turn.id();
        match pumped {
            Pumped::Nothing => {}
            Pumped::Started => self.tell(PlayerEvent::Started(id)),
            Pumped::Finished => {
                self.turn = None;
                self.need(now);
                self.tell(PlayerEvent::Finished(id));
            }
        }
    }

    fn report_lost(&mut self, error: &AudioError) {
        if !std::mem::replace(&mut self.lost, true) {
            tracing::warn!(%error, "the speaker is lost");
            self.tell(PlayerEvent::Lost { message: format!("{error} {}", error.remedy()) });
        }
    }

    fn tell(&self, event: PlayerEvent) {
        let _ = self.events.send(event);
    }
}
