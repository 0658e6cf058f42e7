//! Questions about a page's text, the whole way that they go in the program: rules, and the language model for the rest.
//!
//! Owns the counting and the rows; pages, questions and judgement are the assistant's (`jarvis_assistant::bench`). A model is
//! asked as users ask it, page by page, so that what it knows of a page serves the next question.

use super::super::{Better, Rows, median};
use super::Options;
use jarvis_assistant::bench::{Page, Verdict, pages};
use jarvis_assistant::{Mind, MindOptions, Piece, Router, skills};
use jarvis_core::{Cancel, Eyes, HostAction, LanguageModel, Look, ScreenTarget, ScreenText, SystemClock};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// Eyes that see the page that was put before them.
struct Shown(Arc<Mutex<ScreenText>>);

impl Eyes for Shown {
    fn look(&mut self, _look: &Look, _cancel: &Cancel) -> jarvis_core::Result<ScreenText> {
        Ok(self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone())
    }
}

/// What came of a question.
struct Outcome {
    list: &'static str,
    is_tuned: bool,
    verdict: Option<Verdict>,
    /// The language model was asked.
    is_models: bool,
}

/// Milliseconds from the question to the first clause of the model's answer.
#[derive(Default)]
struct FirstWords {
    /// The first question about a page that the model was asked.
    page_new: Vec<f64>,
    /// Those after it.
    page_known: Vec<f64>,
}

/// Asks everything of the lists that `options` name and adds the rows.
pub(super) fn run(
    model: Box<dyn LanguageModel>,
    settings: &jarvis_settings::Mind,
    options: &Options,
    rows: &mut Rows<'_>,
) -> anyhow::Result<()> {
    let is_wanted = |page: &Page| options.list.is_empty() || options.list.iter().any(|list| list == page.list);
    let is_wanted = |page: &Page| is_wanted(page) && (page.is_tuned || !options.tuned);
    let pages: Vec<Page> = pages().into_iter().filter(is_wanted).collect();
    let mut mind = Mind::new(Router::new(skills::all()), Arc::new(SystemClock), MindOptions::from(settings));
    let shown = Arc::new(Mutex::new(ScreenText::default()));
    mind.set_eyes(Box::new(Shown(Arc::clone(&shown))));
    mind.set_model(model);
    mind.warm_up()?;
    let (mut outcomes, mut first_words) = (Vec::new(), FirstWords::default());
    for page in &pages {
        *shown.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = page.screen.clone();
        outcomes.extend(ask_about(page, &mut mind, options, &mut first_words)?);
    }
    let mut lists: Vec<&str> = pages.iter().map(|page| page.list).collect();
    lists.dedup();
    let halves = lists.iter().flat_map(|list| [(*list, false), (*list, true)]);
    for (list, is_tuned) in halves.filter(|(_, is_tuned)| *is_tuned || !options.tuned) {
        let half = if is_tuned { "tuned" } else { "apart" };
        for (is_models, whose) in [(false, ""), (true, ", by the model")] {
            let judged = outcomes.iter().filter(|outcome| {
                outcome.list == list && outcome.is_tuned == is_tuned && (!is_models || outcome.is_models)
            });
            let verdicts: Vec<Verdict> = judged.filter_map(|outcome| outcome.verdict).collect();
            for (verdict, name, better) in [
                (Verdict::Right, "right", Better::More),
                (Verdict::Unanswered, "not answered", Better::Less),
                (Verdict::Wrong, "wrong", Better::Less),
            ] {
                let count = verdicts.iter().filter(|other| **other == verdict).count();
                let share = count as f64 * 100.0 / verdicts.len().max(1) as f64;
                let metric = format!("{list}, {half}{whose}: {name} of {}", verdicts.len());
                rows.add(("pages", metric), (share, "%", better), (None, None));
            }
        }
    }
    for (what, mut times) in [("a new page", first_words.page_new), ("a page known", first_words.page_known)] {
        if !times.is_empty() {
            let metric = format!("first words about {what}, {} times", times.len());
            rows.add(("pages", metric), (median(&mut times), "ms", Better::Less), (None, None));
        }
    }
    Ok(())
}

fn ask_about(
    page: &Page,
    mind: &mut Mind,
    options: &Options,
    first_words: &mut FirstWords,
) -> anyhow::Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    let mut is_known = false;
    for question in &page.questions {
        let (began, mut first, mut copied) = (Instant::now(), None, None);
        let asked =
            mind.answer_about(question.text, &ScreenTarget::ActiveWindow, &Cancel::new(), &mut |piece| match piece {
                Piece::Clause(_) => drop(first.get_or_insert_with(|| super::super::ms(began))),
                Piece::Action(HostAction::Copy { text }) => copied = Some(text),
                _ => {}
            });
        let (answer, _) = asked?;
        let is_models = answer.timings_ms.first_token.is_some();
        let verdict = question.judge(&answer.reply, copied.as_deref());
        if is_models && let Some(first) = first {
            let times = if is_known { &mut first_words.page_known } else { &mut first_words.page_new };
            times.push(first);
            is_known = true;
        }
        if options.answers {
            let said = copied.as_deref().unwrap_or(&answer.reply);
            let who = if is_models { "model" } else { "rules" };
            eprintln!("{verdict:?}, {who}: {}: {} -> {said:?}", page.name, question.text);
        }
        outcomes.push(Outcome { list: page.list, is_tuned: page.is_tuned, verdict, is_models });
    }
    Ok(outcomes)
}
