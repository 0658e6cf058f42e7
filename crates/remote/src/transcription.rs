//! Speech recognition on another program (`audio/transcriptions`): sound out, words back.
//!
//! Owns how sound is sent (a WAV file in a form, RFC 7578) and words are read. Keeps nothing of either.

use crate::RemoteError;
use crate::server::{Exchange, Others, Purpose, Request, Server, json_error};
use crate::sound;
use jarvis_core::{Cancel, Result, SAMPLE_RATE, SpeechToText, Transcript, TranscriptTimings, Weighed};
use serde::Deserialize;
use std::time::Instant;

/// Divides the parts of a form. Chance alone could put it into sound, at odds of 2 to the minus 200.
const BOUNDARY: &str = "jarvis-form-5bd1e995c9a13f07d4";
/// Recognition of anything shorter is a guess, in seconds.
const SHORTEST: f32 = 0.1;

/// A recognizer on another program.
#[derive(Debug)]
pub struct Transcription {
    server: Server,
    model: String,
    /// ISO 639-1; none finds out by itself.
    language: Option<String>,
    others: Others,
}

#[derive(Deserialize)]
struct Body {
    text: String,
    language: Option<String>,
}

impl Transcription {
    /// The model called `model` of `server`; `language` if only one is spoken (ISO 639-1).
    pub fn new(server: Server, model: impl Into<String>, language: Option<String>) -> Self {
        Self { server, model: model.into(), language, others: Others::None }
    }

    /// Another recognizer can hear if this one does not.
    #[must_use]
    pub fn with_others(mut self) -> Self {
        self.others = Others::Some;
        self
    }

    fn form(&self, samples: &[f32]) -> Vec<u8> {
        let mut form = Vec::with_capacity(samples.len() * 2 + 1024);
        let mut field = |name: &str, value: &str| {
            let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            form.extend_from_slice(part.as_bytes());
        };
        field("model", &self.model);
        field("response_format", "json");
        if let Some(language) = &self.language {
            field("language", language);
        }
        form.extend_from_slice(
            format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"speech.wav\"\r\n\
                 Content-Type: audio/wav\r\n\r\n"
            )
            .as_bytes(),
        );
        form.extend_from_slice(&sound::wav(samples));
        form.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
        form
    }
}

impl SpeechToText for Transcription {
    fn transcribe(&mut self, samples: &[f32], cancel: &Cancel) -> Result<Transcript> {
        let seconds = samples.len() as f32 / SAMPLE_RATE as f32;
        if seconds < SHORTEST {
            return Ok(Transcript { seconds, ..Transcript::default() });
        }
        let begun = Instant::now();
        let request = Request {
            path: "audio/transcriptions",
            content_type: &format!("multipart/form-data; boundary={BOUNDARY}"),
            accept: "application/json",
            body: self.form(samples),
        };
        let body = self.server.call(Purpose::Hearing, cancel, self.others, async |exchange: &Exchange<'_>| {
            let mut answer = exchange.post(&request).await?;
            let bytes = answer.whole(exchange.first_words_by(), exchange.limits().text).await?;
            let body: Body = serde_json::from_slice(&bytes)
                .map_err(|error| RemoteError::Garbled { host: exchange.host(), detail: json_error(&error) })?;
            exchange.note_first_words();
            Ok(body)
        })?;
        let total = begun.elapsed().as_secs_f64() * 1e3;
        Ok(Transcript {
            text: spoken(&body.text),
            language: body.language.filter(|code| code.len() == 2).or_else(|| self.language.clone()),
            seconds,
            timings_ms: TranscriptTimings { total, ..TranscriptTimings::default() },
            ..Transcript::default()
        })
    }

    /// What is only to be shown, and may be said to nobody, is not sent.
    fn transcribe_partial(&mut self, _samples: &[f32], _cancel: &Cancel) -> Result<Transcript> {
        Ok(Transcript::default())
    }

    /// What may be no call at all is not sent.
    fn transcribe_and_weigh(&mut self, _samples: &[f32], _words: &str, _cancel: &Cancel) -> Result<Weighed> {
        Err(RemoteError::NotWeighed.into())
    }

    /// There is nothing to touch on this machine; [`Server::greet`] is told when it is made.
    fn warm_up(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Words on one line, whatever came.
fn spoken(text: &str) -> String {
    let words = text.split_whitespace().map(|word| word.chars().filter(|c| !c.is_control()).collect::<String>());
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
