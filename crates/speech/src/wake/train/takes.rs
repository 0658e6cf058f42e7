//! What the user recorded: is it good enough, and where in it is the phrase?
//!
//! Works on 16 kHz mono. Never repairs a take: a bad one is refused by name, with what to do better.

use crate::wake::WakeCheck;
use jarvis_core::{Cancel, Error, Result, SAMPLE_RATE, SpeechToText};

/// A recording of the phrase.
#[derive(Debug, Clone, PartialEq)]
pub struct Take {
    /// What it is called in messages: the file's name, or "take 2".
    pub name: String,
    /// 16 kHz mono, -1..=1.
    pub samples: Vec<f32>,
}

/// The fewest takes that a voice is learned from: of fewer, none could be kept for measuring.
const FEWEST: usize = 3;
/// How much of what recognition hears in a take has to sound like the phrase, 0..=1. Names that it doesn't know become
/// something that sounds like them; other words stay below a half.
const ALIKE: f32 = 0.55;
/// Peak below which nobody spoke: -46 dB of full scale.
const FAINTEST: f32 = 0.005;
/// From here on a sample is at the end of the scale.
const FULL: f32 = 0.995;
/// Samples in a row at the end of the scale that are cut off, not just loud.
const CLIPPED: usize = 4;
/// The shortest and the longest phrase, in seconds.
const LENGTH: std::ops::RangeInclusive<f32> = 0.35..=2.5;
/// Samples of one look at the level: 10 ms.
const BLOCK: usize = SAMPLE_RATE as usize / 100;
/// What belongs to a phrase is louder than this share of its loudest block; about -26 dB.
const QUIET: f32 = 0.05;

impl Take {
    /// The phrase itself, silence around it cut off.
    ///
    /// # Errors
    /// Nothing is to be heard in it, it is clipped, or it is too short or too long for a phrase.
    pub fn phrase(&self) -> Result<&[f32]> {
        let refused = |code: &'static str, what: &str, hint: &str| {
            Error::new(code, format!("The recording {} {what}.", self.name), hint)
        };
        let peak = self.samples.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        if peak < FAINTEST || !peak.is_finite() {
            return Err(refused(
                "wake.silent_take",
                "has no voice in it",
                "Speak closer to the microphone; `jarvis doctor` says whether it sends anything.",
            ));
        }
        let clipped = self.samples.split(|sample| sample.abs() < FULL).any(|loud| loud.len() >= CLIPPED);
        if clipped {
            return Err(refused(
                "wake.clipped_take",
                "is cut off at the top",
                "Turn the microphone's level down or speak from further away, and record it again.",
            ));
        }
        let phrase = trim(&self.samples);
        let seconds = phrase.len() as f32 / SAMPLE_RATE as f32;
        if seconds < *LENGTH.start() {
            return Err(refused(
                "wake.short_take",
                &format!("has {seconds:.1} s of voice, which is too short for a wake word"),
                "Say the whole phrase; two or three syllables are the least.",
            ));
        }
        if seconds > *LENGTH.end() {
            return Err(refused(
                "wake.long_take",
                &format!("has {seconds:.1} s of voice or noise, which is too long for a wake word"),
                "Say the phrase once and nothing else, in a quiet room.",
            ));
        }
        Ok(phrase)
    }
}

/// Whether there are enough takes, each good enough.
///
/// # Errors
/// There are too few, or one is refused.
pub fn check_takes(takes: &[Take]) -> Result<()> {
    if takes.len() < FEWEST {
        return Err(Error::new(
            "wake.few_takes",
            format!("There are too few recordings: {} of at least {FEWEST}.", takes.len()),
            "Record the phrase 5 to 10 times, not always in the same tone.",
        ));
    }
    takes.iter().try_for_each(|take| take.phrase().map(drop))
}

/// Whether each take has the phrase in it, and not other words, by what `recognizer` makes of it.
///
/// # Errors
/// One has other words, the recognizer failed, or `cancel` was raised.
pub fn check_words(
    takes: &[Take],
    check: &mut WakeCheck,
    recognizer: &mut dyn SpeechToText,
    cancel: &Cancel,
) -> Result<()> {
    for take in takes {
        let heard = recognizer.transcribe(&take.samples, cancel)?.text;
        if !heard.is_empty() && check.likeness(&heard) < ALIKE {
            return Err(Error::new(
                "wake.other_words",
                format!("The recording {} sounds like \"{heard}\", not like \"{}\".", take.name, check.words()),
                "Record it again; if the phrase is said as you want it, spell it as it sounds with `--phrase`.",
            ));
        }
    }
    Ok(())
}

/// `samples` without what is quiet at both ends.
pub(super) fn trim(samples: &[f32]) -> &[f32] {
    let energy = |block: &[f32]| block.iter().map(|sample| sample * sample).sum::<f32>() / block.len() as f32;
    let loudest = samples.chunks(BLOCK).map(energy).fold(0.0, f32::max);
    let loud = |block: &[f32]| energy(block) > loudest * QUIET * QUIET;
    let Some(first) = samples.chunks(BLOCK).position(loud) else { return &[] };
    let last = samples.chunks(BLOCK).rposition(loud).unwrap_or(first);
    &samples[first * BLOCK..((last + 1) * BLOCK).min(samples.len())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn take(samples: Vec<f32>) -> Take {
        Take { name: "one.wav".into(), samples }
    }

    /// `level` of noise for `seconds`, with a second of silence around it.
    fn spoken(level: f32, seconds: f32) -> Take {
        let mut samples = vec![0.0; 16_000];
        samples.extend(testing::noise(level, (seconds * 16_000.0) as usize));
        samples.extend([0.0; 16_000]);
        take(samples)
    }

    #[test]
    fn the_phrase_is_found_without_the_silence_around_it() {
        let take = spoken(0.3, 0.8);
        let phrase = take.phrase().unwrap();
        assert!(phrase.len().abs_diff(12_800) <= 2 * BLOCK, "{}", phrase.len());
    }

    #[test]
    fn each_bad_take_is_refused_for_what_it_is() {
        let code = |take: Take| {
            let error = take.phrase().unwrap_err();
            assert!(error.message.contains("one.wav") && !error.hint.is_empty(), "{}", error.message);
            error.code.to_string()
        };
        assert_eq!(code(take(Vec::new())), "wake.silent_take");
        assert_eq!(code(take(vec![0.001; 16_000])), "wake.silent_take");
        assert_eq!(code(take(vec![f32::NAN; 16_000])), "wake.silent_take");
        assert_eq!(code(spoken(0.3, 0.1)), "wake.short_take");
        assert_eq!(code(spoken(0.3, 4.0)), "wake.long_take");
        let mut loud = spoken(0.9, 0.8);
        for sample in &mut loud.samples {
            *sample = (*sample * 5.0).clamp(-1.0, 1.0);
        }
        assert_eq!(code(loud), "wake.clipped_take");
    }
}
