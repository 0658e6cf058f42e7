//! Reads a sequential convolutional network out of an ONNX file: its operators in order and their weights.
//!
//! Knows as much of the format (onnx.proto, a protocol buffer) as that takes, and trusts nothing in it: every length is
//! checked against what is there. Never computes anything.

use std::collections::HashMap;

/// What can be wrong with a file, a clause for people.
pub(super) type Reason = String;

/// An operator with what this program reads of it.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) operator: String,
    pub(super) inputs: Vec<String>,
    /// Attributes of integers, `pads` or `strides`.
    pub(super) integers: HashMap<String, Vec<i64>>,
    /// Attributes of one number, `alpha` or `epsilon`.
    pub(super) numbers: HashMap<String, f32>,
}

/// A constant of 32-bit floats.
#[derive(Debug, Clone)]
pub(super) struct Weights {
    pub(super) shape: Vec<usize>,
    pub(super) values: Vec<f32>,
}

/// A network's operators in order, and its constants by name.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    pub(super) weights: HashMap<String, Weights>,
}

impl Graph {
    pub(super) fn parse(file: &[u8]) -> Result<Self, Reason> {
        const GRAPH: u64 = 7;
        let mut graph = Self::default();
        for field in Fields(file) {
            if let (GRAPH, Value::Bytes(bytes)) = field? {
                graph.read(bytes)?;
            }
        }
        if graph.nodes.is_empty() {
            return Err("it has no operators".into());
        }
        Ok(graph)
    }

    fn read(&mut self, bytes: &[u8]) -> Result<(), Reason> {
        const NODE: u64 = 1;
        const INITIALIZER: u64 = 5;
        for field in Fields(bytes) {
            match field? {
                (NODE, Value::Bytes(bytes)) => self.nodes.push(node(bytes)?),
                (INITIALIZER, Value::Bytes(bytes)) => {
                    if let Some((name, weights)) = tensor(bytes)? {
                        self.weights.insert(name, weights);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn node(bytes: &[u8]) -> Result<Node, Reason> {
    const INPUT: u64 = 1;
    const OPERATOR: u64 = 4;
    const ATTRIBUTE: u64 = 5;
    let mut node =
        Node { operator: String::new(), inputs: Vec::new(), integers: HashMap::new(), numbers: HashMap::new() };
    for field in Fields(bytes) {
        match field? {
            (INPUT, Value::Bytes(name)) => node.inputs.push(text(name)?),
            (OPERATOR, Value::Bytes(name)) => node.operator = text(name)?,
            (ATTRIBUTE, Value::Bytes(bytes)) => attribute(bytes, &mut node)?,
            _ => {}
        }
    }
    Ok(node)
}

fn attribute(bytes: &[u8], node: &mut Node) -> Result<(), Reason> {
    const NAME: u64 = 1;
    const NUMBER: u64 = 2;
    const INTEGERS: u64 = 8;
    let (mut name, mut number, mut integers) = (String::new(), None, Vec::new());
    for field in Fields(bytes) {
        match field? {
            (NAME, Value::Bytes(bytes)) => name = text(bytes)?,
            (NUMBER, Value::Four(bytes)) => number = Some(f32::from_le_bytes(bytes)),
            (INTEGERS, value) => value.integers(&mut integers)?,
            _ => {}
        }
    }
    if let Some(number) = number {
        node.numbers.insert(name.clone(), number);
    }
    node.integers.insert(name, integers);
    Ok(())
}

/// Constants of other types than 32-bit floats are shapes and paddings, which the operators' attributes and the network's
/// own shape say again.
fn tensor(bytes: &[u8]) -> Result<Option<(String, Weights)>, Reason> {
    const SHAPE: u64 = 1;
    const TYPE: u64 = 2;
    const NAME: u64 = 8;
    const RAW: u64 = 9;
    const FLOAT: u64 = 1;
    let (mut shape, mut kind, mut name, mut raw) = (Vec::new(), 0, String::new(), &[][..]);
    for field in Fields(bytes) {
        match field? {
            (SHAPE, value) => value.integers(&mut shape)?,
            (TYPE, Value::Integer(value)) => kind = value,
            (NAME, Value::Bytes(bytes)) => name = text(bytes)?,
            (RAW, Value::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    if kind != FLOAT {
        return Ok(None);
    }
    let shape = shape
        .iter()
        .map(|length| usize::try_from(*length))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| format!("{name} has a negative length"))?;
    let (quads, rest) = raw.as_chunks::<4>();
    let wanted = shape.iter().try_fold(1_usize, |product, length| product.checked_mul(*length));
    if wanted != Some(quads.len()) || !rest.is_empty() {
        return Err(format!("{name} has {} bytes, not those of its shape", raw.len()));
    }
    let values = quads.iter().map(|quad| f32::from_le_bytes(*quad)).collect();
    Ok(Some((name, Weights { shape, values })))
}

fn text(bytes: &[u8]) -> Result<String, Reason> {
    String::from_utf8(bytes.to_vec()).map_err(|_| "a name in it is no text".into())
}

/// What a field holds, by its wire type.
enum Value<'a> {
    Integer(u64),
    Four([u8; 4]),
    Bytes(&'a [u8]),
    Eight,
}

impl Value<'_> {
    /// Adds the integers of a repeated field, which may come one by one or packed.
    fn integers(self, into: &mut Vec<i64>) -> Result<(), Reason> {
        match self {
            Value::Integer(value) => into.push(value.cast_signed()),
            Value::Bytes(mut packed) => {
                while !packed.is_empty() {
                    into.push(varint(&mut packed)?.cast_signed());
                }
            }
            Value::Four(_) | Value::Eight => {}
        }
        Ok(())
    }
}

/// The fields of a protocol buffer message, number and value.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), Reason>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Result<(u64, Value<'a>), Reason> {
        let key = varint(&mut self.0)?;
        let value = match key & 7 {
            0 => Value::Integer(varint(&mut self.0)?),
            1 => {
                self.take(8)?;
                Value::Eight
            }
            2 => {
                let length = varint(&mut self.0)?;
                Value::Bytes(self.take(length)?)
            }
            5 => {
                let mut four = [0; 4];
                four.copy_from_slice(self.take(4)?);
                Value::Four(four)
            }
            _ => return Err("it is no ONNX file".into()),
        };
        Ok((key >> 3, value))
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], Reason> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let (taken, rest) = self.0.split_at_checked(length).ok_or("it ends too early")?;
        self.0 = rest;
        Ok(taken)
    }
}

fn varint(bytes: &mut &[u8]) -> Result<u64, Reason> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first().ok_or("it ends too early")?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err("it is no ONNX file".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use proptest::prelude::*;

    fn file() -> Vec<u8> {
        std::fs::read(testing::model("wake-hey-jarvis").join("embedding.onnx")).unwrap()
    }

    #[test]
    fn the_embedding_model_is_read() {
        let graph = Graph::parse(&file()).unwrap();
        let convolutions: Vec<&Node> = graph.nodes.iter().filter(|node| node.operator == "Conv").collect();
        assert_eq!(convolutions.len(), 20);
        assert_eq!(graph.weights[&convolutions[1].inputs[1]].shape, [24, 24, 1, 3]);
        assert_eq!(convolutions[1].integers["pads"], [0, 1, 0, 1]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn what_is_no_network_is_refused_and_nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Graph::parse(&bytes);
        }

        #[test]
        fn a_broken_file_never_panics(cut in 0_usize..1_000_000, at in 0_usize..4_000, flipped in 1_u8..) {
            let mut file = file();
            file.truncate(cut);
            if let Some(byte) = file.get_mut(at) {
                *byte ^= flipped;
            }
            let _ = Graph::parse(&file);
        }
    }
}
