//! Wake word: what it costs, what it hears and how soon, what else wakes it; beside the reference implementation on the same
//! sound.
//!
//! The sound is made by the installed voices and espeak-ng's, in speakers, manners and words that nothing is trained with.

use super::baseline::{Baseline, Sound};
use super::{Better, Rows, median, ms};
use jarvis_core::{AudioFrame, Cancel, FRAME_SAMPLES, SAMPLE_RATE, WakeWord};
use jarvis_engine::load::{Installed, Parts, runtime_file};
use jarvis_engine::{feature_folder, installed_voices};
use jarvis_models::{Catalog, Store};
use jarvis_settings::{Paths, Settings};
use jarvis_speech::onnx::Runtime;
use jarvis_speech::wake::train::{Exam, Plan, exam_sounds};
use std::time::Instant;

/// Said beside what is made from the phrase itself: names and words that people do say.
const NEAR_MISSES: [&str; 16] = [
    "hey Travis",
    "hey Jervis Street",
    "charge this",
    "hey service",
    "a harvest",
    "hey Davis",
    "hey Chavez",
    "drivers",
    "hey Charles",
    "starve us",
    "hey Marvin",
    "hey there",
    "a jar of this",
    "hey Jared",
    "heavy service",
    "hey purpose",
];
/// Seconds of other speech that our detector hears, and of them those that the reference hears.
const SPEECH: f32 = 3600.0;
const SPEECH_BESIDE: f32 = 900.0;
/// The reference's own threshold, and as many steps of silence after a wake as ours keeps.
const THRESHOLD: f32 = 0.5;
const REFRACTORY: u32 = 25;

/// What the reference answers.
#[derive(serde::Deserialize)]
struct Theirs {
    wakes: Vec<u64>,
    cpu_ms: f64,
}

/// What one of both did with all sounds.
#[derive(Default)]
struct Outcome {
    heard: usize,
    near: usize,
    delays: Vec<f64>,
    false_wakes: usize,
    seconds: f64,
    cpu_ms: f64,
}

impl Outcome {
    /// Takes the wakes, in samples, of a call that ends at `end`. From a third of a second before that on it may be meant.
    fn call(&mut self, wakes: &[u64], end: usize) {
        let near = |wake: &&u64| (end as i64 - 5120..end as i64 + 10_240).contains(&(**wake as i64));
        if let Some(wake) = wakes.iter().find(near) {
            self.heard += 1;
            self.delays.push((*wake as f64 - end as f64) * 1000.0 / f64::from(SAMPLE_RATE));
        }
    }
}

pub(super) fn run(parts: &Installed, paths: &Paths, settings: &Settings, rows: &mut Rows<'_>) -> anyhow::Result<()> {
    cost(parts, settings, rows)?;

    let (store, catalog) = (Store::new(paths.models_dir()), Catalog::builtin());
    let runtime = Runtime::load(&runtime_file(&store)?)?;
    let mut voices = installed_voices(&store, &catalog, &runtime)?;
    let phrase = settings.wake.model.trim_start_matches("wake-").trim_end_matches("-free").replace('-', " ");
    let plan = Plan { phrase, seed: 77, amount: 1.0 };
    let exam = exam_sounds(&plan, &NEAR_MISSES, &mut voices, &Cancel::new())?;

    let mut wake = parts.wake_word(settings)?;
    let ours = ours(wake.as_mut(), &exam)?;
    let folder = feature_folder(&store, &catalog, settings)?;
    let theirs = match folder.join("head.onnx").is_file() {
        true => Baseline::start(paths, include_str!("wake.py"), &[folder.as_os_str()])?,
        false => None,
    };
    let (theirs, program) = match theirs {
        Some(mut baseline) => (Some(reference(&mut baseline, &exam)?), baseline.program().to_owned()),
        None => (None, String::new()),
    };
    if theirs.is_some() {
        eprintln!("jarvis: the baseline is {program}, threshold {THRESHOLD}, with the head of {}", folder.display());
    }
    report(&exam, ours, theirs, rows);
    Ok(())
}

/// Wake word and voice activity over a minute of speech without a pause: the most that they can cost. In silence the wake
/// word's models rest.
fn cost(parts: &Installed, settings: &Settings, rows: &mut Rows<'_>) -> anyhow::Result<()> {
    let mut wake = parts.wake_word(settings)?;
    let mut activity = parts.activity(settings)?;
    let frames = 60 * 1000 / 32;
    let mut state = 1u32;
    let (mut of_wake, mut of_activity) = (0.0, 0.0);
    for index in 0..frames {
        let mut frame = AudioFrame::silence(index);
        for sample in &mut frame.samples[..FRAME_SAMPLES] {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *sample = (state as f32 / u32::MAX as f32 - 0.5) * 0.002;
        }
        let start = Instant::now();
        wake.process(&frame)?;
        of_wake += ms(start);
        let start = Instant::now();
        activity.process(&frame)?;
        of_activity += ms(start);
    }
    let share = |total: f64| total / (frames as f64 * 32.0) * 100.0;
    rows.add(
        ("wake", "wake word while someone speaks, share of a core"),
        (share(of_wake), "%", Better::Less),
        (None, None),
    );
    rows.add(("wake", "voice activity, share of a core"), (share(of_activity), "%", Better::Less), (None, None));
    rows.add(("wake", "both, share of a core"), (share(of_wake + of_activity), "%", Better::Less), (Some(3.0), None));
    Ok(())
}

/// The ends of the steps at which `wake` wakes in `samples`.
fn wakes(wake: &mut dyn WakeWord, samples: &[f32]) -> anyhow::Result<Vec<u64>> {
    let mut found = Vec::new();
    wake.reset();
    for (index, chunk) in samples.chunks_exact(FRAME_SAMPLES).enumerate() {
        let mut frame = AudioFrame::silence(index as u64);
        frame.samples.copy_from_slice(chunk);
        found.extend(wake.process(&frame)?.map(|detection| detection.at_sample));
    }
    Ok(found)
}

fn ours(wake: &mut dyn WakeWord, exam: &Exam) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::default();
    let began = Instant::now();
    for (sound, end) in &exam.calls {
        let wakes = wakes(wake, sound)?;
        outcome.call(&wakes, *end);
    }
    for sound in &exam.near {
        outcome.near += usize::from(!wakes(wake, sound)?.is_empty());
    }
    outcome.cpu_ms = ms(began);
    outcome.seconds = seconds(exam.calls.iter().map(|(sound, _)| sound).chain(&exam.near));
    let mut heard = 0.0;
    for sound in exam.speech.iter().cycle() {
        outcome.false_wakes += wakes(wake, sound)?.len();
        heard += sound.len() as f32 / SAMPLE_RATE as f32;
        if heard >= SPEECH {
            break;
        }
    }
    Ok(outcome)
}

fn reference(baseline: &mut Baseline, exam: &Exam) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut ask = |samples: &[f32]| -> anyhow::Result<Theirs> {
        let sound = Sound::new(samples)?;
        let request = serde_json::json!({ "path": sound.path(), "threshold": THRESHOLD, "refractory": REFRACTORY });
        baseline.ask(&request)
    };
    for (sound, end) in &exam.calls {
        let answer = ask(sound)?;
        outcome.cpu_ms += answer.cpu_ms;
        outcome.call(&answer.wakes, *end);
    }
    for sound in &exam.near {
        let answer = ask(sound)?;
        outcome.cpu_ms += answer.cpu_ms;
        outcome.near += usize::from(!answer.wakes.is_empty());
    }
    outcome.seconds = seconds(exam.calls.iter().map(|(sound, _)| sound).chain(&exam.near));
    let mut heard = 0.0;
    for sound in exam.speech.iter().cycle() {
        outcome.false_wakes += ask(sound)?.wakes.len();
        heard += sound.len() as f32 / SAMPLE_RATE as f32;
        if heard >= SPEECH_BESIDE {
            break;
        }
    }
    Ok(outcome)
}

fn seconds<'a>(sounds: impl Iterator<Item = &'a Vec<f32>>) -> f64 {
    sounds.map(|sound| sound.len() as f64 / f64::from(SAMPLE_RATE)).sum()
}

fn report(exam: &Exam, mut ours: Outcome, theirs: Option<Outcome>, rows: &mut Rows<'_>) {
    let percent = |part: usize, of: usize| part as f64 * 100.0 / of.max(1) as f64;
    let (calls, near) = (exam.calls.len(), exam.near.len());
    let of_theirs = |figure: &dyn Fn(&Outcome) -> f64| theirs.as_ref().map(figure);
    let share = |outcome: &Outcome| outcome.cpu_ms / outcome.seconds.max(1e-9) / 10.0;
    rows.add(
        ("wake", "while someone speaks, all of the time, share of a core"),
        (share(&ours), "%", Better::Less),
        (None, of_theirs(&share)),
    );
    rows.add(
        ("wake", format!("calls heard, of {calls} in rooms and noise")),
        (percent(ours.heard, calls), "%", Better::More),
        (None, of_theirs(&|theirs| percent(theirs.heard, calls))),
    );
    rows.add(
        ("wake", format!("woken by what sounds alike, of {near}")),
        (percent(ours.near, near), "%", Better::Less),
        (of_theirs(&|theirs| percent(theirs.near, near) / 2.0), of_theirs(&|theirs| percent(theirs.near, near))),
    );
    let delay = median(&mut ours.delays);
    let their_delay = theirs.as_ref().map(|theirs| median(&mut theirs.delays.clone()));
    rows.add(("wake", "from the end of the word to the wake"), (delay, "ms", Better::Less), (Some(100.0), their_delay));
    rows.add(
        ("wake", "false wakes in an hour of other speech"),
        (ours.false_wakes as f64, "", Better::Less),
        (Some(0.0), of_theirs(&|theirs| theirs.false_wakes as f64 * f64::from(SPEECH / SPEECH_BESIDE))),
    );
}
