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

    /// Renders `messages`; with `open` ready for the assistant's next message.
    ///
    /// # Errors
    /// The template fails, refuses this order of messages, or makes too much of them.
    pub(crate) fn render(&self, messages: &[Message], open: bool) -> Result<String> {
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
        let reason = rendered(Some(MISTRAL), &dialogue()).unwrap_err().to_string();
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
