//! Hearing over one's own voice: how much of the answer the canceller takes out, what it costs, whether an answer interrupts
//! itself, and how soon a user who speaks over it makes it quieter (duck), and silent.
//!
//! Silence is silence: the player has stopped in the middle of the word, faded out, and what the device still held has been
//! heard. An answer that is merely quieter has a row of its own and does not count. Times begin with the first sample of the
//! user that can be heard (-40 dB), at a random place of the answer, and are of sound and not of this machine: to the end of
//! the microphone's frame that decides, and then [`LET_OUT`], the most that fade and device let out. The rooms are
//! computed, so that every run hears the same. `tests/barge_in.rs` says what comes out of a sound server.
//!
//! The thresholds were chosen with another answer, in other rooms and, but for the installed one, by other voices.

mod voices;

use super::{Better, Rows, median, p95};
use jarvis_audio::echo::{EchoRoom, RoomOptions, Source};
use jarvis_audio::{PLAYED_SAMPLES, Played};
use jarvis_core::{AudioFrame, FRAME_SAMPLES, SAMPLE_RATE, Vad, decibels, rms};
use jarvis_engine::echo::Echo;
use jarvis_engine::load::Parts;
use jarvis_settings::{Paths, Settings};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Rooms that are spoken in: delay in milliseconds, reverberation in milliseconds, seed of the walls.
const ROOMS: [(u64, u64, u32); 4] = [(65, 200, 5), (40, 120, 6), (120, 300, 7), (200, 250, 8)];
/// Levels of the echo against what is played, in decibels.
const LEVELS: [f32; 4] = [FIGURE, -10.0, 0.0, HEADPHONES];
/// Level of the user's echo that the figure is for, and with how many places of the answer for each user.
const FIGURE: f32 = -20.0;
const PLACES: usize = 2;
/// Of which nothing is heard.
const HEADPHONES: f32 = -100.0;
/// Where an interruption may begin: after that many samples, and before the answer's last ones.
const FIRST: usize = 16_000;
const LAST: usize = 2 * 16_000;
/// Where one begins that the canceller is not ready for, in samples of the first answer.
const UNREADY: (usize, usize) = (7_000, 14_000);
/// Longest answer that is interrupted.
const LONGEST: usize = 14 * 16_000;
/// What is heard after a decision: the player's fade of 8 ms and the device's two periods of 20 ms.
const LET_OUT: f64 = 48.0;
/// A quiet room's noise: the largest sample.
const NOISE: f32 = 4e-4;
/// What the device says of its buffer.
const LATENCY: Duration = Duration::from_millis(40);
/// Probability of speech from which on a row says that voice activity has noticed it.
const SPEECH: f32 = 0.4;

pub(super) fn run(parts: &dyn Parts, paths: &Paths, settings: &Settings, rows: &mut Rows<'_>) -> anyhow::Result<()> {
    let mut voice = parts.voice(settings)?;
    let (answers, users) = (voices::answers(&mut *voice)?, voices::users(&mut *voice, paths)?);
    drop(voice);
    let mut activity = parts.activity(settings)?;
    alone(&answers, &mut *activity, rows)?;
    let mut dice = Dice(1);
    for level in LEVELS {
        let mut times = Times::default();
        for _ in 0..if level == FIGURE { PLACES } else { 1 } {
            for said in &users {
                let answer: &Vec<f32> = dice.of(&answers);
                let at = dice.between(FIRST, answer.len().min(LONGEST) - LAST);
                times.interrupt(answer, (at, said), &room(level, dice.of(&ROOMS)), &mut *activity)?;
            }
        }
        times.tell(level, rows);
    }
    let mut first = Times::default();
    for said in &users {
        let at = dice.between(UNREADY.0, UNREADY.1);
        let answer: &Vec<f32> = dice.of(&answers);
        first.interrupt(answer, (at, said), &room(FIGURE, dice.of(&ROOMS)), &mut *activity)?;
    }
    let metric = "user over the very first second to silence";
    rows.add(("echo", metric), (median(&mut first.silent), "ms", Better::Less), (None, None));
    let metric = format!("user over the very first second, of {} missed", first.all);
    rows.add(("echo", metric), (f64::from(first.missed), "", Better::Less), (None, None));
    Ok(())
}

/// Answers that nobody interrupts, in every room at every level.
fn alone(answers: &[Vec<f32>], activity: &mut dyn Vad, rows: &mut Rows<'_>) -> anyhow::Result<()> {
    let (mut cost, mut seconds, mut holds, mut ducks) = (Duration::ZERO, 0.0, 0, 0);
    for (number, answer) in answers.iter().enumerate() {
        for (walls, at) in ROOMS.iter().zip(0..) {
            let level = [FIGURE, -10.0, -30.0, 0.0][(number + at) % 4];
            let alone = listen(answer, None, &room(level, walls), activity)?;
            cost += alone.cost;
            seconds += answer.len() as f64 / f64::from(SAMPLE_RATE);
            holds += alone.sustained.len();
            ducks += alone.signs.len();
            if number == 0 && level == FIGURE {
                for (when, span) in
                    [("first second", 0..SAMPLE_RATE as usize), ("later", 2 * SAMPLE_RATE as usize..answer.len())]
                {
                    let lowered = decibels(rms(&alone.raw[span.clone()])) - decibels(rms(&alone.suppressed[span]));
                    let metric = format!("echo of {level:.0} dB lowered (ERLE), {when}");
                    rows.add(("echo", metric), (f64::from(lowered), "dB", Better::More), (None, None));
                }
            }
        }
    }
    let metric = format!("answers that interrupt themselves, in {:.1} minutes", seconds / 60.0);
    rows.add(("echo", metric), (holds as f64, "", Better::Less), (Some(0.0), None));
    let metric = format!("answers quieter for nobody, in {:.1} minutes", seconds / 60.0);
    rows.add(("echo", metric), (ducks as f64, "", Better::Less), (None, None));
    let share = cost.as_secs_f64() / seconds * 100.0;
    rows.add(("echo", "cancelling while it speaks, share of a core"), (share, "%", Better::Less), (Some(5.0), None));
    Ok(())
}

/// What came of interruptions, in milliseconds since the user's first sound.
#[derive(Default)]
struct Times {
    /// To the end of the frame that is louder than the echo can be, and to that of one with speech in it.
    louder: Vec<f64>,
    speech: Vec<f64>,
    quieter: Vec<f64>,
    silent: Vec<f64>,
    missed: u32,
    all: usize,
}

impl Times {
    fn interrupt(
        &mut self,
        answer: &[f32],
        (begin, said): (usize, &Vec<f32>),
        room: &(RoomOptions, u32),
        activity: &mut dyn Vad,
    ) -> anyhow::Result<()> {
        let end = (begin + said.len() + SAMPLE_RATE as usize / 2).min(answer.len());
        let heard = listen(&answer[..end], Some((begin, said)), room, activity)?;
        let after = |times: &[usize]| times.iter().copied().find(|end| *end > begin).map(|end| ms(end - begin));
        self.all += 1;
        match after(&heard.sustained) {
            Some(ms) if ms < said.len() as f64 / 16.0 + 200.0 => self.silent.push(ms + LET_OUT),
            _ => self.missed += 1,
        }
        self.quieter.extend(after(&heard.signs).map(|ms| ms + LET_OUT));
        self.louder.extend(after(&heard.louder));
        self.speech.extend(after(&heard.speech));
        Ok(())
    }

    fn tell(&mut self, level: f32, rows: &mut Rows<'_>) {
        let figure = level == FIGURE;
        let over = if level == HEADPHONES { "no echo".into() } else { format!("an echo of {level:.0} dB") };
        let mut row = |what: &str, value: f64, target: Option<f64>| {
            let metric = format!("user over {over} to {what}");
            rows.add(("echo", metric), (value, "ms", Better::Less), (target, None));
        };
        if figure {
            row("a frame that is louder than the echo", median(&mut self.louder), None);
            row("a frame with speech in it", median(&mut self.speech), None);
        }
        row("a quieter answer", median(&mut self.quieter), None);
        row("silence", median(&mut self.silent), figure.then_some(200.0));
        row("silence, 95 %", p95(&mut self.silent), figure.then_some(200.0));
        let metric = format!("user over {over}, of {} missed", self.all);
        rows.add(("echo", metric), (f64::from(self.missed), "", Better::Less), (figure.then_some(0.0), None));
    }
}

/// Chance that is the same in every run.
struct Dice(u32);

impl Dice {
    fn between(&mut self, first: usize, last: usize) -> usize {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        first + (self.0 >> 8) as usize % (last - first).max(1)
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.between(0, all.len())]
    }
}

/// A room in which the microphone's clock runs a little fast, and the seed of its walls.
fn room(level_db: f32, (delay, reverberation, seed): &(u64, u64, u32)) -> (RoomOptions, u32) {
    let (delay, reverberation) = (Duration::from_millis(*delay), Duration::from_millis(*reverberation));
    (RoomOptions { delay, level_db, reverberation, drift_ppm: 30.0 }, *seed)
}

fn ms(samples: usize) -> f64 {
    samples as f64 * 1000.0 / f64::from(SAMPLE_RATE)
}

/// What came of a listening.
struct Listened {
    raw: Vec<f32>,
    suppressed: Vec<f32>,
    /// Ends of the frames, in samples, in which something louder than the echo, speech in it, a sign of it, and sustained
    /// speech began.
    louder: Vec<usize>,
    speech: Vec<usize>,
    signs: Vec<usize>,
    sustained: Vec<usize>,
    /// Time for cancelling.
    cost: Duration,
}

/// Hears `answer` played in a room with a little noise, with `said` over it from a sample on.
fn listen(
    answer: &[f32],
    said: Option<(usize, &Vec<f32>)>,
    (room, seed): &(RoomOptions, u32),
    activity: &mut dyn Vad,
) -> anyhow::Result<Listened> {
    let (mut room, mut noise) = (EchoRoom::new(*room, *seed), Dice(*seed));
    let start = Instant::now();
    let ((taps, tapped), (blocks, handed)) = (mpsc::channel(), mpsc::channel());
    // The other end is here.
    let _ = taps.send(Box::new(Handed(handed)) as Box<dyn Source>);
    let mut echo = Echo::new(tapped);
    activity.reset();
    echo.begin();
    let mut heard = Listened {
        raw: Vec::with_capacity(answer.len()),
        suppressed: Vec::with_capacity(answer.len()),
        louder: Vec::new(),
        speech: Vec::new(),
        signs: Vec::new(),
        sustained: Vec::new(),
        cost: Duration::ZERO,
    };
    let mut before = [false; 4];
    for (index, played) in answer.chunks_exact(FRAME_SAMPLES).enumerate() {
        let mut frame = AudioFrame::silence(index as u64);
        frame.samples.copy_from_slice(&room.play(played));
        let (begin, end) = (index * FRAME_SAMPLES, (index + 1) * FRAME_SAMPLES);
        play(played, begin, start, &blocks)?;
        for (n, sample) in frame.samples.iter_mut().enumerate() {
            let said = said.and_then(|(at, said)| (begin + n).checked_sub(at).and_then(|n| said.get(n)));
            *sample += said.copied().unwrap_or(0.0) + NOISE * (noise.between(0, 2_000) as f32 / 1_000.0 - 1.0);
            *sample = sample.clamp(-1.0, 1.0);
        }
        let now = start + Duration::from_secs_f64(ms(end) / 1000.0);
        let began = Instant::now();
        let clean = echo.process(&frame, now);
        heard.cost += began.elapsed();
        let probability = activity.process(&clean.voice)?;
        let verdict = echo.judge(probability);
        let is = [verdict.louder, verdict.louder && probability >= SPEECH, verdict.sign, verdict.sustained];
        let begun = [&mut heard.louder, &mut heard.speech, &mut heard.signs, &mut heard.sustained];
        for ((begun, is), before) in begun.into_iter().zip(is).zip(before) {
            if is && !before {
                begun.push(end);
            }
        }
        before = is;
        heard.raw.extend(frame.samples);
        heard.suppressed.extend(clean.voice.samples);
    }
    heard.raw.resize(answer.len(), 0.0);
    heard.suppressed.resize(answer.len(), 0.0);
    Ok(heard)
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
