//! Models of other programs, as the settings want them: which server is asked for what, and who stands in.
//!
//! Owns the servers while their settings stay the same, so that what is known of one (its breaker, its connections) serves
//! everything that asks it. Makes nothing unless the user allowed it; what can't be used leaves the own models alone.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jarvis_core::{Error, LanguageModel, Result, SpeechToText, SystemClock, TextToSpeech};
use jarvis_remote::{
    Address, Chat, Ears, Health, Limits, Link, Minds, Reach, Server, SystemKeyring, Transcription, Voice, Voices,
    Worker, key_for,
};
use jarvis_settings::{Remote, RemoteMind, RemoteReach, Settings};
use jarvis_speech::stt;

/// The servers of the settings.
#[derive(Debug, Default)]
pub struct Remotes(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// What the servers were made of.
    settings: Remote,
    worker: Option<Arc<Worker>>,
    /// By their address as it is set.
    servers: BTreeMap<String, Result<Server>>,
}

impl Remotes {
    /// Looks the servers and their keys up, which may take seconds where a keyring is locked, and says hello to each, so
    /// that a first question finds a connection that stands.
    pub(crate) fn connect(&self, settings: &Settings) {
        for address in wanted(&settings.remote) {
            match self.server(&settings.remote, address) {
                Ok(server) => server.greet(),
                Err(error) => tracing::warn!("{} {}", error.message, error.hint),
            }
        }
    }

    /// How each server does that the settings name; one that can't be used has its reason as its last error.
    pub(crate) fn health(&self) -> Vec<Health> {
        let servers = self.known().servers.clone();
        let told = servers.into_values().map(|server| match server {
            Ok(server) => server.health(),
            Err(error) => Health { link: Link::Resting, last_error: Some(error), ..Health::default() },
        });
        told.collect()
    }

    /// A language model of another program with the own one beside it, in the order that was chosen; `local` alone where
    /// no other is wanted.
    pub(crate) fn mind(
        &self,
        settings: &Settings,
        local: Result<Box<dyn LanguageModel>>,
    ) -> Result<Box<dyn LanguageModel>> {
        let remote = &settings.remote;
        if !asks_for_answers(remote) {
            return local;
        }
        let chat: Result<Box<dyn LanguageModel>> = self.server(remote, &remote.address).and_then(|server| {
            if remote.model.is_empty() {
                return Err(Error::new(
                    "remote.no_model",
                    format!("It is not set which model of {} answers.", server.host()),
                    "`jarvis remote` lists those that it has; set one with `jarvis config set remote.model NAME`.",
                ));
            }
            let chat = Chat::new(server, &remote.model);
            Ok(Box::new(if local.is_ok() { chat.with_others() } else { chat }) as Box<dyn LanguageModel>)
        });
        let minds = match remote.mind {
            RemoteMind::Fallback => Minds::new(local, chat),
            RemoteMind::First | RemoteMind::Off => Minds::new(chat, local),
        };
        minds.map(|minds| Box::new(minds) as Box<dyn LanguageModel>)
    }

    /// A recognizer of another program, with the own one to stand in; `local` alone where no other is wanted.
    pub(crate) fn ears(
        &self,
        settings: &Settings,
        local: Result<Box<dyn SpeechToText>>,
    ) -> Result<Box<dyn SpeechToText>> {
        let remote = &settings.remote;
        if remote.allowed == RemoteReach::Off || !remote.recognition {
            return local;
        }
        let languages = stt::languages(&settings.recognition.languages);
        let only = if let [only] = &languages[..] { Some(only.clone()) } else { None };
        let there = self
            .server(remote, recognition_address(remote))
            .map(|server| Transcription::new(server, &remote.recognition_model, only));
        match (there, local) {
            (Ok(there), Ok(local)) => Ok(Box::new(Ears::new(Box::new(there.with_others()), local))),
            (Ok(there), Err(_)) => Ok(Box::new(there)),
            (Err(_), local) => local,
        }
    }

    /// A voice of another program, with the own one to stand in; `local` alone where no other is wanted.
    pub(crate) fn voice(
        &self,
        settings: &Settings,
        local: Result<Box<dyn TextToSpeech>>,
    ) -> Result<Box<dyn TextToSpeech>> {
        let remote = &settings.remote;
        if remote.allowed == RemoteReach::Off || !remote.voice {
            return local;
        }
        let there = self.server(remote, voice_address(remote)).map(|server| {
            let mut there = Voice::new(server, &remote.voice_model, &remote.voice_name);
            there.set_rate(settings.voice.rate);
            there
        });
        match (there, local) {
            (Ok(there), Ok(local)) => Ok(Box::new(Voices::new(Box::new(there.with_others()), local))),
            (Ok(there), Err(_)) => Ok(Box::new(there)),
            (Err(_), local) => local,
        }
    }

    /// The server at `address`; the same one as long as the settings stay the same.
    fn server(&self, settings: &Remote, address: &str) -> Result<Server> {
        let mut known = self.known();
        if known.settings != *settings {
            known.settings = settings.clone();
            known.servers.clear();
        }
        if let Some(server) = known.servers.get(address) {
            return server.clone();
        }
        let worker = match &known.worker {
            Some(worker) => Arc::clone(worker),
            None => Worker::start()?,
        };
        known.worker = Some(Arc::clone(&worker));
        let server = connect(&worker, settings, address);
        known.servers.insert(address.to_owned(), server.clone());
        server
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The server at `address`, with its key, if it may be asked.
///
/// # Errors
/// The address is none or farther away than allowed, or its key can't be had.
pub fn connect(worker: &Arc<Worker>, settings: &Remote, address: &str) -> Result<Server> {
    let place = Address::parse(address)?;
    if place.reach() == Reach::Network && settings.allowed != RemoteReach::Network {
        return Err(Error::new(
            "remote.not_allowed",
            format!("{} is not on this machine, and only programs on this machine may be asked.", place.host()),
            "Allow it with `jarvis config set remote.allowed network`.",
        ));
    }
    // The variable's key is for that one address.
    let variable = if address == settings.address { settings.key_variable.as_str() } else { "" };
    let key = key_for(&place, variable, |name| std::env::var(name).ok(), &SystemKeyring)?;
    let limits = Limits {
        first_words: Duration::from_secs(settings.first_words_seconds.into()),
        per_minute: settings.per_minute,
        ..Limits::default()
    };
    let limits = Limits { connect: limits.connect.min(limits.first_words), ..limits };
    Ok(Server::new(worker, place, key, limits, Arc::new(SystemClock))?)
}

/// The addresses that the settings have asked, each once.
pub fn wanted(settings: &Remote) -> Vec<&str> {
    let mut wanted = Vec::new();
    if asks_for_answers(settings) {
        wanted.push(settings.address.as_str());
    }
    if settings.allowed != RemoteReach::Off {
        wanted.extend(settings.recognition.then(|| recognition_address(settings)));
        wanted.extend(settings.voice.then(|| voice_address(settings)));
    }
    wanted.sort_unstable();
    wanted.dedup();
    wanted
}

fn asks_for_answers(settings: &Remote) -> bool {
    settings.allowed != RemoteReach::Off && settings.mind != RemoteMind::Off
}

fn recognition_address(settings: &Remote) -> &str {
    if settings.recognition_address.is_empty() { &settings.address } else { &settings.recognition_address }
}

fn voice_address(settings: &Remote) -> &str {
    if settings.voice_address.is_empty() { &settings.address } else { &settings.voice_address }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(set: &[(&str, &str)]) -> Settings {
        let mut settings = Settings::default();
        for (path, value) in set {
            settings.set(path, value).unwrap();
        }
        settings
    }

    fn no_model() -> Result<Box<dyn LanguageModel>> {
        Err(Error::new("test.none", "There is none.", ""))
    }

    #[test]
    fn nothing_is_asked_unless_it_was_allowed() {
        let remotes = Remotes::default();
        let all = settings(&[
            ("remote.address", "http://127.0.0.1:9"),
            ("remote.model", "m"),
            ("remote.recognition", "on"),
            ("remote.voice", "on"),
        ]);
        assert_eq!(wanted(&all.remote), Vec::<&str>::new());
        assert_eq!(remotes.mind(&all, no_model()).err().unwrap().code, "test.none");
        assert!(remotes.health().is_empty() && remotes.known().worker.is_none());
    }

    #[test]
    fn the_network_has_to_be_allowed_by_name() {
        let remotes = Remotes::default();
        let mut here = settings(&[
            ("remote.allowed", "this_machine"),
            ("remote.address", "https://api.example/v1"),
            ("remote.model", "m"),
        ]);
        assert_eq!(remotes.mind(&here, no_model()).err().unwrap().code, "remote.not_allowed");
        assert_eq!(remotes.health()[0].last_error.as_ref().unwrap().code, "remote.not_allowed");
        here.set("remote.allowed", "network").unwrap();
        assert!(remotes.mind(&here, no_model()).is_ok());
        assert_eq!(remotes.health()[0].host, "api.example");
    }

    #[test]
    fn what_is_not_set_is_told() {
        let remotes = Remotes::default();
        let mut half = settings(&[("remote.allowed", "this_machine")]);
        assert_eq!(remotes.mind(&half, no_model()).err().unwrap().code, "remote.address");
        half.set("remote.address", "http://localhost:9").unwrap();
        assert_eq!(remotes.mind(&half, no_model()).err().unwrap().code, "remote.no_model");
    }

    #[test]
    fn uses_share_a_server_and_other_settings_make_another() {
        let remotes = Remotes::default();
        let mut all = settings(&[
            ("remote.allowed", "this_machine"),
            ("remote.address", "http://127.0.0.1:9"),
            ("remote.recognition", "on"),
            ("remote.voice", "on"),
            ("remote.voice_address", "http://127.0.0.1:10"),
        ]);
        assert_eq!(wanted(&all.remote), ["http://127.0.0.1:10", "http://127.0.0.1:9"]);
        for address in wanted(&all.remote) {
            remotes.server(&all.remote, address).unwrap();
        }
        assert_eq!(remotes.known().servers.len(), 2);
        all.set("remote.voice", "off").unwrap();
        remotes.server(&all.remote, "http://127.0.0.1:9").unwrap();
        assert_eq!(remotes.known().servers.len(), 1);
    }
}
