//! `jarvis wake`: finds the wake word in recordings, and trains one of the user's own.

mod find;
mod record;
mod train;

use crate::output::Output;

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
}

/// Runs the command.
pub fn run(args: Args, output: &Output) -> anyhow::Result<()> {
    match args.action {
        None => find::run(args.find, output),
        Some(Action::Train(args)) => train::run(args, output),
    }
}
