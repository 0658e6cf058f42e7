//! Every kernel against arithmetic in plain floats.

use super::*;
use half::f16;
use proptest::prelude::*;

fn kernels() -> Vec<Kernel> {
    let mut kernels = vec![Kernel::Plain];
    if Kernel::detect() != Kernel::Plain {
        kernels.push(Kernel::detect());
    }
    kernels
}

/// Deterministic numbers in -1..=1.
struct Numbers(u64);

impl Numbers {
    fn bits(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as u32
    }

    fn next(&mut self) -> f32 {
        self.bits() as f32 / (1u32 << 30) as f32 - 1.0
    }

    fn many(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.next()).collect()
    }
}

/// A matrix with random contents of every bit pattern that the format allows.
fn random_matrix(rows: usize, cols: usize, bits: Bits, numbers: &mut Numbers) -> Packed {
    let mut matrix = Packed::zeros(rows, cols, bits);
    let (lines, scales) = (matrix.group_lines(), matrix.group_scales());
    for row in 0..rows {
        let group = row / LANES;
        let mut lane = Lane {
            lane: row % LANES,
            lines: &mut matrix.quants[group * lines..][..lines],
            scales: &mut matrix.scales[group * scales..][..scales],
        };
        for block in 0..cols / BLOCK {
            let (scale, minimum) = (f16::from_f32(numbers.next() * 0.1), f16::from_f32(numbers.next()));
            match bits {
                Bits::Four => {
                    let nibbles = std::array::from_fn(|_| numbers.bits() as u8);
                    lane.four(block, &nibbles, scale, minimum);
                }
                Bits::Eight => {
                    let quants = std::array::from_fn(|_| ((numbers.bits() % 255) as i32 - 127) as i8 as u8);
                    lane.eight(block, &quants, scale);
                }
            }
        }
    }
    matrix
}

fn close(found: f32, expected: f64, scale: f64) -> bool {
    (f64::from(found) - expected).abs() <= 1e-5 * scale.max(1.0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn products_are_those_of_floats(rows in 1usize..40, blocks in 1usize..12, tokens in 1usize..11, eight in any::<bool>(), extreme in any::<bool>(), seed in any::<u64>()) {
        let mut numbers = Numbers(seed);
        let cols = blocks * BLOCK;
        let matrix = random_matrix(rows, cols, if eight { Bits::Eight } else { Bits::Four }, &mut numbers);
        let mut values = numbers.many(tokens * cols);
        if extreme {
            // The largest values that the sums of products have to hold.
            values.iter_mut().for_each(|value| *value = value.signum());
        }
        let mut weights = vec![0.0; cols];
        for kernel in kernels() {
            let mut activations = Activations::with_capacity(tokens * cols);
            activations.quantize(kernel, &values, cols);
            let mut found = vec![f32::NAN; tokens * rows];
            let half = matrix.groups() / 2;
            for groups in [0..half, half..matrix.groups()] {
                matmul(kernel, &matrix, &activations, groups, |token, row, eight| {
                    found[token * rows + row..][..eight.len()].copy_from_slice(eight);
                });
            }
            for row in 0..rows {
                matrix.row(row, &mut weights);
                for token in 0..tokens {
                    let quantized = activations.token(token);
                    let products = weights.iter().enumerate().map(|(i, w)| {
                        f64::from(*w) * f64::from(quantized.quants[i]) * f64::from(quantized.scales[i / BLOCK])
                    });
                    let (sum, size) = products.fold((0.0, 0.0), |(sum, size), p| (sum + p, size + p.abs()));
                    let out = found[token * rows + row];
                    prop_assert!(close(out, sum, size), "{kernel:?} row {row} token {token}: {out} and {sum}");
                }
            }
        }
    }

    #[test]
    fn quantized_activations_are_close(blocks in 1usize..8, exponent in -20i32..20, seed in any::<u64>()) {
        let scale = 2f32.powi(exponent);
        let values: Vec<f32> = Numbers(seed).many(blocks * BLOCK).iter().map(|v| v * scale).collect();
        for kernel in kernels() {
            let mut activations = Activations::with_capacity(values.len());
            activations.quantize(kernel, &values, values.len());
            let row = activations.token(0);
            for (block, values) in values.chunks(BLOCK).enumerate() {
                let quants = &row.quants[block * BLOCK..][..BLOCK];
                for (value, quant) in values.iter().zip(quants) {
                    prop_assert!((value - row.scales[block] * f32::from(*quant)).abs() <= row.scales[block] * 0.501);
                }
                let sum: i32 = quants.iter().map(|q| i32::from(*q)).sum();
                prop_assert!((row.sums[block] - row.scales[block] * sum as f32).abs() <= scale * 1e-4);
            }
        }
    }

    #[test]
    fn attention_is_softmax_of_products(width in prop::sample::select(vec![2usize, 8, 24, 32, 40, 64, 96, 128]), positions in 1usize..40, seed in any::<u64>()) {
        let mut numbers = Numbers(seed);
        let query: Vec<f32> = numbers.many(width).iter().map(|q| q * 3.0).collect();
        let mut halves = |count: usize| -> Vec<u16> { numbers.many(count).iter().map(|v| f16::from_f32(*v).to_bits()).collect() };
        // Longer than what is looked at, as in a cache.
        let (keys, values) = (halves((positions + 3) * width), halves((positions + 3) * width));
        let float = |bits: u16| f64::from(f16::from_bits(bits).to_f32());
        let scores: Vec<f64> = keys.chunks(width).take(positions)
            .map(|key| key.iter().zip(&query).map(|(k, q)| float(*k) * f64::from(*q)).sum())
            .collect();
        let largest = scores.iter().copied().fold(f64::MIN, f64::max);
        let total: f64 = scores.iter().map(|s| (s - largest).exp()).sum();
        for kernel in kernels() {
            let mut out = vec![f32::NAN; width];
            attend(kernel, &query, Head { keys: &keys, values: &values }, &mut vec![0.0; positions], &mut out);
            for (d, out) in out.iter().enumerate() {
                let expected: f64 = scores.iter().zip(values.chunks(width)).map(|(s, v)| (s - largest).exp() / total * float(v[d])).sum();
                prop_assert!(close(*out, expected, 1.0), "{kernel:?}: {out} and {expected}");
            }
        }
    }

    #[test]
    fn norm_and_gate_are_their_definitions(length in 1usize..100, seed in any::<u64>()) {
        let mut numbers = Numbers(seed);
        let (x, y) = (numbers.many(length), numbers.many(length));
        let square: f64 = x.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / length as f64;
        for kernel in kernels() {
            let mut out = vec![0.0; length];
            rms_norm(kernel, &x, &y, 1e-5, &mut out);
            for i in 0..length {
                prop_assert!(close(out[i], f64::from(x[i]) / (square + 1e-5).sqrt() * f64::from(y[i]), 1.0));
            }
            let wide: Vec<f32> = x.iter().map(|x| x * 20.0).collect();
            let mut gated = wide.clone();
            gate(kernel, &mut gated, &y);
            for i in 0..length {
                let g = f64::from(wide[i]);
                prop_assert!(close(gated[i], g / (1.0 + (-g).exp()) * f64::from(y[i]), 20.0));
            }
            let mut sum = x.clone();
            add(kernel, &mut sum, &y);
            prop_assert!(sum.iter().zip(x.iter().zip(&y)).all(|(s, (x, y))| *s == x + y));
        }
    }
}

#[test]
fn the_exponential_is_right_from_end_to_end() {
    for i in -8700..=8800 {
        let x = i as f32 / 100.0;
        let (found, expected) = (f64::from(elementwise::exp(x)), f64::from(x).exp());
        assert!((found / expected - 1.0).abs() < 1e-6, "e^{x}: {found} and {expected}");
    }
    assert!(elementwise::exp(f32::NEG_INFINITY) < 1e-30);
    assert_eq!(elementwise::exp(0.0), 1.0);
}

#[test]
fn rotation_keeps_lengths_and_turns_by_the_angle() {
    let mut head = [1.0, 0.0, 0.0, 2.0];
    let angle = std::f32::consts::FRAC_PI_2;
    rotate(&mut head, &[angle.cos(), 1.0], &[angle.sin(), 0.0]);
    for (found, expected) in head.iter().zip([0.0, 1.0, 0.0, 2.0]) {
        assert!((found - expected).abs() < 1e-6);
    }
}

#[test]
fn halves_are_stored_as_the_nearest() {
    let values = [0.0, -1.5, 65504.0, 1e-8, 0.1];
    for kernel in kernels() {
        let mut bits = [0; 5];
        store_half(kernel, &values, &mut bits);
        assert_eq!(bits, values.map(|v| f16::from_f32(v).to_bits()));
    }
}
