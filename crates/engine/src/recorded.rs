//! Sound without devices: recordings in place of the microphone, a record in place of the speaker, both at the pace of
//! real time. For `jarvis bench turn` and for tests of the whole engine.
//!
//! Never sounds better or comes faster than the real thing: a frame is given out when its time has come, and a turn is
//! played for as long as it lasts.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jarvis_audio::echo::Source;
use jarvis_audio::effects::Preset;
use jarvis_audio::{Captured, PlayerEvent};
use jarvis_core::{AudioFrame, Error, FRAME_SAMPLES, Result, SpeechAudio, TurnId};

use crate::io::{AudioIo, Microphone, Speaker};

/// The level of the noise between recordings: a quiet room.
const ROOM: f32 = 0.0003;

/// What was played for a turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Played {
    /// The turn.
    pub turn: TurnId,
    /// When its first sound was due.
    pub began: Instant,
    /// Its clauses, as they were given to the speaker.
    pub clauses: Vec<SpeechAudio>,
    /// How much of it was played before it was silenced or ended, in seconds.
    pub seconds: f32,
    /// How often it rang.
    pub rings: usize,
    /// How the voice was changed when it began.
    pub effect: Preset,
}

#[derive(Debug, Default)]
struct State {
    /// What the microphone will hear.
    input: VecDeque<f32>,
    /// When the last sample of `input` will have been heard.
    input_ends: Option<Instant>,
    /// Microphones that are open.
    open: usize,
    /// There is no microphone.
    unplugged: bool,
    played: Vec<Played>,
    /// How the voice is changed.
    effect: Preset,
}

/// A room of its own: say something in it, and hear what is answered. Clones are the same room.
#[derive(Debug, Clone, Default)]
pub struct Room(Arc<Mutex<State>>);

impl Room {
    /// A quiet one.
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says `samples` (16 kHz mono) into the microphone, after what is being said already.
    pub fn say(&self, samples: &[f32]) {
        self.state().input.extend(samples);
    }

    /// Whether everything that was to be said has been heard.
    pub fn is_quiet(&self) -> bool {
        self.state().input.is_empty()
    }

    /// When the last sample of what was said was heard, once it was.
    pub fn said_at(&self) -> Option<Instant> {
        let state = self.state();
        state.input_ends.filter(|_| state.input.is_empty())
    }

    /// What was played since the last call.
    pub fn take_played(&self) -> Vec<Played> {
        std::mem::take(&mut self.state().played)
    }

    /// How many microphones are open.
    pub fn open_microphones(&self) -> usize {
        self.state().open
    }

    /// Takes the microphone away, or brings it back.
    pub fn unplug(&self, unplugged: bool) {
        self.state().unplugged = unplugged;
    }
}

impl AudioIo for Room {
    fn microphone(&self, _device: &str) -> Result<Box<dyn Microphone>> {
        self.state().open += 1;
        Ok(Box::new(RoomMicrophone { room: self.clone(), next: Instant::now(), index: 0, lost: false, noise: 1 }))
    }

    fn speaker(&self, _device: &str, _volume: f32, events: Sender<PlayerEvent>) -> Result<Arc<dyn Speaker>> {
        let (notes, receiver) = channel();
        let player = RoomPlayer {
            room: self.clone(),
            events,
            turn: None,
            until: Instant::now(),
            sounds: false,
            ends: false,
            held: None,
        };
        std::thread::Builder::new()
            .name("room-speaker".into())
            .spawn(move || player.run(&receiver))
            .map_err(|error| Error::new("internal.thread", format!("No thread can be started: {error}."), ""))?;
        Ok(Arc::new(RoomSpeaker { room: self.clone(), notes }))
    }
}

struct RoomMicrophone {
    room: Room,
    /// When the next frame is complete.
    next: Instant,
    index: u64,
    lost: bool,
    noise: u32,
}

impl RoomMicrophone {
    /// White noise that is the same each time.
    fn noise(&mut self) -> f32 {
        self.noise = self.noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.noise as f32 / u32::MAX as f32 - 0.5) * 2.0 * ROOM
    }
}

impl Microphone for RoomMicrophone {
    fn next(&mut self, timeout: Duration) -> Captured {
        let now = Instant::now();
        // After a long pause of the listener the past is not made up for.
        if now > self.next + Duration::from_secs(2) {
            self.next = now;
        }
        let due = self.next + AudioFrame::DURATION;
        if due > now + timeout {
            std::thread::sleep(timeout);
            return Captured::Idle;
        }
        std::thread::sleep(due.saturating_duration_since(now));
        self.next = due;
        let unplugged = self.room.state().unplugged;
        if unplugged != self.lost {
            self.lost = unplugged;
            return if unplugged {
                Captured::Lost { message: "The microphone was unplugged.".into() }
            } else {
                Captured::Restored { device: "room".into() }
            };
        }
        if unplugged {
            return Captured::Idle;
        }
        let mut frame = AudioFrame::silence(self.index);
        self.index += 1;
        let noise: [f32; FRAME_SAMPLES] = std::array::from_fn(|_| self.noise());
        let mut state = self.room.state();
        let said = state.input.len().min(FRAME_SAMPLES);
        for (sample, noise) in frame.samples.iter_mut().zip(noise) {
            *sample = state.input.pop_front().map_or(noise, |said| (said + noise).clamp(-1.0, 1.0));
        }
        if !state.input.is_empty() {
            state.input_ends = None;
        } else if state.input_ends.is_none() || said > 0 {
            // To the sample: the rest of the frame is silence already.
            let silence = AudioFrame::DURATION * (FRAME_SAMPLES - said) as u32 / FRAME_SAMPLES as u32;
            state.input_ends = Some(due - silence);
        }
        Captured::Frame(frame)
    }
}

impl Drop for RoomMicrophone {
    fn drop(&mut self) {
        self.room.state().open -= 1;
    }
}

enum Note {
    Begin(TurnId),
    Ring(TurnId),
    Append(TurnId, SpeechAudio),
    Finish(TurnId),
    Stop,
    Pause,
    Resume,
}

struct RoomSpeaker {
    room: Room,
    notes: Sender<Note>,
}

impl Speaker for RoomSpeaker {
    fn prepare(&self) {}

    fn begin(&self, turn: TurnId) {
        let _ = self.notes.send(Note::Begin(turn));
    }

    fn ring(&self, turn: TurnId) {
        let _ = self.notes.send(Note::Ring(turn));
    }

    fn append(&self, turn: TurnId, audio: SpeechAudio) {
        let _ = self.notes.send(Note::Append(turn, audio));
    }

    fn finish(&self, turn: TurnId) {
        let _ = self.notes.send(Note::Finish(turn));
    }

    fn stop(&self) {
        let _ = self.notes.send(Note::Stop);
    }

    fn set_effect(&self, effect: Preset, _: f32) {
        self.room.state().effect = effect;
    }

    fn set_volume(&self, _volume: f32) {}

    fn duck(&self, _gain: f32) {}

    fn pause(&self) {
        let _ = self.notes.send(Note::Pause);
    }

    fn resume(&self) {
        let _ = self.notes.send(Note::Resume);
    }

    /// In this room no sound finds its way from the speaker to the microphone.
    fn tap(&self) -> Option<Box<dyn Source>> {
        None
    }
}

struct RoomPlayer {
    room: Room,
    events: Sender<PlayerEvent>,
    turn: Option<TurnId>,
    /// When the sound that is there will have been played.
    until: Instant,
    /// Its first sound was heard.
    sounds: bool,
    /// Nothing more comes for the turn.
    ends: bool,
    /// Since when it is held.
    held: Option<Instant>,
}

impl RoomPlayer {
    fn run(mut self, notes: &Receiver<Note>) {
        loop {
            let note = if self.ends && self.held.is_none() {
                notes.recv_timeout(self.until.saturating_duration_since(Instant::now()))
            } else {
                notes.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            match note {
                Ok(note) => self.take(note, Instant::now()),
                Err(RecvTimeoutError::Timeout) => self.finished(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn take(&mut self, note: Note, now: Instant) {
        match note {
            Note::Begin(turn) => {
                self.stop(now);
                self.turn = Some(turn);
                self.until = now;
                let mut state = self.room.state();
                let effect = state.effect;
                state.played.push(Played { turn, began: now, clauses: Vec::new(), seconds: 0.0, rings: 0, effect });
            }
            Note::Ring(turn) if self.turn == Some(turn) => {
                if let Some(played) = self.room.state().played.last_mut() {
                    played.rings += 1;
                }
                self.until = self.until.max(now) + Duration::from_millis(200);
            }
            Note::Append(turn, audio) if self.turn == Some(turn) => {
                let from = self.until.max(self.held.unwrap_or(now));
                self.until = from + Duration::from_secs_f32(audio.seconds());
                if let Some(played) = self.room.state().played.last_mut() {
                    played.seconds += audio.seconds();
                    played.clauses.push(audio);
                }
                self.sound(now);
            }
            Note::Finish(turn) if self.turn == Some(turn) => self.ends = true,
            Note::Stop => self.stop(now),
            Note::Pause if self.turn.is_some() => _ = self.held.get_or_insert(now),
            Note::Resume => {
                self.go_on(now);
                self.sound(now);
            }
            Note::Ring(_) | Note::Append(..) | Note::Finish(_) | Note::Pause => {}
        }
    }

    /// The first sound is heard, if there is one and it isn't held.
    fn sound(&mut self, now: Instant) {
        let Some(turn) = self.turn.filter(|_| !self.sounds && self.held.is_none()) else { return };
        if let Some(played) = self.room.state().played.last_mut().filter(|played| !played.clauses.is_empty()) {
            played.began = now;
            self.sounds = true;
        }
        // Last: whoever is told looks at what was played.
        if self.sounds {
            let _ = self.events.send(PlayerEvent::Started(turn));
        }
    }

    /// What was held lasts as much longer.
    fn go_on(&mut self, now: Instant) {
        if let Some(since) = self.held.take() {
            self.until = self.until.max(since) + now.saturating_duration_since(since);
        }
    }

    fn stop(&mut self, now: Instant) {
        self.go_on(now);
        self.sounds = false;
        if self.turn.take().is_some()
            && let Some(played) = self.room.state().played.last_mut()
        {
            played.seconds -= self.until.saturating_duration_since(now).as_secs_f32().min(played.seconds);
        }
        self.ends = false;
    }

    fn finished(&mut self) {
        (self.ends, self.sounds) = (false, false);
        if let Some(turn) = self.turn.take() {
            let _ = self.events.send(PlayerEvent::Finished(turn));
        }
    }
}
