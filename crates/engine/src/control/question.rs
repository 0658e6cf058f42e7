//! A question to the running instance, from the asking side: what it answers is gathered from its events.
//!
//! Ends with an answer or an error, whatever becomes of the instance meanwhile. Never decides what is answered.

use std::path::Path;
use std::time::{Duration, Instant};

use jarvis_assistant::{Answer, AnswerTimings};
use jarvis_core::{AssistantEvent, Error, Result, Route, ScreenTarget};

use super::client::{send_and_wait, subscribe};
use super::{Request, Response};
use crate::Sighting;
use crate::start::ASKED;

/// Beyond the time that a question waits for its turn.
const BEYOND: Duration = Duration::from_secs(5);

/// How long an answer may take from the beginning of its turn to its end; the turn itself gives up before that.
const ANSWERED: Duration = Duration::from_secs(120);

/// Has the running instance answer `text`, as a part of its conversation; `aloud`: it speaks the answer, too. `on_text`
/// gets the pieces of the answer as they come. The times of the answer count from the request.
///
/// # Errors
/// Nothing runs, it refuses or fails, somebody interrupted it, or it ended before it had answered.
pub fn ask(socket: &Path, text: &str, aloud: bool, on_text: &mut dyn FnMut(&str)) -> Result<Answer> {
    let request = Request::Ask { text: text.to_owned(), aloud };
    answer(socket, &request, text, aloud, on_text)
}

/// Has the running instance send the picture `offer`, which the user looked at, and answer `question` from it in writing. As
/// [`ask`] otherwise.
///
/// # Errors
/// As [`ask`], or that picture is not offered any more.
pub fn send_picture(socket: &Path, offer: u64, question: &str, on_text: &mut dyn FnMut(&str)) -> Result<Answer> {
    answer(socket, &Request::SendPicture { offer, aloud: false }, question, false, on_text)
}

/// What is answered to `request`, which asks `text`.
fn answer(socket: &Path, request: &Request, text: &str, aloud: bool, on_text: &mut dyn FnMut(&str)) -> Result<Answer> {
    let asked = Instant::now();
    let milliseconds = || asked.elapsed().as_micros() as f64 / 1000.0;
    // Before the question, so that nothing of the answer is missed.
    let events = subscribe(socket)?;
    let Response { turn: Some(turn), .. } = send_and_wait(socket, request, ASKED + BEYOND)? else {
        return Err(unanswered());
    };
    let mut answer: Option<Answer> = None;
    let mut failed = None;
    for record in events.until(Instant::now() + ANSWERED) {
        let record = record?;
        if record.turn != Some(turn) {
            continue;
        }
        match (record.event, &mut answer) {
            (AssistantEvent::Intent { intent, slots, confidence, route }, _) => {
                let timings_ms = AnswerTimings { route: milliseconds(), ..AnswerTimings::default() };
                let (text, reply) = (text.to_owned(), String::new());
                answer = Some(Answer { text, intent, slots, confidence, route, reply, timings_ms });
            }
            (AssistantEvent::FirstToken, Some(answer)) => answer.timings_ms.first_token = Some(milliseconds()),
            (AssistantEvent::AnsweredFrom { .. }, Some(answer)) => answer.route = Route::Remote,
            (AssistantEvent::ReplyText { text }, Some(answer)) => {
                on_text(&text);
                answer.reply.push_str(&text);
                answer.timings_ms.total = milliseconds();
                if aloud && answer.route == Route::Pattern {
                    // A skill's answer comes in one piece; there is no need to wait until it was spoken.
                    break;
                }
            }
            (AssistantEvent::Error { error }, _) => failed = Some(error),
            (AssistantEvent::Cancelled, _) => failed = failed.or_else(|| Some(interrupted())),
            (AssistantEvent::TurnEnd { .. }, _) => {
                if let Some(answer) = &mut answer {
                    answer.timings_ms.total = milliseconds();
                }
                return outcome(answer, failed, aloud);
            }
            _ => {}
        }
    }
    match answer {
        Some(answer) if aloud && answer.route == Route::Pattern => Ok(answer),
        _ => Err(Error::new(
            "ask.instance",
            "The running Jarvis ended before it had answered.",
            "Start it again, and ask once more.",
        )),
    }
}

/// Has the running instance look at `target` and answer `question` from it; nothing is spoken.
///
/// # Errors
/// Nothing runs, it refuses, or it can't look or answer.
pub fn see(socket: &Path, target: ScreenTarget, question: &str) -> Result<Sighting> {
    let request = Request::See { target, question: question.to_owned() };
    send_and_wait(socket, &request, ASKED + BEYOND)?.seen.ok_or_else(unanswered)
}

/// What came of a turn that is over.
fn outcome(answer: Option<Answer>, failed: Option<Error>, aloud: bool) -> Result<Answer> {
    match (answer, failed) {
        // What failed was to say it.
        (Some(answer), Some(_)) if aloud && !answer.reply.is_empty() => Ok(answer),
        (_, Some(error)) => Err(error),
        (answer, None) => answer.ok_or_else(unanswered),
    }
}

fn interrupted() -> Error {
    Error::new("ask.interrupted", "Jarvis was interrupted before it had answered.", "Ask once more.")
}

fn unanswered() -> Error {
    Error::new("ask.instance", "The running Jarvis did not answer.", "Try once more, or restart it.")
}
