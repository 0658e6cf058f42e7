//! Who speaks in the measurement of echoes: answers as Jarvis gives them, and users who speak over them.
//!
//! Never adds a room; all sound is dry, at 16 kHz, and the same in every run on the same machine.

use super::super::{at_16_khz, recordings};
use anyhow::Context as _;
use jarvis_audio::effects::{Offline, Preset};
use jarvis_core::{Cancel, SAMPLE_RATE, SpeechAudio, TextToSpeech};
use jarvis_settings::Paths;
use jarvis_speech::tts::{EspeakManner, espeak_sound};

/// A long answer.
const ANSWER: &str = "A lighthouse keeper once found a bottle with a letter in it. Whoever wrote it had been alone on an \
                      island for eleven years, with two goats, a parrot and a broken clock. The keeper read it aloud to \
                      his wife, put on his coat and rowed out before the storm came up. Nobody believed him later, when \
                      he said that the parrot had shown him the way, but the clock still stands on his table, and every \
                      now and then, for no reason at all, it strikes twelve.";
/// What is said over it.
const INTERRUPTIONS: [&str; 5] =
    ["Stop.", "Stop talking.", "Say that again, please.", "Be quiet.", "Hey Jarvis, how late is it?"];
/// espeak-ng's users: voice, pitch, words a minute. High and low, quick and slow.
const USERS: [(&str, u8, u16); 4] =
    [("en-us+m1", 45, 165), ("en-gb+f1", 70, 185), ("en-us+m5", 20, 135), ("en-gb-scotland+f4", 55, 150)];
/// Recordings of people that are taken, where there are any; of each its first seconds.
const PEOPLE: usize = 12;
const SECONDS: usize = 3;
/// Loudness of a user's voice where it sounds, in decibels of full scale: near, at arm's length, and turned away.
const LOUD: [f32; 3] = [-21.0, -24.0, -28.0];
/// The first sample that can be heard: -40 dB.
const AUDIBLE: f32 = 0.01;

/// Answers: the installed voice, with two effects, and another synthesizer's.
pub(super) fn answers(voice: &mut dyn TextToSpeech) -> anyhow::Result<Vec<Vec<f32>>> {
    let plain = voice.synthesize(ANSWER, &Cancel::new())?;
    let mut answers = vec![at_16_khz(&plain)?];
    for preset in [Preset::Evil, Preset::Robot] {
        let mut effect = Offline::new(preset.chain(plain.sample_rate, 1.0)?, plain.sample_rate);
        let mut samples = effect.process(plain.samples.clone());
        samples.extend(effect.finish());
        answers.push(at_16_khz(&SpeechAudio { samples, sample_rate: plain.sample_rate })?);
    }
    let manner = EspeakManner { voice: "en-gb+f2".into(), pitch: 60, speed: 160 };
    answers.push(at_16_khz(&espeak_sound(ANSWER, &manner)?)?);
    Ok(answers)
}

/// What is said over answers by the installed voice, by espeak-ng's, and by people. Each begins with its first sample that
/// can be heard.
pub(super) fn users(voice: &mut dyn TextToSpeech, paths: &Paths) -> anyhow::Result<Vec<Vec<f32>>> {
    let mut users = Vec::new();
    for text in INTERRUPTIONS {
        users.push(at_16_khz(&voice.synthesize(text, &Cancel::new())?)?);
        for (voice, pitch, speed) in USERS {
            users.push(at_16_khz(&espeak_sound(text, &EspeakManner { voice: voice.into(), pitch, speed })?)?);
        }
    }
    if recordings::languages(paths).iter().any(|language| language == "en") {
        let people = recordings::of(paths, "en").context("No people to interrupt an answer")?;
        let step = people.len().div_ceil(PEOPLE).max(1);
        users.extend(people.into_iter().step_by(step).map(|person| person.samples));
    }
    let loudness = LOUD.into_iter().cycle();
    Ok(users.into_iter().zip(loudness).map(|(said, loudness)| level(said, loudness)).collect())
}

/// Brings what sounds in `said` to a loudness, and cuts off what can't be heard before it.
fn level(mut said: Vec<f32>, decibels: f32) -> Vec<f32> {
    let peak = said.iter().fold(0.0f32, |peak, sample| peak.max(sample.abs()));
    let sounding: Vec<f32> = said.iter().copied().filter(|sample| sample.abs() > 0.02 * peak).collect();
    let gain = 10f32.powf(decibels / 20.0) / jarvis_core::rms(&sounding).max(1e-6);
    said.iter_mut().for_each(|sample| *sample = (*sample * gain).clamp(-1.0, 1.0));
    let begin = said.iter().position(|sample| sample.abs() > AUDIBLE).unwrap_or(0);
    said.drain(..begin);
    said.truncate(SECONDS * SAMPLE_RATE as usize);
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_user_says_begins_where_it_is_heard_and_is_as_loud_as_wanted() {
        let mut said = vec![1e-4; 4_000];
        said.extend((0..16_000).map(|n| 0.3 * (n as f32 * 0.1).sin()));
        let said = level(said, -24.0);
        assert!(said[0].abs() > AUDIBLE && (15_900..=16_000).contains(&said.len()), "{}", said.len());
        assert!((jarvis_core::decibels(jarvis_core::rms(&said)) + 24.0).abs() < 0.5);
    }
}
