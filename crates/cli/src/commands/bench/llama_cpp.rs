//! llama.cpp as a [`Runner`], for `jarvis bench llm` alone.

use jarvis_core::Error;
use jarvis_llm::bench::Runner;
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::model::params::LlamaModelParams;
use llama_cpp_2::token::LlamaToken;
use std::num::NonZeroU32;
use std::path::Path;

/// A model and what it has read.
struct Theirs<'a> {
    context: LlamaContext<'a>,
    batch: LlamaBatch<'static>,
    read: i32,
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::new("bench.baseline", format!("llama.cpp failed: {error}."), "Measure without it: build without llama-cpp.")
}

/// Calls `with` with the model in `file`, loaded by llama.cpp for `context` tokens.
///
/// # Errors
/// llama.cpp can't load it, or `with` failed.
pub(super) fn with<R>(
    file: &Path,
    context: usize,
    threads: usize,
    with: impl FnOnce(&mut dyn Runner) -> jarvis_core::Result<R>,
) -> anyhow::Result<R> {
    let mut backend = LlamaBackend::init().map_err(failed)?;
    backend.void_logs();
    let model = LlamaModel::load_from_file(&backend, file, &LlamaModelParams::default()).map_err(failed)?;
    let (context, threads) = (u32::try_from(context)?, i32::try_from(threads)?);
    let options = LlamaContextParams::default()
        .with_n_ctx(NonZeroU32::new(context))
        .with_n_batch(context)
        .with_n_threads(threads)
        .with_n_threads_batch(threads);
    let batch = LlamaBatch::new(context as usize, 1);
    let mut theirs = Theirs { context: model.new_context(&backend, options).map_err(failed)?, batch, read: 0 };
    Ok(with(&mut theirs)?)
}

impl Theirs<'_> {
    fn read(&mut self, tokens: &[u32]) -> jarvis_core::Result<()> {
        self.batch.clear();
        for (index, &token) in tokens.iter().enumerate() {
            let token = LlamaToken(i32::try_from(token).map_err(failed)?);
            self.batch.add(token, self.read, &[0], index + 1 == tokens.len()).map_err(failed)?;
            self.read += 1;
        }
        self.context.decode(&mut self.batch).map_err(failed)?;
        // What it computes in the background would be missing from the time.
        self.context.synchronize();
        Ok(())
    }
}

impl Runner for Theirs<'_> {
    fn prompt(&mut self, tokens: &[u32]) -> jarvis_core::Result<()> {
        self.context.clear_kv_cache();
        self.read = 0;
        self.read(tokens)
    }

    fn step(&mut self, token: u32) -> jarvis_core::Result<()> {
        self.read(&[token])
    }

    fn scores(&self) -> &[f32] {
        self.context.get_logits_ith(self.batch.n_tokens() - 1)
    }
}
