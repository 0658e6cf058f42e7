//! Telling the user's voice from the assistant's own, for speech over an answer.
//!
//! There is no echo canceller yet, so this works on levels: [`Playback`] knows how loud the sound is that leaves the
//! speaker now, and [`Guard`] learns how much of it comes back into the microphone and lets only sound pass for the user's
//! that is clearly louder than that. With headphones or a good distance nothing comes back and a quiet word is enough; by
//! open loudspeakers the user has to be louder than they are, or use the wake word.
//!
//! Never touches the sound itself.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jarvis_core::{AudioFrame, SpeechAudio};

/// Echo arrives late (buffers of the sound server, the room); anything played this recently may be what is heard.
const REACH: Duration = Duration::from_millis(600);

/// Length of a step of the envelope.
const STEP: Duration = AudioFrame::DURATION;

#[derive(Debug, Default)]
struct Timeline {
    /// Root mean square of each step, from `origin` on.
    envelope: VecDeque<f32>,
    /// When the first step of `envelope` leaves the speaker; none while nothing plays.
    origin: Option<Instant>,
}

/// How loud the speaker is and was. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Playback(Arc<Mutex<Timeline>>);

impl Playback {
    /// `audio` was given to the speaker at `now`, to be played after what was given before.
    pub(crate) fn append(&self, audio: &SpeechAudio, now: Instant) {
        let mut timeline = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        forget(&mut timeline, now);
        let origin = *timeline.origin.get_or_insert(now);
        // The speaker ran dry in between: that was silence.
        while origin + STEP * (timeline.envelope.len() as u32 + 1) < now {
            timeline.envelope.push_back(0.0);
        }
        let step = (audio.sample_rate as usize * STEP.as_millis() as usize / 1000).max(1);
        timeline.envelope.extend(
            audio
                .samples
                .chunks(step)
                .map(|chunk| (chunk.iter().map(|sample| sample * sample).sum::<f32>() / chunk.len() as f32).sqrt()),
        );
    }

    /// The speaker was silenced at `now`.
    pub(crate) fn silence(&self, now: Instant) {
        let mut timeline = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(origin) = timeline.origin {
            let played = now.saturating_duration_since(origin).as_millis() / STEP.as_millis();
            timeline.envelope.truncate(played as usize + 1);
        }
    }

    /// The loudest, 0..=1, that a microphone may now hear of it; 0 when nothing played lately.
    pub(crate) fn loudest(&self, now: Instant) -> f32 {
        let mut timeline = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        forget(&mut timeline, now);
        let Some(origin) = timeline.origin else { return 0.0 };
        let played = (now.saturating_duration_since(origin).as_millis() / STEP.as_millis()) as usize + 1;
        timeline.envelope.iter().take(played).fold(0.0, |loudest, step| loudest.max(*step))
    }
}

/// Drops what was played too long ago to be heard.
fn forget(timeline: &mut Timeline, now: Instant) {
    while let Some(origin) = timeline.origin
        && origin + STEP + REACH < now
    {
        timeline.origin = timeline.envelope.pop_front().map(|_| origin + STEP);
    }
}

/// Steps in a block, for which the loudest return is noted.
const BLOCK: usize = 10;
/// Blocks that count.
const BLOCKS: usize = 12;
/// How much louder than the echo the user has to be.
const MARGIN: f32 = 2.0;
/// Quieter than this is nobody who wants to be heard.
const FLOOR: f32 = 0.004;
/// Probability of speech that counts.
const SPEECH: f32 = 0.6;
/// Of the last [`WINDOW`] frames this many have to be the user's: about a quarter of a second.
const ENOUGH: u32 = 8;
const WINDOW: u32 = 10;

/// What the guard makes of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heard {
    /// It is louder than the echo can be.
    pub(crate) louder: bool,
    /// The user has been speaking for long enough to mean it.
    pub(crate) sustained: bool,
}

/// Decides, frame by frame, whether the user speaks over the answer.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    /// Loudest share of the played sound that came back, in past blocks.
    returns: VecDeque<f32>,
    block_max: f32,
    block_len: usize,
    /// A bit a frame, the newest lowest: whether it was the user.
    history: u32,
}

impl Guard {
    /// A new answer is spoken; what was learned about the room stays.
    pub(crate) fn begin(&mut self) {
        self.history = 0;
        self.block_max = 0.0;
        self.block_len = 0;
    }

    /// Takes the next frame's `rms` and `probability` of speech, while `playing` ([`Playback::loudest`]) leaves the
    /// speaker.
    pub(crate) fn on_frame(&mut self, rms: f32, probability: f32, playing: f32) -> Heard {
        let learned = self.returns.iter().copied().reduce(f32::max);
        let threshold = if playing < FLOOR {
            Some(FLOOR)
        } else {
            // Until the room is known, everything may be echo.
            learned.map(|share| (share * playing * MARGIN).max(FLOOR))
        };
        let louder = threshold.is_some_and(|threshold| rms > threshold);
        let user = louder && probability >= SPEECH;
        // What may be the user teaches nothing about the echo.
        if playing >= FLOOR && !(user && learned.is_some()) {
            self.block_max = self.block_max.max(rms / playing);
            self.block_len += 1;
            if self.block_len == BLOCK {
                if self.returns.len() == BLOCKS {
                    self.returns.pop_front();
                }
                self.returns.push_back(self.block_max);
                self.block_max = 0.0;
                self.block_len = 0;
            }
        }
        self.history = (self.history << 1) | u32::from(user);
        Heard { louder, sustained: (self.history & ((1 << WINDOW) - 1)).count_ones() >= ENOUGH }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(level: f32, seconds: f32) -> SpeechAudio {
        SpeechAudio { samples: vec![level; (22_050.0 * seconds) as usize], sample_rate: 22_050 }
    }

    #[test]
    fn playback_knows_how_loud_the_speaker_is_and_lately_was() {
        let playback = Playback::default();
        let start = Instant::now();
        assert_eq!(playback.loudest(start), 0.0);
        playback.append(&tone(0.2, 1.0), start);
        playback.append(&tone(0.4, 1.0), start);
        let at = |ms| playback.loudest(start + Duration::from_millis(ms));
        assert!((at(500) - 0.2).abs() < 1e-3);
        assert!((at(1500) - 0.4).abs() < 1e-3);
        assert!((at(2300) - 0.4).abs() < 1e-3, "echo comes late");
        assert_eq!(at(2800), 0.0);
    }

    #[test]
    fn a_silenced_speaker_is_silent_after_its_echo() {
        let playback = Playback::default();
        let start = Instant::now();
        playback.append(&tone(0.2, 10.0), start);
        playback.silence(start + Duration::from_millis(1000));
        assert!(playback.loudest(start + Duration::from_millis(1300)) > 0.1);
        assert_eq!(playback.loudest(start + Duration::from_millis(1800)), 0.0);
    }

    /// An answer of two seconds with speech-like ups and downs, of which `share` comes back.
    fn answer(guard: &mut Guard, share: f32) -> bool {
        guard.begin();
        let mut interrupted = false;
        for frame in 0..60 {
            let level = 0.05 + 0.1 * ((frame as f32 * 0.7).sin().abs());
            interrupted |= guard.on_frame(level * share, if share > 0.05 { 0.95 } else { 0.1 }, 0.15).sustained;
        }
        interrupted
    }

    #[test]
    fn its_own_echo_does_not_interrupt_it() {
        for share in [0.0, 0.1, 0.5, 1.5] {
            let mut guard = Guard::default();
            for _ in 0..3 {
                assert!(!answer(&mut guard, share), "share {share}");
            }
        }
    }

    #[test]
    fn a_user_with_headphones_interrupts_within_a_third_of_a_second() {
        let mut guard = Guard::default();
        answer(&mut guard, 0.0);
        let frames = (1..40).find(|_| guard.on_frame(0.03, 0.9, 0.15).sustained).expect("interrupted");
        assert!(frames <= WINDOW, "{frames} frames");
    }

    #[test]
    fn a_user_louder_than_the_loudspeakers_interrupts() {
        let mut guard = Guard::default();
        answer(&mut guard, 0.3);
        assert!((1..40).any(|_| guard.on_frame(0.15, 0.9, 0.15).sustained));
    }

    #[test]
    fn a_door_that_slams_does_not() {
        let mut guard = Guard::default();
        answer(&mut guard, 0.0);
        assert!(!(0..5).any(|_| guard.on_frame(0.5, 0.8, 0.15).sustained));
        assert!(!(0..40).any(|_| guard.on_frame(0.2, 0.1, 0.15).sustained));
    }
}
