//! The arithmetic of a forward pass on a CPU, in the instructions that this machine has.
//!
//! [`Kernel::detect`] chooses once at load; a portable binary runs everywhere and is quick where it can be. Each operation
//! has a plain form and one with AVX2 or NEON; products in eight bits have another with AVX-512 VNNI or ARM's dot product,
//! attention with AVX-512. Tests compare all of them with arithmetic in plain floats. Never starts a thread and never
//! allocates.

#[cfg(target_arch = "aarch64")]
mod aarch64;
mod activations;
mod attention;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx2_activations;
#[cfg(target_arch = "x86_64")]
mod avx2_attention;
#[cfg(target_arch = "x86_64")]
mod avx512_attention;
#[cfg(target_arch = "aarch64")]
mod dotprod;
mod elementwise;
mod halved;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "aarch64")]
mod neon_activations;
#[cfg(target_arch = "aarch64")]
mod neon_attention;
mod packed;
mod pages;
mod plain;
#[cfg(test)]
pub(crate) mod tests;
#[cfg(target_arch = "x86_64")]
mod vnni;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use activations::{Activations, Rounding};
pub(crate) use attention::{Ends, Head, attend, combine, fold};
pub(crate) use elementwise::{
    add, gate, gelu_gate, rms_norm, rms_norm_in_place, rotate, rotate_halves, scale, soft_cap, store_half,
};
pub(crate) use halved::{Halved, best_at_least, deviation, split, spread_of, within};
pub(crate) use packed::{BLOCK, Form, LANES, Lane, Line, Packed};
pub(crate) use pages::Pages;

use std::ops::Range;

/// Lines that a single token's products have fetched ahead: such a product waits for nothing but memory, and the processor
/// itself looks no further than the end of a page.
const AHEAD: usize = 224;

/// The instructions to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// What the compiler makes of plain Rust.
    Plain,
    /// AVX2, FMA and F16C, which x86 processors have had together since 2013.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// The same, and products in eight bits with AVX-512 VNNI: Intel since 2019, AMD since 2022.
    #[cfg(target_arch = "x86_64")]
    Vnni,
    /// NEON, which every 64-bit ARM processor has.
    #[cfg(target_arch = "aarch64")]
    Neon,
    /// The same, and products in eight bits with the dot product of ARMv8.2: Cortex-A55 and A76 and Apple's of 2018 on.
    #[cfg(target_arch = "aarch64")]
    Dotprod,
}

impl Kernel {
    /// The best that this machine has.
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c") {
            let wide = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512vnni");
            return if wide { Self::Vnni } else { Self::Avx2 };
        }
        #[cfg(target_arch = "aarch64")]
        if std::arch::is_aarch64_feature_detected!("neon") {
            let dots = std::arch::is_aarch64_feature_detected!("dotprod");
            return if dots { Self::Dotprod } else { Self::Neon };
        }
        Self::Plain
    }

    /// Its name, for a table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Self::Vnni => "avx512-vnni",
            #[cfg(target_arch = "aarch64")]
            Self::Neon => "neon",
            #[cfg(target_arch = "aarch64")]
            Self::Dotprod => "neon-dotprod",
        }
    }
}

/// Runs a block of plain Rust compiled for the instructions of `$kernel`.
///
/// The body is written once, as an `#[inline(always)]` function; here it is compiled a second time with AVX2 switched on.
/// NEON is always on where there is any.
macro_rules! dispatch {
    ($(#[$meta:meta])* $visibility:vis fn $name:ident($($arg:ident: $type:ty),* $(,)?) = $body:path) => {
        $(#[$meta])*
        $visibility fn $name(kernel: $crate::kernels::Kernel, $($arg: $type),*) {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma,f16c")]
            fn avx2($($arg: $type),*) {
                $body($($arg),*)
            }
            match kernel {
                $crate::kernels::Kernel::Plain => $body($($arg),*),
                #[cfg(target_arch = "aarch64")]
                $crate::kernels::Kernel::Neon | $crate::kernels::Kernel::Dotprod => $body($($arg),*),
                #[cfg(target_arch = "x86_64")]
                // SAFETY: these kernels are only made where their instructions were detected.
                $crate::kernels::Kernel::Avx2 | $crate::kernels::Kernel::Vnni => unsafe { avx2($($arg),*) },
            }
        }
    };
}
pub(crate) use dispatch;

/// Products of the row groups `groups` of `weights` with every token of `activations`.
///
/// `write(token, first_row, values)` gets eight or sixteen rows at a time (fewer at the end of the matrix). `then` is what this
/// thread reads after these groups, null where that is what lies behind them or nobody knows.
pub(crate) fn matmul(
    kernel: Kernel,
    weights: &Packed,
    activations: &Activations,
    groups: Range<usize>,
    then: *const Line,
    mut write: impl FnMut(usize, usize, &[f32]),
) {
    assert_eq!(weights.cols, activations.cols());
    assert!(groups.end <= weights.groups());
    let mut token = 0;
    #[cfg(target_arch = "x86_64")]
    if kernel == Kernel::Vnni && !weights.form.is_float() {
        token = pairs::<8>(weights, activations, groups.clone(), token, &mut write);
        token = pairs::<4>(weights, activations, groups.clone(), token, &mut write);
    }
    token = tiles::<4>(kernel, weights, activations, (groups.clone(), then), token, &mut write);
    tiles::<1>(kernel, weights, activations, (groups, then), token, &mut write);
}

/// The products of one group of rows of [`Form::Eight`], whose lines and scales these are, with the only token of
/// `activations`.
pub(crate) fn eight_rows(kernel: Kernel, lines: &[Line], scales: &[u16], activations: &Activations) -> [f32; LANES] {
    assert!(activations.tokens() == 1 && lines.len() == activations.cols() / BLOCK * Form::Eight.lines());
    // They were just written.
    let [products] = tile_of(kernel, Form::Eight, (lines, scales, lines.as_ptr()), [activations.token(0)]);
    products
}

/// Some tokens that pass over the weights together.
struct Tile<'a, const T: usize> {
    rows: [activations::Row<'a>; T],
    /// So many are tokens of their own; what is behind them repeats the last.
    count: usize,
}

impl<'a, const T: usize> Tile<'a, T> {
    /// The tile from `token`. Four that lack one or two are quicker than those that are there one by one.
    fn at(activations: &'a Activations, token: usize) -> Option<Self> {
        let left = activations.tokens() - token;
        let is_full = left >= T;
        (is_full || T == 4 && left > 1).then(|| Self {
            rows: std::array::from_fn(|i| activations.token(token + i.min(left - 1))),
            count: left.min(T),
        })
    }
}

/// The products of two groups of rows at a time and as many tiles of `T` tokens as there are from `token`; returns
/// the first token that is left.
#[cfg(target_arch = "x86_64")]
fn pairs<const T: usize>(
    weights: &Packed,
    activations: &Activations,
    groups: Range<usize>,
    mut token: usize,
    write: &mut impl FnMut(usize, usize, &[f32]),
) -> usize {
    while let Some(tile) = Tile::<T>::at(activations, token) {
        let Tile { rows, count } = tile;
        let is_fine = !rows[0].lower.is_empty();
        let mut products = [[0f32; 2 * LANES]; T];
        let mut group = groups.start;
        while group + 1 < groups.end {
            let lines = &weights.quants[group * weights.group_lines()..][..2 * weights.group_lines()];
            let scales = &weights.scales[group * weights.group_scales()..][..2 * weights.group_scales()];
            match is_fine {
                true => pair_of::<T, true>(weights.form, lines, scales, &rows, &mut products),
                false => pair_of::<T, false>(weights.form, lines, scales, &rows, &mut products),
            }
            let rows = (2 * LANES).min(weights.rows - group * LANES);
            for (token, values) in (token..).zip(&products[..count]) {
                write(token, group * LANES, &values[..rows]);
            }
            group += 2;
        }
        if group < groups.end {
            let (lines, scales) = weights.group(group);
            let products = tile_of::<T>(Kernel::Vnni, weights.form, (lines, scales, lines.as_ptr()), rows);
            write_group(weights, group, token, &products[..count], write);
        }
        token += count;
    }
    token
}

/// The products of two groups of rows with `T` tokens.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn pair_of<const T: usize, const FINE: bool>(
    form: Form,
    lines: &[Line],
    scales: &[u16],
    rows: &[activations::Row<'_>; T],
    out: &mut [[f32; 2 * LANES]; T],
) {
    // SAFETY: only for `Kernel::Vnni`, which is only made where these instructions were detected.
    unsafe {
        match form {
            Form::Four => vnni::pair::<{ Form::Four as u8 }, T, FINE>(lines, scales, rows, out),
            Form::Centred => vnni::pair::<{ Form::Centred as u8 }, T, FINE>(lines, scales, rows, out),
            Form::Five => vnni::pair::<{ Form::Five as u8 }, T, FINE>(lines, scales, rows, out),
            Form::Six => vnni::pair::<{ Form::Six as u8 }, T, FINE>(lines, scales, rows, out),
            Form::Upper => vnni::pair::<{ Form::Upper as u8 }, T, FINE>(lines, scales, rows, out),
            _ => vnni::pair::<{ Form::Eight as u8 }, T, FINE>(lines, scales, rows, out),
        }
    }
}

/// The products of as many tiles of `T` tokens as there are from `token`; returns the first that is left.
fn tiles<const T: usize>(
    kernel: Kernel,
    weights: &Packed,
    activations: &Activations,
    (groups, then): (Range<usize>, *const Line),
    mut token: usize,
    write: &mut impl FnMut(usize, usize, &[f32]),
) -> usize {
    let end = weights.quants[..groups.end * weights.group_lines()].as_ptr_range().end;
    while let Some(tile) = Tile::<T>::at(activations, token) {
        let Tile { rows, count } = tile;
        for group in groups.clone() {
            let (lines, scales) = weights.group(group);
            let mut ahead = lines.as_ptr().wrapping_add(AHEAD);
            if !then.is_null() && ahead >= end {
                ahead = then.wrapping_add((ahead as usize - end as usize) / size_of::<Line>());
            }
            let products = tile_of::<T>(kernel, weights.form, (lines, scales, ahead), rows);
            write_group(weights, group, token, &products[..count], write);
        }
        token += count;
    }
    token
}

/// Writes the products of one group with the tokens from `first`.
#[inline(always)]
fn write_group(
    weights: &Packed,
    group: usize,
    first: usize,
    products: &[[f32; LANES]],
    write: &mut impl FnMut(usize, usize, &[f32]),
) {
    let rows = LANES.min(weights.rows - group * LANES);
    for (token, values) in (first..).zip(products) {
        write(token, group * LANES, &values[..rows]);
    }
}

/// The products of one group of rows, whose lines and scales are `group`, with `T` tokens; with one, what is at its third is
/// fetched ahead meanwhile, as much as the lines.
#[inline(always)]
fn tile_of<const T: usize>(
    kernel: Kernel,
    form: Form,
    group: (&[Line], &[u16], *const Line),
    rows: [activations::Row<'_>; T],
) -> [[f32; LANES]; T] {
    match form {
        Form::Four => tile::<{ Form::Four as u8 }, T>(kernel, group, rows),
        Form::Centred => tile::<{ Form::Centred as u8 }, T>(kernel, group, rows),
        Form::Five => tile::<{ Form::Five as u8 }, T>(kernel, group, rows),
        Form::Six => tile::<{ Form::Six as u8 }, T>(kernel, group, rows),
        Form::Eight => tile::<{ Form::Eight as u8 }, T>(kernel, group, rows),
        Form::Upper => tile::<{ Form::Upper as u8 }, T>(kernel, group, rows),
        Form::Half => tile::<{ Form::Half as u8 }, T>(kernel, group, rows),
        Form::Brain => tile::<{ Form::Brain as u8 }, T>(kernel, group, rows),
        Form::Single => tile::<{ Form::Single as u8 }, T>(kernel, group, rows),
    }
}

#[inline(always)]
fn tile<const FORM: u8, const T: usize>(
    kernel: Kernel,
    (lines, scales, ahead): (&[Line], &[u16], *const Line),
    rows: [activations::Row<'_>; T],
) -> [[f32; LANES]; T] {
    let form = const { Form::ALL[FORM as usize] };
    #[cfg(not(target_arch = "x86_64"))]
    let _ = ahead;
    match kernel {
        Kernel::Plain if form.is_float() => plain::floats::<FORM, T>(lines, rows),
        Kernel::Plain => plain::quantized::<FORM, T>(lines, scales, rows),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: these kernels are only made where their instructions were detected.
        Kernel::Avx2 | Kernel::Vnni if form.is_float() => unsafe { x86::floats::<FORM, T>(lines, rows) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Kernel::Avx2 => unsafe { avx2::quantized::<FORM, T>(lines, scales, ahead, rows) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Kernel::Vnni => unsafe { vnni::quantized::<FORM, T>(lines, scales, ahead, rows) },
        #[cfg(target_arch = "aarch64")]
        // SAFETY: as above.
        Kernel::Neon | Kernel::Dotprod if form.is_float() => unsafe { aarch64::floats::<FORM, T>(lines, rows) },
        #[cfg(target_arch = "aarch64")]
        // SAFETY: as above.
        Kernel::Neon => unsafe { neon::quantized::<FORM, T>(lines, scales, rows) },
        #[cfg(target_arch = "aarch64")]
        // SAFETY: as above.
        Kernel::Dotprod => unsafe { dotprod::quantized::<FORM, T>(lines, scales, rows) },
    }
}
