//! Who speaks for training: the installed voices and espeak-ng's, each in many manners.
//!
//! Speakers are dealt out to three uses: learning, tuning and measuring. espeak-ng's are enough that no two share one.
//! The installed voices have few: from five on each use has its own, with two to four measuring has one of its own, and a
//! single one serves all three ([`Voices::are_shared`]). Gives 16 kHz mono, silence around
//! it cut off.

use super::dice::Dice;
use super::room::resample;
use super::takes::trim;
use crate::tts::{EspeakManner, Piper, espeak_sound};
use jarvis_core::{Cancel, Error, Result, SAMPLE_RATE, SpeechAudio, TextToSpeech};

/// What speech is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Use {
    /// The head's weights.
    Learn,
    /// Where its threshold lies.
    Tune,
    /// How good it is.
    Measure,
}

/// espeak-ng's languages and accents that speak English.
const ACCENTS: [&str; 8] =
    ["en-us", "en-us", "en-gb", "en-gb-x-rp", "en-gb-scotland", "en-us-nyc", "en-029", "en-gb-x-gbcwmd"];
/// Its speakers. Every ninth tunes, and every third of the others measures.
const SPEAKERS: [&str; 54] = [
    "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "f1", "f2", "f3", "f4", "f5", "klatt", "klatt2", "klatt3", "Alex",
    "Alicia", "Andrea", "Andy", "Annie", "Denis", "Diogo", "Gene", "Hugo", "Jacky", "Lee", "Marco", "Mario", "Michael",
    "Mike", "adam", "anika", "aunty", "belinda", "benjamin", "boris", "caleb", "david", "ed", "edward", "grandma",
    "grandpa", "john", "linda", "max", "michel", "norbert", "paul", "pedro", "quincy", "rob", "steph", "travis",
];

/// All that can speak.
pub struct Voices {
    pipers: Vec<Piper>,
    /// How many speakers each of them has.
    speakers: Vec<u32>,
}

impl Voices {
    /// From the installed voices.
    ///
    /// # Errors
    /// There is none: espeak-ng's alone are too far from people's.
    pub fn new(pipers: Vec<Piper>) -> Result<Self> {
        if pipers.is_empty() {
            return Err(Error::new(
                "wake.no_voice",
                "No voice is installed, and a wake word is learned from voices.",
                "Install one with `jarvis models pull`.",
            ));
        }
        let speakers = pipers.iter().map(Piper::speakers).collect();
        Ok(Self { pipers, speakers })
    }

    /// Whether the installed voices have a single speaker, who is learned from and measured with.
    pub(super) fn are_shared(&self) -> bool {
        self.speakers.iter().sum::<u32>() == 1
    }

    /// `text` by an installed voice. Their own speakers are few, so pitch and pace make more: near the voice's own to
    /// measure, further away to learn.
    ///
    /// # Errors
    /// The voice failed, or `cancel` was raised.
    pub(super) fn natural(&mut self, text: &str, of: Use, dice: &mut Dice, cancel: &Cancel) -> Result<Vec<f32>> {
        let dealt = deal(&self.speakers, of);
        let (voice, speakers) = dice.of(&dealt);
        let piper = &mut self.pipers[*voice];
        let pitch = match of {
            Use::Measure => dice.between(0.96, 1.05),
            _ if dice.chance(0.5) => dice.between(0.82, 0.95),
            _ => dice.between(1.06, 1.28),
        };
        let tone = dice.between(0.35, 0.95);
        let rhythm = dice.between(0.3, 1.1);
        piper.set_variation(tone, rhythm);
        piper.set_rate(dice.between(0.78, 1.25) / pitch);
        piper.set_speaker(*dice.of(speakers));
        let audio = piper.synthesize(text, cancel)?;
        Ok(at_16_khz(&audio, pitch))
    }

    /// `text` by one of espeak-ng's speakers for this use.
    ///
    /// # Errors
    /// espeak-ng failed.
    pub(super) fn plain(text: &str, of: Use, dice: &mut Dice) -> Result<Vec<f32>> {
        let speakers: Vec<&str> =
            SPEAKERS.into_iter().enumerate().filter(|(i, _)| of_speaker(*i) == of).map(|(_, name)| name).collect();
        let manner = EspeakManner {
            voice: format!("{}+{}", dice.of(&ACCENTS), dice.of(&speakers)),
            pitch: dice.between(25.0, 80.0) as u8,
            speed: dice.between(120.0, 215.0) as u16,
        };
        Ok(at_16_khz(&espeak_sound(text, &manner)?, 1.0))
    }
}

/// Who of the installed voices speaks for a use: each voice, with those of its speakers that do. `speakers` says how many
/// each voice has, one at least.
fn deal(speakers: &[u32], of: Use) -> Vec<(usize, Vec<u32>)> {
    let total = speakers.iter().sum::<u32>() as usize;
    let serves = |index: usize| match total {
        1 => true,
        2..5 => (of == Use::Measure) == (index + 1 == total),
        _ => of_speaker(index) == of,
    };
    let mut before = 0;
    let mut dealt = Vec::new();
    for (voice, count) in speakers.iter().enumerate() {
        let own: Vec<u32> = (0..*count).filter(|speaker| serves(before + *speaker as usize)).collect();
        before += *count as usize;
        if !own.is_empty() {
            dealt.push((voice, own));
        }
    }
    dealt
}

fn of_speaker(index: usize) -> Use {
    match index {
        index if index % 9 == 4 => Use::Tune,
        index if index % 3 == 2 => Use::Measure,
        _ => Use::Learn,
    }
}

/// At the microphone's rate, `pitch` times as high (and as fast), at half of full scale.
fn at_16_khz(audio: &SpeechAudio, pitch: f32) -> Vec<f32> {
    let ratio = f64::from(SAMPLE_RATE) / f64::from(audio.sample_rate) / f64::from(pitch);
    let samples = resample(&audio.samples, ratio);
    let mut samples = trim(&samples).to_vec();
    let peak = samples.iter().fold(1e-6_f32, |peak, sample| peak.max(sample.abs()));
    for sample in &mut samples {
        *sample *= 0.5 / peak;
    }
    samples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_speaker_serves_two_uses_and_each_use_has_some() {
        for of in [Use::Learn, Use::Tune, Use::Measure] {
            assert!((0..SPEAKERS.len()).filter(|i| of_speaker(*i) == of).count() >= 6);
        }
    }

    #[test]
    fn installed_speakers_are_dealt_out_as_far_as_they_go() {
        let all = [Use::Learn, Use::Tune, Use::Measure];
        for speakers in [&[1_u32][..], &[1, 1], &[2], &[1, 2], &[4], &[1, 1, 3], &[5], &[904], &[1, 109, 1]] {
            let total = speakers.iter().sum::<u32>();
            let [learn, tune, measure] = all.map(|of| {
                let dealt = deal(speakers, of);
                assert!(!dealt.is_empty(), "{speakers:?} leave nobody for {of:?}");
                let named = dealt.iter().flat_map(|(voice, own)| own.iter().map(|speaker| (*voice, *speaker)));
                named.collect::<std::collections::HashSet<_>>()
            });
            assert!(learn.iter().all(|(voice, speaker)| *speaker < speakers[*voice]));
            assert_eq!(measure.is_disjoint(&learn) && measure.is_disjoint(&tune), total > 1, "{speakers:?}");
            assert_eq!(tune.is_disjoint(&learn), total >= 5, "{speakers:?}");
            assert_eq!(
                learn.union(&tune).chain(&measure).collect::<std::collections::HashSet<_>>().len(),
                total as usize
            );
        }
    }

    #[test]
    fn every_speaker_and_accent_is_there() {
        for speaker in SPEAKERS {
            for accent in ACCENTS {
                let manner = EspeakManner { voice: format!("{accent}+{speaker}"), pitch: 50, speed: 175 };
                assert!(espeak_sound("jarvis", &manner).is_ok(), "{manner:?}");
            }
        }
    }

    #[test]
    fn without_a_voice_there_is_nothing_to_learn_from() {
        assert_eq!(Voices::new(Vec::new()).err().unwrap().code, "wake.no_voice");
    }
}
