//! What an installation needs from the machine that it runs on, gathered in one place so that tests can give another.

use std::ffi::OsString;
use std::path::Path;

/// Programs, addresses and measures of this machine.
#[derive(Debug, Clone)]
pub struct Host {
    /// Names or paths of Python, the best first.
    pub pythons: Vec<OsString>,
    /// Variables that pip gets beside the environment of this process.
    pub pip_environment: Vec<(OsString, OsString)>,
    /// Address of the model hub.
    pub hub: String,
    /// Bytes that can still be written to the disk of an existing path.
    pub free_space: fn(&Path) -> std::io::Result<u64>,
}

impl Host {
    /// This machine: `JARVIS_PYTHON` names the Python (else `python3` or `python` of the `PATH`), `HF_ENDPOINT` a mirror of
    /// the hub.
    pub fn from_environment() -> Self {
        let set = |name| std::env::var_os(name).filter(|v| !v.is_empty());
        Self {
            pythons: set("JARVIS_PYTHON")
                .map_or_else(|| vec!["python3".into(), "python".into()], |python| vec![python]),
            pip_environment: Vec::new(),
            hub: set("HF_ENDPOINT")
                .and_then(|v| v.into_string().ok())
                .unwrap_or_else(|| "https://huggingface.co".into()),
            free_space: crate::disk::free_space,
        }
    }
}
