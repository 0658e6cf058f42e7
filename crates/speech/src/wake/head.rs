//! The last part of a wake word: from 16 embeddings to a score.
//!
//! Two kinds of file: `head.onnx`, as openWakeWord's are published, and `head.safetensors`, as [`super::train`] makes them:
//! the same layers (a matrix, its normalization and what is above zero, twice, and a sum) with fewer units, which is so
//! little arithmetic that it needs no runtime. Never hears sound and never decides what a score means.

use super::embedding::EMBEDDING;
use super::features::run;
use half::f16;
use jarvis_onnx::{OnnxError, Runtime, SessionOptions};
use ort::session::Session;
use ort::value::Tensor;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use std::collections::HashMap;
use std::path::Path;

/// Embeddings under one score.
pub(super) const HISTORY: usize = 16;
/// Numbers under one score.
pub(super) const INPUTS: usize = HISTORY * EMBEDDING;
/// Added to the variance before its root, as in PyTorch.
pub(super) const EPSILON: f32 = 1e-5;
/// The file of a head that was trained here, in a wake word's folder.
pub const FILE: &str = "head.safetensors";
/// Units of a layer; more is no head of ours.
const MOST_UNITS: usize = 1024;

/// Scores 16 embeddings, oldest first.
pub(super) enum Head {
    Onnx(Session),
    Own(Box<Dense>),
}

impl Head {
    /// Opens the head in `folder`.
    ///
    /// # Errors
    /// There is none, or it is another model.
    pub(super) fn load(runtime: &Runtime, folder: &Path) -> Result<Self, OnnxError> {
        let own = folder.join(FILE);
        if own.is_file() {
            let bytes = std::fs::read(&own).map_err(|error| OnnxError::model(&own, error.to_string()))?;
            return Dense::parse(&bytes)
                .map(|head| Self::Own(Box::new(head)))
                .map_err(|reason| OnnxError::model(&own, reason));
        }
        runtime.session(&folder.join("head.onnx"), SessionOptions::STREAMING).map(Self::Onnx)
    }

    /// The score, 0..=1. `history` is 1 x 16 x 96.
    ///
    /// # Errors
    /// The model failed.
    pub(super) fn score(&mut self, history: &Tensor<f32>) -> Result<f32, OnnxError> {
        match self {
            Self::Onnx(session) => run(session, history, 1, |score| score[0]),
            Self::Own(head) => Ok(head.score(history.extract_tensor().1)),
        }
    }
}

/// The phrase that the head in `folder` was trained for, where it says so: one that was trained here does.
pub fn phrase(folder: &Path) -> Option<String> {
    let bytes = std::fs::read(folder.join(FILE)).ok()?;
    let (_, about) = SafeTensors::read_metadata(&bytes).ok()?;
    about.metadata().as_ref()?.get("phrase").cloned()
}

/// A matrix with its normalization.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layer {
    /// A row of inputs for each unit.
    pub(super) weights: Vec<f32>,
    pub(super) bias: Vec<f32>,
    /// Of the normalization.
    pub(super) gain: Vec<f32>,
    /// Of the normalization.
    pub(super) shift: Vec<f32>,
}

impl Layer {
    fn apply(&self, inputs: &[f32], outputs: &mut [f32]) {
        for ((output, row), bias) in outputs.iter_mut().zip(self.weights.chunks_exact(inputs.len())).zip(&self.bias) {
            *output = dot(row, inputs) + bias;
        }
        let count = outputs.len() as f32;
        let mean = outputs.iter().sum::<f32>() / count;
        let variance = outputs.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / count;
        let scale = 1.0 / (variance + EPSILON).sqrt();
        for ((output, gain), shift) in outputs.iter_mut().zip(&self.gain).zip(&self.shift) {
            *output = ((*output - mean) * scale * gain + shift).max(0.0);
        }
    }
}

/// A head that was trained here.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Dense {
    pub(super) layers: [Layer; 2],
    pub(super) last: Vec<f32>,
    pub(super) bias: f32,
    between: [Vec<f32>; 2],
}

impl Dense {
    pub(super) fn new(layers: [Layer; 2], last: Vec<f32>, bias: f32) -> Self {
        let between = [vec![0.0; layers[0].bias.len()], vec![0.0; layers[1].bias.len()]];
        Self { layers, last, bias, between }
    }

    /// The score of 16 x 96 numbers, 0..=1.
    pub(super) fn score(&mut self, inputs: &[f32]) -> f32 {
        1.0 / (1.0 + (-self.sum(inputs)).exp())
    }

    /// What the score is made of, its log odds.
    pub(super) fn sum(&mut self, inputs: &[f32]) -> f32 {
        let [first, second] = &mut self.between;
        self.layers[0].apply(inputs, first);
        self.layers[1].apply(first, second);
        dot(&self.last, second) + self.bias
    }

    /// A `head.safetensors`, in 16-bit floats: half the size, and no figure of it is worse.
    pub(super) fn to_file(&self, phrase: &str) -> Vec<u8> {
        let half =
            |values: &[f32]| -> Vec<u8> { values.iter().flat_map(|x| f16::from_f32(*x).to_le_bytes()).collect() };
        let mut tensors = Vec::new();
        for (index, layer) in self.layers.iter().enumerate() {
            let units = layer.bias.len();
            let width = layer.weights.len() / units;
            tensors.push((format!("layers.{index}.weight"), vec![units, width], half(&layer.weights)));
            for (part, values) in [("bias", &layer.bias), ("gain", &layer.gain), ("shift", &layer.shift)] {
                tensors.push((format!("layers.{index}.{part}"), vec![units], half(values)));
            }
        }
        tensors.push(("last.weight".into(), vec![self.last.len()], half(&self.last)));
        tensors.push(("last.bias".into(), vec![1], half(&[self.bias])));
        let views = tensors.iter().map(|(name, shape, bytes)| {
            let view = TensorView::new(Dtype::F16, shape.clone(), bytes).expect("bytes are made for the shape");
            (name.clone(), view)
        });
        let about = HashMap::from([("phrase".to_owned(), phrase.to_owned())]);
        safetensors::serialize(views, Some(about)).expect("shapes and bytes agree")
    }

    /// Reads a `head.safetensors`.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let file = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
        let tensor = |name: &str| {
            let found = file.tensor(name).map_err(|error| error.to_string())?;
            let values: Vec<f32> = match found.dtype() {
                Dtype::F32 => found.data().as_chunks::<4>().0.iter().map(|quad| f32::from_le_bytes(*quad)).collect(),
                Dtype::F16 => {
                    found.data().as_chunks::<2>().0.iter().map(|pair| f16::from_le_bytes(*pair).to_f32()).collect()
                }
                other => return Err(format!("{name} has numbers of type {other:?}")),
            };
            match values.iter().all(|value| value.is_finite()) {
                true => Ok((found.shape().to_vec(), values)),
                false => Err(format!("{name} has numbers that are none")),
            }
        };
        let layer = |index: usize, inputs: usize| {
            let (shape, weights) = tensor(&format!("layers.{index}.weight"))?;
            let [units, width] = shape[..] else { return Err("a layer is no matrix".to_owned()) };
            if width != inputs || !(1..=MOST_UNITS).contains(&units) {
                return Err(format!("a layer is {units} x {width}, not for {inputs} inputs"));
            }
            let vector = |part: &str| {
                let (_, values) = tensor(&format!("layers.{index}.{part}"))?;
                if values.len() == units {
                    Ok(values)
                } else {
                    Err(format!("layers.{index}.{part} is of another size"))
                }
            };
            Ok(Layer { bias: vector("bias")?, gain: vector("gain")?, shift: vector("shift")?, weights })
        };
        let first = layer(0, INPUTS)?;
        let second = layer(1, first.bias.len())?;
        let (_, last) = tensor("last.weight")?;
        let (_, bias) = tensor("last.bias")?;
        match bias[..] {
            [bias] if last.len() == second.bias.len() => Ok(Self::new([first, second], last, bias)),
            _ => Err("its last layer is of another size".into()),
        }
    }
}

/// Partial sums that are kept apart, so that a sum can be made with vectors.
const LANES: usize = 16;

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a, rest_a) = a.as_chunks::<LANES>();
    let (b, rest_b) = b.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    lanes.iter().sum::<f32>() + rest_a.iter().zip(rest_b).map(|(a, b)| a * b).sum::<f32>()
}
