//! Can Jarvis hear and be heard?

use std::time::Duration;

use jarvis_audio::{input_devices, probe_input, probe_output};
use jarvis_core::decibels;

use super::Found;

/// How long the microphone is listened to.
const LISTEN: Duration = Duration::from_millis(400);

pub(super) fn microphone(wanted: &str) -> Found {
    match probe_input(wanted, LISTEN) {
        Ok(levels) if levels.silent => Found::warn(
            format!("{} sends exact silence: it is switched off or muted outside of Jarvis.", levels.device),
            "Unmute it in the system's sound settings, or choose another with `jarvis config set audio.input_device NAME`.",
        ),
        Ok(levels) if levels.peak >= 0.99 => Found::warn(
            format!("{} is overdriven (peak {:.0} %).", levels.device, levels.peak * 100.0),
            "Lower its level in the system's sound settings.",
        ),
        Ok(levels) => Found::ok(format!("{} hears (level {:.1} dB).", levels.device, decibels(levels.rms))),
        Err(error) => {
            let hint = match input_devices() {
                Ok(devices) if !devices.is_empty() => {
                    format!("There are: {}.", names(devices.into_iter().map(|d| d.name)))
                }
                _ => "Plug one in, and check that the sound server runs.".into(),
            };
            Found::fail(error.message, format!("{} {hint}", error.hint).trim().to_owned())
        }
    }
}

pub(super) fn speaker(wanted: &str) -> Found {
    match probe_output(wanted) {
        Ok(name) => Found::ok(format!("{name} is there.")),
        Err(error) => error.into(),
    }
}

fn names(names: impl Iterator<Item = String>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
