//! From the user's recordings to an installed wake word: finds the voices and feature models that are installed, has the
//! head trained, and installs it as `wake-NAME`.
//!
//! Nothing is changed before the head is trained and measured, and then in one step. Never records and never prints.

use std::path::{Path, PathBuf};

use jarvis_core::{Cancel, Error, Result, wake_phrase};
use jarvis_models::{Catalog, Kind, Listed, OwnModel, Store};
use jarvis_onnx::Runtime;
use jarvis_settings::{Paths, Settings};
use jarvis_speech::tts::Piper;
use jarvis_speech::wake::train::{
    Figures, Plan, Stage, Take, Voices, check_phrase, check_takes, check_voices, check_words, plain_phrase, train,
};
use jarvis_speech::wake::{FEATURE_FILES, HEAD_FILE, WakeCheck};

use crate::load::{Installed, Parts, runtime_file};

/// What is to be trained, and under which name.
#[derive(Debug, Clone)]
pub struct WakeTraining {
    /// The model becomes `wake-NAME`: lower-case letters, digits and hyphens.
    pub name: String,
    /// The phrase as it is spelt.
    pub phrase: String,
    /// It may take the place of another wake word of that name that was trained here.
    pub replace: bool,
    /// It may stand beside another wake word for the same phrase.
    pub beside: bool,
    /// Chance falls the same way for the same seed.
    pub seed: u64,
    /// 1 is the usual amount of speech; tests take less.
    pub amount: f32,
}

/// A wake word that was trained and installed.
#[derive(Debug, Clone)]
pub struct TrainedWake {
    /// As `jarvis models list` shows it.
    pub model: Listed,
    /// How good it is.
    pub figures: Figures,
    /// What whoever takes it should know first.
    pub caution: Option<String>,
}

impl WakeTraining {
    /// The model's name.
    pub fn id(&self) -> String {
        format!("wake-{}", self.name)
    }

    /// Whether there can be such a wake word; asked before anybody records anything for it.
    ///
    /// # Errors
    /// The name or the phrase is refused or taken.
    pub fn check(&self, paths: &Paths) -> Result<()> {
        let (store, catalog) = (Store::new(paths.models_dir()), Catalog::builtin());
        store.check_own_name(&catalog, &self.id())?;
        if !self.replace && store.folder(&self.id()).is_ok() {
            return Err(Error::new(
                "wake.name_taken",
                format!("There is a wake word {} already.", self.id()),
                "Take another name, or say `--replace` to train it anew.",
            ));
        }
        check_phrase(&self.phrase)?;
        let wanted = plain_phrase(&self.phrase);
        let others = store.list(&catalog)?.into_iter().filter(|model| model.kind == Kind::Wake && model.installed);
        let mut same = others.filter(|model| {
            let phrase = jarvis_speech::wake::phrase(&model.path).unwrap_or_else(|| wake_phrase(&model.id));
            model.id != self.id() && plain_phrase(&phrase) == wanted
        });
        match same.next().filter(|_| !self.beside) {
            None => Ok(()),
            Some(other) => Err(Error::new(
                "wake.phrase_taken",
                format!("There is a wake word for \u{201c}{wanted}\u{201d} already: {}.", other.id),
                format!(
                    "Listen for it with `jarvis config set wake.model {}`, or say `--beside` to train one of your own, too.",
                    other.id
                ),
            )),
        }
    }

    /// Trains and installs. `tell` gets the stage and how much of it is done, 0..=1.
    ///
    /// # Errors
    /// The name or the phrase or a take is refused, no voice or wake word is installed to learn with, the disk is full, or
    /// `cancel` was raised; then nothing has changed.
    pub fn run(
        &self,
        paths: &Paths,
        settings: &Settings,
        takes: &[Take],
        tell: &mut dyn FnMut(Stage, f32),
        cancel: &Cancel,
    ) -> Result<TrainedWake> {
        // Before a minute is spent on it.
        self.check(paths)?;
        let (store, catalog) = (Store::new(paths.models_dir()), Catalog::builtin());
        if !takes.is_empty() {
            tell(Stage::Checking, 0.0);
            check_takes(takes)?;
            // Whoever has no model for it has to listen to the takes himself.
            let installed = Installed::new(paths);
            if let Ok(mut activity) = installed.activity(settings) {
                check_voices(takes, activity.as_mut())?;
            }
            if let Ok(mut recognizer) = installed.recognizer(settings) {
                check_words(takes, &mut WakeCheck::new(&self.phrase)?, recognizer.as_mut(), cancel)?;
            }
        }
        let runtime = Runtime::load(&runtime_file(&store)?)?;
        let folder = feature_folder(&store, &catalog, settings)?;
        let mut voices = installed_voices(&store, &catalog, &runtime)?;
        let plan = Plan { phrase: self.phrase.clone(), seed: self.seed, amount: self.amount };
        let trained = train(&plan, takes, &mut voices, (&runtime, &folder), tell, cancel)?;
        let mut files = vec![(HEAD_FILE.to_owned(), trained.head)];
        for name in FEATURE_FILES {
            files.push((name.to_owned(), read(&folder.join(name))?));
        }
        let model = OwnModel {
            id: self.id(),
            kind: Kind::Wake,
            title: format!("Wake word \"{}\", trained on this machine", self.phrase.trim()),
            licence: "your own (features Apache-2.0)".into(),
            files,
        };
        let caution = trained.figures.caution(trained.syllables);
        Ok(TrainedWake { model: store.install_own(&catalog, &model, cancel)?, figures: trained.figures, caution })
    }
}

/// The folder of a wake word whose feature models are there: all of them have the same.
///
/// # Errors
/// None is installed.
pub fn feature_folder(store: &Store, catalog: &Catalog, settings: &Settings) -> Result<PathBuf> {
    let chosen = store.folder(&settings.wake.model);
    if chosen.is_ok() {
        return chosen;
    }
    let installed = store.list(catalog)?.into_iter().find(|model| model.kind == Kind::Wake && model.installed);
    installed.map(|model| model.path).ok_or_else(|| {
        Error::new(
            "wake.no_features",
            "No wake word is installed, and a new one is learned with the feature models of one.",
            "Run `jarvis models pull`.",
        )
    })
}

/// Every installed voice that can be opened.
///
/// # Errors
/// There is none.
pub fn installed_voices(store: &Store, catalog: &Catalog, runtime: &Runtime) -> Result<Voices> {
    let mut pipers = Vec::new();
    for model in store.list(catalog)?.into_iter().filter(|model| model.kind == Kind::Voice && model.installed) {
        match Piper::with_espeak(runtime, &model.path) {
            Ok(piper) => pipers.push(piper),
            Err(error) => tracing::warn!(voice = %model.id, %error, "a voice that can't be used is left out"),
        }
    }
    Voices::new(pipers)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| {
        Error::new(
            "wake.no_features",
            format!("{} can't be read: {error}.", path.display()),
            "Run `jarvis models verify`.",
        )
    })
}
