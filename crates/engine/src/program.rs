//! Other programs that are asked for a line of text, within a limit. Never waits for one beyond it, and leaves none behind.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The most that is read of what a program says, in bytes.
const MOST: u64 = 64 * 1024;

/// What `command` writes to its standard output, if it closes that within `limit`; a program that does not is killed. None,
/// too, where it does not start or what it writes is no text.
pub(crate) fn output(mut command: Command, limit: Duration) -> Option<String> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().ok()?;
    let stdout = child.stdout.take()?;
    let child = Arc::new(Mutex::new(child));
    let (sender, told) = channel();
    // One that hangs in a driver can't be killed at once either: this thread waits for its end, and nobody for this thread.
    let ending = Arc::clone(&child);
    let reads = std::thread::Builder::new().name("program".into()).spawn(move || {
        let mut text = String::new();
        let read = stdout.take(MOST).read_to_string(&mut text);
        let _ = sender.send(read.is_ok().then_some(text));
        let _ = ending.lock().map(|mut child| child.wait());
    });
    let text = reads.ok().and_then(|_| told.recv_timeout(limit).ok());
    if text.is_none() {
        // Held by who waits for its end, when it said all it had to at the last moment.
        if let Ok(mut child) = child.try_lock() {
            let _ = child.kill();
        }
    }
    text?
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Longer than any machine takes for what it should do at once.
    const AT_ONCE: Duration = Duration::from_secs(60);

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn what_a_program_says_is_read() {
        assert_eq!(output(shell("echo 12; echo 34"), AT_ONCE).as_deref(), Some("12\n34\n"));
        assert_eq!(output(shell("printf '\\377'"), AT_ONCE), None, "no text");
        assert_eq!(output(Command::new("/nowhere/program"), AT_ONCE), None);
        let endless = output(shell("yes"), AT_ONCE).unwrap();
        assert_eq!(endless.len() as u64, MOST);
    }

    #[test]
    fn a_program_that_hangs_is_given_up_and_killed() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let mut command = shell("exec tail -f /dev/null");
        command.stderr(writer);
        assert_eq!(output(command, Duration::from_millis(50)), None);
        // Whoever has its end of this pipe is gone.
        let (sender, closed) = channel();
        std::thread::spawn(move || sender.send(reader.read(&mut [0]).unwrap()));
        assert_eq!(closed.recv_timeout(AT_ONCE), Ok(0));
    }
}
