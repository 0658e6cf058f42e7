//! Writes GGUF files, version 3, for measuring and comparing. Never holds more of one than it has to.

use super::types::TensorType;
use super::value::{Metadata, NumberType, Value};
use crate::error::{LlmError, Result};
use half::f16;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Where the weights of each tensor begin is a multiple of this.
const ALIGNMENT: u64 = 32;

/// The weights of a tensor.
pub(crate) enum Content {
    /// As they are in the file.
    Bytes(Vec<u8>),
    /// Random numbers with a scale that keeps products small, for types whose block begins with one scale.
    Random,
}

/// A tensor to be written: name, dimensions (the first is the length of a row), type, weights.
type Tensor = (String, Vec<u64>, TensorType, Content);

/// A file in the making.
#[derive(Default)]
pub(crate) struct Writer {
    entries: Vec<u8>,
    count: u64,
    tensors: Vec<Tensor>,
}

impl Writer {
    /// A file with this metadata.
    pub(crate) fn copying(metadata: &Metadata) -> Self {
        let mut writer = Self::default();
        let mut keys: Vec<&String> = metadata.0.keys().collect();
        keys.sort();
        for key in keys {
            // Where the weights begin is this writer's own affair.
            if key != "general.alignment" {
                writer.value(key, &metadata.0[key]);
            }
        }
        writer
    }

    fn entry(&mut self, key: &str, kind: u32, value: &[u8]) {
        put_text(&mut self.entries, key);
        self.entries.extend(kind.to_le_bytes());
        self.entries.extend(value);
        self.count += 1;
    }

    pub(crate) fn u32(&mut self, key: &str, value: u32) {
        self.entry(key, 4, &value.to_le_bytes());
    }

    pub(crate) fn f32(&mut self, key: &str, value: f32) {
        self.entry(key, 6, &value.to_le_bytes());
    }

    pub(crate) fn text(&mut self, key: &str, value: &str) {
        let mut bytes = Vec::new();
        put_text(&mut bytes, value);
        self.entry(key, 8, &bytes);
    }

    /// A value that was read, in the type that files commonly have for its kind.
    fn value(&mut self, key: &str, value: &Value) {
        match value {
            Value::Unsigned(number) => match u32::try_from(*number) {
                Ok(number) => self.u32(key, number),
                Err(_) => self.entry(key, 10, &number.to_le_bytes()),
            },
            Value::Signed(number) => match i32::try_from(*number) {
                Ok(number) => self.entry(key, 5, &number.to_le_bytes()),
                Err(_) => self.entry(key, 11, &number.to_le_bytes()),
            },
            Value::Float(number) => self.f32(key, *number as f32),
            Value::Bool(is_true) => self.entry(key, 7, &[u8::from(*is_true)]),
            Value::Text(text) => self.text(key, text),
            Value::Strings(strings) => {
                let mut bytes = [8u32.to_le_bytes().as_slice(), &(strings.len() as u64).to_le_bytes()].concat();
                strings.iter().for_each(|text| put_text(&mut bytes, text));
                self.entry(key, 9, &bytes);
            }
            Value::Numbers { kind, raw } => {
                let id = (0..16).find(|id| NumberType::from_id(*id) == Some(*kind)).unwrap_or_default();
                let count = (raw.len() / kind.bytes()) as u64;
                self.entry(key, 9, &[&id.to_le_bytes()[..], &count.to_le_bytes(), raw].concat());
            }
        }
    }

    pub(crate) fn tensor(&mut self, name: &str, dimensions: &[u64], kind: TensorType, content: Content) {
        self.tensors.push((name.to_owned(), dimensions.to_vec(), kind, content));
    }

    /// Writes it.
    ///
    /// # Errors
    /// The file can't be written.
    pub(crate) fn write(self, path: &Path) -> Result<()> {
        let io = |source| LlmError::Io { path: path.to_owned(), source };
        let mut out = BufWriter::with_capacity(1 << 20, File::create(path).map_err(io)?);
        self.write_to(&mut out).and_then(|()| out.flush()).map_err(io)
    }

    fn write_to(self, out: &mut impl Write) -> std::io::Result<()> {
        let mut header = b"GGUF".to_vec();
        header.extend(3u32.to_le_bytes());
        header.extend((self.tensors.len() as u64).to_le_bytes());
        header.extend(self.count.to_le_bytes());
        header.extend(&self.entries);
        let mut offset = 0u64;
        for (name, dimensions, kind, _) in &self.tensors {
            put_text(&mut header, name);
            header.extend((dimensions.len() as u32).to_le_bytes());
            dimensions.iter().for_each(|dimension| header.extend(dimension.to_le_bytes()));
            header.extend(kind.id().to_le_bytes());
            header.extend(offset.to_le_bytes());
            offset += bytes_of(dimensions, *kind).next_multiple_of(ALIGNMENT);
        }
        header.resize(header.len().next_multiple_of(ALIGNMENT as usize), 0);
        out.write_all(&header)?;
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        for (_, dimensions, kind, content) in &self.tensors {
            let bytes = bytes_of(dimensions, *kind);
            match content {
                Content::Bytes(bytes) => out.write_all(bytes)?,
                Content::Random => {
                    // Products of a row stay about as large as what they are made of.
                    let scale = f16::from_f32(0.2 / (dimensions[0] as f32).sqrt()).to_le_bytes();
                    let mut block = vec![0; kind.block_bytes()];
                    for _ in 0..bytes / block.len() as u64 {
                        for eight in block.chunks_mut(8) {
                            state ^= state << 13;
                            state ^= state >> 7;
                            state ^= state << 17;
                            eight.copy_from_slice(&state.to_le_bytes()[..eight.len()]);
                        }
                        block[..2].copy_from_slice(&scale);
                        out.write_all(&block)?;
                    }
                }
            }
            let padding = bytes.next_multiple_of(ALIGNMENT) - bytes;
            out.write_all(&[0; ALIGNMENT as usize][..padding as usize])?;
        }
        Ok(())
    }
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u64).to_le_bytes());
    bytes.extend(text.as_bytes());
}

fn bytes_of(dimensions: &[u64], kind: TensorType) -> u64 {
    dimensions.iter().product::<u64>() / kind.block_len() as u64 * kind.block_bytes() as u64
}
