//! Where log lines go: standard error, filtered by `JARVIS_LOG`. Never to standard output, which belongs to results, and
//! never with what the user said: a panic's own words may quote it, so its place alone is written.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt::Arguments;
use std::io::{self, IsTerminal, Write};
use std::panic::PanicHookInfo;

use tracing_subscriber::EnvFilter;

/// Starts logging once; later calls change nothing. `default` is a filter such as `warn` or `jarvis_audio=debug`.
pub fn init(default: &str) {
    // The sound server's client calls each connection that we close an error, and who checks certificates each one that is
    // refused, which is told with the request.
    let with = |wanted: &str| EnvFilter::try_new(format!("pulseaudio=off,rustls_platform_verifier=off,{wanted}"));
    let asked_for = std::env::var("JARVIS_LOG").ok().filter(|wanted| !wanted.trim().is_empty());
    let filter = asked_for.and_then(|wanted| with(&wanted).ok()).or_else(|| with(default).ok()).unwrap_or_default();
    let coloured = io::stderr().is_terminal();
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(coloured).with_writer(|| Forgiving).try_init();
    std::panic::set_hook(Box::new(|panic| {
        let backtrace = Backtrace::capture();
        match backtrace.status() {
            BacktraceStatus::Captured => tracing::error!("{}\n{backtrace}", place(panic)),
            _ => tracing::error!("{}", place(panic)),
        }
    }));
}

/// Writes a line for a person to standard error. Unlike `eprintln!`, it goes on when nobody reads that any more or the disk
/// behind it is full: what is told must not end the one who does the work.
pub fn line(words: Arguments<'_>) {
    let _ = writeln!(io::stderr().lock(), "{words}");
}

/// Standard error, whose failures count for nothing: the log's writer would report them to standard error and panic.
struct Forgiving;

impl Write for Forgiving {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = io::stderr().lock().write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Where a panic was: all of it that is fit for a log.
fn place(panic: &PanicHookInfo<'_>) -> String {
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("a thread without a name");
    let at = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    format!("A fault in this program: {thread} panicked at {at}.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[test]
    fn a_panic_is_logged_without_its_words() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&lines);
        let before = std::panic::take_hook();
        // Other tests panic on purpose at the same time; theirs are collected too.
        std::panic::set_hook(Box::new(move |panic| sink.lock().unwrap().push(place(panic))));
        let said = String::from("call my doctor");
        let _ = std::panic::catch_unwind(|| panic!("not a boundary in {said:?}"));
        std::panic::set_hook(before);
        let lines = lines.lock().unwrap();
        assert!(lines.iter().any(|line| line.contains("logging.rs")), "{lines:?}");
        assert!(lines.iter().all(|line| !line.contains("doctor")), "{lines:?}");
    }
}
