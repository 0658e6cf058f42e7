//! The picture of the screen that may be sent: what the window shows of it is what a real server gets, after the click and
//! not before.

use super::{App, LOADING, MOMENT, app, events_of, pixels, status, windows, xdotool};
use crate::common::{Desktop, Microphone, Window, one_at_a_time, wait_for};
use crate::driver::Driver;
use crate::tray::Tray;
use jarvis_core::AssistantEvent;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Output;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt as _, CreateWindowAux, PropMode, WindowClass};
use x11rb::wrapper::ConnectionExt as _;

/// No theme paints with it.
const SECRET: u32 = 0xff00ff;
const QUESTION: &str = "what's in this picture";
const OFFER: &str = "[data-testid='picture-offer']";

/// A server whose model sees; it keeps what it was asked.
struct Server {
    address: String,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = format!("http://{}/v1", listener.local_addr().expect("it has one"));
        let server = Self { address, asked: Arc::default() };
        let asked = Arc::clone(&server.asked);
        // Ends with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let asked = Arc::clone(&asked);
                thread::spawn(move || converse(&stream, &asked));
            }
        });
        server
    }

    fn asked(&self) -> Vec<Value> {
        self.asked.lock().expect("nobody panicked").clone()
    }
}

fn converse(mut stream: &TcpStream, asked: &Mutex<Vec<Value>>) {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut first, mut length) = (String::new(), 0);
        if reader.read_line(&mut first).unwrap_or(0) == 0 {
            return;
        }
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).expect("headers");
            if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a number");
            }
            if header.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("the body");
        let (kind, answer) = if first.starts_with("POST") {
            asked.lock().expect("nobody panicked").push(serde_json::from_slice(&body).expect("JSON"));
            let words = "data: {\"choices\":[{\"delta\":{\"content\":\"A red sign on a grey ground.\"}}]}\n\n";
            ("text/event-stream", format!("{words}data: [DONE]\n\n"))
        } else {
            ("application/json", r#"{"object":"list","data":[{"id":"sees"}]}"#.to_owned())
        };
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", answer.len());
        if stream.write_all((head + &answer).as_bytes()).is_err() {
            return;
        }
    }
}

fn run(desktop: &Desktop, arguments: &[&str]) -> Output {
    desktop.jarvis(arguments).output().expect("jarvis starts")
}

fn ask(desktop: &Desktop, question: &str) -> String {
    let output = run(desktop, &["ask", question]);
    assert!(output.status.success(), "{question}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn allow(desktop: &Desktop, server: &Server) {
    for (path, value) in [
        ("remote.allowed", "this_machine"),
        ("remote.address", &server.address),
        ("remote.model", "sees"),
        ("remote.mind", "off"),
        ("remote.pictures", "true"),
        ("eyes.excluded_apps", "Vault"),
    ] {
        assert!(run(desktop, &["config", "set", path, value]).status.success(), "{path}");
    }
}

/// A window of the application Vault, all of one colour. It goes with the connection.
fn vault(desktop: &Desktop, (x, y): (i32, i32)) -> impl Sized {
    let (server, number) = x11rb::connect(desktop.variable("DISPLAY")).expect("the screen is there");
    let (id, root) = (server.generate_id().expect("a number"), server.setup().roots[number].root);
    let look = CreateWindowAux::new().background_pixel(SECRET).override_redirect(1);
    let depth = x11rb::COPY_DEPTH_FROM_PARENT;
    let (class, visual) = (WindowClass::INPUT_OUTPUT, x11rb::COPY_FROM_PARENT);
    server.create_window(depth, id, root, x as i16, y as i16, 60, 40, 0, class, visual, &look).unwrap();
    let text = AtomEnum::STRING;
    server.change_property8(PropMode::REPLACE, id, AtomEnum::WM_CLASS, text, b"vault\0Vault\0").unwrap();
    server.map_window(id).unwrap();
    server.sync().expect("the server is there");
    server
}

fn has(picture: &[u8], colour: [u8; 3]) -> bool {
    picture.chunks_exact(4).any(|pixel| pixel[..3] == colour)
}

#[test]
fn the_picture_that_the_window_shows_is_sent_when_send_is_clicked_and_not_before() {
    let _turn = one_at_a_time();
    let desktop = Desktop::with_screen();
    let server = Server::start();
    allow(&desktop, &server);
    let _tray = Tray::of(&desktop);
    let _microphone = Microphone::of(&desktop);
    let window = Driver::start(&desktop, &app());
    wait_for("the app to be ready", LOADING, || (window.text("header [role=status]") == "Ready").then_some(()));
    let dialog = Window::error(&desktop, "Deployment failed", "The certificate expired.", "Try again");
    let (x, y, ..) = dialog.region();
    let _vault = vault(&desktop, (x + 10, y + 10));
    thread::sleep(Duration::from_secs(1));

    let said = ask(&desktop, QUESTION);
    assert!(said.starts_with("I can show this to 127.0.0.1:") && said.contains("click Send"), "{said}");
    let shown = wait_for("the picture", MOMENT, || {
        let source = window.look(&format!("document.querySelector(\"{OFFER} img\")?.src ?? ''"));
        source.as_str().filter(|source| source.starts_with("data:image/png")).map(str::to_owned)
    });
    let words = window.text(OFFER);
    println!("the window offers:\n{words}");
    for told in ["127.0.0.1:", "Deployment failed", QUESTION, "left out", "Send", "Don’t send"] {
        assert!(words.contains(told), "{told}: {words}");
    }
    let file = desktop.folder().join("picture.png");
    let written = run(&desktop, &["--json", "picture", "--out", file.to_str().expect("plain")]);
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    let told: Value = serde_json::from_slice(&written.stdout).expect("an object");
    assert_eq!(told["window"], "Deployment failed");
    let picture = pixels(&std::fs::read(&file).expect("it was written"));
    assert!(!picture.is_empty() && has(&picture, [0; 3]), "the excluded window is black");
    assert!(!has(&picture, [255, 0, 255]), "nothing of it is there");
    let scripted = run(&desktop, &["picture", "--send"]);
    assert!(!scripted.status.success(), "no script has it sent");
    assert!(server.asked().is_empty(), "nothing was sent before the click");

    wait_for("Send to be of use", MOMENT, || {
        let of_use = window.look(&format!("!document.querySelector(\"{OFFER} .primary\").disabled"));
        (of_use == true).then_some(())
    });
    window.look(&format!("document.querySelector(\"{OFFER} .primary\").click()"));
    wait_for("the answer", MOMENT, || {
        let text = window.text(".transcript");
        (text.contains("A red sign on a grey ground.") && text.contains("from 127.0.0.1:")).then_some(())
    });
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    let content = &asked[0]["messages"].as_array().and_then(|all| all.last()).expect("a question")["content"];
    assert_eq!(content[1]["image_url"]["url"], shown, "what was seen is what was sent");
    wait_for("the offer to go", MOMENT, || window.text(OFFER).is_empty().then_some(()));
    window.look("location.hash = 'screen'");
    wait_for("it in the list", MOMENT, || {
        window.text(".scroll").contains("the picture was sent to 127.0.0.1:").then_some(())
    });

    // The keyboard is the dialog's still: a button that is clicked by script takes none.
    assert!(ask(&desktop, QUESTION).contains("click Send"));
    wait_for("the next picture", MOMENT, || (!window.text(OFFER).is_empty()).then_some(()));
    window.look(&format!("document.querySelector(\"{OFFER} .buttons button:last-child\").click()"));
    wait_for("the offer to go", MOMENT, || window.text(OFFER).is_empty().then_some(()));
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn an_offer_opens_the_window_and_leaves_the_keyboard_where_it_is() {
    let _turn = one_at_a_time();
    let desktop = Desktop::with_screen();
    let server = Server::start();
    allow(&desktop, &server);
    let _tray = Tray::of(&desktop);
    let _microphone = Microphone::of(&desktop);
    let _app = App::start(&desktop, "app", |_| {});
    wait_for("the app to be ready", LOADING, || (status(&desktop)["ready"] == true).then_some(()));
    assert_eq!(windows(&desktop), 0);
    let dialog = Window::sign_in(&desktop, "Sign in", "Who are you?");
    let focus = xdotool(&desktop, &["getwindowfocus"]);
    let events = events_of(&desktop);
    assert!(ask(&desktop, QUESTION).contains("click Send"));
    wait_for("the window", MOMENT, || (windows(&desktop) == 1).then_some(()));
    let offered =
        events.try_iter().any(|(_, record)| matches!(record.event, AssistantEvent::PictureOffer { offer: Some(_) }));
    assert!(offered, "observers are told its number");
    dialog.type_text("Ada");
    assert_eq!(xdotool(&desktop, &["getwindowfocus"]), focus, "it took the keyboard");
    assert!(server.asked().is_empty());
}
