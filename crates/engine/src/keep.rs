//! What skills need kept for the next run, in a file of the state folder: timers that run.
//!
//! Owns the file, `skills.json` of mode 0600, there only while something is kept, and the thread that writes it: a disk
//! that is slow holds no answer up. A new state stands beside the old one until it is whole, so a crash leaves one of them.
//! A file that can't be read is put aside, and said in the log. Never knows what the records mean.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use jarvis_assistant::Kept;
use jarvis_settings::Paths;

/// Larger is none of ours.
const LARGEST: u64 = 1024 * 1024;

/// What skills keep, and the file of it.
#[derive(Debug)]
pub(crate) struct Keeper {
    file: PathBuf,
    /// What was given to be written last, or read.
    last: Kept,
    /// Of the thread, once there was something to write.
    writer: Option<(Sender<Kept>, JoinHandle<()>)>,
}

impl Keeper {
    pub(crate) fn new(paths: &Paths) -> Self {
        Self { file: paths.state_dir().join("skills.json"), last: Kept::new(), writer: None }
    }

    /// What the last run kept.
    pub(crate) fn read(&mut self) -> Kept {
        match read(&self.file) {
            Ok(kept) => self.last = kept,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) if error.kind() == ErrorKind::InvalidData => self.put_aside(&error.to_string()),
            // It may be sound.
            Err(error) => tracing::warn!("Timers of the last run are not known: {}: {error}.", self.file.display()),
        }
        self.last.clone()
    }

    /// The file is of no use: it is kept for whoever wants to look at it, and nothing is taken from it.
    pub(crate) fn put_aside(&self, why: &str) {
        let aside = self.file.with_extension("json.damaged");
        let file = self.file.display();
        match std::fs::rename(&self.file, &aside) {
            Ok(()) => tracing::warn!("Timers of the last run are lost: {why} It was kept as {}.", aside.display()),
            Err(error) => tracing::warn!("Timers of the last run are lost: {why} {file} cannot be moved: {error}."),
        }
    }

    /// Has `kept` written, if that is news. Waits for no disk.
    pub(crate) fn keep(&mut self, kept: Kept) {
        if kept == self.last {
            return;
        }
        self.last.clone_from(&kept);
        if self.writer.is_none() {
            let (sender, states) = channel();
            let file = self.file.clone();
            match std::thread::Builder::new().name("keep".into()).spawn(move || write_all(&file, &states)) {
                Ok(thread) => self.writer = Some((sender, thread)),
                Err(error) => tracing::warn!("Timers will not outlive this run: {error}"),
            }
        }
        if let Some((sender, _)) = &self.writer {
            let _ = sender.send(kept);
        }
    }
}

/// What is still to be written is.
impl Drop for Keeper {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.writer.take() {
            drop(sender);
            let _ = thread.join();
        }
    }
}

/// The thread: writes the newest state until there will be no more.
fn write_all(file: &Path, states: &Receiver<Kept>) {
    let mut complained = false;
    while let Ok(mut kept) = states.recv() {
        while let Ok(newer) = states.try_recv() {
            kept = newer;
        }
        match write(file, &kept) {
            Ok(()) => complained = false,
            Err(error) => {
                if !std::mem::replace(&mut complained, true) {
                    tracing::warn!("Timers will not outlive this run: {} cannot be written: {error}.", file.display());
                }
            }
        }
    }
}

fn read(file: &Path) -> std::io::Result<Kept> {
    let mut text = String::new();
    File::open(file)?.take(LARGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LARGEST {
        return Err(std::io::Error::new(ErrorKind::InvalidData, format!("{} is too large.", file.display())));
    }
    serde_json::from_str(&text).map_err(|error| {
        std::io::Error::new(ErrorKind::InvalidData, format!("{} is damaged: {error}.", file.display()))
    })
}

fn write(file: &Path, kept: &Kept) -> std::io::Result<()> {
    if kept.is_empty() {
        return match std::fs::remove_file(file) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
    }
    if let Some(folder) = file.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let beside = file.with_extension("json.new");
    // A leftover may have other permissions.
    let _ = std::fs::remove_file(&beside);
    let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    out.write_all(&serde_json::to_vec(kept)?)?;
    out.sync_data()?;
    std::fs::rename(&beside, file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jarvis_core::Slots;
    use proptest::prelude::*;
    use std::os::unix::fs::PermissionsExt;

    fn one(seconds: &str) -> Kept {
        let record: Slots = [("seconds".to_owned(), seconds.to_owned())].into();
        [("timer".to_owned(), vec![record])].into()
    }

    fn aside(paths: &Paths) -> PathBuf {
        paths.state_dir().join("skills.json.damaged")
    }

    #[test]
    fn what_is_kept_is_read_in_the_next_run_and_gone_when_nothing_is() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::under(folder.path());
        let file = paths.state_dir().join("skills.json");
        let mut keeper = Keeper::new(&paths);
        assert_eq!(keeper.read(), Kept::new());
        keeper.keep(Kept::new());
        assert!(!paths.state_dir().exists(), "nothing is nothing to write");
        keeper.keep(one("1"));
        keeper.keep(one("2"));
        drop(keeper);
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let mut keeper = Keeper::new(&paths);
        assert_eq!(keeper.read(), one("2"));
        keeper.keep(Kept::new());
        drop(keeper);
        assert_eq!(std::fs::read_dir(paths.state_dir()).unwrap().count(), 0);
    }

    #[test]
    fn a_damaged_file_is_put_aside_and_the_next_one_takes_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::under(folder.path());
        std::fs::create_dir_all(paths.state_dir()).unwrap();
        let file = paths.state_dir().join("skills.json");
        for damage in [&b"{\"timer\":[{"[..], b"\xff\xfe", b"[]", b"{\"timer\":[{\"seconds\":5}]}", &[b' '; 1 << 21]] {
            std::fs::write(&file, damage).unwrap();
            let mut keeper = Keeper::new(&paths);
            assert_eq!(keeper.read(), Kept::new());
            assert_eq!(std::fs::read(aside(&paths)).unwrap(), damage);
            keeper.keep(one("3"));
            drop(keeper);
            assert_eq!(Keeper::new(&paths).read(), one("3"));
        }
    }

    #[test]
    fn a_folder_that_takes_no_files_costs_the_file_alone() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::under(folder.path());
        std::fs::write(paths.state_dir(), "a file where the folder should be").unwrap();
        let mut keeper = Keeper::new(&paths);
        assert_eq!(keeper.read(), Kept::new());
        keeper.keep(one("1"));
        keeper.keep(one("2"));
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read(kept in proptest::collection::btree_map(
            "[a-z]{1,8}",
            proptest::collection::vec(proptest::collection::btree_map(".{0,8}", ".{0,16}", 0..4), 1..4),
            0..3,
        )) {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("skills.json");
            write(&file, &kept).unwrap();
            let back = read(&file);
            prop_assert_eq!(if kept.is_empty() { Kept::new() } else { back.unwrap() }, kept);
        }
    }
}
