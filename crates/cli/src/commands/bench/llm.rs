//! The language model: how fast it reads and writes beside llama.cpp on the same file, how soon a question has its first
//! words, what it needs, and whether its scores are right.
//!
//! llama.cpp is built into this program only with the feature `llama-cpp`. Files in other precisions are made from the
//! installed one, and the large one from random weights, in a temporary folder.

use super::graphics;
#[cfg(feature = "llama-cpp")]
use super::llama_cpp;
use super::page_cache;
use super::{Better, Rows, median};
use jarvis_core::{Cancel, Constraint, GenerateOptions, LanguageModel, Message, Prompt, Role};
use jarvis_engine::language_wanted;
use jarvis_engine::load::{Loading, Parts, language_model_file};
use jarvis_llm::bench::{self, Agreement, Ours, Runner, Shape, Speed};
use jarvis_llm::{GgufModel, LoadOptions};
use jarvis_models::Store;
use jarvis_settings::{Paths, Settings};
use std::path::Path;
use std::time::Instant;

/// Both sides compute with as many.
const THREADS: usize = 2;
/// Tokens that are made after each prompt.
const GENERATED: usize = 32;
/// Turns that weights and the same as floats take in each round.
const TURNS: usize = 5;
/// Positions that scores are compared at.
const POSITIONS: usize = 500;
/// What they are compared on.
const TEXT: &str = include_str!("../../../../../docs/architecture.md");

/// A form with free text, bounded numbers, a choice and a list.
const FORM: &str = r#"{"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0, "maximum": 130}, "mood": {"enum": ["happy", "sad", "angry"]}, "hobbies": {"type": "array", "items": {"type": "string"}, "maxItems": 3}}, "required": ["name", "age", "mood", "hobbies"]}"#;

/// What was measured on a file, with llama.cpp's figures where it is built in.
struct Compared {
    ours: Vec<Speed>,
    theirs: Option<Vec<Speed>>,
    agreement: Option<Agreement>,
}

/// All rows.
pub(super) fn llm(
    parts: &dyn Parts,
    settings: &Settings,
    paths: &Paths,
    runs: usize,
    rows: &mut Rows<'_>,
) -> anyhow::Result<()> {
    if !cfg!(feature = "llama-cpp") {
        eprintln!("jarvis: no baseline, since llama.cpp is not built in; docs/performance.md says how to build it.");
    }
    let rounds = runs.clamp(1, 2);
    let store = Store::new(paths.models_dir());
    let file = language_model_file(&language_wanted(settings, &store), &store)?;
    // First of all: later there is memory that was given back and is used again.
    footprint(&file, rows)?;
    loads(&file, runs, rows)?;
    questions(parts, settings, runs, rows)?;
    forms(parts, settings, runs, rows)?;

    std::fs::create_dir_all(paths.cache_dir())?;
    let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(paths.cache_dir())?;
    let made = |name: &str| folder.path().join(format!("{name}.gguf"));
    let weights = bench::weight_type(&file)?;
    speeds(&file, &weights, rounds, rows)?;
    if weights != "Q4_0" {
        bench::convert(&file, &made("Q4_0"), "Q4_0")?;
        speeds(&made("Q4_0"), "Q4_0", rounds, rows)?;
        std::fs::remove_file(made("Q4_0"))?;
    }

    bench::convert(&file, &made("F32"), "F32")?;
    floats(&file, &made("F32"), rounds, &weights, rows)?;
    let tokens = bench::tokens(&file, TEXT)?;
    let tokens = &tokens[..tokens.len().min(POSITIONS)];
    // Beside the same weights as floats, which take activations as they are: what is left is their rounding.
    exactness(&file, &made("F32"), tokens, &weights, rows)?;
    bench::convert(&file, &made("Q8_0"), "Q8_0")?;
    bench::convert(&made("Q8_0"), &made("F32"), "F32")?;
    exactness(&made("Q8_0"), &made("F32"), tokens, "Q8_0", rows)?;
    std::fs::remove_file(made("F32"))?;
    std::fs::remove_file(made("Q8_0"))?;
    if let Some(found) = compare(&file, POSITIONS + 64, &[], 0, tokens)?.agreement {
        agreement(found, &format!("{weights}, here and in llama.cpp"), rows);
    }

    bench::synthetic(&made("1B"), Shape::ONE_BILLION)?;
    if settings.performance.gpu_enabled {
        let files = [(file.as_path(), weights.as_str()), (&made("1B"), "1.1B, Q4_0")];
        graphics::rows(&files, &tokens[..tokens.len().min(100)], rounds, rows)?;
    }
    let large = compare(&made("1B"), 256, &[(128, GENERATED / 2)], rounds.min(2), &[])?;
    let [ours, theirs] = [Some(&large.ours), large.theirs.as_ref()].map(|speeds| speeds.map(|speeds| speeds[0]));
    let ours = ours.unwrap_or_default();
    for (what, value, baseline) in [
        ("1.1B, Q4_0: reading a prompt of 128", ours.reading, theirs.map(|speed| speed.reading)),
        ("1.1B, Q4_0: generating after 128", ours.generating, theirs.map(|speed| speed.generating)),
    ] {
        rows.add(("llm", what), (value, "tok/s", Better::More), (None, baseline));
    }
    Ok(())
}

pub(super) fn options(context_length: usize) -> LoadOptions {
    LoadOptions { context_length, threads: THREADS, ..LoadOptions::default() }
}

/// A question of about 20 tokens after what is known already.
fn questions(parts: &dyn Parts, settings: &Settings, runs: usize, rows: &mut Rows<'_>) -> anyhow::Result<()> {
    let mut model = parts.language_model(settings, &Loading::default())?;
    let system = Message::new(Role::System, jarvis_assistant::conversation::SYSTEM_PROMPT);
    // All that a copy of it on disk could save, and only at the start.
    let began = Instant::now();
    model.warm_up(std::slice::from_ref(&system))?;
    let once = super::ms(began);
    rows.add(("llm", "reading the standing instructions, once"), (once, "ms", Better::Less), (None, None));
    let options = GenerateOptions { max_tokens: 12, temperature: 0.0, ..GenerateOptions::default() };
    let (mut first_tokens, mut first_words, mut new) = (vec![], vec![], 0);
    for run in 0..runs {
        let question = format!("Please give me {} good reasons to learn how to sail.", run + 2);
        let prompt = Prompt::Chat(vec![system.clone(), Message::new(Role::User, question)]);
        let (began, mut text, mut three) = (Instant::now(), String::new(), None);
        let made = model.generate(&prompt, &options, &Cancel::new(), &mut |piece| {
            text.push_str(piece);
            // The third word is whole when the fourth begins.
            if text.split_whitespace().count() > 3 {
                three.get_or_insert(super::ms(began));
            }
        })?;
        first_tokens.push(made.timings_ms.first_token);
        first_words.push(three.unwrap_or(made.timings_ms.total));
        new = made.prompt_tokens - made.cached_tokens;
    }
    let name = |what: &str| format!("{what}, {new} new tokens");
    rows.add(("llm", name("first token")), (median(&mut first_tokens), "ms", Better::Less), (Some(60.0), None));
    rows.add(("llm", name("first three words")), (median(&mut first_words), "ms", Better::Less), (Some(150.0), None));
    Ok(())
}

/// What it costs to hold an answer to a JSON Schema.
fn forms(parts: &dyn Parts, settings: &Settings, runs: usize, rows: &mut Rows<'_>) -> anyhow::Result<()> {
    let mut model = parts.language_model(settings, &Loading::default())?;
    let prompt = Prompt::Chat(vec![Message::new(Role::User, "Describe a person called Anna, in JSON.")]);
    let options = GenerateOptions {
        max_tokens: 64,
        repetition_penalty: 1.0,
        constraint: Some(Constraint::JsonSchema(FORM.into())),
        ..GenerateOptions::default()
    };
    let (mut first, mut setups, mut tokens) = (None, vec![], vec![]);
    for _ in 0..runs {
        let made = model.generate(&prompt, &options, &Cancel::new(), &mut |_| {})?;
        let timings = made.timings_ms;
        match first {
            // Then the model's tokens are put in order.
            None => first = Some(timings.constraint_setup),
            Some(_) => setups.push(timings.constraint_setup),
        }
        tokens.push(timings.constraint * 1e3 / made.generated_tokens.max(1) as f64);
    }
    let setup = if setups.is_empty() { first.unwrap_or_default() } else { median(&mut setups) };
    let first = first.unwrap_or_default();
    rows.add(("llm", "JSON by schema: before the first answer"), (first, "ms", Better::Less), (None, None));
    rows.add(("llm", "JSON by schema: before each other"), (setup, "ms", Better::Less), (None, None));
    rows.add(("llm", "JSON by schema: each token"), (median(&mut tokens), "us", Better::Less), (None, None));
    Ok(())
}

/// Memory that the installed model takes.
fn footprint(file: &Path, rows: &mut Rows<'_>) -> anyhow::Result<()> {
    let before = resident();
    let mut model = GgufModel::load(file, &LoadOptions::default())?;
    // Some of it is only taken when it is used.
    model.warm_up(&[Message::new(Role::System, jarvis_assistant::conversation::SYSTEM_PROMPT)])?;
    if let (Some(before), Some(after)) = (before, resident()) {
        let megabytes = (after.saturating_sub(before)) as f64 / 1e6;
        let target = std::fs::metadata(file)?.len() as f64 / 1e6 + 40.0;
        rows.add(("llm", "resident memory"), (megabytes, "MB", Better::Less), (Some(target), None));
    }
    Ok(())
}

/// Time that it takes to load the installed model: its file in memory from the time before, and read anew from the disk.
fn loads(file: &Path, runs: usize, rows: &mut Rows<'_>) -> anyhow::Result<()> {
    let runs = runs.max(5);
    let load = || -> anyhow::Result<f64> {
        let began = Instant::now();
        let _model = GgufModel::load(file, &LoadOptions::default())?;
        Ok(super::ms(began))
    };
    let mut warm = (0..runs).map(|_| load()).collect::<anyhow::Result<Vec<_>>>()?;
    let name = "load, the file in the page cache";
    rows.add(("llm", name), (median(&mut warm), "ms", Better::Less), (Some(150.0), None));
    let mut cold = vec![];
    for _ in 0..runs {
        let kept = page_cache::forget(file)?;
        if kept.is_none_or(|kept| kept > 0.01) {
            eprintln!(
                "jarvis: the system keeps {} in memory, so how soon it is read from the disk is not known.",
                file.display()
            );
            return Ok(());
        }
        cold.push(load()?);
    }
    let name = "load, the file taken out of the page cache";
    rows.add(("llm", name), (median(&mut cold), "ms", Better::Less), (Some(150.0), None));
    Ok(())
}

/// Bytes of this process that are in memory, where the system says it.
pub(super) fn resident() -> Option<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    // SAFETY: asks for a number and has no conditions.
    let size = u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).ok()?;
    Some(pages.split(' ').nth(1)?.parse::<u64>().ok()? * size)
}

/// How many times as fast as the same weights as floats, in `exact`, those in `file` generate: the median of turns, each in
/// memory of its own, since not all memory of a shared machine is equally fast, nor at all times. How far apart its cores
/// were meanwhile is a row of its own, since a virtual machine's may be anywhere.
fn floats(file: &Path, exact: &Path, rounds: usize, weights: &str, rows: &mut Rows<'_>) -> anyhow::Result<()> {
    let mut distances = Vec::new();
    let turn = |_| -> anyhow::Result<f64> {
        distances.push(bench::distance().as_nanos() as f64);
        let (mut ours, mut single) =
            (Ours::load(file, &options(256), false)?, Ours::load(exact, &options(256), false)?);
        let vocabulary = ours.vocabulary();
        let found = bench::speeds(&mut [&mut ours, &mut single], vocabulary, (128, GENERATED), 2)?;
        Ok(found[0].generating / found[1].generating)
    };
    let mut ratios = (0..TURNS * rounds).map(turn).collect::<anyhow::Result<Vec<_>>>()?;
    let name = format!("generating, {weights} over f32 weights");
    rows.add(("llm", name), (median(&mut ratios), "times", Better::More), (Some(5.0), None));
    let name = "meanwhile, a word from one core to another";
    rows.add(("llm", name), (median(&mut distances), "ns", Better::Less), (None, None));
    Ok(())
}

/// Reading and generating on one file.
fn speeds(file: &Path, weights: &str, rounds: usize, rows: &mut Rows<'_>) -> anyhow::Result<()> {
    let lengths = [(128, GENERATED), (512, 0), (1024, GENERATED)];
    let compared = compare(file, 1024 + GENERATED, &lengths, rounds, &[])?;
    for (index, (length, generated)) in lengths.into_iter().enumerate() {
        let ours = compared.ours[index];
        let theirs = compared.theirs.as_ref().map(|theirs| theirs[index]);
        if length < 1024 {
            let name = format!("{weights}: reading a prompt of {length}");
            rows.add(("llm", name), (ours.reading, "tok/s", Better::More), (None, theirs.map(|speed| speed.reading)));
        }
        if generated > 0 {
            let name = format!("{weights}: generating after {length}");
            let target = (length == 128).then_some(180.0);
            let baseline = theirs.map(|speed| speed.generating);
            rows.add(("llm", name), (ours.generating, "tok/s", Better::More), (target, baseline));
        }
    }
    Ok(())
}

/// Compares the scores of the weights in `file` with those of the same weights as floats, in `exact`, after each of `tokens`.
fn exactness(file: &Path, exact: &Path, tokens: &[u32], weights: &str, rows: &mut Rows<'_>) -> anyhow::Result<()> {
    let options = options(POSITIONS + 64);
    let (mut ours, mut single) = (Ours::load(file, &options, false)?, Ours::load(exact, &options, false)?);
    let found = bench::agreement(&mut ours, &mut single, tokens)?;
    agreement(found, &format!("{weights} and the same in f32"), rows);
    Ok(())
}

fn agreement(found: Agreement, what: &str, rows: &mut Rows<'_>) {
    let name = format!("scores of {what}: least cosine");
    rows.add(("llm", name), (found.least_cosine * 1000.0, "/1000", Better::More), (Some(999.0), None));
    let name = format!("scores of {what}: mean cosine");
    rows.add(("llm", name), (found.mean_cosine * 1000.0, "/1000", Better::More), (Some(999.0), None));
    let name = format!("scores of {what}: same best token");
    rows.add(("llm", name), (found.same_top * 100.0, "%", Better::More), (Some(98.0), None));
}

/// Measures a file beside llama.cpp, and compares their scores after each of `tokens`.
fn compare(
    file: &Path,
    context: usize,
    lengths: &[(usize, usize)],
    rounds: usize,
    tokens: &[u32],
) -> anyhow::Result<Compared> {
    let mut ours = Ours::load(file, &options(context.max(64)), false)?;
    let vocabulary = ours.vocabulary();
    let measure = |runners: &mut [&mut dyn Runner]| -> jarvis_core::Result<Vec<Vec<Speed>>> {
        lengths.iter().map(|sizes| bench::speeds(runners, vocabulary, *sizes, rounds)).collect()
    };
    let of = |measured: &[Vec<Speed>], runner: usize| measured.iter().map(|speeds| speeds[runner]).collect();
    #[cfg(feature = "llama-cpp")]
    return llama_cpp::with(file, context.max(64), THREADS, |theirs| {
        let measured = measure(&mut [&mut ours, &mut *theirs])?;
        let agreement = match tokens.is_empty() {
            true => None,
            false => Some(bench::agreement(&mut ours, theirs, tokens)?),
        };
        Ok(Compared { ours: of(&measured, 0), theirs: Some(of(&measured, 1)), agreement })
    });
    #[cfg(not(feature = "llama-cpp"))]
    {
        let _ = tokens;
        let measured = measure(&mut [&mut ours])?;
        Ok(Compared { ours: of(&measured, 0), theirs: None, agreement: None })
    }
}
