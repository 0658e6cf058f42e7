//! A number for each tile of a picture that is another one when the tile is.
//!
//! Four lanes a tile take two pixels each at a time. A lane adds the product of its two pixels, each made another number
//! by a key for its place, and its neighbour's pixels as they are; after each row of pixels the lanes are stirred
//! (the scheme of XXH3's long inputs, <https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md>, with keys of our
//! own). No key's part is ever 0 after a pixel was mixed into it, so that the change of one pixel always changes a lane.
//! What differs is mistaken for the same once in 2^64 times, and not a match for someone who tries: a screen is no message.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "aarch64")]
mod neon;
mod plain;

use super::{Level, TILE_WIDTH};

/// Bytes of a row of a tile.
const ROW: usize = TILE_WIDTH as usize * 4;
/// Bytes that four lanes take at a time.
const GROUP: usize = 32;
/// The bytes of two pixels that count.
const COUNTS: u64 = 0x00FF_FFFF_00FF_FFFF;
/// Stirs the lanes; the prime near 2^32 divided by the golden ratio.
const STIR: u32 = 0x9E37_79B1;

/// Keys of the places of a row of a tile.
static KEYS: [[u64; 4]; ROW / GROUP] = keys();
/// Stirred in after each row of pixels.
static ROW_KEY: [u64; 4] = [noise(101), noise(102), noise(103), noise(104)];

/// A number that looks random (SplitMix64).
const fn noise(number: u64) -> u64 {
    let mut z = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

const fn keys() -> [[u64; 4]; ROW / GROUP] {
    let mut keys = [[0; 4]; ROW / GROUP];
    let mut i = 0;
    while i < keys.len() * 4 {
        // A bit in the byte of each pixel that doesn't count: a keyed pixel is never 0.
        keys[i / 4][i % 4] = noise(i as u64 + 1) | 0x8000_0000_8000_0000;
        i += 1;
    }
    keys
}

/// A tile while its rows are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tile {
    lanes: [u64; 4],
    /// Its first pixel, without the byte that doesn't count.
    pub(super) colour: u32,
    /// Whether all of its pixels are that one.
    pub(super) flat: bool,
}

impl Default for Tile {
    fn default() -> Self {
        Self { lanes: [noise(201), noise(202), noise(203), noise(204)], colour: 0, flat: true }
    }
}

impl Tile {
    /// Notes the first pixel of each tile of a row of tiles; `row` is its first row of pixels.
    pub(super) fn begin(tiles: &mut [Self], row: &[u8]) {
        for (tile, bytes) in tiles.iter_mut().zip(row.chunks(ROW)) {
            tile.colour = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]);
        }
    }

    /// Its number.
    pub(super) fn hash(&self) -> u64 {
        self.lanes.iter().fold(0, |hash, &lane| noise(hash ^ noise(lane)))
    }
}

/// Takes a row of pixels into the row of tiles that it runs through.
pub(super) fn row(level: Level, row: &[u8], tiles: &mut [Tile]) {
    match level {
        Level::Plain => plain::row(row, tiles),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the level is only chosen where the processor has AVX2.
        Level::Avx2 => unsafe { avx2::row(row, tiles) },
        #[cfg(target_arch = "aarch64")]
        Level::Neon => neon::row(row, tiles),
    }
}

/// The end of a row that is no whole group, filled up with the tile's first pixel.
fn padded(rest: &[u8], colour: u32) -> [u8; GROUP] {
    let mut group = [0; GROUP];
    for pixel in group.chunks_exact_mut(4) {
        pixel.copy_from_slice(&colour.to_le_bytes());
    }
    group[..rest.len()].copy_from_slice(rest);
    group
}
