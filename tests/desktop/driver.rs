//! The real window, looked at and typed into through WebKitWebDriver (the W3C WebDriver protocol).

use crate::common::{Desktop, wait_for};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

/// A program that was started through the driver, and its window.
pub struct Driver {
    process: Child,
    port: u16,
    session: String,
}

impl Driver {
    /// Starts `program --window`.
    pub fn start(desktop: &Desktop, program: &Path) -> Self {
        let log = File::create(desktop.folder().join("logs/app.log")).expect("the desktop has a folder for logs");
        let process = desktop
            .command("WebKitWebDriver")
            .arg("--port=0")
            .env("TAURI_AUTOMATION", "true")
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file can be cloned"))
            .stderr(log)
            .spawn()
            .expect("WebKitWebDriver starts; `scripts/bootstrap test` installs it");
        let mut driver = Self { process, port: 0, session: String::new() };
        driver.port = wait_for("WebKitWebDriver to listen", Duration::from_secs(60), || {
            let ended = driver.process.try_wait().expect("it is our child");
            assert!(ended.is_none(), "WebKitWebDriver ended: {ended:?}");
            listens_at(driver.process.id())
        });
        let options = json!({ "binary": program, "args": ["--window"] });
        let wanted = json!({ "capabilities": { "alwaysMatch": { "webkitgtk:browserOptions": options } } });
        let session = driver.call("POST", "/session", &wanted);
        driver.session = session["sessionId"].as_str().expect("a session").to_owned();
        driver
    }

    /// The value of a JavaScript expression in the window.
    pub fn look(&self, expression: &str) -> Value {
        let script = json!({ "script": format!("return {expression}"), "args": [] });
        self.call("POST", &format!("/session/{}/execute/sync", self.session), &script)
    }

    /// The text of the first element that `selector` finds; empty when there is none.
    pub fn text(&self, selector: &str) -> String {
        let text = self.look(&format!("document.querySelector({})?.innerText ?? ''", json!(selector)));
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Types into the element that `selector` finds, as a person would.
    pub fn type_into(&self, selector: &str, text: &str) {
        let by = json!({ "using": "css selector", "value": selector });
        let element = self.call("POST", &format!("/session/{}/element", self.session), &by);
        let id = element.as_object().and_then(|e| e.values().next()).and_then(Value::as_str).expect("an element");
        self.call("POST", &format!("/session/{}/element/{id}/value", self.session), &json!({ "text": text }));
    }

    /// Presses a key and lets it go, wherever the focus is. Keys that write nothing have code points of their own
    /// (WebDriver, "Keyboard actions").
    pub fn press(&self, key: char) {
        let actions = json!([{ "type": "keyDown", "value": key }, { "type": "keyUp", "value": key }]);
        let keyboard = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] });
        self.call("POST", &format!("/session/{}/actions", self.session), &keyboard);
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer = self.exchange(method, path, body).unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{method} {path}: {answer:?}"));
        let value: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{method} {path}: {body:?}"));
        assert!(value["value"]["error"].is_null(), "{method} {path}: {value}");
        value["value"].clone()
    }

    fn exchange(&self, method: &str, path: &str, body: &Value) -> std::io::Result<String> {
        let body = body.to_string();
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(180)))?;
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

/// The port of this machine that `process` listens at. The driver takes a free one, which nobody else can take before it
/// does, and tells it to nobody but the system (proc(5), `/proc/net/tcp`).
fn listens_at(process: u32) -> Option<u16> {
    let open = std::fs::read_dir(format!("/proc/{process}/fd")).ok()?.flatten();
    let links = open.filter_map(|open| std::fs::read_link(open.path()).ok()?.into_os_string().into_string().ok());
    let sockets: Vec<String> =
        links.filter_map(|link| Some(link.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())).collect();
    let table = std::fs::read_to_string("/proc/net/tcp").ok()?;
    table.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, local, _, "0A", _, _, _, _, _, socket, ..] = fields[..] else { return None };
        let (_, port) = local.split_once(':').filter(|_| sockets.iter().any(|own| own == socket))?;
        u16::from_str_radix(port, 16).ok()
    })
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The program ends with its session.
        let _ = self.exchange("DELETE", &format!("/session/{}", self.session), &Value::Null);
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
