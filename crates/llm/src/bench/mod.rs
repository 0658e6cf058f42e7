//! What `jarvis bench llm` measures with: a model file behind a small seam that another program can be put behind too.
//!
//! The machine may be shared and noisy, so those who are compared take turns and the best of the rounds counts. Never
//! judges; who prints the figures compares them with their targets. Never writes a file but where it is told to.

mod cores;
mod files;

pub use cores::distance;
pub use files::{Shape, convert, synthetic};

use crate::error::{LlmError, Result};
use crate::gguf::{Gguf, TensorType};
use crate::kernels::Kernel;
use crate::llama::{self, Choice, Config, Pass};
use crate::model::{Compute, LoadOptions};
use crate::sampling;
use crate::tokenizer::Tokenizer;
use jarvis_core::Cancel;
use std::path::Path;
use std::time::Instant;

/// A program that runs a model.
pub trait Runner {
    /// Forgets everything, reads `tokens` and scores what comes next.
    ///
    /// # Errors
    /// The program's own.
    fn prompt(&mut self, tokens: &[u32]) -> jarvis_core::Result<()>;

    /// Reads one more token and scores what comes next.
    ///
    /// # Errors
    /// The program's own.
    fn step(&mut self, token: u32) -> jarvis_core::Result<()>;

    /// Reads one more token and takes the likeliest of what comes next.
    ///
    /// # Errors
    /// The program's own, or no score is a number.
    fn next(&mut self, token: u32) -> jarvis_core::Result<u32> {
        self.step(token)?;
        Ok(a_number(sampling::likeliest(self.scores()))?)
    }

    /// The last scores, one per token of the vocabulary; not after [`Self::next`].
    fn scores(&self) -> &[f32];
}

/// Our own.
pub struct Ours {
    llama: Pass,
    vocabulary: usize,
    scores: Vec<f32>,
}

impl Ours {
    /// Loads the model in the file `path`; `is_plain` uses, on the processor, the kernels of a machine without vector
    /// instructions that we know, to see what such a machine gets.
    ///
    /// # Errors
    /// As [`crate::GgufModel::load`].
    pub fn load(path: &Path, options: &LoadOptions, is_plain: bool) -> jarvis_core::Result<Self> {
        Ok(Self::open(path, options, is_plain)?)
    }

    fn open(path: &Path, options: &LoadOptions, is_plain: bool) -> Result<Self> {
        options.check()?;
        let gguf = Gguf::open(path)?;
        let config = Config::read(&gguf, options.context_length)?;
        let vocabulary = config.vocabulary;
        let kernel = if is_plain { Kernel::Plain } else { Kernel::detect() };
        let (context, threads) = (options.context_length, options.threads());
        let llama = match options.compute {
            Compute::Processor => Pass::on_processor(&gguf, config, context, threads, kernel)?,
            Compute::Graphics => Pass::on_device(&gguf, config, context, llama::graphics()?)?,
        };
        Ok(Self { llama, vocabulary, scores: vec![0.0; vocabulary] })
    }

    /// Tokens that the model knows.
    pub fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    /// What it computes with, in a word or two.
    pub fn computes_with(&self) -> &'static str {
        self.llama.name()
    }

    /// Bytes of the weights in memory.
    pub fn weight_bytes(&self) -> usize {
        self.llama.weight_bytes()
    }
}

impl Runner for Ours {
    fn prompt(&mut self, tokens: &[u32]) -> jarvis_core::Result<()> {
        self.llama.truncate(0);
        if let Some((last, before)) = tokens.split_last() {
            for chunk in before.chunks(self.llama.chunk()) {
                self.llama.read(chunk, &Cancel::new())?;
            }
            self.llama.read_closely(*last, &Cancel::new())?;
        }
        self.scores.copy_from_slice(self.llama.logits()?);
        Ok(())
    }

    fn step(&mut self, token: u32) -> jarvis_core::Result<()> {
        self.llama.read_closely(token, &Cancel::new())?;
        self.scores.copy_from_slice(self.llama.logits()?);
        Ok(())
    }

    fn next(&mut self, token: u32) -> jarvis_core::Result<u32> {
        self.llama.read_closely(token, &Cancel::new())?;
        let likeliest_alone = Choice { reach: 0.0, penalized: &[], penalty: 1.0 };
        Ok(match self.llama.leaders(&likeliest_alone)? {
            Some(leaders) => a_number(sampling::likeliest_of(leaders))?,
            None => a_number(sampling::likeliest(self.llama.logits()?))?,
        })
    }

    fn scores(&self) -> &[f32] {
        &self.scores
    }
}

/// The token whose score is the best, if one is a number.
fn a_number(best: Option<(u32, f32)>) -> Result<u32> {
    let (token, _) = best.ok_or_else(|| LlmError::malformed("its weights give scores that are not numbers"))?;
    Ok(token)
}

/// The tokens of `text` for the model in `path`.
///
/// # Errors
/// The file has no sound tokenizer.
pub fn tokens(path: &Path, text: &str) -> jarvis_core::Result<Vec<u32>> {
    let read = || -> Result<Vec<u32>> {
        let gguf = Gguf::open(path)?;
        let vocabulary = gguf.tensor("token_embd.weight")?.rows;
        Tokenizer::read(&gguf.header.metadata, vocabulary)?.encode(text)
    };
    Ok(read()?)
}

/// The type that most of a file's weights have, such as `Q4_1`.
///
/// # Errors
/// It is not a sound GGUF file.
pub fn weight_type(path: &Path) -> jarvis_core::Result<String> {
    let kind = |path: &Path| -> Result<TensorType> { Ok(Gguf::open(path)?.tensor("blk.0.attn_output.weight")?.kind) };
    Ok(format!("{:?}", kind(path)?))
}

/// Tokens a second.
#[derive(Debug, Clone, Copy, Default)]
pub struct Speed {
    /// Reading a prompt.
    pub reading: f64,
    /// Making tokens after it.
    pub generating: f64,
}

/// The best of `rounds`, in which `runners` take turns at reading a prompt of `length` tokens of a vocabulary of
/// `vocabulary` and making `generate` after it.
///
/// # Errors
/// A runner failed.
pub fn speeds(
    runners: &mut [&mut dyn Runner],
    vocabulary: usize,
    (length, generate): (usize, usize),
    rounds: usize,
) -> jarvis_core::Result<Vec<Speed>> {
    // Any tokens do: the work is the same for all.
    let prompt: Vec<u32> = (0..length).map(|i| (i * 7919 % vocabulary) as u32).collect();
    let mut best = vec![Speed::default(); runners.len()];
    for _ in 0..rounds.max(1) {
        for (best, runner) in best.iter_mut().zip(runners.iter_mut()) {
            let began = Instant::now();
            runner.prompt(&prompt)?;
            best.reading = best.reading.max(length as f64 / began.elapsed().as_secs_f64());
            let began = Instant::now();
            for step in 0..generate {
                std::hint::black_box(runner.next(prompt[step % length])?);
            }
            if generate > 0 {
                best.generating = best.generating.max(generate as f64 / began.elapsed().as_secs_f64());
            }
        }
    }
    Ok(best)
}

/// How alike two programs score the same text.
#[derive(Debug, Clone, Copy)]
pub struct Agreement {
    /// The least cosine of their scores at any position.
    pub least_cosine: f64,
    /// The mean of their cosines.
    pub mean_cosine: f64,
    /// Positions at which both think the same token likeliest, as a part of all.
    pub same_top: f64,
}

/// Compares the scores of two programs after each of `tokens`.
///
/// # Errors
/// One of them failed.
pub fn agreement(one: &mut dyn Runner, other: &mut dyn Runner, tokens: &[u32]) -> jarvis_core::Result<Agreement> {
    let (mut least_cosine, mut total, mut same) = (1.0f64, 0.0, 0);
    for (position, &token) in tokens.iter().enumerate() {
        match position {
            0 => one.prompt(&[token]).and_then(|()| other.prompt(&[token]))?,
            _ => one.step(token).and_then(|()| other.step(token))?,
        }
        let cosine = cosine(one.scores(), other.scores());
        least_cosine = least_cosine.min(cosine);
        total += cosine;
        let top = |scores| sampling::likeliest(scores).map(|(token, _)| token);
        same += usize::from(top(one.scores()) == top(other.scores()));
    }
    let positions = tokens.len().max(1) as f64;
    Ok(Agreement { least_cosine, mean_cosine: total / positions, same_top: same as f64 / positions })
}

/// Cosine of the angle between two lists of numbers.
pub(crate) fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}
