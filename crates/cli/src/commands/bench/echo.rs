//! Hearing over one's own voice: how much of the answer the canceller takes out, what it costs, whether an answer interrupts
//! itself, and how soon a user who speaks over it makes it quieter (duck), and silent.
//!
//! The room is computed, so that every run hears the same; times are of sound and not of this machine. They count from the
//! first sample of the user that can be heard to the end of the frame that decides, and from there what the player and a
//! device's buffer still let out is added. `tests/barge_in.rs` says what comes out of a sound server.

use super::{Better, Rows, median, p95, spoken};
use jarvis_audio::echo::{EchoRoom, RoomOptions, Source, decibels};
use jarvis_audio::{PLAYED_SAMPLES, Played};
use jarvis_core::{AudioFrame, FRAME_SAMPLES, SAMPLE_RATE, Vad};
use jarvis_engine::echo::{Echo, Guard};
use jarvis_engine::load::Parts;
use jarvis_settings::Settings;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// A long answer.
const ANSWER: &str = "Once upon a time there was a dragon who lived on a high mountain above the clouds. Every morning he \
                      flew over the valley and looked for gold, and every evening he came home with nothing but the smell \
                      of wild flowers. One day a little girl climbed up the mountain and asked him why he was so sad. The \
                      dragon did not know what to say, so he told her about the valley, the clouds and the long evenings.";
/// What is said over it.
const INTERRUPTIONS: [&str; 5] =
    ["Stop.", "Stop talking.", "What time is it?", "Be quiet, please.", "Hey Jarvis, set a timer."];
/// When, in seconds of the answer.
const AT: [f32; 3] = [1.3, 4.1, 8.6];
/// Levels of the echo against what is played, in decibels.
const LEVELS: [f32; 3] = [FIGURE, -10.0, 0.0];
/// Rooms in which answers are heard alone: echo level in decibels, delay in milliseconds, seed of the walls.
const ALONE: [(f32, u64, u32); 8] = [
    (-20.0, 40, 5),
    (-20.0, 65, 6),
    (-20.0, 120, 7),
    (-20.0, 200, 8),
    (-10.0, 40, 9),
    (-10.0, 120, 5),
    (0.0, 65, 6),
    (-30.0, 65, 7),
];
/// Level of the user's echo that the figure is for.
const FIGURE: f32 = -20.0;
/// What is heard after a decision: the player's fade of 8 ms and the device's two periods of 20 ms.
const LET_OUT: f64 = 48.0;
/// From a sample that the device takes to its return in a frame: its buffer, some air, the microphone's buffer.
const DELAY_MS: u64 = 65;
/// What the device says of its buffer.
const LATENCY: Duration = Duration::from_millis(40);

pub(super) fn run(parts: &dyn Parts, settings: &Settings, rows: &mut Rows<'_>) -> anyhow::Result<()> {
    let mut voice = parts.voice(settings)?;
    let answer = spoken(&mut *voice, ANSWER)?;
    let interruptions =
        INTERRUPTIONS.iter().map(|text| spoken(&mut *voice, text)).collect::<anyhow::Result<Vec<_>>>()?;
    drop(voice);
    let mut activity = parts.activity(settings)?;
    let (mut cost, mut seconds, mut interruptions_alone) = (Duration::ZERO, 0.0, 0);
    for (level, delay, seed) in ALONE {
        let alone = listen(&answer, None, &room(level, delay), seed, &mut *activity)?;
        cost += alone.cost;
        seconds += answer.len() as f64 / f64::from(SAMPLE_RATE);
        interruptions_alone += alone.sustained.len();
        if level == FIGURE && delay == DELAY_MS {
            for (when, span) in
                [("first second", 0..SAMPLE_RATE as usize), ("later", 2 * SAMPLE_RATE as usize..answer.len())]
            {
                let lowered = decibels(&alone.raw[span.clone()]) - decibels(&alone.clean[span]);
                let metric = format!("echo of {level:.0} dB lowered (ERLE), {when}");
                rows.add(("echo", metric), (f64::from(lowered), "dB", Better::More), (None, None));
            }
        }
    }
    let metric = format!("answers that interrupt themselves, in {:.1} minutes", seconds / 60.0);
    rows.add(("echo", metric), (interruptions_alone as f64, "", Better::Less), (Some(0.0), None));
    for level in LEVELS {
        let (mut ducked, mut silenced, mut missed) = (Vec::new(), Vec::new(), 0);
        for interruption in &interruptions {
            for at in AT {
                let begin = (at * SAMPLE_RATE as f32) as usize;
                let said = Some((begin, interruption));
                let heard = listen(&answer, said, &room(level, DELAY_MS), 5, &mut *activity)?;
                let after = |times: &[usize]| times.iter().copied().find(|end| *end > begin).map(|end| ms(end - begin));
                ducked.extend(after(&heard.signs).map(|ms| ms + LET_OUT));
                match after(&heard.sustained) {
                    Some(ms) if ms < interruption.len() as f64 / 16.0 + 200.0 => silenced.push(ms + LET_OUT),
                    _ => missed += 1,
                }
            }
        }
        let most = (level == FIGURE).then_some(200.0);
        let mut row = |what: &str, value: f64, target: Option<f64>| {
            let metric = format!("user over an echo of {level:.0} dB to {what}");
            rows.add(("echo", metric), (value, "ms", Better::Less), (target, None));
        };
        row("a quieter answer", median(&mut ducked), None);
        row("silence", median(&mut silenced), most);
        row("silence, 95 %", p95(&mut silenced), None);
        let metric = format!("user over an echo of {level:.0} dB, of {} missed", INTERRUPTIONS.len() * AT.len());
        rows.add(("echo", metric), (f64::from(missed), "", Better::Less), (Some(0.0), None));
    }
    let share = cost.as_secs_f64() / seconds * 100.0;
    rows.add(("echo", "cancelling while it speaks, share of a core"), (share, "%", Better::Less), (Some(5.0), None));
    Ok(())
}

/// A room with reverberation in which the microphone's clock runs a little fast.
fn room(level_db: f32, delay_ms: u64) -> RoomOptions {
    let (delay, reverberation) = (Duration::from_millis(delay_ms), Duration::from_millis(200));
    RoomOptions { delay, level_db, reverberation, drift_ppm: 30.0 }
}

fn ms(samples: usize) -> f64 {
    samples as f64 * 1000.0 / f64::from(SAMPLE_RATE)
}

/// What came of a listening.
struct Listened {
    raw: Vec<f32>,
    clean: Vec<f32>,
    /// Ends of the frames, in samples, in which a sign, and in which sustained speech began.
    signs: Vec<usize>,
    sustained: Vec<usize>,
    /// Time for cancelling.
    cost: Duration,
}

/// Hears `answer` played in a room, with `said` over it from a sample on.
fn listen(
    answer: &[f32],
    said: Option<(usize, &Vec<f32>)>,
    room: &RoomOptions,
    seed: u32,
    activity: &mut dyn Vad,
) -> anyhow::Result<Listened> {
    let mut room = EchoRoom::new(*room, seed);
    let start = Instant::now();
    let ((taps, tapped), (blocks, handed)) = (mpsc::channel(), mpsc::channel());
    // The other end is here.
    let _ = taps.send(Box::new(Handed(handed)) as Box<dyn Source>);
    let (mut echo, mut guard) = (Echo::new(tapped), Guard::default());
    activity.reset();
    guard.begin();
    let (mut raw, mut clean) = (Vec::with_capacity(answer.len()), Vec::with_capacity(answer.len()));
    let (mut signs, mut sustained, mut cost) = (Vec::new(), Vec::new(), Duration::ZERO);
    let mut before = (false, false);
    for (index, played) in answer.chunks_exact(FRAME_SAMPLES).enumerate() {
        let mut frame = AudioFrame::silence(index as u64);
        frame.samples.copy_from_slice(&room.play(played));
        let (begin, end) = (index * FRAME_SAMPLES, (index + 1) * FRAME_SAMPLES);
        play(played, begin, start, &blocks)?;
        if let Some((at, said)) = said {
            for (n, sample) in frame.samples.iter_mut().enumerate() {
                let said = (begin + n).checked_sub(at).and_then(|n| said.get(n));
                *sample = (*sample + said.copied().unwrap_or(0.0)).clamp(-1.0, 1.0);
            }
        }
        let now = start + Duration::from_secs_f64(ms(end) / 1000.0);
        let began = Instant::now();
        let heard = echo.process(&frame, now);
        cost += began.elapsed();
        let probability = activity.process(&heard.voice)?;
        let verdict = guard.on_frame(frame.rms(), &heard, probability);
        if verdict.sign && !before.0 {
            signs.push(end);
        }
        if verdict.sustained && !before.1 {
            sustained.push(end);
        }
        before = (verdict.sign, verdict.sustained);
        raw.extend(frame.samples);
        clean.extend(heard.voice.samples);
    }
    raw.resize(answer.len(), 0.0);
    clean.resize(answer.len(), 0.0);
    Ok(Listened { raw, clean, signs, sustained, cost })
}

/// The speaker's tap.
struct Handed(mpsc::Receiver<Played>);

impl Source for Handed {
    fn next(&mut self) -> Option<Played> {
        self.0.try_recv().ok()
    }
}

/// Hands over what the device takes, from sample number `first` on.
fn play(samples: &[f32], first: usize, start: Instant, blocks: &mpsc::Sender<Played>) -> anyhow::Result<()> {
    for (number, samples) in samples.chunks_exact(PLAYED_SAMPLES).enumerate() {
        let first = first + number * PLAYED_SAMPLES;
        let heard_at = start + LATENCY + Duration::from_secs_f64(ms(first) / 1000.0);
        blocks.send(Played { first: first as u64, rate: SAMPLE_RATE, heard_at, samples: samples.try_into()? })?;
    }
    Ok(())
}
