//! Whether the user speaks over the answer, frame by frame, from levels and from how much of a frame is speech.
//!
//! Owns what is known of the answer's echo: how much of what is played is left of it in the microphone, as it comes, after
//! it was subtracted, and after the rest was suppressed ([`Levels`]). Never sees a sample and never decides what an
//! interruption leads to.
//!
//! A user shows first in what subtraction leaves, within the frame; what suppression leaves opens only two to four frames
//! later, but is right where a loudspeaker distorts and subtraction fails. So either may tell of a user:
//! - what was subtracted leaves more than it ever left of the answer alone, and the microphone was louder for it: where the
//!   canceller subtracts in the wrong place, it adds to what it should have taken away;
//! - suppression leaves more than ever, and most of what came.
//!
//! Until the canceller has converged the user has to be louder than the echo itself; and again in an answer's first moments,
//! since a speaker that starts anew may be a little later than it was. The thresholds were chosen mostly by one half
//! of 32 minutes of answers alone, 376 interruptions of answers and 32 noises, and measured by the other half: users from
//! two synthesizers in nine voices and from recordings of people, answers in five voices, at two rates and with the effects
//! Evil and Robot, rooms of four delays at -30 to 0 dB, loudspeakers that distort. See `jarvis bench echo`.

use std::collections::VecDeque;

/// Quieter than this is nobody who wants to be heard; and of what is played, nothing that anybody hears.
pub(super) const FLOOR: f32 = 0.004;
/// Frames in a block, for which the loudest return is noted.
const BLOCK: usize = 10;
/// Blocks that count: four seconds. Of these the second loudest is believed: a door that slammed is in one of them.
const BLOCKS: usize = 12;
/// Blocks with which the canceller has converged.
const CONVERGED: usize = 3;
/// Frames with the answer in them from which on the echo has been heard at all.
const ARRIVED: u32 = 12;
/// The newest of these may be the user's: they say nothing about the echo yet.
const NEWEST: usize = 3;
/// How much louder than the echo the user has to be: before the canceller has converged, ...
const ABOVE_ECHO: f32 = 1.6;
/// ... than what subtraction left so far, and than what suppression left.
const ABOVE_SUBTRACTED: f32 = 1.4;
const ABOVE_SUPPRESSED: f32 = 1.5;
/// This much above it nobody asks whether it is speech, for the first sign.
const FAR_ABOVE: f32 = 2.0;
/// What subtraction left and what it took are of two sources when the microphone had the power of both; when it had less
/// than this share of it, one was made of the other.
const OF_BOTH: f32 = 0.7;
/// How much of what was heard suppression must have left for it to be the user's: of an echo it leaves a tenth at most, of
/// a user as loud as the echo about half.
const SURVIVED: f32 = 0.3;
/// Suppression lets a user through sooner or later: what it leaves rises this far above the noise that it fills in.
const RISEN: f32 = 1.6;
/// That noise is its quietest of so many frames.
const LATELY: usize = 13;
/// Where subtraction found so much less than it left, there was no echo to be told from the user: headphones.
const NO_ECHO: f32 = 0.25;
/// Probability of speech that counts: little, since a word's first frames get little, and an answer that was held for a
/// noise goes on.
const SPEECH: f32 = 0.4;

/// One frame's levels, root mean square, 0..=1.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Levels {
    /// As it came.
    pub raw: f32,
    /// What was subtracted from it: the echo, as far as it was foretold.
    pub echo: f32,
    /// What that left.
    pub subtracted: f32,
    /// What was left of that once the rest of the echo was suppressed.
    pub suppressed: f32,
    /// Loudest of what was played in the last moments.
    pub playing: f32,
}

/// What the guard makes of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// It is louder than the echo can be.
    pub louder: bool,
    /// The user may be speaking.
    pub sign: bool,
    /// The user is speaking.
    pub sustained: bool,
}

/// Decides whether the user speaks over the answer.
#[derive(Debug, Default)]
pub(super) struct Guard {
    known: Known,
    quietest: Quietest,
    now: Frame,
    /// A bit a frame, the newest lowest: louder than the answer's echo; that and speech; certainly no echo.
    louder: u32,
    spoken: u32,
    real: u32,
}

/// What levels alone say of the newest frame.
#[derive(Debug, Clone, Copy, Default)]
struct Frame {
    levels: Levels,
    /// What subtraction left is the user's.
    subtracted: bool,
    /// Or what suppression left.
    suppressed: bool,
    /// It can't be what subtraction did wrong.
    real: bool,
    /// How far above the echo.
    above: f32,
}

impl Guard {
    /// A new answer is spoken; what is known of the room stays.
    pub fn begin(&mut self) {
        (self.louder, self.spoken, self.real) = (0, 0, 0);
        self.known.begin();
    }

    /// Takes the next frame; whether voice is to be looked for in what subtraction left, or else in what suppression left.
    pub fn hear(&mut self, levels: Levels) -> bool {
        let before = self.now.subtracted;
        self.quietest.push(levels.suppressed);
        let Levels { raw, echo, subtracted, suppressed, playing } = levels;
        let mut frame = Frame { levels, ..Frame::default() };
        if playing < FLOOR {
            frame.subtracted = subtracted > FLOOR;
            frame.real = frame.subtracted;
        } else {
            let limits = self.known.limits();
            if let Some(share) = limits.subtracted {
                frame.above = subtracted / (share * playing).max(f32::MIN_POSITIVE);
                let adds_up = raw * raw >= OF_BOTH * (subtracted * subtracted + echo * echo);
                frame.subtracted = subtracted > FLOOR && frame.above > 1.0 && adds_up;
            }
            if let Some(share) = limits.suppressed {
                frame.suppressed = suppressed > FLOOR.max(SURVIVED * raw).max(share * playing);
            }
            let risen = suppressed > RISEN * self.quietest.level();
            frame.real = risen || frame.suppressed || echo < NO_ECHO * subtracted;
        }
        self.now = frame;
        frame.subtracted || before
    }

    /// Decides about the frame that was heard last, of which `probability` is speech.
    pub fn judge(&mut self, probability: f32) -> Verdict {
        let Frame { levels, above, real, .. } = self.now;
        let playing = levels.playing >= FLOOR;
        let louder = self.now.subtracted || self.now.suppressed;
        let spoken = louder && probability >= SPEECH;
        if playing {
            self.known.learn(&levels, spoken);
        }
        let push = |bits: u32, bit: bool| (bits << 1) | u32::from(bit);
        self.louder = push(self.louder, louder && playing);
        self.spoken = push(self.spoken, spoken);
        self.real = push(self.real, real);
        let of_last = |bits: u32, frames: u32| (bits & ((1 << frames) - 1)).count_ones();
        let real = of_last(self.real, 3) > 0;
        let sign = spoken || (louder && above > FAR_ABOVE) || of_last(self.louder, 3) >= 2;
        let sustained = spoken && (of_last(self.louder, 4) >= 2 || of_last(self.spoken, 3) >= 2);
        Verdict { louder, sign: real && sign, sustained: real && sustained }
    }

    /// The way of the sound is another one: nothing is known of it.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}

/// A block's loudest levels as shares of what was played.
#[derive(Debug, Clone, Copy, Default)]
struct Share {
    raw: f32,
    subtracted: f32,
    suppressed: f32,
}

/// From which share on it is the user, if anything is known.
#[derive(Debug, Clone, Copy, Default)]
struct Limits {
    subtracted: Option<f32>,
    suppressed: Option<f32>,
}

/// How much of the answer comes back.
#[derive(Debug, Default)]
struct Known {
    /// Of past blocks, the newest last.
    blocks: VecDeque<Share>,
    block: Share,
    frames: usize,
    /// The last whole block, which counts once another one without the user has followed: the first frames of a word are
    /// not yet known for the user's.
    pending: Option<Share>,
    /// Loudest share as it came, until the canceller has converged; without the newest frames.
    echo: f32,
    newest: VecDeque<f32>,
    heard: u32,
    /// Frames of the present answer without the user.
    settled: u32,
}

impl Known {
    fn limits(&self) -> Limits {
        if self.blocks.len() < CONVERGED {
            let subtracted = (self.heard >= ARRIVED).then_some(ABOVE_ECHO * self.echo);
            return Limits { subtracted, suppressed: None };
        }
        let second = |of: fn(&Share) -> f32| {
            let (mut first, mut second) = (0.0f32, 0.0f32);
            for share in self.blocks.iter().map(of) {
                second = second.max(first.min(share));
                first = first.max(share);
            }
            second
        };
        let subtracted = ABOVE_SUBTRACTED * second(|share| share.subtracted);
        let echo = if self.settled < ARRIVED { ABOVE_ECHO * second(|share| share.raw) } else { 0.0 };
        Limits {
            subtracted: Some(subtracted.max(echo)),
            suppressed: Some(echo.max(ABOVE_SUPPRESSED * second(|share| share.suppressed))),
        }
    }

    /// Takes a frame with the answer in it; the user's teaches nothing but how loud it was.
    fn learn(&mut self, levels: &Levels, user: bool) {
        if self.blocks.len() < CONVERGED {
            self.heard += 1;
            self.newest.push_back(levels.raw / levels.playing);
            if self.newest.len() > NEWEST {
                self.echo = self.echo.max(self.newest.pop_front().unwrap_or(0.0));
            }
        }
        if user {
            return self.unlearn();
        }
        self.settled = self.settled.saturating_add(1);
        self.block.raw = self.block.raw.max(levels.raw / levels.playing);
        self.block.subtracted = self.block.subtracted.max(levels.subtracted / levels.playing);
        self.block.suppressed = self.block.suppressed.max(levels.suppressed / levels.playing);
        self.frames += 1;
        if self.frames == BLOCK {
            if let Some(block) = self.pending.replace(self.block) {
                if self.blocks.len() == BLOCKS {
                    self.blocks.pop_front();
                }
                self.blocks.push_back(block);
            }
            (self.block, self.frames) = (Share::default(), 0);
        }
    }

    /// A new answer: where its echo will be is known only once it was heard.
    fn begin(&mut self) {
        self.settled = 0;
        self.unlearn();
    }

    /// What was heard of late may have been the user.
    fn unlearn(&mut self) {
        (self.block, self.frames, self.pending) = (Share::default(), 0, None);
    }
}

/// The quietest of the newest frames.
#[derive(Debug)]
struct Quietest {
    levels: [f32; LATELY],
    next: usize,
}

impl Default for Quietest {
    fn default() -> Self {
        Self { levels: [f32::MAX; LATELY], next: 0 }
    }
}

impl Quietest {
    fn push(&mut self, level: f32) {
        self.levels[self.next] = level;
        self.next = (self.next + 1) % LATELY;
    }

    fn level(&self) -> f32 {
        self.levels.iter().copied().fold(f32::MAX, f32::min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A frame of an answer of -20 dB whose echo is `echo`, and of which cancelling leaves a tenth and a thousandth.
    fn answer(echo: f32) -> Levels {
        Levels { raw: echo, echo, subtracted: 0.1 * echo, suppressed: 0.001 * echo, playing: 0.1 }
    }

    /// The same with a user over it.
    fn user(level: f32) -> Levels {
        let echo = answer(0.01);
        Levels { raw: level.hypot(echo.raw), subtracted: level.hypot(echo.subtracted), suppressed: 0.5 * level, ..echo }
    }

    fn frames(guard: &mut Guard, levels: Levels, probability: f32, count: usize) -> Vec<Verdict> {
        (0..count)
            .map(|_| {
                guard.hear(levels);
                guard.judge(probability)
            })
            .collect()
    }

    fn converged() -> Guard {
        let mut guard = Guard::default();
        let alone = frames(&mut guard, answer(0.01), 0.9, 100);
        assert!(alone.iter().all(|verdict| !verdict.louder && !verdict.sign), "an answer alone is nobody");
        guard
    }

    #[test]
    fn a_user_is_noticed_in_the_first_frame_and_certain_in_the_second() {
        let verdicts = frames(&mut converged(), user(0.05), 0.9, 2);
        assert_eq!(verdicts[0], Verdict { louder: true, sign: true, sustained: false });
        assert_eq!(verdicts[1], Verdict { louder: true, sign: true, sustained: true });
    }

    #[test]
    fn a_hiss_that_begins_a_word_counts_once_a_voice_follows() {
        let mut guard = converged();
        let hiss = frames(&mut guard, user(0.02), 0.1, 3);
        assert!(hiss.iter().all(|verdict| verdict.sign && !verdict.sustained), "{hiss:?}");
        assert!(frames(&mut guard, user(0.05), 0.9, 1)[0].sustained);
    }

    #[test]
    fn what_subtraction_adds_is_nobody() {
        let mut guard = converged();
        let misplaced = Levels { raw: 0.01, echo: 0.01, subtracted: 0.014, ..answer(0.01) };
        let verdicts = frames(&mut guard, misplaced, 0.9, 5);
        assert!(verdicts.iter().all(|verdict| !verdict.louder), "{verdicts:?}");
    }

    #[test]
    fn a_door_that_slams_leaves_no_deafness() {
        let mut guard = converged();
        frames(&mut guard, user(0.3), 0.0, 2);
        frames(&mut guard, answer(0.01), 0.0, 40);
        assert!(frames(&mut guard, user(0.05), 0.9, 2)[1].sustained);
    }

    #[test]
    fn before_the_canceller_has_converged_the_user_has_to_be_louder_than_the_echo() {
        let first = |level| {
            let mut guard = Guard::default();
            // All of the echo is left.
            let echo = Levels { subtracted: 0.01, echo: 0.001, ..answer(0.01) };
            assert!(frames(&mut guard, echo, 0.9, 16).iter().all(|verdict| !verdict.sign));
            frames(&mut guard, Levels { subtracted: level, raw: level, ..user(level) }, 0.9, 2)[1].sustained
        };
        assert!(!first(0.014));
        assert!(first(0.03));
    }

    #[test]
    fn in_the_first_moments_of_an_answer_an_echo_out_of_place_is_nobody_and_a_user_is_heard() {
        let mut guard = converged();
        guard.begin();
        // All of it is left, since it comes a little later than before.
        let late = Levels { echo: 0.001, subtracted: 0.01, suppressed: 0.005, ..answer(0.01) };
        let verdicts = frames(&mut guard, late, 0.9, 6);
        assert!(verdicts.iter().all(|verdict| !verdict.sign), "{verdicts:?}");
        assert!(frames(&mut guard, user(0.05), 0.9, 2)[1].sustained);
    }

    #[test]
    fn with_headphones_suppression_has_no_say() {
        let mut guard = Guard::default();
        let silence = Levels { raw: 2e-4, echo: 1e-6, subtracted: 2e-4, suppressed: 1e-4, playing: 0.1 };
        frames(&mut guard, silence, 0.0, 100);
        let user = Levels { raw: 0.05, subtracted: 0.05, ..silence };
        assert!(frames(&mut guard, user, 0.9, 2)[1].sustained);
    }

    proptest! {
        #[test]
        fn whatever_the_levels_are_a_frame_that_is_not_louder_is_nobody_for_long(
            levels in prop::collection::vec((0.0f32..1.0, 0.0f32..1.0, 0.0f32..1.0, 0.0f32..1.0, 0.0f32..1.0, 0.0f32..1.0), 1..200),
        ) {
            let mut guard = Guard::default();
            let mut lately = VecDeque::from([false; 4]);
            for (raw, echo, subtracted, suppressed, playing, probability) in levels {
                guard.hear(Levels { raw, echo, subtracted, suppressed, playing });
                let verdict = guard.judge(probability);
                lately.push_back(verdict.louder);
                lately.pop_front();
                prop_assert!(!verdict.sustained || (verdict.louder && verdict.sign && probability >= SPEECH));
                prop_assert!(!verdict.sign || lately.contains(&true));
                prop_assert!(guard.known.blocks.len() <= BLOCKS);
            }
        }
    }
}
