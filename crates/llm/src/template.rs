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

    /// Renders `messages`; with `open` ready for the assistant's next message. A template that refuses standing
    /// instructions (Gemma, the first Mistrals) or leaves them out without a word (Phi 3 mini) gets them before what the
    /// user says first.
    ///
    /// # Errors
    /// The template fails, refuses this order of messages, or makes too much of them.
    pub(crate) fn render(&self, messages: &[Message], open: bool) -> Result<String> {
        let [system, user, rest @ ..] = messages else { return self.render_as_is(messages, open) };
        if (system.role, user.role) != (Role::System, Role::User) {
            return self.render_as_is(messages, open);
        }
        let as_is = self.render_as_is(messages, open);
        if as_is.as_ref().is_ok_and(|text| text.contains(system.content.trim())) {
            return as_is;
        }
        let first = Message::new(Role::User, format!("{}\n\n{}", system.content, user.content));
        let folded: Vec<Message> = std::iter::once(first).chain(rest.iter().cloned()).collect();
        // If that is no better, what is wrong is something else.
        self.render_as_is(&folded, open).or(as_is)
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
#[path = "template_tests.rs"]
mod tests;
