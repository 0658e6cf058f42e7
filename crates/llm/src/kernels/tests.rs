//! Every kernel against arithmetic in plain floats.

use super::*;
use half::{bf16, f16};
use proptest::prelude::*;

pub(crate) fn kernels() -> Vec<Kernel> {
    let mut kernels = vec![Kernel::Plain];
    #[cfg(target_arch = "x86_64")]
    if Kernel::detect() == Kernel::Vnni {
        kernels.push(Kernel::Avx2);
    }
    #[cfg(target_arch = "aarch64")]
    if Kernel::detect() == Kernel::Dotprod {
        kernels.push(Kernel::Neon);
    }
    if Kernel::detect() != Kernel::Plain {
        kernels.push(Kernel::detect());
    }
    kernels
}

/// Deterministic numbers in -1..=1.
pub(super) struct Numbers(pub(super) u64);

impl Numbers {
    pub(super) fn bits(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as u32
    }

    fn next(&mut self) -> f32 {
        self.bits() as f32 / (1u32 << 30) as f32 - 1.0
    }

    pub(super) fn many(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.next()).collect()
    }
}

/// A matrix with random contents of every bit pattern that the format allows.
pub(super) fn random_matrix(rows: usize, cols: usize, form: Form, numbers: &mut Numbers) -> Packed {
    let mut matrix = Packed::zeros(rows, cols, form, &mut Pages::default()).unwrap();
    let (lines, scales) = (matrix.group_lines(), matrix.group_scales());
    for row in 0..rows {
        let group = row / LANES;
        let mut lane = Lane {
            lane: row % LANES,
            form,
            lines: &mut matrix.quants[group * lines..][..lines],
            scales: &mut matrix.scales[group * scales..][..scales],
        };
        match form {
            Form::Half => {
                let bytes = numbers.many(cols).iter().flat_map(|w| f16::from_f32(*w).to_le_bytes()).collect::<Vec<_>>();
                lane.floats::<2>(&bytes);
                continue;
            }
            Form::Brain => {
                let bytes =
                    numbers.many(cols).iter().flat_map(|w| bf16::from_f32(*w).to_le_bytes()).collect::<Vec<_>>();
                lane.floats::<2>(&bytes);
                continue;
            }
            Form::Single => {
                let bytes = numbers.many(cols).iter().flat_map(|w| w.to_le_bytes()).collect::<Vec<_>>();
                lane.floats::<4>(&bytes);
                continue;
            }
            _ => {}
        }
        for block in 0..cols / BLOCK {
            let (scale, second) = (f16::from_f32(numbers.next() * 0.1), f16::from_f32(numbers.next()));
            let quants = std::array::from_fn(|_| match form {
                Form::Four | Form::Centred | Form::Upper => numbers.bits() as u8 & 15,
                Form::Five => numbers.bits() as u8 & 31,
                Form::Six => numbers.bits() as u8 & 63,
                _ => ((numbers.bits() % 255) as i32 - 127) as i8 as u8,
            });
            lane.block(block, &quants, scale, second);
        }
    }
    matrix
}

fn close(found: f32, expected: f64, scale: f64) -> bool {
    (f64::from(found) - expected).abs() <= 1e-5 * scale.max(1.0)
}

/// The whole number that a value was rounded to.
fn number(row: &activations::Row<'_>, column: usize) -> i32 {
    let upper = i32::from(row.upper[column]);
    row.lower.get(column).map_or(upper, |lower| upper * 256 + i32::from(*lower))
}

const ROUNDINGS: [Rounding; 2] = [Rounding::Eight, Rounding::Sixteen];

/// Quantizes rows of `cols` values.
fn quantize(kernel: Kernel, activations: &mut Activations, values: &[f32], cols: usize, rounding: Rounding) {
    let rows = activations.reshape(values.len() / cols, cols, rounding);
    for (token, values) in values.chunks_exact(cols).enumerate() {
        // SAFETY: one thread writes.
        unsafe { rows.write(kernel, token, values) };
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn products_are_those_of_floats(rows in 1usize..40, blocks in 1usize..12, tokens in prop_oneof![Just(1usize), 2usize..22], form in prop::sample::select(&Form::ALL[..]), extreme in any::<bool>(), rounding in prop::sample::select(&ROUNDINGS[..]), seed in any::<u64>()) {
        let mut numbers = Numbers(seed);
        let cols = blocks * BLOCK;
        let matrix = random_matrix(rows, cols, form, &mut numbers);
        let mut values = numbers.many(tokens * cols);
        if extreme {
            // The largest values that the sums of products have to hold.
            values.iter_mut().for_each(|value| *value = value.signum());
        }
        let mut weights = vec![0.0; cols];
        for kernel in kernels() {
            let mut activations = Activations::with_capacity(tokens * cols, form.is_float());
            quantize(kernel, &mut activations, &values, cols, rounding);
            let mut found = vec![f32::NAN; tokens * rows];
            let half = matrix.groups() / 2;
            for groups in [0..half, half..matrix.groups()] {
                matmul(kernel, &matrix, &activations, groups, std::ptr::null(), |token, row, eight| {
                    found[token * rows + row..][..eight.len()].copy_from_slice(eight);
                });
            }
            for row in 0..rows {
                matrix.row(row, &mut weights);
                for token in 0..tokens {
                    let quantized = activations.token(token);
                    let value = |i: usize| match form.is_float() {
                        true => f64::from(values[token * cols + i]),
                        false => f64::from(number(&quantized, i)) * f64::from(quantized.scales[i / BLOCK]),
                    };
                    // Weights with a minimum or a centre are sums of two parts that may all but cancel.
                    let part = |w: f32| f64::from(w.abs()) + 2.0;
                    let terms = weights.iter().enumerate().map(|(i, w)| (f64::from(*w) * value(i), part(*w) * value(i).abs()));
                    let (sum, size) = terms.fold((0.0, 0.0), |(sum, size), (term, part)| (sum + term, size + part));
                    let out = found[token * rows + row];
                    prop_assert!(close(out, sum, size), "{kernel:?} {form:?} row {row} token {token}: {out} and {sum}");
                }
            }
        }
    }

    #[test]
    fn quantized_activations_are_close(blocks in 1usize..8, tokens in 1usize..3, exponent in -20i32..20, rounding in prop::sample::select(&ROUNDINGS[..]), seed in any::<u64>()) {
        let scale = 2f32.powi(exponent);
        let values: Vec<f32> = Numbers(seed).many(blocks * BLOCK).iter().map(|v| v * scale).collect();
        for kernel in kernels() {
            let mut activations = Activations::with_capacity(tokens * values.len(), true);
            quantize(kernel, &mut activations, &values.repeat(tokens), values.len(), rounding);
            let row = activations.token(tokens - 1);
            prop_assert_eq!(row.values, &values[..]);
            let most = if rounding == Rounding::Eight { activations::EIGHT } else { activations::SIXTEEN };
            for (block, values) in values.chunks(BLOCK).enumerate() {
                let quants: Vec<i32> = (0..BLOCK).map(|i| number(&row, block * BLOCK + i)).collect();
                let largest = values.iter().fold(0f32, |largest, value| largest.max(value.abs()));
                prop_assert!((row.scales[block] * most - largest).abs() <= largest * 1e-6);
                for (value, quant) in values.iter().zip(&quants) {
                    prop_assert!((value - row.scales[block] * *quant as f32).abs() <= row.scales[block] * 0.51);
                }
                let sum: i32 = quants.iter().sum();
                prop_assert!((row.sums[block] - row.scales[block] * sum as f32).abs() <= scale * 1e-4);
                let first: i32 = quants[..16].iter().sum();
                prop_assert!((row.first_sums[block] - row.scales[block] * first as f32).abs() <= scale * 1e-4);
            }
        }
    }

    #[test]
    fn attention_is_softmax_of_products(width in prop::sample::select(vec![2usize, 8, 16, 24, 32, 40, 64, 80, 96, 128]), positions in 1usize..40, queries in 1usize..15, cut in 0usize..40, capped in any::<bool>(), seed in any::<u64>()) {
        let mut numbers = Numbers(seed);
        let query: Vec<f32> = numbers.many(queries * width).iter().map(|q| q * 3.0).collect();
        let mut halves = |count: usize| -> Vec<u16> { numbers.many(count).iter().map(|v| f16::from_f32(*v).to_bits()).collect() };
        let (keys, values) = (halves(positions * width), halves(positions * width));
        let cap = capped.then_some(2.5f32);
        let float = |bits: u16| f64::from(f16::from_bits(bits).to_f32());
        for kernel in kernels() {
            // In two parts, as several threads do it.
            let cut = cut.clamp(1, positions);
            let mut parts = Vec::new();
            for range in [0..cut, cut..positions] {
                if range.is_empty() { continue; }
                let range = range.start * width..range.end * width;
                let head = Head { width, keys: &keys[range.clone()], values: &values[range] };
                let (mut out, mut ends) = (vec![f32::NAN; queries * width], vec![Ends::NONE; queries]);
                attend(kernel, &query, head, cap, &mut vec![f32::NAN; queries * positions], &mut out, &mut ends);
                parts.push((ends, out));
            }
            for (index, query) in query.chunks(width).enumerate() {
                let scores: Vec<f64> = keys.chunks(width)
                    .map(|key| key.iter().zip(query).map(|(k, q)| float(*k) * f64::from(*q)).sum())
                    .map(|score: f64| cap.map_or(score, |cap| f64::from(cap) * (score / f64::from(cap)).tanh()))
                    .collect();
                let largest = scores.iter().copied().fold(f64::MIN, f64::max);
                let total: f64 = scores.iter().map(|s| (s - largest).exp()).sum();
                let mut out = vec![f32::NAN; width];
                combine(parts.iter().map(|(ends, sums)| (ends[index], &sums[index * width..][..width])), &mut out);
                // The same part after part.
                let (mut so_far, mut totals) = (Ends::NONE, vec![0.0; width]);
                for (ends, sums) in &parts {
                    fold(&mut so_far, &mut totals, ends[index], &sums[index * width..][..width]);
                }
                for (out, total) in out.iter().zip(&totals) {
                    prop_assert!(close(total / so_far.sum, f64::from(*out), 1.0), "{kernel:?}: {total} and {out}");
                }
                for (d, out) in out.iter().enumerate() {
                    let expected: f64 = scores.iter().zip(values.chunks(width)).map(|(s, v)| (s - largest).exp() / total * float(v[d])).sum();
                    prop_assert!(close(*out, expected, 1.0), "{kernel:?}: {out} and {expected}");
                }
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
            let mut gated = x.clone();
            gelu_gate(kernel, &mut gated, &y);
            for i in 0..length {
                let g = f64::from(x[i]);
                let bent = 0.5 * g * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (g + 0.044715 * g * g * g)).tanh());
                prop_assert!(close(gated[i], bent * f64::from(y[i]), 1.0));
            }
            let mut capped = wide.clone();
            soft_cap(kernel, &mut capped, 30.0);
            prop_assert!(capped.iter().zip(&wide).all(|(c, w)| close(*c, 30.0 * (f64::from(*w) / 30.0).tanh(), 30.0)));
            let mut in_place = x.clone();
            rms_norm_in_place(kernel, &mut in_place, &y, 1e-5);
            prop_assert_eq!(&in_place, &out);
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
fn halves_of_a_head_turn_together() {
    let mut head = [1.0, 0.0, 0.0, 2.0];
    let angle = std::f32::consts::FRAC_PI_2;
    rotate_halves(&mut head, &[angle.cos(), 1.0], &[angle.sin(), 0.0]);
    for (found, expected) in head.iter().zip([0.0, 0.0, 1.0, 2.0]) {
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

#[test]
fn values_too_small_to_scale_are_zero() {
    for tiny in [1e-45, 1e-39, f32::MIN_POSITIVE, 1e-37, 126.0 * f32::MIN_POSITIVE] {
        for kernel in kernels() {
            let mut activations = Activations::with_capacity(BLOCK, false);
            quantize(kernel, &mut activations, &[tiny; BLOCK], BLOCK, Rounding::Sixteen);
            let row = activations.token(0);
            assert!((0..BLOCK).all(|column| number(&row, column) == 0), "{tiny}: {:?}", row.upper);
            assert_eq!((row.sums, row.first_sums), (&[0.0][..], &[0.0][..]), "{tiny}");
        }
    }
}

#[test]
fn what_is_not_a_number_is_taken_for_zero() {
    for bad in [[f32::NAN; 2], [f32::INFINITY; 2], [f32::NEG_INFINITY, f32::NAN], [f32::NAN, f32::INFINITY]] {
        for (places, rounding) in
            [[0, 1], [8, 31], [7, 16], [30, 31]].into_iter().flat_map(|p| ROUNDINGS.map(|r| (p, r)))
        {
            // The largest are first, where what comes after them might hide them.
            let mut values: [f32; BLOCK] = std::array::from_fn(|i| 1.0 / (i + 1) as f32);
            for (place, bad) in places.into_iter().zip(bad) {
                values[place] = bad;
            }
            for kernel in kernels() {
                let mut activations = Activations::with_capacity(BLOCK, false);
                quantize(kernel, &mut activations, &values, BLOCK, rounding);
                let row = activations.token(0);
                for (column, value) in values.into_iter().enumerate() {
                    let number = number(&row, column);
                    assert!(value.is_finite() || number == 0, "{kernel:?} {rounding:?}: {number} from {values:?}");
                    let error = (value - row.scales[0] * number as f32).abs();
                    let is_close = !value.is_finite() || error <= row.scales[0] * 0.51;
                    assert!(row.scales[0].is_finite() && row.sums[0].is_finite() && row.first_sums[0].is_finite());
                    assert!(is_close, "{kernel:?} {rounding:?}: {number} from {values:?}");
                }
            }
        }
    }
}
