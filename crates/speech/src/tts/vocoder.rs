//! The second half of a voice: frames become sound piece by piece, the first small, so that it can be heard while the
//! others are computed.
//!
//! Owns the pieces and their seams: each is computed with as many frames around it as its sound depends on, so that the
//! pieces joined are what one computation of the whole would give. Smaller pieces also fit the processor's caches: the
//! whole is not slower for it.

use crate::tts::graph;
use jarvis_core::{Cancel, Error, Result};
use jarvis_onnx::OnnxError;
use ort::session::{Session, SessionInputValue, SessionOutputs};
use ort::value::Tensor;
use std::ops::Range;
use std::path::{Path, PathBuf};

const WHAT: &str = "Speech synthesis";
/// Frames of the first piece: 370 ms at the usual 11.6 ms a frame, and about 12 ms of work. It is not shorter because a
/// sentence begins with up to a quarter of a second of silence, which is cut off.
const FIRST: usize = 32;
/// Frames of the longest: what is computed twice at the seams is a fifth of it.
const LONGEST: usize = 96;

/// What the first half of the voice made of a sentence.
pub struct Frames {
    /// `channels` rows of `count` values.
    values: Vec<f32>,
    channels: usize,
    count: usize,
    /// What else the vocoder takes: the speaker's colour of voice, the same for all frames.
    others: Vec<Tensor<f32>>,
    /// Whether the others are the same for all frames indeed.
    can_be_cut: bool,
}

impl Frames {
    /// Takes over the outputs of the first half, in their order.
    pub fn take(outputs: &SessionOutputs<'_>) -> ort::Result<Self> {
        let (shape, values) = outputs[0].try_extract_tensor::<f32>()?;
        let size = |at: usize| shape.get(at).and_then(|size| usize::try_from(*size).ok()).unwrap_or(0);
        let (channels, count) = (size(1), size(2));
        let mut others = Vec::new();
        let mut can_be_cut = true;
        for i in 1..outputs.len() {
            let (shape, values) = outputs[i].try_extract_tensor::<f32>()?;
            can_be_cut &= shape.len() < 3 || shape[2] == 1;
            others.push(Tensor::from_array((shape.to_vec(), values.to_vec()))?);
        }
        let values = if shape.len() == 3 && size(0) == 1 { values.to_vec() } else { Vec::new() };
        Ok(Self { values, channels, count, others, can_be_cut })
    }

    /// Some of the frames: the rows cut out.
    fn part(&self, range: &Range<usize>) -> Vec<f32> {
        let mut part = Vec::with_capacity(self.channels * range.len());
        for row in self.values.chunks_exact(self.count) {
            part.extend_from_slice(&row[range.clone()]);
        }
        part
    }
}

/// From frames to sound.
pub struct Vocoder {
    session: Session,
    context: usize,
    hop: usize,
    path: PathBuf,
}

impl Vocoder {
    /// The part of the voice in `path` that `description` tells of, already opened.
    pub fn new(session: Session, description: &graph::Vocoder, path: &Path) -> Self {
        Self { session, context: description.context, hop: description.hop, path: path.to_owned() }
    }

    /// The sound of `frames`, piece by piece. Looks at `cancel` before each.
    ///
    /// # Errors
    /// The computation failed, or `cancel` was raised.
    pub fn sound(&mut self, frames: &Frames, cancel: &Cancel, take: &mut dyn FnMut(&[f32])) -> Result<()> {
        if frames.count == 0 || frames.values.len() != frames.channels * frames.count {
            return Err(self.unusable().into());
        }
        let whole = 0..frames.count;
        let pieces: Vec<Range<usize>> = if frames.can_be_cut { pieces(frames.count).collect() } else { vec![whole] };
        for piece in pieces {
            if cancel.is_cancelled() {
                return Err(Error::cancelled());
            }
            let around = piece.start.saturating_sub(self.context)..(piece.end + self.context).min(frames.count);
            let hop = self.hop;
            let skipped = (piece.start - around.start) * hop;
            let part = Tensor::from_array(([1, frames.channels, around.len()], frames.part(&around)))
                .map_err(OnnxError::run(WHAT))?;
            let inputs: Vec<SessionInputValue<'_>> =
                std::iter::once((&part).into()).chain(frames.others.iter().map(Into::into)).collect();
            let outputs = self.session.run(inputs.as_slice()).map_err(OnnxError::run(WHAT))?;
            let (_, sound) = outputs[0].try_extract_tensor::<f32>().map_err(OnnxError::run(WHAT))?;
            if sound.len() != around.len() * hop {
                drop(outputs);
                return Err(self.unusable().into());
            }
            take(&sound[skipped..skipped + piece.len() * hop]);
        }
        Ok(())
    }

    fn unusable(&self) -> OnnxError {
        OnnxError::model(&self.path, "its two halves don't fit each other")
    }
}

/// Which frames are computed together: few at first, then twice as many each time. None is much shorter than the first.
fn pieces(count: usize) -> impl Iterator<Item = Range<usize>> {
    let (mut begin, mut length) = (0, FIRST);
    std::iter::from_fn(move || {
        let left = count - begin;
        let taken = if left < length + FIRST { left } else { length };
        let piece = begin..begin + taken;
        (begin, length) = (piece.end, (length * 2).min(LONGEST));
        (taken > 0).then_some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_pieces_are_the_whole_and_the_first_is_small(count in 1usize..3000) {
            let pieces: Vec<_> = pieces(count).collect();
            prop_assert_eq!(pieces[0].start, 0);
            prop_assert_eq!(pieces.last().unwrap().end, count);
            prop_assert!(pieces.windows(2).all(|two| two[0].end == two[1].start));
            prop_assert!(pieces[0].len() < 2 * FIRST);
            prop_assert!(pieces.iter().all(|piece| piece.len() < LONGEST + FIRST && piece.len() >= FIRST.min(count)));
        }
    }
}
