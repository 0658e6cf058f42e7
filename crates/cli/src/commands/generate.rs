//! `jarvis generate`: continues a prompt with the language model.

use crate::output::Output;
use jarvis_core::{Cancel, Constraint, GenerateOptions, LanguageModel, Message, Prompt, Role, StopReason};
use serde::Serialize;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Bytes of a schema that are read: a little more than the model takes, so that it is the one to refuse.
const MAX_SCHEMA: u64 = 300 << 10;

/// What can be said to `jarvis generate`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to say to the model.
    #[arg(long, value_name = "TEXT")]
    prompt: String,
    /// An installed model's ID, or the path of a GGUF file; the settings' model if not given.
    #[arg(long, value_name = "ID|PATH")]
    model: Option<String>,
    /// The most tokens to make, 1 to 4096; the settings' number if not given.
    #[arg(long, value_name = "N")]
    max_tokens: Option<usize>,
    /// 0 always takes the likeliest token; up to 2. The settings' number if not given.
    #[arg(long, value_name = "T", allow_negative_numbers = true)]
    temperature: Option<f32>,
    /// Continue the text as it is, without the model's chat template.
    #[arg(long)]
    raw: bool,
    /// The answer is JSON that the JSON Schema in this file allows; `-` reads it from standard input.
    #[arg(long, value_name = "FILE|-")]
    json_schema: Option<PathBuf>,
    /// The answer is text that this regular expression matches as a whole.
    #[arg(long, value_name = "EXPRESSION", conflicts_with = "json_schema")]
    regex: Option<String>,
}

impl Args {
    fn constraint(&self) -> anyhow::Result<Option<Constraint>> {
        match (&self.json_schema, &self.regex) {
            (Some(file), _) => Ok(Some(Constraint::JsonSchema(schema(file)?))),
            (None, Some(expression)) => Ok(Some(Constraint::Regex(expression.clone()))),
            (None, None) => Ok(None),
        }
    }
}

fn schema(file: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    let read = match file.as_os_str() == "-" {
        true => io::stdin().lock().take(MAX_SCHEMA).read_to_string(&mut text),
        false => std::fs::File::open(file).and_then(|file| file.take(MAX_SCHEMA).read_to_string(&mut text)),
    };
    let refused = |error: io::Error| {
        let message = format!("The schema {} can't be read: {error}.", file.display());
        jarvis_core::Error::new(
            "generate.unreadable_schema",
            message,
            "Give a text file, or `-` and the schema after it.",
        )
    };
    read.map_err(refused)?;
    Ok(text)
}

/// One line of the contract.
#[derive(Debug, Serialize)]
struct Generated<'a> {
    text: &'a str,
    prompt_tokens: usize,
    cached_tokens: usize,
    generated_tokens: usize,
    dropped_messages: usize,
    stop_reason: StopReason,
    timings_ms: Timings,
    tokens_per_second: Speed,
}

#[derive(Debug, Serialize)]
struct Timings {
    load: f64,
    prefill: f64,
    first_token: f64,
    total: f64,
    /// Parts of the total that the answer's form took: before the first token, and over all tokens.
    constraint_setup: f64,
    constraint: f64,
}

#[derive(Debug, Serialize)]
struct Speed {
    prefill: f64,
    generate: f64,
}

/// Runs the command.
pub fn run(args: Args, output: &Output) -> anyhow::Result<()> {
    let paths = jarvis_settings::Paths::discover()?;
    let settings = jarvis_settings::Settings::load(&paths)?;
    let store = jarvis_models::Store::new(paths.models_dir());
    let model = args.model.clone().unwrap_or_else(|| jarvis_engine::language_wanted(&settings, &store));
    let file = jarvis_engine::load::language_model_file(&model, &store)?;
    let constraint = args.constraint()?;
    let defaults = GenerateOptions::default();
    let options = GenerateOptions {
        max_tokens: args.max_tokens.unwrap_or(settings.mind.max_tokens as usize),
        temperature: args.temperature.unwrap_or(settings.mind.temperature),
        // A form asks for the same quotes and commas again and again.
        repetition_penalty: if constraint.is_some() { 1.0 } else { defaults.repetition_penalty },
        constraint,
        ..defaults
    };

    let started = Instant::now();
    let mut model = jarvis_llm::GgufModel::load(&file, &jarvis_llm::LoadOptions::default())?;
    let load = started.elapsed().as_secs_f64() * 1e3;
    let prompt = match args.raw {
        true => Prompt::Raw(args.prompt),
        false => Prompt::Chat(vec![Message::new(Role::User, args.prompt)]),
    };
    // A person reads along; a script gets one object at the end.
    let cancel = Cancel::new();
    let stream = !output.is_json();
    let mut show = |piece: &str| {
        let mut out = io::stdout().lock();
        if stream && out.write_all(piece.as_bytes()).and_then(|()| out.flush()).is_err() {
            cancel.cancel();
        }
    };
    let generation = model.generate(&prompt, &options, &cancel, &mut show)?;
    if stream {
        writeln!(io::stdout()).ok();
        if options.constraint.is_some() && generation.stop_reason == StopReason::Length {
            eprintln!("jarvis: the answer was ended at the limit of {} tokens.", options.max_tokens);
        }
        return Ok(());
    }
    let timings = generation.timings_ms;
    let per_second = |tokens: usize, ms: f64| if ms > 0.0 { tokens as f64 / ms * 1e3 } else { 0.0 };
    output.result(
        &Generated {
            text: &generation.text,
            prompt_tokens: generation.prompt_tokens,
            cached_tokens: generation.cached_tokens,
            generated_tokens: generation.generated_tokens,
            dropped_messages: generation.dropped_messages,
            stop_reason: generation.stop_reason,
            timings_ms: Timings {
                load,
                prefill: timings.prefill,
                first_token: timings.first_token,
                total: timings.total,
                constraint_setup: timings.constraint_setup,
                constraint: timings.constraint,
            },
            tokens_per_second: Speed {
                prefill: per_second(generation.prompt_tokens - generation.cached_tokens, timings.prefill),
                // The first token comes with the prompt; the others took the time after it.
                generate: per_second(
                    generation.generated_tokens.saturating_sub(1),
                    timings.total - timings.first_token,
                ),
            },
        },
        String::new,
    );
    Ok(())
}
