//! The recognizer's ONNX file, made smaller and quicker when it is loaded. The file stays as it is.
//!
//! Owns three changes to the graph, made in memory:
//!
//! * The last layer tells 18,710 characters apart, most of them Chinese; only the rows of those that this program reads are
//!   kept. What is left computes the same numbers as before, up to the softmax's sum.
//! * The network was trained on lines 48 px high, a third of which is margin: its rows are halved four times, and the three
//!   that are left are averaged. It gets lines of [`HEIGHT`] px with next to no margin, so two rows are left to average, and
//!   a third of the time is saved. No weight knows the height.
//! * The shapes that the file declares no longer hold and are left out.
//!
//! Never runs it, and never trusts the file: what is cut off, or is another network, is an error in words.

use jarvis_onnx::wire::{Field, Value, fields, push_bytes, push_integer, varint};

/// Rows of the picture that the network is given, px.
pub(super) const HEIGHT: usize = 32;

/// A network that is ready to be opened.
pub(super) struct Network {
    /// An ONNX model: `x` of \[lines, 3, [`HEIGHT`], width\], -1 for black to 1 for white, becomes a probability for each of
    /// `characters` at each step, \[lines, width / 8, characters\].
    pub(super) model: Vec<u8>,
    /// What the outputs stand for. The first is nothing (CTC's blank), the last a space.
    pub(super) characters: Vec<String>,
}

/// Numbers of ONNX's fields, by message.
pub(super) mod number {
    pub const MODEL_GRAPH: u64 = 7;
    pub const MODEL_METADATA: u64 = 14;
    pub const ENTRY_KEY: u64 = 1;
    pub const ENTRY_VALUE: u64 = 2;
    pub const GRAPH_NODE: u64 = 1;
    pub const GRAPH_INITIALIZER: u64 = 5;
    pub const GRAPH_INPUT: u64 = 11;
    pub const GRAPH_OUTPUT: u64 = 12;
    pub const GRAPH_VALUE: u64 = 13;
    pub const NODE_INPUT: u64 = 1;
    pub const NODE_OUTPUT: u64 = 2;
    pub const NODE_OPERATOR: u64 = 4;
    pub const NODE_ATTRIBUTE: u64 = 5;
    pub const ATTRIBUTE_NAME: u64 = 1;
    pub const ATTRIBUTE_INTEGERS: u64 = 8;
    pub const TENSOR_DIMENSIONS: u64 = 1;
    pub const TENSOR_ELEMENT: u64 = 2;
    pub const TENSOR_NAME: u64 = 8;
    pub const TENSOR_RAW: u64 = 9;
    pub const VALUE_NAME: u64 = 1;
    pub const VALUE_TYPE: u64 = 2;
    pub const TYPE_TENSOR: u64 = 1;
    pub const TYPE_ELEMENT: u64 = 1;
}

/// ONNX's number of the type `float`.
const FLOAT: u64 = 1;

/// What is read: Latin script with its accents, figures, and the punctuation and symbols that screens show.
fn is_read(character: &str) -> bool {
    let mut characters = character.chars();
    let (Some(first), None) = (characters.next(), characters.next()) else { return false };
    matches!(first, '\u{21}'..='\u{24f}' | '\u{2010}'..='\u{2044}' | '€' | '™' | '←'..='↓' | '≈' | '≠' | '≤' | '≥' | '∞')
        || matches!(first, '✓' | '●' | '○' | '■' | '□' | '▶' | '►' | '★' | '☆')
}

/// Makes the network of the file `model`.
///
/// # Errors
/// It is no ONNX model or another network; a clause that says why.
pub(super) fn prepare(model: &[u8]) -> Result<Network, String> {
    let (mut graph, mut listed) = (None, None);
    let mut out = Vec::with_capacity(model.len());
    fields(model, |field| {
        match field.number {
            number::MODEL_GRAPH => graph = Some(field.value.bytes()),
            number::MODEL_METADATA => {
                let (mut key, mut value) = ("", "");
                fields(field.value.bytes(), |field| {
                    match field.number {
                        number::ENTRY_KEY => key = field.value.text()?,
                        number::ENTRY_VALUE => value = field.value.text()?,
                        _ => {}
                    }
                    Ok(())
                })?;
                if key == "character" {
                    listed = Some(value);
                }
            }
            _ => out.extend_from_slice(field.raw),
        }
        Ok(())
    })?;
    let graph = graph.ok_or("it is no ONNX model")?;
    let listed = listed.ok_or("it doesn't list its characters")?;
    // The list has neither the blank nor the space.
    let all: Vec<&str> = std::iter::once("").chain(listed.split('\n')).chain([" "]).collect();
    let kept: Vec<usize> = (0..all.len()).filter(|&at| at == 0 || at + 1 == all.len() || is_read(all[at])).collect();

    let head = Head::find(graph)?;
    let mut edited = Vec::with_capacity(graph.len());
    let mut cut = 0;
    fields(graph, |field| {
        match field.number {
            number::GRAPH_VALUE => {}
            number::GRAPH_INPUT | number::GRAPH_OUTPUT => {
                push_bytes(&mut edited, field.number, &without_shape(field.value.bytes())?);
            }
            number::GRAPH_INITIALIZER if head.has(field.value.bytes())? => {
                cut += 1;
                push_bytes(&mut edited, field.number, &cut_tensor(field.value.bytes(), all.len(), &kept)?);
            }
            number::GRAPH_NODE if Node::read(field.value.bytes())?.operator == "AveragePool" => {
                push_bytes(&mut edited, field.number, &pool_of_two_rows(field.value.bytes())?);
            }
            _ => edited.extend_from_slice(field.raw),
        }
        Ok(())
    })?;
    if cut != 2 {
        return Err("its last layer is not where it should be".to_owned());
    }
    push_bytes(&mut out, number::MODEL_GRAPH, &edited);
    Ok(Network { model: out, characters: kept.iter().map(|&at| all[at].to_owned()).collect() })
}

/// What matters of a node.
#[derive(Default)]
pub(super) struct Node<'a> {
    pub(super) operator: &'a str,
    pub(super) inputs: Vec<&'a str>,
    pub(super) output: &'a str,
}

impl<'a> Node<'a> {
    pub(super) fn read(body: &'a [u8]) -> Result<Self, String> {
        let mut node = Self::default();
        fields(body, |field| {
            match field.number {
                number::NODE_INPUT => node.inputs.push(field.value.text()?),
                number::NODE_OUTPUT => node.output = field.value.text()?,
                number::NODE_OPERATOR => node.operator = field.value.text()?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(node)
    }
}

/// The weights of the last layer, by name: a matrix and what is added to its product.
struct Head<'a> {
    matrix: &'a str,
    added: Vec<&'a str>,
}

impl<'a> Head<'a> {
    fn find(graph: &'a [u8]) -> Result<Self, String> {
        let mut nodes = Vec::new();
        fields(graph, |field| {
            if field.number == number::GRAPH_NODE {
                nodes.push(Node::read(field.value.bytes())?);
            }
            Ok(())
        })?;
        let missing = || "it has no last layer".to_owned();
        let product = nodes.iter().rfind(|node| node.operator == "MatMul").ok_or_else(missing)?;
        let sum = nodes.iter().find(|node| node.operator == "Add" && node.inputs.contains(&product.output));
        let added = sum.ok_or_else(missing)?.inputs.iter().filter(|name| **name != product.output).copied().collect();
        Ok(Self { matrix: product.inputs.get(1).ok_or_else(missing)?, added })
    }

    /// Whether it is made of `tensor`.
    fn has(&self, tensor: &[u8]) -> Result<bool, String> {
        let mut found = false;
        fields(tensor, |field| {
            if field.number == number::TENSOR_NAME {
                let name = field.value.text()?;
                found = name == self.matrix || self.added.contains(&name);
            }
            Ok(())
        })?;
        Ok(found)
    }
}

/// `tensor` with only the columns `kept` of its `columns`.
fn cut_tensor(tensor: &[u8], columns: usize, kept: &[usize]) -> Result<Vec<u8>, String> {
    let (mut out, mut raw, mut dimensions) = (vec![], None, vec![]);
    fields(tensor, |field| {
        match (field.number, field.value) {
            (number::TENSOR_DIMENSIONS, Value::Integer(dimension)) => dimensions.push(dimension),
            (number::TENSOR_DIMENSIONS, Value::Bytes(packed)) => dimensions.extend(unpacked(packed)?),
            (number::TENSOR_RAW, value) => raw = Some(value.bytes()),
            (number::TENSOR_ELEMENT, Value::Integer(element)) if element != FLOAT => {
                return Err("its last layer is not of 32-bit numbers".to_owned());
            }
            _ => out.extend_from_slice(field.raw),
        }
        Ok(())
    })?;
    let raw = raw.ok_or("its last layer is kept in a way that is not known")?;
    if dimensions.pop() != Some(columns as u64) || raw.len() % (4 * columns) != 0 {
        return Err(format!("its last layer is not for the {columns} characters that it lists"));
    }
    for dimension in dimensions.into_iter().chain([kept.len() as u64]) {
        push_integer(&mut out, number::TENSOR_DIMENSIONS, dimension);
    }
    push_integer(&mut out, number::TENSOR_ELEMENT, FLOAT);
    let rows = raw.chunks_exact(4 * columns);
    let less: Vec<u8> = rows.flat_map(|row| kept.iter().flat_map(|&at| &row[4 * at..4 * at + 4])).copied().collect();
    push_bytes(&mut out, number::TENSOR_RAW, &less);
    Ok(out)
}

fn unpacked(packed: &[u8]) -> Result<Vec<u64>, String> {
    let (mut at, mut numbers) = (0, vec![]);
    while at < packed.len() {
        numbers.push(varint(packed, &mut at)?);
    }
    Ok(numbers)
}

/// A node that averages three rows, for two.
fn pool_of_two_rows(node: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = vec![];
    fields(node, |field| {
        match field.number {
            number::NODE_ATTRIBUTE => push_bytes(&mut out, field.number, &of_two_rows(field)?),
            _ => out.extend_from_slice(field.raw),
        }
        Ok(())
    })?;
    Ok(out)
}

fn of_two_rows(attribute: Field<'_>) -> Result<Vec<u8>, String> {
    let (mut name, mut integers, mut rest) = ("", vec![], vec![]);
    fields(attribute.value.bytes(), |field| {
        match (field.number, field.value) {
            (number::ATTRIBUTE_INTEGERS, Value::Integer(integer)) => integers.push(integer),
            (number::ATTRIBUTE_INTEGERS, packed) => integers.extend(unpacked(packed.bytes())?),
            _ => {
                if field.number == number::ATTRIBUTE_NAME {
                    name = field.value.text()?;
                }
                rest.extend_from_slice(field.raw);
            }
        }
        Ok(())
    })?;
    if matches!(name, "kernel_shape" | "strides") {
        match integers.first_mut() {
            Some(rows) if *rows == 3 => *rows = 2,
            _ => return Err("it doesn't average three rows".to_owned()),
        }
    }
    for integer in integers {
        push_integer(&mut rest, number::ATTRIBUTE_INTEGERS, integer);
    }
    Ok(rest)
}

/// A `ValueInfoProto` of floats, `of` another, without its shape.
fn without_shape(of: &[u8]) -> Result<Vec<u8>, String> {
    let mut name = "";
    fields(of, |field| {
        if field.number == number::VALUE_NAME {
            name = field.value.text()?;
        }
        Ok(())
    })?;
    Ok(value(name))
}

/// A `ValueInfoProto` of floats of any shape.
pub(super) fn value(name: &str) -> Vec<u8> {
    let (mut tensor, mut kind, mut out) = (vec![], vec![], vec![]);
    push_integer(&mut tensor, number::TYPE_ELEMENT, FLOAT);
    push_bytes(&mut kind, number::TYPE_TENSOR, &tensor);
    push_bytes(&mut out, number::VALUE_NAME, name.as_bytes());
    push_bytes(&mut out, number::VALUE_TYPE, &kind);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::installed;
    use proptest::prelude::*;

    #[test]
    fn of_the_characters_those_of_latin_script_are_left() {
        let file = std::fs::read(installed::model("pp-ocrv6-small").join("recognition.onnx")).unwrap();
        let network = prepare(&file).unwrap();
        assert!(network.model.len() < file.len() - 4 * 120 * 17_000, "{}", network.model.len());
        let characters = &network.characters;
        assert!((400..1000).contains(&characters.len()), "{}", characters.len());
        assert_eq!((characters[0].as_str(), characters.last().unwrap().as_str()), ("", " "));
        for wanted in ('!'..='~').chain("éüßñçøÅ€–—“”‘’…•©°".chars()) {
            assert!(characters.iter().any(|character| character.chars().eq([wanted])), "{wanted}");
        }
        // What was edited can't be edited twice: it no longer is what it says.
        assert!(prepare(&network.model).is_err());
    }

    #[test]
    fn another_network_is_refused() {
        let other = std::fs::read(installed::model("silero-vad").join("model.onnx")).unwrap();
        assert!(prepare(&other).is_err());
        assert!(prepare(b"no model at all").is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = prepare(&bytes);
            let _ = (cut_tensor(&bytes, 3, &[0, 2]), pool_of_two_rows(&bytes), without_shape(&bytes));
        }
    }
}
