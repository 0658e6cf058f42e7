//! The values and traits that every other crate speaks in.
//!
//! Owns: the shapes that cross a seam (audio frames, transcripts, prompts, replies, events) and the object-safe,
//! blocking traits that engines implement. Never does any I/O, starts no thread and depends on nothing heavy, so that a
//! change here is a change of contract and nothing else.

pub mod audio;
pub mod cancel;
pub mod clock;
pub mod error;
pub mod event;
pub mod language;
pub mod screen;
pub mod skill;
pub mod speech;
pub mod turn;

pub use audio::{AudioFrame, FRAME_SAMPLES, SAMPLE_RATE, SpeechAudio, Utterance, decibels, rms};
pub use cancel::{Cancel, Watch};
pub use clock::{Clock, SystemClock};
pub use error::{Error, Result};
pub use event::{AssistantEvent, AssistantState, EventRecord};
pub use language::{
    Constraint, GenerateOptions, Generation, GenerationTimings, LanguageModel, Message, Pointed, Prompt, Role,
    StopReason,
};
pub use screen::{
    AccessibilityTree, Capture, Eyes, Look, LookTimings, Pixels, Region, ScreenCapture, ScreenTarget, ScreenText,
    ScreenWindow, Screenshot, Shown, TextLine, TextRecognizer, TextRole, TextSource, WindowText,
};
pub use skill::{
    HostAction, IntentMatch, Passage, Reply, Risk, Route, Seen, Sight, Skill, SkillContext, SkillSpec, Slots,
};
pub use speech::{
    SpeechToText, Synthesis, TextToSpeech, Transcript, TranscriptTimings, Vad, WakeDetection, WakeWord, Weighed,
    wake_phrase,
};
pub use turn::TurnId;
