//! The models as they are installed: from settings and folders to engines behind the seams of `core`.
//!
//! Owns which engine serves which kind of model, and how its loading is told, and nothing else: each thread asks for its
//! own when it starts, so all of them load side by side, and a missing one is that thread's error alone.

use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use jarvis_core::{
    AccessibilityTree, Error, LanguageModel, Result, ScreenCapture, SpeechToText, TextRecognizer, TextToSpeech, Vad,
    WakeWord, wake_phrase,
};
use jarvis_models::{Kind, Store};
use jarvis_onnx::Runtime;
pub use jarvis_onnx::disable_telemetry;
use jarvis_remote::Picture;
use jarvis_settings::{Paths, Settings};
use jarvis_speech::tts::{CacheOptions, CachedTts, Piper, Voice};
use jarvis_speech::vad::Silero;
use jarvis_speech::wake::{HEAD_FILE, OpenWakeWord, WakeCheck};
use jarvis_vision::text::PpOcr;
use jarvis_vision::{capture, tree};

use crate::clipboard::{Clipboard, DesktopClipboard};
use crate::language::language_wanted;
use crate::message::{Loaded, Outbox, Part, contained};
use crate::own::Own;
use crate::picture::switched_off;
use crate::pressure::Pressure;
use crate::remote::{self, Remotes};

/// The voice activity model; there is one.
pub(crate) const ACTIVITY_MODEL: &str = "silero-vad";
/// The model of a head that was trained here has the other's name with this.
const FREE: &str = "-free";
/// The folder, below the data folder, of sounds that woke Jarvis by mistake.
const MISTAKES: &str = "wake-mistakes";
/// The runtime that the small models and the voice run on.
const RUNTIME: &str = "onnxruntime";
/// Reads text in pictures of the screen.
pub(crate) const SCREEN_MODEL: &str = "pp-ocrv6-small";
/// More threads than this make it no quicker: lines are short.
const SCREEN_THREADS: usize = 4;

/// Makes the engines that the threads own.
pub trait Parts: Send + Sync {
    /// Tells speech from everything else.
    ///
    /// # Errors
    /// The model is missing or cannot be used; so for all of these.
    fn activity(&self, settings: &Settings) -> Result<Box<dyn Vad>>;
    /// Listens for the wake word.
    ///
    /// # Errors
    /// As [`Self::activity`].
    fn wake_word(&self, settings: &Settings) -> Result<Box<dyn WakeWord>>;
    /// Looks at the wake word a second time, with the recognizer's help; none where there is nothing to look with.
    ///
    /// # Errors
    /// What it needs is missing.
    fn wake_check(&self, settings: &Settings) -> Result<Option<WakeCheck>> {
        let _ = settings;
        Ok(None)
    }
    /// Changes when the wake word's files do: it was trained anew, or mistakes were forgotten.
    fn wake_version(&self, settings: &Settings) -> u64 {
        let _ = settings;
        0
    }
    /// Turns sound into words.
    ///
    /// # Errors
    /// As [`Self::activity`].
    fn recognizer(&self, settings: &Settings) -> Result<Box<dyn SpeechToText>>;
    /// Answers what no skill knows. Tells `loaded` which one that is, and again where another has to stand in for it later.
    ///
    /// # Errors
    /// As [`Self::activity`].
    fn language_model(&self, settings: &Settings, loaded: &Loading) -> Result<Box<dyn LanguageModel>>;
    /// The language model that `settings` ask for first, by name or path.
    fn language_wanted(&self, settings: &Settings) -> String {
        settings.mind.model.clone()
    }
    /// Changes when what is installed does. Quick.
    fn installed_version(&self) -> u64 {
        0
    }
    /// What the user should know of models that work, and not as they should, since this was asked last: one stands in for
    /// another, for which there is no memory, or computes on the processor, since the graphics processor failed.
    fn take_told(&self) -> Vec<Error> {
        Vec::new()
    }
    /// Turns words into sound.
    ///
    /// # Errors
    /// As [`Self::activity`].
    fn voice(&self, settings: &Settings) -> Result<Box<dyn TextToSpeech>>;
    /// Takes pictures of the screen.
    ///
    /// # Errors
    /// There is no screen, or it can't be looked at.
    fn capture(&self) -> Result<Box<dyn ScreenCapture>> {
        Err(Error::new("eyes.absent", "I can't see the screen.", "Start Jarvis in the desktop session."))
    }
    /// Reads the text in them.
    ///
    /// # Errors
    /// As [`Self::activity`].
    fn screen_reader(&self, settings: &Settings) -> Result<Box<dyn TextRecognizer>> {
        let _ = settings;
        Err(Error::new("eyes.absent", "I can't read the screen.", "Run `jarvis models pull`."))
    }
    /// The text that applications tell by themselves.
    ///
    /// # Errors
    /// There is no such service, or it is not permitted.
    fn tree(&self, settings: &Settings) -> Result<Box<dyn AccessibilityTree>> {
        let _ = settings;
        Err(Error::new("eyes.absent", "Applications don't tell their text.", "It is read in the picture instead."))
    }
    /// Where text is put that is copied.
    fn clipboard(&self) -> Box<dyn Clipboard> {
        Box::new(DesktopClipboard::default())
    }
    /// The servers of `settings` are those that are wanted from now on: a connection to others that is still being made greets
    /// nobody. Quick.
    fn want_servers(&self, settings: &Settings) {
        let _ = settings;
    }
    /// Sees to it that models of other programs can be asked soon, if they may be and are wanted. May take seconds.
    fn connect(&self, settings: &Settings) {
        let _ = settings;
    }
    /// Looks up again which keys servers are asked with. May take seconds.
    fn look_keys_up(&self) {}
    /// Puts a language model of another program beside `local`, which may not be there, if the user wants that. Quick after
    /// [`Self::connect`].
    ///
    /// # Errors
    /// There is neither.
    fn with_remote(
        &self,
        settings: &Settings,
        local: Result<Box<dyn LanguageModel>>,
    ) -> Result<Box<dyn LanguageModel>> {
        let _ = settings;
        local
    }
    /// As [`Self::with_remote`], for what a turn hears.
    ///
    /// # Errors
    /// There is neither.
    fn with_remote_ears(
        &self,
        settings: &Settings,
        local: Result<Box<dyn SpeechToText>>,
    ) -> Result<Box<dyn SpeechToText>> {
        let _ = settings;
        local
    }
    /// As [`Self::with_remote`], for what a turn says.
    ///
    /// # Errors
    /// There is neither.
    fn with_remote_voice(
        &self,
        settings: &Settings,
        local: Result<Box<dyn TextToSpeech>>,
    ) -> Result<Box<dyn TextToSpeech>> {
        let _ = settings;
        local
    }
    /// The host of the model that pictures of the screen may be shown to; none where the user did not switch that on. Quick.
    ///
    /// # Errors
    /// It is switched on, and what it needs is not set.
    fn shows_to(&self, settings: &Settings) -> Result<Option<String>> {
        let _ = settings;
        Ok(None)
    }
    /// The model of [`Self::shows_to`], with `picture` before its eyes. Sends nothing until it is asked.
    ///
    /// # Errors
    /// As [`Self::shows_to`], or that is switched off.
    fn seeing_model(&self, settings: &Settings, picture: Picture) -> Result<Box<dyn LanguageModel>> {
        let (_, _) = (settings, picture);
        Err(switched_off())
    }
    /// Calls `on_short` each time that memory runs short, until what it gives is dropped. None where nobody tells.
    fn watch_memory(&self, on_short: Box<dyn FnMut() + Send>) -> Option<Box<dyn Send>> {
        let _ = on_short;
        None
    }
    /// How the servers of other programs do.
    fn remote_health(&self) -> Vec<jarvis_remote::Health> {
        Vec::new()
    }
}

/// A language model that was loaded.
#[derive(Debug, Clone)]
pub struct LoadedLanguage {
    /// Its name or path.
    pub model: String,
    /// It is in this machine's memory, and not in that of a graphics processor.
    pub takes_memory: bool,
}

/// Which language model a load brought. Of one load alone: two may go on at once, and only one of them is wanted. Clones are the
/// same.
#[derive(Debug, Clone, Default)]
pub struct Loading(Arc<Mutex<Option<LoadedLanguage>>>);

impl Loading {
    /// It brought this one.
    pub fn tell(&self, loaded: LoadedLanguage) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(loaded);
    }

    /// What it brought; none before, and where nobody tells.
    pub fn loaded(&self) -> Option<LoadedLanguage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What `jarvis models pull` installed.
#[derive(Debug)]
pub struct Installed {
    store: Store,
    /// Where what was learned from use is kept.
    data: PathBuf,
    /// Where phrases that were spoken are kept.
    phrases: PathBuf,
    remotes: Remotes,
    /// Recognition and the language model.
    own: Arc<Own>,
}

impl Installed {
    /// From the folder where models are installed.
    pub fn new(paths: &Paths) -> Self {
        let store = Store::new(paths.models_dir());
        Self {
            own: Arc::new(Own::new(store.clone(), true)),
            store,
            data: paths.data_dir().to_owned(),
            phrases: paths.cache_dir().join("phrases"),
            remotes: Remotes::default(),
        }
    }

    /// The same, for a Jarvis that runs: what is loaded has to have room beside everything else.
    #[must_use]
    pub(crate) fn beside_all(mut self) -> Self {
        self.own = Arc::new(Own::new(self.store.clone(), false));
        self
    }

    /// The same, but phrases that were spoken are kept in `folder`.
    #[must_use]
    pub fn with_phrases(mut self, folder: PathBuf) -> Self {
        self.phrases = folder;
        self
    }

    /// Whether `folder` holds a voice that speaks, and what kind: opens it and has it say a word.
    ///
    /// # Errors
    /// It is no Piper voice (`onnx.model_unusable`), or something to speak with is missing on this machine.
    pub fn try_voice(&self, folder: &Path) -> Result<Voice> {
        let voice = Voice::read(folder)?;
        Piper::with_espeak(&self.runtime()?, folder)?.warm_up()?;
        Ok(voice)
    }

    fn runtime(&self) -> Result<Runtime> {
        Ok(Runtime::load(&runtime_file(&self.store)?)?)
    }
}

/// Where the sounds are kept that woke Jarvis by mistake, by the wake word's model.
fn mistakes_file(data: &Path, model: &str) -> PathBuf {
    data.join(MISTAKES).join(model).with_extension("bin")
}

/// Forgets every sound that woke Jarvis by mistake. Says whether there was any.
///
/// # Errors
/// What was kept can't be removed.
pub fn forget_mistakes(paths: &Paths) -> Result<bool> {
    let folder = paths.data_dir().join(MISTAKES);
    match std::fs::remove_dir_all(&folder) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::new(
            "wake.mistakes",
            format!("What woke Jarvis by mistake can't be forgotten: {error}."),
            format!("Delete {} yourself.", folder.display()),
        )),
    }
}

/// Loads a part and reports how that went, with the time that it took.
pub(crate) fn load_and_tell<T>(outbox: &Outbox, part: Part, id: &str, load: impl FnOnce() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    outbox.part(part, id, Loaded::Loading);
    let loaded = contained("Loading a model", load);
    let report = match &loaded {
        Ok(_) => Loaded::Ready(start.elapsed()),
        Err(error) => Loaded::Failed(error.clone()),
    };
    outbox.part(part, id, report);
    loaded
}

/// Where the installed ONNX Runtime is.
pub fn runtime_file(store: &Store) -> Result<std::path::PathBuf> {
    let file = if cfg!(target_os = "macos") { "libonnxruntime.dylib" } else { "libonnxruntime.so" };
    Ok(store.folder(RUNTIME)?.join(file))
}

/// The GGUF file that `model` means: the ID of an installed model, or a path, which has a folder or ends in `.gguf`. Whether
/// a path is there shows when it is read.
///
/// # Errors
/// The model is not installed, or `model` is no ID.
pub fn language_model_file(model: &str, store: &Store) -> Result<PathBuf> {
    let path = Path::new(model);
    if model.ends_with(".gguf") || path.components().count() > 1 {
        return Ok(path.to_owned());
    }
    Ok(store.folder(model)?.join("model.gguf"))
}

impl Parts for Installed {
    fn activity(&self, _settings: &Settings) -> Result<Box<dyn Vad>> {
        Ok(Box::new(Silero::load(&self.runtime()?, &self.store.folder(ACTIVITY_MODEL)?)?))
    }

    fn wake_word(&self, settings: &Settings) -> Result<Box<dyn WakeWord>> {
        let mut wake = OpenWakeWord::load(&self.runtime()?, &self.store.folder(&settings.wake.model)?)?;
        wake.set_sensitivity(settings.wake.sensitivity);
        let free = format!("{}{FREE}", settings.wake.model);
        if let Some(head) = jarvis_models::bundled(&free, HEAD_FILE) {
            wake.join(head)?;
        }
        wake.remember_mistakes(&mistakes_file(&self.data, &settings.wake.model));
        Ok(Box::new(wake))
    }

    fn wake_check(&self, settings: &Settings) -> Result<Option<WakeCheck>> {
        let model = &settings.wake.model;
        let phrase = jarvis_speech::wake::phrase(&self.store.folder(model)?).unwrap_or_else(|| wake_phrase(model));
        WakeCheck::new(&phrase).map(Some)
    }

    fn wake_version(&self, settings: &Settings) -> u64 {
        let model = &settings.wake.model;
        let changed = |file: &Path| std::fs::metadata(file).and_then(|meta| meta.modified()).ok();
        let mut hasher = std::hash::DefaultHasher::new();
        if let Ok(folder) = self.store.folder(model) {
            changed(&folder.join("installed.json")).hash(&mut hasher);
        }
        changed(&mistakes_file(&self.data, model)).hash(&mut hasher);
        hasher.finish()
    }

    fn recognizer(&self, settings: &Settings) -> Result<Box<dyn SpeechToText>> {
        self.own.recognizer(settings)
    }

    fn language_model(&self, settings: &Settings, loaded: &Loading) -> Result<Box<dyn LanguageModel>> {
        self.own.language(settings, loaded)
    }

    fn language_wanted(&self, settings: &Settings) -> String {
        language_wanted(settings, &self.store)
    }

    fn installed_version(&self) -> u64 {
        self.store.version()
    }

    fn take_told(&self) -> Vec<Error> {
        self.own.take_told()
    }

    fn voice(&self, settings: &Settings) -> Result<Box<dyn TextToSpeech>> {
        let folder = self.store.folder(&settings.voice.model)?;
        let mut voice = Piper::with_espeak(&self.runtime()?, &folder)?;
        let wanted = &settings.voice;
        voice.set_speaker(wanted.speaker);
        let version = Voice::fingerprint(&folder)?;
        let options = CacheOptions {
            folder: self.phrases.clone(),
            limit_bytes: u64::from(wanted.cache_mb) << 20,
            voice: format!("{} {version} {}", wanted.model, wanted.speaker),
        };
        let mut voice = CachedTts::new(Box::new(voice), options);
        voice.set_rate(wanted.rate);
        Ok(Box::new(voice))
    }

    fn capture(&self) -> Result<Box<dyn ScreenCapture>> {
        capture::open()
    }

    fn screen_reader(&self, settings: &Settings) -> Result<Box<dyn TextRecognizer>> {
        let wanted = settings.performance.thread_workers as usize;
        let threads = if wanted == 0 { std::thread::available_parallelism().map_or(1, usize::from) } else { wanted };
        self.own.place(settings, Kind::Ocr).of(Kind::Ocr)?;
        let folder = self.store.folder(SCREEN_MODEL)?;
        Ok(Box::new(PpOcr::load(&self.runtime()?, &folder, threads.min(SCREEN_THREADS))?))
    }

    fn tree(&self, settings: &Settings) -> Result<Box<dyn AccessibilityTree>> {
        let switch_on = settings.eyes.accessibility == jarvis_settings::Accessibility::SwitchOn;
        tree::open(&tree::Options { switch_on, session_bus: None })
    }

    fn want_servers(&self, settings: &Settings) {
        self.remotes.want(settings);
    }

    fn connect(&self, settings: &Settings) {
        self.remotes.connect(settings);
    }

    fn look_keys_up(&self) {
        self.remotes.look_keys_up();
    }

    fn with_remote(
        &self,
        settings: &Settings,
        local: Result<Box<dyn LanguageModel>>,
    ) -> Result<Box<dyn LanguageModel>> {
        self.remotes.mind(settings, local)
    }

    fn with_remote_ears(
        &self,
        settings: &Settings,
        local: Result<Box<dyn SpeechToText>>,
    ) -> Result<Box<dyn SpeechToText>> {
        self.remotes.ears(settings, local)
    }

    fn with_remote_voice(
        &self,
        settings: &Settings,
        local: Result<Box<dyn TextToSpeech>>,
    ) -> Result<Box<dyn TextToSpeech>> {
        self.remotes.voice(settings, local)
    }

    fn shows_to(&self, settings: &Settings) -> Result<Option<String>> {
        remote::shows_to(&settings.remote)
    }

    fn seeing_model(&self, settings: &Settings, picture: Picture) -> Result<Box<dyn LanguageModel>> {
        self.remotes.seeing(settings, picture)
    }

    fn watch_memory(&self, on_short: Box<dyn FnMut() + Send>) -> Option<Box<dyn Send>> {
        Pressure::watch(on_short).map(|watch| Box::new(watch) as Box<dyn Send>)
    }

    fn remote_health(&self) -> Vec<jarvis_remote::Health> {
        self.remotes.health()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_model_is_an_id_or_a_path() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().to_owned());
        for path in ["/models/of another/model", "./model", "models/a.gguf", "a.gguf"] {
            assert_eq!(language_model_file(path, &store).unwrap(), Path::new(path));
        }
        assert_eq!(language_model_file("smollm2-135m-instruct", &store).unwrap_err().code, "models.not_installed");
    }
}
