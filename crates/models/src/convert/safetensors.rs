//! Writes a safetensors file from ranges of another file, a chunk at a time.
//!
//! Format: a u64 length, that much JSON (`{"name":{"dtype","shape","data_offsets":[begin,end]}}`, offsets counted from the
//! end of the JSON), then the data without gaps. <https://github.com/huggingface/safetensors>

use super::ConvertError;
use super::ctranslate2::Type;
use jarvis_core::Cancel;
use serde_json::{Map, Value, json};
use std::io::{Read, Seek, SeekFrom, Write};

/// A tensor to be written, with its data still in the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slice {
    pub(crate) name: String,
    pub(crate) kind: Type,
    pub(crate) shape: Vec<u64>,
    /// Where its data begins in the source.
    pub(crate) offset: u64,
    pub(crate) bytes: u64,
}

/// Writes `slices` of `source` to `target`.
pub(crate) fn write(
    source: &mut (impl Read + Seek),
    slices: &[Slice],
    target: &mut impl Write,
    cancel: &Cancel,
) -> Result<(), ConvertError> {
    let mut header = Map::new();
    header.insert("__metadata__".into(), json!({ "format": "pt" }));
    let mut end = 0u64;
    for slice in slices {
        let dtype = match slice.kind {
            Type::F32 => "F32",
            Type::F16 => "F16",
            Type::Bf16 => "BF16",
            Type::I8 | Type::I16 | Type::I32 => {
                return Err(ConvertError::Unsupported(format!("{} has whole numbers", slice.name)));
            }
        };
        let begin = end;
        end += slice.bytes;
        let entry = json!({ "dtype": dtype, "shape": slice.shape, "data_offsets": [begin, end] });
        header.insert(slice.name.clone(), entry);
    }
    let mut json = Value::Object(header).to_string().into_bytes();
    // Spaces to a multiple of 8, so that the data is aligned when the file is mapped.
    json.resize(json.len().next_multiple_of(8), b' ');
    target.write_all(&(json.len() as u64).to_le_bytes())?;
    target.write_all(&json)?;

    let mut buffer = vec![0; crate::hash::CHUNK];
    for slice in slices {
        source.seek(SeekFrom::Start(slice.offset))?;
        let mut left = slice.bytes;
        while left > 0 {
            if cancel.is_cancelled() {
                return Err(ConvertError::Cancelled);
            }
            let n = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
            source.read_exact(&mut buffer[..n])?;
            target.write_all(&buffer[..n])?;
            left -= n as u64;
        }
    }
    Ok(())
}
