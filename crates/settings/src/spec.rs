//! What a setting may be: its kind, range and words, and the checks that follow.
//!
//! Never knows a particular setting, nor where a value came from.

use crate::keys;
use serde::Serialize;
use serde_json::Value;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;

/// The most characters of a text setting: device names are long, but not this long.
const MAX_TEXT: usize = 512;

/// The most names of a list, and the most characters of one of them.
const MAX_NAMES: usize = 100;
const MAX_NAME: usize = 64;

/// The kind of models of which one may be a file that lies elsewhere.
const FROM_FILE: &str = "language";

/// As a language model: the best of those that are installed and quick on this machine.
pub const AUTO_MODEL: &str = "auto";

/// One thing that can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ChoiceOption {
    /// Its name in the file.
    pub value: &'static str,
    /// Its name for a person.
    pub label: &'static str,
}

/// What a value may be, and with it the control that sets it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// On or off.
    Switch,
    /// A whole number.
    Integer {
        /// Smallest allowed.
        min: u32,
        /// Largest allowed.
        max: u32,
        /// What it counts; empty for none.
        unit: &'static str,
    },
    /// A number.
    Number {
        /// Smallest allowed.
        min: f64,
        /// Largest allowed.
        max: f64,
        /// What it measures; empty for none.
        unit: &'static str,
    },
    /// One of a list.
    Choice {
        /// The list.
        options: &'static [ChoiceOption],
    },
    /// The name of a microphone; empty for the system's.
    InputDevice,
    /// The name of a speaker; empty for the system's.
    OutputDevice,
    /// The id of a model in the catalog; for `language`, also the whole path of a GGUF file or [`AUTO_MODEL`].
    Model {
        /// Its kind in the catalog: `language`, `recognition`, `voice`, `wake`.
        of: &'static str,
    },
    /// Codes of languages (ISO 639-1), separated by commas; empty for any.
    Languages,
    /// Names of applications, separated by commas; may be empty.
    Names,
    /// Keys joined by `+`: modifiers first, one key last.
    Hotkey,
    /// Words on one line; may be empty.
    Text,
    /// The address of a server, beginning with `http://` or `https://`; empty for none. Never with a password in it.
    Address,
    /// The name of a variable of the environment; empty for none. Never a secret itself: it stands in the file.
    Variable,
}

impl Kind {
    /// A whole number in a range.
    pub(crate) const fn integer(min: u32, max: u32, unit: &'static str) -> Self {
        Self::Integer { min, max, unit }
    }

    /// A number in a range.
    pub(crate) const fn number(min: f64, max: f64, unit: &'static str) -> Self {
        Self::Number { min, max, unit }
    }
}

/// One setting: what it is called, what it does, what it may be.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FieldSpec {
    /// Section and name: `audio.volume`.
    pub path: &'static str,
    /// Title of its section for a person.
    pub section: &'static str,
    /// Its name for a person.
    pub label: &'static str,
    /// One sentence that says what it does.
    pub help: &'static str,
    /// What it may be.
    #[serde(flatten)]
    #[cfg_attr(feature = "ts", ts(flatten))]
    pub kind: Kind,
    /// What it is when nobody says anything.
    pub default: Value,
    /// Variables of the environment that set it, strongest last.
    pub environment: Vec<String>,
    /// Whether a running Jarvis takes a new value up only after a restart.
    pub restart: bool,
    /// Accepted, but read by nothing yet: not to be shown as if it worked.
    pub unused: bool,
}

impl FieldSpec {
    /// What is allowed, to complete "It has to be ...".
    pub fn allowed(&self) -> String {
        let of = |unit: &str| if unit.is_empty() { String::new() } else { format!(" {unit}") };
        match &self.kind {
            Kind::Switch => "true or false".into(),
            Kind::Integer { min, max, unit } => format!("a whole number from {min} to {max}{}", of(unit)),
            Kind::Number { min, max, unit } => format!("a number from {min} to {max}{}", of(unit)),
            Kind::Choice { options } => {
                let names: Vec<_> = options.iter().map(|option| format!("\"{}\"", option.value)).collect();
                format!("one of {}", names.join(", "))
            }
            Kind::InputDevice => format!("the name of a microphone (at most {MAX_TEXT} characters), or empty"),
            Kind::OutputDevice => format!("the name of a speaker (at most {MAX_TEXT} characters), or empty"),
            Kind::Model { of } => {
                let other = match *of {
                    FROM_FILE => format!(", the whole path of a GGUF file, or \"{AUTO_MODEL}\""),
                    _ => String::new(),
                };
                format!("the id of a {of} model (letters, digits, '.', '_' and '-'){other}")
            }
            Kind::Languages => "codes of languages separated by commas, such as \"en, de\", or empty".into(),
            Kind::Names => format!(
                "names separated by commas, such as \"Signal, KeePassXC\" (at most {MAX_NAMES}, each of at most {MAX_NAME} characters), or empty"
            ),
            Kind::Hotkey => keys::ALLOWED.into(),
            Kind::Text => format!("text on one line (at most {MAX_TEXT} characters), or empty"),
            Kind::Address => {
                "an address like \"http://127.0.0.1:11434/v1\" or \"http://[::1]:11434\" with a port from 1 to 65535, without a name, a password or anything behind a ?, or empty"
                    .into()
            }
            Kind::Variable => {
                "the name of an environment variable in capital letters with a _ in it, like \"OPENAI_API_KEY\", or empty"
                    .into()
            }
        }
    }

    /// The JSON value that `text` means for this setting, or `None` when it means none that is allowed.
    pub fn parse(&self, text: &str) -> Option<Value> {
        let trimmed = text.trim();
        let value = match &self.kind {
            Kind::Switch => match trimmed.to_ascii_lowercase().as_str() {
                "true" | "on" | "yes" | "1" => Value::Bool(true),
                "false" | "off" | "no" | "0" => Value::Bool(false),
                _ => return None,
            },
            Kind::Integer { .. } => trimmed.parse::<u32>().ok()?.into(),
            Kind::Number { .. } => serde_json::Number::from_f64(trimmed.parse().ok()?)?.into(),
            Kind::Choice { .. } => trimmed.to_ascii_lowercase().into(),
            Kind::Languages => trimmed.to_ascii_lowercase().into(),
            Kind::InputDevice | Kind::OutputDevice | Kind::Model { .. } | Kind::Hotkey => trimmed.into(),
            Kind::Names | Kind::Text | Kind::Address | Kind::Variable => trimmed.into(),
        };
        self.accepts(&value).then_some(value)
    }

    /// Whether `value` is allowed.
    pub fn accepts(&self, value: &Value) -> bool {
        match &self.kind {
            Kind::Switch => value.is_boolean(),
            Kind::Integer { min, max, .. } => {
                value.as_u64().is_some_and(|number| (u64::from(*min)..=u64::from(*max)).contains(&number))
            }
            Kind::Number { min, max, .. } => value.as_f64().is_some_and(|number| (*min..=*max).contains(&number)),
            Kind::Choice { options } => {
                value.as_str().is_some_and(|name| options.iter().any(|option| option.value == name))
            }
            Kind::InputDevice | Kind::OutputDevice | Kind::Text => value.as_str().is_some_and(is_plain_text),
            Kind::Address => value.as_str().is_some_and(is_address),
            Kind::Variable => value.as_str().is_some_and(is_variable),
            Kind::Model { of } => {
                value.as_str().is_some_and(|model| is_model_id(model) || (*of == FROM_FILE && is_file(model)))
            }
            Kind::Languages => value.as_str().is_some_and(are_languages),
            Kind::Names => value.as_str().is_some_and(are_names),
            Kind::Hotkey => value.as_str().is_some_and(keys::is_hotkey),
        }
    }

    /// Whether a value that is refused may be shown. A key that was set where its variable's name belongs, or a password in
    /// an address, would end up in a log.
    pub(crate) fn may_show(&self, refused: &str) -> bool {
        match &self.kind {
            Kind::Variable => false,
            Kind::Address => !refused.contains(['@', '?', '#']),
            _ => true,
        }
    }
}

/// Text that fits on a line.
fn is_plain_text(text: &str) -> bool {
    text.chars().count() <= MAX_TEXT && !text.chars().any(char::is_control)
}

/// Whether this may be the address of a server; its client says more.
fn is_address(text: &str) -> bool {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let is_plain = |rest: &str| {
        rest.bytes().all(|byte| byte.is_ascii_graphic())
            && !rest.contains(['@', '?', '#', '\\'])
            && rest.split('/').next().is_some_and(is_place)
    };
    text.is_empty() || (text.len() <= MAX_TEXT && rest.is_some_and(is_plain))
}

/// Whether this is a host, with a port or without: `127.0.0.1:11434`, `[::1]`, `nas.local`.
fn is_place(place: &str) -> bool {
    let (host, port) = match place.strip_prefix('[').and_then(|place| place.split_once(']')) {
        Some((host, rest)) => match (host.parse::<Ipv6Addr>(), rest.strip_prefix(':')) {
            (Ok(_), None) => return rest.is_empty(),
            (Ok(_), port) => (None, port),
            (Err(_), _) => return false,
        },
        None => match place.split_once(':') {
            Some((host, port)) => (Some(host), Some(port)),
            None => (Some(place), None),
        },
    };
    let is_port =
        |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0);
    host.is_none_or(is_host) && port.is_none_or(is_port)
}

/// Whether this is a host's name or its address of four numbers.
fn is_host(host: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(is_letter);
    let name = host.strip_suffix('.').unwrap_or(host);
    let last = name.rsplit('.').next().unwrap_or_default();
    // What ends in a number is no name.
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit());
    name.split('.').all(is_part) && (!is_number || name.parse::<Ipv4Addr>().is_ok())
}

/// Whether this is how people name variables for keys. Keys themselves have small letters or no `_`.
fn is_variable(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let begins = |byte: &u8| byte.is_ascii_uppercase();
    name.is_empty()
        || (name.len() <= 64
            && name.as_bytes().first().is_some_and(begins)
            && name.contains('_')
            && name.bytes().all(is_allowed))
}

/// Whether this is a list of codes of languages; a model says whether it knows them.
fn are_languages(list: &str) -> bool {
    let is_code = |code: &str| (2..=3).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_lowercase());
    list.is_empty() || list.split(',').all(|code| is_code(code.trim()))
}

/// Whether this is a list of names.
fn are_names(list: &str) -> bool {
    let is_name = |name: &str| (1..=MAX_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    list.is_empty() || (list.split(',').count() <= MAX_NAMES && list.split(',').all(|name| is_name(name.trim())))
}

/// Whether this is the whole path of a file, as people write it.
fn is_file(path: &str) -> bool {
    is_plain_text(path) && Path::new(path).is_absolute() && !path.ends_with('/')
}

/// An id becomes the name of a folder, so it must not be able to leave the models' folder.
fn is_model_id(id: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (1..=64).contains(&id.len()) && id.chars().all(is_allowed) && !id.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;
    use proptest::prelude::*;

    fn spec(path: &str) -> FieldSpec {
        Settings::schema().into_iter().find(|spec| spec.path == path).unwrap()
    }

    #[test]
    fn every_setting_has_words_and_a_default_that_is_allowed() {
        let schema = Settings::schema();
        for spec in &schema {
            assert!(spec.accepts(&spec.default), "{} refuses its own default {}", spec.path, spec.default);
            assert!(!spec.label.is_empty() && spec.help.ends_with('.'), "{}", spec.path);
            assert!(spec.environment.iter().all(|name| name.starts_with("JARVIS_")));
        }
        let mut names: Vec<_> = schema.iter().flat_map(|spec| spec.environment.clone()).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count, "two settings share a variable");
    }

    #[test]
    fn text_becomes_the_setting_s_own_type() {
        assert_eq!(spec("wake.enabled").parse(" Off "), Some(false.into()));
        assert_eq!(spec("endpoint.silence_ms").parse("450"), Some(450.into()));
        assert_eq!(spec("audio.volume").parse("0.25"), Some(0.25.into()));
        assert_eq!(spec("hotkey.mode").parse("TOGGLE"), Some("toggle".into()));
        assert_eq!(spec("audio.input_device").parse(""), Some("".into()));
        assert_eq!(spec("recognition.languages").parse("EN, de"), Some("en, de".into()));
        assert_eq!(spec("recognition.languages").parse(""), Some("".into()));
        assert_eq!(spec("eyes.excluded_apps").parse(" Signal, Proton Pass "), Some("Signal, Proton Pass".into()));
        assert_eq!(spec("eyes.excluded_apps").parse(" "), Some("".into()));
        assert_eq!(spec("mind.model").parse("/models/a b.gguf "), Some("/models/a b.gguf".into()));
    }

    #[test]
    fn what_is_out_of_range_is_refused() {
        for (path, text) in [
            ("endpoint.silence_ms", "199"),
            ("endpoint.silence_ms", "3001"),
            ("endpoint.silence_ms", "-700"),
            ("endpoint.silence_ms", "7e2"),
            ("audio.volume", "1.01"),
            ("audio.volume", "NaN"),
            ("audio.volume", "inf"),
            ("wake.enabled", "maybe"),
            ("hotkey.mode", "both"),
            ("hotkey.keys", "Ctrl++"),
            ("hotkey.keys", ""),
            ("hotkey.keys", "Ctrl+Wobble"),
            ("mind.model", "../../etc"),
            ("mind.model", ""),
            ("mind.model", ".."),
            ("mind.model", "models/a.gguf"),
            ("voice.model", "/models/a.gguf"),
            ("audio.input_device", "a\nb"),
            ("recognition.languages", "english"),
            ("recognition.languages", "en;de"),
            ("recognition.languages", "en,"),
            ("remote.address", "api.openai.com"),
            ("remote.address", "https://"),
            ("remote.address", "https://me:secret@h.example/v1"),
            ("remote.address", "https://h.example/v1?key=secret"),
            ("remote.key_variable", "sk-0123456789abcdef"),
            ("remote.key_variable", "KEY"),
            ("remote.key_variable", "MY-KEY"),
            ("remote.model", "a\nb"),
            ("eyes.excluded_apps", "Signal,, Mail"),
            ("eyes.excluded_apps", "Signal,"),
            ("eyes.excluded_apps", "a\nb"),
            ("eyes.excluded_apps", &"x".repeat(65)),
            ("eyes.excluded_apps", &["x"; 101].join(",")),
            ("eyes.remember_minutes", "61"),
            ("eyes.accessibility", "maybe"),
        ] {
            assert_eq!(spec(path).parse(text), None, "{path} = {text:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_parsed_is_accepted(text in ".{0,40}") {
            for spec in Settings::schema() {
                if let Some(value) = spec.parse(&text) {
                    prop_assert!(spec.accepts(&value), "{} {value}", spec.path);
                }
            }
        }
    }
}
