//! The hash of tiles as it is defined: what the others are held to.

use super::{COUNTS, GROUP, KEYS, ROW, ROW_KEY, STIR, Tile, padded};

pub(super) fn row(row: &[u8], tiles: &mut [Tile]) {
    for (bytes, tile) in row.chunks(ROW).zip(tiles) {
        for (group, keys) in bytes.chunks(GROUP).zip(&KEYS) {
            take(&padded(group, tile.colour), keys, tile);
        }
        for (lane, key) in tile.lanes.iter_mut().zip(&ROW_KEY) {
            *lane = ((*lane ^ (*lane >> 47)) ^ key).wrapping_mul(u64::from(STIR));
        }
    }
}

fn take(group: &[u8; GROUP], keys: &[u64; 4], tile: &mut Tile) {
    let colour = u64::from(tile.colour) << 32 | u64::from(tile.colour);
    let (pairs, _) = group.as_chunks::<8>();
    for (i, (&pair, key)) in pairs.iter().zip(keys).enumerate() {
        let pair = u64::from_le_bytes(pair) & COUNTS;
        let keyed = pair ^ key;
        tile.flat &= pair == colour;
        tile.lanes[i] = tile.lanes[i].wrapping_add((keyed & u64::from(u32::MAX)) * (keyed >> 32));
        tile.lanes[i ^ 1] = tile.lanes[i ^ 1].wrapping_add(pair);
    }
}
