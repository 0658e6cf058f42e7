//! How results and errors reach the person or the script. Never decides what to print, only how.

use serde::Serialize;
use std::io::{ErrorKind, IsTerminal, Write};

/// Where results go: lines of JSON for scripts, words for people.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
}

impl Output {
    /// `json`: one object a line on standard output and nothing else there.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether a script reads along.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether progress bars and tables make sense: a person at a terminal.
    pub fn is_interactive(&self) -> bool {
        !self.json && std::io::stderr().is_terminal()
    }

    /// Prints one result: `value` for scripts, `words` for people.
    pub fn result(&self, value: &impl Serialize, words: impl FnOnce() -> String) {
        if self.json {
            let line = serde_json::to_string(value).expect("results are plain data");
            self.line(&line);
        } else {
            self.line(&words());
        }
    }

    /// Prints the reason for exit code 1.
    pub fn error(&self, error: &anyhow::Error) {
        let error = explain(error);
        if self.json {
            // It failed already: whether anybody reads that makes no difference.
            let _ = writeln!(std::io::stdout(), "{}", serde_json::json!({ "error": error }));
        } else {
            eprintln!("jarvis: {}", error.message);
            if !error.hint.is_empty() {
                eprintln!("        {}", error.hint);
            }
        }
    }

    /// A reader that went away (`jarvis … | head`) ends the program quietly; a full disk is a failure.
    fn line(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        if let Err(error) = writeln!(out, "{text}").and_then(|()| out.flush()) {
            let is_gone = error.kind() == ErrorKind::BrokenPipe;
            if !is_gone {
                eprintln!("jarvis: The result can't be written: {error}.");
            }
            std::process::exit(i32::from(!is_gone));
        }
    }
}

/// The error for a person that is inside `error`.
pub fn explain(error: &anyhow::Error) -> jarvis_core::Error {
    error.downcast_ref::<jarvis_core::Error>().cloned().unwrap_or_else(|| {
        jarvis_core::Error::new(
            "internal",
            format!("{error:#}"),
            "If this happens again, please report it with what you did.",
        )
    })
}

/// Logs on standard error: warnings, with `-v` what happens, with `-vv` everything; `JARVIS_LOG` overrides. `tells_errors`: the
/// command tells there itself what the engine tells its observers.
pub fn init_logging(verbose: u8, tells_errors: bool) {
    let default = match verbose {
        0 if tells_errors => "warn,jarvis_engine::observers=error",
        0 => "warn",
        1 => "info",
        _ => "debug",
    };
    jarvis_engine::logging::init(default);
}
