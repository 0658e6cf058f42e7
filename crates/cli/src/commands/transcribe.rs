//! `jarvis transcribe`: recordings to text.
//!
//! Files are read and recognized piece by piece, so that an hour takes no more memory than a minute. A file that fails
//! does not keep the others from being transcribed.

use crate::output::Output;
use jarvis_audio::wav;
use jarvis_core::{Cancel, Error, Transcript, TranscriptTimings};
use jarvis_models::Store;
use jarvis_settings::{Paths, Settings};
use jarvis_speech::stt::{Options, Whisper};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What can be said to `jarvis transcribe`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// WAV files of any rate and number of channels.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// An installed recognition model's ID; the settings' model if not given.
    #[arg(long, value_name = "ID")]
    model: Option<String>,
    /// The language that is spoken, such as `en` or `de`; a multilingual model finds out if not given.
    #[arg(long, value_name = "CODE")]
    language: Option<String>,
}

/// One line of the contract.
#[derive(Debug, Serialize)]
struct Transcribed<'a> {
    file: String,
    text: &'a str,
    seconds: f32,
    language: Option<&'a str>,
    average_log_probability: f32,
    no_speech_probability: f32,
    timings_ms: TranscriptTimings,
}

/// Runs the command.
pub fn run(args: Args, output: &Output) -> anyhow::Result<()> {
    let paths = Paths::discover()?;
    let model = match args.model {
        Some(model) => model,
        None => Settings::load(&paths)?.recognition.model,
    };
    let folder = Store::new(paths.models_dir()).folder(&model)?;
    let mut whisper = Whisper::load(&folder, &Options { language: args.language, ..Options::default() })?;

    if let [file] = &args.files[..] {
        show(file, &transcribe(&mut whisper, file)?, output);
        return Ok(());
    }
    let mut failed = 0;
    for file in &args.files {
        match transcribe(&mut whisper, file) {
            Ok(transcript) => show(file, &transcript, output),
            Err(error) => {
                failed += 1;
                output.error(&error.into());
            }
        }
    }
    if failed > 0 {
        let message = format!("{failed} of {} files could not be transcribed.", args.files.len());
        return Err(Error::new("transcribe.some_failed", message, "What is wrong with each is said above.").into());
    }
    Ok(())
}

fn transcribe(whisper: &mut Whisper, file: &Path) -> jarvis_core::Result<Transcript> {
    let mut reader = wav::Reader::open(file)?;
    whisper.transcribe_stream(&mut |samples| reader.read(samples), &Cancel::new())
}

fn show(file: &Path, transcript: &Transcript, output: &Output) {
    let file = file.display().to_string();
    let result = Transcribed {
        text: &transcript.text,
        seconds: transcript.seconds,
        language: transcript.language.as_deref(),
        average_log_probability: transcript.average_log_probability,
        no_speech_probability: transcript.no_speech_probability,
        timings_ms: transcript.timings_ms,
        file,
    };
    output.result(&result, || {
        let text = if result.text.is_empty() { "(no speech)" } else { result.text };
        format!("{}: {text}", result.file)
    });
}
