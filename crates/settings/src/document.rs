//! The settings file, `config.json`: read, changed in one place, written whole.
//!
//! Keeps what it does not know, so that a newer version's settings survive an older one. Never writes over a file that it
//! could not read, and a reader never sees half a file.

use crate::SettingsError;
use serde_json::{Map, Value};
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// The version of the file's layout that this program writes.
pub const VERSION: u64 = 1;

/// Files beyond this are not settings.
const MAX_BYTES: u64 = 1 << 20;

/// Turns a file of one version into the next one's layout.
type Migration = fn(&mut Map<String, Value>);

/// Step `i` leads from version `i + 1` to `i + 2`. Version 1 is the first, so there is none yet.
const MIGRATIONS: [Migration; VERSION as usize - 1] = [];

/// The settings file in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    file: PathBuf,
    root: Map<String, Value>,
}

impl Document {
    /// Reads `file`. A file that is not there, or empty, holds no settings.
    ///
    /// # Errors
    /// The file cannot be read, is not JSON, or its sections are not objects.
    pub fn read(file: &Path) -> Result<Self, SettingsError> {
        whole(Self::read_good(file)?)
    }

    /// As [`Self::read`], with the error of each section that is no object; it has no settings, and is kept in the file.
    ///
    /// # Errors
    /// Nothing of the file can be read.
    pub(crate) fn read_good(file: &Path) -> Result<(Self, Vec<SettingsError>), SettingsError> {
        let unreadable = |reason: String| SettingsError::Unreadable { file: file.to_owned(), reason };
        let mut text = String::new();
        match File::open(file) {
            Ok(open) => {
                let read = open.take(MAX_BYTES + 1).read_to_string(&mut text);
                let bytes = read.map_err(|error| unreadable(plain(&error)))?;
                if bytes as u64 > MAX_BYTES {
                    return Err(unreadable("it is larger than 1 MiB".into()));
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(unreadable(plain(&error))),
        }
        Self::good_of_text(file, &text)
    }

    /// The document that `text` would be as `file`.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn from_text(file: &Path, text: &str) -> Result<Self, SettingsError> {
        whole(Self::good_of_text(file, text)?)
    }

    fn good_of_text(file: &Path, text: &str) -> Result<(Self, Vec<SettingsError>), SettingsError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim().is_empty() {
            return Ok((Self::empty(file), Vec::new()));
        }
        let file = file.to_owned();
        let root: Value = match serde_json::from_str(text) {
            Ok(root) => root,
            Err(error) => return Err(broken(file, text, &error)),
        };
        let Value::Object(mut root) = root else {
            return Err(SettingsError::Shape { file, section: None });
        };
        let version = root.get("version").filter(|version| version.as_u64().is_none_or(|number| number == 0));
        let version = version.map(|version| SettingsError::Version { file: file.clone(), found: version.to_string() });
        migrate(&mut root, &MIGRATIONS);
        let document = Self { file, root };
        let bad = document.root.keys().filter(|name| document.is_misshapen(name));
        let problems =
            bad.map(|name| SettingsError::Shape { file: document.file.clone(), section: Some(name.clone()) });
        let problems = version.into_iter().chain(problems).collect();
        Ok((document, problems))
    }

    /// A document without any settings.
    pub(crate) fn empty(file: &Path) -> Self {
        Self { file: file.to_owned(), root: Map::new() }
    }

    /// Which file this is.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The value at `path` (`section.field`), if the file has one.
    pub fn get(&self, path: &str) -> Option<&Value> {
        let (section, field) = split(path);
        self.root.get(section)?.get(field)
    }

    /// Whether there is something else than settings in the place of a section of this version.
    pub(crate) fn is_misshapen(&self, section: &str) -> bool {
        let is_section = || crate::Settings::schema().iter().any(|spec| split(spec.path).0 == section);
        self.root.get(section).is_some_and(|fields| !fields.is_object()) && is_section()
    }

    /// Puts a value at `path`; whether it is allowed is the caller's to know.
    pub(crate) fn set(&mut self, path: &str, value: Value) {
        let (section, field) = split(path);
        if let Value::Object(fields) = self.root.entry(section).or_insert_with(|| Map::new().into()) {
            fields.insert(field.into(), value);
        }
    }

    /// Takes the value at `path` out, and says whether there was one. What stands in the place of its section is one.
    pub(crate) fn remove(&mut self, path: &str) -> bool {
        let (section, field) = split(path);
        if self.is_misshapen(section) {
            return self.root.remove(section).is_some();
        }
        let Some(Value::Object(fields)) = self.root.get_mut(section) else { return false };
        let was_there = fields.remove(field).is_some();
        if fields.is_empty() {
            self.root.remove(section);
        }
        was_there
    }

    /// The version of the file's layout, where that is newer than this program.
    pub(crate) fn newer_version(&self) -> Option<u64> {
        self.root.get("version")?.as_u64().filter(|version| *version > VERSION)
    }

    /// Paths in the file that are no settings of this version.
    pub fn unknown(&self) -> Vec<String> {
        let schema = crate::Settings::schema();
        let is_section = |name: &str| schema.iter().any(|spec| split(spec.path).0 == name);
        let mut unknown = Vec::new();
        for (section, fields) in self.root.iter().filter(|(name, _)| *name != "version") {
            match fields {
                Value::Object(fields) if is_section(section) => unknown.extend(
                    fields
                        .keys()
                        .map(|field| format!("{section}.{field}"))
                        .filter(|path| !schema.iter().any(|spec| spec.path == path)),
                ),
                // That is told as an error.
                _ if is_section(section) => {}
                _ => unknown.push(section.clone()),
            }
        }
        unknown
    }

    /// Writes the file: beside it first, then in its place. Mode 0600, for it may come to hold secrets. A link is
    /// followed, so that people can keep the file elsewhere.
    ///
    /// # Errors
    /// The folder or the disk refuses; the old file is left as it was.
    pub fn write(&self) -> Result<(), SettingsError> {
        let target = std::fs::canonicalize(&self.file).unwrap_or_else(|_| self.file.clone());
        let fails =
            |error: std::io::Error| SettingsError::Unwritable { file: self.file.clone(), reason: plain(&error) };
        let folder = target.parent().unwrap_or(Path::new("."));
        let mut root = self.root.clone();
        root.entry("version").or_insert_with(|| VERSION.into());
        let mut text = serde_json::to_string_pretty(&root).map_err(|error| fails(error.into()))?;
        text.push('\n');
        let mut beside = tempfile::Builder::new().prefix(".config-").tempfile_in(folder).map_err(fails)?;
        beside.write_all(text.as_bytes()).map_err(fails)?;
        beside.as_file().sync_all().map_err(fails)?;
        beside.persist(&target).map_err(|error| fails(error.error))?;
        Ok(())
    }

    /// Reads, changes and writes the file while no other Jarvis can do so.
    ///
    /// # Errors
    /// The file cannot be read or written, a section is no object, or `change` refuses; then nothing is written.
    pub(crate) fn edit<T>(
        file: &Path,
        change: impl FnOnce(&mut Self) -> Result<T, SettingsError>,
    ) -> Result<T, SettingsError> {
        Self::edit_as(file, Self::read, change)
    }

    /// As [`Self::edit`], also where sections are no objects, which may be taken out.
    ///
    /// # Errors
    /// The file cannot be read or written; then nothing is written.
    pub(crate) fn mend<T>(file: &Path, change: impl FnOnce(&mut Self) -> T) -> Result<T, SettingsError> {
        Self::edit_as(file, |file| Ok(Self::read_good(file)?.0), |document| Ok(change(document)))
    }

    fn edit_as<T>(
        file: &Path,
        read: impl FnOnce(&Path) -> Result<Self, SettingsError>,
        change: impl FnOnce(&mut Self) -> Result<T, SettingsError>,
    ) -> Result<T, SettingsError> {
        let fails = |error: std::io::Error| SettingsError::Unwritable { file: file.to_owned(), reason: plain(&error) };
        let folder = file.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(fails)?;
        // Locking the folder leaves no lock file behind; it opens with the handle.
        let lock = File::open(folder).map_err(fails)?;
        lock.lock().map_err(fails)?;
        let mut document = read(file)?;
        let before = document.clone();
        let result = change(&mut document)?;
        if document != before {
            document.write()?;
        }
        Ok(result)
    }
}

/// The document, if nothing of it had to be left out.
fn whole((document, problems): (Document, Vec<SettingsError>)) -> Result<Document, SettingsError> {
    problems.into_iter().next().map_or(Ok(document), Err)
}

/// Brings `root` up to [`VERSION`]. A file of a newer version is taken as it is: what is known in it is read.
fn migrate(root: &mut Map<String, Value>, steps: &[Migration]) {
    let version = root.get("version").and_then(Value::as_u64).unwrap_or(1).max(1);
    let newest = steps.len() as u64 + 1;
    if version >= newest {
        return;
    }
    for step in &steps[version as usize - 1..] {
        step(root);
    }
    root.insert("version".into(), newest.into());
}

/// `section.field` in two; paths of the schema always have both.
pub(crate) fn split(path: &str) -> (&str, &str) {
    path.split_once('.').unwrap_or((path, ""))
}

/// Where the text is no JSON, and why, for people.
fn broken(file: PathBuf, text: &str, error: &serde_json::Error) -> SettingsError {
    // Column 0 is the end of the line before.
    let (line, column) = match (error.line(), error.column()) {
        (line @ 2.., 0) => (line - 1, text.lines().nth(line - 2).map_or(0, |before| before.chars().count()) + 1),
        place => place,
    };
    let message = error.to_string();
    SettingsError::Broken { file, line, column, reason: reason(message.split(" at line ").next().unwrap_or_default()) }
}

/// What serde_json's message means for who wrote the file.
fn reason(message: &str) -> String {
    let plain = match message {
        "EOF while parsing an object" => "the text ends, and a } is missing",
        "EOF while parsing a list" => "the text ends, and a ] is missing",
        "EOF while parsing a string" => "the text ends inside of quotation marks",
        "EOF while parsing a value" => "the text ends where a value has to stand",
        "trailing comma" => "nothing comes after the comma before it",
        "trailing characters" => "something stands behind the last }",
        "expected `:`" => "a : is missing between a name and its value",
        "expected `,` or `}`" => "a comma is missing between two settings, or a } at the end",
        "expected `,` or `]`" => "a comma is missing between two values, or a ] at the end",
        "key must be a string" => "a name has to stand here, in quotation marks like \"volume\"",
        "expected value" | "expected ident" => {
            "a value has to stand here: a number, true, false, or a text in quotation marks"
        }
        "invalid number" | "number out of range" => "this is no number as JSON writes it",
        "invalid escape" => "a \\ inside of quotation marks has to be written twice",
        _ if message.starts_with("control character") => "the line ends inside of quotation marks",
        other => return format!("it is no JSON ({other})"),
    };
    plain.into()
}

/// An I/O error without the number.
fn plain(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::PermissionDenied => "permission is denied".into(),
        ErrorKind::InvalidData => "it is not UTF-8 text".into(),
        ErrorKind::IsADirectory => "it is a folder".into(),
        ErrorKind::StorageFull => "the disk is full".into(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    fn read(text: &str) -> Result<Document, SettingsError> {
        Document::from_text(Path::new("config.json"), text)
    }

    #[test]
    fn broken_json_is_refused_with_its_place() {
        let error = read("{\n  \"audio\": {\n    \"volume\": 0.5,\n  }\n}").unwrap_err();
        assert!(matches!(&error, SettingsError::Broken { line: 4, column: 3, .. }), "{error}");
        let place = "The settings file config.json is broken at line 4, column 3";
        assert_eq!(error.to_string(), format!("{place}: nothing comes after the comma before it."));
    }

    #[test]
    fn what_is_broken_is_told_in_words_for_people() {
        for (text, says) in [
            (r#"{"audio": {"#, "a } is missing"),
            (r#"{"a": ["#, "a ] is missing"),
            (r#"{"audio"#, "inside of quotation marks"),
            (r#"{"audio": "#, "a value has to stand"),
            (r#"{"audio" {}}"#, "a : is missing"),
            (r#"{"a": 1 "b": 2}"#, "a comma is missing between two settings"),
            (r#"{"a": [1 2]}"#, "a comma is missing between two values"),
            ("{audio: {}}", "in quotation marks like"),
            (r#"{"a": yes}"#, "true, false"),
            (r#"{"a": trye}"#, "true, false"),
            ("{} {}", "behind the last }"),
            (r#"{"a": 01}"#, "no number"),
            (r#"{"a": "C:\Users"}"#, "written twice"),
            ("{\"a\": \"b\n\"}", "the line ends inside"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
            assert!(!error.contains("EOF") && !error.contains("ident") && !error.contains("JSON ("), "{error}");
        }
    }

    #[test]
    fn a_version_is_a_number_from_1_and_a_newer_one_is_known() {
        for wrong in ["0", "-1", "1.5", "\"1\"", "null", "[]"] {
            let error = read(&format!(r#"{{"version": {wrong}}}"#)).unwrap_err();
            assert!(matches!(&error, SettingsError::Version { .. }), "{error}");
            assert!(error.to_string().contains("version"), "{error}");
        }
        assert_eq!(read(r#"{"version": 1}"#).unwrap().newer_version(), None);
        assert_eq!(read("{}").unwrap().newer_version(), None);
        assert_eq!(read(r#"{"version": 999}"#).unwrap().newer_version(), Some(999));
    }

    #[test]
    fn a_text_that_breaks_off_is_placed_at_the_end_of_its_line() {
        let error = read("{\n\"a\n").unwrap_err();
        assert!(matches!(&error, SettingsError::Broken { line: 2, column: 3, .. }), "{error}");
    }

    #[test]
    fn sections_have_to_be_objects() {
        assert!(read("[]").unwrap_err().to_string().contains("the whole"));
        assert!(read(r#"{"audio": 5}"#).unwrap_err().to_string().contains("\"audio\""));
        assert!(read(r#"{"something_else": 5}"#).is_ok());
    }

    #[test]
    fn nothing_is_the_same_as_no_settings() {
        for text in ["", " \n", "{}", "\u{feff}{}"] {
            assert_eq!(read(text).unwrap().root.len(), 0);
        }
    }

    #[test]
    fn what_is_not_known_is_kept_and_named() {
        let mut document = read(r#"{"version": 9, "audio": {"spatial": true}, "gestures": {"on": 1}}"#).unwrap();
        document.set("audio.volume", 0.5.into());
        assert_eq!(document.unknown(), ["audio.spatial", "gestures"]);
        assert!(document.remove("audio.volume"));
        assert!(!document.remove("audio.volume"));
        assert_eq!(document, read(r#"{"version": 9, "audio": {"spatial": true}, "gestures": {"on": 1}}"#).unwrap());
    }

    #[test]
    fn migration_runs_the_missing_steps_in_order() {
        fn rename(root: &mut Map<String, Value>) {
            let old = root.remove("sound").unwrap_or_default();
            root.insert("audio".into(), old);
        }
        fn louder(root: &mut Map<String, Value>) {
            root["audio"]["volume"] = 1.into();
        }
        let mut root = Map::from_iter([("sound".to_owned(), serde_json::json!({"volume": 0}))]);
        migrate(&mut root, &[rename, louder]);
        assert_eq!(Value::from(root.clone()), serde_json::json!({"version": 3, "audio": {"volume": 1}}));
        let newest = root.clone();
        migrate(&mut root, &[rename, louder]);
        assert_eq!(root, newest);
    }

    #[test]
    fn the_file_is_private_and_a_link_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (link, kept) = (folder.path().join("config.json"), folder.path().join("dotfiles.json"));
        std::fs::write(&kept, "{}").unwrap();
        std::os::unix::fs::symlink(&kept, &link).unwrap();
        Document::edit(&link, |document| {
            document.set("audio.volume", 0.5.into());
            Ok(())
        })
        .unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(Document::read(&kept).unwrap().get("audio.volume"), Some(&0.5.into()));
        assert_eq!(std::fs::metadata(&kept).unwrap().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside it");
    }

    #[test]
    fn a_broken_file_is_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.json");
        std::fs::write(&file, "{ oops").unwrap();
        let refused = Document::edit(&file, |document| {
            document.set("audio.volume", 0.5.into());
            Ok(())
        });
        assert!(matches!(refused, Err(SettingsError::Broken { .. })));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "{ oops");
    }
}
