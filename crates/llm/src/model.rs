//! A model file as a [`LanguageModel`]: prompt to tokens, what is known already is not read again, tokens to text.

use crate::constraint::{Guide, Lexicon};
use crate::end_of_turn::Endings;
use crate::error::{LlmError, Result};
use crate::gguf::Gguf;
use crate::kernels::Kernel;
use crate::llama::{self, Aside, Pass};
use crate::of_user::Probe;
use crate::pointer::Pointer;
use crate::sampling::{self, Sampler};
use crate::stream::{self, TextStream};
use crate::template::ChatTemplate;
use crate::tokenizer::Tokenizer;
use jarvis_core::{
    Cancel, Constraint, GenerateOptions, Generation, GenerationTimings, LanguageModel, Message, Pointed, Prompt, Role,
    StopReason,
};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How to load a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadOptions {
    /// Tokens that prompt and answer may have together, 64..=131072; never more than the model was made for. Memory for
    /// them is reserved at load and taken as they are used.
    pub context_length: usize,
    /// Threads to compute with, 1..=256; 0 for one per core that this process may use, at most eight.
    pub threads: usize,
    /// Where to compute.
    pub compute: Compute,
}

/// Where to compute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Compute {
    /// On the processor.
    #[default]
    Processor,
    /// On the first graphics processor that this program was built for (features `cuda` and `metal`).
    Graphics,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self { context_length: 2048, threads: 0, compute: Compute::default() }
    }
}

impl LoadOptions {
    pub(crate) fn check(&self) -> Result<()> {
        let bad = |name, value: usize, range| Err(LlmError::BadOption { name, value: value.to_string(), range });
        if !(64..=131_072).contains(&self.context_length) {
            return bad("context_length", self.context_length, "from 64 to 131072");
        }
        if self.threads > 256 {
            return bad("threads", self.threads, "from 0 to 256");
        }
        Ok(())
    }

    pub(crate) fn threads(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from).min(8),
            threads => threads,
        }
    }
}

/// A language model from a GGUF file of the Llama family.
pub struct GgufModel {
    pub(crate) llama: Pass,
    parameters: u64,
    pub(crate) tokenizer: Tokenizer,
    template: ChatTemplate,
    /// The tokens whose keys and values `llama` has.
    pub(crate) read: Vec<u32>,
    /// What it knows of how questions end.
    pub(crate) endings: Endings,
    /// Tells what is asked of the user's own, where there is one of this model.
    pub(crate) probe: Option<Probe>,
    /// Tells which line of a page answers a question, where there is one of this model.
    pub(crate) pointer: Option<Pointer>,
    /// What was read of questions that were judged beside the conversation.
    pub(crate) judging: Option<(Aside, Vec<u32>)>,
    /// Made for the first answer with a form.
    lexicon: Option<Arc<Lexicon>>,
}

impl std::fmt::Debug for GgufModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GgufModel")
            .field("computes_with", &self.llama.name())
            .field("context_length", &self.llama.capacity())
            .field("weight_bytes", &self.llama.weight_bytes())
            .field("read", &self.read.len())
            .finish_non_exhaustive()
    }
}

/// A prompt as tokens.
pub(crate) struct Tokens {
    pub(crate) ids: Vec<u32>,
    dropped: usize,
}

impl GgufModel {
    /// Loads the model in the file `path`.
    ///
    /// # Errors
    /// The file can't be read (`llm.unreadable_model`), is not a sound GGUF file (`llm.bad_model`) or of a kind that this
    /// crate can't run (`llm.unsupported_model`), or an option is outside its range (`llm.bad_option`). On a graphics
    /// processor also: there is none that can be used (`llm.gpu`), or it failed or has no memory for the model
    /// (`llm.device`); the same model may load on the processor then. That is the code of every failure of it later, too,
    /// and such a model is of no use any more.
    pub fn load(path: &Path, options: &LoadOptions) -> jarvis_core::Result<Self> {
        Ok(Self::open(path, options)?)
    }

    fn open(path: &Path, options: &LoadOptions) -> Result<Self> {
        options.check()?;
        let started = Instant::now();
        let gguf = Gguf::open(path)?;
        let config = crate::llama::Config::read(&gguf, options.context_length)?;
        let (metadata, vocabulary) = (&gguf.header.metadata, config.vocabulary);
        let probe = Probe::of(metadata, config.layers, config.width);
        // Candle's attention keeps no weights to look at.
        let can_point = options.compute == Compute::Processor;
        let pointer = Pointer::of(metadata, config.layers, config.width).filter(|_| can_point);
        // Neither needs the other, and weights may wait for the disk.
        let (tokenizer, mut llama) = std::thread::scope(|scope| {
            let words = std::thread::Builder::new().name("llm-words".into());
            let words =
                words.spawn_scoped(scope, || Tokenizer::read(metadata, vocabulary)).map_err(LlmError::engine)?;
            let context = options.context_length;
            let llama = match options.compute {
                Compute::Processor => Pass::on_processor(&gguf, config, context, options.threads(), Kernel::detect()),
                Compute::Graphics => {
                    llama::graphics().and_then(|device| Pass::on_device(&gguf, config, context, device))
                }
            };
            let tokenizer = words.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Ok::<_, LlmError>((tokenizer?, llama?))
        })?;
        let source = metadata.text("tokenizer.chat_template")?;
        let template = ChatTemplate::new(source, tokenizer.beginning_text(), tokenizer.end_text())?;
        tracing::info!(
            path = %path.display(),
            computes_with = llama.name(),
            threads = options.threads(),
            weights_mb = llama.weight_bytes() >> 20,
            context = llama.capacity(),
            ms = started.elapsed().as_millis() as u64,
            "language model loaded"
        );
        let layers = probe.as_ref().map(|probe| probe.layer).or(pointer.as_ref().map(|pointer| pointer.layer));
        if let Some(layer) = layers {
            llama.watch(layer);
        }
        let parameters = gguf.header.tensors.values().map(|tensor| tensor.rows as u64 * tensor.cols as u64).sum();
        Ok(Self {
            llama,
            parameters,
            tokenizer,
            template,
            read: Vec::new(),
            endings: Endings::default(),
            probe,
            pointer,
            judging: None,
            lexicon: None,
        })
    }

    /// Bytes of a graphics processor's memory that the model in the file `path` needs at most with these options.
    ///
    /// # Errors
    /// As [`Self::load`], of the file's header.
    pub fn graphics_bytes(path: &Path, options: &LoadOptions) -> jarvis_core::Result<u64> {
        options.check()?;
        let gguf = Gguf::open(path)?;
        let config = crate::llama::Config::read(&gguf, options.context_length)?;
        Ok(llama::graphics_memory(&gguf, &config, options.context_length))
    }

    /// Bytes of the weights in memory.
    pub fn weight_bytes(&self) -> usize {
        self.llama.weight_bytes()
    }

    /// Tokens that a prompt may have, when the answer is to have room for up to `max_tokens` (but never more than a
    /// quarter of the context is kept for it).
    pub(crate) fn prompt_limit(&self, max_tokens: usize) -> usize {
        let context = self.llama.capacity();
        context - max_tokens.min(context / 4).max(1)
    }

    fn encode(&self, prompt: &Prompt, limit: usize) -> Result<Tokens> {
        match prompt {
            Prompt::Raw(text) => {
                let ids = self.tokenizer.encode(text)?;
                if ids.len() > limit {
                    return Err(LlmError::TooLong { tokens: ids.len(), limit });
                }
                Ok(Tokens { ids, dropped: 0 })
            }
            Prompt::Chat(messages) => self.encode_chat(messages, limit),
        }
    }

    /// The dialogue as tokens, and for each the byte of the last message's content that it begins at: [`usize::MAX`] behind it, and
    /// 0 before it. None where something of the content is not written there as it is.
    pub(crate) fn encode_with_places(&self, messages: &[Message]) -> Result<Option<(Vec<u32>, Vec<usize>)>> {
        let Some(last) = messages.last() else { return Ok(None) };
        if messages.iter().any(|message| self.tokenizer.without_controls(&message.content) != message.content) {
            return Ok(None);
        }
        let text = self.template.render(messages, true)?;
        let Some(first) = text.rfind(last.content.trim()) else { return Ok(None) };
        let first = first - (last.content.len() - last.content.trim_start().len()).min(first);
        let (ids, starts) = self.tokenizer.encode_with_starts(&text)?;
        let end = first + last.content.trim_end().len();
        let place = |start: usize| if start >= end { usize::MAX } else { start.saturating_sub(first) };
        Ok(Some((ids, starts.into_iter().map(place).collect())))
    }

    /// The dialogue as tokens. The oldest messages after a leading system message are left out until it fits, whole
    /// exchanges at a time, so that what is left begins with the user.
    pub(crate) fn encode_chat(&self, messages: &[Message], limit: usize) -> Result<Tokens> {
        let clean: Vec<Message> = messages
            .iter()
            .map(|message| Message::new(message.role, self.tokenizer.without_controls(&message.content)))
            .collect();
        let system = usize::from(clean.first().is_some_and(|first| first.role == Role::System));
        let mut kept = clean;
        let mut dropped = 0;
        loop {
            let ids = self.tokenizer.encode(&self.template.render(&kept, true)?)?;
            if ids.len() <= limit {
                return Ok(Tokens { ids, dropped });
            }
            // The next message of the user after the first one begins the next exchange.
            let next = kept.iter().skip(system + 1).position(|message| message.role == Role::User);
            let Some(next) = next.map(|at| at + 1) else {
                return Err(LlmError::TooLong { tokens: ids.len(), limit });
            };
            kept.drain(system..system + next);
            dropped += next;
        }
    }

    /// Makes the model know exactly `ids` (at least one), reading only what it does not know yet, the last one always and
    /// closely: its scores are wanted. Returns how many it knew, and whether it got to the end.
    pub(crate) fn prefill(&mut self, ids: &[u32], cancel: &Cancel) -> Result<(usize, bool)> {
        let Some((last, before)) = ids.split_last() else { return Ok((0, true)) };
        let (known, complete) = self.learn(before, cancel)?;
        let complete = complete && self.llama.read_closely(*last, cancel)?;
        if complete {
            self.read.push(*last);
        }
        Ok((known, complete))
    }

    /// Makes the model know exactly `ids`, reading only what it does not know yet. Returns how many it knew, and whether
    /// it got to the end.
    pub(crate) fn learn(&mut self, ids: &[u32], cancel: &Cancel) -> Result<(usize, bool)> {
        let known = self.read.iter().zip(ids).take_while(|(a, b)| a == b).count();
        self.forget_after(known);
        for chunk in ids[known..].chunks(self.llama.chunk()) {
            if !self.llama.read(chunk, cancel)? {
                return Ok((known, false));
            }
            self.read.extend_from_slice(chunk);
        }
        Ok((known, true))
    }

    pub(crate) fn forget_after(&mut self, length: usize) {
        self.llama.truncate(length);
        self.read.truncate(length);
        debug_assert_eq!(self.llama.len(), self.read.len());
    }

    fn run(
        &mut self,
        prompt: &Prompt,
        options: &GenerateOptions,
        cancel: &Cancel,
        on_text: &mut dyn FnMut(&str),
    ) -> Result<Generation> {
        let started = Instant::now();
        let elapsed = || ms(started.elapsed());
        let Tokens { ids, dropped } = self.encode(prompt, self.prompt_limit(options.max_tokens))?;
        if ids.is_empty() {
            return Err(LlmError::BadOption { name: "prompt", value: "empty".into(), range: "a text" });
        }
        // The last token is made without being read.
        let most = options.max_tokens.min(self.llama.capacity() + 1 - ids.len());
        let (mut setup, mut guiding) = (Duration::ZERO, Duration::ZERO);
        let form = options.constraint.as_ref();
        let mut guide = form.map(|form| timed(&mut setup, || self.guide(form, most))).transpose()?;
        let mut timings = GenerationTimings { constraint_setup: ms(setup), ..Default::default() };
        let (cached, complete) = self.prefill(&ids, cancel)?;
        timings.prefill = elapsed();
        let mut sampler = Sampler::new(options);
        let mut text = TextStream::new(&options.stop);
        let mut made: Vec<u32> = Vec::with_capacity(options.max_tokens);
        let stop_reason = loop {
            if !complete || cancel.is_cancelled() {
                break StopReason::Cancelled;
            }
            let leaders = match guide {
                // What the form allows may be far from the best.
                Some(_) => None,
                None => self.llama.leaders(&sampler.choice(&made))?,
            };
            let token = match leaders {
                Some(leaders) => Some(sampler.sample_of(leaders, &made)?),
                None => {
                    let logits = self.llama.logits()?;
                    let is_open = guide.as_mut().is_none_or(|guide| timed(&mut guiding, || guide.mask(logits)));
                    if is_open { Some(sampler.sample(logits, &made)?) } else { None }
                }
            };
            if made.is_empty() {
                timings.first_token = elapsed();
            }
            if token.is_some_and(|token| self.tokenizer.is_end(token)) {
                break StopReason::EndOfText;
            }
            let left = most - made.len() - 1;
            let bytes = |token| self.tokenizer.bytes(token);
            let mut fits = |token: &u32| {
                guide.as_mut().is_none_or(|guide| timed(&mut guiding, || guide.take(bytes(*token), left)))
            };
            let token = token.filter(|token| fits(token));
            let Some(token) = token else {
                // There is room for the shortest end and not for what the model would say before it.
                for token in guide.iter().flat_map(Guide::ending) {
                    made.push(token);
                    text.push(self.tokenizer.bytes(token), on_text);
                }
                break StopReason::Length;
            };
            made.push(token);
            if text.push(self.tokenizer.bytes(token), on_text) {
                break StopReason::StopString;
            }
            if guide.as_ref().is_some_and(Guide::is_complete) {
                break StopReason::EndOfText;
            }
            if made.len() == most {
                break StopReason::Length;
            }
            if !self.llama.read_closely(token, cancel)? {
                break StopReason::Cancelled;
            }
            self.read.push(token);
        };
        let text = text.finish(on_text);
        timings.total = elapsed();
        timings.constraint = ms(guiding);
        Ok(Generation {
            text,
            prompt_tokens: ids.len(),
            cached_tokens: cached,
            generated_tokens: made.len(),
            dropped_messages: dropped,
            stop_reason,
            timings_ms: timings,
        })
    }

    /// A guide through answers of the form `form`, of at most `most` tokens.
    fn guide(&mut self, form: &Constraint, most: usize) -> Result<Guide> {
        let (tokenizer, lexicon) = (&self.tokenizer, &mut self.lexicon);
        let lexicon = lexicon.get_or_insert_with(|| {
            let tokens = (0..tokenizer.vocabulary() as u32).map(|token| tokenizer.bytes(token));
            Arc::new(Lexicon::new(tokens, tokenizer.end_ids()))
        });
        Guide::new(form, Arc::clone(lexicon), most)
    }

    /// The tokens that every dialogue that begins with `beginning` begins with, whatever the user says next.
    fn beginning(&self, beginning: &[Message]) -> Result<Vec<u32>> {
        let with = |question: &str| -> Result<Vec<u32>> {
            let mut messages: Vec<Message> = beginning
                .iter()
                .map(|message| Message::new(message.role, self.tokenizer.without_controls(&message.content)))
                .collect();
            messages.push(Message::new(Role::User, question));
            self.tokenizer.encode(&self.template.render(&messages, true)?)
        };
        let (mut one, other) = (with("What")?, with("7")?);
        let common = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
        one.truncate(common);
        Ok(one)
    }
}

/// Does `work` and adds the time that it took to `sum`.
fn timed<T>(sum: &mut Duration, work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let made = work();
    *sum += began.elapsed();
    made
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

impl LanguageModel for GgufModel {
    fn generate(
        &mut self,
        prompt: &Prompt,
        options: &GenerateOptions,
        cancel: &Cancel,
        on_text: &mut dyn FnMut(&str),
    ) -> jarvis_core::Result<Generation> {
        sampling::check(options)?;
        stream::check(&options.stop)?;
        if options.constraint.is_some() && !options.stop.is_empty() {
            let value = format!("of {} texts", options.stop.len());
            return Err(LlmError::BadOption { name: "stop", value, range: "empty when the answer has a form" }.into());
        }
        Ok(self.run(prompt, options, cancel, on_text)?)
    }

    fn warm_up(&mut self, beginning: &[Message]) -> jarvis_core::Result<()> {
        let ids = self.beginning(beginning)?;
        let limit = self.prompt_limit(1);
        if ids.len() > limit {
            return Err(LlmError::TooLong { tokens: ids.len(), limit }.into());
        }
        if !ids.is_empty() && !self.read.starts_with(&ids) {
            self.learn(&ids, &Cancel::new())?;
        }
        self.learn_endings()?;
        // Another thread may ask next, and work that is queued belongs to this one.
        Ok(self.llama.settle()?)
    }

    fn context_length(&self) -> usize {
        self.llama.capacity()
    }

    fn parameters(&self) -> Option<u64> {
        Some(self.parameters)
    }

    fn end_of_turn(&mut self, said: &str, cancel: &Cancel) -> jarvis_core::Result<Option<f32>> {
        Ok(self.likely_end(said, cancel)?)
    }

    fn is_of_user(&mut self, prompt: &[Message], cancel: &Cancel) -> jarvis_core::Result<Option<f32>> {
        Ok(self.likely_of_user(prompt, cancel)?)
    }

    fn point(
        &mut self,
        prompt: &[Message],
        lines: &[Range<usize>],
        question: Range<usize>,
        cancel: &Cancel,
    ) -> jarvis_core::Result<Option<Pointed>> {
        Ok(self.pointed(prompt, lines, question, cancel)?)
    }
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
