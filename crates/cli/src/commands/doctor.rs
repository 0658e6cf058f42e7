//! `jarvis doctor`: what is wrong and how to mend it.

use crate::output::Output;
use jarvis_engine::health::{self, CheckStatus};
use jarvis_settings::Paths;

/// What can be said to `jarvis doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command. What it finds is its result, so it succeeds whatever that is.
pub fn run(_args: Args, output: &Output) -> anyhow::Result<()> {
    let paths = Paths::discover()?;
    health::run(&paths, |check| {
        output.result(&check, || {
            let mark = match check.status {
                CheckStatus::Ok => "ok  ",
                CheckStatus::Warn => "warn",
                CheckStatus::Fail => "FAIL",
            };
            let remedy = if check.remedy.is_empty() { String::new() } else { format!("\n{:20}{}", "", check.remedy) };
            format!("{mark}  {:<14}{}{remedy}", check.check, check.detail)
        });
    });
    Ok(())
}
