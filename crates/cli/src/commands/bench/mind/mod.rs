//! How good answers are: a small evaluation of the language model with the standing instructions, and of answers about the
//! text of a page, scored by rules.
//!
//! Every other task is for tuning; the rest was kept apart, and only it says what was reached. Greedy, so that a model
//! always gets the same score. Never cuts an answer as a voice turn does: what a model would say is what counts.

mod pages;
mod tasks;

use super::{Better, Rows, median};
use jarvis_assistant::conversation::Conversation;
use jarvis_assistant::{Router, bench, skills};
use jarvis_core::{Cancel, Constraint, GenerateOptions, LanguageModel, Message, Prompt, Role};
use std::time::Instant;
use tasks::{Kind, TASKS, TOOL_NAMES, TOOLS, Task};

/// Tokens that an answer may have: four times what two sentences need.
const MAX_TOKENS: usize = 120;

/// What can be said about the evaluation.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Standing instructions to try in place of the own ones (`mind`).
    #[arg(long, value_name = "TEXT")]
    instructions: Option<String>,
    /// Show every answer (`mind`), on standard error.
    #[arg(long)]
    answers: bool,
    /// Only the questions about pages that answers are worked on with, and not those about pages that are kept apart (`mind`).
    #[arg(long)]
    tuned: bool,
    /// Only the questions about pages of this list (`mind`); can be repeated.
    #[arg(long, value_name = "NAME", value_parser = jarvis_assistant::bench::LISTS.map(|(name, _)| name))]
    list: Vec<String>,
}

/// Asks all questions and adds the rows.
pub(super) fn run(
    mut model: Box<dyn LanguageModel>,
    settings: &jarvis_settings::Mind,
    options: &Options,
    rows: &mut Rows<'_>,
) -> anyhow::Result<()> {
    if options.list.is_empty() {
        tasks(model.as_mut(), options, rows)?;
        unseen(model.as_mut(), rows)?;
    }
    pages::run(model, settings, options, rows)
}

/// Who is to answer what is asked where nothing was seen, with the judgement of `model` if it can tell, and by rules.
fn unseen(model: &mut dyn LanguageModel, rows: &mut Rows<'_>) -> anyhow::Result<()> {
    let all = bench::unseen();
    let mut parts: Vec<&str> = all.iter().map(|asked| asked.part).collect();
    parts.dedup();
    let (mut times, mut is_judged) = (Vec::new(), false);
    for part in parts {
        for (is_of_world, what) in
            [(false, "what only the user knows, not made up"), (true, "what everybody knows, answered")]
        {
            let of_part = all.iter().filter(|asked| asked.part == part && asked.is_of_world() == is_of_world);
            let (mut right, mut count) = ([0.0, 0.0], 0.0);
            for asked in of_part {
                let router = Router::new(skills::all());
                let request = router.read(asked.text);
                let began = Instant::now();
                let judged = model.is_of_user(&Conversation::alone(&request.text), &Cancel::new())?;
                times.push(super::ms(began));
                is_judged |= judged.is_some();
                right[0] += f64::from(u8::from(asked.is_right(&router.route_judged(&request, &mut || judged))));
                right[1] += f64::from(u8::from(asked.is_right(&router.route_request(&request))));
                count += 1.0;
            }
            if count > 0.0 {
                for (right, by) in right.iter().zip(["with the model", "by rules alone"]).skip(usize::from(!is_judged))
                {
                    let metric = format!("{what}, {by}, {part}");
                    rows.add(("unseen", metric), (right * 100.0 / count, "%", Better::More), (None, None));
                }
            }
        }
    }
    if is_judged {
        rows.add(("unseen", "judging a question"), (median(&mut times), "ms", Better::Less), (None, None));
    }
    Ok(())
}

fn tasks(model: &mut dyn LanguageModel, options: &Options, rows: &mut Rows<'_>) -> anyhow::Result<()> {
    let own = jarvis_assistant::conversation::SYSTEM_PROMPT;
    let system = Message::new(Role::System, options.instructions.as_deref().unwrap_or(own));
    model.warm_up(std::slice::from_ref(&system))?;
    let mut done = Vec::new();
    let (mut lengths, mut times) = (Vec::new(), Vec::new());
    for task in &TASKS {
        let began = Instant::now();
        let answer = answer(model, &system, task)?;
        times.push(super::ms(began));
        let is_done = task.is_done_by(&answer);
        if options.answers {
            eprintln!("{} {:?}: {} -> {answer:?}", if is_done { "+" } else { "-" }, task.kind, task.ask);
        }
        if task.kind == Kind::Brevity {
            lengths.push(answer.split_whitespace().count() as f64);
        }
        done.push(is_done);
    }
    for (half, name) in [(1, "kept apart"), (0, "tuned on")] {
        let share = |kind: Option<Kind>| {
            let of_half = TASKS.iter().zip(&done).skip(half).step_by(2);
            let of_kind: Vec<bool> =
                of_half.filter(|(task, _)| kind.is_none_or(|kind| kind == task.kind)).map(|(_, done)| *done).collect();
            of_kind.iter().filter(|done| **done).count() as f64 * 100.0 / of_kind.len().max(1) as f64
        };
        for kind in Kind::ALL {
            let metric = format!("{}, {name}", kind.name());
            rows.add(("mind", metric), (share(Some(kind)), "%", Better::More), (None, None));
        }
        rows.add(("mind", format!("all tasks, {name}")), (share(None), "%", Better::More), (None, None));
    }
    rows.add(("mind", "words of an open answer"), (median(&mut lengths), "words", Better::Less), (None, None));
    rows.add(("mind", "time of an answer"), (median(&mut times), "ms", Better::Less), (None, None));
    Ok(())
}

fn answer(model: &mut dyn LanguageModel, system: &Message, task: &Task) -> jarvis_core::Result<String> {
    let is_tool = task.kind == Kind::Tools;
    let ask = if is_tool { format!("{TOOLS}{}", task.ask) } else { task.ask.to_owned() };
    let options = GenerateOptions {
        max_tokens: MAX_TOKENS,
        temperature: 0.0,
        repetition_penalty: if is_tool { 1.0 } else { jarvis_assistant::mind::REPETITION_PENALTY },
        constraint: is_tool.then(|| Constraint::Regex(TOOL_NAMES.into())),
        ..GenerateOptions::default()
    };
    let prompt = Prompt::Chat(vec![system.clone(), Message::new(Role::User, ask)]);
    Ok(model.generate(&prompt, &options, &Cancel::new(), &mut |_| {})?.text)
}
