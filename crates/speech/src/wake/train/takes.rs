//! What the user recorded: is it good enough, and where in it is the phrase?
//!
//! Works on 16 kHz mono. Never repairs a take: a bad one is refused by name, with what to do better.

use crate::wake::WakeCheck;
use jarvis_core::{AudioFrame, Cancel, Error, FRAME_SAMPLES, Result, SAMPLE_RATE, SpeechToText, Vad};
use std::ops::RangeInclusive;

/// A recording of the phrase.
#[derive(Debug, Clone, PartialEq)]
pub struct Take {
    /// What it is called in messages: the file's name, or "take 2".
    pub name: String,
    /// 16 kHz mono, -1..=1.
    pub samples: Vec<f32>,
}

/// How many takes a voice is learned from: of fewer, none could be kept for measuring, and more than these make nothing
/// better.
pub const TAKES: RangeInclusive<usize> = 3..=50;
/// Likeness of two recordings, as the cosine between their waves, from which on they are one. The same person saying the same
/// thing again stays below a half.
const SAME: f32 = 0.95;
/// Samples that the beginnings of the same recording may be found apart: 10 ms.
const APART: usize = BLOCK;
/// Probability of speech that is a voice, and the frames (32 ms) of it that a take has at least.
const VOICE: f32 = 0.5;
const VOICED: usize = 5;
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
const LENGTH: RangeInclusive<f32> = 0.35..=2.5;
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
        let (least, most) = LENGTH.into_inner();
        if seconds < least {
            return Err(refused(
                "wake.short_take",
                &format!("has {seconds:.2} s of voice, and a wake word has {least} to {most} s"),
                "Say the whole phrase, not too fast.",
            ));
        }
        if seconds > most {
            return Err(refused(
                "wake.long_take",
                &format!("has {seconds:.1} s of voice or noise, and a wake word has {least} to {most} s"),
                "Say the phrase once and nothing else, in a quiet room.",
            ));
        }
        Ok(phrase)
    }
}

/// Whether there are enough takes, each good enough and none given twice.
///
/// # Errors
/// There are too few or too many, one is refused, or two are the same recording.
pub fn check_takes(takes: &[Take]) -> Result<()> {
    if !TAKES.contains(&takes.len()) {
        let (fewest, most) = TAKES.into_inner();
        let (code, what) = if takes.len() < fewest { ("wake.few_takes", "few") } else { ("wake.many_takes", "many") };
        return Err(Error::new(
            code,
            format!("There are too {what} recordings: {}, and {fewest} to {most} are wanted.", takes.len()),
            "Record the phrase 5 to 10 times, not always in the same tone.",
        ));
    }
    let phrases = takes.iter().map(Take::phrase).collect::<Result<Vec<_>>>()?;
    for (i, take) in takes.iter().enumerate() {
        if let Some(first) = (0..i).find(|first| is_same(phrases[*first], phrases[i])) {
            return Err(Error::new(
                "wake.same_take",
                format!("The recordings {} and {} are the same one.", takes[first].name, take.name),
                "Say the phrase anew for each: what one is like has to be learned from how they differ.",
            ));
        }
    }
    Ok(())
}

/// Whether two phrases are one recording, maybe louder or cut elsewhere.
fn is_same(a: &[f32], b: &[f32]) -> bool {
    if a.len().abs_diff(b.len()) > 4 * BLOCK {
        return false;
    }
    let likeness = |a: &[f32], b: &[f32]| {
        let (mut product, mut of_a, mut of_b) = (0.0_f32, 0.0_f32, 0.0_f32);
        for (a, b) in a.iter().zip(b) {
            product += a * b;
            of_a += a * a;
            of_b += b * b;
        }
        product / (of_a * of_b).sqrt().max(1e-9)
    };
    (0..=APART.min(a.len()).min(b.len())).any(|apart| likeness(&a[apart..], b).max(likeness(a, &b[apart..])) >= SAME)
}

/// Whether somebody speaks in each take, and not only noise, by what `activity` makes of it.
///
/// # Errors
/// Nobody does in one, or `activity` failed.
pub fn check_voices(takes: &[Take], activity: &mut dyn Vad) -> Result<()> {
    for take in takes {
        activity.reset();
        let mut voiced = 0;
        for (index, samples) in take.samples.as_chunks::<FRAME_SAMPLES>().0.iter().enumerate() {
            let frame = AudioFrame { samples: *samples, ..AudioFrame::silence(index as u64) };
            voiced += usize::from(activity.process(&frame)? >= VOICE);
        }
        if voiced < VOICED {
            return Err(Error::new(
                "wake.no_speech",
                format!("In the recording {} nobody speaks.", take.name),
                "Record it again, nearer to the microphone or in less noise.",
            ));
        }
    }
    Ok(())
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
    use crate::vad::Silero;

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

    /// A voice that nobody has, one for each `seed`: a tone whose height wanders, with all that is above it.
    fn voice(seed: u32) -> Take {
        let wander = |i: usize| (i as f32 / (900.0 + 70.0 * (seed % 17) as f32) + seed as f32).sin();
        let mut phase = 0.0_f32;
        let mut samples = vec![0.0; 8_000];
        samples.extend((0..12_800).map(|i| {
            phase += (120.0 + 30.0 * wander(i)) / 16_000.0 * std::f32::consts::TAU;
            (1..6).map(|harmonic| (phase * harmonic as f32).sin() / harmonic as f32).sum::<f32>() * 0.1
        }));
        samples.extend(vec![0.0; 8_000]);
        Take { name: format!("{seed}.wav"), samples }
    }

    #[test]
    fn a_recording_that_is_given_twice_is_refused_by_name() {
        let takes: Vec<Take> = (1..6).map(voice).collect();
        check_takes(&takes).unwrap();
        let mut louder: Vec<f32> = vec![0.0; 1_234];
        louder.extend(takes[1].samples.iter().map(|sample| sample * 1.7 + 0.001));
        for again in [takes[1].samples.clone(), louder] {
            let error =
                check_takes(&[&takes[..], &[Take { name: "again.wav".into(), samples: again }]].concat()).unwrap_err();
            assert_eq!(error.code, "wake.same_take");
            assert!(error.message.contains("2.wav") && error.message.contains("again.wav"), "{}", error.message);
        }
    }

    #[test]
    fn there_are_neither_too_few_nor_too_many() {
        for (count, code) in [(0, "wake.few_takes"), (2, "wake.few_takes"), (51, "wake.many_takes")] {
            let takes: Vec<Take> = (0..count).map(voice).collect();
            let error = check_takes(&takes).unwrap_err();
            assert!(error.code == code && error.message.contains("3 to 50"), "{count}: {}", error.message);
        }
    }

    #[test]
    fn where_nobody_speaks_there_is_no_take() {
        let mut activity = Silero::load(&testing::runtime(), &testing::model("silero-vad")).unwrap();
        let said = Take { name: "said.wav".into(), samples: testing::recording("hey-jarvis-what-time-is-it") };
        check_voices(std::slice::from_ref(&said), &mut activity).unwrap();
        let noise = Take { name: "noise.wav".into(), ..spoken(0.2, 0.9) };
        let error = check_voices(&[said, noise], &mut activity).unwrap_err();
        assert!(error.code == "wake.no_speech" && error.message.contains("noise.wav"), "{}", error.message);
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
