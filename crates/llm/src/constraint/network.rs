//! Rules over bytes that call each other: what a form is translated to.
//!
//! Owns the states, their limits, and the shortest way from each to the end. A network is built from its end: every piece
//! is told what comes after it. Never runs; that is the automaton's.

use super::refused;
use crate::error::Result;

/// States that a network may have.
const MAX_STATES: usize = 40_000;
/// Rules that a network may have.
const MAX_RULES: usize = 2048;
/// What has no way to the end.
pub(super) const NEVER: u32 = u32::MAX;

pub(super) type StateId = u32;
pub(super) type RuleId = u32;

/// A range of bytes, ends included, and where each of them leads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes {
    pub(super) low: u8,
    pub(super) high: u8,
    pub(super) next: StateId,
}

#[derive(Debug, Clone)]
pub(super) enum State {
    /// The rule's end.
    End,
    /// Takes a byte. The ranges may overlap.
    Take(Vec<Bytes>),
    /// Goes on at any of these without taking a byte.
    Any(Vec<StateId>),
    /// Runs a rule and goes on.
    Call(RuleId, StateId),
}

/// The end of every rule.
pub(super) const END: StateId = 0;

/// Puts a network together.
pub(super) struct Builder {
    states: Vec<State>,
    rules: Vec<StateId>,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self { states: vec![State::End], rules: Vec::new() }
    }

    pub(super) fn add(&mut self, state: State) -> Result<StateId> {
        if self.states.len() >= MAX_STATES {
            return Err(refused("it is too complex: it needs too many states"));
        }
        self.states.push(state);
        Ok(self.states.len() as StateId - 1)
    }

    /// A state that is said later with [`Self::set`].
    pub(super) fn reserve(&mut self) -> Result<StateId> {
        self.add(State::Any(Vec::new()))
    }

    pub(super) fn set(&mut self, id: StateId, state: State) {
        self.states[id as usize] = state;
    }

    /// A rule that is said later with [`Self::define`].
    pub(super) fn rule(&mut self) -> Result<RuleId> {
        if self.rules.len() >= MAX_RULES {
            return Err(refused("it is too complex: it has too many parts"));
        }
        let begin = self.reserve()?;
        self.rules.push(begin);
        Ok(self.rules.len() as RuleId - 1)
    }

    /// `rule` begins at `state`.
    pub(super) fn define(&mut self, rule: RuleId, state: StateId) {
        let begin = self.rules[rule as usize];
        self.set(begin, State::Any(vec![state]));
    }

    pub(super) fn range(&mut self, low: u8, high: u8, next: StateId) -> Result<StateId> {
        self.add(State::Take(vec![Bytes { low, high, next }]))
    }

    pub(super) fn literal(&mut self, text: &str, next: StateId) -> Result<StateId> {
        text.bytes().rev().try_fold(next, |next, byte| self.range(byte, byte, next))
    }

    pub(super) fn any(&mut self, states: Vec<StateId>) -> Result<StateId> {
        self.add(State::Any(states))
    }

    pub(super) fn call(&mut self, rule: RuleId, next: StateId) -> Result<StateId> {
        self.add(State::Call(rule, next))
    }

    /// The network that begins at `start`.
    pub(super) fn finish(self, start: StateId) -> Network {
        let Self { states, rules } = self;
        let mut network =
            Network { shortest: vec![NEVER; states.len()], best: vec![0; states.len()], states, rules, start };
        while network.relax() {}
        network
    }
}

/// Rules, ready to run.
pub(super) struct Network {
    states: Vec<State>,
    rules: Vec<StateId>,
    start: StateId,
    /// The fewest bytes from each state to its rule's end.
    shortest: Vec<u32>,
    /// Which of a state's ways that is.
    best: Vec<u32>,
}

impl Network {
    /// Makes the shortest ways shorter; says whether that was possible. A way is taken only when it is truly shorter, so
    /// following the best ways never runs in a circle.
    fn relax(&mut self) -> bool {
        let mut shorter = false;
        for id in 0..self.states.len() {
            let (bytes, way) = match &self.states[id] {
                State::End => (0, 0),
                State::Take(ranges) => least(ranges.iter().map(|range| self.after(range.next, 1))),
                State::Any(states) => least(states.iter().map(|state| self.after(*state, 0))),
                State::Call(rule, next) => {
                    let inside = self.shortest[self.rules[*rule as usize] as usize];
                    (if inside == NEVER { NEVER } else { self.after(*next, inside) }, 0)
                }
            };
            if bytes < self.shortest[id] {
                self.shortest[id] = bytes;
                self.best[id] = way;
                shorter = true;
            }
        }
        shorter
    }

    fn after(&self, state: StateId, bytes: u32) -> u32 {
        match self.shortest[state as usize] {
            NEVER => NEVER,
            rest => rest.saturating_add(bytes).min(NEVER - 1),
        }
    }

    pub(super) fn start(&self) -> StateId {
        self.start
    }

    pub(super) fn state(&self, id: StateId) -> &State {
        &self.states[id as usize]
    }

    /// Where a rule begins.
    pub(super) fn begin(&self, rule: RuleId) -> StateId {
        self.rules[rule as usize]
    }

    /// The fewest bytes from a state to its rule's end, or [`NEVER`].
    pub(super) fn to_end(&self, id: StateId) -> u32 {
        self.shortest[id as usize]
    }

    /// Bytes of the shortest text; none when there is no text at all.
    pub(super) fn shortest(&self) -> Option<u32> {
        Some(self.to_end(self.start)).filter(|bytes| *bytes != NEVER)
    }

    /// Appends the shortest text from `state` to its rule's end, which there has to be.
    pub(super) fn write_shortest(&self, state: StateId, out: &mut Vec<u8>) {
        let mut calls = Vec::new();
        let mut at = state;
        loop {
            let best = self.best[at as usize] as usize;
            at = match &self.states[at as usize] {
                State::End => match calls.pop() {
                    Some(back) => back,
                    None => return,
                },
                State::Take(ranges) => {
                    out.push(ranges[best].low);
                    ranges[best].next
                }
                State::Any(states) => states[best],
                State::Call(rule, next) => {
                    calls.push(*next);
                    self.begin(*rule)
                }
            };
        }
    }
}

/// The least of `values` and its index; [`NEVER`] when there is none.
fn least(values: impl Iterator<Item = u32>) -> (u32, u32) {
    values.zip(0..).min().unwrap_or((NEVER, 0))
}
