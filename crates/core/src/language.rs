//! The seam of the language model: a prompt in, text out as it is made.

use crate::{Cancel, Result};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Who says a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Standing instructions.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// One message of a dialogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// What is said.
    pub content: String,
}

impl Message {
    /// A message from its role and text.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self { role, content: content.into() }
    }
}

/// What the model continues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prompt {
    /// A dialogue, rendered with the model's own chat template, ready for the assistant's next message. When it is too
    /// long for the context, the oldest exchanges are dropped and a leading system message is kept.
    Chat(Vec<Message>),
    /// Text as it is, without a template.
    Raw(String),
}

/// The form that an answer has to have, whatever the model would rather say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Constraint {
    /// JSON that this JSON Schema (draft 2020-12) allows.
    JsonSchema(String),
    /// Text that this regular expression matches as a whole.
    Regex(String),
}

/// How to continue.
#[derive(Debug, Clone, PartialEq)]
pub struct GenerateOptions {
    /// The most tokens to make, 1..=4096.
    pub max_tokens: usize,
    /// 0 always takes the likeliest token; up to 2.
    pub temperature: f32,
    /// Keeps the likeliest tokens that sum to this probability, 0..=1; 1 keeps all.
    pub top_p: f32,
    /// Keeps this many of the likeliest tokens; 0 keeps all.
    pub top_k: usize,
    /// Keeps tokens that are at least this many times as likely as the likeliest, 0 (off) ..= 1.
    pub min_p: f32,
    /// Divides the score of tokens seen lately, 1 (off) ..= 2.
    pub repetition_penalty: f32,
    /// Same seed, same text.
    pub seed: u64,
    /// Ends the text before any of these, even across tokens.
    pub stop: Vec<String>,
    /// The form of the text; none leaves it free. A text with a form is always finished, unless it is cancelled: where
    /// [`Self::max_tokens`] come to an end it is ended as shortly as the form allows. Goes without [`Self::stop`].
    pub constraint: Option<Constraint>,
    /// The prompt holds what no other program may see, such as the screen's text: a model of another one refuses it.
    pub stays_here: bool,
}

impl Default for GenerateOptions {
    fn default() -> Self {
        Self {
            max_tokens: 128,
            temperature: 0.0,
            top_p: 0.95,
            top_k: 40,
            min_p: 0.0,
            repetition_penalty: 1.1,
            seed: 0,
            stop: Vec::new(),
            constraint: None,
            stays_here: false,
        }
    }
}

/// Why a generation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The model said that it was done, or all was said that [`GenerateOptions::constraint`] allows.
    EndOfText,
    /// One of [`GenerateOptions::stop`] came up.
    StopString,
    /// [`GenerateOptions::max_tokens`] or the context was used up.
    Length,
    /// [`Cancel`] was raised; the text so far is kept.
    Cancelled,
}

/// Where the time of a generation went, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct GenerationTimings {
    /// Reading the prompt.
    pub prefill: f64,
    /// From the call to the first token.
    pub first_token: f64,
    /// All of it.
    pub total: f64,
    /// Part of it: making sense of the constraint, once.
    #[serde(default)]
    pub constraint_setup: f64,
    /// Part of it: finding out which tokens the constraint allows, over all tokens.
    #[serde(default)]
    pub constraint: f64,
}

/// A finished generation.
#[derive(Debug, Clone, PartialEq)]
pub struct Generation {
    /// All the text that was made, without the stop string.
    pub text: String,
    /// Tokens of the prompt after the template.
    pub prompt_tokens: usize,
    /// How many of them needed no work, because their state was kept from before.
    pub cached_tokens: usize,
    /// Tokens made.
    pub generated_tokens: usize,
    /// Exchanges that were left out because the context was full.
    pub dropped_messages: usize,
    /// Why it ended.
    pub stop_reason: StopReason,
    /// Where the time went.
    pub timings_ms: GenerationTimings,
}

/// The line of a page that a model looks at for an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pointed {
    /// Which of the lines.
    pub line: usize,
    /// How likely it answers the question, 0..=1.
    pub likely: f32,
}

/// A language model.
pub trait LanguageModel: Send {
    /// Continues `prompt`. `on_text` gets each piece of text as soon as it is whole UTF-8 and can no longer be part of
    /// a stop string. A raised `cancel` ends it within a token, without an error.
    ///
    /// # Errors
    /// The engine failed, or the newest message alone is longer than the context.
    fn generate(
        &mut self,
        prompt: &Prompt,
        options: &GenerateOptions,
        cancel: &Cancel,
        on_text: &mut dyn FnMut(&str),
    ) -> Result<Generation>;
    /// Reads what every prompt will begin with, so that the next [`Self::generate`] that begins so needs less work.
    fn warm_up(&mut self, beginning: &[Message]) -> Result<()>;
    /// Tokens that prompt and answer may have together.
    fn context_length(&self) -> usize;
    /// How many numbers the model that answers what stays here is made of, which is a measure of what it can be asked; none
    /// where that is not known.
    fn parameters(&self) -> Option<u64> {
        None
    }
    /// How likely `said`, a question of the user, ends where it does rather than goes on with another word, 0..=1, whatever
    /// punctuation stands there; none where the model can't tell. What was read of a conversation is still known after it.
    ///
    /// # Errors
    /// The engine failed.
    fn end_of_turn(&mut self, said: &str, cancel: &Cancel) -> Result<Option<f32>> {
        let _ = (said, cancel);
        Ok(None)
    }
    /// How likely it is, 0..=1, that only the user's own screen, papers and life tell the answer to the last message of `prompt`,
    /// and nothing that a model could know; none where the model can't tell. An answer to `prompt` needs less work after it.
    ///
    /// # Errors
    /// The engine failed.
    fn is_of_user(&mut self, prompt: &[Message], cancel: &Cancel) -> Result<Option<f32>> {
        let _ = (prompt, cancel);
        Ok(None)
    }
    /// Whether what it is asked for is sent to another program before anything on this machine has a try.
    fn sends_first(&self) -> bool {
        false
    }
    /// Which of the `lines` of a page answers the `question` behind them, both ranges of bytes of the content of `prompt`'s last
    /// message; none where the model can't tell. An answer to `prompt` needs less work after it.
    ///
    /// # Errors
    /// The engine failed.
    fn point(
        &mut self,
        prompt: &[Message],
        lines: &[Range<usize>],
        question: Range<usize>,
        cancel: &Cancel,
    ) -> Result<Option<Pointed>> {
        let (_, _, _, _) = (prompt, lines, question, cancel);
        Ok(None)
    }
    /// The host of another program that made the last answer, or was asked for it; none when this program made it.
    fn answered_from(&self) -> Option<&str> {
        None
    }
}
