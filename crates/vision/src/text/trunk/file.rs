//! Takes the trunk's weights out of the recognizer's ONNX file, and what is left of the network without it.
//!
//! Never trusts the file: what is missing is an error in words.

use super::super::network::{Node, number, value};
use jarvis_onnx::wire::{Value, fields, push_bytes, varint};
use std::collections::{HashMap, HashSet};

/// A convolution: what each output takes of each input at each place of its kernel, and what is added.
#[derive(Debug)]
pub(super) struct Convolution {
    /// Outputs, inputs (of a group), rows, columns.
    pub(super) shape: [usize; 4],
    pub(super) weights: Vec<f32>,
    /// A number for each output.
    pub(super) bias: Vec<f32>,
}

/// A network in two.
pub(super) struct Halves {
    /// The convolutions before the last averaging, in the order of the file.
    pub(super) trunk: Vec<Convolution>,
    /// An ONNX model of what comes behind it; its input is what was averaged.
    pub(super) rest: Vec<u8>,
}

/// An array of floats in the file.
struct Tensor<'a> {
    shape: Vec<usize>,
    raw: &'a [u8],
}

impl Tensor<'_> {
    fn values(&self) -> Vec<f32> {
        self.raw.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
    }
}

/// Cuts `model` behind its last averaging.
///
/// # Errors
/// It has none, or its convolutions are not as they should be.
pub(super) fn halve(model: &[u8]) -> Result<Halves, String> {
    let (mut graph, mut rest) = (None, Vec::new());
    fields(model, |field| {
        match field.number {
            number::MODEL_GRAPH => graph = Some(field.value.bytes()),
            _ => rest.extend_from_slice(field.raw),
        }
        Ok(())
    })?;
    let graph = graph.ok_or("it is no ONNX model")?;
    let (mut nodes, mut tensors) = (vec![], HashMap::new());
    fields(graph, |field| {
        match field.number {
            number::GRAPH_NODE => nodes.push(Node::read(field.value.bytes())?),
            number::GRAPH_INITIALIZER => {
                let (name, tensor) = tensor(field.value.bytes())?;
                tensors.insert(name, tensor);
            }
            _ => {}
        }
        Ok(())
    })?;
    let pool = nodes.iter().rposition(|node| node.operator == "AveragePool").ok_or("it averages nothing")?;
    let mut trunk = vec![];
    for (at, node) in nodes[..pool].iter().enumerate().filter(|(_, node)| node.operator == "Conv") {
        trunk.push(convolution(node, &nodes[at + 1..pool], &tensors).ok_or("a convolution in it is not known")?);
    }
    let wanted: HashSet<&str> = nodes[pool + 1..].iter().flat_map(|node| &node.inputs).copied().collect();
    let (mut edited, mut passed) = (Vec::new(), 0);
    fields(graph, |field| {
        let stays = match field.number {
            number::GRAPH_NODE => {
                passed += 1;
                passed > pool + 1
            }
            number::GRAPH_INITIALIZER => wanted.contains(tensor(field.value.bytes())?.0),
            number::GRAPH_INPUT => false,
            _ => true,
        };
        if stays {
            edited.extend_from_slice(field.raw);
        }
        Ok(())
    })?;
    push_bytes(&mut edited, number::GRAPH_INPUT, &value(nodes[pool].output));
    push_bytes(&mut rest, number::MODEL_GRAPH, &edited);
    Ok(Halves { trunk, rest })
}

/// The convolution of `node`; `behind` are the nodes after it.
fn convolution(node: &Node<'_>, behind: &[Node<'_>], tensors: &HashMap<&str, Tensor<'_>>) -> Option<Convolution> {
    let weights = tensors.get(node.inputs.get(1)?)?;
    let shape: [usize; 4] = weights.shape.clone().try_into().ok()?;
    let sum = behind.iter().find(|next| next.operator == "Add" && next.inputs.contains(&node.output))?;
    let bias = sum.inputs.iter().find_map(|input| tensors.get(input))?.values();
    let weights = weights.values();
    let count = shape.iter().try_fold(1usize, |count, length| count.checked_mul(*length))?;
    (weights.len() == count && bias.len() == shape[0]).then_some(Convolution { shape, weights, bias })
}

/// A `TensorProto`: its name, its shape and its bytes, none where they are kept in another way.
fn tensor(message: &[u8]) -> Result<(&str, Tensor<'_>), String> {
    let (mut name, mut tensor) = ("", Tensor { shape: vec![], raw: &[] });
    fields(message, |field| {
        match (field.number, field.value) {
            (number::TENSOR_NAME, text) => name = text.text()?,
            (number::TENSOR_RAW, raw) => tensor.raw = raw.bytes(),
            (number::TENSOR_DIMENSIONS, Value::Integer(length)) => tensor.shape.push(length as usize),
            (number::TENSOR_DIMENSIONS, packed) => {
                let (bytes, mut at) = (packed.bytes(), 0);
                while at < bytes.len() {
                    tensor.shape.push(varint(bytes, &mut at)? as usize);
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok((name, tensor))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = (halve(&bytes), tensor(&bytes));
        }
    }
}
