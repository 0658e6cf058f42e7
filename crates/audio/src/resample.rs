//! Changing the rate of a mono stream, piece by piece, with buffers that are made once.
//!
//! A thin coat over `rubato`'s windowed-sinc interpolation: it takes pieces of any length, removes the filter's delay
//! from the start, and at the end gives exactly as many samples as the sound is long. Never looks at devices or files.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Async, FixedAsync, Indexing, Resampler, SincInterpolationParameters, WindowFunction};

/// Lowest rate that is taken, in samples per second.
pub(crate) const MIN_RATE: u32 = 8_000;
/// Highest rate that is taken, in samples per second.
pub(crate) const MAX_RATE: u32 = 384_000;
/// Taps of the filter for an input of 48 kHz or less: 5 ms, steep enough that speech keeps everything below 7 kHz. An
/// input of a higher rate gets as many more, so that the filter lasts as long.
const TAPS: u32 = 256;

/// Turns a mono stream of one rate into one of another.
pub(crate) struct MonoResampler {
    from: u32,
    to: u32,
    /// `None` when both rates are the same.
    engine: Option<Engine>,
    consumed: u64,
    produced: u64,
}

struct Engine {
    filter: Async<f32>,
    /// Input that does not fill a step yet; its length is the filter's step.
    staged: Vec<f32>,
    filled: usize,
    output: Vec<f32>,
    /// Samples of the filter's delay that are still to be dropped.
    delay: usize,
}

impl MonoResampler {
    /// A stream from `from` to `to` samples per second, both clamped to what devices and files have.
    pub fn new(from: u32, to: u32) -> Self {
        let (from, to) = (from.clamp(MIN_RATE, MAX_RATE), to.clamp(MIN_RATE, MAX_RATE));
        let engine = (from != to).then(|| Engine::new(from, to));
        Self { from, to, engine, consumed: 0, produced: 0 }
    }

    /// Takes the next piece and appends what is ready to `out`.
    pub fn process(&mut self, mut input: &[f32], out: &mut Vec<f32>) {
        self.consumed += input.len() as u64;
        let before = out.len();
        match &mut self.engine {
            None => out.extend_from_slice(input),
            Some(engine) => {
                while !input.is_empty() {
                    let take = input.len().min(engine.staged.len() - engine.filled);
                    engine.staged[engine.filled..engine.filled + take].copy_from_slice(&input[..take]);
                    engine.filled += take;
                    input = &input[take..];
                    if engine.filled == engine.staged.len() {
                        engine.step(out);
                    }
                }
            }
        }
        self.produced += (out.len() - before) as u64;
    }

    /// Appends the rest, so that `out` has got as many samples in all as the sound lasts, and starts afresh.
    pub fn flush(&mut self, out: &mut Vec<f32>) {
        let owed = self.consumed * u64::from(self.to) / u64::from(self.from);
        if let Some(engine) = &mut self.engine {
            let end = out.len() + owed.saturating_sub(self.produced) as usize;
            while out.len() < end {
                engine.staged[engine.filled..].fill(0.0);
                engine.step(out);
            }
            out.truncate(end);
            engine.reset();
        }
        self.consumed = 0;
        self.produced = 0;
    }
}

impl Engine {
    fn new(from: u32, to: u32) -> Self {
        // 10 ms: short enough to add no delay that anyone feels, long enough to be cheap.
        let step = (from / 100).max(1) as usize;
        let taps = TAPS * from.max(48_000) / 48_000;
        let parameters = SincInterpolationParameters::new(taps as usize, WindowFunction::BlackmanHarris2);
        let ratio = f64::from(to) / f64::from(from);
        let filter = Async::new_sinc(ratio, 1.0, &parameters, step, 1, FixedAsync::Input)
            .expect("rates are clamped, so the ratio is finite and positive and the step is not zero");
        let output = vec![0.0; filter.output_frames_max()];
        let delay = filter.output_delay();
        Self { filter, staged: vec![0.0; step], filled: 0, output, delay }
    }

    /// Runs the filter over the staged step.
    fn step(&mut self, out: &mut Vec<f32>) {
        self.filled = 0;
        let frames = self.output.len();
        let input = InterleavedSlice::new(&self.staged, 1, self.staged.len()).expect("one channel of its own length");
        let mut output = InterleavedSlice::new_mut(&mut self.output, 1, frames).expect("one channel of its own length");
        let (_, written) = self
            .filter
            .process_into_buffer(&input, &mut output, None::<&Indexing>)
            .expect("both buffers have the sizes that the filter asks for");
        let skip = self.delay.min(written);
        self.delay -= skip;
        out.extend_from_slice(&self.output[skip..written]);
    }

    fn reset(&mut self) {
        self.filter.reset();
        self.filled = 0;
        self.delay = self.filter.output_delay();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn whole(from: u32, to: u32, pieces: &[&[f32]]) -> Vec<f32> {
        let mut resampler = MonoResampler::new(from, to);
        let mut out = Vec::new();
        for piece in pieces {
            resampler.process(piece, &mut out);
        }
        resampler.flush(&mut out);
        out
    }

    fn tone(rate: u32, hertz: f32, seconds: f32) -> Vec<f32> {
        (0..(rate as f32 * seconds) as usize)
            .map(|n| 0.5 * (std::f32::consts::TAU * hertz * n as f32 / rate as f32).sin())
            .collect()
    }

    fn rms(samples: &[f32]) -> f32 {
        (samples.iter().map(|s| s * s).sum::<f32>() / samples.len().max(1) as f32).sqrt()
    }

    #[test]
    fn a_tone_keeps_its_shape_and_its_place() {
        for from in [8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000] {
            let out = whole(from, 16_000, &[&tone(from, 440.0, 0.5)]);
            let expected = tone(16_000, 440.0, 0.5);
            assert!(out.len().abs_diff(expected.len()) <= 1, "{from}: {} samples", out.len());
            // The edges ring a little, as every filter does.
            let middle = 400..out.len().min(expected.len()) - 400;
            let error: Vec<f32> = middle.map(|n| out[n] - expected[n]).collect();
            // The filter's delay is not whole samples; one sample of shift at 440 Hz is an error of 0.061.
            assert!(rms(&error) < 0.07, "{from}: error {}", rms(&error));
        }
    }

    #[test]
    fn what_cannot_be_told_at_the_new_rate_is_gone() {
        let out = whole(48_000, 16_000, &[&tone(48_000, 12_000.0, 0.5)]);
        let middle = &out[400..out.len() - 400];
        assert!(rms(middle) < 0.001, "a 12 kHz tone leaves {} behind", rms(middle));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn length_is_kept_and_every_sample_is_a_number(
            from in MIN_RATE..=192_000u32,
            to in prop::sample::select(vec![16_000u32, 44_100, 48_000]),
            samples in prop::collection::vec(-1.0f32..=1.0, 0..6_000),
            cut in 0.0f64..1.0,
        ) {
            let at = (samples.len() as f64 * cut) as usize;
            let (one, two) = samples.split_at(at);
            let out = whole(from, to, &[one, two]);
            let expected = samples.len() as u64 * u64::from(to) / u64::from(from);
            prop_assert_eq!(out.len() as u64, expected);
            prop_assert!(out.iter().all(|s| s.is_finite() && s.abs() < 4.0));
            // Where the pieces end makes no difference.
            let at_once = whole(from, to, &[&samples]);
            prop_assert_eq!(out, at_once);
        }
    }
}
