//! Sight as it runs: the eyes put together from the settings, and how long what they need stays in memory.
//!
//! Owns the eyes, their parts as they come and go, the thread that reads ahead where the user switched that on, and the
//! events that say that it is looked. The screen is connected to with the first look, the recognizer loaded when there is
//! something to recognize, and dropped when nobody looked for a while. Recognition is done with the right to compute.
//! Never looks unasked otherwise, and never decides what to answer.
//!
//! Whoever looks has the eyes for itself from before it says so until after it said that it is done. So the events come
//! in pairs, one look after the other, and none puts out the sign of another.

mod file;
mod late;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jarvis_core::{AssistantEvent, Cancel, Error, Eyes, Look, Result, ScreenText, SystemClock, TextSource};
use jarvis_settings::Settings;
use jarvis_vision::eyes::{self, Background, Ledger, Rules, Screen};
use serde::{Deserialize, Serialize};

use crate::heavy::Heavy;
use crate::load::Parts;
use crate::message::{Message, Outbox, contained};
use crate::picture::{Desk, switched_off};
pub use file::eyes_on;
use late::{LateCapture, LateRecognizer, LateTree, Recognizer};

/// How long a recognizer that nobody needs stays in memory.
const IDLE: Duration = Duration::from_secs(180);
/// How long a look waits for the sign that it is about to begin to be shown.
const SHOWN: Duration = Duration::from_secs(1);
/// Why the background reads.
const AHEAD: &str = "to read ahead";
/// After what time whoever found the eyes in use asks again.
const AGAIN: Duration = Duration::from_secs(1);

/// What was seen, and the answer from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sighting {
    /// The text of the screen.
    pub screen: ScreenText,
    /// What was answered.
    pub reply: String,
}

/// The eyes. Clones see with the same ones.
#[derive(Clone)]
pub(crate) struct Sight(Arc<Inner>);

struct Inner {
    /// None once they are closed.
    screen: Mutex<Option<Screen>>,
    ledger: Ledger,
    settings: Arc<Mutex<Arc<Settings>>>,
    recognizer: Arc<Mutex<Recognizer>>,
    ahead: Ahead,
    heavy: Heavy,
    outbox: Outbox,
    /// Asked to whom a picture may be shown.
    parts: Arc<dyn Parts>,
    /// Where such a picture lies.
    desk: Desk,
}

/// What the thread that reads ahead is told.
#[derive(Default)]
struct Ahead {
    state: Mutex<AheadState>,
    changed: Condvar,
}

#[derive(Default)]
struct AheadState {
    wanted: bool,
    running: bool,
    /// How many want the eyes; nothing is read ahead meanwhile.
    asking: usize,
    /// Raised when somebody asks: what was not read by then stays unread.
    step: Cancel,
    /// The thread, also one that has ended.
    thread: Option<JoinHandle<()>>,
}

/// Somebody wants the eyes, until it is dropped.
struct Asking<'a>(&'a Ahead);

impl Ahead {
    /// Whoever reads ahead leaves off, and goes on when nobody wants the eyes any more.
    fn ask(&self) -> Asking<'_> {
        let mut state = lock(&self.state);
        state.asking += 1;
        state.step.cancel();
        Asking(self)
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).asking -= 1;
        self.0.changed.notify_all();
    }
}

/// A look that the observers were told of. They are told that it is over when this is dropped, whatever ends it.
struct Lit<'a> {
    screen: &'a mut Screen,
    outbox: &'a Outbox,
    reason: &'a str,
    source: Option<TextSource>,
}

impl<'a> Lit<'a> {
    /// Tells observers that a look begins; they were told when this returns. `screen` is nobody else's until the end.
    fn new(screen: &'a mut Screen, outbox: &'a Outbox, reason: &'a str) -> Self {
        let (told, is_told) = std::sync::mpsc::sync_channel(1);
        let event = AssistantEvent::Looking { looking: true, reason: reason.to_owned(), source: None };
        outbox.send(Message::Looking { event, told });
        let _ = is_told.recv_timeout(SHOWN);
        Self { screen, outbox, reason, source: None }
    }
}

impl Drop for Lit<'_> {
    fn drop(&mut self) {
        let event = AssistantEvent::Looking { looking: false, reason: self.reason.to_owned(), source: self.source };
        self.outbox.send(Message::Event(event));
    }
}

impl Sight {
    /// Eyes that have nothing open yet.
    pub(crate) fn new(parts: &Arc<dyn Parts>, settings: &Arc<Settings>, outbox: Outbox, heavy: Heavy) -> Self {
        let shared = Arc::new(Mutex::new(Arc::clone(settings)));
        let recognizer = Arc::new(Mutex::new(Recognizer::default()));
        let of_screen = eyes::Parts {
            capture: Box::new(LateCapture::new(Arc::clone(parts))),
            recognizer: Box::new(LateRecognizer::new(
                Arc::clone(parts),
                Arc::clone(&shared),
                Arc::clone(&recognizer),
                heavy.clone(),
            )),
            tree: Some(Box::new(LateTree::new(Arc::clone(parts), Arc::clone(&shared)))),
            clock: Arc::new(SystemClock),
        };
        let screen = Screen::new(of_screen, rules(settings), remembered(settings));
        let ledger = screen.ledger();
        let sight = Self(Arc::new(Inner {
            screen: Mutex::new(Some(screen)),
            ledger,
            settings: shared,
            recognizer,
            ahead: Ahead::default(),
            heavy,
            desk: Desk::new(outbox.clone()),
            parts: Arc::clone(parts),
            outbox,
        }));
        sight.read_ahead();
        sight
    }

    /// Takes new settings. What was read by other rules is forgotten, and nobody sees by the old ones any more when this
    /// returns.
    pub(crate) fn set_settings(&self, settings: &Arc<Settings>) {
        let before = std::mem::replace(&mut *lock(&self.0.settings), Arc::clone(settings));
        if before.remote != settings.remote || before.eyes != settings.eyes {
            self.0.desk.clear();
        }
        if before.eyes != settings.eyes {
            lock(&self.0.ahead.state).wanted = false;
            let asking = self.0.ahead.ask();
            if let Some(screen) = lock(&self.0.screen).as_mut() {
                screen.set_rules(rules(settings), remembered(settings));
            }
            drop(asking);
            self.read_ahead();
        }
    }

    /// Where a picture lies that the user may have sent.
    pub(crate) fn desk(&self) -> Desk {
        self.0.desk.clone()
    }

    /// What was captured and why, the last first.
    pub(crate) fn ledger(&self) -> Ledger {
        self.0.ledger.clone()
    }

    /// Forgets what was captured, and all that was read in it. Waits for a look that goes on.
    pub(crate) fn forget(&self) {
        let _asking = self.0.ahead.ask();
        // Held until the list is empty, too: nothing comes in between.
        let mut screen = lock(&self.0.screen);
        if let Some(screen) = screen.as_mut() {
            screen.forget();
        }
        self.0.ledger.forget();
        self.0.desk.clear();
    }

    /// Forgets what was remembered for long enough, and drops what nobody needed for a while. Gives when to ask again;
    /// none while there is nothing to drop.
    pub(crate) fn rest(&self) -> Option<Instant> {
        let mut screen = match self.0.screen.try_lock() {
            Ok(screen) => screen,
            Err(TryLockError::Poisoned(screen)) => screen.into_inner(),
            Err(TryLockError::WouldBlock) => return Some(Instant::now() + AGAIN),
        };
        let forget = screen.as_mut().and_then(Screen::forget_old).map(|after| Instant::now() + after);
        let mut recognizer = lock(&self.0.recognizer);
        let unload = recognizer.used.map(|used| used + IDLE);
        if unload.is_some_and(|unload| unload <= Instant::now()) {
            *recognizer = Recognizer::default();
            tracing::debug!("the recognizer of the screen was unloaded");
            return forget;
        }
        [forget, unload].into_iter().flatten().min()
    }

    /// Drops the recognizer, which comes back with the next look that needs it. Waits for one that recognizes.
    pub(crate) fn spare(&self) {
        *lock(&self.0.recognizer) = Recognizer::default();
    }

    /// Ends: the thread that reads ahead is gone when this returns, and so is all that was open or read, whoever still has
    /// a clone. What the desktop was asked for (`eyes.accessibility`) is put back with that.
    pub(crate) fn close(&self) {
        let thread = {
            let mut state = lock(&self.0.ahead.state);
            state.wanted = false;
            state.step.cancel();
            state.thread.take()
        };
        self.0.ahead.changed.notify_all();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
        *lock(&self.0.screen) = None;
        self.0.desk.clear();
        self.spare();
    }

    /// Begins to read ahead, or ends that, as the settings say.
    fn read_ahead(&self) {
        let mut state = lock(&self.0.ahead.state);
        state.wanted = reads_ahead(&lock(&self.0.settings));
        self.0.ahead.changed.notify_all();
        if state.wanted && !state.running {
            if let Some(ended) = state.thread.take() {
                let _ = ended.join();
            }
            let sight = self.clone();
            let spawned = std::thread::Builder::new().name("read-ahead".into()).spawn(move || sight.keep_reading());
            match spawned {
                Ok(thread) => (state.running, state.thread) = (true, Some(thread)),
                Err(error) => tracing::warn!("No thread to read ahead: {error}"),
            }
        }
    }

    /// Reads ahead until that is not wanted any more.
    fn keep_reading(&self) {
        let (mut background, ahead) = (Background::new(), &self.0.ahead);
        // Whoever is to see the first sign has to be there, and the start has better things to do.
        let mut wait = AGAIN;
        loop {
            let state = lock(&ahead.state);
            let sleeps = |state: &mut AheadState| state.wanted;
            let (state, _) =
                ahead.changed.wait_timeout_while(state, wait, sleeps).unwrap_or_else(PoisonError::into_inner);
            let others = |state: &mut AheadState| state.wanted && state.asking > 0;
            let mut state = ahead.changed.wait_while(state, others).unwrap_or_else(PoisonError::into_inner);
            if !state.wanted {
                // The last thing that it does, and under the lock: whoever finds it so may wait for its end.
                state.running = false;
                return;
            }
            let step = Cancel::new();
            state.step = step.clone();
            drop(state);
            wait = contained("Reading ahead", || Ok(self.step(&mut background, &step))).unwrap_or(IDLE);
            // While this thread remembers and loads, nobody else is told when there is something to drop.
            self.rest();
        }
    }

    /// Reads a little, unless somebody asks or there is better to do. Gives how long to wait for the next.
    fn step(&self, background: &mut Background, step: &Cancel) -> Duration {
        let busy = self.0.heavy.is_taken() || is_on_battery() || is_loaded();
        let mut screen = lock(&self.0.screen);
        let Some(screen) = screen.as_mut() else { return IDLE };
        // By now it may be switched off, or somebody wants the eyes.
        if step.is_cancelled() || !reads_ahead(&lock(&self.0.settings)) {
            return AGAIN;
        }
        if busy {
            return background.step(screen, &|| true, step);
        }
        let lit = Lit::new(screen, &self.0.outbox, AHEAD);
        background.step(lit.screen, &|| step.is_cancelled(), step)
    }
}

impl Sight {
    /// The screen, for a look that is asked for.
    fn opened<'a>(&self, screen: &'a mut Option<Screen>) -> Result<&'a mut Screen> {
        // Asked only now, since whoever switches it off waits for the eyes.
        if !lock(&self.0.settings).eyes.enabled {
            return Err(Error::new(
                "eyes.off",
                "I don't look at the screen: that is switched off.",
                "Switch it on with `jarvis config set eyes.enabled true`, or in the settings.",
            ));
        }
        screen
            .as_mut()
            .ok_or_else(|| Error::new("internal.ended", "Jarvis is ending.", "Start it again and ask once more."))
    }
}

impl Eyes for Sight {
    fn look(&mut self, look: &Look, cancel: &Cancel) -> Result<ScreenText> {
        let _asking = self.0.ahead.ask();
        let mut screen = lock(&self.0.screen);
        let screen = self.opened(&mut screen)?;
        // What was offered before is not what is there now.
        self.0.desk.clear();
        let mut lit = Lit::new(screen, &self.0.outbox, &look.reason);
        let seen = lit.screen.look(look, cancel);
        lit.source = seen.as_ref().ok().map(|seen| seen.source);
        drop(lit);
        // A picture needs no recognizer twice as long as that.
        let mut recognizer = lock(&self.0.recognizer);
        if recognizer.loaded.is_some() {
            recognizer.used = Some(Instant::now());
        }
        seen
    }

    fn shows_to(&self) -> Result<Option<String>> {
        let settings = Arc::clone(&lock(&self.0.settings));
        self.0.parts.shows_to(&settings)
    }

    fn offer(&mut self, look: &Look, question: &str, cancel: &Cancel) -> Result<()> {
        let Some(host) = self.shows_to()? else { return Err(switched_off()) };
        let _asking = self.0.ahead.ask();
        let mut screen = lock(&self.0.screen);
        let screen = self.opened(&mut screen)?;
        self.0.desk.clear();
        let lit = Lit::new(screen, &self.0.outbox, &look.reason);
        let picture = lit.screen.picture(look, &host, cancel)?;
        drop(lit);
        self.0.desk.lay(host, question.to_owned(), picture, cancel)
    }
}

/// The eyes by themselves, for a program that looks once. They offer no picture: nobody would be there to look at it when the
/// program has ended.
pub fn eyes(parts: Arc<dyn Parts>, settings: &Settings) -> Box<dyn Eyes> {
    let mut settings = settings.clone();
    settings.eyes.background = false;
    let outbox = Outbox(std::sync::mpsc::channel().0);
    Box::new(Glimpse(Sight::new(&parts, &Arc::new(settings), outbox, Heavy::default())))
}

/// Eyes of a program that looks once.
struct Glimpse(Sight);

impl Eyes for Glimpse {
    fn look(&mut self, look: &Look, cancel: &Cancel) -> Result<ScreenText> {
        self.0.look(look, cancel)
    }

    /// An error where the running Jarvis could show one: whoever asks for it is told, and nobody else is.
    fn shows_to(&self) -> Result<Option<String>> {
        match self.0.shows_to()? {
            Some(_) => Err(Error::new(
                "picture.not_running",
                "Only the running Jarvis shows a picture of the screen to anyone: you have to look at it first.",
                "Start the app or `jarvis run`, and ask the running Jarvis.",
            )),
            None => Ok(None),
        }
    }
}

fn reads_ahead(settings: &Settings) -> bool {
    settings.eyes.enabled && settings.eyes.background && settings.eyes.remember_minutes > 0
}

fn rules(settings: &Settings) -> Rules {
    Rules::new(settings.eyes.excluded(), settings.eyes.private_windows)
}

fn remembered(settings: &Settings) -> Duration {
    Duration::from_secs(60 * u64::from(settings.eyes.remember_minutes))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the machine runs on its battery. One without batteries does not.
fn is_on_battery() -> bool {
    let Ok(supplies) = std::fs::read_dir("/sys/class/power_supply") else { return false };
    supplies.flatten().any(|supply| {
        std::fs::read_to_string(supply.path().join("status")).is_ok_and(|status| status.trim() == "Discharging")
    })
}

/// Whether others have work for all cores. Never where the system doesn't tell.
fn is_loaded() -> bool {
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
    let load = std::fs::read_to_string("/proc/loadavg").ok();
    load.and_then(|load| load.split(' ').next()?.parse::<f64>().ok()).is_some_and(|load| load >= cores)
}
