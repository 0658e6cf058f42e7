//! From sounds to what a head learns from: embeddings of scenes, and where in them the phrase ends.
//!
//! A scene is heard as the microphone's sound is: from a reset, step by step.

use super::dice::Dice;
use super::room;
use crate::wake::embedding::EMBEDDING;
use crate::wake::features::{Features, STEP};
use crate::wake::head::{HISTORY, INPUTS};
use jarvis_core::SAMPLE_RATE;
use jarvis_onnx::OnnxError;

/// The embeddings of a scene, before them those of silence, so that every step has 16.
pub(super) struct Clip {
    embeddings: Vec<f32>,
    /// Where the phrase ends, in steps; none in a scene without it.
    pub(super) end: Option<f32>,
}

impl Clip {
    pub(super) fn steps(&self) -> usize {
        self.embeddings.len() / EMBEDDING + 1 - HISTORY
    }

    /// What a head gets at a step. 16 x 96.
    pub(super) fn window(&self, step: usize) -> &[f32] {
        &self.embeddings[step * EMBEDDING..][..INPUTS]
    }

    /// Hears a scene. `end` is the sample after the phrase.
    pub(super) fn hear(features: &mut Features, sound: &[f32], end: Option<usize>) -> Result<Self, OnnxError> {
        features.reset();
        let silence = *features.silence();
        let mut embeddings = Vec::with_capacity((HISTORY + sound.len() / STEP) * EMBEDDING);
        for _ in 1..HISTORY {
            embeddings.extend(silence);
        }
        let mut rest = sound;
        while !rest.is_empty() {
            let (taken, embedding) = features.push(rest)?;
            rest = &rest[taken..];
            embeddings.extend(embedding.unwrap_or_default());
        }
        Ok(Self { embeddings, end: end.map(|end| end as f32 / STEP as f32) })
    }
}

/// Sound before the phrase, in seconds: all that a head looks at.
const LEAD: f32 = 1.3;
/// Sound after it.
const TAIL: f32 = 0.5;

fn samples(seconds: f32) -> usize {
    (seconds * SAMPLE_RATE as f32) as usize
}

/// The phrase, or what is like it, somewhere: perhaps after other words and before others, in a room, in noise. Returns the
/// sound and the sample after the phrase.
pub(super) fn scene(phrase: &[f32], chatter: &[f32], dice: &mut Dice) -> (Vec<f32>, usize) {
    let mut sound = vec![0.0; samples(LEAD + dice.between(0.0, 0.08))];
    if dice.chance(0.25) {
        let length = samples(dice.between(0.3, 0.85));
        let gap = samples(dice.between(0.12, 0.4));
        let at = sound.len() - gap - length;
        mix(&mut sound[at..at + length], chatter, dice);
    }
    sound.extend(phrase);
    let end = sound.len();
    sound.resize(end + samples(TAIL), 0.0);
    if dice.chance(0.45) {
        let gap = samples(dice.between(0.06, 0.25));
        mix(&mut sound[end + gap..], chatter, dice);
    }
    room::place(&mut sound, room::rms(phrase), chatter, dice);
    (sound, end)
}

/// A stretch of `chatter`.
fn mix(place: &mut [f32], chatter: &[f32], dice: &mut Dice) {
    if chatter.len() > place.len() {
        let from = dice.below(chatter.len() - place.len());
        place.copy_from_slice(&chatter[from..][..place.len()]);
    }
}

/// Sentences one after the other, each in a place of its own.
pub(super) fn talk(sentences: &[&[f32]], chatter: &[f32], dice: &mut Dice) -> Vec<f32> {
    let mut sound = Vec::new();
    for sentence in sentences {
        let mut part = sentence.to_vec();
        part.resize(part.len() + samples(dice.between(0.1, 0.7)), 0.0);
        room::place(&mut part, room::rms(sentence), chatter, dice);
        sound.extend(part);
    }
    sound
}

/// Noise without a voice.
pub(super) fn noise(seconds: f32, dice: &mut Dice) -> Vec<f32> {
    let kinds = room::Noise::ALL;
    let level = 10_f32.powf(dice.between(-60.0, -12.0) / 20.0);
    let kind = kinds[dice.below(kinds.len())];
    kind.make(samples(seconds), dice).iter().map(|sample| (sample * level).clamp(-1.0, 1.0)).collect()
}
