//! `jarvis doctor`: what is wrong and how to mend it.

use super::control;
use crate::output::Output;
use jarvis_core::Error;
use jarvis_engine::change;
use jarvis_engine::health::{self, Check, CheckStatus, EchoCheck};
use jarvis_settings::{BargeIn, Paths, Settings};

/// What can be said to `jarvis doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Speak a sentence and listen to it: how much of an answer does the microphone hear, and may whoever speaks over one
    /// interrupt it? Sets `voice.barge_in` accordingly, unless that is off.
    #[arg(long)]
    echo: bool,
}

/// Runs the command.
///
/// # Errors
/// A check failed; each was told with what mends it.
pub fn run(args: Args, output: &Output) -> anyhow::Result<()> {
    let paths = Paths::discover()?;
    let mut failed = Vec::new();
    let mut tell = |check: Check| {
        output.result(&check, || {
            let mark = match check.status {
                CheckStatus::Ok => "ok  ",
                CheckStatus::Warn => "warn",
                CheckStatus::Fail => "FAIL",
            };
            let remedy = if check.remedy.is_empty() { String::new() } else { format!("\n{:20}{}", "", check.remedy) };
            format!("{mark}  {:<14}{}{remedy}", check.check, check.detail)
        });
        if check.status == CheckStatus::Fail {
            failed.push(check.check);
        }
    };
    health::run(&paths, &mut tell);
    if args.echo {
        tell(echo(&paths)?);
    }
    if failed.is_empty() {
        return Ok(());
    }
    let message = format!("What Jarvis needs does not work: {}.", failed.join(", "));
    Err(Error::new("doctor.failed", message, "What mends it stands beside each.").into())
}

/// Measures the echo and chooses what interrupts an answer.
fn echo(paths: &Paths) -> anyhow::Result<Check> {
    let EchoCheck { mut check, barge_in } = health::echo(paths);
    let Some(best) = barge_in else { return Ok(check) };
    let chosen = Settings::load(paths)?.voice.barge_in;
    if chosen == BargeIn::Off {
        check.detail.push_str(" You chose that only the hotkey interrupts; that stays.");
    } else if chosen != best {
        let value = if best == BargeIn::Speech { "speech" } else { "wake_word" };
        change::save(paths, "voice.barge_in", value)?;
        control::reload(paths);
        check.detail.push_str(&format!(" `voice.barge_in` is \"{value}\" now."));
    }
    Ok(check)
}
