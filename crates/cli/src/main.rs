//! `jarvis`: the command line and the headless daemon.
//!
//! Owns the words of the command line and how results are printed. Never holds logic of its own: a command builds what it
//! needs from the settings, calls it, and prints. With `--json` standard output carries one JSON object a line and nothing
//! else; logs go to standard error. Exit code 0 done, 1 failed, 2 wrong usage.

/// As the standard library's, which panics when standard error is closed or full; this goes on.
macro_rules! eprintln {
    ($($words:tt)*) => {
        jarvis_engine::logging::line(format_args!($($words)*))
    };
}

mod commands;
mod output;

use clap::{Parser, Subcommand};
use std::io::Write;

use commands::{
    ask, bench, config, control, doctor, generate, models, picture, remote, run, say, see, transcribe, wake,
};
use output::Output;

/// A private voice assistant that runs on your own machine.
#[derive(Debug, Parser)]
#[command(name = "jarvis", version, propagate_version = true)]
struct Cli {
    /// Print one JSON object per result on standard output.
    #[arg(long, global = true)]
    json: bool,
    /// Say more on standard error; twice for everything.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List, install, verify and remove models.
    Models(models::Args),
    /// Turn recordings into text.
    Transcribe(transcribe::Args),
    /// Find the wake word in recordings.
    Wake(wake::Args),
    /// Speak a text, to the speaker or into a file.
    Say(say::Args),
    /// Ask as if you had spoken.
    Ask(ask::Args),
    /// Read the text of the screen or of a picture, and answer from it.
    See(see::Args),
    /// The picture of the screen that Jarvis offers to show to a model of another program.
    Picture(picture::Args),
    /// Continue a prompt with the language model.
    Generate(generate::Args),
    /// Run without a window, until told to quit.
    Run(run::Args),
    /// Begin to listen, or stop listening, in the running instance.
    Toggle,
    /// Begin to listen in the running instance.
    Start,
    /// End listening, and answer what was said.
    Stop,
    /// Give up the present turn and be silent.
    Cancel,
    /// Switch the microphone off.
    Mute,
    /// Switch the microphone on.
    Unmute,
    /// What the running instance is doing.
    Status,
    /// End the running instance.
    Quit,
    /// Measure this machine.
    Bench(bench::Args),
    /// Find out what is wrong and how to mend it.
    Doctor(doctor::Args),
    /// Read and change settings.
    Config(config::Args),
    /// Try models of other programs, and keep keys for them.
    Remote(remote::Args),
}

fn main() {
    // SAFETY: this is the only thread so far.
    unsafe { jarvis_engine::load::disable_telemetry() };
    let cli = Cli::parse();
    let output = Output::new(cli.json);
    let tells_errors = matches!(&cli.command, Command::Run(args) if args.tells(&output));
    output::init_logging(cli.verbose, tells_errors);
    let result = match cli.command {
        Command::Models(args) => models::run(args, &output),
        Command::Transcribe(args) => transcribe::run(args, &output),
        Command::Wake(args) => wake::run(args, &output),
        Command::Say(args) => say::run(args, &output),
        Command::Ask(args) => ask::run(args, &output),
        Command::See(args) => see::run(args, &output),
        Command::Picture(args) => picture::run(args, &output),
        Command::Generate(args) => generate::run(args, &output),
        Command::Run(args) => run::run(args, &output),
        Command::Toggle => control::run("toggle", &output),
        Command::Start => control::run("start", &output),
        Command::Stop => control::run("stop", &output),
        Command::Cancel => control::run("cancel", &output),
        Command::Mute => control::run("mute", &output),
        Command::Unmute => control::run("unmute", &output),
        Command::Status => control::run("status", &output),
        Command::Quit => control::run("quit", &output),
        Command::Bench(args) => bench::run(args, &output),
        Command::Doctor(args) => doctor::run(args, &output),
        Command::Config(args) => config::run(args, &output),
        Command::Remote(args) => remote::run(args, &output).map_err(Into::into),
    };
    let code = match result {
        Ok(()) => 0,
        Err(error) => {
            output.error(&error);
            1
        }
    };
    let _ = std::io::stdout().flush();
    // What a command opened is closed by now. Threads that still load a model are inside libraries whose own clean-up at
    // exit would pull the ground from under them.
    // SAFETY: ends the process and touches nothing.
    unsafe { libc::_exit(code) }
}
