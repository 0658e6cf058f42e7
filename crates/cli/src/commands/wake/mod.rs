//! `jarvis wake`: finds the wake word in recordings, trains one of the user's own, and learns from wakes by mistake.

mod find;
mod record;
mod train;

use crate::commands::control;
use crate::output::Output;
use jarvis_engine::load::forget_mistakes;
use jarvis_settings::Paths;
use serde_json::json;

/// What can be said to `jarvis wake`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Args {
    #[command(flatten)]
    find: find::Args,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Train a wake word of your own from a few recordings, on this machine, in about two minutes.
    Train(train::Args),
    /// The running Jarvis was woken by what was no call: have it heed what sounds like that less.
    Wrong,
    /// Forget all that was ever said to be no call.
    Forget,
}

/// Runs the command.
pub fn run(args: Args, output: &Output) -> anyhow::Result<()> {
    match args.action {
        None => find::run(args.find, output),
        Some(Action::Train(args)) => train::run(args, output),
        Some(Action::Wrong) => control::run("notcalled", output),
        Some(Action::Forget) => forget(output),
    }
}

fn forget(output: &Output) -> anyhow::Result<()> {
    let paths = Paths::discover()?;
    let forgotten = forget_mistakes(&paths)?;
    control::reload(&paths);
    output.result(&json!({ "forgotten": forgotten }), || {
        let what = if forgotten { "It is forgotten" } else { "There was nothing to forget" };
        format!("{what}: the wake word counts as it was trained.")
    });
    Ok(())
}
