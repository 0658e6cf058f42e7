//! Brightness, and what a picture looks like from afar.
//!
//! Never decides how much of a difference matters.

use super::Level;
use jarvis_core::Pixels;

/// A comparison lies between each two of its columns.
pub(super) const WIDTH: u32 = 9;
pub(super) const HEIGHT: u32 = 8;

/// Parts of blue, green and red in brightness, in 128ths: BT.601's 0.114, 0.587 and 0.299.
const PARTS: [u8; 3] = [15, 75, 38];

/// The brightness of a row of pixels.
pub(super) fn luma(level: Level, row: &[u8], out: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    if level == Level::Avx2 {
        // SAFETY: the level is only chosen where the processor has AVX2.
        return unsafe { luma_avx2(row, out) };
    }
    let _ = level;
    luma_plain(row, out);
}

fn luma_plain(row: &[u8], out: &mut [u8]) {
    for (pixel, out) in row.chunks_exact(4).zip(out) {
        let sum: u16 = pixel.iter().zip(PARTS).map(|(&value, part)| u16::from(value) * u16::from(part)).sum();
        *out = ((sum + 64) >> 7) as u8;
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn luma_avx2(row: &[u8], out: &mut [u8]) {
    use std::arch::x86_64::{
        _mm256_add_epi32, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_packus_epi16,
        _mm256_packus_epi32, _mm256_permutevar8x32_epi32, _mm256_set1_epi16, _mm256_set1_epi32, _mm256_setr_epi32,
        _mm256_srli_epi32, _mm256_storeu_si256,
    };
    let parts = _mm256_set1_epi32(i32::from_le_bytes([PARTS[0], PARTS[1], PARTS[2], 0]));
    let (ones, half) = (_mm256_set1_epi16(1), _mm256_set1_epi32(64));
    let (groups, rest) = row.as_chunks::<128>();
    let (outs, out_rest) = out.as_chunks_mut::<32>();
    for (group, out) in groups.iter().zip(outs) {
        let quarter = |i: usize| {
            // SAFETY: reads 32 of the group's 128 bytes, at any alignment.
            let pixels = unsafe { _mm256_loadu_si256(group.as_ptr().add(32 * i).cast()) };
            let sums = _mm256_madd_epi16(_mm256_maddubs_epi16(pixels, parts), ones);
            _mm256_srli_epi32::<7>(_mm256_add_epi32(sums, half))
        };
        let low = _mm256_packus_epi32(quarter(0), quarter(1));
        let high = _mm256_packus_epi32(quarter(2), quarter(3));
        // Packing works in halves of 128 bits, which leaves groups of four pixels in another order.
        let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
        let bytes = _mm256_permutevar8x32_epi32(_mm256_packus_epi16(low, high), order);
        // SAFETY: writes the 32 bytes of the array, at any alignment.
        unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), bytes) };
    }
    luma_plain(rest, out_rest);
}

/// A bit for each two neighbours in a row: whether the right one is brighter.
pub(super) fn hash(level: Level, small: Pixels<'_>) -> u64 {
    let mut bits = 0;
    for y in 0..small.height.min(HEIGHT) {
        let mut row = [0; WIDTH as usize];
        luma(level, small.row(y), &mut row);
        bits = row.windows(2).fold(bits, |bits, pair| bits << 1 | u64::from(pair[1] > pair[0]));
    }
    bits
}

/// How different two pictures look, 0..=64, from their hashes.
pub fn distance(a: u64, b: u64) -> u32 {
    (a ^ b).count_ones()
}
