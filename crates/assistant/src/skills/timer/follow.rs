//! What the words after an answer about timers mean: "five minutes" after "For how long?", "no, 15 minutes" after a timer.

use super::templates::{CANCEL, CHANGE, SET};
use super::{length_of, read_count};
use crate::router::pattern::Captures;
use jarvis_core::Slots;

/// What the last answer left open.
#[derive(Debug, Clone, PartialEq)]
pub enum Pending {
    /// For how long the timer of that name is to run.
    Length {
        /// Its name.
        label: Option<String>,
    },
    /// Of what so many are meant.
    Unit {
        /// As it was said.
        count: f64,
    },
    /// Whether a timer of so many seconds is wanted.
    Offer {
        /// Seconds.
        seconds: f64,
    },
    /// Which timer is meant by that request.
    Which {
        /// What is to be done.
        intent: &'static str,
        /// With what.
        slots: Slots,
    },
    /// Nothing, but this timer was set or changed just now, and may not be as it was meant.
    Latest {
        /// When it ends: that tells timers apart.
        ends: std::time::Instant,
    },
}

/// How a reply is worded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// A length of time and nothing else.
    Length,
    /// That length in place of another.
    To,
    /// So much more.
    More,
    /// So much less.
    Less,
    /// One more timer.
    Another,
    /// Not this one.
    Undo,
    /// Agreed.
    Yes,
    /// Every one.
    All,
    /// The one that is named.
    One,
}

/// Earlier ones are tried first.
pub const TEMPLATES: &[(Answer, &str)] = &[
    (
        Answer::Yes,
        "(yes|yeah|yep|sure|correct|exactly|of course|do it|do that|go ahead|that is right|yes do) [do that]",
    ),
    (Answer::All, "[cancel] (all|both|all of them|both of them|every one|everything)"),
    (Answer::Undo, "[no] (cancel|delete|remove|undo|scratch|forget) (it|that|that one|that timer|this one)"),
    (
        Answer::Another,
        "[set|start|make|add|give me] (another one|another timer|one more|a second one|another) [for|of] {duration} [too|as well]",
    ),
    (Answer::More, "(add|give me|give it|put on) [another|an extra] {duration} [more] [to it|to that|on it]"),
    (Answer::More, "[another] {duration} (more|longer)"),
    (Answer::Less, "(take|subtract|remove) {duration} [off|away|off it|from it|from that]"),
    (Answer::Less, "{duration} (less|shorter)"),
    (Answer::Length, "[for] {duration}"),
    (
        Answer::To,
        "(no|nope|no no|wait|sorry|no sorry|actually|no actually) [i said|i meant|i mean] [make it|make that|rather] [for|to] {duration} [instead|rather|then]",
    ),
    (
        Answer::To,
        "(i said|i meant|i mean|make it|make that|change it to|change that to|set it to|set it for|let us say|let us make it|rather|better) {duration} [instead|rather|then]",
    ),
    (Answer::To, "{duration} (instead|rather)"),
    (
        Answer::To,
        "(no|nope|no no|wait no|no wait|no sorry|no actually) (set|start|make) [me] (a|the|my|that) timer [for|of|to] {duration} [instead|rather]",
    ),
    (
        Answer::To,
        "[wait|sorry|actually] (set|start|make) [me] (a|the|my|that) timer [for|of|to] {duration} (instead|rather)",
    ),
    (Answer::One, "[the|cancel|cancel the|i mean|i mean the|i meant|i meant the|stop the] {label} [one|timer]"),
];

/// The intent and slots of a reply to what is pending, if it is one.
pub fn understood(pending: &Pending, answer: Answer, captures: &Captures) -> Option<(&'static str, Slots)> {
    let said = captures.get("duration");
    let seconds = || said.and_then(length_of).map(|length| length.as_secs_f64());
    let slot = |name: &str, value: String| Slots::from([(name.to_owned(), value)]);
    let set = |seconds: f64| (SET, slot("duration", seconds.to_string()));
    match (pending, answer) {
        (Pending::Length { label }, Answer::Length | Answer::To) => {
            let mut slots = match seconds() {
                Some(seconds) => set(seconds).1,
                None => slot("count", read_count(said?)?.to_string()),
            };
            slots.extend(label.clone().map(|label| ("label".to_owned(), label)));
            Some((SET, slots))
        }
        (Pending::Unit { .. } | Pending::Offer { .. }, Answer::Length | Answer::To) if seconds().is_some() => {
            seconds().map(set)
        }
        (Pending::Unit { count }, Answer::Length) => {
            length_of(&format!("{count} {}", said?)).map(|l| set(l.as_secs_f64()))
        }
        (Pending::Offer { seconds }, Answer::Yes) => Some(set(*seconds)),
        (Pending::Which { intent, slots }, Answer::All | Answer::One) => {
            // All of them can be cancelled, and nothing else.
            let named = match (captures.get("label"), *intent) {
                (Some(label), _) if label.split(' ').count() <= 4 => slot("label", label.to_owned()),
                (None, CANCEL) => slot("all", "true".into()),
                _ => return None,
            };
            Some((intent, slots.clone().into_iter().chain(named).collect()))
        }
        (Pending::Latest { .. }, Answer::Another) => seconds().map(set),
        (Pending::Latest { .. }, Answer::Undo) => Some((CANCEL, slot("latest", "true".into()))),
        (Pending::Latest { .. }, Answer::To | Answer::More | Answer::Less) => {
            let (name, sign) = match answer {
                Answer::To => ("to", 1.0),
                Answer::More => ("by", 1.0),
                _ => ("by", -1.0),
            };
            let mut slots = slot(name, (sign * seconds()?).to_string());
            slots.insert("latest".into(), "true".into());
            Some((CHANGE, slots))
        }
        _ => None,
    }
}
