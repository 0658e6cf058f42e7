//! The start: threads, channels, and the handle by which everyone else speaks to the engine.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jarvis_core::{AssistantState, Cancel, Capture, Error, Result, ScreenTarget, TurnId};
use jarvis_settings::{Paths, RemoteReach, Settings};

use crate::coordinator::{Coordinator, Workers};
use crate::echo::Echo;
use crate::heavy::Heavy;
use crate::io::{AudioIo, Devices};
use crate::keep::Keeper;
use crate::listen::Listen;
use crate::load::{Installed, Parts};
use crate::message::{Asked, AskedToSee, Message, Outbox};
use crate::observers::Observers;
use crate::picture::{Click, PictureOffer};
use crate::recognize::Recognize;
use crate::see::{Sight, Sighting};
use crate::speak::{Mouth, Speak};
use crate::think::{Job, Think};
use crate::{Command, DeviceStatus, Status, Subscription, check_question};

/// How long a typed question waits for the turn of somebody else to end.
pub(crate) const ASKED: Duration = Duration::from_secs(30);

/// How the engine runs, beside the settings.
pub struct EngineOptions {
    /// Neither listens nor speaks; typed questions are answered in writing.
    pub no_voice: bool,
    /// Answers only what skills know; loads no language model.
    pub no_neural: bool,
    /// Microphone and speaker.
    pub io: Arc<dyn AudioIo>,
    /// Timers that run outlive the program. For the one instance that serves the control socket.
    pub keeps_timers: bool,
    /// Models; none is what is installed.
    pub parts: Option<Arc<dyn Parts>>,
    /// Who watches from the first event on. Whoever must miss nothing subscribes here before the engine starts; one that
    /// subscribes afterwards gets what led to [`AssistantEvent::Ready`](jarvis_core::AssistantEvent::Ready) and what
    /// comes after it subscribed, not what fell in between.
    pub observers: Arc<Observers>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            no_voice: false,
            no_neural: false,
            keeps_timers: false,
            io: Arc::new(Devices),
            parts: None,
            observers: Arc::default(),
        }
    }
}

impl std::fmt::Debug for EngineOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineOptions")
            .field("no_voice", &self.no_voice)
            .field("no_neural", &self.no_neural)
            .field("keeps_timers", &self.keeps_timers)
            .finish_non_exhaustive()
    }
}

/// The whole assistant.
#[derive(Debug)]
pub struct Engine;

impl Engine {
    /// Starts all threads and returns at once; models load in the background, and each event of the stream from
    /// [`EngineHandle::subscribe`] says how that goes. Missing models and devices are events, not errors: what does not
    /// need them works.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn start(settings: Settings, paths: Paths, options: EngineOptions) -> Result<EngineHandle> {
        let parts = options.parts.unwrap_or_else(|| Arc::new(Installed::new(&paths).beside_all()));
        let mut settings = settings;
        settings.mind.enabled &= !options.no_neural;
        let settings = Arc::new(settings);
        let (sender, inbox) = channel();
        let outbox = Outbox(sender.clone());
        let observers = options.observers;
        let status = Arc::new(Mutex::new(new_status(options.no_voice, &settings)));
        let (taps, tapped) = channel();
        let mouth = Arc::new(Mouth::new(taps));
        let heavy = Heavy::default();

        let (listen, listen_jobs) = channel();
        let (recognize, recognize_jobs) = channel();
        let (think, think_jobs) = channel();
        let (speak, speak_jobs) = channel();
        let mut threads = Vec::new();
        // In the order in which they are needed.
        if !options.no_voice {
            let state = Listen::new(
                Arc::clone(&parts),
                Arc::clone(&options.io),
                Echo::new(tapped),
                Arc::clone(&settings),
                outbox.clone(),
            );
            threads.push(spawn("listen", move || state.run(listen_jobs))?);
            let state = Recognize::new(Arc::clone(&parts), Arc::clone(&settings), outbox.clone(), heavy.clone());
            threads.push(spawn("recognize", move || state.run(recognize_jobs))?);
            let (shared, told) = (Arc::clone(&settings), outbox.clone());
            let state = Speak::new(Arc::clone(&parts), options.io, Arc::clone(&mouth), shared, told, heavy.clone());
            threads.push(spawn("speak", move || state.run(speak_jobs))?);
        }
        let keeper = options.keeps_timers.then(|| Keeper::new(&paths));
        let state = Think::new(Arc::clone(&parts), Arc::clone(&settings), paths, outbox, heavy, think.clone(), keeper);
        let sight = state.sight();
        threads.push(spawn("think", move || state.run(think_jobs))?);

        let spare = think.clone();
        let memory = parts.watch_memory(Box::new(move || drop(spare.send(Job::Spare))));
        let workers = Workers { listen, recognize, think, speak };
        let ended = Arc::new(Ended::default());
        let (watching, told) = (Arc::clone(&observers), Arc::clone(&status));
        let coordinator = Coordinator::new(settings, !options.no_voice, workers, mouth, watching, told, sight.desk());
        let at_the_end = Arc::clone(&ended);
        spawn("coordinator", move || {
            // Whatever happens to the coordinator, nobody waits for it in vain.
            let _tell = TellEnd(at_the_end);
            run_coordinator(coordinator, inbox, threads);
            drop(memory);
        })?;
        let ending = Arc::new(AtomicBool::new(false));
        let no_neural = options.no_neural;
        Ok(EngineHandle { sender, observers, status, ending, ended, parts, sight, no_neural })
    }
}

fn run_coordinator(coordinator: Coordinator, inbox: Receiver<Message>, threads: Vec<JoinHandle<()>>) {
    coordinator.run(inbox);
    // Their channels are closed and their work is cancelled; a thread that is stuck in a driver is left behind.
    let patience = std::time::Instant::now() + Duration::from_secs(2);
    while std::time::Instant::now() < patience && !threads.iter().all(JoinHandle::is_finished) {
        std::thread::sleep(Duration::from_millis(5));
    }
    for thread in threads {
        if thread.is_finished() {
            let _ = thread.join();
        } else {
            tracing::warn!(thread = thread.thread().name(), "did not end in time");
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.into()).spawn(work).map_err(|error| {
        Error::new(
            "internal.thread",
            format!("The system gives no thread for {name}: {error}."),
            "Close other programs or raise the limit (`ulimit -u`).",
        )
    })
}

pub(crate) fn new_status(voice_off: bool, settings: &Settings) -> Status {
    Status {
        version: env!("CARGO_PKG_VERSION").into(),
        pid: std::process::id(),
        state: AssistantState::Idle,
        turn: None,
        muted: false,
        ready: false,
        voice_off,
        microphone: DeviceStatus { name: settings.audio.input_device.clone(), ..DeviceStatus::default() },
        speaker: DeviceStatus { name: settings.audio.output_device.clone(), ..DeviceStatus::default() },
        models: BTreeMap::new(),
        remote: Vec::new(),
        last_error: None,
        uptime_seconds: 0.0,
        resident_bytes: None,
    }
}

#[derive(Debug, Default)]
struct Ended {
    is: Mutex<bool>,
    changed: Condvar,
}

struct TellEnd(Arc<Ended>);

impl Drop for TellEnd {
    fn drop(&mut self) {
        *self.0.is.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.changed.notify_all();
    }
}

/// How everyone speaks to the running engine. Clones speak to the same one.
#[derive(Clone)]
pub struct EngineHandle {
    sender: Sender<Message>,
    observers: Arc<Observers>,
    status: Arc<Mutex<Status>>,
    /// It was told to end.
    ending: Arc<AtomicBool>,
    ended: Arc<Ended>,
    /// Asked how the servers of other programs do.
    parts: Arc<dyn Parts>,
    /// Asked what was captured.
    sight: Sight,
    no_neural: bool,
}

impl std::fmt::Debug for EngineHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineHandle").field("status", &self.status).finish_non_exhaustive()
    }
}

impl EngineHandle {
    /// Tells the engine something; returns at once. An engine that has ended hears nothing.
    pub fn send(&self, command: Command) {
        let command = match command {
            Command::Reload(mut settings) => {
                settings.mind.enabled &= !self.no_neural;
                if settings.remote.allowed != RemoteReach::Off {
                    self.look_keys_up();
                }
                Command::Reload(settings)
            }
            Command::Quit => {
                self.ending.store(true, Ordering::Release);
                Command::Quit
            }
            other => other,
        };
        let _ = self.sender.send(Message::Command(Box::new(command)));
    }

    /// A key for a server may have been given or forgotten. Whoever reloads does not wait for a keyring.
    fn look_keys_up(&self) {
        let parts = Arc::clone(&self.parts);
        if let Err(error) = std::thread::Builder::new().name("keys".into()).spawn(move || parts.look_keys_up()) {
            tracing::warn!("No thread to look keys up: {error}");
        }
    }

    /// Asks a typed question when no turn goes on any more, and says which turn answers it, for whoever waits for the
    /// answer among the events; `aloud`: it is spoken, too. Nobody is cut off for it, except by a request to stop.
    ///
    /// # Errors
    /// The question is empty or too long, others are heard or answered for half a minute, or the engine has ended.
    pub fn ask(&self, text: String, aloud: bool) -> Result<TurnId> {
        check_question(&text)?;
        let (sender, turn) = sync_channel(1);
        let given_up = Cancel::new();
        let _ = self.sender.send(Message::Ask(Asked { text, aloud, turn: sender, given_up: given_up.clone() }));
        turn.recv_timeout(ASKED).map_err(|error| match error {
            RecvTimeoutError::Timeout => {
                given_up.cancel();
                self.occupied()
            }
            RecvTimeoutError::Disconnected => ended(),
        })
    }

    /// Looks at `target` and answers `question` from it, in no turn: nothing is spoken.
    ///
    /// # Errors
    /// It can't be looked, or not answered, or not within half a minute.
    pub fn see(&self, target: ScreenTarget, question: String) -> Result<Sighting> {
        check_question(&question)?;
        let (answer, seen) = sync_channel(1);
        let given_up = Cancel::new();
        let asked = AskedToSee { target, question, answer, given_up: given_up.clone() };
        let _ = self.sender.send(Message::See(asked));
        seen.recv_timeout(ASKED).unwrap_or_else(|error| {
            given_up.cancel();
            Err(match error {
                RecvTimeoutError::Timeout => self.occupied(),
                RecvTimeoutError::Disconnected => ended(),
            })
        })
    }

    /// The picture of the screen that waits for the user's decision to have it sent or not.
    pub fn picture(&self) -> Option<PictureOffer> {
        self.sight.desk().offer(Instant::now())
    }

    /// The user looked at the picture `offer` and has it sent; says which turn answers from it. `aloud`: the answer is
    /// spoken, too. Whatever Jarvis says or hears just now is broken off for it.
    ///
    /// # Errors
    /// That picture is not offered any more, Jarvis does not come to it within half a minute, or the engine has ended. Then
    /// it is not sent later either.
    pub fn send_picture(&self, offer: u64, aloud: bool) -> Result<TurnId> {
        let (turn, begun) = sync_channel(1);
        let given_up = Cancel::new();
        let _ = self.sender.send(Message::Show(Click { offer, aloud, turn, given_up: given_up.clone() }));
        begun.recv_timeout(ASKED).unwrap_or_else(|error| {
            given_up.cancel();
            Err(match error {
                RecvTimeoutError::Timeout => self.occupied(),
                RecvTimeoutError::Disconnected => ended(),
            })
        })
    }

    /// The picture `offer` is not to be sent. One that was offered since stays.
    pub fn refuse_picture(&self, offer: u64) {
        self.sight.desk().refuse(offer);
    }

    /// What was captured of the screen since the start, and why, the last first.
    pub fn captures(&self) -> Vec<Capture> {
        self.sight.ledger().captures()
    }

    /// Forgets what was captured, and all that was read in it. Waits for a look that goes on.
    pub fn forget_captures(&self) {
        self.sight.forget();
    }

    fn occupied(&self) -> Error {
        let state = self.status.lock().unwrap_or_else(PoisonError::into_inner).state;
        let message = match state {
            AssistantState::Listening | AssistantState::Transcribing => "Jarvis is listening just now.",
            AssistantState::Speaking => "Jarvis is speaking just now.",
            AssistantState::Thinking | AssistantState::Idle => "Jarvis is answering another question just now.",
        };
        Error::new("control.occupied", message, "Ask again in a moment, or end that with `jarvis cancel`.")
    }

    /// Whether it was told to end.
    pub(crate) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Acquire)
    }

    /// What woke Jarvis last was no call: what sounds like it is heeded less from now on. Says whether there was anything
    /// to remember.
    ///
    /// # Errors
    /// It can't be kept, or the engine has ended.
    pub fn not_called(&self) -> Result<bool> {
        let (sender, answer) = sync_channel(1);
        let _ = self.sender.send(Message::NotCalled { turn: None, answer: sender });
        answer
            .recv_timeout(Duration::from_secs(2))
            .map_err(|_| Error::new("internal.ended", "Jarvis does not listen.", "Start it with the wake word on."))?
    }

    /// The events of the start and those from now on. An observer that is slow loses levels first and never holds the
    /// engine up.
    pub fn subscribe(&self) -> Subscription {
        self.observers.subscribe()
    }

    /// What it is doing and what it has.
    pub fn status(&self) -> Status {
        let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner).clone();
        status.uptime_seconds = self.observers.start().elapsed().as_secs_f64();
        status.resident_bytes = resident_bytes();
        status.remote = self.parts.remote_health();
        status
    }

    /// Waits until the engine has ended.
    pub fn wait(&self) {
        let ended = self.ended.is.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.ended.changed.wait_while(ended, |ended| !*ended).unwrap_or_else(PoisonError::into_inner));
    }
}

fn ended() -> Error {
    Error::new("internal.ended", "Jarvis is ending.", "Start it again and ask once more.")
}

/// Memory of this process that is in RAM, where the system tells.
pub fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    // SAFETY: sysconf takes a number and touches no memory of ours.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    Some(pages * u64::try_from(page).ok()?)
}
