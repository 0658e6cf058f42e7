//! `jarvis picture`: the picture of the screen that the running instance offers to show to a model of another program.
//!
//! What a click is in the window is a yes here, typed at a terminal after it was said what is sent, and where; a pipe is
//! not asked. Writes the picture only into the file that is named, and takes none itself.

use crate::commands::ask::show;
use crate::output::Output;
use jarvis_core::{Error, Result};
use jarvis_engine::PictureOffer;
use jarvis_engine::control::{self, Request};
use jarvis_remote::Picture;
use jarvis_settings::Paths;
use serde_json::json;
use std::fs::OpenOptions;
use std::io::{BufRead, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What can be said to `jarvis picture`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write the very picture that would be sent into a new file, to look at it.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Ask at this terminal whether to send it; print the answer.
    #[arg(long)]
    send: bool,
    /// Don't send it.
    #[arg(long, conflicts_with_all = ["send", "out"])]
    refuse: bool,
}

/// Runs the command.
pub fn run(args: Args, output: &Output) -> anyhow::Result<()> {
    let socket = Paths::discover()?.control_socket();
    let offer = control::send(&socket, &Request::Picture)?.picture.ok_or_else(none_offered)?;
    if args.refuse {
        let response = control::send(&socket, &Request::RefusePicture { offer: offer.offer })?;
        output.result(&response, || "It is not sent.".into());
        return Ok(());
    }
    if let Some(file) = &args.out {
        write(&offer, file)?;
    }
    if !args.send {
        output.result(&described(&offer), || in_words(&offer));
        return Ok(());
    }
    if !is_agreed(&offer, args.out.is_some())? {
        control::send(&socket, &Request::RefusePicture { offer: offer.offer })?;
        return Err(Error::new("picture.refused", "It was not sent.", "").into());
    }
    let mut unread = output.is_json();
    let answer = control::send_picture(&socket, offer.offer, &offer.question, &mut |text| {
        unread = unread || show(text).is_err();
    })?;
    output.result(&answer, String::new);
    Ok(())
}

fn none_offered() -> Error {
    Error::new(
        "picture.none",
        "No picture is offered just now.",
        "Ask what a picture shows, with `remote.pictures` switched on; an offer is gone after a minute.",
    )
}

/// Without the picture, which is for `--out`.
fn described(offer: &PictureOffer) -> serde_json::Value {
    let PictureOffer { offer, host, question, width, height, bytes, window, application, notes, seconds_left, .. } =
        offer;
    json!({
        "offer": offer, "host": host, "question": question, "width": width, "height": height, "bytes": bytes,
        "window": window, "application": application, "notes": notes, "seconds_left": seconds_left,
    })
}

fn in_words(offer: &PictureOffer) -> String {
    // Titles are whatever a program likes to write.
    let plain = |text: &str| text.chars().filter(|c| !c.is_control()).collect::<String>();
    let what = match (&offer.window, &offer.application) {
        (Some(title), Some(name)) if !name.is_empty() => format!("the window “{}” of {}", plain(title), plain(name)),
        (Some(title), _) => format!("the window “{}”", plain(title)),
        _ => "the screen".into(),
    };
    let PictureOffer { width, height, bytes, host, question, .. } = offer;
    let mut lines = vec![
        format!("A picture of {what}, {width} x {height} pixels, {} kB.", bytes.div_ceil(1000)),
        format!("To be sent to {host}, with the question: {}", plain(question)),
    ];
    lines.extend(offer.notes.iter().cloned());
    lines.push(format!("It is gone in {:.0} s.", offer.seconds_left));
    lines.join("\n")
}

/// Whether the person at the terminal wants it sent, who may look at it if it `is_written`.
fn is_agreed(offer: &PictureOffer, is_written: bool) -> Result<bool> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(Error::new(
            "picture.nobody",
            "Nobody is at a terminal to say that the picture may be sent, so it is not.",
            "Call this at a terminal, or click Send in Jarvis's window.",
        ));
    }
    eprintln!("{}", in_words(offer));
    if !is_written {
        eprintln!("You have not seen it here: `jarvis picture --out FILE` writes it, to be looked at first.");
    }
    eprintln!("Send it to {}? Type yes:", offer.host);
    let mut line = String::new();
    stdin.lock().read_line(&mut line).map_err(|error| {
        Error::new("picture.nobody", format!("The answer can't be read: {error}."), "Click Send in Jarvis's window.")
    })?;
    Ok(matches!(line.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// For this user alone, and never over a file that is there.
fn write(offer: &PictureOffer, file: &Path) -> Result<()> {
    let fails = |reason: String| {
        let message = format!("The picture can't be written to {}: {reason}.", file.display());
        Error::new("picture.file", message, "Name a new file in a folder that you may write to.")
    };
    let bytes = Picture::bytes_of(&offer.picture).ok_or_else(|| fails("it is damaged".into()))?;
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    opened.and_then(|mut file| file.write_all(&bytes)).map_err(|error| fails(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn offer() -> PictureOffer {
        PictureOffer {
            offer: 3,
            host: "api.example".into(),
            question: "what is this".into(),
            width: 640,
            height: 480,
            bytes: 3,
            window: Some("Report\u{1b}[2J".into()),
            application: Some("Editor".into()),
            notes: vec!["Password fields were left out.".into()],
            seconds_left: 41.6,
            picture: Picture::new("image/png", b"abc").address().into(),
        }
    }

    #[test]
    fn what_is_sent_and_where_is_told_before() {
        let told = in_words(&offer());
        for words in ["“Report[2J” of Editor", "640 x 480", "api.example", "what is this", "Password fields", "42 s"]
        {
            assert!(told.contains(words), "{words}: {told}");
        }
        assert!(described(&offer()).get("picture").is_none());
    }

    #[test]
    fn it_is_written_into_a_new_file_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("picture.png");
        write(&offer(), &file).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"abc");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(write(&offer(), &file).unwrap_err().code, "picture.file");
    }
}
