//! The forward pass in candle's operations, on any of its devices: what runs on a graphics processor (CUDA, Metal).
//!
//! The same steps as [`super::Llama`], from the same [`Config`], for every family; on candle's own processor device tests hold
//! the two against each other. Weights keep the file's quantization; candle's operations on the processor round activations to
//! eight bits to multiply them, those that are asked for on CUDA, and Metal's, don't. Keys and values are reserved once, appended in place and looked at where they are: grouped queries go
//! against their head's keys as rows of one product. Operations are queued on the device and not waited for, but at the end
//! of a chunk and for scores, so that a raised [`Cancel`] never finds more than a chunk under way.
//!
//! Never chooses whether to be used, and never falls back: an operation that fails is the caller's to tell.

mod attention;
mod cache;
#[cfg(test)]
mod tests;
mod weights;

pub(crate) use cache::Cache;

use super::Config;
use super::cache::Cache as ProcessorCache;
use super::family::Gating;
use crate::error::{LlmError, Result};
use crate::gguf::{Gguf, TensorType};
use attention::Seen;
use candle_core::{Device, Module, Tensor};
use candle_nn::ops::rms_norm;
use jarvis_core::Cancel;
use std::sync::OnceLock;
use weights::{Layer, Weights};

/// Tokens that are read at once at most: enough to keep thousands of lanes busy, few enough that nobody waits long for a
/// chunk that was given up.
const MOST_AT_ONCE: usize = 512;
/// Tokens that are read at once however long the context is.
const LEAST_AT_ONCE: usize = 16;
/// Bytes that the scores of attention of a chunk may have.
const MAX_SCORES: usize = 128 << 20;

/// Tokens that a model of so many heads reads at once in a context of `positions`.
fn chunk_of(heads: usize, positions: usize) -> usize {
    (MAX_SCORES / (heads * positions * size_of::<f32>())).clamp(LEAST_AT_ONCE, MOST_AT_ONCE).min(positions)
}

/// Bytes of a device's memory that the model in `gguf` needs at most, with room for `positions` tokens.
pub(crate) fn memory(gguf: &Gguf, config: &Config, positions: usize) -> u64 {
    let positions = positions.min(config.context);
    let chunk = chunk_of(config.heads, positions);
    let (mut weights, mut widest) = (0, 0);
    for (name, tensor) in &gguf.header.tensors {
        let floats = tensor.rows * tensor.cols * size_of::<f32>();
        match tensor.kind {
            TensorType::F32 | TensorType::F16 | TensorType::Bf16 => weights += floats,
            _ => weights += tensor.row_bytes() * tensor.rows,
        }
        // A matrix that several tokens are multiplied with may be widened for that; the output has one token at a time.
        if name.starts_with("blk.") {
            widest = widest.max(floats);
        }
    }
    let kept = 2 * config.layers * config.kv_heads * config.head_width * positions;
    // Scores before and after they are masked and made shares, and what passes between two layers.
    let scores = 4 * chunk * config.heads * positions;
    let passing = chunk * (8 * config.width + 4 * config.feed_forward + 4 * config.query_width());
    (weights + widest + (kept + scores + passing) * size_of::<f32>()) as u64
}

/// The first graphics processor that this program was built for.
///
/// # Errors
/// It was built for none, or there is none that can be used (`llm.gpu`).
pub(crate) fn graphics() -> Result<Device> {
    // What the library keeps for a device (memory that products work in) it keeps for good, for each device that is made.
    static MADE: OnceLock<Device> = OnceLock::new();
    if let Some(device) = MADE.get() {
        return Ok(device.clone());
    }
    // Products with activations as they are, from kernels that a driver compiles for its card and whose start is checked. The
    // library's quicker ones round them to eight bits, and beside those the sum that weights with a minimum need, which is
    // not rounded: about twice the noise of our own kernels. And a card that they were not compiled for runs none of them,
    // without an error.
    #[cfg(feature = "cuda")]
    candle_core::quantized::cuda::set_force_dmmv(true);
    let device = if cfg!(feature = "cuda") {
        Device::new_cuda(0)
    } else if cfg!(feature = "metal") {
        Device::new_metal(0)
    } else {
        return Err(LlmError::Graphics("this program was built without one".into()));
    };
    let device = device.map_err(|error| LlmError::Graphics(error.to_string()))?;
    Ok(MADE.get_or_init(|| device).clone())
}

/// A model on a device and what it has read.
pub(crate) struct DeviceLlama {
    config: Config,
    device: Device,
    weights: Weights,
    /// In layers that see everything, and in local ones where those turn otherwise.
    angles: Angles,
    local_angles: Option<Angles>,
    cache: Cache,
    chunk: usize,
    /// The last token read, after the last layer: `[1, width]`.
    last: Option<Tensor>,
    /// The layer behind which the last token read is kept, ...
    watched_layer: Option<usize>,
    /// ... and that token there: `[1, width]`.
    watched: Option<Tensor>,
    logits: Vec<f32>,
}

impl DeviceLlama {
    /// Loads the model in `gguf` onto `device`, with room for `positions` tokens.
    ///
    /// # Errors
    /// The file lacks something or can't be read; the device fails, or has no memory for it.
    pub(crate) fn load(gguf: &Gguf, config: Config, positions: usize, device: Device) -> Result<Self> {
        let positions = positions.min(config.context);
        ProcessorCache::check(&config, positions)?;
        let weights = Weights::load(gguf, &config, &device)?;
        let on_device = || -> candle_core::Result<_> {
            let local = config.rope.local.as_ref();
            let turned = |frequencies| Angles::new(frequencies, config.rope.magnitude, positions, &device);
            let angles = turned(&config.rope.frequencies)?;
            Ok((angles, local.map(|local| turned(local)).transpose()?, Cache::new(&config, positions, &device)?))
        };
        let (angles, local_angles, cache) = on_device().map_err(LlmError::device)?;
        let chunk = chunk_of(config.heads, positions);
        let mut model = Self {
            config,
            device,
            weights,
            angles,
            local_angles,
            cache,
            chunk,
            last: None,
            watched_layer: None,
            watched: None,
            logits: Vec::new(),
        };
        model.try_out()?;
        Ok(model)
    }

    /// Reads to the end of the context and takes scores, as a long conversation will: what a device can't do, or has no
    /// memory for, shows now, while there is still a choice, and its kernels are loaded when the first question comes.
    fn try_out(&mut self) -> Result<()> {
        for count in [self.chunk, 1] {
            self.cache.filled(self.capacity() - count);
            self.read(&vec![0; count], &Cancel::new())?;
            self.logits()?;
        }
        self.truncate(0);
        self.settle()
    }

    /// Waits until all that was read is computed.
    ///
    /// Work is queued for the thread that asks for it (CUDA's default stream of each thread): what a thread left in its queue,
    /// another one would not wait for.
    ///
    /// # Errors
    /// The device failed.
    pub(crate) fn settle(&self) -> Result<()> {
        self.device.synchronize().map_err(LlmError::device)
    }

    /// What computes.
    pub(crate) fn name(&self) -> &'static str {
        match self.device {
            Device::Cpu => "candle",
            Device::Cuda(_) => "CUDA",
            Device::Metal(_) => "Metal",
        }
    }

    /// Tokens that fit.
    pub(crate) fn capacity(&self) -> usize {
        self.cache.capacity()
    }

    /// Tokens read so far.
    pub(crate) fn len(&self) -> usize {
        self.cache.len()
    }

    /// Tokens that are read at once at most.
    pub(crate) fn chunk(&self) -> usize {
        self.chunk
    }

    /// Forgets all but the first `length` tokens.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.cache.truncate(length);
    }

    /// Another place to read into, for at most `positions` tokens.
    ///
    /// # Errors
    /// The device has no memory for it.
    pub(crate) fn aside(&self, positions: usize) -> Result<Cache> {
        Cache::new(&self.config, positions.min(self.capacity()), &self.device).map_err(LlmError::device)
    }

    /// Goes on with what was read into `aside`, and keeps there what was read here.
    pub(crate) fn swap(&mut self, aside: &mut Cache) {
        std::mem::swap(&mut self.cache, aside);
    }

    /// Query heads of a layer.
    pub(crate) fn heads(&self) -> usize {
        self.config.heads
    }

    /// Layers of the model.
    pub(crate) fn layers(&self) -> usize {
        self.config.layers
    }

    /// Keeps the residual stream behind `layer` of the last token of every read from now on.
    pub(crate) fn watch(&mut self, layer: usize) {
        self.watched_layer = Some(layer);
    }

    /// What was kept of the last read.
    ///
    /// # Errors
    /// The device failed.
    pub(crate) fn watched(&self) -> Result<Option<Vec<f32>>> {
        let stream = |kept: &Tensor| kept.flatten_all()?.to_vec1::<f32>();
        self.watched.as_ref().map(stream).transpose().map_err(LlmError::device)
    }

    /// Bytes of the weights on the device.
    pub(crate) fn weight_bytes(&self) -> usize {
        self.weights.bytes
    }

    /// Reads `tokens` (1 ..= [`Self::chunk`], all within the vocabulary, and no more than fit) after what was read before.
    /// `false` when `cancel` was raised: then nothing of `tokens` was read.
    ///
    /// # Errors
    /// The device failed. Nothing of `tokens` was read.
    pub(crate) fn read(&mut self, tokens: &[u32], cancel: &Cancel) -> Result<bool> {
        let (first, count) = (self.cache.len(), tokens.len());
        assert!((1..=self.chunk).contains(&count) && first + count <= self.cache.capacity());
        let last = self.forward(tokens, cancel).map_err(LlmError::device)?;
        let Some((last, watched)) = last.filter(|_| !cancel.is_cancelled()) else { return Ok(false) };
        self.cache.filled(first + count);
        (self.last, self.watched) = (Some(last), watched);
        Ok(true)
    }

    /// The last of `tokens` after the last layer, and after the one that is watched; none when `cancel` was raised.
    fn forward(&self, tokens: &[u32], cancel: &Cancel) -> candle_core::Result<Option<(Tensor, Option<Tensor>)>> {
        let Self { config, device, weights, cache, .. } = self;
        let (first, count) = (cache.len(), tokens.len());
        let mut stream = weights.embedding.embedding(&Tensor::new(tokens, device)?)?;
        if config.embedding_scale() != 1.0 {
            stream = (stream * f64::from(config.embedding_scale()))?;
        }
        let everywhere = (Seen::new(None, first, count, device)?, self.angles.of(first, count)?);
        let local = match config.window {
            Some(window) => {
                let angles = self.local_angles.as_ref().unwrap_or(&self.angles);
                Some((Seen::new(Some(window), first, count, device)?, angles.of(first, count)?))
            }
            None => None,
        };
        let mut watched = None;
        for (index, layer) in weights.layers.iter().enumerate() {
            if cancel.is_cancelled() {
                return Ok(None);
            }
            let (seen, angles) = local.as_ref().filter(|_| config.window_of(index).is_some()).unwrap_or(&everywhere);
            let found = self.attention(index, &self.norm(&stream, &layer.attention_norm)?, seen, angles)?;
            stream = self.add(stream, found, layer.attention_sum_norm.as_ref())?;
            let fed = self.feed_forward(layer, &self.norm(&stream, &layer.feed_norm)?)?;
            stream = self.add(stream, fed, layer.feed_sum_norm.as_ref())?;
            if self.watched_layer == Some(index) {
                watched = Some(stream.narrow(0, count - 1, 1)?.contiguous()?);
            }
        }
        if count > 1 {
            device.synchronize()?;
        }
        Ok(Some((stream.narrow(0, count - 1, 1)?.contiguous()?, watched)))
    }

    /// `x`, `[tokens, width]`, with each row at length one, times `weight`.
    fn norm(&self, x: &Tensor, weight: &Tensor) -> candle_core::Result<Tensor> {
        rms_norm(x, weight, self.config.epsilon)
    }

    /// `stream + delta`, after a normalization of its own where the family has one.
    fn add(&self, stream: Tensor, delta: Tensor, norm: Option<&Tensor>) -> candle_core::Result<Tensor> {
        match norm {
            Some(norm) => stream + self.norm(&delta, norm)?,
            None => stream + delta,
        }
    }

    /// `down(bend(gate(x)) * up(x))`.
    fn feed_forward(&self, layer: &Layer, x: &Tensor) -> candle_core::Result<Tensor> {
        let gate = layer.gate.forward(x)?;
        let gate = match self.config.gating() {
            Gating::Silu => gate.silu()?,
            Gating::Gelu => gate.gelu()?,
        };
        layer.down.forward(&(gate * layer.up.forward(x)?)?)
    }

    /// Scores of what comes after the last token read, one per token of the vocabulary.
    ///
    /// # Errors
    /// The device failed, which shows in scores that are not numbers as well, or nothing was read.
    pub(crate) fn logits(&mut self) -> Result<&mut [f32]> {
        let last = self.last.as_ref().ok_or_else(|| LlmError::engine("it was asked for scores before it read"))?;
        let scores = || -> candle_core::Result<Vec<f32>> {
            let mut scores = self.weights.output().forward(&self.norm(last, &self.weights.norm)?)?;
            if let Some(cap) = self.config.logit_cap {
                scores = soft_cap(&scores, cap)?;
            }
            scores.flatten_all()?.to_vec1()
        };
        self.logits = scores().map_err(LlmError::device)?;
        // Where the processor gives numbers and this doesn't, the model's file is not to blame.
        match self.logits.iter().all(|score| score.is_finite()) {
            true => Ok(&mut self.logits),
            false => Err(LlmError::device("it gave scores that are not numbers")),
        }
    }
}

/// `cap * tanh(x / cap)`.
fn soft_cap(x: &Tensor, cap: f32) -> candle_core::Result<Tensor> {
    let cap = f64::from(cap);
    (x / cap)?.tanh()? * cap
}

/// Cosines and sines of all positions, `[positions, pairs]`.
struct Angles {
    cos: Tensor,
    sin: Tensor,
}

impl Angles {
    fn new(frequencies: &[f32], magnitude: f32, positions: usize, device: &Device) -> candle_core::Result<Self> {
        let turns = || (0..positions).flat_map(|position| frequencies.iter().map(move |turn| position as f32 * turn));
        let table = |numbers: Vec<f32>| Tensor::from_vec(numbers, (positions, frequencies.len()), device);
        Ok(Self {
            cos: table(turns().map(|angle| angle.cos() * magnitude).collect())?,
            sin: table(turns().map(|angle| angle.sin() * magnitude).collect())?,
        })
    }

    /// Those of `count` positions from `first`.
    fn of(&self, first: usize, count: usize) -> candle_core::Result<Self> {
        Ok(Self { cos: self.cos.narrow(0, first, count)?, sin: self.sin.narrow(0, first, count)? })
    }
}
