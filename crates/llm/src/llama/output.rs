//! The end of the forward pass: scores of what comes next, of every token or of the leaders alone.
//!
//! The output matrix is a third of what a small model reads for each token, and nearly all of its products are for tokens
//! that are never chosen. One of eight bits lies in two halves ([`Halved`]): products with the upper one say which tokens may
//! be within reach of the best, six standard deviations of their error counted in, and only those are computed whole. A few
//! columns of the last state are far larger than all others, in every model of the family, and make most of that error; so
//! what is left out of 32 of them is kept as a small matrix of its own. Owns the matrix and this choice; never samples.

use super::scratch::Scratch;
use super::{Cut, Llama, address, foresee, products};
use crate::error::{LlmError, Result};
use crate::kernels::{self, Activations, BLOCK, Form, Halved, LANES, Line, Packed, Pages, Rounding};
use crate::team::{Parts, Team};
use jarvis_core::Cancel;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Standard deviations that a score may be off: one in a thousand million is more.
const MARGIN: f32 = 6.0;
/// The furthest below the best that leaders are looked for; behind that they are too many.
pub(crate) const FAR: f32 = 4.0;
/// Too many are looked at whole when it is one in this many groups of rows.
const FEW: usize = 6;
/// Tokens in a row of which too many are looked at, after which leaders are not looked for until another text begins.
const IN_VAIN: u32 = 16;

/// The matrix that turns the last state into a score for each token.
#[derive(Debug)]
pub(crate) enum Output {
    Whole(Packed),
    Halved(Halved),
}

/// What of the scores matters to whoever chooses by them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choice<'a> {
    /// How far below the best a score may be.
    pub(crate) reach: f32,
    /// Tokens whose scores are divided by `penalty`, or multiplied where they are below zero, before that.
    pub(crate) penalized: &'a [u32],
    /// 1 or more.
    pub(crate) penalty: f32,
}

impl Choice<'_> {
    /// What a score becomes by the penalty.
    pub(crate) fn penalize(&self, score: f32) -> f32 {
        if score > 0.0 { score / self.penalty } else { score * self.penalty }
    }
}

impl Output {
    /// Writes the row of `token` as floats.
    pub(crate) fn row(&self, token: usize, out: &mut [f32]) {
        match self {
            Self::Whole(matrix) => matrix.row(token, out),
            Self::Halved(halved) => halved.row(token, out),
        }
    }

    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Whole(matrix) => matrix.bytes(),
            Self::Halved(halved) => halved.bytes(),
        }
    }

    /// Whether products take activations as they are.
    pub(crate) fn is_float(&self) -> bool {
        matches!(self, Self::Whole(matrix) if matrix.form.is_float())
    }

    /// What its products begin with.
    pub(super) fn first_matrix(&self) -> &Packed {
        match self {
            Self::Whole(matrix) => matrix,
            Self::Halved(halved) => &halved.upper,
        }
    }
}

/// What is kept to find leaders.
#[derive(Debug, Default)]
pub(super) struct Leading {
    outlying: Option<Outlying>,
    /// A group of rows in eight bits for each thread.
    joined: Vec<Line>,
    /// By piece of work, what its best score is at least.
    least: Vec<f32>,
    /// By thread.
    found: Vec<Vec<(f32, u32)>>,
    leaders: Vec<(f32, u32)>,
    in_vain: u32,
}

/// What the upper halves leave out of the columns with the largest values.
#[derive(Debug)]
struct Outlying {
    columns: [u32; BLOCK],
    /// A block of eight bits a row.
    weights: Packed,
    /// The values of those columns.
    activations: Activations,
}

impl Outlying {
    /// Those of the state `values`.
    fn of(values: &[f32], halved: &Halved, team: &mut Team) -> Result<Self> {
        let mut order: Vec<u32> = (0..values.len() as u32).collect();
        order.sort_by(|a, b| values[*b as usize].abs().total_cmp(&values[*a as usize].abs()));
        let columns: [u32; BLOCK] = std::array::from_fn(|i| order[i]);
        let form = Form::Eight;
        let rows = halved.upper.rows;
        let mut weights = Packed::zeros(rows, BLOCK, form, &mut Pages::default()).map_err(LlmError::engine)?;
        let (lines, scales) = (Parts::new(&mut weights.quants), Parts::new(&mut weights.scales));
        let groups = halved.upper.groups();
        let step = groups.div_ceil(8 * team.threads());
        team.run(groups.div_ceil(step), &|_, piece| {
            for group in piece * step..groups.min((piece + 1) * step) {
                // SAFETY: each group is in one piece.
                let (lines, scales) = unsafe {
                    (lines.part(group * form.lines(), form.lines()), scales.part(group * form.scales(), form.scales()))
                };
                halved.left_out(group, &columns, lines, scales);
            }
        });
        Ok(Self { columns, weights, activations: Activations::with_capacity(BLOCK, false) })
    }
}

impl Llama {
    /// The last state, normalized as the output takes it, into `scratch.normed`.
    fn finish(&mut self) {
        let Scratch { last, normed, .. } = &mut self.scratch;
        let normed = &mut normed[..self.config.width];
        kernels::rms_norm(self.kernel, last, &self.weights.norm, self.config.epsilon, normed);
    }

    /// Scores of what comes after the last token read, one per token of the vocabulary.
    pub(crate) fn logits(&mut self) -> &mut [f32] {
        self.finish();
        let Scratch { normed, activations, logits, leading, .. } = &mut self.scratch;
        let normed = &normed[..self.config.width];
        // SAFETY: no other thread writes.
        unsafe { activations.reshape(1, normed.len(), Rounding::Sixteen).write(self.kernel, 0, normed) };
        let next = self.weights.layers[0].first_matrices();
        match &self.weights.output {
            Output::Whole(matrix) => {
                let never = Cancel::new();
                foresee(&self.team, 1, &next);
                let threads = self.team.threads();
                let next = |thread| address(&next, (thread, threads));
                products(&mut self.team, self.kernel, activations, [(matrix, &mut logits[..])], next, &never);
            }
            Output::Halved(halved) => {
                foresee(&self.team, 1, &next);
                leading.make_room(halved, self.team.threads());
                let (joined, scores) = (Parts::new(&mut leading.joined), Parts::new(&mut logits[..]));
                let cut = Cut::for_one(halved.upper.groups(), halved.bytes(), self.team.threads());
                let (kernel, activations) = (self.kernel, &*activations);
                self.team.run(cut.pieces(), &|thread, piece| {
                    let length = halved.joined_lines();
                    // SAFETY: each thread has its own lines.
                    let lines = unsafe { joined.part(thread * length, length) };
                    for group in cut.piece(piece) {
                        let scales = halved.group(kernel, group, lines);
                        let eight = kernels::eight_rows(kernel, lines, scales, activations);
                        let rows = LANES.min(halved.upper.rows - group * LANES);
                        // SAFETY: each piece has its own rows.
                        unsafe { scores.part(group * LANES, rows) }.copy_from_slice(&eight[..rows]);
                    }
                });
            }
        }
        if let Some(cap) = self.config.logit_cap {
            kernels::soft_cap(self.kernel, logits, cap);
        }
        logits
    }

    /// The scores that matter for `choice`, and a few more, in no order: those of [`Self::logits`], each with its token. None
    /// where all have to be looked at.
    ///
    /// # Errors
    /// There is no memory for what is kept to find them.
    pub(crate) fn leaders(&mut self, choice: &Choice<'_>) -> Result<Option<&mut Vec<(f32, u32)>>> {
        let is_told = choice.reach <= FAR && self.config.logit_cap.is_none();
        if !is_told || self.scratch.leading.in_vain >= IN_VAIN || !matches!(self.weights.output, Output::Halved(_)) {
            return Ok(None);
        }
        self.finish();
        let Output::Halved(halved) = &self.weights.output else { return Ok(None) };
        let Scratch { normed, activations, logits, leading, .. } = &mut self.scratch;
        let (normed, kernel, team) = (&normed[..self.config.width], self.kernel, &mut self.team);
        leading.make_room(halved, team.threads());
        let outlying = match &mut leading.outlying {
            Some(outlying) => outlying,
            none => none.insert(Outlying::of(normed, halved, team)?),
        };
        let values = outlying.columns.map(|column| normed[column as usize]);
        // Nearly all of it may be in those columns: the difference wants more digits.
        let squares = |values: &[f32]| values.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>();
        // SAFETY: no other thread writes.
        unsafe {
            activations.reshape(1, normed.len(), Rounding::Eight).write(kernel, 0, normed);
            outlying.activations.reshape(1, BLOCK, Rounding::Eight).write(kernel, 0, &values);
        }
        let rest = squares(normed) - squares(&values);
        let margin = MARGIN * kernels::deviation(rest as f32, &activations.token(0));
        if !rest.is_finite() || !margin.is_finite() {
            return Ok(None);
        }
        foresee(team, 1, &self.weights.layers[0].first_matrices());

        let cut = Cut::for_one(halved.upper.groups(), halved.upper.bytes(), team.threads());
        let rows_of = |piece: usize| {
            let Range { start, end } = cut.piece(piece);
            (start * LANES).min(halved.upper.rows)..(end * LANES).min(halved.upper.rows)
        };
        leading.least.resize(cut.pieces(), f32::NEG_INFINITY);
        let (least, scores) = (Parts::new(&mut leading.least), Parts::new(&mut logits[..]));
        {
            let (activations, outlying) = (&*activations, &*outlying);
            team.run(cut.pieces(), &|_, piece| {
                let rows = rows_of(piece);
                // SAFETY: each piece has its own rows.
                let (scores, least) = unsafe { (scores.part(rows.start, rows.len()), &mut least.part(piece, 1)[0]) };
                let (upper, then) = (&halved.upper, std::ptr::null());
                kernels::matmul(kernel, upper, activations, cut.piece(piece), then, |_, row, some| {
                    scores[row - rows.start..][..some.len()].copy_from_slice(some);
                });
                let (left_out, values) = (&outlying.weights, &outlying.activations);
                kernels::matmul(kernel, left_out, values, cut.piece(piece), then, |_, row, some| {
                    let scores = scores[row - rows.start..][..some.len()].iter_mut();
                    scores.zip(some).for_each(|(score, rest)| *score = *score * 16.0 + rest);
                });
                *least = kernels::best_at_least(scores, &halved.spread[rows.clone()], margin, |token| {
                    choice.penalized.contains(&((rows.start + token) as u32))
                });
            });
        }
        let at_least = |token: u32| Some(logits.get(token as usize)? - margin * halved.spread[token as usize]);
        let penalized =
            choice.penalized.iter().filter_map(|token| at_least(*token)).map(|score| choice.penalize(score));
        let best = leading.least.iter().copied().chain(penalized).fold(f32::NEG_INFINITY, f32::max);
        let floor = best - choice.reach;
        if !floor.is_finite() {
            return Ok(None);
        }

        // SAFETY: no other thread writes.
        unsafe { activations.reshape(1, normed.len(), Rounding::Sixteen).write(kernel, 0, normed) };
        leading.found.iter_mut().for_each(Vec::clear);
        let looked_at = AtomicUsize::new(0);
        let (joined, found) = (Parts::new(&mut leading.joined), Parts::new(&mut leading.found));
        let (activations, scores) = (&*activations, &logits[..]);
        team.run(cut.pieces(), &|thread, piece| {
            let length = halved.joined_lines();
            // SAFETY: each thread has its own.
            let (lines, found) = unsafe { (joined.part(thread * length, length), &mut found.part(thread, 1)[0]) };
            let rows = rows_of(piece);
            let mut groups = 0;
            kernels::within(&scores[rows.clone()], &halved.spread[rows.clone()], (margin, floor), |group| {
                let group = rows.start / LANES + group;
                let scales = halved.group(kernel, group, lines);
                let eight = kernels::eight_rows(kernel, lines, scales, activations);
                let rows = (group * LANES..halved.upper.rows).zip(eight);
                found.extend(rows.filter(|(_, score)| *score >= floor).map(|(row, score)| (score, row as u32)));
                groups += 1;
            });
            looked_at.fetch_add(groups, Ordering::Relaxed);
        });
        leading.leaders.clear();
        leading.found.iter_mut().for_each(|found| leading.leaders.append(found));
        let are_many = looked_at.into_inner() * FEW > halved.upper.groups();
        leading.in_vain = if are_many { leading.in_vain + 1 } else { 0 };
        if leading.in_vain == IN_VAIN {
            // Perhaps other columns stand out by now.
            leading.outlying = None;
        }
        Ok((!leading.leaders.is_empty()).then_some(&mut leading.leaders))
    }
}

impl Leading {
    /// Another text begins, of which more may be told.
    pub(super) fn begin(&mut self) {
        self.in_vain = 0;
    }

    fn make_room(&mut self, halved: &Halved, threads: usize) {
        self.joined.resize(threads * halved.joined_lines(), Line([0; 32]));
        self.found.resize_with(threads, Vec::new);
    }
}
