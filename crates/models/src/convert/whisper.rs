//! Whisper from CTranslate2's names and fused matrices to Hugging Face's names, one matrix a projection.
//!
//! CTranslate2 joins projections that have the same input along their first dimension: in self-attention `linear_0` is
//! query, key and value; in cross-attention `linear_0` is the query and `linear_1` key and value. Rows of a matrix are
//! contiguous, so splitting is a matter of offsets and no number is touched. The key has no bias in Whisper; CTranslate2
//! stores zeros for it, which are checked and left out. The output head is tied to the token embedding and not stored.

use super::ConvertError;
use super::ctranslate2::{self, Index, Tensor, Type};
use super::safetensors::{self, Slice};
use jarvis_core::Cancel;
use serde::Deserialize;
use std::fs::{self, File};
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Turns `model.bin` and CTranslate2's `config.json` of `folder` into `model.safetensors` and Hugging Face's `config.json`.
pub(crate) fn convert(folder: &Path, cancel: &Cancel) -> Result<(), ConvertError> {
    let source_path = folder.join("model.bin");
    let mut source = File::open(&source_path)?;
    let config_path = folder.join("config.json");
    let generation: Generation = serde_json::from_slice(&fs::read(&config_path)?)
        .map_err(|e| ConvertError::Malformed(format!("config.json: {e}")))?;

    let mut target = BufWriter::new(File::create(folder.join("model.safetensors"))?);
    let config = convert_weights(&mut source, &mut target, &generation, cancel)?;
    target.flush()?;
    fs::write(&config_path, format!("{config:#}\n"))?;
    drop(source);
    fs::remove_file(source_path)?;
    Ok(())
}

/// What CTranslate2's `config.json` says about decoding.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Generation {
    #[serde(default)]
    suppress_ids: Vec<u32>,
    #[serde(default)]
    suppress_ids_begin: Vec<u32>,
    #[serde(default)]
    alignment_heads: Vec<(u32, u32)>,
    #[serde(default)]
    lang_ids: Vec<u32>,
}

/// Writes the weights of `source` as safetensors to `target` and returns the configuration that belongs to them.
pub(crate) fn convert_weights(
    source: &mut (impl Read + Seek),
    target: &mut impl Write,
    generation: &Generation,
    cancel: &Cancel,
) -> Result<serde_json::Value, ConvertError> {
    let index = ctranslate2::read(source)?;
    if index.specification != "WhisperSpec" {
        return Err(ConvertError::Unsupported(format!("it holds a {}, not a Whisper", index.specification)));
    }
    let mut mapping = Mapping::new(source, &index)?;
    let shape = mapping.whole_model()?;
    let mut slices = mapping.slices;
    slices.sort_by(|a, b| a.name.cmp(&b.name));
    safetensors::write(source, &slices, target, cancel)?;
    Ok(shape.config(generation))
}

/// The sizes of a Whisper, read off its tensors.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Sizes {
    width: u64,
    mel_bins: u64,
    source_positions: u64,
    target_positions: u64,
    vocabulary: u64,
    encoder_layers: u64,
    decoder_layers: u64,
    encoder_heads: u64,
    decoder_heads: u64,
    encoder_ffn: u64,
    decoder_ffn: u64,
}

impl Sizes {
    fn config(&self, generation: &Generation) -> serde_json::Value {
        serde_json::json!({
            "architectures": ["WhisperForConditionalGeneration"],
            "model_type": "whisper",
            "activation_function": "gelu",
            "tie_word_embeddings": true,
            "num_mel_bins": self.mel_bins,
            "max_source_positions": self.source_positions,
            "max_target_positions": self.target_positions,
            "d_model": self.width,
            "vocab_size": self.vocabulary,
            "encoder_layers": self.encoder_layers,
            "encoder_attention_heads": self.encoder_heads,
            "encoder_ffn_dim": self.encoder_ffn,
            "decoder_layers": self.decoder_layers,
            "decoder_attention_heads": self.decoder_heads,
            "decoder_ffn_dim": self.decoder_ffn,
            "suppress_tokens": generation.suppress_ids,
            "begin_suppress_tokens": generation.suppress_ids_begin,
            "alignment_heads": generation.alignment_heads,
            "lang_ids": generation.lang_ids,
        })
    }
}

/// Collects what is to be written, while it checks every shape against the others.
struct Mapping<'a, R> {
    source: &'a mut R,
    index: &'a Index,
    slices: Vec<Slice>,
    width: u64,
}

/// The parts of Whisper's encoder and decoder, as each format calls them.
const ENCODER: &str = "encoder";
const DECODER: &str = "decoder";

impl<'a, R: Read + Seek> Mapping<'a, R> {
    fn new(source: &'a mut R, index: &'a Index) -> Result<Self, ConvertError> {
        let embedding = find(index, "decoder/embeddings/weight")?;
        let &[_, width] = embedding.shape.as_slice() else {
            return Err(shape("decoder/embeddings/weight", embedding, "two dimensions"));
        };
        Ok(Self { source, index, slices: Vec::with_capacity(index.tensors.len() * 2), width })
    }

    fn whole_model(&mut self) -> Result<Sizes, ConvertError> {
        match self.index.aliases.get("decoder/projection/weight").map(String::as_str) {
            Some("decoder/embeddings/weight") => {}
            _ => return Err(ConvertError::Unsupported("its output head is not its token embedding".into())),
        }
        let width = self.width;
        let vocabulary = find(self.index, "decoder/embeddings/weight")?.shape[0];
        self.copy("decoder/embeddings/weight", "model.decoder.embed_tokens.weight", &[vocabulary, width])?;

        let conv1 = find(self.index, "encoder/conv1/weight")?;
        let &[_, mel_bins, 3] = conv1.shape.as_slice() else {
            return Err(shape("encoder/conv1/weight", conv1, "three dimensions, the last one 3"));
        };
        self.copy("encoder/conv1/weight", "model.encoder.conv1.weight", &[width, mel_bins, 3])?;
        self.copy("encoder/conv1/bias", "model.encoder.conv1.bias", &[width])?;
        self.copy("encoder/conv2/weight", "model.encoder.conv2.weight", &[width, width, 3])?;
        self.copy("encoder/conv2/bias", "model.encoder.conv2.bias", &[width])?;

        // The encoder's positions are sinusoids, which older conversions leave out.
        let source_positions = match self.index.tensors.get("encoder/position_encodings/encodings") {
            Some(_) => self.positions(ENCODER)?,
            None => 1_500,
        };
        let target_positions = self.positions(DECODER)?;
        self.norm("encoder/layer_norm", "model.encoder.layer_norm")?;
        self.norm("decoder/layer_norm", "model.decoder.layer_norm")?;

        let (encoder_layers, encoder_ffn) = self.layers(ENCODER)?;
        let (decoder_layers, decoder_ffn) = self.layers(DECODER)?;
        Ok(Sizes {
            width,
            mel_bins,
            source_positions,
            target_positions,
            vocabulary,
            encoder_layers,
            decoder_layers,
            encoder_heads: self.heads(ENCODER)?,
            decoder_heads: self.heads(DECODER)?,
            encoder_ffn,
            decoder_ffn,
        })
    }

    fn positions(&mut self, part: &str) -> Result<u64, ConvertError> {
        let from = format!("{part}/position_encodings/encodings");
        let tensor = find(self.index, &from)?;
        let &[positions, _] = tensor.shape.as_slice() else {
            return Err(shape(&from, tensor, "two dimensions"));
        };
        self.copy(&from, &format!("model.{part}.embed_positions.weight"), &[positions, self.width])?;
        Ok(positions)
    }

    /// All layers of a part: how many, and the width of their feed-forward networks.
    fn layers(&mut self, part: &str) -> Result<(u64, u64), ConvertError> {
        let mut count = 0u64;
        let mut ffn = 0;
        while self.index.tensors.contains_key(&format!("{part}/layer_{count}/ffn/linear_0/weight")) {
            let from = format!("{part}/layer_{count}");
            let to = format!("model.{part}.layers.{count}");
            let inner = find(self.index, &format!("{from}/ffn/linear_0/weight"))?.shape.first().copied().unwrap_or(0);
            if count > 0 && inner != ffn {
                return Err(ConvertError::Malformed(format!("{from} has another size than the layers before")));
            }
            ffn = inner;
            self.layer(part, &from, &to, ffn)?;
            count += 1;
        }
        if count == 0 {
            return Err(ConvertError::Malformed(format!("it has no {part}/layer_0")));
        }
        Ok((count, ffn))
    }

    fn layer(&mut self, part: &str, from: &str, to: &str, ffn: u64) -> Result<(), ConvertError> {
        let width = self.width;
        self.norm(&format!("{from}/self_attention/layer_norm"), &format!("{to}.self_attn_layer_norm"))?;
        self.split(&format!("{from}/self_attention/linear_0"), &format!("{to}.self_attn"), &["q", "k", "v"])?;
        self.split(&format!("{from}/self_attention/linear_1"), &format!("{to}.self_attn"), &["out"])?;
        if part == DECODER {
            self.norm(&format!("{from}/attention/layer_norm"), &format!("{to}.encoder_attn_layer_norm"))?;
            self.split(&format!("{from}/attention/linear_0"), &format!("{to}.encoder_attn"), &["q"])?;
            self.split(&format!("{from}/attention/linear_1"), &format!("{to}.encoder_attn"), &["k", "v"])?;
            self.split(&format!("{from}/attention/linear_2"), &format!("{to}.encoder_attn"), &["out"])?;
        }
        self.norm(&format!("{from}/ffn/layer_norm"), &format!("{to}.final_layer_norm"))?;
        for (linear, fc, outputs, inputs) in [("linear_0", "fc1", ffn, width), ("linear_1", "fc2", width, ffn)] {
            self.copy(&format!("{from}/ffn/{linear}/weight"), &format!("{to}.{fc}.weight"), &[outputs, inputs])?;
            self.copy(&format!("{from}/ffn/{linear}/bias"), &format!("{to}.{fc}.bias"), &[outputs])?;
        }
        Ok(())
    }

    fn norm(&mut self, from: &str, to: &str) -> Result<(), ConvertError> {
        self.copy(&format!("{from}/gamma"), &format!("{to}.weight"), &[self.width])?;
        self.copy(&format!("{from}/beta"), &format!("{to}.bias"), &[self.width])
    }

    /// The fused linear layer `from` becomes `{to}.{part}_proj`, a square matrix each.
    fn split(&mut self, from: &str, to: &str, parts: &[&str]) -> Result<(), ConvertError> {
        let width = self.width;
        let rows = width * parts.len() as u64;
        for (suffix, columns) in [("weight", Some(width)), ("bias", None)] {
            let name = format!("{from}/{suffix}");
            let shape: Vec<u64> = [Some(rows), columns].into_iter().flatten().collect();
            let tensor = self.weights(&name, &shape)?.clone();
            let bytes = tensor.bytes / parts.len() as u64;
            let shape: Vec<u64> = [Some(width), columns].into_iter().flatten().collect();
            for (i, part) in parts.iter().enumerate() {
                let offset = tensor.offset + bytes * i as u64;
                if *part == "k" && suffix == "bias" {
                    self.check_zero(&name, offset, bytes)?;
                    continue;
                }
                self.slices.push(Slice {
                    name: format!("{to}.{part}_proj.{suffix}"),
                    kind: tensor.kind,
                    shape: shape.clone(),
                    offset,
                    bytes,
                });
            }
        }
        Ok(())
    }

    fn copy(&mut self, from: &str, to: &str, shape: &[u64]) -> Result<(), ConvertError> {
        let tensor = self.weights(from, shape)?;
        self.slices.push(Slice {
            name: to.to_owned(),
            kind: tensor.kind,
            shape: tensor.shape.clone(),
            offset: tensor.offset,
            bytes: tensor.bytes,
        });
        Ok(())
    }

    /// The tensor `name`, which has to have this shape and floating-point numbers.
    fn weights(&self, name: &str, expected: &[u64]) -> Result<&'a Tensor, ConvertError> {
        let tensor = find(self.index, name)?;
        if tensor.shape != expected {
            return Err(shape(name, tensor, &format!("{expected:?}")));
        }
        if !matches!(tensor.kind, Type::F32 | Type::F16 | Type::Bf16) {
            return Err(ConvertError::Unsupported(format!("{name} is quantized; 16 or 32 bit weights are known")));
        }
        Ok(tensor)
    }

    fn check_zero(&mut self, name: &str, offset: u64, bytes: u64) -> Result<(), ConvertError> {
        self.source.seek(SeekFrom::Start(offset))?;
        let mut buffer = [0; 4096];
        let mut left = bytes;
        while left > 0 {
            let n = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
            self.source.read_exact(&mut buffer[..n])?;
            if buffer[..n].iter().any(|&b| b != 0) {
                return Err(ConvertError::Unsupported(format!("{name} has a bias for the key")));
            }
            left -= n as u64;
        }
        Ok(())
    }

    fn heads(&mut self, part: &str) -> Result<u64, ConvertError> {
        let name = format!("{part}/num_heads");
        let tensor = find(self.index, &name)?;
        self.source.seek(SeekFrom::Start(tensor.offset))?;
        let mut bytes = [0; 4];
        let size = match (tensor.kind, tensor.shape.as_slice()) {
            (Type::I8, []) => 1,
            (Type::I16, []) => 2,
            (Type::I32, []) => 4,
            _ => return Err(ConvertError::Malformed(format!("{name} is not a whole number"))),
        };
        self.source.read_exact(&mut bytes[..size])?;
        let heads = u64::from(u32::from_le_bytes(bytes));
        if heads == 0 || !self.width.is_multiple_of(heads) {
            return Err(ConvertError::Malformed(format!("{} values cannot be shared by {heads} heads", self.width)));
        }
        Ok(heads)
    }
}

fn find<'a>(index: &'a Index, name: &str) -> Result<&'a Tensor, ConvertError> {
    index.tensors.get(name).ok_or_else(|| ConvertError::Malformed(format!("{name} is missing")))
}

fn shape(name: &str, tensor: &Tensor, expected: &str) -> ConvertError {
    ConvertError::Malformed(format!("{name} has the shape {:?} where {expected} belongs", tensor.shape))
}
