//! What a picture is made into before it is read: what changed, a smaller one, its brightness, a fingerprint.
//!
//! Owns the kernels, their threads and their reused buffers: after the first picture of a size nothing is allocated. Never
//! captures, never knows what text is, and keeps no picture: of the last one only a number a tile is left.

mod crew;
mod grid;
mod hash;
mod perceptual;
mod scale;

pub use grid::{Grid, TILE_HEIGHT, TILE_WIDTH};
pub use perceptual::distance;
pub use scale::Picture;

use crew::Crew;
use hash::Tile;
use jarvis_core::Pixels;

/// More threads than this wait for memory, not for each other.
const MOST_THREADS: usize = 4;
/// Rows of a brightness picture that one thread takes at a time.
const LUMA_ROWS: usize = 64;

/// Which instructions the kernels use. All of them give the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    /// What every processor has.
    Plain,
    /// Intel and AMD since 2013.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Every 64-bit ARM.
    #[cfg(target_arch = "aarch64")]
    Neon,
}

impl Level {
    /// The best that this machine has.
    fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") {
            return Self::Avx2;
        }
        #[cfg(target_arch = "aarch64")]
        return Self::Neon;
        #[cfg(not(target_arch = "aarch64"))]
        Self::Plain
    }
}

/// Everything that is done to whole pictures, with its threads and buffers.
#[derive(Debug)]
pub struct Frames {
    level: Level,
    crew: Crew,
    tiles: Vec<Tile>,
    weights: scale::Weights,
    small: Picture,
}

impl Default for Frames {
    fn default() -> Self {
        Self::new()
    }
}

impl Frames {
    /// With a thread for each core, four at most. They start with the first picture, and sleep while there is none.
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self::with(Level::detect(), cores.min(MOST_THREADS))
    }

    fn with(level: Level, threads: usize) -> Self {
        Self {
            level,
            crew: Crew::new(threads),
            tiles: Vec::new(),
            weights: scale::Weights::default(),
            small: Picture::default(),
        }
    }

    /// Brings `grid` up to date with `pixels`: each tile that is not as it was becomes unread. The fourth byte of a pixel
    /// doesn't count. Reads the picture once. Gives how many tiles changed.
    pub fn changes(&mut self, pixels: Pixels<'_>, grid: &mut Grid) -> usize {
        let (columns, rows) = grid.fit(pixels.width, pixels.height);
        self.tiles.clear();
        self.tiles.resize(columns * rows, Tile::default());
        let level = self.level;
        self.crew.chunks(&mut self.tiles, columns.max(1), |band, tiles| {
            let first = band as u32 * TILE_HEIGHT;
            for y in first..(first + TILE_HEIGHT).min(pixels.height) {
                let row = pixels.row(y);
                if y == first {
                    Tile::begin(tiles, row);
                }
                hash::row(level, row, tiles);
            }
        });
        grid.update(&self.tiles)
    }

    /// Makes `picture` `pixels` in another size: each of its pixels is the mean of the area that it stands for, rounded.
    pub fn scale(&mut self, pixels: Pixels<'_>, width: u32, height: u32, picture: &mut Picture) {
        scale::scale((self.level, &self.crew), &mut self.weights, pixels, (width, height), picture);
    }

    /// The brightness of each pixel (ITU-R BT.601, in 128ths), row after row without gaps, into `luma`.
    pub fn luma(&mut self, pixels: Pixels<'_>, luma: &mut Vec<u8>) {
        let width = pixels.width as usize;
        luma.resize(width * pixels.height as usize, 0);
        let level = self.level;
        self.crew.chunks(luma, (width * LUMA_ROWS).max(1), |chunk, rows| {
            for (y, out) in (chunk * LUMA_ROWS..).zip(rows.chunks_mut(width)) {
                perceptual::luma(level, pixels.row(y as u32), out);
            }
        });
    }

    /// 64 bits that say what a picture looks like from afar (dHash: whether it gets brighter from each of 8 x 8 places to
    /// the next). Small changes change few of them, see [`distance`]; 0 for a picture of one colour.
    pub fn perceptual_hash(&mut self, pixels: Pixels<'_>) -> u64 {
        let mut small = std::mem::take(&mut self.small);
        self.scale(pixels, perceptual::WIDTH, perceptual::HEIGHT, &mut small);
        let hash = perceptual::hash(self.level, small.view());
        self.small = small;
        hash
    }
}

#[cfg(test)]
mod tests;
