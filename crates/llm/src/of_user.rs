//! Whether only the user's own screen, papers and life tell what is asked, from what a language model makes of the question.
//!
//! Owns linear probes (Alain and Bengio, arXiv 1610.01644): a weight for each number of the residual stream behind one layer, where
//! the model has read the question and is about to answer. What a small model answers to "who took the oat milk" is made up, but
//! what it makes of the words on the way tells such a question from "who wrote Hamlet" nearly always, and words that nobody wrote
//! a rule for, too. Reading the question is what an answer begins with anyway. A probe is of one model, since no two mean the same
//! by their numbers; one is learned by `cargo run --release -p jarvis-llm --example learn_of_user` from the questions in
//! `of_user/own.txt` and `of_user/world.txt`. It is of one beginning, too, the standing instructions that it was learned after: behind
//! another one it judges nothing. Never decides what is done then.

use crate::error::{LlmError, Result};
use crate::gguf::Metadata;
use crate::model::GgufModel;
use jarvis_core::{Cancel, Message, Role};
use std::fmt::Write as _;

/// Questions that only the user's screen, papers and life tell, a line each.
const OWN: &str = include_str!("of_user/own.txt");
/// Questions that need nothing of the user's, a line each.
const WORLD: &str = include_str!("of_user/world.txt");

/// The models that there is a probe of: `general.name`, layers, width and the probe.
const KNOWN: [(&str, usize, usize, &str); 3] = [
    ("Smollm2 135M 8k Lc100K Mix1 Ep2", 30, 576, include_str!("of_user/smollm2-135m-instruct.txt")),
    ("Qwen2.5 Coder 0.5B Instruct AWQ", 24, 896, include_str!("of_user/qwen2.5-coder-0.5b-instruct.txt")),
    ("Qwen2.5 Coder 1.5B Instruct GGUF", 28, 1536, include_str!("of_user/qwen2.5-coder-1.5b-instruct.txt")),
];

/// Tokens of a question that is judged beside what was read.
const BESIDE: usize = 192;

/// Where in a model a probe looks, of all its layers: behind what makes sense of words, before what makes up the next one.
const DEPTH: f64 = 0.72;
/// What weights cost against what they explain, when a probe is learned.
const WEIGHT_COST: f64 = 0.08;
/// Steps of learning; after half as many nothing changes that counts.
const STEPS: usize = 1000;

/// See the module's own words.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Probe {
    /// The fingerprint of what stood before the questions that it was learned from.
    beginning: u64,
    /// The layer, counted from 0, behind which it looks.
    pub(crate) layer: usize,
    linear: Linear,
}

/// A weight for each of some numbers, and what they are held against.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Linear {
    pub(crate) bias: f32,
    pub(crate) weights: Vec<f32>,
}

impl Linear {
    /// How likely it is, 0..=1, of these numbers.
    pub(crate) fn likely(&self, numbers: &[f32]) -> f32 {
        let sum: f32 = self.weights.iter().zip(numbers).map(|(weight, number)| weight * number).sum();
        1.0 / (1.0 + (-sum - self.bias).exp())
    }
}

impl Probe {
    /// The probe of the model with this metadata and shape, if there is one.
    pub(crate) fn of(metadata: &Metadata, layers: usize, width: usize) -> Option<Self> {
        // A name that is none is no reason to refuse a model that can answer.
        let name = metadata.text("general.name").ok().flatten().unwrap_or_default();
        let known = KNOWN.iter().find(|known| (known.0, known.1, known.2) == (name, layers, width));
        known.and_then(|(.., text)| Self::read(text)).filter(|probe| probe.linear.weights.len() == width)
    }

    /// Reads what [`Self::write`] wrote.
    fn read(text: &str) -> Option<Self> {
        let mut numbers = text.strip_prefix("after ")?.split_whitespace();
        let beginning = u64::from_str_radix(numbers.next()?, 16).ok()?;
        let (layer, bias) = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
        Some(Self {
            beginning,
            layer,
            linear: Linear { bias, weights: numbers.map(str::parse).collect::<std::result::Result<_, _>>().ok()? },
        })
    }

    /// The fingerprint of the beginning, the layer and the bias, then the weights, eight a line.
    fn write(&self) -> String {
        let mut text = format!("after {:016x}\n{} {}\n", self.beginning, self.layer, self.linear.bias);
        for line in self.linear.weights.chunks(8) {
            let line: Vec<String> = line.iter().map(|weight| format!("{weight:.5}")).collect();
            let _ = writeln!(text, "{}", line.join(" "));
        }
        text
    }

    /// How likely it is, 0..=1, where the stream is `stream` behind the probe's layer.
    fn likely(&self, stream: &[f32]) -> f32 {
        let scale = even(stream);
        let even: Vec<f32> = stream.iter().map(|value| value * scale).collect();
        self.linear.likely(&even)
    }
}

/// The layer, counted from 0, of `layers` behind which it is looked.
pub(crate) fn layer_to_watch(layers: usize) -> usize {
    (layers as f64 * DEPTH) as usize
}

/// What makes the numbers of `stream` one long on average: its length says more of the position than of the meaning.
pub(crate) fn even(stream: &[f32]) -> f32 {
    let squares: f32 = stream.iter().map(|value| value * value).sum();
    (stream.len() as f32 / squares.max(f32::MIN_POSITIVE)).sqrt()
}

/// The fingerprint of `messages`, of what their authors are and of their words (FNV-1a, 64 bits).
pub(crate) fn fingerprint(messages: &[Message]) -> u64 {
    let role = |role: Role| match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    let bytes =
        messages.iter().flat_map(|message| [role(message.role), "\0", &message.content, "\0"]).flat_map(str::bytes);
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The models whose probes were learned after another beginning than this one, so that they judge nothing behind it.
pub fn unlearned_after(beginning: &[Message]) -> Vec<&'static str> {
    let is_other = |text: &str| Probe::read(text).is_none_or(|probe| probe.beginning != fingerprint(beginning));
    KNOWN.iter().filter(|(.., text)| is_other(text)).map(|(name, ..)| *name).collect()
}

impl GgufModel {
    /// See [`jarvis_core::LanguageModel::is_of_user`]. None behind another beginning than the probe was learned after.
    pub(crate) fn likely_of_user(&mut self, prompt: &[Message], cancel: &Cancel) -> Result<Option<f32>> {
        let Some((_, beginning)) = prompt.split_last() else { return Ok(None) };
        if self.probe.as_ref().is_none_or(|probe| probe.beginning != fingerprint(beginning)) {
            return Ok(None);
        }
        let stream = self.stream_behind(prompt, cancel);
        // Who asks for a judgement goes on without one.
        let stream = stream.inspect_err(|error| tracing::debug!(%error, "a question can't be judged"))?;
        let likely = self.probe.as_ref().zip(stream).map(|(probe, stream)| probe.likely(&stream));
        tracing::debug!(likely, "whether only the user can know it");
        Ok(likely)
    }

    /// The stream behind the watched layer at the end of `prompt`; none when `cancel` was raised, or the prompt is too long.
    fn stream_behind(&mut self, prompt: &[Message], cancel: &Cancel) -> Result<Option<Vec<f32>>> {
        let ids = match self.encode_chat(prompt, self.prompt_limit(1)) {
            Ok(tokens) => tokens.ids,
            Err(LlmError::TooLong { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let known = self.read.iter().zip(&ids).take_while(|(one, other)| one == other).count();
        // A page, or a long talk, that the next question may be about is not forgotten for a judgement.
        if self.read.len() - known <= ids.len() {
            return self.stream_after(&ids, cancel);
        }
        if ids.len() > BESIDE.min(self.llama.capacity()) {
            return Ok(None);
        }
        let mut beside = self.judging.take();
        let stream = self.beside(&mut beside, BESIDE, |model| model.stream_after(&ids, cancel));
        self.judging = beside;
        stream
    }

    fn stream_after(&mut self, ids: &[u32], cancel: &Cancel) -> Result<Option<Vec<f32>>> {
        let (_, complete) = self.prefill(ids, cancel)?;
        if complete { self.llama.watched() } else { Ok(None) }
    }

    /// Learns the probe of this model, for questions after `beginning`, and writes it as a file of `of_user/`. Takes as long as
    /// reading 2400 questions.
    ///
    /// # Errors
    /// The engine failed.
    pub fn learn_of_user(&mut self, beginning: &[Message]) -> jarvis_core::Result<String> {
        let layer = layer_to_watch(self.llama.layers());
        self.llama.watch(layer);
        let (mut rows, mut labels) = (Vec::new(), Vec::new());
        for (list, label) in [(OWN, 1.0), (WORLD, 0.0)] {
            for question in list.lines().flat_map(|line| [line.to_owned(), as_heard(line)]) {
                let prompt = [beginning, &[Message::new(Role::User, question)]].concat();
                let Some(stream) = self.stream_behind(&prompt, &Cancel::new())? else { continue };
                let scale = even(&stream);
                rows.push(stream.iter().map(|value| f64::from(value * scale)).collect());
                labels.push(label);
            }
        }
        Ok(Probe { beginning: fingerprint(beginning), layer, linear: learn(&rows, &labels) }.write())
    }
}

/// What questions begin with; "isn't" and "what's" are among them.
const ASKING: [&str; 27] = [
    "What", "Which", "Who", "Whose", "Whom", "When", "Where", "Why", "How", "Is", "Are", "Was", "Were", "Do", "Does",
    "Did", "Can", "Ca", "Could", "Will", "Wo", "Would", "Should", "Has", "Have", "Had", "Am",
];

/// `question`, lower case and without marks, as a recognizer writes it.
fn as_heard(question: &str) -> String {
    let mut words: Vec<String> = question
        .split(' ')
        .map(|word| match word.strip_prefix("i") {
            Some(rest) if rest.is_empty() || rest.starts_with('\'') => format!("I{rest}"),
            _ => word.to_owned(),
        })
        .collect();
    if let Some(first) = words.first_mut().and_then(|first| first.get_mut(..1)) {
        first.make_ascii_uppercase();
    }
    let is_asked = words.first().is_some_and(|first| {
        let word = first.split('\'').next().unwrap_or_default();
        ASKING.contains(&word.strip_suffix("n").filter(|_| first.ends_with("n't")).unwrap_or(word))
    });
    words.join(" ") + if is_asked { "?" } else { "." }
}

/// Logistic regression with weights that are kept small, by accelerated steps down (Nesterov): `rows` of equally many numbers, of
/// which each `labels` says whether it is one (1) or not (0).
pub(crate) fn learn(rows: &[Vec<f64>], labels: &[f64]) -> Linear {
    let (count, width) = (rows.len() as f64, rows.first().map_or(0, Vec::len));
    let each = |of: &dyn Fn(usize) -> f64| (0..width).map(of).collect::<Vec<f64>>();
    let means = each(&|at| rows.iter().map(|row| row[at]).sum::<f64>() / count);
    let spread = |at: usize| (rows.iter().map(|row| (row[at] - means[at]).powi(2)).sum::<f64>() / count).sqrt();
    let spreads = each(&|at| spread(at).max(1e-6));
    // With means of zero and spreads of one, the last number being the bias'.
    let rows: Vec<Vec<f64>> = rows
        .iter()
        .map(|row| (0..width).map(|at| (row[at] - means[at]) / spreads[at]).chain([1.0]).collect())
        .collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let fold = |shares: &dyn Fn(usize) -> f64| {
        let mut sum = vec![0.0; width + 1];
        for (at, row) in rows.iter().enumerate() {
            let share = shares(at) / count;
            sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += share * value);
        }
        sum
    };
    // The steepest that the slope can change, by a few rounds of the power method.
    let mut direction = vec![1.0; width + 1];
    let mut steepest = 1.0;
    for _ in 0..30 {
        let product = fold(&|at| dot(&rows[at], &direction));
        steepest = dot(&product, &product).sqrt();
        direction = product.iter().map(|value| value / steepest).collect();
    }
    let step = 1.0 / (0.25 * steepest * 1.1 + WEIGHT_COST);
    let (mut weights, mut ahead) = (vec![0.0; width + 1], vec![0.0; width + 1]);
    for round in 0..STEPS {
        let likely = |at: usize| 1.0 / (1.0 + (-dot(&rows[at], &ahead)).exp());
        let slope = fold(&|at| likely(at) - labels[at]);
        let pace = round as f64 / (round as f64 + 3.0);
        for at in 0..=width {
            let cost = if at < width { WEIGHT_COST * ahead[at] } else { 0.0 };
            let next = ahead[at] - step * (slope[at] + cost);
            ahead[at] = next + pace * (next - weights[at]);
            weights[at] = next;
        }
    }
    let shifted = (0..width).map(|at| weights[at] * means[at] / spreads[at]).sum::<f64>();
    let scaled = (0..width).map(|at| (weights[at] / spreads[at]) as f32).collect();
    Linear { bias: (weights[width] - shifted) as f32, weights: scaled }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::LoadOptions;
    use crate::testing::default_model;
    use jarvis_core::{GenerateOptions, LanguageModel, Prompt};
    use proptest::prelude::*;

    /// The beginning that the probes were learned with, which is the assistant's.
    const SYSTEM: &str = "You are a helpful AI assistant named Jarvis. Answer in one or two short sentences.";

    fn model() -> GgufModel {
        GgufModel::load(&default_model(), &LoadOptions { context_length: 256, threads: 2, ..LoadOptions::default() })
            .unwrap()
    }

    fn prompt(question: &str) -> Vec<Message> {
        vec![Message::new(Role::System, SYSTEM), Message::new(Role::User, question)]
    }

    #[test]
    fn what_only_the_user_can_know_is_told_from_what_everybody_can() {
        let mut model = model();
        let mut likely = |question: &str| model.is_of_user(&prompt(question), &Cancel::new()).unwrap().unwrap();
        // None of them is one that was learned from.
        for question in [
            "who took the oat milk",
            "which step failed",
            "how many scones did we sell on the seventeenth",
            "what did lena say about the budget",
            "when is the dentist",
            "is the build green",
            "has the lisbon plane landed yet",
        ] {
            assert!(likely(question) > 0.5, "{question}: {}", likely(question));
        }
        for question in [
            "what is the capital of France",
            "why is the sky blue",
            "who wrote pride and prejudice",
            "what do pandas eat",
            "tell me a joke about cats",
            "how do i boil an egg",
        ] {
            assert!(likely(question) < 0.5, "{question}: {}", likely(question));
        }
    }

    #[test]
    fn an_answer_to_what_was_judged_has_nothing_to_read_again() {
        let mut model = model();
        let question = prompt("What is the capital of Italy?");
        let options = GenerateOptions { max_tokens: 8, ..GenerateOptions::default() };
        let alone = model.generate(&Prompt::Chat(question.clone()), &options, &Cancel::new(), &mut |_| {}).unwrap();
        model.forget_after(0);
        model.is_of_user(&question, &Cancel::new()).unwrap();
        let after = model.generate(&Prompt::Chat(question), &options, &Cancel::new(), &mut |_| {}).unwrap();
        assert_eq!((after.text, after.cached_tokens), (alone.text, alone.prompt_tokens - 1));
    }

    #[test]
    fn a_page_that_was_read_is_known_after_a_judgement() {
        let mut model = model();
        let page = prompt(&format!("{} Which line is the longest?", "A line of the page. ".repeat(20)));
        let options = GenerateOptions { max_tokens: 4, ..GenerateOptions::default() };
        let ask = |model: &mut GgufModel| {
            model.generate(&Prompt::Chat(page.clone()), &options, &Cancel::new(), &mut |_| {}).unwrap()
        };
        let first = ask(&mut model);
        let likely = model.is_of_user(&prompt("who took the oat milk"), &Cancel::new()).unwrap();
        let second = ask(&mut model);
        assert_eq!((&second.text, second.cached_tokens), (&first.text, first.prompt_tokens - 1));
        model.forget_after(0);
        assert_eq!(model.is_of_user(&prompt("who took the oat milk"), &Cancel::new()).unwrap(), likely);
    }

    #[test]
    fn too_much_and_no_time_are_no_judgement() {
        let mut model = model();
        let over = Cancel::new();
        over.cancel();
        assert_eq!(model.is_of_user(&prompt("who took the oat milk"), &over).unwrap(), None);
        assert_eq!(model.is_of_user(&prompt(&"and so ".repeat(300)), &Cancel::new()).unwrap(), None);
        assert!(model.is_of_user(&prompt("who took the oat milk"), &Cancel::new()).unwrap().is_some());
    }

    #[test]
    fn questions_are_written_as_they_are_heard() {
        assert_eq!(as_heard("what time did i wake up"), "What time did I wake up?");
        assert_eq!(as_heard("read me the line i'm on"), "Read me the line I'm on.");
        assert_eq!(as_heard(""), ".");
        for (question, heard) in [
            ("isn't it late", "Isn't it late?"),
            ("who's on call", "Who's on call?"),
            ("does it rain", "Does it rain?"),
            ("can't it be moved", "Can't it be moved?"),
            ("won't it rain", "Won't it rain?"),
            ("whistle me a tune", "Whistle me a tune."),
            ("island names, please", "Island names, please."),
            ("document the change", "Document the change."),
            ("half of it", "Half of it."),
            ("candy for two", "Candy for two."),
        ] {
            assert_eq!(as_heard(question), heard);
        }
    }

    #[test]
    fn behind_other_standing_instructions_nothing_is_judged() {
        let mut model = model();
        let other =
            [Message::new(Role::System, "You are a pirate."), Message::new(Role::User, "who took the oat milk")];
        assert_eq!(model.is_of_user(&other, &Cancel::new()).unwrap(), None);
        assert_eq!(model.is_of_user(&other[1..], &Cancel::new()).unwrap(), None);
        assert_eq!(model.is_of_user(&[], &Cancel::new()).unwrap(), None);
        assert_eq!(unlearned_after(&other[..1]).len(), KNOWN.len());
        assert!(unlearned_after(&prompt("why")[..1]).is_empty());
    }

    #[test]
    fn the_probes_are_whole() {
        for (name, layers, width, text) in KNOWN {
            let probe = Probe::read(text).unwrap();
            assert!(probe.layer < layers && probe.linear.weights.len() == width, "{name}");
            let again = Probe::read(&probe.write()).unwrap();
            assert_eq!((again.beginning, again.linear.weights), (probe.beginning, probe.linear.weights), "{name}");
        }
    }

    proptest! {
        #[test]
        fn what_a_line_divides_is_learned(
            normal in proptest::collection::vec(-1f64..1.0, 4),
            points in proptest::collection::vec(proptest::collection::vec(-1f64..1.0, 4), 60),
        ) {
            prop_assume!(normal.iter().map(|n| n * n).sum::<f64>() > 0.5);
            let side = |point: &[f64]| point.iter().zip(&normal).map(|(p, n)| p * n).sum::<f64>();
            let rows: Vec<Vec<f64>> = points.into_iter().filter(|point| side(point).abs() > 0.4).collect();
            let labels: Vec<f64> = rows.iter().map(|row| f64::from(u8::from(side(row) > 0.0))).collect();
            let ones = labels.iter().sum::<f64>();
            prop_assume!(ones >= 5.0 && labels.len() as f64 - ones >= 5.0);
            let probe = learn(&rows, &labels);
            let sum = |row: &[f64]| row.iter().zip(&probe.weights).map(|(r, w)| r * f64::from(*w)).sum::<f64>();
            let right = rows.iter().zip(&labels).filter(|(row, label)| (sum(row) + f64::from(probe.bias) > 0.0) == (**label > 0.5));
            prop_assert!(right.count() * 10 >= rows.len() * 9);
        }
    }
}
