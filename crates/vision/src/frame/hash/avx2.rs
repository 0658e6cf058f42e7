//! The hash of tiles, all four lanes at once.

use super::{COUNTS, GROUP, KEYS, ROW, ROW_KEY, STIR, Tile, padded};
use std::arch::x86_64::{
    __m256i, _mm256_add_epi64, _mm256_and_si256, _mm256_loadu_si256, _mm256_mul_epu32, _mm256_or_si256,
    _mm256_set1_epi32, _mm256_set1_epi64x, _mm256_setzero_si256, _mm256_shuffle_epi32, _mm256_slli_epi64,
    _mm256_srli_epi64, _mm256_storeu_si256, _mm256_testz_si256, _mm256_xor_si256,
};

/// Swaps neighbours: the halves of 64 bits in each 128.
const NEIGHBOURS: i32 = 0b01_00_11_10;

#[target_feature(enable = "avx2")]
fn load(from: &[u8; GROUP]) -> __m256i {
    // SAFETY: reads the 32 bytes of the array, at any alignment.
    unsafe { _mm256_loadu_si256(from.as_ptr().cast()) }
}

#[target_feature(enable = "avx2")]
fn load_lanes(from: &[u64; 4]) -> __m256i {
    // SAFETY: reads the 32 bytes of the array, at any alignment.
    unsafe { _mm256_loadu_si256(from.as_ptr().cast()) }
}

#[target_feature(enable = "avx2")]
pub(super) fn row(row: &[u8], tiles: &mut [Tile]) {
    let stir = _mm256_set1_epi64x(i64::from(STIR));
    let row_key = load_lanes(&ROW_KEY);
    for (bytes, tile) in row.chunks(ROW).zip(tiles) {
        let mut state = State {
            lanes: load_lanes(&tile.lanes),
            differs: _mm256_setzero_si256(),
            colour: _mm256_set1_epi32(tile.colour as i32),
        };
        let (groups, rest) = bytes.as_chunks::<GROUP>();
        for (group, key) in groups.iter().zip(&KEYS) {
            state.take(load(group), load_lanes(key));
        }
        if !rest.is_empty() {
            state.take(load(&padded(rest, tile.colour)), load_lanes(&KEYS[groups.len()]));
        }
        let lanes = _mm256_xor_si256(_mm256_xor_si256(state.lanes, _mm256_srli_epi64::<47>(state.lanes)), row_key);
        let low = _mm256_mul_epu32(lanes, stir);
        let high = _mm256_mul_epu32(_mm256_srli_epi64::<32>(lanes), stir);
        let lanes = _mm256_add_epi64(low, _mm256_slli_epi64::<32>(high));
        // SAFETY: writes the 32 bytes of the array, at any alignment.
        unsafe { _mm256_storeu_si256(tile.lanes.as_mut_ptr().cast(), lanes) };
        tile.flat &= _mm256_testz_si256(state.differs, state.differs) == 1;
    }
}

struct State {
    lanes: __m256i,
    /// Bits in which any pixel so far is not the first one.
    differs: __m256i,
    colour: __m256i,
}

impl State {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn take(&mut self, group: __m256i, key: __m256i) {
        let pairs = _mm256_and_si256(group, _mm256_set1_epi64x(COUNTS as i64));
        let keyed = _mm256_xor_si256(pairs, key);
        let product = _mm256_mul_epu32(keyed, _mm256_srli_epi64::<32>(keyed));
        let neighbours = _mm256_shuffle_epi32::<NEIGHBOURS>(pairs);
        self.lanes = _mm256_add_epi64(_mm256_add_epi64(self.lanes, product), neighbours);
        self.differs = _mm256_or_si256(self.differs, _mm256_xor_si256(pairs, self.colour));
    }
}
