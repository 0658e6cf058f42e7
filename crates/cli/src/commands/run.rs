//! `jarvis run`: the assistant without a window, until told to quit.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::thread::JoinHandle;

use crate::output::Output;
use jarvis_audio::{Direction, check_device};
use jarvis_core::{AssistantEvent, AssistantState, Error, EventRecord};
use jarvis_engine::{Command, Engine, EngineOptions, Subscription, control, signals};
use jarvis_settings::{Paths, Settings};

/// What can be said to `jarvis run`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write a JSON line per event to FILE, or to standard output with "-".
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// Neither listen nor speak: questions come over the control socket, answers are written.
    #[arg(long)]
    no_voice: bool,
    /// Load no language model: only what the built-in skills know.
    #[arg(long)]
    no_neural: bool,
    /// The microphone, by its name or a part of it.
    #[arg(long, value_name = "D")]
    input_device: Option<String>,
    /// The speaker, by its name or a part of it.
    #[arg(long, value_name = "D")]
    output_device: Option<String>,
}

/// Runs the command.
pub fn run(args: Args, output: &Output) -> anyhow::Result<()> {
    let paths = Paths::discover()?;
    let mut settings = Settings::load(&paths)?;
    for warning in settings.warnings() {
        tracing::warn!("{warning}");
    }
    if let Some(device) = &args.input_device {
        check_device(Direction::Input, device)?;
        settings.set_by_flag("audio.input_device", device, "--input-device")?;
    }
    if let Some(device) = &args.output_device {
        check_device(Direction::Output, device)?;
        settings.set_by_flag("audio.output_device", device, "--output-device")?;
    }
    let sink = args.events.as_deref().map(open_sink).transpose()?;
    let to_stdout = args.events.as_deref().is_some_and(is_stdout);

    // Before anything is loaded, so that a second instance is told at once.
    let listener = control::claim(&paths)?;
    let options = EngineOptions { no_voice: args.no_voice, no_neural: args.no_neural, ..EngineOptions::default() };
    let engine = Engine::start(settings, paths.clone(), options)?;
    let mut observers: Vec<JoinHandle<()>> = Vec::new();
    if let Some(sink) = sink {
        let (events, engine) = (engine.subscribe(), engine.clone());
        observers.push(observer("events", move || {
            if let Err(error) = write_events(sink, events)
                // Whoever read along is gone, and with it the reason to run.
                && to_stdout
            {
                tracing::info!("events are not read any more ({error}); ending");
                engine.send(Command::Quit);
            }
        })?);
    }
    if !to_stdout && !output.is_json() {
        let events = engine.subscribe();
        observers.push(observer("console", move || tell(&events))?);
    }
    let on_signal = engine.clone();
    signals::on_termination(move || on_signal.send(Command::Quit))?;
    let server = control::serve(listener, &paths, engine.clone())?;
    engine.wait();
    drop(server);
    for observer in observers {
        let _ = observer.join();
    }
    Ok(())
}

fn observer(name: &str, work: impl FnOnce() + Send + 'static) -> anyhow::Result<JoinHandle<()>> {
    Ok(std::thread::Builder::new().name(name.into()).spawn(work)?)
}

fn is_stdout(path: &std::path::Path) -> bool {
    path.as_os_str() == "-"
}

fn open_sink(path: &std::path::Path) -> anyhow::Result<Box<dyn Write + Send>> {
    if is_stdout(path) {
        return Ok(Box::new(std::io::stdout()));
    }
    let file = File::create(path).map_err(|error| {
        Error::new(
            "run.events_file",
            format!("Events cannot be written to {}: {error}.", path.display()),
            "Name a file in a folder that you may write to.",
        )
    })?;
    Ok(Box::new(BufWriter::new(file)))
}

/// A line an event, flushed each time: whoever reads wants it now.
fn write_events(mut sink: Box<dyn Write + Send>, events: Subscription) -> std::io::Result<()> {
    for record in events {
        serde_json::to_writer(&mut sink, &record)?;
        sink.write_all(b"\n")?;
        sink.flush()?;
    }
    Ok(())
}

/// For a person at a terminal: what was heard and answered, and what is wrong.
fn tell(events: &Subscription) {
    let mut answer = String::new();
    for EventRecord { event, .. } in events.iter() {
        match event {
            AssistantEvent::Ready => eprintln!("Jarvis is ready. End with Ctrl+C or `jarvis quit`."),
            AssistantEvent::State { state: AssistantState::Listening, .. } => eprintln!("… listening"),
            AssistantEvent::Transcript { text } if !text.is_empty() => eprintln!("You:    {text}"),
            AssistantEvent::ReplyText { text } => answer.push_str(&text),
            AssistantEvent::TurnEnd { .. } if !answer.is_empty() => {
                eprintln!("Jarvis: {}", std::mem::take(&mut answer).trim());
            }
            AssistantEvent::Alarm { text } => eprintln!("Alarm:  {text}"),
            AssistantEvent::Device { message, .. } if !message.is_empty() => eprintln!("{message}"),
            AssistantEvent::Error { error } => eprintln!("{} {}", error.message, error.hint),
            _ => {}
        }
    }
}
