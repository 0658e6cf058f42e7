//! The arithmetic of a convolution over three neighbours, for a few places and 24 outputs at a time.
//!
//! Written in plain Rust, which is what the compiler turns into NEON on ARM, and with AVX2, which is chosen at run time;
//! a test compares both with sums made one by one. Never allocates.

/// Outputs that are computed together: every layer of the model has a multiple of this many.
pub(super) const LANES: usize = 24;
/// Places that share one reading of the weights.
pub(super) const TILE: usize = 4;

/// The inputs of a place: three stretches of `length` numbers, `stride` apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    pub(super) length: usize,
    pub(super) stride: usize,
}

impl Reach {
    /// One past the last input of a place that begins at `at`.
    fn end(self, at: usize) -> usize {
        at + 2 * self.stride + self.length
    }
}

/// Adds to `sums`, for each of the places that begin at `at` in `input`, the products of its inputs with `weights` (an
/// entry of 24 outputs for each input, in the order of the inputs).
///
/// # Panics
/// A place reaches beyond `input`, or there are not three times `length` weights.
pub(super) fn add<const T: usize>(
    input: &[f32],
    at: [usize; T],
    reach: Reach,
    weights: &[[f32; LANES]],
    sums: &mut [[f32; LANES]; T],
) {
    assert!(weights.len() == 3 * reach.length && at.iter().all(|at| reach.end(*at) <= input.len()));
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        // SAFETY: the processor has the instructions, and what is read was checked above.
        return unsafe { avx2(input, at, reach, weights, sums) };
    }
    plain(input, at, reach, weights, sums);
}

fn plain<const T: usize>(
    input: &[f32],
    at: [usize; T],
    reach: Reach,
    weights: &[[f32; LANES]],
    sums: &mut [[f32; LANES]; T],
) {
    for (stretch, weights) in weights.chunks_exact(reach.length).enumerate() {
        for (sums, at) in sums.iter_mut().zip(at) {
            let inputs = &input[at + stretch * reach.stride..][..reach.length];
            for (input, weights) in inputs.iter().zip(weights) {
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    *sum += input * weight;
                }
            }
        }
    }
}

/// # Safety
/// The processor has AVX2 and FMA; `weights` has `3 * reach.length` entries; each place's inputs lie within `input`.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn avx2<const T: usize>(
    input: &[f32],
    at: [usize; T],
    reach: Reach,
    weights: &[[f32; LANES]],
    sums: &mut [[f32; LANES]; T],
) {
    use std::arch::x86_64::*;
    const WIDE: usize = 8;
    let mut all = [[_mm256_setzero_ps(); LANES / WIDE]; T];
    for (all, sums) in all.iter_mut().zip(sums.iter()) {
        for (vector, sums) in all.iter_mut().zip(sums.as_chunks::<WIDE>().0) {
            // SAFETY: eight floats are there.
            *vector = unsafe { _mm256_loadu_ps(sums.as_ptr()) };
        }
    }
    for stretch in 0..3 {
        for k in 0..reach.length {
            // SAFETY: there are `3 * length` entries of 24 floats.
            let entry = unsafe { weights.as_ptr().add(stretch * reach.length + k).cast::<f32>() };
            // SAFETY: as above; the loads need not be aligned.
            let weights: [__m256; LANES / WIDE] = unsafe {
                [_mm256_loadu_ps(entry), _mm256_loadu_ps(entry.add(WIDE)), _mm256_loadu_ps(entry.add(2 * WIDE))]
            };
            for (all, at) in all.iter_mut().zip(at) {
                // SAFETY: the caller's promise about the places.
                let input = unsafe { _mm256_broadcast_ss(&*input.as_ptr().add(at + stretch * reach.stride + k)) };
                for (sum, weight) in all.iter_mut().zip(weights) {
                    *sum = _mm256_fmadd_ps(input, weight, *sum);
                }
            }
        }
    }
    for (all, sums) in all.iter().zip(sums) {
        for (vector, sums) in all.iter().zip(sums.as_chunks_mut::<WIDE>().0) {
            // SAFETY: there is room for eight floats.
            unsafe { _mm256_storeu_ps(sums.as_mut_ptr(), *vector) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sums_are_those_made_one_by_one(
            length in 1_usize..40,
            gap in 0_usize..20,
            at in prop::array::uniform4(0_usize..50),
            seed in 0_u32..1000,
        ) {
            let reach = Reach { length, stride: length + gap };
            let mut state = seed.wrapping_mul(2_654_435_761) | 1;
            let mut next = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / (1 << 24) as f32 - 0.5
            };
            let input: Vec<f32> = (0..reach.end(50)).map(|_| next()).collect();
            let weights: Vec<[f32; LANES]> = (0..3 * length).map(|_| std::array::from_fn(|_| next())).collect();
            let mut sums = [[0.25; LANES]; TILE];
            let mut simple = sums;
            add(&input, at, reach, &weights, &mut sums);
            plain(&input, at, reach, &weights, &mut simple);
            for (place, at) in at.into_iter().enumerate() {
                for lane in 0..LANES {
                    let mut sum = 0.25_f64;
                    for stretch in 0..3 {
                        for k in 0..length {
                            let input = input[at + stretch * reach.stride + k];
                            sum += f64::from(input) * f64::from(weights[stretch * length + k][lane]);
                        }
                    }
                    prop_assert!((f64::from(sums[place][lane]) - sum).abs() < 1e-4);
                    prop_assert!((f64::from(simple[place][lane]) - sum).abs() < 1e-4);
                }
            }
        }
    }
}
