//! From a device's or a file's samples to mono `f32`: every sample format that `cpal` knows, any channel count.
//!
//! Runs inside the capture callback, so it never locks, allocates or logs.

use cpal::{FromSample, Sample, SampleFormat};

/// Averages the channels of interleaved frames; an incomplete last frame is left out.
///
/// Microphone arrays and stereo microphones carry the same voice in each channel, so the mean keeps its level.
pub(crate) fn downmix<S>(interleaved: &[S], channels: usize) -> impl ExactSizeIterator<Item = f32> + '_
where
    S: Sample,
    f32: FromSample<S>,
{
    let channels = channels.max(1);
    let scale = 1.0 / channels as f32;
    interleaved.chunks_exact(channels).map(move |frame| {
        let sum: f32 = frame.iter().map(|sample| f32::from_sample(*sample)).sum();
        // A driver that hands out NaN must not poison every filter behind.
        let mean = sum * scale;
        if mean.is_finite() { mean } else { 0.0 }
    })
}

/// Whether [`crate::capture`] can take this format; DSD streams are not sound samples.
pub(crate) fn is_convertible(format: SampleFormat) -> bool {
    !format.is_dsd()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_format_has_the_same_zero_and_full_scale() {
        assert_eq!(downmix(&[0i16, i16::MIN], 1).collect::<Vec<_>>(), [0.0, -1.0]);
        assert_eq!(downmix(&[0x80u8, 0], 1).collect::<Vec<_>>(), [0.0, -1.0]);
        assert_eq!(downmix(&[0i32, i32::MIN], 1).collect::<Vec<_>>(), [0.0, -1.0]);
        assert_eq!(downmix(&[0.5f64, -1.0], 1).collect::<Vec<_>>(), [0.5, -1.0]);
    }

    #[test]
    fn a_broken_driver_gives_silence_rather_than_nonsense() {
        assert_eq!(downmix(&[f32::NAN, 0.5, f32::INFINITY], 1).collect::<Vec<_>>(), [0.0, 0.5, 0.0]);
    }

    proptest! {
        #[test]
        fn the_mean_stays_between_the_channels(
            samples in prop::collection::vec(-1.0f32..=1.0, 0..400),
            channels in 1usize..=32,
        ) {
            let mixed: Vec<f32> = downmix(&samples, channels).collect();
            prop_assert_eq!(mixed.len(), samples.len() / channels);
            for (mean, frame) in mixed.iter().zip(samples.chunks_exact(channels)) {
                let low = frame.iter().copied().fold(f32::INFINITY, f32::min);
                let high = frame.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                prop_assert!(*mean >= low - 1e-5 && *mean <= high + 1e-5);
            }
        }
    }
}
