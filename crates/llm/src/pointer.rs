//! Which line of a page answers a question that was read behind it, by where a language model looks as it reads the question.
//!
//! Some heads fetch what is asked for from far back ("retrieval heads", Wu et al., arXiv 2404.15574), so that a small model that
//! can't put an answer into words has looked at it before it says the first one. Owns what was learned of each model's heads: a
//! weight for each, and how sure to be, from how clearly they point and from what the model makes of page and question (a linear
//! probe, as in [`crate::of_user`]). Learned by `cargo run --release -p jarvis-llm --example learn_pointer`. Never makes a word of
//! an answer: what is pointed at is quoted by who knows the page, or isn't.

use crate::error::{LlmError, Result};
use crate::gguf::Metadata;
use crate::llama::Pointing;
use crate::model::GgufModel;
use crate::of_user::{self, Linear, even, fingerprint};
use jarvis_core::{Cancel, Message, Pointed};
use serde::Deserialize;
use std::fmt::Write as _;
use std::ops::Range;

/// The models that there is a pointer of: `general.name`, layers, width and the pointer.
const KNOWN: [(&str, usize, usize, &str); 3] = [
    ("Smollm2 135M 8k Lc100K Mix1 Ep2", 30, 576, include_str!("pointer/smollm2-135m-instruct.txt")),
    ("Qwen2.5 Coder 0.5B Instruct AWQ", 24, 896, include_str!("pointer/qwen2.5-coder-0.5b-instruct.txt")),
    ("Qwen2.5 Coder 1.5B Instruct GGUF", 28, 1536, include_str!("pointer/qwen2.5-coder-1.5b-instruct.txt")),
];

/// What weights of heads cost against what they explain, when they are learned.
const HEAD_COST: f64 = 0.2;
/// Steps of that, and how far one goes.
const STEPS: usize = 400;
const STEP: f64 = 0.02;
/// Parts that the pages are cut into, so that how sure to be is learned of pages that the heads' weights were not learned of.
const FOLDS: usize = 5;

/// What was learned of one model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pointer {
    /// The fingerprint of the messages before the page that it was learned behind.
    beginning: u64,
    /// The layer, counted from 0, whose stream tells how sure to be.
    pub(crate) layer: usize,
    /// Two weights for each head: of the attention of the question's tokens, and of those behind it.
    heads: Vec<f32>,
    sure: Linear,
}

/// A question about a page, to learn from.
#[derive(Debug, Deserialize)]
struct Example {
    /// What page it is of: examples of one page are learned from together.
    page: String,
    content: String,
    lines: Vec<Range<usize>>,
    question: Range<usize>,
    /// The lines that answer it; none where nothing there does.
    answers: Vec<usize>,
}

/// What a model made of one question.
struct Look {
    /// By head and part, by line: the root of what part of its attention to the page goes there.
    shares: Vec<Vec<f32>>,
    /// By head and part: the root of what part of all its attention goes to the page.
    masses: Vec<f32>,
    stream: Vec<f32>,
}

impl Look {
    /// From the sums of [`Pointing::shares`].
    fn new(sums: &[f32], lines: usize, stream: Vec<f32>) -> Self {
        let masses: Vec<f32> = sums.chunks_exact(lines).map(|of_lines| of_lines.iter().sum()).collect();
        let share = |(of_lines, mass): (&[f32], &f32)| {
            of_lines.iter().map(|sum| (sum / (mass + 1e-6)).sqrt()).collect::<Vec<f32>>()
        };
        let shares = sums.chunks_exact(lines).zip(&masses).map(share).collect();
        Self { shares, masses: masses.iter().map(|mass| mass.sqrt()).collect(), stream }
    }

    /// How strongly each line is pointed at.
    fn scores(&self, heads: &[f32]) -> Vec<f32> {
        let mut scores = vec![0.0; self.shares.first().map_or(0, Vec::len)];
        for (shares, weight) in self.shares.iter().zip(heads) {
            scores.iter_mut().zip(shares).for_each(|(score, share)| *score += weight * share);
        }
        scores
    }

    /// The line that is pointed at most, and what tells how sure that is.
    fn best(&self, heads: &[f32]) -> (usize, Vec<f32>) {
        let scores = self.scores(heads);
        let line = (0..scores.len()).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap_or(0);
        let most = scores[line];
        let all: f32 = scores.iter().map(|score| (score - most).exp()).sum();
        let others = (0..scores.len()).filter(|other| *other != line).map(|other| scores[other]);
        let lead = (most - others.fold(most - 20.0, f32::max)).min(20.0);
        let scale = even(&self.stream);
        let clear = [-all.ln(), lead, (scores.len() as f32).ln()];
        let stream = self.stream.iter().map(|value| value * scale);
        (line, clear.into_iter().chain(self.masses.iter().copied()).chain(stream).collect())
    }
}

impl Pointer {
    /// The pointer of the model with this metadata and shape, if there is one.
    pub(crate) fn of(metadata: &Metadata, layers: usize, width: usize) -> Option<Self> {
        let name = metadata.text("general.name").ok().flatten().unwrap_or_default();
        let known = KNOWN.iter().find(|known| (known.0, known.1, known.2) == (name, layers, width));
        let is_of_shape = |pointer: &Self| {
            pointer.layer == of_user::layer_to_watch(layers)
                && pointer.sure.weights.len() == 3 + pointer.heads.len() + width
        };
        known.and_then(|(.., text)| Self::read(text)).filter(is_of_shape)
    }

    /// Reads what [`Self::write`] wrote.
    fn read(text: &str) -> Option<Self> {
        let mut words = text.strip_prefix("after ")?.split_whitespace();
        let beginning = u64::from_str_radix(words.next()?, 16).ok()?;
        let (layer, heads): (usize, usize) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let bias = words.next()?.parse().ok()?;
        let mut numbers: Vec<f32> = words.map(str::parse).collect::<std::result::Result<_, _>>().ok()?;
        if numbers.len() < heads {
            return None;
        }
        let weights = numbers.split_off(heads);
        Some(Self { beginning, layer, heads: numbers, sure: Linear { bias, weights } })
    }

    /// The fingerprint of the beginning; the layer, the count of the first weights and the bias; then the weights of the heads and
    /// those of how sure to be, eight a line.
    fn write(&self) -> String {
        let mut text =
            format!("after {:016x}\n{} {} {}\n", self.beginning, self.layer, self.heads.len(), self.sure.bias);
        for weights in [&self.heads, &self.sure.weights] {
            for line in weights.chunks(8) {
                let line: Vec<String> = line.iter().map(|weight| format!("{weight:.4}")).collect();
                let _ = writeln!(text, "{}", line.join(" "));
            }
        }
        text
    }
}

/// The models whose pointers were learned behind another beginning than this one, so that they point at nothing behind it.
pub fn unpointed_after(beginning: &[Message]) -> Vec<&'static str> {
    let is_other = |text: &str| Pointer::read(text).is_none_or(|pointer| pointer.beginning != fingerprint(beginning));
    KNOWN.iter().filter(|(.., text)| is_other(text)).map(|(name, ..)| *name).collect()
}

impl GgufModel {
    /// See [`jarvis_core::LanguageModel::point`].
    pub(crate) fn pointed(
        &mut self,
        prompt: &[Message],
        lines: &[Range<usize>],
        question: Range<usize>,
        cancel: &Cancel,
    ) -> Result<Option<Pointed>> {
        let Some((_, beginning)) = prompt.split_last() else { return Ok(None) };
        let is_learned = |pointer: &Pointer| pointer.beginning == fingerprint(beginning);
        if lines.is_empty() || !self.pointer.as_ref().is_some_and(is_learned) {
            return Ok(None);
        }
        let look = self.look(prompt, lines, question, cancel);
        // Who asks where to look goes on without being told.
        let look = look.inspect_err(|error| tracing::debug!(%error, "where a question points can't be told"))?;
        Ok(self.pointer.as_ref().zip(look).map(|(pointer, look)| {
            let (line, clear) = look.best(&pointer.heads);
            let likely = pointer.sure.likely(&clear);
            tracing::debug!(line, of = lines.len(), likely, "pointed");
            Pointed { line, likely }
        }))
    }

    /// Where the tokens of the question look; none when `cancel` was raised, the prompt is too long, or this pass can't tell.
    fn look(
        &mut self,
        prompt: &[Message],
        lines: &[Range<usize>],
        question: Range<usize>,
        cancel: &Cancel,
    ) -> Result<Option<Look>> {
        let Some((ids, starts)) = self.encode_with_places(prompt)? else { return Ok(None) };
        if ids.len() > self.prompt_limit(1) {
            return Ok(None);
        }
        let place = |bytes: &Range<usize>| {
            let first = starts.partition_point(|start| *start < bytes.start);
            first..starts.partition_point(|start| *start < bytes.end).max(first)
        };
        let asked = place(&question);
        if asked.is_empty() {
            return Ok(None);
        }
        let parts = [asked.clone(), asked.end..ids.len()];
        let heads = vec![(0..self.llama.heads()).collect(); self.llama.layers()];
        // What was asked before is asked again: only as it is read can be seen where it looks.
        let known = self.read.iter().zip(&ids).take_while(|(one, other)| one == other).count();
        self.forget_after(known.min(asked.start));
        if !self.llama.point(Pointing::new(heads, lines.iter().map(place).collect(), parts)) {
            return Ok(None);
        }
        let read = self.prefill(&ids, cancel);
        let sums = self.llama.pointed();
        let (_, complete) = read?;
        let (Some(sums), true, Some(stream)) = (sums, complete, self.llama.watched()?) else { return Ok(None) };
        Ok(Some(Look::new(&sums, lines.len(), stream)))
    }

    /// Learns the pointer of this model behind `beginning` from `examples`, a line of JSON each, and writes it as a file of
    /// `pointer/`. Of the questions that have an answer, gives how many were pointed at rightly by heads that were learned from other
    /// pages, and how many there are.
    ///
    /// # Errors
    /// The engine failed, or an example is none.
    pub fn learn_pointer(
        &mut self,
        beginning: &[Message],
        examples: &str,
    ) -> jarvis_core::Result<(String, usize, usize)> {
        let layer = of_user::layer_to_watch(self.llama.layers());
        self.llama.watch(layer);
        let mut looks: Vec<(Look, Vec<usize>, usize)> = Vec::new();
        let mut pages: Vec<String> = Vec::new();
        for line in examples.lines() {
            let Example { page, content, lines, question, answers } =
                serde_json::from_str(line).map_err(LlmError::engine)?;
            let at = pages.iter().position(|known| *known == page).unwrap_or_else(|| {
                pages.push(page);
                pages.len() - 1
            });
            let prompt = [beginning, &[Message::new(jarvis_core::Role::User, content)]].concat();
            if let Some(look) = self.look(&prompt, &lines, question, &Cancel::new())? {
                looks.push((look, answers, at));
            }
        }
        let (mut rows, mut labels) = (Vec::new(), Vec::new());
        let (mut right, mut answered) = (0, 0);
        for fold in 0..FOLDS {
            let others = looks.iter().filter(|(.., page)| page % FOLDS != fold);
            let heads = learn_heads(others.map(|(look, answers, _)| (look, &answers[..])));
            for (look, answers, _) in looks.iter().filter(|(.., page)| page % FOLDS == fold) {
                let (line, clear) = look.best(&heads);
                rows.push(clear.into_iter().map(f64::from).collect());
                labels.push(f64::from(u8::from(answers.contains(&line))));
                right += usize::from(answers.contains(&line));
                answered += usize::from(!answers.is_empty());
            }
        }
        let heads = learn_heads(looks.iter().map(|(look, answers, _)| (look, &answers[..])));
        let sure = of_user::learn(&rows, &labels);
        let pointer = Pointer { beginning: fingerprint(beginning), layer, heads, sure };
        Ok((pointer.write(), right, answered))
    }
}

/// Weights of heads and parts that make the lines likely that answer (softmax regression over the lines of a page), kept small; by
/// Adam (arXiv 1412.6980) over all questions at once.
fn learn_heads<'a>(looks: impl Iterator<Item = (&'a Look, &'a [usize])>) -> Vec<f32> {
    let looks: Vec<(&Look, &[usize])> = looks.filter(|(_, answers)| !answers.is_empty()).collect();
    let width = looks.first().map_or(0, |(look, _)| look.shares.len());
    let count = looks.len().max(1) as f64;
    let spread = |at: usize| {
        let all = || looks.iter().flat_map(|(look, _)| look.shares[at].iter().map(|share| f64::from(*share)));
        let mean = all().sum::<f64>() / all().count().max(1) as f64;
        (all().map(|share| (share - mean).powi(2)).sum::<f64>() / all().count().max(1) as f64).sqrt().max(1e-4)
    };
    let spreads: Vec<f64> = (0..width).map(spread).collect();
    let (mut weights, mut mean, mut square) = (vec![0.0f64; width], vec![0.0f64; width], vec![0.0f64; width]);
    for round in 1..=STEPS {
        let scaled: Vec<f32> = weights.iter().zip(&spreads).map(|(weight, spread)| (weight / spread) as f32).collect();
        let mut slope = vec![0.0f64; width];
        for (look, answers) in &looks {
            let scores = look.scores(&scaled);
            let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let likely: Vec<f32> = scores.iter().map(|score| (score - most).exp()).collect();
            let all: f32 = likely.iter().sum();
            let right: f32 = answers.iter().map(|line| likely[*line]).sum::<f32>().max(1e-12);
            let pull: Vec<f32> = (0..likely.len())
                .map(|line| likely[line] / all - if answers.contains(&line) { likely[line] / right } else { 0.0 })
                .collect();
            for (slope, shares) in slope.iter_mut().zip(&look.shares) {
                *slope += f64::from(shares.iter().zip(&pull).map(|(share, pull)| share * pull).sum::<f32>());
            }
        }
        for at in 0..width {
            let slope = slope[at] / spreads[at] / count + 2.0 * HEAD_COST * weights[at];
            mean[at] = 0.9 * mean[at] + 0.1 * slope;
            square[at] = 0.999 * square[at] + 0.001 * slope * slope;
            let (mean, square) =
                (mean[at] / (1.0 - 0.9f64.powi(round as i32)), square[at] / (1.0 - 0.999f64.powi(round as i32)));
            weights[at] -= STEP * mean / (square.sqrt() + 1e-8);
        }
    }
    weights.iter().zip(&spreads).map(|(weight, spread)| (weight / spread) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::LoadOptions;
    use crate::testing::default_model;
    use jarvis_core::{GenerateOptions, LanguageModel, Prompt, Role};
    use proptest::prelude::*;

    const SYSTEM: &str = "You are a helpful AI assistant named Jarvis. Answer in one or two short sentences.";
    const PAGE: [&str; 8] = [
        "Hotel Seeblick, Lindau",
        "Guest: Marta Oliveira",
        "Arrival Friday 4 June, from 15:00",
        "Departure Monday 7 June, until 11:00",
        "Double room with a view of the lake",
        "Breakfast is served from 7 to 10 in the garden",
        "Dogs cost 12 euros a night",
        "Total for three nights: 486 euros",
    ];

    fn model() -> GgufModel {
        let options = LoadOptions { context_length: 512, threads: 2, ..LoadOptions::default() };
        GgufModel::load(&default_model(), &options).unwrap()
    }

    /// As the assistant puts it.
    fn asked(question: &str) -> (Vec<Message>, Vec<Range<usize>>, Range<usize>) {
        let mut content = "Here is the text on my screen.\n\"\"\"\n".to_owned();
        let mut lines = Vec::new();
        for line in PAGE {
            lines.push(content.len()..content.len() + line.len());
            content.push_str(line);
            content.push('\n');
        }
        content.push_str("\"\"\"\nAnswer my question from that text alone.\nMy question: ");
        let first = content.len();
        content.push_str(question);
        let question = first..content.len();
        (vec![Message::new(Role::System, SYSTEM), Message::new(Role::User, content)], lines, question)
    }

    fn point(model: &mut GgufModel, question: &str) -> Option<Pointed> {
        let (prompt, lines, question) = asked(question);
        model.point(&prompt, &lines, question, &Cancel::new()).unwrap()
    }

    #[test]
    fn the_line_that_answers_is_pointed_at_whatever_it_is_called() {
        let mut model = model();
        let asked = [
            ("when can we check in", 2),
            ("when do we have to leave", 3),
            ("when is breakfast", 5),
            ("what does it cost to bring the dog", 6),
            ("how much is it altogether", 7),
            ("who is staying there", 1),
        ];
        let pointed = asked.map(|(question, line)| (question, line, point(&mut model, question).unwrap()));
        let (right, wrong): (Vec<_>, Vec<_>) =
            pointed.into_iter().partition(|(_, line, pointed): &(&str, usize, Pointed)| pointed.line == *line);
        assert!(right.len() >= 5, "{wrong:?}");
        assert!(wrong.iter().all(|(.., pointed)| pointed.likely < 0.5), "what is wrong is not sure: {wrong:?}");
        for question in ["what is the capital of France", "why is the sky blue", "who wrote hamlet"] {
            let pointed = point(&mut model, question).unwrap();
            assert!(pointed.likely < 0.3, "{question}: {pointed:?}");
        }
    }

    #[test]
    fn it_is_the_same_again_and_an_answer_has_nothing_to_read_again() {
        let mut model = model();
        let first = point(&mut model, "when is breakfast").unwrap();
        assert_eq!(point(&mut model, "when is breakfast"), Some(first));
        let (prompt, ..) = asked("when is breakfast");
        let options = GenerateOptions { max_tokens: 4, ..GenerateOptions::default() };
        let made = model.generate(&Prompt::Chat(prompt), &options, &Cancel::new(), &mut |_| {}).unwrap();
        assert_eq!(made.cached_tokens, made.prompt_tokens - 1);
    }

    #[test]
    fn where_it_cannot_be_told_nothing_is_pointed_at() {
        let mut model = model();
        let (prompt, lines, question) = asked("when is breakfast");
        let over = Cancel::new();
        over.cancel();
        assert_eq!(model.point(&prompt, &lines, question.clone(), &over).unwrap(), None);
        let mut ask = |prompt: &[Message], lines: &[Range<usize>], question: &Range<usize>| {
            model.point(prompt, lines, question.clone(), &Cancel::new()).unwrap()
        };
        assert_eq!(ask(&prompt[1..], &lines, &question), None, "learned behind other instructions");
        assert_eq!(ask(&prompt, &[], &question), None);
        assert_eq!(ask(&prompt, &lines, &(0..0)), None);
        assert_eq!(ask(&[], &lines, &question), None);
        let (long, ..) = asked(&"and so ".repeat(600));
        assert_eq!(ask(&long, &lines, &question), None, "more than fits");
        assert!(ask(&prompt, &lines, &question).is_some());
    }

    #[test]
    fn the_pointers_are_whole() {
        for (name, layers, width, text) in KNOWN {
            let pointer = Pointer::read(text).unwrap();
            assert!(
                pointer.layer == of_user::layer_to_watch(layers) && pointer.heads.len().is_multiple_of(2 * layers),
                "{name}"
            );
            assert_eq!(pointer.sure.weights.len(), 3 + pointer.heads.len() + width, "{name}");
            assert_eq!(Pointer::read(&pointer.write()), Some(pointer), "{name}");
        }
        assert_eq!(unpointed_after(&asked("").0[..1]), Vec::<&str>::new());
        assert_eq!(unpointed_after(&[]).len(), KNOWN.len());
    }

    proptest! {
        #[test]
        fn the_head_that_looks_at_the_answer_is_learned(
            planted in 0..6usize,
            looks in proptest::collection::vec((0..5usize, proptest::collection::vec(0.01f32..1.0, 30)), 24),
        ) {
            let looks: Vec<(Look, [usize; 1])> = looks.into_iter().map(|(answer, mut sums)| {
                sums[planted * 5 + answer] += 3.0;
                (Look::new(&sums, 5, vec![1.0]), [answer])
            }).collect();
            let heads = learn_heads(looks.iter().map(|(look, answer)| (look, &answer[..])));
            let most = (0..6).max_by(|a, b| heads[*a].total_cmp(&heads[*b])).unwrap();
            prop_assert_eq!(most, planted);
            for (look, answer) in &looks {
                prop_assert_eq!(look.best(&heads).0, answer[0]);
            }
        }
    }
}
