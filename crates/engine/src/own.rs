//! The models that can compute on a graphics processor, recognition and the language model: each is loaded where it has room, and
//! on the processor where a graphics processor failed it.
//!
//! Owns what is known of that in this process: which of them a graphics processor failed, so that they are never tried there
//! again, and what is still to be told of it. Never decides what has room; see [`crate::place`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jarvis_core::{Error, LanguageModel, Result, SpeechToText};
use jarvis_llm::{GgufModel, LoadOptions};
use jarvis_models::{Kind, Store};
use jarvis_settings::Settings;
use jarvis_speech::stt::{self, Whisper};

use crate::graphics::OnGraphics;
use crate::language::language_wanted;
use crate::load::{LoadedLanguage, Loading, language_model_file};
use crate::place::{Placement, graphics_have_own_memory};

/// What is to be told, and what is known of graphics processors.
#[derive(Debug)]
pub(crate) struct Own {
    store: Store,
    /// It loads one kind after the other, as asked, and not all that a Jarvis that runs has.
    alone: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What a graphics processor failed.
    failed: Vec<Kind>,
    told: Vec<Error>,
}

impl Own {
    /// From what is in `store`; `alone`: nothing else is loaded beside.
    pub(crate) fn new(store: Store, alone: bool) -> Self {
        Self { store, alone, state: Mutex::default() }
    }

    /// Where everything goes when what does as a `kind` does is about to be loaded.
    pub(crate) fn place(&self, settings: &Settings, kind: Kind) -> Placement {
        let failed = self.state().failed.clone();
        let only = [kind];
        Placement::now(settings, &self.store, self.alone.then_some(&only[..]), &failed)
    }

    /// The language model that has room; `loaded` is told which.
    ///
    /// # Errors
    /// It is missing, has no room or cannot be used.
    pub(crate) fn language(self: &Arc<Self>, settings: &Settings, loaded: &Loading) -> Result<Box<dyn LanguageModel>> {
        let loaded = loaded.clone();
        let load = move |own: &Self, settings: &Settings, placement: &Placement, there| {
            own.load_language(settings, placement, there, &loaded)
        };
        self.load(settings, Kind::Language, load, |model| Box::new(model))
    }

    /// The recognizer.
    ///
    /// # Errors
    /// As [`Self::language`].
    pub(crate) fn recognizer(self: &Arc<Self>, settings: &Settings) -> Result<Box<dyn SpeechToText>> {
        self.load(settings, Kind::Recognition, Self::load_recognizer, |model| Box::new(model))
    }

    /// What is to be told of what was loaded; nothing twice.
    pub(crate) fn take_told(&self) -> Vec<Error> {
        std::mem::take(&mut self.state().told)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has `load` load what does as a `kind` does where it has room: told whether that is a graphics processor.
    fn load<M: ?Sized + 'static>(
        self: &Arc<Self>,
        settings: &Settings,
        kind: Kind,
        load: impl Fn(&Self, &Settings, &Placement, bool) -> Result<Box<M>> + Clone + Send + 'static,
        boxed: fn(OnGraphics<M>) -> Box<M>,
    ) -> Result<Box<M>> {
        let placement = self.place(settings, kind);
        if !placement.computes_there(settings, kind) {
            return load(self, settings, &placement, false);
        }
        let (own, same, again) = (Arc::clone(self), settings.clone(), load.clone());
        let otherwise = move |error: &Error| {
            own.failed(kind, error);
            again(&own, &same, &own.place(&same, kind), false)
        };
        OnGraphics::load(|| load(self, settings, &placement, true), otherwise).map(boxed)
    }

    /// A graphics processor failed what does as a `kind` does.
    fn failed(&self, kind: Kind, error: &Error) {
        tracing::warn!(?kind, %error, "a graphics processor failed");
        let mut state = self.state();
        if !state.failed.contains(&kind) {
            state.failed.push(kind);
        }
        state.told.push(no_graphics(kind, error));
    }

    fn load_language(
        &self,
        settings: &Settings,
        placement: &Placement,
        there: bool,
        loaded: &Loading,
    ) -> Result<Box<dyn LanguageModel>> {
        let way = placement.of(Kind::Language)?;
        let name = way.map_or_else(|| language_wanted(settings, &self.store), |way| way.model.clone());
        let compute = if there { jarvis_llm::Compute::Graphics } else { jarvis_llm::Compute::Processor };
        let threads = settings.performance.thread_workers as usize;
        let options = LoadOptions { threads, compute, ..LoadOptions::default() };
        let model = GgufModel::load(&language_model_file(&name, &self.store)?, &options)?;
        let takes_memory = !(there && graphics_have_own_memory());
        loaded.tell(LoadedLanguage { model: name, takes_memory });
        self.state().told.extend(placement.told_for(Kind::Language));
        Ok(Box::new(model))
    }

    fn load_recognizer(&self, settings: &Settings, _: &Placement, there: bool) -> Result<Box<dyn SpeechToText>> {
        let folder = self.store.folder(&settings.recognition.model)?;
        let options = stt::Options {
            languages: stt::languages(&settings.recognition.languages),
            compute: if there { stt::Compute::Auto } else { stt::Compute::Processor },
            threads: settings.performance.thread_workers as usize,
        };
        let whisper = match Whisper::load(&folder, &options) {
            // The settings' file and the environment may name any language. Not to hear at all would be worse.
            Err(error) if error.code == "stt.language" => {
                tracing::warn!("{} It is left to what it knows. {}", error.message, error.hint);
                Whisper::load(&folder, &stt::Options { languages: Vec::new(), ..options })?
            }
            loaded => loaded?,
        };
        Ok(Box::new(whisper))
    }
}

/// What to tell where the processor computes what a graphics processor failed.
fn no_graphics(kind: Kind, error: &Error) -> Error {
    let what = if kind == Kind::Language { "The language model" } else { "Speech recognition" };
    Error::new(
        "models.gpu",
        format!("{what} computes on the processor. {}", error.message),
        "docs/gpu.md says what a graphics processor needs; `jarvis config set performance.gpu_enabled false` leaves it alone.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use jarvis_settings::Paths;

    #[test]
    fn probes_are_of_the_standing_instructions_that_the_assistant_has() {
        let others = jarvis_llm::unlearned_after(&jarvis_assistant::Conversation::beginning());
        assert!(
            others.is_empty(),
            "The standing instructions changed, so nothing judges questions any more. Learn the probes of {others:?} again: `cargo \
             run --release -p jarvis-llm --example learn_of_user FILE SYSTEM > crates/llm/src/of_user/NAME.txt`, and look at the rows \
             `unseen` of `jarvis bench mind`."
        );
    }

    #[test]
    fn pointers_are_of_the_standing_instructions_that_the_assistant_has() {
        let others = jarvis_llm::unpointed_after(&jarvis_assistant::Conversation::beginning());
        assert!(
            others.is_empty(),
            "The standing instructions changed, so nothing points at answers any more. Learn the pointers of {others:?} again, as \
             `crates/llm/examples/learn_pointer.rs` says, and look at the rows `pages` of `jarvis bench mind`."
        );
    }

    #[test]
    fn what_a_graphics_processor_failed_is_told_once_and_never_tried_there_again() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings::load_with(&Paths::under(folder.path()), []).unwrap();
        let own = Own::new(Store::new(folder.path().join("models")), true);
        own.failed(Kind::Language, &Error::new("llm.device", "The graphics processor failed: it is lost.", ""));
        let told = own.take_told();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].code, "models.gpu");
        let message = "The language model computes on the processor. The graphics processor failed: it is lost.";
        assert_eq!(told[0].message, message);
        assert!(own.take_told().is_empty());
        assert!(!own.place(&settings, Kind::Language).computes_there(&settings, Kind::Language));
    }
}
