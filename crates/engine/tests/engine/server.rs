//! A server of another program, with real sockets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// What a server does with a request.
#[derive(Clone, Copy)]
pub enum Manner {
    Answers,
    Fails,
    /// It is busy, and says when to come back.
    IsBusy,
    /// It wants the request in other words.
    WantsOtherWords,
    /// It takes the request, and is gone with its port.
    IsGone,
    /// It takes the request and says nothing until the client goes.
    Waits,
}

/// Speaks the interface of OpenAI. Ends with the test's process.
pub struct Server {
    pub address: String,
    /// The bodies of requests.
    asked: Arc<Mutex<Vec<Value>>>,
    /// How many connections the client closed before it had an answer.
    pub left: Arc<Mutex<usize>>,
}

impl Server {
    pub fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/v1", listener.local_addr().unwrap());
        let server = Self { address, asked: Arc::default(), left: Arc::default() };
        let (asked, left) = (Arc::clone(&server.asked), Arc::clone(&server.left));
        std::thread::spawn(move || {
            if let Manner::IsGone = manner {
                let Ok((stream, _)) = listener.accept() else { return };
                // Nobody connects any more from before the connection breaks off.
                drop(listener);
                return converse(&stream, manner, &asked, &left);
            }
            for stream in listener.incoming().map_while(Result::ok) {
                let (asked, left) = (Arc::clone(&asked), Arc::clone(&left));
                std::thread::spawn(move || converse(&stream, manner, &asked, &left));
            }
        });
        server
    }

    /// The bodies of the requests that came.
    pub fn asked(&self) -> Vec<Value> {
        self.asked.lock().unwrap().clone()
    }
}

fn converse(mut stream: &TcpStream, manner: Manner, asked: &Mutex<Vec<Value>>, left: &Mutex<usize>) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        asked.lock().unwrap().push(serde_json::from_slice(&body).unwrap_or_default());
        let answer = match manner {
            Manner::Answers => {
                let words = ["Grey stripes. ", "They say: stop, and copy the error."]
                    .map(|words| format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{words}\"}}}}]}}\n\n"));
                let stream = words.concat() + "data: [DONE]\n\n";
                let length = stream.len();
                format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: {length}\r\n\r\n{stream}"
                )
            }
            Manner::IsBusy => "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n".into(),
            Manner::WantsOtherWords => {
                let said = r#"{"error":{"message":"Use 'max_completion_tokens' instead."}}"#;
                format!("HTTP/1.1 400 Bad Request\r\nContent-Length: {}\r\n\r\n{said}", said.len())
            }
            Manner::IsGone => return,
            Manner::Fails => "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n".into(),
            Manner::Waits => {
                if matches!(reader.read(&mut [0]), Ok(0) | Err(_)) {
                    *left.lock().unwrap() += 1;
                }
                return;
            }
        };
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}
