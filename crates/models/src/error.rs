//! What can go wrong with models, told apart here and turned into a sentence with a remedy at the seam.
//!
//! Never prints and never decides what happens next.

use crate::catalog::Catalog;
use crate::convert::ConvertError;
use std::io;
use std::path::{Path, PathBuf};

pub(crate) type Result<T, E = ModelError> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub(crate) enum ModelError {
    #[error("The model catalog is wrong: {0}.")]
    Catalog(String),
    #[error("There is no model \"{id}\".")]
    Unknown { id: String, known: Vec<String> },
    #[error("The model {id} is not available for {platform}.")]
    Platform { id: String, platform: String },
    #[error("The model {id} is not installed.")]
    NotInstalled { id: String },
    #[error("\"{id}\" is not {wanted}, it is {kind}.")]
    OtherKind { id: String, wanted: String, kind: String, of: Vec<String> },
    #[error("There is one of yours named {id} already.")]
    Exists { id: String },
    #[error("The model {id} is damaged: {what}.")]
    Damaged { id: String, what: String },
    #[error("A model of yours can't be called \"{id}\".")]
    BadName { id: String },
    #[error("There is a model \"{id}\" in the catalog already.")]
    NameTaken { id: String },
    #[error("The work on the models was interrupted; nothing is half-done.")]
    Cancelled,
    #[error("There is not enough room for the models: {needed} are needed in {} and {free} are free.", path.display())]
    NoSpace { needed: Bytes, free: Bytes, path: PathBuf },
    #[error("The disk that holds {} is full.", path.display())]
    DiskFull { path: PathBuf },
    #[error("Jarvis may not write to {}.", path.display())]
    NotWritable { path: PathBuf },
    #[error("Could not {doing} {}: {source}.", path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("There is no Python to download {package} with (looked for {looked_for}).")]
    NoPython { package: String, looked_for: String },
    #[error("The Python {python} has no pip to download {package} with.")]
    NoPip { package: String, python: String },
    #[error("{from} cannot be reached: {detail}.")]
    Network { from: String, detail: String },
    #[error("{from} does not have {what}: {detail}.")]
    Refused { from: String, what: String, detail: String },
    #[error("The download of {what} from {from} stalled: nothing came for {seconds} seconds.")]
    Stalled { from: String, what: String, seconds: u64 },
    #[error("{what} from {from} is corrupted: {detail}.")]
    Corrupt { from: String, what: String, detail: String },
    #[error("{} does not have {missing} of the model {id}.", path.display())]
    Import { id: String, path: PathBuf, missing: String },
    #[error("The weights of {id} cannot be converted: {source}.")]
    Convert { id: String, source: ConvertError },
    #[error("The model {id} could not be installed. {}", sentences(failures))]
    Sources { id: String, failures: Vec<ModelError> },
}

fn sentences(failures: &[ModelError]) -> String {
    failures.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

impl ModelError {
    /// Sorts an I/O error: a full disk and a folder that is not ours have remedies of their own.
    pub(crate) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem if doing != "read" => {
                Self::NotWritable { path }
            }
            _ => Self::Io { doing, path, source },
        }
    }

    /// Whether another source may do better; a full disk stays full and a wish to stop is one.
    pub(crate) fn is_of_this_source(&self) -> bool {
        matches!(
            self,
            Self::NoPython { .. }
                | Self::NoPip { .. }
                | Self::Network { .. }
                | Self::Refused { .. }
                | Self::Stalled { .. }
                | Self::Corrupt { .. }
        )
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Catalog(_) => "models.catalog",
            Self::Unknown { .. } => "models.unknown",
            Self::Platform { .. } => "models.platform",
            Self::NotInstalled { .. } => "models.not_installed",
            Self::Damaged { .. } => "models.damaged",
            Self::BadName { .. } => "models.bad_name",
            Self::NameTaken { .. } | Self::Exists { .. } => "models.name_taken",
            Self::OtherKind { .. } => "models.other_kind",
            Self::Cancelled => "cancelled",
            Self::NoSpace { .. } | Self::DiskFull { .. } => "models.disk_full",
            Self::NotWritable { .. } => "models.not_writable",
            Self::Io { .. } => "models.io",
            Self::NoPython { .. } => "models.no_python",
            Self::NoPip { .. } => "models.no_pip",
            Self::Network { .. } => "models.no_network",
            Self::Refused { .. } => "models.refused",
            Self::Stalled { .. } => "models.stalled",
            Self::Corrupt { .. } => "models.corrupt",
            Self::Import { .. } => "models.import",
            Self::Convert { .. } => "models.convert",
            Self::Sources { failures, .. } => failures.first().map_or("models.refused", Self::code),
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::Catalog(_) => "This is a mistake in this version of Jarvis; please report it.".into(),
            Self::Unknown { known, .. } => format!("Known models: {}.", known.join(", ")),
            Self::Platform { .. } => "Jarvis runs on Linux and macOS, on x86_64 and ARM 64.".into(),
            Self::NotInstalled { id } if Catalog::builtin().find(id).is_ok() => {
                format!("Install it with `jarvis models pull {id}`.")
            }
            Self::NotInstalled { .. } => {
                "It is none of the catalog's: install it again from where you had it, or choose one of `jarvis models list`."
                    .into()
            }
            Self::OtherKind { of, .. } => format!("There are: {}.", of.join(", ")),
            Self::Damaged { id, .. } => format!("Install it again with `jarvis models pull {id}`."),
            Self::BadName { .. } => "Take lower-case letters, digits and hyphens: `hey-computer`.".into(),
            Self::NameTaken { .. } => "Take another name for yours.".into(),
            Self::Exists { .. } => "Take another name, or say `--replace` to have it replaced.".into(),
            Self::Cancelled => "Run it again; it goes on where it stopped.".into(),
            Self::NoSpace { .. } | Self::DiskFull { .. } => {
                "Make room, or put Jarvis's data elsewhere with JARVIS_DATA_DIR, and run it again.".into()
            }
            Self::NotWritable { .. } => {
                "Make the folder yours, or put Jarvis's data elsewhere with JARVIS_DATA_DIR.".into()
            }
            Self::Io { .. } => "Mend that and run it again.".into(),
            Self::NoPython { .. } => {
                "Install Python 3 with pip (Debian: `apt install python3-pip`; macOS: `brew install python`), or name \
                 one with JARVIS_PYTHON."
                    .into()
            }
            Self::NoPip { .. } => {
                "Install pip (Debian: `apt install python3-pip`), or name a Python that has it with JARVIS_PYTHON."
                    .into()
            }
            Self::Network { .. } => "Check the network connection and run it again.".into(),
            Self::Refused { .. } => "Try again later, or update Jarvis if it stays so.".into(),
            Self::Stalled { .. } => "Check the network connection and run it again; it goes on where it can.".into(),
            Self::Corrupt { .. } => "It was thrown away; run it again to fetch it anew.".into(),
            Self::Import { id, .. } => {
                format!("Give the package's .whl, the file itself, or a folder with all the files of {id}.")
            }
            Self::Convert { .. } => "Update Jarvis, or choose another recognition model.".into(),
            Self::Sources { id, failures } => {
                let first = failures.first().map(Self::hint).unwrap_or_default();
                format!("{first} Files from elsewhere: `jarvis models pull {id} --from FILE`.")
            }
        }
    }
}

impl From<ModelError> for jarvis_core::Error {
    fn from(error: ModelError) -> Self {
        Self::new(error.code(), error.to_string(), error.hint())
    }
}

/// A number of bytes as people read it (`93.8 MB`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes(pub u64);

impl std::fmt::Display for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let n = self.0 as f64;
        match self.0 {
            0..1_000 => write!(f, "{} B", self.0),
            1_000..1_000_000 => write!(f, "{:.1} kB", n / 1e3),
            1_000_000..1_000_000_000 => write!(f, "{:.1} MB", n / 1e6),
            _ => write!(f, "{:.1} GB", n / 1e9),
        }
    }
}
