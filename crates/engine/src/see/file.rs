//! Eyes on a picture from a file.
//!
//! Owns how a page that may lie on its side is read. Never looks at the screen.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jarvis_core::{Cancel, Eyes, Look, Result, ScreenTarget, ScreenText, SystemClock};
use jarvis_settings::Settings;
use jarvis_vision::capture::Picture;
use jarvis_vision::eyes::{self, Rules, Screen};

use super::late::LateRecognizer;
use crate::heavy::Heavy;
use crate::load::Parts;

/// Eyes that see `picture` wherever they look.
pub fn eyes_on(picture: Picture, parts: Arc<dyn Parts>, settings: &Settings) -> Box<dyn Eyes> {
    let settings = Arc::new(Mutex::new(Arc::new(settings.clone())));
    let recognizer = LateRecognizer::new(parts, settings, Arc::default(), Heavy::default());
    Box::new(OnPicture { picture, recognizer })
}

/// Eyes on a picture from a file: what they say of it is not said of a screen. What can't be read as it is they read turned,
/// since a page may have been scanned on its side.
struct OnPicture {
    picture: Picture,
    recognizer: LateRecognizer,
}

/// What is said of a picture of one colour.
const BLANK_PICTURE: &str = "The picture is blank: it has one colour all over.";
/// Quarters by which a picture is turned clockwise until it can be read, and what is said of it.
const TURNS: [(u8, &str); 3] = [
    (2, "The picture is upside down; I read it turned round."),
    (1, "The picture is turned to the left; I read it turned back."),
    (3, "The picture is turned to the right; I read it turned back."),
];

impl OnPicture {
    /// Looks at it turned clockwise by so many quarters.
    fn look_turned(&self, quarters: u8, look: &Look, cancel: &Cancel) -> Result<ScreenText> {
        let (capture, recognizer) = (Box::new(self.picture.turned(quarters)), Box::new(self.recognizer.clone()));
        let parts = eyes::Parts { capture, recognizer, tree: None, clock: Arc::new(SystemClock) };
        // There is nobody's window in it.
        Screen::new(parts, Rules::new([""; 0], false), Duration::ZERO).look(look, cancel)
    }
}

impl Eyes for OnPicture {
    fn look(&mut self, look: &Look, cancel: &Cancel) -> Result<ScreenText> {
        let begin = Instant::now();
        let is_unread = |seen: &ScreenText| seen.notes.iter().any(|note| note.ends_with(ScreenText::ILLEGIBLE));
        let legible = |seen: &ScreenText| {
            let lines = seen.lines.iter().filter(|line| line.is_legible());
            lines.map(|line| line.text.chars().count()).sum::<usize>()
        };
        let mut seen = self.look_turned(0, look, cancel)?;
        // A part is named by its place in the picture as it is.
        if is_unread(&seen) && !matches!(look.target, ScreenTarget::Region(_)) {
            for (quarters, note) in TURNS {
                let mut turned = self.look_turned(quarters, look, cancel)?;
                if !is_unread(&turned) && legible(&turned) > 2 * legible(&seen) {
                    turned.notes.push(note.to_owned());
                    turned.timings_ms.total = begin.elapsed().as_secs_f64() * 1000.0;
                    seen = turned;
                    break;
                }
            }
        }
        seen.is_picture = true;
        for note in seen.notes.iter_mut().filter(|note| *note == eyes::BLANK) {
            BLANK_PICTURE.clone_into(note);
        }
        Ok(seen)
    }
}
