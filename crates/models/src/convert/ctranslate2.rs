//! The index of a CTranslate2 `model.bin`, version 6: which tensor lies where. Reads no weights and trusts no number.
//!
//! All integers are little-endian. The file is
//!
//! ```text
//! u32 version (6)   string specification   u32 revision
//! u32 count, then `count` times:
//!     string name   u8 rank   u32 dimension (rank times)   u8 type   u32 bytes   data
//! u32 count, then `count` times an alias:   string alias   string name
//! ```
//!
//! where a string is a u16 length and that many bytes, the last one NUL. Format: `ctranslate2/specs/model_spec.py`.

use super::ConvertError;
use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};

/// More than any Whisper has, and little enough that a wrong count cannot fill the memory.
const MAX_TENSORS: u32 = 8_192;
const MAX_NAME: u16 = 256;
const MAX_RANK: u8 = 4;

/// How the numbers of a tensor are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    F32,
    I8,
    I16,
    I32,
    F16,
    Bf16,
}

impl Type {
    fn from_id(id: u8) -> Option<Self> {
        Some(match id {
            0 => Self::F32,
            1 => Self::I8,
            2 => Self::I16,
            3 => Self::I32,
            4 => Self::F16,
            5 => Self::Bf16,
            _ => return None,
        })
    }

    /// Bytes of one number.
    pub(crate) fn size(self) -> u64 {
        match self {
            Self::I8 => 1,
            Self::I16 | Self::F16 | Self::Bf16 => 2,
            Self::F32 | Self::I32 => 4,
        }
    }
}

/// A tensor of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tensor {
    /// Outermost dimension first; empty for a scalar.
    pub(crate) shape: Vec<u64>,
    pub(crate) kind: Type,
    /// Where its data begins in the file.
    pub(crate) offset: u64,
    /// Bytes of data: the product of the shape times the size of the type.
    pub(crate) bytes: u64,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Index {
    /// Name of the specification, `WhisperSpec`.
    pub(crate) specification: String,
    pub(crate) tensors: BTreeMap<String, Tensor>,
    /// Other names of tensors.
    pub(crate) aliases: BTreeMap<String, String>,
}

/// Reads the index of `file`.
///
/// # Errors
/// The file ends early, goes on after its end, or holds a number that cannot be.
pub(crate) fn read(file: &mut (impl Read + Seek)) -> Result<Index, ConvertError> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(0))?;
    let mut input = Input { file: std::io::BufReader::with_capacity(4096, file), at: 0, length };

    let version = input.u32("the version")?;
    if version != 6 {
        return Err(ConvertError::Unsupported(format!("CTranslate2 format {version}, where 6 is known")));
    }
    let specification = input.string("the specification")?;
    let _revision = input.u32("the revision")?;

    let count = input.count("the number of tensors")?;
    let mut tensors = BTreeMap::new();
    for _ in 0..count {
        let (name, tensor) = input.tensor()?;
        if tensors.contains_key(&name) {
            return Err(ConvertError::Malformed(format!("{name} is there twice")));
        }
        tensors.insert(name, tensor);
    }

    let count = input.count("the number of aliases")?;
    let mut aliases = BTreeMap::new();
    for _ in 0..count {
        let alias = input.string("an alias")?;
        let name = input.string("what an alias stands for")?;
        if !tensors.contains_key(&name) || tensors.contains_key(&alias) || aliases.insert(alias, name).is_some() {
            return Err(ConvertError::Malformed("an alias stands for nothing, or for two things".into()));
        }
    }
    if input.at != length {
        return Err(ConvertError::Malformed(format!("{} bytes follow its end", length - input.at)));
    }
    Ok(Index { specification, tensors, aliases })
}

/// The rest of the file, which never reads past its end.
struct Input<R> {
    file: R,
    at: u64,
    length: u64,
}

impl<R: Read + Seek> Input<std::io::BufReader<R>> {
    fn bytes<const N: usize>(&mut self, what: &str) -> Result<[u8; N], ConvertError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes, what)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8], what: &str) -> Result<(), ConvertError> {
        self.require(bytes.len() as u64, what)?;
        self.file.read_exact(bytes)?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    fn require(&self, bytes: u64, what: &str) -> Result<(), ConvertError> {
        if self.length - self.at < bytes {
            return Err(ConvertError::Malformed(format!("it ends within {what}")));
        }
        Ok(())
    }

    fn u32(&mut self, what: &str) -> Result<u32, ConvertError> {
        Ok(u32::from_le_bytes(self.bytes(what)?))
    }

    fn count(&mut self, what: &str) -> Result<u32, ConvertError> {
        let count = self.u32(what)?;
        if count > MAX_TENSORS {
            return Err(ConvertError::Malformed(format!("{what} is {count}")));
        }
        Ok(count)
    }

    fn string(&mut self, what: &str) -> Result<String, ConvertError> {
        let length = u16::from_le_bytes(self.bytes(what)?);
        if length == 0 || length > MAX_NAME {
            return Err(ConvertError::Malformed(format!("{what} has {length} letters")));
        }
        let mut bytes = vec![0; usize::from(length)];
        self.fill(&mut bytes, what)?;
        match bytes.split_last() {
            Some((0, name)) if !name.is_empty() && name.iter().all(u8::is_ascii_graphic) => {
                Ok(String::from_utf8(name.to_vec()).expect("it is ASCII"))
            }
            _ => Err(ConvertError::Malformed(format!("{what} is not a name"))),
        }
    }

    fn tensor(&mut self) -> Result<(String, Tensor), ConvertError> {
        let name = self.string("the name of a tensor")?;
        let [rank] = self.bytes(&name)?;
        if rank > MAX_RANK {
            return Err(ConvertError::Malformed(format!("{name} has {rank} dimensions")));
        }
        let mut shape = Vec::with_capacity(usize::from(rank));
        for _ in 0..rank {
            shape.push(u64::from(self.u32(&name)?));
        }
        let [kind] = self.bytes(&name)?;
        let kind = Type::from_id(kind)
            .ok_or_else(|| ConvertError::Malformed(format!("{name} has the unknown number type {kind}")))?;
        let bytes = u64::from(self.u32(&name)?);
        let expected = shape.iter().try_fold(kind.size(), |product, &dimension| product.checked_mul(dimension));
        if expected != Some(bytes) {
            return Err(ConvertError::Malformed(format!("{name} has {bytes} bytes, which does not fit {shape:?}")));
        }
        self.require(bytes, &name)?;
        let offset = self.at;
        self.file.seek_relative(i64::try_from(bytes).expect("it came from 32 bits"))?;
        self.at += bytes;
        Ok((name, Tensor { shape, kind, offset, bytes }))
    }
}
