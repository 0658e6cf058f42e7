//! `jarvis say`: speaks a text, to the speaker or into a file.
//!
//! Piece by piece, as an answer is spoken: the first one sounds while the next is made. A file is whole at any moment, so
//! that what was written stays good when a long text is broken off.

use crate::output::Output;
use indicatif::ProgressBar;
use jarvis_assistant::ClauseSplitter;
use jarvis_audio::effects::{Offline, Preset};
use jarvis_audio::wav;
use jarvis_audio::{Player, PlayerEvent, PlayerOptions};
use jarvis_core::{Cancel, Error, Result, SpeechAudio, TextToSpeech, TurnId};
use jarvis_engine::io::preset;
use jarvis_engine::load::{Installed, Parts};
use jarvis_settings::{Paths, Settings};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

/// How much longer than the sound itself the speaker may take to play it.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a file that grows is made whole.
const FLUSH: Duration = Duration::from_millis(500);
/// Texts of more bytes than this take long enough for a bar that shows how far it is.
const LONG: usize = 1000;
/// Texts of at most so many characters may be kept for the next time.
const SHORT: usize = 100;
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
    let paths = Paths::discover()?;
    let mut settings = Settings::load(&paths)?;
    // What is asked for is heard whole.
    let effect = chosen.map_or((preset(settings.voice.effect), settings.voice.effect_amount), |preset| (preset, 1.0));
    if let Some(voice) = args.voice {
        settings.voice.model = voice;
    }

    let loading = Instant::now();
    let mut voice = Installed::new(&paths).voice(&settings)?;
    let load = loading.elapsed();
    let said = match &args.out {
        Some(file) => to_file(voice.as_mut(), &args.text, effect, file, output)?,
        None => to_speaker(voice.as_mut(), &args.text, effect, &settings)?,
    };
    let result = Said {
        seconds: said.seconds,
        cache: if said.kept { "hit" } else { "miss" },
        timings_ms: Timings {
            load: milliseconds(load),
            first_audio: milliseconds(said.first_audio),
            total: milliseconds(said.total),
        },
    };
    keep(voice.as_mut(), &args.text);
    output.result(&result, || match &args.out {
        Some(file) => format!("{}: {:.1} s of speech", file.display(), result.seconds),
        None => format!("{:.1} s of speech", result.seconds),
    });
    Ok(())
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

/// A text of one short clause is likely to be asked for again, by a script most of all; it is kept unless phrases are not.
fn keep(voice: &mut dyn TextToSpeech, text: &str) {
    if text.chars().count() <= SHORT && clauses(text).len() == 1 {
        // What could not be kept is just made again.
        let _ = voice.prepare(text, &Cancel::new());
    }
}

/// What came of a text; times count from when it was given to the voice.
struct Outcome {
    seconds: f64,
    /// Nothing of it had to be computed.
    kept: bool,
    first_audio: Duration,
    total: Duration,
}

fn clauses(text: &str) -> Vec<String> {
    let mut splitter = ClauseSplitter::new();
    let mut clauses = splitter.push(text);
    clauses.extend(splitter.finish());
    clauses
}

/// Makes the sound of the text and hands each piece of it to `take`, with the share of the text, 0..=1, that was done
/// before. Returns the seconds of it all, and whether all of it was kept.
fn synthesize(
    voice: &mut dyn TextToSpeech,
    text: &str,
    mut take: impl FnMut(SpeechAudio, f64) -> Result<()>,
) -> Result<(f64, bool)> {
    let (mut seconds, mut kept, mut done) = (0.0, true, 0);
    for clause in clauses(text) {
        let cancel = Cancel::new();
        let mut taken = Ok(());
        let made = voice.stream(&clause, &cancel, &mut |audio| {
            seconds += f64::from(audio.seconds());
            if taken.is_ok() {
                taken = take(audio, done as f64 / text.len() as f64);
            }
            if taken.is_err() {
                cancel.cancel();
            }
        });
        taken?;
        kept &= made?.kept;
        done += clause.len();
    }
    if seconds == 0.0 {
        let hint = "Give it some words; punctuation, emoji and blocks of code are not spoken.";
        return Err(Error::new("say.nothing", "There is nothing to say in this text.", hint));
    }
    Ok((seconds, kept))
}

fn to_file(
    voice: &mut dyn TextToSpeech,
    text: &str,
    (preset, amount): (Preset, f32),
    file: &Path,
    output: &Output,
) -> Result<Outcome> {
    let start = Instant::now();
    let mut first_audio = None;
    let mut writer = None;
    let mut flushed = start;
    let rate = voice.sample_rate();
    let mut effect = Offline::new(preset.chain(rate, amount)?, rate);
    let progress = match output.is_interactive() && text.len() > LONG {
        true => ProgressBar::new(100),
        false => ProgressBar::hidden(),
    };
    let (seconds, kept) = synthesize(voice, text, |audio, done| {
        first_audio.get_or_insert_with(|| start.elapsed());
        progress.set_position((done * 100.0) as u64);
        // Not before there is something to write, so that a failure leaves no empty file.
        let writer = match &mut writer {
            Some(writer) => writer,
            None => writer.insert(wav::Writer::create(file, rate)?),
        };
        writer.write(&effect.process(audio.samples))?;
        // From then on the file is whole, should nothing follow.
        if flushed == start || flushed.elapsed() >= FLUSH {
            writer.flush()?;
            flushed = Instant::now();
        }
        Ok(())
    })?;
    progress.finish_and_clear();
    if let Some(mut writer) = writer {
        writer.write(&effect.finish())?;
        writer.finish()?;
    }
    Ok(Outcome { seconds, kept, first_audio: first_audio.unwrap_or_default(), total: start.elapsed() })
}

fn to_speaker(
    voice: &mut dyn TextToSpeech,
    text: &str,
    (effect, effect_amount): (Preset, f32),
    settings: &Settings,
) -> Result<Outcome> {
    let (sender, events) = mpsc::channel();
    let audio = &settings.audio;
    let options = PlayerOptions { device: audio.output_device.clone(), volume: audio.volume, effect, effect_amount };
    let player = Player::open(options, sender)?;
    player.prepare();

    let start = Instant::now();
    player.begin(TURN);
    // The player's events come while clauses are still being made; a thread notes when.
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || tell.send(watch(&events)));
    let (seconds, kept) = synthesize(voice, text, |audio, _| {
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
    Ok(Outcome { seconds, kept, first_audio: started - start, total: start.elapsed() })
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
