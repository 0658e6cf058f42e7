//! Where log lines go: standard error, filtered by `JARVIS_LOG`. Never to standard output, which belongs to results.

use tracing_subscriber::EnvFilter;

/// Starts logging once; later calls change nothing. `default` is a filter such as `warn` or `jarvis_audio=debug`.
pub fn init(default: &str) {
    let filter = EnvFilter::try_from_env("JARVIS_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
