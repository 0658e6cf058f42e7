//! `jarvis toggle|start|stop|cancel|mute|unmute|status|quit`: a word to the running instance.

use crate::output::Output;

/// Sends `command` over the control socket and prints the answer.
pub fn run(_command: &str, _output: &Output) -> anyhow::Result<()> {
    anyhow::bail!("under construction")
}
