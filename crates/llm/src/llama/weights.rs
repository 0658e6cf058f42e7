//! The weights of a model: which tensors of the file they are, and what is refused.

use super::config::Config;
use super::output::Output;
use super::pack::floats_of;
use super::read::{self, Source};
use crate::error::{LlmError, Result};
use crate::gguf::{Gguf, TensorInfo, TensorType};
use crate::kernels::Packed;
use crate::team::Team;

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

impl Layer {
    /// What a token is multiplied with first, as one piece of work.
    pub(crate) fn first_matrices(&self) -> [&Packed; 3] {
        [&self.query, &self.key, &self.value].map(|linear| &linear.weights)
    }
}

/// All of a model.
#[derive(Debug)]
pub(crate) struct Weights {
    /// One row a token, where that is not the output's.
    pub(crate) embedding: Option<Packed>,
    pub(crate) layers: Vec<Layer>,
    pub(crate) norm: Vec<f32>,
    pub(crate) output: Output,
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
        let mut sources = Vec::new();
        for layer in 0..config.layers {
            for place in &places {
                let name = format!("blk.{layer}.{}.weight", place.tensor);
                let tensor = shaped(gguf, &name, place.rows_of_tensor, place.cols)?;
                sources.push(Source { tensor, first_row: place.first, rows: place.rows });
            }
        }
        let has_output = gguf.header.tensors.contains_key("output.weight");
        let names = ["token_embd.weight", "output.weight"];
        for name in &names[..1 + usize::from(has_output)] {
            let tensor = shaped(gguf, name, config.vocabulary, config.width)?;
            sources.push(Source { tensor, first_row: 0, rows: config.vocabulary });
        }
        // Other types of few bits may leave the same out of every number, and bent scores are always looked at all.
        let halves =
            config.logit_cap.is_none() && sources.last().is_some_and(|last| last.tensor.kind == TensorType::Q8_0);
        let (matrices, halved) = read::matrices(gguf, &sources, halves, team)?;
        let mut matrices = matrices.into_iter();
        let mut next = || matrices.next().expect("a matrix for each source, in their order");
        let layers = (0..config.layers)
            .map(|layer| load_layer(gguf, config, &places, layer, std::array::from_fn(|_| next())))
            .collect::<Result<Vec<_>>>()?;
        let embedding = has_output.then(&mut next);
        let output = halved.map_or_else(|| Output::Whole(next()), Output::Halved);
        Ok(Self { embedding, layers, norm: vector(gguf, "output_norm.weight", config.width)?, output })
    }

    /// Writes what stands for `token`.
    pub(crate) fn embed(&self, token: usize, out: &mut [f32]) {
        match &self.embedding {
            Some(embedding) => embedding.row(token, out),
            None => self.output.row(token, out),
        }
    }

    /// All but the output.
    fn matrices(&self) -> impl Iterator<Item = &Packed> {
        self.layers
            .iter()
            .flat_map(|layer| {
                let linear = [&layer.query, &layer.key, &layer.value, &layer.attention_out];
                linear.map(|linear| &linear.weights).into_iter().chain([&layer.gate, &layer.up, &layer.down])
            })
            .chain(&self.embedding)
    }

    /// Bytes of all matrices in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.matrices().map(Packed::bytes).sum::<usize>() + self.output.bytes()
    }

    /// Whether any matrix takes activations as they are.
    pub(crate) fn has_floats(&self) -> bool {
        self.matrices().any(|matrix| matrix.form.is_float()) || self.output.is_float()
    }
}

/// The layer whose matrices are `matrices`, in the order of `places`.
fn load_layer(gguf: &Gguf, config: &Config, places: &[Place; 7], layer: usize, matrices: [Packed; 7]) -> Result<Layer> {
    let named = |name: &str, what: &str| format!("blk.{layer}.{name}.{what}");
    let linear = |weights: Packed, place: &Place| -> Result<Linear> {
        let name = named(place.tensor, "bias");
        let bias = match gguf.header.tensors.contains_key(&name) {
            true => Some(vector(gguf, &name, place.rows_of_tensor)?[place.first..place.first + place.rows].to_vec()),
            false => None,
        };
        Ok(Linear { weights, bias })
    };
    let [query, key, value, attention_out, gate, up, down] = matrices;
    let norm = |name: &str, width: usize| vector(gguf, &named(name, "weight"), width);
    let sum_norm = |name: &str| config.family.norms_sums.then(|| norm(name, config.width)).transpose();
    let head_norms = match config.family.norms_heads {
        true => Some([norm("attn_q_norm", config.head_width)?, norm("attn_k_norm", config.head_width)?]),
        false => None,
    };
    Ok(Layer {
        attention_norm: norm("attn_norm", config.width)?,
        query: linear(query, &places[0])?,
        key: linear(key, &places[1])?,
        value: linear(value, &places[2])?,
        head_norms,
        attention_out: linear(attention_out, &places[3])?,
        attention_sum_norm: sum_norm("post_attention_norm")?,
        feed_norm: norm("ffn_norm", config.width)?,
        gate,
        up,
        down,
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
