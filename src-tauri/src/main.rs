//! Jarvis in the menu bar: the shell around the engine.
//!
//! Owns the tray icon, the hotkey, the window and their life. Holds no logic of the assistant: what is done follows from
//! [`jarvis_engine::Command`]s, what is shown from its events.

#![cfg_attr(windows, windows_subsystem = "windows")]

mod app;
mod commands;
mod display;
mod highlight;
mod history;
mod hotkey;
mod installs;
mod looking;
mod tray;
mod views;
mod window;

use std::io::{self, Write as _};
use std::process::ExitCode;

const USAGE: &str = "\
Jarvis in the menu bar.

Usage: jarvis-desktop [--window]

  --window   Open the window at once
  --version  Print the version
  --help     Print this

`jarvis` is the command line, and `jarvis run` the same without a desktop.";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Run { with_window: bool },
    Usage,
    Version,
}

fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Asked, String> {
    let mut asked = Asked::Run { with_window: false };
    for argument in arguments {
        match argument.as_str() {
            "--window" => asked = Asked::Run { with_window: true },
            "--help" | "-h" => return Ok(Asked::Usage),
            "--version" | "-V" => return Ok(Asked::Version),
            other => return Err(format!("There is no option {other}.\n\n{USAGE}")),
        }
    }
    Ok(asked)
}

fn main() -> ExitCode {
    // SAFETY: this is the only thread so far.
    unsafe { jarvis_engine::load::disable_telemetry() };
    let with_window = match parse(std::env::args().skip(1)) {
        Ok(Asked::Run { with_window }) => with_window,
        Ok(Asked::Usage) => {
            let _ = writeln!(io::stdout(), "{USAGE}");
            return ExitCode::SUCCESS;
        }
        Ok(Asked::Version) => {
            let _ = writeln!(io::stdout(), "jarvis-desktop {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Err(usage) => {
            jarvis_engine::logging::line(format_args!("{usage}"));
            return ExitCode::from(2);
        }
    };
    jarvis_engine::logging::init("warn");
    match app::run(with_window) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            jarvis_engine::logging::line(format_args!("{} {}", error.message, error.hint));
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Asked, String> {
        parse(arguments.iter().map(|&a| a.to_owned()))
    }

    #[test]
    fn the_window_stays_closed_unless_asked_for() {
        assert_eq!(parsed(&[]), Ok(Asked::Run { with_window: false }));
        assert_eq!(parsed(&["--window"]), Ok(Asked::Run { with_window: true }));
        assert_eq!(parsed(&["-h"]), Ok(Asked::Usage));
        assert!(parsed(&["--windows"]).unwrap_err().starts_with("There is no option --windows."));
    }
}
