//! A server: the way there, and everything that one request after the other has to pass.
//!
//! Owns the pooled connections, the places for requests at the same time, the breakers, the user's allowance, and what is
//! told of it all ([`Health`]). Requests are blocking for whoever asks and end within 20 ms of being cancelled, which
//! closes their connection, so that the server stops working too. Follows no redirect, takes no cookie and unpacks nothing.
//! The log says which host was asked and how many bytes went there, never what was asked.

mod client;

use self::client::{Elsewhere, client};
use crate::breaker::{Admission, Breaker};
use crate::chat::Dialect;
use crate::error::Wait;
use crate::health::{Health, Link};
use crate::key::{Found, Key};
use crate::limits::{Allowance, Limits, pause_before_repeating};
use crate::{Address, Reach, RemoteError};
use jarvis_core::{Cancel, Clock};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Method, StatusCode};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep, timeout_at};

/// A connection that nobody uses is closed after this.
const IDLE: Duration = Duration::from_secs(90);
/// The most bytes that are read of an answer that says why there is none.
const EXCUSE: usize = 16 << 10;
/// The most characters of a server's own words in an error.
const SAID: usize = 200;
/// Headers that an answer may have.
const HEADERS: usize = 64;
/// The longest that a server is taken by its word to come back in; whoever waits, waits less.
const LONGEST_RETRY: Duration = Duration::from_secs(3600);
/// The most names of models that are taken from a server.
const MODELS: usize = 1000;

/// The thread that the connections of all servers live on. It sleeps unless bytes come or a time is over.
#[derive(Debug)]
pub struct Worker(Option<tokio::runtime::Runtime>);

impl Worker {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system has none left.
    pub fn start() -> Result<Arc<Self>, RemoteError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            // For looking up names.
            .max_blocking_threads(2)
            .thread_name("remote")
            .enable_io()
            .enable_time()
            .build()
            .map_err(|error| RemoteError::Setup { detail: error.to_string() })?;
        Ok(Arc::new(Self(Some(runtime))))
    }

    fn runtime(&self) -> &tokio::runtime::Runtime {
        self.0.as_ref().expect("it is there until it is dropped")
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Waiting for a name that is being looked up may take half a minute.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// A server that can be asked. Clones are the same one.
#[derive(Clone)]
pub struct Server(Arc<Inner>);

struct Inner {
    address: Address,
    key: Mutex<Found>,
    limits: Limits,
    client: Client,
    places: Semaphore,
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
    worker: Arc<Worker>,
}

struct State {
    /// One for each of [`Purpose::ALL`]: a server that has no voice may answer well.
    breakers: [Breaker; Purpose::ALL.len()],
    allowance: Allowance,
    /// What models by these names understand of the interface.
    dialects: BTreeMap<String, Dialect>,
    health: Health,
    /// What went wrong last for each purpose that has not succeeded since, the latest at the end.
    failing: Vec<(Purpose, RemoteError)>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("host", &self.host()).finish_non_exhaustive()
    }
}

/// What a server is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Whether it is there and what it has.
    Looking,
    Answering,
    Hearing,
    Speaking,
    /// Answering about a picture: a model that is slow at that may answer without one in time.
    Seeing,
}

impl Purpose {
    const ALL: [Self; 5] = [Self::Looking, Self::Answering, Self::Hearing, Self::Speaking, Self::Seeing];
}

impl State {
    fn breaker(&mut self, purpose: Purpose) -> &mut Breaker {
        &mut self.breakers[purpose as usize]
    }

    fn note(&mut self, purpose: Purpose, error: &RemoteError) {
        self.failing.retain(|(failed, _)| *failed != purpose);
        self.failing.push((purpose, error.clone()));
    }
}

/// Whether somebody else can answer if this server does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Others {
    /// Yes: a server that failed is tried again beside the request, which goes to the other.
    Some,
    /// No: the request itself is the try.
    None,
}

impl Server {
    /// A server at `address`, asked with the key that was `found`. Sends nothing yet.
    ///
    /// # Errors
    /// The address wants TLS and this system trusts no certificates.
    pub fn new(
        worker: &Arc<Worker>,
        address: Address,
        found: Found,
        limits: Limits,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, RemoteError> {
        let client = client(&address, &limits)?;
        let health = Health { host: address.host().to_owned(), ..Health::default() };
        let state = State {
            breakers: Purpose::ALL.map(|_| Breaker::new()),
            allowance: Allowance::new(limits.per_minute, clock.now()),
            dialects: BTreeMap::new(),
            health,
            failing: Vec::new(),
        };
        Ok(Self(Arc::new(Inner {
            places: Semaphore::new(limits.at_once.max(1)),
            state: Mutex::new(state),
            worker: Arc::clone(worker),
            address,
            key: Mutex::new(found),
            limits,
            client,
            clock,
        })))
    }

    /// Host and, unless it is the usual one, port.
    pub fn host(&self) -> &str {
        self.0.address.host()
    }

    /// How far away it is.
    pub fn reach(&self) -> Reach {
        self.0.address.reach()
    }

    /// How it has done so far.
    pub fn health(&self) -> Health {
        let state = self.0.state();
        let mut health = state.health.clone();
        let now = self.0.clock.now();
        let rest = state.breakers.iter().filter_map(|breaker| breaker.rest(now)).max();
        health.last_error = state.failing.last().map(|(_, error)| error.clone().into());
        health.resting_seconds = rest.map_or(0.0, |rest| rest.as_secs_f64());
        health
    }

    /// Asks with `key` from now on; with another one than before, a server that did not take that is tried again at once.
    pub fn set_key(&self, key: Option<Key>) {
        let found = Found::from(key);
        let before = std::mem::replace(&mut *self.0.key.lock().unwrap_or_else(PoisonError::into_inner), found.clone());
        if before != found {
            let mut state = self.0.state();
            state.breakers = Purpose::ALL.map(|_| Breaker::new());
            state.health.link = Link::Untried;
            state.failing.clear();
        }
    }

    /// What its model of this name understands, as far as that is known.
    pub(crate) fn dialect(&self, model: &str) -> Dialect {
        self.0.state().dialects.get(model).copied().unwrap_or_default()
    }

    /// Whoever asks that model next is asked in this way.
    pub(crate) fn learn(&self, model: &str, dialect: Dialect) {
        self.0.state().dialects.insert(model.to_owned(), dialect);
    }

    /// The names of its models, which is also the cheapest way to see whether it answers and takes the key.
    ///
    /// # Errors
    /// It does not.
    pub fn models(&self, cancel: &Cancel) -> Result<Vec<String>, RemoteError> {
        self.call(Purpose::Looking, cancel, Others::None, async |exchange: &Exchange<'_>| exchange.models().await)
    }

    /// Sees in the background whether it answers, so that a first question finds a connection that stands. Nobody waits
    /// for it.
    pub fn greet(&self) {
        match self.0.admit(Purpose::Looking, Others::None) {
            Ok(ticket) => self.try_in_background(ticket),
            Err(error) => tracing::debug!(%error, "not greeted"),
        }
    }

    fn try_in_background(&self, mut ticket: Ticket) {
        ticket.asks_for = Purpose::Looking;
        let inner = Arc::clone(&self.0);
        self.0.worker.runtime().spawn(async move {
            let exchange = Exchange::begin(&inner, Purpose::Looking);
            let outcome = match exchange.models().await {
                // One that lists no models answers all the same.
                Ok(_) | Err(RemoteError::Refused { .. }) => Ok(()),
                Err(error) => Err(error),
            };
            ticket.end(&outcome, false);
        });
    }

    /// Does `work` with the server, if it may be asked now. Blocks; a raised `cancel` ends it at once.
    pub(crate) fn call<T>(
        &self,
        purpose: Purpose,
        cancel: &Cancel,
        others: Others,
        work: impl AsyncFnOnce(&Exchange<'_>) -> Result<T, RemoteError>,
    ) -> Result<T, RemoteError> {
        let mut ticket = match self.0.admit(purpose, others) {
            Ok(ticket) if ticket.is_probe && others == Others::Some => {
                self.try_in_background(ticket);
                return Err(RemoteError::Resting { host: self.host().to_owned(), wait: Duration::ZERO });
            }
            admitted => admitted?,
        };
        let raised = Arc::new(Notify::new());
        let raise = Arc::clone(&raised);
        let _watch = cancel.watch(move || raise.notify_one());
        let exchange = Exchange::begin(&self.0, purpose);
        let outcome = self.0.worker.runtime().block_on(async {
            tokio::select! {
                biased;
                () = raised.notified() => Err(RemoteError::Cancelled),
                outcome = work(&exchange) => outcome,
            }
        });
        ticket.end(&outcome, exchange.has_words());
        outcome
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn host(&self) -> String {
        self.address.host().to_owned()
    }

    /// The server's own words as part of an error, without the key in them.
    fn harmless(&self, said: &str) -> String {
        match self.key() {
            Some(key) => harmless(&key.hide_in(said), SAID),
            None => harmless(said, SAID),
        }
    }

    fn key(&self) -> Option<Key> {
        self.found().key
    }

    fn found(&self) -> Found {
        self.key.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn admit(self: &Arc<Self>, purpose: Purpose, others: Others) -> Result<Ticket, RemoteError> {
        let now = self.clock.now();
        let mut state = self.state();
        let is_probe = match state.breaker(purpose).admit(now) {
            Admission::Go => false,
            Admission::Probe => true,
            Admission::Rest(wait) => return Err(RemoteError::Resting { host: self.host(), wait }),
        };
        let mut ticket = Ticket { inner: Arc::clone(self), purpose, asks_for: purpose, is_probe, is_open: true };
        // A try in the background is none of the user's requests.
        let is_needed_probe = is_probe && others == Others::Some;
        if !is_needed_probe && !state.allowance.take(now) {
            drop(state);
            ticket.end::<()>(&Err(RemoteError::TooOften { host: self.host() }), false);
            return Err(RemoteError::TooOften { host: self.host() });
        }
        Ok(ticket)
    }
}

/// An admitted request; its end is told to the breaker, whichever way it ends.
struct Ticket {
    inner: Arc<Inner>,
    /// Whose breaker let it through.
    purpose: Purpose,
    /// What the server is really asked for.
    asks_for: Purpose,
    is_probe: bool,
    is_open: bool,
}

impl Ticket {
    /// `has_words`: some of an answer came, so that whoever cancelled it had one.
    fn end<T>(&mut self, outcome: &Result<T, RemoteError>, has_words: bool) {
        self.is_open = false;
        let now = self.inner.clock.now();
        let mut state = self.inner.state();
        let mut answered = || {
            state.breaker(self.purpose).succeeded();
            state.health.answered += 1;
            state.health.link = Link::Ready;
            // Who lists models may fail at all else still, and lists them for everybody.
            let is_open = |error: &RemoteError| self.asks_for == Purpose::Looking && error.is_about_the_key();
            state.failing.retain(|(purpose, error)| {
                *purpose != self.asks_for && (!error.is_about_everything() || is_open(error))
            });
        };
        match outcome {
            Ok(_) => answered(),
            Err(RemoteError::Cancelled) if has_words => answered(),
            Err(error) if error.is_the_server_s() => {
                let after = if let RemoteError::Busy { after, .. } = error { *after } else { None };
                let failed = if error.is_about_everything() { &Purpose::ALL[..] } else { &[self.purpose] };
                for purpose in failed {
                    state.breaker(*purpose).failed(now, after, rand::random());
                }
                state.health.failed += 1;
                state.health.link = Link::Resting;
                state.note(self.asks_for, error);
                drop(state);
                tracing::warn!("{error}");
            }
            Err(error) => {
                state.breaker(self.purpose).gave_up(now);
                if let RemoteError::Refused { .. } = error {
                    state.health.failed += 1;
                    state.note(self.asks_for, error);
                }
            }
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.is_open {
            let now = self.inner.clock.now();
            self.inner.state().breaker(self.purpose).gave_up(now);
        }
    }
}

/// One request with its answer, within its times.
pub(crate) struct Exchange<'a> {
    inner: &'a Inner,
    begun: Instant,
    /// How long the first words may take.
    first_words: Duration,
    /// Whether what passes quickly is tried again.
    repeats: bool,
    has_words: AtomicBool,
}

/// What is sent.
pub(crate) struct Request<'a> {
    pub(crate) path: &'a str,
    pub(crate) content_type: &'a str,
    pub(crate) accept: &'a str,
    pub(crate) body: Vec<u8>,
}

impl<'a> Exchange<'a> {
    fn begin(inner: &'a Inner, purpose: Purpose) -> Self {
        let limits = &inner.limits;
        let first_words = match purpose {
            Purpose::Seeing => limits.first_words.max(limits.first_words_on_picture),
            _ => limits.first_words,
        };
        // A picture of the screen leaves once for each time that the user says so.
        let repeats = purpose != Purpose::Seeing;
        Self { inner, begun: Instant::now(), first_words, repeats, has_words: AtomicBool::new(false) }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    pub(crate) fn host(&self) -> String {
        self.inner.host()
    }

    /// How long ago it began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// The first words or the first sound is there.
    pub(crate) fn note_first_words(&self) {
        self.has_words.store(true, Ordering::Relaxed);
        self.inner.state().health.first_words_ms = Some(self.elapsed().as_secs_f64() * 1e3);
    }

    fn has_words(&self) -> bool {
        self.has_words.load(Ordering::Relaxed)
    }

    /// A server's own words as part of an error.
    pub(crate) fn harmless(&self, said: &str) -> String {
        self.inner.harmless(said)
    }

    /// When the first words or the first sound has to be there.
    pub(crate) fn first_words_by(&self) -> Instant {
        self.begun + self.first_words
    }

    /// Sends a request and waits until its answer begins; tries again what passes quickly, as long as the first words can
    /// still come in time, unless it has a picture ([`Purpose::Seeing`]).
    pub(crate) async fn post(&self, request: &Request<'_>) -> Result<Answer<'a>, RemoteError> {
        self.send(Method::POST, request).await
    }

    async fn send(&self, method: Method, request: &Request<'_>) -> Result<Answer<'a>, RemoteError> {
        let by = self.first_words_by();
        let slow = || RemoteError::slow(&self.host(), Wait::FirstWords, self.first_words);
        let place = timeout_at(by, self.inner.places.acquire())
            .await
            // Those are our own requests, which says nothing about the server.
            .map_err(|_| RemoteError::TooOften { host: self.host() })?
            .map_err(|_| RemoteError::Setup { detail: "it is closed".into() })?;
        let mut repeats = 0;
        loop {
            let error = match timeout_at(by, self.try_once(&method, request)).await {
                Ok(Ok(answer)) => return Ok(Answer { place: Some(place), ..answer }),
                Ok(Err(error)) => error,
                Err(_) => return Err(slow()),
            };
            match pause_before_repeating(&error, repeats, rand::random()) {
                Some(pause) if self.repeats && pause < by.saturating_duration_since(Instant::now()) => {
                    sleep(pause).await
                }
                _ => return Err(error),
            }
            repeats += 1;
        }
    }

    async fn try_once(&self, method: &Method, request: &Request<'_>) -> Result<Answer<'a>, RemoteError> {
        let inner = self.inner;
        let bytes = request.body.len();
        {
            let mut state = inner.state();
            state.health.asked += 1;
            state.health.sent_bytes += bytes as u64;
        }
        tracing::info!(host = inner.address.host(), path = request.path, bytes, "a model server is asked");
        let mut builder =
            inner.client.request(method.clone(), inner.address.join(request.path)).header(ACCEPT, request.accept);
        if *method == Method::POST {
            builder = builder.header(CONTENT_TYPE, request.content_type).body(request.body.clone());
        }
        if let Some(key) = inner.key().as_ref().and_then(Key::header) {
            builder = builder.header(AUTHORIZATION, key);
        }
        let response = builder.send().await.map_err(|error| self.read_error(&error, true))?;
        let (first_words, whole_by) = (self.first_words, self.begun + inner.limits.whole);
        let answer = Answer { inner, response, place: None, taken: 0, first_words, whole_by };
        answer.check(self.first_words_by()).await
    }

    async fn models(&self) -> Result<Vec<String>, RemoteError> {
        #[derive(Deserialize)]
        struct Models {
            data: Vec<Model>,
        }
        #[derive(Deserialize)]
        struct Model {
            id: String,
        }
        let request = Request { path: "models", content_type: "", accept: "application/json", body: Vec::new() };
        let mut answer = self.send(Method::GET, &request).await?;
        let bytes = answer.whole(self.first_words_by(), self.inner.limits.text).await?;
        let models: Models = serde_json::from_slice(&bytes).map_err(|error| RemoteError::Garbled {
            host: self.host(),
            detail: format!("its list of models can't be read ({})", json_error(&error)),
        })?;
        Ok(models.data.into_iter().take(MODELS).map(|model| harmless(&model.id, SAID)).collect())
    }

    fn read_error(&self, error: &reqwest::Error, before_answer: bool) -> RemoteError {
        read_error(self.inner, error, before_answer)
    }
}

/// An answer whose headers are there.
pub(crate) struct Answer<'a> {
    inner: &'a Inner,
    response: reqwest::Response,
    /// Given back when all of it was read.
    #[expect(dead_code, reason = "it is held, not looked at")]
    place: Option<SemaphorePermit<'a>>,
    taken: usize,
    /// How long the first words may take.
    first_words: Duration,
    whole_by: Instant,
}

impl<'a> Answer<'a> {
    /// Whether it is an answer; what it is instead.
    async fn check(mut self, by: Instant) -> Result<Answer<'a>, RemoteError> {
        let (host, code) = (self.inner.host(), self.response.status());
        let status = code.as_u16();
        if code.is_success() {
            return Ok(self);
        }
        Err(match code {
            _ if code.is_redirection() => RemoteError::Redirected { host },
            // What it says may quote the key.
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => match self.inner.found() {
                Found { key: None, unread: Some(detail) } => RemoteError::KeyUnread { host, status, detail },
                Found { key, .. } => RemoteError::Unauthorized { host, status, sent: key.is_some() },
            },
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
                RemoteError::Busy { host, status, after: retry_after(self.response.headers()) }
            }
            StatusCode::SERVICE_UNAVAILABLE if self.response.headers().contains_key(RETRY_AFTER) => {
                RemoteError::Busy { host, status, after: retry_after(self.response.headers()) }
            }
            _ => {
                let said = self.said(by).await;
                if code.is_server_error() {
                    RemoteError::Failed { host, status, said }
                } else {
                    RemoteError::Refused { host, status, said }
                }
            }
        })
    }

    /// What the server says about why there is no answer, made harmless.
    async fn said(&mut self, by: Instant) -> String {
        let bytes = self.whole(by, EXCUSE).await.unwrap_or_default();
        self.inner.harmless(&error_words(&bytes).unwrap_or_default())
    }

    /// Its type, without parameters, in lower case.
    pub(crate) fn content_type(&self) -> String {
        let value = self.response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// The next bytes, which have to be there by `by`; none at the end.
    pub(crate) async fn next(
        &mut self,
        by: Instant,
        wait: Wait,
        limit: usize,
    ) -> Result<Option<bytes::Bytes>, RemoteError> {
        let host = || self.inner.address.host();
        let limits = &self.inner.limits;
        let (by, wait) = if by < self.whole_by { (by, wait) } else { (self.whole_by, Wait::Whole) };
        let bytes = match timeout_at(by, self.response.chunk()).await {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(error)) => return Err(read_error(self.inner, &error, false)),
            Err(_) => {
                let limit = match wait {
                    Wait::Connect => limits.connect,
                    Wait::FirstWords => self.first_words,
                    Wait::Between => limits.between,
                    Wait::Whole => limits.whole,
                };
                return Err(RemoteError::slow(host(), wait, limit));
            }
        };
        if let Some(bytes) = &bytes {
            self.taken += bytes.len();
            self.inner.state().health.received_bytes += bytes.len() as u64;
            if self.taken > limit {
                return Err(RemoteError::TooMuch { host: host().to_owned(), limit });
            }
        }
        Ok(bytes)
    }

    /// All of it.
    pub(crate) async fn whole(&mut self, by: Instant, limit: usize) -> Result<Vec<u8>, RemoteError> {
        // Nothing is taken on the word of a header.
        let mut whole = Vec::new();
        while let Some(bytes) = self.next(by, Wait::FirstWords, limit).await? {
            whole.extend_from_slice(&bytes);
        }
        Ok(whole)
    }
}

/// A failed request in our words. The library's own hold the address and more.
fn read_error(inner: &Inner, error: &reqwest::Error, before_answer: bool) -> RemoteError {
    let host = inner.host();
    if error.is_timeout() {
        return RemoteError::slow(&host, Wait::Connect, inner.limits.connect);
    }
    if sources(error).any(|error| error.is::<Elsewhere>()) {
        return RemoteError::InTheClear { host };
    }
    if error.is_connect() {
        let detail = match io_kind(error) {
            Some(std::io::ErrorKind::ConnectionRefused) => "nothing listens there".into(),
            Some(std::io::ErrorKind::NetworkUnreachable | std::io::ErrorKind::HostUnreachable) => {
                "there is no way there".into()
            }
            _ => harmless(&innermost(error), SAID),
        };
        return RemoteError::Unreachable { host, detail };
    }
    if error.is_builder() {
        return RemoteError::Setup { detail: harmless(&innermost(error), SAID) };
    }
    let innermost = innermost(error);
    // hyper: what came is no HTTP, or has more headers than an answer needs.
    if ["invalid HTTP", "message head is too large", "parse"].iter().any(|words| innermost.contains(words)) {
        return RemoteError::Garbled { host, detail: "it is no HTTP".into() };
    }
    RemoteError::BrokeOff { host, before_answer }
}

fn sources<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}

fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    sources(error).last().map(ToString::to_string).unwrap_or_default()
}

fn io_kind(error: &(dyn std::error::Error + 'static)) -> Option<std::io::ErrorKind> {
    sources(error).filter_map(|error| error.downcast_ref::<std::io::Error>()).last().map(std::io::Error::kind)
}

/// RFC 9110, 10.2.3; a date is not worth to be read.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()
        .map(|seconds| Duration::from_secs(seconds).min(LONGEST_RETRY))
}

/// The words of an error: `{"error":{"message":"..."}}` (OpenAI, llama.cpp, vLLM), `{"error":"..."}` (Ollama), or
/// `{"message":"..."}`.
pub(crate) fn error_words(body: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(body).ok()?;
    let error = value.get("error").unwrap_or(&value);
    error.as_str().or_else(|| error.get("message")?.as_str()).map(str::to_owned)
}

/// What a parser says about foreign text, without the text.
pub(crate) fn json_error(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Eof => "it ends too early".into(),
        serde_json::error::Category::Syntax => format!("no JSON at line {}, column {}", error.line(), error.column()),
        _ => "JSON of another shape".into(),
    }
}

/// Foreign text as part of a sentence: one line, nothing that moves a terminal's cursor, at most `most` characters.
pub(crate) fn harmless(text: &str, most: usize) -> String {
    let words: Vec<String> =
        text.split_whitespace().map(|word| word.chars().filter(|c| !c.is_control()).collect()).collect();
    let line = words.join(" ");
    match line.char_indices().nth(most) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests;
