//! `jarvis toggle|start|stop|cancel|mute|unmute|status|quit`: a word to the running instance.

use crate::output::Output;
use jarvis_core::Error;
use jarvis_engine::control::{self, Request};
use jarvis_engine::{Health, Link, ModelState, Status};
use jarvis_settings::Paths;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long the running instance may take to switch the microphone off or on.
const MUTED: Duration = Duration::from_secs(2);

/// Sends `command` over the control socket and prints the answer.
/// `notcalled` is `jarvis wake wrong`.
pub fn run(command: &str, output: &Output) -> anyhow::Result<()> {
    let request: Request = serde_json::from_value(serde_json::json!({ "command": command }))?;
    let socket = Paths::discover()?.control_socket();
    let response = match request {
        Request::Quit => control::quit(&socket)?,
        _ => control::send(&socket, &request)?,
    };
    if matches!(request, Request::Toggle | Request::Start)
        && let Some(status) = control::send(&socket, &Request::Status)?.status
    {
        can_listen(&status)?;
    }
    match &response.status {
        Some(status) => output.result(status, || describe(status)),
        None if let Some(muted) = mutes(&request) => {
            is_muted(&socket, muted)?;
            output.result(&response, || microphone_is(muted).into());
        }
        // A word that was taken needs no answer, unless a script waits for one.
        None if output.is_json() => output.result(&response, String::new),
        None => {}
    }
    Ok(())
}

/// Whether `request` switches the microphone off, or on; none where it does something else.
fn mutes(request: &Request) -> Option<bool> {
    match request {
        Request::Mute => Some(true),
        Request::Unmute => Some(false),
        _ => None,
    }
}

fn microphone_is(muted: bool) -> &'static str {
    if muted { "The microphone is off. `jarvis unmute` switches it on." } else { "The microphone is on." }
}

/// Waits until the microphone is as it was asked for: the word was taken, and is done in a moment.
fn is_muted(socket: &Path, wanted: bool) -> Result<(), Error> {
    let patience = Instant::now() + MUTED;
    loop {
        let status = control::send(socket, &Request::Status)?.status;
        match status.map(|status| (status.voice_off, status.muted)) {
            Some((true, _)) if !wanted => return Err(without_sound()),
            Some((_, muted)) if muted == wanted => return Ok(()),
            _ if Instant::now() >= patience => {
                let message = if wanted { "The microphone is still on." } else { "The microphone is still off." };
                return Err(Error::new("control.not_muted", message, "Try again, or start Jarvis again."));
            }
            _ => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

fn without_sound() -> Error {
    Error::new(
        "control.cannot_listen",
        "This Jarvis runs without sound.",
        "Start it without `--no-voice` to speak with it.",
    )
}

/// Whether it makes sense to speak now. The running instance says the same where it is seen; a key that is bound to this
/// command has nothing but the exit code.
fn can_listen(status: &Status) -> Result<(), Error> {
    let deaf = |message: &str, hint: &str| Err(Error::new("control.cannot_listen", message, hint));
    if status.voice_off {
        Err(without_sound())
    } else if status.muted {
        deaf("The microphone is off.", "Switch it on with `jarvis unmute`.")
    } else if !status.microphone.available && !status.microphone.message.is_empty() {
        deaf(&status.microphone.message, "`jarvis doctor` says what is there.")
    } else {
        Ok(())
    }
}

/// Has the running instance, if there is one, take up changed settings and models that were installed. What hinders that
/// is said, but is no failure of the change itself; false if something does.
pub(super) fn reload(paths: &Paths) -> bool {
    match control::send(&paths.control_socket(), &Request::Reload) {
        Ok(_) => true,
        Err(Error { code, .. }) if code == "control.not_running" => true,
        Err(error) => {
            eprintln!("jarvis: The running Jarvis does not take this up: {} {}", error.message, error.hint);
            false
        }
    }
}

fn describe(status: &Status) -> String {
    let mut lines = vec![format!(
        "Jarvis {} is {}{}{} (process {}, {:.0} s).",
        status.version,
        serde_json::to_value(status.state).ok().and_then(|s| s.as_str().map(str::to_owned)).unwrap_or_default(),
        if status.muted { ", microphone off" } else { "" },
        if status.ready { "" } else { ", still loading" },
        status.pid,
        status.uptime_seconds,
    )];
    if let Some(bytes) = status.resident_bytes {
        lines.push(format!("Memory:      {} MB", bytes / 1_000_000));
    }
    if !status.voice_off {
        for (what, device) in [("Microphone:", &status.microphone), ("Speaker:", &status.speaker)] {
            let name = if device.name.is_empty() { "the system's choice" } else { &device.name };
            let state = if device.available { "" } else { " (not available)" };
            lines.push(format!("{what:<12} {name}{state} {}", device.message).trim_end().to_owned());
        }
    }
    for (kind, model) in &status.models {
        let state = match model.state {
            ModelState::Ready => format!("ready after {:.0} ms", model.load_ms.unwrap_or_default()),
            ModelState::Loading => "loading".into(),
            ModelState::Off => "off".into(),
            ModelState::Failed => model.error.as_ref().map_or("failed".into(), |e| format!("{} {}", e.message, e.hint)),
        };
        lines.push(format!("{:<12} {}: {state}", format!("{kind}:"), model.id));
    }
    for server in &status.remote {
        let state = told_of(server);
        let first = server.first_words_ms.map_or(String::new(), |ms| format!(", first words after {ms:.0} ms"));
        lines.push(format!(
            "{:<12} {}: {state} ({} asked, {} failed, {} bytes sent{first})",
            "remote:", server.host, server.asked, server.failed, server.sent_bytes
        ));
    }
    lines.join("\n")
}

/// How a server does, by what it was asked last: that it lists its models does not make up for what it failed at.
fn told_of(server: &Health) -> String {
    let why = server.last_error.as_ref().map(|error| format!("{} {}", error.message, error.hint).trim_end().to_owned());
    match (server.link, why) {
        (Link::Untried, None) => "not asked yet".into(),
        (Link::Ready, None) => "answers".into(),
        (Link::Ready, Some(why)) => format!("can be reached. {why}"),
        (Link::Resting | Link::Untried, Some(why)) => why,
        (Link::Resting, None) => "left alone for now".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_fails_is_not_said_to_answer() {
        let error = Error::new("remote.failed", "h:1 has failed (500).", "Jarvis tries it again by itself.");
        let told = |link, last_error: Option<&Error>| {
            told_of(&Health { link, last_error: last_error.cloned(), ..Health::default() })
        };
        assert_eq!(told(Link::Untried, None), "not asked yet");
        assert_eq!(told(Link::Ready, None), "answers");
        for link in [Link::Untried, Link::Ready, Link::Resting] {
            let told = told(link, Some(&error));
            assert!(told.ends_with("h:1 has failed (500). Jarvis tries it again by itself."), "{told}");
            assert!(!told.contains("answers"), "{told}");
        }
    }
}
