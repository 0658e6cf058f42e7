//! Recognition: how long after the end of speech the text is there, how right it is, and that it is nothing where nobody
//! spoke. faster-whisper with the same weights hears the same sound in the same run, where it is installed.

use super::baseline::{Baseline, Sound};
use super::{Better, Rows, median, ms, p95, sounds, spoken};
use jarvis_audio::wav;
use jarvis_core::{AudioFrame, Cancel, FRAME_SAMPLES, SAMPLE_RATE, SpeechToText};
use jarvis_engine::load::Parts;
use jarvis_models::{Catalog, Store};
use jarvis_settings::{Paths, Settings};
use jarvis_speech::endpoint::{EndpointEvent, EndpointOptions, Endpointer};
use jarvis_speech::stt::score::{WordErrors, word_errors};
use serde::Deserialize;
use serde_json::json;
use std::ffi::OsStr;
use std::path::Path;
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

/// Where Debian's `pocketsphinx-testdata` puts recordings of people.
const RECORDINGS: &str = "/usr/share/pocketsphinx/test/data";

/// Minutes of sound without speech.
const SPEECHLESS_MINUTES: f32 = 10.0;

/// Sound and, where it is known, what is said in it.
struct Utterance {
    samples: Vec<f32>,
    said: Option<String>,
    /// A person's, not a voice's.
    real: bool,
}

/// What faster-whisper answers.
#[derive(Deserialize)]
struct Answer {
    text: String,
    ms: f64,
}

/// Measures recognition; `given` are recordings to use in place of our own.
pub(super) fn stt(
    parts: &dyn Parts,
    paths: &Paths,
    settings: &Settings,
    runs: usize,
    given: &[Vec<f32>],
    rows: &mut Rows<'_>,
) -> anyhow::Result<()> {
    let utterances = match given {
        [] => own(parts, settings)?,
        given => given.iter().map(|samples| Utterance { samples: samples.clone(), said: None, real: true }).collect(),
    };
    let mut theirs = faster_whisper(paths, settings)?;
    let mut ours = parts.recognizer(settings)?;
    ours.warm_up()?;
    race(&mut *ours, theirs.as_mut(), runs, &utterances, rows)?;
    drop(theirs);
    if given.is_empty() {
        speechless(&mut *ours, parts, settings, rows)?;
    }
    Ok(())
}

/// Both on each utterance, alternating who goes first.
fn race(
    ours: &mut dyn SpeechToText,
    mut theirs: Option<&mut Baseline>,
    runs: usize,
    utterances: &[Utterance],
    rows: &mut Rows<'_>,
) -> anyhow::Result<()> {
    let cancel = Cancel::new();
    let sounds = utterances.iter().map(|one| Sound::new(&one.samples)).collect::<anyhow::Result<Vec<_>>>()?;
    if let Some(theirs) = theirs.as_deref_mut() {
        // Its first call is slower than the others.
        theirs.ask::<Answer>(&json!({ "path": sounds[0].path() }))?;
    }
    let (mut our_ms, mut their_ms) = (Vec::new(), Vec::new());
    let (mut features, mut encode, mut decode) = (Vec::new(), Vec::new(), Vec::new());
    let (mut our_errors, mut their_errors) = (WordErrors::default(), WordErrors::default());
    for run in 0..runs {
        for (number, (utterance, sound)) in utterances.iter().zip(&sounds).enumerate() {
            let mut their_answer = |theirs: &mut Option<&mut Baseline>| -> anyhow::Result<()> {
                let Some(theirs) = theirs.as_deref_mut() else { return Ok(()) };
                let answer: Answer = theirs.ask(&json!({ "path": sound.path() }))?;
                their_ms.push(answer.ms);
                if let (0, true, Some(said)) = (run, utterance.real, &utterance.said) {
                    their_errors += word_errors(said, &answer.text);
                }
                Ok(())
            };
            let first = (run + number) % 2 == 0;
            if first {
                their_answer(&mut theirs)?;
            }
            let began = Instant::now();
            let heard = ours.transcribe(&utterance.samples, &cancel)?;
            our_ms.push(ms(began));
            features.push(heard.timings_ms.features);
            encode.push(heard.timings_ms.encode);
            decode.push(heard.timings_ms.decode);
            if let (0, true, Some(said)) = (run, utterance.real, &utterance.said) {
                our_errors += word_errors(said, &heard.text);
            }
            if !first {
                their_answer(&mut theirs)?;
            }
        }
    }
    let program = theirs.map(|theirs| theirs.program().to_owned());
    if let Some(program) = program {
        eprintln!("jarvis: the baseline of recognition is {program}, two threads, greedy, on the same weights.");
    }
    let seconds = |one: &Utterance| one.samples.len() as f32 / SAMPLE_RATE as f32;
    let (shortest, longest) =
        utterances.iter().map(seconds).fold((f32::MAX, 0.0f32), |(low, high), s| (low.min(s), high.max(s)));
    let of = format!("{} utterances of {shortest:.1} to {longest:.1} s", utterances.len());
    let any = |values: &mut Vec<f64>, of: fn(&mut [f64]) -> f64| (!values.is_empty()).then(|| of(values));
    rows.add(
        ("stt", format!("{of}, median")),
        (median(&mut our_ms), "ms", Better::Less),
        (Some(150.0), any(&mut their_ms, median)),
    );
    rows.add(
        ("stt", "95th percentile"),
        (p95(&mut our_ms), "ms", Better::Less),
        (Some(250.0), any(&mut their_ms, p95)),
    );
    for (stage, values) in [("features", &mut features), ("encoder", &mut encode), ("decoder", &mut decode)] {
        rows.add(("stt", format!("— {stage}, median")), (median(values), "ms", Better::Less), (None, None));
    }
    if our_errors.words > 0 {
        rows.add(
            ("stt", format!("word error rate, {} words by people", our_errors.words)),
            (our_errors.rate() * 100.0, "%", Better::Less),
            (None, (their_errors.words > 0).then(|| their_errors.rate() * 100.0)),
        );
    }
    Ok(())
}

/// Texts made of sound that nobody speaks in: given to the recognizer as it is, and by way of voice activity and the end
/// of turn, as in a turn.
fn speechless(
    ours: &mut dyn SpeechToText,
    parts: &dyn Parts,
    settings: &Settings,
    rows: &mut Rows<'_>,
) -> anyhow::Result<()> {
    let cancel = Cancel::new();
    let pieces = sounds::pieces(60.0 * SPEECHLESS_MINUTES);
    let mut texts = 0;
    for (name, piece) in &pieces {
        let heard = ours.transcribe(piece, &cancel)?;
        if !heard.text.is_empty() {
            texts += 1;
            eprintln!("jarvis: {name} ({:.1} s) became \"{}\".", heard.seconds, heard.text);
        }
    }
    rows.add(
        ("stt", format!("texts from {SPEECHLESS_MINUTES:.0} min without speech, each piece given whole")),
        (f64::from(texts), "", Better::Less),
        (Some(0.0), None),
    );

    let mut activity = parts.activity(settings)?;
    let mut endpointer = Endpointer::new(EndpointOptions::default());
    let mut frame = AudioFrame::silence(0);
    let mut texts = 0;
    let now = Instant::now();
    for (name, piece) in &pieces {
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
                let heard = ours.transcribe(&utterance.samples, &cancel)?;
                if !heard.text.is_empty() {
                    texts += 1;
                    eprintln!("jarvis: {name} became \"{}\" in a turn.", heard.text);
                }
            }
        }
    }
    rows.add(
        ("stt", "the same through voice activity and end of turn"),
        (f64::from(texts), "", Better::Less),
        (Some(0.0), None),
    );
    Ok(())
}

/// Requests in the installed voice and, where they are installed, recordings of people.
fn own(parts: &dyn Parts, settings: &Settings) -> anyhow::Result<Vec<Utterance>> {
    let mut voice = parts.voice(settings)?;
    let mut out = Vec::new();
    for text in REQUESTS {
        let samples = spoken(&mut *voice, text)?;
        out.push(Utterance { samples, said: Some(text.to_owned()), real: false });
    }
    let people = people(Path::new(RECORDINGS))?;
    if people.is_empty() {
        eprintln!("jarvis: no recordings of people; `make bench` brings them on Debian and Ubuntu.");
    }
    out.extend(people);
    Ok(out)
}

/// The recordings with a transcript below `folder`; none if it is not there.
fn people(folder: &Path) -> anyhow::Result<Vec<Utterance>> {
    let mut out = Vec::new();
    for (part, transcript) in [("librivox", "transcription"), ("cards", "cards.transcription")] {
        let part = folder.join(part);
        let Ok(lines) = std::fs::read_to_string(part.join(transcript)) else { continue };
        for (said, name) in lines.lines().filter_map(transcribed) {
            let samples = wav::read(part.join(name).with_extension("wav"))?;
            out.push(Utterance { samples, said: Some(said.to_owned()), real: true });
        }
    }
    Ok(out)
}

/// The words and the file's name of a line of a transcript in Sphinx's format: `<s> words </s> (name)`.
fn transcribed(line: &str) -> Option<(&str, &str)> {
    let (said, name) = line.trim().strip_suffix(')')?.rsplit_once('(')?;
    let said = said.trim().trim_start_matches("<s>").trim_end_matches("</s>").trim();
    Some((said, name))
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
    let language = if model.ends_with(".en") { "en" } else { "" };
    let script = include_str!("stt.py");
    Baseline::start(paths, script, &[folder.as_os_str(), OsStr::new("2"), OsStr::new(language)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transcript_names_words_and_file() {
        assert_eq!(transcribed("<s> ten of clubs  </s> (001)"), Some(("ten of clubs", "001")));
        assert_eq!(transcribed("five (a-b)\n"), Some(("five", "a-b")));
        assert_eq!(transcribed("no name"), None);
    }
}
