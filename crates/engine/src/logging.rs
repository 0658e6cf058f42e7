//! Where log lines go: standard error, filtered by `JARVIS_LOG`. Never to standard output, which belongs to results.

use tracing_subscriber::EnvFilter;

/// Starts logging once; later calls change nothing. `default` is a filter such as `warn` or `jarvis_audio=debug`.
pub fn init(default: &str) {
    // The sound server's client calls each connection that we close an error.
    let with = |wanted: &str| EnvFilter::try_new(format!("pulseaudio=off,{wanted}"));
    let asked_for = std::env::var("JARVIS_LOG").ok().filter(|wanted| !wanted.trim().is_empty());
    let filter = asked_for.and_then(|wanted| with(&wanted).ok()).or_else(|| with(default).ok()).unwrap_or_default();
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
