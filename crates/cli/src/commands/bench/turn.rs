//! Whole turns through the whole engine: a recording into the microphone at its own pace, the answer from the speaker.

use super::{Better, Rows, median, spoken};
use jarvis_core::{AssistantEvent, Error};
use jarvis_engine::load::{Installed, Parts};
use jarvis_engine::recorded::Room;
use jarvis_engine::{Command, Engine, EngineHandle, EngineOptions, Subscription, resident_bytes};
use jarvis_settings::{Paths, Settings};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a turn may take before it counts as hung.
const LIMIT: Duration = Duration::from_secs(60);
/// How long the idle engine is watched.
const IDLE: Duration = Duration::from_secs(10);

/// What is asked, with the most milliseconds that its first sound may take.
const QUESTIONS: [(&str, &str, f64); 2] =
    [("skill", "What time is it?", 1500.0), ("language model", "Why is the sky blue?", 2500.0)];

pub(super) fn run(
    parts: &Installed,
    paths: &Paths,
    settings: &Settings,
    runs: usize,
    recordings: &[Vec<f32>],
    rows: &mut Rows<'_>,
) -> anyhow::Result<()> {
    let mut questions = Vec::new();
    if recordings.is_empty() {
        let mut voice = parts.voice(settings)?;
        for (name, text, target) in QUESTIONS {
            questions.push((name.to_owned(), spoken(&mut *voice, text)?, Some(target)));
        }
        // Its memory is not the engine's.
        drop(voice);
    } else {
        for (number, samples) in recordings.iter().enumerate() {
            questions.push((format!("recording {}", number + 1), samples.clone(), None));
        }
    }

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

    for (name, samples, target) in questions {
        let mut stages: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        let mut order: Vec<String> = Vec::new();
        for _ in 0..runs {
            for (stage, ms) in one_turn(&engine, &events, &room, &samples)? {
                if !order.contains(&stage) {
                    order.push(stage.clone());
                }
                stages.entry(stage).or_default().push(ms);
            }
        }
        for stage in order.iter().filter(|stage| *stage != "end") {
            let values = stages.get_mut(stage).map_or(f64::NAN, |values| median(values));
            let target = target.filter(|_| stage == "first_audio");
            let metric = format!("{name}: end of speech to {}", stage.replace('_', " "));
            rows.add(("turn", metric), (values, "ms", Better::Less), (target, None));
        }
        // What the user's own pause costs is a setting; this is what the machine costs.
        let mut middle = |stage: &str| stages.get_mut(stage).map(|values| median(values));
        if let (Some(end), Some(first)) = (middle("speech_end"), middle("first_audio")) {
            let machine = first - end;
            rows.add(("turn", format!("{name}: of it, after the pause")), (machine, "ms", Better::Less), (None, None));
        }
    }
    if let (Some(after), Some(before)) = (megabytes(resident_bytes()), megabytes(before)) {
        rows.add(("turn", "memory after the turns"), (after, "MB", Better::Less), (Some(526.0), None));
        tracing::info!("{before:.0} MB before the engine was started");
    }
    Ok(())
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

/// Asks, hears the answer to its end, and gives back the stages of the turn.
fn one_turn(
    engine: &EngineHandle,
    events: &Subscription,
    room: &Room,
    question: &[f32],
) -> anyhow::Result<Vec<(String, f64)>> {
    while events.try_recv().is_ok() {}
    engine.send(Command::Start);
    room.say(&[0.0; 8_000]);
    room.say(question);
    let deadline = Instant::now() + LIMIT + Duration::from_secs_f32(question.len() as f32 / 16_000.0);
    let mut failed = None;
    let mut heard = String::new();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match events.recv_timeout(left).map(|record| record.event) {
            Ok(AssistantEvent::Error { error }) => failed = Some(error),
            Ok(AssistantEvent::Transcript { text }) => heard = text,
            Ok(AssistantEvent::TurnEnd { timings_ms }) => {
                if let Some(error) = failed {
                    return Err(error.into());
                }
                if !timings_ms.iter().any(|(stage, _)| stage == "first_audio") {
                    let error = Error::new(
                        "bench.no_answer",
                        format!("A question was not answered aloud; what was heard is \"{heard}\"."),
                        "Run `jarvis doctor`; with --file, give a recording that is clear.",
                    );
                    return Err(error.into());
                }
                return Ok(timings_ms);
            }
            Ok(_) => {}
            Err(_) => return Err(hung("A turn is not over").into()),
        }
    }
}

/// Processor time of this process so far, user and system.
fn cpu_seconds() -> f64 {
    // SAFETY: an all-zero `rusage` is a valid one, and getrusage only writes to it.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &raw mut usage);
        usage
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}
