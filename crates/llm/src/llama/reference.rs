//! A forward pass as the papers write it, in plain floats and without a thought for speed: what ours is held against.
//!
//! Reads the file with candle's reader and looks at nothing of ours. Each family's differences stand here by its name.

use candle_core::Device;
use candle_core::quantized::gguf_file::{Content, Value};
use std::fs::File;
use std::path::Path;

struct Model {
    content: Content,
    file: std::cell::RefCell<File>,
    architecture: String,
}

impl Model {
    fn number(&self, key: &str) -> Option<f32> {
        match self.content.metadata.get(&format!("{}.{key}", self.architecture))? {
            Value::U32(number) => Some(*number as f32),
            Value::F32(number) => Some(*number),
            other => panic!("{other:?}"),
        }
    }

    fn whole(&self, key: &str) -> usize {
        self.number(key).unwrap() as usize
    }

    fn tensor(&self, name: &str) -> Option<Vec<f32>> {
        self.content.tensor_infos.get(name)?;
        let tensor = self.content.tensor(&mut *self.file.borrow_mut(), name, &Device::Cpu).unwrap();
        Some(tensor.dequantize(&Device::Cpu).unwrap().flatten_all().unwrap().to_vec1().unwrap())
    }
}

fn product(matrix: &[f32], x: &[f32]) -> Vec<f32> {
    matrix.chunks(x.len()).map(|row| row.iter().zip(x).map(|(w, x)| w * x).sum()).collect()
}

fn norm(x: &[f32], weight: &[f32], epsilon: f32) -> Vec<f32> {
    let mean = x.iter().map(|x| x * x).sum::<f32>() / x.len() as f32;
    x.iter().zip(weight).map(|(x, w)| x / (mean + epsilon).sqrt() * w).collect()
}

fn plus(x: &[f32], y: &[f32]) -> Vec<f32> {
    x.iter().zip(y).map(|(x, y)| x + y).collect()
}

/// Scores after each of `tokens`.
pub(super) fn scores(path: &Path, tokens: &[u32]) -> Vec<Vec<f32>> {
    let mut file = File::open(path).unwrap();
    let content = Content::read(&mut file).unwrap();
    let architecture = content.metadata["general.architecture"].to_string().unwrap().clone();
    let model = Model { content, file: file.into(), architecture: architecture.clone() };
    let family = architecture.as_str();
    let (width, heads) = (model.whole("embedding_length"), model.whole("attention.head_count"));
    let kv_heads = model.whole("attention.head_count_kv");
    let head = model.number("attention.key_length").map_or(width / heads, |width| width as usize);
    let rotated = model.number("rope.dimension_count").map_or(head, |width| width as usize);
    let inner = model.whole("feed_forward_length");
    let epsilon = model.number("attention.layer_norm_rms_epsilon").unwrap();
    let window = model.number("attention.sliding_window").map(|size| size as usize);
    let gemma = family.starts_with("gemma");

    let embedding = model.tensor("token_embd.weight").unwrap();
    let root = if gemma { (width as f32).sqrt() } else { 1.0 };
    let mut stream: Vec<Vec<f32>> =
        tokens.iter().map(|t| embedding[*t as usize * width..][..width].iter().map(|x| x * root).collect()).collect();
    for layer in 0..model.whole("block_count") {
        let get = |name: &str| model.tensor(&format!("blk.{layer}.{name}"));
        let must = |name: &str| get(name).unwrap_or_else(|| panic!("{name}"));
        let is_local = match family {
            "gemma2" => layer % 2 == 0,
            "gemma3" => (layer + 1) % 6 != 0,
            "phi3" => true,
            _ => false,
        };
        let base = match (family, is_local) {
            ("gemma3", true) => 10_000.0,
            _ => model.number("rope.freq_base").unwrap_or(10_000.0),
        };
        let stretch =
            if family == "gemma3" && is_local { 1.0 } else { model.number("rope.scaling.factor").unwrap_or(1.0) };
        let divisors = model.tensor("rope_freqs.weight").or_else(|| model.tensor("rope_factors_short.weight"));
        let mut magnitude = model.number("rope.scaling.attn_factor").unwrap_or(1.0);
        let yarn = matches!(model.content.metadata.get(&format!("{family}.rope.scaling.type")), Some(Value::String(kind)) if kind == "yarn");
        // Whole turns of a pair over the length that the model was made for.
        let turns = |i: usize| {
            model.number("rope.scaling.original_context_length").unwrap()
                / base.powf(2.0 * i as f32 / rotated as f32)
                / std::f32::consts::TAU
        };
        let stretch_of = |i: usize| {
            if !yarn {
                return stretch;
            }
            let kept = (0..rotated).rfind(|i| turns(*i) >= 32.0).unwrap_or(0) as f32;
            let stretched = (0..rotated).find(|i| turns(*i) <= 1.0).unwrap() as f32;
            let share = ((i as f32 - kept) / (stretched - kept)).clamp(0.0, 1.0);
            1.0 / (1.0 - share + share / stretch)
        };
        if yarn {
            magnitude *= 0.1 * stretch.ln() + 1.0;
        }
        let turn = |x: &mut [f32], position: usize| {
            for i in 0..rotated / 2 {
                let divisor = divisors.as_ref().map_or(1.0, |divisors| divisors[i]);
                let angle = position as f32 / base.powf(2.0 * i as f32 / rotated as f32) / stretch_of(i) / divisor;
                let (a, b) = if family == "llama" { (2 * i, 2 * i + 1) } else { (i, i + rotated / 2) };
                let (sin, cos) = (angle.sin() * magnitude, angle.cos() * magnitude);
                (x[a], x[b]) = (x[a] * cos - x[b] * sin, x[a] * sin + x[b] * cos);
            }
        };
        let (mut queries, mut keys, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for (position, x) in stream.iter().enumerate() {
            let x = norm(x, &must("attn_norm.weight"), epsilon);
            let (mut q, mut k, mut v) = if family == "phi3" {
                let all = product(&must("attn_qkv.weight"), &x);
                let (q, rest) = all.split_at(heads * head);
                let (k, v) = rest.split_at(kv_heads * head);
                (q.to_vec(), k.to_vec(), v.to_vec())
            } else {
                let matrix = |name: &str| product(&must(&format!("{name}.weight")), &x);
                (matrix("attn_q"), matrix("attn_k"), matrix("attn_v"))
            };
            for (numbers, name) in [(&mut q, "attn_q.bias"), (&mut k, "attn_k.bias"), (&mut v, "attn_v.bias")] {
                if let Some(bias) = get(name) {
                    *numbers = plus(numbers, &bias);
                }
            }
            for (numbers, name) in [(&mut q, "attn_q_norm.weight"), (&mut k, "attn_k_norm.weight")] {
                for head in numbers.chunks_mut(head) {
                    if let Some(weight) = get(name) {
                        head.copy_from_slice(&norm(head, &weight, epsilon));
                    }
                    turn(head, position);
                }
            }
            queries.push(q);
            keys.push(k);
            values.push(v);
        }
        let (out, down) = (must("attn_output.weight"), must("ffn_down.weight"));
        for position in 0..tokens.len() {
            let first = match window {
                Some(window) if is_local => (position + 1).saturating_sub(window),
                _ => 0,
            };
            let mut found = Vec::new();
            for h in 0..heads {
                let kv = h / (heads / kv_heads) * head;
                let query = &queries[position][h * head..][..head];
                let mut weights: Vec<f32> = (first..=position)
                    .map(|at| {
                        let score = product(&keys[at][kv..kv + head], query)[0] / (head as f32).sqrt();
                        match model.number("attn_logit_softcapping") {
                            Some(cap) => cap * (score / cap).tanh(),
                            None => score,
                        }
                    })
                    .collect();
                let largest = weights.iter().copied().fold(f32::MIN, f32::max);
                weights.iter_mut().for_each(|w| *w = (*w - largest).exp());
                let total: f32 = weights.iter().sum();
                for d in 0..head {
                    found.push(weights.iter().enumerate().map(|(i, w)| w / total * values[first + i][kv + d]).sum());
                }
            }
            let mut added = product(&out, &found);
            if let Some(weight) = get("post_attention_norm.weight") {
                added = norm(&added, &weight, epsilon);
            }
            stream[position] = plus(&stream[position], &added);
            let x = norm(&stream[position], &must("ffn_norm.weight"), epsilon);
            let (gate, up) = if family == "phi3" {
                let both = product(&must("ffn_up.weight"), &x);
                (both[..inner].to_vec(), both[inner..].to_vec())
            } else {
                (product(&must("ffn_gate.weight"), &x), product(&must("ffn_up.weight"), &x))
            };
            let bend = |x: f32| match gemma {
                true => 0.5 * x * (1.0 + ((2.0 / std::f32::consts::PI).sqrt() * (x + 0.044_715 * x * x * x)).tanh()),
                false => x / (1.0 + (-x).exp()),
            };
            let inside: Vec<f32> = gate.iter().zip(&up).map(|(gate, up)| bend(*gate) * up).collect();
            let mut added = product(&down, &inside);
            if let Some(weight) = get("post_ffw_norm.weight") {
                added = norm(&added, &weight, epsilon);
            }
            stream[position] = plus(&stream[position], &added);
        }
    }
    let last = model.tensor("output_norm.weight").unwrap();
    let output = model.tensor("output.weight").unwrap_or(embedding);
    let score = |x: &Vec<f32>| {
        let scores = product(&output, &norm(x, &last, epsilon));
        match model.number("final_logit_softcapping") {
            Some(cap) => scores.iter().map(|score| cap * (score / cap).tanh()).collect(),
            None => scores,
        }
    };
    stream.iter().map(score).collect()
}
