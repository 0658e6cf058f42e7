//! Whisper with its real weights: right words from real speech, none from anything else, and damage refused by name.

use super::*;
use crate::stt::score::word_errors;
use crate::testing::{model, noise, recording};
use std::cell::Cell;
use std::fs;
use std::path::PathBuf;

const SECOND: usize = SAMPLE_RATE as usize;

fn whisper() -> Whisper {
    Whisper::load(&model("whisper-tiny.en"), &Options { compute: Compute::Processor, ..Options::default() }).unwrap()
}

fn transcribe(samples: &[f32]) -> Transcript {
    whisper().transcribe(samples, &Cancel::new()).unwrap()
}

/// From LibriVox, read by a person; in the public domain.
const READ: [(&str, &str); 2] = [
    (
        "sense-and-sensibility-0920",
        "had he married a more amiable woman he might have been made still more respectable than he was",
    ),
    ("sense-and-sensibility-0930", "he might even have been made amiable himself"),
];

#[test]
fn what_a_person_reads_is_recognized() {
    let mut whisper = whisper();
    whisper.warm_up().unwrap();
    for (name, said) in READ {
        let samples = recording(name);
        let heard = whisper.transcribe(&samples, &Cancel::new()).unwrap();
        assert_eq!(word_errors(said, &heard.text).errors, 0, "{}", heard.text);
        assert_eq!(heard.language.as_deref(), Some("en"));
        assert!(heard.average_log_probability > -0.5 && heard.no_speech_probability < 0.3, "{heard:?}");
        assert!((heard.seconds - samples.len() as f32 / 16_000.0).abs() < 1e-3);
        assert!(heard.timings_ms.total >= heard.timings_ms.encode + heard.timings_ms.decode);
        assert_eq!(heard.text.trim(), heard.text);
        // The same sound gives the same words.
        assert_eq!(whisper.transcribe(&samples, &Cancel::new()).unwrap().text, heard.text);
    }
}

/// What is said to an assistant that talks too long.
const EXPECTED: [&str; 5] = ["Stop.", "Stop talking.", "Be quiet.", "Cancel.", "Never mind."];

#[test]
fn an_expected_phrase_is_known_without_its_beginning_and_in_noise() {
    let mut whisper = whisper();
    let mut misheard = Vec::new();
    for (name, phrase) in [
        ("stop-cut-100", "Stop."),
        ("stop-cut-200", "Stop."),
        ("stop-talking-cut-100", "Stop talking."),
        ("be-quiet-cut-100", "Be quiet."),
        ("cancel-noisy", "Cancel."),
    ] {
        let samples = recording(name);
        let freely = whisper.transcribe(&samples, &Cancel::new()).unwrap().text;
        if word_errors(phrase, &freely).errors > 0 {
            misheard.push(freely);
        }
        let heard = whisper.transcribe_expecting(&samples, &EXPECTED, &Cancel::new()).unwrap();
        assert_eq!(heard.text, phrase, "{name}");
    }
    assert!(misheard.len() >= 2, "too easy: they are known without being expected: {misheard:?}");
}

#[test]
fn expecting_a_phrase_hides_no_other() {
    let mut whisper = whisper();
    for name in [
        "what-time-is-it-cut-100",
        "who-is-that-noisy",
        "top-ten-songs-noisy",
        "hey-jarvis-what-time-is-it",
        "sense-and-sensibility-0930",
    ] {
        let samples = recording(name);
        let freely = whisper.transcribe(&samples, &Cancel::new()).unwrap().text;
        let heard = whisper.transcribe_expecting(&samples, &EXPECTED, &Cancel::new()).unwrap();
        assert_eq!(heard.text, freely, "{name}");
    }
    for sound in [Vec::new(), vec![0.0; SECOND], noise(0.05, SECOND), noise(0.5, SECOND / 2)] {
        assert_eq!(whisper.transcribe_expecting(&sound, &EXPECTED, &Cancel::new()).unwrap().text, "");
    }
    let read = whisper.transcribe_expecting(&recording(READ[1].0), &["", "...", "\u{1F600}"], &Cancel::new()).unwrap();
    assert_eq!(word_errors(READ[1].1, &read.text).errors, 0);
}

#[test]
fn phrases_are_split_as_the_model_was_taught() {
    let vocabulary = whisper().vocabulary;
    // As tiktoken's and Hugging Face's tokenizers give them.
    assert_eq!(vocabulary.tokens(" He might"), [679, 1244]);
    for text in [" Stop", " Be quiet", " Never mind", " Stop talking"] {
        assert_eq!(vocabulary.tokens(text).len(), text.split(' ').count() - 1, "{text}");
    }
}

#[test]
fn silence_noise_and_clicks_give_no_text() {
    let mut whisper = whisper();
    let mut click = noise(0.0005, 2 * SECOND);
    click[SECOND..SECOND + SECOND / 5].copy_from_slice(&noise(0.5, SECOND / 5));
    let ringing = |i: usize| 0.6 * (-(i as f32) / 400.0).exp() * (i as f32 * 0.9).sin();
    let rumble: Vec<f32> = noise(1.0, 4 * SECOND)
        .iter()
        .scan(0.0, |state, sample| {
            *state = 0.98 * *state + 0.05 * sample;
            Some(*state)
        })
        .collect();
    let hum: Vec<f32> =
        (0..3 * SECOND).map(|i| 0.2 * (i as f32 * 50.0 * std::f32::consts::TAU / 16_000.0).sin()).collect();
    let cases: [(&str, Vec<f32>); 11] = [
        ("nothing", Vec::new()),
        ("one sample", vec![0.5]),
        ("digital silence", vec![0.0; 3 * SECOND]),
        ("a constant", vec![0.3; 2 * SECOND]),
        ("faint noise", noise(0.002, 4 * SECOND)),
        ("noise", noise(0.05, 3 * SECOND)),
        ("loud noise", noise(0.5, 2 * SECOND)),
        ("a burst of 0.2 s", click),
        ("a click of 0.2 s", (0..SECOND / 5).map(ringing).collect()),
        ("rumble", rumble),
        ("hum", hum),
    ];
    for (name, samples) in cases {
        let heard = whisper.transcribe(&samples, &Cancel::new()).unwrap();
        assert_eq!(heard.text, "", "{name}: {heard:?}");
    }
}

#[test]
fn values_that_are_not_sound_do_no_harm() {
    let mut samples = recording("sense-and-sensibility-0930");
    samples[1000] = f32::NAN;
    samples[2000] = f32::INFINITY;
    transcribe(&samples);
    transcribe(&[f32::NAN; 20_000]);
    transcribe(&[f32::MAX; 20_000]);
}

#[test]
fn the_cache_changes_nothing() {
    let mut whisper = whisper();
    let samples = recording("sense-and-sensibility-0930");
    let context = Context::of(samples.len(), whisper.config.max_source_positions);
    whisper.listen(&samples, &context, &mut TranscriptTimings::default(), &Cancel::new()).unwrap();
    let tokens: Vec<u32> = vec![50257, 50362, 679, 1244, 772, 423, 587, 925, 716, 3481, 2241, 13];

    let (mut at_once, mut stepwise) = (Vec::new(), Vec::new());
    let rows: Vec<u32> = (0..tokens.len() as u32).collect();
    whisper.decoder.step(&tokens).unwrap();
    whisper.decoder.logits(&rows, &mut at_once).unwrap();
    // In pieces of different lengths, and after a rewind.
    whisper.decoder.rewind(0);
    let mut one = Vec::new();
    for piece in [&tokens[..2], &tokens[2..3], &tokens[3..4], &tokens[4..9], &tokens[9..10], &tokens[10..]] {
        whisper.decoder.step(piece).unwrap();
        whisper.decoder.logits(&rows[..piece.len()], &mut one).unwrap();
        stepwise.extend_from_slice(&one);
    }
    assert_eq!(at_once.len(), tokens.len() * whisper.config.vocab_size);
    assert_eq!(at_once.len(), stepwise.len());
    for (i, (a, b)) in at_once.iter().zip(&stepwise).enumerate() {
        assert!((a - b).abs() < 2e-3, "logit {i}: {a} at once, {b} step by step");
    }
}

#[test]
fn the_tokens_kept_back_are_those_of_whisper() {
    // `suppress_tokens` as published with tiny.en, less the signs.
    let published = [
        1, 2, 7, 8, 9, 10, 14, 25, 26, 27, 28, 29, 31, 58, 59, 60, 61, 62, 63, 90, 91, 92, 93, 357, 366, 438, 532, 685,
        705, 796, 930, 1058, 1220, 1267, 1279, 1303, 1343, 1377, 1391, 1635, 1782, 1875, 2162, 2361, 2488, 3467, 4008,
        4211, 4600, 4808, 5299, 5855, 6329, 7203, 9609, 9959, 10563, 10786, 11420, 11709, 11907, 13163, 13697, 13700,
        14808, 15306, 16410, 16791, 17992, 19203, 19510, 20724, 22305, 22935, 27007, 30109, 30420, 33409, 34949, 40283,
        40493, 40549, 47282, 49146,
    ];
    let vocabulary = whisper().vocabulary;
    assert_eq!(vocabulary.suppressed, published);
    assert_eq!((vocabulary.end, vocabulary.start, vocabulary.space), (50256, 50257, 220));
    assert_eq!((vocabulary.no_speech, vocabulary.no_timestamps), (50361, 50362));
    assert_eq!(vocabulary.text(&[679, 1244, 772, 50256]), " He might even");
}

#[test]
fn a_long_recording_keeps_its_words_in_little_memory() {
    // Readings with pauses between, for a minute and a half, in pieces of a second.
    let mut whole = Vec::new();
    let mut said = String::new();
    while whole.len() < 90 * SECOND {
        for (name, words) in READ {
            whole.extend(recording(name));
            whole.extend(noise(0.0005, SECOND / 2));
            said = format!("{said} {words}");
        }
    }
    let mut pieces = whole.chunks(SECOND);
    let most = Cell::new(0);
    let mut read = |out: &mut Vec<f32>| {
        let piece = pieces.next();
        out.extend_from_slice(piece.unwrap_or_default());
        most.set(most.get().max(out.len()));
        Ok(piece.is_some())
    };
    let heard = whisper().transcribe_stream(&mut read, &Cancel::new()).unwrap();
    assert!(most.get() <= MAX_SAMPLES + 2 * SECOND, "{}", most.get());
    let errors = word_errors(&said, &heard.text);
    assert!(errors.rate() < 0.06, "{errors:?}: {}", heard.text);
    assert!((heard.seconds - whole.len() as f32 / 16_000.0).abs() < 0.01);
}

#[test]
fn a_reader_that_fails_ends_the_recording() {
    let broken = jarvis_core::Error::new("audio.truncated", "The file ends early.", "");
    let error = whisper().transcribe_stream(&mut |_| Err(broken.clone()), &Cancel::new()).unwrap_err();
    assert_eq!(error, broken);
}

#[test]
fn a_raised_flag_ends_the_work() {
    let mut whisper = whisper();
    let mut samples = recording("sense-and-sensibility-0920");
    samples.resize(29 * SECOND, 0.0);
    let cancel = Cancel::new();
    cancel.cancel();
    assert!(whisper.transcribe(&samples, &cancel).unwrap_err().is_cancelled());
    for after_ms in [20, 120, 400] {
        let cancel = Cancel::new();
        let began = Instant::now();
        let result = std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(std::time::Duration::from_millis(after_ms));
                cancel.cancel();
            });
            whisper.transcribe(&samples, &cancel)
        });
        // On a very fast machine it may be done first.
        assert!(result.is_ok() || result.unwrap_err().is_cancelled());
        println!("cancelled after {after_ms} ms, ended after {:?}", began.elapsed());
    }
    // And the next call is none the worse for it.
    let heard = whisper.transcribe(&recording(READ[1].0), &Cancel::new()).unwrap();
    assert_eq!(word_errors(READ[1].1, &heard.text).errors, 0, "{}", heard.text);
}

/// A folder of its own with the model's files, of which `change` makes something else.
struct Damaged(PathBuf);

impl Damaged {
    fn new(name: &str, change: impl FnOnce(&Path)) -> Self {
        let folder = std::env::temp_dir().join(format!("jarvis-whisper-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for file in ["model.safetensors", "tokenizer.json", "config.json"] {
            fs::copy(model("whisper-tiny.en").join(file), folder.join(file)).unwrap();
        }
        change(&folder);
        Self(folder)
    }

    fn refusal(&self) -> jarvis_core::Error {
        Whisper::load(&self.0, &Options::default()).err().expect("a damaged model is refused")
    }
}

impl Drop for Damaged {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// Changes the table of contents of `model.safetensors`, keeping its length.
fn change_header(folder: &Path, from: &str, to: &str) {
    assert_eq!(from.len(), to.len());
    let path = folder.join("model.safetensors");
    let mut bytes = fs::read(&path).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header = String::from_utf8(bytes[8..8 + length].to_vec()).unwrap();
    assert!(header.contains(from), "{from} is not in the table of contents");
    bytes[8..8 + length].copy_from_slice(header.replacen(from, to, 1).as_bytes());
    fs::write(&path, bytes).unwrap();
}

#[test]
fn damage_is_refused_by_name() {
    let cut = |file: &'static str, length: u64| {
        move |folder: &Path| fs::File::options().write(true).open(folder.join(file)).unwrap().set_len(length).unwrap()
    };
    let write =
        |file: &'static str, text: &'static [u8]| move |folder: &Path| fs::write(folder.join(file), text).unwrap();
    let config = |from: &'static str, to: &'static str| {
        move |folder: &Path| {
            let path = folder.join("config.json");
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.contains(from));
            fs::write(path, text.replacen(from, to, 1)).unwrap();
        }
    };
    type Change = Box<dyn FnOnce(&Path)>;
    let cases: Vec<(&str, Change, &str)> = vec![
        ("cut", Box::new(cut("model.safetensors", 1_000_000)), "model.safetensors"),
        ("empty", Box::new(cut("model.safetensors", 0)), "empty"),
        ("short", Box::new(cut("model.safetensors", 7)), "model.safetensors"),
        ("huge-header", Box::new(write("model.safetensors", &[0xFF; 64])), "model.safetensors"),
        ("no-json", Box::new(write("model.safetensors", b"\x04\0\0\0\0\0\0\0nope")), "model.safetensors"),
        ("no-tensors", Box::new(write("model.safetensors", b"\x02\0\0\0\0\0\0\0{}")), "model.encoder"),
        (
            "renamed",
            Box::new(|f: &Path| {
                change_header(f, "model.decoder.layers.2.fc1.weight", "model.decoder.layers.2.fc1.wEIGHT")
            }),
            "model.decoder.layers.2.fc1.weight",
        ),
        ("type", Box::new(|f: &Path| change_header(f, "\"F16\"", "\"I16\"")), "I16"),
        ("config-cut", Box::new(cut("config.json", 20)), "config.json"),
        ("config-width", Box::new(config("\"d_model\": 384", "\"d_model\": 768")), "model.encoder"),
        ("config-huge", Box::new(config("\"d_model\": 384", "\"d_model\": 384000000000")), "d_model"),
        ("config-layers", Box::new(config("\"decoder_layers\": 4", "\"decoder_layers\": 5")), "model.decoder.layers.4"),
        ("tokenizer-cut", Box::new(cut("tokenizer.json", 100_000)), "tokenizer.json"),
        ("tokenizer-list", Box::new(write("tokenizer.json", b"[1, 2]")), "tokenizer.json"),
        (
            "tokenizer-bare",
            Box::new(write("tokenizer.json", b"{\"added_tokens\":[],\"model\":{\"vocab\":{}}}")),
            "<|endoftext|>",
        ),
    ];
    for (name, change, named) in cases {
        let error = Damaged::new(name, change).refusal();
        assert_eq!(error.code, "stt.model_damaged", "{name}: {error:?}");
        assert!(error.message.contains(named), "{name}: {}", error.message);
        assert!(error.hint.contains("jarvis models"), "{name}: {}", error.hint);
    }
    let missing = Damaged::new("missing", |folder| fs::remove_file(folder.join("tokenizer.json")).unwrap()).refusal();
    assert_eq!(missing.code, "stt.model_missing");
    assert!(missing.message.contains("tokenizer.json"), "{}", missing.message);
}

#[test]
fn an_english_model_refuses_other_languages() {
    let load = |language: &str| {
        let options = Options { languages: languages(language), ..Options::default() };
        Whisper::load(&model("whisper-tiny.en"), &options)
    };
    assert!(!load("en").unwrap().is_multilingual());
    // Who speaks English among others may use it; who does not, may not.
    assert!(load("de, en").is_ok());
    let error = load("de").err().unwrap();
    assert_eq!(error.code, "stt.language");
    assert!(error.message.contains("\"de\""));
    assert!(check_languages(&model("whisper-tiny.en"), &languages("en")).is_ok());
    let error = jarvis_core::Error::from(check_languages(&model("whisper-tiny.en"), &languages("de")).unwrap_err());
    assert!(error.hint.contains("whisper-base"), "{error:?}");
}

#[test]
fn languages_are_chosen_among_those_that_the_model_knows() {
    let known: Vec<(String, u32)> =
        ["en", "de", "haw"].iter().zip(7..).map(|(c, token)| ((*c).into(), token)).collect();
    let chosen =
        |list: &str| spoken(&languages(list), &known).map(|all| all.iter().map(|one| one.1).collect::<Vec<_>>());
    assert_eq!(chosen("").unwrap(), [7, 8, 9]);
    assert_eq!(chosen(" DE ").unwrap(), [8]);
    assert_eq!(chosen("haw, en").unwrap(), [9, 7]);
    assert!(matches!(chosen("en, xx"), Err(SttError::Language { language, .. }) if language == "xx"));
    assert!(spoken(&[], &[]).unwrap().is_empty());
}

#[test]
fn work_runs_on_as_many_threads_as_asked_for() {
    assert!(pool(0).is_none());
    for count in [1, 3] {
        assert_eq!(on(pool(count), rayon::current_num_threads), count);
    }
}

#[test]
fn silence_in_stretches_is_heard_like_all_of_it() {
    let mut whisper = whisper();
    let all = whisper.config.max_source_positions;
    let tokens: Vec<u32> = vec![50257, 50362, 679, 1244, 772, 423, 587, 925, 716, 3481, 2241, 13];
    let samples = recording("sense-and-sensibility-0930");
    let rows: Vec<u32> = (1..tokens.len() as u32).collect();
    let mut hear = |context: Context| {
        let mut logits = Vec::new();
        whisper.listen(&samples, &context, &mut TranscriptTimings::default(), &Cancel::new()).unwrap();
        whisper.decoder.step(&tokens).unwrap();
        whisper.decoder.logits(&rows, &mut logits).unwrap();
        logits
    };
    let (stretches, whole) = (hear(Context::of(samples.len(), all)), hear(Context::whole(all)));
    let size = whisper.config.vocab_size;
    for (stretches, whole) in stretches.chunks_exact(size).zip(whole.chunks_exact(size)) {
        let (likeliest, best) = (kernels::argmax(stretches), kernels::argmax(whole));
        assert!(whole[best as usize] - whole[likeliest as usize] < 0.5, "{likeliest} in place of {best}");
    }
}
