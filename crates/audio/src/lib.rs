//! Sound in and out: capture, ring, resampling, playback.
//!
//! The only crate that knows devices. [`Capture`] turns whatever microphone there is into
//! [`jarvis_core::AudioFrame`]s (16 kHz, mono, 512 samples), [`Player`] turns [`jarvis_core::SpeechAudio`] into sound,
//! [`wav`] reads and writes files, and [`input_devices`] and [`output_devices`] tell what can be chosen.
//!
//! Both ends own their recovery: a device that vanishes or returns, a default that changes and a sound server that
//! restarts are noticed and repaired on threads of this crate, and the caller only sees `Lost` and `Restored`. Sound
//! servers may block for ever, so every call that can is made on a thread of its own and given up after a while.
//!
//! Never decides what is heard or said, and never keeps sound longer than its buffers.

#[cfg(test)]
mod allocation;
mod backend;
mod capture;
mod convert;
mod device;
pub mod echo;
pub mod effects;
mod error;
mod opening;
mod player;
mod probe;
mod resample;
mod sleep;
#[cfg(all(test, target_os = "linux"))]
mod waiting;
mod watch;
pub mod wav;

pub use capture::{Capture, CaptureOptions, Captured};
pub use device::{DeviceInfo, Direction, check_device, input_devices, output_devices};
pub use error::AudioError;
pub use player::{Cue, PLAYED_SAMPLES, Played, Player, PlayerEvent, PlayerOptions, Tap};
pub use probe::{InputLevels, probe_input, probe_output};
