//! The weights of a model on a device, in the file's own quantization.
//!
//! A tensor is read whole and handed over; nothing of it stays in this machine's memory. Tensors of 16-bit floats are widened
//! to 32, since not every device multiplies them as they are. Of each type some products are held against this machine's own
//! before a model is used: a kernel that was compiled for other cards, or takes no rows of that length, may give anything
//! and call it done.

use super::super::config::Config;
use super::super::floats_of;
use super::super::weights::{Place, checked_places, shaped, vector};
use crate::error::{LlmError, Result};
use crate::gguf::{Gguf, TensorInfo, TensorType};
use candle_core::quantized::{QMatMul, QStorage, QTensor};
use candle_core::{Device, Module, Tensor};
use std::borrow::Cow;

/// How much products may be off, as a share of their size: far more than any rounding, far less than none of it being right.
const OFF: f32 = 0.05;
/// Tokens that products are tried with: kernels of their own multiply one and many.
const TRIED: [usize; 2] = [1, 16];
/// Rows of a matrix that are tried.
const ROWS: usize = 16;

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
        let mut loader = Loader { gguf, device, bytes: 0, tried: Vec::new() };
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
    /// Types of weights and lengths of their rows whose products were tried.
    tried: Vec<(TensorType, usize)>,
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
                Some(Tensor::new(&all[place.first..][..place.rows], self.device).map_err(LlmError::device)?)
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
        let kind = (tensor.kind, tensor.cols);
        let expected = match self.tried.contains(&kind) {
            true => None,
            false => Some(Sample::of(tensor, &bytes)?),
        };
        let matrix = QStorage::from_data(Cow::Owned(bytes), self.device, tensor.kind.to_candle())
            .and_then(|storage| QTensor::new(storage, (rows, tensor.cols)))
            .and_then(QMatMul::from_qtensor)
            .map_err(LlmError::device)?;
        if let Some(expected) = expected {
            expected.hold(&matrix, self.device)?;
            self.tried.push(kind);
        }
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
        Tensor::from_vec(vector(self.gguf, name, length)?, length, self.device).map_err(LlmError::device)
    }
}

/// Some rows of a matrix as floats of this machine.
struct Sample {
    kind: TensorType,
    cols: usize,
    /// Their numbers in the matrix, and what they hold.
    rows: Vec<(usize, Vec<f32>)>,
}

impl Sample {
    /// Rows from all over the matrix of `bytes`, which is of `tensor`.
    fn of(tensor: &TensorInfo, bytes: &[u8]) -> Result<Self> {
        let of_row = tensor.row_bytes();
        let count = bytes.len() / of_row;
        let rows = (0..ROWS.min(count)).map(|index| {
            let row = index * count / ROWS.min(count);
            let mut floats = vec![0.0; tensor.cols];
            floats_of(tensor.kind, &bytes[row * of_row..][..of_row], &mut floats)?;
            Ok((row, floats))
        });
        Ok(Self { kind: tensor.kind, cols: tensor.cols, rows: rows.collect::<Result<_>>()? })
    }

    /// Holds products of `matrix`, where these rows are, against those that this machine makes of them.
    ///
    /// # Errors
    /// They are others.
    fn hold(&self, matrix: &QMatMul, device: &Device) -> Result<()> {
        for tokens in TRIED {
            // Whole numbers of seven bits with the largest in each block: what rounds activations loses nothing of them.
            let number = |at: usize| if at.is_multiple_of(32) { 127.0 } else { (at * 37 % 255) as f32 - 127.0 };
            let x: Vec<f32> = (0..tokens * self.cols).map(|at| number(at) / 128.0).collect();
            let products = Tensor::from_slice(&x, (tokens, self.cols), device)
                .and_then(|x| matrix.forward(&x)?.to_vec2::<f32>())
                .map_err(LlmError::device)?;
            let (mut off, mut size) = (0.0, 0.0);
            for (products, x) in products.iter().zip(x.chunks_exact(self.cols)) {
                for (row, weights) in &self.rows {
                    let expected: f32 = weights.iter().zip(x).map(|(weight, x)| weight * x).sum();
                    off += (products[*row] - expected).powi(2);
                    size += expected.powi(2);
                }
            }
            // So that what is no number is refused, too.
            let is_close = off <= OFF * OFF * size;
            if !is_close {
                let (kind, cols, share) = (self.kind, self.cols, (off / size).sqrt() * 100.0);
                return Err(LlmError::device(format!(
                    "its products of {tokens} rows with {kind:?} weights of {cols} columns are off by {share:.0} %"
                )));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gguf::testing::small_model;

    #[test]
    fn products_that_are_others_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.gguf");
        small_model(TensorType::Q4_1, 64).write(&path);
        let gguf = Gguf::open(&path).unwrap();
        let matrix = |name: &str, rows: usize| {
            let tensor = gguf.tensor(name).unwrap();
            let mut bytes = vec![0; tensor.row_bytes() * rows];
            gguf.read_rows(tensor, 0, &mut bytes).unwrap();
            let sample = Sample::of(tensor, &bytes).unwrap();
            let storage = QStorage::from_data(Cow::Owned(bytes), &Device::Cpu, tensor.kind.to_candle()).unwrap();
            let tensor = QTensor::new(storage, (rows, tensor.cols)).unwrap();
            (sample, QMatMul::from_qtensor(tensor).unwrap())
        };
        let (sample, own) = matrix("blk.0.attn_k.weight", 128);
        let (_, other) = matrix("blk.0.attn_v.weight", 128);
        assert_eq!(
            sample.rows.iter().map(|(row, _)| *row).collect::<Vec<_>>(),
            (0..128).step_by(8).collect::<Vec<_>>()
        );
        sample.hold(&own, &Device::Cpu).unwrap();
        let nothing = |number: f32| QMatMul::Tensor(Tensor::full(number, (128, 256), &Device::Cpu).unwrap());
        for wrong in [other, nothing(0.0), nothing(f32::NAN)] {
            let error = sample.hold(&wrong, &Device::Cpu).unwrap_err();
            assert!(matches!(&error, LlmError::Device(told) if told.contains("Q4_1 weights of 256")), "{error}");
        }
    }
}
