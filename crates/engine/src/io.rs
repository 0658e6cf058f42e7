//! The seam to sound: real devices, or recordings and a recorder in their place.
//!
//! Owns the words in which the engine speaks to microphone and speaker, and their implementation by `jarvis-audio`. Never
//! interprets sound.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use jarvis_audio::echo::Source;
use jarvis_audio::effects::Preset;
use jarvis_audio::{Capture, CaptureOptions, Captured, Cue, Player, PlayerEvent, PlayerOptions};
use jarvis_core::{Result, SpeechAudio, TurnId};
use jarvis_settings::VoiceEffect;

/// What the user's choice of an effect is in the player's words.
pub fn preset(effect: VoiceEffect) -> Preset {
    match effect {
        VoiceEffect::Normal => Preset::Normal,
        VoiceEffect::Evil => Preset::Evil,
        VoiceEffect::Robot => Preset::Robot,
        VoiceEffect::Radio => Preset::Radio,
        VoiceEffect::Cave => Preset::Cave,
    }
}

/// A source of frames.
pub trait Microphone: Send {
    /// The next frame or news of the device, waiting at most `timeout`.
    fn next(&mut self, timeout: Duration) -> Captured;
}

/// A place to play speech. Everything returns at once; what happens is told over the channel it was opened with.
pub trait Speaker: Send + Sync {
    /// Sound will follow soon: get ready.
    fn prepare(&self);
    /// The next sound belongs to `turn`.
    fn begin(&self, turn: TurnId);
    /// Rings once for `turn`; words wait for the tones to end.
    fn ring(&self, turn: TurnId);
    /// Plays this for `turn` after what was given before.
    fn append(&self, turn: TurnId, audio: SpeechAudio);
    /// Nothing more comes for `turn`.
    fn finish(&self, turn: TurnId);
    /// Silence at once; what was given is forgotten.
    fn stop(&self);
    /// How loud, 0..=1.
    fn set_volume(&self, volume: f32);
    /// How the voice is changed, and how much of that is heard, 0..=1; in the middle of a word too.
    fn set_effect(&self, effect: Preset, amount: f32);
    /// Speech becomes quieter, or as loud as before: 0..=1. Ends with the turn.
    fn duck(&self, gain: f32);
    /// Speech is held where it is, at once.
    fn pause(&self);
    /// It goes on from there.
    fn resume(&self);
    /// A copy of what is played from now on; none where a microphone can't hear it.
    fn tap(&self) -> Option<Box<dyn Source>>;
}

/// Opens microphones and speakers.
pub trait AudioIo: Send + Sync {
    /// The microphone of that name; empty is the system's choice.
    ///
    /// # Errors
    /// There is none that can be opened.
    fn microphone(&self, device: &str) -> Result<Box<dyn Microphone>>;
    /// The speaker of that name; empty is the system's choice.
    ///
    /// # Errors
    /// There is none that can be opened.
    fn speaker(&self, device: &str, volume: f32, events: Sender<PlayerEvent>) -> Result<Arc<dyn Speaker>>;
}

/// The machine's microphones and speakers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Devices;

impl AudioIo for Devices {
    fn microphone(&self, device: &str) -> Result<Box<dyn Microphone>> {
        Ok(Box::new(Capture::open(CaptureOptions { device: device.to_owned() })?))
    }

    fn speaker(&self, device: &str, volume: f32, events: Sender<PlayerEvent>) -> Result<Arc<dyn Speaker>> {
        Ok(Arc::new(Player::open(PlayerOptions { device: device.to_owned(), volume, ..Default::default() }, events)?))
    }
}

impl Microphone for Capture {
    fn next(&mut self, timeout: Duration) -> Captured {
        Capture::next(self, timeout)
    }
}

/// How long the alarm's tones have the speaker for themselves.
const RING: Duration = Duration::from_secs(2);

impl Speaker for Player {
    fn prepare(&self) {
        Player::prepare(self);
    }

    fn begin(&self, turn: TurnId) {
        Player::begin(self, turn);
    }

    fn ring(&self, turn: TurnId) {
        Player::play_cue(self, Cue::Alarm);
        // Cues are mixed in: the words wait for the tones to end.
        let sample_rate = 16_000;
        let samples = vec![0.0; sample_rate as usize * RING.as_secs() as usize];
        Player::append(self, turn, SpeechAudio { samples, sample_rate });
    }

    fn append(&self, turn: TurnId, audio: SpeechAudio) {
        Player::append(self, turn, audio);
    }

    fn finish(&self, turn: TurnId) {
        Player::finish(self, turn);
    }

    fn stop(&self) {
        Player::stop(self);
    }

    fn set_volume(&self, volume: f32) {
        Player::set_volume(self, volume);
    }

    fn set_effect(&self, effect: Preset, amount: f32) {
        Player::set_effect(self, effect, amount);
    }

    fn duck(&self, gain: f32) {
        Player::duck(self, gain);
    }

    fn pause(&self) {
        Player::pause(self);
    }

    fn resume(&self) {
        Player::resume(self);
    }

    fn tap(&self) -> Option<Box<dyn Source>> {
        Some(Box::new(Player::tap(self)))
    }
}
