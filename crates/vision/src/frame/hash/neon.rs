//! The hash of tiles, two lanes at once. NEON is part of every 64-bit ARM.

use super::{COUNTS, GROUP, KEYS, ROW, ROW_KEY, STIR, Tile, padded};
use std::arch::aarch64::{
    uint64x2_t, vaddq_u64, vandq_u64, vdup_n_u32, vdupq_n_u64, veorq_u64, vextq_u64, vgetq_lane_u64, vld1q_u8,
    vld1q_u64, vmlal_u32, vmovn_u64, vmull_u32, vorrq_u64, vreinterpretq_u64_u8, vshlq_n_u64, vshrn_n_u64, vshrq_n_u64,
    vst1q_u64,
};

pub(super) fn row(row: &[u8], tiles: &mut [Tile]) {
    for (bytes, tile) in row.chunks(ROW).zip(tiles) {
        let (groups, rest) = bytes.as_chunks::<GROUP>();
        for (group, keys) in groups.iter().zip(&KEYS) {
            take(group, keys, tile);
        }
        if !rest.is_empty() {
            take(&padded(rest, tile.colour), &KEYS[groups.len()], tile);
        }
        for half in [0, 2] {
            // SAFETY: NEON is there on every 64-bit ARM; reads and writes two of the four lanes.
            unsafe {
                let lanes = vld1q_u64(tile.lanes.as_ptr().add(half));
                let lanes = veorq_u64(lanes, vshrq_n_u64::<47>(lanes));
                let lanes = veorq_u64(lanes, vld1q_u64(ROW_KEY.as_ptr().add(half)));
                let stir = vdup_n_u32(STIR);
                let low = vmull_u32(vmovn_u64(lanes), stir);
                let high = vmull_u32(vshrn_n_u64::<32>(lanes), stir);
                vst1q_u64(tile.lanes.as_mut_ptr().add(half), vaddq_u64(low, vshlq_n_u64::<32>(high)));
            }
        }
    }
}

fn take(group: &[u8; GROUP], keys: &[u64; 4], tile: &mut Tile) {
    let colour = u64::from(tile.colour) << 32 | u64::from(tile.colour);
    for half in [0, 2] {
        // SAFETY: NEON is there on every 64-bit ARM; reads half of the group and of the keys, and half of the lanes.
        unsafe {
            let pairs = vandq_u64(vreinterpretq_u64_u8(vld1q_u8(group.as_ptr().add(8 * half))), vdupq_n_u64(COUNTS));
            let keyed = veorq_u64(pairs, vld1q_u64(keys.as_ptr().add(half)));
            let lanes = vld1q_u64(tile.lanes.as_ptr().add(half));
            let lanes = vmlal_u32(lanes, vmovn_u64(keyed), vshrn_n_u64::<32>(keyed));
            vst1q_u64(tile.lanes.as_mut_ptr().add(half), vaddq_u64(lanes, vextq_u64::<1>(pairs, pairs)));
            tile.flat &= same(pairs, vdupq_n_u64(colour));
        }
    }
}

fn same(a: uint64x2_t, b: uint64x2_t) -> bool {
    // SAFETY: NEON is there on every 64-bit ARM.
    unsafe {
        let differs = veorq_u64(a, b);
        let differs = vorrq_u64(differs, vextq_u64::<1>(differs, differs));
        vgetq_lane_u64::<0>(differs) == 0
    }
}
