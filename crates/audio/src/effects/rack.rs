//! The chain that the voice passes through now, and the change to another in the middle of a word.
//!
//! A new chain comes from another thread, ready made. It first hears what was said a moment ago, so that it is as far as
//! the one before it when the two are crossfaded; the old one is given back to be freed elsewhere. While nobody speaks and
//! nothing rings on, nothing is computed.

use super::Chain;

/// Length of a crossfade, in seconds.
const FADE_SECONDS: f32 = 0.03;
/// Quieter than this nothing is heard any more: -100 dB.
const QUIET: f32 = 1e-5;
/// Quieter than this the voice has ended for whoever waits for its end, though it may ring on.
const FAINT: f32 = 0.02;
/// How long it has to be quiet, in seconds, before it is silent; longer than any effect's first echo.
const QUIET_SECONDS: f32 = 0.15;
/// The longest that an end is waited for, in seconds.
const RINGING_SECONDS: f32 = 0.6;
/// The sound that a new chain hears first: more than any chain is late, in seconds.
const HISTORY_SECONDS: f32 = 0.03;
/// Samples worked on at once.
const PIECE: usize = 64;

/// The place of the chain in the callback.
pub(crate) struct Rack {
    chain: Box<Chain>,
    /// What is faded in, and how far that is.
    incoming: Option<Box<Chain>>,
    fade: f32,
    fade_step: f32,
    /// What came after that.
    waiting: Option<Box<Chain>>,
    /// What was said last, a ring.
    history: Box<[f32]>,
    at: usize,
    /// Samples since the voice ended; and since it was last heard.
    since_end: usize,
    since_heard: usize,
    faint_for: usize,
    quiet_after: usize,
    ringing_at_most: usize,
    idle: bool,
}

impl Rack {
    /// For sound of `rate`, beginning with `chain`.
    pub fn new(rate: u32, chain: Box<Chain>) -> Self {
        let samples = |seconds: f32| (seconds * rate as f32) as usize;
        Self {
            chain,
            incoming: None,
            fade: 0.0,
            fade_step: 1.0 / (FADE_SECONDS * rate as f32),
            waiting: None,
            history: vec![0.0; samples(HISTORY_SECONDS).max(1)].into(),
            at: 0,
            since_end: 0,
            since_heard: 0,
            faint_for: 0,
            quiet_after: samples(QUIET_SECONDS),
            ringing_at_most: samples(RINGING_SECONDS),
            idle: true,
        }
    }

    /// Changes to `chain`; what is not needed any more comes back.
    #[must_use = "freeing it is not for the callback"]
    pub fn change(&mut self, chain: Box<Chain>) -> Option<Box<Chain>> {
        if self.incoming.is_some() {
            return self.waiting.replace(chain);
        }
        if self.idle {
            return Some(std::mem::replace(&mut self.chain, chain));
        }
        self.fade_in(chain);
        None
    }

    fn fade_in(&mut self, mut chain: Box<Chain>) {
        let late = chain.latency().min(self.history.len());
        let mut piece = [0.0; PIECE];
        let mut from = self.history.len() - late;
        while from < self.history.len() {
            let count = PIECE.min(self.history.len() - from);
            for (n, sample) in piece[..count].iter_mut().enumerate() {
                *sample = self.history[(self.at + from + n) % self.history.len()];
            }
            chain.process(&mut piece[..count]);
            from += count;
        }
        self.fade = 0.0;
        self.incoming = Some(chain);
    }

    /// By how many samples the voice is late.
    pub fn latency(&self) -> usize {
        self.incoming.as_ref().unwrap_or(&self.chain).latency()
    }

    /// Whether nobody speaks and nothing rings on.
    pub fn is_idle(&self) -> bool {
        self.idle
    }

    /// Whether the end of the voice, which has come, has been heard; it may still ring on.
    pub fn has_been_heard(&self) -> bool {
        self.idle
            || self.since_end >= self.ringing_at_most
            || self.since_end >= self.latency() && self.faint_for >= self.latency() + self.quiet_after / 4
            || self.chain.is_empty() && self.incoming.is_none()
    }

    /// Puts the next samples through; `speaking` says whether they are the voice's or what follows its end. What is not
    /// needed any more comes back.
    #[must_use = "freeing it is not for the callback"]
    pub fn process(&mut self, samples: &mut [f32], speaking: bool) -> Option<Box<Chain>> {
        self.idle = false;
        let mut over = None;
        for piece in samples.chunks_mut(PIECE) {
            over = self.work(piece).or(over);
            self.watch(piece, speaking);
        }
        if self.idle {
            self.reset();
        }
        over
    }

    fn work(&mut self, piece: &mut [f32]) -> Option<Box<Chain>> {
        for sample in &*piece {
            self.history[self.at] = *sample;
            self.at = (self.at + 1) % self.history.len();
        }
        let Some(incoming) = &mut self.incoming else {
            self.chain.process(piece);
            return None;
        };
        let mut new = [0.0; PIECE];
        let new = &mut new[..piece.len()];
        new.copy_from_slice(piece);
        incoming.process(new);
        self.chain.process(piece);
        for (sample, new) in piece.iter_mut().zip(new) {
            self.fade = (self.fade + self.fade_step).min(1.0);
            // As smooth at its ends as in its middle.
            let share = self.fade * self.fade * (3.0 - 2.0 * self.fade);
            *sample += share * (*new - *sample);
        }
        if self.fade < 1.0 {
            return None;
        }
        let over = self.incoming.take().map(|new| std::mem::replace(&mut self.chain, new));
        if let Some(next) = self.waiting.take() {
            self.fade_in(next);
        }
        over
    }

    fn watch(&mut self, piece: &[f32], speaking: bool) {
        let loudest = piece.iter().fold(0.0f32, |loudest, sample| loudest.max(sample.abs()));
        self.since_end = if speaking { 0 } else { self.since_end + piece.len() };
        self.since_heard = if speaking || loudest > QUIET { 0 } else { self.since_heard + piece.len() };
        self.faint_for = if speaking || loudest > FAINT { 0 } else { self.faint_for + piece.len() };
        self.idle =
            self.since_heard >= self.quiet_after || !speaking && self.chain.is_empty() && self.incoming.is_none();
    }

    /// Forgets the sound so far: what rings on falls silent.
    pub fn reset(&mut self) {
        self.chain.reset();
        if let Some(incoming) = &mut self.incoming {
            incoming.reset();
            // Nobody hears the change any more: it is over with the next block.
            self.fade = 1.0;
        }
        self.history.fill(0.0);
        (self.since_end, self.since_heard, self.faint_for, self.idle) = (0, 0, 0, true);
    }
}
