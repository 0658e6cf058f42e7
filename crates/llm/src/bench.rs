//! Measures a model file on this machine, beside candle's own quantized Llama in the same run.
//!
//! The machine may be shared and noisy, so ours and the baseline take turns and the best of the rounds counts. Never
//! judges; who prints the rows compares them with their targets.

use crate::error::{LlmError, Result};
use crate::gguf::Gguf;
use crate::kernels::Kernel;
use crate::llama::{CHUNK, Config, Llama};
use crate::model::LoadOptions;
use candle_core::quantized::gguf_file;
use candle_core::{Device, Tensor};
use candle_transformers::models::quantized_llama::{MAX_SEQ_LEN, ModelWeights};
use jarvis_core::Cancel;
use serde::Serialize;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::time::Instant;

/// One figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BenchRow {
    /// What was measured, such as `prompt_128`.
    pub metric: String,
    /// The figure.
    pub value: f64,
    /// Its unit, such as `tokens/s`.
    pub unit: &'static str,
    /// What it should be at least (at most, for a time), where there is such a number.
    pub target: Option<f64>,
    /// The same of candle's quantized Llama.
    pub baseline: Option<f64>,
}

/// What to measure.
#[derive(Debug, Clone)]
pub struct BenchOptions {
    /// Threads of ours, as in [`LoadOptions::threads`]. The baseline uses one per core.
    pub threads: usize,
    /// Prompt lengths; generation is measured after each.
    pub prompts: Vec<usize>,
    /// Tokens to generate.
    pub generate: usize,
    /// How often to measure; the best counts.
    pub rounds: usize,
    /// Use the kernels of a machine without vector instructions that we know, to see what such a machine gets.
    pub plain: bool,
    /// Measure the baseline too. It takes several times as long as ours.
    pub baseline: bool,
}

impl Default for BenchOptions {
    fn default() -> Self {
        Self { threads: 0, prompts: vec![128, 512], generate: 64, rounds: 3, plain: false, baseline: true }
    }
}

/// What a model has to do to be measured.
trait Subject {
    /// Forgets everything and reads `tokens`.
    fn prompt(&mut self, tokens: &[u32]) -> Result<()>;
    /// Reads one more token, the `at`-th, and scores what comes next.
    fn step(&mut self, token: u32, at: usize) -> Result<()>;
}

impl Subject for Llama {
    fn prompt(&mut self, tokens: &[u32]) -> Result<()> {
        self.truncate(0);
        for chunk in tokens.chunks(CHUNK) {
            self.read(chunk, &Cancel::new());
        }
        self.logits();
        Ok(())
    }

    fn step(&mut self, token: u32, _at: usize) -> Result<()> {
        self.read(&[token], &Cancel::new());
        self.logits();
        Ok(())
    }
}

impl Subject for ModelWeights {
    fn prompt(&mut self, tokens: &[u32]) -> Result<()> {
        self.clear_kv_cache();
        let input = Tensor::new(tokens, &Device::Cpu).and_then(|t| t.unsqueeze(0)).map_err(LlmError::engine)?;
        self.forward(&input, 0).map(drop).map_err(LlmError::engine)
    }

    fn step(&mut self, token: u32, at: usize) -> Result<()> {
        let input = Tensor::new(&[[token]], &Device::Cpu).map_err(LlmError::engine)?;
        self.forward(&input, at).map(drop).map_err(LlmError::engine)
    }
}

/// Tokens a second of reading `prompt` and of generating after it.
fn measure(subject: &mut dyn Subject, prompt: &[u32], generate: usize) -> Result<(f64, f64)> {
    let started = Instant::now();
    subject.prompt(prompt)?;
    let read = started.elapsed().as_secs_f64();
    let started = Instant::now();
    for step in 0..generate {
        subject.step(prompt[step % prompt.len()], prompt.len() + step)?;
    }
    Ok((prompt.len() as f64 / read, generate as f64 / started.elapsed().as_secs_f64()))
}

/// Measures the model in the file `path`: loading, reading prompts and generating, the latter two beside candle.
///
/// # Errors
/// The model can't be loaded (see [`crate::GgufModel::load`]), or the baseline failed.
pub fn bench(path: &Path, options: &BenchOptions) -> jarvis_core::Result<Vec<BenchRow>> {
    Ok(run(path, options)?)
}

fn run(path: &Path, options: &BenchOptions) -> Result<Vec<BenchRow>> {
    let longest = options.prompts.iter().max().copied().unwrap_or(0) + options.generate;
    let load = LoadOptions { context_length: longest.max(64), threads: options.threads };
    let kernel = if options.plain { Kernel::Plain } else { Kernel::detect() };
    let (mut ours, config, milliseconds) = load_ours(path, &load, kernel)?;
    let mut baseline = match options.baseline && longest <= MAX_SEQ_LEN {
        true => Some(load_baseline(path)?),
        false => None,
    };
    let row = |metric: String, value, unit, target, baseline| BenchRow { metric, value, unit, target, baseline };
    let mut rows = vec![
        row("load".into(), milliseconds, "ms", Some(150.0), None),
        row("weights".into(), ours.weight_bytes() as f64 / 1e6, "MB", None, None),
    ];
    for &length in options.prompts.iter().filter(|length| **length > 0) {
        if length + options.generate > ours.capacity() {
            continue;
        }
        // Any tokens do: the work is the same for all.
        let prompt: Vec<u32> = (0..length).map(|i| (i * 7919 % config.vocabulary) as u32).collect();
        let mut best = [(0f64, 0f64); 2];
        for _ in 0..options.rounds.max(1) {
            let subjects: [Option<&mut dyn Subject>; 2] = [Some(&mut ours), baseline.as_mut().map(|b| b as _)];
            for (best, subject) in best.iter_mut().zip(subjects) {
                let Some(subject) = subject else { continue };
                let (read, generated) = measure(subject, &prompt, options.generate)?;
                *best = (best.0.max(read), best.1.max(generated));
            }
        }
        let [(read, generated), (baseline_read, baseline_generated)] = best;
        let has = |figure: f64| baseline.is_some().then_some(figure);
        rows.push(row(format!("prompt_{length}"), read, "tokens/s", None, has(baseline_read)));
        rows.push(row(format!("generate_after_{length}"), generated, "tokens/s", None, has(baseline_generated)));
    }
    Ok(rows)
}

fn load_ours(path: &Path, options: &LoadOptions, kernel: Kernel) -> Result<(Llama, Config, f64)> {
    options.check()?;
    let started = Instant::now();
    let gguf = Gguf::open(path)?;
    let config = Config::read(&gguf)?;
    let llama = Llama::load(&gguf, config.clone(), options.context_length, options.threads(), kernel)?;
    Ok((llama, config, started.elapsed().as_secs_f64() * 1e3))
}

/// The file was checked when ours was loaded: candle trusts more than it should.
fn load_baseline(path: &Path) -> Result<ModelWeights> {
    let io = |source| LlmError::Io { path: path.to_owned(), source };
    let mut file = BufReader::new(File::open(path).map_err(io)?);
    let content = gguf_file::Content::read(&mut file).map_err(LlmError::engine)?;
    ModelWeights::from_gguf(content, &mut file, &Device::Cpu).map_err(LlmError::engine)
}
