//! The screen read out: whole, piece by piece, a part of it by its place or by its words.
//!
//! Owns what is read next. A piece is about a minute of speech; "go on" reads the next one, "go back" the one before, and
//! what was silenced is read again from the first line that was not heard whole.

use super::nouns::Part;
use super::say::{counted, flow};
use super::told::{Reading, Told, slots};
use super::{Screen, error, find, legibly, list, noted, read, table, where_looked};
use jarvis_core::{HostAction, Reply, ScreenTarget, ScreenText, Seen, Slots, TextLine};
use std::hash::BuildHasher;

/// Words of an error that are said at once.
const ERROR_WORDS: usize = 60;

impl Screen {
    /// Answers [`super::READ`]. `is_as_before`: the screen has the text that it had at the look before.
    pub(super) fn read(&mut self, slots: &Slots, screen: &ScreenText, may_look_on: bool, is_as_before: bool) -> Seen {
        let what = slots.get("what").map_or("summary", String::as_str);
        match what {
            "summary" | "gist" => Seen::Reply(self.sum_up(what, screen)),
            "changes" => Seen::Reply(self.tell_changes(screen, is_as_before)),
            "more" | "back" | "again" => self.read_on(what, screen, may_look_on),
            "found" => self.read_found(slots, screen, may_look_on),
            "line" | "row" | "column" | "paragraph" | "sentence" | "step" | "point" => {
                self.read_part(slots, screen, may_look_on)
            }
            _ => {
                let is_empty = lines_of(what, screen).is_empty();
                // What a dialog says is worth hearing if it is no error, too.
                let message = if what == "error" && is_empty { error::message(screen) } else { Vec::new() };
                if !message.is_empty() {
                    self.told = Some(Told::of(slots.clone()));
                    let said = format!("{}{}", error::title(screen, &message), flow(&message));
                    let is_asked_for = slots.get("word").is_some_and(|word| word == "message");
                    let beginning = if is_asked_for { "It says" } else { "I see no error; there is a message" };
                    return Seen::Reply(Reply::say(legibly(format!("{beginning}: {said}"), screen)));
                }
                if is_empty && may_look_on {
                    return Seen::Look(ScreenTarget::PointerMonitor);
                }
                self.told = Some(Told { reading: Some(Reading::new(slots.clone())), ..Told::of(slots.clone()) });
                self.read_from(0, screen)
            }
        }
    }

    pub(super) fn sum_up(&mut self, what: &str, screen: &ScreenText) -> Reply {
        let spoken = if what == "gist" { read::gist(screen) } else { read::summary(screen) };
        // "Read it all" goes on from here. What a gist is made of is not what it says.
        let about = slots(if what == "gist" { "answer" } else { "all" });
        let reading = Some(Reading::new(slots("all")));
        self.told = Some(Told { reading, before: self.last_reply, ..Told::of(about) });
        Reply::say(noted(spoken, screen))
    }

    fn tell_changes(&mut self, screen: &ScreenText, is_as_before: bool) -> Reply {
        let now = self.sum_up("summary", screen);
        if is_as_before || screen.notes.iter().any(|note| note == ScreenText::UNCHANGED) {
            return Reply::say(ScreenText::UNCHANGED);
        }
        Reply::say(format!("That is not what I saw last. {}", now.spoken))
    }

    fn read_on(&mut self, how: &str, screen: &ScreenText, may_look_on: bool) -> Seen {
        let Some(mut told) = self.told.take() else { return Seen::Reply(self.sum_up("summary", screen)) };
        let mut reading = told.reading.take().unwrap_or_else(|| Reading::new(slots("all")));
        let lines = lines_of(reading.slots.get("what").map_or("all", String::as_str), screen);
        if lines.is_empty() && may_look_on {
            told.reading = Some(reading);
            self.told = Some(told);
            return Seen::Look(ScreenTarget::PointerMonitor);
        }
        let from = match how {
            "more" => reading.next(&lines),
            "back" => reading.back(&lines),
            _ => 0,
        };
        told.reading = Some(reading);
        self.told = Some(told);
        self.read_from(from, screen)
    }

    /// Reads the piece that begins with the line `from` of what is being read.
    fn read_from(&mut self, from: usize, screen: &ScreenText) -> Seen {
        let Some(reading) = self.told.as_mut().and_then(|told| told.reading.as_mut()) else {
            return Seen::Reply(Reply::say(noted(NO_TEXT.into(), screen)));
        };
        let what = reading.slots.get("what").map_or("all", String::as_str);
        let lines = lines_of(what, screen);
        let rest = &lines[from.min(lines.len())..];
        if lines.is_empty() {
            let missing = match what {
                "error" => format!("I see no error {}.", where_looked(screen)),
                _ => NO_TEXT.to_owned(),
            };
            self.told = None;
            return Seen::Reply(Reply::say(noted(missing, screen)));
        }
        if rest.is_empty() {
            reading.end();
            return Seen::Reply(Reply::say("That was all."));
        }
        let is_error = what == "error";
        let count = if is_error { whole_or_piece(rest) } else { read::piece(rest) };
        let beginning = match is_error && from == 0 {
            true => format!("It says: {}", error::title(screen, rest)),
            false => String::new(),
        };
        reading.read(&lines, from, from + count, beginning.split_whitespace().count());
        let mut spoken = format!("{beginning}{}", flow(&rest[..count]));
        if count < rest.len() {
            let more = counted(rest.len() - count, "more line");
            let verb = if rest.len() - count == 1 { "is" } else { "are" };
            spoken.push_str(&format!(" There {verb} {more}. Say go on to hear them."));
        }
        let is_first = from == 0 && !is_error;
        Seen::Reply(Reply::say(if is_first { noted(spoken, screen) } else { legibly(spoken, screen) }))
    }

    /// Reads the paragraph in which something stands.
    fn read_found(&mut self, slots: &Slots, screen: &ScreenText, may_look_on: bool) -> Seen {
        let query = slots.get("query").map_or("", String::as_str);
        if slots.contains_key("unit")
            && let Some(reply) = self.read_rows(slots, query, screen)
        {
            return Seen::Reply(reply);
        }
        let lines = read::body(screen);
        let place = find::find(screen, query).and_then(|found| {
            if found.value.is_some() || found.is_secret(query) {
                return None;
            }
            read::paragraph_at(&lines, lines.iter().position(|line| std::ptr::eq(*line, found.line))?)
        });
        // What a heading is over is read whole: "read the ingredients".
        match list::under(query, &lines).or(place) {
            Some(place) => self.read_lines(slots.clone(), place, &lines, screen),
            // A label is read with its value.
            None => self.find(slots, screen, may_look_on),
        }
    }

    /// The rows in which `query` stands, whole.
    pub(super) fn read_rows(&mut self, slots: &Slots, query: &str, screen: &ScreenText) -> Option<Reply> {
        let rows = read::rows_with(query, screen);
        if rows.is_empty() || super::secret::is_secret(query) {
            return None;
        }
        let mut told = slots.clone();
        told.insert("what".into(), "line".into());
        self.told = Some(Told::of(told));
        let said: Vec<String> = rows.iter().map(|row| flow(row)).collect();
        let lines: Vec<&TextLine> = rows.concat();
        let region = lines.iter().map(|line| line.region).reduce(|all, other| all.union(&other))?;
        let spoken = super::legibly_of(said.join(" "), &lines);
        Some(Reply { spoken, actions: vec![HostAction::Highlight { region }], ..Reply::default() })
    }

    /// Reads a line, a sentence or a paragraph by its place.
    fn read_part(&mut self, slots: &Slots, screen: &ScreenText, may_look_on: bool) -> Seen {
        let Some(part) = part_of(slots) else { return Seen::Reply(self.sum_up("summary", screen)) };
        let lines = read::body(screen);
        if lines.is_empty() && may_look_on {
            return Seen::Look(ScreenTarget::PointerMonitor);
        }
        if part.is_of_table()
            && let Some((said, lines)) = table::part(part, screen)
        {
            self.told = (!lines.is_empty()).then(|| Told::of(slots.clone()));
            return Seen::Reply(Reply::say(super::legibly_of(said, &lines)));
        }
        if let Some(place) = place_of(part, &lines, screen) {
            return self.read_lines(slots.clone(), place, &lines, screen);
        }
        if part.unit == "sentence" {
            let sentences = read::sentences(&flow(&lines));
            if let Some(sentence) = nth(part.at, sentences.len()).map(|at| sentences[at].clone()) {
                self.told = Some(Told { before: self.last_reply, ..Told::of(super::told::slots("answer")) });
                return Seen::Reply(Reply::say(legibly(sentence, screen)));
            }
        }
        self.told = None;
        Seen::Reply(Reply::say(noted(too_few(part, &lines, screen), screen)))
    }

    /// Reads some of the lines; "go on" goes on behind them.
    fn read_lines(
        &mut self,
        about: Slots,
        place: std::ops::Range<usize>,
        lines: &[&TextLine],
        screen: &ScreenText,
    ) -> Seen {
        let mut reading = Reading::new(slots("all"));
        reading.read(lines, place.start, place.end, 0);
        self.told = Some(Told { reading: Some(reading), ..Told::of(about) });
        let spoken = flow(&lines[place]);
        Seen::Reply(Reply::say(legibly(spoken, screen)))
    }

    /// The last piece that was read was silenced after so many words.
    pub(super) fn silence(&mut self, heard: usize) {
        if let Some(reading) = self.told.as_mut().and_then(|told| told.reading.as_mut()) {
            reading.silenced(heard);
        }
    }

    /// Takes note of what was said before the answer that is made now.
    pub(super) fn note_last_reply(&mut self, last_reply: Option<&str>) {
        self.last_reply = last_reply.map(|reply| self.key.hash_one(reply));
    }
}

const NO_TEXT: &str = "I see no text there.";

/// The lines that are read for `what`.
fn lines_of<'a>(what: &str, screen: &'a ScreenText) -> Vec<&'a TextLine> {
    if what == "error" { error::find(screen) } else { read::body(screen) }
}

/// An error is said whole unless it is very long.
fn whole_or_piece(lines: &[&TextLine]) -> usize {
    let words: usize = lines.iter().map(|line| line.text.split_whitespace().count()).sum();
    if words <= ERROR_WORDS { lines.len() } else { read::piece(lines) }
}

/// The part that a request names.
pub(super) fn part_of(slots: &Slots) -> Option<Part> {
    let unit = ["line", "row", "column", "paragraph", "sentence", "step", "point"]
        .into_iter()
        .find(|unit| slots.get("what").is_some_and(|what| what == unit));
    Some(Part { unit: unit?, at: slots.get("at")?.parse().ok()? })
}

/// The lines that `part` is: one that is called so ("Paragraph 7: ..."), or the one at its place.
pub(super) fn place_of(part: Part, lines: &[&TextLine], screen: &ScreenText) -> Option<std::ops::Range<usize>> {
    let name = super::words::words(&format!("{} {}", part.unit, part.at));
    let is_called_so = |line: &&TextLine| super::words::words(&line.text).starts_with(&name);
    if let Some(at) = lines.iter().position(is_called_so) {
        return match part.unit {
            // The next one's name ends it.
            "paragraph" => {
                let named =
                    |line: &&TextLine| super::words::words(&line.text).first().is_some_and(|first| *first == name[0]);
                let end = lines[at + 1..].iter().position(named).map_or(lines.len(), |next| at + 1 + next);
                read::paragraph_at(lines, at).map(|paragraph| at..paragraph.end.min(end))
            }
            _ => Some(at..at + 1),
        };
    }
    match part.unit {
        // Where there is no table, what people call its rows are lines.
        "line" | "row" => nth(part.at, lines.len()).map(|at| at..at + 1),
        "step" | "point" => list::item(part, lines),
        "paragraph" => {
            let all = read::paragraph_places(lines, screen);
            nth(part.at, all.len()).map(|at| all[at].clone())
        }
        _ => None,
    }
}

/// What is said of a part that is not there.
pub(super) fn too_few(part: Part, lines: &[&TextLine], screen: &ScreenText) -> String {
    let count = match part.unit {
        "paragraph" => read::paragraph_places(lines, screen).len(),
        "sentence" => read::sentences(&flow(lines)).len(),
        "step" | "point" => list::of_unit(part.unit, lines).map_or(0, |list| list.items.len()),
        "column" => return format!("I see no table {}.", where_looked(screen)),
        _ => lines.len(),
    };
    match count {
        0 if part.is_of_list() => format!("I see no {}s {}.", part.unit, where_looked(screen)),
        0 => NO_TEXT.to_owned(),
        _ => format!("I see only {} {}.", counted(count, part.unit), where_looked(screen)),
    }
}

/// The index of the one at place `at`, counted from 1, or of the last for 0.
fn nth(at: u32, count: usize) -> Option<usize> {
    if at == 0 { count.checked_sub(1) } else { Some(at as usize - 1).filter(|at| *at < count) }
}
