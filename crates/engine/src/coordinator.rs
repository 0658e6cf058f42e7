//! The coordinator thread: owns the turn. Everything that happens comes to it over one channel; what the turn wants done
//! it hands to the threads that do it.
//!
//! Never computes anything that takes time and never waits for anyone: between messages it sleeps, until the turn's next
//! deadline or, when there is none, for as long as it takes.

use std::collections::{BTreeMap, VecDeque};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use jarvis_assistant::Names;
use jarvis_assistant::turn::{Action, Input, Origin, Stage, Turn, TurnOptions, Voice};
use jarvis_audio::PlayerEvent;
use jarvis_core::{AssistantEvent, AssistantState, Cancel, Error, TurnId};
use jarvis_settings::{BargeIn, HotkeyMode, Settings};

use crate::message::{Asked, Loaded, Message, Part};
use crate::notify::Notifier;
use crate::observers::Observers;
use crate::picture::{Click, Desk, Offered};
use crate::speak::Mouth;
use crate::{Command, DeviceStatus, ModelState, ModelStatus, Status};
use crate::{listen, recognize, speak, think};

/// The sending ends of the threads that work.
pub(crate) struct Workers {
    pub(crate) listen: Sender<listen::Job>,
    pub(crate) recognize: Sender<recognize::Job>,
    pub(crate) think: Sender<think::Job>,
    pub(crate) speak: Sender<speak::Job>,
}

/// The flags of the present turn.
#[derive(Clone, Default)]
struct Flags {
    turn: Option<TurnId>,
    /// Nothing is wanted any more.
    work: Cancel,
    /// No sound is wanted any more.
    sound: Cancel,
}

pub(crate) struct Coordinator {
    turn: Turn,
    flags: Flags,
    /// Of the answer that is held.
    held: Flags,
    /// Raised when what is being recognized now is not wanted any more.
    hearing: Cancel,
    workers: Workers,
    mouth: Arc<Mouth>,
    observers: Arc<Observers>,
    status: Arc<Mutex<Status>>,
    notifier: Option<Notifier>,
    settings: Arc<Settings>,
    parts: BTreeMap<Part, bool>,
    microphone_tried: bool,
    ready: bool,
    level_watchers: usize,
    /// Typed questions that wait for the present turn to end.
    asked: VecDeque<Asked>,
    /// Where a picture lies that may be shown.
    desk: Desk,
    /// The turn that the mind was asked for last.
    asked_for: Option<TurnId>,
    /// The picture that nobody was told of yet, since its turn may be revoked still.
    untold: Option<u64>,
    /// The picture that observers were told of.
    told_of: Option<u64>,
    /// The picture that the user had sent, and the turn that answers from it.
    showing: Option<(TurnId, Offered)>,
    /// What was told already, so that one missing library is one message and not three.
    told: Vec<Error>,
}

/// Whether to go on.
enum Next {
    Listen,
    End,
}

impl Coordinator {
    /// `with_voice`: there are a microphone and a speaker to wait for.
    pub(crate) fn new(
        settings: Arc<Settings>,
        with_voice: bool,
        workers: Workers,
        mouth: Arc<Mouth>,
        observers: Arc<Observers>,
        status: Arc<Mutex<Status>>,
        desk: Desk,
    ) -> Self {
        let mut turn = Turn::new(turn_options(&settings));
        if !with_voice {
            let mut nothing = Vec::new();
            turn.on(Input::Voice(Voice::None), Instant::now(), &mut nothing);
            turn.on(Input::Ear(Err(no_voice())), Instant::now(), &mut nothing);
        }
        let parts = Part::ALL.iter().map(|part| (*part, !with_voice && *part != Part::Language)).collect();
        Self {
            turn,
            flags: Flags::default(),
            held: Flags::default(),
            hearing: Cancel::new(),
            workers,
            mouth,
            observers,
            status,
            notifier: None,
            settings,
            parts,
            microphone_tried: !with_voice,
            ready: false,
            level_watchers: 0,
            asked: VecDeque::new(),
            desk,
            asked_for: None,
            untold: None,
            told_of: None,
            showing: None,
            told: Vec::new(),
        }
    }

    /// Works until told to quit.
    pub(crate) fn run(mut self, inbox: Receiver<Message>) {
        let mut actions = Vec::new();
        loop {
            let message = match self.turn.deadline() {
                None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(deadline) => inbox.recv_timeout(deadline.saturating_duration_since(Instant::now())),
            };
            let next = match message {
                Ok(message) => self.take(message, &mut actions),
                Err(RecvTimeoutError::Timeout) => {
                    self.turn.on(Input::Tick, Instant::now(), &mut actions);
                    Next::Listen
                }
                Err(RecvTimeoutError::Disconnected) => Next::End,
            };
            self.next_asked(&mut actions);
            self.act(&mut actions);
            self.tell_offer();
            if let Next::End = next {
                break;
            }
        }
        self.turn.on(Input::Cancel, Instant::now(), &mut actions);
        self.act(&mut actions);
    }

    fn take(&mut self, message: Message, actions: &mut Vec<Action>) -> Next {
        let now = Instant::now();
        match message {
            Message::Command(command) => match *command {
                Command::Quit => return Next::End,
                Command::Reload(settings) => self.reload(settings, actions),
                Command::WatchLevel(on) => self.watch_level(on),
                command => {
                    if matches!(command, Command::Stop | Command::Cancel | Command::Mute) {
                        self.desk.clear();
                    }
                    if let Some(input) = turn_input(command) {
                        self.turn.on(input, now, actions);
                    }
                }
            },
            Message::Adjusted { path, value } => self.adjusted(path, &value, actions),
            // What is to end the present turn does not wait for that.
            Message::Ask(asked) if self.turn.is_stop(&asked.text) => self.begin_asked(asked, actions),
            Message::Ask(asked) => self.asked.push_back(asked),
            Message::NotCalled { turn, answer } => {
                // Whoever gave that turn up takes it back.
                if turn.is_none() || turn == self.turn.id() {
                    let to_say_so = turn.is_some() && self.turn.origin() == Some(Origin::WakeWord);
                    let _ = self.workers.listen.send(listen::Job::NotCalled { to_say_so, answer });
                }
            }
            Message::Turn(input) => self.turn.on(input, now, actions),
            Message::Event(event) => self.emit(self.turn.id(), event),
            Message::Looking { event, told } => {
                self.emit(self.turn.id(), event);
                let _ = told.try_send(());
            }
            Message::See(asked) => {
                let _ = self.workers.think.send(think::Job::See(asked));
            }
            Message::Offer(Some(number)) => self.untold = Some(number),
            Message::Offer(None) => {
                self.untold = None;
                if self.told_of.take().is_some() {
                    self.emit(self.turn.id(), AssistantEvent::PictureOffer { offer: None });
                }
            }
            Message::Show(click) => self.show(click, now, actions),
            Message::Part { part, id, loaded } => self.part(part, id, loaded),
            Message::Microphone { device, error } => self.microphone(device, error, now, actions),
            Message::Speaker(device) => self.speaker(device),
            Message::Player(event) => self.player(event, now, actions),
            Message::Notify { title, body } => self.notify(title, body),
        }
        self.tell_ready();
        Next::Listen
    }

    fn notify(&mut self, title: String, body: String) {
        self.notifier.get_or_insert_with(Notifier::start).show(title, body);
    }

    /// Tells of the picture that is offered, once the words that it is offered for are all: a window that opens and a
    /// notification can't be taken back.
    fn tell_offer(&mut self) {
        if self.turn.is_revocable() {
            return;
        }
        // What was revoked meanwhile lies there no more.
        let Some((number, body)) = self.untold.take().and_then(|number| Some((number, self.desk.notice(number)?)))
        else {
            return;
        };
        self.told_of = Some(number);
        self.emit(self.turn.id(), AssistantEvent::PictureOffer { offer: Some(number) });
        self.notify("Jarvis".into(), body);
    }

    /// Begins the turn of the question that waits longest, once no other goes on.
    fn next_asked(&mut self, actions: &mut Vec<Action>) {
        while self.turn.id().is_none()
            && let Some(asked) = self.asked.pop_front()
        {
            if !asked.given_up.is_cancelled() {
                self.begin_asked(asked, actions);
            }
        }
    }

    fn begin_asked(&mut self, asked: Asked, actions: &mut Vec<Action>) {
        let input = if asked.aloud { Input::Ask(asked.text) } else { Input::Write(asked.text) };
        self.turn.on(input, Instant::now(), actions);
        if let Some(id) = self.turn.id() {
            // Whoever asked may have stopped waiting.
            let _ = asked.turn.try_send(id);
        }
    }

    /// Begins the turn that answers from the picture that the user had sent. It waits for no other: whoever clicks is there.
    fn show(&mut self, click: Click, now: Instant, actions: &mut Vec<Action>) {
        let Click { offer, aloud, turn, given_up } = click;
        if given_up.is_cancelled() {
            return;
        }
        let begun = self.desk.take(offer, now).and_then(|offered| {
            let question = offered.question.clone();
            let input = if aloud { Input::Ask(question) } else { Input::Write(question) };
            self.turn.on(input, now, actions);
            let id = self.turn.id().ok_or_else(Error::cancelled)?;
            self.showing = Some((id, offered));
            Ok(id)
        });
        // Whoever clicked may have stopped waiting.
        let _ = turn.try_send(begun);
    }

    /// Does what the turn wants, in order.
    fn act(&mut self, actions: &mut Vec<Action>) {
        for action in actions.drain(..) {
            match action {
                Action::Emit(turn, event) => self.emit(turn, event),
                Action::Listen { turn, until, origin } => {
                    self.flags_of(turn);
                    let _ = self.workers.listen.send(listen::Job::Record { turn, until, origin });
                    self.mouth.prepare();
                }
                Action::Finish(turn) => {
                    let _ = self.workers.listen.send(listen::Job::Finish(turn));
                }
                Action::Close(turn) => {
                    let _ = self.workers.listen.send(listen::Job::Discard(turn));
                }
                Action::Continue { from, to } => {
                    let _ = self.workers.listen.send(listen::Job::Continue { from, to });
                }
                Action::Attend(on) => {
                    let _ = self.workers.listen.send(listen::Job::Attend(on));
                }
                Action::GiveUp(turn) => {
                    let flags = self.flags_of(turn);
                    flags.work.cancel();
                    flags.sound.cancel();
                    // After the flag, so that what it may be about to offer is not offered any more. A cough over the answer
                    // is a turn of its own, and no mind was asked for it.
                    if self.asked_for == Some(turn) {
                        self.desk.clear();
                    }
                    if self.held.turn == Some(turn) {
                        self.held = Flags::default();
                        self.mouth.silence();
                    }
                    let _ = self.workers.listen.send(listen::Job::Discard(turn));
                }
                Action::Transcribe { turn, take, utterance, over_answer } => {
                    // Whatever else is being recognized is less than this.
                    self.hearing.cancel();
                    let cancel = self.flags_of(turn).work.child();
                    self.hearing = cancel.clone();
                    let job = recognize::Job::Transcribe { turn, take, utterance, over_answer, cancel };
                    let _ = self.workers.recognize.send(job);
                }
                Action::HearAgain(turn) => {
                    let _ = self.workers.listen.send(listen::Job::HearAgain(turn));
                }
                Action::Check(turn, samples) => {
                    let cancel = self.flags_of(turn).work.child();
                    let _ = self.workers.recognize.send(recognize::Job::Check { turn, samples, cancel });
                }
                Action::Drop(..) => self.hearing.cancel(),
                Action::Glimpse(turn, samples) => {
                    let cancel = self.flags_of(turn).work.child();
                    self.hearing = cancel.clone();
                    let _ = self.workers.recognize.send(recognize::Job::Glimpse { turn, samples, cancel });
                }
                Action::Weigh(turn, text) => {
                    let cancel = self.flags_of(turn).work;
                    let _ = self.workers.think.send(think::Job::Weigh { turn, text, cancel });
                }
                Action::Think(turn, text) => {
                    let cancel = self.flags_of(turn).work;
                    // Something else is asked: what was offered before is not what is talked about.
                    self.desk.clear();
                    self.asked_for = Some(turn);
                    let revocable = self.turn.is_revocable();
                    let job = match self.showing.take().filter(|(shown, _)| *shown == turn) {
                        Some((_, offered)) => think::Job::Show { turn, offered: Box::new(offered), cancel },
                        None => think::Job::Think { turn, text, revocable, cancel },
                    };
                    let _ = self.workers.think.send(job);
                    self.mouth.prepare();
                }
                Action::Decided(turn) => {
                    let _ = self.workers.think.send(think::Job::Decided(turn));
                }
                Action::Unthink(turn) => {
                    let _ = self.workers.think.send(think::Job::Unthink(turn));
                }
                Action::CutShort(turn, heard) => {
                    let _ = self.workers.think.send(think::Job::CutShort { turn, heard });
                }
                Action::Ring(turn) => {
                    let cancel = self.flags_of(turn).sound;
                    let _ = self.workers.speak.send(speak::Job::Ring { turn, cancel });
                }
                Action::Ahead(turn, clause) => {
                    let cancel = self.flags_of(turn).sound;
                    let _ = self.workers.speak.send(speak::Job::Ahead { turn, clause, cancel });
                }
                Action::Speak(turn, clause) => {
                    let cancel = self.flags_of(turn).sound;
                    let _ = self.workers.speak.send(speak::Job::Clause { turn, clause, cancel });
                }
                Action::LastWords(turn) => {
                    let cancel = self.flags_of(turn).sound;
                    let _ = self.workers.speak.send(speak::Job::LastWords { turn, cancel });
                }
                Action::Hold(turn) => {
                    self.mouth.hold();
                    self.held = self.flags_of(turn);
                }
                Action::Resume(turn) => {
                    self.flags = self.flags_of(turn);
                    self.held = Flags::default();
                    self.mouth.resume();
                }
                Action::Duck(quieter) => self.mouth.duck(self.turn.id().filter(|_| quieter)),
                Action::Silence => {
                    self.flags.sound.cancel();
                    self.mouth.silence();
                }
                Action::SilenceAlarms => {
                    let _ = self.workers.think.send(think::Job::SilenceAlarms);
                }
                Action::Microphone(on) => {
                    let _ = self.workers.listen.send(listen::Job::Microphone(on));
                }
            }
        }
    }

    /// The flags of `turn`, fresh ones when it is new.
    fn flags_of(&mut self, turn: TurnId) -> Flags {
        if self.held.turn == Some(turn) {
            return self.held.clone();
        }
        if self.flags.turn != Some(turn) {
            self.flags = Flags { turn: Some(turn), ..Flags::default() };
        }
        self.flags.clone()
    }

    fn emit(&mut self, turn: Option<TurnId>, event: AssistantEvent) {
        match &event {
            AssistantEvent::State { state, muted } => {
                let busy = *state != AssistantState::Idle;
                if self.mouth.rest.set_busy(busy) && !busy {
                    let _ = self.workers.speak.send(speak::Job::Rest);
                }
                self.with_status(|status| (status.state, status.muted, status.turn) = (*state, *muted, turn));
                let speaking = turn.filter(|_| *state == AssistantState::Speaking);
                let _ = self.workers.listen.send(listen::Job::Speaking(speaking));
            }
            AssistantEvent::Error { error } => self.with_status(|status| status.last_error = Some(error.clone())),
            _ => {}
        }
        self.observers.emit(turn, event);
    }

    fn with_status(&self, change: impl FnOnce(&mut Status)) {
        change(&mut self.status.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn part(&mut self, part: Part, id: String, loaded: Loaded) {
        self.parts.insert(part, !matches!(loaded, Loaded::Loading));
        let (state, load_ms, error) = match loaded {
            Loaded::Loading => (ModelState::Loading, None, None),
            Loaded::Ready(took) => {
                tracing::info!(part = part.name(), id, ms = took.as_millis(), "loaded");
                (ModelState::Ready, Some(took.as_secs_f64() * 1000.0), None)
            }
            Loaded::Failed(error) => (ModelState::Failed, None, Some(error)),
            Loaded::Off => (ModelState::Off, None, None),
        };
        if let Some(error) = error.clone()
            && !self.told.contains(&error)
        {
            self.told.push(error.clone());
            self.emit(None, AssistantEvent::Error { error });
        }
        self.with_status(|status| {
            status.models.insert(part.name().to_owned(), ModelStatus { id, state, load_ms, error });
        });
    }

    /// Says once that the start is over.
    fn tell_ready(&mut self) {
        if !self.ready && self.microphone_tried && self.parts.values().all(|done| *done) {
            self.ready = true;
            self.with_status(|status| status.ready = true);
            self.emit(None, AssistantEvent::Ready);
        }
    }

    fn microphone(&mut self, device: DeviceStatus, error: Option<Error>, now: Instant, actions: &mut Vec<Action>) {
        let before = self.status.lock().unwrap_or_else(PoisonError::into_inner).microphone.clone();
        let first = !std::mem::replace(&mut self.microphone_tried, true);
        if first || before.available != device.available {
            // What works from the start is no news.
            if !(first && device.available) {
                self.emit(None, device_event("input", &device));
            }
            if let Some(error) = &error {
                self.emit(None, AssistantEvent::Error { error: error.clone() });
            }
        }
        self.with_status(|status| status.microphone = device);
        let lost = error.clone();
        self.turn.on(Input::Ear(error.map_or(Ok(()), Err)), now, actions);
        if let (Some(error), AssistantState::Listening, Some(turn)) = (lost, self.turn.state(), self.turn.id()) {
            self.turn.on(Input::Failed(turn, Stage::Listen, error), now, actions);
        }
    }

    fn speaker(&mut self, device: DeviceStatus) {
        self.with_status(|status| status.speaker = device);
    }

    fn player(&mut self, event: PlayerEvent, now: Instant, actions: &mut Vec<Action>) {
        match event {
            PlayerEvent::Started(turn) => self.turn.on(Input::Started(turn), now, actions),
            PlayerEvent::Finished(turn) => self.turn.on(Input::Finished(turn), now, actions),
            PlayerEvent::Lost { message } => {
                // The player gives up what it has and says `Finished`, so the turn comes to its end by itself.
                let name = self.settings.audio.output_device.clone();
                let device = DeviceStatus { available: false, name, message };
                self.emit(None, device_event("output", &device));
                self.speaker(device);
            }
            PlayerEvent::Restored { device } => {
                let message = format!("The speaker is back: {device}.");
                let device = DeviceStatus { available: true, name: device, message };
                self.emit(None, device_event("output", &device));
                self.speaker(device);
            }
        }
    }

    fn watch_level(&mut self, on: bool) {
        self.level_watchers = if on { self.level_watchers + 1 } else { self.level_watchers.saturating_sub(1) };
        let _ = self.workers.listen.send(listen::Job::Level(self.level_watchers > 0));
    }

    /// One setting was changed by asking for it; all others are as they are by now.
    fn adjusted(&mut self, path: &str, value: &str, actions: &mut Vec<Action>) {
        let mut settings = (*self.settings).clone();
        match settings.set(path, value) {
            Ok(()) => self.reload(settings, actions),
            Err(error) => self.emit(None, AssistantEvent::Error { error }),
        }
    }

    fn reload(&mut self, settings: Settings, actions: &mut Vec<Action>) {
        let settings = Arc::new(settings);
        let before = std::mem::replace(&mut self.settings, Arc::clone(&settings));
        if before.remote != settings.remote || before.eyes != settings.eyes {
            self.desk.clear();
        }
        self.told.clear();
        self.turn.set_options(turn_options(&settings), actions);
        let _ = self.workers.listen.send(listen::Job::Settings(Arc::clone(&settings)));
        let _ = self.workers.recognize.send(recognize::Job::Settings(Arc::clone(&settings)));
        let _ = self.workers.think.send(think::Job::Settings(Arc::clone(&settings)));
        let _ = self.workers.speak.send(speak::Job::Settings(Arc::clone(&settings)));
        for (before, now) in before.entries().into_iter().zip(settings.entries()) {
            if before.value != now.value {
                let value = now.value.as_str().map_or_else(|| now.value.to_string(), str::to_owned);
                self.emit(None, AssistantEvent::SettingChanged { path: now.path.into(), value });
            }
        }
    }
}

/// However it ends, by a panic too: nobody works on, and nobody waits for an event in vain.
impl Drop for Coordinator {
    fn drop(&mut self) {
        self.flags.work.cancel();
        self.flags.sound.cancel();
        self.held.work.cancel();
        self.held.sound.cancel();
        self.mouth.silence();
        self.desk.clear();
        let _ = self.workers.think.send(think::Job::Quit);
        self.observers.close();
    }
}

fn device_event(direction: &str, device: &DeviceStatus) -> AssistantEvent {
    AssistantEvent::Device {
        direction: direction.into(),
        available: device.available,
        name: device.name.clone(),
        message: device.message.clone(),
    }
}

/// Why there is nothing to listen with after `--no-voice`.
pub(crate) fn no_voice() -> Error {
    Error::new("voice.off", "Jarvis runs without voice.", "Start it without --no-voice to speak with it.")
}

fn turn_options(settings: &Settings) -> TurnOptions {
    TurnOptions {
        hold_to_talk: settings.hotkey.mode == HotkeyMode::Hold,
        speech_interrupts: settings.voice.barge_in == BargeIn::Speech,
        wake_word_interrupts: settings.voice.barge_in != BargeIn::Off,
        max_listen: std::time::Duration::from_secs(settings.endpoint.max_seconds.into()),
        follow_up: std::time::Duration::from_secs(settings.wake.follow_up_seconds.into()),
        names: Names::of_wake_model(&settings.wake.model),
    }
}

fn turn_input(command: Command) -> Option<Input> {
    Some(match command {
        Command::Press => Input::Press,
        Command::Release => Input::Release,
        Command::Toggle => Input::Toggle,
        Command::Start => Input::Start,
        Command::Stop => Input::Stop,
        Command::Cancel => Input::Cancel,
        Command::Mute => Input::Mute,
        Command::Unmute => Input::Unmute,
        Command::Ask { text } => Input::Ask(text),
        Command::Reload(_) | Command::WatchLevel(_) | Command::Quit => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jarvis_assistant::router::ending::Ending;
    use jarvis_core::Utterance;
    use jarvis_settings::Paths;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    /// A coordinator whose threads are the test.
    struct Stage {
        coordinator: Coordinator,
        events: crate::Subscription,
        thinking: Receiver<think::Job>,
        /// What the desk tells.
        told: Receiver<Message>,
        desk: Desk,
        now: Instant,
    }

    impl Stage {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let settings = Arc::new(Settings::load_with(&Paths::under(folder.path()), []).unwrap());
            let (think, thinking) = channel();
            let observers = Arc::new(Observers::new());
            let events = observers.subscribe();
            let status = Arc::new(Mutex::new(crate::start::new_status(false, &settings)));
            let workers = Workers { listen: channel().0, recognize: channel().0, think, speak: channel().0 };
            let mouth = Arc::new(Mouth::new(channel().0));
            let (outbox, told) = channel();
            let desk = Desk::new(crate::message::Outbox(outbox));
            let coordinator = Coordinator::new(settings, true, workers, mouth, observers, status, desk.clone());
            Self { coordinator, events, thinking, told, desk, now: Instant::now() }
        }

        /// `input`, `ms` after the one before.
        fn after(&mut self, ms: u64, input: Input) {
            self.now += Duration::from_millis(ms);
            let mut actions = Vec::new();
            self.coordinator.turn.on(input, self.now, &mut actions);
            self.coordinator.act(&mut actions);
            self.coordinator.tell_offer();
        }

        /// Comes back at each deadline until `ms` have passed.
        fn wait(&mut self, ms: u64) {
            let until = self.now + Duration::from_millis(ms);
            while let Some(deadline) = self.coordinator.turn.deadline().filter(|deadline| *deadline <= until) {
                self.after(deadline.saturating_duration_since(self.now).as_millis() as u64, Input::Tick);
            }
            self.now = until;
        }

        /// A spoken question that is thought about, and may be half of one.
        fn draft(&mut self) -> TurnId {
            self.after(0, Input::Start);
            let turn = self.coordinator.turn.id().unwrap();
            self.after(300, Input::SpeechStarted(turn));
            self.wait(1000);
            let utterance = Utterance { samples: vec![0.0; 24_000], speech_ended: self.now };
            self.after(80, Input::Paused { turn, utterance, silence: Duration::from_millis(700) });
            let (text, ending) = ("What is on my screen?".to_owned(), Ending::Question);
            self.after(120, Input::Transcribed { turn, take: 1, text, ending });
            self.wait(30);
            assert!(self.coordinator.turn.is_revocable());
            turn
        }

        /// Offers a picture for `turn`.
        fn offer(&mut self, turn: TurnId) {
            let cancel = self.coordinator.flags_of(turn).work;
            self.desk
                .lay("h".into(), "what is on my screen".into(), crate::picture::tests::picture(), &cancel)
                .unwrap();
        }

        /// Takes what the desk told, and gives what observers were told of it.
        fn hear(&mut self) -> Vec<Option<u64>> {
            let mut actions = Vec::new();
            while let Ok(message) = self.told.try_recv() {
                self.coordinator.take(message, &mut actions);
                self.coordinator.tell_offer();
            }
            assert!(actions.is_empty());
            let records = std::iter::from_fn(|| self.events.recv_timeout(Duration::ZERO).ok());
            let offers = records.filter_map(|record| match record.event {
                AssistantEvent::PictureOffer { offer } => Some(offer),
                _ => None,
            });
            offers.collect()
        }
    }

    #[test]
    fn nobody_is_told_of_a_picture_before_the_words_it_is_for_are_all() {
        let mut stage = Stage::new();
        let turn = stage.draft();
        stage.offer(turn);
        assert!(stage.hear().is_empty());
        assert!(stage.coordinator.notifier.is_none() && stage.desk.offer(Instant::now()).is_some());
        stage.wait(2000);
        assert_eq!(stage.hear(), [Some(1)]);
        assert!(stage.coordinator.notifier.is_some());
        stage.desk.clear();
        assert_eq!(stage.hear(), [None]);
    }

    #[test]
    fn of_a_picture_for_words_that_went_on_nobody_is_told() {
        let mut stage = Stage::new();
        let turn = stage.draft();
        stage.offer(turn);
        stage.after(100, Input::WentOn(turn));
        assert!(stage.desk.offer(Instant::now()).is_none());
        stage.wait(2000);
        assert!(stage.hear().is_empty());
        assert!(stage.coordinator.notifier.is_none());
    }

    #[test]
    fn a_click_that_nobody_waits_for_any_more_sends_nothing() {
        let mut stage = Stage::new();
        stage.desk.lay("h".into(), String::new(), crate::picture::tests::picture(), &Cancel::new()).unwrap();
        let (given_up, mut actions) = (Cancel::new(), Vec::new());
        given_up.cancel();
        let (turn, begun) = std::sync::mpsc::sync_channel(1);
        let click = Click { offer: 1, aloud: false, turn, given_up };
        stage.coordinator.take(Message::Show(click), &mut actions);
        stage.coordinator.act(&mut actions);
        assert!(stage.desk.offer(Instant::now()).is_some(), "it can be sent still");
        assert!(begun.try_recv().is_err() && stage.thinking.try_recv().is_err());
    }

    #[test]
    fn a_coordinator_that_breaks_off_ends_its_threads_and_its_observers() {
        let Stage { coordinator, events, thinking, .. } = Stage::new();
        let flags = coordinator.flags.clone();
        let broken = std::thread::spawn(move || {
            let _coordinator = coordinator;
            panic!("on purpose");
        });
        assert!(broken.join().is_err());
        assert!(events.recv().is_err());
        assert!(matches!(thinking.try_recv(), Ok(think::Job::Quit)));
        assert!(flags.work.is_cancelled() && flags.sound.is_cancelled());
    }
}
