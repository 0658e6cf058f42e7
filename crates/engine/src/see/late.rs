//! The parts of the eyes as they come and go: each opened or loaded when it is first needed, and again after it was lost.
//!
//! Never looks by itself, and never decides what may be seen.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jarvis_core::{
    AccessibilityTree, Cancel, Error, LookTimings, Pixels, Region, Result, ScreenCapture, ScreenTarget, ScreenWindow,
    Screenshot, TextLine, TextRecognizer, WindowText,
};
use jarvis_settings::Settings;

use super::lock;
use crate::heavy::Heavy;
use crate::load::Parts;
use crate::message::{PANICKED, contained};

/// What the accessibility tree says when its connection is of no use any more.
const TREE_LOST: [&str; 2] = ["vision.accessibility_lost", "vision.accessibility_denied"];

/// The screen, connected to when it is first looked at, and again after something failed: the desktop may have been
/// started anew.
pub(super) struct LateCapture {
    parts: Arc<dyn Parts>,
    open: Option<Box<dyn ScreenCapture>>,
    failed: bool,
}

impl LateCapture {
    pub(super) fn new(parts: Arc<dyn Parts>) -> Self {
        Self { parts, open: None, failed: false }
    }

    fn open(&mut self) -> Result<&mut Box<dyn ScreenCapture>> {
        if std::mem::take(&mut self.failed) {
            self.open = None;
        }
        if self.open.is_none() {
            self.open = Some(self.parts.capture()?);
        }
        self.open.as_mut().ok_or_else(|| Error::new("eyes.absent", "There is no screen.", ""))
    }
}

impl ScreenCapture for LateCapture {
    fn capture(&mut self, target: &ScreenTarget) -> Result<Screenshot<'_>> {
        self.open()?;
        let Self { open: Some(open), failed, .. } = self else { unreachable!("it was opened above") };
        let shot = open.capture(target);
        *failed = shot.is_err();
        shot
    }

    fn windows(&mut self) -> Result<Vec<ScreenWindow>> {
        let windows = self.open()?.windows();
        self.failed = windows.is_err();
        windows
    }

    fn release(&mut self) {
        if let Some(open) = &mut self.open {
            open.release();
        }
    }
}

/// The accessibility service, connected to when it is first asked, and again after its connection was lost. An error of
/// one window leaves it open: to open it anew may switch the desktop's accessibility off and on.
pub(super) struct LateTree {
    parts: Arc<dyn Parts>,
    settings: Arc<Mutex<Arc<Settings>>>,
    /// With the settings that it was opened by.
    open: Option<(jarvis_settings::Accessibility, Box<dyn AccessibilityTree>)>,
}

impl LateTree {
    pub(super) fn new(parts: Arc<dyn Parts>, settings: Arc<Mutex<Arc<Settings>>>) -> Self {
        Self { parts, settings, open: None }
    }

    fn ask<T>(&mut self, work: impl FnOnce(&mut dyn AccessibilityTree) -> Result<T>) -> Result<T> {
        let settings = Arc::clone(&lock(&self.settings));
        let wanted = settings.eyes.accessibility;
        self.open.take_if(|(by, _)| *by != wanted);
        if self.open.is_none() {
            self.open = Some((wanted, self.parts.tree(&settings)?));
        }
        let Some((_, tree)) = &mut self.open else { unreachable!("it was opened above") };
        let answer = work(tree.as_mut());
        if answer.as_ref().is_err_and(|error| TREE_LOST.contains(&error.code.as_str())) {
            self.open = None;
        }
        answer
    }
}

impl AccessibilityTree for LateTree {
    fn focused_window(&mut self, cancel: &Cancel) -> Result<Option<WindowText>> {
        if lock(&self.settings).eyes.accessibility == jarvis_settings::Accessibility::Off {
            return Ok(None);
        }
        self.ask(|tree| tree.focused_window(cancel))
    }

    fn hidden_fields(&mut self, cancel: &Cancel) -> Result<Vec<Region>> {
        // Also where its text is not used: nobody else knows where passwords are.
        self.ask(|tree| tree.hidden_fields(cancel))
    }
}

/// The recognizer, loaded when there is something to recognize, which computes only while it holds the right to. Clones
/// share it.
#[derive(Clone)]
pub(super) struct LateRecognizer {
    parts: Arc<dyn Parts>,
    settings: Arc<Mutex<Arc<Settings>>>,
    recognizer: Arc<Mutex<Recognizer>>,
    heavy: Heavy,
}

impl LateRecognizer {
    pub(super) fn new(
        parts: Arc<dyn Parts>,
        settings: Arc<Mutex<Arc<Settings>>>,
        recognizer: Arc<Mutex<Recognizer>>,
        heavy: Heavy,
    ) -> Self {
        Self { parts, settings, recognizer, heavy }
    }
}

impl TextRecognizer for LateRecognizer {
    fn recognize(
        &mut self,
        pixels: Pixels<'_>,
        areas: &[Region],
        cancel: &Cancel,
        lines: &mut Vec<TextLine>,
    ) -> Result<LookTimings> {
        let mut recognizer = lock(&self.recognizer);
        if recognizer.loaded.is_none() {
            let settings = Arc::clone(&lock(&self.settings));
            recognizer.loaded = Some(self.parts.screen_reader(&settings)?);
        }
        recognizer.used = Some(Instant::now());
        let Some(loaded) = &mut recognizer.loaded else { unreachable!("it was loaded above") };
        let right = self.heavy.take();
        let read = contained("Reading the screen", || loaded.recognize(pixels, areas, cancel, lines));
        drop(right);
        if read.as_ref().is_err_and(|error| error.code == PANICKED) {
            recognizer.loaded = None;
        }
        read
    }

    fn forget(&mut self, unseen: Duration) {
        if let Some(loaded) = &mut lock(&self.recognizer).loaded {
            loaded.forget(unseen);
        }
    }

    fn release(&mut self) {
        if let Some(loaded) = &mut lock(&self.recognizer).loaded {
            loaded.release();
        }
    }
}

/// The recognizer, while it is there.
#[derive(Default)]
pub(super) struct Recognizer {
    pub(super) loaded: Option<Box<dyn TextRecognizer>>,
    pub(super) used: Option<Instant>,
}
