//! Hearing the user while Jarvis speaks.
//!
//! [`Echo`] takes the answer out of what the microphone hears, while one is played and shortly after; at all other times
//! frames pass as they came and cost nothing. [`Guard`] tells from what is left whether the user speaks: it has to be
//! speech, most of what was heard must have survived the canceller, and it must be louder than what the canceller has
//! left of the answer so far. The last matters where cancelling fails: a loudspeaker that distorts, an echo that comes
//! later than half a second.
//!
//! AEC3 takes every echo for possible until it has found one, and keeps a user quiet meanwhile: with headphones on, whoever
//! speaks over the answer would not be heard at all. So where the microphone is as quiet during the answer as before it
//! ([`Audibility`]), there is no echo, and nothing is suppressed.
//!
//! What the WebRTC project puts behind its canceller was tried and left out: over 185 recordings (clean, in noise, two
//! synthetic voices and people) the word error rate of Whisper tiny.en was 10.2 % without, 11.9 % with its noise
//! suppression, and 10.9 % with its gain control. Recognizer, voice activity and wake word were all trained on sound with
//! noise in it.
//!
//! Never decides what an interruption leads to; the turn does.

use std::collections::VecDeque;
use std::sync::mpsc::Receiver;
use std::time::Instant;

use jarvis_audio::echo::{Clean, EchoCanceller, EchoPath, References, Source};
use jarvis_core::{AudioFrame, FRAME_SAMPLES};

/// Frames for which an echo may go on after the speaker fell silent: half a second, the canceller's reach, and more.
const REACH: usize = 20;

/// What was heard in one frame, without the answer.
#[derive(Debug, Clone)]
pub struct Heard {
    /// For recognition and the wake word: nothing of the user is missing; a rest of the answer may be there.
    pub sound: AudioFrame,
    /// For voice activity: the rest is gone too, and with it a part of what the user said at the same time; the same as
    /// `sound` where no echo can be heard.
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
    audibility: Audibility,
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
            audibility: Audibility::default(),
            played: VecDeque::with_capacity(REACH + 1),
            next: None,
        }
    }

    /// Takes the next frame, heard at `now`.
    pub fn process(&mut self, frame: &AudioFrame, now: Instant) -> Heard {
        while let Ok(tap) = self.taps.try_recv() {
            self.references.follow(tap);
            self.audibility = Audibility::default();
        }
        let lost = self.next.map_or(0, |next| frame.index.saturating_sub(next));
        self.next = Some(frame.index + 1);
        let reference = self.references.next(now, lost);
        if self.played.len() == REACH {
            self.played.pop_front();
        }
        self.played.push_back(rms(&reference.samples));
        if reference.silent_for as usize > REACH {
            self.audibility.on_frame(frame.rms(), 0.0);
            return Heard { sound: frame.clone(), voice: frame.clone(), playing: 0.0 };
        }
        let canceller = self.canceller.get_or_insert_with(Box::default);
        canceller.process(&reference.samples, &frame.samples, &mut self.clean);
        let playing = self.played.iter().copied().fold(0.0, f32::max);
        let is_heard = self.audibility.on_frame(frame.rms(), playing);
        let voice = if is_heard { self.clean.suppressed } else { self.clean.subtracted };
        Heard {
            sound: AudioFrame { index: frame.index, samples: self.clean.subtracted },
            voice: AudioFrame { index: frame.index, samples: voice },
            playing,
        }
    }

    /// What was learned of the way from the speaker to the microphone; none before anything was played.
    pub fn path(&self) -> Option<EchoPath> {
        self.canceller.as_ref().map(|canceller| canceller.path())
    }

    /// Another microphone hears from now on: what was learned of the way to the old one is worth nothing.
    pub fn forget(&mut self) {
        self.canceller = None;
        self.audibility = Audibility::default();
        self.next = None;
    }
}

/// An echo that is quieter than this share of what is played is none: -50 dB.
const INAUDIBLE: f32 = 0.003;
/// As is one that comes with less than this.
const FAINT: f32 = 0.001;
/// How much louder than the room it has to be.
const ABOVE_ROOM: f32 = 2.0;
/// By how much the room's level is taken to rise in a frame that was louder: a tenth a second. It falls at once.
const ROOM_RISE: f32 = 1.003;
/// Stretches with something in the microphone after which there is an echo after all; a user who speaks makes one, too.
const LOUD_STRETCHES: u32 = 2;

/// Tells whether any of the answer can be heard in the microphone, from how loud stretches of [`REACH`] frames are in which
/// something plays. One stretch as quiet as the room is enough to know that there is no echo.
#[derive(Debug)]
struct Audibility {
    is_heard: bool,
    /// The quietest of late while nothing played.
    room: f32,
    loudest: f32,
    frames: usize,
    loud_stretches: u32,
}

impl Default for Audibility {
    /// Heard, until it is known not to be.
    fn default() -> Self {
        Self { is_heard: true, room: f32::MAX, loudest: 0.0, frames: 0, loud_stretches: 0 }
    }
}

impl Audibility {
    /// Takes how loud a frame came and how loud what was played lately is.
    fn on_frame(&mut self, raw: f32, playing: f32) -> bool {
        if playing < FLOOR {
            self.room = raw.min(self.room * ROOM_RISE);
            (self.loudest, self.frames) = (0.0, 0);
            return self.is_heard;
        }
        self.loudest = self.loudest.max(raw);
        self.frames += 1;
        if self.frames == REACH {
            let room = if self.room == f32::MAX { 0.0 } else { self.room };
            let before = self.is_heard;
            if self.loudest < FAINT.max(INAUDIBLE * playing).max(ABOVE_ROOM * room) {
                (self.is_heard, self.loud_stretches) = (false, 0);
            } else {
                self.loud_stretches += 1;
                self.is_heard |= self.loud_stretches >= LOUD_STRETCHES;
            }
            if self.is_heard != before {
                tracing::debug!(is_heard = self.is_heard, loudest = self.loudest, playing, room, "the answer's echo");
            }
            (self.loudest, self.frames) = (0.0, 0);
        }
        self.is_heard
    }
}

fn rms(samples: &[f32; FRAME_SAMPLES]) -> f32 {
    (samples.iter().map(|sample| sample * sample).sum::<f32>() / FRAME_SAMPLES as f32).sqrt()
}

/// Steps in a block, for which the loudest return is noted.
const BLOCK: usize = 10;
/// Blocks that count.
const BLOCKS: usize = 12;
/// How much louder than the rest of the echo the user has to be. This and the next were chosen on 136 requests in five
/// synthetic voices over three answers in computed rooms (echo of -20 and -10 dB, 30 to 120 ms late), and on 40 minutes of
/// answers alone, also from loudspeakers that distort: of those nothing came through, whatever was chosen here.
const MARGIN: f32 = 1.5;
/// Quieter than this is nobody who wants to be heard.
const FLOOR: f32 = 0.004;
/// How much of what was heard the canceller must have left for it to be the user's: of an echo it leaves a tenth at most,
/// of a user as loud as the echo about half.
const SURVIVED: f32 = 0.3;
/// Probability of speech that counts: little, since a word's first frames get little, and an answer that was held for a
/// noise goes on.
const SPEECH: f32 = 0.3;
/// Of the newest `.1` frames `.0` have to be the user's for a first sign.
const SIGN: (u32, u32) = (1, 3);
/// And for an interruption: about 60 ms of speech.
const SUSTAINED: (u32, u32) = (2, 3);

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
    /// Of the last whole block, which counts once another one without the user has followed: the first frames of a word
    /// are not yet known for the user's.
    pending: Option<f32>,
    /// A bit a frame, the newest lowest: whether it was the user.
    history: u32,
}

impl Guard {
    /// A new answer is spoken; what was learned about the room stays.
    pub fn begin(&mut self) {
        self.history = 0;
        self.unlearn();
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
            if user && probability >= SPEECH {
                self.unlearn();
            } else {
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
            if let Some(share) = self.pending.replace(self.block_max) {
                if self.returns.len() == BLOCKS {
                    self.returns.pop_front();
                }
                self.returns.push_back(share);
            }
            (self.block_max, self.block_len) = (0.0, 0);
        }
    }

    /// What was heard of late may have been the user.
    fn unlearn(&mut self) {
        (self.block_max, self.block_len, self.pending) = (0.0, 0, None);
    }
}

#[cfg(test)]
#[path = "echo_tests.rs"]
mod tests;
