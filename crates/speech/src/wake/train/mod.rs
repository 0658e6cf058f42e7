//! Training a wake word of one's own, from a few recordings, in under two minutes.
//!
//! The recordings are joined by the phrase as the installed voices and espeak-ng's many speakers say it, and set against
//! what sounds like the phrase, other speech and noise; all of it in rooms, in noise and at all levels. What a head learns
//! from, what its threshold is tuned with and what it is measured with have no take and no speaker of espeak-ng's in common,
//! and no installed speaker where there are enough ([`Figures::shared_voice`]); what is measured with has sentences of its
//! own, and each of the three its own draw of near misses.
//! Owns the way from takes to a head and its figures. Never touches a device, the disk or a window.

mod dice;
mod examples;
mod fit;
mod measure;
mod room;
mod takes;
mod voices;
mod words;

pub use measure::Figures;
pub use takes::{TAKES, Take, check_takes, check_voices, check_words};
pub use voices::Voices;
pub use words::{check_phrase, plain_phrase};

use super::features::Features;
use super::head::Dense;
use crate::tts::Espeak;
use dice::Dice;
use examples::Clip;
use fit::Lesson;
use jarvis_core::{Cancel, Error, Result};
use jarvis_onnx::{OnnxError, Runtime};
use measure::Heard;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use voices::Use;
use words::Phrase;

/// What is to be trained.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The phrase as it is spelt, "hey computer".
    pub phrase: String,
    /// Chance falls the same way for the same seed.
    pub seed: u64,
    /// 1 is the usual amount of speech, which takes a minute or two on two cores; tests take less.
    pub amount: f32,
}

/// What the training is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The user's takes are looked at; told by whoever does so before.
    Checking,
    /// Voices say the phrase and other things.
    Speaking,
    /// Embeddings of all that are computed.
    Hearing,
    /// The head is trained.
    Learning,
    /// The head is measured.
    Measuring,
}

/// A trained head.
#[derive(Debug, Clone)]
pub struct Trained {
    /// `head.safetensors`.
    pub head: Vec<u8>,
    /// How good it is.
    pub figures: Figures,
    /// Syllables of its phrase.
    pub syllables: usize,
}

/// Sounds to measure a detector with, for the same phrase: none of them is ever trained with, though a single installed
/// voice speaks in both.
#[derive(Debug, Clone)]
pub struct Exam {
    /// Calls, each with the sample after its end.
    pub calls: Vec<(Vec<f32>, usize)>,
    /// What sounds like a call.
    pub near: Vec<Vec<f32>>,
    /// Sentences of other speech.
    sentences: Vec<Vec<f32>>,
    seed: u64,
}

impl Exam {
    /// Other speech and noise without end, the same each time: the sentences in ever other order, rooms and noise.
    pub fn speech(&self) -> impl Iterator<Item = Vec<f32>> + '_ {
        let chatter = self.sentences.concat();
        let mut dice = Dice::new(self.seed ^ 0x7a1c);
        std::iter::repeat_with(move || {
            if dice.chance(NOISE) {
                return examples::noise(6.0, &mut dice);
            }
            let sentences: Vec<&[f32]> = (0..TALK).map(|_| &dice.of(&self.sentences)[..]).collect();
            examples::talk(&sentences, &chatter, &mut dice)
        })
    }
}

/// Makes the sounds of an exam; `near` are said in addition to what is made from the phrase.
///
/// # Errors
/// The phrase is refused, no voice can speak, or `cancel` was raised.
pub fn exam_sounds(plan: &Plan, near: &[&str], voices: &mut Voices, cancel: &Cancel) -> Result<Exam> {
    let mut espeak = Espeak::new("en-us")?;
    let phrase = Phrase::new(&plan.phrase, &mut espeak)?;
    let mut speech = speak(plan, &phrase, &mut espeak, voices, Use::Measure, &mut |_| {}, cancel)?;
    let mut dice = Dice::new(plan.seed ^ 0x5eed);
    for text in near {
        for _ in 0..2 {
            speech.near.push(voices.natural(text, Use::Measure, &mut dice, cancel)?);
            speech.near.push(Voices::plain(text, Use::Measure, &mut dice)?);
        }
    }
    let chatter = speech.sentences.concat();
    let (mut calls, mut near) = (Vec::new(), Vec::new());
    for scene in scenes_for(&speech, Use::Measure) {
        match (scene, stage(&speech, scene, &chatter, &mut dice)) {
            (Scene::Call(_) | Scene::Own(_), (sound, Some(end))) => calls.push((sound, end)),
            (Scene::Near(_), (sound, _)) => near.push(sound),
            _ => {}
        }
    }
    Ok(Exam { calls, near, sentences: speech.sentences, seed: plan.seed })
}

/// Speech for one use.
#[derive(Default)]
struct Speech {
    calls: Vec<Vec<f32>>,
    own: Vec<Vec<f32>>,
    near: Vec<Vec<f32>>,
    sentences: Vec<Vec<f32>>,
}

/// How much is made of each, for `amount` 1.
struct Counts {
    calls: (usize, usize),
    near: (usize, usize),
    sentences: (usize, usize),
}

/// Scenes of each call that is learned from, of each of the user's, and of each to measure with.
const SCENES: usize = 2;
const OWN_SCENES: usize = 24;
const OWN_SCENES_KEPT: usize = 6;
/// Sentences in one scene.
const TALK: usize = 8;
/// Of the scenes of an exam's other speech, those that have noise and no voice.
const NOISE: f32 = 0.25;
/// Steps of training.
const STEPS: f32 = 2400.0;

impl Use {
    /// By the installed voices, and by espeak-ng's.
    fn counts(self) -> Counts {
        match self {
            Self::Learn => Counts { calls: (100, 280), near: (100, 420), sentences: (30, 700) },
            Self::Tune => Counts { calls: (24, 60), near: (24, 90), sentences: (20, 480) },
            Self::Measure => Counts { calls: (40, 80), near: (40, 80), sentences: (30, 130) },
        }
    }
}

/// Trains a head. `folder` is that of an installed wake word, for its feature models. `tell` gets the stage and how much of
/// it is done, 0..=1.
///
/// # Errors
/// The phrase or a take is refused, no voice can speak, a model is missing or failed, or `cancel` was raised.
pub fn train(
    plan: &Plan,
    takes: &[Take],
    voices: &mut Voices,
    (runtime, folder): (&Runtime, &Path),
    tell: &mut dyn FnMut(Stage, f32),
    cancel: &Cancel,
) -> Result<Trained> {
    let mut espeak = Espeak::new("en-us")?;
    let phrase = Phrase::new(&plan.phrase, &mut espeak)?;
    // Every third is kept for measuring, where there are enough.
    let (mut own, mut own_kept) = (Vec::new(), Vec::new());
    for (i, take) in takes.iter().enumerate() {
        let into = if i % 3 == 2 { &mut own_kept } else { &mut own };
        into.push(take.phrase()?.to_vec());
    }

    let mut spoken = 0.0;
    let mut speech = |of: Use, own: Vec<Vec<f32>>, share: f32| {
        let from = spoken;
        spoken += share;
        let mut tell = |done: f32| tell(Stage::Speaking, from + done * share);
        speak(plan, &phrase, &mut espeak, voices, of, &mut tell, cancel).map(|speech| Speech { own, ..speech })
    };
    let learn = speech(Use::Learn, own, 0.6)?;
    let tune = speech(Use::Tune, Vec::new(), 0.15)?;
    let kept = speech(Use::Measure, own_kept, 0.25)?;

    let hearers = std::thread::available_parallelism().map_or(1, |n| n.get()).min(8);
    let mut features = Vec::new();
    for _ in 0..hearers {
        features.push(Features::load(runtime, folder)?);
    }
    let total = [&learn, &tune, &kept].map(|speech| scenes(speech).len()).iter().sum::<usize>();
    let mut done = 0;
    let mut hear_all = |speech: &Speech, of: Use, seed: u64| {
        let scenes = scenes_for(speech, of);
        let exam = hear(speech, &scenes, &mut features, seed, cancel, &mut |scene| {
            tell(Stage::Hearing, ((done + scene) as f32 / total as f32).min(1.0));
        });
        done += scenes.len();
        exam
    };
    let learn = hear_all(&learn, Use::Learn, plan.seed)?;
    let tune = hear_all(&tune, Use::Tune, plan.seed ^ 1)?;
    let kept = hear_all(&kept, Use::Measure, plan.seed ^ 2)?;

    let clips = [&learn.calls, &learn.own_calls, &learn.near, &learn.speech].into_iter().flatten();
    let lesson = Lesson::new(clips);
    let steps = (STEPS * plan.amount.clamp(0.1, 4.0)) as usize;
    let head = fit::fit(&lesson, steps, plan.seed, |done| {
        tell(Stage::Learning, done as f32 / steps as f32);
        !cancel.is_cancelled()
    });
    let failed = |error: candle_core::Error| {
        Error::new(
            "wake.training_failed",
            format!("The training failed: {error}."),
            "Try again; report it if it stays so.",
        )
    };
    let mut head = head.map_err(failed)?.ok_or_else(Error::cancelled)?;
    tell(Stage::Measuring, 0.0);
    head.bias += tune.offset(&mut head);
    // Measured as it will be read.
    let head = head.to_file(&phrase.text);
    let mut read = Dense::parse(&head).map_err(|reason| {
        Error::new(
            "wake.training_failed",
            format!("The training failed: {reason}."),
            "Try again with other recordings.",
        )
    })?;
    let figures = Figures { shared_voice: voices.are_shared(), ..kept.figures(&mut read) };
    tell(Stage::Measuring, 1.0);
    Ok(Trained { head, figures, syllables: phrase.syllables })
}

/// Has all be said that one use needs.
fn speak(
    plan: &Plan,
    phrase: &Phrase,
    espeak: &mut Espeak,
    voices: &mut Voices,
    of: Use,
    tell: &mut dyn FnMut(f32),
    cancel: &Cancel,
) -> Result<Speech> {
    let number = match of {
        Use::Learn => 11,
        Use::Tune => 12,
        Use::Measure => 13,
    };
    let mut dice = Dice::new(plan.seed.wrapping_mul(31).wrapping_add(number));
    let counts = of.counts();
    let scaled = |count: usize| ((count as f32 * plan.amount) as usize).max(6);
    let calls = phrase.spoken().to_vec();
    let near = phrase.near_misses(scaled(counts.near.0 + counts.near.1), &mut dice, espeak)?;
    let sentences = match of {
        Use::Measure => words::kept_speech().iter().map(|sentence| (*sentence).to_owned()).collect(),
        _ => words::speech(scaled(counts.sentences.0 + counts.sentences.1), of, &mut dice),
    };
    let kinds = [(&calls, counts.calls), (&near, counts.near), (&sentences, counts.sentences)];
    let total: usize = kinds.iter().map(|(_, (natural, plain))| scaled(*natural) + scaled(*plain)).sum();
    let mut plain_dice = Dice::new(dice.bits());
    let said = AtomicUsize::new(0);
    // Both kinds of voices at once: neither keeps all cores busy.
    let (natural, plain) = std::thread::scope(|scope| {
        let plain = scope.spawn(|| {
            say(kinds.map(|(texts, (_, count))| (texts, scaled(count))), cancel, |text| {
                said.fetch_add(1, Ordering::Relaxed);
                Voices::plain(text, of, &mut plain_dice)
            })
        });
        let natural = say(kinds.map(|(texts, (count, _))| (texts, scaled(count))), cancel, |text| {
            let done = said.fetch_add(1, Ordering::Relaxed) + 1;
            tell(done as f32 / total as f32);
            voices.natural(text, of, &mut dice, cancel)
        });
        (natural, plain.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    let [mut calls, mut near, mut sentences] = natural?;
    let [plain_calls, plain_near, plain_sentences] = plain?;
    calls.extend(plain_calls);
    near.extend(plain_near);
    sentences.extend(plain_sentences);
    let speech = Speech { calls, own: Vec::new(), near, sentences };
    if speech.calls.is_empty() || speech.near.is_empty() || speech.sentences.is_empty() {
        return Err(Error::new(
            "wake.no_voice",
            "The installed voices can't say this phrase.",
            "Spell it as an English word would be spelt.",
        ));
    }
    Ok(speech)
}

/// Has `voice` say the texts of each kind in turn, as often as is asked for.
fn say(
    kinds: [(&Vec<String>, usize); 3],
    cancel: &Cancel,
    mut voice: impl FnMut(&str) -> Result<Vec<f32>>,
) -> Result<[Vec<Vec<f32>>; 3]> {
    let mut said: [Vec<Vec<f32>>; 3] = Default::default();
    for ((texts, count), into) in kinds.into_iter().zip(&mut said) {
        for text in texts.iter().cycle().take(count) {
            if cancel.is_cancelled() {
                return Err(Error::cancelled());
            }
            let sound = voice(text)?;
            // A voice that has no sounds for a made-up word says nothing, or hardly anything.
            if sound.len() > 1600 {
                into.push(sound);
            }
        }
    }
    Ok(said)
}

/// A scene to be heard.
#[derive(Clone, Copy)]
enum Scene {
    Call(usize),
    Own(usize),
    Near(usize),
    Talk(usize),
    Noise,
}

/// Every scene once, to count them.
fn scenes(speech: &Speech) -> Vec<Scene> {
    scenes_for(speech, Use::Learn)
}

fn scenes_for(speech: &Speech, of: Use) -> Vec<Scene> {
    let (calls, own) = if of == Use::Learn { (SCENES, OWN_SCENES) } else { (1, OWN_SCENES_KEPT) };
    let mut scenes = Vec::new();
    for _ in 0..calls {
        scenes.extend((0..speech.calls.len()).map(Scene::Call));
    }
    for _ in 0..own {
        scenes.extend((0..speech.own.len()).map(Scene::Own));
    }
    scenes.extend((0..speech.near.len()).map(Scene::Near));
    scenes.extend((0..speech.sentences.len().div_ceil(TALK)).map(Scene::Talk));
    scenes.extend([Scene::Noise; 12]);
    scenes
}

/// Hears the scenes, on as many threads as there are `features`. The result does not depend on how many.
fn hear(
    speech: &Speech,
    scenes: &[Scene],
    features: &mut [Features],
    seed: u64,
    cancel: &Cancel,
    tell: &mut dyn FnMut(usize),
) -> Result<Heard> {
    let chatter = speech.sentences.concat();
    let next = AtomicUsize::new(0);
    let (sender, heard) = std::sync::mpsc::channel();
    let mut clips: Vec<Option<Clip>> = std::iter::repeat_with(|| None).take(scenes.len()).collect();
    std::thread::scope(|scope| -> Result<()> {
        for features in features {
            let (sender, next, chatter) = (sender.clone(), &next, &chatter[..]);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(scene) = scenes.get(index).copied().filter(|_| !cancel.is_cancelled()) else { break };
                    let mut dice = Dice::new(seed ^ ((index as u64) << 8));
                    let clip = hear_one(speech, scene, chatter, features, &mut dice);
                    if sender.send((index, clip)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        for (done, (index, clip)) in heard.into_iter().enumerate() {
            clips[index] = Some(clip?);
            tell(done + 1);
        }
        Ok(())
    })?;
    if cancel.is_cancelled() {
        return Err(Error::cancelled());
    }
    let mut exam = Heard::default();
    for (scene, clip) in scenes.iter().zip(clips) {
        let into = match scene {
            Scene::Call(_) => &mut exam.calls,
            Scene::Own(_) => &mut exam.own_calls,
            Scene::Near(_) => &mut exam.near,
            Scene::Talk(_) | Scene::Noise => &mut exam.speech,
        };
        into.extend(clip);
    }
    Ok(exam)
}

fn hear_one(
    speech: &Speech,
    scene: Scene,
    chatter: &[f32],
    features: &mut Features,
    dice: &mut Dice,
) -> Result<Clip, OnnxError> {
    let (sound, end) = stage(speech, scene, chatter, dice);
    Clip::hear(features, &sound, end)
}

/// The sound of a scene, and the sample after the phrase where there is one.
fn stage(speech: &Speech, scene: Scene, chatter: &[f32], dice: &mut Dice) -> (Vec<f32>, Option<usize>) {
    match scene {
        Scene::Call(i) => ended(examples::scene(&speech.calls[i], chatter, dice)),
        Scene::Own(i) => ended(examples::scene(&speech.own[i], chatter, dice)),
        Scene::Near(i) => (examples::scene(&speech.near[i], chatter, dice).0, None),
        Scene::Talk(i) => {
            let sentences = &speech.sentences[i * TALK..((i + 1) * TALK).min(speech.sentences.len())];
            let sentences: Vec<&[f32]> = sentences.iter().map(|sentence| &sentence[..]).collect();
            (examples::talk(&sentences, chatter, dice), None)
        }
        Scene::Noise => (examples::noise(6.0, dice), None),
    }
}

fn ended((sound, end): (Vec<f32>, usize)) -> (Vec<f32>, Option<usize>) {
    (sound, Some(end))
}
