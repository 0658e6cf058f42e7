//! What is read, what is refused, and that it all stays 16 kHz mono.

use super::*;
use hound::SampleFormat::{Float, Int};
use proptest::prelude::*;
use std::fs;

fn spec(channels: u16, sample_rate: u32, bits_per_sample: u16, sample_format: SampleFormat) -> WavSpec {
    WavSpec { channels, sample_rate, bits_per_sample, sample_format }
}

/// A file with the same 440 Hz tone in every channel.
fn tone(path: &Path, spec: WavSpec, seconds: f32) {
    let mut writer = WavWriter::create(path, spec).unwrap();
    for n in 0..(seconds * spec.sample_rate as f32) as usize {
        let sample = 0.5 * (std::f32::consts::TAU * 440.0 * n as f32 / spec.sample_rate as f32).sin();
        for _ in 0..spec.channels {
            match spec.sample_format {
                Float => writer.write_sample(sample).unwrap(),
                Int => {
                    writer.write_sample((sample * ((1i64 << (spec.bits_per_sample - 1)) - 1) as f32) as i32).unwrap()
                }
            }
        }
    }
    writer.finalize().unwrap();
}

fn rms(samples: &[f32]) -> f32 {
    (samples.iter().map(|s| s * s).sum::<f32>() / samples.len() as f32).sqrt()
}

fn refusal(path: &Path) -> jarvis_core::Error {
    let error = read(path).unwrap_err();
    assert!(!error.hint.is_empty(), "{error} comes without a remedy");
    assert!(error.message.contains(path.to_str().unwrap()), "{error} does not name the file");
    error
}

#[test]
fn every_kind_of_file_is_the_same_sound() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tone.wav");
    for spec in [
        spec(1, 16_000, 16, Int),
        spec(2, 44_100, 16, Int),
        spec(8, 96_000, 24, Int),
        spec(32, 8_000, 8, Int),
        spec(1, 192_000, 32, Float),
        spec(6, 48_000, 32, Int),
    ] {
        tone(&path, spec, 0.5);
        let samples = read(&path).unwrap();
        assert!(samples.len().abs_diff(8_000) <= 1, "{spec:?}: {} samples", samples.len());
        assert!((rms(&samples[500..7_500]) - 0.3536).abs() < 0.01, "{spec:?}: rms {}", rms(&samples));
    }
}

#[test]
fn ten_minutes_are_read_piece_by_piece() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.wav");
    tone(&path, spec(1, 8_000, 8, Int), 600.0);
    let mut reader = Reader::open(&path).unwrap();
    assert!((reader.seconds() - 600.0).abs() < 0.01);
    let (mut piece, mut total) = (Vec::new(), 0);
    while reader.read(&mut piece).unwrap() {
        assert!(piece.len() <= 2 * PIECE + 400, "a piece of {} samples", piece.len());
        total += piece.len();
        piece.clear();
    }
    assert_eq!(total, 600 * 16_000);
}

#[test]
fn what_is_no_wav_file_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sound.wav");
    assert_eq!(refusal(&path).code, "audio.file");
    assert_eq!(refusal(folder.path()).code, "audio.file");
    fs::write(&path, b"").unwrap();
    assert_eq!(refusal(&path).code, "audio.empty_file");
    fs::write(&path, b"ID3\x04 this is an MP3, or pretends to be one").unwrap();
    assert_eq!(refusal(&path).code, "audio.not_wav");
    fs::write(&path, b"RIFF").unwrap();
    assert_eq!(refusal(&path).code, "audio.not_wav");
    tone(&path, spec(1, 16_000, 16, Int), 0.0);
    assert_eq!(refusal(&path).code, "audio.empty_file");
    tone(&path, spec(1, 4_000, 16, Int), 0.1);
    assert_eq!(refusal(&path).code, "audio.unsupported");
    tone(&path, spec(40, 16_000, 16, Int), 0.1);
    assert_eq!(refusal(&path).code, "audio.unsupported");
}

#[test]
fn a_file_that_was_cut_off_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.wav");
    tone(&path, spec(2, 44_100, 16, Int), 1.0);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(refusal(&path).code, "audio.truncated");
}

#[test]
fn a_file_that_is_broken_off_after_a_flush_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.wav");
    let mut writer = Writer::create(&path, 16_000).unwrap();
    writer.write(&[0.25; 1600]).unwrap();
    writer.flush().unwrap();
    writer.write(&[0.25; 100]).unwrap();
    // As when the program is killed: nothing completes the file.
    std::mem::forget(writer);
    let samples = read(&path).unwrap();
    assert!(samples.len() >= 1600, "{}", samples.len());
}

#[test]
fn what_is_written_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.wav");
    let samples = vec![0.0, 0.5, -0.5, 2.0, f32::NAN, -1.0];
    write(&path, &SpeechAudio { samples, sample_rate: 16_000 }).unwrap();
    let back = read(&path).unwrap();
    for (got, expected) in back.iter().zip([0.0, 0.5, -0.5, 1.0, 0.0, -1.0]) {
        assert!((got - expected).abs() < 1e-3, "{back:?}");
    }
    let nowhere = folder.path().join("no/such/folder.wav");
    assert_eq!(Writer::create(nowhere, 16_000).err().unwrap().code, "audio.file");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A header with anything in it, and files cut anywhere, give an error or samples; never a panic, and never more
    /// memory than the file is worth.
    #[test]
    fn damaged_files_never_panic(at in 0usize..200, byte in any::<u8>(), keep in 0usize..2_000) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("damaged.wav");
        tone(&path, spec(2, 22_050, 16, Int), 0.02);
        let mut bytes = fs::read(&path).unwrap();
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        bytes.truncate(keep);
        fs::write(&path, bytes).unwrap();
        if let Ok(samples) = read(&path) {
            prop_assert!(samples.len() < 100_000);
            prop_assert!(samples.iter().all(|s| s.is_finite()));
        }
    }
}

#[test]
fn what_goes_into_a_pipe_is_read_back_to_its_end() {
    let mut bytes = Vec::new();
    let mut stream = Stream::begin(&mut bytes, SAMPLE_RATE).unwrap();
    stream.write(&[0.5, -0.25]).unwrap();
    stream.write(&[2.0, f32::NAN]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("piped.wav");
    fs::write(&path, &bytes).unwrap();
    let samples = read(&path).unwrap();
    let expected = [0.5, -0.25, 1.0, 0.0];
    assert_eq!(samples.len(), expected.len());
    assert!(samples.iter().zip(expected).all(|(sample, expected)| (sample - expected).abs() < 1e-3), "{samples:?}");
}

#[test]
fn what_another_program_wrote_into_a_pipe_is_read_whatever_its_frames() {
    let folder = tempfile::tempdir().unwrap();
    for (channels, bits) in [(1, 16), (2, 16), (2, 24)] {
        let path = folder.path().join("whole.wav");
        tone(&path, spec(channels, 16_000, bits, Int), 0.25);
        let whole = read(&path).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        // ffmpeg's length of what it can't know, of the file and of the sound.
        let data = bytes.windows(4).position(|four| four == b"data").unwrap();
        bytes[4..8].fill(0xff);
        bytes[data + 4..data + 8].fill(0xff);
        fs::write(&path, bytes).unwrap();
        assert_eq!(read(&path).unwrap(), whole, "{channels} channels of {bits} bits");
    }
}
