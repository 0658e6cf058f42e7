//! The weights of a model, read from the file and packed for the kernels.
//!
//! The file is read in pieces of about a megabyte by all threads at once and never kept, so that the memory in use is the
//! packed weights and little more.

use super::config::Config;
use crate::error::{LlmError, Result};
use crate::gguf::{Gguf, TensorInfo, TensorType};
use crate::kernels::{BLOCK, Bits, LANES, Lane, Packed};
use crate::team::{Parts, Team};
use candle_core::Device;
use candle_core::quantized::{QStorage, QTensor};
use half::f16;
use std::borrow::Cow;
use std::sync::Mutex;

/// Bytes of the file that a thread reads at a time.
const PIECE: usize = 1 << 20;

/// One layer.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) attention_norm: Vec<f32>,
    pub(crate) query: Packed,
    pub(crate) key: Packed,
    pub(crate) value: Packed,
    pub(crate) attention_out: Packed,
    pub(crate) feed_norm: Vec<f32>,
    pub(crate) gate: Packed,
    pub(crate) up: Packed,
    pub(crate) down: Packed,
}

/// All of a model.
#[derive(Debug)]
pub(crate) struct Weights {
    /// One row a token. Also the output, when `output` is `None`.
    pub(crate) embedding: Packed,
    pub(crate) layers: Vec<Layer>,
    pub(crate) norm: Vec<f32>,
    pub(crate) output: Option<Packed>,
}

impl Weights {
    /// Reads the weights that `config` asks for.
    ///
    /// # Errors
    /// A tensor is missing, has another shape, or can't be read.
    pub(crate) fn load(gguf: &Gguf, config: &Config, team: &mut Team) -> Result<Self> {
        // Every tensor is looked up before any memory is reserved, so that a file that lacks one is refused at once.
        let matrices = [
            ("attn_q", config.query_width(), config.width),
            ("attn_k", config.kv_width(), config.width),
            ("attn_v", config.kv_width(), config.width),
            ("attn_output", config.width, config.query_width()),
            ("ffn_gate", config.feed_forward, config.width),
            ("ffn_up", config.feed_forward, config.width),
            ("ffn_down", config.width, config.feed_forward),
        ];
        for layer in 0..config.layers {
            for (name, rows, cols) in matrices {
                shaped(gguf, &format!("blk.{layer}.{name}.weight"), rows, cols)?;
                if gguf.header.tensors.contains_key(&format!("blk.{layer}.{name}.bias")) {
                    return Err(LlmError::unsupported(format!("its {name} has a bias")));
                }
            }
        }
        let mut layers = Vec::with_capacity(config.layers);
        for layer in 0..config.layers {
            let mut matrix = |index: usize| {
                let (name, rows, cols) = matrices[index];
                matrix(gguf, &format!("blk.{layer}.{name}.weight"), rows, cols, team)
            };
            layers.push(Layer {
                attention_norm: vector(gguf, &format!("blk.{layer}.attn_norm.weight"), config.width)?,
                query: matrix(0)?,
                key: matrix(1)?,
                value: matrix(2)?,
                attention_out: matrix(3)?,
                feed_norm: vector(gguf, &format!("blk.{layer}.ffn_norm.weight"), config.width)?,
                gate: matrix(4)?,
                up: matrix(5)?,
                down: matrix(6)?,
            });
        }
        let output = match gguf.header.tensors.contains_key("output.weight") {
            true => Some(matrix(gguf, "output.weight", config.vocabulary, config.width, team)?),
            false => None,
        };
        Ok(Self {
            embedding: matrix(gguf, "token_embd.weight", config.vocabulary, config.width, team)?,
            layers,
            norm: vector(gguf, "output_norm.weight", config.width)?,
            output,
        })
    }

    /// The matrix that turns the last state into a score for each token.
    pub(crate) fn output(&self) -> &Packed {
        self.output.as_ref().unwrap_or(&self.embedding)
    }

    /// Bytes of all matrices in memory.
    pub(crate) fn bytes(&self) -> usize {
        let layer = |layer: &Layer| {
            [&layer.query, &layer.key, &layer.value, &layer.attention_out, &layer.gate, &layer.up, &layer.down]
                .iter()
                .map(|matrix| matrix.bytes())
                .sum::<usize>()
        };
        self.embedding.bytes()
            + self.output.as_ref().map_or(0, Packed::bytes)
            + self.layers.iter().map(layer).sum::<usize>()
    }
}

/// The tensor `name`, if it is `rows` x `cols`.
fn shaped<'a>(gguf: &'a Gguf, name: &str, rows: usize, cols: usize) -> Result<&'a TensorInfo> {
    let tensor = gguf.tensor(name)?;
    if (tensor.rows, tensor.cols) != (rows, cols) {
        return Err(LlmError::malformed(format!(
            "its tensor {name} is {} x {}, not {rows} x {cols}",
            tensor.rows, tensor.cols
        )));
    }
    Ok(tensor)
}

/// The `length` floats of the tensor `name`.
pub(super) fn vector(gguf: &Gguf, name: &str, length: usize) -> Result<Vec<f32>> {
    let tensor = shaped(gguf, name, 1, length)?;
    let mut bytes = vec![0; tensor.row_bytes()];
    gguf.read_rows(tensor, 0, &mut bytes)?;
    let mut floats = vec![0.0; length];
    floats_of(tensor.kind, &bytes, &mut floats)?;
    Ok(floats)
}

/// The tensor `name`, packed.
fn matrix(gguf: &Gguf, name: &str, rows: usize, cols: usize, team: &mut Team) -> Result<Packed> {
    let tensor = shaped(gguf, name, rows, cols)?;
    let bits = match tensor.kind {
        TensorType::Q4_0 | TensorType::Q4_1 | TensorType::Q4K => Bits::Four,
        _ => Bits::Eight,
    };
    let mut packed = Packed::zeros(rows, cols, bits);
    let groups = packed.groups();
    let (group_lines, group_scales) = (packed.group_lines(), packed.group_scales());
    let piece = (PIECE / (tensor.row_bytes() * LANES)).clamp(1, groups).max(groups.div_ceil(Team::MAX_CHUNKS));
    let lines = Parts::new(&mut packed.quants);
    let scales = Parts::new(&mut packed.scales);
    let failure = Mutex::new(None);
    team.run(groups.div_ceil(piece), &|_, chunk| {
        let first = chunk * piece;
        let count = piece.min(groups - first);
        // SAFETY: each chunk has its own groups.
        let (lines, scales) = unsafe {
            (
                lines.part(first * group_lines, count * group_lines),
                scales.part(first * group_scales, count * group_scales),
            )
        };
        let mut read = || -> Result<()> {
            let first_row = first * LANES;
            let mut bytes = vec![0; tensor.row_bytes() * (count * LANES).min(rows - first_row)];
            gguf.read_rows(tensor, first_row, &mut bytes)?;
            let mut floats = vec![0.0; cols];
            for (row, bytes) in bytes.chunks_exact(tensor.row_bytes()).enumerate() {
                let group = row / LANES;
                let lane = Lane {
                    lane: row % LANES,
                    lines: &mut lines[group * group_lines..][..group_lines],
                    scales: &mut scales[group * group_scales..][..group_scales],
                };
                pack_row(tensor.kind, bytes, &mut floats, lane)?;
            }
            Ok(())
        };
        if let Err(error) = read() {
            failure.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).get_or_insert(error);
        }
    });
    match failure.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner()) {
        Some(error) => Err(error),
        None => Ok(packed),
    }
}

fn half_at(bytes: &[u8], at: usize) -> f16 {
    f16::from_le_bytes([bytes[at], bytes[at + 1]])
}

/// Packs one row of the file. `scratch` has room for its floats.
fn pack_row(kind: TensorType, bytes: &[u8], scratch: &mut [f32], mut lane: Lane<'_>) -> Result<()> {
    match kind {
        // Scale, then 16 bytes of two columns each: exactly the packed form. The weight is `scale * (q - 8)`.
        TensorType::Q4_0 => {
            for (block, bytes) in bytes.as_chunks::<18>().0.iter().enumerate() {
                let scale = half_at(bytes, 0);
                let minimum = f16::from_f32(-8.0 * scale.to_f32());
                lane.four(block, bytes[2..].try_into().expect("16 bytes"), scale, minimum);
            }
        }
        TensorType::Q4_1 => {
            for (block, bytes) in bytes.as_chunks::<20>().0.iter().enumerate() {
                lane.four(block, bytes[4..].try_into().expect("16 bytes"), half_at(bytes, 0), half_at(bytes, 2));
            }
        }
        TensorType::Q4K => {
            for (superblock, bytes) in bytes.as_chunks::<144>().0.iter().enumerate() {
                pack_q4k(superblock * 8, bytes, &mut lane);
            }
        }
        TensorType::Q8_0 => {
            for (block, bytes) in bytes.as_chunks::<34>().0.iter().enumerate() {
                lane.eight(block, bytes[2..].try_into().expect("32 bytes"), half_at(bytes, 0));
            }
        }
        _ => {
            floats_of(kind, bytes, scratch)?;
            for (block, floats) in scratch.chunks_exact(BLOCK).enumerate() {
                lane.eight_from_floats(block, floats);
            }
        }
    }
    Ok(())
}

/// Packs a super-block of Q4_K: two 16-bit floats, twelve bytes with eight 6-bit scales and eight 6-bit minima, and 128
/// bytes in four parts of 32, each with one block in its low and the next in its high halves.
fn pack_q4k(first_block: usize, bytes: &[u8; 144], lane: &mut Lane<'_>) {
    let (scale, minimum) = (half_at(bytes, 0).to_f32(), half_at(bytes, 2).to_f32());
    let sixes = &bytes[4..16];
    for block in 0..8 {
        let (s, m) = if block < 4 {
            (sixes[block] & 63, sixes[block + 4] & 63)
        } else {
            (
                (sixes[block + 4] & 15) | ((sixes[block - 4] >> 6) << 4),
                (sixes[block + 4] >> 4) | ((sixes[block] >> 6) << 4),
            )
        };
        let quants = &bytes[16 + block / 2 * 32..][..32];
        let four = |byte: u8| if block % 2 == 0 { byte & 15 } else { byte >> 4 };
        let nibbles = std::array::from_fn(|i| four(quants[i]) | (four(quants[i + 16]) << 4));
        lane.four(
            first_block + block,
            &nibbles,
            f16::from_f32(scale * f32::from(s)),
            f16::from_f32(-minimum * f32::from(m)),
        );
    }
}

/// The floats of one row of any type.
fn floats_of(kind: TensorType, bytes: &[u8], out: &mut [f32]) -> Result<()> {
    if kind == TensorType::F32 {
        for (out, bytes) in out.iter_mut().zip(bytes.as_chunks::<4>().0) {
            *out = f32::from_le_bytes(*bytes);
        }
        return Ok(());
    }
    let storage =
        QStorage::from_data(Cow::Borrowed(bytes), &Device::Cpu, kind.to_candle()).map_err(LlmError::engine)?;
    let tensor = QTensor::new(storage, out.len()).and_then(|tensor| tensor.dequantize(&Device::Cpu));
    let floats = tensor.and_then(|tensor| tensor.to_vec1::<f32>()).map_err(LlmError::engine)?;
    out.copy_from_slice(&floats);
    Ok(())
}
