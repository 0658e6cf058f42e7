//! A Piper voice's ONNX file taken apart, so that it loads quickly and its sound can be had in pieces.
//!
//! Owns three changes to the graph, made in memory at each load; the file stays as it is, and no number in it changes:
//!
//! * The shapes that the file declares are left out. From them ONNX Runtime derives hundreds of shapes that have names
//!   in place of numbers, and then compares each tensor with all others to find memory that two could share, which finds
//!   nothing and takes a second.
//! * The graph is cut where the vocoder begins (HiFi-GAN, which takes most of the time): what comes before it needs the
//!   whole sentence, the vocoder just a few frames around those that it turns into sound.
//! * The nodes that draw random numbers (a voice never says a thing twice the same way) are given a seed, where ONNX Runtime
//!   takes the time: the variation stays, and what is said in the same order after a start sounds the same each time.
//!
//! Reads the few fields of ONNX's `ModelProto` that matter here, the rest is copied as it stands. Never trusts the file: what is cut off, or no graph at all, is an error in words.

use jarvis_onnx::wire::{Field, Value, fields, push_bytes, push_integer, push_varint, varint};
use std::collections::{HashMap, HashSet};

/// A voice in one or two parts, each a model that ONNX Runtime can open.
#[derive(Debug)]
pub struct Parts {
    /// From phonemes to frames; to sound where there is no `vocoder`.
    pub encoder: Vec<u8>,
    /// From frames to sound, where the graph is one that can be cut.
    pub vocoder: Option<Vocoder>,
}

/// The second half of a cut voice.
#[derive(Debug)]
pub struct Vocoder {
    /// Its model. Its inputs are the encoder's outputs, in order; the frames are the first.
    pub model: Vec<u8>,
    /// How many frames on either side a frame's sound depends on.
    pub context: usize,
    /// Samples that a frame becomes.
    pub hop: usize,
}

/// Takes the file `model` apart.
///
/// # Errors
/// It is no ONNX model; a clause that says why.
pub fn take_apart(model: &[u8]) -> Result<Parts, String> {
    let graph = Graph::read(model)?;
    Ok(match graph.cut() {
        Some(cut) => cut,
        None => Parts {
            encoder: graph.write(&graph.nodes.iter().collect::<Vec<_>>(), &graph.inputs, &graph.outputs),
            vocoder: None,
        },
    })
}

// -- The graph ------------------------------------------------------------------------------------------------------

/// Numbers of ONNX's fields, by message.
mod number {
    pub const MODEL_GRAPH: u64 = 7;
    pub const GRAPH_NODE: u64 = 1;
    pub const GRAPH_NAME: u64 = 2;
    pub const GRAPH_INITIALIZER: u64 = 5;
    pub const GRAPH_INPUT: u64 = 11;
    pub const GRAPH_OUTPUT: u64 = 12;
    pub const NODE_INPUT: u64 = 1;
    pub const NODE_OUTPUT: u64 = 2;
    pub const NODE_OPERATOR: u64 = 4;
    pub const NODE_ATTRIBUTE: u64 = 5;
    pub const ATTRIBUTE_NAME: u64 = 1;
    pub const ATTRIBUTE_FLOAT: u64 = 2;
    pub const ATTRIBUTE_GRAPH: u64 = 6;
    pub const ATTRIBUTE_INTEGERS: u64 = 8;
    pub const ATTRIBUTE_GRAPHS: u64 = 11;
    pub const ATTRIBUTE_TYPE: u64 = 20;
    pub const TENSOR_NAME: u64 = 8;
    pub const VALUE_NAME: u64 = 1;
    pub const VALUE_TYPE: u64 = 2;
    pub const TYPE_TENSOR: u64 = 1;
    pub const TENSOR_ELEMENT: u64 = 1;
}

/// ONNX's number of the type `float`, for tensors and for attributes.
const FLOAT: u64 = 1;

/// Operators that draw random numbers.
const RANDOM: &[&str] = &["RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"];

/// A tensor that goes into a graph or comes out.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Port<'a> {
    name: &'a str,
    element: u64,
}

#[derive(Debug)]
struct Node<'a> {
    /// All of its fields.
    body: &'a [u8],
    operator: &'a str,
    inputs: Vec<&'a str>,
    outputs: Vec<&'a str>,
    kernel: u64,
    dilation: u64,
    stride: u64,
    is_seeded: bool,
}

#[derive(Debug)]
struct Graph<'a> {
    /// The model's other fields: versions, operator sets, where it comes from.
    rest: Vec<&'a [u8]>,
    nodes: Vec<Node<'a>>,
    /// Name and field of each weight.
    weights: Vec<(&'a str, &'a [u8])>,
    inputs: Vec<Port<'a>>,
    outputs: Vec<Port<'a>>,
}

impl<'a> Graph<'a> {
    fn read(model: &'a [u8]) -> Result<Self, String> {
        let mut graph = None;
        let mut rest = Vec::new();
        fields(model, |field| {
            match (field.number, field.value) {
                (number::MODEL_GRAPH, Value::Bytes(bytes)) => graph = Some(bytes),
                _ => rest.push(field.raw),
            }
            Ok(())
        })?;
        let mut read = Self { rest, nodes: vec![], weights: vec![], inputs: vec![], outputs: vec![] };
        fields(graph.ok_or("it is no ONNX model")?, |field| {
            match field.number {
                number::GRAPH_NODE => read.nodes.push(Node::read(field)?),
                number::GRAPH_INITIALIZER => {
                    let mut name = "";
                    fields(field.value.bytes(), |field| {
                        if field.number == number::TENSOR_NAME {
                            name = field.value.text()?;
                        }
                        Ok(())
                    })?;
                    read.weights.push((name, field.raw));
                }
                number::GRAPH_INPUT => read.inputs.push(Port::read(field)?),
                number::GRAPH_OUTPUT => read.outputs.push(Port::read(field)?),
                _ => {}
            }
            Ok(())
        })?;
        if read.nodes.is_empty() || read.outputs.is_empty() {
            return Err("it is no ONNX model".to_owned());
        }
        Ok(read)
    }

    /// A model of some of the nodes, with the weights that they use and without shapes.
    fn write(&self, nodes: &[&Node<'_>], inputs: &[Port<'_>], outputs: &[Port<'_>]) -> Vec<u8> {
        let used: HashSet<&str> = nodes.iter().flat_map(|node| node.inputs.iter().copied()).collect();
        let weights: Vec<&[u8]> =
            self.weights.iter().filter(|(name, _)| used.contains(name)).map(|(_, raw)| *raw).collect();
        let ports: usize = inputs.iter().chain(outputs).map(|port| port.name.len() + 32).sum();
        let parts = nodes.iter().map(|node| node.body.len() + 8).chain(weights.iter().map(|raw| raw.len()));
        let mut graph = Vec::with_capacity(parts.sum::<usize>() + ports + 64);
        for (index, node) in nodes.iter().enumerate() {
            match node.seed(index) {
                Some(seed) => push_bytes(&mut graph, number::GRAPH_NODE, &[node.body, &seed].concat()),
                None => push_bytes(&mut graph, number::GRAPH_NODE, node.body),
            }
        }
        push_bytes(&mut graph, number::GRAPH_NAME, b"voice");
        weights.iter().for_each(|raw| graph.extend_from_slice(raw));
        inputs.iter().for_each(|port| push_bytes(&mut graph, number::GRAPH_INPUT, &port.written()));
        outputs.iter().for_each(|port| push_bytes(&mut graph, number::GRAPH_OUTPUT, &port.written()));

        let mut model = Vec::with_capacity(graph.len() + self.rest.iter().map(|raw| raw.len()).sum::<usize>() + 16);
        self.rest.iter().for_each(|raw| model.extend_from_slice(raw));
        push_bytes(&mut model, number::MODEL_GRAPH, &graph);
        model
    }

    /// The graph in two, if it is one that can be cut.
    fn cut(&self) -> Option<Parts> {
        let [sound] = self.outputs.as_slice() else { return None };
        let makers: HashMap<&str, usize> =
            self.nodes.iter().enumerate().flat_map(|(i, node)| node.outputs.iter().map(move |o| (*o, i))).collect();
        let frames = self.vocoder_input(&makers)?;
        let weights: HashSet<&str> = self.weights.iter().map(|(name, _)| *name).collect();

        // All that follows from the frames. Nodes stand in the order in which they can be computed.
        let mut after: HashSet<&str> = HashSet::from([frames]);
        let mut follows = HashSet::new();
        for (i, node) in self.nodes.iter().enumerate() {
            if node.inputs.iter().any(|input| after.contains(input)) {
                follows.insert(i);
                after.extend(&node.outputs);
            }
        }
        // What else it takes: constants, which move over to it, and what the encoder knows of the speaker.
        let mut between = vec![frames];
        let mut constants = HashSet::new();
        for input in follows.iter().flat_map(|i| &self.nodes[*i].inputs).filter(|name| !name.is_empty()) {
            if after.contains(input) || weights.contains(input) || between.contains(input) {
                continue;
            }
            match makers.get(input) {
                Some(i) if self.nodes[*i].inputs.is_empty() => drop(constants.insert(*i)),
                Some(_) => between.push(input),
                // Straight from outside.
                None => return None,
            }
        }
        between[1..].sort_unstable();
        let vocoder: HashSet<usize> = follows.union(&constants).copied().collect();

        // All that the encoder's outputs follow from.
        let mut encoder = HashSet::new();
        let mut open: Vec<&str> = between.clone();
        while let Some(name) = open.pop() {
            if let Some(i) = makers.get(name).filter(|i| encoder.insert(**i)) {
                open.extend(&self.nodes[*i].inputs);
            }
        }
        if encoder.iter().any(|i| follows.contains(i)) {
            return None;
        }
        let of = |wanted: &HashSet<usize>| -> Vec<&Node<'_>> {
            self.nodes.iter().enumerate().filter(|(i, _)| wanted.contains(i)).map(|(_, node)| node).collect()
        };
        let vocoder = of(&vocoder);
        let (context, hop) = reach(&vocoder, frames, sound.name)?;
        let ports: Vec<Port<'_>> = between.iter().map(|name| Port { name, element: FLOAT }).collect();
        Some(Parts {
            encoder: self.write(&of(&encoder), &self.inputs, &ports),
            vocoder: Some(Vocoder { model: self.write(&vocoder, &ports, &self.outputs), context, hop }),
        })
    }

    /// What the vocoder's first convolution takes: the one that leads to the first that makes the sound longer.
    fn vocoder_input(&self, makers: &HashMap<&str, usize>) -> Option<&'a str> {
        let longer = self.nodes.iter().find(|node| node.operator == "ConvTranspose")?;
        let mut open = vec![*longer.inputs.first()?];
        // An activation and the addition of the speaker are all that stands between the two.
        for _ in 0..16 {
            let node = &self.nodes[*makers.get(open.pop()?)?];
            match node.operator {
                "Conv" if node.kernel > 1 => return node.inputs.first().copied(),
                "Conv" => {}
                _ => open.extend(node.inputs.iter().filter(|input| makers.contains_key(*input))),
            }
        }
        None
    }
}

/// How many frames on either side of a frame its sound depends on, and how many samples it becomes.
fn reach(vocoder: &[&Node<'_>], frames: &str, sound: &str) -> Option<(usize, usize)> {
    // Of each tensor: how far it reaches, in frames, and how many values it has for a frame.
    let mut known: HashMap<&str, (f64, u64)> = HashMap::from([(frames, (0.0, 1))]);
    for node in vocoder {
        let inputs = node.inputs.iter().filter_map(|input| known.get(input));
        let Some(&(reach, rate)) = inputs.max_by(|one, other| one.0.total_cmp(&other.0)) else { continue };
        let after = match node.operator {
            "Conv" => (reach + (node.dilation * (node.kernel - 1)) as f64 / 2.0 / rate as f64, rate),
            "ConvTranspose" => {
                let inputs = (node.kernel + node.stride) as f64 / 2.0 / node.stride as f64;
                (reach + inputs / rate as f64, rate.checked_mul(node.stride).filter(|rate| *rate <= 1 << 16)?)
            }
            _ => (reach, rate),
        };
        known.extend(node.outputs.iter().map(|output| (*output, after)));
    }
    let (reach, hop) = *known.get(sound)?;
    // Voices reach about twelve; one that reaches far is no vocoder of this kind.
    (reach < 64.0 && hop > 1).then_some((reach.ceil() as usize, hop as usize))
}

impl<'a> Node<'a> {
    fn read(field: Field<'a>) -> Result<Self, String> {
        let mut node = Self {
            body: field.value.bytes(),
            operator: "",
            inputs: vec![],
            outputs: vec![],
            kernel: 1,
            dilation: 1,
            stride: 1,
            is_seeded: false,
        };
        fields(field.value.bytes(), |field| {
            match field.number {
                number::NODE_INPUT => node.inputs.push(field.value.text()?),
                number::NODE_OUTPUT => node.outputs.push(field.value.text()?),
                number::NODE_OPERATOR => node.operator = field.value.text()?,
                number::NODE_ATTRIBUTE => node.attribute(field.value.bytes(), 0)?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(node)
    }

    /// For the node at `index`, if it draws random numbers: the attribute that makes them the same after each start.
    fn seed(&self, index: usize) -> Option<Vec<u8>> {
        (RANDOM.contains(&self.operator) && !self.is_seeded).then(|| {
            let (mut attribute, mut field) = (vec![], vec![]);
            push_bytes(&mut attribute, number::ATTRIBUTE_NAME, b"seed");
            push_varint(&mut attribute, number::ATTRIBUTE_FLOAT << 3 | 5);
            attribute.extend_from_slice(&(index as f32).to_le_bytes());
            push_integer(&mut attribute, number::ATTRIBUTE_TYPE, FLOAT);
            push_bytes(&mut field, number::NODE_ATTRIBUTE, &attribute);
            field
        })
    }

    fn attribute(&mut self, attribute: &'a [u8], depth: usize) -> Result<(), String> {
        let (mut name, mut first) = ("", None);
        fields(attribute, |field| {
            match field.number {
                number::ATTRIBUTE_NAME => name = field.value.text()?,
                number::ATTRIBUTE_INTEGERS if first.is_none() => {
                    first = match field.value {
                        Value::Integer(integer) => Some(integer),
                        packed => Some(varint(packed.bytes(), &mut 0)?),
                    };
                }
                // A branch or a loop sees everything around it: what it names counts as an input.
                number::ATTRIBUTE_GRAPH | number::ATTRIBUTE_GRAPHS if depth < 8 => {
                    self.nested(field.value.bytes(), depth + 1)?;
                }
                _ => {}
            }
            Ok(())
        })?;
        // Sound has one dimension, so the first number is the only one. A wild one is refused by `reach`.
        let first = first.map_or(1, |first| first.clamp(1, 1 << 16));
        match name {
            "kernel_shape" => self.kernel = first,
            "dilations" => self.dilation = first,
            "strides" => self.stride = first,
            "seed" => self.is_seeded = true,
            _ => {}
        }
        Ok(())
    }

    fn nested(&mut self, graph: &'a [u8], depth: usize) -> Result<(), String> {
        fields(graph, |field| {
            if field.number == number::GRAPH_NODE {
                fields(field.value.bytes(), |field| {
                    match field.number {
                        number::NODE_INPUT => self.inputs.push(field.value.text()?),
                        number::NODE_ATTRIBUTE => self.attribute(field.value.bytes(), depth)?,
                        _ => {}
                    }
                    Ok(())
                })?;
            } else if field.number == number::GRAPH_OUTPUT {
                self.inputs.push(Port::read(field)?.name);
            }
            Ok(())
        })
    }
}

impl<'a> Port<'a> {
    fn read(field: Field<'a>) -> Result<Self, String> {
        let mut port = Self { name: "", element: 0 };
        fields(field.value.bytes(), |field| {
            match field.number {
                number::VALUE_NAME => port.name = field.value.text()?,
                number::VALUE_TYPE => fields(field.value.bytes(), |field| match field.number {
                    number::TYPE_TENSOR => fields(field.value.bytes(), |field| {
                        if let (number::TENSOR_ELEMENT, Value::Integer(element)) = (field.number, field.value) {
                            port.element = element;
                        }
                        Ok(())
                    }),
                    _ => Ok(()),
                })?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(port)
    }

    /// A `ValueInfoProto` without a shape.
    fn written(&self) -> Vec<u8> {
        let (mut tensor, mut kind, mut value) = (vec![], vec![], vec![]);
        push_integer(&mut tensor, number::TENSOR_ELEMENT, self.element);
        push_bytes(&mut kind, number::TYPE_TENSOR, &tensor);
        push_bytes(&mut value, number::VALUE_NAME, self.name.as_bytes());
        push_bytes(&mut value, number::VALUE_TYPE, &kind);
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use jarvis_onnx::wire::CUT_OFF;
    use proptest::prelude::*;

    fn voice() -> Vec<u8> {
        std::fs::read(testing::model("piper-en_US-joe-medium").join("voice.onnx")).unwrap()
    }

    #[test]
    fn a_voice_is_cut_before_its_vocoder() {
        let file = voice();
        let parts = take_apart(&file).unwrap();
        let vocoder = parts.vocoder.unwrap();
        assert_eq!(vocoder.hop, 256);
        // Ten are what its sound was found to depend on.
        assert!((10..=13).contains(&vocoder.context), "{}", vocoder.context);
        // Nothing is in both but a few numbers, and nothing is lost but shapes.
        let (whole, encoder, second) =
            (Graph::read(&file).unwrap(), Graph::read(&parts.encoder).unwrap(), Graph::read(&vocoder.model).unwrap());
        assert!(encoder.nodes.len() + second.nodes.len() >= whole.nodes.len());
        assert!(
            encoder.nodes.len() > 2000 && second.nodes.len() < 100,
            "{} {}",
            encoder.nodes.len(),
            second.nodes.len()
        );
        let names = |graph: &Graph<'_>| graph.weights.iter().map(|(name, _)| name.to_string()).collect::<HashSet<_>>();
        let (first, second_names) = (names(&encoder), names(&second));
        assert_eq!(first.union(&second_names).count(), whole.weights.len());
        assert!(first.intersection(&second_names).count() < 5);
        assert_eq!((&encoder.inputs, &second.outputs), (&whole.inputs, &whole.outputs));
        assert_eq!((&encoder.outputs, encoder.outputs.len()), (&second.inputs, 1));
    }

    #[test]
    fn what_draws_random_numbers_has_a_seed_of_its_own() {
        let file = voice();
        let draws = |model: &[u8]| {
            let graph = Graph::read(model).unwrap();
            let random = graph.nodes.iter().filter(|node| RANDOM.contains(&node.operator));
            random.map(|node| (node.is_seeded, node.body.to_vec())).collect::<Vec<_>>()
        };
        let before = draws(&file);
        assert!(before.len() == 2 && before.iter().all(|(is_seeded, _)| !is_seeded));
        let seeded = take_apart(&file).unwrap().encoder;
        let after = draws(&seeded);
        assert!(after.len() == 2 && after.iter().all(|(is_seeded, _)| *is_seeded));
        let added = |at: usize| after[at].1.strip_prefix(before[at].1.as_slice()).unwrap();
        assert_ne!(added(0), added(1));
        // A seed that is there is left as it is.
        assert_eq!(draws(&take_apart(&seeded).unwrap().encoder), after);
    }

    #[test]
    fn what_is_no_model_is_refused() {
        for bytes in [&b""[..], b"no model at all", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", &[0x3a, 0x7f]]
        {
            assert!(take_apart(bytes).is_err(), "{bytes:?}");
        }
        assert_eq!(take_apart(&[0x3a, 0x7f]).unwrap_err(), CUT_OFF);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = take_apart(&bytes);
            // The same inside of a graph with a node, where more is looked at.
            let mut node = vec![];
            push_bytes(&mut node, number::GRAPH_NODE, &bytes);
            let mut model = vec![];
            push_bytes(&mut model, number::MODEL_GRAPH, &node);
            let _ = take_apart(&model);
        }
    }
}
