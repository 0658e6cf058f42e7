//! The arithmetic of a forward pass on a CPU, in the instructions that this machine has.
//!
//! [`Kernel::detect`] chooses once at load; a portable binary runs everywhere and is quick where it can be. Each operation
//! has a plain form, which is also what the compiler turns into NEON on ARM, and an AVX2 form; tests compare both with
//! arithmetic in plain floats. Never starts a thread and never allocates.

mod activations;
mod attention;
#[cfg(target_arch = "x86_64")]
mod avx2;
mod elementwise;
mod packed;
mod plain;
#[cfg(test)]
mod tests;

pub(crate) use activations::Activations;
pub(crate) use attention::{Head, attend};
pub(crate) use elementwise::{add, gate, rms_norm, rotate, store_half};
pub(crate) use packed::{BLOCK, Bits, LANES, Lane, Line, Packed};

use std::ops::Range;

/// The instructions to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// What the compiler makes of plain Rust.
    Plain,
    /// AVX2, FMA and F16C, which x86 processors have had together since 2013.
    #[cfg(target_arch = "x86_64")]
    Avx2,
}

impl Kernel {
    /// The best that this machine has.
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c") {
            return Self::Avx2;
        }
        Self::Plain
    }

    /// Its name, for a table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "avx2",
        }
    }
}

/// Runs a block of plain Rust compiled for the instructions of `$kernel`.
///
/// The body is written once, as an `#[inline(always)]` function; here it is compiled a second time with AVX2 switched on.
macro_rules! dispatch {
    ($(#[$meta:meta])* pub(crate) fn $name:ident($($arg:ident: $type:ty),* $(,)?) = $body:path) => {
        $(#[$meta])*
        pub(crate) fn $name(kernel: $crate::kernels::Kernel, $($arg: $type),*) {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma,f16c")]
            fn avx2($($arg: $type),*) {
                $body($($arg),*)
            }
            match kernel {
                $crate::kernels::Kernel::Plain => $body($($arg),*),
                #[cfg(target_arch = "x86_64")]
                // SAFETY: `Kernel::Avx2` is only made where these instructions were detected.
                $crate::kernels::Kernel::Avx2 => unsafe { avx2($($arg),*) },
            }
        }
    };
}
pub(crate) use dispatch;

/// Products of the row groups `groups` of `weights` with every token of `activations`.
///
/// `write(token, first_row, values)` gets eight rows at a time (fewer at the end of the matrix).
pub(crate) fn matmul(
    kernel: Kernel,
    weights: &Packed,
    activations: &Activations,
    groups: Range<usize>,
    mut write: impl FnMut(usize, usize, &[f32]),
) {
    assert_eq!(weights.cols, activations.cols());
    assert!(groups.end <= weights.groups());
    let tokens = activations.tokens();
    for group in groups {
        let rows = LANES.min(weights.rows - group * LANES);
        let mut token = 0;
        while token + TILE <= tokens {
            let tile = group_product::<TILE>(kernel, weights, activations, group, token);
            for (i, values) in tile.iter().enumerate() {
                write(token + i, group * LANES, &values[..rows]);
            }
            token += TILE;
        }
        for token in token..tokens {
            let [values] = group_product::<1>(kernel, weights, activations, group, token);
            write(token, group * LANES, &values[..rows]);
        }
    }
}

/// Tokens that share one unpacking of the weights.
const TILE: usize = 4;

#[inline]
fn group_product<const T: usize>(
    kernel: Kernel,
    weights: &Packed,
    activations: &Activations,
    group: usize,
    token: usize,
) -> [[f32; LANES]; T] {
    let lines = &weights.quants[group * weights.group_lines()..][..weights.group_lines()];
    let scales = &weights.scales[group * weights.group_scales()..][..weights.group_scales()];
    let rows = std::array::from_fn(|i| activations.token(token + i));
    match (kernel, weights.bits) {
        (Kernel::Plain, Bits::Four) => plain::four(lines, scales, rows),
        (Kernel::Plain, Bits::Eight) => plain::eight(lines, scales, rows),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `Kernel::Avx2` is only made where these instructions were detected.
        (Kernel::Avx2, Bits::Four) => unsafe { avx2::four(lines, scales, rows) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        (Kernel::Avx2, Bits::Eight) => unsafe { avx2::eight(lines, scales, rows) },
    }
}
