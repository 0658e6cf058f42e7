//! What happened in this run, kept for a window that is opened later, and passed on to the one that is open.
//!
//! Bounded: the oldest events go first. Levels and superseded words are not kept, since nobody would look back at them.

use jarvis_core::{AssistantEvent, EventRecord};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Events that are kept: some 200 exchanges.
const KEPT: usize = 8192;

/// Where an event goes. Fails when nobody is there any more.
pub type Watcher = Box<dyn Fn(&EventRecord) -> bool + Send>;

#[derive(Default)]
struct Inner {
    past: VecDeque<EventRecord>,
    watcher: Option<Watcher>,
}

/// The events of this run, and who watches them.
#[derive(Default)]
pub struct History(Mutex<Inner>);

impl History {
    /// Keeps `record` and passes it on.
    pub fn add(&self, record: EventRecord) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.watcher.as_ref().is_some_and(|watcher| !watcher(&record)) {
            inner.watcher = None;
        }
        keep(&mut inner.past, record);
    }

    /// Everything so far; `watcher` gets what comes after it, without a gap, in place of whoever watched before.
    pub fn follow(&self, watcher: Watcher) -> Vec<EventRecord> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.watcher = Some(watcher);
        inner.past.iter().cloned().collect()
    }

    /// Nobody watches any more.
    pub fn unfollow(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).watcher = None;
    }
}

fn keep(past: &mut VecDeque<EventRecord>, record: EventRecord) {
    match (&record.event, past.back_mut().map(|last| (last.turn, &mut last.event))) {
        (AssistantEvent::Level { .. } | AssistantEvent::ModelProgress { .. }, _) => return,
        // Pieces of one answer become one event, and newer words replace older ones.
        (AssistantEvent::ReplyText { text }, Some((turn, AssistantEvent::ReplyText { text: so_far })))
            if turn == record.turn =>
        {
            so_far.push_str(text);
            return;
        }
        (AssistantEvent::Partial { text }, Some((turn, AssistantEvent::Partial { text: so_far })))
            if turn == record.turn =>
        {
            so_far.clone_from(text);
            return;
        }
        _ => {}
    }
    if past.len() == KEPT {
        past.pop_front();
    }
    past.push_back(record);
}

#[cfg(test)]
mod tests {
    use super::*;
    use jarvis_core::TurnId;
    use std::sync::{Arc, mpsc};

    fn record(turn: u64, event: AssistantEvent) -> EventRecord {
        EventRecord { t_ms: 0.0, turn: Some(TurnId(turn)), event }
    }

    fn piece(turn: u64, text: &str) -> EventRecord {
        record(turn, AssistantEvent::ReplyText { text: text.into() })
    }

    #[test]
    fn the_pieces_of_an_answer_become_one() {
        let history = History::default();
        for event in [piece(1, "It is "), piece(1, "noon."), piece(2, "Yes.")] {
            history.add(event);
        }
        history.add(record(2, AssistantEvent::Level { level: 0.5 }));
        assert_eq!(history.follow(Box::new(|_| true)), [piece(1, "It is noon."), piece(2, "Yes.")]);
    }

    #[test]
    fn it_is_bounded() {
        let history = History::default();
        for turn in 0..KEPT as u64 + 10 {
            history.add(record(turn, AssistantEvent::SpeechStart));
        }
        let past = history.follow(Box::new(|_| true));
        assert_eq!(past.len(), KEPT);
        assert_eq!(past[0].turn, Some(TurnId(10)));
    }

    #[test]
    fn a_watcher_gets_what_comes_after_the_past() {
        let history = History::default();
        history.add(piece(1, "before"));
        let (sender, receiver) = mpsc::channel();
        let past = history.follow(Box::new(move |event| sender.send(event.clone()).is_ok()));
        history.add(piece(2, "after"));
        assert_eq!(past, [piece(1, "before")]);
        assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [piece(2, "after")]);
    }

    #[test]
    fn a_watcher_that_left_is_let_go() {
        let history = History::default();
        let watcher = Arc::new(());
        let held = Arc::clone(&watcher);
        history.follow(Box::new(move |_| {
            let _ = &held;
            false
        }));
        history.add(piece(1, "x"));
        assert_eq!(Arc::strong_count(&watcher), 1);
    }
}
