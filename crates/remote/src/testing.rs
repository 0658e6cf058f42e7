//! What the tests of this crate share: a server with real sockets that speaks the interface, or whatever it is told to; a
//! clock that moves when it is told to; and a model that says what it is told to.

use crate::{Address, Key, Limits, Server, Worker};
use jarvis_core::{
    Cancel, Clock, Error, GenerateOptions, Generation, GenerationTimings, LanguageModel, Message, Prompt, Result, Role,
    StopReason,
};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// An address where nobody listens: the port of a service that is not in use any more, and that only root could offer.
pub const NOBODY: &str = "http://127.0.0.1:1";

/// Waits until `is_so`, for what happens on another thread.
///
/// # Panics
/// It is never so.
pub fn eventually(is_so: impl Fn() -> bool) {
    for _ in 0..60_000 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("it never is so");
}

/// A request as it came.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// `POST /v1/chat/completions HTTP/1.1`
    pub line: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Which connection it came on.
    pub connection: usize,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// The way back to the client. Writing to one that has gone is quietly false.
pub struct Wire {
    stream: TcpStream,
    sent: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
}

impl Wire {
    pub fn raw(&mut self, bytes: &[u8]) -> bool {
        self.sent.fetch_add(bytes.len(), Ordering::SeqCst);
        !self.stop.load(Ordering::SeqCst) && self.stream.write_all(bytes).is_ok()
    }

    /// A whole answer.
    pub fn answer(&mut self, status: &str, headers: &str, body: &str) -> bool {
        let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len());
        self.raw(head.as_bytes())
    }

    pub fn json(&mut self, body: &str) -> bool {
        self.answer("200 OK", "Content-Type: application/json\r\n", body)
    }

    /// The beginning of a stream of events.
    pub fn begin(&mut self) -> bool {
        self.raw(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n",
        )
    }

    pub fn chunk(&mut self, bytes: &[u8]) -> bool {
        let mut whole = format!("{:x}\r\n", bytes.len()).into_bytes();
        whole.extend_from_slice(bytes);
        whole.extend_from_slice(b"\r\n");
        self.raw(&whole)
    }

    pub fn data(&mut self, data: &str) -> bool {
        self.chunk(format!("data: {data}\n\n").as_bytes())
    }

    /// Words as OpenAI sends them.
    pub fn say(&mut self, words: &str) -> bool {
        let words = serde_json::to_string(words).unwrap();
        self.data(&format!(
            r#"{{"id":"chatcmpl-1","object":"chat.completion.chunk","choices":[{{"index":0,"delta":{{"content":{words}}},"finish_reason":null}}],"usage":null}}"#
        ))
    }

    /// The end as OpenAI sends it.
    pub fn done(&mut self) -> bool {
        self.data(r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}"#)
            && self.data(r#"{"choices":[],"usage":{"prompt_tokens":19,"completion_tokens":3,"total_tokens":22,"prompt_tokens_details":{"cached_tokens":4}}}"#)
            // In one piece, as a server that buffers does.
            && self.raw(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
    }

    /// Until the client goes away.
    pub fn wait(&mut self) {
        self.stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let mut byte = [0];
        while !self.stop.load(Ordering::SeqCst) {
            match self.stream.read(&mut byte) {
                Ok(0) => return,
                Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => return,
                _ => {}
            }
        }
    }
}

/// A server of the test's own.
pub struct Fake {
    at: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    sent: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
}

impl Fake {
    /// Answers each request with `handle`, which says whether the connection stays open.
    pub fn new(handle: impl Fn(&Seen, &mut Wire) -> bool + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let fake = Self {
            at: listener.local_addr().unwrap(),
            seen: Arc::default(),
            sent: Arc::default(),
            stop: Arc::default(),
        };
        let (seen, sent, stop) = (Arc::clone(&fake.seen), Arc::clone(&fake.sent), Arc::clone(&fake.stop));
        let handle = Arc::new(handle);
        std::thread::spawn(move || {
            for (connection, stream) in listener.incoming().enumerate() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let wire = Wire { stream: stream.unwrap(), sent: Arc::clone(&sent), stop: Arc::clone(&stop) };
                let (seen, handle) = (Arc::clone(&seen), Arc::clone(&handle));
                std::thread::spawn(move || converse(wire, connection, &seen, &*handle));
            }
        });
        fake
    }

    /// One that answers everything with these words.
    pub fn saying(words: &'static [&'static str]) -> Self {
        Self::new(move |seen, wire| {
            if seen.line.starts_with("GET") {
                return wire.json(r#"{"object":"list","data":[{"id":"m","object":"model"}]}"#);
            }
            wire.begin() && words.iter().all(|word| wire.say(word)) && wire.done()
        })
    }

    pub fn address(&self) -> String {
        format!("http://{}/v1", self.at)
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Bytes that were sent, those included that lie in the system's buffers.
    pub fn sent(&self) -> usize {
        self.sent.load(Ordering::SeqCst)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.at);
    }
}

fn converse(mut wire: Wire, connection: usize, seen: &Mutex<Vec<Seen>>, handle: &dyn Fn(&Seen, &mut Wire) -> bool) {
    while let Some(request) = request(&mut wire.stream, connection) {
        seen.lock().unwrap().push(request.clone());
        if !handle(&request, &mut wire) {
            return;
        }
    }
}

fn request(stream: &mut TcpStream, connection: usize) -> Option<Seen> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let mut seen = Seen { line: lines.next()?.to_owned(), connection, ..Seen::default() };
    for line in lines.filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').unwrap();
        seen.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = seen.header("content-length").map_or(0, |length| length.parse().unwrap());
    seen.body = vec![0; length];
    stream.read_exact(&mut seen.body).ok()?;
    Some(seen)
}

/// A clock that moves when it is told to.
#[derive(Clone)]
pub struct FakeClock(Arc<Mutex<Instant>>);

impl FakeClock {
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    pub fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Instant {
        *self.0.lock().unwrap()
    }

    fn local(&self) -> jiff::Zoned {
        jiff::Zoned::now()
    }
}

/// For what has to work, however slow the machine is.
pub fn patient() -> Limits {
    let long = Duration::from_secs(60);
    Limits { connect: long, first_words: long, between: long, whole: long, closing: long, ..Limits::default() }
}

/// For what never comes.
pub fn hasty() -> Limits {
    Limits { first_words: Duration::from_millis(150), between: Duration::from_millis(150), ..patient() }
}

/// A server at `address`.
pub fn server(address: &str, key: Option<&str>, limits: Limits, clock: &FakeClock) -> Server {
    let key = key.map(|key| Key::new(key, "in the test").unwrap());
    let worker = Worker::start().unwrap();
    Server::new(&worker, Address::parse(address).unwrap(), key.into(), limits, Arc::new(clock.clone())).unwrap()
}

/// A question.
pub fn question() -> Prompt {
    Prompt::Chat(vec![Message::new(Role::System, "Be brief."), Message::new(Role::User, "Who are you?")])
}

/// Asks, and gives back the pieces and the end.
pub fn ask(model: &mut dyn LanguageModel) -> (Vec<String>, Result<Generation>) {
    let mut pieces = Vec::new();
    let made = model.generate(&question(), &GenerateOptions::default(), &Cancel::new(), &mut |text| {
        pieces.push(text.to_owned());
    });
    (pieces, made)
}

/// A model of this machine.
pub struct Local(pub Result<&'static str>);

impl LanguageModel for Local {
    fn generate(
        &mut self,
        _: &Prompt,
        _: &GenerateOptions,
        _: &Cancel,
        on_text: &mut dyn FnMut(&str),
    ) -> Result<Generation> {
        let text = self.0.clone()?;
        on_text(text);
        Ok(Generation {
            text: text.into(),
            prompt_tokens: 0,
            cached_tokens: 0,
            generated_tokens: 1,
            dropped_messages: 0,
            stop_reason: StopReason::EndOfText,
            timings_ms: GenerationTimings::default(),
        })
    }

    fn warm_up(&mut self, _: &[Message]) -> Result<()> {
        self.0.clone().map(drop)
    }

    fn context_length(&self) -> usize {
        2048
    }
}

/// An error of a model of this machine.
pub fn not_here() -> Error {
    Error::new("models.missing", "It is not installed.", "Install it.")
}
