//! The layers that give each setting its value, and where it came from: default < file < environment < flag.
//!
//! What is saved is the file's layer alone: a variable of the environment or a flag never ends up in the file.

use crate::document::{VERSION, split};
use crate::{Document, FieldSpec, Paths, Settings, SettingsError};
use jarvis_core::{Error, Result};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// Variables that begin like settings but are none.
const RESERVED: [&str; 7] = [
    "JARVIS_DATA_DIR",
    "JARVIS_CONFIG_DIR",
    "JARVIS_STATE_DIR",
    "JARVIS_CACHE_DIR",
    "JARVIS_RUNTIME_DIR",
    "JARVIS_LOG",
    "JARVIS_LOG_FILE",
];

/// What says whether, and at what, Jarvis may look.
const WISHES_OF_THE_EYES: [&str; 4] = ["eyes.enabled", "eyes.private_windows", "eyes.excluded_apps", "eyes.background"];

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "origin", content = "where", rename_all = "snake_case")]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// The settings file.
    File(PathBuf),
    /// A variable of the environment.
    Environment(String),
    /// A flag of the command line, or a change made while the program runs.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => write!(f, "the default"),
            Self::File(file) => write!(f, "from {}", file.display()),
            Self::Environment(name) => write!(f, "from the environment variable {name}"),
            Self::Flag(flag) => write!(f, "from {flag}"),
        }
    }
}

/// A setting's value and where it came from, a row of `jarvis config get`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// Section and name: `audio.volume`.
    pub path: &'static str,
    /// The value in force.
    pub value: Value,
    /// Which layer it came from.
    #[serde(flatten)]
    pub origin: Origin,
}

/// What became of a change to the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The file's new value; the default when it was taken out.
    pub value: Value,
    /// Whether a running Jarvis takes it up only after a restart.
    pub restart: bool,
    /// The variable of the environment that is stronger than the file, if one is set.
    pub overridden_by: Option<String>,
    /// Whether what stood there before was not allowed.
    pub was_bad: bool,
}

/// A value that is not allowed.
#[derive(Debug, Clone, PartialEq)]
pub struct BadSetting {
    /// The setting, or the section that holds something else than settings.
    place: String,
    /// Why, and what mends it.
    pub error: Error,
}

impl BadSetting {
    /// Whether it is not known because of that what the setting at `path` is.
    pub fn hides(&self, path: &str) -> bool {
        self.place == path || self.place == split(path).0
    }
}

impl Settings {
    /// The settings of this user, with this process's environment applied.
    ///
    /// # Errors
    /// The file is broken or cannot be read, or a value is not allowed.
    pub fn load(paths: &Paths) -> Result<Self> {
        Self::load_with(paths, environment_of_process())
    }

    /// As [`Self::load`], with the environment given, so that tests need not change the process's own.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_with(paths: &Paths, environment: impl IntoIterator<Item = (String, String)>) -> Result<Self> {
        let document = Document::read(&paths.config_file())?;
        Ok(Self::from_layers(&document, environment)?)
    }

    /// As [`Self::load`], with each value that is not allowed left out and told, for whoever asks for others or wants to mend
    /// it.
    ///
    /// # Errors
    /// Nothing of the file can be read.
    pub fn load_around_bad(paths: &Paths) -> Result<(Self, Vec<BadSetting>)> {
        Self::load_around_bad_with(paths, environment_of_process())
    }

    /// As [`Self::load_around_bad`], with the environment given.
    ///
    /// # Errors
    /// As [`Self::load_around_bad`].
    pub fn load_around_bad_with(
        paths: &Paths,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(Self, Vec<BadSetting>)> {
        let (document, mut problems) = Document::read_good(&paths.config_file())?;
        let (settings, bad_values) = Self::lay(&document, environment);
        problems.extend(bad_values);
        let bad = |error: SettingsError| {
            let place = error.place().unwrap_or_default().to_owned();
            BadSetting { place, error: error.into() }
        };
        Ok((settings, problems.into_iter().map(bad).collect()))
    }

    /// The defaults, with the file and the environment laid over them.
    ///
    /// # Errors
    /// A value is not allowed.
    pub fn from_layers(
        document: &Document,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let (settings, problems) = Self::lay(document, environment);
        problems.into_iter().next().map_or(Ok(settings), Err)
    }

    /// As [`Self::load`] for a program that has to start whatever the file says: every good value counts, and each bad
    /// one leaves the layer below in force and is told. Nothing listens or looks by accident: where it cannot be read
    /// whether the wake word is wanted, it is off, and so are the eyes where it cannot be read what they may look at.
    pub fn load_good(paths: &Paths) -> (Self, Vec<Error>) {
        Self::load_good_with(paths, environment_of_process())
    }

    /// As [`Self::load_good`], with the environment given.
    pub fn load_good_with(
        paths: &Paths,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> (Self, Vec<Error>) {
        let file = paths.config_file();
        let (document, mut problems) = match Document::read_good(&file) {
            Ok((document, problems)) => (Some(document), problems),
            Err(error) => (None, vec![error]),
        };
        let (mut settings, bad_values) = Self::lay(document.as_ref().unwrap_or(&Document::empty(&file)), environment);
        problems.extend(bad_values);
        let is_unknown = |wish: &str| {
            let unsaid = !settings.origins.contains_key(wish);
            let hides_it = |problem: &SettingsError| match problem {
                // A variable is stronger than a good value of the file.
                SettingsError::BadValue { path, origin, .. } => {
                    path == wish && (unsaid || matches!(origin, Origin::Environment(_)))
                }
                SettingsError::Shape { section, .. } => unsaid && section.as_deref() == Some(split(wish).0),
                _ => false,
            };
            (document.is_none() && unsaid) || problems.iter().any(hides_it)
        };
        let is_deaf = settings.wake.enabled && is_unknown("wake.enabled");
        let is_blind = settings.eyes.enabled && WISHES_OF_THE_EYES.iter().any(|wish| is_unknown(wish));
        if is_deaf {
            settings.wake.enabled = false;
            problems.push(SettingsError::WakeWordUnknown);
        }
        if is_blind {
            settings.eyes.enabled = false;
            problems.push(SettingsError::EyesUnknown);
        }
        (settings, problems.into_iter().map(Error::from).collect())
    }

    /// Lays the layers over each other. A value that is not allowed is left out, with its error.
    fn lay(document: &Document, environment: impl IntoIterator<Item = (String, String)>) -> (Self, Vec<SettingsError>) {
        let environment: BTreeMap<String, String> = environment.into_iter().collect();
        let mut settings = Self::default();
        let mut problems = Vec::new();
        for spec in Self::schema() {
            if let Some(value) = document.get(spec.path) {
                let origin = Origin::File(document.file().to_owned());
                let put = match spec.accepts(value) {
                    true => settings.put(&spec, value, origin),
                    false => Err(bad_value(&spec, value.to_string(), origin)),
                };
                problems.extend(put.err());
            }
            for name in &spec.environment {
                if let Some(text) = environment.get(name) {
                    problems.extend(settings.put_text(&spec, text, Origin::Environment(name.clone())).err());
                }
            }
        }
        settings.warnings = warnings(document, &environment);
        (settings, problems)
    }

    /// What a person should know although nothing failed: names that are no settings.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The value at `path` and where it came from.
    ///
    /// # Errors
    /// There is no such setting.
    pub fn get(&self, path: &str) -> Result<Entry> {
        let spec = find(path)?;
        let value = self.read(spec.path).unwrap_or(Value::Null);
        let origin = self.origins.get(spec.path).cloned().unwrap_or(Origin::Default);
        Ok(Entry { path: spec.path, value, origin })
    }

    /// Every setting, in the order of [`Self::schema`].
    pub fn entries(&self) -> Vec<Entry> {
        Self::schema().iter().filter_map(|spec| self.get(spec.path).ok()).collect()
    }

    /// Sets a value for this run alone, stronger than any layer. For a flag say which: [`Self::set_by_flag`].
    ///
    /// # Errors
    /// There is no such setting, or the value is not allowed; then nothing has changed.
    pub fn set(&mut self, path: &str, text: &str) -> Result<()> {
        self.set_by_flag(path, text, "this command")
    }

    /// Sets a value for this run alone because of `flag` (`--no-voice`).
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn set_by_flag(&mut self, path: &str, text: &str, flag: &str) -> Result<()> {
        let spec = find(path)?;
        Ok(self.put_text(&spec, text, Origin::Flag(flag.to_owned()))?)
    }

    /// Writes a value into the file, where it stays.
    ///
    /// # Errors
    /// There is no such setting, the value is not allowed, or the file cannot be read or written; then nothing has
    /// changed.
    pub fn save(paths: &Paths, path: &str, text: &str) -> Result<Change> {
        let spec = find(path)?;
        let value =
            spec.parse(text).ok_or_else(|| bad_value(&spec, quoted(text), Origin::Flag("this command".into())))?;
        let was_bad = Document::edit(&paths.config_file(), |document| {
            let was_bad = is_bad(document, &spec);
            document.set(spec.path, value.clone());
            Ok(was_bad)
        })?;
        Ok(change(&spec, value, was_bad))
    }

    /// Takes the value at `path` out of the file, all those of a section (`voice`), or, without a path, every setting that
    /// this version knows; allowed or not, and whatever else in the file is not.
    ///
    /// # Errors
    /// There is no such setting or section, or the file cannot be read or written.
    pub fn reset(paths: &Paths, path: Option<&str>) -> Result<Vec<(&'static str, Change)>> {
        let specs = match path {
            Some(path) => {
                let is_in = |spec: &FieldSpec| spec.path.split_once('.').is_some_and(|(section, _)| section == path);
                let section: Vec<FieldSpec> = Self::schema().into_iter().filter(is_in).collect();
                if section.is_empty() { vec![find(path)?] } else { section }
            }
            None => Self::schema(),
        };
        let removed = Document::mend(&paths.config_file(), |document| {
            let is_there =
                |spec: &FieldSpec| document.get(spec.path).is_some() || document.is_misshapen(split(spec.path).0);
            let there = specs.into_iter().filter(is_there);
            let removed: Vec<_> = there.map(|spec| (is_bad(document, &spec), spec)).collect();
            for (_, spec) in &removed {
                document.remove(spec.path);
            }
            removed
        })?;
        Ok(removed.iter().map(|(was_bad, spec)| (spec.path, change(spec, spec.default.clone(), *was_bad))).collect())
    }

    fn put_text(&mut self, spec: &FieldSpec, text: &str, origin: Origin) -> Result<(), SettingsError> {
        match spec.parse(text) {
            Some(value) => self.put(spec, &value, origin),
            None => Err(bad_value(spec, quoted(text), origin)),
        }
    }

    fn put(&mut self, spec: &FieldSpec, value: &Value, origin: Origin) -> Result<(), SettingsError> {
        if !self.write(spec.path, value) {
            return Err(bad_value(spec, value.to_string(), origin));
        }
        self.origins.insert(spec.path, origin);
        Ok(())
    }
}

/// The spec of the setting at `path`.
fn find(path: &str) -> Result<FieldSpec, SettingsError> {
    let mut schema = Settings::schema();
    match schema.iter().position(|spec| spec.path == path) {
        Some(position) => Ok(schema.swap_remove(position)),
        None => Err(SettingsError::Unknown { path: path.to_owned(), nearest: nearest(path, &schema) }),
    }
}

fn change(spec: &FieldSpec, value: Value, was_bad: bool) -> Change {
    let is_set = |name: &&String| std::env::var_os(name.as_str()).is_some();
    let overridden_by = spec.environment.iter().rfind(is_set).cloned();
    Change { value, restart: spec.restart, overridden_by, was_bad }
}

/// Whether what the file has for a setting is not allowed.
fn is_bad(document: &Document, spec: &FieldSpec) -> bool {
    document.is_misshapen(split(spec.path).0) || document.get(spec.path).is_some_and(|value| !spec.accepts(value))
}

fn bad_value(spec: &FieldSpec, value: String, origin: Origin) -> SettingsError {
    let value = if spec.may_show(&value) { value } else { "(not shown)".into() };
    SettingsError::BadValue { path: spec.path.into(), value, allowed: spec.allowed(), origin }
}

/// The value as it was typed, shortened so that an error stays a sentence.
fn quoted(text: &str) -> String {
    let short: String = text.chars().take(60).collect();
    let more = if short.len() < text.len() { "..." } else { "" };
    format!("{short:?}{more}")
}

fn environment_of_process() -> Vec<(String, String)> {
    let text = |value: std::ffi::OsString| value.to_string_lossy().into_owned();
    std::env::vars_os()
        .map(|(name, value)| (text(name), text(value)))
        .filter(|(n, _)| n.starts_with("JARVIS_"))
        .collect()
}

fn warnings(document: &Document, environment: &BTreeMap<String, String>) -> Vec<String> {
    let schema = Settings::schema();
    let newer = document.newer_version().map(|version| {
        let file = document.file().display();
        format!(
            "version = {version} in {file} is newer than this Jarvis, which knows {VERSION}: what it knows of the file counts."
        )
    });
    let mut warnings: Vec<String> = newer.into_iter().collect();
    warnings.extend(
        document.unknown().iter().map(|path| {
            format!("{path} in {} is no setting of this version; it is ignored.", document.file().display())
        }),
    );
    let belongs_to_a_section = |name: &str| {
        schema.iter().any(|spec| name.starts_with(&format!("JARVIS_{}_", split(spec.path).0.to_uppercase())))
    };
    let is_known =
        |name: &String| RESERVED.contains(&name.as_str()) || schema.iter().any(|spec| spec.environment.contains(name));
    warnings.extend(
        environment
            .keys()
            .filter(|name| belongs_to_a_section(name) && !is_known(name))
            .map(|name| format!("The environment variable {name} names no setting; it is ignored.")),
    );
    warnings
}

/// The setting that is spelled most like `path`, if one is close.
fn nearest(path: &str, schema: &[FieldSpec]) -> Option<&'static str> {
    let path: String = path.chars().take(64).collect::<String>().to_lowercase().replace(['-', '_', ' '], "_");
    let distance_to = |spec: &FieldSpec| {
        let name = split(spec.path).1;
        if name == path { 0 } else { distance(&path, spec.path) }
    };
    let (distance, spec) = schema.iter().map(|spec| (distance_to(spec), spec)).min_by_key(|(distance, _)| *distance)?;
    (distance <= 4).then_some(spec.path)
}

/// How many letters have to be put in, taken out or exchanged (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let exchanged = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = exchanged.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
#[path = "layers/tests.rs"]
mod tests;
