//! Recording takes of a wake word: from the first sound of a voice to the pause after it.
//!
//! Nothing is written to disk; the takes live as long as the training.

use jarvis_audio::{Capture, CaptureOptions, Captured};
use jarvis_core::{Cancel, Error, Result};
use jarvis_engine::load::{Installed, Parts};
use jarvis_settings::Settings;
use jarvis_speech::wake::train::Take;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Probability of speech that begins a take, and below which it may be over.
const BEGINS: f32 = 0.5;
const QUIET: f32 = 0.3;
/// Quiet frames (32 ms) that end it.
const PAUSE: usize = 20;
/// Frames that are kept from before its beginning.
const BEFORE: usize = 12;
/// Frames of the longest take: 5 s.
const LONGEST: usize = 156;
/// How long nobody has to speak for the recording to be given up.
const PATIENCE: Duration = Duration::from_secs(20);

/// Records `count` takes of `phrase`, each checked at once: a bad one is asked for again.
///
/// # Errors
/// There is no microphone, nobody speaks, or `cancel` was raised.
pub(super) fn takes(
    (parts, settings): (&Installed, &Settings),
    phrase: &str,
    count: usize,
    cancel: &Cancel,
) -> Result<Vec<Take>> {
    let mut capture = Capture::open(CaptureOptions { device: settings.audio.input_device.clone() })?;
    let mut activity = parts.activity(settings)?;
    let mut takes = Vec::new();
    while takes.len() < count {
        eprintln!("Say \"{phrase}\" ({} of {count}) ...", takes.len() + 1);
        activity.reset();
        let samples = one(&mut capture, activity.as_mut(), cancel)?;
        let take = Take { name: format!("take {}", takes.len() + 1), samples };
        match take.phrase() {
            Ok(phrase) => {
                eprintln!("  {:.1} s, good", phrase.len() as f32 / 16_000.0);
                takes.push(take);
            }
            Err(error) => eprintln!("  {} {}", error.message, error.hint),
        }
    }
    Ok(takes)
}

fn one(capture: &mut Capture, activity: &mut dyn jarvis_core::Vad, cancel: &Cancel) -> Result<Vec<f32>> {
    let began = Instant::now();
    let mut before: VecDeque<[f32; jarvis_core::FRAME_SAMPLES]> = VecDeque::new();
    let mut take: Vec<f32> = Vec::new();
    let mut quiet = 0;
    let mut frames = 0;
    loop {
        if cancel.is_cancelled() {
            return Err(Error::cancelled());
        }
        let frame = match capture.next(Duration::from_millis(100)) {
            Captured::Frame(frame) => frame,
            Captured::Lost { message } | Captured::Silent { message } => {
                return Err(Error::new("audio.no_microphone", message, "`jarvis doctor` looks for one."));
            }
            _ if began.elapsed() > PATIENCE => return Err(nobody()),
            _ => continue,
        };
        let probability = activity.process(&frame)?;
        if take.is_empty() {
            if before.len() == BEFORE {
                before.pop_front();
            }
            before.push_back(frame.samples);
            if probability >= BEGINS {
                take.extend(before.drain(..).flatten());
            } else if began.elapsed() > PATIENCE {
                return Err(nobody());
            }
            continue;
        }
        take.extend(frame.samples);
        frames += 1;
        quiet = if probability < QUIET { quiet + 1 } else { 0 };
        if quiet >= PAUSE || frames >= LONGEST {
            return Ok(take);
        }
    }
}

fn nobody() -> Error {
    Error::new(
        "wake.nobody_spoke",
        "Nobody spoke for 20 seconds, so the recording was given up.",
        "Check the microphone with `jarvis doctor`.",
    )
}
