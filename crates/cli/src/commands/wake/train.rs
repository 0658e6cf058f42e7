//! `jarvis wake train`: from takes, recorded now or before, to an installed wake word and its figures.

use super::record;
use crate::commands::{control, signal};
use crate::output::Output;
use indicatif::{ProgressBar, ProgressStyle};
use jarvis_audio::wav;
use jarvis_core::Error;
use jarvis_engine::load::Installed;
use jarvis_engine::{TrainedWake, WakeTraining};
use jarvis_settings::{Paths, Settings};
use jarvis_speech::wake::train::{Stage, Take};
use serde_json::json;
use std::path::PathBuf;
use std::time::Instant;

/// What can be said to `jarvis wake train`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What to call it, `hey-computer`; it is installed as `wake-NAME`.
    name: String,
    /// The phrase as it is spelt; the name with blanks if not given.
    #[arg(long, value_name = "TEXT")]
    phrase: Option<String>,
    /// Recordings of you saying the phrase once each; WAV of any rate.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    takes: Vec<PathBuf>,
    /// Record this many takes now, from the microphone; 5 are good, 10 better.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(3..=50), conflicts_with = "takes")]
    record: Option<u32>,
    /// Train from synthetic voices alone.
    #[arg(long, conflicts_with_all = ["takes", "record"])]
    no_takes: bool,
    /// Train a wake word anew that was trained here before.
    #[arg(long)]
    replace: bool,
    /// Train it although there is a wake word for the same phrase.
    #[arg(long)]
    beside: bool,
    /// Listen for it from now on.
    #[arg(long = "use")]
    choose: bool,
    /// Learn from this many times as much speech, which takes as many times as long.
    #[arg(long, value_name = "TIMES", default_value_t = 1.0, value_parser = thorough)]
    thorough: f32,
    /// Chance falls the same way for the same number.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

fn thorough(text: &str) -> Result<f32, String> {
    let times: f32 = text.parse().map_err(|_| "it is not a number".to_owned())?;
    if (0.1..=10.0).contains(&times) { Ok(times) } else { Err("it has to be from 0.1 to 10".to_owned()) }
}

/// Runs the command.
pub(super) fn run(args: Args, output: &Output) -> anyhow::Result<()> {
    let paths = Paths::discover()?;
    let settings = Settings::load(&paths)?;
    let phrase = args.phrase.unwrap_or_else(|| args.name.replace('-', " "));
    let cancel = signal::cancel();
    let training = WakeTraining {
        name: args.name,
        phrase,
        replace: args.replace,
        beside: args.beside,
        seed: args.seed,
        amount: args.thorough,
    };
    training.check(&paths)?;
    let phrase = &training.phrase;
    let takes = match args.record {
        Some(count) => record::takes((&Installed::new(&paths), &settings), phrase, count as usize, &cancel)?,
        None => args.takes.iter().map(read).collect::<Result<_, _>>()?,
    };
    if takes.is_empty() && !args.no_takes {
        return Err(Error::new(
            "wake.no_takes",
            "There is no recording of you to learn from.",
            "Give some with `--takes FILE..`, record with `--record 5`, or train from other voices with `--no-takes`.",
        )
        .into());
    }

    let began = Instant::now();
    let mut progress = Progress::new(output);
    let trained = training.run(&paths, &settings, &takes, &mut |stage, done| progress.show(stage, done), &cancel)?;
    progress.finish();
    let seconds = began.elapsed().as_secs_f64();
    let id = training.id();
    if args.choose {
        jarvis_engine::change::save(&paths, "wake.model", &id)?;
    }
    // Also where it replaces the one that is listened for now.
    control::reload(&paths);
    show(&trained, &training.phrase, seconds, args.choose, output);
    Ok(())
}

fn read(file: &PathBuf) -> jarvis_core::Result<Take> {
    Ok(Take { name: file.display().to_string(), samples: wav::read(file)? })
}

fn show(trained: &TrainedWake, phrase: &str, seconds: f64, chosen: bool, output: &Output) {
    let figures = &trained.figures;
    let result = json!({
        "id": trained.model.id,
        "phrase": phrase,
        "path": trained.model.path,
        "seconds": seconds,
        "recall": figures.recall(),
        "false_wakes_per_hour": figures.wakes_per_hour(),
        "near_miss_rate": figures.near_miss_rate(),
        "figures": figures,
        "caution": trained.caution,
    });
    output.result(&result, || {
        let own = match figures.own_calls {
            0 => String::new(),
            calls => format!("\n  your own, kept apart      {} of {calls} heard", figures.own_heard),
        };
        let then = match chosen {
            true => "Jarvis listens for it now.".to_owned(),
            false => format!("Listen for it with `jarvis config set wake.model {}`.", trained.model.id),
        };
        let caution = trained.caution.as_ref().map_or(String::new(), |caution| format!("\n{caution}"));
        let on = match figures.shared_voice {
            true => "sounds that it was not trained on, though the one installed voice speaks in both",
            false => "voices and sounds that it was not trained on",
        };
        format!(
            "{} is installed, trained in {seconds:.0} s. Measured on {on}:\n  \
             calls by synthetic voices {} of {} heard ({:.0} %), {:.0} ms after their end{own}\n  \
             phrases that sound alike  {} of {} woke it\n  \
             other speech and noise    {} wakes in {:.0} minutes{caution}\n{then}",
            trained.model.id,
            figures.heard,
            figures.calls,
            figures.recall() * 100.0,
            figures.delay_ms,
            figures.near_wakes,
            figures.near_misses,
            figures.speech_wakes,
            figures.speech_seconds / 60.0,
        )
    });
}

/// A bar on a terminal, a line a stage elsewhere, nothing for scripts.
struct Progress {
    bar: Option<ProgressBar>,
    lines: bool,
    stage: Option<Stage>,
}

impl Progress {
    fn new(output: &Output) -> Self {
        let bar = output.is_interactive().then(|| {
            let style =
                ProgressStyle::with_template("{msg:34} {bar:30} {percent:>3} %").expect("the template is fixed");
            ProgressBar::new(1000).with_style(style.progress_chars("━╸ "))
        });
        Self { lines: bar.is_none() && !output.is_json(), bar, stage: None }
    }

    fn show(&mut self, stage: Stage, done: f32) {
        if self.stage.replace(stage) != Some(stage) {
            let words = match stage {
                Stage::Checking => "listening to your recordings",
                Stage::Speaking => "voices say it, and other things",
                Stage::Hearing => "listening to all of it",
                Stage::Learning => "learning",
                Stage::Measuring => "measuring",
            };
            match &self.bar {
                Some(bar) => bar.set_message(words),
                None if self.lines => eprintln!("{words}"),
                None => {}
            }
        }
        if let Some(bar) = &self.bar {
            bar.set_position((done * 1000.0) as u64);
        }
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
