//! `jarvis say`: speaks a text, to the speaker or into a file.
//!
//! Clause by clause, as an answer is spoken: the first one sounds while the next is made.

use crate::output::Output;
use jarvis_assistant::ClauseSplitter;
use jarvis_audio::wav;
use jarvis_audio::{Player, PlayerEvent, PlayerOptions};
use jarvis_core::{Cancel, Error, Result, SpeechAudio, TextToSpeech, TurnId};
use jarvis_engine::load::{Installed, Parts};
use jarvis_settings::{Paths, Settings};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

/// How much longer than the sound itself the speaker may take to play it.
const PATIENCE: Duration = Duration::from_secs(10);
/// The only thing that is played here.
const TURN: TurnId = TurnId(1);

/// What can be said to `jarvis say`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to speak; plain text or markdown.
    text: String,
    /// Write a WAV file and play nothing.
    #[arg(long, value_name = "FILE.wav")]
    out: Option<PathBuf>,
    /// An installed voice's ID; the settings' voice if not given.
    #[arg(long, value_name = "ID")]
    voice: Option<String>,
    /// How the voice is changed; for now just `normal`.
    #[arg(long, value_name = "PRESET", default_value = "normal")]
    effect: String,
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
    if args.effect != "normal" {
        return Err(Error::new(
            "say.unknown_effect",
            format!("There is no voice effect {:?}.", args.effect),
            "Leave `--effect` out, or say `--effect normal`.",
        )
        .into());
    }
    let paths = Paths::discover()?;
    let mut settings = Settings::load(&paths)?;
    if let Some(voice) = args.voice {
        settings.voice.model = voice;
    }

    let loading = Instant::now();
    let mut voice = Installed::new(&paths).voice(&settings)?;
    let load = loading.elapsed();
    let said = match &args.out {
        Some(file) => to_file(voice.as_mut(), &args.text, file)?,
        None => to_speaker(voice.as_mut(), &args.text, &settings)?,
    };
    let result = Said {
        seconds: said.seconds,
        cache: "miss",
        timings_ms: Timings {
            load: milliseconds(load),
            first_audio: milliseconds(said.first_audio),
            total: milliseconds(said.total),
        },
    };
    output.result(&result, || match &args.out {
        Some(file) => format!("{}: {:.1} s of speech", file.display(), result.seconds),
        None => format!("{:.1} s of speech", result.seconds),
    });
    Ok(())
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// What came of a text; times count from when it was given to the voice.
struct Outcome {
    seconds: f64,
    first_audio: Duration,
    total: Duration,
}

/// Makes the sound of each clause and hands it to `take`. Returns the seconds of it all.
fn synthesize(
    voice: &mut dyn TextToSpeech,
    text: &str,
    mut take: impl FnMut(SpeechAudio) -> Result<()>,
) -> Result<f64> {
    let mut splitter = ClauseSplitter::new();
    let mut clauses = splitter.push(text);
    clauses.extend(splitter.finish());
    let mut seconds = 0.0;
    for clause in clauses {
        let audio = voice.synthesize(&clause, &Cancel::new())?;
        if !audio.samples.is_empty() {
            seconds += audio.samples.len() as f64 / f64::from(audio.sample_rate);
            take(audio)?;
        }
    }
    if seconds == 0.0 {
        let hint = "Give it some words; punctuation, emoji and blocks of code are not spoken.";
        return Err(Error::new("say.nothing", "There is nothing to say in this text.", hint));
    }
    Ok(seconds)
}

fn to_file(voice: &mut dyn TextToSpeech, text: &str, file: &Path) -> Result<Outcome> {
    let start = Instant::now();
    let mut first_audio = None;
    let mut writer = None;
    let rate = voice.sample_rate();
    let seconds = synthesize(voice, text, |audio| {
        first_audio.get_or_insert_with(|| start.elapsed());
        // Not before there is something to write, so that a failure leaves no empty file.
        let writer = match &mut writer {
            Some(writer) => writer,
            None => writer.insert(wav::Writer::create(file, rate)?),
        };
        writer.write(&audio.samples)
    })?;
    if let Some(writer) = writer {
        writer.finish()?;
    }
    Ok(Outcome { seconds, first_audio: first_audio.unwrap_or_default(), total: start.elapsed() })
}

fn to_speaker(voice: &mut dyn TextToSpeech, text: &str, settings: &Settings) -> Result<Outcome> {
    let (sender, events) = mpsc::channel();
    let options = PlayerOptions { device: settings.audio.output_device.clone(), volume: settings.audio.volume };
    let player = Player::open(options, sender)?;
    player.prepare();

    let start = Instant::now();
    player.begin(TURN);
    // The player's events come while clauses are still being made; a thread notes when.
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || tell.send(watch(&events)));
    let seconds = synthesize(voice, text, |audio| {
        player.append(TURN, audio);
        Ok(())
    })?;
    player.finish(TURN);
    let limit = Duration::from_secs_f64(seconds) + PATIENCE;
    let started = told.recv_timeout(limit).map_err(|_| {
        player.stop();
        Error::new(
            "audio.speaker_stalled",
            "The speaker takes the sound, but does not play it.",
            "Choose another one with `jarvis config set audio.output_device NAME`.",
        )
    })??;
    Ok(Outcome { seconds, first_audio: started - start, total: start.elapsed() })
}

/// Waits until everything was played; the time at which it began.
fn watch(events: &Receiver<PlayerEvent>) -> Result<Instant> {
    let mut started = None;
    loop {
        match events.recv() {
            Ok(PlayerEvent::Started(_)) => {
                started.get_or_insert_with(Instant::now);
            }
            Ok(PlayerEvent::Finished(_)) => return Ok(started.unwrap_or_else(Instant::now)),
            Ok(PlayerEvent::Restored { .. }) => {}
            Ok(PlayerEvent::Lost { message }) => {
                let hint = "`jarvis say TEXT --out FILE.wav` needs no speaker; `jarvis doctor` looks for one.";
                return Err(Error::new("audio.no_speaker", message, hint));
            }
            Err(_) => return Err(Error::new("audio.no_speaker", "The player stopped working.", "Try again.")),
        }
    }
}
