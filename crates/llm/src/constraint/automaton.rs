//! A network on its way over a text.
//!
//! Where a text may stand in a network is a set of places, each a state with the calls that it returns to. Such a set is
//! a point; points and the ways between them are found when they are first needed and then only looked up. Owns their
//! limits: beyond them ways are closed, never opened, so that whatever gets through has the form.

use super::lexicon::Lexicon;
use super::network::{NEVER, Network, State, StateId};
use std::collections::{HashMap, HashSet};

/// Points that are kept, each about 1.2 kB.
const MAX_POINTS: usize = 4096;
/// Frames of calls that are kept.
const MAX_FRAMES: u32 = 1 << 16;
/// How deep calls may nest.
const MAX_DEPTH: u16 = 64;
/// Places that are looked at for one point.
const MAX_PLACES: usize = 1024;
/// Masks that are kept, each a bit per token.
const MAX_MASKS: usize = 128;

pub(super) type PointId = u32;
type FrameId = u32;

/// No text gets here.
const DEAD: PointId = 0;
const UNKNOWN: PointId = u32::MAX;
/// Below all calls.
const BOTTOM: FrameId = 0;

/// A call that has not returned yet.
#[derive(Debug, Clone, Copy)]
struct Frame {
    /// Where it goes on.
    back: StateId,
    below: FrameId,
    depth: u16,
    /// The fewest bytes from there to the end of everything, or [`NEVER`].
    rest: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Place {
    state: StateId,
    frame: FrameId,
}

struct Point {
    /// Sorted; all of them take a byte.
    places: Box<[Place]>,
    /// Whether the text may end here.
    accepts: bool,
    next: Box<[PointId; 256]>,
    mask: Option<Box<[u64]>>,
}

/// See the module.
pub(super) struct Automaton {
    network: Network,
    frames: Vec<Frame>,
    frame_ids: HashMap<(StateId, FrameId), FrameId>,
    points: Vec<Point>,
    point_ids: HashMap<Box<[Place]>, [Option<PointId>; 2]>,
    masks: usize,
}

impl Automaton {
    /// The automaton and the point where every text begins.
    pub(super) fn new(network: Network) -> (Self, PointId) {
        let mut automaton = Self {
            network,
            frames: Vec::new(),
            frame_ids: HashMap::new(),
            points: Vec::new(),
            point_ids: HashMap::new(),
            masks: 0,
        };
        automaton.clear();
        let start = vec![Place { state: automaton.network.start(), frame: BOTTOM }];
        let begin = automaton.point(start).unwrap_or(DEAD);
        (automaton, begin)
    }

    fn clear(&mut self) {
        self.frames = vec![Frame { back: 0, below: BOTTOM, depth: 0, rest: 0 }];
        self.frame_ids.clear();
        self.point_ids.clear();
        self.points = vec![Point { places: Box::new([]), accepts: false, next: Box::new([DEAD; 256]), mask: None }];
        self.masks = 0;
    }

    /// Forgets what was found on the way when that has become much, but not `at`; returns its number from now on.
    pub(super) fn tidy(&mut self, at: PointId) -> PointId {
        if self.points.len() < MAX_POINTS / 2 && self.frames.len() < MAX_FRAMES as usize / 2 {
            return at;
        }
        let old = std::mem::take(&mut self.frames);
        let Point { places, accepts, .. } = &mut self.points[at as usize];
        let (places, accepts) = (std::mem::take(places), *accepts);
        self.clear();
        let places = places.iter().map(|place| {
            let mut calls = Vec::new();
            let mut frame = place.frame;
            while frame != BOTTOM {
                calls.push(old[frame as usize].back);
                frame = old[frame as usize].below;
            }
            let frame = calls.iter().rev().fold(BOTTOM, |below, back| self.frame(*back, below).unwrap_or(below));
            Place { state: place.state, frame }
        });
        let mut places: Vec<Place> = places.collect();
        places.sort_unstable();
        self.keep(places.into(), accepts)
    }

    /// The frame of a call that goes on at `back`; none beyond the limits.
    fn frame(&mut self, back: StateId, below: FrameId) -> Option<FrameId> {
        if let Some(known) = self.frame_ids.get(&(back, below)) {
            return Some(*known);
        }
        let under = self.frames[below as usize];
        let id = self.frames.len() as FrameId;
        if under.depth >= MAX_DEPTH || id >= MAX_FRAMES {
            return None;
        }
        let rest = join(self.network.to_end(back), under.rest);
        self.frames.push(Frame { back, below, depth: under.depth + 1, rest });
        self.frame_ids.insert((back, below), id);
        Some(id)
    }

    /// The point of all that can be reached from `places` without a byte; none beyond the limits.
    fn point(&mut self, mut places: Vec<Place>) -> Option<PointId> {
        let mut seen: HashSet<Place> = places.iter().copied().collect();
        let mut takers = Vec::new();
        let mut accepts = false;
        while let Some(place) = places.pop() {
            if join(self.network.to_end(place.state), self.frames[place.frame as usize].rest) == NEVER {
                continue;
            }
            let mut reach = |place: Place, places: &mut Vec<Place>| {
                if seen.insert(place) {
                    places.push(place);
                }
            };
            match self.network.state(place.state) {
                State::Take(_) => takers.push(place),
                State::Any(states) => {
                    states.iter().for_each(|state| reach(Place { state: *state, frame: place.frame }, &mut places));
                }
                State::Call(rule, next) => {
                    let (begin, next) = (self.network.begin(*rule), *next);
                    // A call with nothing after it needs no way back.
                    let frame = match self.network.state(next) {
                        State::End => Some(place.frame),
                        _ => self.frame(next, place.frame),
                    };
                    if let Some(frame) = frame {
                        reach(Place { state: begin, frame }, &mut places);
                    }
                }
                State::End if place.frame == BOTTOM => accepts = true,
                State::End => {
                    let Frame { back, below, .. } = self.frames[place.frame as usize];
                    reach(Place { state: back, frame: below }, &mut places);
                }
            }
            if seen.len() > MAX_PLACES {
                return None;
            }
        }
        if takers.is_empty() && !accepts {
            return Some(DEAD);
        }
        takers.sort_unstable();
        let known = self.point_ids.get(takers.as_slice()).and_then(|ids| ids[usize::from(accepts)]);
        match known {
            Some(id) => Some(id),
            None if self.points.len() >= MAX_POINTS => None,
            None => Some(self.keep(takers.into(), accepts)),
        }
    }

    fn keep(&mut self, places: Box<[Place]>, accepts: bool) -> PointId {
        let id = self.points.len() as PointId;
        self.point_ids.entry(places.clone()).or_default()[usize::from(accepts)] = Some(id);
        self.points.push(Point { places, accepts, next: Box::new([UNKNOWN; 256]), mask: None });
        id
    }

    /// Where `byte` leads from `at`; the dead point when nowhere.
    pub(super) fn step(&mut self, at: PointId, byte: u8) -> PointId {
        let point = &self.points[at as usize];
        let known = point.next[usize::from(byte)];
        if known != UNKNOWN {
            return known;
        }
        let mut places = Vec::new();
        for place in &point.places {
            let State::Take(ranges) = self.network.state(place.state) else { continue };
            let hit = ranges.iter().filter(|range| (range.low..=range.high).contains(&byte));
            places.extend(hit.map(|range| Place { state: range.next, frame: place.frame }));
        }
        // What is beyond the limits now may not be when they have been tidied: it is not noted down.
        let Some(next) = self.point(places) else { return DEAD };
        self.points[at as usize].next[usize::from(byte)] = next;
        next
    }

    /// Where `bytes` lead.
    pub(super) fn walk(&mut self, at: PointId, bytes: &[u8]) -> PointId {
        bytes.iter().fold(at, |at, byte| self.step(at, *byte))
    }

    /// A bit for each token of `lexicon` that can come next, the lowest first.
    pub(super) fn mask(&mut self, at: PointId, lexicon: &Lexicon) -> &[u64] {
        if self.points[at as usize].mask.is_none() {
            if self.masks >= MAX_MASKS {
                self.points.iter_mut().for_each(|point| point.mask = None);
                self.masks = 0;
            }
            let ends = self.points[at as usize].accepts;
            let mask = lexicon.matching(at, ends, |at, byte| Some(self.step(at, byte)).filter(|next| *next != DEAD));
            self.points[at as usize].mask = Some(mask);
            self.masks += 1;
        }
        self.points[at as usize].mask.as_deref().unwrap_or_default()
    }

    /// Whether the text may end here and nowhere else.
    pub(super) fn is_complete(&self, at: PointId) -> bool {
        let point = &self.points[at as usize];
        point.accepts && point.places.is_empty()
    }

    /// The fewest bytes from here to a whole text; none when there is no way.
    pub(super) fn shortest(&self, at: PointId) -> Option<u32> {
        let point = &self.points[at as usize];
        if point.accepts {
            return Some(0);
        }
        self.nearest(at).map(|place| self.rest(place))
    }

    /// The shortest text from here to the end.
    pub(super) fn shortest_text(&self, at: PointId) -> Vec<u8> {
        let mut text = Vec::new();
        if self.points[at as usize].accepts {
            return text;
        }
        let Some(Place { state, mut frame }) = self.nearest(at) else { return text };
        self.network.write_shortest(state, &mut text);
        while frame != BOTTOM {
            let Frame { back, below, .. } = self.frames[frame as usize];
            self.network.write_shortest(back, &mut text);
            frame = below;
        }
        text
    }

    fn nearest(&self, at: PointId) -> Option<Place> {
        self.points[at as usize].places.iter().copied().min_by_key(|place| self.rest(*place))
    }

    fn rest(&self, place: Place) -> u32 {
        join(self.network.to_end(place.state), self.frames[place.frame as usize].rest)
    }
}

/// One way after the other.
fn join(first: u32, second: u32) -> u32 {
    if first == NEVER || second == NEVER { NEVER } else { first.saturating_add(second).min(NEVER - 1) }
}
