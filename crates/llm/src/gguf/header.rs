//! Reads the header of a GGUF file: metadata and the table of tensors.
//!
//! A model file comes from somewhere else, so everything in it may be wrong. Memory stays within about twice the bytes
//! that were really read (at most [`MAX_HEADER`]), counts are compared with what is left of the file before anything is
//! reserved for them, and every refusal says what was being read. Never reads the weights.
//! Format: `ggml/docs/gguf.md`, versions 2 and 3, little-endian.

use super::types::TensorType;
use super::value::{Metadata, NumberType, Strings, Value};
use crate::error::{LlmError, Result};
use std::collections::HashMap;
use std::io::Read;

/// Bytes that a header may have. The largest vocabularies known need about 20 MB.
pub(crate) const MAX_HEADER: u64 = 64 << 20;
/// Bytes of a key or a tensor's name.
const MAX_NAME: u64 = 1024;
/// Bytes of a single text, such as a chat template.
const MAX_TEXT: u64 = 1 << 20;
/// Metadata entries; files have a few dozen.
const MAX_ENTRIES: u64 = 1 << 14;
/// Tensors; the largest models have a few thousand.
const MAX_TENSORS: u64 = 1 << 16;
/// Where the weights begin is a multiple of this, unless the file says otherwise.
const DEFAULT_ALIGNMENT: u64 = 32;

/// A tensor as the header describes it; its bytes are known to be within the file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TensorInfo {
    pub(crate) kind: TensorType,
    /// Rows: the product of all dimensions but the first. 1 for a vector.
    pub(crate) rows: usize,
    /// Weights in a row: the first dimension in the file.
    pub(crate) cols: usize,
    /// First byte, from the start of the file.
    pub(crate) offset: u64,
}

impl TensorInfo {
    /// Bytes of one row.
    pub(crate) fn row_bytes(&self) -> usize {
        self.cols / self.kind.block_len() * self.kind.block_bytes()
    }
}

/// Everything before the weights.
#[derive(Debug, Clone, Default)]
pub(crate) struct Header {
    pub(crate) metadata: Metadata,
    pub(crate) tensors: HashMap<String, TensorInfo>,
}

struct Reader<R> {
    inner: R,
    position: u64,
    length: u64,
}

impl<R: Read> Reader<R> {
    fn left(&self) -> u64 {
        self.length - self.position
    }

    fn fill(&mut self, buffer: &mut [u8], what: &str) -> Result<()> {
        let bytes = buffer.len() as u64;
        if bytes > self.left() {
            return Err(LlmError::malformed(format!("it ends inside {what}")));
        }
        if self.position + bytes > MAX_HEADER {
            return Err(LlmError::malformed(format!("its header is longer than {} MB", MAX_HEADER >> 20)));
        }
        self.inner.read_exact(buffer).map_err(|_| LlmError::malformed(format!("it ends inside {what}")))?;
        self.position += bytes;
        Ok(())
    }

    fn u32(&mut self, what: &str) -> Result<u32> {
        let mut bytes = [0; 4];
        self.fill(&mut bytes, what)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn u64(&mut self, what: &str) -> Result<u64> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes, what)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// Bytes of a text with its length before it, into `scratch`.
    fn bytes(&mut self, scratch: &mut Vec<u8>, longest: u64, what: &str) -> Result<()> {
        let length = self.u64(what)?;
        if length > self.left() {
            return Err(LlmError::malformed(format!("it ends inside {what}")));
        }
        if length > longest {
            return Err(LlmError::malformed(format!("{what} has {length} bytes, more than {longest}")));
        }
        scratch.resize(length as usize, 0);
        self.fill(scratch, what)
    }

    fn text(&mut self, longest: u64, what: &str) -> Result<String> {
        let mut bytes = Vec::new();
        self.bytes(&mut bytes, longest, what)?;
        String::from_utf8(bytes).map_err(|_| LlmError::malformed(format!("{what} is not UTF-8")))
    }

    fn value(&mut self, key: &str) -> Result<Value> {
        let what = format!("the value of {key}");
        match self.u32(&what)? {
            8 => Ok(Value::Text(self.text(MAX_TEXT, &what)?)),
            9 => self.array(&what),
            id => {
                let kind = NumberType::from_id(id)
                    .ok_or_else(|| LlmError::malformed(format!("{what} has the unknown type {id}")))?;
                let mut bytes = [0; 8];
                self.fill(&mut bytes[..kind.bytes()], &what)?;
                Ok(kind.read(&bytes))
            }
        }
    }

    fn array(&mut self, what: &str) -> Result<Value> {
        let id = self.u32(what)?;
        let count = self.u64(what)?;
        if id == 8 {
            // Each text has at least its length.
            if count.saturating_mul(8) > self.left().min(MAX_HEADER) {
                return Err(LlmError::malformed(format!("{what} claims {count} texts, more than fit")));
            }
            let mut strings = Strings::default();
            let mut scratch = Vec::new();
            for _ in 0..count {
                self.bytes(&mut scratch, MAX_TEXT, what)?;
                // A vocabulary may hold pieces that are not UTF-8; they can't be told apart after this, as everywhere else.
                strings.push(&String::from_utf8_lossy(&scratch));
            }
            return Ok(Value::Strings(strings));
        }
        let kind = NumberType::from_id(id)
            .ok_or_else(|| LlmError::malformed(format!("{what} is a list of the unsupported type {id}")))?;
        let bytes = count.saturating_mul(kind.bytes() as u64);
        if bytes > self.left().min(MAX_HEADER) {
            return Err(LlmError::malformed(format!("{what} claims {count} numbers, more than fit")));
        }
        let mut raw = vec![0; bytes as usize];
        self.fill(&mut raw, what)?;
        Ok(Value::Numbers { kind, raw })
    }
}

impl Header {
    /// Reads the header from the start of a file of `length` bytes.
    ///
    /// # Errors
    /// [`LlmError::Malformed`] or [`LlmError::Unsupported`], with what was wrong.
    pub(crate) fn read(inner: impl Read, length: u64) -> Result<Self> {
        let mut reader = Reader { inner, position: 0, length };
        let mut magic = [0; 4];
        reader.fill(&mut magic, "the first four bytes")?;
        if &magic != b"GGUF" {
            return Err(LlmError::malformed("it does not begin with the letters GGUF"));
        }
        let version = reader.u32("the version")?;
        if !(2..=3).contains(&version) {
            return Err(LlmError::unsupported(format!("it is GGUF version {version}; versions 2 and 3 are supported")));
        }
        let tensors = reader.u64("the number of tensors")?;
        let entries = reader.u64("the number of metadata entries")?;
        // An entry has at least a key's length, a type and a byte; a tensor a name's length, three numbers and an offset.
        for (what, count, most, least_bytes) in
            [("tensors", tensors, MAX_TENSORS, 32), ("metadata entries", entries, MAX_ENTRIES, 13)]
        {
            if count > most || count * least_bytes > reader.left() {
                return Err(LlmError::malformed(format!("it claims {count} {what}, more than fit")));
            }
        }
        let mut metadata = HashMap::with_capacity(entries as usize);
        for index in 0..entries {
            let key = reader.text(MAX_NAME, &format!("the key of metadata entry {}", index + 1))?;
            let value = reader.value(&key)?;
            if let Some((key, _)) = metadata.insert(key.clone(), value).map(|old| (key, old)) {
                return Err(LlmError::malformed(format!("it says {key} twice")));
            }
        }
        let metadata = Metadata(metadata);
        let alignment = metadata.whole("general.alignment", 1..=1 << 20)?.unwrap_or(DEFAULT_ALIGNMENT as usize) as u64;
        let mut table = HashMap::with_capacity(tensors as usize);
        for index in 0..tensors {
            let name = reader.text(MAX_NAME, &format!("the name of tensor {}", index + 1))?;
            let info = reader.tensor(&name)?;
            if table.insert(name.clone(), info).is_some() {
                return Err(LlmError::malformed(format!("it has two tensors with the name {name}")));
            }
        }
        let data = reader.position.next_multiple_of(alignment);
        for (name, info) in &mut table {
            let bytes = (info.rows as u64).checked_mul(info.row_bytes() as u64);
            let start = data.checked_add(info.offset);
            let end = start.zip(bytes).and_then(|(start, bytes)| start.checked_add(bytes));
            if end.is_none_or(|end| end > length) {
                return Err(LlmError::malformed(format!("it ends before the tensor {name} does")));
            }
            info.offset += data;
        }
        Ok(Self { metadata, tensors: table })
    }
}

impl<R: Read> Reader<R> {
    fn tensor(&mut self, name: &str) -> Result<TensorInfo> {
        let what = format!("the description of the tensor {name}");
        let rank = self.u32(&what)?;
        if !(1..=4).contains(&rank) {
            return Err(LlmError::malformed(format!("the tensor {name} has {rank} dimensions")));
        }
        let mut cols = 1u64;
        let mut rows = 1u64;
        for dimension in 0..rank {
            let size = self.u64(&what)?;
            let product = if dimension == 0 { &mut cols } else { &mut rows };
            *product = product
                .checked_mul(size)
                .filter(|v| (1..=u64::from(u32::MAX)).contains(v))
                .ok_or_else(|| LlmError::malformed(format!("the tensor {name} has a dimension of {size}")))?;
        }
        let id = self.u32(&what)?;
        let kind = TensorType::from_id(id).ok_or_else(|| {
            LlmError::unsupported(format!("its tensor {name} has the type {id}, for which there is no kernel"))
        })?;
        let offset = self.u64(&what)?;
        if !cols.is_multiple_of(kind.block_len() as u64) {
            return Err(LlmError::malformed(format!(
                "the tensor {name} has rows of {cols}, which {kind:?} can't hold"
            )));
        }
        Ok(TensorInfo { kind, rows: rows as usize, cols: cols as usize, offset })
    }
}
