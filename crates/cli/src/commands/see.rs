//! `jarvis see`: the text of the screen, or of a picture, and an answer from it.
//!
//! Where an instance runs it looks, with what it remembers of the screen, and its tray shows that. Without one, and for a
//! picture, this process does; the language model is loaded only for a question that needs it. Secrets are printed only where
//! that was asked for: what scripts get goes on into files and to other programs.

use crate::commands::ask;
use crate::output::Output;
use jarvis_assistant::Piece;
use jarvis_assistant::skills::screen::Screen;
use jarvis_core::{Cancel, HostAction, LookTimings, Region, Result, ScreenTarget, TextLine, TextRole, TextSource};
use jarvis_engine::load::Installed;
use jarvis_engine::{Sighting, control, eyes_on};
use jarvis_settings::{Paths, Settings};
use jarvis_vision::capture::Picture;
use serde::Serialize;
use std::path::PathBuf;
use std::sync::Arc;

/// What is answered where nothing was asked.
const SUMMARY: &str = "what is on the screen";

/// What can be said to `jarvis see`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Read this picture (PNG, JPEG or WebP) in place of the screen.
    #[arg(long, value_name = "FILE")]
    image: Option<PathBuf>,
    /// Only this part, in pixels of the whole desktop or of the picture.
    #[arg(long, value_name = "X,Y,W,H", value_parser = region, allow_hyphen_values = true)]
    region: Option<Region>,
    /// What to look at.
    #[arg(long, value_enum, default_value = "active", conflicts_with_all = ["image", "region"])]
    target: Target,
    /// Answer this from what is seen, as if it had been asked aloud.
    #[arg(long, value_name = "TEXT")]
    question: Option<String>,
    /// Print passwords, codes and keys, too, which are left out ("•••") as they are from answers.
    #[arg(long)]
    secrets: bool,
}

/// The parts of a desktop that have a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Target {
    /// The window that has the keyboard.
    Active,
    /// The window under the pointer.
    Pointer,
    /// The monitor under the pointer.
    Monitor,
    /// Every monitor.
    All,
}

/// One line of the contract.
#[derive(Debug, Serialize)]
struct Seen<'a> {
    lines: Vec<Line<'a>>,
    source: TextSource,
    reply: &'a str,
    #[serde(rename = "box")]
    region: [i64; 4],
    window: Option<&'a str>,
    application: Option<&'a str>,
    notes: &'a [String],
    timings_ms: LookTimings,
}

#[derive(Debug, Serialize)]
struct Line<'a> {
    text: &'a str,
    #[serde(rename = "box")]
    region: [i64; 4],
    confidence: f32,
    role: TextRole,
}

/// Runs the command.
pub fn run(args: Args, output: &Output) -> anyhow::Result<()> {
    let paths = Paths::discover()?;
    let settings = Settings::load(&paths)?;
    let target = match (args.region, args.target) {
        (Some(region), _) => ScreenTarget::Region(region),
        (None, Target::Active) => ScreenTarget::ActiveWindow,
        (None, Target::Pointer) => ScreenTarget::PointerWindow,
        (None, Target::Monitor) => ScreenTarget::PointerMonitor,
        (None, Target::All) => ScreenTarget::AllMonitors,
    };
    let question = args.question.as_deref().unwrap_or(SUMMARY);
    jarvis_engine::check_question(question)?;
    let picture = args.image.as_deref().map(Picture::open).transpose()?;
    let of_instance = match &picture {
        Some(_) => None,
        None => match control::see(&paths.control_socket(), target.clone(), question) {
            Err(error) if ask::is_of_nobody(&error) => None,
            seen => Some(seen?),
        },
    };
    let mut sighting = match of_instance {
        Some(sighting) => sighting,
        None => look(&paths, &settings, picture, &target, question, output)?,
    };
    if !args.secrets {
        sighting.screen = Screen::without_secrets(&sighting.screen);
    }
    show(&sighting, args.question.is_some(), output);
    Ok(())
}

/// Looks without an instance.
fn look(
    paths: &Paths,
    settings: &Settings,
    picture: Option<Picture>,
    target: &ScreenTarget,
    question: &str,
    output: &Output,
) -> Result<Sighting> {
    let mut mind = ask::mind(paths, settings, false);
    if let Some(picture) = picture {
        mind.set_eyes(eyes_on(picture, Arc::new(Installed::new(paths)), settings));
    }
    let mut uncopied = Ok(());
    let (answer, screen) = mind.answer_about(question, target, &Cancel::new(), &mut |piece| {
        if let Piece::Action(HostAction::Copy { text }) = piece {
            uncopied = ask::copy(text, output);
        }
    })?;
    uncopied?;
    Ok(Sighting { screen, reply: answer.reply })
}

fn show(Sighting { screen, reply }: &Sighting, asked: bool, output: &Output) {
    let seen = Seen {
        lines: screen
            .lines
            .iter()
            .map(|TextLine { text, region, confidence, role }| Line {
                text,
                region: corners(region),
                confidence: *confidence,
                role: *role,
            })
            .collect(),
        source: screen.source,
        reply,
        region: corners(&screen.region),
        window: screen.window.as_deref(),
        application: screen.application.as_deref(),
        notes: &screen.notes,
        timings_ms: screen.timings_ms,
    };
    output.result(&seen, || {
        if asked {
            return reply.clone();
        }
        // The cells of a row in one line, for a program that wants columns; what can't be read is noise (JSON has it).
        let row = |cells: &[TextLine]| cells.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\t");
        let legible: Vec<TextLine> = screen.lines.iter().filter(|line| line.is_legible()).cloned().collect();
        let rows = legible.chunk_by(TextLine::is_left_of).map(row);
        rows.chain(screen.notes.iter().cloned()).collect::<Vec<_>>().join("\n")
    });
}

/// Left, top, width, height.
fn corners(region: &Region) -> [i64; 4] {
    [region.x.into(), region.y.into(), region.width.into(), region.height.into()]
}

/// A region as it is written: left, top, width, height.
fn region(text: &str) -> std::result::Result<Region, String> {
    let wrong = || "it has to be four whole numbers, X,Y,W,H, such as 0,0,800,600".to_owned();
    let numbers: Vec<&str> = text.split(',').map(str::trim).collect();
    let [x, y, width, height] = numbers[..] else { return Err(wrong()) };
    let is_whole = |number: &str| {
        let digits = number.strip_prefix(['-', '+']).unwrap_or(number);
        !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())
    };
    if !numbers.iter().all(|number| is_whole(number)) {
        return Err(wrong());
    }
    if width.starts_with('-') || height.starts_with('-') {
        return Err("its width and height have to be at least 1".into());
    }
    let far = |number: &str| format!("{number} is further than any screen or picture goes");
    let place = |number: &str| number.parse::<i32>().map_err(|_| far(number));
    let length = |number: &str| number.parse::<u32>().map_err(|_| far(number));
    let region = Region::new(place(x)?, place(y)?, length(width)?, length(height)?);
    if region.is_empty() { Err("its width and height have to be at least 1".into()) } else { Ok(region) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_four_numbers() {
        assert_eq!(region("-10, 20,300,40"), Ok(Region::new(-10, 20, 300, 40)));
        for text in ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "0,0,0,5", "0,0,-5,5", "0,0,1.5,2", "99999999999,0,1,1"] {
            assert!(region(text).is_err(), "{text}");
        }
        assert_eq!(region("99999999999,0,1,1"), Err("99999999999 is further than any screen or picture goes".into()));
        assert_eq!(region("0,0,-5,5"), Err("its width and height have to be at least 1".into()));
    }
}
