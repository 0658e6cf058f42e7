//! The state machine that cuts utterances out of a stream of frames.
//!
//! A frame is voiced when its probability of speech is high enough, with hysteresis: 0.5 begins speech, 0.35 goes on
//! with it. Speech has begun when 5 of the last 8 frames are voiced (160 ms, so a click is nothing), and what came up to
//! half a second before them belongs to it. It has ended after a pause that can be set, longer in noise. Long before
//! that, after two frames without voice, the pause itself is told, so that what was said can be recognized as if it were
//! all; and when the voice comes back, that is told too, and any sound that may be it.
//!
//! Silero goes on to see speech for two or three frames after it ended. The level does not: a frame that is far below the
//! voice and no louder than the room is silence, whatever the model says of it.

use super::level::Levels;
use super::preroll::PreRoll;
use jarvis_core::{AudioFrame, FRAME_SAMPLES, SAMPLE_RATE, Utterance};
use std::time::{Duration, Instant};

const FRAME_MS: u32 = FRAME_SAMPLES as u32 * 1000 / SAMPLE_RATE;

/// Probability from which a frame begins speech.
const BEGIN: f32 = 0.5;
/// Probability from which a frame goes on with it.
const GO_ON: f32 = 0.35;
/// Voiced frames among [`ONSET_WINDOW`] that are speech.
const ONSET: u32 = 5;
/// The same while a key is held: then speech is expected, and may be whispered.
const ONSET_HELD: u32 = 4;
/// Frames in which they have to be.
const ONSET_WINDOW: usize = 8;
/// Frames kept from before the first voiced one: 512 ms.
const LEAD: usize = 16;
/// Of them, the ones that may be from before a key went down: 288 ms. People speak before they have pressed it.
const KEY_LEAD: usize = 9;
/// Frames kept from before a wake word was noticed: 192 ms. The model notices it 100 ms before to 200 ms after its end;
/// of 62 requests said in one breath with it, this margin gave Whisper the most right ones (49; 320 ms gives 42, 120 ms 35,
/// the whole wake word 45), because words are whole and little of the wake word is left.
const WAKE_LEAD: usize = 6;
/// Frames after the notice in which a voice that stops was still the wake word. Measured: 5 at most.
const WAKE_TAIL: u32 = 8;
/// Frames without voice that end the wake word.
const WAKE_GAP: u32 = 3;
/// Frames kept after the last voiced one: 192 ms.
const TRAIL: usize = 6;
/// Frames without voice that are a pause: 64 ms. Closed lips within a word last about as long, and a pause that was none
/// costs no more than a recognition that is broken off.
const PAUSE: u32 = 2;
/// Frames with a weak voice that end a pause; a clear one does at once.
const BACK: u32 = 2;
/// Frames without voice after which a released key ends the utterance, and the most that are waited for.
const RELEASE_GAP: u32 = 2;
const RELEASE_WAIT: u32 = 8;

/// What the user can set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndpointOptions {
    /// Milliseconds of silence after which the user may be done, in a quiet room, 200..=3000: what
    /// [`Endpointer::silence`] tells. It ends nothing by itself.
    pub silence_ms: u32,
    /// Milliseconds of silence that end an utterance whatever was said, in a quiet room; at least `silence_ms`.
    pub longest_pause_ms: u32,
    /// The most seconds that an utterance lasts, 1..=120.
    pub max_seconds: u32,
    /// Milliseconds without speech after which [`EndpointEvent::NoSpeech`] gives up, 500..=60000.
    pub no_speech_ms: u32,
}

impl Default for EndpointOptions {
    fn default() -> Self {
        Self { silence_ms: 700, longest_pause_ms: 700, max_seconds: 30, no_speech_ms: 5000 }
    }
}

/// Something that the endpointer noticed. The first four go on; the others end what a `begin_` call began.
#[derive(Debug, Clone)]
pub enum EndpointEvent {
    /// The user speaks, for 160 ms already.
    SpeechStart,
    /// The user fell silent, maybe for a moment: [`Endpointer::so_far`] has what was said.
    Pause,
    /// In the pause there is a sound that may be the beginning of a word: told for each such frame.
    Stir,
    /// The user speaks again, after [`Self::Pause`].
    GoesOn,
    /// The user is done.
    SpeechEnd(Utterance),
    /// The user still speaks, and has for as long as is allowed; this is what was said so far.
    TooLong(Utterance),
    /// Nothing was said.
    NoSpeech,
}

/// Why the endpointer listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// A key is held; only its release ends the utterance.
    Hold,
    /// A key was pressed once, or a wake word was said; silence ends the utterance.
    Request,
    /// Speech may come at any time, or never.
    Watch,
}

/// A frame's place in the recording.
#[derive(Debug, Clone, Copy)]
struct Voiced {
    first: usize,
    last: usize,
    /// When the last was heard.
    at: Instant,
}

impl Voiced {
    /// The samples of a recording of `length` that belong to the utterance.
    fn span(&self, length: usize) -> (usize, usize) {
        let to = ((self.last + 1 + TRAIL) * FRAME_SAMPLES).min(length);
        (self.first.saturating_sub(LEAD) * FRAME_SAMPLES, to)
    }
}

/// Cuts utterances out of a stream of frames. Give it every frame, listening or not: the ones before speech are needed.
/// It ends by itself only as long as frames come; when the microphone is gone, [`Self::cancel`] it.
pub struct Endpointer {
    silence_ms: u32,
    longest_pause_ms: u32,
    max_frames: usize,
    no_speech_frames: u32,

    mode: Option<Mode>,
    pre_roll: PreRoll,
    levels: Levels,
    /// One bit a frame, the newest lowest: was it voiced enough to begin with?
    onset: u8,
    /// Frames since the wake word was noticed, while it may still sound.
    wake_tail: Option<u32>,
    /// Frames since the `begin_` call.
    waited: u32,
    /// Frames without voice since the last with.
    quiet: u32,
    /// Whether one of them has a sound that may be part of a word.
    stirs: bool,
    recording: Vec<f32>,
    /// Whether frames go into the recording and not into the pre-roll.
    is_recording: bool,
    /// Whether [`EndpointEvent::SpeechStart`] was told.
    started: bool,
    /// Whether [`EndpointEvent::Pause`] was told, and how many frames with voice came since.
    pause: Option<u32>,
    voiced: Option<Voiced>,
    /// Frames still waited for after the key went up.
    release: Option<u32>,
}

impl Endpointer {
    /// An endpointer that isn't listening yet. Options outside their ranges count as the nearest inside.
    pub fn new(options: EndpointOptions) -> Self {
        let mut endpointer = Self {
            silence_ms: 0,
            longest_pause_ms: 0,
            max_frames: 0,
            no_speech_frames: 0,
            mode: None,
            pre_roll: PreRoll::new(LEAD + ONSET_WINDOW),
            levels: Levels::new(),
            onset: 0,
            wake_tail: None,
            waited: 0,
            quiet: 0,
            stirs: false,
            recording: Vec::new(),
            is_recording: false,
            started: false,
            pause: None,
            voiced: None,
            release: None,
        };
        endpointer.set_options(options);
        endpointer
    }

    /// Changes the options, from the next frame on.
    pub fn set_options(&mut self, options: EndpointOptions) {
        self.silence_ms = options.silence_ms.clamp(200, 3000);
        self.longest_pause_ms = options.longest_pause_ms.clamp(self.silence_ms, 10_000);
        self.max_frames = frames(options.max_seconds.clamp(1, 120) * 1000) as usize;
        self.no_speech_frames = frames(options.no_speech_ms.clamp(500, 60_000));
    }

    /// A key went down and is held: everything is recorded, from just before now until [`Self::release`].
    pub fn begin_hold(&mut self) {
        self.begin(Mode::Hold, KEY_LEAD);
        self.record();
    }

    /// A key was pressed once: waits for speech and ends with it, or at [`Self::release`].
    pub fn begin_toggle(&mut self) {
        self.begin(Mode::Request, KEY_LEAD);
    }

    /// A wake word was noticed in the newest frame. Its own sound is not part of the utterance; what is said in the same
    /// breath is.
    pub fn begin_after_wake(&mut self) {
        self.begin(Mode::Request, WAKE_LEAD);
        self.wake_tail = Some(0);
    }

    /// Waits for speech without an end, to notice a user who speaks into an answer.
    pub fn begin_watch(&mut self) {
        self.begin(Mode::Watch, usize::MAX);
    }

    /// The key went up, or was pressed a second time. Ends at once if the user is silent; else the word that is being
    /// said is waited for, 256 ms at most, and the event comes from [`Self::process`].
    pub fn release(&mut self) -> Option<EndpointEvent> {
        self.mode?;
        if self.is_recording && self.voiced.is_some() && self.quiet < RELEASE_GAP {
            self.release.get_or_insert(RELEASE_WAIT);
            return None;
        }
        Some(self.finish())
    }

    /// Gives up what was begun. The frames before it are kept for the next.
    pub fn cancel(&mut self) {
        self.idle();
    }

    /// Gives up what was begun and forgets every frame: what comes is other sound, from another place or time.
    pub fn reset(&mut self) {
        self.idle();
        self.pre_roll.keep(0);
        self.levels = Levels::new();
    }

    /// Whether something was begun and hasn't ended.
    pub fn is_active(&self) -> bool {
        self.mode.is_some()
    }

    /// Whether the user speaks, as far as it can be told.
    pub fn is_speaking(&self) -> bool {
        self.started && self.quiet == 0
    }

    /// Whether [`EndpointEvent::Pause`] was told, and no end of it since.
    pub fn is_in_pause(&self) -> bool {
        self.pause.is_some()
    }

    /// Whether there was a sound since the voice, [`EndpointEvent::Stir`] told or not: a word that ends in "k" closes the
    /// lips before its last burst, and the pause may be told in between.
    pub fn stirs(&self) -> bool {
        self.stirs
    }

    /// Samples that are recorded so far.
    pub fn recorded(&self) -> usize {
        self.recording.len()
    }

    /// What was said so far, without the silence around it; none before speech.
    pub fn so_far(&self) -> Option<Utterance> {
        let voiced = self.voiced.filter(|_| self.started)?;
        let (from, to) = voiced.span(self.recording.len());
        Some(Utterance { samples: self.recording[from..to].to_vec(), speech_ended: voiced.at })
    }

    /// How long the user has to be silent to be done where the words don't tell: as set, and longer in noise.
    pub fn silence(&self) -> Duration {
        Duration::from_millis(u64::from(self.silence_ms)).mul_f64(f64::from(self.levels.patience()))
    }

    /// Takes the next frame, the probability 0..=1 that it has speech in it, and the time at which its end was heard.
    pub fn process(&mut self, frame: &AudioFrame, probability: f32, heard: Instant) -> Option<EndpointEvent> {
        let rms = frame.rms();
        if probability < GO_ON || probability.is_nan() {
            self.levels.room(rms);
        }
        let begins = probability >= BEGIN || (self.mode == Some(Mode::Hold) && probability >= GO_ON);
        self.onset = self.onset << 1 | u8::from(begins);

        if self.is_recording {
            self.recording.extend_from_slice(&frame.samples);
        } else {
            self.pre_roll.push(frame);
        }
        self.mode?;
        self.waited = self.waited.saturating_add(1);

        let goes_on = probability >= GO_ON && !(self.started && self.levels.is_silence(rms));
        self.quiet = if goes_on { 0 } else { self.quiet.saturating_add(1) };
        self.stirs = !goes_on && (self.stirs || self.levels.is_sound(rms));
        if self.is_recording && goes_on {
            self.levels.voice(rms);
            self.mark(heard);
        }
        self.leave_wake_word();
        self.decide(heard).or_else(|| self.notice_pause(goes_on, probability, rms))
    }

    /// A pause that begins or ends with the frame that just came, or may.
    fn notice_pause(&mut self, goes_on: bool, probability: f32, rms: f32) -> Option<EndpointEvent> {
        if !self.started || self.release.is_some() {
            return None;
        }
        match &mut self.pause {
            None if self.quiet >= PAUSE => {
                self.pause = Some(0);
                Some(EndpointEvent::Pause)
            }
            Some(frames) if goes_on => {
                *frames += 1;
                if probability < BEGIN && *frames < BACK {
                    return Some(EndpointEvent::Stir);
                }
                self.pause = None;
                Some(EndpointEvent::GoesOn)
            }
            // The model takes a moment to see a word that begins softly. The level does not.
            Some(_) => self.levels.is_sound(rms).then_some(EndpointEvent::Stir),
            None => None,
        }
    }

    /// What the frame that just came means.
    fn decide(&mut self, heard: Instant) -> Option<EndpointEvent> {
        if let Some(wait) = &mut self.release {
            *wait -= 1;
            return (*wait == 0 || self.quiet >= RELEASE_GAP).then(|| self.finish());
        }
        let onset = if self.mode == Some(Mode::Hold) { ONSET_HELD } else { ONSET };
        if !self.started && self.wake_tail.is_none() && self.onset.count_ones() >= onset {
            self.start(heard);
            return Some(EndpointEvent::SpeechStart);
        }
        if self.is_recording && self.recording.len() >= self.max_frames * FRAME_SAMPLES {
            return Some(match self.finish() {
                EndpointEvent::SpeechEnd(utterance) => EndpointEvent::TooLong(utterance),
                nothing => nothing,
            });
        }
        if self.mode == Some(Mode::Hold) {
            return None;
        }
        if self.started {
            let pause = frames((self.longest_pause_ms as f32 * self.levels.patience()) as u32);
            return (self.quiet >= pause).then(|| self.finish());
        }
        // A word that begins with the last frames before the limit may still become speech.
        let limit = self.no_speech_frames + if self.onset == 0 { 0 } else { 2 * ONSET_WINDOW as u32 };
        (self.mode == Some(Mode::Request) && self.waited >= limit).then(|| self.finish())
    }

    /// A wake word goes on to sound for a little after it was noticed. A voice that stops soon was its end and is
    /// forgotten; a voice that goes on is the request.
    fn leave_wake_word(&mut self) {
        let Some(since) = &mut self.wake_tail else { return };
        *since += 1;
        if self.quiet >= WAKE_GAP {
            self.wake_tail = None;
            self.onset = 0;
            self.pre_roll.keep(WAKE_GAP as usize);
        } else if *since >= WAKE_TAIL {
            // The onset's window of 8 frames now holds just what came after the notice.
            self.wake_tail = None;
        }
    }

    fn begin(&mut self, mode: Mode, lead: usize) {
        self.idle();
        self.mode = Some(mode);
        self.pre_roll.keep(lead);
        self.onset = 0;
        self.levels.forget_voice();
    }

    /// Moves the pre-roll into a recording with room for the longest utterance, so that no frame has to allocate.
    fn record(&mut self) {
        self.recording.reserve_exact((self.max_frames + LEAD + ONSET_WINDOW) * FRAME_SAMPLES);
        self.pre_roll.drain_into(&mut self.recording);
        self.is_recording = true;
    }

    fn start(&mut self, heard: Instant) {
        self.started = true;
        let back = (u8::BITS - self.onset.leading_zeros()) as usize;
        if !self.is_recording {
            self.pre_roll.keep(LEAD + back);
            self.record();
            self.mark(heard);
        }
        // The first voiced frame is the oldest of the onset.
        let total = self.recording.len() / FRAME_SAMPLES;
        if let Some(voiced) = &mut self.voiced {
            voiced.first = voiced.first.min(total.saturating_sub(back));
        }
    }

    /// The newest frame of the recording is voiced.
    fn mark(&mut self, heard: Instant) {
        let last = (self.recording.len() / FRAME_SAMPLES).saturating_sub(1);
        let first = self.voiced.map_or(last, |voiced| voiced.first);
        self.voiced = Some(Voiced { first, last, at: heard });
    }

    /// Ends what was begun: the recording without the silence around it, or nothing if there was no speech in it.
    fn finish(&mut self) -> EndpointEvent {
        let mut samples = std::mem::take(&mut self.recording);
        let voiced = self.voiced.filter(|_| self.started);
        self.idle();
        let Some(voiced) = voiced else { return EndpointEvent::NoSpeech };
        let (from, to) = voiced.span(samples.len());
        samples.truncate(to);
        samples.drain(..from);
        EndpointEvent::SpeechEnd(Utterance { samples, speech_ended: voiced.at })
    }

    fn idle(&mut self) {
        self.mode = None;
        self.recording = Vec::new();
        self.is_recording = false;
        self.started = false;
        self.pause = None;
        self.voiced = None;
        self.wake_tail = None;
        self.release = None;
        self.waited = 0;
        self.quiet = 0;
        self.stirs = false;
        self.onset = 0;
    }
}

/// Frames in so many milliseconds, rounded up.
fn frames(milliseconds: u32) -> u32 {
    milliseconds.div_ceil(FRAME_MS)
}

#[cfg(test)]
#[path = "endpointer_tests.rs"]
mod tests;
