//! Speakers through `rodio`'s device sink.

use super::supervisor::{Broken, OpenOutput, OutputBackend};
use crate::backend::{Sound, explain, quiet, with_period};
use crate::device::Direction;
use crate::error::{AudioError, reason};
use crate::watch::{Tell, Watch};
use cpal::ErrorKind;
use cpal::traits::DeviceTrait;
use rodio::stream::{DeviceSinkBuilder, DeviceSinkError};
use std::any::Any;
use std::time::Duration;

/// Length of the device's buffer. Two of them are filled ahead: what was silenced is heard at most 40 ms longer.
const PERIOD_MS: u32 = 20;

/// The machine's speakers.
pub(crate) struct CpalOutput {
    sound: Sound,
}

impl CpalOutput {
    pub fn new(sound: Sound) -> Self {
        Self { sound }
    }
}

impl OutputBackend for CpalOutput {
    fn open(&self, wanted: &str, broken: Broken) -> Result<OpenOutput, AudioError> {
        quiet();
        let found = self.sound.find(Direction::Output, wanted)?;
        let asked_for = if wanted.trim().is_empty() { "" } else { found.info.name.as_str() };
        let supported =
            found.device.default_output_config().map_err(|error| explain(Direction::Output, asked_for, &error))?;
        let build = |period: Option<u32>| {
            let mut config = supported.config();
            if let Some(milliseconds) = period {
                config = with_period(&supported, milliseconds);
            }
            let broken = broken.clone();
            let mut told = false;
            DeviceSinkBuilder::from_device(found.device.clone())?
                .with_supported_config(&supported)
                .with_config(&config)
                .with_error_callback(move |error: cpal::Error| {
                    let harmless =
                        matches!(error.kind(), ErrorKind::Xrun | ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied);
                    if !harmless && !std::mem::replace(&mut told, true) {
                        broken(reason(&error));
                    }
                })
                .open_stream()
        };
        // Some drivers promise buffer sizes that they then refuse.
        let mut sink = build(Some(PERIOD_MS)).or_else(|_| build(None)).map_err(|error| match &error {
            DeviceSinkError::PlayError(cause)
            | DeviceSinkError::BuildError(cause)
            | DeviceSinkError::DefaultSinkConfigError(cause)
            | DeviceSinkError::SupportedConfigsError(cause) => explain(Direction::Output, asked_for, cause),
            _ => AudioError::Unavailable {
                direction: Direction::Output,
                name: found.info.name.clone(),
                reason: reason(&error),
            },
        })?;
        sink.log_on_drop(false);
        Ok(OpenOutput {
            id: found.info.id,
            name: found.info.name,
            rate: sink.config().sample_rate(),
            latency: Duration::from_millis(2 * u64::from(PERIOD_MS)),
            mixer: sink.mixer().clone(),
            stream: Box::new(sink),
        })
    }

    fn watch(&self, wanted: &str, tell: Tell) -> Option<Box<dyn Any + Send>> {
        Some(Box::new(Watch::start(self.sound.clone(), Direction::Output, wanted.to_owned(), tell)?))
    }
}
