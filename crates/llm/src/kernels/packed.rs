//! Weight matrices in the form that the kernels read: eight rows interleaved, blocks of 32 columns.
//!
//! One 32-byte vector holds four consecutive columns of eight rows, so that a product needs no sum across a vector: lane
//! `r` of every accumulator is row `r`. Each [`Form`] holds one or more of the types that a file may have, without loss but
//! for the 16-bit rounding of scales that a file writes as products. Never multiplies; that is [`super::matmul`].

use super::pages::{Pages, Run};
use half::{bf16, f16};
use std::io;

/// Rows that are interleaved.
pub(crate) const LANES: usize = 8;
/// What [`Form::Upper`] takes from its numbers: with lower bits of 7.5 on average, `16 * (q - 8) + 7.5` is 16 times
/// `q - 7.53125`.
pub(crate) const UPPER_CENTRE: f32 = 8.0 - 7.5 / 16.0;
/// Columns of a block.
pub(crate) const BLOCK: usize = 32;

/// How weights are written in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Form {
    /// `scale * q + minimum`, `q` 0..=15: Q4_1 and Q4_K.
    Four,
    /// `scale * (q - 8)`, `q` 0..=15: Q4_0.
    Centred,
    /// `scale * q + minimum`, `q` 0..=31: Q5_0, Q5_1 and Q5_K.
    Five,
    /// `scale * (q - 32)`, `q` 0..=63, a scale for 16 columns: Q6_K.
    Six,
    /// `scale * q`, `q` -128..=127: Q8_0, and what has no form of its own.
    Eight,
    /// `scale * (q - 7.53125)`, `q` 0..=15: a sixteenth of what [`Self::Eight`] has, from its upper four bits and the middle
    /// of what the lower may be ([`Halved`](super::Halved)).
    Upper,
    /// 16-bit floats.
    Half,
    /// The upper halves of 32-bit floats.
    Brain,
    /// 32-bit floats.
    Single,
}

impl Form {
    /// Every form, by its number.
    pub(crate) const ALL: [Self; 9] = [
        Self::Four,
        Self::Centred,
        Self::Five,
        Self::Six,
        Self::Eight,
        Self::Upper,
        Self::Half,
        Self::Brain,
        Self::Single,
    ];

    /// Lines that 32 columns of eight rows take.
    pub(crate) const fn lines(self) -> usize {
        match self {
            Self::Four | Self::Centred | Self::Upper => 4,
            Self::Five => 5,
            Self::Six => 6,
            Self::Eight => 8,
            Self::Half | Self::Brain => 16,
            Self::Single => 32,
        }
    }

    /// 16-bit floats that belong to 32 columns of eight rows: eight scales, then eight minima or eight more scales.
    pub(crate) const fn scales(self) -> usize {
        match self {
            Self::Centred | Self::Eight | Self::Upper => LANES,
            Self::Four | Self::Five | Self::Six => 2 * LANES,
            Self::Half | Self::Brain | Self::Single => 0,
        }
    }

    /// Whether products take the activations as they are, not in eight bits.
    pub(crate) const fn is_float(self) -> bool {
        matches!(self, Self::Half | Self::Brain | Self::Single)
    }
}

/// 32 bytes, aligned so that no vector load crosses a cache line.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(32))]
pub(crate) struct Line(pub(crate) [u8; 32]);

/// A matrix of `rows` x `cols` weights.
#[derive(Debug)]
pub(crate) struct Packed {
    pub(crate) rows: usize,
    /// A multiple of [`BLOCK`].
    pub(crate) cols: usize,
    pub(crate) form: Form,
    /// By group of eight rows, then by block.
    pub(crate) quants: Run<Line>,
    /// In the same order, as the bits of 16-bit floats.
    pub(crate) scales: Run<u16>,
}

impl Packed {
    /// A matrix of zeros.
    ///
    /// # Errors
    /// There is no memory for it.
    pub(crate) fn zeros(rows: usize, cols: usize, form: Form, pages: &mut Pages) -> io::Result<Self> {
        assert_eq!(cols % BLOCK, 0, "a row is whole blocks");
        let blocks = rows.div_ceil(LANES) * (cols / BLOCK);
        let (quants, scales) = (pages.take(blocks * form.lines())?, pages.take(blocks * form.scales())?);
        Ok(Self { rows, cols, form, quants, scales })
    }

    /// Groups of eight rows; the last one may have rows of zeros at its end.
    pub(crate) fn groups(&self) -> usize {
        self.rows.div_ceil(LANES)
    }

    /// Blocks in a row.
    pub(crate) fn blocks(&self) -> usize {
        self.cols / BLOCK
    }

    /// Lines of one group.
    pub(crate) fn group_lines(&self) -> usize {
        self.blocks() * self.form.lines()
    }

    /// Scales (and minima) of one group.
    pub(crate) fn group_scales(&self) -> usize {
        self.blocks() * self.form.scales()
    }

    /// The lines and the scales of a group.
    pub(crate) fn group(&self, group: usize) -> (&[Line], &[u16]) {
        let lines = &self.quants[group * self.group_lines()..][..self.group_lines()];
        (lines, &self.scales[group * self.group_scales()..][..self.group_scales()])
    }

    /// Where group `first` and those after it lie, quants and scales: no more than `bytes` of quants where that is a group at least,
    /// and what belongs to them.
    pub(crate) fn beginning(&self, first: usize, bytes: usize) -> [&[u8]; 2] {
        let groups = (bytes / (self.group_lines() * size_of::<Line>()).max(1)).clamp(1, self.groups() - first);
        let lines = &self.quants[first * self.group_lines()..][..groups * self.group_lines()];
        let scales = &self.scales[first * self.group_scales()..][..groups * self.group_scales()];
        // SAFETY: plain numbers without padding, and every byte is valid as one.
        [unsafe { lines.align_to().1 }, unsafe { scales.align_to().1 }]
    }

    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.quants.len() * 32 + self.scales.len() * 2
    }

    /// Writes row `row` as floats.
    pub(crate) fn row(&self, row: usize, out: &mut [f32]) {
        assert!(row < self.rows && out.len() == self.cols);
        let lane = row % LANES;
        let (lines, scales) = self.group(row / LANES);
        let blocks = out.as_chunks_mut::<BLOCK>().0.iter_mut().zip(lines.chunks_exact(self.form.lines()));
        for (block, (out, lines)) in blocks.enumerate() {
            if self.form.is_float() {
                for (column, out) in out.iter_mut().enumerate() {
                    *out = self.form.float(lines, column, lane);
                }
                continue;
            }
            let scales = &scales[block * self.form.scales()..][..self.form.scales()];
            let scale = |index: usize| f16::from_bits(scales[index]).to_f32();
            let quants = self.form.unpack(lines);
            for (column, out) in out.iter_mut().enumerate() {
                let quant = f32::from(quants[column / 4][lane * 4 + column % 4]);
                *out = match self.form {
                    Form::Centred => scale(lane) * (quant - 8.0),
                    Form::Six => scale(column / 16 * LANES + lane) * (quant - 32.0),
                    Form::Eight => scale(lane) * quant,
                    Form::Upper => scale(lane) * (quant - UPPER_CENTRE),
                    _ => scale(lane) * quant + scale(LANES + lane),
                };
            }
        }
    }
}

impl Form {
    /// The numbers of a block: eight vectors of four columns by eight rows, in the order of the columns.
    #[inline(always)]
    pub(crate) fn unpack(self, lines: &[Line]) -> [[i16; 32]; 8] {
        let mut quants = [[0; 32]; 8];
        for (vector, quants) in quants.iter_mut().enumerate() {
            if self == Self::Eight {
                for (quant, byte) in quants.iter_mut().zip(lines[vector].0) {
                    *quant = i16::from(byte as i8);
                }
                continue;
            }
            let shift = vector / 4 * 4;
            for (quant, byte) in quants.iter_mut().zip(lines[vector % 4].0) {
                *quant = i16::from(byte >> shift & 15);
            }
            match self {
                Self::Five => {
                    for (quant, byte) in quants.iter_mut().zip(lines[4].0) {
                        *quant |= i16::from(byte >> vector & 1) << 4;
                    }
                }
                Self::Six => {
                    for (quant, byte) in quants.iter_mut().zip(lines[4 + vector / 4].0) {
                        *quant |= i16::from(byte >> (vector % 4 * 2) & 3) << 4;
                    }
                }
                _ => {}
            }
        }
        quants
    }

    /// The weight in a column and a row of a block of a float form.
    #[inline(always)]
    pub(crate) fn float(self, lines: &[Line], column: usize, lane: usize) -> f32 {
        if self == Self::Single {
            let bytes = lines[column].0.as_chunks::<4>().0[lane];
            return f32::from_le_bytes(bytes);
        }
        let bytes = lines[column / 2].0.as_chunks::<2>().0[column % 2 * LANES + lane];
        match self {
            Self::Brain => bf16::from_le_bytes(bytes).to_f32(),
            _ => f16::from_le_bytes(bytes).to_f32(),
        }
    }
}

/// Where one row of one group is packed to.
pub(crate) struct Lane<'a> {
    pub(crate) lane: usize,
    pub(crate) form: Form,
    pub(crate) lines: &'a mut [Line],
    pub(crate) scales: &'a mut [u16],
}

impl Lane<'_> {
    /// Block `block` from its numbers, by column. `second` is the minimum, or the scale of the last 16 columns, of the
    /// forms that have one.
    pub(crate) fn block(&mut self, block: usize, quants: &[u8; BLOCK], scale: f16, second: f16) {
        let at = self.lane * 4;
        let lines = &mut self.lines[block * self.form.lines()..][..self.form.lines()];
        for (vector, four) in quants.as_chunks::<4>().0.iter().enumerate() {
            for (i, quant) in four.iter().enumerate() {
                if self.form == Form::Eight {
                    lines[vector].0[at + i] = *quant;
                    continue;
                }
                let nibble = &mut lines[vector % 4].0[at + i];
                *nibble = if vector < 4 { *nibble & 0xf0 | quant & 15 } else { *nibble & 15 | quant << 4 };
                match self.form {
                    Form::Five => lines[4].0[at + i] |= (quant >> 4 & 1) << vector,
                    Form::Six => lines[4 + vector / 4].0[at + i] |= (quant >> 4 & 3) << (vector % 4 * 2),
                    _ => {}
                }
            }
        }
        let scales = &mut self.scales[block * self.form.scales()..][..self.form.scales()];
        scales[self.lane] = scale.to_bits();
        if let Some(place) = scales.get_mut(LANES + self.lane) {
            *place = second.to_bits();
        }
    }

    /// Block `block` with four bits: byte `i` of `nibbles` has column `i` in its low half and column `i + 16` in its high,
    /// which is how the file has them and this form too.
    pub(crate) fn nibbles(&mut self, block: usize, nibbles: &[u8; 16], scale: f16, minimum: f16) {
        for (line, four) in self.lines[block * 4..][..4].iter_mut().zip(nibbles.chunks_exact(4)) {
            line.0[self.lane * 4..][..4].copy_from_slice(four);
        }
        let scales = &mut self.scales[block * self.form.scales()..][..self.form.scales()];
        scales[self.lane] = scale.to_bits();
        if let Some(place) = scales.get_mut(LANES + self.lane) {
            *place = minimum.to_bits();
        }
    }

    /// Block `block` with eight bits (two's complement).
    pub(crate) fn eight(&mut self, block: usize, quants: &[u8; BLOCK], scale: f16) {
        for (line, four) in self.lines[block * 8..][..8].iter_mut().zip(quants.chunks_exact(4)) {
            line.0[self.lane * 4..][..4].copy_from_slice(four);
        }
        self.scales[block * LANES + self.lane] = scale.to_bits();
    }

    /// Block `block` from floats, with eight bits.
    pub(crate) fn eight_from_floats(&mut self, block: usize, weights: &[f32]) {
        let largest = weights.iter().fold(0f32, |largest, w| largest.max(w.abs()));
        let scale = f16::from_f32(largest / 127.0);
        let inverse = if scale.to_f32() > 0.0 { 1.0 / scale.to_f32() } else { 0.0 };
        let mut quants = [0; 32];
        for (quant, weight) in quants.iter_mut().zip(weights) {
            *quant = (weight * inverse).round().clamp(-127.0, 127.0) as i8 as u8;
        }
        self.eight(block, &quants, scale);
    }

    /// The whole row of a float form, from its little-endian bytes of `N` each.
    pub(crate) fn floats<const N: usize>(&mut self, bytes: &[u8]) {
        let columns_a_line = BLOCK / self.form.lines();
        debug_assert_eq!(columns_a_line * LANES * N, 32);
        for (column, bytes) in bytes.as_chunks::<N>().0.iter().enumerate() {
            let line = &mut self.lines[column / columns_a_line].0;
            line[(column % columns_a_line * LANES + self.lane) * N..][..N].copy_from_slice(bytes);
        }
    }
}
