//! The sound system through `cpal`: hosts, devices, stream configurations.
//!
//! On Linux the sound server's own protocol is spoken where there is one (PulseAudio, or PipeWire in its place): it
//! tells the names that people know, and costs a fraction of what ALSA's plugin for it does, which spins on a source
//! that has nothing to say. Plain ALSA serves machines without a server. Everything here may block; see `opening`.

use crate::device::{DeviceInfo, Direction, choose};
use crate::error::{AudioError, reason};
use cpal::traits::{DeviceTrait, HostTrait};
use cpal::{BufferSize, ErrorKind, SupportedBufferSize, SupportedStreamConfig};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The way to the sound system. Clones share what was learned about it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sound {
    /// A sound server was there. While it restarts ALSA must not be used in its place: that would take the hardware
    /// away from it.
    has_server: Arc<AtomicBool>,
}

/// A connection to the sound system.
pub(crate) struct Connection {
    host: cpal::Host,
    is_server: bool,
}

/// A device, with what it is called.
pub(crate) struct Found {
    pub info: DeviceInfo,
    pub device: cpal::Device,
}

impl Sound {
    pub fn new() -> Self {
        Self::default()
    }

    /// Connects anew; a server that restarted is another server.
    pub fn connect(&self, direction: Direction) -> Result<Connection, AudioError> {
        let host = cpal::default_host();
        let is_server = matches!(host.id().name(), "PulseAudio" | "PipeWire");
        if is_server {
            self.has_server.store(true, Ordering::Relaxed);
        } else if self.has_server.load(Ordering::Relaxed) {
            return Err(AudioError::Stopped { direction, reason: "the sound server is gone".into() });
        }
        Ok(Connection { host, is_server })
    }

    /// The devices that can be chosen, the default first.
    pub fn list(&self, direction: Direction) -> Result<Vec<DeviceInfo>, AudioError> {
        quiet();
        let connection = self.connect(direction)?;
        Ok(connection.devices(direction)?.into_iter().map(|found| found.info).collect())
    }

    /// Connects and finds the device that `wanted` means now; empty is the system's default.
    pub fn find(&self, direction: Direction, wanted: &str) -> Result<Found, AudioError> {
        self.connect(direction)?.find(direction, wanted)
    }
}

impl Connection {
    /// Finds the device that `wanted` means now; empty is the system's default.
    pub fn find(&self, direction: Direction, wanted: &str) -> Result<Found, AudioError> {
        if wanted.trim().is_empty() {
            let default = self.default(direction).ok_or(AudioError::NoDevice { direction })?;
            return Ok(Found { info: info(&default, true), device: default });
        }
        let mut devices = self.devices(direction)?;
        let infos: Vec<DeviceInfo> = devices.iter().map(|found| found.info.clone()).collect();
        match choose(wanted, &infos) {
            Some(index) => Ok(devices.swap_remove(index)),
            None if infos.is_empty() => Err(AudioError::NoDevice { direction }),
            None => Err(AudioError::UnknownDevice {
                direction,
                name: wanted.trim().into(),
                available: infos.into_iter().map(|info| info.name).collect(),
            }),
        }
    }

    fn default(&self, direction: Direction) -> Option<cpal::Device> {
        match direction {
            // Without a microphone, servers offer what the speaker plays: Jarvis would hear itself.
            Direction::Input => self.host.default_input_device().filter(|device| !is_monitor(device)),
            Direction::Output => self.host.default_output_device(),
        }
    }

    fn devices(&self, direction: Direction) -> Result<Vec<Found>, AudioError> {
        let default = self.default(direction).map(|device| info(&device, true).id);
        let all = self.host.devices().map_err(|error| AudioError::Stopped { direction, reason: reason(&error) })?;
        let mut found: Vec<Found> = all
            .filter(|device| match direction {
                Direction::Input => device.supports_input() && !is_monitor(device),
                Direction::Output => device.supports_output(),
            })
            .map(|device| {
                let mut info = info(&device, false);
                info.is_default = Some(&info.id) == default.as_ref();
                Found { info, device }
            })
            .filter(|found| self.is_server || is_worth_showing(&found.info.id))
            .collect();
        found.sort_by_key(|found| !found.info.is_default);
        Ok(found)
    }
}

fn info(device: &cpal::Device, is_default: bool) -> DeviceInfo {
    let id = device.id().map(|id| id.id().to_owned()).unwrap_or_default();
    let name = device.description().map_or_else(|_| id.clone(), |description| description.name().to_owned());
    DeviceInfo { name, id, is_default }
}

fn is_monitor(device: &cpal::Device) -> bool {
    device.id().is_ok_and(|id| id.id().ends_with(".monitor"))
}

/// ALSA lists its plugins beside its devices.
fn is_worth_showing(id: &str) -> bool {
    if cfg!(not(target_os = "linux")) {
        return true;
    }
    let plugin = id.split(':').next().unwrap_or(id);
    matches!(plugin, "default" | "sysdefault" | "plughw" | "pulse" | "pipewire" | "hdmi")
}

/// A stream configuration with a buffer of about `milliseconds` where the device lets us choose.
pub(crate) fn with_period(config: &SupportedStreamConfig, milliseconds: u32) -> cpal::StreamConfig {
    let wanted = config.sample_rate() * milliseconds / 1000;
    let mut stream = config.config();
    if let SupportedBufferSize::Range { min, max } = *config.buffer_size() {
        stream.buffer_size = BufferSize::Fixed(wanted.clamp(min.max(1), max.max(1)));
    }
    stream
}

/// A `cpal` error in opening `name`, in our words.
pub(crate) fn explain(direction: Direction, name: &str, error: &cpal::Error) -> AudioError {
    match error.kind() {
        ErrorKind::PermissionDenied => AudioError::Refused { direction },
        ErrorKind::DeviceNotAvailable | ErrorKind::HostUnavailable if name.is_empty() => {
            AudioError::NoDevice { direction }
        }
        // What ALSA's plugin for the sound server says when there is none.
        _ if error.to_string().contains("Connection refused") => AudioError::NoServer { direction },
        _ => AudioError::Unavailable { direction, name: name.into(), reason: reason(error) },
    }
}

/// Keeps ALSA's own complaints off standard error on this thread, to its end: what matters of them comes back as an
/// error value. Only short threads of this crate call it.
pub(crate) fn quiet() {
    #[cfg(target_os = "linux")]
    if let Err(error) = alsa::Output::local_error_handler() {
        tracing::debug!(%error, "ALSA keeps writing to standard error");
    }
}
