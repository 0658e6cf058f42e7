//! Recognition: how long after the end of speech the text is there, how right it is, and that it is nothing where nobody
//! spoke. faster-whisper with the same weights hears the same sound in the same run, where it is installed.

use super::baseline::{Baseline, Sound};
use super::{Better, Rows, median, ms, p95, recordings, sounds, spoken};
use jarvis_core::{AudioFrame, Cancel, FRAME_SAMPLES, SAMPLE_RATE, SpeechToText, Vad};
use jarvis_engine::load::Parts;
use jarvis_engine::resident_bytes;
use jarvis_models::{Catalog, Store};
use jarvis_settings::{Paths, Settings};
use jarvis_speech::endpoint::{EndpointEvent, EndpointOptions, Endpointer};
use jarvis_speech::stt::score::{WordErrors, difference_by_chance, word_errors};
use jarvis_speech::stt::{self, SttError};
use serde::Deserialize;
use serde_json::json;
use std::ffi::OsStr;
use std::time::Instant;

/// Requests of about 1 to 8 s, for where there are no recordings of people.
const REQUESTS: [&str; 8] = [
    "What time is it?",
    "Set a timer for ten minutes, please.",
    "Could you tell me what the weather is like in the mountains today?",
    "Remind me tomorrow morning at half past eight to call the dentist about my appointment.",
    "I would like to know how many people live in the three largest cities of the country, and how that has changed.",
    "Please write down that the keys are in the drawer of the kitchen table, next to the old radio, and that nobody else \
     knows.",
    "When we drove along the coast last summer we saw a lighthouse on a small island, and I have wondered ever since who \
     lives there.",
    "Tell me a short story about a sailor who finds a map in an old book, sails to the end of the world, and comes home \
     with nothing but a song.",
];

/// Minutes of sound without speech.
const SPEECHLESS_MINUTES: f32 = 10.0;

/// Noise behind a recording: how far below the voice, in decibels.
const NOISE_BELOW: f32 = 10.0;

/// Of the recordings of a language, one in this many is heard by a recognizer that has to find the language out.
const UNTOLD: usize = 4;

/// Sound and, where it is known, what is said in it.
struct Utterance {
    samples: Vec<f32>,
    said: Option<String>,
}

/// What faster-whisper answers.
#[derive(Deserialize)]
struct Answer {
    text: String,
    ms: f64,
}

/// Measures recognition; `given` are recordings to use in place of those that there are.
pub(super) fn stt(
    parts: &dyn Parts,
    paths: &Paths,
    settings: &Settings,
    runs: usize,
    given: &[Vec<f32>],
    rows: &mut Rows<'_>,
) -> anyhow::Result<()> {
    let mut theirs = faster_whisper(paths, settings).unwrap_or_else(|error| {
        eprintln!("jarvis: nothing to compare with: {error}");
        None
    });
    if let Some(theirs) = &theirs {
        let program = theirs.program();
        eprintln!("jarvis: the baseline of recognition is {program}, two threads, greedy, on the same weights.");
    }
    let before = resident_bytes();
    let began = Instant::now();
    let mut ours = parts.recognizer(settings)?;
    rows.add(("stt", "load"), (ms(began), "ms", Better::Less), (None, None));
    ours.warm_up()?;
    if let (Some(before), Some(after)) = (before, resident_bytes()) {
        let megabytes = (after as f64 - before as f64) / 1e6;
        rows.add(("stt", "resident memory, warm"), (megabytes, "MB", Better::Less), (None, None));
    }
    if !given.is_empty() {
        let utterances: Vec<Utterance> =
            given.iter().map(|samples| Utterance { samples: samples.clone(), said: None }).collect();
        race(&mut *ours, theirs.as_mut(), runs, "", &utterances)?.rows("given", true, rows);
        return Ok(());
    }
    let languages = recordings::languages(paths);
    if languages.is_empty() {
        eprintln!("jarvis: no recordings of people, so a voice reads; `make bench` brings them on Debian and Ubuntu.");
        let utterances = read_out(parts, settings)?;
        race(&mut *ours, theirs.as_mut(), runs, "en", &utterances)?.rows("made", true, rows);
    }
    for language in &languages {
        people(parts, paths, settings, language, theirs.as_mut(), rows)?;
    }
    drop(theirs);
    speechless(&mut *ours, parts, settings, rows)
}

/// The recordings of people who speak `language`, if the model knows it: as they are and, of English, in noise.
fn people(
    parts: &dyn Parts,
    paths: &Paths,
    settings: &Settings,
    language: &str,
    mut theirs: Option<&mut Baseline>,
    rows: &mut Rows<'_>,
) -> anyhow::Result<()> {
    let mut told = settings.clone();
    told.recognition.languages = language.to_owned();
    let folder = Store::new(paths.models_dir()).folder(&settings.recognition.model)?;
    if let Err(SttError::Language { .. }) = stt::check_languages(&folder, &stt::languages(language)) {
        return Ok(());
    }
    let mut ours = parts.recognizer(&told)?;
    ours.warm_up()?;
    let with_words = |one: recordings::Recording| Utterance { samples: one.samples, said: Some(one.said) };
    let clean: Vec<Utterance> = recordings::of(paths, language)?.into_iter().map(with_words).collect();
    race(&mut *ours, theirs.as_deref_mut(), 1, language, &clean)?.rows(language, true, rows);
    if language == "en" {
        let in_noise = |one: &Utterance| Utterance {
            samples: sounds::in_noise(&one.samples, NOISE_BELOW),
            said: one.said.clone(),
        };
        let noisy: Vec<Utterance> = clean.iter().step_by(2).map(in_noise).collect();
        let label = format!("{language}, noise {NOISE_BELOW:.0} dB below");
        race(&mut *ours, theirs, 1, language, &noisy)?.rows(&label, false, rows);
    }

    if settings.recognition.model.ends_with(".en") {
        return Ok(());
    }
    let mut untold = settings.clone();
    untold.recognition.languages.clear();
    let mut ours = parts.recognizer(&untold)?;
    let asked: Vec<&Utterance> = clean.iter().step_by(UNTOLD).collect();
    let mut right = 0u32;
    for one in &asked {
        let heard = ours.transcribe(&one.samples, &Cancel::new())?;
        right += u32::from(heard.language.as_deref() == Some(language));
    }
    let share = 100.0 * f64::from(right) / asked.len().max(1) as f64;
    rows.add(("stt", format!("{language}: language found out")), (share, "%", Better::More), (None, None));
    Ok(())
}

/// What two recognizers made of the same utterances.
#[derive(Default)]
struct Race {
    /// Lengths of the utterances in seconds.
    seconds: Vec<f32>,
    ours: Runner,
    theirs: Runner,
    features: Vec<f64>,
    encode: Vec<f64>,
    decode: Vec<f64>,
}

/// How long one took, and its mistakes.
#[derive(Default)]
struct Runner {
    ms: Vec<f64>,
    /// Of each utterance whose words are known.
    errors: Vec<WordErrors>,
}

impl Runner {
    fn ran(&mut self, ms: f64, text: &str, said: Option<&str>) {
        self.ms.push(ms);
        if let Some(said) = said {
            self.errors.push(word_errors(said, text));
        }
    }

    fn all_errors(&self) -> WordErrors {
        let mut all = WordErrors::default();
        self.errors.iter().for_each(|errors| all += *errors);
        all
    }
}

/// Both on each utterance, alternating who goes first.
fn race(
    ours: &mut dyn SpeechToText,
    mut theirs: Option<&mut Baseline>,
    runs: usize,
    language: &str,
    utterances: &[Utterance],
) -> anyhow::Result<Race> {
    let cancel = Cancel::new();
    let mut race = Race::default();
    for run in 0..runs {
        for (number, one) in utterances.iter().enumerate() {
            race.seconds.push(one.samples.len() as f32 / SAMPLE_RATE as f32);
            let said = one.said.as_deref();
            let sound = theirs.is_some().then(|| Sound::new(&one.samples)).transpose()?;
            let mut ask = |runner: &mut Runner, count: usize| -> anyhow::Result<()> {
                let (Some(theirs), Some(sound)) = (theirs.as_deref_mut(), &sound) else { return Ok(()) };
                for _ in 0..count {
                    let answer: Answer = theirs.ask(&json!({ "path": sound.path(), "language": language }))?;
                    runner.ran(answer.ms, &answer.text, said);
                }
                Ok(())
            };
            if (run, number) == (0, 0) {
                // Its first call is slower than the others.
                ask(&mut Runner::default(), 1)?;
            }
            let first = usize::from((run + number) % 2 == 0);
            ask(&mut race.theirs, first)?;
            let began = Instant::now();
            let heard = ours.transcribe(&one.samples, &cancel)?;
            race.ours.ran(ms(began), &heard.text, said);
            race.features.push(heard.timings_ms.features);
            race.encode.push(heard.timings_ms.encode);
            race.decode.push(heard.timings_ms.decode);
            ask(&mut race.theirs, 1 - first)?;
        }
    }
    Ok(race)
}

impl Race {
    /// Its rows: what went wrong and, with `times`, how long it took.
    fn rows(mut self, label: &str, times: bool, rows: &mut Rows<'_>) {
        if times {
            let shortest = self.seconds.iter().copied().fold(f32::MAX, f32::min);
            let longest = self.seconds.iter().copied().fold(0.0, f32::max);
            let of = format!("{label}: {} of {shortest:.1} to {longest:.1} s, median", self.seconds.len());
            let mut both = |metric: String, of: fn(&mut [f64]) -> f64, target: f64| {
                let theirs = (!self.theirs.ms.is_empty()).then(|| of(&mut self.theirs.ms));
                rows.add(("stt", metric), (of(&mut self.ours.ms), "ms", Better::Less), (Some(target), theirs));
            };
            both(of, median, 150.0);
            both(format!("{label}: 95th percentile"), p95, 250.0);
            for (stage, values) in
                [("features", &mut self.features), ("encoder", &mut self.encode), ("decoder", &mut self.decode)]
            {
                rows.add(("stt", format!("— {stage}, median")), (median(values), "ms", Better::Less), (None, None));
            }
        }
        let (ours, theirs) = (self.ours.all_errors(), self.theirs.all_errors());
        if ours.words > 0 {
            let compared = theirs.words > 0;
            let metric = format!("{label}: word error rate, {} words", ours.words);
            let rate = compared.then(|| theirs.rate() * 100.0);
            rows.add(("stt", metric), (ours.rate() * 100.0, "%", Better::Less), (None, rate));
            let count = compared.then_some(theirs.errors as f64);
            rows.add(("stt", "— words wrong"), (ours.errors as f64, "", Better::Less), (None, count));
        }
        if let Some((low, high)) = difference_by_chance(&self.ours.errors, &self.theirs.errors) {
            // In points of the error rate; with zero in between, neither is known to be better.
            let points = (ours.rate() - theirs.rate()) * 100.0;
            let metric = format!("— difference; 95 % interval {:+.1} to {:+.1}", low * 100.0, high * 100.0);
            rows.add(("stt", metric), (points, "points", Better::Less), (None, None));
        }
    }
}

/// Texts made of sound that nobody speaks in: given to the recognizer as it is, and by way of voice activity and the end
/// of turn, as in a turn.
fn speechless(
    ours: &mut dyn SpeechToText,
    parts: &dyn Parts,
    settings: &Settings,
    rows: &mut Rows<'_>,
) -> anyhow::Result<()> {
    let pieces = sounds::pieces(60.0 * SPEECHLESS_MINUTES);
    let texts = texts_of_all(ours, &pieces)?;
    rows.add(
        ("stt", format!("texts from {SPEECHLESS_MINUTES:.0} min without speech, each piece given whole")),
        (texts, "", Better::Less),
        (Some(0.0), None),
    );
    let texts = texts_of_turns(ours, &mut *parts.activity(settings)?, &pieces)?;
    rows.add(("stt", "the same through voice activity and end of turn"), (texts, "", Better::Less), (Some(0.0), None));
    Ok(())
}

/// How many of the pieces become a text when the recognizer is given all of them.
fn texts_of_all(ours: &mut dyn SpeechToText, pieces: &[(&str, Vec<f32>)]) -> anyhow::Result<f64> {
    let mut texts = 0.0;
    for (name, piece) in pieces {
        let heard = ours.transcribe(piece, &Cancel::new())?;
        if !heard.text.is_empty() {
            texts += 1.0;
            eprintln!(
                "jarvis: {name} ({:.1} s) became \"{}\": log probability {:.2}, no speech {:.2}.",
                heard.seconds, heard.text, heard.average_log_probability, heard.no_speech_probability
            );
        }
    }
    Ok(texts)
}

/// How many texts there are when only what voice activity takes for a turn is recognized.
fn texts_of_turns(
    ours: &mut dyn SpeechToText,
    activity: &mut dyn Vad,
    pieces: &[(&str, Vec<f32>)],
) -> anyhow::Result<f64> {
    let mut endpointer = Endpointer::new(EndpointOptions::default());
    let mut frame = AudioFrame::silence(0);
    let mut texts = 0.0;
    let now = Instant::now();
    for (name, piece) in pieces {
        for samples in piece.chunks_exact(FRAME_SAMPLES) {
            frame.samples.copy_from_slice(samples);
            frame.index += 1;
            if !endpointer.is_active() {
                endpointer.begin_toggle();
            }
            let probability = activity.process(&frame)?;
            let heard = now + AudioFrame::DURATION * frame.index as u32;
            if let Some(EndpointEvent::SpeechEnd(utterance) | EndpointEvent::TooLong(utterance)) =
                endpointer.process(&frame, probability, heard)
            {
                let heard = ours.transcribe(&utterance.samples, &Cancel::new())?;
                if !heard.text.is_empty() {
                    texts += 1.0;
                    eprintln!("jarvis: {name} became \"{}\" in a turn.", heard.text);
                }
            }
        }
    }
    Ok(texts)
}

/// Requests in the installed voice.
fn read_out(parts: &dyn Parts, settings: &Settings) -> anyhow::Result<Vec<Utterance>> {
    let mut voice = parts.voice(settings)?;
    let read = |text: &str| Ok(Utterance { samples: spoken(&mut *voice, text)?, said: Some(text.to_owned()) });
    REQUESTS.into_iter().map(read).collect()
}

/// faster-whisper with the weights as they were published, which the cache keeps.
fn faster_whisper(paths: &Paths, settings: &Settings) -> anyhow::Result<Option<Baseline>> {
    let model = &settings.recognition.model;
    let catalog = Catalog::builtin().as_published();
    if catalog.model(model).is_err() {
        return Ok(None);
    }
    let store = Store::new(paths.cache_dir().join("models-as-published"));
    if Baseline::is_installed(paths) {
        store.pull(&catalog, std::slice::from_ref(model), &mut (), &Cancel::new())?;
    }
    let folder = store.models_dir().join(model);
    let script = include_str!("stt.py");
    Baseline::start(paths, script, &[folder.as_os_str(), OsStr::new("2")])
}

#[cfg(test)]
mod tests {
    use super::*;
    use jarvis_engine::load::Installed;

    #[test]
    fn minutes_without_speech_have_no_text() {
        let parts = Installed::new(&Paths::discover().unwrap());
        let settings = Settings::default();
        let installed = "the default models are installed: run `make models`";
        let mut recognizer = parts.recognizer(&settings).expect(installed);
        let mut activity = parts.activity(&settings).expect(installed);
        // Each kind of sound at each loudness.
        let pieces = sounds::pieces(180.0);
        assert_eq!(texts_of_all(&mut *recognizer, &pieces).unwrap(), 0.0);
        assert_eq!(texts_of_turns(&mut *recognizer, &mut *activity, &pieces).unwrap(), 0.0);
    }
}
