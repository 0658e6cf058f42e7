//! A voice on another program (`audio/speech`): words out, sound back as it is made.
//!
//! Owns how text is sent and sound is read. Keeps nothing of either.

use crate::RemoteError;
use crate::error::Wait;
use crate::server::{Exchange, Others, Purpose, Request, Server, harmless};
use crate::sound::{Incoming, RAW_RATE};
use jarvis_core::{Cancel, Result, SpeechAudio, Synthesis, TextToSpeech};
use serde::Serialize;
use tokio::time::Instant;

/// The first piece of sound is this long, in seconds: heard soon, and enough to go on from.
const FIRST_PIECE: f32 = 0.15;
/// The others are this long.
const PIECE: f32 = 0.5;

/// A voice on another program.
#[derive(Debug)]
pub struct Voice {
    server: Server,
    model: String,
    voice: String,
    rate: f32,
    others: Others,
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    input: &'a str,
    voice: &'a str,
    response_format: &'static str,
    speed: f32,
}

impl Voice {
    /// The speaker called `voice` of the model called `model`.
    pub fn new(server: Server, model: impl Into<String>, voice: impl Into<String>) -> Self {
        Self { server, model: model.into(), voice: voice.into(), rate: 1.0, others: Others::None }
    }

    /// Another voice can speak if this one does not.
    #[must_use]
    pub fn with_others(mut self) -> Self {
        self.others = Others::Some;
        self
    }
}

impl TextToSpeech for Voice {
    fn sample_rate(&self) -> u32 {
        RAW_RATE
    }

    fn synthesize(&mut self, text: &str, cancel: &Cancel) -> Result<SpeechAudio> {
        let mut all = SpeechAudio { samples: Vec::new(), sample_rate: RAW_RATE };
        self.stream(text, cancel, &mut |piece| {
            all.sample_rate = piece.sample_rate;
            all.samples.extend_from_slice(&piece.samples);
        })?;
        Ok(all)
    }

    fn stream(&mut self, text: &str, cancel: &Cancel, take: &mut dyn FnMut(SpeechAudio)) -> Result<Synthesis> {
        if !text.chars().any(char::is_alphanumeric) {
            return Ok(Synthesis::default());
        }
        let body = Body {
            model: &self.model,
            input: text,
            voice: &self.voice,
            response_format: "pcm",
            speed: self.rate.clamp(0.25, 4.0),
        };
        let request = Request {
            path: "audio/speech",
            content_type: "application/json",
            accept: "*/*",
            body: serde_json::to_vec(&body).unwrap_or_default(),
        };
        self.server.call(Purpose::Speaking, cancel, self.others, async |exchange: &Exchange<'_>| {
            read(exchange, &request, cancel, take).await
        })?;
        Ok(Synthesis::default())
    }

    /// Nothing is sent.
    fn stream_here(&mut self, _: &str, _: &Cancel, _: &mut dyn FnMut(SpeechAudio)) -> Result<Synthesis> {
        Err(RemoteError::StaysHere.into())
    }

    /// There is nothing to compute on this machine, so nobody needs to make room for it.
    fn keeps(&mut self, _text: &str) -> bool {
        true
    }

    fn set_rate(&mut self, rate: f32) {
        self.rate = rate;
    }

    /// There is nothing to touch on this machine; [`Server::greet`] is told when it is made.
    fn warm_up(&mut self) -> Result<()> {
        Ok(())
    }
}

async fn read(
    exchange: &Exchange<'_>,
    request: &Request<'_>,
    cancel: &Cancel,
    take: &mut dyn FnMut(SpeechAudio),
) -> std::result::Result<(), RemoteError> {
    let limits = exchange.limits();
    let garbled = |detail: String| RemoteError::Garbled { host: exchange.host(), detail };
    let mut answer = exchange.post(request).await?;
    let kind = answer.content_type();
    if kind.starts_with("text/") || kind == "application/json" {
        return Err(garbled(format!("it is {} and no sound", harmless(&kind, 80))));
    }
    let (mut incoming, mut samples, mut rate) = (Incoming::new(), Vec::new(), None);
    let (mut last, mut piece) = (None, FIRST_PIECE);
    loop {
        let (by, wait) = match last {
            Some(last) => (last + limits.between, Wait::Between),
            None => (exchange.first_words_by(), Wait::FirstWords),
        };
        let bytes = answer.next(by, wait, limits.sound).await?;
        let is_end = bytes.is_none();
        if let Some(bytes) = bytes {
            let before = samples.len();
            rate = incoming.push(&bytes, &mut samples).map_err(|detail| garbled(detail.to_owned()))?;
            if samples.len() > before {
                if last.is_none() {
                    exchange.note_first_words();
                }
                last = Some(Instant::now());
            }
        }
        if cancel.is_cancelled() {
            return Err(RemoteError::Cancelled);
        }
        let sample_rate = rate.unwrap_or(RAW_RATE);
        let is_enough = samples.len() as f32 >= piece * sample_rate as f32;
        if !samples.is_empty() && (is_enough || is_end) {
            take(SpeechAudio { samples: std::mem::take(&mut samples), sample_rate });
            piece = PIECE;
        }
        if is_end {
            return last.map(drop).ok_or_else(|| garbled("there is no sound in it".into()));
        }
    }
}

#[cfg(test)]
mod tests;
