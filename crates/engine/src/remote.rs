//! Models of other programs, as the settings want them: which server is asked for what, and who stands in.
//!
//! Owns the servers while their settings stay the same, so that what is known of one (its breaker, its connections) serves
//! everything that asks it. Makes nothing unless the user allowed it; what can't be used leaves the own models alone.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jarvis_core::{Error, LanguageModel, Result, SpeechToText, SystemClock, TextToSpeech};
use jarvis_remote::{
    Address, Chat, Ears, Found, Health, Keyring, Limits, Link, Minds, Picture, Reach, Server, SystemKeyring,
    Transcription, Voice, Voices, Worker, key_for,
};
use jarvis_settings::{Remote, RemoteMind, RemoteReach, Settings};
use jarvis_speech::stt;

use crate::picture::switched_off;

/// The servers of the settings.
#[derive(Debug)]
pub struct Remotes {
    known: Mutex<Known>,
    /// Held while a keyring is asked, which may take seconds: nobody asks it twice for the same, and nobody who only wants
    /// to know how the servers do waits for it.
    looking: Mutex<()>,
    keyring: Box<dyn Keyring>,
}

#[derive(Debug, Default)]
struct Known {
    /// What the servers were made of.
    settings: Remote,
    /// What is wanted since [`Remotes::want`] was told.
    wanted: Option<Remote>,
    worker: Option<Arc<Worker>>,
    /// By their address as it is set.
    servers: BTreeMap<String, Result<Server>>,
}

impl Known {
    /// Takes these settings, and forgets the servers of others.
    fn take(&mut self, settings: &Remote) {
        if self.settings != *settings {
            self.settings = settings.clone();
            self.servers.clear();
        }
    }
}

impl Default for Remotes {
    fn default() -> Self {
        Self::with_keyring(Box::new(SystemKeyring))
    }
}

impl Remotes {
    /// None yet; their keys will be in `keyring`.
    fn with_keyring(keyring: Box<dyn Keyring>) -> Self {
        Self { known: Mutex::default(), looking: Mutex::default(), keyring }
    }

    /// The servers of `settings` are those that are wanted from now on; those of others are forgotten.
    pub(crate) fn want(&self, settings: &Settings) {
        let mut known = self.known();
        known.take(&settings.remote);
        known.wanted = Some(settings.remote.clone());
    }

    /// Looks the servers and their keys up, which may take seconds where a keyring is locked, and says hello to each, so
    /// that a first question finds a connection that stands. Ends where others are wanted meanwhile.
    pub(crate) fn connect(&self, settings: &Settings) {
        let is_wanted = |known: &Known| known.wanted.as_ref().is_none_or(|wanted| *wanted == settings.remote);
        for address in wanted(&settings.remote) {
            if !is_wanted(&self.known()) {
                return;
            }
            let server = self.server(&settings.remote, address);
            // Held while a server is greeted, which takes no time: none is that was removed from the settings.
            let known = self.known();
            if !is_wanted(&known) {
                return tracing::debug!("servers were connected to that are not wanted any more");
            }
            match server {
                Ok(server) => {
                    if lacks_model(&settings.remote, address) {
                        let error = no_model(server.host());
                        tracing::warn!("{} {}", error.message, error.hint);
                    }
                    server.greet();
                }
                Err(error) => tracing::warn!("{} {}", error.message, error.hint),
            }
        }
    }

    /// Looks the keys up again: one may have been given or forgotten, or the keyring was locked. May take seconds. A key
    /// that was found before stays where the keyring can't be asked now.
    pub(crate) fn look_keys_up(&self) {
        let _looking = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        let (settings, servers) = {
            let known = self.known();
            (known.settings.clone(), known.servers.clone())
        };
        for (address, server) in servers.iter().filter_map(|(address, server)| Some((address, server.as_ref().ok()?))) {
            match find_key(&settings, address, &*self.keyring) {
                Ok(Found { unread: Some(_), .. }) => {}
                Ok(Found { key, .. }) => server.set_key(key),
                Err(error) => {
                    tracing::warn!("{} {}", error.message, error.hint);
                    server.set_key(None);
                }
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
            if lacks_model(remote, &remote.address) {
                return Err(no_model(server.host()));
            }
            let chat = Chat::new(server, &remote.model);
            // With the fallback nobody comes after it.
            let has_others = local.is_ok() && remote.mind == RemoteMind::First;
            Ok(Box::new(if has_others { chat.with_others() } else { chat }) as Box<dyn LanguageModel>)
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

    /// The model that pictures are shown to, with `picture` before its eyes.
    pub(crate) fn seeing(&self, settings: &Settings, picture: Picture) -> Result<Box<dyn LanguageModel>> {
        let remote = &settings.remote;
        if shows_to(remote)?.is_none() {
            return Err(switched_off());
        }
        let server = self.server(remote, &remote.address)?;
        Ok(Box::new(Chat::new(server, picture_model(remote)).with_picture(picture)))
    }

    /// The server at `address`; the same one as long as the settings stay the same.
    fn server(&self, settings: &Remote, address: &str) -> Result<Server> {
        if let Some(server) = self.known_server(settings, address) {
            return server;
        }
        let _looking = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever looked before may have made it.
        if let Some(server) = self.known_server(settings, address) {
            return server;
        }
        let worker = self.worker()?;
        let server = connect(&worker, settings, address, &*self.keyring);
        let mut known = self.known();
        if known.settings == *settings {
            known.servers.insert(address.to_owned(), server.clone());
        }
        server
    }

    /// The server at `address` if there is one of these settings; those of others are forgotten.
    fn known_server(&self, settings: &Remote, address: &str) -> Option<Result<Server>> {
        let mut known = self.known();
        known.take(settings);
        known.servers.get(address).cloned()
    }

    fn worker(&self) -> Result<Arc<Worker>> {
        let mut known = self.known();
        if let Some(worker) = &known.worker {
            return Ok(Arc::clone(worker));
        }
        let worker = Worker::start()?;
        known.worker = Some(Arc::clone(&worker));
        Ok(worker)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The server at `address`, with its key, if it may be asked. Takes seconds where `keyring` does.
///
/// # Errors
/// The address is none or farther away than allowed, or its key can't be had.
pub fn connect(worker: &Arc<Worker>, settings: &Remote, address: &str, keyring: &dyn Keyring) -> Result<Server> {
    let place = allowed(settings, address)?;
    let found = find_key(settings, address, keyring)?;
    let limits = Limits {
        first_words: Duration::from_secs(settings.first_words_seconds.into()),
        per_minute: settings.per_minute,
        ..Limits::default()
    };
    let limits = Limits { connect: limits.connect.min(limits.first_words), ..limits };
    Ok(Server::new(worker, place, found, limits, Arc::new(SystemClock))?)
}

/// The place that `address` names, if it is no farther away than allowed.
fn allowed(settings: &Remote, address: &str) -> Result<Address> {
    let place = Address::parse(address)?;
    if place.reach() == Reach::Network && settings.allowed != RemoteReach::Network {
        return Err(Error::new(
            "remote.not_allowed",
            format!("{} is not on this machine, and only programs on this machine may be asked.", place.host()),
            "Allow it with `jarvis config set remote.allowed network`.",
        ));
    }
    Ok(place)
}

/// The host whose model may be shown pictures of the screen; none where that is not switched on.
pub(crate) fn shows_to(settings: &Remote) -> Result<Option<String>> {
    if settings.allowed == RemoteReach::Off || !settings.pictures {
        return Ok(None);
    }
    let place = allowed(settings, &settings.address)?;
    if picture_model(settings).is_empty() {
        return Err(Error::new(
            "remote.no_picture_model",
            format!("It is not set which model of {} sees pictures.", place.host()),
            "`jarvis remote` lists those that it has; set one with `jarvis config set remote.picture_model NAME`.",
        ));
    }
    Ok(Some(place.host().to_owned()))
}

/// The model that pictures are shown to; empty where none is set.
pub(crate) fn picture_model(settings: &Remote) -> &str {
    if settings.picture_model.is_empty() { &settings.model } else { &settings.picture_model }
}

fn find_key(settings: &Remote, address: &str, keyring: &dyn Keyring) -> Result<Found> {
    // The variable's key is for that one address.
    let variable = if address == settings.address { settings.key_variable.as_str() } else { "" };
    Ok(key_for(&Address::parse(address)?, variable, |name| std::env::var(name).ok(), keyring)?)
}

/// Whether answers are wanted of `address` and it is not set by which model.
pub(crate) fn lacks_model(settings: &Remote, address: &str) -> bool {
    asks_for_answers(settings) && address == settings.address && settings.model.is_empty()
}

/// It is not set which model answers.
pub(crate) fn no_model(host: &str) -> Error {
    Error::new(
        "remote.no_model",
        format!("It is not set which model of {host} answers."),
        "`jarvis remote` lists those that it has; set one with `jarvis config set remote.model NAME`.",
    )
}

/// The addresses that the settings have asked, each once.
pub fn wanted(settings: &Remote) -> Vec<&str> {
    let mut wanted = Vec::new();
    if asks_for_answers(settings) {
        wanted.push(settings.address.as_str());
    }
    if settings.allowed != RemoteReach::Off {
        wanted.extend(settings.pictures.then_some(settings.address.as_str()));
        wanted.extend(settings.recognition.then(|| recognition_address(settings)));
        wanted.extend(settings.voice.then(|| voice_address(settings)));
    }
    wanted.sort_unstable();
    wanted.dedup();
    wanted
}

pub(crate) fn asks_for_answers(settings: &Remote) -> bool {
    settings.allowed != RemoteReach::Off && settings.mind != RemoteMind::Off
}

fn recognition_address(settings: &Remote) -> &str {
    if settings.recognition_address.is_empty() { &settings.address } else { &settings.recognition_address }
}

fn voice_address(settings: &Remote) -> &str {
    if settings.voice_address.is_empty() { &settings.address } else { &settings.voice_address }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use jarvis_core::Cancel;
    use jarvis_remote::{Key, RemoteError};
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// A keyring with one key, or none, for everybody.
    #[derive(Debug, Default)]
    pub(crate) struct Drawer(Arc<Mutex<Option<&'static str>>>);

    impl Keyring for Drawer {
        fn get(&self, _: &str) -> std::result::Result<Option<String>, RemoteError> {
            match *self.0.lock().unwrap() {
                Some("locked") => Err(RemoteError::Keyring { detail: "it is locked".into() }),
                key => Ok(key.map(str::to_owned)),
            }
        }
        fn set(&self, _: &str, _: &Key) -> std::result::Result<(), RemoteError> {
            unreachable!("only the user sets keys")
        }
        fn forget(&self, _: &str) -> std::result::Result<bool, RemoteError> {
            unreachable!("only the user forgets keys")
        }
    }

    /// Servers whose keys are in a drawer of the test's own.
    fn remotes() -> Remotes {
        Remotes::with_keyring(Box::new(Drawer::default()))
    }

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
        let remotes = remotes();
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
        let remotes = remotes();
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
        let remotes = remotes();
        let mut half = settings(&[("remote.allowed", "this_machine")]);
        assert_eq!(remotes.mind(&half, no_model()).err().unwrap().code, "remote.address");
        half.set("remote.address", "http://localhost:9").unwrap();
        assert_eq!(remotes.mind(&half, no_model()).err().unwrap().code, "remote.no_model");
    }

    #[test]
    fn pictures_are_shown_to_the_server_that_is_set_where_both_are_allowed() {
        let to = |set: &[(&str, &str)]| shows_to(&settings(set).remote).map_err(|error| error.code);
        let (here, on) = (("remote.allowed", "this_machine"), ("remote.pictures", "on"));
        let (address, model) = (("remote.address", "http://127.0.0.1:9/v1"), ("remote.model", "m"));
        assert_eq!(to(&[on, address, model]), Ok(None), "nobody may be asked");
        assert_eq!(to(&[here, address, model]), Ok(None), "it is switched on by itself");
        assert_eq!(to(&[here, on, address, model]), Ok(Some("127.0.0.1:9".into())));
        let alone = ("remote.picture_model", "llava");
        assert_eq!(to(&[here, on, address, alone, ("remote.mind", "off")]), Ok(Some("127.0.0.1:9".into())));
        assert_eq!(to(&[here, on, address]), Err("remote.no_picture_model".into()));
        assert_eq!(to(&[here, on, model]), Err("remote.address".into()));
        let far = ("remote.address", "https://api.example/v1");
        assert_eq!(to(&[here, on, far, model]), Err("remote.not_allowed".into()));
        assert_eq!(to(&[("remote.allowed", "network"), on, far, model]), Ok(Some("api.example".into())));
        let off = settings(&[here, address, model]);
        let seeing = remotes().seeing(&off, Picture::new("image/png", &[]));
        assert_eq!(seeing.err().unwrap().code, "picture.off");
    }

    #[test]
    fn uses_share_a_server_and_other_settings_make_another() {
        let remotes = remotes();
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

    /// A server without models, and the key of each request that it gets.
    fn listener() -> (String, Receiver<Option<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (sender, keys) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(std::io::Result::ok) {
                let mut key = None;
                for line in BufReader::new(&stream).lines().map_while(std::io::Result::ok) {
                    match line.to_ascii_lowercase().strip_prefix("authorization: bearer ") {
                        Some(word) => key = Some(word.to_owned()),
                        None if line.is_empty() => break,
                        None => {}
                    }
                }
                let answer = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\nConnection: close\r\n\r\n{\"data\":[]}";
                if sender.send(key).is_err() || (&stream).write_all(answer.as_bytes()).is_err() {
                    return;
                }
            }
        });
        (address, keys)
    }

    #[test]
    fn a_key_that_is_given_or_forgotten_counts_at_once() {
        let (address, keys) = listener();
        let drawer = Drawer::default();
        let key = Arc::clone(&drawer.0);
        let remotes = Remotes::with_keyring(Box::new(drawer));
        let settings = settings(&[("remote.allowed", "this_machine"), ("remote.address", &address)]);
        let server = remotes.server(&settings.remote, &address).unwrap();
        let sent = || {
            server.models(&Cancel::new()).unwrap();
            keys.recv().unwrap()
        };
        assert_eq!(sent(), None);
        for (there, expected) in
            [(Some("one"), Some("one")), (Some("two"), Some("two")), (Some("locked"), Some("two")), (None, None)]
        {
            *key.lock().unwrap() = there;
            remotes.look_keys_up();
            assert_eq!(sent().as_deref(), expected, "{there:?}");
        }
    }

    /// Tells that it is asked, and answers when it is told to.
    #[derive(Debug)]
    struct Slow(Sender<()>, Mutex<Receiver<()>>);

    impl Keyring for Slow {
        fn get(&self, _: &str) -> std::result::Result<Option<String>, RemoteError> {
            self.0.send(()).unwrap();
            self.1.lock().unwrap().recv().unwrap();
            Ok(None)
        }
        fn set(&self, _: &str, _: &Key) -> std::result::Result<(), RemoteError> {
            unreachable!()
        }
        fn forget(&self, _: &str) -> std::result::Result<bool, RemoteError> {
            unreachable!()
        }
    }

    #[test]
    fn a_server_that_was_removed_while_its_key_was_looked_up_is_not_greeted() {
        let (address, greeted) = listener();
        let ((asked, is_asked), (answer, answers)) = (channel(), channel());
        let remotes = Remotes::with_keyring(Box::new(Slow(asked, Mutex::new(answers))));
        let there =
            settings(&[("remote.allowed", "this_machine"), ("remote.address", &address), ("remote.model", "m")]);
        for is_removed in [true, false] {
            remotes.want(&there);
            std::thread::scope(|scope| {
                scope.spawn(|| remotes.connect(&there));
                is_asked.recv().unwrap();
                if is_removed {
                    remotes.want(&settings(&[]));
                }
                answer.send(()).unwrap();
            });
            assert_eq!(remotes.health().len(), usize::from(!is_removed));
            if is_removed {
                assert!(greeted.try_recv().is_err());
            }
        }
        // The one greeting is of the second time: what came before came first.
        assert_eq!(greeted.recv().unwrap(), None);
        remotes.want(&settings(&[]));
        remotes.connect(&there);
        assert!(greeted.try_recv().is_err() && remotes.health().is_empty(), "it was not wanted to begin with");
    }

    #[test]
    fn who_asks_how_the_servers_do_does_not_wait_for_a_keyring() {
        let ((asked, is_asked), (answer, answers)) = (channel(), channel());
        let remotes = Remotes::with_keyring(Box::new(Slow(asked, Mutex::new(answers))));
        let settings = settings(&[("remote.allowed", "this_machine"), ("remote.address", "http://127.0.0.1:1")]);
        std::thread::scope(|scope| {
            scope.spawn(|| remotes.server(&settings.remote, "http://127.0.0.1:1").unwrap());
            is_asked.recv().unwrap();
            assert!(remotes.health().is_empty());
            answer.send(()).unwrap();
        });
        assert_eq!(remotes.health().len(), 1);
    }
}
