//! Whole turns through the whole engine: a recording into the microphone at its own pace, the answer from the speaker.
//! Then, in less than the time that it takes, when users are taken to be done: after whole sentences, and at pauses inside
//! of others.
//!
//! Everything is measured from the last sample of the recording, not from where voice activity saw the end.

use super::{Better, Rows, median, p95, spoken};
use jarvis_assistant::{Mind, Router, phrases, skills};
use jarvis_core::{AssistantEvent, Cancel, Error, SpeechToText, SystemClock, TextToSpeech, Vad};
use jarvis_engine::load::{Installed, Loading, Parts};
use jarvis_engine::recorded::Room;
use jarvis_engine::trial::{self, Trial, with_pause};
use jarvis_engine::{Command, Engine, EngineHandle, EngineOptions, Subscription, resident_bytes};
use jarvis_settings::{Paths, Settings};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// How long a turn may take before it counts as hung.
const LIMIT: Duration = Duration::from_secs(60);
/// How long the idle engine is watched.
const IDLE: Duration = Duration::from_secs(10);
/// Fewer turns than these make no percentile; the quick ones are enough for one that means something.
const FEWEST: usize = 10;
const FEWEST_QUICK: usize = 20;
/// The pause inside of the sentences that have one, in seconds.
const PAUSE: f32 = 0.7;
/// A sample of the answer that is louder can be heard.
const AUDIBLE: f32 = 0.01;

/// Questions of one kind, with how many turns there are at least, and the most milliseconds that the first sound of an
/// answer may take, in the middle and for 95 of 100.
struct Kind {
    name: String,
    questions: Vec<Vec<f32>>,
    fewest: usize,
    most: (Option<f64>, Option<f64>),
}

/// What skills answer: the time, and sums that were not asked before, so that their answers lie in no cache.
fn skill_questions() -> Vec<String> {
    let seed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let sums =
        (0..10).map(|n| format!("What is {} plus {}?", 21 + (seed + 13 * n) % 70, 11 + (seed / 70 + 7 * n) % 80));
    let mut questions = vec!["What time is it?".to_owned(), "What day is it today?".to_owned()];
    questions.extend(sums);
    questions
}

const MODEL_QUESTIONS: [&str; 5] = [
    "Why is the sky blue?",
    "Tell me something about the sea.",
    "What is the capital of Italy?",
    "How do airplanes fly?",
    "What is a black hole?",
];

pub(super) fn run(
    parts: &Installed,
    paths: &Paths,
    settings: &Settings,
    runs: usize,
    recordings: &[Vec<f32>],
    rows: &mut Rows<'_>,
) -> anyhow::Result<()> {
    whole_turns(kinds(parts, settings, recordings)?, paths, settings, runs, rows)?;
    if recordings.is_empty() {
        ends(parts, settings, rows)?;
    }
    Ok(())
}

fn kinds(parts: &Installed, settings: &Settings, recordings: &[Vec<f32>]) -> anyhow::Result<Vec<Kind>> {
    if !recordings.is_empty() {
        let kind = |(number, samples): (usize, &Vec<f32>)| Kind {
            name: format!("recording {}", number + 1),
            questions: vec![samples.clone()],
            fewest: FEWEST,
            most: (None, None),
        };
        return Ok(recordings.iter().enumerate().map(kind).collect());
    }
    // Its memory is not the engine's: it goes before that starts.
    let mut voice = parts.voice(settings)?;
    let skill = skill_questions().iter().map(|text| spoken(&mut *voice, text)).collect::<Result<_, _>>()?;
    let model = MODEL_QUESTIONS.iter().map(|text| spoken(&mut *voice, text)).collect::<Result<_, _>>()?;
    // An engine that has just been installed makes these in its first idle minute; idle is what comes after that.
    for phrase in phrases::fixed() {
        voice.prepare(&phrase, &Cancel::new())?;
    }
    Ok(vec![
        Kind { name: "skill".into(), questions: skill, fewest: FEWEST_QUICK, most: (Some(350.0), Some(800.0)) },
        Kind { name: "language model".into(), questions: model, fewest: FEWEST, most: (Some(500.0), None) },
    ])
}

fn whole_turns(
    kinds: Vec<Kind>,
    paths: &Paths,
    settings: &Settings,
    runs: usize,
    rows: &mut Rows<'_>,
) -> anyhow::Result<()> {
    let room = Room::new();
    let options = EngineOptions { io: Arc::new(room.clone()), ..EngineOptions::default() };
    let before = resident_bytes();
    let start = Instant::now();
    let engine = Engine::start(settings.clone(), paths.clone(), options)?;
    let _end = End(engine.clone());
    let events = engine.subscribe();
    wait_ready(&engine, &events)?;
    rows.add(
        ("turn", "start to ready"),
        (start.elapsed().as_secs_f64() * 1000.0, "ms", Better::Less),
        (Some(2000.0), None),
    );
    let megabytes = |bytes: Option<u64>| bytes.map(|bytes| bytes as f64 / 1e6);
    if let Some(idle) = megabytes(resident_bytes()) {
        rows.add(
            ("turn", "memory, everything loaded, before the first turn"),
            (idle, "MB", Better::Less),
            (Some(526.0), None),
        );
    }
    let cpu = cpu_seconds();
    std::thread::sleep(IDLE);
    let share = (cpu_seconds() - cpu) / IDLE.as_secs_f64() * 100.0;
    rows.add(("turn", "idle with wake word, share of a core"), (share, "%", Better::Less), (Some(3.0), None));

    let mut words_shown = Vec::new();
    for Kind { name, questions, fewest, most } in kinds {
        let runs = runs.max(fewest);
        let mut stages: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        let mut order: Vec<String> = Vec::new();
        let mut first_sounds = Vec::new();
        for run in 0..runs {
            let turn = one_turn(&engine, &events, &room, &questions[run % questions.len()])?;
            first_sounds.push(turn.first_sound);
            if most.1.or(most.0).is_some_and(|most| turn.first_sound > most) {
                eprintln!("jarvis: {:.0} ms to the first sound after hearing \"{}\".", turn.first_sound, turn.heard);
            }
            words_shown.extend(turn.words_shown);
            for (stage, ms) in turn.stages {
                if !order.contains(&stage) {
                    order.push(stage.clone());
                }
                stages.entry(stage).or_default().push(ms);
            }
        }
        let (middle, late) = (median(&mut first_sounds), p95(&mut first_sounds));
        let metric = format!("{name}: end of speech to first sound");
        rows.add(("turn", metric.clone()), (middle, "ms", Better::Less), (most.0, None));
        rows.add(("turn", format!("{metric}, p95 of {runs}")), (late, "ms", Better::Less), (most.1, None));
        for stage in order.iter().filter(|stage| *stage != "end") {
            let value = stages.get_mut(stage).map_or(f64::NAN, |values| median(values));
            rows.add(("turn", format!("{name}: to {}", told(stage))), (value, "ms", Better::Less), (None, None));
        }
    }
    if !words_shown.is_empty() {
        let every = median(&mut words_shown);
        rows.add(("turn", "words shown while one speaks, every"), (every, "ms", Better::Less), (None, None));
    }
    if let (Some(after), Some(before)) = (megabytes(resident_bytes()), megabytes(before)) {
        rows.add(("turn", "memory after the turns"), (after, "MB", Better::Less), (Some(526.0), None));
        tracing::info!("{before:.0} MB before the engine was started");
    }
    Ok(())
}

/// What a stage of a turn is called in a row.
fn told(stage: &str) -> String {
    match stage {
        "pause" => "the pause being noticed".into(),
        "transcript" => "the words".into(),
        "speech_end" => "the decision that it is the end".into(),
        other => other.replace('_', " "),
    }
}

/// When users are taken to be done, by two speeds of the installed voice.
fn ends(parts: &Installed, settings: &Settings, rows: &mut Rows<'_>) -> anyhow::Result<()> {
    let mut voices = Vec::new();
    for rate in [0.9, 1.1] {
        let mut settings = settings.clone();
        settings.voice.rate = rate;
        voices.push(parts.voice(&settings)?);
    }
    let (mut vad, mut recognizer) = (parts.activity(settings)?, parts.recognizer(settings)?);
    recognizer.warm_up()?;
    let mut mind = Mind::new(Router::new(skills::all()), Arc::new(SystemClock), (&settings.mind).into());
    mind.set_model(parts.language_model(settings, &Loading::default())?);
    let silence_ms = settings.endpoint.silence_ms;
    let mut ear = Ear { voices, vad: &mut *vad, recognizer: &mut *recognizer, mind: &mut mind, silence_ms };

    let mut decided = Vec::new();
    let whole = trial::finished();
    for (number, sentence) in whole.iter().enumerate() {
        let said = spoken(&mut *ear.voices[number % 2], sentence)?;
        // A sentence that is taken for a part of one is decided late, and that counts, too.
        decided.extend(ear.hear(&said)?.map(|heard| heard.decided_ms));
    }
    let of = decided.len();
    let (middle, late) = (median(&mut decided), p95(&mut decided));
    rows.add(("turn", "decision after a whole sentence"), (middle, "ms", Better::Less), (Some(250.0), None));
    let metric = format!("decision after a whole sentence, p95 of {of}");
    rows.add(("turn", metric), (late, "ms", Better::Less), (None, None));

    let (mut cut, mut takes) = (0, 0);
    let sentences = trial::unfinished();
    for (number, (before_pause, after_pause)) in sentences.iter().enumerate() {
        let voice = &mut *ear.voices[number % 2];
        let (before, after) = (spoken(voice, &format!("{before_pause},"))?, spoken(voice, after_pause)?);
        match ear.hear(&with_pause(&before, PAUSE, &after))? {
            Some(heard) => {
                if heard.is_cut() {
                    cut += 1;
                    eprintln!("jarvis: \"{before_pause} ... {after_pause}\" was cut off: heard \"{}\".", heard.text);
                }
                takes += heard.takes;
            }
            None => cut += 1,
        }
    }
    let metric = format!("cut off at a pause of {PAUSE} s, of {}", sentences.len());
    rows.add(("turn", metric), (cut as f64, "", Better::Less), (Some(0.0), None));
    let recognized = f64::from(takes) / sentences.len() as f64;
    rows.add(("turn", "pauses recognized in such a sentence"), (recognized, "", Better::Less), (None, None));
    Ok(())
}

struct Ear<'a> {
    voices: Vec<Box<dyn TextToSpeech>>,
    vad: &'a mut dyn Vad,
    recognizer: &'a mut dyn SpeechToText,
    mind: &'a mut Mind,
    silence_ms: u32,
}

impl Ear<'_> {
    fn hear(&mut self, said: &[f32]) -> anyhow::Result<Option<trial::Heard>> {
        let Self { vad, recognizer, mind, silence_ms, .. } = self;
        let silence_ms = *silence_ms;
        Ok(Trial { vad: *vad, recognizer: *recognizer, mind, recognition: None, silence_ms }.hear(said)?)
    }
}

/// Ends the engine whichever way the bench ends.
struct End(EngineHandle);

impl Drop for End {
    fn drop(&mut self) {
        self.0.send(Command::Quit);
        self.0.wait();
    }
}

fn wait_ready(engine: &EngineHandle, events: &Subscription) -> anyhow::Result<()> {
    let deadline = Instant::now() + LIMIT;
    while !engine.status().ready {
        // Each event is a reason to look again.
        let _ = events.recv_timeout(Duration::from_millis(50));
        anyhow::ensure!(Instant::now() < deadline, hung("The engine is not ready"));
    }
    for model in engine.status().models.into_values() {
        if let Some(error) = model.error {
            return Err(error.into());
        }
    }
    Ok(())
}

fn hung(what: &str) -> Error {
    Error::new("bench.hung", format!("{what} after {} s.", LIMIT.as_secs()), "Run `jarvis doctor`.")
}

/// A turn, in milliseconds.
struct Timed {
    /// From the end of the recording to the first sound that can be heard.
    first_sound: f64,
    /// The words that were answered.
    heard: String,
    /// Reached since the end of speech, as voice activity saw it.
    stages: Vec<(String, f64)>,
    /// Between the words that were shown while the recording was heard.
    words_shown: Vec<f64>,
}

/// Asks, hears the answer begin, and has it end.
fn one_turn(engine: &EngineHandle, events: &Subscription, room: &Room, question: &[f32]) -> anyhow::Result<Timed> {
    while events.try_recv().is_ok() {}
    room.take_played();
    engine.send(Command::Start);
    room.say(&[0.0; 4_000]);
    room.say(question);
    let deadline = Instant::now() + LIMIT + Duration::from_secs_f32(question.len() as f32 / 16_000.0);
    let (mut failed, mut revoked) = (None, false);
    let mut heard = String::new();
    let mut shown = Vec::new();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let record = events.recv_timeout(left);
        match record.map(|record| (record.t_ms, record.event)) {
            Ok((_, AssistantEvent::Error { error })) => failed = Some(error),
            Ok((_, AssistantEvent::Transcript { text })) => heard = text,
            Ok((at, AssistantEvent::Partial { .. })) => shown.push(at),
            Ok((_, AssistantEvent::FirstAudio { .. })) => engine.send(Command::Cancel),
            // A question that was taken for whole and went on ends a turn, too; the next one has all of it.
            Ok((_, AssistantEvent::Revoked)) => revoked = true,
            Ok((_, AssistantEvent::TurnEnd { .. })) if std::mem::take(&mut revoked) => {}
            Ok((_, AssistantEvent::TurnEnd { timings_ms })) => {
                if let Some(error) = failed {
                    return Err(error.into());
                }
                let played = room.take_played().into_iter().find_map(|played| {
                    let clause = played.clauses.first()?;
                    let silent = clause.samples.iter().take_while(|sample| sample.abs() < AUDIBLE).count();
                    Some(played.began + Duration::from_secs_f64(silent as f64 / f64::from(clause.sample_rate)))
                });
                let (Some(sounded), Some(said)) = (played, room.said_at()) else {
                    return Err(no_answer(&heard).into());
                };
                let first_sound = sounded.saturating_duration_since(said).as_secs_f64() * 1000.0;
                let words_shown = shown.windows(2).map(|pair| pair[1] - pair[0]).collect();
                return Ok(Timed { first_sound, heard, stages: timings_ms, words_shown });
            }
            Ok(_) => {}
            Err(_) => return Err(hung("A turn is not over").into()),
        }
    }
}

fn no_answer(heard: &str) -> Error {
    Error::new(
        "bench.no_answer",
        format!("A question was not answered aloud after its end; what was heard is \"{heard}\"."),
        "Run `jarvis doctor`; with --file, give a recording that is clear.",
    )
}

/// Processor time of this process so far, user and system.
pub(super) fn cpu_seconds() -> f64 {
    // SAFETY: an all-zero `rusage` is a valid one, and getrusage only writes to it.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &raw mut usage);
        usage
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}
