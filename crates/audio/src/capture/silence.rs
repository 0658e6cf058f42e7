//! Exact digital silence: told when it means that the microphone is off, and not when it is how a microphone works.
//!
//! A microphone's own noise is never exactly zero, so zeros for [`LIMIT`] are a switch, a key or a mixer. But noise
//! suppression sends zeros whenever nobody speaks. It gives itself away by short stretches of zeros within speech
//! (nobody works a switch that fast), or the sound server says that it is at work; then only the server's own word that
//! the microphone is muted counts.

use crate::capture::Capture;
use std::time::Duration;

/// How long exact zeros last before they are told.
const LIMIT: Duration = Capture::SILENT_AFTER;
/// Stretches of zeros within this range, with sound on both sides, are made by a gate.
const GATE: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(1)];
/// So many of them are no accident.
const GATED: u32 = 2;

/// Listens for it, on samples as they come from the device.
#[derive(Debug)]
pub(crate) struct Silence {
    /// Samples per second.
    rate: u32,
    /// The sound server says that this is no microphone's own sound.
    is_processed: bool,
    /// Zeros in a row, up to now.
    zeros: u64,
    /// There was sound before them.
    heard: bool,
    /// Stretches that a gate made.
    gated: u32,
    told: bool,
}

impl Silence {
    pub fn new(rate: u32, is_processed: bool) -> Self {
        Self { rate, is_processed, zeros: 0, heard: false, gated: 0, told: false }
    }

    /// Takes the next samples.
    pub fn hear(&mut self, samples: &[f32]) {
        for stretch in samples.chunk_by(|a, b| (*a == 0.0) == (*b == 0.0)) {
            if stretch[0] == 0.0 {
                self.zeros += stretch.len() as u64;
            } else {
                self.sound();
            }
        }
    }

    fn sound(&mut self) {
        if self.zeros == 0 {
            self.heard = true;
            return;
        }
        let [shortest, longest] = GATE.map(|length| self.samples(length));
        if self.heard && (shortest..=longest).contains(&self.zeros) {
            self.gated = self.gated.saturating_add(1);
        }
        (self.zeros, self.heard, self.told) = (0, true, false);
    }

    /// What to tell the user, once for each silence; `is_muted` is what the sound server says.
    pub fn message(&mut self, is_muted: bool) -> Option<String> {
        if self.told || self.zeros < self.samples(LIMIT) {
            return None;
        }
        let message = if is_muted {
            "Your microphone is muted in the system's sound settings. Switch it on there."
        } else if self.is_processed || self.gated >= GATED {
            return None;
        } else {
            "Your microphone sends nothing at all. It may be muted by a switch, by a key or in the system's sound settings."
        };
        self.told = true;
        Some(message.to_owned())
    }

    fn samples(&self, length: Duration) -> u64 {
        u64::from(self.rate) * length.as_millis() as u64 / 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RATE: u32 = 1000;

    /// Zeros and sound in turn, so many milliseconds of each; the messages on the way, asked for every 10 ms.
    fn told(silence: &mut Silence, is_muted: bool, stretches: &[(f32, usize)]) -> Vec<String> {
        let mut messages = Vec::new();
        for (level, length) in stretches {
            for piece in vec![*level; *length].chunks(10) {
                silence.hear(piece);
                messages.extend(silence.message(is_muted));
            }
        }
        messages
    }

    fn plain() -> Silence {
        Silence::new(RATE, false)
    }

    #[test]
    fn a_switched_off_microphone_is_told_once_each_time() {
        let off_from_the_start = [(0.0, 20_000)];
        assert_eq!(told(&mut plain(), false, &off_from_the_start).len(), 1);
        let switched_twice = [(0.1, 3_000), (0.0, 8_000), (0.1, 3_000), (0.0, 8_000), (0.1, 100), (0.0, 4_900)];
        assert_eq!(told(&mut plain(), false, &switched_twice).len(), 2);
    }

    #[test]
    fn a_gate_s_silence_between_words_is_not_told() {
        let mut speech = vec![(0.1, 400), (0.0, 90), (0.1, 700), (0.0, 300), (0.1, 200)];
        speech.push((0.0, 60_000));
        assert_eq!(told(&mut plain(), false, &speech), Vec::<String>::new());
        // Nor is it one that the server told of, even before anyone has spoken.
        assert_eq!(told(&mut Silence::new(RATE, true), false, &[(0.0, 60_000)]), Vec::<String>::new());
    }

    #[test]
    fn what_the_server_says_is_told_whatever_the_microphone_does() {
        let mut gated = Silence::new(RATE, true);
        let messages = told(&mut gated, true, &[(0.0, 20_000)]);
        assert!(matches!(&messages[..], [one] if one.contains("muted in the system")), "{messages:?}");
    }

    #[test]
    fn the_zero_crossings_of_ordinary_sound_are_nothing() {
        let sound: Vec<f32> = (0..40_000).map(|n| if n % 7 == 0 { 0.0 } else { 0.2 }).collect();
        let mut silence = plain();
        silence.hear(&sound);
        assert_eq!(silence.gated, 0);
        assert_eq!(silence.message(true), None);
    }

    proptest! {
        #[test]
        fn it_makes_no_difference_how_the_sound_is_cut(
            stretches in prop::collection::vec((prop::bool::ANY, 1usize..2_000), 1..20),
            piece in 1usize..3_000,
        ) {
            let sound: Vec<f32> =
                stretches.iter().flat_map(|(loud, length)| vec![f32::from(u8::from(*loud)); *length]).collect();
            let (mut whole, mut cut) = (plain(), plain());
            whole.hear(&sound);
            sound.chunks(piece).for_each(|piece| cut.hear(piece));
            prop_assert_eq!(format!("{whole:?}"), format!("{cut:?}"));
        }
    }
}
