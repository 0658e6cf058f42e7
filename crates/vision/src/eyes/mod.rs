//! All of sight behind one call: capture, masks, change, the accessibility tree or recognition, what was read before.
//!
//! Owns what may be seen, and the text of what was seen last. Never looks unasked, writes nothing to disk or log, and
//! gives nobody a pixel before the windows and fields that are excluded are black.
//!
//! A look at the window that has the keyboard is answered by the accessibility tree where that tells all of its text.
//! Else a picture is taken; what is excluded is made black; tiles that changed since the last look at the same place are
//! read, with the lines that they touch, and the other lines are as they were; the recognizer knows lines again that only
//! moved, as long as they may be remembered. Black is what is excluded by the windows of before or of after the picture;
//! what opened while it was read is looked for afterwards, and what stands there is left out.

mod background;
mod ledger;
mod masks;
mod memory;
mod picture;
mod refresh;
mod refused;
mod rules;

#[cfg(test)]
mod fakes;
#[cfg(test)]
mod tests;

pub use background::Background;
pub use ledger::Ledger;
pub use picture::MaskedPicture;
pub use rules::Rules;

use crate::frame::Frames;
use crate::text::layout;
use jarvis_core::{
    AccessibilityTree, Cancel, Capture, Clock, Error, Eyes, Look, LookTimings, Region, Result, ScreenCapture,
    ScreenTarget, ScreenText, ScreenWindow, TextLine, TextRecognizer, TextRole, TextSource, WindowText,
};
use masks::{Masks, check, relative};
use memory::{Memory, Place, Read};
use refused::{Refused, is_of};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Nothing can be read in a picture of one colour.
pub const BLANK: &str =
    "The picture is blank: the screen may be off or locked, or the desktop shows nobody its picture.";
/// The window that was asked about is excluded.
pub const EXCLUDED: &str = "That window is private or of an application that is never looked at, so it was left out.";
/// A part of the picture was made black.
pub const PARTS_EXCLUDED: &str = "Windows that are private or of applications that are never looked at were left out.";
/// A password field was made black.
pub const FIELDS_EXCLUDED: &str = "Password fields were left out.";
/// The accessibility tree is not there, or failed.
pub const FIELDS_UNTOLD: &str = "Nobody tells where password fields are.";

/// So many lines that can't be read are more than an accident, if they are a third of all.
const ILLEGIBLE: usize = 3;

/// The most windows that are remembered for telling all of their text.
const TELLING: usize = 32;

/// What the eyes are made of.
pub struct Parts {
    /// Takes the pictures.
    pub capture: Box<dyn ScreenCapture>,
    /// Reads them.
    pub recognizer: Box<dyn TextRecognizer>,
    /// Tells exact text, where there is such a service.
    pub tree: Option<Box<dyn AccessibilityTree>>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").field("tree", &self.tree.is_some()).finish_non_exhaustive()
    }
}

/// The eyes.
#[derive(Debug)]
pub struct Screen {
    parts: Parts,
    rules: Rules,
    frames: Frames,
    memory: Memory,
    ledger: Ledger,
    /// Where password fields were when the tree last told.
    hidden: Vec<Region>,
    /// Whether nobody told that when it was last asked.
    untold: bool,
    /// Whether the tree failed in this look: connecting to one that is not there may take a moment each time.
    silent: bool,
    /// Windows whose text the tree told whole: there is nothing to read ahead.
    telling: VecDeque<u64>,
    /// Windows that the tree alone told to be excluded.
    refused: Refused,
    /// Whether a picture may stand in memory still.
    pictured: bool,
}

/// What one picture gave.
struct Seen {
    /// Regions relative to the picture.
    place: Place,
    region: Region,
    window: Option<ScreenWindow>,
    /// As they were right after it was taken.
    windows: Vec<ScreenWindow>,
    masks: Masks,
    blank: bool,
    /// How many tiles changed, and how many are unread still.
    changed: usize,
    unread: usize,
    /// What it looks like from afar; only where that was asked for.
    looks: u64,
    known: bool,
    timings: LookTimings,
}

/// What the accessibility tree tells of the window that has the keyboard.
enum Told {
    /// It is excluded.
    Excluded,
    /// Nothing that helps.
    Nothing,
    /// It may be seen.
    Window(Box<WindowText>),
}

impl Screen {
    /// Eyes that see by `rules`, and remember what they read for `remember` after the last look at it; zero forgets it with
    /// the answer.
    pub fn new(parts: Parts, rules: Rules, remember: Duration) -> Self {
        Self {
            parts,
            rules,
            frames: Frames::new(),
            memory: Memory::new(remember),
            ledger: Ledger::default(),
            hidden: Vec::new(),
            untold: false,
            silent: false,
            telling: VecDeque::new(),
            refused: Refused::default(),
            pictured: false,
        }
    }

    /// Sees by other rules from now on. What was read by the old ones is forgotten.
    pub fn set_rules(&mut self, rules: Rules, remember: Duration) {
        if !rules.cover(&self.rules) {
            // Some of them may be seen now; the tree tells the others again.
            self.refused.clear();
        }
        self.rules = rules;
        self.memory = Memory::new(remember);
        self.release();
    }

    /// Forgets all that was read, and the last picture.
    pub fn forget(&mut self) {
        self.memory.forget();
        self.release();
    }

    /// Forgets what was not looked at for as long as it may be remembered, and, with the last of it, the last picture.
    /// Gives after what time to ask again; `None` when nothing is left to be forgotten.
    pub fn forget_old(&mut self) -> Option<Duration> {
        let places = self.memory.places();
        let next = self.memory.forget_old(self.parts.clock.now());
        if next.is_none() {
            self.release();
        } else {
            // What was read at a place goes with it, wherever else it may be kept.
            let unseen = if self.memory.places() < places { Duration::ZERO } else { self.memory.remember() };
            self.parts.recognizer.forget(unseen);
        }
        next
    }

    /// Gives the memory back that the last picture stands in.
    fn release(&mut self) {
        if std::mem::take(&mut self.pictured) {
            self.parts.capture.release();
            self.parts.recognizer.release();
        }
    }

    /// Whether a window may not be seen.
    fn excludes(&self, window: &ScreenWindow) -> bool {
        self.rules.exclude(window) || self.refused.has(window)
    }

    /// Whether windows are excluded, but nobody tells where they are.
    fn is_blind(&self, windows: &[ScreenWindow]) -> bool {
        windows.is_empty() && !self.rules.is_empty()
    }

    /// What the tree tells of the window that has the keyboard; that it may not be seen is remembered for pictures too.
    fn ask_tree(&mut self, windows: &[ScreenWindow], cancel: &Cancel) -> Result<Told> {
        let focused = windows.iter().find(|window| window.focused);
        if focused.is_some_and(|window| self.rules.exclude(window)) {
            return Ok(Told::Excluded);
        }
        let told = match self.parts.tree.as_mut().map(|tree| tree.focused_window(cancel)) {
            Some(Ok(told)) => told,
            Some(Err(error)) if error.is_cancelled() => return Err(error),
            Some(Err(error)) => {
                tracing::debug!(code = error.code, "the accessibility tree says nothing");
                self.silent = true;
                None
            }
            None => None,
        };
        match (&told, focused) {
            (Some(told), _) if self.rules.exclude_named(&told.application, &told.title) => {
                self.refused.add(told, windows);
                for window in windows.iter().filter(|window| self.refused.has(window)) {
                    self.memory.forget_window(window.id);
                }
                self.parts.recognizer.forget(Duration::ZERO);
                return Ok(Told::Excluded);
            }
            (Some(told), Some(focused)) => self.refused.remove(told, focused),
            _ => (),
        }
        if focused.is_some_and(|window| self.refused.has(window)) {
            return Ok(Told::Excluded);
        }
        Ok(told.map_or(Told::Nothing, |told| Told::Window(Box::new(told))))
    }

    /// The list of what was captured and why. It can be read while a look is under way.
    pub fn ledger(&self) -> Ledger {
        self.ledger.clone()
    }

    /// Reads a part of the window that has the keyboard, at most some `tiles` tiles of those that changed.
    fn read_ahead(&mut self, tiles: usize, cancel: &Cancel) -> Result<Option<Seen>> {
        let look = Look { target: ScreenTarget::ActiveWindow, reason: "to read ahead".into() };
        self.silent = false;
        let windows = self.parts.capture.windows()?;
        let id = windows.iter().find(|window| window.focused).map(|window| window.id);
        if self.is_blind(&windows) || id.is_some_and(|id| self.telling.contains(&id)) {
            return Ok(None);
        }
        match self.ask_tree(&windows, cancel)? {
            Told::Excluded => return Ok(None),
            Told::Window(told) if told.whole => {
                self.tells(id);
                return Ok(None);
            }
            Told::Window(_) | Told::Nothing => (),
        }
        let hidden = self.hidden_fields(cancel)?;
        let seen = self.see(&look, &windows, hidden, Some(tiles), cancel)?;
        self.leave_out_late(&seen)?;
        Ok(Some(seen))
    }

    /// What the tree tells of the window that has the keyboard, if that is all of its text.
    fn told(&mut self, look: &Look, windows: &[ScreenWindow], cancel: &Cancel) -> Result<Option<ScreenText>> {
        let begin = self.parts.clock.now();
        let told = match self.ask_tree(windows, cancel)? {
            Told::Excluded => return Ok(Some(left_out())),
            Told::Nothing => return Ok(None),
            Told::Window(told) => *told,
        };
        let focused = windows.iter().find(|window| window.focused);
        if !told.whole || told.lines.is_empty() || focused.is_some_and(|window| !is_of(&told, window)) {
            return Ok(None);
        }
        self.tells(focused.map(|window| window.id));
        self.record(look, told.region, Some(told.application.clone()), TextSource::Accessibility, 0);
        // What its password fields hold is not in it, and those of other windows are not in this one.
        Ok(Some(ScreenText {
            lines: told.lines,
            source: TextSource::Accessibility,
            region: told.region,
            window: Some(told.title),
            application: Some(told.application),
            notes: Vec::new(),
            is_picture: false,
            timings_ms: LookTimings { capture: self.ms_since(begin), ..LookTimings::default() },
        }))
    }

    fn tells(&mut self, window: Option<u64>) {
        if let Some(id) = window.filter(|id| !self.telling.contains(id)) {
            self.telling.truncate(TELLING - 1);
            self.telling.push_front(id);
        }
    }

    /// Where password fields are, as far as is known: a tree that fails for once takes none of them back.
    fn hidden_fields(&mut self, cancel: &Cancel) -> Result<Vec<Region>> {
        self.untold = true;
        if let Some(tree) = self.parts.tree.as_mut().filter(|_| !self.silent) {
            match tree.hidden_fields(cancel) {
                Ok(hidden) => (self.hidden, self.untold) = (hidden, false),
                Err(error) if error.is_cancelled() => return Err(error),
                Err(error) => tracing::debug!(code = error.code, "the accessibility tree tells no password fields"),
            }
        }
        Ok(self.hidden.clone())
    }

    /// Takes a picture, masks it and reads what is not known of it: all of that, or at most some `tiles` tiles.
    fn see(
        &mut self,
        look: &Look,
        windows: &[ScreenWindow],
        hidden: Vec<Region>,
        tiles: Option<usize>,
        cancel: &Cancel,
    ) -> Result<Seen> {
        let Self { parts, rules, frames, memory, ledger, refused, pictured, .. } = self;
        let is_excluded = |window: &ScreenWindow| rules.exclude(window) || refused.has(window);
        let clock = Arc::clone(&parts.clock);
        let ms = |since: Instant| clock.now().duration_since(since).as_secs_f64() * 1000.0;
        let begin = clock.now();
        *pictured = true;
        let mut shot = parts.capture.capture(&look.target)?;
        let mut timings = LookTimings { capture: ms(begin), ..LookTimings::default() };
        check(&shot)?;
        let begin = clock.now();
        let of_window = is_window(&look.target);
        let masks = Masks::of_shot(&is_excluded, windows, &hidden, &shot, of_window);
        let masked = masks.all().count();
        let place = match &shot.window {
            Some(window) if of_window => Place::Window(window.id),
            _ => Place::Area(shot.region),
        };
        let entry = |window: Option<&ScreenWindow>| Capture {
            at_ms: clock.local().timestamp().as_millisecond(),
            target: look.target.clone(),
            region: shot.region,
            application: window
                .filter(|window| of_window && !is_excluded(window))
                .map(|window| window.application.clone()),
            reason: look.reason.clone(),
            source: TextSource::Cache,
            pixels_read: 0,
            masked: masked as u32,
            background: tiles.is_some(),
            shown: None,
        };
        // On the list before anything can fail.
        let number = ledger.add(entry(shot.window.as_ref()));
        masks.blacken(&mut shot);
        let (region, scale, view) = (shot.region, shot.scale, shot.view());
        let read = memory.of(&place, (view.width, view.height), clock.now());
        let changed = frames.changes(view, &mut read.grid);
        let blank = masked == 0 && read.grid.colour().is_some();
        let looks = if tiles.is_some() { frames.perceptual_hash(view) } else { 0 };
        timings.diff = ms(begin);
        let known = read.grid.unread() == 0;
        let refreshed = refresh::refresh(read, view, scale, tiles, parts.recognizer.as_mut(), cancel)?;
        (timings.detect, timings.recognize) = (refreshed.timings.detect, refreshed.timings.recognize);
        if !known {
            ledger.read(number, refreshed.pixels);
        }
        let unread = read.grid.unread();
        let (window, windows) = (shot.window, shot.windows);
        Ok(Seen { place, region, window, windows, masks, blank, changed, unread, looks, known, timings })
    }

    /// Takes out of the text what stands where an excluded window was found only after the picture was taken. Gives whether
    /// there was one.
    fn leave_out_late(&mut self, seen: &Seen) -> Result<bool> {
        if self.rules.is_empty() {
            return Ok(false);
        }
        let windows = self.parts.capture.windows()?;
        let of_window = matches!(seen.place, Place::Window(_));
        let now = |id: u64| windows.iter().find(|window| window.id == id);
        let shown = seen.window.as_ref().map(|window| now(window.id).unwrap_or(window));
        let late = Masks::new(&|window| self.excludes(window), &windows, &[], &seen.region, shown, of_window);
        let Some(read) = self.memory.get(&seen.place) else { return Ok(false) };
        let mut any = false;
        for mask in late.windows.iter().filter(|mask| !seen.masks.windows.contains(mask)) {
            any = true;
            let mask = relative(mask, &seen.region);
            let Read { grid, lines, .. } = &mut *read;
            grid.set_unread(&mask);
            lines.retain_mut(|line| {
                let stays = !line.region.meets(&mask);
                if !stays {
                    // All of it: a part may have stood beside the window.
                    grid.set_unread(&line.region);
                    memory::wipe(line);
                }
                stays
            });
        }
        if any {
            self.parts.recognizer.forget(Duration::ZERO);
        }
        Ok(any)
    }

    fn record(&self, look: &Look, region: Region, application: Option<String>, source: TextSource, pixels_read: u64) {
        self.ledger.add(Capture {
            at_ms: self.parts.clock.local().timestamp().as_millisecond(),
            target: look.target.clone(),
            region,
            application,
            reason: look.reason.clone(),
            source,
            pixels_read,
            masked: 0,
            background: false,
            shown: None,
        });
    }

    fn ms_since(&self, begin: Instant) -> f64 {
        self.parts.clock.now().duration_since(begin).as_secs_f64() * 1000.0
    }
}

impl Eyes for Screen {
    fn look(&mut self, look: &Look, cancel: &Cancel) -> Result<ScreenText> {
        let begin = self.parts.clock.now();
        self.forget_old();
        if cancel.is_cancelled() {
            return Err(Error::cancelled());
        }
        self.silent = false;
        let windows = self.parts.capture.windows()?;
        if look.target == ScreenTarget::ActiveWindow
            && let Some(mut text) = self.told(look, &windows, cancel)?
        {
            text.timings_ms.total = self.ms_since(begin);
            return Ok(text);
        }
        // Where nobody lists windows, the tree still knows one.
        if self.is_blind(&windows) && look.target != ScreenTarget::ActiveWindow {
            let told = self.ask_tree(&windows, cancel)?;
            if matches!(told, Told::Excluded) {
                return Ok(left_out());
            }
        }
        let hidden = self.hidden_fields(cancel)?;
        let seen = self.see(look, &windows, hidden, None, cancel)?;
        let late = self.leave_out_late(&seen)?;
        let mut text = self.compose(seen, late);
        if let ScreenTarget::Region(asked) = &look.target
            && (asked.width, asked.height) != (text.region.width, text.region.height)
        {
            let Region { x, y, width, height } = text.region;
            text.notes
                .insert(0, format!("Of that region only {width} x {height} pixels at {x},{y} are there to be seen."));
        }
        self.forget_old();
        text.timings_ms.total = self.ms_since(begin);
        Ok(text)
    }
}

impl Screen {
    /// The text of what was seen, with what has to be said of it.
    fn compose(&mut self, seen: Seen, late: bool) -> ScreenText {
        let window = seen.window.filter(|window| !self.excludes(window));
        let mut lines: Vec<TextLine> = self.memory.get(&seen.place).map(|read| read.lines.clone()).unwrap_or_default();
        for line in &mut lines {
            line.region.x = line.region.x.saturating_add(seen.region.x);
            line.region.y = line.region.y.saturating_add(seen.region.y);
        }
        put_in_order(&mut lines, &seen.windows);
        let mut notes = Vec::new();
        let mut note = |when: bool, what: &str| {
            if when {
                notes.push(what.to_owned());
            }
        };
        let all = seen.masks.cover(&seen.region);
        note(all, EXCLUDED);
        note(!all && (late || !seen.masks.windows.is_empty()), PARTS_EXCLUDED);
        note(!seen.masks.fields.is_empty(), FIELDS_EXCLUDED);
        note(seen.blank, BLANK);
        note(seen.known && !seen.blank, ScreenText::UNCHANGED);
        note(self.is_blind(&seen.windows) && !lines.is_empty(), ScreenText::NO_WINDOWS);
        let illegible = lines.iter().filter(|line| !line.is_legible()).count();
        // One or two among many are a logo, or letters too small.
        if illegible >= ILLEGIBLE && illegible * 3 >= lines.len() {
            notes.push(format!("{illegible} {}", ScreenText::ILLEGIBLE));
        }
        ScreenText {
            lines,
            source: if seen.known { TextSource::Cache } else { TextSource::Recognizer },
            region: seen.region,
            application: window.as_ref().map(|window| window.application.clone()),
            window: window.map(|window| window.title),
            notes,
            is_picture: false,
            timings_ms: seen.timings,
        }
    }
}

/// Whether a window is looked at, and not what else may lie there.
fn is_window(target: &ScreenTarget) -> bool {
    matches!(target, ScreenTarget::ActiveWindow | ScreenTarget::PointerWindow)
}

/// Reading order, and headings, which only show beside all the other lines.
fn put_in_order(lines: &mut Vec<TextLine>, windows: &[ScreenWindow]) {
    lines.sort_by_key(|line| (line.region.y, line.region.x));
    for line in lines.iter_mut().filter(|line| line.role == TextRole::Heading) {
        line.role = TextRole::Text;
    }
    layout::headings(lines);
    let fronts: Vec<Region> = windows.iter().map(|window| window.region).collect();
    layout::arrange(lines, &fronts);
}

/// The answer about a window that is excluded: nothing, and why.
fn left_out() -> ScreenText {
    ScreenText { notes: vec![EXCLUDED.into()], ..ScreenText::default() }
}
