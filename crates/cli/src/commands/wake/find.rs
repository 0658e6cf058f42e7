//! `jarvis wake FILE..`: finds the wake word in recordings.
//!
//! Files are read piece by piece and heard as from a microphone, in frames; a second of silence goes before and after,
//! because the model needs sound around the word. A file that fails does not keep the others from being heard.

use crate::output::Output;
use jarvis_audio::wav;
use jarvis_core::{AudioFrame, Error, FRAME_SAMPLES, SAMPLE_RATE, WakeWord};
use jarvis_engine::load::{Installed, Parts};
use jarvis_models::{Catalog, Kind, Store};
use jarvis_settings::{Paths, Settings};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Silence before and after a recording.
const PADDING: usize = SAMPLE_RATE as usize;

/// What can be said to `jarvis wake FILE..`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// WAV files of any rate and number of channels.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// From 0, never wakes by accident, to 1, never misses; the settings' if not given.
    #[arg(long, value_name = "0..1", value_parser = sensitivity)]
    sensitivity: Option<f32>,
    /// An installed wake word's ID; the settings' if not given.
    #[arg(long, value_name = "ID")]
    model: Option<String>,
}

fn sensitivity(text: &str) -> Result<f32, String> {
    let value: f32 = text.parse().map_err(|_| "it is not a number".to_owned())?;
    if (0.0..=1.0).contains(&value) { Ok(value) } else { Err("it has to be from 0 to 1".to_owned()) }
}

/// One line of the contract.
#[derive(Debug, Serialize)]
struct Heard {
    file: String,
    detections: Vec<Detection>,
    seconds: f64,
    timings_ms: Timings,
}

#[derive(Debug, Serialize)]
struct Detection {
    model: String,
    at_seconds: f64,
    score: f32,
}

#[derive(Debug, Serialize)]
struct Timings {
    total: f64,
}

/// Runs the command.
pub(super) fn run(args: Args, output: &Output) -> anyhow::Result<()> {
    let paths = Paths::discover()?;
    let mut settings = Settings::load(&paths)?;
    if let Some(model) = args.model {
        Store::new(paths.models_dir()).folder_of(&Catalog::builtin(), &model, Kind::Wake)?;
        settings.wake.model = model;
    }
    if let Some(sensitivity) = args.sensitivity {
        settings.wake.sensitivity = sensitivity;
    }
    let mut wake = Installed::new(&paths).wake_word(&settings)?;

    if let [file] = &args.files[..] {
        show(&hear(wake.as_mut(), file)?, output);
        return Ok(());
    }
    let mut failed = 0;
    for file in &args.files {
        match hear(wake.as_mut(), file) {
            Ok(heard) => show(&heard, output),
            Err(error) => {
                failed += 1;
                output.error(&error.into());
            }
        }
    }
    if failed > 0 {
        let message = format!("{failed} of {} files could not be heard.", args.files.len());
        return Err(Error::new("wake.some_failed", message, "What is wrong with each is said above.").into());
    }
    Ok(())
}

fn hear(wake: &mut dyn WakeWord, file: &Path) -> jarvis_core::Result<Heard> {
    let start = Instant::now();
    let mut reader = wav::Reader::open(file)?;
    wake.reset();
    let mut frame = AudioFrame::silence(0);
    let mut detections = Vec::new();
    let mut samples = vec![0.0; PADDING];
    let mut length = 0;
    let mut more = true;
    while more {
        let before = samples.len();
        more = reader.read(&mut samples)?;
        length += samples.len() - before;
        if !more {
            samples.resize(samples.len() + PADDING, 0.0);
        }
        let mut chunks = samples.chunks_exact(FRAME_SAMPLES);
        for chunk in &mut chunks {
            frame.samples.copy_from_slice(chunk);
            if let Some(found) = wake.process(&frame)? {
                let at = found.at_sample.saturating_sub(PADDING as u64).min(length as u64);
                let at_seconds = at as f64 / f64::from(SAMPLE_RATE);
                detections.push(Detection { model: found.model, at_seconds, score: found.score });
            }
            frame.index += 1;
        }
        let rest = chunks.remainder().len();
        samples.drain(..samples.len() - rest);
    }
    Ok(Heard {
        file: file.display().to_string(),
        detections,
        seconds: length as f64 / f64::from(SAMPLE_RATE),
        timings_ms: Timings { total: start.elapsed().as_secs_f64() * 1000.0 },
    })
}

fn show(heard: &Heard, output: &Output) {
    output.result(heard, || {
        let found = heard.detections.iter().map(|d| format!("{} at {:.2} s ({:.2})", d.model, d.at_seconds, d.score));
        let found = found.collect::<Vec<_>>().join(", ");
        format!("{}: {}", heard.file, if found.is_empty() { "(no wake word)" } else { &found })
    });
}
