//! A short look at a device, to tell a user whether it works.

use crate::backend::{Sound, explain};
use crate::capture::{Capture, CaptureOptions, Captured};
use crate::device::Direction;
use crate::error::AudioError;
use crate::opening::within;
use cpal::traits::DeviceTrait;
use std::time::{Duration, Instant};

/// How long the microphone may take to open.
const OPENING: Duration = Duration::from_secs(4);

/// How loud it was.
#[derive(Debug, Clone, PartialEq)]
pub struct InputLevels {
    /// The microphone that was listened to.
    pub device: String,
    /// How long it was listened to, in seconds.
    pub seconds: f32,
    /// Root mean square of all samples, 0..=1.
    pub rms: f32,
    /// Largest sample, 0..=1.
    pub peak: f32,
    /// Nothing but exact zeros: it is muted outside of Jarvis.
    pub silent: bool,
}

/// The name of the speaker that `device` means (empty: the default), which can be used. Plays nothing.
///
/// # Errors
/// There is no such speaker, or no sound server behind it; the message says which and what to do.
pub fn probe_output(device: &str) -> jarvis_core::Result<String> {
    let wanted = device.to_owned();
    let found = within(OPENING, "jarvis-probe", move || {
        let found = Sound::new().find(Direction::Output, &wanted)?;
        let works = found.device.default_output_config();
        works.map_err(|error| explain(Direction::Output, &found.info.name, &error))?;
        Ok(found.info.name)
    });
    Ok(found.unwrap_or(Err(AudioError::NoAnswer { seconds: OPENING.as_secs() }))?)
}

/// Listens to a microphone for `duration` (empty name: the default).
///
/// # Errors
/// There is no such microphone, or it does not work; the message says which and what to do.
pub fn probe_input(device: &str, duration: Duration) -> jarvis_core::Result<InputLevels> {
    let mut capture = Capture::open(CaptureOptions { device: device.to_owned() })?;
    let wanted = (duration.as_secs_f32() * jarvis_core::SAMPLE_RATE as f32) as usize;
    let deadline = Instant::now() + OPENING + duration;
    let (mut count, mut squares, mut peak) = (0usize, 0.0f64, 0.0f32);
    while count < wanted.max(1) {
        if Instant::now() >= deadline {
            return Err(AudioError::NoAnswer { seconds: (OPENING + duration).as_secs() }.into());
        }
        match capture.next(Duration::from_millis(100)) {
            Captured::Frame(frame) => {
                count += frame.samples.len();
                for sample in frame.samples {
                    squares += f64::from(sample * sample);
                    peak = peak.max(sample.abs());
                }
            }
            Captured::Lost { message } => {
                return Err(jarvis_core::Error::new("audio.no_microphone", message, ""));
            }
            Captured::Restored { .. } | Captured::Changed { .. } | Captured::Silent { .. } | Captured::Idle => {}
        }
    }
    Ok(InputLevels {
        device: capture.device().unwrap_or_default().to_owned(),
        seconds: count as f32 / jarvis_core::SAMPLE_RATE as f32,
        rms: (squares / count as f64).sqrt() as f32,
        peak,
        silent: peak == 0.0,
    })
}
