//! Numbers within bounds, digit by digit.
//!
//! Owns how numbers are written in answers: without an exponent or needless zeros, of at most 15 digits before the point
//! (so that every reader keeps them whole) and 6 after it.

use super::network::{Builder, StateId};
use crate::error::Result;

/// The largest number that is written.
pub(super) const MOST: i64 = 999_999_999_999_999;
/// Digits after the point.
const PLACES: usize = 6;

/// Whole numbers from `low` to `high`, both within ±[`MOST`]; nothing when `low` is above `high`.
pub(super) fn integers(builder: &mut Builder, low: i64, high: i64, next: StateId) -> Result<StateId> {
    let mut ways = Vec::new();
    if high >= 0 {
        ways.extend(magnitudes(builder, low.max(0) as u64, high as u64, next)?);
    }
    if low < 0 {
        let below = magnitudes(builder, (-high).max(1) as u64, low.unsigned_abs(), next)?;
        ways.push(negative(builder, below)?);
    }
    builder.any(ways)
}

/// Numbers from `low` to `high`, with digits after the point or without.
pub(super) fn decimals(builder: &mut Builder, low: i64, high: i64, next: StateId) -> Result<StateId> {
    let mut digits = builder.range(b'0', b'9', next)?;
    for _ in 1..PLACES {
        let more = builder.any(vec![next, digits])?;
        digits = builder.range(b'0', b'9', more)?;
    }
    let point = builder.range(b'.', b'.', digits)?;
    let open = builder.any(vec![next, point])?;
    let mut ways = Vec::new();
    // 3.9 is below 4, and 4 itself has nothing after its point; below zero it is the other way round.
    if high >= 0 {
        if high > low.max(0) {
            ways.extend(magnitudes(builder, low.max(0) as u64, high as u64 - 1, open)?);
        }
        if high >= low {
            ways.extend(magnitudes(builder, high as u64, high as u64, next)?);
        }
    }
    if low < 0 {
        let (least, most) = ((-high).max(0) as u64, low.unsigned_abs());
        let mut below = if most > least { magnitudes(builder, least, most - 1, open)? } else { Vec::new() };
        if most >= least {
            below.extend(magnitudes(builder, most, most, next)?);
        }
        ways.push(negative(builder, below)?);
    }
    builder.any(ways)
}

fn negative(builder: &mut Builder, magnitudes: Vec<StateId>) -> Result<StateId> {
    let magnitude = builder.any(magnitudes)?;
    builder.range(b'-', b'-', magnitude)
}

/// A way for each count of digits that numbers from `low` to `high` have.
fn magnitudes(builder: &mut Builder, low: u64, high: u64, next: StateId) -> Result<Vec<StateId>> {
    let mut ways = Vec::new();
    let (mut least, mut most) = (0, 9);
    while least <= high {
        let (from, to) = (low.max(least), high.min(most));
        if from <= to {
            ways.push(between(builder, from.to_string().as_bytes(), to.to_string().as_bytes(), next)?);
        }
        (least, most) = (most + 1, most * 10 + 9);
    }
    Ok(ways)
}

/// Digits from `low` to `high`, which are equally many.
fn between(builder: &mut Builder, low: &[u8], high: &[u8], next: StateId) -> Result<StateId> {
    let ([from, low @ ..], [to, high @ ..]) = (low, high) else { return Ok(next) };
    let is_free = |low: &[u8], high: &[u8]| low.iter().all(|d| *d == b'0') && high.iter().all(|d| *d == b'9');
    if is_free(low, high) {
        let rest = free(builder, low.len(), next)?;
        return builder.range(*from, *to, rest);
    }
    if from == to {
        let rest = between(builder, low, high, next)?;
        return builder.range(*from, *to, rest);
    }
    let (zeros, nines) = (vec![b'0'; low.len()], vec![b'9'; low.len()]);
    let first = between(builder, low, &nines, next)?;
    let last = between(builder, &zeros, high, next)?;
    let mut ways = vec![builder.range(*from, *from, first)?, builder.range(*to, *to, last)?];
    if from + 1 < *to {
        let rest = free(builder, low.len(), next)?;
        ways.push(builder.range(from + 1, to - 1, rest)?);
    }
    builder.any(ways)
}

/// Any `count` digits.
fn free(builder: &mut Builder, count: usize, next: StateId) -> Result<StateId> {
    (0..count).try_fold(next, |next, _| builder.range(b'0', b'9', next))
}
