//! The wire format of Protocol Buffers, as far as an ONNX file needs it to be read and written again with changes.
//!
//! Owns tags, numbers and lengths. Never knows what a message means, and never trusts one: what is cut off is an error in
//! words.

use std::ops::Range;

/// One field of a message.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    /// Its number in the message's definition.
    pub number: u64,
    /// All of it, tag included, to be copied.
    pub raw: &'a [u8],
    /// What it holds.
    pub value: Value<'a>,
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// A varint.
    Integer(u64),
    /// A message, text, bytes, or packed numbers.
    Bytes(&'a [u8]),
    /// Four or eight bytes; nothing that is read here has them.
    Fixed,
}

impl<'a> Value<'a> {
    /// The bytes; none where it is a number.
    pub fn bytes(self) -> &'a [u8] {
        if let Value::Bytes(bytes) = self { bytes } else { &[] }
    }

    /// The text; empty where it is a number.
    ///
    /// # Errors
    /// It is no UTF-8.
    pub fn text(self) -> Result<&'a str, String> {
        std::str::from_utf8(self.bytes()).map_err(|_| "a name in it is no text".to_owned())
    }
}

/// Calls `each` for every field of `message`.
///
/// # Errors
/// `message` is none, or `each` failed; a clause that says why.
pub fn fields<'a>(message: &'a [u8], mut each: impl FnMut(Field<'a>) -> Result<(), String>) -> Result<(), String> {
    let mut at = 0;
    while at < message.len() {
        let start = at;
        let tag = varint(message, &mut at)?;
        let value = match tag & 7 {
            0 => Value::Integer(varint(message, &mut at)?),
            1 => {
                skip(message, &mut at, 8)?;
                Value::Fixed
            }
            2 => {
                let length = usize::try_from(varint(message, &mut at)?).map_err(|_| CUT_OFF)?;
                let range = skip(message, &mut at, length)?;
                Value::Bytes(&message[range])
            }
            5 => {
                skip(message, &mut at, 4)?;
                Value::Fixed
            }
            _ => return Err("it is no ONNX model".to_owned()),
        };
        each(Field { number: tag >> 3, raw: &message[start..at], value })?;
    }
    Ok(())
}

/// What is said of a message that is not whole.
pub const CUT_OFF: &str = "it ends in the middle";

fn skip(message: &[u8], at: &mut usize, length: usize) -> Result<Range<usize>, String> {
    let end = at.checked_add(length).filter(|end| *end <= message.len()).ok_or(CUT_OFF)?;
    let range = *at..end;
    *at = end;
    Ok(range)
}

/// The number at `at`, which moves behind it.
///
/// # Errors
/// There is none.
pub fn varint(message: &[u8], at: &mut usize) -> Result<u64, String> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = *message.get(*at).ok_or(CUT_OFF)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err("it is no ONNX model".to_owned())
}

/// Appends a number.
pub fn push_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends the field `number` with a number.
pub fn push_integer(out: &mut Vec<u8>, number: u64, value: u64) {
    push_varint(out, number << 3);
    push_varint(out, value);
}

/// Appends the field `number` with bytes.
pub fn push_bytes(out: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    push_varint(out, number << 3 | 2);
    push_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_come_back(value: u64) {
            let (mut bytes, mut at) = (vec![], 0);
            push_varint(&mut bytes, value);
            prop_assert_eq!(varint(&bytes, &mut at), Ok(value));
            prop_assert_eq!(at, bytes.len());
        }

        #[test]
        fn fields_come_back(number in 1..1000u64, value: u64, bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut message = vec![];
            push_integer(&mut message, number, value);
            push_bytes(&mut message, number + 1, &bytes);
            let mut found = vec![];
            fields(&message, |field| {
                found.push((field.number, field.value));
                Ok(())
            }).unwrap();
            prop_assert!(matches!(found[..], [(a, Value::Integer(v)), (b, Value::Bytes(of))]
                if a == number && b == number + 1 && v == value && of == bytes));
        }
    }
}
