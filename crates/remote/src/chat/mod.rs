//! A language model on another program.
//!
//! Owns how a dialogue is sent and an answer is read, piece by piece as it comes. Words are given out as soon as they are
//! there; an answer whose first ones don't come in time is an error, and then nothing was given out.

mod picture;
mod protocol;

pub use picture::Picture;

use crate::error::Wait;
use crate::events::{Events, TooLong};
use crate::server::{Answer, Exchange, Others, Purpose, Request, Server, error_words, json_error};
use crate::{Limits, RemoteError};
use jarvis_core::{
    Cancel, GenerateOptions, Generation, GenerationTimings, LanguageModel, Message, Prompt, Result, StopReason,
};
pub(crate) use protocol::Dialect;
use protocol::{Chunk, Usage};
use std::time::Duration;
use tokio::time::Instant;

/// What prompt and answer may have together. A server does not tell; the smallest that is usual now.
const CONTEXT: usize = 8192;
/// The most bytes of a token: a server that does not keep to the limit of an answer is held to this.
const TOKEN_BYTES: usize = 32;
/// How often a request is put in other words that the server understands.
const WORDINGS: usize = 3;

/// A language model on another program.
#[derive(Debug)]
pub struct Chat {
    server: Server,
    model: String,
    others: Others,
    /// What each question is about.
    picture: Option<Picture>,
}

impl Chat {
    /// The model called `model` of `server`.
    pub fn new(server: Server, model: impl Into<String>) -> Self {
        Self { server, model: model.into(), others: Others::None, picture: None }
    }

    /// Another model can answer if this one does not: while the server rests, a question is not held up by trying it.
    #[must_use]
    pub fn with_others(mut self) -> Self {
        self.others = Others::Some;
        self
    }

    /// Questions are about this picture, which is sent once with each: nothing that fails is tried again.
    #[must_use]
    pub fn with_picture(mut self, picture: Picture) -> Self {
        self.picture = Some(picture);
        self
    }

    fn ask(
        &mut self,
        messages: &[Message],
        options: &GenerateOptions,
        cancel: &Cancel,
        made: &mut Made<'_>,
    ) -> std::result::Result<(), RemoteError> {
        let (server, model, picture) = (&self.server, &self.model, self.picture.as_ref());
        let purpose = if picture.is_some() { Purpose::Seeing } else { Purpose::Answering };
        self.server.call(purpose, cancel, self.others, async |exchange: &Exchange<'_>| {
            let mut dialect = server.dialect(model);
            for _ in 1..WORDINGS {
                match send(exchange, model, messages, picture, options, dialect).await {
                    Err(RemoteError::Refused { status: 400, said, .. }) if dialect.learn(&said) => {
                        if picture.is_some() {
                            // Each lesson costs the user a picture: whoever has the new limit chooses by itself, too.
                            dialect.learn_all();
                        }
                        server.learn(model, dialect);
                        if picture.is_some() {
                            return Err(RemoteError::Reworded { host: exchange.host() });
                        }
                    }
                    answer => return made.read(exchange, answer?).await,
                }
            }
            made.read(exchange, send(exchange, model, messages, picture, options, dialect).await?).await
        })
    }
}

async fn send<'a>(
    exchange: &Exchange<'a>,
    model: &str,
    messages: &[Message],
    picture: Option<&Picture>,
    options: &GenerateOptions,
    dialect: Dialect,
) -> std::result::Result<Answer<'a>, RemoteError> {
    let request = Request {
        path: "chat/completions",
        content_type: "application/json",
        accept: "text/event-stream",
        body: protocol::request(model, messages, picture, options, dialect),
    };
    exchange.post(&request).await
}

impl LanguageModel for Chat {
    fn generate(
        &mut self,
        prompt: &Prompt,
        options: &GenerateOptions,
        cancel: &Cancel,
        on_text: &mut dyn FnMut(&str),
    ) -> Result<Generation> {
        let Prompt::Chat(messages) = prompt else { return Err(RemoteError::RawPrompt.into()) };
        if options.constraint.is_some() {
            return Err(RemoteError::Constraint.into());
        }
        if options.stays_here {
            return Err(RemoteError::StaysHere.into());
        }
        let begun = Instant::now();
        let mut made = Made {
            on_text,
            cancel,
            text: String::new(),
            most: options.max_tokens.saturating_mul(TOKEN_BYTES),
            pieces: 0,
            usage: None,
            reason: None,
            first: None,
            last: None,
        };
        let stop_reason = match self.ask(messages, options, cancel, &mut made) {
            Ok(()) => made.reason.unwrap_or(StopReason::EndOfText),
            Err(RemoteError::Cancelled) => StopReason::Cancelled,
            Err(error) => return Err(error.into()),
        };
        let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
        let usage = made.usage.unwrap_or_default();
        Ok(Generation {
            prompt_tokens: usage.prompt_tokens,
            cached_tokens: usage.cached_tokens(),
            generated_tokens: made.usage.map_or(made.pieces, |usage| usage.completion_tokens),
            dropped_messages: 0,
            stop_reason,
            timings_ms: GenerationTimings {
                prefill: made.first.map_or(0.0, milliseconds),
                first_token: made.first.map_or(0.0, milliseconds),
                total: milliseconds(begun.elapsed()),
                ..GenerationTimings::default()
            },
            text: made.text,
        })
    }

    /// There is nothing to touch on this machine; [`Server::greet`] is told when it is made.
    fn warm_up(&mut self, _beginning: &[Message]) -> Result<()> {
        Ok(())
    }

    fn context_length(&self) -> usize {
        CONTEXT
    }

    fn sends_first(&self) -> bool {
        true
    }

    fn answered_from(&self) -> Option<&str> {
        Some(self.server.host())
    }
}

/// An answer as far as it has come.
struct Made<'t> {
    on_text: &'t mut dyn FnMut(&str),
    cancel: &'t Cancel,
    text: String,
    /// The most bytes of it.
    most: usize,
    pieces: usize,
    usage: Option<Usage>,
    reason: Option<StopReason>,
    /// How long the first words took.
    first: Option<Duration>,
    /// When the last words came.
    last: Option<Instant>,
}

/// Why the reading of events ends.
enum Stop {
    TooLong,
    /// The answer is whole.
    Done,
    Error(RemoteError),
}

impl From<TooLong> for Stop {
    fn from(_: TooLong) -> Self {
        Self::TooLong
    }
}

impl Made<'_> {
    async fn read(&mut self, exchange: &Exchange<'_>, mut answer: Answer<'_>) -> std::result::Result<(), RemoteError> {
        let limits = exchange.limits();
        match answer.content_type().as_str() {
            "text/event-stream" => {}
            "application/json" => {
                let whole = answer.whole(self.by(exchange, limits).0, limits.text).await?;
                return match self.take(exchange, &String::from_utf8_lossy(&whole)) {
                    Ok(()) | Err(Stop::Done) if self.reason.is_some() || !self.text.is_empty() => Ok(()),
                    Err(Stop::Error(error)) => Err(error),
                    _ => Err(RemoteError::Garbled { host: exchange.host(), detail: "there are no words in it".into() }),
                };
            }
            other => {
                let detail = format!("it is {}", if other.is_empty() { "of no type" } else { other });
                return Err(RemoteError::Garbled {
                    host: exchange.host(),
                    detail: crate::server::harmless(&detail, 80),
                });
            }
        }
        let mut events = Events::new(limits.line);
        loop {
            let (by, wait) = self.by(exchange, limits);
            let next = match answer.next(by, wait, limits.text).await {
                // Some never say that this was all, though they said that the answer is whole.
                Err(RemoteError::Slow { .. }) if self.reason.is_some() => return Ok(()),
                next => next?,
            };
            let Some(bytes) = next else {
                return match self.reason {
                    Some(_) => Ok(()),
                    None => Err(RemoteError::BrokeOff { host: exchange.host(), before_answer: self.text.is_empty() }),
                };
            };
            match events.push(&bytes, &mut |data: &str| self.take(exchange, data)) {
                Ok(()) => {}
                Err(Stop::Done) => break,
                Err(Stop::TooLong) => {
                    return Err(RemoteError::TooMuch { host: exchange.host(), limit: limits.line });
                }
                Err(Stop::Error(error)) => return Err(error),
            }
        }
        // A connection is used again only when all was read.
        let _ = answer.next(Instant::now() + limits.closing, Wait::Whole, limits.text).await;
        Ok(())
    }

    /// When the next words have to be there. Bytes that are none don't count.
    fn by(&self, exchange: &Exchange<'_>, limits: &Limits) -> (Instant, Wait) {
        match self.last {
            Some(last) => (last + limits.between, Wait::Between),
            None => (exchange.first_words_by(), Wait::FirstWords),
        }
    }

    /// Takes the data of an event.
    fn take(&mut self, exchange: &Exchange<'_>, data: &str) -> std::result::Result<(), Stop> {
        if data.trim() == "[DONE]" {
            self.reason.get_or_insert(StopReason::EndOfText);
            return Err(Stop::Done);
        }
        let chunk: Chunk = serde_json::from_str(data)
            .map_err(|error| Stop::Error(RemoteError::Garbled { host: exchange.host(), detail: json_error(&error) }))?;
        if chunk.error.is_some() {
            let said = exchange.harmless(&error_words(data.as_bytes()).unwrap_or_default());
            return Err(Stop::Error(RemoteError::Failed { host: exchange.host(), status: 200, said }));
        }
        self.usage = chunk.usage.or(self.usage);
        let Some(choice) = chunk.choices.first() else { return Ok(()) };
        // Words of a stranger go to a terminal, too.
        let words: String = choice.words().chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
        if !words.is_empty() {
            if self.first.is_none() {
                exchange.note_first_words();
                self.first = Some(exchange.elapsed());
            }
            self.last = Some(Instant::now());
            self.pieces += 1;
            self.text.push_str(&words);
            (self.on_text)(&words);
            // Enough may have been said; what has come already is not given out any more.
            if self.cancel.is_cancelled() {
                return Err(Stop::Error(RemoteError::Cancelled));
            }
            if self.text.len() > self.most {
                self.reason = Some(StopReason::Length);
                return Err(Stop::Done);
            }
        }
        if let Some(reason) = &choice.finish_reason {
            self.reason = Some(if reason == "length" { StopReason::Length } else { StopReason::EndOfText });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
