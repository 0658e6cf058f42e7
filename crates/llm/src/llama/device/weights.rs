//! The weights of a model on a device, in the file's own quantization.
//!
//! A tensor is read whole and handed over; nothing of it stays in this machine's memory. Tensors of 16-bit floats are widened
//! to 32, since not every device multiplies them as they are.

use super::super::config::Config;
use super::super::weights::{Place, checked_places, shaped, vector};
use crate::error::{LlmError, Result};
use crate::gguf::Gguf;
use candle_core::quantized::{QMatMul, QStorage, QTensor};
use candle_core::{Device, Module, Tensor};
use std::borrow::Cow;

/// A matrix, and what is added to its products.
pub(super) struct Linear {
    matrix: QMatMul,
    bias: Option<Tensor>,
}

impl Linear {
    /// Products of the rows of `x`, which lie one after the other.
    pub(super) fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let products = self.matrix.forward(x)?;
        match &self.bias {
            Some(bias) => products.broadcast_add(bias),
            None => Ok(products),
        }
    }
}

/// One layer.
pub(super) struct Layer {
    pub(super) attention_norm: Tensor,
    pub(super) query: Linear,
    pub(super) key: Linear,
    pub(super) value: Linear,
    /// Of each query head, and of each key head.
    pub(super) head_norms: Option<[Tensor; 2]>,
    pub(super) attention_out: Linear,
    /// Of what attention adds to the stream.
    pub(super) attention_sum_norm: Option<Tensor>,
    pub(super) feed_norm: Tensor,
    pub(super) gate: Linear,
    pub(super) up: Linear,
    pub(super) down: Linear,
    /// Of what the feed-forward part adds to the stream.
    pub(super) feed_sum_norm: Option<Tensor>,
}

/// All of a model.
pub(super) struct Weights {
    /// One row a token. Also the output, when `output` is `None`.
    pub(super) embedding: QMatMul,
    pub(super) layers: Vec<Layer>,
    pub(super) norm: Tensor,
    output: Option<QMatMul>,
    /// Bytes of all matrices on the device.
    pub(super) bytes: usize,
}

impl Weights {
    /// Reads the weights that `config` asks for onto `device`.
    ///
    /// # Errors
    /// A tensor is missing, has another shape, or can't be read; the device has no memory for it.
    pub(super) fn load(gguf: &Gguf, config: &Config, device: &Device) -> Result<Self> {
        let places = checked_places(gguf, config)?;
        let mut loader = Loader { gguf, device, bytes: 0 };
        let layers =
            (0..config.layers).map(|layer| loader.layer(config, &places, layer)).collect::<Result<Vec<_>>>()?;
        let mut whole = |name| {
            shaped(gguf, name, config.vocabulary, config.width)?;
            loader.matrix(name, 0, config.vocabulary)
        };
        let output = match gguf.header.tensors.contains_key("output.weight") {
            true => Some(whole("output.weight")?),
            false => None,
        };
        let embedding = whole("token_embd.weight")?;
        let norm = loader.floats("output_norm.weight", config.width)?;
        Ok(Self { embedding, layers, norm, output, bytes: loader.bytes })
    }

    /// The same weights as 32-bit floats, so that no activation is rounded.
    #[cfg(test)]
    pub(super) fn widen(&mut self) {
        let layers = self.layers.iter_mut().flat_map(|layer| {
            let Layer { query, key, value, attention_out, gate, up, down, .. } = layer;
            [query, key, value, attention_out, gate, up, down].map(|linear| &mut linear.matrix)
        });
        let matrices = layers.chain([&mut self.embedding]).chain(&mut self.output);
        for matrix in matrices {
            if let QMatMul::QTensor(quantized) = &*matrix {
                *matrix = QMatMul::Tensor(quantized.dequantize(&quantized.device()).unwrap());
            }
        }
    }

    /// The matrix that turns the last state into a score for each token.
    pub(super) fn output(&self) -> &QMatMul {
        self.output.as_ref().unwrap_or(&self.embedding)
    }
}

/// What takes tensors from a file to a device.
struct Loader<'a> {
    gguf: &'a Gguf,
    device: &'a Device,
    bytes: usize,
}

impl Loader<'_> {
    fn layer(&mut self, config: &Config, places: &[Place; 7], layer: usize) -> Result<Layer> {
        let mut linear = |index: usize| self.linear(&places[index], layer);
        let (query, key, value, attention_out) = (linear(0)?, linear(1)?, linear(2)?, linear(3)?);
        let (gate, up, down) = (linear(4)?, linear(5)?, linear(6)?);
        let norm = |name: &str, width: usize| self.floats(&format!("blk.{layer}.{name}.weight"), width);
        let sum_norm = |name: &str| config.family.norms_sums.then(|| norm(name, config.width)).transpose();
        let head_norms = match config.family.norms_heads {
            true => Some([norm("attn_q_norm", config.head_width)?, norm("attn_k_norm", config.head_width)?]),
            false => None,
        };
        Ok(Layer {
            attention_norm: norm("attn_norm", config.width)?,
            query,
            key,
            value,
            head_norms,
            attention_out,
            attention_sum_norm: sum_norm("post_attention_norm")?,
            feed_norm: norm("ffn_norm", config.width)?,
            gate,
            up,
            down,
            feed_sum_norm: sum_norm("post_ffw_norm")?,
        })
    }

    fn linear(&mut self, place: &Place, layer: usize) -> Result<Linear> {
        let named = |what: &str| format!("blk.{layer}.{}.{what}", place.tensor);
        let matrix = self.matrix(&named("weight"), place.first, place.rows)?;
        let bias = named("bias");
        let bias = match self.gguf.header.tensors.contains_key(&bias) {
            true => {
                let all = vector(self.gguf, &bias, place.rows_of_tensor)?;
                Some(Tensor::new(&all[place.first..][..place.rows], self.device).map_err(LlmError::engine)?)
            }
            false => None,
        };
        Ok(Linear { matrix, bias })
    }

    /// `rows` rows of the tensor `name` from `first_row`.
    fn matrix(&mut self, name: &str, first_row: usize, rows: usize) -> Result<QMatMul> {
        let tensor = self.gguf.tensor(name)?;
        let mut bytes = vec![0; tensor.row_bytes() * rows];
        self.gguf.read_rows(tensor, first_row, &mut bytes)?;
        let matrix = QStorage::from_data(Cow::Owned(bytes), self.device, tensor.kind.to_candle())
            .and_then(|storage| QTensor::new(storage, (rows, tensor.cols)))
            .and_then(QMatMul::from_qtensor)
            .map_err(LlmError::engine)?;
        self.bytes += match &matrix {
            QMatMul::QTensor(matrix) => matrix.storage_size_in_bytes(),
            QMatMul::Tensor(matrix) | QMatMul::TensorF16(matrix) => {
                matrix.elem_count() * matrix.dtype().size_in_bytes()
            }
        };
        Ok(matrix)
    }

    /// The `length` floats of the tensor `name`.
    fn floats(&self, name: &str, length: usize) -> Result<Tensor> {
        Tensor::from_vec(vector(self.gguf, name, length)?, length, self.device).map_err(LlmError::engine)
    }
}
