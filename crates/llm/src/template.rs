//! Chat templates: messages to the text that the model was trained on.
//!
//! A template is Jinja and comes with the model file, so it runs with bounded work, without access to anything, and its
//! output is bounded too. Models without one get ChatML. The environment is the one that Hugging Face documents for chat
//! templates: `trim_blocks`, `lstrip_blocks`, `raise_exception`, and Python's string methods.

use crate::error::{LlmError, Result};
use jarvis_core::{Message, Role};
use minijinja::value::{Value, ValueKind, from_args};
use minijinja::{Environment, Error, ErrorKind, State};
use std::collections::BTreeMap;

/// The fallback, which most small models understand.
const CHATML: &str = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

/// Instructions that a template may take: thousands of times what a real one needs.
const FUEL: u64 = 5_000_000;
/// Bytes that a rendering may have.
const MAX_RENDERED: usize = 4 << 20;

/// A model's chat template, ready to render.
pub(crate) struct ChatTemplate {
    environment: Environment<'static>,
    beginning: String,
    end: String,
}

/// What `str` and `dict` can do in Python and templates use.
fn python_method(state: &mut State<'_, '_>, value: &Value, method: &str, args: &[Value]) -> Result<Value, Error> {
    let unknown = || Error::from(ErrorKind::UnknownMethod);
    if value.kind() == ValueKind::Map {
        return match method {
            "items" => state.apply_filter("items", std::slice::from_ref(value)),
            "keys" => state.apply_filter("list", std::slice::from_ref(value)),
            "get" => {
                let (key, default): (Value, Option<Value>) = from_args(args)?;
                let found = value.get_item(&key)?;
                Ok(if found.is_undefined() { default.unwrap_or(Value::from(())) } else { found })
            }
            _ => Err(unknown()),
        };
    }
    let text = value.as_str().ok_or_else(unknown)?;
    let set = |args: &[Value]| -> Result<Vec<char>, Error> {
        let (set,): (Option<String>,) = from_args(args)?;
        Ok(set.map_or_else(|| " \t\r\n\u{b}\u{c}".chars().collect(), |set| set.chars().collect()))
    };
    Ok(match method {
        "strip" => text.trim_matches(&set(args)?[..]).into(),
        "lstrip" => text.trim_start_matches(&set(args)?[..]).into(),
        "rstrip" => text.trim_end_matches(&set(args)?[..]).into(),
        "upper" => text.to_uppercase().into(),
        "lower" => text.to_lowercase().into(),
        "title" => text.split_inclusive(' ').map(capitalized).collect::<String>().into(),
        "capitalize" => capitalized(&text.to_lowercase()).into(),
        "startswith" => text.starts_with(from_args::<(&str,)>(args)?.0).into(),
        "endswith" => text.ends_with(from_args::<(&str,)>(args)?.0).into(),
        "replace" => {
            let (from, to): (&str, &str) = from_args(args)?;
            text.replace(from, to).into()
        }
        "split" => {
            let (separator,): (Option<&str>,) = from_args(args)?;
            match separator {
                Some("") => return Err(Error::new(ErrorKind::InvalidOperation, "empty separator")),
                Some(separator) => text.split(separator).map(Value::from).collect(),
                None => text.split_whitespace().map(Value::from).collect(),
            }
        }
        _ => return Err(unknown()),
    })
}

/// `text` with its first letter in upper case.
fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

impl ChatTemplate {
    /// A template from its source, or ChatML. `beginning` and `end` are its `bos_token` and `eos_token`.
    ///
    /// # Errors
    /// It is not valid Jinja.
    pub(crate) fn new(source: Option<&str>, beginning: &str, end: &str) -> Result<Self> {
        let mut environment = Environment::new();
        let syntax = environment.syntax().to_builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(|error| LlmError::Template(sentence(&error)))?);
        environment.set_fuel(Some(FUEL));
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        environment.set_unknown_method_callback(python_method);
        environment.add_function("raise_exception", |message: String| -> Result<Value, Error> {
            Err(Error::new(ErrorKind::InvalidOperation, message))
        });
        let source = source.filter(|source| !source.trim().is_empty()).unwrap_or(CHATML);
        environment
            .add_template_owned("chat", source.to_owned())
            .map_err(|error| LlmError::Template(sentence(&error)))?;
        Ok(Self { environment, beginning: beginning.to_owned(), end: end.to_owned() })
    }

    /// Renders `messages`; with `open` ready for the assistant's next message. A template that knows no standing
    /// instructions (Gemma, the first Mistrals) gets them before what the user says first.
    ///
    /// # Errors
    /// The template fails, refuses this order of messages, or makes too much of them.
    pub(crate) fn render(&self, messages: &[Message], open: bool) -> Result<String> {
        let [system, user, rest @ ..] = messages else { return self.render_as_is(messages, open) };
        if (system.role, user.role) != (Role::System, Role::User) {
            return self.render_as_is(messages, open);
        }
        self.render_as_is(messages, open).or_else(|refused| {
            let first = Message::new(Role::User, format!("{}\n\n{}", system.content, user.content));
            let folded: Vec<Message> = std::iter::once(first).chain(rest.iter().cloned()).collect();
            // If that is no better, what is wrong is something else.
            self.render_as_is(&folded, open).map_err(|_| refused)
        })
    }

    fn render_as_is(&self, messages: &[Message], open: bool) -> Result<String> {
        let messages: Vec<Value> = messages
            .iter()
            .map(|message| {
                let role = match message.role {
                    Role::System => "system",
                    Role::User => "user",
                    Role::Assistant => "assistant",
                };
                Value::from(BTreeMap::from([
                    ("role", Value::from(role)),
                    ("content", Value::from(message.content.as_str())),
                ]))
            })
            .collect();
        let context = Value::from(BTreeMap::from([
            ("messages", Value::from(messages)),
            ("add_generation_prompt", Value::from(open)),
            ("bos_token", Value::from(self.beginning.as_str())),
            ("eos_token", Value::from(self.end.as_str())),
            // Who listens does not want to hear a model think (Qwen 3).
            ("enable_thinking", Value::from(false)),
        ]));
        let template = self.environment.get_template("chat").map_err(|error| LlmError::Template(sentence(&error)))?;
        let mut rendered = Bounded(Vec::new());
        template.render_captured_to(context, &mut rendered).map_err(|error| LlmError::Template(sentence(&error)))?;
        String::from_utf8(rendered.0).map_err(|_| LlmError::Template("it makes text that is not UTF-8".into()))
    }
}

fn sentence(error: &Error) -> String {
    error.detail().map_or_else(|| error.to_string(), str::to_owned)
}

/// Takes no more than [`MAX_RENDERED`] bytes.
struct Bounded(Vec<u8>);

impl std::io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_RENDERED {
            return Err(std::io::Error::other("its text is too long"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The dialogue with which llama.cpp tests its templates; the renderings below are those that it, or the model's own
    /// page, publishes.
    fn dialogue() -> Vec<Message> {
        [
            (Role::System, "You are a helpful assistant"),
            (Role::User, "Hello"),
            (Role::Assistant, "Hi there"),
            (Role::User, "Who are you"),
            (Role::Assistant, "   I am an assistant   "),
            (Role::User, "Another question"),
        ]
        .map(|(role, text)| Message::new(role, text))
        .to_vec()
    }

    const CHATML_RENDERED: &str = "<|im_start|>system\nYou are a helpful assistant<|im_end|>\n<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\nHi there<|im_end|>\n<|im_start|>user\nWho are you<|im_end|>\n<|im_start|>assistant\n   I am an assistant   <|im_end|>\n<|im_start|>user\nAnother question<|im_end|>\n<|im_start|>assistant\n";
    const SMOLLM2: &str = "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
    const MISTRAL: &str = "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ message['content'] + eos_token + ' ' }}{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}";
    const LLAMA3: &str = "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}";
    /// With line breaks between its tags: right only when those are trimmed.
    const ZEPHYR: &str = "{% for message in messages %}\n{% if message['role'] == 'user' %}\n{{ '<|user|>\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'system' %}\n{{ '<|system|>\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'assistant' %}\n{{ '<|assistant|>\n'  + message['content'] + eos_token }}\n{% endif %}\n{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}";

    const GEMMA: &str = "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}";
    const PHI3: &str = "{% for message in messages %}{% if message['role'] == 'system' %}{{'<|system|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'user' %}{{'<|user|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'assistant' %}{{'<|assistant|>\n' + message['content'] + '<|end|>\n'}}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}";
    /// How Qwen 3's begins and ends, with what of Python it uses in between.
    const QWEN3: &str = "{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}\n{%- for message in messages[::-1] %}\n    {%- set index = (messages|length - 1) - loop.index0 %}\n    {%- if ns.multi_step_tool and message.role == \"user\" and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}\n        {%- set ns.multi_step_tool = false %}\n        {%- set ns.last_query_index = index %}\n    {%- endif %}\n{%- endfor %}\n{%- for message in messages %}\n    {%- set content = message.content %}\n    {%- if message.role == 'assistant' and '</think>' in content %}\n        {%- set content = content.split('</think>')[-1].lstrip('\\n') %}\n    {%- endif %}\n    {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}\n{%- endfor %}\n{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\\n' }}\n    {%- if enable_thinking is defined and enable_thinking is false %}\n        {{- '<think>\\n\\n</think>\\n\\n' }}\n    {%- endif %}\n{%- endif %}";

    fn rendered(source: Option<&str>, messages: &[Message]) -> Result<String> {
        ChatTemplate::new(source, "<s>", "</s>").and_then(|template| template.render(messages, true))
    }

    #[test]
    fn renderings_are_those_published() {
        assert_eq!(rendered(None, &dialogue()).unwrap(), CHATML_RENDERED);
        assert_eq!(rendered(Some("  \n"), &dialogue()).unwrap(), CHATML_RENDERED);
        assert_eq!(rendered(Some(SMOLLM2), &dialogue()).unwrap(), CHATML_RENDERED);
        assert_eq!(
            rendered(Some(SMOLLM2), &dialogue()[1..2]).unwrap(),
            "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n"
        );
        let talk = [
            "Hello, how are you?",
            "I'm doing great. How can I help you today?",
            "I'd like to show off how chat templating works!",
        ];
        let talk: Vec<Message> = talk
            .iter()
            .zip([Role::User, Role::Assistant, Role::User])
            .map(|(text, role)| Message::new(role, *text))
            .collect();
        assert_eq!(
            rendered(Some(MISTRAL), &talk).unwrap(),
            "<s>[INST] Hello, how are you? [/INST]I'm doing great. How can I help you today?</s> [INST] I'd like to show off how chat templating works! [/INST]"
        );
        assert_eq!(
            rendered(Some(LLAMA3), &dialogue()).unwrap(),
            "<s><|start_header_id|>system<|end_header_id|>\n\nYou are a helpful assistant<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHello<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nHi there<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nWho are you<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nI am an assistant<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nAnother question<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
        );
        assert_eq!(
            rendered(Some(ZEPHYR), &dialogue()).unwrap(),
            "<|system|>\nYou are a helpful assistant</s>\n<|user|>\nHello</s>\n<|assistant|>\nHi there</s>\n<|user|>\nWho are you</s>\n<|assistant|>\n   I am an assistant   </s>\n<|user|>\nAnother question</s>\n<|assistant|>\n"
        );
    }

    #[test]
    fn other_families_get_what_they_were_trained_on() {
        let folded = "<start_of_turn>user\nYou are a helpful assistant\n\nHello<end_of_turn>\n<start_of_turn>model\nHi there<end_of_turn>\n<start_of_turn>user\nWho are you<end_of_turn>\n<start_of_turn>model\nI am an assistant<end_of_turn>\n<start_of_turn>user\nAnother question<end_of_turn>\n<start_of_turn>model\n";
        assert_eq!(rendered(Some(GEMMA), &dialogue()).unwrap(), format!("<s>{folded}"));
        assert_eq!(
            rendered(Some(PHI3), &dialogue()).unwrap(),
            "<|system|>\nYou are a helpful assistant<|end|>\n<|user|>\nHello<|end|>\n<|assistant|>\nHi there<|end|>\n<|user|>\nWho are you<|end|>\n<|assistant|>\n   I am an assistant   <|end|>\n<|user|>\nAnother question<|end|>\n<|assistant|>\n"
        );
        assert_eq!(
            rendered(Some(QWEN3), &dialogue()).unwrap(),
            format!("{CHATML_RENDERED}<think>\n\n</think>\n\n"),
            "it is asked not to think aloud"
        );
        assert!(
            rendered(Some(MISTRAL), &dialogue())
                .unwrap()
                .starts_with("<s>[INST] You are a helpful assistant\n\nHello [/INST]Hi there</s>")
        );
    }

    #[test]
    fn the_installed_model_has_the_template_tested_here() {
        let gguf = crate::testing::default_gguf();
        assert_eq!(gguf.header.metadata.text("tokenizer.chat_template").unwrap(), Some(SMOLLM2));
    }

    #[test]
    fn python_methods_work() {
        let source = "{{ messages[0].content.strip().upper() }}|{{ messages[0]['content'].split(' ')[1] }}|{{ messages[0].get('tool', 'none') }}|{{ 'ab'.startswith('a') }}|{% for k, v in messages[0].items() %}{{ k }} {% endfor %}";
        let found = rendered(Some(source), &[Message::new(Role::User, "hello world ")]).unwrap();
        assert_eq!(found, "HELLO WORLD|world|none|True|content role ");
    }

    #[test]
    fn what_a_template_refuses_is_told_in_its_words() {
        let reason = rendered(Some(MISTRAL), &dialogue()[2..]).unwrap_err().to_string();
        assert!(reason.contains("roles must alternate"), "{reason}");
    }

    #[test]
    fn hostile_templates_end() {
        let endless = "{% for a in range(10000) %}{% for b in range(10000) %}{% for c in range(10000) %}{% endfor %}{% endfor %}{% endfor %}";
        let huge = "{% for a in range(10000) %}{{ 'xxxxxxxxxx' * 1000 }}{% endfor %}";
        let deep = "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}";
        for source in [endless, huge, deep, "{{ messages[0]['content'", "{{ nosuch() }}", "{% include 'file' %}"] {
            assert!(matches!(rendered(Some(source), &dialogue()), Err(LlmError::Template(_))), "{source}");
        }
    }
}
