//! Text of the screen, put on the clipboard.
//!
//! Owns what is copied for a request, and what is said of it. "Copy it" is what was told last, and nothing where nothing was.

use super::nouns::is_numbered;
use super::reading::{part_of, place_of, too_few};
use super::say::counted;
use super::told::{Told, slots};
use super::{Screen, error, find, legibly, noted, read, where_looked};
use jarvis_core::{HostAction, Reply, ScreenTarget, ScreenText, Seen, Slots, TextLine};
use std::hash::BuildHasher;

/// What is asked back where nothing says what is to be copied.
const COPY_WHAT: &str = "What should I copy? Say copy everything, copy the error, or copy and what it is called.";

impl Screen {
    /// Answers [`super::COPY`] where no look is needed: what was told last is no text of the screen, or nothing was.
    pub(super) fn copy_unseen(&self, slots: &Slots, last_reply: Option<&str>) -> Option<Reply> {
        let what = slots.get("what").map(String::as_str);
        if !matches!(what, Some("that" | "it")) {
            return None;
        }
        let told = self.told.as_ref().filter(|_| what == Some("that"));
        let Some(told) = told else { return Some(Reply::say(COPY_WHAT)) };
        if told.about.get("what").is_none_or(|what| what != "answer") {
            return None;
        }
        // Where it was not answered after all, there is nothing to copy.
        let answer = last_reply.filter(|reply| Some(self.key.hash_one(reply)) != told.before);
        let Some(text) = answer else { return Some(Reply::say(COPY_WHAT)) };
        let spoken = format!("Copied the answer: {}.", counted(text.split_whitespace().count(), "word"));
        Some(Reply { spoken, actions: vec![HostAction::Copy { text: text.to_owned() }], ..Reply::default() })
    }

    /// Answers [`super::COPY`].
    pub(super) fn copy(&mut self, slots: &Slots, screen: &ScreenText, may_look_on: bool) -> Seen {
        let slots = match (slots.get("what").map(String::as_str), &self.told) {
            // What was told last, once more from what is there now.
            (Some("that"), Some(told)) => copied_from(&told.about),
            _ => slots.clone(),
        };
        let what = slots.get("what").map_or("all", String::as_str);
        let query = slots.get("query").map_or("", String::as_str);
        let (text, name) = match (what, part_of(&slots)) {
            ("error", _) => match error::find(screen) {
                none if none.is_empty() => (join(&error::message(screen)), "the message; it is no error".to_owned()),
                lines => (join(&lines), "the error".to_owned()),
            },
            (_, Some(part)) => {
                let lines = read::body(screen);
                let text = place_of(part, &lines, screen).map(|place| join(&lines[place]));
                (text.unwrap_or_default(), format!("that {}", part.unit))
            }
            ("line", None) => (
                find::find(screen, query).map_or_else(String::new, |found| found.line.text.clone()),
                "that line".to_owned(),
            ),
            ("found", _) => {
                let found = find::find(screen, query);
                // The name of a file is what it is, and no label of its size.
                let value =
                    |found: find::Found<'_>| found.value.filter(|_| !is_numbered(query)).map(|value| value.text);
                let text = found.map(|found| {
                    let line = found.line.text.clone();
                    value(found).unwrap_or(line)
                });
                (text.unwrap_or_default(), format!("the {}", query.trim_start_matches("the ")))
            }
            _ => (join(&read::body(screen)), "the text".to_owned()),
        };
        if text.trim().is_empty() {
            if may_look_on {
                return Seen::Look(ScreenTarget::PointerMonitor);
            }
            let missing = match (what, part_of(&slots)) {
                ("error", _) => format!("I see no error {} to copy.", where_looked(screen)),
                (_, Some(part)) => too_few(part, &read::body(screen), screen),
                ("line" | "found", _) => {
                    format!("I don't see “{query}” {}, so I copied nothing.", where_looked(screen))
                }
                _ => format!("I see no text {} to copy.", where_looked(screen)),
            };
            self.told = None;
            return Seen::Reply(Reply::say(noted(missing, screen)));
        }
        let (lines, words) = (text.lines().count(), text.split_whitespace().count());
        let amount = if lines > 1 {
            format!("{}, {}", counted(lines, "line"), counted(words, "word"))
        } else {
            counted(words, "word")
        };
        let spoken = legibly(format!("Copied {name}: {amount}."), screen);
        // What is being read is still being read.
        let reading = self.told.take().and_then(|told| told.reading);
        self.told = Some(Told { reading, ..Told::of(slots) });
        Seen::Reply(Reply { spoken, actions: vec![HostAction::Copy { text }], ..Reply::default() })
    }
}

/// What "copy that" copies after this was told.
fn copied_from(about: &Slots) -> Slots {
    let mut copied = about.clone();
    match about.get("what").map(String::as_str) {
        Some("line" | "paragraph" | "sentence" | "error" | "all") => {}
        _ if about.contains_key("query") => drop(copied.insert("what".into(), "found".into())),
        _ => copied = slots("all"),
    }
    copied
}

/// Lines as they stand, a line each; cells of one row with tabs between, as spreadsheets take them.
fn join(lines: &[&TextLine]) -> String {
    let rows = lines.chunk_by(|line, next| line.is_left_of(next));
    let row = |cells: &[&TextLine]| cells.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\t");
    rows.map(row).collect::<Vec<_>>().join("\n")
}
