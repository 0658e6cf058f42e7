//! The speaking thread: clauses in, sound out. Owns the voice; the speaker is shared with the coordinator through
//! [`Mouth`], so that silence never waits for synthesis.
//!
//! Never decides what is said, and never lets sound out for a turn that was silenced.

mod considerate;
mod mouth;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};

use jarvis_assistant::turn::{Input, Stage, Voice};
use jarvis_assistant::{Clause, phrases};
use jarvis_audio::PlayerEvent;
use jarvis_core::{Cancel, Error, Result, SpeechAudio, Synthesis, TextToSpeech, TurnId};
use jarvis_settings::{self as settings, Settings};

use crate::DeviceStatus;
use crate::heavy::Heavy;
use crate::io::{AudioIo, preset};
use crate::load::{Parts, load_and_tell};
use crate::message::{Loaded, Message, Outbox, PANICKED, Part, contained};
use crate::rehearse::{QUIET, Rehearsal};

use considerate::Considerate;
pub(crate) use mouth::Mouth;

/// What a voice of another program answers to words that stay on this machine.
const STAYS_HERE: &str = "remote.stays_here";
/// What is said in their place.
const UNSAID: &str = "I don't send what is on your screen to another program's voice. You can read it in my window.";

/// Work for the thread. `cancel` goes up when the turn's sound is not wanted any more.
pub(crate) enum Job {
    /// Ring once.
    Ring { turn: TurnId, cancel: Cancel },
    /// Make the sound of this: it is said next, if anything is for the turn.
    Ahead { turn: TurnId, clause: Clause, cancel: Cancel },
    /// Say this.
    Clause { turn: TurnId, clause: Clause, cancel: Cancel },
    /// That was all for the turn.
    LastWords { turn: TurnId, cancel: Cancel },
    /// Take these settings, and load again what is not there.
    Settings(Arc<Settings>),
    /// Nothing goes on any more: there may be time to practise.
    Rest,
}

/// The thread's state.
pub(crate) struct Speak {
    parts: Arc<dyn Parts>,
    io: Arc<dyn AudioIo>,
    mouth: Arc<Mouth>,
    settings: Arc<Settings>,
    outbox: Outbox,
    heavy: Heavy,
    /// The own voice, if it could be loaded. It stays when the servers beside it change.
    own: Option<Considerate>,
    /// Where the voice that is wanted could not be loaded, and the one from before speaks: what was installed then.
    missed: Option<u64>,
    /// The settings that the own one was loaded with.
    works: Option<jarvis_settings::Voice>,
}

type Engine = Result<Box<dyn TextToSpeech>, Error>;

/// What was made before it may be heard.
struct Ahead {
    turn: TurnId,
    clause: Clause,
    pieces: Vec<SpeechAudio>,
}

impl Speak {
    /// Nothing is opened or loaded before [`Self::run`].
    pub(crate) fn new(
        parts: Arc<dyn Parts>,
        io: Arc<dyn AudioIo>,
        mouth: Arc<Mouth>,
        settings: Arc<Settings>,
        outbox: Outbox,
        heavy: Heavy,
    ) -> Self {
        Self { parts, io, mouth, settings, outbox, heavy, own: None, missed: None, works: None }
    }

    /// Opens and loads, then works until the channel is closed.
    pub(crate) fn run(mut self, jobs: Receiver<Job>) {
        let player_events = self.forward_player_events();
        self.open(&player_events);
        let mut voice = self.load();
        self.tell_voice(&voice);
        let mut rehearsal = rehearsal(&voice);
        // The turn whose sound is being given to the speaker, and the one that was given all of it.
        let mut begun = None;
        let mut given = None;
        // The turn whose answer no voice may speak.
        let mut unsaid = None;
        let mut ahead: Option<Ahead> = None;
        while let Some(job) = self.next(&jobs, &mut voice, &mut rehearsal) {
            match job {
                Job::Ring { turn, cancel } => {
                    self.begin(&mut begun, turn, &cancel);
                    self.mouth.with(&cancel, |speaker| speaker.ring(turn));
                }
                Job::Ahead { turn, clause, cancel } => {
                    // What fails here fails again, and is told, when it is to be heard.
                    ahead = self.make(&mut voice, turn, clause, &cancel).ok();
                }
                Job::Clause { turn, clause, cancel } => {
                    let made = ahead.take().filter(|ahead| ahead.turn == turn && ahead.clause == clause);
                    if cancel.is_cancelled() || (clause.stays_here && unsaid == Some(turn)) {
                        continue;
                    }
                    let mut said = match made {
                        Some(Ahead { pieces, .. }) => self.give(pieces, &mut begun, turn, &cancel),
                        None => self.say(&mut voice, &mut begun, turn, &clause, &cancel),
                    };
                    if clause.stays_here && said.as_ref().is_err_and(|error| error.code == STAYS_HERE) {
                        // The answer is there in writing; who only listens has to know why it isn't heard.
                        unsaid = Some(turn);
                        said = self.say(&mut voice, &mut begun, turn, &UNSAID.into(), &cancel);
                    }
                    if let Err(error) = said {
                        let panicked = error.code == PANICKED;
                        self.outbox.turn(Input::Failed(turn, Stage::Speak, error));
                        if panicked {
                            self.replace(&mut voice);
                        }
                    }
                }
                Job::LastWords { turn, cancel } => {
                    given = Some(turn);
                    let will_end = begun == Some(turn) && self.mouth.with(&cancel, |speaker| speaker.finish(turn));
                    if !will_end && !cancel.is_cancelled() {
                        // There was nothing to say aloud, or nothing is left to say it with.
                        self.outbox.turn(Input::Finished(turn));
                    }
                }
                Job::Settings(settings) => {
                    ahead = None;
                    let before = std::mem::replace(&mut self.settings, settings);
                    let (audio, audio_before) = (&self.settings.audio, &before.audio);
                    if audio.output_device != audio_before.output_device || !self.mouth.is_open() {
                        self.open(&player_events);
                        begun = None;
                        // The speaker that was told to say when this turn has been played is gone.
                        if let Some(turn) = given.take() {
                            self.outbox.turn(Input::Finished(turn));
                        }
                    } else {
                        if audio.volume != audio_before.volume {
                            self.mouth.with(&Cancel::new(), |speaker| speaker.set_volume(audio.volume));
                        }
                        let effect = |voice: &settings::Voice| (voice.effect, voice.effect_amount);
                        if effect(&self.settings.voice) != effect(&before.voice) {
                            self.set_effect();
                        }
                    }
                    let elsewhere = self.settings.remote != before.remote;
                    let mended = self.missed.is_some_and(|installed| installed != self.parts.installed_version());
                    let other = sounds_different(&self.settings.voice, &before.voice) || mended;
                    match self.own.clone().filter(|_| !other) {
                        Some(own) if elsewhere => voice = self.join(Ok(own)),
                        // Without one of our own, where a server's is the only one: another one may be meant.
                        None if other || elsewhere || voice.is_err() => {
                            self.replace(&mut voice);
                            rehearsal = self::rehearsal(&voice);
                        }
                        _ => {}
                    }
                    if let Ok(voice) = &mut voice
                        && self.settings.voice.rate != before.voice.rate
                    {
                        voice.set_rate(self.settings.voice.rate);
                        rehearsal = Rehearsal::of(phrases::fixed());
                    }
                    self.tell_voice(&voice);
                }
                // The next job is waited for with practice.
                Job::Rest => {}
            }
        }
        self.mouth.replace(None);
    }

    /// The next job; meanwhile, phrases that are said often are made.
    fn next(&self, jobs: &Receiver<Job>, voice: &mut Engine, rehearsal: &mut Rehearsal) -> Option<Job> {
        let mut pause = Some(QUIET);
        while let (Some(wait), Ok(voice), false) = (pause, &mut *voice, rehearsal.is_over()) {
            match jobs.recv_timeout(wait) {
                Ok(job) => return Some(job),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {
                    pause = rehearsal.go_on(voice.as_mut(), &self.mouth.rest, &self.heavy);
                }
            }
        }
        jobs.recv().ok()
    }

    /// Speaks `clause`, each piece as soon as it is made.
    fn say(
        &self,
        voice: &mut Engine,
        begun: &mut Option<TurnId>,
        turn: TurnId,
        clause: &Clause,
        cancel: &Cancel,
    ) -> Result<()> {
        let voice = voice.as_mut().map_err(|error| error.clone())?;
        self.check_open()?;
        contained("Speech synthesis", || {
            stream(voice.as_mut(), clause, cancel, &mut |audio| self.append(audio, begun, turn, cancel))
        })
        .map(drop)
    }

    /// Makes the sound of `clause`, to be given later.
    fn make(&mut self, voice: &mut Engine, turn: TurnId, clause: Clause, cancel: &Cancel) -> Result<Ahead> {
        if cancel.is_cancelled() {
            return Err(Error::cancelled());
        }
        let engine = voice.as_mut().map_err(|error| error.clone())?;
        let mut pieces = Vec::new();
        let made =
            contained("Speech synthesis", || stream(engine.as_mut(), &clause, cancel, &mut |audio| pieces.push(audio)));
        if made.as_ref().is_err_and(|error| error.code == PANICKED) {
            self.replace(voice);
        }
        made.map(|_| Ahead { turn, clause, pieces })
    }

    /// Speaks what was made ahead.
    fn give(&self, pieces: Vec<SpeechAudio>, begun: &mut Option<TurnId>, turn: TurnId, cancel: &Cancel) -> Result<()> {
        self.check_open()?;
        for audio in pieces {
            self.append(audio, begun, turn, cancel);
        }
        Ok(())
    }

    fn append(&self, audio: SpeechAudio, begun: &mut Option<TurnId>, turn: TurnId, cancel: &Cancel) {
        self.outbox.turn(Input::Synthesized(turn, audio.seconds()));
        self.begin(begun, turn, cancel);
        self.mouth.with(cancel, |speaker| speaker.append(turn, audio));
    }

    fn begin(&self, begun: &mut Option<TurnId>, turn: TurnId, cancel: &Cancel) {
        if *begun != Some(turn) && self.mouth.begin(turn, cancel) {
            *begun = Some(turn);
        }
    }

    fn check_open(&self) -> Result<()> {
        if self.mouth.is_open() {
            return Ok(());
        }
        Err(Error::new("audio.no_speaker", "There is no speaker.", "Run `jarvis doctor`."))
    }

    fn open(&self, events: &Sender<PlayerEvent>) {
        let name = self.settings.audio.output_device.clone();
        // The old one first: two at a time may not be allowed.
        self.mouth.replace(None);
        let opened =
            contained("Opening the speaker", || self.io.speaker(&name, self.settings.audio.volume, events.clone()));
        match opened {
            Ok(speaker) => {
                self.mouth.replace(Some(speaker));
                self.set_effect();
                self.outbox.send(Message::Speaker(DeviceStatus { available: true, name, message: String::new() }));
            }
            Err(error) => {
                let message = error.message.clone();
                self.outbox.send(Message::Speaker(DeviceStatus { available: false, name, message }));
                self.outbox.send(Message::Event(jarvis_core::AssistantEvent::Error { error }));
            }
        }
    }

    fn set_effect(&self) {
        let settings::Voice { effect, effect_amount, .. } = self.settings.voice;
        self.mouth.with(&Cancel::new(), |speaker| speaker.set_effect(preset(effect), effect_amount));
    }

    fn load(&mut self) -> Engine {
        self.own = None;
        let id = &self.settings.voice.model;
        if !self.settings.voice.enabled {
            self.outbox.part(Part::Voice, id, Loaded::Off);
            return Err(Error::new(
                "voice.off",
                "Speaking is switched off.",
                "Switch it on with `jarvis config set voice.enabled true`.",
            ));
        }
        let mut own = None;
        let loaded = load_and_tell(&self.outbox, Part::Voice, id, || {
            let voice = self.parts.voice(&self.settings).map(|voice| Considerate::new(voice, self.heavy.clone()));
            own = voice.as_ref().ok().cloned();
            let mut voice = self.join(voice)?;
            voice.warm_up()?;
            Ok(voice)
        });
        self.own = own.filter(|_| loaded.is_ok());
        self.works = self.own.is_some().then(|| self.settings.voice.clone());
        loaded
    }

    /// Loads the voice of the settings in the place of `voice`, which is let go of first.
    fn reload(&mut self, voice: &mut Engine) {
        self.own = None;
        *voice = Err(being_loaded());
        *voice = self.load();
    }

    /// Puts the voice of the settings in the place of `voice`, which is let go of first: there may be memory for one. Where that can't
    /// be loaded, the own one that worked is loaded again and goes on speaking.
    fn replace(&mut self, voice: &mut Engine) {
        let works = self.own.take().and(self.works.take());
        self.missed = None;
        self.reload(voice);
        let Some((error, works)) = voice.as_ref().err().cloned().zip(works).filter(|_| self.settings.voice.enabled)
        else {
            return;
        };
        let wanted = Arc::clone(&self.settings);
        Arc::make_mut(&mut self.settings).voice = works;
        let again = self.load();
        let before = std::mem::replace(&mut self.settings, wanted);
        let (wanted, works) = (&self.settings.voice.model, &before.voice.model);
        if again.is_err() {
            return self.outbox.part(Part::Voice, wanted, Loaded::Failed(error));
        }
        self.missed = Some(self.parts.installed_version());
        let message = format!("{wanted} can't be used, so {works} goes on speaking. {}", error.message);
        self.outbox.tell_all(vec![Error { message, ..error }]);
        *voice = again;
    }

    /// `own` with the server beside it that the settings name.
    fn join(&self, own: Result<Considerate>) -> Engine {
        self.parts.with_remote_voice(&self.settings, own.map(|own| Box::new(own) as Box<dyn TextToSpeech>))
    }

    fn tell_voice(&self, voice: &Engine) {
        self.outbox.turn(Input::Voice(match (self.mouth.is_open(), voice) {
            (true, Ok(_)) => Voice::Words,
            (true, Err(_)) => Voice::Tones,
            (false, _) => Voice::None,
        }));
    }

    /// The player tells over a channel of its own type; its news go on to the coordinator.
    fn forward_player_events(&self) -> Sender<PlayerEvent> {
        let (sender, receiver) = channel();
        let outbox = self.outbox.clone();
        let spawned = std::thread::Builder::new().name("playback".into()).spawn(move || {
            for event in receiver {
                outbox.send(Message::Player(event));
            }
        });
        if let Err(error) = spawned {
            tracing::warn!("No thread for the player's news: {error}");
        }
        sender
    }
}

/// Has `clause` spoken, here alone if it stays here.
fn stream(
    voice: &mut dyn TextToSpeech,
    clause: &Clause,
    cancel: &Cancel,
    take: &mut dyn FnMut(SpeechAudio),
) -> Result<Synthesis> {
    if clause.stays_here {
        voice.stream_here(&clause.text, cancel, take)
    } else {
        voice.stream(&clause.text, cancel, take)
    }
}

/// Why there is none for the moment.
fn being_loaded() -> Error {
    Error::new("voice.loading", "The voice is being loaded.", "Ask again in a moment.")
}

/// Whether another voice has to be loaded.
fn sounds_different(now: &settings::Voice, then: &settings::Voice) -> bool {
    let sound = |voice: &settings::Voice| (voice.enabled, voice.speaker, voice.cache_mb);
    now.model != then.model || sound(now) != sound(then)
}

/// What a voice that is there should have ready.
fn rehearsal(voice: &Engine) -> Rehearsal {
    if voice.is_ok() { Rehearsal::of(phrases::fixed()) } else { Rehearsal::default() }
}
