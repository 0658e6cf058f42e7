//! Weight matrices in the form that the kernels read: eight rows interleaved, blocks of 32 columns.
//!
//! One 32-byte vector holds four consecutive columns of eight rows, so that a product needs no sum across a vector: lane
//! `r` of every accumulator is row `r`. Two precisions serve every type that a file may have:
//!
//! * four bits with a scale and a minimum per block (`w = scale * q + minimum`, `q` 0..=15): Q4_0, Q4_1 and Q4_K, without
//!   loss but for the 16-bit rounding of Q4_K's products;
//! * eight bits with a scale per block (`w = scale * q`, `q` -127..=127): Q8_0 without loss, everything else requantized.
//!
//! Never multiplies; that is [`super::matmul`].

use half::f16;

/// Rows that are interleaved.
pub(crate) const LANES: usize = 8;
/// Columns of a block.
pub(crate) const BLOCK: usize = 32;

/// How many bits a weight has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bits {
    Four,
    Eight,
}

impl Bits {
    /// Bytes of the weights of one block of eight rows.
    pub(crate) const fn block_bytes(self) -> usize {
        match self {
            Self::Four => LANES * BLOCK / 2,
            Self::Eight => LANES * BLOCK,
        }
    }

    /// 16-bit floats that belong to one block of eight rows: eight scales, and with four bits eight minima.
    pub(crate) const fn block_scales(self) -> usize {
        match self {
            Self::Four => 2 * LANES,
            Self::Eight => LANES,
        }
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
    pub(crate) bits: Bits,
    /// By group of eight rows, then by block.
    pub(crate) quants: Vec<Line>,
    /// In the same order, as the bits of 16-bit floats.
    pub(crate) scales: Vec<u16>,
}

impl Packed {
    /// A matrix of zeros.
    pub(crate) fn zeros(rows: usize, cols: usize, bits: Bits) -> Self {
        assert_eq!(cols % BLOCK, 0, "a row is whole blocks");
        let blocks = rows.div_ceil(LANES) * (cols / BLOCK);
        Self {
            rows,
            cols,
            bits,
            quants: vec![Line([0; 32]); blocks * bits.block_bytes() / 32],
            scales: vec![0; blocks * bits.block_scales()],
        }
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
        self.blocks() * self.bits.block_bytes() / 32
    }

    /// Scales (and minima) of one group.
    pub(crate) fn group_scales(&self) -> usize {
        self.blocks() * self.bits.block_scales()
    }

    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.quants.len() * 32 + self.scales.len() * 2
    }

    /// Writes row `row` as floats.
    pub(crate) fn row(&self, row: usize, out: &mut [f32]) {
        assert!(row < self.rows && out.len() == self.cols);
        let (group, lane) = (row / LANES, row % LANES);
        let lines = &self.quants[group * self.group_lines()..][..self.group_lines()];
        let scales = &self.scales[group * self.group_scales()..][..self.group_scales()];
        for (block, out) in out.chunks_exact_mut(BLOCK).enumerate() {
            let scales = &scales[block * self.bits.block_scales()..][..self.bits.block_scales()];
            let scale = f16::from_bits(scales[lane]).to_f32();
            match self.bits {
                Bits::Four => {
                    let minimum = f16::from_bits(scales[LANES + lane]).to_f32();
                    let lines = &lines[block * 4..][..4];
                    for j in 0..BLOCK / 2 {
                        let byte = lines[j / 4].0[lane * 4 + j % 4];
                        out[j] = scale * f32::from(byte & 15) + minimum;
                        out[j + BLOCK / 2] = scale * f32::from(byte >> 4) + minimum;
                    }
                }
                Bits::Eight => {
                    let lines = &lines[block * 8..][..8];
                    for (j, out) in out.iter_mut().enumerate() {
                        *out = scale * f32::from(lines[j / 4].0[lane * 4 + j % 4] as i8);
                    }
                }
            }
        }
    }
}

/// Where one row of one group is packed to.
pub(crate) struct Lane<'a> {
    pub(crate) lane: usize,
    pub(crate) lines: &'a mut [Line],
    pub(crate) scales: &'a mut [u16],
}

impl Lane<'_> {
    /// Block `block` with four bits: byte `i` of `nibbles` has column `i` in its low half and column `i + 16` in its high.
    pub(crate) fn four(&mut self, block: usize, nibbles: &[u8; 16], scale: f16, minimum: f16) {
        for (line, four) in self.lines[block * 4..][..4].iter_mut().zip(nibbles.chunks_exact(4)) {
            line.0[self.lane * 4..][..4].copy_from_slice(four);
        }
        let scales = &mut self.scales[block * 2 * LANES..][..2 * LANES];
        scales[self.lane] = scale.to_bits();
        scales[LANES + self.lane] = minimum.to_bits();
    }

    /// Block `block` with eight bits (two's complement).
    pub(crate) fn eight(&mut self, block: usize, quants: &[u8; 32], scale: f16) {
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
}
