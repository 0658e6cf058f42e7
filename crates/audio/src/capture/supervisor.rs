//! Keeps a microphone open: opens it, notices when it stops, and opens it again.
//!
//! Three things tell that a stream is no longer what the user wants: the sound system's error callback, a callback
//! that stands still for [`STALLED`], and a watch on which device the user's choice means by now. Opening and watching
//! may block for ever, so each has a thread of its own; the supervisor only ever waits for messages.

use super::feed::{Listener, Pulse};
use super::framer::Framer;
use crate::device::Direction;
use crate::error::AudioError;
use crate::opening::{Attempt, Attempts, OPENING, detached, dispose};
use rtrb::Consumer;
use std::any::Any;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// A stream that should run and has not called back for this long is dead.
const STALLED: Duration = Duration::from_millis(700);
/// How often the callback counter is looked at.
const TICK: Duration = Duration::from_millis(200);
/// How often the user's choice is resolved anew: as seldom as lets another microphone be in use within two seconds.
const WATCH: Duration = Duration::from_secs(1);

/// A microphone that runs.
pub(crate) struct OpenInput {
    /// Identifier of the device.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Samples per second in the ring.
    pub rate: u32,
    /// Mono samples.
    pub ring: Consumer<f32>,
    /// The callback's sign of life.
    pub pulse: Arc<Pulse>,
    /// Runs until dropped.
    pub stream: Box<dyn Any + Send>,
}

/// Tells the identifier of what a name means now.
pub(crate) type Watcher = Box<dyn FnMut(&str) -> Result<String, AudioError> + Send>;

/// Where microphones come from. All of it may block.
pub(crate) trait InputBackend: Send + Sync + 'static {
    /// Opens and starts what `wanted` means now (empty: the default); `listener` is woken for each buffer, and `broken`
    /// told once, why, when the stream fails.
    fn open(
        &self,
        wanted: &str,
        listener: Arc<Listener>,
        broken: mpsc::Sender<String>,
    ) -> Result<OpenInput, AudioError>;

    /// Tells, again and again, the identifier of what `wanted` means now.
    fn watcher(&self) -> Watcher;
}

/// What the listener is told.
pub(crate) enum Notice {
    Opened { framer: Box<Framer>, device: String },
    Lost { message: String },
    Restored { device: String },
}

/// What the supervisor is told.
pub(crate) enum Note {
    Opened(u64, Result<OpenInput, AudioError>),
    Target(Result<String, AudioError>),
    Quit,
}

pub(crate) struct Supervisor {
    backend: Arc<dyn InputBackend>,
    wanted: String,
    listener: Arc<Listener>,
    notify: mpsc::Sender<Notice>,
    notes: mpsc::Receiver<Note>,
    sender: mpsc::Sender<Note>,
    stream: Option<Running>,
    /// `Lost` was said and `Restored` was not.
    lost: bool,
    attempts: Attempts,
    /// Where the attempt that counts will report a broken stream.
    broken: Option<mpsc::Receiver<String>>,
    /// The watch ends when this is gone.
    _alive: Arc<()>,
}

struct Running {
    id: String,
    pulse: Arc<Pulse>,
    callbacks: u64,
    since: Instant,
    broken: mpsc::Receiver<String>,
    stream: Box<dyn Any + Send>,
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
        let alive = Arc::new(());
        start_watch(&*backend, wanted.clone(), sender.clone(), Arc::downgrade(&alive));
        let supervisor = Self {
            backend,
            wanted,
            listener,
            notify,
            notes,
            sender,
            stream: None,
            lost: false,
            attempts: Attempts::new(Instant::now()),
            broken: None,
            _alive: alive,
        };
        if !detached("jarvis-capture", move || supervisor.run()) {
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
                self.report_lost(&error);
            }
            Err(_) => {}
        }
    }

    fn run_stream(&mut self, input: OpenInput) {
        let Some(broken) = self.broken.take() else { return dispose(input.stream) };
        tracing::info!(device = %input.name, rate = input.rate, "the microphone is open");
        let framer = Box::new(Framer::new(input.ring, input.rate, Arc::clone(&input.pulse)));
        self.tell(Notice::Opened { framer, device: input.name.clone() });
        if std::mem::take(&mut self.lost) {
            self.tell(Notice::Restored { device: input.name });
        }
        let callbacks = input.pulse.callbacks();
        self.stream = Some(Running {
            id: input.id,
            pulse: input.pulse,
            callbacks,
            since: Instant::now(),
            broken,
            stream: input.stream,
        });
    }

    /// The watch says what the user's choice means now.
    fn target(&mut self, target: Result<String, AudioError>) {
        match (&self.stream, target) {
            (Some(running), Ok(id)) if running.id != id => {
                tracing::info!(device = %id, "another microphone is meant by now");
                self.close();
            }
            (Some(_), Err(error @ (AudioError::NoDevice { .. } | AudioError::UnknownDevice { .. }))) => {
                self.close();
                self.report_lost(&error);
            }
            // Nothing is open and the device is there: no reason to wait any longer.
            (None, Ok(_)) => self.attempts.hasten(Instant::now()),
            // A server that does not answer the watch shows in the stream itself.
            _ => {}
        }
    }

    /// Whether the stream still lives.
    fn check(&mut self) {
        let Some(running) = &mut self.stream else { return };
        let reason = match running.broken.try_recv() {
            Ok(reason) => reason,
            Err(_) => {
                let callbacks = running.pulse.callbacks();
                if callbacks != running.callbacks {
                    (running.callbacks, running.since) = (callbacks, Instant::now());
                }
                if running.since.elapsed() < STALLED {
                    return;
                }
                "it sends nothing any more".into()
            }
        };
        self.close();
        self.report_lost(&AudioError::Stopped { direction: Direction::Input, reason });
    }

    fn close(&mut self) {
        if let Some(running) = self.stream.take() {
            dispose(running.stream);
        }
        self.attempts.hasten(Instant::now());
    }

    fn report_lost(&mut self, error: &AudioError) {
        if !std::mem::replace(&mut self.lost, true) {
            tracing::warn!(%error, "the microphone is lost");
            self.tell(Notice::Lost { message: format!("{error} {}", error.remedy()) });
        }
    }

    fn tell(&self, notice: Notice) {
        let _ = self.notify.send(notice);
        self.listener.wake();
    }
}

/// Resolves the user's choice now and then, on a thread of its own, and tells when the answer changes.
fn start_watch(backend: &dyn InputBackend, wanted: String, notes: mpsc::Sender<Note>, alive: Weak<()>) {
    let mut resolve = backend.watcher();
    let mut last = None;
    let started = detached("jarvis-watch-mic", move || {
        while alive.strong_count() > 0 {
            let target = resolve(&wanted);
            if last.as_ref() != Some(&target) {
                last = Some(target.clone());
                if notes.send(Note::Target(target)).is_err() {
                    return;
                }
            }
            thread::sleep(WATCH);
        }
    });
    if !started {
        tracing::warn!("the system has no thread left; a change of the default microphone will not be noticed");
    }
}
