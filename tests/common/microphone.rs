//! The user's end of the microphone.

use super::{Desktop, Speaker};
use jarvis_audio::echo::{EchoRoom, RoomOptions};
use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const RATE: usize = 16_000;
/// 20 ms.
const PIECE: usize = RATE / 50;

/// Pieces after which what the speaker plays is heard: the recorder has delivered it by then, on a busy machine, too.
const BEHIND: usize = 5;

/// Feeds the microphone at the pace of real time, with what is said and with a quiet room's noise in between.
pub struct Microphone {
    queue: Arc<Mutex<VecDeque<f32>>>,
    ends: Arc<AtomicBool>,
    is_off: Arc<AtomicBool>,
    holes: Arc<AtomicU32>,
    thread: Option<JoinHandle<()>>,
}

impl Microphone {
    /// Switches it on.
    pub fn of(desktop: &Desktop) -> Self {
        Self::at(desktop.microphone_pipe())
    }

    /// Switches the one on that hears what is written into a pipe.
    pub fn at(pipe: PathBuf) -> Self {
        Self::with(pipe, None)
    }

    /// Switches one on that stands in a room with the speaker and hears it, `decibels` louder than it plays.
    pub fn beside(desktop: &Desktop, speaker: &Speaker, decibels: f32) -> Self {
        let options = RoomOptions {
            delay: Duration::from_millis(10),
            level_db: decibels,
            reverberation: Duration::from_millis(150),
            drift_ppm: 0.0,
        };
        let (recording, position) = (speaker.recording(), speaker.position());
        let holes = Arc::default();
        let echo = Echo { recording, position, begun: false, holes, room: EchoRoom::new(options, 7) };
        Self::with(desktop.microphone_pipe(), Some(echo))
    }

    fn with(pipe: PathBuf, echo: Option<Echo>) -> Self {
        let queue = Arc::new(Mutex::new(VecDeque::new()));
        let (ends, is_off) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let holes = echo.as_ref().map_or_else(Arc::default, |echo| Arc::clone(&echo.holes));
        let (said, stop, off) = (Arc::clone(&queue), Arc::clone(&ends), Arc::clone(&is_off));
        let thread = thread::spawn(move || feed(&pipe, &said, echo, &stop, &off));
        Self { queue, ends, is_off, holes, thread: Some(thread) }
    }

    /// Works the switch on its cable: off, it sends exact zeros.
    pub fn switch_off(&self, off: bool) {
        self.is_off.store(off, Ordering::Relaxed);
    }

    /// Pieces of the speaker's sound that a busy machine delivered too late to be heard: a hole in the echo, as no room has.
    pub fn holes(&self) -> u32 {
        self.holes.load(Ordering::Relaxed)
    }

    /// Says something: 16 kHz samples, -1..=1. Returns at once.
    pub fn say(&self, samples: &[f32]) {
        self.queue.lock().expect("the microphone's thread lives").extend(samples);
    }

    /// Says something and returns when the last of it was said.
    pub fn say_and_wait(&self, samples: &[f32]) -> Instant {
        self.say(samples);
        let limit = Duration::from_secs(30) + Duration::from_secs_f32(samples.len() as f32 / RATE as f32);
        super::wait_for("the microphone to say it all", limit, || {
            self.queue.lock().expect("the microphone's thread lives").is_empty().then(Instant::now)
        })
    }
}

impl Drop for Microphone {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn feed(path: &Path, queue: &Mutex<VecDeque<f32>>, mut echo: Option<Echo>, stop: &AtomicBool, off: &AtomicBool) {
    let start = Instant::now();
    let mut pipe = Pipe { path: path.into(), file: None };
    let mut noise = Noise(1);
    let mut bytes = Vec::with_capacity(2 * PIECE);
    for piece in 1u32.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        bytes.clear();
        let echoed = echo.as_mut().map(Echo::next);
        let mut queue = queue.lock().expect("nobody panics with it");
        for n in 0..PIECE {
            let echo = echoed.as_ref().map_or(0.0, |echo| echo[n]);
            let said = (queue.pop_front().unwrap_or(0.0) + echo) * 32_767.0;
            let heard = if off.load(Ordering::Relaxed) { 0.0 } else { said + noise.next() };
            let sample = heard.clamp(-32_768.0, 32_767.0) as i16;
            bytes.extend_from_slice(&sample.to_le_bytes());
        }
        drop(queue);
        pipe.write(&bytes);
        thread::sleep((start + Duration::from_millis(20) * piece).saturating_duration_since(Instant::now()));
    }
}

/// The speaker's sound on its way to the microphone.
struct Echo {
    recording: Arc<Mutex<Vec<f32>>>,
    /// How much of the recording has been heard.
    position: usize,
    /// The recorder has delivered enough to be heard without a break.
    begun: bool,
    holes: Arc<AtomicU32>,
    room: EchoRoom,
}

impl Echo {
    /// The next piece. What the recorder has not delivered by now is silence: a room's delay does not change.
    fn next(&mut self) -> Vec<f32> {
        let mut piece = [0.0; PIECE];
        let recording = self.recording.lock().expect("nobody panics with it");
        self.begun |= recording.len() >= self.position + BEHIND * PIECE;
        if !self.begun {
            drop(recording);
            return self.room.play(&piece);
        }
        if let Some(played) = recording.get(self.position..self.position + PIECE) {
            piece.copy_from_slice(played);
        } else {
            self.holes.fetch_add(1, Ordering::Relaxed);
        }
        drop(recording);
        self.position += PIECE;
        self.room.play(&piece)
    }
}

/// The pipe into the sound server. It is another file each time the microphone is plugged in.
struct Pipe {
    path: PathBuf,
    file: Option<(File, u64)>,
}

impl Pipe {
    fn write(&mut self, bytes: &[u8]) {
        let Ok(metadata) = std::fs::metadata(&self.path) else {
            self.file = None;
            return;
        };
        if self.file.as_ref().is_none_or(|(_, inode)| *inode != metadata.ino()) {
            // For reading too, so that opening neither waits for the server nor breaks when it goes.
            let opened = OpenOptions::new().read(true).write(true).custom_flags(libc::O_NONBLOCK).open(&self.path);
            self.file = opened.ok().map(|file| {
                // SAFETY: a call on a file descriptor that is open. A pipe of half a second outlasts a busy machine and
                // keeps what is said from piling up while nobody listens; when it cannot be shortened it is longer.
                unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETPIPE_SZ, 16_384) };
                (file, metadata.ino())
            });
        }
        if let Some((file, _)) = &mut self.file {
            // A full pipe means that nobody listens: what is said is lost, as with a real microphone.
            let _ = file.write(bytes);
        }
    }
}

/// A quiet room: white noise of about -75 dB. Real microphones are never exactly silent.
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / (1 << 24) as f32 * 20.0 - 10.0
    }
}
