//! `jarvis bench`: how fast Jarvis is on this machine, a row per figure.
//!
//! Owns the rows and what they are held against: the project's own targets, and other programs on the same input in the
//! same run, where they are installed. Never measures anything but what a user would wait for: installed models behind
//! the same seams that the engine uses.

mod baseline;
mod echo;
mod effects;
mod graphics;
#[cfg(feature = "llama-cpp")]
mod llama_cpp;
mod llm;
mod mind;
mod page_cache;
mod recordings;
mod sounds;
mod stt;
mod tts;
mod turn;
mod vision;
mod wake;

use crate::output::Output;
use jarvis_engine::load::{Installed, Loading, Parts};
use jarvis_settings::{Paths, Settings};
use serde::Serialize;
use std::path::PathBuf;
use std::time::Instant;

/// What can be said to `jarvis bench`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to measure.
    #[arg(value_enum, default_value_t = What::All)]
    what: What,
    /// How often; the row says the median.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000), value_name = "N")]
    runs: u32,
    /// A recording of a question to play in place of the built-in ones (`turn` and `stt`); can be repeated.
    #[arg(long, value_name = "FILE.wav")]
    file: Vec<PathBuf>,
    /// An installed model's ID, or the path of a GGUF file (`llm` and `mind`); the settings' model if not given.
    #[arg(long, value_name = "ID|PATH")]
    model: Option<String>,
    #[command(flatten)]
    mind: mind::Options,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// Whole turns, from the end of speech to the first sound.
    Turn,
    /// The language model.
    Llm,
    /// How good its answers are.
    Mind,
    /// Speech recognition.
    Stt,
    /// Speech synthesis.
    Tts,
    /// Effects on the voice.
    Effects,
    /// Wake word and voice activity.
    Wake,
    /// Echo cancelling and speaking over an answer.
    Echo,
    /// Looking at the screen.
    Vision,
    /// All of it.
    All,
}

/// A figure.
#[derive(Debug, Clone, Serialize)]
struct Row {
    bench: &'static str,
    metric: String,
    value: f64,
    unit: &'static str,
    /// What it should be.
    target: Option<f64>,
    /// What another program took for the same in this run.
    baseline: Option<f64>,
    /// How many times better than the baseline, or else than the target: above 1 is good.
    ratio: Option<f64>,
}

/// Whether a figure should be small or large.
#[derive(Debug, Clone, Copy)]
enum Better {
    Less,
    More,
}

/// Prints rows, with their heading before the first.
struct Rows<'a> {
    output: &'a Output,
    any: bool,
}

impl Rows<'_> {
    fn add(
        &mut self,
        (bench, metric): (&'static str, impl Into<String>),
        (value, unit, better): (f64, &'static str, Better),
        (target, baseline): (Option<f64>, Option<f64>),
    ) {
        let ratio = baseline.or(target).filter(|_| value > 0.0).map(|against| match better {
            Better::Less => against / value,
            Better::More => value / against,
        });
        let round = |value: f64| (value * 1000.0).round() / 1000.0;
        let row =
            Row { bench, metric: metric.into(), value: round(value), unit, target, baseline, ratio: ratio.map(round) };
        if !self.output.is_json() && !std::mem::replace(&mut self.any, true) {
            self.output.result(&(), || {
                format!(
                    "{:<6} {:<44} {:>10} {:<6} {:>8} {:>9} {:>6}",
                    "bench", "metric", "value", "unit", "target", "baseline", "ratio"
                )
            });
        }
        self.output.result(&row, || {
            let number = |value: Option<f64>| value.map_or("-".into(), |value| format!("{value:.0}"));
            format!(
                "{:<6} {:<44} {:>10.1} {:<6} {:>8} {:>9} {:>6}",
                row.bench,
                row.metric,
                row.value,
                row.unit,
                number(row.target),
                number(row.baseline),
                row.ratio.map_or("-".into(), |ratio| format!("{ratio:.2}")),
            )
        });
    }
}

/// Runs the command.
pub fn run(args: Args, output: &Output) -> anyhow::Result<()> {
    let paths = Paths::discover()?;
    let mut settings = Settings::load(&paths)?;
    if let Some(model) = &args.model {
        settings.mind.model.clone_from(model);
    }
    let parts = Installed::new(&paths);
    let runs = args.runs as usize;
    let wanted = |what| args.what == what || args.what == What::All;
    let questions = args.file.iter().map(jarvis_audio::wav::read).collect::<Result<Vec<_>, _>>()?;
    let mut rows = Rows { output, any: false };
    if wanted(What::Wake) {
        wake::run(&parts, &paths, &settings, &mut rows)?;
    }
    if wanted(What::Echo) {
        echo::run(&parts, &paths, &settings, &mut rows)?;
    }
    if wanted(What::Stt) {
        stt::stt(&parts, &paths, &settings, runs, &questions, &mut rows)?;
    }
    if wanted(What::Tts) {
        tts::tts(&paths, &settings, runs, &mut rows)?;
    }
    if wanted(What::Effects) {
        effects::effects(&parts, &settings, runs, &mut rows)?;
    }
    if wanted(What::Vision) {
        vision::run(&parts, &paths, &settings, runs, &mut rows)?;
    }
    if wanted(What::Llm) {
        llm::llm(&parts, &settings, &paths, runs, &mut rows)?;
    }
    if wanted(What::Mind) {
        mind::run(parts.language_model(&settings, &Loading::default())?, &settings.mind, &args.mind, &mut rows)?;
    }
    if wanted(What::Turn) {
        turn::run(&parts, &paths, &settings, runs, &questions, &mut rows)?;
    }
    Ok(())
}

/// Milliseconds since then.
fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

/// The middle one, or the mean of the two in the middle.
fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}

/// The value that 95 % are not above.
fn p95(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values.get(((values.len() * 95).div_ceil(100)).saturating_sub(1).min(last)).copied().unwrap_or(f64::NAN)
}

/// Speaks `text` with the installed voice and brings it to the microphone's 16 kHz, silence around it cut off.
fn spoken(voice: &mut dyn jarvis_core::TextToSpeech, text: &str) -> anyhow::Result<Vec<f32>> {
    at_16_khz(&voice.synthesize(text, &jarvis_core::Cancel::new())?)
}

/// `audio` at the microphone's 16 kHz, silence around it cut off.
fn at_16_khz(audio: &jarvis_core::SpeechAudio) -> anyhow::Result<Vec<f32>> {
    // By way of a file, which is how a recording comes in: one resampler serves both.
    let file = tempfile::Builder::new().prefix("jarvis-bench-").suffix(".wav").tempfile()?;
    jarvis_audio::wav::write(file.path(), audio)?;
    let samples = jarvis_audio::wav::read(file.path())?;
    let loud = |sample: &f32| sample.abs() > 0.01;
    let begin = samples.iter().position(loud).unwrap_or(0);
    let end = samples.iter().rposition(loud).map_or(0, |last| last + 1);
    Ok(samples[begin..end.max(begin)].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_percentiles() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(p95(&mut (1..=100).map(f64::from).collect::<Vec<_>>()), 95.0);
        assert_eq!(p95(&mut [7.0]), 7.0);
    }
}
