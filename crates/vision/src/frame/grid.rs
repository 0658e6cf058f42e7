//! What is kept of a picture: a number for each of its tiles, and which of them were not read since they changed.
//!
//! Never keeps a pixel, apart from the colour of a picture that has only one.

use super::hash::Tile;
use jarvis_core::Region;

/// px. A word of ordinary size is one or two tiles wide.
pub const TILE_WIDTH: u32 = 64;
/// px. A line of ordinary size lies in one or two tiles.
pub const TILE_HEIGHT: u32 = 32;

#[derive(Debug, Clone, Copy)]
struct Kept {
    hash: u64,
    unread: bool,
    flat: bool,
}

/// The tiles of a picture. Regions are relative to it; tiles at its right and bottom edge may be smaller than the others.
#[derive(Debug, Clone, Default)]
pub struct Grid {
    width: u32,
    height: u32,
    columns: usize,
    tiles: Vec<Kept>,
    colour: Option<u32>,
}

impl Grid {
    /// Of nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Width and height of the picture, px.
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// How many tiles there are.
    pub fn tiles(&self) -> usize {
        self.tiles.len()
    }

    /// How many of them were not read since they changed.
    pub fn unread(&self) -> usize {
        self.tiles.iter().filter(|tile| tile.unread).count()
    }

    /// Red, green and blue (`0xRRGGBB`) if all of the picture is that.
    pub fn colour(&self) -> Option<u32> {
        self.colour
    }

    /// Makes room for a picture of that size. A new size forgets all. Gives columns and rows of tiles.
    pub(super) fn fit(&mut self, width: u32, height: u32) -> (usize, usize) {
        let columns = width.div_ceil(TILE_WIDTH) as usize;
        let rows = height.div_ceil(TILE_HEIGHT) as usize;
        if (width, height) != (self.width, self.height) {
            (self.width, self.height, self.columns) = (width, height, columns);
            self.tiles.clear();
        }
        (columns, rows)
    }

    /// Takes the numbers of a picture; those that are new make their tiles unread. Gives how many they are.
    pub(super) fn update(&mut self, tiles: &[Tile]) -> usize {
        let first = tiles.first().map(|tile| tile.colour);
        self.colour = first.filter(|&colour| tiles.iter().all(|tile| tile.flat && tile.colour == colour));
        if self.tiles.len() != tiles.len() {
            self.tiles.clear();
            self.tiles.extend(tiles.iter().map(|tile| Kept { hash: tile.hash(), unread: true, flat: tile.flat }));
            return tiles.len();
        }
        let mut changed = 0;
        for (kept, tile) in self.tiles.iter_mut().zip(tiles) {
            let hash = tile.hash();
            if kept.hash != hash {
                *kept = Kept { hash, unread: true, flat: tile.flat };
                changed += 1;
            }
        }
        changed
    }

    /// Appends the unread tiles to `stale`, each row's neighbours as one region, and to `inked` those of them that are not
    /// of one colour: text can only be there. Stops behind the row in which `most` of the latter is reached.
    pub fn unread_regions(&self, most: usize, stale: &mut Vec<Region>, inked: &mut Vec<Region>) {
        let mut found = 0;
        for (row, tiles) in self.tiles.chunks(self.columns.max(1)).enumerate() {
            if found >= most {
                return;
            }
            self.runs(row, tiles, |tile| tile.unread, stale);
            self.runs(row, tiles, |tile| tile.unread && !tile.flat, inked);
            found += tiles.iter().filter(|tile| tile.unread && !tile.flat).count();
        }
    }

    fn runs(&self, row: usize, tiles: &[Kept], wanted: impl Fn(&Kept) -> bool, regions: &mut Vec<Region>) {
        let mut column = 0;
        while column < tiles.len() {
            let length = tiles[column..].iter().take_while(|tile| wanted(tile)).count();
            if length > 0 {
                let (x, y) = (column as u32 * TILE_WIDTH, row as u32 * TILE_HEIGHT);
                let width = (length as u32 * TILE_WIDTH).min(self.width - x);
                regions.push(Region::new(x as i32, y as i32, width, TILE_HEIGHT.min(self.height - y)));
            }
            column += length.max(1);
        }
    }

    /// Tiles that lie wholly in `region` are read.
    pub fn set_read(&mut self, region: &Region) {
        self.each(region, |tile, whole| tile.unread &= !whole);
    }

    /// Tiles that `region` touches have to be read again, whether they change or not.
    pub fn set_unread(&mut self, region: &Region) {
        self.each(region, |tile, _| tile.unread = true);
    }

    fn each(&mut self, region: &Region, mut act: impl FnMut(&mut Kept, bool)) {
        let picture = Region::new(0, 0, self.width, self.height);
        let part = picture.intersection(region);
        if part.is_empty() {
            return;
        }
        // All within the picture, so never negative.
        let (left, right) = (part.x as u32 / TILE_WIDTH, (part.right() as u32).div_ceil(TILE_WIDTH));
        let (top, bottom) = (part.y as u32 / TILE_HEIGHT, (part.bottom() as u32).div_ceil(TILE_HEIGHT));
        for row in top..bottom {
            for column in left..right {
                let (x, y) = ((column * TILE_WIDTH) as i32, (row * TILE_HEIGHT) as i32);
                let tile = picture.intersection(&Region::new(x, y, TILE_WIDTH, TILE_HEIGHT));
                let whole = part.intersection(&tile) == tile;
                act(&mut self.tiles[row as usize * self.columns + column as usize], whole);
            }
        }
    }
}
