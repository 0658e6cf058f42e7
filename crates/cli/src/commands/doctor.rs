//! `jarvis doctor`: what is wrong and how to mend it.

use crate::output::Output;
use jarvis_core::Error;
use jarvis_engine::health::{self, CheckStatus};
use jarvis_settings::Paths;

/// What can be said to `jarvis doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
///
/// # Errors
/// A check failed; each was told with what mends it.
pub fn run(_args: Args, output: &Output) -> anyhow::Result<()> {
    let paths = Paths::discover()?;
    let mut failed = Vec::new();
    health::run(&paths, |check| {
        if check.status == CheckStatus::Fail {
            failed.push(check.check.clone());
        }
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
    if failed.is_empty() {
        return Ok(());
    }
    let message = format!("What Jarvis needs does not work: {}.", failed.join(", "));
    Err(Error::new("doctor.failed", message, "What mends it stands beside each.").into())
}
