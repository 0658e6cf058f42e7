//! The weights of a model, read from the file and packed for the kernels.
//!
//! The file is read in pieces of about a megabyte by all threads at once and never kept, so that the memory in use is the
//! packed weights and little more.

use super::config::Config;
use super::pack::{floats_of, form_of, pack_row};
use crate::error::{LlmError, Result};
use crate::gguf::{Gguf, TensorInfo};
use crate::kernels::{LANES, Lane, Packed, Pages};
use crate::team::{Parts, Team};
use std::sync::Mutex;

/// Bytes of the file that a thread reads at a time.
const PIECE: usize = 1 << 20;

/// A matrix, and what is added to its products.
#[derive(Debug)]
pub(crate) struct Linear {
    pub(crate) weights: Packed,
    pub(crate) bias: Option<Vec<f32>>,
}

/// One layer.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) attention_norm: Vec<f32>,
    pub(crate) query: Linear,
    pub(crate) key: Linear,
    pub(crate) value: Linear,
    /// Of each query head, and of each key head.
    pub(crate) head_norms: Option<[Vec<f32>; 2]>,
    pub(crate) attention_out: Linear,
    /// Of what attention adds to the stream.
    pub(crate) attention_sum_norm: Option<Vec<f32>>,
    pub(crate) feed_norm: Vec<f32>,
    pub(crate) gate: Packed,
    pub(crate) up: Packed,
    pub(crate) down: Packed,
    /// Of what the feed-forward part adds to the stream.
    pub(crate) feed_sum_norm: Option<Vec<f32>>,
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

/// Where a matrix of a layer is: some of the rows of a tensor.
pub(super) struct Place {
    pub(super) tensor: &'static str,
    pub(super) rows_of_tensor: usize,
    pub(super) first: usize,
    pub(super) rows: usize,
    cols: usize,
}

/// The matrices of a layer: query, key, value, attention's output, gate, up, down.
fn places(config: &Config) -> [Place; 7] {
    let (query, kv, feed) = (config.query_width(), config.kv_width(), config.feed_forward);
    let own = |tensor, rows, cols| Place { tensor, rows_of_tensor: rows, first: 0, rows, cols };
    let part = |tensor, rows_of_tensor, first, rows| Place { tensor, rows_of_tensor, first, rows, cols: config.width };
    let attention_out = own("attn_output", config.width, query);
    let down = own("ffn_down", config.width, feed);
    if config.family.is_fused {
        return [
            part("attn_qkv", query + 2 * kv, 0, query),
            part("attn_qkv", query + 2 * kv, query, kv),
            part("attn_qkv", query + 2 * kv, query + kv, kv),
            attention_out,
            part("ffn_up", 2 * feed, 0, feed),
            part("ffn_up", 2 * feed, feed, feed),
            down,
        ];
    }
    [
        own("attn_q", query, config.width),
        own("attn_k", kv, config.width),
        own("attn_v", kv, config.width),
        attention_out,
        own("ffn_gate", feed, config.width),
        own("ffn_up", feed, config.width),
        down,
    ]
}

/// [`places`], once every tensor was looked up: before any memory is reserved, so that a file that lacks one is refused at
/// once.
///
/// # Errors
/// A tensor is missing, has another shape, or is one that no family has.
pub(super) fn checked_places(gguf: &Gguf, config: &Config) -> Result<[Place; 7]> {
    let places = places(config);
    for layer in 0..config.layers {
        for place in &places {
            let name = format!("blk.{layer}.{}.weight", place.tensor);
            shaped(gguf, &name, place.rows_of_tensor, place.cols)?;
        }
        for name in ["ffn_gate", "ffn_up", "ffn_down"] {
            if gguf.header.tensors.contains_key(&format!("blk.{layer}.{name}.bias")) {
                return Err(LlmError::unsupported(format!("its {name} has a bias")));
            }
        }
    }
    Ok(places)
}

impl Weights {
    /// Reads the weights that `config` asks for.
    ///
    /// # Errors
    /// A tensor is missing, has another shape, or can't be read.
    pub(crate) fn load(gguf: &Gguf, config: &Config, team: &mut Team) -> Result<Self> {
        let places = checked_places(gguf, config)?;
        let mut packer = Packer { gguf, team, pages: Pages::default() };
        let layers = (0..config.layers).map(|layer| load_layer(&mut packer, config, &places, layer));
        let layers = layers.collect::<Result<Vec<_>>>()?;
        let mut whole = |name| {
            shaped(gguf, name, config.vocabulary, config.width)?;
            packer.matrix(name, 0, config.vocabulary)
        };
        let output = match gguf.header.tensors.contains_key("output.weight") {
            true => Some(whole("output.weight")?),
            false => None,
        };
        Ok(Self {
            embedding: whole("token_embd.weight")?,
            layers,
            norm: vector(gguf, "output_norm.weight", config.width)?,
            output,
        })
    }

    /// The matrix that turns the last state into a score for each token.
    pub(crate) fn output(&self) -> &Packed {
        self.output.as_ref().unwrap_or(&self.embedding)
    }

    fn matrices(&self) -> impl Iterator<Item = &Packed> {
        self.layers
            .iter()
            .flat_map(|layer| {
                let linear = [&layer.query, &layer.key, &layer.value, &layer.attention_out];
                linear.map(|linear| &linear.weights).into_iter().chain([&layer.gate, &layer.up, &layer.down])
            })
            .chain([&self.embedding])
            .chain(&self.output)
    }

    /// Bytes of all matrices in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.matrices().map(Packed::bytes).sum()
    }

    /// Whether any matrix takes activations as they are.
    pub(crate) fn has_floats(&self) -> bool {
        self.matrices().any(|matrix| matrix.form.is_float())
    }
}

fn load_layer(packer: &mut Packer<'_>, config: &Config, places: &[Place; 7], layer: usize) -> Result<Layer> {
    let gguf = packer.gguf;
    let named = |name: &str, what: &str| format!("blk.{layer}.{name}.{what}");
    let mut packed = |index: usize| -> Result<Packed> {
        let Place { tensor, first, rows, .. } = places[index];
        packer.matrix(&named(tensor, "weight"), first, rows)
    };
    let mut linear = |index: usize| -> Result<Linear> {
        let Place { tensor, rows_of_tensor, first, rows, .. } = places[index];
        let name = named(tensor, "bias");
        let bias = match gguf.header.tensors.contains_key(&name) {
            true => Some(vector(gguf, &name, rows_of_tensor)?[first..first + rows].to_vec()),
            false => None,
        };
        Ok(Linear { weights: packed(index)?, bias })
    };
    let (query, key, value, attention_out) = (linear(0)?, linear(1)?, linear(2)?, linear(3)?);
    let norm = |name: &str, width: usize| vector(gguf, &named(name, "weight"), width);
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
        gate: packed(4)?,
        up: packed(5)?,
        down: packed(6)?,
        feed_sum_norm: sum_norm("post_ffw_norm")?,
    })
}

/// The tensor `name`, if it is `rows` x `cols`.
pub(super) fn shaped<'a>(gguf: &'a Gguf, name: &str, rows: usize, cols: usize) -> Result<&'a TensorInfo> {
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

/// What turns tensors of a file into matrices in memory.
struct Packer<'a> {
    gguf: &'a Gguf,
    team: &'a mut Team,
    pages: Pages,
}

impl Packer<'_> {
    /// `rows` rows of the tensor `name` from `first_row`, packed.
    fn matrix(&mut self, name: &str, first_row: usize, rows: usize) -> Result<Packed> {
        let Self { gguf, team, pages } = self;
        let tensor = gguf.tensor(name)?;
        let form = form_of(tensor.kind);
        let mut packed = Packed::zeros(rows, tensor.cols, form, pages).map_err(LlmError::engine)?;
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
                let skipped = first * LANES;
                let mut bytes = vec![0; tensor.row_bytes() * (count * LANES).min(rows - skipped)];
                gguf.read_rows(tensor, first_row + skipped, &mut bytes)?;
                let mut floats = vec![0.0; tensor.cols];
                for (row, bytes) in bytes.chunks_exact(tensor.row_bytes()).enumerate() {
                    let group = row / LANES;
                    let lane = Lane {
                        lane: row % LANES,
                        form,
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
}
