//! Regular expressions, made deterministic and bounded in size.
//!
//! The syntax is that of the crate `regex`: no look-around, no references to what was matched.

use super::network::{Builder, Bytes, END, Network, State, StateId};
use super::refused;
use crate::error::Result;
use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::{primitives::StateID, start, syntax};
use regex_automata::{Anchored, MatchKind};
use std::collections::HashMap;

/// Bytes that an expression may have.
const MAX_PATTERN: usize = 8192;
/// Bytes that its automata may have, on the way and in the end.
const MAX_NFA: usize = 512 << 10;
const MAX_DFA: usize = 4 << 20;

/// The network of the texts that `pattern` matches as a whole.
pub(super) fn compile(pattern: &str) -> Result<Network> {
    let mut builder = Builder::new();
    let start = matching(&mut builder, pattern, Within::Text, END)?;
    Ok(builder.finish(start))
}

/// What an expression is matched against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Within {
    /// All of a text.
    Text,
    /// Any part of what is between the quotes of a JSON string, which then has no escapes.
    JsonString,
}

/// What `pattern` matches, then `next`.
pub(super) fn matching(builder: &mut Builder, pattern: &str, within: Within, next: StateId) -> Result<StateId> {
    if pattern.len() > MAX_PATTERN {
        return Err(refused(format!("an expression has more than {MAX_PATTERN} bytes")));
    }
    // By itself first, so that no bracket of it can close one of ours.
    let reason = |error: &dyn std::fmt::Display| {
        let text = error.to_string();
        let last = text.trim().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        refused(format!("the expression {pattern:?} can't be used: {last}"))
    };
    syntax::parse(pattern).map_err(|error| reason(&error))?;
    let whole = match within {
        Within::Text => format!("(?:{pattern})"),
        Within::JsonString => format!("(?s:.*)(?:{pattern})(?s:.*)"),
    };
    let dfa = dense::Builder::new()
        .configure(
            dense::Config::new()
                // All matches, not the one that a search would prefer.
                .match_kind(MatchKind::All)
                .start_kind(StartKind::Anchored)
                .accelerate(false)
                .dfa_size_limit(Some(MAX_DFA))
                .determinize_size_limit(Some(MAX_DFA)),
        )
        .thompson(thompson::Config::new().nfa_size_limit(Some(MAX_NFA)))
        .build(&whole)
        .map_err(|error| {
            let source = std::error::Error::source(&error).map(ToString::to_string);
            reason(&source.unwrap_or_else(|| error.to_string()))
        })?;
    let first = dfa
        .start_state(&start::Config::new().anchored(Anchored::Yes))
        .map_err(|_| refused(format!("the expression {pattern:?} can't be used")))?;

    let mut known: HashMap<StateID, StateId> = HashMap::new();
    let mut waiting = vec![(first, builder.reserve()?)];
    known.insert(first, waiting[0].1);
    let entry = waiting[0].1;
    while let Some((state, id)) = waiting.pop() {
        let mut ranges: Vec<Bytes> = Vec::new();
        for byte in 0..=255u8 {
            if within == Within::JsonString && (byte < 0x20 || byte == b'"' || byte == b'\\') {
                continue;
            }
            let after = dfa.next_state(state, byte);
            if dfa.is_dead_state(after) {
                continue;
            }
            if dfa.is_quit_state(after) {
                return Err(refused(format!("the expression {pattern:?} asks for what is not supported")));
            }
            let target = match known.get(&after) {
                Some(target) => *target,
                None => {
                    let target = builder.reserve()?;
                    known.insert(after, target);
                    waiting.push((after, target));
                    target
                }
            };
            match ranges.last_mut().filter(|last| last.next == target && last.high + 1 == byte) {
                Some(last) => last.high = byte,
                None => ranges.push(Bytes { low: byte, high: byte, next: target }),
            }
        }
        // A match is only known at what follows it: here, the end.
        if dfa.is_match_state(dfa.next_eoi_state(state)) {
            let take = builder.add(State::Take(ranges))?;
            builder.set(id, State::Any(vec![next, take]));
        } else {
            builder.set(id, State::Take(ranges));
        }
    }
    Ok(entry)
}
