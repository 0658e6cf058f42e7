//! `jarvis say`: speaks a text, to the speaker or into a file.
//!
//! Owns what is asked for and what is told of it. Piece by piece, as an answer is spoken: the first one sounds while the
//! next is made, and however long the text is, memory holds half a minute of sound at most.

mod file;
mod speaker;
mod text;

use super::signal;
use crate::output::Output;
use jarvis_audio::effects::Preset;
use jarvis_core::{Cancel, Error, Result, SpeechAudio, TextToSpeech};
use jarvis_engine::io::preset;
use jarvis_engine::load::{Installed, Parts};
use jarvis_models::{Catalog, Kind, Store};
use jarvis_settings::{Paths, Settings};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use text::Text;

/// What can be said to `jarvis say`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to speak, plain text or markdown; standard input if not given, or `-`.
    text: Option<String>,
    /// Write a WAV file and play nothing; `-` writes it to standard output.
    #[arg(long, value_name = "FILE.wav")]
    out: Option<PathBuf>,
    /// An installed voice's ID; the settings' voice if not given.
    #[arg(long, value_name = "ID")]
    voice: Option<String>,
    /// How fast it speaks, 0.5 to 2; as the settings say if not given.
    #[arg(long, value_name = "TIMES")]
    rate: Option<String>,
    /// How the voice is changed: normal, evil, robot, radio or cave; as the settings say if not given.
    #[arg(long, value_name = "PRESET")]
    effect: Option<String>,
}

/// One line of the contract.
#[derive(Debug, Serialize)]
struct Said {
    seconds: f64,
    cache: &'static str,
    timings_ms: Timings,
}

#[derive(Debug, Serialize)]
struct Timings {
    load: f64,
    first_audio: f64,
    total: f64,
}

/// Runs the command.
pub fn run(args: Args, output: &Output) -> anyhow::Result<()> {
    let chosen = args.effect.as_deref().map(find_effect).transpose()?;
    let is_piped = args.out.as_deref().is_some_and(is_standard_output);
    if is_piped && output.is_json() {
        let hint = "Leave one of them out, or name a file.";
        return Err(Error::new("say.two_outputs", "`--json` and `--out -` both want standard output.", hint).into());
    }
    let paths = Paths::discover()?;
    let mut settings = Settings::load(&paths)?;
    if let Some(voice) = args.voice {
        Store::new(paths.models_dir()).folder_of(&Catalog::builtin(), &voice, Kind::Voice)?;
        settings.voice.model = voice;
    }
    if let Some(rate) = &args.rate {
        settings.set_by_flag("voice.rate", rate, "--rate")?;
    }
    // What is asked for is heard whole.
    let effect = chosen.map_or((preset(settings.voice.effect), settings.voice.effect_amount), |preset| (preset, 1.0));

    let cancel = signal::cancel();
    let mut text = Text::of(args.text, &cancel)?;
    let loading = Instant::now();
    let installed = Installed::new(&paths);
    let mut voice = installed.with_remote_voice(&settings, installed.voice(&settings))?;
    let load = loading.elapsed();
    let mut speech = Speech { voice: voice.as_mut(), text: &mut text, cancel: &cancel };
    let outcome = match &args.out {
        Some(file) => file::write(&mut speech, effect, file, output)?,
        None => speaker::play(&mut speech, effect, &settings.audio)?,
    };
    let result = Said {
        seconds: outcome.said.seconds,
        cache: if outcome.said.kept { "hit" } else { "miss" },
        timings_ms: Timings {
            load: milliseconds(load),
            first_audio: milliseconds(outcome.first_audio),
            total: milliseconds(outcome.total),
        },
    };
    if is_piped {
        return Ok(());
    }
    output.result(&result, || match &args.out {
        Some(file) => format!("{}: {:.1} s of speech", file.display(), result.seconds),
        None => format!("{:.1} s of speech", result.seconds),
    });
    Ok(())
}

/// Whether `--out` names standard output and no file.
fn is_standard_output(file: &Path) -> bool {
    file == Path::new("-")
}

fn find_effect(name: &str) -> Result<Preset> {
    Preset::of_name(name).ok_or_else(|| {
        let names: Vec<&str> = Preset::ALL.into_iter().map(Preset::name).collect();
        Error::new(
            "say.unknown_effect",
            format!("There is no voice effect {name:?}."),
            format!("Choose one of {}.", names.join(", ")),
        )
    })
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// A text that becomes sound.
struct Speech<'a> {
    voice: &'a mut dyn TextToSpeech,
    text: &'a mut Text,
    cancel: &'a Cancel,
}

/// What was said.
struct Words {
    seconds: f64,
    /// Nothing of it had to be computed.
    kept: bool,
}

/// What came of a text; times count from when it was given to the voice.
struct Outcome {
    said: Words,
    first_audio: Duration,
    total: Duration,
}

impl Speech<'_> {
    /// Makes the sound of the text and hands each piece of it to `take`, with the bytes of text that were done before.
    ///
    /// # Errors
    /// The text can't be read or has nothing to say, the voice failed, `take` did, or it was cancelled.
    fn make(&mut self, mut take: impl FnMut(SpeechAudio, usize) -> Result<()>) -> Result<Words> {
        let mut said = Words { seconds: 0.0, kept: true };
        let mut done = 0;
        for clause in &mut *self.text {
            let clause = clause?;
            let cancel = self.cancel.child();
            let mut taken = Ok(());
            let made = self.voice.stream(&clause, &cancel, &mut |audio| {
                said.seconds += f64::from(audio.seconds());
                if taken.is_ok() {
                    taken = take(audio, done);
                }
                if taken.is_err() {
                    cancel.cancel();
                }
            });
            taken?;
            said.kept &= made?.kept;
            done += clause.len();
        }
        if said.seconds == 0.0 {
            let hint = "Give it some words; punctuation, emoji and blocks of code are not spoken.";
            return Err(Error::new("say.nothing", "There is nothing to say in this text.", hint));
        }
        Ok(said)
    }
}
