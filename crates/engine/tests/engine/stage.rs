//! Engines that are quick and do as they are told, and a stage for whole turns.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jarvis_core::{
    AccessibilityTree, AssistantEvent, AudioFrame, Cancel, Error, EventRecord, GenerateOptions, Generation,
    GenerationTimings, LanguageModel, LookTimings, Message, Pixels, Prompt, Region, Result, ScreenCapture,
    ScreenTarget, ScreenWindow, Screenshot, SpeechAudio, SpeechToText, StopReason, TextLine, TextRecognizer, TextRole,
    TextToSpeech, Transcript, TurnId, Vad, WakeDetection, WakeWord, Weighed, WindowText,
};
use jarvis_engine::clipboard::Clipboard;
use jarvis_engine::graphics::OnGraphics;
use jarvis_engine::load::{Installed, LoadedLanguage, Loading, Parts};
use jarvis_engine::recorded::Room;
use jarvis_engine::{Engine, EngineHandle, EngineOptions, Subscription};
use jarvis_remote::Picture;
use jarvis_settings::{AUTO_MODEL, Paths, Settings};
use jarvis_speech::wake::WakeCheck;

/// Level that the wake word is "said" at; speech is quieter.
const WAKE_LEVEL: f32 = 0.9;
const SPEECH_LEVEL: f32 = 0.2;

/// Within this something happens or never does, however slow and busy the machine is.
const LIMIT: Duration = Duration::from_secs(60);

/// What goes wrong, and what is recognized.
#[derive(Default)]
pub struct Script {
    /// The words in all that is recognized.
    pub words: Mutex<String>,
    /// The words in what is recognized next, a take each, before those.
    pub next_words: Mutex<VecDeque<&'static str>>,
    /// How often something was recognized.
    pub recognized: AtomicUsize,
    /// The phrases that were said to be likely, of each time that some were.
    pub expected: Mutex<Vec<Vec<String>>>,
    /// The wakes that were named as mistakes: how many there were since.
    pub mistakes: Mutex<Vec<usize>>,
    pub missing: Mutex<Vec<&'static str>>,
    /// A second look finds that what woke Jarvis was another word.
    pub other_word: AtomicBool,
    pub recognizer_panics: AtomicBool,
    pub mind_panics: AtomicBool,
    pub voice_fails: AtomicBool,
    /// The language model takes every question for whole.
    pub whole: AtomicBool,
    /// Nothing is recognized, thought, or made sound of for as long as this is so.
    pub recognizer_waits: AtomicBool,
    pub mind_waits: AtomicBool,
    pub voice_waits: AtomicBool,
    /// How many clauses the voice began, and how many became sound.
    pub voiced: AtomicUsize,
    pub spoken: AtomicUsize,
    pub activity_panics: AtomicBool,
    pub activity_resets: AtomicUsize,
    /// The language model "slow" is being loaded for as long as this is so.
    pub slow_mind: AtomicBool,
    /// What `mind.model` = "auto" means, where that is something, and what changes when models are installed.
    pub best: Mutex<&'static str>,
    pub installed: AtomicU64,
    /// How often it was looked up what is wanted.
    pub wishes: AtomicUsize,
    /// Nobody is connected to a server for as long as this is so.
    pub connect_waits: AtomicBool,
    /// The language models that were asked.
    pub asked: Mutex<Vec<String>>,
    pub loads: AtomicUsize,
    /// How many recognizers and voices there are, and how many of each there were at most at once.
    pub ears: AtomicUsize,
    pub most_ears: AtomicUsize,
    pub voices: AtomicUsize,
    pub most_voices: AtomicUsize,
    /// What stands on the screen, a line each; where there is none there is no screen.
    pub on_screen: Mutex<Vec<&'static str>>,
    /// Nothing is captured for as long as this is so.
    pub screen_waits: AtomicBool,
    /// Whoever looks at the screen panics.
    pub screen_panics: AtomicBool,
    pub captured: AtomicUsize,
    /// How many connections to the screen and to the accessibility service were opened and not closed, and the names of
    /// the service's errors that are still to come.
    pub screens_open: AtomicUsize,
    pub trees_open: AtomicUsize,
    pub trees_opened: AtomicUsize,
    pub tree_errors: Mutex<Vec<&'static str>>,
    /// How often a recognizer of the screen was loaded.
    pub readers: AtomicUsize,
    /// What was put on the clipboard.
    pub copied: Mutex<Vec<String>>,
    pub clipboard_fails: AtomicBool,
    pub generated: AtomicUsize,
    /// Recognition and the language model compute on a graphics processor, which fails at what is named here.
    pub graphics: AtomicBool,
    pub graphics_fail: Mutex<Vec<&'static str>>,
    pub told: Mutex<Vec<Error>>,
    /// Whom to call when memory is to run short.
    pub short_memory: Mutex<Option<Box<dyn FnMut() + Send>>>,
}

impl Script {
    fn wait_while(flag: &AtomicBool) {
        while flag.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Fails where a graphics processor fails at `what`.
    fn compute(&self, what: &'static str, there: bool) -> Result<()> {
        match there && self.graphics_fail.lock().unwrap().contains(&what) {
            true => Err(Error::new("llm.device", format!("The graphics processor failed: {what}."), "")),
            false => Ok(()),
        }
    }

    /// What `make` makes, told whether on a graphics processor.
    fn placed<M: ?Sized + 'static>(
        self: &Arc<Self>,
        make: impl Fn(bool) -> Result<Box<M>> + Send + 'static,
        boxed: fn(OnGraphics<M>) -> Box<M>,
    ) -> Result<Box<M>> {
        if !self.graphics.load(Ordering::Relaxed) {
            return make(false);
        }
        let make = Arc::new(Mutex::new(make));
        let (script, again) = (Arc::clone(self), Arc::clone(&make));
        let otherwise = move |error: &Error| {
            script.told.lock().unwrap().push(Error::new("models.gpu", error.message.clone(), ""));
            again.lock().unwrap()(false)
        };
        OnGraphics::load(|| make.lock().unwrap()(true), otherwise).map(boxed)
    }

    /// Fails where the model `name` is missing.
    fn check_file(&self, name: &str) -> Result<()> {
        match self.missing.lock().unwrap().contains(&name) {
            true => Err(Error::new("models.damaged", format!("{name} is damaged."), "Pull it again.")),
            false => Ok(()),
        }
    }

    fn check(&self, part: &'static str) -> Result<()> {
        self.loads.fetch_add(1, Ordering::Relaxed);
        if self.missing.lock().unwrap().contains(&part) {
            let message = format!("The {part} model is not installed.");
            return Err(Error::new(format!("models.{part}"), message, "Run `jarvis models pull`."));
        }
        Ok(())
    }
}

/// Sound that the fakes take for the wake word and then speech of this many seconds.
pub fn wake_and_say(seconds: f32) -> Vec<f32> {
    let mut samples = vec![WAKE_LEVEL; 5 * 512];
    samples.extend(vec![0.0; 8 * 512]);
    samples.extend(speech(seconds));
    samples
}

/// Sound that the fakes take for speech.
pub fn speech(seconds: f32) -> Vec<f32> {
    vec![SPEECH_LEVEL; (16_000.0 * seconds) as usize]
}

struct FakeVad(Arc<Script>);

impl Vad for FakeVad {
    fn process(&mut self, frame: &AudioFrame) -> Result<f32> {
        if self.0.activity_panics.load(Ordering::Relaxed) {
            panic!("wrong number of channels");
        }
        let rms = frame.rms();
        Ok(if rms > 0.02 { 0.95 } else { 0.02 })
    }
    fn reset(&mut self) {
        self.0.activity_resets.fetch_add(1, Ordering::Relaxed);
    }
}

struct FakeWake {
    heard: bool,
    script: Arc<Script>,
}

impl WakeWord for FakeWake {
    fn process(&mut self, frame: &AudioFrame) -> Result<Option<WakeDetection>> {
        let loud = frame.rms() > 0.8;
        let first = loud && !self.heard;
        self.heard = loud;
        let at_sample = frame.index * 512;
        Ok(first.then(|| WakeDetection { model: "hey_jarvis".into(), score: 0.9, at_sample }))
    }
    fn reset(&mut self) {}
    fn set_sensitivity(&mut self, _sensitivity: f32) {}
    fn mistaken(&mut self, ago: usize) -> Result<bool> {
        self.script.mistakes.lock().unwrap().push(ago);
        Ok(true)
    }
}

struct FakeRecognizer(Arc<Script>, bool);

impl Drop for FakeRecognizer {
    fn drop(&mut self) {
        self.0.ears.fetch_sub(1, Ordering::Relaxed);
    }
}

impl SpeechToText for FakeRecognizer {
    fn transcribe(&mut self, samples: &[f32], _cancel: &Cancel) -> Result<Transcript> {
        if self.0.recognizer_panics.swap(false, Ordering::Relaxed) {
            panic!("index out of bounds: the len is 3 but the index is 7");
        }
        self.0.compute("recognition", self.1)?;
        assert!(samples.iter().any(|sample| sample.abs() > 0.1), "an utterance has speech in it");
        Script::wait_while(&self.0.recognizer_waits);
        self.0.recognized.fetch_add(1, Ordering::Relaxed);
        let next = self.0.next_words.lock().unwrap().pop_front();
        let text = next.map_or_else(|| self.0.words.lock().unwrap().clone(), str::to_owned);
        Ok(Transcript { text, ..Transcript::default() })
    }
    fn transcribe_expecting(&mut self, samples: &[f32], expected: &[&str], cancel: &Cancel) -> Result<Transcript> {
        self.0.expected.lock().unwrap().push(expected.iter().map(ToString::to_string).collect());
        self.transcribe(samples, cancel)
    }
    fn transcribe_and_weigh(&mut self, _samples: &[f32], words: &str, _cancel: &Cancel) -> Result<Weighed> {
        let other = self.0.other_word.load(Ordering::Relaxed);
        let (text, odds) = if other { ("Hey, Travis.", -20.0) } else { (words, 0.0) };
        let transcript = Transcript { text: text.into(), ..Transcript::default() };
        Ok(Weighed { transcript, odds: Some(odds) })
    }
    fn warm_up(&mut self) -> Result<()> {
        self.0.compute("recognition warm-up", self.1)
    }
}

/// Says "One two three." in sentences for ever, 5 ms a word.
struct FakeMind(Arc<Script>, String, bool);

impl LanguageModel for FakeMind {
    fn generate(
        &mut self,
        _prompt: &Prompt,
        options: &GenerateOptions,
        cancel: &Cancel,
        on_text: &mut dyn FnMut(&str),
    ) -> Result<Generation> {
        if self.0.mind_panics.swap(false, Ordering::Relaxed) {
            panic!("shape mismatch");
        }
        self.0.compute("answer", self.2)?;
        self.0.asked.lock().unwrap().push(self.1.clone());
        Script::wait_while(&self.0.mind_waits);
        let mut text = String::new();
        let mut tokens = 0;
        while tokens < options.max_tokens && !cancel.is_cancelled() {
            std::thread::sleep(Duration::from_millis(5));
            let word = [" One", " two", " three", " four."][tokens % 4];
            text.push_str(word);
            on_text(word);
            tokens += 1;
            self.0.compute("answer's end", self.2)?;
            self.0.generated.fetch_add(1, Ordering::Relaxed);
        }
        let stop_reason = if cancel.is_cancelled() { StopReason::Cancelled } else { StopReason::Length };
        Ok(Generation {
            text,
            prompt_tokens: 10,
            cached_tokens: 0,
            generated_tokens: tokens,
            dropped_messages: 0,
            stop_reason,
            timings_ms: GenerationTimings::default(),
        })
    }
    fn warm_up(&mut self, _beginning: &[Message]) -> Result<()> {
        self.0.compute("warm-up", self.2)
    }
    fn context_length(&self) -> usize {
        2048
    }
    fn end_of_turn(&mut self, _said: &str, _cancel: &Cancel) -> Result<Option<f32>> {
        Ok(self.0.whole.load(Ordering::Relaxed).then_some(0.99))
    }
}

/// 60 ms of a tone a character.
struct FakeVoice(Arc<Script>);

impl Drop for FakeVoice {
    fn drop(&mut self) {
        self.0.voices.fetch_sub(1, Ordering::Relaxed);
    }
}

impl TextToSpeech for FakeVoice {
    fn sample_rate(&self) -> u32 {
        16_000
    }
    fn synthesize(&mut self, text: &str, _cancel: &Cancel) -> Result<SpeechAudio> {
        if self.0.voice_fails.load(Ordering::Relaxed) {
            return Err(Error::new("voice.broken", "The voice is broken.", ""));
        }
        self.0.voiced.fetch_add(1, Ordering::Relaxed);
        Script::wait_while(&self.0.voice_waits);
        self.0.spoken.fetch_add(1, Ordering::Relaxed);
        Ok(SpeechAudio { samples: vec![0.1; 960 * text.len()], sample_rate: 16_000 })
    }
    fn warm_up(&mut self) -> Result<()> {
        Ok(())
    }
}

/// A monitor of 640 x 320 px, striped, where no window has the keyboard.
struct FakeScreen(Arc<Script>, Vec<u8>);

impl Drop for FakeScreen {
    fn drop(&mut self) {
        self.0.screens_open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An accessibility service that tells nothing.
struct FakeTree(Arc<Script>);

impl Drop for FakeTree {
    fn drop(&mut self) {
        self.0.trees_open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl AccessibilityTree for FakeTree {
    fn focused_window(&mut self, _: &Cancel) -> Result<Option<WindowText>> {
        match self.0.tree_errors.lock().unwrap().pop() {
            Some(code) => Err(Error::new(code, "It did not answer.", "")),
            None => Ok(None),
        }
    }
    fn hidden_fields(&mut self, _: &Cancel) -> Result<Vec<Region>> {
        Ok(Vec::new())
    }
}

const SCREEN: Region = Region::new(0, 0, 640, 320);

impl ScreenCapture for FakeScreen {
    fn capture(&mut self, target: &ScreenTarget) -> Result<Screenshot<'_>> {
        Script::wait_while(&self.0.screen_waits);
        self.0.captured.fetch_add(1, Ordering::Relaxed);
        if self.0.screen_panics.load(Ordering::Relaxed) {
            panic!("the picture is smaller than it said");
        }
        if let ScreenTarget::Region(region) = target
            && !region.meets(&SCREEN)
        {
            return Err(Error::new("vision.off_screen", "That is not on the screen.", "Name another region."));
        }
        let (pixels, windows) = (&mut self.1[..], vec![behind()]);
        Ok(Screenshot { pixels, stride: 4 * 640, region: SCREEN, scale: 1.0, window: None, windows })
    }
    fn windows(&mut self) -> Result<Vec<ScreenWindow>> {
        Ok(vec![behind()])
    }
}

/// The one window that is listed, so that it is known which are left out: none.
fn behind() -> ScreenWindow {
    let name = "Notes".to_owned();
    ScreenWindow { id: 7, title: name.clone(), application: name, region: SCREEN, frame: SCREEN, ..Default::default() }
}

/// Sees what the script says, whatever is there.
struct FakeReader(Arc<Script>);

impl TextRecognizer for FakeReader {
    fn recognize(
        &mut self,
        _pixels: Pixels<'_>,
        _areas: &[Region],
        cancel: &Cancel,
        lines: &mut Vec<TextLine>,
    ) -> Result<LookTimings> {
        if cancel.is_cancelled() {
            return Err(Error::cancelled());
        }
        for (at, text) in (0..).zip(self.0.on_screen.lock().unwrap().iter()) {
            let region = Region::new(20, 20 + 40 * at, 300, 20);
            lines.push(TextLine { text: (*text).into(), region, confidence: 1.0, role: TextRole::Text });
        }
        Ok(LookTimings::default())
    }
}

struct FakeClipboard(Arc<Script>);

impl Clipboard for FakeClipboard {
    fn set(&mut self, text: String) -> Result<()> {
        if self.0.clipboard_fails.load(Ordering::Relaxed) {
            return Err(Error::new("clipboard.unreachable", "The clipboard can't be reached.", ""));
        }
        self.0.copied.lock().unwrap().push(text);
        Ok(())
    }
}

/// The language model that `settings` mean.
fn wanted(script: &Script, settings: &Settings) -> String {
    let best = *script.best.lock().unwrap();
    if settings.mind.model == AUTO_MODEL && !best.is_empty() { best.into() } else { settings.mind.model.clone() }
}

/// `installed` is the real one, for what is asked of servers.
struct Fakes {
    script: Arc<Script>,
    installed: Installed,
}

impl Parts for Fakes {
    fn activity(&self, _: &Settings) -> Result<Box<dyn Vad>> {
        self.script.check("activity")?;
        Ok(Box::new(FakeVad(Arc::clone(&self.script))))
    }
    fn wake_word(&self, _: &Settings) -> Result<Box<dyn WakeWord>> {
        self.script.check("wake")?;
        Ok(Box::new(FakeWake { heard: false, script: Arc::clone(&self.script) }))
    }
    fn wake_check(&self, _: &Settings) -> Result<Option<WakeCheck>> {
        WakeCheck::new("hey jarvis").map(Some)
    }
    fn recognizer(&self, settings: &Settings) -> Result<Box<dyn SpeechToText>> {
        let (script, name) = (Arc::clone(&self.script), settings.recognition.model.clone());
        let make = move |there| {
            script.check("recognition")?;
            script.check_file(&name)?;
            script.most_ears.fetch_max(1 + script.ears.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
            Ok(Box::new(FakeRecognizer(Arc::clone(&script), there)) as Box<dyn SpeechToText>)
        };
        self.script.placed(make, |model| Box::new(model))
    }
    fn language_model(&self, settings: &Settings, loading: &Loading) -> Result<Box<dyn LanguageModel>> {
        let (script, name) = (Arc::clone(&self.script), wanted(&self.script, settings));
        let loaded = name.clone();
        let make = move |there| {
            script.check("language")?;
            script.check_file(&name)?;
            while name == "slow" && script.slow_mind.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(5));
            }
            script.compute("load", there)?;
            Ok(Box::new(FakeMind(Arc::clone(&script), name.clone(), there)) as Box<dyn LanguageModel>)
        };
        let model = self.script.placed(make, |model| Box::new(model) as Box<dyn LanguageModel>)?;
        let takes_memory = !self.script.graphics.load(Ordering::Relaxed);
        loading.tell(LoadedLanguage { model: loaded, takes_memory });
        Ok(model)
    }
    fn language_wanted(&self, settings: &Settings) -> String {
        self.script.wishes.fetch_add(1, Ordering::Relaxed);
        wanted(&self.script, settings)
    }
    fn installed_version(&self) -> u64 {
        self.script.installed.load(Ordering::Relaxed)
    }
    fn connect(&self, _: &Settings) {
        Script::wait_while(&self.script.connect_waits);
    }
    fn with_remote(
        &self,
        settings: &Settings,
        local: Result<Box<dyn LanguageModel>>,
    ) -> Result<Box<dyn LanguageModel>> {
        self.installed.with_remote(settings, local)
    }
    fn with_remote_ears(
        &self,
        settings: &Settings,
        local: Result<Box<dyn SpeechToText>>,
    ) -> Result<Box<dyn SpeechToText>> {
        self.installed.with_remote_ears(settings, local)
    }
    fn with_remote_voice(
        &self,
        settings: &Settings,
        local: Result<Box<dyn TextToSpeech>>,
    ) -> Result<Box<dyn TextToSpeech>> {
        self.installed.with_remote_voice(settings, local)
    }
    fn take_told(&self) -> Vec<Error> {
        std::mem::take(&mut self.script.told.lock().unwrap())
    }
    fn capture(&self) -> Result<Box<dyn ScreenCapture>> {
        if self.script.on_screen.lock().unwrap().is_empty() {
            return Err(Error::new("vision.no_display", "There is no screen.", "Start me on your desktop."));
        }
        let stripes = (0..SCREEN.height).flat_map(|y| vec![(y * 40) as u8; 4 * SCREEN.width as usize]);
        self.script.screens_open.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(FakeScreen(Arc::clone(&self.script), stripes.collect())))
    }
    fn tree(&self, _: &Settings) -> Result<Box<dyn AccessibilityTree>> {
        self.script.trees_open.fetch_add(1, Ordering::Relaxed);
        self.script.trees_opened.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(FakeTree(Arc::clone(&self.script))))
    }
    fn screen_reader(&self, _: &Settings) -> Result<Box<dyn TextRecognizer>> {
        self.script.readers.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(FakeReader(Arc::clone(&self.script))))
    }
    fn clipboard(&self) -> Box<dyn Clipboard> {
        Box::new(FakeClipboard(Arc::clone(&self.script)))
    }
    fn watch_memory(&self, on_short: Box<dyn FnMut() + Send>) -> Option<Box<dyn Send>> {
        *self.script.short_memory.lock().unwrap() = Some(on_short);
        Some(Box::new(()))
    }
    fn voice(&self, settings: &Settings) -> Result<Box<dyn TextToSpeech>> {
        let script = &self.script;
        script.check("voice")?;
        script.check_file(&settings.voice.model)?;
        script.most_voices.fetch_max(1 + script.voices.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        Ok(Box::new(FakeVoice(Arc::clone(&self.script))))
    }
    fn shows_to(&self, settings: &Settings) -> Result<Option<String>> {
        self.installed.shows_to(settings)
    }
    fn seeing_model(&self, settings: &Settings, picture: Picture) -> Result<Box<dyn LanguageModel>> {
        self.installed.seeing_model(settings, picture)
    }
}

/// A running engine in a room of its own.
pub struct Stage {
    pub engine: EngineHandle,
    pub events: Subscription,
    pub room: Room,
    pub script: Arc<Script>,
    _folder: tempfile::TempDir,
    pub paths: Paths,
    /// Everything that was seen.
    pub seen: Vec<EventRecord>,
}

impl Stage {
    pub fn new() -> Self {
        Self::with(Script::default(), |_, _| {})
    }

    pub fn with(script: Script, change: impl FnOnce(&mut Settings, &mut EngineOptions)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::under(folder.path());
        let mut settings = Settings::load_with(&paths, []).unwrap();
        let script = Arc::new(script);
        let room = Room::new();
        let mut options = EngineOptions {
            io: Arc::new(room.clone()),
            parts: Some(Arc::new(Fakes { script: Arc::clone(&script), installed: Installed::new(&paths) })),
            ..EngineOptions::default()
        };
        change(&mut settings, &mut options);
        let events = options.observers.subscribe();
        let engine = Engine::start(settings, paths.clone(), options).unwrap();
        Self { engine, events, room, script, _folder: folder, paths, seen: Vec::new() }
    }

    pub fn will_hear(&self, words: &str) {
        *self.script.words.lock().unwrap() = words.into();
    }

    /// Waits for an event; what came before it is kept in `seen`.
    #[track_caller]
    pub fn wait_for(&mut self, what: &str, is_it: impl Fn(&EventRecord) -> bool) -> EventRecord {
        let deadline = Instant::now() + LIMIT;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.events.recv_timeout(left) {
                Ok(record) => {
                    self.seen.push(record.clone());
                    if is_it(&record) {
                        return record;
                    }
                }
                Err(_) => panic!("waited {LIMIT:?} for {what}; there were {:#?}", self.names()),
            }
        }
    }

    #[track_caller]
    pub fn wait_for_event(&mut self, name: &str) -> EventRecord {
        let name = name.to_owned();
        self.wait_for(&name.clone(), move |record| event_name(record) == name)
    }

    #[track_caller]
    pub fn ready(&mut self) {
        // It may have been ready before anyone looked.
        if !self.engine.status().ready {
            self.wait_for_event("ready");
        }
    }

    /// Waits until something is so.
    #[track_caller]
    pub fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + LIMIT;
        while !is_so(self) {
            assert!(Instant::now() < deadline, "{what} did not come about");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub fn names(&self) -> Vec<String> {
        self.seen
            .iter()
            .map(|record| format!("{:>8.1} {:?} {}", record.t_ms, record.turn, event_name(record)))
            .collect()
    }

    pub fn said(&self, turn: TurnId) -> String {
        self.seen
            .iter()
            .filter(|record| record.turn == Some(turn))
            .filter_map(|record| match &record.event {
                AssistantEvent::ReplyText { text } => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // A test that failed in between leaves nobody waiting.
        let script = &self.script;
        let waits = [&script.recognizer_waits, &script.mind_waits, &script.voice_waits, &script.screen_waits];
        waits
            .into_iter()
            .chain([&script.slow_mind, &script.connect_waits])
            .for_each(|waits| waits.store(false, Ordering::Relaxed));
        self.engine.send(jarvis_engine::Command::Quit);
        let (engine, (ends, ended)) = (self.engine.clone(), std::sync::mpsc::channel());
        std::thread::spawn(move || {
            engine.wait();
            ends.send(())
        });
        if ended.recv_timeout(LIMIT).is_err() && !std::thread::panicking() {
            panic!("waited {LIMIT:?} for the engine to end; there were {:#?}", self.names());
        }
    }
}

pub fn event_name(record: &EventRecord) -> String {
    serde_json::to_value(record).unwrap()["event"].as_str().unwrap().to_owned()
}
