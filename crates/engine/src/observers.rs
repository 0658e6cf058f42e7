//! The stream of events for whoever watches: log, `--events`, control socket, window.
//!
//! Never waits for an observer and never sits in the path of a turn: each observer has a bounded queue of its own. One
//! that is slow loses what it can do without first (levels, partial words), then the oldest events, and is told how many.

use std::collections::VecDeque;
use std::sync::mpsc::{RecvError, RecvTimeoutError, TryRecvError};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jarvis_core::{AssistantEvent, EventRecord, TurnId};

/// Events that wait for one observer at most.
const CAPACITY: usize = 1024;

/// Events of the start that are kept.
const MOST_OF_START: usize = 64;

#[derive(Debug, Default)]
struct Queue {
    events: VecDeque<EventRecord>,
    lost: u64,
    /// The engine is gone: what is queued is the end.
    closed: bool,
    /// The observer is gone.
    abandoned: bool,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    filled: Condvar,
}

impl Shared {
    fn with<T>(&self, work: impl FnOnce(&mut Queue) -> T) -> T {
        work(&mut self.queue.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One observer's end. Speaks like the receiving end of a channel; dropping it ends the observation.
#[derive(Debug)]
pub struct Subscription(Arc<Shared>);

impl Subscription {
    /// The next event, however long it takes.
    ///
    /// # Errors
    /// The engine has ended, and every event was taken.
    pub fn recv(&self) -> Result<EventRecord, RecvError> {
        let queue = self.0.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let mut queue = self
            .0
            .filled
            .wait_while(queue, |queue| queue.events.is_empty() && !queue.closed)
            .unwrap_or_else(PoisonError::into_inner);
        queue.events.pop_front().ok_or(RecvError)
    }

    /// The next event, if it comes within `timeout`.
    ///
    /// # Errors
    /// None came, or none will.
    pub fn recv_timeout(&self, timeout: Duration) -> Result<EventRecord, RecvTimeoutError> {
        let queue = self.0.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut queue, _) = self
            .0
            .filled
            .wait_timeout_while(queue, timeout, |queue| queue.events.is_empty() && !queue.closed)
            .unwrap_or_else(PoisonError::into_inner);
        let closed = queue.closed;
        queue.events.pop_front().ok_or(if closed { RecvTimeoutError::Disconnected } else { RecvTimeoutError::Timeout })
    }

    /// The next event, if it is there.
    ///
    /// # Errors
    /// None is there, or none will be.
    pub fn try_recv(&self) -> Result<EventRecord, TryRecvError> {
        self.0.with(|queue| {
            let closed = queue.closed;
            queue.events.pop_front().ok_or(if closed { TryRecvError::Disconnected } else { TryRecvError::Empty })
        })
    }

    /// How many events this observer was too slow for since it last asked.
    pub fn take_lost(&self) -> u64 {
        self.0.with(|queue| std::mem::take(&mut queue.lost))
    }

    /// What ends this subscription from another thread.
    pub(crate) fn ender(&self) -> Ender {
        Ender(Arc::clone(&self.0))
    }

    /// The events until the engine ends.
    pub fn iter(&self) -> impl Iterator<Item = EventRecord> + '_ {
        std::iter::from_fn(|| self.recv().ok())
    }
}

impl Iterator for Subscription {
    type Item = EventRecord;

    fn next(&mut self) -> Option<EventRecord> {
        self.recv().ok()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.0.with(|queue| {
            queue.abandoned = true;
            queue.events.clear();
        });
    }
}

/// Everyone who watches, and what happened before anyone could.
#[derive(Debug, Default)]
struct Everyone {
    observers: Vec<Arc<Shared>>,
    /// The events of the start, up to and with [`AssistantEvent::Ready`].
    of_start: Vec<EventRecord>,
    started: bool,
}

/// Ends a [`Subscription`]: whoever waits for its next event is told that none will come.
#[derive(Debug)]
pub(crate) struct Ender(Arc<Shared>);

impl Ender {
    pub(crate) fn end(&self) {
        self.0.with(|queue| {
            queue.closed = true;
            queue.abandoned = true;
            queue.events.clear();
        });
        self.0.filled.notify_all();
    }
}

/// Everyone who watches.
#[derive(Debug)]
pub struct Observers {
    start: Instant,
    all: Mutex<Everyone>,
}

impl Observers {
    /// Nobody yet; `t_ms` counts from now.
    pub fn new() -> Self {
        Self { start: Instant::now(), all: Mutex::default() }
    }

    /// When `t_ms` was 0.
    pub fn start(&self) -> Instant {
        self.start
    }

    /// A new observer. It first gets what happened during the start, so that being quick or slow to subscribe makes no
    /// difference to what is known of missing models and devices; then what happens from now on.
    pub fn subscribe(&self) -> Subscription {
        let shared = Arc::new(Shared::default());
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        shared.with(|queue| queue.events.extend(all.of_start.iter().cloned()));
        all.observers.push(Arc::clone(&shared));
        Subscription(shared)
    }

    /// Tells everyone, without waiting for anyone.
    pub fn emit(&self, turn: Option<TurnId>, event: AssistantEvent) {
        let t_ms = (self.start.elapsed().as_secs_f64() * 1e6).round() / 1e3;
        log(turn, &event);
        let record = EventRecord { t_ms, turn, event };
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if !all.started && all.of_start.len() < MOST_OF_START && !is_expendable(&record.event) {
            all.of_start.push(record.clone());
        }
        all.started |= record.event == AssistantEvent::Ready;
        all.observers.retain(|observer| {
            let there = observer.with(|queue| {
                if !queue.abandoned {
                    push(queue, &record);
                }
                !queue.abandoned
            });
            observer.filled.notify_one();
            there
        });
    }

    /// Says that no more events will come.
    pub fn close(&self) {
        for observer in self.all.lock().unwrap_or_else(PoisonError::into_inner).observers.drain(..) {
            observer.with(|queue| queue.closed = true);
            observer.filled.notify_all();
        }
    }
}

impl Default for Observers {
    fn default() -> Self {
        Self::new()
    }
}

/// What an observer can do without.
fn is_expendable(event: &AssistantEvent) -> bool {
    matches!(
        event,
        AssistantEvent::Level { .. } | AssistantEvent::Partial { .. } | AssistantEvent::ModelProgress { .. }
    )
}

fn push(queue: &mut Queue, record: &EventRecord) {
    if queue.events.len() >= CAPACITY {
        queue.lost += 1;
        if is_expendable(&record.event) {
            return;
        }
        let victim = queue.events.iter().position(|waiting| is_expendable(&waiting.event)).unwrap_or(0);
        queue.events.remove(victim);
    }
    queue.events.push_back(record.clone());
}

/// The log is an observer like any other; what the user said and heard is personal and stays out of it.
fn log(turn: Option<TurnId>, event: &AssistantEvent) {
    let turn = turn.map_or(0, |turn| turn.0);
    match event {
        AssistantEvent::Error { error } => {
            tracing::warn!(turn, code = error.code, hint = error.hint, "{}", error.message);
        }
        AssistantEvent::Device { direction, available, name, message } => {
            tracing::info!(direction, available, name, "{message}");
        }
        AssistantEvent::State { state, muted } => tracing::debug!(turn, ?state, muted, "state"),
        AssistantEvent::TurnEnd { timings_ms } => tracing::info!(turn, ?timings_ms, "turn is over"),
        AssistantEvent::Wake { model, score } => tracing::info!(turn, model, score, "wake word"),
        AssistantEvent::Intent { intent, confidence, .. } => tracing::info!(turn, intent, confidence, "intent"),
        AssistantEvent::Level { .. } | AssistantEvent::Partial { .. } | AssistantEvent::ReplyText { .. } => {}
        AssistantEvent::Transcript { text } => tracing::debug!(turn, characters = text.len(), "transcript"),
        AssistantEvent::Alarm { .. } => tracing::info!("an alarm is due"),
        AssistantEvent::ModelProgress { .. } => {}
        AssistantEvent::Looking { looking, source, .. } => tracing::debug!(turn, looking, ?source, "the screen"),
        other => tracing::debug!(turn, event = ?other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> AssistantEvent {
        AssistantEvent::ReplyText { text: text.into() }
    }

    #[test]
    fn a_slow_observer_loses_levels_first_and_never_holds_anyone_up() {
        let observers = Observers::new();
        let slow = observers.subscribe();
        observers.emit(None, text("first"));
        for _ in 0..CAPACITY - 1 {
            observers.emit(None, AssistantEvent::Level { level: 0.5 });
        }
        observers.emit(None, AssistantEvent::Level { level: 0.9 });
        for index in 0..10 {
            observers.emit(None, text(&index.to_string()));
        }
        assert_eq!(slow.take_lost(), 11);
        observers.close();
        let texts: Vec<_> = slow.filter(|record| matches!(record.event, AssistantEvent::ReplyText { .. })).collect();
        assert_eq!(texts.len(), 11, "nothing that matters is lost while levels can go");
    }

    #[test]
    fn an_observer_that_left_is_forgotten() {
        let observers = Observers::new();
        drop(observers.subscribe());
        observers.emit(None, AssistantEvent::Ready);
        assert!(observers.all.lock().unwrap().observers.is_empty());
    }

    #[test]
    fn who_comes_late_learns_of_the_start() {
        let observers = Observers::new();
        observers.emit(None, AssistantEvent::Ready);
        observers.emit(Some(TurnId(1)), AssistantEvent::SpeechStart);
        let late = observers.subscribe();
        assert_eq!(late.try_recv().unwrap().event, AssistantEvent::Ready);
        assert_eq!(late.try_recv(), Err(TryRecvError::Empty));
    }

    #[test]
    fn the_end_comes_after_the_last_event() {
        let observers = Observers::new();
        let subscription = observers.subscribe();
        observers.emit(Some(TurnId(1)), AssistantEvent::SpeechStart);
        observers.close();
        assert_eq!(subscription.recv().unwrap().turn, Some(TurnId(1)));
        assert_eq!(subscription.recv(), Err(RecvError));
        assert_eq!(subscription.try_recv(), Err(TryRecvError::Disconnected));
    }
}
