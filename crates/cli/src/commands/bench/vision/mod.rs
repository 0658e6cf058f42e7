//! Sight: what is done to pictures, how they are read, and how long a look takes.
//!
//! Each part has its own module and rows. Never captures the real screen, but for rows that say so.

mod capture;
mod frames;
mod looks;
mod text;
#[cfg(target_os = "linux")]
mod tree;

use super::Rows;
use jarvis_engine::load::Installed;
use jarvis_settings::{Paths, Settings};

/// Measures all of it.
pub(super) fn run(
    parts: &Installed,
    paths: &Paths,
    settings: &Settings,
    runs: usize,
    rows: &mut Rows<'_>,
) -> anyhow::Result<()> {
    capture::capture(runs, rows)?;
    frames::run(runs, rows);
    #[cfg(target_os = "linux")]
    tree::run(runs, rows)?;
    looks::run(parts, paths, settings, runs, rows)?;
    text::text(parts, paths, settings, rows)
}
