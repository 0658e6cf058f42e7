//! WAV files: any of them in as 16 kHz mono, speech out as 16-bit mono.
//!
//! Reading streams: a [`Reader`] holds one piece of the sound at a time, however long the file is. Takes integer
//! samples of 8, 16, 24 and 32 bits and 32-bit floats, 8 to 192 kHz, 1 to 32 channels. Never guesses: what is not read
//! is refused by name.

use crate::convert::downmix;
use crate::error::AudioError;
use crate::resample::MonoResampler;
use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use jarvis_core::{SAMPLE_RATE, SpeechAudio};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// Most sound that [`read`] takes at once, in seconds: an hour, 230 MB.
pub const MAX_SECONDS: u64 = 3600;
/// Frames that a [`Reader`] takes from the file at once.
const PIECE: usize = 16_384;
/// Bytes of sound from which a header's length only says that whoever wrote it into a pipe could not know it.
const OPEN_ENDED: u64 = 0x7fff_0000;
/// Bytes of a file among which its sound begins, where that matters.
const HEAD: u64 = 4096;
const RATES: std::ops::RangeInclusive<u32> = 8_000..=192_000;
const CHANNELS: std::ops::RangeInclusive<u16> = 1..=32;

/// A file whose first bytes were looked at.
type Opened = io::Chain<io::Cursor<Vec<u8>>, BufReader<File>>;

/// A WAV file being read, piece by piece, as 16 kHz mono.
pub struct Reader {
    path: PathBuf,
    file: WavReader<Opened>,
    spec: WavSpec,
    resampler: MonoResampler,
    interleaved: Vec<f32>,
    mono: Vec<f32>,
    /// Frames of the whole sound, as far as can be told.
    frames: u32,
    frames_left: u32,
    /// The header doesn't know the length: the sound ends where the file does.
    is_open_ended: bool,
    done: bool,
}

impl Reader {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// Unreadable, empty, not a WAV file, or of a kind that is not read.
    pub fn open(path: impl AsRef<Path>) -> jarvis_core::Result<Self> {
        Ok(Self::open_file(path.as_ref())?)
    }

    fn open_file(path: &Path) -> Result<Self, AudioError> {
        let unreadable = |error: &io::Error| AudioError::File {
            path: path.into(),
            action: "read",
            reason: crate::error::reason(error),
        };
        let opened = File::open(path).map_err(|error| unreadable(&error))?;
        let metadata = opened.metadata().map_err(|error| unreadable(&error))?;
        if metadata.is_dir() {
            return Err(unreadable(&io::Error::from(io::ErrorKind::IsADirectory)));
        }
        if metadata.is_file() && metadata.len() == 0 {
            return Err(AudioError::EmptyFile { path: path.into() });
        }
        let mut opened = BufReader::new(opened);
        let mut head = Vec::new();
        opened.by_ref().take(HEAD).read_to_end(&mut head).map_err(|error| unreadable(&error))?;
        round_open_end(&mut head);
        let file = WavReader::new(io::Cursor::new(head).chain(opened)).map_err(|error| header_error(path, &error))?;
        let spec = file.spec();
        let unsupported = |what: String| AudioError::UnsupportedWav { path: path.into(), what };
        if !RATES.contains(&spec.sample_rate) {
            return Err(unsupported(format!("sound at {} Hz", spec.sample_rate)));
        }
        if !CHANNELS.contains(&spec.channels) {
            return Err(unsupported(format!("{} channels", spec.channels)));
        }
        match (spec.sample_format, spec.bits_per_sample) {
            (SampleFormat::Int, 8 | 16 | 24 | 32) | (SampleFormat::Float, 32) => {}
            (SampleFormat::Int, bits) => return Err(unsupported(format!("integer samples of {bits} bits"))),
            (SampleFormat::Float, bits) => return Err(unsupported(format!("floating-point samples of {bits} bits"))),
        }
        let frame = u64::from(spec.channels) * u64::from(spec.bits_per_sample / 8);
        let is_open_ended = u64::from(file.duration()) * frame >= OPEN_ENDED;
        let frames = match u32::try_from(metadata.len() / frame) {
            Ok(most) if is_open_ended && metadata.is_file() => file.duration().min(most),
            _ => file.duration(),
        };
        if frames == 0 {
            return Err(AudioError::EmptyFile { path: path.into() });
        }
        Ok(Self {
            path: path.into(),
            file,
            spec,
            resampler: MonoResampler::new(spec.sample_rate, SAMPLE_RATE),
            interleaved: Vec::with_capacity(PIECE * usize::from(spec.channels)),
            mono: Vec::with_capacity(PIECE),
            frames,
            frames_left: frames,
            is_open_ended,
            done: false,
        })
    }

    /// How long the whole sound is, in seconds, by the file's header, or by its size where the header doesn't know.
    pub fn seconds(&self) -> f64 {
        f64::from(self.frames) / f64::from(self.spec.sample_rate)
    }

    /// Appends the next piece (about a second at most, 16 kHz mono, -1..=1) to `out`; false when there is no more.
    ///
    /// # Errors
    /// The file cannot be read any further.
    pub fn read(&mut self, out: &mut Vec<f32>) -> jarvis_core::Result<bool> {
        Ok(self.read_piece(out)?)
    }

    fn read_piece(&mut self, out: &mut Vec<f32>) -> Result<bool, AudioError> {
        if self.done {
            return Ok(false);
        }
        if self.frames_left == 0 {
            self.done = true;
            self.resampler.flush(out);
            return Ok(true);
        }
        let channels = usize::from(self.spec.channels);
        let frames = PIECE.min(self.frames_left as usize);
        self.frames_left -= frames as u32;
        self.interleaved.clear();
        let read = match self.spec.sample_format {
            SampleFormat::Float => {
                take(self.file.samples::<f32>(), frames * channels, |sample| sample, &mut self.interleaved)
            }
            SampleFormat::Int => {
                let scale = 1.0 / (1u64 << (self.spec.bits_per_sample - 1)) as f32;
                take(self.file.samples::<i32>(), frames * channels, |s| s as f32 * scale, &mut self.interleaved)
            }
        };
        match read {
            Ok(()) => {}
            Err(hound::Error::IoError(error)) if !ended_early(&error) => {
                let reason = crate::error::reason(&error);
                return Err(AudioError::File { path: self.path.clone(), action: "read", reason });
            }
            Err(hound::Error::UnfinishedSample | hound::Error::IoError(_)) if self.is_open_ended => {
                self.frames_left = 0
            }
            Err(_) => return Err(AudioError::Truncated { path: self.path.clone() }),
        }
        self.mono.clear();
        self.mono.extend(downmix(&self.interleaved, channels));
        self.resampler.process(&self.mono, out);
        Ok(true)
    }
}

/// Makes the length of a sound that doesn't know it a whole number of frames in a file's first bytes: ffmpeg writes the
/// greatest number of all, which is odd.
fn round_open_end(head: &mut [u8]) {
    let number = |head: &[u8], at: usize| {
        head.get(at..at + 4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
    };
    if !head.starts_with(b"RIFF") {
        return;
    }
    let (mut at, mut frame) = (12, 1);
    while let (Some(id), Some(length)) = (head.get(at..at + 4), number(head, at + 4)) {
        if id == b"data" {
            if u64::from(length) >= OPEN_ENDED {
                head[at + 4..at + 8].copy_from_slice(&(length - length % frame).to_le_bytes());
            }
            return;
        }
        if id == b"fmt " {
            // The last two of its sixteen bytes are the bits of a sample, the two before the bytes of a frame.
            frame = number(head, at + 20).map_or(1, |both| (both & 0xffff).max(1));
        }
        let Some(next) = at.checked_add(8 + length as usize + (length & 1) as usize) else { return };
        at = next;
    }
}

/// Moves `count` samples to `out`. A file that ends early is an error.
fn take<S: hound::Sample>(
    samples: impl Iterator<Item = hound::Result<S>>,
    count: usize,
    convert: impl Fn(S) -> f32,
    out: &mut Vec<f32>,
) -> hound::Result<()> {
    for sample in samples.take(count) {
        out.push(convert(sample?));
    }
    if out.len() < count { Err(hound::Error::UnfinishedSample) } else { Ok(()) }
}

/// Whether the file was at its end when more was expected; hound has words of its own for that.
fn ended_early(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::Other)
}

fn header_error(path: &Path, error: &hound::Error) -> AudioError {
    match error {
        hound::Error::IoError(error) if !ended_early(error) => {
            AudioError::File { path: path.into(), action: "read", reason: crate::error::reason(error) }
        }
        hound::Error::Unsupported => {
            AudioError::UnsupportedWav { path: path.into(), what: "compressed or unusual sound".into() }
        }
        _ => AudioError::NotWav { path: path.into() },
    }
}

/// A whole file as 16 kHz mono samples, -1..=1; at most [`MAX_SECONDS`].
///
/// # Errors
/// As [`Reader::open`] and [`Reader::read`], and when it is longer; then read it piece by piece.
pub fn read(path: impl AsRef<Path>) -> jarvis_core::Result<Vec<f32>> {
    let mut reader = Reader::open(path)?;
    let seconds = reader.seconds();
    if seconds > MAX_SECONDS as f64 {
        let error = AudioError::TooLong { path: reader.path, seconds: seconds as u64, limit: MAX_SECONDS };
        return Err(error.into());
    }
    // A header may lie about the length; memory follows what is really there.
    let mut samples = Vec::new();
    while reader.read(&mut samples)? {}
    Ok(samples)
}

/// A WAV file being written: 16-bit mono.
pub struct Writer {
    path: PathBuf,
    file: WavWriter<BufWriter<File>>,
}

impl Writer {
    /// Creates a file, or empties the one that is there.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn create(path: impl AsRef<Path>, sample_rate: u32) -> jarvis_core::Result<Self> {
        let path = path.as_ref().to_owned();
        let spec = WavSpec { channels: 1, sample_rate, bits_per_sample: 16, sample_format: SampleFormat::Int };
        match WavWriter::create(&path, spec) {
            Ok(file) => Ok(Self { path, file }),
            Err(error) => Err(unwritten(&path, &error).into()),
        }
    }

    /// Appends samples; what is beyond -1..=1 is clipped, what is no number is silence.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn write(&mut self, samples: &[f32]) -> jarvis_core::Result<()> {
        for sample in samples {
            self.file.write_sample(whole(*sample)).map_err(|error| unwritten(&self.path, &error))?;
        }
        Ok(())
    }

    /// Brings what was written to the file, and the file's header up to it: should nothing follow, it is whole.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn flush(&mut self) -> jarvis_core::Result<()> {
        Ok(self.file.flush().map_err(|error| unwritten(&self.path, &error))?)
    }

    /// Completes the file. One that is only dropped is complete too, but its errors are lost.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn finish(self) -> jarvis_core::Result<()> {
        let Self { path, file } = self;
        Ok(file.finalize().map_err(|error| unwritten(&path, &error))?)
    }
}

/// A WAV file of one channel and 16 bits that goes into a pipe, where nothing can be put in later: its header says that the
/// sound is as long as can be, and a reader takes what comes.
pub struct Stream<W> {
    to: W,
    bytes: Vec<u8>,
}

impl<W: Write> Stream<W> {
    /// Begins with the header, for sound of `sample_rate` Hz.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn begin(mut to: W, sample_rate: u32) -> std::io::Result<Self> {
        // The greatest that is a whole number of samples.
        const UNKNOWN: u32 = u32::MAX - 1;
        let mut header = Vec::with_capacity(44);
        header.extend_from_slice(b"RIFF");
        header.extend_from_slice(&UNKNOWN.to_le_bytes());
        header.extend_from_slice(b"WAVEfmt ");
        header.extend_from_slice(&16_u32.to_le_bytes());
        // PCM, one channel, the rate in frames and in bytes, 2 bytes a frame, 16 bits a sample.
        header.extend_from_slice(&1_u16.to_le_bytes());
        header.extend_from_slice(&1_u16.to_le_bytes());
        header.extend_from_slice(&sample_rate.to_le_bytes());
        header.extend_from_slice(&sample_rate.saturating_mul(2).to_le_bytes());
        header.extend_from_slice(&2_u16.to_le_bytes());
        header.extend_from_slice(&16_u16.to_le_bytes());
        header.extend_from_slice(b"data");
        header.extend_from_slice(&UNKNOWN.to_le_bytes());
        to.write_all(&header)?;
        Ok(Self { to, bytes: Vec::new() })
    }

    /// Passes samples on at once; as [`Writer::write`] otherwise.
    ///
    /// # Errors
    /// They cannot be written; the reader may have gone.
    pub fn write(&mut self, samples: &[f32]) -> std::io::Result<()> {
        self.bytes.clear();
        self.bytes.extend(samples.iter().flat_map(|sample| whole(*sample).to_le_bytes()));
        self.to.write_all(&self.bytes)?;
        self.to.flush()
    }
}

/// A sample as 16 bits have it.
fn whole(sample: f32) -> i16 {
    let sample = if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 };
    (sample * f32::from(i16::MAX)).round() as i16
}

/// Writes speech to a file at its own rate.
///
/// # Errors
/// It cannot be written.
pub fn write(path: impl AsRef<Path>, audio: &SpeechAudio) -> jarvis_core::Result<()> {
    let mut writer = Writer::create(path, audio.sample_rate)?;
    writer.write(&audio.samples)?;
    writer.finish()
}

fn unwritten(path: &Path, error: &hound::Error) -> AudioError {
    let reason = match error {
        hound::Error::IoError(error) => crate::error::reason(error),
        other => crate::error::reason(other),
    };
    AudioError::File { path: path.into(), action: "written", reason }
}

#[cfg(test)]
#[path = "wav_tests.rs"]
mod tests;
