//! What is on the screen: read, found, copied, asked about.
//!
//! Owns what is made of a request and the text of the screen. Says what it wants to look at ([`jarvis_core::Reply::look`])
//! and never looks itself; keeps nothing of what it saw but the last line that it read out, to go on from there. What
//! stands on the screen is told and never obeyed.

mod error;
mod excerpt;
mod find;
mod place;
mod read;
mod request;
mod say;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod words;

use crate::router::pattern::Patterns;
use find::Found;
use jarvis_core::{
    Error, HostAction, IntentMatch, Reply, Result, Risk, ScreenTarget, ScreenText, Seen, Skill, SkillContext,
    SkillSpec, Slots, TextLine, TextSource,
};
use request::Requests;
use say::{counted, flow, is_legible};
use std::time::{Duration, Instant};

/// Reads what is on the screen, or an error on it.
pub const READ: &str = "screen.read";
/// Says where something stands, and what stands beside it.
pub const FIND: &str = "screen.find";
/// Puts text of the screen on the clipboard.
pub const COPY: &str = "screen.copy";
/// A question about the screen for the language model.
pub const ASK: &str = "screen.ask";

const SPECS: &[SkillSpec] = &[
    SkillSpec {
        intent: READ,
        description: "Read what is on the screen, or what an error on it says.",
        examples: &["what is on my screen", "what does that error say", "read this", "summarize this page"],
        risk: Risk::None,
    },
    SkillSpec {
        intent: FIND,
        description: "Find something on the screen and say where it is.",
        examples: &["find the invoice number", "where does it say total"],
        risk: Risk::None,
    },
    SkillSpec {
        intent: COPY,
        description: "Copy text from the screen to the clipboard.",
        examples: &["copy the text", "copy the error", "copy the invoice number"],
        risk: Risk::Low,
    },
    SkillSpec {
        intent: ASK,
        description: "Answer a question about the text on the screen.",
        examples: &["what does this page say about refunds", "is the deadline on this page before friday"],
        risk: Risk::None,
    },
];

/// What the eyes note of a screen that is as it was; nothing is missing from an answer for that.
const UNCHANGED: &str = "Nothing changed since the last look.";
/// A note that was said is not said again for so long with answers that have what was asked for.
const SAID_LATELY: Duration = Duration::from_secs(300);

/// Words of an error that are said at once.
const ERROR_WORDS: usize = 60;

/// "Go on", after a part was read.
const GO_ON: &[((), &str)] = &[
    (
        (),
        "(go on|read on|continue|continue reading|keep reading|keep going|read more|more|next|and then|go ahead|carry on|yes|yes go on)",
    ),
    ((), "read (it all|all of it|all|everything|the rest|it|on to the end)"),
];
/// "Copy that", after something was told.
const COPY_THAT: &[((), &str)] =
    &[((), "copy (that|it|this|them|the value|that one|that line|the answer) [to the clipboard|to my clipboard]")];

/// What was told last, in the request's words: it is looked at anew for whatever goes on from it.
#[derive(Debug, Clone, PartialEq)]
struct Told {
    slots: Slots,
    /// The line that was read last, and which it was; none where everything was read, or nothing is read out.
    read_to: Option<(usize, String)>,
    /// More is to be read.
    goes_on: bool,
}

/// The screen. See the module's own words.
pub struct Screen {
    requests: Requests,
    go_on: Patterns<()>,
    copy_that: Patterns<()>,
    told: Option<Told>,
    /// Notes of looks that were said lately, and when.
    noted: Vec<(String, Instant)>,
}

impl Screen {
    /// The skill, ready.
    pub fn new() -> Self {
        Self {
            requests: Requests::new(),
            go_on: Patterns::new(GO_ON),
            copy_that: Patterns::new(COPY_THAT),
            told: None,
            noted: Vec::new(),
        }
    }

    fn read(&mut self, slots: &Slots, screen: &ScreenText, may_look_on: bool) -> Seen {
        let what = slots.get("what").map_or("summary", String::as_str);
        let goes_on = what == "more";
        let told = self.told.take().filter(|_| goes_on);
        let slots = told.as_ref().map_or_else(|| slots.clone(), |told| told.slots.clone());
        let what = if goes_on { slots.get("what").map_or("all", String::as_str) } else { what };
        let lines = match what {
            "error" => error::find(screen),
            _ => read::body(screen),
        };
        let mut read_to = None;
        let spoken = match what {
            "summary" | "gist" if !goes_on => {
                // "Read it all" goes on from here.
                let spoken = if what == "gist" { read::gist(screen) } else { read::summary(screen) };
                self.told =
                    Some(Told { slots: Slots::from([("what".into(), "all".into())]), read_to: None, goes_on: true });
                return Seen::Reply(Reply::say(noted(spoken, screen)));
            }
            _ if lines.is_empty() && may_look_on => return Seen::Look(ScreenTarget::PointerMonitor),
            "error" if lines.is_empty() => format!("I see no error {}.", where_looked(screen)),
            _ if lines.is_empty() => "I see no text there.".to_owned(),
            _ => {
                let from = told.as_ref().map_or(0, |told| told.next(&lines));
                let rest = &lines[from.min(lines.len())..];
                if rest.is_empty() {
                    "That was all.".to_owned()
                } else {
                    let count = if what == "error" { whole_or_piece(rest) } else { read::piece(rest) };
                    let mut spoken = match what {
                        "error" if from == 0 => format!("It says: {}", flow(&rest[..count])),
                        _ => flow(&rest[..count]),
                    };
                    if count < rest.len() {
                        let more = counted(rest.len() - count, "more line");
                        let verb = if rest.len() - count == 1 { "is" } else { "are" };
                        spoken.push_str(&format!(" There {verb} {more}. Say go on to hear them."));
                        read_to = Some((from + count - 1, rest[count - 1].text.clone()));
                    }
                    spoken
                }
            }
        };
        let goes_on = read_to.is_some();
        let whole = lines.is_empty() || (told.is_none() && what != "error");
        self.told = Some(Told { slots, read_to, goes_on });
        Seen::Reply(Reply::say(if whole { noted(spoken, screen) } else { legibly(spoken, screen) }))
    }

    fn find(&mut self, slots: &Slots, screen: &ScreenText, may_look_on: bool) -> Seen {
        let query = slots.get("query").map_or("", String::as_str);
        let Some(found) = find::find(screen, query) else {
            if may_look_on {
                return Seen::Look(ScreenTarget::PointerMonitor);
            }
            self.told = None;
            return Seen::Reply(Reply::say(noted(format!("I don't see “{query}” {}.", where_looked(screen)), screen)));
        };
        self.told = Some(Told { slots: slots.clone(), read_to: None, goes_on: false });
        let actions = vec![HostAction::Highlight { region: found.region() }];
        Seen::Reply(Reply { spoken: located(&found, query, screen), actions, ..Reply::default() })
    }

    fn copy(&mut self, slots: &Slots, screen: &ScreenText, may_look_on: bool) -> Seen {
        let slots = match (slots.get("what").map(String::as_str), &self.told) {
            // What was told last, once more from what is there now.
            (Some("that"), Some(told)) => copied_from(&told.slots),
            _ => slots.clone(),
        };
        let what = slots.get("what").map_or("all", String::as_str);
        let query = slots.get("query").map_or("", String::as_str);
        let (text, name) = match what {
            "error" => (join(&error::find(screen)), "the error".to_owned()),
            "line" => (
                find::find(screen, query).map_or_else(String::new, |found| found.line.text.clone()),
                "that line".to_owned(),
            ),
            "found" => {
                let found = find::find(screen, query);
                let text = found.map(|found| found.value.map_or_else(|| found.line.text.clone(), |value| value.text));
                (text.unwrap_or_default(), format!("the {}", query.trim_start_matches("the ")))
            }
            _ => (join(&read::body(screen)), "the text".to_owned()),
        };
        if text.trim().is_empty() {
            if may_look_on {
                return Seen::Look(ScreenTarget::PointerMonitor);
            }
            let missing = match what {
                "error" => format!("I see no error {} to copy.", where_looked(screen)),
                "line" | "found" => format!("I don't see “{query}” {}, so I copied nothing.", where_looked(screen)),
                _ => format!("I see no text {} to copy.", where_looked(screen)),
            };
            return Seen::Reply(Reply::say(noted(missing, screen)));
        }
        let (lines, words) = (text.lines().count(), text.split_whitespace().count());
        let amount = if lines > 1 {
            format!("{}, {}", counted(lines, "line"), counted(words, "word"))
        } else {
            counted(words, "word")
        };
        let spoken = legibly(format!("Copied {name}: {amount}."), screen);
        Seen::Reply(Reply { spoken, actions: vec![HostAction::Copy { text }], ..Reply::default() })
    }

    fn ask(&mut self, slots: &Slots, screen: &ScreenText) -> Seen {
        self.told = None;
        let question = slots.get("question").map_or("", String::as_str);
        if !screen.lines.iter().any(is_legible) {
            return Seen::Reply(Reply::say(noted("I see no text there.".into(), screen)));
        }
        // What a label says needs no language model.
        if let Some(label) = label_asked_for(question)
            && let Some(found @ Found { value: Some(_), is_near: false, .. }) = find::find(screen, label)
        {
            let actions = vec![HostAction::Highlight { region: found.region() }];
            return Seen::Reply(Reply { spoken: located(&found, label, screen), actions, ..Reply::default() });
        }
        Seen::Ask { prompt: excerpt::prompt(question, screen), after: String::new() }
    }
}

impl Screen {
    /// Adds to `said` what the user has to know of the look, such as that nothing could be left out, unless that was said
    /// lately.
    fn caution(&mut self, said: &mut String, screen: &ScreenText, now: Instant) {
        self.noted.retain(|(_, at)| now.saturating_duration_since(*at) < SAID_LATELY);
        for note in screen.notes.iter().filter(|note| *note != UNCHANGED) {
            let lately = self.noted.iter().any(|(noted, _)| noted == note);
            if lately {
                continue;
            }
            if !said.contains(note.as_str()) {
                if !said.is_empty() {
                    said.push(' ');
                }
                said.push_str(note);
            }
            self.noted.push((note.clone(), now));
        }
    }
}

impl Default for Screen {
    fn default() -> Self {
        Self::new()
    }
}

impl Skill for Screen {
    fn specs(&self) -> &'static [SkillSpec] {
        SPECS
    }

    fn recognize(&self, text: &str) -> Option<IntentMatch> {
        self.requests.recognize(text)
    }

    fn follow_up(&self, text: &str) -> Option<IntentMatch> {
        let told = self.told.as_ref()?;
        let follows = |intent, what: &str| {
            let slots = Slots::from([("what".to_owned(), what.to_owned())]);
            Some(IntentMatch { intent, slots, confidence: 0.95 })
        };
        if told.goes_on && self.go_on.find(text, |(), _| Some(())).is_some() {
            return follows(READ, "more");
        }
        if self.copy_that.find(text, |(), _| Some(())).is_some() {
            return follows(COPY, "that");
        }
        None
    }

    /// A question for the language model may go on; nothing else is asked for so wordily.
    fn expects_more(&self, matched: &IntentMatch) -> bool {
        matched.intent == ASK
    }

    fn run(&mut self, intent: &str, slots: &Slots, _context: &SkillContext<'_>) -> Result<Reply> {
        if !SPECS.iter().any(|spec| spec.intent == intent) {
            return Err(Error::new("skill.unknown", format!("No skill serves {intent}."), ""));
        }
        let look = match slots.get("where").map(String::as_str) {
            Some("monitor") => ScreenTarget::PointerMonitor,
            Some("monitors") => ScreenTarget::AllMonitors,
            _ => ScreenTarget::ActiveWindow,
        };
        Ok(Reply { look: Some(look), ..Reply::default() })
    }

    fn seen(
        &mut self,
        intent: &str,
        slots: &Slots,
        screen: &ScreenText,
        may_look_on: bool,
        context: &SkillContext<'_>,
    ) -> Result<Seen> {
        // Who may not see the window may not look past it either.
        let may_look_on = may_look_on && !is_refused(screen);
        let mut seen = match intent {
            FIND => self.find(slots, screen, may_look_on),
            COPY => self.copy(slots, screen, may_look_on),
            ASK => self.ask(slots, screen),
            _ => self.read(slots, screen, may_look_on),
        };
        match &mut seen {
            Seen::Reply(Reply { spoken: said, .. }) | Seen::Ask { after: said, .. } => {
                self.caution(said, screen, context.clock.now());
            }
            Seen::Look(_) => {}
        }
        Ok(seen)
    }
}

/// What `words` mean where it is sure that they are about what is seen.
pub fn about(words: &str) -> IntentMatch {
    Requests::new().recognize(words).unwrap_or_else(|| request::question(words))
}

impl Told {
    /// The first of `lines` that was not read yet. Where the last one that was is gone, all of them are new.
    fn next(&self, lines: &[&TextLine]) -> usize {
        let Some((at, last)) = &self.read_to else { return 0 };
        let same = (0..lines.len()).filter(|other| lines[*other].text == *last);
        same.min_by_key(|other| other.abs_diff(*at)).map_or(0, |at| at + 1)
    }
}

/// What "copy that" copies after this was told.
fn copied_from(told: &Slots) -> Slots {
    let mut slots = told.clone();
    if slots.contains_key("query") {
        slots.insert("what".into(), "found".into());
    }
    slots
}

/// An error is said whole unless it is very long.
fn whole_or_piece(lines: &[&TextLine]) -> usize {
    let words: usize = lines.iter().map(|line| line.text.split_whitespace().count()).sum();
    if words <= ERROR_WORDS { lines.len() } else { read::piece(lines) }
}

/// What was found, and where.
fn located(found: &Found<'_>, query: &str, screen: &ScreenText) -> String {
    let place = place::of_line(found.line, screen);
    let label = say::aloud(&say::beginning(&found.line.text, 12));
    let mut said = match &found.value {
        Some(_) if say::is_secret(query) || say::is_secret(&found.line.text) => {
            format!("It is {place}. I don't say it aloud; say copy it, to have it on the clipboard.")
        }
        // Its words say it already.
        Some(value) if value.region == found.line.region => format!("{}. It is {place}.", label.trim_end_matches('.')),
        Some(value) => {
            format!(
                "{}: {}. It is {place}.",
                label.trim_end_matches([':', '.', ' ']),
                say::aloud(&value.text).trim_end_matches('.')
            )
        }
        None if found.is_near => format!("The nearest that I see is “{label}”, {place}."),
        None => format!("“{label}” is {place}."),
    };
    match found.others {
        0 => {}
        1 => said.push_str(" It is there once more."),
        others => said.push_str(&format!(" It is there {others} more times.")),
    }
    said
}

/// Whether nothing of the window was to be seen, and a note says why. That nothing changed is noted of what is known.
fn is_refused(screen: &ScreenText) -> bool {
    screen.lines.is_empty() && screen.notes.len() > usize::from(screen.source == TextSource::Cache)
}

/// Where it was looked, in words.
fn where_looked(screen: &ScreenText) -> &'static str {
    if screen.window.is_some() { "in that window" } else { "on your screen" }
}

/// `spoken`, and what the user has to know of the look: for answers that something may be missing in.
fn noted(mut spoken: String, screen: &ScreenText) -> String {
    for note in &screen.notes {
        spoken = format!("{} {note}", spoken.trim_end());
    }
    legibly(spoken, screen)
}

/// `spoken`, and how much could not be read.
fn legibly(spoken: String, screen: &ScreenText) -> String {
    let illegible = screen.lines.iter().filter(|line| !is_legible(line)).count();
    if illegible == 0 {
        return spoken.trim_end().to_owned();
    }
    format!("{} {} can't be read for sure.", spoken.trim_end(), counted(illegible, "line"))
}

/// Lines as they stand, a line each.
fn join(lines: &[&TextLine]) -> String {
    lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n")
}

/// The label whose value is asked for: "what is the invoice number on this page".
fn label_asked_for(question: &str) -> Option<&str> {
    let rest = ["what is ", "what was ", "what are ", "which is ", "how much is ", "who is ", "when is ", "tell me "]
        .iter()
        .find_map(|beginning| question.strip_prefix(beginning))?;
    let rest = rest.strip_prefix("the ").or_else(|| rest.strip_prefix("my ")).unwrap_or(rest);
    let end = [" on ", " in "].iter().filter_map(|word| rest.find(word)).min().unwrap_or(rest.len());
    let label = rest[..end].trim();
    (!label.is_empty() && label.split(' ').count() <= 4 && label != "it").then_some(label)
}
