//! `jarvis transcribe`: recordings to text.
//!
//! Files are read and recognized piece by piece, so that an hour takes no more memory than a minute. A file that fails
//! does not keep the others from being transcribed.

use crate::output::Output;
use jarvis_audio::wav;
use jarvis_core::{AudioFrame, Cancel, Error, FRAME_SAMPLES, SAMPLE_RATE, Transcript, TranscriptTimings, Vad};
use jarvis_engine::load::{Installed, Parts};
use jarvis_models::{Catalog, Kind, Store};
use jarvis_settings::{Paths, Settings};
use jarvis_speech::stt::{Options, Whisper, languages};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// A frame with at least this probability of speech has a voice in it,
const VOICED: f32 = 0.5;
/// and this many in a row (96 ms, less than the shortest word) are speech and no click.
const VOICED_IN_A_ROW: usize = 3;

/// What can be said to `jarvis transcribe`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// WAV files of any rate and number of channels.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// An installed recognition model's ID; the settings' model if not given.
    #[arg(long, value_name = "ID")]
    model: Option<String>,
    /// The language that is spoken, such as `en`, or those that may be (`en,de`); the settings' if not given, and if they
    /// say none, a multilingual model finds out.
    #[arg(long, value_name = "CODES")]
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
    let settings = Settings::load(&paths)?;
    let model = args.model.unwrap_or_else(|| settings.recognition.model.clone());
    let folder = Store::new(paths.models_dir()).folder_of(&Catalog::builtin(), &model, Kind::Recognition)?;
    let languages = languages(args.language.as_deref().unwrap_or(&settings.recognition.languages));
    let mut whisper = Whisper::load(&folder, &Options { languages, ..Options::default() })?;
    let mut vad = Installed::new(&paths).activity(&settings)?;

    if let [file] = &args.files[..] {
        show(file, &transcribe(&mut whisper, vad.as_mut(), file)?, output);
        return Ok(());
    }
    let mut failed = 0;
    for file in &args.files {
        match transcribe(&mut whisper, vad.as_mut(), file) {
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

/// A recording without a voice has no text: a recognizer that is given minutes of noise finds words in it.
fn transcribe(whisper: &mut Whisper, vad: &mut dyn Vad, file: &Path) -> jarvis_core::Result<Transcript> {
    if let Some(seconds) = seconds_without_speech(vad, file)? {
        return Ok(Transcript { seconds, no_speech_probability: 1.0, ..Transcript::default() });
    }
    let mut reader = wav::Reader::open(file)?;
    whisper.transcribe_stream(&mut |samples| reader.read(samples), &Cancel::new())
}

/// How long the recording is, if nobody speaks in it. Ends at the first word.
fn seconds_without_speech(vad: &mut dyn Vad, file: &Path) -> jarvis_core::Result<Option<f32>> {
    let mut reader = wav::Reader::open(file)?;
    vad.reset();
    let (mut frame, mut voiced) = (AudioFrame::silence(0), 0);
    let mut sound = Vec::new();
    let mut more = true;
    while more {
        more = reader.read(&mut sound)?;
        let whole = sound.len() / FRAME_SAMPLES * FRAME_SAMPLES;
        for samples in sound[..whole].chunks_exact(FRAME_SAMPLES) {
            frame.samples.copy_from_slice(samples);
            voiced = if vad.process(&frame)? >= VOICED { voiced + 1 } else { 0 };
            if voiced == VOICED_IN_A_ROW {
                return Ok(None);
            }
            frame.index += 1;
        }
        sound.drain(..whole);
    }
    let samples = frame.index as f32 * FRAME_SAMPLES as f32 + sound.len() as f32;
    Ok(Some(samples / SAMPLE_RATE as f32))
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
