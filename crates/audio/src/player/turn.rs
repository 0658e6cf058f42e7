//! One turn on its way to the speaker: clauses that wait, the resampler, and the line that plays them.
//!
//! Knows nothing of devices; it is handed a mixer to play into and survives the loss of it.

use super::deck::{Desk, Order};
use super::line::{Line, Progress};
use crate::resample::MonoResampler;
use jarvis_core::{SpeechAudio, TurnId};
use rtrb::Producer;
use std::collections::VecDeque;
use std::num::NonZero;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How much sound is handed over ahead, in milliseconds: enough for a supervisor that is held up, little enough that a
/// lost speaker takes little with it.
const AHEAD_MS: u32 = 300;
/// How many samples are resampled at once.
const PIECE: usize = 2048;

/// What a step brought.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Pumped {
    /// Nothing to report.
    Nothing,
    /// The first sample is with the device.
    Started,
    /// The turn is over.
    Finished,
}

pub(crate) struct Turn {
    id: TurnId,
    generation: u64,
    clauses: VecDeque<SpeechAudio>,
    /// Samples of the first clause that are already on their way.
    position: usize,
    finished: bool,
    started: bool,
    playing: Option<Playing>,
    /// When the last sample will have been heard.
    over: Option<Instant>,
}

/// The way from clauses to the device's ring.
struct Playing {
    ring: Producer<f32>,
    progress: Arc<Progress>,
    rate: NonZero<u32>,
    resampler: Option<(u32, MonoResampler)>,
    /// Samples at the device's rate; those before `sent` are in the ring.
    ready: Vec<f32>,
    sent: usize,
    closed: bool,
}

impl Turn {
    pub fn new(id: TurnId, generation: u64) -> Self {
        Self {
            id,
            generation,
            clauses: VecDeque::new(),
            position: 0,
            finished: false,
            started: false,
            playing: None,
            over: None,
        }
    }

    pub fn id(&self) -> TurnId {
        self.id
    }

    pub fn generation(&self) -> u64 {
        self.generation
    }

    pub fn append(&mut self, audio: SpeechAudio) {
        if !audio.samples.is_empty() && !self.finished {
            self.clauses.push_back(audio);
        }
    }

    pub fn finish(&mut self) {
        self.finished = true;
    }

    /// Whether nothing waits to be played.
    pub fn is_empty(&self) -> bool {
        self.clauses.is_empty() && self.playing.is_none()
    }

    /// Whether there is a line to be fed or waited for.
    pub fn is_playing(&self) -> bool {
        self.playing.is_some() || !self.clauses.is_empty() || self.finished
    }

    /// Whether its first sample still has to be handed to the device, or its last one to be heard: news to be told
    /// at once.
    pub fn is_at_an_edge(&self) -> bool {
        !self.started || self.over.is_some() || self.playing.as_ref().is_some_and(|playing| playing.closed)
    }

    /// The stream is gone, with what was handed over already.
    pub fn lose_stream(&mut self) {
        self.playing = None;
        self.over = None;
    }

    /// Gives up what waits. Ends the turn when it was finished.
    pub fn pump_without_speaker(&mut self) -> Pumped {
        self.clauses.clear();
        self.position = 0;
        if self.finished { Pumped::Finished } else { Pumped::Nothing }
    }

    /// Hands over as much as fits. `tail` is how long the last sample takes from the line to the ear.
    pub fn pump(&mut self, rate: NonZero<u32>, tail: Duration, desk: &mut Desk) -> Pumped {
        if let Some(over) = self.over {
            return if Instant::now() >= over { Pumped::Finished } else { Pumped::Nothing };
        }
        if self.playing.is_none() && self.clauses.is_empty() {
            return if self.finished { Pumped::Finished } else { Pumped::Nothing };
        }
        let playing = match &mut self.playing {
            Some(playing) => {
                playing.fill(&mut self.clauses, &mut self.position, self.finished);
                playing
            }
            None => {
                let capacity = (rate.get() * AHEAD_MS / 1000) as usize;
                let (line, ring, progress) = Line::new(capacity, self.generation);
                let playing = self.playing.insert(Playing::new(ring, progress, rate));
                // Filled before the device sees it: it never runs dry at its start.
                playing.fill(&mut self.clauses, &mut self.position, self.finished);
                desk.give(Order::Line(Box::new(line)));
                playing
            }
        };
        if playing.closed && playing.progress.has_ended() {
            self.over = Some(Instant::now() + tail);
        }
        if playing.progress.played() > 0 && !std::mem::replace(&mut self.started, true) {
            return Pumped::Started;
        }
        Pumped::Nothing
    }
}

impl Playing {
    fn new(ring: Producer<f32>, progress: Arc<Progress>, rate: NonZero<u32>) -> Self {
        Self { ring, progress, rate, resampler: None, ready: Vec::new(), sent: 0, closed: false }
    }

    fn fill(&mut self, clauses: &mut VecDeque<SpeechAudio>, position: &mut usize, finished: bool) {
        loop {
            let (pushed, rest) = self.ring.push_partial_slice(&self.ready[self.sent..]);
            let full = !rest.is_empty();
            self.sent += pushed.len();
            if full || self.closed {
                return;
            }
            self.ready.clear();
            self.sent = 0;
            if let Some(clause) = clauses.front() {
                let end = (*position + PIECE).min(clause.samples.len());
                self.resample(&clause.samples[*position..end], clause.sample_rate);
                *position = end;
                if end == clause.samples.len() {
                    clauses.pop_front();
                    *position = 0;
                }
            } else if finished {
                match self.resampler.take() {
                    Some((_, mut resampler)) => resampler.flush(&mut self.ready),
                    None => {
                        self.progress.close();
                        self.closed = true;
                        return;
                    }
                }
            } else {
                return;
            }
        }
    }

    fn resample(&mut self, samples: &[f32], rate: u32) {
        if self.resampler.as_ref().is_none_or(|(from, _)| *from != rate) {
            if let Some((_, mut old)) = self.resampler.take() {
                old.flush(&mut self.ready);
            }
            self.resampler = Some((rate, MonoResampler::new(rate, self.rate.get())));
        }
        if let Some((_, resampler)) = &mut self.resampler {
            resampler.process(samples, &mut self.ready);
        }
    }
}
