//! `jarvis ask`.

use crate::output::Output;

/// What can be said to `jarvis ask`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
pub fn run(_args: Args, _output: &Output) -> anyhow::Result<()> {
    anyhow::bail!("under construction")
}
