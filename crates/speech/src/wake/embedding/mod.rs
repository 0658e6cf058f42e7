//! Google's speech embedding, one step at a time: 8 mel frames in, 96 numbers out.
//!
//! The model looks at 76 mel frames (775 ms) for each embedding, and the next embedding's window shares 68 of them. Its
//! convolutions have no padding in time and its pools are aligned with the step, so what they made of those 68 frames is
//! kept, and a step computes what the 8 new ones add: a tenth of the arithmetic, with the same result. Weights come from
//! the model's own ONNX file. Never hears sound: frames are made elsewhere.
//!
//! Numbers lie as `[time][band][channel]`, with an empty column at both ends of the bands, so that the inputs of a place
//! are three stretches that lie evenly apart.

mod file;
mod kernel;

use file::{Graph, Node, Reason, Weights};
use jarvis_onnx::OnnxError;
use kernel::{LANES, Reach, TILE};
use std::path::Path;

/// Bands of a mel frame.
pub(super) const BANDS: usize = 32;
/// Frames that a step adds.
pub(super) const FRAMES: usize = 8;
/// Frames under one embedding.
const WINDOW: usize = 76;
/// Numbers in an embedding.
pub(super) const EMBEDDING: usize = 96;
/// Rows that a convolution over three moments remembers.
const MEMORY: usize = 2;

/// The network with its memory of one stream.
pub(super) struct Embedder {
    layers: Vec<Layer>,
    /// The input of each layer, and of what comes after the last: `MEMORY` rows from before where it looks back, then the
    /// step's own.
    rows: Vec<Vec<f32>>,
    /// The same, as it is after nothing but frames of ones.
    fresh: Vec<Vec<f32>>,
}

/// A convolution over three moments or three bands (the first one over both), what follows it, and a pool.
struct Layer {
    /// Whether it looks back in time.
    in_time: bool,
    /// Whether it looks at the neighbouring bands.
    in_bands: bool,
    channels_in: usize,
    channels: usize,
    /// Bands before the pool.
    bands: usize,
    /// New moments in a step, before the pool.
    moments: usize,
    /// For every 24 outputs, an entry for each input.
    weights: Vec<[f32; LANES]>,
    bias: Vec<f32>,
    after: After,
    /// How many moments and bands become one; 1 is no pool.
    pool: (usize, usize),
    /// Before the pool; empty where there is none.
    whole: Vec<f32>,
}

/// What is done to each number of a convolution.
#[derive(Debug, Clone, Default)]
struct After {
    /// Negative numbers become zero, and then each channel is scaled and moved.
    normal: Option<(Vec<f32>, Vec<f32>)>,
    /// Negative numbers are multiplied with the first, and are not less than the second.
    leak: Option<(f32, f32)>,
}

impl Embedder {
    /// Reads `embedding.onnx`.
    ///
    /// # Errors
    /// The file is missing or is another model.
    pub(super) fn load(path: &Path) -> Result<Self, OnnxError> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(OnnxError::ModelMissing(path.to_owned()));
            }
            Err(error) => return Err(OnnxError::model(path, error.to_string())),
        };
        Self::parse(&bytes).map_err(|reason| OnnxError::model(path, reason))
    }

    fn parse(bytes: &[u8]) -> Result<Self, Reason> {
        let layers = layers(&Graph::parse(bytes)?)?;
        let mut rows: Vec<Vec<f32>> = layers
            .iter()
            .map(|layer| {
                let memory = if layer.in_time { MEMORY } else { 0 };
                vec![0.0; (memory + layer.moments) * layer.row()]
            })
            .collect();
        let last = layers.last().ok_or("it has no convolution")?;
        rows.push(vec![0.0; last.out_moments() * (last.out_bands() + 2) * last.channels]);
        let mut network = Self { fresh: rows.clone(), rows, layers };
        // As many as the model looks back, and all that its memory rests on.
        for _ in 0..WINDOW.div_ceil(FRAMES) {
            network.step(|_, frame| frame.fill(1.0));
        }
        network.fresh.clone_from(&network.rows);
        Ok(network)
    }

    /// As after nothing but frames of ones.
    pub(super) fn reset(&mut self) {
        for (rows, fresh) in self.rows.iter_mut().zip(&self.fresh) {
            rows.copy_from_slice(fresh);
        }
    }

    /// Takes 8 frames, which `frame` writes one by one, and gives the embedding of the last 76.
    pub(super) fn step(&mut self, mut frame: impl FnMut(usize, &mut [f32])) -> &[f32] {
        let first = &mut self.rows[0];
        for (i, row) in first[MEMORY * (BANDS + 2)..].chunks_exact_mut(BANDS + 2).enumerate() {
            frame(i, &mut row[1..=BANDS]);
        }
        for (i, layer) in self.layers.iter_mut().enumerate() {
            let (before, after) = self.rows.split_at_mut(i + 1);
            let (input, output) = (&mut before[i], &mut after[0]);
            let size = layer.out_moments() * (layer.out_bands() + 2) * layer.channels;
            let at = output.len() - size;
            layer.run(input, &mut output[at..]);
            if layer.in_time {
                input.copy_within(layer.moments * layer.row().., 0);
            }
        }
        let out = &self.rows[self.layers.len()];
        &out[EMBEDDING..2 * EMBEDDING]
    }
}

impl Layer {
    /// Numbers in a moment of its input.
    fn row(&self) -> usize {
        (self.bands + 2) * self.channels_in
    }

    fn out_moments(&self) -> usize {
        self.moments / self.pool.0
    }

    fn out_bands(&self) -> usize {
        self.bands / self.pool.1
    }

    /// From its input to the new moments of the next one's.
    fn run(&mut self, input: &[f32], output: &mut [f32]) {
        let mut whole = std::mem::take(&mut self.whole);
        if self.pool == (1, 1) {
            self.convolve(input, output);
        } else {
            self.convolve(input, &mut whole);
            self.pool(&whole, output);
        }
        self.whole = whole;
    }

    fn convolve(&self, input: &[f32], output: &mut [f32]) {
        let places = self.moments * self.bands;
        let reach = match (self.in_time, self.in_bands) {
            // One channel: the three bands of a moment lie together.
            (true, true) => Reach { length: 3 * self.channels_in, stride: self.row() },
            (true, false) => Reach { length: self.channels_in, stride: self.row() },
            _ => Reach { length: self.channels_in, stride: self.channels_in },
        };
        let from = |place: usize| {
            let band = place % self.bands + usize::from(!self.in_bands);
            place / self.bands * self.row() + band * self.channels_in
        };
        for (block, weights) in self.weights.chunks_exact(3 * reach.length).enumerate() {
            let mut place = 0;
            while place + TILE <= places {
                self.tile::<TILE>(
                    input,
                    std::array::from_fn(|i| from(place + i)),
                    reach,
                    weights,
                    (block, place),
                    output,
                );
                place += TILE;
            }
            for place in place..places {
                self.tile::<1>(input, [from(place)], reach, weights, (block, place), output);
            }
        }
    }

    fn tile<const T: usize>(
        &self,
        input: &[f32],
        at: [usize; T],
        reach: Reach,
        weights: &[[f32; LANES]],
        (block, place): (usize, usize),
        output: &mut [f32],
    ) {
        let channels = block * LANES..(block + 1) * LANES;
        let mut bias = [0.0; LANES];
        bias.copy_from_slice(&self.bias[channels.clone()]);
        let mut sums = [bias; T];
        kernel::add(input, at, reach, weights, &mut sums);
        for (i, sums) in sums.iter_mut().enumerate() {
            self.after.apply(sums, channels.clone());
            let place = place + i;
            let column = place / self.bands * (self.bands + 2) + place % self.bands + 1;
            output[column * self.channels + channels.start..][..LANES].copy_from_slice(sums);
        }
    }

    /// The largest of each group of moments and bands.
    fn pool(&self, whole: &[f32], output: &mut [f32]) {
        let (row, out_row) = ((self.bands + 2) * self.channels, (self.out_bands() + 2) * self.channels);
        for moment in 0..self.out_moments() {
            for band in 0..self.out_bands() {
                let out = &mut output[moment * out_row + (band + 1) * self.channels..][..self.channels];
                out.fill(f32::NEG_INFINITY);
                for time in 0..self.pool.0 {
                    for neighbour in 0..self.pool.1 {
                        let column = band * self.pool.1 + neighbour + 1;
                        let at = (moment * self.pool.0 + time) * row + column * self.channels;
                        for (out, value) in out.iter_mut().zip(&whole[at..][..self.channels]) {
                            *out = out.max(*value);
                        }
                    }
                }
            }
        }
    }
}

impl After {
    fn apply(&self, values: &mut [f32; LANES], channels: std::ops::Range<usize>) {
        if let Some((scale, offset)) = &self.normal {
            for ((value, scale), offset) in values.iter_mut().zip(&scale[channels.clone()]).zip(&offset[channels]) {
                *value = value.max(0.0) * scale + offset;
            }
        }
        if let Some((leak, floor)) = self.leak {
            for value in values {
                *value = value.max(*value * leak).max(floor);
            }
        }
    }
}

/// The layers of the network, checked to fit each other and to turn 8 frames of 32 bands into one embedding.
fn layers(graph: &Graph) -> Result<Vec<Layer>, Reason> {
    let mut layers: Vec<Layer> = Vec::new();
    let (mut bands, mut channels, mut moments) = (BANDS, 1, FRAMES);
    for node in &graph.nodes {
        let weights = |at: usize| node.inputs.get(at).and_then(|name| graph.weights.get(name));
        match node.operator.as_str() {
            // How it is padded is said by the convolution that follows.
            "Pad" | "Reshape" => {}
            "Conv" => {
                let layer = Layer::new(node, weights(1), weights(2), (channels, bands, moments))?;
                (channels, moments) = (layer.channels, layer.moments);
                layers.push(layer);
            }
            operator => {
                let layer = layers.last_mut().ok_or_else(|| format!("it begins with {operator}"))?;
                match operator {
                    "Relu" => {}
                    "BatchNormalization" => layer.after.normal = Some(normal(node, weights, layer.channels)?),
                    "LeakyRelu" => {
                        let leak = node.numbers.get("alpha").copied().unwrap_or(0.01);
                        layer.after.leak = Some((leak, f32::NEG_INFINITY));
                    }
                    "Max" => {
                        let floor = weights(1).and_then(|floor| floor.values.first());
                        let (Some(floor), Some((_, of))) = (floor, &mut layer.after.leak) else {
                            return Err("it has a maximum of something unknown".into());
                        };
                        *of = *floor;
                    }
                    "MaxPool" => {
                        let pool = match node.integers.get("kernel_shape").map(Vec::as_slice) {
                            Some([1, 2]) => (1, 2),
                            Some([2, 2]) => (2, 2),
                            other => return Err(format!("it has a pool of {other:?}")),
                        };
                        if layer.moments % pool.0 != 0 || layer.bands % pool.1 != 0 {
                            return Err("its pools do not fit its steps".into());
                        }
                        layer.pool = pool;
                        layer.whole = vec![0.0; layer.moments * (layer.bands + 2) * layer.channels];
                        (moments, bands) = (layer.out_moments(), layer.out_bands());
                    }
                    other => return Err(format!("it has the operator {other}, which the speech embedding has not")),
                }
            }
        }
    }
    let first = layers.first().is_some_and(|layer| layer.in_time && layer.in_bands);
    if !first || (moments, bands, channels) != (1, 1, EMBEDDING) {
        return Err(format!("it makes {moments} x {bands} x {channels} numbers of a step, not 1 x 1 x {EMBEDDING}"));
    }
    Ok(layers)
}

impl Layer {
    fn new(
        node: &Node,
        weights: Option<&Weights>,
        bias: Option<&Weights>,
        (channels_in, bands, moments): (usize, usize, usize),
    ) -> Result<Self, Reason> {
        let weights = weights.ok_or("it has a convolution without weights")?;
        let every = |name: &str| node.integers.get(name).is_none_or(|values| values.iter().all(|value| *value == 1));
        if !every("strides") || !every("dilations") || !every("group") {
            return Err("it has a convolution that leaves places out".into());
        }
        let [channels, inputs, in_time, in_bands] = weights.shape[..] else {
            return Err("it has a convolution of another kind".into());
        };
        let fits = matches!((in_time, in_bands, channels_in), (3, 3, 1) | (3, 1, _) | (1, 3, _));
        if !fits || inputs != channels_in || channels == 0 || channels % LANES != 0 {
            return Err(format!("it has a convolution of {:?} after {channels_in} channels", weights.shape));
        }
        let bias = match bias {
            Some(bias) if bias.values.len() == channels => bias.values.clone(),
            Some(_) => return Err("it has a bias of another size".into()),
            None => vec![0.0; channels],
        };
        // From [output][input][time][band] to blocks of 24 outputs, [time or band][input].
        let taps = in_time * in_bands;
        let mut packed = Vec::with_capacity(channels / LANES * taps * inputs);
        for block in 0..channels / LANES {
            for tap in 0..taps {
                for input in 0..inputs {
                    packed.push(std::array::from_fn(|lane| {
                        weights.values[((block * LANES + lane) * inputs + input) * taps + tap]
                    }));
                }
            }
        }
        Ok(Self {
            in_time: in_time == 3,
            in_bands: in_bands == 3,
            channels_in,
            channels,
            bands,
            moments,
            weights: packed,
            bias,
            after: After::default(),
            pool: (1, 1),
            whole: Vec::new(),
        })
    }
}

/// Scale and offset of each channel: (x - mean) / sqrt(variance + epsilon) * gain + shift.
fn normal<'a>(
    node: &Node,
    weights: impl Fn(usize) -> Option<&'a Weights>,
    channels: usize,
) -> Result<(Vec<f32>, Vec<f32>), Reason> {
    let of = |at: usize| {
        let found = weights(at).filter(|weights| weights.values.len() == channels);
        found.map(|weights| &weights.values[..]).ok_or("it has a normalization of another size")
    };
    let (gain, shift, mean, variance) = (of(1)?, of(2)?, of(3)?, of(4)?);
    let epsilon = node.numbers.get("epsilon").copied().unwrap_or(1e-5);
    let scale: Vec<f32> =
        gain.iter().zip(variance).map(|(gain, variance)| gain / (variance + epsilon).sqrt()).collect();
    let offset = scale.iter().zip(shift).zip(mean).map(|((scale, shift), mean)| shift - mean * scale).collect();
    Ok((scale, offset))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
