//! The user's ear.

use super::Desktop;
use std::io::Read;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const RATE: usize = 16_000;

/// Records what the speaker plays, from the moment it is made.
pub struct Speaker {
    recorder: Child,
    recording: Arc<Mutex<Vec<f32>>>,
}

impl Speaker {
    /// Begins to listen.
    pub fn of(desktop: &Desktop) -> Self {
        let mut recorder = desktop
            .command("parec")
            .args(["--device=speaker.monitor", "--format=s16le", "--rate=16000", "--channels=1"])
            .args(["--latency-msec=20", "--raw"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("parec starts");
        let mut output = recorder.stdout.take().expect("piped");
        let recording = Arc::new(Mutex::new(Vec::new()));
        let samples = Arc::clone(&recording);
        thread::spawn(move || {
            let (mut buffer, mut odd) = ([0u8; 4096], Vec::new());
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                odd.extend_from_slice(&buffer[..count]);
                let whole = odd.len() / 2 * 2;
                let mut samples = samples.lock().expect("nobody panics with it");
                samples.extend(
                    odd[..whole].chunks_exact(2).map(|b| f32::from(i16::from_le_bytes([b[0], b[1]])) / 32_768.0),
                );
                drop(samples);
                odd.drain(..whole);
            }
        });
        Self { recorder, recording }
    }

    /// How much was recorded so far, in samples at 16 kHz.
    pub fn position(&self) -> usize {
        self.recording.lock().expect("nobody panics with it").len()
    }

    /// The recording itself, for a microphone that stands beside the speaker.
    pub(super) fn recording(&self) -> Arc<Mutex<Vec<f32>>> {
        Arc::clone(&self.recording)
    }

    /// What was recorded since `position`.
    pub fn since(&self, position: usize) -> Vec<f32> {
        let recording = self.recording.lock().expect("nobody panics with it");
        recording.get(position..).unwrap_or_default().to_vec()
    }

    /// Waits until something is heard after `position`.
    #[track_caller]
    pub fn wait_for_sound(&self, position: usize, limit: Duration) -> Instant {
        super::wait_for("a sound from the speaker", limit, || is_sound(&self.since(position)).then(Instant::now))
    }

    /// Waits until nothing has been heard for `quiet`; returns when it fell silent.
    #[track_caller]
    pub fn wait_for_silence(&self, quiet: Duration, limit: Duration) -> Instant {
        let span = (quiet.as_secs_f32() * RATE as f32) as usize;
        super::wait_for("the speaker to fall silent", limit, || {
            let end = self.position();
            let tail = self.since(end.saturating_sub(span));
            (tail.len() >= span && !is_sound(&tail)).then(|| Instant::now() - quiet)
        })
    }
}

/// How loud, as root mean square, 0..=1.
pub fn level(samples: &[f32]) -> f32 {
    (samples.iter().map(|s| s * s).sum::<f32>() / samples.len().max(1) as f32).sqrt()
}

/// Whether there is anything louder than a breath in it.
pub fn is_sound(samples: &[f32]) -> bool {
    samples.chunks(RATE / 50).any(|piece| level(piece) > 0.005)
}

impl Drop for Speaker {
    fn drop(&mut self) {
        let _ = self.recorder.kill();
        let _ = self.recorder.wait();
    }
}
