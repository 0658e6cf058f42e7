//! The microphone as a stream of 32 ms frames, whatever happens to the device.
//!
//! ```text
//! device callback -> ring -> Capture::next: resample to 16 kHz -> AudioFrame
//!        supervisor: opens, watches, reopens -> Lost / Restored
//! ```
//! The callback ([`feed`]) neither locks, allocates nor logs. [`Capture`] belongs to one listening thread. The
//! [`supervisor`] runs on its own and never makes the listener wait for a sound server.

mod cpal_input;
mod feed;
mod framer;
mod silence;
mod supervisor;
#[cfg(test)]
mod tests;

use crate::backend::Sound;
use crate::error::AudioError;
use cpal_input::CpalInput;
use feed::Listener;
use framer::Framer;
use jarvis_core::AudioFrame;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use supervisor::{InputBackend, Notice, Opened, Supervisor};

/// What to capture.
#[derive(Debug, Clone, Default)]
pub struct CaptureOptions {
    /// Name of the microphone, or a part of it, or its identifier; empty for the system's default.
    pub device: String,
}

/// What [`Capture::next`] has to say.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "thirty frames a second are moved, not boxed: the path of sound does not allocate"
)]
pub enum Captured {
    /// The next 32 ms.
    Frame(AudioFrame),
    /// The microphone is gone, or was not there to begin with. Said once; nothing else but [`Self::Restored`] follows,
    /// as soon as there is one.
    Lost {
        /// A sentence for the user, with what to do.
        message: String,
    },
    /// The microphone works again. Said once after each [`Self::Lost`].
    Restored {
        /// Its name.
        device: String,
    },
    /// Another microphone is used than before or than one would think, or the same one again after the machine slept.
    Changed {
        /// Its name.
        device: String,
        /// A sentence for the user.
        message: String,
    },
    /// The microphone works but has sent exact zeros for [`Capture::SILENT_AFTER`]: it is switched off or muted outside
    /// of Jarvis. Said once, until there is sound again; never of one that is silent between words by design.
    Silent {
        /// A sentence for the user, with what to do.
        message: String,
    },
    /// Nothing happened within the time allowed.
    Idle,
}

/// An open microphone. Closed when dropped.
pub struct Capture {
    notices: mpsc::Receiver<Notice>,
    supervisor: mpsc::Sender<supervisor::Note>,
    listener: Arc<Listener>,
    framer: Option<Framer>,
    device: Option<String>,
    index: u64,
    /// What to say as soon as the microphone has sent something.
    welcome: Option<Captured>,
    /// The frame before which it is said.
    held: Option<AudioFrame>,
}

impl Capture {
    /// How long exact digital silence lasts before it is reported.
    pub const SILENT_AFTER: Duration = Duration::from_secs(5);

    /// Opens a microphone in the background and keeps it open. Returns at once; the first [`Self::next`]s tell what came
    /// of it. A microphone that is not there, by its name or at all, is no error here: it may be plugged in.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn open(options: CaptureOptions) -> jarvis_core::Result<Self> {
        Ok(Self::with_backend(Arc::new(CpalInput::new(Sound::new())), options.device)?)
    }

    fn with_backend(backend: Arc<dyn InputBackend>, wanted: String) -> Result<Self, AudioError> {
        let listener = Arc::new(Listener::default());
        let (notify, notices) = mpsc::channel();
        let supervisor = Supervisor::start(backend, wanted, Arc::clone(&listener), notify)?;
        Ok(Self { notices, supervisor, listener, framer: None, device: None, index: 0, welcome: None, held: None })
    }

    /// Waits for the next thing to report, at most `timeout`. Call it again and again from one thread: what is not
    /// fetched for two seconds is lost, which shows as a gap in [`AudioFrame::index`].
    pub fn next(&mut self, timeout: Duration) -> Captured {
        let deadline = Instant::now() + timeout;
        self.listener.attach();
        loop {
            if let Some(captured) = self.notice() {
                return captured;
            }
            if let Some(framer) = &mut self.framer {
                if let Some(message) = framer.silent() {
                    return Captured::Silent { message };
                }
                if let Some(frame) = self.held.take() {
                    return Captured::Frame(frame);
                }
                if let Some((lost, samples)) = framer.pull() {
                    self.index += lost;
                    let frame = AudioFrame { index: self.index, samples };
                    self.index += 1;
                    return match self.welcome.take() {
                        Some(welcome) => {
                            self.held = Some(frame);
                            welcome
                        }
                        None => Captured::Frame(frame),
                    };
                }
            }
            let Some(left) = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) else {
                return Captured::Idle;
            };
            self.listener.wait(left);
        }
    }

    /// Name of the microphone that is open, if one is.
    pub fn device(&self) -> Option<&str> {
        self.device.as_deref()
    }

    fn notice(&mut self) -> Option<Captured> {
        loop {
            match self.notices.try_recv().ok()? {
                Notice::Opened { framer, device, opened } => {
                    // What the old device still had belongs before a gap.
                    if self.framer.replace(*framer).is_some() || self.index > 0 {
                        self.index += 1;
                    }
                    self.welcome = match opened {
                        Opened::First => None,
                        Opened::Again => Some(Captured::Restored { device: device.clone() }),
                        Opened::Instead { message } => Some(Captured::Changed { device: device.clone(), message }),
                    };
                    self.held = None;
                    self.device = Some(device);
                }
                Notice::Lost { message } => {
                    self.framer = None;
                    self.device = None;
                    (self.welcome, self.held) = (None, None);
                    return Some(Captured::Lost { message });
                }
                Notice::Remark { device, message } => return Some(Captured::Changed { device, message }),
            }
        }
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        // The supervisor closes the stream on its own time; a hung one must not hang us.
        let _ = self.supervisor.send(supervisor::Note::Quit);
    }
}

impl Listener {
    /// Waits until the callback has new sound, at most `limit`.
    fn wait(&self, limit: Duration) {
        // Sound comes every 20 to 40 ms; looking twice as often costs nothing when this is not the thread that is
        // woken, and keeps notices of the supervisor prompt.
        let slice = if self.is_attached_here() { Duration::from_millis(50) } else { Duration::from_millis(10) };
        thread::park_timeout(limit.min(slice));
    }
}
