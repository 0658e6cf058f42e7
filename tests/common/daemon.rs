//! `jarvis run`, watched through its events.

use super::Desktop;
use serde_json::Value;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// How long loading everything may take on a slow machine.
const LOADING: Duration = Duration::from_secs(120);
/// How long it may take to end.
const ENDING: Duration = Duration::from_secs(60);

/// A running daemon.
pub struct Daemon {
    process: Child,
    lines: mpsc::Receiver<(Instant, Value)>,
    /// Everything that was read so far.
    seen: Vec<(Instant, Value)>,
    /// What of `seen` was not looked at yet.
    next: usize,
    log: PathBuf,
}

impl Daemon {
    /// Starts `jarvis run --events -` with more arguments, and waits until it is ready.
    pub fn start(desktop: &Desktop, arguments: &[&str]) -> Self {
        Self::start_logging(desktop, arguments, "info,jarvis_engine::echo=debug,jarvis_engine::listen=debug")
    }

    /// As [`Self::start`], with a log of `levels`.
    pub fn start_logging(desktop: &Desktop, arguments: &[&str], levels: &str) -> Self {
        let log = desktop.folder().join("logs/jarvis.log");
        let mut process = desktop
            .jarvis(&["run", "--events", "-"])
            .args(arguments)
            .env("JARVIS_LOG", levels)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).expect("the desktop has a folder for logs"))
            .spawn()
            .expect("jarvis starts");
        let output = BufReader::new(process.stdout.take().expect("piped"));
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let event = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not an event: {line}"));
                if sender.send((Instant::now(), event)).is_err() {
                    return;
                }
            }
        });
        let mut daemon = Self { process, lines, seen: Vec::new(), next: 0, log };
        daemon.wait_for("ready", LOADING);
        daemon
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Waits for the next event of that name; what comes before it is passed over.
    #[track_caller]
    pub fn wait_for(&mut self, event: &str, limit: Duration) -> (Instant, Value) {
        self.wait_until(event, limit, |value| value["event"] == event)
    }

    /// Waits for the next event that `wanted` accepts; what comes before it is passed over.
    #[track_caller]
    pub fn wait_until(&mut self, what: &str, limit: Duration, wanted: impl Fn(&Value) -> bool) -> (Instant, Value) {
        let end = Instant::now() + limit;
        loop {
            while let Some((at, event)) = self.seen.get(self.next) {
                self.next += 1;
                if wanted(event) {
                    return (*at, event.clone());
                }
            }
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => self.seen.push(line),
                Err(RecvTimeoutError::Timeout) => self.fail(&format!("waited {limit:?} for {what}")),
                Err(RecvTimeoutError::Disconnected) => self.fail(&format!("the daemon ended while waiting for {what}")),
            }
        }
    }

    /// Whether an event of that name comes within `limit`.
    pub fn sees(&mut self, event: &str, limit: Duration) -> bool {
        self.sees_one_of(&[event], limit).is_some()
    }

    /// Which of the events of those names comes first within `limit`.
    pub fn sees_one_of<'a>(&mut self, events: &[&'a str], limit: Duration) -> Option<&'a str> {
        let end = Instant::now() + limit;
        loop {
            while let Some((_, seen)) = self.seen.get(self.next) {
                self.next += 1;
                if let Some(event) = events.iter().find(|event| seen["event"] == **event) {
                    return Some(event);
                }
            }
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => self.seen.push(line),
                Err(_) => return None,
            }
        }
    }

    /// Forgets the events so far.
    pub fn pass_over(&mut self) {
        self.seen.extend(self.lines.try_iter());
        self.next = self.seen.len();
    }

    /// All events so far of that name.
    pub fn all(&mut self, event: &str) -> Vec<Value> {
        self.seen.extend(self.lines.try_iter());
        self.seen.iter().map(|(_, seen)| seen).filter(|seen| seen["event"] == event).cloned().collect()
    }

    /// The answer of the turn that ended last, as it was written.
    pub fn last_reply(&mut self) -> String {
        let Some(turn) = self.all("reply_text").last().map(|event| event["turn"].clone()) else { return String::new() };
        let pieces = self.all("reply_text").into_iter().filter(|event| event["turn"] == turn);
        pieces.filter_map(|event| event["text"].as_str().map(str::to_owned)).collect()
    }

    /// Fails the test with what the daemon did and said last.
    #[track_caller]
    pub fn fail(&self, what: &str) -> ! {
        let events: Vec<String> = self.seen.iter().rev().take(30).rev().map(|(_, event)| event.to_string()).collect();
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines[lines.len().saturating_sub(30)..].join("\n");
        panic!("{what}\n--- last events\n{}\n--- end of its log\n{tail}", events.join("\n"));
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let pid = i32::try_from(self.process.id()).expect("a process id");
        // SAFETY: a signal to our own child, which was not waited for yet.
        unsafe { libc::kill(pid, libc::SIGTERM) };
        let end = Instant::now() + ENDING;
        while matches!(self.process.try_wait(), Ok(None)) {
            if Instant::now() > end {
                let _ = self.process.kill();
                let _ = self.process.wait();
                if !thread::panicking() {
                    self.fail(&format!("the daemon did not end within {ENDING:?} of SIGTERM"));
                }
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}
