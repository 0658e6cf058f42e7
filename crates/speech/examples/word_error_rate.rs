//! Recognizes recordings whose words are known and prints the word error rate and where the time went.
//!
//! `word_error_rate MODEL_FOLDER LIST`: each line of LIST is the path of a 16 kHz mono WAV file (or 16-bit samples named
//! `.raw`), a tab, and what is said in it.

use jarvis_core::{Cancel, SpeechToText};
use jarvis_speech::stt::score::{WordErrors, word_errors};
use jarvis_speech::stt::{Options, Whisper};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, list] = &arguments[..] else {
        eprintln!("usage: word_error_rate MODEL_FOLDER LIST");
        return ExitCode::from(2);
    };
    match measure(Path::new(model), Path::new(list)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(model: &Path, list: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let began = Instant::now();
    let mut whisper = Whisper::load(model, &Options::default())?;
    whisper.warm_up()?;
    println!("loaded and warm in {:.0} ms", began.elapsed().as_secs_f64() * 1000.0);
    let mut all = WordErrors::default();
    let mut totals = Vec::new();
    for line in std::fs::read_to_string(list)?.lines().filter(|line| !line.trim().is_empty()) {
        let (path, said) = line.split_once('\t').ok_or_else(|| format!("no tab in \"{line}\""))?;
        let heard = whisper.transcribe(&samples(Path::new(path))?, &Cancel::new())?;
        let errors = word_errors(said, &heard.text);
        all += errors;
        let time = heard.timings_ms;
        println!(
            "{:2}/{:2} errors, {:5.2} s of sound: mel {:4.1} + encoder {:5.1} + decoder {:5.1} = {:6.1} ms  [{:5.2} {:4.2}] {}",
            errors.errors,
            errors.words,
            heard.seconds,
            time.features,
            time.encode,
            time.decode,
            time.total,
            heard.average_log_probability,
            heard.no_speech_probability,
            heard.text
        );
        totals.push(time.total);
    }
    totals.sort_by(f64::total_cmp);
    if let (Some(median), Some(longest)) = (totals.get(totals.len() / 2), totals.last()) {
        println!(
            "word error rate {:.2} % of {} words; median {median:.0} ms, longest {longest:.0} ms",
            all.rate() * 100.0,
            all.words
        );
    }
    Ok(())
}

fn samples(path: &Path) -> Result<Vec<f32>, Box<dyn std::error::Error>> {
    let scaled = |sample: i16| f32::from(sample) / 32768.0;
    if path.extension().is_some_and(|extension| extension == "raw") {
        return Ok(std::fs::read(path)?.as_chunks().0.iter().map(|bytes| scaled(i16::from_le_bytes(*bytes))).collect());
    }
    let mut reader = hound::WavReader::open(path)?;
    if (reader.spec().sample_rate, reader.spec().channels) != (16_000, 1) {
        return Err(format!("{} is not 16 kHz mono", path.display()).into());
    }
    Ok(reader.samples::<i16>().map(|sample| sample.map(scaled)).collect::<Result<_, _>>()?)
}
