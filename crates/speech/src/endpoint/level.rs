//! How loud the user is, and how loud the room.
//!
//! Owns two running estimates in decibels of full scale. Never decides whether a frame is speech by itself.

use jarvis_core::decibels;

/// Below this nothing is told apart: digital silence.
const SILENCE_DB: f32 = -90.0;
/// A voice this far below the user's own is somebody else's, further away.
const BACKGROUND_DB: f32 = 26.0;
/// A frame this far below the voice and within [`ROOM_DB`] of the room is the room.
const BELOW_VOICE_DB: f32 = 20.0;
/// How far the room's own noise goes up and down.
const ROOM_DB: f32 = 6.0;
/// A frame that is this far above the room and not further below the voice than [`BELOW_WORD_DB`] may be part of a word:
/// the burst that ends it, the breath that begins it. A "k" at the end was found 39 dB below its vowel.
const ABOVE_ROOM_DB: f32 = 10.0;
const BELOW_WORD_DB: f32 = 42.0;
/// From this distance between voice and room on, a pause is certain.
const CLEAR_DB: f32 = 20.0;
/// At this distance the voice all but drowns.
const DROWNING_DB: f32 = 6.0;
/// How much longer a pause has to be then.
const DROWNING_PATIENCE: f32 = 1.4;

/// Running estimates over one stream of sound.
#[derive(Debug, Clone)]
pub struct Levels {
    floor: Option<f32>,
    voice: f32,
}

impl Levels {
    /// Nothing heard yet.
    pub fn new() -> Self {
        Self { floor: None, voice: SILENCE_DB }
    }

    /// A frame without speech.
    pub fn room(&mut self, rms: f32) {
        let level = level(rms);
        let floor = self.floor.get_or_insert(level);
        // Quick down, slow up: breath and footsteps are not the room.
        let pace = if level < *floor { 0.3 } else { 0.05 };
        *floor += pace * (level - *floor);
    }

    /// A frame with speech. The estimate follows the loud parts and sinks 1.5 dB a second.
    pub fn voice(&mut self, rms: f32) {
        self.voice = level(rms).max(self.voice - 0.05);
    }

    /// The next utterance may come from somebody else, somewhere else.
    pub fn forget_voice(&mut self) {
        self.voice = SILENCE_DB;
    }

    /// Whether a frame that has speech in it is too quiet to be the user's.
    pub fn is_background(&self, rms: f32) -> bool {
        level(rms) < self.voice - BACKGROUND_DB
    }

    /// Whether a frame is too quiet to be speech of the user, whatever voice is in it.
    pub fn is_silence(&self, rms: f32) -> bool {
        let level = level(rms);
        let is_room = self.floor.is_some_and(|floor| level < floor + ROOM_DB) && level < self.voice - BELOW_VOICE_DB;
        is_room || self.is_background(rms)
    }

    /// Whether a frame in a pause may be the end or the beginning of a word, however weak.
    pub fn is_sound(&self, rms: f32) -> bool {
        let level = level(rms);
        level > self.voice - BELOW_WORD_DB && self.floor.is_none_or(|floor| level > floor + ABOVE_ROOM_DB)
    }

    /// What the length of a pause is multiplied with before it ends the turn, 1..=1.4: in noise, words have holes.
    pub fn patience(&self) -> f32 {
        let Some(floor) = self.floor else { return 1.0 };
        let drowned = ((CLEAR_DB - (self.voice - floor)) / (CLEAR_DB - DROWNING_DB)).clamp(0.0, 1.0);
        1.0 + (DROWNING_PATIENCE - 1.0) * drowned
    }
}

/// Digital silence and very little are the same.
fn level(rms: f32) -> f32 {
    decibels(rms).max(SILENCE_DB)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(room: f32, voice: f32) -> Levels {
        let mut levels = Levels::new();
        for _ in 0..100 {
            levels.room(room);
        }
        for _ in 0..30 {
            levels.voice(voice);
        }
        levels
    }

    #[test]
    fn a_pause_in_noise_has_to_be_longer() {
        assert_eq!(heard(0.0005, 0.1).patience(), 1.0);
        let noisy = heard(0.03, 0.1).patience();
        assert!(noisy > 1.1 && noisy < 1.4, "{noisy}");
        assert_eq!(heard(0.1, 0.1).patience(), 1.4);
        assert_eq!(Levels::new().patience(), 1.0);
    }

    #[test]
    fn a_far_voice_is_background_and_the_end_of_a_word_is_not() {
        let levels = heard(0.001, 0.1);
        assert!(levels.is_background(0.004));
        assert!(!levels.is_background(0.02));
        assert!(!levels.is_background(f32::INFINITY.min(1.0)));
    }

    #[test]
    fn the_weak_end_of_a_word_is_a_sound_and_the_room_is_none() {
        let levels = heard(0.0005, 0.1);
        assert!(levels.is_sound(0.003) && levels.is_silence(0.003));
        assert!(!heard(0.00005, 0.1).is_sound(0.0005), "too weak");
        assert!(!heard(0.003, 0.1).is_sound(0.004), "the room");
    }

    #[test]
    fn the_room_is_silence_where_the_voice_is_well_above_it() {
        // 22 dB between them: not far enough to be somebody else's voice.
        let levels = heard(0.008, 0.1);
        assert!(levels.is_silence(0.008) && !levels.is_background(0.008));
        assert!(!levels.is_silence(0.03));
        // Where the voice all but drowns, the level tells nothing.
        assert!(!heard(0.03, 0.1).is_silence(0.03));
    }

    #[test]
    fn a_noise_that_stops_is_forgotten_sooner_than_one_that_starts_is_learned() {
        let mut levels = heard(0.001, 0.1);
        levels.room(0.5);
        assert_eq!(levels.patience(), 1.0);
    }
}
