//! What applications tell of their windows: real windows of GTK on an X screen and a session of their own, asked through the
//! accessibility service.
//!
//! Owns those servers, which end with the rows. Never asks the user's own applications.

use super::super::{Better, Rows, median, ms};
use anyhow::{Context, bail};
use jarvis_core::{AccessibilityTree, Cancel, WindowText};
use jarvis_vision::tree::{self, Options};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Asking for a window's text may take this long, ms.
const TARGET_MS: f64 = 30.0;
/// A server or window that isn't there by then won't come.
const LIMIT: Duration = Duration::from_secs(15);
const NEEDED: [&str; 4] = ["Xvfb", "dbus-daemon", "zenity", "xdotool"];
const MESSAGE: &str = "The certificate expired 3 days ago.";
const BUTTON: &str = "Try again";
/// Lines of the document; less than half of them have room in its window.
const LINES: usize = 100;

/// Measures it, or says what is missing.
pub(super) fn run(runs: usize, rows: &mut Rows<'_>) -> anyhow::Result<()> {
    let missing: Vec<&str> = NEEDED.into_iter().filter(|program| !is_installed(program)).collect();
    if !missing.is_empty() {
        eprintln!(
            "jarvis: no figures of the accessibility tree, since there is no {}; `scripts/bootstrap test` brings it.",
            missing.join(" and no ")
        );
        return Ok(());
    }
    let session = Session::start()?;
    let mut tree = wait_for("the accessibility service (package at-spi2-core)", || {
        tree::open(&Options { session_bus: Some(session.bus.clone()), ..Options::default() }).ok()
    })?;
    let runs = runs.max(5) * 4;

    let dialog = ["--error", "--no-wrap", "--title", "Deployment failed", "--text", MESSAGE, "--ok-label", BUTTON];
    let window = session.window(&dialog)?;
    let text = wait_for("the dialog's text", || told(tree.as_mut()).filter(|text| text.whole))?;
    let lines: Vec<&str> = text.lines.iter().map(|line| line.text.as_str()).collect();
    let known = [MESSAGE, BUTTON].iter().filter(|line| lines.contains(line)).count();
    let exact = if lines.len() == 2 { known as f64 * 50.0 } else { 0.0 };
    rows.add(("vision", "dialog from the tree: lines exact"), (exact, "%", Better::More), (Some(100.0), None));
    let took = time(runs, tree.as_mut());
    rows.add(("vision", "dialog from the tree"), (took, "ms", Better::Less), (Some(TARGET_MS), None));
    let mut fields = Vec::with_capacity(runs);
    for _ in 0..runs {
        let begin = Instant::now();
        tree.hidden_fields(&Cancel::new())?;
        fields.push(ms(begin));
    }
    rows.add(
        ("vision", "password fields from the tree"),
        (median(&mut fields), "ms", Better::Less),
        (Some(TARGET_MS), None),
    );
    drop(window);

    let document = session.folder.path().join("document");
    std::fs::write(&document, (1..=LINES).map(|line| format!("This is line {line}.\n")).collect::<String>())?;
    let file = format!("--filename={}", document.display());
    let _window = session.window(&["--text-info", "--title", "Minutes", &file, "--width=800", "--height=900"])?;
    let text = wait_for("the document's text", || {
        told(tree.as_mut()).filter(|text| text.title == "Minutes" && text.whole && text.lines.len() > 10)
    })?;
    let took = time(runs, tree.as_mut());
    let metric = format!("{} lines of a document from the tree", text.lines.len());
    rows.add(("vision", metric), (took, "ms", Better::Less), (None, None));
    Ok(())
}

fn told(tree: &mut dyn AccessibilityTree) -> Option<WindowText> {
    tree.focused_window(&Cancel::new()).ok().flatten()
}

/// The median of what asking for the window takes, ms.
fn time(runs: usize, tree: &mut dyn AccessibilityTree) -> f64 {
    let mut took = Vec::with_capacity(runs);
    for _ in 0..runs {
        let begin = Instant::now();
        let text = told(tree);
        took.push(ms(begin));
        drop(text);
    }
    median(&mut took)
}

fn is_installed(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
}

fn wait_for<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> anyhow::Result<T> {
    let end = Instant::now() + LIMIT;
    loop {
        if let Some(value) = ready() {
            return Ok(value);
        }
        if Instant::now() >= end {
            bail!("waited {LIMIT:?} for {what}");
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// A program that ends with its rows.
struct Program(Child);

impl Program {
    /// Starts it and reads the first line that it says.
    fn telling(command: &mut Command) -> anyhow::Result<(Self, String)> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut program = Self(child.with_context(|| format!("{name} does not start"))?);
        let mut line = String::new();
        let said = program.0.stdout.take().context("its output is ours")?;
        BufReader::new(said).read_line(&mut line)?;
        if line.trim().is_empty() {
            bail!("{name} ended at once");
        }
        Ok((program, line.trim().to_owned()))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A screen and a message bus that nobody else uses. What is declared first ends first.
struct Session {
    _bus: Program,
    _screen: Program,
    bus: String,
    display: String,
    folder: tempfile::TempDir,
}

impl Session {
    fn start() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("jarvis-bench-").tempdir()?;
        let screen = ["-displayfd", "1", "-screen", "0", "1920x1080x24", "-nolisten", "tcp", "-noreset"];
        let (screen, number) = Program::telling(Command::new("Xvfb").args(screen))?;
        let display = format!(":{number}");
        let address = format!("unix:path={}", folder.path().join("bus").display());
        let mut bus = Command::new("dbus-daemon");
        bus.args(["--session", "--nofork", "--nopidfile", "--print-address=1", "--address", &address]);
        let (bus, address) = Program::telling(private(&mut bus, folder.path()).env("DISPLAY", &display))?;
        Ok(Self { _bus: bus, _screen: screen, bus: address, display, folder })
    }

    /// A window of `zenity` that has the keyboard.
    fn window(&self, arguments: &[&str]) -> anyhow::Result<Program> {
        let mut zenity = self.command("zenity");
        zenity.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let program = Program(zenity.spawn().context("zenity does not start")?);
        let process = program.0.id().to_string();
        wait_for("a window of zenity", || {
            let search = ["search", "--all", "--onlyvisible", "--pid", &process, "--name", "."];
            let found = self.command("xdotool").args(search).stderr(Stdio::null()).output().ok()?;
            let found = String::from_utf8(found.stdout).ok()?;
            let mut focus = self.command("xdotool");
            focus.args(["windowfocus", found.lines().next()?]).stderr(Stdio::null());
            focus.status().ok()?.success().then_some(())
        })?;
        Ok(program)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        private(&mut command, self.folder.path());
        command.env("DISPLAY", &self.display).env("DBUS_SESSION_BUS_ADDRESS", &self.bus);
        command
    }
}

/// Keeps a program from the user's own desktop and files.
fn private<'a>(command: &'a mut Command, folder: &Path) -> &'a mut Command {
    for name in ["XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"] {
        command.env(name, folder);
    }
    for name in ["WAYLAND_DISPLAY", "GTK_MODULES", "NO_AT_BRIDGE", "GDK_SCALE", "GDK_BACKEND", "AT_SPI_BUS_ADDRESS"] {
        command.env_remove(name);
    }
    command.env("LC_ALL", "C.UTF-8").env("GTK_THEME", "Adwaita")
}
