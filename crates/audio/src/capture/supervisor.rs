//! Keeps a microphone open: opens it, notices when it stops, and opens it again.
//!
//! Four things tell that a stream is no longer what the user wants: the sound system's error callback, a callback that
//! stands still for [`STALLED`], a watch on which device the user's choice means by now, and a machine that has slept.
//! Opening and watching may block for ever, so each has a thread of its own; the supervisor only ever waits for messages.
//!
//! A stream that is open is no microphone yet: it counts from its first buffer on, for which a Bluetooth headset may need
//! seconds and a suspended device for ever.

use super::feed::{Listener, Pulse};
use super::framer::Framer;
use crate::device::Direction;
use crate::error::AudioError;
use crate::opening::{Attempt, Attempts, OPENING, detached, dispose};
use crate::sleep::Sleeper;
use crate::watch::{Target, Tell};
use rtrb::Consumer;
use std::any::Any;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// A stream that ran and has not called back for this long is dead.
const STALLED: Duration = Duration::from_millis(700);
/// How long the first buffer may take.
const FIRST: Duration = Duration::from_secs(3);
/// How often an open stream is looked at.
const TICK: Duration = Duration::from_millis(200);

/// A microphone that runs.
pub(crate) struct OpenInput {
    /// What people call it.
    pub name: String,
    /// What the user's choice meant.
    pub target: Target,
    /// Samples per second in the ring.
    pub rate: u32,
    /// Mono samples.
    pub ring: Consumer<f32>,
    /// The callback's sign of life.
    pub pulse: Arc<Pulse>,
    /// Runs until dropped.
    pub stream: Box<dyn Any + Send>,
}

/// Where microphones come from. All of it may block, but for [`Self::asleep`].
pub(crate) trait InputBackend: Send + Sync + 'static {
    /// Opens and starts what `wanted` means now (empty: the default); `listener` is woken for each buffer, and `broken`
    /// told once, why, when the stream fails.
    fn open(
        &self,
        wanted: &str,
        listener: Arc<Listener>,
        broken: mpsc::Sender<String>,
    ) -> Result<OpenInput, AudioError>;

    /// Tells what `wanted` means, now and after each change, until the result is dropped.
    fn watch(&self, wanted: &str, tell: Tell) -> Box<dyn Any + Send>;

    /// How long the machine has been suspended since it was started.
    fn asleep(&self) -> Duration;
}

/// What the listener is told.
pub(crate) enum Notice {
    Opened { framer: Box<Framer>, device: String, opened: Opened },
    Lost { message: String },
    Remark { device: String, message: String },
}

/// How a stream came to be, for the user. All of it is said when its first sound comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Opened {
    /// There was none before, nor was one missed.
    First,
    /// The user was told that there is none.
    Again,
    /// There was another, or the user should know which it is.
    Instead { message: String },
}

/// What the supervisor is told.
pub(crate) enum Note {
    Opened(u64, Result<OpenInput, AudioError>),
    Target(Result<Target, AudioError>),
    Quit,
}

/// Why a stream was closed that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closed {
    /// Another device is meant.
    Another,
    /// The machine slept.
    Slept,
}

pub(crate) struct Supervisor {
    backend: Arc<dyn InputBackend>,
    wanted: String,
    listener: Arc<Listener>,
    notify: mpsc::Sender<Notice>,
    notes: mpsc::Receiver<Note>,
    sender: mpsc::Sender<Note>,
    stream: Option<Running>,
    /// `Lost` was said, and nothing was heard since.
    lost: bool,
    /// Why the stream before was closed, while there is none in its place.
    closed: Option<Closed>,
    attempts: Attempts,
    /// Where the attempt that counts will report a broken stream.
    broken: Option<mpsc::Receiver<String>>,
    sleeper: Sleeper,
    /// Told of by [`Note::Target`].
    _watch: Box<dyn Any + Send>,
}

struct Running {
    name: String,
    target: Target,
    pulse: Arc<Pulse>,
    callbacks: u64,
    /// For how long no buffer has come, and when that was looked at.
    quiet: Duration,
    looked: Instant,
    broken: mpsc::Receiver<String>,
    stream: Box<dyn Any + Send>,
}

impl Running {
    fn has_sent(&self) -> bool {
        self.pulse.callbacks() > 0
    }
}

impl Supervisor {
    /// Starts the supervisor's thread and the watch; they end when told [`Note::Quit`] or when the other end is gone.
    pub fn start(
        backend: Arc<dyn InputBackend>,
        wanted: String,
        listener: Arc<Listener>,
        notify: mpsc::Sender<Notice>,
    ) -> Result<mpsc::Sender<Note>, AudioError> {
        let (sender, notes) = mpsc::channel();
        let quits = sender.clone();
        let started = detached("jarvis-capture", move || {
            let tells = sender.clone();
            let tell = move |target| drop(tells.send(Note::Target(target)));
            let watch = backend.watch(&wanted, Box::new(tell));
            let sleeper = Sleeper::new(backend.asleep());
            let supervisor = Self {
                backend,
                wanted,
                listener,
                notify,
                notes,
                sender,
                stream: None,
                lost: false,
                closed: None,
                attempts: Attempts::new(Instant::now()),
                broken: None,
                sleeper,
                _watch: watch,
            };
            supervisor.run();
        });
        if !started {
            return Err(AudioError::Unavailable {
                direction: Direction::Input,
                name: String::new(),
                reason: "the system has no thread left".into(),
            });
        }
        Ok(quits)
    }

    fn run(mut self) {
        loop {
            if self.stream.is_none() {
                self.try_to_open();
            }
            match self.notes.recv_timeout(self.pause()) {
                Ok(Note::Quit) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(Note::Opened(number, result)) => self.opened(number, result),
                Ok(Note::Target(target)) => self.target(target),
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.check();
        }
        if let Some(running) = self.stream.take() {
            dispose(running.stream);
        }
    }

    fn pause(&self) -> Duration {
        if self.stream.is_some() { TICK } else { self.attempts.pause(Instant::now()) }
    }

    fn try_to_open(&mut self) {
        let number = match self.attempts.next(Instant::now()) {
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
        let (backend, wanted) = (Arc::clone(&self.backend), self.wanted.clone());
        let (listener, sender) = (Arc::clone(&self.listener), self.sender.clone());
        let started = detached("jarvis-open-mic", move || {
            let result = backend.open(&wanted, listener, tell_broken);
            // When nobody listens any more the stream is closed again right here.
            let _ = sender.send(Note::Opened(number, result));
        });
        if !started {
            self.attempts.answered(number, false, Instant::now());
        }
    }

    fn opened(&mut self, number: u64, result: Result<OpenInput, AudioError>) {
        let counts = self.attempts.answered(number, result.is_ok(), Instant::now());
        match result {
            Ok(input) if counts && self.stream.is_none() => self.run_stream(input),
            // An attempt that was given up came through after all, while a newer one is under way or has won.
            Ok(input) => dispose(input.stream),
            Err(error) if counts => {
                tracing::debug!(%error, "the microphone could not be opened");
                if matches!(error, AudioError::NoDevice { .. } | AudioError::UnknownDevice { .. }) {
                    self.attempts.leave_to_watch(Instant::now());
                }
                self.report_lost(&error);
            }
            Err(_) => {}
        }
    }

    fn run_stream(&mut self, input: OpenInput) {
        let Some(broken) = self.broken.take() else { return dispose(input.stream) };
        let OpenInput { name, target, rate, ring, pulse, stream } = input;
        tracing::info!(device = %name, rate, "the microphone is open");
        pulse.set_muted(target.is_muted);
        let opened = match (&target.remark, self.closed.take()) {
            _ if self.lost => Opened::Again,
            (Some(remark), _) => Opened::Instead { message: remark.clone() },
            (None, Some(Closed::Another)) => Opened::Instead { message: format!("I listen with “{name}” now.") },
            (None, Some(Closed::Slept)) => {
                Opened::Instead { message: format!("The machine slept; I listen with “{name}” again.") }
            }
            (None, None) => Opened::First,
        };
        let framer = Box::new(Framer::new(ring, rate, Arc::clone(&pulse), target.is_processed));
        self.tell(Notice::Opened { framer, device: name.clone(), opened });
        if let (true, Some(message)) = (self.lost, target.remark.clone()) {
            self.tell(Notice::Remark { device: name.clone(), message });
        }
        self.stream = Some(Running {
            name,
            target,
            pulse,
            callbacks: 0,
            quiet: Duration::ZERO,
            looked: Instant::now(),
            broken,
            stream,
        });
    }

    /// The watch says what the user's choice means now.
    fn target(&mut self, target: Result<Target, AudioError>) {
        match (&mut self.stream, target) {
            (Some(running), Ok(target)) if running.target.id == target.id => {
                running.pulse.set_muted(target.is_muted);
                let before = std::mem::replace(&mut running.target, target);
                if let Some(message) = running.target.remark.clone()
                    && before.remark != running.target.remark
                {
                    let device = running.name.clone();
                    self.tell(Notice::Remark { device, message });
                }
            }
            (Some(_), Ok(target)) => {
                tracing::info!(device = %target.id, "another microphone is meant by now");
                self.close(Some(Closed::Another));
            }
            (
                Some(_),
                Err(
                    error @ (AudioError::NoDevice { .. }
                    | AudioError::UnknownDevice { .. }
                    | AudioError::Stopped { .. }),
                ),
            ) => {
                self.close(None);
                self.report_lost(&error);
            }
            // A server that does not answer the watch shows in the stream itself.
            (Some(_), Err(_)) => {}
            // Nothing is open and the device is there: no reason to wait any longer.
            (None, Ok(_)) => self.attempts.hasten(Instant::now()),
            (None, Err(_)) => {}
        }
    }

    /// Whether the stream still lives.
    fn check(&mut self) {
        let slept = self.sleeper.has_slept(self.backend.asleep());
        let Some(running) = &mut self.stream else { return };
        let (callbacks, now) = (running.pulse.callbacks(), Instant::now());
        let passed = now.saturating_duration_since(std::mem::replace(&mut running.looked, now));
        if callbacks != running.callbacks {
            (running.callbacks, running.quiet) = (callbacks, Duration::ZERO);
            self.lost = false;
        } else {
            // When this thread stood still the stream had no more of a chance than it.
            running.quiet += passed.min(2 * TICK);
        }
        if slept {
            tracing::info!("the machine has slept; the microphone is opened anew");
            return self.close(Some(Closed::Slept));
        }
        let limit = if running.has_sent() { STALLED } else { FIRST };
        let reason = match running.broken.try_recv() {
            Ok(reason) => reason,
            Err(_) if running.quiet < limit => return,
            Err(_) if running.has_sent() => "it sends nothing any more".into(),
            Err(_) => "it sends nothing".into(),
        };
        self.close(None);
        self.report_lost(&AudioError::Stopped { direction: Direction::Input, reason });
    }

    /// Closes the stream, to open one at once: the same again, or because of `why` another one.
    fn close(&mut self, why: Option<Closed>) {
        if let Some(running) = self.stream.take() {
            // Nobody missed a microphone that was never heard.
            if running.has_sent() {
                (self.closed, self.lost) = (why, false);
            }
            dispose(running.stream);
        }
        self.attempts.hasten(Instant::now());
    }

    fn report_lost(&mut self, error: &AudioError) {
        self.closed = None;
        if !std::mem::replace(&mut self.lost, true) {
            // Whoever is told warns of it.
            tracing::info!(%error, "the microphone is lost");
            self.tell(Notice::Lost { message: format!("{error} {}", error.remedy()) });
        }
    }

    fn tell(&self, notice: Notice) {
        let _ = self.notify.send(notice);
        self.listener.wake();
    }
}
