//! One model at a time. A baseline is what else runs the same file here, measured in the same run, or there is none.

use super::{Better, Rows, median};
use jarvis_core::{Cancel, GenerateOptions, Message, Prompt, Role};
use jarvis_engine::load::Parts;
use jarvis_models::Store;
use jarvis_settings::{Paths, Settings};

/// A question to the language model, with what it keeps between turns and without.
pub(super) fn llm(
    parts: &dyn Parts,
    settings: &Settings,
    paths: &Paths,
    runs: usize,
    rows: &mut Rows<'_>,
) -> anyhow::Result<()> {
    let mut model = parts.language_model(settings)?;
    let system = Message::new(Role::System, jarvis_assistant::conversation::SYSTEM_PROMPT);
    model.warm_up(std::slice::from_ref(&system))?;
    let options = GenerateOptions { max_tokens: 1, temperature: 0.0, ..GenerateOptions::default() };
    let mut first = vec![];
    for run in 0..runs {
        let question = format!("Give me {} reasons to learn how to sail.", run + 2);
        let prompt = Prompt::Chat(vec![system.clone(), Message::new(Role::User, question)]);
        first.push(model.generate(&prompt, &options, &Cancel::new(), &mut |_| {})?.timings_ms.first_token);
    }
    rows.add(("llm", "first token of a short question"), (median(&mut first), "ms", Better::Less), (Some(300.0), None));
    drop(model);

    let file = Store::new(paths.models_dir()).folder(&settings.mind.model)?.join("model.gguf");
    let options = jarvis_llm::BenchOptions { rounds: runs.clamp(1, 3), ..Default::default() };
    for row in jarvis_llm::bench(&file, &options)? {
        let better = if row.unit == "tokens/s" { Better::More } else { Better::Less };
        rows.add(("llm", row.metric), (row.value, row.unit, better), (row.target, row.baseline));
    }
    Ok(())
}
