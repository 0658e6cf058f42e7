//! Speech and cues to the speaker, whatever happens to the device.
//!
//! ```text
//! Player (any thread) -> supervisor: resample to the device's rate -> ring -> Deck (rodio source): effects -> device
//! ```
//! One [`line`] plays one turn: clauses are joined without a gap, and it is silenced from the handle at once, without
//! waiting for the [`supervisor`]. What runs in the device's callback is the [`deck`]; it never locks or allocates. The
//! stream is opened when it is needed ([`Player::prepare`] does so ahead of time) and closed a while after its last use:
//! an open stream costs the machine some hundred wake-ups a second. A device that was just opened is given silence
//! first, so that it has woken up when the first syllable comes; one that is open already is not.
//!
//! For whoever listens while Jarvis speaks there are:
//! - [`Player::tap`], a copy of exactly what goes to the device, after effects, cues and volume, with the time at which
//!   it is heard: the echo canceller's reference;
//! - [`Player::duck`], speech made quieter for a moment, until told otherwise or the turn ends;
//! - [`Player::pause`] and [`Player::resume`], speech held where it is, for an interruption that may be none.

mod controls;
mod cpal_output;
mod cue;
mod deck;
mod line;
mod supervisor;
mod tap;
#[cfg(test)]
mod tests;
mod turn;

pub use cue::Cue;
pub use tap::{PLAYED_SAMPLES, Played, Tap};

use crate::backend::Sound;
use crate::effects::Preset;
use crate::error::AudioError;
use controls::Controls;
use cpal_output::CpalOutput;
use jarvis_core::{SpeechAudio, TurnId};
use std::sync::Arc;
use std::sync::mpsc;
use supervisor::{Note, OutputBackend, Supervisor};

/// Where and how loud to play.
#[derive(Debug, Clone)]
pub struct PlayerOptions {
    /// Name of the speaker, or a part of it, or its identifier; empty for the system's default.
    pub device: String,
    /// 0 (silent) ..= 1 (as it comes).
    pub volume: f32,
    /// How the voice is changed.
    pub effect: Preset,
    /// How much of that is heard: 0 (the voice as it is) ..= 1.
    pub effect_amount: f32,
}

impl Default for PlayerOptions {
    fn default() -> Self {
        Self { device: String::new(), volume: 1.0, effect: Preset::Normal, effect_amount: 1.0 }
    }
}

/// What the player reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlayerEvent {
    /// The first sample of this turn was handed to the device. Once a turn.
    Started(TurnId),
    /// This turn was played to its end (or its rest given up because there is no speaker). Once for each turn that was
    /// begun and finished; never for one that was stopped or replaced.
    Finished(TurnId),
    /// The speaker is gone, or was not there when it was needed. Said once; [`Self::Restored`] follows when there is
    /// one.
    Lost {
        /// A sentence for the user, with what to do.
        message: String,
    },
    /// The speaker works again. Said once after each [`Self::Lost`].
    Restored {
        /// Its name.
        device: String,
    },
}

/// Plays speech. Any thread may use it; no call waits for a device.
#[derive(Debug)]
pub struct Player {
    notes: mpsc::Sender<Note>,
    controls: Arc<Controls>,
}

impl Player {
    /// Starts a player that reports to `events`. The speaker itself is opened when it is needed; one that is not there, by
    /// its name or at all, is no error here: it may be plugged in.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn open(options: PlayerOptions, events: mpsc::Sender<PlayerEvent>) -> jarvis_core::Result<Self> {
        Ok(Self::with_backend(Arc::new(CpalOutput::new(Sound::new())), options, events)?)
    }

    fn with_backend(
        backend: Arc<dyn OutputBackend>,
        options: PlayerOptions,
        events: mpsc::Sender<PlayerEvent>,
    ) -> Result<Self, AudioError> {
        let controls = Arc::new(Controls::new(options.volume));
        let effect = (options.effect, options.effect_amount);
        let notes = Supervisor::start(backend, options.device, effect, Arc::clone(&controls), events)?;
        Ok(Self { notes, controls })
    }

    /// Opens the speaker ahead of time, so that the first syllable is neither late nor lost. Cheap when it is open.
    pub fn prepare(&self) {
        self.tell(Note::Prepare);
    }

    /// Begins a turn; whatever another turn still plays falls silent.
    pub fn begin(&self, turn: TurnId) {
        let generation = self.controls.silence();
        self.tell(Note::Begin { turn, generation });
    }

    /// Adds a clause to the turn that was begun last; one of another turn, or of one that was stopped, is dropped.
    pub fn append(&self, turn: TurnId, audio: SpeechAudio) {
        self.tell(Note::Append { turn, audio });
    }

    /// Says that the turn gets no more clauses: [`PlayerEvent::Finished`] follows once all was played.
    pub fn finish(&self, turn: TurnId) {
        self.tell(Note::Finish { turn });
    }

    /// Silences everything, cues too, within the device's own buffer and a fade of 8 ms that keeps it from clicking.
    pub fn stop(&self) {
        let generation = self.controls.silence();
        self.tell(Note::Stop { generation });
    }

    /// Plays a cue, mixed with whatever is spoken.
    pub fn play_cue(&self, cue: Cue) {
        let generation = self.controls.generation();
        self.tell(Note::Play { cue, generation });
    }

    /// Sets how loud everything is: 0 (silent) ..= 1 (as it comes). Takes effect at once and without a click.
    pub fn set_volume(&self, volume: f32) {
        self.controls.set_volume(volume);
    }

    /// Changes how the voice sounds, in the middle of a word too, without a click. `amount` is how much of the effect is
    /// heard: 0 (the voice as it is) ..= 1; what is no such number leaves the voice as it is. Cues stay as they are.
    pub fn set_effect(&self, preset: Preset, amount: f32) {
        self.tell(Note::Effect(preset, amount));
    }

    /// Makes speech quieter, or as loud as before, without a click: 0 (silent) ..= 1 (as it comes). Cues stay as they
    /// are. Goes back to 1 when speech is stopped and when another turn begins.
    pub fn duck(&self, gain: f32) {
        self.controls.set_duck(gain);
    }

    /// Holds speech where it is: silent within a fade of 8 ms and the device's own buffer. Cues go on. Ends with
    /// [`Self::resume`], and when speech is stopped or another turn begins. The turn is neither finished nor stopped by
    /// it, and takes clauses meanwhile.
    pub fn pause(&self) {
        self.controls.set_paused(true);
    }

    /// Goes on where [`Self::pause`] held; nothing is lost but what sounded during the fade.
    pub fn resume(&self) {
        self.controls.set_paused(false);
    }

    /// From now on a copy of everything that goes to the device. There is one tap: an earlier one gets nothing more.
    /// Costs nothing once it is dropped.
    pub fn tap(&self) -> Tap {
        let (rings, tap) = Tap::new();
        self.tell(Note::Tap(rings));
        tap
    }

    fn tell(&self, note: Note) {
        // The supervisor lives as long as this handle.
        let _ = self.notes.send(note);
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.controls.silence();
        self.tell(Note::Quit);
    }
}
