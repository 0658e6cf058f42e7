//! The clipboard: text is put on it, on a thread of its own.
//!
//! On X11 and Wayland whoever copied something keeps it for those who paste, so the thread lives on with what it copied.
//! It begins with the first copy. Never reads the clipboard.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::time::Duration;

use jarvis_core::{Error, Result};

/// How long a desktop may take to take a text.
const PATIENCE: Duration = Duration::from_secs(2);

/// Something that text can be put on.
pub trait Clipboard: Send {
    /// Puts `text` in the place of whatever was there.
    ///
    /// # Errors
    /// There is no desktop, or it does not take the text.
    fn set(&mut self, text: String) -> Result<()>;
}

struct Job {
    text: String,
    done: SyncSender<Result<()>>,
}

/// The desktop's clipboard.
#[derive(Default)]
pub struct DesktopClipboard {
    jobs: Option<Sender<Job>>,
}

impl Clipboard for DesktopClipboard {
    fn set(&mut self, text: String) -> Result<()> {
        let (done, answer) = sync_channel(1);
        let jobs = match self.jobs.take() {
            Some(jobs) => jobs,
            None => {
                let (sender, jobs) = channel();
                let spawned = std::thread::Builder::new().name("clipboard".into()).spawn(move || keep(&jobs));
                spawned.map_err(|error| unreachable_because(&error))?;
                sender
            }
        };
        // A thread that ended answers nothing, and the next copy begins another.
        jobs.send(Job { text, done }).map_err(|error| unreachable_because(&error))?;
        let answer = answer.recv_timeout(PATIENCE).map_err(|_| {
            Error::new("clipboard.silent", "The desktop doesn't take anything for the clipboard.", "Try once more.")
        })?;
        self.jobs = Some(jobs);
        answer
    }
}

/// Keeps what was copied until there is nobody left to copy for.
fn keep(jobs: &Receiver<Job>) {
    let mut board: Option<arboard::Clipboard> = None;
    for Job { text, done } in jobs {
        // A desktop that ended meanwhile takes its connection with it: once more with a new one.
        let known = board.as_mut().is_some_and(|board| board.set_text(text.clone()).is_ok());
        let result = if known {
            Ok(())
        } else {
            board = None;
            arboard::Clipboard::new().and_then(|mut new| {
                new.set_text(text)?;
                board = Some(new);
                Ok(())
            })
        };
        let _ = done.try_send(result.map_err(|error| unreachable_because(&error)));
    }
}

fn unreachable_because(error: &dyn std::fmt::Display) -> Error {
    Error::new(
        "clipboard.unreachable",
        format!("The clipboard can't be reached: {}.", error.to_string().trim_end_matches('.')),
        "Start Jarvis in the desktop session, so that it has a clipboard.",
    )
}
