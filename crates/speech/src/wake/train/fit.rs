//! Learning the weights of a head, with candle, on the processor.
//!
//! AdamW on batches that are a quarter calls; negatives that the head takes for calls come up more often. The weights of
//! the last third are averaged, and what goes into the head is centred and scaled by what the first layer absorbs. Says the
//! same with the same seed.

use super::dice::Dice;
use super::examples::Clip;
use crate::wake::head::{Dense, EPSILON, INPUTS, Layer};
use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};

/// Units of both hidden layers.
pub(super) const UNITS: usize = 32;
/// Examples in a step, and how many of them are calls.
const BATCH: usize = 512;
const CALLS: usize = 128;
/// Of the negatives, those that are drawn from the hardest.
const HARD: usize = 192;
const RATE: f64 = 1.5e-3;
const DECAY: f64 = 0.02;
/// Numbers of noise that are made once and used from random places.
const NOISE: usize = 1 << 18;
/// Strength of the noise that is added to what goes in, in standard deviations.
const BLUR: f32 = 0.25;

/// A step of a clip, and whether a call has just ended there.
#[derive(Clone, Copy)]
struct Example {
    clip: u32,
    step: u32,
}

/// What is learned from.
pub(super) struct Lesson<'a> {
    clips: Vec<&'a Clip>,
    calls: Vec<Example>,
    others: Vec<Example>,
}

impl<'a> Lesson<'a> {
    /// Sorts the steps of `clips`. At the end of the phrase and up to a third of a second later a head should say so; until
    /// a third of a second before it should not; in between it may do either.
    pub(super) fn new(clips: impl IntoIterator<Item = &'a Clip>) -> Self {
        let mut lesson = Self { clips: Vec::new(), calls: Vec::new(), others: Vec::new() };
        for clip in clips {
            let index = lesson.clips.len() as u32;
            for step in 0..clip.steps() {
                let heard_until = (step + 1) as f32;
                let example = Example { clip: index, step: step as u32 };
                match clip.end {
                    None => lesson.others.push(example),
                    Some(end) if (end - 0.4..end + 4.0).contains(&heard_until) => lesson.calls.push(example),
                    // A few of them say what there is to say; the first hear next to nothing.
                    Some(end) if heard_until < end - 4.0 && step % 4 == 0 => lesson.others.push(example),
                    Some(_) => {}
                }
            }
            lesson.clips.push(clip);
        }
        lesson
    }

    fn window(&self, example: Example) -> &'a [f32] {
        self.clips[example.clip as usize].window(example.step as usize)
    }
}

/// The parameters while they are learned, in the order of [`Parameters::all`].
struct Parameters {
    all: Vec<Var>,
}

impl Parameters {
    fn new(dice: &mut Dice) -> Result<Self> {
        let mut matrix = |rows: usize, columns: usize| {
            let scale = (2.0 / columns as f32).sqrt();
            let values: Vec<f32> = (0..rows * columns).map(|_| dice.normal() * scale).collect();
            Var::from_vec(values, (rows, columns), &Device::Cpu)
        };
        let fill = |value: f64| Var::from_tensor(&(Tensor::ones(UNITS, DType::F32, &Device::Cpu)? * value)?);
        let all = vec![
            matrix(UNITS, INPUTS)?,
            fill(0.0)?,
            fill(1.0)?,
            fill(0.0)?,
            matrix(UNITS, UNITS)?,
            fill(0.0)?,
            fill(1.0)?,
            fill(0.0)?,
            matrix(1, UNITS)?,
            Var::zeros(1, DType::F32, &Device::Cpu)?,
        ];
        Ok(Self { all })
    }

    /// Log odds of a batch.
    fn forward(&self, inputs: &Tensor) -> Result<Tensor> {
        let mut x = inputs.clone();
        for layer in self.all[..8].chunks_exact(4) {
            let [weight, bias, gain, shift] = layer else { unreachable!("chunks of four") };
            x = x.matmul(&weight.t()?)?.broadcast_add(bias)?;
            let centred = x.broadcast_sub(&x.mean_keepdim(1)?)?;
            let variance = centred.sqr()?.mean_keepdim(1)?;
            x = centred.broadcast_div(&(variance + f64::from(EPSILON))?.sqrt()?)?;
            x = x.broadcast_mul(gain)?.broadcast_add(shift)?.relu()?;
        }
        x.matmul(&self.all[8].t()?)?.broadcast_add(&self.all[9])?.squeeze(1)
    }
}

/// Centre and scale of what goes in.
struct Scale {
    centre: Vec<f32>,
    factor: Vec<f32>,
}

impl Scale {
    fn of(lesson: &Lesson<'_>, dice: &mut Dice) -> Self {
        let count = 4096;
        let (mut sum, mut squares) = (vec![0.0_f64; INPUTS], vec![0.0_f64; INPUTS]);
        for i in 0..count {
            let window = lesson.window(*dice.of(if i % 4 == 0 { &lesson.calls } else { &lesson.others }));
            for ((sum, square), x) in sum.iter_mut().zip(&mut squares).zip(window) {
                *sum += f64::from(*x);
                *square += f64::from(*x) * f64::from(*x);
            }
        }
        let count = f64::from(count);
        let centre: Vec<f32> = sum.iter().map(|sum| (sum / count) as f32).collect();
        let spread = squares.iter().zip(&centre).map(|(square, mean)| square / count - f64::from(mean * mean));
        let factor = spread.map(|variance| (1.0 / (variance.max(0.0).sqrt() + 0.1)) as f32).collect();
        Self { centre, factor }
    }
}

/// Learns a head in `steps` steps. `go_on(done)` is asked after each; `false` ends it with `None`.
///
/// # Errors
/// Candle failed.
///
/// # Panics
/// There are no calls, or no other examples.
pub(super) fn fit(
    lesson: &Lesson<'_>,
    steps: usize,
    seed: u64,
    mut go_on: impl FnMut(usize) -> bool,
) -> Result<Option<Dense>> {
    assert!(!lesson.calls.is_empty() && !lesson.others.is_empty(), "there is something to learn from");
    let mut dice = Dice::new(seed);
    let scale = Scale::of(lesson, &mut dice);
    let noise: Vec<f32> = (0..NOISE).map(|_| dice.normal() * BLUR).collect();
    let parameters = Parameters::new(&mut dice)?;
    let options = ParamsAdamW { lr: RATE, weight_decay: DECAY, ..ParamsAdamW::default() };
    let mut optimizer = AdamW::new(parameters.all.clone(), options)?;
    let labels: Vec<f32> = (0..BATCH).map(|i| f32::from(u8::from(i < CALLS))).collect();
    let labels = Tensor::from_vec(labels, BATCH, &Device::Cpu)?;
    let mut hard: Vec<Example> = Vec::new();
    let averaged_from = steps * 2 / 3;
    let mut average: Vec<Vec<f32>> = Vec::new();
    for step in 0..steps {
        if step > 0 && step % (steps / 6).max(1) == 0 {
            hard = hardest(lesson, &mut export(&parameters, &scale)?);
        }
        let progress = step as f64 / steps as f64;
        let warm = (step as f64 / 50.0).min(1.0);
        optimizer.set_learning_rate(RATE * warm * (0.5 + 0.5 * (progress * std::f64::consts::PI).cos()).max(0.02));
        let mut batch = Vec::with_capacity(BATCH * INPUTS);
        for i in 0..BATCH {
            let example = match i {
                i if i < CALLS => *dice.of(&lesson.calls),
                i if i < CALLS + HARD && !hard.is_empty() => *dice.of(&hard),
                _ => *dice.of(&lesson.others),
            };
            let blur = &noise[dice.below(NOISE - INPUTS)..];
            let inputs = lesson.window(example).iter().zip(&scale.centre).zip(&scale.factor).zip(blur);
            batch.extend(inputs.map(|(((x, centre), factor), blur)| (x - centre) * factor + blur));
        }
        let batch = Tensor::from_vec(batch, (BATCH, INPUTS), &Device::Cpu)?;
        let odds = parameters.forward(&batch)?;
        // Cross entropy: log(1 + e^x) - x * label.
        let soft = (odds.relu()? + (odds.abs()?.neg()?.exp()? + 1.0)?.log()?)?;
        let loss = (soft - (&odds * &labels)?)?.mean_all()?;
        optimizer.backward_step(&loss)?;
        if step >= averaged_from {
            let taken = (step - averaged_from) as f32;
            for (i, parameter) in parameters.all.iter().enumerate() {
                let values = parameter.flatten_all()?.to_vec1::<f32>()?;
                match average.get_mut(i) {
                    None => average.push(values),
                    Some(average) => {
                        for (mean, value) in average.iter_mut().zip(values) {
                            *mean += (value - *mean) / (taken + 1.0);
                        }
                    }
                }
            }
        }
        if !go_on(step + 1) {
            return Ok(None);
        }
    }
    for (parameter, values) in parameters.all.iter().zip(average) {
        parameter.set(&Tensor::from_vec(values, parameter.shape(), &Device::Cpu)?)?;
    }
    export(&parameters, &scale).map(Some)
}

/// The head that the parameters are now, centre and scale taken into its first layer.
fn export(parameters: &Parameters, scale: &Scale) -> Result<Dense> {
    let mut values = Vec::with_capacity(parameters.all.len());
    for parameter in &parameters.all {
        values.push(parameter.flatten_all()?.to_vec1::<f32>()?);
    }
    let mut next = values.into_iter();
    let mut take = || next.next().unwrap_or_default();
    let mut layer = || Layer { weights: take(), bias: take(), gain: take(), shift: take() };
    let (mut first, second) = (layer(), layer());
    for (row, bias) in first.weights.chunks_exact_mut(INPUTS).zip(&mut first.bias) {
        for ((weight, factor), centre) in row.iter_mut().zip(&scale.factor).zip(&scale.centre) {
            *weight *= factor;
            *bias -= *weight * centre;
        }
    }
    let (last, bias) = (take(), take());
    Ok(Dense::new([first, second], last, bias.first().copied().unwrap_or(0.0)))
}

/// The tenth of the negatives that the head takes for calls most.
fn hardest(lesson: &Lesson<'_>, head: &mut Dense) -> Vec<Example> {
    let mut sums: Vec<(f32, Example)> =
        lesson.others.iter().map(|example| (head.sum(lesson.window(*example)), *example)).collect();
    let kept = (sums.len() / 10).max(1).min(sums.len());
    sums.select_nth_unstable_by(kept - 1, |(a, _), (b, _)| b.total_cmp(a));
    sums[..kept].iter().map(|(_, example)| *example).collect()
}
