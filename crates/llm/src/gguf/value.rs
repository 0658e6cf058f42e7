//! Metadata values of a GGUF file, kept as compactly as they are in the file.

use crate::error::{LlmError, Result};

/// The number type of an array's elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberType {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    F32,
    Bool,
    U64,
    I64,
    F64,
}

impl NumberType {
    pub(crate) fn from_id(id: u32) -> Option<Self> {
        Some(match id {
            0 => Self::U8,
            1 => Self::I8,
            2 => Self::U16,
            3 => Self::I16,
            4 => Self::U32,
            5 => Self::I32,
            6 => Self::F32,
            7 => Self::Bool,
            10 => Self::U64,
            11 => Self::I64,
            12 => Self::F64,
            _ => return None,
        })
    }

    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 | Self::Bool => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }

    /// Reads one number from its little-endian bytes.
    pub(crate) fn read(self, b: &[u8]) -> Value {
        match self {
            Self::U8 => Value::Unsigned(b[0].into()),
            Self::I8 => Value::Signed((b[0] as i8).into()),
            Self::Bool => Value::Bool(b[0] != 0),
            Self::U16 => Value::Unsigned(u16::from_le_bytes([b[0], b[1]]).into()),
            Self::I16 => Value::Signed(i16::from_le_bytes([b[0], b[1]]).into()),
            Self::U32 => Value::Unsigned(u32::from_le_bytes([b[0], b[1], b[2], b[3]]).into()),
            Self::I32 => Value::Signed(i32::from_le_bytes([b[0], b[1], b[2], b[3]]).into()),
            Self::F32 => Value::Float(f32::from_le_bytes([b[0], b[1], b[2], b[3]]).into()),
            Self::U64 => Value::Unsigned(u64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]])),
            Self::I64 => Value::Signed(i64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]])),
            Self::F64 => Value::Float(f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]])),
        }
    }
}

/// Many strings end to end: a vocabulary takes little more memory than in the file.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Strings {
    pub(crate) text: String,
    pub(crate) ends: Vec<u32>,
}

impl Strings {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)? as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] as usize };
        self.text.get(start..end)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    pub(crate) fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len() as u32);
    }
}

/// One metadata value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Bool(bool),
    Text(String),
    Strings(Strings),
    Numbers { kind: NumberType, raw: Vec<u8> },
}

impl Value {
    /// What kind of value this is, for error messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Unsigned(_) | Self::Signed(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Bool(_) => "true or false",
            Self::Text(_) => "a text",
            Self::Strings(_) => "a list of texts",
            Self::Numbers { .. } => "a list of numbers",
        }
    }

    pub(crate) fn as_unsigned(&self) -> Option<u64> {
        match self {
            Self::Unsigned(v) => Some(*v),
            Self::Signed(v) => u64::try_from(*v).ok(),
            _ => None,
        }
    }

    pub(crate) fn as_float(&self) -> Option<f64> {
        match self {
            Self::Float(v) => Some(*v),
            Self::Unsigned(v) => Some(*v as f64),
            Self::Signed(v) => Some(*v as f64),
            _ => None,
        }
    }
}

/// Metadata with accessors that name the key in their errors.
#[derive(Debug, Clone, Default)]
pub(crate) struct Metadata(pub(crate) std::collections::HashMap<String, Value>);

impl Metadata {
    fn wrong(key: &str, value: &Value, wanted: &str) -> LlmError {
        LlmError::malformed(format!("its {key} is {}, not {wanted}", value.kind()))
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    pub(crate) fn missing(key: &str) -> LlmError {
        LlmError::malformed(format!("it says nothing about {key}"))
    }

    /// A whole number in `range`; `None` when the key is not there.
    pub(crate) fn whole(&self, key: &str, range: std::ops::RangeInclusive<u64>) -> Result<Option<usize>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let number = value.as_unsigned().ok_or_else(|| Self::wrong(key, value, "a whole number from 0 upward"))?;
        if !range.contains(&number) {
            return Err(LlmError::malformed(format!(
                "its {key} is {number}, outside {} to {}",
                range.start(),
                range.end()
            )));
        }
        Ok(Some(number as usize))
    }

    /// Like [`Self::whole`], but the key has to be there.
    pub(crate) fn required(&self, key: &str, range: std::ops::RangeInclusive<u64>) -> Result<usize> {
        self.whole(key, range)?.ok_or_else(|| Self::missing(key))
    }

    /// A number that is finite as a 32-bit float; `None` when the key is not there.
    pub(crate) fn float(&self, key: &str) -> Result<Option<f32>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match value.as_float().map(|number| number as f32) {
            Some(number) if number.is_finite() => Ok(Some(number)),
            _ => Err(Self::wrong(key, value, "a finite number")),
        }
    }

    pub(crate) fn boolean(&self, key: &str) -> Result<Option<bool>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(value) => Err(Self::wrong(key, value, "true or false")),
        }
    }

    pub(crate) fn text(&self, key: &str) -> Result<Option<&str>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Text(value)) => Ok(Some(value)),
            Some(value) => Err(Self::wrong(key, value, "a text")),
        }
    }

    pub(crate) fn strings(&self, key: &str) -> Result<Option<&Strings>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Strings(value)) => Ok(Some(value)),
            Some(value) => Err(Self::wrong(key, value, "a list of texts")),
        }
    }

    /// The numbers of a list, each as `f64`; `None` when the key is not there.
    pub(crate) fn numbers(&self, key: &str) -> Result<Option<Vec<f64>>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Numbers { kind, raw }) => {
                Ok(Some(raw.chunks_exact(kind.bytes()).map(|b| kind.read(b).as_float().unwrap_or(0.0)).collect()))
            }
            Some(value) => Err(Self::wrong(key, value, "a list of numbers")),
        }
    }
}
