//! `jarvis generate`: continues a prompt with the language model.

use crate::output::Output;
use jarvis_core::{Cancel, GenerateOptions, LanguageModel, Message, Prompt, Role};
use serde::Serialize;
use std::io::{self, Write};
use std::time::Instant;

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
}

/// One line of the contract.
#[derive(Debug, Serialize)]
struct Generated<'a> {
    text: &'a str,
    prompt_tokens: usize,
    cached_tokens: usize,
    generated_tokens: usize,
    dropped_messages: usize,
    stop_reason: jarvis_core::StopReason,
    timings_ms: Timings,
    tokens_per_second: Speed,
}

#[derive(Debug, Serialize)]
struct Timings {
    load: f64,
    prefill: f64,
    first_token: f64,
    total: f64,
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
    let model = args.model.as_deref().unwrap_or(&settings.mind.model);
    let file = jarvis_engine::load::language_model_file(model, &jarvis_models::Store::new(paths.models_dir()))?;
    let options = GenerateOptions {
        max_tokens: args.max_tokens.unwrap_or(settings.mind.max_tokens as usize),
        temperature: args.temperature.unwrap_or(settings.mind.temperature),
        ..GenerateOptions::default()
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
