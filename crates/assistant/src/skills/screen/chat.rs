//! Conversations on the screen: who wrote something, and when.
//!
//! Owns how messages are told apart: a name with a time over each, or before it in its line. What was written is quoted, never
//! summed up; what somebody asked there is answered with the message that came next.

use super::question::topic;
use super::say::{aloud, beginning, flow, is_kept};
use super::table::rows;
use super::words::{likeness, words};
use super::{measure, read};
use jarvis_core::{ScreenText, TextLine};

/// Words of a name.
const NAME: usize = 3;
/// With fewer messages a name and a time are something else.
const MESSAGES: usize = 2;
/// The most words of a message that are told.
const MOST_WORDS: usize = 30;
/// What fits less is another word.
const FITS: f32 = 0.8;
/// What people do in conversations.
#[rustfmt::skip]
const WRITING: [&str; 19] = [
    "write", "wrote", "written", "writes", "say", "said", "says", "mention", "mentioned", "send", "sent", "ask", "asked", "post",
    "posted", "answer", "answered", "suggested", "message",
];

/// What the last message is called.
const LAST: [&str; 4] = ["last", "latest", "newest", "recent"];

/// A message.
pub(super) struct Message<'a> {
    /// Who wrote it.
    pub name: &'a str,
    /// When, as it stands there.
    pub time: &'a str,
    /// The line that says so.
    pub head: Vec<&'a TextLine>,
    /// The lines that it is written in.
    pub body: Vec<&'a TextLine>,
    /// What was written, where its first line has the name and the time as well.
    own: Option<String>,
}

impl Message<'_> {
    /// What was written.
    pub fn text(&self) -> String {
        self.own.clone().unwrap_or_else(|| flow(&self.body))
    }

    fn has(&self, word: &str) -> bool {
        words(&self.text()).iter().any(|said| likeness(word, said) >= FITS)
    }

    /// Whether something of it is never told.
    pub fn is_kept(&self) -> bool {
        self.body.iter().any(|line| is_kept(line))
    }
}

/// Answers "who wrote about the budget", "when did Tom write" and "who wrote the last message": what is said, and the lines that say so.
pub(super) fn answer<'a>(asked: &str, screen: &'a ScreenText) -> Option<(String, Vec<&'a TextLine>)> {
    let all = words(asked);
    let is_when = all.first().is_some_and(|first| first == "when");
    let messages = messages(screen);
    let told = |found: &Message<'a>| {
        let text = beginning(&found.text(), MOST_WORDS);
        let said = format!("{}, at {}: {text}", aloud(found.name), found.time);
        (said, found.head.iter().chain(&found.body).copied().collect())
    };
    if let Some(reply) = reply(asked, &all, &messages) {
        return Some(reply);
    }
    let is_of_last = all.iter().any(|word| LAST.contains(&word.as_str())) && all.iter().any(|word| word == "message");
    if is_of_last
        && let Some(last) = messages.last()
        && !last.body.iter().any(|line| is_kept(line))
    {
        return Some(told(last));
    }
    // "Who wrote last", "what did Rosa say", "what did Jun write about the trip".
    let is_writing = all.iter().any(|word| WRITING.contains(&word.as_str()));
    let is_last = all.last().is_some_and(|last| LAST.contains(&last.as_str()));
    if let ([who, ..], true, true) = (&all[..], is_writing, is_last)
        && who == "who"
    {
        return messages.last().filter(|last| !last.body.iter().any(|line| is_kept(line))).map(told);
    }
    if let [what, did, name, ..] = &all[..]
        && what == "what"
        && did == "did"
        && is_writing
    {
        let about: Vec<&String> = all[3..].iter().filter(|word| is_subject(word)).collect();
        let by = |message: &&Message<'_>| words(message.name).iter().any(|own| likeness(name, own) >= FITS);
        let is_about = |message: &&Message<'_>| about.iter().all(|word| message.has(word));
        let found = messages.iter().rev().find(|message| by(message) && is_about(message))?;
        return (!found.body.iter().any(|line| is_kept(line))).then(|| told(found));
    }
    let is_asked = (is_when || all.first().is_some_and(|first| first == "who"))
        && all.iter().any(|word| WRITING.contains(&word.as_str()));
    let wanted: Vec<String> = topic(asked).into_iter().filter(|word| !WRITING.contains(&word.as_str())).collect();
    if !is_asked || wanted.is_empty() {
        return None;
    }
    let has = |texts: &[String], word: &String| texts.iter().any(|text| likeness(word, text) >= FITS);
    let is_it = |message: &&Message<'a>| {
        let mut said = words(&message.text());
        if is_when {
            said.extend(words(message.name));
        }
        wanted.iter().all(|word| has(&said, word))
    };
    // What was written last counts.
    let found = messages.iter().rev().find(is_it)?;
    if found.body.iter().any(|line| is_kept(line)) {
        return None;
    }
    Some(told(found))
}

/// Whether `word` says what a message is about.
fn is_subject(word: &str) -> bool {
    !WRITING.contains(&word) && !LAST.contains(&word) && !super::excerpt::COMMON.contains(&word)
}

/// The messages on the screen, from top to bottom; none where it is no conversation.
pub(super) fn messages(screen: &ScreenText) -> Vec<Message<'_>> {
    let mut found: Vec<Message<'_>> = Vec::new();
    for row in rows(screen) {
        if let Some((name, time, text)) = line(&row) {
            found.push(Message { name, time, head: Vec::new(), body: row, own: Some(text) });
            continue;
        }
        match head(&row) {
            Some((name, time)) => found.push(Message { name, time, head: row, body: Vec::new(), own: None }),
            None => {
                if let Some(message) = found.last_mut() {
                    if let Some(text) = &mut message.own {
                        row.iter().for_each(|line| *text = format!("{text} {}", aloud(&line.text)));
                    }
                    message.body.extend(row);
                }
            }
        }
    }
    found.retain(|message| !message.body.is_empty());
    if found.len() < MESSAGES { Vec::new() } else { found }
}

/// What came next after a message that asks what is asked now: "who took my bike?", and somebody says "me".
fn reply<'a>(asked: &str, all: &[String], messages: &[Message<'a>]) -> Option<(String, Vec<&'a TextLine>)> {
    let first =
        all.first().filter(|first| matches!(first.as_str(), "who" | "when" | "where" | "which" | "what" | "how"))?;
    let wanted: Vec<String> = topic(asked).into_iter().filter(|word| !WRITING.contains(&word.as_str())).collect();
    let has = |sentence: &str, word: &str| words(sentence).iter().any(|said| likeness(word, said) >= FITS);
    let with_all = |message: &Message<'_>, asks: bool| {
        let sentences = read::sentences(&message.text()).into_iter();
        let mut these = sentences.filter(|sentence| measure::is_question(sentence) == asks);
        these.any(|sentence| wanted.iter().all(|word| has(&sentence, word)) && (!asks || has(&sentence, first)))
    };
    let is_asked = |message: &Message<'_>| with_all(message, true);
    // Where somebody says it, that is the answer.
    let is_told = |message: &Message<'_>| with_all(message, false);
    if wanted.is_empty() || messages.iter().any(is_told) {
        return None;
    }
    let at = messages.iter().rposition(is_asked)?;
    let (question, reply) = (&messages[at], messages.get(at + 1)?);
    let is_answer = measure::may_answer(&super::question::read(asked), &reply.text());
    if question.is_kept() || reply.is_kept() || question.name == reply.name || first == "how" && !is_answer {
        return None;
    }
    let said = format!(
        "{}, at {}: {} {}, at {}: {}",
        aloud(question.name),
        question.time,
        beginning(&question.text(), MOST_WORDS),
        aloud(reply.name),
        reply.time,
        beginning(&reply.text(), MOST_WORDS)
    );
    Some((said, question.head.iter().chain(&question.body).chain(&reply.head).chain(&reply.body).copied().collect()))
}

/// The name, the time and the words of a message in one line: "[18:02] Noor: who took my bike?", "[Sun 10:41] Ines: What time?"
fn line<'a>(row: &[&'a TextLine]) -> Option<(&'a str, &'a str, String)> {
    let (first, rest) = row.split_first()?;
    let (stamp, behind) = first.text.strip_prefix('[')?.split_once(']')?;
    let time = stamp.rsplit(' ').next()?;
    let (name, own) = behind.trim().split_once(':')?;
    let is_name = (1..=NAME).contains(&name.split_whitespace().count())
        && name.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '.' | '-' | '\''));
    let texts = std::iter::once(own.trim().to_owned()).chain(rest.iter().map(|cell| aloud(&cell.text)));
    let text = texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ");
    (is_name && is_time(time) && !text.is_empty()).then_some((name, time, text))
}

/// The name and the time over a message: "Nadia  09:41", "Tom Reed, 9:44 PM".
fn head<'a>(row: &[&'a TextLine]) -> Option<(&'a str, &'a str)> {
    let (name, time) = match row {
        [one] => {
            let at = one.text.find(|c: char| c.is_ascii_digit())?;
            one.text.split_at(at)
        }
        [name, time] => (name.text.as_str(), time.text.as_str()),
        _ => return None,
    };
    let name = name.trim().trim_end_matches([',', '-', '–', '·', '•', '(', '[', '|', ' ']).trim();
    let time = time.trim().trim_matches(['(', ')', '[', ']']);
    let is_name = (1..=NAME).contains(&name.split_whitespace().count())
        && name.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '.' | '-' | '\''))
        && name.split_whitespace().all(|word| word.starts_with(char::is_uppercase));
    (is_name && is_time(time)).then_some((name, time))
}

/// "09:41", "9:44 PM".
fn is_time(text: &str) -> bool {
    let mut parts = text.split_whitespace();
    let clock = parts.next().and_then(|clock| clock.split_once(':'));
    let is_clock = clock.is_some_and(|(hour, minute)| {
        hour.parse::<u32>().is_ok_and(|hour| hour < 24)
            && minute.get(..2).is_some_and(|minute| minute.parse::<u32>().is_ok_and(|minute| minute < 60))
            && minute.get(2..).is_some_and(|rest| matches!(rest.to_lowercase().as_str(), "" | "am" | "pm"))
    });
    let half = parts.next().map(str::to_lowercase);
    is_clock && half.is_none_or(|half| matches!(half.as_str(), "am" | "pm")) && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{line, screen};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn who_wrote_it_and_when_is_told_with_what_was_written() {
        let page = screen(vec![
            line("Nadia", 10, 10),
            line("09:41", 200, 10),
            line("The launch moves.", 10, 40),
            line("Tom Reed, 9:44 PM", 10, 80),
            line("Lunch at noon?", 10, 110),
        ]);
        let said = |asked: &str| answer(asked, &page).map(|(said, _)| said);
        assert_eq!(said("who wrote about lunch").as_deref(), Some("Tom Reed, at 9:44 PM: Lunch at noon?"));
        assert_eq!(said("when did Nadia write").as_deref(), Some("Nadia, at 09:41: The launch moves."));
        assert_eq!(said("who mentioned the weather"), None);
        assert_eq!(said("who is Nadia"), None);
        assert_eq!(said("what did Nadia say").as_deref(), Some("Nadia, at 09:41: The launch moves."));
        assert_eq!(said("what did Tom say about lunch").as_deref(), Some("Tom Reed, at 9:44 PM: Lunch at noon?"));
        assert_eq!(said("what did Tom say about the launch"), None);
        assert_eq!(said("who wrote last"), said("who wrote about lunch"));
        assert_eq!(
            answer("who wrote about lunch", &screen(vec![line("Standup 09:15", 10, 10), line("lunch", 10, 40)])),
            None
        );
    }

    #[test]
    fn what_was_asked_there_is_answered_with_what_came_next() {
        let page = screen(vec![
            line("[18:02] Noor: who took my blue bike? I need it", 10, 10),
            line("[Sun 18:05] Felix: me, sorry! It is at the station", 10, 40),
            line("and the lock is broken", 10, 70),
            line("[18:12] Jana: can somebody be home?", 10, 100),
        ]);
        let said = |asked: &str| answer(asked, &page).map(|(said, _)| said);
        assert_eq!(
            said("who took the bike").as_deref(),
            Some(
                "Noor, at 18:02: who took my blue bike? I need it Felix, at 18:05: me, sorry! It is at the station and the lock is broken"
            )
        );
        assert_eq!(said("what did jana write last").as_deref(), Some("Jana, at 18:12: can somebody be home?"));
        assert_eq!(said("who took the car"), None);
        assert_eq!(said("who is at the station"), None);
    }

    proptest! {
        #[test]
        fn any_screen_is_asked(texts in proptest::collection::vec(("\\PC{0,20}|[A-Z][a-z]{1,4} [0-9]{1,2}:[0-9]{2}|\\[08:1[0-9]\\] [A-Z][a-z]{1,4}: (who )?[a-z]{1,3}\\??", 0..600i32), 0..12), asked in "(who|when) (wrote )?(\\PC{0,20}|[a-z]{1,3})") {
            let screen = screen(texts.iter().map(|(text, y)| line(text, 10, *y)).collect());
            answer(&asked, &screen);
        }
    }
}
