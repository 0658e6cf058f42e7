//! Hearing the user while Jarvis speaks.
//!
//! [`Echo`] takes the answer out of what the microphone hears, while one is played and shortly after; at all other times
//! frames pass as they came and cost nothing. [`Guard`] tells from what is left whether the user speaks: it has to be
//! speech, most of what was heard must have survived the canceller, and it must be louder than what the canceller has
//! left of the answer so far. The last matters where cancelling fails: a loudspeaker that distorts, an echo that comes
//! later than half a second.
//!
//! Never decides what an interruption leads to; the turn does.

use std::collections::VecDeque;
use std::sync::mpsc::Receiver;
use std::time::Instant;

use jarvis_audio::echo::{Clean, EchoCanceller, References, Source};
use jarvis_core::{AudioFrame, FRAME_SAMPLES};

/// Frames for which an echo may go on after the speaker fell silent: half a second, the canceller's reach, and more.
const REACH: usize = 20;

/// What was heard in one frame, without the answer.
#[derive(Debug, Clone)]
pub struct Heard {
    /// For recognition and the wake word: nothing of the user is missing; a rest of the answer may be there.
    pub sound: AudioFrame,
    /// For voice activity: the rest is gone too, and with it a part of what the user said at the same time.
    pub voice: AudioFrame,
    /// Loudest of what was played in the last moments, as root mean square, 0..=1; 0 when no echo can be heard.
    pub playing: f32,
}

/// Takes the answer out of what the microphone hears.
pub struct Echo {
    /// Each speaker that is opened sends its tap.
    taps: Receiver<Box<dyn Source>>,
    references: References,
    /// There is one once something was played.
    canceller: Option<Box<EchoCanceller>>,
    clean: Clean,
    /// Root mean squares of what was played, the newest last.
    played: VecDeque<f32>,
    /// Number of the frame that comes next if none is lost.
    next: Option<u64>,
}

impl Echo {
    /// Follows whichever speaker sent its tap last.
    pub fn new(taps: Receiver<Box<dyn Source>>) -> Self {
        Self {
            taps,
            references: References::default(),
            canceller: None,
            clean: Clean::default(),
            played: VecDeque::with_capacity(REACH + 1),
            next: None,
        }
    }

    /// Takes the next frame, heard at `now`.
    pub fn process(&mut self, frame: &AudioFrame, now: Instant) -> Heard {
        while let Ok(tap) = self.taps.try_recv() {
            self.references.follow(tap);
        }
        let lost = self.next.map_or(0, |next| frame.index.saturating_sub(next));
        self.next = Some(frame.index + 1);
        let reference = self.references.next(now, lost);
        if self.played.len() == REACH {
            self.played.pop_front();
        }
        self.played.push_back(rms(&reference.samples));
        if reference.silent_for as usize > REACH {
            return Heard { sound: frame.clone(), voice: frame.clone(), playing: 0.0 };
        }
        let canceller = self.canceller.get_or_insert_with(Box::default);
        canceller.process(&reference.samples, &frame.samples, &mut self.clean);
        Heard {
            sound: AudioFrame { index: frame.index, samples: self.clean.subtracted },
            voice: AudioFrame { index: frame.index, samples: self.clean.suppressed },
            playing: self.played.iter().copied().fold(0.0, f32::max),
        }
    }

    /// Another microphone hears from now on: what was learned of the way to the old one is worth nothing.
    pub fn forget(&mut self) {
        self.canceller = None;
        self.next = None;
    }
}

fn rms(samples: &[f32; FRAME_SAMPLES]) -> f32 {
    (samples.iter().map(|sample| sample * sample).sum::<f32>() / FRAME_SAMPLES as f32).sqrt()
}

/// Steps in a block, for which the loudest return is noted.
const BLOCK: usize = 10;
/// Blocks that count.
const BLOCKS: usize = 12;
/// How much louder than the rest of the echo the user has to be.
const MARGIN: f32 = 2.0;
/// Quieter than this is nobody who wants to be heard.
const FLOOR: f32 = 0.004;
/// How much of what was heard the canceller must have left for it to be the user's: of an echo it leaves a tenth at most,
/// of a user as loud as the echo about half.
const SURVIVED: f32 = 0.3;
/// Probability of speech that counts.
const SPEECH: f32 = 0.6;
/// Of the newest `.1` frames `.0` have to be the user's for a first sign: about 60 ms of speech.
const SIGN: (u32, u32) = (2, 3);
/// And for an interruption: about 100 ms.
const SUSTAINED: (u32, u32) = (3, 4);

/// What the guard makes of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// It is louder than the echo can be.
    pub louder: bool,
    /// The user may be speaking.
    pub sign: bool,
    /// The user has been speaking for long enough to mean it.
    pub sustained: bool,
}

/// Decides, frame by frame, whether the user speaks over the answer.
#[derive(Debug, Default)]
pub struct Guard {
    /// Loudest share of the played sound that was left, in past blocks.
    returns: VecDeque<f32>,
    block_max: f32,
    block_len: usize,
    /// A bit a frame, the newest lowest: whether it was the user.
    history: u32,
}

impl Guard {
    /// A new answer is spoken; what was learned about the room stays.
    pub fn begin(&mut self) {
        self.history = 0;
        self.block_max = 0.0;
        self.block_len = 0;
    }

    /// Takes the next frame: how loud it came (`raw`), what [`Echo`] made of it, and the `probability` that
    /// [`Heard::voice`] is speech.
    pub fn on_frame(&mut self, raw: f32, heard: &Heard, probability: f32) -> Verdict {
        let left = heard.voice.rms();
        let loud = left > FLOOR && left > SURVIVED * raw;
        let louder = if heard.playing < FLOOR {
            loud
        } else {
            let learned = self.returns.iter().copied().reduce(f32::max);
            let user = loud && learned.is_some_and(|share| left > share * heard.playing * MARGIN);
            // What may be the user teaches nothing about the echo.
            if !(user && probability >= SPEECH) {
                self.learn(left / heard.playing);
            }
            user
        };
        let user = louder && probability >= SPEECH;
        self.history = (self.history << 1) | u32::from(user);
        let lately = |(enough, of): (u32, u32)| (self.history & ((1 << of) - 1)).count_ones() >= enough;
        Verdict { louder, sign: lately(SIGN), sustained: lately(SUSTAINED) }
    }

    fn learn(&mut self, share: f32) {
        self.block_max = self.block_max.max(share);
        self.block_len += 1;
        if self.block_len == BLOCK {
            if self.returns.len() == BLOCKS {
                self.returns.pop_front();
            }
            self.returns.push_back(self.block_max);
            (self.block_max, self.block_len) = (0.0, 0);
        }
    }
}
