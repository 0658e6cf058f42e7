//! Speech into a WAV file or a pipe, as it is made.
//!
//! Owns the file: it is whole at any moment, so that what was written stays good when a long text is broken off.

use super::{Outcome, Speech};
use crate::output::Output;
use indicatif::ProgressBar;
use jarvis_audio::effects::{Offline, Preset};
use jarvis_audio::wav;
use jarvis_core::{Error, Result};
use std::io::{ErrorKind, Stdout};
use std::path::Path;
use std::time::{Duration, Instant};

/// How often a file that grows is made whole.
const FLUSH: Duration = Duration::from_millis(500);
/// Texts of more bytes than this take long enough for a bar that shows how far it is.
const LONG: usize = 1000;

/// Where the sound goes.
enum Sink {
    File(Box<wav::Writer>),
    Pipe(wav::Stream<Stdout>),
}

impl Sink {
    /// `-` is standard output.
    fn create(file: &Path, rate: u32) -> Result<Self> {
        if super::is_standard_output(file) {
            return Ok(Self::Pipe(wav::Stream::begin(std::io::stdout(), rate).map_err(unread)?));
        }
        Ok(Self::File(Box::new(wav::Writer::create(file, rate)?)))
    }

    fn write(&mut self, samples: &[f32]) -> Result<()> {
        match self {
            Self::File(writer) => writer.write(samples),
            Self::Pipe(stream) => stream.write(samples).map_err(unread),
        }
    }

    fn flush(&mut self) -> Result<()> {
        match self {
            Self::File(writer) => writer.flush(),
            Self::Pipe(_) => Ok(()),
        }
    }

    fn finish(self) -> Result<()> {
        match self {
            Self::File(writer) => writer.finish(),
            Self::Pipe(_) => Ok(()),
        }
    }
}

fn unread(error: std::io::Error) -> Error {
    let hint = match error.kind() {
        ErrorKind::BrokenPipe => "The program that was to read it ended first.",
        _ => "See whether what it goes to has room.",
    };
    Error::new("say.pipe", format!("The sound can't be written to standard output: {error}."), hint)
}

/// Writes `speech`, changed by an effect of some strength, to `file`, or to standard output if that is `-`.
///
/// # Errors
/// As [`Speech::make`], or the file can't be written. Nothing is written before there is sound.
pub(super) fn write(
    speech: &mut Speech<'_>,
    (preset, amount): (Preset, f32),
    file: &Path,
    output: &Output,
) -> Result<Outcome> {
    let start = Instant::now();
    let mut first_audio = None;
    let mut open = None;
    let mut flushed = start;
    let mut seconds = 0.0;
    let progress = match speech.text.length {
        Some(length) if length > LONG && output.is_interactive() => ProgressBar::new(length as u64),
        _ => ProgressBar::hidden(),
    };
    let said = speech.make(|audio, done| {
        first_audio.get_or_insert_with(|| start.elapsed());
        progress.set_position(done as u64);
        // Not before there is something to write, so that a failure leaves no empty file, and so that its rate is that of
        // whoever does speak.
        let rate = audio.sample_rate;
        let (writer, effect, rate) = match &mut open {
            Some(open) => open,
            None => {
                let effect = Offline::new(preset.chain(rate, amount)?, rate);
                open.insert((Sink::create(file, rate)?, effect, rate))
            }
        };
        let samples = effect.speak(audio);
        writer.write(&samples)?;
        seconds += samples.len() as f64 / f64::from(*rate);
        // From then on the file is whole, should nothing follow.
        if flushed == start || flushed.elapsed() >= FLUSH {
            writer.flush()?;
            flushed = Instant::now();
        }
        Ok(())
    });
    progress.finish_and_clear();
    if let Some((mut writer, effect, _)) = open {
        if said.is_ok() {
            writer.write(&effect.finish())?;
        }
        writer.finish()?;
    }
    let said = said.map_err(|error| {
        if seconds == 0.0 || !error.is_cancelled() {
            return error;
        }
        let place = if super::is_standard_output(file) { "standard output".into() } else { file.display().to_string() };
        Error::new(error.code, format!("Broken off: {place} holds the first {seconds:.1} s."), "")
    })?;
    Ok(Outcome { said, first_audio: first_audio.unwrap_or_default(), total: start.elapsed() })
}
