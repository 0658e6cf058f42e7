//! A virtual desktop for one test.

use super::{data_dir, program, root};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// A sound server with one microphone and one speaker, a session bus, private folders and, if asked for, a screen.
pub struct Desktop {
    process: Child,
    /// The sound server after a restart, which is then ours.
    sound_server: Option<Child>,
    environment: Vec<(String, String)>,
}

impl Desktop {
    /// Without a screen.
    pub fn start() -> Self {
        Self::with(&["--no-screen"])
    }

    /// With a screen, for the window.
    pub fn with_screen() -> Self {
        Self::with(&[])
    }

    /// Without a screen, and with a data folder of its own: the installed models are in it, and what is installed or learned
    /// goes with it.
    pub fn with_own_data() -> Self {
        let mut desktop = Self::start();
        let data = desktop.folder().join("own-data");
        let models = data.join("models");
        std::fs::create_dir_all(&models).expect("the desktop's folder takes folders");
        for model in std::fs::read_dir(data_dir().join("models")).expect("models are installed").flatten() {
            std::os::unix::fs::symlink(model.path(), models.join(model.file_name())).expect("it takes links");
        }
        desktop.environment.retain(|(name, _)| name != "JARVIS_DATA_DIR");
        desktop.environment.push(("JARVIS_DATA_DIR".into(), data.display().to_string()));
        desktop
    }

    fn with(options: &[&str]) -> Self {
        // `cat` ends with its input, and the input ends with this process, however that ends.
        let mut process = Command::new(root().join("scripts/virtual-desktop"))
            .args(options)
            .args(["--print-env", "--", "cat"])
            .env("JARVIS_DATA_DIR", data_dir())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("scripts/virtual-desktop starts");
        let lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        let environment: Vec<(String, String)> = lines
            .map_while(Result::ok)
            .take_while(|line| !line.is_empty())
            .filter_map(|line| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())))
            .collect();
        let desktop = Self { process, sound_server: None, environment };
        assert!(
            desktop.variable("PULSE_SERVER").is_some(),
            "the virtual desktop did not start; what it said is above. `scripts/bootstrap test` installs what it needs."
        );
        desktop
    }

    /// A variable of its environment.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The desktop's folder.
    pub fn folder(&self) -> &Path {
        Path::new(self.variable("JARVIS_TEST_DESKTOP").expect("the desktop tells its folder"))
    }

    /// The pipe behind the microphone.
    pub fn microphone_pipe(&self) -> PathBuf {
        self.variable("JARVIS_TEST_MICROPHONE").expect("the desktop tells its microphone").into()
    }

    /// A program that lives on this desktop.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        for name in ["DISPLAY", "WAYLAND_DISPLAY", "JARVIS_CONFIG_DIR", "JARVIS_LOG"] {
            command.env_remove(name);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// `jarvis` on this desktop.
    pub fn jarvis(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(program("jarvis"));
        command.args(arguments);
        command
    }

    /// Takes the microphone away.
    pub fn unplug_microphone(&self) {
        self.pactl(&["unload-module", "module-pipe-source"]);
    }

    /// Brings it back.
    pub fn plug_microphone(&self) {
        self.pipe_source("microphone", &self.microphone_pipe(), "device.description=Test_Microphone");
    }

    /// Plugs one more microphone in, with more `properties` than its name; what is written into the pipe is what it hears.
    pub fn plug_another_microphone(&self, name: &str, properties: &str) -> PathBuf {
        let pipe = self.folder().join(name);
        self.pipe_source(name, &pipe, properties);
        pipe
    }

    fn pipe_source(&self, name: &str, pipe: &Path, properties: &str) {
        let (name, file) = (format!("source_name={name}"), format!("file={}", pipe.display()));
        let properties = format!("source_properties={properties}");
        self.pactl(&[
            "load-module",
            "module-pipe-source",
            &name,
            &file,
            "format=s16le",
            "rate=16000",
            "channels=1",
            &properties,
        ]);
    }

    /// The microphones that are being listened to.
    pub fn open_microphones(&self) -> Vec<String> {
        let list = |what: &str| {
            let output = self.command("pactl").args(["list", "short", what]).output().expect("pactl starts");
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        let sources = list("sources");
        let name = |index: &str| {
            let line = sources.lines().find(|line| line.split('\t').next() == Some(index))?;
            line.split('\t').nth(1).map(str::to_owned)
        };
        let open = list("source-outputs");
        let sources = open.lines().filter_map(|line| name(line.split('\t').nth(1)?));
        sources.filter(|source| !source.ends_with(".monitor")).collect()
    }

    /// Lets the sound server hang until the result is dropped.
    pub fn hang_sound_server(&self) -> HungServer {
        let socket = self.variable("PULSE_SERVER").and_then(|server| server.strip_prefix("unix:")).expect("a socket");
        let connection = UnixStream::connect(socket).expect("the sound server takes connections");
        let mut server = libc::ucred { pid: 0, uid: 0, gid: 0 };
        let mut length = size_of::<libc::ucred>() as libc::socklen_t;
        // SAFETY: the call writes at most `length` bytes into the value that it is given.
        let answered = unsafe {
            let value = (&raw mut server).cast();
            libc::getsockopt(connection.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PEERCRED, value, &mut length)
        };
        assert!(answered == 0 && server.pid > 1, "the sound server has no process");
        // SAFETY: a signal to this desktop's own sound server.
        unsafe { libc::kill(server.pid, libc::SIGSTOP) };
        HungServer(server.pid)
    }

    /// Takes the speaker away.
    pub fn unplug_speaker(&self) {
        self.pactl(&["unload-module", "module-null-sink"]);
    }

    /// Brings it back.
    pub fn plug_speaker(&self) {
        self.pactl(&["load-module", "module-null-sink", "sink_name=speaker", "rate=48000"]);
        self.pactl(&["set-default-sink", "speaker"]);
    }

    /// Ends the sound server, and starts another after `away`.
    pub fn restart_sound_server(&mut self, away: Duration) {
        // The server may be gone before it has answered.
        let _ = self.command("pactl").arg("exit").output();
        if let Some(mut server) = self.sound_server.take() {
            let _ = server.wait();
        }
        thread::sleep(away);
        let server = self
            .command("pulseaudio")
            .arg("-n")
            .arg("-F")
            .arg(self.folder().join("pulse.pa"))
            .args(["--exit-idle-time=-1", "--daemonize=no", "--use-pid-file=no"])
            .stderr(Stdio::null())
            .spawn()
            .expect("pulseaudio starts");
        self.sound_server = Some(server);
        super::wait_for("the sound server", Duration::from_secs(60), || {
            self.command("pactl").arg("info").output().expect("pactl starts").status.success().then_some(())
        });
    }

    /// Tells the sound server something.
    pub fn pactl(&self, arguments: &[&str]) {
        let output = self.command("pactl").args(arguments).output().expect("pactl starts");
        assert!(output.status.success(), "pactl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// A sound server that hangs, until this is dropped.
pub struct HungServer(libc::pid_t);

impl Drop for HungServer {
    fn drop(&mut self) {
        // SAFETY: a signal to the desktop's own sound server, which cannot have ended while it was stopped.
        unsafe { libc::kill(self.0, libc::SIGCONT) };
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        if let Some(mut server) = self.sound_server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
