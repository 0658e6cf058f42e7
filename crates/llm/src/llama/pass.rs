//! Where a model's forward pass runs: on the processor or on a graphics processor, behind one face.
//!
//! Owns nothing but the choice that was made at load. Whoever holds a [`Pass`] reads tokens, takes scores and cuts back, and
//! never knows which it is but to say so.

use super::cache::Cache;
use super::device::{self, DeviceLlama};
use super::{CHUNK, Choice, Config, Llama, Pointing};
use crate::error::Result;
use crate::gguf::Gguf;
use crate::kernels::Kernel;
use candle_core::Device;
use jarvis_core::Cancel;

/// A loaded model and what it has read.
pub(crate) enum Pass {
    /// Our own kernels.
    Processor(Box<Llama>),
    /// Candle's operations.
    Device(Box<DeviceLlama>),
}

/// What was read of another text, where the pass that made it runs.
pub(crate) struct Aside(Kept);

enum Kept {
    Processor(Cache),
    Device(device::Cache),
}

impl Pass {
    /// Loads the model in `gguf` for this machine's processor. See [`Llama::load`].
    ///
    /// # Errors
    /// Those of [`Llama::load`].
    pub(crate) fn on_processor(
        gguf: &Gguf,
        config: Config,
        positions: usize,
        threads: usize,
        kernel: Kernel,
    ) -> Result<Self> {
        Ok(Self::Processor(Box::new(Llama::load(gguf, config, positions, threads, kernel)?)))
    }

    /// Loads the model in `gguf` onto `device`. See [`DeviceLlama::load`].
    ///
    /// # Errors
    /// Those of [`DeviceLlama::load`].
    pub(crate) fn on_device(gguf: &Gguf, config: Config, positions: usize, device: Device) -> Result<Self> {
        Ok(Self::Device(Box::new(DeviceLlama::load(gguf, config, positions, device)?)))
    }

    /// What computes, in a word or two.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Processor(llama) => llama.kernel.name(),
            Self::Device(llama) => llama.name(),
        }
    }

    /// Tokens that fit.
    pub(crate) fn capacity(&self) -> usize {
        match self {
            Self::Processor(llama) => llama.capacity(),
            Self::Device(llama) => llama.capacity(),
        }
    }

    /// Tokens read so far.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Processor(llama) => llama.len(),
            Self::Device(llama) => llama.len(),
        }
    }

    /// Tokens that [`Self::read`] takes at once at most.
    pub(crate) fn chunk(&self) -> usize {
        match self {
            Self::Processor(_) => CHUNK,
            Self::Device(llama) => llama.chunk(),
        }
    }

    /// Forgets all but the first `length` tokens.
    pub(crate) fn truncate(&mut self, length: usize) {
        match self {
            Self::Processor(llama) => llama.truncate(length),
            Self::Device(llama) => llama.truncate(length),
        }
    }

    /// Another place to read into, for at most `positions` tokens. See [`Self::swap`].
    ///
    /// # Errors
    /// A graphics processor has no memory for it.
    pub(crate) fn aside(&self, positions: usize) -> Result<Aside> {
        Ok(Aside(match self {
            Self::Processor(llama) => Kept::Processor(llama.aside(positions)),
            Self::Device(llama) => Kept::Device(llama.aside(positions)?),
        }))
    }

    /// Goes on with what was read into `aside`, which this made, and keeps there what was read here.
    pub(crate) fn swap(&mut self, aside: &mut Aside) {
        match (self, &mut aside.0) {
            (Self::Processor(llama), Kept::Processor(aside)) => llama.swap(aside),
            (Self::Device(llama), Kept::Device(aside)) => llama.swap(aside),
            _ => unreachable!("what is aside belongs to the pass that made it"),
        }
    }

    /// Bytes of the weights in memory.
    pub(crate) fn weight_bytes(&self) -> usize {
        match self {
            Self::Processor(llama) => llama.weight_bytes(),
            Self::Device(llama) => llama.weight_bytes(),
        }
    }

    /// Reads `tokens` (1 ..= [`Self::chunk`], all within the vocabulary, and no more than fit) after what was read before.
    /// `false` when `cancel` was raised: then nothing of `tokens` was read.
    ///
    /// # Errors
    /// A graphics processor failed. Nothing of `tokens` was read.
    pub(crate) fn read(&mut self, tokens: &[u32], cancel: &Cancel) -> Result<bool> {
        match self {
            Self::Processor(llama) => Ok(llama.read(tokens, cancel)),
            Self::Device(llama) => llama.read(tokens, cancel),
        }
    }

    /// The same for one token whose scores are wanted. See [`Llama::read_closely`].
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(crate) fn read_closely(&mut self, token: u32, cancel: &Cancel) -> Result<bool> {
        match self {
            Self::Processor(llama) => Ok(llama.read_closely(token, cancel)),
            Self::Device(llama) => llama.read(&[token], cancel),
        }
    }

    /// Layers of the model.
    pub(crate) fn layers(&self) -> usize {
        match self {
            Self::Processor(llama) => llama.config.layers,
            Self::Device(llama) => llama.layers(),
        }
    }

    /// Keeps the residual stream behind `layer` (counted from 0) of the last token of every read from now on, for
    /// [`Self::watched`].
    pub(crate) fn watch(&mut self, layer: usize) {
        match self {
            Self::Processor(llama) => llama.watch(layer),
            Self::Device(llama) => llama.watch(layer),
        }
    }

    /// What was kept of the last read; none where nothing is watched.
    ///
    /// # Errors
    /// A graphics processor failed.
    pub(crate) fn watched(&self) -> Result<Option<Vec<f32>>> {
        match self {
            Self::Processor(llama) => Ok(llama.watched.map(|_| llama.scratch.watched.clone())),
            Self::Device(llama) => llama.watched(),
        }
    }

    /// Notes from now on where tokens look, until [`Self::pointed`]; `false` where this pass can't tell.
    pub(crate) fn point(&mut self, pointing: Pointing) -> bool {
        match self {
            Self::Processor(llama) => llama.pointing = Some(pointing),
            // Candle's attention is one operation, which keeps no weights.
            Self::Device(_) => return false,
        }
        true
    }

    /// What was noted since [`Self::point`], see [`Pointing::shares`]; nothing is noted any more.
    pub(crate) fn pointed(&mut self) -> Option<Vec<f32>> {
        match self {
            Self::Processor(llama) => llama.pointing.take().map(Pointing::shares),
            Self::Device(_) => None,
        }
    }

    /// Query heads of a layer.
    pub(crate) fn heads(&self) -> usize {
        match self {
            Self::Processor(llama) => llama.config.heads,
            Self::Device(llama) => llama.heads(),
        }
    }

    /// Waits until all that was read is computed, so that another thread may go on.
    ///
    /// # Errors
    /// A graphics processor failed.
    pub(crate) fn settle(&self) -> Result<()> {
        match self {
            Self::Processor(_) => Ok(()),
            Self::Device(llama) => llama.settle(),
        }
    }

    /// The scores that matter for `choice`, each with its token; none where all have to be looked at. See [`Llama::leaders`].
    ///
    /// # Errors
    /// Those of [`Llama::leaders`].
    pub(crate) fn leaders(&mut self, choice: &Choice<'_>) -> Result<Option<&mut Vec<(f32, u32)>>> {
        match self {
            Self::Processor(llama) => llama.leaders(choice),
            Self::Device(_) => Ok(None),
        }
    }

    /// Scores of what comes after the last token read, one per token of the vocabulary.
    ///
    /// # Errors
    /// A graphics processor failed, or nothing was read.
    pub(crate) fn logits(&mut self) -> Result<&mut [f32]> {
        match self {
            Self::Processor(llama) => Ok(llama.logits()),
            Self::Device(llama) => llama.logits(),
        }
    }
}
