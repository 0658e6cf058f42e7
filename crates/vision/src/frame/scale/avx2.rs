//! Weighted sums of eight pixels at once, and half the size.

use super::{ROWS_SHIFT, plain};
use std::arch::x86_64::{
    __m128i, __m256i, _mm_add_epi32, _mm_loadl_epi64, _mm_loadu_si128, _mm_madd_epi16, _mm_set1_epi32, _mm_srli_si128,
    _mm_storeu_si128, _mm_unpacklo_epi16, _mm256_add_epi16, _mm256_add_epi32, _mm256_loadu_si256, _mm256_madd_epi16,
    _mm256_or_si256, _mm256_packs_epi32, _mm256_packus_epi16, _mm256_permute2x128_si256, _mm256_permute4x64_epi64,
    _mm256_set1_epi16, _mm256_set1_epi32, _mm256_setzero_si256, _mm256_srai_epi32, _mm256_srli_epi16,
    _mm256_storeu_si256, _mm256_unpackhi_epi8, _mm256_unpackhi_epi64, _mm256_unpacklo_epi8, _mm256_unpacklo_epi64,
};

/// Two weights beside each other, for multiplying two neighbours and adding them up.
fn pair(first: i16, second: i16) -> i32 {
    i32::from(first) & 0xFFFF | i32::from(second) << 16
}

#[target_feature(enable = "avx2")]
fn load(bytes: &[u8]) -> __m256i {
    let bytes: &[u8; 32] = bytes.first_chunk().expect("32 bytes");
    // SAFETY: reads the 32 bytes of the array, at any alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

/// See [`plain::sum_rows`].
#[target_feature(enable = "avx2")]
pub(super) fn sum_rows<'a>(row: &dyn Fn(usize) -> &'a [u8], weights: &[i16], sums: &mut [i16]) {
    let zero = _mm256_setzero_si256();
    let begin = _mm256_set1_epi32(1 << (ROWS_SHIFT - 1));
    let whole = sums.len() / 32 * 32;
    let (groups, rest) = sums.as_chunks_mut::<32>();
    for (number, sums) in groups.iter_mut().enumerate() {
        let mut wide = [begin; 4];
        for (i, two) in weights.chunks(2).enumerate() {
            let upper = load(&row(2 * i)[32 * number..]);
            let (lower, two) = match *two {
                [first, second] => (load(&row(2 * i + 1)[32 * number..]), pair(first, second)),
                _ => (zero, pair(two[0], 0)),
            };
            let two = _mm256_set1_epi32(two);
            let halves = [_mm256_unpacklo_epi8(upper, lower), _mm256_unpackhi_epi8(upper, lower)];
            for (half, wide) in halves.iter().zip(wide.chunks_exact_mut(2)) {
                let (low, high) = (_mm256_unpacklo_epi8(*half, zero), _mm256_unpackhi_epi8(*half, zero));
                wide[0] = _mm256_add_epi32(wide[0], _mm256_madd_epi16(low, two));
                wide[1] = _mm256_add_epi32(wide[1], _mm256_madd_epi16(high, two));
            }
        }
        let narrow = |a: __m256i, b: __m256i| {
            _mm256_packs_epi32(
                _mm256_srai_epi32::<{ ROWS_SHIFT as i32 }>(a),
                _mm256_srai_epi32::<{ ROWS_SHIFT as i32 }>(b),
            )
        };
        // Unpacking works in halves of 128 bits: pixels 0, 1, 4, 5 are here and 2, 3, 6, 7 there.
        let (even, odd) = (narrow(wide[0], wide[1]), narrow(wide[2], wide[3]));
        let ordered = [_mm256_permute2x128_si256::<0x20>(even, odd), _mm256_permute2x128_si256::<0x31>(even, odd)];
        // SAFETY: writes the 64 bytes of the array, at any alignment.
        unsafe { _mm256_storeu_si256(sums.as_mut_ptr().cast(), ordered[0]) };
        // SAFETY: the second half of the same.
        unsafe { _mm256_storeu_si256(sums.as_mut_ptr().add(16).cast(), ordered[1]) };
    }
    plain::sum_rows(whole, row, weights, rest);
}

/// See [`plain::sum_columns`].
#[target_feature(enable = "avx2")]
pub(super) fn sum_columns(strip: &[i16], weights: &[i16], sums: &mut [i32; 4]) {
    // SAFETY: reads the 16 bytes of the array, at any alignment.
    let mut sum = unsafe { _mm_loadu_si128(sums.as_ptr().cast()) };
    let (pairs, rest) = strip.as_chunks::<8>();
    let (weight_pairs, weight) = weights.as_chunks::<2>();
    for (pixels, &[first, second]) in pairs.iter().zip(weight_pairs) {
        // SAFETY: reads the 16 bytes of the array, at any alignment.
        let two = unsafe { _mm_loadu_si128(pixels.as_ptr().cast::<__m128i>()) };
        let mixed = _mm_unpacklo_epi16(two, _mm_srli_si128::<8>(two));
        sum = _mm_add_epi32(sum, _mm_madd_epi16(mixed, _mm_set1_epi32(pair(first, second))));
    }
    if let (Some(last), [weight]) = (rest.first_chunk::<4>(), weight) {
        // SAFETY: reads the 8 bytes of the array, at any alignment.
        let one = unsafe { _mm_loadl_epi64(last.as_ptr().cast()) };
        let mixed = _mm_unpacklo_epi16(one, _mm_srli_si128::<8>(one));
        sum = _mm_add_epi32(sum, _mm_madd_epi16(mixed, _mm_set1_epi32(pair(*weight, 0))));
    }
    // SAFETY: writes the 16 bytes of the array, at any alignment.
    unsafe { _mm_storeu_si128(sums.as_mut_ptr().cast(), sum) };
}

/// A row of half the size from two.
#[target_feature(enable = "avx2")]
pub(super) fn half_row(upper: &[u8], lower: &[u8], out: &mut [u8]) {
    let zero = _mm256_setzero_si256();
    let (two, opaque) = (_mm256_set1_epi16(2), _mm256_set1_epi32(0xFF00_0000_u32 as i32));
    let (uppers, upper_rest) = upper.as_chunks::<64>();
    let (lowers, lower_rest) = lower.as_chunks::<64>();
    let (outs, out_rest) = out.as_chunks_mut::<32>();
    for ((upper, lower), out) in uppers.iter().zip(lowers).zip(outs) {
        let four = |from: usize| {
            let (upper, lower) = (load(&upper[from..]), load(&lower[from..]));
            let low = _mm256_add_epi16(_mm256_unpacklo_epi8(upper, zero), _mm256_unpacklo_epi8(lower, zero));
            let high = _mm256_add_epi16(_mm256_unpackhi_epi8(upper, zero), _mm256_unpackhi_epi8(lower, zero));
            let sums = _mm256_add_epi16(_mm256_unpacklo_epi64(low, high), _mm256_unpackhi_epi64(low, high));
            _mm256_srli_epi16::<2>(_mm256_add_epi16(sums, two))
        };
        // Packing works in halves of 128 bits, which leaves the middle pairs of pixels swapped.
        let packed = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packus_epi16(four(0), four(32)));
        // SAFETY: writes the 32 bytes of the array, at any alignment.
        unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), _mm256_or_si256(packed, opaque)) };
    }
    for ((upper, lower), out) in
        upper_rest.as_chunks::<8>().0.iter().zip(lower_rest.as_chunks::<8>().0).zip(out_rest.as_chunks_mut::<4>().0)
    {
        for (channel, out) in out.iter_mut().enumerate() {
            let sum = [upper[channel], upper[channel + 4], lower[channel], lower[channel + 4]].map(u16::from);
            *out = ((sum.iter().sum::<u16>() + 2) >> 2) as u8;
        }
        out[3] = u8::MAX;
    }
}
