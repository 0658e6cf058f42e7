//! Asks a model some questions: `cargo run --release -p jarvis-llm --example chat FILE [SYSTEM [QUESTION ANSWER]..] < questions`.
//! `TEMPERATURE`, `TOP_K`, `TOP_P` and `PENALTY` in the environment set the sampling.

use jarvis_core::{Cancel, GenerateOptions, LanguageModel, Message, Prompt, Role};
use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let file = args.next().ok_or("which model file?")?;
    let mut model = jarvis_llm::GgufModel::load(file.as_ref(), &jarvis_llm::LoadOptions::default())?;
    let roles = std::iter::once(Role::System).chain([Role::User, Role::Assistant].into_iter().cycle());
    let beginning: Vec<Message> = roles.zip(args).map(|(role, text)| Message::new(role, text)).collect();
    let number = |name: &str, default: f32| std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default);
    let options = GenerateOptions {
        max_tokens: 96,
        temperature: number("TEMPERATURE", 0.0),
        top_k: number("TOP_K", 40.0) as usize,
        top_p: number("TOP_P", 0.95),
        repetition_penalty: number("PENALTY", 1.1),
        ..Default::default()
    };
    model.warm_up(&beginning)?;
    for question in std::io::stdin().lines() {
        let question = question?;
        let mut messages = beginning.clone();
        messages.push(Message::new(Role::User, question.as_str()));
        println!("> {question}");
        let made = model.generate(&Prompt::Chat(messages), &options, &Cancel::new(), &mut |text| {
            print!("{text}");
            let _ = std::io::stdout().flush();
        })?;
        println!(
            "\n  [{} + {} tokens, {} known, first {:.0} ms, {:.0} tokens/s, {:?}]",
            made.prompt_tokens,
            made.generated_tokens,
            made.cached_tokens,
            made.timings_ms.first_token,
            (made.generated_tokens as f64 - 1.0) / (made.timings_ms.total - made.timings_ms.first_token) * 1e3,
            made.stop_reason
        );
    }
    Ok(())
}
