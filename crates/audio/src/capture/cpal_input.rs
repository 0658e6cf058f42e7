//! Microphones through `cpal`: picks the device's own configuration and connects the callback to the ring.

use super::feed::{Feed, Listener, Pulse};
use super::supervisor::{InputBackend, OpenInput};
use crate::backend::{Sound, explain, with_period};
use crate::convert::is_convertible;
use crate::device::Direction;
use crate::error::AudioError;
use crate::sleep;
use crate::watch::{Tell, Watch};
use cpal::traits::{DeviceTrait, StreamTrait};
use cpal::{BufferSize, ErrorKind, FromSample, SampleFormat, SizedSample, StreamConfig};
use rtrb::Consumer;
use std::any::Any;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

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
            name: found.info.name,
            target: found.target,
            rate: config.sample_rate,
            ring,
            pulse,
            stream: Box::new(stream),
        })
    }

    fn watch(&self, wanted: &str, tell: Tell) -> Box<dyn Any + Send> {
        let watch = Watch::start(self.sound.clone(), Direction::Input, wanted.to_owned(), tell);
        if watch.is_none() {
            tracing::warn!("the system has no thread left; a change of the microphone will not be noticed");
        }
        Box::new(watch)
    }

    fn asleep(&self) -> Duration {
        sleep::asleep()
    }
}

/// A stream of `D`, where its sound comes out, and its sign of life.
type Built<D> = (<D as DeviceTrait>::Stream, Consumer<f32>, Arc<Pulse>);

fn build<D: DeviceTrait>(
    device: &D,
    config: StreamConfig,
    format: SampleFormat,
    listener: &Arc<Listener>,
    broken: &mpsc::Sender<String>,
) -> Result<Built<D>, cpal::Error> {
    match format {
        SampleFormat::I8 => typed::<D, i8>(device, config, listener, broken),
        SampleFormat::I16 => typed::<D, i16>(device, config, listener, broken),
        SampleFormat::I24 => typed::<D, cpal::I24>(device, config, listener, broken),
        SampleFormat::I32 => typed::<D, i32>(device, config, listener, broken),
        SampleFormat::I64 => typed::<D, i64>(device, config, listener, broken),
        SampleFormat::U8 => typed::<D, u8>(device, config, listener, broken),
        SampleFormat::U16 => typed::<D, u16>(device, config, listener, broken),
        SampleFormat::U24 => typed::<D, cpal::U24>(device, config, listener, broken),
        SampleFormat::U32 => typed::<D, u32>(device, config, listener, broken),
        SampleFormat::U64 => typed::<D, u64>(device, config, listener, broken),
        SampleFormat::F64 => typed::<D, f64>(device, config, listener, broken),
        // Whatever comes to be added: the sound system converts to floats, or says that it cannot.
        _ => typed::<D, f32>(device, config, listener, broken),
    }
}

fn typed<D, S>(
    device: &D,
    config: StreamConfig,
    listener: &Arc<Listener>,
    broken: &mpsc::Sender<String>,
) -> Result<Built<D>, cpal::Error>
where
    D: DeviceTrait,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allocation::allocations_in;
    use cpal::{Data, DeviceDescription, DeviceId, Error, InputCallbackInfo, InputStreamTimestamp, StreamInstant};
    use std::fmt;
    use std::hash::{Hash, Hasher};
    use std::sync::Mutex;

    type Callback = Box<dyn FnMut(&Data, &InputCallbackInfo) + Send>;
    type OnError = Box<dyn FnMut(Error) + Send>;

    /// A device that keeps the callbacks, for the test to call as a driver does.
    #[derive(Default)]
    struct Driver(Mutex<Option<(Callback, OnError)>>);

    struct NoStream;

    impl StreamTrait for NoStream {
        fn play(&self) -> Result<(), Error> {
            Ok(())
        }
        fn pause(&self) -> Result<(), Error> {
            Ok(())
        }
        fn buffer_size(&self) -> Result<cpal::FrameCount, Error> {
            Ok(0)
        }
        fn now(&self) -> StreamInstant {
            StreamInstant::new(0, 0)
        }
    }

    fn no() -> Error {
        ErrorKind::UnsupportedOperation.into()
    }

    impl DeviceTrait for Driver {
        type SupportedInputConfigs = std::iter::Empty<cpal::SupportedStreamConfigRange>;
        type SupportedOutputConfigs = std::iter::Empty<cpal::SupportedStreamConfigRange>;
        type Stream = NoStream;

        fn description(&self) -> Result<DeviceDescription, Error> {
            Err(no())
        }
        fn id(&self) -> Result<DeviceId, Error> {
            Err(no())
        }
        fn supported_input_configs(&self) -> Result<Self::SupportedInputConfigs, Error> {
            Err(no())
        }
        fn supported_output_configs(&self) -> Result<Self::SupportedOutputConfigs, Error> {
            Err(no())
        }
        fn default_input_config(&self) -> Result<cpal::SupportedStreamConfig, Error> {
            Err(no())
        }
        fn default_output_config(&self) -> Result<cpal::SupportedStreamConfig, Error> {
            Err(no())
        }
        fn build_input_stream_raw<D, E>(
            &self,
            _: StreamConfig,
            _: SampleFormat,
            on_data: D,
            on_error: E,
            _: Option<Duration>,
        ) -> Result<NoStream, Error>
        where
            D: FnMut(&Data, &InputCallbackInfo) + Send + 'static,
            E: FnMut(Error) + Send + 'static,
        {
            *self.0.lock().unwrap() = Some((Box::new(on_data), Box::new(on_error)));
            Ok(NoStream)
        }
        fn build_output_stream_raw<D, E>(
            &self,
            _: StreamConfig,
            _: SampleFormat,
            _: D,
            _: E,
            _: Option<Duration>,
        ) -> Result<NoStream, Error>
        where
            D: FnMut(&mut Data, &cpal::OutputCallbackInfo) + Send + 'static,
            E: FnMut(Error) + Send + 'static,
        {
            Err(no())
        }
    }

    impl fmt::Display for Driver {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("driver")
        }
    }
    impl fmt::Debug for Driver {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("driver")
        }
    }
    impl PartialEq for Driver {
        fn eq(&self, other: &Self) -> bool {
            std::ptr::eq(self, other)
        }
    }
    impl Eq for Driver {}
    impl Hash for Driver {
        fn hash<H: Hasher>(&self, state: &mut H) {
            std::ptr::hash(self, state);
        }
    }

    /// Every format by its size and a bit pattern that is no sound at all.
    const FORMATS: [SampleFormat; 12] = [
        SampleFormat::I8,
        SampleFormat::I16,
        SampleFormat::I24,
        SampleFormat::I32,
        SampleFormat::I64,
        SampleFormat::U8,
        SampleFormat::U16,
        SampleFormat::U24,
        SampleFormat::U32,
        SampleFormat::U64,
        SampleFormat::F32,
        SampleFormat::F64,
    ];

    /// What `cpal` calls for each buffer, in every sample format, with a listener that waits and into a ring that
    /// becomes full.
    #[test]
    fn the_callback_given_to_the_driver_neither_allocates_nor_frees() {
        let (channels, rate, frames) = (2u16, 48_000, 1_536);
        for format in FORMATS {
            let listener = Arc::new(Listener::default());
            listener.attach();
            let driver = Driver::default();
            let (broken, _reasons) = mpsc::channel();
            let config = StreamConfig { channels, sample_rate: rate, buffer_size: BufferSize::Default };
            let (_stream, mut ring, pulse) = build(&driver, config, format, &listener, &broken).unwrap();
            let (mut on_data, _) = driver.0.lock().unwrap().take().unwrap();
            let samples = frames * usize::from(channels);
            // Of 64 bits each, so that any format is aligned.
            let mut buffer = vec![0u64; (samples * format.sample_size()).div_ceil(8)];
            let instant = StreamInstant::new(1, 0);
            let info = InputCallbackInfo::new(InputStreamTimestamp { callback: instant, capture: instant });
            // SAFETY: the buffer holds that many samples of that format, all zero, and outlives the value.
            let data = unsafe { Data::from_parts(buffer.as_mut_ptr().cast(), samples, format) };
            let allocated = allocations_in(|| {
                for _ in 0..100 {
                    on_data(&data, &info);
                }
            });
            assert_eq!(allocated, 0, "{format}");
            assert_eq!(pulse.callbacks(), 100);
            assert!(pulse.take_dropped() > 0, "{format}: the ring takes two seconds, not three");
            let silence = if matches!(
                format,
                SampleFormat::U8 | SampleFormat::U16 | SampleFormat::U24 | SampleFormat::U32 | SampleFormat::U64
            ) {
                -1.0
            } else {
                0.0
            };
            assert_eq!(ring.pop(), Ok(silence), "{format}");
        }
    }

    #[test]
    fn a_driver_that_repeats_its_error_is_heard_once_and_a_harmless_one_not_at_all() {
        let driver = Driver::default();
        let (broken, reasons) = mpsc::channel();
        let config = StreamConfig { channels: 1, sample_rate: 16_000, buffer_size: BufferSize::Default };
        build(&driver, config, SampleFormat::I16, &Arc::default(), &broken).unwrap();
        let (_, mut on_error) = driver.0.lock().unwrap().take().unwrap();
        on_error(ErrorKind::Xrun.into());
        assert!(reasons.try_recv().is_err());
        on_error(ErrorKind::DeviceNotAvailable.into());
        let again = allocations_in(|| (0..1000).for_each(|_| on_error(ErrorKind::DeviceNotAvailable.into())));
        assert_eq!(again, 0);
        assert_eq!(reasons.try_iter().count(), 1);
    }
}
