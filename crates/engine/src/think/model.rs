//! Which language model the mind has: loading the own one, putting servers beside it, letting go of it when memory is short.
//!
//! Owns when that is done and what is told of it. The own model and the servers are two things that change each for itself:
//! another server, or none any more, never has the own model loaded again. One that can't be loaded leaves the one that worked
//! before. Never computes an answer, and never waits: what takes time is done on threads that tell this one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jarvis_assistant::Conversation;
use jarvis_core::{Error, LanguageModel, Result};
use jarvis_settings::Settings;

use super::local::Local;
use super::{Job, Think};
use crate::heavy::Heavy;
use crate::load::{Loading, Parts};
use crate::message::{Loaded, Part, contained};
use crate::remote::asks_for_answers;

/// Questions wait that long for servers to be connected to, where the own model could answer them: longer than a keyring that is
/// open needs, and no longer than anyone waits for a first word.
const PATIENCE: Duration = Duration::from_secs(2);

/// The language model's part of the thread's state.
pub(super) struct Model {
    /// The own one.
    local: Local,
    /// It is being loaded.
    loading: bool,
    /// Servers are being connected to that answer beside it.
    connecting: bool,
    /// Numbers of the newest load and connection; what an older one brings is not wanted any more.
    load: u64,
    connection: u64,
    /// The model that was asked for last.
    wanted: String,
    /// What was installed then; see [`Parts::installed_version`].
    installed: u64,
    /// The last load did not bring what was wanted.
    missed: bool,
    /// The settings that the model which was loaded last is loaded again with.
    works: Option<Arc<Settings>>,
    /// Why the mind has none.
    lacks: Option<Error>,
    /// What was told of it last: its name, and why it does not serve.
    told: Option<(String, Option<Error>)>,
    /// How long the last load took.
    took: Duration,
    /// Which model that is.
    loaded: Loading,
    /// While servers are being connected to, and the own model could answer: when it does.
    patience: Option<Instant>,
}

/// What a load brought.
pub(crate) struct Arrived {
    load: u64,
    result: Result<Box<dyn LanguageModel>>,
    /// Why `result` is the model from before and not the one that was asked for.
    instead: Option<Error>,
    took: Duration,
    loaded: Loading,
}

impl Model {
    /// None yet; one of our own will compute when `heavy` lets it.
    pub(super) fn new(heavy: Heavy) -> Self {
        Self {
            local: Local::absent(heavy, being_loaded()),
            loading: false,
            connecting: false,
            load: 0,
            connection: 0,
            wanted: String::new(),
            installed: 0,
            missed: false,
            works: None,
            lacks: None,
            told: None,
            took: Duration::ZERO,
            loaded: Loading::default(),
            patience: None,
        }
    }

    /// Whether a question that needs it had better wait: for the own model, or a while for servers. A keyring that asks the user
    /// first may have those wait for minutes, in which the own model answers.
    pub(super) fn is_coming(&self) -> bool {
        self.loading || self.connecting && (self.patience.is_some() || self.local.ask().is_err())
    }

    /// When [`Think::lose_patience`] wants to be called.
    pub(super) fn patience(&self) -> Option<Instant> {
        self.patience
    }
}

impl Think {
    /// Begins to load the own language model, unless it is not wanted.
    pub(super) fn load(&mut self) {
        self.model.load += 1;
        self.model.installed = self.parts.installed_version();
        self.model.wanted = self.parts.language_wanted(&self.settings);
        self.model.loading = self.settings.mind.enabled;
        // Memory that the one before has was counted as free for the next.
        if !self.settings.mind.enabled {
            self.model.local.set(Err(switched_off()));
            self.model.works = None;
            return self.join();
        }
        self.model.local.set(Err(being_loaded()));
        self.leave();
        self.model.told = None;
        self.outbox.part(Part::Language, &self.model.wanted, Loaded::Loading);
        let (load, began, jobs) = (self.model.load, Instant::now(), self.jobs.clone());
        let (parts, settings) = (Arc::clone(&self.parts), Arc::clone(&self.settings));
        let (before, name) = (self.model.works.clone(), Loading::default());
        let spawned = std::thread::Builder::new().name("load-mind".into()).spawn(move || {
            let (result, instead) = match (loaded(&*parts, &settings, &name), before) {
                (Err(error), Some(before)) => match loaded(&*parts, &before, &name) {
                    Ok(model) => (Ok(model), Some(error)),
                    Err(_) => (Err(error), None),
                },
                (result, _) => (result, None),
            };
            let _ = jobs.send(Job::Model(Arrived { load, result, instead, took: began.elapsed(), loaded: name }));
        });
        if let Err(error) = spawned {
            let result = Err(no_thread("load the language model", &error));
            let loaded = Loading::default();
            self.take_model(Arrived { load, result, instead: None, took: Duration::ZERO, loaded });
        }
    }

    /// Begins to connect to the servers that the settings name. The own model stays as it is.
    pub(super) fn connect(&mut self) {
        self.model.connection += 1;
        // Who is not to be asked any more is asked no more from here on.
        self.parts.want_servers(&self.settings);
        self.model.connecting = self.settings.mind.enabled && asks_for_answers(&self.settings.remote);
        self.model.patience = self.model.connecting.then(|| Instant::now() + PATIENCE);
        if self.model.connecting {
            self.leave();
        }
        let (connection, jobs) = (self.model.connection, self.jobs.clone());
        let (parts, settings) = (Arc::clone(&self.parts), Arc::clone(&self.settings));
        let spawned = std::thread::Builder::new().name("connect".into()).spawn(move || {
            let connected = contained("Connecting to a server", || {
                parts.connect(&settings);
                Ok(())
            });
            if let Err(error) = connected {
                tracing::debug!(%error, "servers are connected to when they are asked");
            }
            let _ = jobs.send(Job::Connected(connection));
        });
        match spawned {
            Ok(_) if self.model.connecting => {}
            Ok(_) => self.join(),
            Err(error) => {
                tracing::warn!("{}", no_thread("connect to servers", &error).message);
                self.connected(connection);
            }
        }
    }

    /// Has the own model answer where the servers are still being connected to after [`PATIENCE`].
    pub(super) fn lose_patience(&mut self) {
        if self.model.patience.take_if(|until| *until <= Instant::now()).is_some() {
            self.join();
        }
    }

    /// Takes up what changed since `before`.
    pub(super) fn follow(&mut self, before: &Settings) {
        let (mind, was) = (&self.settings.mind, &before.mind);
        let installed = self.parts.installed_version();
        // The wish may stay the same, and what it means not: a better model was installed. Or what was missed is there now.
        let may_be_other = mind.model != was.model || installed != self.model.installed;
        let is_other = may_be_other
            && mind.enabled
            && (self.model.missed || self.model.wanted != self.parts.language_wanted(&self.settings));
        self.model.installed = installed;
        let elsewhere = self.settings.remote != before.remote;
        // Where only a server answered there may be memory by now, and where nothing did, whatever was lacking.
        let lacks = mind.enabled
            && !self.model.loading
            && self.model.local.ask().is_err()
            && (elsewhere || !self.mind.has_model());
        if mind.enabled != was.enabled || is_other || lacks {
            self.load();
        }
        if elsewhere {
            self.connect();
        }
    }

    /// Lets go of the models that load in a fraction of a second when the next question needs them: the language model, and
    /// what reads pictures. One that is in the memory of a graphics processor stays: it takes none here. The ears and the
    /// voice stay; without them nobody could ask.
    pub(super) fn spare(&mut self) {
        self.sight.spare();
        if self.model.loaded.loaded().is_some_and(|loaded| !loaded.takes_memory) || !self.model.local.is_here() {
            return;
        }
        tracing::info!("memory is short: the language model is loaded again with the next question");
        // What the settings name was tried and can't be loaded; the one that answers in its place can.
        let works = self.model.works.as_ref().filter(|_| self.model.missed);
        let (parts, settings) = (Arc::clone(&self.parts), Arc::clone(works.unwrap_or(&self.settings)));
        let name = self.model.loaded.clone();
        self.model
            .local
            .let_go(move || contained("Loading the language model", || parts.language_model(&settings, &name)));
    }

    /// A load has ended.
    pub(super) fn take_model(&mut self, arrived: Arrived) {
        let Arrived { load, result, instead, took, loaded } = arrived;
        if load != self.model.load {
            return tracing::debug!("a language model came that is not wanted any more");
        }
        (self.model.loading, self.model.took, self.model.loaded) = (false, took, loaded);
        self.outbox.tell_all(self.parts.take_told());
        self.model.missed = instead.is_some() || result.is_err();
        self.model.works = result.is_ok().then(|| {
            let mut settings = (*self.settings).clone();
            settings.mind.model = self.loaded_name();
            Arc::new(settings)
        });
        if let Some(error) = instead {
            let (wanted, works) = (&self.model.wanted, self.loaded_name());
            let message = format!("{wanted} can't be used, so {works} goes on answering. {}", error.message);
            self.outbox.tell_all(vec![Error { message, ..error }]);
        }
        self.model.local.set(result);
        self.join();
    }

    /// Servers were connected to.
    pub(super) fn connected(&mut self, connection: u64) {
        if connection == self.model.connection && std::mem::take(&mut self.model.connecting) {
            self.model.patience = None;
            self.join();
        }
    }

    /// The name of the model that was loaded last.
    fn loaded_name(&self) -> String {
        self.model.loaded.loaded().map_or_else(|| self.model.wanted.clone(), |loaded| loaded.model)
    }

    /// Leaves the mind without a model until [`Self::join`].
    fn leave(&mut self) {
        self.mind.set_no_model(being_loaded());
    }

    /// Gives the mind the own model and what stands beside it, once both are there or servers were waited for long enough, and
    /// answers what waited for that.
    fn join(&mut self) {
        if self.model.is_coming() {
            return;
        }
        let local = self.model.local.ask();
        let has_servers = self.settings.mind.enabled && !self.model.connecting;
        let joined = if has_servers { self.parts.with_remote(&self.settings, local) } else { local };
        self.model.lacks = joined.as_ref().err().cloned();
        match joined {
            Ok(model) => self.mind.set_model(model),
            Err(error) => self.mind.set_no_model(error),
        }
        self.tell_model();
        self.serve_waiting();
    }

    /// Tells which model there is, if that is news: a smaller one may have come back after memory was short.
    pub(super) fn tell_model(&mut self) {
        if self.model.is_coming() {
            return;
        }
        // Where a server answers in its place, nothing was loaded.
        let is_own = self.model.local.ask().is_ok();
        let name = if is_own { self.loaded_name() } else { self.model.wanted.clone() };
        let now = (name, self.model.lacks.clone());
        if self.model.told.as_ref() == Some(&now) {
            return;
        }
        let loaded = match now.1.clone() {
            None => Loaded::Ready(self.model.took),
            Some(_) if !self.settings.mind.enabled => Loaded::Off,
            Some(error) => Loaded::Failed(error),
        };
        self.outbox.part(Part::Language, &now.0, loaded);
        self.model.told = Some(now);
    }
}

/// The own model of these settings, ready to answer. Without the right to compute: at the start everything loads side by side,
/// and no utterance waits.
fn loaded(parts: &dyn Parts, settings: &Settings, name: &Loading) -> Result<Box<dyn LanguageModel>> {
    contained("Loading the language model", || {
        let mut model = parts.language_model(settings, name)?;
        model.warm_up(&Conversation::beginning())?;
        Ok(model)
    })
}

/// Why there is no model for the moment.
fn being_loaded() -> Error {
    Error::new("mind.loading", "The language model is being loaded.", "Ask again in a moment.")
}

fn switched_off() -> Error {
    Error::new(
        "mind.off",
        "I can't answer that: the language model is switched off.",
        "Switch it on with `jarvis config set mind.enabled true`, and start without --no-neural.",
    )
}

fn no_thread(what: &str, error: &std::io::Error) -> Error {
    Error::new("internal.thread", format!("The system gives no thread to {what}: {error}."), "")
}
