//! What runs in the speaker's callback: the one source of a stream, which plays one turn's line and cues over it.
//!
//! ```text
//! Line -> effects -> hold, volume, fade -+-> tap -> device
//! Cues ------------------> volume, fade -+
//! ```
//! What rings on after a turn rings to its end, unless it is silenced: then all of it fades out at once. An effect that is
//! late is no reason to begin late: what it holds back is read ahead when a line begins.
//!
//! Everything that starts comes through a ring from the supervisor, and everything that is over goes back through
//! another to be freed there. Never locks, allocates, frees or waits.

use super::controls::{Controls, Gain, Kind, Level};
use super::cue::CueSource;
use super::line::Line;
use super::tap::{self, PLAYED_SAMPLES};
use crate::effects::{Chain, Rack};
use rodio::Source;
use rtrb::{Consumer, Producer, RingBuffer};
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Orders on their way; more are given only to a device that takes no sound.
const ORDERS: usize = 32;
/// Cues that sound at once.
const CUES: usize = 4;

/// Something that the callback gets from the supervisor, and gives back when it is over.
pub(super) enum Order {
    /// Play this turn; whatever another turn still plays has been silenced.
    Line(Box<Line>),
    /// Play this over everything.
    Cue(Box<CueSource>),
    /// Change to these effects.
    Effects(Box<Chain>),
    /// Copy what is played.
    Tap(Box<tap::Feed>),
}

/// The supervisor's end of a [`Deck`].
pub(super) struct Desk {
    orders: Producer<Order>,
    over: Consumer<Order>,
    clock: Arc<AtomicU64>,
}

impl Desk {
    /// Gives an order; one that does not fit because the device takes nothing is dropped.
    pub fn give(&mut self, order: Order) {
        self.clear();
        if self.orders.push(order).is_err() {
            tracing::debug!("the speaker takes no orders");
        }
    }

    /// Frees what is over.
    pub fn clear(&mut self) {
        while self.over.pop().is_ok() {}
    }

    /// Samples that the device has taken since the stream was opened.
    pub fn taken(&self) -> u64 {
        self.clock.load(Ordering::Acquire)
    }
}

/// The source of a stream: mono, at the device's rate, without an end.
pub(super) struct Deck {
    rate: NonZero<u32>,
    block: [f32; PLAYED_SAMPLES],
    /// How much of `block` the device has taken.
    taken: usize,
    /// Samples given out in blocks so far.
    clock: u64,
    shared_clock: Arc<AtomicU64>,
    /// No line is begun before this many samples: the device is still waking up.
    ready_at: u64,
    orders: Consumer<Order>,
    over: Producer<Order>,
    line: Option<Box<Line>>,
    /// Everything of `line` was read; it is over once it was heard.
    is_read: bool,
    /// The next turn waits until the one before has faded out.
    next: Option<Box<Line>>,
    rack: Rack,
    gain: Gain,
    cues: [Option<Box<CueSource>>; CUES],
    tap: Option<Box<tap::Feed>>,
}

impl Deck {
    /// A deck for a device of `rate`, which swallows the first `lead_in` of what it gets; speech goes through `effects`.
    pub fn new(rate: NonZero<u32>, lead_in: Duration, effects: Box<Chain>, controls: Arc<Controls>) -> (Self, Desk) {
        let (orders, inbox) = RingBuffer::new(ORDERS);
        // Each order comes back once; the rest is room for what a full deck holds.
        let (over, outbox) = RingBuffer::new(2 * ORDERS);
        let clock = Arc::new(AtomicU64::new(0));
        let generation = controls.generation();
        let deck = Self {
            rate,
            block: [0.0; PLAYED_SAMPLES],
            taken: PLAYED_SAMPLES,
            clock: 0,
            shared_clock: Arc::clone(&clock),
            ready_at: (lead_in.as_secs_f64() * f64::from(rate.get())) as u64,
            orders: inbox,
            over,
            line: None,
            is_read: false,
            next: None,
            rack: Rack::new(rate.get(), effects),
            gain: Gain::new(controls, Kind::Speech, generation, rate.get()),
            cues: [const { None }; CUES],
            tap: None,
        };
        (deck, Desk { orders, over: outbox, clock })
    }

    fn render(&mut self) {
        self.take_orders();
        self.block.fill(0.0);
        self.speak();
        for cue in &mut self.cues {
            if cue.as_mut().is_some_and(|cue| !cue.add_to(&mut self.block)) {
                discard(&mut self.over, cue.take().map(Order::Cue));
            }
        }
        if let Some(tap) = &mut self.tap {
            tap.push(self.clock, &self.block, Instant::now());
        }
        self.clock += PLAYED_SAMPLES as u64;
        self.shared_clock.store(self.clock, Ordering::Release);
    }

    fn take_orders(&mut self) {
        // Taken only while there is room for whatever has to go back in exchange.
        while self.over.slots() > CUES + 4 {
            let Ok(order) = self.orders.pop() else { break };
            let replaced = match order {
                Order::Line(line) => self.next.replace(line).map(end).map(Order::Line),
                Order::Cue(cue) => match self.cues.iter_mut().find(|place| place.is_none()) {
                    Some(place) => place.replace(cue).map(Order::Cue),
                    None => Some(Order::Cue(cue)),
                },
                Order::Effects(chain) => self.rack.change(chain).map(Order::Effects),
                Order::Tap(tap) => self.tap.replace(tap).map(Order::Tap),
            };
            discard(&mut self.over, replaced);
        }
        if self.tap.as_ref().is_some_and(|tap| tap.is_abandoned()) {
            discard(&mut self.over, self.tap.take().map(Order::Tap));
        }
    }

    /// Fills the block with speech, or with what rings on after it.
    fn speak(&mut self) {
        let sounds = self.line.is_some() || !self.rack.is_idle();
        if sounds && self.gain.level() == Level::Gone {
            self.end_line();
            self.rack.reset();
        }
        if self.line.is_none() && self.rack.is_idle() {
            if self.clock < self.ready_at || self.next.is_none() {
                return;
            }
            self.begin_line();
        }
        if self.gain.level() == Level::Held {
            return;
        }
        let speaking = self.read(PLAYED_SAMPLES);
        let over = self.rack.process(&mut self.block, speaking);
        discard(&mut self.over, over.map(Order::Effects));
        self.gain.apply(&mut self.block);
        if self.is_read && self.rack.has_been_heard() {
            self.end_line();
        }
    }

    fn begin_line(&mut self) {
        self.line = self.next.take();
        self.is_read = false;
        self.gain.restart(self.line.as_ref().map_or(0, |line| line.generation()));
        // As much as the effects hold back.
        let mut late = self.rack.latency();
        while late > 0 {
            let count = late.min(PLAYED_SAMPLES);
            let speaking = self.read(count);
            let over = self.rack.process(&mut self.block[..count], speaking);
            discard(&mut self.over, over.map(Order::Effects));
            late -= count;
        }
        self.block.fill(0.0);
    }

    /// Reads the next samples of the line, or silence, into the block; whether the line goes on.
    fn read(&mut self, count: usize) -> bool {
        let block = &mut self.block[..count];
        match &mut self.line {
            Some(line) if !self.is_read => self.is_read = !line.read(block),
            _ => block.fill(0.0),
        }
        self.line.is_some() && !self.is_read
    }

    fn end_line(&mut self) {
        self.is_read = false;
        discard(&mut self.over, self.line.take().map(end).map(Order::Line));
    }
}

/// Tells that a line is over.
fn end(line: Box<Line>) -> Box<Line> {
    line.end();
    line
}

/// Sends back what is over. There is room: see [`Deck::take_orders`].
fn discard(over: &mut Producer<Order>, order: Option<Order>) {
    if let Some(order) = order {
        let _ = over.push(order);
    }
}

impl Iterator for Deck {
    type Item = f32;

    fn next(&mut self) -> Option<f32> {
        if self.taken == PLAYED_SAMPLES {
            self.render();
            self.taken = 0;
        }
        let sample = self.block[self.taken];
        self.taken += 1;
        Some(sample)
    }
}

impl Source for Deck {
    fn current_span_len(&self) -> Option<usize> {
        None
    }

    fn channels(&self) -> NonZero<u16> {
        NonZero::<u16>::MIN
    }

    fn sample_rate(&self) -> NonZero<u32> {
        self.rate
    }

    fn total_duration(&self) -> Option<Duration> {
        None
    }
}

#[cfg(test)]
#[path = "deck_tests.rs"]
mod tests;
