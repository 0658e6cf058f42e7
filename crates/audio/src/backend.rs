//! The sound system through `cpal`: hosts, devices, stream configurations.
//!
//! On Linux the sound server's own protocol is spoken where there is one (PulseAudio, or PipeWire in its place): it
//! tells the names that people know, and costs a fraction of what ALSA's plugin for it does, which spins on a source
//! that has nothing to say. Plain ALSA serves machines without a server. Everything here may block; see `opening`.

use crate::device::{DeviceInfo, Direction, choose};
use crate::error::{AudioError, reason};
use crate::watch::{Survey, Target};
use cpal::traits::{DeviceTrait, HostTrait};
use cpal::{BufferSize, ErrorKind, SupportedBufferSize, SupportedStreamConfig};
#[cfg(target_os = "linux")]
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// The way to the sound system. Clones share what was learned about it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sound {
    /// A sound server was there. While it restarts ALSA must not be used in its place: that would take the hardware
    /// away from it.
    #[cfg(target_os = "linux")]
    has_server: Arc<AtomicBool>,
}

/// A connection to the sound system.
struct Connection {
    host: cpal::Host,
    /// What the sound server says, where there is one.
    survey: Option<Survey>,
}

/// A device, with what it is called.
pub(crate) struct Found {
    pub info: DeviceInfo,
    pub target: Target,
    pub device: cpal::Device,
}

impl Sound {
    pub fn new() -> Self {
        Self::default()
    }

    /// A sound server was there.
    #[cfg(target_os = "linux")]
    pub fn saw_server(&self) {
        self.has_server.store(true, Ordering::Relaxed);
    }

    /// Whether a sound server was ever there.
    #[cfg(target_os = "linux")]
    pub fn has_server(&self) -> bool {
        self.has_server.load(Ordering::Relaxed)
    }

    /// Connects anew; a server that restarted is another server.
    fn connect(&self, direction: Direction) -> Result<Connection, AudioError> {
        quiet();
        #[cfg(target_os = "linux")]
        {
            use crate::watch::{Server, Silence};
            let failed = |error: cpal::Error| AudioError::Stopped { direction, reason: reason(&error) };
            // Asked before `cpal` asks: a server that hangs would keep a thread of `cpal`'s for each time.
            match Server::connect().and_then(|mut server| server.survey()) {
                Ok(survey) => {
                    self.saw_server();
                    let host = cpal::host_from_id(cpal::HostId::PulseAudio).map_err(failed)?;
                    return Ok(Connection { host, survey: Some(survey) });
                }
                Err(Silence::Absent) if !self.has_server() => {}
                Err(silence) => return Err(silence.explained(direction)),
            }
            let host = cpal::host_from_id(cpal::HostId::Alsa).map_err(failed)?;
            Ok(Connection { host, survey: None })
        }
        #[cfg(not(target_os = "linux"))]
        Ok(Connection { host: cpal::default_host(), survey: None })
    }

    /// The devices that can be chosen, the default first.
    pub fn list(&self, direction: Direction) -> Result<Vec<DeviceInfo>, AudioError> {
        let connection = self.connect(direction)?;
        Ok(connection.devices(direction)?.into_iter().map(|(info, _)| info).collect())
    }

    /// Connects and finds the device that `wanted` means now; empty is the system's choice.
    pub fn find(&self, direction: Direction, wanted: &str) -> Result<Found, AudioError> {
        self.connect(direction)?.find(direction, wanted)
    }
}

impl Connection {
    fn find(&self, direction: Direction, wanted: &str) -> Result<Found, AudioError> {
        let Some(survey) = &self.survey else { return self.find_without_server(direction, wanted) };
        let target = survey.target(direction, wanted)?;
        let mut devices = self.devices(direction)?;
        let Some(index) = devices.iter().position(|(info, _)| info.id == target.id) else {
            let reason = "it went away while it was opened".into();
            return Err(AudioError::Stopped { direction, reason });
        };
        let (info, device) = devices.swap_remove(index);
        Ok(Found { info, target, device })
    }

    fn find_without_server(&self, direction: Direction, wanted: &str) -> Result<Found, AudioError> {
        let found = |info: DeviceInfo, device| {
            let target = Target { id: info.id.clone(), ..Target::default() };
            Ok(Found { info, target, device })
        };
        if wanted.trim().is_empty() {
            let default = self.default(direction).ok_or(AudioError::NoDevice { direction })?;
            return found(info(&default, true), default);
        }
        let (mut infos, mut devices): (Vec<_>, Vec<_>) = self.named(direction)?.into_iter().unzip();
        // Only what is meant is opened to see where it leads: this is asked again and again, of machines with many devices.
        while let Some(index) = choose(wanted, &infos) {
            let (info, device) = (infos.remove(index), devices.remove(index));
            if !leads_nowhere(direction, &device) {
                return found(info, device);
            }
        }
        if infos.is_empty() {
            return Err(AudioError::NoDevice { direction });
        }
        let available = infos.into_iter().map(|info| info.name).collect();
        Err(AudioError::UnknownDevice { direction, name: wanted.trim().into(), available })
    }

    fn default(&self, direction: Direction) -> Option<cpal::Device> {
        match direction {
            // Without a microphone, servers offer what the speaker plays: Jarvis would hear itself.
            Direction::Input => self.host.default_input_device().filter(|device| !is_monitor(device)),
            Direction::Output => self.host.default_output_device(),
        }
    }

    /// The devices that can be chosen, the default first.
    fn devices(&self, direction: Direction) -> Result<Vec<(DeviceInfo, cpal::Device)>, AudioError> {
        let mut devices = self.named(direction)?;
        if self.survey.is_none() {
            devices.retain(|(_, device)| !leads_nowhere(direction, device));
        }
        Ok(devices)
    }

    /// The devices that have a name which is worth showing, the default first. Opens none.
    fn named(&self, direction: Direction) -> Result<Vec<(DeviceInfo, cpal::Device)>, AudioError> {
        let default = self.default(direction).map(|device| info(&device, true).id);
        let all = self.host.devices().map_err(|error| AudioError::Stopped { direction, reason: reason(&error) })?;
        let mut found: Vec<(DeviceInfo, cpal::Device)> = all
            .filter(|device| match direction {
                Direction::Input => device.supports_input() && !is_monitor(device),
                Direction::Output => device.supports_output(),
            })
            .map(|device| {
                let mut info = info(&device, false);
                info.is_default = Some(&info.id) == default.as_ref();
                (info, device)
            })
            .filter(|(info, _)| self.survey.is_some() || is_worth_showing(&info.id))
            .collect();
        found.sort_by_key(|(info, _)| !info.is_default);
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

/// Whether this is ALSA's way to a sound server that does not run.
fn leads_nowhere(direction: Direction, device: &cpal::Device) -> bool {
    let config = match direction {
        Direction::Input => device.default_input_config(),
        Direction::Output => device.default_output_config(),
    };
    config.is_err_and(|error| is_missing_server(&error))
}

/// What ALSA's plugins for PulseAudio and PipeWire say when there is no server.
fn is_missing_server(error: &cpal::Error) -> bool {
    let text = error.to_string();
    text.contains("Connection refused") || text.contains("Host is down")
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
        _ if is_missing_server(error) => AudioError::NoServer { direction },
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
