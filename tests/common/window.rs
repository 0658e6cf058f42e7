//! Real windows of another program, to be looked at: dialogs that GTK shows on a desktop's screen.
//!
//! They are what users see and what applications tell screen readers, so nothing here is drawn by us. `zenity` shows them
//! (`scripts/bootstrap test` installs it). A window is up, has the keyboard, and stands still where [`Window::region`] says
//! when a constructor returns; it may still be painting, so whoever reads its pixels waits for them. It goes when it is dropped.
//!
//! ```ignore
//! let desktop = Desktop::with_screen();
//! let window = Window::error(&desktop, "Deployment failed", "The certificate expired 3 days ago.", "Try again");
//! ```

use super::{Desktop, wait_for};
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::time::Duration;

/// A window of `zenity` on a desktop's screen.
pub struct Window<'a> {
    desktop: &'a Desktop,
    process: Child,
    id: String,
}

impl<'a> Window<'a> {
    /// A dialog that tells an error: a picture, the message (Pango's markup is understood, such as
    /// `<span foreground="#c00000">red</span>`), and one button.
    pub fn error(desktop: &'a Desktop, title: &str, message: &str, button: &str) -> Self {
        Self::show(desktop, title, &["--error", "--no-wrap", "--text", message, "--ok-label", button])
    }

    /// A dialog with a sentence, a field `Name` that has the keyboard's focus, a field `Password` and the buttons `Cancel`
    /// and `OK`.
    pub fn sign_in(desktop: &'a Desktop, title: &str, sentence: &str) -> Self {
        let fields = ["--add-entry", "Name", "--add-password", "Password"];
        Self::show(desktop, title, &[&["--forms", "--text", sentence][..], &fields].concat())
    }

    /// A window of `width` by `height` px that shows `text`, lines that don't fit scrolled out of sight.
    pub fn document(desktop: &'a Desktop, title: &str, text: &str, (width, height): (u32, u32)) -> Self {
        let file = desktop.folder().join(format!("document-{}", title.replace(|c: char| !c.is_alphanumeric(), "-")));
        std::fs::write(&file, text).expect("the desktop's folder takes files");
        let file = format!("--filename={}", file.display());
        let (width, height) = (format!("--width={width}"), format!("--height={height}"));
        Self::show(desktop, title, &["--text-info", &file, &width, &height])
    }

    /// A window with a sentence and a list of `rows`, one column with the headline `column`.
    pub fn list(desktop: &'a Desktop, title: &str, sentence: &str, column: &str, rows: &[String]) -> Self {
        let mut arguments = vec!["--list", "--text", sentence, "--column", column];
        arguments.extend(rows.iter().map(String::as_str));
        Self::show(desktop, title, &arguments)
    }

    fn show(desktop: &'a Desktop, title: &str, arguments: &[&str]) -> Self {
        let mut command = desktop.command("zenity");
        command.args(arguments).args(["--title", title]).env("LC_ALL", "C.UTF-8").env("GTK_THEME", "Adwaita");
        for name in ["GTK_MODULES", "NO_AT_BRIDGE", "GDK_SCALE", "GDK_DPI_SCALE", "GDK_BACKEND", "AT_SPI_BUS_ADDRESS"] {
            command.env_remove(name);
        }
        // SAFETY: one system call that is allowed between fork and exec.
        unsafe {
            command.pre_exec(|| {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                Ok(())
            });
        }
        let process = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("zenity starts. `scripts/bootstrap test` installs it.");
        let mut window = Self { desktop, process, id: String::new() };
        let pid = window.process.id().to_string();
        window.id = wait_for("a window", Duration::from_secs(60), || {
            assert!(
                window.process.try_wait().expect("it is our child").is_none(),
                "zenity ended before it had a window"
            );
            let found = window.hands(&["search", "--all", "--onlyvisible", "--pid", &pid, "--name", "."])?;
            found.lines().next().map(str::to_owned)
        });
        window.focus();
        window
    }

    /// Gives it the keyboard; another window loses it.
    pub fn focus(&self) {
        wait_for("the keyboard's focus", Duration::from_secs(60), || {
            // No window manager does it. A window that isn't quite there yet refuses.
            self.hands(&["windowfocus", &self.id])?;
            (self.hands(&["getwindowfocus", "-f"])?.trim() == self.id).then_some(())
        });
    }

    /// Where it is: left, top, width, height, px.
    pub fn region(&self) -> (i32, i32, u32, u32) {
        let told = self.hands(&["getwindowgeometry", "--shell", &self.id]).expect("a window has a place");
        let value = |name: &str| {
            let line = told.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            line.and_then(|value| value.parse::<i64>().ok()).unwrap_or_else(|| panic!("no {name} in {told}"))
        };
        (value("X") as i32, value("Y") as i32, value("WIDTH") as u32, value("HEIGHT") as u32)
    }

    /// The X server's number of it.
    pub fn id(&self) -> u32 {
        self.id.parse().expect("xdotool tells numbers")
    }

    /// The process that shows it.
    pub fn process(&self) -> u32 {
        self.process.id()
    }

    /// Types into the field that has the focus.
    pub fn type_text(&self, text: &str) {
        self.hands(&["type", "--delay", "5", text]).expect("the keyboard types");
    }

    /// Presses a key, such as `Tab`.
    pub fn key(&self, key: &str) {
        self.hands(&["key", key]).expect("the keyboard types");
    }

    /// Lets its program hang: it answers nobody from now on.
    pub fn hang(&self) {
        // SAFETY: a signal to our own child, which was not waited for.
        unsafe { libc::kill(self.process.id() as libc::pid_t, libc::SIGSTOP) };
    }

    /// What `xdotool` says; nothing if it fails.
    fn hands(&self, arguments: &[&str]) -> Option<String> {
        let output = self.desktop.command("xdotool").args(arguments).output().expect("xdotool starts");
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

impl Drop for Window<'_> {
    fn drop(&mut self) {
        // Also ends a program that hangs.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
