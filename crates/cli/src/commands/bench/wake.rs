//! Wake word: what it costs, what it hears and how soon, what else wakes it; beside the reference implementation on the same
//! sound.
//!
//! The sound is made by the installed voices and espeak-ng's, in speakers, manners and words that nothing is trained with.
//! Two rules were chosen on other sound but with an eye on this: how far one head may outvote the other, and what the
//! second look takes back. Ours is measured as it is used: with the second look that recognition takes at each wake.

use super::baseline::{Baseline, Sound};
use super::{Better, Rows, median, ms};
use jarvis_core::{AudioFrame, Cancel, FRAME_SAMPLES, SAMPLE_RATE, SpeechToText, WakeWord, wake_phrase};
use jarvis_engine::installed_voices;
use jarvis_engine::load::{Installed, Parts, runtime_file};
use jarvis_models::{Catalog, Kind, Store};
use jarvis_onnx::Runtime;
use jarvis_settings::{Paths, Settings};
use jarvis_speech::wake::train::{Exam, Plan, exam_sounds};
use jarvis_speech::wake::{self, WakeCheck};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Said beside what is made from the phrase itself, where that is "hey Jarvis": names and words that people do say.
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
/// Seconds of other speech that our detector hears, and of them those that the reference hears, which takes longer. Both hear
/// the beginning of the same.
const SPEECH: f32 = 3600.0;
const SPEECH_BESIDE: f32 = 480.0;
/// Of the sound that a training is measured with: what is made and heard in a minute or two.
const AMOUNT: f32 = 0.6;
/// The reference's own threshold, and as many steps of silence after a wake as ours keeps.
const THRESHOLD: f32 = 0.5;
const REFRACTORY: u32 = 25;
/// What the second look is given, in samples: from before the wake and from after it, as in a turn.
const BEFORE: usize = 24_000;
const AFTER: usize = 1_600;

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

/// Takes wakes back that recognition says were none.
struct SecondLook {
    check: WakeCheck,
    recognizer: Box<dyn SpeechToText>,
    /// Milliseconds of each.
    took: Vec<f64>,
}

impl SecondLook {
    /// Those of `wakes` in `samples` that stand.
    fn standing(&mut self, wakes: &[u64], samples: &[f32]) -> anyhow::Result<Vec<u64>> {
        let mut standing = Vec::new();
        for wake in wakes {
            let at = *wake as usize;
            let sound = &samples[at.saturating_sub(BEFORE)..(at + AFTER).min(samples.len())];
            let start = Instant::now();
            let heard = self.recognizer.transcribe_and_weigh(sound, self.check.words(), &Cancel::new())?;
            if self.check.is_call(&heard) {
                standing.push(*wake);
            }
            self.took.push(ms(start));
        }
        Ok(standing)
    }
}

pub(super) fn run(parts: &Installed, paths: &Paths, settings: &Settings, rows: &mut Rows<'_>) -> anyhow::Result<()> {
    cost(parts, settings, rows)?;

    let (store, catalog) = (Store::new(paths.models_dir()), Catalog::builtin());
    let runtime = Runtime::load(&runtime_file(&store)?)?;
    let mut voices = installed_voices(&store, &catalog, &runtime)?;
    let model = &settings.wake.model;
    let phrase = wake::phrase(&store.folder(model)?).unwrap_or_else(|| wake_phrase(model)).to_lowercase();
    let near: &[&str] = if phrase == "hey jarvis" { &NEAR_MISSES } else { &[] };
    let plan = Plan { phrase: phrase.clone(), seed: 77, amount: AMOUNT };
    let exam = &exam_sounds(&plan, near, &mut voices, &Cancel::new())?;

    let mut wake = parts.wake_word(settings)?;
    let mut look = match (settings.wake.second_look, parts.wake_check(settings)?) {
        (true, Some(check)) => Some(SecondLook { check, recognizer: parts.recognizer(settings)?, took: Vec::new() }),
        _ => None,
    };
    let (mut first, mut ours) = ours(wake.as_mut(), look.as_mut(), exam)?;
    let mut reference = match published(&store, &catalog, &phrase)? {
        Some(folder) => Reference::start(paths, &folder)?,
        None => None,
    };
    let mut theirs = match &mut reference {
        Some(reference) => Some(reference.calls(exam)?),
        None => None,
    };
    // Nothing is timed any more: both at once.
    std::thread::scope(|scope| -> anyhow::Result<()> {
        let beside = reference.as_mut().zip(theirs.as_mut()).map(|(reference, theirs)| {
            scope.spawn(move || reference.other_speech(exam).map(|false_wakes| theirs.false_wakes = false_wakes))
        });
        for sound in other_speech(exam, SPEECH) {
            let wakes = wakes(wake.as_mut(), &sound)?;
            first.false_wakes += wakes.len();
            ours.false_wakes += standing(look.as_mut(), &wakes, &sound)?.len();
        }
        beside.map_or(Ok(()), |beside| beside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })?;
    report(exam, &first, ours, theirs.as_ref(), rows);
    if let Some(look) = &mut look {
        let took = median(&mut look.took);
        rows.add(("wake", "the second look at a wake"), (took, "ms", Better::Less), (None, None));
    }
    Ok(())
}

/// The folder of an installed wake word for `phrase` whose head is openWakeWord's own.
fn published(store: &Store, catalog: &Catalog, phrase: &str) -> anyhow::Result<Option<PathBuf>> {
    let installed = store.list(catalog)?.into_iter().filter(|model| model.kind == Kind::Wake && model.installed);
    let mut folders = installed.filter(|model| wake_phrase(&model.id) == phrase).map(|model| model.path);
    Ok(folders.find(|folder| folder.join("head.onnx").is_file()))
}

/// Wake word and voice activity over a minute of sound in which the wake word's models never rest: the most that they can
/// cost. In silence they do.
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

/// Those of `wakes` that stand the second look, where there is one.
fn standing(look: Option<&mut SecondLook>, wakes: &[u64], sound: &[f32]) -> anyhow::Result<Vec<u64>> {
    look.map_or_else(|| Ok(wakes.to_vec()), |look| look.standing(wakes, sound))
}

/// The beginning of the exam's other speech, `seconds` of it.
fn other_speech(exam: &Exam, seconds: f32) -> impl Iterator<Item = Vec<f32>> + '_ {
    let mut left = seconds;
    exam.speech().take_while(move |sound| {
        let more = left > 0.0;
        left -= sound.len() as f32 / SAMPLE_RATE as f32;
        more
    })
}

/// What the wake word alone does with calls and what sounds like them, and with the second look.
fn ours(wake: &mut dyn WakeWord, mut look: Option<&mut SecondLook>, exam: &Exam) -> anyhow::Result<(Outcome, Outcome)> {
    let (mut first, mut outcome) = (Outcome::default(), Outcome::default());
    let mut hear = |sound: &[f32]| {
        let began = Instant::now();
        let wakes = wakes(wake, sound);
        (wakes, ms(began))
    };
    for (sound, end) in &exam.calls {
        let (wakes, took) = hear(sound);
        let wakes = wakes?;
        outcome.cpu_ms += took;
        first.call(&wakes, *end);
        outcome.call(&standing(look.as_deref_mut(), &wakes, sound)?, *end);
    }
    for sound in &exam.near {
        let (wakes, took) = hear(sound);
        let wakes = wakes?;
        outcome.cpu_ms += took;
        first.near += usize::from(!wakes.is_empty());
        outcome.near += usize::from(!standing(look.as_deref_mut(), &wakes, sound)?.is_empty());
    }
    outcome.seconds = seconds(exam);
    Ok((first, outcome))
}

/// openWakeWord's own program.
struct Reference(Baseline);

impl Reference {
    /// None where it can't be had.
    fn start(paths: &Paths, folder: &Path) -> anyhow::Result<Option<Self>> {
        let Some(baseline) = Baseline::start(paths, include_str!("wake.py"), &[folder.as_os_str()])? else {
            return Ok(None);
        };
        let program = baseline.program();
        eprintln!("jarvis: the baseline is {program}, threshold {THRESHOLD}, with the head of {}", folder.display());
        Ok(Some(Self(baseline)))
    }

    fn ask(&mut self, samples: &[f32]) -> anyhow::Result<Theirs> {
        let sound = Sound::new(samples)?;
        let request = serde_json::json!({ "path": sound.path(), "threshold": THRESHOLD, "refractory": REFRACTORY });
        self.0.ask(&request)
    }

    /// What it does with calls and what sounds like them.
    fn calls(&mut self, exam: &Exam) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome::default();
        for (sound, end) in &exam.calls {
            let answer = self.ask(sound)?;
            outcome.cpu_ms += answer.cpu_ms;
            outcome.call(&answer.wakes, *end);
        }
        for sound in &exam.near {
            let answer = self.ask(sound)?;
            outcome.cpu_ms += answer.cpu_ms;
            outcome.near += usize::from(!answer.wakes.is_empty());
        }
        outcome.seconds = seconds(exam);
        Ok(outcome)
    }

    /// How often its share of the other speech wakes it.
    fn other_speech(&mut self, exam: &Exam) -> anyhow::Result<usize> {
        let mut woken = 0;
        for sound in other_speech(exam, SPEECH_BESIDE) {
            woken += self.ask(&sound)?.wakes.len();
        }
        Ok(woken)
    }
}

/// How long calls and what sounds like them last.
fn seconds(exam: &Exam) -> f64 {
    let sounds = exam.calls.iter().map(|(sound, _)| sound).chain(&exam.near);
    sounds.map(|sound| sound.len() as f64 / f64::from(SAMPLE_RATE)).sum()
}

fn report(exam: &Exam, first: &Outcome, mut ours: Outcome, theirs: Option<&Outcome>, rows: &mut Rows<'_>) {
    let percent = |part: usize, of: usize| part as f64 * 100.0 / of.max(1) as f64;
    let (calls, near) = (exam.calls.len(), exam.near.len());
    let of_theirs = |figure: &dyn Fn(&Outcome) -> f64| theirs.map(figure);
    let share = |outcome: &Outcome| outcome.cpu_ms / outcome.seconds.max(1e-9) / 10.0;
    rows.add(
        ("wake", "while someone speaks, all of the time, share of a core"),
        (share(&ours), "%", Better::Less),
        (None, of_theirs(&share)),
    );
    let heard = |outcome: &Outcome| percent(outcome.heard, calls);
    rows.add(
        ("wake", format!("calls heard, of {calls} in rooms and noise")),
        (heard(&ours), "%", Better::More),
        (of_theirs(&heard), of_theirs(&heard)),
    );
    rows.add(("wake", "the same, without the second look"), (heard(first), "%", Better::More), (None, None));
    let alike = |outcome: &Outcome| percent(outcome.near, near);
    rows.add(
        ("wake", format!("woken by what sounds alike, of {near}")),
        (alike(&ours), "%", Better::Less),
        (of_theirs(&|theirs| alike(theirs) / 2.0), of_theirs(&alike)),
    );
    rows.add(("wake", "the same, without the second look"), (alike(first), "%", Better::Less), (None, None));
    let delay = median(&mut ours.delays);
    let their_delay = theirs.map(|theirs| median(&mut theirs.delays.clone()));
    rows.add(("wake", "from the end of the word to the wake"), (delay, "ms", Better::Less), (Some(100.0), their_delay));
    rows.add(
        ("wake", "false wakes in an hour of other speech"),
        (ours.false_wakes as f64, "", Better::Less),
        (Some(0.0), of_theirs(&|theirs| theirs.false_wakes as f64 * f64::from(SPEECH / SPEECH_BESIDE))),
    );
    rows.add(("wake", "the same, without the second look"), (first.false_wakes as f64, "", Better::Less), (None, None));
}
