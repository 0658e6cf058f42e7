//! From the types of a file to the forms of the kernels, a row at a time.
//!
//! Block layouts are those of the GGUF specification and `ggml`'s published quantization types.

use crate::error::{LlmError, Result};
use crate::gguf::TensorType;
use crate::kernels::{BLOCK, Form, Lane};
use candle_core::Device;
use candle_core::quantized::{QStorage, QTensor};
use half::f16;
use std::borrow::Cow;

/// The form that keeps a type.
pub(super) fn form_of(kind: TensorType) -> Form {
    match kind {
        TensorType::Q4_0 => Form::Centred,
        TensorType::Q4_1 | TensorType::Q4K => Form::Four,
        TensorType::Q5_0 | TensorType::Q5_1 | TensorType::Q5K => Form::Five,
        TensorType::Q6K => Form::Six,
        TensorType::F16 => Form::Half,
        TensorType::Bf16 => Form::Brain,
        TensorType::F32 => Form::Single,
        // The last two have fewer bits, and are rare: they are quantized again.
        TensorType::Q8_0 | TensorType::Q2K | TensorType::Q3K => Form::Eight,
    }
}

fn half_at(bytes: &[u8], at: usize) -> f16 {
    f16::from_le_bytes([bytes[at], bytes[at + 1]])
}

/// Packs one row of the file. `scratch` has room for its floats.
pub(super) fn pack_row(kind: TensorType, bytes: &[u8], scratch: &mut [f32], mut lane: Lane<'_>) -> Result<()> {
    match kind {
        // Scale, then 16 bytes of two columns each: exactly the packed form.
        TensorType::Q4_0 => {
            for (block, bytes) in bytes.as_chunks::<18>().0.iter().enumerate() {
                lane.nibbles(block, bytes[2..].try_into().expect("16 bytes"), half_at(bytes, 0), f16::ZERO);
            }
        }
        TensorType::Q4_1 => {
            for (block, bytes) in bytes.as_chunks::<20>().0.iter().enumerate() {
                lane.nibbles(block, bytes[4..].try_into().expect("16 bytes"), half_at(bytes, 0), half_at(bytes, 2));
            }
        }
        TensorType::Q5_0 => {
            for (block, bytes) in bytes.as_chunks::<22>().0.iter().enumerate() {
                let scale = half_at(bytes, 0);
                lane.block(block, &five(&bytes[2..]), scale, f16::from_f32(-16.0 * scale.to_f32()));
            }
        }
        TensorType::Q5_1 => {
            for (block, bytes) in bytes.as_chunks::<24>().0.iter().enumerate() {
                lane.block(block, &five(&bytes[4..]), half_at(bytes, 0), half_at(bytes, 2));
            }
        }
        TensorType::Q8_0 => {
            for (block, bytes) in bytes.as_chunks::<34>().0.iter().enumerate() {
                lane.eight(block, bytes[2..].try_into().expect("32 bytes"), half_at(bytes, 0));
            }
        }
        TensorType::Q4K => {
            for (superblock, bytes) in bytes.as_chunks::<144>().0.iter().enumerate() {
                pack_scaled(superblock * 8, bytes, None, &bytes[16..], &mut lane);
            }
        }
        TensorType::Q5K => {
            for (superblock, bytes) in bytes.as_chunks::<176>().0.iter().enumerate() {
                pack_scaled(superblock * 8, bytes, Some(&bytes[16..48]), &bytes[48..], &mut lane);
            }
        }
        TensorType::Q6K => {
            for (superblock, bytes) in bytes.as_chunks::<210>().0.iter().enumerate() {
                pack_q6k(superblock * 8, bytes, &mut lane);
            }
        }
        TensorType::F16 | TensorType::Bf16 => lane.floats::<2>(bytes),
        TensorType::F32 => lane.floats::<4>(bytes),
        TensorType::Q2K | TensorType::Q3K => {
            floats_of(kind, bytes, scratch)?;
            for (block, floats) in scratch.chunks_exact(BLOCK).enumerate() {
                lane.eight_from_floats(block, floats);
            }
        }
    }
    Ok(())
}

/// The numbers of a block of Q5: four bytes with the fifth bits by column, then 16 bytes as in Q4.
fn five(bytes: &[u8]) -> [u8; BLOCK] {
    let fifths = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    std::array::from_fn(|column| {
        let byte = bytes[4 + column % 16];
        let low = if column < 16 { byte & 15 } else { byte >> 4 };
        low | (((fifths >> column) & 1) as u8) << 4
    })
}

/// Packs a super-block of Q4_K or Q5_K: two 16-bit floats, twelve bytes with eight 6-bit scales and eight 6-bit minima, with
/// five bits 32 bytes that have the fifth bit of block `b` in bit `b`, and 128 bytes in four parts of 32, each with one
/// block in its low and the next in its high halves.
fn pack_scaled(first_block: usize, bytes: &[u8], fifths: Option<&[u8]>, quants: &[u8], lane: &mut Lane<'_>) {
    let (scale, minimum) = (half_at(bytes, 0).to_f32(), half_at(bytes, 2).to_f32());
    let sixes = &bytes[4..16];
    for block in 0..8 {
        let (s, m) = if block < 4 {
            (sixes[block] & 63, sixes[block + 4] & 63)
        } else {
            (
                (sixes[block + 4] & 15) | ((sixes[block - 4] >> 6) << 4),
                (sixes[block + 4] >> 4) | ((sixes[block] >> 6) << 4),
            )
        };
        let part = &quants[block / 2 * 32..][..32];
        let four = |column: usize| (part[column] >> (block % 2 * 4)) & 15;
        let scale = f16::from_f32(scale * f32::from(s));
        let minimum = f16::from_f32(-minimum * f32::from(m));
        match fifths {
            None => {
                let nibbles = std::array::from_fn(|i| four(i) | (four(i + 16) << 4));
                lane.nibbles(first_block + block, &nibbles, scale, minimum);
            }
            Some(fifths) => {
                let quants = std::array::from_fn(|i| four(i) | (((fifths[i] >> block) & 1) << 4));
                lane.block(first_block + block, &quants, scale, minimum);
            }
        }
    }
}

/// Packs a super-block of Q6_K: 128 bytes with the low four bits, 64 with the high two, sixteen 8-bit scales for 16 columns
/// each, and a 16-bit float. Each half has four blocks: the bytes' low halves first, then the high ones, and the four pairs
/// of high bits of each byte in the same order.
fn pack_q6k(first_block: usize, bytes: &[u8; 210], lane: &mut Lane<'_>) {
    let (low, high, scales) = (&bytes[..128], &bytes[128..192], &bytes[192..208]);
    let scale = half_at(bytes, 208).to_f32();
    for block in 0..8 {
        let (half, part) = (block / 4, block % 4);
        let quants = std::array::from_fn(|i| {
            let four = (low[half * 64 + part % 2 * 32 + i] >> (part / 2 * 4)) & 15;
            four | (((high[half * 32 + i] >> (part * 2)) & 3) << 4)
        });
        let scale_of = |index: usize| f16::from_f32(scale * f32::from(scales[index] as i8));
        lane.block(first_block + block, &quants, scale_of(block * 2), scale_of(block * 2 + 1));
    }
}

/// The floats of one row of any type.
pub(crate) fn floats_of(kind: TensorType, bytes: &[u8], out: &mut [f32]) -> Result<()> {
    if kind == TensorType::F32 {
        for (out, bytes) in out.iter_mut().zip(bytes.as_chunks::<4>().0) {
            *out = f32::from_le_bytes(*bytes);
        }
        return Ok(());
    }
    let storage =
        QStorage::from_data(Cow::Borrowed(bytes), &Device::Cpu, kind.to_candle()).map_err(LlmError::engine)?;
    let tensor = QTensor::new(storage, out.len()).and_then(|tensor| tensor.dequantize(&Device::Cpu));
    let floats = tensor.and_then(|tensor| tensor.to_vec1::<f32>()).map_err(LlmError::engine)?;
    out.copy_from_slice(&floats);
    Ok(())
}
