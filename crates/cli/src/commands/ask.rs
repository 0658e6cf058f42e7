//! `jarvis ask`: answers a typed question as if it had been spoken.
//!
//! Where an instance runs, it answers, with all that was said before, and its window shows it. Without one, and for a dry
//! run, this process does: skills answer at once, the language model is loaded when a question first needs it, and a
//! setting that was asked for is kept for the next instance.

use crate::output::Output;
use jarvis_assistant::{Answer, Mind, MindOptions, Names, Piece, Router, skills};
use jarvis_core::{AssistantEvent, Cancel, Error, HostAction, Result, Route, SystemClock};
use jarvis_engine::clipboard::{Clipboard, DesktopClipboard};
use jarvis_engine::control;
use jarvis_engine::load::{Installed, Loading, Parts};
use jarvis_settings::{Paths, Settings};
use serde_json::json;
use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Instant;

/// What can be said to `jarvis ask`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to ask; quotes are not needed.
    #[arg(required_unless_present = "stdin", conflicts_with = "stdin", num_args = 1..)]
    text: Vec<String>,
    /// Read questions from standard input, a line each, as one conversation.
    #[arg(long)]
    stdin: bool,
    /// Decide what is meant, but do nothing and ask no language model.
    #[arg(long)]
    dry_run: bool,
    /// Have the running Jarvis speak the answer, too.
    #[arg(long, conflicts_with = "dry_run")]
    speak: bool,
}

/// Runs the command.
pub fn run(args: Args, output: &Output) -> anyhow::Result<()> {
    let paths = Paths::discover()?;
    // An instance that runs has settings of its own, whatever became of the file since.
    let (settings, refused) = match Settings::load(&paths) {
        Ok(settings) => (settings, None),
        Err(error) => (Settings::load_good(&paths).0, Some(error)),
    };
    let mind = mind(&paths, &settings, args.dry_run);
    let socket = (!args.dry_run).then(|| paths.control_socket());
    let mut asker = Asker { mind, settings, refused, paths, socket, aloud: args.speak, output };
    if args.stdin {
        return Ok(asker.converse(&lines_of_stdin())?);
    }
    asker.ask(&args.text.join(" "))?;
    if asker.mind.next_due().is_some() {
        eprintln!("jarvis: No Jarvis is running to keep this timer, so it ends with this command.");
        eprintln!("        Start the app or `jarvis run` first.");
    }
    Ok(())
}

/// A mind of this process alone.
pub(super) fn mind(paths: &Paths, settings: &Settings, dry_run: bool) -> Mind {
    let options = MindOptions { dry_run, ..MindOptions::from(&settings.mind) };
    let mut mind = Mind::new(Router::new(skills::all()), Arc::new(SystemClock), options);
    mind.set_names(Names::of_wake_model(&settings.wake.model));
    mind.set_eyes(jarvis_engine::eyes(Arc::new(Installed::new(paths)), settings));
    if !settings.mind.enabled {
        mind.set_no_model(Error::new(
            "mind.off",
            "That needs the language model, which is switched off.",
            "Switch it on with `jarvis config set mind.enabled true`.",
        ));
        return mind;
    }
    let (installed, settings) = (Installed::new(paths), settings.clone());
    mind.load_model_with(Box::new(move || {
        let model = installed.language_model(&settings, &Loading::default());
        for error in installed.take_told() {
            tracing::warn!("{} {}", error.message, error.hint);
        }
        installed.with_remote(&settings, model)
    }));
    mind
}

struct Asker<'a> {
    mind: Mind,
    settings: Settings,
    /// Why this process answers nothing itself: not all of the settings can be read.
    refused: Option<Error>,
    paths: Paths,
    /// Where a running instance would listen; none for a dry run.
    socket: Option<PathBuf>,
    /// It speaks the answers.
    aloud: bool,
    output: &'a Output,
}

impl Asker<'_> {
    /// Answers a question and prints the answer.
    fn ask(&mut self, text: &str) -> Result<()> {
        jarvis_engine::check_question(text)?;
        if let Some(answer) = self.ask_instance(text)? {
            self.output.result(&answer, String::new);
            return Ok(());
        }
        if let Some(error) = &self.refused {
            return Err(error.clone());
        }
        let cancel = Cancel::new();
        // What a skill would say, that it did something, would be no truth in a dry run.
        let is_dry = self.socket.is_none();
        let reads_along = !self.output.is_json() && !is_dry;
        let (settings, paths, output) = (&mut self.settings, &self.paths, self.output);
        let mut undone = Ok(());
        let answer = self.mind.answer(text, &cancel, &mut |piece| match piece {
            Piece::Event(AssistantEvent::ReplyText { text }) if reads_along && undone.is_ok() => {
                show(&text).unwrap_or_else(|_| cancel.cancel());
            }
            Piece::Action(HostAction::NotCalled) => {
                undone =
                    Err(Error::new("control.not_running", "Jarvis is not running.", "Say it to the one that woke."));
            }
            Piece::Action(HostAction::Copy { text }) => undone = copy(text, output),
            // Comes before the words that tell it is done.
            Piece::Action(action) => undone = jarvis_engine::adjust(&action, settings, paths).map(|_| ()),
            _ => {}
        });
        undone?;
        let answer = answer?;
        self.output.result(&answer, || if is_dry { understood(&answer) } else { String::new() });
        Ok(())
    }

    /// What the running instance answers, shown as it comes; `None` when there is none.
    fn ask_instance(&self, text: &str) -> Result<Option<Answer>> {
        let Some(socket) = &self.socket else { return Ok(None) };
        let mut unread = self.output.is_json();
        let answer = control::ask(socket, text, self.aloud, &mut |text| unread = unread || show(text).is_err());
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if !self.aloud && is_of_nobody(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Answers line after line. One that fails does not keep the next from being answered. Timers ring in between.
    fn converse(&mut self, lines: &Receiver<std::io::Result<String>>) -> Result<()> {
        let mut failed = 0;
        loop {
            let line = match self.mind.next_due() {
                None => lines.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => lines.recv_timeout(due.saturating_duration_since(Instant::now())),
            };
            match line {
                Ok(Ok(line)) if line.trim().is_empty() => {}
                Ok(Ok(line)) => {
                    if let Err(error) = self.ask(&line) {
                        failed += 1;
                        self.output.result(&json!({ "text": line, "error": error }), || {
                            format!("{} {}", error.message, error.hint).trim_end().to_owned()
                        });
                    }
                }
                Ok(Err(error)) => {
                    let reason = format!("Standard input cannot be read: {error}.");
                    return Err(Error::new("ask.input", reason, "Give plain UTF-8 text, a question a line."));
                }
                Err(RecvTimeoutError::Timeout) => {
                    while let Some(reply) = self.mind.due() {
                        let alarm = AssistantEvent::Alarm { text: reply.spoken.clone() };
                        self.output.result(&alarm, || reply.spoken.clone());
                    }
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        match failed {
            0 => Ok(()),
            1 => Err(Error::new(
                "ask.failed",
                "One question could not be answered.",
                "The reason stands at its place above.",
            )),
            _ => Err(Error::new(
                "ask.failed",
                format!("{failed} questions could not be answered."),
                "The reasons stand at their places above.",
            )),
        }
    }
}

/// What a dry run tells: who would answer, and what was understood.
fn understood(answer: &Answer) -> String {
    if answer.route == Route::Model {
        return format!("{}: a question for the language model, which was not asked.", answer.intent);
    }
    let slots: Vec<String> = answer.slots.iter().map(|(name, value)| format!(", {name} {value}")).collect();
    format!("{}{}: nothing was done.", answer.intent, slots.concat())
}

/// Lines of standard input, read on a thread of their own so that timers can ring in the meantime.
fn lines_of_stdin() -> Receiver<std::io::Result<String>> {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let failed = line.is_err();
            if sender.send(line).is_err() || failed {
                return;
            }
        }
    });
    lines
}

/// Puts `text` on the clipboard, where that outlives this process. Else a person gets it printed, which is next best.
pub(super) fn copy(text: String, output: &Output) -> Result<()> {
    if cfg!(target_os = "macos") {
        return DesktopClipboard::default().set(text);
    }
    // On X11 and Wayland it goes with whoever copied it.
    let (message, hint) = if output.is_json() {
        ("Nothing was copied: no Jarvis is running to keep it.", "; `jarvis --json see` gives the text.")
    } else {
        show(&format!("{text}\n")).unwrap_or_default();
        ("Nothing was copied, only printed: no Jarvis is running to keep it on the clipboard.", ".")
    };
    Err(Error::new("clipboard.nobody", message, format!("Start the app or `jarvis run` first, and ask again{hint}")))
}

/// A piece of an answer, for a person who reads along; a script gets one object at the end.
pub(super) fn show(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush())
}

/// Whether it means that no Jarvis of this user runs.
pub(super) fn is_of_nobody(error: &Error) -> bool {
    matches!(error.code.as_str(), "control.not_running" | "control.denied")
}
