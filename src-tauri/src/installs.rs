//! The one installation of models that can run at a time, started and stopped from the window.

use crate::history::History;
use jarvis_core::{AssistantEvent, Cancel, Error, EventRecord, Result};
use jarvis_models::{Catalog, Model, Progress, Stage, Store};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The least time between two reports of one model: more would only be work for the web view.
const REPORT_EVERY: Duration = Duration::from_millis(100);

/// Whether an installation runs, and how to stop it.
#[derive(Default)]
pub struct Installs(Mutex<Option<Cancel>>);

impl Installs {
    /// Installs `ids` on the calling thread and reports to `history` as it goes.
    ///
    /// # Errors
    /// One is running already, or it failed; what is installed by then stays.
    pub fn run(&self, store: &Store, catalog: &Catalog, ids: &[String], history: &History) -> Result<()> {
        let cancel = Cancel::new();
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(_) => {
                return Err(Error::new(
                    "shell.installing",
                    "Models are being installed already.",
                    "Wait until they are.",
                ));
            }
            free => *free = Some(cancel.clone()),
        }
        let outcome = store.pull(catalog, ids, &mut Reporter { history, reported: None }, &cancel);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
        outcome.map(drop)
    }

    /// Stops the installation, if one runs. What was fetched is kept for the next one.
    pub fn cancel(&self) {
        if let Some(cancel) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            cancel.cancel();
        }
    }
}

/// Turns the progress of an installation into events.
struct Reporter<'a> {
    history: &'a History,
    reported: Option<Instant>,
}

impl Reporter<'_> {
    fn report(&mut self, id: &str, done: u64, total: u64) {
        self.reported = Some(Instant::now());
        let event = AssistantEvent::ModelProgress { id: id.to_owned(), done, total };
        self.history.add(EventRecord { t_ms: 0.0, turn: None, event });
    }
}

impl Progress for Reporter<'_> {
    fn started(&mut self, model: &Model) {
        self.report(&model.id, 0, model.bytes());
    }

    fn stage(&mut self, _: &str, _: Stage) {}

    fn advanced(&mut self, id: &str, done: u64, total: u64) {
        if done >= total || self.reported.is_none_or(|at| at.elapsed() >= REPORT_EVERY) {
            self.report(id, done, total);
        }
    }

    fn fell_back(&mut self, id: &str, why: &str) {
        tracing::info!(id, why, "the next source is tried");
    }

    fn finished(&mut self, id: &str) {
        self.report(id, 1, 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn progress_is_told_ten_times_a_second_at_most_and_its_end_always() {
        let history = History::default();
        let (sender, receiver) = mpsc::channel();
        history.follow(Box::new(move |record| sender.send(record.event.clone()).is_ok()));
        let mut reporter = Reporter { history: &history, reported: None };
        for done in 0..=1000 {
            reporter.advanced("silero-vad", done, 1000);
        }
        let told: Vec<_> = receiver.try_iter().collect();
        assert!(told.len() < 100, "{}", told.len());
        let end = AssistantEvent::ModelProgress { id: "silero-vad".into(), done: 1000, total: 1000 };
        assert_eq!(told.last(), Some(&end));
    }

    #[test]
    fn a_second_installation_is_refused_while_one_runs() {
        let installs = Installs(Mutex::new(Some(Cancel::new())));
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        let error = installs.run(&store, &Catalog::builtin(), &[], &History::default()).unwrap_err();
        assert_eq!(error.code, "shell.installing");
    }
}
