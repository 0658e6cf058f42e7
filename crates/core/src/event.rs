//! The one stream of events that the log, `--events`, the control socket and the window observe.
//!
//! Observers never sit in the path of a turn. JSON names are the command line's contract: added to, never renamed.

use crate::{Error, Region, Route, TextSource, TurnId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What Jarvis is doing, as the tray shows it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum AssistantState {
    /// Waiting.
    #[default]
    Idle,
    /// Recording the user.
    Listening,
    /// Turning sound into words.
    Transcribing,
    /// Finding the answer.
    Thinking,
    /// Saying it.
    Speaking,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum AssistantEvent {
    /// Everything is loaded; the next turn is served.
    Ready,
    /// The state changed.
    State {
        /// The new state.
        state: AssistantState,
        /// Whether the microphone is off by the user's wish.
        muted: bool,
    },
    /// A wake word was heard.
    Wake {
        /// Which.
        model: String,
        /// How sure, 0..=1.
        score: f32,
    },
    /// The user began to speak.
    SpeechStart,
    /// The user is done.
    SpeechEnd {
        /// Length of the utterance in seconds.
        seconds: f32,
    },
    /// Words so far, while the user speaks.
    Partial {
        /// The words.
        text: String,
    },
    /// The final words.
    Transcript {
        /// The words; empty when there were none.
        text: String,
    },
    /// What was understood.
    Intent {
        /// Name of the intent, `chat` for the language model.
        intent: String,
        /// Its parameters.
        slots: BTreeMap<String, String>,
        /// 0..=1.
        confidence: f32,
        /// Who decided.
        route: Route,
    },
    /// The language model's first piece of text.
    FirstToken,
    /// The answer, or as much of it as there was, was made by a model of another program.
    AnsweredFrom {
        /// Host and port of its server.
        host: String,
    },
    /// A piece of the answer, as it is made; pieces join without a separator.
    ReplyText {
        /// The piece.
        text: String,
    },
    /// The first sound of the answer was handed to the speaker.
    FirstAudio {
        /// Milliseconds from the end of the user's speech (from the request, if it was typed).
        since_speech_end_ms: Option<f64>,
    },
    /// The answer was spoken to its end.
    PlaybackEnd,
    /// The user spoke, or pressed the hotkey, over the answer.
    BargeIn,
    /// The turn was given up.
    Cancelled,
    /// The user went on after the turn had taken a pause for the end, perhaps over the beginning of its answer: nothing of it
    /// counts, and the next turn has all that was said.
    Revoked,
    /// The user may go on without the wake word.
    Attentive {
        /// For so many seconds from now; 0: no more.
        seconds: f32,
    },
    /// A turn is over, whichever way.
    TurnEnd {
        /// Milliseconds since the end of the user's speech, stage by stage, in the order in which they were reached.
        timings_ms: Vec<(String, f64)>,
    },
    /// A timer or alarm rings.
    Alarm {
        /// What it says.
        text: String,
    },
    /// Jarvis looks at the screen, or is done with it. Comes before the first pixel is read. One look is over before the
    /// next begins.
    Looking {
        /// Whether it does.
        looking: bool,
        /// Why, or what was seen of it: `to answer: what does that error say`.
        reason: String,
        /// When it is done: where the text is from; none where nothing was read.
        source: Option<TextSource>,
    },
    /// A picture of the screen waits for the user to look at it, and to have it sent or not; or none does any more.
    PictureOffer {
        /// Its number; none when it is gone: sent, refused, or out of date.
        offer: Option<u64>,
    },
    /// A place on the screen is to be shown to the user.
    Highlight {
        /// Where.
        region: Region,
        /// For how long.
        seconds: f32,
    },
    /// Level of the microphone, 0..=1; at most 10 a second, and only while someone watches.
    Level {
        /// The level.
        level: f32,
    },
    /// The microphone or speaker went away or came back.
    Device {
        /// `input` or `output`.
        direction: String,
        /// Whether it works.
        available: bool,
        /// Its name.
        name: String,
        /// A sentence for the user.
        message: String,
    },
    /// A setting was changed: by asking for it, in the window or on the command line.
    SettingChanged {
        /// Its section and name: `voice.effect`.
        path: String,
        /// The value in force, as it is written on the command line.
        value: String,
    },
    /// Progress of a model being installed.
    ModelProgress {
        /// Which model.
        id: String,
        /// Bytes that are there.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// Something failed; the loop goes on.
    Error {
        /// What, and what to do.
        #[serde(flatten)]
        error: Error,
    },
}

/// An event with its time and turn, a line of `--events`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct EventRecord {
    /// Milliseconds since the engine started.
    pub t_ms: f64,
    /// The turn that it belongs to; none for what happens between turns.
    pub turn: Option<TurnId>,
    /// What happened.
    #[serde(flatten)]
    pub event: AssistantEvent,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_flat_object() {
        let record = EventRecord {
            t_ms: 12.5,
            turn: Some(TurnId(3)),
            event: AssistantEvent::Wake { model: "hey_jarvis".into(), score: 0.75 },
        };
        let json = serde_json::to_string(&record).unwrap();
        assert_eq!(json, r#"{"t_ms":12.5,"turn":3,"event":"wake","model":"hey_jarvis","score":0.75}"#);
        assert_eq!(serde_json::from_str::<EventRecord>(&json).unwrap(), record);
    }

    #[test]
    fn an_error_event_carries_code_message_and_hint() {
        let event =
            AssistantEvent::Error { error: Error::new("audio.no_microphone", "No microphone.", "Plug one in.") };
        let json = serde_json::to_value(&event).unwrap();
        assert_eq!(json["event"], "error");
        assert_eq!(json["code"], "audio.no_microphone");
        assert_eq!(json["hint"], "Plug one in.");
    }
}
