//! Models of other programs, as the real binary asks them: a server with real sockets that speaks the interface, on this
//! machine; and nothing on it at all.
//!
//! Uses the installed models for what answers in a server's place.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

const KEY: &str = "sk-nobody-may-see-this-0123456789";
/// After which an event does not come any more.
const PATIENCE: Duration = Duration::from_secs(120);
const QUESTION: &str = "why is the sky blue";

/// First line, authorization and body of a request.
type Request = (String, Option<String>, String);

/// Speaks the interface of OpenAI: a list of models, and an answer in pieces.
struct Server {
    at: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let server = Self { at: listener.local_addr().unwrap(), seen: Arc::default() };
        let seen = Arc::clone(&server.seen);
        // Ends with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = Arc::clone(&seen);
                thread::spawn(move || converse(stream, &seen));
            }
        });
        server
    }

    fn address(&self) -> String {
        format!("http://{}/v1", self.at)
    }

    fn asked(&self) -> Vec<Request> {
        self.seen.lock().unwrap().iter().filter(|(line, ..)| line.starts_with("POST")).cloned().collect()
    }
}

fn converse(stream: TcpStream, seen: &Mutex<Vec<Request>>) {
    let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
    let mut out = stream;
    loop {
        let (mut line, mut length, mut authorization) = (String::new(), 0, None);
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).expect("headers");
            let Some((name, value)) = header.trim().split_once(':') else { break };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().expect("a number"),
                "authorization" => authorization = Some(value.trim().to_owned()),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("the body");
        let is_question = line.starts_with("POST");
        seen.lock().unwrap().push((line, authorization, String::from_utf8(body).expect("UTF-8")));
        let answer = if is_question {
            let words = ["Because", " air", " scatters", " blue", " light", "."];
            let pieces = words.map(|word| {
                format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{word}\"}}}}]}}\n\n")
            });
            let stream = pieces.concat()
                + "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
            format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: {}\r\n\r\n{stream}",
                stream.len()
            )
        } else {
            let list =
                r#"{"object":"list","data":[{"id":"big-model","object":"model"},{"id":"other","object":"model"}]}"#;
            format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{list}", list.len())
        };
        if out.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// A place where nobody listens: the port of a service that is not in use any more, and that only root could offer.
const DEAD: &str = "http://127.0.0.1:1/v1";

/// Where one test keeps its settings; gone when it ends.
struct Home(tempfile::TempDir);

impl Home {
    fn new(settings: &[(&str, &str)]) -> Self {
        let home = Self(tempfile::tempdir().expect("a temporary folder"));
        for (path, value) in settings {
            let (exit, printed, log) = home.run(&["config", "set", path, value]);
            assert_eq!(exit, Some(0), "{printed:?} {log}");
        }
        home
    }

    fn asking(address: &str) -> Self {
        Self::new(&[
            ("remote.address", address),
            ("remote.model", "big-model"),
            ("remote.key_variable", "SOME_API_KEY"),
            ("remote.allowed", "this_machine"),
            // However slow this machine is.
            ("remote.first_words_seconds", "60"),
        ])
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jarvis"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("JARVIS_") && name != "JARVIS_DATA_DIR") {
            command.env_remove(name);
        }
        // A proxy that is set for the whole machine must not see what stays on it.
        for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"] {
            command.env(name, DEAD);
        }
        command.args(arguments).env_remove("no_proxy").env_remove("NO_PROXY").env("SOME_API_KEY", KEY);
        command.env("JARVIS_CONFIG_DIR", self.path("config")).env("JARVIS_CACHE_DIR", self.path("cache"));
        command.env("JARVIS_STATE_DIR", self.path("state"));
        command.env("XDG_RUNTIME_DIR", self.0.path()).env("JARVIS_LOG", "debug");
        command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
        command
    }

    /// Exit code, JSON objects, and what was logged. The key is in none of it.
    fn run(&self, arguments: &[&str]) -> (Option<i32>, Vec<Value>, String) {
        let output = self.command(&[&["--json"], arguments].concat()).output().expect("the binary starts");
        let (text, log) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!text.contains(KEY) && !log.contains(KEY), "the key is shown:\n{text}\n{log}");
        let objects = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        (output.status.code(), objects, log.into_owned())
    }
}

#[test]
fn nothing_is_asked_until_it_is_allowed() {
    let server = Server::start();
    let home = Home::new(&[("remote.address", &server.address()), ("remote.model", "big-model")]);
    let (exit, printed, _) = home.run(&["ask", QUESTION]);
    assert_eq!((exit, &printed[0]["route"]), (Some(0), &"model".into()));
    assert_eq!(home.run(&["remote"]).1[0]["error"]["code"], "remote.off");
    home.run(&["doctor"]);
    assert!(server.seen.lock().unwrap().is_empty());
}

#[test]
fn an_answer_from_elsewhere_says_so_and_keeps_the_key_to_itself() {
    let server = Server::start();
    let home = Home::asking(&server.address());
    let (exit, printed, log) = home.run(&["-v", "ask", QUESTION]);
    assert_eq!((exit, &printed[0]["route"]), (Some(0), &"remote".into()), "{log}");
    assert_eq!(printed[0]["reply"], "Because air scatters blue light.");
    assert!(
        log.contains(&server.at.to_string()) && !log.contains("sky"),
        "the log says who was asked, not what: {log}"
    );
    let (line, authorization, body) = &server.asked()[0];
    assert_eq!(line.trim_end(), "POST /v1/chat/completions HTTP/1.1");
    assert_eq!(authorization.as_deref(), Some(format!("Bearer {KEY}").as_str()));
    let body: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!((&body["model"], &body["stream"]), (&"big-model".into(), &true.into()));
    assert!(body["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap().contains("sky"));

    let (exit, printed, _) = home.run(&["remote"]);
    assert_eq!((exit, &printed[0]["models"]), (Some(0), &serde_json::json!(["big-model", "other"])));
    // It gives a server little time, while it loads what it looks into: a busy machine may need another try.
    let check = || home.run(&["doctor"]).1.into_iter().find(|check| check["check"] == "remote").expect("it is checked");
    let check = (0..20).map(|_| check()).find(|check| check["status"] == "ok");
    assert!(check.is_some(), "it is never ok");
    let file = std::fs::read_to_string(home.path("config/config.json")).unwrap();
    assert!(!file.contains(KEY));
}

#[test]
fn skills_answer_without_asking_anybody() {
    let server = Server::start();
    let home = Home::asking(&server.address());
    let (_, printed, _) = home.run(&["ask", "what is 17 times 23"]);
    assert_eq!(printed[0]["route"], "pattern");
    assert!(server.seen.lock().unwrap().is_empty());
}

#[test]
fn where_nobody_answers_the_own_model_does() {
    let home = Home::asking(DEAD);
    let (exit, printed, log) = home.run(&["ask", QUESTION]);
    assert_eq!((exit, &printed[0]["route"]), (Some(0), &"model".into()), "{log}");
    assert!(!printed[0]["reply"].as_str().unwrap().is_empty());
    let (exit, printed, _) = home.run(&["remote"]);
    assert_eq!((exit, &printed[0]["error"]["code"]), (Some(1), &"remote.unreachable".into()));
    let (_, printed, _) = home.run(&["doctor"]);
    let check = printed.iter().find(|check| check["check"] == "remote").expect("it is checked");
    assert_eq!(check["status"], "warn", "{check}");
}

#[test]
fn with_the_fallback_the_server_answers_only_for_a_model_that_is_not_there() {
    let server = Server::start();
    let home = Home::asking(&server.address());
    assert_eq!(home.run(&["config", "set", "remote.mind", "fallback"]).0, Some(0));
    assert_eq!(home.run(&["ask", QUESTION]).1[0]["route"], "model");
    let nothing = home.path("no-models");
    let output = home.command(&["--json", "ask", QUESTION]).env("JARVIS_DATA_DIR", nothing).output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(answer["route"], "remote");
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_key_that_is_set_where_its_name_belongs_is_refused_and_not_shown() {
    let home = Home::new(&[]);
    let (exit, printed, _) = home.run(&["config", "set", "remote.key_variable", KEY]);
    assert_eq!((exit, &printed[0]["error"]["code"]), (Some(1), &"config.bad_value".into()));
    assert!(!home.path("config/config.json").exists());
}

/// A daemon without sound.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_running_jarvis_says_who_answered_and_how_the_server_does() {
    let server = Server::start();
    let home = Home::asking(&server.address());
    let mut run = home.command(&["run", "--no-voice", "--events", "-"]);
    let mut daemon = Daemon(run.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("jarvis starts"));
    let lines = BufReader::new(daemon.0.stdout.take().expect("piped")).lines().map_while(Result::ok);
    let (sender, told) = channel();
    thread::spawn(move || lines.map(|line| sender.send(line)).take_while(Result::is_ok).for_each(drop));
    // One that says nothing any more has an end, too.
    let mut events = std::iter::from_fn(|| told.recv_timeout(PATIENCE).ok())
        .map(|line| serde_json::from_str::<Value>(&line).expect("an event"));
    events.find(|event| event["event"] == "ready").expect("it is ready");
    let socket = home.path("jarvis").join("control.sock");
    let request = jarvis_engine::control::Request::Ask { text: QUESTION.into(), aloud: false };
    jarvis_engine::control::send(&socket, &request).expect("it takes a question");
    let told: Vec<Value> = events
        .by_ref()
        .take_while(|event| event["event"] != "turn_end")
        .filter(|event| event["event"] == "answered_from")
        .collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["host"], server.at.to_string());
    let status = &home.run(&["status"]).1[0];
    let health = &status["remote"][0];
    assert_eq!((&health["host"], &health["link"]), (&server.at.to_string().into(), &"ready".into()), "{status}");
    assert!(health["first_words_ms"].as_f64().is_some() && health["sent_bytes"].as_u64() > Some(0), "{health}");
}
