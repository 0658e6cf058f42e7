//! The trunk of the recognizer, PP-LCNetV4, in 8 bits: convolutions take nine tenths of the time of reading.
//!
//! Owns the weights and how a line goes through them: a stem that makes a quarter of its rows and columns, then blocks of a
//! convolution with a kernel for each channel and two products, all of it as rows of channels, place by place. Weights are
//! rounded to 8 bits by output, what flows by place, each time by its largest: no range had to be measured before. What
//! comes behind the trunk, an eighth of the columns, runs in ONNX Runtime as ever. Never knows what a line says.
//!
//! Only worth it where the processor multiplies bytes ([`Trunk::cut`] says so); elsewhere all of the network runs in ONNX
//! Runtime.

mod file;
mod kernels;

use super::network::HEIGHT;
use file::Convolution;
use kernels::{Level, Matrix, Then, gelu, product, quantize, tap};

/// Places that go through the products of a block together: what lies between them stays in the nearest memory.
const PLACES: usize = 32;

/// Channels behind the first convolution.
const FIRST: usize = 48;

/// The trunk's weights, shared by all threads.
#[derive(Debug)]
pub(super) struct Trunk {
    level: Level,
    /// Nine taps of a convolution of one plane, a weight for each channel, and what is added.
    first: (Vec<f32>, Vec<f32>),
    /// Kernels of two by two.
    side: [Matrix; 2],
    /// A kernel of three by three, and the product behind it.
    stem: [Matrix; 2],
    blocks: Vec<Block>,
}

/// A convolution by channel, weighed by what stands anywhere in the line, and two products.
#[derive(Debug)]
struct Block {
    channels: usize,
    /// Nine taps, a weight for each channel.
    taps: Vec<f32>,
    bias: Vec<f32>,
    weighed: Option<[Convolution; 2]>,
    wide: Matrix,
    narrow: Matrix,
    /// Whether it halves the rows and makes other channels; otherwise what goes into the products is added to what comes.
    halves: bool,
}

/// What a line is while it passes. Used again for the next.
#[derive(Debug, Default)]
pub(super) struct Flow {
    here: Plane,
    there: Plane,
    /// What the stem keeps for later.
    side: Plane,
    patches: Vec<f32>,
    hidden: Vec<f32>,
    quants: Vec<u8>,
    scales: Vec<f32>,
}

/// Channels at each place, row by row.
#[derive(Debug, Default)]
struct Plane {
    rows: usize,
    columns: usize,
    channels: usize,
    values: Vec<f32>,
}

impl Plane {
    fn resize(&mut self, rows: usize, columns: usize, channels: usize) {
        (self.rows, self.columns, self.channels) = (rows, columns, channels);
        self.values.resize(rows * columns * channels, 0.0);
    }

    /// Places `columns` of row `row`.
    fn row(&self, row: usize, columns: std::ops::Range<usize>) -> &[f32] {
        let from = row * self.columns;
        &self.values[(from + columns.start) * self.channels..(from + columns.end) * self.channels]
    }
}

impl Flow {
    /// Overwrites what is left of the last line.
    pub(super) fn wipe(&mut self) {
        let planes = [&mut self.here.values, &mut self.there.values, &mut self.side.values];
        for values in planes.into_iter().chain([&mut self.patches, &mut self.hidden]) {
            values.fill(0.0);
        }
        self.quants.fill(0);
    }
}

impl Trunk {
    /// Takes the trunk out of `model`, and gives it with an ONNX model of the rest, `[1, channels, 1, width / 8]` to what
    /// `model` gives. `None` where this machine has no quick way through it.
    ///
    /// # Errors
    /// It is another network; a clause that says why.
    pub(super) fn cut(model: &[u8]) -> Result<Option<(Self, Vec<u8>)>, String> {
        let level = Level::detect();
        if level == Level::Plain {
            return Ok(None);
        }
        let halves = file::halve(model)?;
        let trunk = Self::of(level, halves.trunk).ok_or("its convolutions are those of another network")?;
        Ok(Some((trunk, halves.rest)))
    }

    fn of(level: Level, convolutions: Vec<Convolution>) -> Option<Self> {
        let mut next = convolutions.into_iter().peekable();
        let first = next.next().filter(|first| first.shape == [FIRST, 3, 3, 3])?;
        // All three planes are the same one.
        let weight =
            |tap: usize, channel: usize| (0..3).map(|plane| first.weights[channel * 27 + plane * 9 + tap]).sum();
        let taps = (0..9).flat_map(|tap| (0..FIRST).map(move |channel| (tap, channel)));
        let taps = taps.map(|(tap, channel)| weight(tap, channel)).collect();
        let narrow = next.next().filter(|narrow| narrow.shape == [24, FIRST, 2, 2])?;
        let back = next.next().filter(|back| back.shape == [FIRST, 24, 2, 2])?;
        // The channels that fill a panel are there for the next.
        let side = [matrix(&narrow, FIRST), matrix(&back, kernels::PANEL)];
        let large = next.next().filter(|large| large.shape == [48, 2 * FIRST, 3, 3])?;
        let wide = next.next().filter(|wide| wide.shape == [96, 48, 1, 1])?;
        let stem = [matrix(&large, 2 * FIRST), matrix(&wide, 48)];
        let (mut blocks, mut channels) = (vec![], 96);
        while let Some(by_channel) = next.next() {
            let block = Block::of(channels, by_channel, &mut next)?;
            channels = block.narrow.outputs;
            blocks.push(block);
        }
        // Rows are halved until two are left.
        let halved = blocks.iter().filter(|block| block.halves).count();
        (HEIGHT >> (2 + halved) == 2).then_some(Self { level, first: (taps, first.bias), side, stem, blocks })
    }

    /// Channels of what comes out.
    pub(super) fn channels(&self) -> usize {
        self.blocks.last().map_or(96, |block| block.narrow.outputs)
    }

    /// Writes what becomes of `picture`, [`HEIGHT`] rows of as many columns, a multiple of 8: an eighth of the columns for
    /// each channel.
    pub(super) fn run(&self, picture: &[f32], flow: &mut Flow, out: &mut Vec<f32>) {
        self.begin(picture, flow);
        for block in &self.blocks {
            block.run(self.level, flow);
        }
        let Plane { columns, channels, .. } = flow.here;
        let steps = columns / 2;
        out.resize(channels * steps, 0.0);
        for step in 0..steps {
            let [above, below] = [0, 1].map(|row| flow.here.row(row, 2 * step..2 * step + 2));
            for channel in 0..channels {
                let sum = above[channel] + above[channels + channel] + below[channel] + below[channels + channel];
                out[channel * steps + step] = sum * 0.25;
            }
        }
    }

    /// The stem.
    fn begin(&self, picture: &[f32], flow: &mut Flow) {
        let Self { level, first: (taps, bias), .. } = self;
        let width = picture.len() / HEIGHT;
        let (rows, columns) = (HEIGHT / 2, width / 2);
        flow.here.resize(rows, columns, FIRST);
        for (place, out) in flow.here.values.chunks_exact_mut(FIRST).enumerate() {
            out.copy_from_slice(bias);
            let (y, x) = (2 * (place / columns), 2 * (place % columns));
            for (at, weights) in taps.chunks_exact(FIRST).enumerate() {
                // Beyond the edge, above and left, is nothing; neither other edge is reached, since both lengths are even.
                let (Some(y), Some(x)) = ((y + at / 3).checked_sub(1), (x + at % 3).checked_sub(1)) else { continue };
                let value = picture[y * width + x];
                for (out, weight) in out.iter_mut().zip(weights) {
                    *out += value * weight;
                }
            }
            out.iter_mut().for_each(|value| *value = value.max(0.0));
        }
        // Beside the largest of each four places, what two convolutions make of them.
        let [narrow, back] = &self.side;
        flow.convolve(*level, narrow, Kernel { length: 2, step: 1, before: 0 });
        std::mem::swap(&mut flow.here, &mut flow.side);
        std::mem::swap(&mut flow.here, &mut flow.there);
        flow.convolve(*level, back, Kernel { length: 2, step: 1, before: 0 });
        flow.here.resize(rows, columns, 2 * FIRST);
        let Flow { here, there, side, .. } = &mut *flow;
        for (place, out) in here.values.chunks_exact_mut(2 * FIRST).enumerate() {
            let (y, x) = (place / columns, place % columns);
            let (most, made) = out.split_at_mut(FIRST);
            most.fill(0.0);
            for y in y..(y + 2).min(rows) {
                for values in side.row(y, x..(x + 2).min(columns)).chunks_exact(FIRST) {
                    most.iter_mut().zip(values).for_each(|(most, value)| *most = most.max(*value));
                }
            }
            made.copy_from_slice(there.row(y, x..x + 1));
        }
        let [large, wide] = &self.stem;
        flow.convolve(*level, large, Kernel { length: 3, step: 2, before: 1 });
        std::mem::swap(&mut flow.here, &mut flow.there);
        flow.convolve(*level, wide, Kernel { length: 1, step: 1, before: 0 });
        std::mem::swap(&mut flow.here, &mut flow.there);
    }
}

/// How a convolution's kernel goes over a plane; it is as high as wide.
#[derive(Clone, Copy)]
struct Kernel {
    length: usize,
    /// From place to place.
    step: usize,
    /// How far it reaches out at the top and on the left.
    before: usize,
}

impl Flow {
    /// A convolution from here to there, and what is below 0 made 0.
    fn convolve(&mut self, level: Level, matrix: &Matrix, kernel: Kernel) {
        let Self { here, there, patches, quants, scales, .. } = self;
        let (rows, columns) = (here.rows / kernel.step, here.columns / kernel.step);
        there.resize(rows, columns, matrix.outputs);
        let stretch = kernel.length * here.channels;
        for y in 0..rows {
            patches.resize(columns * matrix.inputs, 0.0);
            for (x, patch) in patches.chunks_exact_mut(matrix.inputs).enumerate() {
                for (row, out) in patch.chunks_exact_mut(stretch).enumerate() {
                    let from = (kernel.step * y + row).checked_sub(kernel.before).filter(|from| *from < here.rows);
                    let left = kernel.step * x;
                    let missing = kernel.before.saturating_sub(left);
                    let columns =
                        left + missing - kernel.before..(left + kernel.length - kernel.before).min(here.columns);
                    match from {
                        Some(from) => {
                            let values = here.row(from, columns);
                            let (blank, rest) = out.split_at_mut(missing * here.channels);
                            let (taken, beyond) = rest.split_at_mut(values.len());
                            blank.fill(0.0);
                            taken.copy_from_slice(values);
                            beyond.fill(0.0);
                        }
                        None => out.fill(0.0),
                    }
                }
            }
            quants.resize(patches.len(), 0);
            scales.resize(columns, 0.0);
            quantize(level, patches, matrix.inputs, quants, scales);
            let out = &mut there.values[y * columns * matrix.outputs..][..columns * matrix.outputs];
            product(level, quants, scales, matrix, Then::Rectify, out);
        }
    }
}

impl Block {
    fn of(
        channels: usize,
        by_channel: Convolution,
        next: &mut std::iter::Peekable<impl Iterator<Item = Convolution>>,
    ) -> Option<Self> {
        if by_channel.shape != [channels, 1, 3, 3] {
            return None;
        }
        let taps = (0..9).flat_map(|tap| (0..channels).map(move |channel| channel * 9 + tap));
        let taps = taps.map(|at| by_channel.weights[at]).collect();
        let weighed = match next.next_if(|next| next.shape[0] < channels) {
            Some(few) if few.shape[0] > 0 && few.shape[1..] == [channels, 1, 1] => {
                let many = next.next().filter(|many| many.shape == [channels, few.shape[0], 1, 1])?;
                Some([few, many])
            }
            Some(_) => return None,
            None => None,
        };
        let wide = next.next().filter(|wide| wide.shape == [2 * channels, channels, 1, 1])?;
        let narrow = next.next().filter(|narrow| narrow.shape[1..] == [2 * channels, 1, 1])?;
        let outputs = narrow.shape[0];
        if outputs == 0 || !outputs.is_multiple_of(kernels::PANEL) {
            return None;
        }
        Some(Self {
            channels,
            taps,
            bias: by_channel.bias,
            weighed,
            wide: matrix(&wide, channels),
            narrow: matrix(&narrow, 2 * channels),
            halves: outputs != channels,
        })
    }

    /// From here to here.
    fn run(&self, level: Level, flow: &mut Flow) {
        self.convolve(level, &flow.here, &mut flow.there);
        if let Some([few, many]) = &self.weighed {
            weigh(&mut flow.there, few, many);
        }
        let Flow { here, there, hidden, quants, scales, .. } = flow;
        let then = if self.halves {
            here.resize(there.rows, there.columns, self.narrow.outputs);
            Then::Keep
        } else {
            std::mem::swap(here, there);
            Then::Add
        };
        let places = here.rows * here.columns;
        for from in (0..places).step_by(PLACES) {
            let count = PLACES.min(places - from);
            let entering = if self.halves { &there.values } else { &here.values };
            let entering = &entering[from * self.channels..][..count * self.channels];
            scales.resize(count, 0.0);
            quants.resize(entering.len(), 0);
            quantize(level, entering, self.channels, quants, scales);
            hidden.resize(count * self.wide.outputs, 0.0);
            product(level, quants, scales, &self.wide, Then::Keep, hidden);
            gelu(level, hidden);
            quants.resize(hidden.len(), 0);
            quantize(level, hidden, self.wide.outputs, quants, scales);
            let out = &mut here.values[from * self.narrow.outputs..][..count * self.narrow.outputs];
            product(level, quants, scales, &self.narrow, then, out);
        }
    }

    /// The convolution by channel.
    fn convolve(&self, level: Level, from: &Plane, to: &mut Plane) {
        let (step, width) = (1 + usize::from(self.halves), from.columns);
        to.resize(from.rows / step, width, self.channels);
        for (y, out) in to.values.chunks_exact_mut(width * self.channels).enumerate() {
            out.chunks_exact_mut(self.channels).for_each(|out| out.copy_from_slice(&self.bias));
            for (at, weights) in self.taps.chunks_exact(self.channels).enumerate() {
                let Some(row) = (step * y + at / 3).checked_sub(1).filter(|row| *row < from.rows) else { continue };
                // The taps on the left and on the right have nothing at one end of the row.
                let (taken, written) = match at % 3 {
                    0 => (0..width - 1, self.channels..width * self.channels),
                    1 => (0..width, 0..width * self.channels),
                    _ => (1..width, 0..(width - 1) * self.channels),
                };
                tap(level, from.row(row, taken), weights, &mut out[written]);
            }
        }
    }
}

/// Weighs each channel by what two small products make of the mean of all (squeeze and excitation).
fn weigh(plane: &mut Plane, few: &Convolution, many: &Convolution) {
    let mut means = vec![0.0; plane.channels];
    for values in plane.values.chunks_exact(plane.channels) {
        means.iter_mut().zip(values).for_each(|(mean, value)| *mean += value);
    }
    let share = 1.0 / (plane.rows * plane.columns).max(1) as f32;
    means.iter_mut().for_each(|mean| *mean *= share);
    let times = |of: &Convolution, values: &[f32]| -> Vec<f32> {
        let rows = of.weights.chunks_exact(values.len()).zip(&of.bias);
        rows.map(|(row, bias)| row.iter().zip(values).map(|(weight, value)| weight * value).sum::<f32>() + bias)
            .collect()
    };
    let mut inner = times(few, &means);
    inner.iter_mut().for_each(|value| *value = value.max(0.0));
    let mut weights = times(many, &inner);
    weights.iter_mut().for_each(|weight| *weight = (*weight / 6.0 + 0.5).clamp(0.0, 1.0));
    for values in plane.values.chunks_exact_mut(plane.channels) {
        values.iter_mut().zip(&weights).for_each(|(value, weight)| *value *= weight);
    }
}

/// A convolution as a product of patches, row by row of the kernel, with `inputs` channels at each of their places.
fn matrix(of: &Convolution, inputs: usize) -> Matrix {
    let [_, there, rows, columns] = of.shape;
    Matrix::new(inputs * rows * columns, &of.bias, |output, input| {
        let (place, channel) = (input / inputs, input % inputs);
        if channel < there { of.weights[(output * there + channel) * rows * columns + place] } else { 0.0 }
    })
}

#[cfg(test)]
mod tests;
