//! Owns the speaker's stream and feeds it: opens it when it is needed, closes it when it is not, repairs it, and tells
//! when a turn starts and ends.
//!
//! Nothing here may lose the end of a turn: when the speaker is lost, what is left of the turn goes to the next stream,
//! and after [`GIVE_UP`] without one it is given up, so that the conversation goes on in writing.

use super::PlayerEvent;
use super::controls::Controls;
use super::cue::{Cue, CueSource};
use super::deck::{Deck, Desk, Order};
use super::tap::{Feed, Rings};
use super::turn::{Pumped, Turn};
use crate::device::Direction;
use crate::effects::{Chain, Preset};
use crate::error::AudioError;
use crate::opening::{Attempt, Attempts, OPENING, detached, dispose};
use crate::watch::Tell;
use jarvis_core::{SpeechAudio, TurnId};
use rodio::mixer::Mixer;
use std::any::Any;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How often the ring is refilled while a turn plays; a fraction of what the ring holds.
const TICK: Duration = Duration::from_millis(50);
/// How often it is looked whether a turn has begun or ended, when that is near.
const EDGE_TICK: Duration = Duration::from_millis(5);
/// How long the stream stays open after its last use.
const KEEP_OPEN: Duration = Duration::from_secs(10);
/// How long a turn waits for a speaker before its sound is given up.
const GIVE_UP: Duration = Duration::from_secs(2);
/// What a device that was just opened may swallow while it wakes up. Most streams are opened while the user still
/// speaks, so that nobody waits for this.
const LEAD_IN: Duration = Duration::from_millis(200);
/// A device that takes no sound for this long, while there is some, is dead. Longer than the two seconds in which an
/// idle virtual sink wakes up.
const STALLED: Duration = Duration::from_millis(2500);
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

/// Told why a stream failed. Any thread may call it, as often as it likes.
pub(crate) type Broken = Arc<dyn Fn(String) + Send + Sync>;

/// Where speakers come from.
pub(crate) trait OutputBackend: Send + Sync + 'static {
    /// Opens and starts what `wanted` means now (empty: the default); `broken` is told when the stream fails. May block.
    fn open(&self, wanted: &str, broken: Broken) -> Result<OpenOutput, AudioError>;

    /// Tells what `wanted` means, now and whenever that changes, until what is returned is dropped. Never blocks.
    fn watch(&self, wanted: &str, tell: Tell) -> Option<Box<dyn Any + Send>>;
}

/// What the supervisor is told.
pub(crate) enum Note {
    Prepare,
    Begin {
        turn: TurnId,
        generation: u64,
    },
    Append {
        turn: TurnId,
        audio: SpeechAudio,
    },
    Finish {
        turn: TurnId,
    },
    Stop {
        generation: u64,
    },
    Play {
        cue: Cue,
        generation: u64,
    },
    Effect(Preset, f32),
    Tap(Rings),
    Opened(u64, Result<OpenOutput, AudioError>),
    /// The stream of this attempt failed.
    Broken(u64, String),
    /// What the user's choice means by now, as seen by the stream of this attempt.
    Target(u64, Result<String, AudioError>),
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
    /// `Lost` was said and `Restored` was not.
    lost: bool,
    turn: Option<Turn>,
    /// Cues that wait for the stream, each with the generation that it belongs to.
    cues: Vec<(Cue, u64)>,
    /// What is done to the voice, and how much of that is heard.
    effect: (Preset, f32),
    /// Where the ring of each stream's tap goes.
    tap: Option<Rings>,
    /// The stream is kept open until then.
    needed_until: Instant,
    /// Since when a turn has been waiting for a speaker.
    waiting_since: Option<Instant>,
}

struct Running {
    /// The attempt that opened it.
    number: u64,
    id: String,
    rate: NonZero<u32>,
    latency: Duration,
    desk: Desk,
    /// How much the device had taken when it was last seen to take some.
    taken: u64,
    since: Instant,
    stream: Box<dyn Any + Send>,
    /// Ends with the stream.
    _watch: Option<Box<dyn Any + Send>>,
}

impl Running {
    /// Whether the device has stopped taking sound.
    fn has_stalled(&mut self, now: Instant) -> bool {
        let taken = self.desk.taken();
        if taken != self.taken {
            (self.taken, self.since) = (taken, now);
        }
        now.duration_since(self.since) >= STALLED
    }
}

impl Supervisor {
    /// Starts the supervisor's thread; it ends when told [`Note::Quit`].
    pub fn start(
        backend: Arc<dyn OutputBackend>,
        wanted: String,
        effect: (Preset, f32),
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
            lost: false,
            turn: None,
            cues: Vec::new(),
            effect,
            tap: None,
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
            Some(_) => match &self.turn {
                Some(turn) if !turn.is_playing() => STALLED,
                Some(turn) if turn.is_at_an_edge() => EDGE_TICK,
                Some(_) => TICK,
                None => self.needed_until.saturating_duration_since(now),
            },
            // Without a speaker the turn has nothing to do but to be given up.
            None if self.is_needed(now) => {
                let has_sound = self.turn.as_ref().is_some_and(|turn| !turn.is_empty());
                let since = self.waiting_since.filter(|_| has_sound);
                let left = since.map(|since| (since + GIVE_UP).saturating_duration_since(now));
                self.attempts.pause(now).min(left.unwrap_or(Duration::MAX))
            }
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
            Note::Effect(preset, amount) => {
                self.effect = (preset, amount);
                if let Some(running) = &mut self.stream {
                    running.desk.give(Order::Effects(chain(self.effect, running.rate)));
                }
            }
            Note::Tap(tap) => {
                self.tap = Some(tap);
                self.connect_tap();
            }
            Note::Opened(number, result) => self.opened(number, result),
            Note::Broken(number, reason) => {
                if self.stream.as_ref().is_some_and(|running| running.number == number) {
                    self.lose(reason);
                }
            }
            Note::Target(number, target) => {
                if self.stream.as_ref().is_some_and(|running| running.number == number) {
                    self.target(target);
                }
            }
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
        running.desk.clear();
        match &self.turn {
            Some(turn) if turn.is_playing() => {
                if running.has_stalled(now) {
                    self.lose("it takes no sound any more".into());
                }
            }
            // Whatever it does while nothing plays, it has its time from the first sound on.
            _ => running.since = now,
        }
        if !needed {
            self.close();
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
        let (backend, wanted, sender) = (Arc::clone(&self.backend), self.wanted.clone(), self.sender.clone());
        let started = detached("jarvis-open-out", move || {
            let tell = sender.clone();
            let broken: Broken = Arc::new(move |reason| drop(tell.send(Note::Broken(number, reason))));
            let result = backend.open(&wanted, broken);
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
            Ok(output) if counts && self.stream.is_none() => self.run_stream(number, output),
            Ok(output) => dispose(output.stream),
            Err(error) if counts => {
                tracing::debug!(%error, "the speaker could not be opened");
                self.report_lost(&error);
            }
            Err(_) => {}
        }
    }

    fn run_stream(&mut self, number: u64, output: OpenOutput) {
        tracing::info!(device = %output.name, rate = output.rate, "the speaker is open");
        if std::mem::take(&mut self.lost) {
            self.tell(PlayerEvent::Restored { device: output.name });
            self.needed_until = Instant::now() + KEEP_OPEN;
        }
        self.waiting_since = None;
        let (deck, desk) = Deck::new(output.rate, LEAD_IN, chain(self.effect, output.rate), Arc::clone(&self.controls));
        output.mixer.add(deck);
        let sender = self.sender.clone();
        // From here on, so that no change is missed between the question and the opening.
        let watch = self.backend.watch(
            &self.wanted,
            Box::new(move |target| drop(sender.send(Note::Target(number, target.map(|target| target.id))))),
        );
        self.stream = Some(Running {
            number,
            id: output.id,
            rate: output.rate,
            latency: output.latency,
            desk,
            taken: 0,
            since: Instant::now(),
            stream: output.stream,
            _watch: watch,
        });
        self.connect_tap();
    }

    /// Gives the running stream's tap to whoever asked for one last.
    fn connect_tap(&mut self) {
        let (Some(running), Some(tap)) = (&mut self.stream, &self.tap) else { return };
        let (feed, reader) = Feed::new(running.rate.get(), running.latency);
        if tap.hand(reader) {
            running.desk.give(Order::Tap(Box::new(feed)));
        } else {
            // Nobody reads any more.
            self.tap = None;
        }
    }

    fn target(&mut self, target: Result<String, AudioError>) {
        let Some(running) = &self.stream else { return };
        match target {
            Ok(id) if running.id != id => {
                tracing::info!(device = %id, "another speaker is meant by now");
                self.close();
            }
            Err(error @ (AudioError::NoDevice { .. } | AudioError::UnknownDevice { .. })) => {
                self.close();
                self.report_lost(&error);
            }
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
        let Some(running) = &mut self.stream else { return };
        for (cue, generation) in self.cues.drain(..) {
            let source = CueSource::new(cue, running.rate, Arc::clone(&self.controls), generation);
            self.needed_until = self.needed_until.max(Instant::now() + source.duration() + KEEP_OPEN);
            running.desk.give(Order::Cue(Box::new(source)));
        }
    }

    /// Moves the turn forward.
    fn pump(&mut self) {
        let now = Instant::now();
        let Some(turn) = &mut self.turn else { return };
        let pumped = match &mut self.stream {
            Some(running) => {
                self.waiting_since = None;
                turn.pump(running.rate, running.latency + LAST_SOUND, &mut running.desk)
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

/// The effects for a device of `rate`; none where they can't be had.
fn chain((preset, amount): (Preset, f32), rate: NonZero<u32>) -> Box<Chain> {
    Box::new(preset.chain(rate.get(), amount).unwrap_or_else(|error| {
        tracing::warn!(%error, preset = preset.name(), "the voice stays as it is");
        Chain::default()
    }))
}
