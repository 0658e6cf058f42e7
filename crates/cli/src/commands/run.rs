//! `jarvis run`: the assistant without a window, until told to quit.

use std::fs::OpenOptions;
use std::io::{ErrorKind, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::thread::JoinHandle;

use crate::output::Output;
use jarvis_audio::{Direction, check_device};
use jarvis_core::{AssistantEvent, AssistantState, Error, EventRecord, Result};
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

impl Args {
    /// Whether what happens is told to a person on standard error, errors too.
    pub fn tells(&self, output: &Output) -> bool {
        !self.events.as_deref().is_some_and(is_stdout) && !output.is_json()
    }
}

/// Runs the command.
pub fn run(args: Args, output: &Output) -> anyhow::Result<()> {
    let tells = args.tells(output);
    let paths = Paths::discover()?;
    for (direction, device) in [(Direction::Input, &args.input_device), (Direction::Output, &args.output_device)] {
        if let Some(device) = device {
            check_device(direction, device)?;
        }
    }
    let flags = Flags { input_device: args.input_device, output_device: args.output_device };
    let settings = flags.over(Settings::load(&paths)?)?;
    for warning in settings.warnings() {
        tracing::warn!("{warning}");
    }
    let sink = args.events.as_deref().map(open_sink).transpose()?;
    let to_stdout = args.events.as_deref().is_some_and(is_stdout);

    // Before anything is loaded, so that a second instance is told at once.
    let claim = control::claim(&paths)?;
    let options = EngineOptions {
        no_voice: args.no_voice,
        no_neural: args.no_neural,
        keeps_timers: true,
        ..EngineOptions::default()
    };
    // Before the start: an alarm that came due while nothing ran is told as soon as the engine does.
    let sink = sink.map(|sink| (sink, options.observers.subscribe()));
    let console = tells.then(|| options.observers.subscribe());
    let engine = Engine::start(settings, paths.clone(), options)?;
    let mut observers: Vec<JoinHandle<()>> = Vec::new();
    if let Some((sink, events)) = sink {
        let engine = engine.clone();
        observers.push(observer("events", move || {
            match write_events(sink, events) {
                // Whoever read along is gone, and with it the reason to run.
                Err(error) if to_stdout => {
                    tracing::info!("events are not read any more ({error}); ending");
                    engine.send(Command::Quit);
                }
                Err(error) => tracing::warn!("Events are not read any more: {error}. Jarvis goes on without."),
                Ok(()) => {}
            }
        })?);
    }
    if let Some(events) = console {
        // Elsewhere it would be a log, and a log holds no words of the user.
        let reads_along = std::io::stderr().is_terminal();
        observers.push(observer("console", move || tell(&events, reads_along))?);
    }
    let on_signal = engine.clone();
    signals::on_termination(move || on_signal.send(Command::Quit))?;
    let reloading = engine.clone();
    let server = control::serve(claim, engine.clone(), move || {
        reloading.send(Command::Reload(flags.over(Settings::load(&paths)?)?));
        Ok(())
    })?;
    engine.wait();
    drop(server);
    for observer in observers {
        let _ = observer.join();
    }
    Ok(())
}

/// Flags that are settings: the strongest of all, also over settings that are changed while this runs.
struct Flags {
    input_device: Option<String>,
    output_device: Option<String>,
}

impl Flags {
    fn over(&self, mut settings: Settings) -> Result<Settings> {
        if let Some(device) = &self.input_device {
            settings.set_by_flag("audio.input_device", device, "--input-device")?;
        }
        if let Some(device) = &self.output_device {
            settings.set_by_flag("audio.output_device", device, "--output-device")?;
        }
        Ok(settings)
    }
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
    // What was said stands in it: a new file is this user's alone. One that is there keeps what its owner chose.
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).map_err(|error| {
        Error::new(
            "run.events_file",
            format!("Events cannot be written to {}: {error}.", path.display()),
            "Name a file in a folder that you may write to.",
        )
    })?;
    Ok(Box::new(file))
}

/// Writes a line an event, at once: whoever reads wants it now. A disk that takes no more loses events, and is complained of
/// once until it takes some again.
///
/// # Errors
/// Nobody reads any more.
fn write_events(mut sink: impl Write, events: impl Iterator<Item = EventRecord>) -> std::io::Result<()> {
    let mut line = Vec::new();
    let mut lost = 0_u64;
    for record in events {
        line.clear();
        if lost > 0 {
            // The last one may have been written in part.
            line.push(b'\n');
        }
        serde_json::to_writer(&mut line, &record)?;
        line.push(b'\n');
        match sink.write_all(&line).and_then(|()| sink.flush()) {
            Ok(()) if lost > 0 => {
                tracing::warn!("Events are written again; {lost} were lost.");
                lost = 0;
            }
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Err(error),
            Err(error) => {
                if lost == 0 {
                    tracing::warn!("Events cannot be written and are lost: {error}. Jarvis goes on without.");
                }
                lost += 1;
            }
        }
    }
    Ok(())
}

/// That it is ready and what is wrong; and where a person reads along, what was heard and answered.
fn tell(events: &Subscription, reads_along: bool) {
    let mut answer = String::new();
    // A device that went is told as a device, and as an error.
    let mut of_device = String::new();
    for EventRecord { event, .. } in events.iter() {
        match event {
            AssistantEvent::Ready => eprintln!("Jarvis is ready. End with Ctrl+C or `jarvis quit`."),
            AssistantEvent::Device { message, .. } if !message.is_empty() => {
                eprintln!("{message}");
                of_device = message;
            }
            AssistantEvent::Error { error } if error.message == of_device && error.hint.is_empty() => {}
            AssistantEvent::Error { error } => eprintln!("{}", format!("{} {}", error.message, error.hint).trim_end()),
            _ if !reads_along => {}
            AssistantEvent::State { state: AssistantState::Listening, .. } => eprintln!("… listening"),
            AssistantEvent::Transcript { text } if !text.is_empty() => eprintln!("You:    {text}"),
            AssistantEvent::ReplyText { text } => answer.push_str(&text),
            AssistantEvent::TurnEnd { .. } if !answer.is_empty() => {
                eprintln!("Jarvis: {}", std::mem::take(&mut answer).trim());
            }
            AssistantEvent::Alarm { text } => eprintln!("Alarm:  {text}"),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn flags_stay_the_strongest_when_settings_are_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::under(folder.path());
        Settings::save(&paths, "audio.input_device", "Webcam").unwrap();
        let flags = Flags { input_device: Some("Headset".into()), output_device: None };
        let settings = flags.over(Settings::load_with(&paths, []).unwrap()).unwrap();
        assert_eq!(settings.audio.input_device, "Headset");
        assert_eq!(settings.audio.output_device, "");
    }

    #[test]
    fn a_new_file_of_events_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("events.jsonl");
        drop(open_sink(&file).unwrap());
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert!(open_sink(&folder.path().join("missing/events.jsonl")).is_err());
    }
}
