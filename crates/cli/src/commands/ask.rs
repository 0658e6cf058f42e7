//! `jarvis ask`: answers a typed question as if it had been spoken.
//!
//! Works without a running instance: skills answer at once, and the language model is loaded when a question first needs
//! it. What is about the running instance (a timer that outlives the command, its voice, stopping it) is handed to it if
//! there is one; without one, a setting that was asked for is kept for the next.

use crate::output::Output;
use jarvis_assistant::{Answer, AnswerTimings, Mind, MindOptions, Names, Piece, Routed, Router, skills};
use jarvis_core::{AssistantEvent, Cancel, Error, HostAction, Result, Route, SystemClock};
use jarvis_engine::control::{self, Request};
use jarvis_engine::load::{Installed, Parts};
use jarvis_settings::{Paths, Settings};
use serde_json::json;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How long the running instance may take to answer; the turn itself gives up before that.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is about the instance that stays: the beginnings of these skills' intents.
const OF_THE_INSTANCE: [&str; 4] = ["timer.", "voice.", "assistant.", "feedback."];

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
}

/// Runs the command.
pub fn run(args: Args, output: &Output) -> anyhow::Result<()> {
    let paths = Paths::discover()?;
    let settings = Settings::load(&paths)?;
    let mind = mind(&paths, &settings, args.dry_run);
    let socket = (!args.dry_run).then(|| paths.control_socket());
    let mut asker = Asker { mind, settings, paths, socket, output };
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

fn mind(paths: &Paths, settings: &Settings, dry_run: bool) -> Mind {
    let options = MindOptions { dry_run, ..MindOptions::from(&settings.mind) };
    let mut mind = Mind::new(Router::new(skills::all()), Arc::new(SystemClock), options);
    mind.set_names(Names::of_wake_model(&settings.wake.model));
    if !settings.mind.enabled {
        mind.set_no_model(Error::new(
            "mind.off",
            "That needs the language model, which is switched off.",
            "Switch it on with `jarvis config set mind.enabled true`.",
        ));
        return mind;
    }
    let (installed, settings) = (Installed::new(paths), settings.clone());
    mind.load_model_with(Box::new(move || installed.with_remote(&settings, installed.language_model(&settings))));
    mind
}

struct Asker<'a> {
    mind: Mind,
    settings: Settings,
    paths: Paths,
    /// Where a running instance would listen; none for a dry run.
    socket: Option<PathBuf>,
    output: &'a Output,
}

impl Asker<'_> {
    /// Answers a question and prints the answer.
    fn ask(&mut self, text: &str) -> Result<()> {
        jarvis_engine::check_question(text)?;
        if let Some(socket) = self.running_instance_for(text) {
            let answer = ask_instance(&socket, text)?;
            self.output.result(&answer, || answer.reply.clone());
            return Ok(());
        }
        // A person reads along; a script gets one object at the end.
        let cancel = Cancel::new();
        let reads_along = !self.output.is_json();
        let (settings, paths) = (&mut self.settings, &self.paths);
        let mut undone = Ok(());
        let answer = self.mind.answer(text, &cancel, &mut |piece| match piece {
            Piece::Event(AssistantEvent::ReplyText { text }) if reads_along && undone.is_ok() => {
                let mut out = std::io::stdout().lock();
                if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
                    cancel.cancel();
                }
            }
            Piece::Action(HostAction::NotCalled) => {
                undone =
                    Err(Error::new("control.not_running", "Jarvis is not running.", "Say it to the one that woke."));
            }
            // Comes before the words that tell it is done.
            Piece::Action(action) => undone = jarvis_engine::adjust(&action, settings, paths).map(|_| ()),
            _ => {}
        });
        undone?;
        self.output.result(&answer?, String::new);
        Ok(())
    }

    /// Where the running instance listens, if there is one and this is about it.
    fn running_instance_for(&self, text: &str) -> Option<PathBuf> {
        let is_its = |routed| {
            matches!(routed, Routed::Skill(matched)
                if OF_THE_INSTANCE.iter().any(|beginning| matched.intent.starts_with(beginning)))
        };
        let socket = self.socket.as_ref().filter(|_| is_its(self.mind.router().route(text)))?;
        control::send(socket, &Request::Hello).is_ok().then(|| socket.clone())
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

/// Has the running instance answer, aloud if it has a voice, and takes the answer from its events.
fn ask_instance(socket: &Path, text: &str) -> Result<Answer> {
    let asked = Instant::now();
    let milliseconds = || asked.elapsed().as_secs_f64() * 1e3;
    // Before the question, so that nothing of the answer is missed.
    let events = control::subscribe(socket)?.until(asked + PATIENCE);
    let unanswered =
        || Error::new("ask.instance", "The running Jarvis did not answer.", "Try once more, or restart it.");
    let turn = control::send(socket, &Request::Ask { text: text.to_owned() })?.turn.ok_or_else(unanswered)?;
    let mut answer: Option<Answer> = None;
    for record in events {
        let record = record?;
        match record.event {
            _ if record.turn != Some(turn) => {}
            AssistantEvent::Intent { intent, slots, confidence, route } => {
                let timings_ms = AnswerTimings { route: milliseconds(), ..AnswerTimings::default() };
                let (text, reply) = (text.to_owned(), String::new());
                answer = Some(Answer { text, intent, slots, confidence, route, reply, timings_ms });
            }
            AssistantEvent::ReplyText { text } => {
                if let Some(answer) = &mut answer {
                    answer.reply.push_str(&text);
                    answer.timings_ms.total = milliseconds();
                    // A skill's answer comes in one piece; there is no need to wait until it was spoken.
                    break;
                }
            }
            AssistantEvent::AnsweredFrom { .. } => {
                if let Some(answer) = &mut answer {
                    answer.route = Route::Remote;
                }
            }
            AssistantEvent::Error { error } => return Err(error),
            AssistantEvent::TurnEnd { .. } | AssistantEvent::Cancelled => break,
            _ => {}
        }
    }
    answer.ok_or_else(unanswered)
}
