//! The text that is to be spoken, clause by clause: from the command line, or from standard input while it arrives.
//!
//! Owns the reading of it, on a thread of its own, a few clauses ahead of the voice: memory does not grow with the text, and
//! whoever waits for a text that doesn't end can give up. Never decides what is said of it.

use jarvis_assistant::ClauseSplitter;
use jarvis_core::{Cancel, Error, Result};
use std::io::{self, Cursor, IsTerminal, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Clauses that are read ahead of the voice.
const AHEAD: usize = 8;
/// Bytes that are read at once.
const PIECE: usize = 4096;

/// A text on its way to the voice.
#[derive(Debug)]
pub(super) struct Text {
    clauses: Receiver<Result<String>>,
    /// Its bytes, where that is known before it is read.
    pub(super) length: Option<usize>,
}

impl Text {
    /// What was given on the command line, else standard input (also for `-`), until it ends or `cancel` is raised.
    ///
    /// # Errors
    /// Nothing was given, and standard input is a terminal.
    pub(super) fn of(given: Option<String>, cancel: &Cancel) -> Result<Self> {
        match given.filter(|text| text != "-") {
            Some(text) => Ok(Self { length: Some(text.len()), ..Self::read(Cursor::new(text), cancel) }),
            None if io::stdin().is_terminal() => {
                let hint = "Give it a text, `jarvis say \"hello\"`, or pipe one in: `jarvis say < FILE`.";
                Err(Error::new("say.nothing", "There is nothing to say.", hint))
            }
            None => Ok(Self::read(io::stdin(), cancel)),
        }
    }

    fn read(input: impl Read + Send + 'static, cancel: &Cancel) -> Self {
        let (sender, clauses) = sync_channel(AHEAD);
        let (wake, gone) = (sender.clone(), cancel.clone());
        std::thread::spawn(move || {
            // Nobody waits for the thread, which may wait for input for ever; what wakes the reader goes with it.
            let _watch = gone.watch(move || drop(wake.try_send(Err(Error::cancelled()))));
            read_clauses(input, &sender)
        });
        Self { clauses, length: None }
    }
}

impl Iterator for Text {
    type Item = Result<String>;

    fn next(&mut self) -> Option<Self::Item> {
        self.clauses.recv().ok()
    }
}

/// Sends what is read until it ends or nobody wants more.
fn read_clauses(mut input: impl Read, clauses: &SyncSender<Result<String>>) {
    let mut splitter = ClauseSplitter::new();
    let (mut piece, mut bytes) = ([0; PIECE], Vec::new());
    loop {
        let ready = match input.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => {
                bytes.extend_from_slice(&piece[..count]);
                splitter.push(&take_text(&mut bytes))
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                let message = format!("The text can't be read: {error}.");
                let _ =
                    clauses.send(Err(Error::new("say.unreadable", message, "Check where standard input comes from.")));
                return;
            }
        };
        if ready.into_iter().any(|clause| clauses.send(Ok(clause)).is_err()) {
            return;
        }
    }
    if let Some(rest) = splitter.finish() {
        let _ = clauses.send(Ok(rest));
    }
}

/// Takes the text out of `bytes`, and leaves the beginning of a character whose end is still to come. What is no text
/// becomes the sign for that, which nobody pronounces.
fn take_text(bytes: &mut Vec<u8>) -> String {
    let (mut text, mut taken) = (String::new(), 0);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        taken += chunk.valid().len();
        let broken = chunk.invalid();
        let is_last = taken + broken.len() == bytes.len();
        if is_last && std::str::from_utf8(broken).is_err_and(|error| error.error_len().is_none()) {
            break;
        }
        if !broken.is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
            taken += broken.len();
        }
    }
    bytes.drain(..taken);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands over one byte at a time.
    struct Slow(Cursor<Vec<u8>>);

    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(&mut buffer[..1])
        }
    }

    fn clauses(text: Text) -> Vec<String> {
        text.map(|clause| clause.unwrap().trim().to_owned()).collect()
    }

    #[test]
    fn a_text_that_arrives_byte_by_byte_is_the_same_text() {
        let written = "Größe ist relativ. “Ja”, sagte 是 sie 🎉. Und jetzt";
        let whole = Text::of(Some(written.to_owned()), &Cancel::new()).unwrap();
        assert_eq!(whole.length, Some(written.len()));
        let slow = Text::read(Slow(Cursor::new(written.as_bytes().to_vec())), &Cancel::new());
        assert_eq!(slow.length, None);
        let slow = clauses(slow);
        assert_eq!(slow, clauses(whole));
        assert_eq!(slow.join(" "), written);
    }

    #[test]
    fn what_is_no_text_is_marked_and_the_rest_is_kept() {
        let broken = b"Good \xff\xfe morning. \xe6\x98".to_vec();
        let text = clauses(Text::read(Cursor::new(broken), &Cancel::new()));
        assert_eq!(text, ["Good \u{fffd}\u{fffd} morning."]);
    }

    #[test]
    fn whoever_gives_up_waits_no_longer() {
        struct Never;
        impl Read for Never {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                loop {
                    std::thread::park();
                }
            }
        }
        let cancel = Cancel::new();
        let mut text = Text::read(Never, &cancel);
        let raised = cancel.clone();
        let raiser = std::thread::spawn(move || raised.cancel());
        assert!(text.next().unwrap().unwrap_err().is_cancelled());
        raiser.join().unwrap();
        assert!(Text::read(Never, &cancel).next().unwrap().unwrap_err().is_cancelled());
    }

    #[test]
    fn memory_does_not_grow_with_the_text() {
        // An endless one is read no further than a few clauses ahead.
        let mut text = Text::read(io::repeat(b'a'), &Cancel::new());
        for _ in 0..3 {
            assert!(text.next().unwrap().unwrap().len() <= 1000);
        }
    }
}
