//! Reads the matrices of a file, packed for the kernels, on all threads at once.
//!
//! The file is read from its start to its end in pieces, each by whichever thread is free, into a buffer that stays in that
//! thread's cache, and packed from there; meanwhile the system fetches what comes next. Nothing of the file is kept, so the
//! memory in use is the packed weights and little more. The file is not mapped: pages of a map come one fault at a time,
//! and a file that is cut off under a map ends the program.

use super::pack::{form_of, pack_row};
use crate::error::{LlmError, Result};
use crate::gguf::{AHEAD, Gguf, TensorInfo};
use crate::kernels::{BLOCK, Form, Halved, LANES, Lane, Line, Packed, Pages, split, spread_of};
use crate::team::{Parts, Team};
use std::ops::Range;
use std::sync::Mutex;

/// Bytes of the file that a thread reads at a time, about.
const PIECE: usize = 256 << 10;

/// A matrix that is to be read: some rows of a tensor.
pub(super) struct Source<'a> {
    pub(super) tensor: &'a TensorInfo,
    pub(super) first_row: usize,
    pub(super) rows: usize,
}

/// Some groups of rows of the matrix with this index.
struct Piece {
    matrix: usize,
    groups: Range<usize>,
    /// Where they begin in the file, and how many bytes they have.
    offset: u64,
    bytes: usize,
}

/// What a thread reads into.
#[derive(Default)]
struct Buffer {
    bytes: Vec<u8>,
    floats: Vec<f32>,
    /// A group that is to be taken apart.
    group: Vec<Line>,
}

/// Where the parts of a matrix are written.
struct Target<'a> {
    form: Form,
    lines: Parts<'a, Line>,
    scales: Parts<'a, u16>,
    group_lines: usize,
    group_scales: usize,
    /// Of one in halves, the lower ones and the spread of its rows.
    lower: Option<(Parts<'a, Line>, Parts<'a, f32>)>,
}

impl<'a> Target<'a> {
    fn new(matrix: &'a mut Packed, lower: Option<(&'a mut [Line], &'a mut [f32])>) -> Self {
        Self {
            form: matrix.form,
            group_lines: matrix.group_lines(),
            group_scales: matrix.group_scales(),
            lines: Parts::new(&mut matrix.quants),
            scales: Parts::new(&mut matrix.scales),
            lower: lower.map(|(lower, spread)| (Parts::new(lower), Parts::new(spread))),
        }
    }
}

/// Reads and packs each of `sources`, the last of them in halves if `halves` says so. Their order is that of their memory.
///
/// # Errors
/// There is no memory for them, or the file can't be read.
pub(super) fn matrices(
    gguf: &Gguf,
    sources: &[Source<'_>],
    halves: bool,
    team: &mut Team,
) -> Result<(Vec<Packed>, Option<Halved>)> {
    let mut pages = Pages::default();
    let whole = sources.len() - usize::from(halves);
    let zeros = |Source { tensor, rows, .. }: &Source<'_>| {
        Packed::zeros(*rows, tensor.cols, form_of(tensor.kind), &mut pages).map_err(LlmError::engine)
    };
    let mut matrices = sources[..whole].iter().map(zeros).collect::<Result<Vec<_>>>()?;
    let halved = |source: &Source<'_>| Halved::new(source.rows, source.tensor.cols, &mut pages);
    let mut halved = sources[whole..].first().map(halved).transpose().map_err(LlmError::engine)?;
    let packed: Vec<&Packed> = matrices.iter().chain(halved.as_ref().map(|halved| &halved.upper)).collect();
    let pieces = pieces(sources, &packed);
    if let Some(first) = pieces.first() {
        gguf.expect(first.offset, AHEAD);
    }
    let targets: Vec<Target<'_>> = matrices
        .iter_mut()
        .map(|matrix| Target::new(matrix, None))
        .chain(halved.as_mut().map(|Halved { upper, lower, spread }| Target::new(upper, Some((lower, spread)))))
        .collect();
    let buffers: Vec<Mutex<Buffer>> = (0..team.threads()).map(|_| Mutex::default()).collect();
    let failure = Mutex::new(None);
    for pieces in pieces.chunks(Team::MAX_CHUNKS) {
        team.run(pieces.len(), &|thread, index| {
            let piece = &pieces[index];
            // Each thread has its own, so nobody waits.
            let mut buffer = buffers[thread].lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            if let Err(error) = fill(gguf, &sources[piece.matrix], &targets[piece.matrix], piece, &mut buffer) {
                failure.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).get_or_insert(error);
            }
        });
    }
    drop(targets);
    match failure.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner()) {
        Some(error) => Err(error),
        None => Ok((matrices, halved)),
    }
}

/// All that is to be read, in the order of the file.
fn pieces(sources: &[Source<'_>], matrices: &[&Packed]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (matrix, (source, packed)) in sources.iter().zip(matrices).enumerate() {
        let (groups, row_bytes) = (packed.groups(), source.tensor.row_bytes());
        let step = (PIECE / (row_bytes * LANES)).max(1);
        for start in (0..groups).step_by(step) {
            let end = groups.min(start + step);
            let rows = (end * LANES).min(source.rows) - start * LANES;
            let offset = source.tensor.offset + ((source.first_row + start * LANES) * row_bytes) as u64;
            pieces.push(Piece { matrix, groups: start..end, offset, bytes: rows * row_bytes });
        }
    }
    pieces.sort_by_key(|piece| piece.offset);
    pieces
}

/// Reads `piece` of `source` and packs it.
fn fill(gguf: &Gguf, source: &Source<'_>, target: &Target<'_>, piece: &Piece, buffer: &mut Buffer) -> Result<()> {
    let Source { tensor, first_row, .. } = source;
    let Target { form, lines, scales, group_lines, group_scales, lower } = target;
    let Range { start, end } = piece.groups;
    let Buffer { bytes, floats, group: joined } = buffer;
    gguf.expect(piece.offset + AHEAD as u64, piece.bytes);
    bytes.resize(piece.bytes, 0);
    floats.resize(tensor.cols, 0.0);
    gguf.read_rows(tensor, first_row + start * LANES, bytes)?;
    // SAFETY: each group is in one piece, and each piece is filled once.
    let (lines, scales) = unsafe {
        (
            lines.part(start * group_lines, (end - start) * group_lines),
            scales.part(start * group_scales, (end - start) * group_scales),
        )
    };
    if let Some((lower, spread)) = lower {
        // SAFETY: as above.
        let (lower, spread) = unsafe {
            (
                lower.part(start * group_lines, (end - start) * group_lines),
                spread.part(start * LANES, (end - start) * LANES),
            )
        };
        joined.resize(tensor.cols / BLOCK * Form::Eight.lines(), Line([0; 32]));
        let groups = lines.chunks_exact_mut(*group_lines).zip(lower.chunks_exact_mut(*group_lines));
        let groups = groups.zip(scales.chunks_exact_mut(*group_scales).zip(spread.chunks_exact_mut(LANES)));
        let rows = bytes.chunks(tensor.row_bytes() * LANES);
        for (rows, ((upper, lower), (scales, spread))) in rows.zip(groups) {
            joined.fill(Line([0; 32]));
            for (lane, bytes) in rows.chunks_exact(tensor.row_bytes()).enumerate() {
                let lane = Lane { lane, form: Form::Eight, lines: &mut *joined, scales: &mut *scales };
                pack_row(tensor.kind, bytes, floats, lane)?;
            }
            split(joined, upper, lower);
            spread.copy_from_slice(&spread_of(joined, scales));
        }
        return Ok(());
    }
    let form = *form;
    for (row, bytes) in bytes.chunks_exact(tensor.row_bytes()).enumerate() {
        let group = row / LANES;
        let lines = &mut lines[group * group_lines..][..*group_lines];
        let scales = &mut scales[group * group_scales..][..*group_scales];
        pack_row(tensor.kind, bytes, floats, Lane { lane: row % LANES, form, lines, scales })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gguf::TensorType;

    #[test]
    fn pieces_are_all_of_each_matrix_once_in_the_order_of_the_file() {
        let tensor = |kind, rows, cols, offset| TensorInfo { kind, rows, cols, offset };
        let tensors = [
            tensor(TensorType::Q4_1, 9001, 576, 20 << 20),
            tensor(TensorType::F32, 3, 64, 1 << 20),
            tensor(TensorType::Q8_0, 70, 128 << 10, 40 << 20),
        ];
        let source = |tensor: usize, first_row, rows| Source { tensor: &tensors[tensor], first_row, rows };
        // The rows of the last tensor are two matrices, the second of which comes first in memory.
        let sources = [source(2, 33, 37), source(0, 0, 9001), source(1, 0, 3), source(2, 0, 33)];
        let pages = &mut Pages::default();
        let matrix =
            |Source { tensor, rows, .. }: &Source<'_>| Packed::zeros(*rows, tensor.cols, form_of(tensor.kind), pages);
        let matrices: Vec<Packed> = sources.iter().map(matrix).collect::<Result<_, _>>().unwrap();
        let pieces = pieces(&sources, &matrices.iter().collect::<Vec<_>>());
        assert!(pieces.is_sorted_by_key(|piece| piece.offset));
        for (index, (source, matrix)) in sources.iter().zip(&matrices).enumerate() {
            let row_bytes = source.tensor.row_bytes();
            let mut end = 0;
            for piece in pieces.iter().filter(|piece| piece.matrix == index) {
                assert!(piece.groups.start == end && piece.groups.end > end, "{index}: {:?}", piece.groups);
                let rows = end * LANES..source.rows.min(piece.groups.end * LANES);
                assert_eq!(piece.offset, source.tensor.offset + ((source.first_row + rows.start) * row_bytes) as u64);
                assert_eq!(piece.bytes, rows.len() * row_bytes);
                assert!(piece.bytes <= PIECE.max(LANES * row_bytes));
                end = piece.groups.end;
            }
            assert_eq!(end, matrix.groups());
        }
    }

    #[test]
    fn a_file_that_was_cut_off_meanwhile_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.gguf");
        crate::gguf::testing::small_model(TensorType::Q4_1, 64).write(&path);
        let gguf = Gguf::open(&path).unwrap();
        let tensor = gguf.tensor("token_embd.weight").unwrap();
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(tensor.offset + 8).unwrap();
        for threads in [1, 2] {
            let sources = [Source { tensor, first_row: 0, rows: tensor.rows }];
            for halves in [false, true] {
                let error = matrices(&gguf, &sources, halves, &mut Team::new(threads).unwrap()).unwrap_err();
                assert!(matches!(error, LlmError::Io { .. }), "{error}");
            }
        }
    }
}
