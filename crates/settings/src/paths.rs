//! Where files live: the XDG folders on Linux, `~/Library` on macOS, with `JARVIS_*_DIR` before either.
//!
//! Creates only the runtime folder, since its permissions guard the control socket.

use crate::SettingsError;
use jarvis_core::Result;
use std::ffi::OsString;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The folders of this user's Jarvis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    data: PathBuf,
    config: PathBuf,
    runtime: PathBuf,
    state: PathBuf,
    cache: PathBuf,
}

impl Paths {
    /// The folders that this process's environment asks for.
    ///
    /// # Errors
    /// There is no home folder and no variable stands in for it.
    pub fn discover() -> Result<Self> {
        Self::from_environment(|name| std::env::var_os(name))
    }

    /// The folders for an environment given as a look-up, so that tests need not change the process's own.
    ///
    /// # Errors
    /// As [`Self::discover`].
    pub fn from_environment(look_up: impl Fn(&str) -> Option<OsString>) -> Result<Self> {
        let set = |name: &str| look_up(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        // The XDG specification says to ignore relative paths.
        let xdg = |name: &str| set(name).filter(|path| path.is_absolute()).map(|path| path.join("jarvis"));
        let ours = |name: &str| set(name).and_then(|path| std::path::absolute(path).ok());
        let home = || set("HOME").or_else(std::env::home_dir).ok_or(SettingsError::NoHome);

        let of = |own: &str, xdg_name: &str, linux: &str, mac: &str| -> Result<PathBuf> {
            if let Some(path) = ours(own).or_else(|| xdg(xdg_name)) {
                return Ok(path);
            }
            let below_home = if cfg!(target_os = "macos") { mac } else { linux };
            Ok(home()?.join(below_home))
        };
        let application_support = "Library/Application Support/Jarvis";
        let runtime = ours("JARVIS_RUNTIME_DIR").or_else(|| xdg("XDG_RUNTIME_DIR"));
        Ok(Self {
            data: of("JARVIS_DATA_DIR", "XDG_DATA_HOME", ".local/share/jarvis", application_support)?,
            config: of("JARVIS_CONFIG_DIR", "XDG_CONFIG_HOME", ".config/jarvis", application_support)?,
            state: of("JARVIS_STATE_DIR", "XDG_STATE_HOME", ".local/state/jarvis", "Library/Logs/Jarvis")?,
            cache: of("JARVIS_CACHE_DIR", "XDG_CACHE_HOME", ".cache/jarvis", "Library/Caches/Jarvis")?,
            runtime: runtime.unwrap_or_else(|| PathBuf::from(format!("/tmp/jarvis-{}", user_id()))),
        })
    }

    /// All folders under one, for tests and portable installations.
    pub fn under(root: &Path) -> Self {
        let of = |name: &str| root.join(name);
        Self { data: of("data"), config: of("config"), runtime: of("runtime"), state: of("state"), cache: of("cache") }
    }

    /// What Jarvis keeps: models and, later, memory.
    pub fn data_dir(&self) -> &Path {
        &self.data
    }

    /// Where models are installed, a folder each.
    pub fn models_dir(&self) -> PathBuf {
        self.data.join("models")
    }

    /// The folder of the settings file.
    pub fn config_dir(&self) -> &Path {
        &self.config
    }

    /// The settings file.
    pub fn config_file(&self) -> PathBuf {
        self.config.join("config.json")
    }

    /// Logs and what else is worth keeping, but not backing up.
    pub fn state_dir(&self) -> &Path {
        &self.state
    }

    /// What can be made or fetched again at any time, and may be deleted at any time.
    pub fn cache_dir(&self) -> &Path {
        &self.cache
    }

    /// The folder of the control socket.
    pub fn runtime_dir(&self) -> &Path {
        &self.runtime
    }

    /// The socket on which the running instance takes commands.
    pub fn control_socket(&self) -> PathBuf {
        self.runtime.join("control.sock")
    }

    /// Makes sure that the runtime folder is there, is this user's, and is closed to others (mode 0700). In `/tmp`
    /// anyone could have made it first.
    ///
    /// # Errors
    /// It cannot be made, or belongs to someone else.
    pub fn ensure_runtime_dir(&self) -> Result<&Path> {
        let folder = || self.runtime.clone();
        let fails = |reason: String| SettingsError::Folder { folder: folder(), reason };
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.runtime);
        made.map_err(|error| fails(error.to_string()))?;
        let found = std::fs::symlink_metadata(&self.runtime).map_err(|error| fails(error.to_string()))?;
        if !found.is_dir() {
            return Err(fails("it is not a folder".into()).into());
        }
        if found.uid() != user_id() {
            return Err(fails("it belongs to another user".into()).into());
        }
        if found.mode() & 0o077 != 0 {
            let closed = std::fs::Permissions::from_mode(0o700);
            std::fs::set_permissions(&self.runtime, closed).map_err(|error| fails(error.to_string()))?;
        }
        Ok(&self.runtime)
    }
}

/// The user that this process runs as.
fn user_id() -> u32 {
    // SAFETY: geteuid takes nothing, cannot fail and touches no memory of ours.
    unsafe { libc::geteuid() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(variables: &[(&str, &str)]) -> Paths {
        let variables: Vec<(String, OsString)> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        Paths::from_environment(|name| variables.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone())).unwrap()
    }

    #[test]
    #[cfg(not(target_os = "macos"))]
    fn home_is_enough() {
        let paths = paths(&[("HOME", "/home/ada")]);
        assert_eq!(paths.models_dir(), Path::new("/home/ada/.local/share/jarvis/models"));
        assert_eq!(paths.config_file(), Path::new("/home/ada/.config/jarvis/config.json"));
        assert_eq!(paths.state_dir(), Path::new("/home/ada/.local/state/jarvis"));
        assert_eq!(paths.cache_dir(), Path::new("/home/ada/.cache/jarvis"));
        assert_eq!(paths.control_socket(), PathBuf::from(format!("/tmp/jarvis-{}/control.sock", user_id())));
    }

    #[test]
    fn our_own_variables_win_and_relative_xdg_folders_are_ignored() {
        let paths = paths(&[
            ("HOME", "/home/ada"),
            ("XDG_DATA_HOME", "/xdg"),
            ("JARVIS_DATA_DIR", "/mine"),
            ("XDG_CONFIG_HOME", "not/absolute"),
            ("XDG_RUNTIME_DIR", "/run/user/7"),
        ]);
        assert_eq!(paths.data_dir(), Path::new("/mine"));
        assert!(paths.config_dir().starts_with("/home/ada"));
        assert_eq!(paths.control_socket(), Path::new("/run/user/7/jarvis/control.sock"));
    }

    #[test]
    fn the_runtime_folder_is_closed_to_others() {
        let root = tempfile::tempdir().unwrap();
        let paths = Paths::under(root.path());
        std::fs::create_dir(paths.runtime_dir()).unwrap();
        std::fs::set_permissions(paths.runtime_dir(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let folder = paths.ensure_runtime_dir().unwrap();
        assert_eq!(std::fs::metadata(folder).unwrap().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_link_in_place_of_the_runtime_folder_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let paths = Paths::under(root.path());
        std::os::unix::fs::symlink("/tmp", paths.runtime_dir()).unwrap();
        let error = paths.ensure_runtime_dir().unwrap_err();
        assert_eq!(error.code, "config.folder");
    }
}
