//! What woke Jarvis by mistake: the user said so, and what sounds the same is heeded less from then on.
//!
//! Keeps the embeddings of those sounds, numbers from which no speech can be made again, in one file of bounded size on
//! this machine. A sound is compared with each; what resembles none is not touched. Never hears sound and never decides
//! what a mistake was.

use super::embedding::EMBEDDING;
use super::head::{HISTORY, INPUTS};
use crate::private;
use half::f16;
use jarvis_core::{Error, Result};
use std::path::{Path, PathBuf};

/// How many are kept; the oldest go.
const MOST: usize = 64;
/// First bytes of the file.
const MAGIC: &[u8; 4] = b"JWM1";
/// Steps that two hearings of the same sound may be apart.
const APART: usize = 3;
/// Likeness (cosine) up to which nothing changes, and from which on a sound is the same. Two calls of one voice are below
/// 0.88 in 99 of 100 cases.
const LIKE: f32 = 0.80;
const SAME: f32 = 0.87;

/// The mistakes that the user named.
#[derive(Debug, Default)]
pub(super) struct Mistakes {
    file: Option<PathBuf>,
    /// Oldest first, 16 x 96 each.
    kept: Vec<Box<[f32]>>,
}

impl Mistakes {
    /// Those in `file`, which need not be there. A file that is no such file counts as empty: it is worth no failure.
    pub(super) fn open(file: &Path) -> Self {
        let kept = std::fs::read(file).ok().and_then(|bytes| parse(&bytes)).unwrap_or_default();
        Self { file: Some(file.to_owned()), kept }
    }

    /// Remembers 16 x 96 numbers, and writes them to the disk.
    ///
    /// # Errors
    /// The file can't be written; they count until the end of the program.
    pub(super) fn remember(&mut self, heard: &[f32]) -> Result<()> {
        debug_assert_eq!(heard.len(), INPUTS);
        if self.kept.len() == MOST {
            self.kept.remove(0);
        }
        self.kept.push(heard.into());
        self.write()
    }

    /// `score` as it counts for this sound, 16 x 96: less, down to nothing, the more it resembles a mistake.
    pub(super) fn lowered(&self, score: f32, heard: &[f32]) -> f32 {
        let nearest = self.nearest(heard);
        tracing::debug!(nearest, "likeness to what woke by mistake");
        score * (1.0 - ((nearest - LIKE) / (SAME - LIKE)).clamp(0.0, 1.0))
    }

    /// How much this sound, 16 x 96, resembles the mistake that it resembles most, -1..=1.
    fn nearest(&self, heard: &[f32]) -> f32 {
        self.kept.iter().map(|kept| likeness(kept, heard)).fold(-1.0, f32::max)
    }

    fn write(&self) -> Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let mut bytes = MAGIC.to_vec();
        for kept in &self.kept {
            bytes.extend(kept.iter().flat_map(|value| f16::from_f32(*value).to_le_bytes()));
        }
        private::write(file, &bytes).map_err(|error| failed(file, &error))
    }
}

fn failed(file: &Path, error: &std::io::Error) -> Error {
    Error::new(
        "wake.mistakes",
        format!("Wakes by mistake can't be kept in {}: {error}.", file.display()),
        "Make the folder yours, or make room on the disk.",
    )
}

/// `None` for what is no such file.
fn parse(bytes: &[u8]) -> Option<Vec<Box<[f32]>>> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (pairs, odd) = rest.as_chunks::<2>();
    let whole = odd.is_empty() && pairs.len() % INPUTS == 0 && pairs.len() <= MOST * INPUTS;
    let values: Vec<f32> = pairs.iter().map(|pair| f16::from_le_bytes(*pair).to_f32()).collect();
    (whole && values.iter().all(|value| value.is_finite()))
        .then(|| values.chunks_exact(INPUTS).map(Into::into).collect())
}

/// How alike two sounds are, -1..=1: the cosine between them, without what they have in common with themselves all along,
/// at the best alignment.
fn likeness(a: &[f32], b: &[f32]) -> f32 {
    let at = |apart: usize| {
        let (from, rows) = (apart * EMBEDDING, (HISTORY - apart) * EMBEDDING);
        cosine(&a[from..], &b[..rows]).max(cosine(&a[..rows], &b[from..]))
    };
    (0..=APART).map(at).fold(-1.0, f32::max)
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let steps = (a.len() / EMBEDDING) as f32;
    let (mut product, mut of_a, mut of_b) = (0.0_f32, 0.0_f32, 0.0_f32);
    for column in 0..EMBEDDING {
        let values = |x: &[f32]| x.iter().skip(column).step_by(EMBEDDING).copied().sum::<f32>() / steps;
        let (mean_a, mean_b) = (values(a), values(b));
        let (a, b) = (a.iter().skip(column).step_by(EMBEDDING), b.iter().skip(column).step_by(EMBEDDING));
        for (a, b) in a.zip(b) {
            let (a, b) = (a - mean_a, b - mean_b);
            product += a * b;
            of_a += a * a;
            of_b += b * b;
        }
    }
    let scale = (of_a * of_b).sqrt();
    if scale > 1e-9 { product / scale } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A sound of its own for each seed.
    fn sound(seed: u32) -> Vec<f32> {
        let mut state = seed.wrapping_mul(2_654_435_761) | 1;
        (0..INPUTS)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / (1 << 23) as f32 - 1.0
            })
            .collect()
    }

    fn file() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deeper/mistakes");
        (folder, file)
    }

    #[test]
    fn they_survive_a_restart_and_are_bounded() {
        let (_folder, file) = file();
        let mut mistakes = Mistakes::open(&file);
        for seed in 0..MOST as u32 + 5 {
            mistakes.remember(&sound(seed)).unwrap();
        }
        let again = Mistakes::open(&file);
        assert_eq!(again.kept.len(), MOST);
        assert_eq!(std::fs::metadata(&file).unwrap().len(), (4 + MOST * INPUTS * 2) as u64);
        assert!(again.lowered(0.9, &sound(MOST as u32)) < 0.05, "the newest are there");
        assert!(again.lowered(0.9, &sound(0)) > 0.89, "the oldest went");
    }

    #[test]
    fn a_file_of_something_else_counts_as_empty() {
        let (_folder, file) = file();
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        for content in [&b"JWM1x"[..], b"", b"something else", &[255; 5000]] {
            std::fs::write(&file, content).unwrap();
            assert!(Mistakes::open(&file).kept.is_empty());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_mistake_counts_less_when_it_comes_again_and_others_count_as_before(
            seed in any::<u32>(), other in any::<u32>(), loud in 0.5_f32..2.0, score in 0.0_f32..=1.0,
        ) {
            prop_assume!(seed | 1 != other | 1);
            let mut mistakes = Mistakes::default();
            prop_assert_eq!(mistakes.lowered(score, &sound(seed)), score);
            mistakes.remember(&sound(seed)).unwrap();
            let same: Vec<f32> = sound(seed).iter().map(|value| value * loud + 0.3).collect();
            prop_assert!(mistakes.lowered(score, &same) <= score * 0.01);
            // A step later.
            let mut later = sound(seed)[EMBEDDING..].to_vec();
            later.extend(&sound(other)[..EMBEDDING]);
            prop_assert!(mistakes.lowered(score, &later) <= score * 0.01);
            prop_assert_eq!(mistakes.lowered(score, &sound(other)), score);
        }

        #[test]
        fn a_score_is_never_raised_and_stays_one(seeds in prop::collection::vec(any::<u32>(), 0..6), heard in any::<u32>(), score in 0.0_f32..=1.0) {
            let mut mistakes = Mistakes::default();
            for seed in seeds {
                mistakes.remember(&sound(seed)).unwrap();
            }
            let lowered = mistakes.lowered(score, &sound(heard));
            prop_assert!((0.0..=score).contains(&lowered));
        }
    }
}
