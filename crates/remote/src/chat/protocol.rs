//! The shapes of "chat completions", as OpenAI publishes them and Ollama, llama.cpp and vLLM serve them.
//!
//! What is read is what is needed; what is not known is ignored, and what is missing is none.

use super::Picture;
use jarvis_core::{GenerateOptions, Message, Role};
use serde::{Deserialize, Serialize};

/// The most strings that end an answer, by the interface's own limit.
const MOST_STOPS: usize = 4;

/// What a server understands of the interface; found out by its refusals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// The limit of an answer is called `max_completion_tokens`.
    new_limit: bool,
    /// It chooses temperature and the like by itself.
    no_sampling: bool,
}

impl Dialect {
    /// Learns from the words of a refusal; says whether there was anything to learn.
    pub(super) fn learn(&mut self, said: &str) -> bool {
        let before = *self;
        self.new_limit |= said.contains("max_completion_tokens");
        self.no_sampling |= said.contains("'temperature'") || said.contains("'top_p'");
        *self != before
    }

    /// Takes for granted what comes with what is known: who has the new limit takes no sampling either.
    pub(super) fn learn_all(&mut self) {
        self.no_sampling |= self.new_limit;
    }
}

#[derive(Debug, Serialize)]
struct Request<'a> {
    model: &'a str,
    messages: Vec<Asked<'a>>,
    stream: bool,
    stream_options: StreamOptions,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f32>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop: &'a [String],
}

/// A message of a dialogue.
#[derive(Debug, Serialize)]
struct Asked<'a> {
    role: Role,
    content: Content<'a>,
}

/// Words alone are sent as such: not every server takes parts.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Words(&'a str),
    Parts([ContentPart<'a>; 2]),
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ContentPart<'a> {
    Text { text: &'a str },
    ImageUrl { image_url: ImageUrl<'a> },
}

#[derive(Debug, Serialize)]
struct ImageUrl<'a> {
    url: &'a str,
}

/// The dialogue, its newest question with `picture`.
fn asked<'a>(messages: &'a [Message], picture: Option<&'a Picture>) -> Vec<Asked<'a>> {
    let plain = |message: &'a Message| Asked { role: message.role, content: Content::Words(&message.content) };
    let mut asked: Vec<Asked<'_>> = messages.iter().map(plain).collect();
    let newest = messages.iter().rposition(|message| message.role == Role::User);
    if let (Some(picture), Some(newest)) = (picture, newest) {
        let image_url = ImageUrl { url: picture.address() };
        asked[newest].content = Content::Parts([
            ContentPart::Text { text: &messages[newest].content },
            ContentPart::ImageUrl { image_url },
        ]);
    }
    asked
}

#[derive(Debug, Serialize)]
struct StreamOptions {
    include_usage: bool,
}

/// The body of a request.
pub(super) fn request(
    model: &str,
    messages: &[Message],
    picture: Option<&Picture>,
    options: &GenerateOptions,
    dialect: Dialect,
) -> Vec<u8> {
    let limit = Some(options.max_tokens);
    let sampling = |value| (!dialect.no_sampling).then_some(value);
    let request = Request {
        model,
        messages: asked(messages, picture),
        stream: true,
        stream_options: StreamOptions { include_usage: true },
        max_tokens: limit.filter(|_| !dialect.new_limit),
        max_completion_tokens: limit.filter(|_| dialect.new_limit),
        temperature: sampling(options.temperature),
        top_p: sampling(options.top_p),
        stop: &options.stop[..options.stop.len().min(MOST_STOPS)],
    };
    // Plain strings and finite numbers always have a JSON form.
    serde_json::to_vec(&request).unwrap_or_default()
}

/// A piece of an answer, or a whole one from a server that makes no pieces.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Chunk {
    #[serde(default)]
    pub(super) choices: Vec<Choice>,
    pub(super) usage: Option<Usage>,
    pub(super) error: Option<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Choice {
    delta: Option<Said>,
    message: Option<Said>,
    pub(super) finish_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Said {
    content: Option<String>,
}

impl Choice {
    /// The words in it. What a model thinks before it answers is no part of that.
    pub(super) fn words(&self) -> &str {
        let said = self.delta.as_ref().or(self.message.as_ref());
        said.and_then(|said| said.content.as_deref()).unwrap_or_default()
    }
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
pub(super) struct Usage {
    #[serde(default)]
    pub(super) prompt_tokens: usize,
    #[serde(default)]
    pub(super) completion_tokens: usize,
    prompt_tokens_details: Option<PromptDetails>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
struct PromptDetails {
    cached_tokens: Option<usize>,
}

impl Usage {
    pub(super) fn cached_tokens(&self) -> usize {
        self.prompt_tokens_details.and_then(|details| details.cached_tokens).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jarvis_core::Role;
    use serde_json::{Value, json};

    fn sent(dialect: Dialect) -> Value {
        let messages = [Message::new(Role::System, "Be brief."), Message::new(Role::User, "Say \"hi\"\n")];
        let options = GenerateOptions { max_tokens: 96, temperature: 0.25, top_p: 0.5, ..GenerateOptions::default() };
        serde_json::from_slice(&request("m", &messages, None, &options, dialect)).unwrap()
    }

    #[test]
    fn a_request_is_what_the_interface_says() {
        assert_eq!(
            sent(Dialect::default()),
            json!({
                "model": "m",
                "messages": [
                    {"role": "system", "content": "Be brief."},
                    {"role": "user", "content": "Say \"hi\"\n"},
                ],
                "stream": true,
                "stream_options": {"include_usage": true},
                "max_tokens": 96,
                "temperature": 0.25,
                "top_p": 0.5,
            })
        );
    }

    #[test]
    fn a_refusal_that_names_another_word_is_learned_from_once() {
        let mut dialect = Dialect::default();
        let said = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
        assert!(dialect.learn(said) && !dialect.learn(said));
        assert!(dialect.learn("Unsupported value: 'temperature' does not support 0.2 with this model."));
        assert!(!dialect.learn("model not found"));
        let sent = sent(dialect);
        assert_eq!(sent["max_completion_tokens"], 96);
        assert!(sent.get("max_tokens").is_none() && sent.get("temperature").is_none());
    }

    #[test]
    fn pieces_of_all_servers_are_read() {
        for (text, words, reason) in [
            // OpenAI, first and last piece.
            (
                r#"{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","service_tier":"default","choices":[{"index":0,"delta":{"role":"assistant","content":"Hi","refusal":null},"logprobs":null,"finish_reason":null}],"usage":null}"#,
                "Hi",
                None,
            ),
            (r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#, "", Some("stop")),
            // Ollama, a model that thinks first.
            (
                r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":"","reasoning":"Hmm"},"finish_reason":null}]}"#,
                "",
                None,
            ),
            // llama.cpp, whose first piece has no words.
            (
                r#"{"choices":[{"finish_reason":null,"index":0,"delta":{"role":"assistant","content":null}}],"system_fingerprint":"b1"}"#,
                "",
                None,
            ),
            // A whole answer.
            (
                r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"All"},"finish_reason":"length"}]}"#,
                "All",
                Some("length"),
            ),
        ] {
            let chunk: Chunk = serde_json::from_str(text).unwrap();
            assert_eq!(chunk.choices[0].words(), words, "{text}");
            assert_eq!(chunk.choices[0].finish_reason.as_deref(), reason);
        }
        let usage = r#"{"choices":[],"usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":4}}}"#;
        let usage = serde_json::from_str::<Chunk>(usage).unwrap().usage.unwrap();
        assert_eq!((usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens()), (19, 10, 4));
    }
}
