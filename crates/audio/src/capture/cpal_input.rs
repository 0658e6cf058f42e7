//! Microphones through `cpal`: picks the device's own configuration and connects the callback to the ring.

use super::feed::{Feed, Listener, Pulse};
use super::supervisor::{InputBackend, OpenInput, Watcher};
use crate::backend::{Sound, explain, quiet, with_period};
use crate::convert::is_convertible;
use crate::device::Direction;
use crate::error::AudioError;
use cpal::traits::{DeviceTrait, StreamTrait};
use cpal::{BufferSize, ErrorKind, FromSample, SampleFormat, SizedSample, StreamConfig};
use rtrb::Consumer;
use std::sync::Arc;
use std::sync::mpsc;

/// Length of the device's buffer: one frame of ours.
const PERIOD_MS: u32 = 32;

/// The machine's microphones.
pub(crate) struct CpalInput {
    sound: Sound,
}

impl CpalInput {
    pub fn new(sound: Sound) -> Self {
        Self { sound }
    }
}

impl InputBackend for CpalInput {
    fn open(
        &self,
        wanted: &str,
        listener: Arc<Listener>,
        broken: mpsc::Sender<String>,
    ) -> Result<OpenInput, AudioError> {
        quiet();
        let found = self.sound.find(Direction::Input, wanted)?;
        // The default's name says nothing while there is no device behind it.
        let asked_for = if wanted.trim().is_empty() { "" } else { found.info.name.as_str() };
        let fail = |error: cpal::Error| explain(Direction::Input, asked_for, &error);
        let supported = found.device.default_input_config().map_err(fail)?;
        let format = supported.sample_format();
        if !is_convertible(format) {
            return Err(AudioError::Unavailable {
                direction: Direction::Input,
                name: found.info.name,
                reason: format!("its format {format} is not sound samples"),
            });
        }
        let config = with_period(&supported, PERIOD_MS);
        let built = match build(&found.device, config, format, &listener, &broken) {
            // Some drivers promise buffer sizes that they then refuse.
            Err(error) if error.kind() == ErrorKind::UnsupportedConfig => {
                let config = StreamConfig { buffer_size: BufferSize::Default, ..config };
                build(&found.device, config, format, &listener, &broken)
            }
            built => built,
        };
        let (stream, ring, pulse) = built.map_err(fail)?;
        stream.play().map_err(fail)?;
        Ok(OpenInput {
            id: found.info.id,
            name: found.info.name,
            rate: config.sample_rate,
            ring,
            pulse,
            stream: Box::new(stream),
        })
    }

    fn watcher(&self) -> Watcher {
        let sound = self.sound.clone();
        let mut connection = None;
        Box::new(move |wanted| {
            quiet();
            let open = match connection.take() {
                Some(open) => open,
                None => sound.connect(Direction::Input)?,
            };
            let found = open.find(Direction::Input, wanted)?;
            connection = Some(open);
            Ok(found.info.id)
        })
    }
}

type Built = (cpal::Stream, Consumer<f32>, Arc<Pulse>);

fn build(
    device: &cpal::Device,
    config: StreamConfig,
    format: SampleFormat,
    listener: &Arc<Listener>,
    broken: &mpsc::Sender<String>,
) -> Result<Built, cpal::Error> {
    match format {
        SampleFormat::I8 => typed::<i8>(device, config, listener, broken),
        SampleFormat::I16 => typed::<i16>(device, config, listener, broken),
        SampleFormat::I24 => typed::<cpal::I24>(device, config, listener, broken),
        SampleFormat::I32 => typed::<i32>(device, config, listener, broken),
        SampleFormat::I64 => typed::<i64>(device, config, listener, broken),
        SampleFormat::U8 => typed::<u8>(device, config, listener, broken),
        SampleFormat::U16 => typed::<u16>(device, config, listener, broken),
        SampleFormat::U24 => typed::<cpal::U24>(device, config, listener, broken),
        SampleFormat::U32 => typed::<u32>(device, config, listener, broken),
        SampleFormat::U64 => typed::<u64>(device, config, listener, broken),
        SampleFormat::F64 => typed::<f64>(device, config, listener, broken),
        // Whatever comes to be added: the sound system converts to floats, or says that it cannot.
        _ => typed::<f32>(device, config, listener, broken),
    }
}

fn typed<S>(
    device: &cpal::Device,
    config: StreamConfig,
    listener: &Arc<Listener>,
    broken: &mpsc::Sender<String>,
) -> Result<Built, cpal::Error>
where
    S: SizedSample,
    f32: FromSample<S>,
{
    let (mut feed, ring, pulse) = Feed::new(config.sample_rate, config.channels, Arc::clone(listener));
    let (pulse_of_errors, broken) = (Arc::clone(&pulse), broken.clone());
    let stream = device.build_input_stream::<S, _, _>(
        config,
        move |data, _| feed.feed(data),
        move |error| {
            let harmless =
                matches!(error.kind(), ErrorKind::Xrun | ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied);
            // A broken ALSA stream repeats its error thousands of times a second.
            if !harmless && pulse_of_errors.break_once() {
                let _ = broken.send(crate::error::reason(&error));
            }
        },
        None,
    )?;
    Ok((stream, ring, pulse))
}
