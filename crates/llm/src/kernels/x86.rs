//! What the x86 kernels share: unpacking weights into vectors, and products of whole groups of rows.
//!
//! A vector holds four columns of eight rows. A token's four columns are broadcast, multiplied and summed within each row;
//! what is left is one 32-bit sum per row, so nothing is ever summed across a vector. How four products are summed is what
//! the instruction sets differ in: [`quantized`] is written once and takes it as a function.

use super::activations::Row;
use super::{BLOCK, Form, LANES, Line};
use std::arch::x86_64::*;

/// Four consecutive bytes from `at`, in every lane.
///
/// # Safety
/// Four bytes at `at` can be read.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn broadcast(at: *const i8) -> __m256i {
    // SAFETY: the caller's promise; the read need not be aligned.
    _mm256_set1_epi32(unsafe { at.cast::<i32>().read_unaligned() })
}

/// Eight 16-bit floats from `at`.
///
/// # Safety
/// Sixteen bytes at `at` can be read.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn halves(at: *const u16) -> __m256 {
    // SAFETY: the caller's promise; the load need not be aligned.
    _mm256_cvtph_ps(unsafe { _mm_loadu_si128(at.cast()) })
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn store<const T: usize>(sums: [__m256; T]) -> [[f32; LANES]; T] {
    let mut out = [[0f32; LANES]; T];
    for (out, sum) in out.iter_mut().zip(sums) {
        // SAFETY: an array of eight floats has room for eight floats.
        unsafe { _mm256_storeu_ps(out.as_mut_ptr(), sum) };
    }
    out
}

/// Has `lines` lines from `at` fetched.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn prefetch(at: *const Line, lines: usize) {
    for line in (0..lines).step_by(2) {
        // A hint, which is allowed for any address.
        _mm_prefetch::<_MM_HINT_T0>(at.wrapping_add(line).cast());
    }
}

/// The numbers of a block: eight vectors, in the order of the columns; unsigned, but for [`Form::Eight`].
///
/// # Safety
/// The lines of a block at `at` can be read.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn unpack<const FORM: u8>(at: *const Line) -> [__m256i; 8] {
    let form = const { Form::ALL[FORM as usize] };
    let mut quants = [_mm256_setzero_si256(); 8];
    if matches!(form, Form::Eight) {
        for (vector, quants) in quants.iter_mut().enumerate() {
            // SAFETY: the caller's promise; a line is 32 aligned bytes.
            *quants = unsafe { _mm256_load_si256(at.add(vector).cast()) };
        }
        return quants;
    }
    let low_half = _mm256_set1_epi8(15);
    for j in 0..4 {
        // SAFETY: as above.
        let both = unsafe { _mm256_load_si256(at.add(j).cast()) };
        quants[j] = _mm256_and_si256(both, low_half);
        quants[4 + j] = _mm256_and_si256(_mm256_srli_epi16::<4>(both), low_half);
    }
    match form {
        Form::Five => {
            // SAFETY: as above.
            let bits = unsafe { _mm256_load_si256(at.add(4).cast()) };
            let fifth = _mm256_set1_epi8(16);
            // Shifts of 16 bits carry bits over from the neighbouring byte; the mask takes them away.
            quants[0] = _mm256_or_si256(quants[0], _mm256_and_si256(_mm256_slli_epi16::<4>(bits), fifth));
            quants[1] = _mm256_or_si256(quants[1], _mm256_and_si256(_mm256_slli_epi16::<3>(bits), fifth));
            quants[2] = _mm256_or_si256(quants[2], _mm256_and_si256(_mm256_slli_epi16::<2>(bits), fifth));
            quants[3] = _mm256_or_si256(quants[3], _mm256_and_si256(_mm256_slli_epi16::<1>(bits), fifth));
            quants[4] = _mm256_or_si256(quants[4], _mm256_and_si256(bits, fifth));
            quants[5] = _mm256_or_si256(quants[5], _mm256_and_si256(_mm256_srli_epi16::<1>(bits), fifth));
            quants[6] = _mm256_or_si256(quants[6], _mm256_and_si256(_mm256_srli_epi16::<2>(bits), fifth));
            quants[7] = _mm256_or_si256(quants[7], _mm256_and_si256(_mm256_srli_epi16::<3>(bits), fifth));
        }
        Form::Six => {
            let fifth = _mm256_set1_epi8(48);
            for half in 0..2 {
                // SAFETY: as above.
                let bits = unsafe { _mm256_load_si256(at.add(4 + half).cast()) };
                let quants = &mut quants[half * 4..half * 4 + 4];
                quants[0] = _mm256_or_si256(quants[0], _mm256_and_si256(_mm256_slli_epi16::<4>(bits), fifth));
                quants[1] = _mm256_or_si256(quants[1], _mm256_and_si256(_mm256_slli_epi16::<2>(bits), fifth));
                quants[2] = _mm256_or_si256(quants[2], _mm256_and_si256(bits, fifth));
                quants[3] = _mm256_or_si256(quants[3], _mm256_and_si256(_mm256_srli_epi16::<2>(bits), fifth));
            }
        }
        _ => {}
    }
    quants
}

/// Defines `quantized`: the products of one group of rows with `T` tokens.
///
/// `$dots::<FORM>` gives the sums of the first and of the last 16 columns of a block (or all in the first); `$centre` is
/// what it has added to each weight.
macro_rules! quantized {
    ($features:literal, $centre:ident, $dots:ident) => {
        /// One group of rows with `T` tokens.
        #[target_feature(enable = $features)]
        pub(super) fn quantized<const FORM: u8, const T: usize>(
            lines: &[Line],
            scales: &[u16],
            ahead: *const Line,
            rows: [Row<'_>; T],
        ) -> [[f32; LANES]; T] {
            let form = const { Form::ALL[FORM as usize] };
            let blocks = lines.len() / form.lines();
            assert_eq!(scales.len(), blocks * form.scales());
            let is_fine = check(blocks, &rows);
            let centre = $centre(form);
            let centres = _mm256_set1_ps(centre);
            let mut products = [_mm256_setzero_ps(); T];
            let mut minima = [_mm256_setzero_ps(); T];
            for block in 0..blocks {
                if T == 1 {
                    x86::prefetch(ahead.wrapping_add(block * form.lines()), form.lines());
                }
                // SAFETY: the lengths of `lines` and `scales` are whole blocks.
                let (weights, scale, second) = unsafe {
                    let at = scales.as_ptr().add(block * form.scales());
                    let second = if form.scales() == LANES { at } else { at.add(LANES) };
                    let weights = x86::unpack::<FORM>(lines.as_ptr().add(block * form.lines()));
                    (weights, x86::halves(at), x86::halves(second))
                };
                for t in 0..T {
                    let row = rows[t];
                    // SAFETY: as above.
                    let ([mut first, mut last], row_scale, sum, first_sum) = unsafe {
                        (
                            $dots::<FORM>(&weights, row.upper.as_ptr().add(block * BLOCK)),
                            _mm256_set1_ps(*row.scales.get_unchecked(block)),
                            *row.sums.get_unchecked(block),
                            *row.first_sums.get_unchecked(block),
                        )
                    };
                    if is_fine {
                        // Up to 32 * 255 * 127 * 256, which fits into 32 bits.
                        // SAFETY: as above.
                        let lower = unsafe { $dots::<FORM>(&weights, row.lower.as_ptr().add(block * BLOCK)) };
                        first = _mm256_add_epi32(_mm256_slli_epi32::<8>(first), lower[0]);
                        last = _mm256_add_epi32(_mm256_slli_epi32::<8>(last), lower[1]);
                    }
                    if matches!(form, Form::Six) {
                        let part = |dots, sum| {
                            let scaled = _mm256_mul_ps(_mm256_cvtepi32_ps(dots), row_scale);
                            _mm256_fnmadd_ps(centres, _mm256_set1_ps(sum), scaled)
                        };
                        products[t] = _mm256_fmadd_ps(part(first, first_sum), scale, products[t]);
                        products[t] = _mm256_fmadd_ps(part(last, sum - first_sum), second, products[t]);
                        continue;
                    }
                    let dots = _mm256_cvtepi32_ps(_mm256_add_epi32(first, last));
                    if matches!(form, Form::Four | Form::Five) {
                        products[t] = _mm256_fmadd_ps(_mm256_mul_ps(dots, scale), row_scale, products[t]);
                        minima[t] = _mm256_fmadd_ps(second, _mm256_set1_ps(sum), minima[t]);
                    } else {
                        let mut scaled = _mm256_mul_ps(dots, row_scale);
                        if centre != 0.0 {
                            scaled = _mm256_fnmadd_ps(centres, _mm256_set1_ps(sum), scaled);
                        }
                        products[t] = _mm256_fmadd_ps(scaled, scale, products[t]);
                    }
                }
            }
            x86::store(std::array::from_fn::<_, T, _>(|t| _mm256_add_ps(products[t], minima[t])))
        }
    };
}
pub(super) use quantized;

/// One group of rows of a float form with `T` tokens.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn floats<const FORM: u8, const T: usize>(lines: &[Line], rows: [Row<'_>; T]) -> [[f32; LANES]; T] {
    let form = const { Form::ALL[FORM as usize] };
    let columns = lines.len() / form.lines() * BLOCK;
    assert!(rows.iter().all(|row| row.values.len() == columns));
    // Two sums a token, so that one does not wait for the other.
    let mut sums = [[_mm256_setzero_ps(); 2]; T];
    for pair in 0..columns / 2 {
        for (i, column) in [2 * pair, 2 * pair + 1].into_iter().enumerate() {
            // SAFETY: two columns are one line of 16-bit and two of 32-bit floats; `column < columns`.
            let weights = unsafe {
                match form {
                    Form::Half => halves(lines.as_ptr().add(pair).cast::<u16>().add(i * LANES)),
                    Form::Brain => {
                        let bits = _mm_loadu_si128(lines.as_ptr().add(pair).cast::<__m128i>().add(i));
                        _mm256_castsi256_ps(_mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(bits)))
                    }
                    _ => _mm256_load_ps(lines.as_ptr().add(column).cast()),
                }
            };
            for (row, sums) in rows.iter().zip(&mut sums) {
                // SAFETY: the length of the row was checked.
                let value = unsafe { *row.values.get_unchecked(column) };
                sums[i] = _mm256_fmadd_ps(weights, _mm256_set1_ps(value), sums[i]);
            }
        }
    }
    store(std::array::from_fn::<_, T, _>(|t| _mm256_add_ps(sums[t][0], sums[t][1])))
}
