//! What devices are called, and which one a name means.
//!
//! Names are what the system shows to people ("Headset Stereo"); a device's identifier in the sound system
//! (`alsa_input.usb-…`) is taken too. Never opens a device.

use crate::backend::Sound;
use crate::error::AudioError;
use crate::opening::within;
use std::fmt;
use std::time::Duration;

/// Which way sound flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From a microphone.
    Input,
    /// To a speaker.
    Output,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Input => "microphone",
            Self::Output => "speaker",
        })
    }
}

/// A device that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceInfo {
    /// What the system calls it.
    pub name: String,
    /// Its identifier in the sound system; the same after a restart.
    pub id: String,
    /// Whether it is the system's default.
    pub is_default: bool,
}

/// How long listing may take before it counts as unanswered.
const LISTING_LIMIT: Duration = Duration::from_secs(4);

/// The microphones that can be chosen, the default first. Empty when there is none.
///
/// # Errors
/// The sound system does not answer.
pub fn input_devices() -> jarvis_core::Result<Vec<DeviceInfo>> {
    list(Direction::Input)
}

/// The speakers that can be chosen, the default first. Empty when there is none.
///
/// # Errors
/// The sound system does not answer.
pub fn output_devices() -> jarvis_core::Result<Vec<DeviceInfo>> {
    list(Direction::Output)
}

/// Checks the name of a device before it is used. Empty (the default) is always right, and so is any name while no
/// device exists or the sound system does not answer: that can mend itself, a wrong name cannot.
///
/// # Errors
/// No device has that name; the message lists what exists.
pub fn check_device(direction: Direction, wanted: &str) -> jarvis_core::Result<()> {
    if wanted.trim().is_empty() {
        return Ok(());
    }
    let wanted = wanted.to_owned();
    let found = within(LISTING_LIMIT, "jarvis-devices", move || Sound::new().find(direction, &wanted).map(|_| ()));
    match found {
        Some(Err(error @ AudioError::UnknownDevice { .. })) => Err(error.into()),
        _ => Ok(()),
    }
}

fn list(direction: Direction) -> jarvis_core::Result<Vec<DeviceInfo>> {
    let listed = within(LISTING_LIMIT, "jarvis-devices", move || Sound::new().list(direction));
    Ok(listed.unwrap_or(Err(AudioError::NoAnswer { seconds: LISTING_LIMIT.as_secs() }))?)
}

/// Which of `devices` the user means by `wanted`: the one of that name or identifier, else, whatever the case, the one
/// of that name, else the first whose name contains it.
pub(crate) fn choose(wanted: &str, devices: &[DeviceInfo]) -> Option<usize> {
    let wanted = wanted.trim();
    let lower = wanted.to_lowercase();
    let is = |test: &dyn Fn(&DeviceInfo) -> bool| devices.iter().position(test);
    is(&|device| device.name == wanted || device.id == wanted)
        .or_else(|| is(&|device| device.name.to_lowercase() == lower))
        .or_else(|| is(&|device| device.name.to_lowercase().contains(&lower)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn devices() -> Vec<DeviceInfo> {
        [("HD Webcam Mono", "alsa_input.usb-webcam"), ("Headset", "bluez.1"), ("headset stereo", "alsa_input.usb-head")]
            .map(|(name, id)| DeviceInfo { name: name.into(), id: id.into(), is_default: false })
            .into()
    }

    #[test]
    fn an_exact_name_comes_before_a_part_of_one() {
        assert_eq!(choose("headset stereo", &devices()), Some(2));
        assert_eq!(choose("HEADSET", &devices()), Some(1));
        assert_eq!(choose("stereo", &devices()), Some(2));
        assert_eq!(choose("webcam", &devices()), Some(0));
    }

    #[test]
    fn an_identifier_is_a_name_too() {
        assert_eq!(choose("bluez.1", &devices()), Some(1));
        assert_eq!(choose("nothing", &devices()), None);
        assert_eq!(choose("x", &[]), None);
    }
}
